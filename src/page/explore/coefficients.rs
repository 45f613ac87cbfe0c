//! The fitted law, parameter by parameter.

use super::CurrentAnalysis;
use crate::analysis::{
    Analysis, LossUnit, NO_DELTA_METHOD, Series, VERSION, WEIGHTED, why_not_fitted,
};
use crate::page::list;
use crate::page::messages::{LOADING_MEASUREMENTS, loading};
use crate::study::select::Axis;
use crate::text::number;
use leptos::prelude::*;
use refit_fit::law::Form;
use refit_fit::{Fit, Status};

#[component]
pub fn Coefficients(current: Memo<Option<CurrentAnalysis>>) -> impl IntoView {
    view! {
        <section aria-labelledby="law-title">
            <h2 id="law-title" class="sr-only">
                "Law"
            </h2>
            {move || match current.get() {
                None => loading(LOADING_MEASUREMENTS),
                Some(current) => laws(&current).into_any(),
            }}
        </section>
    }
}

fn laws(current: &CurrentAnalysis) -> impl IntoView + use<> {
    let analysis = &current.analysis;
    let law = analysis.law;
    let of = match analysis.axis {
        Axis::Compute => format!("compute in {}", analysis.unit()),
        Axis::Samples => Axis::Samples.title(analysis.study()).to_ascii_lowercase(),
        Axis::Parameters => "parameters".to_owned(),
    };
    let runs = &analysis.table.head().rows;
    let series = current.outcome.series.iter();
    view! {
        <p class="formula">
            {law.plain()}
            <span class="aside">
                "L: " {analysis.loss_unit().title().to_ascii_lowercase()} ", C: " {of} "; " {analysis.loss.objective()}
            </span>
        </p>
        <div class="laws">
            {list(series
                .map(|series| {
                    view! {
                        <div class="law">
                            <h3>{name(series)}</h3>
                            {printed(analysis, series)}
                            <p class="aside">
                                {format!(
                                    "{} {runs}, {} on the frontier, {} held out",
                                    series.points.len(),
                                    series.frontier.len(),
                                    series.held_out.len(),
                                )}
                            </p>
                            {match &series.fit {
                                Ok(fit) => table(series, fit, analysis.loss_unit()).into_any(),
                                Err(error) => {
                                    view! { <p class="error">{why_not_fitted(error)}</p> }.into_any()
                                }
                            }}
                        </div>
                    }
                }))}
        </div>
    }
}

/// The law that the papers print for a series, and Verify's verdict: from the row of the static page
/// that names the series (tests/native/claims.rs).
fn printed(analysis: &Analysis, series: &Series) -> Option<impl IntoView + use<>> {
    let Analysis {
        dataset, metric, ..
    } = analysis;
    let default = Analysis::of(analysis.table);
    let same = (analysis.law, analysis.axis) == (default.law, default.axis);
    if !same || [series.schedule.as_str()] != default.schedules[..] {
        return None;
    }
    let (family, pretrain) = (&series.family, &series.pretrain);
    let row = format!("[data-law='{dataset} {metric} {family} {pretrain}']");
    // The name of the reader's own family may make the selector invalid.
    let row = document().query_selector(&row).ok()??;
    let verdict = row.last_element_child()?;
    let coefficients = verdict.previous_element_sibling()?.text_content();
    // A verdict is of the analysis that it was given for.
    let decides = |a: &Analysis| (a.frontier, a.bin_range, a.loss, a.threshold);
    let is_published = decides(&default) == decides(analysis) && analysis.excluded.is_empty();
    let verdict = match is_published {
        false => "not compared: points or loss are others".into_any(),
        true => view! {
            <a href=format!("?v={VERSION}&page=verify")>
                <span class=verdict.class_name()>{verdict.text_content()}</span>
            </a>
        }
        .into_any(),
    };
    // The printed laws were fitted to those of the figure, where a table has them.
    let mut tables = analysis.study().tables();
    let points = match tables.any(|t| t.from_figure) && !analysis.table.from_figure {
        true => " on the printed figure’s points",
        false => "",
    };
    Some(view! {
        <p class="printed-law">"Printed: " {coefficients} ": " {verdict} {points} "."</p>
    })
}

/// The name of a series in legends and tables.
pub fn name(series: &Series) -> String {
    series.name()
}

fn table(series: &Series, fit: &Fit, unit: LossUnit) -> impl IntoView + use<> {
    let rows = fit
        .law
        .parameters()
        .iter()
        .zip(&fit.parameters)
        .zip(fit.usable_errors())
        .map(|((parameter, value), error)| {
            view! {
                <tr>
                    <th scope="row">{parameter.symbol}</th>
                    <td data-parameter=parameter.name data-value=value.to_string()>
                        {number(*value)}
                    </td>
                    <td>{error.map_or("–".to_owned(), number)}</td>
                </tr>
            }
        });
    let weighted = series.is_weighted().then_some(WEIGHTED);
    let no_delta = (!fit.delta_method_holds()).then(|| format!("{NO_DELTA_METHOD} "));
    let scatter = fit.scatter().map(|times| {
        format!("The scatter is {times:.1} times what the number of test images explains. ")
    });
    let root = unit.scaled(fit.mse.sqrt());
    let rmse = match unit.of_differences() {
        points @ "percentage points" => format!(", RMSE {root:.2} {points}. "),
        unit => format!(", RMSE {} {unit}. ", number(root)),
    };
    view! {
        <table class="numbers">
            <thead>
                <tr>
                    <th scope="col">"Parameter"</th>
                    <th scope="col">"Value"</th>
                    <th scope="col">"Standard error"</th>
                </tr>
            </thead>
            <tbody>{list(rows)}</tbody>
        </table>
        <p class="aside">
            "MSE " {number(fit.mse)} {rmse}
            {weighted}
            {no_delta}
            {scatter}
            <strong>{status(fit)}</strong>
            "."
        </p>
    }
}

/// How the fit ended: "Optimum at bound (E = 0)".
fn status(fit: &Fit) -> String {
    let Status::AtBound(at_bound) = &fit.status else {
        return format!("Optimum: {}", fit.status);
    };
    let parameters = fit.law.parameters().iter().zip(&fit.parameters);
    let at_bound = parameters.filter(|(parameter, _)| at_bound.contains(parameter));
    let values = at_bound.map(|(p, value)| format!("{} = {}", p.symbol, number(*value)));
    format!(
        "Optimum at bound ({})",
        values.collect::<Vec<_>>().join(", ")
    )
}
