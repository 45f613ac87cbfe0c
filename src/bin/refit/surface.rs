//! `refit surface`: a law over parameters and samples.

use crate::select::{Named, Selected, Selection, name, print_json};
use refit::analysis::surface::{Cost, grid};
use refit::fit::{Interval, symbol};
use refit::law::{Form, Surface};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
    #[arg(long, value_enum, default_value = "additive")]
    surface: Named<Surface>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output {
    points: usize,
    law: &'static str,
    loss: String,
    parameters: BTreeMap<&'static str, f64>,
    standard_errors: BTreeMap<&'static str, Option<f64>>,
    objective: f64,
    mse: f64,
    status: refit::fit::Status,
    optima: Vec<Optimum>,
}

/// Compute in the study's unit, parameters and samples in millions.
#[derive(Serialize)]
struct Optimum {
    compute: f64,
    parameters: f64,
    samples: f64,
    error: f64,
    low: Option<f64>,
    high: Option<f64>,
}

pub fn run(arguments: &Arguments) -> Result<(), String> {
    let selected = Selected::new(&arguments.selection, Some(1))?;
    let series = &selected.outcome.series[0];
    let law = arguments.surface.0;
    let grid = grid(series, selected.rows(), selected.architectures());
    let fit = selected
        .analysis
        .fit_surface(law, &grid)
        .map_err(|e| e.to_string())?;
    let cost = Cost::of(&series.family, selected.architectures())
        .ok_or("the family has fewer than two sizes")?;
    let mut computes: Vec<f64> = series.predictions.iter().flatten().map(|p| p.x).collect();
    if computes.is_empty() {
        computes = (8..=12).map(|d| 10f64.powi(d)).collect();
    }
    let optima = computes.into_iter().filter_map(|compute| {
        let at = cost.split(law, &fit.parameters, compute)?;
        let (error, ends) = fit.error_at([at.parameters, at.samples], Interval::Honest);
        Some(Optimum {
            compute,
            parameters: at.parameters,
            samples: at.samples,
            error,
            low: ends.map(|e| e.0),
            high: ends.map(|e| e.1),
        })
    });
    let names = law.parameters().iter().copied();
    let output = Output {
        points: grid.x.len(),
        law: law.id(),
        loss: fit.loss.id(),
        parameters: names.clone().zip(fit.parameters.iter().copied()).collect(),
        standard_errors: names.zip(fit.standard_errors.iter().copied()).collect(),
        objective: fit.objective,
        mse: fit.mse,
        status: fit.status.clone(),
        optima: optima.collect(),
    };
    if arguments.json {
        return print_json(&output);
    }
    println!(
        "{}, {}, {} runs",
        selected.title(),
        name(series),
        output.points
    );
    println!(
        "{}   ({}); N parameters, D samples, in millions",
        law.plain(),
        fit.loss.objective()
    );
    for parameter in law.parameters() {
        let error = output.standard_errors[parameter];
        let error = error.map_or("± –".to_owned(), |e| format!("± {e:.6}"));
        println!(
            "  {:<7} {:>16.6} {error}",
            symbol(parameter),
            output.parameters[parameter]
        );
    }
    println!("  mean squared error {:.6e}; {}", output.mse, output.status);
    let (at_one, exponent) = cost.law();
    println!(
        "  compute of a sample: {at_one:.4} N^{exponent:.4} {}",
        selected.analysis.study().compute_unit()
    );
    for o in &output.optima {
        println!(
            "  at {:.2e}: {:.4e} M parameters, {:.4e} M samples, error {:.6}",
            o.compute, o.parameters, o.samples, o.error
        );
    }
    Ok(())
}
