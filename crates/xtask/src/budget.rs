//! What the first view may weigh: every build is held to it.

use std::{fs, path::Path};

use crate::{
    Result,
    process::{command, find, say},
};

/// Kinds of files, the most bytes that each may take after `gzip -9`, and the files; `*` stands
/// for a hash. The last line is all of them; the limits are whole KiB. A browser test holds the list to what the first view
/// asks for.
const BUDGETS: &str = include_str!("../../../tests/browser/first-view.csv");

/// Weighs the built page and says so; an error where it weighs too much.
pub(crate) fn check(dist: &Path) -> Result {
    let Some(gzip) = find("gzip") else {
        println!("there is no gzip here to weigh the first view with");
        return Ok(());
    };
    say("the first view, in bytes after gzip -9");
    let mut all = 0;
    let mut over = Vec::new();
    for line in BUDGETS.lines().skip(1) {
        let [kind, limit, files] = cells(line)?;
        let limit: u64 = limit
            .parse()
            .map_err(|_| format!("tests/browser/first-view.csv: `{limit}` is no number"))?;
        let mut weight = 0;
        for file in files.split_whitespace() {
            let path = dist.join(built(dist, file)?);
            weight += gzipped(&gzip, &path)?;
        }
        all += weight;
        if kind == "all" {
            weight = all;
        }
        println!("{kind:<11} {weight:>7} of {limit:>7}");
        if weight > limit {
            over.push(kind);
        }
    }
    match over.as_slice() {
        [] => Ok(()),
        kinds => Err(format!(
            "the first view is over its budget ({}): make it smaller, or change tests/browser/first-view.csv \
             and say why",
            kinds.join(", ")
        )),
    }
}

fn cells(line: &str) -> Result<[&str; 3]> {
    let cells: Vec<&str> = line.split(',').collect();
    cells
        .try_into()
        .map_err(|_| format!("tests/browser/first-view.csv: three cells are missing in `{line}`"))
}

/// A file's name in the built page.
fn built(dist: &Path, pattern: &str) -> Result<String> {
    let Some((start, end)) = pattern.split_once('*') else {
        return Ok(pattern.to_owned());
    };
    let entries = fs::read_dir(dist).map_err(|error| format!("{}: {error}", dist.display()))?;
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .find(|name| name.starts_with(start) && name.ends_with(end))
        .ok_or_else(|| format!("the built page has no {pattern}"))
}

fn gzipped(gzip: &Path, file: &Path) -> Result<u64> {
    let output = command(gzip)
        .args(["-9", "-c"])
        .arg(file)
        .output()
        .map_err(|error| format!("gzip did not start: {error}"))?;
    match output.status.success() {
        true => Ok(output.stdout.len() as u64),
        false => Err(format!("{} cannot be weighed", file.display())),
    }
}
