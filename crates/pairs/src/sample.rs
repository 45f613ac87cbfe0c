//! Members to pairs, as webdataset groups them: a key is a name up to the first dot after its folder, and the members of
//! a key stand together
//! ([format](https://github.com/webdataset/webdataset/blob/main/FORMAT.md)).

use crate::problem::{Problem, Trouble};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A picture with its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Its name without the ending.
    pub key: String,
    /// The picture.
    pub picture: Picture,
    /// The text, without the line break at its end.
    pub text: String,
    /// Whether the text is the `caption` of the JSON, as there is no `.txt`.
    pub text_of_json: bool,
    /// What the JSON says: img2dataset's and DataComp's url, uid, original_width and so on.
    pub metadata: Map<String, Value>,
}

/// An encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its member's name.
    pub name: String,
    /// JPEG, PNG, WebP and so on. Empty where [`Samples`] was told names alone.
    pub bytes: Vec<u8>,
    /// The byte of the unpacked archive at which it begins; `None` of a file.
    pub at: Option<u64>,
}

/// A pair, or what is wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A pair.
    Pair(Box<Pair>),
    /// A problem.
    Problem(Problem),
}

/// What a member is to its pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `.jpg`, `.png`, `.webp` and others.
    Picture,
    /// `.txt` or `.caption`.
    Text,
    /// `.json`.
    Json,
}

const PICTURES: [&str; 9] = [
    "jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "jfif",
];

/// A member's key and its part by its name; `None` of one that belongs to no pair.
pub fn part_of(name: &str) -> Option<(&str, Part)> {
    let (key, ending) = split(name)?;
    let part = match ending.to_ascii_lowercase().as_str() {
        // The second is what trainers of diffusion models look for.
        "txt" | "caption" => Part::Text,
        "json" => Part::Json,
        other if is_picture_ending(other) => Part::Picture,
        _ => return None,
    };
    Some((key, part))
}

/// Whether a file is a picture, by what stands behind the dot.
pub(crate) fn is_picture_ending(ending: &str) -> bool {
    PICTURES.contains(&ending.to_ascii_lowercase().as_str())
}

/// A name's key and its ending, at the first dot after the last slash. A name that begins with a dot has none.
fn split(name: &str) -> Option<(&str, &str)> {
    let base = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name[base..].find('.').filter(|dot| *dot > 0)? + base;
    Some((&name[..dot], &name[dot + 1..]))
}

/// Members that belong to no pair, counted by their endings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// How many by ending; those without one by the empty text.
    pub endings: BTreeMap<String, u64>,
}

/// Endings that are counted apart: names can be anything.
const ENDINGS: usize = 50;

impl Ignored {
    /// Counts a member.
    pub fn count(&mut self, name: &str) {
        let ending = split(name).map_or("", |(_, ending)| ending);
        let ending = ending.to_ascii_lowercase();
        let is_known = self.endings.contains_key(&ending) || self.endings.len() < ENDINGS;
        let ending = if is_known { ending } else { "…".to_owned() };
        *self.endings.entry(ending).or_default() += 1;
    }

    /// Adds those of another archive.
    pub fn add(&mut self, other: &Ignored) {
        for (ending, count) in &other.endings {
            *self.endings.entry(ending.clone()).or_default() += count;
        }
    }

    /// All of them, in a sentence; `None` where there are none.
    pub fn sentence(&self) -> Option<String> {
        let total: u64 = self.endings.values().sum();
        let each = self.endings.iter().map(|(ending, count)| match &**ending {
            "" => format!("{count} without an ending"),
            "…" => format!("{count} of other endings"),
            _ => format!("{count} .{ending}"),
        });
        let each: Vec<String> = each.collect();
        let each = each.join(", ");
        match total {
            0 => None,
            1 => Some(format!(
                "A member is neither a picture, .txt nor .json: {each}"
            )),
            _ => Some(format!(
                "{total} members are neither pictures, .txt nor .json: {each}"
            )),
        }
    }
}

/// Groups members into pairs.
#[derive(Debug, Default)]
pub struct Samples {
    current: Option<Sample>,
    found: Vec<Found>,
    /// Where the next member begins in its archive.
    pub(crate) at: Option<u64>,
}

#[derive(Debug)]
struct Sample {
    key: String,
    picture: Option<Picture>,
    /// The member's name and bytes.
    text: Option<(String, Vec<u8>)>,
    json: Option<(String, Vec<u8>)>,
    /// A part of it cannot be used, which was said: no other problem follows from that.
    is_broken: bool,
}

impl Samples {
    /// Takes a member. Those of a key come one after the other; one that belongs to no pair is not for this.
    pub fn member(&mut self, name: &str, bytes: Vec<u8>) {
        let Some((key, part)) = part_of(name) else {
            return;
        };
        let sample = self.sample(key);
        let is_second = match part {
            // Two pictures of a key are one picture in two formats.
            Part::Picture => match &sample.picture {
                Some(first) if !first.name.eq_ignore_ascii_case(name) => {
                    let used = first.name.clone();
                    self.trouble(name, Trouble::Second { used });
                    return;
                }
                first => first.is_some(),
            },
            Part::Text => match &sample.text {
                Some((first, _)) if !first.eq_ignore_ascii_case(name) => {
                    let used = first.clone();
                    self.trouble(name, Trouble::Second { used });
                    return;
                }
                first => first.is_some(),
            },
            Part::Json => sample.json.is_some(),
        };
        // A key that comes again at once is another pair, as in DataComp's resharder.
        if is_second {
            self.end();
        }
        let at = self.at.take();
        let sample = self.sample(key);
        let name = name.to_owned();
        match part {
            Part::Picture => sample.picture = Some(Picture { name, bytes, at }),
            Part::Text => sample.text = Some((name, bytes)),
            Part::Json => sample.json = Some((name, bytes)),
        }
    }

    /// Notes that a member cannot be used; nothing else is said of its pair.
    pub fn broken(&mut self, name: &str, trouble: Trouble) {
        let problem = Problem::new(name, trouble);
        if problem.leaves_out()
            && let Some((key, _)) = part_of(name)
        {
            self.sample(key).is_broken = true;
        }
        self.found.push(Found::Problem(problem));
    }

    /// The sample of a key; that of another key has ended.
    fn sample(&mut self, key: &str) -> &mut Sample {
        if self
            .current
            .as_ref()
            .is_some_and(|sample| sample.key != key)
        {
            self.end();
        }
        self.current.get_or_insert_with(|| Sample {
            key: key.to_owned(),
            picture: None,
            text: None,
            json: None,
            is_broken: false,
        })
    }

    fn trouble(&mut self, member: &str, trouble: Trouble) {
        let problem = Problem::new(member, trouble);
        self.found.push(Found::Problem(problem));
    }

    /// Ends the sample under way: there are no more members.
    pub fn end(&mut self) {
        let Some(sample) = self.current.take() else {
            return;
        };
        let Sample {
            key,
            picture,
            text,
            json,
            is_broken,
        } = sample;
        if is_broken {
            return;
        }
        let mut metadata = Map::new();
        let json_name = json.as_ref().map(|(name, _)| name.clone());
        if let Some((name, bytes)) = json {
            match serde_json::from_slice(without_mark(&bytes)) {
                Ok(Value::Object(object)) => metadata = object,
                Ok(_) => {
                    let reason = "it is no object".to_owned();
                    self.trouble(&name, Trouble::Json { reason });
                }
                Err(error) => {
                    let reason = error.to_string();
                    self.trouble(&name, Trouble::Json { reason });
                }
            }
        }
        let text_name = text.as_ref().map(|(name, _)| name.clone());
        let Some(picture) = picture else {
            let member = text_name.or(json_name).unwrap_or(key);
            return self.trouble(&member, Trouble::NoPicture);
        };
        let text_of_json = text.is_none();
        let text = match (text, metadata.get("caption")) {
            (Some((name, bytes)), _) => match str::from_utf8(without_mark(&bytes)) {
                Ok(text) => text.strip_suffix('\n').unwrap_or(text).to_owned(),
                Err(_) => return self.trouble(&name, Trouble::NotUtf8),
            },
            (None, Some(Value::String(text))) => text.clone(),
            (None, _) => return self.trouble(&picture.name, Trouble::NoText),
        };
        let text = text.strip_suffix('\r').unwrap_or(&text).to_owned();
        if text.trim().is_empty() {
            let member = text_name.unwrap_or(picture.name);
            return self.trouble(&member, Trouble::EmptyText);
        }
        self.found.push(Found::Pair(Box::new(Pair {
            key,
            picture,
            text,
            text_of_json,
            metadata,
        })));
    }

    /// What was found since the last call.
    pub fn found(&mut self) -> std::vec::Drain<'_, Found> {
        self.found.drain(..)
    }
}

/// Without the byte order mark that some editors put before UTF-8.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}
