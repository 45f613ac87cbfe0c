//! The cosine of each pair: where thresholds lie, what they keep, and how well they tell wrong texts.

use super::{figure, shown};
use crate::page::models::answer::signed;
use crate::page::models::session::{PairSet, Session};
use crate::page::static_chart::{Legend, StaticChart};
use crate::page::table;
use crate::pairs::{KINDS, RELEASED, auc, top_threshold};
use crate::text::{grouped, percent};
use leptos::prelude::*;
use std::rc::Rc;

/// Pairs that are shown on either side of the threshold.
const NEAR: usize = 6;

#[component]
pub(super) fn Score(session: Session, set: Rc<PairSet>) -> impl IntoView {
    let threshold = session.pairing.threshold;
    let top = top_threshold(&set.facts);
    let (low, high) = figure::ends(&set);
    let mut first = figure::scene(&set, top, 0.0);
    let legend = std::mem::take(&mut first.legend);
    let stored = StoredValue::new_local(set.clone());
    let scene = Memo::new(move |_| {
        let own = threshold.get();
        Some(stored.with_value(|set| figure::scene(set, top, own)))
    });
    // While the slider moves, images would be read in vain.
    let settled = RwSignal::new(threshold.get_untracked());
    let choose = move |event: web_sys::Event| {
        if let Ok(value) = event_target_value(&event).parse() {
            threshold.set(value);
        }
    };
    let counts = move || stored.with_value(|set| table_of(set, top, threshold.get()));
    let near = move || stored.with_value(|set| nearest(set, settled.get()));
    view! {
        <h3>"Score"</h3>
        <Legend entries=legend />
        <StaticChart
            scene
            label="Histogram of the cosines; the table below has the thresholds and what they keep"
        />
        <div class="choices">
            <label class="choice threshold">
                <span>"Your threshold " <output>{move || signed(threshold.get().into())}</output></span>
                <input
                    type="range"
                    name="Cosine threshold"
                    aria-label="Your threshold"
                    aria-valuetext=move || signed(threshold.get().into())
                    min=low.to_string()
                    max=high.to_string()
                    step="0.001"
                    prop:value=move || threshold.get().to_string()
                    on:input=choose
                    on:change=move |_| settled.set(threshold.get_untracked())
                />
            </label>
        </div>
        <div class="kept">{counts}</div>
        <p class="aside">
            "The released thresholds are for cosines of OpenAI’s ViT-B/32 (0.26: of a multilingual CLIP). Another model’s cosines have another range, in which a share means more than a threshold."
        </p>
        {told(&set)}
        {near}
    }
}

/// For each threshold how many pairs are kept, and of each kind.
fn table_of(set: &PairSet, top: Option<f32>, own: f32) -> AnyView {
    let kinds: Vec<usize> = (0..KINDS.len())
        .filter(|kind| set.truths.contains(&Some(*kind)))
        .collect();
    let row = |name: String, threshold: f32| {
        let is_kept = |i: &usize| set.score(*i) >= threshold;
        let kept = (0..set.len()).filter(is_kept).count();
        let mut row = vec![
            name,
            signed(threshold.into()),
            grouped(kept as u64),
            grouped((set.len() - kept) as u64),
            percent(kept as f64 / set.len() as f64),
        ];
        row.extend(kinds.iter().map(|kind| {
            let of = |i: &usize| set.truths[*i] == Some(*kind);
            let all = (0..set.len()).filter(of).count();
            let kept = (0..set.len()).filter(of).filter(is_kept).count();
            percent(kept as f64 / all as f64)
        }));
        row
    };
    let mut rows: Vec<_> = RELEASED
        .iter()
        .map(|(threshold, name)| row((*name).to_owned(), *threshold))
        .collect();
    rows.extend(top.map(|top| row("DataComp, top 30 %".to_owned(), top)));
    rows.push(row("Yours".to_owned(), own));
    let kinds = kinds.iter().map(|kind| format!("{} kept", KINDS[*kind]));
    let head = ["Threshold", "cosine", "at or above", "below", "kept"];
    let head: Vec<String> = head.into_iter().map(str::to_owned).chain(kinds).collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    table::table(None, &head, rows)
}

/// How well the cosine tells wrong texts from true ones, where that is known.
fn told(set: &PairSet) -> Option<AnyView> {
    let of = |kind: usize| -> Vec<f32> {
        let those = (0..set.len()).filter(|i| set.truths[*i] == Some(kind));
        those.map(|i| set.score(i)).collect()
    };
    let (right, half, wrong) = (of(0), of(1), of(2));
    let area = auc(&right, &wrong)?;
    let second = auc(&right, &half).map_or(String::new(), |area| {
        format!(" Half-true ones are harder to tell: {area:.3}.")
    });
    let sentence = format!(
        "Wrong texts are told from true ones with an AUC of {area:.3}: so often is the cosine of one of the {} true pairs above that of one of the {} wrong ones, over all such two, ties counted half.{second}",
        right.len(),
        wrong.len()
    );
    Some(view! { <p class="auc" data-auc=area.to_string()>{sentence}</p> }.into_any())
}

/// The pairs nearest to a threshold, on both sides.
fn nearest(set: &Rc<PairSet>, threshold: f32) -> AnyView {
    let side = |is_above: bool| {
        let those = (0..set.len()).map(|i| (i, set.score(i)));
        let mut those: Vec<(usize, f32)> = those
            .filter(|(_, score)| (*score >= threshold) == is_above)
            .collect();
        let distance = |score: f32| (score - threshold).abs();
        refit_fit::order::sort_by(&mut those, |a, b| distance(a.1).total_cmp(&distance(b.1)));
        those.truncate(NEAR);
        match those.is_empty() {
            true => view! { <p class="aside">"None."</p> }.into_any(),
            false => shown::pairs(set, those),
        }
    };
    view! {
        <div class="camera-view near">
            <section aria-label="Just below the threshold">
                <h4>"Just below your threshold"</h4>
                {side(false)}
            </section>
            <section aria-label="Just above the threshold">
                <h4>"Just above it"</h4>
                {side(true)}
            </section>
        </div>
    }
    .into_any()
}
