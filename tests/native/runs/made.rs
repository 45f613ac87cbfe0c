//! Files to read: tables with the released columns, from the bundled rows.

use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::basic::{Compression as Codec, Encoding};
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    Int64Type,
};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use refit::claim::Library;
use refit::runs::{ReadOptions, ReadOutcome, Reader};
use refit::study::{DataError, Measurement, Study, Table};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::sync::{Arc, LazyLock};

pub(crate) static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let read = |path: &str| {
        fs::read_to_string(path).map_err(|error| DataError::whole(path, error.to_string()))
    };
    Library::read_all(&Study::bundled(), read).unwrap()
});

pub(crate) fn rows(table: Table) -> &'static [Measurement] {
    LIBRARY.rows(table).unwrap()
}

pub(crate) fn options() -> ReadOptions {
    ReadOptions {
        architectures: LIBRARY.architectures.clone(),
        ..ReadOptions::default()
    }
}

pub(crate) fn read(bytes: &[u8]) -> ReadOutcome {
    read_with(bytes, options())
}

pub(crate) fn read_with(bytes: &[u8], options: ReadOptions) -> ReadOutcome {
    let mut reader = Reader::new(options);
    // An error comes again at the end.
    let _ = reader.push(bytes);
    reader.finish()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// Measurements of one run and set together, as the released tables have them in a row.
fn by_row(table: Table) -> Vec<Vec<&'static Measurement>> {
    let mut found: BTreeMap<String, Vec<&Measurement>> = BTreeMap::new();
    for m in rows(table) {
        let key = format!(
            "{}|{}|{}|{}|{}|{}|{}",
            m.run, m.family, m.architecture, m.pretrain, m.schedule, m.samples, m.dataset
        );
        found.entry(key).or_default().push(m);
    }
    found.into_values().collect()
}

fn value(row: &[&Measurement], metric: &str) -> String {
    let found = row.iter().find(|m| m.metric == metric);
    found.map_or(String::new(), |m| m.value.to_string())
}

/// The openclip study's `zeroshot_results.csv`.
pub(crate) fn zeroshot() -> String {
    let mut text = "arch,samples_seen,gmacs_total,gmacs,upstream_dataset,downstream_dataset,acc1,\
        acc5,mean_per_class_recall,image_retrieval_recall@5,text_retrieval_recall@5,\
        mean_average_precision,task,samples_seen_pretty,name\n"
        .to_owned();
    for row in by_row(crate::bundled_table("zeroshot")) {
        let m = row[0];
        let samples = m.samples_seen.unwrap();
        text += &format!(
            "{},{samples},{},{},{},{},{},{},{},{},{},{},zeroshot,{},{}\n",
            m.architecture,
            m.compute.unwrap(),
            m.compute.unwrap() / samples,
            m.pretrain,
            m.dataset,
            value(&row, "acc1"),
            value(&row, "acc5"),
            value(&row, "mean_per_class_recall"),
            value(&row, "image_retrieval_recall@5"),
            value(&row, "text_retrieval_recall@5"),
            value(&row, "mean_average_precision"),
            m.samples,
            m.run,
        );
    }
    text
}

/// The columns of `all_results.csv.gz` that say anything here.
pub(crate) const ALL_RESULTS: &str = "model_simple,name,model,pretrain_dataset,downstream_dataset,epoch,\
    gflops,total_epochs,global_batch_size,warmup,lr_scheduler,namespace,eval_type,acc1,\
    image_retrieval_recall@5,text_retrieval_recall@5,gflops_total,total_samples_seen\n";

/// The comparison study's `all_results.csv`, of the cosine runs: of each the last epoch, and
/// before it one that does not count and another kind of evaluation.
pub(crate) fn all_results() -> String {
    let mut text = ALL_RESULTS.to_owned();
    let cosine = |row: &Vec<&Measurement>| row[0].schedule == "cosine";
    for row in by_row(crate::bundled_table("sweep"))
        .into_iter()
        .filter(cosine)
    {
        let m = row[0];
        let samples = m.samples_seen.unwrap();
        let model = match m.family.as_str() {
            "clip" => m.architecture.clone(),
            family => format!("{family}_{}", m.architecture),
        };
        for (epoch, kind) in [(11, "similarity"), (12, "likelihood"), (12, "similarity")] {
            text += &format!(
                "{},{model}_{},{model},{},{},{epoch},{},12,1024,2000,cosine,{},{kind},{},{},{},{},{samples}\n",
                m.architecture,
                m.samples,
                m.pretrain,
                m.dataset,
                m.compute.unwrap() / samples,
                m.family,
                value(&row, "acc1"),
                value(&row, "image_retrieval_recall@5"),
                value(&row, "text_retrieval_recall@5"),
                m.compute.unwrap(),
            );
        }
    }
    text
}

/// How a Parquet file is written.
#[derive(Debug)]
pub(crate) struct Writing {
    pub codec: Codec,
    pub version: WriterVersion,
    /// In place of a dictionary.
    pub encodings: Option<[Encoding; 3]>,
    pub rows_per_group: usize,
}

impl Default for Writing {
    fn default() -> Self {
        Writing {
            codec: Codec::SNAPPY,
            version: WriterVersion::PARQUET_1_0,
            encodings: None,
            rows_per_group: 1000,
        }
    }
}

/// Three columns, all of which may be null: text, whole numbers, doubles.
pub(crate) type Row = (Option<String>, Option<i64>, Option<f64>);

pub(crate) fn parquet(names: [&str; 3], rows: &[Row], how: &Writing) -> Vec<u8> {
    let [text, whole, double] = names;
    let schema = format!(
        "message m {{ OPTIONAL BYTE_ARRAY {text} (UTF8); OPTIONAL INT64 {whole}; OPTIONAL DOUBLE {double}; }}"
    );
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let mut properties: WriterPropertiesBuilder = WriterProperties::builder()
        .set_compression(how.codec)
        .set_writer_version(how.version)
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(50);
    if let Some(encodings) = how.encodings {
        properties = properties.set_dictionary_enabled(false);
        for (name, encoding) in names.iter().zip(encodings) {
            properties = properties.set_column_encoding((*name).into(), encoding);
        }
    }
    let mut writer =
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build())).unwrap();
    for rows in rows.chunks(how.rows_per_group) {
        fn split<T>(values: impl Iterator<Item = Option<T>>) -> (Vec<T>, Vec<i16>) {
            let (mut there, mut levels) = (Vec::new(), Vec::new());
            for value in values {
                levels.push(i16::from(value.is_some()));
                there.extend(value);
            }
            (there, levels)
        }
        let mut group = writer.next_row_group().unwrap();
        let (values, levels) = split(rows.iter().map(|r| r.0.as_deref().map(ByteArray::from)));
        let mut column = group.next_column().unwrap().unwrap();
        let typed = column.typed::<ByteArrayType>();
        typed.write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        let (values, levels) = split(rows.iter().map(|r| r.1));
        let mut column = group.next_column().unwrap().unwrap();
        let typed = column.typed::<Int64Type>();
        typed.write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        let (values, levels) = split(rows.iter().map(|r| r.2));
        let mut column = group.next_column().unwrap().unwrap();
        let typed = column.typed::<DoubleType>();
        typed.write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

/// A file of one column, which may be null, with `levels` of whether each value is there.
pub(crate) fn column<T: DataType>(
    kind: &str,
    values: &[T::T],
    levels: &[i16],
    encoding: Encoding,
) -> Vec<u8> {
    let schema = format!("message m {{ OPTIONAL {kind}; }}");
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(encoding == Encoding::RLE_DICTIONARY)
        .set_compression(Codec::LZ4_RAW);
    let properties = match encoding {
        Encoding::RLE_DICTIONARY => properties,
        encoding => properties.set_encoding(encoding),
    };
    let mut writer =
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let typed = column.typed::<T>();
    typed.write_batch(values, Some(levels), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}

/// Decimals in bytes of a fixed length.
pub(crate) fn decimals() -> Vec<u8> {
    let values = (0..300_i128).map(|i| (i * i - 1000).to_be_bytes().to_vec());
    let values: Vec<FixedLenByteArray> = values
        .map(|b| FixedLenByteArray::from(ByteArray::from(b)))
        .collect();
    let kind = "FIXED_LEN_BYTE_ARRAY(16) x (DECIMAL(38,3))";
    column::<FixedLenByteArrayType>(kind, &values, &[1; 300], Encoding::RLE_DICTIONARY)
}

/// The comparison study's `segmentation_results.parquet`: those of its columns that are read, and
/// one that is not.
pub(crate) fn segmentation(codec: Codec) -> Vec<u8> {
    const TEXTS: [&str; 7] = [
        "model_simple",
        "name",
        "model",
        "pretrain_dataset",
        "lr_scheduler",
        "samples_seen_scale_pretty",
        "downstream_dataset",
    ];
    const DOUBLES: [&str; 5] = ["gflops", "model_gflops", "acc1", "acc5", "miou"];
    let fields = TEXTS.map(|name| format!("OPTIONAL BYTE_ARRAY {name} (UTF8);"));
    let doubles = DOUBLES.map(|name| format!("OPTIONAL DOUBLE {name};"));
    let schema = format!(
        "message m {{ {} OPTIONAL INT64 samples_seen; {} }}",
        fields.join(" "),
        doubles.join(" ")
    );
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let properties = WriterProperties::builder().set_compression(codec).build();
    let mut runs: BTreeMap<&str, Vec<&Measurement>> = BTreeMap::new();
    for m in rows(crate::bundled_table("segmentation")) {
        runs.entry(&m.run).or_default().push(m);
    }
    let runs: Vec<Vec<&Measurement>> = runs.into_values().collect();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let levels = vec![1_i16; runs.len()];
    for name in TEXTS {
        let text = |row: &Vec<&Measurement>| {
            let m = row[0];
            let text = match name {
                "model_simple" => m.architecture.clone(),
                "name" => m.run.clone(),
                "model" if m.family == "clip" => m.architecture.clone(),
                "model" => format!("{}_{}", m.family, m.architecture),
                "pretrain_dataset" => m.pretrain.clone(),
                "lr_scheduler" => m.schedule.clone(),
                "samples_seen_scale_pretty" => m.samples.clone(),
                _ => "ade20k".to_owned(),
            };
            ByteArray::from(text.into_bytes())
        };
        let values: Vec<ByteArray> = runs.iter().map(text).collect();
        let mut column = group.next_column().unwrap().unwrap();
        let typed = column.typed::<ByteArrayType>();
        typed.write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
    }
    let samples = |row: &Vec<&Measurement>| row[0].samples_seen.unwrap() as i64;
    let values: Vec<i64> = runs.iter().map(samples).collect();
    let mut column = group.next_column().unwrap().unwrap();
    let typed = column.typed::<Int64Type>();
    typed.write_batch(&values, Some(&levels), None).unwrap();
    column.close().unwrap();
    for name in DOUBLES {
        let double = |row: &Vec<&Measurement>| match name {
            "gflops" => row[0].compute.unwrap(),
            "model_gflops" => row[0].compute.unwrap() / row[0].samples_seen.unwrap(),
            metric => row.iter().find(|m| m.metric == metric).unwrap().value,
        };
        let values: Vec<f64> = runs.iter().map(double).collect();
        let mut column = group.next_column().unwrap().unwrap();
        let typed = column.typed::<DoubleType>();
        typed.write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

/// Rows of a table as sorted text, for comparing without regard to order.
pub(crate) fn sorted(rows: impl IntoIterator<Item = Measurement>) -> Vec<String> {
    let mut rows: Vec<String> = rows.into_iter().map(|m| format!("{m:?}")).collect();
    rows.sort();
    rows
}

/// All of an outcome's runs as measurements.
pub(crate) fn measurements(outcome: &ReadOutcome) -> Vec<Measurement> {
    outcome.runs.measurements().collect()
}

pub(crate) fn study(study: Study) -> ReadOptions {
    ReadOptions {
        study: Some(study),
        ..options()
    }
}
