//! Dotted lines: laws beside those of a chart, as printed or as before a choice.

use super::scene::{AnalysisChart, LAW};
use crate::analysis::{Outcome, Series};
use crate::chart::{Dash, Line, Scene};
use refit_fit::Fit;
use refit_fit::law::Law;

/// The width of a printed law's line.
const PRINTED: f64 = 1.5;

impl AnalysisChart {
    /// Draws dotted the laws of the chart before that a choice has changed. They stay until another choice changes a
    /// law, or until the choice is undone.
    pub fn remember(&mut self, before: &AnalysisChart, outcome: &Outcome) {
        let fits = outcome.series.iter();
        let fits = fits.filter_map(|series| Some((series.place, series.fit.as_ref().ok()?)));
        let is_of = |fit: &Fit, curve: &[(f64, f64)]| {
            let mut points = curve.iter();
            points.all(|&(x, y)| fit.law.value(&fit.parameters, x) == y)
        };
        let was = |place| before.scene.curve(place, false);
        let is_changed = fits.clone().any(|(place, fit)| !is_of(fit, &was(place)));
        for (place, fit) in fits {
            let dotted = before.scene.curve(place, true);
            if !is_changed {
                self.dot(place, LAW, dotted);
            } else if dotted.is_empty() || !is_of(fit, &dotted) {
                let was = was(place);
                if !is_of(fit, &was) {
                    self.dot(place, LAW, was);
                }
            }
        }
    }

    /// Draws another law of a series dotted, at the places where its own is drawn.
    pub fn print(&mut self, series: &Series, law: Law, parameters: &[f64]) {
        let own = self.scene.curve(series.place, false).into_iter();
        let points = own.map(|(x, _)| (x, law.value(parameters, x)));
        self.dot(series.place, PRINTED, points.collect());
    }

    fn dot(&mut self, color: usize, width: f64, points: Vec<(f64, f64)>) {
        // Nor where the series is hidden.
        if !points.is_empty() && self.scene.legend.iter().any(|entry| entry.color == color) {
            self.scene.lines.push(Line {
                points,
                color,
                dash: Dash::Dotted,
                width,
            });
        }
    }

    /// What the dotted lines are.
    pub fn dotted(&self) -> Option<&'static str> {
        let line = self
            .scene
            .lines
            .iter()
            .find(|line| line.dash == Dash::Dotted)?;
        Some(match line.width {
            LAW => "the law before the last change",
            _ => "the printed law, which differs",
        })
    }
}

impl Scene {
    /// Points of a series' law, or of the one before it.
    fn curve(&self, color: usize, before: bool) -> Vec<(f64, f64)> {
        let mut points = Vec::new();
        for line in &self.lines {
            let is_law = line.width == LAW && line.color == color;
            if is_law && (line.dash == Dash::Dotted) == before {
                points.extend(&line.points);
            }
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analysis, from_query};
    use crate::figure::scene::tests::{chart, drawn};

    #[test]
    fn a_change_leaves_the_law_of_before_until_it_is_undone() {
        let dotted = |chart: &AnalysisChart| {
            let lines = chart.scene.lines.iter();
            let lines = lines.filter(|line| line.dash == Dash::Dotted);
            lines.map(|line| line.color).collect::<Vec<_>>()
        };
        let (first, before) = chart("v=2");
        assert_eq!(first.dotted(), None);
        let (mut changed, after) = chart("v=2&loss=huber:0.001");
        changed.remember(&first, &after);
        assert_eq!(dotted(&changed), [0, 1]);
        assert_eq!(changed.dotted(), Some("the law before the last change"));
        // A change of one law leaves the other alone.
        let (analysis, _) = from_query("v=2&loss=huber:0.001", &[]);
        let (mut again, third) = drawn(&Analysis {
            excluded: vec![after.series[0].frontier[0].row],
            ..analysis
        });
        again.remember(&changed, &third);
        assert_eq!(dotted(&again), [0]);
        // Another series leaves it, and moves no law.
        let (mut alone, one) = chart("v=2&loss=huber:0.001&family=mammut");
        alone.remember(&changed, &one);
        assert_eq!(dotted(&alone), [1]);
        let (mut undone, _) = chart("v=2");
        undone.remember(&changed, &before);
        assert_eq!(dotted(&undone), [] as [usize; 0]);
    }
}
