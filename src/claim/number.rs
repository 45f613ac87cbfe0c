//! Printed measurements, accuracies after fine-tuning, and compute-optimal samples.

use super::printed::{Finetuning, OptimalSamples, PrintedMeasurement, Unit};
use super::{Check, CheckError, Library, Verdict, agrees};
use crate::analysis::{self, Analysis};
use crate::decimal;
use crate::study;
use crate::study::description::Description;
use crate::study::names;
use crate::text::significant;
use refit_fit::Interval;
use refit_fit::order;

/// A printed measurement; `description` is that of the claim's study.
pub(super) fn measurement(
    m: &PrintedMeasurement,
    description: Option<&Description>,
    library: &Library,
) -> Check {
    let analysis = m.query.analysis();
    let rows = library.rows(analysis.table).unwrap_or_default();
    let found = match m.group.as_str() {
        "" => best(m, &analysis, rows),
        group => mean(m, description, group, rows),
    };
    let recomputed = found
        .as_ref()
        .ok()
        .map(|(value, _)| printed(m, &analysis, *value));
    let verdict = verdict(recomputed, m.printed.value, m.printed.decimals);
    let note = match found {
        Err(why) => why.to_string(),
        Ok((_, note)) if verdict == Verdict::Reproduced || m.note.is_empty() => note,
        Ok(_) => m.note.clone(),
    };
    Check {
        id: m.id.clone(),
        study: analysis.study(),
        source: m.source.clone(),
        quantity: quantity(m, &analysis),
        unit: unit(m, &analysis),
        printed: m.printed.value,
        whole_law: false,
        fitted: false,
        printed_text: m.printed.text.clone(),
        recomputed,
        difference: recomputed.map(|r| r - m.printed.value),
        verdict,
        note,
        analysis: Some(analysis),
    }
}

/// What was measured, of which model, in which unit.
fn quantity(m: &PrintedMeasurement, analysis: &Analysis) -> String {
    let study = analysis.study();
    let mut text = match m.group.as_str() {
        "" => names::measured(study, &analysis.dataset, &analysis.metric),
        group => format!("{} mean", names::dataset(study, group)),
    };
    let model = [names::family(study, &m.family), &m.architecture, &m.run];
    let model: Vec<&str> = model.into_iter().filter(|name| !name.is_empty()).collect();
    if !model.is_empty() {
        text.push_str(&format!(", {}", model.join(" ")));
    }
    if !m.pretrain.is_empty() {
        text.push_str(&format!(" on {}", names::pretrain(study, &m.pretrain)));
    }
    if !m.samples.is_empty() {
        text.push_str(&format!(", {} {}", m.samples, study.samples_noun));
    }
    format!("{text}: {}", unit(m, analysis))
}

fn unit(m: &PrintedMeasurement, analysis: &Analysis) -> &'static str {
    m.unit.map_or(analysis.loss_unit().of_values(), Unit::id)
}

/// A measurement in the unit in which it is printed.
fn printed(m: &PrintedMeasurement, analysis: &Analysis, value: f64) -> f64 {
    match m.unit {
        Some(unit) => unit.of(value),
        None if analysis.loss_unit().is_fraction() => Unit::Percent.of(value),
        None => value,
    }
}

/// Whether a row is of the model that a printed number is of.
fn is_of(m: &PrintedMeasurement, r: &study::Measurement) -> bool {
    let same = |wanted: &str, has: &str| wanted.is_empty() || wanted == has;
    same(&m.family, &r.family)
        && same(&m.architecture, &r.architecture)
        && same(&m.pretrain, &r.pretrain)
        && same(&m.samples, &r.samples)
        && same(&m.run, &r.run)
}

/// The best of the model's rows, with a note where there are several.
fn best(
    m: &PrintedMeasurement,
    analysis: &Analysis,
    rows: &[study::Measurement],
) -> Result<(f64, String), CheckError> {
    let of = |r: &&study::Measurement| {
        r.dataset == analysis.dataset && r.metric == analysis.metric && is_of(m, r)
    };
    let mut found: Vec<&study::Measurement> = rows.iter().filter(of).collect();
    let quantity = analysis.study().quantity(&analysis.metric);
    // Of a score it is not known which way is better.
    let loss = |r: &study::Measurement| quantity.loss(r.value).unwrap_or(-r.value);
    order::sort_by(&mut found, |a, b| loss(a).total_cmp(&loss(b)));
    match found.as_slice() {
        [] => Err(none_fits(
            m,
            &|r| r.dataset == analysis.dataset && r.metric == analysis.metric,
            rows,
        )),
        [one] => Ok((one.value, String::new())),
        [best, ..] => Ok((
            best.value,
            format!(
                "{} runs fit this description; the best of them, {}, is compared.",
                found.len(),
                names::run(analysis.study(), best)
            ),
        )),
    }
}

/// Why no row is of the model that a printed number is of: the first of its names that no row has.
fn none_fits(
    m: &PrintedMeasurement,
    is_in_view: &dyn Fn(&study::Measurement) -> bool,
    rows: &[study::Measurement],
) -> CheckError {
    const MOST: usize = 12;
    let in_view = || rows.iter().filter(|r| is_in_view(r));
    if in_view().next().is_none() {
        return CheckError("The table has no run of this benchmark and metric.".to_owned());
    }
    type Name = (&'static str, fn(&study::Measurement) -> &String);
    let names: [(&String, Name); 5] = [
        (&m.family, ("family", |r| &r.family)),
        (&m.architecture, ("architecture", |r| &r.architecture)),
        (&m.pretrain, ("pre-training set", |r| &r.pretrain)),
        (&m.samples, ("number of samples", |r| &r.samples)),
        (&m.run, ("run", |r| &r.run)),
    ];
    for (wanted, (what, of)) in names {
        let known: std::collections::BTreeSet<&String> = in_view().map(of).collect();
        if wanted.is_empty() || known.contains(wanted) {
            continue;
        }
        let more = if known.len() > MOST { ", …" } else { "" };
        let known: Vec<&str> = known.into_iter().take(MOST).map(String::as_str).collect();
        return CheckError(format!(
            "No run has the {what} “{wanted}”; known: {}{more}.",
            known.join(", ")
        ));
    }
    CheckError("No run fits this description.".to_owned())
}

/// The mean over a group of sets, each of which the model has one row of.
fn mean(
    m: &PrintedMeasurement,
    description: Option<&Description>,
    group: &str,
    rows: &[study::Measurement],
) -> Result<(f64, String), CheckError> {
    let sets = description.and_then(|d| d.dataset_groups.get(group));
    let sets = sets
        .filter(|sets| !sets.is_empty())
        .ok_or_else(|| CheckError(format!("The study names no sets of the group {group}.")))?;
    let of_model: Vec<&study::Measurement> = rows.iter().filter(|r| is_of(m, r)).collect();
    if of_model.is_empty() {
        return Err(none_fits(m, &|_| true, rows));
    }
    let mut sum = 0.0;
    for set in sets {
        let mut of_set = of_model.iter().filter(|r| r.dataset == *set);
        match (of_set.next(), of_set.next()) {
            (Some(row), None) => sum += row.value,
            (None, _) => return Err(CheckError(format!("The model has no row of {set}."))),
            (Some(_), Some(_)) => {
                return Err(CheckError(format!("The model has several rows of {set}.")));
            }
        }
    }
    Ok((sum / sets.len() as f64, String::new()))
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
        unit: Unit::Percent.id(),
        printed: f.printed.value,
        whole_law: false,
        fitted: false,
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
            analysis
                .at
                .iter()
                .map(|at| place(at))
                .collect::<Vec<_>>()
                .join(", "),
            analysis.unit()
        ),
        // As the paper prints it: a count.
        unit: "",
        printed: o.printed.value,
        whole_law: false,
        fitted: true,
        printed_text: o.printed.text.clone(),
        recomputed,
        difference: recomputed.map(|samples| samples - o.printed.value),
        verdict,
        note,
        analysis: Some(analysis),
    }
}

/// A place on the axis as readers write it: "2.14 × 10¹²".
fn place(at: &str) -> String {
    decimal::parse(at).map_or_else(|| at.to_owned(), |x| significant(x, 3))
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
