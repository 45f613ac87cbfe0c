//! Progress bars.

use super::protocol::Progress;
use crate::text;
use leptos::prelude::*;

/// A progress bar with a text beside it.
pub fn bar(label: &'static str, done: u64, total: u64, text: String) -> AnyView {
    view! {
        <progress max=total.max(1).to_string() value=done.to_string() aria-label=label></progress>
        <span>{text}</span>
    }
    .into_any()
}

/// What is done to a model, and how far it is: "Loading Shapes: 2 MB of 5 MB".
pub fn sentence(what: &str, Progress { bytes, total }: Progress) -> String {
    match total {
        0 => format!("{what}…"),
        total => format!(
            "{what}: {} of {}",
            text::bytes(bytes as f64),
            text::bytes(total as f64)
        ),
    }
}
