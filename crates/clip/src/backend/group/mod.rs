//! Several CPUs without shared memory as one backend: a leader and its peers divide the matrices of
//! attention and MLPs between them (tensor parallelism, Shoeybi et al. 2019, arXiv 1909.08053).
//!
//! Operations are recorded, as on a GPU, since peers answer asynchronously. The leader has the
//! residual stream, layer norms and embeddings. What it sends to its peers is a [`Segment`]: the
//! operations from a matrix whose outputs are divided to the one whose inputs are, so that a block
//! takes two exchanges. Their results are summed in the order of the workers, whichever answers
//! first: the same group always computes the same numbers.

mod choose;
mod execute;
mod shard;
mod split;

pub use choose::{Measured, TRIAL_OPERATIONS, best_peers, trial_weights, trial_work};
pub use shard::{Segment, Shard};
pub use split::{Rank, Split};

use super::cpu::{Cpu, CpuTensor};
use super::{Backend, ComputeError, Epilogue, WeightLayout};
use shard::{Id, ShardOp};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::rc::Rc;

/// A peer's answer to a segment.
pub type Reply = Pin<Box<dyn Future<Output = Result<Vec<f32>, ComputeError>>>>;

/// A worker of a group that is not the leader.
pub trait Peer {
    /// Sends a segment, at once; it runs after those that were sent before. The reply is what
    /// [`Shard::run`] returns there.
    fn send(&self, segment: &Segment) -> Reply;
}

/// A leader, which is this thread, and its peers.
pub struct Group<P: Peer> {
    cpu: Cpu,
    peers: Vec<P>,
    /// The leader's own parts.
    shard: RefCell<Shard>,
    queue: Rc<RefCell<Vec<Op>>>,
    tensors: RefCell<HashMap<Id, Place>>,
    /// Matrices whose bias the workers have.
    with_bias: RefCell<HashSet<Id>>,
    /// Parts of weights that are on their way.
    uploads: RefCell<Vec<Reply>>,
    ids: Cell<Id>,
}

/// Where a tensor is.
enum Place {
    Leader(CpuTensor),
    /// Each worker has the columns that this gives it.
    Divided(Split),
}

/// A tensor of a group, `[rows, columns]`.
pub struct GroupTensor {
    shape: Shape,
    queue: Rc<RefCell<Vec<Op>>>,
}

#[derive(Clone, Copy)]
struct Shape {
    id: Id,
    rows: usize,
    columns: usize,
}

impl Drop for GroupTensor {
    fn drop(&mut self) {
        self.queue.borrow_mut().push(Op::Free(self.shape.id));
    }
}

/// A matrix of weights of a group.
pub struct GroupWeights {
    id: Id,
    split: Split,
    /// If it is the leader's alone.
    whole: Option<Rc<refit_kernels::Matrix>>,
}

/// What an operation on the leader's tensors does.
type OnLeader = Box<dyn FnOnce(&Cpu, &[&CpuTensor], &mut CpuTensor)>;

/// A recorded operation.
enum Op {
    Leader {
        inputs: Vec<Shape>,
        out: Shape,
        /// `out` holds numbers that the operation reads.
        updates: bool,
        run: OnLeader,
    },
    /// With a divided matrix.
    Linear {
        x: Shape,
        weights: Id,
        split: Split,
        bias: Option<Shape>,
        epilogue: Epilogue,
        out: Shape,
    },
    /// On every worker's part of tensors; `out` is divided as told.
    Divided {
        op: ShardOp,
        list: Vec<u32>,
        out: Shape,
        split: Split,
    },
    GatherRows {
        x: Shape,
        rows: Vec<u32>,
        out: Shape,
    },
    Free(Id),
}

impl<P: Peer> Group<P> {
    /// A group of this thread and its peers, each of which has a [`Shard`] of its [`Group::rank`].
    pub fn new(peers: Vec<P>) -> Self {
        let cpu = Cpu::with_threads(1);
        let first = Rank {
            rank: 0,
            size: peers.len() + 1,
        };
        Group {
            shard: RefCell::new(Shard::new(first, cpu.clone())),
            cpu,
            peers,
            queue: Rc::default(),
            tensors: RefCell::default(),
            with_bias: RefCell::default(),
            uploads: RefCell::default(),
            ids: Cell::new(0),
        }
    }

    /// Workers, the leader included.
    pub fn size(&self) -> usize {
        self.peers.len() + 1
    }

    /// The place of one of the workers; the leader's is 0.
    fn rank(&self, rank: usize) -> Rank {
        let size = self.size();
        Rank { rank, size }
    }

    fn next_id(&self) -> Id {
        let id = self.ids.get();
        self.ids.set(id + 1);
        id
    }

    fn handle(&self, rows: usize, columns: usize) -> GroupTensor {
        GroupTensor {
            shape: Shape {
                id: self.next_id(),
                rows,
                columns,
            },
            queue: self.queue.clone(),
        }
    }

    fn record(&self, op: Op) {
        self.queue.borrow_mut().push(op);
    }

    /// Records an operation on the leader's tensors.
    fn on_leader(
        &self,
        inputs: &[&GroupTensor],
        out: &GroupTensor,
        updates: bool,
        run: impl FnOnce(&Cpu, &[&CpuTensor], &mut CpuTensor) + 'static,
    ) {
        self.record(Op::Leader {
            inputs: inputs.iter().map(|tensor| tensor.shape).collect(),
            out: out.shape,
            updates,
            run: Box::new(run),
        });
    }
}

impl<P: Peer> Backend for Group<P> {
    type Tensor = GroupTensor;
    type Weights = GroupWeights;

    fn tensor(&self, columns: usize, values: Vec<f32>) -> Result<GroupTensor, ComputeError> {
        let handle = self.handle(values.len().checked_div(columns).unwrap_or(0), columns);
        let tensor = self.cpu.tensor(columns, values)?;
        self.place(handle.shape, Place::Leader(tensor));
        Ok(handle)
    }

    fn empty(&self, rows: usize, columns: usize) -> Result<GroupTensor, ComputeError> {
        // Memory is taken where it is first written.
        Ok(self.handle(rows, columns))
    }

    fn weights(
        &self,
        inputs: usize,
        outputs: usize,
        layout: WeightLayout,
        split: Split,
        values: &[f32],
    ) -> Result<GroupWeights, ComputeError> {
        let id = self.next_id();
        let whole = match split {
            Split::Whole => {
                let matrix = self.cpu.weights(inputs, outputs, layout, split, values)?;
                Some(Rc::new(matrix))
            }
            _ => {
                self.send_parts(|rank| {
                    let shape = (inputs, outputs);
                    let (inputs, outputs, numbers) = split.part(rank, shape, layout, values)?;
                    Ok(Segment {
                        ops: vec![ShardOp::Weights {
                            id,
                            inputs,
                            outputs,
                            layout,
                        }],
                        numbers,
                        lists: Vec::new(),
                    })
                })?;
                None
            }
        };
        Ok(GroupWeights { id, split, whole })
    }

    fn linear(
        &self,
        x: &GroupTensor,
        weights: &GroupWeights,
        bias: Option<&GroupTensor>,
        epilogue: Epilogue,
        out: &mut GroupTensor,
    ) {
        let Some(matrix) = weights.whole.clone() else {
            return self.record(Op::Linear {
                x: x.shape,
                weights: weights.id,
                split: weights.split,
                bias: bias.map(|bias| bias.shape),
                epilogue,
                out: out.shape,
            });
        };
        let inputs: Vec<&GroupTensor> = std::iter::once(x).chain(bias).collect();
        let updates = epilogue == Epilogue::Add;
        self.on_leader(&inputs, out, updates, move |cpu, inputs, out| {
            cpu.linear(inputs[0], &matrix, inputs.get(1).copied(), epilogue, out);
        });
    }

    fn layer_norm(
        &self,
        x: &GroupTensor,
        weight: &GroupTensor,
        bias: &GroupTensor,
        out: &mut GroupTensor,
    ) {
        self.on_leader(&[x, weight, bias], out, false, |cpu, inputs, out| {
            cpu.layer_norm(inputs[0], inputs[1], inputs[2], out);
        });
    }

    fn attention(
        &self,
        qkv: &GroupTensor,
        tokens: usize,
        heads: usize,
        causal: bool,
        out: &mut GroupTensor,
    ) {
        let op = ShardOp::Attention {
            qkv: qkv.shape.id,
            tokens,
            heads,
            causal,
            out: out.shape.id,
        };
        self.record(Op::Divided {
            op,
            list: Vec::new(),
            out: out.shape,
            split: by_heads(out, heads),
        });
    }

    fn embed_patches(
        &self,
        patches: &GroupTensor,
        class_embedding: &GroupTensor,
        positional_embedding: &GroupTensor,
        out: &mut GroupTensor,
    ) {
        let inputs = [patches, class_embedding, positional_embedding];
        self.on_leader(&inputs, out, false, |cpu, inputs, out| {
            cpu.embed_patches(inputs[0], inputs[1], inputs[2], out);
        });
    }

    fn embed_tokens(
        &self,
        ids: &[u32],
        tokens: usize,
        token_embedding: &GroupTensor,
        positional_embedding: &GroupTensor,
        out: &mut GroupTensor,
    ) {
        let ids = ids.to_vec();
        let inputs = [token_embedding, positional_embedding];
        self.on_leader(&inputs, out, false, move |cpu, inputs, out| {
            cpu.embed_tokens(&ids, tokens, inputs[0], inputs[1], out);
        });
    }

    fn gather_rows(&self, x: &GroupTensor, rows: &[u32], out: &mut GroupTensor) {
        self.record(Op::GatherRows {
            x: x.shape,
            rows: rows.to_vec(),
            out: out.shape,
        });
    }

    fn mean(&self, x: &GroupTensor, tokens: usize, out: &mut GroupTensor) {
        self.on_leader(&[x], out, false, move |cpu, inputs, out| {
            cpu.mean(inputs[0], tokens, out);
        });
    }

    fn append_kv(&self, qkv: &GroupTensor, at: usize, cache: &mut GroupTensor) {
        let op = ShardOp::AppendKv {
            qkv: qkv.shape.id,
            at,
            cache: cache.shape.id,
            capacity: cache.shape.rows,
        };
        self.record(Op::Divided {
            op,
            list: Vec::new(),
            out: cache.shape,
            // A cache is never gathered.
            split: Split::Outputs { unit: 1 },
        });
    }

    fn cached_attention(
        &self,
        queries: &GroupTensor,
        cache: &GroupTensor,
        visible: &[u32],
        heads: usize,
        out: &mut GroupTensor,
    ) {
        let op = ShardOp::CachedAttention {
            queries: queries.shape.id,
            cache: cache.shape.id,
            visible: visible.len(),
            heads,
            out: out.shape.id,
        };
        self.record(Op::Divided {
            op,
            list: visible.to_vec(),
            out: out.shape,
            split: by_heads(out, heads),
        });
    }

    fn top_k(&self, x: &GroupTensor, targets: &[u32], out: &mut GroupTensor) {
        let targets = targets.to_vec();
        self.on_leader(&[x], out, false, move |cpu, inputs, out| {
            cpu.top_k(inputs[0], &targets, out);
        });
    }

    fn normalize(&self, x: &mut GroupTensor) {
        self.on_leader(&[], x, true, |cpu, _, x| cpu.normalize(x));
    }

    async fn finish(&self) -> Result<(), ComputeError> {
        self.wait_for_uploads().await?;
        let ops = self.queue.take();
        self.execute(ops).await
    }

    fn download(&self, x: &GroupTensor) -> impl Future<Output = Result<Vec<f32>, ComputeError>> {
        // Here, not when it is awaited: what is recorded next belongs to the next.
        let (ops, x) = (self.queue.take(), x.shape);
        async move {
            self.execute(ops).await?;
            let mut pending = Segment::default();
            self.bring_to_leader(x, &mut pending).await?;
            self.values(x)
        }
    }
}

/// The columns of what has some numbers for each head.
fn by_heads(tensor: &GroupTensor, heads: usize) -> Split {
    Split::Outputs {
        unit: tensor.shape.columns / heads,
    }
}

/// Only a mistake in this crate leads here.
fn mistake() -> ComputeError {
    ComputeError::Refused {
        reason: "a tensor is not where it is needed".to_owned(),
    }
}
