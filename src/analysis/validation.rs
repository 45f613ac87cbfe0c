//! How well a law predicts points that it was not fitted to.

use super::{Analysis, Series};
use crate::study::Measurement;
use crate::study::frontier::{self, FrontierPoint};
use crate::study::select::Point;
use refit_fit::law::{Form, Law};
use refit_fit::order;
use refit_fit::{self, Fit, FitError, Loss, Points, Task};
use std::collections::BTreeSet;

/// Which runs a law does not see.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HoldOut {
    /// Those of more compute than this.
    Beyond(f64),
    /// One architecture at a time.
    Models,
    /// One number of samples seen at a time.
    Scales,
}

impl HoldOut {
    pub fn title(self) -> &'static str {
        match self {
            HoldOut::Beyond(_) => "Runs beyond a compute",
            HoldOut::Models => "One model at a time",
            HoldOut::Scales => "One number of samples at a time",
        }
    }

    /// Beyond the analysis's threshold where runs lie there, else beyond the first three quarters
    /// of the frontier.
    pub fn beyond(analysis: &Analysis, series: &Series, rows: &[Measurement]) -> Option<HoldOut> {
        match analysis.threshold {
            Some(limit) if !series.held_out.is_empty() => Some(HoldOut::Beyond(limit)),
            _ => {
                let last = series.frontier.len().checked_sub(1)?;
                let row = series.frontier[last * 3 / 4].row;
                Some(HoldOut::Beyond(rows.get(row)?.compute?))
            }
        }
    }
}

/// How a law did.
#[derive(Clone, Debug, PartialEq)]
pub struct LawScore {
    pub law: Law,
    /// Held-out points that are scored: the same for every law.
    pub points: usize,
    /// Folds whose rest could not be fitted.
    pub failures: usize,
    /// Of those points' errors, as fractions; `None` without a point.
    pub mean_absolute: Option<f64>,
    pub root_mean_square: Option<f64>,
    /// Observed less predicted: positive where the law was too optimistic.
    pub mean: Option<f64>,
    /// Of the fit to all points.
    pub fit: Result<Fit, FitError>,
}

/// The runs to fit, and the points that they should predict.
struct Fold {
    points: Points,
    held_out: Vec<FrontierPoint>,
}

/// A validation of every law under way, one fold of one law a step.
pub struct Validation {
    loss: Loss,
    hold_out: HoldOut,
    /// The fitted points are the best of more runs.
    selected: bool,
    folds: Vec<Fold>,
    all: Points,
    next: usize,
    /// Of each law, of each fold: observed less predicted, or that its rest could not be fitted.
    gaps: Vec<Vec<Option<Vec<f64>>>>,
}

impl Validation {
    pub fn new(
        analysis: &Analysis,
        series: &Series,
        rows: &[Measurement],
        hold_out: HoldOut,
    ) -> Validation {
        Validation {
            loss: analysis.loss,
            hold_out,
            selected: series.frontier.len() < series.points.len(),
            folds: folds(analysis, series, rows, hold_out),
            all: series.fitted(),
            next: 0,
            gaps: vec![Vec::new(); Law::ALL.len()],
        }
    }

    /// Folds that every law predicted: only the same points rank laws. A law that predicted none
    /// at all does not count.
    fn common(&self) -> Vec<usize> {
        let laws = self.gaps.iter().filter(|g| g.iter().any(Option::is_some));
        let laws: Vec<_> = laws.collect();
        let all = 0..self.next / Law::ALL.len();
        all.filter(|fold| laws.iter().all(|g| g[*fold].is_some()))
            .collect()
    }

    /// The laws, the one with the lowest held-out error first.
    pub fn scores(&self) -> Vec<LawScore> {
        let common = self.common();
        let mut scores: Vec<LawScore> = Law::ALL
            .into_iter()
            .enumerate()
            .map(|(i, law)| {
                let folds = &self.gaps[i];
                let gaps = common.iter().filter_map(|f| folds[*f].as_deref());
                let gaps = gaps.collect::<Vec<_>>().concat();
                let mean = |f: &dyn Fn(f64) -> f64| {
                    let n = gaps.len();
                    (n > 0).then(|| gaps.iter().map(|g| f(*g)).sum::<f64>() / n as f64)
                };
                LawScore {
                    law,
                    points: gaps.len(),
                    failures: folds.iter().filter(|f| f.is_none()).count(),
                    mean_absolute: mean(&f64::abs),
                    root_mean_square: mean(&|g| g * g).map(f64::sqrt),
                    mean: mean(&|g| g),
                    fit: refit_fit::fit_points(law, self.loss, &self.all),
                }
            })
            .collect();
        let key = |s: &LawScore| s.root_mean_square.unwrap_or(f64::INFINITY);
        order::sort_by(&mut scores, |a, b| key(a).total_cmp(&key(b)));
        scores
    }

    /// How many points are held out, over all folds.
    pub fn held_out(&self) -> usize {
        self.folds.iter().map(|f| f.held_out.len()).sum()
    }

    /// What a reader of the scores has to know, in sentences.
    pub fn notes(&self) -> Vec<String> {
        if self.held_out() == 0 {
            let nothing = match self.hold_out {
                HoldOut::Beyond(_) => "No run lies beyond the compute to hold out from.",
                HoldOut::Models => "These measurements do not specify their models.",
                HoldOut::Scales => "These measurements do not specify their samples.",
            };
            return vec![nothing.to_owned()];
        }
        let common = self.common();
        let points: usize = common.iter().map(|f| self.folds[*f].held_out.len()).sum();
        let mut notes = vec![match points {
            0 => "No point was predicted by every law.".to_owned(),
            1 => "The laws are ranked by one point alone.".to_owned(),
            points => format!("The laws are ranked by the same {points} points."),
        }];
        if self.selected {
            notes.push(
                "Held out are points of the frontier, the best of many runs: they tend to lie below what the rest leads to expect, which lowers the mean of every law."
                    .to_owned(),
            );
        }
        for (law, folds) in Law::ALL.into_iter().zip(&self.gaps) {
            let failures = folds.iter().filter(|f| f.is_none()).count();
            if failures > 0 {
                let all = self.folds.len();
                notes.push(format!(
                    "{}: could not be fitted to the rest in {failures} of {all} cases.",
                    law.title()
                ));
            }
        }
        notes
    }
}

impl Task for Validation {
    fn step(&mut self) {
        let (law, fold) = (self.next % Law::ALL.len(), self.next / Law::ALL.len());
        let Some(fold) = self.folds.get(fold) else {
            return;
        };
        self.next += 1;
        let fit = refit_fit::fit_points(Law::ALL[law], self.loss, &fold.points).ok();
        self.gaps[law].push(fit.map(|fit| {
            let gap = |p: &FrontierPoint| p.error - fit.law.evaluate(&fit.parameters, p.x);
            fold.held_out.iter().map(gap).collect()
        }));
    }

    fn progress(&self) -> (usize, usize) {
        (self.next, self.folds.len() * Law::ALL.len())
    }
}

fn folds(
    analysis: &Analysis,
    series: &Series,
    rows: &[Measurement],
    hold_out: HoldOut,
) -> Vec<Fold> {
    // The frontier is taken anew without the held-out runs.
    let fold = |seen: &dyn Fn(&Measurement) -> bool, held_out: Vec<FrontierPoint>| {
        let kept = series.points.iter().filter(|p| seen(&rows[p.row]));
        let kept: Vec<Point> = kept.copied().collect();
        Fold {
            points: analysis.refitted(series, &kept),
            held_out,
        }
    };
    let groups = |key: &dyn Fn(&Measurement) -> &String| -> Vec<Fold> {
        let of = |p: &FrontierPoint| key(&rows[p.row]);
        let names: BTreeSet<&String> = series.frontier.iter().map(of).collect();
        let named = names.into_iter().filter(|name| !name.is_empty());
        named
            .map(|name| {
                let held_out = series.frontier.iter().filter(|p| of(p) == name);
                fold(&|m| key(m) != name, held_out.copied().collect())
            })
            .collect()
    };
    match hold_out {
        HoldOut::Beyond(limit) => {
            let mut all: Vec<Point> = series
                .points
                .iter()
                .chain(&series.held_out)
                .copied()
                .collect();
            order::sort_by(&mut all, |a, b| {
                (a.x.total_cmp(&b.x)).then(a.error.total_cmp(&b.error))
            });
            // What the runs beyond improve; the best of all runs is what a law should predict.
            let held_out = frontier::pareto(&all).into_iter();
            let held_out = held_out
                .filter(|p| rows[p.row].compute.is_some_and(|c| c > limit))
                .collect();
            vec![fold(&|m| m.compute.is_none_or(|c| c <= limit), held_out)]
        }
        HoldOut::Models => groups(&|m| &m.architecture),
        HoldOut::Scales => groups(&|m| &m.samples),
    }
}
