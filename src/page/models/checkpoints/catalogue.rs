//! The studies' checkpoints with their results.

use super::cached::load_cached;
use super::download::download_button;
use crate::page::models::choice::key;
use crate::page::models::session::{Purpose, Session};
use crate::page::{data, list, table};
use crate::study::checkpoint::PublishedCheckpoint;
use crate::study::{DataError, Study};
use crate::text::{number, percent};
use leptos::prelude::*;
use std::sync::Arc;

/// A checkpoint with its results in the study.
#[derive(Clone)]
pub struct CheckpointWithResults {
    pub checkpoint: PublishedCheckpoint,
    /// Top-1 accuracy on ImageNet-1k, and compute in the study's unit.
    pub results: Option<(f64, f64)>,
    /// Bytes of its weights as float32, from its number of parameters.
    pub bytes: u64,
}

pub async fn checkpoints_with_results() -> Result<Arc<Vec<CheckpointWithResults>>, DataError> {
    let checkpoints = data::checkpoints().await?;
    let mut tables = Vec::new();
    // A checkpoint's study measured it in its first table.
    for study in Study::bundled() {
        let listed = checkpoints.iter().any(|c| c.study == Some(study));
        if let (true, Some(table)) = (listed, study.tables().next()) {
            tables.push((study, data::bundled(table).await?));
        }
    }
    let list = checkpoints.into_iter().map(|checkpoint| {
        let results = tables.iter().find_map(|(study, (rows, _))| {
            let row = rows.iter().find(|row| {
                row.dataset == "imagenet1k" && row.metric == "acc1" && checkpoint.is_of(*study, row)
            })?;
            Some((row.value, row.compute?))
        });
        let mut architectures = tables
            .iter()
            .flat_map(|(_, (_, architectures))| architectures);
        let architecture = architectures
            .find(|a| a.family == checkpoint.family && a.name == checkpoint.architecture);
        CheckpointWithResults {
            results,
            bytes: architecture.map_or(0, |a| (4e6 * a.mparams[0]) as u64),
            checkpoint,
        }
    });
    Ok(Arc::new(list.collect()))
}

#[component]
pub(super) fn PublishedCheckpoints(session: Session) -> impl IntoView {
    let loaded = data::load(checkpoints_with_results);
    let table = move || match loaded.get() {
        None => view! { <p class="waiting">"Loading the list…"</p> }.into_any(),
        Some(Err(error)) => view! { <p class="error">{error.to_string()}</p> }.into_any(),
        Some(Ok(all)) => {
            let is_listed = |id: &String| all.iter().any(|listed| listed.checkpoint.id == *id);
            let is_unknown = session
                .model
                .requested
                .with(|id| id.as_ref().is_some_and(|id| !is_listed(id)));
            view! {
                <p class="error" hidden=!is_unknown>
                    "The release does not say which run belongs to this point, so its checkpoint cannot be found. These can be loaded:"
                </p>
                {checkpoint_table(session, &all)}
            }
            .into_any()
        }
    };
    view! {
        <h3>"From the studies"</h3>
        {table}
    }
}

fn checkpoint_table(session: Session, all: &[CheckpointWithResults]) -> AnyView {
    let head = table::header_row(&["Model", "", "ImageNet-1k", "Compute", "Licence, source"]);
    let rows = all.iter().cloned().map(|listed| row(session, listed));
    let label = "Checkpoints of the two studies";
    view! {
        <div class="list">
            {table::scrolling(label, "numbers checkpoints", head, list(rows))}
        </div>
    }
    .into_any()
}

fn row(session: Session, listed: CheckpointWithResults) -> AnyView {
    let CheckpointWithResults {
        checkpoint,
        results,
        bytes,
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
    let licence = checkpoint.licence.as_ref();
    let licence = licence.map_or("see ".to_owned(), |licence| format!("{licence}, see "));
    let format = match checkpoint.address.ends_with(".pt") {
        true => "",
        false => " (safetensors)",
    };
    view! {
        <tr data-id=checkpoint.id.clone() aria-current=move || is_requested().then_some("true")>
            <th scope="row">
                {checkpoint.name()} {format}
            </th>
            <td>
                <span>{action(session, &checkpoint, bytes)}</span>
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

/// The button that loads a cached checkpoint, or downloads it.
fn action(
    session: Session,
    checkpoint: &PublishedCheckpoint,
    bytes: u64,
) -> impl Fn() -> AnyView + Send + 'static {
    let (id, name) = (checkpoint.id.clone(), checkpoint.name());
    let address = checkpoint.address.clone();
    let key = key(&address);
    move || {
        let id = id.clone();
        let request = move || session.request_checkpoint(Some(id.clone()));
        let Some(cached) = session.downloads.cached(&key) else {
            let (name, address) = (name.clone(), address.clone());
            return download_button(session, name, address, bytes, Purpose::Run, request);
        };
        let load = move |_| {
            request();
            load_cached(session, &cached);
        };
        view! {
            <button type="button" on:click=load>
                "Load"
            </button>
        }
        .into_any()
    }
}
