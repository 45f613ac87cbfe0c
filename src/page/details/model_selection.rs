//! Model selection: all laws, ranked by their error on held-out runs.

use super::{CurrentAnalysis, on_refit};
use crate::analysis::Series;
use crate::analysis::validation::{HoldOut, LawScore, Validation};
use crate::page::choice::radios;
use crate::page::explore::series_name as name;
use crate::page::list;
use crate::page::table::{or_dash, table};
use crate::page::work::{Progress, TaskRunner};
use crate::text::number;
use leptos::prelude::*;
use refit_fit::Fit;
use refit_fit::law::Form;

/// Ways to hold out runs, in the order of [`hold_out`].
const HOLD_OUTS: [&str; 3] = [
    "runs with the most compute",
    "one model at a time",
    "one sample count at a time",
];

fn hold_out(chosen: usize, current: &CurrentAnalysis, series: &Series) -> Option<HoldOut> {
    match chosen {
        0 => HoldOut::beyond(&current.analysis, series, &current.data.rows),
        1 => Some(HoldOut::Models),
        _ => Some(HoldOut::Scales),
    }
}

#[component]
pub fn ModelSelection(current: Memo<Option<CurrentAnalysis>>) -> impl IntoView {
    let chosen = RwSignal::new(0);
    // Scores and notes of each series.
    let scores = RwSignal::new(Vec::<(Vec<LawScore>, Vec<String>)>::new());
    let work = TaskRunner::new();
    on_refit(current, move |current| {
        scores.set(Vec::new());
        let Some(current) = current else {
            return;
        };
        let task: Vec<Validation> = (current.outcome.series.iter())
            .filter_map(|series| {
                let hold_out = hold_out(chosen.get(), &current, series)?;
                let rows = &current.data.rows;
                Some(Validation::new(&current.analysis, series, rows, hold_out))
            })
            .collect();
        work.start("refit:validate", task, move |task| {
            scores.set(task.iter().map(|v| (v.scores(), v.notes())).collect());
        });
    });
    view! {
        <p>
            "How well does each law predict runs that it was not fitted to? Held out, with the frontier recomputed without them:"
        </p>
        {radios("Held out", &HOLD_OUTS, chosen)}
        <Progress work what="fits" />
        {move || {
            let current = current.get()?;
            let series = current.outcome.series.iter().zip(scores.get());
            Some(list(series.map(|(series, (scores, notes))| {
                        let beyond = match hold_out(chosen.get(), &current, series) {
                            Some(HoldOut::Beyond(limit)) => {
                                let unit = &current.analysis.study().head().compute_unit;
                                format!(", runs beyond {} {unit} held out", number(limit))
                            }
                            _ => String::new(),
                        };
                        view! {
                            <h3>{name(series)} {beyond}</h3>
                            {ranking(&scores)}
                            <p class="aside">{notes.join(" ")}</p>
                        }
                    })))
        }}
        <p class="aside">
            "RMS and mean of observed − predicted error in percentage points; with a positive mean the law was too optimistic. AICc and BIC are of the fit to all points: lower is better, comparable only for the same points and loss."
        </p>
    }
}

fn ranking(scores: &[LawScore]) -> AnyView {
    let text =
        |v: Option<f64>, scale: f64| or_dash(v, |v| format!("{:.2}", scale * v).replace('-', "−"));
    let rows = scores.iter().map(|s| {
        let fit = s.fit.as_ref().ok();
        vec![
            format!("{}, {}", s.law.title(), s.law.plain()),
            s.points.to_string(),
            text(s.root_mean_square, 100.0),
            text(s.mean, 100.0),
            text(fit.and_then(Fit::aicc), 1.0),
            text(fit.and_then(Fit::bic), 1.0),
        ]
    });
    let head = ["Law", "Points scored", "RMS, pp", "Mean, pp", "AICc", "BIC"];
    table(None, &head, rows.collect())
}
