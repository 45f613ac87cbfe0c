//! Coefficients as they are asked for: a sweep, one for each model, a mean, a greedy soup.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// Which coefficients to try. Reads from text: `0:1:0.1`, `0.4` or `0.5,-1`, `mean`, `greedy`.
#[derive(Clone, Debug, PartialEq)]
pub enum Coefficients {
    /// One after the other, each for all models alike: `FROM:TO:STEP`.
    Sweep(Vec<f64>),
    /// One for each model.
    Each(Vec<f64>),
    /// The mean of the models (a uniform soup, lo-fi); the base has no part in it.
    Mean,
    /// The mean of some: of the models in the order of their accuracy on held-out pictures, each that
    /// does not lower it ([`greedy`]).
    Greedy,
}

/// The most steps of a sweep.
const STEPS: usize = 1000;

impl Coefficients {
    /// The coefficients that are tried with so many models, `[tries, models]`; none for
    /// [`Coefficients::Greedy`], which follow from accuracies.
    pub fn tries(&self, models: usize) -> Vec<Vec<f64>> {
        match self {
            Coefficients::Sweep(all) => all.iter().map(|c| vec![*c; models]).collect(),
            Coefficients::Each(all) => vec![all.clone()],
            Coefficients::Mean => vec![vec![1.0 / models as f64; models]],
            Coefficients::Greedy => Vec::new(),
        }
    }
}

/// Coefficients that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoefficientsError {
    /// The text.
    pub text: String,
}

impl fmt::Display for CoefficientsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(
            f,
            "“{text}” is neither FROM:TO:STEP, nor a number for each model, nor mean or greedy"
        )
    }
}

impl Error for CoefficientsError {}

impl FromStr for Coefficients {
    type Err = CoefficientsError;

    fn from_str(text: &str) -> Result<Self, CoefficientsError> {
        let wrong = || CoefficientsError {
            text: text.to_owned(),
        };
        let number = |part: &str| {
            let number = part.trim().parse::<f64>().ok();
            number.filter(|n| n.is_finite()).ok_or_else(wrong)
        };
        match text.trim() {
            "mean" => return Ok(Coefficients::Mean),
            "greedy" => return Ok(Coefficients::Greedy),
            _ => {}
        }
        let parts: Vec<&str> = text.split(':').collect();
        let [from, to, step] = parts[..] else {
            if parts.len() > 1 {
                return Err(wrong());
            }
            let all: Result<Vec<f64>, _> = text.split(',').map(number).collect();
            return Ok(Coefficients::Each(all?));
        };
        let (from, to, step) = (number(from)?, number(to)?, number(step)?);
        let steps = (to - from) / step;
        if !(0.0..STEPS as f64).contains(&steps) {
            return Err(wrong());
        }
        // As written: 3 steps of 0.1 are 0.3, not 0.30000000000000004. A last step that rounding
        // alone leaves out counts.
        let value = |i: usize| ((from + i as f64 * step) * 1e12).round() / 1e12;
        let count = (steps + 1e-9).floor() as usize;
        Ok(Coefficients::Sweep((0..=count).map(value).collect()))
    }
}

/// A greedy soup (Wortsman et al. 2022): the models in the order of their own accuracy, each kept if
/// the mean with it is not worse. `accuracy` measures coefficients on held-out pictures. Returns the
/// places of the models that are kept, the best first.
pub async fn greedy<E>(
    models: usize,
    mut accuracy: impl AsyncFnMut(&[f64]) -> Result<f64, E>,
) -> Result<Vec<usize>, E> {
    let mean = |kept: &[usize]| {
        let share = |model| match kept.contains(&model) {
            true => 1.0 / kept.len() as f64,
            false => 0.0,
        };
        (0..models).map(share).collect::<Vec<f64>>()
    };
    let mut alone = Vec::new();
    for model in 0..models {
        alone.push((model, accuracy(&mean(&[model])).await?));
    }
    alone.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut kept = Vec::new();
    let mut best = f64::NEG_INFINITY;
    for (model, own) in alone {
        kept.push(model);
        let found = match kept.len() {
            1 => own,
            _ => accuracy(&mean(&kept)).await?,
        };
        match found >= best {
            true => best = found,
            false => {
                kept.pop();
            }
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;

    #[test]
    fn coefficients_are_read() {
        let read = |text: &str| text.parse::<Coefficients>();
        let sweep = read("0:1:0.1").unwrap().tries(2);
        assert_eq!(sweep.len(), 11);
        assert_eq!((&sweep[3], &sweep[10]), (&vec![0.3; 2], &vec![1.0; 2]));
        assert_eq!(read("0:-1:-0.5").unwrap().tries(1), [[0.0], [-0.5], [-1.0]]);
        assert_eq!(read("-1, 1,1").unwrap().tries(3), [[-1.0, 1.0, 1.0]]);
        assert_eq!(read("mean").unwrap().tries(4), [[0.25; 4]]);
        for text in [
            "",
            "a",
            "0:1",
            "0:1:0",
            "1:0:0.1",
            "0:1:1e-9",
            "nan",
            "0:1:0.1:2",
            "1,,2",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_greedy_soup_keeps_what_does_not_lower_the_accuracy() {
        // By weight: the third is best alone, the first helps, the second spoils.
        let accuracy = async |c: &[f64]| {
            let value = match c {
                [0.0, 0.0, 1.0] => 0.8,
                [1.0, 0.0, 0.0] => 0.5,
                [0.0, 1.0, 0.0] => 0.7,
                [0.0, 0.5, 0.5] => 0.75,
                [0.5, 0.0, 0.5] => 0.8,
                _ => panic!("{c:?}"),
            };
            Ok::<f64, ()>(value)
        };
        assert_eq!(block_on(greedy(3, accuracy)), Ok(vec![2, 0]));
    }
}
