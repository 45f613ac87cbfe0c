//! Image embeddings, stored from visit to visit. A file holds one record after the other: an image's
//! SHA-256, its width and height, and its embedding.

use super::super::protocol::Failure;
use super::opfs::{self, ExclusiveFile, VECTORS};
use super::stored_vectors::IMAGES;
use std::collections::HashMap;

pub struct CachedEmbedding {
    pub embedding: Vec<f32>,
    pub width: u32,
    pub height: u32,
}

pub struct EmbeddingCache {
    file: ExclusiveFile,
    end: u64,
}

const DIGEST: usize = 32;

impl EmbeddingCache {
    /// Opens the file of a key, for embeddings of `width` numbers. What it holds is returned by
    /// SHA-256 in hexadecimal.
    pub async fn open(
        key: &str,
        width: usize,
    ) -> Result<(EmbeddingCache, HashMap<String, CachedEmbedding>), Failure> {
        let folder = opfs::folder(VECTORS).await?;
        let file = opfs::file(&folder, &format!("{IMAGES}{key}-{width}"), true).await?;
        let file = ExclusiveFile::open(&file).await?;
        let record = DIGEST + 8 + 4 * width;
        let mut bytes = vec![0; file.size()? as usize];
        let read = file.read(0, &mut bytes)?;
        let mut embeddings = HashMap::new();
        // A truncated record is overwritten.
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
            let cached = CachedEmbedding {
                embedding: numbers.collect(),
                width: size[0],
                height: size[1],
            };
            embeddings.insert(digest, cached);
        }
        let end = (read / record * record) as u64;
        Ok((EmbeddingCache { file, end }, embeddings))
    }

    /// Stores an embedding, if there is room; otherwise the next visit computes it again.
    pub fn add(&mut self, digest: &str, cached: &CachedEmbedding) {
        let byte = |i: usize| u8::from_str_radix(digest.get(2 * i..2 * i + 2)?, 16).ok();
        let Some(mut record) = (0..DIGEST).map(byte).collect::<Option<Vec<u8>>>() else {
            return;
        };
        record.extend(cached.width.to_le_bytes());
        record.extend(cached.height.to_le_bytes());
        record.extend(cached.embedding.iter().flat_map(|x| x.to_le_bytes()));
        if self.file.write(self.end, &record).is_ok() {
            self.end += record.len() as u64;
        }
    }
}
