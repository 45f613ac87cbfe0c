//! The numbers by study and by the place where they were printed.

use crate::claim::{Check, Filter, Tally, Verdict};
use crate::page::list;
use crate::page::location::explore_link;
use crate::page::table::{header_row, scrolling};
use crate::study::Study;
use crate::text::unbroken;
use leptos::prelude::*;

/// The numbers of one place: a table, a figure, a text.
struct Group {
    source: String,
    checks: Vec<Check>,
}

impl Group {
    /// Of the printed numbers.
    fn count(&self, verdict: Verdict) -> usize {
        Tally::of(&self.checks).count(verdict)
    }
}

#[component]
pub(super) fn Groups(checks: RwSignal<Vec<Check>>, filter: RwSignal<Filter>) -> impl IntoView {
    move || {
        let filter = filter.get();
        let narrowed = filter.verdict.is_some() || !filter.text.trim().is_empty();
        let studies = checks.with(|checks| by_study(checks, &filter));
        if studies.is_empty() {
            return view! {
                <p class="note" role="status">
                    {move || match narrowed {
                        true => "No number matches. Clear the verdict or the search.",
                        false => "None of this study’s printed numbers is in its folder.",
                    }}
                </p>
            }
            .into_any();
        }
        list(studies.into_iter().map(|(study, groups)| {
            let heading = format!("{} ({})", study.title, study.id);
            view! {
                <section class="of-study">
                    <h2>{heading}</h2>
                    {list(groups.into_iter().map(|group| group_view(group, narrowed)))}
                </section>
            }
        }))
    }
}

/// In the order of the studies; places with numbers that differ come first.
fn by_study(checks: &[Check], filter: &Filter) -> Vec<(Study, Vec<Group>)> {
    let mut studies: Vec<(Study, Vec<Group>)> = Vec::new();
    for check in checks.iter().filter(|check| filter.takes(check)) {
        let place = studies.iter().position(|(study, _)| *study == check.study);
        let place = place.unwrap_or_else(|| {
            studies.push((check.study, Vec::new()));
            studies.len() - 1
        });
        let Some((_, groups)) = studies.get_mut(place) else {
            continue;
        };
        match groups.iter_mut().find(|group| group.source == check.source) {
            Some(group) => group.checks.push(check.clone()),
            None => groups.push(Group {
                source: check.source.clone(),
                checks: vec![check.clone()],
            }),
        }
    }
    for (_, groups) in &mut studies {
        groups.sort_by_key(|group| group.count(Verdict::Differs) == 0);
        for group in groups {
            differing_first(&mut group.checks);
        }
    }
    studies
}

/// A law and its coefficients stay together.
fn differing_first(checks: &mut [Check]) {
    let laws: Vec<String> = checks
        .iter()
        .filter(|c| c.whole_law)
        .map(|c| c.id.clone())
        .collect();
    let of = |check: &Check| -> String {
        let law = check.id.split('/').next().unwrap_or_default();
        let is_coefficient = laws.iter().any(|known| known == law);
        if is_coefficient {
            law.to_owned()
        } else {
            check.id.clone()
        }
    };
    let differing = checks.iter().filter(|c| c.verdict == Verdict::Differs);
    let differing: Vec<String> = differing.map(of).collect();
    checks.sort_by_key(|check| !differing.contains(&of(check)));
}

fn group_view(group: Group, open: bool) -> AnyView {
    let counts = Verdict::ALL.into_iter().filter_map(|verdict| {
        let count = group.count(verdict);
        (count > 0).then(|| {
            view! { <span class=format!("verdict {}", verdict.id())>{verdict.counted(count)}</span> }
        })
    });
    let counts = list(counts);
    let bar = bar(&group);
    // What differs is seen at once.
    let open = open || group.count(Verdict::Differs) > 0;
    let head = ["Quantity", "Verdict", "Printed", "Recomputed", "Difference"];
    let rows = list(group.checks.iter().map(row));
    let label = format!("Numbers of {}", group.source);
    let table = scrolling(&label, "numbers checks", header_row(&head), rows);
    view! {
        <details class="group" open=open>
            <summary>
                <span class="source">{group.source}</span>
                {bar}
                <span class="counts">{counts}</span>
            </summary>
            {table}
        </details>
    }
    .into_any()
}

/// The shares of the verdicts.
fn bar(group: &Group) -> impl IntoView + use<> {
    let all: usize = Verdict::ALL
        .map(|verdict| group.count(verdict))
        .iter()
        .sum();
    // With a law's own row alone, as a search may find it, there is no printed number.
    let all = all.max(1) as f64;
    let mut x = 0.0;
    let parts = Verdict::ALL.map(|verdict| {
        let width = 100.0 * group.count(verdict) as f64 / all;
        let from = x;
        x += width;
        view! { <rect class=verdict.id() x=from width=width height="4" /> }
    });
    view! {
        <span class="verdicts">
            <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                {list(parts)}
            </svg>
        </span>
    }
}

fn row(c: &Check) -> impl IntoView + use<> {
    let decimals = c
        .printed_text
        .split_once('.')
        .filter(|_| !c.printed_text.contains('e'))
        .map_or(0, |(_, d)| d.len().min(6));
    // Two more digits than printed, to show how close it is.
    let text = |x: f64| {
        if c.printed_text.contains('e') {
            format!("{x:.4e}")
        } else {
            format!("{x:.*}", decimals + 2)
        }
        .replace('-', "−")
    };
    // Of a law as a whole: what it misses its points by, which no paper prints.
    let error = c.whole_law.then_some("error ");
    let link = c.analysis.as_ref().map(|analysis| {
        view! {
            <a href=explore_link(analysis) aria-label=format!("Open {} in Explore", c.quantity)>
                "Explore"
            </a>
        }
    });
    view! {
        <tr data-id=c.id.clone() data-verdict=c.verdict.id()>
            <th scope="row">
                {c.quantity.clone()} {c.whole_law.then_some(" (no printed number, not counted)")} " "
                {link}
            </th>
            // Second, so that it is in view on a phone.
            <td>
                <span class=format!("verdict {}", c.verdict.id())>
                    <span class="word">{c.verdict.title()}</span>
                </span>
            </td>
            <td>{error} {c.printed_text.replace('-', "−")}</td>
            <td>{error} {c.recomputed.map_or("–".to_owned(), text)}</td>
            <td>{c.difference.map_or("–".to_owned(), text)}</td>
        </tr>
        {(!c.note.is_empty())
            .then(|| {
                view! {
                    <tr class="note">
                        <td colspan="5">
                            // In view, however wide the table is.
                            <div
                                style:position="sticky"
                                style:left="0"
                                style:width="fit-content"
                                style:max-width="calc(100vw - 4rem)"
                                style:white-space="normal"
                            >
                                {unbroken(&c.note)}
                            </div>
                        </td>
                    </tr>
                }
            })}
    }
}
