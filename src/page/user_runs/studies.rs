//! Studies that are not bundled: opening one by its address; a list of those kept in this browser.

use crate::page::list;
use crate::page::messages::error_if_any;
use crate::study::description::Head;
use crate::study::heads;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Reference and head of every study that the browser keeps, in turns (`boot.js`).
    #[wasm_bindgen(js_namespace = refit, catch)]
    async fn kept_studies() -> Result<JsValue, JsValue>;

    /// Deletes a study's files.
    #[wasm_bindgen(js_namespace = refit, catch)]
    async fn delete_study(reference: &str) -> Result<JsValue, JsValue>;
}

/// A study by its reference.
type Kept = (String, Head);

async fn kept() -> Vec<Kept> {
    // Without storage, as in a private window, there are none.
    let found = kept_studies().await.unwrap_or(JsValue::NULL);
    let texts: Vec<String> = js_sys::Array::from(&found)
        .iter()
        .filter_map(|text| text.as_string())
        .collect();
    let pairs = texts.as_chunks().0.iter();
    let kept = pairs
        .filter_map(|[reference, head]| Some((reference.clone(), heads(head).into_iter().next()?)));
    kept.collect()
}

#[component]
pub fn Studies() -> impl IntoView {
    let all = RwSignal::new(Vec::<Kept>::new());
    let refresh = move || leptos::task::spawn_local(async move { all.set(kept().await) });
    refresh();
    let failed = RwSignal::new(None::<String>);
    let address = RwSignal::new(String::new());
    let open = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let address = address.get_untracked();
        let query = format!("?study={}", js_sys::encode_uri_component(address.trim()));
        // A reload, as every other way to open one.
        let _ = window().location().set_search(&query);
    };
    let item = move |(reference, head): &Kept| {
        let query = format!("?study={}", js_sys::encode_uri_component(reference));
        let to_delete = reference.clone();
        let delete = move |_| {
            let reference = to_delete.clone();
            leptos::task::spawn_local(async move {
                let deleted = delete_study(&reference).await;
                failed.set(deleted.is_err().then(|| {
                    "The study could not be deleted. Reload the page and try again.".to_owned()
                }));
                refresh();
            });
        };
        view! {
            <li data-study=reference.clone()>
                <strong>{head.title.clone()}</strong>
                <span class="aside">{reference.clone()}</span>
                <span class="choices">
                    <a href=query>"Open"</a>
                    <button type="button" on:click=delete>
                        "Delete"
                    </button>
                </span>
            </li>
        }
    };
    view! {
        <section aria-labelledby="studies">
            <h2 id="studies">"Studies"</h2>
            <p>
                "A study is a folder with a study.json: drop it, or a zip of it, on this page, or open it from raw.githubusercontent.com or huggingface.co."
            </p>
            <form class="choices" on:submit=open>
                <label class="choice">
                    <span>"Address of the folder"</span>
                    <input
                        type="url"
                        name="study"
                        required
                        placeholder="https://raw.githubusercontent.com/OWNER/REPOSITORY/main/FOLDER"
                        on:input:target=move |event| address.set(event.target().value())
                    />
                </label>
                <button type="submit">"Open study"</button>
            </form>
            {error_if_any(failed)}
            {move || {
                let all = all.get();
                match all.is_empty() {
                    true => ().into_any(),
                    false => {
                        view! {
                            <p class="aside">"Kept in this browser until you delete them:"</p>
                            <ul class="files">{list(all.iter().map(item))}</ul>
                        }
                            .into_any()
                    }
                }
            }}
        </section>
    }
}
