//! The subset that is left, as files.

use super::set::Set;
use refit_npy::{Uid, write_uids};
use refit_pairs::Facts;
use refit_pairs::filter::Filtered;
use refit_pairs::metadata::{self, Row, SUBSET, subset_row};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Where the subset is written.
#[derive(clap::Args)]
pub(super) struct Outputs {
    /// Write the uids that are kept, sorted, as DataComp's resharder reads them
    #[arg(long, value_name = "NPY")]
    write_uids: Option<PathBuf>,
    /// Write the pairs that are kept as CSV
    #[arg(long, value_name = "CSV")]
    write_csv: Option<PathBuf>,
    /// Write the pairs that are kept as Parquet
    #[arg(long, value_name = "PARQUET")]
    write_parquet: Option<PathBuf>,
}

/// Writes what is asked for; what cannot be is noted, or an error.
pub(super) fn all(outputs: &Outputs, set: &mut Set, filtered: &Filtered) -> Result<(), String> {
    if let Some(path) = &outputs.write_uids {
        let uids: Vec<Uid> = kept(set, filtered)
            .filter_map(|(_, facts)| facts.uid)
            .collect();
        let without = filtered.left() - uids.len() as u64;
        if uids.is_empty() && without > 0 {
            return Err(
                "no pair that is kept has a uid: DataComp’s JSON and metadata have them".to_owned(),
            );
        }
        write(path, &write_uids(&uids))?;
        if without > 0 {
            let path = path.display();
            set.problems.push(format!(
                "{without} pairs that are kept have no uid and are not in {path}"
            ));
        }
    }
    if let Some(path) = &outputs.write_csv {
        write(
            path,
            &csv(set, filtered).map_err(|e| format!("{}: {e}", path.display()))?,
        )?;
    }
    if let Some(path) = &outputs.write_parquet {
        let rows: Vec<Row> = kept(set, filtered)
            .map(|(name, facts)| subset_row(name, facts))
            .collect();
        write(path, &metadata::write(&rows).map_err(|e| e.to_string())?)?;
    }
    Ok(())
}

fn kept<'a>(set: &'a Set, filtered: &'a Filtered) -> impl Iterator<Item = (&'a String, &'a Facts)> {
    let pairs = set.names.iter().zip(&set.facts).zip(&filtered.kept);
    pairs.filter(|(_, kept)| **kept).map(|(pair, _)| pair)
}

fn csv(set: &Set, filtered: &Filtered) -> Result<Vec<u8>, String> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(SUBSET).map_err(|e| e.to_string())?;
    for (name, facts) in kept(set, filtered) {
        let row = subset_row(name, facts);
        let cells = SUBSET.map(|column| match &row[column] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        csv.write_record(cells).map_err(|e| e.to_string())?;
    }
    csv.into_inner().map_err(|e| e.to_string())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|e| format!("{}: {e}", path.display()))
}
