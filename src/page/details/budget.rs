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
use crate::text::{number, significant};
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
    // A name is of one family’s architectures, and their costs differ.
    let computes: Vec<f64> = current
        .outcome
        .series
        .iter()
        .filter_map(predicted)
        .map(|p| p.x)
        .collect();
    let is_one = computes.iter().all(|other| *other == compute);
    let name = at.split('=').next().unwrap_or(at).trim();
    let training = training_text(study, compute).filter(|_| is_one);
    let training = training.map(|text| format!(", {text}"));
    let each = current.outcome.series.iter();
    let each =
        each.filter_map(|s| Some(of_series(current, s, &predicted(s)?, checkpoints, is_one)));
    let verdict = verdict(current, i).map(|text| view! { <p>{text}</p> });
    view! {
        <p>
            <strong>{GpuTime::parse(name).map_or(name.to_owned(), |time| time.to_string())}</strong>
            {is_one.then(|| format!(": {} {}", number(compute), study.compute_unit))}
            {training}
        </p>
        <ul>{list(each)}</ul>
        {verdict}
    }
    .into_any()
}

/// Which of the series’ laws is lowest at a budget, and whether the intervals overlap.
fn verdict(current: &CurrentAnalysis, i: usize) -> Option<String> {
    let predictions = current.outcome.series.iter();
    let mut predictions: Vec<(&Series, &Prediction)> = predictions
        .filter_map(|s| Some((s, s.predictions.get(i)?.as_ref().ok()?)))
        .collect();
    predictions.sort_by(|a, b| a.1.error.total_cmp(&b.1.error));
    let [(best, first), (_, second), ..] = predictions[..] else {
        return None;
    };
    let overlap = match (first.high, second.low) {
        (Some(high), Some(low)) if high >= low => ", but the intervals overlap",
        (Some(_), Some(_)) => ", and the intervals do not overlap",
        _ => "",
    };
    let loss = current.analysis.loss_unit();
    Some(format!(
        "The law of {} is the lowest at the budget, by {:.2} {}{overlap}.",
        name(best),
        loss.scaled(second.error - first.error),
        loss.of_differences()
    ))
}

fn of_series(
    current: &CurrentAnalysis,
    series: &Series,
    predicted: &Prediction,
    checkpoints: &[PublishedCheckpoint],
    is_one: bool,
) -> AnyView {
    let (study, loss) = (series.study, current.analysis.loss_unit());
    let (rows, architectures) = (&current.data.rows, &current.data.architectures);
    let choice = Choice::of(series, rows, architectures, predicted.x);
    let released = nearest_checkpoint(checkpoints, series, rows, predicted.x);
    let better = choice
        .run_is_better(predicted.x, predicted.error)
        .then_some(", less than the law says for the budget");
    let beyond = choice.beyond.map(|times| {
        format!(
            " The budget is {} times the compute of the largest fitted run: an extrapolation.",
            significant(times, 2)
        )
    });
    let run = choice.run_text(study, loss);
    view! {
        <li>
            {name(series)}
            {(!is_one).then(|| format!(" at {} {}", number(predicted.x), study.compute_unit))}
            ": "
            {choice.model_text(study).map(|text| view! { <strong>{text}</strong> "; " })}
            {run
                .map(|run| {
                    format!(
                        "measured nearest to the budget, on the frontier: {run}{}. ",
                        better.unwrap_or_default(),
                    )
                })}
            {expected(predicted, loss)}
            "."
            {beyond}
            {released
                .map(|(checkpoint, point)| {
                    view! {
                        " Nearest released checkpoint: "
                        {format!(
                            "{}, {} {}{} (",
                            checkpoint.name(),
                            number(point.x),
                            study.compute_unit,
                            match predicted.x / point.x {
                                times if times > 2.0 => {
                                    format!(", {} times less than the budget", significant(times, 2))
                                }
                                _ => String::new(),
                            },
                        )}
                        <a href=model_link(&checkpoint.id)>"run it"</a>
                        ")."
                    }
                })}
        </li>
    }
    .into_any()
}

/// "The frontier’s law at the budget: error 21.40 % (19.20 % to 23.50 %)".
fn expected(predicted: &Prediction, loss: LossUnit) -> String {
    let interval = match (predicted.low, predicted.high) {
        (Some(low), Some(high)) => format!(" ({} to {})", loss.text(low), loss.text(high)),
        _ => String::new(),
    };
    let title = loss.title().to_ascii_lowercase();
    format!(
        "The frontier’s law at the budget: {title} {}{interval}",
        loss.text(predicted.error)
    )
}
