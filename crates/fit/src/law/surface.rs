//! Laws of two variables: the error over model parameters N and samples D.

use super::parameter::{A, ALPHA_D, ALPHA_N, B, E, LN_DC, LN_NC, Parameter};
use super::{Form, Real};
use serde::{Deserialize, Serialize};

/// A law of the error L over model parameters N and samples seen D, each in a unit of the caller's
/// choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surface {
    /// E + A N^−αN + B D^−αD, all ≥ 0 (Hoffmann et al. 2022, arXiv 2203.15556, eq. 2).
    /// Parameters: E, A, αN, B, αD.
    Additive,
    /// [(Nc / N)^(αN / αD) + Dc / D]^αD (Kaplan et al. 2020, arXiv 2001.08361, eq. 1.5).
    /// Parameters: ln Nc, αN, ln Dc, αD.
    Coupled,
}

impl Surface {
    /// Every law of two variables.
    pub const ALL: [Surface; 2] = [Surface::Additive, Surface::Coupled];

    /// A name for headings.
    pub fn title(self) -> &'static str {
        match self {
            Surface::Additive => "Additive, as Hoffmann et al. 2022",
            Surface::Coupled => "Coupled, as Kaplan et al. 2020",
        }
    }
}

impl Form for Surface {
    /// [N, D]: model parameters and samples seen.
    type Input = [f64; 2];

    fn id(self) -> &'static str {
        match self {
            Surface::Additive => "additive",
            Surface::Coupled => "coupled",
        }
    }

    fn plain(self) -> &'static str {
        match self {
            Surface::Additive => "L = E + A N^−αN + B D^−αD",
            Surface::Coupled => "L = [(Nc / N)^(αN / αD) + Dc / D]^αD",
        }
    }

    fn latex(self) -> &'static str {
        match self {
            Surface::Additive => r"L(N, D) = E + A\,N^{-\alpha_N} + B\,D^{-\alpha_D}",
            Surface::Coupled => {
                r"L(N, D) = \left[(N_c / N)^{\alpha_N / \alpha_D} + D_c / D\right]^{\alpha_D}"
            }
        }
    }

    fn parameters(self) -> &'static [Parameter] {
        match self {
            Surface::Additive => &[E, A, ALPHA_N, B, ALPHA_D],
            Surface::Coupled => &[LN_NC, ALPHA_N, LN_DC, ALPHA_D],
        }
    }

    fn faces(self) -> &'static [&'static [(usize, f64)]] {
        match self {
            Surface::Additive => &[&[], &[(0, 0.0)]],
            Surface::Coupled => &[&[]],
        }
    }

    fn evaluate<T: Real>(self, p: &[T], [n, d]: [f64; 2]) -> T {
        let (ln_n, ln_d) = (T::constant(n.ln()), T::constant(d.ln()));
        match self {
            Surface::Additive => p[0] + p[1] * (-p[2] * ln_n).exp() + p[3] * (-p[4] * ln_d).exp(),
            Surface::Coupled => {
                let of_n = (p[1] * p[3].recip() * (p[0] - ln_n)).exp();
                let of_d = (p[2] - ln_d).exp();
                (p[3] * (of_n + of_d).ln()).exp()
            }
        }
    }

    fn accepts(self, x: [f64; 2]) -> bool {
        x.iter().all(|v| v.is_finite() && *v > 0.0)
    }
}
