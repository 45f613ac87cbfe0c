//! Mappings in words, as `--map` takes them.

use super::flops;
use super::{Compute, Field, IMAGENET, Mapping, MappingError, Points, Quantity, Score, UnitScale};
use crate::runs::amount::{Amount, Term};
use crate::runs::metrics::metric;
use crate::runs::{number, reading};
use crate::study::{Study, UNSPECIFIED};

impl Mapping {
    /// All of it as [`Mapping::set`] takes it.
    pub fn maps(&self) -> Vec<String> {
        let mut maps = vec![format!("study={}", self.study.reference())];
        match &self.compute {
            Some(Compute::Amount(amount)) => maps.push(format!("compute={amount}")),
            Some(Compute::Architecture) => maps.push("compute=architecture".to_owned()),
            None => {}
        }
        for (name, amount) in [("parameters", &self.parameters), ("samples", &self.samples)] {
            maps.extend(amount.iter().map(|amount| format!("{name}={amount}")));
        }
        for score in &self.scores {
            let kind = Quantity::ALL.iter().find(|(q, _)| *q == score.quantity);
            let kind = kind.map_or(
                "score",
                |(_, id)| if *id == "metric" { "score" } else { id },
            );
            let scale = match score.scale {
                UnitScale::Percent => ":percent",
                UnitScale::Fraction => ":fraction",
                UnitScale::Detect => "",
            };
            maps.push(format!("{kind}={}{scale}", score.column));
            let error = score.standard_error.iter();
            maps.extend(error.map(|column| format!("standard_error={column}")));
        }
        for (name, field) in self.fields() {
            match field {
                Field::Column(text) | Field::Constant(text) => maps.push(format!("{name}={text}")),
                Field::None => {}
            }
        }
        maps.extend(
            self.progress
                .iter()
                .map(|column| format!("progress={column}")),
        );
        let points = Points::ALL
            .iter()
            .find(|(p, _)| *p == self.points && *p != Points::Every);
        maps.extend(points.map(|(_, id)| format!("points={id}")));
        maps
    }

    /// Changes one field by a text such as "compute=flops*1e-9" or "error=top1_err:percent". A
    /// result is added to the others, or takes the place of the same column's.
    pub fn set(&mut self, text: &str, columns: &[String]) -> Result<(), MappingError> {
        let syntax = || MappingError::Syntax {
            text: text.to_owned(),
        };
        let (name, value) = text.split_once('=').ok_or_else(syntax)?;
        let (name, value) = (name.trim(), value.trim());
        let field = || match columns.iter().any(|c| c == value) {
            true => Field::Column(value.to_owned()),
            false => Field::Constant(value.to_owned()),
        };
        let amount = || match value {
            "none" => Ok(None),
            value => Amount::parse(value, columns)
                .map(Some)
                .map_err(|_| syntax()),
        };
        match name {
            "study" => self.set_study(Study::find(value).ok_or_else(syntax)?),
            "compute" if value == "architecture" => self.compute = Some(Compute::Architecture),
            "compute" => {
                let unit = flops(&self.study.compute_unit).unwrap_or(1e9);
                self.compute = amount()?.map(|a| Compute::Amount(in_unit(a, unit)));
            }
            "parameters" => self.parameters = amount()?,
            "samples" | "tokens" => self.samples = amount()?,
            "score" | "accuracy" | "error" | "loss" | "perplexity" | "number" => {
                self.set_score(name, value)?;
            }
            "drop" => self.scores.retain(|s| s.column != value),
            "points" => {
                let found = Points::ALL.into_iter().find(|(_, id)| *id == value);
                self.points = found.ok_or_else(syntax)?.0;
            }
            "progress" => self.progress = Some(value.to_owned()),
            "standard_error" => {
                let score = self.measured_by(value).ok_or(MappingError::NoScore)?;
                self.scores[score].standard_error = Some(value.to_owned());
            }
            "metric" => {
                for score in &mut self.scores {
                    score.metric = field();
                }
            }
            "dataset" => self.dataset = field(),
            "family" => self.family = field(),
            "pretrain" => self.pretrain = field(),
            "tags" => self.tags = field(),
            "architecture" => self.architecture = field(),
            "schedule" => self.schedule = field(),
            "run" => self.run = field(),
            _ => return Err(syntax()),
        }
        self.answered(name, value);
        Ok(())
    }

    /// The result that a column of standard errors is of: the one whose name has the most in common
    /// with its own.
    fn measured_by(&self, column: &str) -> Option<usize> {
        let common = |name: &str| {
            let pairs = name.bytes().zip(column.bytes());
            pairs.take_while(|(a, b)| a == b).count()
        };
        let of = |i: &usize| common(&self.scores[*i].column);
        (0..self.scores.len()).max_by_key(|i| (of(i), std::cmp::Reverse(*i)))
    }

    /// Takes the questions away that a field's new value answers.
    fn answered(&mut self, name: &str, value: &str) {
        let of = |map: &str| match (name, map.split_once('=')) {
            // Any reading of the same column.
            (
                "score" | "accuracy" | "error" | "loss" | "perplexity" | "number" | "drop",
                Some((_, theirs)),
            ) => {
                let column = |text: &str| text.split(':').next().unwrap_or(text).to_owned();
                column(theirs) == column(value)
            }
            (name, Some((theirs, _))) => theirs == name,
            _ => false,
        };
        self.questions
            .retain(|question| !question.choices.iter().any(|choice| of(&choice.map)));
    }

    fn set_score(&mut self, kind: &str, value: &str) -> Result<(), MappingError> {
        let (column, scale) = match value.rsplit_once(':') {
            Some((column, "percent")) => (column, UnitScale::Percent),
            Some((column, "fraction")) => (column, UnitScale::Fraction),
            _ => (value, UnitScale::Detect),
        };
        let kinds = Quantity::ALL.into_iter();
        let kind = match kind {
            "score" | "accuracy" => "metric",
            kind => kind,
        };
        let quantity = kinds
            .filter(|(_, id)| *id == kind)
            .map(|(quantity, _)| quantity)
            .next()
            .unwrap_or(Quantity::Metric);
        let told = reading::quantity_of(column);
        let loss = matches!(told, Quantity::Loss | Quantity::Perplexity);
        if quantity == Quantity::Error && loss && scale == UnitScale::Detect {
            let column = column.to_owned();
            return Err(MappingError::LossAsError { column });
        }
        let metric = match quantity {
            Quantity::Metric | Quantity::Error => metric(column),
            Quantity::Loss | Quantity::Perplexity => quantity.name(""),
            Quantity::Score => quantity.name(column),
        };
        self.scores.retain(|s| s.column != column);
        if !quantity.is_fraction() && self.dataset == Field::Constant(IMAGENET.to_owned()) {
            self.dataset = Field::Constant(UNSPECIFIED.to_owned());
        }
        self.scores.push(Score {
            column: column.to_owned(),
            metric: Field::Constant(metric),
            dataset: reading::set_of(column).map_or(Field::None, Field::Constant),
            run: Field::None,
            quantity,
            scale,
            standard_error: None,
        });
        Ok(())
    }
}

/// Parameters × samples × 6 are FLOPs, as nobody counts billions a parameter and sample: in units of
/// so many FLOPs.
fn in_unit(amount: Amount, flops: f64) -> Amount {
    let of = |what: &str, row: &Term| {
        let column = |name: &str| reading::counts(name) == Some(what);
        amount.needs(row) || amount.columns().any(column)
    };
    let both = of("parameters", &Term::Parameters) && of("samples", &Term::Samples);
    match both && amount.factor >= 0.1 && amount.per.is_empty() {
        true => Amount {
            factor: number::times(amount.factor, 1.0 / flops),
            ..amount
        },
        false => amount,
    }
}
