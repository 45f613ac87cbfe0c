//! A formula that links to an analysis: the values of its parameters, fitted and as printed.

use super::compute::Source;
use super::number::{Printed, between};
use super::{address, claims, series};
use crate::analysis::query_string::parts;
use crate::analysis::{self, Analysis, Series, link, to_query, why_not_fitted};
use crate::study::names;
use crate::text::{grouped, significant};
use refit_fit::law::{Form, Law, Parameter, Role, Surface};
use refit_fit::profile::{End, Profile, ProfileInterval};
use refit_fit::{Fit, Task};

/// The laws of a query, each with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// What is fitted: "ImageNet-1k top-1 accuracy".
    pub what: String,
    pub laws: Vec<FittedLaw>,
    /// The query, without `?`, of the view that has them.
    pub query: String,
}

/// The law of one series, or a printed law that was refitted.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedLaw {
    /// "CLIP, DataComp-1.4B", "25 points".
    pub name: String,
    pub from: String,
    /// The query of this law alone; empty of a printed law.
    pub query: String,
    /// Or why there is no law.
    pub parameters: Result<Vec<FittedParameter>, String>,
}

/// A parameter of a law.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedParameter {
    /// "ln_B"; of a printed coefficient that of the claim, "table2/ln_B".
    pub id: String,
    /// As in a formula: "α".
    pub symbol: String,
    /// What it is: "exponent".
    pub name: &'static str,
    /// `None` where it cannot be recomputed.
    pub value: Option<f64>,
    /// "0.227".
    pub text: String,
    /// 95 %, by the profile; an open end is `None`.
    pub interval: Option<[Option<f64>; 2]>,
    pub printed: Option<Printed>,
}

impl FittedParameter {
    /// "0.182 to 0.271"; empty where none is known.
    pub(super) fn interval_text(&self) -> String {
        let text = |x| significant(x, DIGITS);
        match self.interval {
            Some([Some(low), Some(high)]) => between((low, high), DIGITS, ""),
            Some([Some(low), None]) => format!("{} or more", text(low)),
            Some([None, Some(high)]) => format!("{} or less", text(high)),
            _ => String::new(),
        }
    }
}

/// Significant digits of values that are not printed.
const DIGITS: usize = 3;

/// What a formula's query names; the error is what is wrong with it.
pub(super) fn fitted(query: &str, source: &Source) -> Result<Fitted, String> {
    let pairs = parts(query);
    match pairs.first() {
        Some((key, prefix)) if key == "claims" => printed(prefix, source),
        _ => refitted(query, source),
    }
}

fn refitted(query: &str, source: &Source) -> Result<Fitted, String> {
    let (mut analysis, drawing) = address::analysis(source.study, query)?;
    let rows = source.rows(&mut analysis)?;
    let outcome = analysis::run(&analysis, rows, source.library.architectures(source.study));
    if outcome.series.is_empty() {
        return Err("selects no point".to_owned());
    }
    let laws = outcome.series.iter();
    Ok(Fitted {
        what: names::measured(source.study, &analysis.dataset, &analysis.metric),
        laws: laws.map(|series| law(&analysis, series, source)).collect(),
        query: link(&analysis, &drawing),
    })
}

fn law(analysis: &Analysis, series: &Series, source: &Source) -> FittedLaw {
    let alone = Analysis {
        families: vec![series.family.clone()],
        pretrains: vec![series.pretrain.clone()],
        schedules: vec![series.schedule.clone()],
        ..analysis.clone()
    };
    let parameters = series.fit.as_ref().map_err(why_not_fitted).map(|fit| {
        let intervals = intervals(series, fit);
        let values = fit.law.parameters().iter().zip(&fit.parameters);
        let each = values.enumerate().map(|(i, (parameter, value))| {
            let end = |end| match end {
                End::At(value) | End::Bound(value) => Some(value),
                End::Open => None,
            };
            let interval = intervals.as_ref().and_then(|all| all.get(i));
            FittedParameter {
                id: parameter.name.to_owned(),
                symbol: parameter.symbol.to_owned(),
                name: name(parameter),
                value: Some(*value),
                text: significant(*value, DIGITS),
                interval: interval.map(|i| [end(i.low), end(i.high)]),
                printed: series::printed_parameter(&alone, parameter.name, source),
            }
        });
        each.collect()
    });
    let points = series.frontier.len();
    FittedLaw {
        name: series.name(),
        from: match points {
            1 => "1 point".to_owned(),
            points => format!("{} points", grouped(points as u64)),
        },
        query: to_query(&alone),
        parameters,
    }
}

fn intervals(series: &Series, fit: &Fit) -> Option<Vec<ProfileInterval>> {
    Some(Profile::new(fit, &series.fitted())?.finish().intervals())
}

/// Printed laws: their coefficients by their ids, "LAW/PARAMETER".
fn printed(prefix: &str, source: &Source) -> Result<Fitted, String> {
    let mut laws: Vec<(&str, FittedLaw)> = Vec::new();
    for check in source.checks() {
        let Some((id, coefficient)) = check.id.rsplit_once('/') else {
            continue;
        };
        let Some((title, symbol)) = check.quantity.rsplit_once(": ") else {
            continue;
        };
        let of_two = source.printed.surfaces.iter().any(|c| c.law == id);
        let known = parameter(coefficient, of_two);
        let Some(known) = known.filter(|_| check.id.starts_with(prefix)) else {
            continue;
        };
        let parameter = FittedParameter {
            id: check.id.clone(),
            symbol: symbol.to_owned(),
            name: known,
            value: check.recomputed,
            text: match check.recomputed {
                Some(value) => claims::alike(value, check),
                None => "not recomputed".to_owned(),
            },
            interval: None,
            printed: Some(claims::printed(check)),
        };
        match laws.last_mut() {
            Some((last, law)) if *last == id => {
                if let Ok(parameters) = &mut law.parameters {
                    parameters.push(parameter);
                }
            }
            _ => {
                let law = FittedLaw {
                    name: title.to_owned(),
                    from: check.source.clone(),
                    query: String::new(),
                    parameters: Ok(vec![parameter]),
                };
                laws.push((id, law));
            }
        }
    }
    if laws.is_empty() {
        return Err(format!(
            "no coefficient of a printed law has an id that begins with “{prefix}”"
        ));
    }
    Ok(Fitted {
        what: "As printed, and refitted".to_owned(),
        laws: laws.into_iter().map(|(_, law)| law).collect(),
        query: address::verify(source.study, None, prefix),
    })
}

/// What a printed coefficient is, by its name in the file: of a law over one variable, or two. `None` where no law
/// has it.
fn parameter(coefficient: &str, of_two: bool) -> Option<&'static str> {
    let parameters: Vec<&Parameter> = match of_two {
        true => Surface::ALL
            .into_iter()
            .flat_map(Form::parameters)
            .collect(),
        false => Law::ALL.into_iter().flat_map(Form::parameters).collect(),
    };
    let find = |name: &str| parameters.iter().find(|p| p.name == name).copied();
    let plain = || {
        find(
            coefficient
                .trim_start_matches("minus_")
                .trim_start_matches("ln_"),
        )
    };
    find(coefficient).or_else(plain).map(name)
}

/// What a parameter is, in a word or two.
fn name(parameter: &Parameter) -> &'static str {
    match (parameter.name, parameter.role) {
        ("U", _) => "highest accuracy",
        ("k", _) => "steepness",
        ("ln_B", _) => "shift, as a logarithm",
        ("ln_C50", _) => "midpoint, as a logarithm",
        ("alpha_N", _) => "exponent of N",
        ("alpha_D", _) => "exponent of D",
        (_, Role::Coefficient) => "coefficient",
        (_, Role::Exponent) => "exponent",
        (_, Role::LogScale) => "scale, as a logarithm",
        (_, Role::Asymptote) => "limit",
    }
}
