//! The origin of a table: a file, pasted text, or an address.

use crate::runs::{ReadNotice, gather};
use crate::text;
use js_sys::{Reflect, Uint8Array};
use leptos::prelude::*;
use std::fmt;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, Blob, ReadableStreamDefaultReader, RequestInit, Response,
};

/// It can be opened more than once: the reader may choose a mapping in between.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A file, or pasted text.
    Blob {
        name: String,
        blob: Blob,
    },
    /// Several files as one.
    Joined {
        name: String,
        blob: Blob,
        notice: ReadNotice,
    },
    Address(String),
}

/// Why an origin could not be read to its end.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceError {
    /// The file was moved or changed since it was chosen.
    Gone,
    NoAddress,
    Unreachable,
    Refused {
        status: u16,
        text: String,
    },
    /// After so many bytes.
    Broken {
        bytes: f64,
    },
    Cancelled,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceError::Gone => write!(f, "The file was moved or changed. Choose it again."),
            SourceError::NoAddress => write!(f, "Enter an address that starts with https://."),
            SourceError::Unreachable => write!(
                f,
                "The address could not be reached. Check the connection. This page may fetch only from raw.githubusercontent.com and its own host; download any other file and drop it here."
            ),
            SourceError::Refused { status, text } => write!(
                f,
                "The host answered {status} {text}. Check the address; the file may have moved."
            ),
            SourceError::Broken { bytes } => write!(
                f,
                "The connection was lost after {}. Nothing was imported; try again.",
                text::bytes(*bytes)
            ),
            SourceError::Cancelled => write!(f, "Import cancelled. Nothing was stored."),
        }
    }
}

impl std::error::Error for SourceError {}

impl Origin {
    pub fn text(name: &str, text: &str) -> Option<Origin> {
        let parts = js_sys::Array::of1(&JsValue::from_str(text));
        let blob = Blob::new_with_str_sequence(&parts).ok()?;
        let name = name.to_owned();
        Some(Origin::Blob { name, blob })
    }

    /// JSON files as one table ([`gather`]); none where nothing can be read of them.
    pub fn joined(name: &str, files: &[(String, Option<String>)]) -> Option<Origin> {
        let gathered = gather(files)?;
        let parts = js_sys::Array::of1(&JsValue::from_str(&gathered.text));
        Some(Origin::Joined {
            name: name.to_owned(),
            blob: Blob::new_with_str_sequence(&parts).ok()?,
            notice: gathered.notice,
        })
    }

    /// What is told of where it comes from.
    pub fn notice(&self) -> Option<&ReadNotice> {
        match self {
            Origin::Joined { notice, .. } => Some(notice),
            _ => None,
        }
    }

    /// The file's name.
    pub fn name(&self) -> String {
        match self {
            Origin::Blob { name, .. } | Origin::Joined { name, .. } => name.clone(),
            Origin::Address(address) => {
                let path = address.split(['?', '#']).next().unwrap_or_default();
                let name = path.rsplit('/').find(|part| !part.is_empty());
                name.unwrap_or(path).to_owned()
            }
        }
    }

    pub fn address(&self) -> Option<&str> {
        match self {
            Origin::Blob { .. } | Origin::Joined { .. } => None,
            Origin::Address(address) => Some(address),
        }
    }

    /// `abort` ends a request, before and after the response has started.
    pub async fn open(&self, abort: &AbortController) -> Result<Stream, SourceError> {
        let (response, size) = match self {
            Origin::Blob { blob, .. } | Origin::Joined { blob, .. } => {
                let response = Response::new_with_opt_blob(Some(blob));
                (response.map_err(|_| SourceError::Gone)?, Some(blob.size()))
            }
            Origin::Address(address) => {
                let response = request(address, "GET", Some(&abort.signal())).await?;
                let size = length(&response);
                (response, size)
            }
        };
        Stream::of(&response, size, self.address().is_some()).ok_or(SourceError::Gone)
    }
}

/// The size of the file at an address, without reading it; `None` where the host does not say.
pub async fn size_of(address: &str) -> Result<Option<f64>, SourceError> {
    Ok(length(&request(address, "HEAD", None).await?))
}

async fn request(
    address: &str,
    method: &str,
    abort: Option<&AbortSignal>,
) -> Result<Response, SourceError> {
    if address.trim().is_empty() {
        return Err(SourceError::NoAddress);
    }
    let options = RequestInit::new();
    options.set_method(method);
    options.set_signal(abort);
    // This page stores what it needs; the browser need not cache the file as well.
    options.set_cache(web_sys::RequestCache::NoStore);
    let response = window().fetch_with_str_and_init(address.trim(), &options);
    let response: Response = JsFuture::from(response)
        .await
        .map_err(|_| SourceError::Unreachable)?
        .unchecked_into();
    match response.ok() {
        true => Ok(response),
        false => Err(SourceError::Refused {
            status: response.status(),
            text: response.status_text(),
        }),
    }
}

fn length(response: &Response) -> Option<f64> {
    let header = |name| response.headers().get(name).ok().flatten();
    // A page receives a compressed response unpacked, so with more bytes than were sent.
    if header("Content-Encoding").is_some() {
        return None;
    }
    header("Content-Length")?.parse::<u32>().ok().map(f64::from)
}

/// The bytes as they arrive.
pub struct Stream {
    reader: ReadableStreamDefaultReader,
    pub size: Option<f64>,
    bytes: f64,
    remote: bool,
}

impl Stream {
    /// The body of a response; `remote` where it comes from the network.
    pub fn of(response: &Response, size: Option<f64>, remote: bool) -> Option<Stream> {
        Some(Stream {
            reader: response.body()?.get_reader().unchecked_into(),
            size,
            bytes: 0.0,
            remote,
        })
    }

    pub async fn next(&mut self) -> Result<Option<Uint8Array>, SourceError> {
        let part = JsFuture::from(self.reader.read()).await;
        let part = part.map_err(|_| match self.remote {
            true => SourceError::Broken { bytes: self.bytes },
            false => SourceError::Gone,
        })?;
        let value = Reflect::get(&part, &"value".into()).unwrap_or_default();
        let piece = value.dyn_into::<Uint8Array>().ok();
        self.bytes += piece.as_ref().map_or(0.0, |p| f64::from(p.length()));
        Ok(piece)
    }
}

impl Drop for Stream {
    /// Cancels the rest.
    fn drop(&mut self) {
        let cancelled = self.reader.cancel();
        // It fails where the stream already has.
        leptos::task::spawn_local(async move {
            let _ = JsFuture::from(cancelled).await;
        });
    }
}
