//! Two series beside each other: crossings, which is better where, and compute for the same error.

use super::{Resamples, Shown, fitted_names};
use crate::analysis::Series;
use crate::analysis::comparison::{Pair, SeriesCrossing, targets};
use crate::page::explore::series_name as name;
use crate::page::list;
use crate::page::table::{or_dash, table};
use crate::page::work::Progress;
use crate::text::{number, percent};
use leptos::prelude::*;
use refit_fit::bootstrap::Replicates;
use refit_fit::compare::Needed;
use refit_fit::order;

/// How far beyond the data crossings are looked for.
const BEYOND: f64 = 30.0;

#[component]
pub fn Beside(shown: Memo<Option<Shown>>, resamples: Resamples) -> impl IntoView {
    let draw = move |_| {
        if let Some(shown) = shown.get_untracked() {
            resamples.start(&shown);
        }
    };
    // By name, so that the choice outlives what changes the others.
    let chosen = RwSignal::new([String::new(), String::new()]);
    let two = Memo::new(move |_| {
        shown.with(|s| {
            let series = &s.as_ref()?.outcome.series;
            chosen.with(|chosen| compared(series, chosen))
        })
    });
    let names = fitted_names(shown);
    // Who takes the other's series gives it his own.
    let choose = move |place: usize, wanted: String| {
        shown.with_untracked(|s| {
            let (Some(s), Some(now)) = (s.as_ref(), two.get_untracked()) else {
                return;
            };
            let mut pair = now.map(|i| name(&s.outcome.series[i]));
            if pair[1 - place] == wanted {
                pair.swap(0, 1);
            }
            pair[place] = wanted;
            chosen.set(pair);
        });
    };
    let choice = move |label: &'static str, place: usize| {
        let options = move || {
            let now = two.get().map(|pair| pair[place]);
            let now = shown.with(|s| Some(name(&s.as_ref()?.outcome.series[now?])));
            list(names.get().into_iter().map(|text| {
                let selected = now.as_ref() == Some(&text);
                view! {
                    <option value=text.clone() prop:selected=selected>
                        {text.clone()}
                    </option>
                }
            }))
        };
        view! {
            <label class="choice">
                <span>{label}</span>
                <select name=label on:change:target=move |event| choose(place, event.target().value())>
                    {options}
                </select>
            </label>
        }
    };
    view! {
        <Show
            when=move || two.get().is_some()
            fallback=|| {
                view! { <p>"Choose two families or two pre-training sets that can be fitted."</p> }
            }
        >
            <div class="choices" hidden=move || names.with(|n| n.len() < 3)>
                {choice("The first", 0)} {choice("The second", 1)}
            </div>
            <p>
                <button type="button" on:click=draw disabled=move || resamples.work.running()>
                    "Resample both"
                </button>
                " for an interval of the crossing and for the probability that one law lies below the other. What is drawn, and how often, is chosen under “How sure is it?”."
            </p>
            <Progress work=resamples.work what="resamples" />
            {move || {
                let two = two.get()?;
                shown.with(|s| resamples.replicates.with(|r| beside(s.as_ref()?, two, r)))
            }}
        </Show>
    }
}

/// The places of the two series that are compared: of these names, or else the first two that
/// have a law.
fn compared(series: &[Series], chosen: &[String; 2]) -> Option<[usize; 2]> {
    let fitted = || (0..series.len()).filter(|i| series[*i].fit.is_ok());
    let named = |wanted: &String| fitted().find(|i| name(&series[*i]) == *wanted);
    match chosen.each_ref().map(named) {
        [Some(a), Some(b)] if a != b => Some([a, b]),
        _ => {
            let mut fitted = fitted();
            Some([fitted.next()?, fitted.next()?])
        }
    }
}

fn beside(
    shown: &Shown,
    [first, second]: [usize; 2],
    drawn: &[Option<Replicates>],
) -> Option<AnyView> {
    let series = &shown.outcome.series;
    let (one, two) = (series.get(first)?, series.get(second)?);
    let resamples = |i: usize| drawn.get(i)?.as_ref();
    let pair = Pair {
        a: one.fit.as_ref().ok()?,
        b: two.fit.as_ref().ok()?,
        resamples: resamples(first).zip(resamples(second)),
    };
    let (a, b) = (name(one), name(two));
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
    let asked = targets(&shown.analysis.at, one, two);
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
    let drawn = [(&a, resamples(first)), (&b, resamples(second))];
    let warnings = drawn.into_iter().filter_map(|(name, drawn)| {
        let warning = drawn?.warning()?;
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

fn crossing(c: &SeriesCrossing, names: [&String; 2], end_of_data: f64, unit: &str) -> String {
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
