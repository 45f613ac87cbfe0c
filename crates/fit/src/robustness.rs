//! Accuracy against accuracy: a straight line on transformed axes through reference models, and
//! how far above it another model lies.
//!
//! Accuracies under a shift of distribution follow a line in those without it, once both axes are
//! logits or probits (Miller et al. 2021, arXiv 2107.04649, "Accuracy on the line"); a model's height
//! above the line of reference models is its effective robustness (Taori et al. 2020, arXiv
//! 2007.00644). Accuracies are fractions: 0.25, not 25 %.

use crate::FitError;
use crate::line::Line;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};
use std::fmt;

/// A scale for fractions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// The fraction itself.
    Linear,
    /// ln (p / (1 − p))
    Logit,
    /// Φ⁻¹(p): the quantile of the standard normal. Φ and Φ⁻¹ are statrs's rational approximations
    /// of erfc and its inverse, after Boost; they are SciPy's within 1e-10.
    Probit,
}

impl Axis {
    /// All of them.
    pub const ALL: [Axis; 3] = [Axis::Linear, Axis::Logit, Axis::Probit];

    /// A stable name for links and stored data.
    pub fn id(self) -> &'static str {
        match self {
            Axis::Linear => "linear",
            Axis::Logit => "logit",
            Axis::Probit => "probit",
        }
    }

    /// A fraction on this axis.
    ///
    /// # Errors
    ///
    /// [`OffAxis`] where it has no finite place: outside [0, 1], and 0 or 1 itself on a logit or
    /// probit axis. Such points are left out, and their number said, by the caller.
    pub fn forward(self, fraction: f64) -> Result<f64, OffAxis> {
        let off = OffAxis {
            axis: self,
            fraction,
        };
        let inside = match self {
            Axis::Linear => (0.0..=1.0).contains(&fraction),
            Axis::Logit | Axis::Probit => fraction > 0.0 && fraction < 1.0,
        };
        if !inside {
            return Err(off);
        }
        let value = match self {
            Axis::Linear => fraction,
            Axis::Logit => fraction.ln() - (-fraction).ln_1p(),
            Axis::Probit => Normal::standard().inverse_cdf(fraction),
        };
        // Of the smallest fractions that a double can hold, erfc's inverse has none.
        if value.is_finite() {
            Ok(value)
        } else {
            Err(off)
        }
    }

    /// The fraction at a place: the inverse of [`Axis::forward`]. On a linear axis it may lie
    /// outside [0, 1].
    pub fn back(self, value: f64) -> f64 {
        match self {
            Axis::Linear => value,
            Axis::Logit => crate::law::Real::logistic(value),
            Axis::Probit => Normal::standard().cdf(value),
        }
    }
}

/// A fraction that has no finite place on an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OffAxis {
    /// The axis.
    pub axis: Axis,
    /// The fraction.
    pub fraction: f64,
}

impl fmt::Display for OffAxis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OffAxis { axis, fraction } = self;
        match axis {
            Axis::Linear => write!(f, "{fraction} is not a fraction from 0 to 1."),
            Axis::Logit | Axis::Probit => {
                let id = axis.id();
                write!(
                    f,
                    "{fraction} has no {id}: a fraction must lie between 0 and 1."
                )
            }
        }
    }
}

impl std::error::Error for OffAxis {}

/// Why points have no line. Points are counted from 0 here, and from 1 in the messages.
#[derive(Clone, Debug, PartialEq)]
pub enum NoLine {
    /// A point has no place on the axes.
    OffAxis {
        /// The point.
        index: usize,
        /// Its fraction.
        cause: OffAxis,
    },
    /// The points that remain determine no line.
    Fit(FitError),
}

impl fmt::Display for NoLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoLine::OffAxis { index, .. } => {
                write!(f, "Point {} has no place on the axes.", index + 1)
            }
            NoLine::Fit(_) => write!(f, "No line can be drawn through the points."),
        }
    }
}

impl std::error::Error for NoLine {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(match self {
            NoLine::OffAxis { cause, .. } => cause,
            NoLine::Fit(cause) => cause,
        })
    }
}

/// A line through reference models: y′ = intercept + slope x′ on transformed axes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AccuracyLine {
    /// Of both accuracies.
    pub axis: Axis,
    /// By ordinary least squares, in the axis's units.
    pub line: Line,
}

/// The accuracy that a line expects, as fractions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Expected {
    /// The line's accuracy.
    pub value: f64,
    /// 95 % interval (low, high) of the line itself; `None` of two reference models.
    pub mean: Option<(f64, f64)>,
    /// 95 % interval (low, high) of one more model; `None` of two reference models.
    pub single: Option<(f64, f64)>,
}

impl AccuracyLine {
    /// The line through `models`, (accuracy without the shift, accuracy under it).
    ///
    /// # Errors
    ///
    /// [`NoLine`] where an accuracy has no place on the axis, or where the points determine no line
    /// ([`Line::fit`]).
    pub fn fit(axis: Axis, models: &[(f64, f64)]) -> Result<AccuracyLine, NoLine> {
        let place = |(index, (x, y)): (usize, &(f64, f64))| {
            let place = |fraction: f64| {
                let off = |cause| NoLine::OffAxis { index, cause };
                axis.forward(fraction).map_err(off)
            };
            Ok((place(*x)?, place(*y)?))
        };
        let points: Result<Vec<(f64, f64)>, NoLine> =
            models.iter().enumerate().map(place).collect();
        let line = Line::fit(&points?).map_err(NoLine::Fit)?;
        Ok(AccuracyLine { axis, line })
    }

    /// The accuracy under the shift that a model of accuracy `x` is expected to have. Ends of
    /// intervals are those on the axis, mapped back.
    ///
    /// # Errors
    ///
    /// [`OffAxis`] where `x` has no place on the axis.
    pub fn expected(&self, x: f64) -> Result<Expected, OffAxis> {
        let predicted = self.line.predict(self.axis.forward(x)?);
        let back = |ends: (f64, f64)| (self.axis.back(ends.0), self.axis.back(ends.1));
        Ok(Expected {
            value: self.axis.back(predicted.value),
            mean: predicted.mean.map(back),
            single: predicted.single.map(back),
        })
    }

    /// Effective robustness of a model: its accuracy `y` under the shift less what the line expects
    /// of its accuracy `x`, as a fraction (0.02: two percentage points). `y` may be 0 or 1.
    ///
    /// # Errors
    ///
    /// [`OffAxis`] where `x` has no place on the axis.
    pub fn effective_robustness(&self, x: f64, y: f64) -> Result<f64, OffAxis> {
        Ok(y - self.expected(x)?.value)
    }
}
