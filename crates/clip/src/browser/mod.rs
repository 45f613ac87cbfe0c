//! Models in a browser: checkpoints by fetch or from a file of the user's, and User Timing.

mod blob;
mod fetch;
mod peers;
mod stream;
mod timing;

pub use blob::BlobSource;
pub use fetch::FetchTransport;
pub use peers::{MOST_WORKERS, PEER, WorkerPeer, cores, serve_peer, start_peers};
pub use timing::{EncodingTime, TimedModel, median, now};
