//! What a bootstrap draws, and what two series' resamples say about their crossings.
use crate::rows_of;
use refit::analysis::comparison::Pair;
use refit::analysis::{self, Analysis, Outcome, ResamplingUnit};
use refit_fit::Task;
use refit_fit::bootstrap::Replicates;

fn run(analysis: &Analysis) -> Outcome {
    let rows = rows_of(analysis.table);
    analysis::run(analysis, &rows, &[])
}

fn replicates(analysis: &Analysis, outcome: &Outcome, index: usize) -> Replicates {
    let bootstrap = analysis.bootstrap(&outcome.series[index], index);
    bootstrap.expect("a fit").finish().replicates().clone()
}

#[test]
fn runs_that_are_all_fitted_are_drawn_as_points_are() {
    // Its standard view fits every plotted point.
    let mut analysis = Analysis::of(crate::bundled_table("plotted_frontier"));
    analysis.resampling.count = 200;
    let outcome = run(&analysis);
    let points = replicates(&analysis, &outcome, 0);
    analysis.resampling.unit = ResamplingUnit::Runs;
    assert_eq!(replicates(&analysis, &outcome, 0), points);
}

#[test]
fn each_crossing_has_its_own_interval() {
    let mut analysis = Analysis::of(crate::bundled_table("segmentation"));
    analysis.resampling.count = 200;
    let outcome = run(&analysis);
    let drawn = [0, 1].map(|i| replicates(&analysis, &outcome, i));
    let fit = |i: usize| outcome.series[i].fit.as_ref().expect("fits");
    let pair = Pair {
        a: fit(0),
        b: fit(1),
        resamples: Some((&drawn[0], &drawn[1])),
    };
    let crossings = pair.crossings((1e7, 1e13));
    let [there, back] = crossings[..] else {
        panic!("the ADE20K laws cross twice: {crossings:?}");
    };
    assert!(there.second_is_lower_beyond && !back.second_is_lower_beyond);
    for crossing in [there, back] {
        println!("{crossing:?}");
        let resampled = crossing.resampled.expect("resamples");
        let (low, high) = resampled.interval.expect("an interval");
        assert!(low < crossing.x && crossing.x < high, "{crossing:?}");
    }
    // Not every pair of resamples crosses back, and none so early as it crosses there.
    let [first, second] = [there, back].map(|c| c.resampled.expect("resamples"));
    assert!(second.share < first.share, "{second:?}");
    assert!(second.interval.expect("an interval").0 > first.interval.expect("an interval").1);
}
