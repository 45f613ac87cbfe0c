//! Printed predictions, and the measurements beside them.

use super::number::verdict;
use super::printed::{PredictionKind, PrintedPrediction, Query};
use super::{Check, CheckError, Library};
use crate::analysis::{self, Analysis, LossUnit, Series, target, why_not_fitted};
use crate::study::select::in_pretrain;
use crate::study::{self, architecture, names};
use refit_fit::{Fit, Interval};
use std::collections::BTreeSet;

/// A predicted or measured number, or a mean absolute error of predictions.
pub(super) fn prediction(p: &PrintedPrediction, library: &Library) -> Check {
    let analysis = p.query.analysis();
    let study = analysis.study();
    let what = names::measured(study, &analysis.dataset, &analysis.metric);
    let unit = analysis.loss_unit();
    let unit = match p.kind {
        PredictionKind::MeanAbsoluteError => unit.of_differences(),
        PredictionKind::Predicted | PredictionKind::Measured => unit.of_values(),
    };
    let quantity = match p.kind {
        PredictionKind::MeanAbsoluteError => {
            format!("{what}: mean absolute error of the predictions, {unit}")
        }
        PredictionKind::Predicted => format!("{what}, {}: predicted, {unit}", model(p)),
        PredictionKind::Measured => format!("{what}, {}: measured, {unit}", model(p)),
    };
    let (recomputed, note) = match recompute(p, &analysis, library) {
        Ok((recomputed, note)) => (Some(recomputed), note),
        Err(why) => (None, why.to_string()),
    };
    Check {
        id: p.id.clone(),
        study,
        source: p.source.clone(),
        quantity,
        unit,
        printed: p.printed.value,
        whole_law: false,
        fitted: p.kind != PredictionKind::Measured,
        printed_text: p.printed.text.clone(),
        recomputed,
        difference: recomputed.map(|r| r - p.printed.value),
        verdict: verdict(recomputed, p.printed.value, p.printed.decimals),
        note,
        analysis: recomputed.map(|_| analysis),
    }
}

/// The recomputed number and a note.
fn recompute(
    p: &PrintedPrediction,
    analysis: &Analysis,
    library: &Library,
) -> Result<(f64, String), CheckError> {
    let recomputed = match p.kind {
        PredictionKind::Predicted => predicted(&p.query, library)?,
        PredictionKind::Measured => {
            let measured = measured(p, analysis, library)?;
            // The note says where it may be.
            let missing = format!("None of the measurements is of this model. {}", p.note);
            return match measured {
                Some(measured) => Ok((measured, String::new())),
                None => Err(CheckError(missing.trim_end().to_owned())),
            };
        }
        PredictionKind::MeanAbsoluteError => mean_absolute_error(analysis, library)?,
    };
    let mut note = p.note.replace("{recomputed}", &format!("{recomputed:.2}"));
    if let Some(alternative) = &p.alternative {
        let other = predicted(alternative, library)?;
        note = note.replace("{alternative}", &format!("{other:.2}"));
    }
    Ok((recomputed, note))
}

/// What the law of a query's first series gives at its first target, as papers print it.
fn predicted(query: &Query, library: &Library) -> Result<f64, CheckError> {
    let analysis = query.analysis();
    let unit = analysis.loss_unit();
    let series = series(&analysis, library)?;
    let fit = series
        .fit
        .as_ref()
        .map_err(|e| CheckError(why_not_fitted(e)))?;
    match series.predictions.first() {
        Some(Ok(prediction)) => Ok(predict(fit, prediction.x, unit)),
        Some(Err(error)) => Err(CheckError(error.to_string())),
        None => Err(CheckError(format!(
            "“{}” asks for no prediction.",
            query.text
        ))),
    }
}

/// The best run that a printed measurement can mean, as papers print it: of the query's family and
/// pre-training set, of its architecture, and of its samples by their label or, to the batch, by
/// their count.
fn measured(
    p: &PrintedPrediction,
    analysis: &Analysis,
    library: &Library,
) -> Result<Option<f64>, CheckError> {
    let study = analysis.study();
    let samples = architecture::samples_seen(study, &p.samples);
    let of_samples = |m: &study::Measurement| match (m.samples.is_empty(), m.samples_seen) {
        (false, _) if m.samples == p.samples => true,
        // Whole batches, so not to the sample.
        (_, Some(seen)) => samples.is_some_and(|samples| (seen / samples - 1.0).abs() < 0.02),
        _ => false,
    };
    let quantity = study.quantity(&analysis.metric);
    // Whatever the authors leave out of their figures: the number is of this run.
    let found = library.rows(analysis.table)?.iter().filter(|m| {
        m.dataset == analysis.dataset
            && m.metric == analysis.metric
            && m.architecture == p.architecture
            && analysis.families.contains(&m.family)
            && (analysis.pretrains.iter()).any(|set| in_pretrain(study, &m.pretrain, set))
            && of_samples(m)
    });
    let losses = found.filter_map(|m| quantity.loss(m.value));
    let unit = analysis.loss_unit();
    Ok(losses
        .min_by(f64::total_cmp)
        .map(|lowest| unit.printed(lowest)))
}

/// Over the models that were measured: the best of an architecture and its samples against the law
/// at the nominal compute of the two.
fn mean_absolute_error(analysis: &Analysis, library: &Library) -> Result<f64, CheckError> {
    let series = series(analysis, library)?;
    let rows = library.rows(analysis.table)?;
    let fit = series
        .fit
        .as_ref()
        .map_err(|e| CheckError(why_not_fitted(e)))?;
    let models: BTreeSet<(&str, &str)> = series
        .measured()
        .map(|p| {
            (
                rows[p.row].architecture.as_str(),
                rows[p.row].samples.as_str(),
            )
        })
        .collect();
    let mut errors = Vec::new();
    for (architecture, samples) in models {
        let own = series.measured().filter(|p| {
            let m = &rows[p.row];
            (m.architecture.as_str(), m.samples.as_str()) == (architecture, samples)
        });
        let lowest = own.map(|p| p.error).fold(f64::INFINITY, f64::min);
        let study = analysis.study();
        let compute = target(
            &format!("{architecture} at {samples}"),
            analysis.axis,
            study,
            &series.family,
            library.architectures(study),
        )
        .map_err(|e| CheckError(e.to_string()))?;
        let unit = analysis.loss_unit();
        errors.push((predict(fit, compute, unit) - unit.printed(lowest)).abs());
    }
    match errors.len() {
        0 => Err(CheckError::no_run()),
        n => Ok(errors.iter().sum::<f64>() / n as f64),
    }
}

fn run(analysis: &Analysis, library: &Library) -> Result<analysis::Outcome, CheckError> {
    let rows = library.rows(analysis.table)?;
    Ok(analysis::run(
        analysis,
        rows,
        library.architectures(analysis.study()),
    ))
}

fn series(analysis: &Analysis, library: &Library) -> Result<Series, CheckError> {
    let series = run(analysis, library)?.series.into_iter().next();
    series.ok_or_else(CheckError::no_run)
}

/// What a law gives, as papers print it.
fn predict(fit: &Fit, compute: f64, unit: LossUnit) -> f64 {
    unit.printed(fit.predict(compute, Interval::StudentT).error)
}

/// "H/14 at 34B", or where the query predicts.
fn model(p: &PrintedPrediction) -> String {
    match (p.model.as_str(), p.samples.as_str()) {
        ("", _) => p.query.analysis().at.join(", "),
        (model, "") => model.to_owned(),
        (model, samples) => format!("{model} at {samples}"),
    }
}
