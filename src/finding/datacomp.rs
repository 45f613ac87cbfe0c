//! Findings about DataComp (arXiv 2304.14108).

use super::{Finding, row, table};
use crate::analysis::Analysis;
use crate::claim::{CheckError, Library, Printed};
use crate::study::{Measurement, names};
use refit_fit::rank::{RankCorrelation, spearman};

type Found = Result<Finding, CheckError>;

const FILTERING: &str = "filtering";
/// The tag of the model trained on DataComp-1B.
const DATACOMP_XL: &str = "datacomp_xl_s13b_b90k";

/// Pairs of scales, the smaller first; a row's run is its scale.
const PAIRS: [(&str, &str); 3] = [("small", "medium"), ("small", "large"), ("medium", "large")];

/// Filters that are printed at both scales: name, value at the one and at the other.
fn both<'a>(
    rows: &'a [Measurement],
    dataset: &str,
    (small, large): (&str, &str),
) -> Vec<(&'a str, (f64, f64))> {
    let at = |scale: &str, filter: &str| {
        let mut rows = rows.iter();
        rows.find(|m| m.run == scale && m.dataset == dataset && m.pretrain == filter)
            .map(|m| m.value)
    };
    let filters = rows
        .iter()
        .filter(|m| m.run == small && m.dataset == dataset);
    filters
        .filter_map(|m| Some((m.pretrain.as_str(), (m.value, at(large, &m.pretrain)?))))
        .collect()
}

pub(super) fn small_scales_order_large_ones(_: &Printed, library: &Library) -> Found {
    let table = table(FILTERING)?;
    let study = table.study();
    let all = library.rows(table)?;
    let mut rows = Vec::new();
    let mut lowest: Option<RankCorrelation> = None;
    for dataset in ["imagenet1k", "average_38"] {
        for pair in PAIRS {
            let points: Vec<(f64, f64)> =
                both(all, dataset, pair).iter().map(|(_, p)| *p).collect();
            let rho = spearman(&points).map_err(|e| CheckError(e.to_string()))?;
            let interval = rho.interval.map_or("–".to_owned(), |(low, high)| {
                format!("{low:.3} to {high:.3}")
            });
            rows.push(row(
                format!(
                    "{}, {} and {} scale, {} filters",
                    names::dataset(study, dataset),
                    pair.0,
                    pair.1,
                    rho.points
                ),
                format!("{:.3}", rho.coefficient),
                interval,
            ));
            if lowest.is_none_or(|least| rho.coefficient < least.coefficient) {
                lowest = Some(rho);
            }
        }
    }
    let lowest = lowest.map_or(f64::NAN, |rho| rho.coefficient);
    Ok(Finding {
        id: "order",
        study,
        title: "How well a small scale tells the order of filters at a larger one",
        text: format!(
            "Spearman’s rank correlation of the filters that the appendix prints at two scales is {lowest:.3} or more. {}",
            winner(all, "imagenet1k", ("small", "large"))?
        ),
        released: "Spearman’s ρ",
        corrected: "its 95 % interval",
        rows,
        changes: "A small scale sorts out bad filters; among the best, try several at the larger scale. The interval takes the filters for a sample of independent ones, and many are variants of one another."
            .to_owned(),
        simulated: None,
        analyses: vec![("Filters over the scales", Analysis::of(table))],
    })
}

/// Where the best filter of one scale stands at another.
fn winner(rows: &[Measurement], dataset: &str, pair: (&str, &str)) -> Result<String, CheckError> {
    let filters = both(rows, dataset, pair);
    let best = |of: fn(&(f64, f64)) -> f64| {
        let mut filters = filters.iter();
        let first = filters.next();
        first.map(|first| {
            filters.fold(first, |best, f| match of(&f.1) > of(&best.1) {
                true => f,
                false => best,
            })
        })
    };
    let (small, large) = best(|p| p.0)
        .zip(best(|p| p.1))
        .ok_or_else(|| CheckError("no filter is printed at both scales".to_owned()))?;
    let ahead = filters.iter().filter(|f| f.1.1 > small.1.1).count();
    Ok(format!(
        "On ImageNet the best of {} filters at the {} scale, “{}”, is number {} at the {} scale, where “{}” is the best.",
        filters.len(),
        pair.0,
        small.0,
        ahead + 1,
        pair.1,
        large.0
    ))
}

/// The statements of the abstract, and of its first version, that the data can check.
pub(super) fn the_abstract(_: &Printed, library: &Library) -> Found {
    let (filtering, published) = (table(FILTERING)?, table("published_models")?);
    let models = library.rows(published)?;
    let imagenet = |run: &str, architecture: &str| {
        let of = |m: &&Measurement| {
            m.run == run && m.architecture == architecture && m.dataset == "imagenet1k"
        };
        let missing = || CheckError(format!("there is no published {architecture} of {run}"));
        models.iter().find(of).ok_or_else(missing)
    };
    let ours = imagenet(DATACOMP_XL, "ViT-L-14")?;
    let laion = imagenet("laion2b_s34b_b88k", "ViT-g-14")?;
    let openai = imagenet("openai", "ViT-L-14")?;
    let ahead_of = |other: &Measurement| format!("{:.2}", 100.0 * (ours.value - other.value));
    let cheaper = laion
        .compute
        .zip(ours.compute)
        .map_or(f64::NAN, |(l, o)| l / o);
    let computes = library.rows(filtering)?.iter().filter_map(|m| m.compute);
    let (low, high) = computes.fold((f64::INFINITY, 0.0_f64), |(low, high), c| {
        (low.min(c), high.max(c))
    });
    let sets = models.iter().filter(|m| {
        m.run == DATACOMP_XL && m.architecture == ours.architecture && m.metric != "mean"
    });
    let orders = (high / low).log10();
    Ok(Finding {
        id: "abstract",
        study: filtering.study(),
        title: "The numbers of the abstract",
        text: format!(
            "The published ViT-L/14 trained on DataComp-1B has {:.2} % on ImageNet, OpenAI’s {:.2} %.",
            100.0 * ours.value,
            100.0 * openai.value
        ),
        released: "in the abstract",
        corrected: "from the published data",
        rows: vec![
            row(
                "ImageNet-1k, ViT-L/14 on DataComp-1B",
                "79.2 %",
                format!("{:.2} %", 100.0 * ours.value),
            ),
            row("Ahead of OpenAI’s ViT-L/14, pp", "3.7", ahead_of(openai)),
            row(
                "Ahead of ViT-g/14 on LAION-2B, pp (first version)",
                "0.7",
                ahead_of(laion),
            ),
            row(
                "That model’s compute, times (first version)",
                "9",
                format!("{cheaper:.1}"),
            ),
            row(
                "Orders of magnitude of compute",
                "four",
                format!("{orders:.2}"),
            ),
            row("Downstream test sets", "38", sets.count().to_string()),
        ],
        changes: "None: each holds at the precision of the abstract.".to_owned(),
        simulated: None,
        analyses: vec![("The published models", Analysis::of(published))],
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;

    /// ρ of the printed values by an independent program (ranks with ties at their mean, Pearson).
    #[test]
    fn ranks_are_those_of_another_program() {
        let findings = findings();
        let order = findings.iter().find(|f| f.id == "order").unwrap();
        let found: Vec<&str> = order.rows.iter().map(|r| r.released.as_str()).collect();
        assert_eq!(
            found,
            ["0.907", "0.780", "0.913", "0.875", "0.687", "0.855"]
        );
    }

    #[test]
    fn the_abstract_holds_at_its_precision() {
        let findings = findings();
        let of = findings.iter().find(|f| f.id == "abstract").unwrap();
        let rounded = |i: usize, decimals: usize| {
            let number: f64 = (of.rows[i].corrected.trim_end_matches(" %").parse()).unwrap();
            format!("{number:.decimals$}")
        };
        assert_eq!(rounded(0, 1), "79.2");
        assert_eq!((rounded(1, 1), rounded(2, 1)), ("3.7".into(), "0.7".into()));
        assert_eq!((rounded(3, 0), rounded(4, 0)), ("9".into(), "4".into()));
        assert_eq!(rounded(5, 0), "38");
    }
}
