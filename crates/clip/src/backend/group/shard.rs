//! What one worker of a group holds and computes.

use super::split::Rank;
use crate::backend::cpu::{Cpu, CpuTensor};
use crate::backend::{Backend, ComputeError, Epilogue, Split, WeightLayout};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What identifies a tensor or a matrix of weights in a group.
pub(super) type Id = u32;

/// One operation on a worker's parts of tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum ShardOp {
    /// Keeps a part of a matrix, whose numbers come with the segment.
    Weights {
        id: Id,
        inputs: usize,
        outputs: usize,
        layout: WeightLayout,
    },
    /// Keeps a part of the bias of such a matrix, `outputs` numbers of the segment.
    Bias {
        weights: Id,
    },
    /// x times the weights, plus their bias; without `x` the next numbers of the segment are it.
    Linear {
        x: Option<Id>,
        rows: usize,
        weights: Id,
        epilogue: Epilogue,
        out: Id,
    },
    Attention {
        qkv: Id,
        tokens: usize,
        heads: usize,
        causal: bool,
        out: Id,
    },
    /// The next `rows` of the segment's lists.
    GatherRows {
        x: Id,
        rows: usize,
        out: Id,
    },
    AppendKv {
        qkv: Id,
        at: usize,
        cache: Id,
        capacity: usize,
    },
    /// `visible` numbers of the segment's lists are the visible rows.
    CachedAttention {
        queries: Id,
        cache: Id,
        visible: usize,
        heads: usize,
        out: Id,
    },
    /// Replies with a tensor's part.
    Send {
        x: Id,
    },
    Free {
        id: Id,
    },
}

/// Operations that a worker runs without hearing of the others meanwhile, and what they need.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Segment {
    pub(super) ops: Vec<ShardOp>,
    /// Activations and weights, one after the other as the operations take them.
    pub numbers: Vec<f32>,
    /// Rows, likewise.
    pub lists: Vec<u32>,
}

impl Segment {
    /// The operations as JSON; the numbers and the lists go beside it.
    pub fn operations(&self) -> String {
        // Enums of numbers always become JSON.
        serde_json::to_string(&self.ops).unwrap_or_default()
    }

    /// A segment that was sent as [`Segment::operations`], numbers and lists.
    pub fn new(
        operations: &str,
        numbers: Vec<f32>,
        lists: Vec<u32>,
    ) -> Result<Segment, ComputeError> {
        let ops = serde_json::from_str(operations).map_err(|error| ComputeError::Refused {
            reason: error.to_string(),
        })?;
        Ok(Segment {
            ops,
            numbers,
            lists,
        })
    }
}

/// One worker's parts of weights and activations, on the CPU.
pub struct Shard {
    rank: Rank,
    cpu: Cpu,
    weights: HashMap<Id, (refit_kernels::Matrix, Option<CpuTensor>)>,
    tensors: HashMap<Id, CpuTensor>,
}

impl Shard {
    /// A worker that holds nothing yet.
    pub fn new(rank: Rank, cpu: Cpu) -> Shard {
        Shard {
            rank,
            cpu,
            weights: HashMap::new(),
            tensors: HashMap::new(),
        }
    }

    /// Runs a segment; returns what it is told to send.
    pub fn run(&mut self, segment: &Segment) -> Result<Vec<f32>, ComputeError> {
        let mut numbers = &segment.numbers[..];
        let mut lists = &segment.lists[..];
        let mut reply = Vec::new();
        for op in &segment.ops {
            match *op {
                ShardOp::Weights {
                    id,
                    inputs,
                    outputs,
                    layout,
                } => {
                    let values = take(&mut numbers, inputs * outputs)?;
                    let whole = Split::Whole;
                    let matrix = self.cpu.weights(inputs, outputs, layout, whole, values)?;
                    self.weights.insert(id, (matrix, None));
                }
                ShardOp::Bias { weights } => {
                    let (matrix, bias) = found(self.weights.get_mut(&weights))?;
                    let values = take(&mut numbers, matrix.outputs())?;
                    *bias = Some(self.cpu.tensor(values.len(), values.to_vec())?);
                }
                ShardOp::Linear {
                    x,
                    rows,
                    weights,
                    epilogue,
                    out,
                } => {
                    let (matrix, bias) = found(self.weights.get(&weights))?;
                    let received = match x {
                        Some(_) => None,
                        None => {
                            let values = take(&mut numbers, rows * matrix.inputs())?;
                            Some(self.cpu.tensor(matrix.inputs(), values.to_vec())?)
                        }
                    };
                    let x = match (x, &received) {
                        (Some(x), _) => found(self.tensors.get(&x))?,
                        (None, x) => found(x.as_ref())?,
                    };
                    let mut result = self.cpu.empty(rows, matrix.outputs())?;
                    if matrix.outputs() > 0 {
                        self.cpu
                            .linear(x, matrix, bias.as_ref(), epilogue, &mut result);
                    }
                    self.tensors.insert(out, result);
                }
                ShardOp::Attention {
                    qkv,
                    tokens,
                    heads,
                    causal,
                    out,
                } => {
                    let qkv = found(self.tensors.get(&qkv))?;
                    let width = qkv.columns() / 3;
                    let mut result = self.cpu.empty(qkv.rows(), width)?;
                    let heads = self.rank.share(heads, 1).len();
                    if heads > 0 {
                        self.cpu.attention(qkv, tokens, heads, causal, &mut result);
                    }
                    self.tensors.insert(out, result);
                }
                ShardOp::GatherRows { x, rows, out } => {
                    let rows = take(&mut lists, rows)?;
                    let x = found(self.tensors.get(&x))?;
                    let mut result = self.cpu.empty(rows.len(), x.columns())?;
                    if x.columns() > 0 {
                        self.cpu.gather_rows(x, rows, &mut result);
                    }
                    self.tensors.insert(out, result);
                }
                ShardOp::AppendKv {
                    qkv,
                    at,
                    cache,
                    capacity,
                } => {
                    let mut rows = match self.tensors.remove(&cache) {
                        Some(rows) => rows,
                        None => {
                            let columns = found(self.tensors.get(&qkv))?.columns() / 3 * 2;
                            self.cpu.empty(capacity, columns)?
                        }
                    };
                    let qkv = found(self.tensors.get(&qkv))?;
                    if rows.columns() > 0 {
                        self.cpu.append_kv(qkv, at, &mut rows);
                    }
                    self.tensors.insert(cache, rows);
                }
                ShardOp::CachedAttention {
                    queries,
                    cache,
                    visible,
                    heads,
                    out,
                } => {
                    let visible = take(&mut lists, visible)?;
                    let queries = found(self.tensors.get(&queries))?;
                    let cache = found(self.tensors.get(&cache))?;
                    let mut result = self.cpu.empty(queries.rows(), queries.columns() / 3)?;
                    let heads = self.rank.share(heads, 1).len();
                    if heads > 0 {
                        self.cpu
                            .cached_attention(queries, cache, visible, heads, &mut result);
                    }
                    self.tensors.insert(out, result);
                }
                ShardOp::Send { x } => {
                    let x = found(self.tensors.get(&x))?;
                    reply.extend_from_slice(x.values());
                }
                ShardOp::Free { id } => {
                    self.tensors.remove(&id);
                }
            }
        }
        Ok(reply)
    }
}

/// The next `count` of what came with a segment.
fn take<'a, T>(rest: &mut &'a [T], count: usize) -> Result<&'a [T], ComputeError> {
    let (taken, left) = rest.split_at_checked(count).ok_or_else(mistake)?;
    *rest = left;
    Ok(taken)
}

fn found<T>(value: Option<T>) -> Result<T, ComputeError> {
    value.ok_or_else(mistake)
}

/// Only a mistake in this crate leads here.
fn mistake() -> ComputeError {
    ComputeError::Refused {
        reason: "a segment that does not fit what was sent before".to_owned(),
    }
}
