//! Runs beside the bundled rows, in the analyses that show them.

use crate::runs::made::{self, LIBRARY, options, read, read_with, rows};
use refit::analysis::{self, Analysis, Choices};
use refit::runs::{ReadOptions, Runs, join, read_parquet};
use refit::study::select::Axis;
use refit::study::{Measurement, Table};

const MINE: &str = "family,arch,samples,gflops,accuracy\n\
    clip,ViT-B-32,1.28B,1.9e10,0.9\n\
    mine,ViT-B-32,640M,9e9,0.8\n\
    mine,ViT-B-16,640M,9e5,0.1\n";

fn mine() -> Runs {
    let mapping = Some(read(MINE.as_bytes()).preview.mapping);
    read_with(
        MINE.as_bytes(),
        ReadOptions {
            mapping,
            ..options()
        },
    )
    .runs
}

#[test]
fn own_runs_are_series_of_their_own() {
    let runs = mine();
    let table = crate::bundled_table("sweep");
    let bundled = rows(table);
    let architectures = LIBRARY.architectures(crate::bundled_study("comparison"));
    let joined = join(table, bundled, architectures, &[&runs], None);
    assert_eq!(joined.bundled, bundled.len());
    assert_eq!(joined.rows[..joined.bundled], *bundled);
    assert_eq!(joined.rows.len(), bundled.len() + 3);
    let mut analysis = Analysis::of(table);
    let before = analysis::run(&analysis, bundled, architectures);
    let after = analysis::run(&analysis, &joined.rows, &joined.architectures);
    assert_eq!(before, after);
    // Once chosen they are shown, on every axis, below the least compute that the study's scripts
    // keep, too.
    analysis.families = ["clip (yours)", "mine"].map(str::to_owned).to_vec();
    analysis.pretrains = vec!["yours".to_owned()];
    assert_eq!(analysis.settle(&joined.rows), []);
    for axis in Axis::ALL {
        analysis.axis = axis;
        let outcome = analysis::run(&analysis, &joined.rows, &joined.architectures);
        let points: Vec<f64> = outcome
            .series
            .iter()
            .flat_map(|s| &s.points)
            .map(|p| p.x)
            .collect();
        let expected = match axis {
            Axis::Compute => [1.9e10, 9e5, 9e9],
            Axis::Samples => [1.28e9, 6.4e8, 6.4e8],
            Axis::Parameters => [151.28e6, 149.62e6, 151.28e6],
        };
        assert_eq!(points, expected);
        assert!(
            outcome
                .series
                .iter()
                .all(|s| s.points.iter().all(|p| p.row >= joined.bundled))
        );
    }
}

#[test]
fn own_runs_join_every_table_of_their_study_and_no_other() {
    let runs = mine();
    for table in Table::bundled() {
        let (bundled, study) = (rows(table), table.study());
        let joined = join(table, bundled, LIBRARY.architectures(study), &[&runs], None);
        let added = joined.rows.len() - bundled.len();
        assert_eq!(
            added,
            if study == crate::bundled_study("comparison") {
                3
            } else {
                0
            },
            "{table:?}"
        );
    }
}

#[test]
fn a_released_file_counts_once() {
    let runs = read(made::zeroshot().as_bytes()).runs;
    let (table, study) = (
        crate::bundled_table("zeroshot"),
        crate::bundled_study("openclip"),
    );
    let join = |all: &[&Runs]| join(table, rows(table), LIBRARY.architectures(study), all, None);
    // Twice, under two names.
    assert_eq!(join(&[&runs, &runs]), join(&[&runs]));
}

#[test]
fn a_view_brings_its_rows_and_one_of_each_other_series() {
    let outcome = read(made::zeroshot().as_bytes());
    let table = crate::bundled_table("zeroshot");
    let view = Some(("imagenet1k", "acc1"));
    // As if nothing were bundled.
    let joined = join(
        table,
        &[],
        LIBRARY.architectures(crate::bundled_study("openclip")),
        &[&outcome.runs],
        view,
    );
    let whole = rows(table);
    // In every view the same can be chosen as if all rows were there.
    for (dataset, metric) in outcome.runs.series() {
        let analysis = Analysis {
            dataset: dataset.to_owned(),
            metric: metric.to_owned(),
            ..Analysis::of(table)
        };
        let few = Choices::of(&analysis, &joined.rows);
        assert_eq!(few, Choices::of(&analysis, whole), "{dataset} {metric}");
    }
    let is_shown =
        |m: &&Measurement| (m.dataset.as_str(), m.metric.as_str()) == ("imagenet1k", "acc1");
    let series = |m: &Measurement| {
        [&m.dataset, &m.metric, &m.family, &m.pretrain, &m.schedule].map(String::clone)
    };
    let others = whole.iter().filter(|m| !is_shown(m)).map(series);
    let others: std::collections::BTreeSet<_> = others.collect();
    let shown = whole.iter().filter(is_shown).count();
    assert_eq!(joined.rows.len(), shown + others.len());
}

#[test]
fn released_files_stand_in_for_what_was_made_from_them() {
    let zeroshot = read(made::zeroshot().as_bytes()).runs;
    let all = read(made::all_results().as_bytes()).runs;
    let segmentation = read_parquet(
        &made::segmentation(parquet::basic::Compression::SNAPPY),
        options(),
    )
    .runs;
    let runs = [&zeroshot, &all, &segmentation];
    for table in Table::bundled() {
        let bundled = rows(table);
        let architectures = LIBRARY.architectures(table.study());
        let joined = join(table, bundled, architectures, &runs, None);
        assert_eq!(joined.rows.len(), bundled.len(), "{table:?}");
        assert_eq!(joined.architectures, architectures);
        let replaced = match table.id.as_str() {
            "zeroshot" | "segmentation" => bundled.len(),
            // Constant rates are not in the file made here.
            "sweep" => bundled.iter().filter(|m| m.schedule == "cosine").count(),
            _ => 0,
        };
        assert_eq!(joined.rows.len() - joined.bundled, replaced, "{table:?}");
        let analysis = Analysis::of(table);
        let before = analysis::run(&analysis, bundled, architectures);
        let after = analysis::run(&analysis, &joined.rows, &joined.architectures);
        for (before, after) in before.series.iter().zip(&after.series) {
            assert_eq!(before.fit, after.fit, "{table:?}");
            assert_eq!(before.points.len(), after.points.len());
        }
    }
}
