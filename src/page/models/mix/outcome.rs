//! What came of a run: accuracies as a chart and a table, and which coefficients are best.

use super::figure;
use crate::page::models::session::{MixOutcome, Tried};
use crate::page::static_chart::{Legend, StaticChart};
use crate::page::{save, table};
use crate::text::{cell, percent};
use leptos::prelude::*;
use refit_clip::mix::{Paired, Score, Tower};
use std::sync::Arc;

/// `is_done`: no more coefficients come.
pub(super) fn view(outcome: Arc<MixOutcome>, is_done: bool) -> AnyView {
    let scene = figure::scene(&outcome);
    let chart = scene.map(|mut scene| {
        let legend = std::mem::take(&mut scene.legend);
        let scene = Memo::new(move |_| Some(scene.clone()));
        view! {
            <Legend entries=legend />
            <StaticChart
                scene
                label="Accuracy over the coefficient; the table below has the numbers"
            />
        }
    });
    let (for_csv, for_json) = (outcome.clone(), outcome.clone());
    view! {
        <div class="mixed">
            <h3>"Accuracy of the mixtures"</h3>
            {chart}
            <p class="best">{is_done.then(|| best(&outcome)).flatten()}</p>
            <p class="against-base">{is_done.then(|| against_base(&outcome)).flatten()}</p>
            {numbers(&outcome)}
            {unreadable(&outcome)}
            <p class="aside">{outcome.notes.join(" ")}</p>
            <p class="toolbar" hidden=!is_done>
                <button
                    type="button"
                    on:click=move |_| save::text("mixtures.csv", "text/csv", &csv(&for_csv))
                >
                    "Export the accuracies (CSV)"
                </button>
                <button
                    type="button"
                    on:click=move |_| {
                        save::text("mixtures.json", "application/json", &json(&for_json).to_string());
                    }
                >
                    "Export the accuracies (JSON)"
                </button>
            </p>
        </div>
    }
    .into_any()
}

/// Coefficients in a row.
pub(super) fn listed(coefficients: &[f64]) -> String {
    let all = coefficients.iter().map(|c| {
        // Thirds are no more readable with fifteen digits.
        let text = format!("{c:.3}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        text.replace('-', "−")
    });
    all.collect::<Vec<_>>().join(", ")
}

fn best(outcome: &MixOutcome) -> Option<String> {
    let Some(best) = outcome.best() else {
        let is_sweep = outcome.tried.len() > 1;
        let sentence = "The sets are too small to choose a coefficient by: every second image of a class is held out for that.";
        return is_sweep.then(|| sentence.to_owned());
    };
    let each = outcome.sets.iter().zip(&best.rest);
    let each = each.map(|(set, score)| format!("{set} {}", accuracy(*score)));
    Some(format!(
        "Chosen on half of the images, by the mean over the sets: λ = {}. Tested on the other half: {}.",
        listed(&outcome.tried[best.index].coefficients),
        each.collect::<Vec<_>>().join(", ")
    ))
}

/// What the mixture won and lost against the base, a sentence for each set.
fn against_base(outcome: &MixOutcome) -> Option<String> {
    let (tried, is_half) = match &outcome.tried[..] {
        [one] => (one, false),
        all => (&all[outcome.best()?.index], true),
    };
    if tried.is_base() {
        return Some("That is the base itself: nothing is won and nothing lost.".to_owned());
    }
    let images = match is_half {
        true => "the same images of that half",
        false => "the same images",
    };
    let each = outcome.sets.iter().zip(&tried.against_base);
    let each = each.map(|(set, paired)| {
        let paired = if is_half { paired.rest } else { paired.all };
        format!("{set} {}", changed(paired))
    });
    Some(format!(
        "Against λ = 0, on {images}: {}",
        each.collect::<Vec<_>>().join(" ")
    ))
}

/// "−1.0 points (95 % interval −5.4 to +3.2): 2 of 100 images were right and are wrong now, …"
fn changed(paired: Paired) -> String {
    let (low, high) = paired.interval();
    let points = |share: f64| match 100.0 * share {
        x if x.abs() < 0.05 => "0.0".to_owned(),
        x => format!("{x:+.1}").replace('-', "−"),
    };
    let verdict = match (low > 0.0, high < 0.0) {
        (true, _) => "a gain",
        (_, true) => "a loss",
        _ => "neither a gain nor a loss is shown",
    };
    let lost = match paired.lost {
        1 => "1 was right and is wrong now".to_owned(),
        lost => format!("{lost} were right and are wrong now"),
    };
    format!(
        "{} points (95 % interval {} to {}): of {} images {lost}, {} the reverse; {verdict}.",
        points(paired.difference()),
        points(low),
        points(high),
        paired.total(),
        paired.won
    )
}

fn accuracy(score: Score) -> String {
    let (low, high) = score.interval();
    format!(
        "{} ({:.1} to {:.1})",
        percent(score.share()),
        100.0 * low,
        100.0 * high
    )
}

fn numbers(outcome: &MixOutcome) -> AnyView {
    let row = |tried: &Tried| {
        let scores = tried.scores.iter().map(|score| accuracy(score.all));
        std::iter::once(listed(&tried.coefficients))
            .chain(scores)
            .collect()
    };
    let sets = outcome.sets.iter().enumerate().map(|(i, set)| {
        let images = outcome.tried.first().map_or(0, |t| t.scores[i].all.total);
        format!("{set} ({images} images)")
    });
    let head: Vec<String> = std::iter::once("λ".to_owned()).chain(sets).collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let towers = match outcome.tower {
        Tower::Image => "image towers",
        Tower::All => "both towers",
    };
    let caption = format!(
        "Accuracy with 95 % intervals (Wilson) of {} + λ × ({} − {}), {towers}",
        outcome.base,
        outcome.others.join(", "),
        outcome.base
    );
    let rows = outcome.tried.iter().map(row).collect();
    table::table(Some(caption), &head, rows)
}

fn unreadable(outcome: &MixOutcome) -> Option<AnyView> {
    let sentence = match outcome.unreadable {
        0 => return None,
        1 => "One image could not be decoded and is left out.".to_owned(),
        count => format!("{count} images could not be decoded and are left out."),
    };
    Some(view! { <p class="aside">{sentence}</p> }.into_any())
}

/// A row for each coefficient and set.
fn csv(outcome: &MixOutcome) -> String {
    let mut text = "coefficients,set,right,total,accuracy,low,high\n".to_owned();
    for tried in &outcome.tried {
        let coefficients: Vec<String> = tried.coefficients.iter().map(f64::to_string).collect();
        for (set, score) in outcome.sets.iter().zip(&tried.scores) {
            let Score { right, total } = score.all;
            let (low, high) = score.all.interval();
            text.push_str(&format!(
                "{},{},{right},{total},{},{low},{high}\n",
                cell(&coefficients.join(" ")),
                cell(set),
                score.all.share()
            ));
        }
    }
    text
}

fn against_as_json(paired: Paired) -> serde_json::Value {
    serde_json::json!({
        "counts": paired,
        "difference": paired.difference(),
        "newcombe_95": paired.interval(),
    })
}

fn json(outcome: &MixOutcome) -> serde_json::Value {
    let tried = outcome.tried.iter().map(|tried| {
        let scores = outcome.sets.iter().zip(&tried.scores);
        let scores = scores.zip(&tried.against_base);
        let scores = scores.map(|((set, score), paired)| {
            serde_json::json!({
                "set": set,
                "right": score.all.right,
                "total": score.all.total,
                "accuracy": score.all.share(),
                "wilson_95": score.all.interval(),
                "against_base": {
                    "all": against_as_json(paired.all),
                    "rest": against_as_json(paired.rest),
                },
            })
        });
        serde_json::json!({
            "coefficients": tried.coefficients,
            "accuracy": scores.collect::<Vec<_>>(),
        })
    });
    serde_json::json!({
        "base": outcome.base,
        "others": outcome.others,
        "tower": outcome.tower,
        "tried": tried.collect::<Vec<_>>(),
        "best": outcome.best(),
        "notes": outcome.notes,
    })
}
