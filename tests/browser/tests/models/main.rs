//! Running a model on the page: one whose weights are a formula.

mod answers;
mod containers;
mod devices;
mod files;
mod packs;
mod workers;

use browser_tests::run::open_picker;
use browser_tests::{Page, PageBuilder, model};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A model is loaded.
const READY: &str = "document.querySelector('.model-status')";

/// The page with the formula's model in place of the bundled CLIP.
fn builder() -> PageBuilder {
    let small = model::folder().join("small.safetensors");
    // Beside a checkpoint on a server there may be configuration files: the page asks.
    Page::builder()
        .instead("clip/shapes.safetensors", small)
        .tolerate("config.json")
}

/// A script that draws an image file of this size.
fn drawn(name: &str, width: u32, height: u32) -> String {
    format!(
        "(async () => {{
            const canvas = new OffscreenCanvas({width}, {height});
            const context = canvas.getContext('2d');
            for (let y = 0; y < {height}; y += 4) for (let x = 0; x < {width}; x += 4) {{
                context.fillStyle = `rgb(${{x % 256}} ${{(3 * y) % 256}} ${{(x * y) % 256}})`;
                context.fillRect(x, y, 4, 4);
            }}
            return new File([await canvas.convertToBlob({{type: 'image/png'}})], '{name}', {{type: 'image/png'}});
        }})()"
    )
}

/// An image of the formula (`crates/clip/tests/reference/formula_models.py`), as [`drawn`].
fn of_formula([k, width, height]: [usize; 3]) -> String {
    format!(
        "(async () => {{
            const canvas = new OffscreenCanvas({width}, {height});
            const context = canvas.getContext('2d');
            const image = context.createImageData({width}, {height});
            for (let y = 0, i = 0; y < {height}; y++) for (let x = 0; x < {width}; x++, i++) for (let c = 0; c < 4; c++) {{
                const value = 0.5 + 0.25 * Math.sin(0.05 * (c + 1) * x + {k}) + 0.25 * Math.cos(0.03 * (c + 2) * y + 2 * {k});
                image.data[4 * i + c] = c < 3 ? Math.floor(255 * value + 0.5) : 255;
            }}
            context.putImageData(image, 0, 0);
            return new File([await canvas.convertToBlob({{type: 'image/png'}})], '{k}.png', {{type: 'image/png'}});
        }})()"
    )
}

/// Drops files (expressions of promises) onto the page.
fn drop_files(page: &Page, files: &[String]) {
    page.wait_for("document.querySelector('.drop')");
    page.eval(&format!(
        "Promise.all([{}]).then(files => {{
            const data = new DataTransfer();
            for (const file of files) data.items.add(file);
            document.querySelector('.drop').dispatchEvent(
                new DragEvent('drop', {{dataTransfer: data, bubbles: true, cancelable: true}}));
        }})",
        files.join(", ")
    ));
}

/// The terminal's classification of the same image.
fn terminal(picture: &Path, labels: &str) -> Value {
    let program = std::env::var_os("REFIT_BIN").expect("REFIT_BIN names the terminal");
    let output = std::process::Command::new(program)
        .arg("classify")
        .arg("--weights")
        .arg(model::folder().join("small.safetensors"))
        .args(["--labels", labels, "--template", "a photo of {}.", "--json"])
        .arg(picture)
        .output()
        .expect("the terminal runs");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Saves a file of the page for the terminal.
fn save(page: &Page, file: &str, name: &str) -> PathBuf {
    let bytes = page.eval(&format!(
        "{file}.then(file => file.arrayBuffer()).then(bytes => [...new Uint8Array(bytes)])"
    ));
    let bytes: Vec<u8> = serde_json::from_value(bytes).expect("bytes");
    let path = model::folder().join(name);
    std::fs::write(&path, bytes).expect("a picture");
    path
}

/// The classes and probabilities that the page shows, most likely first.
fn shown(page: &Page) -> Vec<(String, f64)> {
    let rows = page.eval(
        "[...document.querySelectorAll('.bars li')].map(li => [li.dataset.label, +li.dataset.probability])",
    );
    serde_json::from_value(rows).expect("rows")
}

fn classifies_as_the_terminal(device: &str) {
    let page = builder().open("?page=run");
    page.wait_for(READY);
    if device != "best" {
        page.set_value("select[name=Device]", device);
    }
    page.set_value("textarea[name=Classes]", "a cat\na dog\nsomething else");
    page.set_value("textarea[name=Templates]", "a photo of {}.");
    let file = drawn("drawn.png", 300, 200);
    drop_files(&page, std::slice::from_ref(&file));
    page.wait_for("document.querySelectorAll('.bars li').length === 3");
    page.wait_for(READY);
    let path = save(&page, &file, &format!("drawn-{device}.png"));
    let expected = &terminal(&path, "a cat,a dog,something else")["pictures"][0]["labels"];
    let expected = expected.as_array().expect("labels");
    let shown = shown(&page);
    for (theirs, (label, probability)) in expected.iter().zip(&shown) {
        assert_eq!(theirs["label"], **label);
        let theirs = theirs["probability"].as_f64().expect("a number");
        assert!(
            (theirs - probability).abs() < 1e-4,
            "{label}: {probability} {theirs}"
        );
    }
    assert_eq!(expected.len(), shown.len());
    page.screenshot(&format!("run-{device}-light"), 1280, 1100, false);
    page.screenshot(&format!("run-{device}-dark"), 1280, 1100, true);
    page.screenshot(&format!("run-{device}-phone"), 360, 1400, false);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");
}

/// Opens the choice of other models, and waits for the list.
fn open_checkpoints(page: &Page) {
    page.wait_for(READY);
    open_picker(page);
    page.wait_for("document.querySelectorAll('.checkpoints tbody tr').length === 87");
    page.wait_for("document.querySelector('.cache p')");
}

/// Downloads a file from the misbehaving host.
fn download(page: &Page, path: &str) {
    let address = page.eval(&format!("new URL('files/{path}', document.baseURI).href"));
    page.set_value("input[name=Address]", address.as_str().expect("an address"));
    page.click("form button[type=submit]");
}

fn progress(page: &Page) -> f64 {
    let value = page.eval("document.querySelector('.download progress')?.value ?? 0");
    value.as_f64().unwrap_or_default()
}

/// Waits until a model of this name is loaded.
fn wait_for_model(page: &Page, name: &str) {
    page.wait_for(&format!(
        "document.querySelector('.model-status')?.innerText.startsWith('{name} is ready')"
    ));
}
