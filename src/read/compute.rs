//! A document's numbers, formulas and figures, computed.

use super::address;
use super::document::{Document, Problem};
use super::figure::{self, Drawn};
use super::fitted::{self, Fitted};
use super::number::{self, Number};
use crate::analysis::{Analysis, Series};
use crate::claim::{Check, Library, Printed, Verdict, printed_parameters, verify};
use crate::finding::{self, Finding};
use crate::study::{Measurement, Study};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

/// What a document of a study is computed from.
pub struct Source<'a> {
    pub study: Study,
    pub library: &'a Library,
    pub printed: &'a Printed,
    checks: OnceCell<Vec<Check>>,
    findings: RefCell<BTreeMap<String, Finding>>,
}

impl<'a> Source<'a> {
    /// `library` and `printed` have at least what the study has.
    pub fn new(study: Study, library: &'a Library, printed: &'a Printed) -> Source<'a> {
        Source {
            study,
            library,
            printed,
            checks: OnceCell::new(),
            findings: RefCell::default(),
        }
    }

    /// The same, where the study's printed numbers have been recomputed.
    #[must_use]
    pub fn with_checks(mut self, checks: Vec<Check>) -> Source<'a> {
        self.checks = OnceCell::from(checks);
        self
    }

    /// The study's printed numbers, recomputed.
    pub fn checks(&self) -> &[Check] {
        self.checks.get_or_init(|| {
            let checks = verify(self.printed.clone(), self.library.clone());
            let own = checks.into_iter().filter(|c| c.study == self.study);
            own.collect()
        })
    }

    /// The parameters of the law that the study prints for a series, where it differs: by its own points and loss.
    pub(super) fn differing_law(&self, analysis: &Analysis, series: &Series) -> Option<Vec<f64>> {
        let decides = |a: &Analysis| {
            let points = (a.table, a.axis, a.frontier, a.bin_range, a.threshold);
            let names = (a.dataset.clone(), a.metric.clone());
            (points, names, a.law, a.loss, a.excluded.clone())
        };
        let has = |ids: &[String], id: &String| *ids == [id.clone()];
        let is_of = |check: &&Check| {
            check.analysis.as_ref().is_some_and(|of| {
                decides(of) == decides(analysis)
                    && has(&of.families, &series.family)
                    && has(&of.pretrains, &series.pretrain)
                    && has(&of.schedules, &series.schedule)
            })
        };
        let differs = |check: &&Check| check.whole_law && check.verdict == Verdict::Differs;
        let law = self.checks().iter().filter(differs).find(is_of)?;
        printed_parameters(self.printed.law(&law.id).into_iter(), analysis.law)
    }

    /// The rows of an analysis, whose names are settled by them.
    pub(super) fn rows(&self, analysis: &mut Analysis) -> Result<&'a [Measurement], String> {
        let rows = self.library.rows(analysis.table);
        let rows = rows.map_err(|e| e.to_string())?;
        match analysis.settle(rows).first() {
            Some(unknown) => Err(unknown.to_string()),
            None => Ok(rows),
        }
    }

    /// One of the study's findings.
    pub(super) fn finding(&self, id: &str) -> Result<Finding, String> {
        if let Some(known) = self.findings.borrow().get(id) {
            return Ok(known.clone());
        }
        let recompute = finding::of(self.study, id)
            .ok_or_else(|| format!("the study has no finding “{id}”"))?;
        let finding = recompute(self.printed, self.library).map_err(|e| e.to_string())?;
        let mut findings = self.findings.borrow_mut();
        findings.insert(id.to_owned(), finding.clone());
        Ok(finding)
    }
}

/// The numbers, formulas and figures of a document, in its order; what cannot be computed is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Computed {
    pub numbers: Vec<Option<Number>>,
    pub figures: Vec<Option<Drawn>>,
    pub formulas: Vec<Option<Fitted>>,
}

/// Computes a document; the problems say what could not be.
pub fn compute(document: &Document, source: &Source) -> (Computed, Vec<Problem>) {
    let mut computed = Computed::default();
    let mut problems = Vec::new();
    for live in &document.numbers {
        let number = number::number(&live.address, source);
        computed
            .numbers
            .push(or_say(number, live.place, &mut problems));
    }
    for live in &document.figures {
        let figure = figure::draw(&live.address, &live.control, source);
        computed
            .figures
            .push(or_say(figure, live.place, &mut problems));
    }
    for live in &document.formulas {
        let fitted = fitted::fitted(&live.address, source);
        computed
            .formulas
            .push(or_say(fitted, live.place, &mut problems));
    }
    for (query, place) in &document.links {
        or_say(
            address::href(source.study, query, ""),
            *place,
            &mut problems,
        );
    }
    problems.sort();
    (computed, problems)
}

fn or_say<T>(
    result: Result<T, String>,
    place: super::document::Place,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    result
        .map_err(|message| problems.push(Problem { place, message }))
        .ok()
}
