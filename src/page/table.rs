//! Tables of numbers.

use leptos::prelude::*;

/// A table of texts, the first of each row its heading. It scrolls where it is too wide.
pub fn table(caption: Option<String>, head: &[&str], rows: Vec<Vec<String>>) -> AnyView {
    let label = caption.clone().unwrap_or_else(|| {
        let named: Vec<&str> = head.iter().copied().filter(|h| !h.is_empty()).collect();
        format!("Table of {}", named.join(", "))
    });
    let head = head.iter().map(|text| {
        if text.is_empty() {
            view! { <td></td> }.into_any()
        } else {
            view! { <th scope="col">{(*text).to_owned()}</th> }.into_any()
        }
    });
    let rows = rows.into_iter().map(|row| {
        let cells = row.into_iter().enumerate().map(|(i, text)| {
            if i == 0 {
                view! { <th scope="row">{text}</th> }.into_any()
            } else {
                view! { <td>{text}</td> }.into_any()
            }
        });
        view! { <tr>{cells.collect_view()}</tr> }
    });
    view! {
        // Focusable, so that a keyboard can scroll it.
        <div class="scroll" tabindex="0" role="group" aria-label=label>
            <table class="numbers">
                {caption.map(|text| view! { <caption>{text}</caption> })}
                <thead>
                    <tr>{head.collect_view()}</tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// A number that may be missing.
pub fn or_dash<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or("–".to_owned(), text)
}
