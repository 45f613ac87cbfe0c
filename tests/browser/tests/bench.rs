//! Run as its readers meet it: a right answer before the first click, the way from a photograph to
//! a model that knows photographs, classes as chips, tabs, and the list of models.

use browser_tests::run::{in_workers, open_picker, open_tab};
use browser_tests::{Manner, Page, PageBuilder, model};
use serde_json::Value;
use std::path::PathBuf;

const ANSWERED: &str = "document.querySelectorAll('.thumbnails .mark').length === 10
    && document.querySelector('.accuracy')";

/// What the page says about its accuracy, once all samples are answered for `count` classes.
fn accuracy(page: &Page, count: usize) -> String {
    page.wait_for_text(&format!("{count} classes are ready."));
    page.wait_for(ANSWERED);
    // The table is redrawn a moment after the answers, which may still change.
    page.wait_for("document.querySelector('.accuracy')?.innerText.includes(`, ${document.querySelectorAll('.mark.right').length} of 10 images`)");
    page.text(".accuracy")
}

fn chips(page: &Page) -> Vec<String> {
    let chips =
        page.eval("[...document.querySelectorAll('.chips li > span')].map(c => c.textContent)");
    serde_json::from_value(chips).expect("texts")
}

/// Types a text where the focus is, key by key.
fn type_text(page: &Page, text: &str) {
    for letter in text.chars() {
        page.press(&letter.to_string());
    }
}

#[test]
fn it_opens_with_a_right_answer() {
    let page = Page::open("?page=run");
    page.wait_for("document.querySelector('.answer .verdict.reproduced')");
    let sentence = accuracy(&page, 10);
    assert!(
        sentence.contains("Accuracy: 100.00 %, 10 of 10 images"),
        "{sentence}"
    );
    // The classes are what the samples' card says of them.
    let card = std::env::var_os("REFIT_DIST").expect("REFIT_DIST names the page");
    let card = std::fs::read(PathBuf::from(card).join("clip/shapes.json")).expect("the card");
    let card: Value = serde_json::from_slice(&card).expect("JSON");
    let captions = card["samples"].as_array().expect("samples").iter();
    let captions: Vec<&str> = captions.filter_map(|s| s["label"].as_str()).collect();
    assert_eq!(chips(&page), captions);
    let first = page.text(".answer h3");
    assert!(first.starts_with(captions[0]), "{first}");
    assert!(!page.has(".callout"), "nothing to warn of");
    // What stood there while the program loaded was the same.
    let skeleton = "document.getElementById('skeleton-run').content";
    for part in ["h1", ".lead", ".identity h2", ".identity p"] {
        let before = page.eval(&format!("{skeleton}.querySelector('{part}').textContent"));
        assert_eq!(before, page.text(part), "{part}");
    }
    let image = page.eval(&format!(
        "{skeleton}.querySelector('img').getAttribute('src')"
    ));
    assert_eq!(
        image,
        format!(
            "clip/{}",
            card["samples"][0]["file"].as_str().expect("a path")
        )
    );
    let alt = page.eval(&format!("{skeleton}.querySelector('img').alt"));
    assert_eq!(alt, captions[0]);
    for (name, width, height, dark) in [
        ("bench-light", 1280, 900, false),
        ("bench-dark", 1280, 900, true),
        ("bench-whole-light", 1280, 1700, false),
        ("bench-phone", 360, 800, false),
        ("bench-whole-phone", 360, 2600, true),
        ("bench-320", 320, 1400, false),
    ] {
        page.screenshot(name, width, height, dark);
        let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
        assert_eq!(wide, false, "{name} scrolls sideways");
    }
}

/// What is selected, and how probable a class is, shows without shadows and backgrounds.
#[test]
fn it_works_in_forced_colours() {
    let page = Page::open("?page=run");
    accuracy(&page, 10);
    page.force_colors();
    let line = |element: &str, style: &str| {
        page.eval(&format!(
            "getComputedStyle(document.querySelector('{element}')).{style}"
        ))
    };
    for (selected, other, style) in [
        (
            "[aria-selected=true]",
            "[aria-selected=false]",
            "borderBottomWidth",
        ),
        (
            ".thumbnails [aria-pressed=true]",
            ".thumbnails [aria-pressed=false]",
            "outlineStyle",
        ),
    ] {
        assert_ne!(line(selected, style), line(other, style), "{selected}");
    }
    assert_eq!(line(".bars .bar", "borderBottomWidth"), "3px");
    page.capture("bench-forced-colours");
}

/// What a first reader met: "0 of 10 right" under every list that fits the samples.
#[test]
fn every_fitting_list_has_the_samples_true_classes() {
    let page = Page::open("?page=run");
    accuracy(&page, 10);
    for (name, count, least) in [("Shapes", 10, 9), ("Colours", 11, 10)] {
        page.set_value("select[name=List]", name);
        let sentence = accuracy(&page, count);
        assert!(
            !sentence.contains("is not in the list"),
            "{name}: {sentence}"
        );
        let right = page.eval("document.querySelectorAll('.mark.right').length");
        assert!(right.as_u64() >= Some(least), "{name}: {sentence}");
    }
    // Ten classes in the reader's own words, pasted.
    page.click("button.clear");
    page.wait_for_text("Enter at least one class.");
    // No answer of before is left.
    page.wait_for("!document.querySelector('.bars li, .mark')");
    page.screenshot("bench-no-classes-light", 1280, 900, false);
    page.eval(
        "(() => {
            const data = new DataTransfer();
            data.setData('text', 'black stars, a red circle, purple squares, purple heart, hexagon, ring, green triangle, crescent, cross, arrow');
            document.querySelector('[name=\"New class\"]').dispatchEvent(
                new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
        })()",
    );
    let sentence = accuracy(&page, 10);
    assert!(!sentence.contains("is not in the list"), "{sentence}");
    let right = page.eval("document.querySelectorAll('.mark.right').length");
    assert!(right.as_u64() >= Some(8), "{sentence}");
    // A list of other things: said, with the way on.
    page.set_value("select[name=List]", "CIFAR-10");
    let sentence = accuracy(&page, 10);
    assert!(
        sentence.contains("The true class of 10 images is not in the list"),
        "{sentence}"
    );
    page.click("button.use-true");
    let sentence = accuracy(&page, 10);
    assert!(sentence.contains("10 of 10 images"), "{sentence}");
    page.set_value("select[name=List]", "CIFAR-10");
    page.wait_for_text("The true class of 10 images is not in the list");
    page.click("button.add-true");
    accuracy(&page, 20);
    // Who was here before, and never chose the list that Run opened with, sees the samples' too.
    page.eval(
        "localStorage.setItem('refit-labels', 'a red circle\\na blue square\\na green triangle\\na yellow star')",
    );
    page.go("?page=run");
    let sentence = accuracy(&page, 10);
    assert!(sentence.contains("10 of 10 images"), "{sentence}");
    // Who has a list of their own keeps it, and finds an empty bench.
    page.set_value("textarea[name=Classes]", "a cat\na dog");
    page.wait_for("localStorage.getItem('refit-labels') === 'a cat\\na dog'");
    page.go("?page=run");
    page.wait_for_text("No images yet.");
    page.wait_for_text("2 classes are ready.");
    page.screenshot("bench-empty-light", 1280, 900, false);
    page.screenshot("bench-empty-phone", 360, 900, true);
    // None of that is on the samples, so that they bring their classes; which is said.
    page.click("button.samples");
    page.wait_for_text("The classes are those of the sample images now.");
    let sentence = accuracy(&page, 10);
    assert!(sentence.contains("10 of 10 images"), "{sentence}");
    // A list that fits stays.
    page.set_value("select[name=List]", "Colours");
    accuracy(&page, 11);
    page.click(".add-images button:last-child");
    page.wait_for_text("No images yet.");
    page.click("button.samples");
    accuracy(&page, 11);
}

/// Drops a picture that is not a drawing of the demo's.
fn drop_photograph(page: &Page) {
    page.eval(
        "(async () => {
            const canvas = new OffscreenCanvas(320, 240);
            const context = canvas.getContext('2d');
            for (let y = 0; y < 240; y++) {
                context.fillStyle = `rgb(${90 + y / 4} ${130 + y / 6} ${y < 150 ? 200 : 80})`;
                context.fillRect(0, y, 320, 1);
            }
            const data = new DataTransfer();
            data.items.add(new File([await canvas.convertToBlob()], 'beach.png', {type: 'image/png'}));
            document.querySelector('.drop').dispatchEvent(
                new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        })()",
    );
    page.wait_for("document.querySelector('.count')?.innerText.startsWith('1 of 1')");
}

/// A page on which huggingface.co, which cannot be reached from here, has this file.
fn with_hub(path: &'static str, body: Vec<u8>) -> PageBuilder {
    let script = format!(
        "const real = fetch;
         globalThis.fetch = (what, options) => {{
             const address = what.url ?? String(what);
             if (!address.startsWith('https://huggingface.co/')) return real(what, options);
             if (!/safetensors$/.test(address)) return Promise.resolve(new Response('', {{status: 404}}));
             return real(new URL('{path}', base), {{headers: what.headers ?? options?.headers, signal: what.signal ?? options?.signal}});
         }};"
    );
    in_workers(Page::builder(), &script).serve(path, body, Manner::Whole)
}

#[test]
fn a_photograph_leads_to_a_model_that_knows_photographs() {
    let small = std::fs::read(model::folder().join("small.safetensors")).expect("a model");
    let page = with_hub("hub/model.safetensors", small).open("?page=run");
    accuracy(&page, 10);
    assert!(!page.has(".demo"));
    drop_photograph(&page);
    page.wait_for("document.querySelector('.demo button')");
    assert!(
        page.text(".demo")
            .starts_with("This demo model only knows drawn shapes.")
    );
    let button = page.text(".demo button");
    assert_eq!(button, "Load ViT-B/32, 605 MB, from huggingface.co");
    page.screenshot("bench-photograph-light", 1280, 900, false);
    page.screenshot("bench-photograph-dark", 1280, 900, true);
    page.screenshot("bench-photograph-phone", 360, 1100, false);
    page.set_view(1280, 900, false);
    // The catalogue says the same size of the same file.
    open_picker(&page);
    let row = "document.querySelector('.checkpoints tr[data-id=laion2b-s34b-b79k]')";
    page.wait_for(row);
    let row = page.eval(&format!("{row}.innerText"));
    assert!(
        row.as_str()
            .is_some_and(|row| row.contains("605 MB from huggingface.co")),
        "{row}"
    );
    let before = page.requests().len();
    assert!(!page.requests().iter().any(|r| r.path.starts_with("hub/")));
    page.click(".demo button");
    page.wait_for(
        "document.querySelector('.model-status')?.innerText.startsWith('ViT-B-32, LAION-2B, 34B samples is ready')",
    );
    assert!(
        page.requests()[before..]
            .iter()
            .any(|r| r.path == "hub/model.safetensors")
    );
    page.wait_for("document.querySelector('.answer .bars li')");
    assert!(!page.has(".demo"));
    let address = page.eval("location.search");
    assert!(
        address
            .as_str()
            .is_some_and(|a| a.ends_with("model=laion2b-s34b-b79k")),
        "{address}"
    );
    // Now it is here, and the button says so.
    page.click(".bundled:not([hidden])");
    page.wait_for(
        "document.querySelector('.demo button')?.innerText === 'Load ViT-B/32 from this device'",
    );
}

/// A model of the formula whose logit scale is `scale`.
fn scaled(scale: f32) -> Vec<u8> {
    let mut file = std::fs::read(model::folder().join("small.safetensors")).expect("a model");
    let length = u64::from_le_bytes(file[..8].try_into().expect("8 bytes")) as usize;
    let header: Value = serde_json::from_slice(&file[8..8 + length]).expect("JSON");
    let at = header["logit_scale"]["data_offsets"][0]
        .as_u64()
        .expect("an offset");
    let at = 8 + length + at as usize;
    file[at..at + 4].copy_from_slice(&scale.ln().to_le_bytes());
    file
}

#[test]
fn a_low_best_cosine_is_said_of_models_that_it_means_something_of() {
    for (scale, is_said) in [(100.0, true), (30.0, false)] {
        let page = with_hub("hub/model.safetensors", scaled(scale)).open("?page=run");
        accuracy(&page, 10);
        drop_photograph(&page);
        page.click(".demo button");
        page.wait_for("document.querySelector('.model-status')?.innerText.startsWith('ViT-B-32')");
        page.wait_for("document.querySelector('.answer .bars li')");
        // The class that matches least of the five.
        let last = page.eval("document.querySelector('.answer .bars li:last-child').dataset.label");
        page.set_value("textarea[name=Classes]", last.as_str().expect("a class"));
        page.wait_for("document.querySelectorAll('.answer .bars li').length === 1");
        let cosine = page.text(".answer .bars li .aside");
        let best = cosine.trim_start_matches("cosine ").replace('−', "-");
        assert!(best.parse::<f64>().expect("a number") < 0.2, "{cosine}");
        assert_eq!(page.has(".callout.low"), is_said, "scale {scale}, {cosine}");
        if is_said {
            let text = page.text(".callout.low");
            assert!(
                text.starts_with("No class matches well: the best"),
                "{text}"
            );
            let best = cosine.replace("cosine ", "cosine is ");
            assert!(text.contains(&best), "{best}: {text}");
            page.screenshot("bench-low-light", 1280, 900, false);
        }
    }
}

#[test]
fn classes_are_chips() {
    let page = Page::open("?page=run");
    accuracy(&page, 10);
    page.eval("document.querySelector('[name=\"New class\"]').focus()");
    // Typed, with a comma and with Enter.
    type_text(&page, "a cat,a dog");
    page.press("Enter");
    page.wait_for_text("12 classes are ready.");
    assert_eq!(chips(&page)[10..], ["a cat", "a dog"]);
    assert_eq!(page.text(".message"), "Added “a dog”.");
    assert_eq!(
        page.eval("document.querySelector('[name=\"New class\"]').value"),
        ""
    );
    // Twice is once.
    type_text(&page, "a cat");
    page.press("Enter");
    page.wait_for_text("“a cat” is in the list already.");
    assert_eq!(chips(&page).len(), 12);
    // By keyboard: from the field to the last chip, along the chips, and away with one.
    let focused = "document.activeElement.getAttribute('aria-label')";
    page.press("Backspace");
    page.wait_for(&format!("{focused} === 'Remove a dog'"));
    assert_eq!(chips(&page).len(), 12, "moving removes nothing");
    page.press("ArrowLeft");
    page.wait_for(&format!("{focused} === 'Remove a cat'"));
    page.press("Delete");
    page.wait_for(&format!("{focused} === 'Remove a dog'"));
    assert_eq!(page.text(".message"), "Removed “a cat”.");
    page.press("Home");
    page.wait_for(&format!("{focused} === 'Remove four black stars'"));
    let stops = page.eval("document.querySelectorAll('.chips button[tabindex=\"0\"]').length");
    assert_eq!(stops, 1, "one chip is in the order of the Tab key");
    page.press("Enter");
    page.wait_for(&format!("{focused} === 'Remove five red circles'"));
    // By mouse, and as text, which are the same list.
    page.click(".chips li:last-child button");
    page.wait_for_text("9 classes are ready.");
    let text = page.eval("document.querySelector('textarea[name=Classes]').value");
    assert_eq!(text, chips(&page).join("\n"));
    page.set_value("textarea[name=Classes]", "one\ntwo");
    page.wait_for("document.querySelectorAll('.chips li').length === 2");
    // The order of the Tab key has a chip, though the one that it had is gone.
    let stops = page.eval("document.querySelectorAll('.chips button[tabindex=\"0\"]').length");
    assert_eq!(stops, 1);
    // Of a long list the first are chips.
    page.set_value("select[name=List]", "ImageNet, 1,000");
    page.wait_for_text("and 940 more");
    page.wait_for_text("1000 classes are ready.");
}

#[test]
fn tabs_follow_the_keyboard_and_the_address() {
    let page = Page::open("?page=run");
    accuracy(&page, 10);
    let selected = |page: &Page| {
        let tab = "document.querySelector('[role=tab][aria-selected=true]')";
        let agrees = page.eval(&format!(
            "(tab => tab.tabIndex === 0
                && [...document.querySelectorAll('[role=tab]')].filter(t => t.tabIndex === 0).length === 1
                && [...document.querySelectorAll('[role=tabpanel]')].every(
                    panel => panel.hidden === (panel.id !== tab.getAttribute('aria-controls')))
                && document.getElementById(tab.getAttribute('aria-controls')).getAttribute('aria-labelledby') === tab.id
            )({tab})"
        ));
        assert_eq!(agrees, true, "tabs and panels differ");
        page.text("[role=tab][aria-selected=true]")
    };
    assert_eq!(selected(&page), "Classify");
    page.eval("document.querySelector('#tab-classify').focus()");
    for (key, tab) in [
        ("ArrowRight", "Search"),
        ("ArrowRight", "Where"),
        ("End", "Camera"),
        ("ArrowRight", "Classify"),
        ("ArrowLeft", "Camera"),
        ("ArrowLeft", "Pairs"),
        ("ArrowLeft", "Mix"),
        ("Home", "Classify"),
        ("ArrowRight", "Search"),
    ] {
        page.press(key);
        page.wait_for(&format!("document.activeElement.innerText === '{tab}'"));
        assert_eq!(selected(&page), tab);
    }
    assert_eq!(page.eval("location.hash"), "#search");
    // What was done in a tab stays when another is selected.
    page.set_value("input[name=Query]", "a large purple heart");
    page.click("#search button[type=submit]");
    page.wait_for("document.querySelector('#search ol.thumbnails li')");
    page.screenshot("bench-search-light", 1280, 900, false);
    open_tab(&page, "captions");
    page.wait_for_text("Shapes has no text decoder");
    page.screenshot("bench-no-captions-light", 1280, 900, false);
    page.screenshot("bench-no-captions-phone", 360, 900, true);
    open_tab(&page, "search");
    assert!(page.has("#search ol.thumbnails li"));
    // Links to the headings that there were, and what the address holds besides.
    page.go("?v=2&page=run#comparison");
    page.wait_for("document.querySelector('#tab-comparison[aria-selected=true]')");
    page.go("?page=yours");
    page.go("?page=run&model=shapes-mammut#captions");
    page.wait_for(
        "document.querySelector('.model-status')?.innerText.startsWith('Shapes MaMMUT is ready')",
    );
    page.wait_for("document.querySelector('.caption-all')");
}

#[test]
fn the_list_of_models_is_searched_and_filtered() {
    let page = Page::open("?page=run");
    accuracy(&page, 10);
    assert_eq!(
        page.attribute(".change-model", "aria-expanded").as_deref(),
        Some("false")
    );
    open_picker(&page);
    page.wait_for("document.querySelectorAll('.checkpoints tbody tr').length === 87");
    let shown = || {
        let rows = page.eval(
            "[...document.querySelectorAll('.checkpoints tbody tr')].filter(r => !r.hidden).map(r => r.children[0].innerText)",
        );
        serde_json::from_value::<Vec<String>>(rows).expect("texts")
    };
    assert_eq!(page.text(".shown"), "87 of 87 models");
    // One is recommended: of the table, with its accuracy and licence.
    let recommended = page.text(".suggested");
    assert!(recommended.starts_with("Recommended"), "{recommended}");
    for part in [
        "ViT-B-32, LAION-2B, 34B samples",
        "66.47 %",
        "MIT",
        "605 MB",
    ] {
        assert!(recommended.contains(part), "{part}: {recommended}");
    }
    assert_eq!(
        page.eval("document.querySelectorAll('.suggested').length"),
        1
    );
    page.set_value("input[name='Model search']", "vit-l 34b");
    page.wait_for_text("1 of 87 models");
    assert!(
        shown()[0].starts_with("ViT-L-14, LAION-2B, 34B samples"),
        "{:?}",
        shown()
    );
    page.screenshot("bench-models-light", 1280, 1100, false);
    page.screenshot("bench-models-dark", 1280, 1100, true);
    page.screenshot("bench-models-phone", 360, 1800, false);
    page.set_view(1280, 900, false);
    page.set_value("input[name='Model search']", "");
    page.set_value("select[name=Family]", "MaMMUT");
    page.wait_for_text("33 of 87 models");
    page.set_value("select[name=Architecture]", "ViT-B-32");
    page.wait_for("document.querySelector('.shown').innerText.startsWith('1')");
    let both = shown();
    assert!(
        !both.is_empty() && both.iter().all(|name| name.starts_with("MaMMUT ViT-B-32")),
        "{both:?}"
    );
    page.set_value("select[name='Pre-training set']", "LAION-2B");
    page.wait_for_text("No model matches.");
    page.click(".filter button");
    page.wait_for_text("87 of 87 models");
    assert_eq!(
        page.eval("document.querySelector('select[name=Family]').value"),
        ""
    );
    page.click(".change-model");
    page.wait_for("document.querySelector('#checkpoints').hidden");
}
