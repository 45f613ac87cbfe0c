//! Near duplicates: vectors whose inner product is at least a threshold, and their connected components.

use refit_kernels::{Epilogue, Matrix, WeightLayout, multiply};
use std::collections::BTreeMap;
use std::ops::Range;

/// Connected components of near duplicates; a disjoint-set forest whose roots are the first of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicates {
    parent: Vec<u32>,
}

impl Duplicates {
    /// The threshold of clip-retrieval.
    pub const THRESHOLD: f32 = 0.94;

    /// `count` vectors, no two of which are joined.
    pub fn new(count: u32) -> Duplicates {
        let parent = (0..count).collect();
        Duplicates { parent }
    }

    /// How many vectors there are.
    pub fn count(&self) -> usize {
        self.parent.len()
    }

    /// The first vector of the component that `i` is in.
    pub fn first(&self, i: u32) -> u32 {
        let mut i = i;
        while self.parent[i as usize] != i {
            i = self.parent[i as usize];
        }
        i
    }

    /// Joins the components of two vectors.
    pub fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b) as usize] = a.min(b);
    }

    /// As [`Duplicates::first`], with shorter ways from then on.
    fn root(&mut self, i: u32) -> u32 {
        let mut i = i;
        while self.parent[i as usize] != i {
            let above = self.parent[self.parent[i as usize] as usize];
            self.parent[i as usize] = above;
            i = above;
        }
        i
    }

    /// The components of more than one vector, each in order.
    pub fn groups(&self) -> Vec<Vec<u32>> {
        let mut groups: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for i in 0..self.parent.len() as u32 {
            groups.entry(self.first(i)).or_default().push(i);
        }
        groups
            .into_values()
            .filter(|group| group.len() > 1)
            .collect()
    }

    /// Finds all near duplicates among `vectors`, `[count, width]`, by comparing each with each.
    pub fn among(vectors: &[f32], width: usize, threshold: f32) -> Duplicates {
        let count = vectors.len().checked_div(width).unwrap_or(0);
        let mut duplicates = Duplicates::new(u32::try_from(count).unwrap_or(u32::MAX));
        let rows = |range: &Range<usize>| &vectors[range.start * width..range.end * width];
        for first in Block::all(count) {
            let block = Block::new(rows(&first), width);
            for second in Block::all(count).filter(|second| second.start >= first.start) {
                block.compare(rows(&second), threshold, &mut |i, j| {
                    let (i, j) = (first.start + i, second.start + j);
                    if i < j {
                        duplicates.join(i as u32, j as u32);
                    }
                });
            }
        }
        duplicates
    }
}

/// Vectors that others are compared with, packed for that.
pub struct Block {
    vectors: Matrix,
    width: usize,
    zeros: Vec<f32>,
}

impl Block {
    /// Vectors of a block: its products with another fit into a processor's cache.
    pub const SIZE: usize = 512;

    /// The blocks of `count` vectors.
    pub fn all(count: usize) -> impl Iterator<Item = Range<usize>> + Clone {
        let start = (0..count).step_by(Block::SIZE);
        start.map(move |start| start..count.min(start + Block::SIZE))
    }

    /// Packs vectors, `[count, width]`.
    pub fn new(vectors: &[f32], width: usize) -> Block {
        let count = vectors.len() / width;
        let layout = WeightLayout::OutputsByInputs;
        Block {
            vectors: Matrix::pack(width, count, layout, vectors, width),
            width,
            zeros: vec![0.0; count],
        }
    }

    /// Calls `found` with the places, in this block and among `others`, of vectors whose inner product is at least the
    /// threshold. `others` is `[count, width]`.
    pub fn compare(&self, others: &[f32], threshold: f32, found: &mut dyn FnMut(usize, usize)) {
        let (columns, width) = (self.vectors.outputs(), self.width);
        let mut products = vec![0.0; others.len() / width * columns];
        let (nothing, zeros) = (Epilogue::Nothing, &self.zeros);
        multiply(
            others,
            width,
            &self.vectors,
            zeros,
            nothing,
            &mut products,
            columns,
        );
        for (j, row) in products.chunks_exact(columns).enumerate() {
            for (i, product) in row.iter().enumerate() {
                if *product >= threshold {
                    found(i, j);
                }
            }
        }
    }
}
