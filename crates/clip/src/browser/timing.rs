//! A model whose work shows in the browser's developer tools, as User Timing.
//!
//! `refit:load`, `refit:encode-image`, `refit:encode-text` and `refit:caption` are measures. The
//! `detail` of encoding has the number of images or texts, whether the run was the first of its kind
//! ("cold": kernels are compiled, memory is allocated) or not ("warm"), and the milliseconds of the
//! device itself if it has a clock; that of a caption has the number of tokens.

use crate::backend::Backend;
use crate::caption::{Caption, Decoding};
use crate::preprocess::PixelValues;
use crate::tokenizer::Tokens;
use crate::weights::source::Source;
use crate::{ClipError, LoadOptions, Model, Progress};
use js_sys::{Object, Reflect};
use std::cell::Cell;
use std::ops::ControlFlow;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

// A page and a worker have it alike; web-sys has no measures with details yet.
#[wasm_bindgen]
extern "C" {
    type Clock;
    #[wasm_bindgen(thread_local_v2, js_name = performance)]
    static PERFORMANCE: Clock;
    #[wasm_bindgen(method)]
    fn now(this: &Clock) -> f64;
    #[wasm_bindgen(method, catch)]
    fn measure(this: &Clock, name: &str, options: &Object) -> Result<JsValue, JsValue>;
}

/// How long one encoding took, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct EncodingTime {
    /// From the call to the result.
    pub milliseconds: f64,
    /// The part of the device itself, if it has a clock.
    pub device: Option<f64>,
    /// The first run of its kind, which compiles kernels and allocates memory.
    pub is_cold: bool,
}

/// A model whose work shows as User Timing.
pub struct TimedModel<B: Backend> {
    model: Model<B>,
    last: Cell<EncodingTime>,
    has_seen_images: Cell<bool>,
    has_seen_texts: Cell<bool>,
}

impl<B: Backend> TimedModel<B> {
    /// As [`Model::load`].
    pub async fn load<S: Source>(
        backend: B,
        source: &mut S,
        options: LoadOptions,
        progress: impl FnMut(Progress),
    ) -> Result<Self, ClipError> {
        let start = now();
        let bytes = source.size();
        let model = Model::load(backend, source, options, progress).await?;
        measure("refit:load", start, &[("bytes", (bytes as f64).into())]);
        Ok(TimedModel {
            model,
            last: Cell::default(),
            has_seen_images: Cell::new(false),
            has_seen_texts: Cell::new(false),
        })
    }

    /// The model itself.
    pub fn model(&self) -> &Model<B> {
        &self.model
    }

    /// How long the latest encoding took.
    pub fn last(&self) -> EncodingTime {
        self.last.get()
    }

    /// As [`Model::encode_images`].
    pub async fn encode_images(&self, images: &[PixelValues]) -> Result<Vec<Vec<f32>>, ClipError> {
        let start = now();
        let units = self.model.encode_images(images).await?;
        let is_warm = self.has_seen_images.replace(true);
        self.encoded("refit:encode-image", start, is_warm, images.len());
        Ok(units)
    }

    /// As [`Model::encode_texts`].
    pub async fn encode_texts(&self, texts: &[Tokens]) -> Result<Vec<Vec<f32>>, ClipError> {
        let start = now();
        let units = self.model.encode_texts(texts).await?;
        let is_warm = self.has_seen_texts.replace(true);
        self.encoded("refit:encode-text", start, is_warm, texts.len());
        Ok(units)
    }

    /// As [`Model::caption`].
    pub async fn caption(
        &self,
        image: &PixelValues,
        decoding: Decoding,
        tokens: usize,
        progress: impl AsyncFnMut(&[u32]) -> ControlFlow<()>,
    ) -> Result<Caption, ClipError> {
        let start = now();
        let caption = self.model.caption(image, decoding, tokens, progress);
        let caption = caption.await?;
        let tokens = caption.ids.len() as f64;
        measure("refit:caption", start, &[("tokens", tokens.into())]);
        Ok(caption)
    }

    /// As [`Model::load_captions`].
    pub async fn load_captions<S: Source>(
        &mut self,
        source: &mut S,
        options: &LoadOptions,
        progress: impl FnMut(Progress),
    ) -> Result<(), ClipError> {
        self.model.load_captions(source, options, progress).await
    }

    fn encoded(&self, name: &str, start: f64, is_warm: bool, count: usize) {
        let run = if is_warm { "warm" } else { "cold" };
        let mut detail = vec![("run", run.into()), ("count", (count as f64).into())];
        let device = self.model.backend().take_seconds();
        let device = device.map(|seconds| 1e3 * seconds);
        if let Some(milliseconds) = device {
            detail.push(("deviceMilliseconds", milliseconds.into()));
        }
        self.last.set(EncodingTime {
            milliseconds: now() - start,
            device,
            is_cold: !is_warm,
        });
        measure(name, start, &detail);
    }
}

/// `performance.now()`: milliseconds, in a page and in a worker.
pub fn now() -> f64 {
    PERFORMANCE.with(Clock::now)
}

/// The median of times; NaN of none.
pub fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A measure from `start` until now.
fn measure(name: &str, start: f64, detail: &[(&str, JsValue)]) {
    let object = Object::new();
    for (name, value) in detail {
        // A plain object takes any field.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    let options = Object::new();
    for (name, value) in [("start", start.into()), ("detail", object.into())] {
        let _ = Reflect::set(&options, &name.into(), &value);
    }
    // A measure that is refused is only not seen.
    let _ = PERFORMANCE.with(|performance| performance.measure(name, &options));
}
