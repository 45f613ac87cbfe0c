//! Compute-optimal allocation: how many parameters N and samples D (tokens, of a language model)
//! give the lowest loss at a training compute C = k N^p D ([`Cost`]).
//!
//! Of L = E + A N^−α + B D^−β (Hoffmann et al. 2022, arXiv 2203.15556, eq. 4) with p = 1 and
//! G = (α A / (β B))^(1 / (α + β)):
//!
//! - N = G (C / k)^a, a = β / (α + β);
//! - D = G⁻¹ (C / k)^b, b = α / (α + β).
//!
//! Another p is the same in N^p, with α / p in α's place.
//!
//! [`Surface::Coupled`] has the same minimum, since L^(1 / αD) = (Nc / N)^(αN / αD) + Dc / D is of
//! this form with α = αN / αD and β = 1.
//!
//! Units: N and D are in those that the law was fitted in, and k is compute for one such N and one
//! such D.
//!
//! Under Huber's loss at δ = 1e-3 standard errors from the Jacobian do not hold
//! ([`Fit::delta_method_holds`]); there a [`Bootstrap`](crate::bootstrap::Bootstrap) of the fit gives
//! intervals of any [`Quantity`], as Besiroglu et al. 2024 (arXiv 2404.10102) did.

use crate::law::{Form, Jet, Real, Surface};
use crate::line::Estimate;
use crate::{Fit, ResidualScale};
use nalgebra::DVector;
use serde::Serialize;
use std::fmt;

/// Compute of a training run: C = k N^p D.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// Compute of one sample of a model with N = 1.
    pub k: f64,
    /// p
    pub exponent: f64,
}

impl Cost {
    /// A transformer's FLOP, 6 N D, where N are parameters and D tokens: two forward and four
    /// backward for each of both (Kaplan et al. 2020, arXiv 2001.08361, section 2.1).
    pub const TRANSFORMER: Cost = Cost {
        k: 6.0,
        exponent: 1.0,
    };

    /// C of a run.
    pub fn compute(self, parameters: f64, samples: f64) -> f64 {
        self.k * parameters.powf(self.exponent) * samples
    }
}

/// The lowest loss at one training compute, after a law.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Optimum {
    /// C, in k's unit.
    pub compute: f64,
    /// N, in the law's unit.
    pub parameters: f64,
    /// D, in the law's unit.
    pub samples: f64,
    /// L there.
    pub loss: f64,
}

impl Optimum {
    /// D / N: tokens for each parameter.
    pub fn samples_per_parameter(&self) -> f64 {
        self.samples / self.parameters
    }
}

/// A number that follows from a law's optimum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// a of N ∝ C^a.
    ParametersExponent,
    /// b = 1 − p a of D ∝ C^b.
    SamplesExponent,
    /// G of N = G (C / k)^a.
    G,
    /// N at a compute.
    Parameters(f64),
    /// D at a compute.
    Samples(f64),
    /// D / N at a compute.
    SamplesPerParameter(f64),
    /// L at a compute.
    Loss(f64),
}

/// Why a law has no compute-optimal allocation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NoAllocation {
    /// A parameter is zero or not finite, so that more of N (or of D) gains nothing.
    NoTradeOff {
        /// Its symbol.
        symbol: &'static str,
        /// Its value.
        value: f64,
    },
    /// The slice has not as many values as the law has parameters.
    Length {
        /// Values given.
        have: usize,
        /// Parameters of the law.
        need: usize,
    },
    /// k or p of C = k N^p D is not a finite number above zero.
    Cost(Cost),
}

impl fmt::Display for NoAllocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoAllocation::NoTradeOff { symbol, value } => write!(
                f,
                "{symbol} is {value}, so this law does not trade model size against samples: it has no compute-optimal allocation."
            ),
            NoAllocation::Length { have, need } => {
                write!(
                    f,
                    "This law has {need} parameters; there are {have} values."
                )
            }
            NoAllocation::Cost(Cost { k, exponent }) => write!(
                f,
                "In C = k N^p D, k is {k} and p is {exponent}; both must be finite numbers above zero."
            ),
        }
    }
}

impl std::error::Error for NoAllocation {}

/// A law of N and D with its parameters, and what a run costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocation {
    law: Surface,
    parameters: Vec<f64>,
    cost: Cost,
}

impl Allocation {
    /// The allocation after `law` with `parameters` in the order of [`Form::parameters`]; `cost`
    /// is usually [`Cost::TRANSFORMER`].
    ///
    /// # Errors
    ///
    /// [`NoAllocation`] where A, α, B or β is not above zero (of [`Surface::Coupled`], where an
    /// exponent is not), or where a number is not finite.
    pub fn new(law: Surface, parameters: &[f64], cost: Cost) -> Result<Allocation, NoAllocation> {
        if ![cost.k, cost.exponent]
            .iter()
            .all(|v| v.is_finite() && *v > 0.0)
        {
            return Err(NoAllocation::Cost(cost));
        }
        let named = law.parameters();
        let (have, need) = (parameters.len(), named.len());
        if have != need {
            return Err(NoAllocation::Length { have, need });
        }
        let trades = |j: usize| match (law, j) {
            (Surface::Additive, 0) | (Surface::Coupled, 0 | 2) => parameters[j].is_finite(),
            _ => parameters[j].is_finite() && parameters[j] > 0.0,
        };
        match (0..need).find(|j| !trades(*j)) {
            Some(j) => Err(NoAllocation::NoTradeOff {
                symbol: named[j].symbol,
                value: parameters[j],
            }),
            None => Ok(Allocation {
                law,
                parameters: parameters.to_vec(),
                cost,
            }),
        }
    }

    /// The allocation after a fitted law; errors as of [`Allocation::new`].
    ///
    /// # Errors
    ///
    /// [`NoAllocation`], as of [`Allocation::new`].
    pub fn of(fit: &Fit<Surface>, cost: Cost) -> Result<Allocation, NoAllocation> {
        Allocation::new(fit.law, &fit.parameters, cost)
    }

    /// The lowest loss at a training compute, in k's unit.
    pub fn optimum(&self, compute: f64) -> Optimum {
        Optimum {
            compute,
            parameters: self.value(Quantity::Parameters(compute)),
            samples: self.value(Quantity::Samples(compute)),
            loss: self.value(Quantity::Loss(compute)),
        }
    }

    /// A number that follows from the law.
    pub fn value(&self, quantity: Quantity) -> f64 {
        quantity.evaluate(self.law, &self.parameters, self.cost)
    }
}

impl Quantity {
    /// The number that follows from parameters `p` of `law`, for plain numbers and for [`Jet`]s;
    /// NaN where the law has no allocation. For a bootstrap's
    /// [`interval`](crate::bootstrap::Replicates::interval).
    pub fn evaluate<T: Real>(self, law: Surface, p: &[T], cost: Cost) -> T {
        let Terms {
            ln_a,
            alpha,
            ln_b,
            beta,
        } = Terms::of(law, p);
        // Of x = N^p, which costs k x D.
        let per = T::constant(cost.exponent.recip());
        let alpha_x = alpha * per;
        let sum = (alpha_x + beta).recip();
        let (a_x, b) = (beta * sum, alpha_x * sum);
        let ln_g_x = sum * (alpha_x.ln() + ln_a - beta.ln() - ln_b);
        let ln_product = |compute: f64| T::constant((compute / cost.k).ln());
        let ln_n = |compute: f64| (ln_g_x + a_x * ln_product(compute)) * per;
        let ln_d = |compute: f64| b * ln_product(compute) - ln_g_x;
        match self {
            Quantity::ParametersExponent => a_x * per,
            Quantity::SamplesExponent => b,
            Quantity::G => (ln_g_x * per).exp(),
            Quantity::Parameters(c) => ln_n(c).exp(),
            Quantity::Samples(c) => ln_d(c).exp(),
            Quantity::SamplesPerParameter(c) => (ln_d(c) - ln_n(c)).exp(),
            Quantity::Loss(c) => {
                let rest = (ln_a - alpha * ln_n(c)).exp() + (ln_b - beta * ln_d(c)).exp();
                match law {
                    Surface::Additive => p[0] + rest,
                    Surface::Coupled => (p[3] * rest.ln()).exp(),
                }
            }
        }
    }
}

/// A and B of A N^−α + B D^−β by their logarithms, and α and β.
struct Terms<T> {
    ln_a: T,
    alpha: T,
    ln_b: T,
    beta: T,
}

impl<T: Real> Terms<T> {
    fn of(law: Surface, p: &[T]) -> Terms<T> {
        match law {
            Surface::Additive => Terms {
                ln_a: p[1].ln(),
                alpha: p[2],
                ln_b: p[3].ln(),
                beta: p[4],
            },
            Surface::Coupled => {
                let alpha = p[1] * p[3].recip();
                Terms {
                    ln_a: alpha * p[0],
                    alpha,
                    ln_b: p[2],
                    beta: T::constant(1.0),
                }
            }
        }
    }
}

impl Fit<Surface> {
    /// A number that follows from this law's optimum under a cost, with the delta method's
    /// standard error and 95 % interval (Student's t, n − p degrees of freedom). Intervals of G, N, D
    /// and D / N are symmetric in their logarithms, those of the exponents and of the loss on the
    /// scale where they were fitted. None where the delta method does not hold
    /// ([`Fit::delta_method_holds`]).
    ///
    /// # Errors
    ///
    /// [`NoAllocation`], as of [`Allocation::new`].
    pub fn at_optimum(&self, quantity: Quantity, cost: Cost) -> Result<Estimate, NoAllocation> {
        let value = Allocation::of(self, cost)?.value(quantity);
        let jets = self.parameters.iter().enumerate();
        let jets: Vec<Jet> = jets.map(|(j, p)| Jet::variable(*p, j)).collect();
        let jet = quantity.evaluate(self.law, &jets, cost);
        let logarithmic = match quantity {
            Quantity::ParametersExponent | Quantity::SamplesExponent => false,
            Quantity::Loss(_) => self.loss.scale() == ResidualScale::Log,
            _ => true,
        };
        let error = self.covariance.as_ref();
        let error = error.filter(|_| self.delta_method_holds());
        let error = error.map(|covariance| {
            let g = DVector::from_column_slice(&jet.gradient[..self.parameters.len()]);
            (g.transpose() * covariance * &g)[(0, 0)].max(0.0).sqrt()
        });
        let t = self.t_quantile();
        Ok(if logarithmic {
            let relative = error.map(|e| e / value);
            Estimate::symmetric(value.ln(), relative, t).exp()
        } else {
            Estimate::symmetric(value, error, t)
        })
    }
}
