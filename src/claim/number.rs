//! Printed measurements, accuracies after fine-tuning, and compute-optimal samples.

use super::printed::{Finetuning, OptimalSamples, PrintedMeasurement};
use super::{Check, CheckError, Library, Verdict, agrees};
use crate::analysis::{self, Analysis};
use crate::study;
use crate::study::names;
use refit_fit::Interval;
use refit_fit::order;

/// A printed measurement.
pub(super) fn measurement(m: &PrintedMeasurement, library: &Library) -> Check {
    let analysis = m.query.analysis();
    let study = analysis.study();
    let mut found: Vec<&study::Measurement> = library
        .rows(analysis.table)
        .unwrap_or_default()
        .iter()
        .filter(|r| {
            r.dataset == analysis.dataset
                && r.metric == analysis.metric
                && r.architecture == m.architecture
                && r.pretrain == m.pretrain
                && r.samples == m.samples
        })
        .collect();
    order::sort_by(&mut found, |a, b| b.value.total_cmp(&a.value));
    let recomputed = found.first().map(|r| 100.0 * r.value);
    let note = match found.as_slice() {
        [] => "No released checkpoint fits this description.".to_owned(),
        [_] => String::new(),
        [best, ..] => format!(
            "{} released checkpoints fit this description; the best of them, {}, is compared.",
            found.len(),
            best.run
        ),
    };
    Check {
        id: m.id.clone(),
        study,
        source: m.source.clone(),
        quantity: format!(
            "{} {}, {} on {}, {} samples: percent",
            names::dataset(study, &analysis.dataset),
            names::metric(study, &analysis.metric),
            m.architecture,
            names::pretrain(study, &m.pretrain),
            m.samples
        ),
        printed: m.printed.value,
        printed_text: m.printed.text.clone(),
        recomputed,
        difference: recomputed.map(|r| r - m.printed.value),
        verdict: verdict(recomputed, m.printed.value, m.printed.decimals),
        note,
        analysis: Some(analysis),
    }
}

pub(super) fn finetuning(f: &Finetuning) -> Check {
    let extra = match f.extra.as_str() {
        "" => String::new(),
        extra => format!(" and {extra}"),
    };
    Check {
        id: f.id.clone(),
        study: f.study,
        source: f.source.clone(),
        quantity: format!(
            "{} after fine-tuning, {} at {} px on {}{extra}: percent",
            names::dataset(f.study, &f.dataset),
            f.architecture,
            f.image_size,
            names::pretrain(f.study, &f.pretrain)
        ),
        printed: f.printed.value,
        printed_text: f.printed.text.clone(),
        recomputed: None,
        difference: None,
        verdict: Verdict::Uncheckable,
        note: "The measurements behind the fine-tuning table were not released.".to_owned(),
        analysis: None,
    }
}

pub(super) fn optimal_samples(o: &OptimalSamples, library: &Library) -> Check {
    let analysis = o.query.analysis();
    let study = analysis.study();
    let recomputed = samples(&analysis, library);
    // Printed as a mantissa times ten to a power: compare the mantissas.
    let unit = 10f64.powi(o.printed.value.log10().floor() as i32);
    let verdict = verdict(
        recomputed.as_ref().ok().map(|samples| samples / unit),
        o.printed.value / unit,
        o.printed.decimals,
    );
    let note = match (verdict, &recomputed) {
        (_, Err(why)) => why.to_string(),
        (Verdict::Differs, Ok(recomputed)) => {
            // Is it the decimals of the table?
            let finer = o.alternative.as_ref().map(|query| {
                let analysis = query.analysis();
                let finer = samples(&analysis, library).unwrap_or(f64::NAN);
                format!(
                    " “{}”, with more decimals, gives {finer:.3e}: rounding is not the reason, and none is known.",
                    analysis.table.title
                )
            });
            let off = recomputed / o.printed.value - 1.0;
            format!(
                "The recomputed number is {:.1} % {}.{}",
                100.0 * off.abs(),
                if off < 0.0 { "lower" } else { "higher" },
                finer.unwrap_or_default()
            )
        }
        _ => String::new(),
    };
    let recomputed = recomputed.ok();
    Check {
        id: o.id.clone(),
        study,
        source: o.source.clone(),
        quantity: format!(
            "{} compute-optimal {} at {} {}",
            names::family(study, analysis.families.first().map_or("", String::as_str)),
            match study.samples_noun.as_str() {
                "samples" => "samples seen",
                noun => noun,
            },
            analysis.at.join(", "),
            analysis.unit()
        ),
        printed: o.printed.value,
        printed_text: o.printed.text.clone(),
        recomputed,
        difference: recomputed.map(|samples| samples - o.printed.value),
        verdict,
        note,
        analysis: Some(analysis),
    }
}

/// The line through log compute and log samples of an analysis's frontier, at its first target.
fn samples(analysis: &Analysis, library: &Library) -> Result<f64, CheckError> {
    let rows = library.rows(analysis.table)?;
    let outcome = analysis::run(analysis, rows, library.architectures(analysis.study()));
    let series = outcome.series.first().ok_or_else(CheckError::no_run)?;
    let law = analysis::optimal_samples(series, rows).and_then(Result::ok);
    let law = law.ok_or_else(|| {
        CheckError("No line can be fitted through the samples seen of these runs.".to_owned())
    })?;
    let at = series.predictions.iter().flatten().next();
    let compute = at
        .ok_or_else(|| CheckError("The claim names no compute.".to_owned()))?
        .x;
    Ok(law.fit.predict(compute, Interval::StudentT).error)
}

pub(super) fn verdict(recomputed: Option<f64>, printed: f64, decimals: u32) -> Verdict {
    match recomputed {
        None => Verdict::Uncheckable,
        Some(r) if agrees(r, printed, decimals) => Verdict::Reproduced,
        Some(_) => Verdict::Differs,
    }
}
