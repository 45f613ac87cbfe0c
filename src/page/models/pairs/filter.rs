//! The rules of LAION and DataComp as a list with switches, what each takes out, and the subset that is left.

use super::curation::Curation;
use super::head_rules::{self, HeadRules, HeadSwitch};
use super::save_bytes;
use crate::page::messages::{error, error_if_any};
use crate::page::models::field::text_field;
use crate::page::models::session::{PairSet, Session};
use crate::page::{list, save, table};
use crate::pairs::TOP_SHARE;
use crate::text::{cell, grouped, listed, percent};
use leptos::prelude::*;
use refit_npy::{Uid, write_uids};
use refit_pairs::Told;
use refit_pairs::filter::{Edition, Filtered, Rule, filter};
use std::rc::Rc;

/// Rules that are switched together, in the order in which they are applied; the terminal's.
#[derive(Clone, Copy, PartialEq)]
enum Group {
    Basic,
    Laion,
    Use,
    Contains,
    Nearest,
    Score,
    TopShare,
    Duplicates,
}

const GROUPS: [(Group, &str, &str); 8] = [
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
        Group::Use,
        "use",
        "What LAION recommends for use: unsafe below 0.5, watermark below 0.8, as the pairs’ JSON says",
    ),
    (
        Group::Contains,
        "contains",
        "The text contains the words below",
    ),
    (
        Group::Nearest,
        "nearest",
        "The image is nearest to one of the classes below that are kept",
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
    let known = set.with_value(|set| set.labels.as_ref().map(|labels| labels.classes.clone()));
    let known = StoredValue::new(known.unwrap_or_default());
    let classes = RwSignal::new(known.with_value(|known| known.join(", ")));
    let wanted = RwSignal::new(String::new());
    // Known classes may have commas in their names.
    let class_list = Memo::new(move |_| {
        let text = classes.get();
        let known = known.get_value();
        match known.join(", ") == text {
            true => known,
            false => listed(&text),
        }
    });
    Effect::new(move || {
        let list = class_list.get();
        if is_on(Group::Nearest) && list.len() > 1 {
            session.find_nearest(pairing.nearest, set.get_value(), list);
        }
    });
    // The places of the classes that are kept, and the names that are none.
    let places = Memo::new(move |_| {
        let list = class_list.get();
        let wanted = listed(&wanted.get());
        let place = |name: &String| list.iter().position(|class| class == name);
        let places: Vec<usize> = wanted.iter().filter_map(place).collect();
        let unknown = wanted.into_iter().filter(|name| place(name).is_none());
        (places, unknown.collect::<Vec<String>>())
    });
    let heads = head_rules::switches(session);
    let rules = Memo::new(move |_| {
        let mut rules = Vec::new();
        for (group, ..) in GROUPS {
            // Heads stand before the cosine.
            if group == Group::Score {
                rules.extend(head_rules::rules(session, heads));
            }
            if !is_on(group) {
                continue;
            }
            match group {
                Group::Basic => rules.extend(Rule::basic(Edition::Code)),
                Group::Laion => rules.extend(Rule::laion()),
                Group::Use => rules.extend(Rule::laion_for_use()),
                Group::Contains => {
                    let words = words.get().trim().to_owned();
                    rules.extend((!words.is_empty()).then_some(Rule::Contains(words)));
                }
                Group::Nearest => {
                    let (places, _) = places.get();
                    let is_asked = !places.is_empty() && pairing.nearest.known().is_some();
                    rules.extend(is_asked.then_some(Rule::Nearest(places)));
                }
                Group::Score => rules.push(Rule::MinScore(pairing.threshold.get())),
                Group::TopShare => rules.push(Rule::TopShare(TOP_SHARE)),
                Group::Duplicates => {
                    let are_known = pairing
                        .duplicates
                        .with(|found| matches!(found, Some(Ok(_))));
                    rules.extend(are_known.then_some(Rule::FirstOfDuplicates));
                }
            }
        }
        rules
    });
    let filtered = Memo::new(move |_| {
        let rules = rules.get();
        set.with_value(|set| heads.with(|heads| apply(session, set, &rules, heads)))
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
    let nearest = move || {
        if !is_on(Group::Nearest) {
            return None;
        }
        let (places, unknown) = places.get();
        if let Some(name) = unknown.first() {
            return Some(error(format!(
                "“{name}” is not one of the classes, so this rule takes nothing out."
            )));
        }
        if places.is_empty() || class_list.with(|list| list.len() < 2) {
            let sentence = "Two or more classes are needed, and which of them are kept; until then that rule takes nothing out.";
            return Some(view! { <p class="aside">{sentence}</p> }.into_any());
        }
        match pairing.nearest.of.get() {
            None => Some(
                view! { <p class="waiting" role="status">"Comparing the images with the classes…"</p> }.into_any(),
            ),
            Some(Err(sentence)) => Some(error(sentence)),
            Some(Ok(_)) => None,
        }
    };
    view! {
        <h3>"Filter"</h3>
        <div class="several" role="group" aria-label="Rules">
            {list(switches)}
        </div>
        <div class="choices">
            {text_field("Words that texts contain", "Words", words)}
            <label class="choice address">
                <span>"Classes, with commas between them"</span>
                <input
                    name="Classes of images"
                    autocomplete="off"
                    prop:value=move || classes.get()
                    on:change=move |event| classes.set(event_target_value(&event))
                />
            </label>
            <label class="choice">
                <span>"of which are kept"</span>
                <input
                    name="Classes that are kept"
                    autocomplete="off"
                    prop:value=move || wanted.get()
                    on:change=move |event| wanted.set(event_target_value(&event))
                />
            </label>
        </div>
        <HeadRules session set switches=heads />
        {no_words}
        {nearest}
        {note}
        {comparing}
        <div class="rules">
            {move || set.with_value(|set| filtered.with(|filtered| counts(set, filtered)))}
        </div>
        <Curation session set rules heads filtered />
        <Export set filtered />
    }
}

/// Applies rules to pairs, with what else they need; tracked. `heads` are those that the rules count.
pub(super) fn apply(
    session: Session,
    set: &PairSet,
    rules: &[Rule],
    heads: &[HeadSwitch],
) -> Filtered {
    let pairing = session.pairing;
    let duplicates = pairing.duplicates.get().and_then(Result::ok);
    let is_by_class = |rule: &Rule| matches!(rule, Rule::Nearest(_));
    let is_by_head = |rule: &Rule| matches!(rule, Rule::HeadScore { .. } | Rule::HeadClass { .. });
    if !rules
        .iter()
        .any(|rule| is_by_class(rule) || is_by_head(rule))
    {
        return filter(&set.facts, rules, duplicates.as_deref());
    }
    let mut facts = set.facts.clone();
    let nearest = pairing.nearest.known();
    for (facts, class) in facts
        .iter_mut()
        .zip(nearest.iter().flat_map(|all| all.iter()))
    {
        facts.nearest = Some(*class);
    }
    for switch in heads {
        let told = pairing.heads.of(&switch.head).and_then(Result::ok);
        for (i, facts) in facts.iter_mut().enumerate() {
            // One that was not asked is no rule, and holds its place.
            let told = told.as_ref().and_then(|told| told.get(i).copied());
            facts.heads.push(told.unwrap_or(Told::Score(f32::NAN)));
        }
    }
    filter(&facts, rules, duplicates.as_deref())
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
        "removes on its own",
        "removes after the rules above",
        "not known, removed",
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
                        "Not known: the pair’s files do not say what the rule asks for, as its address; it is removed."
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
        problem.set(save_bytes("kept.npy", &write_uids(&kept)).err());
    };
    let as_parquet = move |_| {
        let written = set.with_value(|set| filtered.with_untracked(|f| set.parquet(&f.kept)));
        let saved = written.and_then(|bytes| save_bytes("kept.parquet", &bytes));
        problem.set(saved.err());
    };
    let as_names = move |_| {
        let (names, broken) = set.with_value(|set| filtered.with_untracked(|f| set.names(&f.kept)));
        save::text("kept.txt", "text/plain", &names);
        let left_out = "files have a line break in their names, and are not in the list.";
        problem.set((broken > 0).then(|| format!("{broken} {left_out}")));
    };
    view! {
        <p class="toolbar">
            <button type="button" on:click=as_csv>
                "Export the pairs (CSV)"
            </button>
            <button type="button" class="export-parquet" on:click=as_parquet>
                "Export what is kept (Parquet)"
            </button>
            <button type="button" class="export-names" on:click=as_names>
                "Export what is kept as names of files (txt)"
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
