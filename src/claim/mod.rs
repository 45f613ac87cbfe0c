//! What the papers printed, how each number is recomputed, and the verdict.
//!
//! [`claims`] lists the claims of the studies; [`Claim::check`] recomputes one from the
//! bundled measurements, by the authors' procedure, never tuned to the printed number.

mod filter;
mod law;
mod number;
mod prediction;
mod printed;
mod surface;
mod tally;

pub use filter::Filter;
pub(crate) use law::printed_parameters;
pub use printed::{Printed, PrintedCoefficient};
pub use tally::Tally;

use crate::analysis::Analysis;
use crate::study::architecture::{self, ArchitectureCost};
use crate::study::description::Description;
use crate::study::{DataError, Measurement, Study, Table, read_measurements};
use crate::text::grouped;
use refit_fit::Task;
use refit_fit::law::Form;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::{fmt, iter};

/// The bundled data, as far as it has been read.
#[derive(Clone, Debug, Default)]
pub struct Library {
    pub tables: BTreeMap<Table, Vec<Measurement>>,
    pub architectures: BTreeMap<Study, Vec<ArchitectureCost>>,
}

impl Library {
    /// Files that a table's analyses need.
    pub fn paths(table: Table) -> impl Iterator<Item = String> {
        iter::once(table.path()).chain(architecture::path(table.study()))
    }

    /// Reads every file of the studies' tables through `read`, which gives a path's text.
    pub fn read_all(
        studies: &[Study],
        read: impl Fn(&str) -> Result<String, DataError>,
    ) -> Result<Self, DataError> {
        let mut library = Library::default();
        for &study in studies {
            if let Some(path) = architecture::path(study) {
                let architectures = architecture::read(&path, &read(&path)?)?;
                library.architectures.insert(study, architectures);
            }
            for table in study.tables() {
                let path = table.path();
                let rows = read_measurements(study, &path, &read(&path)?)?;
                library.tables.insert(table, rows);
            }
        }
        Ok(library)
    }

    /// Rows of a table, where it has been read.
    pub fn rows(&self, table: Table) -> Result<&[Measurement], CheckError> {
        self.tables
            .get(&table)
            .map(Vec::as_slice)
            .ok_or_else(|| CheckError(format!("{} has not been read", table.path())))
    }

    pub fn architectures(&self, study: Study) -> &[ArchitectureCost] {
        self.architectures.get(&study).map_or(&[], Vec::as_slice)
    }
}

/// Why a number cannot be recomputed from the data at hand, as a sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckError(pub String);

impl CheckError {
    /// A law is a curve only with all of its coefficients, and with no others.
    fn other_coefficients<'a, F: Form>(
        id: &str,
        law: F,
        printed: impl Iterator<Item = &'a str>,
    ) -> CheckError {
        let has: Vec<&str> = law.parameters().iter().map(|p| p.name).collect();
        let printed: Vec<&str> = printed.collect();
        CheckError(format!(
            "{id}: the query’s law, {}, has the coefficients {}; printed are {}.",
            law.plain(),
            has.join(", "),
            printed.join(", ")
        ))
    }

    fn no_run() -> CheckError {
        CheckError("None of the loaded runs matches.".to_owned())
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CheckError {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Equal at the precision that was printed; of a law whose points were read back from a
    /// figure, within their rounding.
    Reproduced,
    /// The law is the same curve; the coefficient differs.
    SameCurve,
    Differs,
    /// The data that it needs are not at hand.
    Uncheckable,
}

impl Verdict {
    pub const ALL: [Verdict; 4] = [
        Verdict::Reproduced,
        Verdict::SameCurve,
        Verdict::Differs,
        Verdict::Uncheckable,
    ];

    pub fn id(self) -> &'static str {
        match self {
            Verdict::Reproduced => "reproduced",
            Verdict::SameCurve => "same-curve",
            Verdict::Differs => "differs",
            Verdict::Uncheckable => "uncheckable",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Verdict::Reproduced => "reproduced",
            Verdict::SameCurve => "same curve",
            Verdict::Differs => "differs",
            Verdict::Uncheckable => "cannot be checked here",
        }
    }

    /// Of so many numbers.
    pub fn counted(self, count: usize) -> String {
        let title = match (self, count) {
            (Verdict::Differs, 2..) => "differ",
            _ => self.title(),
        };
        format!("{} {title}", grouped(count as u64))
    }
}

/// One printed number beside the recomputed one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// Unique and stable.
    pub id: String,
    pub study: Study,
    /// Where it was printed.
    pub source: String,
    /// With its unit, where it has one.
    pub quantity: String,
    /// "percent", "nats", "GFLOPs"; empty of a pure number.
    pub unit: &'static str,
    pub printed: f64,
    pub recomputed: Option<f64>,
    /// Recomputed − printed.
    pub difference: Option<f64>,
    pub verdict: Verdict,
    pub note: String,
    /// Of a law as a whole, by the error of its printed coefficients: a number that no paper prints.
    pub whole_law: bool,
    /// Recomputed by fitting a law, as coefficients and predictions are; else an entry of a table of measurements.
    pub fitted: bool,
    /// How it was printed: "5.86".
    #[serde(skip)]
    pub printed_text: String,
    /// Opens it in Explore.
    #[serde(skip)]
    pub analysis: Option<Analysis>,
}

/// One thing to check: a whole law, or one printed number.
#[derive(Clone, Debug)]
pub enum Claim<'a> {
    Law(&'a [PrintedCoefficient], Option<&'a Description>),
    Surface(&'a [printed::SurfaceCoefficient], Option<&'a Description>),
    Prediction(&'a printed::PrintedPrediction),
    Measurement(&'a printed::PrintedMeasurement, Option<&'a Description>),
    Finetuning(&'a printed::Finetuning),
    OptimalSamples(&'a printed::OptimalSamples),
}

/// All claims, in the order of the printed files.
pub fn claims(printed: &Printed) -> Vec<Claim<'_>> {
    let laws = printed.coefficients.chunk_by(|a, b| a.law == b.law);
    let surfaces = printed.surfaces.chunk_by(|a, b| a.law == b.law);
    let described = |query: Option<&printed::Query>| printed.descriptions.get(&query?.study);
    let measurements = printed.measurements.iter();
    let measurements = measurements.map(|m| Claim::Measurement(m, described(Some(&m.query))));
    laws.map(|law| Claim::Law(law, described(law.first().map(|c| &c.query))))
        .chain(surfaces.map(|law| Claim::Surface(law, described(law.first().map(|c| &c.query)))))
        .chain(printed.predictions.iter().map(Claim::Prediction))
        .chain(printed.optimal_samples.iter().map(Claim::OptimalSamples))
        .chain(measurements)
        .chain(printed.finetuning.iter().map(Claim::Finetuning))
        .collect()
}

impl Claim<'_> {
    /// Recomputes it. A law gives one row for the curve and one for each coefficient.
    pub fn check(&self, library: &Library) -> Vec<Check> {
        match self {
            Claim::Law(coefficients, description) => {
                law::check(coefficients, *description, library)
            }
            Claim::Surface(coefficients, description) => {
                surface::check(coefficients, *description, library)
            }
            Claim::Prediction(p) => vec![prediction::prediction(p, library)],
            Claim::OptimalSamples(o) => vec![number::optimal_samples(o, library)],
            Claim::Measurement(m, description) => {
                vec![number::measurement(m, *description, library)]
            }
            Claim::Finetuning(f) => vec![number::finetuning(f)],
        }
    }
}

/// The check of every claim under way, one claim a step.
pub struct Verification {
    data: Arc<(Printed, Library)>,
    next: usize,
    count: usize,
    /// Of the claims so far.
    pub checks: Vec<Check>,
}

impl Verification {
    pub fn new(data: Arc<(Printed, Library)>) -> Verification {
        Verification {
            next: 0,
            count: claims(&data.0).len(),
            checks: Vec::new(),
            data,
        }
    }
}

impl Task for Verification {
    fn step(&mut self) {
        let (printed, library) = &*self.data;
        if let Some(claim) = claims(printed).get(self.next) {
            self.checks.extend(claim.check(library));
        }
        self.next += 1;
    }

    fn progress(&self) -> (usize, usize) {
        (self.next, self.count)
    }
}

/// Checks every claim.
pub fn verify(printed: Printed, library: Library) -> Vec<Check> {
    Verification::new(Arc::new((printed, library)))
        .finish()
        .checks
}

/// Whether a number comes back at so many printed decimals. The slack of 1e-9 is binary
/// rounding of a decimal half, not tolerance.
fn agrees(recomputed: f64, printed: f64, decimals: u32) -> bool {
    (recomputed - printed).abs() <= 0.5 * 10f64.powi(-(decimals as i32)) + 1e-9
}
