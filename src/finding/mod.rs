//! What re-running the released analyses shows: eight findings, each recomputed from the data as
//! released and corrected.

mod comparison;
mod openclip;

use crate::analysis::{self, Analysis, Series};
use crate::claim::{CheckError, Library, Printed};
use crate::fit::Fit;
use crate::study::Study;
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
    let fit = series.fit.clone().map_err(|e| CheckError(e.to_string()))?;
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
    format!("{:.2} %", 100.0 * (1.0 - error))
}
