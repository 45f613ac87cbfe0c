//! Tables in a Markdown document: the lines of one of them as they stand, and blank ones for the
//! rest, so that lines keep their numbers.

use super::number::Cell;
use super::propose::is_known_set;
use super::reading::{self, Role, Values};
use super::report::ReadNotice;

/// Bytes within which a document has its first table.
pub(super) const START: usize = 1 << 16;

/// Bytes of a document.
pub(super) const MOST: usize = 16 << 20;

/// Whether text may be a document: it begins as documents do and tables seldom.
pub(super) fn may_be(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let starts: [&[u8]; 8] = [b"#", b"|", b"[", b"!", b"<", b"**", b"---", b"> "];
    starts.iter().any(|start| text.starts_with(start))
}

/// Whether there is a table among its lines.
pub(super) fn has_table(text: &[u8]) -> bool {
    !tables(&String::from_utf8_lossy(text)).is_empty()
}

/// The table that tells most of runs, with blank lines for all else, and what is said of the
/// others.
pub(super) fn table(text: &[u8]) -> (String, Option<ReadNotice>) {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().collect();
    let tables = tables(&text);
    let best = tables.iter().enumerate();
    let best = best.max_by_key(|(i, t)| (worth(t, &lines), std::cmp::Reverse(*i)));
    let Some((_, best)) = best else {
        return (String::new(), None);
    };
    let mut masked = String::with_capacity(text.len());
    let mut rows = best.rows.iter().peekable();
    for (i, line) in lines.iter().enumerate() {
        if i == best.header {
            masked += &row(&best.names, 0);
        } else if rows.next_if_eq(&&i).is_some() {
            masked += &row(&cells(line), best.names.len());
        }
        masked.push('\n');
    }
    let others = tables.iter().filter(|t| t.header != best.header);
    let others: Vec<u64> = others.map(|t| t.header as u64 + 1).collect();
    let notice = (!others.is_empty()).then_some(ReadNotice::Tables {
        read: best.header as u64 + 1,
        others,
    });
    (masked, notice)
}

/// A table: its header's line and cells, and the lines of its rows; a later one with the same
/// header goes on with it.
struct Found {
    header: usize,
    names: Vec<String>,
    rows: Vec<usize>,
}

fn tables(text: &str) -> Vec<Found> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found: Vec<Found> = Vec::new();
    let mut at = 1;
    while at < lines.len() {
        let names = cells(lines[at - 1]);
        if !is_rule(lines[at]) || names.len() < 2 || cells(lines[at]).len() != names.len() {
            at += 1;
            continue;
        }
        let header = at - 1;
        at += 1;
        let start = at;
        while at < lines.len() && lines[at].contains('|') && !is_rule_of_next(&lines, at) {
            at += 1;
        }
        match found.iter_mut().find(|t| t.names == names) {
            Some(same) => same.rows.extend(start..at),
            None => found.push(Found {
                header,
                names,
                rows: (start..at).collect(),
            }),
        }
        at += 1;
    }
    found
}

/// Whether a line is the header of a table that follows at once.
fn is_rule_of_next(lines: &[&str], at: usize) -> bool {
    lines.get(at + 1).is_some_and(|next| is_rule(next))
}

/// "|---|:--|" under a header.
fn is_rule(line: &str) -> bool {
    let rule = |c: char| matches!(c, '-' | ':' | '|') || c.is_whitespace();
    line.contains('-') && line.contains('|') && line.chars().all(rule)
}

/// A row's cells, without the bars at its ends, links as their texts.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim().replace("\\|", "¦");
    let line = line.strip_prefix('|').unwrap_or(&line);
    let line = line.strip_suffix('|').unwrap_or(line);
    line.split('|').map(|cell| plain(cell.trim())).collect()
}

/// "[text](address)" as "text".
fn plain(cell: &str) -> String {
    let link = cell.strip_prefix('[').and_then(|c| c.strip_suffix(')'));
    match link.and_then(|link| link.split_once("](")) {
        Some((text, address)) if !address.contains('(') && !text.contains(']') => text.to_owned(),
        _ => cell.to_owned(),
    }
}

/// A row with bars at its ends; cells that are missing at its end are empty.
fn row(cells: &[String], width: usize) -> String {
    let missing = width.saturating_sub(cells.len());
    let empty = std::iter::repeat_n("", missing);
    let cells: Vec<&str> = cells.iter().map(String::as_str).chain(empty).collect();
    format!("| {} |", cells.join(" | "))
}

/// Columns of results, of amounts, and rows: the most is the table to read.
fn worth(table: &Found, lines: &[&str]) -> (bool, bool, usize) {
    let rows: Vec<Vec<String>> = table.rows.iter().map(|i| cells(lines[*i])).collect();
    let reading = |(i, name): (usize, &String)| {
        let mut values = Values::default();
        for cell in rows.iter().filter_map(|row| row.get(i)) {
            values.add(Cell::Text(cell.trim_matches(['*', '`'])), false);
        }
        let read = reading::read(name, &values);
        (is_known_set(name) && read.numbers, read.is)
    };
    let readings: Vec<(bool, Role)> = table.names.iter().enumerate().map(reading).collect();
    let result = |(set, is): &(bool, Role)| *set || matches!(is, Role::Result(_));
    let amount = |(_, is): &(bool, Role)| {
        matches!(
            is,
            Role::Compute(_) | Role::Parameters(_) | Role::Samples(_)
        )
    };
    (
        readings.iter().any(result),
        readings.iter().any(amount),
        rows.len(),
    )
}
