//! Runs that survive a reload: the browser's cache storage, which every browser has, takes blobs
//! of any size, and belongs to this page's origin alone.

use super::Kept;
use super::source::Stream;
use crate::page::work::Turns;
use crate::runs::{Restore, Runs};
use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Cache, Headers, Request, Response, ResponseInit};

/// The cache's name; those of releases begin otherwise (`public/sw.js`).
const NAME: &str = "yours";
/// The header that holds [`About`].
const ABOUT: &str = "x-about";

/// What is told of a file beside its runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub name: String,
    /// Where it was fetched from, if it was.
    pub address: Option<String>,
    /// When it was read, ISO 8601.
    pub read: String,
    /// Bytes of the file.
    pub bytes: u64,
    pub rows: u64,
    /// Rows and numbers that are not among the runs, by rule or for a fault.
    pub left_out: u64,
    pub refused: u64,
    /// Why its end is missing, if it is.
    pub stopped: Option<String>,
}

async fn wait<T: JsCast>(promise: js_sys::Promise) -> Result<T, JsValue> {
    Ok(JsFuture::from(promise).await?.unchecked_into())
}

async fn cache() -> Result<Cache, JsValue> {
    wait(window().caches()?.open(NAME)).await
}

fn address(id: &str) -> String {
    format!("{NAME}/{id}")
}

/// What is kept, in the order in which it was read, and which files cannot be read back: of
/// another edition of this page, or cut off. They stay, as there may be no other copy. A browser
/// that keeps nothing has nothing.
pub async fn all() -> (Vec<Kept>, Vec<String>) {
    let (mut all, mut unreadable) = (Vec::new(), Vec::new());
    let Ok(cache) = cache().await else {
        return (all, unreadable);
    };
    let requests: Array = wait(cache.keys()).await.unwrap_or_default();
    for request in requests.iter() {
        let request: Request = request.unchecked_into();
        let address = request.url();
        let id = address.rsplit('/').next().unwrap_or_default().to_owned();
        let found = wait::<Response>(cache.match_with_request(&request)).await;
        let read = match found {
            Ok(response) if !response.is_undefined() => read(&response).await,
            _ => None,
        };
        match read {
            Some((about, runs)) => all.push(Kept {
                id,
                about,
                runs: Arc::new(runs),
                stored: true,
            }),
            None => unreadable.push(id),
        }
    }
    refit_fit::order::sort_by(&mut all, |a, b| a.id.cmp(&b.id));
    (all, unreadable)
}

async fn read(response: &Response) -> Option<(About, Runs)> {
    let about = response.headers().get(ABOUT).ok()??;
    let about = js_sys::decode_uri_component(&about).ok()?.as_string()?;
    let about = serde_json::from_str(&about).ok()?;
    let mut stream = Stream::of(response, None, false)?;
    let mut restore = Restore::default();
    let mut turns = Turns::new();
    while let Some(piece) = stream.next().await.ok()? {
        for start in (0..piece.length()).step_by(PIECE) {
            let end = (start + PIECE as u32).min(piece.length());
            restore.push(&piece.subarray(start, end).to_vec()).ok()?;
            turns.take().await;
        }
    }
    Some((about, restore.finish().ok()?))
}

/// Bytes that are restored between two looks at the clock.
const PIECE: usize = 1 << 16;

/// Keeps a file; an error where the browser does not.
pub async fn put(id: &str, about: &About, runs: &Runs) -> Result<(), JsValue> {
    let cache = cache().await?;
    let parts = Array::new();
    let mut turns = Turns::new();
    for piece in runs.snapshot() {
        // As a blob of its own, a piece leaves the page's memory.
        let piece = Array::of1(&Uint8Array::from(&piece[..]));
        parts.push(&Blob::new_with_u8_array_sequence(&piece)?.into());
        turns.take().await;
    }
    let blob = Blob::new_with_blob_sequence(&parts)?;
    let about = serde_json::to_string(about).unwrap_or_default();
    let headers = Headers::new()?;
    headers.set(ABOUT, &String::from(js_sys::encode_uri_component(&about)))?;
    let how = ResponseInit::new();
    how.set_headers(&headers);
    let response = Response::new_with_opt_blob_and_init(Some(&blob), &how)?;
    wait::<JsValue>(cache.put_with_str(&address(id), &response)).await?;
    Ok(())
}

pub async fn remove(id: &str) {
    if let Ok(cache) = cache().await {
        // What cannot be removed is not there.
        let _ = wait::<JsValue>(cache.delete_with_str(&address(id))).await;
    }
}
