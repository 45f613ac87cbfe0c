//! The models against open_clip, at full size, with weights that are a formula; loading from
//! every container, and refusing what is damaged; the commands of the terminal.
#![cfg(not(target_arch = "wasm32"))]

mod containers;
mod formula;
mod parity;
mod terminal;

#[test]
fn vit_s_32_alt_is_open_clips() {
    let reference = include_str!("../reference/clip/formula_ViT-S-32-alt.json");
    pollster::block_on(parity::compare(reference));
}

/// 151 million weights.
#[test]
fn vit_b_32_is_open_clips() {
    let reference = include_str!("../reference/clip/formula_ViT-B-32.json");
    pollster::block_on(parity::compare(reference));
}
