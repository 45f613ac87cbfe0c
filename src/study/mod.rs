//! What was trained and measured: studies and their tables, typed rows, selecting and frontiers.
//!
//! A study is a folder that describes itself (`study.json`, [`description`]); the columns of its
//! tables are documented in `docs/studies.md`.

pub mod architecture;
mod catalogue;
pub mod checkpoint;
pub mod description;
pub mod digest;
pub mod folder;
pub mod frontier;
mod metric;
pub mod names;
pub mod packed;
mod read;
pub mod select;
pub mod training;

pub use catalogue::{Study, Table, describe_all, heads};
pub(crate) use read::{Cell, Columns, read_rows};
pub use read::{DataError, Measurement, UNSPECIFIED, read_measurements};

/// For tests: bundled files from the disk.
#[cfg(test)]
pub(crate) mod bundled {
    use super::architecture::{self, ArchitectureCost};
    use super::{DataError, Measurement, Table, read_measurements};

    pub(crate) fn text(path: &str) -> Result<String, DataError> {
        std::fs::read_to_string(path).map_err(|e| DataError::whole(path, e.to_string()))
    }

    pub(crate) fn read(table: Table) -> (Vec<Measurement>, Vec<ArchitectureCost>) {
        let path = table.path();
        let rows = read_measurements(table.study(), &path, &text(&path).unwrap()).unwrap();
        let architectures = match architecture::path(table.study()) {
            Some(path) => architecture::read(&path, &text(&path).unwrap()).unwrap(),
            None => Vec::new(),
        };
        (rows, architectures)
    }
}
