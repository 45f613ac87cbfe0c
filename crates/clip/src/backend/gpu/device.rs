//! The WebGPU device: opening an adapter, submitting work, reading results and errors.

use super::error_scopes::Scopes;
use super::memory::{Buffer, Memory};
use super::recorder::{BufferSlice, Pipeline, Recorder, STAMP_BYTES, stamps_at};
use super::signal::Signal;
use crate::backend::ComputeError;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

/// How numbers are stored on the device; sums are float32 in either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// float32.
    #[default]
    F32,
    /// float16, which takes half the memory; only on adapters with [`Adapter::has_f16`].
    F16,
}

impl Precision {
    pub(super) fn bytes(self) -> u64 {
        match self {
            Precision::F32 => 4,
            Precision::F16 => 2,
        }
    }
}

/// How to open and use a GPU.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeviceOptions {
    /// How numbers are stored on it.
    pub precision: Precision,
    /// Limit bindings to so many bytes, as on a phone; for tests.
    pub binding_bytes: Option<u64>,
    /// The percentage of the device's memory that may be used, if its driver says how much there is.
    pub memory_percent: Option<u8>,
    /// Choose kernels for a GPU even if the adapter is a software renderer; for tests.
    pub as_hardware: bool,
}

/// The GPU that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// Its name in the driver; empty if a browser does not say.
    pub name: String,
    /// It is a software renderer, not a GPU, and slower than [`Cpu`](crate::backend::cpu::Cpu).
    pub is_software: bool,
    /// It supports [`Precision::F16`].
    pub has_f16: bool,
    /// It has timestamps, for [`Backend::take_seconds`](crate::backend::Backend::take_seconds).
    pub has_clock: bool,
}

/// WebGPU guarantees these to every page, and the kernels' tiles are made for them.
const WORKGROUP_BYTES: u32 = 16 << 10;

/// Everything on one device.
pub(super) struct Device {
    pub raw: wgpu::Device,
    pub queue: wgpu::Queue,
    pub adapter: Adapter,
    pub precision: Precision,
    /// Kernels are chosen for software that stands in for a GPU.
    pub is_software: bool,
    /// Bytes that a kernel can bind at once.
    pub binding_bytes: u64,
    pub buffer_bytes: u64,
    pub memory: Rc<Memory>,
    pub recorder: RefCell<Recorder>,
    /// Lists of indices that were used last, the last first.
    pub lists: RefCell<Vec<(Vec<u32>, Rc<Buffer>)>>,
    pipelines: RefCell<HashMap<String, Pipeline>>,
    /// Open whenever nothing waits for the device.
    scopes: RefCell<Scopes>,
    /// The first thing that went wrong where nothing could be returned.
    failure: RefCell<Option<ComputeError>>,
    /// Why the device is lost.
    lost: Message,
    /// An error outside all scopes.
    uncaptured: Message,
    /// Where results are read.
    staging: Cell<Option<wgpu::Buffer>>,
    /// How long the passes of the results that were read took.
    seconds: Cell<Option<f64>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unsupported(what: impl Into<String>) -> ComputeError {
    ComputeError::Unsupported { what: what.into() }
}

/// The machine's fastest adapter.
async fn find_adapter(options: DeviceOptions) -> Result<wgpu::Adapter, ComputeError> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.flags = wgpu::InstanceFlags::empty();
    descriptor.memory_budget_thresholds.for_resource_creation = options.memory_percent;
    let instance = wgpu::Instance::new(descriptor);
    let request = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..Default::default()
    };
    let adapter = instance.request_adapter(&request).await;
    adapter.map_err(|error| {
        let reason = error.to_string();
        // What follows tells how wgpu was compiled.
        let reason = reason.split(';').next().unwrap_or_default().to_owned();
        ComputeError::NoDevice { reason }
    })
}

/// A text that a callback of the device sets.
type Message = Arc<Mutex<Option<String>>>;

/// Notes why the device is lost, and the first error outside all scopes.
fn watch_errors(raw: &wgpu::Device) -> (Message, Message) {
    let lost = Arc::new(Mutex::new(None));
    let slot = lost.clone();
    raw.set_device_lost_callback(move |reason, message| {
        let reason = match reason {
            wgpu::DeviceLostReason::Destroyed => "it was destroyed".to_owned(),
            _ if message.is_empty() => "its driver does not say why".to_owned(),
            _ => message,
        };
        locked(&slot).get_or_insert(reason);
    });
    let uncaptured = Arc::new(Mutex::new(None));
    let slot = uncaptured.clone();
    raw.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        locked(&slot).get_or_insert(error.to_string());
    }));
    (lost, uncaptured)
}

impl Device {
    pub(super) async fn open(options: DeviceOptions) -> Result<Self, ComputeError> {
        let adapter = find_adapter(options).await?;
        let (info, limits) = (adapter.get_info(), adapter.limits());
        if limits.max_compute_workgroup_storage_size < WORKGROUP_BYTES
            || limits.max_compute_invocations_per_workgroup < 64
        {
            return Err(unsupported(
                "its workgroups are smaller than WebGPU guarantees",
            ));
        }
        let has_f16 = adapter.features().contains(wgpu::Features::SHADER_F16);
        let clock = adapter.features() & wgpu::Features::TIMESTAMP_QUERY;
        let precision = match options.precision {
            Precision::F32 => wgpu::Features::empty(),
            Precision::F16 if has_f16 => wgpu::Features::SHADER_F16,
            Precision::F16 => {
                return Err(unsupported("it does not compute in f16"));
            }
        };
        // WebGPU's defaults are enough, but for the size of large models' matrices.
        let required_limits = wgpu::Limits {
            max_buffer_size: limits.max_buffer_size,
            max_storage_buffer_binding_size: limits.max_storage_buffer_binding_size,
            ..wgpu::Limits::default().or_worse_values_from(&limits)
        };
        let request = wgpu::DeviceDescriptor {
            label: Some("refit"),
            required_features: precision | clock,
            required_limits,
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            ..Default::default()
        };
        let device = adapter.request_device(&request).await;
        let (raw, queue) = device.map_err(|error| ComputeError::NoDevice {
            reason: error.to_string(),
        })?;
        let (lost, uncaptured) = watch_errors(&raw);
        let binding = limits.max_storage_buffer_binding_size;
        let is_software = info.device_type == wgpu::DeviceType::Cpu;
        Ok(Device {
            is_software: is_software && !options.as_hardware,
            adapter: Adapter {
                name: info.name,
                is_software,
                has_f16,
                has_clock: !clock.is_empty(),
            },
            precision: options.precision,
            binding_bytes: options.binding_bytes.map_or(binding, |b| b.min(binding)),
            buffer_bytes: limits.max_buffer_size,
            memory: Rc::default(),
            recorder: RefCell::new(Recorder::new(&raw, &queue)),
            lists: RefCell::default(),
            pipelines: RefCell::default(),
            scopes: RefCell::new(Scopes::open(&raw)),
            failure: RefCell::default(),
            lost,
            uncaptured,
            staging: Cell::default(),
            seconds: Cell::default(),
            raw,
            queue,
        })
    }

    /// Notes what went wrong, for whoever asks for a result.
    pub(super) fn fail(&self, error: ComputeError) {
        self.failure.borrow_mut().get_or_insert(error);
    }

    /// A kernel, compiled when it is first asked for. `sources` are WGSL files in which `T` is
    /// how numbers are kept and `constants` are known; `parts` is how many buffers it binds, the
    /// last of them for writing.
    pub(super) fn pipeline(
        &self,
        name: &str,
        sources: &[&str],
        constants: &[(&str, u32)],
        parts: u32,
    ) -> Pipeline {
        let key = format!("{name} {constants:?}");
        let pipelines = &mut *self.pipelines.borrow_mut();
        let id = pipelines.len() as u64;
        let new = || self.compile(id, name, sources, constants, parts);
        pipelines.entry(key).or_insert_with(new).clone()
    }

    fn compile(
        &self,
        id: u64,
        name: &str,
        sources: &[&str],
        constants: &[(&str, u32)],
        parts: u32,
    ) -> Pipeline {
        let mut text = String::from(match self.precision {
            Precision::F32 => "alias T = f32;\n",
            Precision::F16 => "enable f16;\nalias T = f16;\n",
        });
        for (name, value) in constants {
            text.push_str(&format!("const {name} = {value}u;\n"));
        }
        text.push_str(&sources.concat());
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(name),
            source: wgpu::ShaderSource::Wgsl(text.into()),
        };
        let mut checks = wgpu::ShaderRuntimeChecks::checked();
        // Where wgpu counts the rounds of a loop, drivers do not unroll it: on an H100 attention took more
        // than twice the time.
        checks.force_loop_bounding = false;
        // SAFETY: every loop of these kernels counts up to a bound or halves down to zero; all other
        // checks remain.
        let module = unsafe { self.raw.create_shader_module_trusted(descriptor, checks) };
        let entry = |binding, ty, dynamic| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty,
                has_dynamic_offset: dynamic,
                min_binding_size: None,
            },
            count: None,
        };
        let storage = |binding| {
            let read_only = binding < parts;
            let ty = wgpu::BufferBindingType::Storage { read_only };
            entry(binding, ty, false)
        };
        let parameters = entry(0, wgpu::BufferBindingType::Uniform, true);
        let entries = std::iter::once(parameters).chain((1..=parts).map(storage));
        let layout = self
            .raw
            .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some(name),
                entries: &entries.collect::<Vec<_>>(),
            });
        let pipeline_layout = self
            .raw
            .create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(name),
                bind_group_layouts: &[Some(&layout)],
                immediate_size: 0,
            });
        let raw = self
            .raw
            .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some("main"),
                compilation_options: wgpu::PipelineCompilationOptions {
                    // Every kernel writes what it reads.
                    zero_initialize_workgroup_memory: false,
                    ..Default::default()
                },
                cache: None,
            });
        Pipeline { id, raw, layout }
    }

    /// Records a dispatch, if its parts can be bound.
    pub(super) fn record(
        &self,
        pipeline: &Pipeline,
        parameters: &[u32],
        parts: &[BufferSlice<'_>],
        grid: [u32; 3],
    ) {
        let limit = self.binding_bytes;
        if let Some(part) = parts.iter().find(|part| part.bytes > limit) {
            let bytes = part.bytes;
            return self.fail(ComputeError::TooLarge { bytes, limit });
        }
        self.recorder
            .borrow_mut()
            .record(pipeline, parameters, parts, grid);
    }

    /// Submits what was recorded and waits until it is done.
    pub(super) async fn finish(&self) -> Result<(), ComputeError> {
        self.recorder.borrow_mut().submit(None);
        let done = Signal::new();
        let signal = done.clone();
        self.queue.on_submitted_work_done(move || signal.set(()));
        self.settle(done).await
    }

    /// Submits what was recorded; the future reads a part's bytes.
    pub(super) fn read(
        &self,
        part: BufferSlice<'_>,
    ) -> impl Future<Output = Result<Vec<u8>, ComputeError>> + use<'_> {
        let length = part.bytes;
        let size = stamps_at(length) + STAMP_BYTES;
        let staging = self.staging.take();
        let staging = staging.filter(|staging| staging.size() >= size);
        let staging = staging.unwrap_or_else(|| {
            self.raw.create_buffer(&wgpu::BufferDescriptor {
                label: Some("results"),
                size,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        });
        let copy = Some((part, &staging));
        let is_stamped = self.recorder.borrow_mut().submit(copy);
        let mapped = Signal::new();
        let signal = mapped.clone();
        let slice = staging.slice(..size);
        slice.map_async(wgpu::MapMode::Read, move |result| signal.set(result));
        async move { self.take_bytes(staging, length, is_stamped, mapped).await }
    }

    /// Waits until `staging` is mapped and takes `length` bytes and the stamps behind them.
    async fn take_bytes(
        &self,
        staging: wgpu::Buffer,
        length: u64,
        is_stamped: bool,
        mapped: Signal<Result<(), wgpu::BufferAsyncError>>,
    ) -> Result<Vec<u8>, ComputeError> {
        // What was mapped; an older buffer may be larger.
        let slice = staging.slice(..stamps_at(length) + STAMP_BYTES);
        let refused = |error: &dyn std::fmt::Display| ComputeError::Refused {
            reason: error.to_string(),
        };
        self.settle(mapped)
            .await?
            .map_err(|error| refused(&error))?;
        let mut bytes = slice
            .get_mapped_range()
            .map_err(|error| refused(&error))?
            .to_vec();
        staging.unmap();
        self.staging.set(Some(staging));
        if is_stamped {
            self.note_seconds(&bytes[stamps_at(length) as usize..]);
        }
        bytes.truncate(length as usize);
        Ok(bytes)
    }

    /// Adds what lies between two stamps, unless the clock went backwards.
    fn note_seconds(&self, stamps: &[u8]) {
        let ticks: Vec<u64> = stamps
            .as_chunks()
            .0
            .iter()
            .map(|b| u64::from_le_bytes(*b))
            .collect();
        if let [begin, end] = ticks[..]
            && let Some(ticks) = end.checked_sub(begin)
        {
            let seconds = 1e-9 * f64::from(self.queue.get_timestamp_period()) * ticks as f64;
            self.seconds
                .set(Some(self.seconds.get().unwrap_or(0.0) + seconds));
        }
    }

    /// How long the passes of the results took that were read since the last question.
    pub(super) fn take_seconds(&self) -> Option<f64> {
        self.seconds.take()
    }

    /// Waits for `done` and says what went wrong since the last time.
    async fn settle<R>(&self, done: Signal<R>) -> Result<R, ComputeError> {
        let scopes = self.scopes.replace(Scopes::none());
        let caught = scopes.close();
        self.scopes.replace(Scopes::open(&self.raw));
        // A browser calls back by itself.
        let polled = self.raw.poll(wgpu::PollType::wait_indefinitely());
        let caught = caught.await;
        let is_lost = locked(&self.lost).is_some();
        // A device that is lost may never call back.
        let value = match polled.is_ok() && !is_lost {
            true => Some(done.await),
            false => None,
        };
        let allocated_bytes = self.memory.take_allocated_bytes();
        let failure = self.failure.take();
        let uncaptured = locked(&self.uncaptured).take();
        let refused = |reason| Err(ComputeError::Refused { reason });
        let result = if let Some(reason) = locked(&self.lost).clone() {
            Err(ComputeError::Lost { reason })
        } else if let Some(wgpu::Error::OutOfMemory { .. }) = caught {
            Err(ComputeError::OutOfMemory {
                bytes: allocated_bytes,
            })
        } else if let Some(failure) = failure {
            Err(failure)
        } else if let Some(error) = caught {
            refused(error.to_string())
        } else if let Some(reason) = uncaptured {
            refused(reason)
        } else if let Some(value) = value {
            Ok(value)
        } else {
            refused("it does not answer".to_owned())
        };
        if result.is_err() {
            self.lists.borrow_mut().clear();
            self.memory.discard_all();
        }
        self.recorder
            .borrow_mut()
            .drop_stale_bind_groups(&self.memory);
        result
    }
}
