//! Straight lines by ordinary least squares, and power laws as lines on logarithmic axes.
//!
//! Standard errors and intervals are those of normal noise of one variance (Draper and Smith 1998,
//! "Applied regression analysis", chapter 1), with n − 2 degrees of freedom.

use crate::FitError;
use crate::interval::t_quantile;
use serde::Serialize;

/// A number that follows from a fit, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The number itself.
    pub value: f64,
    /// Its standard error; `None` where the points leave none.
    pub standard_error: Option<f64>,
    /// The ends (low, high) of its 95 % interval; `None` where the points leave none.
    pub interval: Option<(f64, f64)>,
}

impl Estimate {
    /// `value` ± t standard errors.
    pub(crate) fn symmetric(value: f64, standard_error: Option<f64>, t: Option<f64>) -> Estimate {
        let standard_error = standard_error.filter(|s| s.is_finite());
        let half = standard_error.zip(t).map(|(s, t)| s * t);
        Estimate {
            value,
            standard_error,
            interval: half.map(|h| (value - h, value + h)),
        }
    }

    /// The exponential of an estimate that was made in logarithms: the interval's ends are mapped,
    /// the standard error is that of the delta method.
    pub(crate) fn exp(self) -> Estimate {
        let value = self.value.exp();
        Estimate {
            value,
            standard_error: self.standard_error.map(|s| s * value),
            interval: self.interval.map(|(low, high)| (low.exp(), high.exp())),
        }
    }

    /// The number alone.
    pub(crate) fn without_error(self) -> Estimate {
        Estimate {
            standard_error: None,
            interval: None,
            ..self
        }
    }
}

/// y = intercept + slope x by ordinary least squares.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Line {
    /// y at x = 0.
    pub intercept: Estimate,
    /// Change of y for one unit of x.
    pub slope: Estimate,
    /// Share of y's variance that the line explains; `None` where all y are equal.
    pub r_squared: Option<f64>,
    /// Standard deviation of the points about the line, √(SSE / (n − 2)); `None` of two points.
    pub scatter: Option<f64>,
    /// Points that it was fitted to.
    pub points: usize,
    x_mean: f64,
    /// Σ (x − mean)²
    sxx: f64,
}

/// What a line says at one x.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LinePrediction {
    /// The line's y.
    pub value: f64,
    /// 95 % interval of the line itself, the mean of many points there; `None` of two points.
    pub mean: Option<(f64, f64)>,
    /// 95 % interval of one more point; `None` of two points.
    pub single: Option<(f64, f64)>,
}

impl Line {
    /// The line through `points` (x, y) in any units.
    ///
    /// # Errors
    ///
    /// [`FitError`] where a number is not finite, of fewer than two points or two different x, and
    /// where sums of squares leave the range of a double.
    pub fn fit(points: &[(f64, f64)]) -> Result<Line, FitError> {
        if let Some(index) = points
            .iter()
            .position(|(x, y)| !x.is_finite() || !y.is_finite())
        {
            return Err(FitError::NotFinite { index });
        }
        let have = points.len();
        if have < 2 {
            return Err(FitError::TooFewPoints { have, need: 2 });
        }
        if points.iter().all(|p| p.0 == points[0].0) {
            return Err(FitError::TooFewInputs { have: 1, need: 2 });
        }
        let n = have as f64;
        let x_mean = points.iter().map(|p| p.0 / n).sum::<f64>();
        let y_mean = points.iter().map(|p| p.1 / n).sum::<f64>();
        let (mut sxx, mut sxy, mut syy) = (0.0, 0.0, 0.0);
        for (x, y) in points {
            sxx += (x - x_mean).powi(2);
            sxy += (x - x_mean) * (y - y_mean);
            syy += (y - y_mean).powi(2);
        }
        let slope = sxy / sxx;
        let residual = |(x, y): &(f64, f64)| y - y_mean - slope * (x - x_mean);
        let sse: f64 = points.iter().map(|p| residual(p).powi(2)).sum();
        let intercept = y_mean - slope * x_mean;
        if ![slope, intercept, sse].iter().all(|v| v.is_finite()) {
            return Err(FitError::NoOptimum);
        }
        let scatter = (have > 2).then(|| (sse / (n - 2.0)).sqrt());
        let t = t_quantile(have, 2);
        let error = |factor: f64| scatter.map(|s| s * factor.sqrt());
        Ok(Line {
            intercept: Estimate::symmetric(intercept, error(1.0 / n + x_mean * x_mean / sxx), t),
            slope: Estimate::symmetric(slope, error(1.0 / sxx), t),
            r_squared: (syy > 0.0).then(|| 1.0 - sse / syy),
            scatter,
            points: have,
            x_mean,
            sxx,
        })
    }

    /// y at `x`.
    pub fn at(&self, x: f64) -> f64 {
        self.intercept.value + self.slope.value * x
    }

    /// y at `x` with its intervals.
    pub fn predict(&self, x: f64) -> LinePrediction {
        let value = self.at(x);
        // Of the line's own variance at x, in units of the scatter's.
        let leverage = 1.0 / self.points as f64 + (x - self.x_mean).powi(2) / self.sxx;
        let interval = |variance: f64| {
            let half = self.scatter? * t_quantile(self.points, 2)? * variance.sqrt();
            Some((value - half, value + half))
        };
        LinePrediction {
            value,
            mean: interval(leverage),
            single: interval(1.0 + leverage),
        }
    }
}

/// y = coefficient · x^exponent by ordinary least squares of ln y on ln x.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PowerLaw {
    /// The line on axes of natural logarithms.
    pub line: Line,
}

impl PowerLaw {
    /// The power law through `points` (x, y), all above zero, in any units.
    ///
    /// # Errors
    ///
    /// [`FitError`] as of [`Line::fit`], and where a number is not above zero.
    pub fn fit(points: &[(f64, f64)]) -> Result<PowerLaw, FitError> {
        let positive = |v: f64| v.is_finite() && v > 0.0;
        if let Some(index) = points
            .iter()
            .position(|(x, y)| !positive(*x) || !positive(*y))
        {
            return Err(FitError::NotPositive { index });
        }
        let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
        let line = Line::fit(&logs)?;
        Ok(PowerLaw { line })
    }

    /// The power of x.
    pub fn exponent(&self) -> Estimate {
        self.line.slope
    }

    /// y at x = 1, in y's unit. It lies far outside most data, so its interval is wide.
    pub fn coefficient(&self) -> Estimate {
        self.line.intercept.exp()
    }

    /// y at `x`, with the interval of the law itself (not of one more point).
    pub fn at(&self, x: f64) -> Estimate {
        let ln_x = x.ln();
        let predicted = self.line.predict(ln_x);
        let half = predicted.mean.map(|(low, high)| 0.5 * (high - low));
        let t = t_quantile(self.line.points, 2);
        Estimate::symmetric(predicted.value, half.zip(t).map(|(h, t)| h / t), t).exp()
    }

    /// The law of points that depend on one another, whose scatter tells no standard errors.
    pub(crate) fn without_errors(self) -> PowerLaw {
        PowerLaw {
            line: Line {
                intercept: self.line.intercept.without_error(),
                slope: self.line.slope.without_error(),
                scatter: None,
                ..self.line
            },
        }
    }
}
