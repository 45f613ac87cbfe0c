//! What names and values leave open: settled where the table's other columns decide, else asked.

use super::{Proposal, Table, amount_of, compute_of};
use crate::runs::amount::{Amount, Term};
use crate::runs::mapping::{Choice, Compute, Quantity, Question, UnitScale};
use crate::runs::number;
use crate::runs::reading::{Reading, Role, Unit, Values, words};
use crate::text;

/// First rows that a question shows.
const FIRST: usize = 3;

/// Amounts that may be read in several ways, by the fields of the mapping.
struct Open {
    field: &'static str,
    column: String,
    unit: Unit,
    choices: Vec<Unit>,
}

pub(super) fn ask(proposal: &mut Proposal, table: &Table) {
    let open = open_amounts(proposal, table);
    if !open.is_empty() && !settle(proposal, table, &open) {
        for open in &open {
            if let Some(question) = question(proposal, table, open) {
                proposal.mapping.questions.push(question);
            }
        }
    }
    let asked: Vec<Question> = (proposal.readings.iter())
        .filter_map(|r| percent_or_loss(r, table).or_else(|| percent_or_fraction(r, table)))
        .collect();
    proposal.mapping.questions.extend(asked);
}

/// The amounts whose scale neither name nor values tell, with the scales that there may be.
fn open_amounts(proposal: &mut Proposal, table: &Table) -> Vec<Open> {
    let mut all = Vec::new();
    let mut assumed = Vec::new();
    for r in &proposal.readings {
        let (field, unit) = match &r.is {
            Role::Compute(unit) if !unit.told => ("compute", unit),
            Role::Parameters(unit) if !unit.told => ("parameters", unit),
            Role::Samples(unit) if !unit.told => ("samples", unit),
            _ => continue,
        };
        if !in_use(proposal, field, &r.column) {
            continue;
        }
        let values = table.values(&r.column);
        let with = |scale, log10, each| Unit {
            scale,
            log10,
            each,
            ..unit.clone()
        };
        let log = values.within(5.0, 15.0) && values.whole < values.numbers;
        let choices = match field {
            "compute" if values.within(5.0, 40.0) => {
                vec![with(1.0, true, false), with(1e9, false, true)]
            }
            // No forward pass takes so few FLOPs, and no run.
            "compute" => vec![
                with(1e9, false, true),
                with(1e18, false, false),
                with(1e21, false, false),
            ],
            // Nobody has trained a model of a thousand billion dense parameters on few tokens.
            // Whole numbers may be single ones.
            "parameters" if values.max >= 1000.0 => singly(&values, &with),
            "samples" if values.max >= 20_000.0 => singly(&values, &with),
            _ => {
                let log = log.then(|| with(1.0, true, false));
                let trillions =
                    (field == "samples" && unit.unit == "tokens" && values.max < 1000.0)
                        .then(|| with(1e12, false, false));
                let counted = [with(1e6, false, false), with(1e9, false, false)];
                log.into_iter().chain(counted).chain(trillions).collect()
            }
        };
        match choices.is_empty() {
            true => assumed.push(format!(
                "“{}” is taken for millions of {}.",
                r.column, unit.unit
            )),
            false => all.push(Open {
                field,
                column: r.column.clone(),
                unit: unit.clone(),
                choices,
            }),
        }
    }
    proposal.assumptions.extend(assumed);
    all
}

/// Single ones or millions, where all numbers are whole; else millions, and nothing to ask.
fn singly(values: &Values, with: &impl Fn(f64, bool, bool) -> Unit) -> Vec<Unit> {
    match values.whole == values.numbers {
        true => vec![with(1.0, false, false), with(1e6, false, false)],
        false => Vec::new(),
    }
}

fn in_use(proposal: &Proposal, field: &str, column: &str) -> bool {
    let m = &proposal.mapping;
    let amount = match (field, &m.compute) {
        ("compute", Some(Compute::Amount(amount))) => Some(amount),
        ("parameters", _) => m.parameters.as_ref(),
        ("samples", _) => m.samples.as_ref(),
        _ => None,
    };
    amount.is_some_and(|a| a.columns().any(|c| c == column))
}

/// Settles scales by C ≈ 6 N D where the table has all three and one choice alone fits.
fn settle(proposal: &mut Proposal, table: &Table, open: &[Open]) -> bool {
    let unit_of = |field: &str| {
        proposal.readings.iter().find_map(|r| match (&r.is, field) {
            (Role::Compute(u), "compute")
            | (Role::Parameters(u), "parameters")
            | (Role::Samples(u), "samples")
                if in_use(proposal, field, &r.column) =>
            {
                Some((r.column.clone(), u.clone()))
            }
            _ => None,
        })
    };
    let fields = ["compute", "parameters", "samples"];
    let Some(found) = fields.map(unit_of).into_iter().collect::<Option<Vec<_>>>() else {
        return false;
    };
    let choices = |field: &str, told: &Unit| {
        let open = open.iter().find(|o| o.field == field);
        open.map_or(vec![told.clone()], |o| o.choices.clone())
    };
    let numbers: Vec<Vec<Option<f64>>> = found.iter().map(|(c, _)| table.numbers(c)).collect();
    let mut fitting = Vec::new();
    for c in choices("compute", &found[0].1) {
        for n in choices("parameters", &found[1].1) {
            for d in choices("samples", &found[2].1) {
                if c.each {
                    continue;
                }
                let units = [c.clone(), n.clone(), d.clone()];
                let rows = (0..table.rows.len()).filter_map(|row| ratio(&numbers, &units, row));
                let mut rows = rows.peekable();
                if rows.peek().is_some() && rows.all(|ratio| (0.4..2.5).contains(&ratio)) {
                    fitting.push(units);
                }
            }
        }
    }
    let [units] = fitting.as_slice() else {
        return false;
    };
    let [compute, parameters, samples] = units;
    let m = &mut proposal.mapping;
    m.compute = Some(compute_of(&found[0].0, compute));
    m.parameters = Some(amount_of(&found[1].0, parameters));
    m.samples = Some(amount_of(&found[2].0, samples));
    for o in open {
        let unit = &units[fields.iter().position(|f| *f == o.field).unwrap_or(0)];
        let sentence = format!(
            "“{}” is read as {}: with that, compute is about 6 × parameters × tokens.",
            o.column,
            counted(unit)
        );
        proposal.assumptions.push(sentence);
        for r in proposal
            .readings
            .iter_mut()
            .filter(|r| r.column == o.column)
        {
            if let Role::Compute(u) | Role::Parameters(u) | Role::Samples(u) = &mut r.is {
                *u = Unit {
                    told: true,
                    ..unit.clone()
                };
            }
            r.why = format!("{}; settled by compute ≈ 6 × parameters × tokens", r.why);
        }
    }
    true
}

/// C / (6 N D) of a row.
fn ratio(numbers: &[Vec<Option<f64>>], units: &[Unit; 3], row: usize) -> Option<f64> {
    let of = |i: usize| Some(plain(numbers[i].get(row).copied().flatten()?, &units[i]));
    Some(of(0)? / (6.0 * of(1)? * of(2)?))
}

/// In single FLOPs, parameters or tokens.
fn plain(x: f64, unit: &Unit) -> f64 {
    match unit.log10 {
        true => 10f64.powf(x) * unit.scale,
        false => number::times(x, unit.scale),
    }
}

fn counted(unit: &Unit) -> String {
    match (unit.log10, unit.scale) {
        (true, _) => format!("log10 of {}", unit.unit),
        (false, 1.0) => unit.unit.to_owned(),
        (false, 1e6) => format!("millions of {}", unit.unit),
        (false, 1e9) if unit.each => format!("G{} of a sample’s forward pass", unit.unit),
        (false, 1e9) => format!("billions of {}", unit.unit),
        (false, 1e12) => format!("trillions of {}", unit.unit),
        (false, scale) => format!("{scale:e} {}", unit.unit),
    }
}

/// The first numbers of a column.
fn first(table: &Table, column: &str) -> Vec<f64> {
    let numbers = table.numbers(column).into_iter().flatten();
    numbers.take(FIRST).collect()
}

fn question(proposal: &Proposal, table: &Table, open: &Open) -> Option<Question> {
    let numbers = first(table, &open.column);
    let samples = proposal.mapping.samples.is_some();
    let choices: Vec<Choice> = open
        .choices
        .iter()
        .filter(|unit| !unit.each || samples)
        .map(|unit| {
            let amount = match open.field {
                "compute" => match compute_of(&open.column, unit) {
                    Compute::Amount(amount) => amount,
                    Compute::Architecture => Amount::product(1.0, [Term::Samples]),
                },
                _ => amount_of(&open.column, unit),
            };
            Choice {
                text: counted(unit),
                map: format!("{}={amount}", open.field),
                first: numbers
                    .iter()
                    .map(|x| format!("{:.3e} {}", plain(*x, unit), unit.unit))
                    .collect(),
            }
        })
        .collect();
    (choices.len() > 1).then(|| Question {
        text: format!(
            "“{}” holds {}, but neither its name nor its values say how they are counted.",
            open.column, open.unit.unit
        ),
        choices,
    })
}

/// An error above 1 that no word says to be one of classification: percent, or a loss?
fn percent_or_loss(r: &Reading, table: &Table) -> Option<Question> {
    let Role::Result(measured) = &r.is else {
        return None;
    };
    let values = table.values(&r.column);
    let name = words(&r.column);
    let classes = [
        "top", "top1", "top5", "acc", "acc1", "acc5", "1", "rate", "word", "wer",
    ];
    let told = name.iter().any(|w| classes.contains(&w.as_str())) || measured.set.is_some();
    let open = measured.quantity == Quantity::Error
        && measured.scale == UnitScale::Detect
        && values.signs == 0
        && !told
        && values.min > 1.0
        && values.max < 15.0;
    open.then(|| {
        let first = first(table, &r.column);
        Question {
            text: format!(
                "“{}” may be an error in percent, or a loss in nats.",
                r.column
            ),
            choices: vec![
                Choice {
                    text: "error in percent".to_owned(),
                    map: format!("error={}:percent", r.column),
                    first: first
                        .iter()
                        .map(|x| format!("error {}", text::number(x / 100.0)))
                        .collect(),
                },
                Choice {
                    text: "loss in nats".to_owned(),
                    map: format!("loss={}", r.column),
                    first: first.iter().map(|x| format!("loss {x}")).collect(),
                },
            ],
        }
    })
}

/// A column that says percent, but has nothing above 1.
fn percent_or_fraction(r: &Reading, table: &Table) -> Option<Question> {
    let Role::Result(measured) = &r.is else {
        return None;
    };
    let values = table.values(&r.column);
    let says = r.column.contains('%')
        || words(&r.column)
            .iter()
            .any(|w| matches!(w.as_str(), "percent" | "pct"));
    let open =
        says && measured.quantity.is_fraction() && values.above_one == 0 && values.signs == 0;
    open.then(|| {
        let kind = if measured.quantity == Quantity::Error {
            "error"
        } else {
            "score"
        };
        let first = first(table, &r.column);
        let choice = |scale: &str, factor: f64| Choice {
            text: if factor == 1.0 {
                "fractions of 1"
            } else {
                "percent"
            }
            .to_owned(),
            map: format!("{kind}={}:{scale}", r.column),
            first: first.iter().map(|x| text::number(x * factor)).collect(),
        };
        Question {
            text: format!(
                "“{}” says percent, but none of its numbers is above 1.",
                r.column
            ),
            choices: vec![choice("percent", 0.01), choice("fraction", 1.0)],
        }
    })
}
