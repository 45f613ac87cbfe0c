//! Damaged checkpoints: an error, but no panic.

use crate::containers::{bytes, load, options};
use pollster::block_on;
use proptest::prelude::*;
use refit_clip::CheckpointInfo;
use refit_clip::architecture::Configuration;
use refit_clip::weights::shards::ShardIndex;

const MUTATED: [&str; 8] = [
    "open_clip.safetensors",
    "state_dict.pt",
    "training.pt",
    "transformers.bin",
    "deflated.pt",
    "legacy.pt",
    "script.pt",
    "whole.pt",
];

#[test]
fn no_truncation_panics() {
    for name in MUTATED {
        let bytes = bytes(name);
        for end in (0..bytes.len())
            .step_by(97)
            .chain(bytes.len() - 60..bytes.len())
        {
            assert!(
                load(&mut &bytes[..end]).is_err(),
                "{name} cut at {end} loads"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_damage_panics(
        file in 0..MUTATED.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        early in any::<bool>(),
    ) {
        let mut bytes = bytes(MUTATED[file]);
        // Half of the changes hit what describes the tensors.
        let part = if early { bytes.len().min(6000) } else { bytes.len() };
        for (index, byte) in changes {
            bytes[index.index(part)] = byte;
        }
        let _ = load(&mut bytes.as_slice());
    }

    #[test]
    fn no_noise_panics(
        start in prop::sample::select(vec![&b"PK\x03\x04"[..], b"\x80\x02", b"\x20\0\0\0\0\0\0\0{", b""]),
        noise in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = [start, &noise].concat();
        prop_assert!(load(&mut bytes.as_slice()).is_err());
    }
}

/// Readers of headers on damaged files: `REFIT_FUZZ` says how many of each (10⁶ take minutes).
#[test]
fn readers_survive_damage() {
    let count = std::env::var("REFIT_FUZZ")
        .ok()
        .and_then(|n| n.parse().ok());
    let count: u64 = count.unwrap_or(1500);
    let configuration = br#"{"model_cfg": {"quick_gelu": true, "vision_cfg": {"width": 768, "head_width": 64}, "text_cfg": {"heads": 8}}, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "interpolation": "bicubic", "resize_mode": "squash"}, "image_processor": {"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}, "resample": 3}, "size": 224}"#;
    for name in MUTATED {
        let whole = bytes(name);
        damage(&whole, count, |mut file| {
            let _ = block_on(CheckpointInfo::read(&mut file, &options()));
        });
    }
    damage(&bytes("model.safetensors.index.json"), count, |file| {
        let _ = ShardIndex::read(file);
    });
    damage(configuration, count, |file| {
        let _ = Configuration::read(&String::from_utf8_lossy(file));
    });
}

/// Calls a reader with so many damaged copies: bytes changed, mostly where a file is described, and
/// its end cut off.
fn damage(whole: &[u8], count: u64, read: impl Fn(&[u8])) {
    let mut copy = whole.to_vec();
    for case in 0..count {
        let random = |i: u64| crate::crops::splitmix64(case << 8 | i) as usize;
        copy.clear();
        copy.extend_from_slice(whole);
        for i in 0..1 + random(0) as u64 % 8 {
            let number = random(3 * i + 1);
            // A directory lies at the end, a pickle or a header at the start.
            let at = match random(3 * i + 2) % 3 {
                0 => number % copy.len(),
                1 => number % copy.len().min(6000),
                _ => copy.len() - 1 - number % copy.len().min(3000),
            };
            copy[at] = random(3 * i + 3) as u8;
        }
        if random(100).is_multiple_of(5) {
            copy.truncate(random(101) % copy.len());
        }
        read(&copy);
    }
}
