//! An analysis to take away: points, curve and coefficients as text, with where they come from.

use crate::analysis::drawing::Drawing;
use crate::analysis::link;
use crate::analysis::{Analysis, Outcome, Series, interval_title, why_not_fitted};
use crate::chart::{DrawError, Scene, Theme, to_svg_above};
use crate::study::{Measurement, names};
use crate::text::{cell, escape};
use refit_fit::Fit;
use refit_fit::law::Form;
use serde_json::{Value, json};
use std::fmt::Write;

/// Points of an exported curve.
const CURVE: i32 = 200;

/// Every point in sight: which series, which run, its part in the fit, and how far off the law.
pub fn points_csv(outcome: &Outcome, rows: &[Measurement]) -> String {
    let mut csv = "series,part,run,architecture,samples,x,error,law\n".to_owned();
    for series in &outcome.series {
        let on_frontier = |row: usize| series.frontier.iter().any(|p| p.row == row);
        let fitted = series
            .frontier
            .iter()
            .map(|p| ("frontier", p.row, p.x, p.error));
        let kept = series.points.iter().filter(|p| !on_frontier(p.row));
        let kept = kept.map(|p| ("other", p.row, p.x, p.error));
        let held_out = series
            .held_out
            .iter()
            .map(|p| ("held out", p.row, p.x, p.error));
        let excluded = series
            .excluded
            .iter()
            .map(|p| ("taken out", p.row, p.x, p.error));
        for (part, row, x, error) in fitted.chain(kept).chain(held_out).chain(excluded) {
            let Some(m) = rows.get(row) else { continue };
            let law = series.fit.as_ref().ok();
            let law = law.map_or(String::new(), |f| f.law.value(&f.parameters, x).to_string());
            let texts = [&series.name(), part, &m.run, &m.architecture, &m.samples].map(cell);
            let _ = writeln!(csv, "{},{x},{error},{law}", texts.join(","));
        }
    }
    csv
}

/// Each law over the range of the points and three times beyond, with its interval.
pub fn curve_csv(analysis: &Analysis, outcome: &Outcome) -> String {
    let mut csv = "series,x,error,low,high\n".to_owned();
    let Some((low, high)) = outcome.range() else {
        return csv;
    };
    for series in &outcome.series {
        let Ok(fit) = &series.fit else { continue };
        for k in 0..=CURVE {
            let x = low * (3.0 * high / low).powf(f64::from(k) / f64::from(CURVE));
            let p = fit.predict(x, analysis.interval);
            let end = |end: Option<f64>| end.map_or(String::new(), |v| v.to_string());
            let _ = writeln!(
                csv,
                "{},{x},{},{},{}",
                cell(&series.name()),
                p.error,
                end(p.low),
                end(p.high)
            );
        }
    }
    csv
}

/// Parameters by their symbols, values and standard errors, where the delta method gives them.
fn parameters(fit: &Fit) -> impl Iterator<Item = (&'static str, f64, Option<f64>)> {
    let values = fit.parameters.iter().zip(fit.usable_errors());
    let parameters = fit.law.parameters().iter().zip(values);
    parameters.map(|(p, (value, error))| (p.symbol, *value, error))
}

/// One line for each parameter of each law.
pub fn coefficients_markdown(analysis: &Analysis, outcome: &Outcome) -> String {
    let mut text = format!(
        "{} on {}: {}, {}\n\n| series | parameter | value | standard error |\n|---|---|---:|---:|\n",
        names::metric(analysis.study(), &analysis.metric),
        names::dataset(analysis.study(), &analysis.dataset),
        analysis.law.plain(),
        analysis.loss.objective()
    );
    for series in &outcome.series {
        let Ok(fit) = &series.fit else { continue };
        for (symbol, value, error) in parameters(fit) {
            let error = error.map_or("–".to_owned(), |e| format!("{e:.6}"));
            let _ = writeln!(
                text,
                "| {} | {symbol} | {value:.6} | {error} |",
                series.name()
            );
        }
    }
    text
}

/// The same as a `tabular` of LaTeX's booktabs.
pub fn coefficients_latex(analysis: &Analysis, outcome: &Outcome) -> String {
    let mut text = format!(
        "% {}; {}\n\\begin{{tabular}}{{llrr}}\n\\toprule\nSeries & Parameter & Value & Standard error \\\\\n\\midrule\n\\multicolumn{{4}}{{l}}{{${}$}} \\\\\n",
        names::dataset(analysis.study(), &analysis.dataset),
        analysis.loss.objective(),
        analysis.law.latex()
    );
    for series in &outcome.series {
        let Ok(fit) = &series.fit else { continue };
        for (symbol, value, error) in parameters(fit) {
            let error = error.map_or("--".to_owned(), |e| format!("{e:.6}"));
            let symbol = match symbol {
                "α" => "\\alpha",
                "β" => "\\beta",
                "ln B" => "\\ln B",
                other => other,
            };
            let name = series.name().replace('&', "\\&").replace('%', "\\%");
            let _ = writeln!(text, "{name} & ${symbol}$ & {value:.6} & {error} \\\\");
        }
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n");
    text
}

/// What the figure shows, and the address of the analysis.
struct Words {
    measured: String,
    source: String,
}

fn words(analysis: &Analysis) -> Words {
    let study = analysis.study();
    let arxiv = match study.arxiv.as_str() {
        "" => String::new(),
        arxiv => format!(" (arXiv {arxiv})"),
    };
    Words {
        measured: names::measured(study, &analysis.dataset, &analysis.metric),
        source: format!("Source: {}{arxiv}.", study.title),
    }
}

/// The figure as an SVG document of `width` × `height` CSS pixels: below it what it shows, the source and the address
/// of the analysis; as words, for those who do not see it, these with the laws.
///
/// # Errors
/// When the figure cannot be drawn.
pub fn svg(
    analysis: &Analysis,
    outcome: &Outcome,
    scene: &Scene,
    theme: &Theme,
    address: &str,
    (width, height): (u32, u32),
) -> Result<String, DrawError> {
    let Words { measured, source } = words(analysis);
    let law = analysis.law.plain();
    let shows = format!(
        "{measured}, {law} ({}; frontier: {}). Filled marks: fitted; faint: other runs; hollow: held out; crossed: excluded. Lines: laws, dashed beyond the frontier; bands: intervals of the mean, {}.",
        analysis.loss.objective(),
        analysis.frontier.title(),
        interval_title(analysis.interval)
    );
    let below = [shows, format!("{source} {address}")];
    let svg = to_svg_above(&below, scene, theme, width, height)?;
    let series: Vec<String> = outcome.series.iter().map(Series::name).collect();
    let title = format!("{measured}: {}", series.join(", "));
    let laws = outcome.series.iter().filter_map(|series| {
        let fit = series.fit.as_ref().ok()?;
        let values = parameters(fit).map(|(symbol, value, _)| format!("{symbol} = {value:.6}"));
        let values: Vec<String> = values.collect();
        Some(format!("{}: {}. ", series.name(), values.join(", ")))
    });
    let description = format!(
        "{} by {}. {law}. {}{source} {address}",
        analysis.loss_unit().title(),
        analysis.axis.title(analysis.study()).to_ascii_lowercase(),
        laws.collect::<String>(),
    );
    Ok(described(&svg, &title, &description))
}

/// An SVG document with a title and a description, which screen readers read.
pub fn described(svg: &str, title: &str, description: &str) -> String {
    let Some((start, rest)) = svg.split_once('>') else {
        return svg.to_owned();
    };
    format!(
        "{start} role=\"img\">\n<title>{}</title>\n<desc>{}</desc>{rest}",
        escape(title),
        escape(description)
    )
}

/// Choices, data with their digests, and what came of them.
pub fn json(
    analysis: &Analysis,
    drawing: &Drawing,
    outcome: &Outcome,
    rows: &[Measurement],
) -> Value {
    let study = analysis.study();
    let data: Vec<Value> = [&analysis.table.file, &study.architectures]
        .into_iter()
        .filter(|file| !file.name.is_empty())
        .map(|file| json!({ "path": study.path(&file.name), "sha256": file.sha256 }))
        .collect();
    let series = outcome.series.iter().map(|series| {
        let points: Vec<Value> = series
            .frontier
            .iter()
            .map(|p| {
                let m = rows.get(p.row);
                json!({
                    "run": m.map(|m| m.run.as_str()),
                    "architecture": m.map(|m| m.architecture.as_str()),
                    "x": p.x,
                    "error": p.error,
                })
            })
            .collect();
        let fit = match &series.fit {
            Ok(fit) => {
                let parameters = parameters(fit).map(|(symbol, value, error)| {
                    json!({ "symbol": symbol, "value": value, "standard_error": error })
                });
                json!({
                    "parameters": parameters.collect::<Vec<_>>(),
                    "objective": fit.objective,
                    "mean_squared_error": fit.mse,
                    "status": fit.status.to_string(),
                })
            }
            Err(error) => json!({ "error": why_not_fitted(error) }),
        };
        json!({
            "series": series.name(),
            "frontier": points,
            "points": series.points.len(),
            "held_out": series.held_out.len(),
            "taken_out": series.excluded.len(),
            "fit": fit,
        })
    });
    json!({
        "program": concat!("refit ", env!("CARGO_PKG_VERSION")),
        "study": study.reference(),
        "arxiv": study.arxiv,
        "link": format!("?{}", link(analysis, drawing)),
        "data": data,
        "analysis": analysis,
        "law": analysis.law.plain(),
        "unit": analysis.unit(),
        "series": series.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{from_query, run};
    use crate::study::{Table, bundled};

    fn outcome() -> (Analysis, Outcome, Vec<Measurement>) {
        let analysis = Analysis::of(Table::find("plotted_frontier").unwrap());
        let (rows, _) = bundled::read(analysis.table);
        let outcome = run(&analysis, &rows, &[]);
        (analysis, outcome, rows)
    }

    #[test]
    fn points_come_back_from_csv() {
        let (_, outcome, rows) = outcome();
        let text = points_csv(&outcome, &rows);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        let points = outcome.series.iter().map(|s| s.measured().count());
        assert_eq!(records.len(), points.sum::<usize>());
        let first = &outcome.series[0].frontier[0];
        assert_eq!(records[0][5].parse(), Ok(first.x));
        assert_eq!(records[0][6].parse(), Ok(first.error));
        assert_eq!(&records[0][0], "CLIP, DataComp-1.4B");
    }

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("ViT-B-32"), "ViT-B-32");
    }

    #[test]
    fn a_curve_is_the_law() {
        let (analysis, outcome, _) = outcome();
        let text = curve_csv(&analysis, &outcome);
        assert_eq!(text.lines().count(), 1 + 2 * 201);
        let fit = outcome.series[0].fit.as_ref().unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        for record in reader.records().take(201).map(Result::unwrap) {
            let number = |i: usize| record[i].parse::<f64>().unwrap();
            assert_eq!(number(2), fit.law.value(&fit.parameters, number(1)));
            assert!(number(3) < number(2) && number(2) < number(4));
        }
    }

    #[test]
    fn tables_have_every_coefficient() {
        let (analysis, outcome, _) = outcome();
        let markdown = coefficients_markdown(&analysis, &outcome);
        assert_eq!(
            markdown.lines().filter(|l| l.starts_with("| CLIP")).count(),
            4
        );
        assert!(
            markdown.contains("| CLIP, DataComp-1.4B | α | 0.2266"),
            "{markdown}"
        );
        let latex = coefficients_latex(&analysis, &outcome);
        assert!(
            latex.contains("CLIP, DataComp-1.4B & $\\alpha$ & 0.2266"),
            "{latex}"
        );
        assert_eq!(latex.matches("\\\\").count(), 2 + 8);
    }

    #[test]
    fn json_leads_back() {
        let (analysis, outcome, rows) = outcome();
        let json = json(&analysis, &Drawing::default(), &outcome, &rows);
        let (back, notices) = from_query(json["link"].as_str().unwrap(), &[]);
        assert_eq!((back, notices), (analysis.clone(), vec![]));
        assert_eq!(
            json["data"][0]["sha256"],
            analysis.table.file.sha256.as_str()
        );
        assert_eq!(json["series"][1]["frontier"].as_array().unwrap().len(), 26);
    }
}
