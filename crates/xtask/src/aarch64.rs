//! The kernels' tests for aarch64 on another machine: compiled for it, and run by QEMU.

use std::{env, process::Command};

use crate::{
    Result,
    process::{cargo, command, find, run},
    tools,
};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
const EMULATOR: &str = "qemu-aarch64";
/// Debian's, with the C library that the programs are linked with.
const PACKAGES: [&str; 3] = [
    "qemu-user",
    "gcc-aarch64-linux-gnu",
    "libc6-dev-arm64-cross",
];
/// Where Debian puts it.
const LIBRARIES: &str = "/usr/aarch64-linux-gnu";

/// What the tests say at their end where they cannot be run.
pub(crate) const MISSING: &str = "the CPU's kernels for aarch64 (NEON), since this machine has no emulator or no linker for it: \
                           `apt-get install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross` and \
                           `rustup target add aarch64-unknown-linux-gnu`";

/// Whether this machine is one itself, whose native tests are these.
pub(crate) fn is_native() -> bool {
    env::consts::ARCH == "aarch64"
}

/// The tests, once all that they need is there; `None` where that could not be had.
pub(crate) fn tests() -> Result<Option<Command>> {
    let is_there = || find(EMULATOR).is_some() && find(LINKER).is_some();
    let can_run = is_there() || tools::debian(&PACKAGES)? && is_there();
    if !can_run {
        return Ok(None);
    }
    if !tools::has_target(TARGET)? {
        if find("rustup").is_none() {
            return Ok(None);
        }
        run(command("rustup").args(["target", "add", TARGET]))?;
    }
    let mut tests = cargo("test --package refit-kernels --tests --no-fail-fast --target");
    let name = TARGET.replace('-', "_").to_uppercase();
    tests
        .arg(TARGET)
        .env(format!("CARGO_TARGET_{name}_LINKER"), LINKER)
        .env(
            format!("CARGO_TARGET_{name}_RUNNER"),
            format!("{EMULATOR} -L {LIBRARIES}"),
        );
    Ok(Some(tests))
}
