//! A checkpoint from an address, or from the reader's disk.

use super::dropped;
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
    let open = move |files| session.load(ModelChoice::files(files));
    view! {
        <h3>"From an address or a file"</h3>
        <form class="choices" on:submit=download>
            <label class="choice address">
                <span>"Address of a CLIP checkpoint on Hugging Face (.safetensors, .pt, .bin, or an index of several files)"</span>
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
            {folder_button(open)}
        </form>
        <p class="aside">
            "Open a checkpoint together with its configuration (open_clip_config.json, config.json, preprocessor_config.json), and all parts of one in several files; or drop files or a folder on the model bar."
        </p>
        {error_if_any(problem)}
    }
}

/// A button that opens a checkpoint from the reader's disk: one file, or several that belong
/// together.
pub fn file_button(name: &'static str, open: impl Fn(Vec<File>) + 'static) -> impl IntoView {
    view! {
        <label class="button file">
            "Open files"
            <input
                type="file"
                name=name
                accept=".safetensors,.pt,.bin,.pth,.ckpt,.json"
                multiple
                on:change=chosen(open)
            />
        </label>
    }
}

fn folder_button(open: impl Fn(Vec<File>) + 'static) -> impl IntoView {
    view! {
        <label class="button file">
            "Open a folder"
            <input
                type="file"
                name="Checkpoint folder"
                prop:webkitdirectory=true
                multiple
                on:change=chosen(open)
            />
        </label>
    }
}

fn chosen(open: impl Fn(Vec<File>)) -> impl Fn(web_sys::Event) {
    move |event: web_sys::Event| {
        let files = files_of(&event);
        if !files.is_empty() {
            open(files);
        }
    }
}

/// The files that were chosen; the field is emptied, so that the same can be chosen again.
pub fn files_of(event: &web_sys::Event) -> Vec<File> {
    let input: HtmlInputElement = event_target(event);
    let files = input.files();
    let files: Vec<File> = files.iter().flat_map(dropped::files).collect();
    input.set_value("");
    files
}
