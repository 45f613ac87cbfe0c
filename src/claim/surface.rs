//! A printed law over parameters and samples: coefficient by coefficient, and as a surface over the
//! runs.

use super::printed::SurfaceCoefficient;
use super::{Check, CheckError, Library, Verdict, agrees};
use crate::analysis::surface::grid;
use crate::analysis::{self, why_not_fitted};
use crate::study::description::Description;
use crate::study::names;
use refit_fit::law::{Form, Surface};
use refit_fit::{Fit, objective};

/// Two laws count as one where the loss that was minimised agrees to 0.1 % and L to 0.05 % at every
/// run.
const SAME_OBJECTIVE: f64 = 1.001;
const SAME_LAW: f64 = 5e-4;

/// `description` is that of the claim's study.
pub(super) fn check(
    coefficients: &[SurfaceCoefficient],
    description: Option<&Description>,
    library: &Library,
) -> Vec<Check> {
    let Some(first) = coefficients.first() else {
        return Vec::new();
    };
    let analysis = first.query.analysis();
    let study = analysis.study();
    let family = analysis.families.first().map_or("", String::as_str);
    let dataset = names::dataset(study, &analysis.dataset);
    let name = format!(
        "{} law over N and D, {dataset}",
        names::family(study, family)
    );
    let row = |c: &SurfaceCoefficient| Check {
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
    let refitted = match Refitted::of(coefficients, library) {
        Ok(refitted) => refitted,
        Err(why) => {
            let without = |c| Check {
                note: why.to_string(),
                ..row(c)
            };
            return coefficients.iter().map(without).collect();
        }
    };
    let reason = description.and_then(|d| d.known_reasons.get(&first.law));
    let values: Vec<f64> = coefficients.iter().map(|c| refitted.value(c)).collect();
    let agree = |(c, value): (&SurfaceCoefficient, &f64)| {
        agrees(*value, c.printed.value, c.printed.decimals)
    };
    let all_agree = coefficients.iter().zip(&values).all(agree);
    let within = |(c, value): (&SurfaceCoefficient, &f64)| {
        agree((c, value)) || negligible(c, *value).is_some()
    };
    let all_negligible = coefficients.iter().zip(&values).all(within);
    let mut checks = vec![Check {
        id: first.law.clone(),
        quantity: format!("{name}: objective, with the printed coefficients and refitted"),
        printed: refitted.printed_objective,
        printed_text: format!("{:.5e}", refitted.printed_objective),
        recomputed: Some(refitted.fit.objective),
        difference: Some(refitted.fit.objective - refitted.printed_objective),
        verdict: match all_negligible && !all_agree {
            true => Verdict::SameCurve,
            false => refitted.verdict(all_agree),
        },
        note: refitted.note(reason.filter(|_| !all_agree)),
        whole_law: true,
        ..row(first)
    }];
    for (c, value) in coefficients.iter().zip(values) {
        let agrees = agree((c, &value));
        checks.push(Check {
            recomputed: Some(value),
            difference: Some(value - c.printed.value),
            verdict: match negligible(c, value) {
                Some(_) if !agrees => Verdict::SameCurve,
                _ => refitted.verdict(agrees),
            },
            note: match negligible(c, value) {
                _ if agrees => String::new(),
                Some(share) => {
                    format!("The difference is {share:.3} of the printed standard error.")
                }
                None if refitted.same() => "The coefficient differs, the law does not.".to_owned(),
                None => String::new(),
            },
            ..row(c)
        });
    }
    checks
}

/// How many printed standard errors a refitted coefficient is off, where that is under a tenth: too
/// little to conclude otherwise from it.
fn negligible(c: &SurfaceCoefficient, value: f64) -> Option<f64> {
    let share = (value - c.printed.value).abs() / c.standard_error?;
    (share < 0.1).then_some(share)
}

/// A law refitted beside the printed one.
struct Refitted {
    fit: Fit<Surface>,
    runs: usize,
    /// The loss at the printed coefficients.
    printed_objective: f64,
    /// Largest difference of L over the runs, relative to L.
    largest: f64,
}

impl Refitted {
    fn of(coefficients: &[SurfaceCoefficient], library: &Library) -> Result<Refitted, CheckError> {
        let first = coefficients.first().ok_or_else(CheckError::no_run)?;
        let analysis = first.query.analysis();
        let rows = library.rows(analysis.table)?;
        let architectures = library.architectures(analysis.study());
        let outcome = analysis::run(&analysis, rows, architectures);
        let series = outcome.series.first().ok_or_else(CheckError::no_run)?;
        let grid = grid(series, rows, architectures);
        let fit = analysis.fit_surface(first.form, &grid);
        let fit = fit.map_err(|e| CheckError(why_not_fitted(&e)))?;
        let printed = printed_parameters(coefficients, fit.law).ok_or_else(|| {
            let names = coefficients.iter().map(|c| c.parameter.as_str());
            CheckError::other_coefficients(&first.law, fit.law, names)
        })?;
        let gap = |x: &[f64; 2]| {
            let ours = fit.law.evaluate(&fit.parameters, *x);
            (fit.law.evaluate(&printed, *x) / ours - 1.0).abs()
        };
        Ok(Refitted {
            runs: grid.x.len(),
            printed_objective: objective(fit.law, fit.loss, &printed, &grid.x, &grid.error),
            largest: grid.x.iter().map(gap).fold(0.0, f64::max),
            fit,
        })
    }

    /// The refitted value of a coefficient, in the form in which it is printed.
    fn value(&self, c: &SurfaceCoefficient) -> f64 {
        let Some((j, is_log)) = place(&c.parameter, self.fit.law) else {
            return f64::NAN;
        };
        match is_log {
            true => self.fit.parameters[j].ln(),
            false => self.fit.parameters[j],
        }
    }

    fn same(&self) -> bool {
        self.largest <= SAME_LAW && self.printed_objective <= SAME_OBJECTIVE * self.fit.objective
    }

    fn verdict(&self, agrees: bool) -> Verdict {
        match (agrees, self.same()) {
            (true, _) => Verdict::Reproduced,
            (false, true) => Verdict::SameCurve,
            (false, false) => Verdict::Differs,
        }
    }

    fn note(&self, reason: Option<&String>) -> String {
        let mut note = format!(
            "On the same {} runs the printed law has {:.5} times the refit’s loss ({:.5e} against {:.5e}); the two differ by at most {:.3} % over the runs.",
            self.runs,
            self.printed_objective / self.fit.objective,
            self.printed_objective,
            self.fit.objective,
            100.0 * self.largest,
        );
        if let Some(reason) = reason {
            note.push(' ');
            note.push_str(reason);
        }
        note
    }
}

/// Index of a printed parameter among the law's, and whether its logarithm is printed.
pub(super) fn place(parameter: &str, law: Surface) -> Option<(usize, bool)> {
    let of = |name: &str| law.parameters().iter().position(|p| p.name == name);
    match (of(parameter), parameter.strip_prefix("ln_")) {
        (Some(j), _) => Some((j, false)),
        (None, Some(name)) => Some((of(name)?, true)),
        (None, None) => None,
    }
}

/// In the order of the law's parameters; `None` where one is missing.
fn printed_parameters(coefficients: &[SurfaceCoefficient], law: Surface) -> Option<Vec<f64>> {
    let mut parameters = vec![None; law.parameters().len()];
    for c in coefficients {
        let (j, is_log) = place(&c.parameter, law)?;
        parameters[j] = Some(match is_log {
            true => c.printed.value.exp(),
            false => c.printed.value,
        });
    }
    parameters.into_iter().collect()
}
