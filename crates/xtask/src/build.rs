//! `cargo xtask build`: the page, as files for any static host.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Options, Result, budget,
    process::{self, cargo, root},
    progress::Work,
    tools,
};

/// Compiles the page's programs at the same time: Trunk asks for one after another, and then
/// finds them compiled.
pub(crate) fn programs() -> Result {
    let index = root().join("index.html");
    let index = fs::read_to_string(&index)
        .map_err(|error| format!("{} cannot be read: {error}", index.display()))?;
    let mut build = cargo("build --release --target");
    build.arg(tools::WASM);
    for program in programs_of(&index) {
        build.args(["--bin", program]);
    }
    let work = Work {
        name: "programs",
        what: "compiling the page's programs",
        on_two_cores: Duration::from_secs(200),
    };
    work.run(|| process::run(&mut build))
}

/// The programs that a page's links for Trunk name.
fn programs_of(index: &str) -> impl Iterator<Item = &str> {
    let links = index.split("data-bin=\"").skip(1);
    links.filter_map(|link| link.split('"').next())
}

/// Builds into dist/, for any folder unless an address is given.
pub(crate) fn page(public_url: Option<&str>) -> Result<PathBuf> {
    let mut trunk = tools::trunk_build()?;
    if let Some(url) = public_url {
        trunk.args(["--public-url", url]);
    }
    programs()?;
    let assembly = Work {
        name: "assembly",
        what: "assembling the page with Trunk and wasm-opt",
        on_two_cores: Duration::from_secs(45),
    };
    assembly.run(|| process::run(&mut trunk))?;
    let dist = root().join("dist");
    if let Some(url) = public_url {
        point_404(&dist.join("404.html"), url)?;
    }
    budget::check(&dist)?;
    Ok(dist)
}

pub(crate) fn run(mut options: Options) -> Result {
    let public_url = options.take("--public-url")?;
    options.finish()?;
    page(public_url.as_deref())?;
    println!("\nThe page is in dist/: any static host can serve it.");
    Ok(())
}

/// Writes `data/files.txt`: the data files by name, which the service worker caches.
pub(crate) fn list_data(options: Options) -> Result {
    options.finish()?;
    let staging = env::var_os("TRUNK_STAGING_DIR")
        .ok_or("Trunk names no folder: `cargo xtask build` calls this by way of Trunk")?;
    let data = Path::new(&staging).join("data");
    let explain = |error| format!("{} cannot be listed: {error}", data.display());
    let mut files = Vec::new();
    list(&data, "", &mut files).map_err(explain)?;
    files.sort();
    fs::write(data.join("files.txt"), files.join("\n") + "\n").map_err(explain)
}

/// Adds the CSV and JSON files of a folder, each after `prefix`.
fn list(folder: &Path, prefix: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), files)?;
        } else if name.ends_with(".csv") || name.ends_with(".json") {
            files.push(name);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::programs_of;

    #[test]
    fn the_page_names_its_programs() {
        let index = r#"<link data-trunk rel="rust" data-bin="page" data-bindgen-target="web">
            <link rel="icon" href="icon.svg"><link data-trunk rel="rust" data-bin="models">"#;
        assert_eq!(programs_of(index).collect::<Vec<_>>(), ["page", "models"]);
    }
}
