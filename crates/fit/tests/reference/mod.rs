//! Reading the stored references.

use refit_fit::Loss;
use refit_fit::trf::{LeastSquares, Solution};
use serde_json::Value;

pub(crate) fn read(name: &str) -> Value {
    let path = format!("tests/reference/{name}");
    let text = std::fs::read_to_string(&path).expect(&path);
    serde_json::from_str(&text).expect(&path)
}

pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().expect(key)
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().expect(key)
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// Null stands for what is not finite.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().expect("a list of numbers");
    values
        .iter()
        .map(|v| v.as_f64().unwrap_or(f64::NAN))
        .collect()
}

/// |a − b| relative to b.
pub(crate) fn apart(a: f64, b: f64) -> f64 {
    (a - b).abs() / b.abs().max(1e-12)
}

/// A loss by its id: `huber:0.001`.
pub(crate) fn loss(id: &str) -> Loss {
    let (kind, parameter) = match id.split_once(':') {
        Some((kind, parameter)) => (kind, Some(parameter.parse().expect("a number"))),
        None => (id, None),
    };
    Loss::new(kind, parameter).expect(id)
}

/// a (x + b)^c + d as `curve_fit` was run on it, or without d where `start` has none.
pub(crate) fn bounded_saturation(x: &[f64], y: &[f64], start: &[f64]) -> Option<Solution> {
    let residuals = |p: &[f64]| -> Vec<f64> {
        let offset = p.get(3).copied().unwrap_or(0.0);
        let points = x.iter().zip(y);
        points
            .map(|(x, y)| p[0] * (x + p[1]).powf(p[2]) + offset - y)
            .collect()
    };
    let infinite = f64::INFINITY;
    LeastSquares {
        residuals: &residuals,
        lower: &[0.0, 0.0, -infinite, 0.0][..start.len()],
        upper: &[infinite, infinite, 0.0, infinite][..start.len()],
        max_evaluations: 1_000_000,
    }
    .solve(start)
}
