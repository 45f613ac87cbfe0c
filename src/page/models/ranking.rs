//! What the model says of each picture, worked out in turns: ten thousand pictures among a
//! thousand classes are seconds of work.

use super::session::{ImageState, Picture, Session};
use crate::page::work::yield_now;
use leptos::prelude::*;
use refit_clip::Classes;
use std::rc::Rc;

/// Classes that are kept of a picture.
pub const TOP: usize = 5;

/// A class and how well a picture agrees with it.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedClass {
    pub label: String,
    pub probability: f32,
    pub cosine: f32,
}

/// The likeliest classes of a picture, the likeliest first.
pub fn shares(session: Session, unit: &[f32]) -> Option<Vec<RankedClass>> {
    let scale = session.ready()?.scale;
    Some(ranked(&*session.classes.get_untracked()?, unit, scale))
}

/// The same of any model's classes.
pub fn ranked(classes: &Classes, unit: &[f32], scale: f32) -> Vec<RankedClass> {
    let cosines = classes.cosines(unit);
    let probabilities = classes.probabilities(unit, scale);
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    refit_fit::order::sort_by(&mut order, |a, b| {
        probabilities[*b].total_cmp(&probabilities[*a])
    });
    let share = |i: &usize| RankedClass {
        label: classes.labels[*i].clone(),
        probability: probabilities[*i],
        cosine: cosines[*i],
    };
    order.iter().take(TOP).map(share).collect()
}

impl Session {
    /// Ranks every picture that was seen: the classes are new.
    pub fn rank_all(self) {
        self.pictures.with_untracked(|all| {
            for picture in all {
                picture.said.set(None);
            }
        });
        self.rank_new();
    }

    /// Ranks the pictures that were seen and have no answer yet.
    pub fn rank_new(self) {
        let mine = self.rankings.get_value() + 1;
        self.rankings.set_value(mine);
        leptos::task::spawn_local(async move {
            let due = |picture: &Picture| {
                let is_due = picture.said.with_untracked(Option::is_none);
                is_due.then_some((picture.look, picture.said))
            };
            let due: Vec<_> = self
                .pictures
                .with_untracked(|all| all.iter().filter_map(due).collect());
            let mut began = refit_clip::browser::now();
            for (look, said) in due {
                let seen = look.try_with_untracked(|look| match look {
                    ImageState::Encoded(seen) => Some(seen.clone()),
                    _ => None,
                });
                let Some(seen) = seen.flatten() else { continue };
                // The picture may have been taken away.
                let _ = said.try_set(shares(self, &seen.0).map(Rc::new));
                if refit_clip::browser::now() - began > 10.0 {
                    yield_now().await;
                    began = refit_clip::browser::now();
                    if self.rankings.get_value() != mine {
                        return;
                    }
                }
            }
            self.rankings_done.update(|count| *count += 1);
        });
    }
}
