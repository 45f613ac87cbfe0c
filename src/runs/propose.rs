//! What a table's columns probably are: the readings of all columns put together to a mapping, what
//! that assumes, and what it has to ask.

mod questions;
mod sets;

use super::amount::{Amount, Term};
use super::mapping::{Compute, Field, IMAGENET, Mapping, Quantity, Score, UnitScale, flops};
use super::number::{self, Cell, ParsedNumber};
use super::reading::{self, Measured, Reading, Role, Unit, Values};
use crate::study::{Study, UNSPECIFIED};

/// A table, as far as it has been read.
pub(super) struct Table<'a> {
    pub columns: &'a [String],
    /// Of each column; empty where the table needs no proposal.
    pub values: &'a [Values],
    /// The first rows.
    pub rows: &'a [Vec<String>],
    pub comma: bool,
}

/// A mapping, and how it came about.
pub(super) struct Proposal {
    pub mapping: Mapping,
    pub readings: Vec<Reading>,
    pub assumptions: Vec<String>,
}

impl Table<'_> {
    fn values(&self, column: &str) -> Values {
        let at = self.columns.iter().position(|c| c == column);
        let values = at.and_then(|i| self.values.get(i));
        values.cloned().unwrap_or_default()
    }

    /// Numbers of a column's first rows.
    fn numbers(&self, column: &str) -> Vec<Option<f64>> {
        let Some(at) = self.columns.iter().position(|c| c == column) else {
            return Vec::new();
        };
        let number = |row: &Vec<String>| {
            let cell = row.get(at).map_or("", String::as_str);
            match number::number(Cell::Text(cell), self.comma) {
                ParsedNumber::Of { value, .. } => Some(value),
                ParsedNumber::Missing => None,
                ParsedNumber::None => number::suffixed(cell),
            }
        };
        self.rows.iter().map(number).collect()
    }
}

/// A column of parameters or samples as an amount.
pub(super) fn amount_of(column: &str, unit: &Unit) -> Amount {
    let name = column.to_owned();
    let term = if unit.log10 {
        Term::Power10(name)
    } else {
        Term::Column(name)
    };
    Amount::product(unit.scale, [term])
}

/// A column of compute, in G of its unit.
pub(super) fn compute_of(column: &str, unit: &Unit) -> Compute {
    let mut amount = amount_of(column, unit);
    amount.factor = number::times(unit.scale, 1e-9);
    if unit.each {
        amount.times.push(Term::Samples);
    }
    Compute::Amount(amount)
}

/// What the name of a column of standard errors has besides its result's.
const STANDARD_ERROR: [&str; 4] = ["stderr", "sem", "standard", "error"];

impl Proposal {
    pub(super) fn of(mapping: Mapping) -> Proposal {
        Proposal {
            mapping,
            readings: Vec::new(),
            assumptions: Vec::new(),
        }
    }

    /// What names and values of the columns suggest.
    pub(super) fn new(table: &Table) -> Proposal {
        let mut readings: Vec<Reading> = table
            .columns
            .iter()
            .zip(table.values)
            .map(|(name, values)| reading::read(name, values))
            .collect();
        let mut proposal = Proposal::of(Mapping::default());
        proposal
            .assumptions
            .extend(sets::read_sets(table, &mut readings));
        proposal.readings = readings;
        proposal.texts(table);
        proposal.results(table);
        proposal.amounts(table);
        let assumed = proposal.mapping.assumed();
        proposal.assumptions.extend(assumed);
        questions::ask(&mut proposal, table);
        proposal.mark_used();
        proposal
    }

    fn assume(&mut self, sentence: String) {
        self.assumptions.push(sentence);
    }

    /// The best column of a field.
    fn named(&self, field: &str) -> Option<String> {
        let ranked = self.readings.iter().filter_map(|r| {
            let (of, rank) = reading::rank(&r.column)?;
            let is = matches!(r.is, Role::Name { .. });
            (is && of == field).then_some((rank, &r.column))
        });
        let best = ranked.min_by_key(|(rank, _)| *rank);
        best.map(|(_, column)| column.clone())
    }

    /// Columns that name dataset, family and so on.
    fn texts(&mut self, table: &Table) {
        let named = |field: &str| self.named(field).map(Field::Column);
        let found = [
            "dataset",
            "family",
            "pretrain",
            "architecture",
            "schedule",
            "run",
        ]
        .map(named);
        let mapping = &mut self.mapping;
        let fields = [
            &mut mapping.dataset,
            &mut mapping.family,
            &mut mapping.pretrain,
            &mut mapping.architecture,
            &mut mapping.schedule,
            &mut mapping.run,
        ];
        for (field, found) in fields.into_iter().zip(found) {
            if let Some(found) = found {
                *field = found;
            }
        }
        // Names of checkpoints tell sets and samples.
        let half = |count: u64, values: &Values| 2 * count > values.cells.max(1);
        let tags = [&mapping.pretrain, &mapping.run, &mapping.architecture].into_iter();
        let tags = tags.filter_map(|field| match field {
            Field::Column(name) => Some(name.clone()),
            _ => None,
        });
        let tags = tags.filter(|name| 4 * table.values(name).tags > table.values(name).cells);
        if let Some(name) = tags.into_iter().next() {
            mapping.tags = Field::Column(name);
        }
        if let (Field::None, Field::Column(run)) = (&mapping.architecture, &mapping.run) {
            let values = table.values(run);
            if half(values.architectures, &values) {
                mapping.architecture = mapping.run.clone();
            }
        }
        let progress = self.readings.iter().find(|r| r.is == Role::Progress);
        self.mapping.progress = progress.map(|r| r.column.clone());
    }

    /// Columns that hold measured numbers.
    fn results(&mut self, table: &Table) {
        let metric = self.named("metric");
        let mut scores: Vec<Score> = Vec::new();
        for (i, r) in self.readings.iter().enumerate() {
            let Role::Result(measured) = &r.is else {
                continue;
            };
            let again = table.columns[..i].contains(&r.column);
            if again || scores.len() == Mapping::MOST_SCORES {
                continue;
            }
            let mut score = score(&r.column, measured, metric.as_ref());
            let same = |s: &Score| {
                s.metric == score.metric && s.dataset == score.dataset && s.run == score.run
            };
            // Two columns of one name would be two numbers of each run.
            if metric.is_none() && scores.iter().any(same) {
                score.metric = Field::Constant(measured.quantity.name(&r.column));
            }
            scores.push(score);
        }
        let bare = |s: &&Score| s.dataset == Field::None;
        let losses = |s: &Score| !s.quantity.is_fraction();
        let unset = self.mapping.dataset == Field::Constant(IMAGENET.to_owned());
        let mut unnamed = scores.iter().filter(bare).peekable();
        if unset && unnamed.peek().is_some() && unnamed.all(losses) {
            self.mapping.dataset = Field::Constant(UNSPECIFIED.to_owned());
        }
        self.mapping.scores = scores;
        self.standard_errors();
    }

    /// Columns such as "acc_stderr" beside "acc".
    fn standard_errors(&mut self) {
        let plain = |name: &str| {
            let mut words = reading::words(name);
            words.retain(|w| !STANDARD_ERROR.contains(&w.as_str()));
            words
        };
        for r in self.readings.iter().filter(|r| r.is == Role::Spread) {
            let of = plain(&r.column);
            let told = of.len() < reading::words(&r.column).len();
            let alone = self.mapping.scores.len() == 1 && of.is_empty();
            let mut scores = self.mapping.scores.iter_mut();
            let score = scores.find(|s| alone || reading::words(&s.column) == of);
            if let Some(score) = score.filter(|s| told && s.standard_error.is_none()) {
                score.standard_error = Some(r.column.clone());
            }
        }
    }

    fn first(&self, role: fn(&Role) -> Option<&Unit>) -> Option<(String, Unit)> {
        let all = self.readings.iter();
        let all = all.filter_map(|r| Some((r.column.clone(), role(&r.is)?.clone())));
        // One whose scale is told is better than one to guess at.
        all.min_by_key(|(_, unit)| !unit.told)
    }

    /// Compute, parameters and samples, and what can be worked out from the others.
    fn amounts(&mut self, table: &Table) {
        let parameters = self.first(|is| match is {
            Role::Parameters(unit) => Some(unit),
            _ => None,
        });
        let samples = self.first(|is| match is {
            Role::Samples(unit) => Some(unit),
            _ => None,
        });
        self.mapping.parameters = parameters.as_ref().map(|(c, unit)| amount_of(c, unit));
        self.mapping.samples = samples.as_ref().map(|(c, unit)| amount_of(c, unit));
        if samples.is_none() {
            self.samples_of_epochs();
        }
        let tokens = samples
            .as_ref()
            .is_some_and(|(_, unit)| unit.unit == "tokens");
        self.compute(table, tokens);
    }

    /// Samples an epoch × epochs.
    fn samples_of_epochs(&mut self) {
        let epoch = self.first(|is| match is {
            Role::SamplesAnEpoch(unit) => Some(unit),
            _ => None,
        });
        let epochs = self.readings.iter().find(|r| r.is == Role::Epochs);
        if let (Some((column, unit)), Some(epochs)) = (epoch, epochs) {
            let mut amount = amount_of(&column, &unit);
            amount.times.push(Term::Column(epochs.column.clone()));
            let sentence =
                format!("Samples seen are {amount}: “{column}” is taken for those of one epoch.");
            self.mapping.samples = Some(amount);
            self.assume(sentence);
        }
    }

    /// Compute by its column, else by what it can be worked out from.
    fn compute(&mut self, table: &Table, tokens: bool) {
        let found = self.readings.iter().filter_map(|r| match &r.is {
            Role::Compute(unit) => Some((r.column.clone(), unit.clone())),
            _ => None,
        });
        let total = |column: &str| reading::words(column).iter().any(|w| w == "total");
        let best = found.min_by_key(|(column, unit)| (unit.each, !total(column)));
        let samples = self.mapping.samples.is_some() || self.mapping.tags != Field::None;
        let architecture = match &self.mapping.architecture {
            Field::Column(name) => table.values(name).architectures > 0,
            _ => false,
        };
        match best {
            Some((column, unit)) if !unit.each || samples => {
                self.mapping.study = Study::of_unit(&format!("G{}", unit.unit));
                self.mapping.compute = Some(compute_of(&column, &unit));
                if unit.each {
                    let of = match &self.mapping.samples {
                        Some(amount) => amount.to_string(),
                        None => "samples that names of checkpoints tell".to_owned(),
                    };
                    self.assume(format!(
                        "“{column}” is of a sample’s forward pass: compute is it × {of}."
                    ));
                }
                self.samples_of_compute();
            }
            best => {
                if let Some((column, _)) = best {
                    self.assume(format!("“{column}” is of a sample’s forward pass, and nothing tells the samples seen: compute stays unknown. Give them: --map samples=3e9."));
                }
                self.compute_of_size(architecture, tokens);
            }
        }
    }

    /// Compute from parameters and samples, or from the architecture.
    fn compute_of_size(&mut self, architecture: bool, tokens: bool) {
        let samples = self.mapping.samples.is_some();
        if samples && self.mapping.parameters.is_some() && !architecture {
            let factor = if tokens {
                Compute::TRAINING
            } else {
                Compute::VIT_B_32
            };
            self.mapping.compute = Some(Compute::product(factor));
            self.assume(match tokens {
                true => "Compute is worked out as 6 × parameters × tokens FLOPs.".to_owned(),
                false => "Compute is worked out as parameters × samples × 9.6e-8 GFLOPs, as of a CLIP ViT-B-32 (about 48 tokens a sample).".to_owned(),
            });
        } else if (samples || self.mapping.tags != Field::None)
            && self.mapping.architecture != Field::None
        {
            self.mapping.compute = Some(Compute::Architecture);
            self.assume("Compute is that of the architecture’s forward pass × samples, where a study knows it.".to_owned());
        }
    }

    /// Tokens from compute and parameters, for losses: C = 6 N D.
    fn samples_of_compute(&mut self) {
        let m = &self.mapping;
        let losses = m
            .scores
            .iter()
            .any(|s| matches!(s.quantity, Quantity::Loss | Quantity::Perplexity));
        let free = m.samples.is_none() && m.parameters.is_some() && m.tags == Field::None && losses;
        if free {
            self.mapping.samples = Some(Amount {
                factor: flops(&m.study.compute_unit).unwrap_or(1e9) / 6.0,
                times: vec![Term::Compute],
                per: vec![Term::Parameters],
            });
            self.assume("Tokens are worked out as compute / (6 × parameters).".to_owned());
        }
    }

    /// Says which columns the mapping takes.
    fn mark_used(&mut self) {
        for r in &mut self.readings {
            r.used = self.mapping.uses(&r.column);
        }
    }
}

/// A result's column; a long table's names its metrics in each row.
fn score(column: &str, measured: &Measured, metric: Option<&String>) -> Score {
    let constant = |text: &Option<String>| match text {
        Some(text) => Field::Constant(text.clone()),
        None => Field::None,
    };
    Score {
        column: column.to_owned(),
        metric: match metric {
            Some(column) => Field::Column(column.clone()),
            None => Field::Constant(measured.metric.clone()),
        },
        dataset: constant(&measured.set),
        run: constant(&measured.run),
        quantity: measured.quantity,
        scale: match measured.scale {
            UnitScale::Fraction => UnitScale::Detect,
            scale => scale,
        },
        standard_error: None,
    }
}
