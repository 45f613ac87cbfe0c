//! Captions and the comparison of two models on the page, checked against the terminal, with the
//! bundled models.

use browser_tests::run::{in_workers, keep_saved, open_picker, open_tab, saved, wait_for_about};
use browser_tests::{Manner, Page, PageBuilder};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

const READY: &str = "document.querySelector('.model-status')";
const MAMMUT: &str = "clip/shapes_mammut.safetensors";
const CLASSES: &str = "a red circle\na blue square\na black star\na purple heart";

/// Below the built page.
fn file(path: &str) -> PathBuf {
    PathBuf::from(std::env::var_os("REFIT_DIST").expect("REFIT_DIST names the page")).join(path)
}

fn terminal(command: &str, arguments: &[&str], pictures: &[PathBuf]) -> Value {
    let program = std::env::var_os("REFIT_BIN").expect("REFIT_BIN names the terminal");
    let output = Command::new(program)
        .args([command, "--json", "--weights"])
        .arg(file(MAMMUT))
        .args(arguments)
        .args(pictures)
        .output()
        .expect("the terminal runs");
    assert!(output.status.success(), "{output:?}");
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    json["pictures"].clone()
}

/// The samples, as the page lists them.
fn samples() -> Vec<PathBuf> {
    let card = std::fs::read(file("clip/shapes.json")).expect("the card");
    let card: Value = serde_json::from_slice(&card).expect("JSON");
    let samples = card["samples"].as_array().expect("samples").iter();
    let file = |sample: &Value| file("clip").join(sample["file"].as_str().expect("a name"));
    samples.map(file).collect()
}

/// Captions of the MaMMUT, with all samples processed.
fn open(builder: PageBuilder) -> Page {
    let page = builder.open("?page=run");
    page.wait_for(READY);
    load_mammut(&page);
    set_classes(&page);
    open_tab(&page, "captions");
    page
}

fn load_mammut(page: &Page) {
    open_picker(page);
    page.eval("[...document.querySelectorAll('button.bundled')].find(b => !b.hidden).click()");
    page.wait_for(
        "document.querySelector('.model-status')?.innerText.startsWith('Shapes MaMMUT is ready')",
    );
}

/// Four classes for the samples that the page opens with.
fn set_classes(page: &Page) {
    page.set_value("textarea[name=Classes]", CLASSES);
    page.wait_for("document.querySelector('.count')?.innerText.startsWith('10 of 10')");
    page.wait_for("document.querySelector('.classes').innerText.includes('4 classes are ready.')");
}

/// Text and log-likelihood of each caption, once all are done.
fn captions(page: &Page, count: usize) -> Vec<(String, f64)> {
    page.wait_for(&format!(
        "document.querySelectorAll('.caption-list .words[data-text]').length === {count}
            && document.querySelector('.captions .stop').hidden"
    ));
    let rows = page.eval(
        "[...document.querySelectorAll('.caption-list .words')].map(p => [p.dataset.text, +p.dataset.logLikelihood])",
    );
    serde_json::from_value(rows).expect("rows")
}

/// Compares the captions with the terminal's.
fn check_captions(page: &Page, arguments: &[&str]) {
    let theirs = terminal("caption", arguments, &samples());
    let theirs = theirs.as_array().expect("pictures");
    let ours = captions(page, theirs.len());
    for ((text, log_likelihood), theirs) in ours.iter().zip(theirs) {
        assert_eq!(theirs["caption"], **text, "{theirs}");
        let expected = theirs["log_likelihood"].as_f64().expect("a number");
        assert!(
            (expected - log_likelihood).abs() < 1e-3,
            "{text}: {log_likelihood} {expected}"
        );
    }
}

fn screenshots(page: &Page, name: &str, heights: [u32; 2]) {
    page.screenshot(&format!("{name}-light"), 1280, heights[0], false);
    page.screenshot(&format!("{name}-dark"), 1280, heights[0], true);
    page.screenshot(&format!("{name}-phone"), 360, heights[1], false);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");
    page.set_view(1280, 900, false);
}

/// The rules of axe-core, where its program is.
fn check_access(page: &Page) {
    let Some(path) = std::env::var_os("REFIT_AXE") else {
        return;
    };
    let axe = std::fs::read_to_string(path).expect("axe-core's program");
    for dark in [false, true] {
        page.set_view(1280, 900, dark);
        page.wait_for("document.getAnimations().every(a => a.playState !== 'running')");
        page.eval(&format!("{axe};void 0"));
        let found = page.eval(
            "axe.run(document).then(({violations}) => violations.map(v =>
                 v.id + ': ' + v.nodes.slice(0, 4).map(n => n.target.join(' ')).join(' | ')))",
        );
        assert_eq!(found, serde_json::json!([]), "dark {dark}");
    }
}

#[test]
fn the_page_captions_as_the_terminal() {
    let page = open(keep_saved(Page::builder()));
    page.click("button.caption-all");
    check_captions(&page, &[]);
    // The export has what is shown.
    let csv = saved(&page, "Export captions (CSV)", "text/csv");
    let lines: Vec<&str> = csv.lines().collect();
    for ((text, _), line) in captions(&page, lines.len() - 1).iter().zip(&lines[1..]) {
        assert!(line.starts_with("Shapes MaMMUT,") && line.ends_with(",greedy"));
        assert!(line.contains(&format!(",{text},")), "{line}");
    }
    screenshots(&page, "captions", [2600, 3600]);
    page.set_value("select[name=Decoding]", "beams");
    page.set_value("input[name=Beams]", "3");
    page.set_value("input[name='Length penalty']", "0.5");
    page.click("button.caption-all");
    check_captions(&page, &["--beams", "3", "--length-penalty", "0.5"]);
    page.set_value("select[name=Decoding]", "sample");
    page.set_value("input[name='Top-p']", "0.9");
    page.set_value("input[name=Seed]", "7");
    page.set_value("input[name='Max tokens']", "6");
    page.click("button.caption-all");
    let sampled = ["--sample", "0.9", "--seed", "7", "--tokens", "6"];
    check_captions(&page, &sampled);
    // A field that cannot be read is reported, and nothing starts.
    page.set_value("input[name=Seed]", "seven");
    page.click("button.caption-selected");
    page.wait_for_text("Seed: enter a whole number.");
}

#[test]
fn a_gpu_captions_the_same() {
    let page = open(Page::builder());
    page.set_value("select[name=Device]", "gpu");
    page.wait_for("document.querySelector('.model-status')?.innerText.includes('in float32')");
    page.wait_for("document.querySelector('.count')?.innerText.startsWith('10 of 10')");
    page.click("button.caption-selected");
    let theirs = terminal("caption", &[], &samples()[..1]);
    let (text, _) = &captions(&page, 1)[0];
    assert_eq!(theirs[0]["caption"], **text);
    println!("{}", page.text(".caption-list .aside"));
}

#[test]
fn classes_are_scored_as_captions() {
    let page = open(keep_saved(Page::builder()));
    page.click("button.score-all");
    page.wait_for("document.querySelector('.by-caption .agreement')");
    page.wait_for("document.querySelectorAll('.by-caption tbody tr').length === 4");
    let rows: Vec<Vec<String>> = serde_json::from_value(page.eval(
        "[...document.querySelectorAll('.by-caption tbody tr')].map(tr => [...tr.children].map(c => c.textContent))",
    ))
    .expect("rows");
    let labels = CLASSES.replace('\n', ",");
    let arguments = [
        "--by-caption",
        "--labels",
        &labels,
        "--template",
        "a photo of {}.",
    ];
    let theirs = terminal("classify", &arguments, &samples()[..1]);
    for label in theirs[0]["labels"].as_array().expect("labels") {
        let row = rows.iter().find(|row| label["label"] == *row[0]);
        let row = row.expect("the class");
        let log = row[2].replace('−', "-").parse::<f64>().expect("a number");
        let expected = label["by_caption"]["log_likelihood"]
            .as_f64()
            .expect("a number");
        assert!((log - expected).abs() < 2e-3, "{row:?} {label}");
    }
    let csv = saved(&page, "Export caption scores (CSV)", "text/csv");
    assert_eq!(csv.lines().count(), 1 + 10 * 4);
    check_access(&page);
    // The scores do not hold for other classes.
    page.set_value("textarea[name=Classes]", "a cat\na dog");
    page.wait_for("!document.querySelector('.by-caption tbody')");
}

#[test]
fn captioning_can_be_stopped() {
    let page = open(Page::builder());
    page.set_value("select[name=Decoding]", "beams");
    page.set_value("input[name=Beams]", "16");
    page.eval(
        "(() => {
            // As soon as there is a word.
            const place = document.querySelector('.captions');
            globalThis.seen = 0;
            new MutationObserver(() => {
                if (place.querySelector('.caption-list .words:not([data-text])') && !seen++)
                    place.querySelector('.stop').click();
            }).observe(place, {subtree: true, childList: true, characterData: true});
        })()",
    );
    page.click("button.caption-all");
    page.wait_for("seen && document.querySelector('.captions .stop').hidden");
    page.wait_for("document.querySelector('.caption-list .words[data-text]')");
    assert!(page.text(".caption-list").contains("Not captioned yet."));
    // And again, with the same model.
    page.set_value("select[name=Decoding]", "greedy");
    page.click("button.caption-selected");
    check_captions_of_one(&page);
}

fn check_captions_of_one(page: &Page) {
    let theirs = terminal("caption", &[], &samples()[..1]);
    assert_eq!(theirs[0]["caption"], *captions(page, 1)[0].0);
}

#[test]
fn the_texts_about_the_bundled_models_match_their_cards() {
    let card = |name: &str| -> Value {
        let card = std::fs::read(file(name)).expect("the card");
        serde_json::from_slice(&card).expect("JSON")
    };
    let percent = |value: &Value| format!("{:.0} %", 100.0 * value.as_f64().expect("a share"));
    let million = |card: &Value| {
        let parameters = card["parameters"].as_f64().expect("a number");
        format!("{:.1} million parameters", parameters / 1e6)
    };
    let unseen = |card: &Value, of: &str| {
        let rows = card["accuracy"].as_array().expect("rows").iter();
        let mut row = rows.filter(|row| row["of"] == of);
        percent(&row.next().expect("a trait")["unseen"])
    };
    let check_text = |page: &Page, words: &[String]| {
        wait_for_about(page, "parameters");
        let text = page.text(".model .about");
        for words in words {
            assert!(text.contains(words), "{words}: {text}");
        }
    };
    let page = Page::open("?page=run");
    page.wait_for(READY);
    let clip = card("clip/shapes.json");
    let [colour, count, shape] = ["colour", "count", "shape"].map(|of| unseen(&clip, of));
    check_text(
        &page,
        &[
            million(&clip),
            format!("{colour} of colours right"),
            format!("{count} of counts, but only {shape} of shapes"),
        ],
    );
    load_mammut(&page);
    let mammut = card("clip/shapes_mammut.json");
    let captions = &mammut["captions"];
    let [familiar, new] = ["familiar", "unseen"].map(|kind| percent(&captions[kind]["true"]));
    check_text(
        &page,
        &[
            million(&mammut),
            format!("{} of shapes right", unseen(&mammut, "shape")),
            format!(
                "{familiar} are true in every word for familiar combinations, {new} for new ones"
            ),
        ],
    );
}

/// The bundled MaMMUT without one of its tensors.
fn lacking(name: &str) -> Vec<u8> {
    let whole = std::fs::read(file(MAMMUT)).expect("the model");
    let (length, rest) = whole.split_at(8);
    let length = u64::from_le_bytes(length.try_into().expect("8 bytes")) as usize;
    let (header, numbers) = rest.split_at(length);
    let mut header: serde_json::Map<String, Value> = serde_json::from_slice(header).expect("JSON");
    assert!(header.remove(name).is_some(), "{name}");
    let header = Value::Object(header).to_string();
    let mut all = (header.len() as u64).to_le_bytes().to_vec();
    all.extend(header.bytes());
    all.extend(numbers);
    all
}

#[test]
fn a_missing_decoder_is_reported_with_the_first_caption() {
    let body = lacking("text.cross_attn.0.ln_1_kv.bias");
    let page = open(Page::builder().serve(MAMMUT, body, Manner::Whole));
    page.wait_for("document.querySelector('.bars li')");
    page.click("button.caption-selected");
    page.wait_for_text("The checkpoint lacks cross_attn.0.ln_1_kv.bias; choose a complete one.");
    // It still classifies.
    page.set_value("textarea[name=Classes]", "a red circle\na star");
    page.wait_for("document.querySelectorAll('.bars li').length === 2");
}

#[test]
fn a_clip_has_no_captions_and_the_mammut_loads_on_demand() {
    let page = Page::open("?page=run");
    page.wait_for(READY);
    assert!(!page.has(".captions"));
    let requests = page.requests();
    assert!(requests.iter().any(|r| r.path == "clip/shapes.safetensors"));
    assert!(!requests.iter().any(|r| r.path == MAMMUT));
    // A file of a CLIP where a MaMMUT is expected.
    let clip = std::fs::read(file("clip/shapes.safetensors")).expect("the model");
    let page = Page::builder()
        .serve(MAMMUT, clip, Manner::Whole)
        .open("?page=run");
    page.wait_for(READY);
    load_mammut(&page);
    assert!(!page.has(".captions"));
}

#[test]
fn two_models_are_compared() {
    let page = keep_saved(Page::builder()).open("?page=run");
    page.wait_for(READY);
    set_classes(&page);
    open_tab(&page, "comparison");
    page.wait_for("document.querySelector('select[name=\"Second model\"] option')");
    let rows = compare(&page);
    assert_eq!(rows[0], ["Family", "CLIP", "MaMMUT"]);
    let csv = saved(&page, "Export comparison (CSV)", "text/csv");
    assert_eq!(csv.lines().count(), 1 + 2 * 10 * 4);
    let first = csv.lines().nth(1).expect("a row");
    assert!(
        first.starts_with("Shapes,") && first.contains(&rows[rows.len() - 10][0]),
        "{first}"
    );
    println!("{rows:?} {}", page.text(".comparison .agreement"));
    // The terminal agrees with the second model.
    let labels = CLASSES.replace('\n', ",");
    let arguments = ["--labels", &labels, "--template", "a photo of {}."];
    let theirs = terminal("classify", &arguments, &samples());
    let pictures = &rows[rows.len() - 10..];
    for (row, theirs) in pictures.iter().zip(theirs.as_array().expect("pictures")) {
        let first = &theirs["labels"][0];
        let label = first["label"].as_str().expect("a label");
        assert!(row[3].starts_with(label), "{row:?} {theirs}");
    }
    let agree = pictures.iter().filter(|row| row[1] == "yes").count();
    assert!(
        page.text(".comparison .agreement")
            .contains(&format!("for {agree} of 10"))
    );
    screenshots(&page, "comparison", [2600, 3600]);
    check_access(&page);
    // Another model removes the comparison; now the pair is the other way round.
    load_mammut(&page);
    page.wait_for("!document.querySelector('.comparison .agreement')");
    page.wait_for("document.querySelector('select[name=\"Second model\"]').value === 'shapes'");
    page.wait_for("!document.querySelector('button.compare').disabled");
    page.click("button.compare");
    page.wait_for("document.querySelector('.comparison .agreement')");
    assert!(
        page.text(".comparison .agreement")
            .contains(&format!("for {agree} of 10"))
    );
}

/// Compares on all images: the rows of the costs, then of the predictions.
fn compare(page: &Page) -> Vec<Vec<String>> {
    page.wait_for("!document.querySelector('button.compare').disabled");
    page.click("button.compare");
    page.wait_for("document.querySelector('.comparison .agreement')");
    let rows = page.eval(
        "[...document.querySelectorAll('.comparison tbody tr')].map(tr => [...tr.children].map(c => c.textContent))",
    );
    serde_json::from_value(rows).expect("rows")
}

#[test]
fn the_second_model_comes_from_the_disk() {
    let page = Page::open("?page=run");
    page.wait_for(READY);
    set_classes(&page);
    open_tab(&page, "comparison");
    let bundled = compare(&page);
    let give = |name: &str, path: &str| {
        page.eval(&format!(
            "fetch('{path}').then(answer => answer.blob()).then(blob => {{
                const data = new DataTransfer();
                data.items.add(new File([blob], '{name}', {{lastModified: 7}}));
                const input = document.querySelector('input[name=\"Second checkpoint\"]');
                input.files = data.files;
                input.dispatchEvent(new Event('change', {{bubbles: true}}));
            }})"
        ));
    };
    give("mine_mammut.safetensors", MAMMUT);
    page.wait_for(
        "document.querySelector('select[name=\"Second model\"]').selectedOptions[0]?.textContent === 'mine_mammut.safetensors'",
    );
    let own = compare(&page);
    // The same numbers under another name; only times differ.
    assert_eq!(own[own.len() - 10..], bundled[bundled.len() - 10..]);
    // A file that is not a model is reported.
    give("wrong.safetensors", "index.html");
    page.wait_for(
        "document.querySelector('select[name=\"Second model\"]').selectedOptions[0]?.textContent === 'wrong.safetensors'",
    );
    page.click("button.compare");
    page.wait_for("document.querySelector('.comparison .error')");
    assert_eq!(page.text(".count"), "10 of 10 images processed.");
}

#[test]
fn the_second_model_comes_by_the_address() {
    let (first, second) = ("b-32-datacomp-3b", "mammut-b-32-datacomp-3b");
    // Its host cannot be reached from here: the page's own MaMMUT stands in for the file.
    let builder = in_workers(
        Page::builder(),
        &format!(
            "const real = fetch;
             globalThis.fetch = (what, options) => {{
                 const address = what.url ?? String(what);
                 if (!address.startsWith('https://huggingface.co/')) return real(what, options);
                 return real(new URL('{MAMMUT}', base), {{headers: what.headers ?? options?.headers, signal: what.signal ?? options?.signal}});
             }};"
        ),
    );
    let page = builder.open(&format!("?page=run&model={first},{second}"));
    page.wait_for(READY);
    set_classes(&page);
    let button = "document.querySelector('.counterpart button')";
    page.wait_for(button);
    let id = page.attribute(".counterpart", "data-id");
    assert_eq!(id.as_deref(), Some(second));
    assert_eq!(
        page.text(".counterpart button"),
        "Download 732 MB from huggingface.co"
    );
    screenshots(&page, "comparison-offer", [2600, 3600]);
    page.click(".counterpart button");
    page.wait_for(
        "document.querySelector('.counterpart').innerText.endsWith('It is cached on this device.')",
    );
    // The first is still there, the second chosen, and the address the same.
    assert!(page.text(".model-status").starts_with("Shapes is ready"));
    page.wait_for(
        "document.querySelector('select[name=\"Second model\"]').selectedOptions[0]?.textContent.startsWith('MaMMUT ViT-B-32')",
    );
    let rows = compare(&page);
    assert_eq!(rows[0], ["Family", "CLIP", "MaMMUT"]);
    let address = page.eval("location.search");
    let address = address.as_str().expect("text");
    assert!(
        address.ends_with(&format!("model={first},{second}")),
        "{address}"
    );
    // An unknown name is reported.
    page.go(&format!("?page=run&model={first},nothing"));
    page.wait_for_text("“nothing”");
}

#[test]
fn a_mammut_of_explore_can_be_run_beside_its_counterpart() {
    let page = Page::open("?v=2&family=mammut");
    page.wait_for("document.querySelector('[data-parameter]')");
    let id = page.find_checkpoint();
    assert!(id.starts_with("mammut-"), "{id}");
    page.click(".tooltip a");
    page.wait_for(&format!(
        "document.querySelector('.checkpoints tr[aria-current]')?.dataset.id === '{id}'"
    ));
    page.wait_for("document.querySelector('figcaption')?.innerText.includes('ringed')");
    let clip = id.trim_start_matches("mammut-");
    page.wait_for(&format!(
        "document.querySelector('.counterpart')?.dataset.id === '{clip}'"
    ));
    // Both on the curve.
    page.go("?page=run&model=b-32-datacomp-3b,mammut-b-32-datacomp-3b");
    page.wait_for("document.querySelector('figcaption')?.innerText.match(/ringed/g)?.length === 2");
    page.screenshot("comparison-curve-light", 1280, 1500, false);
    page.screenshot("comparison-curve-dark", 1280, 1500, true);
}
