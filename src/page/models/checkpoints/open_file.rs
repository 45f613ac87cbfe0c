//! A checkpoint from an address, or from the reader's disk.

use crate::page::messages::error_if_any;
use crate::page::models::address::permitted_host;
use crate::page::models::choice::ModelChoice;
use crate::page::models::session::{Purpose, Session};
use leptos::prelude::*;
use web_sys::{File, HtmlInputElement};

#[component]
pub(super) fn AddressOrFile(session: Session) -> impl IntoView {
    let address = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let download = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let address = address.get_untracked().trim().to_owned();
        match permitted_host(&address) {
            Err(sentence) => problem.set(Some(sentence)),
            Ok(_) => {
                problem.set(None);
                let name = address.rsplit('/').next().unwrap_or_default();
                let name = name.split('?').next().unwrap_or_default().to_owned();
                session.download(name, address, Purpose::Run);
            }
        }
    };
    let open = move |file| session.load(ModelChoice::file(file));
    view! {
        <h3>"From an address or a file"</h3>
        <form class="choices" on:submit=download>
            <label class="choice address">
                <span>"Address of a CLIP checkpoint on Hugging Face (.safetensors, .pt or .bin)"</span>
                <input
                    name="Address"
                    type="url"
                    inputmode="url"
                    placeholder="https://huggingface.co/…/resolve/main/…"
                    aria-invalid=move || problem.with(Option::is_some).to_string()
                    prop:value=move || address.get()
                    on:input=move |event| address.set(event_target_value(&event))
                />
            </label>
            <button type="submit">"Download"</button>
            {file_button("Checkpoint", open)}
        </form>
        {error_if_any(problem)}
    }
}

/// A button that opens a checkpoint from the reader's disk.
pub fn file_button(name: &'static str, open: impl Fn(File) + 'static) -> impl IntoView {
    let chosen = move |event: web_sys::Event| {
        let input: HtmlInputElement = event_target(&event);
        let file = input.files().and_then(|files| files.get(0));
        input.set_value("");
        if let Some(file) = file {
            open(file);
        }
    };
    view! {
        <label class="button file">
            "Open a file"
            <input type="file" name=name accept=".safetensors,.pt,.bin,.pth" on:change=chosen />
        </label>
    }
}
