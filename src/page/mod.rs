//! The page (Leptos): the shell and its views. Everything below this folder knows neither
//! Leptos nor the DOM.

mod appearance;
mod choice;
mod data;
pub mod details;
mod explore;
mod lazy;
mod location;
pub mod models;
mod notices;
mod panic;
mod program;
mod save;
mod shown;
mod table;
pub mod user_runs;
mod work;

use appearance::Appearance;
use leptos::prelude::*;
use location::{Location, View};

/// Puts the page in place of the static text.
pub fn mount() {
    panic::install();
    let Some(root) = document().get_element_by_id("app") else {
        return;
    };
    // What the papers print stays, as the source of what Explore says of it.
    if let (Ok(Some(printed)), Some(body)) =
        (root.query_selector(".printed-laws"), document().body())
    {
        let _ = printed.set_attribute("hidden", "");
        let _ = body.append_child(&printed);
    }
    root.set_inner_html("");
    let root = wasm_bindgen::JsCast::unchecked_into(root);
    leptos::mount::mount_to(root, App).forget();
}

/// Views one after the other, as a view of the one type that all lists have: each type would be
/// compiled for itself.
fn list<V: IntoAny>(views: impl IntoIterator<Item = V>) -> AnyView {
    let views = views.into_iter().map(IntoAny::into_any);
    views.collect::<Vec<_>>().into_any()
}

#[component]
fn App() -> impl IntoView {
    let location = Location::start();
    provide_context(location);
    provide_context(Appearance::follow());
    let link = move |view: View, text: &'static str| {
        view! {
            <a
                href=move || location.href(view)
                aria-current=move || (location.view.get() == view).then_some("page")
            >
                {text}
            </a>
        }
    };
    // Alone in somebody else's page, the figure has no shell.
    let shell = move || location.view.get() != View::Embed;
    view! {
        <header class="masthead" hidden=move || !shell()>
            <p class="name">
                <a href="?">"Refit"</a>
            </p>
            <nav aria-label="Views">
                {link(View::Explore, "Explore")} {link(View::Figures, "Figures")}
                {link(View::Verify, "Verify")} {link(View::Findings, "Findings")}
                {link(View::Methods, "Methods")} {link(View::Run, "Run")}
                {link(View::UserRuns, "Your data")}
            </nav>
            <div class="tools">
                <appearance::Switch />
                <notices::CopyLink />
            </div>
        </header>
        <notices::Notices />
        {move || match location.view.get() {
            View::Embed => view! { <explore::Embed /> }.into_any(),
            View::Explore => view! { <explore::Explore /> }.into_any(),
            View::Figures => view! { <lazy::Lazy program="details" view="figures" /> }.into_any(),
            View::Verify => view! { <lazy::Lazy program="details" view="verify" /> }.into_any(),
            View::Methods => view! { <lazy::Lazy program="details" view="methods" /> }.into_any(),
            View::Run => view! { <lazy::Lazy program="models" view="run" /> }.into_any(),
            View::Findings => view! { <lazy::Lazy program="details" view="findings" /> }.into_any(),
            View::UserRuns => view! { <lazy::Lazy program="user_runs" view="yours" /> }.into_any(),
        }}
        <footer hidden=move || !shell()>
            <p>
                "Numbers released by the authors of "
                <a href="https://arxiv.org/abs/2212.07143">"arXiv 2212.07143"</a> " and "
                <a href="https://arxiv.org/abs/2506.04598">"arXiv 2506.04598"</a>
                ". Every fit runs in this browser; nothing is sent anywhere."
            </p>
        </footer>
    }
}
