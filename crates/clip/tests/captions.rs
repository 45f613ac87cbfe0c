//! What a MaMMUT needs, says and refuses, on tiny ones; `parity` holds large ones against open_clip.

use crate::formula::{FormulaFile, Tensor};
use crate::tiny::{WIDTH, tiny, tiny_mammut};
use pollster::block_on;
use refit_clip::architecture::{Configuration, DecoderConfig};
use refit_clip::backend::cpu::Cpu;
use refit_clip::caption::{Caption, Decoding};
use refit_clip::preprocess::PixelValues;
use refit_clip::tokenizer::Tokens;
use refit_clip::weights::WeightsError;
use refit_clip::weights::source::SourceError;
use refit_clip::{ClipError, LoadOptions, Model};
use std::ops::ControlFlow;

pub(crate) const VOCABULARY: usize = 12;
/// Start and end of a text.
const ENDS: [u32; 2] = [10, 11];

pub(crate) fn options(captions: bool) -> LoadOptions {
    LoadOptions {
        configuration: Configuration {
            vision_heads: Some(2),
            text_heads: Some(4),
            ..Configuration::default()
        },
        captions,
        ..LoadOptions::default()
    }
}

fn load(tensors: Vec<Tensor>, captions: bool) -> Result<(Model<Cpu>, u64), ClipError> {
    let mut bytes = 0;
    let mut file = FormulaFile::new(tensors);
    let load = Model::load(Cpu::default(), &mut file, options(captions), |p| {
        bytes = p.bytes
    });
    let model = block_on(load)?;
    Ok((model, bytes))
}

fn mammut() -> Model<Cpu> {
    load(tiny_mammut(VOCABULARY, 6), true).unwrap().0
}

pub(crate) fn image() -> PixelValues {
    let planes = (0..48).map(|i| (i as f32 * 0.37).sin()).collect();
    PixelValues { size: 4, planes }
}

pub(crate) fn text(ids: &[u32]) -> Tokens {
    Tokens {
        ids: ids.to_vec(),
        truncated: 0,
        mojibake: false,
    }
}

async fn go_on(_: &[u32]) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn caption(model: &Model<Cpu>, decoding: Decoding, tokens: usize) -> Caption {
    block_on(model.caption(&image(), decoding, tokens, go_on)).unwrap()
}

#[test]
fn what_writes_captions_is_loaded_only_for_them() {
    let tensors = tiny_mammut(VOCABULARY, 6);
    let count = |is_counted: fn(&str) -> bool| -> u64 {
        let counted = tensors.iter().filter(|t| is_counted(&t.name));
        counted.map(|t| 4 * t.count() as u64).sum()
    };
    let all = count(|_| true);
    let needed = count(|name| {
        let for_captions = ["map_viz2txt_kv", "text.text_projection"].contains(&name);
        !for_captions && !name.starts_with("text.cross_attn.")
    });
    let (writing, bytes) = load(tensors.clone(), true).unwrap();
    assert_eq!(bytes, all);
    let (comparing, bytes) = load(tensors.clone(), false).unwrap();
    assert_eq!(bytes, needed);
    assert_eq!(
        comparing.architecture().decoder,
        Some(DecoderConfig {
            layers: 1,
            has_mlps: false
        })
    );
    let texts = [text(&[10, 3, 11])];
    assert_eq!(
        block_on(comparing.encode_texts(&texts)),
        block_on(writing.encode_texts(&texts))
    );
    let refused = block_on(comparing.caption(&image(), Decoding::GREEDY, 6, go_on));
    assert_eq!(refused, Err(ClipError::DecoderNotLoaded));
    // Nobody misses what nobody asks for.
    let lacking = |names: &[&str]| {
        let kept = tensors.iter().filter(|t| !names.contains(&&*t.name));
        kept.cloned().collect::<Vec<_>>()
    };
    let lacks = lacking(&["text.cross_attn.0.ln_1_kv.bias"]);
    assert!(load(lacks.clone(), false).is_ok());
    let error = load(lacks, true).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the checkpoint lacks cross_attn.0.ln_1_kv.bias"
    );
}

#[test]
fn blocks_are_told_by_their_tensors() {
    let mut tensors = tiny_mammut(VOCABULARY, 6);
    let first: Vec<Tensor> = tensors
        .iter()
        .filter(|t| t.name.starts_with("text.resblocks.1."))
        .filter(|t| t.name.contains(".mlp.") || t.name.contains(".ln_2."))
        .map(|t| Tensor::new(&t.name.replace("resblocks.1", "resblocks.0"), &t.shape))
        .collect();
    tensors.extend(first);
    let (model, _) = load(tensors, true).unwrap();
    let decoder = model.architecture().decoder.unwrap();
    assert!(decoder.has_mlps && decoder.layers == 1);
    assert!(caption(&model, Decoding::GREEDY, 3).log_likelihood < 0.0);
}

#[test]
fn a_file_of_a_training_run_writes_the_same() {
    let bytes = crate::containers::bytes("mammut.pt");
    let mut bytes = bytes.as_slice();
    let load = Model::load(Cpu::default(), &mut bytes, options(true), |_| {});
    let model = block_on(load).unwrap();
    let written = caption(&model, Decoding::GREEDY, 4);
    assert_eq!(written, caption(&mammut(), Decoding::GREEDY, 4));
    assert!(!written.ids.is_empty(), "{written:?}");
}

#[test]
fn what_is_no_mammut_is_refused() {
    let error = load(tiny(VOCABULARY, 6), true).err().unwrap();
    assert_eq!(error, ClipError::Weights(WeightsError::NoDecoder));
    assert_eq!(
        error.to_string(),
        "this is a CLIP, which compares images with texts and does not write any"
    );
    let (clip, _) = load(tiny(VOCABULARY, 6), false).unwrap();
    let refused = block_on(clip.log_likelihoods(&image(), &[text(&ENDS)]));
    assert_eq!(refused, Err(ClipError::Weights(WeightsError::NoDecoder)));

    let mut tensors = tiny_mammut(VOCABULARY, 6);
    tensors.retain(|t| !t.name.starts_with("text.cross_attn."));
    let error = load(tensors, false).err().unwrap().to_string();
    assert!(
        error.starts_with("the checkpoint lacks cross_attn.0."),
        "{error}"
    );
    let narrow = tiny_mammut(VOCABULARY, 6).into_iter();
    let narrow = narrow.map(|t| match t.name.as_str() {
        "visual.proj" => Tensor::new("visual.proj", &[WIDTH, 4]),
        _ => t,
    });
    let error = load(narrow.collect(), false).err().unwrap().to_string();
    assert_eq!(
        error,
        "neither CLIP nor MaMMUT has such shapes: images give 4 numbers and texts 8"
    );

    let model = mammut();
    for (decoding, said) in [
        (
            Decoding::Beam {
                beams: 0,
                length_penalty: 1.0,
            },
            "0 beams are not between 1 and 16",
        ),
        (
            Decoding::Beam {
                beams: 2,
                length_penalty: f32::NAN,
            },
            "the length penalty is not a finite number",
        ),
        (
            Decoding::Sample {
                top_p: 1.5,
                seed: 0,
            },
            "a top-p of 1.5 is not above 0",
        ),
    ] {
        let error = block_on(model.caption(&image(), decoding, 6, go_on)).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    let small = PixelValues {
        size: 2,
        planes: vec![0.0; 12],
    };
    let error = block_on(model.caption(&small, Decoding::GREEDY, 6, go_on));
    let (found, expected) = (2, 4);
    assert_eq!(error, Err(ClipError::ImageSize { found, expected }));
}

/// Of a model with four tokens every caption of at most so many words, with its log-likelihood.
fn every_caption(model: &Model<Cpu>, image: &PixelValues, words: u32) -> Vec<(Vec<u32>, f64)> {
    let mut captions = vec![Vec::new()];
    for _ in 0..words {
        let longer = captions
            .iter()
            .flat_map(|c| (0..3).map(|w| [&c[..], &[w]].concat()));
        let mut longer: Vec<Vec<u32>> = longer.collect();
        longer.push(Vec::new());
        longer.sort();
        longer.dedup();
        captions = longer;
    }
    let whole = |ids: &Vec<u32>| text(&[&[2], &ids[..], &[3]].concat());
    let texts: Vec<Tokens> = captions.iter().map(whole).collect();
    let likelihoods = block_on(model.log_likelihoods(image, &texts)).unwrap();
    captions.into_iter().zip(likelihoods).collect()
}

#[test]
fn enough_beams_find_the_best_caption_that_there_is() {
    let (model, _) = load(tiny_mammut(4, 6), true).unwrap();
    for k in 0..10 {
        let planes = (0..48).map(|i| (i as f32 * 0.37 + k as f32).sin() * k as f32);
        let image = PixelValues {
            size: 4,
            planes: planes.collect(),
        };
        let all = every_caption(&model, &image, 1);
        assert_eq!(all.len(), 4);
        for length_penalty in [0.0, 1.0, 3.0] {
            let score = |(ids, log): &(Vec<u32>, f64)| {
                // The end is a token too.
                log / (ids.len() as f64 + 1.0).powf(f64::from(length_penalty))
            };
            let best = all.iter().max_by(|a, b| score(a).total_cmp(&score(b)));
            let (ids, log_likelihood) = best.unwrap();
            let decoding = Decoding::Beam {
                beams: 16,
                length_penalty,
            };
            let found = block_on(model.caption(&image, decoding, 2, go_on)).unwrap();
            assert_eq!(found.ids, *ids, "{k} {length_penalty}");
            assert!((found.log_likelihood - log_likelihood).abs() < 1e-5 && found.has_ended);
        }
    }
}

/// What ends after one word or two, and what goes on, is everything.
#[test]
fn likelihoods_are_probabilities() {
    let (model, _) = load(tiny_mammut(4, 6), true).unwrap();
    let all = every_caption(&model, &image(), 2);
    assert_eq!(all.len(), 1 + 3 + 9);
    let ended: f64 = all.iter().map(|(_, log)| log.exp()).sum();
    let pairs = all.iter().filter(|(ids, _)| ids.len() == 2);
    let mut goes_on = 0.0;
    for (ids, log) in pairs {
        let whole = text(&[&[2], &ids[..], &[3]].concat());
        let after = block_on(model.candidates(&image(), &whole, 4)).unwrap();
        let end = after[2].iter().find(|c| c.id == 3).unwrap();
        let end = f64::from(end.log_probability).exp();
        goes_on += log.exp() / end * (1.0 - end);
    }
    assert!((ended + goes_on - 1.0).abs() < 1e-5, "{ended} {goes_on}");
}

#[test]
fn what_is_drawn_follows_the_probabilities_and_the_seed() {
    let model = mammut();
    let sample = |top_p, seed| Decoding::Sample { top_p, seed };
    let all = block_on(model.candidates(&image(), &text(&[10, 11]), VOCABULARY)).unwrap();
    const DRAWS: usize = 2000;
    let mut counts = [0usize; VOCABULARY];
    for seed in 0..DRAWS as u64 {
        let drawn = caption(&model, sample(1.0, seed), 1);
        counts[drawn.ids.first().copied().unwrap_or(ENDS[1]) as usize] += 1;
    }
    for candidate in &all[0] {
        let p = f64::from(candidate.log_probability).exp();
        let expected = DRAWS as f64 * p;
        let bound = 5.0 * (expected * (1.0 - p)).sqrt() + 1.0;
        let found = counts[candidate.id as usize] as f64;
        assert!((found - expected).abs() < bound, "{found} for {expected}");
    }
    let six = |decoding| caption(&model, decoding, 6);
    assert_eq!(six(sample(0.9, 7)), six(sample(0.9, 7)));
    // The likeliest token alone has as much.
    assert_eq!(six(sample(1e-6, 7)).ids, six(Decoding::GREEDY).ids);
}

#[test]
fn tokens_are_told_as_they_come() {
    let model = mammut();
    let mut told = Vec::new();
    let image = image();
    let caption = model.caption(&image, Decoding::GREEDY, 5, async |ids| {
        told.push(ids.to_vec());
        ControlFlow::Continue(())
    });
    let caption = block_on(caption).unwrap();
    assert!(!told.is_empty());
    for (i, ids) in told.iter().enumerate() {
        assert_eq!(*ids, caption.ids[..=i]);
    }
}

#[test]
fn a_caption_ends_where_nobody_wants_more() {
    let model = mammut();
    let whole = caption(&model, Decoding::GREEDY, 5);
    let image = image();
    let ended = model.caption(&image, Decoding::GREEDY, 5, async |ids| match ids.len() {
        2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    let ended = block_on(ended).unwrap();
    assert!(whole.ids.len() > 2 && !ended.has_ended);
    assert_eq!(ended.ids, whole.ids[..2]);
}

#[test]
fn what_writes_captions_can_come_later() {
    let tensors = tiny_mammut(VOCABULARY, 6);
    let (whole, _) = load(tensors.clone(), true).unwrap();
    let (mut model, first) = load(tensors.clone(), false).unwrap();
    assert!(!model.has_captions());
    let mut rest = 0;
    let mut file = FormulaFile::new(tensors.clone());
    let options = options(false);
    let later = model.load_captions(&mut file, &options, |p| rest = p.bytes);
    block_on(later).unwrap();
    // Nothing twice.
    let all: usize = tensors.iter().map(|t| 4 * t.count()).sum();
    assert_eq!(first + rest, all as u64);
    assert_eq!(
        caption(&model, Decoding::GREEDY, 5),
        caption(&whole, Decoding::GREEDY, 5)
    );
    let mut other = FormulaFile::new(tiny_mammut(VOCABULARY, 7));
    let error = block_on(model.load_captions(&mut other, &options, |_| {}));
    assert_eq!(error, Err(ClipError::from(SourceError::Changed)));
    let mut clip = FormulaFile::new(tiny(VOCABULARY, 6));
    let error = block_on(model.load_captions(&mut clip, &options, |_| {}));
    assert_eq!(error, Err(ClipError::Weights(WeightsError::NoDecoder)));
}
