//! Limited-memory BFGS (Nocedal 1980; Nocedal and Wright 2006, algorithm 7.4), around a preconditioner that changes
//! from step to step.
//!
//! Its own, since libraries evaluate loss and gradient at each point that a line search tries. Here logits are linear
//! in the parameters, so that a search along a line needs one product for all its points.

use std::collections::VecDeque;

/// Pairs of steps that are kept.
const MEMORY: usize = 12;

#[derive(Default)]
pub(super) struct Memory {
    /// A step, the change of the gradient over it, and 1 / their product.
    pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)>,
}

impl Memory {
    pub(super) fn push(&mut self, step: Vec<f64>, change: Vec<f64>) {
        let product = dot(&step, &change);
        // A strictly convex objective has no other, but for rounding.
        if product > 0.0 && (1.0 / product).is_finite() {
            if self.pairs.len() == MEMORY {
                self.pairs.pop_front();
            }
            self.pairs.push_back((step, change, 1.0 / product));
        }
    }

    pub(super) fn forget(&mut self) {
        self.pairs.clear();
    }

    /// The direction of descent from a point with this gradient.
    pub(super) fn direction(
        &self,
        gradient: &[f64],
        precondition: impl Fn(&mut [f64]),
    ) -> Vec<f64> {
        let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for (step, change, inverse) in self.pairs.iter().rev() {
            let share = inverse * dot(step, &direction);
            add(&mut direction, -share, change);
            shares.push(share);
        }
        precondition(&mut direction);
        if let Some((_, change, inverse)) = self.pairs.back() {
            // The preconditioner's scale, by the last change.
            let mut preconditioned = change.clone();
            precondition(&mut preconditioned);
            let scale = 1.0 / (inverse * dot(change, &preconditioned));
            if scale.is_finite() && scale > 0.0 {
                direction.iter_mut().for_each(|d| *d *= scale);
            }
        }
        for ((step, change, inverse), share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            let other = inverse * dot(change, &direction);
            add(&mut direction, share - other, step);
        }
        direction
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn add(to: &mut [f64], factor: f64, other: &[f64]) {
    for (to, other) in to.iter_mut().zip(other) {
        *to += factor * other;
    }
}
