//! The page: wasm32 only.

#[cfg(target_arch = "wasm32")]
fn main() {
    refit::page::mount();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The page runs in a browser: cargo xtask serve");
}
