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

use super::{location, panic};
use leptos::mount::mount_to;
use leptos::prelude::*;
use session::Session;
use std::any::Any;
use std::cell::RefCell;
use web_sys::HtmlElement;

/// A place, and what unmounts its view when it is dropped.
type Mounted = (HtmlElement, Box<dyn Any>);

thread_local! {
    static MOUNTED: RefCell<Vec<Mounted>> = const { RefCell::new(Vec::new()) };
    static DESK: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// Puts the view into a place of the page; it goes when the place does. False for a view that
/// this program does not have.
pub fn show(view: &str, place: HtmlElement) -> bool {
    if view != "run" {
        return false;
    }
    MOUNTED.with_borrow_mut(|mounted| mounted.retain(|(place, _)| place.is_connected()));
    let session = DESK.with_borrow(|session| *session);
    let session = session.or_else(start);
    let Some(session) = session else { return false };
    DESK.set(Some(session));
    let (requested, beside) = location::asked();
    session.requested.set(requested);
    session.requested_second.set(beside);
    place.set_inner_html("");
    let handle = mount_to(place.clone(), move || view! { <Run session /> });
    MOUNTED.with_borrow_mut(|mounted| mounted.push((place, Box::new(handle))));
    true
}

/// What all views share: pictures, classes and the model outlive a look at another page.
fn start() -> Option<Session> {
    panic::install();
    // A view of nothing in no place of the document: it starts Leptos and owns the signals.
    let place = document().create_element("div").ok()?;
    let session = std::rc::Rc::new(std::cell::OnceCell::new());
    let started = session.clone();
    let owner = mount_to(wasm_bindgen::JsCast::unchecked_into(place), move || {
        started.get_or_init(Session::new);
    });
    owner.forget();
    session.get().copied()
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
