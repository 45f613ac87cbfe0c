//! The three approaches of Hoffmann et al. to compute-optimal training, side by side.

use super::CurrentAnalysis;
use crate::analysis::compute_optimal::{Parametric, Trained, reasons};
use crate::analysis::surface::{Grid, cost, grid};
use crate::analysis::{Analysis, NO_DELTA_METHOD, Resampling, Series};
use crate::decimal;
use crate::figure::isoflop_scene;
use crate::page::explore::controls::TextField;
use crate::page::explore::series_name as name;
use crate::page::static_chart::StaticChart;
use crate::page::table::{or_dash, table};
use crate::page::work::{Progress, TaskRunner};
use crate::page::{data, list};
use crate::study::Study;
use crate::text::number;
use leptos::prelude::*;
use refit_fit::Task;
use refit_fit::allocation::Quantity;
use refit_fit::bootstrap::{Bootstrap, Replicates};
use refit_fit::isoflop::{Budget, IsoFlop, Optimum};
use refit_fit::law::Surface;
use refit_fit::line::{Estimate, PowerLaw};
use std::sync::Arc;

/// One series by all approaches.
#[derive(Clone, PartialEq)]
struct Approaches {
    series: Series,
    trained: Trained,
    /// The laws of N and D.
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
        let grouped = trained.budgets(named).map_err(|e| e.to_string());
        let (budgets, others) = grouped.clone().unwrap_or_default();
        let isoflop = grouped.and_then(|_| trained.isoflop(&budgets).map_err(|e| e.to_string()));
        let points = grid(series, rows, architectures);
        let cost = cost(series, rows, architectures);
        Approaches {
            series: series.clone(),
            frontier: trained.frontier(),
            trained,
            budgets,
            of_no_budget: others.len(),
            isoflop,
            parametric: Parametric::of(&current.analysis, law, &points, cost),
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

/// Replicates of each series' third approach; empty before a bootstrap has ended.
type Drawn = RwSignal<Vec<Option<Replicates<Surface>>>>;

#[component]
pub fn ComputeOptimal(
    current: Memo<Option<CurrentAnalysis>>,
    law: RwSignal<usize>,
) -> impl IntoView {
    // What the reader typed; until then as the table says.
    let typed = RwSignal::new(None::<Vec<f64>>);
    let of_table = budgets_of_table(current);
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
    let work = TaskRunner::new();
    let drawn: Drawn = RwSignal::new(Vec::new());
    Effect::new(move || {
        all.track();
        work.stop();
        drawn.set(Vec::new());
    });
    let draw = move |_| {
        let resampling = current.with_untracked(|s| s.as_ref().map(|s| s.analysis.resampling));
        if let Some((all, resampling)) = all.get_untracked().zip(resampling) {
            bootstrap(&all, resampling, work, drawn);
        }
    };
    view! {
        <h3>"Three approaches"</h3>
        <p>
            "After Hoffmann et al. (2022): (1) frontier, the runs of the lowest loss at each compute; (2) IsoFLOP profiles, parabolas of the loss over ln N at equal compute; (3) the law over N and D above. Each gives N ∝ Cᵃ and D ∝ Cᵇ."
        </p>
        <div class="choices">
            {budgets_field(named, typed)}
            <button type="button" on:click=draw disabled=move || work.running()>
                "Bootstrap intervals of approach 3"
            </button>
        </div>
        <Progress work what="resamples" />
        {move || {
            let (current, all) = current.get().zip(all.get())?;
            let drawn = drawn.get();
            let each = all.iter().enumerate();
            Some(list(each.map(|(i, one)| {
                exponents(&current.analysis, one, drawn.get(i).and_then(Option::as_ref))
            })))
        }}
        {profiles(current, all)}
        {move || {
            let (current, all) = current.get().zip(all.get())?;
            Some(list(all.iter().map(|one| minima(&current.analysis, one))))
        }}
    }
}

/// The budgets that the table's description names.
fn budgets_of_table(current: Memo<Option<CurrentAnalysis>>) -> Memo<Option<Vec<f64>>> {
    let study = Memo::new(move |_| current.with(|s| s.as_ref().map(|s| s.analysis.study())));
    let description = data::load(move || {
        let study = study.get().unwrap_or(Study::default());
        async move { data::description(study).await }
    });
    Memo::new(move |_| {
        let table = current.with(|s| s.as_ref().map(|s| s.analysis.table))?;
        let description = description.get()?.ok()?;
        let found = description.tables.iter().find(|t| t.id == table.id)?;
        Some(found.budgets.clone())
    })
}

fn bootstrap(all: &[Approaches], resampling: Resampling, work: TaskRunner, drawn: Drawn) {
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
}

/// The chart of one series' profiles; hidden where none has a minimum.
fn profiles(
    current: Memo<Option<CurrentAnalysis>>,
    all: Memo<Option<Arc<Vec<Approaches>>>>,
) -> AnyView {
    let shown = RwSignal::new(0_usize);
    let scene = Memo::new(move |_| {
        let all = all.get()?;
        let one = all.get(shown.get()).or(all.first())?;
        let found = one.isoflop.as_ref().ok()?;
        let loss = current.with(|s| Some(s.as_ref()?.analysis.loss_unit()))?;
        let has_minimum = !found.optima.is_empty();
        has_minimum.then(|| isoflop_scene(&one.trained.runs, &one.budgets, found, loss))
    });
    view! {
        {move || all.get().map(|all| series_choice(&all, shown))}
        <div class="profiles" hidden=move || scene.with(Option::is_none)>
            <StaticChart
                scene
                label="Loss over parameters at equal compute; the minima are in the table below."
            />
            <p class="aside">
                "IsoFLOP profiles. Curves: parabolas over ln N with their compute at the right end, dashed where the minimum lies outside of the runs. Large hollow marks: minima."
            </p>
        </div>
    }
    .into_any()
}

/// Amounts whose interval spans more than this factor are not listed.
const MOST_SPREAD: f64 = 1e6;

/// Runs whose computes are within 5 % of a neighbour's are of one budget.
const AUTO: &str = "auto";

/// Computes of the profiles, as the table names them or as the reader does.
fn budgets_field(named: Memo<Vec<f64>>, typed: RwSignal<Option<Vec<f64>>>) -> AnyView {
    let value = move || {
        let named = named.get();
        match named.is_empty() {
            true => AUTO.to_owned(),
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
        if given == AUTO {
            typed.set(Some(Vec::new()));
            return Ok(());
        }
        let parts = given.split([',', ' ', ';']).filter(|part| !part.is_empty());
        let computes = parts.map(|part| {
            let compute = decimal::parse(part).filter(|c| c.is_finite() && *c > 0.0);
            compute.ok_or_else(|| {
                format!("“{part}” is not a compute. Enter some as in 6e18, 1e19, or “auto”.")
            })
        });
        typed.set(Some(computes.collect::<Result<_, _>>()?));
        Ok(())
    };
    view! {
        <TextField
            label=Signal::stored("Compute budgets of the profiles".to_owned())
            name="Compute budgets"
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

/// Exponents by approach, and N, D and samples for each parameter at the highest compute of the runs.
fn exponents(
    analysis: &Analysis,
    one: &Approaches,
    drawn: Option<&Replicates<Surface>>,
) -> AnyView {
    let highest = one.highest();
    let mut rows = Vec::new();
    let mut notes = Vec::new();
    let mut add = |approach: &str, found: Result<[Estimate; 4], String>| match found {
        Ok(numbers) => {
            let [_, _, n, d] = numbers;
            if !is_determined(n) || !is_determined(d) {
                let why = "these runs do not determine it: an interval of N or D spans more than six powers of ten.";
                return notes.push(format!("{approach}: {why}"));
            }
            let cells = numbers.into_iter().map(with_interval);
            let row = [approach.to_owned()].into_iter().chain(cells);
            rows.push(row.chain([number(d.value / n.value)]).collect());
        }
        Err(why) => notes.push(format!("{approach}: {why}")),
    };
    let by_lines =
        |(n, d): (PowerLaw, PowerLaw)| [n.exponent(), d.exponent(), n.at(highest), d.at(highest)];
    add("1 frontier", one.frontier.clone().map(by_lines));
    let of_profiles = one.isoflop.clone().and_then(|found| {
        let laws = found.parameters.zip(found.samples);
        laws.ok_or("fewer than two minima.".to_owned())
    });
    add("2 IsoFLOP", of_profiles.map(by_lines));
    let drawn = drawn.map(|replicates| (replicates, analysis.resampling));
    let by_law = one.parametric.as_ref().map(|law| {
        [
            Quantity::ParametersExponent,
            Quantity::SamplesExponent,
            Quantity::Parameters(highest),
            Quantity::Samples(highest),
        ]
        .map(|quantity| law.estimate(quantity, drawn))
    });
    add("3 law over N, D", by_law.map_err(Clone::clone));
    match (drawn, &one.parametric) {
        (Some((replicates, _)), _) => notes.extend(replicates.warning()),
        (None, Ok(law)) if !law.fit.delta_method_holds() => {
            notes.push(format!("3 law over N, D: {NO_DELTA_METHOD}"));
        }
        _ => {}
    }
    if one.trained.incomplete > 0 {
        notes.push(format!(
            "{} points do not tell compute, parameters and samples.",
            one.trained.incomplete
        ));
    }
    let at = format!("at {} {}", number(highest), analysis.unit());
    let head = [
        "Approach",
        "a (95 %)",
        "b (95 %)",
        &format!("N {at} (95 %)"),
        &format!("D {at} (95 %)"),
        "D / N",
    ];
    let notes = notes.into_iter().map(|note| view! { <li>{note}</li> });
    view! {
        {table(Some(name(&one.series)), &head, rows)}
        <ul class="aside">{list(notes)}</ul>
    }
    .into_any()
}

/// Whether an amount's interval, if it has one, is of this world.
fn is_determined(e: Estimate) -> bool {
    e.interval
        .is_none_or(|(low, high)| low > 0.0 && high / low < MOST_SPREAD)
}

fn with_interval(e: Estimate) -> String {
    let interval = e
        .interval
        .map(|(low, high)| format!(" ({} to {})", number(low), number(high)));
    number(e.value) + &interval.unwrap_or_default()
}

/// The minima of a series' profiles.
fn minima(analysis: &Analysis, one: &Approaches) -> Option<AnyView> {
    let found = one.isoflop.as_ref().ok()?;
    let (unit, loss) = (analysis.unit(), analysis.loss_unit());
    let (told, untold): (Vec<&Optimum>, Vec<&Optimum>) = found.optima.iter().partition(|o| {
        let is_possible = !loss.is_fraction() || (0.0..=1.0).contains(&o.loss);
        is_possible && is_determined(o.parameters) && is_determined(o.samples)
    });
    let rows = told.into_iter().map(|o| {
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
    if !untold.is_empty() {
        let computes: Vec<String> = untold.iter().map(|o| number(o.compute)).collect();
        notes.push(format!(
            "Not listed, since these runs do not determine the minimum (an interval of more than six powers of ten, or a loss that cannot be): at {}.",
            computes.join(", ")
        ));
    }
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
