//! The comparison study's own search: SciPy's `curve_fit` from every start of a grid, the lowest
//! squared error kept (`scaling_laws/fitting_utils.py` of its repository).

use refit_fit::Fit;
use refit_fit::law::{Form, Law};
use refit_fit::multistart::{Best, Search};

/// `maxfev` of the authors' call.
const MAX_EVALUATIONS: usize = 1_000_000;
/// Two squared errors count as one minimum within this.
const SAME: f64 = 1e-6;

/// The search, not yet begun; `None` for laws that the study did not search this way.
pub fn search(law: Law, x: &[f64], y: &[f64]) -> Option<Search> {
    let starts = match law {
        Law::Saturation => grid(),
        Law::ShiftedPower => vec![vec![10.0, 10.0, -0.1]],
        _ => return None,
    };
    let (x, y) = (x.to_vec(), y.to_vec());
    // a (x + b)^c + d, or without d.
    let residuals = move |p: &[f64]| -> Vec<f64> {
        let offset = p.get(3).copied().unwrap_or(0.0);
        x.iter()
            .zip(&y)
            .map(|(x, y)| p[0] * (x + p[1]).powf(p[2]) + offset - y)
            .collect()
    };
    let (positive, negative) = ((0.0, f64::INFINITY), (f64::NEG_INFINITY, 0.0));
    let mut bounds = vec![positive, positive, negative, positive];
    bounds.truncate(law.parameters().len());
    Some(Search::new(
        Box::new(residuals),
        bounds,
        MAX_EVALUATIONS,
        starts,
    ))
}

/// What the search has found so far, in the law's own parameters.
pub fn found(search: &Search) -> Option<Best> {
    let mut best = search.best()?;
    best.parameters[1] = best.parameters[1].ln();
    best.parameters[2] = -best.parameters[2];
    Some(best)
}

/// Whether the best fit has a lower squared error, beyond rounding.
fn stopped_early(authors: &Best, best: &Fit) -> bool {
    best.mse < authors.mse * (1.0 - SAME)
}

/// How the search ended compared with the best fit, as a sentence.
pub fn conclusion(authors: &Best, best: &Fit) -> &'static str {
    if stopped_early(authors, best) {
        "The authors’ optimiser stopped early: the best fit has a lower squared error."
    } else if authors.mse < best.mse * (1.0 - SAME) {
        // Where the loss is another than squares of the error.
        "The two minimise different losses."
    } else {
        "The authors’ optimiser found the best fit."
    }
}

/// 20 × 20 × 4 × 2 starts of A, B, −α and E, the last the fastest.
fn grid() -> Vec<Vec<f64>> {
    let fives = || (0..20).map(|i| 5.0 * f64::from(i));
    let mut starts = Vec::with_capacity(3200);
    for a in fives() {
        for b in fives() {
            for c in [-0.2, -0.15, -0.1, -0.05] {
                for d in [0.0, 0.0005] {
                    starts.push(vec![a, b, c, d]);
                }
            }
        }
    }
    starts
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use refit_fit::{Loss, Task, fit};

    #[test]
    fn the_search_of_fig_1_comes_back() {
        // All 3,200 starts of the study's fig. 1, as SciPy ran them.
        let text = std::fs::read_to_string("crates/fit/tests/reference/scipy_fits.json").unwrap();
        let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
        let case = &reference["fits"][0];
        let number = |key: &str| case[key].as_f64().unwrap();
        let numbers = |key: &str| -> Vec<f64> {
            let values = case[key].as_array().unwrap().iter();
            values.map(|v| v.as_f64().unwrap()).collect()
        };
        let (x, y) = (numbers("x"), numbers("y"));
        let search = search(Law::Saturation, &x, &y).unwrap().finish();
        let authors = found(&search).unwrap();
        assert!((authors.mse / number("mse") - 1.0).abs() < 1e-9);
        assert_eq!(authors.starts, 3200);
        // Starts near a watershed end on either side by the last bit.
        let reached = number("starts_reaching_best");
        assert!(
            (authors.reached as f64 / reached - 1.0).abs() < 0.05,
            "{} {reached}",
            authors.reached
        );
        let best = fit(Law::Saturation, Loss::Squares, &x, &y).unwrap();
        assert!(!stopped_early(&authors, &best));
    }
}
