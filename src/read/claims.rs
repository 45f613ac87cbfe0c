//! Printed numbers and findings in a document.

use super::address;
use super::compute::Source;
use super::number::{Asked, Number, Printed};
use crate::analysis::{Analysis, to_query};
use crate::claim::{Check, Verdict};
use crate::decimal;
use crate::finding::Row;
use crate::text::{grouped, significant};

/// `?claim=ID#recomputed`.
pub(super) fn claim(id: &str, asked: &Asked, source: &Source) -> Result<Number, String> {
    let check = source.checks().iter().find(|c| c.id == id);
    let check = check.ok_or_else(|| format!("no printed number is “{id}”"))?;
    let recomputed = || {
        let why = || format!("“{id}” cannot be recomputed: {}", check.note);
        check.recomputed.ok_or_else(why)
    };
    let unit = unit(check);
    let (value, text) = match asked.name.as_str() {
        "printed" => (Some(check.printed), format!("{}{unit}", said(check))),
        "recomputed" => {
            let value = recomputed()?;
            (Some(value), format!("{}{unit}", alike(value, check)))
        }
        "difference" => {
            let difference = recomputed()? - check.printed;
            let sign = if difference > 0.0 { "+" } else { "" };
            let text = significant(difference, asked.digits);
            let unit = match unit.as_str() {
                " %" => " percentage points",
                other => other,
            };
            (Some(difference), format!("{sign}{text}{unit}"))
        }
        "ratio" => {
            let ratio = check.printed / recomputed()?;
            (Some(ratio), significant(ratio, asked.digits))
        }
        "verdict" => (None, check.verdict.title().to_owned()),
        other => {
            return Err(format!(
                "a printed number has no “{other}”; it has printed, recomputed, difference, ratio (printed / recomputed), verdict"
            ));
        }
    };
    Ok(Number {
        text,
        values: value.into_iter().collect(),
        what: match asked.name.as_str() {
            "printed" => format!("{}, as printed", check.quantity),
            "recomputed" => format!("{}, recomputed", check.quantity),
            "difference" => format!("{}, recomputed − printed", check.quantity),
            "ratio" => format!("{}, printed / recomputed", check.quantity),
            _ => check.quantity.clone(),
        },
        from: match check.recomputed {
            // No paper prints the error of its law.
            Some(value) if check.whole_law => format!(
                "{} with the printed coefficients ({}), {} refitted: {}",
                said(check),
                check.source,
                alike(value, check),
                check.verdict.title()
            ),
            Some(value) => format!("recomputed: {}{unit}", alike(value, check)),
            None => check.note.clone(),
        },
        printed: (!check.whole_law).then(|| printed(check)),
        query: match &check.analysis {
            Some(analysis) => format!("{}#{}", to_query(analysis), tab(check, analysis, source)),
            None => address::verify(source.study, None, &check.id),
        },
    })
}

/// The tab of Explore that recomputes a number (`src/page/explore`).
fn tab(check: &Check, analysis: &Analysis, source: &Source) -> &'static str {
    let law = check.id.split('/').next().unwrap_or_default();
    let of_two_variables = source.printed.surfaces.iter().any(|c| c.law == law);
    let is_split = source
        .printed
        .optimal_samples
        .iter()
        .any(|o| o.id == check.id);
    match of_two_variables || is_split {
        true => "allocation",
        false if !analysis.at.is_empty() => "predictions",
        false if source.printed.measurements.iter().any(|m| m.id == check.id) => "numbers",
        false => "law",
    }
}

/// A check's printed number and its verdict. Where the negative of a parameter is printed, that is said.
pub(super) fn printed(check: &Check) -> Printed {
    let of = match check.id.ends_with("/minus_alpha") {
        true => "−α = ",
        false => "",
    };
    Printed {
        text: format!("{of}{}{}", said(check), unit(check)),
        source: check.source.clone(),
        verdict: check.verdict,
    }
}

/// Decimals that are printed for readers: a program prints more.
const MOST_DECIMALS: usize = 8;

/// As printed, or where a program wrote it with an exponent or in full, as readers write that.
fn said(check: &Check) -> String {
    match digits_to_show(&check.printed_text) {
        Some(digits) => significant(check.printed, digits),
        None => check.printed_text.replace('-', "−"),
    }
}

/// A value at the precision of the printed one.
pub(super) fn alike(value: f64, check: &Check) -> String {
    if let Some(digits) = digits_to_show(&check.printed_text) {
        return significant(value, digits);
    }
    let decimals = check.printed_text.split_once('.');
    let decimals = decimals.map_or(0, |(_, after)| after.len());
    // No negative zero.
    format!("{:.decimals$}", value + 0.0).replace('-', "−")
}

/// The significant digits of "2.64e10", and fewer than there are of 0.8743712188927529; `None` where the
/// text is for readers.
fn digits_to_show(text: &str) -> Option<usize> {
    if let Some((mantissa, _)) = text.split_once(['e', 'E']) {
        return Some(mantissa.chars().filter(char::is_ascii_digit).count());
    }
    let (_, decimals) = text.split_once('.')?;
    (decimals.len() > MOST_DECIMALS).then_some(3)
}

/// A check's unit after a number; a perplexity has none.
fn unit(check: &Check) -> String {
    match check.unit {
        "" | "perplexity" | "fraction" => String::new(),
        "percent" => " %".to_owned(),
        unit => format!(" {unit}"),
    }
}

/// `?claims=PREFIX#reproduced`: of the printed numbers whose ids begin so, how many have a verdict.
pub(super) fn count(prefix: &str, asked: &Asked, source: &Source) -> Result<Number, String> {
    let printed = source.checks().iter().filter(|c| !c.whole_law);
    let of = printed.filter(|c| c.id.starts_with(prefix));
    let verdict = Verdict::ALL.into_iter().find(|v| v.id() == asked.name);
    if verdict.is_none() && asked.name != "all" {
        let known = Verdict::ALL.map(Verdict::id).join(", ");
        return Err(format!(
            "there is no verdict “{}”; there are {known}, all",
            asked.name
        ));
    }
    let all = of.clone().count();
    if all == 0 {
        return Err(format!("no printed number’s id begins with “{prefix}”"));
    }
    let number = of
        .filter(|c| verdict.is_none_or(|v| v == c.verdict))
        .count();
    let which = match prefix {
        "" => "printed numbers of the study".to_owned(),
        prefix => format!("printed numbers “{prefix}…”"),
    };
    Ok(Number {
        text: grouped(number as u64),
        values: vec![number as f64],
        what: match verdict {
            Some(verdict) => format!("{which}: {}", verdict.title()),
            None => which,
        },
        from: format!("{} in all, each recomputed", grouped(all as u64)),
        printed: None,
        query: address::verify(source.study, verdict, prefix),
    })
}

/// `?finding=ID#corrected=ROW`: a cell of a finding's table.
pub(super) fn finding(id: &str, asked: &Asked, source: &Source) -> Result<Number, String> {
    let finding = source.finding(id)?;
    let row = finding.rows.iter().find(|row| row.what == asked.of);
    let row = row.ok_or_else(|| {
        let known: Vec<&str> = finding.rows.iter().map(|row| row.what.as_str()).collect();
        format!(
            "“{id}” has no row “{}”; it has: {}",
            asked.of,
            known.join("; ")
        )
    })?;
    type Column = (&'static str, fn(&Row) -> &String);
    const COLUMNS: [Column; 2] = [
        ("released", |r| &r.released),
        ("corrected", |r| &r.corrected),
    ];
    let column = COLUMNS.into_iter().find(|(name, _)| *name == asked.name);
    let (name, get) = column.ok_or_else(|| {
        format!(
            "a finding has no “{}”; it has released=ROW and corrected=ROW",
            asked.name
        )
    })?;
    let text = get(row).clone();
    let meaning = match name {
        "released" => finding.released,
        _ => finding.corrected,
    };
    Ok(Number {
        values: leading(&text).into_iter().collect(),
        text,
        what: format!("{}: {meaning}", row.what),
        from: format!("the finding “{}”", finding.title),
        printed: None,
        query: format!("{}#{id}", address::view("findings", source.study)),
    })
}

/// The number that a text begins with: "79.588 %", "± 0.766 pp".
fn leading(text: &str) -> Option<f64> {
    let text = text.trim_start_matches("± ").replace('−', "-");
    let number = text.split(' ').next()?;
    // Of "9.180 × 10⁸" the first digits are not the number.
    decimal::parse(number).filter(|_| !text.contains('×'))
}
