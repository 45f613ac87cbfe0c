//! Printed measurements, accuracies after fine-tuning, and compute-optimal samples.

use super::printed::{Finetuning, OptimalSamples, PrintedMeasurement};
use super::{Check, CheckError, Library, Verdict, agrees};
use crate::analysis::{self, Analysis};
use crate::study::names;
use crate::study::{self, Table};
use refit_fit::Interval;
use refit_fit::order;

/// A printed zero-shot or linear-probe number.
pub(super) fn measurement(m: &PrintedMeasurement, library: &Library) -> Check {
    let table = if m.metric.starts_with("linear_probe") {
        Table::Probes
    } else {
        Table::Zeroshot
    };
    let mut found: Vec<&study::Measurement> = library
        .rows(table)
        .unwrap_or_default()
        .iter()
        .filter(|r| {
            r.dataset == m.dataset
                && r.metric == m.metric
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
    let mut analysis = Analysis::of(table);
    analysis.dataset.clone_from(&m.dataset);
    analysis.metric.clone_from(&m.metric);
    Check {
        id: [
            m.claim.as_str(),
            &m.architecture,
            &m.pretrain,
            &m.samples,
            &m.dataset,
            &m.metric,
        ]
        .join("/"),
        study: m.study,
        source: m.source.clone(),
        quantity: format!(
            "{} {}, {} on {}, {} samples: percent",
            names::dataset(&m.dataset),
            names::metric(&m.metric),
            m.architecture,
            names::pretrain(&m.pretrain),
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
        id: [
            f.claim.as_str(),
            &f.architecture,
            &f.image_size.to_string(),
            &f.pretrain,
            &f.extra,
            &f.dataset,
        ]
        .join("/"),
        study: f.study,
        source: f.source.clone(),
        quantity: format!(
            "{} after fine-tuning, {} at {} px on {}{extra}: percent",
            names::dataset(&f.dataset),
            f.architecture,
            f.image_size,
            names::pretrain(&f.pretrain)
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
    let analysis = Analysis {
        families: vec![o.family.clone()],
        frontier: study::frontier::FrontierRule::Pareto,
        at: vec![o.compute_text.clone()],
        ..Analysis::of(Table::Sweep)
    };
    let recomputed = samples(&analysis, o, library);
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
            // Is it the three decimals of the sweep's best?
            let curves = Analysis {
                table: Table::PlottedCurves,
                ..analysis.clone()
            };
            let finer = samples(&curves, o, library).unwrap_or(f64::NAN);
            let off = recomputed / o.printed.value - 1.0;
            format!(
                "The recomputed number is {:.1} % {}. The plotted curves of fig. 1, at five decimals, give {finer:.3e}: rounding is not the reason, and none is known.",
                100.0 * off.abs(),
                if off < 0.0 { "lower" } else { "higher" }
            )
        }
        _ => String::new(),
    };
    let recomputed = recomputed.ok();
    Check {
        id: format!("{}/{}/{}", o.claim, o.family, o.compute_text),
        study: o.study,
        source: "released script of fig. 6".to_owned(),
        quantity: format!(
            "{} compute-optimal samples seen at {} GFLOPs",
            names::family(&o.family),
            o.compute_text
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

fn samples(analysis: &Analysis, o: &OptimalSamples, library: &Library) -> Result<f64, CheckError> {
    let rows = library.rows(analysis.table)?;
    let outcome = analysis::run(analysis, rows, library.architectures(o.study));
    let series = outcome.series.first();
    let law = series.and_then(|series| analysis::optimal_samples(series, rows)?.ok());
    let law = law.ok_or_else(|| {
        CheckError("No line can be fitted through the samples seen of these runs.".to_owned())
    })?;
    Ok(law.fit.predict(o.compute, Interval::StudentT).error)
}

pub(super) fn verdict(recomputed: Option<f64>, printed: f64, decimals: u32) -> Verdict {
    match recomputed {
        None => Verdict::Uncheckable,
        Some(r) if agrees(r, printed, decimals) => Verdict::Reproduced,
        Some(_) => Verdict::Differs,
    }
}
