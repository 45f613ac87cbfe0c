//! Tables as people publish them: units, sets and shapes, each in a small table of our own.

use crate::runs::made::{options, read, read_with};
use refit::runs::{MappingError, ReadOptions, ReadOutcome};

/// Reads a table as proposed, where nothing is open.
#[track_caller]
fn proposed(text: &str) -> ReadOutcome {
    let first = read(text.as_bytes());
    assert_eq!(first.preview.mapping.problem(), None, "{:?}", first.preview);
    let mapping = Some(first.preview.mapping);
    read_with(
        text.as_bytes(),
        ReadOptions {
            mapping,
            ..options()
        },
    )
}

/// Reads a table with changes to what is proposed.
fn mapped(text: &str, maps: &[&str]) -> ReadOutcome {
    let preview = read(text.as_bytes()).preview;
    let mut mapping = preview.mapping;
    for map in maps {
        mapping.set(map, &preview.columns).unwrap();
    }
    let mapping = Some(mapping);
    read_with(
        text.as_bytes(),
        ReadOptions {
            mapping,
            ..options()
        },
    )
}

fn close(found: f64, expected: f64) -> bool {
    (found / expected - 1.0).abs() < 1e-9
}

/// Compute of the first run, in GFLOPs.
fn compute(outcome: &ReadOutcome) -> f64 {
    outcome.runs.runs().next().unwrap().compute.unwrap()
}

fn values(outcome: &ReadOutcome) -> Vec<f64> {
    outcome.runs.iter().map(|(_, _, _, value)| value).collect()
}

#[test]
fn compute_is_counted_as_its_column_says() {
    for (text, gflops) in [
        (
            "name,FLOPs (B),samples_seen,acc\na,5.0,3000000000,0.3\nb,9.0,3000000000,0.4\n",
            1.5e10,
        ),
        ("name,compute (1e18 FLOPs),acc\na,0.1,0.5\nb,100,0.6\n", 1e8),
        ("name,log10_flops,acc\na,17.0,0.5\nb,22.0,0.6\n", 1e8),
        ("name,PF-days,acc\na,0.5,0.5\nb,10,0.6\n", 0.5 * 8.64e10),
        (
            "name,params,tokens,acc\na,0.10B,2.0B,0.5\nb,1B,20B,0.6\n",
            6e-9 * 1e8 * 2e9,
        ),
        (
            "name,gflops,acc\na,\"100,000,000\",0.5\nb,\"1,000,000,000\",0.6\n",
            1e8,
        ),
        (
            "name;GFLOPs;acc (%)\na;100.000.000;50,5\nb;1.000.000.000;60,5\n",
            1e8,
        ),
    ] {
        let outcome = proposed(text);
        assert_eq!(outcome.report.kept_rows, 2, "{text}");
        assert!(
            close(compute(&outcome), gflops),
            "{text}: {}",
            compute(&outcome)
        );
    }
}

#[test]
fn a_column_of_accuracies_has_one_unit() {
    let text = "family,gflops,acc1\nm,1e6,0.2\nm,1e7,0.4\nm,1e8,0.9\nm,1e9,3.2\nm,1e10,16.1\n";
    let found = values(&proposed(text));
    assert_eq!(found, [0.002, 0.004, 0.009, 0.032, 0.161]);
}

#[test]
fn losses_are_losses() {
    let text = "model,params,tokens,loss\na,1e7,1e9,4.62\nb,1e8,1e10,3.2\n";
    let outcome = proposed(text);
    assert_eq!(values(&outcome), [4.62, 3.2]);
    let series: Vec<(&str, &str)> = outcome.runs.series().collect();
    assert_eq!(series, [("unspecified", "loss")]);
    // Tokens from compute.
    let text = "Model Size,Training FLOP,loss\n1e8,6e18,3.2\n2e8,6e19,2.9\n";
    let outcome = proposed(text);
    let run = outcome.runs.runs().next().unwrap();
    assert!(close(run.samples_seen.unwrap(), 1e10));
    assert!(read(text.as_bytes()).preview.assumptions[0].contains("compute / (6 × parameters)"));
    // Called an error, it is asked about and not divided by 100.
    let mut mapping = read(text.as_bytes()).preview.mapping;
    let told = mapping.set("error=loss", &["loss".to_owned()]);
    assert!(
        matches!(told, Err(MappingError::LossAsError { .. })),
        "{told:?}"
    );
    // Perplexities beside accuracies in percent.
    let text =
        "Model,Params,tokens_seen,wikitext ppl,PIQA acc\na,4B,64B,18.7,67.6\nb,4B,95B,17.7,68.9\n";
    let outcome = proposed(text);
    let found: Vec<f64> = outcome
        .runs
        .of("wikitext", "perplexity")
        .map(|(_, v)| v)
        .collect();
    assert_eq!(found, [18.7, 17.7]);
    let found: Vec<f64> = outcome.runs.of("piqa", "acc").map(|(_, v)| v).collect();
    assert_eq!(found, [0.676, 0.689]);
}

#[test]
fn what_can_be_read_two_ways_is_asked() {
    let text = "model,flops,error\na,1e18,4.6\nb,1e19,3.2\n";
    let first = read(text.as_bytes());
    let question = &first.preview.mapping.questions[0];
    let maps: Vec<&str> = question.choices.iter().map(|c| c.map.as_str()).collect();
    assert_eq!(maps, ["error=error:percent", "loss=error"]);
    assert_eq!(question.choices[0].first[1], "error 0.03200");
    assert!(matches!(
        first.preview.mapping.problem(),
        Some(MappingError::Open { .. })
    ));
    let answered = mapped(text, &["loss=error"]);
    assert_eq!(values(&answered), [4.6, 3.2]);
    let percent = mapped(text, &["error=error:percent"]);
    assert_eq!(values(&percent), [1.0 - 4.6 / 100.0, 1.0 - 3.2 / 100.0]);
    // Logarithms without a word for it: asked, or settled by compute = 6 N D.
    let text = "model,flops,samples_seen,acc\na,17.5,3e9,0.5\nb,18.5,3e9,0.6\n";
    let question = &read(text.as_bytes()).preview.mapping.questions[0];
    assert_eq!(question.choices.len(), 2, "{question:?}");
    let text = "model_size,num_token,flops,ppl\n125m,9.0,17.8751,67.5\n125m,9.4771,18.3522,46.7\n";
    let outcome = proposed(text);
    let run = outcome.runs.runs().next().unwrap();
    assert!(close(run.samples_seen.unwrap(), 1e9), "{run:?}");
    // A scale that nothing tells.
    let text = "params,tokens,loss\n1.3,26,3.0\n2.7,54,2.8\n";
    assert_eq!(read(text.as_bytes()).preview.mapping.questions.len(), 2);
    let outcome = mapped(text, &["parameters=1e9*params", "samples=1e9*tokens"]);
    assert!(close(compute(&outcome), 6e-9 * 1.3e9 * 26e9));
}

#[test]
fn numbers_and_products_are_mapped() {
    let text = "name,batch,steps,params,loss\na,512,1000000,1e8,3.0\nb,1024,1000000,1e8,2.9\n";
    let outcome = mapped(text, &["samples=batch*steps", "compute=6*params*samples"]);
    assert!(close(compute(&outcome), 6e-9 * 1e8 * 512e6));
    let outcome = mapped(text, &["samples=3e9", "compute=none"]);
    let run = outcome.runs.runs().next().unwrap();
    assert_eq!((run.samples_seen, run.compute), (Some(3e9), None));
    let text = "{\"dataset\": \"wds/imagenet1k\", \"model\": \"ViT-B-32\", \"pretrained\": \"logs/run7/checkpoints/epoch_32.pt\", \"task\": \"zeroshot_classification\", \"metrics\": {\"acc1\": 0.6}}";
    let with = ReadOptions {
        changes: vec!["samples=3e9".to_owned()],
        ..options()
    };
    let outcome = read_with(text.as_bytes(), with);
    let run = outcome.runs.runs().next().unwrap();
    assert_eq!(
        (run.samples_seen, run.pretrain),
        (Some(3e9), "run7/epoch_32.pt")
    );
}

#[test]
fn wide_tables_have_a_column_a_set() {
    let text = "name,pretrained,params (M),FLOPs (B),Average perf. on 38 datasets,ImageNet 1k,CIFAR-10,MNIST,MSCOCO\n\
        ViT-B-32,laion2b_s34b_b79k,151.28,14.78,0.56,0.66,0.93,0.69,0.44\n\
        ViT-B-16,mystery,149.62,41.09,0.58,0.70,0.94,0.66,0.47\n";
    let outcome = proposed(text);
    let sets: Vec<(&str, &str)> = outcome.runs.series().collect();
    assert_eq!(
        sets,
        [
            ("average of 38 sets", "average"),
            ("imagenet1k", "acc1"),
            ("CIFAR-10", "main_metric"),
            ("MNIST", "main_metric"),
            ("mscoco_captions", "main_metric"),
        ]
    );
    assert!(close(compute(&outcome), 14.78 * 34e9));
    let run = outcome.runs.runs().nth(1).unwrap();
    assert_eq!((run.compute, run.pretrain), (None, "mystery"));
    assert_eq!(outcome.report.without_compute, 1);
}

/// One table in every shape.
const ROWS: [(&str, f64, f64); 3] = [("a", 1e8, 0.5), ("b", 1e9, 0.625), ("c", 1e10, 0.75)];

#[test]
fn every_shape_of_json_is_read() {
    let record = |(name, gflops, acc): &(&str, f64, f64)| serde_json::json!({"name": name, "gflops": gflops, "acc1": acc});
    let records: Vec<_> = ROWS.iter().map(record).collect();
    let column = |get: fn(&(&str, f64, f64)) -> serde_json::Value| -> Vec<_> {
        ROWS.iter().map(get).collect()
    };
    let (names, gflops, acc) = (
        column(|r| r.0.into()),
        column(|r| r.1.into()),
        column(|r| r.2.into()),
    );
    let by_index = |cells: &[serde_json::Value]| -> serde_json::Map<_, _> {
        cells
            .iter()
            .enumerate()
            .map(|(i, c)| (i.to_string(), c.clone()))
            .collect()
    };
    let by_run: serde_json::Map<String, _> = ROWS
        .iter()
        .map(|r| {
            (
                format!("run-{}", r.0),
                serde_json::json!({"gflops": r.1, "acc1": r.2}),
            )
        })
        .collect();
    let data: Vec<_> = ROWS
        .iter()
        .map(|r| serde_json::json!([r.0, r.1, r.2]))
        .collect();
    let indexed: serde_json::Map<String, _> = records
        .iter()
        .enumerate()
        .map(|(i, r)| (i.to_string(), r.clone()))
        .collect();
    for shape in [
        serde_json::json!(records),
        serde_json::json!({"name": names, "gflops": gflops, "acc1": acc}),
        serde_json::json!({"name": by_index(&names), "gflops": by_index(&gflops), "acc1": by_index(&acc)}),
        serde_json::json!(by_run),
        serde_json::json!(indexed),
        serde_json::json!({"columns": ["name", "gflops", "acc1"], "index": [0, 1, 2], "data": data}),
        serde_json::json!({"meta": {"date": "2024-01-01"}, "results": records}),
        serde_json::json!({"schema": {"fields": [{"name": "gflops", "type": "number"}]}, "data": records}),
    ] {
        for text in [
            shape.to_string(),
            serde_json::to_string_pretty(&shape).unwrap(),
        ] {
            let outcome = proposed(&text);
            assert_eq!(values(&outcome), ROWS.map(|r| r.2), "{text}");
            assert_eq!(compute(&outcome), 1e8, "{text}");
        }
    }
    let harness = serde_json::json!({
        "results": {"hellaswag": {"acc,none": 0.5, "acc_stderr,none": 0.01}, "piqa": {"acc,none": 0.75}},
        "config": {"model": "hf", "params": 1e9, "tokens": 2e10},
    });
    let outcome = proposed(&harness.to_string());
    assert_eq!(outcome.runs.of("hellaswag", "acc1").count(), 1);
    assert_eq!(outcome.runs.of("piqa", "acc1").count(), 1);
}

/// Records in several members are all read, each member a family of its own.
#[test]
fn no_list_of_records_goes_without_a_word() {
    let row = |i: u32| serde_json::json!({"name": format!("r{i}"), "gflops": 1e8 * f64::from(i), "acc1": 0.1 * f64::from(i)});
    let text = serde_json::json!({"clip": [row(1), row(2)], "mammut": [row(3), row(4), row(5)]});
    let outcome = proposed(&text.to_string());
    assert_eq!(outcome.report.kept_rows, 5, "{:?}", outcome.report);
    let count = |family: &str| outcome.runs.runs().filter(|r| r.family == family).count();
    assert_eq!((count("clip"), count("mammut")), (2, 3));
    // What is no run is told by its place.
    let text = serde_json::json!({"fields": [{"type": "number"}], "data": [row(1), row(2)]});
    let outcome = proposed(&text.to_string());
    assert_eq!(outcome.report.kept_rows, 2);
    let skipped: u64 = outcome.report.skipped.values().sum();
    assert_eq!(outcome.report.rejected + skipped, 1, "{:?}", outcome.report);
}

#[test]
fn what_stands_around_a_table_is_skipped_and_counted() {
    let table = "name,gflops,acc1\na,1e8,0.5\nb,1e9,0.625\n";
    for (text, comments) in [
        (format!("# exported, today\n# in GFLOPs\n{table}"), 2),
        (table.replace("b,", "# half way\nb,"), 1),
        (format!("sep=;\n{}", table.replace(',', ";")), 0),
        (format!("sep=,\r\n{}", table.replace('\n', "\r\n")), 0),
        ("| name | gflops | acc1 |\n|---|---:|:---:|\n| a | 1e8 | **0.5** |\n| b | 1e9 | 0.625 |\n".to_owned(), 0),
        ("# gflops acc1\n# gflops,acc1\n1e8,0.5\n1e9,0.625\n".to_owned(), 1),
        ("name,gflops,acc1\na,1e8,50.0 ± 0.1\nb,1e9,62.5 ± 0.1\n".to_owned(), 0),
    ] {
        let outcome = proposed(&text);
        assert_eq!(values(&outcome), [0.5, 0.625], "{text}");
        assert_eq!(compute(&outcome), 1e8, "{text}");
        assert_eq!(outcome.report.comments, comments, "{text}");
    }
}

/// In the unit of their results: percent is divided, an error's is its accuracy's.
#[test]
fn standard_errors_are_the_points_own() {
    for text in [
        "name,gflops,acc1\na,1e8,50.0 ± 0.25\nb,1e9,62.5 ± 0.5\n",
        "name,gflops,acc1,acc1_stderr\na,1e8,50.0,0.25\nb,1e9,62.5,0.5\n",
        "name,gflops,acc1 stderr,acc1\na,1e8,0.0025,0.5\nb,1e9,0.005,0.625\n",
        "name,gflops,top1_err %\na,1e8,50.0 +/- 0.25\nb,1e9,37.5+/-0.5\n",
        "name,gflops,acc1\na,1e8,50.0±0.25%\nb,1e9,62.5±0.5%\n",
    ] {
        let outcome = proposed(text);
        let told: Vec<Option<f64>> = (outcome.runs.measurements())
            .map(|m| m.standard_error)
            .collect();
        let [Some(a), Some(b)] = told[..] else {
            panic!("{text}: {told:?}");
        };
        // Kept with seven digits.
        assert!((a / 0.0025 - 1.0).abs() < 1e-6, "{text}: {a}");
        assert!((b / 0.005 - 1.0).abs() < 1e-6, "{text}: {b}");
        assert_eq!(values(&outcome), [0.5, 0.625], "{text}");
        let unused: Vec<&str> = (outcome.preview.readings.iter())
            .filter(|r| r.numbers && !r.used)
            .map(|r| r.column.as_str())
            .collect();
        assert!(unused.is_empty(), "{text}: {unused:?}");
        // As written, they come back.
        let csv: String = outcome.runs.csv().collect();
        let back = read(csv.as_bytes());
        let again: Vec<Option<f64>> = back.runs.measurements().map(|m| m.standard_error).collect();
        assert_eq!(again, told, "{csv}");
    }
}

#[test]
fn retrieval_is_kept_whole() {
    let text = "{\"dataset\": \"mscoco_captions\", \"model\": \"ViT-B-32\", \"pretrained\": \"laion2b_s34b_b79k\", \"task\": \"zeroshot_retrieval\", \"metrics\": {\"image_retrieval_recall@1\": 0.39, \"text_retrieval_recall@10\": 0.86}}\n\
        {\"dataset\": \"mscoco_captions\", \"model\": \"ViT-B-32\", \"pretrained\": \"laion2b_s34b_b79k\", \"task\": \"captioning\", \"metrics\": {\"CIDEr\": 1.05}}";
    let outcome = read(text.as_bytes());
    let found: Vec<(&str, f64)> = outcome.runs.iter().map(|(_, _, m, v)| (m, v)).collect();
    assert_eq!(
        found,
        [
            ("image_retrieval_recall@1", 0.39),
            ("text_retrieval_recall@10", 0.86),
            ("CIDEr_score", 1.05)
        ]
    );
}

#[test]
fn a_recall_without_a_set_is_none_of_imagenet() {
    // As open_clip's results.jsonl, whose samples are the validation's: asked for, and given.
    let text = "{\"image_to_text_R@1\": 0.12, \"epoch\": 1, \"num_samples\": 5000, \"imagenet-zeroshot-val-top1\": 0.05}\n\
        {\"image_to_text_R@1\": 0.14, \"epoch\": 2, \"num_samples\": 5000, \"imagenet-zeroshot-val-top1\": 0.08}\n";
    let outcome = mapped(text, &["samples=3e9"]);
    let measured: Vec<(&str, &str, f64)> =
        (outcome.runs.iter().map(|(_, d, m, x)| (d, m, x))).collect();
    assert_eq!(
        measured,
        [
            ("unspecified", "text_retrieval_recall@1", 0.12),
            ("unspecified", "text_retrieval_recall@1", 0.14),
            ("imagenet1k", "acc1", 0.05),
            ("imagenet1k", "acc1", 0.08),
        ]
    );
    let mut runs = outcome.runs.runs();
    assert!(runs.all(|run| run.samples_seen == Some(3e9)));
    let assumed = outcome.preview.mapping.assumed();
    assert!(
        !assumed.iter().any(|s| s.contains("ImageNet")),
        "{assumed:?}"
    );
    // An accuracy beside it is.
    let outcome = proposed("name,gflops,acc1,image_to_text_R@1\na,1e9,0.5,0.3\nb,2e9,0.6,0.4\n");
    let sets: Vec<(&str, &str)> = outcome.runs.iter().map(|(_, d, m, _)| (d, m)).collect();
    assert!(sets.contains(&("imagenet1k", "acc1")), "{sets:?}");
    assert!(
        sets.contains(&("unspecified", "text_retrieval_recall@1")),
        "{sets:?}"
    );
}

#[test]
fn a_checkpoints_path_and_its_samples_are_given() {
    // The name of a checkpoint's folder and file is all that a path tells.
    let text = "{\"dataset\": \"wds/imagenet1k\", \"model\": \"ViT-B-32\", \"pretrained\": \"logs/run7/checkpoints/epoch_32.pt\", \"task\": \"zeroshot_classification\", \"metrics\": {\"acc1\": 0.6}}";
    let without = read(text.as_bytes()).report;
    assert_eq!((without.kept, without.rejected), (0, 1));
    let mut options = options();
    options.changes.push("samples=3e9".to_owned());
    let outcome = read_with(text.as_bytes(), options);
    let run = outcome.runs.runs().next().unwrap();
    assert_eq!(
        (run.pretrain, run.samples_seen),
        ("run7/epoch_32.pt", Some(3e9))
    );
    // A forward pass of ViT-B/32 is 7.4 GMACs.
    let compute = run.compute.unwrap();
    assert!((2e10..2.4e10).contains(&compute), "{compute}");
}

#[test]
fn checkpoints_are_chosen() {
    let text = "name,step,params,tokens,loss\na,1,1e8,1e9,4\na,2,1e8,2e9,3.5\na,3,1e8,3e9,3.6\nb,1,1e9,1e9,3.9\nb,2,1e9,2e9,3.2\n";
    assert_eq!(values(&proposed(text)), [4.0, 3.5, 3.6, 3.9, 3.2]);
    let last = mapped(text, &["points=final"]);
    assert_eq!(values(&last), [3.6, 3.2]);
    assert_eq!(last.report.skipped.values().sum::<u64>(), 3);
    assert_eq!(values(&mapped(text, &["points=envelope"])), [4.0, 3.5, 3.2]);
    // Samples of a checkpoint are those of the run at its end alone.
    let text = "name,epoch,imagenet-zeroshot-val-top1\n\
        Model-B-32_Data-80M_Samples-3B_lr-1,1,0.2\nModel-B-32_Data-80M_Samples-3B_lr-1,2,0.4\n";
    let outcome = proposed(text);
    assert!(outcome.runs.runs().all(|run| run.samples_seen.is_none()));
    assert_eq!(outcome.report.kept, 2);
    let last = mapped(text, &["points=final"]);
    let run = last.runs.runs().next().unwrap();
    assert!(run.samples_seen.is_some_and(|s| s > 2e9), "{run:?}");
}

#[test]
fn loggers_columns_are_told_apart() {
    let text = "\"Step\",\"run-a - val/acc1\",\"run-a - val/acc1__MIN\",\"run-b - val/acc1\"\n1,0.5,0.5,0.6\n2,0.6,0.6,0.7\n";
    let outcome = mapped(text, &["samples=1e6*Step"]);
    let mut names: Vec<&str> = outcome.runs.runs().map(|run| run.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ["run-a", "run-b"]);
    assert_eq!(outcome.report.kept, 4);
    let mut samples: Vec<f64> = outcome.runs.runs().filter_map(|r| r.samples_seen).collect();
    samples.sort_by(f64::total_cmp);
    assert_eq!(samples, [1e6, 1e6, 2e6, 2e6]);
    // Before the first step there is no sample, and so no point.
    let text = text.replace("\n1,", "\n0,");
    let outcome = mapped(&text, &["samples=512*Step"]);
    assert_eq!((outcome.report.kept, outcome.report.rejected), (2, 1));
    let text = "Name,train_num_samples,epochs,imagenet-zeroshot-val-top1\nr,1000000,32,0.5\ns,2000000,32,0.6\n";
    let run = proposed(text);
    assert_eq!(run.runs.runs().next().unwrap().samples_seen, Some(32e6));
    // The validation's samples are no training run's.
    let text = "num_samples,imagenet-zeroshot-val-top1\n5000,0.5\n5000,0.6\n";
    assert_eq!(read(text.as_bytes()).preview.mapping.samples, None);
}

proptest::proptest! {
    /// Every column of numbers is read, or listed as one that is not.
    #[test]
    fn no_column_of_numbers_vanishes(
        names in proptest::collection::btree_set("[a-zA-Z][a-zA-Z0-9_ ()@%/-]{0,12}[a-z0-9)]", 2..8),
        rows in proptest::collection::vec(0.01f64..100.0, 1..4),
    ) {
        let names: Vec<String> = names.into_iter().collect();
        let mut text = names.join(",") + "\n";
        for x in rows {
            let cells: Vec<String> = (0..names.len()).map(|i| (x + i as f64).to_string()).collect();
            text += &(cells.join(",") + "\n");
        }
        let preview = read(text.as_bytes()).preview;
        for name in &names {
            let listed = preview.readings.iter().find(|r| r.column == *name);
            proptest::prop_assert!(listed.is_some_and(|r| r.numbers), "{name}: {listed:?}");
            let used = listed.is_some_and(|r| r.used);
            proptest::prop_assert_eq!(used, preview.mapping.uses(name));
        }
    }
}
