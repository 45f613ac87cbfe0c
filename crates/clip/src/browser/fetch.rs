//! Requests by the browser's fetch.

use super::stream::ByteStream;
use crate::weights::http::{ResponseHead, Transport, TransportError};
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestCache, RequestInit, Response};

// A page and a worker have these alike, where web-sys has them of each.
#[wasm_bindgen]
extern "C" {
    fn fetch(address: &str, options: &RequestInit) -> Promise;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: u32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// Requests of one address by the browser's fetch; a server that sends nothing for too long is given
/// up.
pub struct FetchTransport {
    address: String,
    seconds: u32,
    open: Option<Open>,
}

/// A request under way, and the bytes of its answer once it has one.
struct Open {
    abort: AbortController,
    body: Option<ByteStream>,
}

impl Drop for Open {
    fn drop(&mut self) {
        // Whoever drops it, a load that was cancelled included, wants no more of it.
        self.abort.abort();
    }
}

impl Open {
    /// Waits for a promise, but not longer than so many seconds: then the request is given up.
    async fn wait(&self, promise: Promise, seconds: u32) -> Result<JsValue, TransportError> {
        let abort = self.abort.clone();
        let _timer = Timer::start(1000 * seconds, move || abort.abort());
        let result = JsFuture::from(promise).await;
        result.map_err(|_| match self.abort.signal().aborted() {
            true => TransportError::TimedOut { seconds },
            false => TransportError::Broken,
        })
    }
}

impl FetchTransport {
    /// `seconds` is how long the server may send nothing.
    pub fn new(address: &str, seconds: u32) -> Self {
        FetchTransport {
            address: address.to_owned(),
            seconds,
            open: None,
        }
    }
}

impl Transport for FetchTransport {
    async fn get(&mut self, from: u64) -> Result<ResponseHead, TransportError> {
        self.open = None;
        let unreachable = |_| TransportError::Unreachable;
        let options = RequestInit::new();
        let headers = Headers::new().map_err(unreachable)?;
        let range = format!("bytes={from}-");
        headers.set("Range", &range).map_err(unreachable)?;
        options.set_headers(&headers);
        // Hundreds of megabytes would push everything else out of the browser's cache.
        options.set_cache(RequestCache::NoStore);
        let abort = AbortController::new().map_err(unreachable)?;
        options.set_signal(Some(&abort.signal()));
        let open = self.open.insert(Open { abort, body: None });
        let answer = open
            .wait(fetch(&self.address, &options), self.seconds)
            .await;
        let answer: Response = match answer {
            Ok(answer) => answer.unchecked_into(),
            Err(TransportError::Broken) => return Err(TransportError::Unreachable),
            Err(fault) => return Err(fault),
        };
        open.body = answer.body().map(|body| ByteStream::new(&body, None));
        let headers = answer.headers();
        let field = |name| headers.get(name).ok().flatten();
        let length = field("Content-Length").and_then(|length| length.parse().ok());
        Ok(ResponseHead {
            status: answer.status(),
            media_type: field("Content-Type"),
            length: length.filter(|_| field("Content-Encoding").is_none()),
            range: field("Content-Range"),
            version: field("ETag"),
        })
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let Some(open) = &mut self.open else {
            return Err(TransportError::Broken);
        };
        loop {
            let Some(body) = &mut open.body else {
                return Ok(None);
            };
            let promise = body.read(usize::MAX);
            let read = open.wait(promise, self.seconds).await?;
            let bytes = open.body.as_mut().map(|body| body.received(&read));
            let bytes = bytes.transpose().map_err(|_| TransportError::Broken)?;
            match bytes.flatten().map(|bytes| bytes.to_vec()) {
                Some(bytes) if bytes.is_empty() => {}
                bytes => return Ok(bytes),
            }
        }
    }

    fn close(&mut self) {
        self.open = None;
    }

    async fn pause(&mut self, milliseconds: u32) {
        let promise = Promise::new(&mut |resolve, _| {
            set_timeout(&resolve, milliseconds);
        });
        // It only resolves.
        let _ = JsFuture::from(promise).await;
    }
}

/// Calls back after a while, unless it is dropped before.
struct Timer {
    timer: JsValue,
    _callback: Closure<dyn FnMut()>,
}

impl Timer {
    fn start(milliseconds: u32, callback: impl FnMut() + 'static) -> Self {
        let callback = Closure::new(callback);
        Timer {
            timer: set_timeout(callback.as_ref().unchecked_ref(), milliseconds),
            _callback: callback,
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.timer);
    }
}
