//! The three approaches of Hoffmann et al. to compute-optimal training, side by side.

use super::CurrentAnalysis;
use super::static_chart::StaticChart;
use crate::analysis::compute_optimal::{Parametric, Trained, reasons};
use crate::analysis::surface::{Grid, cost, grid};
use crate::analysis::{NO_DELTA_METHOD, Series};
use crate::decimal;
use crate::figure::isoflop_scene;
use crate::page::explore::controls::TextField;
use crate::page::explore::series_name as name;
use crate::page::table::{or_dash, table};
use crate::page::work::{Progress, TaskRunner};
use crate::page::{data, list};
use crate::study::Study;
use crate::text::number;
use leptos::prelude::*;
use refit_fit::Task;
use refit_fit::allocation::{Cost, Quantity};
use refit_fit::bootstrap::{Bootstrap, Replicates};
use refit_fit::isoflop::{Budget, IsoFlop};
use refit_fit::law::Surface;
use refit_fit::line::{Estimate, PowerLaw};
use std::sync::Arc;

/// One series by all approaches.
#[derive(Clone, PartialEq)]
struct Approaches {
    series: Series,
    trained: Trained,
    /// Exponents of N and D, and both laws where they are lines.
    frontier: Result<(PowerLaw, PowerLaw), String>,
    budgets: Vec<Budget>,
    of_no_budget: usize,
    isoflop: Result<IsoFlop, String>,
    parametric: Result<Parametric, String>,
    points: Grid,
}

impl Approaches {
    fn of(current: &CurrentAnalysis, series: &Series, law: Surface, named: &[f64]) -> Approaches {
        let (rows, architectures) = (&current.data.rows, &current.data.architectures);
        let trained = Trained::of(series, rows, architectures);
        let frontier = trained.envelope().map_err(|e| e.to_string());
        let frontier = frontier.and_then(|found| {
            let laws = found.parameters.zip(found.samples);
            laws.ok_or("The frontier has fewer than two computes.".to_owned())
        });
        let grouped = trained.budgets(named).map_err(|e| e.to_string());
        let (budgets, others) = grouped.clone().unwrap_or_default();
        let isoflop = grouped.and_then(|_| trained.isoflop(&budgets).map_err(|e| e.to_string()));
        let points = grid(series, rows, architectures);
        let parametric = current.analysis.fit_surface(law, &points);
        let parametric = parametric
            .map_err(|error| crate::analysis::why_not_fitted(&error))
            .and_then(|fit| {
                let cost: Cost = cost(series, rows, architectures)
                    .ok_or("Nothing tells what a sample costs at two model sizes.")?;
                Parametric::new(fit, cost).map_err(|error| error.to_string())
            });
        Approaches {
            series: series.clone(),
            trained,
            frontier,
            budgets,
            of_no_budget: others.len(),
            isoflop,
            parametric,
            points,
        }
    }

    /// The highest compute of its runs.
    fn highest(&self) -> f64 {
        self.trained
            .runs
            .iter()
            .map(|r| r.compute)
            .fold(0.0, f64::max)
    }
}

#[component]
pub fn ComputeOptimal(
    current: Memo<Option<CurrentAnalysis>>,
    law: RwSignal<usize>,
) -> impl IntoView {
    let study = Memo::new(move |_| current.with(|s| s.as_ref().map(|s| s.analysis.study())));
    let description = data::load(move || {
        let study = study.get().unwrap_or(Study::default());
        async move { data::description(study).await }
    });
    // What the reader typed; empty: as the table says.
    let typed = RwSignal::new(None::<Vec<f64>>);
    let of_table = Memo::new(move |_| {
        let table = current.with(|s| s.as_ref().map(|s| s.analysis.table))?;
        let description = description.get()?.ok()?;
        let found = description.tables.iter().find(|t| t.id == table.id)?;
        Some(found.budgets.clone())
    });
    let named = Memo::new(move |_| typed.get().or(of_table.get()).unwrap_or_default());
    let all = Memo::new(move |_| {
        let law = Surface::ALL[law.get()];
        current.with(|s| {
            let s = s.as_ref()?;
            let series = s.outcome.series.iter();
            let of = |one| Approaches::of(s, one, law, &named.get());
            Some(Arc::new(series.map(of).collect::<Vec<_>>()))
        })
    });
    let shown = RwSignal::new(0_usize);
    let scene = Memo::new(move |_| {
        let all = all.get()?;
        let one = all.get(shown.get()).or(all.first())?;
        let found = one.isoflop.as_ref().ok()?;
        let loss = current.with(|s| Some(s.as_ref()?.analysis.loss_unit()))?;
        let has_minimum = !found.optima.is_empty();
        has_minimum.then(|| isoflop_scene(&one.trained.runs, &one.budgets, found, loss))
    });
    let work = TaskRunner::new();
    let drawn = RwSignal::new(Vec::<Option<Replicates<Surface>>>::new());
    Effect::new(move || {
        all.track();
        work.stop();
        drawn.set(Vec::new());
    });
    let draw = move |_| {
        let Some(all) = all.get_untracked() else {
            return;
        };
        let resampling = current.with_untracked(|s| s.as_ref().map(|s| s.analysis.resampling));
        let Some(resampling) = resampling else {
            return;
        };
        let each = all.iter().map(|one| {
            let law = one.parametric.as_ref().ok()?;
            Some(law.bootstrap(&one.points, resampling))
        });
        let each: Vec<Option<Bootstrap<Surface>>> = each.collect();
        let fitted: Vec<bool> = each.iter().map(Option::is_some).collect();
        let task: Vec<Bootstrap<Surface>> = each.into_iter().flatten().collect();
        work.start("refit:bootstrap", task, move |task| {
            let (done, all) = task.progress();
            if done >= all {
                let mut found = task.iter().map(|b| b.replicates().clone());
                let each = fitted.iter().map(|f| if *f { found.next() } else { None });
                drawn.set(each.collect());
            }
        });
    };
    view! {
        <h3>"Three approaches"</h3>
        <p>
            "After Hoffmann et al. (2022): (1) the runs of the lowest loss at each compute, (2) parabolas of the loss over ln N at equal compute (IsoFLOP profiles), (3) the law over N and D above. Each gives N ∝ C^a and D ∝ C^b."
        </p>
        <div class="choices">
            {budgets_field(named, typed)}
            <button type="button" on:click=draw disabled=move || work.running()>
                "Bootstrap intervals of approach 3"
            </button>
        </div>
        <Progress work what="resamples" />
        {move || all.get().map(|all| exponents(current, &all, &drawn.get()))}
        <div hidden=move || scene.with(Option::is_none)>
            {move || all.get().map(|all| series_choice(&all, shown))}
            <StaticChart
                scene
                label="Loss over parameters at equal compute; the minima are in the table below."
            />
            <p class="aside">
                "IsoFLOP profiles. Curves: parabolas over ln N, dashed where the minimum lies outside of the runs. Large hollow marks: their minima, beside their compute."
            </p>
        </div>
        {move || all.get().map(|all| list(all.iter().map(|one| minima(current, one))))}
    }
}

/// Computes of the profiles, as the table names them or as the reader does.
fn budgets_field(named: Memo<Vec<f64>>, typed: RwSignal<Option<Vec<f64>>>) -> AnyView {
    let value = move || {
        let named = named.get();
        match named.is_empty() {
            true => "grouped".to_owned(),
            false => named
                .iter()
                .map(|c| format!("{c:e}"))
                .collect::<Vec<_>>()
                .join(", "),
        }
    };
    let apply = move |given: &str| {
        if given.is_empty() {
            typed.set(None);
            return Ok(());
        }
        if given == "grouped" {
            typed.set(Some(Vec::new()));
            return Ok(());
        }
        let parts = given.split([',', ' ', ';']).filter(|part| !part.is_empty());
        let computes = parts.map(|part| {
            let compute = decimal::parse(part).filter(|c| c.is_finite() && *c > 0.0);
            compute.ok_or_else(|| {
                format!("“{part}” is not a compute. Enter some as in 6e18, 1e19, or “grouped”.")
            })
        });
        typed.set(Some(computes.collect::<Result<_, _>>()?));
        Ok(())
    };
    view! {
        <TextField
            label=Signal::stored("Computes of the profiles".to_owned())
            name="Computes of the profiles"
            value=Signal::derive(value)
            apply
        />
    }
    .into_any()
}

/// Which series the chart shows, where there are several.
fn series_choice(all: &[Approaches], shown: RwSignal<usize>) -> Option<AnyView> {
    let options = all.iter().enumerate().map(|(i, one)| {
        view! {
            <option value=i.to_string() prop:selected=move || shown.get() == i>
                {name(&one.series)}
            </option>
        }
    });
    (all.len() > 1).then(|| {
        view! {
            <label class="choice">
                <span>"Series"</span>
                <select
                    name="Series of the profiles"
                    on:change:target=move |event| {
                        shown.set(event.target().value().parse().unwrap_or_default());
                    }
                >
                    {list(options)}
                </select>
            </label>
        }
        .into_any()
    })
}

/// Exponents, and samples for each parameter at the highest compute of the runs, by approach.
fn exponents(
    current: Memo<Option<CurrentAnalysis>>,
    all: &[Approaches],
    drawn: &[Option<Replicates<Surface>>],
) -> AnyView {
    let Some((unit, resampling, noun)) = current.with(|s| {
        let a = &s.as_ref()?.analysis;
        Some((a.unit(), a.resampling, a.study().samples_noun.clone()))
    }) else {
        return ().into_any();
    };
    let mut rows = Vec::new();
    let mut notes = Vec::new();
    for (i, one) in all.iter().enumerate() {
        let series = name(&one.series);
        if one.trained.incomplete > 0 {
            notes.push(format!(
                "{series}: {} points do not tell compute, parameters and samples.",
                one.trained.incomplete
            ));
        }
        let highest = one.highest();
        let mut add = |approach: &str, a: Estimate, b: Estimate, n: Estimate, d: Estimate| {
            rows.push(vec![
                series.clone(),
                approach.to_owned(),
                with_interval(a),
                with_interval(b),
                with_interval(n),
                with_interval(d),
                number(d.value / n.value),
            ]);
        };
        let by_lines = |(n, d): &(PowerLaw, PowerLaw)| {
            (n.exponent(), d.exponent(), n.at(highest), d.at(highest))
        };
        match &one.frontier {
            Ok(laws) => {
                let (a, b, n, d) = by_lines(laws);
                add("1 frontier", a, b, n, d);
            }
            Err(why) => notes.push(format!("{series}, approach 1: {why}")),
        }
        match one.isoflop.as_ref().map(|f| f.parameters.zip(f.samples)) {
            Ok(Some(laws)) => {
                let (a, b, n, d) = by_lines(&laws);
                add("2 IsoFLOP", a, b, n, d);
            }
            Ok(None) => notes.push(format!("{series}, approach 2: fewer than two minima.")),
            Err(why) => notes.push(format!("{series}, approach 2: {why}")),
        }
        match &one.parametric {
            Ok(law) => {
                let replicates = drawn.get(i).and_then(Option::as_ref);
                let of = |q| law.estimate(q, replicates.map(|r| (r, resampling)));
                add(
                    "3 law over N, D",
                    of(Quantity::ParametersExponent),
                    of(Quantity::SamplesExponent),
                    of(Quantity::Parameters(highest)),
                    of(Quantity::Samples(highest)),
                );
                if replicates.is_none() && !law.fit.delta_method_holds() {
                    notes.push(format!("{series}, approach 3: {NO_DELTA_METHOD}"));
                }
                notes.extend(replicates.and_then(Replicates::warning));
            }
            Err(why) => notes.push(format!("{series}, approach 3: {why}")),
        }
    }
    let highest = all.iter().map(Approaches::highest).fold(0.0, f64::max);
    let head = [
        "Series",
        "Approach",
        "a (95 %)",
        "b (95 %)",
        &format!(
            "N at the series’ highest compute, up to {} {unit}",
            number(highest)
        ),
        "D there",
        &format!("{noun} per parameter"),
    ];
    let notes = notes.into_iter().map(|note| view! { <li>{note}</li> });
    view! {
        {table(None, &head, rows)}
        <ul class="aside">{list(notes)}</ul>
    }
    .into_any()
}

fn with_interval(e: Estimate) -> String {
    let interval = e
        .interval
        .map(|(low, high)| format!(" ({} to {})", number(low), number(high)));
    number(e.value) + &interval.unwrap_or_default()
}

/// The minima of a series' profiles.
fn minima(current: Memo<Option<CurrentAnalysis>>, one: &Approaches) -> Option<AnyView> {
    let found = one.isoflop.as_ref().ok()?;
    let (unit, loss) = current.with(|s| {
        let a = &s.as_ref()?.analysis;
        Some((a.unit(), a.loss_unit()))
    })?;
    let rows = found.optima.iter().map(|o| {
        vec![
            number(o.compute),
            o.runs.to_string(),
            with_interval(o.parameters),
            with_interval(o.samples),
            loss.text(o.loss),
            match o.extrapolated {
                true => "outside of its runs".to_owned(),
                false => or_dash(Some(o.samples.value / o.parameters.value), number),
            },
        ]
    });
    let head = [
        unit,
        "Runs",
        "N at the minimum (95 %)",
        "D at the minimum (95 %)",
        loss.title(),
        "D / N",
    ];
    let mut notes = reasons(found);
    if one.of_no_budget > 0 {
        notes.push(format!("{} runs are near no budget.", one.of_no_budget));
    }
    let caption = format!("IsoFLOP minima, {}", name(&one.series));
    let rows: Vec<Vec<String>> = rows.collect();
    Some(
        view! {
            {(!rows.is_empty()).then(|| table(Some(caption), &head, rows))}
            <p class="aside">{notes.join(" ")}</p>
        }
        .into_any(),
    )
}
