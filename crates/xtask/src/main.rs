//! The project's commands: `cargo xtask COMMAND`.

mod aarch64;
mod browser;
mod budget;
mod build;
mod cache;
mod clip;
mod peers;
mod process;
mod progress;
mod serve;
mod test;
mod tools;
mod vulkan;

use std::process::ExitCode;

/// An error is a sentence, with the one command to run where there is one.
type Result<T = ()> = std::result::Result<T, String>;

struct Command {
    name: &'static str,
    options: &'static str,
    help: &'static str,
    run: fn(Options) -> Result,
}

const COMMANDS: [Command; 5] = [
    Command {
        name: "serve",
        options: "[--port N]",
        help: "build the page and serve it on this machine, at port 8080",
        run: serve::run,
    },
    Command {
        name: "build",
        options: "[--public-url /NAME/] [--site URL]",
        help: "build the page into dist/, for any folder or for one; with --site a sitemap, too",
        run: build::run,
    },
    Command {
        name: "test",
        options: "[--only STEP]",
        help: "check everything, or one step",
        run: test::run,
    },
    Command {
        name: "complete",
        options: "",
        help: "render the papers and list files in the page that Trunk is building (Trunk calls it)",
        run: build::complete,
    },
    Command {
        name: "bench",
        options: "[--clip [--gpu]] [--peers]",
        help: "measure fits, or models, natively, in Chromium, and beside others",
        run: bench,
    },
];

fn bench(mut options: Options) -> Result {
    let (clip, peers) = (options.flag("--clip"), options.flag("--peers"));
    let gpu = options.flag("--gpu");
    options.finish()?;
    if clip && gpu {
        return clip::bench_gpu(peers);
    }
    if clip {
        return clip::bench(peers);
    }
    let peers = peers.then(peers::fits).transpose()?;
    let dist = build::page(None, None, build::terminal)?;
    browser::page_bench(&dist, peers.as_deref())
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let options = Options(arguments.collect());
    let outcome = match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(options),
        None if ["", "help", "-h", "--help"].contains(&name.as_str()) => {
            help();
            Ok(())
        }
        None => Err(format!(
            "there is no command `{name}`: run `cargo xtask help`"
        )),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn help() {
    println!("usage: cargo xtask COMMAND\n");
    for Command {
        name,
        options,
        help,
        ..
    } in COMMANDS
    {
        println!("  {:<30}{help}", format!("{name} {options}"));
    }
    println!("\nsteps of test: {}", test::names());
}

/// The arguments after the command's name.
struct Options(Vec<String>);

impl Options {
    /// Takes `--name VALUE`, if it is there.
    fn take(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.0.iter().position(|argument| argument == name) else {
            return Ok(None);
        };
        if at + 1 == self.0.len() {
            return Err(format!("{name} needs a value: run `cargo xtask help`"));
        }
        self.0.remove(at);
        Ok(Some(self.0.remove(at)))
    }

    /// Takes `--name`, if it is there.
    fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|argument| argument != name);
        self.0.len() < before
    }

    /// Fails on what no command took.
    fn finish(self) -> Result {
        match self.0.first() {
            Some(left) => Err(format!(
                "`{left}` is not an option here: run `cargo xtask help`"
            )),
            None => Ok(()),
        }
    }
}
