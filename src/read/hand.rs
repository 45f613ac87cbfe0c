//! A law that the reader moves by hand: its points, its parameters, and what dragging does to them.
//!
//! The laws with a power are all A (C + B)^−α + E, some without B or E.

use refit_fit::law::{Form, Law};
use refit_fit::{Fit, FitError, Loss, ResidualScale, fit};

/// Values of a law's parameters in the common form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    pub a: f64,
    /// −∞ without B.
    pub ln_b: f64,
    pub alpha: f64,
    pub e: f64,
}

/// A parameter that the reader moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    /// On a logarithmic scale.
    A,
    LnB,
    Alpha,
    E,
}

/// Points, and the kind of law that is moved along them.
#[derive(Clone, Debug, PartialEq)]
pub struct Hand {
    law: Law,
    loss: Loss,
    x: Vec<f64>,
    y: Vec<f64>,
}

/// Least and most exponent.
const ALPHA: (f64, f64) = (0.0, 1.0);

impl Hand {
    /// `None` for a law without a power, a loss that is no sum of squares, and without two different
    /// places.
    pub fn new(law: Law, loss: Loss, x: Vec<f64>, y: Vec<f64>) -> Option<Hand> {
        let hand = Hand { law, loss, x, y };
        let (low, high) = hand.range();
        let whole = hand.x.len() == hand.y.len() && low > 0.0 && low < high && high.is_finite();
        let positive = hand.y.iter().all(|y| *y > 0.0 && y.is_finite());
        let squares = matches!(loss, Loss::Squares | Loss::LogSquares);
        (whole && positive && squares && law != Law::Logistic).then_some(hand)
    }

    pub fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.x.iter().copied().zip(self.y.iter().copied())
    }

    /// From the least to the most x.
    pub fn range(&self) -> (f64, f64) {
        let low = self.x.iter().copied().fold(f64::INFINITY, f64::min);
        (low, self.x.iter().copied().fold(0.0, f64::max))
    }

    /// The least y.
    pub fn least(&self) -> f64 {
        self.y.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The parameters that the law has.
    pub fn knobs(&self) -> &'static [Knob] {
        match self.law {
            Law::Saturation | Law::Logistic => &[Knob::A, Knob::LnB, Knob::Alpha, Knob::E],
            Law::ShiftedPower => &[Knob::A, Knob::LnB, Knob::Alpha],
            Law::OffsetPower => &[Knob::A, Knob::Alpha, Knob::E],
            Law::Power => &[Knob::A, Knob::Alpha],
        }
    }

    /// As in the law's formula.
    pub fn symbol(&self, knob: Knob) -> &'static str {
        match knob {
            Knob::A if self.has_signed_exponent() => "β",
            Knob::A => "A",
            Knob::LnB => "ln B",
            Knob::Alpha => "α",
            Knob::E => "E",
        }
    }

    /// Whether the formula is β C^α, so that α is below zero where errors fall.
    pub fn has_signed_exponent(&self) -> bool {
        self.law == Law::Power
    }

    /// Whether residuals are of logarithms: then they are parts of the error.
    pub fn is_relative(&self) -> bool {
        self.loss.scale() == ResidualScale::Log
    }

    /// The law of least squares.
    ///
    /// # Errors
    /// Where the points give none.
    pub fn best(&self) -> Result<Shape, FitError> {
        let best: Fit = fit(self.law, self.loss, &self.x, &self.y)?;
        Ok(self.shape(&best.parameters))
    }

    fn shape(&self, p: &[f64]) -> Shape {
        let at = |name: &str| {
            let place = self.law.parameters().iter().position(|q| q.name == name);
            place.and_then(|i| p.get(i).copied())
        };
        let alpha = at("alpha").unwrap_or(0.0);
        Shape {
            a: at("A").or(at("beta")).unwrap_or(0.0),
            ln_b: at("ln_B").unwrap_or(f64::NEG_INFINITY),
            // β C^α has the exponent with its sign.
            alpha: if self.law == Law::Power {
                -alpha
            } else {
                alpha
            },
            e: at("E").unwrap_or(0.0),
        }
    }

    fn parameters(&self, shape: Shape) -> Vec<f64> {
        let values = self.law.parameters().iter().map(|p| match p.name {
            "A" | "beta" => shape.a,
            "ln_B" => shape.ln_b,
            "alpha" if self.law == Law::Power => -shape.alpha,
            "alpha" => shape.alpha,
            _ => shape.e,
        });
        values.collect()
    }

    /// The error at x.
    pub fn value(&self, shape: Shape, x: f64) -> f64 {
        self.law.value(&self.parameters(shape), x)
    }

    /// Root of the mean squared residual, on the scale of the loss.
    pub fn error(&self, shape: Shape) -> f64 {
        let scale = self.loss.scale();
        let residual = |(x, y)| scale.forward(y) - scale.forward(self.value(shape, x));
        let squares: f64 = self.points().map(|p| residual(p).powi(2)).sum();
        (squares / self.x.len() as f64).sqrt()
    }

    /// Where the curve is held while its end is dragged: the geometric mean of the range.
    pub fn middle(&self) -> f64 {
        let (low, high) = self.range();
        (low * high).sqrt()
    }

    /// A law to begin with, that is not yet a good one: less steep than the best, and without a limit.
    pub fn start(&self, best: Shape) -> Shape {
        let middle = self.value(best, self.middle());
        let flat = Shape {
            alpha: 0.6 * best.alpha,
            e: 0.0,
            ..best
        };
        self.lift(flat, middle)
    }

    /// What a slider gives, from 0 to 1, and where it stands.
    pub fn turn(&self, shape: Shape, knob: Knob, best: Shape, t: f64) -> Shape {
        let (low, high) = self.span(knob, best);
        let value = low + t.clamp(0.0, 1.0) * (high - low);
        match knob {
            Knob::A => Shape {
                a: value.exp(),
                ..shape
            },
            Knob::LnB => Shape {
                ln_b: value,
                ..shape
            },
            Knob::Alpha => Shape {
                alpha: value,
                ..shape
            },
            Knob::E => Shape { e: value, ..shape },
        }
    }

    /// Where the slider stands, from 0 to 1.
    pub fn stand(&self, shape: Shape, knob: Knob, best: Shape) -> f64 {
        let (low, high) = self.span(knob, best);
        let value = match knob {
            Knob::A => shape.a.ln(),
            Knob::LnB => shape.ln_b,
            Knob::Alpha => shape.alpha,
            Knob::E => shape.e,
        };
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// Ends of a slider: of ln A about the best, of ln B over the places, of E up to the least error.
    fn span(&self, knob: Knob, best: Shape) -> (f64, f64) {
        let (low, high) = self.range();
        match knob {
            Knob::A => (best.a.ln() - 4.0, best.a.ln() + 4.0),
            Knob::LnB => ((low / 10.0).ln(), high.ln()),
            Knob::Alpha => (0.0, (2.0 * best.alpha).clamp(0.1, ALPHA.1)),
            Knob::E => (0.0, self.least()),
        }
    }

    /// The curve moved up or down, to go through y in the middle.
    pub fn lift(&self, shape: Shape, y: f64) -> Shape {
        let now = self.value(shape, self.middle()) - shape.e;
        let wanted = (y - shape.e).max(1e-4 * self.least());
        Shape {
            a: shape.a * wanted / now,
            ..shape
        }
    }

    /// The curve turned about its middle, to go through y at the last place.
    pub fn tilt(&self, shape: Shape, y: f64) -> Shape {
        let (middle, last) = (self.middle(), self.range().1);
        let b = shape.ln_b.exp();
        let height = self.value(shape, middle) - shape.e;
        let wanted = (y - shape.e).max(1e-4 * self.least());
        let alpha = -(wanted / height).ln() / ((last + b) / (middle + b)).ln();
        let alpha = alpha.clamp(ALPHA.0, ALPHA.1);
        Shape {
            a: height * (middle + b).powf(alpha),
            alpha,
            ..shape
        }
    }

    /// The limit moved to y, the curve held in its middle.
    pub fn limit(&self, shape: Shape, y: f64) -> Shape {
        let middle = self.value(shape, self.middle());
        let e = y.clamp(0.0, 0.98 * self.least());
        self.lift(Shape { e, ..shape }, middle)
    }

    /// The bend moved to x, the curve held in its middle.
    pub fn bend(&self, shape: Shape, x: f64) -> Shape {
        let middle = self.value(shape, self.middle());
        let (low, high) = self.range();
        let ln_b = x.clamp(low / 10.0, high).ln();
        self.lift(Shape { ln_b, ..shape }, middle)
    }

    /// Between two laws, for a curve that moves from one to the other; t from 0 to 1.
    pub fn between(&self, from: Shape, to: Shape, t: f64) -> Shape {
        let mix = |a: f64, b: f64| a + t * (b - a);
        Shape {
            a: mix(from.a.ln(), to.a.ln()).exp(),
            // Infinite at both ends without B.
            ln_b: if from.ln_b.is_finite() && to.ln_b.is_finite() {
                mix(from.ln_b, to.ln_b)
            } else {
                to.ln_b
            },
            alpha: mix(from.alpha, to.alpha),
            e: mix(from.e, to.e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hand(law: Law) -> Hand {
        with(law, Loss::Squares)
    }

    fn with(law: Law, loss: Loss) -> Hand {
        let truth = Shape {
            a: 60.0,
            ln_b: 18.4,
            alpha: 0.23,
            e: 0.11,
        };
        let x: Vec<f64> = (0..24).map(|i| 7e6 * 1.6f64.powi(i)).collect();
        let b = truth.ln_b.exp();
        let value = |x: &f64| truth.a * (x + b).powf(-truth.alpha) + truth.e;
        let y = x.iter().map(value).collect();
        Hand::new(law, loss, x, y).unwrap()
    }

    #[test]
    fn the_best_law_has_the_least_error() {
        let laws = [
            Law::Saturation,
            Law::ShiftedPower,
            Law::OffsetPower,
            Law::Power,
        ];
        let squares = laws.map(|law| (law, Loss::Squares));
        for (law, loss) in squares.into_iter().chain([(Law::Power, Loss::LogSquares)]) {
            let hand = with(law, loss);
            let best = hand.best().unwrap();
            let start = hand.start(best);
            assert!(hand.error(start) > 2.0 * hand.error(best), "{law:?}");
            for knob in hand.knobs() {
                for t in [0.0, 0.3, 0.7, 1.0] {
                    let moved = hand.turn(best, *knob, best, t);
                    assert!(
                        hand.error(moved) >= hand.error(best) - 1e-12,
                        "{law:?} {knob:?}"
                    );
                }
            }
            assert_eq!(hand.between(start, best, 1.0).alpha, best.alpha);
        }
        let best = hand(Law::Saturation).best().unwrap();
        assert!((best.alpha - 0.23).abs() < 1e-6 && (best.e - 0.11).abs() < 1e-6);
    }

    #[test]
    fn what_cannot_be_moved_is_none() {
        assert_eq!(
            Hand::new(Law::Logistic, Loss::Squares, vec![1.0, 2.0], vec![0.5, 0.4]),
            None
        );
        assert_eq!(
            Hand::new(Law::Power, Loss::Squares, vec![1.0, 1.0], vec![0.5, 0.4]),
            None
        );
        assert_eq!(
            Hand::new(Law::Power, Loss::Squares, vec![1.0, 2.0], vec![0.5]),
            None
        );
        assert_eq!(
            Hand::new(Law::Power, Loss::Squares, vec![1.0, 2.0], vec![0.5, 0.0]),
            None
        );
        let huber = Loss::Huber { delta: 0.1 };
        assert_eq!(
            Hand::new(Law::Power, huber, vec![1.0, 2.0], vec![0.5, 0.4]),
            None
        );
    }

    proptest! {
        #[test]
        fn the_curve_goes_where_it_is_dragged(
            lift in 0.2f64..0.9,
            tilt in 0.12f64..0.4,
            limit in -0.1f64..0.5,
            bend in 1e5f64..1e13,
        ) {
            let hand = hand(Law::Saturation);
            let best = hand.best().unwrap();
            let at = |shape: Shape, x: f64| hand.value(shape, x);
            let moved = hand.lift(best, lift);
            prop_assert!((at(moved, hand.middle()) - lift).abs() < 1e-9);
            let moved = hand.tilt(best, tilt);
            prop_assert!((at(moved, hand.middle()) - at(best, hand.middle())).abs() < 1e-9);
            let end = at(moved, hand.range().1);
            prop_assert!((end - tilt).abs() < 1e-9 || moved.alpha == 0.0 || moved.alpha == 1.0, "{end} {tilt}");
            for moved in [hand.limit(best, limit), hand.bend(best, bend)] {
                prop_assert!((at(moved, hand.middle()) - at(best, hand.middle())).abs() < 1e-9);
                prop_assert!(hand.error(moved).is_finite());
            }
        }

        #[test]
        fn a_slider_stands_where_it_was_put(t in 0.0f64..1.0) {
            let hand = hand(Law::Saturation);
            let best = hand.best().unwrap();
            for knob in hand.knobs() {
                let moved = hand.turn(best, *knob, best, t);
                prop_assert!((hand.stand(moved, *knob, best) - t).abs() < 1e-9);
            }
        }
    }
}
