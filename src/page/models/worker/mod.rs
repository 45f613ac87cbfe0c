//! What runs in a worker: models, downloads, files. Requests are answered one by one, in order.

mod captioning;
mod checkpoint_cache;
mod checkpoint_source;
mod download;
mod embedding_cache;
mod engine;
mod image;
mod locating;
mod opfs;
mod pair_cache;
mod stored_vectors;
mod towers;
mod vectors;

use super::protocol::{Failure, FailureKind, Progress, RELOADED, STOP, WorkerRequest};
use crate::pairs::probe;
use crate::teach::teach;
use engine::{Engine, Origin};
use js_sys::Array;
use refit_clip::Classes;
use refit_clip::browser::{PEER, serve_peer};
use refit_pairs::Duplicates;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::rc::Rc;
use vectors::Vectors;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// A reply: JSON, and an attachment, whose memory is handed over.
type EncodedReply = Result<(String, JsValue), Failure>;

struct WorkerState {
    engine: RefCell<Option<Engine>>,
    requests: RefCell<VecDeque<Array>>,
    is_busy: Cell<bool>,
    /// The caption being generated, or the search, shall end.
    is_stopped: Cell<bool>,
    /// Of an index that is searched.
    vectors: RefCell<Vectors>,
}

/// Serves the page; in a worker that such a worker started, its model.
pub fn serve() {
    if scope().name() == PEER {
        return serve_peer();
    }
    std::panic::set_hook(Box::new(|info| {
        post("end", &info.to_string(), &JsValue::UNDEFINED);
    }));
    let state = Rc::new(WorkerState {
        engine: RefCell::default(),
        requests: RefCell::default(),
        is_busy: Cell::new(false),
        is_stopped: Cell::new(false),
        vectors: RefCell::default(),
    });
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let request: Array = event.data().unchecked_into();
        if request.get(0).as_string().as_deref() == Some(STOP) {
            state.is_stopped.set(true);
            return;
        }
        state.requests.borrow_mut().push_back(request);
        if !state.is_busy.replace(true) {
            wasm_bindgen_futures::spawn_local(answer_all(state.clone()));
        }
    });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It lives as long as the worker.
    on_message.forget();
    post("ready", "", &JsValue::UNDEFINED);
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

fn post(kind: &str, text: &str, attachment: &JsValue) {
    let message = Array::of3(&kind.into(), &text.into(), attachment);
    // It fails only where nothing can be done about it.
    let _ = scope().post_message(&message);
}

async fn answer_all(state: Rc<WorkerState>) {
    loop {
        let request = state.requests.borrow_mut().pop_front();
        let Some(request) = request else { break };
        let id = request.get(0);
        let text = request.get(1).as_string().unwrap_or_default();
        let reply = match serde_json::from_str(&text) {
            Ok(parsed) => answer_with_who_is_left(&state, &id, parsed, request.get(2)).await,
            Err(error) => Err(Failure::new(FailureKind::Other, error.to_string())),
        };
        let (text, attachment) =
            reply.unwrap_or_else(|failure| (json(&Err::<(), _>(failure)), JsValue::UNDEFINED));
        let transferred = match attachment.dyn_ref::<js_sys::Float32Array>() {
            Some(numbers) => Array::of1(&numbers.buffer()),
            None => Array::new(),
        };
        let message = Array::of3(&id, &text.into(), &attachment);
        let _ = scope().post_message_with_transfer(&message, &transferred);
        if let Some(engine) = state.engine.borrow_mut().as_mut() {
            engine.save_embeddings();
        }
    }
    state.is_busy.set(false);
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn reply<T: Serialize>(value: T) -> EncodedReply {
    reply_with(value, JsValue::UNDEFINED)
}

fn reply_with<T: Serialize>(value: T, attachment: JsValue) -> EncodedReply {
    Ok((json(&Ok::<_, Failure>(value)), attachment))
}

/// Answers a request. If a worker that has a part of the model is lost meanwhile, the others load
/// the model again, the page is told, and they answer.
async fn answer_with_who_is_left(
    state: &WorkerState,
    id: &JsValue,
    request: WorkerRequest,
    attachment: JsValue,
) -> EncodedReply {
    loop {
        let reply = answer(state, id, request.clone(), attachment.clone()).await;
        let failure = match &reply {
            Err(failure) if failure.kind == FailureKind::WorkerLost => failure,
            _ => return reply,
        };
        // Each time there is one less, at last none that could be lost.
        let Some(engine) = state.engine.take() else {
            return reply;
        };
        let (engine, loaded) = engine.load_again(failure).await?;
        state.engine.replace(Some(engine));
        post(RELOADED, &json(&loaded), &JsValue::UNDEFINED);
    }
}

async fn answer(
    state: &WorkerState,
    id: &JsValue,
    request: WorkerRequest,
    attachment: JsValue,
) -> EncodedReply {
    match request {
        WorkerRequest::Gpu => reply(towers::gpu_info().await?),
        WorkerRequest::Load {
            key,
            location,
            placement,
            name,
            choices,
        } => {
            // Memory may not hold two models at once.
            drop(state.engine.take());
            let progress = throttled(id);
            let origin = Origin {
                location,
                files: attachment,
                name,
                choices,
            };
            let loaded = Engine::load(origin, placement, progress);
            let (mut engine, loaded) = loaded.await?;
            engine.open_cache(&key).await;
            state.engine.replace(Some(engine));
            reply(loaded)
        }
        WorkerRequest::EncodeTexts(texts) => {
            let mut engine = take_engine(state)?;
            let encoded = engine.encode_texts(&texts).await;
            state.engine.replace(Some(engine));
            let (warnings, numbers) = encoded?;
            reply_with(warnings, numbers)
        }
        WorkerRequest::EncodeImages { cache } => {
            let mut engine = take_engine(state)?;
            let encoded = engine
                .encode_images(&attachment.unchecked_into(), cache)
                .await;
            state.engine.replace(Some(engine));
            let (details, numbers) = encoded?;
            reply_with(details, numbers)
        }
        WorkerRequest::EncodePairs(texts) => {
            let mut engine = take_engine(state)?;
            let encoded = engine
                .encode_pairs(&attachment.unchecked_into(), &texts)
                .await;
            state.engine.replace(Some(engine));
            let (pairs, numbers) = encoded?;
            reply_with(pairs, numbers)
        }
        WorkerRequest::Caption { decoding, tokens } => {
            state.is_stopped.set(false);
            let mut engine = take_engine(state)?;
            let progress = |progress| report(id, &progress);
            let caption =
                engine.caption(&attachment, decoding, tokens, progress, &state.is_stopped);
            let caption = caption.await;
            state.engine.replace(Some(engine));
            reply(caption?)
        }
        WorkerRequest::ScoreCaptions(texts) => {
            let mut engine = take_engine(state)?;
            let progress = |progress| report(id, &progress);
            let scores = engine.score_captions(&attachment, &texts, progress).await;
            state.engine.replace(Some(engine));
            reply(scores?)
        }
        WorkerRequest::Locate {
            method,
            vector,
            scoring,
        } => {
            let classes = Classes {
                labels: vec![String::new()],
                vectors: vec![vector],
                scoring,
            };
            let mut engine = take_engine(state)?;
            let located = engine.locate(&attachment, method, &classes).await;
            state.engine.replace(Some(engine));
            reply(located?)
        }
        WorkerRequest::Teach(lesson) => {
            let vectors: js_sys::Float32Array = attachment.unchecked_into();
            let taught = teach(&lesson, &vectors.to_vec(), &mut watch(id));
            reply(taught.map_err(|sentence| Failure::new(FailureKind::Other, sentence))?)
        }
        WorkerRequest::Probe(task) => {
            let vectors: js_sys::Float32Array = attachment.unchecked_into();
            let probe = probe(&task, &vectors.to_vec(), &mut watch(id));
            reply(probe.map_err(|sentence| Failure::new(FailureKind::Other, sentence))?)
        }
        WorkerRequest::Duplicates { width, threshold } => {
            let vectors: js_sys::Float32Array = attachment.unchecked_into();
            let found = Duplicates::among(&vectors.to_vec(), width, threshold);
            let firsts: Vec<u32> = (0..found.count() as u32).map(|i| found.first(i)).collect();
            reply(firsts)
        }
        WorkerRequest::OpenVectors(pieces) => {
            let files: Array = attachment.unchecked_into();
            let files = files.iter().map(JsCast::unchecked_into);
            state.vectors.replace(Vectors::open(pieces, files));
            reply(())
        }
        WorkerRequest::SearchVectors { query, top, keep } => {
            state.is_stopped.set(false);
            let mut last = f64::NEG_INFINITY;
            let progress = |done: u64| {
                let now = refit_clip::browser::now();
                if now - last > 100.0 {
                    last = now;
                    report(id, &done);
                }
            };
            // Requests are answered one by one, so that nobody misses them meanwhile.
            let mut vectors = state.vectors.take();
            let found = vectors.search(&query, top, keep, &state.is_stopped, progress);
            let found = found.await;
            state.vectors.replace(vectors);
            reply(found?)
        }
        WorkerRequest::CountRows => {
            let rows = vectors::count(attachment.unchecked_into()).await;
            reply(rows.map_err(|sentence| Failure::new(FailureKind::Other, sentence))?)
        }
        WorkerRequest::DescribeRows(rows) => {
            let said = vectors::describe(attachment.unchecked_into(), &rows).await;
            reply(said.map_err(|sentence| Failure::new(FailureKind::Other, sentence))?)
        }
        WorkerRequest::Download { key, address, name } => {
            reply(download::download(&key, &address, &name, throttled(id)).await?)
        }
        WorkerRequest::Copy(location) => {
            let blob = checkpoint_source::copy(&location, &attachment, throttled(id)).await?;
            reply_with((), blob.into())
        }
        WorkerRequest::ListCache => reply(checkpoint_cache::list().await?),
        WorkerRequest::Delete(key) => reply(checkpoint_cache::delete(&key).await?),
        WorkerRequest::DeleteVectors => {
            let engine = state.engine.take();
            let deleted = match engine {
                Some(mut engine) => {
                    let deleted = engine.delete_stored().await;
                    state.engine.replace(Some(engine));
                    deleted
                }
                None => stored_vectors::delete().await,
            };
            reply(deleted?)
        }
        WorkerRequest::Put(name) => {
            let bytes: js_sys::Uint8Array = attachment.unchecked_into();
            reply(opfs::put(&name, &bytes.to_vec()).await?)
        }
        WorkerRequest::Get(name) => reply_with((), opfs::get(&name).await?),
    }
}

/// Takes the engine out for one request; no other needs it meanwhile.
fn take_engine(state: &WorkerState) -> Result<Engine, Failure> {
    let sentence = "The model’s worker has restarted. Load the model again; your images and classes are still here.";
    let engine = state.engine.take();
    engine.ok_or_else(|| Failure::new(FailureKind::Other, sentence))
}

/// Reports the progress of a request at most ten times a second.
fn throttled(id: &JsValue) -> impl FnMut(Progress) {
    let mut last = f64::NEG_INFINITY;
    move |progress: Progress| {
        let now = refit_clip::browser::now();
        if now - last > 100.0 || progress.bytes == progress.total {
            last = now;
            report(id, &progress);
        }
    }
}

/// Reports how many are done, of how many, some times a second. The page ends this worker to stop it.
fn watch(id: &JsValue) -> impl FnMut(usize, usize) -> ControlFlow<()> {
    let mut last = f64::NEG_INFINITY;
    move |done, total| {
        let now = refit_clip::browser::now();
        if now - last > 100.0 {
            last = now;
            report(id, &(done, total));
        }
        ControlFlow::Continue(())
    }
}

fn report(id: &JsValue, progress: &impl Serialize) {
    post("progress", &json(progress), id);
}

/// Lets the worker receive the messages that are waiting.
async fn yield_now() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let _ = scope().set_timeout_with_callback(&resolve);
    });
    // It never rejects.
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}
