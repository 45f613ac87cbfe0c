//! Compares the laws of two series: crossings, which is lower where, and compute for the same error.

use super::{CurrentAnalysis, Resamples, fitted_names};
use crate::analysis::Series;
use crate::analysis::comparison::{Pair, SeriesCrossing, targets};
use crate::page::explore::series_name as name;
use crate::page::list;
use crate::page::table::{or_dash, table};
use crate::page::work::Progress;
use crate::text::number;
use leptos::prelude::*;
use refit_fit::bootstrap::Replicates;
use refit_fit::compare::Needed;
use refit_fit::order;

/// How many times beyond the data crossings are searched.
const BEYOND: f64 = 30.0;

#[component]
pub fn CompareLaws(current: Memo<Option<CurrentAnalysis>>, resamples: Resamples) -> impl IntoView {
    let draw = move |_| {
        if let Some(current) = current.get_untracked() {
            resamples.start(&current);
        }
    };
    // By name, so that the choice survives changes of the other series.
    let chosen = RwSignal::new([String::new(), String::new()]);
    let two = Memo::new(move |_| {
        current.with(|s| {
            let series = &s.as_ref()?.outcome.series;
            chosen.with(|chosen| compared(series, chosen))
        })
    });
    let names = fitted_names(current);
    // Choosing the other's series swaps the two.
    let choose = move |place: usize, series: String| {
        current.with_untracked(|s| {
            let (Some(s), Some(indices)) = (s.as_ref(), two.get_untracked()) else {
                return;
            };
            let mut pair = indices.map(|i| name(&s.outcome.series[i]));
            if pair[1 - place] == series {
                pair.swap(0, 1);
            }
            pair[place] = series;
            chosen.set(pair);
        });
    };
    let choice = move |label: &'static str, place: usize| {
        let options = move || {
            let index = two.get().map(|pair| pair[place]);
            let chosen = current.with(|s| Some(name(&s.as_ref()?.outcome.series[index?])));
            list(names.get().into_iter().map(|text| {
                let selected = chosen.as_ref() == Some(&text);
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
                view! { <p>"A comparison needs two fitted series. Choose two families or pre-training sets."</p> }
            }
        >
            <div class="choices" hidden=move || names.with(|n| n.len() < 3)>
                {choice("First series", 0)} {choice("Second series", 1)}
            </div>
            <p>
                <button type="button" on:click=draw disabled=move || resamples.work.running()>
                    "Bootstrap both"
                </button>
                " for an interval of the crossing and the probability that one law is lower. Its settings are under “Parameter uncertainty”."
            </p>
            <Progress work=resamples.work what="resamples" />
            {move || {
                let two = two.get()?;
                current.with(|s| resamples.replicates.with(|r| comparison(s.as_ref()?, two, r)))
            }}
        </Show>
    }
}

/// Indices of the two series to compare: those chosen by name, or the first two that have a law.
fn compared(series: &[Series], chosen: &[String; 2]) -> Option<[usize; 2]> {
    let fitted = || (0..series.len()).filter(|i| series[*i].fit.is_ok());
    let named = |chosen: &String| fitted().find(|i| name(&series[*i]) == *chosen);
    match chosen.each_ref().map(named) {
        [Some(a), Some(b)] if a != b => Some([a, b]),
        _ => {
            let mut fitted = fitted();
            Some([fitted.next()?, fitted.next()?])
        }
    }
}

fn comparison(
    current: &CurrentAnalysis,
    [first, second]: [usize; 2],
    drawn: &[Option<Replicates>],
) -> Option<AnyView> {
    let series = &current.outcome.series;
    let (one, two) = (series.get(first)?, series.get(second)?);
    let resamples = |i: usize| drawn.get(i)?.as_ref();
    let pair = Pair {
        a: one.fit.as_ref().ok()?,
        b: two.fit.as_ref().ok()?,
        resamples: resamples(first).zip(resamples(second)),
    };
    let (a, b) = (name(one), name(two));
    let unit = current.analysis.unit();
    let (from, to) = current.outcome.range()?;
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
    let targets = targets(&current.analysis.at, one, two);
    let decades = decades.map(|d| (10f64.powi(d), String::new()));
    let mut places: Vec<(f64, String)> = decades.chain(targets.into_iter().flatten()).collect();
    order::sort_by(&mut places, |a, b| a.0.total_cmp(&b.0));
    places.dedup();
    let loss = current.analysis.loss_unit();
    let rows = places.into_iter().map(|(x, of)| {
        let of = if of.is_empty() {
            of
        } else {
            format!(" ({of})")
        };
        vec![
            format!("{}{of}", number(x)),
            loss.text(pair.a.law.value(&pair.a.parameters, x)),
            loss.text(pair.b.law.value(&pair.b.parameters, x)),
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
        "Probability that the second is lower",
        "Compute the second needs for the first’s error",
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
                ", 95 % of them between {} and {}",
                number(low),
                number(high)
            )
        });
        format!(
            " They cross in {:.1} % of the resamples{interval}.",
            100.0 * r.share
        )
    });
    format!(
        "They cross at {} {unit}{place}; from there {lower} has the lower error.{resampled}",
        number(c.x)
    )
}
