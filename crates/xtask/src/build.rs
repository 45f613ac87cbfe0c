//! `cargo xtask build`: the page, as files for any static host.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Options, Result, budget,
    process::{self, root, say},
    tools,
};

/// Builds into dist/, for any folder unless an address is given.
pub fn page(public_url: Option<&str>) -> Result<PathBuf> {
    let mut trunk = tools::trunk("build")?;
    say("building the page: the first time takes a few minutes");
    if let Some(url) = public_url {
        trunk.args(["--public-url", url]);
    }
    process::run(&mut trunk)?;
    let dist = root().join("dist");
    if let Some(url) = public_url {
        point_404(&dist.join("404.html"), url)?;
    }
    budget::check(&dist)?;
    Ok(dist)
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
