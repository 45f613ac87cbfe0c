//! Teaching a head on the embeddings of labelled pictures: accuracy over shots beside the zero-shot classifier's, and
//! the head of all pictures. The page's worker and the terminal call [`teach`].

pub mod figure;
pub mod folders;
pub mod labels;
mod sentence;
pub mod study;
pub mod table;

use sentence::skipped_sentence;
pub use sentence::{head_sentence, mixed_sentence, sentence};

use refit_clip::head::HeadModel;
use refit_clip::{Classes, Head, Scoring};
use refit_fit::logistic::{
    self, Chosen, Curve, Draw, Experiment, Features, LogisticError, Shots, Summary, summary,
};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// The numbers of shots that are tried where none are named.
pub const SHOTS: [Shots; 6] = [
    Shots::Of(1),
    Shots::Of(2),
    Shots::Of(4),
    Shots::Of(8),
    Shots::Of(16),
    Shots::All,
];

/// What is taught, and how it is tested. Embeddings come beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    /// What the head will be called.
    pub name: String,
    pub model: HeadModel,
    pub classes: Vec<String>,
    /// The class of each embedding.
    pub labels: Vec<usize>,
    /// How many of the embeddings, the last ones, are only tested on. Without any, the pictures that were not drawn
    /// are.
    pub tests: usize,
    pub shots: Vec<Shots>,
    /// Draws for each number of shots.
    pub repeats: usize,
    pub seed: u64,
    /// For each class the embedding of its name, one after the other; empty where there is none.
    pub zero_shot: Vec<f32>,
    /// The model's factor from cosine to logit.
    pub scale: f32,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Taught {
    pub classes: Vec<String>,
    /// Pictures that were taught, and that were only tested on.
    pub pictures: usize,
    pub test_pictures: usize,
    pub repeats: usize,
    pub seed: u64,
    /// Of all pictures that are tested on.
    pub zero_shot: Option<Summary>,
    pub points: Vec<TaughtPoint>,
    pub skipped: Vec<SkippedShots>,
    /// Of the head that all pictures taught: the penalty, and the share of it in the mixture.
    pub penalty: f64,
    pub share: f64,
    /// Parts in the cross-validation of the penalty; 0 where a class has one picture, so that it is 1.
    pub folds: usize,
    /// All pictures taught it.
    pub head: Head,
    /// The same, mixed with the zero-shot classifier by the share.
    pub mixed: Option<Head>,
}

/// A number of shots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaughtPoint {
    pub shots: Shots,
    /// Pictures of all classes that were taught in a draw.
    pub examples: usize,
    /// Pictures that each draw was tested on.
    pub tested: usize,
    pub taught: Summary,
    pub zero_shot: Option<Summary>,
    pub mixed: Option<Summary>,
    /// Each draw's accuracy, penalty and share of the taught head.
    pub draws: Vec<TaughtDraw>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaughtDraw {
    pub taught: f64,
    pub zero_shot: Option<f64>,
    pub mixed: Option<f64>,
    pub penalty: f64,
    pub share: f64,
}

/// Shots for which there are too few pictures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedShots {
    pub shots: Shots,
    pub reason: String,
}

/// Teaches. `vectors` are the embeddings, one after the other; `watch` hears how many heads are taught, of how many,
/// and can stop.
///
/// # Errors
///
/// A sentence for the reader.
pub fn teach(
    lesson: &Lesson,
    vectors: &[f32],
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Taught, String> {
    let count = lesson.labels.len();
    let said = |error: LogisticError| sentence(&error, &lesson.classes);
    if lesson.classes.len() < 2 {
        return Err(said(LogisticError::OneClass));
    }
    let mut counts = vec![0; lesson.classes.len()];
    for label in &lesson.labels[..count - lesson.tests] {
        counts[*label] += 1;
    }
    if let Some(class) = counts.iter().position(|count| *count == 0) {
        let (have, need) = (0, 1);
        return Err(said(LogisticError::TooFew { class, have, need }));
    }
    let features = Features::new(vectors, vectors.len() / count.max(1)).map_err(said)?;
    let rows: Vec<usize> = (0..count).collect();
    let (train, test) = rows.split_at(count - lesson.tests);
    let zero_shot = zero_shot_logits(lesson, vectors, features.width());
    let experiment = Experiment {
        features: &features,
        labels: &lesson.labels,
        classes: lesson.classes.len(),
        train,
        test: (lesson.tests > 0).then_some(test),
        other: zero_shot.as_deref(),
    };
    let (shots, same) = told_apart(&lesson.shots, &counts, lesson.tests > 0);
    let runs: usize = shots.len() * lesson.repeats;
    let curve = experiment.run(&shots, lesson.repeats, lesson.seed, &mut |done, total| {
        watch(done, total.min(runs) + 1)
    });
    let curve = curve.map_err(said)?;
    let done: usize = curve.points.iter().map(|point| point.draws.len()).sum();
    let all = &mut |_| watch(done, done + 1);
    let (weights, chosen) = experiment.teach(train, lesson.seed, all).map_err(said)?;
    let head = head(lesson, &features.head(&weights));
    let tested = if lesson.tests > 0 { test } else { train };
    let is_right = |row: &&usize, logits: &[f64]| {
        logistic::largest(&logits[**row * lesson.classes.len()..][..lesson.classes.len()])
            == lesson.labels[**row]
    };
    let of_zero_shot = zero_shot.as_ref().map(|logits| {
        let right = tested.iter().filter(|row| is_right(row, logits)).count();
        summary(&[right as f64 / tested.len() as f64], tested.len())
    });
    Ok(gathered(lesson, curve, same, &chosen, head, of_zero_shot))
}

/// Shots without a number that draws as many of each class as “all” does, and that number. `counts` are of each class.
fn told_apart(shots: &[Shots], counts: &[usize], has_tests: bool) -> (Vec<Shots>, Option<usize>) {
    let all = counts.iter().map(|count| match has_tests {
        true => *count,
        false => count - logistic::held_out(*count),
    });
    let all: Vec<usize> = all.collect();
    let is_all = |shots: &Shots| match (shots, all.first()) {
        (Shots::Of(count), Some(first)) => count == first && all.iter().all(|n| n == first),
        _ => false,
    };
    let same = shots.iter().find(|shots| is_all(shots));
    match (same, shots.contains(&Shots::All)) {
        (Some(Shots::Of(same)), true) => {
            let others = shots.iter().filter(|shots| !is_all(shots));
            (others.copied().collect(), Some(*same))
        }
        _ => (shots.to_vec(), None),
    }
}

fn gathered(
    lesson: &Lesson,
    curve: Curve,
    same: Option<usize>,
    chosen: &Chosen,
    head: Head,
    zero_shot: Option<Summary>,
) -> Taught {
    let has_zero_shot = !lesson.zero_shot.is_empty();
    Taught {
        classes: lesson.classes.clone(),
        pictures: lesson.labels.len() - lesson.tests,
        test_pictures: lesson.tests,
        repeats: lesson.repeats,
        seed: lesson.seed,
        zero_shot,
        points: curve.points.iter().map(point).collect(),
        skipped: curve
            .skipped
            .into_iter()
            .map(|skipped| SkippedShots {
                reason: skipped_sentence(&skipped, &lesson.classes, lesson.tests > 0),
                shots: skipped.shots,
            })
            .chain(same.map(|same| SkippedShots {
                shots: Shots::Of(same),
                reason: format!("{same} shots are what “all” teaches here; they have one row."),
            }))
            .collect(),
        penalty: chosen.penalty,
        share: chosen.share,
        folds: chosen.folds,
        mixed: has_zero_shot.then(|| mixture(&head, lesson, chosen.share)),
        head,
    }
}

fn point(point: &logistic::Point) -> TaughtPoint {
    let tested = point.draws.first().map_or(0, |draw| draw.tested);
    let of = |accuracy: &dyn Fn(&Draw) -> Option<f64>| {
        let all: Option<Vec<f64>> = point.draws.iter().map(accuracy).collect();
        Some(summary(&all?, tested))
    };
    let draw = |draw: &Draw| TaughtDraw {
        taught: draw.taught,
        zero_shot: draw.other,
        mixed: draw.mixed,
        penalty: draw.chosen.penalty,
        share: draw.chosen.share,
    };
    let taught: Vec<f64> = point.draws.iter().map(|draw| draw.taught).collect();
    TaughtPoint {
        shots: point.shots,
        examples: point.examples,
        tested,
        taught: summary(&taught, tested),
        zero_shot: of(&|draw| draw.other),
        mixed: of(&|draw| draw.mixed),
        draws: point.draws.iter().map(draw).collect(),
    }
}

/// A row of classes for each embedding.
fn zero_shot_logits(lesson: &Lesson, vectors: &[f32], width: usize) -> Option<Vec<f64>> {
    let classes = texts(lesson, width)?;
    let rows = vectors.chunks_exact(width);
    Some(
        rows.flat_map(|row| classes.logits(row, lesson.scale))
            .collect(),
    )
}

fn texts(lesson: &Lesson, width: usize) -> Option<Classes> {
    (!lesson.zero_shot.is_empty()).then(|| Classes {
        labels: lesson.classes.clone(),
        vectors: lesson
            .zero_shot
            .chunks(width)
            .map(<[f32]>::to_vec)
            .collect(),
        scoring: Scoring::Cosine,
    })
}

fn head(lesson: &Lesson, taught: &logistic::Head) -> Head {
    let single = |numbers: &[f64]| numbers.iter().map(|x| *x as f32).collect();
    Head {
        name: lesson.name.clone(),
        labels: lesson.classes.clone(),
        width: taught.width,
        weights: single(&taught.coefficients),
        scoring: Scoring::Linear {
            biases: single(&taught.intercepts),
        },
        model: Some(lesson.model.clone()),
        stacked: 0,
        rescaled: false,
    }
}

/// share × taught + (1 − share) × zero-shot, as one head.
fn mixture(taught: &Head, lesson: &Lesson, share: f64) -> Head {
    let rest = (1.0 - share) * f64::from(lesson.scale);
    let each = taught.weights.iter().zip(&lesson.zero_shot);
    let weights = each.map(|(w, t)| (share * f64::from(*w) + rest * f64::from(*t)) as f32);
    let biases = match &taught.scoring {
        Scoring::Linear { biases } => biases
            .iter()
            .map(|b| (share * f64::from(*b)) as f32)
            .collect(),
        Scoring::Cosine => Vec::new(),
    };
    Head {
        weights: weights.collect(),
        scoring: Scoring::Linear { biases },
        ..taught.clone()
    }
}

/// `1,2,16,all`.
///
/// # Errors
///
/// A sentence that names what is no number of shots.
pub fn shots(text: &str) -> Result<Vec<Shots>, String> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let shots = parts.map(|part| match part.parse() {
        Ok(count) if count > 0 => Ok(Shots::Of(count)),
        _ if part == "all" => Ok(Shots::All),
        _ => Err(format!(
            "“{part}” is no number of shots; write whole numbers and “all”, such as 1,2,4,all."
        )),
    });
    let shots: Vec<Shots> = shots.collect::<Result<_, _>>()?;
    match shots.is_empty() {
        true => Err("There is no number of shots; write such as 1,2,4,all.".to_owned()),
        false => Ok(shots),
    }
}

/// A number of shots, as it is written.
pub fn written(shots: Shots) -> String {
    match shots {
        Shots::Of(count) => count.to_string(),
        Shots::All => "all".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shots_that_are_all_have_one_row() {
        let asked = [Shots::Of(1), Shots::Of(16), Shots::All];
        let one_row = (vec![Shots::Of(1), Shots::All], Some(16));
        // Of 20 a fifth is tested on; with a test set none.
        assert_eq!(told_apart(&asked, &[20, 20], false), one_row);
        assert_eq!(told_apart(&asked, &[16, 16], true), one_row);
        for (counts, has_tests) in [([20, 22], false), ([20, 20], true), ([16, 16], false)] {
            let both = (asked.to_vec(), None);
            assert_eq!(told_apart(&asked, &counts, has_tests), both);
        }
        let without_all = [Shots::Of(16)];
        assert_eq!(told_apart(&without_all, &[20], false).0, without_all);
    }
}
