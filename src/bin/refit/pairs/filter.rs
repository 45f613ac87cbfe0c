//! `refit filter`: LAION's and DataComp's rules on pairs, an index or a table, and the subset that is left.

mod set;
mod write;

use crate::heads;
use crate::model::{self, BackendChoice, OptionalModel};
use crate::say;
use clap::ValueEnum;
use pollster::block_on;
use refit::pairs::head_rule;
use refit::text::listed;
use refit_clip::backend::Backend;
use refit_clip::head::HeadModel;
use refit_clip::{Head, Model};
use refit_pairs::filter::{Count, Edition, Filtered, Rule, filter};
use serde::Serialize;
use set::Set;
use std::path::Path;
use write::Outputs;

use super::inputs::PairArguments;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pairs: PairArguments,
    /// Column of a table, or of an index's metadata, with the cosine of picture and text [default: the one whose name says so]
    #[arg(long)]
    score_column: Option<String>,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    model: OptionalModel,
}

/// The rules, which are applied in this order.
#[derive(clap::Args)]
struct Rules {
    /// DataComp's basic filter: English, more than 2 words and 5 characters, 200 pixels, 3 : 1; `paper` leaves out what
    /// lies on the last two bounds, which DataComp's code keeps
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "code")]
    basic: Option<BasicEdition>,
    /// LAION-400M's: at least 5 characters and 5,000 bytes, no address and text twice
    #[arg(long)]
    laion: bool,
    /// What LAION recommends for use: punsafe below 0.5, pwatermark below 0.8
    #[arg(long)]
    laion_for_use: bool,
    /// The text contains this; may be repeated
    #[arg(long, value_name = "TEXT")]
    contains: Vec<String>,
    /// Classes, separated by commas, for --nearest
    #[arg(long, requires = "nearest")]
    classes: Option<String>,
    /// The picture is nearest to one of these of the classes
    #[arg(long, value_name = "CLASSES", requires = "classes")]
    nearest: Option<String>,
    /// A head of yours or of others keeps it: FILE:5 where its score is at least 5, FILE:cat,dog where it tells one of
    /// these classes; may be repeated
    #[arg(long, value_name = "FILE:KEPT")]
    head: Vec<String>,
    /// The cosine is at least this: LAION took 0.3 (LAION-400M), 0.28 (English) and 0.26 of a ViT-B/32
    #[arg(long, value_name = "COSINE")]
    min_score: Option<f32>,
    /// The cosine is among this share of the highest of all pairs: DataComp took 0.3
    #[arg(long, value_name = "SHARE", value_parser = share)]
    top_share: Option<f64>,
    /// The first of near duplicates: pictures whose inner product is at least this, 0.94 in clip-retrieval
    #[arg(long, value_name = "COSINE")]
    dedup: Option<f32>,
}

#[derive(Clone, Copy, ValueEnum)]
enum BasicEdition {
    Code,
    Paper,
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    match share > 0.0 && share <= 1.0 {
        true => Ok(share),
        false => Err("a share is above 0 and at most 1".to_owned()),
    }
}

impl Rules {
    fn list(&self, classes: &[String], heads: &[Head]) -> Result<Vec<Rule>, String> {
        let mut rules = Vec::new();
        if let Some(edition) = self.basic {
            rules.extend(Rule::basic(match edition {
                BasicEdition::Code => Edition::Code,
                BasicEdition::Paper => Edition::Paper,
            }));
        }
        if self.laion {
            rules.extend(Rule::laion());
        }
        if self.laion_for_use {
            rules.extend(Rule::laion_for_use());
        }
        rules.extend(self.contains.iter().cloned().map(Rule::Contains));
        if let Some(nearest) = &self.nearest {
            let place = |class: &String| {
                let place = classes.iter().position(|known| known == class);
                place.ok_or_else(|| format!("--nearest: “{class}” is none of the --classes"))
            };
            let places: Result<Vec<usize>, String> = listed(nearest).iter().map(place).collect();
            rules.push(Rule::Nearest(places?));
        }
        for (at, (head, text)) in heads.iter().zip(&self.head).enumerate() {
            let (_, kept) = file_and_kept(text)?;
            rules.push(head_rule(head, at, kept)?);
        }
        rules.extend(self.min_score.map(Rule::MinScore));
        rules.extend(self.top_share.map(Rule::TopShare));
        if self.dedup.is_some() {
            rules.push(Rule::FirstOfDuplicates);
        }
        match rules.is_empty() {
            true => {
                Err("no rule is given: --basic, --min-score 0.28 and others are some".to_owned())
            }
            false => Ok(rules),
        }
    }

    fn classes(&self) -> Vec<String> {
        self.classes.as_deref().map_or(Vec::new(), listed)
    }

    fn heads(&self) -> Result<Vec<Head>, String> {
        let read = |text: &String| heads::read(Path::new(file_and_kept(text)?.0));
        self.head.iter().map(read).collect()
    }
}

/// The parts of `FILE:KEPT`.
fn file_and_kept(text: &str) -> Result<(&str, &str), String> {
    text.rsplit_once(':').ok_or_else(|| {
        format!(
            "--head: write what is kept behind the file and a colon, as {text}:5 or {text}:cat,dog"
        )
    })
}

/// What is asked for.
struct Asked {
    rules: Vec<Rule>,
    heads: Vec<Head>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output<'a> {
    pairs: usize,
    kept: u64,
    rules: &'a [Count],
    /// Where the cosines are from.
    #[serde(skip_serializing_if = "Option::is_none")]
    scores: Option<&'a str>,
    notes: &'a [String],
    problems: &'a [String],
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let heads = arguments.rules.heads()?;
    let rules = arguments.rules.list(&arguments.rules.classes(), &heads)?;
    let asked = Asked { rules, heads };
    let Some(weights) = &arguments.model.weights else {
        let set = Set::without_model(arguments, &asked.rules)?;
        return judge(arguments, &asked, set, &[], None);
    };
    let device = &arguments.model.device;
    match device.backend {
        BackendChoice::Cpu => {
            let (backend, _) = model::open_cpu(device)?;
            with_model(arguments.model.load(backend, weights)?, arguments, &asked)
        }
        BackendChoice::Gpu => {
            let (backend, _) = model::open_gpu(device)?;
            with_model(arguments.model.load(backend, weights)?, arguments, &asked)
        }
    }
}

fn with_model<B: Backend>(
    model: Model<B>,
    arguments: &Arguments,
    asked: &Asked,
) -> Result<(), String> {
    let names = arguments.rules.classes();
    let classes = match names.is_empty() {
        true => Vec::new(),
        false => {
            let tokenizer = model::tokenizer(&model)?;
            let templates = ["a photo of a {}.".to_owned()];
            let classes = block_on(model.classes(&tokenizer, &names, &templates));
            classes.map_err(model::sentence)?.vectors
        }
    };
    let weights = arguments.model.weights.as_deref();
    let about = HeadModel {
        name: weights.map(model::name).unwrap_or_default(),
        identity: model.info().identity(),
    };
    let set = Set::with_model(model, arguments, &asked.rules)?;
    judge(arguments, asked, set, &classes, Some(about))
}

/// `about` is the model that was named; without one an index may say which is its own.
fn judge(
    arguments: &Arguments,
    asked: &Asked,
    mut set: Set,
    classes: &[Vec<f32>],
    about: Option<HeadModel>,
) -> Result<(), String> {
    let rules = &asked.rules;
    if set.facts.is_empty() {
        let first = set
            .problems
            .first()
            .map_or(String::new(), |first| format!(": {first}"));
        return Err(format!("there is no pair that can be read{first}"));
    }
    let asks = |is: fn(&Rule) -> bool| rules.iter().any(is);
    if asks(|rule| matches!(rule, Rule::MinScore(_) | Rule::TopShare(_)))
        && set.facts.iter().all(|facts| facts.score.is_none())
    {
        return Err("no cosine of picture and text is known: --weights computes them, --score-column names a column with them".to_owned());
    }
    if asks(|rule| matches!(rule, Rule::Nearest(_))) {
        if classes.is_empty() {
            return Err("--nearest needs the model that embeds the classes: --weights".to_owned());
        }
        set.classify(classes)?;
    }
    if !asked.heads.is_empty() {
        set.ask(&asked.heads, about)?;
    }
    let duplicates = arguments
        .rules
        .dedup
        .map(|threshold| set.duplicates(threshold));
    let duplicates = duplicates.transpose()?;
    let filtered = filter(&set.facts, rules, duplicates.as_ref());
    if let Some(duplicates) = &duplicates {
        let groups = duplicates.groups();
        let (count, most) = (groups.len(), groups.iter().map(Vec::len).max().unwrap_or(0));
        set.notes.push(format!(
            "{count} groups of near duplicates, the largest of {most}; the first of each that the rules before leave is kept"
        ));
    }
    if asks(|rule| *rule == Rule::English) {
        set.notes.push(
            "English is told by whichlang; DataComp used fastText’s lid.176, and some short texts differ"
                .to_owned(),
        );
    }
    write::all(&arguments.outputs, &mut set, &filtered)?;
    tell(arguments, &set, &filtered)
}

fn tell(arguments: &Arguments, set: &Set, filtered: &Filtered) -> Result<(), String> {
    let scores = set.scores.as_deref();
    if arguments.model.json {
        return say::json(&Output {
            pairs: set.facts.len(),
            kept: filtered.left(),
            rules: &filtered.counts,
            scores,
            notes: &set.notes,
            problems: &set.problems,
        });
    }
    let (pairs, kept) = (set.facts.len(), filtered.left());
    let percent = 100.0 * kept as f64 / pairs as f64;
    say!("{:>10}  {:>10}  rule", "alone", "in place");
    for count in &filtered.counts {
        let Count {
            rule,
            alone,
            in_place,
            unknown,
            threshold,
        } = count;
        let mut more = String::new();
        if let Some(threshold) = threshold {
            more.push_str(&format!(": at least {threshold}"));
        }
        if *unknown > 0 {
            more.push_str(&format!(
                " (of {unknown} it is not known; they are taken out)"
            ));
        }
        say!("{alone:>10}  {in_place:>10}  {rule}{more}");
    }
    say!("{kept} of {pairs} pairs are kept ({percent:.1} %)");
    for sentence in scores
        .into_iter()
        .chain(set.notes.iter().map(String::as_str))
    {
        eprintln!("refit: {sentence}");
    }
    for problem in &set.problems {
        eprintln!("refit: {problem}");
    }
    Ok(())
}
