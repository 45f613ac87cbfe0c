//! Random numbers from a seed, the same on every machine: SplitMix64 (Steele, Lea and Flood 2014,
//! "Fast splittable pseudorandom number generators").

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// A stream of random numbers.
pub struct Random(SplitMix64);

impl Random {
    /// The `stream`-th stream of a seed; streams do not depend on one another, so that work can
    /// be cut anywhere.
    pub fn new(seed: u64, stream: u64) -> Random {
        let mix = |state| SplitMix64::seed_from_u64(state).next_u64();
        let start = mix(seed).wrapping_add(stream);
        Random(SplitMix64::seed_from_u64(mix(start)))
    }

    fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform over 0..n. The bias of at most n / 2⁶⁴ is beyond any sample.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    /// Uniform in (0, 1).
    pub fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// In an order of its own (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// Standard normal (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let (u, v) = (self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_stream() {
        // Vigna's splitmix64.c from state 1234567.
        let mut random = Random(SplitMix64::seed_from_u64(1_234_567));
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn normals_have_mean_0_and_variance_1() {
        let mut random = Random::new(7, 0);
        let draws: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 2e4;
        let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 2e4;
        assert!(
            mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05,
            "{mean} {variance}"
        );
    }

    #[test]
    fn every_index_is_drawn_as_often() {
        let mut random = Random::new(1, 2);
        let mut counts = [0; 10];
        for _ in 0..10_000 {
            counts[random.below(10)] += 1;
        }
        assert!(counts.iter().all(|c| (850..1150).contains(c)), "{counts:?}");
    }
}
