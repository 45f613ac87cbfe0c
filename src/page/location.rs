//! The state of the page is its address: the view and the analysis. Every choice is a step in the
//! browser's history.
//!
//! The page's programs share the address. One that changes it dispatches an event, and the others
//! read the address again.

use super::{data, studies};
use crate::analysis::drawing::Drawing;
use crate::analysis::link;
use crate::analysis::{Analysis, Notice, VERSION, from_query};
use crate::claim::Filter;
use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use web_sys::HtmlAnchorElement;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Explore,
    Figures,
    Verify,
    Findings,
    Methods,
    /// The reader's own runs.
    UserRuns,
    /// Models, on the reader's own pictures.
    Run,
    /// The figure alone, for an inline frame.
    Embed,
    /// The page's components, for those who change it; no link leads there.
    Components,
}

impl View {
    /// In the query, which omits the default view.
    pub fn id(self) -> &'static str {
        match self {
            View::Explore => "explore",
            View::Figures => "figures",
            View::Verify => "verify",
            View::Findings => "findings",
            View::Methods => "methods",
            View::UserRuns => "yours",
            View::Run => "run",
            View::Embed => "embed",
            View::Components => "components",
        }
    }

    /// In the navigation, and in the title of the window.
    pub fn title(self) -> &'static str {
        match self {
            View::Explore => "Explore",
            View::Figures => "Figures",
            View::Verify => "Verify",
            View::Findings => "Findings",
            View::Methods => "Methods",
            View::UserRuns => "Your data",
            View::Run => "Run",
            View::Embed => "Figure",
            View::Components => "Components",
        }
    }
}

/// Key of the view in the query; the rest of the query is the analysis.
const PAGE: &str = "page";
/// Key of the checkpoints to run.
const MODEL: &str = "model";
/// Keys of the query that are no part of the analysis: those above, and what Verify shows.
const OTHERS: [&str; 5] = {
    let [study, verdict, text] = Filter::KEYS;
    [PAGE, MODEL, study, verdict, text]
};

#[derive(Clone, Copy)]
pub struct Location {
    pub view: RwSignal<View>,
    pub analysis: RwSignal<Analysis>,
    pub drawing: RwSignal<Drawing>,
    /// Parts of the address that are invalid or not in the data.
    pub notices: RwSignal<Vec<String>>,
    /// The event that this program dispatches when it has changed the address.
    program: &'static str,
}

/// Events by which programs announce a change of the address.
const PROGRAMS: [&str; 2] = ["refit:page", "refit:details"];

impl Location {
    /// For the page: reads the address, follows it, and handles clicks on links within the page.
    pub fn start() -> Location {
        let location = Location::new(PROGRAMS[0]);
        let click = window_event_listener(ev::click, move |event| {
            let plain = !(event.ctrl_key() || event.meta_key() || event.shift_key());
            let target = event
                .target()
                .and_then(|t| t.dyn_into::<web_sys::Element>().ok());
            let anchor = target
                .and_then(|t| t.closest("a[href^='?']:not([target])").ok().flatten())
                .and_then(|a| a.dyn_into::<HtmlAnchorElement>().ok());
            if let (true, Some(anchor)) = (plain, anchor) {
                event.prevent_default();
                location.go(&anchor.get_attribute("href").unwrap_or_default());
                window().scroll_to_with_x_and_y(0.0, 0.0);
            }
        });
        on_cleanup(move || click.remove());
        let notice = window_event_listener_untyped("refit:notice", move |event| {
            let detail = event.unchecked_into::<web_sys::CustomEvent>().detail();
            location
                .notices
                .set(detail.as_string().into_iter().collect());
        });
        on_cleanup(move || notice.remove());
        location
    }

    /// For programs loaded later: reads the address and follows it.
    pub fn follow() -> Location {
        Location::new(PROGRAMS[1])
    }

    fn new(program: &'static str) -> Location {
        let location = Location {
            view: RwSignal::new(View::Explore),
            analysis: RwSignal::new(Analysis::default()),
            drawing: RwSignal::new(Drawing::default()),
            notices: RwSignal::new(Vec::new()),
            program,
        };
        location.read();
        let back = window_event_listener(ev::popstate, move |_| location.read());
        on_cleanup(move || back.remove());
        // The same analysis then has different rows.
        let runs = window_event_listener_untyped(data::USER_RUNS_CHANGED, move |_| {
            location.analysis.notify()
        });
        on_cleanup(move || runs.remove());
        for other in PROGRAMS.into_iter().filter(|other| *other != program) {
            let changed = window_event_listener_untyped(other, move |_| location.read());
            on_cleanup(move || changed.remove());
        }
        location
    }

    fn read(self) {
        let query = window().location().search().unwrap_or_default();
        if let Some(reference) = studies::unopened(&query) {
            set(self.view, view_of(&query).0);
            set(
                self.notices,
                vec![format!("Opening the study {reference} …")],
            );
            leptos::task::spawn_local(async move {
                match studies::open(&reference).await {
                    Ok(()) => self.read(),
                    Err(sentence) => set(self.notices, vec![sentence]),
                }
            });
            return;
        }
        let (view, unknown) = view_of(&query);
        let (analysis, notices) = from_query(&query, &OTHERS);
        let notices = notices
            .iter()
            .map(Notice::to_string)
            .chain(unknown)
            .collect();
        // Only what has changed is rendered again.
        set(self.view, view);
        set(self.analysis, analysis);
        set(self.drawing, Drawing::from_query(&query));
        set(self.notices, notices);
    }

    /// Follows a link within the page.
    pub fn go(self, query: &str) {
        self.navigate(query, true);
        self.read();
    }

    /// Changes the analysis and the address with it.
    pub fn change(self, change: impl FnOnce(&mut Analysis)) {
        let mut analysis = self.analysis.get_untracked();
        change(&mut analysis);
        let before = self.analysis.get_untracked();
        if analysis == before {
            return;
        }
        let mut drawing = self.drawing.get_untracked();
        let plotted = |a: &Analysis| (a.table, a.dataset.clone(), a.metric.clone());
        if plotted(&analysis) != plotted(&before) {
            // They refer to other measurements.
            analysis.excluded.clear();
            drawing.window = None;
        }
        if analysis.axis != before.axis {
            drawing.window = None;
        }
        let series = |a: &Analysis| (a.families.clone(), a.pretrains.clone(), a.schedules.clone());
        if series(&analysis) != series(&before) {
            drawing.hidden.clear();
        }
        let address = query(self.view.get_untracked(), &analysis, &drawing) + &fragment();
        set(self.drawing, drawing);
        self.analysis.set(analysis);
        self.navigate(&address, true);
    }

    /// Changes how the figure is drawn and the address with it.
    pub fn draw(self, change: impl FnOnce(&mut Drawing)) {
        let before = self.drawing.get_untracked();
        let mut drawing = before.clone();
        change(&mut drawing);
        if drawing == before {
            return;
        }
        let view = self.view.get_untracked();
        let address = self.analysis.with_untracked(|a| query(view, a, &drawing)) + &fragment();
        // Many wheel events are one step: back leads to where zooming began.
        let step = drawing.window.is_none() || before.window.is_none();
        self.drawing.set(drawing);
        self.navigate(&address, step);
    }

    /// Sets the address, as a step of the history or in place of the last. Without a history (in a
    /// sandboxed frame) this fails and the page works all the same.
    fn navigate(self, query: &str, step: bool) {
        let _ = window().history().and_then(|history| match step {
            true => history.push_state_with_url(&JsValue::NULL, "", Some(query)),
            false => history.replace_state_with_url(&JsValue::NULL, "", Some(query)),
        });
        if let Ok(event) = web_sys::Event::new(self.program) {
            let _ = window().dispatch_event(&event);
        }
    }

    /// Puts what Verify shows into the address.
    pub fn filter(self, filter: &Filter) {
        let query = window().location().search().unwrap_or_default();
        self.navigate(&format!("?{}", filter.in_query(&query)), false);
    }

    /// Address of a view of the same analysis.
    pub fn href(self, view: View) -> String {
        self.analysis
            .with(|a| self.drawing.with(|d| query(view, a, d)))
    }
}

fn set<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}

/// Address of an analysis in Explore.
pub fn explore_link(analysis: &Analysis) -> String {
    query(View::Explore, analysis, &Drawing::default())
}

/// Event: other checkpoints were chosen.
pub const MODELS_REQUESTED: &str = "refit:models";

/// Address of a checkpoint in Run.
pub fn model_link(id: &str) -> String {
    format!("?v={VERSION}&{PAGE}={}&{MODEL}={id}", View::Run.id())
}

/// Puts the chosen checkpoint of Run, and a second one to compare with, into the address.
pub fn request_models(id: Option<&str>, second: Option<&str>) {
    let address = match (id, second) {
        (id, Some(second)) => model_link(&format!("{},{second}", id.unwrap_or_default())),
        (Some(id), None) => model_link(id),
        (None, None) => format!("?v={VERSION}&{PAGE}={}", View::Run.id()),
    };
    let address = address + &fragment();
    let _ = window()
        .history()
        .and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&address)));
    if let Ok(event) = web_sys::Event::new(MODELS_REQUESTED) {
        let _ = window().dispatch_event(&event);
    }
}

/// The selected tab, as it stands in the address: with its "#", or nothing.
fn fragment() -> String {
    window().location().hash().unwrap_or_default()
}

/// The checkpoint in the address, and a second one to compare with.
pub fn requested_models() -> (Option<String>, Option<String>) {
    let query = window().location().search().unwrap_or_default();
    let mut parts = query.trim_start_matches('?').split('&');
    let ids = parts.find_map(|part| part.strip_prefix(MODEL)?.strip_prefix('='));
    let mut ids = ids.unwrap_or_default().split(',').map(str::to_owned);
    let mut next = || ids.next().filter(|id| !id.is_empty());
    (next(), next())
}

fn query(view: View, analysis: &Analysis, drawing: &Drawing) -> String {
    let rest = link(analysis, drawing);
    match (view, rest.as_str()) {
        (View::Explore, rest) => format!("?{rest}"),
        (view, "") => format!("?v={VERSION}&{PAGE}={}", view.id()),
        (view, rest) => format!("?{rest}&{PAGE}={}", view.id()),
    }
}

fn view_of(query: &str) -> (View, Option<String>) {
    let value = query
        .trim_start_matches('?')
        .split('&')
        .find_map(|part| part.strip_prefix("page="));
    let views = [
        View::Explore,
        View::Figures,
        View::Verify,
        View::Findings,
        View::Methods,
        View::UserRuns,
        View::Run,
        View::Embed,
        View::Components,
    ];
    let known = views
        .into_iter()
        .find(|v| value.is_none_or(|value| v.id() == value));
    match (known, value) {
        (Some(view), _) => (view, None),
        (None, other) => (
            View::Explore,
            other.map(|other| format!("There is no view “{other}”. Showing Explore instead.")),
        ),
    }
}
