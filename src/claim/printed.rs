//! The printed numbers, typed (`data/printed/*.csv`; columns in `data/README.md`).

use crate::study::{Cell, DataError, Study, read_rows};
use refit_fit::law::{Form, Law};

#[derive(Clone, Debug, Default)]
pub struct Printed {
    pub coefficients: Vec<PrintedCoefficient>,
    pub predictions: Vec<PrintedPrediction>,
    pub measurements: Vec<PrintedMeasurement>,
    pub finetuning: Vec<Finetuning>,
    pub optimal_samples: Vec<OptimalSamples>,
}

/// A number as printed.
#[derive(Clone, Debug, PartialEq)]
pub struct PrintedNumber {
    pub value: f64,
    pub text: String,
    pub decimals: u32,
}

/// One coefficient of one law.
#[derive(Clone, Debug)]
pub struct PrintedCoefficient {
    pub law: String,
    pub study: Study,
    pub source: String,
    pub dataset: String,
    pub metric: String,
    pub family: String,
    pub pretrain: String,
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

/// One predicted or measured metric in percent, or a mean absolute error in percentage points.
#[derive(Clone, Debug)]
pub struct PrintedPrediction {
    pub claim: String,
    pub study: Study,
    pub source: String,
    pub kind: PredictionKind,
    pub dataset: String,
    pub metric: String,
    /// "H/14"; empty for a mean absolute error.
    pub model: String,
    pub samples: String,
    pub printed: PrintedNumber,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PredictionKind {
    Predicted,
    Measured,
    MeanAbsoluteError,
}

/// One zero-shot or linear-probe metric, in percent.
#[derive(Clone, Debug)]
pub struct PrintedMeasurement {
    pub claim: String,
    pub study: Study,
    pub source: String,
    pub dataset: String,
    pub metric: String,
    pub architecture: String,
    pub pretrain: String,
    pub samples: String,
    pub printed: PrintedNumber,
}

/// One accuracy after fine-tuning, in percent.
#[derive(Clone, Debug)]
pub struct Finetuning {
    pub claim: String,
    pub study: Study,
    pub source: String,
    pub dataset: String,
    pub architecture: String,
    pub image_size: u32,
    pub pretrain: String,
    pub extra: String,
    pub printed: PrintedNumber,
}

/// Compute-optimal samples seen at one compute, in GFLOPs.
#[derive(Clone, Debug)]
pub struct OptimalSamples {
    pub claim: String,
    pub study: Study,
    pub family: String,
    pub compute: f64,
    pub compute_text: String,
    pub printed: PrintedNumber,
}

impl Printed {
    pub const PATHS: [&str; 5] = [
        "data/printed/coefficients.csv",
        "data/printed/predictions.csv",
        "data/printed/measurements.csv",
        "data/printed/finetuning.csv",
        "data/printed/optimal_samples.csv",
    ];

    /// Reads all five files; `read` gives a path's text.
    pub fn read(read: impl Fn(&str) -> Result<String, DataError>) -> Result<Printed, DataError> {
        let [coefficients, predictions, measurements, finetuning, optimal] =
            Printed::PATHS.map(|path| read(path).map(|text| (path, text)));
        Ok(Printed {
            coefficients: read_printed(&coefficients?)?,
            predictions: read_printed(&predictions?)?,
            measurements: read_printed(&measurements?)?,
            finetuning: read_printed(&finetuning?)?,
            optimal_samples: read_printed(&optimal?)?,
        })
    }
}

/// A row of one of the files.
trait PrintedRow: Sized {
    const COLUMNS: &[&str];

    fn read(cell: &Cell) -> Result<Self, DataError>;
}

fn read_printed<T: PrintedRow>((path, text): &(&str, String)) -> Result<Vec<T>, DataError> {
    read_rows(path, text, T::COLUMNS, |cell| T::read(cell))
}

impl PrintedRow for PrintedCoefficient {
    const COLUMNS: &[&str] = &[
        "law",
        "study",
        "source",
        "dataset",
        "metric",
        "family",
        "pretrain",
        "parameter",
        "decimals",
        "printed",
    ];

    fn read(cell: &Cell) -> Result<Self, DataError> {
        Ok(PrintedCoefficient {
            law: cell.name("law")?,
            study: study(cell)?,
            source: cell.name("source")?,
            dataset: cell.name("dataset")?,
            metric: cell.name("metric")?,
            family: cell.name("family")?,
            pretrain: cell.name("pretrain")?,
            parameter: cell.name("parameter")?,
            printed: number(cell)?,
        })
    }
}

impl PrintedRow for PrintedPrediction {
    const COLUMNS: &[&str] = &[
        "claim", "study", "source", "kind", "dataset", "metric", "model", "samples", "decimals",
        "printed",
    ];

    fn read(cell: &Cell) -> Result<Self, DataError> {
        Ok(PrintedPrediction {
            claim: cell.name("claim")?,
            study: study(cell)?,
            source: cell.name("source")?,
            kind: kind(cell)?,
            dataset: cell.name("dataset")?,
            metric: cell.name("metric")?,
            model: cell.text("model"),
            samples: cell.text("samples"),
            printed: number(cell)?,
        })
    }
}

impl PrintedRow for PrintedMeasurement {
    const COLUMNS: &[&str] = &[
        "claim",
        "study",
        "source",
        "dataset",
        "metric",
        "architecture",
        "pretrain",
        "samples",
        "decimals",
        "printed",
    ];

    fn read(cell: &Cell) -> Result<Self, DataError> {
        Ok(PrintedMeasurement {
            claim: cell.name("claim")?,
            study: study(cell)?,
            source: cell.name("source")?,
            dataset: cell.name("dataset")?,
            metric: cell.name("metric")?,
            architecture: cell.name("architecture")?,
            pretrain: cell.name("pretrain")?,
            samples: cell.name("samples")?,
            printed: number(cell)?,
        })
    }
}

impl PrintedRow for Finetuning {
    const COLUMNS: &[&str] = &[
        "claim",
        "study",
        "source",
        "dataset",
        "architecture",
        "image_size",
        "pretrain",
        "extra_finetuning",
        "decimals",
        "printed",
    ];

    fn read(cell: &Cell) -> Result<Self, DataError> {
        Ok(Finetuning {
            claim: cell.name("claim")?,
            study: study(cell)?,
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
    const COLUMNS: &[&str] = &["claim", "study", "family", "compute", "printed"];

    fn read(cell: &Cell) -> Result<Self, DataError> {
        let text = cell.text("printed");
        Ok(OptimalSamples {
            claim: cell.name("claim")?,
            study: study(cell)?,
            family: cell.name("family")?,
            compute: cell.positive("compute")?,
            compute_text: cell.text("compute"),
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

fn kind(cell: &Cell) -> Result<PredictionKind, DataError> {
    match cell.text("kind").as_str() {
        "predicted" => Ok(PredictionKind::Predicted),
        "measured" => Ok(PredictionKind::Measured),
        "mean_absolute_error" => Ok(PredictionKind::MeanAbsoluteError),
        other => {
            let problem = format!("“{other}” is not predicted, measured or mean_absolute_error");
            Err(cell.error("kind", problem))
        }
    }
}

fn study(cell: &Cell) -> Result<Study, DataError> {
    let text = cell.text("study");
    Study::ALL
        .into_iter()
        .find(|s| s.id() == text)
        .ok_or_else(|| cell.error("study", format!("“{text}” is not openclip or comparison")))
}

fn number(cell: &Cell) -> Result<PrintedNumber, DataError> {
    Ok(PrintedNumber {
        value: cell.number("printed")?,
        text: cell.text("printed"),
        decimals: cell.whole("decimals")?,
    })
}
