//! However a file is cut, the same comes of it; whatever its bytes, something does.

use crate::runs::made::{self, Writing, gzip, options, read};
use proptest::prelude::*;
use refit::runs::{Limits, Mapping, ReadOptions, Reader, parquet::to_csv, read_parquet};

/// A table of any text, good and bad rows mixed.
fn table() -> impl Strategy<Value = String> {
    let cell = prop_oneof![
        4 => "[0-9]{1,3}",
        3 => "0\\.[0-9]{1,18}",
        1 => "[0-9]{1,2}\\.[0-9]%?",
        1 => Just(String::new()),
        1 => "[a-zé\u{2028} ]{0,6}",
        1 => "\"[a-z,\n\r\"\"]{0,6}\"",
        1 => "[\"\r\n,]{1,3}",
    ];
    let row = prop::collection::vec(cell, 5..8).prop_map(|cells| cells.join(","));
    let delimiter = prop::sample::select(vec![",", ";", "\t"]);
    let end = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    (
        prop::collection::vec(row, 0..30),
        delimiter,
        end,
        any::<bool>(),
    )
        .prop_map(|(rows, delimiter, end, mark)| {
            let header = "model,flops,error,family,dataset,acc1";
            let text = format!("{header}\n{}\n", rows.join("\n"));
            let mark = if mark { "\u{feff}" } else { "" };
            format!("{mark}{}", text.replace(',', delimiter).replace('\n', end))
        })
}

/// Objects in lines or in a list, some of them broken.
fn json() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        "[0-9]{1,3}",
        "0\\.[0-9]{1,17}",
        "\"[a-z\\\\\"{}]{0,5}\"",
        Just("NaN".to_owned()),
        Just("{\"acc1\": 1}".to_owned())
    ];
    let object =
        prop::collection::vec(("flops|acc1|error|family|x", value), 0..5).prop_map(|fields| {
            let fields: Vec<String> = fields
                .into_iter()
                .map(|(k, v)| format!("\"{k}\": {v}"))
                .collect();
            format!("{{{}}}", fields.join(", "))
        });
    (
        prop::collection::vec(object, 1..20),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(objects, list, pretty)| {
            let objects = match pretty {
                true => objects.join("\n,\n").replace(", ", ",\n"),
                false => objects.join("\n"),
            };
            if list {
                format!("[{objects}]")
            } else {
                objects
            }
        })
}

fn mapping() -> Mapping {
    let columns: Vec<String> = ["model", "flops", "error", "family", "dataset", "acc1"]
        .map(str::to_owned)
        .into();
    let mut mapping = Mapping::default();
    for text in [
        "compute=flops*1e-9",
        "error=error",
        "score=acc1",
        "family=family",
    ] {
        mapping.set(text, &columns).unwrap();
    }
    mapping
}

/// All that comes of a file, in pieces of the given lengths, in turn.
fn in_pieces(file: &[u8], lengths: &[usize], mapping: Option<Mapping>) -> String {
    let mut reader = Reader::new(ReadOptions {
        mapping,
        ..options()
    });
    let (mut rest, mut turn) = (file, 0);
    while !rest.is_empty() {
        let (piece, more) = rest.split_at(lengths[turn % lengths.len()].min(rest.len()));
        // A stop is the same wherever it comes.
        let _ = reader.push(piece);
        (rest, turn) = (more, turn + 1);
    }
    let outcome = reader.finish();
    let mut report = outcome.report;
    // Those two say how much had come before a stop, which depends on the pieces.
    (report.bytes, report.expanded) = (0, 0);
    let numbers: Vec<_> = outcome.runs.iter().collect();
    format!("{report:?} {numbers:?} {:?}", outcome.preview)
}

proptest! {
    #[test]
    fn pieces_do_not_matter(
        text in prop_oneof![table(), json()],
        lengths in prop::collection::vec(1usize..40, 1..10),
        packed: bool,
        mapped: bool,
    ) {
        let file = if packed { gzip(text.as_bytes()) } else { text.into_bytes() };
        let mapping = mapped.then(mapping);
        let whole = in_pieces(&file, &[file.len().max(1)], mapping.clone());
        prop_assert_eq!(&in_pieces(&file, &lengths, mapping.clone()), &whole);
        prop_assert_eq!(&in_pieces(&file, &[1], mapping), &whole);
    }

    #[test]
    fn any_bytes_come_to_something(
        start in prop::sample::select(vec![&b""[..], b"\x1f\x8b\x08\x00", b"{", b"[{", b"PAR1", b"a,b\n", b"\xef\xbb\xbf", b"{\"a\":1}\n"]),
        bytes: Vec<u8>,
        lengths in prop::collection::vec(1usize..40, 1..5),
    ) {
        let file = [start, &bytes].concat();
        in_pieces(&file, &lengths, None);
        in_pieces(&file, &lengths, Some(mapping()));
        read_parquet(&file, options());
    }

    #[test]
    fn damaged_files_come_to_something(
        text in prop_oneof![table(), json()],
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        packed: bool,
    ) {
        let mut file = if packed { gzip(text.as_bytes()) } else { text.into_bytes() };
        for (at, byte) in &damage {
            let at = at.index(file.len());
            file[at] = *byte;
        }
        in_pieces(&file, &[7], Some(mapping()));
    }

    #[test]
    fn rows_are_all_accounted_for(text in table()) {
        let columns = ["model", "flops", "error", "family", "dataset", "acc1"];
        let outcome = made::read_with(text.as_bytes(), ReadOptions { mapping: Some(mapping()), ..options() });
        let report = &outcome.report;
        prop_assert_eq!(&outcome.preview.columns, &columns);
        // A row may be refused in part, never without being told.
        prop_assert!(report.kept_rows + report.rejected + report.skipped.values().sum::<u64>() >= report.rows);
        prop_assert!(report.kept_rows <= report.rows);
        prop_assert_eq!(report.kept, outcome.runs.iter().count() as u64);
        let study = outcome.runs.study();
        prop_assert!(outcome.runs.iter().all(|(run, _, metric, value)| study.quantity(metric).problem(value).is_none() && run.compute.is_none_or(|c| c > 0.0)));
        prop_assert_eq!(report.rejections.len() as u64, report.rejected.min(10));
        // What is kept is written and comes back.
        let mut written = Vec::new();
        outcome.runs.write_csv(&mut written).unwrap();
        // A table without rows does not tell its study.
        if !outcome.runs.is_empty() {
            prop_assert_eq!(read(&written).runs, outcome.runs);
        }
    }

    #[test]
    fn limits_hold(text in table(), memory in 100usize..100_000, row in 10usize..200) {
        let limits = Limits { memory, row, ..Limits::default() };
        let outcome = made::read_with(text.as_bytes(), ReadOptions { mapping: Some(mapping()), limits, ..options() });
        prop_assert!(outcome.runs.bytes() <= memory + 10 * row + 1000);
    }

    #[test]
    fn damaged_parquet_comes_to_something(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in prop::option::of(any::<prop::sample::Index>()),
        which in 0usize..PARQUET.len(),
    ) {
        let mut file = PARQUET[which].clone();
        for (at, byte) in &damage {
            let at = at.index(file.len());
            file[at] = *byte;
        }
        if let Some(cut) = cut {
            // The footer stays, so that what it points to is gone.
            let from = cut.index(file.len());
            let to = (from + 40).min(file.len());
            file.drain(from..to);
        }
        let mut bytes = 0;
        let _ = to_csv(&file, &mut |piece| {
            bytes += piece.len();
            bytes < 1 << 24
        });
    }
}

static PARQUET: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(|| {
    use parquet::basic::{BrotliLevel, Compression, Encoding, ZstdLevel};
    use parquet::file::properties::WriterVersion;
    let rows: Vec<made::Row> = (0..300)
        .map(|i| {
            let text = (i % 7 > 0).then(|| format!("text {}", i % 5));
            (text, Some(i * i), (i % 3 > 0).then_some(i as f64 / 7.0))
        })
        .collect();
    let write = |how| made::parquet(["text", "whole", "double"], &rows, &how);
    let packed = |codec| {
        write(Writing {
            codec,
            ..Writing::default()
        })
    };
    vec![
        write(Writing::default()),
        packed(Compression::ZSTD(ZstdLevel::default())),
        packed(Compression::BROTLI(BrotliLevel::default())),
        packed(Compression::LZ4),
        packed(Compression::LZ4_RAW),
        made::decimals(),
        write(Writing {
            codec: Compression::GZIP(Default::default()),
            version: WriterVersion::PARQUET_2_0,
            ..Writing::default()
        }),
        write(Writing {
            codec: Compression::UNCOMPRESSED,
            version: WriterVersion::PARQUET_2_0,
            encodings: Some([
                Encoding::DELTA_BYTE_ARRAY,
                Encoding::DELTA_BINARY_PACKED,
                Encoding::BYTE_STREAM_SPLIT,
            ]),
            ..Writing::default()
        }),
    ]
});
