//! Accuracy against accuracy: the same models on two benchmarks, the line through reference models,
//! and how far the others lie above it.
//!
//! The statistics are [`refit_fit::robustness`]'s; here rows become models. A model is told by all of
//! its row but benchmark, metric and value.

use crate::study::description::Quantity;
use crate::study::{Measurement, Study, UNSPECIFIED, names};
use refit_fit::order;
use refit_fit::robustness::{AccuracyLine, Axis, Expected, NoLine};
use serde::Serialize;
use std::collections::BTreeMap;

/// A benchmark and its metric, an accuracy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Benchmark {
    pub dataset: String,
    pub metric: String,
}

/// What is drawn against what.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Choice {
    /// Without the shift.
    pub x: Benchmark,
    /// Under it.
    pub y: Benchmark,
    /// Of both accuracies.
    pub axis: Axis,
    /// Families or pre-training sets whose models the line goes through; empty for all models of the
    /// first source.
    pub reference: Vec<String>,
}

/// Rows of one study.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub study: Study,
    pub rows: &'a [Measurement],
}

/// One model on both benchmarks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Model {
    pub study: Study,
    pub name: String,
    pub family: String,
    pub pretrain: String,
    /// Accuracies, as fractions.
    pub x: f64,
    pub y: f64,
    /// Whether the line goes through it.
    pub reference: bool,
    /// What the line expects of `x`; `None` without a line.
    pub expected: Option<Expected>,
    /// Accuracy under the shift less what is expected, as a fraction.
    pub effective_robustness: Option<f64>,
}

/// What comes of a choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// In order of effective robustness, the highest first.
    pub models: Vec<Model>,
    pub line: Result<AccuracyLine, NoLine>,
    /// Models that have no place on the axes: an accuracy of 0 or 1.
    pub off_axis: Vec<String>,
    /// How many models were measured on one of the benchmarks alone.
    pub on_one_alone: usize,
}

/// Models of the sources on both benchmarks. A metric that is no accuracy in a study leaves that
/// study out.
pub fn transfer(choice: &Choice, sources: &[Source]) -> Transfer {
    let mut models = Vec::new();
    let mut off_axis = Vec::new();
    let mut on_one_alone = 0;
    for (place, source) in sources.iter().enumerate() {
        let of = |b: &Benchmark| source.study.quantity(&b.metric) == Quantity::Accuracy;
        if !of(&choice.x) || !of(&choice.y) {
            continue;
        }
        for (x, y) in matched(choice, source.rows) {
            let (Some(x), Some(y)) = (x, y) else {
                on_one_alone += 1;
                continue;
            };
            let name = names::run(source.study, x);
            let on_axis = |m: &Measurement| choice.axis.forward(m.value).is_ok();
            if !on_axis(x) || !on_axis(y) {
                off_axis.push(name);
                continue;
            }
            models.push(Model {
                study: source.study,
                name,
                family: x.family.clone(),
                pretrain: x.pretrain.clone(),
                x: x.value,
                y: y.value,
                reference: is_reference(choice, place, x),
                expected: None,
                effective_robustness: None,
            });
        }
    }
    let reference: Vec<(f64, f64)> = (models.iter())
        .filter(|m| m.reference)
        .map(|m| (m.x, m.y))
        .collect();
    let line = AccuracyLine::fit(choice.axis, &reference);
    if let Ok(line) = &line {
        for model in &mut models {
            // They have places on the axis: the others are in `off_axis`.
            model.expected = line.expected(model.x).ok();
            model.effective_robustness = line.effective_robustness(model.x, model.y).ok();
        }
    }
    order::sort_by(&mut models, |a, b| {
        let height = |m: &Model| m.effective_robustness.unwrap_or(f64::NEG_INFINITY);
        height(b).total_cmp(&height(a))
    });
    Transfer {
        models,
        line,
        off_axis,
        on_one_alone,
    }
}

impl Transfer {
    /// Points of the line over the models' range: accuracy, and what is expected of it.
    pub fn curve(&self, count: u32) -> Vec<(f64, Expected)> {
        let Ok(line) = &self.line else {
            return Vec::new();
        };
        let places = self
            .models
            .iter()
            .filter_map(|m| line.axis.forward(m.x).ok());
        let (low, high) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (x.min(low), x.max(high))
        });
        let step = |k: u32| low + (high - low) * f64::from(k) / f64::from(count.max(1));
        let places = (0..=count).map(|k| line.axis.back(step(k)));
        places
            .filter_map(|x| Some((x, line.expected(x).ok()?)))
            .collect()
    }
}

/// The rows of each model on the two benchmarks, in order of the table.
type Pair<'a> = (Option<&'a Measurement>, Option<&'a Measurement>);

fn matched<'a>(choice: &Choice, rows: &'a [Measurement]) -> Vec<Pair<'a>> {
    let is = |m: &Measurement, b: &Benchmark| m.dataset == b.dataset && m.metric == b.metric;
    let mut places: BTreeMap<Key, usize> = BTreeMap::new();
    let mut pairs: Vec<Pair> = Vec::new();
    for row in rows {
        let (on_x, on_y) = (is(row, &choice.x), is(row, &choice.y));
        if !on_x && !on_y {
            continue;
        }
        let place = *places.entry(key(row)).or_insert_with(|| {
            pairs.push((None, None));
            pairs.len() - 1
        });
        if on_x {
            pairs[place].0 = Some(row);
        }
        if on_y {
            pairs[place].1 = Some(row);
        }
    }
    pairs
}

type Key<'a> = ([&'a str; 6], [Option<u64>; 3], bool);

fn key(m: &Measurement) -> Key<'_> {
    let numbers = [m.samples_seen, m.parameters, m.compute];
    (
        [
            &m.run,
            &m.family,
            &m.architecture,
            &m.pretrain,
            &m.schedule,
            &m.samples,
        ],
        numbers.map(|x| x.map(f64::to_bits)),
        m.own,
    )
}

fn is_reference(choice: &Choice, place: usize, m: &Measurement) -> bool {
    match choice.reference.as_slice() {
        [] => place == 0,
        chosen => chosen
            .iter()
            .any(|name| *name == m.family || *name == m.pretrain),
    }
}

/// What reference models can be chosen by: the families of the models, or where they are all of
/// one, their pre-training sets.
pub fn reference_groups(models: &[Model]) -> Vec<(Study, String)> {
    let distinct = |of: fn(&Model) -> &String| {
        let mut found: Vec<(Study, String)> = Vec::new();
        for model in models {
            let name = of(model);
            if name != UNSPECIFIED && !found.iter().any(|(_, known)| known == name) {
                found.push((model.study, name.clone()));
            }
        }
        order::sort_by(&mut found, |a, b| a.1.cmp(&b.1));
        found
    };
    let families = distinct(|m| &m.family);
    match families.len() {
        0 | 1 => distinct(|m| &m.pretrain),
        _ => families,
    }
}

/// The benchmarks of a table that are accuracies, in order.
pub fn benchmarks(study: Study, rows: &[Measurement]) -> Vec<Benchmark> {
    let mut found = BTreeMap::new();
    for row in rows {
        if study.quantity(&row.metric) == Quantity::Accuracy {
            found.insert((&row.dataset, &row.metric), ());
        }
    }
    let found = found.into_keys();
    let found = found.map(|(dataset, metric)| Benchmark {
        dataset: dataset.clone(),
        metric: metric.clone(),
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Table, bundled};

    fn choice(y: &str, axis: Axis, reference: &[&str]) -> Choice {
        let of = |dataset: &str| Benchmark {
            dataset: dataset.to_owned(),
            metric: "acc1".to_owned(),
        };
        Choice {
            x: of("imagenet1k"),
            y: of(y),
            axis,
            reference: reference.iter().map(|r| (*r).to_owned()).collect(),
        }
    }

    fn source(table: &str) -> (Study, Vec<Measurement>) {
        let table = Table::find(table).unwrap();
        (table.study(), bundled::read(table).0)
    }

    /// The numbers of OpenAI's ViT-B/16 by hand: least squares on logits, from the files' text alone.
    #[test]
    fn effective_robustness_of_a_clip_model_by_hand() {
        let (robustness, testbed) = source("imagenet_testbed");
        let (openclip, zeroshot) = source("zeroshot");
        let sources = [
            Source {
                study: robustness,
                rows: &testbed,
            },
            Source {
                study: openclip,
                rows: &zeroshot,
            },
        ];
        let found = transfer(&choice("imagenetv2", Axis::Logit, &["testbed"]), &sources);

        let text = bundled::text("data/robustness/testbed.csv").unwrap();
        let of = |dataset: &str| -> BTreeMap<&str, f64> {
            let rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
            rows.filter(|cells| cells[1] == "testbed" && cells[2] == dataset)
                .map(|cells| (cells[0], cells[4].parse().unwrap()))
                .collect()
        };
        let (x, y) = (of("imagenet1k"), of("imagenetv2"));
        let logit = |p: f64| (p / (1.0 - p)).ln();
        let points: Vec<(f64, f64)> = x.iter().map(|(m, x)| (logit(*x), logit(y[m]))).collect();
        // Without the two zero-shot models of CLIP.
        assert_eq!(points.len(), 328);
        let n = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
        let (mx, my) = (mean(|p| p.0), mean(|p| p.1));
        let sxy: f64 = points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum();
        let sxx: f64 = points.iter().map(|p| (p.0 - mx).powi(2)).sum();
        let (clip_x, clip_y) = (0.68352, 0.6188);
        let expected = my + sxy / sxx * (logit(clip_x) - mx);
        let expected = 1.0 / (1.0 + (-expected).exp());

        let clip = found.models.iter().find(|m| m.name == "ViT-B-16: openai");
        let clip = clip.unwrap();
        assert!((clip.x - clip_x).abs() < 1e-9 && (clip.y - clip_y).abs() < 1e-9);
        assert!(!clip.reference);
        let robustness = clip.effective_robustness.unwrap();
        assert!(
            (robustness - (clip_y - expected)).abs() < 1e-9,
            "{robustness}"
        );
        // Above the line, and above where 95 % of single models lie.
        assert!(clip.y > clip.expected.unwrap().single.unwrap().1);
        assert_eq!(found.line.unwrap().line.points, 328);
    }

    #[test]
    fn models_are_matched_counted_and_left_out_where_the_axis_ends() {
        let (study, all) = source("imagenet_testbed");
        let mut rows: Vec<Measurement> = (all.iter())
            .filter(|m| m.dataset == "imagenet1k" || m.dataset == "imagenet-r")
            .cloned()
            .collect();
        let found = transfer(
            &choice("imagenet-r", Axis::Probit, &[]),
            &[Source { study, rows: &rows }],
        );
        // Six models were not measured on ImageNet-R.
        assert_eq!((found.models.len(), found.on_one_alone), (324, 6));
        assert!(found.off_axis.is_empty() && found.models.iter().all(|m| m.reference));
        let sorted = |w: &[Model]| w[0].effective_robustness >= w[1].effective_robustness;
        assert!(found.models.windows(2).all(sorted));

        let at = rows.iter().position(|m| m.dataset == "imagenet-r").unwrap();
        rows[at].value = 0.0;
        let name = rows[at].run.clone();
        let found = transfer(
            &choice("imagenet-r", Axis::Probit, &[]),
            &[Source { study, rows: &rows }],
        );
        assert_eq!((found.models.len(), found.off_axis), (323, vec![name]));
        // On a linear axis it has a place.
        let found = transfer(
            &choice("imagenet-r", Axis::Linear, &[]),
            &[Source { study, rows: &rows }],
        );
        assert_eq!((found.models.len(), found.off_axis.len()), (324, 0));
        // Without reference models there is no line, and nothing is said of robustness.
        let found = transfer(
            &choice("imagenet-r", Axis::Logit, &["none"]),
            &[Source { study, rows: &rows }],
        );
        assert!(found.line.is_err() && found.curve(10).is_empty());
        assert!(
            found
                .models
                .iter()
                .all(|m| m.effective_robustness.is_none())
        );
    }

    #[test]
    fn reference_models_are_chosen_by_what_tells_them_apart() {
        let (study, rows) = source("zeroshot");
        let one = [Source { study, rows: &rows }];
        let found = transfer(&choice("imagenetv2", Axis::Logit, &["CLIP-WIT"]), &one);
        let groups = reference_groups(&found.models);
        let groups: Vec<&str> = groups.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(groups, ["CLIP-WIT", "LAION-2B", "LAION-400M", "LAION-80M"]);
        let reference = found.models.iter().filter(|m| m.reference).count();
        assert_eq!((reference, found.models.len()), (3, 32));
        assert!(benchmarks(study, &rows).contains(&choice("imagenetv2", Axis::Logit, &[]).y));
    }
}
