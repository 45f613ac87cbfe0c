//! `refit index`: pairs to clip-retrieval's folder, part by part.

use super::embed::{Embedded, Embedder};
use super::inputs::{self, Input, PairArguments};
use super::prepare::{Need, Outcome, prepare};
use super::progress::Progress;
use crate::model::{self, BackendChoice, Device, ModelArguments};
use crate::say;
use refit_clip::backend::Backend;
use refit_npy::write_f16;
use refit_pairs::index::{PartRecord, RECORD, Record};
use refit_pairs::metadata::{self, Row};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pairs: PairArguments,
    #[command(flatten)]
    model: ModelArguments,
    /// Folder of the index; one that was interrupted goes on
    #[arg(long)]
    out: PathBuf,
    /// Pairs of a part, rounded up to batches of 32: what an interruption costs at most
    #[arg(long, default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    part: u32,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output<'a> {
    out: String,
    model: &'a str,
    width: usize,
    device: Device,
    pairs: u64,
    parts: usize,
    /// Pairs that this run embedded, and how fast.
    embedded: u64,
    seconds: f64,
    left_out: u64,
    problems: Vec<&'a str>,
    notes: &'a [String],
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let device = &arguments.model.device;
    match device.backend {
        BackendChoice::Cpu => index(model::open_cpu(device)?, arguments),
        BackendChoice::Gpu => index(model::open_gpu(device)?, arguments),
    }
}

fn index<B: Backend>((backend, device): (B, Device), arguments: &Arguments) -> Result<(), String> {
    let PairArguments { pairs, columns } = &arguments.pairs;
    let inputs = inputs::find(pairs, columns)?;
    let model = model::load(backend, &arguments.model, false)?;
    let settings = *model.preprocessing();
    let mut record = begin(arguments, &inputs, &model)?;
    let mut embedder = Embedder::new(model)?;
    let total: u64 = inputs.iter().map(|input| input.bytes).sum();
    let skip = record.parts.iter().map(|part| part.read).sum();
    if skip > 0 && !record.finished {
        let rows: u64 = record.parts.iter().map(|part| part.rows).sum();
        eprintln!("refit: {rows} pairs are there already; on from the next");
    }
    let mut progress = Progress::new("pairs");
    let (mut part, mut embedded) = (Unwritten::default(), 0);
    let mut notes = Vec::new();
    if !record.finished {
        // Problems are counted with the part of the pairs before them, some of which still wait to be embedded.
        let mut after = Vec::new();
        notes = prepare(
            &inputs,
            columns,
            skip,
            Need::Pixels(&settings),
            &mut |outcome, done| {
                let ready = match outcome {
                    Outcome::Ready(pair) => {
                        after.push(None);
                        embedder.push(*pair)?
                    }
                    Outcome::Problem { sentence, left_out } => {
                        eprintln!("refit: {sentence}");
                        after.push(Some((sentence, left_out)));
                        Vec::new()
                    }
                };
                if !ready.is_empty() {
                    embedded += ready.len() as u64;
                    part.add(ready, std::mem::take(&mut after), &inputs);
                    progress.report(embedded, done as f64 / total.max(1) as f64);
                    if part.rows.len() >= arguments.part as usize {
                        std::mem::take(&mut part).write(&arguments.out, &mut record)?;
                    }
                }
                Ok(())
            },
        )?;
        let ready = embedder.flush()?;
        embedded += ready.len() as u64;
        part.add(ready, after, &inputs);
        record.finished = true;
        part.write(&arguments.out, &mut record)?;
    }
    if embedder.truncated > 0 {
        let (count, context) = (embedder.truncated, embedder.model.architecture().context);
        notes.push(format!(
            "{count} texts are longer than the model’s {context} tokens and were truncated"
        ));
    }
    for note in &notes {
        eprintln!("refit: {note}");
    }
    let pairs: u64 = record.parts.iter().map(|part| part.rows).sum();
    let problems = record.parts.iter().flat_map(|part| &part.problems);
    let problems: Vec<&str> = problems.map(String::as_str).collect();
    if pairs == 0 {
        let first = problems
            .first()
            .map_or(String::new(), |first| format!(": {first}"));
        return Err(format!("there is no pair that can be read{first}"));
    }
    let seconds = progress.seconds();
    if arguments.model.json {
        return say::json(&Output {
            out: arguments.out.display().to_string(),
            model: &record.model,
            width: record.width,
            device,
            pairs,
            parts: record.parts.len(),
            embedded,
            seconds,
            left_out: record.parts.iter().map(|part| part.left_out).sum(),
            problems,
            notes: &notes,
        });
    }
    let (out, rate) = (arguments.out.display(), embedded as f64 / seconds);
    say!(
        "{pairs} pairs in {out}, {} parts; {embedded} embedded now in {seconds:.1} s, {rate:.1} a second",
        record.parts.len()
    );
    if !problems.is_empty() {
        say!("{} problems, the first: {}", problems.len(), problems[0]);
    }
    Ok(())
}

/// The record of an index that is begun, or goes on.
fn begin<B: Backend>(
    arguments: &Arguments,
    inputs: &[Input],
    model: &refit_clip::Model<B>,
) -> Result<Record, String> {
    let weights = arguments.model.weights();
    let about = arguments.model.about(model);
    // The same files are the same from another folder.
    let whole = |path: &Path| path.canonicalize().unwrap_or(path.to_owned());
    let named = |input: &Input| (whole(&input.path).display().to_string(), input.bytes);
    let fresh = Record {
        model: about.name,
        weights: whole(weights).display().to_string(),
        identity: about.identity,
        width: model.architecture().embedding,
        inputs: inputs.iter().map(named).collect(),
        ..Record::default()
    };
    let out = &arguments.out;
    let path = out.join(RECORD);
    let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    if !path.exists() {
        let is_empty = match std::fs::read_dir(out) {
            Ok(mut entries) => entries.next().is_none(),
            Err(_) => true,
        };
        if !is_empty {
            let out = out.display();
            return Err(format!(
                "{out}: it has files, and none is of an index that was begun here"
            ));
        }
        for folder in FOLDERS {
            std::fs::create_dir_all(out.join(folder)).map_err(|e| problem(&e))?;
        }
        return Ok(fresh);
    }
    let json = std::fs::read(&path).map_err(|e| problem(&e))?;
    let known: Record = serde_json::from_slice(&json).map_err(|e| problem(&e))?;
    let what = |record: &Record| (record.model.clone(), record.identity.clone(), record.width);
    if what(&known) != what(&fresh) {
        let (out, known) = (out.display(), known.model);
        return Err(format!(
            "{out} is an index of {known}; another model needs another folder"
        ));
    }
    if known.inputs != fresh.inputs {
        let out = out.display();
        return Err(format!(
            "{out} was begun on other files, or they have changed: an index goes on with the same"
        ));
    }
    Ok(known)
}

const FOLDERS: [&str; 3] = ["img_emb", "text_emb", "metadata"];

/// A part that grows in memory.
#[derive(Default)]
struct Unwritten {
    images: Vec<f32>,
    texts: Vec<f32>,
    rows: Vec<Row>,
    record: PartRecord,
}

impl Unwritten {
    /// Adds pairs, and the problems that were read with them.
    fn add(&mut self, pairs: Vec<Embedded>, read: Vec<Option<(String, bool)>>, inputs: &[Input]) {
        for pair in pairs {
            self.rows.push(pair.row(&inputs[pair.pair.input].path));
            self.images.extend(pair.image);
            self.texts.extend(pair.text);
        }
        self.record.read += read.len() as u64;
        for (sentence, left_out) in read.into_iter().flatten() {
            self.record.left_out += u64::from(left_out);
            self.record.problems.push(sentence);
        }
    }

    /// Writes the part, then the record that counts it: an interruption between costs the part.
    fn write(mut self, out: &Path, record: &mut Record) -> Result<(), String> {
        let number = format!("{:04}", record.parts.len());
        let mut files = Vec::new();
        if !self.rows.is_empty() {
            let metadata = metadata::write(&self.rows).map_err(|e| e.to_string())?;
            files.push(("img_emb", "npy", write_f16(record.width, &self.images)));
            files.push(("text_emb", "npy", write_f16(record.width, &self.texts)));
            files.push(("metadata", "parquet", metadata));
        }
        for (kind, ending, bytes) in files {
            let path = out.join(kind).join(format!("{kind}_{number}.{ending}"));
            std::fs::write(&path, bytes).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        self.record.rows = self.rows.len() as u64;
        record.parts.push(self.record);
        save(out, record)
    }
}

/// Writes the record as a whole or not at all.
fn save(out: &Path, record: &Record) -> Result<(), String> {
    let path = out.join(RECORD);
    let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let json = serde_json::to_vec_pretty(record).map_err(|e| problem(&e))?;
    let new = path.with_extension("json.new");
    std::fs::write(&new, json).map_err(|e| problem(&e))?;
    std::fs::rename(&new, &path).map_err(|e| problem(&e))
}
