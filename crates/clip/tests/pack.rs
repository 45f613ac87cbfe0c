//! Packs: what they hold, that they are read as any checkpoint, and how far their answers are from the original's.

use crate::containers::{bytes, embeddings, options, tensors};
use crate::formula::FormulaFile;
use crate::tiny::tiny_mammut;
use pollster::block_on;
use refit_clip::architecture::{Activation, Configuration};
use refit_clip::backend::cpu::Cpu;
use refit_clip::pack::{Holds, Pack, PackDtype, PackError};
use refit_clip::preprocess::{Interpolation, PreprocessingOptions, ResizeMode};
use refit_clip::repack::RepackedCheckpoint;
use refit_clip::weights::shards::ShardIndex;
use refit_clip::weights::source::{Joined, Source};
use refit_clip::weights::{Checkpoint, Dtype, Entry, WeightsError};
use refit_clip::{CheckpointInfo, ClipError, Evidence, LoadOptions, Model};
use serde_json::Value;

/// A pack's shards in memory.
struct Files {
    pack: Pack,
    shards: Vec<Vec<u8>>,
}

impl Files {
    fn of(
        source: &mut impl Source,
        options: &LoadOptions,
        dtype: PackDtype,
        limit: u64,
    ) -> Result<Self, PackError> {
        let pack = block_on(Pack::plan(source, options, dtype, limit))?;
        let mut shards = Vec::new();
        for shard in &pack.shards {
            let mut bytes = Vec::new();
            block_on(Pack::write(shard, source, |part| {
                bytes.extend_from_slice(part);
                Ok::<(), ClipError>(())
            }))?;
            assert_eq!(bytes.len() as u64, shard.bytes);
            shards.push(bytes);
        }
        Ok(Files { pack, shards })
    }

    fn source(&self) -> Joined<&[u8]> {
        Joined::new(self.shards.iter().map(Vec::as_slice).collect())
    }

    /// What a reader has who only has the files.
    fn options(&self) -> LoadOptions {
        let files = self.pack.configuration().into_iter();
        let files = files.map(|(name, text)| (name.to_owned(), text));
        LoadOptions {
            configuration: Configuration::of_files(files).unwrap(),
            ..LoadOptions::default()
        }
    }

    fn model(&self) -> Model<Cpu> {
        let mut source = self.source();
        block_on(Model::load(
            Cpu::default(),
            &mut source,
            self.options(),
            |_| {},
        ))
        .unwrap()
    }
}

/// Every tensor with its numbers.
fn read(source: &mut impl Source) -> Vec<(Entry, Vec<f32>)> {
    let checkpoint = block_on(Checkpoint::open(source)).unwrap();
    let mut all = Vec::new();
    let is_ours = |entry: &Entry| !entry.name.ends_with("position_ids");
    for entry in checkpoint.entries.into_iter().filter(is_ours) {
        let mut values = Vec::new();
        block_on(Checkpoint::read(source, &entry, &mut values, |_| {})).unwrap();
        all.push((entry, values));
    }
    all.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    all
}

/// float16 of a number, through the numbers between which it lies, and not the code that packs.
fn rounded(value: f32) -> f32 {
    let unit = match value.abs() {
        v if v < 2f32.powi(-14) => 2f32.powi(-24),
        v => 2f32.powi(v.log2().floor() as i32 - 10),
    };
    (value / unit).round_ties_even() * unit
}

fn large() -> u64 {
    95_000_000
}

#[test]
fn numpy_has_the_same_integers_scales_and_halves() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("reference/pack.json")).unwrap();
    for case in cases {
        let numbers = |key: &str| {
            let all = case[key].as_array().unwrap().iter();
            all.map(|v| v.as_f64().unwrap() as f32).collect::<Vec<_>>()
        };
        let values = numbers("values");
        for (value, half) in values.iter().zip(numbers("half")) {
            let half = refit_clip::backend::half::f16_to_f32(half as u16);
            assert_eq!(rounded(*value), half, "{value}");
        }
        // In a file: NumPy's integers and scales are read as NumPy's products.
        let shape: Vec<usize> = serde_json::from_value(case["shape"].clone()).unwrap();
        let axis = case["axis"].as_u64().unwrap() as usize;
        let ones = shape.iter().enumerate();
        let ones: Vec<usize> = ones.map(|(i, s)| if i == axis { *s } else { 1 }).collect();
        let (count, scales) = (values.len(), numbers("scales"));
        let header = serde_json::json!({
            "m_scale": {"dtype": "F32", "shape": ones, "data_offsets": [0, 4 * scales.len()]},
            "m": {"dtype": "I8", "shape": shape, "data_offsets": [4 * scales.len(), 4 * scales.len() + count]},
        })
        .to_string();
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.bytes());
        file.extend(scales.iter().flat_map(|scale| scale.to_le_bytes()));
        file.extend(
            numbers("integers")
                .iter()
                .map(|i| (*i as i8).cast_unsigned()),
        );
        let all = read(&mut &file[..]);
        assert_eq!(all.len(), 1);
        assert_eq!(
            (all[0].0.dtype, &all[0].1),
            (Dtype::I8, &numbers("widened"))
        );
        // What is written of those numbers is NumPy's, too.
        let (own_scales, integers) = refit_clip::pack::quantise(&values, &shape, axis);
        assert_eq!(own_scales, scales);
        let integers: Vec<f32> = integers.into_iter().map(f32::from).collect();
        assert_eq!(integers, numbers("integers"));
        // Scales of another shape are none.
        let other = String::from_utf8_lossy(&file).into_owned();
        assert!(other.contains("m_scale"));
        let at = file.windows(7).position(|w| w == b"m_scale").unwrap();
        file[at] = b'n';
        let open = block_on(Checkpoint::open(&mut &file[..])).unwrap();
        let alone = open.entries.iter().find(|entry| entry.name == "m").unwrap();
        let error = block_on(Checkpoint::read(
            &mut &file[..],
            alone,
            &mut Vec::new(),
            |_| {},
        ));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("8-bit integers"), "{error}");
    }
}

#[test]
fn float16_is_the_rounded_original_and_int8_is_near() {
    for name in [
        "open_clip.safetensors",
        "transformers.safetensors",
        "logit_bias.safetensors",
    ] {
        let file = bytes(name);
        let original = read(&mut &file[..]);
        for dtype in [PackDtype::F16, PackDtype::Int8] {
            let files = Files::of(&mut &file[..], &options(), dtype, large()).unwrap();
            let packed = read(&mut files.source());
            assert_eq!(packed.len(), original.len(), "{name}");
            for ((before, values), (after, numbers)) in original.iter().zip(&packed) {
                assert_eq!((&before.name, &before.shape), (&after.name, &after.shape));
                let expected: Vec<f32> = match (dtype, after.dtype) {
                    (PackDtype::F16, Dtype::F16) => values.iter().map(|v| rounded(*v)).collect(),
                    (_, Dtype::F32) => values.clone(),
                    (PackDtype::Int8, Dtype::I8) => {
                        let most = values.iter().fold(0f32, |m, v| m.max(v.abs()));
                        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= most / 253.0;
                        assert!(values.iter().zip(numbers).all(near), "{}", before.name);
                        numbers.clone()
                    }
                    other => panic!("{other:?}"),
                };
                assert_eq!(*numbers, expected, "{} of {name}", before.name);
            }
            let whole = packed.iter().filter(|(entry, _)| entry.shape.len() >= 2);
            let kept = |entry: &Entry| match dtype {
                PackDtype::F16 => entry.dtype == Dtype::F16,
                PackDtype::Int8 => (entry.dtype == Dtype::I8) != entry.name.contains("position"),
            };
            whole.for_each(|(entry, _)| assert!(kept(entry), "{}", entry.name));
            // Kept in a cache, it is the same.
            let (mut source, options) = (files.source(), files.options());
            let repacked = RepackedCheckpoint::new(&mut source, &options);
            let repacked = block_on(repacked).unwrap();
            let mut cached = Vec::new();
            block_on(repacked.copy(&mut files.source(), 0, |part| {
                cached.extend_from_slice(part);
                Ok::<(), ClipError>(())
            }))
            .unwrap();
            let cached = read(&mut &cached[..]);
            assert!(cached.iter().map(|c| &c.1).eq(packed.iter().map(|p| &p.1)));
        }
    }
}

#[test]
fn a_pack_is_the_model_and_says_all_that_its_tensors_do_not() {
    let file = FormulaFile::new(tensors());
    let options = LoadOptions {
        activation: Some(Activation::QuickGelu),
        configuration: Configuration {
            preprocessing: PreprocessingOptions {
                mode: Some(ResizeMode::Squash),
                interpolation: Some(Interpolation::Bilinear),
                mean: Some([0.5; 3]),
                std: Some([0.25; 3]),
                fill: Some(3),
                ..PreprocessingOptions::default()
            },
            ..options().configuration
        },
        ..options()
    };
    let mut resized = options.clone();
    resized.configuration.preprocessing.resize = Some(5);
    resized.configuration.preprocessing.mode = Some(ResizeMode::Shortest);
    resized.configuration.preprocessing.fill = None;
    for options in [options, resized] {
        let mut source = FormulaFile::new(tensors());
        let before = block_on(CheckpointInfo::read(&mut source, &options)).unwrap();
        let original = block_on(Model::load(
            Cpu::default(),
            &mut source,
            options.clone(),
            |_| {},
        ));
        let original = embeddings(&original.unwrap());
        for (dtype, bound) in [(PackDtype::F16, 2e-3), (PackDtype::Int8, 0.03)] {
            let files = Files::of(&mut source, &options, dtype, large()).unwrap();
            let after = files.model();
            assert_eq!(after.info().architecture, before.architecture);
            assert_eq!(after.info().preprocessing, before.preprocessing);
            assert_eq!(after.info().activation_from, Evidence::Configuration);
            assert_eq!(after.info().assumptions(), []);
            let packed = embeddings(&after);
            let differences = packed.iter().zip(&original).map(|(a, b)| (a - b).abs());
            let largest = differences.fold(0f32, f32::max);
            assert!(largest > 0.0 && largest < bound, "{dtype}: {largest}");
        }
    }
    assert!(file.size() > 0);
}

#[test]
fn the_image_tower_comes_first_in_shards_of_their_own() {
    let mut source = FormulaFile::new(tiny_mammut(12, 6));
    let limit = 1500;
    let files = Files::of(&mut source, &options(), PackDtype::F16, limit).unwrap();
    assert!(files.shards.iter().all(|shard| shard.len() as u64 <= limit));
    let holds: Vec<Holds> = files.pack.shards.iter().map(|shard| shard.holds).collect();
    let mut order = holds.clone();
    order.dedup();
    assert_eq!(order, [Holds::Image, Holds::Text, Holds::Decoder]);
    assert!(holds.len() > 3, "several shards of a tower: {holds:?}");
    for (shard, bytes) in files.pack.shards.iter().zip(&files.shards) {
        for (entry, _) in read(&mut &bytes[..]) {
            let is_image = entry.name.starts_with("visual.") || entry.name == "logit_scale";
            let is_decoder = ["cross_attn", "map_viz2txt_kv", "text_projection"];
            let is_decoder = is_decoder.iter().any(|part| entry.name.contains(part));
            let expected = match (is_image, is_decoder) {
                (true, _) => Holds::Image,
                (_, true) => Holds::Decoder,
                _ => Holds::Text,
            };
            assert_eq!(shard.holds, expected, "{}", entry.name);
        }
    }
    // What makes a logit of a cosine is needed first.
    let first = read(&mut &files.shards[0][..]);
    assert!(first.iter().any(|(entry, _)| entry.name == "logit_scale"));
    // The index names the shards, each tensor in the one that has it.
    let index = files.pack.index();
    let names: Vec<&str> = files.pack.shards.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(ShardIndex::read(index.as_bytes()).unwrap().files, names);
    let index: Value = serde_json::from_str(&index).unwrap();
    for (shard, bytes) in files.pack.shards.iter().zip(&files.shards) {
        for (entry, _) in read(&mut &bytes[..]) {
            assert_eq!(index["weight_map"][&entry.name], shard.name);
        }
    }
    assert!(files.model().info().architecture.decoder.is_some());
}

#[test]
fn what_cannot_be_packed_is_said() {
    let mut source = FormulaFile::new(tensors());
    let small = Files::of(&mut source, &options(), PackDtype::F16, 600)
        .err()
        .unwrap();
    assert!(
        small.to_string().contains("alone needs a shard of"),
        "{small}"
    );
    // 1e6 is a float32 and no float16.
    let file = bytes("open_clip.safetensors");
    let checkpoint = block_on(Checkpoint::open(&mut &file[..])).unwrap();
    let header = 8 + u64::from_le_bytes(*file.first_chunk().unwrap()) as usize;
    let mut large_number = file.clone();
    large_number[header..header + 4].copy_from_slice(&1e6f32.to_le_bytes());
    let first = &checkpoint.entries[0];
    let packed = Files::of(&mut &large_number[..], &options(), PackDtype::F16, large());
    match (first.shape.is_empty(), packed) {
        (false, Err(PackError::Clip(ClipError::Weights(WeightsError::Tensor { name, .. })))) => {
            assert_eq!(name, first.name);
        }
        (_, other) => panic!("{:?}", other.err()),
    }
    let packed = Files::of(&mut &large_number[..], &options(), PackDtype::Int8, large());
    assert!(packed.is_ok());
    let nothing = Files::of(
        &mut &b"no checkpoint"[..],
        &options(),
        PackDtype::F16,
        large(),
    );
    assert!(matches!(nothing.err(), Some(PackError::Clip(_))));
}
