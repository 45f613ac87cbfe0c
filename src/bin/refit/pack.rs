//! `refit pack`: a checkpoint as files that a page can host beside itself, with what that cost, measured.

mod known;
mod lists;
mod measure;

use crate::checkpoint::{self, Choices};
use crate::model::{self, sentence};
use crate::say;
use lists::List;
use measure::{Answers, Questions};
use pollster::block_on;
use refit::class_lists::DEFAULT_TEMPLATES;
use refit::text::bytes;
use refit_clip::backend::cpu::Cpu;
use refit_clip::pack::{
    ClassList, Holds, Manifest, Measured, Pack, PackDtype, PackError, PackFile,
};
use refit_clip::weights::source::{FileSource, Source};
use refit_clip::{Classes, ClipError, LoadOptions, Model};
use refit_npy::write_f32;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Checkpoint, as of `refit classify`
    #[arg(long)]
    weights: PathBuf,
    #[command(flatten)]
    choices: Choices,
    /// How numbers are kept: float16, or int8 with a scale for each output channel
    #[arg(long, value_enum)]
    dtype: Dtype,
    /// Folder to write, new or empty
    #[arg(long)]
    out: PathBuf,
    /// The most that a file may have, as 95MB or 50MiB; GitHub takes 100 MB
    #[arg(long, default_value = "95MB", value_parser = size)]
    shard: u64,
    /// Labelled pictures to measure top-1 on, a folder with a folder for each class, or a CSV of files and classes; may
    /// be repeated
    #[arg(long)]
    labelled: Vec<PathBuf>,
    /// Pictures to measure on, whose first class of the first list of --classes is compared; may be repeated
    #[arg(long)]
    images: Vec<PathBuf>,
    /// Lists whose class embeddings come along: captions-of-the-samples, shapes, colours, cifar-10, oxford-pets,
    /// imagenet, or a file with a label a line; none for none [default: all of these]
    #[arg(long, num_args = 1..)]
    classes: Vec<String>,
    /// Prompt template of the classes, {} stands for the label; repeat to average over templates [default: a photo of {}.]
    #[arg(long)]
    template: Vec<String>,
    /// A checkpoint's id in data/checkpoints.csv, which tells name, licence and source [default: by the path]
    #[arg(long)]
    id: Option<String>,
    /// What readers call the model
    #[arg(long)]
    name: Option<String>,
    /// The licence of the weights
    #[arg(long)]
    licence: Option<String>,
    /// The address of the page about the weights
    #[arg(long)]
    source: Option<String>,
    /// CPU threads [default: all]
    #[arg(long)]
    threads: Option<usize>,
    /// Print JSON: pack.json
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Dtype {
    F16,
    Int8,
}

impl From<Dtype> for PackDtype {
    fn from(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F16 => PackDtype::F16,
            Dtype::Int8 => PackDtype::Int8,
        }
    }
}

/// A number of bytes: 95MB, 0.5 GB, 50MiB, 1000.
fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let end = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        _ => return Err(format!("“{unit}” is no unit of bytes: MB, MiB, GB, …")),
    };
    match number.trim().parse::<f64>() {
        Ok(number) if number.is_finite() && number * factor >= 1.0 => Ok((number * factor) as u64),
        _ => Err(format!("“{text}” is no size")),
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let templates = match &arguments.template[..] {
        [] => vec![DEFAULT_TEMPLATES.to_owned()],
        all => all.to_vec(),
    };
    let lists = lists::read(&arguments.classes)?;
    let known = known::find(arguments.id.as_deref(), &arguments.weights)?;
    let options = checkpoint::options(&arguments.weights, &arguments.choices)?;
    let mut source = checkpoint::open(&arguments.weights)?;
    let pack = Pack::plan(
        &mut source,
        &options,
        arguments.dtype.into(),
        arguments.shard,
    );
    let pack = block_on(pack).map_err(refused)?;
    checkpoint::say_assumptions(&pack.info);
    // What cannot be read is said before hours of work.
    let questions = Questions::new(&arguments.labelled, &arguments.images, lists.first())?;
    let mut out = Out::new(&arguments.out)?;
    out.write_weights(&pack, &mut source)?;
    drop(source);
    let cpu = || {
        arguments
            .threads
            .map_or_else(Cpu::default, Cpu::with_threads)
    };
    let original = {
        let mut source = checkpoint::open(&arguments.weights)?;
        let model = load(cpu(), &mut source, options)?;
        questions.ask(&model, &templates, true)?
    };
    let (packed, classes) = {
        let options = checkpoint::options(&out.folder, &Choices::default())?;
        let model = load(cpu(), &mut checkpoint::open(&out.folder)?, options)?;
        let answers = questions.ask(&model, &templates, false)?;
        let classes = out.write_classes(&model, &lists, &templates)?;
        (answers, classes)
    };
    let name = arguments.name.clone().or(known.name);
    let manifest = Manifest {
        format: Manifest::format(),
        name: name.unwrap_or_else(|| model::name(&arguments.weights)),
        dtype: pack.dtype,
        licence: arguments.licence.clone().or(known.licence),
        source: arguments.source.clone().or(known.source),
        original: sums(&arguments.weights)?,
        architecture: pack.info.architecture,
        parameters: pack.info.parameters,
        assumed: checkpoint::assumptions(&pack.info),
        measured: Answers::compare(&original, &packed, &questions),
        files: out.files.clone(),
        classes,
    };
    // Last: what is interrupted has none.
    out.write_manifest(&manifest)?;
    if arguments.json {
        return say::json(&manifest);
    }
    print(&manifest, &arguments.out);
    Ok(())
}

/// What is wrong, and what to do.
fn refused(error: PackError) -> String {
    match error {
        PackError::Clip(error) => sentence(error),
        other @ PackError::ShardTooSmall { .. } => {
            let text = other.to_string();
            let rest = text.strip_prefix('t').unwrap_or(&text);
            format!("T{rest}; give a larger --shard, or --dtype int8.")
        }
    }
}

fn load<S: Source>(cpu: Cpu, source: &mut S, options: LoadOptions) -> Result<Model<Cpu>, String> {
    block_on(Model::load(cpu, source, options, |_| {})).map_err(sentence)
}

/// SHA-256 of each file of the original.
fn sums(weights: &Path) -> Result<Vec<String>, String> {
    let files = checkpoint::files(weights)?;
    let sum = |path: &PathBuf| {
        let mut source = FileSource::open(path).map_err(sentence)?;
        let mut buffer = vec![0; 1 << 20];
        let mut sum = Sha256::new();
        let size = source.size();
        for at in (0..size).step_by(buffer.len()) {
            let part = &mut buffer[..(size - at).min(1 << 20) as usize];
            block_on(source.read(at, part)).map_err(sentence)?;
            sum.update(part);
        }
        Ok(hex(sum))
    };
    files.iter().map(sum).collect()
}

fn hex(sum: Sha256) -> String {
    let bytes = sum.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The folder that is written, and what is in it.
struct Out {
    folder: PathBuf,
    files: Vec<PackFile>,
}

/// Why a shard is not written.
enum Unwritten {
    Clip(ClipError),
    Disk(std::io::Error),
}

impl From<ClipError> for Unwritten {
    fn from(error: ClipError) -> Self {
        Unwritten::Clip(error)
    }
}

impl Out {
    fn new(folder: &Path) -> Result<Self, String> {
        let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
        std::fs::create_dir_all(folder).map_err(problem)?;
        if std::fs::read_dir(folder).map_err(problem)?.next().is_some() {
            return Err(format!(
                "There are files in {} already; give a new or empty folder.",
                folder.display()
            ));
        }
        Ok(Out {
            folder: folder.to_owned(),
            files: Vec::new(),
        })
    }

    fn write_weights<S: Source>(&mut self, pack: &Pack, source: &mut S) -> Result<(), String> {
        for shard in &pack.shards {
            let path = self.folder.join(&shard.name);
            let problem = |error: std::io::Error| format!("{}: {error}", path.display());
            let mut file = BufWriter::new(File::create(&path).map_err(problem)?);
            let (mut sum, mut length) = (Sha256::new(), 0);
            let written = Pack::write(shard, source, |part| {
                sum.update(part);
                length += part.len() as u64;
                file.write_all(part).map_err(Unwritten::Disk)
            });
            block_on(written).map_err(|error| match error {
                Unwritten::Clip(error) => sentence(error),
                Unwritten::Disk(error) => problem(error),
            })?;
            file.flush().map_err(problem)?;
            self.files.push(PackFile {
                name: shard.name.clone(),
                bytes: length,
                sha256: hex(sum),
                holds: shard.holds,
            });
        }
        self.write(Pack::INDEX, pack.index().as_bytes(), Holds::Index)?;
        for (name, text) in pack.configuration() {
            self.write(name, text.as_bytes(), Holds::Configuration)?;
        }
        Ok(())
    }

    /// The embeddings of each list, by the packed model: a reader who types the same text gets the same.
    fn write_classes(
        &mut self,
        model: &Model<Cpu>,
        lists: &[List],
        templates: &[String],
    ) -> Result<Vec<ClassList>, String> {
        let tokenizer = model::tokenizer(model)?;
        let mut all = Vec::new();
        for list in lists {
            let classes = model.classes(&tokenizer, &list.labels, templates);
            let Classes {
                labels, vectors, ..
            } = block_on(classes).map_err(sentence)?;
            let file = format!("classes-{}.npy", list.id);
            let width = model.architecture().embedding;
            self.write(&file, &write_f32(width, &vectors.concat()), Holds::Classes)?;
            all.push(ClassList {
                name: list.name.clone(),
                file,
                labels,
                templates: templates.to_vec(),
            });
        }
        Ok(all)
    }

    fn write(&mut self, name: &str, contents: &[u8], holds: Holds) -> Result<(), String> {
        let path = self.folder.join(name);
        std::fs::write(&path, contents).map_err(|e| format!("{}: {e}", path.display()))?;
        self.files.push(PackFile {
            name: name.to_owned(),
            bytes: contents.len() as u64,
            sha256: hex(Sha256::new_with_prefix(contents)),
            holds,
        });
        Ok(())
    }

    fn write_manifest(&self, manifest: &Manifest) -> Result<(), String> {
        let path = self.folder.join(Pack::MANIFEST);
        let json = serde_json::to_string_pretty(manifest).map_err(|e| e.to_string())?;
        std::fs::write(&path, json + "\n").map_err(|e| format!("{}: {e}", path.display()))
    }
}

fn print(manifest: &Manifest, out: &Path) {
    let of = |holds: Holds| {
        manifest
            .files
            .iter()
            .filter(move |file| file.holds == holds)
    };
    let size = |holds| bytes(of(holds).map(|file| file.bytes).sum::<u64>() as f64);
    let all: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    say!(
        "wrote {}: {} in {}, {} files, {}",
        out.display(),
        manifest.name,
        manifest.dtype,
        manifest.files.len() + 1,
        bytes(all as f64)
    );
    for (what, holds) in [
        ("image tower", Holds::Image),
        ("text tower", Holds::Text),
        ("decoder", Holds::Decoder),
        ("classes", Holds::Classes),
    ] {
        if of(holds).next().is_some() {
            say!("  {what:<12}{} in {} files", size(holds), of(holds).count());
        }
    }
    let unknown = |what: &Option<String>| what.clone().unwrap_or("not known".to_owned());
    say!("  {:<12}{}", "licence", unknown(&manifest.licence));
    say!("  {:<12}{}", "source", unknown(&manifest.source));
    let Measured {
        images,
        texts,
        top1,
    } = &manifest.measured;
    say!("against the original:");
    for difference in images.iter().chain(texts) {
        say!(
            "  largest difference {:.1e}, smallest cosine {:.6}: {} {}",
            difference.largest,
            difference.cosine,
            difference.count,
            difference.of
        );
    }
    for top in top1 {
        let percent = 100.0 * top.same as f64 / top.count.max(1) as f64;
        let right = top.right.map_or(String::new(), |[before, after]| {
            format!("; right: {before} before, {after} packed")
        });
        say!(
            "  {percent:.2} % same first class: {} of {} in {} ({}){right}",
            top.same,
            top.count,
            top.of,
            top.classes
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("95MB", 95_000_000),
            ("0.5 gb", 500_000_000),
            ("50MiB", 52_428_800),
            ("1000", 1000),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "MB", "-1MB", "95 parsecs", "0", "nan"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
