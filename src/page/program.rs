//! A program that the page loads later: what it keeps as long as the page, and its views in places
//! that the page gives it.

use super::panic;
use leptos::mount::mount_to;
use leptos::prelude::*;
use std::any::Any;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use web_sys::HtmlElement;

/// Starts Leptos, and makes what all views of the program share; it lives as long as the page.
pub fn start<T: Copy + 'static>(make: impl FnOnce() -> T + 'static) -> Option<T> {
    panic::install();
    // A view of nothing in no place of the document: it starts Leptos and owns the signals.
    let place = document().create_element("div").ok()?;
    let made = Rc::new(OnceCell::new());
    let making = made.clone();
    let owner = mount_to(wasm_bindgen::JsCast::unchecked_into(place), move || {
        making.get_or_init(make);
    });
    owner.forget();
    made.get().copied()
}

/// A place, and what unmounts its view when it is dropped.
type Mounted = (HtmlElement, Box<dyn Any>);

thread_local! {
    static MOUNTED: RefCell<Vec<Mounted>> = const { RefCell::new(Vec::new()) };
}

/// Puts a view into a place of the page; it goes when the place does.
pub fn put(place: HtmlElement, view: impl FnOnce() -> AnyView + 'static) {
    MOUNTED.with_borrow_mut(|mounted| mounted.retain(|(place, _)| place.is_connected()));
    place.set_inner_html("");
    let handle = mount_to(place.clone(), view);
    MOUNTED.with_borrow_mut(|mounted| mounted.push((place, Box::new(handle))));
}
