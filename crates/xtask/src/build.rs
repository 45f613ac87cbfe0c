//! `cargo xtask build`: the page, as files for any static host.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Options, Result, budget,
    process::{self, built, cargo, command, root},
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

/// Compiles the terminal, which renders the papers to read, before Trunk waits for it.
pub(crate) fn terminal() -> Result {
    let work = Work {
        name: "terminal",
        what: "compiling the terminal, which renders the papers to read",
        on_two_cores: Duration::from_secs(120),
    };
    work.run(|| process::run(&mut cargo("build --bin refit")))
}

/// The programs that a page's links for Trunk name.
fn programs_of(index: &str) -> impl Iterator<Item = &str> {
    let links = index.split("data-bin=\"").skip(1);
    links.filter_map(|link| link.split('"').next())
}

/// By which the command that Trunk calls knows the site's address.
const SITE: &str = "REFIT_SITE";
/// And the terminal, where it is compiled.
const TERMINAL: &str = "REFIT_BIN";

/// Builds into dist/, for any folder unless a path is given; `site` is its whole address. `terminal` compiles the
/// terminal: alone, or with the tests, which have other features of its dependencies.
pub(crate) fn page(
    public_url: Option<&str>,
    site: Option<&str>,
    terminal: fn() -> Result,
) -> Result<PathBuf> {
    let mut trunk = tools::trunk_build()?;
    if let Some(url) = public_url {
        trunk.args(["--public-url", url]);
    }
    if let Some(site) = site {
        trunk.env(SITE, site);
    }
    programs()?;
    terminal()?;
    let built = built("refit");
    if built.is_file() {
        trunk.env(TERMINAL, built);
    }
    let assembly = Work {
        name: "assembly",
        what: "assembling the page with Trunk and wasm-opt",
        on_two_cores: Duration::from_secs(30),
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
    let site = options.take("--site")?;
    options.finish()?;
    page(public_url.as_deref(), site.as_deref(), terminal)?;
    println!("\nThe page is in dist/: any static host can serve it.");
    Ok(())
}

/// Renders Home and the papers to read into the page that Trunk is building, and writes `data/files.txt`
/// and `read/files.txt`: the files by name, which the service worker caches.
pub(crate) fn complete(options: Options) -> Result {
    options.finish()?;
    let staging = env::var_os("TRUNK_STAGING_DIR")
        .ok_or("Trunk names no folder: `cargo xtask build` calls this by way of Trunk")?;
    let staging = Path::new(&staging);
    let index = staging.join("index.html");
    let mut render = match env::var_os(TERMINAL) {
        Some(terminal) => command(terminal),
        None => cargo("run --quiet --bin refit --"),
    };
    render.args(["study", "render", "--out"]);
    render.arg(staging.join("read")).arg("--home").arg(&index);
    if let Some(site) = env::var_os(SITE) {
        render.arg("--site").arg(site);
    }
    process::run(&mut render)?;
    let explain = |error| format!("{} cannot be adapted: {error}", index.display());
    let text = fs::read_to_string(&index).map_err(explain)?;
    fs::write(&index, preloads_on_demand(&text)?).map_err(explain)?;
    list(&staging.join("data"), &["csv", "json"])?;
    list(&staging.join("read"), &["html", "css", "js", "json", "svg"])
}

/// Home needs no program: the links that preload it are moved before the script that turns them on where
/// the address asks for a view, and are off until then.
fn preloads_on_demand(index: &str) -> Result<String> {
    let mut rest = index.to_owned();
    let mut links = String::new();
    for rel in ["modulepreload", "preload"] {
        let start = rest.find(&format!("<link rel=\"{rel}\""));
        let link = start.and_then(|start| Some(start..start + rest[start..].find('>')? + 1));
        let link = link.ok_or_else(|| format!("index.html has no {rel}"))?;
        links.push_str(&rest[link.clone()].replacen("rel=", "data-rel=", 1));
        rest.replace_range(link, "");
    }
    let script = rest.find("<script>").ok_or("index.html has no script")?;
    rest.insert_str(script, &links);
    Ok(rest)
}

/// Writes `files.txt` into a folder: its files of some kinds.
fn list(folder: &Path, kinds: &[&str]) -> Result {
    let explain = |error| format!("{} cannot be listed: {error}", folder.display());
    let mut files = Vec::new();
    find_files(folder, "", kinds, &mut files).map_err(explain)?;
    files.sort();
    fs::write(folder.join("files.txt"), files.join("\n") + "\n").map_err(explain)
}

/// Adds the files of a folder of some kinds, each after `prefix`.
fn find_files(
    folder: &Path,
    prefix: &str,
    kinds: &[&str],
    files: &mut Vec<String>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            find_files(&entry.path(), &format!("{name}/"), kinds, files)?;
        } else if kinds.iter().any(|kind| name.ends_with(&format!(".{kind}"))) {
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
    use super::{preloads_on_demand, programs_of};

    #[test]
    fn preloads_are_off_and_before_the_script() {
        let index = r#"<head><script>a</script><link rel="modulepreload" href="p.js"><link rel="preload" href="p.wasm"></head>"#;
        assert_eq!(
            preloads_on_demand(index).unwrap(),
            r#"<head><link data-rel="modulepreload" href="p.js"><link data-rel="preload" href="p.wasm"><script>a</script></head>"#
        );
        assert!(preloads_on_demand("<head></head>").is_err());
    }

    #[test]
    fn the_page_names_its_programs() {
        let index = r#"<link data-trunk rel="rust" data-bin="page" data-bindgen-target="web">
            <link rel="icon" href="icon.svg"><link data-trunk rel="rust" data-bin="models">"#;
        assert_eq!(programs_of(index).collect::<Vec<_>>(), ["page", "models"]);
    }
}
