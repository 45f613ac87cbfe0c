//! Generating captions and scoring given ones, with a MaMMUT.

use super::super::protocol::{CaptionProgress, CaptionResult, Failure, FailureKind};
use super::engine::Engine;
use super::{image, yield_now};
use refit_clip::browser::now;
use refit_clip::caption::Decoding;
use refit_clip::preprocess::PixelValues;
use refit_clip::tokenizer::Tokens;
use std::cell::Cell;
use std::ops::ControlFlow;
use wasm_bindgen::JsValue;

/// Milliseconds after which waiting messages are received; one may be the order to stop.
const MESSAGE_INTERVAL: f64 = 30.0;

impl Engine {
    pub async fn caption(
        &mut self,
        file: &JsValue,
        decoding: Decoding,
        tokens: usize,
        report: impl Fn(CaptionProgress),
        is_stopped: &Cell<bool>,
    ) -> Result<CaptionResult, Failure> {
        self.load_decoder(&report).await?;
        let pixels = self.prepare(file).await?;
        // Times of the first and the last token, and how many there were.
        let (mut first, mut last, mut count) = (None, 0.0, 0);
        let mut yielded = now();
        let progress = async |ids: &[u32]| {
            last = now();
            first.get_or_insert(last);
            count += 1;
            report(CaptionProgress::Words(self.tokenizer.decode(ids)));
            if now() - yielded > MESSAGE_INTERVAL {
                yield_now().await;
                yielded = now();
            }
            match is_stopped.get() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let caption = self.towers.caption(&pixels, decoding, tokens, progress);
        let caption = caption.await?;
        let span = first.map(|first| last - first).filter(|span| *span > 0.0);
        Ok(CaptionResult {
            text: self.tokenizer.decode(&caption.ids),
            tokens: caption.ids.len(),
            log_likelihood: caption.log_likelihood,
            has_ended: caption.has_ended,
            tokens_per_second: span.map(|span| 1000.0 * f64::from(count - 1) / span),
        })
    }

    pub async fn score_captions(
        &mut self,
        file: &JsValue,
        texts: &[String],
        report: impl Fn(CaptionProgress),
    ) -> Result<Vec<f64>, Failure> {
        self.load_decoder(&report).await?;
        let pixels = self.prepare(file).await?;
        let texts: Vec<Tokens> = texts.iter().map(|t| self.tokenizer.encode(t)).collect();
        Ok(self.towers.log_likelihoods(&pixels, &texts).await?)
    }

    /// Loads the decoder, unless that has been done.
    async fn load_decoder(&mut self, report: &impl Fn(CaptionProgress)) -> Result<(), Failure> {
        if self.towers.has_decoder() {
            return Ok(());
        }
        let progress = |progress| report(CaptionProgress::Loading(progress));
        let (mut source, options) = self.reopen().await?;
        self.towers
            .load_decoder(&mut source, &options, progress)
            .await?;
        Ok(())
    }

    async fn prepare(&self, file: &JsValue) -> Result<PixelValues, Failure> {
        let failed = |sentence| Failure::new(FailureKind::Other, sentence);
        let prepared = image::prepare(file, self.towers.preprocessing(), false, |_| false).await;
        let (_, pixels) = prepared.map_err(failed)?;
        pixels.ok_or_else(|| failed("This image has no pixels.".to_owned()))
    }
}
