//! The pictures that come with the page, and what open_clip said of them (`public/clip/shapes.json`).

use serde::Deserialize;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Response};

#[derive(Clone, Debug, Deserialize)]
pub struct Sample {
    /// Below `clip/`.
    pub file: String,
    pub label: String,
    /// Its unit vector by PyTorch in float32.
    pub image: Vec<f32>,
}

#[derive(Deserialize)]
struct Card {
    samples: Vec<Sample>,
}

/// The samples with their files.
pub async fn all() -> Result<Vec<(Sample, Blob)>, String> {
    let card = text("clip/shapes.json").await?;
    let card: Card = serde_json::from_str(&card).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    for sample in card.samples {
        let response = own(&format!("clip/{}", sample.file)).await?;
        let blob = JsFuture::from(response.blob().map_err(|_| failed())?);
        let blob = blob.await.map_err(|_| failed())?.unchecked_into();
        all.push((sample, blob));
    }
    Ok(all)
}

/// The text of a file of this page.
pub async fn text(path: &str) -> Result<String, String> {
    let text = own(path).await?.text().map_err(|_| failed())?;
    let text = JsFuture::from(text).await.map_err(|_| failed())?;
    Ok(text.as_string().unwrap_or_default())
}

async fn own(path: &str) -> Result<Response, String> {
    fetch(path).await.filter(Response::ok).ok_or_else(failed)
}

/// The answer of a server, if there is one that this page may see.
pub async fn fetch(address: &str) -> Option<Response> {
    let response = JsFuture::from(leptos::prelude::window().fetch_with_str(address));
    Some(response.await.ok()?.unchecked_into())
}

fn failed() -> String {
    "A file of this page could not be read; check the connection and try again.".to_owned()
}
