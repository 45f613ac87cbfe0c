//! [`Runs`] as a CSV table, which [`crate::runs::Reader`] takes back.

use super::Runs;
use crate::study::Measurement;
use std::io::{self, Write};

impl Runs {
    /// Writes the runs as a CSV table that [`crate::runs::Reader`] takes back to equal runs: the columns
    /// of `data/`, and in front of them what the file was, its study and the parameters.
    ///
    /// The same runs always give the same bytes.
    pub fn write_csv(&self, to: &mut impl Write) -> io::Result<()> {
        self.csv()
            .try_for_each(|piece| to.write_all(piece.as_bytes()))
    }

    /// [`Runs::write_csv`] in pieces of some KiB, for a page that works between turns.
    pub fn csv(&self) -> impl Iterator<Item = String> {
        let header = COLUMNS.join(",") + "\n";
        let mut rows = self.measurements();
        let pieces = std::iter::from_fn(move || {
            let mut piece = String::new();
            for row in rows.by_ref().take(Self::ROWS_OF_PIECE) {
                self.write_row(&mut piece, &row);
            }
            (!piece.is_empty()).then_some(piece)
        });
        std::iter::once(header).chain(pieces)
    }

    const ROWS_OF_PIECE: usize = 500;

    fn write_row(&self, to: &mut String, row: &Measurement) {
        let number = |x: Option<f64>| x.map_or(String::new(), |x| x.to_string());
        let cells = [
            self.source.id(),
            self.study.reference(),
            &number(row.parameters),
            &row.run,
            &row.family,
            &row.architecture,
            &row.pretrain,
            &row.schedule,
            &row.samples,
            &number(row.samples_seen),
            &number(row.compute),
            &row.dataset,
            &row.metric,
            &row.value.to_string(),
            &number(row.standard_error),
        ];
        for (i, cell) in cells.into_iter().enumerate() {
            if i > 0 {
                to.push(',');
            }
            match cell.contains(['"', ',', '\n', '\r']) {
                true => {
                    to.push('"');
                    to.push_str(&cell.replace('"', "\"\""));
                    to.push('"');
                }
                false => to.push_str(cell),
            }
        }
        to.push('\n');
    }
}

/// Columns of [`Runs::write_csv`].
pub(in crate::runs) const COLUMNS: [&str; 15] = [
    "source",
    "study",
    "parameters",
    "run",
    "family",
    "architecture",
    "pretrain",
    "schedule",
    "samples",
    "samples_seen",
    "compute",
    "dataset",
    "metric",
    "value",
    "standard_error",
];
