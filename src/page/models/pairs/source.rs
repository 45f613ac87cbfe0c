//! Choosing pairs: the samples, an archive, a folder, or what is dropped.

use crate::page::list;
use crate::page::messages::error_if_any;
use crate::page::models::checkpoints::{Dropped, files_of};
use crate::page::models::folder::found;
use crate::page::models::samples;
use crate::page::models::session::{FolderIndex, PairTable, Session, Source};
use leptos::prelude::*;
use refit_pairs::records::{ColumnError, Purpose};
use refit_pairs::{Part, part_of};
use std::collections::HashSet;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, DragEvent, File};

const SAMPLES: &str = "clip/pairs.tar";

#[component]
pub(super) fn Sources(session: Session) -> impl IntoView {
    let problem = RwSignal::new(None::<String>);
    let is_over = RwSignal::new(false);
    let question = RwSignal::new_local(None::<Rc<PairTable>>);
    let open = move |name: String, files: Vec<(String, File)>| {
        let paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        question.set(None);
        problem.set(None);
        if FolderIndex::is_among(&paths) {
            let files = files.into_iter().map(|(path, file)| (path, file.into()));
            return session.open_index(name, files.collect());
        }
        if let Some(found) = tables(&paths) {
            return leptos::task::spawn_local(async move {
                let opened = match found {
                    Ok(at) => open_table(at, files).await,
                    Err(sentence) => Err(sentence),
                };
                match opened {
                    Ok((table, Some(columns))) => {
                        session.embed_pairs(Source::Table(table, columns), false);
                    }
                    Ok((table, None)) => {
                        question.try_set(Some(table));
                    }
                    Err(sentence) => {
                        problem.try_set(Some(sentence));
                    }
                }
            });
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
                    "Choose a tar or Parquet file"
                    <input
                        type="file"
                        name="Archive of pairs"
                        accept=".tar,.gz,.tgz,.parquet"
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
                "A tar (or tar.gz) or a folder as webdataset and img2dataset write them: KEY.jpg with KEY.txt, and KEY.json if there is one. Or a folder of images with a table of their paths and texts: CSV, TSV, Parquet, JSON lines, COCO’s captions. Or a Parquet file that has the images, too, as data sets on Hugging Face. The samples are 500 drawings with true, half-true and wrong texts. A folder of clip-retrieval’s (img_emb_0.npy, metadata_0.parquet) is searched as it is."
                <span class="by-mouse">" Or drop them here."</span>
            </p>
            {error_if_any(problem)}
            {move || question.get().map(|table| ask(session, table, question))}
        </div>
    }
}

/// The table among files that have no pairs but what it says, or why it is not known which; `None` where there is none.
fn tables(paths: &[String]) -> Option<Result<usize, String>> {
    let pictures = paths.iter().filter_map(|path| match part_of(path) {
        Some((key, Part::Picture)) => Some(key),
        _ => None,
    });
    let pictures: HashSet<&str> = pictures.collect();
    let has_texts = paths.iter().any(|path| match part_of(path) {
        Some((key, Part::Text | Part::Json)) => pictures.contains(key),
        _ => false,
    });
    if has_texts || paths.iter().any(|path| is_archive(path)) {
        return None;
    }
    let all = |is_one: fn(&str) -> bool| -> Vec<usize> {
        (0..paths.len()).filter(|at| is_one(&paths[*at])).collect()
    };
    let tables = match all(PairTable::is_one) {
        none if none.is_empty() => all(PairTable::may_be_one),
        tables => tables,
    };
    match tables[..] {
        [] => None,
        [at] => Some(Ok(at)),
        [first, second, ..] => Some(Err(format!(
            "There are several tables here, as {} and {}, and no image with a text of its own name; give one of them, with the images.",
            paths[first], paths[second]
        ))),
    }
}

/// Opens a table, and finds the columns of its images and texts where their names say so.
async fn open_table(
    at: usize,
    mut files: Vec<(String, File)>,
) -> Result<(Rc<PairTable>, Option<[usize; 2]>), String> {
    let (path, table) = files.swap_remove(at);
    let images = files.into_iter().map(|(path, file)| (path, file.into()));
    let table = PairTable::open(path, table.into(), images.collect()).await?;
    let columns = match (table.choose(Purpose::Picture), table.choose(Purpose::Text)) {
        (Err(error @ ColumnError::Addresses { .. }), _) => {
            return Err(format!("{}: {error}.", table.name));
        }
        (Ok(picture), Ok(text)) => Some([picture, text]),
        _ => None,
    };
    if table.lacks_images() {
        return Err(format!(
            "The images that {} names are not here: drop it together with their folder, or choose the folder that has both.",
            table.name
        ));
    }
    Ok((Rc::new(table), columns))
}

/// Asks for the columns of a table whose names do not say what they have.
fn ask(
    session: Session,
    table: Rc<PairTable>,
    question: RwSignal<Option<Rc<PairTable>>, LocalStorage>,
) -> AnyView {
    let chosen = [Purpose::Picture, Purpose::Text].map(|purpose| {
        let known = table.choose(purpose).ok();
        RwSignal::new(known)
    });
    let labels = ["Paths of the images", "Texts"];
    let selects = labels.into_iter().zip(chosen).map(|(label, chosen)| {
        let names = table.columns.iter().enumerate();
        let options = names.map(|(at, name)| {
            view! {
                <option value=at.to_string() selected=move || chosen.get() == Some(at)>
                    {name.clone()}
                </option>
            }
        });
        let options = list(options);
        view! {
            <label class="choice">
                <span>{label}</span>
                <select
                    name=label
                    on:change=move |event| chosen.set(event_target_value(&event).parse().ok())
                >
                    <option value="" selected=move || chosen.get().is_none()>
                        "Choose a column"
                    </option>
                    {options}
                </select>
            </label>
        }
    });
    let selects = list(selects);
    let name = table.name.clone();
    let stored = StoredValue::new_local(table);
    let both = move || match (chosen[0].get(), chosen[1].get()) {
        (Some(picture), Some(text)) if picture != text => Some([picture, text]),
        _ => None,
    };
    let read = move |_| {
        if let Some(columns) = both() {
            session.embed_pairs(Source::Table(stored.get_value(), columns), false);
            question.set(None);
        }
    };
    view! {
        <div class="callout question columns">
            <p>{format!("Which columns of {name} have the paths of the images, and the texts?")}</p>
            <div class="choices">{selects}</div>
            <p class="toolbar">
                <button
                    type="button"
                    class="read-table"
                    disabled=move || both().is_none()
                    on:click=read
                >
                    "Read the pairs"
                </button>
            </p>
        </div>
    }
    .into_any()
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
        let sentence = "There is no tar here, no KEY.jpg with a KEY.txt, no table with images, and no img_emb_0.npy of an index.";
        return Err(sentence.to_owned());
    }
    let files = files.into_iter().map(|(path, file)| (path, file.into()));
    Ok((Source::Folder(name, files.collect()), None))
}
