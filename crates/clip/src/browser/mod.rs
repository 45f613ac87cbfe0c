//! Models in a browser: checkpoints from a server or from the reader's disk, and User Timing.

mod blob;
mod fetch;
mod timing;

pub use blob::BlobSource;
pub use fetch::FetchTransport;
pub use timing::{EncodingTime, TimedModel, now};
