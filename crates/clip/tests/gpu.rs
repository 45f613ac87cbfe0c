//! The GPU that tests run on: Mesa's lavapipe where there is no other.

use pollster::block_on;
use refit_clip::backend::ComputeError;
use refit_clip::backend::gpu::DeviceOptions;
use refit_clip::backend::gpu::Gpu;
use std::io::Write;

/// A GPU, or none after saying so where nobody overlooks it; `REFIT_NEED_GPU=1` makes that a
/// failure.
pub(crate) fn open(options: DeviceOptions) -> Option<Gpu> {
    let reason = match block_on(Gpu::open(options)) {
        Ok(gpu) => return Some(gpu),
        Err(error @ (ComputeError::NoDevice { .. } | ComputeError::Unsupported { .. })) => error,
        Err(error) => panic!("{error}"),
    };
    let needed = std::env::var("REFIT_NEED_GPU").is_ok_and(|value| value == "1");
    assert!(!needed, "REFIT_NEED_GPU is set, and: {reason}");
    let line = format!(
        "\nTHIS TEST CHECKED NOTHING: {reason}. Mesa's software driver will do: apt-get install mesa-vulkan-drivers\n"
    );
    // What a test prints is shown only when it fails; this goes round that.
    let _ = std::io::stderr().write_all(line.as_bytes());
    None
}
