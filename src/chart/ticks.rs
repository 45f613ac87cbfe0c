//! Positions and labels of ticks.

use super::scene::{AxisScale, Format};
use crate::decimal;
use crate::text::superscript;
use refit_fit::order;

/// A tick in data units; an empty label is a faint minor line.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub value: f64,
    pub label: String,
}

/// Ticks inside `low..=high`, ascending, with at most `max_labels` (2..=12) labels.
#[must_use]
pub fn ticks(
    scale: AxisScale,
    (low, high): (f64, f64),
    max_labels: usize,
    format: Format,
) -> Vec<Tick> {
    let most = max_labels.clamp(2, 12);
    let (major, minor) = match scale {
        AxisScale::Linear => (linear(low, high, most), vec![]),
        AxisScale::Log => log(low, high, most),
    };
    let mut all: Vec<Tick> = major
        .iter()
        .map(|&value| Tick {
            value,
            label: label(value, scale, format),
        })
        .collect();
    all.extend(
        minor
            .iter()
            .filter(|v| !major.contains(v))
            .map(|&value| Tick {
                value,
                label: String::new(),
            }),
    );
    order::sort_by(&mut all, |a, b| a.value.total_cmp(&b.value));
    all
}

fn linear(low: f64, high: f64, most: usize) -> Vec<f64> {
    let raw = (high - low) / most as f64;
    if !(raw > 0.0 && raw.is_finite()) {
        return vec![];
    }
    let exponent = raw.log10().floor() as i32;
    let steps = (exponent - 1..=exponent + 1).flat_map(|e| [1.0, 2.0, 5.0].map(|m| (m, e)));
    let mut best = vec![];
    for (m, e) in steps {
        let step = scaled(m, e);
        let (a, b) = ((low / step).ceil(), (high / step).floor());
        if !(b - a).is_finite() || b - a >= most as f64 {
            continue;
        }
        // `i / 10` prints as 0.3 where `i * 0.1` prints as 0.30000000000000004.
        let at = |i: f64| scaled(m * i, e);
        best = (0..=(b - a).max(0.0) as usize)
            .map(|i| at(a + i as f64))
            .filter(|v| (low..=high).contains(v))
            .collect();
        break;
    }
    best
}

fn scaled(m: f64, e: i32) -> f64 {
    if e < 0 {
        m / 10f64.powi(-e)
    } else {
        m * 10f64.powi(e)
    }
}

fn log(low: f64, high: f64, most: usize) -> (Vec<f64>, Vec<f64>) {
    if !(low > 0.0 && high > low && high.is_finite()) {
        return (vec![], vec![]);
    }
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = |digits: &[f64], every: i32| -> Vec<f64> {
        (first..=last)
            .filter(|e| e % every == 0)
            .flat_map(|e| digits.iter().map(move |&d| scaled(d, e)))
            .filter(|v| (low..=high).contains(v))
            .collect()
    };
    let fine = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    let minor = if last - first <= 8 {
        decades(&fine, 1)
    } else {
        decades(&[1.0], 1)
    };
    let spread = (high / low).log10();
    // The densest labelling that fits; several decades take powers of ten only.
    let mut choices: Vec<Vec<f64>> = vec![];
    if spread < 3.0 {
        for digits in [
            &fine[..],
            &[1.0, 2.0, 3.0, 5.0, 7.0],
            &[1.0, 2.0, 5.0],
            &[1.0, 3.0],
        ] {
            choices.push(decades(digits, 1));
        }
    }
    choices.extend((1..=last - first + 1).map(|every| decades(&[1.0], every)));
    choices.push(linear(low, high, most));
    choices.push(vec![low, high]);
    let major = choices
        .into_iter()
        .find(|c| (2..=most).contains(&c.len()))
        .unwrap_or_default();
    (major, minor)
}

fn label(value: f64, scale: AxisScale, format: Format) -> String {
    if format == Format::Percent {
        return format!("{} %", plain(value * 100.0));
    }
    let exponent = value.abs().log10().round();
    let power = value > 0.0 && (value / 10f64.powi(exponent as i32) - 1.0).abs() < 1e-9;
    if scale == AxisScale::Log && power && !(-2.0..=3.0).contains(&exponent) {
        return format!("10{}", superscript(exponent as i32));
    }
    plain(value)
}

/// The shortest decimal of ten significant digits; large and small ones as `2×10⁹`.
fn plain(value: f64) -> String {
    let value = decimal::parse(&format!("{value:.9e}")).unwrap_or(value);
    if value == 0.0 || (1e-4..1e6).contains(&value.abs()) {
        return format!("{value}").replace('-', "−");
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((m, e)) => {
            let power = superscript(e.parse().unwrap_or(0));
            format!("{}×10{power}", m.replace('-', "−"))
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    fn labels(r: (f64, f64), n: usize, f: Format) -> Vec<String> {
        ticks(AxisScale::Log, r, n, f)
            .into_iter()
            .map(|t| t.label)
            .filter(|l| !l.is_empty())
            .collect()
    }
    #[test]
    fn one_decade_is_labelled() {
        assert_eq!(
            labels((0.19, 0.95), 5, Format::Number),
            ["0.2", "0.3", "0.5", "0.7"]
        );
        assert_eq!(labels((0.19, 0.95), 4, Format::Percent)[0], "20 %");
        assert_eq!(labels((7e6, 4e12), 8, Format::Number)[0], "10⁷");
    }
    proptest! {
        #[test]
        fn sorted_in_range_and_few(e in -12.0..12.0f64, d in 0.01..15.0f64, n in 2usize..13, is_log: bool) {
            let (low, high) = (10f64.powf(e), 10f64.powf(e + d));
            let scale = if is_log { AxisScale::Log } else { AxisScale::Linear };
            let t = ticks(scale, (low, high), n, Format::Number);
            prop_assert!(t.windows(2).all(|w| w[0].value < w[1].value));
            prop_assert!(t.iter().all(|t| (low..=high).contains(&t.value)));
            let count = t.iter().filter(|t| !t.label.is_empty()).count();
            prop_assert!(count <= n && (count >= 2 || !is_log || n < 3), "{count} labels");
        }
    }
}
