//! The terminal: the page's checks, fits and models, natively.
//!
//! The data files are part of the program, so that it runs in any folder.

// First: the macro is for those below.
#[cfg(not(target_arch = "wasm32"))]
#[macro_use]
mod say;

#[cfg(not(target_arch = "wasm32"))]
mod bootstrap;
#[cfg(not(target_arch = "wasm32"))]
mod caption;
#[cfg(not(target_arch = "wasm32"))]
mod clip;
#[cfg(not(target_arch = "wasm32"))]
mod compare;
#[cfg(not(target_arch = "wasm32"))]
mod data;
#[cfg(not(target_arch = "wasm32"))]
mod findings;
#[cfg(not(target_arch = "wasm32"))]
mod fit;
#[cfg(not(target_arch = "wasm32"))]
mod keys;
#[cfg(not(target_arch = "wasm32"))]
mod model;
#[cfg(not(target_arch = "wasm32"))]
mod runs;
#[cfg(not(target_arch = "wasm32"))]
mod select;
#[cfg(not(target_arch = "wasm32"))]
mod surface;
#[cfg(not(target_arch = "wasm32"))]
mod verify;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    use clap::{Parser, Subcommand};

    /// Two papers on scaling laws for language-vision models, refitted from their released
    /// measurements.
    #[derive(Parser)]
    #[command(name = "refit", version)]
    struct Arguments {
        #[command(subcommand)]
        command: Command,
    }

    #[derive(Subcommand)]
    enum Command {
        /// Recompute every printed number and say which come back
        Verify(verify::Arguments),
        /// Fit a law to a selection of the measurements
        Fit(fit::Arguments),
        /// Intervals of a law by resampling
        Bootstrap(bootstrap::Arguments),
        /// Two series: where their laws cross, and how much compute one needs for the other's error
        Compare(compare::Arguments),
        /// Every law on one series, ranked by the error on runs that it does not see
        Laws(compare::LawsArguments),
        /// A law over parameters and samples, and the compute-optimal split
        Surface(surface::Arguments),
        /// What re-running the released analyses shows, as released and corrected
        Findings(findings::Arguments),
        /// List the tables and what can be chosen from them
        Data,
        /// Read tables of your own runs, or the studies' released files, and say what is in them
        Runs(runs::Arguments),
        /// Share pictures out among labels with a CLIP checkpoint
        Classify(clip::Classify),
        /// Print the unit vectors of pictures and texts
        Embed(clip::Embed),
        /// Write captions of pictures with a MaMMUT checkpoint
        Caption(caption::Arguments),
    }

    let result = match Arguments::parse().command {
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Fit(arguments) => fit::run(&arguments),
        Command::Bootstrap(arguments) => bootstrap::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Laws(arguments) => compare::laws(&arguments),
        Command::Surface(arguments) => surface::run(&arguments),
        Command::Findings(arguments) => findings::run(&arguments),
        Command::Data => data::list(),
        Command::Runs(arguments) => runs::run(&arguments),
        Command::Classify(arguments) => clip::classify(&arguments),
        Command::Embed(arguments) => clip::embed(&arguments),
        Command::Caption(arguments) => caption::run(&arguments),
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("refit: {message}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {}
