//! What a column's values are like.

use crate::runs::number::{self, Cell, ParsedNumber};
use serde::Serialize;

/// Counts and extremes of a column's cells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Values {
    /// Those that are not empty.
    pub cells: u64,
    /// Those that are numbers, "4B" and "82.0 ± 0.1" among them.
    pub numbers: u64,
    pub min: f64,
    pub max: f64,
    /// Numbers above 1.
    pub above_one: u64,
    /// Numbers above 0.
    pub positive: u64,
    /// Whole numbers.
    pub whole: u64,
    /// Numbers with a percent sign.
    pub signs: u64,
    /// Numbers with a letter for thousands, millions, billions.
    pub suffixed: u64,
    /// Names of checkpoints that tell samples.
    #[serde(skip)]
    pub tags: u64,
    /// Architectures by their names.
    #[serde(skip)]
    pub architectures: u64,
}

impl Default for Values {
    fn default() -> Self {
        Values {
            cells: 0,
            numbers: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            above_one: 0,
            positive: 0,
            whole: 0,
            signs: 0,
            suffixed: 0,
            tags: 0,
            architectures: 0,
        }
    }
}

impl Values {
    pub(in crate::runs) fn add(&mut self, cell: Cell, comma: bool) {
        match number::number(cell, comma) {
            ParsedNumber::Missing => return,
            ParsedNumber::Of { value, percent, .. } => {
                self.signs += u64::from(percent);
                self.number(value);
            }
            ParsedNumber::None => {
                if let Cell::Text(text) = cell {
                    self.text(text);
                }
            }
        }
        self.cells += 1;
    }

    fn number(&mut self, value: f64) {
        self.numbers += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.above_one += u64::from(value > 1.0);
        self.positive += u64::from(value > 0.0);
        self.whole += u64::from(value.fract() == 0.0);
    }

    fn text(&mut self, text: &str) {
        if let Some(value) = number::suffixed(text) {
            self.suffixed += 1;
            self.number(value);
        }
        self.tags += u64::from(super::is_tags(text));
        let known = [
            "ViT-", "RN50", "RN101", "convnext", "EVA0", "coca_", "mammut_",
        ];
        self.architectures += u64::from(known.iter().any(|start| text.starts_with(start)));
    }

    /// Whether at least half of the cells are numbers.
    pub fn are_numbers(&self) -> bool {
        self.numbers > 0 && 2 * self.numbers >= self.cells
    }

    /// Whether all numbers are within a range.
    pub fn within(&self, low: f64, high: f64) -> bool {
        self.numbers > 0 && self.min >= low && self.max <= high
    }

    /// Whether they can be fractions or percent; a few below 0 are mistakes of their rows.
    pub(super) fn are_fractions(&self) -> bool {
        (0.0..=100.0).contains(&self.max) && (self.min >= 0.0 || 2 * self.positive > self.numbers)
    }

    pub(super) fn range(&self) -> String {
        format!("from {} to {}", short(self.min), short(self.max))
    }
}

/// A number for a sentence.
fn short(x: f64) -> String {
    let size = x.abs();
    match size {
        0.0 => "0".to_owned(),
        s if (1e-3..1e6).contains(&s) => {
            let rounded = format!("{x:.4}");
            let rounded = rounded.trim_end_matches('0').trim_end_matches('.');
            rounded.to_owned()
        }
        _ => format!("{x:.3e}"),
    }
}
