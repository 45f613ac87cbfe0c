//! The envelope of training curves (Hoffmann et al. 2022, arXiv 2203.15556, approach 1): at each
//! of many computes the lowest loss of any run on its way, the model that reaches it, and power laws
//! N ∝ C^a and D ∝ C^b through these models.

use crate::FitError;
use crate::line::PowerLaw;
use crate::order;
use serde::Serialize;

/// A run on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingCurve {
    /// N
    pub parameters: f64,
    /// Compute of one sample: 6 N of a transformer, of one token
    /// ([`Cost::TRANSFORMER`](crate::allocation::Cost::TRANSFORMER)).
    pub compute_per_sample: f64,
    /// (compute spent so far, loss) in any order; of equal computes the lowest loss counts.
    pub points: Vec<(f64, f64)>,
}

/// The lowest loss at one compute.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EnvelopePoint {
    /// C
    pub compute: f64,
    /// L, interpolated linearly in ln C.
    pub loss: f64,
    /// N of the run.
    pub parameters: f64,
    /// D: samples that the run had seen, C over its compute for one sample.
    pub samples: f64,
    /// Position of the run.
    pub curve: usize,
    /// Runs that have a loss at this compute; one has no rival.
    pub runs: usize,
}

/// The envelope, and the laws of its models.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Envelope {
    /// In rising compute.
    pub points: Vec<EnvelopePoint>,
    /// Positions of runs of one point among others of more: they have a loss at no compute of the
    /// grid.
    pub left_out: Vec<usize>,
    /// Whether every run is one point, so that this is the Pareto frontier of compute and loss.
    pub frontier: bool,
    /// N ∝ C^a through the points whose run has a rival (all points of a frontier); `None` where they
    /// are fewer than two computes. Neighbours on a grid are of one curve, so that the law has no
    /// standard errors; those of a frontier are ordinary.
    pub parameters: Option<PowerLaw>,
    /// D ∝ C^b, as [`Envelope::parameters`].
    pub samples: Option<PowerLaw>,
}

/// The envelope of `curves` at `values` computes, evenly spaced in ln C from the lowest to the
/// highest (Hoffmann et al. 2022 take 1,500). Where every curve is one point, the points that no other
/// beats at the same or less compute.
///
/// # Errors
///
/// By the position of the curve, [`FitError::NotPositive`] where N or a compute is not a finite number
/// above zero, [`FitError::NotFinite`] where a loss is not finite. [`FitError::TooFewPoints`] without
/// points, and of fewer than two `values`.
pub fn envelope(curves: &[TrainingCurve], values: usize) -> Result<Envelope, FitError> {
    let positive = |v: f64| v.is_finite() && v > 0.0;
    for (index, curve) in curves.iter().enumerate() {
        let sizes = [curve.parameters, curve.compute_per_sample];
        let computes = curve.points.iter().map(|p| p.0);
        if !sizes.into_iter().chain(computes).all(positive) {
            return Err(FitError::NotPositive { index });
        }
        if !curve.points.iter().all(|p| p.1.is_finite()) {
            return Err(FitError::NotFinite { index });
        }
    }
    let sorted: Vec<Vec<(f64, f64)>> = curves.iter().map(rising).collect();
    if sorted.iter().all(Vec::is_empty) {
        return Err(FitError::TooFewPoints { have: 0, need: 1 });
    }
    let frontier = sorted.iter().all(|points| points.len() < 2);
    if !frontier && values < 2 {
        return Err(FitError::TooFewPoints {
            have: values,
            need: 2,
        });
    }
    let lowest = if frontier {
        pareto(&sorted)
    } else {
        on_grid(&sorted, values)
    };
    let points: Vec<EnvelopePoint> = lowest
        .into_iter()
        .map(|l| EnvelopePoint {
            compute: l.compute,
            loss: l.loss,
            parameters: curves[l.curve].parameters,
            samples: l.compute / curves[l.curve].compute_per_sample,
            curve: l.curve,
            runs: l.runs,
        })
        .collect();
    let law = |of: fn(&EnvelopePoint) -> f64| {
        let counts = points.iter().filter(|p| frontier || p.runs > 1);
        let counts: Vec<(f64, f64)> = counts.map(|p| (p.compute, of(p))).collect();
        let law = PowerLaw::fit(&counts).ok()?;
        Some(if frontier { law } else { law.without_errors() })
    };
    let single = |i: &usize| !frontier && sorted[*i].len() < 2;
    Ok(Envelope {
        parameters: law(|p| p.parameters),
        samples: law(|p| p.samples),
        left_out: (0..curves.len()).filter(single).collect(),
        points,
        frontier,
    })
}

/// A curve's points in rising compute, one for each.
fn rising(curve: &TrainingCurve) -> Vec<(f64, f64)> {
    let mut points = curve.points.clone();
    order::sort_by(&mut points, |a, b| {
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    points.dedup_by(|next, kept| next.0 == kept.0);
    points
}

struct Lowest {
    compute: f64,
    loss: f64,
    curve: usize,
    runs: usize,
}

/// The lowest of the curves at each compute of the grid where one has a value. Of equal ones the
/// first.
fn on_grid(curves: &[Vec<(f64, f64)>], values: usize) -> Vec<Lowest> {
    let ends = curves.iter().filter(|points| points.len() > 1);
    let (low, high) = ends
        .flat_map(|points| points.iter())
        .fold((f64::INFINITY, 0.0_f64), |(low, high), p| {
            (low.min(p.0), high.max(p.0))
        });
    let mut found = Vec::new();
    for i in 0..values {
        let t = i as f64 / (values - 1) as f64;
        // The ends are the ends, whatever rounding does to their logarithms.
        let compute = (low.ln() * (1.0 - t) + high.ln() * t).exp();
        let compute = match i {
            0 => low,
            i if i == values - 1 => high,
            _ => compute.clamp(low, high),
        };
        let mut lowest: Option<Lowest> = None;
        let mut runs = 0;
        for (curve, points) in curves.iter().enumerate() {
            let Some(loss) = interpolate(points, compute) else {
                continue;
            };
            runs += 1;
            if lowest.as_ref().is_none_or(|l| loss < l.loss) {
                lowest = Some(Lowest {
                    compute,
                    loss,
                    curve,
                    runs,
                });
            }
        }
        found.extend(lowest.map(|l| Lowest { runs, ..l }));
    }
    found
}

/// The loss of a curve of two or more points at a compute within them, linear in ln C.
fn interpolate(points: &[(f64, f64)], compute: f64) -> Option<f64> {
    if points.len() < 2 {
        return None;
    }
    let next = points.partition_point(|p| p.0 < compute);
    let (c, loss) = *points.get(next)?;
    if c == compute {
        return Some(loss);
    }
    let (c0, loss0) = *points.get(next.checked_sub(1)?)?;
    let t = (compute.ln() - c0.ln()) / (c.ln() - c0.ln());
    Some(loss0 * (1.0 - t) + loss * t)
}

/// Runs of one point that no other beats or equals with as little compute or less.
fn pareto(curves: &[Vec<(f64, f64)>]) -> Vec<Lowest> {
    let mut order: Vec<(usize, (f64, f64))> = Vec::new();
    for (i, points) in curves.iter().enumerate() {
        order.extend(points.iter().map(|p| (i, *p)));
    }
    order::sort_by(&mut order, |(_, a), (_, b)| {
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let mut lowest = f64::INFINITY;
    let mut found = Vec::new();
    for (curve, (compute, loss)) in order {
        if loss < lowest {
            lowest = loss;
            found.push(Lowest {
                compute,
                loss,
                curve,
                runs: 1,
            });
        }
    }
    found
}
