//! One of the files of a mixture, and the numbers that it adds to a tensor of the base.

use super::*;
use crate::weights::{TensorReader, names};
use refit_kernels::add_scaled;
use std::collections::{BTreeMap, BTreeSet};

/// A tensor of a file and where it belongs in the model.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) entry: Entry,
    pub(super) name: CanonicalName,
}

impl Stored {
    /// The numbers of open_clip's tensor that stand before its own.
    fn offset(&self) -> usize {
        match self.name.slice {
            Slice::Whole => 0,
            Slice::Qkv(place) => place * self.entry.count(),
        }
    }
}

pub(super) struct File<S> {
    pub(super) name: String,
    /// It holds θᵢ − θ₀.
    pub(super) is_difference: bool,
    source: S,
    /// By open_clip's names: one, or queries, keys and values apart.
    tensors: BTreeMap<String, Vec<Stored>>,
    /// The tensor that is being read, by its name in the file, and how far it is read.
    reader: Option<(String, TensorReader)>,
    /// Numbers that were read last; the memory is used again.
    values: Vec<f32>,
}

impl<S: Source> File<S> {
    /// The base, and what it is.
    pub(super) async fn base(mut part: Part<S>) -> Result<(Self, Plan), MixError> {
        let name = part.name.clone();
        let failed = |error: WeightsError| MixError::file(&name, error);
        let checkpoint = Checkpoint::open(&mut part.source).await.map_err(failed)?;
        if is_difference(&checkpoint, &part.options).map_err(failed)? {
            return Err(MixError::BaseIsDifference { file: name });
        }
        let plan = Plan::new(checkpoint, &part.options, |_, _| true).map_err(failed)?;
        let tensors = planned(&plan);
        Ok((File::new(part, false, tensors), plan))
    }

    /// One of the others, held against the base.
    pub(super) async fn other(
        mut part: Part<S>,
        base: &str,
        base_plan: &Plan,
        tower: Tower,
        notes: &mut Vec<MixNote>,
    ) -> Result<Self, MixError> {
        let name = part.name.clone();
        let failed = |error: WeightsError| MixError::file(&name, error);
        let checkpoint = Checkpoint::open(&mut part.source).await.map_err(failed)?;
        if is_difference(&checkpoint, &part.options).map_err(failed)? {
            let tensors = difference(checkpoint, &part.options).map_err(failed)?;
            let file = File::new(part, true, tensors);
            file.check_difference(base, base_plan, tower)?;
            return Ok(file);
        }
        let plan = match Plan::new(checkpoint.clone(), &part.options, |_, _| true) {
            Err(error) if tower == Tower::Image => {
                let completed = with_text_of(base_plan, checkpoint, &part.options);
                let completed = completed.map_err(failed)?.ok_or_else(|| failed(error))?;
                notes.push(MixNote::ImageAlone { file: name.clone() });
                let options = LoadOptions {
                    weights_key: None,
                    ..part.options.clone()
                };
                Plan::new(completed, &options, |_, _| true)
            }
            plan => plan,
        };
        let plan = plan.map_err(failed)?;
        check_same(&name, &plan, base, base_plan, tower)?;
        let known = [&plan.info, &base_plan.info].map(|info| info.preprocessing_from);
        let differs = plan.info.preprocessing != base_plan.info.preprocessing;
        if differs && !known.contains(&Evidence::Assumed) {
            let base = base.to_owned();
            notes.push(MixNote::Preprocessing { file: name, base });
        }
        let tensors = planned(&plan);
        Ok(File::new(part, false, tensors))
    }

    fn new(part: Part<S>, is_difference: bool, stored: Vec<Stored>) -> Self {
        let mut tensors: BTreeMap<String, Vec<Stored>> = BTreeMap::new();
        for stored in stored {
            let name = stored.name.name.clone();
            tensors.entry(name).or_default().push(stored);
        }
        File {
            name: part.name,
            is_difference,
            source: part.source,
            tensors,
            reader: None,
            values: Vec::new(),
        }
    }

    /// A difference may lack tensors, but has none that the base lacks, and of its shapes.
    fn check_difference(&self, base: &str, plan: &Plan, tower: Tower) -> Result<(), MixError> {
        let expected = plan.info.architecture.parameters();
        for (tensor, stored) in &self.tensors {
            let (file, base) = (self.name.clone(), base.to_owned());
            let tensor = tensor.clone();
            let Some(parameter) = expected.get(&tensor) else {
                return Err(MixError::Extra { tensor, file, base });
            };
            for Stored { entry, name } in stored {
                let found = joint_shape(&entry.shape, name.slice, name.transposed);
                if found != parameter.shape {
                    let expected = parameter.shape.clone();
                    return Err(MixError::Shape {
                        tensor,
                        file,
                        found,
                        base,
                        expected,
                    });
                }
            }
        }
        let is_mixed = |name: &String| tower.mixes(name);
        match self.tensors.keys().any(is_mixed) {
            true => Ok(()),
            false => Err(MixError::Missing {
                tensor: "visual.proj".to_owned(),
                file: self.name.clone(),
                base: base.to_owned(),
            }),
        }
    }

    /// Adds `share` times its numbers to `sums`, which stand for those of the base's tensor `target`
    /// from number `from` on.
    pub(super) async fn add(
        &mut self,
        target: &Stored,
        from: usize,
        share: f64,
        sums: &mut [f64],
    ) -> Result<(), MixError> {
        let pieces = self.tensors.get(&target.name.name);
        for piece in pieces.cloned().unwrap_or_default() {
            if piece.name.transposed != target.name.transposed {
                self.add_transposed(&piece, from, share, sums).await?;
                continue;
            }
            // Both as ranges of open_clip's tensor.
            let (start, first) = (target.offset() + from, piece.offset());
            let low = start.max(first);
            let high = (start + sums.len()).min(first + piece.entry.count());
            if low < high {
                self.read(&piece.entry, low - first, high - low).await?;
                add_scaled(&mut sums[low - start..], share, &self.values);
            }
        }
        Ok(())
    }

    /// [`File::add`] of a matrix that has its rows where the base has its columns; always whole.
    async fn add_transposed(
        &mut self,
        piece: &Stored,
        from: usize,
        share: f64,
        sums: &mut [f64],
    ) -> Result<(), MixError> {
        self.read(&piece.entry, 0, piece.entry.count()).await?;
        let (rows, columns) = (piece.entry.shape[0], piece.entry.shape[1]);
        for (number, sum) in sums.iter_mut().enumerate() {
            let (row, column) = ((from + number) / rows, (from + number) % rows);
            *sum += share * f64::from(self.values[column * columns + row]);
        }
        Ok(())
    }

    /// Reads a tensor's numbers from `from` on. Mostly they follow those that were read before.
    async fn read(&mut self, entry: &Entry, from: usize, count: usize) -> Result<(), MixError> {
        let name = &self.name;
        let failed = |error: WeightsError| MixError::file(name, error);
        let reader = self.reader.take();
        let reader = reader.filter(|(name, reader)| *name == entry.name && reader.next() == from);
        let mut reader = match reader {
            Some((_, reader)) => reader,
            None => {
                let reader = TensorReader::open(&mut self.source, entry, from).await;
                reader.map_err(failed)?
            }
        };
        self.values.resize(count, 0.0);
        let filled = reader.fill(&mut self.source, &mut self.values).await;
        filled.map_err(failed)?;
        self.reader = Some((entry.name.clone(), reader));
        Ok(())
    }
}

fn planned(plan: &Plan) -> Vec<Stored> {
    let entries = plan.entries.iter().cloned();
    let bias = plan.logit_bias.clone();
    let bias = bias.map(|entry| (entry, CanonicalName::whole("logit_bias")));
    let all = entries.chain(bias);
    all.map(|(entry, name)| Stored { entry, name }).collect()
}

/// A file that lacks tensors of the text tower, as code that fine-tunes image towers leaves it out, with those of the
/// base in their place; `None` of a file that lacks none.
fn with_text_of(
    base: &Plan,
    checkpoint: Checkpoint,
    options: &LoadOptions,
) -> Result<Option<Checkpoint>, WeightsError> {
    let format = checkpoint.format;
    let state = checkpoint.choose(options.weights_key.as_deref())?;
    let is_of_image = |name: &str| Tower::Image.mixes(name);
    let named = |entry: &Entry| names::canonical(&entry.name).name;
    let found: BTreeSet<String> = state.entries.iter().map(named).collect();
    let expected = base.info.architecture.parameters();
    let mut of_text = expected.keys().filter(|name| !is_of_image(name));
    if of_text.all(|name| found.contains(name)) || !found.iter().any(|name| is_of_image(name)) {
        return Ok(None);
    }
    let is_kept = |entry: &Entry| is_of_image(&named(entry)) || names::is_ignored(&entry.name);
    let kept = state.entries.into_iter().filter(is_kept);
    let of_base = base
        .entries
        .iter()
        .filter(|(_, name)| !is_of_image(&name.name));
    let of_base = of_base.map(|(entry, _)| entry.clone());
    Ok(Some(Checkpoint {
        entries: kept.chain(of_base).collect(),
        format,
    }))
}

/// Whether the file's tensors are behind [`DIFFERENCE`].
fn is_difference(checkpoint: &Checkpoint, options: &LoadOptions) -> Result<bool, WeightsError> {
    let state = checkpoint.clone().choose(options.weights_key.as_deref())?;
    Ok(state.prefix == DIFFERENCE)
}

/// The tensors of a difference; integers have none.
fn difference(checkpoint: Checkpoint, options: &LoadOptions) -> Result<Vec<Stored>, WeightsError> {
    let state = checkpoint.choose(options.weights_key.as_deref())?;
    let entries = state.entries.into_iter();
    let entries = entries.filter(|entry| !names::is_ignored(&entry.name));
    let stored = |entry: Entry| Stored {
        name: names::canonical(&entry.name),
        entry,
    };
    Ok(entries.map(stored).collect())
}

/// Refuses a model of another architecture than the base.
fn check_same(
    file: &str,
    plan: &Plan,
    base: &str,
    base_plan: &Plan,
    tower: Tower,
) -> Result<(), MixError> {
    let (found, expected) = (plan.info.architecture, base_plan.info.architecture);
    let names = || (file.to_owned(), base.to_owned());
    let (theirs, own) = (found.parameters(), expected.parameters());
    for (tensor, parameter) in &own {
        let (file, base) = names();
        let tensor = tensor.clone();
        match theirs.get(&tensor) {
            None => return Err(MixError::Missing { tensor, file, base }),
            Some(other) if other.shape != parameter.shape => {
                return Err(MixError::Shape {
                    tensor,
                    file,
                    found: other.shape.clone(),
                    base,
                    expected: parameter.shape.clone(),
                });
            }
            Some(_) => {}
        }
    }
    let (file, base) = names();
    if let Some(tensor) = theirs.keys().find(|name| !own.contains_key(*name)) {
        let tensor = tensor.clone();
        return Err(MixError::Extra { tensor, file, base });
    }
    if tower == Tower::All && base_plan.logit_bias.is_some() && plan.logit_bias.is_none() {
        let tensor = "logit_bias".to_owned();
        return Err(MixError::Missing { tensor, file, base });
    }
    if tower == Tower::All && base_plan.logit_bias.is_none() && plan.logit_bias.is_some() {
        let tensor = "logit_bias".to_owned();
        return Err(MixError::Extra { tensor, file, base });
    }
    // A file whose activation nothing tells is taken for what the base is.
    if plan.info.activation_from != Evidence::Assumed && found.activation != expected.activation {
        return Err(MixError::Activation {
            file,
            found: found.activation,
            base,
            expected: expected.activation,
        });
    }
    let towers = [
        ("image", found.vision.heads, expected.vision.heads),
        ("text", found.text.heads, expected.text.heads),
    ];
    for (tower, found, expected) in towers {
        if found != expected {
            return Err(MixError::Heads {
                tower,
                file,
                found,
                base,
                expected,
            });
        }
    }
    Ok(())
}
