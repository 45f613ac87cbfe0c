//! A fitted law, and the criteria that compare fits.

use crate::law::{Form, Law};
use crate::{Loss, Status, covariance};
use nalgebra::DMatrix;

/// A law fitted to points.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit<F: Form = Law> {
    /// The law.
    pub law: F,
    /// The loss that was minimised.
    pub loss: Loss,
    /// In the order of [`Form::parameters`].
    pub parameters: Vec<f64>,
    /// From the Jacobian at the optimum; `None` where the data leave none (n ≤ p, or a
    /// parameter without effect). See also [`Fit::usable_errors`].
    pub standard_errors: Vec<Option<f64>>,
    /// Covariance of the parameters, p × p; `None` where there are no degrees of freedom.
    pub covariance: Option<DMatrix<f64>>,
    /// Points that the law was fitted to, n.
    pub points: usize,
    /// Mean squared error of the error itself, whatever the loss.
    pub mse: f64,
    /// The minimum: Σρ of the [`Loss`], half the sum of squares where it is one.
    pub objective: f64,
    /// Fraction of the points whose residual lies in the linear zone of Huber's loss; `None` for
    /// other losses.
    pub linear_zone: Option<f64>,
    /// How the fit ended.
    pub status: Status,
}

impl<F: Form> Fit<F> {
    /// Correlations of the parameters, p × p; `None` for those without a standard error.
    pub fn correlations(&self) -> Option<DMatrix<Option<f64>>> {
        self.covariance.as_ref().map(covariance::correlations)
    }

    /// Akaike's information criterion corrected for small samples (Hurvich and Tsai 1989), of
    /// normal noise on the loss's scale; the noise's variance counts as a parameter. `None` where
    /// the loss is not a sum of squares or the points are too few. Only criteria of one loss and
    /// the same points compare.
    pub fn aicc(&self) -> Option<f64> {
        let (n, k) = (self.points as f64, self.parameters.len() as f64 + 1.0);
        (n > k + 1.0)
            .then(|| Some(self.deviance()? + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0)))?
    }

    /// Schwarz's Bayesian information criterion (1978), under the conditions of [`Fit::aicc`].
    pub fn bic(&self) -> Option<f64> {
        let (n, k) = (self.points as f64, self.parameters.len() as f64 + 1.0);
        Some(self.deviance()? + k * n.ln())
    }

    /// How many times as far the points lie from the law as binomial noise explains: √(χ² / (n − p)).
    /// `None` where the loss is not [`Loss::Binomial`].
    pub fn scatter(&self) -> Option<f64> {
        let degrees = self
            .points
            .checked_sub(self.parameters.len())
            .filter(|d| *d > 0)?;
        let chi = 2.0 * self.objective / degrees as f64;
        matches!(self.loss, Loss::Binomial { .. }).then(|| chi.sqrt())
    }

    /// n ln(SSE / n)
    fn deviance(&self) -> Option<f64> {
        let n = self.points as f64;
        let sse = 2.0 * self.objective;
        (self.loss.is_least_squares() && sse > 0.0).then(|| n * (sse / n).ln())
    }
}
