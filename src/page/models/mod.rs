//! Running the models of the studies: a program of its own (`src/bin/models.rs`), since its GPU
//! library is large. The views are here; models, downloads and files are in a [`worker`], so that
//! the page never waits for them.

mod accuracy;
mod address;
mod answer;
mod camera;
mod captions;
mod checkpoints;
mod choice;
mod classes;
mod comparison;
mod device;
mod images;
mod model_bar;
mod notice;
mod progress;
mod protocol;
mod ranking;
mod requests;
mod results;
mod samples;
mod search;
mod session;
mod tabs;
mod worker;
mod worker_client;

pub use worker::serve;

use super::lazy::Lazy;
use super::{location, program};
use choice::ModelChoice;
use leptos::prelude::*;
use session::Session;
use std::cell::LazyCell;
use tabs::{Tab, TabList, TabPanel};
use web_sys::HtmlElement;

thread_local! {
    // The model, images and classes stay while the reader visits other views.
    static SESSION: LazyCell<Option<Session>> = LazyCell::new(|| program::start(Session::new));
}

/// The tabs: their panels' ids, which are also fragments of the address, and their texts.
const TABS: [Tab; 5] = [
    ("classify", "Classify"),
    ("search", "Search"),
    ("captions", "Caption"),
    ("comparison", "Compare models"),
    ("camera", "Camera"),
];

/// Shows the view in an element of the page. False for a view that this program does not have.
pub fn show(view: &str, place: HtmlElement) -> bool {
    let (Some(session), "run") = (SESSION.with(|session| **session), view) else {
        return false;
    };
    let (requested, second) = location::requested_models();
    let bundled = requested.as_deref().and_then(ModelChoice::bundled_of);
    if let Some(bundled) = &bundled
        && session.model.key() != bundled.key
    {
        session.load(bundled.clone());
    }
    session
        .model
        .requested
        .set(requested.filter(|_| bundled.is_none()));
    session.second.requested.set(second);
    program::mount(place, move || view! { <Run session /> }.into_any());
    true
}

/// The tab that is the address's fragment.
fn tab_of_address() -> Option<&'static str> {
    let fragment = window().location().hash().unwrap_or_default();
    let fragment = fragment.trim_start_matches('#');
    let tab = TABS.iter().find(|(id, _)| *id == fragment);
    tab.map(|(id, _)| *id)
}

/// The tab to open with: of two models in the address their comparison, unless it names another.
fn first_tab(session: Session) -> &'static str {
    let has_second = session.second.requested.with_untracked(Option::is_some);
    let default = if has_second { "comparison" } else { TABS[0].0 };
    tab_of_address().unwrap_or(default)
}

#[component]
fn Run(session: Session) -> impl IntoView {
    let tab = RwSignal::new(first_tab(session));
    let changed = window_event_listener(leptos::ev::hashchange, move |_| {
        if let Some(named) = tab_of_address() {
            tab.set(named);
        }
    });
    on_cleanup(move || changed.remove());
    Effect::new(move |before: Option<()>| {
        let tab = tab.get();
        if before.is_some() {
            location::set_fragment(tab);
        }
    });
    let is_camera = move || tab.get() == "camera";
    view! {
        <main id="main" tabindex="-1" class="run">
            <h1>"Run a model"</h1>
            <p class="lead">
                "On your own images, with a model from the studies. Everything runs on this device; no image leaves it."
            </p>
            <model_bar::ModelBar session />
            <TabList label="What to do" tabs=&TABS selected=tab />
            <div class="bench" class:without-images=is_camera>
                <div class="images" hidden=is_camera>
                    <images::Images session />
                </div>
                <div class="panels">
                    <TabPanel id="classify" selected=tab>
                        <answer::Answer session />
                        <classes::ClassEditor session />
                        <results::Results session />
                    </TabPanel>
                    <TabPanel id="search" selected=tab>
                        <search::Search session />
                    </TabPanel>
                    <TabPanel id="captions" selected=tab>
                        <captions::Captions session />
                    </TabPanel>
                    <TabPanel id="comparison" selected=tab>
                        <comparison::Comparison session />
                    </TabPanel>
                    <TabPanel id="camera" selected=tab>
                        <camera::Camera session is_shown=Signal::derive(is_camera) />
                    </TabPanel>
                </div>
            </div>
            <OnTheCurve session />
            <device::DeviceSection session />
        </main>
    }
}

/// Where the checkpoint that the address names lies on its study's curve.
#[component]
fn OnTheCurve(session: Session) -> impl IntoView {
    let is_named = Memo::new(move |_| session.model.requested.with(Option::is_some));
    move || {
        is_named.get().then(|| {
            view! {
                <h2>"On the scaling curve"</h2>
                <Lazy program="details" view="curve" />
            }
        })
    }
}
