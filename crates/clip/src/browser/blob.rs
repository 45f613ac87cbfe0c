//! A file that the user chose, read slice by slice.

use crate::error::Cause;
use crate::weights::source::{Source, SourceError};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

/// A [`web_sys::File`], or any other blob.
#[derive(Clone, Debug)]
pub struct BlobSource(pub Blob);

impl Source for BlobSource {
    fn size(&self) -> u64 {
        self.0.size() as u64
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        let end = at.saturating_add(buffer.len() as u64);
        if end > self.size() {
            return Err(SourceError::Ended { at: self.size() });
        }
        let slice = self.0.slice_with_f64_and_f64(at as f64, end as f64);
        let bytes = JsFuture::from(slice.map_err(wrong)?.array_buffer());
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
