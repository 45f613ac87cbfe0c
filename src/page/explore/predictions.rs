//! What the laws say at a compute that the reader types.

use super::Shown;
use super::coefficients::name;
use crate::analysis::{MOST_TARGETS, Series, TargetError, target};
use crate::page::list;
use crate::page::location::Location;
use crate::text::{number, percent};
use leptos::prelude::*;
use refit_fit::Prediction;

#[component]
pub fn Predictions(shown: Memo<Option<Shown>>) -> impl IntoView {
    let location = expect_context::<Location>();
    let typed = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let add = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let text = typed.get_untracked().trim().to_owned();
        match shown.with_untracked(|s| check(s.as_ref(), &text)) {
            Ok(()) => {
                location.change(|a| {
                    a.at.retain(|at| *at != text);
                    a.at.push(text);
                });
                wrong.set(None);
                typed.set(String::new());
            }
            Err(sentence) => wrong.set(Some(sentence)),
        }
    };
    view! {
        <section aria-labelledby="predictions-title">
            <h2 id="predictions-title">"Predictions"</h2>
            <form class="predict" on:submit=add>
                <label>
                    <span>"At a compute, or a model and its samples"</span>
                    <input
                        name="Predict at"
                        autocomplete="off"
                        placeholder="2.14e12 or ViT-L-14 at 12.8B"
                        prop:value=typed
                        on:input:target=move |event| typed.set(event.target().value())
                        aria-describedby="predict-error"
                    />
                </label>
                <button type="submit">"Predict"</button>
            </form>
            <p id="predict-error" class="error" role="alert" hidden=move || wrong.with(Option::is_none)>
                {move || wrong.get()}
            </p>
            {move || {
                shown
                    .get()
                    .filter(|s| !s.analysis.at.is_empty())
                    .map(|s| table(&s, location).into_any())
            }}
        </section>
    }
}

/// Whether at least one series can be predicted there.
fn check(shown: Option<&Shown>, text: &str) -> Result<(), String> {
    let Some(shown) = shown else {
        return Err("The measurements have not arrived yet.".to_owned());
    };
    if shown.analysis.at.len() >= MOST_TARGETS {
        return Err(format!(
            "A view holds {MOST_TARGETS} predictions; take one out first."
        ));
    }
    let mut first = None;
    for series in &shown.outcome.series {
        let (axis, study) = (shown.analysis.axis, shown.analysis.study());
        let architectures = &shown.data.architectures;
        match target(text, axis, study, &series.family, architectures) {
            Ok(_) => return Ok(()),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.map_or("No series is shown.".to_owned(), |e| e.to_string()))
}

fn table(shown: &Shown, location: Location) -> impl IntoView + use<> {
    let unit = shown.analysis.unit();
    let interval = format!(
        "Interval: {}",
        crate::analysis::interval_title(shown.analysis.interval)
    );
    let rows = shown.analysis.at.iter().enumerate().flat_map(|(i, at)| {
        let series = shown.outcome.series.iter();
        series.filter_map(move |s| Some((at, s, s.predictions.get(i)?)))
    });
    let rows = rows.map(|(at, series, prediction)| row(at, series, prediction, location));
    view! {
        // Focusable, so that a keyboard can scroll it.
        <div class="scroll" tabindex="0" role="group" aria-label="Predictions">
            <table class="numbers">
                <thead>
                    <tr>
                        <th scope="col">"At"</th>
                        <th scope="col">"Series"</th>
                        <th scope="col">{unit}</th>
                        <th scope="col">"Error"</th>
                        <th scope="col">{interval}</th>
                        <th scope="col">"Metric"</th>
                        <th scope="col">
                            <span class="sr-only">"Remove"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{list(rows)}</tbody>
            </table>
        </div>
    }
}

fn row(
    at: &str,
    series: &Series,
    prediction: &Result<Prediction, TargetError>,
    location: Location,
) -> impl IntoView + use<> {
    let (text, gone) = (at.to_owned(), at.to_owned());
    let numbers = match prediction {
        Ok(p) => {
            let interval = match (p.low, p.high) {
                (Some(low), Some(high)) => format!("{} to {}", percent(low), percent(high)),
                // The law's section says why.
                _ if series.fit.as_ref().is_ok_and(|f| !f.delta_method_holds()) => "–".to_owned(),
                _ => "too few points".to_owned(),
            };
            view! {
                <td>{number(p.x)}</td>
                <td>{percent(p.error)}</td>
                <td>{interval}</td>
                <td>{percent(1.0 - p.error)}</td>
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
            <th scope="row">{text.clone()}</th>
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
