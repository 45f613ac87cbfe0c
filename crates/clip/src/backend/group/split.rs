//! How the workers of a group divide a matrix of weights.

use crate::backend::{ComputeError, WeightLayout, reserve};
use std::ops::Range;

/// How the workers of a [`Group`](super::Group) divide a matrix of weights, in whole `unit`s: a
/// head's numbers stay together (tensor parallelism, Shoeybi et al. 2019, arXiv 1909.08053). Other
/// backends do not divide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The first worker has all of it.
    Whole,
    /// Each worker has some of the outputs.
    Outputs {
        /// Outputs that stay together.
        unit: usize,
    },
    /// The outputs are queries, keys and values; each worker has some heads of all three.
    Qkv {
        /// Numbers of a head.
        unit: usize,
    },
    /// Each worker has some of the inputs; the results are summed.
    Inputs {
        /// Inputs that stay together.
        unit: usize,
    },
}

/// A worker's place in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// From 0.
    pub rank: usize,
    /// Workers in the group.
    pub size: usize,
}

impl Rank {
    /// The worker's share of `count` things, in whole units.
    pub(super) fn share(self, count: usize, unit: usize) -> Range<usize> {
        let units = count / unit;
        let start = |rank: usize| unit * (units * rank / self.size);
        start(self.rank)..start(self.rank + 1)
    }
}

impl Split {
    /// The worker's inputs of a matrix.
    fn inputs(self, rank: Rank, inputs: usize) -> Range<usize> {
        match self {
            Split::Inputs { unit } => rank.share(inputs, unit),
            _ => 0..inputs,
        }
    }

    /// The worker's columns of what has so many.
    pub(super) fn columns(self, rank: Rank, columns: usize) -> Vec<Range<usize>> {
        let (parts, share) = match self {
            Split::Whole | Split::Inputs { .. } => (1, 0..columns),
            Split::Outputs { unit } => (1, rank.share(columns, unit)),
            Split::Qkv { unit } => (3, rank.share(columns / 3, unit)),
        };
        let starts = (0..parts).map(|part| part * columns / parts);
        starts
            .map(|start| start + share.start..start + share.end)
            .collect()
    }

    /// The worker's part of a matrix, in the same layout, with its numbers of inputs and outputs.
    pub(super) fn part(
        self,
        rank: Rank,
        (inputs, outputs): (usize, usize),
        layout: WeightLayout,
        values: &[f32],
    ) -> Result<(usize, usize, Vec<f32>), ComputeError> {
        let rows = self.inputs(rank, inputs);
        let columns = self.columns(rank, outputs);
        let width = columns.iter().map(Range::len).sum();
        let mut part = reserve(rows.len() * width)?;
        match layout {
            WeightLayout::OutputsByInputs => {
                for output in columns.into_iter().flatten() {
                    part.extend_from_slice(&values[output * inputs..][rows.clone()]);
                }
            }
            WeightLayout::InputsByOutputs => {
                for input in rows.clone() {
                    let row = &values[input * outputs..][..outputs];
                    columns
                        .iter()
                        .for_each(|range| part.extend_from_slice(&row[range.clone()]));
                }
            }
        }
        Ok((rows.len(), width, part))
    }
}
