//! The analysis on screen and its results.

use super::data::{self, Loaded, RowQuery, TableData};
use super::location::Location;
use super::work::measured;
use crate::analysis::{self, Analysis, FAMILY, Outcome, UnknownName};
use leptos::prelude::*;
use std::sync::Arc;

/// The analysis on screen: choices, measurements, results.
#[derive(Clone)]
pub struct CurrentAnalysis {
    pub analysis: Analysis,
    pub data: Arc<TableData>,
    pub outcome: Arc<Outcome>,
}

impl PartialEq for CurrentAnalysis {
    /// The outcome depends on nothing but the other two.
    fn eq(&self, other: &Self) -> bool {
        self.analysis == other.analysis && Arc::ptr_eq(&self.data, &other.data)
    }
}

/// A notice about a name that the data lack. A family may be of the sender's own runs, which no link
/// carries.
fn notice(unknown: &UnknownName) -> String {
    let hint = match unknown.what {
        FAMILY => {
            ". Links do not carry imported data: if it is the sender’s own, ask for the file."
        }
        _ => "",
    };
    format!("{unknown}{hint}")
}

/// Loads the data that the analysis in the address needs, and reruns it whenever either changes.
pub fn current_analysis(location: Location) -> (Loaded<TableData>, Memo<Option<CurrentAnalysis>>) {
    let query = Memo::new(move |_| location.analysis.with(RowQuery::of));
    let loaded = data::load(move || data::table(query.get()));
    // Names that the data lack fall back to others, with a notice.
    Effect::new(move || {
        let Some(Ok(data)) = loaded.get() else { return };
        let given = location.analysis.get();
        if data.query != RowQuery::of(&given) {
            return;
        }
        let mut analysis = given.clone();
        let unknown = analysis.settle(&data.rows);
        if analysis != given {
            location.analysis.set(analysis);
        }
        if !unknown.is_empty() {
            location
                .notices
                .update(|n| n.extend(unknown.iter().map(notice)));
        }
    });
    let current = Memo::new(move |_| {
        let data = loaded.get()?.ok()?;
        let analysis = location.analysis.get();
        if data.query != RowQuery::of(&analysis) {
            return None;
        }
        let outcome = measured("refit:fit", || {
            analysis::run(&analysis, &data.rows, &data.architectures)
        });
        Some(CurrentAnalysis {
            analysis,
            data,
            outcome: Arc::new(outcome),
        })
    });
    (loaded, current)
}

/// Runs `run` now and after each change of the fits, which invalidates what was computed from them.
pub fn on_refit(
    current: Memo<Option<CurrentAnalysis>>,
    run: impl Fn(Option<CurrentAnalysis>) + 'static,
) {
    let fitted = Memo::new(move |_| current.with(|s| fit_key(s.as_ref())));
    Effect::new(move || {
        // Reading it subscribes; a memo that nobody reads is never updated.
        fitted.with(|_| ());
        run(current.get_untracked());
    });
}

/// The analysis without the choices that affect neither a fit nor its resamples.
fn fit_key(current: Option<&CurrentAnalysis>) -> Option<Analysis> {
    let analysis = &current?.analysis;
    let standard = Analysis::of(analysis.table);
    let mut resampling = analysis.resampling;
    resampling.interval = standard.resampling.interval;
    Some(Analysis {
        interval: standard.interval,
        at: standard.at,
        resampling,
        ..analysis.clone()
    })
}
