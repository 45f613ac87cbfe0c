//! Tables of numbers.

use super::list;
use leptos::prelude::*;

/// A table that scrolls sideways where it is too wide. `head` is a row; `label` names the table for
/// screen readers.
pub fn scrolling(label: &str, class: &'static str, head: AnyView, rows: AnyView) -> AnyView {
    captioned(None, label, class, head, rows)
}

fn captioned(
    caption: Option<String>,
    label: &str,
    class: &'static str,
    head: AnyView,
    rows: AnyView,
) -> AnyView {
    let caption = caption.map(|text| view! { <caption>{text}</caption> });
    view! {
        // Focusable, so that a keyboard can scroll it.
        <div class="scroll" tabindex="0" role="group" aria-label=label.to_owned()>
            <table class=class>
                {caption}
                <thead>{head}</thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// A row of column headers; an empty text leaves a cell without one.
pub fn header_row(texts: &[&str]) -> AnyView {
    let cells = texts.iter().map(|text| match text.is_empty() {
        true => view! { <td></td> }.into_any(),
        false => view! { <th scope="col">{(*text).to_owned()}</th> }.into_any(),
    });
    view! { <tr>{list(cells)}</tr> }.into_any()
}

/// A row of texts, the first of which is its header.
pub fn text_row(texts: impl IntoIterator<Item = String>) -> AnyView {
    let cells = texts.into_iter().enumerate().map(|(i, text)| match i {
        0 => view! { <th scope="row">{text}</th> }.into_any(),
        _ => view! { <td>{text}</td> }.into_any(),
    });
    view! { <tr>{list(cells)}</tr> }.into_any()
}

/// A table of texts.
pub fn table(caption: Option<String>, head: &[&str], rows: Vec<Vec<String>>) -> AnyView {
    let label = caption.clone().unwrap_or_else(|| {
        let named: Vec<&str> = head.iter().copied().filter(|h| !h.is_empty()).collect();
        format!("Table of {}", named.join(", "))
    });
    let rows = list(rows.into_iter().map(text_row));
    captioned(caption, &label, "numbers", header_row(head), rows)
}

/// The text of a value, or a dash where there is none.
pub fn or_dash<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or("–".to_owned(), text)
}
