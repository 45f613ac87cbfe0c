//! The points that a law is fitted to.

use crate::{Loss, ResidualScale};

/// Measured points, three lists of one length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points<X = f64> {
    /// Inputs.
    pub x: Vec<X>,
    /// Errors.
    pub y: Vec<f64>,
    /// How much each point's ρ counts, beside the loss's own weight: how often a resample has the
    /// point, or how precisely it was measured ([`Points::measured`]).
    pub weights: Vec<f64>,
}

impl<X: Copy> Points<X> {
    /// Points that count alike.
    pub fn new(x: Vec<X>, y: Vec<f64>) -> Points<X> {
        let weights = vec![1.0; y.len()];
        Points { x, y, weights }
    }

    /// Points with the standard errors of their y: weighted by the inverse variance of the residual
    /// on the loss's scale (to first order, of ln y it is σ / y), and so that the weights' mean is 1,
    /// since only their ratios matter: the scatter about the law tells the noise. Points count alike
    /// where one lacks a standard error above 0, and under a loss that weights by itself.
    pub fn measured(
        x: Vec<X>,
        y: Vec<f64>,
        standard_errors: &[Option<f64>],
        loss: Loss,
    ) -> Points<X> {
        let mut points = Points::new(x, y);
        if matches!(loss, Loss::Binomial { .. }) {
            return points;
        }
        // Not a number, so that no mean is, where one lacks its standard error.
        let inverse = points.y.iter().zip(standard_errors).map(|(y, s)| {
            let s = s.filter(|s| *s > 0.0).unwrap_or(f64::NAN);
            match loss.scale() {
                ResidualScale::Linear => (1.0 / s).powi(2),
                ResidualScale::Log => (y / s).powi(2),
            }
        });
        let inverse: Vec<f64> = inverse.collect();
        let mean = inverse.iter().sum::<f64>() / inverse.len() as f64;
        if mean.is_normal() && inverse.len() == points.y.len() {
            points.weights = inverse.iter().map(|w| w / mean).collect();
        }
        points
    }
}
