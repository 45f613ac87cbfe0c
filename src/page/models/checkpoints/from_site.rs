//! The packs that this site hosts (`public/models.json`, `docs/packs.md`).

use super::download::{Offer, load_or_download};
use crate::page::list;
use crate::page::models::samples;
use crate::page::models::session::{Purpose, Session};
use leptos::prelude::*;
use refit_clip::pack::{Holds, Manifest, Measured, Pack};
use serde::Deserialize;
use wasm_bindgen_futures::JsFuture;

/// The list of packs, beside the page.
const LIST: &str = "models.json";

#[derive(Deserialize)]
struct Models {
    /// Folders, from the page.
    packs: Vec<String>,
}

/// A pack, or why it cannot be offered.
type Hosted = Result<(Manifest, String), String>;

/// The packs of the list; none where there is no list.
async fn hosted() -> Result<Vec<Hosted>, String> {
    let Some(json) = text(LIST).await else {
        return Ok(Vec::new());
    };
    let models: Models = serde_json::from_str(&json)
        .map_err(|error| format!("This site’s {LIST} cannot be read ({error})."))?;
    let mut all = Vec::new();
    for folder in models.packs {
        all.push(pack(folder.trim_end_matches('/')).await);
    }
    Ok(all)
}

/// A pack with the address of its index.
async fn pack(folder: &str) -> Hosted {
    let path = format!("{folder}/{}", Pack::MANIFEST);
    let json = text(&path).await;
    let json = json.ok_or_else(|| format!("This site’s {path} is missing."))?;
    match Manifest::read(json.as_bytes()) {
        Ok(Some(manifest)) => {
            let base = document().base_uri().ok().flatten().unwrap_or_default();
            let index = format!("{folder}/{}", Pack::INDEX);
            let address = web_sys::Url::new_with_base(&index, &base);
            let address = address.map_err(|_| format!("“{folder}” is no folder of this site."))?;
            Ok((manifest, address.href()))
        }
        Ok(None) => Err(format!("This site’s {path} is no pack.")),
        Err(error) => {
            let cause = std::error::Error::source(&error);
            let cause = cause.map_or_else(|| error.to_string(), ToString::to_string);
            Err(format!("This site’s {path} cannot be read ({cause})."))
        }
    }
}

/// A file of JSON beside the page; a host may answer with a page of its own for what is not there.
async fn text(path: &str) -> Option<String> {
    let response = samples::fetch(path).await.filter(web_sys::Response::ok)?;
    let text = JsFuture::from(response.text().ok()?).await.ok()?;
    let text = text.as_string()?;
    text.trim_start().starts_with('{').then_some(text)
}

/// What this site hosts, before all other checkpoints; nothing where it hosts none.
#[component]
pub(super) fn FromThisSite(session: Session) -> impl IntoView {
    let loaded = RwSignal::new(None);
    leptos::task::spawn_local(async move {
        // The view may be gone.
        loaded.try_set(Some(hosted().await));
    });
    move || {
        let shown = match loaded.get()? {
            Err(sentence) => view! { <p class="error">{sentence}</p> }.into_any(),
            Ok(packs) if packs.is_empty() => return None,
            Ok(packs) => list(packs.into_iter().map(|pack| offered(session, pack))).into_any(),
        };
        Some(view! {
            <div id="from-this-site" class="suggested">
                <h3>"From this site"</h3>
                {shown}
            </div>
        })
    }
}

fn offered(session: Session, pack: Hosted) -> AnyView {
    let (manifest, address) = match pack {
        Ok(pack) => pack,
        Err(sentence) => return view! { <p class="error">{sentence}</p> }.into_any(),
    };
    let offer = Offer {
        name: format!("{}, {}", manifest.name, manifest.dtype),
        short_name: None,
        address,
        bytes: weights(&manifest),
        purpose: Purpose::Run,
    };
    let source = manifest.source.clone().map(|source| {
        view! {
            " "
            <a href=source>"Source"</a>
            "."
        }
    });
    let sentence = sentence(&manifest);
    view! {
        <p>{sentence} {source}</p>
        <p class="toolbar">{load_or_download(session, offer, || ())}</p>
    }
    .into_any()
}

/// Bytes of the tensors.
fn weights(manifest: &Manifest) -> u64 {
    let is_weights = |holds: Holds| matches!(holds, Holds::Image | Holds::Text | Holds::Decoder);
    let files = manifest.files.iter().filter(|file| is_weights(file.holds));
    files.map(|file| file.bytes).sum()
}

/// What a reader should know before the download: the licence, and what packing cost.
fn sentence(manifest: &Manifest) -> String {
    let licence = match &manifest.licence {
        Some(licence) => format!("licence {licence}"),
        None => "licence not stated".to_owned(),
    };
    let Measured {
        images,
        texts,
        top1,
    } = &manifest.measured;
    let largest = images.iter().chain(texts).map(|set| set.largest);
    let largest = largest.fold(0f32, f32::max);
    let same = top1.iter().fold((0, 0), |(same, count), top| {
        (same + top.same, count + top.count)
    });
    let same = match same {
        (_, 0) => String::new(),
        (same, count) => format!(", and {same} of {count} images have the same first class"),
    };
    let assumed: String = manifest.assumed.iter().map(|a| format!(" {a}")).collect();
    format!(
        "{} in {}; {licence}. Against the original no number of an embedding differs by more than {largest:.1e}{same}.{assumed}",
        manifest.name, manifest.dtype
    )
}
