//! The reader's own runs: importing files, storing them in this browser, and joining them to the
//! bundled rows for the other programs. A program of its own (`src/bin/user_runs.rs`).

mod export;
mod file_list;
mod full_sweep;
mod import;
mod import_queue;
mod import_result;
mod joined;
mod mapping;
mod session;
mod source;
mod store;
mod studies;
mod together;
mod view;

use super::program;
use crate::runs::Runs;
use leptos::prelude::*;
use session::UserRuns;
use std::cell::LazyCell;
use std::sync::Arc;
use store::FileInfo;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

/// An imported file, whose runs join the bundled ones.
#[derive(Clone)]
pub struct StoredFile {
    /// When it was imported, in milliseconds.
    id: String,
    info: FileInfo,
    runs: Arc<Runs>,
    /// False where the browser has it only until the page is closed.
    stored: bool,
}

thread_local! {
    static SESSION: LazyCell<Option<UserRuns>> = LazyCell::new(|| program::start(UserRuns::new));
}

/// The program's one session; none where the document is gone.
fn session() -> Option<UserRuns> {
    SESSION.with(|session| **session)
}

/// Shows a view in an element of the page. False for a view that this program does not have.
pub fn show(name: &str, place: HtmlElement) -> bool {
    let (Some(user_runs), "yours") = (session(), name) else {
        return false;
    };
    program::mount(place, move || view! { <view::Page user_runs /> }.into_any());
    true
}

/// Imports files that were dropped or pasted.
pub fn import_files(files: Vec<web_sys::File>) {
    if let Some(user_runs) = session() {
        user_runs.import_files(files);
    }
}

/// Imports a dropped folder: its name, and all files in it with their paths.
pub fn import_folder(name: String, paths: Vec<String>, files: Vec<web_sys::File>) {
    if let Some(user_runs) = session() {
        user_runs.import_folder(name, paths.into_iter().zip(files).collect());
    }
}

/// Bundled rows and the reader's of one view of a table, packed.
pub async fn joined(
    table: &str,
    dataset: &str,
    metric: &str,
    released: bool,
) -> Result<JsValue, JsValue> {
    let user_runs = session().ok_or(JsValue::UNDEFINED)?;
    user_runs.restored().await;
    joined::joined(user_runs, table, dataset, metric, released).await
}

/// Moves the focus to a heading where the focused element was removed, so that a keyboard does not
/// start from the top.
fn restore_focus(id: String) {
    request_animation_frame(move || {
        let lost = document()
            .active_element()
            .is_none_or(|e| e.tag_name() == "BODY");
        let heading = document().get_element_by_id(&id).filter(|_| lost);
        if let Some(heading) = heading.and_then(|h| h.dyn_into::<HtmlElement>().ok()) {
            // It exists, so this cannot fail.
            let _ = heading.focus();
        }
    });
}

/// "1 row", "12,345 rows".
fn count(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", crate::text::grouped(count as u64))
}
