//! The tab Pairs with the reader's heads as rules, beside `refit filter --head`.

use crate::pairs::{embedded, kept, public, terminal};
use browser_tests::Page;
use serde_json::{Value, json};

fn give(page: &Page, name: &str, text: &str) {
    page.eval(&format!(
        "(() => {{
            const data = new DataTransfer();
            data.items.add(new File([{}], '{name}'));
            const input = document.querySelector('#pairs input[name=\"Head as a rule\"]');
            input.files = data.files;
            input.dispatchEvent(new Event('change', {{bubbles: true}}));
        }})()",
        json!(text)
    ));
}

fn counts(page: &Page, rule: &str) {
    page.wait_for(&format!(
        "document.querySelector('#pairs .rules tbody')?.innerText.includes({})",
        json!(rule)
    ));
}

#[test]
fn heads_are_rules() {
    let folder = std::env::temp_dir().join(format!("refit-head-rules-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let texts = ["star", "circle", "square"].map(|class| format!("a photo of a {class}."));
    let options = texts.iter().flat_map(|text| ["--text", text]);
    let told = terminal("embed", &options.collect::<Vec<&str>>());
    let numbers = |at: usize| told["texts"][at]["embedding"].as_array().expect("numbers");
    let head = |name: &str, labels: &[&str], scoring: Value| {
        let weights: Vec<&Value> = (0..labels.len()).flat_map(numbers).collect();
        let head = json!({
            "format": "refit-head-1", "name": name, "labels": labels, "width": 128,
            "weights": weights, "scoring": scoring, "model": null,
        });
        let path = folder.join(format!("{name}.json"));
        std::fs::write(&path, head.to_string()).expect("a file");
        (path.display().to_string(), head.to_string())
    };
    let labels = ["star", "circle", "square"];
    let (classes, classes_text) = head("shapes", &labels, json!("cosine"));
    let (score, score_text) = head("starry", &["s"], json!({"linear": {"biases": [0.5]}}));
    let narrow = json!({
        "format": "refit-head-1", "name": "narrow", "labels": ["a", "b"], "width": 2,
        "weights": [1.0, 0.0, 0.0, 1.0], "scoring": "cosine", "model": null,
    });
    let tar = public("pairs.tar").display().to_string();
    let kept_by = |rule: String| {
        let told = terminal("filter", &[&tar, "--head", &rule]);
        told["kept"].as_u64().expect("a number")
    };
    let stars = kept_by(format!("{classes}:star"));
    let starry = kept_by(format!("{score}:0.7"));
    for kept in [stars, starry] {
        assert!((20..480).contains(&kept), "{stars} {starry}");
    }

    let page = embedded(Page::builder());
    page.click("#pairs input[name=score]");
    give(&page, "broken.json", "{\"format\": 1}");
    page.wait_for_text("broken.json:");
    let narrow = narrow.to_string();
    for (name, text) in [
        ("shapes", &classes_text),
        ("starry", &score_text),
        ("narrow", &narrow),
    ] {
        give(&page, &format!("{name}.json"), text);
        page.wait_for(&format!(
            "document.querySelector('.head-rule[data-head={name}]')"
        ));
    }
    assert!(
        !page.has("#pairs .error"),
        "the broken file's sentence is gone"
    );
    // It is a rule, and not what images are classified by.
    assert!(!page.text("main").contains("The head “"));
    page.click(".head-rule[data-head=narrow] input");
    page.wait_for_text("it was made for another model. Load that one.");
    page.click(".head-rule[data-head=narrow] input");

    page.click(".head-rule[data-head=shapes] input");
    page.wait_for_text("Write which classes of shapes are kept.");
    let field = |head: &str| format!(".head-rule[data-head={head}] .choice input");
    page.set_value(&field("shapes"), "star, moon");
    page.wait_for_text("“moon” is none of the classes of shapes: star, circle, square.");
    page.set_value(&field("shapes"), "star");
    counts(&page, "class by shapes is one of those named");
    page.wait_for_text("The head does not say whose embeddings it is for");
    // Another decoder may move a cosine.
    assert!(kept(&page).abs_diff(stars) < 3, "{} {stars}", kept(&page));
    page.screenshot("pairs-head-rules", 1280, 2600, false);
    page.screenshot("pairs-head-rules-phone", 360, 4200, true);

    page.click(".head-rule[data-head=shapes] input");
    page.click(".head-rule[data-head=starry] input");
    page.set_value(&field("starry"), "much");
    page.wait_for_text("write the least that is kept, as 5, not “much”");
    page.set_value(&field("starry"), "0.7");
    counts(&page, "score by starry at least 0.7");
    assert!(kept(&page).abs_diff(starry) < 3, "{} {starry}", kept(&page));
    std::fs::remove_dir_all(&folder).expect("a folder");
}
