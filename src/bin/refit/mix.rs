//! `refit mix`: models between models, measured on labelled pictures, and written.

mod measure;
mod prepared;

use crate::checkpoint::{self, Choices};
use crate::model::{self, BackendChoice, Device, DeviceArguments};
use crate::say;
use measure::Tried;
use pollster::block_on;
use prepared::Prepared;
use refit::model_error::{self, FrontEnd};
use refit_clip::backend::Backend;
use refit_clip::mix::{self, Choice, Coefficients, MixError, Mixture, Part, SetScore, Tower};
use refit_clip::weights::source::{Joined, Source};
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// θ = θ₀ + Σ λᵢ (θᵢ − θ₀): the first --weights is the base θ₀, the others are θᵢ.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Checkpoints: the base, then up to eight others of its architecture, or differences of it
    #[arg(long, required = true)]
    weights: Vec<PathBuf>,
    /// λ: FROM:TO:STEP, the same for all others; or one for each, as in 0.8,-1; or mean; or greedy,
    /// by the accuracy on half of the labelled pictures
    #[arg(long, default_value = "0:1:0.1", allow_hyphen_values = true)]
    coefficients: Coefficients,
    /// Which tensors to mix
    #[arg(long, value_enum, default_value = "image")]
    tower: TowerChoice,
    /// Labelled pictures to measure accuracy on, a folder with a folder for each class, or a CSV of files and classes; may be
    /// repeated
    #[arg(long)]
    labelled: Vec<PathBuf>,
    /// Prompt template, {} stands for the label; repeat to average over templates
    #[arg(long)]
    template: Vec<String>,
    /// Write the mixture as safetensors in float32; of several coefficients, the best
    #[arg(long)]
    write: Option<PathBuf>,
    #[command(flatten)]
    choices: Choices,
    #[command(flatten)]
    device: DeviceArguments,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum TowerChoice {
    /// The image tower, as PAINT
    Image,
    /// Both towers
    All,
}

/// What `mix --json` prints.
#[derive(Serialize)]
struct Mixed<'a> {
    base: &'a Path,
    others: &'a [PathBuf],
    tower: Tower,
    device: Device,
    templates: &'a [String],
    sets: Vec<prepared::Described<'a>>,
    tried: Vec<measure::Described<'a>>,
    /// Chosen on every second picture of each class, measured on the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    best: Option<measure::Best<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<&'a Path>,
    assumed: Vec<String>,
    notes: Vec<String>,
}

/// What a command works with.
type Files = Mixture<Joined<checkpoint::Part>>;

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let device = &arguments.device;
    match device.backend {
        BackendChoice::Cpu => run_on(model::open_cpu(device)?, arguments),
        BackendChoice::Gpu => run_on(model::open_gpu(device)?, arguments),
    }
}

fn run_on<B: Backend + Clone>(
    (backend, device): (B, Device),
    arguments: &Arguments,
) -> Result<(), String> {
    let (tower, templates) = (arguments.tower(), arguments.templates());
    let mut mixture = open(arguments, tower)?;
    let count = arguments.weights.len() - 1;
    check(arguments, count)?;
    for note in mixture.notes() {
        eprintln!("refit: {note}");
    }
    checkpoint::say_assumptions(mixture.info());
    let settings = mixture.info().preprocessing;
    let sets = arguments.labelled.iter();
    let sets = sets.map(|folder| Prepared::read(folder, &settings));
    let sets = sets.collect::<Result<Vec<Prepared>, String>>()?;
    let mut measured = Vec::new();
    let mut measure = measure::Measure::new(&sets, &templates, tower);
    let mut one = |coefficients: &[f64]| -> Result<Vec<measure::Hits>, String> {
        mixture.set(coefficients).map_err(sentence)?;
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        measure.hits(backend.clone(), &mut mixture)
    };
    let tries = match &arguments.coefficients {
        Coefficients::Greedy => {
            let kept = block_on(mix::greedy(count, async |coefficients| {
                let hits = one(coefficients)?;
                let scores = hits.iter().map(|hits| SetScore::of(hits));
                let sum: f64 = scores.map(|s| s.held_out.share()).sum();
                Ok::<f64, String>(sum / hits.len() as f64)
            }))?;
            let share = |i| match kept.contains(&i) {
                true => 1.0 / kept.len() as f64,
                false => 0.0,
            };
            vec![(0..count).map(share).collect()]
        }
        other => other.tries(count),
    };
    // The others are held against it.
    let of_base = one(&vec![0.0; count])?;
    for coefficients in tries {
        let is_base = coefficients.iter().all(|c| *c == 0.0);
        let hits = if is_base {
            None
        } else {
            Some(one(&coefficients)?)
        };
        let tried = Tried::new(coefficients, hits.as_ref().unwrap_or(&of_base), &of_base);
        if !arguments.json {
            tried.print(&sets);
        }
        measured.push(tried);
    }
    let best = best(&measured);
    if let (Some(best), false) = (&best, arguments.json) {
        best.print(&sets);
    }
    write(arguments, &mut mixture, &measured, best.as_ref())?;
    if arguments.json {
        say::json(&Mixed {
            base: &arguments.weights[0],
            others: &arguments.weights[1..],
            tower,
            device,
            templates: &templates,
            sets: sets.iter().map(Prepared::describe).collect(),
            tried: measured.iter().map(|t| t.describe(&sets)).collect(),
            best,
            written: arguments.write.as_deref(),
            assumed: checkpoint::assumptions(mixture.info()),
            notes: mixture.notes().iter().map(ToString::to_string).collect(),
        })?;
    }
    Ok(())
}

/// Of several coefficients, the best on held-out pictures.
fn best(measured: &[Tried]) -> Option<measure::Best<'_>> {
    if measured.len() < 2 {
        return None;
    }
    let of = |tried: &Tried| tried.scores.iter().map(|s| (s.held_out, s.rest)).collect();
    let scores: Vec<Vec<_>> = measured.iter().map(of).collect();
    let choice = Choice::best(&scores)?;
    Some(measure::Best::new(&measured[choice.index], choice))
}

impl Arguments {
    fn tower(&self) -> Tower {
        match self.tower {
            TowerChoice::Image => Tower::Image,
            TowerChoice::All => Tower::All,
        }
    }

    fn templates(&self) -> Vec<String> {
        match &self.template[..] {
            [] => vec!["a photo of a {}.".to_owned()],
            all => all.to_vec(),
        }
    }
}

/// Refuses what asks for nothing, or for what cannot be.
fn check(arguments: &Arguments, count: usize) -> Result<(), String> {
    if arguments.labelled.is_empty() && arguments.write.is_none() {
        return Err("Nothing to do: give --labelled to measure, or --write for a file.".to_owned());
    }
    match &arguments.coefficients {
        Coefficients::Each(all) if all.len() != count => Err(format!(
            "There are {} coefficients and {count} models beside the base; give one for each, or FROM:TO:STEP for a sweep.",
            all.len()
        )),
        Coefficients::Greedy if arguments.labelled.is_empty() => {
            Err("A greedy soup needs labelled pictures; give --labelled.".to_owned())
        }
        Coefficients::Sweep(all) if all.len() > 1 && arguments.labelled.is_empty() => Err(format!(
            "Of {} coefficients one is written; give it alone, or --labelled to choose by.",
            all.len()
        )),
        _ => Ok(()),
    }
}

fn open(arguments: &Arguments, tower: Tower) -> Result<Files, String> {
    let part = |path: &PathBuf| {
        Ok::<_, String>(Part {
            name: path.display().to_string(),
            source: checkpoint::open(path)?,
            options: checkpoint::options(path, &arguments.choices)?,
        })
    };
    let mut parts = arguments.weights.iter().map(part);
    let base = parts.next().ok_or("no base")??;
    let others = parts.collect::<Result<Vec<_>, String>>()?;
    block_on(Mixture::open(base, others, tower)).map_err(sentence)
}

/// What is wrong, for the reader of a terminal.
fn sentence(error: MixError) -> String {
    model_error::mix_sentence(&error, FrontEnd::Terminal)
}

/// Writes the best, or the only one, piece by piece.
fn write(
    arguments: &Arguments,
    mixture: &mut Files,
    measured: &[Tried],
    best: Option<&measure::Best>,
) -> Result<(), String> {
    const CHUNK: u64 = 1 << 20;
    let Some(path) = &arguments.write else {
        return Ok(());
    };
    let coefficients = match (best, measured) {
        (Some(best), _) => best.coefficients,
        (None, [one]) => &one.coefficients,
        _ => {
            return Err(
                "The labelled sets are too small to choose by; nothing is written.".to_owned(),
            );
        }
    };
    let is_input = |input: &PathBuf| {
        let same = input.canonicalize().ok().zip(path.canonicalize().ok());
        same.is_some_and(|(a, b)| a == b)
    };
    if arguments.weights.iter().any(is_input) {
        return Err(format!(
            "{} is one of the models; write to another file.",
            path.display()
        ));
    }
    mixture.set(coefficients).map_err(sentence)?;
    let problem = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = BufWriter::new(File::create(path).map_err(problem)?);
    let mut buffer = vec![0; CHUNK as usize];
    let size = mixture.size();
    for at in (0..size).step_by(CHUNK as usize) {
        let part = &mut buffer[..CHUNK.min(size - at) as usize];
        block_on(mixture.read(at, part)).map_err(model::sentence)?;
        file.write_all(part).map_err(problem)?;
    }
    file.flush().map_err(problem)?;
    if !arguments.json {
        say!(
            "wrote {}: coefficients {}",
            path.display(),
            measure::listed(coefficients)
        );
    }
    Ok(())
}
