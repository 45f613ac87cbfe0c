//! Runs what a group has recorded.

use super::shard::{Id, ShardOp};
use super::{Group, OnLeader, Op, Peer, Place, Rank, Reply, Segment, Shape, Split, mistake};
use crate::backend::cpu::{Cpu, CpuTensor};
use crate::backend::{Backend, ComputeError, Epilogue};

impl<P: Peer> Group<P> {
    pub(super) async fn execute(&self, ops: Vec<Op>) -> Result<(), ComputeError> {
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
                        // A part of the residual stream is nowhere but at the leader.
                        if epilogue == Epilogue::Add {
                            return Err(mistake());
                        }
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

    pub(super) fn place(&self, tensor: Shape, place: Place) {
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
    pub(super) fn values(&self, tensor: Shape) -> Result<Vec<f32>, ComputeError> {
        match self.tensors.borrow().get(&tensor.id) {
            Some(Place::Leader(tensor)) => Ok(tensor.values().to_vec()),
            _ => Err(mistake()),
        }
    }

    /// Gathers the workers' columns of a tensor, if it is divided.
    pub(super) async fn bring_to_leader(
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
            Ok(Segment {
                ops: vec![ShardOp::Bias { weights }],
                numbers: columns
                    .into_iter()
                    .flat_map(|range| values[range].to_vec())
                    .collect(),
                lists: Vec::new(),
            })
        })?;
        self.with_bias.borrow_mut().insert(weights);
        self.wait_for_uploads().await
    }

    /// Sends each worker something of its own.
    pub(super) fn send_parts(
        &self,
        part: impl Fn(Rank) -> Result<Segment, ComputeError>,
    ) -> Result<(), ComputeError> {
        for (i, peer) in self.peers.iter().enumerate() {
            let reply = peer.send(&part(self.rank(i + 1))?);
            self.uploads.borrow_mut().push(reply);
        }
        self.shard.borrow_mut().run(&part(self.rank(0))?)?;
        Ok(())
    }

    pub(super) async fn wait_for_uploads(&self) -> Result<(), ComputeError> {
        let uploads = self.uploads.take();
        for upload in uploads {
            upload.await?;
        }
        Ok(())
    }
}
