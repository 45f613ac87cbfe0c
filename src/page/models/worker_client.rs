//! A worker, from the page's side: it takes requests, sends replies and progress, and can be
//! stopped at any time. The first request starts it, also after it was stopped.

use super::protocol::{Failure, FailureKind, LoadedModel, RELOADED, STOP, WorkerRequest};
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
    running: RefCell<Option<RunningWorker>>,
    pending: RefCell<BTreeMap<u32, PendingReply>>,
    requests: Cell<u32>,
    on_reloaded: RefCell<Option<OnReloaded>>,
    reloaded: RefCell<Option<LoadedModel>>,
}

type OnReloaded = Box<dyn Fn(LoadedModel)>;

struct RunningWorker {
    worker: Worker,
    /// Requests from before the worker was ready.
    unsent: Option<Vec<(Array, Array)>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(JsValue)>,
}

/// A request without a reply so far.
struct PendingReply {
    /// Resolves the request's promise.
    resolve: Function,
    /// Receives JSON.
    progress: Box<dyn Fn(&str)>,
}

pub struct Reply<T> {
    pub value: T,
    pub attachment: JsValue,
}

impl WorkerClient {
    /// What to do when the worker has loaded its model again of its own accord.
    pub fn on_reloaded(&self, handle: impl Fn(LoadedModel) + 'static) {
        *self.0.on_reloaded.borrow_mut() = Some(Box::new(handle));
    }

    /// The model as the worker has loaded it again of its own accord, if it has since the last call.
    pub fn take_reloaded(&self) -> Option<LoadedModel> {
        self.0.reloaded.take()
    }

    /// Sends a request without an attachment.
    pub async fn ask<T: DeserializeOwned>(&self, request: &WorkerRequest) -> Result<T, Failure> {
        let reply = self.ask_with(request, JsValue::UNDEFINED, Array::new(), |(): ()| {});
        Ok(reply.await?.value)
    }

    /// Sends a request with an attachment; the objects in `transferred` are handed over.
    pub async fn ask_with<T: DeserializeOwned, P: DeserializeOwned>(
        &self,
        request: &WorkerRequest,
        attachment: JsValue,
        transferred: Array,
        progress: impl Fn(P) + 'static,
    ) -> Result<Reply<T>, Failure> {
        let id = self.0.requests.get();
        self.0.requests.set(id.wrapping_add(1));
        let text = serde_json::to_string(request).map_err(|e| version_mismatch(&e))?;
        let message = Array::of3(&id.into(), &text.into(), &attachment);
        let mut resolver = None;
        let promise = Promise::new(&mut |resolve, _| resolver = Some(resolve));
        if let Some(resolve) = resolver {
            let progress = Box::new(move |text: &str| {
                if let Ok(value) = serde_json::from_str(text) {
                    progress(value);
                }
            });
            let pending = PendingReply { resolve, progress };
            self.0.pending.borrow_mut().insert(id, pending);
        }
        self.send(message, transferred);
        // The promise never rejects.
        let reply = JsFuture::from(promise).await.unwrap_or_default();
        let reply: Array = reply.unchecked_into();
        let text = reply.get(1).as_string().unwrap_or_default();
        let value: Result<T, Failure> =
            serde_json::from_str(&text).map_err(|e| version_mismatch(&e))?;
        Ok(Reply {
            value: value?,
            attachment: reply.get(2),
        })
    }

    /// Stops the worker; pending requests fail with this failure.
    pub fn stop(&self, failure: &Failure) {
        if let Some(running) = self.0.running.borrow_mut().take() {
            running.worker.set_onmessage(None);
            running.worker.set_onerror(None);
            running.worker.terminate();
        }
        let pending = std::mem::take(&mut *self.0.pending.borrow_mut());
        let failed: Result<(), &Failure> = Err(failure);
        let text = serde_json::to_string(&failed).unwrap_or_default();
        for pending in pending.into_values() {
            let reply = Array::of2(&JsValue::NULL, &text.as_str().into());
            let _ = pending.resolve.call1(&JsValue::NULL, &reply);
        }
    }

    /// Ends the caption that is being generated, as far as it is, or the search.
    pub fn interrupt(&self) {
        if let Some(running) = self.0.running.borrow().as_ref() {
            post(&running.worker, &Array::of1(&STOP.into()), &Array::new());
        }
    }

    fn send(&self, message: Array, transferred: Array) {
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
            Some(unsent) => unsent.push((message, transferred)),
            None => post(&running.worker, &message, &transferred),
        }
    }

    fn start(&self) -> Option<RunningWorker> {
        let address = script()?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&address, &options).ok()?;
        let this = Rc::downgrade(&self.0);
        let on_message = Closure::new(move |event: MessageEvent| {
            if let Some(inner) = this.upgrade() {
                WorkerClient(inner).receive(&event.data().unchecked_into());
            }
        });
        let this = Rc::downgrade(&self.0);
        let on_error = Closure::new(move |_| {
            if let Some(inner) = this.upgrade() {
                WorkerClient(inner).stop(&no_workers());
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Some(RunningWorker {
            worker,
            unsent: Some(Vec::new()),
            _on_message: on_message,
            _on_error: on_error,
        })
    }

    /// A message is `[kind, JSON, attachment]`; the kind of a reply is its request's number.
    fn receive(&self, message: &Array) {
        let kind = message.get(0);
        let text = || message.get(1).as_string().unwrap_or_default();
        if let Some(id) = kind.as_f64() {
            let pending = self.0.pending.borrow_mut().remove(&(id as u32));
            if let Some(pending) = pending {
                let _ = pending.resolve.call1(&JsValue::NULL, message);
            }
            return;
        }
        match kind.as_string().unwrap_or_default().as_str() {
            "ready" => {
                let mut running = self.0.running.borrow_mut();
                let Some(running) = running.as_mut() else {
                    return;
                };
                for (message, transferred) in running.unsent.take().unwrap_or_default() {
                    post(&running.worker, &message, &transferred);
                }
            }
            "progress" => {
                let id = message.get(2).as_f64().unwrap_or_default() as u32;
                if let Some(pending) = self.0.pending.borrow().get(&id) {
                    (pending.progress)(&text());
                }
            }
            RELOADED => {
                let Ok(loaded) = serde_json::from_str::<LoadedModel>(&text()) else {
                    return;
                };
                self.0.reloaded.replace(Some(loaded.clone()));
                if let Some(handle) = &*self.0.on_reloaded.borrow() {
                    handle(loaded);
                }
            }
            // A panic or an uncaught exception.
            _ => {
                let sentence = format!(
                    "The model’s worker has crashed ({}). Load the model again; your images and classes are still here.",
                    text()
                );
                self.stop(&Failure::new(FailureKind::Stopped, sentence));
            }
        }
    }
}

fn post(worker: &Worker, message: &Array, transferred: &Array) {
    if let Err(error) = worker.post_message_with_transfer(message, transferred) {
        leptos::logging::error!("{error:?}");
    }
}

fn version_mismatch(error: &serde_json::Error) -> Failure {
    let sentence =
        format!("The page and its worker are of different versions ({error}); reload the page.");
    Failure::new(FailureKind::Stopped, sentence)
}

fn no_workers() -> Failure {
    Failure::new(
        FailureKind::Stopped,
        "The model’s worker could not be started; check the connection and reload the page.",
    )
}

/// The address of the worker's script. The script is a blob, since a worker from a file would not
/// inherit the page's Content-Security-Policy, which limits where it may connect to.
fn script() -> Option<String> {
    thread_local! {
        static ADDRESS: RefCell<Option<String>> = const { RefCell::new(None) };
    }
    if let Some(address) = ADDRESS.with_borrow(Clone::clone) {
        return Some(address);
    }
    // The query that boot.js adds for each release.
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
