//! What runs in a worker: models, downloads, files. One question at a time, in their order.

mod captioner;
mod download;
mod embedding_cache;
mod engine;
mod file_store;
mod open_checkpoint;
mod picture;

use super::protocol::{Failure, Progress, Request, STOP};
use engine::Engine;
use js_sys::Array;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// What came back: JSON's side, and the object beside it, which is handed over.
type Answer = Result<(String, JsValue), Failure>;

struct WorkerState {
    engine: RefCell<Option<Engine>>,
    questions: RefCell<VecDeque<Array>>,
    is_busy: Cell<bool>,
    /// The caption that is written now shall end.
    is_stopped: Cell<bool>,
}

pub fn serve() {
    std::panic::set_hook(Box::new(|info| {
        post("end", &info.to_string(), &JsValue::UNDEFINED);
    }));
    let state = Rc::new(WorkerState {
        engine: RefCell::default(),
        questions: RefCell::default(),
        is_busy: Cell::new(false),
        is_stopped: Cell::new(false),
    });
    let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let question: Array = event.data().unchecked_into();
        if question.get(0).as_string().as_deref() == Some(STOP) {
            state.is_stopped.set(true);
            return;
        }
        state.questions.borrow_mut().push_back(question);
        if !state.is_busy.replace(true) {
            wasm_bindgen_futures::spawn_local(work(state.clone()));
        }
    });
    scope().set_onmessage(Some(heard.as_ref().unchecked_ref()));
    // As long as the worker.
    heard.forget();
    post("ready", "", &JsValue::UNDEFINED);
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

fn post(what: &str, text: &str, beside: &JsValue) {
    let message = Array::of3(&what.into(), &text.into(), beside);
    // Whoever asked has gone away otherwise.
    let _ = scope().post_message(&message);
}

async fn work(state: Rc<WorkerState>) {
    loop {
        let question = state.questions.borrow_mut().pop_front();
        let Some(question) = question else { break };
        let id = question.get(0);
        let text = question.get(1).as_string().unwrap_or_default();
        let (text, beside) = match serde_json::from_str(&text) {
            Ok(ask) => answer(&state, &id, ask, question.get(2)).await,
            Err(error) => Err(Failure::new(
                super::protocol::FailureKind::Other,
                error.to_string(),
            )),
        }
        .map_or_else(
            |failure| (json(&Err::<(), _>(failure)), JsValue::UNDEFINED),
            |(text, beside)| (text, beside),
        );
        let moved = match beside.dyn_ref::<js_sys::Float32Array>() {
            Some(numbers) => Array::of1(&numbers.buffer()),
            None => Array::new(),
        };
        let message = Array::of3(&id, &text.into(), &beside);
        let _ = scope().post_message_with_transfer(&message, &moved);
        if let Some(engine) = state.engine.borrow_mut().as_mut() {
            engine.keep();
        }
    }
    state.is_busy.set(false);
}

fn json<T: Serialize>(value: &Result<T, Failure>) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn plain<T: Serialize>(value: T) -> Answer {
    with(value, JsValue::UNDEFINED)
}

fn with<T: Serialize>(value: T, beside: JsValue) -> Answer {
    Ok((json(&Ok(value)), beside))
}

async fn answer(state: &WorkerState, id: &JsValue, ask: Request, beside: JsValue) -> Answer {
    match ask {
        Request::Gpu => plain(engine::gpu().await?),
        Request::Load {
            key,
            place,
            device,
            quick_gelu,
        } => {
            // Two models at once may be one too many.
            drop(state.engine.take());
            let mut reports = Reports::new(id);
            let progress = |progress| reports.report(progress);
            let loaded = Engine::load(place, device, quick_gelu, beside, progress);
            let (mut engine, ready) = loaded.await?;
            engine.remember(&key).await;
            state.engine.replace(Some(engine));
            plain(ready)
        }
        Request::Texts(texts) => {
            // Nobody else has it: questions are answered one by one.
            let mut engine = taken(state)?;
            let answer = engine.texts(&texts).await;
            state.engine.replace(Some(engine));
            let (notes, numbers) = answer?;
            with(notes, numbers)
        }
        Request::Pictures { keep } => {
            let mut engine = taken(state)?;
            let answer = engine.pictures(&beside.unchecked_into(), keep).await;
            state.engine.replace(Some(engine));
            let (seen, numbers) = answer?;
            with(seen, numbers)
        }
        Request::Caption { decoding, tokens } => {
            state.is_stopped.set(false);
            let mut engine = taken(state)?;
            let tell = |writing| report(id, &writing);
            let answer = engine.caption(&beside, decoding, tokens, tell, &state.is_stopped);
            let answer = answer.await;
            state.engine.replace(Some(engine));
            plain(answer?)
        }
        Request::Likelihoods(texts) => {
            let mut engine = taken(state)?;
            let tell = |writing| report(id, &writing);
            let answer = engine.likelihoods(&beside, &texts, tell).await;
            state.engine.replace(Some(engine));
            plain(answer?)
        }
        Request::Download { key, address, name } => {
            let mut reports = Reports::new(id);
            let progress = |progress| reports.report(progress);
            plain(download::download(&key, &address, &name, progress).await?)
        }
        Request::CacheListing => plain(file_store::cache().await?),
        Request::Delete(key) => plain(file_store::delete(&key).await?),
        Request::Put(name) => {
            let bytes: js_sys::Uint8Array = beside.unchecked_into();
            plain(file_store::put(&name, &bytes.to_vec()).await?)
        }
        Request::Get(name) => with((), file_store::get(&name).await?),
    }
}

fn taken(state: &WorkerState) -> Result<Engine, Failure> {
    let none = "The part of the page that computes has begun anew. Load the model again; your pictures and classes are still here.";
    let engine = state.engine.take();
    engine.ok_or_else(|| Failure::new(super::protocol::FailureKind::Other, none))
}

/// Says how far a load is, but not more often than anyone could see.
struct Reports<'a> {
    id: &'a JsValue,
    last: f64,
}

impl<'a> Reports<'a> {
    fn new(id: &'a JsValue) -> Self {
        let last = f64::NEG_INFINITY;
        Reports { id, last }
    }

    fn report(&mut self, progress: Progress) {
        let now = refit_clip::browser::now();
        if now - self.last > 100.0 || progress.bytes == progress.total {
            self.last = now;
            report(self.id, &progress);
        }
    }
}

fn report(id: &JsValue, progress: &impl Serialize) {
    let text = serde_json::to_string(progress).unwrap_or_default();
    post("progress", &text, id);
}

/// Hears what the page has said meanwhile.
async fn turn() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let _ = scope().set_timeout_with_callback(&resolve);
    });
    // A promise that only resolves.
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}
