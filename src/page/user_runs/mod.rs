//! A reader's own runs: reading files, keeping them in this browser, and joining them to the
//! bundled rows for the other programs. A program of its own (`src/bin/user_runs.rs`).

mod export;
mod joined;
mod list;
mod mapping;
mod outcome;
mod reading;
mod source;
mod store;
mod sweep;
mod view;

use super::{data, program};
use crate::runs::{Mapping, Preview, ReadOptions, ReadOutcome, Report, Runs, stem};
use crate::study::architecture::ArchitectureCost;
use crate::study::{DataError, Study};
use js_sys::Promise;
use leptos::prelude::*;
use reading::{Progress, Reading, asks};
use source::Origin;
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use store::About;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{AbortController, HtmlElement};

/// A file whose runs join the bundled ones.
#[derive(Clone)]
pub struct Kept {
    /// When it was read, in milliseconds.
    id: String,
    about: About,
    runs: Arc<Runs>,
    /// False where the browser keeps it only until the page is closed.
    stored: bool,
}

/// What came of a file since the page was opened.
#[derive(Clone)]
struct Card {
    id: u32,
    name: String,
    came: Came,
}

#[derive(Clone)]
enum Came {
    /// Why nothing of it is used.
    Nothing(String),
    /// Its columns have to be chosen.
    Asks(Arc<Preview>),
    /// With what became of an earlier file, if anything did.
    Runs(Arc<Report>, Arc<Runs>, Option<String>),
}

/// A file that waits to be read.
struct Job {
    origin: Origin,
    mapping: Option<Mapping>,
}

/// What all views of this program share; it lives as long as the page.
#[derive(Clone, Copy)]
pub struct UserRuns {
    kept: RwSignal<Vec<Kept>>,
    /// Newest first.
    cards: RwSignal<Vec<Card>>,
    /// What is being read.
    progress: RwSignal<Option<Progress>>,
    /// Kept files that this page cannot read, by their place in the store.
    unreadable: RwSignal<Vec<String>>,
    /// Of both studies; empty before they are there.
    architectures: StoredValue<BTreeMap<Study, Vec<ArchitectureCost>>>,
    jobs: StoredValue<VecDeque<Job>, LocalStorage>,
    /// Of the cards that ask.
    origins: StoredValue<BTreeMap<u32, Origin>, LocalStorage>,
    abort: StoredValue<Option<AbortController>, LocalStorage>,
    /// Resolves when what is stored has been read.
    restored: StoredValue<Promise, LocalStorage>,
}

thread_local! {
    static YOURS: LazyCell<Option<UserRuns>> = LazyCell::new(|| program::start(UserRuns::new));
}

/// The one of this program; none where the document is no more.
fn user_runs() -> Option<UserRuns> {
    YOURS.with(|user_runs| **user_runs)
}

/// Puts the view into a place of the page. False for a view that this program does not have.
pub fn show(name: &str, place: HtmlElement) -> bool {
    let (Some(user_runs), "yours") = (user_runs(), name) else {
        return false;
    };
    program::put(place, move || view! { <view::Page user_runs /> }.into_any());
    true
}

/// Reads files that were dropped or pasted.
pub fn take(files: Vec<web_sys::File>) {
    if let Some(user_runs) = user_runs() {
        user_runs.take(files);
    }
}

/// Bundled rows and the reader's of one view of a table, packed.
pub async fn joined(
    table: &str,
    dataset: &str,
    metric: &str,
    released: bool,
) -> Result<JsValue, JsValue> {
    let user_runs = user_runs().ok_or(JsValue::UNDEFINED)?;
    user_runs.restored().await;
    joined::joined(user_runs, table, dataset, metric, released).await
}

impl UserRuns {
    fn new() -> UserRuns {
        let (kept, unreadable) = (RwSignal::new(Vec::new()), RwSignal::new(Vec::new()));
        let architectures = StoredValue::new(BTreeMap::new());
        let restored = future_to_promise(async move {
            // Where they do not come, the next file asks again and says so.
            let _ = load_architectures(architectures).await;
            let (all, others) = store::all().await;
            unreadable.set(others);
            kept.set(all);
            Ok(JsValue::UNDEFINED)
        });
        let user_runs = UserRuns {
            kept,
            cards: RwSignal::new(Vec::new()),
            progress: RwSignal::new(None),
            unreadable,
            architectures,
            jobs: StoredValue::new_local(VecDeque::new()),
            origins: StoredValue::new_local(BTreeMap::new()),
            abort: StoredValue::new_local(None),
            restored: StoredValue::new_local(restored),
        };
        // The mark may be older than what is there: a browser may clear the one and not the other.
        leptos::task::spawn_local(async move {
            user_runs.restored().await;
            if user_runs.kept.with_untracked(Vec::is_empty) == data::own_runs().is_some() {
                user_runs.announce();
            }
        });
        user_runs
    }

    /// The families of a study.
    fn families(self, study: Study) -> BTreeSet<String> {
        self.architectures.with_value(|all| {
            let all = all.get(&study).into_iter().flatten();
            all.map(|a| a.family.clone()).collect()
        })
    }

    async fn restored(self) {
        // It only resolves.
        let _ = JsFuture::from(self.restored.get_value()).await;
    }

    fn take(self, files: Vec<web_sys::File>) {
        for file in files {
            let name = match file.name().as_str() {
                "" => self.fresh_name(),
                name => name.to_owned(),
            };
            let blob = file.into();
            self.read(Origin::Blob { name, blob }, None);
        }
    }

    /// A name for a text that has none.
    fn fresh_name(self) -> String {
        let taken = |name: &String| {
            let kept = self
                .kept
                .with_untracked(|k| k.iter().any(|k| k.about.name == *name));
            kept || self
                .cards
                .with_untracked(|c| c.iter().any(|c| c.name == *name))
        };
        let mut names = (1..).map(|number| format!("pasted table {number}"));
        names.find(|name| !taken(name)).unwrap_or_default()
    }

    /// Reads a file when those before it have been read.
    fn read(self, origin: Origin, mapping: Option<Mapping>) {
        self.jobs
            .update_value(|jobs| jobs.push_back(Job { origin, mapping }));
        if self.progress.with_untracked(Option::is_none) {
            self.progress.set(Some(Progress::default()));
            leptos::task::spawn_local(self.read_all());
        }
    }

    async fn read_all(self) {
        self.restored().await;
        while let Some(job) = self.jobs.try_update_value(VecDeque::pop_front).flatten() {
            let name = job.origin.name();
            let came = self.read_one(&job).await.unwrap_or_else(Came::Nothing);
            let id = self
                .cards
                .with_untracked(|c| c.iter().map(|c| c.id + 1).max());
            let id = id.unwrap_or(0);
            if let Came::Asks(_) = came {
                self.origins
                    .update_value(|origins| drop(origins.insert(id, job.origin)));
            }
            let card = Card { id, name, came };
            self.cards.update(|cards| cards.insert(0, card));
            keep_focus(format!("came-{id}"));
        }
        self.progress.set(None);
    }

    /// What came of a file, or why nothing did.
    async fn read_one(self, job: &Job) -> Result<Came, String> {
        load_architectures(self.architectures)
            .await
            .map_err(|error| error.to_string())?;
        let abort =
            AbortController::new().map_err(|_| "This browser cannot read it.".to_owned())?;
        self.abort.set_value(Some(abort.clone()));
        let options = ReadOptions {
            architectures: self.architectures.get_value(),
            mapping: job.mapping.clone(),
            family: Some(stem(&job.origin.name()).to_owned()),
            ..ReadOptions::default()
        };
        let reading = Reading {
            origin: &job.origin,
            options,
            abort: &abort,
            seen: &|progress| self.progress.set(Some(progress)),
        };
        let outcome = reading.run().await.map_err(|e| e.to_string())?;
        if asks(&outcome, job.mapping.as_ref()) {
            return Ok(Came::Asks(Arc::new(outcome.preview)));
        }
        let ReadOutcome { runs, report, .. } = outcome;
        let (runs, report) = (Arc::new(runs), Arc::new(report));
        if runs.is_empty() {
            // With its report where there is more to say than one sentence.
            return match (&report.error, report.rows) {
                (Some(stop), 0) => Err(stop.to_string()),
                _ => Ok(Came::Runs(report, runs, None)),
            };
        }
        let same = self.kept.with_untracked(|kept| {
            let same = kept.iter().find(|k| k.runs == runs);
            same.map(|k| k.about.name.clone())
        });
        let earlier = match same {
            Some(name) => Some(format!(
                "The very same runs are kept already, as {name}; they do not count twice."
            )),
            None => self.keep(&job.origin, &report, &runs).await,
        };
        Ok(Came::Runs(report, runs, earlier))
    }

    /// Keeps a file in place of an earlier one of its name, and says so.
    async fn keep(self, origin: &Origin, report: &Report, runs: &Arc<Runs>) -> Option<String> {
        let now = js_sys::Date::new_0();
        let id = format!("{}", now.get_time());
        let about = About {
            name: origin.name(),
            address: origin.address().map(str::to_owned),
            read: now.to_iso_string().into(),
            bytes: report.bytes,
            rows: report.rows,
            left_out: report.skipped.values().sum(),
            refused: report.rejected,
            stopped: report.error.as_ref().map(ToString::to_string),
        };
        let earlier = self.kept.with_untracked(|kept| {
            let earlier = kept.iter().find(|k| k.about.name == about.name);
            earlier.map(|k| k.id.clone())
        });
        if let Some(earlier) = &earlier {
            self.forget(earlier).await;
        }
        let stored = store::put(&id, &about, runs).await.is_ok();
        let runs = runs.clone();
        self.kept.update(|kept| {
            kept.push(Kept {
                id,
                about,
                runs,
                stored,
            });
        });
        self.announce();
        earlier.map(|_| {
            "It takes the place of the file of this name that was kept before; to keep both, give them different names.".to_owned()
        })
    }

    async fn delete_unreadable(self) {
        for id in self.unreadable.get_untracked() {
            store::remove(&id).await;
        }
        self.unreadable.set(Vec::new());
    }

    async fn forget(self, id: &str) {
        store::remove(id).await;
        self.kept.update(|kept| kept.retain(|k| k.id != id));
    }

    async fn delete(self, ids: Vec<String>) {
        for id in &ids {
            self.forget(id).await;
        }
        self.announce();
        keep_focus("kept".to_owned());
    }

    fn cancel(self) {
        self.abort.with_value(|abort| {
            if let Some(abort) = abort {
                abort.abort();
            }
        });
    }

    /// Marks the document where there are runs, and tells the other programs that they changed.
    fn announce(self) {
        let Some(root) = document().document_element() else {
            return;
        };
        let storage = window().local_storage().ok().flatten();
        let (any, stored) = self
            .kept
            .with_untracked(|kept| (!kept.is_empty(), kept.iter().any(|k| k.stored)));
        let state = js_sys::Date::now().to_string();
        // A browser that keeps no mark keeps no runs either.
        let _ = match any {
            true => root.set_attribute(data::OWN, &state),
            false => root.remove_attribute(data::OWN),
        };
        let _ = storage.map(|storage| match stored {
            true => storage.set_item(data::OWN, &state),
            false => storage.remove_item(data::OWN),
        });
        if let Ok(event) = web_sys::Event::new(data::CHANGED) {
            let _ = window().dispatch_event(&event);
        }
    }
}

async fn load_architectures(
    into: StoredValue<BTreeMap<Study, Vec<ArchitectureCost>>>,
) -> Result<(), DataError> {
    if into.with_value(BTreeMap::is_empty) {
        let mut all = BTreeMap::new();
        for study in Study::ALL {
            all.insert(study, data::architectures(study).await?);
        }
        into.set_value(all);
    }
    Ok(())
}

/// Moves the focus to a heading where what had it is gone, so that a keyboard does not begin anew.
fn keep_focus(id: String) {
    request_animation_frame(move || {
        let lost = document()
            .active_element()
            .is_none_or(|e| e.tag_name() == "BODY");
        let heading = document().get_element_by_id(&id).filter(|_| lost);
        if let Some(heading) = heading.and_then(|h| h.dyn_into::<HtmlElement>().ok()) {
            // An element that is there takes it.
            let _ = heading.focus();
        }
    });
}

/// "1 row", "12,345 rows".
fn count(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(count as u64))
}

/// 12345 as "12,345".
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
