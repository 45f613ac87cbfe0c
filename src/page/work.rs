//! Long work in slices: the page stays responsive, shows how far it is, and can stop it.

use leptos::prelude::*;
use refit_fit::Task;
use wasm_bindgen_futures::JsFuture;

/// Longest stretch of work between two turns of the browser, in milliseconds.
const SLICE: f64 = 12.0;

/// A place for one task at a time; starting another stops the one before.
#[derive(Clone, Copy)]
pub struct Work {
    /// Steps done, steps in all; `None` where nothing runs.
    pub progress: RwSignal<Option<(usize, usize)>>,
    /// Which task is the current one; an older one stops when it sees another.
    current: RwSignal<u32>,
}

impl Work {
    pub fn new() -> Work {
        let work = Work {
            progress: RwSignal::new(None),
            current: RwSignal::new(0),
        };
        on_cleanup(move || {
            work.current.try_update(|c| *c += 1);
        });
        work
    }

    /// Runs a task as the User Timing measure `name`; `seen` sees it after every slice.
    pub fn start<T: Task + 'static>(
        self,
        name: &'static str,
        task: T,
        seen: impl FnMut(&T) + 'static,
    ) {
        self.current.update(|c| *c += 1);
        self.progress.set(Some(task.progress()));
        let watched = Box::new(Watched { task, seen });
        leptos::task::spawn_local(self.run(name, watched, self.current.get_untracked()));
    }

    async fn run(self, name: &'static str, mut task: Box<dyn Watch>, mine: u32) {
        let timing = Timing::start(name);
        loop {
            let (done, all) = task.slice();
            turn().await;
            if self.current.try_get_untracked() != Some(mine) {
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
        self.current.update(|c| *c += 1);
        self.progress.set(None);
    }

    pub fn running(self) -> bool {
        self.progress.with(Option::is_some)
    }
}

/// A task and who sees it, behind one type: the loop is compiled once for all tasks.
struct Watched<T, F> {
    task: T,
    seen: F,
}

trait Watch {
    /// Works for a slice of time; steps done, steps in all.
    fn slice(&mut self) -> (usize, usize);
    fn show(&mut self);
}

impl<T: Task, F: FnMut(&T)> Watch for Watched<T, F> {
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
        (self.seen)(&self.task);
    }
}

/// How far a task is, and a way to stop it; nothing where nothing runs.
#[component]
pub fn Progress(work: Work, what: &'static str) -> impl IntoView {
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

/// A User Timing measure under way, so that anyone can see how long work takes.
struct Timing {
    name: &'static str,
    mark: String,
}

impl Timing {
    fn start(name: &'static str) -> Timing {
        let mark = format!("{name}:start");
        // A refused mark costs nothing but the measure.
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

/// Turns of the browser within work that is not a [`Task`].
pub struct Turns {
    since: f64,
}

impl Turns {
    pub fn new() -> Turns {
        Turns { since: now() }
    }

    /// A turn for the browser where the work has had its slice of time; true where it took one.
    pub async fn take(&mut self) -> bool {
        if now() - self.since < SLICE {
            return false;
        }
        turn().await;
        self.since = now();
        true
    }
}

/// Waits until the browser has had its turn.
pub async fn turn() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback(&resolve);
    });
    // A promise that only resolves.
    let _ = JsFuture::from(promise).await;
}
