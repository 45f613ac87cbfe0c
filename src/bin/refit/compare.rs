//! `refit compare` compares two series, `refit laws` all laws on one.

use crate::keys::KeyOptions;
use crate::say;
use crate::select::{Selected, Selection, name};
use clap::ValueEnum;
use refit::analysis::comparison::{self, Pair};
use refit::analysis::validation::{HoldOut, Validation};
use refit::analysis::{Series, threshold, why_not_fitted};
use refit_fit::Task;
use refit_fit::compare::Needed;
use refit_fit::law::Form;
use serde::Serialize;

/// How far beyond the data crossings are looked for.
const BEYOND: f64 = 30.0;

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
    a: String,
    b: String,
    crossings: Vec<Crossing>,
    along: Vec<Place>,
}

#[derive(Serialize)]
struct Crossing {
    x: f64,
    second_is_lower_beyond: bool,
    /// Share of the resamples that have this crossing.
    share: Option<f64>,
    /// 95 % of those lie between.
    low: Option<f64>,
    high: Option<f64>,
}

#[derive(Serialize)]
struct Place {
    x: f64,
    /// Whose compute it is, where a model has another in each family.
    of: String,
    a: f64,
    b: f64,
    probability_b_is_lower: Option<f64>,
    /// How many times the compute `b` needs for the error of `a`, up to a millionfold.
    times: Option<f64>,
    /// `b` is already lower at a millionth of the compute.
    already_lower: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    arguments.selection.refuse(&["interval"])?;
    let resampling = Some(&arguments.resampling);
    let selected = Selected::with(&arguments.selection, Some(2), resampling)?;
    let [one, two] = &selected.outcome.series[..] else {
        return Err("this command compares two series".to_owned());
    };
    let fits = (
        one.fit.as_ref().map_err(why_not_fitted)?,
        two.fit.as_ref().map_err(why_not_fitted)?,
    );
    let resample = |series, index| {
        let bootstrap = selected.analysis.bootstrap(series, index);
        bootstrap.map(Task::finish).ok_or("no fit to resample")
    };
    let resamples = (resample(one, 0)?, resample(two, 1)?);
    let pair = Pair {
        a: fits.0,
        b: fits.1,
        resamples: Some((resamples.0.replicates(), resamples.1.replicates())),
    };
    let (from, to) = selected.outcome.range().ok_or("no points")?;
    let mut places = comparison::targets(&selected.analysis.at, one, two)
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| e.to_string())?;
    if places.is_empty() {
        let decades = from.log10().ceil() as i32..=to.log10().floor() as i32;
        places.extend(decades.map(|d| (10f64.powi(d), String::new())));
    }
    let range = (from, to * BEYOND);
    let output = Output::of((one, two), &pair, range, places);
    if arguments.json {
        return say::json(&output);
    }
    say!("{}: {} and {}", selected.title(), output.a, output.b);
    let unit = selected.analysis.unit();
    if output.crossings.is_empty() {
        let (from, to) = range;
        say!("no crossing between {from:.3e} and {to:.3e} {unit}");
    }
    output.print_crossings();
    for (series, drawn) in [(&output.a, &resamples.0), (&output.b, &resamples.1)] {
        if let Some(warning) = drawn.replicates().warning() {
            say!("{series}: {warning}");
        }
    }
    output.print_places(unit);
    Ok(())
}

impl Output {
    fn of(
        (one, two): (&Series, &Series),
        pair: &Pair,
        range: (f64, f64),
        places: Vec<(f64, String)>,
    ) -> Output {
        let crossings = pair.crossings(range).into_iter().map(|c| Crossing {
            x: c.x,
            second_is_lower_beyond: c.second_is_lower_beyond,
            share: c.resampled.map(|r| r.share),
            low: c.resampled.and_then(|r| Some(r.interval?.0)),
            high: c.resampled.and_then(|r| Some(r.interval?.1)),
        });
        let places = places.into_iter().map(|(x, of)| {
            let needed = pair.times(x);
            Place {
                x,
                of,
                a: pair.a.law.value(&pair.a.parameters, x),
                b: pair.b.law.value(&pair.b.parameters, x),
                probability_b_is_lower: pair.probability_b_is_lower(x),
                times: match needed {
                    Needed::At(times) => Some(times),
                    Needed::Less | Needed::More => None,
                },
                already_lower: needed == Needed::Less,
            }
        });
        Output {
            a: name(one),
            b: name(two),
            crossings: crossings.collect(),
            along: places.collect(),
        }
    }

    fn print_crossings(&self) {
        for c in &self.crossings {
            let lower = [&self.a, &self.b][usize::from(c.second_is_lower_beyond)];
            let share = 100.0 * c.share.unwrap_or(0.0);
            let interval = match (c.low, c.high) {
                (Some(low), Some(high)) => format!(", 95 % of them in [{low:.3e}, {high:.3e}]"),
                _ => String::new(),
            };
            say!("they cross at {:.3e}, beyond which {lower} is lower", c.x);
            say!("  so do {share:.1} % of the resamples{interval}");
        }
    }

    fn print_places(&self, unit: &str) {
        say!(
            "{unit:>12} {:>10} {:>10} {:>16} {:>22}",
            "first",
            "second",
            "second lower",
            "compute of second, ×"
        );
        for p in &self.along {
            let share = p.probability_b_is_lower;
            let share = share.map_or("–".to_owned(), |s| format!("{:.1} %", 100.0 * s));
            let times = match p.times {
                Some(times) => format!("{times:.3}"),
                None if p.already_lower => "less than 1e-6".to_owned(),
                None => "not reached".to_owned(),
            };
            say!(
                "{:>12.4e} {:>10.6} {:>10.6} {share:>16} {times:>22}  {}",
                p.x,
                p.a,
                p.b,
                p.of
            );
        }
    }
}

/// Held-out runs.
#[derive(Clone, Copy, ValueEnum)]
enum Unseen {
    /// Beyond the threshold, or beyond --beyond
    Beyond,
    /// One model at a time
    Models,
    /// One number of samples at a time
    Scales,
}

#[derive(clap::Args)]
pub(crate) struct LawsArguments {
    #[command(flatten)]
    selection: Selection,
    /// Held-out runs
    #[arg(long, value_enum, default_value = "beyond")]
    hold_out: Unseen,
    /// Compute beyond which runs are held out
    #[arg(long)]
    beyond: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Ranked {
    law: &'static str,
    points: usize,
    failures: usize,
    root_mean_square_pp: Option<f64>,
    mean_absolute_pp: Option<f64>,
    mean_pp: Option<f64>,
    aicc: Option<f64>,
    bic: Option<f64>,
}

fn hold_out(
    arguments: &LawsArguments,
    selected: &Selected,
    series: &Series,
) -> Result<HoldOut, String> {
    match (arguments.hold_out, &arguments.beyond) {
        (Unseen::Models, None) => Ok(HoldOut::Models),
        (Unseen::Scales, None) => Ok(HoldOut::Scales),
        (Unseen::Models | Unseen::Scales, Some(_)) => {
            Err("--beyond is for --hold-out beyond alone".to_owned())
        }
        (Unseen::Beyond, Some(text)) => threshold(text)
            .flatten()
            .map(HoldOut::Beyond)
            .ok_or_else(|| format!("--beyond “{text}” is not a compute above zero")),
        (Unseen::Beyond, None) => HoldOut::beyond(&selected.analysis, series, selected.rows())
            .ok_or_else(|| "no frontier to hold points out from".to_owned()),
    }
}

pub(crate) fn laws(arguments: &LawsArguments) -> Result<(), String> {
    arguments.selection.refuse(&["law", "interval", "at"])?;
    let selected = Selected::new(&arguments.selection, Some(1))?;
    let series = &selected.outcome.series[0];
    let hold_out = hold_out(arguments, &selected, series)?;
    let validation = Validation::new(&selected.analysis, series, selected.rows(), hold_out);
    if validation.held_out() == 0 {
        return Err(validation.notes().join(" "));
    }
    let validation = validation.finish();
    let ranked: Vec<Ranked> = validation
        .scores()
        .into_iter()
        .map(|s| {
            let points = |v: Option<f64>| v.map(|v| 100.0 * v);
            let fit = s.fit.as_ref().ok();
            Ranked {
                law: s.law.id(),
                points: s.points,
                failures: s.failures,
                root_mean_square_pp: points(s.root_mean_square),
                mean_absolute_pp: points(s.mean_absolute),
                mean_pp: points(s.mean),
                aicc: fit.and_then(refit_fit::Fit::aicc),
                bic: fit.and_then(refit_fit::Fit::bic),
            }
        })
        .collect();
    if arguments.json {
        return say::json(&ranked);
    }
    let what = match hold_out {
        HoldOut::Beyond(limit) => {
            let unit = &selected.analysis.study().compute_unit;
            format!("runs beyond {limit:.4e} {unit} held out")
        }
        other => format!("held out: {}", other.title().to_lowercase()),
    };
    say!("{}, {}; {what}", selected.title(), name(series));
    say!(
        "{:<14} {:>7} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "law",
        "points",
        "RMS, pp",
        "mean |·|",
        "mean",
        "AICc",
        "BIC"
    );
    for r in &ranked {
        let text = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v:.3}"));
        say!(
            "{:<14} {:>7} {:>10} {:>10} {:>10} {:>10} {:>10}",
            r.law,
            r.points,
            text(r.root_mean_square_pp),
            text(r.mean_absolute_pp),
            text(r.mean_pp),
            text(r.aicc),
            text(r.bic)
        );
    }
    for note in validation.notes() {
        say!("{note}");
    }
    Ok(())
}
