//! A GPU for the native tests: any that Vulkan finds, Mesa's software driver included.

use std::process::Stdio;

use crate::{Result, process::cargo, tools};

/// What the tests say at their end where there is no GPU.
pub(crate) const MISSING: &str = "the GPU's kernels natively, since Vulkan finds no GPU here; Mesa's software driver will do: \
                           `apt-get install mesa-vulkan-drivers` or the like";

/// Whether the tests find a GPU.
pub(crate) fn is_there() -> bool {
    let mut test = cargo("test --workspace --test clip -- --exact there_is_one");
    test.env("REFIT_NEED_GPU", "1").stderr(Stdio::inherit());
    let said = test.output();
    // A filter that matches no test succeeds, too.
    said.is_ok_and(|said| {
        said.status.success() && String::from_utf8_lossy(&said.stdout).contains("1 passed")
    })
}

/// Installs Mesa's software driver on Debian as root; whether there is a GPU then.
pub(crate) fn install() -> Result<bool> {
    Ok(tools::debian(&["mesa-vulkan-drivers"])? && is_there())
}
