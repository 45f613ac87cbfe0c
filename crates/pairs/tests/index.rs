//! clip-retrieval's folder, and the metadata that are written for one.

use crate::{file, path, uniform};
use refit_pairs::index::{IndexError, Part, Vectors, check_rows, describe, parts, shown};
use refit_pairs::metadata::{Row, write};
use refit_pairs::records::Records;
use refit_pairs::search::{Stored, TopK};
use refit_parquet::{END, Parts, Table, footer};
use serde_json::json;

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn part_10_comes_after_part_9() {
    let all = names(&[
        "img_emb/img_emb_10.npy",
        "img_emb/img_emb_9.npy",
        "img_emb/img_emb_0.npy",
        "metadata/metadata_9.parquet",
        "text_emb/text_emb_10.npy",
        "image.index",
        "img_emb/img_emb_x.npy",
        "refit.json",
    ]);
    let part = |number: &str, images, texts, metadata| Part {
        number: number.to_owned(),
        images,
        texts,
        metadata,
    };
    let expected = [
        part("0", Some(2), None, None),
        part("9", Some(1), None, Some(3)),
        part("10", Some(0), Some(4), None),
    ];
    assert_eq!(parts(&all).unwrap(), expected);
    // LAION-5B's, and those of clip-retrieval's first versions.
    let laion = names(&[
        "img_emb/img_emb_0012.npy",
        "laion2B-en-metadata/metadata_0012.parquet",
    ]);
    assert_eq!(
        parts(&laion).unwrap(),
        [part("0012", Some(0), None, Some(1))]
    );
    assert_eq!(parts(&names(&["img_emb.npy"])).unwrap().len(), 1);
    assert_eq!(
        parts(&names(&["metadata/metadata_0.parquet"])),
        Err(IndexError::NoVectors)
    );
    let twice = parts(&names(&["a/img_emb_1.npy", "b/img_emb_01.npy"])).unwrap_err();
    assert_eq!(
        twice.to_string(),
        "a/img_emb_1.npy and b/img_emb_01.npy are the same part"
    );
}

#[test]
fn a_folder_of_clip_retrieval_is_searched() {
    let mut first = 0;
    let mut top = TopK::new(2);
    // The vector of row 1 of part 10.
    let query: Vec<f32> = uniform(10_000 + 8, 8)
        .into_iter()
        .map(|x| x as f32)
        .collect();
    let all = ["0", "9", "10"].map(|part| format!("clip_retrieval/img_emb/img_emb_{part}.npy"));
    for name in all {
        let bytes = file(&name);
        let vectors = Vectors::open(&name, &bytes, bytes.len() as u64, Some(8)).unwrap();
        assert_eq!(
            vectors.stored,
            Stored {
                half: true,
                width: 8
            }
        );
        top.scan(
            vectors.stored,
            &bytes[vectors.offset as usize..],
            first,
            &query,
        );
        first += vectors.rows;
    }
    assert_eq!(first, 9);
    let hits = top.into_hits();
    let length = query.iter().map(|x| x * x).sum::<f32>().sqrt();
    assert_eq!(hits[0].row, 3 + 2 + 1);
    assert!((hits[0].score / length - 1.0).abs() < 1e-3);
}

#[test]
fn what_does_not_fit_is_a_sentence() {
    let name = "img_emb/img_emb_0.npy";
    let npy = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../npy/tests/reference");
    let open = |file: &str, width| {
        let bytes = std::fs::read(npy.join(file)).unwrap();
        Vectors::open(name, &bytes, bytes.len() as u64, width).map_err(|e| e.to_string())
    };
    let refused = |file: &str| open(file, None).unwrap_err();
    assert!(refused("objects.npy").contains("img_emb_0.npy cannot be read: it holds pickled"));
    assert!(refused("f16_by_column.npy").contains("np.ascontiguousarray"));
    assert!(refused("f64.npy").contains("neither float16 nor float32"));
    assert!(refused("vector.npy").contains("no matrix"));
    assert_eq!(open("empty.npy", Some(4)).unwrap().rows, 0);
    let width = open("f16.npy", Some(512)).unwrap_err();
    assert_eq!(
        width,
        "img_emb/img_emb_0.npy has vectors of 4 numbers, and not of 512"
    );
    let bytes = file("clip_retrieval/img_emb/img_emb_0.npy");
    let short = Vectors::open(name, &bytes, 150, None).unwrap_err();
    assert!(
        short
            .to_string()
            .contains("has 150 bytes, and its header asks for 176")
    );
    let rows = check_rows("metadata/metadata_0.parquet", 5, 6).unwrap_err();
    assert!(rows.to_string().contains("5 rows for 6 vectors"));
    assert_eq!(check_rows("", 6, 6), Ok(()));
}

fn row(value: serde_json::Value) -> Row {
    value.as_object().unwrap().clone()
}

/// `pairs.py` reads the file with pandas and pyarrow.
#[test]
fn metadata_are_written_as_pandas_reads_them() {
    let rows = [
        row(
            json!({"image_path": "0", "caption": "eine Straße, „nass“", "similarity": 0.25, "width": 7, "ok": true,
            "mixed": 1, "list": [1, {"a": "b"}], "empty": null}),
        ),
        row(
            json!({"image_path": "1", "caption": "two\nlines, \"quoted\"", "similarity": 1, "mixed": "text"}),
        ),
        row(
            json!({"image_path": "2", "caption": "last", "similarity": -0.5, "ok": false, "width": -1}),
        ),
    ];
    let bytes = write(&rows).unwrap();
    let target = path("ours/metadata_0.parquet");
    if std::env::var_os("REFIT_WRITE").is_some() {
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(&target, &bytes).unwrap();
    }
    let read = |file: &[u8]| {
        let table = Records::open(file).unwrap();
        let columns: Vec<usize> = (0..table.columns().len()).collect();
        let mut cells: Vec<Vec<Option<String>>> = Vec::new();
        let each = &mut |_, row: &[Option<&[u8]>]| {
            let text = |cell: &Option<&[u8]>| cell.map(|c| String::from_utf8(c.to_vec()).unwrap());
            cells.push(row.iter().map(text).collect());
            true
        };
        table.read(&columns, None, each).unwrap();
        (table.columns(), cells)
    };
    let (columns, cells) = read(&bytes);
    assert_eq!(
        (&columns, &cells),
        (&read(&std::fs::read(target).unwrap()).0, &cells)
    );
    let mut expected = [
        "image_path",
        "caption",
        "similarity",
        "empty",
        "list",
        "mixed",
        "ok",
        "width",
    ];
    assert_eq!(columns, expected);
    expected = [
        "0",
        "eine Straße, „nass“",
        "0.25",
        "null",
        "[1,{\"a\":\"b\"}]",
        "1",
        "true",
        "7",
    ];
    for (cell, expected) in cells[0].iter().zip(expected) {
        assert_eq!(cell.as_deref().unwrap_or("null"), expected);
    }
    assert_eq!(
        cells[1][3..],
        [None, None, Some("text".to_owned()), None, None]
    );
    assert!(write(&[]).is_ok());
}

/// What whole metadata, and those of which only the named bytes are read, say of rows.
fn described_both_ways(file: &[u8], rows: &[u64]) -> (usize, Vec<(u64, Row)>) {
    let told = |table: &Records<'_>| {
        let mut all = Vec::new();
        describe(table, rows, &mut |row, said| all.push((row, said))).unwrap();
        all
    };
    let size = file.len();
    let mut parts = Parts::new(size as u64);
    parts.add(0, file[..4].to_vec());
    let end = *file.last_chunk::<END>().unwrap();
    let start = size - footer(end).unwrap() as usize;
    parts.add(start as u64, file[start..].to_vec());
    let table = Table::open_parts(&parts).unwrap();
    let columns: Vec<String> = table.columns().into_iter().map(str::to_owned).collect();
    let ranges = table.ranges(&shown(&columns), rows);
    let read = ranges.iter().map(|r| (r.end - r.start) as usize).sum();
    for range in ranges {
        let bytes = file[range.start as usize..range.end as usize].to_vec();
        parts.add(range.start, bytes);
    }
    let some = told(&Records::Parquet(Table::open_parts(&parts).unwrap()));
    assert_eq!(some, told(&Records::open(file).unwrap()));
    (read, some)
}

#[test]
fn rows_are_described_from_the_bytes_that_they_need() {
    // By PyArrow.
    let theirs = file("clip_retrieval/metadata/metadata_0.parquet");
    let rows = Records::open(&theirs).unwrap().rows().unwrap();
    let (_, said) = described_both_ways(&theirs, &[0, rows - 1]);
    assert_eq!(said.len(), 2);
    assert!(said.iter().all(|(_, row)| row.contains_key("image_path")));
    // Of many pages, some of which are passed over.
    let rows: Vec<Row> = (0..60_000)
        .map(|i| {
            let mut row = Row::new();
            row.insert("image_path".to_owned(), json!(format!("{i:06}.jpg")));
            if i % 3 > 0 {
                row.insert("caption".to_owned(), json!(format!("number {}", i * i)));
            }
            row.insert("not shown".to_owned(), json!(uniform(i, 1)[0]));
            row
        })
        .collect();
    let ours = write(&rows).unwrap();
    let wanted = [0, 1, 2, 19_999, 20_000, 41_234, 59_999];
    let (read, said) = described_both_ways(&ours, &wanted);
    assert!(read < ours.len() * 3 / 4, "{read} of {}", ours.len());
    let expected = wanted.map(|row| {
        let mut expected = rows[row as usize].clone();
        expected.remove("not shown");
        (row, expected)
    });
    assert_eq!(said, expected);
    // A file that is cut has no footer.
    let end = *ours[..ours.len() - 1].last_chunk::<END>().unwrap();
    assert!(footer(end).is_err());
    assert!(described_both_ways(&ours, &[]).1.is_empty());
}
