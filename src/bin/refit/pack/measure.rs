//! What a pack's model answers beside the original.

use super::lists::List;
use crate::labelled::Labelled;
use crate::model::{self, sentence};
use crate::pictures::{self, Pictures};
use pollster::block_on;
use refit::class_lists::{DEFAULT_TEMPLATES, LABELS, id};
use refit::teach::labels;
use refit_clip::Model;
use refit_clip::backend::Backend;
use refit_clip::pack::{Difference, Measured, Top1};
use refit_clip::preprocess::{PixelValues, preprocess};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The page's sample images, which every pack is measured on.
const SAMPLES: [&[u8]; 10] = [
    include_bytes!("../../../../public/clip/samples/007.png"),
    include_bytes!("../../../../public/clip/samples/014.png"),
    include_bytes!("../../../../public/clip/samples/022.png"),
    include_bytes!("../../../../public/clip/samples/028.png"),
    include_bytes!("../../../../public/clip/samples/058.png"),
    include_bytes!("../../../../public/clip/samples/076.png"),
    include_bytes!("../../../../public/clip/samples/077.png"),
    include_bytes!("../../../../public/clip/samples/124.png"),
    include_bytes!("../../../../public/clip/samples/132.png"),
    include_bytes!("../../../../public/clip/samples/150.png"),
];

/// Pictures that are embedded, and classes among which the first is compared.
struct Set {
    of: String,
    pictures: Pictures,
    classes: String,
    labels: Vec<String>,
    /// Of labelled pictures, by their paths.
    class_of: BTreeMap<String, usize>,
}

/// What both models are asked.
pub(super) struct Questions {
    sets: Vec<Set>,
    texts: Vec<String>,
}

/// What one model answers.
pub(super) struct Answers {
    samples: Vec<Vec<f32>>,
    texts: Vec<Vec<f32>>,
    sets: Vec<Vec<Answer>>,
}

struct Answer {
    picture: String,
    embedding: Vec<f32>,
    /// The class that comes first.
    first: Option<usize>,
}

impl Questions {
    /// `list` has the classes for pictures that are not labelled.
    pub(super) fn new(
        labelled: &[PathBuf],
        images: &[PathBuf],
        list: Option<&List>,
    ) -> Result<Self, String> {
        let mut sets = Vec::new();
        for path in labelled {
            let classes = Labelled::find(path)?.classes;
            let (mut paths, mut class_of) = (Vec::new(), BTreeMap::new());
            for (class, (_, files)) in classes.iter().enumerate() {
                for file in files {
                    class_of.insert(file.display().to_string(), class);
                    paths.push(file.clone());
                }
            }
            let names = classes.iter().map(|(name, _)| labels::in_prompt(name));
            sets.push(Set {
                of: path.display().to_string(),
                pictures: Pictures::find(&paths)?,
                classes: "its own classes".to_owned(),
                labels: names.collect(),
                class_of,
            });
        }
        for path in images {
            let is_pattern = path.to_string_lossy().contains(['*', '?', '[']);
            if !is_pattern && !path.exists() {
                return Err(format!(
                    "{}: there is no such file or folder",
                    path.display()
                ));
            }
            sets.push(Set {
                of: path.display().to_string(),
                pictures: Pictures::find(std::slice::from_ref(path))?,
                classes: list.map_or(String::new(), |list| list.name.clone()),
                labels: list.map_or(Vec::new(), |list| list.labels.clone()),
                class_of: BTreeMap::new(),
            });
        }
        for set in &sets {
            if set.pictures.count() == 0 {
                return Err(format!("{}: there is no picture in it", set.of));
            }
        }
        let short = LABELS.iter().filter(|(name, _)| id(name) != "imagenet");
        let names = short.flat_map(|(_, lines)| lines.text().lines());
        let texts = names.map(|label| DEFAULT_TEMPLATES.replace("{}", label));
        Ok(Questions {
            texts: texts.collect(),
            sets,
        })
    }

    /// `is_first`: says which pictures cannot be read.
    pub(super) fn ask<B: Backend>(
        &self,
        model: &Model<B>,
        templates: &[String],
        is_first: bool,
    ) -> Result<Answers, String> {
        let tokenizer = model::tokenizer(model)?;
        let settings = model.preprocessing();
        let sample = |bytes: &&[u8]| {
            let decoded = pictures::decode(bytes)?;
            Ok(preprocess(&decoded.image()?, settings))
        };
        let samples: Result<Vec<PixelValues>, String> = SAMPLES.iter().map(sample).collect();
        let samples = block_on(model.encode_images(&samples?)).map_err(sentence)?;
        let mut texts = Vec::new();
        for part in self.texts.chunks(16) {
            let tokens: Vec<_> = part.iter().map(|text| tokenizer.encode(text)).collect();
            texts.extend(block_on(model.encode_texts(&tokens)).map_err(sentence)?);
        }
        let mut sets = Vec::new();
        for set in &self.sets {
            let classes = match set.labels.is_empty() {
                true => None,
                false => {
                    let classes = model.classes(&tokenizer, &set.labels, templates);
                    Some(block_on(classes).map_err(sentence)?)
                }
            };
            let mut answers = Vec::new();
            let mut pictures = set.pictures.again(!is_first);
            while let Some(batch) = pictures.next_batch(settings) {
                let (names, pixels): (Vec<String>, Vec<PixelValues>) = batch.into_iter().unzip();
                let embeddings = block_on(model.encode_images(&pixels)).map_err(sentence)?;
                let answer = |(picture, embedding): (String, Vec<f32>)| Answer {
                    first: classes.as_ref().and_then(|classes| {
                        let scores = classes.scores(&embedding);
                        (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]))
                    }),
                    picture,
                    embedding,
                };
                answers.extend(names.into_iter().zip(embeddings).map(answer));
            }
            sets.push(answers);
        }
        Ok(Answers {
            samples,
            texts,
            sets,
        })
    }
}

impl Answers {
    pub(super) fn compare(original: &Self, packed: &Self, questions: &Questions) -> Measured {
        let samples = difference(
            "sample images of the page",
            original.samples.iter().zip(&packed.samples),
        );
        let texts = difference(
            "texts of the ready lists",
            original.texts.iter().zip(&packed.texts),
        );
        let mut measured = Measured {
            images: vec![samples],
            texts: vec![texts],
            top1: Vec::new(),
        };
        let answers = original.sets.iter().zip(&packed.sets);
        for (set, (before, after)) in questions.sets.iter().zip(answers) {
            let pairs = || before.iter().zip(after);
            let embeddings = pairs().map(|(a, b)| (&a.embedding, &b.embedding));
            let of = format!("images of {}", set.of);
            measured.images.push(difference(&of, embeddings));
            if set.labels.is_empty() {
                continue;
            }
            let right = |answers: &[Answer]| {
                let is_right = |answer: &&Answer| {
                    let class = set.class_of.get(&answer.picture);
                    class.is_some() && answer.first.as_ref() == class
                };
                answers.iter().filter(is_right).count()
            };
            measured.top1.push(Top1 {
                of: set.of.clone(),
                classes: set.classes.clone(),
                count: before.len(),
                same: pairs().filter(|(a, b)| a.first == b.first).count(),
                right: (!set.class_of.is_empty()).then(|| [right(before), right(after)]),
            });
        }
        measured
    }
}

fn difference<'a>(
    of: &str,
    pairs: impl Iterator<Item = (&'a Vec<f32>, &'a Vec<f32>)>,
) -> Difference {
    let mut difference = Difference {
        of: of.to_owned(),
        count: 0,
        largest: 0.0,
        cosine: 1.0,
    };
    for (a, b) in pairs {
        difference.count += 1;
        let numbers = || a.iter().zip(b);
        let largest = numbers().map(|(a, b)| (a - b).abs());
        difference.largest = largest.fold(difference.largest, f32::max);
        let cosine: f64 = numbers().map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        difference.cosine = difference.cosine.min(cosine as f32);
    }
    difference
}
