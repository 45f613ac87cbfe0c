//! What the rules do to a set whose classes are known: zero-shot accuracy, that of probes taught on what is kept, and the
//! balance of the classes.

use super::filter::apply;
use super::head_rules::HeadSwitch;
use crate::page::messages::error;
use crate::page::models::progress;
use crate::page::models::session::{PairSet, ProbeState, Session};
use crate::page::table;
use crate::pairs::{Curated, Labels, Probe, Probed};
use crate::text::{grouped, percent, significant};
use leptos::prelude::*;
use refit_pairs::filter::{Filtered, Rule};
use std::rc::Rc;

/// Classes that are listed, those that shift most first.
const LISTED: usize = 50;

#[component]
pub(super) fn Curation(
    session: Session,
    set: StoredValue<Rc<PairSet>, LocalStorage>,
    rules: Memo<Vec<Rule>>,
    heads: Memo<Vec<HeadSwitch>>,
    filtered: Memo<Filtered>,
) -> impl IntoView {
    let labels = set.with_value(|set| set.labels.clone());
    labels.map(|labels| shown(session, set, labels, rules, heads, filtered))
}

fn shown(
    session: Session,
    set: StoredValue<Rc<PairSet>, LocalStorage>,
    labels: Labels,
    rules: Memo<Vec<Rule>>,
    heads: Memo<Vec<HeadSwitch>>,
    filtered: Memo<Filtered>,
) -> AnyView {
    let zero_shot = session.pairing.zero_shot;
    let has_names = labels
        .classes
        .iter()
        .any(|class| class.parse::<f64>().is_err());
    let (count, known) = (labels.classes.len(), labels.of.iter().flatten().count());
    let all = labels.of.len() as u64;
    let mut told = format!(
        "The pairs’ JSON has the class of {} of {} images ({} classes, under {}).",
        grouped(known as u64),
        grouped(all),
        grouped(count as u64),
        labels.name
    );
    told.push_str(match has_names {
        true => " Zero-shot: an image is told right where its class is, of “a photo of a CLASS.” for all of them, the nearest text. The model that tells is the one whose cosines filter, so that this says which images are kept, and not how good a model is that learns from them.",
        false => " They are numbers, and without their names the model cannot tell them zero-shot.",
    });
    let labels = StoredValue::new(labels);
    let is_open = RwSignal::new(false);
    Effect::new(move || {
        if is_open.get() && has_names {
            let classes = labels.with_value(|labels| labels.classes.clone());
            session.find_nearest(zero_shot, set.get_value(), classes);
        }
    });
    let waiting = move || {
        match zero_shot.of.get() {
        _ if !has_names => None,
        None => Some(
            view! { <p class="waiting" role="status">"Comparing the images with their classes…"</p> }
                .into_any(),
        ),
        Some(Err(sentence)) => Some(error(sentence)),
        Some(Ok(_)) => None,
    }
    };
    // All pairs, what each rule alone keeps of them, and what all rules do.
    let subsets = Memo::new(move |_| {
        let mut subsets = Vec::new();
        if is_open.get() {
            subsets.push(("all pairs".to_owned(), vec![true; all as usize]));
            for rule in rules.get() {
                let alone = |heads: &Vec<HeadSwitch>| {
                    set.with_value(|set| apply(session, set, &[rule], heads))
                };
                let filtered = heads.with(alone);
                subsets.push((filtered.counts[0].rule.clone(), filtered.kept));
            }
            let together = filtered.with(|filtered| filtered.kept.clone());
            subsets.push(("all rules together".to_owned(), together));
        }
        subsets
    });
    let probing = session.pairing.probing;
    Effect::new(move || {
        subsets.with(|subsets| match subsets.is_empty() {
            true => probing.cancel(),
            false => {
                let kept: Vec<Vec<bool>> = subsets.iter().map(|(_, kept)| kept.clone()).collect();
                probing.start(&set.get_value(), &kept);
            }
        });
    });
    let probes = move || match probing.state.get() {
        ProbeState::Idle => None,
        ProbeState::Running(done, total) => {
            let text = format!("{done} of {total} probes taught");
            let bar = progress::bar("Teaching probes", done as u64, total as u64, text);
            Some(view! { <div class="progress" role="status">{bar}</div> }.into_any())
        }
        ProbeState::Failed(sentence) => Some(error(format!("Probes cannot be taught. {sentence}"))),
        ProbeState::Done(probe) => Some(probed(&probe)),
    };
    let tables = move || {
        let predicted = zero_shot.known();
        let probe = match probing.state.get() {
            ProbeState::Done(probe) => Some(probe),
            _ => None,
        };
        let curated = |kept: &[bool]| {
            let predicted = predicted.as_deref().map(Vec::as_slice);
            labels.with_value(|labels| Curated::new(labels, predicted, kept))
        };
        let rows = subsets.with(|subsets| {
            let rows = subsets
                .iter()
                .map(|(name, kept)| (name.clone(), curated(kept)));
            rows.collect::<Vec<(String, Curated)>>()
        });
        (!rows.is_empty())
            .then(|| labels.with_value(|labels| tables(labels, &rows, probe.as_deref())))
    };
    view! {
        <details
            class="fold curation"
            on:toggle=move |event| {
                let details: web_sys::HtmlDetailsElement = event_target(&event);
                is_open.set(details.open());
            }
        >
            <summary>"Accuracy and classes of what is kept"</summary>
            <p class="aside">{told}</p>
            {waiting}
            {tables}
            {probes}
        </details>
    }
    .into_any()
}

/// A row for each subset: first all pairs, last those that all rules keep.
fn tables(labels: &Labels, subsets: &[(String, Curated)], probe: Option<&Probe>) -> AnyView {
    let [(_, whole), .., (_, together)] = subsets else {
        return ().into_any();
    };
    let shift = |some: &Curated| match std::ptr::eq(some, whole) || some.total() == 0 {
        true => "–".to_owned(),
        false => {
            let class = some.most_shifted(whole);
            format!(
                "{}: {} → {}",
                labels.classes[class],
                percent(whole.share(class)),
                percent(some.share(class))
            )
        }
    };
    let row = |(i, (name, some)): (usize, &(String, Curated))| {
        let even = match some.total() {
            0 => "–".to_owned(),
            _ => significant(some.effective_classes(), 3),
        };
        let probe = probe.and_then(|probe| probe.subsets.get(i));
        vec![
            name.clone(),
            grouped(some.total() as u64),
            some.accuracy().map_or("–".to_owned(), share),
            probe.map_or("–".to_owned(), probe_share),
            even,
            shift(some),
        ]
    };
    let mut rows: Vec<Vec<String>> = subsets.iter().enumerate().map(row).collect();
    if let Some(probe) = probe {
        let none = "–".to_owned();
        rows.push(vec![
            "as many as all rules keep, at random".to_owned(),
            grouped(together.total() as u64),
            none.clone(),
            probe_share(&probe.random),
            none.clone(),
            none,
        ]);
    }
    let head = [
        "Kept by",
        "pairs with a class",
        "zero-shot accuracy (95 %)",
        "probe accuracy (95 %)",
        "effective classes",
        "largest shift",
    ];
    let mut classes: Vec<usize> = (0..labels.classes.len()).collect();
    let moved = |class: usize| (together.share(class) - whole.share(class)).abs();
    refit_fit::order::sort_by(&mut classes, |a, b| moved(*b).total_cmp(&moved(*a)));
    let left_out = classes.len().saturating_sub(LISTED);
    classes.truncate(LISTED);
    let each = classes.into_iter().map(|class| {
        vec![
            labels.classes[class].clone(),
            grouped(whole.counts[class] as u64),
            grouped(together.counts[class] as u64),
            percent(whole.share(class)),
            percent(together.share(class)),
        ]
    });
    let each_head = [
        "Class",
        "all",
        "kept",
        "share of all",
        "share of what is kept",
    ];
    view! {
        {table::table(None, &head, rows)}
        <p class="aside">
            "Effective classes: how many classes of equal size would be as even. Largest shift: the class whose share changes most."
        </p>
        {table::table(None, &each_head, each.collect())}
        {(left_out > 0)
            .then(|| {
                view! { <p class="aside">{format!("{left_out} more classes shift less.")}</p> }
            })}
    }
    .into_any()
}

/// A share with its interval.
fn share((share, (low, high)): (f64, (f64, f64))) -> String {
    format!("{} ({}–{})", percent(share), number(low), percent(high))
}

fn probe_share(probed: &Probed) -> String {
    probed.accuracy.map_or("–".to_owned(), |accuracy| {
        share((accuracy.mean, (accuracy.low, accuracy.high)))
    })
}

/// How the probes were taught.
fn probed(probe: &Probe) -> AnyView {
    let whole = probe.subsets.first().map_or(0, |whole| whole.examples);
    let text = format!(
        "Probe: logistic regression on the embeddings of what is kept of {} images (of all rules together {}), tested on the same {} others, a fifth of each class, which no rule touches; C = {} for all, by cross-validation on all {}. A class of which nothing is kept is told wrong. At random: the mean of five draws.",
        grouped(whole as u64),
        grouped(probe.random.examples as u64),
        grouped(probe.tested as u64),
        significant(1.0 / probe.penalty, 3),
        grouped(whole as u64),
    );
    view! { <p class="aside">{text}</p> }.into_any()
}

/// A percentage without its sign.
fn number(share: f64) -> String {
    percent(share).trim_end_matches(" %").to_owned()
}
