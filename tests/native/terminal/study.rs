//! `refit study`: a folder begun from a table, and held to its numbers.

use super::refit;
use std::fs;
use std::path::PathBuf;

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("study-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Status, standard output, standard error.
fn run(arguments: &[&str]) -> (bool, String, String) {
    let output = refit(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output.status.success(), out, err)
}

/// Language models, with an accuracy whose column is called after its set alone.
fn sweep() -> String {
    let rows = (0..8).map(|i| {
        let (n, d) = (50 << i, 1 << i);
        let loss = 1.8 + 1.9 * 0.8f64.powi(i);
        let accuracy = 28.6 + 4.0 * f64::from(i);
        format!("run-{i},{n},{d},{loss:.4},{accuracy:.1}\n")
    });
    format!(
        "name,params (M),tokens (B),val loss,hellaswag (%)\n{}",
        rows.collect::<String>()
    )
}

#[test]
fn a_new_study_says_what_it_takes_each_column_for() {
    let folder = folder("new");
    let table = folder.join("sweep.csv");
    fs::write(&table, sweep()).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let (fine, out, err) = run(&["study", "new", &path("a"), "--runs", &path("sweep.csv")]);
    assert!(fine, "{err}");
    // No column of numbers goes without a word, and the way to use it is told.
    assert!(
        err.contains("columns of numbers that are not used: hellaswag (%)"),
        "{err}"
    );
    assert!(err.contains("--map 'accuracy=hellaswag (%)'"), "{err}");
    assert!(
        out.contains("hellaswag (%): ") && out.contains("(not used)"),
        "{out}"
    );
    // That way keeps the other results.
    let map = ["--map", "accuracy=hellaswag (%)"];
    let new = ["study", "new", &path("b"), "--runs", &path("sweep.csv")];
    let (fine, out, err) = run(&[&new[..], &map].concat());
    assert!(fine && out.contains("16 measurements"), "{out} {err}");
    let rows = fs::read_to_string(folder.join("b/runs.csv")).unwrap();
    assert_eq!(rows.matches(",hellaswag,acc1,").count(), 8, "{rows}");
    assert_eq!(rows.matches(",validation,loss,").count(), 8, "{rows}");
    // Nothing is made up for publication, and tokens are tokens.
    assert!(
        !rows.contains("cosine") && !rows.contains("yours"),
        "{rows}"
    );
    let description = fs::read_to_string(folder.join("b/study.json")).unwrap();
    assert!(
        description.contains("\"noun\": \"tokens\""),
        "{description}"
    );
    let (fine, out, _) = run(&["study", "check", &path("b")]);
    assert!(fine && out.contains("is well formed"), "{out}");
    // 28.6 percent is 0.286, not its neighbour in floating point.
    assert!(rows.contains(",hellaswag,acc1,0.286\n"), "{rows}");
    // A set that is named alone has its own metric; a place far off says how far.
    let fit = ["fit", "--study", &path("b"), "--dataset", "hellaswag"];
    let (fine, out, err) = run(&[&fit[..], &["--at", "1.2e22 FLOPs"]].concat());
    assert!(
        fine && out.starts_with("hellaswag top-1 accuracy, table runs"),
        "{out} {err}"
    );
    assert!(out.contains(" × the largest measured): error"), "{out}");
    let (_, out, _) = run(&["fit", "--study", &path("b")]);
    assert!(out.starts_with("validation loss, table runs"), "{out}");
}

#[test]
fn a_result_that_names_no_set_says_which_is_taken() {
    let folder = folder("set");
    let table = folder.join("runs.csv");
    fs::write(&table, "name,flops,x\na,1e18,40\nb,1e19,50\nc,1e20,60\n").unwrap();
    let (study, table) = (
        folder.join("s").display().to_string(),
        table.display().to_string(),
    );
    let new = [
        "study",
        "new",
        &study,
        "--runs",
        &table,
        "--map",
        "score=x:percent",
    ];
    let (fine, _, err) = run(&new);
    assert!(
        fine && err.contains("“x” names no set: taken for ImageNet-1k."),
        "{err}"
    );
}

#[test]
fn a_strict_check_fails_where_a_number_does_not_come_back() {
    let folder = folder("strict");
    for name in [
        "study.json",
        "runs.csv",
        "printed/laws.csv",
        "printed/predictions.csv",
    ] {
        fs::create_dir_all(folder.join("printed")).unwrap();
        fs::copy(format!("docs/example-study/{name}"), folder.join(name)).unwrap();
    }
    let name = folder.display().to_string();
    let check = |strict: bool| {
        let arguments = ["study", "check", &name, "--strict"];
        run(&arguments[..3 + usize::from(strict)])
    };
    assert!(check(false).0 && check(true).0);
    let laws = folder.join("printed/laws.csv");
    let good = fs::read_to_string(&laws).unwrap();
    fs::write(&laws, good.replace(",397.2", ",512.0")).unwrap();
    let (fine, out, _) = check(false);
    assert!(fine && out.contains("differs"), "{out}");
    let (fine, _, err) = check(true);
    assert!(!fine && err.contains("does not pass"), "{err}");
    // Of a law that lacks coefficients the reason is told, with those that it has.
    let all: Vec<&str> = good.lines().collect();
    fs::write(&laws, format!("{}\n{}\n", all[0], all[2])).unwrap();
    let (_, out, _) = check(false);
    assert!(
        out.contains("has the coefficients A, alpha, E; printed are alpha."),
        "{out}"
    );
    assert!(!check(true).0);
}

#[test]
fn files_of_a_folder_that_are_not_read_are_named() {
    let folder = folder("json");
    for (i, accuracy) in [(1, 0.5), (2, 0.6)] {
        let text = format!(
            "{{\"name\": \"r{i}\", \"gflops\": 1e{}, \"acc1\": {accuracy}}}\n",
            8 + i
        );
        fs::write(folder.join(format!("r{i}.json")), text).unwrap();
    }
    fs::write(folder.join("notes.txt"), "none").unwrap();
    // Folders in it are read, hidden files are not there.
    fs::create_dir_all(folder.join("more")).unwrap();
    fs::write(
        folder.join("more/all.json"),
        "[\n{\"name\": \"r3\", \"gflops\": 1e11, \"acc1\": 0.7}\n]",
    )
    .unwrap();
    fs::write(folder.join("more/torn.json"), "{\"name\": ").unwrap();
    fs::write(folder.join(".hidden"), "").unwrap();
    let (fine, out, err) = run(&["runs", &folder.display().to_string()]);
    assert!(fine, "{err}");
    assert!(
        out.contains("3 JSON files are read as one table. Not JSON inside: more/torn.json. Not read, as they are no JSON files: notes.txt."),
        "{out}"
    );
    assert!(out.contains("3 rows, 3 kept"), "{out}");
}

#[test]
fn a_loss_is_not_called_an_error() {
    let fit = ["fit", "--study", "docs/example-study", "--at", "1e20"];
    let (fine, out, err) = run(&fit);
    assert!(fine, "{err}");
    assert!(
        out.contains("at 1.0000e20 FLOPs (1.7 × the largest measured): loss "),
        "{out}"
    );
    let (_, out, _) = run(&["fit", "--at", "1e12"]);
    assert!(
        out.contains(" GFLOPs: error 0.") && out.contains(", metric "),
        "{out}"
    );
}
