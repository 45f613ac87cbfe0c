//! What to train with a budget: for each prediction's compute, what the runs of each series call for.

use super::CurrentAnalysis;
use crate::analysis::budget::{Choice, nearest_checkpoint, training_text};
use crate::analysis::gpu_time::GpuTime;
use crate::analysis::{LossUnit, Series};
use crate::page::explore::series_name as name;
use crate::page::location::model_link;
use crate::page::{data, list};
use crate::study::checkpoint::PublishedCheckpoint;
use crate::study::select::Axis;
use crate::text::number;
use leptos::prelude::*;
use refit_fit::Prediction;

#[component]
pub fn Budget(current: Memo<Option<CurrentAnalysis>>) -> impl IntoView {
    let checkpoints = RwSignal::new(Vec::new());
    leptos::task::spawn_local(async move {
        // Where they do not arrive, none is named.
        if let Ok(all) = data::checkpoints().await {
            checkpoints.try_set(all);
        }
    });
    let answers = move || {
        let current = current.get().filter(|s| s.analysis.axis == Axis::Compute)?;
        let budgets = current.analysis.at.iter().enumerate();
        let budgets = budgets.map(|(i, at)| checkpoints.with(|all| answer(&current, i, at, all)));
        (!current.analysis.at.is_empty()).then(|| {
            view! {
                <h3>"What should I train?"</h3>
                {list(budgets)}
            }
        })
    };
    view! { <div class="budget">{answers}</div> }
}

/// Of one budget, the `i`-th of the predictions.
fn answer(
    current: &CurrentAnalysis,
    i: usize,
    at: &str,
    checkpoints: &[PublishedCheckpoint],
) -> AnyView {
    let study = current.analysis.study();
    let predicted = |series: &'_ Series| series.predictions.get(i).cloned()?.ok();
    let Some(compute) = current
        .outcome
        .series
        .iter()
        .find_map(predicted)
        .map(|p| p.x)
    else {
        return ().into_any();
    };
    let name = at.split('=').next().unwrap_or(at).trim();
    let training = training_text(study, compute).map(|text| format!(", {text}"));
    let each = current.outcome.series.iter();
    let each = each.filter_map(|s| Some(of_series(current, s, &predicted(s)?, checkpoints)));
    view! {
        <p>
            <strong>{GpuTime::parse(name).map_or(name.to_owned(), |time| time.to_string())}</strong>
            {format!(": {} {}", number(compute), study.compute_unit)}
            {training}
        </p>
        <ul>{list(each)}</ul>
    }
    .into_any()
}

fn of_series(
    current: &CurrentAnalysis,
    series: &Series,
    predicted: &Prediction,
    checkpoints: &[PublishedCheckpoint],
) -> AnyView {
    let (study, loss) = (series.study, current.analysis.loss_unit());
    let (rows, architectures) = (&current.data.rows, &current.data.architectures);
    let choice = Choice::of(series, rows, architectures, predicted.x);
    let released = nearest_checkpoint(checkpoints, series, rows, predicted.x);
    let beyond = choice
        .is_beyond
        .then_some(" The budget is beyond all of these runs: an extrapolation.");
    let run = choice.run_text(study, loss);
    view! {
        <li>
            {name(series)}
            ": "
            {choice.model_text(study).map(|text| view! { <strong>{text}</strong> "; " })}
            {expected(predicted, loss)}
            "."
            {beyond}
            {run.map(|run| format!(" Nearest run on the frontier: {run}."))}
            {released
                .map(|(checkpoint, point)| {
                    view! {
                        " Nearest released checkpoint: "
                        {format!(
                            "{}, {} {} (",
                            checkpoint.name(),
                            number(point.x),
                            study.compute_unit,
                        )}
                        <a href=model_link(&checkpoint.id)>"run it"</a>
                        ")."
                    }
                })}
        </li>
    }
    .into_any()
}

/// "expected error 21.40 % (19.20 % to 23.50 %)".
fn expected(predicted: &Prediction, loss: LossUnit) -> String {
    let interval = match (predicted.low, predicted.high) {
        (Some(low), Some(high)) => format!(" ({} to {})", loss.text(low), loss.text(high)),
        _ => String::new(),
    };
    let title = loss.title().to_ascii_lowercase();
    format!("expected {title} {}{interval}", loss.text(predicted.error))
}
