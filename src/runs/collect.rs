//! Turns a table's rows into runs.

pub(super) mod cells;
mod points;
mod row_names;
mod run_cost;
mod scale;
mod score;

use super::layout::{Layout, SourceRules, TextFrom, recognise};
use super::mapping::{Field, Mapping, Quantity, YOURS};
use super::number::{self, Cell, Cells};
use super::options::{Converted, Limits, ReadOptions};
use super::preview::Preview;
use super::profile::ProfileColumns;
use super::propose::{Proposal, Table};
use super::reading::Values;
use super::report::{Position, ReadError, ReadNotice, RejectReason, Rejection, SkipReason};
use super::row_sink::RowSink;
use super::store::{Builder, Run, RunSource, Runs};
use crate::study::Study;
use crate::study::architecture::ArchitectureCost;
use cells::{shown, text};
use row_names::RowNames;
use run_cost::{Row, checkpoint_share};
use scale::ColumnStats;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Rejections that are listed.
const MOST_LISTED: usize = 10;

/// In place of a column: its numbers are kept as they are.
const NO_FRACTION: u32 = u32::MAX;

/// Added to a column's number: it holds errors.
const ERROR: u32 = 1 << 30;

/// Rows that a proposal is made from, at least, where the table has so many.
const PROPOSAL_ROWS: u64 = 10_000;

/// Characters of a cell that a preview shows, and columns.
const SHOWN: usize = 100;
const MOST_COLUMNS: usize = 2000;

/// Takes a table's header and rows, keeps what it recognises, and counts the rest.
pub(super) struct Collector {
    architectures: BTreeMap<Study, Vec<ArchitectureCost>>,
    mapping: Option<Mapping>,
    study: Option<Study>,
    family: Option<String>,
    changes: Vec<String>,
    limits: Limits,
    /// Lines of what came as CSV are rows.
    converted: Option<Converted>,
    /// Decimal commas are read.
    comma: bool,
    names: Vec<String>,
    /// Columns that the preview has.
    shown: usize,
    preview: Vec<Vec<String>>,
    layout: Option<Layout>,
    /// Of a table of architectures, and those that it has.
    profile_columns: Option<ProfileColumns>,
    profile: Vec<ArchitectureCost>,
    /// Of a table that Refit wrote: source and study of its first row.
    written: Option<(RunSource, Study)>,
    builder: Builder,
    columns: Vec<ColumnStats>,
    /// Rows of which all kept numbers may turn out to be no fractions, by their columns.
    doubtful: BTreeMap<u128, u64>,
    /// Of each column, where nothing is known of the table yet.
    values: Vec<Values>,
    /// Rows and runs with their number of progress, where that chooses among them.
    progress: points::Progress,
    /// Runs without compute.
    without_compute: BTreeSet<u32>,
    comments: u64,
    pub rows: u64,
    kept_rows: u64,
    rejected: u64,
    rejections: Vec<Rejection>,
    skipped: BTreeMap<SkipReason, u64>,
    notices: Vec<ReadNotice>,
}

/// What a table contained.
pub(super) struct Collected {
    pub source: Option<RunSource>,
    pub runs: Runs,
    pub preview: Preview,
    pub rows: u64,
    pub kept_rows: u64,
    pub without_compute: u64,
    pub comments: u64,
    pub rejected: u64,
    pub rejections: Vec<Rejection>,
    pub skipped: BTreeMap<SkipReason, u64>,
    pub notices: Vec<ReadNotice>,
    /// Architectures, where the table is one of them.
    pub profile: Vec<ArchitectureCost>,
}

/// Why a row gives no run.
enum RowError {
    Skipped(SkipReason),
    Rejected(Option<String>, RejectReason),
}

impl RowSink for Collector {
    /// The first row of all, which names the columns.
    fn header(&mut self, names: Vec<String>, decimal_comma: bool) -> Result<(), ReadError> {
        self.comma = decimal_comma;
        for (i, name) in names.iter().enumerate() {
            let first = names[..i].iter().position(|n| n == name);
            let told = ReadNotice::ColumnTwice {
                column: name.clone(),
            };
            if first.is_some() && self.notices.len() < MOST_LISTED && !self.notices.contains(&told)
            {
                self.notices.push(told);
            }
        }
        let layout = match (&self.mapping, recognise(&names)) {
            (Some(mapping), _) => {
                Some(Layout::mapped(mapping, &names).map_err(ReadError::Mapping)?)
            }
            (None, Ok(source)) => {
                let study = self.study.unwrap_or_else(|| Study::of_unit("GMACs"));
                let mut layout = Layout::of(source, study, &names);
                layout
                    .change(&self.changes, &names)
                    .map_err(ReadError::Mapping)?;
                Some(layout)
            }
            (None, Err(_)) if ProfileColumns::of(&names).is_some() => {
                self.profile_columns = ProfileColumns::of(&names);
                None
            }
            (None, Err(almost)) => {
                self.notices
                    .extend(almost.map(|(source, missing)| ReadNotice::Almost { source, missing }));
                None
            }
        };
        if let Some(layout) = &layout {
            self.columns = vec![ColumnStats::default(); layout.values.len()];
        }
        self.layout = layout;
        if self.mapping.is_none() {
            self.values = vec![Values::default(); names.len()];
        }
        self.names = names;
        Ok(())
    }

    /// Leaves columns out of the preview, which the table may have but is not known to.
    fn show(&mut self, columns: usize) {
        self.shown = columns.min(MOST_COLUMNS);
    }

    /// A row under the header; stops where memory is meant to end.
    fn row(&mut self, place: Position, cells: &dyn Cells) -> Result<(), ReadError> {
        self.rows += 1;
        if self.preview.len() < Preview::ROWS {
            let shown = (0..self.names.len().min(self.shown)).map(|i| shown(cells.get(i)));
            self.preview.push(shown.collect());
        }
        for (i, values) in self.values.iter_mut().enumerate() {
            values.add(cells.get(i), self.comma);
        }
        if let Some(columns) = &self.profile_columns {
            match columns.row(cells, self.comma) {
                Ok(architecture) => {
                    self.profile.push(architecture);
                    self.kept_rows += 1;
                }
                Err((column, why)) => self.reject(place, self.names.get(column).cloned(), why),
            }
            let bytes = self.profile.len() * size_of::<ArchitectureCost>();
            return match bytes > self.limits.memory {
                true => Err(ReadError::Memory {
                    bytes,
                    line: line(place),
                }),
                false => Ok(()),
            };
        }
        // Taken out for a moment, so that it can be read while the rest is written.
        let Some(layout) = self.layout.take() else {
            return Ok(());
        };
        match self.take(&layout, place, cells) {
            Ok(()) => self.kept_rows += 1,
            Err(RowError::Skipped(reason)) => *self.skipped.entry(reason).or_default() += 1,
            Err(RowError::Rejected(column, why)) => self.reject(place, column, why),
        }
        self.layout = Some(layout);
        let bytes = self.builder.bytes();
        match bytes > self.limits.memory {
            true => Err(ReadError::Memory {
                bytes,
                line: line(place),
            }),
            false => Ok(()),
        }
    }

    fn comment(&mut self) {
        self.comments += 1;
    }

    fn broken_row(&mut self, place: Position, why: RejectReason) {
        self.rows += 1;
        self.reject(place, None, why);
    }
}

impl Collector {
    pub(super) fn new(options: ReadOptions) -> Collector {
        Collector {
            architectures: options.architectures,
            mapping: options.mapping,
            study: options.study,
            family: options.family,
            changes: options.changes,
            limits: options.limits,
            converted: options.converted,
            comma: false,
            names: Vec::new(),
            shown: MOST_COLUMNS,
            preview: Vec::new(),
            layout: None,
            profile_columns: None,
            profile: Vec::new(),
            written: None,
            builder: Builder::new(),
            columns: Vec::new(),
            doubtful: BTreeMap::new(),
            values: Vec::new(),
            progress: points::Progress::default(),
            without_compute: BTreeSet::new(),
            comments: 0,
            rows: 0,
            kept_rows: 0,
            rejected: 0,
            rejections: Vec::new(),
            skipped: BTreeMap::new(),
            notices: Vec::new(),
        }
    }

    /// Numbers that are kept so far.
    pub(super) fn kept(&self) -> u64 {
        self.builder.len() as u64
    }

    /// Whether the columns are known, or mapped.
    pub(super) fn is_recognised(&self) -> bool {
        self.layout.is_some() || self.profile_columns.is_some()
    }

    /// Whether enough rows are known for a proposal.
    pub(super) fn has_preview(&self) -> bool {
        self.rows >= PROPOSAL_ROWS
    }

    /// Counts a row, or a number of one, that cannot be used.
    fn reject(&mut self, place: Position, column: Option<String>, why: RejectReason) {
        self.rejected += 1;
        if self.rejections.len() < MOST_LISTED {
            let place = self.place(place);
            self.rejections.push(Rejection { place, column, why });
        }
    }

    pub(super) fn note(&mut self, notice: ReadNotice) {
        self.notices.push(notice);
    }

    fn place(&self, place: Position) -> Position {
        match (place, self.converted) {
            // Under the header, which Parquet does not have.
            (Position::Line(line), Some(Converted::Parquet)) => {
                Position::Row(line.saturating_sub(1))
            }
            (Position::Line(line), Some(Converted::Workbook)) => Position::Row(line),
            _ => place,
        }
    }

    fn take(
        &mut self,
        layout: &Layout,
        place: Position,
        cells: &dyn Cells,
    ) -> Result<(), RowError> {
        let mut study = layout.study;
        if layout.rule == SourceRules::Written {
            study = self.written(cells)?;
        }
        let names = RowNames::of(layout, study, cells)?;
        let share = match layout.rule {
            SourceRules::AllResults(rule) => {
                checkpoint_share(rule, &names.schedule, layout, cells, self.comma)?
            }
            _ => 1.0,
        };
        let taken = self.scores(layout, &names, place, cells)?;
        let amounts = self.run_cost(Row {
            layout,
            study,
            names: &names,
            share,
            cells,
        })?;
        if let Some((column, why)) = amounts.refused {
            self.reject(place, column, why);
        }
        let mut above = Some(0_u128);
        for score in &taken {
            let name = score.run.as_deref().unwrap_or(&names.run);
            let run = self.builder.run(&Run {
                name,
                family: &names.family,
                architecture: &names.architecture,
                pretrain: &names.pretrain,
                schedule: &names.schedule,
                samples: &amounts.samples,
                samples_seen: amounts.samples_seen,
                compute: amounts.compute,
                parameters: amounts.parameters,
            });
            if amounts.compute.is_none() {
                self.without_compute.insert(run);
            }
            if let Some(column) = layout.progress {
                let at = number::number(cells.get(column), self.comma);
                let key = [
                    name,
                    &names.family,
                    &names.architecture,
                    &names.pretrain,
                    &names.schedule,
                ];
                self.progress.add(run, key, amounts.parameters, at);
            }
            let column = &mut self.columns[score.column];
            if score.quantity.is_fraction() {
                column.numbers += 1;
                if score.sign && column.first_sign.is_none() {
                    column.first_sign = Some((place, 100.0 * score.value));
                }
            }
            if score.quantity.is_fraction() && score.value > 1.0 {
                column.above += 1;
                let least = column.least_above.unwrap_or(score.value);
                column.least_above = Some(least.min(score.value));
                if column.first_above.len() < MOST_LISTED {
                    column.first_above.push((place, score.value));
                }
                above = above.map(|columns| columns | 1 << score.column);
            } else {
                column.most_below = column.most_below.max(score.value);
                above = None;
            }
            let (dataset, metric) = (&score.dataset, &score.metric);
            // Percent or fraction is no question of a loss.
            let column = match score.quantity {
                Quantity::Error => score.column as u32 | ERROR,
                Quantity::Metric => score.column as u32,
                _ => NO_FRACTION,
            };
            let number = (score.value, score.standard_error);
            self.builder.value(run, [dataset, metric], column, number);
        }
        if let Some(columns) = above {
            *self.doubtful.entry(columns).or_default() += 1;
        }
        Ok(())
    }

    /// Study of a table that Refit wrote; all rows are of one file.
    fn written(&mut self, cells: &dyn Cells) -> Result<Study, RowError> {
        let cell = |name: &str| {
            let column = self.names.iter().position(|n| n == name);
            let text = column.map_or(Cow::Borrowed(""), |i| {
                text(cells.get(i)).unwrap_or_default()
            });
            (name.to_owned(), text.into_owned())
        };
        let unknown =
            |(column, text)| RowError::Rejected(Some(column), RejectReason::Unknown(text));
        let (source, study) = (cell("source"), cell("study"));
        let found = RunSource::ALL.into_iter().find(|s| s.id() == source.1);
        let found_study = Study::find(&study.1);
        let (Some(of), Some(in_study)) = (found, found_study) else {
            return Err(unknown(if found.is_none() { source } else { study }));
        };
        let first = *self.written.get_or_insert((of, in_study));
        match first {
            _ if first.0 != of => Err(unknown(source)),
            _ if first.1 != in_study => Err(unknown(study)),
            _ => Ok(in_study),
        }
    }

    /// Ends a table.
    pub(super) fn finish(mut self) -> Collected {
        let values = self
            .layout
            .as_ref()
            .map_or(Vec::new(), |l| l.values.clone());
        let percent = self.settle_scales(&values);
        let study = self.layout.as_ref().map(|l| l.study);
        let (source, study) = match (self.written, &self.layout) {
            (Some((source, study)), _) => (Some(source), study),
            (None, Some(layout)) => (Some(layout.source), layout.study),
            (None, None) => (
                None,
                study
                    .or(self.study)
                    .unwrap_or_else(|| Study::of_unit("GFLOPs")),
            ),
        };
        let runs = self
            .builder
            .finish(source.unwrap_or(RunSource::Own), study, |column| {
                let error = column & ERROR != 0;
                let column = (column & !ERROR) as usize;
                let percent = *percent.get(column)?;
                let all_fit = self.columns[column].above == 0;
                (percent || error || !all_fit).then_some(
                    move |value: &mut f64, spread: &mut f32| {
                        if percent {
                            *value = number::fraction(*value);
                            *spread /= 100.0;
                        }
                        let fits = *value <= 1.0;
                        if error {
                            *value = 1.0 - *value;
                        }
                        fits
                    },
                )
            });
        let runs = match &self.layout {
            Some(layout) => {
                let (runs, left) = self.progress.choose(runs, layout.points);
                if left > 0 {
                    self.skipped.insert(SkipReason::OtherPoints, left);
                }
                runs
            }
            None => runs,
        };
        if self.layout.as_ref().is_some_and(Layout::is_mapped) {
            let numbers = runs.repeated();
            let notice = (numbers > 0).then_some(ReadNotice::Repeated { numbers });
            self.notices.extend(notice);
        }
        // A column that came up late is shown, too, where it has anything.
        let last = self.values.iter().rposition(|v| v.cells > 0);
        let shown = self.shown.max(last.map_or(0, |i| i + 1)).min(MOST_COLUMNS);
        let columns: Vec<String> = self.names.into_iter().take(shown).collect();
        let table = Table {
            columns: &columns,
            values: &self.values,
            rows: &self.preview,
            comma: self.comma,
        };
        let mut proposal = match self.mapping {
            Some(mapping) => Proposal::of(mapping),
            None => Proposal::new(&table),
        };
        if let (Some(layout), true) = (&self.layout, source.is_some_and(|s| s != RunSource::Own)) {
            for (i, reading) in proposal.readings.iter_mut().enumerate() {
                reading.used = layout.takes(i);
            }
            proposal.assumptions.clear();
        }
        if let Some(columns) = &self.profile_columns {
            for (i, reading) in proposal.readings.iter_mut().enumerate() {
                reading.used = columns.takes(i);
            }
            proposal.assumptions.clear();
            self.notices.push(ReadNotice::Architectures {
                count: self.profile.len(),
            });
        }
        if let (Some(family), Field::Constant(unknown)) =
            (self.family, &mut proposal.mapping.family)
            && unknown == YOURS
        {
            *unknown = family;
        }
        let preview = Preview {
            mapping: proposal.mapping,
            readings: proposal.readings,
            assumptions: proposal.assumptions,
            columns,
            rows: self.preview,
            comma: self.comma,
        };
        Collected {
            source,
            runs,
            preview,
            rows: self.rows,
            kept_rows: self.kept_rows,
            without_compute: self.without_compute.len() as u64,
            comments: self.comments,
            rejected: self.rejected,
            rejections: self.rejections,
            skipped: self.skipped,
            notices: self.notices,
            profile: self.profile,
        }
    }
}

fn line(place: Position) -> u64 {
    match place {
        Position::Line(n) | Position::Row(n) => n,
    }
}
