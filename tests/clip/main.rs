//! The models against open_clip, at full size, with weights that are a formula; loading from
//! every container, and refusing what is damaged; the commands of the terminal.
#![cfg(not(target_arch = "wasm32"))]

mod containers;
mod formula;
mod parity;
mod terminal;
