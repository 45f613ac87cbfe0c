//! Rows of an index as Parquet, one for each vector; clip-retrieval's columns `image_path` and `caption`, and what each
//! pair's JSON says.

use crate::facts::Facts;
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A row: the values of its columns; those that it lacks are null.
pub type Row = Map<String, Value>;

/// What an index says of a pair beside its JSON.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The picture's file or member.
    pub picture: &'a str,
    /// The text.
    pub text: &'a str,
    /// The cosine of both.
    pub score: Option<f32>,
    /// Bytes of the encoded picture.
    pub bytes: u64,
    /// The name without the ending.
    pub key: &'a str,
    /// The archive, folder or table that the pair is from.
    pub source: &'a str,
    /// Width and height in pixels.
    pub size: Option<(usize, usize)>,
}

impl About<'_> {
    /// The pair's row in an index's metadata: clip-retrieval's columns, and what its JSON says.
    pub fn row(&self, json: Row) -> Row {
        let mut row = json;
        let own = [
            ("image_path", json!(self.picture)),
            ("caption", json!(self.text)),
            ("similarity", json!(self.score)),
            ("bytes", json!(self.bytes)),
        ];
        row.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let mut unless_said = vec![("key", json!(self.key)), ("source", json!(self.source))];
        if let Some((width, height)) = self.size {
            unless_said.push(("original_width", json!(width)));
            unless_said.push(("original_height", json!(height)));
        }
        for (name, value) in unless_said {
            row.entry(name).or_insert(value);
        }
        row
    }
}

/// Columns of a subset that is written as a table.
pub const SUBSET: [&str; 5] = ["image_path", "caption", "similarity", "uid", "url"];

/// A pair's row in such a table, by its picture's name; the columns are [`SUBSET`].
pub fn subset_row(picture: &str, facts: &Facts) -> Row {
    let values = [
        json!(picture),
        json!(facts.text),
        json!(facts.score),
        json!(facts.uid.map(|uid| uid.to_string())),
        json!(facts.url),
    ];
    SUBSET.map(str::to_owned).into_iter().zip(values).collect()
}

/// The writer's own words, which no rows that are given to it should bring about.
#[derive(Debug)]
pub struct WriteError(ParquetError);

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the Parquet file cannot be written: {}", self.0)
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl From<ParquetError> for WriteError {
    fn from(error: ParquetError) -> Self {
        WriteError(error)
    }
}

/// What a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Boolean,
    Whole,
    Number,
    Text,
}

impl Kind {
    /// What a value is; `None` of null.
    fn of(value: &Value) -> Option<Kind> {
        Some(match value {
            Value::Null => return None,
            Value::Bool(_) => Kind::Boolean,
            Value::Number(number) if number.is_i64() => Kind::Whole,
            Value::Number(_) => Kind::Number,
            _ => Kind::Text,
        })
    }

    /// What holds both.
    fn and(self, other: Kind) -> Kind {
        match (self, other) {
            _ if self == other => self,
            (Kind::Whole, Kind::Number) | (Kind::Number, Kind::Whole) => Kind::Number,
            _ => Kind::Text,
        }
    }
}

/// Columns that come first.
const FIRST: [&str; 3] = ["image_path", "caption", "similarity"];

/// A Parquet file with these rows: a column for each name, `image_path`, `caption` and `similarity` first, the others by
/// their names, of integers, numbers, booleans or text. What is a list or an object is written as its JSON, and so are all values of a name whose values
/// differ in kind.
pub fn write(rows: &[Row]) -> Result<Vec<u8>, WriteError> {
    let mut kinds: BTreeMap<&str, Option<Kind>> = BTreeMap::new();
    for (name, value) in rows.iter().flatten() {
        let known = kinds.entry(name).or_default();
        *known = match (*known, Kind::of(value)) {
            (Some(known), Some(kind)) => Some(known.and(kind)),
            (known, kind) => known.or(kind),
        };
    }
    let columns = kinds.into_iter();
    let columns = columns.map(|(name, kind)| (name, kind.unwrap_or(Kind::Text)));
    let mut columns: Vec<(&str, Kind)> = columns.collect();
    let place = |name: &str| FIRST.iter().position(|first| *first == name);
    columns.sort_by_key(|(name, _)| place(name).unwrap_or(FIRST.len()));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    let mut file =
        SerializedFileWriter::new(Vec::new(), schema(&columns)?, Arc::new(properties.build()))?;
    let mut group = file.next_row_group()?;
    for (name, kind) in &columns {
        let values = rows
            .iter()
            .map(|row| row.get(*name).filter(|v| !v.is_null()));
        if let Some(mut column) = group.next_column()? {
            write_column(&mut column, *kind, values)?;
            column.close()?;
        }
    }
    group.close()?;
    Ok(file.into_inner()?)
}

fn schema(columns: &[(&str, Kind)]) -> Result<Arc<Type>, WriteError> {
    let mut fields = Vec::with_capacity(columns.len());
    for (name, kind) in columns {
        let physical = match kind {
            Kind::Boolean => Physical::BOOLEAN,
            Kind::Whole => Physical::INT64,
            Kind::Number => Physical::DOUBLE,
            Kind::Text => Physical::BYTE_ARRAY,
        };
        let mut field =
            Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
        if *kind == Kind::Text {
            field = field
                .with_converted_type(ConvertedType::UTF8)
                .with_logical_type(Some(LogicalType::String));
        }
        fields.push(Arc::new(field.build()?));
    }
    let schema = Type::group_type_builder("schema").with_fields(fields);
    Ok(Arc::new(schema.build()?))
}

fn write_column<'a>(
    column: &mut SerializedColumnWriter<'_>,
    kind: Kind,
    values: impl Iterator<Item = Option<&'a Value>> + Clone,
) -> Result<(), WriteError> {
    let levels: Vec<i16> = values
        .clone()
        .map(|value| i16::from(value.is_some()))
        .collect();
    let values = values.flatten();
    match (kind, column.untyped()) {
        (Kind::Boolean, ColumnWriter::BoolColumnWriter(writer)) => {
            let values: Vec<bool> = values.filter_map(Value::as_bool).collect();
            writer.write_batch(&values, Some(&levels), None)?;
        }
        (Kind::Whole, ColumnWriter::Int64ColumnWriter(writer)) => {
            let values: Vec<i64> = values.filter_map(Value::as_i64).collect();
            writer.write_batch(&values, Some(&levels), None)?;
        }
        (Kind::Number, ColumnWriter::DoubleColumnWriter(writer)) => {
            let values: Vec<f64> = values.filter_map(Value::as_f64).collect();
            writer.write_batch(&values, Some(&levels), None)?;
        }
        (Kind::Text, ColumnWriter::ByteArrayColumnWriter(writer)) => {
            let text = |value: &Value| match value {
                Value::String(text) => ByteArray::from(text.as_bytes().to_vec()),
                other => ByteArray::from(other.to_string().into_bytes()),
            };
            let values: Vec<ByteArray> = values.map(text).collect();
            writer.write_batch(&values, Some(&levels), None)?;
        }
        _ => {
            let mismatch = "a column is of another kind than its schema";
            return Err(ParquetError::General(mismatch.to_owned()).into());
        }
    }
    Ok(())
}
