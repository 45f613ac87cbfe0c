//! The caption of the figure.

use super::{CurrentAnalysis, name};
use crate::analysis::{interval_title, why_not_fitted};
use crate::figure::AnalysisChart;
use crate::text::number;

/// What the marks and lines mean, and the fit of each series in words.
pub fn caption(chart: &AnalysisChart, current: &CurrentAnalysis) -> Option<String> {
    let laws = current
        .outcome
        .series
        .iter()
        .map(|series| match &series.fit {
            Ok(fit) => format!(
                "{}: {} frontier points of {}, mean squared error {}.",
                name(series),
                series.frontier.len(),
                series.points.len(),
                number(fit.mse)
            ),
            Err(error) => format!("{}: {}", name(series), why_not_fitted(error)),
        });
    let laws: Vec<String> = laws.collect();
    let mut fits = current
        .outcome
        .series
        .iter()
        .flat_map(|s| &s.fit)
        .peekable();
    let is_any = fits.peek().is_some();
    let band = if fits.any(|fit| fit.delta_method_holds()) {
        format!(
            "; band: interval of the mean, {}",
            interval_title(current.analysis.interval)
        )
    } else if is_any {
        "; no band: under this Huber loss the intervals would be too narrow (Uncertainty says why)"
            .to_owned()
    } else {
        String::new()
    };
    let dotted = chart.dotted();
    let dotted = dotted.map_or(String::new(), |what| format!("; dotted: {what}"));
    Some(format!(
        "Filled marks: fitted points. Faint: other runs. Hollow: held out. Crossed: excluded. Line: the law, dashed beyond the frontier{dotted}{band}. {}",
        laws.join(" ")
    ))
}
