//! `refit transfer`: accuracy against accuracy, and effective robustness.

use crate::data;
use crate::say;
use clap::ValueEnum;
use refit::analysis::Analysis;
use refit::analysis::transfer::{Benchmark, Choice, Model, Source, Transfer, transfer};
use refit::claim::Library;
use refit::study::{Study, Table, names};
use refit_fit::robustness::AccuracyLine;
use serde::Serialize;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A bundled study, or a folder with a study.json, whose models the line goes through
    #[arg(long)]
    study: String,
    /// Its table [default: the first that has both benchmarks]
    #[arg(long)]
    table: Option<String>,
    /// Benchmark without the shift, as `refit data` lists it
    #[arg(long, value_name = "DATASET")]
    x: String,
    /// Benchmark under the shift
    #[arg(long, value_name = "DATASET")]
    y: String,
    /// Metric of both [default: the one that the table opens with, or the only one]
    #[arg(long)]
    metric: Option<String>,
    #[arg(long, value_enum, default_value = "logit")]
    axes: Axis,
    /// Family or pre-training set of reference models; may be repeated [default: all of the study]
    #[arg(long, value_name = "FAMILY")]
    reference: Vec<String>,
    /// Another study whose models are held against the line; may be repeated
    #[arg(long, value_name = "STUDY")]
    models_from: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The library's axes as values on the command line.
#[derive(Clone, Copy)]
struct Axis(refit_fit::robustness::Axis);

impl ValueEnum for Axis {
    fn value_variants<'a>() -> &'a [Self] {
        use refit_fit::robustness::Axis as A;
        &[Axis(A::Linear), Axis(A::Logit), Axis(A::Probit)]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.id()))
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    choice: &'a Choice,
    line: &'a AccuracyLine,
    /// Models with an accuracy of 0 or 1, which has no place on the axes.
    off_axis: &'a [String],
    on_one_alone: usize,
    models: &'a [Model],
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let studies = std::iter::once(&arguments.study).chain(&arguments.models_from);
    let studies: Vec<Study> = studies
        .map(|name| data::study(name))
        .collect::<Result<_, _>>()?;
    let library = data::library()?;
    let first = table_of(arguments, &library, studies[0], arguments.table.as_deref())?;
    let metric = match &arguments.metric {
        Some(metric) => metric.clone(),
        None => metric_of(arguments, &library, first)?,
    };
    let mut tables = vec![first];
    for study in &studies[1..] {
        tables.push(table_of(arguments, &library, *study, None)?);
    }
    let benchmark = |dataset: &String| Benchmark {
        dataset: dataset.clone(),
        metric: metric.clone(),
    };
    let choice = Choice {
        x: benchmark(&arguments.x),
        y: benchmark(&arguments.y),
        axis: arguments.axes.0,
        reference: arguments.reference.clone(),
    };
    let sources = tables.iter().map(|table| {
        let rows = library.rows(*table).map_err(|e| e.to_string())?;
        let study = table.study();
        Ok(Source { study, rows })
    });
    let sources = sources.collect::<Result<Vec<Source>, String>>()?;
    let found = transfer(&choice, &sources);
    let line = found.line.as_ref().map_err(|why| {
        let cause = std::error::Error::source(why).map_or(String::new(), |c| format!(" {c}"));
        let reference = found.models.iter().filter(|m| m.reference).count();
        format!(
            "{why}{cause} {reference} of {} models on both benchmarks are reference models",
            found.models.len()
        )
    })?;
    if arguments.json {
        return say::json(&Output {
            choice: &choice,
            line,
            off_axis: &found.off_axis,
            on_one_alone: found.on_one_alone,
            models: &found.models,
        });
    }
    print(&choice, &found, line, &tables);
    Ok(())
}

/// The table asked for, or the first of the study that has both benchmarks.
fn table_of(
    arguments: &Arguments,
    library: &Library,
    study: Study,
    id: Option<&str>,
) -> Result<Table, String> {
    let has = |table: &Table| {
        let rows = library.rows(*table).unwrap_or_default();
        [&arguments.x, &arguments.y].iter().all(|dataset| {
            let of = |m: &&refit::study::Measurement| {
                m.dataset == **dataset && arguments.metric.as_ref().is_none_or(|x| m.metric == *x)
            };
            rows.iter().any(|m| of(&m))
        })
    };
    let found = match id {
        Some(id) => study
            .table(id)
            .ok_or_else(|| format!("the study {} has no table {id}", study.id))
            .map(|table| has(&table).then_some(table))?,
        None => study.tables().find(has),
    };
    found.ok_or_else(|| {
        format!(
            "{} has no table with both {} and {}; `refit data` lists what there is",
            study.id, arguments.x, arguments.y
        )
    })
}

/// The metric that the table opens with if both benchmarks have it, else the only one of both.
fn metric_of(arguments: &Arguments, library: &Library, table: Table) -> Result<String, String> {
    let rows = library.rows(table).map_err(|e| e.to_string())?;
    let of = |dataset: &str| {
        let rows = rows.iter().filter(|m| m.dataset == dataset);
        rows.map(|m| m.metric.as_str())
            .collect::<std::collections::BTreeSet<&str>>()
    };
    let (x, y) = (of(&arguments.x), of(&arguments.y));
    let shared: Vec<&str> = x.intersection(&y).copied().collect();
    let standard = Analysis::of(table).metric;
    match shared.as_slice() {
        [one] => Ok((*one).to_owned()),
        several if several.contains(&standard.as_str()) => Ok(standard),
        several => Err(format!(
            "which metric? Both benchmarks have {}: choose with --metric",
            match several.is_empty() {
                true => "none in common".to_owned(),
                false => several.join(", "),
            }
        )),
    }
}

fn print(choice: &Choice, found: &Transfer, line: &AccuracyLine, tables: &[Table]) {
    let tables: Vec<&str> = tables.iter().map(|t| t.head().id.as_str()).collect();
    say!(
        "{} against {}, {}, {} axes; tables {}",
        choice.y.dataset,
        choice.x.dataset,
        choice.x.metric,
        choice.axis.id(),
        tables.join(", ")
    );
    let interval = |e: refit_fit::line::Estimate| {
        let ends = e
            .interval
            .map(|(low, high)| format!("  [{low:.4}, {high:.4}]"));
        format!("{:.4}{}", e.value, ends.unwrap_or_default())
    };
    say!("line through {} reference models", line.line.points);
    say!("  slope      {}", interval(line.line.slope));
    say!("  intercept  {}", interval(line.line.intercept));
    if let Some(r) = line.line.r_squared {
        say!("  R²         {r:.4}");
    }
    let others: Vec<&Model> = found.models.iter().filter(|m| !m.reference).collect();
    let listed = match others.is_empty() {
        true => found.models.iter().collect(),
        false => others,
    };
    say!(
        "{:<52} {:>8} {:>8} {:>8} {:>10} {:>19}",
        "model",
        "x, %",
        "y, %",
        "line, %",
        "robust, pp",
        "95 % of models, pp"
    );
    for m in listed {
        let percent = |x: f64| 100.0 * x;
        let single = m.expected.and_then(|e| Some((e.value, e.single?)));
        let single = single.map_or("–".to_owned(), |(value, (low, high))| {
            format!(
                "{:+.2} to {:+.2}",
                percent(low - value),
                percent(high - value)
            )
        });
        say!(
            "{:<52} {:>8.2} {:>8.2} {:>8.2} {:>+10.2} {:>19}",
            format!("{}, {}", m.name, names::pretrain(m.study, &m.pretrain)),
            percent(m.x),
            percent(m.y),
            percent(m.expected.map_or(f64::NAN, |e| e.value)),
            percent(m.effective_robustness.unwrap_or(f64::NAN)),
            single
        );
    }
    if !found.off_axis.is_empty() {
        say!(
            "left out, with an accuracy of 0 or 1: {}",
            found.off_axis.join(", ")
        );
    }
    if found.on_one_alone > 0 {
        say!("{} models have only one of the two", found.on_one_alone);
    }
}
