//! Reading a reader's file of 3 million rows, gzipped, made on the fly: how fast, in how much
//! memory. `cargo bench --bench runs`; `-- ROWS` for another number of rows. The file stays in
//! target/tmp, for the page's benchmark.

// A benchmark that cannot go on stops.
#![allow(clippy::expect_used, clippy::unwrap_used)]

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    native::main();
}

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use refit::runs::{ReadOptions, Reader};
    use std::fs::{self, File};
    use std::io::{BufWriter, Read, Write};
    use std::path::{Path, PathBuf};
    use std::time::Instant;

    const DATASETS: usize = 50;

    pub(crate) fn main() {
        let number = |argument: String| argument.parse().ok();
        let rows = std::env::args().find_map(number).unwrap_or(3_000_000);
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("runs.csv.gz");
        write(&path, rows);
        let size = fs::metadata(&path).map_or(0, |m| m.len());
        let before = peak();
        let start = Instant::now();
        let mut file = File::open(&path).expect("the file has just been written");
        let mut reader = Reader::new(ReadOptions::default());
        let mut piece = vec![0; 1 << 16];
        let mut longest = 0.0_f64;
        loop {
            let count = file.read(&mut piece).expect("the file is there");
            if count == 0 {
                break;
            }
            let turn = Instant::now();
            reader.push(&piece[..count]).expect("the rows are good");
            longest = longest.max(turn.elapsed().as_secs_f64());
        }
        let outcome = reader.finish();
        let seconds = start.elapsed().as_secs_f64();
        let after = peak();
        let (report, kept) = (&outcome.report, outcome.runs.bytes());
        let megabytes = |bytes: usize| bytes as f64 / 1e6;
        println!(
            "{} rows, {:.0} MB gzipped, {:.0} MB of text: {seconds:.1} s, {:.0} MB/s of text, {:.2} million rows/s",
            report.rows,
            size as f64 / 1e6,
            report.expanded as f64 / 1e6,
            report.expanded as f64 / 1e6 / seconds,
            report.rows as f64 / 1e6 / seconds,
        );
        println!(
            "  kept: {} rows with {} numbers in {:.0} MB; peak memory {:.0} MB, of which {:.0} MB before reading: {:.2} × what is kept",
            report.kept_rows,
            report.kept,
            megabytes(kept),
            megabytes(after),
            megabytes(before),
            (after - before) as f64 / kept as f64,
        );
        println!(
            "  longest piece of {} KiB: {:.1} ms",
            piece.len() >> 10,
            1e3 * longest
        );
        assert_eq!(report.rows, rows as u64);
        assert_eq!((report.rejected, &report.error), (0, &None));
    }

    /// The columns of `all_results.csv.gz`, plausible numbers in them; every row is kept.
    fn write(path: &Path, rows: usize) {
        let file = BufWriter::new(File::create(path).expect("the target folder can be written"));
        let mut gzip = GzEncoder::new(file, Compression::fast());
        let header = "model_simple,name,path,model,pretrain_dataset,downstream_dataset,epoch,samples_seen,gflops,total_epochs,global_batch_size,gpus,warmup,lr,lr_scheduler,namespace,eval_type,acc1,acc5,mean_per_class_recall,image_retrieval_recall@5,text_retrieval_recall@5,gflops_total,total_samples_seen\n";
        let mut text = header.to_owned();
        let mut state = 88_172_645_463_325_252_u64;
        let mut random = || {
            // Xorshift, for digits that do not compress.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for row in 0..rows {
            let (run, dataset) = (row / DATASETS, row % DATASETS);
            let size = ["S-32", "M-32", "B-32", "B-16", "L-14"][run % 5];
            let samples = 1_280_000_u64 << (run % 12);
            let name = format!(
                "datacomp_s{samples}_bs_{}_ViT-{size}_{run}_lr0.0005",
                512 << (run % 4)
            );
            let (a, b, c) = (random(), random(), random());
            text += &format!(
                "ViT-{size},{name},/data/logs/{name}/checkpoints/epoch_12_{dataset}.json,ViT-{size},datacomp_1b,dataset-{dataset},12,{samples},14.5,12,1024,16,2000,0.0005,cosine,clip,similarity,{a},{b},{c},,,{},{samples}\n",
                14.5 * samples as f64
            );
            if text.len() > 1 << 20 {
                gzip.write_all(text.as_bytes()).expect("there is room");
                text.clear();
            }
        }
        gzip.write_all(text.as_bytes()).expect("there is room");
        gzip.finish()
            .and_then(|mut file| file.flush())
            .expect("there is room");
    }

    /// The most memory that the process has held, in bytes (VmHWM); 0 where the system does not
    /// say.
    fn peak() -> usize {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kib = line.and_then(|l| l.split_whitespace().next());
        kib.and_then(|k| k.parse::<usize>().ok()).unwrap_or(0) << 10
    }
}
