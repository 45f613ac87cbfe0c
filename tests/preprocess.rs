//! Crops against Pillow's, on pictures that `tests/reference/clip/preprocess.py` describes.
#![cfg(not(target_arch = "wasm32"))]

use refit::clip::preprocess::{Channels, Picture, PictureError, crop, normalise, preprocess};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Case {
    kind: String,
    mode: String,
    width: usize,
    height: usize,
    size: usize,
    /// Of the crop's bytes.
    fnv1a64: String,
    first: Vec<u8>,
}

fn splitmix64(seed: u64) -> u64 {
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

#[test]
fn crops_are_pillows_to_the_last_bit() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("reference/clip/preprocess_cases.json")).unwrap();
    assert!(cases.len() > 90);
    for case in &cases {
        let channels = match case.mode.as_str() {
            "L" => Channels::Gray,
            "LA" => Channels::GrayAlpha,
            "RGB" => Channels::Rgb,
            _ => Channels::Rgba,
        };
        let bytes = bytes(case, channels.count());
        let picture = Picture::new(case.width, case.height, channels, &bytes).unwrap();
        let crop = crop(&picture, case.size);
        assert_eq!(crop.len(), case.size * case.size * 3);
        assert_eq!(crop[..12], case.first, "{case:?}");
        assert_eq!(format!("{:016x}", fnv1a64(&crop)), case.fnv1a64, "{case:?}");
    }
}

#[test]
fn opaque_alpha_changes_nothing() {
    let rgb: Vec<u8> = (0..60 * 40 * 3)
        .map(|i| (splitmix64(i) >> 56) as u8)
        .collect();
    let rgba: Vec<u8> = rgb
        .chunks_exact(3)
        .flat_map(|p| [p[0], p[1], p[2], 255])
        .collect();
    let rgb = Picture::new(60, 40, Channels::Rgb, &rgb).unwrap();
    let rgba = Picture::new(60, 40, Channels::Rgba, &rgba).unwrap();
    assert_eq!(crop(&rgb, 224), crop(&rgba, 224));
}

#[test]
fn normalised_values_are_torchs() {
    let white = normalise(&[0, 127, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9], 2);
    // (v / 255 − mean) / deviation in float32.
    let torch = [-1.792_263, -1.777_664, -1.733_869, -1.690_073];
    for (ours, torch) in white.planes.iter().zip(torch) {
        assert!((ours - torch).abs() < 1e-6, "{ours} {torch}");
    }
}

#[test]
fn impossible_pictures_are_refused() {
    let error = |w, h, n| Picture::new(w, h, Channels::Rgb, &vec![0; n]).unwrap_err();
    assert_eq!(error(0, 5, 0), PictureError::Empty);
    let expected = 30;
    assert_eq!(
        error(2, 5, 29),
        PictureError::Bytes {
            found: 29,
            expected
        }
    );
    assert!(matches!(
        error(usize::MAX, 5, 29),
        PictureError::Bytes { .. }
    ));
}

proptest::proptest! {
    #[test]
    fn any_shape_gives_a_crop(w in 1usize..60, h in 1usize..60, size in 1usize..40) {
        let bytes = vec![200; w * h * 3];
        let pixels = preprocess(&Picture::new(w, h, Channels::Rgb, &bytes).unwrap(), size);
        proptest::prop_assert_eq!(pixels.planes.len(), 3 * size * size);
        // A plain picture stays plain.
        let plain = normalise(&[200; 3], 1).planes;
        proptest::prop_assert!(pixels.planes.chunks(size * size).zip(&plain).all(|(p, v)| p.iter().all(|x| x == v)));
    }
}
