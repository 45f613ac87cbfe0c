//! The table of the studies' checkpoints, and the one that is recommended.

use super::catalogue::{Catalogue, CheckpointWithResults, checkpoints_with_results, recommended};
use super::download::{Offer, load_or_download};
use super::filter::{self, Filter};
use crate::page::models::session::{Purpose, Session};
use crate::page::{data, list, table};
use crate::study::checkpoint::PublishedCheckpoint;
use crate::text::{number, percent};
use leptos::prelude::*;
use std::sync::Arc;

/// The checkpoint that the address names; otherwise the recommended one.
#[component]
pub(super) fn Suggested(session: Session, catalogue: Catalogue) -> impl IntoView {
    move || {
        let all = catalogue.get()?.ok()?;
        session.model.requested.with(|id| {
            let of_link = all.iter().find(|l| Some(&l.checkpoint.id) == id.as_ref());
            let of_link = of_link.map(|listed| suggestion(session, "From the link", "", listed));
            let reason =
                " The fastest of the models that a study measured and whose licence is stated.";
            of_link
                .or(recommended(&all)
                    .map(|listed| suggestion(session, "Recommended", reason, listed)))
        })
    }
}

#[component]
pub(super) fn PublishedCheckpoints(session: Session, catalogue: Catalogue) -> impl IntoView {
    move || match catalogue.get() {
        None => view! { <p class="waiting">"Loading the list…"</p> }.into_any(),
        Some(Err(error)) => view! { <p class="error">{error.to_string()}</p> }.into_any(),
        Some(Ok(all)) => listing(session, &all),
    }
}

fn listing(session: Session, all: &Arc<Vec<CheckpointWithResults>>) -> AnyView {
    let requested = session.model.requested;
    let is_listed = |id: &String| all.iter().any(|listed| listed.checkpoint.id == *id);
    let is_unknown = requested.with(|id| id.as_ref().is_some_and(|id| !is_listed(id)));
    let filter = Filter::new();
    let shown = {
        let all = all.clone();
        Memo::new(move |_| {
            all.iter()
                .map(|listed| filter.shows(listed))
                .collect::<Vec<_>>()
        })
    };
    let count = move || shown.with(|shown| shown.iter().filter(|shown| **shown).count());
    let rows = all.iter().cloned().enumerate().map(|(i, listed)| {
        let is_hidden = move || shown.with(|shown| !shown[i]);
        row(session, listed, is_hidden)
    });
    let head = table::header_row(&["Model", "", "ImageNet-1k", "Compute", "Licence, source"]);
    let label = "Checkpoints of the studies";
    view! {
        <p class="error" hidden=!is_unknown>
            "The release does not say which run belongs to this point, so its checkpoint cannot be found. These can be loaded:"
        </p>
        <h3>"All models of the studies"</h3>
        {filter::fields(filter, all, count)}
        <div class="list">
            {table::scrolling(label, "numbers checkpoints", head, list(rows))}
        </div>
    }
    .into_any()
}

/// A checkpoint above the table, with what speaks for it.
fn suggestion(
    session: Session,
    heading: &'static str,
    reason: &str,
    listed: &CheckpointWithResults,
) -> AnyView {
    let accuracy = listed.results.map_or(String::new(), |(accuracy, _)| {
        format!(", {} on ImageNet-1k", percent(accuracy))
    });
    let licence = listed.checkpoint.licence.as_ref();
    let licence = licence.map_or(String::new(), |licence| format!(", {licence}"));
    let sentence = format!("{}{accuracy}{licence}.{reason}", listed.checkpoint.name());
    view! {
        <div class="suggested">
            <h3>{heading}</h3>
            <p>{sentence}</p>
            <p class="toolbar">{action(session, listed, true)}</p>
        </div>
    }
    .into_any()
}

/// The button that loads the recommended checkpoint.
#[component]
pub fn Recommended(session: Session) -> impl IntoView {
    let loaded = data::load(checkpoints_with_results);
    if session.downloads.cache.with_untracked(Option::is_none) {
        session.downloads.read_cache();
    }
    let button = move || match loaded.get() {
        None => Some(view! { <span class="waiting">"Looking for a model…"</span> }.into_any()),
        Some(Err(error)) => {
            Some(view! { <span class="error">{error.to_string()}</span> }.into_any())
        }
        Some(Ok(all)) => {
            let button = recommended(&all).map(|listed| action(session, listed, true));
            button.map(IntoAny::into_any)
        }
    };
    view! { <p class="toolbar">{button}</p> }
}

fn row(
    session: Session,
    listed: CheckpointWithResults,
    is_hidden: impl Fn() -> bool + Send + Sync + 'static,
) -> AnyView {
    let action = action(session, &listed, false);
    let CheckpointWithResults {
        checkpoint,
        results,
        ..
    } = listed;
    let id = checkpoint.id.clone();
    let is_requested = move || {
        let requested = session.model.requested;
        requested.with(|requested| requested.as_ref() == Some(&id))
    };
    let unit = checkpoint
        .study
        .map_or("", |study| &study.head().compute_unit);
    let accuracy = results.map_or("not measured".to_owned(), |(accuracy, _)| percent(accuracy));
    let compute = results.map_or("–".to_owned(), |(_, compute)| {
        format!("{} {unit}", number(compute))
    });
    let licence = checkpoint.licence.as_deref().unwrap_or("not specified");
    let licence = format!("{licence}, see ");
    let format = match checkpoint.address.ends_with(".pt") {
        true => "",
        false => " (safetensors)",
    };
    view! {
        <tr
            data-id=checkpoint.id.clone()
            aria-current=move || is_requested().then_some("true")
            hidden=is_hidden
        >
            <th scope="row">{checkpoint.name()} {format}</th>
            <td>
                <span>{action}</span>
            </td>
            <td data-label="ImageNet-1k">{accuracy}</td>
            <td data-label="Compute">{compute}</td>
            <td data-label="Licence">
                {licence} <a href=checkpoint.source.clone()>"Hugging Face"</a>
            </td>
        </tr>
    }
    .into_any()
}

/// The button that loads a checkpoint from the cache, or downloads it; it names the model where
/// nothing beside it does.
fn action(
    session: Session,
    listed: &CheckpointWithResults,
    names_model: bool,
) -> impl Fn() -> AnyView + Send + 'static {
    let PublishedCheckpoint { id, address, .. } = listed.checkpoint.clone();
    let offer = Offer {
        name: listed.checkpoint.name(),
        short_name: names_model.then(|| listed.short_name()),
        address,
        bytes: listed.bytes,
        purpose: Purpose::Run,
    };
    let request = move || session.request_checkpoint(Some(id.clone()));
    load_or_download(session, offer, request)
}
