//! `cargo xtask serve`: the page on this machine, rebuilt when a file changes.

use std::{
    net::TcpStream,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use crate::{
    Options, Result, build,
    process::{Running, describe},
    progress::{Work, in_words},
    tools,
};

pub(crate) fn run(mut options: Options) -> Result {
    let port: u16 = match options.take("--port")? {
        Some(port) => port
            .parse()
            .map_err(|_| format!("`{port}` is not a port: use `--port 8081`"))?,
        None => 8080,
    };
    options.finish()?;
    // Trunk would only say so after the build.
    if TcpStream::connect(("127.0.0.1", port)).is_ok() {
        return Err(format!(
            "port {port} is taken: run `cargo xtask serve --port {}`",
            port.wrapping_add(1).max(1024)
        ));
    }
    let begun = Instant::now();
    let mut trunk = tools::trunk_serve()?;
    build::programs()?;
    build::terminal()?;
    trunk
        .args(["--address", "127.0.0.1", "--port"])
        .arg(port.to_string());
    let assembly = Work {
        name: "assembly to serve",
        what: "assembling the page with Trunk",
        on_two_cores: Duration::from_secs(10),
    };
    let mut server = assembly.run(|| {
        let mut server = start(&mut trunk)?;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = wait_a_little(&mut server)? {
                return Err(format!("Trunk stopped ({status}); its last lines say why"));
            }
        }
        Ok(server)
    })?;
    println!(
        "\n== Refit is served at http://127.0.0.1:{port} after {}; Ctrl-C stops it\n",
        in_words(begun.elapsed())
    );
    let status = server
        .0
        .wait()
        .map_err(|error| format!("Trunk was lost: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("Trunk stopped ({status}); its last lines say why")),
    }
}

fn start(command: &mut Command) -> Result<Running> {
    match command.spawn() {
        Ok(child) => Ok(Running(child)),
        Err(error) => Err(format!("{} did not start: {error}", describe(command))),
    }
}

fn wait_a_little(server: &mut Running) -> Result<Option<std::process::ExitStatus>> {
    thread::sleep(Duration::from_millis(200));
    server
        .0
        .try_wait()
        .map_err(|error| format!("Trunk was lost: {error}"))
}
