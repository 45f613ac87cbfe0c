//! Pairs as a model takes them: read by one thread, decoded by all, given on in order.

use super::inputs::{Columns, Input, Item, read};
use crate::pictures;
use refit_clip::preprocess::{PixelValues, Preprocessing, preprocess};
use refit_pairs::{Found, Problem, Trouble};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// What is needed of a picture.
#[derive(Clone, Copy)]
pub(crate) enum Need<'a> {
    /// Its bytes are enough.
    Bytes,
    /// Width and height, where the pair does not say them.
    Size,
    /// Its pixels, prepared in this way.
    Pixels(&'a Preprocessing),
}

/// A pair, ready.
pub(crate) struct Prepared {
    pub(crate) input: usize,
    pub(crate) key: String,
    /// The picture's file; of an archive the pair's key, as clip-retrieval names it.
    pub(crate) picture: String,
    pub(crate) text: String,
    pub(crate) metadata: Map<String, Value>,
    /// Bytes of the encoded picture.
    pub(crate) bytes: u64,
    /// Width and height of the decoded picture.
    pub(crate) size: Option<(usize, usize)>,
    pub(crate) pixels: Option<PixelValues>,
}

/// What comes of an item.
pub(crate) enum Outcome {
    Ready(Box<Prepared>),
    /// A sentence; whether a pair was left out for it.
    Problem {
        sentence: String,
        left_out: bool,
    },
}

/// Items under way between two threads.
const AHEAD: usize = 32;

/// Gives each pair or problem of the inputs, after the first `skip`, to `take`, in order, with the bytes that have been
/// read. Returns what was left out without being a pair.
pub(crate) fn prepare(
    inputs: &[Input],
    columns: &Columns,
    skip: u64,
    need: Need,
    take: &mut dyn FnMut(Outcome, u64) -> Result<(), String>,
) -> Result<Vec<String>, String> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let stopped = AtomicBool::new(false);
    let (send, items) = sync_channel(AHEAD);
    let items = Mutex::new(items);
    std::thread::scope(|scope| {
        let (ready, outcomes) = sync_channel(AHEAD);
        let (items, stopped, mut number) = (&items, &stopped, 0);
        let reader = scope.spawn(move || {
            read(inputs, columns, skip, &mut |item| {
                number += 1;
                !stopped.load(Ordering::Relaxed) && send.send((number - 1, item)).is_ok()
            })
        });
        for _ in 0..workers {
            let ready = ready.clone();
            scope.spawn(move || work(inputs, items, need, &ready));
        }
        drop(ready);
        let taken = in_order(outcomes, take);
        stopped.store(true, Ordering::Relaxed);
        drain(items);
        let notes = reader.join().map_err(|_| "the reader failed".to_owned());
        taken?;
        notes
    })
}

/// Takes what is on its way to workers that are gone, so that the reader ends.
fn drain(items: &Mutex<Receiver<(u64, Item)>>) {
    if let Ok(items) = items.lock() {
        while items.recv().is_ok() {}
    }
}

type Numbered = (u64, Outcome, u64);

fn work(
    inputs: &[Input],
    items: &Mutex<Receiver<(u64, Item)>>,
    need: Need,
    ready: &SyncSender<Numbered>,
) {
    loop {
        let next = match items.lock() {
            Ok(items) => items.recv(),
            Err(_) => return,
        };
        let Ok((number, item)) = next else {
            return;
        };
        let done = item.done;
        if ready
            .send((number, outcome(inputs, item, need), done))
            .is_err()
        {
            return;
        }
    }
}

fn in_order(
    outcomes: Receiver<Numbered>,
    take: &mut dyn FnMut(Outcome, u64) -> Result<(), String>,
) -> Result<(), String> {
    let (mut next, mut early) = (0, BTreeMap::new());
    for (number, outcome, done) in outcomes {
        early.insert(number, (outcome, done));
        while let Some((outcome, done)) = early.remove(&next) {
            next += 1;
            take(outcome, done)?;
        }
    }
    Ok(())
}

fn outcome(inputs: &[Input], item: Item, need: Need) -> Outcome {
    let input = item.input;
    let path = &inputs[input].path;
    let told = |problem: Problem| Outcome::Problem {
        left_out: problem.leaves_out(),
        sentence: format!("{}: {problem}", path.display()),
    };
    let pair = match item.found {
        Found::Pair(pair) => pair,
        Found::Problem(problem) => return told(problem),
    };
    let name = pair.picture.name.clone();
    let mut prepared = Prepared {
        input,
        picture: match &item.file {
            Some(file) => file.to_string_lossy().into_owned(),
            None => pair.key.clone(),
        },
        key: pair.key,
        text: pair.text,
        metadata: pair.metadata,
        bytes: 0,
        size: None,
        pixels: None,
    };
    match decode(
        &mut prepared,
        pair.picture.bytes,
        item.file.as_deref(),
        need,
    ) {
        Ok(()) => Outcome::Ready(Box::new(prepared)),
        Err(reason) => told(Problem::new(name, Trouble::Picture { reason })),
    }
}

fn decode(
    prepared: &mut Prepared,
    bytes: Vec<u8>,
    file: Option<&Path>,
    need: Need,
) -> Result<(), String> {
    let says_size = prepared.metadata.contains_key("original_width");
    let is_needed = match need {
        Need::Bytes => false,
        Need::Size => !says_size,
        Need::Pixels(_) => true,
    };
    let bytes = match file {
        Some(file) if !is_needed => {
            let about = std::fs::metadata(file).map_err(|e| e.to_string())?;
            prepared.bytes = about.len();
            return Ok(());
        }
        Some(file) => std::fs::read(file).map_err(|e| e.to_string())?,
        None => bytes,
    };
    prepared.bytes = bytes.len() as u64;
    if !is_needed {
        return Ok(());
    }
    let decoded = pictures::decode(&bytes)?;
    prepared.size = Some((decoded.width, decoded.height));
    for warning in &decoded.warnings {
        eprintln!("refit: {}: {warning}", prepared.picture);
    }
    if let Need::Pixels(settings) = need {
        prepared.pixels = Some(preprocess(&decoded.image()?, settings));
    }
    Ok(())
}
