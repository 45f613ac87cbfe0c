//! Messages that several views share.

use leptos::prelude::*;

pub const LOADING_MEASUREMENTS: &str = "Loading the measurements…";
pub const DOWNLOAD_REFUSED: &str = "The browser refused the download.";

/// An error, announced to screen readers.
pub fn error(sentence: String) -> AnyView {
    view! {
        <p class="error" role="alert">
            {sentence}
        </p>
    }
    .into_any()
}

/// An error that comes and goes.
pub fn error_if_any(sentence: RwSignal<Option<String>>) -> AnyView {
    (move || sentence.get().map(error)).into_any()
}

pub fn loading(sentence: &'static str) -> AnyView {
    view! {
        <p class="waiting" role="status">
            {sentence}
        </p>
    }
    .into_any()
}
