//! CSV to typed rows. Whatever is wrong is an error that names file, line and column.

use super::Study;
use crate::decimal;
use std::collections::BTreeSet;
use std::fmt;

/// What is wrong with a data file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataError {
    pub file: String,
    /// Line in the file, from 1; `None` where the file as a whole is at fault.
    pub line: Option<u64>,
    pub column: Option<String>,
    pub message: String,
}

impl DataError {
    pub fn whole(file: &str, message: impl Into<String>) -> Self {
        DataError {
            file: file.to_owned(),
            line: None,
            column: None,
            message: message.into(),
        }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for DataError {}

/// One measured number. Key: all fields but `value` and its standard error.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// Name of the checkpoint or run; empty where the release does not name it.
    pub run: String,
    pub family: String,
    /// Empty where a plotted point does not tell it.
    pub architecture: String,
    pub pretrain: String,
    pub schedule: String,
    /// Samples seen as the paper labels it: "13B".
    pub samples: String,
    pub samples_seen: Option<f64>,
    /// A count; `None` where the architecture tells it, or nothing.
    pub parameters: Option<f64>,
    /// In the study's unit ([`super::description::Head::compute_unit`]).
    pub compute: Option<f64>,
    pub dataset: String,
    pub metric: String,
    /// In the metric's unit: a fraction from 0 to 1 of an accuracy.
    pub value: f64,
    /// Of `value`, in its unit, where it is told.
    pub standard_error: Option<f64>,
    /// A reader's own, to which the studies' rules of choice do not apply.
    pub own: bool,
}

const STANDARD_ERROR: &str = "standard_error";

/// The columns of a file of measurements.
const MEASUREMENT: Columns = Columns {
    required: &["family", "dataset", "metric", "value"],
    optional: &[
        "run",
        "architecture",
        "pretrain",
        "schedule",
        "samples",
        "samples_seen",
        "parameters",
        "compute",
        STANDARD_ERROR,
    ],
};

/// Pre-training set and schedule of a row that tells none.
pub const UNSPECIFIED: &str = "unspecified";

/// Reads a table of a study's measurements. `file` names it in errors.
pub fn read_measurements(
    study: Study,
    file: &str,
    text: &str,
) -> Result<Vec<Measurement>, DataError> {
    let specified = |text: String| match text.is_empty() {
        true => UNSPECIFIED.to_owned(),
        false => text,
    };
    read_rows(file, text, &MEASUREMENT, |cell| {
        let metric = cell.name("metric")?;
        let value = cell.number("value")?;
        if let Some(problem) = study.quantity(&metric).problem(value) {
            return Err(cell.error("value", problem));
        }
        Ok(Measurement {
            run: cell.text("run"),
            family: cell.name("family")?,
            architecture: cell.text("architecture"),
            pretrain: specified(cell.text("pretrain")),
            schedule: specified(cell.text("schedule")),
            samples: cell.text("samples"),
            samples_seen: cell.optional("samples_seen", Cell::positive)?,
            parameters: cell.optional("parameters", Cell::positive)?,
            compute: cell.optional("compute", Cell::positive)?,
            dataset: cell.name("dataset")?,
            metric,
            value,
            standard_error: cell.optional(STANDARD_ERROR, Cell::positive)?,
            own: false,
        })
    })
}

/// One record's cells by column name; every getter's error names the place.
pub(crate) struct Cell<'a> {
    file: &'a str,
    header: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
    line: u64,
}

impl Cell<'_> {
    fn get(&self, column: &str) -> &str {
        self.header
            .iter()
            .position(|c| c == column)
            .and_then(|i| self.record.get(i))
            .unwrap_or_default()
    }

    pub(crate) fn error(&self, column: &str, message: impl Into<String>) -> DataError {
        DataError {
            file: self.file.to_owned(),
            line: Some(self.line),
            column: Some(column.to_owned()),
            message: message.into(),
        }
    }

    pub(crate) fn text(&self, column: &str) -> String {
        self.get(column).to_owned()
    }

    /// Text that must not be empty.
    pub(crate) fn name(&self, column: &str) -> Result<String, DataError> {
        match self.get(column) {
            "" => Err(self.error(column, "is empty, but a name is needed")),
            text => Ok(text.to_owned()),
        }
    }

    pub(crate) fn number(&self, column: &str) -> Result<f64, DataError> {
        let text = self.get(column);
        match decimal::parse(text.trim()) {
            Some(x) if x.is_finite() => Ok(x),
            _ => Err(self.error(column, format!("“{text}” is not a number"))),
        }
    }

    pub(crate) fn positive(&self, column: &str) -> Result<f64, DataError> {
        let x = self.number(column)?;
        if x > 0.0 {
            Ok(x)
        } else {
            Err(self.error(column, format!("{x} is not above zero")))
        }
    }

    pub(crate) fn whole(&self, column: &str) -> Result<u32, DataError> {
        let text = self.get(column);
        text.parse()
            .map_err(|_| self.error(column, format!("“{text}” is not a whole number")))
    }

    pub(crate) fn optional<T>(
        &self,
        column: &str,
        read: fn(&Self, &str) -> Result<T, DataError>,
    ) -> Result<Option<T>, DataError> {
        match self.get(column) {
            "" => Ok(None),
            _ => read(self, column).map(Some),
        }
    }
}

/// What a file may have for columns, in any order.
#[derive(Clone, Copy)]
pub(crate) struct Columns {
    /// The last of them is the value; the others, and those that are optional, are the key.
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
}

impl Columns {
    fn known(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }

    /// What is wrong with a header: the column and the message.
    fn problem(&self, header: &csv::StringRecord) -> Option<(String, String)> {
        for (i, name) in header.iter().enumerate() {
            if !self.known().any(|known| known == name) {
                let known: Vec<&str> = self.known().collect();
                let message = format!("is not known here; known: {}", known.join(", "));
                return Some((name.to_owned(), message));
            }
            if header.iter().take(i).any(|before| before == name) {
                return Some((name.to_owned(), "is in the header twice".to_owned()));
            }
        }
        let missing = |name: &&&str| !header.iter().any(|found| found == **name);
        let missing = self.required.iter().find(missing)?;
        Some(((*missing).to_owned(), "is missing".to_owned()))
    }
}

/// Reads records under a header of these columns; no two may agree in all but the value and
/// its standard error.
pub(crate) fn read_rows<T>(
    file: &str,
    text: &str,
    columns: &Columns,
    mut row: impl FnMut(&Cell) -> Result<T, DataError>,
) -> Result<Vec<T>, DataError> {
    let mut rows = Vec::new();
    each_row(file, text, columns, &mut |cell| {
        rows.push(row(cell)?);
        Ok(())
    })?;
    Ok(rows)
}

/// Not generic, so that reading is compiled once and not for every type of row.
fn each_row(
    file: &str,
    text: &str,
    columns: &Columns,
    row: &mut dyn FnMut(&Cell) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| csv_error(file, &e))?.clone();
    if let Some((column, message)) = columns.problem(&header) {
        return Err(DataError {
            file: file.to_owned(),
            line: Some(1),
            column: Some(column),
            message,
        });
    }
    // A number's standard error is no more of the key than the number itself.
    let of_value = |name: &str| name == STANDARD_ERROR || columns.required.last() == Some(&name);
    let keyed: Vec<bool> = header.iter().map(|name| !of_value(name)).collect();
    let mut keys = BTreeSet::new();
    for record in reader.records() {
        let record = record.map_err(|e| csv_error(file, &e))?;
        let line = record.position().map_or(0, csv::Position::line);
        let key = record.iter().zip(&keyed).filter(|(_, keyed)| **keyed);
        let key: Vec<&str> = key.map(|(cell, _)| cell).collect();
        if !keys.insert(key.join("\u{1f}")) {
            return Err(DataError {
                file: file.to_owned(),
                line: Some(line),
                column: None,
                message: "this key stands in an earlier line already".to_owned(),
            });
        }
        row(&Cell {
            file,
            header: &header,
            record: &record,
            line,
        })?;
    }
    Ok(())
}

fn csv_error(file: &str, error: &csv::Error) -> DataError {
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("has {len} columns where the header has {expected_len}"),
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8 text".to_owned(),
        // Text in memory has no other; to print one would bring the errors of files along.
        _ => "cannot be read as CSV".to_owned(),
    };
    DataError {
        file: file.to_owned(),
        line: error.position().map(csv::Position::line),
        column: None,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Table;

    const GOOD: &str = "run,family,architecture,pretrain,schedule,samples,samples_seen,compute,dataset,metric,value\n\
        a,clip,ViT-B-32,laion,cosine,3B,3e9,1e10,imagenet1k,acc1,0.5\n";

    fn read(text: &str) -> Result<Vec<Measurement>, DataError> {
        read_measurements(Table::first().study(), "t.csv", text)
    }

    fn error(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn a_good_row_is_typed() {
        let rows = read(GOOD).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].samples_seen, Some(3e9));
        assert_eq!(rows[0].value, 0.5);
    }

    #[test]
    fn columns_come_in_any_order_and_most_are_optional() {
        let rows =
            read("value,metric,dataset,family,parameters\n0.25,acc1,cars,clip,1e8\n").unwrap();
        assert_eq!((rows[0].value, rows[0].parameters), (0.25, Some(1e8)));
        assert_eq!(
            (rows[0].compute, rows[0].pretrain.as_str()),
            (None, UNSPECIFIED)
        );
    }

    #[test]
    fn a_loss_may_be_above_one() {
        let text = GOOD.replace("acc1,0.5", "validation_loss,3.1");
        assert_eq!(read(&text).unwrap()[0].value, 3.1);
        assert_eq!(
            error(&GOOD.replace("acc1,0.5", "validation_loss,0")),
            "t.csv, line 2, column value: 0 is not a loss: it is not above zero"
        );
    }

    #[test]
    fn errors_name_file_line_and_column() {
        assert_eq!(
            error(&GOOD.replace("1e10", "ten")),
            "t.csv, line 2, column compute: “ten” is not a number"
        );
        assert_eq!(
            error(&GOOD.replace("0.5", "50")),
            "t.csv, line 2, column value: 50 is not a fraction from 0 to 1"
        );
        assert_eq!(
            error(&GOOD.replace("1e10", "0")),
            "t.csv, line 2, column compute: 0 is not above zero"
        );
        assert_eq!(
            error(&GOOD.replace("schedule", "scheduler")),
            "t.csv, line 1, column scheduler: is not known here; known: family, dataset, metric, value, run, architecture, pretrain, schedule, samples, samples_seen, parameters, compute, standard_error"
        );
        assert_eq!(
            error(&GOOD.replace("schedule", "run")),
            "t.csv, line 1, column run: is in the header twice"
        );
        assert_eq!(
            error("family,dataset,metric\n"),
            "t.csv, line 1, column value: is missing"
        );
        assert_eq!(
            error(&format!("{GOOD}a,clip\n")),
            "t.csv, line 3: has 2 columns where the header has 11"
        );
        let twice = format!("{GOOD}{}", GOOD.lines().nth(1).unwrap());
        assert_eq!(
            error(&twice),
            "t.csv, line 3: this key stands in an earlier line already"
        );
        assert_eq!(
            error(&GOOD.replace("0.5", "NaN")),
            "t.csv, line 2, column value: “NaN” is not a number"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}", tail in ".{0,80}") {
            let _ = read(&text);
            let _ = read(&format!("{GOOD}{tail}"));
        }
    }
}
