//! `refit fit`: one analysis, fitted.

use crate::say;
use crate::select::{Selected, Selection, name};
use refit::analysis::budget::Choice;
use refit::analysis::gpu_time::training_flops;
use refit::analysis::{
    Analysis, NO_DELTA_METHOD, Series, WEIGHTED, authors_optimiser, interval_title, why_not_fitted,
};
use refit::study::select::Axis;
use refit::text;
use refit_fit::law::Form;
use refit_fit::multistart::Best;
use refit_fit::profile::{self, End, Profile};
use refit_fit::{Interval, Prediction, Status, Task};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Also run the comparison study's optimiser
    #[arg(long)]
    released_search: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output {
    /// Runs up to the threshold.
    points: usize,
    frontier_points: usize,
    held_out: usize,
    /// From the smallest to the largest x, and the lowest error, of all measurements.
    range: Option<(f64, f64)>,
    least_error: f64,
    law: &'static str,
    loss: String,
    objective: f64,
    parameters: BTreeMap<&'static str, f64>,
    standard_errors: BTreeMap<&'static str, Option<f64>>,
    /// 95 % intervals by the profile of the objective, where it is a sum of squares.
    profile: Option<BTreeMap<&'static str, profile::ProfileInterval>>,
    /// In the order of the law's parameters.
    correlations: Option<Vec<Vec<Option<f64>>>>,
    mse: f64,
    aicc: Option<f64>,
    bic: Option<f64>,
    /// The points count by the inverse of their variances.
    weighted: bool,
    /// Share of the points in the linear zone of Huber's loss.
    linear_zone: Option<f64>,
    /// Under binomial weights: how many times as far the points lie as their noise explains.
    scatter: Option<f64>,
    status: Status,
    predictions: Vec<Prediction>,
    /// What to train with each prediction's compute, where that is the axis.
    budgets: Vec<Budget>,
    released_search: Option<Best>,
}

/// What to train with a budget: as the page says it ([`Choice`]).
#[derive(Serialize)]
struct Budget {
    /// In the study's unit.
    compute: f64,
    /// The same as floating-point operations of training.
    training_flops: Option<f64>,
    architecture: Option<String>,
    /// That the budget buys, and that the Pareto set's power law asks for.
    samples: Option<f64>,
    optimal_samples: Option<f64>,
    model: Option<String>,
    nearest_run: Option<String>,
}

impl Budget {
    fn of(selected: &Selected, series: &Series, compute: f64) -> Budget {
        let choice = Choice::of(series, selected.rows(), selected.architectures(), compute);
        Budget {
            compute,
            training_flops: training_flops(series.study).map(|unit| unit * compute),
            architecture: choice
                .model
                .map(|(architecture, _)| architecture.name.clone()),
            samples: choice.model.map(|(_, samples)| samples),
            optimal_samples: choice.optimal_samples,
            model: choice.model_text(series.study),
            nearest_run: choice.run_text(series.study, selected.analysis.loss_unit()),
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let selected = Selected::new(&arguments.selection, Some(1))?;
    let series = &selected.outcome.series[0];
    let fit = series.fit.as_ref().map_err(why_not_fitted)?;
    let points = series.fitted();
    let predictions = series
        .predictions
        .iter()
        .cloned()
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| e.to_string())?;
    let budgets = match selected.analysis.axis {
        Axis::Compute => {
            let each = predictions.iter();
            each.map(|p| Budget::of(&selected, series, p.x)).collect()
        }
        _ => Vec::new(),
    };
    let names = fit.law.parameters().iter().map(|p| p.name);
    let profile = Profile::new(fit, &points).map(Task::finish);
    let released_search = match arguments.released_search {
        true => {
            let search =
                authors_optimiser::search(fit.law, &points.x, &points.y).ok_or_else(|| {
                    format!("the study did not fit laws of the form {}", fit.law.plain())
                })?;
            authors_optimiser::found(&search.finish())
        }
        false => None,
    };
    let output = Output {
        points: series.points.len(),
        frontier_points: series.frontier.len(),
        held_out: series.held_out.len(),
        range: selected.outcome.range(),
        least_error: series
            .measured()
            .map(|p| p.error)
            .fold(f64::INFINITY, f64::min),
        law: fit.law.id(),
        loss: fit.loss.id(),
        objective: fit.objective,
        parameters: names.clone().zip(fit.parameters.iter().copied()).collect(),
        standard_errors: names.clone().zip(fit.usable_errors()).collect(),
        profile: profile.map(|p| names.zip(p.intervals()).collect()),
        correlations: fit.correlations().map(|c| {
            let row = |i: usize| c.row(i).iter().copied().collect();
            (0..c.nrows()).map(row).collect()
        }),
        mse: fit.mse,
        aicc: fit.aicc(),
        bic: fit.bic(),
        weighted: series.is_weighted(),
        linear_zone: fit.linear_zone,
        scatter: fit.scatter(),
        status: fit.status.clone(),
        predictions,
        budgets,
        released_search,
    };
    if arguments.json {
        return say::json(&output);
    }
    say!("{}, {}", selected.title(), name(series));
    say!(
        "{} runs, {} on the frontier ({}), {} held out",
        output.points,
        output.frontier_points,
        selected.analysis.frontier.title(),
        output.held_out
    );
    say!("{}   ({})", fit.law.plain(), fit.loss.objective());
    print(&output, fit, &selected.analysis);
    Ok(())
}

fn print(output: &Output, fit: &refit_fit::Fit, analysis: &Analysis) {
    let unit = analysis.unit();
    for parameter in fit.law.parameters() {
        let error = match output.standard_errors[parameter.name] {
            Some(error) => format!("± {error:.6}"),
            None => "± –".to_owned(),
        };
        let profile = output.profile.as_ref().map_or(String::new(), |p| {
            let interval = p[parameter.name];
            let note = interval.not_identified(parameter);
            let note = note.map_or(String::new(), |n| format!("  {n}"));
            format!("  [{}, {}]{note}", end(interval.low), end(interval.high))
        });
        say!(
            "  {:<7} {:>16.6} {error:<16}{profile}",
            parameter.symbol,
            output.parameters[parameter.name]
        );
    }
    say!("  mean squared error {:.6e}; {}", output.mse, output.status);
    if output.weighted {
        say!("  {WEIGHTED}");
    }
    if let (Some(aicc), Some(bic)) = (output.aicc, output.bic) {
        say!("  AICc {aicc:.3}, BIC {bic:.3}");
    }
    if let Some(zone) = output.linear_zone {
        say!("  {:.0} % of the points in the linear zone", 100.0 * zone);
    }
    if !fit.delta_method_holds() {
        say!("  {NO_DELTA_METHOD}");
    }
    if let Some(times) = output.scatter {
        say!("  the points scatter {times:.1} times as much as binomial noise explains");
    }
    let measure = analysis.loss_unit().title().to_ascii_lowercase();
    for p in &output.predictions {
        let metric = analysis.loss_unit().metric(p.error);
        let metric = metric.map_or(String::new(), |metric| format!(", metric {metric},"));
        let interval = match (p.low, p.high) {
            (Some(low), Some(high)) => format!("[{low:.6}, {high:.6}]"),
            _ if !fit.delta_method_holds() => "no interval".to_owned(),
            _ => "no interval: too few points".to_owned(),
        };
        let beyond = match output.range {
            Some((_, last)) if p.x > last => {
                format!(
                    " ({} × the largest measured)",
                    text::significant(p.x / last, 2)
                )
            }
            _ => String::new(),
        };
        say!(
            "  at {:.4e} {unit}{beyond}: {measure} {:.6}{metric} {interval}",
            p.x,
            p.error
        );
    }
    for budget in &output.budgets {
        if let Some(model) = &budget.model {
            say!("  train with {:.4e} {unit}: {model}", budget.compute);
        }
        if let Some(run) = &budget.nearest_run {
            say!("    nearest run on the frontier: {run}");
        }
    }
    if analysis.interval != Interval::StudentT && !output.predictions.is_empty() {
        say!("  interval: {}", interval_title(analysis.interval));
    }
    if let Some(released) = &output.released_search {
        say!(
            "  authors' optimiser: mean squared error {:.6e}, {} of {} starts reached it. {}",
            released.mse,
            released.reached,
            released.starts,
            authors_optimiser::conclusion(released, fit)
        );
    }
}

fn end(end: End) -> String {
    match end {
        End::At(value) => format!("{value:.6}"),
        End::Bound(value) => format!("bound {value}"),
        End::Open => "open".to_owned(),
    }
}
