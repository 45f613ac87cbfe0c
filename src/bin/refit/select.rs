//! Which runs a command is about, from its arguments.

use crate::data;
use crate::keys::KeyOptions;
use crate::runs::Joining;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use refit::analysis::gpu_time::as_target;
use refit::analysis::{self, Analysis, Outcome, target};
use refit::claim::Library;
use refit::runs::{self, Runs};
use refit::study::select::Axis;
use refit::study::{Measurement, Study, Table, names};
use refit_fit::law::{Form, Surface};
use std::collections::BTreeSet;

#[derive(clap::Args)]
pub(crate) struct Selection {
    /// A bundled study, or a folder with a study.json [default: the table's, else the first]
    #[arg(long)]
    study: Option<String>,
    #[command(flatten)]
    options: KeyOptions<false>,
    #[command(flatten)]
    runs: Joining,
}

impl Selection {
    /// An option that a command does not use is an error: nothing is ignored in silence.
    pub(crate) fn refuse(&self, unused: &[&str]) -> Result<(), String> {
        for name in unused {
            // The standard axis is no choice.
            let given = self.options.value(name);
            if given.is_some_and(|value| (*name, value) != ("axis", Axis::Compute.id())) {
                return Err(format!("this command does not use --{name}"));
            }
        }
        Ok(())
    }
}

/// The library's own names as values on the command line.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Named<T>(pub T);

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

named!(Surface);

/// The analysis that the arguments describe; `count` series, or as many as there are.
fn analysis_of(
    arguments: &Selection,
    count: Option<usize>,
    library: &Library,
    own: Option<Study>,
) -> Result<Analysis, String> {
    let options = &arguments.options;
    let (dataset, metric) = (options.value("dataset"), options.value("metric"));
    let has = |table: &Table| {
        let rows = library.tables.get(table).map_or(&[][..], Vec::as_slice);
        let dataset = dataset.unwrap_or(&Analysis::of(*table).dataset).to_owned();
        rows.iter()
            .any(|m| m.dataset == dataset && metric.is_none_or(|x| m.metric == x))
    };
    let named = arguments.study.as_deref().map(data::study).transpose()?;
    let study = named.or(own);
    let tables = |study: Study| {
        let ids: Vec<&str> = study.tables().map(|t| t.head().id.as_str()).collect();
        format!("its tables: {}", ids.join(", "))
    };
    let table = match (options.value("table"), study) {
        (Some(id), Some(study)) => study.table(id).ok_or_else(|| {
            format!(
                "the study {} has no table {id}; {}",
                study.id,
                tables(study)
            )
        })?,
        (Some(id), None) => Table::find(id)
            .ok_or_else(|| format!("no bundled study has a table {id}; `refit data` lists them"))?,
        (None, study) => {
            let first = study
                .and_then(|s| s.tables().next())
                .unwrap_or(Table::first());
            first.study().tables().find(has).unwrap_or(first)
        }
    };
    let mut analysis = Analysis::of(table);
    options.apply(&mut analysis);
    if let (Some(dataset), None) = (dataset, metric) {
        let rows = library.tables.get(&table).map_or(&[][..], Vec::as_slice);
        settle_metric(dataset, rows, &mut analysis)?;
    }
    if count == Some(1) {
        for (name, chosen) in [
            ("family", &mut analysis.families),
            ("pretrain", &mut analysis.pretrains),
            ("schedule", &mut analysis.schedules),
        ] {
            if options.values(name).is_none() {
                chosen.truncate(1);
            }
        }
    }
    Ok(analysis)
}

/// A dataset that is named alone has its own metric, where the table's usual one is not measured on it.
fn settle_metric(
    dataset: &str,
    rows: &[Measurement],
    analysis: &mut Analysis,
) -> Result<(), String> {
    let of_dataset = rows.iter().filter(|m| m.dataset == dataset);
    let metrics: BTreeSet<&str> = of_dataset.map(|m| m.metric.as_str()).collect();
    if metrics.contains(analysis.metric.as_str()) {
        return Ok(());
    }
    let mut found = metrics.iter();
    match (found.next(), found.next()) {
        (Some(only), None) => analysis.metric = (*only).to_owned(),
        (Some(_), Some(_)) => {
            let metrics: Vec<&str> = metrics.into_iter().collect();
            return Err(format!(
                "{dataset} has the metrics {}: choose with --metric",
                metrics.join(", ")
            ));
        }
        // An unknown dataset is told with the known ones.
        (None, _) => {}
    }
    Ok(())
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
pub(crate) struct Selected {
    library: Library,
    pub analysis: Analysis,
    pub outcome: Outcome,
}

impl Selected {
    /// `count` series; the error says which choices do not fit the data.
    pub(crate) fn new(arguments: &Selection, count: Option<usize>) -> Result<Selected, String> {
        Selected::with(arguments, count, None)
    }

    /// As [`Selected::new`], with the options for resampling.
    pub(crate) fn with(
        arguments: &Selection,
        count: Option<usize>,
        resampling: Option<&KeyOptions<true>>,
    ) -> Result<Selected, String> {
        // A folder is known from here on.
        arguments.study.as_deref().map(data::study).transpose()?;
        let mut library = data::library()?;
        // Without a study to join, the files are one.
        let alone = arguments.runs.is_given()
            && arguments.study.is_none()
            && arguments.options.value("table").is_none();
        let mut own = None;
        if alone {
            own = Some(arguments.runs.study(&library)?);
            library = data::library()?;
        } else {
            join(&arguments.runs.read(&library)?, &mut library);
        }
        let mut analysis = analysis_of(arguments, count, &library, own)?;
        if let Some(options) = resampling {
            options.apply(&mut analysis);
        }
        let study = analysis.study();
        for at in &mut analysis.at {
            if let Some(named) = as_target(at, study) {
                *at = named;
            }
        }
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

    pub(crate) fn rows(&self) -> &[Measurement] {
        let rows = self.library.tables.get(&self.analysis.table);
        rows.map_or(&[], Vec::as_slice)
    }

    pub(crate) fn architectures(&self) -> &[refit::study::architecture::ArchitectureCost] {
        self.library.architectures(self.analysis.study())
    }

    /// The computes that `--at` asks for.
    pub(crate) fn computes(&self) -> Result<Vec<f64>, String> {
        let (study, family) = (self.analysis.study(), &self.outcome.series[0].family);
        let at = self.analysis.at.iter();
        at.map(|at| target(at, Axis::Compute, study, family, self.architectures()))
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())
    }

    /// One line that says what was selected.
    pub(crate) fn title(&self) -> String {
        let a = &self.analysis;
        format!(
            "{}, table {}",
            names::measured(a.study(), &a.dataset, &a.metric),
            a.table.id
        )
    }
}

/// A series' name.
pub(crate) fn name(series: &analysis::Series) -> String {
    series.name()
}
