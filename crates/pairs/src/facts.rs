//! What filters know of a pair.

use crate::records::Cell;
use refit_npy::Uid;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What is known of a pair; `None` is not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The text.
    pub text: String,
    /// Where the picture was.
    pub url: Option<String>,
    /// Its identity in DataComp.
    pub uid: Option<Uid>,
    /// Width and height of the picture in pixels, before it was resized where that is known.
    pub size: Option<(f64, f64)>,
    /// Bytes of the encoded picture.
    pub bytes: Option<u64>,
    /// The cosine of picture and text.
    pub score: Option<f32>,
    /// The probability of a watermark, by LAION's detector.
    pub watermark: Option<f32>,
    /// The probability that it is unsafe, by LAION's detector.
    pub unsafety: Option<f32>,
    /// The class, by its place in a list, to which the picture is nearest.
    pub nearest: Option<usize>,
    /// What each of the heads says of the picture, in the order of the rules' list of heads.
    pub heads: Vec<Told>,
}

/// What a head says of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// A score, of a head that gives one number.
    Score(f32),
    /// The most likely class, by its place among the head's.
    Class(usize),
}

/// What stands in a table or a JSON, by its place in [`NAMES`].
#[derive(Clone, Copy)]
enum Known {
    Url,
    Uid,
    Width,
    Height,
    Bytes,
    Watermark,
    Unsafety,
}

/// The names that each has; the first that is there counts.
const NAMES: [&[&str]; 7] = [
    &["url", "URL"],
    &["uid"],
    &["original_width", "width", "WIDTH"],
    &["original_height", "height", "HEIGHT"],
    &["bytes"],
    &["pwatermark", "watermark_score"],
    &["punsafe"],
];

impl Facts {
    /// Of a text and what else is known.
    fn new<'a>(text: String, get: impl Fn(Known) -> Option<Cow<'a, str>>) -> Facts {
        let number = |known| {
            let number = get(known)?.trim().parse::<f64>().ok();
            number.filter(|x| x.is_finite())
        };
        let size = number(Known::Width).zip(number(Known::Height));
        Facts {
            text,
            url: get(Known::Url).map(Cow::into_owned),
            uid: get(Known::Uid).and_then(|uid| uid.trim().parse().ok()),
            size: size.filter(|(width, height)| *width > 0.0 && *height > 0.0),
            bytes: number(Known::Bytes).filter(|x| *x >= 0.0).map(|x| x as u64),
            score: None,
            watermark: number(Known::Watermark).map(|x| x as f32),
            unsafety: number(Known::Unsafety).map(|x| x as f32),
            nearest: None,
            heads: Vec::new(),
        }
    }

    /// Of a pair's JSON.
    pub fn of_metadata(text: &str, metadata: &Map<String, Value>) -> Facts {
        Facts::new(text.to_owned(), |known| {
            let mut names = NAMES[known as usize].iter();
            let value = names.find_map(|name| metadata.get(*name))?;
            match value {
                Value::String(text) => Some(Cow::Borrowed(text.as_str())),
                Value::Number(number) => Some(Cow::Owned(number.to_string())),
                _ => None,
            }
        })
    }
}

/// Where a table's columns have the facts.
#[derive(Clone, Debug)]
pub struct Source {
    /// The columns to read, for [`Records::read`](crate::records::Records::read): the text, the score, and the others.
    pub columns: Vec<usize>,
    has_score: bool,
    /// For each of [`NAMES`] which of `columns`.
    others: [Option<usize>; NAMES.len()],
}

impl Source {
    /// Finds the facts in a table's columns, of which the text's and, if there is one, the score's are known.
    pub fn new(columns: &[String], text: usize, score: Option<usize>) -> Source {
        let mut read = vec![text];
        read.extend(score);
        let others = NAMES.map(|names| {
            let mut names = names.iter();
            let at = names.find_map(|name| columns.iter().position(|column| column == name))?;
            read.push(at);
            Some(read.len() - 1)
        });
        Source {
            columns: read,
            has_score: score.is_some(),
            others,
        }
    }

    /// The facts of a row; `None` where it has no text.
    pub fn facts(&self, cells: &[Cell<'_>]) -> Option<Facts> {
        let cell = |at: usize| {
            let cell = cells.get(at).copied().flatten()?;
            Some(String::from_utf8_lossy(cell)).filter(|cell| !cell.is_empty())
        };
        let text = cell(0)?.into_owned();
        let mut facts = Facts::new(text, |known| cell(self.others[known as usize]?));
        if self.has_score {
            let score = cell(1).and_then(|score| score.trim().parse::<f32>().ok());
            facts.score = score.filter(|score| score.is_finite());
        }
        Some(facts)
    }
}
