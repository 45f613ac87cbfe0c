//! Numbers as readers read them, on the page and in a terminal.

use crate::chart::ticks::superscript;

/// Four significant digits; powers of ten beyond six: 5.858, 0.02145, 3.955 × 10⁷.
pub fn number(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    if !x.is_finite() {
        return if x < 0.0 {
            "−∞".to_owned()
        } else {
            "∞".to_owned()
        };
    }
    let exponent = x.abs().log10().floor() as i32;
    let text = if (-4..6).contains(&exponent) {
        let decimals = usize::try_from(3 - exponent).unwrap_or(0);
        format!("{x:.decimals$}")
    } else {
        let power = format!("10{}", superscript(exponent));
        match x / 10f64.powi(exponent) {
            1.0 => power,
            mantissa => format!("{mantissa:.3} × {power}"),
        }
    };
    text.replace('-', "−")
}

/// A fraction in percent, two decimals.
pub fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction).replace('-', "−")
}
