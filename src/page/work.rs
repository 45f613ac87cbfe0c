//! Long work in slices: the page stays responsive, shows how far it is, and can stop it.

use super::latest::{Latest, Request};
use leptos::prelude::*;
use refit_fit::Task;
use wasm_bindgen_futures::JsFuture;

/// How long work may block the browser, in milliseconds.
const SLICE: f64 = 12.0;

/// Runs one task at a time; starting another stops the one before.
#[derive(Clone, Copy)]
pub struct TaskRunner {
    /// Steps done, steps in all; `None` where nothing runs.
    pub progress: RwSignal<Option<(usize, usize)>>,
    /// A superseded task stops.
    latest: Latest,
}

impl TaskRunner {
    pub fn new() -> TaskRunner {
        TaskRunner {
            progress: RwSignal::new(None),
            latest: Latest::new(),
        }
    }

    /// Runs a task as the User Timing measure `name`, calling `observe` after every slice of time.
    pub fn start<T: Task + 'static>(
        self,
        name: &'static str,
        task: T,
        observe: impl FnMut(&T) + 'static,
    ) {
        let request = self.latest.start();
        self.progress.set(Some(task.progress()));
        let observed = Box::new(Observed { task, observe });
        leptos::task::spawn_local(self.run(name, observed, request));
    }

    async fn run(self, name: &'static str, mut task: Box<dyn RunningTask>, request: Request) {
        let timing = Timing::start(name);
        loop {
            let (done, all) = task.slice();
            yield_now().await;
            if !request.is_latest() {
                return;
            }
            task.show();
            self.progress.set((done < all).then_some((done, all)));
            if done >= all {
                return timing.end();
            }
        }
    }

    pub fn stop(self) {
        self.latest.cancel();
        self.progress.set(None);
    }

    pub fn running(self) -> bool {
        self.progress.with(Option::is_some)
    }
}

/// A task and its observer as a trait object, so that the loop is compiled once for all tasks.
struct Observed<T, F> {
    task: T,
    observe: F,
}

trait RunningTask {
    /// Works for one slice of time; returns steps done and steps in all.
    fn slice(&mut self) -> (usize, usize);
    fn show(&mut self);
}

impl<T: Task, F: FnMut(&T)> RunningTask for Observed<T, F> {
    fn slice(&mut self) -> (usize, usize) {
        let start = now();
        loop {
            let (done, all) = self.task.progress();
            if done >= all || now() - start > SLICE {
                return (done, all);
            }
            self.task.step();
        }
    }

    fn show(&mut self) {
        (self.observe)(&self.task);
    }
}

/// The progress of a task with a button that stops it; empty where none runs.
#[component]
pub fn Progress(work: TaskRunner, what: &'static str) -> impl IntoView {
    move || {
        work.running().then(|| {
            let part =
                move |of: fn((usize, usize)) -> usize| work.progress.with(|p| p.map_or(0, of));
            view! {
                <div class="progress">
                    <progress
                        max=move || part(|p| p.1).to_string()
                        prop:value=move || part(|p| p.0) as f64
                        aria-label=what
                    ></progress>
                    <span role="status">
                        {move || format!("{} of {} {what}", part(|p| p.0), part(|p| p.1))}
                    </span>
                    <button type="button" on:click=move |_| work.stop()>
                        "Stop"
                    </button>
                </div>
            }
        })
    }
}

/// A User Timing measure, which the browser's developer tools show.
struct Timing {
    name: &'static str,
    mark: String,
}

impl Timing {
    fn start(name: &'static str) -> Timing {
        let mark = format!("{name}:start");
        // Without the mark only the measure is missing.
        let _ = window().performance().map(|p| p.mark(&mark));
        Timing { name, mark }
    }

    fn end(self) {
        if let Some(performance) = window().performance() {
            let _ = performance.measure_with_start_mark(self.name, &self.mark);
            performance.clear_marks_with_mark_name(&self.mark);
        }
    }
}

/// Runs short work as a measure.
pub fn measured<T>(name: &'static str, work: impl FnOnce() -> T) -> T {
    let timing = Timing::start(name);
    let result = work();
    timing.end();
    result
}

fn now() -> f64 {
    window().performance().map_or(0.0, |p| p.now())
}

/// The slice of time after which work that is not a [`Task`] yields to the browser.
pub struct TimeSlice {
    since: f64,
}

impl TimeSlice {
    pub fn new() -> TimeSlice {
        TimeSlice { since: now() }
    }

    /// Yields to the browser where the slice is over; returns whether it did.
    pub async fn yield_if_over(&mut self) -> bool {
        if now() - self.since < SLICE {
            return false;
        }
        yield_now().await;
        self.since = now();
        true
    }
}

/// Yields to the browser, which may then paint and handle events.
pub async fn yield_now() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback(&resolve);
    });
    // It never rejects.
    let _ = JsFuture::from(promise).await;
}
