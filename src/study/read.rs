//! CSV to typed rows. Whatever is wrong is an error that names file, line and column.

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

/// One measured number. Key: all fields but `value`.
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
    /// In the study's unit ([`super::Study::compute_unit`]).
    pub compute: f64,
    pub dataset: String,
    pub metric: String,
    /// From 0 to 1.
    pub value: f64,
    /// A reader's own, to which the studies' rules of choice do not apply.
    pub own: bool,
}

impl Measurement {
    pub fn error(&self) -> f64 {
        1.0 - self.value
    }
}

const MEASUREMENT: [&str; 11] = [
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
];

/// Reads a table of measurements. `file` names it in errors.
pub fn read_measurements(file: &str, text: &str) -> Result<Vec<Measurement>, DataError> {
    read_rows(file, text, &MEASUREMENT, |cell| {
        Ok(Measurement {
            run: cell.text("run"),
            family: cell.name("family")?,
            architecture: cell.text("architecture"),
            pretrain: cell.name("pretrain")?,
            schedule: cell.name("schedule")?,
            samples: cell.text("samples"),
            samples_seen: cell.optional("samples_seen", Cell::positive)?,
            compute: cell.positive("compute")?,
            dataset: cell.name("dataset")?,
            metric: cell.name("metric")?,
            value: cell.fraction("value")?,
            own: false,
        })
    })
}

/// One record's cells by column name; every getter's error names the place.
pub(crate) struct Cell<'a> {
    file: &'a str,
    header: &'a [&'a str],
    record: &'a csv::StringRecord,
    line: u64,
}

impl Cell<'_> {
    fn get(&self, column: &str) -> &str {
        self.header
            .iter()
            .position(|c| *c == column)
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

    pub(crate) fn fraction(&self, column: &str) -> Result<f64, DataError> {
        let x = self.number(column)?;
        if (0.0..=1.0).contains(&x) {
            Ok(x)
        } else {
            Err(self.error(column, format!("{x} is not a fraction from 0 to 1")))
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

/// Reads records under exactly the given header; no two may agree in all columns but the last.
pub(crate) fn read_rows<T>(
    file: &str,
    text: &str,
    header: &[&str],
    row: impl Fn(&Cell) -> Result<T, DataError>,
) -> Result<Vec<T>, DataError> {
    let mut rows = Vec::new();
    each_row(file, text, header, &mut |cell| {
        rows.push(row(cell)?);
        Ok(())
    })?;
    Ok(rows)
}

/// Not generic, so that reading is compiled once and not for every type of row.
fn each_row(
    file: &str,
    text: &str,
    header: &[&str],
    row: &mut dyn FnMut(&Cell) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let found = reader.headers().map_err(|e| csv_error(file, &e))?;
    if !found.iter().eq(header.iter().copied()) {
        let wrong = (0..header.len().max(found.len()))
            .find(|&i| found.get(i) != header.get(i).copied())
            .unwrap_or(0);
        return Err(DataError {
            file: file.to_owned(),
            line: Some(1),
            column: Some(found.get(wrong).unwrap_or("(none)").to_owned()),
            message: match header.get(wrong) {
                Some(name) => format!("the header should say “{name}” here"),
                None => "the header has a column too many".to_owned(),
            },
        });
    }
    let mut keys = BTreeSet::new();
    for record in reader.records() {
        let record = record.map_err(|e| csv_error(file, &e))?;
        let line = record.position().map_or(0, csv::Position::line);
        let key: Vec<&str> = record.iter().take(header.len() - 1).collect();
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
            header,
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

    const GOOD: &str = "run,family,architecture,pretrain,schedule,samples,samples_seen,compute,dataset,metric,value\n\
        a,clip,ViT-B-32,laion,cosine,3B,3e9,1e10,imagenet1k,acc1,0.5\n";

    fn error(text: &str) -> String {
        read_measurements("t.csv", text).unwrap_err().to_string()
    }

    #[test]
    fn a_good_row_is_typed() {
        let rows = read_measurements("t.csv", GOOD).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].samples_seen, Some(3e9));
        assert_eq!(rows[0].error(), 0.5);
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
            "t.csv, line 1, column scheduler: the header should say “schedule” here"
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
            let _ = read_measurements("t.csv", &text);
            let _ = read_measurements("t.csv", &format!("{GOOD}{tail}"));
        }
    }
}
