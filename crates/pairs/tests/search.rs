//! Search against faiss, near duplicates against SciPy.

use crate::{told, uniform};
use half::f16;
use proptest::prelude::*;
use refit_npy::Dtype;
use refit_pairs::search::{Hit, QueryError, Stored, TopK, query};
use refit_pairs::{Block, Duplicates};

const COUNT: usize = 100_000;
const WIDTH: usize = 64;

/// The same top 100 of 100,000 vectors as IndexFlatIP, whichever way they are stored and however the scan is parted.
#[test]
fn the_best_hundred_are_those_of_faiss() {
    let told = told("faiss.json");
    let vectors = uniform(0, COUNT * WIDTH);
    let vectors: Vec<f16> = vectors.into_iter().map(f16::from_f64).collect();
    let halves: Vec<u8> = vectors.iter().flat_map(|x| x.to_le_bytes()).collect();
    let floats: Vec<u8> = vectors
        .iter()
        .flat_map(|x| x.to_f32().to_le_bytes())
        .collect();
    let queries = uniform((COUNT * WIDTH) as u64, 3 * WIDTH);
    let queries: Vec<f32> = queries.into_iter().map(|x| x as f32).collect();
    for (at, query) in queries.chunks(WIDTH).enumerate() {
        for (dtype, bytes) in [(Dtype::F16, &halves), (Dtype::F32, &floats)] {
            let stored = Stored::new(dtype, WIDTH).unwrap();
            let mut whole = TopK::new(100);
            whole.scan(stored, bytes, 0, query);
            let mut parts = TopK::new(100);
            for (part, bytes) in bytes.chunks(stored.bytes() * 33_333).enumerate() {
                let mut top = TopK::new(100);
                top.scan(stored, bytes, (part * 33_333) as u64, query);
                parts.merge(top);
            }
            let whole = whole.into_hits();
            assert_eq!(whole, parts.into_hits());
            let rows: Vec<u64> = whole.iter().map(|hit| hit.row).collect();
            let expected: Vec<u64> = serde_json::from_value(told["found"][at].clone()).unwrap();
            assert_eq!(rows, expected);
            for (hit, expected) in whole.iter().zip(told["scores"][at].as_array().unwrap()) {
                assert!((f64::from(hit.score) - expected.as_f64().unwrap()).abs() < 1e-5);
            }
        }
    }
}

#[test]
fn of_equal_scores_the_earlier_row_comes_first() {
    let rows = [1.0f32, 0.0, 1.0, f32::NAN, 1.0, 0.0, f32::INFINITY];
    let bytes: Vec<u8> = rows.iter().flat_map(|x| x.to_le_bytes()).collect();
    let stored = Stored::new(Dtype::F32, 1).unwrap();
    let found = |k| {
        let mut top = TopK::new(k);
        top.scan(stored, &bytes, 10, &[2.0]);
        (top.not_finite(), top.into_hits())
    };
    let hit = |row, score| Hit { row, score };
    assert_eq!(found(2), (2, vec![hit(10, 2.0), hit(12, 2.0)]));
    let all = [
        hit(10, 2.0),
        hit(12, 2.0),
        hit(14, 2.0),
        hit(11, 0.0),
        hit(15, 0.0),
    ];
    assert_eq!(found(9), (2, all.to_vec()));
    assert_eq!(found(0).1, []);
    let mut other = TopK::new(3);
    other.scan(stored, &bytes, 0, &[1.0, 1.0]);
    assert_eq!(other.into_hits(), []);
    assert_eq!(Stored::new(Dtype::F64, 1), None);
}

#[test]
fn a_query_is_the_normalised_sum_of_unit_vectors() {
    let [x, y, z] = [[2.0, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 3.0]].map(|v| v.to_vec());
    let close = |found: Result<Vec<f32>, QueryError>, expected: [f64; 3]| {
        for (found, expected) in found.unwrap().into_iter().zip(expected) {
            assert!((f64::from(found) - expected).abs() < 1e-7);
        }
    };
    let half = 0.5f64.sqrt();
    let [tx, ty, tz] = [&x, &y, &z].map(|v| vec![v.clone()]);
    close(query(&[&tx], &[], &[]), [1.0, 0.0, 0.0]);
    close(query(&[&tx, &ty], &[], &[]), [half, half, 0.0]);
    close(query(&[&tx], &[&ty], &[]), [half, -half, 0.0]);
    // Several pictures are one term: their mean, of length 1.
    let third = 1.0 / 3f64.sqrt();
    let both = [x.clone(), y.clone()];
    close(query(&[&both[..], &tz], &[], &[]), [0.5, 0.5, half]);
    close(query(&[&tx, &ty, &tz], &[], &[]), [third; 3]);
    // clip-retrieval adds the vector of a rating as it is, times a weight.
    let length = (1.0 + 0.0625f64).sqrt();
    close(
        query(&[&tx], &[], &[(0.5, &y[..])]),
        [1.0 / length, 0.25 / length, 0.0],
    );
    assert_eq!(query(&[], &[&tx], &[]), Err(QueryError::Empty));
    assert_eq!(query(&[&tx], &[&tx], &[]), Err(QueryError::Zero));
    let short = [vec![1.0]];
    let width = QueryError::Width {
        wanted: 3,
        found: 1,
    };
    assert_eq!(query(&[&tx, &short], &[], &[]), Err(width));
}

#[test]
fn components_of_near_duplicates_are_those_of_scipy() {
    const COUNT: usize = 1500;
    const WIDTH: usize = 24;
    let base = uniform(7_000_000, COUNT * WIDTH);
    let noise = uniform(8_000_000, COUNT * WIDTH);
    let group: Vec<u64> = crate::splitmix(9_000_000).take(COUNT).collect();
    let spread: Vec<u64> = crate::splitmix(9_500_000).take(COUNT).collect();
    let mut vectors = Vec::new();
    for i in 0..COUNT {
        let (from, spread) = ((group[i] % 700) as usize, (spread[i] % 5) as f64 / 10.0);
        let number = |k| base[from * WIDTH + k] + spread * noise[i * WIDTH + k];
        let row: Vec<f64> = (0..WIDTH).map(number).collect();
        let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        vectors.extend(row.iter().map(|x| (x / length) as f32));
    }
    let duplicates = Duplicates::among(&vectors, WIDTH, Duplicates::THRESHOLD);
    let told = told("duplicates.json");
    let first: Vec<u32> = serde_json::from_value(told["first"].clone()).unwrap();
    let ours: Vec<u32> = (0..COUNT as u32).map(|i| duplicates.first(i)).collect();
    assert_eq!(ours, first);
    let groups = duplicates.groups();
    let joined: usize = groups.iter().map(|group| group.len() - 1).sum();
    assert_eq!((COUNT - joined) as u64, told["components"]);
    assert!(groups.iter().any(|group| group.len() > 3));
    // More than one block.
    assert_eq!(Block::all(COUNT).count(), 3);
    assert_eq!(Duplicates::among(&[], WIDTH, 0.9).count(), 0);
}

proptest! {
    /// Small whole numbers, whose products are exact and often equal: sorted by score, then by row, however the rows are
    /// parted and merged.
    #[test]
    fn the_best_rows_are_those_of_sorting(
        width in 1usize..20,
        numbers in prop::collection::vec(-4i8..=4, 1..900),
        k in 0usize..40,
        cut in 1usize..30,
        half in any::<bool>(),
    ) {
        let (query, vectors) = numbers.split_at(width.min(numbers.len() - 1));
        let width = query.len().max(1);
        let query: Vec<f32> = query.iter().map(|x| f32::from(*x)).collect();
        prop_assume!(!query.is_empty());
        let rows: Vec<&[i8]> = vectors.chunks_exact(width).collect();
        let product = |row: &&[i8]| -> f32 {
            let sum: f32 = row.iter().zip(&query).map(|(a, b)| f32::from(*a) * b).sum();
            // Zeros of either sign are equal.
            sum + 0.0
        };
        let mut expected: Vec<Hit> = rows
            .iter()
            .enumerate()
            .map(|(i, row)| Hit { row: i as u64, score: product(row) })
            .collect();
        expected.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
        expected.truncate(k);
        let bytes = |x: &i8| match half {
            true => f16::from_f32(f32::from(*x)).to_le_bytes().to_vec(),
            false => f32::from(*x).to_le_bytes().to_vec(),
        };
        let stored = Stored { half, width };
        let mut top = TopK::new(k);
        // The last parts first: equal scores are ordered by row and not by what was seen first.
        for (part, rows) in rows.chunks(cut).enumerate().collect::<Vec<_>>().into_iter().rev() {
            let bytes: Vec<u8> = rows.iter().copied().flatten().flat_map(bytes).collect();
            let mut of_part = TopK::new(k);
            of_part.scan(stored, &bytes, (part * cut) as u64, &query);
            top.merge(of_part);
        }
        prop_assert_eq!(top.into_hits(), expected);
    }

    /// Components do not depend on the order of joining.
    #[test]
    fn components_are_those_of_walking(edges in prop::collection::vec((0u32..60, 0u32..60), 0..80)) {
        let mut duplicates = Duplicates::new(60);
        for (a, b) in &edges {
            duplicates.join(*a, *b);
        }
        let mut first: Vec<u32> = (0..60).collect();
        loop {
            let before = first.clone();
            for (a, b) in &edges {
                let least = first[*a as usize].min(first[*b as usize]);
                first[*a as usize] = least;
                first[*b as usize] = least;
            }
            if before == first {
                break;
            }
        }
        let ours: Vec<u32> = (0..60).map(|i| duplicates.first(i)).collect();
        prop_assert_eq!(ours, first);
    }
}
