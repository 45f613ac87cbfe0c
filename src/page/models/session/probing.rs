//! Teaching probes on subsets of the pairs whose classes are known, in a worker of its own, which another run ends.

use super::PairSet;
use crate::page::latest::Latest;
use crate::page::models::protocol::{Failure, FailureKind};
use crate::page::models::worker_client::WorkerClient;
use crate::pairs::{Probe, ProbeTask};
use leptos::prelude::*;
use std::rc::Rc;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq)]
pub enum ProbeState {
    Idle,
    /// Probes taught, of how many.
    Running(usize, usize),
    Done(Arc<Probe>),
    Failed(String),
}

#[derive(Clone, Copy)]
pub struct Probing {
    pub state: RwSignal<ProbeState>,
    worker: StoredValue<WorkerClient, LocalStorage>,
    requests: Latest,
}

impl Probing {
    pub(super) fn new() -> Probing {
        Probing {
            state: RwSignal::new(ProbeState::Idle),
            worker: StoredValue::new_local(WorkerClient::default()),
            requests: Latest::new(),
        }
    }

    /// Ends the run.
    pub fn cancel(self) {
        self.requests.cancel();
        let failure = Failure::new(FailureKind::Stopped, "Cancelled.");
        self.worker.get_value().stop(&failure);
        self.state.set(ProbeState::Idle);
    }

    /// Teaches a probe on each subset, given as whether it keeps each pair.
    pub fn start(self, set: &Rc<PairSet>, subsets: &[Vec<bool>]) {
        self.cancel();
        let Some(labels) = &set.labels else { return };
        let known = labels.of.iter().enumerate();
        let known = known.filter_map(|(i, label)| Some((i, (*label)?)));
        let (rows, of): (Vec<usize>, Vec<usize>) = known.unzip();
        let subset = |kept: &Vec<bool>| (0..rows.len()).filter(|i| kept[rows[*i]]).collect();
        let task = ProbeTask {
            classes: labels.classes.clone(),
            labels: of,
            subsets: subsets.iter().map(subset).collect(),
        };
        let vectors: Vec<f32> = rows.iter().flat_map(|i| set.vector(*i)).copied().collect();
        let request = self.requests.start();
        self.state.set(ProbeState::Running(0, 0));
        leptos::task::spawn_local(async move {
            let progress = move |(done, total)| {
                if request.is_latest() {
                    self.state.set(ProbeState::Running(done, total));
                }
            };
            let worker = self.worker.get_value();
            let probe = worker.probe(task, &vectors, progress).await;
            if request.is_latest() {
                self.state.set(match probe {
                    Ok(probe) => ProbeState::Done(Arc::new(probe)),
                    Err(failure) => ProbeState::Failed(failure.sentence),
                });
                worker.stop(&Failure::new(FailureKind::Stopped, "Done."));
            }
        });
    }
}
