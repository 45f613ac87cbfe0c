//! Architectures, and compute from "this model at that many samples".

use super::read::DataError;
use super::{Study, read_rows};
use crate::decimal;

/// One architecture of a study (`data/*/architectures.csv`).
#[derive(Clone, Debug, PartialEq)]
pub struct ArchitectureCost {
    pub family: String,
    pub name: String,
    /// Pixels a side.
    pub image_size: u32,
    /// Forward compute of one sample, in the study's unit.
    pub compute_per_sample: f64,
    /// Parameters, in millions: in all, image tower, text tower.
    pub mparams: [f64; 3],
}

pub fn path(study: Study) -> String {
    format!("data/{}/architectures.csv", study.id())
}

pub fn read(file: &str, text: &str) -> Result<Vec<ArchitectureCost>, DataError> {
    let header = [
        "family",
        "architecture",
        "image_size",
        "compute_per_sample",
        "mparams",
        "image_mparams",
        "text_mparams",
    ];
    read_rows(file, text, &header, |cell| {
        Ok(ArchitectureCost {
            family: cell.name("family")?,
            name: cell.name("architecture")?,
            image_size: cell.whole("image_size")?,
            compute_per_sample: cell.positive("compute_per_sample")?,
            mparams: [
                cell.positive("mparams")?,
                cell.positive("image_mparams")?,
                cell.positive("text_mparams")?,
            ],
        })
    })
}

/// Samples seen that a study's label stands for.
///
/// The comparison study's 3M, 30M, 300M and 3B are 3,072,000 × 10^k. The openclip notebook's
/// 3B, 13B, 34B and 68B are whole epochs of its two LAION subsets. Other labels are nominal.
pub fn samples_seen(study: Study, label: &str) -> Option<f64> {
    let exact = match (study, label) {
        (Study::Openclip, "3B") => Some(80_000_415.0 * 32.0),
        (Study::Openclip, "13B") => Some(407_332_084.0 * 32.0),
        (Study::Openclip, "34B") => Some(407_332_084.0 * 84.0),
        (Study::Openclip, "68B") => Some(407_332_084.0 * 168.0),
        (Study::Comparison, "3M") => Some(3.072e6),
        (Study::Comparison, "30M") => Some(3.072e7),
        (Study::Comparison, "300M") => Some(3.072e8),
        (Study::Comparison, "3B") => Some(3.072e9),
        _ => None,
    };
    exact.or_else(|| {
        let (digits, scale) = match label.strip_suffix(['M', 'B', 'K']) {
            Some(digits) if label.ends_with('B') => (digits, 1e9),
            Some(digits) if label.ends_with('M') => (digits, 1e6),
            Some(digits) => (digits, 1e3),
            None => (label, 1.0),
        };
        let samples = decimal::parse(digits.trim())? * scale;
        (samples.is_finite() && samples > 0.0).then_some(samples)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_studies_counts() {
        assert_eq!(samples_seen(Study::Comparison, "3B"), Some(3.072e9));
        assert_eq!(samples_seen(Study::Comparison, "12.8B"), Some(1.28e10));
        assert_eq!(samples_seen(Study::Openclip, "3B"), Some(2_560_013_280.0));
        assert_eq!(samples_seen(Study::Openclip, "68B"), Some(68_431_790_112.0));
        assert_eq!(samples_seen(Study::Openclip, "1B"), Some(1e9));
        assert_eq!(samples_seen(Study::Openclip, "many"), None);
        assert_eq!(samples_seen(Study::Openclip, "-1B"), None);
    }
}
