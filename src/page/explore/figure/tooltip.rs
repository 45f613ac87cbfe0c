//! The tooltip of the run under the pointer or the keyboard's focus.

use super::name;
use super::state::FigureState;
use crate::figure::Dot;
use crate::page::explore::CurrentAnalysis;
use crate::page::{data, list, location};
use crate::study::checkpoint::PublishedCheckpoint;
use crate::study::training::settings;
use crate::study::{Study, names};
use crate::text::{number, percent};
use leptos::prelude::*;

#[component]
pub fn Tooltip(figure: FigureState) -> impl IntoView {
    // Fetched with the first run that has a name.
    let training = RwSignal::new(None::<(Study, String)>);
    let requested = StoredValue::new(None::<Study>);
    let load_training = move |study: Study| {
        if requested.get_value() == Some(study) {
            return;
        }
        requested.set_value(Some(study));
        leptos::task::spawn_local(async move {
            // Where this fails, the tooltip omits the hyperparameters.
            if let Ok(file) = data::training(study).await {
                training.try_set(Some((study, file)));
            }
        });
    };
    let tooltip = move || {
        let key = figure.focus.get()?;
        let dot = figure
            .picture
            .with(|p| p.as_ref()?.dots.get(key).cloned())?;
        let (x, y, left) = figure.layout.with(|l| {
            let l = l.as_ref()?;
            let (x, y) = l.pixel(dot.x, dot.error)?;
            Some((x, y, x > l.width / 2.0))
        })?;
        let run = figure.current.with(|s| run_link(s.as_ref()?, &dot));
        let lines = figure.current.with(|s| {
            let (s, study) = s.as_ref().map(|s| (s, s.analysis.study()))?;
            if s.data.rows.get(dot.row).is_some_and(|m| !m.run.is_empty()) {
                load_training(study);
            }
            training.with(|training| {
                let file = training.as_ref().filter(|t| t.0 == study);
                lines(s, &dot, file.map(|t| t.1.as_str()))
            })
        })?;
        let (title, rest) = lines.split_first()?;
        Some(
            view! {
                <div
                    class="tooltip"
                    class:left=left
                    class:pinned=move || figure.pinned.get()
                    style:left=format!("{x:.0}px")
                    style:top=format!("{y:.0}px")
                >
                    <strong>{title.clone()}</strong>
                    {list(rest.iter().map(|line| view! { <span>{line.clone()}</span> }))}
                    {run.map(|address| view! { <a href=address>"Run this checkpoint"</a> })}
                </div>
            }
            .into_any(),
        )
    };
    view! {
        <div class="tooltip-place" aria-live="polite">
            {tooltip}
        </div>
    }
}

/// Address that runs the checkpoint of a point.
fn run_link(current: &CurrentAnalysis, dot: &Dot) -> Option<String> {
    let row = current.data.rows.get(dot.row)?;
    PublishedCheckpoint::id_of(current.analysis.study(), row).map(|id| location::model_link(&id))
}

/// `training`: the file of the study's hyperparameters, once loaded.
fn lines(current: &CurrentAnalysis, dot: &Dot, training: Option<&str>) -> Option<Vec<String>> {
    let series = current.outcome.series.get(dot.series)?;
    let m = current.data.rows.get(dot.row)?;
    let mut lines = vec![
        names::run(m),
        format!("{}, {}", name(series), dot.role.title()),
    ];
    if !m.samples.is_empty() {
        lines.push(format!("{} samples seen", m.samples));
    }
    lines.extend(training.and_then(|file| settings(file, &m.run)));
    let unit = current.analysis.study().compute_unit();
    lines.push(format!("{} {unit}", number(m.compute)));
    lines.push(format!(
        "error {}, metric {}",
        percent(dot.error),
        percent(1.0 - dot.error)
    ));
    if let Ok(fit) = &series.fit {
        let residual = dot.error - fit.law.value(&fit.parameters, dot.x);
        let text = format!("residual {:+.2} percentage points", 100.0 * residual);
        lines.push(text.replace('-', "−"));
    }
    Some(lines)
}
