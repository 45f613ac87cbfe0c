//! What is known about the run under the pointer or the keyboard's focus.

use super::{Figure, name};
use crate::figure::Dot;
use crate::page::explore::Shown;
use crate::page::{data, list, location};
use crate::study::checkpoint::PublishedCheckpoint;
use crate::study::training::settings;
use crate::study::{Study, names};
use crate::text::{number, percent};
use leptos::prelude::*;

#[component]
pub fn Card(figure: Figure) -> impl IntoView {
    // Asked for when the first run with a name is looked at.
    let training = RwSignal::new(None::<(Study, String)>);
    let asked = StoredValue::new(None::<Study>);
    let ask = move |study: Study| {
        if asked.get_value() == Some(study) {
            return;
        }
        asked.set_value(Some(study));
        leptos::task::spawn_local(async move {
            // Without it the card says less.
            if let Ok(file) = data::training(study).await {
                training.try_set(Some((study, file)));
            }
        });
    };
    let card = move || {
        let key = figure.focus.get()?;
        let dot = figure
            .picture
            .with(|p| p.as_ref()?.dots.get(key).cloned())?;
        let (x, y, left) = figure.layout.with(|l| {
            let l = l.as_ref()?;
            let (x, y) = l.pixel(dot.x, dot.error)?;
            Some((x, y, x > l.width / 2.0))
        })?;
        let run = figure.shown.with(|s| run(s.as_ref()?, &dot));
        let lines = figure.shown.with(|s| {
            let (s, study) = s.as_ref().map(|s| (s, s.analysis.study()))?;
            if s.data.rows.get(dot.row).is_some_and(|m| !m.run.is_empty()) {
                ask(study);
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
                    class="card"
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
        <div class="card-place" aria-live="polite">
            {card}
        </div>
    }
}

/// Where the checkpoint behind a point can be run.
fn run(shown: &Shown, dot: &Dot) -> Option<String> {
    let row = shown.data.rows.get(dot.row)?;
    PublishedCheckpoint::id_of(shown.analysis.study(), row).map(|id| location::run(&id))
}

/// `training`: what the study's runs were trained with, where it is there.
fn lines(shown: &Shown, dot: &Dot, training: Option<&str>) -> Option<Vec<String>> {
    let series = shown.outcome.series.get(dot.series)?;
    let m = shown.data.rows.get(dot.row)?;
    let mut lines = vec![
        names::run(m),
        format!("{}, {}", name(series), dot.role.title()),
    ];
    if !m.samples.is_empty() {
        lines.push(format!("{} samples seen", m.samples));
    }
    lines.extend(training.and_then(|file| settings(file, &m.run)));
    let unit = shown.analysis.study().compute_unit();
    lines.push(format!("{} {unit}", number(m.compute)));
    lines.push(format!(
        "error {}, metric {}",
        percent(dot.error),
        percent(1.0 - dot.error)
    ));
    if let Ok(fit) = &series.fit {
        let residual = dot.error - fit.law.value(&fit.parameters, dot.x);
        let text = format!("{:+.2} percentage points from the law", 100.0 * residual);
        lines.push(text.replace('-', "−"));
    }
    Some(lines)
}
