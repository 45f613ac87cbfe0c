//! Tables as repositories and leaderboards publish them: faults that were found on public files,
//! each in a small table of our own.

use crate::runs::made::{options, read, read_with};
use refit::runs::{ReadNotice, ReadOptions, ReadOutcome};

/// Reads a table as proposed, where nothing is open.
#[track_caller]
fn proposed(text: &str) -> ReadOutcome {
    let first = read(text.as_bytes());
    assert_eq!(first.preview.mapping.problem(), None, "{:?}", first.preview);
    let mapping = Some(first.preview.mapping.clone());
    let mut outcome = read_with(
        text.as_bytes(),
        ReadOptions {
            mapping,
            ..options()
        },
    );
    outcome.preview.assumptions = first.preview.assumptions;
    outcome
}

/// "set metric" of each number.
fn series(outcome: &ReadOutcome) -> Vec<String> {
    let mut found: Vec<String> = (outcome.runs.series())
        .map(|(set, metric)| format!("{set} {metric}"))
        .collect();
    found.sort();
    found
}

#[test]
fn a_name_that_a_row_does_not_tell_costs_nothing() {
    let text = "dataset,condition,params,tokens,loss\nc4,,1e8,2e9,3.0\nc4,raw,1e8,4e9,2.9\n";
    let outcome = proposed(text);
    let families: Vec<&str> = outcome.runs.runs().map(|run| run.family).collect();
    assert_eq!(families, ["yours", "raw"]);
    assert_eq!((outcome.report.kept, outcome.report.rejected), (2, 0));
    // A column with nothing in it names nothing.
    let text = "dataset,condition,params,tokens,loss\nc4,,1e8,2e9,3.0\nc4,,1e8,4e9,2.9\n";
    assert_eq!(proposed(text).report.kept, 2);
    // Parameters that nobody knows cost themselves alone.
    let text = "model,Model size (B),acc\na,-1,0.5\nb,2,0.6\n";
    let outcome = proposed(text);
    assert_eq!((outcome.report.kept, outcome.report.rejected), (2, 1));
    let sizes: Vec<Option<f64>> = outcome.runs.runs().map(|run| run.parameters).collect();
    assert_eq!(sizes, [None, Some(2e9)]);
}

#[test]
fn language_models_are_evaluated_on_sets_that_columns_are_called_after() {
    let text = "Model,Model Size (B),FLOPs (1E21),MMLU,ARC-C,GSM8K,layers\n\
                a,7,84,0.44,0.53,0.14,32\nb,13,156,0.54,0.58,0.23,40\n";
    let outcome = proposed(text);
    let expected = ["ARC-C main_metric", "GSM8K main_metric", "MMLU main_metric"];
    assert_eq!(series(&outcome), expected);
    // Percent beside a fraction, and counts, are of something else.
    let text = "model,params (M),mmlu_zeroshot,arc_easy,hellaswag,dropped,experts\n\
                a,7000,44.1,53.5,71.2,0.5,8\nb,13000,54.2,58.1,75.3,0.25,16\n";
    let expected = [
        "arc_easy main_metric",
        "hellaswag main_metric",
        "mmlu_zeroshot main_metric",
    ];
    assert_eq!(series(&proposed(text)), expected);
    // Each names its set, so that the column of datasets is what was trained on.
    let text = "Dataset,model,params,tokens,mmlu,piqa,arc_easy\nc4,m,1e9,2e10,0.3,0.7,0.5\nrw,m,1e9,2e10,0.31,0.72,0.52\n";
    let outcome = proposed(text);
    let pretrain: Vec<&str> = outcome.runs.runs().map(|run| run.pretrain).collect();
    assert_eq!(pretrain, ["c4", "rw"]);
}

#[test]
fn results_are_not_taken_for_what_they_are_not() {
    for (text, expected) in [
        (
            "model,params,Avg. WER,LS Clean WER\na,1e9,5.4,1.25\nb,2e9,5.2,1.5\n",
            vec!["average word_accuracy", "ls clean word_accuracy"],
        ),
        // Whatever the task's name says.
        (
            "model,params,\"error_detection_3_exact_match,strict-match\"\na,1e9,0.25\nb,2e9,0.5\n",
            vec!["error detection 3 exact_match_strict_match"],
        ),
        (
            "model,params,task,Best score\na,1e9,GPQA,0.25\nb,1e9,MATH,0.5\n",
            vec!["GPQA main_metric", "MATH main_metric"],
        ),
        (
            "model,params,TOTAL_SCORE\na,1e9,0.25\nb,2e9,0.5\n",
            vec!["average main_metric"],
        ),
        (
            "model,params,tokens,val_loss,attention_entropy\na,1e9,2e10,2.5,4.0\nb,2e9,4e10,2.4,4.1\n",
            vec!["validation loss"],
        ),
        (
            "model,params,perplexity.agi_eval_lsat,best_val_loss\na,1e9,2.5,4.0\nb,2e9,2.4,4.1\n",
            vec!["agi eval lsat perplexity", "validation loss"],
        ),
        (
            "model,params,acc@1,acc@5\na,1e9,81.2,95.5\nb,2e9,83.2,96.2\n",
            vec!["imagenet1k acc1", "imagenet1k acc5"],
        ),
        // An error is its accuracy's complement, not a metric of its own.
        (
            "model,params,top1,top1_err\na,1e9,90.056,9.944\nb,2e9,89.9,10.1\n",
            vec!["imagenet1k acc1"],
        ),
    ] {
        assert_eq!(series(&proposed(text)), expected, "{text}");
    }
}

#[test]
fn amounts_are_found_under_loggers_names() {
    let text = "Name,parameter_count,throughput/total_tokens,throughput/total_gflops,eval/loss\n\
                a,669160448,7787380736,3e10,3.5\nb,998036992,16608657408,1e11,3.3\n";
    let outcome = proposed(text);
    let run = outcome.runs.runs().next().unwrap();
    assert_eq!(run.samples_seen, Some(7787380736.0));
    assert_eq!(run.compute, Some(3e10));
    let text = "hyper_id,step,loss_c4,flop_increase,total_parameter_count,k\n\
                0,10000,3.1,1.0,368123904,1\n1,10000,2.9,2.0,368123904,2\n";
    let outcome = proposed(text);
    let names: Vec<&str> = outcome.runs.runs().map(|run| run.name).collect();
    assert_eq!(names, ["0", "1"]);
    assert!(
        outcome
            .runs
            .runs()
            .all(|run| run.parameters == Some(368123904.0))
    );
    assert!(outcome.runs.runs().all(|run| run.compute.is_none()));
    // A number is better than its label.
    let text =
        "run_id,model_size,total_params,val_loss\na,135M,157600000,2.5\nb,135M,157700000,2.4\n";
    let run = proposed(text).runs.runs().next().unwrap().parameters;
    assert_eq!(run, Some(157600000.0));
    let text = "Config,Step,Loss,±SE,FLOPs (P)\nm,100,4.1,0.06,3.3\nm,300,3.9,0.05,9.9\n";
    let outcome = proposed(text);
    assert_eq!(outcome.runs.runs().next().unwrap().compute, Some(3.3e6));
    let errors: Vec<f64> = outcome
        .runs
        .measurements()
        .filter_map(|m| m.standard_error)
        .collect();
    assert_eq!(errors.len(), 2);
}

#[test]
fn units_that_nothing_tells_are_asked() {
    let choices = |text: &str| -> Vec<Vec<String>> {
        let questions = read(text.as_bytes()).preview.mapping.questions;
        let of = |q: &refit::runs::Question| q.choices.iter().map(|c| c.map.clone()).collect();
        questions.iter().map(of).collect()
    };
    // Tokens in trillions, compute in 1e21 FLOPs: no forward pass takes two FLOPs.
    let found = choices(
        "model,family,tokens,flops,mmlu,arc,gsm8k\na,f,0.341,2.046,0.2,0.3,0.1\nb,f,0.341,6.138,0.3,0.4,0.2\n",
    );
    assert!(
        found[0].contains(&"samples=1e12*\"tokens\"".to_owned()),
        "{found:?}"
    );
    assert!(
        found[1].contains(&"compute=1e12*flops".to_owned()),
        "{found:?}"
    );
    // Whole samples may be single ones or millions.
    let found = choices("model_size,samples_seen,val_loss\n135M,6400,1.9\n135M,696027,1.5\n");
    assert_eq!(
        found[0],
        ["samples=samples_seen", "samples=1e6*samples_seen"]
    );
}

#[test]
fn rows_that_nothing_tells_apart_are_told() {
    let text = "model,params,acc\na,1e9,0.5\na,1e9,0.6\nb,2e9,0.7\n";
    let outcome = proposed(text);
    let told = ReadNotice::Repeated { numbers: 1 };
    assert!(
        outcome.report.notices.contains(&told),
        "{:?}",
        outcome.report
    );
    // Models are the runs where architectures have a column of their own.
    let text = "Model,Architecture,params,acc\na,Llama,1e9,0.5\nb,Llama,1e9,0.6\n";
    let outcome = proposed(text);
    let names: Vec<&str> = outcome.runs.runs().map(|run| run.name).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(
        !outcome.report.notices.contains(&told),
        "{:?}",
        outcome.report
    );
}

#[test]
fn a_table_in_a_document_is_read() {
    let text = "# Models\n\nText, with commas, \"quotes\n| and a bar.\n\n\
                | Params | layers |\n|---|---|\n| 70M | 6 |\n\n## Results\n\n\
                | name | #params | FLOPs | acc@1 | model |\n|:--|--:|--:|:-:|---|\n\
                | A | 28M | 4.5G | **82.1** | [link](https://example.org/a) |\n\
                | [B](https://example.org/b) | 50M | 8.7G | 83.1 |\n\nMore text.\n\n\
                name | #params | FLOPs | acc@1 | model\n---|---|---|---|---\nC | 89M | 15.4G | 83.8 | x\n\nThe end.\n";
    let outcome = proposed(text);
    assert_eq!(outcome.report.format, "Markdown");
    let values: Vec<f64> = outcome.runs.iter().map(|(_, _, _, x)| x).collect();
    assert_eq!(values, [82.1, 83.1, 83.8].map(|x| x / 100.0));
    let names: Vec<&str> = outcome.runs.runs().map(|run| run.name).collect();
    assert_eq!(names, ["A", "B", "C"]);
    assert_eq!(outcome.runs.runs().next().unwrap().parameters, Some(28e6));
    assert_eq!(outcome.report.rejected, 0, "{:?}", outcome.report);
    let told = ReadNotice::Tables {
        read: 12,
        others: vec![6],
    };
    assert!(
        outcome.report.notices.contains(&told),
        "{:?}",
        outcome.report
    );
    // Where a row is wrong, its line is the document's.
    let text =
        "# T\n\n| name | params | acc |\n|---|---|---|\n| a | 1B | 0.5 |\n| b | 1B | 0.6 | 7 |\n";
    let outcome = proposed(text);
    assert_eq!(outcome.report.rejections[0].place.to_string(), "line 6");
}
