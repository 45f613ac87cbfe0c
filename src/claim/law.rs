//! A printed law: coefficient by coefficient, and as a curve.
//!
//! A law is reproduced when its coefficients are, at the printed precision or, where the points
//! were read back from a figure, within their rounding: the curve follows from
//! them, however far their rounding moves it. Where a coefficient differs, the curves decide.

use super::{Check, CheckError, Library, PrintedCoefficient, Verdict, agrees};
use crate::analysis::{self, Analysis, Series, why_not_fitted};
use crate::study::names;
use crate::study::{Study, Table};
use nalgebra::DMatrix;
use refit_fit::law::{Form, Law};
use refit_fit::svd::Svd;
use refit_fit::{Fit, Status, mean_squared_error};

/// Two curves count as one where the squared errors agree to 0.1 % and the curves to 0.05
/// percentage points over the data.
const SAME_MSE: f64 = 1.001;
const SAME_CURVE: f64 = 5e-4;

/// Where the comparison study evaluates its laws, in GFLOPs.
const NAMED: [f64; 2] = [2.14e12, 2.59e12];

pub(super) fn check(coefficients: &[PrintedCoefficient], library: &Library) -> Vec<Check> {
    let Some(first) = coefficients.first() else {
        return Vec::new();
    };
    let analysis = analysis_of(first);
    let name = format!(
        "{} law, {} on {}",
        names::family(&first.family),
        names::dataset(&first.dataset),
        names::pretrain(&first.pretrain)
    );
    let row = |c: &PrintedCoefficient| Check {
        id: format!("{}/{}", c.law, c.parameter),
        study: c.study,
        source: c.source.clone(),
        quantity: format!("{name}: {}", c.symbol()),
        printed: c.printed.value,
        printed_text: c.printed.text.clone(),
        recomputed: None,
        difference: None,
        verdict: Verdict::Uncheckable,
        note: String::new(),
        analysis: Some(analysis.clone()),
    };
    compare(coefficients, &analysis, &name, row, library).unwrap_or_else(|why| {
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
    library: &Library,
) -> Result<Vec<Check>, CheckError> {
    let first = &coefficients[0];
    let rows = library.rows(analysis.table)?;
    let outcome = analysis::run(analysis, rows, library.architectures(first.study));
    let series = outcome.series.first().ok_or_else(CheckError::no_run)?;
    let fit = series
        .fit
        .as_ref()
        .map_err(|e| CheckError(why_not_fitted(e)))?;
    let printed = printed_parameters(coefficients, fit.law)
        .ok_or_else(|| CheckError(format!("{}: coefficients are missing", first.law)))?;
    let comparison = Comparison::of(&printed, fit, series);

    let slack = input_rounding(fit, series, &first.dataset, analysis.table);
    let agreeing: Vec<(bool, f64)> = coefficients
        .iter()
        .map(|c| {
            let (j, sign) = place(c, fit.law).unwrap_or((0, 1.0));
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
        study: first.study,
        source: first.source.clone(),
        quantity: format!("{name}: mean squared error of the curve"),
        printed: comparison.mse_printed,
        printed_text: format!("{:.4e}", comparison.mse_printed),
        recomputed: Some(comparison.mse_refit),
        difference: Some(comparison.mse_refit - comparison.mse_printed),
        verdict,
        note: comparison.note(first, fit, all_agree.then_some(exact)),
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

/// The authors’ procedure on the best data that are bundled: for the comparison study the
/// points that the printed fit used.
fn analysis_of(c: &PrintedCoefficient) -> Analysis {
    let mut analysis = Analysis::of(match c.study {
        Study::Comparison => Table::PlottedFrontier,
        Study::Openclip => Table::Zeroshot,
    });
    analysis.dataset.clone_from(&c.dataset);
    analysis.metric.clone_from(&c.metric);
    analysis.families = vec![c.family.clone()];
    analysis.pretrains = vec![c.pretrain.clone()];
    if c.study == Study::Comparison {
        analysis.at = NAMED.iter().map(|c| format!("{c:e}")).collect();
    }
    analysis
}

/// Index of the printed parameter among the law's, and the sign between the two.
fn place(c: &PrintedCoefficient, law: Law) -> Option<(usize, f64)> {
    let (name, sign) = match c.parameter.as_str() {
        "minus_alpha" => ("alpha", -1.0),
        other => (other, 1.0),
    };
    let j = law.parameters().iter().position(|p| p.name == name)?;
    Some((j, sign))
}

/// In the order of the law's parameters; `None` where one is missing.
pub(crate) fn printed_parameters(
    coefficients: &[PrintedCoefficient],
    law: Law,
) -> Option<Vec<f64>> {
    let mut parameters = vec![None; law.parameters().len()];
    for c in coefficients {
        let (j, sign) = place(c, law)?;
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
    /// Refit − printed at [`NAMED`], as fractions.
    named: [f64; 2],
    points: usize,
}

impl Comparison {
    fn of(printed: &[f64], fit: &Fit, series: &Series) -> Comparison {
        let (x, y): (Vec<f64>, Vec<f64>) = series.frontier.iter().map(|p| (p.x, p.error)).unzip();
        let gap = |c: f64| fit.law.value(&fit.parameters, c) - fit.law.value(printed, c);
        Comparison {
            mse_printed: mean_squared_error(fit.law, printed, &x, &y),
            mse_refit: fit.mse,
            largest: x.iter().map(|&c| gap(c).abs()).fold(0.0, f64::max),
            named: NAMED.map(gap),
            points: x.len(),
        }
    }

    fn same(&self) -> bool {
        self.largest <= SAME_CURVE && self.mse_printed <= SAME_MSE * self.mse_refit
    }

    /// `back`: whether the coefficients that all come back do so at their printed precision;
    /// `None` where one does not.
    fn note(&self, first: &PrintedCoefficient, fit: &Fit, back: Option<bool>) -> String {
        let points = |gap: f64| format!("{:.3} pp", 100.0 * gap.abs());
        let mut note = format!(
            "On the same {} points the printed law has {:.4} times the refit’s mean squared error ({:.3e} against {:.3e}). The curves differ by at most {} over the data",
            self.points,
            self.mse_printed / self.mse_refit,
            self.mse_printed,
            self.mse_refit,
            points(self.largest),
        );
        if first.study == Study::Comparison {
            note.push_str(&format!(
                ", {} at 2.14e12 and {} at 2.59e12 GFLOPs",
                points(self.named[0]),
                points(self.named[1])
            ));
        }
        note.push('.');
        note.push_str(match back {
            Some(true) => " Every coefficient comes back at its printed precision, and the curve follows from them; the printed law’s squared error is that of the rounded coefficients.",
            Some(false) => " Every coefficient comes back at its printed precision or within rounding of the plotted points.",
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
            && let Some(reason) = known_reason(&first.law)
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

/// Why a printed law differs, where that is known.
fn known_reason(law: &str) -> Option<&'static str> {
    match law {
        // crates/fit/tests/reference/laws_small.json, fig10_mammut_search_on_moved_points
        "cmp-fig10-imagenet-r-mammut" => Some(
            "Probably the authors’ optimiser missed the optimum: re-run with SciPy on these points, each moved within its rounding, its 3,200 starts stopped short of it three times out of three, once at almost the printed coefficients.",
        ),
        _ => None,
    }
}

/// How far the rounding of plotted points can move each parameter, to first order and in the
/// worst case: (JᵀJ)⁻¹Jᵀ on half a unit of the fifth decimal of the error and of the seventh
/// digit of the compute. ImageNet-1k errors are exact: 50,000 images.
fn input_rounding(fit: &Fit, series: &Series, dataset: &str, table: Table) -> Vec<f64> {
    let k = fit.parameters.len();
    if table != Table::PlottedFrontier {
        return vec![0.0; k];
    }
    let half_error = if dataset == "imagenet1k" { 0.0 } else { 5e-6 };
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
                let digit = 10f64.powi(compute.log10().floor() as i32 - 6);
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
