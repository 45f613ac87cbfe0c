//! The rules of LAION and DataComp as a list with switches, what each takes out, and the subset that is left.

use crate::page::messages::{DOWNLOAD_REFUSED, error, error_if_any};
use crate::page::models::field::text_field;
use crate::page::models::session::{PairSet, Session};
use crate::page::{list, save, table};
use crate::pairs::TOP_SHARE;
use crate::text::{cell, grouped, percent};
use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use refit_npy::{Uid, write_uids};
use refit_pairs::filter::{Edition, Filtered, Rule, filter};
use std::rc::Rc;
use web_sys::Blob;

/// Rules that are switched together, in the order in which they are applied; the terminal's.
#[derive(Clone, Copy, PartialEq)]
enum Group {
    Basic,
    Laion,
    Contains,
    Score,
    TopShare,
    Duplicates,
}

const GROUPS: [(Group, &str, &str); 6] = [
    (
        Group::Basic,
        "basic",
        "DataComp’s basic filter: English, more than 2 words and 5 characters, sides from 200 pixels, at most 3 : 1",
    ),
    (
        Group::Laion,
        "laion",
        "LAION-400M’s: at least 5 characters and 5,000 bytes, no address with its text twice",
    ),
    (
        Group::Contains,
        "contains",
        "The text contains the words below",
    ),
    (Group::Score, "score", "Cosine at or above your threshold"),
    (Group::TopShare, "top", "Cosine in the top 30 %"),
    (
        Group::Duplicates,
        "duplicates",
        "First of near duplicates: images with an inner product of at least 0.94",
    ),
];

#[component]
pub(super) fn Filter(session: Session, set: Rc<PairSet>) -> impl IntoView {
    let pairing = session.pairing;
    let on = GROUPS.map(|(group, ..)| RwSignal::new(group == Group::Score));
    let words = RwSignal::new(String::new());
    let is_on = move |group: Group| {
        let place = GROUPS.iter().position(|(other, ..)| *other == group);
        place.is_some_and(|place| on[place].get())
    };
    Effect::new(move || {
        if is_on(Group::Duplicates) && pairing.duplicates.with_untracked(Option::is_none) {
            pairing.find_duplicates();
        }
    });
    let set = StoredValue::new_local(set);
    let filtered = Memo::new(move |_| {
        let duplicates = pairing.duplicates.get().and_then(Result::ok);
        let mut rules = Vec::new();
        for (group, ..) in GROUPS {
            if !is_on(group) {
                continue;
            }
            match group {
                Group::Basic => rules.extend(Rule::basic(Edition::Code)),
                Group::Laion => rules.extend(Rule::laion()),
                Group::Contains => {
                    let words = words.get().trim().to_owned();
                    rules.extend((!words.is_empty()).then_some(Rule::Contains(words)));
                }
                Group::Score => rules.push(Rule::MinScore(pairing.threshold.get())),
                Group::TopShare => rules.push(Rule::TopShare(TOP_SHARE)),
                Group::Duplicates if duplicates.is_some() => rules.push(Rule::FirstOfDuplicates),
                Group::Duplicates => {}
            }
        }
        set.with_value(|set| filter(&set.facts, &rules, duplicates.as_deref()))
    });
    let switches = GROUPS.iter().zip(on).map(|((_, name, text), on)| {
        view! {
            <label>
                <input
                    type="checkbox"
                    name=*name
                    prop:checked=move || on.get()
                    on:change:target=move |event| on.set(event.target().checked())
                />
                {*text}
            </label>
        }
    });
    let comparing = move || {
        let is_asked = is_on(Group::Duplicates);
        is_asked.then(|| match pairing.duplicates.get() {
            None => view! { <p class="waiting" role="status">"Comparing the images…"</p> }.into_any(),
            Some(Err(sentence)) => error(sentence),
            Some(Ok(duplicates)) => {
                let groups = duplicates.groups().len();
                view! { <p class="aside">{format!("{groups} groups of near duplicates; the first of each that the rules before leave is kept.")}</p> }.into_any()
            }
        })
    };
    let note = move || {
        is_on(Group::Basic).then(|| view! {
            <p class="aside">
                "English is told by whichlang; DataComp used fastText’s lid.176, and on short texts they differ now and then."
            </p>
        })
    };
    let no_words = move || {
        let is_missing = is_on(Group::Contains) && words.with(|words| words.trim().is_empty());
        is_missing.then(|| {
            view! { <p class="aside">"No words are given, so that rule takes nothing out."</p> }
        })
    };
    view! {
        <h3>"Filter"</h3>
        <div class="several" role="group" aria-label="Rules">
            {list(switches)}
        </div>
        <div class="choices">{text_field("Words that texts contain", "Words", words)}</div>
        {no_words}
        {note}
        {comparing}
        <div class="rules">
            {move || set.with_value(|set| filtered.with(|filtered| counts(set, filtered)))}
        </div>
        <Export set filtered />
    }
}

fn counts(set: &PairSet, filtered: &Filtered) -> AnyView {
    let rows = filtered.counts.iter().map(|count| {
        let cut = count.threshold.map(|at| format!(" (from {at:.3})"));
        vec![
            format!("{}{}", count.rule, cut.unwrap_or_default()),
            grouped(count.alone),
            grouped(count.in_place),
            grouped(count.unknown),
        ]
    });
    let head = [
        "Rule",
        "takes out alone",
        "in its place",
        "not known, taken out",
    ];
    let rows: Vec<_> = rows.collect();
    let kept = filtered.left();
    let sentence = format!(
        "{} of {} pairs are kept ({}).",
        grouped(kept),
        grouped(set.len() as u64),
        percent(kept as f64 / set.len() as f64)
    );
    let is_unknown = filtered.counts.iter().any(|count| count.unknown > 0);
    view! {
        {(!rows.is_empty()).then(|| table::table(None, &head, rows))}
        {is_unknown
            .then(|| {
                view! {
                    <p class="aside">
                        "Not known: the pair’s files do not say what the rule asks for, as its address; it is taken out."
                    </p>
                }
            })}
        <p class="left" role="status" data-kept=kept.to_string()>{sentence}</p>
    }
    .into_any()
}

#[component]
fn Export(set: StoredValue<Rc<PairSet>, LocalStorage>, filtered: Memo<Filtered>) -> impl IntoView {
    let problem = RwSignal::new(None::<String>);
    let has_uids = set.with_value(|set| set.facts.iter().any(|facts| facts.uid.is_some()));
    let as_csv = move |_| {
        let text = set.with_value(|set| filtered.with_untracked(|f| csv(set, &f.kept)));
        save::text("pairs.csv", "text/csv", &text);
    };
    let without = move || {
        let count = set.with_value(|set| {
            let without = |(i, kept): (usize, &bool)| *kept && set.facts[i].uid.is_none();
            filtered.with(|f| {
                f.kept
                    .iter()
                    .enumerate()
                    .filter(|one| without(*one))
                    .count()
            })
        });
        (has_uids && count > 0).then(|| {
            view! { <p class="aside">{format!("{count} pairs that are kept have no uid, and are not in the file of uids.")}</p> }
        })
    };
    let as_uids = move |_| {
        let kept: Vec<Uid> = set.with_value(|set| {
            let kept = |(i, kept): (usize, &bool)| set.facts[i].uid.filter(|_| *kept);
            filtered.with_untracked(|f| f.kept.iter().enumerate().filter_map(kept).collect())
        });
        let bytes = Uint8Array::from(&write_uids(&kept)[..]);
        let saved = Blob::new_with_u8_array_sequence(&Array::of1(&bytes))
            .and_then(|blob| save::blob_as("kept.npy", &blob));
        problem.set(saved.err().map(|_| DOWNLOAD_REFUSED.to_owned()));
    };
    view! {
        <p class="toolbar">
            <button type="button" on:click=as_csv>
                "Export the pairs (CSV)"
            </button>
            <button type="button" class="export-uids" hidden=!has_uids on:click=as_uids>
                "Export what is kept as DataComp’s uids (npy)"
            </button>
        </p>
        {without}
        {error_if_any(problem)}
    }
}

fn csv(set: &PairSet, kept: &[bool]) -> String {
    let mut text = "key,text,score,kept\n".to_owned();
    for (i, kept) in kept.iter().enumerate() {
        let (key, words) = (cell(&set.keys[i]), cell(&set.facts[i].text));
        text.push_str(&format!("{key},{words},{},{kept}\n", set.score(i)));
    }
    text
}
