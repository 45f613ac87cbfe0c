//! `refit surface`: a law over parameters and samples.

use crate::say;
use crate::select::{Named, Selected, Selection, name};
use refit::analysis::surface::{NO_COST, cost, grid, optimum, poorly_determined};
use refit::analysis::{Analysis, NO_DELTA_METHOD};
use refit_fit::allocation::{Allocation, Cost};
use refit_fit::law::{Form, Surface};
use refit_fit::{Fit, Interval};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(clap::Args)]
pub(crate) struct Arguments {
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
    status: refit_fit::Status,
    optima: Vec<Optimum>,
}

/// Compute in the study's unit; no split where the law is lowest at the edge of what is looked at.
#[derive(Serialize)]
struct Optimum {
    compute: f64,
    #[serde(flatten)]
    split: Option<Split>,
}

#[derive(Serialize)]
struct Split {
    parameters: f64,
    samples: f64,
    error: f64,
    low: Option<f64>,
    high: Option<f64>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let unused = ["axis", "law", "frontier", "edges", "interval"];
    arguments.selection.refuse(&unused)?;
    let selected = Selected::new(&arguments.selection, Some(1))?;
    let series = &selected.outcome.series[0];
    let law = arguments.surface.0;
    let grid = grid(series, selected.rows(), selected.architectures());
    let fit = selected
        .analysis
        .fit_surface(law, &grid)
        .map_err(|e| e.to_string())?;
    let cost = cost(series, selected.rows(), selected.architectures()).ok_or(NO_COST)?;
    // Not the series' predictions: those are of a law over compute, which may not have been fitted.
    let mut computes = selected.computes()?;
    if computes.is_empty() {
        computes = (8..=12).map(|d| 10f64.powi(d)).collect();
    }
    let allocation = Allocation::of(&fit, cost).ok();
    let optima = computes.into_iter().map(|compute| {
        let best = allocation.as_ref().and_then(|a| optimum(a, compute));
        let split = best.map(|at| {
            let (error, ends) = fit.error_at([at.parameters, at.samples], Interval::StudentT);
            Split {
                parameters: at.parameters,
                samples: at.samples,
                error,
                low: ends.map(|e| e.0),
                high: ends.map(|e| e.1),
            }
        });
        Optimum { compute, split }
    });
    let names = law.parameters().iter().map(|p| p.name);
    let output = Output {
        points: grid.x.len(),
        law: law.id(),
        loss: fit.loss.id(),
        parameters: names.clone().zip(fit.parameters.iter().copied()).collect(),
        standard_errors: names.zip(fit.usable_errors()).collect(),
        objective: fit.objective,
        mse: fit.mse,
        status: fit.status.clone(),
        optima: optima.collect(),
    };
    if arguments.json {
        return say::json(&output);
    }
    say!(
        "{}, {}, {} runs",
        selected.title(),
        name(series),
        output.points
    );
    output.print(&fit, cost, &selected.analysis);
    Ok(())
}

impl Output {
    fn print(&self, fit: &Fit<Surface>, cost: Cost, analysis: &Analysis) {
        let noun = &analysis.study().samples_noun;
        let measure = analysis.loss_unit().title().to_ascii_lowercase();
        say!(
            "{}   ({}); N parameters, D {noun}",
            fit.law.plain(),
            fit.loss.objective()
        );
        for parameter in fit.law.parameters() {
            let error = self.standard_errors[parameter.name];
            let error = error.map_or("± –".to_owned(), |e| format!("± {e:.6}"));
            say!(
                "  {:<7} {:>16.6} {error}",
                parameter.symbol,
                self.parameters[parameter.name]
            );
        }
        say!("  mean squared error {:.6e}; {}", self.mse, self.status);
        if !fit.delta_method_holds() {
            say!("  {NO_DELTA_METHOD}");
        }
        if let Some(sentence) = poorly_determined(fit) {
            say!("  {sentence}");
        }
        let Cost { k, exponent } = cost;
        let (one, unit) = (noun.trim_end_matches('s'), analysis.unit());
        say!("  compute of a {one}: {k:.4e} N^{exponent:.4} {unit}");
        for Optimum { compute, split } in &self.optima {
            match split {
                Some(s) => say!(
                    "  at {compute:.2e}: {:.4e} parameters, {:.4e} {noun}, {measure} {:.6}{}",
                    s.parameters,
                    s.samples,
                    s.error,
                    if analysis.loss_unit().is_fraction() && s.error > 1.0 {
                        ": none below 1"
                    } else {
                        ""
                    }
                ),
                None => say!("  at {compute:.2e}: no optimum between 1e5 and 1e12 parameters"),
            }
        }
    }
}
