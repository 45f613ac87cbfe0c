//! How requests are sent: what a browser or a test implements for [`super::HttpSource`].

use std::future::Future;

/// Sends requests for one file, one at a time.
pub trait Transport {
    /// Requests the bytes from this position on and returns the response's head; closes the response
    /// before.
    fn get(&mut self, from: u64) -> impl Future<Output = Result<ResponseHead, TransportError>>;

    /// The next bytes of the open response, at least one; `None` after the last.
    fn next(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, TransportError>>;

    /// Closes the open response.
    fn close(&mut self);

    /// Waits.
    fn pause(&mut self, milliseconds: u32) -> impl Future<Output = ()>;
}

/// The status and the headers of a response. A server may hide all from a browser but status, media
/// type and length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseHead {
    /// The HTTP status code.
    pub status: u16,
    /// `Content-Type`.
    pub media_type: Option<String>,
    /// `Content-Length` in bytes; `None` for a compressed response.
    pub length: Option<u64>,
    /// `Content-Range`.
    pub range: Option<String>,
    /// `ETag`.
    pub version: Option<String>,
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// No response, or none that a browser lets the page see.
    Unreachable,
    /// The connection broke during the response.
    Broken,
    /// The server stopped sending.
    TimedOut {
        /// How long nothing was received.
        seconds: u32,
    },
}

/// How often to retry while nothing is received; the pauses double.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// The most retries.
    pub count: u32,
    /// The pause before the first, in milliseconds.
    pub milliseconds: u32,
}

impl Default for Retries {
    /// Six retries, half a minute in all.
    fn default() -> Self {
        Retries {
            count: 6,
            milliseconds: 500,
        }
    }
}
