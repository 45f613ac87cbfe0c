//! Explore's sections and the views Figures, Verify, Findings and Methods: a program of its own
//! (`src/bin/details.rs`), loaded on demand, so that the first view stays small.
//!
//! It shares its state, the address, with the page ([`Location`]).

mod allocation;
mod authors_optimizer;
mod budget;
mod compare_laws;
mod components;
mod compute_optimal;
mod export;
mod figures;
mod findings;
mod methods;
mod model_selection;
mod open_study;
mod points_table;
mod predictions;
mod residuals;
mod scaling_curve;
mod transfer;
mod uncertainty;
mod verify;

pub use open_study::{open_dropped, open_study};

use super::appearance::Appearance;
use super::current::{CurrentAnalysis, current_analysis, on_refit};
use super::location::Location;
use super::program;
use super::work::TaskRunner;
use leptos::prelude::*;
use refit_fit::Task;
use refit_fit::bootstrap::{Bootstrap, Replicates};
use std::cell::LazyCell;
use web_sys::HtmlElement;

/// What all views of this program share. It lives as long as the page.
#[derive(Clone, Copy)]
struct Details {
    location: Location,
    appearance: Appearance,
    current: Memo<Option<CurrentAnalysis>>,
    resamples: Resamples,
}

thread_local! {
    static DETAILS: LazyCell<Option<Details>> = LazyCell::new(|| program::start(Details::new));
}

impl Details {
    fn new() -> Details {
        let location = Location::follow();
        let (_, current) = current_analysis(location);
        Details {
            location,
            appearance: Appearance::follow(),
            current,
            resamples: Resamples::new(current),
        }
    }
}

/// Names of the series that have a law.
fn fitted_names(current: Memo<Option<CurrentAnalysis>>) -> Memo<Vec<String>> {
    Memo::new(move |_| {
        let of = |s: &CurrentAnalysis| {
            let fitted = s.outcome.series.iter().filter(|s| s.fit.is_ok());
            fitted.map(super::explore::series_name).collect()
        };
        current.with(|s| s.as_ref().map_or(Vec::new(), of))
    })
}

/// Shows a view in an element of the page. False for a view that this program does not have.
pub fn show(view: &str, place: HtmlElement) -> bool {
    let Some(Details {
        location,
        appearance,
        current,
        resamples,
    }) = DETAILS.with(|details| **details)
    else {
        return false;
    };
    let view: fn(Memo<Option<CurrentAnalysis>>, Resamples) -> AnyView = match view {
        "curve" => |_, _| view! { <scaling_curve::ScalingCurve /> }.into_any(),
        "figures" => |_, _| view! { <figures::Figures /> }.into_any(),
        "export" => |current, _| view! { <export::Export current /> }.into_any(),
        "components" => |_, _| view! { <components::Components /> }.into_any(),
        "methods" => |_, _| view! { <methods::Methods /> }.into_any(),
        "predictions" => |current, _| view! { <predictions::Predictions current /> }.into_any(),
        "numbers" => |current, _| view! { <points_table::PointsTable current /> }.into_any(),
        "residuals" => |current, _| view! { <residuals::Residuals current /> }.into_any(),
        "verify" => |_, _| view! { <verify::Verify /> }.into_any(),
        "findings" => |_, _| view! { <findings::Findings /> }.into_any(),
        "certainty" => {
            |current, resamples| view! { <uncertainty::Uncertainty current resamples /> }.into_any()
        }
        "pair" => |current, resamples| {
            view! { <compare_laws::CompareLaws current resamples /> }.into_any()
        },
        "laws" => |current, _| view! { <model_selection::ModelSelection current /> }.into_any(),
        "search" => {
            |current, _| view! { <authors_optimizer::AuthorsOptimizer current /> }.into_any()
        }
        "allocation" => |current, _| view! { <allocation::Allocation current /> }.into_any(),
        "transfer" => |current, _| view! { <transfer::AccuracyTransfer current /> }.into_any(),
        _ => return false,
    };
    program::mount(place, move || {
        provide_context(location);
        provide_context(appearance);
        view(current, resamples)
    });
    true
}

/// The bootstrap of the series on screen, for every section that needs it.
#[derive(Clone, Copy)]
struct Resamples {
    work: TaskRunner,
    /// One for each series, `None` where it has no fit; empty before a bootstrap has ended.
    replicates: RwSignal<Vec<Option<Replicates>>>,
}

impl Resamples {
    /// Dropped when the fits change.
    fn new(current: Memo<Option<CurrentAnalysis>>) -> Resamples {
        let resamples = Resamples {
            work: TaskRunner::new(),
            replicates: RwSignal::new(Vec::new()),
        };
        on_refit(current, move |_| {
            resamples.work.stop();
            resamples.replicates.set(Vec::new());
        });
        resamples
    }

    fn start(self, current: &CurrentAnalysis) {
        let all: Vec<Option<Bootstrap>> = (current.outcome.series.iter().enumerate())
            .map(|(i, series)| current.analysis.bootstrap(series, i))
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
