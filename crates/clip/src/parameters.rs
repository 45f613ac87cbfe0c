//! A checkpoint's tensors on a backend, from which the towers take theirs by open_clip's names.

use crate::backend::Backend;
use crate::weights::WeightsError;
use std::collections::BTreeMap;

/// Tensors by open_clip's names; each can be taken once.
pub(crate) struct Parameters<B: Backend> {
    /// Matrices of linear maps.
    weights: BTreeMap<String, B::Weights>,
    /// Biases, layer norms and embeddings.
    tensors: BTreeMap<String, B::Tensor>,
}

impl<B: Backend> Parameters<B> {
    pub(crate) fn new() -> Self {
        Parameters {
            weights: BTreeMap::new(),
            tensors: BTreeMap::new(),
        }
    }

    pub(crate) fn insert_weights(&mut self, name: &str, weights: B::Weights) {
        self.weights.insert(name.to_owned(), weights);
    }

    pub(crate) fn insert_tensor(&mut self, name: &str, tensor: B::Tensor) {
        self.tensors.insert(name.to_owned(), tensor);
    }

    pub(crate) fn take_weights(&mut self, name: &str) -> Result<B::Weights, WeightsError> {
        self.weights.remove(name).ok_or_else(|| missing(name))
    }

    pub(crate) fn take_tensor(&mut self, name: &str) -> Result<B::Tensor, WeightsError> {
        self.tensors.remove(name).ok_or_else(|| missing(name))
    }
}

fn missing(name: &str) -> WeightsError {
    WeightsError::Missing {
        names: vec![name.to_owned()],
    }
}
