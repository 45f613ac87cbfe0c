//! What goes wrong on a GPU is a typed error with a sentence, and what can go on goes on.

use crate::formula::FormulaFile;
use crate::gpu;
use crate::tiny::tiny;
use pollster::block_on;
use refit_clip::architecture::Configuration;
use refit_clip::backend::gpu::{DeviceOptions, Gpu};
use refit_clip::backend::{Backend, ComputeError, Epilogue, Split, WeightLayout};
use refit_clip::tokenizer::Tokens;
use refit_clip::{self, ClipError, Model};

/// That the device still computes.
fn works(gpu: &Gpu) {
    let mut x = gpu.tensor(4, vec![3.0, 0.0, 0.0, 4.0]).unwrap();
    gpu.normalize(&mut x);
    assert_eq!(block_on(gpu.download(&x)).unwrap(), [0.6, 0.0, 0.0, 0.8]);
}

#[test]
fn a_lost_device_is_said_to_be_lost() {
    let Some(gpu) = gpu::open(DeviceOptions::default()) else {
        return;
    };
    let mut file = FormulaFile::new(tiny(1000, 77));
    let configuration = Configuration {
        vision_heads: Some(2),
        text_heads: Some(2),
        ..Configuration::default()
    };
    let options = refit_clip::LoadOptions {
        configuration,
        ..refit_clip::LoadOptions::default()
    };
    let load = Model::load(gpu.clone(), &mut file, options, |_| {});
    let model = block_on(load).unwrap();
    works(&gpu);
    gpu.destroy();
    let text = Tokens {
        ids: vec![1, 999],
        truncated: 0,
        mojibake: false,
    };
    let error = block_on(model.encode_texts(&[text])).unwrap_err();
    assert!(matches!(
        error,
        ClipError::Compute(ComputeError::Lost { .. })
    ));
    assert_eq!(error.to_string(), "the device was lost (it was destroyed)");
    assert!(matches!(
        block_on(gpu.finish()),
        Err(ComputeError::Lost { .. })
    ));
    // Another one is soon there.
    let again = gpu::open(DeviceOptions::default()).unwrap();
    works(&again);
}

#[test]
fn what_is_too_large_is_refused() {
    let options = DeviceOptions {
        binding_bytes: Some(1 << 20),
        ..DeviceOptions::default()
    };
    let Some(gpu) = gpu::open(options) else {
        return;
    };
    let too_large = ComputeError::TooLarge {
        bytes: 4 << 20,
        limit: 1 << 20,
    };
    assert_eq!(gpu.empty(1024, 1024).err(), Some(too_large.clone()));
    let values = vec![0.0; 1 << 20];
    let weights = gpu.weights(
        1024,
        1024,
        WeightLayout::InputsByOutputs,
        Split::Whole,
        &values,
    );
    assert_eq!(weights.err(), Some(too_large.clone()));
    // A table may be larger; whatever else reads it may not.
    let table = gpu.tensor(1024, values).unwrap();
    let mut out = gpu.empty(1, 1024).unwrap();
    gpu.gather_rows(&table, &[0], &mut out);
    assert_eq!(block_on(gpu.finish()), Err(too_large));
    works(&gpu);
}

#[test]
fn shapes_that_no_kernel_takes_are_refused() {
    let Some(gpu) = gpu::open(DeviceOptions::default()) else {
        return;
    };
    let unsupported = |error| matches!(error, Some(ComputeError::Unsupported { .. }));
    assert!(unsupported(gpu.empty(1, 6).err()));
    assert!(unsupported(gpu.tensor(3, vec![0.0; 3]).err()));
    let weights = gpu.weights(
        8,
        7,
        WeightLayout::InputsByOutputs,
        Split::Whole,
        &[0.0; 56],
    );
    assert!(unsupported(weights.err()));
    for (width, heads) in [(136, 1), (12, 2)] {
        let qkv = gpu.empty(1, 3 * width).unwrap();
        let mut out = gpu.empty(1, width).unwrap();
        gpu.attention(&qkv, 1, heads, false, &mut out);
        assert!(unsupported(block_on(gpu.finish()).err()));
    }
    works(&gpu);
}

/// More tiles than a dispatch may have: the device's own check, through an error scope.
#[test]
fn what_the_device_refuses_is_said() {
    let Some(gpu) = gpu::open(DeviceOptions::default()) else {
        return;
    };
    let rows = 64 * 65536;
    let x = gpu.empty(rows, 4).unwrap();
    let mut out = gpu.empty(rows, 4).unwrap();
    let weights = gpu.weights(
        4,
        4,
        WeightLayout::InputsByOutputs,
        Split::Whole,
        &[0.0; 16],
    );
    gpu.linear(&x, &weights.unwrap(), None, Epilogue::Nothing, &mut out);
    let error = block_on(gpu.finish()).unwrap_err();
    assert!(matches!(error, ComputeError::Refused { .. }), "{error}");
    drop((x, out));
    works(&gpu);
}

/// In a process of its own that may take 4 GB, where a software adapter runs out of them.
#[cfg(target_os = "linux")]
#[test]
fn no_room_is_said() {
    use std::process::Command;
    const MARK: &str = "REFIT_TEST_IN_4_GB";
    let Some(gpu) = gpu::open(DeviceOptions::default()) else {
        return;
    };
    if !gpu.adapter().is_software {
        return;
    }
    if std::env::var_os(MARK).is_none() {
        let program = std::env::current_exe().unwrap();
        let limited = "ulimit -v 4000000 && exec \"$0\" --exact failures::no_room_is_said";
        let mut child = Command::new("sh");
        child.args(["-c", limited]).arg(program).env(MARK, "1");
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}"
        );
        return;
    }
    let mut held = Vec::new();
    let error = loop {
        assert!(held.len() < 40, "5 GB fit into 4");
        held.push(gpu.empty(1 << 15, 1 << 10).unwrap());
        if let Err(error) = block_on(gpu.finish()) {
            break error;
        }
    };
    assert_eq!(error, ComputeError::OutOfMemory { bytes: 128 << 20 });
    // Once there is room again, all is well.
    drop(held);
    works(&gpu);
    assert!(gpu.empty(1 << 15, 1 << 10).is_ok());
    assert_eq!(block_on(gpu.finish()), Ok(()));
}
