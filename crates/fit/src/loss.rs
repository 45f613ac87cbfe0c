//! The loss that a fit minimises: the sum over the points of ρ(r), of residuals on the error or on
//! its logarithm.

use serde::{Deserialize, Serialize};

/// The objective of a fit. It is part of the fit's identity: the same points and law give other
/// parameters under another loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Squares of the error's residual: ordinary least squares.
    Squares,
    /// Squares of the log error's residual.
    LogSquares,
    /// Huber's loss (1964) of the log error's residual: squares up to δ, linear beyond. Hoffmann et
    /// al. 2022 (arXiv 2203.15556) fit scaling laws of language models with δ = 1e-3.
    Huber {
        /// δ, in natural logarithms of the error.
        delta: f64,
    },
    /// Squares of the error's residual over its binomial variance y (1 − y) / n.
    Binomial {
        /// Test images that each error was measured on, n.
        images: u32,
    },
    /// Squares of the error's residual, heavier where the law lies above a point: badly tuned runs
    /// can only lie above the frontier.
    Asymmetric {
        /// How many times as much such a point weighs.
        factor: f64,
    },
}

/// On which scale residuals are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResidualScale {
    /// The error itself.
    Linear,
    /// Natural logarithm.
    Log,
}

impl ResidualScale {
    /// An error on this scale.
    pub fn forward(self, error: f64) -> f64 {
        match self {
            ResidualScale::Linear => error,
            ResidualScale::Log => error.ln(),
        }
    }

    /// The error of a value on this scale: the inverse of [`ResidualScale::forward`].
    pub fn back(self, y: f64) -> f64 {
        match self {
            ResidualScale::Linear => y,
            ResidualScale::Log => y.exp(),
        }
    }
}

/// ρ with its first two derivatives at a residual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rho {
    pub value: f64,
    pub first: f64,
    pub second: f64,
}

impl Loss {
    /// One of each kind, with its usual parameter.
    pub const ALL: [Loss; 5] = [
        Loss::Squares,
        Loss::LogSquares,
        Loss::Huber { delta: 1e-3 },
        Loss::Binomial { images: 50_000 },
        Loss::Asymmetric { factor: 10.0 },
    ];

    /// The loss without its parameter, for links and stored data: `huber`.
    pub fn kind(self) -> &'static str {
        match self {
            Loss::Squares => "squares",
            Loss::LogSquares => "log-squares",
            Loss::Huber { .. } => "huber",
            Loss::Binomial { .. } => "binomial",
            Loss::Asymmetric { .. } => "asymmetric",
        }
    }

    /// The kind, and its parameter after a colon: `huber:0.001`.
    pub fn id(self) -> String {
        match self {
            Loss::Squares | Loss::LogSquares => self.kind().to_owned(),
            Loss::Huber { delta } => format!("huber:{delta}"),
            Loss::Binomial { images } => format!("binomial:{images}"),
            Loss::Asymmetric { factor } => format!("asymmetric:{factor}"),
        }
    }

    /// The loss of a [`Loss::kind`], with its usual parameter or another. `None` for an unknown
    /// kind, and for a parameter that the loss does not have or that lies outside its range.
    pub fn new(kind: &str, parameter: Option<f64>) -> Option<Loss> {
        let usual = Loss::ALL.into_iter().find(|loss| loss.kind() == kind)?;
        let Some(parameter) = parameter else {
            return Some(usual);
        };
        match usual {
            Loss::Squares | Loss::LogSquares => None,
            Loss::Huber { .. } => (1e-6..=10.0)
                .contains(&parameter)
                .then_some(Loss::Huber { delta: parameter }),
            Loss::Binomial { .. } => (parameter.fract() == 0.0
                && (10.0..=f64::from(u32::MAX)).contains(&parameter))
            .then_some(Loss::Binomial {
                images: parameter as u32,
            }),
            Loss::Asymmetric { .. } => (1e-3..=1e3)
                .contains(&parameter)
                .then_some(Loss::Asymmetric { factor: parameter }),
        }
    }

    /// A name for headings.
    pub fn title(self) -> &'static str {
        match self {
            Loss::Squares => "Least squares",
            Loss::LogSquares => "Least squares of the log error",
            Loss::Huber { .. } => "Huber loss of the log error",
            Loss::Binomial { .. } => "Least squares, binomial weights",
            Loss::Asymmetric { .. } => "Asymmetric least squares",
        }
    }

    /// What is minimised, as a clause.
    pub fn objective(self) -> String {
        match self {
            Loss::Squares => "least squares in L".to_owned(),
            Loss::LogSquares => "least squares in log L".to_owned(),
            Loss::Huber { delta } => format!("Huber loss in log L, δ = {delta}"),
            Loss::Binomial { images } => {
                format!("least squares in L, weighted by the binomial variance on {images} images")
            }
            Loss::Asymmetric { factor } => {
                format!("least squares in L, a law above its point {factor} times as heavy")
            }
        }
    }

    /// The scale of its residuals.
    pub fn scale(self) -> ResidualScale {
        match self {
            Loss::LogSquares | Loss::Huber { .. } => ResidualScale::Log,
            _ => ResidualScale::Linear,
        }
    }

    /// Whether the objective is a sum of weighted squares, so that it is a likelihood under
    /// normal noise.
    pub fn is_least_squares(self) -> bool {
        !matches!(self, Loss::Huber { .. } | Loss::Asymmetric { .. })
    }

    /// Weight of a point's square.
    pub(crate) fn weight(self, y: f64) -> f64 {
        match self {
            Loss::Binomial { images } => {
                let n = f64::from(images);
                n / (y * (1.0 - y)).max(1.0 / n)
            }
            _ => 1.0,
        }
    }

    /// ρ of a residual, observed less predicted.
    pub(crate) fn rho(self, r: f64) -> Rho {
        let squares = |factor: f64| Rho {
            value: 0.5 * factor * r * r,
            first: factor * r,
            second: factor,
        };
        match self {
            Loss::Huber { delta } if r.abs() > delta => Rho {
                value: delta * (r.abs() - 0.5 * delta),
                first: delta * r.signum(),
                second: 0.0,
            },
            Loss::Asymmetric { factor } if r < 0.0 => squares(factor),
            _ => squares(1.0),
        }
    }
}
