//! Helpers for the tests of Run.

use crate::{Page, PageBuilder};

/// Stores the text of each export in `saved`, by its media type.
const SAVED: &str = "globalThis.saved = {};
    const make = URL.createObjectURL;
    URL.createObjectURL = (blob) => {
        if (['text/csv', 'application/json'].includes(blob.type))
            blob.text().then(text => saved[blob.type] = text);
        return make(blob);
    };";

/// Records exports, for [`saved`].
pub fn keep_saved(builder: PageBuilder) -> PageBuilder {
    builder.before_load(SAVED)
}

/// The export of this media type that a button makes.
#[track_caller]
pub fn saved(page: &Page, button: &str, media: &str) -> String {
    page.eval(&format!(
        "delete saved['{media}'];
        [...document.querySelectorAll('button')].find(b => b.textContent === '{button}').click()"
    ));
    page.wait_for(&format!("saved['{media}']"));
    let text = page.eval(&format!("saved['{media}']"));
    text.as_str().expect("text").to_owned()
}

/// Selects a tab by its panel's id.
#[track_caller]
pub fn open_tab(page: &Page, panel: &str) {
    page.click(&format!("#tab-{panel}"));
    page.wait_for(&format!("!document.querySelector('#{panel}').hidden"));
}

/// Opens the list of models, unless it is open.
#[track_caller]
pub fn open_picker(page: &Page) {
    page.wait_for("document.querySelector('.change-model')");
    page.eval("document.querySelector('.change-model[aria-expanded=false]')?.click()");
    page.wait_for("document.querySelector('.bundled')");
}

/// Waits for a text in what is said about the loaded model, which it unfolds.
#[track_caller]
pub fn wait_for_about(page: &Page, text: &str) {
    page.wait_for(&format!(
        "(about => {{
            if (about) about.open = true;
            return about?.innerText.includes({});
        }})(document.querySelector('.model details'))",
        serde_json::json!(text)
    ));
}

/// Runs a script in every worker of the page, before the worker's own.
pub fn in_workers(builder: PageBuilder, script: &str) -> PageBuilder {
    builder.before_load(&format!(
        "const Real = Blob;
         globalThis.Blob = class extends Real {{
             constructor(parts, options) {{
                 const is_program = options?.type === 'text/javascript';
                 super(is_program ? [{}, ...parts] : parts, options);
             }}
         }};",
        serde_json::json!(script)
    ))
}
