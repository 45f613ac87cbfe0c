//! What the tests of Run share.

use crate::{Page, PageBuilder};

/// Has the page keep the text of what it saves, by its media type, in `saved`.
const SAVED: &str = "globalThis.saved = {};
    const make = URL.createObjectURL;
    URL.createObjectURL = (blob) => {
        if (['text/csv', 'application/json'].includes(blob.type))
            blob.text().then(text => saved[blob.type] = text);
        return make(blob);
    };";

/// Has the page keep what it saves, for [`saved`].
pub fn keep_saved(builder: PageBuilder) -> PageBuilder {
    builder.before_load(SAVED)
}

/// What a button saves of this media type.
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

/// Runs a script in every worker of the page before the worker's own.
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
