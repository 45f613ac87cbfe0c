//! Pairs at size, measured on demand (`docs/benchmarks.md`).

use crate::pair_index::{ask, give, opened, search};
use crate::pairs::{LONG, give as give_archive, open};
use browser_tests::run::open_tab;
use browser_tests::{Page, model};
use parquet::basic::{Compression, ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROWS: usize = 1_000_000;
const WIDTH: usize = 512;

/// Writes an index of so many vectors of float16, about of length 1, with paths, captions and addresses.
fn write_index(folder: &Path) {
    std::fs::create_dir_all(folder.join("img_emb")).expect("a folder");
    std::fs::create_dir_all(folder.join("metadata")).expect("a folder");
    let file = std::fs::File::create(folder.join("img_emb/img_emb_0.npy")).expect("a file");
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let mut header =
        format!("{{'descr': '<f2', 'fortran_order': False, 'shape': ({ROWS}, {WIDTH}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    file.write_all(b"\x93NUMPY\x01\0").expect("a header");
    file.write_all(&(header.len() as u16).to_le_bytes())
        .expect("a header");
    file.write_all(header.as_bytes()).expect("a header");
    // Each row begins at another place of a table of numbers of either sign between 2^-5 and 2^-4, as far as it goes.
    let mut state = 1_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    let table: Vec<u8> = (0..1 << 22)
        .flat_map(|_| {
            let bits = random();
            (10 << 10 | (bits & 1023) as u16 | ((bits >> 10 & 1) << 15) as u16).to_le_bytes()
        })
        .collect();
    for _ in 0..ROWS {
        let at = 2 * (random() as usize % (table.len() / 2 - WIDTH));
        file.write_all(&table[at..at + 2 * WIDTH]).expect("vectors");
    }
    file.flush().expect("vectors");
    let names = ["image_path", "caption", "url"];
    let fields = names.map(|name| {
        let field = Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_repetition(Repetition::REQUIRED)
            .with_converted_type(ConvertedType::UTF8);
        Arc::new(field.build().expect("a column"))
    });
    let schema = Type::group_type_builder("schema").with_fields(fields.to_vec());
    let schema = Arc::new(schema.build().expect("a schema"));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    let file = std::fs::File::create(folder.join("metadata/metadata_0.parquet")).expect("a file");
    let writer = SerializedFileWriter::new(file, schema, Arc::new(properties.build()));
    let mut writer = writer.expect("a writer");
    // Groups of rows as clip-retrieval's pandas writes them.
    for first in (0..ROWS).step_by(100_000) {
        let mut group = writer.next_row_group().expect("a group");
        for kind in 0..names.len() {
            let text = |row: usize| match kind {
                0 => format!("{:05}/{row:09}.jpg", row / 10_000),
                1 => format!("a photo of thing number {row}, as a caption says it"),
                _ => format!("https://example.org/images/{row}.jpg"),
            };
            let values = first..first + 100_000;
            let values: Vec<ByteArray> = values.map(|row| text(row).into_bytes().into()).collect();
            let mut column = group.next_column().expect("a column").expect("a column");
            let typed = column.typed::<ByteArrayType>();
            typed.write_batch(&values, None, None).expect("values");
            column.close().expect("a column");
        }
        group.close().expect("a group");
    }
    writer.close().expect("a file");
}

#[test]
#[ignore = "1.1 GB of disk and of memory; docs/benchmarks.md"]
fn a_million_vectors() {
    let folder = std::env::temp_dir().join("refit-million");
    write_index(&folder);
    let mut bytes = vec![0; 4 << 20];
    for _ in 0..2 {
        let start = Instant::now();
        let mut file = std::fs::File::open(folder.join("img_emb/img_emb_0.npy")).expect("a file");
        while file.read(&mut bytes).expect("bytes") > 0 {}
        println!(
            "its bytes are read in {:.0} ms",
            1000.0 * start.elapsed().as_secs_f64()
        );
    }
    let page = Page::builder()
        .instead("clip/shapes.safetensors", model::wide())
        .tolerate("config.json")
        .patience(Duration::from_secs(300))
        .open("?page=run");
    page.wait_for("document.querySelector('.model-status')");
    open_tab(&page, "pairs");
    page.eval(
        "addEventListener('drop', event => globalThis.entry = event.dataTransfer.items[0].webkitGetAsEntry(), true);
         globalThis.readAll = async (size, several) => {
             const found = await new Promise((done, failed) => entry.getFile('img_emb/img_emb_0.npy', {}, done, failed));
             const file = await new Promise((done, failed) => found.file(done, failed));
             const start = performance.now();
             let next = 0;
             const reader = async () => {
                 while (next < file.size) {
                     const at = next;
                     next += size;
                     await file.slice(at, at + size).arrayBuffer();
                 }
             };
             await Promise.all(Array.from({length: several}, reader));
             return performance.now() - start;
         }",
    );
    let start = Instant::now();
    give(&page, &folder);
    opened(&page, "1,000,000");
    println!("opened in {:.0} ms", 1000.0 * start.elapsed().as_secs_f64());
    page.click(".index .say-model");
    for i in 0..6 {
        let start = Instant::now();
        match i {
            0 => ask(&page, "a red star"),
            _ => search(&page),
        }
        let whole = 1000.0 * start.elapsed().as_secs_f64();
        let said = |name: &str| page.attribute(".index .found", name).unwrap_or_default();
        println!(
            "search {i}: scan {} ms, captions {} ms, until shown {whole:.0} ms, read {} bytes",
            said("data-scan"),
            said("data-captions"),
            said("data-read")
        );
    }
    for (mebibytes, several) in [
        (4, 1),
        (4, 2),
        (4, 4),
        (4, 8),
        (16, 1),
        (16, 2),
        (32, 4),
        (4, 1),
    ] {
        let read = page.eval(&format!("readAll({mebibytes} << 20, {several})"));
        let read = read.as_f64().unwrap_or_default();
        println!(
            "the browser reads the bytes in {read:.0} ms, {several} times {mebibytes} MiB at once"
        );
    }
    println!("memory {:?} MB", page.peak_memory("renderer"));
    std::fs::remove_dir_all(&folder).expect("an empty folder");
}

#[test]
#[ignore = "minutes; docs/benchmarks.md"]
fn five_thousand_pairs() {
    let page = open(Page::builder().patience(Duration::from_secs(600)));
    println!("memory before: {:?} MB", page.peak_memory("renderer"));
    let ten = LONG.replace("length: 20", "length: 10");
    for name in ["first.tar", "again.tar"] {
        let start = Instant::now();
        give_archive(&page, name, &ten);
        page.wait_for(
            "document.querySelector('#pairs .embedded') && !document.querySelector('#pairs .progress')",
        );
        println!(
            "{name}: {} ({:.1} s)",
            page.text("#pairs .embedded"),
            start.elapsed().as_secs_f64()
        );
        println!("memory: {:?} MB", page.peak_memory("renderer"));
    }
}
