//! The second model: a bundled one, a cached one or a file; and a suggestion of the checkpoint that
//! the address names, or that is the first one's counterpart in the study.

use crate::page::data;
use crate::page::models::checkpoints::{
    ActiveDownload, Offer, checkpoints_with_results, download_button,
};
use crate::page::models::choice::{ModelChoice, key};
use crate::page::models::session::{Purpose, Session};
use crate::study::checkpoint::{PublishedCheckpoint, sibling};
use leptos::prelude::*;

/// The models that can be compared with the current one.
pub fn available(session: Session) -> Vec<ModelChoice> {
    let current = session.model.choice.with(|choice| choice.key.clone());
    let cached = session.downloads.cache.with(|cache| match cache {
        Some(Ok(cache)) => cache.checkpoints.iter().map(ModelChoice::cached).collect(),
        _ => Vec::new(),
    });
    let bundled = [ModelChoice::bundled_mammut(), ModelChoice::bundled_clip()];
    let is_bundled = bundled.iter().any(|choice| choice.key == current);
    let uncached = session.second.uncached.get().into_iter();
    // Models of the same kind come first.
    let all: Vec<ModelChoice> = match is_bundled {
        true => bundled.into_iter().chain(cached).chain(uncached).collect(),
        false => uncached.chain(cached).chain(bundled).collect(),
    };
    all.into_iter().filter(|c| c.key != current).collect()
}

#[derive(Clone, PartialEq)]
pub enum Suggestion {
    /// The address names it.
    Requested(PublishedCheckpoint),
    /// The same scale on the same data, of the other family.
    Counterpart(PublishedCheckpoint),
    /// The address names a checkpoint that is not in the list.
    Unknown(String),
}

impl Suggestion {
    pub fn find(
        checkpoints: &[PublishedCheckpoint],
        first: Option<&str>,
        requested: Option<&str>,
    ) -> Option<Suggestion> {
        match requested {
            Some(id) => Some(match checkpoints.iter().find(|c| c.id == id) {
                Some(checkpoint) => Suggestion::Requested(checkpoint.clone()),
                None => Suggestion::Unknown(id.to_owned()),
            }),
            None => sibling(checkpoints, first?).map(|c| Suggestion::Counterpart(c.clone())),
        }
    }

    pub fn checkpoint(&self) -> Option<&PublishedCheckpoint> {
        match self {
            Suggestion::Requested(checkpoint) | Suggestion::Counterpart(checkpoint) => {
                Some(checkpoint)
            }
            Suggestion::Unknown(_) => None,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Suggestion::Requested(checkpoint) => {
                format!("The link names a second model: {}.", checkpoint.name())
            }
            Suggestion::Counterpart(checkpoint) => format!(
                "The counterpart in the study (same scale, same data): {}.",
                checkpoint.name()
            ),
            Suggestion::Unknown(id) => format!(
                "The link names a second model, “{id}”, that this page does not know; choose another."
            ),
        }
    }
}

/// The suggestion, and a button that downloads it unless it is cached.
#[component]
pub fn SuggestedModel(session: Session, suggestion: Suggestion) -> impl IntoView {
    let sentence = suggestion.sentence();
    let checkpoint = suggestion.checkpoint().cloned();
    let id = checkpoint.as_ref().map(|checkpoint| checkpoint.id.clone());
    view! {
        <p class="counterpart" data-id=id>
            {sentence}
            " "
            {checkpoint.map(|checkpoint| view! { <Availability session checkpoint /> })}
        </p>
        <ActiveDownload session purpose=Purpose::Compare />
    }
}

#[component]
fn Availability(session: Session, checkpoint: PublishedCheckpoint) -> impl IntoView {
    let loaded = data::load(checkpoints_with_results);
    let key = key(&checkpoint.address);
    move || {
        let is_first = session.model.choice.with(|choice| choice.key == key);
        let is_downloading = session.downloads.current.with(|download| {
            let download = download.as_ref();
            download.is_some_and(|d| d.key == key && d.purpose == Purpose::Compare)
        });
        let is_cached = session.downloads.cached(&key).is_some();
        if is_first || is_downloading {
            return ().into_any();
        }
        if is_cached {
            return "It is cached on this device.".into_any();
        }
        let bytes = match loaded.get() {
            Some(Ok(all)) => {
                let listed = all.iter().find(|l| l.checkpoint.id == checkpoint.id);
                listed.map_or(0, |listed| listed.bytes)
            }
            Some(Err(_)) => 0,
            // The button waits for the size.
            None => return ().into_any(),
        };
        let offer = Offer {
            name: checkpoint.name(),
            short_name: None,
            address: checkpoint.address.clone(),
            bytes,
            purpose: Purpose::Compare,
        };
        download_button(session, offer, || ())
    }
}
