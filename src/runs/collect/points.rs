//! Which checkpoints of a run count.

use crate::runs::mapping::Points;
use crate::runs::number::ParsedNumber;
use crate::runs::store::Runs;
use std::collections::HashMap;

/// Each checkpoint's run and place in it.
#[derive(Default)]
pub(super) struct Progress {
    groups: HashMap<String, u32>,
    /// By the checkpoint's number in the store.
    places: HashMap<u32, (u32, f64)>,
}

impl Progress {
    /// `key` is what the checkpoints of one run have in common.
    pub(super) fn add(
        &mut self,
        run: u32,
        key: [&str; 5],
        parameters: Option<f64>,
        at: ParsedNumber,
    ) {
        let ParsedNumber::Of { value, .. } = at else {
            return;
        };
        let key = format!("{}\u{1f}{parameters:?}", key.join("\u{1f}"));
        let next = self.groups.len() as u32;
        let group = *self.groups.entry(key).or_insert(next);
        self.places.insert(run, (group, value));
    }

    /// The runs with the chosen points alone, and how many numbers are left out.
    pub(super) fn choose(&self, runs: Runs, points: Points) -> (Runs, u64) {
        let before = runs.len();
        let runs = match points {
            Points::Every => runs.without_rest(),
            Points::Final => self.last(runs),
            Points::Envelope => runs.envelope(),
        };
        let left = before - runs.len();
        (runs, left as u64)
    }

    /// Of each run, set and metric the last number.
    fn last(&self, runs: Runs) -> Runs {
        let mut last: HashMap<(usize, u32), f64> = HashMap::new();
        runs.retain(|pass, bucket, run| {
            let Some((group, at)) = self.places.get(&run) else {
                return true;
            };
            let last = last.entry((bucket, *group)).or_insert(f64::NEG_INFINITY);
            match pass {
                0 => {
                    *last = last.max(*at);
                    true
                }
                _ => *at == *last,
            }
        })
    }
}
