//! Embeddings and probabilities of whole models, from the picture's bytes and the text on.

use crate::formula::{FormulaFile, Tensor, picture};
use pollster::block_on;
use refit::clip::preprocess::{Channels, Picture, preprocess};
use refit::clip::tokenizer::{Tokenizer, Tokens};
use refit::clip::{Model, Options};
use refit::compute::cpu::Cpu;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    pictures: Vec<[usize; 3]>,
    prompts: Vec<String>,
    token_ids: Vec<Vec<u32>>,
    tensors: Vec<TensorReference>,
    pixel_checks: Vec<[f32; 4]>,
    image_embeddings: Vec<Vec<f32>>,
    text_embeddings: Vec<Vec<f32>>,
    probabilities: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct TensorReference {
    name: String,
    shape: Vec<usize>,
    first: f32,
    sum: f64,
}

fn largest_difference(ours: &[Vec<f32>], theirs: &[Vec<f32>]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    let pairs = ours.iter().flatten().zip(theirs.iter().flatten());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Probabilities of all prompts, as if each were a class.
fn probabilities(scale: f32, image: &[f32], texts: &[Vec<f32>]) -> Vec<f32> {
    let logit = |text: &Vec<f32>| -> f64 {
        let products = text
            .iter()
            .zip(image)
            .map(|(a, b)| f64::from(*a) * f64::from(*b));
        f64::from(scale) * products.sum::<f64>()
    };
    let logits: Vec<f64> = texts.iter().map(logit).collect();
    let total: f64 = logits.iter().map(|l| l.exp()).sum();
    logits.iter().map(|l| (l.exp() / total) as f32).collect()
}

fn compare(reference: &str) {
    let reference: Reference = serde_json::from_str(reference).unwrap();
    let tensors = reference
        .tensors
        .iter()
        .map(|t| Tensor::new(&t.name, &t.shape));
    let tensors: Vec<Tensor> = tensors.collect();
    for (ours, theirs) in tensors.iter().zip(&reference.tensors) {
        assert_eq!(ours.value(0), theirs.first, "{}", theirs.name);
        let some = ours.count().min(1 << 16);
        if some == ours.count() {
            let sum: f64 = (0..some).map(|i| f64::from(ours.value(i))).sum();
            assert!((sum - theirs.sum).abs() < 1e-6 * some as f64);
        }
    }
    let mut file = FormulaFile::new(tensors);
    let begun = std::time::Instant::now();
    let load = Model::load(Cpu::default(), &mut file, Options::default(), |_| {});
    let model = block_on(load).unwrap();
    println!("loaded in {:.2?}", begun.elapsed());
    // Chunks of 1 MiB: the file is nowhere held whole.
    assert!(file.largest_read <= 1 << 20);

    let size = model.architecture().picture();
    let pixels = reference.pictures.iter().map(|[k, width, height]| {
        let bytes = picture(*k, *width, *height);
        preprocess(
            &Picture::new(*width, *height, Channels::Rgb, &bytes).unwrap(),
            size,
        )
    });
    let pixels: Vec<_> = pixels.collect();
    for (pixels, checks) in pixels.iter().zip(&reference.pixel_checks) {
        let places = [(0, 0, 0), (1, 100, 50), (2, 223, 223), (0, 17, 200)];
        for ((c, y, x), check) in places.iter().zip(checks) {
            assert_eq!(
                pixels.planes[(c * size + y) * size + x],
                *check,
                "{c} {y} {x}"
            );
        }
    }
    let merges = include_bytes!("../../public/clip/merges.bin");
    let entities = include_str!("../../public/clip/entities.txt");
    let tokenizer = Tokenizer::new(merges, entities).unwrap();
    let texts: Vec<Tokens> = reference
        .prompts
        .iter()
        .map(|p| tokenizer.encode(p))
        .collect();
    for (ours, theirs) in texts.iter().zip(&reference.token_ids) {
        assert_eq!(&ours.ids, theirs);
    }

    let begun = std::time::Instant::now();
    let images = block_on(model.encode_images(&pixels)).unwrap();
    println!("{} pictures in {:.2?}", images.len(), begun.elapsed());
    let begun = std::time::Instant::now();
    let texts = block_on(model.encode_texts(&texts)).unwrap();
    println!("{} texts in {:.2?}", texts.len(), begun.elapsed());
    let image_difference = largest_difference(&images, &reference.image_embeddings);
    let text_difference = largest_difference(&texts, &reference.text_embeddings);
    let shares: Vec<Vec<f32>> = images
        .iter()
        .map(|image| probabilities(model.scale(), image, &texts))
        .collect();
    let share_difference = largest_difference(&shares, &reference.probabilities);
    println!(
        "largest differences: images {image_difference:.1e}, texts {text_difference:.1e}, probabilities {share_difference:.1e}"
    );
    assert!(image_difference <= 2e-6 && text_difference <= 2e-6 && share_difference <= 1e-4);

    // A batch changes nothing but rounding.
    let alone = block_on(model.encode_images(&pixels[1..2])).unwrap();
    assert!(largest_difference(&alone, &images[1..2]) <= 1e-6);
}

#[test]
fn vit_s_32_alt_is_open_clips() {
    compare(include_str!("../reference/clip/formula_ViT-S-32-alt.json"));
}

/// 151 million weights.
#[test]
fn vit_b_32_is_open_clips() {
    compare(include_str!("../reference/clip/formula_ViT-B-32.json"));
}
