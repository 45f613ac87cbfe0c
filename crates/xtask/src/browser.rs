//! Chromium: where it is, and the tests that run in it.

use std::{
    env,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    Result,
    process::{Running, built, cargo, command, find, output, root, run},
    tools,
};

/// Names under which Chromium and its kin are installed.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Where macOS keeps them.
const APPLICATIONS: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// A Chromium: `REFIT_CHROME`, or one that is installed, or on Debian as root a new one.
pub(crate) fn chrome() -> Result<PathBuf> {
    if let Some(chrome) = env::var_os("REFIT_CHROME") {
        return Ok(chrome.into());
    }
    if let Some(chrome) = installed() {
        return Ok(chrome);
    }
    if find("apt-get").is_none() {
        return Err(
            "there is no Chromium here: install Chrome or Chromium, or run \
                    `REFIT_CHROME=/path/to/chrome cargo xtask test`"
                .into(),
        );
    }
    if output(command("id").arg("-u"))?.trim() != "0" {
        return Err("there is no Chromium here: run `sudo apt-get install -y chromium`".into());
    }
    tools::debian(&["chromium"])?;
    installed().ok_or_else(|| "apt-get installed chromium, yet it is not on the PATH".into())
}

fn installed() -> Option<PathBuf> {
    let applications = APPLICATIONS.iter().map(PathBuf::from);
    NAMES
        .iter()
        .find_map(|name| find(name))
        .or_else(|| applications.into_iter().find(|path| path.is_file()))
}

/// What the tests say at their end where there is no npm.
pub(crate) const NO_AXE: &str =
    "accessibility by axe-core, since there is no npm to install it: install Node.js";

/// The rules of accessibility, as a program.
const AXE: &str = "axe-core@4.11.4";

/// Compiles the tests of the page, and with them the terminal and what else they run.
///
/// The whole workspace is chosen here and everywhere else: another choice would have other
/// features, and dependencies would be compiled once more for it.
pub(crate) fn page_tests_build() -> Result {
    run(&mut cargo(
        "test --no-run --workspace --test browser --test native",
    ))
}

/// The tests of the built page, driven from outside, and what they leave unchecked.
pub(crate) fn page_tests(dist: &Path) -> Result<(Command, Option<&'static str>)> {
    let chrome = chrome()?;
    page_tests_build()?;
    let mut tests = cargo("test --workspace --test browser");
    tests
        .env("REFIT_DIST", dist)
        .env("REFIT_CHROME", chrome)
        .env("REFIT_BIN", built("refit"));
    let axe = tools::package(AXE)?;
    if let Some(package) = &axe {
        tests.env("REFIT_AXE", package.join("axe.min.js"));
    }
    Ok((tests, axe.is_none().then_some(NO_AXE)))
}

/// The figures of the built page, of the native benchmark and of its twin in Chromium; `peers`
/// has the times of SciPy as JSON.
pub(crate) fn page_bench(dist: &Path, peers: Option<&str>) -> Result {
    run(&mut cargo("bench --bench fit"))?;
    run(&mut cargo("bench --bench runs"))?;
    let (_server, address) = served_tests("speed", "--release --features bench")?;
    let mut bench = cargo("run --quiet --package browser-tests --bin bench");
    bench.env("REFIT_DIST", dist).env("REFIT_CHROME", chrome()?);
    bench.env("REFIT_SPEED", address);
    bench.env("REFIT_RUNS", root().join("target/tmp/runs.csv.gz"));
    if let Some(peers) = peers {
        bench.env("REFIT_PEERS", peers);
    }
    run(&mut bench)
}

/// The tests that run inside the browser, compiled as the page is, so that one compilation does for both; `wasm-page` reads
/// the verdict off the page that serves them, which it does until the first is dropped.
pub(crate) fn wasm_tests() -> Result<(Running, Command)> {
    let chrome = chrome()?;
    page_tests_build()?;
    let (server, address) = served_tests("wasm", "--release")?;
    let mut read = command(built("wasm-page"));
    read.arg(&address).env("REFIT_CHROME", chrome);
    Ok((server, read))
}

/// Serves the tests of tests/NAME.rs as a page that runs them, by wasm-bindgen's runner, and says
/// where. The runner's own way to run them needs a WebDriver that matches the browser's version,
/// one more thing to install.
fn served_tests(name: &str, options: &str) -> Result<(Running, String)> {
    tools::wasm_target()?;
    let runner = tools::wasm_bindgen("wasm-bindgen-test-runner")?;
    let mut build = cargo(&format!(
        "test --no-run --test {name} {options} --message-format json-render-diagnostics"
    ));
    let messages = output(build.args(["--target", tools::WASM]))?;
    // One line of JSON names the program; no other has a path for `executable`.
    let module = messages
        .lines()
        .filter_map(|line| line.split_once("\"executable\":\""))
        .filter_map(|(_, rest)| rest.split('"').next())
        .find(|path| path.ends_with(".wasm") && path.contains(&format!("/{name}-")))
        .ok_or_else(|| format!("cargo named no module for tests/{name}.rs"))?;
    let address = free_address()?;
    let server = command(runner)
        .arg(module)
        .env("NO_HEADLESS", "1")
        .env("WASM_BINDGEN_TEST_ADDRESS", &address)
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("wasm-bindgen-test-runner did not start: {error}"))?;
    Ok((Running(server), address))
}

fn free_address() -> Result<String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.to_string())
        .map_err(|error| format!("there is no free port: {error}"))
}
