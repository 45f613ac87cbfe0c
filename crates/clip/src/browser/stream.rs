//! Bytes that a browser streams, into a buffer that is used again.

use js_sys::{ArrayBuffer, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ReadableStream, ReadableStreamByobReader, ReadableStreamDefaultReader};

/// Bytes that come at once, at most, where the buffer is ours.
const PIECE: u32 = 1 << 20;

/// A stream of bytes.
///
/// A browser that has a new buffer for each piece may let hundreds of megabytes of them gather
/// before it frees any, so that it is given ours, where it takes one.
pub(super) struct ByteStream {
    reader: Reader,
    /// Ours, unless a read has it.
    buffer: Option<ArrayBuffer>,
}

enum Reader {
    Ours(ReadableStreamByobReader),
    Theirs(ReadableStreamDefaultReader),
}

impl ByteStream {
    /// `buffer` is that of a stream before.
    pub(super) fn new(stream: &ReadableStream, buffer: Option<ArrayBuffer>) -> Self {
        let reader = match ReadableStreamByobReader::new(stream) {
            Ok(reader) => Reader::Ours(reader),
            Err(_) => Reader::Theirs(stream.get_reader().unchecked_into()),
        };
        ByteStream { reader, buffer }
    }

    /// Asks for the next bytes, at least one and, of our buffer, so many at most.
    pub(super) fn read(&mut self, most: usize) -> Promise {
        match &self.reader {
            Reader::Ours(reader) => {
                let buffer = self.buffer.take();
                let buffer = buffer.unwrap_or_else(|| ArrayBuffer::new(PIECE));
                let length = most.min(PIECE as usize) as u32;
                let view = Uint8Array::new_with_byte_offset_and_length(&buffer, 0, length);
                reader.read_with_array_buffer_view(&view)
            }
            Reader::Theirs(reader) => reader.read(),
        }
    }

    /// The bytes that such a promise brought, which last until the next read; `None` at the end.
    pub(super) fn received(&mut self, result: &JsValue) -> Result<Option<Uint8Array>, JsValue> {
        let bytes = Reflect::get(result, &"value".into())?.dyn_into::<Uint8Array>();
        if let (Reader::Ours(_), Ok(bytes)) = (&self.reader, &bytes) {
            // The browser has moved the memory to another object.
            self.buffer = Some(bytes.buffer());
        }
        let is_done = Reflect::get(result, &"done".into())?.is_truthy();
        Ok(bytes.ok().filter(|_| !is_done))
    }

    /// The buffer, for the next stream.
    pub(super) fn into_buffer(self) -> Option<ArrayBuffer> {
        self.buffer
    }
}
