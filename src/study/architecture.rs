//! Architectures, and compute from "this model at that many samples".

use super::read::DataError;
use super::{Columns, Study, read_rows};
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

const COLUMNS: Columns = Columns {
    required: &[
        "family",
        "architecture",
        "image_size",
        "compute_per_sample",
        "mparams",
        "image_mparams",
        "text_mparams",
    ],
    optional: &[],
};

/// Path of a study's architectures; `None` where it has none.
pub fn path(study: Study) -> Option<String> {
    match study.architectures.name.as_str() {
        "" => None,
        file => Some(study.path(file)),
    }
}

pub fn read(file: &str, text: &str) -> Result<Vec<ArchitectureCost>, DataError> {
    read_rows(file, text, &COLUMNS, |cell| {
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

/// Samples seen that a study's label stands for: as the study counts, else nominally.
pub fn samples_seen(study: Study, label: &str) -> Option<f64> {
    let labels = &study.head().sample_labels;
    let exact = labels.iter().find(|(known, _)| known == label);
    let exact = exact.map(|(_, count)| *count);
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
        let of = |study: &str, label| samples_seen(Study::find(study).unwrap(), label);
        assert_eq!(of("comparison", "3B"), Some(3.072e9));
        assert_eq!(of("comparison", "12.8B"), Some(1.28e10));
        assert_eq!(of("openclip", "3B"), Some(2_560_013_280.0));
        assert_eq!(of("openclip", "68B"), Some(68_431_790_112.0));
        assert_eq!(of("openclip", "1B"), Some(1e9));
        assert_eq!(of("openclip", "many"), None);
        assert_eq!(of("openclip", "-1B"), None);
    }
}
