#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod allocation;
pub mod bootstrap;
pub mod compare;
mod covariance;
pub mod coverage;
pub mod envelope;
mod error;
mod fittable;
mod fitted;
mod interval;
pub mod isoflop;
pub mod law;
pub mod line;
pub mod logistic;
mod loss;
pub mod multistart;
pub mod order;
mod points;
mod problem;
pub mod profile;
pub mod random;
pub mod rank;
pub mod robustness;
mod search;
mod status;
pub mod svd;
mod task;
pub mod trf;

pub use error::FitError;
pub use fittable::{Candidate, Fittable};
pub use fitted::Fit;
pub use interval::{Interval, Prediction};
pub use loss::{Loss, ResidualScale};
pub use points::Points;
pub use status::Status;
pub use task::Task;

use law::Form;
use problem::Problem;

/// Fits `law` to errors `y` at inputs `x`, as many of each: the global optimum of the loss.
///
/// An error is a fraction, or any other measure that is better where it is lower: a loss in nats, say.
///
/// # Errors
///
/// [`FitError`] where the points do not determine the law or have no value under the loss, and where
/// the law or the loss needs fractions and an error is none.
pub fn fit<F: Fittable>(law: F, loss: Loss, x: &[F::Input], y: &[f64]) -> Result<Fit<F>, FitError> {
    fit_points(law, loss, &Points::new(x.to_vec(), y.to_vec()))
}

/// [`fit()`] of points with weights.
///
/// # Errors
///
/// As [`fit()`].
pub fn fit_points<F: Fittable>(
    law: F,
    loss: Loss,
    points: &Points<F::Input>,
) -> Result<Fit<F>, FitError> {
    error::check(law, loss, &points.x, &points.y)?;
    error::check_meaning(law, loss, &points.y)?;
    fit_any(law, loss, points)
}

/// [`fit_points`] of points that are known to determine the law, whatever their errors mean.
fn fit_any<F: Fittable>(law: F, loss: Loss, points: &Points<F::Input>) -> Result<Fit<F>, FitError> {
    let (x, y) = (&points.x, &points.y);
    let problem = Problem::new(law, loss, points);
    let found = optimum(&problem).ok_or(FitError::NoOptimum)?;
    let parameters = found.parameters;
    let covariance = covariance::covariance(&problem, &parameters);
    let standard_errors = covariance::standard_errors(covariance.as_ref(), parameters.len());
    let status = status::status(law, &parameters, found.converged, &standard_errors, x.len());
    let linear_zone = |delta: f64| {
        let beyond = (0..y.len()).filter(|i| problem.residual(&parameters, *i).abs() > delta);
        beyond.count() as f64 / y.len() as f64
    };
    Ok(Fit {
        law,
        loss,
        mse: mean_squared_error(law, &parameters, x, y),
        objective: problem.objective(&parameters),
        linear_zone: match loss {
            Loss::Huber { delta } => Some(linear_zone(delta)),
            _ => None,
        },
        parameters,
        standard_errors,
        covariance,
        points: x.len(),
        status,
    })
}

/// The lowest minimum of the problem's loss; `None` where none is finite.
fn optimum<F: Fittable>(problem: &Problem<F>) -> Option<Candidate> {
    let Problem { form, x, y, .. } = *problem;
    // ln y − ln f is (y − f) / y to first order.
    let weights: Vec<f64> = match problem.loss.scale() {
        ResidualScale::Linear => problem.weights.clone(),
        ResidualScale::Log => problem
            .weights
            .iter()
            .zip(y)
            .map(|(w, y)| w / (y * y))
            .collect(),
    };
    let candidates = form.candidates(x, y, &weights);
    let squares = problem.loss.is_least_squares() && problem.loss.scale() == ResidualScale::Linear;
    if squares && form.candidates_are_minima() {
        let first = candidates.into_iter().next()?;
        return problem
            .objective(&first.parameters)
            .is_finite()
            .then_some(first);
    }
    let starts: Vec<Vec<f64>> = candidates.into_iter().map(|c| c.parameters).collect();
    problem.lowest(&starts, &[]).map(|lowest| Candidate {
        parameters: lowest.parameters,
        converged: lowest.converged,
    })
}

/// The value of the loss at given parameters: what [`fit()`] minimises.
pub fn objective<F: Fittable>(
    law: F,
    loss: Loss,
    parameters: &[f64],
    x: &[F::Input],
    y: &[f64],
) -> f64 {
    Problem::new(law, loss, &Points::new(x.to_vec(), y.to_vec())).objective(parameters)
}

/// Mean squared error of given parameters, of the error itself.
pub fn mean_squared_error<F: Form>(law: F, parameters: &[f64], x: &[F::Input], y: &[f64]) -> f64 {
    let squares = x
        .iter()
        .zip(y)
        .map(|(x, y)| (law.evaluate(parameters, *x) - y).powi(2));
    squares.sum::<f64>() / x.len() as f64
}
