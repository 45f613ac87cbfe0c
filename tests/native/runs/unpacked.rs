//! Parquet files against the crate that wrote them.

use crate::runs::made::{Row, Writing, options, parquet};
use parquet::basic::{BrotliLevel, Compression, Encoding, ZstdLevel};
use parquet::file::properties::WriterVersion;
use proptest::prelude::*;
use refit::runs::parquet::{ParquetError, to_csv};
use refit::runs::{ReadNotice, read_parquet};

const NAMES: [&str; 3] = ["text", "whole", "double"];

fn csv(file: &[u8]) -> Result<String, ParquetError> {
    let mut text = Vec::new();
    to_csv(file, &mut |piece| {
        text.extend_from_slice(piece);
        true
    })?;
    Ok(String::from_utf8(text).unwrap())
}

/// What a row is as CSV, read back.
fn rows_of(text: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let some = |cell: &str| Some(cell.to_owned()).filter(|c| !c.is_empty());
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        let [text, whole, double] = [0, 1, 2].map(|i| some(&record[i]));
        (
            text,
            whole.map(|x| x.parse().unwrap()),
            double.map(|x| x.parse().unwrap()),
        )
    });
    rows.collect()
}

fn writing() -> impl Strategy<Value = Writing> {
    let codec = prop::sample::select(vec![
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::ZSTD(ZstdLevel::default()),
    ]);
    let version =
        prop::sample::select(vec![WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0]);
    let plain = [Encoding::PLAIN; 3];
    let delta = [
        Encoding::DELTA_LENGTH_BYTE_ARRAY,
        Encoding::DELTA_BINARY_PACKED,
        Encoding::BYTE_STREAM_SPLIT,
    ];
    let prefix = [
        Encoding::DELTA_BYTE_ARRAY,
        Encoding::BYTE_STREAM_SPLIT,
        Encoding::PLAIN,
    ];
    let encodings = prop::sample::select(vec![None, Some(plain), Some(delta), Some(prefix)]);
    (codec, version, encodings, 1usize..700).prop_map(
        |(codec, version, encodings, rows_per_group)| Writing {
            codec,
            version,
            encodings,
            rows_per_group,
        },
    )
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        how in writing(),
        rows in prop::collection::vec((
            prop::option::of("[a-c,\"\n ]{1,4}|prefix[a-z]{0,3}"),
            prop::option::of(prop_oneof![Just(7), 0i64..20, any::<i64>()]),
            prop::option::of(prop_oneof![Just(0.5), -1.0f64..1.0, any::<f64>()]),
        ), 1..600),
    ) {
        // Blanks at the ends are the cell's own; infinite and no numbers are told apart elsewhere.
        let finite = |x: &f64| x.is_finite();
        let rows: Vec<Row> = rows.into_iter().map(|(a, b, c)| (a, b, c.filter(finite))).collect();
        let file = parquet(NAMES, &rows, &how);
        let text = csv(&file).unwrap();
        prop_assert_eq!(rows_of(&text), rows);
    }
}

fn some_rows() -> Vec<Row> {
    let row = |i: i64| (Some(format!("t{i}")), Some(i), Some(0.5));
    (0..250).map(row).collect()
}

#[test]
fn an_unsupported_codec_is_told() {
    let how = Writing {
        codec: Compression::BROTLI(BrotliLevel::default()),
        ..Writing::default()
    };
    let outcome = read_parquet(&parquet(NAMES, &some_rows(), &how), options());
    assert_eq!(
        outcome.report.error.unwrap().to_string(),
        "Column text of the Parquet file is packed with Brotli, which is not supported; Snappy, Zstandard, gzip and uncompressed pages are."
    );
    assert_eq!(outcome.preview.columns, NAMES);
}

#[test]
fn places_are_rows() {
    let mut rows = some_rows();
    rows[4].2 = Some(-1.0);
    // FLOPs of runs, not of forward passes.
    for row in &mut rows {
        row.1 = row.1.map(|x| x * 1_000_000_000_000_000);
    }
    let names = ["model", "flops", "acc1"];
    let file = parquet(names, &rows, &Writing::default());
    let mut options = options();
    let mapping = read_parquet(&file, options.clone()).preview.mapping;
    options.mapping = Some(mapping);
    let report = read_parquet(&file, options).report;
    // No run takes no compute.
    assert_eq!(
        report.rejections[0].to_string(),
        "row 1, column flops: 0 is not above zero"
    );
    assert_eq!(
        report.rejections[1].to_string(),
        "row 5, column acc1: -1 is not a fraction from 0 to 1"
    );
    assert_eq!((report.rows, report.kept_rows), (250, 248));
}

#[test]
fn a_file_that_ends_early_is_told() {
    let file = parquet(NAMES, &some_rows(), &Writing::default());
    assert_eq!(csv(&file[..file.len() - 1]), Err(ParquetError::Truncated));
    assert_eq!(csv(&file[..file.len() / 2]), Err(ParquetError::Truncated));
    assert_eq!(csv(b"PAR1"), Err(ParquetError::Truncated));
    assert_eq!(csv(b""), Err(ParquetError::NotParquet));
    assert_eq!(csv(b"PARE12345678PARE"), Err(ParquetError::Encrypted));
}

#[test]
fn rows_before_the_damage_are_kept() {
    let how = Writing {
        codec: Compression::UNCOMPRESSED,
        rows_per_group: 100,
        ..Writing::default()
    };
    let names = ["model", "flops", "acc1"];
    let rows: Vec<Row> = (0..250)
        .map(|i| {
            (
                Some(format!("t{i}")),
                Some((i + 1) * 1_000_000_000_000_000),
                Some(0.5),
            )
        })
        .collect();
    let mut file = parquet(names, &rows, &how);
    // The second group's first page begins with the first text of its dictionary.
    let at = file.windows(4).position(|w| w == b"t100").unwrap();
    file[at - 4..at].fill(0xff);
    let mut options = options();
    options.mapping = Some(read_parquet(&file, options.clone()).preview.mapping);
    let report = read_parquet(&file, options).report;
    assert_eq!(report.kept_rows, 100);
    assert_eq!(
        report.error.unwrap().to_string(),
        "The Parquet file is damaged: a page ends too early or does not hold what it says."
    );
}

#[test]
fn lists_and_groups_are_left_out_and_told() {
    use parquet::data_type::{DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::sync::Arc;
    let schema = "message m { REPEATED INT64 list; REQUIRED GROUP inner { REQUIRED INT64 a; REQUIRED DOUBLE b; } REQUIRED DOUBLE acc1; REQUIRED INT64 flops; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for leaf in 0..5 {
        let mut column = group.next_column().unwrap().unwrap();
        match leaf {
            0 => column
                .typed::<Int64Type>()
                .write_batch(&[1, 2, 3], Some(&[1, 1, 1]), Some(&[0, 1, 0]))
                .unwrap(),
            1 | 4 => column
                .typed::<Int64Type>()
                .write_batch(&[10, 20], None, None)
                .unwrap(),
            _ => column
                .typed::<DoubleType>()
                .write_batch(&[0.25, 0.5], None, None)
                .unwrap(),
        };
        column.close().unwrap();
    }
    group.close().unwrap();
    let file = writer.into_inner().unwrap();
    assert_eq!(csv(&file).unwrap(), "acc1,flops\n0.25,10\n0.5,20\n");
    let notices = read_parquet(&file, options()).report.notices;
    let columns = ["list", "inner"].map(str::to_owned).to_vec();
    assert!(
        notices.contains(&ReadNotice::Nested { columns }),
        "{notices:?}"
    );
}

#[test]
fn claims_beyond_reason_are_refused() {
    // A footer that promises a billion rows of a column whose pages are not there.
    let file = parquet(NAMES, &some_rows(), &Writing::default());
    let rows = [0x16, 0xf4, 0x03];
    let mut found = 0;
    let mut hostile = file.clone();
    for at in (0..file.len() - 3).rev() {
        // Field 3 of the row group, 250 as a zigzag varint; a longer one in its place needs a
        // longer footer.
        if file[at..at + 3] == rows && found < 2 {
            let huge = [0x16, 0xfe, 0xff, 0xff, 0xff, 0x3f];
            hostile.splice(at..at + 3, huge);
            found += 1;
        }
    }
    let end = hostile.len() - 8;
    let length = u32::from_le_bytes(hostile[end..end + 4].try_into().unwrap()) + 3 * found;
    hostile[end..end + 4].copy_from_slice(&length.to_le_bytes());
    assert!(found > 0);
    assert!(matches!(
        csv(&hostile),
        Err(ParquetError::TooLarge | ParquetError::Damaged { .. })
    ));
}
