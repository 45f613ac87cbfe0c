//! Several CPUs without common memory as one backend: a leader and its peers divide the matrices of
//! attention and MLPs between them (tensor parallelism, Shoeybi et al. 2019, arXiv 1909.08053).
//!
//! Operations are recorded, as on a GPU, since peers answer asynchronously. The leader has the
//! residual stream, layer norms and embeddings. What it sends to its peers is a [`Segment`]: the
//! operations from a matrix whose outputs are divided to the one whose inputs are, so that a block
//! takes two exchanges. Their results are summed in the order of the workers, whichever answers
//! first: the same group always computes the same numbers.

mod choose;
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

/// A tensor of a group, [rows, columns].
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
    outputs: usize,
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

    async fn execute(&self, ops: Vec<Op>) -> Result<(), ComputeError> {
        let mut pending = Segment::default();
        for op in ops {
            match op {
                Op::Leader {
                    inputs,
                    out,
                    updates,
                    run,
                } => {
                    for input in &inputs {
                        self.bring_to_leader(*input, &mut pending).await?;
                    }
                    self.run_on_leader(&inputs, out, updates, run)?;
                }
                Op::Linear {
                    x,
                    weights,
                    split,
                    bias,
                    epilogue,
                    out,
                } => {
                    let sums = matches!(split, Split::Inputs { .. });
                    if !sums {
                        self.send_bias(weights, split, bias).await?;
                        pending.numbers.extend(self.values(x)?);
                    }
                    pending.ops.push(ShardOp::Linear {
                        x: sums.then_some(x.id),
                        rows: x.rows,
                        weights,
                        epilogue: if sums { Epilogue::Nothing } else { epilogue },
                        out: out.id,
                    });
                    if !sums {
                        self.place(out, Place::Divided(split));
                        continue;
                    }
                    // What a worker adds to the sum; it is no tensor of the caller's there.
                    pending.ops.push(ShardOp::Send { x: out.id });
                    pending.ops.push(ShardOp::Free { id: out.id });
                    let parts = self.exchange(&mut pending).await?;
                    self.add_up(parts, bias, epilogue, out)?;
                }
                Op::Divided {
                    op,
                    list,
                    out,
                    split,
                } => {
                    pending.ops.push(op);
                    pending.lists.extend(list);
                    self.place(out, Place::Divided(split));
                }
                Op::GatherRows { x, rows, out } => {
                    let split = match self.tensors.borrow().get(&x.id) {
                        Some(Place::Divided(split)) => Some(*split),
                        _ => None,
                    };
                    let Some(split) = split else {
                        self.run_on_leader(
                            &[x],
                            out,
                            false,
                            Box::new(move |cpu, x, out| cpu.gather_rows(x[0], &rows, out)),
                        )?;
                        continue;
                    };
                    pending.ops.push(ShardOp::GatherRows {
                        x: x.id,
                        rows: rows.len(),
                        out: out.id,
                    });
                    pending.lists.extend(rows);
                    self.place(out, Place::Divided(split));
                }
                Op::Free(id) => {
                    if let Some(Place::Divided(_)) = self.tensors.borrow_mut().remove(&id) {
                        pending.ops.push(ShardOp::Free { id });
                    }
                }
            }
        }
        if !pending.ops.is_empty() {
            self.exchange(&mut pending).await?;
        }
        Ok(())
    }

    fn place(&self, tensor: Shape, place: Place) {
        self.tensors.borrow_mut().insert(tensor.id, place);
    }

    fn run_on_leader(
        &self,
        inputs: &[Shape],
        out: Shape,
        updates: bool,
        run: OnLeader,
    ) -> Result<(), ComputeError> {
        let mut tensors = self.tensors.borrow_mut();
        let before = match tensors.remove(&out.id) {
            Some(Place::Leader(tensor)) => Some(tensor),
            _ if updates => return Err(mistake()),
            _ => None,
        };
        let mut result = match before {
            Some(tensor) => tensor,
            None => self.cpu.empty(out.rows, out.columns)?,
        };
        let inputs = inputs.iter().map(|input| match tensors.get(&input.id) {
            Some(Place::Leader(tensor)) => Ok(tensor),
            _ => Err(mistake()),
        });
        let inputs: Vec<&CpuTensor> = inputs.collect::<Result<_, _>>()?;
        run(&self.cpu, &inputs, &mut result);
        tensors.insert(out.id, Place::Leader(result));
        Ok(())
    }

    /// A copy of a tensor that the leader has.
    fn values(&self, tensor: Shape) -> Result<Vec<f32>, ComputeError> {
        match self.tensors.borrow().get(&tensor.id) {
            Some(Place::Leader(tensor)) => Ok(tensor.values().to_vec()),
            _ => Err(mistake()),
        }
    }

    /// Gathers the workers' columns of a tensor, if it is divided.
    async fn bring_to_leader(
        &self,
        tensor: Shape,
        pending: &mut Segment,
    ) -> Result<(), ComputeError> {
        let split = match self.tensors.borrow().get(&tensor.id) {
            Some(Place::Divided(split)) => *split,
            _ => return Ok(()),
        };
        pending.ops.push(ShardOp::Send { x: tensor.id });
        pending.ops.push(ShardOp::Free { id: tensor.id });
        let parts = self.exchange(pending).await?;
        let mut whole = self.cpu.empty(tensor.rows, tensor.columns)?;
        for (rank, part) in parts.iter().enumerate() {
            let columns = split.columns(self.rank(rank), tensor.columns);
            let mut part = &part[..];
            for row in whole.values_mut().chunks_exact_mut(tensor.columns) {
                for range in &columns {
                    let (taken, rest) = part.split_at_checked(range.len()).ok_or_else(mistake)?;
                    row[range.clone()].copy_from_slice(taken);
                    part = rest;
                }
            }
        }
        self.place(tensor, Place::Leader(whole));
        Ok(())
    }

    /// The sum of the workers' parts, the bias, and what was there before if the epilogue adds.
    fn add_up(
        &self,
        parts: Vec<Vec<f32>>,
        bias: Option<Shape>,
        epilogue: Epilogue,
        out: Shape,
    ) -> Result<(), ComputeError> {
        let bias = bias.map(|bias| self.values(bias)).transpose()?;
        if parts
            .iter()
            .any(|part| part.len() != out.rows * out.columns)
        {
            return Err(mistake());
        }
        let add = move |_: &Cpu, _: &[&CpuTensor], out: &mut CpuTensor| {
            let columns = out.columns();
            let out = out.values_mut();
            if epilogue != Epilogue::Add {
                out.fill(0.0);
            }
            for part in &parts {
                for (out, value) in out.iter_mut().zip(part) {
                    *out += value;
                }
            }
            if let Some(bias) = bias {
                for row in out.chunks_exact_mut(columns) {
                    for (out, value) in row.iter_mut().zip(&bias) {
                        *out += value;
                    }
                }
            }
        };
        self.run_on_leader(&[], out, epilogue == Epilogue::Add, Box::new(add))
    }

    /// Runs a segment on every worker; what they send, in their order.
    async fn exchange(&self, segment: &mut Segment) -> Result<Vec<Vec<f32>>, ComputeError> {
        let segment = std::mem::take(segment);
        let replies: Vec<Reply> = self.peers.iter().map(|peer| peer.send(&segment)).collect();
        let mut parts = vec![self.shard.borrow_mut().run(&segment)?];
        for reply in replies {
            parts.push(reply.await?);
        }
        Ok(parts)
    }

    /// Sends each worker its part of a bias, the first time that it is needed.
    async fn send_bias(
        &self,
        weights: Id,
        split: Split,
        bias: Option<Shape>,
    ) -> Result<(), ComputeError> {
        let Some(bias) = bias.filter(|_| !self.with_bias.borrow().contains(&weights)) else {
            return Ok(());
        };
        let values = self.values(bias)?;
        self.send_parts(|rank| {
            let columns = split.columns(rank, values.len());
            Segment {
                ops: vec![ShardOp::Bias { weights }],
                numbers: columns
                    .into_iter()
                    .flat_map(|range| values[range].to_vec())
                    .collect(),
                lists: Vec::new(),
            }
        })?;
        self.with_bias.borrow_mut().insert(weights);
        self.wait_for_uploads().await
    }

    /// Sends each worker something of its own.
    fn send_parts(&self, part: impl Fn(Rank) -> Segment) -> Result<(), ComputeError> {
        for (i, peer) in self.peers.iter().enumerate() {
            let reply = peer.send(&part(self.rank(i + 1)));
            self.uploads.borrow_mut().push(reply);
        }
        self.shard.borrow_mut().run(&part(self.rank(0)))?;
        Ok(())
    }

    async fn wait_for_uploads(&self) -> Result<(), ComputeError> {
        let uploads = self.uploads.take();
        for upload in uploads {
            upload.await?;
        }
        Ok(())
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
                    let (inputs, outputs, numbers) = split.part(rank, shape, layout, values);
                    Segment {
                        ops: vec![ShardOp::Weights {
                            id,
                            inputs,
                            outputs,
                            layout,
                        }],
                        numbers,
                        lists: Vec::new(),
                    }
                })?;
                None
            }
        };
        Ok(GroupWeights {
            id,
            split,
            outputs,
            whole,
        })
    }

    fn linear(
        &self,
        x: &GroupTensor,
        weights: &GroupWeights,
        bias: Option<&GroupTensor>,
        epilogue: Epilogue,
        out: &mut GroupTensor,
    ) {
        debug_assert_eq!(out.shape.columns, weights.outputs);
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
