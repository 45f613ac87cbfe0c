//! The models against open_clip, at full size, with weights that are a formula; loading from
//! every container, and refusing what is damaged; the commands of the terminal.
#![cfg(not(target_arch = "wasm32"))]

mod containers;
mod failures;
mod formula;
mod gpu;
mod kernels;
mod parity;
mod terminal;

use parity::{Bound, compare};
use pollster::block_on;
use refit::compute::cpu::Cpu;
use refit::compute::gpu::{Options, Precision};

const VIT_S: &str = include_str!("../reference/clip/formula_ViT-S-32-alt.json");
/// 151 million weights.
const VIT_B: &str = include_str!("../reference/clip/formula_ViT-B-32.json");

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
    if let Some(gpu) = gpu::open(Options::default()) {
        block_on(compare(gpu, VIT_S, Bound::Rounding));
    }
}

#[test]
fn vit_b_32_is_open_clips_on_the_gpu() {
    if let Some(gpu) = gpu::open(Options::default()) {
        block_on(compare(gpu, VIT_B, Bound::Rounding));
    }
}

const HALF: Options = Options {
    precision: Precision::F16,
    binding_bytes: None,
    memory_percent: None,
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
