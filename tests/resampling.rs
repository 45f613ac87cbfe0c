//! What a bootstrap draws.
#![cfg(not(target_arch = "wasm32"))]

use refit::analysis::{self, Analysis, Outcome, Unit};
use refit::fit::Task;
use refit::fit::bootstrap::Replicates;
use refit::study::{Table, read_measurements};

fn run(analysis: &Analysis) -> Outcome {
    let path = analysis.table.path();
    let rows = std::fs::read_to_string(&path).expect(&path);
    let rows = read_measurements(&path, &rows).expect("well formed");
    analysis::run(analysis, &rows, &[])
}

fn replicates(analysis: &Analysis, outcome: &Outcome, index: usize) -> Replicates {
    let bootstrap = analysis.bootstrap(&outcome.series[index], index);
    bootstrap.expect("a fit").finish().replicates().clone()
}

#[test]
fn runs_that_are_all_fitted_are_drawn_as_points_are() {
    // Its standard view fits every plotted point.
    let mut analysis = Analysis::of(Table::PlottedFrontier);
    analysis.resampling.count = 200;
    let outcome = run(&analysis);
    let points = replicates(&analysis, &outcome, 0);
    analysis.resampling.unit = Unit::Runs;
    assert_eq!(replicates(&analysis, &outcome, 0), points);
}
