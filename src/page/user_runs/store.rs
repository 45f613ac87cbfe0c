//! Stores runs in the browser's cache storage, which all browsers have, takes blobs of any size,
//! and is visible to this origin alone.

use super::StoredFile;
use super::source::Stream;
use crate::page::work::TimeSlice;
use crate::runs::{Restore, Runs};
use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Cache, Headers, Request, Response, ResponseInit};

/// The cache's name; those of releases have another prefix (`public/sw.js`).
const NAME: &str = "yours";
/// The header that holds [`FileInfo`].
const INFO: &str = "x-about";

/// A file's metadata.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileInfo {
    pub name: String,
    /// Where it was fetched from, if it was.
    pub address: Option<String>,
    /// When it was imported, ISO 8601.
    pub read: String,
    pub bytes: u64,
    pub rows: u64,
    /// Rows excluded by a released rule, and rows and numbers that could not be read.
    pub left_out: u64,
    pub refused: u64,
    /// Why reading stopped before the end, if it did.
    pub stopped: Option<String>,
    /// No column told the schedule, which was taken for the studies' cosine.
    #[serde(default)]
    pub assumes_schedule: bool,
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

/// The stored files, oldest first, and the ids of those that cannot be read: written by another
/// version of this page, or incomplete. They are not deleted, as there may be no other copy.
/// Without cache storage both are empty.
pub async fn all() -> (Vec<StoredFile>, Vec<String>) {
    let (mut all, mut unreadable) = (Vec::new(), Vec::new());
    let Ok(cache) = cache().await else {
        return (all, unreadable);
    };
    let requests: Array = wait(cache.keys()).await.unwrap_or_default();
    for request in requests.iter() {
        let request: Request = request.unchecked_into();
        let address = request.url();
        let id = address.rsplit('/').next().unwrap_or_default().to_owned();
        let response = wait::<Response>(cache.match_with_request(&request)).await;
        let read = match response {
            Ok(response) if !response.is_undefined() => read(&response).await,
            _ => None,
        };
        match read {
            Some((info, runs)) => all.push(StoredFile {
                id,
                info,
                runs: Arc::new(runs),
                stored: true,
            }),
            None => unreadable.push(id),
        }
    }
    refit_fit::order::sort_by(&mut all, |a, b| a.id.cmp(&b.id));
    (all, unreadable)
}

async fn read(response: &Response) -> Option<(FileInfo, Runs)> {
    let info = response.headers().get(INFO).ok()??;
    let info = js_sys::decode_uri_component(&info).ok()?.as_string()?;
    let info = serde_json::from_str(&info).ok()?;
    let mut stream = Stream::of(response, None, false)?;
    let mut restore = Restore::default();
    let mut slice = TimeSlice::new();
    while let Some(piece) = stream.next().await.ok()? {
        for start in (0..piece.length()).step_by(PIECE) {
            let end = (start + PIECE as u32).min(piece.length());
            restore.push(&piece.subarray(start, end).to_vec()).ok()?;
            slice.yield_if_over().await;
        }
    }
    Some((info, restore.finish().ok()?))
}

/// Bytes that are restored before the time is checked.
const PIECE: usize = 1 << 16;

/// Stores a file; an error where the browser does not.
pub async fn put(id: &str, info: &FileInfo, runs: &Runs) -> Result<(), JsValue> {
    let cache = cache().await?;
    let parts = Array::new();
    let mut slice = TimeSlice::new();
    for piece in runs.snapshot() {
        // The browser may move a blob out of the program's memory.
        let piece = Array::of1(&Uint8Array::from(&piece[..]));
        parts.push(&Blob::new_with_u8_array_sequence(&piece)?.into());
        slice.yield_if_over().await;
    }
    let blob = Blob::new_with_blob_sequence(&parts)?;
    let info = serde_json::to_string(info).unwrap_or_default();
    let headers = Headers::new()?;
    headers.set(INFO, &String::from(js_sys::encode_uri_component(&info)))?;
    let how = ResponseInit::new();
    how.set_headers(&headers);
    let response = Response::new_with_opt_blob_and_init(Some(&blob), &how)?;
    wait::<JsValue>(cache.put_with_str(&address(id), &response)).await?;
    Ok(())
}

pub async fn remove(id: &str) {
    if let Ok(cache) = cache().await {
        // It fails only where there is nothing to remove.
        let _ = wait::<JsValue>(cache.delete_with_str(&address(id))).await;
    }
}
