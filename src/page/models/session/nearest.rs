//! The class of a list to which each pair's image is nearest.

use super::{PairSet, Session};
use crate::page::latest::Latest;
use crate::page::work::TimeSlice;
use leptos::prelude::*;
use refit_pairs::search::Stored;
use std::rc::Rc;

/// Texts that are encoded at once.
const BATCH: usize = 64;
/// Images that are compared before the page may draw.
const IMAGES: usize = 256;

type Classes = Result<Rc<Vec<usize>>, String>;

#[derive(Clone, Copy)]
pub struct Nearest {
    /// For each pair the place of its class, or why it is not known; `None` before it is asked for, and meanwhile.
    pub of: RwSignal<Option<Classes>, LocalStorage>,
    /// The classes that were asked for.
    asked: RwSignal<Vec<String>>,
    requests: Latest,
}

impl Nearest {
    pub(super) fn new() -> Nearest {
        Nearest {
            of: RwSignal::new_local(None),
            asked: RwSignal::new(Vec::new()),
            requests: Latest::new(),
        }
    }

    pub(super) fn clear(self) {
        self.requests.cancel();
        self.asked.set(Vec::new());
        self.of.set(None);
    }

    /// The places, if they are known.
    pub fn known(self) -> Option<Rc<Vec<usize>>> {
        self.of.get().and_then(Result::ok)
    }
}

impl Session {
    /// Asks for the nearest of these classes, unless they were asked for before. Each is the text “a photo of a CLASS.”,
    /// as in the terminal.
    pub fn find_nearest(self, nearest: Nearest, set: Rc<PairSet>, classes: Vec<String>) {
        let is_known = nearest.of.with_untracked(|of| !matches!(of, Some(Err(_))));
        if is_known && nearest.asked.with_untracked(|asked| *asked == classes) {
            return;
        }
        nearest.asked.set(classes.clone());
        nearest.of.set(None);
        let request = nearest.requests.start();
        leptos::task::spawn_local(async move {
            let of = self.nearest(&set, classes).await;
            if request.is_latest() {
                nearest.of.set(Some(of.map(Rc::new)));
            }
        });
    }

    async fn nearest(self, set: &PairSet, classes: Vec<String>) -> Result<Vec<usize>, String> {
        if self.model.key() != set.model_key || self.model.loaded().is_none() {
            return Err(format!(
                "The pairs were embedded with {}: load it above to compare their images with classes.",
                set.model
            ));
        }
        let engine = self.model.engine();
        let mut vectors: Vec<f32> = Vec::new();
        for batch in classes.chunks(BATCH) {
            let texts = batch.iter().map(|class| format!("a photo of a {class}."));
            let encoded = engine.encode_texts(texts.collect()).await;
            let (_, encoded) = encoded.map_err(|failure| failure.sentence)?;
            vectors.extend(encoded.into_iter().flatten());
        }
        let stored = Stored {
            half: false,
            width: set.width,
        };
        let (mut slice, mut products) = (TimeSlice::new(), Vec::new());
        let mut of = Vec::with_capacity(set.len());
        for i in 0..set.len() {
            stored.products(bytemuck::cast_slice(&vectors), set.vector(i), &mut products);
            // Of equal ones the first.
            let places = (0..products.len()).rev();
            let best = places.max_by(|a, b| products[*a].total_cmp(&products[*b]));
            of.push(best.unwrap_or_default());
            if i % IMAGES == 0 {
                slice.yield_if_over().await;
            }
        }
        Ok(of)
    }
}
