//! Mixed weights against PyTorch's (`reference/mix.py`), and what must hold of any.

use crate::containers::{bytes, embeddings, load, options, tensors};
use crate::formula::{FormulaFile, Tensor};
use pollster::block_on;
use proptest::prelude::*;
use refit_clip::architecture::Activation;
use refit_clip::mix::{MixError, Mixture, Part, Tower};
use refit_clip::weights::Checkpoint;
use refit_clip::weights::source::Source;
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Numbers = BTreeMap<String, Vec<f32>>;

fn part<S>(name: &str, source: S) -> Part<S> {
    Part {
        name: name.to_owned(),
        source,
        options: options(),
    }
}

fn formula(model: &str) -> FormulaFile {
    FormulaFile::new(tensors().into_iter().map(|t| t.of(model)).collect())
}

/// The whole file, in pieces of this size.
fn read_in_pieces(source: &mut impl Source, size: usize) -> Vec<u8> {
    let mut all = vec![0; source.size() as usize];
    for (i, piece) in all.chunks_mut(size).enumerate() {
        block_on(source.read((i * size) as u64, piece)).unwrap();
    }
    all
}

/// Every tensor's numbers.
fn numbers(source: &mut impl Source) -> Numbers {
    let checkpoint = block_on(Checkpoint::open(source)).unwrap();
    let mut all = Numbers::new();
    for entry in &checkpoint.entries {
        let mut values = Vec::new();
        block_on(Checkpoint::read(source, entry, &mut values, |_| {})).unwrap();
        all.insert(entry.name.clone(), values);
    }
    all
}

/// A safetensors file.
fn file(tensors: &[(String, Vec<usize>, &str, Vec<u8>)]) -> Vec<u8> {
    let mut fields = serde_json::Map::new();
    let mut data: Vec<u8> = Vec::new();
    for (name, shape, dtype, bytes) in tensors {
        let place = [data.len(), data.len() + bytes.len()];
        let field = json!({"dtype": dtype, "shape": shape, "data_offsets": place});
        fields.insert(name.clone(), field);
        data.extend(bytes);
    }
    let header = Value::Object(fields).to_string();
    let mut all = (header.len() as u64).to_le_bytes().to_vec();
    all.extend(header.bytes());
    all.extend(data);
    all
}

/// The tiny model with numbers that a function gives for the tensor and the index.
fn tiny_file(value: impl Fn(&Tensor, usize) -> f32) -> Vec<u8> {
    let tensor = |t: &Tensor| {
        let values = (0..t.count()).flat_map(|i| value(t, i).to_le_bytes());
        (t.name.clone(), t.shape.clone(), "F32", values.collect())
    };
    file(&tensors().iter().map(tensor).collect::<Vec<_>>())
}

fn open<S: Source>(base: S, others: Vec<S>, tower: Tower) -> Result<Mixture<S>, MixError> {
    let others = others.into_iter().enumerate();
    let others = others.map(|(i, source)| part(&format!("{}.pt", i + 1), source));
    block_on(Mixture::open(
        part("base.pt", base),
        others.collect(),
        tower,
    ))
}

fn mixture<S: Source>(base: S, others: Vec<S>, tower: Tower, coefficients: &[f64]) -> Mixture<S> {
    let mut mixture = open(base, others, tower).unwrap();
    mixture.set(coefficients).unwrap();
    mixture
}

#[test]
fn mixtures_are_pytorchs() {
    let cases: Value = serde_json::from_str(include_str!("reference/mix.json")).unwrap();
    let floats = |value: &Value| -> Vec<f64> {
        let all = value.as_array().unwrap().iter();
        all.map(|v| v.as_f64().unwrap()).collect()
    };
    for case in cases.as_array().unwrap() {
        let coefficients = floats(&case["coefficients"]);
        let tower: Tower = serde_json::from_value(case["tower"].clone()).unwrap();
        let others = (1..=coefficients.len()).map(|k| formula(&format!("{k}/")));
        let mut mixture = mixture(formula(""), others.collect(), tower, &coefficients);
        let found = numbers(&mut mixture);
        let expected = case["tensors"].as_object().unwrap();
        assert_eq!(found.len(), expected.len());
        for (name, expected) in expected {
            let (values, expected) = (&found[name], floats(expected));
            let sum: f64 = values.iter().map(|v| f64::from(*v)).sum();
            // One unit in the last place: the formulas are two, of one number.
            let bound = |of: f64| 1.2e-7 * of.abs().max(0.1);
            let first = f64::from(values[0]) - expected[0];
            assert!(first.abs() <= bound(expected[0]), "{name}: {first}");
            assert!((sum - expected[1]).abs() <= 1e-6, "{name}: {sum}");
        }
        let found = embeddings(&load(&mut mixture).unwrap());
        // As exact as PyTorch.
        let bound = f64::max(3e-7, 2.0 * case["rounding"].as_f64().unwrap());
        for (found, expected) in found.iter().zip(floats(&case["embeddings"])) {
            let off = (f64::from(*found) - expected).abs();
            assert!(off < bound, "{coefficients:?}: {off}");
        }
    }
}

/// Any finite number, zeros of both signs and the smallest included.
fn any_number() -> impl Strategy<Value = f32> {
    let bits = any::<u32>().prop_map(f32::from_bits);
    prop_oneof![
        Just(0.0),
        Just(-0.0),
        Just(f32::MIN_POSITIVE),
        bits.prop_filter("", |v| v.is_finite())
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// α = 0 is the base and α = 1 the other, bit by bit; of a single tower, where it is mixed.
    #[test]
    fn the_ends_are_the_models(
        a in proptest::collection::vec(any_number(), 50),
        b in proptest::collection::vec(any_number(), 50),
        by_tower in any::<bool>(),
    ) {
        let made = |of: &[f32]| {
            let of = of.to_vec();
            tiny_file(move |t, i| of[(i * 7 + t.name.len() * 13) % of.len()])
        };
        let (base, other) = (made(&a), made(&b));
        let tower = if by_tower { Tower::Image } else { Tower::All };
        let bits = |numbers: Numbers| -> BTreeMap<String, Vec<u32>> {
            let bits = |v: Vec<f32>| v.into_iter().map(f32::to_bits).collect();
            numbers.into_iter().map(|(k, v)| (k, bits(v))).collect()
        };
        let ends = [bits(numbers(&mut &base[..])), bits(numbers(&mut &other[..]))];
        for (alpha, end) in [0.0, 1.0].into_iter().zip(&ends) {
            let mut mixed = mixture(&base[..], vec![&other[..]], tower, &[alpha]);
            let mixed = bits(numbers(&mut mixed));
            for (name, found) in &mixed {
                let is_mixed = !by_tower || name.starts_with("visual.");
                let expected = if is_mixed { &end[name] } else { &ends[0][name] };
                prop_assert_eq!(found, expected, "{} {}", name, alpha);
            }
        }
    }

    /// The file is the same however it is read.
    #[test]
    fn any_pieces_are_the_same_file(size in 1usize..4000, alpha in -2f64..2.0) {
        let mut mixed = mixture(formula(""), vec![formula("1/")], Tower::All, &[alpha]);
        let whole = read_in_pieces(&mut mixed, usize::MAX >> 1);
        prop_assert_eq!(read_in_pieces(&mut mixed, size), whole);
    }
}

/// Queries, keys and values apart, projections transposed, in any of both files.
#[test]
fn other_names_and_layouts_are_mixed_alike() {
    let open_clip = bytes("open_clip.safetensors");
    let other = tiny_file(|t, i| t.clone().of("1/").value(i));
    let layouts = [
        "transformers.safetensors",
        "state_dict.pt",
        "transformers.bin",
        "views.pt",
    ];
    let coefficients = [0.37];
    let mixed = |base: &[u8], other: &[u8]| {
        let mut mixed = mixture(base, vec![other], Tower::All, &coefficients);
        embeddings(&load(&mut mixed).unwrap())
    };
    for layout in layouts {
        let layout = bytes(layout);
        assert_eq!(mixed(&layout, &other), mixed(&open_clip, &other));
        assert_eq!(mixed(&other, &layout), mixed(&other, &open_clip));
    }
}

/// A difference adds what it has; the base stays whole.
#[test]
fn differences_are_added() {
    let base = tiny_file(|t, i| t.value(i));
    let halves: Vec<u8> = (0..32).flat_map(|_| 0x3400_u16.to_le_bytes()).collect();
    let difference = |name: &str, shape: &[usize]| {
        let whole = (
            format!("difference.{name}"),
            shape.to_vec(),
            "F16",
            halves.clone(),
        );
        file(&[whole])
    };
    let added = difference("visual.proj", &[8, 4]);
    let mut mixed = mixture(&base[..], vec![&added[..]], Tower::Image, &[2.0]);
    let mut expected = numbers(&mut &base[..]);
    for value in expected.get_mut("visual.proj").unwrap() {
        *value = (f64::from(*value) + 2.0 * 0.25) as f32;
    }
    assert_eq!(numbers(&mut mixed), expected);
    let said = |base: &[u8], other: &[u8]| {
        let error = open(base, vec![other], Tower::Image)
            .map(|_| ())
            .unwrap_err();
        error.to_string()
    };
    assert_eq!(
        said(&base, &difference("visual.proj", &[4, 8])),
        "the tensor visual.proj has the shape [4, 8] in “1.pt” and [8, 4] in “base.pt”"
    );
    assert_eq!(
        said(&base, &difference("visual.trunk.stem.0.weight", &[4, 8])),
        "“1.pt” has a tensor visual.trunk.stem.0.weight, which “base.pt” lacks"
    );
    assert_eq!(
        said(&added, &base),
        "“base.pt” is a difference of two models, not a base"
    );
    let error = crate::containers::error(&added).to_string();
    assert_eq!(
        error,
        "this is a difference of two models, which cannot be run here: it needs its base, into which it can be mixed"
    );
}

/// Code that fine-tunes an image tower, as that of task vectors and soups, leaves the text transformer out and adds a
/// head; a file may also have the image tower alone.
#[test]
fn an_image_tower_without_a_text_tower_is_mixed() {
    let other = |prefix: &str, is_kept: &dyn Fn(&str) -> bool, head: bool| {
        let tensor = |t: &Tensor| {
            let of = t.clone().of("1/");
            let values = (0..t.count()).flat_map(|i| of.value(i).to_le_bytes());
            let name = format!("{prefix}{}", t.name);
            (name, t.shape.clone(), "F32", values.collect::<Vec<u8>>())
        };
        let kept = tensors().into_iter().filter(|t| is_kept(&t.name));
        let mut all: Vec<_> = kept.map(|t| tensor(&t)).collect();
        let zeros = |count: usize| vec![0; 4 * count];
        if head {
            let (weight, bias) = ("classification_head.weight", "classification_head.bias");
            all.push((weight.to_owned(), vec![3, 4], "F32", zeros(12)));
            all.push((bias.to_owned(), vec![3], "F32", zeros(3)));
        }
        file(&all)
    };
    let whole = other("", &|_| true, false);
    let base = tiny_file(|t, i| t.value(i));
    let mut expected = mixture(&base[..], vec![&whole[..]], Tower::Image, &[0.4]);
    let expected = numbers(&mut expected);
    let without_transformer = |name: &str| !name.starts_with("transformer.");
    for other in [
        other("model.", &without_transformer, true),
        other("module.model.", &without_transformer, true),
        other("image_encoder.model.", &without_transformer, false),
        other("", &|name| name.starts_with("visual."), false),
    ] {
        let mut mixed = open(&base[..], vec![&other[..]], Tower::Image).unwrap();
        assert_eq!(
            mixed.notes()[0].to_string(),
            "“1.pt” has no whole text tower; its image tower is mixed"
        );
        mixed.set(&[0.4]).unwrap();
        assert_eq!(numbers(&mut mixed), expected);
        // Of both towers there is one too few.
        assert!(open(&base[..], vec![&other[..]], Tower::All).is_err());
        assert!(open(&other[..], vec![&base[..]], Tower::Image).is_err());
    }
}

#[test]
fn what_does_not_fit_is_refused_with_tensor_and_file() {
    let of = |tensors: Vec<Tensor>| FormulaFile::new(tensors);
    let said = |tensors: Vec<Tensor>| {
        let opened = open(formula(""), vec![of(tensors)], Tower::Image);
        opened.map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(
        said(crate::tiny::tiny(14, 6)),
        "the tensor token_embedding.weight has the shape [14, 8] in “1.pt” and [12, 8] in “base.pt”"
    );
    assert_eq!(
        said(crate::tiny::tiny_mammut(12, 6)),
        "the tensor text_projection has the shape [8, 12] in “1.pt” and [8, 4] in “base.pt”"
    );
    let fewer = tensors()
        .into_iter()
        .filter(|t| !t.name.contains("resblocks.1"));
    assert_eq!(
        said(fewer.collect()),
        "“1.pt” lacks the tensor transformer.resblocks.1.attn.in_proj_bias, which “base.pt” has"
    );
    let broken = tensors().into_iter().filter(|t| t.name != "visual.proj");
    assert_eq!(
        said(broken.collect()),
        "“1.pt”: the checkpoint lacks visual.proj"
    );

    let opened = |other: Part<FormulaFile>| {
        let base = part("base.pt", formula(""));
        let opened = block_on(Mixture::open(base, vec![other], Tower::Image));
        opened.map(|_| ())
    };
    let mut quick = part("quick.pt", formula("1/"));
    quick.options.activation = Some(Activation::QuickGelu);
    assert_eq!(
        opened(quick).unwrap_err().to_string(),
        "“quick.pt” uses QuickGELU, and “base.pt” GELU"
    );
    let mut heads = part("heads.pt", formula("1/"));
    heads.options.configuration.vision_heads = Some(4);
    assert_eq!(
        opened(heads).unwrap_err().to_string(),
        "the image tower of “heads.pt” has 4 attention heads, and that of “base.pt” 2"
    );

    let count = |count| {
        let others = (0..count).map(|_| formula("1/")).collect();
        open(formula(""), others, Tower::All).map(|_| ())
    };
    assert_eq!(count(0), Err(MixError::Count { found: 0 }));
    assert_eq!(count(9), Err(MixError::Count { found: 9 }));
    assert_eq!(count(8), Ok(()));
    let mut mixture = open(formula(""), vec![formula("1/")], Tower::All).unwrap();
    assert!(mixture.set(&[f64::NAN]).is_err() && mixture.set(&[1.0, 1.0]).is_err());
}

/// A number that is not finite is found when it is read, and said with its file.
#[test]
fn numbers_that_are_not_finite_are_refused() {
    let base = tiny_file(|t, i| t.value(i));
    let broken = tiny_file(|t, i| match (t.name.as_str(), i) {
        ("visual.proj", 5) => f32::NAN,
        _ => t.value(i),
    });
    let mut mixed = mixture(&base[..], vec![&broken[..]], Tower::Image, &[0.5]);
    let error = load(&mut mixed).map(|_| ()).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        cause,
        "“1.pt”: the tensor visual.proj is not a finite number at index 5"
    );
    // With none of it in the mixture it is not read.
    mixed.set(&[0.0]).unwrap();
    assert!(load(&mut mixed).is_ok());
}
