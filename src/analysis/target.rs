//! Where a reader asks for a prediction, in words.

use crate::decimal;
use crate::study::Study;
use crate::study::architecture::{Architecture, samples_seen};
use crate::study::select::Axis;
use std::fmt;

/// Why a prediction's target cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetError {
    NotAPlace(String),
    UnknownArchitecture {
        name: String,
        family: String,
        known: Vec<String>,
    },
    UnknownSamples(String),
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetError::NotAPlace(text) => write!(
                f,
                "“{text}” is neither a number above zero such as 1e12 nor a model and its samples such as “ViT-L-14 at 12.8B”."
            ),
            TargetError::UnknownArchitecture {
                name,
                family,
                known,
            } => write!(
                f,
                "“{name}” is not an architecture of {family} in this study; known: {}.",
                known.join(", ")
            ),
            TargetError::UnknownSamples(text) => write!(
                f,
                "“{text}” is not a number of samples such as 12.8B or 300M."
            ),
        }
    }
}

impl std::error::Error for TargetError {}

/// The place on an axis that a reader's words name: a number, or an architecture "at" a number of
/// samples.
pub fn target(
    text: &str,
    axis: Axis,
    study: Study,
    family: &str,
    architectures: &[Architecture],
) -> Result<f64, TargetError> {
    let text = text.trim();
    if let Some(x) = decimal::parse(text) {
        return if x.is_finite() && x > 0.0 {
            Ok(x)
        } else {
            Err(TargetError::NotAPlace(text.to_owned()))
        };
    }
    let (model, samples) = text
        .split_once('@')
        .or_else(|| {
            let (model, samples) = text.split_once(' ')?;
            Some((model, samples.trim_start().strip_prefix("at ")?))
        })
        .ok_or_else(|| TargetError::NotAPlace(text.to_owned()))?;
    let (model, samples) = (model.trim(), samples.trim());
    let of_family = || architectures.iter().filter(|a| a.family == family);
    // ViT-g-14 and ViT-G-14 differ in case alone, so an exact name goes first.
    let architecture = of_family()
        .find(|a| a.name == model)
        .or_else(|| of_family().find(|a| a.name.eq_ignore_ascii_case(model)))
        .ok_or_else(|| TargetError::UnknownArchitecture {
            name: model.to_owned(),
            family: crate::study::names::family(family).to_owned(),
            known: of_family().map(|a| a.name.clone()).collect(),
        })?;
    let samples = samples_seen(study, samples)
        .ok_or_else(|| TargetError::UnknownSamples(samples.to_owned()))?;
    Ok(match axis {
        Axis::Compute => architecture.compute_per_sample * samples,
        Axis::Samples => samples,
        Axis::Parameters => architecture.mparams[0] * 1e6,
    })
}
