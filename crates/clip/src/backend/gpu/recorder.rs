//! Dispatches in order, until all run in one pass of one submission.

use super::memory::{Buffer, Memory};
use std::collections::HashMap;

/// Dispatches that a recording holds at most; one more begins the next submission.
const SLOTS: u32 = 512;
/// Bytes of a kernel's parameters.
pub(super) const PARAMETER_BYTES: u64 = 32;

/// A compiled kernel and what it binds.
#[derive(Clone)]
pub(super) struct Pipeline {
    pub id: u64,
    pub raw: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

/// A part of a buffer that a kernel binds.
#[derive(Clone, Copy)]
pub(super) struct BufferSlice<'a> {
    pub buffer: &'a Buffer,
    pub offset: u64,
    pub bytes: u64,
}

/// Pipeline and parts of buffers (id, offset, bytes).
type Key = (u64, Vec<(u64, u64, u64)>);

struct Dispatch {
    pipeline: wgpu::ComputePipeline,
    group: wgpu::BindGroup,
    /// Where its parameters begin.
    offset: u32,
    grid: [u32; 3],
}

/// When a pass began and when it ended, in ticks.
struct Stamps {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
}

/// Bytes of a pass's two stamps, and where they may begin.
pub(super) const STAMP_BYTES: u64 = 16;
const STAMP_UNIT: u64 = 8;

/// Where the stamps stand behind a result of so many bytes.
pub(super) fn stamps_at(bytes: u64) -> u64 {
    bytes.next_multiple_of(STAMP_UNIT)
}

pub(super) struct Recorder {
    device: wgpu::Device,
    queue: wgpu::Queue,
    /// Parameters of the dispatches, a slot each.
    uniforms: wgpu::Buffer,
    slot: u32,
    parameters: Vec<u8>,
    dispatches: Vec<Dispatch>,
    bind_groups: HashMap<Key, wgpu::BindGroup>,
    /// Counts recordings, from 1.
    number: u64,
    /// Where the device has a clock.
    stamps: Option<Stamps>,
}

impl Recorder {
    pub(super) fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Self {
        let alignment = device.limits().min_uniform_buffer_offset_alignment;
        let slot = (PARAMETER_BYTES as u32).next_multiple_of(alignment.max(1));
        let has_clock = device.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        let stamps = has_clock.then(|| Stamps {
            queries: device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("stamps"),
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            }),
            resolved: device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("stamps"),
                size: STAMP_BYTES,
                usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            }),
        });
        Recorder {
            stamps,
            uniforms: device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("parameters"),
                size: u64::from(slot * SLOTS),
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }),
            device: device.clone(),
            queue: queue.clone(),
            slot,
            parameters: Vec::new(),
            dispatches: Vec::new(),
            bind_groups: HashMap::new(),
            number: 1,
        }
    }

    /// The number of the recording that dispatches go to.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Records a dispatch. The last part is written, the others are read.
    pub(super) fn record(
        &mut self,
        pipeline: &Pipeline,
        parameters: &[u32],
        parts: &[BufferSlice<'_>],
        grid: [u32; 3],
    ) {
        if self.dispatches.len() as u32 == SLOTS {
            self.submit(None);
        }
        let offset = self.dispatches.len() as u32 * self.slot;
        self.parameters.resize(offset as usize, 0);
        for parameter in parameters {
            self.parameters.extend(parameter.to_le_bytes());
        }
        for part in parts {
            part.buffer.mark_used(self.number);
        }
        let places = parts.iter().map(|p| (p.buffer.id(), p.offset, p.bytes));
        let key = (pipeline.id, places.collect());
        let group = self.bind_groups.entry(key).or_insert_with(|| {
            let parameters = wgpu::BufferBinding {
                buffer: &self.uniforms,
                offset: 0,
                size: wgpu::BufferSize::new(PARAMETER_BYTES),
            };
            let parts = parts.iter().map(|part| wgpu::BufferBinding {
                buffer: part.buffer.raw(),
                offset: part.offset,
                size: wgpu::BufferSize::new(part.bytes),
            });
            let entries = std::iter::once(parameters).chain(parts).enumerate();
            let entries = entries.map(|(i, binding)| wgpu::BindGroupEntry {
                binding: i as u32,
                resource: wgpu::BindingResource::Buffer(binding),
            });
            self.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: None,
                layout: &pipeline.layout,
                entries: &entries.collect::<Vec<_>>(),
            })
        });
        self.dispatches.push(Dispatch {
            pipeline: pipeline.raw.clone(),
            group: group.clone(),
            offset,
            grid,
        });
    }

    /// Hands everything that was recorded to the device, then copies a part to another buffer,
    /// with the pass's stamps behind it; says whether there are any.
    pub(super) fn submit(&mut self, copy: Option<(BufferSlice<'_>, &wgpu::Buffer)>) -> bool {
        let stamps = self.stamps.as_ref();
        let stamps = stamps.filter(|_| copy.is_some() && !self.dispatches.is_empty());
        let mut encoder = self.device.create_command_encoder(&Default::default());
        if !self.dispatches.is_empty() {
            self.parameters
                .resize(self.parameters.len().next_multiple_of(4), 0);
            self.queue.write_buffer(&self.uniforms, 0, &self.parameters);
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes: stamps.map(|stamps| wgpu::ComputePassTimestampWrites {
                    query_set: &stamps.queries,
                    beginning_of_pass_write_index: Some(0),
                    end_of_pass_write_index: Some(1),
                }),
            });
            for dispatch in &self.dispatches {
                let [x, y, z] = dispatch.grid;
                pass.set_pipeline(&dispatch.pipeline);
                pass.set_bind_group(0, &dispatch.group, &[dispatch.offset]);
                pass.dispatch_workgroups(x, y, z);
            }
        }
        if let Some((from, to)) = copy {
            encoder.copy_buffer_to_buffer(from.buffer.raw(), from.offset, to, 0, from.bytes);
            if let Some(Stamps { queries, resolved }) = stamps {
                encoder.resolve_query_set(queries, 0..2, resolved, 0);
                let at = stamps_at(from.bytes);
                encoder.copy_buffer_to_buffer(resolved, 0, to, at, STAMP_BYTES);
            }
        }
        let is_stamped = stamps.is_some();
        self.queue.submit([encoder.finish()]);
        self.parameters.clear();
        self.dispatches.clear();
        self.number += 1;
        is_stamped
    }

    /// Drops what binds buffers that are freed.
    pub(super) fn drop_stale_bind_groups(&mut self, memory: &Memory) {
        let freed = memory.take_freed_ids();
        if !freed.is_empty() {
            let lives = |key: &Key| key.1.iter().all(|(id, ..)| !freed.contains(id));
            self.bind_groups.retain(|key, _| lives(key));
        }
    }
}
