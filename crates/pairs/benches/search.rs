//! Exact search over 1,000,000 vectors of 512 float16 numbers in a file that is mapped into memory, beside reading the same
//! bytes: `cargo bench -p refit-pairs`. It needs 1.1 GB of disk and of memory.
#![allow(clippy::unwrap_used)]

use memmap2::Mmap;
use refit_npy::{Dtype, Header};
use refit_pairs::search::{Hit, Stored, TopK};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const ROWS: usize = 1_000_000;
const WIDTH: usize = 512;
const STORED: Stored = Stored {
    half: true,
    width: WIDTH,
};
/// Rows that a thread takes at once, as in `refit search`.
const SLICE: usize = 1 << 14;

fn main() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("img_emb_0.npy");
    let header = Header::write(Dtype::F16, &[ROWS as u64, WIDTH as u64]);
    let size = (header.len() + ROWS * STORED.bytes()) as u64;
    if std::fs::metadata(&path).map_or(0, |about| about.len()) != size {
        write(&path, &header);
    }
    let file = File::open(&path).unwrap();
    let map = || {
        // SAFETY: nothing writes the file while it is mapped.
        unsafe { Mmap::map(&file) }.unwrap()
    };
    let query: Vec<f32> = (0..WIDTH).map(|k| (k as f32 * 0.7).sin() / 16.0).collect();
    let (first_read, _) = timed(|| read(&map()[header.len()..]));
    let fresh = map();
    let (first_search, _) = timed(|| search(&fresh[header.len()..], &query));
    let bytes = &fresh[header.len()..];
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..9 {
        times[0].push(timed(|| read(bytes)).0);
        times[1].push(timed(|| search(bytes, &query)).0);
    }
    let shares = times[0]
        .iter()
        .zip(&times[1])
        .map(|(read, search)| read / search);
    let shares: Vec<f64> = shares.collect();
    let [read, search] = times;
    println!("first read after mapping {first_read:.3} s, first search {first_search:.3} s");
    println!("reading the bytes {}", told(read, "s"));
    println!("a search, top 100 {}", told(search, "s"));
    println!("reading ÷ search  {}", told(shares, ""));
}

/// Vectors of about length 1, made of a formula.
fn write(path: &Path, header: &[u8]) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    file.write_all(header).unwrap();
    let mut state = 1_u64;
    for _ in 0..ROWS * WIDTH / 4 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        // The exponents of 2⁻⁵ to 2⁻⁴, of either sign.
        let halves = (state ^ state >> 32) & 0x83ff_83ff_83ff_83ff | 0x2800_2800_2800_2800;
        file.write_all(&halves.to_le_bytes()).unwrap();
    }
    file.flush().unwrap();
}

fn timed<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = run();
    (start.elapsed().as_secs_f64(), std::hint::black_box(result))
}

fn told(mut numbers: Vec<f64>, unit: &str) -> String {
    numbers.sort_by(f64::total_cmp);
    let (low, high) = (numbers[0], numbers[numbers.len() - 1]);
    format!(
        "{:.3} {unit} ({low:.3} to {high:.3})",
        numbers[numbers.len() / 2]
    )
}

/// Each thread's result over slices that it takes in turn.
fn by_threads<T: Send>(
    bytes: &[u8],
    start: impl Fn() -> T + Sync,
    take: impl Fn(&mut T, u64, &[u8]) + Sync,
) -> Vec<T> {
    let slices: Vec<&[u8]> = bytes.chunks(SLICE * STORED.bytes()).collect();
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().unwrap().get();
    std::thread::scope(|scope| {
        let work = || {
            let mut result = start();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(slice) = slices.get(at) else {
                    return result;
                };
                take(&mut result, (at * SLICE) as u64, slice);
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

/// The least that a scan can do with the bytes: it adds them up, eight numbers of 64 bits at a time.
fn read(bytes: &[u8]) -> Vec<[u64; 8]> {
    by_threads(
        bytes,
        || [0_u64; 8],
        |sums, _, bytes| {
            for block in bytes.as_chunks::<8>().0.as_chunks::<8>().0 {
                for (sum, number) in sums.iter_mut().zip(block) {
                    *sum = sum.wrapping_add(u64::from_le_bytes(*number));
                }
            }
        },
    )
}

fn search(bytes: &[u8], query: &[f32]) -> Vec<Hit> {
    let tops = by_threads(
        bytes,
        || TopK::new(100),
        |top, first, rows| top.scan(STORED, rows, first, query),
    );
    let merged = tops.into_iter().reduce(|mut all, top| {
        all.merge(top);
        all
    });
    merged.unwrap().into_hits()
}
