//! Embeddings and probabilities of whole models, from the image's bytes and the text on.

use crate::formula::{FormulaFile, Tensor, image};
use refit_clip::backend::Backend;
use refit_clip::caption::Decoding;
use refit_clip::preprocess::{Channels, Image, PixelValues, preprocess};
use refit_clip::tokenizer::{Tokenizer, Tokens};
use refit_clip::weights::source::{Source, SourceError};
use refit_clip::{LoadOptions, Model};
use serde::Deserialize;
use std::ops::ControlFlow;

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "pictures")]
    images: Vec<[usize; 3]>,
    prompts: Vec<String>,
    token_ids: Vec<Vec<u32>>,
    tensors: Vec<TensorReference>,
    pixel_checks: Vec<[f32; 4]>,
    image_embeddings: Vec<Vec<f32>>,
    text_embeddings: Vec<Vec<f32>>,
    probabilities: Vec<Vec<f32>>,
    /// A MaMMUT's greedy captions.
    #[serde(default)]
    captions: Vec<CaptionReference>,
}

#[derive(Deserialize)]
struct CaptionReference {
    /// From the start on.
    ids: Vec<u32>,
    steps: Vec<StepReference>,
}

#[derive(Deserialize)]
struct StepReference {
    top_ids: Vec<u32>,
    top_logits: Vec<f32>,
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

/// A file, and the most that was asked of it at once.
struct Watched {
    file: FormulaFile,
    largest_read: usize,
}

impl Source for Watched {
    fn size(&self) -> u64 {
        self.file.size()
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        self.largest_read = self.largest_read.max(buffer.len());
        self.file.read(at, buffer).await
    }
}

/// How far answers may be from open_clip's.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    /// Float32's rounding and no more.
    Rounding,
    /// What numbers kept in eleven bits allow.
    #[cfg_attr(
        target_arch = "wasm32",
        expect(dead_code, reason = "the browser under test has no f16")
    )]
    Half,
}

/// The least cosine between vectors that should be equal.
fn least_cosine(ours: &[Vec<f32>], theirs: &[Vec<f32>]) -> f64 {
    let product = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum()
    };
    let cosines = ours
        .iter()
        .zip(theirs)
        .map(|(a, b)| product(a, b) / (product(a, a) * product(b, b)).sqrt());
    cosines.fold(f64::INFINITY, f64::min)
}

/// Runs the reference's images and prompts and holds what comes out against it.
pub(crate) async fn compare<B: Backend>(backend: B, reference: &str, bound: Bound) {
    let reference: Reference = serde_json::from_str(reference).unwrap();
    let tensors = reference
        .tensors
        .iter()
        .map(|t| Tensor::new(&t.name, &t.shape));
    let tensors: Vec<Tensor> = tensors.collect();
    for (ours, theirs) in tensors.iter().zip(&reference.tensors) {
        assert_eq!(ours.value(0), theirs.first, "{}", theirs.name);
        let count = ours.count();
        // The large ones would take as long as the model.
        if count <= 1 << 16 {
            let sum: f64 = (0..count).map(|i| f64::from(ours.value(i))).sum();
            assert!((sum - theirs.sum).abs() < 1e-6 * count as f64);
        }
    }
    let mut file = Watched {
        file: FormulaFile::new(tensors),
        largest_read: 0,
    };
    let options = LoadOptions {
        captions: !reference.captions.is_empty(),
        ..LoadOptions::default()
    };
    let load = Model::load(backend, &mut file, options, |_| {});
    let model = load.await.unwrap();
    // Chunks of 1 MiB: the file is nowhere held whole.
    assert!(file.largest_read <= 1 << 20);

    let settings = model.preprocessing();
    let size = settings.size;
    let pixels = reference.images.iter().map(|[k, width, height]| {
        let bytes = image(*k, *width, *height);
        preprocess(
            &Image::new(*width, *height, Channels::Rgb, &bytes).unwrap(),
            settings,
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
    let merges = include_bytes!("../../../public/clip/merges.bin");
    let entities = include_str!("../../../public/clip/entities.txt");
    let tokenizer = Tokenizer::new(merges, entities).unwrap();
    let texts: Vec<Tokens> = reference
        .prompts
        .iter()
        .map(|p| tokenizer.encode(p))
        .collect();
    for (ours, theirs) in texts.iter().zip(&reference.token_ids) {
        assert_eq!(&ours.ids, theirs);
    }

    let images = model.encode_images(&pixels).await.unwrap();
    let texts = model.encode_texts(&texts).await.unwrap();
    let image_difference = largest_difference(&images, &reference.image_embeddings);
    let text_difference = largest_difference(&texts, &reference.text_embeddings);
    let shares: Vec<Vec<f32>> = images
        .iter()
        .map(|image| probabilities(model.scale(), image, &texts))
        .collect();
    let share_difference = largest_difference(&shares, &reference.probabilities);
    let found = format!(
        "images {image_difference:.1e}, texts {text_difference:.1e}, probabilities {share_difference:.1e}"
    );
    match bound {
        Bound::Rounding => assert!(
            image_difference <= 2e-6 && text_difference <= 2e-6 && share_difference <= 1e-4,
            "{found}"
        ),
        Bound::Half => {
            let image_cosine = least_cosine(&images, &reference.image_embeddings);
            let text_cosine = least_cosine(&texts, &reference.text_embeddings);
            assert!(
                image_cosine >= 0.9999 && text_cosine >= 0.9999 && share_difference <= 5e-3,
                "{found}; cosines: images {image_cosine:.7}, texts {text_cosine:.7}"
            );
        }
    }
    println!("{found}");
    if let Bound::Rounding = bound {
        for (image, theirs) in pixels.iter().zip(&reference.captions) {
            captions_are_theirs(&model, image, theirs).await;
        }
    }

    // A batch changes nothing but rounding.
    let alone = model.encode_images(&pixels[1..2]).await.unwrap();
    let difference = largest_difference(&alone, &images[1..2]);
    assert!(
        matches!(bound, Bound::Half) || difference <= 1e-6,
        "{difference:.1e}"
    );
}

/// Greedy captions token for token; the five likeliest of each step, step by step and all at once.
async fn captions_are_theirs<B: Backend>(
    model: &Model<B>,
    image: &PixelValues,
    theirs: &CaptionReference,
) {
    let (ids, steps) = (&theirs.ids, &theirs.steps);
    let caption = model.caption(image, Decoding::GREEDY, steps.len(), async |_| {
        ControlFlow::Continue(())
    });
    let caption = caption.await.unwrap();
    assert_eq!(caption.ids, ids[1..]);
    assert!(!caption.has_ended);
    let text = Tokens {
        ids: ids.clone(),
        truncated: 0,
        mojibake: false,
    };
    let ours = model.candidates(image, &text, 5).await.unwrap();
    assert_eq!(ours.len(), steps.len());
    let mut worst = 0f32;
    for (ours, theirs) in ours.iter().zip(steps) {
        let found: Vec<u32> = ours.iter().map(|candidate| candidate.id).collect();
        assert_eq!(found, theirs.top_ids);
        for (ours, theirs) in ours.iter().zip(&theirs.top_logits) {
            worst = worst.max((ours.logit - theirs).abs());
        }
    }
    assert!(worst <= 5e-5, "{worst:.1e}");
    let likelihoods = model.log_likelihoods(image, &[text]).await.unwrap();
    let sum: f64 = ours.iter().map(|c| f64::from(c[0].log_probability)).sum();
    assert!((likelihoods[0] - sum).abs() <= 1e-3 && (caption.log_likelihood - sum).abs() <= 1e-3);
    println!("logits {worst:.1e}");
}
