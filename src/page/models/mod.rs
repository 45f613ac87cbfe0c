//! Running the models of the studies: a program of its own (`src/bin/models.rs`), since its GPU
//! library is large. The views are here; models, downloads and files are in a [`worker`], so that
//! the page never waits for them.

mod accuracy;
mod address;
mod answer;
mod benchmark;
mod camera;
mod captions;
mod checkpoints;
mod choice;
mod classes;
mod comparison;
mod device;
mod field;
mod folder;
mod images;
mod labelled_sets;
mod locate;
mod mix;
mod model_bar;
mod notice;
mod pairs;
mod parquet_file;
mod progress;
mod protocol;
mod ranking;
mod requests;
mod results;
mod samples;
mod search;
mod session;
mod teach;
mod worker;
mod worker_client;

pub use worker::serve;

use super::lazy::Lazy;
use super::tabs::{Tab, TabList, TabPanel, first_tab};
use super::{location, program};
use choice::ModelChoice;
use leptos::prelude::*;
use session::Session;
use std::cell::LazyCell;
use web_sys::HtmlElement;

thread_local! {
    // The model, images and classes stay while the reader visits other views.
    static SESSION: LazyCell<Option<Session>> = LazyCell::new(|| program::start(Session::new));
}

const TABS: [Tab; 9] = [
    Tab::new("classify", "Classify"),
    Tab::new("search", "Search"),
    Tab::new("where", "Where"),
    Tab::new("captions", "Caption"),
    Tab::new("comparison", "Compare models"),
    Tab::new("teach", "Teach"),
    Tab::new("mix", "Mix"),
    Tab::new("pairs", "Pairs"),
    Tab::new("camera", "Camera"),
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
    program::mount(place, move || {
        provide_context(session.appearance);
        view! { <Run session /> }.into_any()
    });
    true
}

/// The tab to open with where the address names none: of two models their comparison.
fn default_tab(session: Session) -> &'static str {
    let has_second = session.second.requested.with_untracked(Option::is_some);
    if has_second { "comparison" } else { TABS[0].id }
}

#[component]
fn Run(session: Session) -> impl IntoView {
    let first = first_tab(&TABS, default_tab(session));
    let camera = RwSignal::new(first == "camera");
    let is_camera = move || camera.get();
    let locating = RwSignal::new(first == "where");
    let teaching = RwSignal::new(first == "teach");
    let mixing = RwSignal::new(first == "mix");
    let pairing = RwSignal::new(first == "pairs");
    // They have images of their own.
    let is_alone = move || camera.get() || pairing.get();
    Effect::new(move || {
        if teaching.get() {
            session.read_heads();
        }
    });
    view! {
        <main id="main" tabindex="-1" class="run">
            <h1>"Run a model"</h1>
            <p class="lead">
                "On your own images, on this device; no image leaves it. A demo model, which knows drawn shapes only, opens at once; the studies’ models are loaded when you choose one."
            </p>
            <model_bar::ModelBar session />
            <TabList label="What to do" tabs=&TABS first />
            <div class="bench" class:without-images=is_alone>
                <div class="images" hidden=is_alone>
                    <images::Images session />
                </div>
                <div class="panels">
                    <TabPanel id="classify" first>
                        <answer::Answer session />
                        <classes::ClassEditor session />
                        <results::Results session />
                    </TabPanel>
                    <TabPanel id="search" first>
                        <search::Search session />
                    </TabPanel>
                    <TabPanel id="where" first open=locating>
                        <locate::Locate session is_shown=Signal::derive(move || locating.get()) />
                    </TabPanel>
                    <TabPanel id="captions" first>
                        <captions::Captions session />
                    </TabPanel>
                    <TabPanel id="comparison" first>
                        <comparison::Comparison session />
                    </TabPanel>
                    <TabPanel id="teach" first open=teaching>
                        <teach::Teach session />
                    </TabPanel>
                    <TabPanel id="mix" first open=mixing>
                        {move || mixing.get().then(|| view! { <mix::Mix session /> })}
                    </TabPanel>
                    <TabPanel id="pairs" first open=pairing>
                        {move || pairing.get().then(|| view! { <pairs::Pairs session /> })}
                    </TabPanel>
                    <TabPanel id="camera" first open=camera>
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
