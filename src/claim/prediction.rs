//! Printed predictions, and the measurements beside them.

use super::number::verdict;
use super::printed::{PredictionKind, PrintedPrediction};
use super::{Check, CheckError, Library};
use crate::analysis::{self, Analysis, why_not_fitted};
use crate::decimal;
use crate::study::names;
use crate::study::select::{Axis, LAION};
use crate::study::{self, Study, Table};
use refit_fit::{Fit, Interval};

/// A cell of the openclip prediction tables, or a number of the comparison study's README.
pub(super) fn prediction(p: &PrintedPrediction, library: &Library) -> Check {
    let mut analysis = match p.study {
        Study::Openclip => laion(&p.dataset, &p.metric),
        Study::Comparison if p.kind == PredictionKind::Measured => Analysis::of(Table::Sweep),
        Study::Comparison => plotted("mammut"),
    };
    let what = format!(
        "{} {}",
        names::dataset(&p.dataset),
        names::metric(&p.metric)
    );
    let (quantity, id) = match p.kind {
        PredictionKind::MeanAbsoluteError => (
            format!("{what}: mean absolute error of the predictions, percentage points"),
            format!("{}/{}", p.claim, p.dataset),
        ),
        kind => {
            let verb = if kind == PredictionKind::Predicted {
                "predicted"
            } else {
                "measured"
            };
            let id = match p.study {
                Study::Openclip => {
                    format!("{}/{}/{}/{}", p.claim, p.model, p.samples, p.dataset)
                }
                Study::Comparison => p.claim.clone(),
            };
            (
                format!("{what}, {} at {}: {verb}, percent", p.model, p.samples),
                id,
            )
        }
    };
    let recomputed = predicted(p, &mut analysis, library);
    let (recomputed, note) = match recomputed {
        Ok((recomputed, note)) => (Some(recomputed), note),
        Err(why) => (None, why.to_string()),
    };
    Check {
        id,
        study: p.study,
        source: p.source.clone(),
        quantity,
        printed: p.printed.value,
        printed_text: p.printed.text.clone(),
        recomputed,
        difference: recomputed.map(|r| r - p.printed.value),
        verdict: verdict(recomputed, p.printed.value, p.printed.decimals),
        note,
        analysis: recomputed.map(|_| analysis),
    }
}

/// The recomputed number and a note; a prediction adds its target to `analysis`.
fn predicted(
    p: &PrintedPrediction,
    analysis: &mut Analysis,
    library: &Library,
) -> Result<(f64, String), CheckError> {
    let mut note = String::new();
    let recomputed = match (p.study, p.kind) {
        (Study::Openclip, PredictionKind::Predicted) => {
            let fit = fit(analysis, library)?;
            let compute = grid_compute(library, &p.model, &p.samples)?;
            analysis.at = vec![format!("{} at {}", architecture(&p.model), p.samples)];
            percent(&fit, compute)
        }
        (Study::Openclip, PredictionKind::Measured) => {
            let architecture = architecture(&p.model);
            best(library, &p.dataset, &p.metric, &architecture, &p.samples)?.ok_or_else(|| {
                CheckError(
                    "No released checkpoint has this architecture and these samples.".to_owned(),
                )
            })?
        }
        (Study::Openclip, PredictionKind::MeanAbsoluteError) => {
            note = "Over the cells that were measured: the best LAION checkpoint of an architecture and its samples, against the law at the table's nominal compute.".to_owned();
            mean_absolute_error(analysis, &p.dataset, &p.metric, library)?
        }
        (Study::Comparison, PredictionKind::Predicted) => {
            // The only one: MaMMUT L-14 at the compute that its label names.
            let compute = p
                .model
                .split_whitespace()
                .find_map(decimal::parse)
                .ok_or_else(|| CheckError(format!("There is no compute in “{}”.", p.model)))?;
            analysis.at = vec![format!("{compute:e}")];
            let printed_law = percent(&fit(analysis, library)?, compute);
            note = moved(printed_law, compute, library)?;
            printed_law
        }
        (Study::Comparison, _) => best_of_sweep(p, library)?.ok_or_else(|| {
            CheckError("The evaluation of this model is not among the tables: the bundled sweep ends at 3B samples; the full sweep may have it.".to_owned())
        })?,
    };
    Ok((recomputed, note))
}

/// What the law of fig. 1 gives, and what it gives with the edges of its compute bins moved.
fn moved(printed_law: f64, compute: f64, library: &Library) -> Result<String, CheckError> {
    let moved = Analysis {
        bin_range: analysis::BinRange::AllRuns,
        families: vec!["mammut".to_owned()],
        ..Analysis::of(Table::Sweep)
    };
    let moved = percent(&fit(&moved, library)?, compute);
    // The bundled best of each sweep does not name its runs; a reader's full sweep does.
    let rows = library.rows(Table::Sweep)?;
    let (which, missing) = match rows.iter().any(|m| !m.run.is_empty()) {
        true => ("full sweep", ""),
        false => (
            "bundled best of each sweep",
            " The full sweep behind the printed number is not bundled.",
        ),
    };
    Ok(format!(
        "The law of fig. 1 gives {printed_law:.2} at {compute:e} GFLOPs. Runs above the threshold, where they are kept as held-out points, move the edges of the compute bins and with them the law: the {which} then gives {moved:.2}.{missing}"
    ))
}

/// Nominal compute of a cell, in GMACs.
fn grid_compute(library: &Library, model: &str, samples: &str) -> Result<f64, CheckError> {
    analysis::target(
        &format!("{} at {samples}", architecture(model)),
        Axis::Compute,
        Study::Openclip,
        "clip",
        library.architectures(Study::Openclip),
    )
    .map_err(|e| CheckError(e.to_string()))
}

/// The best run of the comparison study's sweep that a printed measurement can mean, in percent:
/// of its family and size, on its pre-training set, of its samples. The bundled rows have none; a
/// reader's full sweep may.
fn best_of_sweep(p: &PrintedPrediction, library: &Library) -> Result<Option<f64>, CheckError> {
    // "openMaMMUT L-14", "openCLIP L-14 DataComp": both were trained on DataComp-1.4B.
    let mut words = p.model.split_whitespace();
    let family = match words.next() {
        Some("openMaMMUT") => "mammut",
        _ => "clip",
    };
    let size = architecture(words.next().unwrap_or_default());
    let samples = study::architecture::samples_seen(p.study, &p.samples);
    let fits = |m: &&study::Measurement| {
        m.dataset == p.dataset
            && m.metric == p.metric
            && m.family == family
            && m.architecture == size
            && m.pretrain == "datacomp_1b"
            // Whole batches, so not to the sample.
            && matches!((m.samples_seen, samples), (Some(a), Some(b)) if (a / b - 1.0).abs() < 0.02)
    };
    let found = library.rows(Table::Sweep)?.iter().filter(fits);
    Ok(found.map(|m| 100.0 * m.value).max_by(f64::total_cmp))
}

fn mean_absolute_error(
    analysis: &Analysis,
    dataset: &str,
    metric: &str,
    library: &Library,
) -> Result<f64, CheckError> {
    let fit = fit(analysis, library)?;
    let mut errors = Vec::new();
    for architecture in library.architectures(Study::Openclip) {
        let model = architecture.name.trim_start_matches("ViT-");
        for samples in ["3B", "13B", "34B"] {
            if let Some(measured) = best(library, dataset, metric, &architecture.name, samples)? {
                let compute = grid_compute(library, model, samples)?;
                errors.push((percent(&fit, compute) - measured).abs());
            }
        }
    }
    match errors.len() {
        0 => Err(CheckError::no_run()),
        n => Ok(errors.iter().sum::<f64>() / n as f64),
    }
}

/// The openclip study's law through the LAION models.
fn laion(dataset: &str, metric: &str) -> Analysis {
    Analysis {
        dataset: dataset.to_owned(),
        metric: metric.to_owned(),
        pretrains: vec![LAION.to_owned()],
        ..Analysis::of(Table::Zeroshot)
    }
}

/// The comparison study's ImageNet-1k law of fig. 1.
fn plotted(family: &str) -> Analysis {
    Analysis {
        families: vec![family.to_owned()],
        ..Analysis::of(Table::PlottedFrontier)
    }
}

fn fit(analysis: &Analysis, library: &Library) -> Result<Fit, CheckError> {
    let rows = library.rows(analysis.table)?;
    let outcome = analysis::run(analysis, rows, library.architectures(analysis.study()));
    let series = outcome.series.into_iter().next();
    let series = series.ok_or_else(CheckError::no_run)?;
    series.fit.map_err(|e| CheckError(why_not_fitted(&e)))
}

fn percent(fit: &Fit, compute: f64) -> f64 {
    100.0 * (1.0 - fit.predict(compute, Interval::StudentT).error)
}

/// "H/14" is open_clip's ViT-H-14.
fn architecture(model: &str) -> String {
    format!("ViT-{}", model.replace('/', "-"))
}

/// The best LAION checkpoint of an architecture and its samples, in percent.
fn best(
    library: &Library,
    dataset: &str,
    metric: &str,
    architecture: &str,
    samples: &str,
) -> Result<Option<f64>, CheckError> {
    Ok(library
        .rows(Table::Zeroshot)?
        .iter()
        .filter(|r| {
            r.dataset == dataset
                && r.metric == metric
                && r.architecture == architecture
                && r.samples == samples
                && r.pretrain.starts_with(LAION)
        })
        .map(|r| 100.0 * r.value)
        .max_by(f64::total_cmp))
}
