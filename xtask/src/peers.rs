//! SciPy, in a Python environment of its own under target/.

use crate::{
    Result,
    process::{command, find, output, root, run, say},
};

/// Times of the same fits by SciPy, as JSON (`benches/peers.py`).
pub fn times() -> Result<String> {
    let environment = root().join("target/venv");
    let python = environment.join("bin/python");
    if !python.is_file() {
        let system =
            find("python3").ok_or("there is no python3 here for SciPy: install Python 3")?;
        say("installing SciPy into target/venv");
        run(command(system).args(["-m", "venv"]).arg(&environment))?;
    }
    run(command(&python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "-r",
        "benches/requirements.txt",
    ]))?;
    say("running the released search by SciPy: about a minute");
    let script = ["benches/peers.py", "tests/reference/ade20k_clip.csv"];
    // One thread a process: the released code's pool has 24.
    output(
        command(&python)
            .args(script)
            .env("OPENBLAS_NUM_THREADS", "1"),
    )
}
