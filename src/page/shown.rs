//! The analysis on screen and what comes of it.

use super::data::{self, Loaded, TableData, Wanted};
use super::location::Location;
use super::work::measured;
use crate::analysis::{self, Analysis, FAMILY, Outcome, UnknownName};
use leptos::prelude::*;
use std::sync::Arc;

/// The analysis on screen: choices, the rows behind them, what came of it.
#[derive(Clone)]
pub struct Shown {
    pub analysis: Analysis,
    pub data: Arc<TableData>,
    pub outcome: Arc<Outcome>,
}

impl PartialEq for Shown {
    /// The outcome follows from the other two.
    fn eq(&self, other: &Self) -> bool {
        self.analysis == other.analysis && Arc::ptr_eq(&self.data, &other.data)
    }
}

/// Runs of a reader's own are families of their own, which no link brings.
fn told(unknown: &UnknownName) -> String {
    let sender = match unknown.what {
        FAMILY => {
            ". If it was the sender’s own data: a link does not carry them; ask for the file."
        }
        _ => "",
    };
    format!("{unknown}{sender}")
}

/// Loads what the analysis of the address needs, and runs it anew whenever that changes.
pub fn shown(location: Location) -> (Loaded<TableData>, Memo<Option<Shown>>) {
    let wanted = Memo::new(move |_| location.analysis.with(Wanted::of));
    let loaded = data::load(move || data::table(wanted.get()));
    // Names that the data do not hold fall back, with a notice.
    Effect::new(move || {
        let Some(Ok(data)) = loaded.get() else { return };
        let given = location.analysis.get();
        if data.wanted != Wanted::of(&given) {
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
                .update(|n| n.extend(unknown.iter().map(told)));
        }
    });
    let shown = Memo::new(move |_| {
        let data = loaded.get()?.ok()?;
        let analysis = location.analysis.get();
        if data.wanted != Wanted::of(&analysis) {
            return None;
        }
        let outcome = measured("refit:fit", || {
            analysis::run(&analysis, &data.rows, &data.architectures)
        });
        Some(Shown {
            analysis,
            data,
            outcome: Arc::new(outcome),
        })
    });
    (loaded, shown)
}

/// Runs `run` now, and anew whenever something else is fitted: what was computed for the fits on
/// screen then no longer holds.
pub fn when_fitted(shown: Memo<Option<Shown>>, run: impl Fn(Option<Shown>) + 'static) {
    let fitted = Memo::new(move |_| shown.with(|s| what_is_fitted(s.as_ref())));
    Effect::new(move || {
        // Read, not only tracked: a memo that nobody reads follows nothing.
        fitted.with(|_| ());
        run(shown.get_untracked());
    });
}

/// The analysis without the choices that neither change a fit nor its resamples.
fn what_is_fitted(shown: Option<&Shown>) -> Option<Analysis> {
    let analysis = &shown?.analysis;
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
