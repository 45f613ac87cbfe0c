//! What the reader's heads say of the pairs' images.

use super::{PairSet, Session};
use crate::page::latest::Latest;
use crate::page::work::TimeSlice;
use crate::pairs::told;
use crate::teach::head_sentence;
use leptos::prelude::*;
use refit_clip::{Classes, Head};
use refit_pairs::Told;
use std::rc::Rc;
use std::sync::Arc;

/// For each pair what a head says, or why it cannot; `None` before it is asked, and meanwhile.
pub type HeadAnswer = Option<Result<Rc<Vec<Told>>, String>>;

#[derive(Clone, Copy)]
pub struct HeadAnswers {
    all: RwSignal<Vec<(Arc<Head>, HeadAnswer)>, LocalStorage>,
    /// Those of another set are none.
    sets: Latest,
}

impl HeadAnswers {
    pub(super) fn new() -> HeadAnswers {
        HeadAnswers {
            all: RwSignal::new_local(Vec::new()),
            sets: Latest::new(),
        }
    }

    pub(super) fn clear(self) {
        self.sets.cancel();
        self.all.set(Vec::new());
    }

    /// What a head says; tracked.
    pub fn of(self, head: &Arc<Head>) -> HeadAnswer {
        self.all.with(|all| {
            let found = all.iter().find(|(other, _)| Arc::ptr_eq(other, head));
            found.and_then(|(_, answer)| answer.clone())
        })
    }
}

impl Session {
    /// Asks a head about each image of a set, unless it was asked before.
    pub fn ask_head(self, set: Rc<PairSet>, head: Arc<Head>) {
        let answers = self.pairing.heads;
        let is_it = |(other, _): &(Arc<Head>, HeadAnswer)| Arc::ptr_eq(other, &head);
        if answers.all.with_untracked(|all| all.iter().any(is_it)) {
            return;
        }
        answers.all.update(|all| all.push((head.clone(), None)));
        let request = answers.sets.current();
        leptos::task::spawn_local(async move {
            let told = match head.classes(set.width) {
                Ok(classes) => Ok(Rc::new(all_told(&set, &classes).await)),
                Err(error) => Err(head_sentence(&error)),
            };
            if request.is_latest() {
                answers.all.update(|all| {
                    let mut all = all.iter_mut();
                    if let Some((_, answer)) = all.find(|(other, _)| Arc::ptr_eq(other, &head)) {
                        *answer = Some(told);
                    }
                });
            }
        });
    }
}

async fn all_told(set: &PairSet, classes: &Classes) -> Vec<Told> {
    let (mut slice, mut all) = (TimeSlice::new(), Vec::with_capacity(set.len()));
    for i in 0..set.len() {
        all.push(told(classes, set.vector(i)));
        slice.yield_if_over().await;
    }
    all
}
