//! Matrices in int8: a number is an integer times the scale of its output channel. Beside `NAME` in int8 stands
//! `NAME_scale` in float32, as compressed-tensors names it, whose shape is 1 everywhere but along the channels, so
//! that in NumPy or PyTorch the matrix is their product.

use super::bytes::TensorBytes;
use super::source::Source;
use super::{Dtype, Entry, TensorProblem, WeightsError};
use std::collections::BTreeMap;

/// What follows a tensor's name in that of its scales.
pub(crate) const SCALE: &str = "_scale";
/// The largest integer, and less its sign the least: −128 is not used.
const LARGEST: f32 = 127.0;

/// Gives each tensor of int8 its scales, which are then no tensors of their own. One without scales stays what it is:
/// integers that cannot be read.
pub(super) fn pair(entries: Vec<Entry>) -> Vec<Entry> {
    let (integers, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_int8);
    let mut others: BTreeMap<String, Entry> = others
        .into_iter()
        .map(|entry| (entry.name.clone(), entry))
        .collect();
    let mut all = Vec::new();
    for mut entry in integers {
        let name = format!("{}{SCALE}", entry.name);
        if others.get(&name).is_some_and(|scale| fits(&entry, scale)) {
            entry.scale = others.remove(&name).map(Box::new);
            entry.dtype = Dtype::I8;
        }
        all.push(entry);
    }
    all.extend(others.into_values());
    all
}

fn is_int8(entry: &Entry) -> bool {
    entry.dtype == Dtype::Other(INTEGERS, 1)
}

/// What safetensors calls I8, where it is alone.
pub(super) const INTEGERS: &str = "8-bit integers";

fn fits(entry: &Entry, scale: &Entry) -> bool {
    let same = |(own, of)| own == of || own == 1;
    scale.dtype == Dtype::F32
        && scale.shape.len() == entry.shape.len()
        && scale
            .shape
            .iter()
            .copied()
            .zip(entry.shape.iter().copied())
            .all(same)
        && scale.shape.iter().filter(|side| **side != 1).count() <= 1
}

/// The scales of a tensor, while it is read.
pub(super) struct Scales {
    scales: Vec<f32>,
    /// Numbers of a channel that stand one after the other.
    run: usize,
}

impl Scales {
    /// Of a tensor that has some.
    pub(super) async fn read<S: Source>(
        source: &mut S,
        entry: &Entry,
    ) -> Result<Option<Self>, WeightsError> {
        let Some(scale) = &entry.scale else {
            return Ok(None);
        };
        let mut scales = vec![0f32; scale.count()];
        let mut bytes = TensorBytes::open(source, scale, 0).await?;
        bytes
            .fill(source, bytemuck::cast_slice_mut(&mut scales))
            .await?;
        for value in &mut scales {
            *value = f32::from_bits(u32::from_le(value.to_bits()));
        }
        if let Some(index) = scales.iter().position(|scale| !scale.is_finite()) {
            let problem = TensorProblem::NotFinite { index };
            return Err(WeightsError::tensor(&scale.name, problem));
        }
        let axis = scale.shape.iter().position(|side| *side != 1).unwrap_or(0);
        let run = entry.shape.iter().skip(axis + 1).product::<usize>().max(1);
        Ok(Some(Scales { scales, run }))
    }

    /// The numbers of these integers, the first of which is the tensor's number `from`.
    pub(super) fn widen(&self, from: usize, integers: &[u8], values: &mut [f32]) {
        let channels = self.scales.len();
        let mut at = from;
        let mut done = 0;
        while done < values.len() && channels > 0 {
            let scale = self.scales[at / self.run % channels];
            let count = (self.run - at % self.run).min(values.len() - done);
            let run = values[done..done + count].iter_mut();
            for (value, byte) in run.zip(&integers[done..]) {
                *value = f32::from(byte.cast_signed()) * scale;
            }
            at += count;
            done += count;
        }
    }
}

/// A matrix in int8: its scales, one for each channel, and its integers. A channel's scale is its largest magnitude
/// divided by 127; what lies between two integers goes to the nearer, of two equally near ones to the even. `axis` is
/// that of the channels.
pub fn quantise(values: &[f32], shape: &[usize], axis: usize) -> (Vec<f32>, Vec<i8>) {
    let channels = shape.get(axis).copied().unwrap_or(1).max(1);
    let run = shape.iter().skip(axis + 1).product::<usize>().max(1);
    let mut scales = vec![0f32; channels];
    for (i, part) in values.chunks(run).enumerate() {
        let scale = &mut scales[i % channels];
        *scale = part
            .iter()
            .fold(*scale, |most, value| most.max(value.abs()));
    }
    for scale in &mut scales {
        *scale /= LARGEST;
    }
    let mut integers = Vec::with_capacity(values.len());
    for (i, part) in values.chunks(run).enumerate() {
        let scale = scales[i % channels];
        let integer = |value: &f32| match scale > 0.0 {
            true => (value / scale).round_ties_even().clamp(-LARGEST, LARGEST) as i8,
            // A channel of zeros, or of numbers of which the 127th part is none.
            false => 0,
        };
        integers.extend(part.iter().map(integer));
    }
    (scales, integers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `s = abs(w).max(axis, keepdims=True) / 127; rint(w / s)` of NumPy, by hand.
    #[test]
    fn channels_are_scaled_by_their_largest() {
        let values = [
            127.0, -63.5, 0.5, 1.5, 0.0, 0.0, 0.0, 0.0, -2.54, 1.27, 0.01, 0.03,
        ];
        let (scales, integers) = quantise(&values, &[3, 4], 0);
        assert_eq!(scales[..2], [1.0, 0.0]);
        assert!((scales[2] - 0.02).abs() < 1e-8);
        assert_eq!(integers[..8], [127, -64, 0, 2, 0, 0, 0, 0]);
        assert_eq!(integers[8..10], [-127, 64]);
        // Columns: [127, 0, −2.54], …
        let (scales, integers) = quantise(&values, &[3, 4], 1);
        assert_eq!(scales, [1.0, 0.5, 0.5 / 127.0, 1.5 / 127.0]);
        assert_eq!(integers[..4], [127, -127, 127, 127]);
    }

    #[test]
    fn what_is_widened_is_near() {
        let values: Vec<f32> = (0..24)
            .map(|i| ((i * 37 % 23) as f32 - 11.0) / 7.0)
            .collect();
        for (shape, axis) in [(&[2, 3, 2, 2][..], 0), (&[6, 4], 1), (&[4, 6], 0)] {
            let (scales, integers) = quantise(&values, shape, axis);
            let most = scales.iter().fold(0f32, |most, scale| most.max(*scale));
            let run = shape[axis + 1..].iter().product::<usize>();
            let scales = Scales { scales, run };
            let bytes: Vec<u8> = integers.iter().map(|i| i.cast_unsigned()).collect();
            let mut all = vec![0.0; 24];
            scales.widen(0, &bytes, &mut all);
            for (value, widened) in values.iter().zip(&all) {
                assert!(
                    (value - widened).abs() <= 0.5001 * most,
                    "{value} {widened}"
                );
            }
            // In parts, wherever they begin.
            for from in 1..24 {
                let mut part = vec![0.0; 24 - from];
                scales.widen(from, &bytes[from..], &mut part);
                assert_eq!(part, all[from..]);
            }
        }
    }
}
