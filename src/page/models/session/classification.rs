//! Ranking the classes for every image. It yields to the browser, since ten thousand images and a
//! thousand classes take seconds.

use super::{Session, SourceImage};
use crate::page::models::ranking::{RankedClass, rank};
use crate::page::work::TimeSlice;
use leptos::prelude::*;
use std::rc::Rc;

impl Session {
    /// The best classes for an image embedding, if model and classes are ready.
    pub fn rank(self, embedding: &[f32]) -> Option<Vec<RankedClass>> {
        let model = self.model.loaded()?;
        let classes = self.classes.encoded.get_untracked()?;
        Some(rank(&classes, embedding, &model))
    }

    /// Ranks all encoded images, for new classes.
    pub(super) fn rank_all(self) {
        self.images.all.with_untracked(|all| {
            for image in all {
                image.ranking.set(None);
            }
        });
        self.rank_new();
    }

    /// Ranks the encoded images that have no ranking yet.
    pub fn rank_new(self) {
        let request = self.images.rankings.start();
        leptos::task::spawn_local(async move {
            let is_unranked = |image: &&SourceImage| image.ranking.with_untracked(Option::is_none);
            let unranked: Vec<SourceImage> = self
                .images
                .all
                .with_untracked(|all| all.iter().filter(is_unranked).cloned().collect());
            let mut slice = TimeSlice::new();
            for image in unranked {
                let Some(encoding) = image.encoding() else {
                    continue;
                };
                // The image may have been removed.
                let ranking = self.rank(&encoding.embedding).map(Rc::new);
                let _ = image.ranking.try_set(ranking);
                if slice.yield_if_over().await && !request.is_latest() {
                    return;
                }
            }
            self.images.rankings_done.update(|count| *count += 1);
        });
    }
}
