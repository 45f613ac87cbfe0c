//! Predictions of the laws at targets that the reader enters.

use super::CurrentAnalysis;
use super::budget::Budget;
use crate::analysis::{
    Analysis, LossUnit, MOST_TARGETS, Series, TargetError, gpu_time, interval_title, target,
};
use crate::page::explore::series_name as name;
use crate::page::list;
use crate::page::location::Location;
use crate::page::messages::error_if_any;
use crate::page::table::{header_row, scrolling};
use crate::text::number;
use leptos::prelude::*;
use refit_fit::Prediction;

#[component]
pub fn Predictions(current: Memo<Option<CurrentAnalysis>>) -> impl IntoView {
    let location = expect_context::<Location>();
    let typed = RwSignal::new(String::new());
    let invalid = RwSignal::new(None::<String>);
    let add = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let text = typed.get_untracked().trim().to_owned();
        let study = location.analysis.with_untracked(Analysis::study);
        let text = gpu_time::as_target(&text, study).unwrap_or(text);
        match current.with_untracked(|s| check(s.as_ref(), &text)) {
            Ok(()) => {
                location.change(|a| {
                    a.at.retain(|at| *at != text);
                    a.at.push(text);
                });
                invalid.set(None);
                typed.set(String::new());
            }
            Err(sentence) => invalid.set(Some(sentence)),
        }
    };
    view! {
        <section aria-label="Predictions">
            <form class="predict" on:submit=add>
                <label>
                    <span>"Compute, time on GPUs, or model and samples"</span>
                    <input
                        name="Predict at"
                        autocomplete="off"
                        placeholder="2.14e12, 64 H100 for 48 h, or ViT-L-14 at 12.8B"
                        prop:value=typed
                        on:input:target=move |event| typed.set(event.target().value())
                        aria-describedby="predict-error"
                    />
                </label>
                <button type="submit">"Predict"</button>
            </form>
            <div id="predict-error">{error_if_any(invalid)}</div>
            {move || {
                current
                    .get()
                    .filter(|s| !s.analysis.at.is_empty())
                    .map(|s| table(&s, location))
            }}
            <Budget current />
        </section>
    }
}

/// Whether at least one series can be predicted there.
fn check(current: Option<&CurrentAnalysis>, text: &str) -> Result<(), String> {
    let Some(current) = current else {
        return Err("The measurements are still loading.".to_owned());
    };
    if current.analysis.at.len() >= MOST_TARGETS {
        return Err(format!(
            "There is room for {MOST_TARGETS} predictions. Remove one first."
        ));
    }
    let mut first = None;
    for series in &current.outcome.series {
        let (axis, study) = (current.analysis.axis, current.analysis.study());
        let architectures = &current.data.architectures;
        match target(text, axis, study, &series.family, architectures) {
            Ok(_) => return Ok(()),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.map_or("No series is selected.".to_owned(), |e| e.to_string()))
}

fn table(current: &CurrentAnalysis, location: Location) -> AnyView {
    let (unit, loss) = (current.analysis.unit(), current.analysis.loss_unit());
    let interval = format!("Interval: {}", interval_title(current.analysis.interval));
    let rows = current.analysis.at.iter().enumerate().flat_map(|(i, at)| {
        let series = current.outcome.series.iter();
        series.filter_map(move |s| Some((at, s, s.predictions.get(i)?)))
    });
    let rows = rows.map(|(at, series, prediction)| row(at, series, prediction, loss, location));
    let head = ["At", "Series", unit, loss.title(), &interval, "Metric", ""];
    scrolling("Predictions", "numbers", header_row(&head), list(rows))
}

fn row(
    at: &str,
    series: &Series,
    prediction: &Result<Prediction, TargetError>,
    loss: LossUnit,
    location: Location,
) -> impl IntoView + use<> {
    let (text, gone) = (at.to_owned(), at.to_owned());
    let numbers = match prediction {
        Ok(p) => {
            let interval = match (p.low, p.high) {
                (Some(low), Some(high)) => format!("{} to {}", loss.text(low), loss.text(high)),
                // The law's section explains why.
                _ if series.fit.as_ref().is_ok_and(|f| !f.delta_method_holds()) => "–".to_owned(),
                _ => "too few points".to_owned(),
            };
            view! {
                <td>{number(p.x)}</td>
                <td>{loss.text(p.error)}</td>
                <td>{interval}</td>
                <td>{loss.metric(p.error).unwrap_or("–".to_owned())}</td>
            }
            .into_any()
        }
        Err(error) => view! {
            <td colspan="4" class="error">
                {error.to_string()}
            </td>
        }
        .into_any(),
    };
    view! {
        <tr>
            // A name stands for its number, which has a column.
            <th scope="row">{text.split('=').next().unwrap_or_default().trim().to_owned()}</th>
            <td>{name(series)}</td>
            {numbers}
            <td>
                <button
                    type="button"
                    class="quiet"
                    aria-label=format!("Remove {text}")
                    on:click=move |_| location.change(|a| a.at.retain(|at| *at != gone))
                >
                    "×"
                </button>
            </td>
        </tr>
    }
}
