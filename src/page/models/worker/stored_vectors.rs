//! The files of embeddings, of images and of pairs: how many bytes they take, and deleting them.

use super::super::protocol::Failure;
use super::opfs::{self, VECTORS};
use wasm_bindgen_futures::JsFuture;

/// What the names of their files begin with.
pub const IMAGES: &str = "pictures-";
pub const PAIRS: &str = "pairs-";

fn is_vectors(name: &str) -> bool {
    name.starts_with(IMAGES) || name.starts_with(PAIRS)
}

/// Bytes of all of them.
pub async fn bytes() -> Result<f64, Failure> {
    let folder = opfs::folder(VECTORS).await?;
    let mut bytes = 0.0;
    for name in opfs::names(&folder).await? {
        if is_vectors(&name) {
            // One that is deleted meanwhile has none.
            bytes += opfs::blob(&folder, &name)
                .await
                .map_or(0.0, |blob| blob.size());
        }
    }
    Ok(bytes)
}

/// Deletes them; it fails at the first that another tab uses.
pub async fn delete() -> Result<(), Failure> {
    let folder = opfs::folder(VECTORS).await?;
    for name in opfs::names(&folder).await? {
        if is_vectors(&name) {
            let removed = JsFuture::from(folder.remove_entry(&name));
            removed.await.map_err(opfs::failed)?;
        }
    }
    Ok(())
}
