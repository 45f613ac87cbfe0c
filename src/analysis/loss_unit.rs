//! The L of a law as readers write it: an error in percent, a loss in its unit.

use super::Analysis;
use crate::study::description::Quantity;
use crate::text::{number, percent};

/// How an L is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossUnit {
    quantity: Quantity,
    unit: &'static str,
}

impl Analysis {
    pub fn loss_unit(&self) -> LossUnit {
        LossUnit {
            quantity: self.study().quantity(&self.metric),
            unit: self.study().loss_unit(&self.metric),
        }
    }
}

impl LossUnit {
    /// Whether L is an error from 0 to 1.
    pub fn is_fraction(self) -> bool {
        self.quantity.is_fraction()
    }

    /// "20.4 %" or "2.31 nats".
    pub fn text(self, loss: f64) -> String {
        match self.is_fraction() {
            true => percent(loss),
            false => format!("{} {}", number(loss), self.unit),
        }
    }

    /// The metric of an L, where it is another number: "79.6 %".
    pub fn metric(self, loss: f64) -> Option<String> {
        match self.quantity {
            Quantity::Accuracy => Some(percent(1.0 - loss)),
            Quantity::Perplexity => Some(number(loss.exp())),
            Quantity::Error | Quantity::Loss | Quantity::Score => None,
        }
    }

    /// An L as papers print it: an accuracy or error in percent, a loss in its unit, a perplexity.
    pub fn printed(self, loss: f64) -> f64 {
        match self.quantity {
            Quantity::Accuracy => 100.0 * (1.0 - loss),
            Quantity::Error => 100.0 * loss,
            Quantity::Perplexity => loss.exp(),
            Quantity::Loss | Quantity::Score => loss,
        }
    }

    /// Unit of [`LossUnit::printed`]: "percent", "nats".
    pub fn of_values(self) -> &'static str {
        match self.quantity {
            Quantity::Accuracy | Quantity::Error => "percent",
            Quantity::Perplexity => "perplexity",
            Quantity::Loss | Quantity::Score => self.unit,
        }
    }

    /// Both, for one line: "error 20.4 %, metric 79.6 %".
    pub fn line(self, loss: f64) -> String {
        let name = match self.is_fraction() {
            true => "error",
            false => "loss",
        };
        let metric = self.metric(loss);
        let metric = metric.map_or(String::new(), |metric| format!(", metric {metric}"));
        format!("{name} {}{metric}", self.text(loss))
    }

    /// "Error" or "Loss".
    pub fn title(self) -> &'static str {
        match self.is_fraction() {
            true => "Error",
            false => "Loss",
        }
    }

    /// Unit of a difference of two: "percentage points", "nats".
    pub fn of_differences(self) -> &'static str {
        match self.is_fraction() {
            true => "percentage points",
            false => self.unit,
        }
    }

    /// A difference in [`LossUnit::of_differences`].
    pub fn scaled(self, difference: f64) -> f64 {
        match self.is_fraction() {
            true => 100.0 * difference,
            false => difference,
        }
    }

    /// Digits of a difference, without its unit: "+0.12".
    pub fn difference(self, difference: f64) -> String {
        let decimals = match self.is_fraction() {
            true => 2,
            false => 4,
        };
        format!("{:+.decimals$}", self.scaled(difference)).replace('-', "−")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_in_percent_and_a_loss_in_its_unit() {
        let error = LossUnit {
            quantity: Quantity::Accuracy,
            unit: "",
        };
        assert_eq!(error.line(0.25), "error 25.00 %, metric 75.00 %");
        assert_eq!(error.difference(-0.0012), "−0.12");
        let loss = LossUnit {
            quantity: Quantity::Loss,
            unit: "nats",
        };
        assert_eq!(loss.line(2.5), "loss 2.500 nats");
        assert_eq!(loss.difference(0.0123), "+0.0123");
    }
}
