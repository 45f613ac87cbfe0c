//! The tensor operations that the towers need, as a trait: on the CPU, on a GPU, and on several CPUs
//! without shared memory.
//!
//! A tower is written once, over [`Backend`]: it holds opaque tensors and calls operations in order.
//! A backend may run an operation at once ([`cpu`]) or record it and run it when a result is needed
//! ([`gpu`], [`group`]). Therefore only [`Backend::finish`] and [`Backend::download`] are asynchronous, and
//! therefore operations return nothing: errors of a device show there.

pub mod cpu;
mod error;
pub mod gpu;
pub mod group;
pub mod half;

pub use error::ComputeError;
pub use group::Split;
/// The epilogue applied after the matrix multiplication in [`Backend::linear`].
pub use refit_kernels::Epilogue;
/// Fills up the lists of rows of [`Backend::cached_attention`].
pub use refit_kernels::PADDING;
/// How a checkpoint stores the matrix of a linear map.
pub use refit_kernels::WeightLayout;

use std::future::Future;

/// Sequences that are computed at once where a backend wants no more.
pub(crate) const DEFAULT_BATCH: usize = 16;

/// Memory for so many numbers, or an error: a model may be larger than the memory that a browser
/// allows.
pub(crate) fn reserve(count: usize) -> Result<Vec<f32>, ComputeError> {
    let mut values = Vec::new();
    let bytes = 4 * count as u64;
    let room = values.try_reserve_exact(count);
    room.map_err(|_| ComputeError::OutOfMemory { bytes })?;
    Ok(values)
}

/// Tensors and operations on them. All tensors are row-major matrices of float32 to the caller; a
/// backend may store them otherwise. The caller must pass shapes that match, as it has checked them
/// when it loaded the model; `out` has the shape of the result.
///
/// `rows` are the tokens of all sequences of a batch, one sequence after the other, `width` is the
/// number of values of a token.
pub trait Backend {
    /// A matrix of activations or of small parameters.
    type Tensor;
    /// The matrix of a linear map, in the layout that multiplies fastest.
    type Weights;

    /// A matrix `[values.len() / columns, columns]` with these values.
    fn tensor(&self, columns: usize, values: Vec<f32>) -> Result<Self::Tensor, ComputeError>;

    /// A matrix `[rows, columns]` for results; its values are unspecified.
    fn empty(&self, rows: usize, columns: usize) -> Result<Self::Tensor, ComputeError>;

    /// A linear map; `values` has `inputs · outputs` numbers in the order that `layout` names.
    /// `split` is how several workers divide it, where a backend has several.
    fn weights(
        &self,
        inputs: usize,
        outputs: usize,
        layout: WeightLayout,
        split: Split,
        values: &[f32],
    ) -> Result<Self::Weights, ComputeError>;

    /// `x` `[rows, inputs]` times the weights, plus `bias` `[1, outputs]`, then the epilogue:
    /// `[rows, outputs]`. [`Epilogue::Add`] adds the result to what is in `out`.
    fn linear(
        &self,
        x: &Self::Tensor,
        weights: &Self::Weights,
        bias: Option<&Self::Tensor>,
        epilogue: Epilogue,
        out: &mut Self::Tensor,
    );

    /// Layer normalisation of each row of `x` `[rows, width]` with epsilon 1e-5; `weight` and `bias`
    /// are `[1, width]`.
    fn layer_norm(
        &self,
        x: &Self::Tensor,
        weight: &Self::Tensor,
        bias: &Self::Tensor,
        out: &mut Self::Tensor,
    );

    /// Multi-head attention within sequences of `tokens` rows: `qkv` `[rows, 3·width]` holds a
    /// token's query, key and value; the result is `[rows, width]`. With `causal` a token attends
    /// only to itself and to those before it.
    fn attention(
        &self,
        qkv: &Self::Tensor,
        tokens: usize,
        heads: usize,
        causal: bool,
        out: &mut Self::Tensor,
    );

    /// For each image the class embedding `[1, width]`, then its rows of `patches`
    /// `[images·(tokens − 1), width]`, all plus the positional embedding `[tokens, width]`:
    /// `[images·tokens, width]`.
    fn embed_patches(
        &self,
        patches: &Self::Tensor,
        class_embedding: &Self::Tensor,
        positional_embedding: &Self::Tensor,
        out: &mut Self::Tensor,
    );

    /// For each id, in sequences of `tokens`, its row of the token embedding `[vocabulary, width]`
    /// plus its position's row of the positional embedding: `[ids, width]`.
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

    /// The mean of each sequence of `tokens` rows: `[rows / tokens, width]`.
    fn mean(&self, x: &Self::Tensor, tokens: usize, out: &mut Self::Tensor);

    /// Copies keys and values, the last two thirds of each row of `qkv` `[rows, 3·width]`, to the
    /// rows of `cache` `[capacity, 2·width]` from row `at` on.
    fn append_kv(&self, qkv: &Self::Tensor, at: usize, cache: &mut Self::Tensor);

    /// Multi-head attention of single queries, the first `width` numbers of each row of `queries`,
    /// to rows of `cache` `[capacity, 2·width]`, which hold a key and a value: `[queries, width]`.
    /// `visible` lists the rows that each query attends to, equally many for each query; [`PADDING`]
    /// fills a shorter list up.
    fn cached_attention(
        &self,
        queries: &Self::Tensor,
        cache: &Self::Tensor,
        visible: &[u32],
        heads: usize,
        out: &mut Self::Tensor,
    );

    /// For each row of `x` the largest numbers, the number in the column of its target, and the
    /// logarithm of the sum of all exponentials; [`TopK::read`] reads the result, which has
    /// [`TopK::columns`] columns.
    fn top_k(&self, x: &Self::Tensor, targets: &[u32], out: &mut Self::Tensor);

    /// Divides each row by its Euclidean length.
    fn normalize(&self, x: &mut Self::Tensor);

    /// Waits until all recorded operations are done and uploads have left the host's memory.
    fn finish(&self) -> impl Future<Output = Result<(), ComputeError>>;

    /// The values of a matrix, after all operations recorded before. A device begins at once and
    /// works while the caller does something else before it waits.
    fn download(&self, x: &Self::Tensor) -> impl Future<Output = Result<Vec<f32>, ComputeError>>;

    /// How many sequences of so many tokens are best computed at once; more would only take more
    /// memory.
    fn batch(&self, tokens: usize) -> usize {
        let _ = tokens;
        DEFAULT_BATCH
    }

    /// Seconds that the device itself worked on the downloads since the last call; `None` if it has
    /// no clock.
    fn take_seconds(&self) -> Option<f64> {
        None
    }
}

/// What [`Backend::top_k`] finds in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct TopK {
    /// The logarithm of the sum of all exponentials, which turns logits into log-probabilities.
    pub log_sum_exp: f32,
    /// The number in the target's column.
    pub target: f32,
    /// Columns and their numbers, the largest first, of equal ones the first column.
    pub entries: Vec<(u32, f32)>,
}

impl TopK {
    /// Columns of a result that holds the `count` largest numbers.
    pub fn columns(count: usize) -> usize {
        4 * (count + 1)
    }

    /// Reads the rows of a result. A column is stored as two numbers, which float16 holds exactly.
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
