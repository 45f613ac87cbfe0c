//! Frontiers beside an independent reimplementation (`crates/fit/tests/reference/scipy_small.py`).

use crate::rows_of;
use refit::study::frontier::{bins, bins_by_mask};
use refit::study::select::{Axis, Selection, select};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().expect("a list of numbers");
    let number = |value: &Value| value.as_f64().expect("a number");
    values.iter().map(number).collect()
}

#[test]
fn frontiers_are_those_of_the_reimplementation() {
    let text = include_str!("../reference/frontiers.json");
    let reference: Value = serde_json::from_str(text).expect("frontiers.json");
    for case in reference["frontiers"].as_array().expect("a list") {
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let (table, metric) = match text("table") {
            "segmentation_runs.csv" => (
                crate::bundled_table("segmentation"),
                text("metric")
                    .rsplit_once("_")
                    .map_or(String::new(), |(_, m)| m.to_owned()),
            ),
            "best_of_sweep.csv" => (crate::bundled_table("sweep"), text("metric").to_owned()),
            other => panic!("no table for {other}"),
        };
        let rows = rows_of(table);
        let points = select(
            &rows,
            &[],
            &Selection {
                table,
                dataset: text("dataset"),
                metric: &metric,
                family: text("family"),
                pretrain: text("pretrain"),
                schedule: text("schedule"),
                axis: Axis::Compute,
            },
        );
        let kept: Vec<_> = points.iter().copied().filter(|p| p.x <= 1e12).collect();
        assert_eq!(
            kept.len() as u64,
            case["kept"].as_u64().expect("kept"),
            "{case:#}"
        );
        let edges = (kept[0].x, kept[kept.len() - 1].x);
        for (key, ours) in [
            ("released", bins_by_mask(&kept, edges)),
            ("corrected", bins(&kept, edges)),
        ] {
            let compute: Vec<f64> = ours.iter().map(|p| p.x).collect();
            assert_eq!(
                compute,
                numbers(&case[key]["compute"]),
                "{key} {}",
                text("family")
            );
            for (p, error) in ours.iter().zip(numbers(&case[key]["error"])) {
                assert!((p.error - error).abs() < 1e-12);
            }
        }
    }
}
