//! Parquet files against the crate that wrote them.

use crate::runs::made::{Row, Writing, column, options, parquet};
use parquet::basic::{BrotliLevel, Compression, Encoding, ZstdLevel};
use parquet::data_type::{
    ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use refit::runs::parquet::{ParquetError, to_csv};
use refit::runs::{ReadNotice, read_parquet};
use std::sync::Arc;

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
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
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
fn decimals_keep_all_their_digits() {
    let levels = [1, 1, 0, 1];
    let expected = "x\n123456.789\n-0.005\n\n0.000\n";
    let whole = [123_456_789, -5, 0];
    for encoding in [
        Encoding::PLAIN,
        Encoding::RLE_DICTIONARY,
        Encoding::DELTA_BINARY_PACKED,
        Encoding::BYTE_STREAM_SPLIT,
    ] {
        let narrow = column::<Int32Type>("INT32 x (DECIMAL(9,3))", &whole, &levels, encoding);
        assert_eq!(csv(&narrow).unwrap(), expected, "{encoding}");
        let wide = column::<Int64Type>(
            "INT64 x (DECIMAL(18,3))",
            &whole.map(i64::from),
            &levels,
            encoding,
        );
        assert_eq!(csv(&wide).unwrap(), expected, "{encoding}");
    }
    let bytes = |width: usize| whole.map(|x| i128::from(x).to_be_bytes()[16 - width..].to_vec());
    for encoding in [
        Encoding::PLAIN,
        Encoding::RLE_DICTIONARY,
        Encoding::DELTA_BYTE_ARRAY,
    ] {
        let texts = bytes(5).map(ByteArray::from);
        let kind = "BYTE_ARRAY x (DECIMAL(10,3))";
        let file = column::<ByteArrayType>(kind, &texts, &levels, encoding);
        assert_eq!(csv(&file).unwrap(), expected, "{encoding}");
    }
    for encoding in [
        Encoding::PLAIN,
        Encoding::RLE_DICTIONARY,
        Encoding::DELTA_BYTE_ARRAY,
        Encoding::BYTE_STREAM_SPLIT,
    ] {
        let fixed = bytes(16).map(|b| FixedLenByteArray::from(ByteArray::from(b)));
        let kind = "FIXED_LEN_BYTE_ARRAY(16) x (DECIMAL(38,3))";
        let file = column::<FixedLenByteArrayType>(kind, &fixed, &levels, encoding);
        assert_eq!(csv(&file).unwrap(), expected, "{encoding}");
    }
}

#[test]
fn decimals_of_256_bits_and_float16_are_read() {
    let mut most = [0xff_u8; 32];
    most[0] = 0x7f;
    let mut least = [0_u8; 32];
    least[0] = 0x80;
    let values = [most, least].map(|b| FixedLenByteArray::from(ByteArray::from(b.to_vec())));
    let kind = "FIXED_LEN_BYTE_ARRAY(32) x (DECIMAL(76,0))";
    let file = column::<FixedLenByteArrayType>(kind, &values, &[1, 1], Encoding::PLAIN);
    // 2^255 - 1, and -2^255.
    let digits = "5789604461865809771178549250434395392663499233282028201972879200395656481996";
    assert_eq!(csv(&file).unwrap(), format!("x\n{digits}7\n-{digits}8\n"));
    let values = [0x3c00_u16, 0xb800, 0x2e66, 0x0001]
        .map(|b| FixedLenByteArray::from(ByteArray::from(b.to_le_bytes().to_vec())));
    for encoding in [Encoding::PLAIN, Encoding::BYTE_STREAM_SPLIT] {
        let kind = "FIXED_LEN_BYTE_ARRAY(2) x (FLOAT16)";
        let file = column::<FixedLenByteArrayType>(kind, &values, &[1; 4], encoding);
        // The exact numbers, 0.0999755859375 and 2^-24, to float32's digits.
        assert_eq!(
            csv(&file).unwrap(),
            "x\n1\n-0.5\n0.099975586\n0.000000059604645\n"
        );
    }
}

#[test]
fn an_unsupported_codec_is_told() {
    let mut file = parquet(NAMES, &some_rows(), &Writing::default());
    // Snappy, field 4 of a column's metadata after the path, as LZO.
    let path = b"\x04text\x15\x02";
    let at = file.windows(path.len()).rposition(|w| w == path).unwrap();
    file[at + path.len() - 1] = 6;
    let outcome = read_parquet(&file, options());
    assert_eq!(
        outcome.report.error.unwrap().to_string(),
        "Column text of the Parquet file is packed with LZO, which is not supported; Snappy, Zstandard, gzip, LZ4, Brotli and uncompressed pages are."
    );
    assert_eq!(outcome.preview.columns, NAMES);
}

#[test]
fn blocks_of_lz4_are_read_whoever_framed_them() {
    let how = Writing {
        codec: Compression::LZ4_RAW,
        ..Writing::default()
    };
    let bare = parquet(NAMES, &some_rows(), &how);
    let hadoop = parquet(
        NAMES,
        &some_rows(),
        &Writing {
            codec: Compression::LZ4,
            ..how
        },
    );
    assert_ne!(bare, hadoop);
    assert_eq!(csv(&bare).unwrap(), csv(&hadoop).unwrap());
    // Bare blocks under the older codec's number.
    let mut mixed = bare.clone();
    for name in NAMES {
        let path = [&[name.len() as u8], name.as_bytes(), &[0x15, 14]].concat();
        let at = mixed.windows(path.len()).rposition(|w| w == path).unwrap();
        mixed[at + path.len() - 1] = 10;
    }
    assert_eq!(csv(&mixed).unwrap(), csv(&bare).unwrap());
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
fn groups_are_columns_and_lists_are_left_out_and_told() {
    use parquet::data_type::DoubleType;
    let schema = "message m { REPEATED INT64 list; OPTIONAL GROUP inner { REQUIRED INT64 a; OPTIONAL GROUP more { OPTIONAL DOUBLE b; } OPTIONAL GROUP tags (LIST) { REPEATED GROUP list { REQUIRED INT64 element; } } } REQUIRED DOUBLE acc1; REQUIRED INT64 flops; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for leaf in 0..6 {
        let mut column = group.next_column().unwrap().unwrap();
        // Of three rows the second has no `inner`, and the third no `more`.
        match leaf {
            0 => column.typed::<Int64Type>().write_batch(
                &[1, 2, 3],
                Some(&[1, 1, 1, 0]),
                Some(&[0, 1, 0, 0]),
            ),
            1 => column
                .typed::<Int64Type>()
                .write_batch(&[7, 8], Some(&[1, 0, 1]), None),
            2 => column
                .typed::<DoubleType>()
                .write_batch(&[1.5], Some(&[3, 0, 1]), None),
            3 => column.typed::<Int64Type>().write_batch(
                &[4, 5],
                Some(&[3, 3, 0, 1]),
                Some(&[0, 1, 0, 0]),
            ),
            4 => column
                .typed::<DoubleType>()
                .write_batch(&[0.25, 0.5, 0.75], None, None),
            _ => column
                .typed::<Int64Type>()
                .write_batch(&[10, 20, 30], None, None),
        }
        .unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    let file = writer.into_inner().unwrap();
    assert_eq!(
        csv(&file).unwrap(),
        "inner.a,inner.more.b,acc1,flops\n7,1.5,0.25,10\n,,0.5,20\n8,,0.75,30\n"
    );
    let notices = read_parquet(&file, options()).report.notices;
    let columns = ["list", "inner.tags"].map(str::to_owned).to_vec();
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
