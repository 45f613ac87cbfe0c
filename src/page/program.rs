//! A program that the page loads on demand: the state that it keeps as long as the page lives, and
//! its views in elements of the page.

use super::panic;
use leptos::mount::mount_to;
use leptos::prelude::*;
use std::any::Any;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use web_sys::HtmlElement;

/// Starts Leptos and creates the state that all views of the program share.
pub fn start<T: Copy + 'static>(make: impl FnOnce() -> T + 'static) -> Option<T> {
    panic::install();
    // An empty view outside of the document: mounting it starts Leptos, and it owns the signals.
    let place = document().create_element("div").ok()?;
    let made = Rc::new(OnceCell::new());
    let making = made.clone();
    let owner = mount_to(wasm_bindgen::JsCast::unchecked_into(place), move || {
        making.get_or_init(make);
    });
    owner.forget();
    made.get().copied()
}

/// An element, and a handle that unmounts its view when it is dropped.
type Mounted = (HtmlElement, Box<dyn Any>);

thread_local! {
    static MOUNTED: RefCell<Vec<Mounted>> = const { RefCell::new(Vec::new()) };
}

/// Mounts a view in an element of the page. It is unmounted with the next call after the element
/// has left the document.
pub fn mount(place: HtmlElement, view: impl FnOnce() -> AnyView + 'static) {
    MOUNTED.with_borrow_mut(|mounted| mounted.retain(|(place, _)| place.is_connected()));
    place.set_inner_html("");
    let handle = mount_to(place.clone(), view);
    MOUNTED.with_borrow_mut(|mounted| mounted.push((place, Box::new(handle))));
}
