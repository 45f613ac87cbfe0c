//! Every law on the same points, ranked by the error on runs that it does not see.

use super::{Shown, when_fitted};
use crate::analysis::Series;
use crate::analysis::validation::{HoldOut, LawScore, Validation};
use crate::page::choice::radios;
use crate::page::explore::series_name as name;
use crate::page::list;
use crate::page::table::{or_dash, table};
use crate::page::work::{Progress, Work};
use crate::text::number;
use leptos::prelude::*;
use refit_fit::Fit;
use refit_fit::law::Form;

/// What is held out, in the order of [`hold_out`].
const UNSEEN: [&str; 3] = [
    "the runs of most compute",
    "one model at a time",
    "one number of samples at a time",
];

fn hold_out(unseen: usize, shown: &Shown, series: &Series) -> Option<HoldOut> {
    match unseen {
        0 => HoldOut::beyond(&shown.analysis, series, &shown.data.rows),
        1 => Some(HoldOut::Models),
        _ => Some(HoldOut::Scales),
    }
}

#[component]
pub fn OtherLaws(shown: Memo<Option<Shown>>) -> impl IntoView {
    let unseen = RwSignal::new(0);
    // With what there is to know about them.
    let scores = RwSignal::new(Vec::<(Vec<LawScore>, Vec<String>)>::new());
    let work = Work::new();
    when_fitted(shown, move |shown| {
        scores.set(Vec::new());
        let Some(shown) = shown else {
            return;
        };
        let task: Vec<Validation> = (shown.outcome.series.iter())
            .filter_map(|series| {
                let hold_out = hold_out(unseen.get(), &shown, series)?;
                let rows = &shown.data.rows;
                Some(Validation::new(&shown.analysis, series, rows, hold_out))
            })
            .collect();
        work.start("refit:validate", task, move |task| {
            scores.set(task.iter().map(|v| (v.scores(), v.notes())).collect());
        });
    });
    view! {
        <p>
            "A law can only be trusted beyond the data as far as it predicts what it has not seen. Held out, with the frontier taken anew without them:"
        </p>
        {radios("Held out", &UNSEEN, unseen)}
        <Progress work what="fits" />
        {move || {
            let shown = shown.get()?;
            let series = shown.outcome.series.iter().zip(scores.get());
            Some(list(series.map(|(series, (scores, notes))| {
                        let beyond = match hold_out(unseen.get(), &shown, series) {
                            Some(HoldOut::Beyond(limit)) => {
                                let unit = shown.analysis.study().compute_unit();
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
            "RMS and mean in percentage points of the error, observed less predicted: a positive mean says that the law was too optimistic. AICc and BIC of the fit to all points; lower is better, and only criteria of the same points and loss compare."
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
