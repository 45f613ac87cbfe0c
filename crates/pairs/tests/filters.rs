//! Filters against DataComp's own.

use crate::{file, told};
use refit_npy::{Uid, read_uids, write_uids};
use refit_pairs::filter::{Edition, Filtered, Rule, filter};
use refit_pairs::records::{Purpose, Records, choose};
use refit_pairs::{Duplicates, Facts, Source};
use serde_json::Value;

fn facts(score: &str) -> Vec<Facts> {
    let file = file("datacomp.parquet");
    let table = Records::open(&file).unwrap();
    let columns = table.columns();
    let text = choose(&columns, Purpose::Text, None).unwrap();
    let score = choose(&columns, Purpose::Score, Some(score)).unwrap();
    let source = Source::new(&columns, text, Some(score));
    let mut facts = Vec::new();
    let read = table.read(&source.columns, None, &mut |_, cells| {
        facts.push(source.facts(cells).unwrap());
        true
    });
    read.unwrap();
    facts
}

fn uids(facts: &[Facts], filtered: &Filtered) -> Vec<Uid> {
    let kept = facts.iter().zip(&filtered.kept);
    let uids = kept
        .filter(|(_, kept)| **kept)
        .map(|(facts, _)| facts.uid.unwrap());
    // As a subset file has them.
    read_uids(&write_uids(&uids.collect::<Vec<Uid>>())).unwrap()
}

fn expected(uids: &Value) -> Vec<Uid> {
    let uids: Vec<String> = serde_json::from_value(uids.clone()).unwrap();
    uids.iter().map(|uid| uid.parse().unwrap()).collect()
}

#[test]
fn the_basic_filter_is_datacomps() {
    let told = told("datacomp.json");
    let facts = facts("clip_b32_similarity_score");
    let mut rules = Rule::basic(Edition::Code);
    // The languages of two detectors differ; see `english_is_fasttexts_on_most_short_texts`.
    rules.retain(|rule| *rule != Rule::English);
    let filtered = filter(&facts, &rules, None);
    assert_eq!(uids(&facts, &filtered), expected(&told["basic"]));
    for count in &filtered.counts {
        assert_eq!(told["removed"][&count.rule], count.alone, "{}", count.rule);
        assert_eq!(count.unknown, 0);
    }
    let in_place: u64 = filtered.counts.iter().map(|count| count.in_place).sum();
    assert_eq!(in_place + filtered.left(), facts.len() as u64);
    // What lies on the bounds is what the paper's words leave out.
    let mut paper = Rule::basic(Edition::Paper);
    paper.retain(|rule| *rule != Rule::English);
    let stricter = filter(&facts, &paper, None);
    assert!(stricter.left() < filtered.left());
    for (i, facts) in facts.iter().enumerate() {
        let (width, height) = facts.size.unwrap();
        let is_on = width.min(height) == 200.0 || width.max(height) == 3.0 * width.min(height);
        assert_eq!(stricter.kept[i], filtered.kept[i] && !is_on);
    }
}

#[test]
fn the_top_share_is_datacomps() {
    let told = told("datacomp.json");
    for (name, expected_top) in told["top"].as_object().unwrap() {
        let (score, share) = name.split_once(' ').unwrap();
        let facts = facts(score);
        let filtered = filter(&facts, &[Rule::TopShare(share.parse().unwrap())], None);
        assert_eq!(
            uids(&facts, &filtered),
            expected(&expected_top["uids"]),
            "{name}"
        );
        let threshold = f64::from(filtered.counts[0].threshold.unwrap());
        assert_eq!(threshold, expected_top["threshold"].as_f64().unwrap());
    }
    let facts = facts("clip_b32_similarity_score");
    let filtered = filter(&facts, &[Rule::MinScore(0.28)], None);
    assert_eq!(uids(&facts, &filtered), expected(&told["at least 0.28"]));
    let all = filter(&facts, &[Rule::TopShare(1.0)], None);
    assert_eq!(all.left(), facts.len() as u64);
}

#[test]
fn equal_addresses_and_texts_are_pandas_duplicates() {
    let told = told("datacomp.json");
    let facts = facts("clip_b32_similarity_score");
    let filtered = filter(&facts, &[Rule::UniqueUrlAndText], None);
    let first: Vec<bool> = serde_json::from_value(told["first of equal"].clone()).unwrap();
    assert_eq!(filtered.kept, first);
    assert!(first.contains(&false));
}

fn fact(text: &str) -> Facts {
    Facts {
        text: text.to_owned(),
        ..Facts::default()
    }
}

#[test]
fn of_duplicates_the_first_that_is_left_is_kept() {
    let mut facts: Vec<Facts> = ["a", "b", "b", "c", "b"].iter().map(|t| fact(t)).collect();
    facts.iter_mut().for_each(|facts| facts.score = Some(0.5));
    facts[4].score = None;
    let mut duplicates = Duplicates::new(5);
    for (a, b) in [(0, 1), (1, 2), (4, 3)] {
        duplicates.join(a, b);
    }
    let rule = Rule::FirstOfDuplicates;
    let alone = filter(&facts, std::slice::from_ref(&rule), Some(&duplicates));
    assert_eq!(alone.kept, [true, false, false, true, false]);
    let rules = [Rule::Contains("B".to_owned()), rule.clone()];
    let after = filter(&facts, &rules, Some(&duplicates));
    assert_eq!(after.kept, [false, true, false, false, true]);
    let counts: Vec<(u64, u64)> = after.counts.iter().map(|c| (c.alone, c.in_place)).collect();
    assert_eq!(counts, [(2, 2), (3, 1)]);
    // What is not known takes a pair out, and is counted.
    let scored = filter(&facts, &[Rule::MinScore(0.1), rule], None);
    assert_eq!(scored.left(), 0);
    let counts: Vec<(u64, u64)> = scored.counts.iter().map(|c| (c.alone, c.unknown)).collect();
    assert_eq!(counts, [(1, 1), (5, 5)]);
}

#[test]
fn english_is_told_from_other_languages() {
    let is_english = |text: &str| filter(&[fact(text)], &[Rule::English], None).kept[0];
    for text in [
        "A man riding a wave on top of a surfboard.",
        "The front of an old house with a red door and white windows",
        "This is a photograph of the two cats which were sleeping on the couch",
    ] {
        assert!(is_english(text), "{text}");
    }
    for text in [
        "Ein Mann reitet auf einer Welle mit einem Surfbrett.",
        "Un homme qui fait du surf sur une vague de l’océan",
        "海の上でサーフィンをしている男性",
        "Мужчина катается на волне на доске для серфинга",
        "12345",
        "",
    ] {
        assert!(!is_english(text), "{text}");
    }
}

/// Where the two detectors differ, and that ours takes nothing else for English.
#[test]
fn english_is_fasttexts_on_most_short_texts() {
    let told = told("languages.json");
    let told = told.as_array().unwrap();
    let is_english = |text: &str| filter(&[fact(text)], &[Rule::English], None).kept[0];
    let mut differ = Vec::new();
    for row in told {
        let text = row["text"].as_str().unwrap();
        let ours = is_english(text);
        assert!(row["language"] == "en" || !ours, "{text}");
        if ours != (row["lid.176.ftz"] == "en") {
            differ.push(text);
        }
    }
    assert_eq!(told.len(), 71);
    assert_eq!(differ, DIFFER);
}

const DIFFER: [&str; 2] = ["Best hotels in Rome", "12345"];

#[test]
fn facts_are_found_under_the_names_that_people_use() {
    let json = |text: &str| serde_json::from_str::<serde_json::Map<String, Value>>(text).unwrap();
    let of = |text| Facts::of_metadata("t", &json(text));
    let img2dataset = of(
        r#"{"url": "u", "width": 256, "height": 128, "original_width": 1024, "original_height": 512, "uid": "0f"}"#,
    );
    assert_eq!(img2dataset.size, Some((1024.0, 512.0)));
    assert_eq!(img2dataset.uid, Some(Uid(15)));
    let laion =
        of(r#"{"URL": "u", "WIDTH": 300.0, "HEIGHT": "200", "punsafe": 0.75, "pwatermark": 0.25}"#);
    assert_eq!(laion.size, Some((300.0, 200.0)));
    let [safe, clean] = [laion.unsafety, laion.watermark];
    assert_eq!((safe, clean), (Some(0.75), Some(0.25)));
    let for_use = filter(&[laion], &Rule::laion_for_use(), None);
    let counts: Vec<u64> = for_use.counts.iter().map(|count| count.alone).collect();
    assert_eq!(counts, [1, 0]);
    let odd = of(r#"{"width": 0, "height": 10, "uid": "xyz", "bytes": -1, "punsafe": "NaN"}"#);
    assert_eq!(odd, fact("t"));
}

#[test]
fn laions_rules_count_characters_and_bytes() {
    let pair = |text: &str, bytes| Facts {
        bytes: Some(bytes),
        url: Some("u".to_owned()),
        ..fact(text)
    };
    let facts = [
        pair("four", 9000),
        pair("fünf!", 5000),
        pair("fives", 4999),
        pair("fünf!", 7000),
    ];
    let filtered = filter(&facts, &Rule::laion(), None);
    assert_eq!(filtered.kept, [false, true, false, false]);
    let counts: Vec<(u64, u64)> = filtered
        .counts
        .iter()
        .map(|c| (c.alone, c.in_place))
        .collect();
    assert_eq!(counts, [(1, 1), (1, 1), (1, 1)]);
}
