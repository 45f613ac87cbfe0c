//! Studies' folders: the bundled ones and the example are well formed, and each way that a folder can
//! be wrong has its sentence.

use proptest::prelude::*;
use refit::analysis::KEYS;
use refit::analysis::drawing::Drawing;
use refit::check::{Report, check};
use refit::claim::Verdict;
use refit::study::{DataError, Study};
use refit_fit::law::{Form, Law};
use std::collections::BTreeMap;

const EXAMPLE: &str = "docs/example-study";

/// A folder in memory.
#[derive(Clone)]
struct Files(BTreeMap<String, String>);

impl Files {
    fn example() -> Files {
        let names = [
            "study.json",
            "runs.csv",
            "printed/laws.csv",
            "printed/predictions.csv",
        ];
        let read = |name: &str| {
            let text = std::fs::read_to_string(format!("{EXAMPLE}/{name}")).expect(name);
            (name.to_owned(), text)
        };
        Files(names.map(read).into_iter().collect())
    }

    /// With a part of a file replaced, which it must have.
    fn with(mut self, name: &str, part: &str, by: &str) -> Files {
        let text = self.0.get_mut(name).expect(name);
        assert!(text.contains(part), "{name} has no {part}");
        *text = text.replacen(part, by, 1);
        self
    }

    fn without(mut self, name: &str) -> Files {
        self.0.remove(name).expect(name);
        self
    }

    fn check(&self, folder: &str) -> Report {
        let read = |path: &str| {
            let name = path.strip_prefix(&format!("{folder}/")).unwrap_or(path);
            let text = self.0.get(name).cloned();
            text.ok_or_else(|| DataError::whole(path, "there is no such file"))
        };
        check(folder, &read)
    }
}

fn disk(path: &str) -> Result<String, DataError> {
    std::fs::read_to_string(path).map_err(|error| DataError::whole(path, error.to_string()))
}

#[test]
fn bundled_studies_are_well_formed() {
    for study in Study::bundled() {
        let report = check(study.reference(), &disk);
        assert_eq!(report.problems, [], "{}", study.id);
        // Of transfer learning on few shots nothing printed was released as text.
        assert_eq!(
            report.checks.is_empty(),
            study.id == "transfer",
            "{}",
            study.id
        );
    }
}

#[test]
fn the_example_comes_back() {
    let report = check(EXAMPLE, &disk);
    assert_eq!(report.problems, []);
    assert_eq!(report.checks.len(), 5);
    assert!(
        report
            .checks
            .iter()
            .all(|c| c.verdict == Verdict::Reproduced)
    );
}

#[test]
fn a_claim_that_no_run_fits_says_which_name_none_has() {
    let query = "dataset=validation&metric=loss&family=Tiny";
    let claims = format!(
        "id,source,query,family,run,decimals,printed\n\
         best,table 1,{query},,,2,2.00\n\
         family,table 1,{query},Tinny,,2,2.00\n\
         run,table 1,{query},,S-1e10,2,2.00\n"
    );
    let mut files = Files::example().with(
        "study.json",
        "\"claims\": [",
        "\"claims\": [{\"file\": \"printed/measured.csv\", \"kind\": \"measurements\"},",
    );
    files.0.insert("printed/measured.csv".to_owned(), claims);
    let report = files.check("/some/claims");
    assert_eq!(report.problems, []);
    let note = |id: &str| {
        let check = report.checks.iter().find(|c| c.id == id).expect(id);
        (check.verdict, check.note.as_str())
    };
    let (verdict, told) = note("best");
    assert_ne!(verdict, Verdict::Uncheckable);
    assert!(
        told.contains(" runs fit this description; the best of them, XL-2e10,"),
        "{told}"
    );
    let (verdict, told) = note("family");
    assert_eq!(verdict, Verdict::Uncheckable);
    assert_eq!(told, "No run has the family “Tinny”; known: Tiny.");
    let (_, told) = note("run");
    assert!(
        told.starts_with("No run has the run “S-1e10”; known: L-1e09, "),
        "{told}"
    );
}

#[test]
fn the_docs_name_every_law_and_its_coefficients() {
    let docs = std::fs::read_to_string("docs/studies.md").unwrap();
    for law in Law::ALL {
        let row = docs
            .lines()
            .find(|line| line.starts_with(&format!("| `{}` |", law.id())));
        let row = row.unwrap_or_else(|| panic!("{}", law.id()));
        let names: Vec<String> = (law.parameters().iter())
            .map(|p| format!("`{}`", p.name))
            .collect();
        assert!(row.ends_with(&format!("| {} |", names.join(", "))), "{row}");
    }
}

#[test]
fn the_docs_name_every_key_of_a_query_and_its_values() {
    let docs = std::fs::read_to_string("docs/studies.md").unwrap();
    let (_, table) = docs.split_once("| key | values | |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let rows: Vec<&str> = table.lines().collect();
    let drawn = Drawing::KEYS.into_iter().map(|name| (name, None));
    let keys = KEYS.iter().map(|key| (key.name, key.choices));
    for (name, choices) in keys.chain(drawn) {
        let in_first = |row: &&&str| {
            let first = row.split('|').nth(1).unwrap_or_default();
            first.contains(&format!("`{name}`"))
        };
        let row = rows.iter().find(in_first);
        let row = row.unwrap_or_else(|| panic!("{name}"));
        // The laws have a table of their own.
        for choice in choices.iter().flat_map(|of| of()).filter(|_| name != "law") {
            assert!(row.contains(&format!("`{choice}`")), "{name}: {choice}");
        }
    }
}

/// In nats, and of several runs the lowest.
#[test]
fn a_printed_loss_is_compared_as_it_is_measured() {
    let claims = |rows: &str| {
        let file = "{\n      \"file\": \"printed/predictions.csv\"";
        let more = format!(
            "{{\"file\": \"printed/losses.csv\", \"kind\": \"measurements\"}},\n    {file}"
        );
        let mut files = Files::example().with(JSON, file, &more);
        let text = format!("id,source,query,family,run,unit,decimals,printed\n{rows}");
        files.0.insert("printed/losses.csv".to_owned(), text);
        files.check("tiny")
    };
    let query = "\"table=runs&dataset=validation&metric=loss\"";
    let lowest = Files::example().0[RUNS]
        .lines()
        .skip(1)
        .fold(f64::INFINITY, |low, row| {
            low.min(row.rsplit(',').next().unwrap().parse().unwrap())
        });
    let report = claims(&format!(
        "one,table 1,{query},,S-1e09,,3,3.192\nbest,table 1,{query},Tiny,,,4,{lowest}\n"
    ));
    assert_eq!(report.problems, []);
    let of = |id: &str| report.checks.iter().find(|c| c.id == id).expect(id);
    for id in ["one", "best"] {
        assert_eq!(of(id).verdict, Verdict::Reproduced, "{:?}", of(id));
        assert!(of(id).quantity.ends_with(": nats"), "{}", of(id).quantity);
    }
    let report = claims(&format!("one,table 1,{query},,S-1e09,percent,3,3.192\n"));
    let problem = report.problems[0].to_string();
    assert!(
        problem.ends_with("line 2, column unit: must be empty: the metric is no fraction"),
        "{problem}"
    );
}

/// What is done to the example, and the first problem that it has then.
type Broken = (&'static str, fn(Files) -> Files, &'static str);

const JSON: &str = "study.json";
const RUNS: &str = "runs.csv";
const LAWS: &str = "printed/laws.csv";
const PREDICTIONS: &str = "printed/predictions.csv";

const BROKEN: [Broken; 32] = [
    (
        "no-json",
        |f| f.without(JSON),
        "study.json: there is no such file",
    ),
    (
        "not-json",
        |f| f.with(JSON, "{", "["),
        "study.json, line 2, column 12: expected `,` or `]`",
    ),
    (
        "cut",
        |f| f.with(JSON, "\"figures\"", ""),
        "study.json, line 32, column 3: key must be a string",
    ),
    (
        "unknown-key",
        |f| f.with(JSON, "\"title\"", "\"titel\""),
        "study.json, line 3, column 9: unknown field `titel`",
    ),
    (
        "no-title",
        |f| f.with(JSON, "Tiny language models: an example", ""),
        "study.json, line 3, column 12: a study needs a title",
    ),
    (
        "wrong-type",
        |f| f.with(JSON, "2026", "\"soon\""),
        "study.json, line 7, column 16: invalid type: string \"soon\", expected u32",
    ),
    (
        "unit",
        |f| f.with(JSON, "\"FLOPs\"", "\"bananas\""),
        "study.json, line 11, column 13: “bananas” is no unit of compute; known: FLOPs",
    ),
    (
        "no-table",
        |f| f.with(JSON, "\"file\": \"runs.csv\"", "\"file\": \"runz.csv\""),
        "study.json, line 27, column 15: “runz.csv” cannot be read: there is no such file",
    ),
    (
        "outside",
        |f| f.with(JSON, "\"file\": \"runs.csv\"", "\"file\": \"../runs.csv\""),
        "study.json, line 27, column 15: “../runs.csv” is not a path inside the folder",
    ),
    (
        "address",
        |f| {
            f.with(
                JSON,
                "\"file\": \"runs.csv\"",
                "\"file\": \"https://host/runs.csv\"",
            )
        },
        "study.json, line 27, column 15: “https://host/runs.csv” is not a path inside the folder",
    ),
    (
        "table-id",
        |f| f.with(JSON, "\"id\": \"runs\"", "\"id\": \"all runs\""),
        "study.json, line 26, column 13: a table’s id has letters, digits",
    ),
    (
        "budget",
        |f| {
            f.with(
                JSON,
                "\"id\": \"runs\"",
                "\"budgets\": [1e18, 0], \"id\": \"runs\"",
            )
        },
        "study.json, line 26, column 18: a compute budget is above zero",
    ),
    (
        "opens-key",
        |f| f.with(JSON, "&frontier=pareto", "&fronteer=pareto"),
        "study.json, line 29, column 16: The query has the unknown key “fronteer”.",
    ),
    (
        "opens-value",
        |f| f.with(JSON, "law=offset-power", "law=cubic"),
        "study.json, line 29, column 16: The query asks for law “cubic”, which does not exist",
    ),
    (
        "opens-name",
        |f| f.with(JSON, "family=Tiny", "family=Huge"),
        "study.json, line 29, column 16: unknown family “Huge”; known: Tiny",
    ),
    (
        "opens-metric",
        |f| f.with(JSON, "metric=loss&", "metric=acc1&"),
        "study.json, line 29, column 16: unknown metric “acc1”; known: loss",
    ),
    (
        "figure-query",
        |f| f.with(JSON, "table=runs&at=1e20", "table=runs&dataset=moon"),
        "study.json, line 37, column 16: unknown dataset “moon”; known: validation",
    ),
    (
        "figure-table",
        |f| f.with(JSON, "table=runs&at=1e20", "table=walks"),
        "study.json, line 37, column 16: The query asks for table “walks”, which does not exist",
    ),
    (
        "figure-law",
        |f| f.with(JSON, "\"fig1\"", "\"fig7\""),
        "study.json, line 39, column 9: no file of claims has a law “fig7”",
    ),
    (
        "claims-file",
        |f| f.without(LAWS),
        "study.json, line 45, column 15: “printed/laws.csv” cannot be read: there is no such file",
    ),
    (
        "claims-kind",
        |f| f.with(JSON, "\"coefficients\"", "\"guesses\""),
        "study.json, line 46, column 23: unknown variant `guesses`, expected one of `coefficients`",
    ),
    (
        "claim-query",
        |f| f.with(LAWS, "table=runs&at=1e20", "table=runs&law=cubic"),
        "printed/laws.csv, line 2, column query: The query asks for law “cubic”, which does not exist.",
    ),
    (
        "claim-parameter",
        |f| f.with(LAWS, "alpha", "omega"),
        "printed/laws.csv, line 3, column parameter: no law has a coefficient “omega”",
    ),
    (
        "claim-number",
        |f| f.with(LAWS, "397.2", "many"),
        "printed/laws.csv, line 2, column printed: “many” is not a number",
    ),
    (
        "claim-kind",
        |f| f.with(PREDICTIONS, "predicted", "hoped"),
        "printed/predictions.csv, line 2, column kind: “hoped” is not predicted, measured or mean-absolute-error",
    ),
    (
        "column",
        |f| f.with(RUNS, "parameters", "params"),
        "runs.csv, line 1, column params: is not known here; known: family",
    ),
    (
        "no-column",
        |f| f.with(RUNS, "family", "run"),
        "runs.csv, line 1, column run: is in the header twice",
    ),
    (
        "nan",
        |f| f.with(RUNS, "3.192", "NaN"),
        "runs.csv, line 2, column value: “NaN” is not a number",
    ),
    (
        "negative-loss",
        |f| f.with(RUNS, "3.192", "-3.192"),
        "runs.csv, line 2, column value: -3.192 is not a loss: it is not above zero",
    ),
    (
        "fraction",
        |f| f.with(JSON, "\"quantity\": \"loss\"", "\"quantity\": \"accuracy\""),
        "runs.csv, line 2, column value: 3.192 is not a fraction from 0 to 1",
    ),
    (
        "twice",
        |f| {
            f.with(
                RUNS,
                "S-4e09,Tiny,4000000000,20000000,4.8e+17,validation,loss,2.8529",
                "S-1e09,Tiny,1000000000,20000000,1.2e+17,validation,loss,2.8529",
            )
        },
        "runs.csv, line 3: this key stands in an earlier line already",
    ),
    (
        "cycle",
        |f| {
            f.with(
                JSON,
                "\"tables\"",
                "\"pretrain_groups\": {\"a\": [\"b\"], \"b\": [\"a\"]}, \"tables\"",
            )
        },
        "study.json, line 24, column 29: “b” is a group itself: name its sets instead",
    ),
];

#[test]
fn every_fault_of_a_folder_has_its_sentence() {
    for (name, breaks, expected) in BROKEN {
        let folder = format!("/broken/{name}");
        let report = breaks(Files::example()).check(&folder);
        let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
        let first = problems.first().expect(name);
        let first = first.strip_prefix(&format!("{folder}/")).unwrap_or(first);
        assert!(
            first.starts_with(expected),
            "{name}: {problems:#?}\nexpected: {expected}"
        );
    }
}

/// One bad row hides nothing but itself.
#[test]
fn the_other_numbers_keep_their_verdicts() {
    let count = |files: Files, folder: &str| {
        let report = files.check(folder);
        (report.problems.len(), report.checks)
    };
    let (problems, whole) = count(Files::example(), "/broken/whole");
    assert_eq!(problems, 0);
    let mut files = Files::example();
    let predictions = files.0.get_mut(PREDICTIONS).expect("predictions");
    *predictions += "bad,text,predicted,table=runs&at=1e20&law=cubic,none,3,2.0\n";
    let (problems, rest) = count(files, "/broken/row");
    assert_eq!((problems, rest.len()), (1, whole.len()));
    for (one, other) in whole.iter().zip(&rest) {
        assert_eq!((&one.id, one.verdict), (&other.id, other.verdict));
    }
}

#[test]
fn a_large_file_is_refused() {
    let mut files = Files::example();
    let runs = files.0.get_mut(RUNS).expect("runs");
    let line = "x,Tiny,,,1e20,validation,loss,2\n";
    *runs += &line.repeat(refit::check::MOST_BYTES.0 / line.len());
    let report = files.check("/broken/large");
    let first = report.problems.first().expect("a problem").to_string();
    assert!(first.contains("“runs.csv” is larger than 20 MB"), "{first}");
}

#[test]
fn units_that_disagree_are_told() {
    let mut files = Files::example().with(
        JSON,
        "\"figures\"",
        "\"architectures\": \"architectures.csv\", \"figures\"",
    );
    let header =
        "family,architecture,image_size,compute_per_sample,mparams,image_mparams,text_mparams";
    // 6 N is 1.2e8 FLOPs, not GFLOPs.
    let row = "Tiny,S,224,0.12,20,10,10";
    files
        .0
        .insert("architectures.csv".to_owned(), format!("{header}\n{row}\n"));
    files.0.insert(
        RUNS.to_owned(),
        "family,architecture,samples_seen,compute,dataset,metric,value\nTiny,S,1e9,1.2e17,validation,loss,3\n"
            .to_owned(),
    );
    let problems = files.check("/broken/units").problems;
    let told = problems.iter().any(|p| {
        p.message
            .starts_with("units disagree: compute is 1.000e9 times")
    });
    assert!(told, "{problems:#?}");
}

/// Changes of a text that keep much of it.
fn mutated(text: &str) -> impl Strategy<Value = String> + use<> {
    let text: Vec<char> = text.chars().collect();
    let length = text.len();
    let change = (0..length, 0..12_usize, "[\\{\\}\\[\\]\",:a-z0-9\n.-]{0,6}");
    prop::collection::vec(change, 1..4).prop_map(move |changes| {
        let mut text = text.clone();
        for (at, cut, insert) in changes {
            let at = at.min(text.len());
            let end = (at + cut).min(text.len());
            text.splice(at..end, insert.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_mutated_folder_panics(
        json in mutated(&Files::example().0[JSON]),
        runs in mutated(&Files::example().0[RUNS]),
        laws in mutated(&Files::example().0[LAWS]),
        which in 0..7_usize,
    ) {
        let mut files = Files::example();
        for (i, (name, text)) in [(JSON, json), (RUNS, runs), (LAWS, laws)].into_iter().enumerate() {
            if which == i || which == 6 || which > 2 && which != i + 3 {
                files.0.insert(name.to_owned(), text);
            }
        }
        let _ = files.check("/broken/mutated");
    }
}
