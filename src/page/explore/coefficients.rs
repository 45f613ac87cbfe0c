//! The fitted law, parameter by parameter.

use super::Shown;
use crate::analysis::{Analysis, NO_DELTA_METHOD, Series, VERSION, why_not_fitted};
use crate::page::list;
use crate::study::select::Axis;
use crate::study::{Table, names};
use crate::text::number;
use leptos::prelude::*;
use refit_fit::Fit;
use refit_fit::law::Form;

#[component]
pub fn Coefficients(shown: Memo<Option<Shown>>) -> impl IntoView {
    view! {
        <section aria-labelledby="law-title">
            <h2 id="law-title">"The law"</h2>
            {move || match shown.get() {
                None => view! { <p class="waiting">"Waiting for the measurements…"</p> }.into_any(),
                Some(shown) if shown.outcome.series.is_empty() => {
                    view! {
                        <p class="error">
                            "No measurement fits all these choices; change a family, a pre-training set or the schedule."
                        </p>
                    }
                        .into_any()
                }
                Some(shown) => laws(&shown).into_any(),
            }}
        </section>
    }
}

fn laws(shown: &Shown) -> impl IntoView + use<> {
    let analysis = &shown.analysis;
    let law = analysis.law;
    let of = match analysis.axis {
        Axis::Compute => format!("the compute in {}", analysis.unit()),
        Axis::Samples => "the samples seen".to_owned(),
        Axis::Parameters => "the parameters".to_owned(),
    };
    let plotted = analysis.table == Table::PlottedFrontier;
    let runs = if plotted { "plotted points" } else { "runs" };
    let series = shown.outcome.series.iter();
    view! {
        <p class="formula">
            {law.plain()}
            <span class="aside">
                "L the error, C " {of} "; " {analysis.loss.objective()}
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
                                Ok(fit) => table(fit).into_any(),
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

/// The law that the papers print for a series, and whether it comes back: the row of the static
/// page that names the series, whose verdict is Verify's (tests/claims.rs).
fn printed(analysis: &Analysis, series: &Series) -> Option<impl IntoView + use<>> {
    let Analysis {
        dataset, metric, ..
    } = analysis;
    let usual = Analysis::of(analysis.table);
    let same = (analysis.law, analysis.axis) == (usual.law, usual.axis);
    if !same || [series.schedule.as_str()] != usual.schedules[..] {
        return None;
    }
    let (family, pretrain) = (&series.family, &series.pretrain);
    let row = format!("[data-law='{dataset} {metric} {family} {pretrain}']");
    // A family of the reader's may have a name that is no part of a selector.
    let row = document().query_selector(&row).ok()??;
    let verdict = row.last_element_child()?;
    let coefficients = verdict.previous_element_sibling()?.text_content();
    let points = match analysis.table {
        Table::PlottedFrontier | Table::Zeroshot => "",
        _ => ", from the printed figure’s own points",
    };
    Some(view! {
        <p class="printed-law">
            "Printed: " {coefficients} ": "
            <a href=format!("?v={VERSION}&page=verify")>
                <span class=verdict.class_name()>{verdict.text_content()}</span>
            </a> {points} "."
        </p>
    })
}

/// A series' name in legends and tables.
pub fn name(series: &Series) -> String {
    names::series(&series.family, &series.pretrain, &series.schedule)
}

fn table(fit: &Fit) -> impl IntoView + use<> {
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
    let zone = fit.linear_zone.map(|share| {
        format!(
            "{:.0} % of the points in Huber’s linear zone. ",
            100.0 * share
        )
    });
    let no_delta = (!fit.delta_method_holds()).then(|| format!("{NO_DELTA_METHOD} "));
    let scatter = fit.scatter().map(|times| {
        format!("The points scatter {times:.1} times as much as so many test images explain. ")
    });
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
            "Mean squared error " {number(fit.mse)} ", "
            {format!("{:.2} percentage points root mean square. ", 100.0 * fit.mse.sqrt())}
            {zone}
            {no_delta}
            {scatter}
            "Search: "
            <strong>{fit.status.to_string()}</strong>
            "."
        </p>
    }
}
