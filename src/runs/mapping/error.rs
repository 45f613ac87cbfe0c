//! Why a mapping cannot be used.

use super::Mapping;
use std::fmt;

/// Why a mapping does not fit a table, or is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingError {
    NoColumn {
        name: String,
        known: Vec<String>,
    },
    NoCompute,
    NoParameters,
    NoSamples,
    NoScore,
    TooManyScores,
    Syntax {
        text: String,
    },
    /// Compute is worked out from samples, and samples from compute.
    Circle,
    /// A column of losses was called an error, which is a fraction.
    LossAsError {
        column: String,
    },
    /// What is asked, and how the terminal answers.
    Open {
        question: String,
        maps: Vec<String>,
    },
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MappingError::NoColumn { name, known } => write!(
                f,
                "The table has no column “{name}”; it has {}.",
                known.join(", ")
            ),
            MappingError::NoCompute => write!(f, "No column says how much compute a run took."),
            MappingError::NoParameters => write!(
                f,
                "Compute from parameters × samples needs a column of parameters."
            ),
            MappingError::NoSamples => write!(
                f,
                "Compute from that of a sample needs a column of the samples seen."
            ),
            MappingError::NoScore => {
                write!(f, "No column holds a metric or an error.")
            }
            MappingError::TooManyScores => write!(
                f,
                "More than {} columns of metrics cannot be read at once.",
                Mapping::MOST_SCORES
            ),
            MappingError::Circle => write!(
                f,
                "Compute is to come from samples or parameters, and these from compute."
            ),
            MappingError::LossAsError { column } => write!(
                f,
                "“{column}” is a loss, not an error from 0 to 1: loss={column}; if it is an error in percent: error={column}:percent."
            ),
            MappingError::Open { question, maps } => {
                write!(f, "{question} Say which: {}.", maps.join(" or "))
            }
            MappingError::Syntax { text } => write!(
                f,
                "“{text}” is not a mapping: compute, parameters or samples = a product of columns and numbers such as flops*1e-9, 10^log_flops, gflops*samples, batch*steps, 6*params*tokens or 3e9; compute=architecture; accuracy=COLUMN[:percent|:fraction], error=COLUMN[:percent|:fraction], loss=COLUMN, perplexity=COLUMN, number=COLUMN, drop=COLUMN, standard_error=COLUMN, study=NAME, points=every|final|envelope, progress=COLUMN, or metric, dataset, family, pretrain, tags, architecture, schedule, run = a column or a text."
            ),
        }
    }
}

impl std::error::Error for MappingError {}
