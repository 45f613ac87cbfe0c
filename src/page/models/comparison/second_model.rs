//! Which model is the second: the page's own, one that is kept, a file of the reader's; and where
//! the one comes from that the address names, or that the study has beside the first.

use crate::page::data;
use crate::page::models::checkpoints::{Downloading, download, listed};
use crate::page::models::downloads::{Purpose, choice_of, key};
use crate::page::models::session::{Choice, Session};
use crate::study::checkpoint::{PublishedCheckpoint, sibling};
use leptos::prelude::*;

/// Models that can be taken beside the one that is there.
pub fn offered(session: Session) -> Vec<Choice> {
    let current = session.choice.with(|choice| choice.key.clone());
    let kept = session.cache.with(|cache| match cache {
        Some(Ok(cache)) => cache.kept.iter().map(choice_of).collect(),
        _ => Vec::new(),
    });
    let is_own = current == Choice::own().key || current == Choice::own_mammut().key;
    let own = [Choice::own_mammut(), Choice::own()];
    let uncached_second = session.uncached_second.get().into_iter();
    // A model of the studies beside one of its kind, the small one beside its sibling.
    let all: Vec<Choice> = match is_own {
        true => own.into_iter().chain(kept).chain(uncached_second).collect(),
        false => uncached_second.chain(kept).chain(own).collect(),
    };
    all.into_iter().filter(|c| c.key != current).collect()
}

/// A checkpoint that belongs beside the first.
#[derive(Clone, PartialEq)]
pub enum Companion {
    /// The address names it.
    Named(PublishedCheckpoint),
    /// The same scale on the same data, of the other family.
    Counterpart(PublishedCheckpoint),
    /// The address names what nobody knows.
    Unknown(String),
}

impl Companion {
    pub fn of(
        checkpoints: &[PublishedCheckpoint],
        first: Option<&str>,
        named: Option<&str>,
    ) -> Option<Companion> {
        match named {
            Some(id) => Some(match checkpoints.iter().find(|c| c.id == id) {
                Some(named) => Companion::Named(named.clone()),
                None => Companion::Unknown(id.to_owned()),
            }),
            None => sibling(checkpoints, first?).map(|c| Companion::Counterpart(c.clone())),
        }
    }

    pub fn checkpoint(&self) -> Option<&PublishedCheckpoint> {
        match self {
            Companion::Named(checkpoint) | Companion::Counterpart(checkpoint) => Some(checkpoint),
            Companion::Unknown(_) => None,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Companion::Named(named) => {
                format!("This address asks for a second model: {}.", named.name())
            }
            Companion::Counterpart(counterpart) => format!(
                "Its counterpart in the study, the same scale on the same data: {}.",
                counterpart.name()
            ),
            Companion::Unknown(id) => format!(
                "This address asks for a second model, “{id}”, that this page does not know; take another."
            ),
        }
    }
}

/// Names it, and downloads it where it is not kept.
#[component]
pub fn Offer(session: Session, companion: Companion) -> impl IntoView {
    let sentence = companion.sentence();
    let checkpoint = companion.checkpoint().cloned();
    let id = checkpoint.as_ref().map(|checkpoint| checkpoint.id.clone());
    view! {
        <p class="counterpart" data-id=id>
            {sentence}
            " "
            {checkpoint.map(|checkpoint| view! { <Fetched session checkpoint /> })}
        </p>
        <Downloading session purpose=Purpose::Beside />
    }
}

/// Whether it is kept, else a button that names size and host.
#[component]
fn Fetched(session: Session, checkpoint: PublishedCheckpoint) -> impl IntoView {
    let loaded = data::load(listed);
    let own = key(&checkpoint.address);
    move || {
        let is_kept = session.cache.with(|cache| match cache {
            Some(Ok(cache)) => cache.kept.iter().any(|kept| kept.key == own),
            _ => false,
        });
        let is_first = session.choice.with(|choice| choice.key == own);
        let is_coming = session.download.with(|download| {
            let coming = download.as_ref();
            coming.is_some_and(|d| d.key == own && d.purpose == Purpose::Beside)
        });
        if is_first || is_coming {
            return ().into_any();
        }
        if is_kept {
            return "It is kept on this device.".into_any();
        }
        let bytes = match loaded.get() {
            Some(Ok(all)) => {
                let listed = all.iter().find(|l| l.checkpoint.id == checkpoint.id);
                listed.map_or(0, |listed| listed.bytes)
            }
            Some(Err(_)) => 0,
            // The button names the size.
            None => return ().into_any(),
        };
        let (name, address) = (checkpoint.name(), checkpoint.address.clone());
        download(session, name, address, bytes, Purpose::Beside, || ())
    }
}
