//! The tooltip of the run under the pointer or the keyboard's focus.

use super::name;
use super::state::FigureState;
use crate::figure::Dot;
use crate::page::explore::CurrentAnalysis;
use crate::page::{data, list, location};
use crate::study::checkpoint;
use crate::study::training::settings;
use crate::study::{Study, names};
use crate::text::number;
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
    // Those that the page can run, fetched with the first tooltip.
    let checkpoints = RwSignal::new(None::<String>);
    let load_checkpoints = move || {
        if checkpoints.with_untracked(Option::is_some) {
            return;
        }
        checkpoints.set(Some(String::new()));
        leptos::task::spawn_local(async move {
            // Where this fails, the tooltip offers none.
            if let Ok(all) = data::checkpoints_file().await {
                checkpoints.try_set(Some(all));
            }
        });
    };
    let tooltip = move || {
        let key = figure.focus.get()?;
        let dot = figure
            .picture
            .with(|p| p.as_ref()?.0.dots.get(key).cloned())?;
        let (x, y, left) = figure.layout.with(|l| {
            let l = l.as_ref()?;
            let (x, y) = l.pixel(dot.x, dot.error)?;
            Some((x, y, x > l.width / 2.0))
        })?;
        let run = figure.current.with(|s| {
            let s = s.as_ref()?;
            let row = s.data.rows.get(dot.row)?;
            load_checkpoints();
            checkpoints.with(|file| {
                let id = checkpoint::id_of(file.as_ref()?, s.analysis.study(), row)?;
                Some(location::model_link(id))
            })
        });
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

/// `training`: the file of the study's hyperparameters, once loaded.
fn lines(current: &CurrentAnalysis, dot: &Dot, training: Option<&str>) -> Option<Vec<String>> {
    let series = current.outcome.series.get(dot.series)?;
    let m = current.data.rows.get(dot.row)?;
    let mut lines = vec![
        names::run(series.study, m),
        format!("{}, {}", name(series), dot.role.title()),
    ];
    if !m.samples.is_empty() {
        lines.push(format!("{} samples seen", m.samples));
    }
    lines.extend(training.and_then(|file| settings(file, &m.run)));
    let analysis = &current.analysis;
    let compute = m
        .compute
        .map(|compute| format!("{} {}", number(compute), series.study.head().compute_unit));
    lines.extend(compute);
    let unit = analysis.loss_unit();
    lines.push(unit.line(dot.error));
    if let Ok(fit) = &series.fit {
        let residual = dot.error - fit.law.value(&fit.parameters, dot.x);
        lines.push(format!(
            "residual {} {}",
            unit.difference(residual),
            unit.of_differences()
        ));
    }
    Some(lines)
}
