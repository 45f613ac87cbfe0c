//! Intervals of predictions by the delta method.

use crate::law::Form;
use crate::{Fit, ResidualScale};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// How many standard errors of the prediction an interval reaches to each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interval {
    /// The 97.5 % quantile of Student's t with n − p degrees of freedom: a 95 % interval.
    #[serde(rename = "honest")]
    StudentT,
    /// ln t in place of t, with 296 degrees of freedom whatever the points. It covers about 50 %;
    /// for comparison with published bands that were drawn so.
    #[serde(rename = "released")]
    LogT,
}

impl Interval {
    /// Both, the right one first.
    pub const ALL: [Interval; 2] = [Interval::StudentT, Interval::LogT];

    /// A stable name for links and stored data.
    pub fn id(self) -> &'static str {
        match self {
            Interval::StudentT => "honest",
            Interval::LogT => "released",
        }
    }

    /// Standard errors to each side; `None` without degrees of freedom.
    fn factor(self, n: usize, p: usize) -> Option<f64> {
        match self {
            Interval::StudentT => t_quantile(n, p),
            Interval::LogT => t_quantile(300, 4).map(f64::ln),
        }
    }
}

/// 97.5 % quantile of Student's t with n − p degrees of freedom.
pub(crate) fn t_quantile(n: usize, p: usize) -> Option<f64> {
    let degrees = n.checked_sub(p).filter(|d| *d > 0)?;
    let t = StudentsT::new(0.0, 1.0, degrees as f64).ok()?;
    Some(t.inverse_cdf(0.975))
}

/// What a law of one variable predicts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// The input.
    pub x: f64,
    /// The law's error there.
    pub error: f64,
    /// Lower end of the interval of the mean; `None` without degrees of freedom, and where the
    /// delta method does not hold.
    pub low: Option<f64>,
    /// Upper end, as [`Prediction::low`].
    pub high: Option<f64>,
}

impl<F: Form> Fit<F> {
    /// False where most points lie in the linear zone of Huber's loss. Its covariance divides by
    /// the share m of the others, as if that were a density at zero; but a law meets p of its n
    /// points almost exactly, so that m stays above p / n while Σψ² goes to zero with δ: the
    /// intervals shrink to nothing (at δ = 1e-3 on 25 points they hold the truth in about 60 %).
    pub fn delta_method_holds(&self) -> bool {
        self.linear_zone.is_none_or(|share| share <= 0.5)
    }

    /// The standard errors that may be shown: none where the delta method does not hold.
    pub fn usable_errors(&self) -> Vec<Option<f64>> {
        let holds = self.delta_method_holds();
        let errors = self.standard_errors.iter();
        errors.map(|error| error.filter(|_| holds)).collect()
    }

    /// The 97.5 % quantile of Student's t with n − p degrees of freedom: half a 95 % interval in
    /// standard errors. `None` without degrees of freedom.
    pub fn t_quantile(&self) -> Option<f64> {
        t_quantile(self.points, self.parameters.len())
    }

    /// How often the interval covers the truth where the law is linear in its parameters and the
    /// noise normal: the probability of Student's t within its factor; `None` without degrees of freedom.
    pub fn nominal_coverage(&self, interval: Interval) -> Option<f64> {
        let (n, p) = (self.points, self.parameters.len());
        let factor = interval.factor(n, p)?;
        let t = StudentsT::new(0.0, 1.0, (n - p) as f64).ok()?;
        Some(t.cdf(factor) - t.cdf(-factor))
    }

    /// The error at an input, and half the interval's width on the loss's scale.
    fn on_scale(&self, x: F::Input, interval: Interval) -> (f64, Option<f64>) {
        let value = self.law.evaluate(&self.parameters, x);
        let usable = self.covariance.as_ref();
        let usable = usable.filter(|_| self.delta_method_holds());
        let half = usable.and_then(|covariance| {
            let factor = interval.factor(self.points, self.parameters.len())?;
            let mut g = nalgebra::DVector::from_vec(self.law.gradient(&self.parameters, x));
            if self.loss.scale() == ResidualScale::Log {
                g /= value;
            }
            let variance = (g.transpose() * covariance * &g)[(0, 0)];
            Some(factor * variance.max(0.0).sqrt()).filter(|h| h.is_finite())
        });
        (value, half)
    }

    /// The error at an input with the (low, high) ends of its interval.
    pub fn error_at(&self, x: F::Input, interval: Interval) -> (f64, Option<(f64, f64)>) {
        let (value, half) = self.on_scale(x, interval);
        let scale = self.loss.scale();
        let y = scale.forward(value);
        (value, half.map(|h| (scale.back(y - h), scale.back(y + h))))
    }
}

impl Fit {
    /// The error at an input with its interval.
    pub fn predict(&self, x: f64, interval: Interval) -> Prediction {
        let (error, ends) = self.error_at(x, interval);
        Prediction {
            x,
            error,
            low: ends.map(|e| e.0),
            high: ends.map(|e| e.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_t_band_covers_a_half() {
        // A straight line in log-log through 25 points, and one law of 4 parameters.
        let x: Vec<f64> = (0..25).map(|i| 1e7 * 1.6f64.powi(i)).collect();
        let wave = |i: usize| 1.0 + 0.01 * (i as f64).sin();
        let y: Vec<f64> = x
            .iter()
            .enumerate()
            .map(|(i, x)| wave(i) * (20.0 * (x + 1e8).powf(-0.2) + 0.1))
            .collect();
        let fit = crate::fit(crate::law::Law::Saturation, crate::Loss::Squares, &x, &y).unwrap();
        // 2 * scipy.stats.t.cdf(numpy.log(scipy.stats.t.ppf(0.975, 296)), 21) - 1
        let coverage = fit.nominal_coverage(Interval::LogT).unwrap();
        assert!(
            (coverage - 0.494_218_590_448_906_9).abs() < 1e-7,
            "{coverage}"
        );
        let coverage = fit.nominal_coverage(Interval::StudentT).unwrap();
        assert!((coverage - 0.95).abs() < 1e-9, "{coverage}");
    }

    #[test]
    fn t_is_scipys() {
        // scipy.stats.t.ppf(0.975, dof)
        for (dof, t) in [
            (1, 12.706_204_736_174_694),
            (3, 3.182_446_305_283_707_8),
            (21, 2.079_613_844_727_679_5),
            (296, 1.968_010_727_550_255_2),
        ] {
            let ours = t_quantile(dof + 4, 4).unwrap();
            assert!((ours - t).abs() < 1e-7, "{dof}: {ours} against {t}");
        }
        assert_eq!(t_quantile(4, 4), None);
        assert_eq!(t_quantile(3, 4), None);
    }
}
