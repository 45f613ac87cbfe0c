//! Percent or fractions: decided for a column as a whole.

use super::{Collector, MOST_LISTED, line};
use crate::runs::layout::ScoreColumn;
use crate::runs::mapping::UnitScale;
use crate::runs::report::{Position, ReadNotice, RejectReason, Rejection};

/// What is known of a column of numbers so far.
#[derive(Clone, Debug, Default)]
pub(super) struct ColumnStats {
    pub numbers: u64,
    /// Those above 1, and the first of them.
    pub above: u64,
    pub first_above: Vec<(Position, f64)>,
    /// The first with a percent sign, which is divided by 100 for itself.
    pub first_sign: Option<(Position, f64)>,
    /// The smallest above 1, and the largest of the others.
    pub least_above: Option<f64>,
    pub most_below: f64,
}

impl ColumnStats {
    /// Whether a column of accuracies is in percent, as a column has one unit: most of its numbers
    /// are above 1, or those above go on where the others end. 60 among fractions is a mistake of
    /// its row.
    fn is_percent(&self) -> bool {
        let Some(least) = self.least_above else {
            return false;
        };
        let goes_on =
            least > 2.0 && least <= 10.0 * self.most_below && 10 * self.above > self.numbers;
        2 * self.above > self.numbers || goes_on
    }
}

impl Collector {
    /// Decides column by column between percent and fractions: whether each is in percent.
    pub(super) fn settle_scales(&mut self, values: &[ScoreColumn]) -> Vec<bool> {
        let mut percent = Vec::new();
        let mut dropped = 0_u128;
        let mut told = Vec::new();
        for (i, (values, column)) in values.iter().zip(&self.columns).enumerate() {
            let is = match values.scale {
                UnitScale::Percent => true,
                UnitScale::Fraction => false,
                // Where some have a sign, those without are meant without.
                UnitScale::Detect => column.first_sign.is_none() && column.is_percent(),
            };
            percent.push(is);
            let first = column.first_above.first().filter(|_| is);
            if let Some((place, example)) = first.copied().or(column.first_sign)
                && values.scale != UnitScale::Percent
            {
                self.notices.push(ReadNotice::Percent {
                    column: values.name.clone(),
                    place: self.place(place),
                    example,
                    signs: !is,
                });
            }
            if !is && column.above > 0 {
                dropped |= 1 << i;
                self.rejected += column.above;
                told.extend(column.first_above.iter().map(|(place, value)| Rejection {
                    place: self.place(*place),
                    column: Some(values.name.clone()),
                    why: RejectReason::NotAFraction(*value),
                }));
            }
        }
        if !told.is_empty() {
            self.rejections.append(&mut told);
            self.rejections.sort_by_key(|r| line(r.place));
            self.rejections.truncate(MOST_LISTED);
        }
        for (columns, rows) in &self.doubtful {
            if columns & !dropped == 0 {
                self.kept_rows -= rows;
            }
        }
        percent
    }
}
