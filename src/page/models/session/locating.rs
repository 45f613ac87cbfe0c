//! Where in the selected image a class is.

use super::{Session, SourceImage};
use crate::page::latest::Latest;
use crate::page::models::protocol::{Failure, FailureKind, LocatedClass};
use leptos::prelude::*;
use refit_clip::classes::cosine;
use refit_clip::locate::{ABSENT, Method};
use refit_clip::{Classes, Scoring};
use std::sync::Arc;

/// What is looked for.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// One of the classes, by its label.
    Class(String),
    /// A text, as the model is told it.
    Text(String),
}

impl What {
    pub fn words(&self) -> &str {
        match self {
            What::Class(words) | What::Text(words) => words,
        }
    }
}

/// A place, and what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The image's id.
    pub image: u32,
    pub what: What,
    pub method: Method,
    pub located: LocatedClass,
    /// The image's likeliest class, where that is so much likelier than what was asked for that this may not be there.
    pub likeliest: Option<String>,
}

#[derive(Clone)]
pub enum LocateState {
    Idle,
    Running,
    Done(Arc<Place>),
    Failed(String),
}

#[derive(Clone, Copy)]
pub struct Locating {
    pub state: RwSignal<LocateState>,
    requests: Latest,
}

impl Locating {
    pub(super) fn new() -> Locating {
        Locating {
            state: RwSignal::new(LocateState::Idle),
            requests: Latest::new(),
        }
    }

    /// Forgets what was found.
    pub fn clear(self) {
        self.requests.cancel();
        self.state.set(LocateState::Idle);
    }
}

impl Session {
    /// Looks for a class or a text in an image.
    pub fn locate(self, image: u32, what: What, method: Method) {
        let locating = self.locating;
        let request = locating.requests.start();
        // What was found before stays until then.
        if !matches!(locating.state.get_untracked(), LocateState::Done(_)) {
            locating.state.set(LocateState::Running);
        }
        leptos::task::spawn_local(async move {
            let located = self.located(image, &what, method).await;
            if !request.is_latest() {
                return;
            }
            match located {
                Ok((located, likeliest)) => {
                    locating.state.set(LocateState::Done(Arc::new(Place {
                        image,
                        what,
                        method,
                        located,
                        likeliest,
                    })))
                }
                Err(failure) => {
                    let sentence = failure.sentence.clone();
                    locating.state.set(LocateState::Failed(sentence));
                    self.model.fail_if_unusable(failure);
                }
            }
        });
    }

    async fn located(
        self,
        image: u32,
        what: &What,
        method: Method,
    ) -> Result<(LocatedClass, Option<String>), Failure> {
        let gone = |sentence| Failure::new(FailureKind::Other, sentence);
        let image = self.images.find(image);
        let image = image.ok_or_else(|| gone("The image was removed."))?;
        let engine = self.model.engine();
        let class = match what {
            What::Text(text) => {
                let (_, vectors) = engine.encode_texts(vec![text.clone()]).await?;
                let vector = vectors.into_iter().next();
                vector.map(|vector| (vector, Scoring::Cosine))
            }
            What::Class(label) => self.class_vector(label),
        };
        let class = class.ok_or_else(|| gone("The class was removed."))?;
        let likeliest = self.likelier(&image, what, &class);
        let located = engine.locate(&image.file, method, class).await?;
        Ok((located, likeliest))
    }

    /// The image's likeliest class, where what is asked for may not be there.
    fn likelier(
        self,
        image: &SourceImage,
        what: &What,
        (vector, scoring): &(Vec<f32>, Scoring),
    ) -> Option<String> {
        let classes: Arc<Classes> = self.classes.encoded.get_untracked()?;
        let scale = self.model.loaded()?.logit_scale;
        let encoding = image.encoding()?;
        let logits = classes.logits(&encoding.embedding, scale);
        let best = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b]))?;
        let logit = match what {
            What::Class(label) => {
                let place = classes.labels.iter().position(|known| known == label)?;
                logits[place]
            }
            // The logits of a head are no cosines of texts.
            What::Text(_) if classes.scoring != *scoring => return None,
            What::Text(_) => f64::from(scale) * cosine(vector, &encoding.embedding),
        };
        (logits[best] - logit > ABSENT).then(|| classes.labels[best].clone())
    }

    /// A class's vector, and how it is scored by itself.
    fn class_vector(self, label: &str) -> Option<(Vec<f32>, Scoring)> {
        let classes = self.classes.encoded.get_untracked()?;
        let place = classes.labels.iter().position(|known| known == label)?;
        let scoring = match &classes.scoring {
            Scoring::Cosine => Scoring::Cosine,
            Scoring::Linear { biases } => Scoring::Linear {
                biases: biases.get(place).copied().into_iter().collect(),
            },
        };
        Some((classes.vectors.get(place)?.clone(), scoring))
    }
}
