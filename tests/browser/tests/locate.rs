//! The tab Where: a map over the selected image by the bundled model, without a network, too.

use browser_tests::Page;
use browser_tests::run::{keep_saved, open_tab, saved};
use serde_json::Value;

/// The samples are answered, so that nothing is encoded any more.
const READY: &str = "document.querySelector('.accuracy')";

/// Waits for the map of these words.
fn wait_for_map(page: &Page, words: &str) {
    page.wait_for(&format!(
        "document.querySelector('.where')?.dataset.words === {}",
        serde_json::json!(words)
    ));
}

/// Drops an image that this script draws, 160 × 80: what the model sees is its middle.
fn drop_drawn(page: &Page, name: &str, script: &str) {
    page.eval(&format!(
        "(async () => {{
            const canvas = new OffscreenCanvas(160, 80);
            const context = canvas.getContext('2d');
            {script}
            const data = new DataTransfer();
            data.items.add(new File([await canvas.convertToBlob({{type: 'image/png'}})], '{name}', {{type: 'image/png'}}));
            document.querySelector('.drop').dispatchEvent(
                new DragEvent('drop', {{dataTransfer: data, bubbles: true, cancelable: true}}));
        }})()"
    ));
    page.wait_for(&format!(
        "document.querySelector('.thumbnails img[alt=\"{name}\"]')"
    ));
    page.click(&format!(".thumbnails li:has(img[alt='{name}']) button"));
    page.wait_for(&format!(
        "document.querySelector('.selected .name')?.innerText === '{name}'"
    ));
}

fn found(page: &Page) -> Value {
    let json = saved(page, "Export the map (JSON)", "application/json");
    serde_json::from_str(&json).expect("JSON")
}

/// Left, top, width and height of an element in the picture, as shares of it.
fn place(page: &Page, selector: &str) -> [f64; 4] {
    let place = page.eval(&format!(
        "(() => {{
            const of = document.querySelector('.where .picture').getBoundingClientRect();
            const it = document.querySelector('{selector}').getBoundingClientRect();
            return [(it.x - of.x) / of.width, (it.y - of.y) / of.height, it.width / of.width, it.height / of.height];
        }})()"
    ));
    [0, 1, 2, 3].map(|i| place[i].as_f64().expect("a number"))
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.02
}

#[test]
fn a_class_is_shown_where_it_is() {
    let page = keep_saved(Page::builder()).open("?page=run#where");
    page.wait_for(READY);
    // The likeliest class of the selected sample, at once.
    page.wait_for("document.querySelector('.where .box')");
    page.wait_for_text("is strongest at");
    page.wait_for_text("half of the highest, since the paper has none for it");
    let first = page.attribute(".where", "data-words").expect("words");
    // It is drawn: light at the highest.
    let drawn = "(() => {
        const canvas = document.querySelector('.where canvas');
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const light = [];
        for (let i = 0; i < data.length; i += 4) light.push(data[i]);
        return [canvas.width, Math.min(...light), Math.max(...light)];
    })()";
    let colours = page.eval(drawn);
    assert_eq!(colours[0], 80);
    assert!(
        colours[1].as_u64() < Some(80) && colours[2].as_u64() > Some(240),
        "{colours}"
    );
    // The map, what its colours mean, and the threshold are seen together.
    page.screenshot("where-light", 1280, 900, false);
    for part in [".where .picture", ".heat", ".threshold input"] {
        let end = page.eval(&format!(
            "document.querySelector('{part}').getBoundingClientRect().bottom + scrollY"
        ));
        assert!(end.as_f64() <= Some(900.0), "{part} ends at {end}");
    }
    for (name, width, height, dark) in [
        ("where-dark", 1280, 1100, true),
        ("where-phone", 360, 1700, false),
    ] {
        page.screenshot(name, width, height, dark);
        let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
        assert_eq!(wide, false, "{name} scrolls sideways");
    }

    // Another class has another map; tiles do, too.
    let other = page.eval(
        "[...document.querySelector('select[name=\"Class to find\"]').options].map(o => o.value).filter(Boolean).at(-1)",
    );
    let other = other.as_str().expect("a class");
    assert_ne!(first, other);
    page.set_value("select[name='Class to find']", other);
    wait_for_map(&page, other);
    // It is not on the first sample.
    page.wait_for_text(&format!("“{other}” may not be in the image: the model finds “{first}” more than 100 times as likely."));
    page.screenshot("where-absent", 1280, 1100, false);
    let gradient = found(&page);
    assert_eq!(gradient["likelier_class"], first);
    assert_eq!(
        (&gradient["class"], &gradient["method"]),
        (&other.into(), &"gradient".into())
    );
    assert_eq!(gradient["map"]["values"].as_array().map(Vec::len), Some(16));
    page.set_value("select[name=How]", "3");
    page.wait_for("document.querySelector('.where canvas.tiles')");
    let tiles = found(&page);
    assert_eq!(tiles["method"], serde_json::json!({"tiles": 8}));
    let values = tiles["map"]["values"].as_array().expect("values").iter();
    let sum: f64 = values.map(|value| value.as_f64().expect("a number")).sum();
    assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    page.screenshot("where-tiles", 1280, 1100, false);

    // The threshold moves by the keyboard.
    page.eval("document.querySelector('input[name=Threshold]').focus()");
    page.press("End");
    page.wait_for_text("Nothing is above");
    page.wait_for("!document.querySelector('.where .box')");
    page.press("Home");
    page.wait_for("document.querySelector('.where .box')");
    let [left, top, width, height] = place(&page, ".where .box");
    assert!(near(left, 0.0) && near(top, 0.0) && near(width, 1.0) && near(height, 1.0));
    page.wait_for_text("your choice");
    // Another image is asked the same.
    page.click(".thumbnails li:nth-child(3) button");
    page.wait_for("document.querySelector('.where img').src === document.querySelector('.thumbnails li:nth-child(3) img').src");
    let other_image = found(&page);
    assert_eq!(other_image["class"], other);
    // By its own threshold: the numbers are others.
    assert_eq!(other_image["threshold_from"], "half-of-highest");
}

/// Each region above the threshold has a box.
#[test]
fn several_regions_have_boxes() {
    let page = keep_saved(Page::builder()).open("?page=run");
    page.wait_for(READY);
    drop_drawn(
        &page,
        "three.png",
        "context.fillStyle = '#fff';
        context.fillRect(0, 0, 160, 80);
        context.fillStyle = '#d02020';
        for (const x of [20, 80, 140]) {
            context.beginPath();
            context.arc(x, 40, 14, 0, 7);
            context.fill();
        }",
    );
    open_tab(&page, "where");
    page.wait_for("document.querySelector('.where')");
    page.set_value("input[name='Text to find']", "a photo of a red circle.");
    page.click("button.look");
    page.set_value("select[name=How]", "3");
    page.wait_for("document.querySelector('.where canvas.tiles')");
    wait_for_map(&page, "a photo of a red circle.");
    page.set_value("input[name=Threshold]", "0.02");
    page.wait_for("document.querySelectorAll('.where .box').length > 1");
    let found = found(&page);
    let boxes = found["boxes"].as_array().expect("boxes");
    assert_eq!(found["box"], boxes[0]);
    page.wait_for_text(&format!("{} regions are above", boxes.len()));
    assert_eq!(
        page.eval("document.querySelectorAll('.where .box').length"),
        boxes.len()
    );
    page.screenshot("where-several", 1280, 1000, false);
}

#[test]
fn a_text_is_found_in_an_image_of_ones_own_without_a_network() {
    let page = keep_saved(Page::builder()).open("?page=run");
    page.wait_for(READY);
    page.wait_for("navigator.serviceWorker.controller !== null");
    // The model is kept from the second visit on.
    page.go("?page=run&again");
    page.wait_for(READY);
    page.go_offline();
    drop_drawn(
        &page,
        "two.png",
        "context.fillStyle = '#fff';
        context.fillRect(0, 0, 160, 80);
        context.fillStyle = '#d02020';
        context.beginPath();
        context.arc(60, 40, 15, 0, 7);
        context.fill();
        context.fillStyle = '#2040d0';
        context.fillRect(86, 27, 26, 26);",
    );
    open_tab(&page, "where");
    page.wait_for("document.querySelector('.where')");
    let mut peaks = Vec::new();
    for text in ["a photo of a red circle.", "a photo of a blue square."] {
        page.set_value("input[name='Text to find']", text);
        page.click("button.look");
        wait_for_map(&page, text);
        let found = found(&page);
        assert_eq!(
            (&found["text"], &found["width"]),
            (&text.into(), &160.into())
        );
        peaks.push(found["peak"]["x"].as_f64().expect("a peak"));
    }
    assert!(peaks[0] < 80.0 && peaks[1] > 80.0, "{peaks:?}");
    // What the model sees is the middle half, and the map lies over that.
    page.wait_for_text("It covers the part of the image that the model sees.");
    let [left, top, width, height] = place(&page, ".where canvas");
    assert!(near(left, 0.25) && near(top, 0.0) && near(width, 0.5) && near(height, 1.0));
    // Tiles cover all of it.
    page.set_value("select[name=How]", "2");
    page.wait_for("document.querySelector('.where canvas.tiles')");
    let [left, _, width, _] = place(&page, ".where canvas");
    assert!(near(left, 0.0) && near(width, 1.0));
    page.screenshot("where-own", 1280, 1000, true);
}

#[test]
fn an_image_without_places_is_said() {
    let page = Page::open("?page=run");
    page.wait_for(READY);
    drop_drawn(
        &page,
        "gray.png",
        "context.fillStyle = '#888'; context.fillRect(0, 0, 160, 80);",
    );
    open_tab(&page, "where");
    page.wait_for_text("What the model sees of the image has one colour, so that no place in it differs from another");
    page.set_value("select[name=How]", "1");
    page.wait_for_text("of the image has one colour");
    // The next image is answered as if nothing had been.
    drop_drawn(
        &page,
        "ring.png",
        "context.fillStyle = '#fff'; context.fillRect(0, 0, 160, 80);
        context.lineWidth = 8; context.beginPath(); context.arc(80, 40, 20, 0, 7); context.stroke();",
    );
    page.wait_for("document.querySelector('.where canvas.tiles')");
    page.click(".add-images button:last-child");
    page.wait_for_text("Choose an image.");
}
