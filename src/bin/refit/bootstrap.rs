//! `refit bootstrap`: intervals by resampling.

use crate::keys::KeyOptions;
use crate::say;
use crate::select::{Selected, Selection, name};
use refit::analysis::{Resampling, why_not_fitted};
use refit_fit::Task;
use refit_fit::bootstrap::{BootstrapInterval, Replicates};
use refit_fit::law::Form;
use serde::Serialize;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    resampling: KeyOptions<true>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output {
    resampling: Resampling,
    fitted: usize,
    failures: usize,
    /// Parameters, then the error at each place asked for.
    intervals: Vec<Interval>,
}

#[derive(Serialize)]
struct Interval {
    of: String,
    estimate: f64,
    median: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    arguments.selection.refuse(&["interval"])?;
    let resampling = Some(&arguments.resampling);
    let selected = Selected::with(&arguments.selection, Some(1), resampling)?;
    let resampling = selected.analysis.resampling;
    let series = &selected.outcome.series[0];
    let fit = series.fit.as_ref().map_err(why_not_fitted)?;
    let bootstrap = selected
        .analysis
        .bootstrap(series, 0)
        .ok_or("no fit to resample")?;
    let bootstrap = bootstrap.finish();
    let replicates = bootstrap.replicates();
    let mut intervals = Vec::new();
    for (j, parameter) in fit.law.parameters().iter().enumerate() {
        let of = parameter.symbol.to_owned();
        intervals.push(interval(of, replicates, resampling.interval, |p| p[j]));
    }
    for prediction in &series.predictions {
        let x = prediction.as_ref().map_err(ToString::to_string)?.x;
        let of = format!("error at {x:e}");
        intervals.push(interval(of, replicates, resampling.interval, |p| {
            fit.law.value(p, x)
        }));
    }
    let output = Output {
        resampling,
        fitted: replicates.resamples.len(),
        failures: replicates.failures,
        intervals,
    };
    if arguments.json {
        return say::json(&output);
    }
    say!("{}, {}", selected.title(), name(series));
    say!("{}   ({})", fit.law.plain(), fit.loss.objective());
    say!(
        "{} resamples of {}, seed {}: {} fitted, {} failed; 95 % {}",
        resampling.count,
        resampling.unit.title().to_lowercase(),
        resampling.seed,
        output.fitted,
        output.failures,
        resampling.interval.title()
    );
    if let Some(warning) = replicates.warning() {
        say!("{warning}");
    }
    for i in &output.intervals {
        let interval = match (i.low, i.high) {
            (Some(low), Some(high)) => format!("[{low:.6}, {high:.6}]"),
            _ => "no interval".to_owned(),
        };
        say!("  {:<20} {:>14.6} {interval}", i.of, i.estimate);
    }
    Ok(())
}

fn interval(
    of: String,
    r: &Replicates,
    ends: BootstrapInterval,
    f: impl Fn(&[f64]) -> f64,
) -> Interval {
    let found = r.interval(ends, &f);
    Interval {
        of,
        estimate: f(&r.estimate),
        median: r.median(&f),
        low: found.map(|i| i.0),
        high: found.map(|i| i.1),
    }
}
