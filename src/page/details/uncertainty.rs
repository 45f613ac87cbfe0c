//! Parameter uncertainty: delta method, profiles, bootstrap, correlations.

use super::{CurrentAnalysis, Resamples, on_refit};
use crate::analysis::{NO_DELTA_METHOD, ResamplingUnit, Series};
use crate::page::explore::controls::{TextField, one_of};
use crate::page::explore::series_name as name;
use crate::page::list;
use crate::page::location::Location;
use crate::page::table::{or_dash, table};
use crate::page::work::{Progress, TaskRunner};
use crate::text::number;
use leptos::prelude::*;
use refit_fit::bootstrap::{BootstrapInterval, Replicates};
use refit_fit::law::Form;
use refit_fit::profile::{End, Profile, ProfileInterval};
use refit_fit::{Fit, Interval as Band};

#[component]
pub fn Uncertainty(current: Memo<Option<CurrentAnalysis>>, resamples: Resamples) -> impl IntoView {
    let location = expect_context::<Location>();
    // The intervals of each series, as far as they are computed.
    let profiles = RwSignal::new(Vec::<Option<Vec<ProfileInterval>>>::new());
    let work = TaskRunner::new();
    on_refit(current, move |current| {
        profiles.set(Vec::new());
        let Some(current) = current else {
            return;
        };
        let profile = |series: &Series| Profile::new(series.fit.as_ref().ok()?, &series.fitted());
        let all: Vec<Option<Profile>> = current.outcome.series.iter().map(profile).collect();
        let possible: Vec<bool> = all.iter().map(Option::is_some).collect();
        let task: Vec<Profile> = all.into_iter().flatten().collect();
        work.start("refit:profile", task, move |task| {
            let mut done = task.iter().map(Profile::intervals);
            let each = possible.iter().map(|p| if *p { done.next() } else { None });
            profiles.set(each.collect());
        });
    });
    let draw = move |_| {
        if let Some(current) = current.get_untracked() {
            resamples.start(&current);
        }
    };
    let setting = move |get: fn(&crate::analysis::Resampling) -> String| {
        Signal::derive(move || location.analysis.with(|a| get(&a.resampling)))
    };
    view! {
        <p>
            "Three methods. The delta method linearises the law at its optimum. The profile shows how far a parameter can move before the best fit of the others becomes significantly worse. The bootstrap resamples the data."
        </p>
        <div class="choices">
            {one_of(
                "Resample",
                &ResamplingUnit::ALL,
                ResamplingUnit::id,
                ResamplingUnit::title,
                |a| a.resampling.unit,
                |a, u| a.resampling.unit = u,
            )}
            <TextField
                label=Signal::stored("Resamples (200 to 10,000)".to_owned())
                name="Resamples"
                value=setting(|r| r.count.to_string())
                apply=move |given: &str| {
                    let count = crate::analysis::resamples(given)
                        .ok_or_else(|| format!("“{given}” is not a number from 200 to 10,000."))?;
                    location.change(|a| a.resampling.count = count);
                    Ok(())
                }
            />
            <TextField
                label=Signal::stored("Seed".to_owned())
                name="Seed"
                value=setting(|r| r.seed.to_string())
                apply=move |given: &str| {
                    let seed = given
                        .parse()
                        .map_err(|_| format!("“{given}” is not a whole number."))?;
                    location.change(|a| a.resampling.seed = seed);
                    Ok(())
                }
            />
            {one_of(
                "Bootstrap interval",
                &BootstrapInterval::ALL,
                BootstrapInterval::id,
                BootstrapInterval::title,
                |a| a.resampling.interval,
                |a, e| a.resampling.interval = e,
            )}
            <button type="button" on:click=draw disabled=move || resamples.work.running()>
                "Run bootstrap"
            </button>
        </div>
        <Progress work=resamples.work what="resamples" />
        <Progress work what="profile limits" />
        {move || {
            let current = current.get()?;
            let (profiles, drawn) = (profiles.get(), resamples.replicates.get());
            let series = current.outcome.series.iter().enumerate();
            Some(list(series.filter_map(|(i, series)| {
                        let fit = series.fit.as_ref().ok()?;
                        let profile = profiles.get(i).cloned().flatten();
                        let drawn = drawn.get(i).cloned().flatten();
                        Some(series_intervals(&current, series, fit, profile.as_deref(), drawn.as_ref()))
                    })))
        }}
    }
}

/// One series: intervals, parameters that are not identified, correlations.
fn series_intervals(
    current: &CurrentAnalysis,
    series: &Series,
    fit: &Fit,
    profile: Option<&[ProfileInterval]>,
    drawn: Option<&Replicates>,
) -> AnyView {
    let ends = current.analysis.resampling.interval;
    let parameters = fit.law.parameters();
    let t = fit.t_quantile();
    let errors = fit.usable_errors();
    let resampled = |f: &dyn Fn(&[f64]) -> f64| match drawn {
        None => "–".to_owned(),
        Some(drawn) => drawn.interval(ends, f).map_or("none".to_owned(), between),
    };
    let mut rows = Vec::new();
    for (j, parameter) in parameters.iter().enumerate() {
        let value = fit.parameters[j];
        let delta = errors[j].zip(t);
        rows.push(vec![
            parameter.symbol.to_owned(),
            number(value),
            or_dash(delta, |(e, t)| between((value - e * t, value + e * t))),
            or_dash(profile.and_then(|p| p.get(j)), |p| {
                format!("{} to {}", end(p.low), end(p.high))
            }),
            resampled(&|p| p[j]),
        ]);
    }
    for p in series.predictions.iter().flatten() {
        let (law, x) = (fit.law, p.x);
        // Whatever the figure's interval: this column is the 95 % interval.
        let delta = fit.predict(x, Band::StudentT);
        rows.push(vec![
            format!("Error at {}", number(x)),
            number(p.error),
            or_dash(delta.low.zip(delta.high), between),
            String::new(),
            resampled(&|p| law.value(p, x)),
        ]);
    }
    let notes = parameters.iter().enumerate().filter_map(|(j, parameter)| {
        let note = profile?.get(j)?.not_identified(parameter)?;
        Some(view! { <li>{format!("{parameter}: {note}.")}</li> })
    });
    let notes: Vec<_> = notes.collect();
    let failures = drawn.map(|d| {
        format!(
            "{} resamples fitted, {} failed. ",
            d.resamples.len(),
            d.failures
        )
    });
    let few = drawn.and_then(Replicates::warning).map(|w| format!("{w} "));
    let why = (!fit.loss.is_least_squares()).then_some("Profiles exist only for sums of squares. ");
    let no_delta = (!fit.delta_method_holds()).then_some(NO_DELTA_METHOD);
    let head = [
        "Quantity",
        "Estimate",
        "95 %, delta method",
        "95 %, profile",
        "95 %, bootstrap",
    ];
    view! {
        <h3>{name(series)}</h3>
        {table(None, &head, rows)}
        <p class="aside">{failures} {few} {why} {no_delta}</p>
        {(!notes.is_empty()).then(|| view! { <ul class="aside">{notes}</ul> })}
        {correlations(fit)}
    }
    .into_any()
}

fn correlations(fit: &Fit) -> Option<AnyView> {
    let matrix = fit.correlations()?;
    let names: Vec<&str> = fit.law.parameters().iter().map(|p| p.symbol).collect();
    let rows = names.iter().enumerate().map(|(i, name)| {
        let text = |c: f64| format!("{c:+.3}").replace('-', "−");
        let cells = (0..names.len()).map(|j| or_dash(matrix[(i, j)], text));
        [(*name).to_owned()].into_iter().chain(cells).collect()
    });
    let head: Vec<&str> = [""].into_iter().chain(names.iter().copied()).collect();
    let caption = "Parameter correlations".to_owned();
    Some(table(Some(caption), &head, rows.collect()))
}

fn between((low, high): (f64, f64)) -> String {
    format!("{} to {}", number(low), number(high))
}

fn end(end: End) -> String {
    match end {
        End::At(value) => number(value),
        End::Bound(value) => format!("{} (bound)", number(value)),
        End::Open => "open".to_owned(),
    }
}
