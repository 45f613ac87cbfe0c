//! Where in the selected image a class is.

use super::Session;
use crate::page::latest::Latest;
use crate::page::models::protocol::{Failure, FailureKind, LocatedClass};
use leptos::prelude::*;
use refit_clip::Scoring;
use refit_clip::locate::Method;
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
                Ok(located) => locating.state.set(LocateState::Done(Arc::new(Place {
                    image,
                    what,
                    method,
                    located,
                }))),
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
    ) -> Result<LocatedClass, Failure> {
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
        engine.locate(&image.file, method, class).await
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
