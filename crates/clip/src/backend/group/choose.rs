//! Which of the workers that could be had make a model faster.

use super::shard::{Segment, ShardOp};
use crate::backend::{Epilogue, WeightLayout};

/// Rows, inputs and outputs of the product that is tried: a layer's of a ViT-B/32 for one image.
const TRIAL: (usize, usize) = (50, 768);
/// How often it is multiplied.
const TRIAL_PRODUCTS: usize = 6;
/// Additions and multiplications of [`trial_work`].
pub const TRIAL_OPERATIONS: f64 = (2 * TRIAL_PRODUCTS * TRIAL.0 * TRIAL.1 * TRIAL.1) as f64;

/// Gives a worker what [`trial_work`] needs.
pub fn trial_weights() -> Segment {
    let (_, width) = TRIAL;
    Segment {
        ops: vec![ShardOp::Weights {
            id: 0,
            inputs: width,
            outputs: width,
            layout: WeightLayout::InputsByOutputs,
        }],
        // Ones stay ones.
        numbers: vec![1.0 / width as f32; width * width],
        lists: Vec::new(),
    }
}

/// A piece of work like a model's, to measure a worker; the reply is as large as an exchange's.
pub fn trial_work() -> Segment {
    let (rows, width) = TRIAL;
    let product = |i: usize| ShardOp::Linear {
        x: (i > 0).then_some(1),
        rows,
        weights: 0,
        epilogue: Epilogue::Nothing,
        out: 1,
    };
    let products = (0..TRIAL_PRODUCTS).map(product);
    Segment {
        ops: products.chain([ShardOp::Send { x: 1 }]).collect(),
        numbers: vec![1.0; rows * width],
        lists: Vec::new(),
    }
}

/// What a leader measured before a model is loaded, in any one unit of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// A piece of work by the leader while the others rest.
    pub alone: f64,
    /// The same piece by the leader while all work.
    pub leader: f64,
    /// And by each of the others.
    pub peers: Vec<f64>,
    /// Sending a segment's numbers to the others and receiving their answers.
    pub exchange: f64,
}

/// The peers with which a model of so many such `pieces`, with so many exchanges, takes the least
/// time. None, if the leader is about as fast alone: a tab that is held back, a phone whose other
/// cores are slow, a small model.
///
/// Work is divided evenly, so that the slowest worker decides.
pub fn best_peers(measured: &Measured, pieces: f64, exchanges: f64) -> Vec<usize> {
    /// A worker more has to save a twentieth of the time: it takes memory.
    const WORTH: f64 = 0.95;
    let mut order: Vec<usize> = (0..measured.peers.len()).collect();
    order.sort_by(|a, b| measured.peers[*a].total_cmp(&measured.peers[*b]));
    let (mut best, mut count) = (measured.alone * pieces, 0);
    for (i, peer) in order.iter().enumerate() {
        let slowest = measured.leader.max(measured.peers[*peer]);
        let time = slowest * pieces / (i + 2) as f64 + exchanges * measured.exchange;
        if time < WORTH * best {
            (best, count) = (time, i + 1);
        }
    }
    order.truncate(count);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(alone: f64, leader: f64, peers: &[f64]) -> Measured {
        Measured {
            alone,
            leader,
            peers: peers.to_vec(),
            exchange: 0.1,
        }
    }

    #[test]
    fn what_is_tried_fits_together() {
        let rank = super::super::Rank { rank: 0, size: 1 };
        let mut shard = super::super::Shard::new(rank, crate::backend::cpu::Cpu::default());
        shard.run(&trial_weights()).unwrap();
        let reply = shard.run(&trial_work()).unwrap();
        assert!(reply.iter().all(|value| (value - 1.0).abs() < 1e-3));
        assert_eq!(reply.len(), 50 * 768);
    }

    #[test]
    fn equal_cores_are_all_used() {
        let all = measured(1.0, 1.0, &[1.0, 1.1, 1.05]);
        assert_eq!(best_peers(&all, 200.0, 24.0), [0, 2, 1]);
    }

    #[test]
    fn slow_cores_are_left_out() {
        // Four fast cores and four that take three times as long.
        let phone = measured(1.0, 1.0, &[3.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0]);
        assert_eq!(best_peers(&phone, 200.0, 24.0), [1, 3, 5]);
    }

    #[test]
    fn one_core_for_all_is_used_alone() {
        let throttled = measured(1.0, 4.0, &[4.0, 4.1, 3.9]);
        assert!(best_peers(&throttled, 200.0, 24.0).is_empty());
        assert!(best_peers(&measured(1.0, 1.0, &[]), 200.0, 24.0).is_empty());
    }

    #[test]
    fn exchanges_are_not_worth_it_for_a_small_model() {
        assert!(best_peers(&measured(1.0, 1.0, &[1.0]), 4.0, 24.0).is_empty());
    }
}
