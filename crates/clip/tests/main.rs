//! The models against open_clip, at full size, with weights that are a formula; loading from
//! every container, and refusing what is damaged.
#![cfg(not(target_arch = "wasm32"))]
// Helpers of tests fail as tests do.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod captions;
mod containers;
mod crops;
mod damage;
mod failures;
mod formula;
mod formula_source;
mod gpu;
mod group;
mod heads;
mod kernels;
mod locate;
mod mix;
mod pack;
mod parity;
mod preprocess;
mod refused;
mod shapes;
mod tiny;
mod tokenizer;

use parity::{Bound, compare};
use pollster::block_on;
use refit_clip::backend::cpu::Cpu;
use refit_clip::backend::gpu::{DeviceOptions, Gpu, Precision};

const VIT_S: &str = include_str!("reference/formula_ViT-S-32-alt.json");
/// 151 million weights.
const VIT_B: &str = include_str!("reference/formula_ViT-B-32.json");

const MAMMUT_S: &str = include_str!("reference/formula_mammut_ViT-S-32.json");
/// 183 million weights.
const MAMMUT_B: &str = include_str!("reference/formula_mammut_ViT-B-32.json");

#[test]
fn mammut_s_32_is_open_clips() {
    block_on(compare(Cpu::default(), MAMMUT_S, Bound::Rounding));
}

#[test]
fn mammut_b_32_is_open_clips() {
    block_on(compare(Cpu::default(), MAMMUT_B, Bound::Rounding));
}

#[test]
fn mammut_s_32_is_open_clips_on_the_gpu() {
    if let Some(gpu) = gpu::open(DeviceOptions::default()) {
        block_on(compare(gpu, MAMMUT_S, Bound::Rounding));
    }
}

#[test]
fn mammut_s_32_in_f16_is_close() {
    if let Some(gpu) = gpu::open(HALF) {
        block_on(compare(gpu, MAMMUT_S, Bound::Half));
    }
}

#[test]
fn vit_s_32_alt_is_open_clips() {
    block_on(compare(Cpu::default(), VIT_S, Bound::Rounding));
}

#[test]
fn vit_b_32_is_open_clips() {
    block_on(compare(Cpu::default(), VIT_B, Bound::Rounding));
}

#[test]
fn vit_s_32_alt_is_open_clips_on_the_gpu() {
    if let Some(gpu) = gpu::open(DeviceOptions::default()) {
        block_on(compare(gpu, VIT_S, Bound::Rounding));
    }
}

#[test]
fn vit_b_32_is_open_clips_on_the_gpu() {
    if let Some(gpu) = gpu::open(DeviceOptions::default()) {
        block_on(compare(gpu, VIT_B, Bound::Rounding));
    }
}

const HALF: DeviceOptions = DeviceOptions {
    precision: Precision::F16,
    binding_bytes: None,
    memory_percent: None,
    as_hardware: false,
};

#[test]
fn vit_s_32_alt_in_f16_is_close() {
    if let Some(gpu) = gpu::open(HALF) {
        block_on(compare(gpu, VIT_S, Bound::Half));
    }
}

#[test]
fn vit_b_32_in_f16_is_close() {
    if let Some(gpu) = gpu::open(HALF) {
        block_on(compare(gpu, VIT_B, Bound::Half));
    }
}

/// In both precisions.
mod every_kernel {
    use super::{kernels, on_both};

    #[test]
    fn products() {
        on_both(kernels::products);
    }

    #[test]
    fn large_products() {
        on_both(kernels::large_products);
    }

    #[test]
    fn operations_on_rows() {
        on_both(kernels::operations_on_rows);
    }

    #[test]
    fn very_many_rows() {
        on_both(kernels::very_many_rows);
    }

    #[test]
    fn attention() {
        on_both(kernels::attention);
    }

    #[test]
    fn attention_over_a_cache() {
        on_both(kernels::attention_over_a_cache);
    }

    #[test]
    fn the_largest_of_each_row() {
        on_both(kernels::the_largest_of_each_row);
    }

    #[test]
    fn sequences_of_pictures_and_texts() {
        on_both(kernels::sequences_of_pictures_and_texts);
    }

    #[test]
    fn a_table_larger_than_a_binding() {
        on_both(kernels::a_table_larger_than_a_binding);
    }

    #[test]
    fn the_device_says_how_long_it_worked() {
        on_both(kernels::the_device_says_how_long_it_worked);
    }
}

/// Runs a check on GPUs of both precisions.
fn on_both(check: impl AsyncFn(&Gpu)) {
    for precision in [Precision::F32, Precision::F16] {
        let options = DeviceOptions {
            precision,
            ..DeviceOptions::default()
        };
        if let Some(gpu) = gpu::open(options) {
            block_on(check(&gpu));
        }
    }
}

/// With `REFIT_NEED_GPU=1` it fails where there is none: `cargo xtask test` asks it first.
#[test]
fn there_is_one() {
    if let Some(gpu) = gpu::open(DeviceOptions::default()) {
        println!("{:?}", gpu.adapter());
    }
}
