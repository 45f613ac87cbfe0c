//! The search for a caption: beam search and sampling, over the next tokens that the decoder finds
//! most likely.

use super::Caption;
use crate::backend::TopK;
use crate::error::ClipError;
use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// The most tokens that [`Decoding::Sample`] chooses among.
const SAMPLED_FROM: usize = 64;

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Decoding {
    /// Beam search; one beam is greedy decoding.
    Beam {
        /// Hypotheses that are kept at each step, from 1 to 16.
        beams: usize,
        /// A caption's log-likelihood is divided by its length in tokens to the power of this; 0
        /// favours short captions.
        length_penalty: f32,
    },
    /// Nucleus sampling (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration").
    Sample {
        /// The next token is sampled from the most likely tokens whose probabilities add up to at
        /// least this, above 0 and at most 1; from the 64 most likely ones at most.
        top_p: f32,
        /// Seeds the random numbers: the same seed gives the same caption.
        seed: u64,
    },
}

impl Decoding {
    /// The most likely token at each step.
    pub const GREEDY: Decoding = Decoding::Beam {
        beams: 1,
        length_penalty: 0.0,
    };

    pub(super) fn check(self) -> Result<(), ClipError> {
        let reason = match self {
            Decoding::Beam { beams, .. } if !(1..=16).contains(&beams) => {
                format!("{beams} beams are not between 1 and 16")
            }
            Decoding::Beam { length_penalty, .. } if !length_penalty.is_finite() => {
                "the length penalty is not a finite number".to_owned()
            }
            Decoding::Sample { top_p, .. } if !(top_p > 0.0 && top_p <= 1.0) => {
                format!("a top-p of {top_p} is not above 0 and at most 1")
            }
            _ => return Ok(()),
        };
        Err(ClipError::Decoding { reason })
    }
}

/// A caption so far.
#[derive(Clone)]
pub(super) struct Hypothesis {
    /// Tokens from the start-of-text token on.
    pub(super) ids: Vec<u32>,
    /// Cache rows of the tokens that the decoder has seen: all but the last.
    pub(super) rows: Vec<u32>,
    log_likelihood: f64,
}

impl Hypothesis {
    /// By what hypotheses and captions of different lengths compare.
    fn score(&self, length_penalty: f32) -> f64 {
        let length = (self.ids.len() - 1).max(1) as f64;
        self.log_likelihood / length.powf(f64::from(length_penalty))
    }

    fn followed_by(&self, id: u32, log_probability: f32) -> Hypothesis {
        let mut next = self.clone();
        next.ids.push(id);
        next.log_likelihood += f64::from(log_probability);
        next
    }

    fn into_caption(self, has_ended: bool) -> Caption {
        let end = self.ids.len() - usize::from(has_ended);
        Caption {
            ids: self.ids[1..end].to_vec(),
            log_likelihood: self.log_likelihood,
            has_ended,
        }
    }
}

/// A search in progress.
pub(super) struct Search {
    decoding: Decoding,
    /// The end-of-text token.
    end: u32,
    random: SplitMix64,
    /// Hypotheses that the next step continues, the best first.
    pub(super) open: Vec<Hypothesis>,
    /// Hypotheses that have come to their end, the best first.
    ended: Vec<Hypothesis>,
}

impl Search {
    pub(super) fn new(decoding: Decoding, start: u32, end: u32) -> Self {
        let seed = match decoding {
            Decoding::Beam { .. } => 0,
            Decoding::Sample { seed, .. } => seed,
        };
        Search {
            decoding,
            end,
            random: generator(seed),
            open: vec![Hypothesis {
                ids: vec![start],
                rows: Vec::new(),
                log_likelihood: 0.0,
            }],
            ended: Vec::new(),
        }
    }

    /// The most hypotheses that are open at a time.
    pub(super) fn beams(&self) -> usize {
        match self.decoding {
            Decoding::Beam { beams, .. } => beams,
            Decoding::Sample { .. } => 1,
        }
    }

    /// How many of the most likely next tokens a step needs for each open hypothesis.
    pub(super) fn candidates(&self) -> usize {
        match self.decoding {
            // Half of them may be the end of a caption, and as many must go on.
            Decoding::Beam { beams, .. } => 2 * beams,
            Decoding::Sample { .. } => SAMPLED_FROM,
        }
    }

    /// Continues the open hypotheses; `tops` has the next tokens of each.
    pub(super) fn advance(&mut self, tops: &[TopK]) {
        match self.decoding {
            Decoding::Beam {
                beams,
                length_penalty,
            } => self.expand_beams(tops, beams, length_penalty),
            Decoding::Sample { top_p, .. } => self.sample(tops, top_p),
        }
    }

    fn expand_beams(&mut self, tops: &[TopK], beams: usize, length_penalty: f32) {
        let mut next: Vec<(usize, u32, f32, f64)> = Vec::new();
        for (i, (hypothesis, top)) in self.open.iter().zip(tops).enumerate() {
            for (id, logit) in &top.entries {
                let log_probability = logit - top.log_sum_exp;
                let total = hypothesis.log_likelihood + f64::from(log_probability);
                next.push((i, *id, log_probability, total));
            }
        }
        next.sort_by(|a, b| b.3.total_cmp(&a.3));
        let mut open = Vec::with_capacity(beams);
        for (i, id, log_probability, _) in next {
            let longer = self.open[i].followed_by(id, log_probability);
            match id == self.end {
                true => self.ended.push(longer),
                false => open.push(longer),
            }
            if open.len() == beams {
                break;
            }
        }
        let score = |hypothesis: &Hypothesis| hypothesis.score(length_penalty);
        self.ended.sort_by(|a, b| score(b).total_cmp(&score(a)));
        self.ended.truncate(beams);
        // Once the worst of all ended beams scores higher than the best open one, nothing changes
        // any more.
        let worst = self.ended.last().filter(|_| self.ended.len() == beams);
        let is_over = worst
            .zip(open.first())
            .is_some_and(|(w, o)| score(w) >= score(o));
        self.open = if is_over { Vec::new() } else { open };
    }

    fn sample(&mut self, tops: &[TopK], top_p: f32) {
        let (Some(hypothesis), Some(top)) = (self.open.pop(), tops.first()) else {
            return;
        };
        let mut nucleus = Vec::new();
        let mut total = 0.0;
        for (id, logit) in &top.entries {
            let log_probability = logit - top.log_sum_exp;
            nucleus.push((*id, log_probability));
            total += f64::from(log_probability.exp());
            if total >= f64::from(top_p) {
                break;
            }
        }
        let mut left = uniform(&mut self.random) * total;
        let sampled = nucleus.iter().find(|(_, log_probability)| {
            left -= f64::from(log_probability.exp());
            left < 0.0
        });
        let Some((id, log_probability)) = sampled.or(nucleus.last()) else {
            return;
        };
        let longer = hypothesis.followed_by(*id, *log_probability);
        match *id == self.end {
            true => self.ended.push(longer),
            false => self.open.push(longer),
        }
    }

    /// The best caption that has ended, or the best hypothesis if none has.
    pub(super) fn finish(mut self) -> Caption {
        let has_ended = !self.ended.is_empty();
        let best = match has_ended {
            true => self.ended.swap_remove(0),
            false => self.open.swap_remove(0),
        };
        best.into_caption(has_ended)
    }
}

/// The random number generator of a seed, mixed twice so that neighbouring seeds differ.
fn generator(seed: u64) -> SplitMix64 {
    let mix = |state| SplitMix64::seed_from_u64(state).next_u64();
    SplitMix64::seed_from_u64(mix(mix(seed)))
}

/// Uniform in (0, 1).
fn uniform(random: &mut SplitMix64) -> f64 {
    ((random.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}
