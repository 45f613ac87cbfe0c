//! `refit search`: an index's best rows for texts and pictures.

use super::folder::{Folder, Mapped, Part};
use crate::model::{self, BackendChoice, OptionalModel};
use crate::{pictures, say};
use clap::ValueEnum;
use pollster::block_on;
use refit_clip::backend::Backend;
use refit_clip::preprocess::preprocess;
use refit_pairs::index;
use refit_pairs::records::Records;
use refit_pairs::search::{Hit, TopK, query};
use serde::Serialize;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folder of the index: of `refit index`, or of clip-retrieval
    #[arg(long)]
    index: PathBuf,
    /// A text to search for; may be repeated, and given beside pictures
    #[arg(long)]
    text: Vec<String>,
    /// A picture to search for; of several the mean
    #[arg(long, value_name = "PICTURE")]
    like: Vec<PathBuf>,
    /// A text that results are not like; may be repeated
    #[arg(long, value_name = "TEXT")]
    minus: Vec<String>,
    /// A vector (.npy) that is added to the query, as of a rating in clip-retrieval
    #[arg(long, value_name = "NPY")]
    steer: Option<PathBuf>,
    /// Its weight
    #[arg(long, default_value_t = 0.5, requires = "steer")]
    steer_weight: f32,
    /// How many results
    #[arg(long, default_value_t = 10)]
    top: usize,
    /// What is searched
    #[arg(long = "in", value_enum, default_value = "pictures")]
    kind: Kind,
    #[command(flatten)]
    model: OptionalModel,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Pictures,
    Texts,
}

impl Kind {
    fn of(self, part: &Part) -> Option<&Mapped> {
        match self {
            Kind::Pictures => part.images.as_ref(),
            Kind::Texts => part.texts.as_ref(),
        }
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output<'a> {
    model: String,
    searched: Kind,
    vectors: u64,
    /// From the query's vector to the rows.
    seconds: f64,
    hits: &'a [Found],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [String],
}

#[derive(Serialize)]
struct Found {
    row: u64,
    score: f32,
    #[serde(flatten)]
    metadata: Map<String, Value>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    if arguments.text.is_empty() && arguments.like.is_empty() {
        return Err("nothing to search for: give --text or --like".to_owned());
    }
    let device = &arguments.model.device;
    match device.backend {
        BackendChoice::Cpu => search(model::open_cpu(device)?.0, arguments),
        BackendChoice::Gpu => search(model::open_gpu(device)?.0, arguments),
    }
}

fn search<B: Backend>(backend: B, arguments: &Arguments) -> Result<(), String> {
    let mut folder = Folder::open(&arguments.index)?;
    let (name, query) = vector(backend, arguments, &folder)?;
    let kind = arguments.kind;
    let start = Instant::now();
    let top = scan(&folder, kind, &query, arguments.top);
    if top.not_finite() > 0 {
        let count = top.not_finite();
        folder
            .problems
            .push(format!("{count} vectors are not finite and were left out"));
    }
    let hits = found(&mut folder, &top.into_hits());
    let seconds = start.elapsed().as_secs_f64();
    let vectors = folder.parts.iter().filter_map(|part| kind.of(part));
    let vectors: u64 = vectors.map(|mapped| mapped.vectors.rows).sum();
    if vectors == 0 {
        return Err(format!(
            "{}: it has no vectors of {}",
            arguments.index.display(),
            match kind {
                Kind::Pictures => "pictures; --in texts searches its texts",
                Kind::Texts => "texts; --in pictures searches its pictures",
            }
        ));
    }
    for problem in &folder.problems {
        eprintln!("refit: {}: {problem}", arguments.index.display());
    }
    if arguments.model.json {
        return say::json(&Output {
            model: name,
            searched: kind,
            vectors,
            seconds,
            hits: &hits,
            problems: &folder.problems,
        });
    }
    for Found {
        row,
        score,
        metadata,
    } in &hits
    {
        let text = |names: &[&str]| {
            let value = names.iter().find_map(|name| metadata.get(*name));
            value.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let (path, caption) = (
            text(&["image_path", "url", "URL"]),
            text(&["caption", "TEXT"]),
        );
        say!("{score:.4}  {row:>8}  {path}  {caption}");
    }
    eprintln!("refit: {vectors} vectors in {seconds:.3} s");
    Ok(())
}

/// The model's name, and the query's vector.
fn vector<B: Backend>(
    backend: B,
    arguments: &Arguments,
    folder: &Folder,
) -> Result<(String, Vec<f32>), String> {
    let index = arguments.index.display();
    let weights = match (&arguments.model.weights, &folder.record) {
        (Some(weights), _) => weights.clone(),
        (None, None) => {
            return Err(format!(
                "{index}: the index does not say which model it was made with: --weights names it"
            ));
        }
        (None, Some(record)) => folder.weights().ok_or_else(|| {
            let (model, weights) = (&record.model, &record.weights);
            format!("{index}: it was made with {model}, which is no longer at {weights}: --weights says where it is")
        })?,
    };
    let model = arguments.model.load(backend, &weights)?;
    let name = model::name(&weights);
    let width = model.architecture().embedding;
    if width != folder.width {
        let vectors = folder.width;
        return Err(format!(
            "{index}: its vectors have {vectors} numbers, and those of {name} {width}: it was made with another model"
        ));
    }
    match &folder.record {
        Some(record) if !record.names(&[&name]) || record.identity != model.info().identity() => {
            let made = &record.model;
            eprintln!(
                "refit: the index was made with {made}; with {name}, or as it is run now, the results may mean nothing"
            );
        }
        Some(_) => {}
        None => eprintln!("refit: {index} does not say its model; {name} is taken for it"),
    }
    let tokenizer = model::tokenizer(&model)?;
    let embed = |texts: &[String]| -> Result<Vec<Vec<f32>>, String> {
        let tokens: Vec<_> = texts.iter().map(|text| tokenizer.encode(text)).collect();
        for (text, tokens) in texts.iter().zip(&tokens) {
            crate::clip::report(text, tokens);
        }
        block_on(model.encode_texts(&tokens)).map_err(model::sentence)
    };
    let (texts, minus) = (embed(&arguments.text)?, embed(&arguments.minus)?);
    let mut pixels = Vec::new();
    for path in &arguments.like {
        let problem = |error: String| format!("{}: {error}", path.display());
        let bytes = std::fs::read(path).map_err(|e| problem(e.to_string()))?;
        let decoded = pictures::decode(&bytes).map_err(problem)?;
        for warning in &decoded.warnings {
            eprintln!("refit: {}: {warning}", path.display());
        }
        pixels.push(preprocess(
            &decoded.image().map_err(problem)?,
            model.preprocessing(),
        ));
    }
    let pictures = block_on(model.encode_images(&pixels)).map_err(model::sentence)?;
    let steering = arguments.steer.as_deref().map(steering).transpose()?;
    // Each text is a term; the pictures are one.
    let mut plus: Vec<&[Vec<f32>]> = texts.chunks(1).collect();
    if !pictures.is_empty() {
        plus.push(&pictures);
    }
    let minus: Vec<&[Vec<f32>]> = minus.chunks(1).collect();
    let weight = arguments.steer_weight;
    let steering: Vec<(f32, &[f32])> = steering.iter().map(|v| (weight, &v[..])).collect();
    let query = query(&plus, &minus, &steering).map_err(|e| e.to_string())?;
    Ok((name, query))
}

fn steering(path: &Path) -> Result<Vec<f32>, String> {
    let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let bytes = std::fs::read(path).map_err(|e| problem(&e))?;
    let matrix = refit_npy::read_matrix(&bytes).map_err(|e| problem(&e))?;
    match matrix.rows {
        1 => Ok(matrix.values),
        rows => Err(problem(&format!("it has {rows} vectors, and one is added"))),
    }
}

/// Rows that a thread takes at once.
const ROWS: u64 = 1 << 14;

/// Scans all parts with all cores.
fn scan(folder: &Folder, kind: Kind, query: &[f32], k: usize) -> TopK {
    let mut slices = Vec::new();
    for part in &folder.parts {
        if let Some(mapped) = kind.of(part) {
            let stored = mapped.vectors.stored;
            let slices_of = mapped
                .bytes()
                .chunks(ROWS as usize * stored.bytes())
                .enumerate();
            slices.extend(slices_of.map(|(i, rows)| (stored, rows, part.first + i as u64 * ROWS)));
        }
    }
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let work = || {
            let mut top = TopK::new(k);
            while let Some((stored, rows, first)) = slices.get(next.fetch_add(1, Ordering::Relaxed))
            {
                top.scan(*stored, rows, *first, query);
            }
            top
        };
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut top = work();
        for other in others {
            match other.join() {
                Ok(found) => top.merge(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        top
    })
}

/// The hits with their metadata.
fn found(folder: &mut Folder, hits: &[Hit]) -> Vec<Found> {
    let mut found: Vec<Found> = hits
        .iter()
        .map(|hit| Found {
            row: hit.row,
            score: hit.score,
            metadata: Map::new(),
        })
        .collect();
    for part in &folder.parts {
        let rows = part.first..part.first + part.rows;
        let of_part = hits
            .iter()
            .enumerate()
            .filter(|(_, hit)| rows.contains(&hit.row));
        let mut wanted: Vec<(u64, usize)> =
            of_part.map(|(i, hit)| (hit.row - part.first, i)).collect();
        wanted.sort_unstable();
        let (Some(metadata), false) = (&part.metadata, wanted.is_empty()) else {
            continue;
        };
        let numbers: Vec<u64> = wanted.iter().map(|(row, _)| *row).collect();
        let read = Records::open(metadata).and_then(|table| {
            let mut next = wanted.iter();
            index::describe(&table, &numbers, &mut |_, said| {
                if let Some((_, at)) = next.next() {
                    found[*at].metadata = said;
                }
            })
        });
        if let Err(error) = read {
            folder
                .problems
                .push(format!("metadata of rows from {}: {error}", part.first));
        }
    }
    found
}
