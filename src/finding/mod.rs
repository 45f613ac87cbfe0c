//! What re-running the released analyses shows, each recomputed from the data as released and
//! corrected. A study names its findings (`study.json`); what they compute is registered here.

mod comparison;
mod datacomp;
mod openclip;

use crate::analysis::{self, Analysis, Series, why_not_fitted};
use crate::claim::{CheckError, Library, Printed};
use crate::study::{Study, Table};
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
    /// The analysis whose intervals' coverage the reader can simulate.
    #[serde(skip)]
    pub simulated: Option<Analysis>,
}

/// One finding's recomputation.
pub type Recompute = fn(&Printed, &Library) -> Result<Finding, CheckError>;

/// The computations by study and id, those that change most first; each is quick.
const REGISTERED: [(&str, &str, Recompute); 10] = [
    ("comparison", "band", comparison::the_band),
    ("comparison", "imagenet-r", comparison::imagenet_r_of_mammut),
    (
        "comparison",
        "bins",
        comparison::held_out_runs_move_the_bins,
    ),
    ("comparison", "crossings", comparison::where_laws_cross),
    ("comparison", "mask", comparison::a_point_off_the_frontier),
    ("openclip", "prose", openclip::prose_and_table),
    ("datacomp", "order", datacomp::small_scales_order_large_ones),
    ("datacomp", "abstract", datacomp::the_abstract),
    ("comparison", "fig1", comparison::fig1_comes_back),
    ("openclip", "formulas", openclip::formulas_come_back),
];

/// The findings of the bundled studies, those that change most first. A finding that a study names and that is
/// not registered is left out; `refit study check` reports it.
pub fn all() -> Vec<Recompute> {
    let bundled = Study::bundled();
    let known = REGISTERED.iter();
    let known = known.filter(|(of, ..)| bundled.iter().any(|study| study.id == *of));
    known.map(|(_, _, recompute)| *recompute).collect()
}

/// A study's finding of this id.
pub fn of(study: Study, id: &str) -> Option<Recompute> {
    let mut registered = REGISTERED.iter();
    let found = registered.find(|(of, known, _)| *of == study.id && *known == id);
    found.map(|(_, _, recompute)| *recompute)
}

/// Ids of a study's findings, those that change most first.
pub fn ids(study: Study) -> impl Iterator<Item = &'static str> {
    let known = REGISTERED.iter().filter(move |(of, ..)| study.id == *of);
    known.map(|(_, id, _)| *id)
}

/// Whether a study's finding is known.
pub fn is_registered(study: Study, id: &str) -> bool {
    of(study, id).is_some()
}

/// A bundled table.
fn table(id: &str) -> Result<Table, CheckError> {
    Table::find(id).ok_or_else(|| CheckError(format!("there is no table {id}")))
}

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
    crate::claim::printed_parameters(printed.law(law).into_iter(), fit.law)
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
    use crate::study::bundled;

    pub(super) fn findings() -> Vec<Finding> {
        let studies = Study::bundled();
        let library = Library::read_all(&studies, bundled::text).unwrap();
        let printed = Printed::read(&studies, bundled::text).unwrap();
        all()
            .iter()
            .map(|f| f(&printed, &library).unwrap())
            .collect()
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
