//! The page's first view: what the papers claim and whether it holds. Rendered when the page is built, so that it is
//! read before any program has loaded, and without one.

use super::compute::Source;
use super::html::{Files, escape};
use super::number::with_unit;
use super::page::{Listed, View, masthead, verdicts};
use super::style::{PALETTE, themed};
use crate::analysis::comparison::Pair;
use crate::analysis::drawing::Drawing;
use crate::analysis::{self, Analysis, Outcome, from_study, link};
use crate::chart::projection::{ChartLayout, estimate_width};
use crate::chart::{Scene, Theme, to_svg};
use crate::figure::{picture, shape};
use crate::study::{Measurement, names};
use crate::text::percent;
use serde::{Deserialize, Serialize};

/// Width and height of the figure in CSS pixels: beside text, and on a phone.
const SIZES: [(u32, u32); 2] = [(860, 440), (360, 330)];

/// Places of the slider, evenly spaced on the axis.
const STEPS: usize = 97;

/// How far beyond the largest run the slider goes, in places of ten.
const BEYOND: f64 = 10.0;

/// What the first view is made of.
pub struct Home<'a> {
    /// Of the study whose figure is shown.
    pub source: &'a Source<'a>,
    pub papers: &'a [Listed],
    pub answer: &'a Answer,
    /// Address of the site's repository, where it is known.
    pub repository: Option<String>,
}

/// What the bundled model says of a picture that comes with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The picture's path in the site.
    pub file: String,
    /// What it shows.
    pub label: String,
    /// Captions and their probabilities, the likeliest first.
    pub shares: Vec<(String, f64)>,
}

impl Answer {
    /// How many captions are shown.
    const SHOWN: usize = 3;

    /// Of the sample that the model is surest about, among the captions of all samples; from the model's
    /// facts (`public/clip/shapes.json`).
    ///
    /// # Errors
    /// Where they are not as described there.
    pub fn new(facts: &str) -> Result<Answer, String> {
        let facts: Facts = serde_json::from_str(facts).map_err(|e| e.to_string())?;
        let answers = facts.samples.iter().map(|sample| facts.answer(sample));
        let share = |answer: &Answer| answer.shares.first().map_or(0.0, |(_, share)| *share);
        let surest = answers.max_by(|a, b| share(a).total_cmp(&share(b)));
        surest.ok_or_else(|| "the model has no sample".to_owned())
    }
}

/// Of a model and its samples.
#[derive(Deserialize)]
struct Facts {
    scale: f64,
    samples: Vec<Sample>,
}

/// A picture and its caption, embedded: unit vectors.
#[derive(Deserialize)]
struct Sample {
    file: String,
    label: String,
    image: Vec<f64>,
    text: Vec<f64>,
}

impl Facts {
    /// The softmax of the scaled cosines.
    fn answer(&self, sample: &Sample) -> Answer {
        let cosine =
            |text: &[f64]| -> f64 { sample.image.iter().zip(text).map(|(a, b)| a * b).sum() };
        let shares = self.samples.iter().map(|caption| {
            let share = (self.scale * cosine(&caption.text)).exp();
            (caption.label.clone(), share)
        });
        let mut shares: Vec<(String, f64)> = shares.collect();
        let all: f64 = shares.iter().map(|(_, share)| share).sum();
        for (_, share) in &mut shares {
            *share /= all;
        }
        shares.sort_by(|a, b| b.1.total_cmp(&a.1));
        shares.truncate(Answer::SHOWN);
        Answer {
            file: format!("clip/{}", sample.file),
            label: sample.label.clone(),
            shares,
        }
    }
}

/// The slider at one place: what the reader sees there.
#[derive(Serialize)]
struct Step {
    /// On the axis.
    place: f64,
    /// "2.14 × 10¹² GFLOPs"
    at: String,
    /// The trained model whose compute is nearest.
    near: String,
    /// Of each series: the predicted error, and its interval.
    laws: Vec<[String; 2]>,
    /// Where the place is in the picture, in percent of its width: wide and narrow.
    x: [f64; 2],
    /// Where each law is there, in percent of the height: wide and narrow.
    y: Vec<[f64; 2]>,
}

impl Home<'_> {
    /// The view as HTML, and the files beside the papers to read that it shows.
    ///
    /// # Errors
    /// Where the first study's first table draws no law.
    pub fn html(&self) -> Result<(String, Files), String> {
        let (figure, files) = self.figure()?;
        let html = format!(
            "<a class=\"skip\" href=\"#home-main\">Skip to content</a>\n{}<main id=\"home-main\" class=\"home\" tabindex=\"-1\">\n\
             <header class=\"opening\"><h1>Scaling laws, recomputed</h1>\n\
             <p class=\"lead\">Papers say how far a model gets with how much compute. Refit recomputes what they printed from the measurements that they released: in your browser, every number.</p>\n\
             <noscript><p>Explore, Verify and Run need JavaScript. The <a href=\"read/\">papers to read</a> do not.</p></noscript></header>\n\
             {figure}{}{}</main>\n",
            masthead("", "read/", View::Home),
            self.papers(),
            self.cards(),
        );
        Ok((html, files))
    }

    /// The laws of the study's first table, and a slider that asks them.
    fn figure(&self) -> Result<(String, Files), String> {
        let source = self.source;
        let study = source.study;
        let (mut analysis, drawing) = (from_study(study, "").0, Drawing::default());
        let rows = source.rows(&mut analysis)?;
        let architectures = source.library.architectures(study);
        let shown = analysis::run(&analysis, rows, architectures);
        let mut scene = picture(&analysis, &shown, rows, &drawing).scene;
        scene.legend.clear();
        let mut files = Files::new();
        for ((width, height), name) in SIZES.into_iter().zip(FILES) {
            let svg = to_svg(&scene, &Theme::light(), width, height);
            files.insert(name.to_owned(), themed(&svg.map_err(|e| e.to_string())?));
        }
        let steps = steps(&analysis, &shown, rows, &scene, self)?;
        files.insert(
            STEPS_FILE.to_owned(),
            serde_json::to_string(&steps).map_err(|e| e.to_string())?,
        );
        // At the largest of the runs.
        let largest = shown.range().map_or(0.0, |(_, high)| high);
        let start = steps.iter().rposition(|step| step.place <= largest);
        let start = start.unwrap_or_default();
        let of = names::measured(study, &analysis.dataset, &analysis.metric);
        let title = claim(&analysis, &shown).unwrap_or_else(|| of.clone());
        let html = format!(
            "<figure class=\"main-figure\">\n<h2>{}</h2>\n<p class=\"subtitle\">{}: error over training compute. Each point is a trained model; the laws are fitted to the best of each compute. <cite>{}</cite></p>\n\
             <div class=\"plot\"><picture><source media=\"(max-width: 40rem)\" srcset=\"read/{}\" width=\"{}\" height=\"{}\"><img src=\"read/{}\" width=\"{}\" height=\"{}\" alt=\"{}\" loading=\"lazy\"></picture>{}</div>\n{}\
             <p class=\"ways\"><a href=\"?{}\">Explore these runs</a> <a href=\"read/{}/\">Read about them</a></p>\n</figure>\n",
            escape(&title),
            escape(&of),
            escape(&study.title),
            FILES[1],
            SIZES[1].0,
            SIZES[1].1,
            FILES[0],
            SIZES[0].0,
            SIZES[0].1,
            escape(&format!(
                "{of}: error over compute for {}.",
                series_names(&shown).join(" and ")
            )),
            cursor(&shown),
            asked(&shown, &steps, start),
            escape(&link(&analysis, &drawing)),
            escape(&study.id),
        );
        Ok((html, files))
    }

    fn papers(&self) -> String {
        let mut html = "<section aria-labelledby=\"papers\"><h2 id=\"papers\">Can the published numbers be reproduced?</h2>\n<ul class=\"cards\">\n".to_owned();
        for paper in self.papers {
            let id = escape(&paper.id);
            html.push_str(&format!(
                "<li><h3><a href=\"read/{id}/\">{}</a></h3>\n<p class=\"byline\">{}</p>\n<p>{}</p>\n{}{}<p class=\"ways\"><a href=\"read/{id}/\">Read</a> <a href=\"?{}\">Explore</a></p></li>\n",
                escape(&paper.title),
                escape(&paper.paper),
                escape(&paper.description),
                verdicts(paper, ""),
                differing(paper),
                escape(&paper.explore),
            ));
        }
        html + "</ul></section>\n"
    }

    fn cards(&self) -> String {
        let answer = self.answer;
        let host = match &self.repository {
            Some(address) => format!("<a href=\"{}\">Host your own paper</a>", escape(address)),
            None => "Host your own paper".to_owned(),
        };
        let mut shares = String::new();
        for (label, share) in &answer.shares {
            let right = if *label == answer.label {
                " class=\"right\""
            } else {
                ""
            };
            shares.push_str(&format!(
                "<li{right}><span>{}</span> <meter min=\"0\" max=\"1\" value=\"{share:.4}\">{}</meter> <b>{}</b></li>",
                escape(label),
                percent(*share),
                percent(*share),
            ));
        }
        format!(
            "<section aria-labelledby=\"try\"><h2 id=\"try\">Try it yourself</h2>\n<ul class=\"cards\">\n\
             <li><h3><a href=\"?page=run\">Run a model</a></h3>\n\
             <div class=\"answer\"><img src=\"{}\" width=\"96\" height=\"96\" alt=\"{}\" loading=\"lazy\"><ol>{shares}</ol></div>\n\
             <p>A small CLIP comes with the page and answers at once, on your GPU or processor. ViT-B/32 and others are loaded when you ask for them; your images stay on your device.</p></li>\n\
             <li><h3><a href=\"?page=yours\">Open your own runs</a></h3>\n\
             <p>Drop a table: CSV, Parquet, Excel, JSON, Weights &amp; Biases exports. Refit says what it takes each column for, asks where it is unsure, and fits the same laws. Nothing is uploaded.</p></li>\n\
             <li><h3>{host}</h3>\n\
             <p>A paper is a folder: a table of runs, its printed numbers, a text. Use the repository as a template, put the folder into <code>data/</code>, push: the page is published with it.</p></li>\n</ul></section>\n",
            escape(&answer.file),
            escape(&answer.label),
        )
    }
}

/// The figure's files, wide and narrow, beside the papers to read.
const FILES: [&str; 2] = ["home-wide.svg", "home-narrow.svg"];

/// What the slider shows, read by `home.js`.
const STEPS_FILE: &str = "home.json";

fn series_names(outcome: &Outcome) -> Vec<String> {
    outcome.series.iter().map(analysis::Series::name).collect()
}

/// Of two laws that cross once: which is lower beyond, and from where.
fn claim(analysis: &Analysis, outcome: &Outcome) -> Option<String> {
    let [a, b] = &outcome.series[..] else {
        return None;
    };
    let pair = Pair {
        a: a.fit.as_ref().ok()?,
        b: b.fit.as_ref().ok()?,
        resamples: None,
    };
    let crossings = pair.crossings(outcome.range()?);
    let [crossing] = &crossings[..] else {
        return None;
    };
    let (lower, other) = match crossing.second_is_lower_beyond {
        true => (b, a),
        false => (a, b),
    };
    let family = |series: &analysis::Series| names::family(series.study, &series.family).to_owned();
    Some(format!(
        "{} overtakes {} at about {}",
        family(lower),
        family(other),
        with_unit(crossing.x, 1, analysis.unit())
    ))
}

fn steps(
    analysis: &Analysis,
    shown: &Outcome,
    rows: &[Measurement],
    scene: &Scene,
    home: &Home,
) -> Result<Vec<Step>, String> {
    let layouts = SIZES.map(|(width, height)| {
        ChartLayout::new(scene, f64::from(width), f64::from(height), &estimate_width)
    });
    let (low, high) = shown.range().ok_or("the first table selects no point")?;
    let high = (high * BEYOND).min(layouts[0].x.data.1);
    let place = |i: usize| low * (high / low).powf(i as f64 / (STEPS - 1) as f64);
    let study = analysis.study();
    let asked = Analysis {
        at: (0..STEPS).map(|i| format!("{:e}", place(i))).collect(),
        ..analysis.clone()
    };
    let outcome = analysis::run(&asked, rows, home.source.library.architectures(study));
    let unit = analysis.loss_unit();
    let percents = |pixel: f64, whole: f64| (1e4 * pixel / whole).round() / 100.0;
    let step = |i: usize| {
        let x = place(i);
        let mut laws = Vec::new();
        let mut y = Vec::new();
        for series in &outcome.series {
            let told = series.predictions.get(i).and_then(|p| p.as_ref().ok());
            let told = told.ok_or("a law of the first table has no prediction")?;
            let interval = match (told.low, told.high) {
                (Some(low), Some(high)) => format!("{} to {}", unit.text(low), unit.text(high)),
                _ => String::new(),
            };
            laws.push([unit.text(told.error), interval]);
            y.push([0, 1].map(|k| {
                let pixel = layouts[k].y.to_pixel(told.error).unwrap_or(0.0);
                percents(pixel, layouts[k].height)
            }));
        }
        Ok(Step {
            place: x,
            at: with_unit(x, 2, analysis.unit()),
            near: near(shown, rows, x),
            laws,
            x: [0, 1].map(|k| {
                let pixel = layouts[k].x.to_pixel(x).unwrap_or(0.0);
                percents(pixel, layouts[k].width)
            }),
            y,
        })
    };
    (0..STEPS).map(step).collect()
}

/// The best of the trained models whose compute is nearest.
fn near(outcome: &Outcome, rows: &[Measurement], x: f64) -> String {
    let points = outcome.series.iter().flat_map(|series| {
        let rows = series.frontier.iter().map(|p| rows.get(p.row));
        rows.flatten().map(move |row| (series, row))
    });
    let away = |m: &Measurement| m.compute.map_or(f64::INFINITY, |c| (c / x).ln().abs());
    let nearest = points.min_by(|(_, a), (_, b)| away(a).total_cmp(&away(b)));
    nearest.map_or(String::new(), |(series, m)| {
        let family = names::family(series.study, &series.family);
        let samples = match m.samples.as_str() {
            "" => String::new(),
            samples => format!(", {samples} {}", series.study.samples_noun),
        };
        format!("{family} {}{samples}", names::run(series.study, m))
    })
}

/// The line at the slider's place and a dot on each law; placed by the page's script.
fn cursor(outcome: &Outcome) -> String {
    let dots = (0..outcome.series.len())
        .map(|i| format!("<span class=\"dot series-{}\" hidden></span>", i % PALETTE));
    format!(
        "<span class=\"cursor\" hidden></span>{}",
        dots.collect::<String>()
    )
}

/// The slider, and what the laws say at its place.
fn asked(outcome: &Outcome, steps: &[Step], start: usize) -> String {
    let Some(step) = steps.get(start) else {
        return String::new();
    };
    let laws = outcome.series.iter().zip(&step.laws).enumerate();
    let laws = laws.map(|(i, (series, [error, interval]))| {
        format!(
            "<li><span class=\"series-{}\" aria-hidden=\"true\">{}</span> {}: <b data-law>{error}</b> <span class=\"interval\" data-interval>{interval}</span></li>",
            i % PALETTE,
            shape(i).glyph(),
            escape(&series.name()),
        )
    });
    format!(
        "<div class=\"asked\"><label hidden>Training compute <input type=\"range\" min=\"0\" max=\"{}\" value=\"{start}\"></label>\n\
         <output><p>Predicted error at <b data-at>{}</b>, with its 95 % interval:</p><ul>{}</ul><p class=\"near\">Trained with about as much: <span data-near>{}</span></p></output></div>\n",
        steps.len() - 1,
        escape(&step.at),
        laws.collect::<String>(),
        escape(&step.near),
    )
}

/// What of a paper differs, by name.
fn differing(paper: &Listed) -> String {
    const NAMED: usize = 3;
    let names = &paper.differing;
    if names.is_empty() {
        return String::new();
    }
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let named: Vec<String> = names.iter().take(NAMED).map(|name| escape(name)).collect();
    format!(
        "<p class=\"differing\">Differs: {}{more}.</p>\n",
        named.join("; ")
    )
}
