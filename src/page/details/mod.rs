//! What a reader may ask after the first view: a program of its own (`src/bin/details.rs`), which the
//! page loads when it is first asked for, so that the first view stays small.
//!
//! Both programs take their state from the address. Each tells the other when it has changed it
//! ([`Location`]).

mod allocation;
mod authors_optimizer;
mod compare_laws;
mod export;
mod figures;
mod findings;
mod methods;
mod model_selection;
mod points_table;
mod residuals;
mod scaling_curve;
mod static_chart;
mod uncertainty;
mod verify;

use super::appearance::Appearance;
use super::location::Location;
use super::program;
use super::shown::{Shown, shown, when_fitted};
use super::work::Work;
use leptos::prelude::*;
use refit_fit::Task;
use refit_fit::bootstrap::{Bootstrap, Replicates};
use std::cell::LazyCell;
use web_sys::HtmlElement;

/// What all views of this program share; it lives as long as the page.
#[derive(Clone, Copy)]
struct Lab {
    location: Location,
    appearance: Appearance,
    shown: Memo<Option<Shown>>,
    resamples: Resamples,
}

thread_local! {
    static LAB: LazyCell<Option<Lab>> = LazyCell::new(|| program::start(Lab::new));
}

impl Lab {
    fn new() -> Lab {
        let location = Location::follow();
        let (_, shown) = shown(location);
        Lab {
            location,
            appearance: Appearance::follow(),
            shown,
            resamples: Resamples::new(shown),
        }
    }
}

/// Names of the series that have a law.
fn fitted_names(shown: Memo<Option<Shown>>) -> Memo<Vec<String>> {
    Memo::new(move |_| {
        let of = |s: &Shown| {
            let fitted = s.outcome.series.iter().filter(|s| s.fit.is_ok());
            fitted.map(super::explore::series_name).collect()
        };
        shown.with(|s| s.as_ref().map_or(Vec::new(), of))
    })
}

/// Puts a view into a place of the page; it goes when the place does. False for a view that this
/// program does not have.
pub fn show(view: &str, place: HtmlElement) -> bool {
    let Some(Lab {
        location,
        appearance,
        shown,
        resamples,
    }) = LAB.with(|lab| **lab)
    else {
        return false;
    };
    let view: fn(Memo<Option<Shown>>, Resamples) -> AnyView = match view {
        "curve" => |_, _| view! { <scaling_curve::Curve /> }.into_any(),
        "figures" => |_, _| view! { <figures::Figures /> }.into_any(),
        "export" => |shown, _| view! { <export::Export shown /> }.into_any(),
        "methods" => |_, _| view! { <methods::Methods /> }.into_any(),
        "numbers" => |shown, _| view! { <points_table::Numbers shown /> }.into_any(),
        "residuals" => |shown, _| view! { <residuals::Residuals shown /> }.into_any(),
        "verify" => |_, _| view! { <verify::Verify /> }.into_any(),
        "findings" => |_, _| view! { <findings::Findings /> }.into_any(),
        "certainty" => {
            |shown, resamples| view! { <uncertainty::Certainty shown resamples /> }.into_any()
        }
        "pair" => |shown, resamples| view! { <compare_laws::Beside shown resamples /> }.into_any(),
        "laws" => |shown, _| view! { <model_selection::OtherLaws shown /> }.into_any(),
        "search" => |shown, _| view! { <authors_optimizer::ReleasedSearch shown /> }.into_any(),
        "allocation" => |shown, _| view! { <allocation::Allocation shown /> }.into_any(),
        _ => return false,
    };
    program::put(place, move || {
        provide_context(location);
        provide_context(appearance);
        view(shown, resamples)
    });
    true
}

/// The bootstrap of the series on screen, for every section that needs it.
#[derive(Clone, Copy)]
struct Resamples {
    work: Work,
    /// One for each series, `None` where it has no fit; empty before a bootstrap has ended.
    replicates: RwSignal<Vec<Option<Replicates>>>,
}

impl Resamples {
    /// Forgets what was drawn when something else is fitted.
    fn new(shown: Memo<Option<Shown>>) -> Resamples {
        let resamples = Resamples {
            work: Work::new(),
            replicates: RwSignal::new(Vec::new()),
        };
        when_fitted(shown, move |_| {
            resamples.work.stop();
            resamples.replicates.set(Vec::new());
        });
        resamples
    }

    fn start(self, shown: &Shown) {
        let all: Vec<Option<Bootstrap>> = (shown.outcome.series.iter().enumerate())
            .map(|(i, series)| shown.analysis.bootstrap(series, i))
            .collect();
        let fitted: Vec<bool> = all.iter().map(Option::is_some).collect();
        let task: Vec<Bootstrap> = all.into_iter().flatten().collect();
        self.work.start("refit:bootstrap", task, move |task| {
            let (done, all) = task.progress();
            if done < all {
                return;
            }
            let mut drawn = task.iter().map(|b| b.replicates().clone());
            let each = fitted.iter().map(|f| if *f { drawn.next() } else { None });
            self.replicates.set(each.collect());
        });
    }
}
