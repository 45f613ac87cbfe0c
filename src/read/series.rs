//! Numbers of an analysis in a document.

use super::claims;
use super::compute::Source;
use super::number::{Asked, Number, Printed, between, with_unit};
use crate::analysis::comparison::Pair;
use crate::analysis::drawing::Drawing;
use crate::analysis::{self, Analysis, LossUnit, Outcome, Series, link, why_not_fitted};
use crate::study::names;
use crate::text::{grouped, significant};
use refit_fit::compare::Needed;
use refit_fit::law::{Form, Parameter};
use refit_fit::profile::{End, Profile, ProfileInterval};
use refit_fit::{Fit, Prediction, Task};

/// How far beyond the data crossings are looked for, as in the terminal.
const BEYOND: f64 = 30.0;

/// Numbers of an analysis that are no parameter of a law.
const NAMES: &str = "points, fitted, held-out, excluded, from, to, best, mse, rmse, predicted, x, tenfold; \
                     of two series crossing, times, gap; of a table rows, datasets";

/// What a number is: its values, its text, and what it is.
type Named = (Vec<f64>, String, String);

/// The number that is asked for.
pub(super) fn number(
    mut analysis: Analysis,
    drawing: &Drawing,
    asked: &Asked,
    source: &Source,
) -> Result<Number, String> {
    let rows = source.rows(&mut analysis)?;
    let table = analysis.table;
    let query = format!("{}#{}", link(&analysis, drawing), tab(asked));
    if let "rows" | "datasets" = asked.name.as_str() {
        let number = match asked.name.as_str() {
            "rows" => rows.len(),
            _ => analysis::Choices::of(&analysis, rows).datasets.len(),
        };
        return Ok(Number {
            text: grouped(number as u64),
            values: vec![number as f64],
            what: match asked.name.as_str() {
                "rows" => format!("measurements in “{}”", table.title),
                _ => format!("benchmarks in “{}”", table.title),
            },
            from: table.file.name.clone(),
            printed: None,
            query,
        });
    }
    let outcome = analysis::run(&analysis, rows, source.library.architectures(source.study));
    let (values, text, what) = match asked.name.as_str() {
        "crossing" | "times" | "gap" => of_pair(&analysis, &outcome, asked)?,
        _ => of_series(&analysis, one(&outcome)?, asked)?,
    };
    Ok(Number {
        text,
        values,
        what,
        from: from(&analysis, &outcome),
        printed: printed(&analysis, asked, source),
        query,
    })
}

/// The tab of Explore that has the number (`src/page/explore`).
fn tab(asked: &Asked) -> &'static str {
    match (asked.name.as_str(), asked.part.as_str()) {
        ("crossing" | "times" | "gap", _) => "pair",
        ("predicted" | "x", _) => "predictions",
        ("points" | "fitted" | "held-out" | "excluded" | "from" | "to" | "best", _) => "numbers",
        ("rows" | "datasets", _) => "numbers",
        ("mse" | "rmse", _) => "residuals",
        (_, "se" | "low" | "high" | "interval") => "certainty",
        _ => "law",
    }
}

/// The only series.
fn one(outcome: &Outcome) -> Result<&Series, String> {
    match &outcome.series[..] {
        [] => Err("selects no point".to_owned()),
        [series] => Ok(series),
        several => {
            let names: Vec<String> = several.iter().map(Series::name).collect();
            Err(format!(
                "is a number of one series, and the query has {}: {}",
                several.len(),
                names.join("; ")
            ))
        }
    }
}

fn fit(series: &Series) -> Result<&Fit, String> {
    series.fit.as_ref().map_err(why_not_fitted)
}

/// "ImageNet-1k top-1 accuracy; 25 points of CLIP, DataComp-1.4B".
fn from(analysis: &Analysis, outcome: &Outcome) -> String {
    let study = analysis.study();
    let series = outcome.series.iter();
    let series = series.map(|s| format!("{} of {}", grouped(s.frontier.len() as u64), s.name()));
    let series: Vec<String> = series.collect();
    format!(
        "{}; points fitted: {}",
        names::measured(study, &analysis.dataset, &analysis.metric),
        series.join("; ")
    )
}

fn of_series(analysis: &Analysis, series: &Series, asked: &Asked) -> Result<Named, String> {
    let counted = |n: usize, what: &str| (vec![n as f64], grouped(n as u64), what.to_owned());
    let unit = analysis.loss_unit();
    let place = |x: f64, what: &str| {
        (
            vec![x],
            with_unit(x, asked.digits, analysis.unit()),
            what.to_owned(),
        )
    };
    let xs = || series.measured().map(|p| p.x);
    Ok(match asked.name.as_str() {
        "points" => counted(series.points.len(), "measurements up to the threshold"),
        "fitted" => counted(series.frontier.len(), "points that the law is fitted to"),
        "held-out" => counted(series.held_out.len(), "measurements held out"),
        "excluded" => counted(series.excluded.len(), "measurements excluded"),
        "from" => place(
            xs().fold(f64::INFINITY, f64::min),
            "least of the measurements",
        ),
        "to" => place(xs().fold(0.0, f64::max), "most of the measurements"),
        "best" => {
            let errors = series.measured().map(|p| p.error);
            let least = errors.fold(f64::INFINITY, f64::min);
            let (values, text) = metric(unit, least, asked.digits);
            (values, text, "best measurement".to_owned())
        }
        "mse" => {
            let mse = fit(series)?.mse;
            (
                vec![mse],
                significant(mse, asked.digits),
                "mean squared error of the law".to_owned(),
            )
        }
        "rmse" => {
            let root = unit.scaled(fit(series)?.mse.sqrt());
            let text = with_unit(root, asked.digits, unit.of_differences());
            (
                vec![root],
                text,
                "root mean squared error of the law".to_owned(),
            )
        }
        "x" => place(predicted(series)?.x, "place of the prediction"),
        "predicted" => of_prediction(unit, predicted(series)?, asked)?,
        "tenfold" => {
            let law = fit(series)?;
            let last = series.frontier.last().map_or(f64::NAN, |p| p.x);
            let from = predicted(series).map_or(last, |p| p.x);
            let at = |x: f64| law.law.value(&law.parameters, x);
            let less = 100.0 * (1.0 - at(10.0 * from) / at(from));
            let what = format!(
                "by how much ten times {} lower the law’s error",
                with_unit(from, 3, analysis.unit())
            );
            (vec![less], with_unit(less, asked.digits, "percent"), what)
        }
        name => of_parameter(series, name, asked)?,
    })
}

/// A loss as papers print the metric.
fn metric(unit: LossUnit, loss: f64, digits: usize) -> (Vec<f64>, String) {
    let value = unit.printed(loss);
    (vec![value], with_unit(value, digits, unit_after(unit)))
}

/// After a number: a perplexity has none.
pub(super) fn unit_after(unit: LossUnit) -> &'static str {
    match unit.of_values() {
        "perplexity" => "",
        unit => unit,
    }
}

fn predicted(series: &Series) -> Result<&Prediction, String> {
    fit(series)?;
    match series.predictions.first() {
        Some(Ok(prediction)) => Ok(prediction),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("asks for no prediction: say where with at=…".to_owned()),
    }
}

fn of_prediction(unit: LossUnit, p: &Prediction, asked: &Asked) -> Result<Named, String> {
    let digits = asked.digits;
    let ends = p
        .low
        .zip(p.high)
        .map(|(low, high)| (unit.printed(low), unit.printed(high)));
    // The lower error is the higher accuracy.
    let ends = ends.map(|(a, b)| (a.min(b), a.max(b)));
    let ends = ends.ok_or("the prediction has no interval");
    let (values, text) = match asked.part.as_str() {
        "" => metric(unit, p.error, digits),
        "low" => (vec![ends?.0], with_unit(ends?.0, digits, unit_after(unit))),
        "high" => (vec![ends?.1], with_unit(ends?.1, digits, unit_after(unit))),
        "interval" => {
            let (low, high) = ends?;
            (
                vec![low, high],
                between((low, high), digits, unit_after(unit)),
            )
        }
        "error" => {
            let error = match unit.is_fraction() {
                true => 100.0 * p.error,
                false => p.error,
            };
            let unit = match unit.is_fraction() {
                true => "percent",
                false => unit.of_differences(),
            };
            (vec![error], with_unit(error, digits, unit))
        }
        _ => return asked.no_part("low, high, interval, error"),
    };
    let what = match asked.part.as_str() {
        "" | "error" => "prediction of the law",
        "low" => "lower end of the prediction’s interval",
        "high" => "upper end of the prediction’s interval",
        _ => "interval of the prediction",
    };
    Ok((values, text, what.to_owned()))
}

fn of_parameter(series: &Series, name: &str, asked: &Asked) -> Result<Named, String> {
    let fit = fit(series)?;
    let parameters = fit.law.parameters();
    let at = parameters.iter().position(|p| p.name == name);
    let at = at.ok_or_else(|| {
        let known: Vec<&str> = parameters.iter().map(|p| p.name).collect();
        format!(
            "there is no “{name}”; the law has {}; others: {NAMES}",
            known.join(", ")
        )
    })?;
    let symbol = parameters[at].symbol;
    let digits = asked.digits;
    let value = fit.parameters[at];
    Ok(match asked.part.as_str() {
        "" => (
            vec![value],
            significant(value, digits),
            format!("{symbol} of {}", series.name()),
        ),
        "se" => {
            let error = fit.usable_errors()[at];
            let error = error.ok_or("the parameter has no standard error")?;
            let what = format!("standard error of {symbol}, {}", series.name());
            (vec![error], significant(error, digits), what)
        }
        "low" | "high" | "interval" => {
            let interval = profile(series, fit, at)?;
            let (low, high) = (end(interval.low)?, end(interval.high)?);
            let what = format!("95 % profile interval of {symbol}, {}", series.name());
            match asked.part.as_str() {
                "low" => (vec![low], significant(low, digits), what),
                "high" => (vec![high], significant(high, digits), what),
                _ => (vec![low, high], between((low, high), digits, ""), what),
            }
        }
        _ => return asked.no_part("se, low, high, interval"),
    })
}

fn profile(series: &Series, fit: &Fit, at: usize) -> Result<ProfileInterval, String> {
    let profile = Profile::new(fit, &series.fitted()).ok_or("the fit has no profile")?;
    let intervals = profile.finish().intervals();
    intervals
        .get(at)
        .copied()
        .ok_or_else(|| "the fit has no profile".to_owned())
}

fn end(end: End) -> Result<f64, String> {
    match end {
        End::At(value) | End::Bound(value) => Ok(value),
        End::Open => Err("the interval is open on one side".to_owned()),
    }
}

fn of_pair(analysis: &Analysis, outcome: &Outcome, asked: &Asked) -> Result<Named, String> {
    let [a, b] = &outcome.series[..] else {
        return Err(format!(
            "is a number of two series, and the query has {}",
            outcome.series.len()
        ));
    };
    let pair = Pair {
        a: fit(a)?,
        b: fit(b)?,
        resamples: None,
    };
    match asked.name.as_str() {
        "crossing" => of_crossing(analysis, outcome, pair, asked),
        "times" => {
            let x = predicted(a)?.x;
            let Needed::At(times) = pair.times(x) else {
                return Err("the second law reaches the first’s error nowhere near".to_owned());
            };
            let what = format!(
                "how many times {}’s {} {} needs for the same error, at {}",
                a.name(),
                analysis.axis.id(),
                b.name(),
                with_unit(x, 3, analysis.unit())
            );
            Ok((vec![times], significant(times, asked.digits), what))
        }
        _ => {
            let (p, q) = (predicted(a)?, predicted(b)?);
            let unit = analysis.loss_unit();
            let gap = unit.printed(q.error) - unit.printed(p.error);
            let text = with_unit(
                gap,
                asked.digits,
                match unit.is_fraction() {
                    true => "percentage points",
                    false => unit_after(unit),
                },
            );
            let what = format!("prediction of {} less that of {}", b.name(), a.name());
            Ok((vec![gap], text, what))
        }
    }
}

/// `crossing`, `crossing.2`, and of either `low`, `high`, `interval`, `share`: `crossing.2.interval`.
fn of_crossing(
    analysis: &Analysis,
    outcome: &Outcome,
    pair: Pair,
    asked: &Asked,
) -> Result<Named, String> {
    let (from, to) = outcome.range().ok_or("selects no point")?;
    let mut parts = asked.part.split('.').peekable();
    let which = parts.peek().and_then(|part| part.parse::<usize>().ok());
    if which.is_some() {
        parts.next();
    }
    let part = parts.next().unwrap_or_default();
    let resampled = ["low", "high", "interval", "share"].contains(&part);
    let draws = resampled.then(|| {
        let series = outcome.series.iter().enumerate();
        let drawn = series.filter_map(|(i, s)| Some(analysis.bootstrap(s, i)?.finish()));
        drawn.collect::<Vec<_>>()
    });
    let resamples = match draws.as_deref() {
        Some([a, b]) => Some((a.replicates(), b.replicates())),
        _ => None,
    };
    let crossings = Pair { resamples, ..pair }.crossings((from, BEYOND * to));
    let crossing = match (which, &crossings[..]) {
        (None, [only]) => only,
        (None, found) => {
            return Err(format!(
                "the laws cross {} times: say which, as in crossing.1",
                found.len()
            ));
        }
        (Some(n), found) => n
            .checked_sub(1)
            .and_then(|i| found.get(i))
            .ok_or_else(|| format!("the laws cross {} times", found.len()))?,
    };
    let unit = analysis.unit();
    let digits = asked.digits;
    let lower = &outcome.series[usize::from(crossing.second_is_lower_beyond)];
    let what = format!(
        "where the laws cross; beyond, {} has the lower error",
        lower.name()
    );
    if !resampled {
        if !part.is_empty() {
            return asked.no_part("low, high, interval, share");
        }
        return Ok((vec![crossing.x], with_unit(crossing.x, digits, unit), what));
    }
    let drawn = crossing.resampled.ok_or("the laws were not resampled")?;
    let ends = drawn
        .interval
        .ok_or("too few resamples have the crossing")?;
    let count = grouped(analysis.resampling.count as u64);
    Ok(match part {
        "low" => (
            vec![ends.0],
            with_unit(ends.0, digits, unit),
            format!("{what}; lower end of 95 % of {count} resamples"),
        ),
        "high" => (
            vec![ends.1],
            with_unit(ends.1, digits, unit),
            format!("{what}; upper end of 95 % of {count} resamples"),
        ),
        "interval" => (
            vec![ends.0, ends.1],
            between(ends, digits, unit),
            format!("{what}; 95 % of {count} resamples"),
        ),
        _ => {
            let share = 100.0 * drawn.share;
            let what = format!("share of {count} resamples in which the laws cross so");
            (vec![share], with_unit(share, digits, "percent"), what)
        }
    })
}

/// The printed value of a parameter of an analysis' one law.
pub(super) fn printed_parameter(
    analysis: &Analysis,
    name: &str,
    source: &Source,
) -> Option<Printed> {
    let asked = Asked {
        name: name.to_owned(),
        part: String::new(),
        of: String::new(),
        digits: 1,
    };
    printed(analysis, &asked, source)
}

/// The printed number that recomputes to this one: of the same analysis, the same parameter or the
/// prediction.
fn printed(analysis: &Analysis, asked: &Asked, source: &Source) -> Option<Printed> {
    if !asked.part.is_empty() {
        return None;
    }
    let alike = |other: &Analysis| {
        let at = match asked.name.as_str() {
            "predicted" => &analysis.at,
            _ => &other.at,
        };
        Analysis {
            at: at.clone(),
            ..analysis.clone()
        } == *other
    };
    let is_parameter =
        |name: &str, p: &Parameter| name == p.name || name == format!("minus_{}", p.name);
    let of_law = analysis
        .law
        .parameters()
        .iter()
        .find(|p| p.name == asked.name);
    let mut checks = source
        .checks()
        .iter()
        .filter(|c| c.analysis.as_ref().is_some_and(alike));
    let check = checks.find(|c| match (asked.name.as_str(), of_law) {
        ("predicted", _) => source.printed.is_prediction(&c.id),
        (_, Some(parameter)) => {
            let (_, name) = c.id.rsplit_once('/').unwrap_or_default();
            is_parameter(name, parameter)
        }
        _ => false,
    })?;
    Some(claims::printed(check))
}
