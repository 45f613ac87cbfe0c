//! Where a reader asks for a prediction, in words.

use crate::decimal;
use crate::study::Study;
use crate::study::architecture::{ArchitectureCost, samples_seen};
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
                "“{text}” is neither a number above zero such as 1e12, in the unit of the axis, nor a model and its samples such as “ViT-L-14 at 12.8B”."
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

/// A number with or without a unit, perhaps after a name: "2.14e12", "2.14e12 GFLOPs", "2.14 ZFLOPs",
/// "64 H100 for 48 h = 1.46e12".
fn number(text: &str, axis: Axis, study: Study) -> Option<f64> {
    let text = text
        .rsplit_once('=')
        .map_or(text, |(_, number)| number.trim());
    let (digits, unit) = text.split_once(' ').unwrap_or((text, ""));
    Some(decimal::parse(digits)? * factor(unit.trim(), axis, study)?)
}

/// Of how many of the axis's units a unit is; `None` where it is one of something else. A MAC is
/// about two FLOPs, and no FLOP.
fn factor(unit: &str, axis: Axis, study: Study) -> Option<f64> {
    if unit.is_empty() || (axis != Axis::Compute && unit == axis.id()) {
        return Some(1.0);
    }
    let of_study = prefixed(&study.compute_unit)?;
    let asked = prefixed(unit)?;
    (axis == Axis::Compute && of_study.1 == asked.1).then_some(asked.0 / of_study.0)
}

/// The factor of a unit's SI prefix, and whether it counts multiply-accumulates.
pub(super) fn prefixed(unit: &str) -> Option<(f64, bool)> {
    let unit = unit.to_ascii_uppercase();
    let macs = unit.ends_with("MACS");
    let prefix = unit.strip_suffix(if macs { "MACS" } else { "FLOPS" })?;
    let power = match "MGTPEZ".find(prefix)? {
        _ if prefix.is_empty() => 0,
        i if prefix.len() == 1 => 6 + 3 * i as i32,
        _ => return None,
    };
    Some((10f64.powi(power), macs))
}

/// The place on an axis that a reader's words name: a number, or an architecture "at" a number of
/// samples.
pub fn target(
    text: &str,
    axis: Axis,
    study: Study,
    family: &str,
    architectures: &[ArchitectureCost],
) -> Result<f64, TargetError> {
    let text = text.trim();
    if let Some(x) = number(text, axis, study) {
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
            family: crate::study::names::family(study, family).to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_may_have_its_unit() {
        let at = |text: &str, axis, study| target(text, axis, study, "clip", &[]).ok();
        let compute = |text: &str| at(text, Axis::Compute, Study::of_unit("GFLOPs"));
        for text in [
            "2.14e12",
            "2.14e12 GFLOPs",
            " 2.14e12  gflops",
            "2.14e9 TFLOPs",
            "2.14 ZFLOPs",
            "2.14e21 FLOPs",
            "64 H100 for 48 h = 2.14e12",
            "our next run = 2.14e9 TFLOPs",
        ] {
            let x = compute(text).expect(text);
            assert!((x / 2.14e12 - 1.0).abs() < 1e-12, "{text}: {x}");
        }
        // A MAC is no FLOP, and neither is a sample.
        for text in [
            "2.14e12 GMACs",
            "2.14e12 samples",
            "2.14e12 XFLOPs",
            "2.14e12 MGFLOPs",
            "-1 GFLOPs",
            "64 H100 for 48 h",
            "our next run =",
        ] {
            assert_eq!(compute(text), None, "{text}");
        }
        assert_eq!(
            at("5e9 GMACs", Axis::Compute, Study::of_unit("GMACs")),
            Some(5e9)
        );
        assert_eq!(
            at("6 EFLOPs", Axis::Compute, Study::of_unit("FLOPs")),
            Some(6e18)
        );
        assert_eq!(
            at("3e9 samples", Axis::Samples, Study::of_unit("GMACs")),
            Some(3e9)
        );
        assert_eq!(
            at("3e9 GMACs", Axis::Samples, Study::of_unit("GMACs")),
            None
        );
    }
}
