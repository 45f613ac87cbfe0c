//! How far a long command is, on standard error.

use refit::text::duration;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Rate and time left.
pub(crate) struct Progress {
    noun: &'static str,
    start: Instant,
    last: Instant,
    every: Duration,
    /// Part of the whole that was done before.
    from: Option<f64>,
}

impl Progress {
    /// Counts things of this name.
    pub(crate) fn new(noun: &'static str) -> Self {
        // A log is not filled with what a terminal shows.
        let seconds = if std::io::stderr().is_terminal() {
            2
        } else {
            30
        };
        Progress {
            noun,
            start: Instant::now(),
            last: Instant::now(),
            every: Duration::from_secs(seconds),
            from: None,
        }
    }

    /// Says that `count` are done since the start, and this part of the whole.
    pub(crate) fn report(&mut self, count: u64, part: f64) {
        let from = *self.from.get_or_insert(part);
        if self.last.elapsed() < self.every {
            return;
        }
        self.last = Instant::now();
        let seconds = self.start.elapsed().as_secs_f64();
        let (noun, rate, percent) = (self.noun, count as f64 / seconds, 100.0 * part);
        let left = match part > from {
            true => format!(
                ", {} left",
                duration(seconds * (1.0 - part) / (part - from))
            ),
            false => String::new(),
        };
        eprintln!("refit: {count} {noun}, {rate:.1} a second, {percent:.0} %{left}");
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}
