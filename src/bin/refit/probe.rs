//! `refit probe`: a head taught on labelled pictures, and its accuracy over shots.

use crate::labelled::Labelled;
use crate::model::{self, BackendChoice, Device, ModelArguments};
use crate::pictures::{Failed, Pictures};
use crate::{data, heads, say};
use pollster::block_on;
use refit::study::{Study, read_measurements};
use refit::teach::study::{self, Published};
use refit::teach::{self, Lesson, Taught, labels, shots};
use refit_clip::architecture::Architecture;
use refit_clip::backend::Backend;
use refit_clip::{Head, Model};
use refit_fit::logistic::Summary;
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    /// Labelled pictures: a folder with a folder for each class, or a CSV of files and classes
    #[arg(long)]
    train: PathBuf,
    /// Pictures to test on, as --train [default: those of --train that were not drawn]
    #[arg(long)]
    test: Option<PathBuf>,
    /// Pictures of each class that are taught: numbers and `all`
    #[arg(long, default_value = "1,2,4,8,16,all")]
    shots: String,
    /// Random draws for each number of shots
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeats: u32,
    /// Seed of the draws
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Prompt template of the zero-shot classifier, {} stands for the class; repeat to average
    #[arg(long, default_value = "a photo of a {}.")]
    template: Vec<String>,
    /// Name of the set; where the transfer study has it, its accuracies are printed too [default: that of --train]
    #[arg(long)]
    set: Option<String>,
    /// Write the head that all pictures taught: .json or .safetensors
    #[arg(long, value_name = "HEAD")]
    write: Option<PathBuf>,
    /// Write it mixed with the zero-shot classifier, by the share that cross-validation chose
    #[arg(long, requires = "write")]
    mixed: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output<'a> {
    architecture: &'a Architecture,
    device: Device,
    templates: &'a [String],
    set: &'a str,
    classes: &'a [String],
    #[serde(flatten)]
    taught: Shown<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    published: &'a [Published],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failed: &'a [Failed],
}

/// [`Taught`] without its heads, which are written to a file.
#[derive(Serialize)]
struct Shown<'a> {
    pictures: usize,
    test_pictures: usize,
    repeats: usize,
    seed: u64,
    zero_shot: Option<Summary>,
    points: &'a [teach::TaughtPoint],
    skipped: &'a [teach::SkippedShots],
    penalty: f64,
    share: f64,
    folds: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let model = &arguments.model;
    match model.device.backend {
        BackendChoice::Cpu => probe(model::open_cpu(&model.device)?, arguments),
        BackendChoice::Gpu => probe(model::open_gpu(&model.device)?, arguments),
    }
}

fn probe<B: Backend>((backend, device): (B, Device), arguments: &Arguments) -> Result<(), String> {
    let shots = shots(&arguments.shots)?;
    let train = Labelled::find(&arguments.train)?;
    let test = arguments.test.as_deref().map(Labelled::find).transpose()?;
    let classes: Vec<String> = train
        .classes
        .iter()
        .map(|(class, _)| class.clone())
        .collect();
    if let Some(test) = &test {
        test.is_among(&classes)?;
    }
    let model = model::load(backend, &arguments.model, false)?;
    let mut embedded = Embedded::default();
    embedded.encode(&model, &train, &classes)?;
    let pictures = embedded.labels.len();
    if let Some(test) = &test {
        embedded.encode(&model, test, &classes)?;
    }
    let set = match &arguments.set {
        Some(set) => set.clone(),
        None => file_stem(&arguments.train),
    };
    let lesson = Lesson {
        name: set.clone(),
        model: arguments.model.about(&model),
        zero_shot: zero_shot(&model, &classes, &arguments.template)?,
        classes,
        tests: embedded.labels.len() - pictures,
        labels: std::mem::take(&mut embedded.labels),
        shots,
        repeats: arguments.repeats as usize,
        seed: arguments.seed,
        scale: model.scale(),
    };
    let taught = teach::teach(&lesson, &embedded.vectors, &mut |_, _| {
        ControlFlow::Continue(())
    })?;
    if let Some(path) = &arguments.write {
        let mixed = taught.mixed.as_ref().filter(|_| arguments.mixed);
        write(mixed.unwrap_or(&taught.head), path)?;
    }
    let published = published(&set)?;
    if arguments.model.json {
        say::json(&Output {
            architecture: model.architecture(),
            device,
            templates: &arguments.template,
            set: &set,
            classes: &taught.classes,
            taught: shown(&taught),
            published: &published,
            failed: &embedded.failed,
        })?;
    } else {
        print(&taught, &published);
    }
    match embedded.failed.len() {
        0 => Ok(()),
        failed => Err(format!("{failed} pictures could not be read")),
    }
}

/// Embeddings with their classes.
#[derive(Default)]
struct Embedded {
    vectors: Vec<f32>,
    labels: Vec<usize>,
    failed: Vec<Failed>,
}

impl Embedded {
    fn encode<B: Backend>(
        &mut self,
        model: &Model<B>,
        pictures: &Labelled,
        classes: &[String],
    ) -> Result<(), String> {
        for (class, paths) in &pictures.classes {
            let Some(label) = classes.iter().position(|known| known == class) else {
                continue;
            };
            let mut pictures = Pictures::find(paths)?;
            while let Some(batch) = pictures.next_batch(model.preprocessing()) {
                let pixels: Vec<_> = batch.into_iter().map(|(_, pixels)| pixels).collect();
                let vectors = block_on(model.encode_images(&pixels)).map_err(model::sentence)?;
                self.labels.extend(vec![label; vectors.len()]);
                self.vectors.extend(vectors.concat());
            }
            self.failed.extend(pictures.into_failed());
        }
        Ok(())
    }
}

fn zero_shot<B: Backend>(
    model: &Model<B>,
    classes: &[String],
    templates: &[String],
) -> Result<Vec<f32>, String> {
    let tokenizer = model::tokenizer(model)?;
    let names: Vec<String> = classes
        .iter()
        .map(|class| labels::in_prompt(class))
        .collect();
    let classes = block_on(model.classes(&tokenizer, &names, templates));
    Ok(classes.map_err(model::sentence)?.vectors.concat())
}

fn published(set: &str) -> Result<Vec<Published>, String> {
    let study = Study::find("transfer").ok_or("the transfer study is not bundled")?;
    let text = data::read(study::FILE).map_err(|e| e.to_string())?;
    let rows = read_measurements(study, study::FILE, &text).map_err(|e| e.to_string())?;
    let set = study::set(&rows, set);
    Ok(set.map_or(Vec::new(), |set| study::published(&rows, &set)))
}

fn write(head: &Head, path: &Path) -> Result<(), String> {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let bytes = match &*ending {
        "json" => head.to_json().into_bytes(),
        "safetensors" => head.to_safetensors(),
        _ => {
            return Err(format!(
                "{}: a head is written as .json or .safetensors",
                path.display()
            ));
        }
    };
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn file_stem(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn shown(taught: &Taught) -> Shown<'_> {
    Shown {
        pictures: taught.pictures,
        test_pictures: taught.test_pictures,
        repeats: taught.repeats,
        seed: taught.seed,
        zero_shot: taught.zero_shot,
        points: &taught.points,
        skipped: &taught.skipped,
        penalty: taught.penalty,
        share: taught.share,
        folds: taught.folds,
    }
}

fn print(taught: &Taught, published: &[Published]) {
    say!(
        "{} pictures of {} classes; {} draws, seed {}; accuracy with 95 % intervals",
        taught.pictures,
        taught.classes.len(),
        taught.repeats,
        taught.seed
    );
    let of = |summary: Option<Summary>| match summary {
        Some(Summary { mean, low, high }) => {
            let [mean, low, high] = [mean, low, high].map(|share| 100.0 * share);
            format!("{mean:>6.2} % ({low:.2} to {high:.2})")
        }
        None => String::new(),
    };
    say!("{:>5}  {:<28}{:<28}mixed", "shots", "taught", "zero-shot");
    for point in &taught.points {
        let shots = teach::written(point.shots);
        let (head, zero_shot) = (of(Some(point.taught)), of(point.zero_shot));
        say!("{shots:>5}  {head:<28}{zero_shot:<28}{}", of(point.mixed));
    }
    for skipped in &taught.skipped {
        say!(
            "{:>5}  left out: {}",
            teach::written(skipped.shots),
            skipped.reason
        );
    }
    say!("{}", heads::penalty(taught));
    for series in published {
        let points = series.points.iter();
        let points = points.map(|(shots, best)| format!("{shots}: {:.2} %", 100.0 * best));
        let points: Vec<String> = points.collect();
        let (architecture, pretrain) = (&series.architecture, &series.pretrain);
        say!(
            "{}, {architecture} {pretrain}: {}",
            study::TITLE,
            points.join(", ")
        );
    }
}
