//! The released files come back as the bundled rows.

use crate::runs::made::{self, gzip, measurements, read, rows, sorted};
use parquet::basic::{Compression as Codec, ZstdLevel};
use refit::runs::{ReadError, RunSource, SkipReason, read_parquet};
use refit::study::Measurement;

#[test]
fn zeroshot_results_are_the_bundled_rows() {
    let outcome = read(made::zeroshot().as_bytes());
    let report = &outcome.report;
    assert_eq!(report.source, Some(RunSource::ZeroshotResults));
    assert_eq!(
        (report.study, report.format.as_str()),
        (crate::bundled_study("openclip"), "CSV")
    );
    assert_eq!((report.rejected, &report.error), (0, &None));
    assert_eq!(
        (report.rows, report.kept_rows, report.kept),
        (1312, 1312, 3712)
    );
    let bundled = rows(crate::bundled_table("zeroshot")).to_vec();
    assert_eq!(sorted(measurements(&outcome)), sorted(bundled));
}

#[test]
fn segmentation_results_are_the_bundled_rows() {
    let codecs = [
        Codec::SNAPPY,
        Codec::UNCOMPRESSED,
        Codec::GZIP(Default::default()),
        Codec::ZSTD(ZstdLevel::default()),
    ];
    for codec in codecs {
        let file = made::segmentation(codec);
        let outcome = read_parquet(&file, made::options());
        let report = &outcome.report;
        assert_eq!(report.source, Some(RunSource::SegmentationResults));
        assert_eq!(
            (report.format.as_str(), report.bytes),
            ("Parquet", file.len() as u64)
        );
        assert_eq!((report.rows, report.kept, report.rejected), (1431, 4293, 0));
        let bundled = rows(crate::bundled_table("segmentation")).to_vec();
        assert_eq!(sorted(measurements(&outcome)), sorted(bundled), "{codec:?}");
    }
}

#[test]
fn all_results_are_the_last_epochs_by_similarity() {
    let outcome = read(&gzip(made::all_results().as_bytes()));
    let report = &outcome.report;
    assert_eq!(report.source, Some(RunSource::AllResults));
    assert_eq!(report.format, "CSV, gzip");
    assert_eq!(report.rows, 3 * report.kept_rows);
    assert_eq!(report.skipped[&SkipReason::NotLastEpoch], report.kept_rows);
    assert_eq!(
        report.skipped[&SkipReason::OtherEvaluation],
        report.kept_rows
    );
    // The bundled rows are the best of each sweep, which the release does not name.
    let nameless = |mut m: Measurement| {
        m.run.clear();
        m
    };
    let cosine = rows(crate::bundled_table("sweep"))
        .iter()
        .filter(|m| m.schedule == "cosine");
    assert_eq!(
        sorted(measurements(&outcome).into_iter().map(nameless)),
        sorted(cosine.cloned())
    );
}

#[test]
fn constant_rates_count_after_warm_up_with_the_compute_until_then() {
    let row = |epoch, warmup| {
        format!(
            "ViT-B-32,run,ViT-B-32,datacomp_1b,imagenet1k,{epoch},14.5,10,1000,{warmup},const,clip,similarity,0.5,,,14500000000,1000000000\n"
        )
    };
    // A million steps in all, so that an epoch is a hundred thousand.
    let text = made::ALL_RESULTS.to_owned()
        + &row(1, 100_000)
        + &row(1, 100_001)
        + &row(4, 1)
        + &row(10, 1);
    let outcome = read(text.as_bytes());
    assert_eq!(outcome.report.skipped[&SkipReason::WarmingUp], 1);
    let found: Vec<(Option<f64>, Option<f64>, String)> = (outcome.runs.runs())
        .map(|r| (r.compute, r.samples_seen, r.samples.to_owned()))
        .collect();
    let of = |compute, samples, label: &str| (Some(compute), Some(samples), label.to_owned());
    assert_eq!(
        found,
        [
            of(1.45e9, 1e8, "100M"),
            of(5.8e9, 4e8, "400M"),
            of(1.45e10, 1e9, "1B")
        ]
    );
}

#[test]
fn test_sets_have_the_studys_names() {
    let row = "ViT-B-32,run,mammut_ViT-B-32,dfn2b,imagenet-r_test,9,14.5,9,1000,1,cosine,mammut,,0.5,,,1.45e10,1e9\n";
    let outcome = read((made::ALL_RESULTS.to_owned() + row).as_bytes());
    let m = &measurements(&outcome)[0];
    assert_eq!(
        (m.dataset.as_str(), m.family.as_str()),
        ("imagenet-r", "mammut")
    );
    assert_eq!(
        (m.pretrain.as_str(), m.architecture.as_str()),
        ("dfn2b", "ViT-B-32")
    );
}

const BENCHMARK: &str = "acc1,acc5,mean_per_class_recall,dataset,model,pretrained,task,\
    mean_average_precision,image_retrieval_recall@5,text_retrieval_recall@5,model_fullname\n\
    0.63,0.88,0.62,imagenet1k,ViT-B-32-quickgelu,openai,zeroshot_classification,,,,x\n\
    ,,,wds/flickr30k,ViT-L-14,laion2b_s32b_b82k,zeroshot_retrieval,,0.85,0.94,x\n\
    0.1,0.2,0.3,imagenet1k,ViT-B-32,/data/epoch_7.pt,zeroshot_classification,,,,x\n\
    0.1,0.2,0.3,imagenet1k,convnext_base,openai,zeroshot_classification,,,,x\n";

#[test]
fn clip_benchmarks_table_takes_compute_from_the_studys_architectures() {
    let outcome = read(BENCHMARK.as_bytes());
    let report = &outcome.report;
    assert_eq!(report.source, Some(RunSource::ClipBenchmark));
    let found = measurements(&outcome);
    assert_eq!(found.len(), 5);
    let of = |dataset: &str, metric: &str| {
        found
            .iter()
            .find(|m| m.dataset == dataset && m.metric == metric)
            .unwrap()
    };
    let openai = of("imagenet1k", "acc1");
    assert_eq!(
        (openai.compute, openai.pretrain.as_str()),
        (Some(7.4 * 12.8e9), "CLIP-WIT")
    );
    let retrieval = of("flickr30k", "image_retrieval_recall@5");
    assert_eq!(
        (retrieval.samples.as_str(), retrieval.compute),
        ("34B", Some(87.73 * 34e9))
    );
    let told: Vec<String> = report.rejections.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 4: has no compute, and “data/epoch_7.pt” does not say how many samples were seen",
            "line 5: has no compute, and “convnext_base” of clip is not among the architectures whose GMACs are known",
        ]
    );
}

#[test]
fn clip_benchmarks_json_is_read_alone_in_lines_and_in_a_list() {
    let one = |dataset: &str, metrics: &str, more: &str| {
        format!(
            r#"{{"dataset": "{dataset}", "model": "mammut_ViT-L-14", "pretrained": "datacomp_s1.28B_x", "task": "zeroshot_classification", "metrics": {{{metrics}}}, "language": "en"{more}}}"#
        )
    };
    let a = one(
        "wds/imagenet1k",
        r#""acc1": 0.5, "acc5": 0.75, "mean_per_class_recall": NaN"#,
        "",
    );
    let b = one(
        "mscoco_captions",
        r#""image_retrieval_recall@5": 0.25"#,
        r#", "note": "a, {b} [c] \" NaN""#,
    );
    let pretty = a.replace(", ", ",\n  ");
    for text in [
        format!("{a}\n{b}\n"),
        format!("{a}\r\n\r\n{b}"),
        format!("[{a},\n{b}]"),
        format!("[\n{pretty}\n,\n{b}\n]\n"),
        format!("{pretty}\n{b}"),
    ] {
        let outcome = made::read_with(
            text.as_bytes(),
            made::study(crate::bundled_study("comparison")),
        );
        assert_eq!(outcome.report.rejected, 0, "{text}");
        let found: Vec<(String, String, f64)> = measurements(&outcome)
            .into_iter()
            .map(|m| (m.dataset, m.metric, m.value))
            .collect();
        let of = |d: &str, m: &str, v| (d.to_owned(), m.to_owned(), v);
        assert_eq!(
            found,
            [
                of("imagenet1k", "acc1", 0.5),
                of("imagenet1k", "acc5", 0.75),
                of("mscoco_captions", "image_retrieval_recall@5", 0.25)
            ],
            "{text}"
        );
        let run = outcome.runs.runs().next().unwrap();
        assert_eq!((run.family, run.samples_seen), ("mammut", Some(1.28e9)));
    }
}

#[test]
fn linear_probes_are_named_by_their_shots() {
    let text = "dataset,model,pretrained,task,fewshot_k,acc1,lp_acc1\n\
        cifar100,ViT-B-32,openai,linear_probe,-1,0.1,0.8\n\
        cifar100,ViT-B-32,openai,linear_probe,10,0.6,\n";
    let found = read(text.as_bytes());
    let series: Vec<(&str, &str)> = found.runs.series().collect();
    assert_eq!(
        series,
        [
            ("cifar100", "linear_probe_full"),
            ("cifar100", "linear_probe_10_shot")
        ]
    );
    assert_eq!(
        measurements(&found).iter().map(|m| m.value).sum::<f64>(),
        1.4
    );
}

#[test]
fn what_was_kept_is_written_and_comes_back() {
    for file in [
        made::zeroshot().into_bytes(),
        gzip(made::all_results().as_bytes()),
        BENCHMARK.as_bytes().to_vec(),
    ] {
        let outcome = read(&file);
        let mut written = Vec::new();
        outcome.runs.write_csv(&mut written).unwrap();
        let back = read(&written);
        assert_eq!(back.report.source, outcome.report.source);
        assert_eq!(
            (back.report.rejected, back.report.error),
            (0, None::<ReadError>)
        );
        assert_eq!(back.runs, outcome.runs);
        let mut again = Vec::new();
        back.runs.write_csv(&mut again).unwrap();
        assert!(again == written);
    }
}
