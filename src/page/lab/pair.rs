//! Two series beside each other: crossings, which is better where, and compute for the same error.

use super::{Resamples, Shown};
use crate::analysis::comparison::{Crossing, Pair, asked};
use crate::fit::compare::Needed;
use crate::order;
use crate::page::explore::series_name as name;
use crate::page::list;
use crate::page::table::{or_dash, table};
use crate::page::work::Progress;
use crate::text::{number, percent};
use leptos::prelude::*;

/// How far beyond the data crossings are looked for.
const BEYOND: f64 = 30.0;

#[component]
pub fn Beside(shown: Memo<Option<Shown>>, resamples: Resamples) -> impl IntoView {
    let draw = move |_| {
        if let Some(shown) = shown.get_untracked() {
            resamples.start(&shown);
        }
    };
    let two = Memo::new(move |_| shown.with(|s| s.as_ref().is_some_and(|s| fits(s).is_some())));
    view! {
        <Show
            when=move || two.get()
            fallback=|| {
                view! { <p>"Choose two families or two pre-training sets that can be fitted."</p> }
            }
        >
            <p>
                <button type="button" on:click=draw disabled=move || resamples.work.running()>
                    "Resample both"
                </button>
                " for an interval of the crossing and for the probability that one law lies below the other. What is drawn, and how often, is chosen under “How sure is it?”."
            </p>
            <Progress work=resamples.work what="resamples" />
            {move || shown.with(|s| s.as_ref().and_then(|s| resamples.replicates.with(|r| beside(s, r))))}
        </Show>
    }
}

/// The first two series, where both are fitted.
fn fits(shown: &Shown) -> Option<Pair<'_>> {
    let [a, b, ..] = shown.outcome.series.as_slice() else {
        return None;
    };
    Some(Pair {
        a: a.fit.as_ref().ok()?,
        b: b.fit.as_ref().ok()?,
        resamples: None,
    })
}

fn beside(shown: &Shown, drawn: &[Option<crate::fit::bootstrap::Replicates>]) -> Option<AnyView> {
    let mut pair = fits(shown)?;
    if let [Some(a), Some(b), ..] = drawn {
        pair.resamples = Some((a, b));
    }
    let series = &shown.outcome.series;
    let (a, b) = (name(&series[0]), name(&series[1]));
    let unit = shown.analysis.unit();
    let (from, to) = shown.outcome.range()?;
    let crossings = pair.crossings((from, to * BEYOND));
    let sentences: Vec<_> = if crossings.is_empty() {
        vec![format!(
            "The laws of {a} and {b} do not cross between {} and {} {unit}.",
            number(from),
            number(to * BEYOND)
        )]
    } else {
        let of = |c| crossing(c, [&a, &b], to, unit);
        crossings.iter().map(of).collect()
    };
    let decades = from.log10().ceil() as i32..=to.log10().ceil() as i32;
    let asked = asked(&shown.analysis.at, &series[0], &series[1]);
    let decades = decades.map(|d| (10f64.powi(d), String::new()));
    let mut places: Vec<(f64, String)> = decades.chain(asked.into_iter().flatten()).collect();
    order::sort_by(&mut places, |a, b| a.0.total_cmp(&b.0));
    places.dedup();
    let rows = places.into_iter().map(|(x, of)| {
        let of = if of.is_empty() {
            of
        } else {
            format!(" ({of})")
        };
        vec![
            format!("{}{of}", number(x)),
            percent(pair.a.law.value(&pair.a.parameters, x)),
            percent(pair.b.law.value(&pair.b.parameters, x)),
            or_dash(pair.probability_b_is_lower(x), |s| {
                format!("{:.1} %", 100.0 * s)
            }),
            match pair.times(x) {
                Needed::At(times) => format!("{} ×", number(times)),
                Needed::Less => "less than a millionth".to_owned(),
                Needed::More => "not reached".to_owned(),
            },
        ]
    });
    let drawn = [(&a, drawn.first()), (&b, drawn.get(1))];
    let warnings = drawn.into_iter().filter_map(|(name, drawn)| {
        let warning = drawn?.as_ref()?.warning()?;
        Some(view! { <p class="aside">{format!("{name}: {warning}")}</p> })
    });
    let warnings = list(warnings);
    let head = [
        unit,
        &format!("Error of {a}"),
        &format!("Error of {b}"),
        "The second is lower in",
        "The second needs, for the first’s error",
    ];
    Some(
        view! {
            <ul>{list(sentences.into_iter().map(|s| view! { <li>{s}</li> }))}</ul>
            {warnings}
            {table(None, &head, rows.collect())}
        }
        .into_any(),
    )
}

fn crossing(c: &Crossing, names: [&String; 2], end_of_data: f64, unit: &str) -> String {
    let place = if c.x > end_of_data {
        ", beyond the data"
    } else {
        ""
    };
    let lower = names[usize::from(c.second_is_lower_beyond)];
    let resampled = c.resampled.map_or(String::new(), |r| {
        let interval = r.interval.map_or(String::new(), |(low, high)| {
            format!(
                ", 95 % of these between {} and {}",
                number(low),
                number(high)
            )
        });
        format!(
            " So do {:.1} % of the resamples{interval}.",
            100.0 * r.share
        )
    });
    format!(
        "They cross at {} {unit}{place}; from there {lower} has the lower error.{resampled}",
        number(c.x)
    )
}
