//! The model in use: which one, on which device, and whether it is loaded.

use crate::page::latest::{Latest, Request};
use crate::page::models::choice::ModelChoice;
use crate::page::models::protocol::{
    DeviceChoice, Failure, FailureKind, LoadedModel, Placement, Progress,
};
use crate::page::models::worker_client::WorkerClient;
use leptos::prelude::*;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub enum ModelState {
    Loading(Progress),
    Loaded(Arc<LoadedModel>),
    Failed(Failure),
}

#[derive(Clone, Copy)]
pub struct CurrentModel {
    engine: StoredValue<WorkerClient, LocalStorage>,
    /// Notifies whenever a model starts to load, the same one included.
    pub choice: RwSignal<ModelChoice, LocalStorage>,
    /// The checkpoint's id in the address.
    pub requested: RwSignal<Option<String>>,
    pub state: RwSignal<ModelState>,
    pub device: RwSignal<DeviceChoice>,
    /// As in [`Placement`].
    pub workers: RwSignal<Option<usize>>,
    loads: Latest,
}

impl CurrentModel {
    pub(super) fn new() -> CurrentModel {
        let engine = WorkerClient::default();
        let state = RwSignal::new(ModelState::Loading(Progress::default()));
        engine.on_reloaded(move |loaded| state.set(ModelState::Loaded(Arc::new(loaded))));
        CurrentModel {
            engine: StoredValue::new_local(engine),
            choice: RwSignal::new_local(ModelChoice::bundled_clip()),
            requested: RwSignal::new(None),
            state,
            device: RwSignal::new(DeviceChoice::Best),
            workers: RwSignal::new(None),
            loads: Latest::new(),
        }
    }

    /// The worker that holds the model.
    pub fn engine(self) -> WorkerClient {
        self.engine.get_value()
    }

    /// What the reader chose, without tracking it.
    pub fn placement(self) -> Placement {
        Placement {
            device: self.device.get_untracked(),
            workers: self.workers.get_untracked(),
        }
    }

    pub fn name(self) -> String {
        self.choice.with_untracked(|choice| choice.name.clone())
    }

    pub fn key(self) -> String {
        self.choice.with_untracked(|choice| choice.key.clone())
    }

    /// The model, if it is loaded, without tracking it.
    pub fn loaded(self) -> Option<Arc<LoadedModel>> {
        self.state.with_untracked(|state| match state {
            ModelState::Loaded(loaded) => Some(loaded.clone()),
            _ => None,
        })
    }

    /// Whether a model is loaded; tracked.
    pub fn is_loaded(self) -> bool {
        self.state
            .with(|state| matches!(state, ModelState::Loaded(_)))
    }

    /// Whether the loaded model can caption images; tracked.
    pub fn has_decoder(self) -> bool {
        self.state.with(|state| match state {
            ModelState::Loaded(loaded) => loaded.architecture.decoder.is_some(),
            _ => false,
        })
    }

    /// The load in effect: once another starts, results from this model no longer count.
    pub fn current_load(self) -> Request {
        self.loads.current()
    }

    /// Stops whatever the model before was doing.
    pub(super) fn start_loading(self, choice: ModelChoice) -> Request {
        self.engine().stop(&Failure::new(
            FailureKind::Stopped,
            "Another model was chosen.",
        ));
        self.choice.set(choice);
        self.state.set(ModelState::Loading(Progress::default()));
        self.loads.start()
    }

    pub fn fail(self, failure: Failure) {
        self.state.set(ModelState::Failed(failure));
    }

    /// Fails the model if the failure concerns it rather than a single request.
    pub fn fail_if_unusable(self, failure: Failure) {
        // While another model loads, the failure is that of the model before.
        let is_loaded = self.loaded().is_some();
        if is_loaded
            && matches!(
                failure.kind,
                FailureKind::Device | FailureKind::Stopped | FailureKind::Damaged
            )
        {
            self.fail(failure);
        }
    }
}
