//! The terminal program: checks, fits and models on the command line.
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
mod checkpoint;
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
mod heads;
#[cfg(not(target_arch = "wasm32"))]
mod inspect;
#[cfg(not(target_arch = "wasm32"))]
mod keys;
#[cfg(not(target_arch = "wasm32"))]
mod labelled;
#[cfg(not(target_arch = "wasm32"))]
mod labels;
#[cfg(not(target_arch = "wasm32"))]
mod locate;
#[cfg(not(target_arch = "wasm32"))]
mod mix;
#[cfg(not(target_arch = "wasm32"))]
mod model;
#[cfg(not(target_arch = "wasm32"))]
mod optimal;
#[cfg(not(target_arch = "wasm32"))]
mod pack;
#[cfg(not(target_arch = "wasm32"))]
mod pairs;
#[cfg(not(target_arch = "wasm32"))]
mod pictures;
#[cfg(not(target_arch = "wasm32"))]
mod probe;
#[cfg(not(target_arch = "wasm32"))]
mod read;
#[cfg(not(target_arch = "wasm32"))]
mod runs;
#[cfg(not(target_arch = "wasm32"))]
mod select;
#[cfg(not(target_arch = "wasm32"))]
mod share;
#[cfg(not(target_arch = "wasm32"))]
mod study;
#[cfg(not(target_arch = "wasm32"))]
mod surface;
#[cfg(not(target_arch = "wasm32"))]
mod transfer;
#[cfg(not(target_arch = "wasm32"))]
mod verify;

#[cfg(all(test, not(target_arch = "wasm32")))]
#[path = "../../../crates/clip/tests/damage/mutation.rs"]
mod mutation;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    use clap::{Parser, Subcommand};

    /// Papers on scaling laws, refitted from their published measurements.
    #[derive(Parser)]
    #[command(name = "refit", version)]
    struct Arguments {
        #[command(subcommand)]
        command: Command,
    }

    #[derive(Subcommand)]
    enum Command {
        /// Recompute every published number and compare it with the printed one
        Verify(verify::Arguments),
        /// Fit a law to a selection of the measurements
        Fit(fit::Arguments),
        /// Bootstrap intervals of a law's parameters and predictions
        Bootstrap(bootstrap::Arguments),
        /// Compare the laws of two series: where they cross, and the compute to match an error
        Compare(compare::Arguments),
        /// Rank all laws by their error on held-out runs of one series
        Laws(compare::LawsArguments),
        /// Fit a law over parameters and samples, and find the compute-optimal allocation
        Surface(surface::Arguments),
        /// Compute-optimal parameters and samples by three approaches: the frontier, IsoFLOP profiles,
        /// a law over both
        Optimal(optimal::Arguments),
        /// Hold accuracies on two benchmarks against each other: the line of reference models, and how
        /// far the others lie above it
        Transfer(transfer::Arguments),
        /// Show what re-running the authors' analyses found, before and after correction
        Findings(findings::Arguments),
        /// Begin or check a study's folder
        #[command(subcommand)]
        Study(study::Command),
        /// List the tables and what can be chosen from them
        Data,
        /// Read tables of your own runs, or the studies' published files, and report what is in them
        Runs(runs::Arguments),
        /// Say what a checkpoint is, without loading it
        Model(inspect::Arguments),
        /// Classify images by text labels with a CLIP checkpoint
        Classify(clip::Classify),
        /// Print L2-normalised embeddings of images and texts
        Embed(clip::Embed),
        /// Caption images with a MaMMUT checkpoint
        Caption(caption::Arguments),
        /// Say where in a picture a text is, by tiles or by the gradient: a map, its peak, a box
        Locate(locate::Arguments),
        /// Mix the weights of models: interpolate, add, negate, average; measured on labelled pictures
        Mix(mix::Arguments),
        /// Write a checkpoint as small files that a page can host: float16, or int8; with what it cost, measured
        Pack(pack::Arguments),
        /// Teach a head on a few labelled pictures: accuracy over shots, beside zero-shot
        Probe(probe::Arguments),
        /// Embed pairs of pictures and texts into a folder as clip-retrieval's; goes on where it was interrupted
        Index(pairs::index::Arguments),
        /// Search an index exactly, by texts and pictures
        Search(pairs::search::Arguments),
        /// Filter pairs as LAION and DataComp do, and write the subset that is left
        Filter(Box<pairs::filter::Arguments>),
    }

    let result = match Arguments::parse().command {
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Fit(arguments) => fit::run(&arguments),
        Command::Bootstrap(arguments) => bootstrap::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Laws(arguments) => compare::laws(&arguments),
        Command::Surface(arguments) => surface::run(&arguments),
        Command::Optimal(arguments) => optimal::run(&arguments),
        Command::Transfer(arguments) => transfer::run(&arguments),
        Command::Findings(arguments) => findings::run(&arguments),
        Command::Study(command) => study::run(&command),
        Command::Data => data::list(),
        Command::Runs(arguments) => runs::run(&arguments),
        Command::Model(arguments) => inspect::run(&arguments),
        Command::Classify(arguments) => clip::classify(&arguments),
        Command::Embed(arguments) => clip::embed(&arguments),
        Command::Caption(arguments) => caption::run(&arguments),
        Command::Locate(arguments) => locate::run(&arguments),
        Command::Mix(arguments) => mix::run(&arguments),
        Command::Pack(arguments) => pack::run(&arguments),
        Command::Probe(arguments) => probe::run(&arguments),
        Command::Index(arguments) => pairs::index::run(&arguments),
        Command::Search(arguments) => pairs::search::run(&arguments),
        Command::Filter(arguments) => pairs::filter::run(&arguments),
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
