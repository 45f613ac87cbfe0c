//! Home: what it says is the terminal's.

use crate::read::disk;
use crate::terminal::said;
use refit::analysis::from_study;
use refit::claim::{Library, Printed};
use refit::read::{Answer, Home, Source};
use refit::study::{DataError, Study, folder};
use refit::text::percent;
use serde_json::Value;

#[test]
fn home_says_what_the_terminal_predicts() {
    let studies = Study::bundled();
    let library = Library::read_all(&studies, disk).unwrap();
    let printed = Printed::read(&studies, disk).unwrap();
    let answer = Answer::new(&disk("public/clip/shapes.json").unwrap()).unwrap();
    // Of the captions of all samples its own is the likeliest.
    assert_eq!(answer.shares[0].0, answer.label);
    let home = Home {
        source: &Source::new(Study::default(), &library, &printed),
        papers: &[],
        answer: &answer,
        repository: None,
    };
    let (html, files) = home.html().unwrap();
    assert!(
        html.contains("MaMMUT overtakes CLIP at about 7 × 10¹⁰ GFLOPs"),
        "{html}"
    );
    assert!(html.contains("95 % confidence interval") && !html.contains("Read about them"));
    let steps: Vec<Value> = serde_json::from_str(&files["home.json"]).unwrap();
    for step in [&steps[0], &steps[40], steps.last().unwrap()] {
        for (law, family) in step["laws"]
            .as_array()
            .unwrap()
            .iter()
            .zip(["clip", "mammut"])
        {
            let at = step["place"].to_string();
            let said = said(&["fit", "--family", family, "--at", &at, "--json"]);
            let fit: Value = serde_json::from_str(&said).unwrap();
            let predicted = &fit["predictions"][0];
            let number = |name: &str| percent(predicted[name].as_f64().unwrap());
            assert_eq!(law[0], number("error"), "{family} at {at}");
            let interval = format!("{} to {}", number("low"), number("high"));
            assert_eq!(law[1], interval, "{family} at {at}");
        }
    }
}

/// Beyond the fitted runs Home says so, and which run was held out there.
#[test]
fn home_says_what_was_measured_near() {
    let studies = Study::bundled();
    let library = Library::read_all(&studies, disk).unwrap();
    let printed = Printed::read(&studies, disk).unwrap();
    let answer = Answer::new(&disk("public/clip/shapes.json").unwrap()).unwrap();
    let home = Home {
        source: &Source::new(Study::default(), &library, &printed),
        papers: &[],
        answer: &answer,
        repository: None,
    };
    let (html, files) = home.html().unwrap();
    let steps: Vec<Value> = serde_json::from_str(&files["home.json"]).unwrap();
    let near = |x: f64| {
        let away = |step: &&Value| (step["place"].as_f64().unwrap() / x).ln().abs();
        let step = steps.iter().min_by(|a, b| away(a).total_cmp(&away(b)));
        step.unwrap()["near"].as_str().unwrap().to_owned()
    };
    // Below the points the law of MaMMUT is above 100 %.
    let above = |step: &Value| {
        let laws = step["laws"].as_array().unwrap().iter();
        let mut errors = laws.map(|law| law[0].as_str().unwrap());
        errors.any(|text| text.trim_end_matches(" %").parse::<f64>().unwrap() > 100.0)
    };
    for step in steps.iter() {
        assert_eq!(step["above"] != "", above(step), "{step}");
    }
    assert!(above(&steps[0]) && !above(steps.last().unwrap()));
    let among = near(1e10);
    assert!(among.starts_with("The nearest fitted run: ") && !among.contains("held out"));
    let (analysis, _) = from_study(Study::default(), "");
    let rows = library.rows(analysis.table).unwrap();
    let held_out = rows.iter().filter(|m| {
        let is_shown = m.dataset == "imagenet1k" && m.metric == "acc1" && m.family == "mammut";
        is_shown && m.compute.is_some_and(|c| c > 1e12)
    });
    let held_out: Vec<_> = held_out.collect();
    assert!(!held_out.is_empty());
    for m in held_out {
        let said = near(m.compute.unwrap());
        assert!(said.contains(" times beyond the fitted runs."), "{said}");
        let error = percent(1.0 - m.value);
        let (_, runs) = said.split_once("held out of the fit: ").unwrap();
        assert!(runs.contains("MaMMUT"), "{said}");
        assert!(said.contains(&error), "{said} lacks {error}");
    }
    // Where the slider stands at first.
    let (_, runs) = html.split_once("held out of the fit: ").unwrap();
    assert!(runs.starts_with("CLIP") && runs.contains("; MaMMUT"));
}

/// A site whose first study has no law, or none to read, still has its Home.
#[test]
fn home_is_drawn_without_a_law() {
    // A header and two runs of the example: too few for a law.
    let few = |path: &str| -> Result<String, DataError> {
        let text = disk(path)?;
        let lines = if path.ends_with("runs.csv") {
            3
        } else {
            usize::MAX
        };
        let start = text.lines().take(lines).map(|line| format!("{line}\n"));
        Ok(start.collect())
    };
    let answer = Answer::new(&disk("public/clip/shapes.json").unwrap()).unwrap();
    let drawn = |study: Study, read: &dyn Fn(&str) -> Result<String, DataError>| {
        let library = Library::read_all(&[study], read).unwrap();
        let printed = Printed::read(&[study], read).unwrap();
        let home = Home {
            source: &Source::new(study, &library, &printed),
            papers: &[],
            answer: &answer,
            repository: None,
        };
        let (html, files) = home.html().unwrap_or_else(|e| panic!("{}: {e}", study.id));
        let has_slider = html.contains("type=\"range\"");
        assert_eq!(has_slider, files.contains_key("home.json"), "{}", study.id);
        assert!(html.contains("main-figure") && !html.contains("id=\"papers\""));
        has_slider
    };
    for study in Study::bundled() {
        assert!(drawn(study, &disk), "{}", study.id);
    }
    assert!(!drawn(
        folder::open("docs/example-study", few).unwrap(),
        &few
    ));
}
