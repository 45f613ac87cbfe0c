//! Which of a file's tensors are a model's: what stands before their names, and which of several
//! states of a model.
//!
//! A training run keeps a model under a key ("state_dict", "model") and behind the names of what it
//! was wrapped into ("module.", "_orig_mod.", "clip_model."). Whatever that is, it ends where a
//! tensor's name is one that such a model has. Several such places are several states of the model,
//! mostly a moving average of its weights (EMA) beside the weights.

use super::{Checkpoint, Entry, WeightsError};

/// Modules around a module that add nothing: `torch.compile`, `DistributedDataParallel`, FSDP.
const WRAPPERS: [&str; 4] = [
    "_orig_mod",
    "module",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
];

/// Names by which a model is found, those of models that can be run first.
const ANCHORS: [&str; 12] = [
    "visual.conv1.weight",
    "vision_model.embeddings.patch_embedding.weight",
    "visual.trunk.patch_embed.proj.weight",
    "visual.trunk.stem.0.weight",
    "visual.patch_embed.proj.weight",
    "image_encoder.model.patch_embed.proj.weight",
    "text.transformer.embeddings.word_embeddings.weight",
    "text_model.embeddings.token_embedding.weight",
    "text.token_embedding.weight",
    "token_embedding.weight",
    "visual.proj",
    "logit_scale",
];

/// The tensors of one state of a model.
#[derive(Clone, Debug)]
pub struct State {
    /// The model's tensors, under the model's own names.
    pub entries: Vec<Entry>,
    /// What stood before their names, without a full stop at the end; empty for nothing.
    pub prefix: String,
    /// The other states of the file, by the prefixes of their names.
    pub others: Vec<String>,
    /// Names in the file that belong to no state: of a loss, of a queue.
    pub left_out: Vec<String>,
}

impl Checkpoint {
    /// Finds the model's tensors. Of several states it takes the one under `key`, by default the
    /// first that is no moving average.
    pub fn choose(self, key: Option<&str>) -> Result<State, WeightsError> {
        let plain = |entry: &Entry| unwrapped(&entry.name);
        let names: Vec<String> = self.entries.iter().map(plain).collect();
        let prefixes = prefixes(&names);
        let shown = |prefix: &String| shown(prefix, &names, &self.entries);
        let chosen = match key {
            None => prefixes.iter().min_by_key(|prefix| is_average(prefix)),
            Some(key) => {
                let is_it =
                    |prefix: &&String| is_under(prefix, key) || is_under(&shown(prefix), key);
                let found = prefixes.iter().find(is_it);
                Some(found.ok_or_else(|| WeightsError::NoState {
                    key: key.to_owned(),
                    found: prefixes.iter().map(shown).collect(),
                })?)
            }
        };
        let chosen = chosen.cloned().unwrap_or_default();
        let others = prefixes.iter().filter(|prefix| **prefix != chosen);
        let others: Vec<String> = others.map(shown).collect();
        let prefix = shown(&chosen);
        let mut entries = Vec::new();
        let mut left_out = Vec::new();
        for (mut entry, name) in self.entries.into_iter().zip(names) {
            // States may be nested: a name is that of the innermost.
            let owners = prefixes
                .iter()
                .filter(|prefix| below(&name, prefix).is_some());
            let owner = owners.max_by_key(|prefix| prefix.len());
            match below(&name, &chosen) {
                Some(name) if owner.is_none_or(|owner| *owner == chosen) => {
                    entry.name = name.to_owned();
                    entries.push(entry);
                }
                _ if owner.is_some() => {}
                _ => left_out.push(entry.name),
            }
        }
        Ok(State {
            entries,
            prefix,
            others,
            left_out,
        })
    }
}

/// A name without the wrappers in it.
fn unwrapped(name: &str) -> String {
    let parts = name.split('.').filter(|part| !WRAPPERS.contains(part));
    parts.collect::<Vec<_>>().join(".")
}

/// What stands before the names of each state, in the order of the file.
fn prefixes(names: &[String]) -> Vec<String> {
    for anchor in ANCHORS {
        let prefix = |name: &String| {
            let before = name.strip_suffix(anchor)?;
            let is_whole = before.is_empty() || before.ends_with('.');
            is_whole.then(|| before.trim_end_matches('.').to_owned())
        };
        let prefixes: Vec<String> = names.iter().filter_map(prefix).collect();
        if !prefixes.is_empty() {
            return prefixes;
        }
    }
    Vec::new()
}

/// The rest of a name behind a prefix.
fn below<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    match prefix {
        "" => Some(name),
        _ => name.strip_prefix(prefix)?.strip_prefix('.'),
    }
}

fn is_under(prefix: &str, key: &str) -> bool {
    prefix == key || below(prefix, key).is_some()
}

fn is_average(prefix: &str) -> bool {
    let words = prefix.split(['.', '_', '-']);
    let mut words = words.map(str::to_lowercase);
    words.any(|word| ["ema", "teacher", "target", "averaged", "momentum", "swa"].contains(&&*word))
}

/// A prefix with the wrappers that stand in it.
fn shown(prefix: &str, names: &[String], entries: &[Entry]) -> String {
    let first = names.iter().zip(entries);
    let first = first.filter_map(|(name, entry)| Some((below(name, prefix)?, &entry.name)));
    // A name whose rest holds no wrapper tells where the prefix ends.
    let whole = first.filter_map(|(rest, name)| name.strip_suffix(rest));
    let whole = whole.map(|before| before.trim_end_matches('.').to_owned());
    whole
        .min_by_key(String::len)
        .unwrap_or_else(|| prefix.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::{Dtype, Format, Place};
    use super::*;

    fn checkpoint(names: &[&str]) -> Checkpoint {
        let entry = |name: &&str| Entry {
            name: (*name).to_owned(),
            shape: vec![1],
            dtype: Dtype::F32,
            place: Place::At(0),
            stride: None,
            scale: None,
        };
        Checkpoint {
            entries: names.iter().map(entry).collect(),
            format: Format::Torch,
        }
    }

    fn names(state: &State) -> Vec<&str> {
        state.entries.iter().map(|e| e.name.as_str()).collect()
    }

    #[test]
    fn prefixes_in_any_nesting_are_taken_off() {
        for prefix in [
            "",
            "module",
            "_orig_mod.module",
            "module._orig_mod",
            "model",
            "clip_model",
            "state_dict.module._orig_mod.model.clip_model",
        ] {
            let name = |rest: &str| match prefix {
                "" => rest.to_owned(),
                _ => format!("{prefix}.{rest}"),
            };
            let all = ["visual.conv1.weight", "logit_scale"].map(name);
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            let state = checkpoint(&all).choose(None).unwrap();
            assert_eq!(names(&state), ["visual.conv1.weight", "logit_scale"]);
            assert_eq!(state.prefix, prefix);
            assert!(state.others.is_empty() && state.left_out.is_empty());
        }
    }

    #[test]
    fn of_several_states_one_is_chosen() {
        let all = [
            "state_dict_ema.visual.conv1.weight",
            "state_dict.module.visual.conv1.weight",
            "loss.weight",
        ];
        let state = checkpoint(&all).choose(None).unwrap();
        assert_eq!(state.prefix, "state_dict.module");
        assert_eq!(state.others, ["state_dict_ema"]);
        assert_eq!(state.left_out, ["loss.weight"]);
        let state = checkpoint(&all).choose(Some("state_dict_ema")).unwrap();
        assert_eq!(state.prefix, "state_dict_ema");
        assert_eq!(names(&state), ["visual.conv1.weight"]);
        let error = checkpoint(&all).choose(Some("ema")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the checkpoint has no weights under ema, but under state_dict_ema and state_dict.module"
        );
    }
}
