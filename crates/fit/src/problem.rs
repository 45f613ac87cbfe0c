//! The objective over a law's parameters, and its minimum near a start by damped Newton steps.
//!
//! Bounds are kept by the coordinates in which parameters move ([`Domain`](crate::law::Domain));
//! a bound itself is a face of its own, on which the law has fewer parameters
//! ([`Form::faces`](crate::law::Form::faces)).

use crate::fittable::Fittable;
use crate::law::{Jet, MAX_PARAMETERS, Real};
use crate::random::Random;
use crate::{Loss, Points, ResidualScale};
use nalgebra::{SMatrix, SVector};

type Matrix = SMatrix<f64, MAX_PARAMETERS, MAX_PARAMETERS>;
type Vector = SVector<f64, MAX_PARAMETERS>;

/// Points, a form and a loss.
pub(super) struct Problem<'a, F: Fittable> {
    pub form: F,
    pub loss: Loss,
    pub x: &'a [F::Input],
    pub y: &'a [f64],
    /// Of each point's ρ: the loss's own times the point's.
    pub weights: Vec<f64>,
    /// Of each coordinate ([`Fittable::coordinate_range`]).
    range: Vec<(f64, f64)>,
}

/// A local minimum, in the law's own parameters.
#[derive(Clone, Debug)]
pub(super) struct Minimum {
    pub parameters: Vec<f64>,
    pub objective: f64,
    pub converged: bool,
}

/// The objective near given parameters.
struct Local {
    jet: Jet,
    /// Curvature of parabolas that bound the loss from above. Damping is relative to its
    /// diagonal: in the linear zone of Huber's loss the Hessian itself may vanish.
    bound: Matrix,
}

/// (index, value) of parameters that are fixed.
pub(super) type Fixed = [(usize, f64)];

const ITERATIONS: usize = 200;
/// On the way to Huber's δ nothing has to be exact.
const CONTINUATION_STEPS: usize = 15;
/// Neighbours of a Huber minimum that are tried in vain before it stands.
const HOPS: usize = 24;
/// How many times the lowest minimum another face's may be so that its neighbours are tried.
const HOPELESS: f64 = 1.5;
/// Longest move of a coordinate in one step; all coordinates are logarithms or exponents.
const LONGEST_STEP: f64 = 3.0;

impl<'a, F: Fittable> Problem<'a, F> {
    pub(crate) fn new(form: F, loss: Loss, points: &'a Points<F::Input>) -> Self {
        let Points { x, y, weights } = points;
        Problem {
            form,
            loss,
            x,
            y,
            weights: y
                .iter()
                .zip(weights)
                .map(|(y, w)| w * loss.weight(*y))
                .collect(),
            range: form.coordinate_range(x),
        }
    }

    /// Residual of a point, observed less predicted, on the loss's scale.
    pub(crate) fn residual(&self, p: &[f64], i: usize) -> f64 {
        let scale = self.loss.scale();
        scale.forward(self.y[i]) - scale.forward(self.form.evaluate(p, self.x[i]))
    }

    /// Σ w ρ(r)
    pub(crate) fn objective(&self, p: &[f64]) -> f64 {
        (0..self.y.len())
            .map(|i| self.weights[i] * self.loss.rho(self.residual(p, i)).value)
            .sum()
    }

    /// The objective with its derivatives, in the coordinates of the free parameters.
    fn derivatives(&self, coordinates: &[f64], fixed: &Fixed) -> Local {
        let parameters = self.form.parameters();
        let p: Vec<Jet> = coordinates
            .iter()
            .enumerate()
            .map(|(j, c)| match fixed.iter().find(|(k, _)| *k == j) {
                Some((_, value)) => Jet::constant(*value),
                None => parameters[j].domain.value(Jet::variable(*c, j)),
            })
            .collect();
        let mut jet = Jet::constant(0.0);
        let mut bound = Matrix::zeros();
        for i in 0..self.y.len() {
            let law = self.form.evaluate(&p, self.x[i]);
            let law = match self.loss.scale() {
                ResidualScale::Linear => law,
                ResidualScale::Log => law.ln(),
            };
            let r = Jet::constant(self.loss.scale().forward(self.y[i])) - law;
            let rho = self.loss.rho(r.value);
            let weighted = r.chain(rho.value, rho.first, rho.second);
            jet = jet + weighted * Jet::constant(self.weights[i]);
            let secant = match r.value {
                0.0 => rho.second,
                r => rho.first / r,
            };
            let slope = Vector::from(r.gradient);
            bound += self.weights[i] * secant * slope * slope.transpose();
        }
        Local { jet, bound }
    }

    fn at(&self, coordinates: &[f64], fixed: &Fixed) -> Vec<f64> {
        let mut p: Vec<f64> = coordinates
            .iter()
            .zip(self.form.parameters())
            .map(|(c, parameter)| parameter.domain.value(*c))
            .collect();
        for (j, value) in fixed {
            p[*j] = *value;
        }
        p
    }

    /// Where parameters lie; the coordinate of a fixed one does not matter.
    fn coordinates(&self, p: &[f64], fixed: &Fixed) -> Vec<f64> {
        let parameters = self.form.parameters();
        (0..p.len())
            .map(|j| {
                let (low, high) = self.range[j];
                if fixed.iter().any(|(k, _)| *k == j) {
                    return 0.0_f64.clamp(low, high);
                }
                parameters[j].domain.coordinate(p[j]).clamp(low, high)
            })
            .collect()
    }

    /// The minimum near `start` (parameters, inside their domains where not fixed).
    pub(crate) fn descend(&self, start: &[f64], fixed: &Fixed) -> Minimum {
        self.steps(start, fixed, ITERATIONS)
    }

    fn steps(&self, start: &[f64], fixed: &Fixed, most: usize) -> Minimum {
        let mut at = self.coordinates(start, fixed);
        let mut here = self.derivatives(&at, fixed);
        let mut damping = 1e-4;
        let mut converged = !here.jet.value.is_finite();
        for _ in 0..most {
            if converged {
                break;
            }
            converged = true;
            // Ends by a step that improves, or by one too small to matter.
            let still: Vec<bool> = (0..MAX_PARAMETERS)
                .map(|j| {
                    j >= at.len()
                        || fixed.iter().any(|(k, _)| *k == j)
                        || self.leaves(&at, &here, j)
                })
                .collect();
            while damping < 1e20 {
                let Some(step) = newton_step(&here, &still, damping) else {
                    damping = (damping * 10.0).max(1e-6);
                    continue;
                };
                let next: Vec<f64> = (0..at.len())
                    .map(|j| (at[j] + step[j]).clamp(self.range[j].0, self.range[j].1))
                    .collect();
                // Derivatives cost ten times the value, and many a step is in vain.
                if self.objective(&self.at(&next, fixed)) < here.jet.value {
                    let small = (0..at.len())
                        .all(|j| (next[j] - at[j]).abs() <= 1e-13 * (1.0 + at[j].abs()));
                    here = self.derivatives(&next, fixed);
                    at = next;
                    damping = (damping * 0.1).max(1e-16);
                    converged = small;
                    break;
                }
                let gain: f64 = (0..at.len()).map(|j| here.jet.gradient[j] * step[j]).sum();
                if gain.abs() <= 1e-18 * here.jet.value {
                    break;
                }
                damping *= 10.0;
            }
        }
        Minimum {
            parameters: self.at(&at, fixed),
            objective: here.jet.value,
            converged,
        }
    }

    /// Whether a coordinate on the end of its range would leave it downhill.
    fn leaves(&self, at: &[f64], here: &Local, j: usize) -> bool {
        let (low, high) = self.range[j];
        let slope = here.jet.gradient[j];
        (at[j] <= low && slope > 0.0) || (at[j] >= high && slope < 0.0)
    }

    /// [`Problem::descend`] in the problem's own loss; Huber's corner is approached from a wide δ,
    /// since its loss is nearly flat of curvature far from the optimum.
    pub(crate) fn approach(&self, start: &[f64], fixed: &Fixed) -> Minimum {
        let mut from = start.to_vec();
        if let Loss::Huber { delta } = self.loss {
            let mut wide = (0..self.y.len())
                .map(|i| self.residual(&from, i).abs())
                .fold(0.0, f64::max)
                .min(10.0);
            while wide > delta {
                let wider = Problem {
                    loss: Loss::Huber { delta: wide },
                    weights: self.weights.clone(),
                    range: self.range.clone(),
                    ..*self
                };
                from = self.interior(&wider.steps(&from, fixed, CONTINUATION_STEPS).parameters);
                wide *= 0.3;
            }
        }
        self.descend(&from, fixed)
    }

    /// The lowest minimum from any of the starts on any face of the bounds. `fixed` parameters
    /// stay where they are on every face.
    pub(crate) fn lowest(&self, starts: &[Vec<f64>], fixed: &Fixed) -> Option<Minimum> {
        let hopping = matches!(self.loss, Loss::Huber { .. });
        let mut lowest = f64::INFINITY;
        let minima = self.form.faces().iter().filter_map(|face| {
            let clash = face.iter().any(|(j, _)| fixed.iter().any(|(k, _)| k == j));
            if clash {
                return None;
            }
            let fixed: Vec<(usize, f64)> = face.iter().chain(fixed).copied().collect();
            let found = starts
                .iter()
                .map(|s| self.approach(&self.interior(s), &fixed))
                .filter(|m| m.objective.is_finite())
                .reduce(lower)?;
            // Hops gain a few per cent at most: a bound that costs far more stays out.
            let near = found.objective <= HOPELESS * lowest;
            lowest = lowest.min(found.objective);
            Some(if hopping && near {
                self.hop(found, &fixed)
            } else {
                found
            })
        });
        // Where freeing a parameter gains nothing, its bound stands.
        minima.reduce(|free, bound| lower(bound, free))
    }

    /// A minimum no higher than `from`: a nearly absolute loss has a minimum at many a set of
    /// points that the law meets exactly, so its neighbours are tried, out to where squares would
    /// have risen by half.
    fn hop(&self, from: Minimum, fixed: &Fixed) -> Minimum {
        let mut random = Random::new(0, 0);
        let mut best = from;
        let mut left = HOPS;
        while left > 0 {
            left -= 1;
            let mut at = self.coordinates(&best.parameters, fixed);
            let mut bound = self.derivatives(&at, fixed).bound;
            let mut direction = Vector::zeros();
            for j in 0..MAX_PARAMETERS {
                direction[j] = random.normal();
                if j >= at.len() || fixed.iter().any(|(k, _)| *k == j) {
                    bound.fill_row(j, 0.0);
                    bound.fill_column(j, 0.0);
                    bound[(j, j)] = 1.0;
                    direction[j] = 0.0;
                }
            }
            let Some(factor) = bound.cholesky() else {
                break;
            };
            let Some(step) = factor.l().tr_solve_lower_triangular(&direction) else {
                break;
            };
            let reach = (2.0 * best.objective * random.uniform()).sqrt() / direction.norm();
            for j in 0..at.len() {
                at[j] += (step[j] * reach).clamp(-LONGEST_STEP, LONGEST_STEP);
            }
            let found = self.descend(&self.interior(&self.at(&at, fixed)), fixed);
            if found.objective < best.objective * (1.0 - 1e-10) {
                best = found;
                left = HOPS;
            }
        }
        best
    }

    /// Moves parameters that lie on a bound, or so near that the objective no longer feels them,
    /// a little inside.
    pub(crate) fn interior(&self, p: &[f64]) -> Vec<f64> {
        /// In coordinates: a thousandth of a parameter that is well inside.
        const NEAR: f64 = 7.0;
        let lowest = self.y.iter().copied().fold(f64::INFINITY, f64::min);
        let inner = self.form.interior(self.x, lowest.max(1e-6));
        let parameters = self.form.parameters();
        let faces = self.form.faces();
        (0..p.len())
            .map(|j| {
                let domain = parameters[j].domain;
                let (at, inside) = (domain.coordinate(p[j]), domain.coordinate(inner[j]));
                let bound = faces.iter().flat_map(|f| f.iter()).find(|(k, _)| *k == j);
                let near = bound.is_some_and(|(_, value)| {
                    let towards = (domain.coordinate(*value) - inside).signum();
                    (at - inside) * towards > NEAR
                });
                if at.is_finite() && !near {
                    p[j]
                } else {
                    inner[j]
                }
            })
            .collect()
    }
}

/// The lower of two; the second has to be lower beyond rounding.
fn lower(best: Minimum, next: Minimum) -> Minimum {
    if next.objective < best.objective * (1.0 - 1e-10) {
        next
    } else {
        best
    }
}

/// −(H + λ D)⁻¹ g over the coordinates that move; `None` where it is not positive definite.
fn newton_step(local: &Local, still: &[bool], damping: f64) -> Option<Vector> {
    let moves = |j: usize| !still[j];
    let largest = (0..MAX_PARAMETERS)
        .filter(|j| moves(*j))
        .map(|j| local.bound[(j, j)])
        .fold(f64::MIN_POSITIVE, f64::max);
    let mut matrix = Matrix::identity();
    let mut gradient = Vector::zeros();
    for j in (0..MAX_PARAMETERS).filter(|j| moves(*j)) {
        gradient[j] = local.jet.gradient[j];
        for k in (0..MAX_PARAMETERS).filter(|k| moves(*k)) {
            matrix[(j, k)] = local.jet.hessian[j][k];
        }
        matrix[(j, j)] += damping * local.bound[(j, j)].max(1e-14 * largest);
    }
    let step = -matrix.cholesky()?.solve(&gradient);
    step.iter()
        .all(|s| s.is_finite())
        .then(|| step.map(|s| s.clamp(-LONGEST_STEP, LONGEST_STEP)))
}
