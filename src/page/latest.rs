//! Only the latest of several asynchronous requests counts.

use leptos::prelude::*;

/// Counts the requests of one kind. It belongs to the reactive owner that creates it: once that is
/// disposed of, no request is the latest.
#[derive(Clone, Copy)]
pub struct Latest(StoredValue<u32>);

/// One request.
#[derive(Clone, Copy)]
pub struct Request {
    latest: Latest,
    number: u32,
}

impl Latest {
    pub fn new() -> Latest {
        Latest(StoredValue::new(0))
    }

    /// Starts a request, which supersedes those before it.
    pub fn start(self) -> Request {
        self.cancel();
        self.current()
    }

    /// The request that counts now.
    pub fn current(self) -> Request {
        Request {
            latest: self,
            number: self.0.get_value(),
        }
    }

    /// Supersedes all requests so far.
    pub fn cancel(self) {
        self.0.update_value(|number| *number += 1);
    }
}

impl Request {
    pub fn is_latest(self) -> bool {
        self.latest.0.try_get_value() == Some(self.number)
    }
}
