//! Mixing the bundled model with its siblings.

use browser_tests::run::{keep_saved, open_tab, saved};
use browser_tests::{Page, PageBuilder};
use serde_json::Value;

const READY: &str = "document.querySelector('.accuracy')";
/// Of the sample images' captions.
const SHAPES: [&str; 3] = ["black stars", "red circles", "blue cross"];
const DONE: &str = "document.querySelector('.mixed .toolbar:not([hidden])')";

fn open(builder: PageBuilder) -> Page {
    let page = builder.open("?page=run");
    page.wait_for(READY);
    open_tab(&page, "mix");
    page.wait_for("document.querySelector('#mix input[name=letters]')");
    page
}

fn measure(page: &Page, coefficients: &str) {
    page.set_value("#mix input[name=Coefficients]", coefficients);
    page.click("#mix .measure");
}

/// What PyTorch finds on the same images: right ones of each set, by the coefficient of letters.
fn expected(coefficient: f64) -> (u64, u64) {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../public/clip/siblings.json"
    );
    let card: Value =
        serde_json::from_str(&std::fs::read_to_string(file).expect("a card")).expect("JSON");
    let rows = card["shown"].as_array().expect("rows");
    let row = rows.iter().find(|row| {
        let terms = row["coefficients"].as_object().expect("coefficients");
        match coefficient {
            0.0 => terms.is_empty(),
            c => terms.len() == 1 && terms.get("letters").and_then(Value::as_f64) == Some(c),
        }
    });
    let row = row.expect("a row");
    let right = |set: &str| row[set].as_u64().expect("a count");
    (right("letters"), right("shapes"))
}

/// The tab that began it is gone before its images are cut.
#[test]
fn measuring_goes_on_in_another_tab() {
    let page = open(Page::builder());
    measure(&page, "0:1:0.5");
    open_tab(&page, "teach");
    page.wait_for("document.querySelector('#teach form')");
    open_tab(&page, "mix");
    page.wait_for(DONE);
}

#[test]
fn a_model_is_patched_and_used() {
    let page = open(keep_saved(Page::builder()));
    // As it stands: letters mixed in, measured on letters and shapes.
    assert_eq!(
        page.eval("document.querySelector('#mix input[name=Coefficients]').value"),
        "0:1:0.1"
    );
    page.screenshot("mix-idle", 1280, 1000, false);
    page.click("#mix .measure");
    page.wait_for("document.querySelector('#mix progress')");
    page.wait_for(DONE);
    page.wait_for_drawn(".mixed canvas");
    let text = saved(&page, "Export the accuracies (JSON)", "application/json");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    let tried = json["tried"].as_array().expect("rows");
    assert_eq!(tried.len(), 11);
    for row in tried {
        let coefficient = row["coefficients"][0].as_f64().expect("λ");
        if ![0.0, 0.5, 0.8, 1.0].contains(&coefficient) {
            continue;
        }
        let right = |i: usize| row["accuracy"][i]["right"].as_u64();
        let (letters, shapes) = expected(coefficient);
        assert_eq!((right(0), right(1)), (Some(letters), Some(shapes)), "{row}");
    }
    assert_eq!(
        saved(&page, "Export the accuracies (CSV)", "text/csv")
            .lines()
            .count(),
        1 + 22
    );
    assert!(page.text(".mixed .best").contains("λ = "));
    // What was lost is said of the same images.
    let lost = page.text(".mixed .against-base");
    let parts = [
        "Against λ = 0, on the same images of that half: letters +",
        "; a gain. shapes ",
        " of 100 images ",
    ];
    for part in parts {
        assert!(lost.contains(part), "{lost}");
    }
    let last = tried.last().expect("a row");
    let [letters, shapes] = [0, 1].map(|i| &last["accuracy"][i]["against_base"]["all"]);
    for (set, i) in [(letters, 0), (shapes, 1)] {
        let count = |name: &str| set["counts"][name].as_u64().expect("a count");
        let right = |row: &Value| row["accuracy"][i]["right"].as_u64().expect("a count");
        assert_eq!(count("kept") + count("lost"), right(&tried[0]), "{set}");
        assert_eq!(count("kept") + count("won"), right(last), "{set}");
    }
    for (name, width, height, dark) in [
        ("mix-light", 1280, 1900, false),
        ("mix-dark", 1280, 1900, true),
        ("mix-phone", 360, 3200, false),
    ] {
        page.screenshot(name, width, height, dark);
        let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
        assert_eq!(wide, false, "{name} scrolls sideways");
    }
    // Letters on the bench: the base knows few of them, the mixture most.
    page.eval(
        "globalThis.answers = [];
        new MutationObserver(() => answers.push(document.querySelector('#mix .answer').innerText))
            .observe(document.querySelector('#mix .answer'), {subtree: true, childList: true, characterData: true})",
    );
    page.click("#mix button[aria-label='Show some of letters, with its classes']");
    page.wait_for("/^[a-z] \\d/m.test(answers.at(-1) ?? '')");
    // Meanwhile no answer of before is seen, nor one by the classes of before.
    let answers = page.eval("answers");
    let answers: Vec<&str> = answers
        .as_array()
        .expect("texts")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(answers[0], "Opening the images…", "{answers:?}");
    let is_old = |text: &&str| SHAPES.iter().any(|shape| text.contains(shape));
    assert!(!answers.iter().any(is_old), "{answers:?}");
    let share =
        "parseFloat(document.querySelector('.accuracy')?.textContent.replace('Accuracy: ', ''))";
    // All samples were right.
    page.wait_for(&format!("{share} < 100"));
    let before = page.eval(share).as_f64().expect("a share");
    page.set_value("#mix .coefficient input", "1");
    page.wait_for("document.querySelector('#model').innerText.includes('1 × Shapes, letters')");
    page.wait_for(&format!("{share} > {before}"));
    // It stays one of the same base when another tab was open.
    open_tab(&page, "teach");
    open_tab(&page, "mix");
    page.wait_for("document.querySelector('#mix .coefficient input')?.value === '1'");
    assert!(page.has(".use-base:not([hidden])"));
    // Its file is the mixture.
    page.eval(
        "(() => {
            const make = URL.createObjectURL;
            URL.createObjectURL = (blob) => { if (blob.size > 1e6) globalThis.copied = blob; return make(blob); };
        })()",
    );
    page.click(".write-mixture");
    page.wait_for("globalThis.copied");
    // A header, and 2,404,289 numbers in float32.
    let bytes = page.eval("copied.size").as_u64().expect("a size");
    assert!((9_617_156..9_700_000).contains(&bytes), "{bytes}");
    assert_eq!(
        page.eval("copied.slice(8, 24).text()")
            .as_str()
            .map(|text| text.starts_with('{')),
        Some(true)
    );
    page.click(".use-base");
    page.wait_for("document.querySelector('#model').innerText === 'Shapes'");
}

#[test]
fn what_cannot_be_mixed_or_measured_is_said() {
    let page = open(Page::builder());
    measure(&page, "0:1");
    page.wait_for_text("is neither FROM:TO:STEP");
    measure(&page, "0.5,0.5");
    page.wait_for_text("There are 2 coefficients for 1 models");
    page.click("#mix input[name='shapes-letters']");
    measure(&page, "0.5");
    page.wait_for_text("Choose a model to mix in.");
    page.click("#mix input[name='shapes-letters']");
    page.click("#mix input[name=letters]");
    page.click("#mix input[name=shapes]");
    measure(&page, "0.5");
    page.wait_for_text("Choose a set of labelled images");
    page.click("#mix input[name=lines]");
    // The MaMMUT is of another architecture.
    page.eval(
        "(async () => {
            const file = await (await fetch('clip/shapes_mammut.safetensors')).blob();
            const data = new DataTransfer();
            data.items.add(new File([file], 'other.safetensors'));
            const input = document.querySelector('#mix input[name=\"Model to mix in\"]');
            input.files = data.files;
            input.dispatchEvent(new Event('change', {bubbles: true}));
        })()",
    );
    page.wait_for_text("other.safetensors");
    measure(&page, "0.5,0.5");
    page.wait_for_text("models of one architecture alone can be mixed");
    page.screenshot("mix-error", 1280, 1000, false);
    // Several of one kind, cancelled in the middle.
    page.eval("document.querySelectorAll('#mix [aria-label=\"Models to mix in\"] input[type=checkbox]').forEach((box, i) => { if (box.checked !== i < 2) box.click(); })");
    measure(&page, "greedy");
    page.wait_for("document.querySelector('#mix progress')");
    page.click(".cancel-mixing");
    page.wait_for("!document.querySelector('#mix progress')");
    measure(&page, "mean");
    page.wait_for(DONE);
    page.wait_for("document.querySelectorAll('.mixed tbody tr').length === 1");
    page.wait_for_text("Against λ = 0, on the same images: lines ");
}

/// A first visit with a network, then without: what was fetched is kept, and of what was not the reader is told so.
#[test]
fn a_model_is_mixed_and_used_without_a_network() {
    let page = open(Page::builder().tolerate("net::ERR"));
    let kept = |file: &str| {
        let kept = format!("caches.match('clip/{file}').then(found => found !== undefined)");
        page.wait_for(&kept);
    };
    page.wait_for("navigator.serviceWorker.controller !== null");
    // The model that Run opened with, before anything could keep it.
    kept("shapes.safetensors");
    measure(&page, "0:1:0.5");
    page.wait_for(DONE);
    for file in [
        "siblings.json",
        "shapes_letters.safetensors",
        "sheets/letters.webp",
        "sheets/shapes.webp",
    ] {
        kept(file);
    }
    page.go_offline();
    page.go("?page=run&again");
    page.wait_for(READY);
    open_tab(&page, "mix");
    page.wait_for("document.querySelector('#mix input[name=letters]')");
    measure(&page, "0:1:0.5");
    page.wait_for(DONE);
    let before = page.text(".mixed .best");
    page.click(".use-mixture");
    page.wait_for("document.querySelector('#model').innerText.includes('× Shapes, letters')");
    page.click("#mix button[aria-label='Show some of letters, with its classes']");
    page.wait_for(
        "parseFloat(document.querySelector('.accuracy')?.textContent.replace('Accuracy: ', '')) > 60 &&
        document.querySelector('.accuracy').textContent.includes('of 40 images')",
    );
    assert!(before.contains("letters"), "{before}");
    // The other sibling was never asked for.
    page.click("#mix input[name='shapes-lines']");
    measure(&page, "0.5,0.5");
    page.wait_for_text(
        "“Shapes, lines” could not be read: this page fetches it when it is first asked for",
    );
    page.click("#mix button[aria-label='Show some of lines, with its classes']");
    page.wait_for_text("The images of “lines” could not be read");
}

/// A folder as people have it: other files beside the images, images beside the classes.
#[test]
fn what_a_folder_has_beside_its_classes_is_said() {
    let page = open(Page::builder());
    let give = |paths: &[&str]| {
        page.eval(&format!(
            "(async () => {{
                const canvas = new OffscreenCanvas(8, 8);
                canvas.getContext('2d').fillRect(0, 0, 4, 4);
                const image = await canvas.convertToBlob();
                const files = {paths}.map(path => {{
                    const type = /png$/i.test(path) ? 'image/png' : '';
                    const file = new File([image], path.split('/').at(-1), {{type}});
                    Object.defineProperty(file, 'webkitRelativePath', {{value: path}});
                    return file;
                }});
                const input = document.querySelector('#mix input[name=\"Labelled folder\"]');
                Object.defineProperty(input, 'files', {{value: Object.assign(files, {{item: (i) => files[i]}}), configurable: true}});
                input.dispatchEvent(new Event('change', {{bubbles: true}}));
            }})()",
            paths = serde_json::json!(paths)
        ));
    };
    give(&[
        "letters/cat/1.PNG",
        "letters/cat/Thumbs.db",
        "letters/dog/1.png",
        "letters/.DS_Store",
        "letters/__MACOSX/cat/._1.png",
        "letters/2.png",
    ]);
    page.wait_for_text("letters, a folder: 2 images of 2 classes");
    page.wait_for_text("Left out, in no class’s folder: 2.png.");
    page.wait_for_text("Left out, no images: cat/Thumbs.db and 2 more.");
    page.screenshot("mix-folder", 1280, 1100, false);
    give(&["set/train/cat/1.png", "set/val/cat/1.png"]);
    page.wait_for_text("The folders train, val are parts of a data set, and no classes");
    give(&["set/cat/1.png"]);
    page.wait_for_text("This folder has no images of two classes");
}
