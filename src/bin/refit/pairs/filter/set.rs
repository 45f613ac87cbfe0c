//! The pairs that are filtered, with what is known of each.

use super::Arguments;
use crate::pairs::embed::{Embedded, Embedder};
use crate::pairs::folder::{self, Folder};
use crate::pairs::inputs::{self, Columns, Input};
use crate::pairs::prepare::{Need, Outcome, Prepared, prepare};
use crate::pairs::progress::Progress;
use crate::pictures;
use half::f16;
use refit::pairs::told;
use refit::teach::head_sentence;
use refit_clip::backend::Backend;
use refit_clip::head::HeadModel;
use refit_clip::preprocess::Preprocessing;
use refit_clip::{Head, Model};
use refit_pairs::filter::Rule;
use refit_pairs::records::{ColumnError, Purpose, Records, choose};
use refit_pairs::search::Stored;
use refit_pairs::{Block, Duplicates, Facts, Source};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Pairs in order.
#[derive(Default)]
pub(super) struct Set {
    pub(super) facts: Vec<Facts>,
    /// Each pair's picture: a file, a key or an address.
    pub(super) names: Vec<String>,
    vectors: Vectors,
    /// Where the cosines are from, in a sentence.
    pub(super) scores: Option<String>,
    pub(super) notes: Vec<String>,
    pub(super) problems: Vec<String>,
}

/// The pictures' vectors.
#[derive(Default)]
enum Vectors {
    #[default]
    None,
    /// float16, pair by pair.
    Here { bytes: Vec<u8>, stored: Stored },
    /// Of an index: for each pair its part and its row there.
    Mapped(Box<Folder>, Vec<(u32, u64)>),
}

impl Set {
    /// An index, tables, or pairs whose pictures are not embedded.
    pub(super) fn without_model(arguments: &Arguments, rules: &[Rule]) -> Result<Set, String> {
        if let Some(folder) = index(arguments)? {
            return Set::of_index(folder, arguments);
        }
        let paths = &arguments.pairs.pairs;
        let is_table = |path: &PathBuf| {
            let ending = path.extension().unwrap_or_default().to_string_lossy();
            ["csv", "tsv", "parquet", "jsonl", "json"].contains(&ending.to_lowercase().as_str())
        };
        match paths.iter().all(is_table) {
            true => Set::of_tables(paths, arguments),
            false => Set::of_pairs(arguments, rules, &mut NoModel),
        }
    }

    /// As [`Set::without_model`]; pairs are embedded.
    pub(super) fn with_model<B: Backend>(
        model: Model<B>,
        arguments: &Arguments,
        rules: &[Rule],
    ) -> Result<Set, String> {
        if let Some(folder) = index(arguments)? {
            let (width, vectors) = (model.architecture().embedding, folder.width);
            return match width == vectors {
                true => Set::of_index(folder, arguments),
                false => Err(format!(
                    "the index has vectors of {vectors} numbers, and the model’s have {width}: it was made with another model"
                )),
            };
        }
        Set::of_pairs(arguments, rules, &mut Embedder::new(model)?)
    }

    /// The rows of tables, whose pictures are not needed.
    fn of_tables(paths: &[PathBuf], arguments: &Arguments) -> Result<Set, String> {
        let mut set = Set::default();
        for path in paths {
            for path in pictures::named(path)? {
                let problem =
                    |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
                let bytes = std::fs::read(&path).map_err(|e| problem(&e))?;
                let (columns, score) = (&arguments.pairs.columns, &arguments.score_column);
                let read = set.add_table(&bytes, columns, score.as_deref(), &mut |_, _| {});
                read.map_err(|e| problem(&e))?;
            }
        }
        Ok(set)
    }

    /// Adds the rows of a table; `each` gets the row and whether it has a text, without which it is left out.
    fn add_table(
        &mut self,
        bytes: &[u8],
        columns: &Columns,
        score: Option<&str>,
        each: &mut dyn FnMut(u64, bool),
    ) -> Result<(), String> {
        let table = Records::open(bytes).map_err(|e| e.to_string())?;
        let names = table.columns();
        let text = choose(&names, Purpose::Text, columns.text_column.as_deref());
        let text = text.map_err(|e| format!("{e} (--text-column says it)"))?;
        let score = match choose(&names, Purpose::Score, score) {
            Ok(at) => Some(at),
            Err(ColumnError::None { .. }) => None,
            Err(error) => return Err(format!("{error} (--score-column says it)")),
        };
        if let Some(at) = score {
            self.scores = Some(format!("the cosines are those of the column {}", names[at]));
        }
        let source = Source::new(&names, text, score);
        let mut read = source.columns.clone();
        let named = ["image_path", "key", "url", "URL"].iter();
        let mut named = named.filter_map(|name| names.iter().position(|known| known == name));
        let name_at = named.next().map(|at| {
            read.push(at);
            read.len() - 1
        });
        let mut without_text = 0_u64;
        let result = table.read(&read, None, &mut |row, cells| {
            let facts = source.facts(cells);
            each(row, facts.is_some());
            let Some(facts) = facts else {
                without_text += 1;
                return true;
            };
            let name = name_at.and_then(|at| cells[at]);
            let name = name.map(|name| String::from_utf8_lossy(name).into_owned());
            self.names
                .push(name.unwrap_or_else(|| format!("row {}", row + 1)));
            self.facts.push(facts);
            true
        });
        if without_text > 0 {
            self.problems
                .push(format!("{without_text} rows have no text and are left out"));
        }
        result.map_err(|e| e.to_string())
    }

    fn of_index(mut folder: Folder, arguments: &Arguments) -> Result<Set, String> {
        let mut set = Set::default();
        set.problems.append(&mut folder.problems);
        let mut rows = Vec::new();
        let is_unit = folder.parts.iter().all(|part| {
            let vectors = part.images.as_ref().or(part.texts.as_ref());
            let first = vectors.and_then(|v| v.bytes().get(..v.vectors.stored.bytes()));
            let length = vectors.zip(first).map(|(v, first)| {
                let vector = v.vectors.stored.floats(first);
                vector.iter().map(|x| x * x).sum::<f32>()
            });
            length.is_none_or(|length| (length - 1.0).abs() < 0.01)
        });
        if !is_unit {
            let sentence = "the vectors are not of length 1: inner products are no cosines";
            set.problems.push(sentence.to_owned());
        }
        for (at, part) in folder.parts.iter().enumerate() {
            let Some(metadata) = &part.metadata else {
                let (first, last) = (part.first, (part.first + part.rows).saturating_sub(1));
                let sentence = format!("rows {first} to {last} have no metadata and are left out");
                set.problems.push(sentence);
                continue;
            };
            let from = set.facts.len();
            let (columns, score) = (&arguments.pairs.columns, arguments.score_column.as_deref());
            set.add_table(metadata, columns, score, &mut |row, has_text| {
                if has_text {
                    rows.push((at as u32, row));
                }
            })?;
            // Without a column, the vectors give the cosines.
            let (Some(images), Some(texts)) = (&part.images, &part.texts) else {
                continue;
            };
            if set.facts[from..].iter().any(|facts| facts.score.is_some()) {
                continue;
            }
            set.scores = Some("the cosines are those of the index’s vectors".to_owned());
            let size = [images, texts].map(|mapped| mapped.vectors.stored.bytes());
            let mut product = Vec::new();
            for (facts, (_, row)) in set.facts[from..].iter_mut().zip(&rows[from..]) {
                let at = *row as usize;
                let text = &texts.bytes()[at * size[1]..][..size[1]];
                let text = texts.vectors.stored.floats(text);
                let image = &images.bytes()[at * size[0]..][..size[0]];
                images.vectors.stored.products(image, &text, &mut product);
                facts.score = product.first().copied().filter(|score| score.is_finite());
            }
        }
        set.vectors = Vectors::Mapped(Box::new(folder), rows);
        Ok(set)
    }

    fn of_pairs(
        arguments: &Arguments,
        rules: &[Rule],
        embedding: &mut dyn Embedding,
    ) -> Result<Set, String> {
        let columns = &arguments.pairs.columns;
        let inputs = inputs::find(&arguments.pairs.pairs, columns)?;
        let asks_size = |rule: &Rule| {
            use Rule::{AspectBelow, MaxAspect, MinSide, SideAbove};
            matches!(
                rule,
                MinSide(_) | SideAbove(_) | MaxAspect(_) | AspectBelow(_)
            )
        };
        let settings = embedding.settings();
        let asks_vectors = |rule: &Rule| {
            use Rule::{FirstOfDuplicates, HeadClass, HeadScore, MinScore, Nearest, TopShare};
            matches!(
                rule,
                MinScore(_)
                    | TopShare(_)
                    | Nearest(_)
                    | FirstOfDuplicates
                    | HeadScore { .. }
                    | HeadClass { .. }
            )
        };
        if let (None, Some(rule)) = (&settings, rules.iter().find(|rule| asks_vectors(rule))) {
            return Err(format!(
                "“{rule}” needs the pairs embedded: --weights names a model"
            ));
        }
        let need = match &settings {
            Some(settings) => Need::Pixels(settings),
            None if rules.iter().any(asks_size) => Need::Size,
            None => Need::Bytes,
        };
        let mut set = Set::default();
        let total: u64 = inputs.iter().map(|input| input.bytes).sum();
        let mut progress = Progress::new("pairs");
        let notes = prepare(&inputs, columns, 0, need, &mut |outcome, done| {
            match outcome {
                Outcome::Ready(pair) => {
                    let embedded = embedding.push(*pair)?;
                    set.add(&inputs, embedded);
                }
                Outcome::Problem { sentence, .. } => set.problems.push(sentence),
            }
            progress.report(set.facts.len() as u64, done as f64 / total.max(1) as f64);
            Ok(())
        })?;
        set.add(&inputs, embedding.flush()?);
        set.notes.extend(notes);
        if settings.is_some() {
            set.scores = Some("the cosines are those of the model".to_owned());
        }
        Ok(set)
    }

    fn add(&mut self, inputs: &[Input], pairs: Vec<Embedded>) {
        for pair in pairs {
            let row = pair.row(&inputs[pair.pair.input].path);
            let mut facts = Facts::of_metadata(&pair.pair.text, &row);
            if !pair.image.is_empty() {
                facts.score = Some(pair.score);
                let stored = Stored {
                    half: true,
                    width: pair.image.len(),
                };
                if matches!(self.vectors, Vectors::None) {
                    let bytes = Vec::new();
                    self.vectors = Vectors::Here { bytes, stored };
                }
                if let Vectors::Here { bytes, .. } = &mut self.vectors {
                    let halves = pair.image.iter().map(|x| f16::from_f32(*x));
                    bytes.extend(halves.flat_map(f16::to_le_bytes));
                }
            }
            self.facts.push(facts);
            self.names.push(pair.pair.picture);
        }
    }

    /// The vectors of pairs as float32.
    fn floats(&self, range: Range<usize>) -> Vec<f32> {
        match &self.vectors {
            Vectors::None => Vec::new(),
            Vectors::Here { bytes, stored } => {
                let size = stored.bytes();
                stored.floats(&bytes[range.start * size..range.end * size])
            }
            Vectors::Mapped(folder, rows) => {
                let mut floats = Vec::new();
                for (part, row) in &rows[range] {
                    let part = &folder.parts[*part as usize];
                    if let Some(mapped) = &part.images {
                        let stored = mapped.vectors.stored;
                        let bytes = &mapped.bytes()[*row as usize * stored.bytes()..];
                        floats.extend(stored.floats(&bytes[..stored.bytes()]));
                    }
                }
                floats
            }
        }
    }

    /// Numbers of a vector.
    ///
    /// # Errors
    ///
    /// Where a picture has none.
    fn width(&self) -> Result<usize, String> {
        match &self.vectors {
            Vectors::None => Err(
                "the pictures have no vectors: --weights embeds them, or an index of `refit index` has them".to_owned(),
            ),
            Vectors::Here { stored, .. } => Ok(stored.width),
            Vectors::Mapped(folder, _) => match folder.parts.iter().all(|part| part.images.is_some()) {
                true => Ok(folder.width),
                false => Err("the index has no vectors of pictures in some of its parts".to_owned()),
            },
        }
    }

    /// Notes which of the classes each picture is nearest to.
    pub(super) fn classify(&mut self, classes: &[Vec<f32>]) -> Result<(), String> {
        let width = self.width()?;
        if classes.iter().any(|class| class.len() != width) {
            return Err("the classes’ vectors have another width than the pictures’".to_owned());
        }
        for range in Block::all(self.facts.len()) {
            let vectors = self.floats(range.clone());
            for (i, vector) in range.zip(vectors.chunks_exact(width)) {
                let products = classes.iter().map(|class| {
                    let products = class.iter().zip(vector).map(|(a, b)| a * b);
                    products.sum::<f32>()
                });
                let products: Vec<f32> = products.collect();
                // Of equal ones the first.
                let places = (0..products.len()).rev();
                self.facts[i].nearest = places.max_by(|a, b| products[*a].total_cmp(&products[*b]));
            }
        }
        Ok(())
    }

    /// Notes what heads say of each picture. `about` is the model that was named, in place of the index's own.
    pub(super) fn ask(&mut self, heads: &[Head], about: Option<HeadModel>) -> Result<(), String> {
        let width = self.width()?;
        let of_index = match &self.vectors {
            Vectors::Mapped(folder, _) => folder.record.as_ref(),
            _ => None,
        };
        let about = about.or_else(|| {
            of_index.map(|record| HeadModel {
                name: record.model.clone(),
                identity: record.identity.clone(),
            })
        });
        let mut asked = Vec::new();
        for head in heads {
            let named = |sentence: String| format!("{}: {sentence}", head.name);
            let classes = head.classes(width);
            asked.push(classes.map_err(|error| named(head_sentence(&error)))?);
            match (&about, &head.model) {
                (Some(about), _) => {
                    let assumed = head.assumptions(&about.name, &about.identity);
                    self.notes.extend(assumed.into_iter().map(named));
                }
                (None, Some(model)) => self.notes.push(named(format!(
                    "The head was taught on the embeddings of {}, and the index does not say whose its own are.",
                    model.name
                ))),
                (None, None) => {}
            }
        }
        for range in Block::all(self.facts.len()) {
            let vectors = self.floats(range.clone());
            for (i, vector) in range.zip(vectors.chunks_exact(width)) {
                let each = asked.iter().map(|classes| told(classes, vector));
                self.facts[i].heads = each.collect();
            }
        }
        Ok(())
    }

    /// The components of near duplicates, found with all cores.
    pub(super) fn duplicates(&self, threshold: f32) -> Result<Duplicates, String> {
        let (width, count) = (self.width()?, self.facts.len());
        let all = u32::try_from(count).map_err(|_| "more than 2³² pairs".to_owned())?;
        let blocks: Vec<Range<usize>> = Block::all(count).collect();
        let joined = Mutex::new((Duplicates::new(all), Progress::new("blocks of pairs"), 0));
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(first) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
                let block = Block::new(&self.floats(first.clone()), width);
                let mut found = Vec::new();
                for second in blocks.iter().filter(|second| second.start >= first.start) {
                    block.compare(&self.floats(second.clone()), threshold, &mut |i, j| {
                        let (i, j) = (first.start + i, second.start + j);
                        if i < j {
                            found.push((i as u32, j as u32));
                        }
                    });
                    // Many near duplicates would fill the memory.
                    if found.len() > 1 << 20 {
                        join(&joined, &mut found);
                    }
                }
                join(&joined, &mut found);
                if let Ok(mut joined) = joined.lock() {
                    // Each block has fewer to be compared with than the one before.
                    let (_, progress, done) = &mut *joined;
                    *done += 1;
                    let left = 1.0 - *done as f64 / blocks.len() as f64;
                    progress.report(*done, 1.0 - left * left);
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        let (duplicates, ..) = joined
            .into_inner()
            .map_err(|_| "a thread failed".to_owned())?;
        Ok(duplicates)
    }
}

fn join(joined: &Mutex<(Duplicates, Progress, u64)>, found: &mut Vec<(u32, u32)>) {
    if let Ok(mut joined) = joined.lock() {
        for (a, b) in found.drain(..) {
            joined.0.join(a, b);
        }
    }
}

/// The index among the paths, which then is the only one.
fn index(arguments: &Arguments) -> Result<Option<Folder>, String> {
    let paths = &arguments.pairs.pairs;
    let is_index = |path: &&PathBuf| folder::is_index(Path::new(path));
    match (paths.iter().find(is_index), paths.len()) {
        (None, _) => Ok(None),
        (Some(path), 1) => Folder::open(path).map(Some),
        (Some(path), _) => Err(format!(
            "{} is an index: it is filtered alone",
            path.display()
        )),
    }
}

/// What embeds pairs, or does not.
trait Embedding {
    fn settings(&self) -> Option<Preprocessing>;
    fn push(&mut self, pair: Prepared) -> Result<Vec<Embedded>, String>;
    fn flush(&mut self) -> Result<Vec<Embedded>, String>;
}

impl<B: Backend> Embedding for Embedder<B> {
    fn settings(&self) -> Option<Preprocessing> {
        Some(*self.model.preprocessing())
    }
    fn push(&mut self, pair: Prepared) -> Result<Vec<Embedded>, String> {
        Embedder::push(self, pair)
    }
    fn flush(&mut self) -> Result<Vec<Embedded>, String> {
        Embedder::flush(self)
    }
}

/// Pairs as they are, without vectors.
struct NoModel;

impl Embedding for NoModel {
    fn settings(&self) -> Option<Preprocessing> {
        None
    }
    fn push(&mut self, pair: Prepared) -> Result<Vec<Embedded>, String> {
        Ok(vec![Embedded {
            pair,
            image: Vec::new(),
            text: Vec::new(),
            score: f32::NAN,
        }])
    }
    fn flush(&mut self) -> Result<Vec<Embedded>, String> {
        Ok(Vec::new())
    }
}
