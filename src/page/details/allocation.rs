//! How compute is best split between parameters and samples.

use super::Shown;
use super::static_chart::Chart;
use crate::analysis::surface::{Cost, Grid, Optimum, grid, poorly_determined};
use crate::analysis::{
    Analysis, NO_DELTA_METHOD, SamplesLaw, Series, optimal_samples, why_not_fitted,
};
use crate::chart::Scene;
use crate::figure::{Samples, samples_scene};
use crate::page::choice::radios;
use crate::page::explore::series_name as name;
use crate::page::list;
use crate::page::table::{or_dash, table};
use crate::study::select::Axis;
use crate::text::{number, percent};
use leptos::prelude::*;
use refit_fit::law::{Form, Surface};
use refit_fit::{Fit, FitError, Interval};

/// How one series splits its compute, in both ways.
#[derive(Clone, PartialEq)]
struct Allocated {
    series: Series,
    points: Grid,
    fit: Result<Fit<Surface>, FitError>,
    cost: Option<Cost>,
    line: Option<SamplesLaw>,
}

impl Allocated {
    fn of(shown: &Shown, series: &Series, law: Surface) -> Allocated {
        let (rows, architectures) = (&shown.data.rows, &shown.data.architectures);
        let points = grid(series, rows, architectures);
        Allocated {
            series: series.clone(),
            fit: shown.analysis.fit_surface(law, &points),
            points,
            cost: Cost::of(&series.family, architectures),
            line: optimal_samples(series, rows).and_then(Result::ok),
        }
    }

    fn split(&self, compute: f64) -> Option<Optimum> {
        let (fit, cost) = (self.fit.as_ref().ok()?, self.cost.as_ref()?);
        cost.split(fit.law, &fit.parameters, compute)
    }
}

#[component]
pub fn Allocation(shown: Memo<Option<Shown>>) -> impl IntoView {
    let law = RwSignal::new(0);
    let all = Memo::new(move |_| {
        let law = Surface::ALL[law.get()];
        shown.with(|s| {
            let s = s.as_ref().filter(|s| s.analysis.axis == Axis::Compute)?;
            let series = s.outcome.series.iter();
            Some(
                series
                    .map(|one| Allocated::of(s, one, law))
                    .collect::<Vec<_>>(),
            )
        })
    });
    let scene = Memo::new(move |_| {
        let (unit, to) = shown.with(|s| {
            let s = s.as_ref()?;
            Some((s.analysis.unit(), s.outcome.range()?.1))
        })?;
        all.with(|all| Some(scene(all.as_ref()?, unit, 3.0 * to)))
    });
    view! {
        <p>
            "Two ways to ask. The comparison study draws a straight line through the samples seen of its Pareto set. A law over parameters N and samples D, both in millions, is fitted to all runs instead, and compute is split where that law is lowest; what a sample costs is a power of N through the family’s models with patches of 32 pixels, the cheapest of each size: a smaller patch costs up to four times as much at the same N."
        </p>
        {radios("Law over parameters and samples", &Surface::ALL.map(Surface::title), law)}
        <div hidden=move || all.with(Option::is_none)>
            <Chart
                scene
                label="Compute-optimal samples over compute; the numbers are in the tables below."
            />
            <p class="aside">
                "Marks: the Pareto set. Line: through it, with its 95 % band. Dashed: the best split by the law over parameters and samples, fitted to all runs whatever their patch."
            </p>
        </div>
        {move || match (all.get(), shown.get()) {
            (Some(all), Some(shown)) => list(all.iter().map(|one| tables(&shown, one))),
            (None, Some(_)) => view! { <p>"Choose compute as the axis."</p> }.into_any(),
            _ => ().into_any(),
        }}
    }
}

fn scene(all: &[Allocated], unit: &str, to: f64) -> Scene {
    let drawn = all.iter().enumerate().map(|(place, one)| {
        let points = one.line.iter().flat_map(|l| &l.points);
        let from = points.map(|p| p.0).fold(to, f64::min);
        let computes = (0..=40).map(|i| from * (to / from).powf(f64::from(i) / 40.0));
        let best = computes.filter_map(|c| Some((c, 1e6 * one.split(c)?.samples)));
        Samples {
            place,
            family: &one.series.family,
            line: one.line.as_ref(),
            best: best.collect(),
        }
    });
    samples_scene(unit, &drawn.collect::<Vec<_>>())
}

fn tables(shown: &Shown, one: &Allocated) -> impl IntoView + use<> {
    let content = match &one.fit {
        _ if one.points.x.is_empty() => {
            view! { <p>"These points do not tell their architecture and samples."</p> }.into_any()
        }
        Err(error) => view! { <p class="error">{why_not_fitted(error)}</p> }.into_any(),
        Ok(fit) => surface(shown, one, fit),
    };
    view! {
        <h3>{name(&one.series)}</h3>
        {content}
    }
}

fn surface(shown: &Shown, one: &Allocated, fit: &Fit<Surface>) -> AnyView {
    let Allocated {
        series,
        points,
        cost,
        line,
        ..
    } = one;
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
                parameter.symbol.to_owned(),
                number(fit.parameters[j]),
                or_dash(errors[j], number),
            ]
        });
    let (from, to) = shown.outcome.range().unwrap_or((1e8, 1e12));
    let decades = from.log10().ceil() as i32..=to.log10().ceil() as i32;
    let asked = series.predictions.iter().flatten().map(|p| p.x);
    let mut computes: Vec<f64> = decades.map(|d| 10f64.powi(d)).chain(asked).collect();
    computes.sort_by(f64::total_cmp);
    computes.dedup();
    let worse = |compute: &&f64| {
        let best = one.split(**compute).map(|best| best.error);
        let law = series.fit.as_ref().ok();
        let frontier = law.map(|law| law.law.value(&law.parameters, **compute));
        best.zip(frontier)
            .is_some_and(|(best, law)| (law..=1.0).contains(&best))
    };
    let worse: Vec<String> = computes.iter().filter(worse).map(|c| number(*c)).collect();
    let splits = computes.into_iter().map(|compute| {
        let best = one.split(compute);
        let pareto = line
            .as_ref()
            .map(|l| l.fit.predict(compute, Interval::StudentT));
        let ends = pareto.and_then(|p| p.low.zip(p.high));
        vec![
            number(compute),
            or_dash(pareto.map(|p| p.error), number),
            or_dash(ends, |(low, high)| {
                format!("{} to {}", number(low), number(high))
            }),
            or_dash(best.map(|b| 1e6 * b.samples), number),
            or_dash(best.map(|b| 1e6 * b.parameters), number),
            or_dash(best, |b| {
                let (error, ends) = fit.error_at([b.parameters, b.samples], Interval::StudentT);
                let ends = ends.map_or(String::new(), |(low, high)| {
                    format!(" ({} to {})", percent(low), percent(high))
                });
                match error > 1.0 {
                    true => "none below 100 %".to_owned(),
                    false => percent(error) + &ends,
                }
            }),
            or_dash(series.fit.as_ref().ok(), |law| {
                percent(law.law.value(&law.parameters, compute))
            }),
        ]
    });

    let head = [
        unit,
        "Samples, line through the Pareto set",
        "95 % interval",
        "Samples, best split",
        "Parameters, best split",
        "Error there (95 % interval)",
        "Error, law of the frontier",
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
        {poorly_determined(fit).map(|text| view! { <p class="warning">{text}</p> })}
        {table(None, &head, splits.collect())}
        {(!worse.is_empty())
            .then(|| {
                view! {
                    <p>
                        {format!(
                            "At {} {unit} the best split comes out no better than the law of the frontier, the last column: the law over parameters and samples is fitted to all runs, most of which lie above the frontier, and not to the best of them.",
                            worse.join(", "),
                        )}
                    </p>
                }
            })}
    }
    .into_any()
}
