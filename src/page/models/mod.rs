//! Running the studies' models: a program of its own (`src/bin/models.rs`), since it brings a
//! library for GPUs. What the reader sees is here; what computes, downloads and keeps files is in
//! [`worker`], so that the page never waits for it.

mod accuracy;
mod answers;
mod camera;
mod caption_scoring;
mod captions;
mod checkpoints;
mod classes;
mod comparison;
mod device;
mod downloads;
mod model;
mod pictures;
mod protocol;
mod ranking;
mod requests;
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
    // Pictures, classes and the model outlive a look at another view.
    static SESSION: LazyCell<Option<Session>> = LazyCell::new(|| program::start(Session::new));
}

/// Shows the view in an element of the page. False for a view that this program does not have.
pub fn show(view: &str, place: HtmlElement) -> bool {
    let (Some(session), "run") = (SESSION.with(|session| **session), view) else {
        return false;
    };
    let (requested, second) = location::requested_models();
    session.requested.set(requested);
    session.requested_second.set(second);
    program::mount(place, move || view! { <Run session /> }.into_any());
    true
}

#[component]
fn Run(session: Session) -> impl IntoView {
    view! {
        <main id="main" tabindex="-1" class="run">
            <h1>"Run a model"</h1>
            <p class="lead">
                "Classify your own pictures with a model of the studies. Everything is computed on this device; no picture leaves it."
            </p>
            <model::Model session />
            <checkpoints::Others session />
            <div class="bench">
                <pictures::Pictures session />
                <classes::ClassList session />
            </div>
            <answers::Answers session />
            <captions::Captions session />
            <comparison::Beside session />
            <search::Search session />
            <camera::Live session />
            <device::Device session />
        </main>
    }
}
