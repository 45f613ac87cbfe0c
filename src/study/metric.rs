//! What a metric measures, and the L of a law that comes of it.

use super::Study;
use super::description::Quantity;

impl Quantity {
    /// What a law is fitted to: the error of an accuracy, the loss. `None` of a score.
    pub fn loss(self, value: f64) -> Option<f64> {
        match self {
            Quantity::Accuracy => Some(1.0 - value),
            Quantity::Error | Quantity::Loss => Some(value),
            Quantity::Perplexity => Some(value.ln()),
            Quantity::Score => None,
        }
    }

    /// Whether the L of a law is a fraction, shown in percent.
    pub fn is_fraction(self) -> bool {
        matches!(self, Quantity::Accuracy | Quantity::Error)
    }

    /// What is wrong with a value of it.
    pub fn problem(self, value: f64) -> Option<String> {
        match self {
            Quantity::Accuracy | Quantity::Error => (!(0.0..=1.0).contains(&value))
                .then(|| format!("{value} is not a fraction from 0 to 1")),
            Quantity::Loss => {
                (value <= 0.0).then(|| format!("{value} is not a loss: it is not above zero"))
            }
            Quantity::Perplexity => {
                (value <= 1.0).then(|| format!("{value} is not a perplexity: it is not above one"))
            }
            Quantity::Score => None,
        }
    }
}

impl Study {
    /// What a metric of it measures: as described, else by its identifier.
    pub fn quantity(self, metric: &str) -> Quantity {
        match self.metrics.iter().find(|(id, _)| id == metric) {
            Some((_, described)) => described.quantity,
            None if metric.ends_with("loss") => Quantity::Loss,
            None if metric.ends_with("perplexity") => Quantity::Perplexity,
            None if metric.ends_with("_score") => Quantity::Score,
            None => Quantity::Accuracy,
        }
    }

    /// Unit of a law's L: empty of a fraction.
    pub fn loss_unit(self, metric: &str) -> &'static str {
        let head: &'static super::description::Head = self.head();
        match head.metrics.iter().find(|(id, _)| id == metric) {
            Some((_, described)) if described.quantity == Quantity::Loss => &described.unit,
            _ if self.quantity(metric).is_fraction() => "",
            _ => "nats",
        }
    }
}
