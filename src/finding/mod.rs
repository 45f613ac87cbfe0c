//! What re-running the released analyses shows: eight findings, each recomputed from the data as
//! released and corrected.

mod comparison;
mod openclip;

use crate::analysis::{self, Analysis, Series, why_not_fitted};
use crate::claim::{CheckError, Library, Printed};
use crate::study::Study;
use refit_fit::Fit;
use serde::Serialize;

/// One number of a finding, both ways.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub what: String,
    pub released: String,
    pub corrected: String,
}

/// A finding with its numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub id: &'static str,
    pub study: Study,
    pub title: &'static str,
    /// What was found, in the numbers of this run.
    pub text: String,
    /// What "as released" and "corrected" mean here.
    pub released: &'static str,
    pub corrected: &'static str,
    pub rows: Vec<Row>,
    /// What the difference changes.
    pub changes: String,
    /// Opens the data in Explore, as released and corrected.
    #[serde(skip)]
    pub analyses: Vec<(&'static str, Analysis)>,
}

/// One finding's recomputation.
pub type Recompute = fn(&Printed, &Library) -> Result<Finding, CheckError>;

/// All of them, in order; each is quick.
pub const ALL: [Recompute; 8] = [
    comparison::fig1_comes_back,
    comparison::a_point_off_the_frontier,
    comparison::the_band,
    comparison::held_out_runs_move_the_bins,
    comparison::where_laws_cross,
    comparison::imagenet_r_of_mammut,
    openclip::formulas_come_back,
    openclip::prose_and_table,
];

fn row(what: impl Into<String>, released: impl Into<String>, corrected: impl Into<String>) -> Row {
    Row {
        what: what.into(),
        released: released.into(),
        corrected: corrected.into(),
    }
}

/// The series of an analysis of one family and pre-training set, fitted.
fn series(analysis: &Analysis, library: &Library) -> Result<(Series, Fit), CheckError> {
    let rows = library.rows(analysis.table)?;
    let outcome = analysis::run(analysis, rows, library.architectures(analysis.study()));
    let series = outcome.series.into_iter().next();
    let series = series.ok_or_else(|| CheckError("no run fits the choices".to_owned()))?;
    let fit = series
        .fit
        .clone()
        .map_err(|e| CheckError(why_not_fitted(&e)))?;
    Ok((series, fit))
}

/// The coefficients of a printed law, in the order of the law's parameters.
fn printed_law(printed: &Printed, law: &str, fit: &Fit) -> Result<Vec<f64>, CheckError> {
    let coefficients: Vec<_> = printed
        .coefficients
        .iter()
        .filter(|c| c.law == law)
        .cloned()
        .collect();
    crate::claim::printed_parameters(&coefficients, fit.law)
        .ok_or_else(|| CheckError(format!("{law}: coefficients are missing")))
}

/// An accuracy of an error, in percent.
fn accuracy(error: f64) -> String {
    format!("{:.3} %", 100.0 * (1.0 - error))
}

/// By how many percentage points two accuracies differ as [`accuracy`] shows them, so that a reader
/// who subtracts finds the same.
fn apart(a: f64, b: f64) -> String {
    let shown = |error: f64| (1e5 * (1.0 - error)).round() / 1e3;
    format!("{:.3}", (shown(a) - shown(b)).abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::DataError;

    fn findings() -> Vec<Finding> {
        let read = |path: &str| {
            std::fs::read_to_string(path).map_err(|e| DataError::whole(path, e.to_string()))
        };
        let library = Library::read_all(read).unwrap();
        let printed = Printed::read(read).unwrap();
        ALL.iter().map(|f| f(&printed, &library).unwrap()).collect()
    }

    #[test]
    fn what_a_number_moves_by_is_the_difference_of_what_is_shown() {
        let findings = findings();
        let number = |text: &str| -> f64 { text.trim_end_matches(" %").parse().unwrap() };
        for (id, rows) in [("mask", 1), ("bins", 2)] {
            let finding = findings.iter().find(|f| f.id == id).unwrap();
            let accuracies = finding
                .rows
                .iter()
                .filter(|row| row.released.ends_with(" %") && row.released != row.corrected);
            let mut count = 0;
            for row in accuracies {
                let moved = (number(&row.released) - number(&row.corrected)).abs();
                let text = format!("{moved:.3}");
                assert!(
                    finding.changes.contains(&text),
                    "{text}: {}",
                    finding.changes
                );
                count += 1;
            }
            assert_eq!(count, rows, "{id}");
        }
    }

    #[test]
    fn what_scipy_gave_is_what_it_gave() {
        let text = std::fs::read_to_string("crates/fit/tests/reference/scipy_fits.json").unwrap();
        let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
        let fits = reference["fits"].as_array().unwrap();
        let of =
            |f: &&serde_json::Value| f["figure"] == "fig10_imagenet_r" && f["family"] == "mammut";
        let mse = fits.iter().find(of).unwrap()["mse"].as_f64().unwrap();
        let findings = findings();
        let finding = findings.iter().find(|f| f.id == "imagenet-r").unwrap();
        let said = format!("mean squared error of {mse:.3e}");
        assert!(finding.text.contains(&said), "{said}: {}", finding.text);
    }

    #[test]
    fn a_crossing_beyond_the_data_says_so() {
        let findings = findings();
        let finding = findings.iter().find(|f| f.id == "crossings").unwrap();
        let ade20k = &finding.rows[1].released;
        assert_eq!(ade20k, "9.180 × 10⁸ and 4.043 × 10¹², beyond the data");
        assert_eq!(
            finding.text.matches("beyond the data").count(),
            1,
            "{}",
            finding.text
        );
    }
}
