//! Crops against Pillow's, on images that `tests/reference/preprocess.py` describes.

use refit_clip::preprocess::{
    Channels, Image, Interpolation, Preprocessing, PreprocessingOptions, ResizeMode, crop,
};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Case {
    kind: String,
    mode: String,
    width: usize,
    height: usize,
    size: usize,
    interpolation: Interpolation,
    resize_mode: ResizeMode,
    resize: usize,
    fill: u8,
    /// Of the crop's bytes.
    fnv1a64: String,
    first: Vec<u8>,
}

pub(crate) fn splitmix64(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3)
    })
}

fn settings(case: &Case) -> Preprocessing {
    let options = PreprocessingOptions {
        resize: Some(case.resize),
        mode: Some(case.resize_mode),
        interpolation: Some(case.interpolation),
        fill: Some(case.fill),
        ..PreprocessingOptions::default()
    };
    options.of_size(case.size)
}

fn bytes(case: &Case, channels: usize) -> Vec<u8> {
    let (w, n) = (case.width, channels);
    let byte = |i: usize| match case.kind.as_str() {
        "noise" => (splitmix64(i as u64) >> 56) as u8,
        _ => {
            let (y, x, c) = (i / (w * n), i / n % w, i % n);
            (3 * x + 5 * y + 60 * c + (x * x + 3 * y * y + x * y) / 64) as u8
        }
    };
    (0..w * case.height * n).map(byte).collect()
}

pub(crate) fn are_pillows_to_the_last_bit() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("reference/preprocess_cases.json")).unwrap();
    assert!(cases.len() > 300);
    for case in &cases {
        let channels = match case.mode.as_str() {
            "L" => Channels::Gray,
            "LA" => Channels::GrayAlpha,
            "RGB" => Channels::Rgb,
            "CMYK" => Channels::Cmyk,
            _ => Channels::Rgba,
        };
        let bytes = bytes(case, channels.count());
        let image = Image::new(case.width, case.height, channels, &bytes).unwrap();
        let crop = crop(&image, &settings(case));
        assert_eq!(crop.len(), case.size * case.size * 3);
        assert_eq!(crop[..12], case.first, "{case:?}");
        assert_eq!(format!("{:016x}", fnv1a64(&crop)), case.fnv1a64, "{case:?}");
    }
}
