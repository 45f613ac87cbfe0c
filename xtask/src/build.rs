//! `cargo xtask build`: the page, as files for any static host.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Options, Result,
    process::{self, command, root, say},
    tools,
};

/// For size, gzipped: larger functions with one caller stay, as their neighbours are their like.
const WASM_OPT: &str = "data-wasm-opt=\"z\" data-wasm-opt-params=\"--low-memory-unused -ocimfs=20 \
    --strip-debug --strip-producers --strip-target-features\"";

/// Builds into dist/, for any folder unless an address is given.
pub fn page(public_url: Option<&str>) -> Result<PathBuf> {
    let wasm_opt = tools::wasm_opt();
    if wasm_opt.is_none() {
        println!(
            "There is no wasm-opt here, and the page is 3 % bigger without; \
             get it with your system's binaryen, or install npm."
        );
    }
    let path = tools::path(wasm_opt.as_deref())?;
    say("building the page: the first time takes a few minutes");
    let mut trunk = command(tools::trunk()?);
    trunk.arg("build").env("PATH", path);
    let optimised = match wasm_opt {
        Some(_) => Some(Optimised::write()?),
        None => None,
    };
    if let Some(html) = &optimised {
        trunk.arg(&html.0);
    }
    if let Some(url) = public_url {
        trunk.args(["--public-url", url]);
    }
    process::run(&mut trunk)?;
    let dist = root().join("dist");
    if let Some(url) = public_url {
        point_404(&dist.join("404.html"), url)?;
    }
    Ok(dist)
}

/// index.html with wasm-opt on, while Trunk reads it. In index.html itself it is off: a Trunk that
/// finds no wasm-opt would download one.
struct Optimised(PathBuf);

impl Optimised {
    fn write() -> Result<Self> {
        // Beside index.html, to which its links are relative.
        let (from, to) = (
            root().join("index.html"),
            root().join("index.optimised.html"),
        );
        let explain = |error| format!("{} cannot be written: {error}", to.display());
        let html = fs::read_to_string(from).map_err(explain)?;
        fs::write(&to, html.replace("data-wasm-opt=\"0\"", WASM_OPT)).map_err(explain)?;
        Ok(Self(to))
    }
}

impl Drop for Optimised {
    fn drop(&mut self) {
        // Ignored by git, and written anew each time.
        let _ = fs::remove_file(&self.0);
    }
}

pub fn run(mut options: Options) -> Result {
    let public_url = options.take("--public-url")?;
    options.finish()?;
    page(public_url.as_deref())?;
    println!("\nThe page is in dist/: any static host can serve it.");
    Ok(())
}

/// A host shows 404.html at any depth, where a relative link would lead astray.
fn point_404(file: &Path, url: &str) -> Result {
    let explain = |error| format!("{} cannot be adapted: {error}", file.display());
    let text = fs::read_to_string(file).map_err(explain)?;
    fs::write(
        file,
        text.replace("href=\"./\"", &format!("href=\"{url}\"")),
    )
    .map_err(explain)
}
