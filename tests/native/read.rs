//! The papers to read: every number in them is the terminal's, and none is typed in.

use crate::terminal::said;
use refit::analysis::{from_study, run};
use refit::claim::{Library, Printed};
use refit::read::{self, Block, Computed, Document, Inline, Page, Source};
use refit::study::{DataError, Study};
use refit::text::significant;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn disk(path: &str) -> Result<String, DataError> {
    std::fs::read_to_string(path).map_err(|e| DataError::whole(path, e.to_string()))
}

/// Studies with a document, and the least that each must have: words, figures, numbers.
const DOCUMENTS: [(&str, [usize; 3]); 7] = [
    ("openclip", [1_200, 8, 30]),
    ("comparison", [1_200, 8, 30]),
    ("chinchilla", [300, 3, 10]),
    ("datacomp", [300, 3, 10]),
    ("robustness", [300, 3, 10]),
    ("transfer", [300, 3, 10]),
    ("zoo", [300, 3, 10]),
];

fn document(study: &str) -> Document {
    let text = disk(&format!("data/{study}/read.md")).unwrap();
    let (document, problems) = read::parse(&text);
    assert_eq!(problems, [], "{study}");
    document
}

/// Calls `f` with each document, computed.
fn computed(f: impl Fn(&str, &Document, &Computed, &Source)) {
    let studies = Study::bundled();
    let library = Library::read_all(&studies, disk).unwrap();
    let printed = Printed::read(&studies, disk).unwrap();
    for (id, _) in DOCUMENTS {
        let document = document(id);
        let source = Source::new(crate::bundled_study(id), &library, &printed);
        let (computed, problems) = read::compute(&document, &source);
        assert_eq!(problems, [], "{id}");
        f(id, &document, &computed, &source);
    }
}

/// What the terminal prints as JSON, each command once.
#[derive(Default)]
struct Terminal(BTreeMap<Vec<String>, Value>);

impl Terminal {
    fn json(&mut self, arguments: &[String]) -> &Value {
        self.0.entry(arguments.to_vec()).or_insert_with(|| {
            let mut all: Vec<&str> = arguments.iter().map(String::as_str).collect();
            all.push("--json");
            serde_json::from_str(&said(&all)).expect("JSON")
        })
    }

    /// `refit COMMAND --study STUDY` with a query's choices as options, and more of them.
    fn analysis(&mut self, command: &str, study: &str, query: &str, more: &[&str]) -> &Value {
        let mut arguments = vec![command.to_owned(), "--study".to_owned(), study.to_owned()];
        for pair in query
            .trim_start_matches('?')
            .split('&')
            .filter(|p| !p.is_empty())
        {
            let (key, value) = pair.split_once('=').unwrap();
            if ["lines", "x", "y", "v"].contains(&key) {
                continue;
            }
            let lists = ["family", "pretrain", "schedule"].contains(&key);
            let values: Vec<&str> = match lists {
                true => value.split(',').collect(),
                false => vec![value],
            };
            for value in values {
                let value = value
                    .replace("+", " ")
                    .replace("%25", "%")
                    .replace("%3B", ";");
                arguments.extend([format!("--{key}"), value]);
            }
        }
        arguments.extend(more.iter().map(|more| (*more).to_owned()));
        self.json(&arguments)
    }

    /// The values that an address of a document names, in the units of the document.
    fn values(&mut self, study: &str, address: &str) -> Vec<f64> {
        let (query, fragment) = address.split_once('#').unwrap();
        let (name, row) = fragment.split_once('=').unwrap_or((fragment, ""));
        let name = name.split('&').next().unwrap();
        let (name, part) = name.split_once('.').unwrap_or((name, ""));
        let (key, id) = query[1..].split_once('=').unwrap_or((&query[1..], ""));
        match key {
            "claim" => self.claim(study, id, name),
            "claims" => self.verdicts(study, id, name),
            "finding" => self.cell(id, name, row),
            _ if ["rows", "datasets"].contains(&name) => table(query, name),
            _ if ["crossing", "times", "gap"].contains(&name) => {
                self.of_pair(study, query, name, part)
            }
            _ => self.of_series(study, query, name, part),
        }
    }

    fn claim(&mut self, study: &str, id: &str, name: &str) -> Vec<f64> {
        let checks = self.json(&["verify".into(), "--study".into(), study.into()]);
        let check = checks
            .as_array()
            .unwrap()
            .iter()
            .find(|c| c["id"] == id)
            .unwrap();
        let number = |key: &str| check[key].as_f64().unwrap();
        match name {
            "ratio" => vec![number("printed") / number("recomputed")],
            "verdict" => vec![],
            name => vec![number(name)],
        }
    }

    fn verdicts(&mut self, study: &str, prefix: &str, name: &str) -> Vec<f64> {
        let checks = self.json(&["verify".into(), "--study".into(), study.into()]);
        let of = checks.as_array().unwrap().iter().filter(|c| {
            // The error of a law as a whole is printed nowhere.
            let is_printed = c["whole_law"] == false;
            let is_of = c["id"].as_str().unwrap().starts_with(prefix);
            is_printed && is_of && (name == "all" || c["verdict"] == name)
        });
        vec![of.count() as f64]
    }

    fn cell(&mut self, id: &str, name: &str, what: &str) -> Vec<f64> {
        let findings = self.json(&["findings".into()]);
        let finding = findings
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["id"] == id)
            .unwrap();
        let rows = finding["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["what"] == what).unwrap();
        let text = row[name].as_str().unwrap();
        vec![leading(text.trim_start_matches("± "))]
    }

    fn of_pair(&mut self, study: &str, query: &str, name: &str, part: &str) -> Vec<f64> {
        let found = self.analysis("compare", study, query, &[]);
        let number = |value: &Value| value.as_f64().unwrap();
        let mut parts = part.split('.').peekable();
        let which = parts.peek().and_then(|p| p.parse::<usize>().ok());
        let part = parts.nth(usize::from(which.is_some())).unwrap_or_default();
        match name {
            "crossing" => {
                let crossing = &found["crossings"][which.unwrap_or(1) - 1];
                match part {
                    "" => vec![number(&crossing["x"])],
                    "interval" => vec![number(&crossing["low"]), number(&crossing["high"])],
                    "share" => vec![100.0 * number(&crossing["share"])],
                    end => vec![number(&crossing[end])],
                }
            }
            "times" => vec![number(&found["along"][0]["times"])],
            _ => {
                let place = &found["along"][0];
                vec![100.0 * (number(&place["a"]) - number(&place["b"]))]
            }
        }
    }

    fn of_series(&mut self, study: &str, query: &str, name: &str, part: &str) -> Vec<f64> {
        if name == "tenfold" {
            return self.tenfold(study, query);
        }
        let found = self.analysis("fit", study, query, &[]).clone();
        let number = |value: &Value| value.as_f64().unwrap();
        // What the study measures is a loss, not an accuracy.
        let is_loss = study == "chinchilla";
        let accuracy = |error: &Value| match is_loss {
            true => number(error),
            false => 100.0 * (1.0 - number(error)),
        };
        let prediction = &found["predictions"][0];
        match (name, part) {
            ("points" | "excluded", _) => vec![number(&found["points"])],
            ("fitted", _) => vec![number(&found["frontier_points"])],
            ("held-out", _) => vec![number(&found["held_out"])],
            ("from" | "to", _) => vec![number(&found["range"][usize::from(name == "to")])],
            ("best", _) => vec![accuracy(&found["least_error"])],
            ("mse", _) => vec![number(&found["mse"])],
            ("rmse", _) => vec![100.0 * number(&found["mse"]).sqrt()],
            ("x", _) => vec![number(&prediction["x"])],
            ("predicted", "") => vec![accuracy(&prediction["error"])],
            ("predicted", "interval") => {
                vec![accuracy(&prediction["high"]), accuracy(&prediction["low"])]
            }
            (parameter, "") => vec![number(&found["parameters"][parameter])],
            (parameter, "se") => vec![number(&found["standard_errors"][parameter])],
            (parameter, "interval") => ["low", "high"]
                .map(|end| number(&found["profile"][parameter][end]["value"]))
                .to_vec(),
            other => panic!("{other:?}"),
        }
    }

    fn tenfold(&mut self, study: &str, query: &str) -> Vec<f64> {
        let number = |value: &Value| value.as_f64().unwrap();
        let asked = self.analysis("fit", study, query, &[]).clone();
        let (from, query) = match asked["predictions"].as_array().unwrap().first() {
            Some(p) => {
                let kept = query.split('&').filter(|pair| !pair.starts_with("at="));
                (number(&p["x"]), kept.collect::<Vec<_>>().join("&"))
            }
            // The last point of the frontier, which a bin's centre may be.
            None => {
                let exponent = number(&asked["parameters"]["alpha"]);
                assert_eq!(asked["law"], "power");
                return vec![100.0 * (1.0 - 10f64.powf(exponent))];
            }
        };
        let at = [format!("{from}"), format!("{}", 10.0 * from)];
        let more = ["--at", &at[0], "--at", &at[1]];
        let found = self.analysis("fit", study, &query, &more);
        let error = |i: usize| number(&found["predictions"][i]["error"]);
        vec![100.0 * (1.0 - error(1) / error(0))]
    }
}

/// Rows or benchmarks of a table, as `refit data` lists them.
fn table(query: &str, name: &str) -> Vec<f64> {
    let id = query.split("table=").nth(1).unwrap();
    let text = said(&["data"]);
    let mut lines = text.lines();
    let head = lines
        .find(|line| line.starts_with(&format!("  {id} — ")))
        .unwrap();
    vec![match name {
        "rows" => leading(head.rsplit(": ").next().unwrap()),
        _ => lines.take_while(|line| line.starts_with("    ")).count() as f64,
    }]
}

/// The number that a text begins with: "6.66 × 10¹⁰ GFLOPs", "−0.111", "2,686".
fn leading(text: &str) -> f64 {
    let text = text.replace('−', "-").replace(',', "");
    let digit = |c: char| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|s| s == c);
    let mut words = text.split(' ');
    let mantissa = words.next().unwrap();
    let power = match mantissa.strip_prefix("10").filter(|rest| !rest.is_empty()) {
        Some(rest) if rest.starts_with(|c| digit(c).is_some()) => return power_of(rest),
        _ if words.next() == Some("×") => words.next().unwrap().strip_prefix("10").unwrap(),
        _ => "⁰",
    };
    mantissa.trim_start_matches('+').parse::<f64>().unwrap() * power_of(power)
}

fn power_of(superscript: &str) -> f64 {
    let digits = superscript
        .chars()
        .filter_map(|c| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|s| s == c));
    let exponent = digits.fold(0, |e, d| 10 * e + d as i32);
    10f64.powi(if superscript.starts_with('⁻') {
        -exponent
    } else {
        exponent
    })
}

#[test]
fn every_number_is_the_terminals() {
    let terminal = std::cell::RefCell::new(Terminal::default());
    computed(|study, document, computed, _| {
        for (live, number) in document.numbers.iter().zip(&computed.numbers) {
            let number = number.as_ref().unwrap();
            let what = format!("{study} {}", live.address);
            let theirs = terminal.borrow_mut().values(study, &live.address);
            assert_eq!(number.values.len(), theirs.len(), "{what}");
            for (ours, theirs) in number.values.iter().zip(&theirs) {
                let scale = theirs.abs().max(1e-12);
                assert!(
                    (ours - theirs).abs() <= 1e-9 * scale,
                    "{what}: {ours} {theirs}"
                );
            }
            // What is shown is that value, rounded: to three digits, or as a cell or a print has it.
            if let (Some(value), false) = (theirs.first(), live.address.contains("claim=")) {
                let shown = leading(number.text.trim_start_matches("± "));
                assert!(
                    (shown - value).abs() <= 0.005 * value.abs(),
                    "{what}: {} {value}",
                    number.text
                );
            }
        }
    });
}

#[test]
fn documents_have_what_they_should() {
    computed(|study, document, computed, source| {
        let (_, [words, figures, numbers]) = DOCUMENTS.iter().find(|(id, _)| *id == study).unwrap();
        let count: usize = texts(document)
            .iter()
            .map(|t| t.split_whitespace().count())
            .sum();
        assert!((*words..=2_500).contains(&count), "{study}: {count} words");
        assert!(
            document.figures.len() >= *figures,
            "{study}: {}",
            document.figures.len()
        );
        assert!(
            document.numbers.len() >= *numbers,
            "{study}: {}",
            document.numbers.len()
        );
        let page = Page {
            document,
            computed,
            source,
            address: None,
            model: None,
        };
        // What differs is named once; of several runs it is counted.
        let differing = page.listed().differing;
        let count = differing.len();
        assert!(count <= 6, "{study}: {differing:?}");
        if study == "zoo" {
            assert_eq!(differing, ["All 38 sets mean, 3 runs"]);
        }
        let (html, files) = page.html();
        // Every way on is to this study, and to nothing that it has not.
        assert!(!html.contains("page=run&amp;model="), "{study}");
        assert!(
            html.contains("Text by Refit, not by the authors"),
            "{study}"
        );
        for href in html.split("href=\"").skip(1) {
            let href = href.split('"').next().unwrap();
            assert!(!href.is_empty(), "{study}: a link to nothing");
        }
        assert_eq!(
            html.matches("class=\"number\"").count(),
            document.numbers.len()
        );
        for number in computed.numbers.iter().flatten() {
            let text = number.text.replace(' ', "\u{a0}");
            assert!(html.contains(&format!(">{text}</a>")), "{text}");
        }
        for name in files.keys() {
            assert!(html.contains(name.as_str()), "{name}");
        }
        // Nothing inline that the page's policy forbids.
        for forbidden in ["<script>", " style=", " onclick", "javascript:"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    });
}

/// The text of a document that its author wrote, block by block, with a mark where a number is computed.
fn texts(document: &Document) -> Vec<String> {
    let mut texts = vec![document.title.clone()];
    blocks(&document.blocks, &mut texts);
    texts.extend(document.figures.iter().map(|f| inlines(&f.caption)));
    texts
}

fn blocks(all: &[Block], texts: &mut Vec<String>) {
    for block in all {
        match block {
            Block::Heading { text, .. } | Block::Paragraph(text) => texts.push(inlines(text)),
            Block::Aside(inner) => blocks(inner, texts),
            Block::List { items, .. } => items.iter().for_each(|item| blocks(item, texts)),
            Block::Table { head, rows } => {
                let cells = head.iter().chain(rows.iter().flatten());
                texts.extend(cells.map(|cell| inlines(cell)));
            }
            Block::Code(text) => texts.push(text.clone()),
            Block::Formula(_) | Block::LiveFormula(_) | Block::Figure(_) | Block::Rule => {}
        }
    }
}

fn inlines(all: &[Inline]) -> String {
    let texts = all.iter().map(|inline| match inline {
        Inline::Text(text) | Inline::Code(text) => text.clone(),
        Inline::Emphasis(inner) | Inline::Strong(inner) => inlines(inner),
        Inline::Link { text, .. } => inlines(text),
        Inline::Formula(_) | Inline::LiveFormula(_) => "x".to_owned(),
        Inline::Number(_) => "n".to_owned(),
        Inline::Break => " ".to_owned(),
    });
    texts.collect()
}

/// Whether a word with digits is a name or a definition, and no result.
fn is_name(word: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic();
    // ImageNet-1k, ViT-B/32, LAION-400M, ADE20K, recall@5.
    let named = word.starts_with(letter);
    // Numbers of samples by which models and sets are known: 12.8B, 34B, 400M.
    let label = word.strip_suffix(['B', 'M']);
    let label = label.is_some_and(|digits| digits.parse::<f64>().is_ok());
    // A year.
    let year = word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
    // The level of an interval.
    named || label || year || word == "95"
}

#[test]
fn no_number_is_typed_in() {
    for (study, _) in DOCUMENTS {
        for text in texts(&document(study)) {
            let text = text.replace("Llama 3", "Llama");
            let words = text.split(|c: char| c.is_whitespace() || "—–()“”‘’,;:?!%".contains(c));
            for word in words.map(|word| word.trim_end_matches('.')) {
                let digits = word.contains(|c: char| c.is_ascii_digit());
                assert!(!digits || is_name(word), "{study}: “{word}” in “{text}”");
            }
        }
    }
    assert!(!is_name("79.6") && !is_name("5e9") && !is_name("6"));
}

#[test]
fn a_number_that_does_not_resolve_has_its_place() {
    let folder = std::env::temp_dir().join(format!("refit-read-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    copy("docs/example-study".as_ref(), &folder);
    let file = folder.join("read.md");
    let good = std::fs::read_to_string(&file).unwrap();
    let name = folder.display().to_string();
    assert!(said(&["study", "check", &name]).contains("is well formed"));
    for (from, to, problem) in [
        (
            "runs#alpha",
            "runs#gamma",
            "read.md, line 3, column 96: there is no “gamma”",
        ),
        ("?table=runs#E", "?table=none#E", "table “none”"),
        (
            "frontier: pareto | all",
            "frontier: pareto | some",
            "line 5, column 1: The query asks for frontier “some”",
        ),
        (
            "frontier: pareto | all",
            "colour: a | b",
            "is no key of a query",
        ),
        (
            "?claim=next-run#printed",
            "?claim=last-run#printed",
            "no printed number is “last-run”",
        ),
        ("> The numbers", "<b>The numbers", "has HTML"),
        (
            "> The numbers",
            "> [The](?famly=Tiny) numbers",
            "line 17, column 3: The query has the unknown key “famly”",
        ),
        (
            "> The numbers",
            "> [$x$](?table=none) numbers",
            "line 17, column 3: The query asks for table “none”",
        ),
        (
            "> The numbers",
            "> [$x$](?claims=none/) numbers",
            "line 17, column 3: no coefficient of a printed law has an id that begins with “none/”",
        ),
    ] {
        std::fs::write(&file, good.replace(from, to)).unwrap();
        let output = crate::terminal::refit(&["study", "check", &name]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            !output.status.success() && said.contains(problem),
            "{to}: {said}"
        );
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A measurement has its unit, though a comma and a colon stand before it in what readers see.
#[test]
fn printed_measurements_have_their_unit() {
    let folder = std::env::temp_dir().join(format!("refit-unit-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    copy("docs/example-study".as_ref(), &folder);
    let edit = |name: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(text.contains(from), "{name}");
        std::fs::write(folder.join(name), text.replacen(from, to, 1)).unwrap();
    };
    let claims = "\"claims\": [";
    let more = format!("{claims}{{\"file\": \"printed/m.csv\", \"kind\": \"measurements\"}},");
    edit("study.json", claims, &more);
    let query = "\"table=runs&dataset=validation&metric=loss\"";
    let rows = format!("id,source,query,run,decimals,printed\nm,table 1,{query},S-1e09,3,3.192\n");
    std::fs::write(folder.join("printed/m.csv"), rows).unwrap();
    edit(
        "read.md",
        "> The numbers",
        "> [One](?claim=m#printed) and the numbers",
    );
    let said = said(&["study", "numbers", &folder.display().to_string()]);
    assert!(said.contains("3.192 nats"), "{said}");
    std::fs::remove_dir_all(&folder).unwrap();
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (from, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        match from.is_dir() {
            true => copy(&from, &to),
            false => drop(std::fs::copy(&from, &to).unwrap()),
        }
    }
}

/// A figure whose printed law differs shows it dotted; the list below has the chart's colours.
#[test]
fn a_printed_law_that_differs_is_in_the_figure() {
    computed(|id, _, computed, source| {
        let variants = computed.figures.iter().flatten().flat_map(|f| &f.variants);
        for variant in variants {
            let differs = variant.query.contains("dataset=imagenet-r")
                && variant.query.contains("table=plotted_frontier");
            assert_eq!(variant.dotted.is_some(), differs, "{id}: {}", variant.query);
            let (analysis, _) = from_study(source.study, &variant.query);
            let rows = source.library.rows(analysis.table).unwrap();
            let outcome = run(&analysis, rows, source.library.architectures(source.study));
            let places: Vec<usize> = outcome.series.iter().map(|s| s.place).collect();
            let listed: Vec<usize> = variant.laws.iter().map(|law| law.place).collect();
            assert_eq!(places, listed, "{id}: {}", variant.query);
        }
    });
}

/// The values on a formula's card are the terminal's: fitted with their intervals, and printed with their verdicts.
#[test]
fn formulas_have_the_terminals_values() {
    let laws = RefCell::new(BTreeMap::new());
    computed(|study, document, computed, source| {
        let mut terminal = Terminal::default();
        // What JSON has no number for is infinite.
        let same = |ours: f64, theirs: &Value| match theirs.as_f64() {
            Some(theirs) => (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-12),
            None => ours.is_infinite(),
        };
        let page = Page {
            document,
            computed,
            source,
            address: None,
            model: None,
        };
        let (html, _) = page.html();
        assert_eq!(
            html.matches("class=\"live law\"").count(),
            document.formulas.len()
        );
        for fitted in computed.formulas.iter().flatten() {
            for law in &fitted.laws {
                let parameters = law.parameters.as_ref().unwrap();
                for parameter in parameters {
                    assert!(html.contains(&format!("<span>{}</span>", parameter.text)));
                }
                let printed = parameters.iter().filter_map(|p| p.printed.as_ref());
                let printed: Vec<_> = printed.map(|p| (&p.text, p.verdict)).collect();
                laws.borrow_mut()
                    .insert(format!("{study}: {}", law.name), printed.len());
                if law.query.is_empty() {
                    // Of printed coefficients there are no intervals.
                    let checks = terminal.json(&["verify".into(), "--study".into(), study.into()]);
                    for parameter in parameters {
                        let value = parameter.value.unwrap();
                        let checks = checks.as_array().unwrap();
                        let check = checks.iter().find(|c| c["id"] == parameter.id.as_str());
                        let check = check.unwrap();
                        assert!(same(value, &check["recomputed"]), "{}", parameter.id);
                        let verdict =
                            serde_json::to_value(parameter.printed.as_ref().unwrap().verdict);
                        assert_eq!(verdict.unwrap(), check["verdict"]);
                    }
                    continue;
                }
                let found = terminal.analysis("fit", study, &law.query, &[]).clone();
                let all = found["parameters"].as_object().unwrap();
                assert_eq!(all.len(), parameters.len(), "{study}: {}", law.query);
                for parameter in parameters {
                    let what = format!("{study}: {} of {}", parameter.id, law.query);
                    let value = parameter.value.unwrap();
                    assert!(same(value, &all[&parameter.id]), "{what}: {value}");
                    assert_eq!(parameter.text, significant(value, 3), "{what}");
                    let ends = &found["profile"][&parameter.id];
                    for (end, ours) in ["low", "high"].into_iter().zip(parameter.interval.unwrap())
                    {
                        let theirs = &ends[end];
                        assert_eq!(ours.is_none(), theirs["kind"] == "open", "{what}: {theirs}");
                        let ours = ours.unwrap_or(f64::INFINITY);
                        assert!(same(ours, &theirs["value"]), "{what}: {ours} {theirs}");
                    }
                }
            }
        }
    });
    let laws = laws.into_inner();
    // Of the home papers each coefficient of these laws is printed, too.
    for (law, printed) in [
        ("comparison: CLIP, DataComp-1.4B", 4),
        ("comparison: MaMMUT, DataComp-1.4B", 4),
        ("openclip: CLIP, LAION (80M, 400M, 2B)", 2),
        ("openclip: CLIP, OpenAI’s WIT", 2),
    ] {
        assert_eq!(laws.get(law), Some(&printed), "{laws:?}");
    }
    let studies: BTreeSet<&str> = laws
        .keys()
        .filter_map(|law| law.split(':').next())
        .collect();
    assert!(studies.len() >= 4, "{studies:?}");
}

/// A link to a page is shown with a picture of it: its own, of the size that the page says, at a whole address.
#[test]
fn every_page_has_a_picture_for_shared_links() {
    const SITE: &str = "https://example.org/refit/";
    let folder = std::env::temp_dir().join(format!("refit-share-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let (home, read) = (folder.join("index.html"), folder.join("read"));
    std::fs::write(&home, "<head></head><body><div id=\"home\"></div></body>").unwrap();
    let (out, page) = (read.display().to_string(), home.display().to_string());
    let render = ["study", "render", "--out", &out, "--home", &page];
    said(&[&render[..], &["--site", SITE]].concat());
    let papers = DOCUMENTS.map(|(id, _)| read.join(id).join("index.html"));
    let mut pictures = BTreeSet::new();
    for page in papers.iter().chain([&home, &read.join("index.html")]) {
        let html = std::fs::read_to_string(page).unwrap();
        let value = |property: &str| {
            let start = format!("<meta property=\"{property}\" content=\"");
            let (_, rest) = html.split_once(&start).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let image = value("og:image");
        let path = image.strip_prefix(SITE).expect("a whole address");
        let png = std::fs::read(folder.join(path)).unwrap();
        let picture = image::load_from_memory(&png).unwrap().to_rgb8();
        let size = |property: &str| value(property).parse::<u32>().unwrap();
        let told = (size("og:image:width"), size("og:image:height"));
        assert_eq!((picture.dimensions(), told), ((1200, 630), (1200, 630)));
        assert!(value("og:image:alt").len() > 20, "{image}");
        // There is text: without a font the letters would be missing.
        let dark = |area: [u32; 4]| {
            let [left, top, right, bottom] = area;
            let places = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
            places
                .filter(|(x, y)| picture.get_pixel(*x, *y)[0] < 64)
                .count()
        };
        assert!(dark([40, 100, 560, 350]) > 2_000, "{image} has no title");
        assert!(dark([600, 60, 1140, 580]) > 500, "{image} has no figure");
        assert!(html.contains("content=\"summary_large_image\""));
        pictures.insert(png);
    }
    // The list has Home's.
    assert_eq!(pictures.len(), DOCUMENTS.len() + 1);
    std::fs::remove_dir_all(&folder).unwrap();
}
