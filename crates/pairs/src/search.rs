//! Exact search: a query's inner product with every vector, and the best of them.

use refit_kernels::{dot_f16, dot_f32};
use refit_npy::Dtype;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt;

/// How vectors lie in a file: rows of equal width, lowest byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Whether they are float16; otherwise they are float32.
    pub half: bool,
    /// Numbers of a vector.
    pub width: usize,
}

impl Stored {
    /// Vectors of this kind; `None` of what is neither float16 nor float32.
    pub fn new(dtype: Dtype, width: usize) -> Option<Stored> {
        let half = match dtype {
            Dtype::F16 => true,
            Dtype::F32 => false,
            Dtype::F64 | Dtype::Uid => return None,
        };
        Some(Stored { half, width })
    }

    /// Bytes of a vector.
    pub fn bytes(self) -> usize {
        self.width * if self.half { 2 } else { 4 }
    }

    /// The inner product of `query` with each of the whole vectors in `rows`.
    pub fn products(self, rows: &[u8], query: &[f32], out: &mut Vec<f32>) {
        out.clear();
        if query.len() != self.width || self.width == 0 {
            return;
        }
        out.resize(rows.len() / self.bytes(), 0.0);
        match self.half {
            true => dot_f16(rows, query, out),
            false => dot_f32(rows, query, out),
        }
    }

    /// The vectors in `rows` as float32.
    pub fn floats(self, rows: &[u8]) -> Vec<f32> {
        match self.half {
            true => {
                let halves = rows.as_chunks().0.iter();
                halves
                    .map(|b| half::f16::from_le_bytes(*b).to_f32())
                    .collect()
            }
            false => {
                let floats = rows.as_chunks().0.iter();
                floats.map(|b| f32::from_le_bytes(*b)).collect()
            }
        }
    }
}

/// A row that was found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// Its number.
    pub row: u64,
    /// The inner product with the query: the cosine of unit vectors.
    pub score: f32,
}

impl Eq for Hit {}

impl Ord for Hit {
    /// The better is the less: the higher score, of equal ones the earlier row.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = other.score.total_cmp(&self.score);
        by_score.then(self.row.cmp(&other.row))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The best rows so far. Several can scan parts of an index at the same time, and be merged.
#[derive(Clone, Debug)]
pub struct TopK {
    k: usize,
    /// The worst on top.
    best: BinaryHeap<Hit>,
    /// Rows whose product is not a number, as their vectors are not.
    not_finite: u64,
    products: Vec<f32>,
}

/// Vectors whose products are computed at once: their bytes stay near the processor no longer than that.
const ROWS: usize = 1024;

impl TopK {
    /// For the best `k` rows.
    pub fn new(k: usize) -> TopK {
        TopK {
            k,
            best: BinaryHeap::new(),
            not_finite: 0,
            products: Vec::new(),
        }
    }

    /// Scans vectors, the first of which is row `first`. A query of another width finds nothing.
    pub fn scan(&mut self, stored: Stored, rows: &[u8], first: u64, query: &[f32]) {
        let mut products = std::mem::take(&mut self.products);
        let mut row = first;
        for rows in rows.chunks(ROWS * stored.bytes().max(1)) {
            stored.products(rows, query, &mut products);
            for score in &products {
                // Zeros of either sign are equal scores.
                self.push(Hit {
                    row,
                    score: score + 0.0,
                });
                row += 1;
            }
        }
        self.products = products;
    }

    fn push(&mut self, hit: Hit) {
        if !hit.score.is_finite() {
            self.not_finite += 1;
            return;
        }
        if self.best.len() < self.k {
            self.best.push(hit);
        } else if let Some(mut worst) = self.best.peek_mut()
            && hit < *worst
        {
            *worst = hit;
        }
    }

    /// Adds what another found.
    pub fn merge(&mut self, other: TopK) {
        self.not_finite += other.not_finite;
        for hit in other.best {
            self.push(hit);
        }
    }

    /// Rows that were left out as their vectors have a number that is none.
    pub fn not_finite(&self) -> u64 {
        self.not_finite
    }

    /// The rows, the best first; of equal scores the earlier row first.
    pub fn into_hits(self) -> Vec<Hit> {
        self.best.into_sorted_vec()
    }
}

/// Terms of a query: vectors, each brought to length 1 before they are averaged.
pub type Term<'a> = &'a [Vec<f32>];

/// Why there is no query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// Nothing was asked.
    Empty,
    /// A vector of another width than the others.
    Width {
        /// The first one's.
        wanted: usize,
        /// This one's.
        found: usize,
    },
    /// The terms cancel each other.
    Zero,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QueryError::Empty => write!(f, "there is nothing to search for"),
            QueryError::Width { wanted, found } => {
                write!(
                    f,
                    "a vector has {found} numbers, and the others have {wanted}"
                )
            }
            QueryError::Zero => write!(f, "what is searched for and what is not cancel each other"),
        }
    }
}

impl std::error::Error for QueryError {}

/// The vector for a query, of length 1: the sum of the terms less the terms of `minus`, normalised; then `weight` × each
/// vector of `steering` is added and the sum normalised again, as clip-retrieval adds the vector of a rating with 0.5.
/// A term is a text, a picture, or the mean of several, and has length 1.
pub fn query(
    plus: &[Term<'_>],
    minus: &[Term<'_>],
    steering: &[(f32, &[f32])],
) -> Result<Vec<f32>, QueryError> {
    let first = plus.iter().find_map(|term| term.first());
    let width = first.ok_or(QueryError::Empty)?.len();
    let mut sum = vec![0.0; width];
    let terms = plus.iter().map(|term| (1.0, term));
    for (sign, term) in terms.chain(minus.iter().map(|term| (-1.0, term))) {
        let mut mean = vec![0.0; width];
        for vector in *term {
            let mut unit = widened(vector, width)?;
            normalise(&mut unit);
            add(&mut mean, 1.0, &unit);
        }
        normalise(&mut mean);
        add(&mut sum, sign, &mean);
    }
    // What is left of terms that cancel is rounding.
    if length(&sum) < 1e-6 {
        return Err(QueryError::Zero);
    }
    normalise(&mut sum);
    for (weight, vector) in steering {
        add(&mut sum, f64::from(*weight), &widened(vector, width)?);
    }
    if length(&sum) < 1e-6 {
        return Err(QueryError::Zero);
    }
    normalise(&mut sum);
    Ok(sum.into_iter().map(|x| x as f32).collect())
}

fn widened(vector: &[f32], wanted: usize) -> Result<Vec<f64>, QueryError> {
    match vector.len() {
        found if found != wanted => Err(QueryError::Width { wanted, found }),
        _ => Ok(vector.iter().map(|x| f64::from(*x)).collect()),
    }
}

fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn normalise(vector: &mut [f64]) {
    let length = length(vector).max(1e-12);
    vector.iter_mut().for_each(|x| *x /= length);
}

fn add(sum: &mut [f64], weight: f64, vector: &[f64]) {
    for (sum, x) in sum.iter_mut().zip(vector) {
        *sum += weight * x;
    }
}
