//! `refit optimal`: compute-optimal parameters and samples by the three approaches of Hoffmann et al.

use crate::data;
use crate::keys::KeyOptions;
use crate::say;
use crate::select::{Named, Selected, Selection, name};
use refit::analysis::compute_optimal::{Parametric, Trained, reasons};
use refit::analysis::surface::{cost, grid};
use refit::analysis::{NO_DELTA_METHOD, Resampling};
use refit::study::Table;
use refit::study::folder::{DESCRIPTION, read_description};
use refit_fit::Task;
use refit_fit::allocation::{Cost, Quantity};
use refit_fit::bootstrap::Replicates;
use refit_fit::isoflop::{LeftOut, Optimum};
use refit_fit::law::{Form, Surface};
use refit_fit::line::{Estimate, PowerLaw};
use serde::Serialize;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Law over parameters and samples of the third approach
    #[arg(long, value_enum, default_value = "additive")]
    surface: Named<Surface>,
    /// Computes of the IsoFLOP profiles, in the study's unit [default: the table's, or groups of runs
    /// whose computes are within 5 % of a neighbour's]
    #[arg(long, value_delimiter = ',', value_name = "COMPUTE")]
    budgets: Vec<f64>,
    /// Intervals of the third approach from a bootstrap of the runs, which takes minutes under the
    /// Huber loss
    #[arg(long)]
    bootstrap: bool,
    #[command(flatten)]
    resampling: KeyOptions<true>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output {
    runs: usize,
    /// Runs that do not tell compute, parameters and samples.
    incomplete: usize,
    frontier: Outcome<Exponents>,
    isoflop: Outcome<IsoFlops>,
    parametric: Outcome<Law>,
}

/// What an approach gives, or `error`: why it gives nothing.
#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<T> {
    Found(T),
    Nothing { error: String },
}

impl<T> From<Result<T, String>> for Outcome<T> {
    fn from(result: Result<T, String>) -> Self {
        match result {
            Ok(found) => Outcome::Found(found),
            Err(error) => Outcome::Nothing { error },
        }
    }
}

/// Exponents of N ∝ C^a and D ∝ C^b, and N and D at each compute asked for.
#[derive(Serialize)]
struct Exponents {
    a: Estimate,
    b: Estimate,
    at: Vec<At>,
}

#[derive(Serialize)]
struct At {
    compute: f64,
    parameters: Estimate,
    samples: Estimate,
    samples_per_parameter: f64,
}

#[derive(Serialize)]
struct IsoFlops {
    #[serde(flatten)]
    exponents: Option<Exponents>,
    optima: Vec<Optimum>,
    left_out: Vec<LeftOut>,
    /// Runs near no budget.
    of_no_budget: usize,
    #[serde(skip)]
    reasons: Vec<String>,
}

#[derive(Serialize)]
struct Law {
    law: &'static str,
    loss: String,
    cost: Cost,
    /// Whether the intervals are of resamples.
    resampling: Option<Resampling>,
    #[serde(flatten)]
    exponents: Exponents,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let unused = ["axis", "law", "frontier", "edges", "interval"];
    arguments.selection.refuse(&unused)?;
    let selected = Selected::with(&arguments.selection, Some(1), Some(&arguments.resampling))?;
    let series = &selected.outcome.series[0];
    let trained = Trained::of(series, selected.rows(), selected.architectures());
    if trained.runs.is_empty() {
        return Err(format!(
            "none of the {} points tells compute, parameters and samples",
            trained.incomplete
        ));
    }
    let mut computes = selected.computes()?;
    if computes.is_empty() {
        computes.extend(trained.runs.iter().map(|r| r.compute).reduce(f64::max));
    }
    let frontier = trained.frontier();
    let output = Output {
        runs: trained.runs.len(),
        incomplete: trained.incomplete,
        frontier: frontier.map(|laws| exponents(laws, &computes)).into(),
        isoflop: isoflop(arguments, &selected, &trained, &computes).into(),
        parametric: parametric(arguments, &selected, &computes).into(),
    };
    if arguments.json {
        return say::json(&output);
    }
    say!("{}, {}", selected.title(), name(series));
    output.print(selected.analysis.unit());
    Ok(())
}

fn exponents((n, d): (PowerLaw, PowerLaw), computes: &[f64]) -> Exponents {
    let at = computes.iter().map(|compute| {
        let (parameters, samples) = (n.at(*compute), d.at(*compute));
        At {
            compute: *compute,
            parameters,
            samples,
            samples_per_parameter: samples.value / parameters.value,
        }
    });
    Exponents {
        a: n.exponent(),
        b: d.exponent(),
        at: at.collect(),
    }
}

fn isoflop(
    arguments: &Arguments,
    selected: &Selected,
    trained: &Trained,
    computes: &[f64],
) -> Result<IsoFlops, String> {
    let named = match arguments.budgets.as_slice() {
        [] => budgets(selected.analysis.table)?,
        given => given.to_vec(),
    };
    let (budgets, others) = trained.budgets(&named).map_err(|e| e.to_string())?;
    let found = trained.isoflop(&budgets).map_err(|e| e.to_string())?;
    let laws = found.parameters.zip(found.samples);
    Ok(IsoFlops {
        exponents: laws.map(|laws| exponents(laws, computes)),
        reasons: reasons(&found),
        optima: found.optima,
        left_out: found.left_out,
        of_no_budget: others.len(),
    })
}

/// The budgets that a table's description names.
fn budgets(table: Table) -> Result<Vec<f64>, String> {
    let path = table.study().path(DESCRIPTION);
    let text = data::read(&path).map_err(|e| e.to_string())?;
    let description = read_description(&path, &text).map_err(|e| e.to_string())?;
    let found = description.tables.into_iter().find(|t| t.id == table.id);
    Ok(found.map_or(Vec::new(), |t| t.budgets))
}

fn parametric(arguments: &Arguments, selected: &Selected, computes: &[f64]) -> Result<Law, String> {
    let series = &selected.outcome.series[0];
    let (rows, architectures) = (selected.rows(), selected.architectures());
    let points = grid(series, rows, architectures);
    let cost = cost(series, rows, architectures);
    let law = Parametric::of(&selected.analysis, arguments.surface.0, &points, cost)?;
    let resampling = selected.analysis.resampling;
    let bootstrap = arguments.bootstrap.then(|| {
        let bootstrap = law.bootstrap(&points, resampling);
        bootstrap.finish().replicates().clone()
    });
    let drawn: Option<(&Replicates<Surface>, Resampling)> = bootstrap
        .as_ref()
        .map(|replicates| (replicates, resampling));
    let of = |quantity| law.estimate(quantity, drawn);
    let at = computes.iter().map(|compute| At {
        compute: *compute,
        parameters: of(Quantity::Parameters(*compute)),
        samples: of(Quantity::Samples(*compute)),
        samples_per_parameter: of(Quantity::SamplesPerParameter(*compute)).value,
    });
    Ok(Law {
        law: law.fit.law.id(),
        loss: law.fit.loss.id(),
        cost: law.cost,
        resampling: drawn.map(|_| resampling),
        exponents: Exponents {
            a: of(Quantity::ParametersExponent),
            b: of(Quantity::SamplesExponent),
            at: at.collect(),
        },
    })
}

impl Output {
    fn print(&self, unit: &str) {
        say!("{} runs; N parameters ∝ C^a, D samples ∝ C^b", self.runs);
        if self.incomplete > 0 {
            say!(
                "  left out: {} points that do not tell compute, parameters and samples",
                self.incomplete
            );
        }
        say!("approach 1: frontier, the lowest loss at each compute");
        match &self.frontier {
            Outcome::Nothing { error } => say!("  {error}"),
            Outcome::Found(exponents) => exponents.print(unit),
        }
        say!("approach 2: IsoFLOP profiles");
        match &self.isoflop {
            Outcome::Nothing { error } => say!("  {error}"),
            Outcome::Found(found) => found.print(unit),
        }
        say!("approach 3: law over N and D");
        match &self.parametric {
            Outcome::Nothing { error } => say!("  {error}"),
            Outcome::Found(law) => {
                let Cost { k, exponent } = law.cost;
                say!(
                    "  {} ({}); C = {k:.4e} N^{exponent:.4} D",
                    law.law,
                    law.loss
                );
                law.exponents.print(unit);
                if law.exponents.a.interval.is_none() {
                    say!("  {NO_DELTA_METHOD} `--bootstrap` resamples the runs.");
                }
            }
        }
    }
}

impl Exponents {
    fn print(&self, unit: &str) {
        say!("  a {}, b {}", text(self.a), text(self.b));
        for at in &self.at {
            say!(
                "  at {:.3e} {unit}: N {}, D {}, {:.1} samples per parameter",
                at.compute,
                scientific(at.parameters),
                scientific(at.samples),
                at.samples_per_parameter
            );
        }
    }
}

impl IsoFlops {
    fn print(&self, unit: &str) {
        for o in &self.optima {
            say!(
                "  {:.3e} {unit}, {} runs: N {}, D {}, L {:.4}{}",
                o.compute,
                o.runs,
                scientific(o.parameters),
                scientific(o.samples),
                o.loss,
                if o.extrapolated {
                    "; outside of its runs"
                } else {
                    ""
                }
            );
        }
        for reason in &self.reasons {
            say!("  {reason}");
        }
        if self.of_no_budget > 0 {
            say!("  {} runs are near no budget", self.of_no_budget);
        }
        match &self.exponents {
            Some(exponents) => exponents.print(unit),
            None => say!("  no law: fewer than two minima"),
        }
    }
}

fn text(e: Estimate) -> String {
    let interval = e
        .interval
        .map(|(low, high)| format!(" ({low:.4} to {high:.4})"));
    format!("{:.4}{}", e.value, interval.unwrap_or_default())
}

fn scientific(e: Estimate) -> String {
    let interval = e
        .interval
        .map(|(low, high)| format!(" ({low:.3e} to {high:.3e})"));
    format!("{:.4e}{}", e.value, interval.unwrap_or_default())
}
