//! The printed numbers of the studies, typed (`data/*/printed/*.csv`; columns in `docs/studies.md`).

use super::{CheckError, law, surface};
use crate::analysis::{Analysis, from_study};
use crate::study::description::{ClaimKind, Description};
use crate::study::{Cell, Columns, DataError, Study, folder, read_rows};
use refit_fit::law::{Form, Law, Surface};
use std::collections::BTreeMap;

/// What studies say of themselves, and the numbers that they printed.
#[derive(Clone, Debug, Default)]
pub struct Printed {
    pub descriptions: BTreeMap<Study, Description>,
    pub coefficients: Vec<PrintedCoefficient>,
    pub predictions: Vec<PrintedPrediction>,
    pub measurements: Vec<PrintedMeasurement>,
    pub finetuning: Vec<Finetuning>,
    pub optimal_samples: Vec<OptimalSamples>,
    pub surfaces: Vec<SurfaceCoefficient>,
}

/// A number as printed.
#[derive(Clone, Debug, PartialEq)]
pub struct PrintedNumber {
    pub value: f64,
    pub text: String,
    pub decimals: u32,
}

/// An analysis as a link has it, of tables of the claim's own study.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub study: Study,
    pub text: String,
}

impl Query {
    pub fn analysis(&self) -> Analysis {
        from_study(self.study, &self.text).0
    }

    /// The first place where it asks for a prediction.
    pub fn at(&self) -> Result<String, CheckError> {
        let at = self.analysis().at.into_iter().next();
        at.ok_or_else(|| CheckError(format!("“{}” asks for no prediction (at=…)", self.text)))
    }
}

/// One coefficient of one law.
#[derive(Clone, Debug)]
pub struct PrintedCoefficient {
    pub law: String,
    pub source: String,
    /// Selects the series that the law was fitted to; where it asks for predictions, the curves are
    /// compared there, too.
    pub query: Query,
    /// `A`, `ln_B`, `minus_alpha`, `E`, or `beta`, `alpha`.
    pub parameter: String,
    pub printed: PrintedNumber,
}

impl PrintedCoefficient {
    /// The parameter as a formula has it.
    pub fn symbol(&self) -> &str {
        let mut parameters = Law::ALL.into_iter().flat_map(Form::parameters);
        match self.parameter.as_str() {
            "minus_alpha" => "−α",
            name => parameters
                .find(|p| p.name == name)
                .map_or(name, |p| p.symbol),
        }
    }
}

/// One coefficient of a law over parameters and samples, each counted singly.
#[derive(Clone, Debug)]
pub struct SurfaceCoefficient {
    pub law: String,
    pub source: String,
    /// Selects the series that the law was fitted to, and the loss.
    pub query: Query,
    pub form: Surface,
    /// A parameter of the form (`E`, `A`, `alpha_N`, …), or `ln_` and one.
    pub parameter: String,
    pub printed: PrintedNumber,
    /// As printed, where it is.
    pub standard_error: Option<f64>,
}

impl SurfaceCoefficient {
    /// The parameter as a formula has it.
    pub fn symbol(&self) -> String {
        let symbol = |name: &str| {
            let found = self.form.parameters().iter().find(|p| p.name == name);
            found.map(|p| p.symbol.to_owned())
        };
        let log = || symbol(self.parameter.strip_prefix("ln_")?).map(|s| format!("ln {s}"));
        symbol(&self.parameter)
            .or_else(log)
            .unwrap_or_else(|| self.parameter.clone())
    }
}

/// One predicted or measured metric in percent, or a mean absolute error in percentage points.
#[derive(Clone, Debug)]
pub struct PrintedPrediction {
    pub id: String,
    pub source: String,
    pub kind: PredictionKind,
    pub query: Query,
    /// As printed: "H/14"; empty for a mean absolute error.
    pub model: String,
    /// Of a measurement.
    pub architecture: String,
    pub samples: String,
    /// Another way to the number, for the note.
    pub alternative: Option<Query>,
    /// For the verdict; `{recomputed}` and `{alternative}` stand for the two numbers.
    pub note: String,
    pub printed: PrintedNumber,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PredictionKind {
    Predicted,
    Measured,
    MeanAbsoluteError,
}

/// One measured metric. What is empty does not tell which model it is of.
#[derive(Clone, Debug)]
pub struct PrintedMeasurement {
    pub id: String,
    pub source: String,
    pub query: Query,
    /// The mean of a group of downstream sets ([`Description::dataset_groups`]); empty of one set,
    /// which the query tells.
    pub group: String,
    pub family: String,
    pub architecture: String,
    pub pretrain: String,
    pub samples: String,
    pub run: String,
    /// `None` where it is as papers print it ([`crate::analysis::LossUnit::of_values`]).
    pub unit: Option<Unit>,
    /// What is known of a number that does not come back.
    pub note: String,
    pub printed: PrintedNumber,
}

/// How a fraction is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Percent,
    Fraction,
}

impl Unit {
    pub fn id(self) -> &'static str {
        match self {
            Unit::Percent => "percent",
            Unit::Fraction => "fraction",
        }
    }

    /// A fraction in it.
    pub fn of(self, fraction: f64) -> f64 {
        match self {
            Unit::Percent => 100.0 * fraction,
            Unit::Fraction => fraction,
        }
    }
}

/// One accuracy after fine-tuning, in percent, whose measurement was not released.
#[derive(Clone, Debug)]
pub struct Finetuning {
    pub id: String,
    pub study: Study,
    pub source: String,
    pub dataset: String,
    pub architecture: String,
    pub image_size: u32,
    pub pretrain: String,
    pub extra: String,
    pub printed: PrintedNumber,
}

/// Compute-optimal samples seen at one compute.
#[derive(Clone, Debug)]
pub struct OptimalSamples {
    pub id: String,
    pub source: String,
    pub query: Query,
    /// The same from finer points, for the note of a number that differs.
    pub alternative: Option<Query>,
    pub printed: PrintedNumber,
}

impl Printed {
    /// Whether a printed number of this id is a prediction of a law.
    pub(crate) fn is_prediction(&self, id: &str) -> bool {
        let predicted = |p: &PrintedPrediction| p.id == id && p.kind == PredictionKind::Predicted;
        self.predictions.iter().any(predicted)
    }

    /// Reads the descriptions of studies and their files of printed numbers; `read` gives a path's
    /// text.
    pub fn read(
        studies: &[Study],
        read: impl Fn(&str) -> Result<String, DataError>,
    ) -> Result<Printed, DataError> {
        let mut printed = Printed::default();
        let mut problems = Vec::new();
        for &study in studies {
            let path = study.path(folder::DESCRIPTION);
            let description = folder::read_description(&path, &read(&path)?)?;
            for claims in &description.claims {
                let path = study.path(&claims.file);
                problems.extend(printed.add(study, claims.kind, &path, &read(&path)?));
            }
            printed.descriptions.insert(study, description);
        }
        match problems.into_iter().next() {
            Some(problem) => Err(problem),
            None => Ok(printed),
        }
    }

    /// Adds the numbers of one file; gives what is wrong with those that cannot be read.
    pub(crate) fn add(
        &mut self,
        study: Study,
        kind: ClaimKind,
        path: &str,
        text: &str,
    ) -> Vec<DataError> {
        match kind {
            ClaimKind::Surface => read_printed(&mut self.surfaces, study, path, text),
            ClaimKind::Coefficients => read_printed(&mut self.coefficients, study, path, text),
            ClaimKind::Predictions => read_printed(&mut self.predictions, study, path, text),
            ClaimKind::Measurements => read_printed(&mut self.measurements, study, path, text),
            ClaimKind::Finetuning => read_printed(&mut self.finetuning, study, path, text),
            ClaimKind::OptimalSamples => read_printed(&mut self.optimal_samples, study, path, text),
        }
    }

    /// The printed coefficients of a law.
    pub fn law(&self, id: &str) -> Vec<&PrintedCoefficient> {
        self.coefficients.iter().filter(|c| c.law == id).collect()
    }
}

/// A row of one of the files.
trait PrintedRow: Sized {
    const COLUMNS: Columns;

    fn read(study: Study, cell: &Cell) -> Result<Self, DataError>;
}

fn read_printed<T: PrintedRow>(
    rows: &mut Vec<T>,
    study: Study,
    path: &str,
    text: &str,
) -> Vec<DataError> {
    let mut problems = Vec::new();
    let read = read_rows(path, text, &T::COLUMNS, |cell| {
        let row = T::read(study, cell);
        Ok(row.map_err(|problem| problems.push(problem)).ok())
    });
    match read {
        Ok(read) => rows.extend(read.into_iter().flatten()),
        Err(problem) => problems.push(problem),
    }
    problems
}

impl PrintedRow for PrintedCoefficient {
    const COLUMNS: Columns = Columns {
        required: &["law", "source", "query", "parameter", "decimals", "printed"],
        optional: &[],
    };

    fn read(study: Study, cell: &Cell) -> Result<Self, DataError> {
        let parameter = cell.name("parameter")?;
        let is_of = |law| law::place(&parameter, law).is_some();
        if !Law::ALL.into_iter().any(is_of) {
            let message = format!("no law has a coefficient “{parameter}”");
            return Err(cell.error("parameter", message));
        }
        Ok(PrintedCoefficient {
            law: cell.name("law")?,
            source: cell.name("source")?,
            query: query(study, cell, "query")?,
            parameter,
            printed: number(cell)?,
        })
    }
}

impl PrintedRow for SurfaceCoefficient {
    const COLUMNS: Columns = Columns {
        required: &[
            "law",
            "source",
            "query",
            "form",
            "parameter",
            "decimals",
            "printed",
        ],
        optional: &["standard_error"],
    };

    fn read(study: Study, cell: &Cell) -> Result<Self, DataError> {
        let form = cell.name("form")?;
        let found = Surface::ALL.into_iter().find(|s| s.id() == form);
        let form = found.ok_or_else(|| {
            let known = Surface::ALL.map(Form::id).join(", ");
            cell.error("form", format!("“{form}” is not a law; known: {known}"))
        })?;
        let parameter = cell.name("parameter")?;
        if surface::place(&parameter, form).is_none() {
            let known: Vec<&str> = form.parameters().iter().map(|p| p.name).collect();
            let known = known.join(", ");
            let message = format!("no coefficient of the law is “{parameter}”; known: {known}");
            return Err(cell.error("parameter", message));
        }
        Ok(SurfaceCoefficient {
            law: cell.name("law")?,
            source: cell.name("source")?,
            query: query(study, cell, "query")?,
            form,
            parameter,
            printed: number(cell)?,
            standard_error: cell.optional("standard_error", Cell::positive)?,
        })
    }
}

impl PrintedRow for PrintedPrediction {
    const COLUMNS: Columns = Columns {
        required: &["id", "source", "kind", "query", "decimals", "printed"],
        optional: &["model", "architecture", "samples", "alternative", "note"],
    };

    fn read(study: Study, cell: &Cell) -> Result<Self, DataError> {
        Ok(PrintedPrediction {
            id: cell.name("id")?,
            source: cell.name("source")?,
            kind: kind(cell)?,
            query: query(study, cell, "query")?,
            model: cell.text("model"),
            architecture: cell.text("architecture"),
            samples: cell.text("samples"),
            alternative: optional_query(study, cell)?,
            note: cell.text("note"),
            printed: number(cell)?,
        })
    }
}

impl PrintedRow for PrintedMeasurement {
    const COLUMNS: Columns = Columns {
        required: &["id", "source", "query", "decimals", "printed"],
        optional: &[
            "group",
            "family",
            "architecture",
            "pretrain",
            "samples",
            "run",
            "unit",
            "note",
        ],
    };

    fn read(study: Study, cell: &Cell) -> Result<Self, DataError> {
        let query = query(study, cell, "query")?;
        Ok(PrintedMeasurement {
            id: cell.name("id")?,
            source: cell.name("source")?,
            unit: unit(cell, &query)?,
            query,
            group: cell.text("group"),
            family: cell.text("family"),
            architecture: cell.text("architecture"),
            pretrain: cell.text("pretrain"),
            samples: cell.text("samples"),
            run: cell.text("run"),
            note: cell.text("note"),
            printed: number(cell)?,
        })
    }
}

impl PrintedRow for Finetuning {
    const COLUMNS: Columns = Columns {
        required: &[
            "id",
            "source",
            "dataset",
            "architecture",
            "image_size",
            "pretrain",
            "extra_finetuning",
            "decimals",
            "printed",
        ],
        optional: &[],
    };

    fn read(study: Study, cell: &Cell) -> Result<Self, DataError> {
        Ok(Finetuning {
            id: cell.name("id")?,
            study,
            source: cell.name("source")?,
            dataset: cell.name("dataset")?,
            architecture: cell.name("architecture")?,
            image_size: cell.whole("image_size")?,
            pretrain: cell.name("pretrain")?,
            extra: cell.text("extra_finetuning"),
            printed: number(cell)?,
        })
    }
}

impl PrintedRow for OptimalSamples {
    const COLUMNS: Columns = Columns {
        required: &["id", "source", "query", "printed"],
        optional: &["alternative"],
    };

    fn read(study: Study, cell: &Cell) -> Result<Self, DataError> {
        let text = cell.text("printed");
        Ok(OptimalSamples {
            id: cell.name("id")?,
            source: cell.name("source")?,
            query: query(study, cell, "query")?,
            alternative: optional_query(study, cell)?,
            printed: PrintedNumber {
                value: cell.positive("printed")?,
                // Decimals of the mantissa: 2.64e10 has two.
                decimals: text
                    .split_once('e')
                    .and_then(|(mantissa, _)| mantissa.split_once('.'))
                    .map_or(0, |(_, decimals)| decimals.len() as u32),
                text,
            },
        })
    }
}

/// A query that is read without a notice.
fn query(study: Study, cell: &Cell, column: &str) -> Result<Query, DataError> {
    let text = cell.name(column)?;
    match from_study(study, &text).1.first() {
        Some(notice) => Err(cell.error(column, format!("The query {}.", notice.fact()))),
        None => Ok(Query { study, text }),
    }
}

fn optional_query(study: Study, cell: &Cell) -> Result<Option<Query>, DataError> {
    match cell.text("alternative").as_str() {
        "" => Ok(None),
        _ => query(study, cell, "alternative").map(Some),
    }
}

fn kind(cell: &Cell) -> Result<PredictionKind, DataError> {
    match cell.text("kind").as_str() {
        "predicted" => Ok(PredictionKind::Predicted),
        "measured" => Ok(PredictionKind::Measured),
        "mean-absolute-error" => Ok(PredictionKind::MeanAbsoluteError),
        other => {
            let problem = format!("“{other}” is not predicted, measured or mean-absolute-error");
            Err(cell.error("kind", problem))
        }
    }
}

fn unit(cell: &Cell, query: &Query) -> Result<Option<Unit>, DataError> {
    let unit = match cell.text("unit").as_str() {
        "" => None,
        "percent" => Some(Unit::Percent),
        "fraction" => Some(Unit::Fraction),
        other => {
            let problem = format!("“{other}” is not percent or fraction");
            return Err(cell.error("unit", problem));
        }
    };
    match unit.is_some() && !query.analysis().loss_unit().is_fraction() {
        true => Err(cell.error("unit", "must be empty: the metric is no fraction")),
        false => Ok(unit),
    }
}

fn number(cell: &Cell) -> Result<PrintedNumber, DataError> {
    let decimals = cell.whole("decimals")?;
    Ok(PrintedNumber {
        value: cell.number("printed")?,
        text: with_zeros(cell.text("printed"), decimals),
        decimals,
    })
}

/// A printed number with the zeros that a program left out of its file: 0.4760 for 0.476 with four decimals.
fn with_zeros(text: String, decimals: u32) -> String {
    match text.split_once('.') {
        Some((_, after)) if after.bytes().all(|b| b.is_ascii_digit()) => {
            let missing = (decimals as usize).saturating_sub(after.len());
            text + &"0".repeat(missing)
        }
        _ => text,
    }
}
