//! A picture that comes with the page, and what the bundled model says of it.

use serde::Deserialize;

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
