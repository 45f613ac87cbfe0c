//! Files of other kinds, by their first bytes.

use super::WeightsError;
use super::source::{Source, SourceError};

/// A server's answer in place of a file is no longer than this.
const LONGEST_ANSWER: u64 = 1 << 16;

/// What a file is by its first bytes, if it is neither safetensors nor PyTorch's.
pub(super) async fn recognise<S: Source>(
    source: &mut S,
    start: &[u8],
) -> Result<Option<WeightsError>, WeightsError> {
    let text = String::from_utf8_lossy(start).trim_start().to_lowercase();
    let starts = |with: &str| text.starts_with(with);
    if starts("<!doctype") || starts("<html") || starts("<?xml") {
        return Ok(Some(SourceError::WebPage.into()));
    }
    if starts("version https://git-lfs") {
        return Ok(Some(WeightsError::LfsPointer));
    }
    if starts("{") || starts("access to model") || starts("invalid username") {
        let mut bytes = vec![0; source.size().min(LONGEST_ANSWER) as usize];
        source.read(0, &mut bytes).await?;
        return Ok(Some(answer(&bytes)));
    }
    let has = |part: &[u8]| start.windows(part.len()).any(|window| window == part);
    let kind = match start {
        [b'G', b'G', b'U', b'F', ..] => "a GGUF file, which llama.cpp and clip.cpp run",
        [0x89, b'H', b'D', b'F', ..] => "an HDF5 file, as TensorFlow writes weights",
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => "a NumPy array",
        // PyTorch's own begin with its magic number.
        [0x80, 2..=5, ..] => {
            "a Python pickle that torch.save did not write; it can be loaded in Python and saved by torch.save"
        }
        [0x1f, 0x8b, ..] => "a gzip file, which has to be unpacked first",
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] => "a picture",
        // A protocol buffer: the version, then the producer's name.
        [0x08, 1..=30, 0x12, ..] if has(b"pytorch") || has(b"onnx") || has(b"tf2onnx") => {
            "an ONNX model, a graph of operations, which ONNX Runtime runs"
        }
        [0x08, 1..=30, 0x12 | 0x3a, ..] => "probably an ONNX model, which ONNX Runtime runs",
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => "a TensorFlow Lite model",
        _ => return Ok(None),
    };
    Ok(Some(WeightsError::OtherFile { kind }))
}

/// JSON or a line of text: an index, a configuration, or what a server says instead of the file.
fn answer(bytes: &[u8]) -> WeightsError {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(bytes) {
        if fields.contains_key("weight_map") {
            return WeightsError::Index;
        }
        let said = ["error", "message"].iter().find_map(|key| {
            let said = fields.get(*key)?;
            Some(said.as_str().unwrap_or("an error").to_owned())
        });
        return match said {
            Some(said) => WeightsError::Answer { said },
            None => WeightsError::OtherFile {
                kind: "a JSON file, perhaps a configuration",
            },
        };
    }
    if text.starts_with('{') {
        return WeightsError::OtherFile {
            kind: "a JSON file",
        };
    }
    let line = text.lines().next().unwrap_or_default();
    WeightsError::Answer {
        said: line.chars().take(200).collect(),
    }
}
