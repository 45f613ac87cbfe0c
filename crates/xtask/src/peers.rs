//! What others need for the same work: SciPy, PyTorch and onnxruntime-web, installed under target/.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    Result,
    process::{command, find, output, root, run, say},
};

/// The peer of the models in the browser.
const ONNXRUNTIME: &str = "onnxruntime-web@1.30.0";

/// A Python of its own in target/NAME, with what a file asks for.
fn python(name: &str, requirements: &str) -> Result<PathBuf> {
    let environment = root().join("target").join(name);
    let python = environment.join("bin/python");
    if !python.is_file() {
        let system = find("python3").ok_or("there is no python3 here: install Python 3")?;
        run(command(system).args(["-m", "venv"]).arg(&environment))?;
    }
    say(&format!("installing {requirements} into target/{name}"));
    run(command(&python).args(["-m", "pip", "install", "--quiet", "-r", requirements]))?;
    Ok(python)
}

/// Times of the same fits by SciPy, as JSON (`benches/peers.py`).
pub(crate) fn fits() -> Result<String> {
    let python = python("venv", "benches/requirements.txt")?;
    say("running the released search by SciPy: about a minute");
    let script = [
        "benches/peers.py",
        "crates/fit/tests/reference/ade20k_clip.csv",
    ];
    // One thread a process: the released code's pool has 24.
    output(
        command(&python)
            .args(script)
            .env("OPENBLAS_NUM_THREADS", "1"),
    )
}

/// Puts onnxruntime-web and its models into the folder of the models' page, and gives PyTorch's
/// times as JSON (`benches/clip/peers.py`).
pub(crate) fn models(folder: &Path) -> Result<String> {
    let npm = find("npm").ok_or("there is no npm here for onnxruntime-web: install Node.js")?;
    let modules = root().join("target/npm");
    fs::create_dir_all(&modules).map_err(|error| format!("target/npm: {error}"))?;
    say(&format!("installing {ONNXRUNTIME} into target/npm"));
    run(command(npm)
        .args(["install", "--no-audit", "--no-fund", "--prefix"])
        .arg(&modules)
        .arg(ONNXRUNTIME))?;
    let from = modules.join("node_modules/onnxruntime-web/dist");
    copy(&from, &folder.join("onnxruntime"), &["mjs", "wasm"])?;
    let python = clip_python()?;
    say("exporting ViT-B/32 and timing PyTorch: a few minutes");
    output(command(python).arg("benches/clip/peers.py").arg(folder))
}

/// A Python with PyTorch and open_clip: `REFIT_PYTHON`, which has what
/// `benches/clip/requirements.txt` asks for, or one under target/.
pub(crate) fn clip_python() -> Result<PathBuf> {
    match env::var_os("REFIT_PYTHON") {
        Some(python) => Ok(python.into()),
        None => python("venv-clip", "benches/clip/requirements.txt"),
    }
}

/// Copies a folder's files of some kinds.
pub(crate) fn copy(from: &Path, to: &Path, kinds: &[&str]) -> Result {
    let explain = |error| format!("{} cannot be copied: {error}", from.display());
    fs::create_dir_all(to).map_err(explain)?;
    for entry in fs::read_dir(from).map_err(explain)? {
        let path = entry.map_err(explain)?.path();
        let kind = path.extension().and_then(|kind| kind.to_str());
        if let (Some(kind), Some(name)) = (kind, path.file_name())
            && kinds.contains(&kind)
        {
            fs::copy(&path, to.join(name)).map_err(explain)?;
        }
    }
    Ok(())
}
