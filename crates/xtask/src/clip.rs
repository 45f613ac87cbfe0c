//! `cargo xtask bench --clip`: the models natively and in Chromium, and beside others.

use std::path::PathBuf;

use crate::{
    Result, browser, peers,
    process::{cargo, command, root, run, say},
    tools,
};

pub(crate) fn bench(with_peers: bool) -> Result {
    let chrome = browser::chrome()?;
    let folder = page()?;
    say("the models natively, after writing checkpoints of 605 and 732 MB where there are none");
    run(cargo("bench --bench clip --").arg(&folder))?;
    let mut engines = cargo("run --quiet --package browser-tests --bin clip");
    if with_peers {
        engines.env("REFIT_PEERS", peers::models(&folder)?);
    }
    say(
        "the models in Chromium: minutes, since its GPU is software here; with peers a quarter of an hour",
    );
    run(engines
        .env("REFIT_CLIP", &folder)
        .env("REFIT_CHROME", chrome))
}

/// The models on this machine's GPU through Vulkan by batch and precision, and PyTorch's on CUDA.
pub(crate) fn bench_gpu(with_peers: bool) -> Result {
    let folder = root().join("target/clip-bench");
    run(cargo("bench --bench clip -- --gpu").arg(&folder))?;
    if with_peers {
        run(command(peers::clip_python()?).args(["benches/clip/peers.py", "--gpu"]))?;
    }
    Ok(())
}

/// Builds the page of `benches/clip/`, which is never published, as the published one is built.
fn page() -> Result<PathBuf> {
    tools::wasm_target()?;
    let folder = root().join("target/clip-bench");
    let mut build = cargo("build --release --features bench --bin clip-bench");
    run(build.args(["--target", tools::WASM]))?;
    let module = format!("target/{}/release/clip-bench.wasm", tools::WASM);
    run(command(tools::wasm_bindgen("wasm-bindgen")?)
        .args(["--target", "web", "--no-typescript", "--out-dir"])
        .arg(&folder)
        .arg(module))?;
    peers::copy(&root().join("benches/clip"), &folder, &["html", "js"])?;
    Ok(folder)
}
