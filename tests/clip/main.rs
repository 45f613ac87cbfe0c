//! The models against open_clip, at full size, with weights that are a formula; loading from
//! every container, and refusing what is damaged.
#![cfg(not(target_arch = "wasm32"))]

mod containers;
mod formula;
mod parity;
