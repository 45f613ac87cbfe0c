//! How compute is best split between parameters and samples.

use super::Shown;
use crate::analysis::surface::{Cost, Grid, grid};
use crate::analysis::{Analysis, Series, optimal_samples};
use crate::fit::{Fit, Interval, NO_DELTA_METHOD, symbol};
use crate::law::{Form, Surface};
use crate::page::choice::radios;
use crate::page::explore::series_name as name;
use crate::page::list;
use crate::page::table::{or_dash, table};
use crate::study::select::Axis;
use crate::text::{number, percent};
use leptos::prelude::*;

#[component]
pub fn Allocation(shown: Memo<Option<Shown>>) -> impl IntoView {
    let law = RwSignal::new(0);
    view! {
        <p>
            "Two ways to ask. The comparison study draws a straight line through the samples seen of its Pareto set. A law over parameters N and samples D, both in millions, is fitted to all runs instead, and compute is split where that law is lowest; what a sample costs is a power of N through the family’s models with patches of 32 pixels, the cheapest of each size: a smaller patch costs up to four times as much at the same N."
        </p>
        {radios("Law over parameters and samples", &Surface::ALL.map(Surface::title), law)}
        {move || {
            let shown = shown.get()?;
            if shown.analysis.axis != Axis::Compute {
                return Some(view! { <p>"Choose compute as the axis."</p> }.into_any());
            }
            let law = Surface::ALL[law.get()];
            let series = shown.outcome.series.iter();
            Some(list(series.map(|s| one(&shown, s, law))))
        }}
    }
}

fn one(shown: &Shown, series: &Series, law: Surface) -> impl IntoView + use<> {
    let (rows, architectures) = (&shown.data.rows, &shown.data.architectures);
    let points = grid(series, rows, architectures);
    let content = if points.x.is_empty() {
        view! { <p>"These points do not tell their architecture and samples."</p> }.into_any()
    } else {
        match shown.analysis.fit_surface(law, &points) {
            Err(error) => view! { <p class="error">{error.to_string()}</p> }.into_any(),
            Ok(fit) => {
                let cost = Cost::of(&series.family, architectures);
                surface(shown, series, &points, &fit, cost)
            }
        }
    };
    view! {
        <h3>{name(series)}</h3>
        {content}
    }
}

fn surface(
    shown: &Shown,
    series: &Series,
    points: &Grid,
    fit: &Fit<Surface>,
    cost: Option<Cost>,
) -> AnyView {
    let analysis: &Analysis = &shown.analysis;
    let unit = analysis.unit();
    let errors = fit.usable_errors();
    let parameters = fit
        .law
        .parameters()
        .iter()
        .enumerate()
        .map(|(j, parameter)| {
            vec![
                symbol(parameter).to_owned(),
                number(fit.parameters[j]),
                or_dash(errors[j], number),
            ]
        });
    let line = optimal_samples(series, &shown.data.rows).and_then(Result::ok);
    let (from, to) = shown.outcome.range().unwrap_or((1e8, 1e12));
    let decades = from.log10().ceil() as i32..=to.log10().ceil() as i32;
    let asked = series.predictions.iter().flatten().map(|p| p.x);
    let mut computes: Vec<f64> = decades.map(|d| 10f64.powi(d)).chain(asked).collect();
    computes.sort_by(f64::total_cmp);
    computes.dedup();
    let splits = computes.into_iter().map(|compute| {
        let best = cost
            .as_ref()
            .and_then(|cost| cost.split(fit.law, &fit.parameters, compute));
        let pareto = line
            .as_ref()
            .map(|l| l.fit.predict(compute, Interval::Honest));
        let ends = pareto.and_then(|p| p.low.zip(p.high));
        vec![
            number(compute),
            or_dash(pareto.map(|p| p.error), number),
            or_dash(ends, |(low, high)| {
                format!("{} to {}", number(low), number(high))
            }),
            or_dash(best.map(|b| 1e6 * b.samples), number),
            or_dash(best.map(|b| 1e6 * b.parameters), number),
            or_dash(best.map(|b| b.error), percent),
        ]
    });
    let head = [
        unit,
        "Samples, line through the Pareto set",
        "95 % interval",
        "Samples, best split",
        "Parameters, best split",
        "Error there",
    ];
    view! {
        <p class="formula">
            {fit.law.plain()}
            <span class="aside">
                {format!("{}, all {} runs", fit.loss.objective(), points.x.len())}
            </span>
        </p>
        {table(None, &["Parameter", "Value", "Standard error"], parameters.collect())}
        <p class="aside">
            {format!(
                "{:.2} percentage points root mean square; {}. ",
                100.0 * fit.mse.sqrt(),
                fit.status,
            )}
            {(!fit.delta_method_holds()).then_some(NO_DELTA_METHOD)}
            {cost
                .as_ref()
                .map(|c| {
                    let (at_one, exponent) = c.law();
                    format!(" A sample costs {} N^{exponent:.3} {unit}.", number(at_one))
                })}
        </p>
        {table(None, &head, splits.collect())}
    }
    .into_any()
}
