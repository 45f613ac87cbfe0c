//! The few tensor operations that the towers need, behind one trait.
//!
//! A tower is written once, over [`Backend`]; it holds opaque handles and asks for operations in
//! order. A backend may carry them out at once ([`cpu`]) or record them and run them when a
//! result is asked for ([`gpu`]), which is why only [`Backend::finish`] and [`Backend::download`] are
//! asynchronous, and why an operation returns nothing: what goes wrong on a device shows there.

pub mod cpu;
mod error;
pub mod gpu;
pub mod half;

pub use error::ComputeError;
/// What becomes of a product in [`Backend::linear`].
pub use refit_kernels::Epilogue;
/// Marks a place of [`Backend::cached_attention`]'s lists where there is no row.
pub use refit_kernels::PADDING;
/// How a checkpoint's matrix lies in memory.
pub use refit_kernels::WeightLayout;

use std::future::Future;

/// Room in memory for so many numbers: a model may be larger than what a page may have.
pub(crate) fn reserve(count: usize) -> Result<Vec<f32>, ComputeError> {
    let mut values = Vec::new();
    let bytes = 4 * count as u64;
    let room = values.try_reserve_exact(count);
    room.map_err(|_| ComputeError::OutOfMemory { bytes })?;
    Ok(values)
}

/// Tensors and operations on them. Tensors are matrices of float32 to whoever looks; how they are
/// stored is the backend's matter. Shapes that do not fit together are mistakes of the caller,
/// which has checked them when it loaded the model.
pub trait Backend {
    /// A matrix of activations or of small parameters, row-major.
    type Tensor;
    /// The weights of a linear map, laid out as products want them.
    type Weights;

    /// A matrix with these values.
    fn tensor(&self, columns: usize, values: Vec<f32>) -> Result<Self::Tensor, ComputeError>;

    /// A matrix to be written to.
    fn empty(&self, rows: usize, columns: usize) -> Result<Self::Tensor, ComputeError>;

    /// Weights from `inputs` to `outputs` numbers.
    fn weights(
        &self,
        inputs: usize,
        outputs: usize,
        layout: WeightLayout,
        values: &[f32],
    ) -> Result<Self::Weights, ComputeError>;

    /// Each row of `x` through the weights, plus `bias`, then `after`.
    fn linear(
        &self,
        x: &Self::Tensor,
        weights: &Self::Weights,
        bias: Option<&Self::Tensor>,
        epilogue: Epilogue,
        out: &mut Self::Tensor,
    );

    /// Layer normalisation of each row, with epsilon 1e-5.
    fn layer_norm(
        &self,
        x: &Self::Tensor,
        weight: &Self::Tensor,
        bias: &Self::Tensor,
        out: &mut Self::Tensor,
    );

    /// Multi-head attention within sequences of `tokens` rows. A row of `qkv` holds query, key
    /// and value; with `causal` a token sees itself and what precedes it.
    fn attention(
        &self,
        qkv: &Self::Tensor,
        tokens: usize,
        heads: usize,
        causal: bool,
        out: &mut Self::Tensor,
    );

    /// Sequences of an image: `class`, then its rows of `patches`, all plus `positions`.
    fn embed_patches(
        &self,
        patches: &Self::Tensor,
        class_embedding: &Self::Tensor,
        positional_embedding: &Self::Tensor,
        out: &mut Self::Tensor,
    );

    /// Sequences of `tokens` ids: their rows of `table` plus `positions`.
    fn embed_tokens(
        &self,
        ids: &[u32],
        tokens: usize,
        token_embedding: &Self::Tensor,
        positional_embedding: &Self::Tensor,
        out: &mut Self::Tensor,
    );

    /// These rows of `x`, in this order.
    fn gather_rows(&self, x: &Self::Tensor, rows: &[u32], out: &mut Self::Tensor);

    /// The mean over each sequence of `tokens` rows.
    fn mean(&self, x: &Self::Tensor, tokens: usize, out: &mut Self::Tensor);

    /// Keys and values, the last two thirds of each row of `qkv`, to rows of `cache` from `at` on.
    fn append_kv(&self, qkv: &Self::Tensor, at: usize, cache: &mut Self::Tensor);

    /// Multi-head attention of single queries, each the beginning of a row of `queries`, over rows
    /// of `cache`, each a key and a value. Each query has an equal share of `visible`, the rows that
    /// it sees; [`PADDING`] fills a share up.
    fn cached_attention(
        &self,
        queries: &Self::Tensor,
        cache: &Self::Tensor,
        visible: &[u32],
        heads: usize,
        out: &mut Self::Tensor,
    );

    /// The largest numbers of each row, the one in the column that is `targets`, and the
    /// logarithm of the sum of all exponentials, as [`TopK::read`] reads it: `out` is
    /// [`TopK::columns`] wide.
    fn top_k(&self, x: &Self::Tensor, targets: &[u32], out: &mut Self::Tensor);

    /// Divides each row by its length.
    fn normalize(&self, x: &mut Self::Tensor);

    /// Waits until everything that was recorded is done and what was uploaded has left memory.
    fn finish(&self) -> impl Future<Output = Result<(), ComputeError>>;

    /// The values of a matrix, once everything that was recorded before is done.
    fn download(&self, x: &Self::Tensor) -> impl Future<Output = Result<Vec<f32>, ComputeError>>;

    /// How many seconds the device worked on what was downloaded since the last question; `None`
    /// where it has no clock of its own.
    fn take_seconds(&self) -> Option<f64> {
        None
    }
}

/// What [`Backend::top_k`] finds in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct TopK {
    /// The logarithm of the sum of all exponentials.
    pub log_sum_exp: f32,
    /// The number in the column of the row's target.
    pub target: f32,
    /// Columns and their numbers, the largest first, of equals the first column.
    pub entries: Vec<(u32, f32)>,
}

impl TopK {
    /// Numbers of a row that says so of the `count` largest.
    pub fn columns(count: usize) -> usize {
        4 * (count + 1)
    }

    /// From rows of such numbers. A column is kept in two, which float16 holds exactly.
    pub fn read(values: &[f32], count: usize) -> Vec<TopK> {
        let row = |row: &[f32]| TopK {
            log_sum_exp: row[0],
            target: row[1],
            entries: row[4..]
                .chunks_exact(4)
                .map(|quad| (256 * quad[1] as u32 + quad[2] as u32, quad[0]))
                .collect(),
        };
        values.chunks_exact(TopK::columns(count)).map(row).collect()
    }
}
