//! Running the models of the studies: a program of its own (`src/bin/models.rs`), since its GPU
//! library is large. The views are here; models, downloads and files are in a [`worker`], so that
//! the page never waits for them.

mod accuracy;
mod address;
mod camera;
mod captions;
mod checkpoints;
mod choice;
mod class_lists;
mod classes;
mod comparison;
mod device;
mod images;
mod model;
mod progress;
mod protocol;
mod ranking;
mod requests;
mod results;
mod samples;
mod search;
mod session;
mod worker;
mod worker_client;

pub use worker::serve;

use super::{location, program};
use leptos::prelude::*;
use session::Session;
use std::cell::LazyCell;
use web_sys::HtmlElement;

thread_local! {
    // The model, images and classes stay while the reader visits other views.
    static SESSION: LazyCell<Option<Session>> = LazyCell::new(|| program::start(Session::new));
}

/// Shows the view in an element of the page. False for a view that this program does not have.
pub fn show(view: &str, place: HtmlElement) -> bool {
    let (Some(session), "run") = (SESSION.with(|session| **session), view) else {
        return false;
    };
    let (requested, second) = location::requested_models();
    session.model.requested.set(requested);
    session.second.requested.set(second);
    program::mount(place, move || view! { <Run session /> }.into_any());
    true
}

#[component]
fn Run(session: Session) -> impl IntoView {
    view! {
        <main id="main" tabindex="-1" class="run">
            <h1>"Run a model"</h1>
            <p class="lead">
                "Classify your own images with a model from the studies. Everything runs on this device; no image leaves it."
            </p>
            <model::ModelSection session />
            <checkpoints::Checkpoints session />
            <div class="bench">
                <images::Images session />
                <classes::ClassEditor session />
            </div>
            <results::Results session />
            <captions::Captions session />
            <comparison::Comparison session />
            <search::Search session />
            <camera::Camera session />
            <device::DeviceSection session />
        </main>
    }
}
