//! Where in a picture a text is, beside PyTorch's autograd (`reference/locate.py`), and where it
//! cannot be said.

use crate::formula::{FormulaFile, Tensor, image};
use crate::gpu;
use crate::{MAMMUT_S, VIT_S};
use ::image::{GenericImageView, RgbImage};
use pollster::block_on;
use refit_clip::architecture::Activation;
use refit_clip::backend::Backend;
use refit_clip::backend::cpu::Cpu;
use refit_clip::backend::gpu::DeviceOptions;
use refit_clip::confusion::wilson;
use refit_clip::locate::{self, Localizer, Map, Method, Peak, Region};
use refit_clip::preprocess::{Channels, Image, PixelValues, preprocess};
use refit_clip::tokenizer::Tokenizer;
use refit_clip::weights::source::FileSource;
use refit_clip::{Classes, ClipError, LoadOptions, Model, Scoring};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

/// What PyTorch says.
#[derive(Deserialize)]
struct Case {
    model: String,
    activation: Activation,
    /// Picture by picture, class by class.
    gradient: Vec<Vec<Vec<f32>>>,
    /// Of 3 × 3 tiles, then of 5 × 5.
    tiles: [Vec<Vec<Vec<f32>>>; 2],
    raster: Vec<Vec<f32>>,
}

/// What it was asked about.
#[derive(Deserialize)]
struct Formula {
    pictures: Vec<[usize; 3]>,
    tensors: Vec<Named>,
    text_embeddings: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    shape: Vec<usize>,
}

/// A picture of the formula, and its bytes.
struct Picture {
    bytes: Vec<u8>,
    size: (usize, usize),
}

impl Picture {
    fn image(&self) -> Image<'_> {
        Image::new(self.size.0, self.size.1, Channels::Rgb, &self.bytes).unwrap()
    }
}

struct Asked<B: Backend> {
    model: Model<B>,
    file: FormulaFile,
    options: LoadOptions,
    pictures: Vec<Picture>,
    classes: Classes,
}

fn asked<B: Backend>(backend: B, formula: &str, activation: Activation) -> Asked<B> {
    let formula: Formula = serde_json::from_str(formula).unwrap();
    let tensors = formula.tensors.iter();
    let tensors = tensors.map(|t| Tensor::new(&t.name, &t.shape));
    let mut file = FormulaFile::new(tensors.collect());
    let options = LoadOptions {
        activation: Some(activation),
        ..LoadOptions::default()
    };
    let model = block_on(Model::load(backend, &mut file, options.clone(), |_| {})).unwrap();
    let picture = |&[k, width, height]: &[usize; 3]| Picture {
        bytes: image(k, width, height),
        size: (width, height),
    };
    Asked {
        pictures: formula.pictures.iter().map(picture).collect(),
        classes: Classes {
            labels: vec![String::new(); formula.text_embeddings.len()],
            vectors: formula.text_embeddings,
            scoring: Scoring::Cosine,
        },
        model,
        file,
        options,
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("reference/locate.json")).unwrap()
}

fn worst(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    let pairs = ours.iter().zip(theirs);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// How far maps of the first pictures by the gradient are from autograd's, which are a tenth as large.
fn gradient<B: Backend>(backend: B, case: &Case, pictures: usize) -> f32 {
    let formula = match case.model.as_str() {
        "ViT-S-32-alt" => VIT_S,
        _ => MAMMUT_S,
    };
    let mut asked = asked(backend, formula, case.activation);
    let model = &asked.model;
    let localizer = block_on(model.localizer(&mut asked.file, &asked.options)).unwrap();
    let mut off = 0f32;
    let pairs = asked.pictures.iter().zip(&case.gradient);
    for (i, (picture, theirs)) in pairs.enumerate().take(pictures) {
        let settings = model.preprocessing();
        let pixels = preprocess(&picture.image(), settings);
        let region = Region::from(settings.visible(picture.size.0, picture.size.1));
        let located = model.locate(&localizer, &pixels, region, &asked.classes);
        let located = block_on(located).unwrap();
        for (ours, theirs) in located.maps.iter().zip(theirs) {
            assert_eq!((ours.side, ours.resolution), (7, 224));
            let ours: Vec<f32> = ours.values.iter().map(|value| value / 10.0).collect();
            off = off.max(worst(&ours, theirs));
        }
        assert_eq!(located.maps.len(), theirs.len());
        let known = block_on(model.encode_images(&[pixels])).unwrap();
        assert!(worst(&located.embedding, &known[0]) < 2e-6);
        if i == 1 {
            let raster = located.maps[0].raster();
            for (row, theirs) in raster.chunks(224).step_by(37).zip(&case.raster) {
                let ours: Vec<f32> = row.iter().step_by(37).map(|x| x / 10.0).collect();
                off = off.max(worst(&ours, theirs));
            }
        }
    }
    off
}

#[test]
fn gradients_are_autograds() {
    for case in cases() {
        let off = gradient(Cpu::default(), &case, usize::MAX);
        assert!(off < 1e-5, "{}: {off:.1e}", case.model);
        println!("{} {:?}: {off:.1e}", case.model, case.activation);
    }
}

#[test]
fn gradients_of_towers_on_the_gpu_are_autograds() {
    for case in cases() {
        let Some(gpu) = gpu::open(DeviceOptions::default()) else {
            return;
        };
        // A GPU in software takes seconds for each.
        let off = gradient(gpu, &case, 2);
        assert!(off < 1e-5, "{}: {off:.1e}", case.model);
    }
}

fn by_tiles<B: Backend>(asked: &Asked<B>, picture: &Picture, side: usize) -> Vec<Map> {
    let model = &asked.model;
    let tiles = locate::tiles(&picture.image(), side, model.preprocessing()).unwrap();
    block_on(model.locate_by_tiles(&tiles, picture.size, &asked.classes)).unwrap()
}

#[test]
fn tiles_are_pytorchs() {
    for case in cases() {
        let formula = match case.model.as_str() {
            "ViT-S-32-alt" => VIT_S,
            _ => MAMMUT_S,
        };
        let asked = asked(Cpu::default(), formula, case.activation);
        for (side, theirs) in [3, 5].into_iter().zip(&case.tiles) {
            for (picture, theirs) in asked.pictures.iter().zip(theirs) {
                let maps = by_tiles(&asked, picture, side);
                assert_eq!(maps.len(), theirs.len());
                for (ours, theirs) in maps.iter().zip(theirs) {
                    let off = worst(&ours.values, theirs);
                    assert!(off < 1e-5, "{} {side}: {off:.1e}", case.model);
                    assert!((ours.values.iter().sum::<f32>() - 1.0).abs() < 1e-5);
                    let whole = Region::whole(picture.size.0, picture.size.1);
                    assert_eq!(ours.region, whole);
                }
            }
        }
    }
}

#[test]
fn a_score_has_a_map_as_a_text_has() {
    // Of the same vectors, with the model's factor in the weights: the same logits.
    let mut asked = asked(Cpu::default(), VIT_S, Activation::Gelu);
    let localizer = block_on(asked.model.localizer(&mut asked.file, &asked.options)).unwrap();
    let model = &asked.model;
    let picture = &asked.pictures[0];
    let pixels = preprocess(&picture.image(), model.preprocessing());
    let region = Region::whole(224, 224);
    let scale = model.scale();
    let one = |scoring: Scoring, factor: f32| {
        let vector = asked.classes.vectors[0].iter();
        let classes = Classes {
            labels: vec!["one".to_owned()],
            vectors: vec![vector.map(|x| factor * x).collect()],
            scoring,
        };
        block_on(model.locate(&localizer, &pixels, region, &classes)).unwrap()
    };
    let text = one(Scoring::Cosine, 1.0);
    let biases = vec![3.0];
    let score = one(Scoring::Linear { biases }, scale);
    assert_eq!(text.maps.len(), 1);
    assert!(worst(&text.maps[0].values, &score.maps[0].values) < 1e-5);
}

#[test]
fn what_the_model_sees_is_known() {
    let asked = asked(Cpu::default(), VIT_S, Activation::Gelu);
    let settings = *asked.model.preprocessing();
    // The middle of 640 × 480, and of 37 × 1200.
    let [left, top, width, height] = settings.visible(640, 480);
    assert!((left - 80.0).abs() < 1.5 && top == 0.0 && (width - 480.0).abs() < 2.0);
    assert_eq!(height, 480.0);
    let [left, top, width, height] = settings.visible(37, 1200);
    assert!(left == 0.0 && (top - 581.5).abs() < 1.0);
    assert!((width - 37.0).abs() < 0.1 && (height - 37.0).abs() < 0.2);
    let padded = refit_clip::preprocess::Preprocessing {
        mode: refit_clip::preprocess::ResizeMode::Longest,
        ..settings
    };
    let [left, top, width, height] = padded.visible(448, 224);
    assert_eq!([left, top, width, height], [0.0, -112.0, 448.0, 448.0]);
}

#[test]
fn what_has_no_place_is_said() {
    let mut asked = asked(Cpu::default(), VIT_S, Activation::Gelu);
    let localizer = block_on(asked.model.localizer(&mut asked.file, &asked.options)).unwrap();
    let model = &asked.model;
    let gray = Picture {
        bytes: vec![128; 3 * 30 * 40],
        size: (30, 40),
    };
    let tiles = locate::tiles(&gray.image(), 3, model.preprocessing()).unwrap();
    let region = Region::whole(30, 40);
    let one_colour = Err(ClipError::OneColour);
    let classes = &asked.classes;
    assert_eq!(
        block_on(model.locate_by_tiles(&tiles, gray.size, classes)),
        one_colour
    );
    let pixels = preprocess(&gray.image(), model.preprocessing());
    let located = block_on(model.locate(&localizer, &pixels, region, classes));
    assert_eq!(located.map(|located| located.maps), one_colour);

    let none = Classes {
        labels: Vec::new(),
        vectors: Vec::new(),
        scoring: Scoring::Cosine,
    };
    let picture = &asked.pictures[0];
    let pixels = preprocess(&picture.image(), model.preprocessing());
    let located = block_on(model.locate(&localizer, &pixels, region, &none));
    assert_eq!(located.map(|_| ()), Err(ClipError::NoLabels));
    let wrong = PixelValues {
        size: 8,
        planes: vec![0.0; 3 * 64],
    };
    let located = block_on(model.locate(&localizer, &wrong, region, classes));
    assert!(matches!(located, Err(ClipError::ImageSize { .. })));
    for side in [0, 1, 17, 31] {
        let refused = locate::tiles(&gray.image(), side, model.preprocessing());
        assert!(matches!(refused, Err(ClipError::Tiles { .. })), "{side}");
    }
    let narrow = Image::new(2, 600, Channels::Rgb, &[7; 3600]).unwrap();
    let refused = locate::tiles(&narrow, 3, model.preprocessing()).unwrap_err();
    let sentence = refused.to_string();
    assert!(sentence.contains("2 × 600 pixels cannot be cut into 3 × 3 tiles"));
}

/// Pictures of `training/places.py`, with what is on them and where.
#[derive(Deserialize)]
struct Places {
    side: usize,
    columns: usize,
    pictures: Vec<Vec<Thing>>,
}

#[derive(Deserialize)]
struct Thing {
    name: String,
    /// Left, top, right and bottom.
    r#box: [f64; 4],
}

/// How often a map's peak lies in the box of the thing that was asked for, or of the other one, of how
/// many; and how often any point would lie in the former.
#[derive(Default)]
struct Pointing {
    right: usize,
    other: usize,
    of: usize,
    chance: f64,
}

/// The drawn pictures, and a bundled model to ask.
struct Drawn {
    places: Places,
    pictures: Vec<RgbImage>,
    model: Model<Cpu>,
    tokenizer: Tokenizer,
    localizer: Localizer,
}

fn drawn(weights: &str) -> Drawn {
    let places: Places = serde_json::from_str(include_str!("reference/places.json")).unwrap();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let sheet = ::image::open(tests.join("places.webp"))
        .unwrap()
        .into_rgb8();
    let file = tests.join("../../../../public/clip").join(weights);
    let mut file = FileSource::open(&file).unwrap();
    let options = LoadOptions::default();
    let model = Model::load(Cpu::default(), &mut file, options.clone(), |_| {});
    let model = block_on(model).unwrap();
    let localizer = block_on(model.localizer(&mut file, &options)).unwrap();
    let merges = include_bytes!("../../../public/clip/merges.bin");
    let entities = include_str!("../../../public/clip/entities.txt");
    let architecture = model.architecture();
    let tokenizer = Tokenizer::new(merges, entities)
        .and_then(|whole| whole.for_model(architecture.vocabulary, architecture.context))
        .unwrap();
    let side = places.side;
    let picture = |i: usize| {
        let [x, y] = [i % places.columns, i / places.columns].map(|at| (at * side) as u32);
        sheet.view(x, y, side as u32, side as u32).to_image()
    };
    Drawn {
        pictures: (0..places.pictures.len()).map(picture).collect(),
        places,
        model,
        tokenizer,
        localizer,
    }
}

/// Asks a bundled model for each thing on pictures with one thing, and on pictures with two.
fn pointing(weights: &str, method: Method) -> [Pointing; 2] {
    let Drawn {
        places,
        pictures,
        model,
        tokenizer,
        localizer,
    } = drawn(weights);
    let template = ["a photo of a {}.".to_owned()];
    let side = places.side;
    let mut found = [1, 2].map(|_| Pointing::default());
    for (picture, things) in pictures.iter().zip(&places.pictures) {
        let picture = Image::new(side, side, Channels::Rgb, picture.as_raw()).unwrap();
        let names: Vec<String> = things.iter().map(|thing| thing.name.clone()).collect();
        let classes = block_on(model.classes(&tokenizer, &names, &template)).unwrap();
        let maps = match method {
            Method::Gradient => {
                let pixels = preprocess(&picture, model.preprocessing());
                let region = Region::whole(side, side);
                let located = model.locate(&localizer, &pixels, region, &classes);
                block_on(located).unwrap().maps
            }
            Method::Tiles(tiles) => {
                let tiles = locate::tiles(&picture, tiles, model.preprocessing()).unwrap();
                block_on(model.locate_by_tiles(&tiles, (side, side), &classes)).unwrap()
            }
        };
        let found = &mut found[things.len() - 1];
        let boxes = things.iter().map(|thing| {
            let [left, top, right, bottom] = thing.r#box;
            Region::from([left, top, right - left, bottom - top])
        });
        let boxes: Vec<Region> = boxes.collect();
        for (i, map) in maps.iter().enumerate() {
            let is_in = |j: &usize| {
                let inside = |peak: Peak| boxes[*j].contains(peak.x, peak.y);
                map.peak().is_some_and(inside)
            };
            found.right += usize::from(is_in(&i));
            let others = (0..boxes.len()).filter(|j| *j != i);
            found.other += others.filter(is_in).count();
            found.of += 1;
            found.chance += boxes[i].width * boxes[i].height / (side * side) as f64;
        }
    }
    found.map(|pointing| Pointing {
        chance: pointing.chance / pointing.of as f64,
        ..pointing
    })
}

#[test]
fn the_bundled_models_point_at_what_is_asked_for() {
    let (clip, mammut) = ("shapes.safetensors", "shapes_mammut.safetensors");
    for (weights, method) in [
        (clip, Method::Tiles(3)),
        (clip, Method::Tiles(8)),
        (clip, Method::Gradient),
        (mammut, Method::Tiles(3)),
        (mammut, Method::Gradient),
    ] {
        for (things, found) in [1, 2].into_iter().zip(pointing(weights, method)) {
            let Pointing {
                right,
                other,
                of,
                chance,
            } = found;
            let (low, high) = wilson(right, of);
            let said = format!(
                "{weights}, {method:?}, {things} on a picture: {right} of {of} ({low:.3} to {high:.3}), chance {chance:.3}; at the other {other}"
            );
            println!("{said}");
            assert!(low > chance && right > other, "{said}");
        }
    }
}

#[test]
fn cows_thresholds_are_for_its_models() {
    let mut architecture = *asked(Cpu::default(), VIT_S, Activation::Gelu)
        .model
        .architecture();
    assert_eq!(Method::Gradient.threshold(&architecture), None);
    architecture.vision.width = 768;
    assert_eq!(Method::Gradient.threshold(&architecture), Some(0.625));
    assert_eq!(Method::Tiles(3).threshold(&architecture), Some(0.875));
    assert_eq!(Method::Tiles(5).threshold(&architecture), None);
    architecture.patch = 16;
    assert_eq!(Method::Gradient.threshold(&architecture), Some(0.375));
    assert_eq!(Method::Tiles(3).threshold(&architecture), Some(0.75));
}

/// Whether [`locate::ABSENT`] would be said: how often, of how many, of things that are on a picture
/// and of things that are not, on pictures with one thing and with two; nine other things beside.
fn said_to_be_absent(weights: &str) -> [[(usize, usize); 2]; 2] {
    const CLASSES: usize = 10;
    let Drawn {
        places,
        pictures,
        model,
        tokenizer,
        ..
    } = drawn(weights);
    let things = places.pictures.iter().flatten();
    let names: BTreeSet<String> = things.map(|thing| thing.name.clone()).collect();
    let names: Vec<String> = names.into_iter().collect();
    let template = ["a photo of a {}.".to_owned()];
    let classes = block_on(model.classes(&tokenizer, &names, &template)).unwrap();
    let mut random = 1_u64;
    let mut any = || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % names.len()
    };
    let mut said = [[(0, 0); 2]; 2];
    let side = places.side;
    for (picture, things) in pictures.iter().zip(&places.pictures) {
        let picture = Image::new(side, side, Channels::Rgb, picture.as_raw()).unwrap();
        let pixels = preprocess(&picture, model.preprocessing());
        let unit = block_on(model.encode_images(&[pixels])).unwrap().remove(0);
        let logits = classes.logits(&unit, model.scale());
        let is_on_it = |class: usize| things.iter().any(|thing| thing.name == names[class]);
        let on_it = (0..names.len()).filter(|class| is_on_it(*class));
        let mut asked: Vec<usize> = on_it.collect();
        while asked.len() < CLASSES {
            let other = any();
            if !asked.contains(&other) {
                asked.push(other);
            }
        }
        let best = asked.iter().map(|class| logits[*class]);
        let best = best.fold(f64::NEG_INFINITY, f64::max);
        for class in asked {
            let (count, of) = &mut said[things.len() - 1][usize::from(!is_on_it(class))];
            *count += usize::from(best - logits[class] > locate::ABSENT);
            *of += 1;
        }
    }
    said
}

#[test]
fn what_is_not_on_a_picture_is_said_to_be_absent() {
    for weights in ["shapes.safetensors", "shapes_mammut.safetensors"] {
        let shares = said_to_be_absent(weights).map(|both| {
            both.map(|(count, of)| {
                let (low, high) = wilson(count, of);
                println!("{weights}: {count} of {of} ({low:.3} to {high:.3})");
                count as f64 / of as f64
            })
        });
        let [[there, away], [one_of_two, away_from_two]] = shares;
        assert!(there < 0.02 && away > 0.85, "{shares:?}");
        assert!(one_of_two < 0.12 && away_from_two > 0.7, "{shares:?}");
    }
}
