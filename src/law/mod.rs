//! The functional forms: value, gradient, parameter names and units, plain text and LaTeX.

use serde::{Deserialize, Serialize};

/// A law of the error L over compute C.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// A (C + B)^−α + E, bounds A, B, α, E ≥ 0. The comparison study's law (its fig. 1 table).
    Saturation,
    /// A (C + B)^−α, bounds A, B, α ≥ 0.
    ShiftedPower,
    /// β C^α, least squares on the error.
    Power,
    /// β C^α, a straight line in log-log. The openclip study's law (its fig. 1).
    Line,
}

/// On which scale residuals are squared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Linear,
    Log10,
}

impl Law {
    pub const ALL: [Law; 4] = [Law::Saturation, Law::ShiftedPower, Law::Power, Law::Line];

    pub fn id(self) -> &'static str {
        match self {
            Law::Saturation => "saturation",
            Law::ShiftedPower => "shifted-power",
            Law::Power => "power",
            Law::Line => "line",
        }
    }

    pub fn plain(self) -> &'static str {
        match self {
            Law::Saturation => "L = A (C + B)⁻ᵅ + E",
            Law::ShiftedPower => "L = A (C + B)⁻ᵅ",
            Law::Power => "L = β Cᵅ",
            Law::Line => "log L = log β + α log C",
        }
    }

    pub fn latex(self) -> &'static str {
        match self {
            Law::Saturation => r"L(C) = A\,(C + B)^{-\alpha} + E",
            Law::ShiftedPower => r"L(C) = A\,(C + B)^{-\alpha}",
            Law::Power => r"L(C) = \beta\,C^{\alpha}",
            Law::Line => r"\log L(C) = \log\beta + \alpha \log C",
        }
    }

    /// What the fit minimises.
    pub fn objective(self) -> &'static str {
        match self.scale() {
            Scale::Linear => "least squares on the error",
            Scale::Log10 => "least squares on log10 of the error",
        }
    }

    pub fn scale(self) -> Scale {
        match self {
            Law::Line => Scale::Log10,
            _ => Scale::Linear,
        }
    }

    /// Names of the parameters, in the order of every parameter slice. ln B is ln of B in the
    /// study's unit of compute; E is an error; A and β carry the unit that makes L an error.
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Law::Saturation => &["A", "ln_B", "alpha", "E"],
            Law::ShiftedPower => &["A", "ln_B", "alpha"],
            Law::Power | Law::Line => &["beta", "alpha"],
        }
    }

    /// The error that the law gives at compute `c`. ln B may be −∞ (B = 0).
    pub fn value(self, p: &[f64], c: f64) -> f64 {
        match (self, p) {
            (Law::Saturation, [a, ln_b, alpha, e]) => a * shifted(c, *ln_b, *alpha) + e,
            (Law::ShiftedPower, [a, ln_b, alpha]) => a * shifted(c, *ln_b, *alpha),
            (Law::Power | Law::Line, [beta, alpha]) => beta * (alpha * c.ln()).exp(),
            _ => f64::NAN,
        }
    }

    /// ∂L/∂p at compute `c`, in the order of [`Law::parameters`].
    pub fn gradient(self, p: &[f64], c: f64) -> Vec<f64> {
        match (self, p) {
            (Law::Saturation, [a, ln_b, alpha, _]) => {
                let mut g = shifted_gradient(c, *a, *ln_b, *alpha);
                g.push(1.0);
                g
            }
            (Law::ShiftedPower, [a, ln_b, alpha]) => shifted_gradient(c, *a, *ln_b, *alpha),
            (Law::Power | Law::Line, [beta, alpha]) => {
                let u = (alpha * c.ln()).exp();
                vec![u, beta * u * c.ln()]
            }
            _ => vec![f64::NAN; self.parameters().len()],
        }
    }

    /// Value and gradient on the scale on which residuals are squared.
    pub fn on_scale(self, p: &[f64], c: f64) -> (f64, Vec<f64>) {
        let value = self.value(p, c);
        let mut gradient = self.gradient(p, c);
        match self.scale() {
            Scale::Linear => (value, gradient),
            Scale::Log10 => {
                for g in &mut gradient {
                    *g /= value * std::f64::consts::LN_10;
                }
                (value.log10(), gradient)
            }
        }
    }
}

impl Scale {
    pub fn forward(self, error: f64) -> f64 {
        match self {
            Scale::Linear => error,
            Scale::Log10 => error.log10(),
        }
    }

    pub fn back(self, y: f64) -> f64 {
        match self {
            Scale::Linear => y,
            Scale::Log10 => 10f64.powf(y),
        }
    }
}

/// (c + B)^−α
fn shifted(c: f64, ln_b: f64, alpha: f64) -> f64 {
    (-alpha * (c + ln_b.exp()).ln()).exp()
}

fn shifted_gradient(c: f64, a: f64, ln_b: f64, alpha: f64) -> Vec<f64> {
    let b = ln_b.exp();
    let u = shifted(c, ln_b, alpha);
    vec![u, -alpha * a * u * b / (c + b), -a * u * (c + b).ln()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gradients_are_the_finite_differences(
            a in 0.5f64..100.0, ln_b in 5.0f64..20.0, alpha in 0.05f64..0.6, e in 0.0f64..0.5,
            log_c in 6.0f64..13.0,
        ) {
            let c = 10f64.powf(log_c);
            for law in Law::ALL {
                let p: Vec<f64> = match law {
                    Law::Saturation => vec![a, ln_b, alpha, e],
                    Law::ShiftedPower => vec![a, ln_b, alpha],
                    Law::Power | Law::Line => vec![a, -alpha],
                };
                let (_, gradient) = law.on_scale(&p, c);
                for (j, g) in gradient.iter().enumerate() {
                    let h = 6e-6 * p[j].abs().max(0.1);
                    let at = |d: f64| {
                        let mut q = p.clone();
                        q[j] += d;
                        law.on_scale(&q, c).0
                    };
                    let difference = (at(h) - at(-h)) / (2.0 * h);
                    prop_assert!(
                        (g - difference).abs() <= 1e-6 * g.abs().max(1e-4),
                        "{:?} parameter {}: {} against {}", law, j, g, difference
                    );
                }
            }
        }
    }

    #[test]
    fn zero_b_is_a_plain_power() {
        let p = Law::Saturation.value(&[2.0, f64::NEG_INFINITY, 0.5, 0.1], 16.0);
        assert!((p - 0.6).abs() < 1e-15);
    }
}
