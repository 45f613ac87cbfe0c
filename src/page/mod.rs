//! The page (Leptos): the shell and its views. No module outside of this folder knows Leptos or
//! the DOM.

// The component macro of Leptos makes items public whatever the visibility of the function.
#![allow(unreachable_pub)]

mod appearance;
pub mod by_hand;
mod choice;
mod current;
mod data;
pub mod details;
mod explore;
mod latest;
mod lazy;
mod location;
mod messages;
pub mod models;
mod notices;
mod panic;
mod program;
mod save;
mod static_chart;
mod studies;
mod table;
mod tabs;
pub mod user_runs;
mod work;

use appearance::Appearance;
use leptos::prelude::*;
use location::{Location, View};

/// Replaces the static text by the page, once the study in the address is known.
pub fn mount() {
    panic::install();
    let query = window().location().search().unwrap_or_default();
    let Some(reference) = studies::unopened(&query) else {
        return mount_app();
    };
    if let Some(status) = document().get_element_by_id("boot-status") {
        status.set_text_content(Some("Opening the study …"));
        let _ = status.remove_attribute("hidden");
    }
    // Leptos' own is there once something is mounted.
    wasm_bindgen_futures::spawn_local(async move {
        // What failed is told when the page reads the address.
        let _ = studies::open(&reference).await;
        mount_app();
    });
}

fn mount_app() {
    let Some(root) = document().get_element_by_id("app") else {
        return;
    };
    // The printed laws stay in the document, hidden: Explore reads them.
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

/// Views in sequence, all as the same type: the code for a list is compiled once.
fn list<V: IntoAny>(views: impl IntoIterator<Item = V>) -> AnyView {
    let views = views.into_iter().map(IntoAny::into_any);
    views.collect::<Vec<_>>().into_any()
}

#[component]
fn App() -> impl IntoView {
    let location = Location::start();
    provide_context(location);
    provide_context(Appearance::follow());
    Effect::new(move |_| {
        document().set_title(&format!("{} — Refit", location.view.get().title()));
    });
    let link = move |view: View| {
        view! {
            <a
                href=move || location.href(view)
                aria-current=move || (location.view.get() == view).then_some("page")
            >
                {view.title()}
            </a>
        }
    };
    // An embedded figure has no shell.
    let shell = move || location.view.get() != View::Embed;
    view! {
        <header class="masthead" hidden=move || !shell()>
            <p class="name">
                <a href="./">"Refit"</a>
            </p>
            <nav aria-label="Views">
                <a href="read/">"Read"</a>
                {link(View::Explore)} {link(View::Figures)} {link(View::Verify)}
                {link(View::Findings)} {link(View::Methods)} {link(View::Run)}
                {link(View::UserRuns)}
            </nav>
            <div class="tools">
                <appearance::Switch />
                <notices::CopyLink />
            </div>
        </header>
        <notices::Notices />
        {move || {
            let (program, view) = match location.view.get() {
                View::Embed => return view! { <explore::Embed /> }.into_any(),
                View::Explore => return view! { <explore::Explore /> }.into_any(),
                View::Run => ("models", "run"),
                View::UserRuns => ("user_runs", "yours"),
                other => ("details", other.id()),
            };
            view! { <lazy::Lazy program view /> }.into_any()
        }}
    }
}
