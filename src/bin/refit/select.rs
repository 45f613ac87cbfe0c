//! Which runs a command is about, from its arguments.

use crate::data;
use crate::runs::Joining;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use refit::analysis::{self, Analysis, Edges, Outcome, ResamplingUnit};
use refit::claim::Library;
use refit::runs::{self, Runs};
use refit::study::frontier::Rule;
use refit::study::select::Axis;
use refit::study::{Measurement, Study, Table, names};
use refit_fit::bootstrap::BootstrapInterval;
use refit_fit::law::{Form, Law, Surface};
use refit_fit::{Interval, Loss};

#[derive(clap::Args)]
pub struct Selection {
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
    /// May be repeated where a command takes several series
    #[arg(long)]
    family: Vec<String>,
    /// Pre-training set, may be repeated; LAION stands for LAION-80M, LAION-400M and LAION-2B
    /// together
    #[arg(long)]
    pretrain: Vec<String>,
    /// Learning-rate schedule, may be repeated
    #[arg(long)]
    schedule: Vec<String>,
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
    /// Which interval predictions have: 95 %, or the released one, which covers about 50 %
    #[arg(long, value_enum)]
    interval: Option<Named<Interval>>,
    /// Predict here: a compute, or "ViT-L-14 at 12.8B"; may be repeated
    #[arg(long)]
    at: Vec<String>,
    #[command(flatten)]
    runs: Joining,
}

impl Selection {
    /// An argument that a command has no use for is an error: nothing is ignored in silence.
    pub fn refuse(&self, unused: &[&str]) -> Result<(), String> {
        let given = [
            ("axis", self.axis.is_some_and(|a| a.0 != Axis::Compute)),
            ("law", self.law.is_some()),
            ("frontier", self.frontier.is_some()),
            ("edges", self.edges.is_some()),
            ("interval", self.interval.is_some()),
            ("at", !self.at.is_empty()),
        ];
        let refused = given.iter().find(|(name, is)| *is && unused.contains(name));
        refused.map_or(Ok(()), |(name, _)| {
            Err(format!(
                "this command has no use for --{name}: leave it out"
            ))
        })
    }
}

/// The library's own names as values on the command line.
#[derive(Clone, Copy, PartialEq)]
pub struct Named<T>(pub T);

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

named!(
    Study,
    Table,
    Axis,
    Law,
    Rule,
    Edges,
    Interval,
    ResamplingUnit,
    BootstrapInterval,
    Surface
);

fn loss(text: &str) -> Result<Loss, String> {
    refit::analysis::loss::parse(text).ok_or_else(|| {
        let known: Vec<String> = Loss::ALL.into_iter().map(Loss::id).collect();
        format!("known: {}", known.join(", "))
    })
}

/// The analysis that the arguments describe; `count` series, or as many as there are.
fn analysis_of(
    arguments: &Selection,
    count: Option<usize>,
    library: &Library,
) -> Result<Analysis, String> {
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
    for (given, chosen) in [
        (&arguments.family, &mut analysis.families),
        (&arguments.pretrain, &mut analysis.pretrains),
        (&arguments.schedule, &mut analysis.schedules),
    ] {
        if !given.is_empty() {
            chosen.clone_from(given);
        } else if count == Some(1) {
            chosen.truncate(1);
        }
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

/// Puts the reader's runs beside the bundled rows of every table.
fn join(runs: &[Runs], library: &mut Library) {
    if runs.is_empty() {
        return;
    }
    let runs: Vec<&Runs> = runs.iter().collect();
    let mut architectures = library.architectures.clone();
    for (table, rows) in &mut library.tables {
        let of_study = library.architectures.get(&table.study());
        let joined = runs::join(
            *table,
            rows,
            of_study.map_or(&[], Vec::as_slice),
            &runs,
            None,
        );
        architectures.insert(table.study(), joined.architectures);
        *rows = joined.rows;
    }
    library.architectures = architectures;
}

/// The data, the analysis of the arguments, and what came of it.
pub struct Selected {
    library: Library,
    pub analysis: Analysis,
    pub outcome: Outcome,
}

impl Selected {
    /// `count` series; the error says which choices do not fit the data.
    pub fn new(arguments: &Selection, count: Option<usize>) -> Result<Selected, String> {
        Selected::with(arguments, count, |_| {})
    }

    /// As [`Selected::new`], with choices that the selection does not have.
    pub fn with(
        arguments: &Selection,
        count: Option<usize>,
        choose: impl FnOnce(&mut Analysis),
    ) -> Result<Selected, String> {
        let mut library = data::library()?;
        join(&arguments.runs.read(&library)?, &mut library);
        let mut analysis = analysis_of(arguments, count, &library)?;
        choose(&mut analysis);
        let rows = library
            .tables
            .get(&analysis.table)
            .map_or(&[][..], Vec::as_slice);
        let unknown = analysis.settle(rows);
        if !unknown.is_empty() {
            let lines: Vec<String> = unknown.iter().map(ToString::to_string).collect();
            return Err(lines.join("\n"));
        }
        let outcome = analysis::run(&analysis, rows, library.architectures(analysis.study()));
        let found = outcome.series.len();
        if found == 0 {
            return Err(format!(
                "no measurements of {} on {} with the {} schedule for {} {}; `refit data` lists what there is",
                analysis.families.join(", "),
                analysis.pretrains.join(", "),
                analysis.schedules.join(", "),
                analysis.dataset,
                analysis.metric
            ));
        }
        if let Some(count) = count
            && count != found
        {
            return Err(format!(
                "this command is about {count} series, these choices have {found}: choose with --family and --pretrain"
            ));
        }
        Ok(Selected {
            library,
            analysis,
            outcome,
        })
    }

    pub fn rows(&self) -> &[Measurement] {
        let rows = self.library.tables.get(&self.analysis.table);
        rows.map_or(&[], Vec::as_slice)
    }

    pub fn architectures(&self) -> &[refit::study::architecture::ArchitectureCost] {
        self.library.architectures(self.analysis.study())
    }

    /// One line that says what was selected.
    pub fn title(&self) -> String {
        let a = &self.analysis;
        format!(
            "{} {}, table {}",
            names::dataset(&a.dataset),
            names::metric(&a.metric),
            a.table.id()
        )
    }
}

/// A series' name.
pub fn name(series: &analysis::Series) -> String {
    names::series(&series.family, &series.pretrain, &series.schedule)
}

/// Prints as JSON.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), String> {
    let json = serde_json::to_string_pretty(value).map_err(|e| e.to_string())?;
    say!("{json}");
    Ok(())
}
