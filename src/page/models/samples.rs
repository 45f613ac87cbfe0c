//! The sample images that come with the page, with open_clip's embeddings
//! (`public/clip/shapes.json`), and other files of the page.

use serde::Deserialize;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Response};

pub const FILE_UNREADABLE: &str =
    "A file of this page could not be read; check the connection and try again.";

#[derive(Clone, Debug, Deserialize)]
pub struct Sample {
    /// Its path below `clip/`.
    pub file: String,
    pub label: String,
    /// Its embedding by PyTorch in float32.
    pub image: Vec<f32>,
}

#[derive(Deserialize)]
struct ModelCard {
    samples: Vec<Sample>,
}

/// The samples with their files.
pub async fn all() -> Result<Vec<(Sample, Blob)>, String> {
    let card = text("clip/shapes.json").await?;
    let card: ModelCard = serde_json::from_str(&card).map_err(|error| error.to_string())?;
    // All at once: each request begins with its promise.
    let requests = card.samples.into_iter().map(|sample| {
        let request = request(&format!("clip/{}", sample.file));
        (sample, request)
    });
    let mut all = Vec::new();
    for (sample, request) in requests.collect::<Vec<_>>() {
        let response = answer(request).await.filter(Response::ok);
        let response = response.ok_or_else(unreadable)?;
        let blob = JsFuture::from(response.blob().map_err(|_| unreadable())?);
        let blob = blob.await.map_err(|_| unreadable())?.unchecked_into();
        all.push((sample, blob));
    }
    Ok(all)
}

/// The text of a file of the page.
pub async fn text(path: &str) -> Result<String, String> {
    let text = bundled(path).await?.text().map_err(|_| unreadable())?;
    let text = JsFuture::from(text).await.map_err(|_| unreadable())?;
    Ok(text.as_string().unwrap_or_default())
}

/// A file of the page.
pub async fn bundled(path: &str) -> Result<Response, String> {
    let response = fetch(path).await;
    response.filter(Response::ok).ok_or_else(unreadable)
}

/// A server's response, unless it cannot be reached or forbids the page to read it.
pub async fn fetch(address: &str) -> Option<Response> {
    answer(request(address)).await
}

fn request(address: &str) -> JsFuture {
    JsFuture::from(leptos::prelude::window().fetch_with_str(address))
}

async fn answer(request: JsFuture) -> Option<Response> {
    Some(request.await.ok()?.unchecked_into())
}

fn unreadable() -> String {
    FILE_UNREADABLE.to_owned()
}
