//! A printed law: coefficient by coefficient, and as a curve.
//!
//! A law is reproduced when its coefficients are, at the printed precision or, where the points
//! were read back from a figure, within their rounding: the curve follows from
//! them, however far their rounding moves it. Where a coefficient differs, the curves decide.

use super::{Check, CheckError, Library, PrintedCoefficient, Verdict, agrees};
use crate::analysis::{self, Analysis, LossUnit, Series, why_not_fitted};
use crate::study::description::{Description, Rounding};
use crate::study::{UNSPECIFIED, names};
use nalgebra::DMatrix;
use refit_fit::law::{Form, Law};
use refit_fit::svd::Svd;
use refit_fit::{Fit, Status, mean_squared_error};

/// Two curves count as one where the squared errors agree to 0.1 % and the curves to 0.05
/// percentage points over the data.
const SAME_MSE: f64 = 1.001;
const SAME_CURVE: f64 = 5e-4;

/// `description` is that of the claim's study.
pub(super) fn check(
    coefficients: &[PrintedCoefficient],
    description: Option<&Description>,
    library: &Library,
) -> Vec<Check> {
    let Some(first) = coefficients.first() else {
        return Vec::new();
    };
    let analysis = first.query.analysis();
    let study = first.query.study;
    let one = |names: &[String]| names.first().cloned().unwrap_or_default();
    let on = match one(&analysis.pretrains) {
        set if set == UNSPECIFIED => String::new(),
        set => format!(" on {}", names::pretrain(study, &set)),
    };
    let name = format!(
        "{} law, {}{on}",
        names::family(study, &one(&analysis.families)),
        names::dataset(study, &analysis.dataset)
    );
    let row = |c: &PrintedCoefficient| Check {
        id: format!("{}/{}", c.law, c.parameter),
        study,
        source: c.source.clone(),
        quantity: format!("{name}: {}", c.symbol()),
        unit: "",
        printed: c.printed.value,
        printed_text: c.printed.text.clone(),
        recomputed: None,
        difference: None,
        verdict: Verdict::Uncheckable,
        note: String::new(),
        whole_law: false,
        fitted: true,
        analysis: Some(analysis.clone()),
    };
    let known = Known::of(description, &analysis, &first.law);
    compare(coefficients, &analysis, &name, row, &known, library).unwrap_or_else(|why| {
        let without = |c| Check {
            note: why.to_string(),
            ..row(c)
        };
        coefficients.iter().map(without).collect()
    })
}

/// The law's row and one for each coefficient; `row` is what the latter have before anything is
/// recomputed.
fn compare(
    coefficients: &[PrintedCoefficient],
    analysis: &Analysis,
    name: &str,
    row: impl Fn(&PrintedCoefficient) -> Check,
    known: &Known,
    library: &Library,
) -> Result<Vec<Check>, CheckError> {
    let first = &coefficients[0];
    let rows = library.rows(analysis.table)?;
    let outcome = analysis::run(analysis, rows, library.architectures(analysis.study()));
    let series = outcome.series.first().ok_or_else(CheckError::no_run)?;
    let fit = series
        .fit
        .as_ref()
        .map_err(|e| CheckError(why_not_fitted(e)))?;
    let printed = printed_parameters(coefficients.iter(), fit.law).ok_or_else(|| {
        let names = coefficients.iter().map(|c| c.parameter.as_str());
        CheckError::other_coefficients(&first.law, fit.law, names)
    })?;
    let comparison = Comparison::of(&printed, fit, series, analysis);

    let slack = input_rounding(fit, series, &analysis.dataset, known.rounding);
    let agreeing: Vec<(bool, f64)> = coefficients
        .iter()
        .map(|c| {
            let (j, sign) = place(&c.parameter, fit.law).unwrap_or((0, 1.0));
            let refit = sign * fit.parameters.get(j).copied().unwrap_or(f64::NAN);
            let slack = slack.get(j).copied().unwrap_or(0.0);
            let gap = (refit - c.printed.value).abs() - slack;
            let agrees = agrees(refit, c.printed.value, c.printed.decimals)
                || agrees(gap.max(0.0), 0.0, c.printed.decimals);
            (agrees, refit)
        })
        .collect();
    let all_agree = agreeing.iter().all(|(agrees, _)| *agrees);
    let exact = coefficients
        .iter()
        .zip(&agreeing)
        .all(|(c, (_, refit))| super::agrees(*refit, c.printed.value, c.printed.decimals));
    let verdict = match (all_agree, comparison.same()) {
        (true, _) => Verdict::Reproduced,
        (false, true) => Verdict::SameCurve,
        (false, false) => Verdict::Differs,
    };
    let mut checks = vec![Check {
        id: first.law.clone(),
        study: analysis.study(),
        source: first.source.clone(),
        quantity: format!("{name}: mean squared error, with the printed coefficients and refitted"),
        unit: "",
        printed: comparison.mse_printed,
        printed_text: format!("{:.4e}", comparison.mse_printed),
        recomputed: Some(comparison.mse_refit),
        difference: Some(comparison.mse_refit - comparison.mse_printed),
        verdict,
        note: comparison.note(first, fit, all_agree.then_some(exact), known.reason),
        whole_law: true,
        fitted: true,
        analysis: Some(analysis.clone()),
    }];
    for (c, (agrees, refit)) in coefficients.iter().zip(agreeing) {
        let exactly = super::agrees(refit, c.printed.value, c.printed.decimals);
        checks.push(Check {
            recomputed: Some(refit),
            difference: Some(refit - c.printed.value),
            verdict: match (agrees, comparison.same()) {
                (true, _) => Verdict::Reproduced,
                (false, true) => Verdict::SameCurve,
                (false, false) => Verdict::Differs,
            },
            note: if agrees && !exactly {
                "Within rounding of the plotted points.".to_owned()
            } else if !agrees && comparison.same() {
                "The coefficient differs, the curve does not.".to_owned()
            } else {
                String::new()
            },
            ..row(c)
        });
    }
    Ok(checks)
}

/// What a study says of a law.
struct Known<'a> {
    /// Of the points, where they were read back from a figure.
    rounding: Option<&'a Rounding>,
    /// Why it differs.
    reason: Option<&'a str>,
}

impl<'a> Known<'a> {
    fn of(description: Option<&'a Description>, analysis: &Analysis, law: &str) -> Known<'a> {
        let tables = description.map_or(&[][..], |d| &d.tables);
        let table = tables.iter().find(|table| table.id == analysis.table.id);
        Known {
            rounding: table.and_then(|table| table.read_from_figure.as_ref()),
            reason: description.and_then(|d| Some(d.known_reasons.get(law)?.as_str())),
        }
    }
}

/// Index of a printed parameter among the law's, and the sign between the two.
pub(super) fn place(parameter: &str, law: Law) -> Option<(usize, f64)> {
    let (name, sign) = match parameter {
        "minus_alpha" => ("alpha", -1.0),
        other => (other, 1.0),
    };
    let j = law.parameters().iter().position(|p| p.name == name)?;
    Some((j, sign))
}

/// In the order of the law's parameters; `None` where one is missing.
pub(crate) fn printed_parameters<'a>(
    coefficients: impl Iterator<Item = &'a PrintedCoefficient>,
    law: Law,
) -> Option<Vec<f64>> {
    let mut parameters = vec![None; law.parameters().len()];
    for c in coefficients {
        let (j, sign) = place(&c.parameter, law)?;
        parameters[j] = Some(sign * c.printed.value);
    }
    parameters.into_iter().collect()
}

/// The printed law beside the refit, as curves.
struct Comparison {
    mse_printed: f64,
    mse_refit: f64,
    /// Largest difference over the range of the data, as a fraction.
    largest: f64,
    /// Where the query asks for predictions: x, and refit − printed as a fraction.
    named: Vec<(f64, f64)>,
    /// Of x and of L.
    units: (&'static str, LossUnit),
    points: usize,
}

impl Comparison {
    fn of(printed: &[f64], fit: &Fit, series: &Series, analysis: &Analysis) -> Comparison {
        let (x, y): (Vec<f64>, Vec<f64>) = series.frontier.iter().map(|p| (p.x, p.error)).unzip();
        let gap = |c: f64| fit.law.value(&fit.parameters, c) - fit.law.value(printed, c);
        Comparison {
            mse_printed: mean_squared_error(fit.law, printed, &x, &y),
            mse_refit: fit.mse,
            largest: x.iter().map(|&c| gap(c).abs()).fold(0.0, f64::max),
            named: series
                .predictions
                .iter()
                .flatten()
                .map(|p| (p.x, gap(p.x)))
                .collect(),
            units: (analysis.unit(), analysis.loss_unit()),
            points: x.len(),
        }
    }

    fn same(&self) -> bool {
        self.largest <= SAME_CURVE && self.mse_printed <= SAME_MSE * self.mse_refit
    }

    /// `back`: whether the coefficients that all come back do so at their printed precision;
    /// `None` where one does not.
    fn note(
        &self,
        first: &PrintedCoefficient,
        fit: &Fit,
        back: Option<bool>,
        reason: Option<&str>,
    ) -> String {
        let (unit, loss) = self.units;
        let points = |gap: f64| match loss.of_differences() {
            "percentage points" => format!("{:.3} pp", 100.0 * gap.abs()),
            unit => format!("{:.4} {unit}", gap.abs()),
        };
        let mut note = format!(
            "On the same {} points the printed law has {:.4} times the refit’s mean squared error ({:.3e} against {:.3e}). The curves differ by at most {} over the data",
            self.points,
            self.mse_printed / self.mse_refit,
            self.mse_printed,
            self.mse_refit,
            points(self.largest),
        );
        let named = self
            .named
            .iter()
            .map(|(x, gap)| format!("{} at {x:e}", points(*gap)));
        let named: Vec<String> = named.collect();
        if !named.is_empty() {
            note.push_str(&format!(", {} {}", named.join(" and "), unit));
        }
        note.push('.');
        note.push_str(match back {
            Some(true) => " Every coefficient is reproduced at its printed precision, and the curve follows from them; the printed law’s squared error is that of the rounded coefficients.",
            Some(false) => " Every coefficient is reproduced at its printed precision or within rounding of the plotted points.",
            None => "",
        });
        if !self.same() {
            note.push_str(&if back.is_some() {
                format!(
                    " Rounding the coefficients to {} decimals alone does this: predict with the refit.",
                    first.printed.decimals
                )
            } else {
                " The printed law is therefore not a least-squares optimum of these points."
                    .to_owned()
            });
        }
        if back.is_none()
            && let Some(reason) = reason
        {
            note.push(' ');
            note.push_str(reason);
        }
        if fit.status != Status::Converged {
            note.push_str(&format!(" Refit: {}.", fit.status));
        }
        note
    }
}

/// How far the rounding of plotted points can move each parameter, to first order and in the
/// worst case: (JᵀJ)⁻¹Jᵀ on half a unit of the last decimal of the error and of the last digit of
/// the compute.
fn input_rounding(
    fit: &Fit,
    series: &Series,
    dataset: &str,
    rounding: Option<&Rounding>,
) -> Vec<f64> {
    let k = fit.parameters.len();
    let Some(rounding) = rounding else {
        return vec![0.0; k];
    };
    let half_error = match rounding.exact.iter().any(|exact| exact == dataset) {
        true => 0.0,
        false => 0.5 * 10f64.powi(-(rounding.error_decimals as i32)),
    };
    let digits = rounding.compute_digits as i32 - 1;
    let n = series.frontier.len();
    let gradients: Vec<Vec<f64>> = series
        .frontier
        .iter()
        .map(|p| fit.law.gradient(&fit.parameters, p.x))
        .collect();
    let jacobian = DMatrix::from_fn(n, k, |i, j| gradients[i][j]);
    // A parameter on its bound does not move; its column would only blur the others.
    let free: Vec<usize> = (0..k)
        .filter(|&j| match &fit.status {
            Status::AtBound(at) => !at.contains(&&fit.law.parameters()[j]),
            _ => true,
        })
        .collect();
    let jacobian = jacobian.select_columns(&free);
    let norms: Vec<f64> = jacobian.column_iter().map(|c| c.norm()).collect();
    let scaled = DMatrix::from_fn(n, free.len(), |i, j| jacobian[(i, j)] / norms[j]);
    let inverse = Svd::new(scaled.clone()).inverse_gram(1e-14) * scaled.transpose();
    let mut slack = vec![0.0; k];
    for (row, &j) in free.iter().enumerate() {
        slack[j] = (0..n)
            .map(|i| {
                let compute = series.frontier[i].x;
                let digit = 10f64.powi(compute.log10().floor() as i32 - digits);
                let h = 1e-4 * compute;
                let slope = (fit.law.value(&fit.parameters, compute + h)
                    - fit.law.value(&fit.parameters, compute - h))
                    / (2.0 * h);
                let half = half_error + (slope * 0.5 * digit).abs();
                (inverse[(row, i)] / norms[row]).abs() * half
            })
            .sum();
    }
    slack
}
