//! The tensors that a model needs, repacked as a safetensors file for a cache: without an optimizer's
//! state, and with their numbers unchanged.

use super::weights::bytes::TensorBytes;
use super::weights::source::Source;
use super::weights::{Checkpoint, Entry};
use crate::error::ClipError;
use crate::info::CheckpointInfo;
use crate::load::{LoadOptions, Plan};
use serde_json::{Map, json};

/// Bytes that are handed on at a time.
const CHUNK: u64 = 1 << 20;

/// A checkpoint as a safetensors file with only the tensors that a model needs, its decoder's
/// included. The file is never in memory: [`RepackedCheckpoint::copy`] streams it. The same
/// checkpoint always gives the same file.
#[derive(Clone, Debug)]
pub struct RepackedCheckpoint {
    header: Vec<u8>,
    /// Tensors with their lengths in bytes, one after the other behind the header.
    entries: Vec<(Entry, u64)>,
    /// Length of the whole file, in bytes.
    pub size: u64,
    /// What the checkpoint is.
    pub info: CheckpointInfo,
}

impl RepackedCheckpoint {
    /// Reads a checkpoint's header. A file that is no CLIP or MaMMUT is refused here, before its
    /// numbers are read.
    pub async fn new<S: Source>(
        source: &mut S,
        options: &LoadOptions,
    ) -> Result<RepackedCheckpoint, ClipError> {
        let checkpoint = Checkpoint::open(source).await?;
        // The decoder too: it is loaded later, perhaps without a network.
        let Plan {
            info,
            entries: planned,
            logit_bias,
        } = Plan::new(checkpoint, options, |_, _| true)?;
        let mut fields = Map::new();
        let mut entries = Vec::new();
        let mut end = 0;
        let planned = planned.into_iter().map(|(entry, _)| entry);
        // Scales stand before their integers.
        let stored = |entry: Entry| entry.scale().cloned().into_iter().chain([entry.clone()]);
        for entry in planned.chain(logit_bias).flat_map(stored) {
            let length = entry.bytes()?;
            let place = [end, end + length];
            let dtype = entry.dtype.name();
            let tensor = json!({"dtype": dtype, "shape": entry.shape, "data_offsets": place});
            fields.insert(entry.name.clone(), tensor);
            end += length;
            entries.push((entry, length));
        }
        let mut text = serde_json::Value::Object(fields).to_string();
        // As safetensors pads it, so that numbers are aligned.
        text.push_str(&" ".repeat(text.len().next_multiple_of(8) - text.len()));
        let mut header = (text.len() as u64).to_le_bytes().to_vec();
        header.extend(text.bytes());
        Ok(RepackedCheckpoint {
            size: header.len() as u64 + end,
            header,
            entries,
            info,
        })
    }

    /// The safetensors header with its length: the file's first bytes.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// Passes the file's bytes from position `from` to its end to `take`, chunk by chunk.
    pub async fn copy<S: Source, E: From<ClipError>>(
        &self,
        source: &mut S,
        from: u64,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(rest) = self.header.get(from as usize..).filter(|h| !h.is_empty()) {
            take(rest)?;
        }
        let mut start = self.header.len() as u64;
        for (entry, length) in &self.entries {
            let mut done = from.saturating_sub(start).min(*length);
            start += length;
            if done == *length {
                continue;
            }
            let failed = |error| E::from(ClipError::Weights(error));
            let bytes_of = TensorBytes::open(source, entry, done).await;
            let mut bytes_of = bytes_of.map_err(failed)?;
            let mut buffer = vec![0; CHUNK.min(*length) as usize];
            while done < *length {
                let bytes = &mut buffer[..CHUNK.min(length - done) as usize];
                bytes_of.fill(source, bytes).await.map_err(failed)?;
                take(bytes)?;
                done += bytes.len() as u64;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::Configuration;
    use pollster::block_on;

    fn packed(mut file: &[u8], from: u64) -> Result<Vec<u8>, ClipError> {
        let options = LoadOptions {
            configuration: Configuration {
                vision_heads: Some(2),
                text_heads: Some(4),
                ..Configuration::default()
            },
            ..LoadOptions::default()
        };
        let packed = block_on(RepackedCheckpoint::new(&mut file, &options))?;
        let mut bytes = Vec::new();
        block_on(packed.copy(&mut file, from, |part| {
            bytes.extend_from_slice(part);
            Ok::<(), ClipError>(())
        }))?;
        assert_eq!(from + bytes.len() as u64, packed.size);
        Ok(bytes)
    }

    /// Every tensor's name, shape and numbers.
    fn tensors(mut file: &[u8]) -> Vec<(String, Vec<usize>, Vec<f32>)> {
        let checkpoint = block_on(Checkpoint::open(&mut file)).unwrap();
        let mut read = |entry: &Entry| {
            let mut numbers = Vec::new();
            block_on(Checkpoint::read(&mut file, entry, &mut numbers, |_| {})).unwrap();
            (entry.name.clone(), entry.shape.clone(), numbers)
        };
        let mut all: Vec<_> = checkpoint.entries.iter().map(&mut read).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    #[test]
    fn a_packed_checkpoint_has_the_same_tensors_and_nothing_else() {
        let whole: &[u8] = include_bytes!("../tests/reference/containers/open_clip.safetensors");
        let training: &[u8] = include_bytes!("../tests/reference/containers/training.pt");
        for file in [whole, training] {
            let all = packed(file, 0).unwrap();
            assert_eq!(tensors(&all), tensors(whole));
            // A copy that broke off goes on where it stopped.
            for from in [1, 8, 100, 5000, all.len() as u64 - 1] {
                assert_eq!(packed(file, from).unwrap(), all[from as usize..], "{from}");
            }
        }
        assert!(training.len() > packed(training, 0).unwrap().len());
    }

    #[test]
    fn what_is_no_clip_is_not_packed() {
        let archive: &[u8] = include_bytes!("../tests/reference/containers/no_tensors.pt");
        let error = packed(archive, 0).unwrap_err();
        assert!(matches!(error, ClipError::Weights(_)), "{error:?}");
    }
}
