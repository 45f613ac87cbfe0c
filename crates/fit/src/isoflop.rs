//! IsoFLOP profiles (Hoffmann et al. 2022, arXiv 2203.15556, approach 2): at each training compute
//! a parabola of the loss in ln N; its minimum is the compute-optimal model, and the minima over
//! compute give power laws N ∝ C^a and D ∝ C^b.
//!
//! N and D (parameters and samples, or tokens) and C are in any units; no relation between them is
//! assumed, since the parabola is fitted over ln D as well. Where a table has no D, C / (6 N)
//! ([`Cost::TRANSFORMER`](crate::allocation::Cost::TRANSFORMER)) gives the same optimum as N does.
//!
//! A parabola is an approximation: its minimum is biased where the sizes are not centred about the
//! optimum or the two exponents differ, noise or not.

use crate::FitError;
use crate::interval::t_quantile;
use crate::line::{Estimate, PowerLaw};
use crate::order;
use serde::Serialize;
use std::fmt;

/// One training run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Run {
    /// C of the whole run.
    pub compute: f64,
    /// N
    pub parameters: f64,
    /// D
    pub samples: f64,
    /// L at its end: any finite number, lower is better.
    pub loss: f64,
}

/// Runs of about one compute.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Budget {
    /// C: the geometric mean of its runs'.
    pub compute: f64,
    /// Highest compute of a run over the lowest; 1 where all are equal.
    pub spread: f64,
    /// Positions of its runs, in rising compute.
    pub runs: Vec<usize>,
}

/// The compute-optimal run of one budget, after its parabola.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Optimum {
    /// C
    pub compute: f64,
    /// Runs of the budget.
    pub runs: usize,
    /// N at the minimum over ln N; the interval by the delta method in ln N (Student's t, n − 3
    /// degrees of freedom).
    pub parameters: Estimate,
    /// D at the minimum over ln D, as [`Optimum::parameters`].
    pub samples: Estimate,
    /// L at the minimum over ln N.
    pub loss: f64,
    /// The parabola over ln N is `loss` + `curvature` (ln N − ln N at the minimum)².
    pub curvature: f64,
    /// Whether N or D lies outside those of the budget's runs.
    pub extrapolated: bool,
}

/// Runs whose highest compute is more than this times the lowest are not of one budget.
const MOST_SPREAD: f64 = 1.5;

/// Why a budget gives no optimum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// A parabola needs three different N and three different D.
    TooFewSizes {
        /// Different N, or D where those are fewer.
        have: usize,
    },
    /// Their computes differ too much to be one budget.
    Spread {
        /// [`Budget::spread`]
        times: f64,
    },
    /// The parabola opens downward or is flat, or its minimum lies beyond the range of a double.
    NoMinimum,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::TooFewSizes { have } => write!(
                f,
                "A parabola needs runs of three different sizes, not {have}."
            ),
            Reason::Spread { times } => write!(
                f,
                "The runs are not of one compute: the highest is {times:.1} times the lowest."
            ),
            Reason::NoMinimum => write!(
                f,
                "The parabola has no minimum: it opens downward or is flat."
            ),
        }
    }
}

/// A budget that gives no optimum.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeftOut {
    /// The budget.
    pub budget: Budget,
    /// Why.
    pub reason: Reason,
}

/// IsoFLOP profiles, and the laws of their minima.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IsoFlop {
    /// In rising compute; extrapolated ones are among them.
    pub optima: Vec<Optimum>,
    /// Budgets that gave none.
    pub left_out: Vec<LeftOut>,
    /// N ∝ C^a through all optima; `None` of fewer than two.
    pub parameters: Option<PowerLaw>,
    /// D ∝ C^b, as [`IsoFlop::parameters`].
    pub samples: Option<PowerLaw>,
}

/// Fits parabolas to the runs of each budget, and power laws to their minima.
///
/// # Errors
///
/// [`FitError::NotPositive`] where C, N or D of a run is not a finite number above zero,
/// [`FitError::NotFinite`] where its loss is not finite.
pub fn isoflop(runs: &[Run], budgets: &[Budget]) -> Result<IsoFlop, FitError> {
    check(runs)?;
    let (mut optima, mut left_out) = (Vec::new(), Vec::new());
    for budget in budgets {
        match optimum(runs, budget) {
            Ok(optimum) => optima.push(optimum),
            Err(reason) => left_out.push(LeftOut {
                budget: budget.clone(),
                reason,
            }),
        }
    }
    order::sort_by(&mut optima, |a: &Optimum, b| {
        a.compute.total_cmp(&b.compute)
    });
    let law = |of: fn(&Optimum) -> f64| {
        let points: Vec<(f64, f64)> = optima.iter().map(|o| (o.compute, of(o))).collect();
        PowerLaw::fit(&points).ok()
    };
    Ok(IsoFlop {
        parameters: law(|o| o.parameters.value),
        samples: law(|o| o.samples.value),
        optima,
        left_out,
    })
}

fn check(runs: &[Run]) -> Result<(), FitError> {
    let positive = |v: f64| v.is_finite() && v > 0.0;
    for (index, run) in runs.iter().enumerate() {
        if ![run.compute, run.parameters, run.samples]
            .into_iter()
            .all(positive)
        {
            return Err(FitError::NotPositive { index });
        }
        if !run.loss.is_finite() {
            return Err(FitError::NotFinite { index });
        }
    }
    Ok(())
}

/// Groups of runs whose computes are nearly equal: in rising order, a new budget begins where the
/// next compute is more than `1 + gap` times the last. With runs at every compute a group can grow
/// wide: its [`Budget::spread`] tells, and [`nearest_budgets`] takes named ones instead.
///
/// # Errors
///
/// As of [`isoflop`].
pub fn budgets(runs: &[Run], gap: f64) -> Result<Vec<Budget>, FitError> {
    check(runs)?;
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order::sort_by(&mut order, |i, j| {
        runs[*i].compute.total_cmp(&runs[*j].compute)
    });
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for i in order {
        match groups.last_mut() {
            Some(group)
                if group
                    .last()
                    .is_some_and(|j| runs[i].compute <= runs[*j].compute * (1.0 + gap)) =>
            {
                group.push(i);
            }
            _ => groups.push(vec![i]),
        }
    }
    Ok(groups.into_iter().map(|g| budget(runs, g)).collect())
}

/// Groups of runs within `tolerance` (0.1: 10 %) of one of the computes `named`, and the positions
/// of the runs that belong to none. A run goes to the nearest of them by ratio; a budget without
/// runs is not listed.
///
/// # Errors
///
/// As of [`isoflop`]; [`FitError::NotPositive`] also for a compute of `named`, by its position.
pub fn nearest_budgets(
    runs: &[Run],
    named: &[f64],
    tolerance: f64,
) -> Result<(Vec<Budget>, Vec<usize>), FitError> {
    check(runs)?;
    if let Some(index) = named.iter().position(|c| !c.is_finite() || *c <= 0.0) {
        return Err(FitError::NotPositive { index });
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); named.len()];
    let mut none = Vec::new();
    for (i, run) in runs.iter().enumerate() {
        let apart = |c: f64| (run.compute.ln() - c.ln()).abs();
        let nearest = (0..named.len()).min_by(|a, b| apart(named[*a]).total_cmp(&apart(named[*b])));
        match nearest {
            Some(b) if apart(named[b]) <= tolerance.ln_1p() => groups[b].push(i),
            _ => none.push(i),
        }
    }
    let groups = groups.into_iter().filter(|g| !g.is_empty());
    let budgets = groups.map(|mut group| {
        order::sort_by(&mut group, |i, j| {
            runs[*i].compute.total_cmp(&runs[*j].compute)
        });
        budget(runs, group)
    });
    Ok((budgets.collect(), none))
}

/// Of runs in rising compute, at least one.
fn budget(runs: &[Run], group: Vec<usize>) -> Budget {
    let (low, high) = (runs[group[0]].compute, runs[group[group.len() - 1]].compute);
    // Relative to the lowest, so that equal ones give themselves.
    let logs = group.iter().map(|i| (runs[*i].compute / low).ln());
    let mean = logs.sum::<f64>() / group.len() as f64;
    Budget {
        compute: low * mean.exp(),
        spread: high / low,
        runs: group,
    }
}

fn optimum(runs: &[Run], budget: &Budget) -> Result<Optimum, Reason> {
    let over = |of: fn(&Run) -> f64| -> Vec<(f64, f64)> {
        let runs = budget.runs.iter().filter_map(|i| runs.get(*i));
        runs.map(|run| (of(run), run.loss)).collect()
    };
    let (over_n, over_d) = (over(|r| r.parameters), over(|r| r.samples));
    let have = different(&over_n).min(different(&over_d));
    if have < 3 {
        return Err(Reason::TooFewSizes { have });
    }
    if budget.spread > MOST_SPREAD {
        return Err(Reason::Spread {
            times: budget.spread,
        });
    }
    let of_n = vertex(&over_n).ok_or(Reason::NoMinimum)?;
    let of_d = vertex(&over_d).ok_or(Reason::NoMinimum)?;
    Ok(Optimum {
        compute: budget.compute,
        runs: over_n.len(),
        parameters: of_n.at,
        samples: of_d.at,
        loss: of_n.value,
        curvature: of_n.curvature,
        extrapolated: of_n.outside || of_d.outside,
    })
}

/// Different sizes.
fn different(points: &[(f64, f64)]) -> usize {
    let mut sizes: Vec<u64> = points.iter().map(|p| p.0.to_bits()).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes.len()
}

/// The minimum of a parabola in the logarithm of x.
struct Vertex {
    at: Estimate,
    value: f64,
    curvature: f64,
    outside: bool,
}

/// Least squares of y on a parabola in u = ln x less its mean, in polynomials that are orthogonal
/// over the points: 1, u, u² − g u − h. `None` where it has no minimum.
fn vertex(points: &[(f64, f64)]) -> Option<Vertex> {
    let n = points.len() as f64;
    let ln_mean = points.iter().map(|p| p.0.ln()).sum::<f64>() / n;
    let u: Vec<f64> = points.iter().map(|p| p.0.ln() - ln_mean).collect();
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        u.iter().zip(points).map(|(u, p)| f(*u, p.1)).sum()
    };
    let first = sum(&|u, _| u * u);
    let (g, h) = (sum(&|u, _| u * u * u) / first, first / n);
    let quadratic = |u: f64| u * u - g * u - h;
    let second = sum(&|u, _| quadratic(u).powi(2));
    let c0 = sum(&|_, y| y) / n;
    let c1 = sum(&|u, y| u * (y - c0)) / first;
    let c2 = sum(&|u, y| quadratic(u) * (y - c0 - c1 * u)) / second;
    let at = 0.5 * (g - c1 / c2);
    let value = c0 + c1 * at + c2 * quadratic(at);
    let x = (ln_mean + at).exp();
    if !(c2 > 0.0 && x.is_finite() && x > 0.0 && value.is_finite()) {
        return None;
    }
    let sse = sum(&|u, y| (y - c0 - c1 * u - c2 * quadratic(u)).powi(2));
    let t = t_quantile(points.len(), 3);
    let error = t.map(|_| {
        // Of c1 and c2, which do not depend on one another, and of the vertex by the delta method.
        let variance = sse / (n - 3.0);
        let (of_c1, of_c2) = (variance / first, variance / second);
        (of_c1 + (c1 / c2).powi(2) * of_c2).sqrt() / (2.0 * c2)
    });
    let range = points
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(low, high), p| {
            (low.min(p.0), high.max(p.0))
        });
    Some(Vertex {
        at: Estimate::symmetric(ln_mean + at, error, t).exp(),
        value,
        curvature: c2,
        outside: x < range.0 || x > range.1,
    })
}
