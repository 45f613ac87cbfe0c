//! A worker, as the page sees it: questions go out, answers come back, and it can be stopped at
//! any time. It starts with the first question, and anew with the first after it was stopped.

use super::protocol::{Failure, FailureKind, Progress, Request, STOP};
use js_sys::{Array, Function, Promise, Reflect};
use leptos::prelude::{document, window};
use serde::de::DeserializeOwned;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, MessageEvent, Url, Worker, WorkerOptions, WorkerType};

/// Clones are the same worker.
#[derive(Clone, Default)]
pub struct WorkerClient(Rc<Inner>);

#[derive(Default)]
struct Inner {
    running: RefCell<Option<Running>>,
    waiting: RefCell<BTreeMap<u32, Waiting>>,
    questions: Cell<u32>,
}

struct Running {
    worker: Worker,
    /// What was asked before the worker was ready to hear.
    unsent: Option<Vec<(Array, Array)>>,
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _failed: Closure<dyn FnMut(JsValue)>,
}

/// Who waits for an answer.
struct Waiting {
    answer: Function,
    /// Takes JSON.
    progress: Box<dyn Fn(&str)>,
}

/// What came back, and the object beside it.
pub struct Answer<T> {
    pub value: T,
    pub beside: JsValue,
}

impl WorkerClient {
    /// Asks without anything beside.
    pub async fn ask<T: DeserializeOwned>(&self, ask: &Request) -> Result<T, Failure> {
        let answer = self.ask_with(ask, JsValue::UNDEFINED, Array::new(), |_| {});
        Ok(answer.await?.value)
    }

    /// Asks with an object beside, of which the parts in `moved` are handed over.
    pub async fn ask_with<T: DeserializeOwned>(
        &self,
        ask: &Request,
        beside: JsValue,
        moved: Array,
        progress: impl Fn(Progress) + 'static,
    ) -> Result<Answer<T>, Failure> {
        self.ask_telling(ask, beside, moved, progress).await
    }

    /// The same, of what tells something else than bytes on its way.
    pub async fn ask_telling<T: DeserializeOwned, P: DeserializeOwned>(
        &self,
        ask: &Request,
        beside: JsValue,
        moved: Array,
        progress: impl Fn(P) + 'static,
    ) -> Result<Answer<T>, Failure> {
        let id = self.0.questions.get();
        self.0.questions.set(id.wrapping_add(1));
        let text = serde_json::to_string(ask).map_err(|e| unreadable(&e))?;
        let message = Array::of3(&id.into(), &text.into(), &beside);
        let mut resolve = None;
        let promise = Promise::new(&mut |answer, _| resolve = Some(answer));
        if let Some(answer) = resolve {
            let progress = move |text: &str| {
                if let Ok(told) = serde_json::from_str(text) {
                    progress(told);
                }
            };
            let progress = Box::new(progress);
            let waiting = Waiting { answer, progress };
            self.0.waiting.borrow_mut().insert(id, waiting);
        }
        self.send(message, moved);
        // A promise that only resolves.
        let answer = JsFuture::from(promise).await.unwrap_or_default();
        let answer: Array = answer.unchecked_into();
        let text = answer.get(1).as_string().unwrap_or_default();
        let value: Result<T, Failure> = serde_json::from_str(&text).map_err(|e| unreadable(&e))?;
        Ok(Answer {
            value: value?,
            beside: answer.get(2),
        })
    }

    /// Ends the worker with whatever it does; who waits hears this.
    pub fn stop(&self, failure: &Failure) {
        if let Some(running) = self.0.running.borrow_mut().take() {
            running.worker.set_onmessage(None);
            running.worker.set_onerror(None);
            running.worker.terminate();
        }
        let waiting = std::mem::take(&mut *self.0.waiting.borrow_mut());
        let failed: Result<(), &Failure> = Err(failure);
        let text = serde_json::to_string(&failed).unwrap_or_default();
        for waiting in waiting.into_values() {
            let answer = Array::of2(&JsValue::NULL, &text.as_str().into());
            let _ = waiting.answer.call1(&JsValue::NULL, &answer);
        }
    }

    /// Has it end the caption that it writes, as far as it is.
    pub fn interrupt(&self) {
        if let Some(running) = self.0.running.borrow().as_ref() {
            post(&running.worker, &Array::of1(&STOP.into()), &Array::new());
        }
    }

    fn send(&self, message: Array, moved: Array) {
        if self.0.running.borrow().is_none() {
            match self.start() {
                Some(running) => *self.0.running.borrow_mut() = Some(running),
                None => return self.stop(&no_workers()),
            }
        }
        let mut running = self.0.running.borrow_mut();
        let Some(running) = running.as_mut() else {
            return;
        };
        match &mut running.unsent {
            Some(unsent) => unsent.push((message, moved)),
            None => post(&running.worker, &message, &moved),
        }
    }

    fn start(&self) -> Option<Running> {
        let address = program()?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&address, &options).ok()?;
        let this = Rc::downgrade(&self.0);
        let heard = Closure::new(move |event: MessageEvent| {
            if let Some(inner) = this.upgrade() {
                WorkerClient(inner).hear(&event.data().unchecked_into());
            }
        });
        let this = Rc::downgrade(&self.0);
        let failed = Closure::new(move |_| {
            if let Some(inner) = this.upgrade() {
                WorkerClient(inner).stop(&no_workers());
            }
        });
        worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
        Some(Running {
            worker,
            unsent: Some(Vec::new()),
            _heard: heard,
            _failed: failed,
        })
    }

    /// A message is [what, JSON, beside], where `what` is a question's number or a word.
    fn hear(&self, message: &Array) {
        let what = message.get(0);
        let text = || message.get(1).as_string().unwrap_or_default();
        if let Some(id) = what.as_f64() {
            let waiting = self.0.waiting.borrow_mut().remove(&(id as u32));
            if let Some(waiting) = waiting {
                let _ = waiting.answer.call1(&JsValue::NULL, message);
            }
            return;
        }
        match what.as_string().unwrap_or_default().as_str() {
            "ready" => {
                let mut running = self.0.running.borrow_mut();
                let Some(running) = running.as_mut() else {
                    return;
                };
                for (message, moved) in running.unsent.take().unwrap_or_default() {
                    post(&running.worker, &message, &moved);
                }
            }
            "progress" => {
                let id = message.get(2).as_f64().unwrap_or_default() as u32;
                let waiting = self.0.waiting.borrow();
                if let Some(waiting) = waiting.get(&id) {
                    (waiting.progress)(&text());
                }
            }
            // It has failed in a way that nobody foresaw.
            _ => {
                let sentence = format!(
                    "The part of the page that computes has stopped ({}). Load the model again; your pictures and classes are still here.",
                    text()
                );
                self.stop(&Failure::new(FailureKind::Stopped, sentence));
            }
        }
    }
}

fn post(worker: &Worker, message: &Array, moved: &Array) {
    if let Err(error) = worker.post_message_with_transfer(message, moved) {
        leptos::logging::error!("{error:?}");
    }
}

fn unreadable(error: &serde_json::Error) -> Failure {
    let sentence =
        format!("The page and its worker do not understand each other ({error}); reload the page.");
    Failure::new(FailureKind::Stopped, sentence)
}

fn no_workers() -> Failure {
    Failure::new(
        FailureKind::Stopped,
        "The part of the page that computes could not be started; check the connection and reload.",
    )
}

/// A worker's script. It is a blob, since a worker from a file would not be bound by the page's
/// policy, which says where it may connect to.
fn program() -> Option<String> {
    thread_local! {
        static ADDRESS: RefCell<Option<String>> = const { RefCell::new(None) };
    }
    if let Some(address) = ADDRESS.with_borrow(Clone::clone) {
        return Some(address);
    }
    // As boot.js tells one release from another.
    let glue = document()
        .query_selector("link[rel=modulepreload]")
        .ok()??;
    let glue = Reflect::get(&glue, &"href".into()).ok()?.as_string()?;
    let release = glue.rsplit('/').next()?.to_owned();
    let base = window().document()?.base_uri().ok()??;
    let file = |name: &str| {
        let url = Url::new_with_base(&format!("{name}?{release}"), &base).ok()?;
        serde_json::to_string(&url.href()).ok()
    };
    let (glue, wasm) = (file("models.js")?, file("models_bg.wasm")?);
    let base = serde_json::to_string(&base).ok()?;
    let script = format!(
        "globalThis.base = {base};
const end = (reason) => postMessage(['end', String(reason)]);
addEventListener('error', (event) => end(event.message));
addEventListener('unhandledrejection', (event) => end(event.reason));
import({glue})
    .then(async (program) => {{
        await program.default({{ module_or_path: {wasm} }});
        program.serve();
    }})
    .catch(end);"
    );
    let options = BlobPropertyBag::new();
    options.set_type("text/javascript");
    let parts = Array::of1(&script.into());
    let blob = Blob::new_with_str_sequence_and_options(&parts, &options).ok()?;
    let address = Url::create_object_url_with_blob(&blob).ok()?;
    ADDRESS.set(Some(address.clone()));
    Some(address)
}
