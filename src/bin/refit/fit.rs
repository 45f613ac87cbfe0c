//! `refit fit`: one analysis, as the page would do it.

use crate::data;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use refit::analysis::{self, Analysis, Edges};
use refit::fit::{Interval, Loss, Prediction, Status, symbol};
use refit::law::{Form, Law};
use refit::study::frontier::Rule;
use refit::study::select::Axis;
use refit::study::{Study, Table, names};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(clap::Args)]
pub struct Arguments {
    #[arg(long, value_enum, default_value = "comparison")]
    study: Named<Study>,
    /// Which table; by default the study's first that has the dataset and metric
    #[arg(long, value_enum)]
    table: Option<Named<Table>>,
    /// Downstream set, such as imagenet1k or mscoco_captions
    #[arg(long)]
    dataset: Option<String>,
    /// Such as acc1 or image_retrieval_recall@5
    #[arg(long)]
    metric: Option<String>,
    #[arg(long)]
    family: Option<String>,
    /// Pre-training set; LAION stands for LAION-80M, LAION-400M and LAION-2B together
    #[arg(long)]
    pretrain: Option<String>,
    /// Learning-rate schedule
    #[arg(long)]
    schedule: Option<String>,
    /// What the law is a function of
    #[arg(long, value_enum)]
    axis: Option<Named<Axis>>,
    #[arg(long, value_enum)]
    law: Option<Named<Law>>,
    /// What is minimised: squares, log-squares, huber[:DELTA], binomial[:IMAGES] or
    /// asymmetric[:FACTOR]
    #[arg(long, value_parser = loss)]
    loss: Option<Loss>,
    #[arg(long, value_enum)]
    frontier: Option<Named<Rule>>,
    /// Compute above which runs are held out, or "none"
    #[arg(long)]
    threshold: Option<String>,
    /// Which runs set the range of the compute bins
    #[arg(long, value_enum)]
    edges: Option<Named<Edges>>,
    /// 95 % interval of predictions
    #[arg(long, value_enum)]
    interval: Option<Named<Interval>>,
    /// Predict here: a compute, or "ViT-L-14 at 12.8B"; may be repeated
    #[arg(long)]
    at: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The library's own names as values on the command line.
#[derive(Clone, Copy, PartialEq)]
struct Named<T>(T);

macro_rules! named {
    ($($type:ty),*) => {$(
        impl ValueEnum for Named<$type> {
            fn value_variants<'a>() -> &'a [Self] {
                const ALL: &[Named<$type>] = &{
                    let mut all = [Named(<$type>::ALL[0]); <$type>::ALL.len()];
                    let mut i = 0;
                    while i < all.len() {
                        all[i] = Named(<$type>::ALL[i]);
                        i += 1;
                    }
                    all
                };
                ALL
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(PossibleValue::new(self.0.id()))
            }
        }
    )*};
}

named!(Study, Table, Axis, Law, Rule, Edges, Interval);

fn loss(text: &str) -> Result<Loss, String> {
    Loss::parse(text).ok_or_else(|| {
        let known: Vec<String> = Loss::ALL.into_iter().map(Loss::id).collect();
        format!("known: {}", known.join(", "))
    })
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output {
    /// Runs up to the threshold.
    points: usize,
    frontier_points: usize,
    held_out: usize,
    law: &'static str,
    objective: String,
    parameters: BTreeMap<&'static str, f64>,
    standard_errors: BTreeMap<&'static str, Option<f64>>,
    mse: f64,
    status: Status,
    predictions: Vec<Prediction>,
}

pub fn run(arguments: &Arguments) -> Result<(), String> {
    let library = data::library()?;
    let mut analysis = analysis_of(arguments, &library)?;
    let rows = library
        .tables
        .get(&analysis.table)
        .map_or(&[][..], Vec::as_slice);
    let unknown = analysis.settle(rows);
    if !unknown.is_empty() {
        let lines: Vec<String> = unknown.iter().map(ToString::to_string).collect();
        return Err(lines.join("\n"));
    }
    let study = analysis.study();
    let architectures = library
        .architectures
        .get(&study)
        .map_or(&[][..], Vec::as_slice);
    let outcome = analysis::run(&analysis, rows, architectures);
    let [series] = outcome.series.as_slice() else {
        return Err(format!(
            "no measurements of {} on {} with the {} schedule for {} {}; `refit data` lists what there is",
            analysis.families.join(", "),
            analysis.pretrains.join(", "),
            analysis.schedule,
            analysis.dataset,
            analysis.metric
        ));
    };
    let fit = series.fit.as_ref().map_err(ToString::to_string)?;
    let predictions = series
        .predictions
        .iter()
        .cloned()
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| e.to_string())?;
    let names = analysis.law.parameters().iter().copied();
    let output = Output {
        points: series.points.len(),
        frontier_points: series.frontier.len(),
        held_out: series.held_out.len(),
        law: analysis.law.id(),
        objective: analysis.loss.objective(),
        parameters: names.clone().zip(fit.parameters.iter().copied()).collect(),
        standard_errors: names.zip(fit.standard_errors.iter().copied()).collect(),
        mse: fit.mse,
        status: fit.status.clone(),
        predictions,
    };
    if arguments.json {
        let json = serde_json::to_string_pretty(&output).map_err(|e| e.to_string())?;
        println!("{json}");
    } else {
        print(&analysis, &output);
    }
    Ok(())
}

fn analysis_of(arguments: &Arguments, library: &refit::claim::Library) -> Result<Analysis, String> {
    let study = arguments.study.0;
    let has = |table: &Table| {
        let rows = library.tables.get(table).map_or(&[][..], Vec::as_slice);
        let standard = Analysis::of(*table);
        rows.iter().any(|m| {
            arguments.dataset.as_ref().is_none_or(|d| m.dataset == *d)
                && arguments.metric.as_ref().is_none_or(|x| m.metric == *x)
                && (arguments.dataset.is_some() || m.dataset == standard.dataset)
        })
    };
    let table = match arguments.table {
        Some(Named(table)) if table.study() == study => table,
        Some(Named(table)) => {
            return Err(format!(
                "table {} belongs to the study {}, not to {}",
                table.id(),
                table.study().id(),
                study.id()
            ));
        }
        None => Table::of(study).find(has).unwrap_or(match study {
            Study::Comparison => Table::Sweep,
            Study::Openclip => Table::Zeroshot,
        }),
    };
    let mut analysis = Analysis::of(table);
    if let Some(dataset) = &arguments.dataset {
        analysis.dataset.clone_from(dataset);
    }
    if let Some(metric) = &arguments.metric {
        analysis.metric.clone_from(metric);
    }
    // One series a call.
    analysis.families = vec![
        arguments
            .family
            .clone()
            .unwrap_or(analysis.families[0].clone()),
    ];
    analysis.pretrains = vec![
        arguments
            .pretrain
            .clone()
            .unwrap_or(analysis.pretrains[0].clone()),
    ];
    if let Some(schedule) = &arguments.schedule {
        analysis.schedule.clone_from(schedule);
    }
    if let Some(Named(law)) = arguments.law {
        analysis.law = law;
    }
    if let Some(loss) = arguments.loss {
        analysis.loss = loss;
    }
    if let Some(Named(axis)) = arguments.axis {
        analysis.axis = axis;
    }
    if let Some(Named(frontier)) = arguments.frontier {
        analysis.frontier = frontier;
    }
    if let Some(Named(edges)) = arguments.edges {
        analysis.edges = edges;
    }
    if let Some(Named(interval)) = arguments.interval {
        analysis.interval = interval;
    }
    if let Some(text) = &arguments.threshold {
        analysis.threshold = analysis::threshold(text).ok_or_else(|| {
            format!("threshold “{text}” is neither a compute above zero nor “none”")
        })?;
    }
    analysis.at.clone_from(&arguments.at);
    Ok(analysis)
}

fn print(analysis: &Analysis, output: &Output) {
    println!(
        "{} {}, {} on {}, {} schedule, table {}",
        names::dataset(&analysis.dataset),
        names::metric(&analysis.metric),
        names::family(&analysis.families[0]),
        names::pretrain(&analysis.pretrains[0]),
        names::schedule(&analysis.schedule),
        analysis.table.id()
    );
    println!(
        "{} runs, {} on the frontier ({}), {} held out",
        output.points,
        output.frontier_points,
        analysis.frontier.title(),
        output.held_out
    );
    println!("{}   ({})", analysis.law.plain(), output.objective);
    for name in analysis.law.parameters() {
        let error = match output.standard_errors[name] {
            Some(error) => format!("± {error:.6}"),
            None => "± –".to_owned(),
        };
        println!(
            "  {:<6} {:>16.6} {error}",
            symbol(name),
            output.parameters[name]
        );
    }
    println!("  mean squared error {:.6e}; {}", output.mse, output.status);
    for p in &output.predictions {
        let interval = match (p.low, p.high) {
            (Some(low), Some(high)) => format!("[{low:.6}, {high:.6}]"),
            _ => "no interval: too few points".to_owned(),
        };
        println!(
            "  at {:.4e} {}: error {:.6} {interval}",
            p.x,
            analysis.unit(),
            p.error
        );
    }
}
