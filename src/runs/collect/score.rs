//! A row's measured numbers.

use super::cells::{field, not_a_number};
use super::row_names::{RowNames, probe_metric};
use super::{Collector, RowError};
use crate::runs::layout::{Layout, ScoreColumn, SourceRules, TextFrom};
use crate::runs::mapping::{Quantity, UnitScale};
use crate::runs::number::{self, Cell, Cells, ParsedNumber};
use crate::runs::reading;
use crate::runs::report::{Position, RejectReason, SkipReason};
use crate::study::Study;
use std::borrow::Cow;

/// A number of a row that is within its range.
pub(super) struct RowScore<'a> {
    pub column: usize,
    pub quantity: Quantity,
    /// Where the column names the run.
    pub run: Option<Cow<'a, str>>,
    pub dataset: Cow<'a, str>,
    pub metric: Cow<'a, str>,
    pub value: f64,
    pub standard_error: Option<f64>,
    pub sign: bool,
}

impl Collector {
    /// The row's numbers; those that cannot be used are refused one by one.
    pub(super) fn scores<'a>(
        &mut self,
        layout: &'a Layout,
        names: &RowNames<'a>,
        place: Position,
        cells: &'a dyn Cells,
    ) -> Result<Vec<RowScore<'a>>, RowError> {
        let probe = names.task == "linear_probe";
        let probe_column = |values: &ScoreColumn| {
            let has = |name: &str| {
                let column = layout.values.iter().find(|v| v.name == name);
                column.is_some_and(|v| {
                    number::number(cells.get(v.column), self.comma) != ParsedNumber::Missing
                })
            };
            match values.name.as_str() {
                "lp_acc1" => true,
                "acc1" => !has("lp_acc1"),
                _ => false,
            }
        };
        let mut taken = Vec::new();
        let mut rejected = Vec::new();
        for (column, values) in layout.values.iter().enumerate() {
            if probe && !probe_column(values) {
                continue;
            }
            let no = |why| (values.name.clone(), why);
            let dataset = match &values.dataset {
                TextFrom::None => Ok(names.dataset.clone()),
                own => field(own, cells),
            };
            let mut metric = match (probe, names.shots) {
                (true, shots) => Ok(probe_metric(shots)),
                (false, _) => field(&values.metric, cells),
            };
            let mut quantity = values.quantity;
            // A long table's rows name their metrics, and so what these are.
            if let (true, TextFrom::Column(_), Ok(name)) =
                (layout.is_mapped(), &values.metric, &metric)
                && quantity == Quantity::Metric
            {
                quantity = reading::quantity_of(name);
                metric = Ok(quantity.name(name).into());
            } else if layout.rule == SourceRules::Written
                && let Ok(name) = &metric
            {
                quantity = written_quantity(name);
            }
            let read = score(cells.get(values.column), quantity, values.scale, self.comma);
            let Measured {
                value,
                standard_error,
                sign,
            } = match read {
                Ok(None) => continue,
                Ok(Some(measured)) => measured,
                Err(why) => {
                    rejected.push(no(why));
                    continue;
                }
            };
            let told = values.standard_error.map(|column| cells.get(column));
            let standard_error = match told.map(|cell| number::number(cell, self.comma)) {
                // As its result, which a percent sign of its own has scaled.
                Some(ParsedNumber::Of { value, .. })
                    if sign && values.scale != UnitScale::Percent =>
                {
                    Some(number::fraction(value))
                }
                Some(ParsedNumber::Of { value, .. }) => Some(value),
                _ => standard_error,
            };
            match (dataset, metric) {
                (Ok(dataset), _) if dataset.is_empty() => {
                    rejected.push(("dataset".to_owned(), RejectReason::Empty));
                }
                (_, Ok(metric)) if metric.is_empty() => {
                    rejected.push(("metric".to_owned(), RejectReason::Empty));
                }
                (Ok(dataset), Ok(metric)) => taken.push(RowScore {
                    column,
                    run: match &values.run {
                        TextFrom::None => None,
                        own => field(own, cells).ok(),
                    },
                    dataset,
                    metric,
                    quantity,
                    value,
                    standard_error: standard_error.filter(|s| *s > 0.0),
                    sign,
                }),
                (Err(why), _) | (_, Err(why)) => rejected.push(no(why)),
            }
        }
        if taken.is_empty() {
            // The row itself is refused, with the first reason.
            return Err(match rejected.into_iter().next() {
                Some((column, why)) => RowError::Rejected(Some(column), why),
                None if layout.values.len() == 1 => {
                    RowError::Rejected(Some(layout.values[0].name.clone()), RejectReason::Empty)
                }
                None => RowError::Skipped(SkipReason::NothingMeasured),
            });
        }
        for (column, why) in rejected {
            self.reject(place, Some(column), why);
        }
        Ok(taken)
    }
}

/// What a metric is that Refit's own tables name.
fn written_quantity(metric: &str) -> Quantity {
    use crate::study::description::Quantity as Described;
    match Study::of_unit("GFLOPs").quantity(metric) {
        Described::Loss => Quantity::Loss,
        Described::Perplexity => Quantity::Perplexity,
        Described::Score => Quantity::Score,
        Described::Accuracy | Described::Error => Quantity::Metric,
    }
}

/// A cell's number within what its column can hold.
#[derive(Clone, Copy)]
struct Measured {
    value: f64,
    /// Of "82.0 ± 0.1".
    standard_error: Option<f64>,
    /// It has a percent sign, and is a fraction now unless its whole column is in percent.
    sign: bool,
}

/// `None` of an empty cell.
fn score(
    cell: Cell,
    quantity: Quantity,
    scale: UnitScale,
    comma: bool,
) -> Result<Option<Measured>, RejectReason> {
    let (value, standard_error, sign) = match number::number(cell, comma) {
        ParsedNumber::Missing => return Ok(None),
        ParsedNumber::Of {
            value,
            error,
            percent,
        } => (value, error, percent),
        ParsedNumber::None => return Err(not_a_number(cell)),
    };
    let measured = Measured {
        value,
        standard_error,
        sign: false,
    };
    match quantity {
        Quantity::Loss if value <= 0.0 => return Err(RejectReason::NotALoss(value)),
        Quantity::Perplexity if value <= 1.0 => return Err(RejectReason::NotAPerplexity(value)),
        Quantity::Loss | Quantity::Perplexity | Quantity::Score => return Ok(Some(measured)),
        Quantity::Metric | Quantity::Error => {}
    }
    let most = match scale {
        UnitScale::Fraction if !sign => 1.0,
        _ => 100.0,
    };
    if !(0.0..=most).contains(&value) {
        return Err(match scale {
            UnitScale::Percent => RejectReason::NotPercent(value),
            _ => RejectReason::NotAFraction(value),
        });
    }
    // Of a column in percent all numbers are divided at the end.
    let measured = match sign && scale != UnitScale::Percent {
        true => Measured {
            value: number::fraction(value),
            standard_error: standard_error.map(number::fraction),
            sign,
        },
        false => Measured { sign, ..measured },
    };
    Ok(Some(measured))
}
