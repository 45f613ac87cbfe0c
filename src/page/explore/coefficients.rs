//! The fitted law, parameter by parameter.

use super::CurrentAnalysis;
use crate::analysis::{
    Analysis, LossUnit, NO_DELTA_METHOD, Series, VERSION, WEIGHTED, why_not_fitted,
};
use crate::decimal;
use crate::page::messages::{LOADING_MEASUREMENTS, loading};
use crate::study::select::Axis;
use crate::text::{escape, number};
use leptos::prelude::*;
use refit_fit::law::Form;
use refit_fit::{Fit, Status};
use web_sys::Element;

/// The laws as HTML, which costs less of the first view than elements do.
#[component]
pub fn Coefficients(current: Memo<Option<CurrentAnalysis>>) -> impl IntoView {
    view! {
        <section aria-labelledby="law-title">
            <h2 id="law-title" class="sr-only">
                "Law"
            </h2>
            {move || match current.get() {
                None => loading(LOADING_MEASUREMENTS),
                Some(current) => view! { <div inner_html=laws(&current)></div> }.into_any(),
            }}
        </section>
    }
}

fn laws(current: &CurrentAnalysis) -> String {
    let analysis = &current.analysis;
    let of = match analysis.axis {
        Axis::Compute => format!("compute in {}", analysis.unit()),
        Axis::Samples => Axis::Samples.title(analysis.study()).to_ascii_lowercase(),
        Axis::Parameters => "parameters".to_owned(),
    };
    let unit = analysis.loss_unit();
    let law = |series: &Series| {
        format!(
            "<div class=\"law\"><h3>{}</h3>{}<p class=\"aside\">{} {}, {} on the frontier, {} held out</p>{}</div>",
            escape(&name(series)),
            printed(analysis, series).unwrap_or_default(),
            series.points.len(),
            escape(&analysis.table.head().rows),
            series.frontier.len(),
            series.held_out.len(),
            match &series.fit {
                Ok(fit) => table(series, fit, unit),
                Err(error) => format!("<p class=\"error\">{}</p>", escape(&why_not_fitted(error))),
            }
        )
    };
    let laws: String = current.outcome.series.iter().map(law).collect();
    format!(
        "<p class=\"formula\">{}<span class=\"aside\">L: {}, C: {}; {}</span></p><div class=\"laws\">{laws}</div>",
        analysis.law.plain(),
        escape(&unit.title().to_ascii_lowercase()),
        escape(&of),
        analysis.loss.objective()
    )
}

/// The row of the static page with the law that the papers print for a series, fitted as here
/// (tests/native/claims.rs).
fn printed_row(analysis: &Analysis, series: &Series) -> Option<Element> {
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
    document().query_selector(&row).ok()?
}

/// Whether the points and the loss are those that the printed laws were fitted with: a verdict is of the
/// analysis that it was given for.
fn is_published(analysis: &Analysis) -> bool {
    let decides = |a: &Analysis| (a.frontier, a.bin_range, a.loss, a.threshold);
    decides(&Analysis::of(analysis.table)) == decides(analysis) && analysis.excluded.is_empty()
}

/// The parameters of the law that the papers print for a series, where Verify finds that it differs.
pub fn differing_law(analysis: &Analysis, series: &Series) -> Option<Vec<f64>> {
    let row = printed_row(analysis, series).filter(|_| is_published(analysis))?;
    let values = row.get_attribute("data-differs")?;
    values.split(' ').map(decimal::parse).collect()
}

/// The law that the papers print for a series, and Verify's verdict.
fn printed(analysis: &Analysis, series: &Series) -> Option<String> {
    let verdict = printed_row(analysis, series)?.last_element_child()?;
    let coefficients = verdict.previous_element_sibling()?.text_content()?;
    if !is_published(analysis) {
        return Some(format!(
            "<p class=\"printed-law\">Printed: {coefficients}; not compared, since points or loss are others.</p>"
        ));
    }
    let verdict = format!(
        "<a href=\"?v={VERSION}&amp;page=verify\"><span class=\"{}\">{}</span></a>",
        verdict.class_name(),
        verdict.text_content()?
    );
    // The printed laws were fitted to those of the figure, where a table has them.
    let mut tables = analysis.study().tables();
    let points = match tables.any(|t| t.from_figure) && !analysis.table.from_figure {
        true => " on the printed figure’s points",
        false => "",
    };
    Some(format!(
        "<p class=\"printed-law\">Printed: {coefficients}: {verdict}{points}.</p>"
    ))
}

/// The name of a series in legends and tables.
pub fn name(series: &Series) -> String {
    series.name()
}

/// As HTML, which costs less of the first view than elements do.
fn table(series: &Series, fit: &Fit, unit: LossUnit) -> String {
    let rows = fit
        .law
        .parameters()
        .iter()
        .zip(&fit.parameters)
        .zip(fit.usable_errors())
        .map(|((parameter, value), error)| {
            format!(
                "<tr><th scope=\"row\">{}</th><td data-parameter=\"{}\" data-value=\"{value}\">{}</td><td>{}</td></tr>",
                parameter.symbol,
                parameter.name,
                number(*value),
                error.map_or("–".to_owned(), number)
            )
        });
    let rows: String = rows.collect();
    let weighted = if series.is_weighted() { WEIGHTED } else { "" };
    let no_delta = if fit.delta_method_holds() {
        ""
    } else {
        NO_DELTA_METHOD
    };
    let scatter = fit.scatter().map_or(String::new(), |times| {
        format!("The scatter is {times:.1} times what the number of test images explains. ")
    });
    let root = unit.scaled(fit.mse.sqrt());
    let rmse = match unit.of_differences() {
        points @ "percentage points" => format!(", RMSE {root:.2} {points}. "),
        unit => format!(", RMSE {} {unit}. ", number(root)),
    };
    format!(
        "<table class=\"numbers\"><thead><tr><th scope=\"col\">Parameter</th><th scope=\"col\">Value</th><th scope=\"col\">Standard error</th></tr></thead><tbody>{rows}</tbody></table><p class=\"aside\">MSE {}{rmse}{weighted}{no_delta} {scatter}<strong>{}</strong>.</p>",
        number(fit.mse),
        status(fit)
    )
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
