//! The tools that a build needs: what fits, where it is found, how it is installed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    Result,
    process::{cargo, command, find, output, root, run, say},
};

/// The target of the page.
pub const WASM: &str = "wasm32-unknown-unknown";

/// Newer ones need a newer compiler than the project does.
const TRUNK: &str = "0.21.14";

/// npm's package of wasm-opt.
const BINARYEN: &str = "binaryen@132.0.0";

/// Trunk with one of its commands, and all that it needs.
pub fn trunk(what: &str) -> Result<Command> {
    wasm_target()?;
    let series = TRUNK.rsplit_once('.').map_or(TRUNK, |(series, _)| series);
    let fits = |version: &str| version.starts_with(&format!("{series}."));
    let program = get("trunk", fits, &format!("--locked trunk --version {TRUNK}"))?;
    let optimiser = wasm_opt()?;
    let mut trunk = command(&program);
    trunk.arg(what);
    if optimiser.is_none() {
        println!("there is neither wasm-opt nor npm here: the page will be one percent larger");
        // What Trunk calls a release is what it has wasm-opt work on.
        trunk.args(["--release", "false", "--cargo-profile", "release"]);
    }
    let needed = [
        Some(program),
        Some(wasm_bindgen("wasm-bindgen")?),
        optimiser,
    ];
    let needed = needed.iter().flatten().filter_map(|tool| tool.parent());
    let mut folders: Vec<PathBuf> = needed.map(Path::to_path_buf).collect();
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let path = env::join_paths(folders);
    trunk.env(
        "PATH",
        path.map_err(|error| format!("the PATH cannot be extended: {error}"))?,
    );
    Ok(trunk)
}

/// wasm-opt: from the PATH, else npm's, where there is npm.
fn wasm_opt() -> Result<Option<PathBuf>> {
    if let Some(program) = find("wasm-opt") {
        return Ok(Some(program));
    }
    let package = package(BINARYEN)?;
    Ok(package.map(|package| package.join("bin/wasm-opt")))
}

/// The folder of a package `NAME@VERSION` under target/tools; `None` where there is no npm to install it.
pub fn package(package: &str) -> Result<Option<PathBuf>> {
    let tools = root().join("target/tools");
    let (name, version) = package.split_once('@').unwrap_or((package, ""));
    let folder = tools.join("node_modules").join(name);
    let installed = fs::read_to_string(folder.join("package.json")).unwrap_or_default();
    if installed.contains(&format!("\"version\": \"{version}\"")) {
        return Ok(Some(folder));
    }
    let Some(npm) = find("npm") else {
        return Ok(None);
    };
    say(&format!("installing {package} into target/tools"));
    fs::create_dir_all(&tools).map_err(|error| format!("target/tools: {error}"))?;
    let quiet = [
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
    ];
    run(command(npm).args(quiet).arg(&tools).arg(package))?;
    Ok(Some(folder))
}

/// Makes sure that the standard library for wasm32 is there.
pub fn wasm_target() -> Result {
    let libraries = output(command("rustc").args(["--print", "target-libdir", "--target", WASM]))?;
    if Path::new(libraries.trim()).is_dir() {
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
pub fn component(name: &str) -> Result {
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
pub fn wasm_bindgen(program: &str) -> Result<PathBuf> {
    let version = locked_version("wasm-bindgen")?;
    get(
        program,
        |found| found == version,
        // Without --locked: its lock file holds crates that no longer build everywhere.
        &format!("wasm-bindgen-cli --no-default-features --version {version}"),
    )
}

/// A program that fits, from target/tools or the PATH; installed into target/tools if neither has one.
fn get(program: &str, fits: impl Fn(&str) -> bool, install: &str) -> Result<PathBuf> {
    let tools = root().join("target/tools");
    let own = tools
        .join("bin")
        .join(format!("{program}{}", env::consts::EXE_SUFFIX));
    let candidates = [find(program), Some(own.clone())];
    for candidate in candidates.into_iter().flatten() {
        if candidate.is_file() && version(&candidate).is_some_and(|version| fits(&version)) {
            return Ok(candidate);
        }
    }
    say(&format!("installing {program}: once, a few minutes"));
    // --force: a version that no longer fits gives way.
    run(cargo(&format!("install --force {install} --root")).arg(&tools))?;
    Ok(own)
}

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
