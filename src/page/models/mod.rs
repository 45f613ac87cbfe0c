//! Running the studies' models: a program of its own (`src/bin/models.rs`), since it brings a
//! library for GPUs. What the reader sees is here; what computes, downloads and keeps files is in
//! [`worker`], so that the page never waits for it.

mod accuracy;
mod answers;
mod ask;
mod beside;
mod camera;
mod captions;
mod classes;
mod desk;
mod device;
mod judge;
mod likelihoods;
mod list;
mod model;
mod pictures;
mod protocol;
mod samples;
mod search;
mod shelf;
mod thread;
mod worker;

pub use worker::serve;

use super::{location, panic};
use desk::Desk;
use leptos::mount::mount_to;
use leptos::prelude::*;
use std::any::Any;
use std::cell::RefCell;
use web_sys::HtmlElement;

/// A place, and what unmounts its view when it is dropped.
type Mounted = (HtmlElement, Box<dyn Any>);

thread_local! {
    static MOUNTED: RefCell<Vec<Mounted>> = const { RefCell::new(Vec::new()) };
    static DESK: RefCell<Option<Desk>> = const { RefCell::new(None) };
}

/// Puts the view into a place of the page; it goes when the place does. False for a view that
/// this program does not have.
pub fn show(view: &str, place: HtmlElement) -> bool {
    if view != "run" {
        return false;
    }
    MOUNTED.with_borrow_mut(|mounted| mounted.retain(|(place, _)| place.is_connected()));
    let desk = DESK.with_borrow(|desk| *desk);
    let desk = desk.or_else(start);
    let Some(desk) = desk else { return false };
    DESK.set(Some(desk));
    let (asked, beside) = location::asked();
    desk.asked.set(asked);
    desk.asked_beside.set(beside);
    place.set_inner_html("");
    let handle = mount_to(place.clone(), move || view! { <Run desk /> });
    MOUNTED.with_borrow_mut(|mounted| mounted.push((place, Box::new(handle))));
    true
}

/// What all views share: pictures, classes and the model outlive a look at another page.
fn start() -> Option<Desk> {
    panic::install();
    // A view of nothing in no place of the document: it starts Leptos and owns the signals.
    let place = document().create_element("div").ok()?;
    let desk = std::rc::Rc::new(std::cell::OnceCell::new());
    let started = desk.clone();
    let owner = mount_to(wasm_bindgen::JsCast::unchecked_into(place), move || {
        started.get_or_init(Desk::new);
    });
    owner.forget();
    desk.get().copied()
}

#[component]
fn Run(desk: Desk) -> impl IntoView {
    view! {
        <main id="main" tabindex="-1" class="run">
            <h1>"Run a model"</h1>
            <p class="lead">
                "Classify your own pictures with a model of the studies. Everything is computed on this device; no picture leaves it."
            </p>
            <model::Model desk />
            <list::Others desk />
            <div class="bench">
                <pictures::Pictures desk />
                <classes::ClassList desk />
            </div>
            <answers::Answers desk />
            <captions::Captions desk />
            <beside::Beside desk />
            <search::Search desk />
            <camera::Live desk />
            <device::Device desk />
        </main>
    }
}
