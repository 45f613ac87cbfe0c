//! Buffers on the device. One that is dropped waits to be used again: the same work asks for the
//! same sizes in the same order and gets the same buffers, so that nothing is allocated twice and
//! [`super::recorder`] need not bind it anew.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Idle buffers are kept up to so many bytes.
const IDLE_BYTES: u64 = 256 << 20;
/// Sizes are multiples of this.
const UNIT: u64 = 256;

#[derive(Clone)]
struct Allocation {
    id: u64,
    raw: wgpu::Buffer,
    /// The last recording that used it.
    used: Cell<u64>,
    generation: u64,
}

#[derive(Default)]
struct State {
    next_id: u64,
    /// What was allocated before this generation is not used again.
    generation: u64,
    /// The longest idle first.
    idle: Vec<Allocation>,
    /// Ids that are freed.
    freed: Vec<u64>,
    /// Bytes that were allocated since the last question.
    allocated_bytes: u64,
}

/// Allocates buffers and takes them back.
#[derive(Default)]
pub(super) struct Memory(RefCell<State>);

/// A buffer; goes back to its memory when it is dropped.
pub(super) struct Buffer {
    allocation: Allocation,
    memory: Rc<Memory>,
}

impl Buffer {
    pub(super) fn id(&self) -> u64 {
        self.allocation.id
    }

    pub(super) fn raw(&self) -> &wgpu::Buffer {
        &self.allocation.raw
    }

    /// Notes that a recording uses it.
    pub(super) fn mark_used(&self, recording: u64) {
        self.allocation.used.set(recording);
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.memory.release(self.allocation.clone());
    }
}

impl Memory {
    /// A buffer of at least `bytes`; what is in it is anybody's guess. If it is to be `written`
    /// by the host, which happens before the recording runs, then `recording` must not use it.
    pub(super) fn take(
        self: &Rc<Self>,
        device: &wgpu::Device,
        bytes: u64,
        written: bool,
        recording: u64,
    ) -> Buffer {
        let bytes = bytes.max(1).next_multiple_of(UNIT);
        let state = &mut *self.0.borrow_mut();
        let fits = |allocation: &&Allocation| {
            let size = allocation.raw.size();
            size >= bytes && size / 2 <= bytes && !(written && allocation.used.get() == recording)
        };
        // The smallest that fits, of equals the last to become idle.
        let best = state.idle.iter().rev().filter(fits);
        let best = best.min_by_key(|allocation| allocation.raw.size());
        let best = best.map(|allocation| allocation.id);
        let at = best.and_then(|id| state.idle.iter().position(|a| a.id == id));
        let allocation = match at {
            Some(at) => state.idle.remove(at),
            None => {
                state.allocated_bytes += bytes;
                state.next_id += 1;
                Allocation {
                    id: state.next_id,
                    raw: device.create_buffer(&wgpu::BufferDescriptor {
                        label: None,
                        size: bytes,
                        usage: wgpu::BufferUsages::STORAGE
                            | wgpu::BufferUsages::COPY_DST
                            | wgpu::BufferUsages::COPY_SRC,
                        mapped_at_creation: false,
                    }),
                    used: Cell::new(0),
                    generation: state.generation,
                }
            }
        };
        Buffer {
            allocation,
            memory: self.clone(),
        }
    }

    fn release(&self, allocation: Allocation) {
        let state = &mut *self.0.borrow_mut();
        if allocation.generation != state.generation {
            return state.freed.push(allocation.id);
        }
        state.idle.push(allocation);
        let size = |allocation: &Allocation| allocation.raw.size();
        let mut total: u64 = state.idle.iter().map(size).sum();
        let excess = state.idle.iter().take_while(|allocation| {
            let over = total > IDLE_BYTES;
            total -= size(allocation);
            over
        });
        let excess = excess.count();
        state.freed.extend(state.idle.drain(..excess).map(|a| a.id));
    }

    /// Uses nothing again that was allocated so far: something went wrong with it.
    pub(super) fn discard_all(&self) {
        let state = &mut *self.0.borrow_mut();
        state.generation += 1;
        state.freed.extend(state.idle.drain(..).map(|a| a.id));
    }

    /// Ids of buffers that were let go since the last call.
    pub(super) fn take_freed_ids(&self) -> Vec<u64> {
        std::mem::take(&mut self.0.borrow_mut().freed)
    }

    /// Bytes that were allocated since the last call.
    pub(super) fn take_allocated_bytes(&self) -> u64 {
        std::mem::take(&mut self.0.borrow_mut().allocated_bytes)
    }
}
