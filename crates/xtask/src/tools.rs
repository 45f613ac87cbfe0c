//! The tools that a build needs: what fits, where it is found, how it is installed.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    Result, cache,
    process::{cargo, command, find, output, root, run, say},
    progress::Work,
};

/// The target of the page.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// Newer ones need a newer compiler than the project does.
const TRUNK: &str = "0.21.14";

/// npm's package of wasm-opt.
const BINARYEN: &str = "binaryen@132.0.0";

/// Trunk as it serves a page while it is worked on: wasm-opt would take half a minute with every
/// change, to make the page one percent smaller.
pub(crate) fn trunk_serve() -> Result<Command> {
    trunk("serve", None)
}

/// Trunk as it builds a page for a host.
pub(crate) fn trunk_build() -> Result<Command> {
    let optimiser = wasm_opt()?;
    if optimiser.is_none() {
        println!("there is neither wasm-opt nor npm here: the page will be one percent larger");
    }
    trunk("build", optimiser)
}

/// Trunk with one of its commands, and all that it needs.
fn trunk(what: &str, optimiser: Option<PathBuf>) -> Result<Command> {
    wasm_target()?;
    let trunk = Tool {
        name: "trunk",
        version: TRUNK,
        // Without the feature that asks the package registry for newer versions.
        options: "--locked --no-default-features --features rustls",
        on_two_cores: Duration::from_secs(160),
    };
    let series = TRUNK.rsplit_once('.').map_or(TRUNK, |(series, _)| series);
    let fits = |version: &str| version.starts_with(&format!("{series}."));
    let program = trunk.program("trunk", fits)?;
    let bindgen = wasm_bindgen("wasm-bindgen")?;
    let mut trunk = command(&program);
    trunk.arg(what);
    if optimiser.is_none() {
        // What Trunk calls a release is what it has wasm-opt work on.
        trunk.args(["--release", "false", "--cargo-profile", "release"]);
    }
    let needed = [Some(program), Some(bindgen), optimiser];
    let needed = needed.iter().flatten().filter_map(|tool| tool.parent());
    trunk.env("PATH", path_after(needed.map(Path::to_path_buf))?);
    Ok(trunk)
}

/// The PATH, with other folders before it.
fn path_after(folders: impl Iterator<Item = PathBuf>) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths(folders.chain(env::split_paths(&path)))
        .map_err(|error| format!("the PATH cannot be extended: {error}"))
}

/// wasm-opt: from the PATH, else npm's, where there is npm.
fn wasm_opt() -> Result<Option<PathBuf>> {
    if let Some(program) = find("wasm-opt") {
        return Ok(Some(program));
    }
    let package = package(BINARYEN)?;
    Ok(package.map(|package| package.join("bin/wasm-opt")))
}

/// The folder of npm's package `NAME@VERSION` in the cache; `None` where there is no npm to
/// install it.
pub(crate) fn package(package: &str) -> Result<Option<PathBuf>> {
    let name = package.split_once('@').map_or(package, |(name, _)| name);
    let kept = package.replace('@', "-");
    let npm = find("npm");
    if npm.is_none() && !cache::folder()?.join(&kept).is_dir() {
        return Ok(None);
    }
    let folder = cache::install(&kept, |folder| {
        let npm = npm.ok_or("there is no npm here: install Node.js")?;
        let work = Work {
            name: package,
            what: &format!("installing {package}"),
            on_two_cores: Duration::from_secs(10),
        };
        let quiet = "install --no-audit --no-fund --ignore-scripts --prefix";
        let mut install = command(npm);
        install.args(quiet.split(' ')).arg(folder).arg(package);
        work.run(|| run(&mut install))
    })?;
    Ok(Some(folder.join("node_modules").join(name)))
}

/// Installs packages where Debian's apt-get is there and may; whether it did.
pub(crate) fn debian(packages: &[&str]) -> Result<bool> {
    if find("apt-get").is_none() || output(command("id").arg("-u"))?.trim() != "0" {
        return Ok(false);
    }
    say(&format!("installing {}", packages.join(", ")));
    run(command("apt-get").arg("update"))?;
    run(command("apt-get")
        .args(["install", "-y", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive"))?;
    Ok(true)
}

/// Whether the standard library for a target is there.
pub(crate) fn has_target(target: &str) -> Result<bool> {
    let libraries =
        output(command("rustc").args(["--print", "target-libdir", "--target", target]))?;
    Ok(Path::new(libraries.trim()).is_dir())
}

/// Makes sure that the standard library for wasm32 is there.
pub(crate) fn wasm_target() -> Result {
    if has_target(WASM)? {
        return Ok(());
    }
    if find("rustup").is_none() {
        return Err(format!(
            "Rust's {WASM} target is missing, and there is no rustup to add it; \
             install it as you installed Rust, or run https://rustup.rs and `rustup target add {WASM}`"
        ));
    }
    say(&format!("adding Rust's {WASM} target"));
    run(command("rustup").args(["target", "add", WASM]))
}

/// Makes sure that a component of the toolchain is there: `clippy`, `rustfmt`.
pub(crate) fn component(name: &str) -> Result {
    let tool = name.trim_start_matches("rust");
    if cargo(&format!("{tool} --version"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
    {
        return Ok(());
    }
    say(&format!("adding Rust's {name}"));
    run(command("rustup").args(["component", "add", name]))
}

/// A program of wasm-bindgen-cli, at exactly the version of the library.
pub(crate) fn wasm_bindgen(program: &str) -> Result<PathBuf> {
    let version = locked_version("wasm-bindgen")?;
    let tool = Tool {
        name: "wasm-bindgen-cli",
        version: &version,
        // Without --locked: its lock file holds crates that no longer build everywhere.
        options: "--no-default-features",
        on_two_cores: Duration::from_secs(60),
    };
    let program = tool.program(program, |found| found == version)?;
    // The last tool that cargo compiles: what it shared with the others can go.
    cache::clean()?;
    Ok(program)
}

/// A package of the registry whose programs the build calls.
struct Tool<'a> {
    name: &'a str,
    version: &'a str,
    options: &'a str,
    on_two_cores: Duration,
}

impl Tool<'_> {
    /// One of its programs: from the PATH if it fits, else from the cache, which installs it.
    fn program(&self, program: &str, fits: impl Fn(&str) -> bool) -> Result<PathBuf> {
        if let Some(found) = find(program)
            && version(&found).is_some_and(|version| fits(&version))
        {
            return Ok(found);
        }
        let Self { name, version, .. } = self;
        let folder = cache::install(&format!("{name}-{version}"), |folder| self.install(folder))?;
        let file = format!("{program}{}", env::consts::EXE_SUFFIX);
        Ok(folder.join("bin").join(file))
    }

    /// Compiles it fast rather than well: it runs for seconds, its optimisation takes minutes.
    fn install(&self, folder: &Path) -> Result {
        let Self { name, version, .. } = self;
        let arguments = format!(
            "install --debug {name} --version {version} {}",
            self.options
        );
        let mut install = cargo(&arguments);
        install.arg("--root").arg(folder);
        install.arg("--target-dir").arg(cache::build_folder()?);
        // cargo would advise to extend the PATH.
        let programs = std::iter::once(folder.join("bin"));
        install.env("PATH", path_after(programs)?);
        for (setting, value) in PROFILE {
            install.env(format!("CARGO_PROFILE_DEV_{setting}"), value);
        }
        let work = Work {
            name,
            what: &format!("installing {name} {version}, once for all clones"),
            on_two_cores: self.on_two_cores,
        };
        let installed = work.run(|| run(&mut install));
        installed.map_err(|error| {
            format!(
                "{error}\n{name} is not installed: once the package registry can be reached, run this again, \
                 or `cargo install {name} --version {version} {}`",
                self.options
            )
        })
    }
}

/// The profile that tools are compiled with.
const PROFILE: [(&str, &str); 6] = [
    ("OPT_LEVEL", "0"),
    ("DEBUG", "false"),
    ("STRIP", "true"),
    ("INCREMENTAL", "false"),
    ("DEBUG_ASSERTIONS", "false"),
    ("OVERFLOW_CHECKS", "false"),
];

/// The version that a program reports: the first word that begins with a digit.
fn version(program: &Path) -> Option<String> {
    let output = command(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace()
        .find(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))
        .map(str::to_owned)
}

/// The version of a package in Cargo.lock.
fn locked_version(package: &str) -> Result<String> {
    let lock = fs::read_to_string(root().join("Cargo.lock"))
        .map_err(|error| format!("Cargo.lock cannot be read: {error}"))?;
    lock.split_once(&format!("name = \"{package}\"\nversion = \""))
        .and_then(|(_, rest)| rest.split('"').next())
        .map(str::to_owned)
        .ok_or_else(|| format!("Cargo.lock has no {package}: run `cargo update --workspace`"))
}
