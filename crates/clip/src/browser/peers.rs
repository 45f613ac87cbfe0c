//! Peers of a [`Group`](crate::backend::group::Group) in workers of the browser. A page without
//! cross-origin isolation has no memory that workers share; what they exchange is transferred.

use crate::backend::ComputeError;
use crate::backend::cpu::Cpu;
use crate::backend::group::{
    Measured, Peer, Rank, Reply, Segment, Shard, TRIAL_OPERATIONS, best_peers, trial_weights,
    trial_work,
};
use crate::browser::{median, now};
use js_sys::{Array, Float32Array, Function, Promise, Reflect, Uint32Array};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DedicatedWorkerGlobalScope, ErrorEvent, Event, MessageEvent, Worker, WorkerOptions, WorkerType,
};

/// The name of a worker that is a peer: its script is to call [`serve_peer`].
pub const PEER: &str = "peer";

/// More workers than this are not started unless they are asked for: each exchange takes longer.
pub const MOST_WORKERS: usize = 8;

/// Smaller checkpoints, in bytes, are computed by one worker: starting others would take longer than
/// all that they save.
const WORTH_STARTING: u64 = 64 << 20;

/// Milliseconds between the ticks that count [`Inner::silent`].
const SECOND: i32 = 1000;

/// What the browser calls with an event.
type Listener = Closure<dyn FnMut(JsValue)>;

/// A worker that computes its part of a model. Dropping it ends the worker.
pub struct WorkerPeer(Rc<Inner>);

struct Inner {
    worker: Worker,
    /// Who waits for a reply, in the order of the segments.
    waiting: RefCell<VecDeque<Function>>,
    /// Why it will not answer any more.
    lost: RefCell<Option<String>>,
    /// Seconds without a reply that is due. A suspended page does not count them.
    silent: Cell<u32>,
    /// Milliseconds that the latest segment took there.
    took: Cell<f64>,
    clock: Cell<Option<i32>>,
    closures: RefCell<Vec<Listener>>,
}

impl WorkerPeer {
    /// Starts a worker by this worker's own script. Its first reply says that it is ready.
    fn start() -> Option<(WorkerPeer, Reply)> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(PEER);
        let inner = Rc::new(Inner {
            worker: Worker::new_with_options(&scope().location().href(), &options).ok()?,
            waiting: RefCell::default(),
            lost: RefCell::default(),
            silent: Cell::new(0),
            took: Cell::new(0.0),
            clock: Cell::new(None),
            closures: RefCell::default(),
        });
        let this = Rc::downgrade(&inner);
        let on_message = Listener::new(move |event: JsValue| {
            if let Some(inner) = this.upgrade() {
                let event: MessageEvent = event.unchecked_into();
                inner.receive(&event.data().unchecked_into());
            }
        });
        let this = Rc::downgrade(&inner);
        let on_error = Listener::new(move |event: JsValue| {
            let event: Event = event.unchecked_into();
            // Else it would be an error of the leader as well.
            event.prevent_default();
            // A script that cannot be read has no message.
            let message = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message);
            if let Some(inner) = this.upgrade() {
                inner.lose(&message.unwrap_or_else(|| "it could not start".to_owned()));
            }
        });
        let this = Rc::downgrade(&inner);
        let on_tick = Listener::new(move |_| {
            if let Some(inner) = this.upgrade() {
                inner.tick();
            }
        });
        let worker = &inner.worker;
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let tick = on_tick.as_ref().unchecked_ref();
        let clock = scope().set_interval_with_callback_and_timeout_and_arguments_0(tick, SECOND);
        inner.clock.set(clock.ok());
        *inner.closures.borrow_mut() = vec![on_message, on_error, on_tick];
        let is_ready = inner.reply();
        Some((WorkerPeer(inner), is_ready))
    }

    /// Gives it its place in a group, where it holds nothing yet.
    fn assign(&self, rank: Rank) {
        let message = Array::of2(&(rank.rank as u32).into(), &(rank.size as u32).into());
        let _ = self.0.worker.post_message(&message);
    }
}

impl Inner {
    fn receive(&self, message: &Array) {
        if message.get(0).as_string().as_deref() == Some("end") {
            return self.lose(&message.get(1).as_string().unwrap_or_default());
        }
        self.silent.set(0);
        self.took.set(message.get(1).as_f64().unwrap_or_default());
        let waiting = self.waiting.borrow_mut().pop_front();
        if let Some(resolve) = waiting {
            let _ = resolve.call1(&JsValue::NULL, &message.get(0));
        }
    }

    fn lose(&self, reason: &str) {
        if self.lost.borrow().is_none() {
            *self.lost.borrow_mut() = Some(reason.to_owned());
        }
        for resolve in self.waiting.take() {
            let _ = resolve.call1(&JsValue::NULL, &JsValue::NULL);
        }
    }

    fn tick(&self) {
        /// The largest segments of large models take seconds, on phones tens of them.
        const PATIENCE: u32 = 60;
        if self.waiting.borrow().is_empty() {
            return;
        }
        self.silent.set(self.silent.get() + 1);
        if self.silent.get() > PATIENCE {
            self.lose(&format!("no answer for {PATIENCE} seconds"));
        }
    }

    /// The next reply that nobody waits for so far.
    fn reply(self: &Rc<Self>) -> Reply {
        let promise = Promise::new(&mut |resolve, _| {
            self.waiting.borrow_mut().push_back(resolve);
        });
        if self.lost.borrow().is_some() {
            self.lose("");
        }
        let this = self.clone();
        Box::pin(async move {
            // The promise never rejects.
            let reply = JsFuture::from(promise).await.unwrap_or_default();
            match reply.dyn_into::<Float32Array>() {
                Ok(numbers) => Ok(take(&numbers)),
                Err(other) => Err(match other.as_string() {
                    Some(reason) => ComputeError::Refused { reason },
                    None => ComputeError::WorkerLost {
                        reason: this.lost.borrow().clone().unwrap_or_default(),
                    },
                }),
            }
        })
    }
}

impl Drop for WorkerPeer {
    fn drop(&mut self) {
        self.0.worker.set_onmessage(None);
        self.0.worker.set_onerror(None);
        self.0.worker.terminate();
        if let Some(clock) = self.0.clock.get() {
            scope().clear_interval_with_handle(clock);
        }
        self.0.lose("it was ended");
    }
}

impl Peer for WorkerPeer {
    fn send(&self, segment: &Segment) -> Reply {
        let numbers = Float32Array::from(&segment.numbers[..]);
        let lists = Uint32Array::from(&segment.lists[..]);
        let message = Array::of3(&segment.operations().into(), &numbers, &lists);
        let transferred = Array::of2(&numbers.buffer(), &lists.buffer());
        let reply = self.0.reply();
        let worker = &self.0.worker;
        if let Err(error) = worker.post_message_with_transfer(&message, &transferred) {
            self.0.lose(&format!("{error:?}"));
        }
        reply
    }
}

/// Answers segments, in a worker that a leader started.
pub fn serve_peer() {
    std::panic::set_hook(Box::new(|info| {
        post(&"end".into(), &info.to_string().into());
    }));
    let mut shard = Shard::new(Rank { rank: 0, size: 1 }, Cpu::default());
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let message: Array = event.data().unchecked_into();
        if let (Some(rank), Some(size)) = (message.get(0).as_f64(), message.get(1).as_f64()) {
            let (rank, size) = (rank as usize, size as usize);
            shard = Shard::new(Rank { rank, size }, Cpu::default());
            return;
        }
        let start = now();
        let operations = message.get(0).as_string().unwrap_or_default();
        let numbers: Float32Array = message.get(1).unchecked_into();
        let lists: Uint32Array = message.get(2).unchecked_into();
        let segment = Segment::new(&operations, take(&numbers), lists.to_vec());
        let reply = match segment.and_then(|segment| shard.run(&segment)) {
            Ok(numbers) => Float32Array::from(&numbers[..]).into(),
            // Others may have room, or the leader alone.
            Err(error @ ComputeError::OutOfMemory { .. }) => {
                return post(&"end".into(), &error.to_string().into());
            }
            Err(error) => error.to_string().into(),
        };
        post(&reply, &(now() - start).into());
    });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It lives as long as the worker.
    on_message.forget();
    // The first reply: it is ready.
    post(&Float32Array::new_with_length(0), &0.into());
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// The numbers of an array that nobody needs any more, whose memory the browser would free late.
fn take(array: &Float32Array) -> Vec<f32> {
    let numbers = array.to_vec();
    let buffer = array.buffer();
    if let Ok(transfer) = Reflect::get(&buffer, &"transfer".into())
        && let Some(transfer) = transfer.dyn_ref::<Function>()
    {
        // What it returns has no bytes.
        let _ = transfer.call1(&buffer, &0.into());
    }
    numbers
}

/// To the leader, handing over numbers.
fn post(first: &JsValue, second: &JsValue) {
    let transferred = match first.dyn_ref::<Float32Array>() {
        Some(numbers) => Array::of1(&numbers.buffer()),
        None => Array::new(),
    };
    // It fails only where nothing can be done about it.
    let _ = scope().post_message_with_transfer(&Array::of2(first, second), &transferred);
}

/// The peers that make a checkpoint of so many bytes faster, each with its place. `workers` is how
/// many workers to use, the leader included, where the reader has chosen; otherwise some are started,
/// as many as the machine has cores, and those are kept that are worth it. They run this worker's
/// script, which is to call [`serve_peer`] where the worker's name is [`PEER`]; peers that do not
/// start are left out.
pub async fn start_peers(workers: Option<usize>, bytes: u64) -> Vec<WorkerPeer> {
    let wanted = match workers {
        Some(workers) => workers,
        None if bytes < WORTH_STARTING => 1,
        None => cores().min(MOST_WORKERS),
    };
    let starting: Vec<_> = (1..wanted).filter_map(|_| WorkerPeer::start()).collect();
    let mut peers = Vec::new();
    for (peer, is_ready) in starting {
        if is_ready.await.is_ok() {
            peers.push(peer);
        }
    }
    if workers.is_none() && !peers.is_empty() {
        let kept = match measure(&peers).await {
            Ok(measured) => choose(&measured, bytes),
            Err(_) => Vec::new(),
        };
        let mut all: Vec<_> = peers.into_iter().map(Some).collect();
        peers = kept.into_iter().filter_map(|i| all[i].take()).collect();
    }
    let size = peers.len() + 1;
    for (i, peer) in peers.iter().enumerate() {
        peer.assign(Rank { rank: i + 1, size });
    }
    peers
}

/// How many threads the machine runs at once; 1 if the browser does not say.
pub fn cores() -> usize {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into());
    let count = navigator.and_then(|n| Reflect::get(&n, &"hardwareConcurrency".into()));
    count.ok().and_then(|count| count.as_f64()).unwrap_or(1.0) as usize
}

/// The peers worth their exchanges, for an image of a model whose checkpoint has so many bytes.
fn choose(measured: &Measured, bytes: u64) -> Vec<usize> {
    // As of a ViT-B/32, which has 151 million parameters in 605 MB: 8.7 GFLOP, 12 layers. Larger
    // models do more for each parameter, so that they would gain more than this says.
    const OPERATIONS_PER_BYTE: f64 = 14.0;
    const EXCHANGES: f64 = 24.0;
    let pieces = OPERATIONS_PER_BYTE * bytes as f64 / TRIAL_OPERATIONS;
    best_peers(measured, pieces, EXCHANGES)
}

/// Times of a piece of work, alone and together.
async fn measure(peers: &[WorkerPeer]) -> Result<Measured, ComputeError> {
    const ROUNDS: usize = 3;
    let mut own = Shard::new(Rank { rank: 0, size: 1 }, Cpu::default());
    let (weights, work) = (trial_weights(), trial_work());
    own.run(&weights)?;
    for reply in peers
        .iter()
        .map(|peer| peer.send(&weights))
        .collect::<Vec<_>>()
    {
        reply.await?;
    }
    let mut run = || {
        let start = now();
        own.run(&work).map(|_| now() - start)
    };
    // The browser compiles what runs often for speed, for all workers of the page.
    for _ in 0..ROUNDS {
        run()?;
    }
    let mut alone = f64::INFINITY;
    for _ in 0..ROUNDS {
        alone = alone.min(run()?);
    }
    let mut leader = Vec::new();
    let mut others = vec![Vec::new(); peers.len()];
    let mut exchanges = Vec::new();
    for _ in 0..ROUNDS {
        let start = now();
        let replies: Vec<Reply> = peers.iter().map(|peer| peer.send(&work)).collect();
        leader.push(run()?);
        for reply in replies {
            reply.await?;
        }
        let whole = now() - start;
        let mut slowest = leader.last().copied().unwrap_or_default();
        for (peer, times) in peers.iter().zip(&mut others) {
            let took = peer.0.took.get();
            times.push(took);
            slowest = slowest.max(took);
        }
        exchanges.push((whole - slowest).max(0.0));
    }
    Ok(Measured {
        alone,
        leader: median(&leader),
        peers: others.iter().map(|times| median(times)).collect(),
        exchange: median(&exchanges),
    })
}
