//! Tables that nobody released: what is proposed, and what comes of it.

use crate::runs::made::{measurements, options, read, read_with};
use refit::runs::{
    Amount, Compute, Field, Mapping, MappingError, Quantity, ReadError, ReadOptions, ReadOutcome,
    RunSource,
};

/// Reads a table as proposed.
fn proposed(text: &str) -> ReadOutcome {
    mapped(text, read(text.as_bytes()).preview.mapping)
}

fn mapped(text: &str, mapping: Mapping) -> ReadOutcome {
    let mapping = Some(mapping);
    read_with(
        text.as_bytes(),
        ReadOptions {
            mapping,
            ..options()
        },
    )
}

fn column(column: &str, factor: f64) -> Amount {
    Amount::column(column, factor)
}

#[test]
fn an_unknown_table_is_not_read_without_a_mapping() {
    let text = "model,total_flops,top1_err\nmine,1e18,25.5\nother,2e18,20.5\n";
    let outcome = read(text.as_bytes());
    assert!(outcome.runs.is_empty());
    assert_eq!(outcome.report.source, None);
    assert_eq!(
        outcome.preview.columns,
        ["model", "total_flops", "top1_err"]
    );
    assert_eq!(outcome.preview.rows[1], ["other", "2e18", "20.5"]);
    let mapping = &outcome.preview.mapping;
    assert_eq!(
        mapping.compute,
        Some(Compute::Amount(column("total_flops", 1e-9)))
    );
    assert_eq!(mapping.architecture, Field::Column("model".to_owned()));
    assert_eq!(mapping.scores[0].quantity, Quantity::Error);
    assert_eq!(mapping.problem(), None);
    let outcome = proposed(text);
    assert_eq!(outcome.report.source, Some(RunSource::Own));
    let found = measurements(&outcome);
    assert_eq!(
        (found[0].compute, found[0].value),
        (Some(1e9), 1.0 - 25.5 / 100.0)
    );
    assert_eq!(
        (found[0].dataset.as_str(), found[0].metric.as_str()),
        ("imagenet1k", "acc1")
    );
    assert_eq!(
        (found[0].family.as_str(), found[0].pretrain.as_str()),
        ("yours", "yours")
    );
}

#[test]
fn units_of_compute_are_taken_from_names() {
    for (name, factor, study) in [
        ("flops", 1e-9, crate::bundled_study("comparison")),
        ("FLOPs", 1e-9, crate::bundled_study("comparison")),
        ("gflops_total", 1.0, crate::bundled_study("comparison")),
        ("Compute (TFLOPs)", 1e3, crate::bundled_study("comparison")),
        ("train_pflops", 1e6, crate::bundled_study("comparison")),
        ("compute", 1.0, crate::bundled_study("comparison")),
        ("total gmacs", 1.0, crate::bundled_study("openclip")),
        ("PetaFLOPs", 1e6, crate::bundled_study("comparison")),
        ("train ExaFLOP", 1e9, crate::bundled_study("comparison")),
        (
            "PFLOP/s-days",
            1e6 * 86_400.0,
            crate::bundled_study("comparison"),
        ),
        (
            "gflops_experiment_total",
            1.0,
            crate::bundled_study("comparison"),
        ),
        ("trainFLOPs", 1e-9, crate::bundled_study("comparison")),
    ] {
        // FLOPs of a run are many; a bare number of this size is GFLOPs.
        let run = if name == "compute" { "1e10" } else { "1e20" };
        let text = format!("{name},acc\n{run},0.5\n");
        let mapping = read(text.as_bytes()).preview.mapping;
        assert_eq!(
            mapping.compute,
            Some(Compute::Amount(column(name, factor))),
            "{name}"
        );
        assert_eq!(mapping.study, study, "{name}");
    }
    let text = "compute,acc\n1e20,0.5\n";
    let compute = read(text.as_bytes()).preview.mapping.compute;
    assert_eq!(compute, Some(Compute::Amount(column("compute", 1e-9))));
    // A rate is no compute, and a sample's is not a run's.
    let text = "throughput (FLOPs/s),macro_f1,acc\n1e15,0.4,0.5\n";
    assert_eq!(read(text.as_bytes()).preview.mapping.compute, None);
    for name in ["gflops_per_sample", "gflops"] {
        let text = format!("{name},samples_seen,acc\n14.5,1e9,0.5\n");
        let mapping = read(text.as_bytes()).preview.mapping;
        assert_eq!(mapping.compute, Some(Compute::each(name, 1.0)));
    }
    let text = "gflops,samples_seen,macro_f1,train compute (TFLOPs)\n14.5,1e9,0.5,1e7\n";
    let mapping = read(text.as_bytes()).preview.mapping;
    let total = column("train compute (TFLOPs)", 1e3);
    assert_eq!(mapping.compute, Some(Compute::Amount(total)));
    assert_eq!(mapping.study, crate::bundled_study("comparison"));
}

#[test]
fn compute_comes_from_parameters_and_samples() {
    let text = "n_params,tokens,accuracy\n1e9,2e10,0.5\n2e9,4e10,0.75\n";
    let outcome = proposed(text);
    let run = outcome.runs.runs().next().unwrap();
    assert_eq!(
        (run.compute, run.parameters),
        (Some(1e9 * 2e10 * 6e-9), Some(1e9))
    );
    assert_eq!((run.samples_seen, run.samples), (Some(2e10), "20B"));
    // A sample is many tokens: as many as the study's ViT-B-32 takes.
    let text = "name,params,samples,acc1\nmine,151277313,1.28e9,0.608\n";
    let compute = proposed(text).runs.runs().next().unwrap().compute.unwrap();
    assert!((compute / 1.861e10 - 1.0).abs() < 0.01, "{compute:e}");
    // Its own compute is better than a guess.
    let text = "model,params,samples,acc1\nViT-B-32,151277313,1.28e9,0.608\n";
    let mapping = read(text.as_bytes()).preview.mapping;
    assert_eq!(mapping.compute, Some(Compute::Architecture));
    // Compute of a sample times samples.
    let text = "gflops,samples,acc1\n14.54,1.28e9,0.608\n";
    let compute = proposed(text).runs.runs().next().unwrap().compute.unwrap();
    assert!((compute / 1.861e10 - 1.0).abs() < 0.01, "{compute:e}");
    // Millions are seen by their size; samples may be labels; factors are the reader's.
    let text = "params (M),samples seen,accuracy\n150,12.8B,0.5\n";
    let mut mapping = read(text.as_bytes()).preview.mapping;
    assert_eq!(mapping.parameters, Some(column("params (M)", 1e6)));
    mapping.set("compute=parameters*samples*6e-9", &[]).unwrap();
    let outcome = mapped(text, mapping);
    let run = outcome.runs.runs().next().unwrap();
    assert_eq!(run.compute, Some(1.5e8 * 1.28e10 * 6e-9));
}

#[test]
fn compute_comes_from_the_architecture() {
    let text = "arch,samples,family,imagenet_acc\nViT-B-32,1.28B,mammut,0.5\nViT-B-32,1.28B,mine,0.5\nViT-X,1B,mine,0.5\n";
    let outcome = proposed(text);
    let found = measurements(&outcome);
    let known = |family: &str| {
        let all = &options().architectures[&crate::bundled_study("comparison")];
        let found = all
            .iter()
            .find(|a| a.family == family && a.name == "ViT-B-32");
        found.unwrap().compute_per_sample * 1.28e9
    };
    assert_eq!(found[0].compute, Some(known("mammut")));
    // A family that the study does not have may well train its architectures.
    assert_eq!(found[1].compute, Some(known("clip")));
    // One that no study knows is kept at its samples, without compute, and counted.
    assert_eq!((found[2].compute, found[2].samples_seen), (None, Some(1e9)));
    assert_eq!(outcome.report.without_compute, 1);
    assert_eq!(outcome.report.rejected, 0);
}

#[test]
fn long_tables_name_their_metrics_in_rows() {
    let text = "run,dataset,metric,value,gflops\na,imagenet1k,acc1,0.5,1e9\na,imagenet1k,acc5,0.75,1e9\na,,acc5,0.75,1e9\na,x,,0.75,1e9\na,x,y,,1e9\n";
    let outcome = proposed(text);
    let series: Vec<(&str, &str)> = outcome.runs.series().collect();
    assert_eq!(series, [("imagenet1k", "acc1"), ("imagenet1k", "acc5")]);
    let told: Vec<String> = outcome
        .report
        .rejections
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "line 4, column dataset: is empty",
            "line 5, column metric: is empty",
            "line 6, column value: is empty"
        ]
    );
}

#[test]
fn what_is_no_score_is_not_proposed() {
    let text = "flops,epochs,loss,acc_stderr,error_text,accuracy\n1e18,30,2.5,0.01,none,0.5\n";
    let mapping = read(text.as_bytes()).preview.mapping;
    let columns: Vec<&str> = mapping.scores.iter().map(|s| s.column.as_str()).collect();
    assert_eq!(columns, ["loss", "accuracy"]);
    assert_eq!(mapping.scores[0].quantity, Quantity::Loss);
}

#[test]
fn a_number_is_read_once() {
    // One column twice, and several of one kind.
    let text = "flops,acc1,acc1,val_acc,top-1\n1e18,0.5,0.5,0.25,0.75\n";
    let outcome = proposed(text);
    let found = measurements(&outcome);
    let found: Vec<(&str, f64)> = found.iter().map(|m| (m.metric.as_str(), m.value)).collect();
    assert_eq!(found, [("acc1", 0.5), ("val_acc", 0.25), ("top-1", 0.75)]);
}

#[test]
fn usual_names_are_the_studies() {
    let text = "dataset,flops,acc\nImageNet-1k,1e18,0.5\nimagenet,1e19,0.6\nmscoco_captions,1e19,0.6\nmine,1e19,0.6\n";
    let outcome = proposed(text);
    let series: Vec<(&str, &str)> = outcome.runs.series().collect();
    let sets = ["imagenet1k", "mscoco_captions", "mine"];
    assert_eq!(series, sets.map(|set| (set, "acc1")));
    assert_eq!(outcome.runs.of("imagenet1k", "acc1").count(), 2);
}

#[test]
fn runs_that_tell_no_family_are_their_files() {
    let text = "flops,acc\n1e18,0.5\n";
    let with = ReadOptions {
        family: Some("sweep 3".to_owned()),
        ..options()
    };
    let mapping = read_with(text.as_bytes(), with).preview.mapping;
    assert_eq!(mapping.family, Field::Constant("sweep 3".to_owned()));
}

#[test]
fn numbers_with_a_sign_are_percent_for_themselves() {
    let outcome = proposed("flops,acc\n1e18,0.45\n2e18,50%\n3e18,0.55\n");
    let values: Vec<f64> = measurements(&outcome).iter().map(|m| m.value).collect();
    assert_eq!(values, [0.45, 0.5, 0.55]);
    assert_eq!(
        outcome.report.notices[0].to_string(),
        "In column acc numbers with a percent sign are divided by 100 (line 3: 50%), the others are not."
    );
}

#[test]
fn json_shows_the_columns_that_it_has() {
    let outcome = read(b"[{\"flops\": 1e18, \"acc\": 0.5}]");
    assert_eq!(outcome.preview.columns, ["acc", "flops"]);
}

#[test]
fn mappings_are_changed_by_words() {
    let columns = ["a*b", "c", "d"].map(str::to_owned);
    let mut mapping = Mapping::default();
    let mut set = |text: &str| mapping.set(text, &columns);
    for text in [
        "study=openclip",
        "compute=a*b",
        "samples=c*1e6",
        "error=d:percent",
        "family=c",
        "dataset=my set",
    ] {
        set(text).unwrap();
    }
    for text in [
        "compute",
        "compute=c*x",
        "study=x",
        "colour=c",
        "compute=parameters*samples*x",
    ] {
        let error = set(text).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(&format!("“{text}” is not a mapping")),
            "{error}"
        );
    }
    assert_eq!(mapping.compute, Some(Compute::Amount(column("a*b", 1.0))));
    assert_eq!(mapping.samples, Some(column("c", 1e6)));
    assert_eq!(mapping.family, Field::Column("c".to_owned()));
    assert_eq!(mapping.dataset, Field::Constant("my set".to_owned()));
    let json = serde_json::to_string(&mapping).unwrap();
    assert_eq!(serde_json::from_str::<Mapping>(&json).unwrap(), mapping);
}

#[test]
fn a_mapping_that_does_not_fit_is_told() {
    let text = "flops,accuracy\n1e18,0.5\n";
    let good = read(text.as_bytes()).preview.mapping;
    let with = |change: &dyn Fn(&mut Mapping)| {
        let mut mapping = good.clone();
        change(&mut mapping);
        match mapped(text, mapping).report.error {
            Some(ReadError::Mapping(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(with(&|m| m.compute = None), MappingError::NoCompute);
    assert_eq!(with(&|m| m.scores.clear()), MappingError::NoScore);
    assert_eq!(
        with(&|m| m.compute = Some(Compute::product(1.0))),
        MappingError::NoParameters
    );
    assert_eq!(
        with(&|m| m.family = Field::Column("group".to_owned())).to_string(),
        "The table has no column “group”; it has flops, accuracy."
    );
}
