//! A checkpoint that is a formula of tensor name and index (`tests/reference/formula_models.py`),
//! served as the safetensors file that it would be, so that a full-size model needs no file.
//! `formula_source.rs` reads it as any checkpoint; the browser tests' site sends it.

// The library of the browser tests exports it.
#![allow(unreachable_pub)]

use serde_json::json;

fn fnv1a64(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| {
        (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
    })
}

fn splitmix64(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One tensor of the formula.
#[derive(Clone, Debug)]
pub struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    seed: u64,
    offset: f64,
    scale: f64,
}

impl Tensor {
    pub fn new(name: &str, shape: &[usize]) -> Self {
        let last = name.rsplit('.').next().unwrap_or_default();
        let inputs: usize = shape.iter().skip(1).product();
        let (offset, scale) = if name == "logit_scale" {
            (100f64.ln(), 0.0)
        } else if last == "bias" || last.ends_with("_bias") {
            (0.0, 0.05)
        } else if last == "weight" && name.split('.').any(|part| part.starts_with("ln_")) {
            (1.0, 0.2)
        } else if ["class_embedding", "positional_embedding"].contains(&last)
            || name.ends_with("token_embedding.weight")
        {
            (0.0, 0.05)
        } else if ["proj", "text_projection", "map_viz2txt_kv"].contains(&last) {
            (0.0, (3.0 / shape[0] as f64).sqrt())
        } else {
            (0.0, 1.5 * (3.0 / inputs as f64).sqrt())
        };
        Tensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
            seed: fnv1a64(name),
            offset,
            scale,
        }
    }

    /// Of another model: the formula under another name, for the same tensor. Mixing is tested natively.
    #[cfg(not(target_family = "wasm"))]
    pub fn of(mut self, model: &str) -> Self {
        self.seed = fnv1a64(&format!("{model}{}", self.name));
        self
    }

    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn value(&self, index: usize) -> f32 {
        let bits = splitmix64(self.seed.wrapping_add(index as u64)) >> 11;
        let uniform = bits as f64 * 2f64.powi(-52) - 1.0;
        (self.offset + self.scale * uniform) as f32
    }
}

/// The file of these tensors.
pub struct FormulaFile {
    header: Vec<u8>,
    /// With the position of each tensor's first byte.
    tensors: Vec<(u64, Tensor)>,
    size: u64,
}

impl FormulaFile {
    pub fn new(tensors: Vec<Tensor>) -> Self {
        let mut fields = serde_json::Map::new();
        let mut end = 0u64;
        let mut placed = Vec::new();
        for tensor in tensors {
            let start = end;
            end += 4 * tensor.count() as u64;
            let field =
                json!({"dtype": "F32", "shape": tensor.shape, "data_offsets": [start, end]});
            fields.insert(tensor.name.clone(), field);
            placed.push((start, tensor));
        }
        let mut text = serde_json::Value::Object(fields).to_string();
        // As safetensors pads it, so that numbers are aligned.
        text.push_str(&" ".repeat(text.len().next_multiple_of(8) - text.len()));
        let mut header = (text.len() as u64).to_le_bytes().to_vec();
        header.extend(text.bytes());
        let data = header.len() as u64;
        for (start, _) in &mut placed {
            *start += data;
        }
        FormulaFile {
            header,
            tensors: placed,
            size: data + end,
        }
    }
    /// Length in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Writes the bytes from position `at` on; false where the file ends before the buffer does.
    pub fn fill(&self, mut at: u64, mut buffer: &mut [u8]) -> bool {
        while !buffer.is_empty() {
            let done = match self.header.get(at as usize..).filter(|h| !h.is_empty()) {
                Some(header) => {
                    let length = header.len().min(buffer.len());
                    buffer[..length].copy_from_slice(&header[..length]);
                    length
                }
                None => self.numbers(at, buffer),
            };
            if done == 0 {
                return false;
            }
            at += done as u64;
            buffer = &mut buffer[done..];
        }
        true
    }

    /// Writes bytes of one tensor's numbers, or of one number where `at` is in the middle of it;
    /// returns how many.
    fn numbers(&self, at: u64, buffer: &mut [u8]) -> usize {
        let next = self.tensors.partition_point(|(start, _)| *start <= at);
        let Some((start, tensor)) = next.checked_sub(1).map(|i| &self.tensors[i]) else {
            return 0;
        };
        let (first, skip) = ((at - start) as usize / 4, (at - start) as usize % 4);
        let count = (tensor.count() - first).min(buffer.len() / 4);
        if skip > 0 || (count == 0 && first < tensor.count()) {
            let length = buffer.len().min(4 - skip);
            let bytes = tensor.value(first).to_le_bytes();
            buffer[..length].copy_from_slice(&bytes[skip..skip + length]);
            return length;
        }
        for (i, bytes) in buffer[..4 * count].chunks_exact_mut(4).enumerate() {
            bytes.copy_from_slice(&tensor.value(first + i).to_le_bytes());
        }
        4 * count
    }
}

/// Byte (x, y, c) of image k.
pub fn image(k: usize, width: usize, height: usize) -> Vec<u8> {
    let byte = |i: usize| {
        let (y, x, c) = (i / (3 * width), i / 3 % width, i % 3);
        let (k, x, y, c) = (k as f64, x as f64, y as f64, c as f64);
        let value = 0.5
            + 0.25 * (0.05 * (c + 1.0) * x + k).sin()
            + 0.25 * (0.03 * (c + 2.0) * y + 2.0 * k).cos();
        (255.0 * value + 0.5).floor().clamp(0.0, 255.0) as u8
    };
    (0..3 * width * height).map(byte).collect()
}
