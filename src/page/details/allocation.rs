//! Compute-optimal allocation between parameters and samples.

use super::CurrentAnalysis;
use super::compute_optimal::ComputeOptimal;
use crate::analysis::surface::{Grid, cost, grid, optimum, poorly_determined};
use crate::analysis::{
    LossUnit, NO_DELTA_METHOD, SamplesLaw, Series, optimal_samples, why_not_fitted,
};
use crate::chart::Scene;
use crate::figure::{Samples, samples_scene};
use crate::page::choice::radios;
use crate::page::explore::series_name as name;
use crate::page::list;
use crate::page::static_chart::StaticChart;
use crate::page::table::{or_dash, table};
use crate::study::Study;
use crate::study::select::Axis;
use crate::text::number;
use leptos::prelude::*;
use refit_fit::allocation::{Allocation as Law, Cost, Optimum};
use refit_fit::law::{Form, Surface};
use refit_fit::{Fit, FitError, Interval};

/// The allocation of one series by both methods.
#[derive(Clone, PartialEq)]
struct SeriesAllocation {
    series: Series,
    points: Grid,
    fit: Result<Fit<Surface>, FitError>,
    cost: Option<Cost>,
    line: Option<SamplesLaw>,
}

impl SeriesAllocation {
    fn of(current: &CurrentAnalysis, series: &Series, law: Surface) -> SeriesAllocation {
        let (rows, architectures) = (&current.data.rows, &current.data.architectures);
        let points = grid(series, rows, architectures);
        SeriesAllocation {
            series: series.clone(),
            fit: current.analysis.fit_surface(law, &points),
            points,
            cost: cost(series, rows, architectures),
            line: optimal_samples(series, rows).and_then(Result::ok),
        }
    }

    fn split(&self, compute: f64) -> Option<Optimum> {
        let law = Law::of(self.fit.as_ref().ok()?, self.cost?).ok()?;
        optimum(&law, compute)
    }

    /// The error that the law of the frontier predicts.
    fn frontier_error(&self, compute: f64) -> Option<f64> {
        let fit = self.series.fit.as_ref().ok()?;
        Some(fit.law.value(&fit.parameters, compute))
    }

    fn is_worse_than_frontier(&self, compute: f64) -> bool {
        let best = self.split(compute).map(|best| best.loss);
        best.zip(self.frontier_error(compute))
            .is_some_and(|(best, frontier)| (frontier..=1.0).contains(&best))
    }
}

#[component]
pub fn Allocation(current: Memo<Option<CurrentAnalysis>>) -> impl IntoView {
    let law = RwSignal::new(0);
    let all = Memo::new(move |_| {
        let law = Surface::ALL[law.get()];
        current.with(|s| {
            let s = s.as_ref().filter(|s| s.analysis.axis == Axis::Compute)?;
            let series = s.outcome.series.iter();
            Some(
                series
                    .map(|one| SeriesAllocation::of(s, one, law))
                    .collect::<Vec<_>>(),
            )
        })
    });
    let scene = Memo::new(move |_| {
        let (study, to) = current.with(|s| {
            let s = s.as_ref()?;
            Some((s.analysis.study(), s.outcome.range()?.1))
        })?;
        all.with(|all| Some(scene(study, all.as_ref()?, 3.0 * to)))
    });
    view! {
        <p>
            "Two methods. One draws a straight line through the samples of the Pareto set, in log–log. The other fits a law over parameters N and samples D to all runs and allocates compute where that law is lowest. There a sample costs a power of N, fitted to the family’s models with patches of 32 pixels, the cheapest of each size (smaller patches cost up to four times as much at the same N), or, where there are none, to the runs’ own compute, parameters and samples."
        </p>
        {radios("Law over parameters and samples", &Surface::ALL.map(Surface::title), law)}
        <div hidden=move || all.with(Option::is_none)>
            <StaticChart
                scene
                label="Compute-optimal samples against compute; the numbers are in the tables below."
            />
            <p class="aside">
                "Marks: Pareto set. Line: its fit, with 95 % band. Dashed: optimum of the law over parameters and samples, fitted to all runs of any patch size."
            </p>
        </div>
        {move || match (all.get(), current.get()) {
            (Some(all), Some(current)) => list(all.iter().map(|one| tables(&current, one))),
            (None, Some(_)) => view! { <p>"This analysis needs compute on the x axis."</p> }.into_any(),
            _ => ().into_any(),
        }}
        <ComputeOptimal current law />
    }
}

fn scene(study: Study, all: &[SeriesAllocation], to: f64) -> Scene {
    let drawn = all.iter().enumerate().map(|(place, one)| {
        let points = one.line.iter().flat_map(|l| &l.points);
        let from = points.map(|p| p.0).fold(to, f64::min);
        let computes = (0..=40).map(|i| from * (to / from).powf(f64::from(i) / 40.0));
        let best = computes.filter_map(|c| Some((c, one.split(c)?.samples)));
        Samples {
            place,
            family: &one.series.family,
            line: one.line.as_ref(),
            best: best.collect(),
        }
    });
    samples_scene(study, &drawn.collect::<Vec<_>>())
}

fn tables(current: &CurrentAnalysis, one: &SeriesAllocation) -> impl IntoView + use<> {
    let content = match &one.fit {
        _ if one.points.x.is_empty() => {
            view! { <p>"These points have no architecture and samples."</p> }.into_any()
        }
        Err(error) => view! { <p class="error">{why_not_fitted(error)}</p> }.into_any(),
        Ok(fit) => surface(current, one, fit),
    };
    view! {
        <h3>{name(&one.series)}</h3>
        {content}
    }
}

fn surface(current: &CurrentAnalysis, one: &SeriesAllocation, fit: &Fit<Surface>) -> AnyView {
    let (unit, loss) = (current.analysis.unit(), current.analysis.loss_unit());
    let root = loss.scaled(fit.mse.sqrt());
    let rmse = format!("RMSE {root:.2} {}; {}. ", loss.of_differences(), fit.status);
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
    let cost = one.cost.map(|Cost { k, exponent }| {
        format!(" A sample costs {} N^{exponent:.3} {unit}.", number(k))
    });
    let computes = computes(current, &one.series);
    let worse: Vec<String> = computes
        .iter()
        .filter(|compute| one.is_worse_than_frontier(**compute))
        .map(|compute| number(*compute))
        .collect();
    let worse = (!worse.is_empty()).then(|| {
        format!(
            "At {} {unit} the optimum is no better than the frontier law (last column): the law over parameters and samples is fitted to all runs, most of which lie above the frontier.",
            worse.join(", "),
        )
    });
    let head = [
        unit,
        "Samples (Pareto line)",
        "95 % interval",
        "Samples (optimum)",
        "Parameters (optimum)",
        "Samples per parameter (optimum)",
        "Error at optimum (95 % interval)",
        "Error (frontier law)",
    ];
    let rows = computes
        .into_iter()
        .map(|compute| row(one, fit, compute, loss));
    view! {
        <p class="formula">
            {fit.law.plain()}
            <span class="aside">
                {format!("{}, all {} runs", fit.loss.objective(), one.points.x.len())}
            </span>
        </p>
        {table(None, &["Parameter", "Value", "Standard error"], parameters.collect())}
        <p class="aside">
            {rmse}
            {(!fit.delta_method_holds()).then_some(NO_DELTA_METHOD)}
            {cost}
        </p>
        {poorly_determined(fit).map(|text| view! { <p class="warning">{text}</p> })}
        {table(None, &head, rows.collect())}
        {worse.map(|text| view! { <p>{text}</p> })}
    }
    .into_any()
}

/// Powers of ten over the range of the points, and the targets of the predictions.
fn computes(current: &CurrentAnalysis, series: &Series) -> Vec<f64> {
    let (from, to) = current.outcome.range().unwrap_or((1e8, 1e12));
    let decades = from.log10().ceil() as i32..=to.log10().ceil() as i32;
    let targets = series.predictions.iter().flatten().map(|p| p.x);
    let mut computes: Vec<f64> = decades.map(|d| 10f64.powi(d)).chain(targets).collect();
    computes.sort_by(f64::total_cmp);
    computes.dedup();
    computes
}

/// Both allocations of a compute.
fn row(one: &SeriesAllocation, fit: &Fit<Surface>, compute: f64, loss: LossUnit) -> Vec<String> {
    let best = one.split(compute);
    let pareto = one
        .line
        .as_ref()
        .map(|line| line.fit.predict(compute, Interval::StudentT));
    let interval = pareto.and_then(|p| p.low.zip(p.high));
    let error_at = |best: Optimum| {
        let place = [best.parameters, best.samples];
        let (error, interval) = fit.error_at(place, Interval::StudentT);
        let interval = interval.map_or(String::new(), |(low, high)| {
            format!(" ({} to {})", loss.text(low), loss.text(high))
        });
        match error > 1.0 && loss.is_fraction() {
            true => "none below 100 %".to_owned(),
            false => loss.text(error) + &interval,
        }
    };
    vec![
        number(compute),
        or_dash(pareto.map(|p| p.error), number),
        or_dash(interval, |(low, high)| {
            format!("{} to {}", number(low), number(high))
        }),
        or_dash(best.map(|b| b.samples), number),
        or_dash(best.map(|b| b.parameters), number),
        or_dash(best.map(|b| b.samples_per_parameter()), number),
        or_dash(best, error_at),
        or_dash(one.frontier_error(compute), |error| loss.text(error)),
    ]
}
