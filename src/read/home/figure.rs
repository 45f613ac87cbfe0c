//! The laws of the first study's first table, and a slider that asks them.

use crate::analysis::comparison::claim;
use crate::analysis::drawing::Drawing;
use crate::analysis::{self, Analysis, Outcome, Series, from_study, link};
use crate::chart::projection::{ChartLayout, estimate_width};
use crate::chart::{Scene, Theme, to_svg};
use crate::figure::{picture, shape};
use crate::read::compute::Source;
use crate::read::html::{Files, escape};
use crate::read::number::{number, with_unit};
use crate::read::style::{PALETTE, themed};
use crate::study::{Measurement, names};
use crate::text::significant;
use refit_fit::Prediction;
use serde::Serialize;

/// Width and height in CSS pixels: beside text, and on a phone.
const SIZES: [(u32, u32); 2] = [(860, 440), (360, 330)];

/// Its files, wide and narrow, beside the papers to read.
const FILES: [&str; 2] = ["home-wide.svg", "home-narrow.svg"];

/// What the slider shows, read by `home.js`.
const STEPS_FILE: &str = "home.json";

/// Places of the slider, evenly spaced on the axis.
const STEPS: usize = 97;

/// How many times beyond the largest run the slider goes, if the picture does.
const BEYOND: f64 = 10.0;

/// How near a run is to a place to be named there: the difference of the logarithms.
const NEAR: f64 = 0.25;

/// The figure, and the files that it shows; `is_read` where the study has a paper to read.
///
/// # Errors
/// Where the table cannot be drawn. One without a law is drawn without a slider.
pub(super) fn figure(source: &Source, is_read: bool) -> Result<(String, Files), String> {
    let study = source.study;
    let (mut analysis, drawing) = (from_study(study, "").0, Drawing::default());
    let rows = source.rows(&mut analysis)?;
    let shown = analysis::run(&analysis, rows, source.library.architectures(study));
    let mut scene = picture(&analysis, &shown, rows, &drawing).scene;
    scene.legend.clear();
    let mut files = Files::new();
    for ((width, height), name) in SIZES.into_iter().zip(FILES) {
        let svg = to_svg(&scene, &Theme::light(), width, height);
        files.insert(name.to_owned(), themed(&svg.map_err(|e| e.to_string())?));
    }
    let steps = steps(&analysis, &shown, rows, &scene);
    let slider = match &steps {
        Some(steps) => {
            let json = serde_json::to_string(steps).map_err(|e| e.to_string())?;
            files.insert(STEPS_FILE.to_owned(), json);
            asked(&analysis, &shown, steps)
        }
        None => String::new(),
    };
    let of = names::measured(study, &analysis.dataset, &analysis.metric);
    let axis = analysis.axis.title(study);
    let loss = analysis.loss_unit().title();
    let series: Vec<String> = shown.series.iter().map(Series::name).collect();
    let read = match is_read {
        true => format!(
            " <a href=\"read/{}/\">Read about them</a>",
            escape(&study.id)
        ),
        false => String::new(),
    };
    let html = format!(
        "<figure class=\"main-figure\">\n<h2>{}</h2>\n<p class=\"subtitle\">{}. {loss} by {}. The laws are fitted to the strong marks; pale ones are other runs, hollow ones were held out. Dashed lines continue a law beyond its points. <cite>{}</cite></p>\n{}\
         <div class=\"plot\">{}{}</div>\n{slider}\
         <p class=\"ways\"><a href=\"?{}\">Explore these runs</a>{read}</p>\n</figure>\n",
        escape(&claim(&analysis, &shown).unwrap_or_else(|| of.clone())),
        escape(&of),
        escape(&axis.to_ascii_lowercase()),
        escape(&study.title),
        certainty(source),
        pictures(&format!(
            "{of}, {loss} by {axis}: {}.",
            series.join(" and ")
        )),
        steps.map_or(String::new(), |_| cursor(&shown)),
        escape(&link(&analysis, &drawing)),
    );
    Ok((html, files))
}

/// How sure the place is where two laws cross; nothing where they do not cross once.
fn certainty(source: &Source) -> String {
    let told = |part: &str| number(&format!("?#crossing.{part}"), source).ok();
    match (told("share"), told("interval")) {
        (Some(share), Some(range)) => format!(
            "<p class=\"subtitle\">When the points are resampled and the laws fitted again, they cross in the same direction in {} of the draws; the 95 % interval of the place is {}.</p>\n",
            escape(&share.text),
            escape(&range.text)
        ),
        _ => String::new(),
    }
}

fn pictures(description: &str) -> String {
    let [(wide, high), (narrow, low)] = SIZES;
    // Lazy: where another view is asked for, it is not fetched.
    format!(
        "<picture><source media=\"(max-width: 40rem)\" srcset=\"read/{}\" width=\"{narrow}\" height=\"{low}\"><img src=\"read/{}\" width=\"{wide}\" height=\"{high}\" alt=\"{}\" loading=\"lazy\"></picture>",
        FILES[1],
        FILES[0],
        escape(description),
    )
}

/// The slider at one place: what the reader sees there.
#[derive(Serialize)]
struct Step {
    /// On the axis.
    place: f64,
    /// "2.14 × 10¹² GFLOPs"
    at: String,
    /// The trained models that are near, in sentences.
    near: String,
    /// Of each series: the predicted error, and its interval.
    laws: Vec<[String; 2]>,
    /// Of two series, whether their intervals overlap, in a sentence; else empty.
    overlap: &'static str,
    /// Where a law says more than any error can be; else empty.
    above: &'static str,
    /// Where the place is in the picture, in percent of its width: wide and narrow.
    x: [f64; 2],
    /// Where each law is there, in percent of the height: wide and narrow.
    y: Vec<[f64; 2]>,
}

/// `None` where a series has no law.
fn steps(
    analysis: &Analysis,
    shown: &Outcome,
    rows: &[Measurement],
    scene: &Scene,
) -> Option<Vec<Step>> {
    let layouts = SIZES.map(|(width, height)| {
        ChartLayout::new(scene, f64::from(width), f64::from(height), &estimate_width)
    });
    let fits = shown.series.iter().map(|series| series.fit.as_ref().ok());
    let fits: Vec<_> = fits.collect::<Option<_>>()?;
    let (low, high) = shown.range()?;
    let high = (high * BEYOND).min(layouts[0].x.data.1);
    let unit = analysis.loss_unit();
    let percents =
        |pixel: Option<f64>, whole: f64| (1e4 * pixel.unwrap_or(0.0) / whole).round() / 100.0;
    let step = |i: usize| {
        let place = low * (high / low).powf(i as f64 / (STEPS - 1) as f64);
        let predictions = fits.iter().map(|fit| fit.predict(place, analysis.interval));
        let predictions: Vec<_> = predictions.collect();
        let law = |p: &Prediction| {
            let interval = p.low.zip(p.high);
            let interval =
                interval.map(|(low, high)| format!("{} to {}", unit.text(low), unit.text(high)));
            [unit.text(p.error), interval.unwrap_or_default()]
        };
        let height = |p: &Prediction| {
            layouts
                .each_ref()
                .map(|l| percents(l.y.to_pixel(p.error), l.height))
        };
        Step {
            place,
            at: with_unit(place, 2, analysis.unit()),
            near: near(analysis, shown, rows, place),
            laws: predictions.iter().map(law).collect(),
            overlap: overlap(&predictions),
            above: match unit.is_fraction()
                && predictions.iter().any(|p| (1e4 * p.error).round() > 1e4)
            {
                true => "Nothing in a fit keeps a law below 100 %.",
                false => "",
            },
            x: layouts
                .each_ref()
                .map(|l| percents(l.x.to_pixel(place), l.width)),
            y: predictions.iter().map(height).collect(),
        }
    };
    Some((0..STEPS).map(step).collect())
}

fn overlap(predictions: &[Prediction]) -> &'static str {
    let interval = |p: &Prediction| p.low.zip(p.high);
    match predictions {
        [a, b] => match (interval(a), interval(b)) {
            (Some(a), Some(b)) if a.0 <= b.1 && b.0 <= a.1 => "The intervals overlap.",
            (Some(_), Some(_)) => "The intervals do not overlap.",
            _ => "",
        },
        _ => "",
    }
}

/// The run that is nearest to a place, of those that the laws are fitted to, or how far beyond them the place is; and
/// the held-out runs there, which no law has seen.
fn near(analysis: &Analysis, outcome: &Outcome, rows: &[Measurement], x: f64) -> String {
    let away = |p: f64| (p / x).ln().abs();
    let text = |series: &Series, row: usize, error: f64, x: f64| {
        let m = rows.get(row)?;
        let samples = match m.samples.as_str() {
            "" => String::new(),
            samples => format!(", {samples} {}", series.study.samples_noun),
        };
        Some(format!(
            "{} {}{samples}: {} at {}",
            names::family(series.study, &series.family),
            names::run(series.study, m),
            analysis.loss_unit().text(error),
            with_unit(x, 2, analysis.unit()),
        ))
    };
    let fitted = outcome.series.iter();
    let fitted = fitted.flat_map(|s| s.frontier.iter().map(move |p| (s, p)));
    let end = fitted.clone().map(|(_, p)| p.x).fold(0.0, f64::max);
    let mut sentences = Vec::new();
    // Not of a place that is the last run's, by the slider's steps.
    if x > 1.1 * end {
        let times = significant(x / end, 2);
        sentences.push(format!("This is {times} times beyond the fitted runs."));
    } else if let Some((series, p)) =
        fitted.min_by(|(_, a), (_, b)| away(a.x).total_cmp(&away(b.x)))
    {
        let nearest = text(series, p.row, p.error, p.x);
        sentences.extend(nearest.map(|run| format!("The nearest fitted run: {run}.")));
    }
    let held_out = outcome.series.iter().filter_map(|series| {
        let there = series.held_out.iter().filter(|p| away(p.x) < NEAR);
        let there = there.min_by(|a, b| away(a.x).total_cmp(&away(b.x)))?;
        text(series, there.row, there.error, there.x)
    });
    let held_out: Vec<String> = held_out.collect();
    if !held_out.is_empty() {
        let runs = held_out.join("; ");
        sentences.push(format!(
            "Measured near it, and held out of the fit: {runs}."
        ));
    }
    sentences.join(" ")
}

/// The line at the slider's place and a dot on each law; placed by the page's script.
fn cursor(outcome: &Outcome) -> String {
    let dots = outcome.series.iter().map(|series| {
        let color = series.place % PALETTE;
        format!("<span class=\"dot series-{color}\" hidden></span>")
    });
    format!(
        "<span class=\"cursor\" hidden></span>{}",
        dots.collect::<String>()
    )
}

/// The slider, and what the laws say at the largest of the runs.
fn asked(analysis: &Analysis, outcome: &Outcome, steps: &[Step]) -> String {
    let largest = outcome.range().map_or(0.0, |(_, high)| high);
    let start = steps.iter().rposition(|step| step.place <= largest);
    let Some((start, step)) = start.and_then(|start| Some((start, steps.get(start)?))) else {
        return String::new();
    };
    let laws = outcome.series.iter().zip(&step.laws);
    let laws = laws.map(|(series, [error, interval])| {
        format!(
            "<li><span class=\"series-{}\" aria-hidden=\"true\">{}</span> {}: <b data-law>{error}</b> <span class=\"interval\" data-interval>{interval}</span></li>",
            series.place % PALETTE,
            shape(series.place).glyph(),
            escape(&series.name()),
        )
    });
    format!(
        "<div class=\"asked\"><label hidden>{} <input type=\"range\" min=\"0\" max=\"{}\" value=\"{start}\"></label>\n\
         <output><p>Predicted {} at <b data-at>{}</b>, and 95 % confidence interval:</p><ul>{}</ul><p class=\"near\"><span data-overlap>{}</span> <span data-above>{}</span> <span data-near>{}</span></p></output></div>\n",
        escape(analysis.axis.title(analysis.study())),
        steps.len() - 1,
        analysis.loss_unit().title().to_ascii_lowercase(),
        escape(&step.at),
        laws.collect::<String>(),
        step.overlap,
        step.above,
        escape(&step.near),
    )
}
