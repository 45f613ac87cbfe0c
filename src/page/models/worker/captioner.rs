//! What a MaMMUT writes about a picture, and how likely it finds what others wrote.

use super::super::protocol::{CaptionProgress, CaptionResult, Failure, FailureKind};
use super::engine::{Engine, Towers};
use super::{open_checkpoint, picture, turn};
use refit_clip::browser::now;
use refit_clip::caption::Decoding;
use refit_clip::preprocess::PixelValues;
use refit_clip::tokenizer::Tokens;
use std::cell::Cell;
use std::ops::ControlFlow;
use wasm_bindgen::JsValue;

/// Milliseconds after which the worker hears whether it shall stop.
const DEAF: f64 = 30.0;

impl Engine {
    pub async fn caption(
        &mut self,
        file: &JsValue,
        decoding: Decoding,
        tokens: usize,
        tell: impl Fn(CaptionProgress),
        is_stopped: &Cell<bool>,
    ) -> Result<CaptionResult, Failure> {
        self.load_writer(&tell).await?;
        let pixels = self.prepare(file).await?;
        // When the first token came and the last, and how many.
        let (mut first, mut last, mut count) = (None, 0.0, 0);
        let mut turned = now();
        let words = async |ids: &[u32]| {
            last = now();
            first.get_or_insert(last);
            count += 1;
            tell(CaptionProgress::Words(self.tokenizer.decode(ids)));
            if now() - turned > DEAF {
                turn().await;
                turned = now();
            }
            match is_stopped.get() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let caption = match &self.towers {
            Towers::Cpu(model) => model.caption(&pixels, decoding, tokens, words).await,
            Towers::Gpu(model) => model.caption(&pixels, decoding, tokens, words).await,
        }?;
        let span = first.map(|first| last - first).filter(|span| *span > 0.0);
        Ok(CaptionResult {
            text: self.tokenizer.decode(&caption.ids),
            tokens: caption.ids.len(),
            log_likelihood: caption.log_likelihood,
            has_ended: caption.has_ended,
            tokens_per_second: span.map(|span| 1000.0 * f64::from(count - 1) / span),
        })
    }

    pub async fn likelihoods(
        &mut self,
        file: &JsValue,
        texts: &[String],
        tell: impl Fn(CaptionProgress),
    ) -> Result<Vec<f64>, Failure> {
        self.load_writer(&tell).await?;
        let pixels = self.prepare(file).await?;
        let texts: Vec<Tokens> = texts.iter().map(|t| self.tokenizer.encode(t)).collect();
        Ok(match &self.towers {
            Towers::Cpu(model) => model.model().log_likelihoods(&pixels, &texts).await,
            Towers::Gpu(model) => model.model().log_likelihoods(&pixels, &texts).await,
        }?)
    }

    /// Loads what writes captions, unless it is there.
    async fn load_writer(&mut self, tell: &impl Fn(CaptionProgress)) -> Result<(), Failure> {
        let (place, file, options) = &self.from;
        let has_captions = match &self.towers {
            Towers::Cpu(model) => model.model().has_captions(),
            Towers::Gpu(model) => model.model().has_captions(),
        };
        if has_captions {
            return Ok(());
        }
        let progress = |progress| tell(CaptionProgress::Loading(progress));
        let mut source = open_checkpoint::open(place, file).await?;
        match &mut self.towers {
            Towers::Cpu(model) => model.load_captions(&mut source, options, progress).await,
            Towers::Gpu(model) => model.load_captions(&mut source, options, progress).await,
        }?;
        Ok(())
    }

    async fn prepare(&self, file: &JsValue) -> Result<PixelValues, Failure> {
        let failed = |sentence| Failure::new(FailureKind::Other, sentence);
        let prepared = picture::prepare(file, self.size(), false, |_| false).await;
        let (_, pixels) = prepared.map_err(failed)?;
        pixels.ok_or_else(|| failed("This picture has no pixels.".to_owned()))
    }
}
