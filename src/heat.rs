//! A map of where in an image a text is, for a reader: its colours, and the threshold above which
//! the text is taken for there.

use refit_clip::architecture::Architecture;
use refit_clip::locate::{Map, Method};

/// From nothing to the most, evenly spaced: matplotlib's magma, which grows lighter all the way.
pub const COLOURS: [[u8; 3]; 9] = [
    [0, 0, 4],
    [28, 16, 68],
    [79, 18, 123],
    [129, 37, 129],
    [181, 54, 122],
    [229, 80, 100],
    [251, 135, 97],
    [254, 194, 135],
    [252, 253, 191],
];

/// The colour of a share from 0 to 1.
pub fn colour(share: f32) -> [u8; 3] {
    let last = COLOURS.len() - 1;
    let at = share.clamp(0.0, 1.0) * last as f32;
    let first = (at as usize).min(last - 1);
    let (from, to, weight) = (COLOURS[first], COLOURS[first + 1], at - first as f32);
    std::array::from_fn(|i| {
        let [from, to] = [from[i], to[i]].map(f32::from);
        (from + weight * (to - from)).round() as u8
    })
}

/// Where a threshold is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThresholdFrom {
    /// The reader.
    Chosen,
    /// CLIP on Wheels, for such a model.
    Paper,
    /// Half of the map's largest number, where the paper has none.
    HalfOfHighest,
}

/// The threshold of a map that no reader chose.
pub fn threshold(method: Method, architecture: &Architecture, map: &Map) -> (f32, ThresholdFrom) {
    match method.threshold(architecture) {
        Some(threshold) => (threshold, ThresholdFrom::Paper),
        None => (map.highest() / 2.0, ThresholdFrom::HalfOfHighest),
    }
}

/// Said of a map without a peak.
pub const FLAT: &str =
    "the map is flat: no place of this picture has more to do with the text than another";

/// Said where another class is so much likelier ([`refit_clip::locate::ABSENT`]) that the map may be of what is not there.
pub fn absent(words: &str, likeliest: &str) -> String {
    format!(
        "“{words}” may not be in the image: the model finds “{likeliest}” more than 100 times as likely. A map shows what would speak for it, and never that it is there."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_grow_lighter() {
        let light = |share: f32| {
            let [r, g, b] = colour(share).map(f32::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        assert_eq!((colour(0.0), colour(1.0)), (COLOURS[0], COLOURS[8]));
        assert_eq!(colour(-3.0), COLOURS[0]);
        assert_eq!(colour(0.5), COLOURS[4]);
        assert!((1..=100).all(|i| light(i as f32 / 100.0) > light((i - 1) as f32 / 100.0)));
    }
}
