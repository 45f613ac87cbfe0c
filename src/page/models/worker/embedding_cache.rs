//! Unit vectors of pictures that a model has seen, kept from visit to visit: one record after the
//! other of a picture's SHA-256, its width and height, and its numbers.

use super::super::protocol::Failure;
use super::file_store::{self, Open, VECTORS};
use std::collections::HashMap;

/// By SHA-256 in hexadecimal: unit vector, width, height.
pub type Known = HashMap<String, (Vec<f32>, u32, u32)>;

pub struct Memory {
    file: Open,
    end: u64,
}

const DIGEST: usize = 32;

impl Memory {
    /// Opens what is known under a key, for vectors of so many numbers.
    pub async fn open(key: &str, width: usize) -> Result<(Memory, Known), Failure> {
        let folder = file_store::folder(VECTORS).await?;
        let file = file_store::file(&folder, &format!("pictures-{key}-{width}"), true).await?;
        let file = Open::new(&file).await?;
        let record = DIGEST + 8 + 4 * width;
        let mut bytes = vec![0; file.size()? as usize];
        let read = file.read(0, &mut bytes)?;
        let mut known = Known::new();
        // A record that was cut off is written over.
        for record in bytes[..read].chunks_exact(record) {
            let (digest, rest) = record.split_at(DIGEST);
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let (size, numbers) = rest.split_at(8);
            let size: Vec<u32> = size
                .as_chunks()
                .0
                .iter()
                .map(|b| u32::from_le_bytes(*b))
                .collect();
            let numbers = numbers.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b));
            known.insert(digest, (numbers.collect(), size[0], size[1]));
        }
        let end = (read / record * record) as u64;
        Ok((Memory { file, end }, known))
    }

    /// Keeps one more. Where there is no room it is only not known the next time.
    pub fn add(&mut self, digest: &str, (unit, width, height): &(Vec<f32>, u32, u32)) {
        let byte = |i: usize| u8::from_str_radix(digest.get(2 * i..2 * i + 2)?, 16).ok();
        let Some(mut record) = (0..DIGEST).map(byte).collect::<Option<Vec<u8>>>() else {
            return;
        };
        record.extend(width.to_le_bytes());
        record.extend(height.to_le_bytes());
        record.extend(unit.iter().flat_map(|x| x.to_le_bytes()));
        if self.file.write(self.end, &record).is_ok() {
            self.end += record.len() as u64;
        }
    }
}
