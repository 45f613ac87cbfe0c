//! Damaged copies of every file that is read.

use crate::archives::read;
use crate::file;
use crate::mutation::{Seed, survives};
use refit_pairs::Source;
use refit_pairs::index::Vectors;
use refit_pairs::records::{PairColumns, Records};

#[test]
fn archives_survive() {
    let names = [
        "problems.tar",
        "gnu.tar",
        "pax.tar",
        "ustar.tar",
        "webdataset.tar.gz",
    ];
    let seeds = names.map(|name| {
        let mut seed = Seed::whole(file(name));
        seed.described.end = seed.described.end.min(4096);
        seed
    });
    survives(&seeds, |file| {
        if let Ok((found, _)) = read(file, &[777]) {
            // No more comes out than went in.
            assert!(found.len() <= 2 * file.len());
        }
    });
}

#[test]
fn tables_survive() {
    let parquet = [
        "datacomp.parquet",
        "clip_retrieval/metadata/metadata_0.parquet",
    ];
    let mut seeds: Vec<Seed> = parquet.iter().map(|name| Seed::whole(file(name))).collect();
    for seed in &mut seeds {
        seed.described.start = seed.bytes.len().saturating_sub(2000);
    }
    for name in ["hugging_face.parquet", "captions.parquet"] {
        seeds.push(Seed::whole(file(name)));
    }
    let csv = "filepath\ttitle\turl\nfolder/a.jpg\t\"a, \"\"b\"\"\"\tu\nb.jpg\tline\tu\n";
    let coco = r#"{"images": [{"id": 9, "file_name": "a.jpg"}], "annotations": [{"image_id": 9, "caption": "one"}]}"#;
    let karpathy = r#"{"images": [{"filepath": "f", "filename": "a.jpg", "sentences": [{"raw": "one"}, {"raw": "two"}]}]}"#;
    let lines = "{\"image\": \"a.jpg\", \"captions\": [\"one\", \"two\"]}\n{\"image\": \"b.jpg\", \"captions\": [\"three\"]}\n";
    let tokens = "a.jpg#0\tone\nb.jpg#1\ttwo\n";
    let bars = "image_name| comment_number| comment\na.jpg| 0| one\n";
    for text in [csv, coco, karpathy, lines, tokens, bars] {
        seeds.push(Seed::whole(text.as_bytes().to_vec()));
    }
    survives(&seeds, |file| {
        let Ok(table) = Records::open(file) else {
            return;
        };
        let source = Source::new(&table.columns(), 0, None);
        if table.columns().len() > 1 {
            let columns = PairColumns::new(&table, [0, 1]);
            let _ = table.read(columns.places(), None, &mut |row, cells| {
                assert!(!columns.pairs(row, cells).is_empty());
                true
            });
        }
        for wanted in [None, Some(&[0, 2, 250][..])] {
            let _ = table.read(&source.columns, wanted, &mut |_, cells| {
                let _ = source.facts(cells);
                true
            });
        }
    });
}

#[test]
fn vectors_survive() {
    let names = ["img_emb/img_emb_0.npy", "text_emb/text_emb_10.npy"];
    let seeds = names.map(|name| Seed {
        bytes: file(&format!("clip_retrieval/{name}")),
        described: 0..128,
    });
    survives(&seeds, |file| {
        let Ok(vectors) = Vectors::open("x", file, file.len() as u64, None) else {
            return;
        };
        // What it promises is there.
        let bytes = vectors.rows as usize * vectors.stored.bytes();
        assert!(vectors.offset as usize + bytes <= file.len());
    });
}
