//! The whole model: images and texts to embeddings, labels to zero-shot classes (`CLIP` in
//! open_clip's `model.py`, `MaMMUT` in its fork with that model).

use crate::architecture::Architecture;
use crate::backend::{Backend, ComputeError};
use crate::classes::Classes;
use crate::decoder::Decoder;
use crate::error::ClipError;
use crate::image_tower::ImageTower;
use crate::info::CheckpointInfo;
use crate::load::{LoadOptions, Logit, Plan, Progress};
use crate::preprocess::{PixelValues, Preprocessing};
use crate::text_tower::TextTower;
use crate::tokenizer::{Tokenizer, Tokens};
use crate::weights::Checkpoint;
use crate::weights::source::{Source, SourceError};

/// A CLIP or a MaMMUT on a backend.
pub struct Model<B: Backend> {
    pub(crate) architecture: Architecture,
    info: CheckpointInfo,
    pub(crate) image_tower: ImageTower<B>,
    pub(crate) text_tower: TextTower<B>,
    /// Only if captions were asked for ([`LoadOptions::captions`], [`Model::load_captions`]).
    pub(crate) decoder: Option<Decoder<B>>,
    logit: Logit,
    pub(crate) backend: B,
}

impl<B: Backend> Model<B> {
    /// Loads a checkpoint in any of the published formats. At no time are more than three of its
    /// tensors in memory besides what is on the backend. Dropping the future stops the load.
    pub async fn load<S: Source>(
        backend: B,
        source: &mut S,
        options: LoadOptions,
        progress: impl FnMut(Progress),
    ) -> Result<Self, ClipError> {
        let wanted = |a: &Architecture, name: &str| options.captions || !a.is_for_captions(name);
        let mut plan = Plan::new(Checkpoint::open(source).await?, &options, wanted)?;
        if options.captions {
            plan = plan.for_captions()?;
        }
        let (mut parameters, logit) = plan.read(&backend, source, progress).await?;
        let architecture = plan.info.architecture;
        Ok(Model {
            image_tower: ImageTower::new(&mut parameters, &architecture)?,
            text_tower: TextTower::new(&mut parameters, &architecture)?,
            decoder: match options.captions {
                true => Some(Decoder::new(&mut parameters, &architecture)?),
                false => None,
            },
            architecture,
            info: plan.info,
            logit,
            backend,
        })
    }

    /// Loads a MaMMUT's decoder, where [`LoadOptions::captions`] left it out, from the same
    /// checkpoint.
    pub async fn load_captions<S: Source>(
        &mut self,
        source: &mut S,
        options: &LoadOptions,
        progress: impl FnMut(Progress),
    ) -> Result<(), ClipError> {
        let plan = Plan::new(
            Checkpoint::open(source).await?,
            options,
            Architecture::is_for_captions,
        )?;
        let plan = plan.for_captions()?;
        if plan.info.architecture != self.architecture {
            return Err(SourceError::Changed.into());
        }
        let (mut parameters, _) = plan.read(&self.backend, source, progress).await?;
        self.decoder = Some(Decoder::new(&mut parameters, &self.architecture)?);
        Ok(())
    }

    /// Whether the decoder is loaded, so that [`Model::caption`] can run.
    pub fn has_captions(&self) -> bool {
        self.decoder.is_some()
    }

    /// The shapes of the model.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// What the checkpoint is, and what was assumed about it.
    pub fn info(&self) -> &CheckpointInfo {
        &self.info
    }

    /// How the model wants its images.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.info.preprocessing
    }

    /// The backend on which the model runs.
    pub fn backend(&self) -> &B {
        &self.backend
    }

    /// The factor from cosine to logit: `logit_scale.exp()` in open_clip.
    pub fn scale(&self) -> f32 {
        self.logit.ln_scale.exp()
    }

    /// What is added to each logit, of a model that was trained with a sigmoid loss: the probability
    /// that an image and a text belong together is then the sigmoid of [`Model::scale`] times their
    /// cosine plus this. A softmax does not depend on it.
    pub fn bias(&self) -> Option<f32> {
        self.logit.bias
    }

    /// One embedding for each image: [`Architecture::embedding`] numbers, normalised to length 1.
    /// Images must have [`Architecture::image_size`] pixels a side.
    pub async fn encode_images(&self, images: &[PixelValues]) -> Result<Vec<Vec<f32>>, ClipError> {
        self.check_images(images)?;
        let batch = self.backend.batch(self.image_tower.tokens());
        let batches = images.chunks(batch);
        let encode = |batch| self.image_tower.encode(&self.backend, batch);
        self.download_rows(batches.map(encode)).await
    }

    /// One embedding for each text: [`Architecture::embedding`] numbers, normalised to length 1.
    pub async fn encode_texts(&self, texts: &[Tokens]) -> Result<Vec<Vec<f32>>, ClipError> {
        self.check_texts(texts)?;
        let batches = texts.chunks(self.backend.batch(self.architecture.context));
        let encode = |batch| self.text_tower.encode(&self.backend, batch);
        self.download_rows(batches.map(encode)).await
    }

    pub(crate) fn check_images(&self, images: &[PixelValues]) -> Result<(), ClipError> {
        let expected = self.architecture.image_size();
        match images.iter().find(|image| image.size != expected) {
            Some(&PixelValues { size: found, .. }) => Err(ClipError::ImageSize { found, expected }),
            None => Ok(()),
        }
    }

    pub(crate) fn check_texts(&self, texts: &[Tokens]) -> Result<(), ClipError> {
        let Architecture {
            context,
            vocabulary,
            ..
        } = self.architecture;
        for text in texts {
            let tokens = text.ids.len();
            if tokens > context {
                return Err(ClipError::TextTooLong { tokens, context });
            }
            if let Some(&id) = text.ids.iter().find(|id| **id as usize >= vocabulary) {
                return Err(ClipError::UnknownToken { id, vocabulary });
            }
        }
        Ok(())
    }

    /// The embeddings of all batches; while a device works on one, the next is made ready for it.
    async fn download_rows(
        &self,
        mut batches: impl Iterator<Item = Result<B::Tensor, ComputeError>>,
    ) -> Result<Vec<Vec<f32>>, ClipError> {
        let mut all = Vec::new();
        let mut batch = batches.next().transpose()?;
        while let Some(embeddings) = batch {
            let values = self.backend.download(&embeddings);
            let next = batches.next().transpose()?;
            let values = values.await?;
            let rows = values.chunks_exact(self.architecture.embedding);
            all.extend(rows.map(<[f32]>::to_vec));
            batch = next;
        }
        Ok(all)
    }

    /// Zero-shot classes: each label's class embedding is the mean embedding of its prompts, one
    /// for each template ("a photo of a {}."), normalised again
    /// (`build_zero_shot_classifier` in open_clip's `zero_shot_classifier.py`).
    pub async fn classes(
        &self,
        tokenizer: &Tokenizer,
        labels: &[String],
        templates: &[String],
    ) -> Result<Classes, ClipError> {
        if labels.is_empty() || templates.is_empty() {
            return Err(ClipError::NoLabels);
        }
        if let Some(wrong) = templates.iter().find(|t| !t.contains("{}")) {
            let template = wrong.clone();
            return Err(ClipError::Template { template });
        }
        let prompts = labels.iter().flat_map(|label| {
            let prompt = |template: &String| tokenizer.encode(&template.replace("{}", label));
            templates.iter().map(prompt).collect::<Vec<_>>()
        });
        let prompts: Vec<Tokens> = prompts.collect();
        let embeddings = self.encode_texts(&prompts).await?;
        Ok(Classes::new(labels, &embeddings))
    }

    /// For each class the probability that an image's embedding belongs to it whatever the other
    /// classes, if the model has a [`Model::bias`].
    pub fn sigmoids(&self, image: &[f32], classes: &Classes) -> Option<Vec<f32>> {
        let bias = self.logit.bias?;
        classes.sigmoids(image, self.scale(), bias)
    }

    /// The probability of each class for an image's embedding; they sum to 1.
    pub fn probabilities(&self, image: &[f32], classes: &Classes) -> Vec<f32> {
        classes.probabilities(image, self.scale())
    }
}
