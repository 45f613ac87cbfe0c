//! Units of compute: a mapping's numbers follow the study that it adds to.

use super::{Compute, Mapping};
use crate::runs::amount::{Amount, Term};
use crate::runs::number;
use crate::study::Study;

/// FLOPs in 1 of a unit such as "GMACs"; a multiply-accumulate is two.
pub fn flops(unit: &str) -> Option<f64> {
    let (prefix, each) = match (unit.strip_suffix("FLOPs"), unit.strip_suffix("MACs")) {
        (Some(prefix), _) => (prefix, 1.0),
        (_, Some(prefix)) => (prefix, 2.0),
        _ => return None,
    };
    let many = match prefix {
        "" => 1.0,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        _ => return None,
    };
    Some(each * many)
}

impl Mapping {
    /// Adds to another study: compute stays the same, counted in its unit.
    pub fn set_study(&mut self, study: Study) {
        let units = (flops(&self.study.compute_unit), flops(&study.compute_unit));
        self.study = study;
        let (Some(old), Some(new)) = units else {
            return;
        };
        if let Some(Compute::Amount(amount)) = &mut self.compute {
            amount.factor = scaled(amount.factor, old, new);
        }
        // Amounts that are worked out from compute stay the same, too.
        for amount in self.parameters.iter_mut().chain(&mut self.samples) {
            let of = |terms: &[Term]| terms.iter().filter(|t| **t == Term::Compute).count();
            let Amount { factor, times, per } = amount;
            for _ in 0..of(times) {
                *factor = scaled(*factor, new, old);
            }
            for _ in 0..of(per) {
                *factor = scaled(*factor, old, new);
            }
        }
    }
}

/// `factor` × `old` / `new`, such that 1e-9 stays as it is written.
fn scaled(factor: f64, old: f64, new: f64) -> f64 {
    match old >= new {
        true => number::times(factor, old / new),
        false => number::times(factor, 1.0 / (new / old)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compute_stays_the_same_in_another_unit() {
        let study = |unit| Study::of_unit(unit);
        let mut mapping = Mapping {
            study: study("GFLOPs"),
            compute: Some(Compute::column("flops", 1e-9)),
            samples: Some(Amount {
                factor: 1e9 / 6.0,
                times: vec![Term::Compute],
                per: vec![Term::Parameters],
            }),
            ..Mapping::default()
        };
        let before = mapping.clone();
        mapping.set_study(study("GMACs"));
        assert_eq!(mapping.compute, Some(Compute::column("flops", 0.5e-9)));
        mapping.set_study(study("FLOPs"));
        assert_eq!(mapping.compute, Some(Compute::column("flops", 1.0)));
        let factor = mapping.samples.as_ref().map_or(0.0, |amount| amount.factor);
        assert!((factor * 6.0 - 1.0).abs() < 1e-12, "{factor}");
        mapping.set_study(study("GFLOPs"));
        assert_eq!(mapping.compute, before.compute);
    }
}
