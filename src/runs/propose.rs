//! What a table's columns probably are: the readings of all columns put together to a mapping, what
//! that assumes, and what it has to ask.

mod questions;
mod sets;

pub(super) use sets::is_known as is_known_set;

use super::amount::{Amount, Term};
use super::mapping::{Compute, Field, IMAGENET, Mapping, Quantity, Score, UnitScale, YOURS, flops};
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
const STANDARD_ERROR: [&str; 7] = ["stderr", "sem", "standard", "error", "se", "±", "±se"];

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
        proposal.averages();
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
        let task = self.named("dataset").is_none().then(|| self.named("task"));
        let task = task.flatten();
        let named = |field: &str| {
            let task = task.clone().filter(|_| field == "dataset");
            self.named(field).or(task).map(Field::Column)
        };
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
        // Where architectures have a column of their own, models are runs.
        if mapping.run == Field::None {
            let other = self.readings.iter().find(|r| {
                r.is == Role::Name { of: "architecture" }
                    && mapping.architecture != Field::Column(r.column.clone())
            });
            if let Some(other) = other {
                mapping.run = Field::Column(other.column.clone());
            }
        }
        // Names of checkpoints tell sets and samples.
        let half = |count: u64, values: &Values| 2 * count > values.cells.max(1);
        let tags = [&mapping.pretrain, &mapping.run, &mapping.architecture].into_iter();
        let tags = tags.filter_map(|field| match field {
            Field::Column(name) => Some(name.clone()),
            _ => None,
        });
        let texts = self.readings.iter().filter(|r| !r.numbers);
        let tags = tags.chain(texts.map(|r| r.column.clone()));
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
        let mut complement: Vec<(usize, String)> = Vec::new();
        let mut beyond = 0;
        for (i, r) in self.readings.iter().enumerate() {
            let Role::Result(measured) = &r.is else {
                continue;
            };
            let again = table.columns[..i].contains(&r.column);
            if again {
                continue;
            }
            if scores.len() == Mapping::MOST_SCORES {
                beyond += 1;
                continue;
            }
            let mut score = score(&r.column, measured, metric.as_ref());
            let same = |s: &Score| {
                s.metric == score.metric && s.dataset == score.dataset && s.run == score.run
            };
            // Two columns of one name would be two numbers of each run; an error beside its accuracy
            // is the same number.
            if let Some(other) = scores.iter().find(|s| same(s))
                && score.quantity == Quantity::Error
                && other.quantity == Quantity::Metric
                && complements(table, &score.column, &other.column)
            {
                complement.push((i, other.column.clone()));
                continue;
            }
            if metric.is_none() && scores.iter().any(same) {
                score.metric = Field::Constant(measured.quantity.name(&r.column));
            }
            scores.push(score);
        }
        if beyond > 0 {
            self.assume(format!(
                "The first {} columns of results are read; {beyond} more are not.",
                Mapping::MOST_SCORES
            ));
        }
        for (i, of) in complement {
            self.readings[i].is = Role::Other;
            self.readings[i].why = format!("1 − “{of}”, which is read");
        }
        let bare = |s: &&Score| s.dataset == Field::None;
        // A loss, or a score of any kind, is none of ImageNet.
        let of_any = |s: &Score| {
            !s.quantity.is_fraction()
                || s.metric == Field::Constant(reading::MAIN_METRIC.to_owned())
        };
        let unset = self.mapping.dataset == Field::Constant(IMAGENET.to_owned());
        let mut unnamed = scores.iter().filter(bare).peekable();
        if unset && unnamed.peek().is_some() && unnamed.all(of_any) {
            self.mapping.dataset = Field::Constant(UNSPECIFIED.to_owned());
        }
        // Where each result names its set, a column of datasets is what was trained on.
        let set = |s: &Score| matches!(s.dataset, Field::Constant(_));
        let pretrain = self.mapping.pretrain == Field::Constant(YOURS.to_owned());
        if let Field::Column(_) = &self.mapping.dataset
            && pretrain
            && !scores.is_empty()
            && scores.iter().all(set)
        {
            let unset = Field::Constant(UNSPECIFIED.to_owned());
            self.mapping.pretrain = std::mem::replace(&mut self.mapping.dataset, unset);
        }
        self.mapping.scores = scores;
        self.standard_errors(table);
    }

    /// Averages whose names do not tell of what: more may be worse.
    fn averages(&mut self) {
        let of_any = |s: &&Score| s.metric == Field::Constant("average".to_owned());
        let open: Vec<String> = (self.mapping.scores.iter().filter(of_any))
            .map(|s| format!("“{}”", s.column))
            .collect();
        if !open.is_empty() && open.len() < 6 {
            self.assume(format!(
                "{}: an average of what its name does not tell, taken for a score of which more is better.",
                open.join(", ")
            ));
        }
    }

    /// Columns such as "acc_stderr" beside "acc".
    fn standard_errors(&mut self, table: &Table) {
        let plain = |name: &str| {
            let mut words = reading::words(name);
            words.retain(|w| !STANDARD_ERROR.contains(&w.as_str()));
            words
        };
        // "±SE" is of the column before it.
        let before = |name: &str| {
            let at = table.columns.iter().position(|c| c == name)?;
            table.columns.get(at.checked_sub(1)?)
        };
        for r in self.readings.iter().filter(|r| r.is == Role::Spread) {
            let of = plain(&r.column);
            let told = of.len() < reading::words(&r.column).len();
            let alone = self.mapping.scores.len() == 1 && of.is_empty();
            let beside = before(&r.column).filter(|_| of.is_empty());
            let mut scores = self.mapping.scores.iter_mut();
            let score = scores
                .find(|s| alone || Some(&s.column) == beside || reading::words(&s.column) == of);
            if let Some(score) = score.filter(|s| told && s.standard_error.is_none()) {
                score.standard_error = Some(r.column.clone());
            }
        }
    }

    fn first(&self, table: &Table, role: fn(&Role) -> Option<&Unit>) -> Option<(String, Unit)> {
        let all = self.readings.iter();
        let all = all.filter_map(|r| Some((r.column.clone(), role(&r.is)?.clone())));
        // One whose scale is told is better than one to guess at, and a number than "135M".
        all.min_by_key(|(column, unit)| (!unit.told, table.values(column).suffixed > 0))
    }

    /// Compute, parameters and samples, and what can be worked out from the others.
    fn amounts(&mut self, table: &Table) {
        let parameters = self.first(table, |is| match is {
            Role::Parameters(unit) => Some(unit),
            _ => None,
        });
        let samples = self.first(table, |is| match is {
            Role::Samples(unit) => Some(unit),
            _ => None,
        });
        self.mapping.parameters = parameters.as_ref().map(|(c, unit)| amount_of(c, unit));
        self.mapping.samples = samples.as_ref().map(|(c, unit)| amount_of(c, unit));
        if samples.is_none() {
            self.samples_of_epochs(table);
        }
        let tokens = samples
            .as_ref()
            .is_some_and(|(_, unit)| unit.unit == "tokens");
        self.compute(table, tokens);
    }

    /// Samples an epoch × epochs.
    fn samples_of_epochs(&mut self, table: &Table) {
        let epoch = self.first(table, |is| match is {
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
                    if unit.told {
                        self.assume(format!(
                            "“{column}” is of a sample’s forward pass: compute is it × {of}."
                        ));
                    }
                }
                self.samples_of_compute();
            }
            best => {
                if let Some((column, unit)) = &best
                    && !unit.told
                {
                    self.assume(format!("“{column}” holds {} in a unit that neither its name nor its values tell: compute stays unknown. Say it: --map 'compute=1e21*{column}'.", unit.unit));
                } else if let Some((column, _)) = best {
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

/// Whether an error and an accuracy make 1, or 100 %, in the first rows.
fn complements(table: &Table, error: &str, accuracy: &str) -> bool {
    let pairs = table
        .numbers(error)
        .into_iter()
        .zip(table.numbers(accuracy));
    let sums: Vec<f64> = pairs.filter_map(|(e, a)| Some(e? + a?)).collect();
    let all = |whole: f64| sums.iter().all(|sum| (sum / whole - 1.0).abs() < 1e-3);
    !sums.is_empty() && (all(1.0) || all(100.0))
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
