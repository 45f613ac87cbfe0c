//! The optimum: parameters, gradients and the search along a line.

use super::features::Features;
use super::lbfgs::{Memory, add, dot};
use super::preconditioner::Preconditioner;
use super::{LogisticError, Solution, Weights};
use refit_kernels::{DoubleMatrix, multiply_double};
use std::ops::ControlFlow;

/// How exactly, and how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Precision {
    /// The search ends where no coefficient can be further from its optimum, relative to the largest one or to 1. The
    /// penalty makes the objective strongly convex, so that the gradient bounds the distance.
    pub tolerance: f64,
    /// The most iterations.
    pub iterations: usize,
}

impl Precision {
    /// Coefficients to 1e-6.
    pub const FULL: Precision = Precision {
        tolerance: 1e-6,
        iterations: 2000,
    };
    /// Enough to compare penalties.
    pub const ROUGH: Precision = Precision {
        tolerance: 1e-2,
        iterations: 60,
    };
}

/// Labelled examples: some rows of features, each with its class.
pub struct Examples<'a> {
    features: &'a Features,
    labels: Vec<usize>,
    classes: usize,
    /// The rows as columns, for logits; and as rows, for gradients.
    columns: DoubleMatrix,
    rows: DoubleMatrix,
}

/// Logits, the intercepts included, class by class.
struct Logits(Vec<f64>);

/// A point of the search.
struct Gradient {
    /// Coefficients class by class, then intercepts.
    values: Vec<f64>,
    /// Without the penalty.
    loss: f64,
    /// Of each class the sum of p (1 − p).
    curvature: Vec<f64>,
}

impl<'a> Examples<'a> {
    /// `rows` of `features`, of the classes that `labels` has for every row of `features`, counted below `classes`.
    ///
    /// # Errors
    ///
    /// Where there are fewer than two classes, or one has no example.
    pub fn new(
        features: &'a Features,
        rows: &[usize],
        labels: &[usize],
        classes: usize,
    ) -> Result<Self, LogisticError> {
        let labels: Vec<usize> = rows.iter().map(|row| labels[*row]).collect();
        let mut counts = vec![0; classes];
        labels.iter().for_each(|label| counts[*label] += 1);
        if counts.iter().filter(|count| **count > 0).count() < 2 {
            return Err(LogisticError::OneClass);
        }
        if let Some(class) = counts.iter().position(|count| *count == 0) {
            let (have, need) = (0, 1);
            return Err(LogisticError::TooFew { class, have, need });
        }
        let gathered = features.gather(rows);
        Ok(Examples {
            features,
            classes,
            columns: DoubleMatrix::pack_transposed(features.width(), labels.len(), &gathered),
            rows: DoubleMatrix::pack(labels.len(), features.width(), &gathered),
            labels,
        })
    }

    /// Minimises the sum of −ln p of each example's class, plus half the penalty times the sum of squared
    /// coefficients, from `start` or from zero. `watch` hears of each iteration, and can stop.
    ///
    /// scikit-learn's `C` is 1 / penalty.
    ///
    /// # Errors
    ///
    /// [`LogisticError::Strength`] where the penalty is not a positive number, [`LogisticError::Stopped`].
    pub fn solve(
        &self,
        penalty: f64,
        precision: Precision,
        start: Option<&Weights>,
        watch: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Solution, LogisticError> {
        if !(penalty > 0.0 && penalty.is_finite()) {
            return Err(LogisticError::Strength);
        }
        let split = self.classes * self.features.width();
        let mut parameters = match start {
            Some(start) => [&start.coefficients[..], &start.intercepts].concat(),
            None => vec![0.0; split + self.classes],
        };
        let mut logits = self.logits(&parameters);
        let mut gradient = self.gradient(&parameters, &logits, penalty);
        let mut memory = Memory::default();
        let mut iterations = 0;
        let mut converged = self.is_close(&parameters, &gradient, penalty, precision.tolerance);
        while !converged && iterations < precision.iterations {
            if watch(iterations).is_break() {
                return Err(LogisticError::Stopped);
            }
            let preconditioner = Preconditioner::new(self.features, &gradient.curvature, penalty);
            let mut direction = memory.direction(&gradient.values, |g| preconditioner.apply(g));
            if dot(&direction, &gradient.values) >= 0.0 {
                memory.forget();
                direction = memory.direction(&gradient.values, |g| preconditioner.apply(g));
            }
            let along = self.logits(&direction);
            let step = self.search(&parameters, &logits, &direction, &along, penalty);
            direction.iter_mut().for_each(|d| *d *= step);
            add(&mut parameters, 1.0, &direction);
            add(&mut logits.0, step, &along.0);
            let next = self.gradient(&parameters, &logits, penalty);
            let mut change = next.values.clone();
            add(&mut change, -1.0, &gradient.values);
            memory.push(direction, change);
            gradient = next;
            iterations += 1;
            converged = self.is_close(&parameters, &gradient, penalty, precision.tolerance);
            if step == 0.0 {
                break;
            }
        }
        let squares = dot(&parameters[..split], &parameters[..split]);
        let intercepts = parameters.split_off(split);
        Ok(Solution {
            loss: gradient.loss + 0.5 * penalty * squares,
            log_loss: gradient.loss / self.labels.len() as f64,
            weights: Weights {
                coefficients: parameters,
                intercepts,
            },
            iterations,
            converged,
        })
    }

    fn logits(&self, parameters: &[f64]) -> Logits {
        let (coefficients, intercepts) = parameters.split_at(self.classes * self.features.width());
        let mut logits = vec![0.0; self.classes * self.labels.len()];
        multiply_double(coefficients, &self.columns, &mut logits);
        for (logits, intercept) in logits.chunks_exact_mut(self.labels.len()).zip(intercepts) {
            logits.iter_mut().for_each(|logit| *logit += intercept);
        }
        Logits(logits)
    }

    /// The probabilities of the logits, class by class, and the sum of −ln p of each example's class.
    fn probabilities(&self, logits: &Logits) -> (Vec<f64>, f64) {
        let count = self.labels.len();
        let mut largest = vec![f64::NEG_INFINITY; count];
        for logits in logits.0.chunks_exact(count) {
            for (largest, logit) in largest.iter_mut().zip(logits) {
                *largest = largest.max(*logit);
            }
        }
        let mut totals = vec![0.0; count];
        let mut powers = Vec::with_capacity(logits.0.len());
        for logits in logits.0.chunks_exact(count) {
            for ((logit, largest), total) in logits.iter().zip(&largest).zip(&mut totals) {
                let power = (logit - largest).exp();
                *total += power;
                powers.push(power);
            }
        }
        let own = self.labels.iter().enumerate();
        let own = own.map(|(i, label)| largest[i] + totals[i].ln() - logits.0[label * count + i]);
        let loss = own.sum();
        for powers in powers.chunks_exact_mut(count) {
            for (power, total) in powers.iter_mut().zip(&totals) {
                *power /= total;
            }
        }
        (powers, loss)
    }

    fn gradient(&self, parameters: &[f64], logits: &Logits, penalty: f64) -> Gradient {
        let count = self.labels.len();
        let (mut residuals, loss) = self.probabilities(logits);
        let each = residuals.chunks_exact(count);
        let curvature = each
            .map(|p| p.iter().map(|p| p * (1.0 - p)).sum())
            .collect();
        for (i, label) in self.labels.iter().enumerate() {
            residuals[label * count + i] -= 1.0;
        }
        let split = self.classes * self.features.width();
        let mut values = vec![0.0; split];
        multiply_double(&residuals, &self.rows, &mut values);
        add(&mut values, penalty, &parameters[..split]);
        values.extend(residuals.chunks_exact(count).map(|r| r.iter().sum::<f64>()));
        Gradient {
            values,
            loss,
            curvature,
        }
    }

    /// The step along a direction to where the derivative is a tenth of what it is at its start: the objective is
    /// convex, so that this is close to its lowest point. Zero where no step is found, which rounding alone can do.
    fn search(
        &self,
        parameters: &[f64],
        logits: &Logits,
        direction: &[f64],
        along: &Logits,
        penalty: f64,
    ) -> f64 {
        let split = self.classes * self.features.width();
        let count = self.labels.len();
        let square = dot(&direction[..split], &direction[..split]);
        let product = dot(&parameters[..split], &direction[..split]);
        let own = self.labels.iter().enumerate();
        let own: f64 = own.map(|(i, label)| along.0[label * count + i]).sum();
        let derivative = |step: f64| {
            let at = logits.0.iter().zip(&along.0);
            let (probabilities, _) =
                self.probabilities(&Logits(at.map(|(z, a)| z + step * a).collect()));
            dot(&probabilities, &along.0) - own + penalty * (product + step * square)
        };
        let first = derivative(0.0);
        if first >= 0.0 {
            return 0.0;
        }
        // The lowest point lies beyond `low`, and before `high`, once there is one.
        let (mut low, mut high) = ((0.0, first), None);
        let mut step = 1.0;
        for _ in 0..30 {
            let slope = derivative(step);
            if slope.abs() <= 0.1 * first.abs() {
                break;
            }
            if slope < 0.0 {
                low = (step, slope);
            } else {
                high = Some((step, slope));
            }
            step = match high {
                Some((high, slope)) => {
                    // The secant, kept away from the ends.
                    let secant = low.0 + (high - low.0) * low.1 / (low.1 - slope);
                    secant.clamp(low.0 + 0.1 * (high - low.0), low.0 + 0.9 * (high - low.0))
                }
                None => (step * first / (first - slope)).clamp(1.5 * step, 10.0 * step),
            };
        }
        step
    }

    /// Whether the gradient says that the optimum is near.
    fn is_close(&self, parameters: &[f64], gradient: &Gradient, penalty: f64, within: f64) -> bool {
        let split = self.classes * self.features.width();
        let largest = parameters[..split]
            .iter()
            .fold(1.0, |a: f64, b| a.max(b.abs()));
        let (coefficients, intercepts) = gradient.values.split_at(split);
        let each = intercepts.iter().zip(&gradient.curvature);
        dot(coefficients, coefficients).sqrt() <= within * penalty * largest
            && each
                .into_iter()
                .all(|(g, c)| g.abs() <= within * largest * c.max(penalty))
    }
}
