//! The small model that comes with the page (`data/shapes/train.py`) against PyTorch in float32, on
//! its sample images; and that its card tells the truth about it.

use crate::gpu;
use pollster::block_on;
use refit_clip::backend::Backend;
use refit_clip::backend::cpu::Cpu;
use refit_clip::backend::gpu::DeviceOptions;
use refit_clip::caption::Decoding;
use refit_clip::preprocess::{Channels, Image, PixelValues, Preprocessing, preprocess};
use refit_clip::tokenizer::{Tokenizer, Tokens};
use refit_clip::weights::source::FileSource;
use refit_clip::{LoadOptions, Model};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Card {
    parameters: usize,
    bytes: u64,
    size: usize,
    vocabulary: usize,
    context: usize,
    scale: f32,
    template: String,
    accuracy: Vec<Accuracy>,
    samples: Vec<Sample>,
}

#[derive(Deserialize)]
struct Accuracy {
    of: String,
    chance: f64,
    familiar: f64,
    unseen: f64,
}

#[derive(Deserialize)]
struct Sample {
    file: String,
    label: String,
    image: Vec<f32>,
    text: Vec<f32>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../public/clip")
}

fn card() -> Card {
    read("shapes.json")
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    let json = std::fs::read_to_string(folder().join(name)).unwrap();
    serde_json::from_str(&json).unwrap()
}

fn tokenizer(vocabulary: usize, context: usize) -> Tokenizer {
    let merges = include_bytes!("../../../public/clip/merges.bin");
    let entities = include_str!("../../../public/clip/entities.txt");
    let whole = Tokenizer::new(merges, entities).unwrap();
    whole.for_model(vocabulary, context).unwrap()
}

fn image(file: &str, size: usize) -> PixelValues {
    let image = image::open(folder().join(file)).unwrap().into_rgb8();
    let (width, height) = (image.width() as usize, image.height() as usize);
    let image = Image::new(width, height, Channels::Rgb, image.as_raw()).unwrap();
    preprocess(&image, &Preprocessing::openai(size))
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}

/// More pictures and texts than are computed at once, in an order of their own, so that batches
/// that overlap on a GPU would show if they were mixed up.
#[test]
fn many_are_encoded_as_each_alone() {
    let options = DeviceOptions {
        as_hardware: true,
        ..DeviceOptions::default()
    };
    if let Some(gpu) = gpu::open(options) {
        encode_many(gpu);
    }
    encode_many(Cpu::default());
}

fn encode_many<B: Backend>(backend: B) {
    let card = card();
    let mut file = FileSource::open(&folder().join("shapes.safetensors")).unwrap();
    let model = block_on(Model::load(
        backend,
        &mut file,
        LoadOptions::default(),
        |_| {},
    ))
    .unwrap();
    let tokenizer = tokenizer(card.vocabulary, card.context);
    let samples = &card.samples;
    let which: Vec<usize> = (0..75).map(|i| i * i % samples.len()).collect();
    let pictures: Vec<PixelValues> = samples.iter().map(|s| image(&s.file, card.size)).collect();
    let many: Vec<PixelValues> = which.iter().map(|i| pictures[*i].clone()).collect();
    let texts: Vec<Tokens> = samples.iter().map(|s| tokenizer.encode(&s.label)).collect();
    let many_texts: Vec<Tokens> = which.iter().map(|i| texts[*i].clone()).collect();
    let images = block_on(model.encode_images(&many)).unwrap();
    let embeddings = block_on(model.encode_texts(&many_texts)).unwrap();
    assert_eq!((images.len(), embeddings.len()), (75, 75));
    for (i, sample) in samples.iter().enumerate() {
        let image = &block_on(model.encode_images(&pictures[i..=i])).unwrap()[0];
        let text = &block_on(model.encode_texts(&texts[i..=i])).unwrap()[0];
        for place in (0..75).filter(|place| which[*place] == i) {
            let worst = largest_difference(&images[place], image);
            let worst = worst.max(largest_difference(&embeddings[place], text));
            assert!(worst <= 2e-6, "{} at {place}: {worst:.1e}", sample.file);
        }
    }
}

#[test]
fn the_bundled_model_is_pytorchs() {
    let card = card();
    let mut file = FileSource::open(&folder().join("shapes.safetensors")).unwrap();
    let load = Model::load(Cpu::default(), &mut file, LoadOptions::default(), |_| {});
    let model = block_on(load).unwrap();
    let architecture = model.architecture();
    assert_eq!(architecture.image_size(), card.size);
    assert_eq!(architecture.vocabulary, card.vocabulary);
    assert_eq!(architecture.context, card.context);
    assert!((model.scale() / card.scale - 1.0).abs() < 1e-4);

    let tokenizer = tokenizer(card.vocabulary, card.context);
    let labels: Vec<String> = card.samples.iter().map(|s| s.label.clone()).collect();
    let tokens = labels
        .iter()
        .map(|label| tokenizer.encode(&card.template.replace("{}", label)));
    let texts = block_on(model.encode_texts(&tokens.collect::<Vec<Tokens>>())).unwrap();
    let pixels = card.samples.iter().map(|s| image(&s.file, card.size));
    let images = block_on(model.encode_images(&pixels.collect::<Vec<_>>())).unwrap();
    let templates = [card.template.clone()];
    let classes = block_on(model.classes(&tokenizer, &labels, &templates)).unwrap();
    let mut worst = 0f32;
    for (i, sample) in card.samples.iter().enumerate() {
        worst = worst.max(largest_difference(&images[i], &sample.image));
        worst = worst.max(largest_difference(&texts[i], &sample.text));
        let shares = model.probabilities(&images[i], &classes);
        let best = (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b]));
        assert_eq!(labels[best.unwrap()], sample.label, "{}", sample.file);
    }
    assert!(worst <= 2e-6, "{worst:.1e}");
    println!("embeddings {worst:.1e}");
}

#[test]
fn the_card_keeps_its_promises() {
    let card = card();
    let file = std::fs::metadata(folder().join("shapes.safetensors")).unwrap();
    assert_eq!(file.len(), card.bytes);
    assert!(card.bytes <= 6_000_000 && card.parameters * 2 < card.bytes as usize);
    let samples = card.samples.iter();
    let bytes = samples.map(|s| std::fs::metadata(folder().join(&s.file)).unwrap().len());
    assert!((8..=12).contains(&card.samples.len()) && bytes.sum::<u64>() <= 150_000);
    for Accuracy {
        of,
        chance,
        familiar,
        unseen,
    } in &card.accuracy
    {
        assert!(*familiar > 2.0 * chance.min(0.45), "{of}: {familiar}");
        assert!(*unseen > 1.5 * chance.min(0.45), "{of}: {unseen}");
    }
}

/// Of the sibling that writes.
#[derive(Deserialize)]
struct WriterCard {
    parameters: usize,
    bytes: u64,
    size: usize,
    vocabulary: usize,
    context: usize,
    template: String,
    captions: Captions,
    accuracy: Vec<WriterAccuracy>,
    samples: Vec<WriterSample>,
}

#[derive(Deserialize)]
struct Captions {
    familiar: Truth,
    unseen: Truth,
}

#[derive(Deserialize)]
struct Truth {
    r#true: f64,
    true_and_whole: f64,
}

#[derive(Deserialize)]
struct WriterAccuracy {
    of: String,
    chance: f64,
    familiar: f64,
    familiar_by_caption: f64,
}

#[derive(Deserialize)]
struct WriterSample {
    file: String,
    label: String,
    caption: String,
    /// From start to end.
    ids: Vec<u32>,
    log_likelihood: f64,
    /// Of its label's prompt.
    label_log_likelihood: f64,
    image: Vec<f32>,
    text: Vec<f32>,
}

#[test]
fn the_bundled_mammut_is_pytorchs() {
    let card: WriterCard = read("shapes_mammut.json");
    let mut file = FileSource::open(&folder().join("shapes_mammut.safetensors")).unwrap();
    let options = LoadOptions {
        captions: true,
        ..LoadOptions::default()
    };
    let load = Model::load(Cpu::default(), &mut file, options, |_| {});
    let model = block_on(load).unwrap();
    assert_eq!(model.architecture().image_size(), card.size);
    let tokenizer = tokenizer(card.vocabulary, card.context);
    let (mut embeddings, mut logs) = (0f32, 0f64);
    for sample in &card.samples {
        let pixels = [image(&sample.file, card.size)];
        let prompt = [tokenizer.encode(&card.template.replace("{}", &sample.label))];
        let image = block_on(model.encode_images(&pixels)).unwrap();
        let text = block_on(model.encode_texts(&prompt)).unwrap();
        embeddings = embeddings.max(largest_difference(&image[0], &sample.image));
        embeddings = embeddings.max(largest_difference(&text[0], &sample.text));
        let caption = model.caption(&pixels[0], Decoding::GREEDY, 30, async |_| {
            ControlFlow::Continue(())
        });
        let caption = block_on(caption).unwrap();
        assert_eq!(caption.ids, sample.ids[1..sample.ids.len() - 1]);
        assert_eq!(tokenizer.decode(&caption.ids), sample.caption);
        let label = block_on(model.log_likelihoods(&pixels[0], &prompt)).unwrap();
        logs = logs.max((caption.log_likelihood - sample.log_likelihood).abs());
        logs = logs.max((label[0] - sample.label_log_likelihood).abs());
    }
    assert!(embeddings <= 2e-6, "{embeddings:.1e}");
    // The card has five decimals.
    assert!(logs <= 5e-5, "{logs:.1e}");
    println!("embeddings {embeddings:.1e}, log-likelihoods {logs:.1e}");
}

#[test]
fn the_card_of_the_mammut_keeps_its_promises() {
    let card: WriterCard = read("shapes_mammut.json");
    let file = std::fs::metadata(folder().join("shapes_mammut.safetensors")).unwrap();
    assert_eq!(file.len(), card.bytes);
    assert!(card.bytes <= 6_000_000 && card.parameters * 2 < card.bytes as usize);
    for row in &card.accuracy {
        assert!(row.familiar > 2.0 * row.chance.min(0.45), "{}", row.of);
        assert!(row.familiar_by_caption > row.chance, "{}", row.of);
    }
    for Truth {
        r#true,
        true_and_whole,
    } in [card.captions.familiar, card.captions.unseen]
    {
        assert!(true_and_whole <= r#true && r#true > 0.0);
    }
}
