//! Choosing pairs: the samples, an archive, a folder, or what is dropped.

use crate::page::messages::error_if_any;
use crate::page::models::checkpoints::{Dropped, files_of};
use crate::page::models::folder::found;
use crate::page::models::samples;
use crate::page::models::session::{FolderIndex, Session, Source};
use leptos::prelude::*;
use refit_pairs::part_of;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, DragEvent, File};

const SAMPLES: &str = "clip/pairs.tar";

#[component]
pub(super) fn Sources(session: Session) -> impl IntoView {
    let problem = RwSignal::new(None::<String>);
    let is_over = RwSignal::new(false);
    let open = move |name: String, files: Vec<(String, File)>| {
        let paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        if FolderIndex::is_among(&paths) {
            problem.set(None);
            let files = files.into_iter().map(|(path, file)| (path, file.into()));
            return session.open_index(name, files.collect());
        }
        match source_of(name, files) {
            Ok((source, left_out)) => {
                problem.set(left_out);
                session.embed_pairs(source, false);
            }
            Err(sentence) => problem.set(Some(sentence)),
        }
    };
    let open_samples = move |_| {
        problem.set(None);
        leptos::task::spawn_local(async move {
            match sample_archive().await {
                Ok(archive) => session.embed_pairs(archive, true),
                Err(sentence) => {
                    problem.try_set(Some(sentence));
                }
            }
        });
    };
    let chosen = move |event: web_sys::Event| {
        let (names, files): (Vec<String>, Vec<_>) = files_of(&event).into_iter().map(found).unzip();
        if let Some(name) = names.into_iter().next() {
            open(
                name,
                files
                    .into_iter()
                    .map(|found| (found.path, found.file))
                    .collect(),
            );
        }
    };
    let dropped = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(false);
        let Some(dropped) = event.data_transfer().map(|data| Dropped::new(&data)) else {
            return;
        };
        leptos::task::spawn_local(async move {
            let (name, files) = dropped.tree().await;
            open(name.unwrap_or_default(), files);
        });
    };
    let over = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(true);
    };
    view! {
        <div
            class="drop"
            class:over=move || is_over.get()
            on:dragover=over
            on:dragleave=move |_| is_over.set(false)
            on:drop=dropped
        >
            <p class="toolbar">
                <button type="button" class="sample-pairs" on:click=open_samples>
                    "Try the sample pairs (2.8 MB)"
                </button>
                <label class="button file">
                    "Choose a tar"
                    <input
                        type="file"
                        name="Archive of pairs"
                        accept=".tar,.gz,.tgz"
                        on:change=chosen
                    />
                </label>
                <label class="button file">
                    "Choose a folder"
                    <input
                        type="file"
                        name="Folder of pairs"
                        prop:webkitdirectory=true
                        multiple
                        on:change=chosen
                    />
                </label>
            </p>
            <p class="aside">
                "A tar (or tar.gz) or a folder as webdataset and img2dataset write them: KEY.jpg with KEY.txt, and KEY.json if there is one. The samples are 500 drawings with true, half-true and wrong texts. A folder of clip-retrieval’s (img_emb_0.npy, metadata_0.parquet) is searched as it is."
                <span class="by-mouse">" Or drop them here."</span>
            </p>
            {error_if_any(problem)}
        </div>
    }
}

async fn sample_archive() -> Result<Source, String> {
    let unreadable = |_| samples::FILE_UNREADABLE.to_owned();
    let blob = samples::bundled(SAMPLES)
        .await?
        .blob()
        .map_err(unreadable)?;
    let blob: Blob = JsFuture::from(blob)
        .await
        .map_err(unreadable)?
        .unchecked_into();
    Ok(Source::Archive("pairs.tar".to_owned(), blob))
}

fn is_archive(name: &str) -> bool {
    let name = name.to_lowercase();
    [".tar", ".tar.gz", ".tgz"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// What was chosen or dropped, with what is left out of it.
fn source_of(name: String, files: Vec<(String, File)>) -> Result<(Source, Option<String>), String> {
    let count = files.len();
    let archive = files.iter().find(|(path, _)| is_archive(path));
    // A file that is chosen alone is meant as an archive, whatever its name.
    let alone = files.first().filter(|_| count == 1);
    let alone = alone.filter(|(path, _)| part_of(path).is_none());
    if let Some((_, archive)) = archive.or(alone) {
        let name = archive.name();
        let left_out = (count > 1).then(|| {
            format!("One archive is read at a time: {name}; of what was given, {} other files are left out.", count - 1)
        });
        return Ok((Source::Archive(name, archive.clone().into()), left_out));
    }
    if !files.iter().any(|(path, _)| part_of(path).is_some()) {
        return Err(
            "There is no tar here, no KEY.jpg with a KEY.txt, and no img_emb_0.npy of an index."
                .to_owned(),
        );
    }
    let files = files.into_iter().map(|(path, file)| (path, file.into()));
    Ok((Source::Folder(name, files.collect()), None))
}
