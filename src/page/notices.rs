//! Notices about the address, and the button that copies it.

use super::list;
use super::location::Location;
use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[component]
pub fn Notices() -> impl IntoView {
    let location = expect_context::<Location>();
    view! {
        <div class="notices" role="status">
            <Show when=move || !location.notices.with(Vec::is_empty)>
                <ul>
                    {move || {
                        let notices = location.notices.get().into_iter();
                        list(notices.map(|notice| view! { <li>{notice}</li> }))
                    }}
                </ul>
                <button type="button" on:click=move |_| location.notices.set(Vec::new())>
                    "Dismiss"
                </button>
            </Show>
        </div>
    }
}

/// Copies the address, which encodes every choice.
#[component]
pub fn CopyLink() -> impl IntoView {
    let location = expect_context::<Location>();
    let copied = RwSignal::new(None::<Result<(), ()>>);
    // The copied link is outdated after the next choice.
    Effect::new(move || {
        location.analysis.track();
        location.drawing.track();
        location.view.track();
        copied.set(None);
    });
    let copy = move |_| {
        leptos::task::spawn_local(async move {
            let href = window().location().href().unwrap_or_default();
            let promise = window().navigator().clipboard().write_text(&href);
            copied.set(Some(JsFuture::from(promise).await.map(drop).map_err(drop)));
        });
    };
    view! {
        <button type="button" class="copy-link" on:click=copy>
            {move || match copied.get() {
                None => "Copy link",
                Some(Ok(())) => "Link copied",
                Some(Err(())) => "Copy from address bar",
            }}
        </button>
    }
}
