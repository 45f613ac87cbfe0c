//! A file that the user chose, read slice by slice.

use super::stream::ByteStream;
use crate::error::Cause;
use crate::weights::source::{Source, SourceError};
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

/// A [`web_sys::File`], or any other blob.
#[derive(Debug)]
pub struct BlobSource {
    blob: Blob,
    /// What its bytes come through.
    buffer: Option<ArrayBuffer>,
}

impl BlobSource {
    /// Reads nothing yet.
    pub fn new(blob: Blob) -> Self {
        BlobSource { blob, buffer: None }
    }

    /// Fills `bytes` with all of a slice.
    async fn stream(&mut self, slice: &Blob, mut bytes: &mut [u8]) -> Result<(), JsValue> {
        let mut stream = ByteStream::new(&slice.stream(), self.buffer.take());
        while !bytes.is_empty() {
            let read = JsFuture::from(stream.read(bytes.len())).await?;
            let read = stream.received(&read)?.ok_or(JsValue::NULL)?;
            let length = read.length() as usize;
            let (now, later) = bytes.split_at_mut_checked(length).ok_or(JsValue::NULL)?;
            read.copy_to(now);
            bytes = later;
        }
        self.buffer = stream.into_buffer();
        Ok(())
    }
}

impl Source for BlobSource {
    fn size(&self) -> u64 {
        self.blob.size() as u64
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        let end = at.saturating_add(buffer.len() as u64);
        if end > self.size() {
            return Err(SourceError::Ended { at: self.size() });
        }
        let slice = self.blob.slice_with_f64_and_f64(at as f64, end as f64);
        let slice = slice.map_err(wrong)?;
        if self.stream(&slice, buffer).await.is_ok() {
            return Ok(());
        }
        // A stream that breaks does not say why; this does.
        let bytes = JsFuture::from(slice.array_buffer());
        let bytes = Uint8Array::new(&bytes.await.map_err(wrong)?);
        if bytes.length() as usize != buffer.len() {
            return Err(SourceError::Changed);
        }
        bytes.copy_to(buffer);
        Ok(())
    }
}

/// A browser reads a file only as long as it is what it was when it was chosen.
fn wrong(error: JsValue) -> SourceError {
    let error: js_sys::Error = error.unchecked_into();
    match String::from(error.name()).as_str() {
        "NotReadableError" | "NotFoundError" => SourceError::Changed,
        _ => SourceError::Other {
            cause: Cause::new(String::from(error.message())),
        },
    }
}
