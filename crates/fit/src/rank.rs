//! Rank correlation: whether two measurements order models alike.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};
use std::fmt;

/// Points that an interval needs.
const NEED: usize = 4;

/// A rank correlation with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RankCorrelation {
    /// From −1, the opposite order, to 1, the same.
    pub coefficient: f64,
    /// 95 % interval (low, high), by Fisher's z; `None` where the coefficient is ±1, and of Kendall's τ
    /// of four points.
    pub interval: Option<(f64, f64)>,
    /// Points, n.
    pub points: usize,
}

/// Why points have no rank correlation. Points are counted from 0 here, and from 1 in the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRanks {
    /// Fewer than four points.
    TooFew {
        /// Points given.
        have: usize,
    },
    /// A number is infinite or NaN.
    NotFinite {
        /// The point.
        index: usize,
    },
    /// All points are equal in one of the two.
    AllEqual,
}

impl fmt::Display for NoRanks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoRanks::TooFew { have } => write!(
                f,
                "A rank correlation needs at least {NEED} points; there are {have}."
            ),
            NoRanks::NotFinite { index } => {
                write!(f, "Point {} is not a finite number.", index + 1)
            }
            NoRanks::AllEqual => write!(
                f,
                "All points have the same value on one axis, so they have no order."
            ),
        }
    }
}

impl std::error::Error for NoRanks {}

/// Spearman's ρ of points (x, y): Pearson's correlation of their ranks, ties with their mean rank.
///
/// The interval is Fisher's z with the variance (1 + ρ² / 2) / (n − 3) of Bonett and Wright 2000
/// ("Sample size requirements for estimating Pearson, Kendall and Spearman correlations",
/// Psychometrika 65); they find it accurate up to |ρ| of 0.95 from ten points on.
///
/// # Errors
///
/// [`NoRanks`] of fewer than four points, where a number is not finite, and where one axis has no order.
pub fn spearman(points: &[(f64, f64)]) -> Result<RankCorrelation, NoRanks> {
    check(points)?;
    let column = |of: fn(&(f64, f64)) -> f64| ranks(&points.iter().map(of).collect::<Vec<f64>>());
    let (x, y) = (column(|p| p.0), column(|p| p.1));
    let mean = (points.len() as f64 + 1.0) / 2.0;
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(&y) {
        xx += (x - mean) * (x - mean);
        xy += (x - mean) * (y - mean);
        yy += (y - mean) * (y - mean);
    }
    // One root of the product, so that equal orders give 1 itself.
    let rho = (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0);
    let variance = (1.0 + 0.5 * rho * rho) / (points.len() as f64 - 3.0);
    Ok(correlation(rho, Some(variance), points.len()))
}

/// Kendall's τ-b of points (x, y): (concordant − discordant pairs) over the root of the pairs not tied
/// in x times those not tied in y. Its time grows with n².
///
/// The interval is Fisher's z with the variance 0.437 / (n − 4) of Fieller, Hartley and Pearson 1957
/// ("Tests for rank correlation coefficients", Biometrika 44), made for few ties; Bonett and Wright 2000
/// find it accurate up to |τ| of 0.8.
///
/// # Errors
///
/// As of [`spearman`].
pub fn kendall(points: &[(f64, f64)]) -> Result<RankCorrelation, NoRanks> {
    check(points)?;
    let (mut balance, mut in_x, mut in_y) = (0_i64, 0_u64, 0_u64);
    for (i, a) in points.iter().enumerate() {
        for b in &points[..i] {
            let sign = |a: f64, b: f64| i64::from(a > b) - i64::from(a < b);
            let (x, y) = (sign(a.0, b.0), sign(a.1, b.1));
            balance += x * y;
            in_x += x.unsigned_abs();
            in_y += y.unsigned_abs();
        }
    }
    let tau = balance as f64 / (in_x as f64 * in_y as f64).sqrt();
    let n = points.len();
    let variance = (n > 4).then(|| 0.437 / (n as f64 - 4.0));
    Ok(correlation(tau.clamp(-1.0, 1.0), variance, n))
}

fn check(points: &[(f64, f64)]) -> Result<(), NoRanks> {
    let finite = |p: &(f64, f64)| p.0.is_finite() && p.1.is_finite();
    if let Some(index) = points.iter().position(|p| !finite(p)) {
        return Err(NoRanks::NotFinite { index });
    }
    let have = points.len();
    if have < NEED {
        return Err(NoRanks::TooFew { have });
    }
    let first = points[0];
    if points.iter().all(|p| p.0 == first.0) || points.iter().all(|p| p.1 == first.1) {
        return Err(NoRanks::AllEqual);
    }
    Ok(())
}

/// tanh(atanh r ± z √variance)
fn correlation(coefficient: f64, variance: Option<f64>, points: usize) -> RankCorrelation {
    let z = coefficient.atanh();
    let half = variance.map(|v| Normal::standard().inverse_cdf(0.975) * v.sqrt());
    RankCorrelation {
        coefficient,
        interval: half
            .filter(|_| z.is_finite())
            .map(|h| ((z - h).tanh(), (z + h).tanh())),
        points,
    }
}

/// Ranks from 1, ties with their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    crate::order::sort_by(&mut order, |i, j| {
        values[*i]
            .partial_cmp(&values[*j])
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let tied = |k: &usize| values[order[*k]] == values[order[from]];
        let to = (from..order.len()).take_while(tied).count() + from;
        for k in from..to {
            ranks[order[k]] = (from + 1 + to) as f64 / 2.0;
        }
        from = to;
    }
    ranks
}
