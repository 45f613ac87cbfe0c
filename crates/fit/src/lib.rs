//! Points and a law to parameters, and how sure they are.
//!
//! [`fit()`] finds the global optimum of a [`Loss`]: variable projection ([`search`]) finds every
//! basin of least squares, damped Newton steps ([`problem`]) end in the bottom of any loss. The
//! covariance comes from the Jacobian there; intervals of predictions from both ([`Interval`]),
//! of parameters from the profile of the objective ([`profile`]) and from resampling
//! ([`bootstrap`]). [`multistart`] is the comparison study's own search, step for step.

pub mod bootstrap;
pub mod compare;
mod covariance;
pub mod coverage;
mod interval;
pub mod law;
mod loss;
pub mod multistart;
pub mod order;
mod problem;
pub mod profile;
pub mod random;
mod search;
mod starts;
mod surface;
pub mod svd;
pub mod trf;

pub use interval::{Interval, NO_DELTA_METHOD, Prediction};
pub use loss::{Loss, ResidualScale};
pub use starts::Starts;

use crate::law::{Domain, Form, Law};
use nalgebra::DMatrix;
use problem::Problem;
use serde::Serialize;
use starts::Found;
use std::fmt;

/// Work in steps of a millisecond or a few, so that a page can draw in between and a reader can
/// stop it.
pub trait Task {
    fn step(&mut self);

    /// Steps done, and steps in all.
    fn progress(&self) -> (usize, usize);

    /// All steps that are left.
    fn finish(mut self) -> Self
    where
        Self: Sized,
    {
        while self.progress().0 < self.progress().1 {
            self.step();
        }
        self
    }
}

/// One after the other.
impl<T: Task> Task for Vec<T> {
    fn step(&mut self) {
        let unfinished = |task: &&mut T| task.progress().0 < task.progress().1;
        if let Some(task) = self.iter_mut().find(unfinished) {
            task.step();
        }
    }

    fn progress(&self) -> (usize, usize) {
        let progress = self.iter().map(Task::progress);
        progress.fold((0, 0), |(done, all), (d, a)| (done + d, all + a))
    }
}

/// A law fitted to points.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit<F: Form = Law> {
    pub law: F,
    pub loss: Loss,
    /// In the order of [`Form::parameters`].
    pub parameters: Vec<f64>,
    /// From the Jacobian at the optimum; `None` where the data leave none (n ≤ p, or a
    /// parameter without effect). Readers see [`Fit::usable_errors`].
    pub standard_errors: Vec<Option<f64>>,
    /// Covariance of the parameters, `None` where there are no degrees of freedom.
    pub covariance: Option<DMatrix<f64>>,
    pub points: usize,
    /// Mean squared error of the error itself, whatever the objective.
    pub mse: f64,
    /// What was minimised: Σρ of the [`Loss`], half the sum of squares where it is one.
    pub objective: f64,
    /// Share of the points whose residual lies in the linear zone of Huber's loss.
    pub linear_zone: Option<f64>,
    pub status: Status,
}

/// How a fit ended. The parameters are usable in every case.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", content = "parameters", rename_all = "kebab-case")]
pub enum Status {
    Converged,
    /// Still improving at the iteration limit.
    IterationLimit,
    /// The optimum lies on the bound of these parameters.
    AtBound(Vec<&'static str>),
    /// Converged, but the data hardly constrain these parameters.
    NotIdentified(Vec<&'static str>),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Converged => write!(f, "converged"),
            Status::IterationLimit => write!(f, "stopped at the iteration limit"),
            Status::AtBound(names) => write!(f, "at a bound: {}", symbols(names)),
            Status::NotIdentified(names) => {
                write!(f, "not identified by these points: {}", symbols(names))
            }
        }
    }
}

fn symbols(names: &[&str]) -> String {
    names
        .iter()
        .map(|n| symbol(n))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A parameter's name as readers write it.
pub fn symbol(name: &str) -> &str {
    match name {
        "ln_B" => "ln B",
        "ln_C50" => "ln C₅₀",
        "ln_Nc" => "ln Nc",
        "ln_Dc" => "ln Dc",
        "alpha" => "α",
        "minus_alpha" => "−α",
        "alpha_N" => "αN",
        "alpha_D" => "αD",
        "beta" => "β",
        other => other,
    }
}

/// Why no law could be fitted.
#[derive(Clone, Debug, PartialEq)]
pub enum FitError {
    TooFewPoints { have: usize, need: usize },
    TooFewComputes { have: usize, need: usize },
    AllEqual,
    NotFinite { index: usize },
    NotPositive { index: usize },
    ErrorNotPositive { index: usize, error: f64 },
    NoOptimum,
}

impl fmt::Display for FitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FitError::TooFewPoints { have, need } => write!(
                f,
                "This law needs at least {need} points; this choice leaves {have}."
            ),
            FitError::TooFewComputes { have, need } => write!(
                f,
                "This law needs points at {need} different computes or more; this choice leaves {have}."
            ),
            FitError::AllEqual => write!(
                f,
                "All points have the same error, so there is no trend to fit."
            ),
            FitError::NotFinite { index } => write!(
                f,
                "Point {} is not a finite number; take it out to fit the rest.",
                index + 1
            ),
            FitError::NotPositive { index } => write!(
                f,
                "Point {} lies at no finite number above zero, where a power law has no value; take it out to fit the rest.",
                index + 1
            ),
            FitError::ErrorNotPositive { index, error } => write!(
                f,
                "Point {} has the error {error}; the log of an error needs it above zero.",
                index + 1
            ),
            FitError::NoOptimum => write!(
                f,
                "No parameters give this law a finite distance to these points; look for one that lies far off."
            ),
        }
    }
}

impl std::error::Error for FitError {}

/// Fits `law` to errors `y` at inputs `x`: the global optimum of the loss.
pub fn fit<F: Starts>(law: F, loss: Loss, x: &[F::Input], y: &[f64]) -> Result<Fit<F>, FitError> {
    check(law, loss, x, y)?;
    let problem = Problem::new(law, loss, x, y);
    let found = optimum(&problem).ok_or(FitError::NoOptimum)?;
    let parameters = found.parameters;
    let covariance = covariance::covariance(&problem, &parameters);
    let standard_errors = covariance::standard_errors(covariance.as_ref(), parameters.len());
    let status = status(law, &parameters, found.converged, &standard_errors, x.len());
    let linear = |delta: f64| {
        let beyond = (0..y.len()).filter(|i| problem.residual(&parameters, *i).abs() > delta);
        beyond.count() as f64 / y.len() as f64
    };
    Ok(Fit {
        law,
        loss,
        mse: mean_squared_error(law, &parameters, x, y),
        objective: problem.objective(&parameters),
        linear_zone: match loss {
            Loss::Huber { delta } => Some(linear(delta)),
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
fn optimum<F: Starts>(problem: &Problem<F>) -> Option<Found> {
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
    let starts = form.starts(x, y, &weights);
    let squares = problem.loss.is_least_squares() && problem.loss.scale() == ResidualScale::Linear;
    if squares && form.starts_are_optima() {
        let first = starts.into_iter().next()?;
        return problem
            .objective(&first.parameters)
            .is_finite()
            .then_some(first);
    }
    let starts: Vec<Vec<f64>> = starts.into_iter().map(|s| s.parameters).collect();
    problem.lowest(&starts, &[]).map(|lowest| Found {
        parameters: lowest.parameters,
        converged: lowest.converged,
    })
}

/// What a fit minimises, at given parameters.
pub fn objective<F: Starts>(
    law: F,
    loss: Loss,
    parameters: &[f64],
    x: &[F::Input],
    y: &[f64],
) -> f64 {
    Problem::new(law, loss, x, y).objective(parameters)
}

/// Mean squared error of given parameters, of the error itself.
pub fn mean_squared_error<F: Form>(law: F, parameters: &[f64], x: &[F::Input], y: &[f64]) -> f64 {
    let squares = x
        .iter()
        .zip(y)
        .map(|(x, y)| (law.evaluate(parameters, *x) - y).powi(2));
    squares.sum::<f64>() / x.len() as f64
}

impl<F: Form> Fit<F> {
    /// Correlations of the parameters.
    pub fn correlations(&self) -> Option<DMatrix<Option<f64>>> {
        self.covariance.as_ref().map(covariance::correlations)
    }

    /// Akaike's criterion corrected for small samples, of normal noise on the loss's scale; the
    /// noise's variance counts as a parameter. `None` where the loss is no sum of squares or the
    /// points are too few. Only criteria of one loss and the same points compare.
    pub fn aicc(&self) -> Option<f64> {
        let (n, k) = (self.points as f64, self.parameters.len() as f64 + 1.0);
        (n > k + 1.0)
            .then(|| Some(self.deviance()? + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0)))?
    }

    /// Schwarz's criterion; as [`Fit::aicc`].
    pub fn bic(&self) -> Option<f64> {
        let (n, k) = (self.points as f64, self.parameters.len() as f64 + 1.0);
        Some(self.deviance()? + k * n.ln())
    }

    /// How many times as far the points lie from the law as the binomial noise of their test
    /// images explains: the root of χ² a degree of freedom. `None` for other losses.
    pub fn scatter(&self) -> Option<f64> {
        let degrees = self
            .points
            .checked_sub(self.parameters.len())
            .filter(|d| *d > 0)?;
        let chi = 2.0 * self.objective / degrees as f64;
        matches!(self.loss, Loss::Binomial { .. }).then(|| chi.sqrt())
    }

    fn deviance(&self) -> Option<f64> {
        let n = self.points as f64;
        let sse = 2.0 * self.objective;
        (self.loss.is_least_squares() && sse > 0.0).then(|| n * (sse / n).ln())
    }
}

fn check<F: Form>(law: F, loss: Loss, x: &[F::Input], y: &[f64]) -> Result<(), FitError> {
    let need = law.parameters().len();
    let have = x.len().min(y.len());
    for (index, (&x, &error)) in x.iter().zip(y).enumerate() {
        if !error.is_finite() {
            return Err(FitError::NotFinite { index });
        }
        if !law.accepts(x) {
            return Err(FitError::NotPositive { index });
        }
        if loss.scale() == ResidualScale::Log && error <= 0.0 {
            return Err(FitError::ErrorNotPositive { index, error });
        }
    }
    if have < need {
        return Err(FitError::TooFewPoints { have, need });
    }
    if y.iter().all(|v| *v == y[0]) {
        return Err(FitError::AllEqual);
    }
    let mut inputs: Vec<F::Input> = Vec::new();
    for x in x {
        if inputs.len() < need && !inputs.contains(x) {
            inputs.push(*x);
        }
    }
    if inputs.len() < need {
        let have = inputs.len();
        return Err(FitError::TooFewComputes { have, need });
    }
    Ok(())
}

/// An interval of a logarithm wider than two decades, or of an exponent that reaches zero, says
/// that the data do not tell the parameter.
fn status<F: Form>(law: F, p: &[f64], converged: bool, errors: &[Option<f64>], n: usize) -> Status {
    if !converged {
        return Status::IterationLimit;
    }
    let names = law.parameters();
    let bound: Vec<_> = (0..p.len())
        .filter(|j| !law.domains()[*j].coordinate(p[*j]).is_finite())
        .map(|j| names[j])
        .collect();
    if !bound.is_empty() {
        return Status::AtBound(bound);
    }
    let Some(t) = interval::t_quantile(n, names.len()) else {
        return Status::Converged;
    };
    let loose: Vec<_> = (0..p.len())
        .filter(|j| {
            let Some(half) = errors[*j].map(|e| e * t) else {
                return true;
            };
            let exponent = ["alpha", "k", "alpha_N", "alpha_D"].contains(&names[*j]);
            let positive = law.domains()[*j] == Domain::Positive;
            match names[*j] {
                name if name.starts_with("ln_") => half > std::f64::consts::LN_10,
                _ => exponent && positive && half > p[*j],
            }
        })
        .map(|j| names[j])
        .collect();
    if loose.is_empty() {
        Status::Converged
    } else {
        Status::NotIdentified(loose)
    }
}
