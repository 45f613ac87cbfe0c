//! What the rules do to a set whose classes are known: zero-shot accuracy and the balance of the classes.

use super::filter::apply;
use crate::page::messages::error;
use crate::page::models::session::{PairSet, Session};
use crate::page::table;
use crate::pairs::{Curated, Labels};
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
    filtered: Memo<Filtered>,
) -> impl IntoView {
    let labels = set.with_value(|set| set.labels.clone());
    labels.map(|labels| shown(session, set, labels, rules, filtered))
}

fn shown(
    session: Session,
    set: StoredValue<Rc<PairSet>, LocalStorage>,
    labels: Labels,
    rules: Memo<Vec<Rule>>,
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
        true => " An image is told right where its class is, of “a photo of a CLASS.” for all of them, the nearest text. The model that tells is the one whose cosines filter: the table says which images are kept, and not how good a model is that learns from them.",
        false => " They are numbers, and without their names the model cannot tell them.",
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
    let tables = move || {
        is_open.get().then(|| {
            let predicted = zero_shot.known();
            let curated = |kept: &[bool]| {
                let predicted = predicted.as_deref().map(Vec::as_slice);
                labels.with_value(|labels| Curated::new(labels, predicted, kept))
            };
            let alone = |rule: Rule| {
                let filtered = set.with_value(|set| apply(session, set, &[rule]));
                (filtered.counts[0].rule.clone(), curated(&filtered.kept))
            };
            let whole = curated(&vec![true; all as usize]);
            let rules: Vec<(String, Curated)> = rules.get().into_iter().map(alone).collect();
            let together = filtered.with(|filtered| curated(&filtered.kept));
            labels.with_value(|labels| tables(labels, &whole, rules, &together))
        })
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
        </details>
    }
    .into_any()
}

fn tables(
    labels: &Labels,
    whole: &Curated,
    rules: Vec<(String, Curated)>,
    together: &Curated,
) -> AnyView {
    let row = |name: String, some: &Curated, is_whole: bool| {
        let accuracy = some
            .accuracy()
            .map_or("–".to_owned(), |(share, (low, high))| {
                format!("{} ({}–{})", percent(share), number(low), percent(high))
            });
        let shift = match is_whole || some.total() == 0 {
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
        let even = match some.total() {
            0 => "–".to_owned(),
            _ => significant(some.effective_classes(), 3),
        };
        vec![name, grouped(some.total() as u64), accuracy, even, shift]
    };
    let mut rows = vec![row("all pairs".to_owned(), whole, true)];
    rows.extend(
        rules
            .into_iter()
            .map(|(name, some)| row(name, &some, false)),
    );
    rows.push(row("all rules together".to_owned(), together, false));
    let head = [
        "Kept by",
        "pairs with a class",
        "zero-shot accuracy (95 %)",
        "effective classes",
        "largest shift",
    ];
    let mut classes: Vec<usize> = (0..labels.classes.len()).collect();
    let shift = |class: usize| (together.share(class) - whole.share(class)).abs();
    refit_fit::order::sort_by(&mut classes, |a, b| shift(*b).total_cmp(&shift(*a)));
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

/// A percentage without its sign.
fn number(share: f64) -> String {
    percent(share).trim_end_matches(" %").to_owned()
}
