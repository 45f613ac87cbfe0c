//! Preparing images: crops against Pillow's, values against torchvision's, what cannot be taken.
use crate::crops::splitmix64;
use refit_clip::preprocess::{
    Channels, Image, ImageError, Preprocessing, crop, normalise, preprocess,
};

#[test]
fn crops_are_pillows_to_the_last_bit() {
    crate::crops::are_pillows_to_the_last_bit();
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
    let rgb = Image::new(60, 40, Channels::Rgb, &rgb).unwrap();
    let rgba = Image::new(60, 40, Channels::Rgba, &rgba).unwrap();
    let settings = Preprocessing::openai(224);
    assert_eq!(crop(&rgb, &settings), crop(&rgba, &settings));
}

#[test]
fn normalised_values_are_torchs() {
    let white = normalise(
        &[0, 127, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        &Preprocessing::openai(2),
    );
    // (v / 255 − mean) / deviation in float32.
    let torch = [-1.792_263, -1.777_664, -1.733_869, -1.690_073];
    for (ours, torch) in white.planes.iter().zip(torch) {
        assert!((ours - torch).abs() < 1e-6, "{ours} {torch}");
    }
}

#[test]
fn impossible_pictures_are_refused() {
    let error = |w, h, n| Image::new(w, h, Channels::Rgb, &vec![0; n]).unwrap_err();
    assert_eq!(error(0, 5, 0), ImageError::Empty);
    let expected = 30;
    assert_eq!(
        error(2, 5, 29),
        ImageError::Bytes {
            found: 29,
            expected
        }
    );
    assert!(matches!(error(usize::MAX, 5, 29), ImageError::Bytes { .. }));
}

proptest::proptest! {
    #[test]
    fn any_shape_gives_a_crop(w in 1usize..60, h in 1usize..60, size in 1usize..40) {
        let bytes = vec![200; w * h * 3];
        let pixels = preprocess(&Image::new(w, h, Channels::Rgb, &bytes).unwrap(), &Preprocessing::openai(size));
        proptest::prop_assert_eq!(pixels.planes.len(), 3 * size * size);
        // A plain image stays plain.
        let plain = normalise(&[200; 3], &Preprocessing::openai(1)).planes;
        proptest::prop_assert!(pixels.planes.chunks(size * size).zip(&plain).all(|(p, v)| p.iter().all(|x| x == v)));
    }
}
