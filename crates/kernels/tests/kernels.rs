//! Every kernel against its definition in double precision, over awkward shapes.

use refit_kernels::{
    DoubleMatrix, Epilogue, Matrix, WeightLayout, add_scaled, attention, dot_f16, dot_f32,
    layer_norm, multiply, multiply_double, normalize, round, transpose,
};

/// Numbers from −1 to 1 that look random.
fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

fn close(ours: &[f32], exact: &[f64], bound: f64, what: &str) {
    assert_eq!(ours.len(), exact.len());
    for (i, (ours, exact)) in ours.iter().zip(exact).enumerate() {
        let difference = (f64::from(*ours) - exact).abs();
        assert!(difference <= bound, "{what}: {ours} for {exact} at {i}");
    }
}

const ROWS: [usize; 9] = [1, 2, 3, 5, 7, 49, 50, 77, 197];

#[test]
fn products_are_right_for_awkward_shapes() {
    for rows in ROWS {
        for (inputs, outputs) in [(1, 1), (3, 17), (64, 50), (513, 33), (1100, 9)] {
            let a = numbers(rows * inputs, 1);
            let b = numbers(outputs * inputs, 2);
            let bias = numbers(outputs, 3);
            let old = numbers(rows * outputs, 4);
            let exact = |row: usize, column: usize| -> f64 {
                let products = (0..inputs)
                    .map(|k| f64::from(a[row * inputs + k]) * f64::from(b[column * inputs + k]));
                products.sum::<f64>() + f64::from(bias[column])
            };
            let exact: Vec<f64> = (0..rows * outputs)
                .map(|i| exact(i / outputs, i % outputs))
                .collect();
            let transposed: Vec<f32> = (0..inputs * outputs)
                .map(|i| b[i % outputs * inputs + i / outputs])
                .collect();
            let bound = 1e-6 * (inputs as f64).sqrt() + 1e-6;
            for (layout, values, stride) in [
                (WeightLayout::OutputsByInputs, &b, inputs),
                (WeightLayout::InputsByOutputs, &transposed, outputs),
            ] {
                let matrix = Matrix::pack(inputs, outputs, layout, values, stride);
                // Twice transposed it is itself.
                let turned = matrix.transposed();
                assert_eq!((turned.inputs(), turned.outputs()), (outputs, inputs));
                let matrix = turned.transposed();
                let mut c = old.clone();
                multiply(
                    &a,
                    inputs,
                    &matrix,
                    &bias,
                    Epilogue::Nothing,
                    &mut c,
                    outputs,
                );
                close(&c, &exact, bound, "product");
                let mut c = old.clone();
                multiply(&a, inputs, &matrix, &bias, Epilogue::Add, &mut c, outputs);
                let sums: Vec<f64> = exact
                    .iter()
                    .zip(&old)
                    .map(|(e, o)| e + f64::from(*o))
                    .collect();
                close(&c, &sums, bound, "added");
                let mut c = old.clone();
                multiply(
                    &a,
                    inputs,
                    &matrix,
                    &bias,
                    Epilogue::QuickGelu,
                    &mut c,
                    outputs,
                );
                let units: Vec<f64> = exact
                    .iter()
                    .map(|x| x / (1.0 + (-1.702 * x).exp()))
                    .collect();
                close(&c, &units, 2.0 * bound, "activated");
            }
        }
    }
}

#[test]
fn attention_is_a_weighted_mean_of_values() {
    let (heads, head) = (3, 8);
    let width = heads * head;
    for tokens in ROWS {
        for causal in [false, true] {
            let qkv = numbers(tokens * 3 * width, 5);
            let at = |token: usize, part: usize, i: usize| {
                f64::from(qkv[token * 3 * width + part * width + i])
            };
            let mut exact = vec![0.0; tokens * width];
            for (token, h) in (0..tokens * heads).map(|i| (i / heads, i % heads)) {
                let seen = if causal { token + 1 } else { tokens };
                let weight = |other: usize| {
                    let products =
                        (h * head..(h + 1) * head).map(|i| at(token, 0, i) * at(other, 1, i));
                    (products.sum::<f64>() / (head as f64).sqrt()).exp()
                };
                let weights: Vec<f64> = (0..seen).map(weight).collect();
                let total: f64 = weights.iter().sum();
                for i in h * head..(h + 1) * head {
                    let values = (0..seen).map(|other| weights[other] * at(other, 2, i));
                    exact[token * width + i] = values.sum::<f64>() / total;
                }
            }
            let mut out = vec![9.0; tokens * width];
            attention(&qkv, width, heads, causal, &mut out);
            close(&out, &exact, 1e-6, "attention");
        }
    }
}

#[test]
fn rows_are_normalised() {
    for columns in [1, 5, 16, 384, 777] {
        let x: Vec<f32> = numbers(3 * columns, 6)
            .iter()
            .map(|x| 3.0 * x + 2.0)
            .collect();
        let (gain, bias) = (numbers(columns, 7), numbers(columns, 8));
        let mut exact = Vec::new();
        let mut units = Vec::new();
        for row in x.chunks_exact(columns) {
            let row: Vec<f64> = row.iter().map(|x| f64::from(*x)).collect();
            let mean = row.iter().sum::<f64>() / columns as f64;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / columns as f64;
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            for ((x, gain), bias) in row.iter().zip(&gain).zip(&bias) {
                let x = (x - mean) / (variance + 1e-5).sqrt();
                exact.push(x * f64::from(*gain) + f64::from(*bias));
            }
            units.extend(row.iter().map(|x| x / length));
        }
        let mut out = vec![0.0; x.len()];
        layer_norm(&x, &gain, &bias, &mut out);
        close(&out, &exact, 2e-6, "layer norm");
        let mut x = x;
        normalize(&mut x, columns);
        close(&x, &units, 1e-6, "unit vector");
    }
    let mut zeros = [0.0; 4];
    normalize(&mut zeros, 4);
    assert_eq!(zeros, [0.0; 4]);
}

#[test]
fn rows_become_columns() {
    for (rows, columns, stride) in [(1, 1, 1), (7, 3, 9), (8, 5, 8), (21, 40, 32)] {
        let values = numbers(rows * columns, 9);
        let mut out = vec![5.0; columns * stride];
        transpose(&values, columns, &mut out, stride);
        for (i, out) in out.iter().enumerate() {
            let (column, row) = (i / stride, i % stride);
            let is_there = row < rows;
            assert_eq!(
                *out,
                if is_there {
                    values[row * columns + column]
                } else {
                    5.0
                }
            );
        }
    }
}

#[test]
fn double_products_are_right_for_awkward_shapes() {
    for rows in [1, 3, 4, 7, 50] {
        for (inputs, outputs) in [(1, 1), (3, 17), (64, 50), (513, 33), (1100, 9)] {
            let double = |n, seed| numbers(n, seed).into_iter().map(f64::from);
            let a: Vec<f64> = double(rows * inputs, 1).collect();
            let b: Vec<f64> = double(inputs * outputs, 2).collect();
            let transposed: Vec<f64> = (0..inputs * outputs)
                .map(|i| b[i % inputs * outputs + i / inputs])
                .collect();
            for packed in [
                DoubleMatrix::pack(inputs, outputs, &b),
                DoubleMatrix::pack_transposed(inputs, outputs, &transposed),
            ] {
                // What C held before does not matter.
                let mut c = vec![f64::NAN; rows * outputs];
                multiply_double(&a, &packed, &mut c);
                for (i, ours) in c.iter().enumerate() {
                    let (row, column) = (i / outputs, i % outputs);
                    let products =
                        (0..inputs).map(|k| a[row * inputs + k] * b[k * outputs + column]);
                    let exact: f64 = products.sum();
                    assert!((ours - exact).abs() < 1e-12, "{ours} for {exact} at {i}");
                }
            }
        }
    }
}

/// A float16 by its definition (IEEE 754): sign, five bits of exponent, ten of the significand.
fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, digits) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    sign * match (exponent, digits) {
        (0, _) => digits * 2f64.powi(-24),
        (31, 0.0) => f64::INFINITY,
        (31, _) => f64::NAN,
        _ => (1.0 + digits / 1024.0) * 2f64.powi(exponent - 15),
    }
}

/// A query of a one finds each of the 65,536 halves again, in every lane and at odd addresses.
#[test]
fn every_half_is_widened_exactly() {
    let all: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    let shifted = [&[0], &all[..]].concat();
    for width in [1, 8, 32] {
        for at in [0, width - 1] {
            let mut query = vec![0.0; width];
            query[at] = 1.0;
            let mut out = vec![0.0; (1 << 16) / width];
            dot_f16(&shifted[1..], &query, &mut out);
            for (row, found) in out.iter().enumerate() {
                let halves = (row * width) as u16..=(row * width + width - 1) as u16;
                // Infinity times zero is NaN: a row with one is not finite, as it should be.
                let expected = match halves.clone().all(|bits| half(bits).is_finite()) {
                    true => half(*halves.start() + at as u16),
                    false if width == 1 => half(*halves.start()),
                    false => f64::NAN,
                };
                let found = f64::from(*found);
                let same = found == expected || (found.is_nan() && expected.is_nan());
                assert!(same, "{found} for {expected} in row {row} of {width}");
            }
        }
    }
}

#[test]
fn scans_are_right_for_awkward_widths() {
    for width in [1, 2, 3, 7, 8, 9, 31, 32, 33, 100, 512, 513, 1025] {
        let rows = 9;
        let query = numbers(width, 5);
        let floats = numbers(rows * width, 6);
        // 15 bits of exponent and significand below 1, with either sign.
        let halves: Vec<u16> = floats
            .iter()
            .map(|x| (x.abs() * 15360.0) as u16 | (x.to_bits() >> 16) as u16 & 0x8000)
            .collect();
        let mut out = vec![0.0; rows];
        let exact = |value: &dyn Fn(usize) -> f64| -> Vec<f64> {
            let product = |row: usize, k: usize| value(row * width + k) * f64::from(query[k]);
            let sum = |row| (0..width).map(|k| product(row, k)).sum();
            (0..rows).map(sum).collect()
        };
        let bound = 1e-6 * (width as f64).sqrt() + 1e-7;
        let bytes: Vec<u8> = [0u8; 3]
            .into_iter()
            .chain(floats.iter().flat_map(|x| x.to_le_bytes()))
            .collect();
        dot_f32(&bytes[3..], &query, &mut out);
        close(&out, &exact(&|i| f64::from(floats[i])), bound, "float32");
        let bytes: Vec<u8> = halves.iter().flat_map(|x| x.to_le_bytes()).collect();
        dot_f16(&bytes, &query, &mut out);
        close(&out, &exact(&|i| half(halves[i])), bound, "float16");
    }
}

#[test]
fn sums_are_those_of_float64() {
    let (a, b) = (numbers(1003, 1), numbers(1003, 2));
    let mut sums = vec![-0.0; 1003];
    add_scaled(&mut sums, 0.3, &a);
    add_scaled(&mut sums[..1000], -1.7, &b);
    let mut out = vec![0.0; 1003];
    round(&sums, &mut out);
    for (i, out) in out.iter().enumerate() {
        let second = if i < 1000 { f64::from(b[i]) } else { 0.0 };
        let exact = 0.3 * f64::from(a[i]) - 1.7 * second;
        assert_eq!(*out, exact as f32, "{i}");
    }
    // λ = 0 and λ = 1 keep every bit, a zero's sign too.
    let mut sums = vec![-0.0; 2];
    add_scaled(&mut sums, 1.0, &[-0.0, 0.1]);
    round(&sums, &mut out);
    assert_eq!((out[0].to_bits(), out[1]), ((-0.0_f32).to_bits(), 0.1));
}
