//! Every kernel of the GPU against its twin on the processor, over shapes that fit no tile.

use refit_clip::backend::cpu::Cpu;
use refit_clip::backend::gpu::{DeviceOptions, Gpu, Precision};
use refit_clip::backend::{
    Backend, ComputeError, Epilogue, PADDING, Split, TopK, WeightLayout, half,
};

const ROWS: [usize; 8] = [1, 3, 7, 49, 50, 77, 197, 257];

/// Numbers between −1 and 1 that both precisions hold exactly.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let uniform = (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
        half::f16_to_f32(half::f32_to_f16(uniform))
    };
    (0..count).map(|_| next()).collect()
}

/// One operation on any backend.
trait Operation {
    async fn run<B: Backend>(&self, backend: &B) -> Result<Vec<f32>, ComputeError>;

    /// What rounding float32 may change, the processor's included.
    fn tolerance(&self) -> f32;

    async fn check(&self, gpu: &Gpu, what: &str) {
        let exact = self.run(&Cpu::default()).await.unwrap();
        let found = self.run(gpu).await.unwrap();
        assert_eq!(exact.len(), found.len(), "{what}");
        let largest = exact.iter().fold(0f32, |m, x| m.max(x.abs()));
        let tolerance = match gpu.precision() {
            Precision::F32 => self.tolerance(),
            // The result is rounded to eleven bits, and so are sums that were stored between.
            Precision::F16 => self.tolerance() + 2f32.powi(-10) * largest,
        };
        let differences = exact.iter().zip(&found).map(|(a, b)| (a - b).abs());
        let worst = differences.fold(0f32, |m, d| if d > m || d.is_nan() { d } else { m });
        assert!(
            worst <= tolerance,
            "{what}: {worst:.1e} where {tolerance:.1e} is allowed, {:?}",
            gpu.precision()
        );
    }
}

struct Linear {
    rows: usize,
    inputs: usize,
    outputs: usize,
    layout: WeightLayout,
    has_bias: bool,
    after: Epilogue,
}

impl Operation for Linear {
    async fn run<B: Backend>(&self, backend: &B) -> Result<Vec<f32>, ComputeError> {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let x = backend.tensor(inputs, numbers(self.rows * inputs, 1))?;
        let values = numbers(inputs * outputs, 2);
        let weights = backend.weights(inputs, outputs, self.layout, Split::Whole, &values)?;
        let bias = backend.tensor(outputs, numbers(outputs, 3))?;
        let bias = self.has_bias.then_some(&bias);
        let mut out = backend.tensor(outputs, numbers(self.rows * outputs, 4))?;
        backend.linear(&x, &weights, bias, self.after, &mut out);
        backend.download(&out).await
    }

    fn tolerance(&self) -> f32 {
        2e-6 * (self.inputs as f32).sqrt()
    }
}

/// Software that stands in for a GPU gets other tiles than this.
async fn as_hardware(gpu: &Gpu) -> Gpu {
    let options = DeviceOptions {
        precision: gpu.precision(),
        as_hardware: true,
        ..DeviceOptions::default()
    };
    Gpu::open(options).await.unwrap()
}

pub(crate) async fn products(gpu: &Gpu) {
    let hardware = as_hardware(gpu).await;
    let shapes = [(4, 8), (64, 68), (588, 132), (768, 256)];
    for (rows, (inputs, outputs)) in ROWS.iter().flat_map(|r| shapes.map(|s| (*r, s))) {
        for layout in [WeightLayout::OutputsByInputs, WeightLayout::InputsByOutputs] {
            for (has_bias, after) in [
                (false, Epilogue::Nothing),
                (true, Epilogue::Gelu),
                (true, Epilogue::QuickGelu),
                (true, Epilogue::Add),
                (false, Epilogue::Add),
            ] {
                let product = Linear {
                    rows,
                    inputs,
                    outputs,
                    layout,
                    has_bias,
                    after,
                };
                let what = format!("{rows}×{inputs}×{outputs} {layout:?} {has_bias} {after:?}");
                product.check(gpu, &what).await;
                product.check(&hardware, &what).await;
            }
        }
    }
}

/// Products of as many tiles as the larger ones are for, for software and for hardware: 7 × 33 of
/// 32 × 32, 9 × 24 of 64 × 64.
pub(crate) async fn large_products(gpu: &Gpu) {
    let hardware = as_hardware(gpu).await;
    for (rows, outputs) in [(197, 1032), (513, 512), (513, 1532)] {
        let product = Linear {
            rows,
            inputs: 148,
            outputs,
            layout: WeightLayout::OutputsByInputs,
            has_bias: true,
            after: Epilogue::Add,
        };
        product.check(gpu, &format!("{rows}×148×{outputs}")).await;
        product
            .check(&hardware, &format!("{rows}×148×{outputs}"))
            .await;
    }
}

struct LayerNorm {
    rows: usize,
    columns: usize,
}

impl Operation for LayerNorm {
    async fn run<B: Backend>(&self, backend: &B) -> Result<Vec<f32>, ComputeError> {
        let columns = self.columns;
        let values = numbers(self.rows * columns, 1);
        // Far from zero, where squares minus the mean's square would lose everything.
        let shifted = values
            .iter()
            .map(|x| half::f16_to_f32(half::f32_to_f16(x + 8.0)));
        let values: Vec<f32> = shifted.collect();
        let x = backend.tensor(columns, values)?;
        let weight = backend.tensor(columns, numbers(columns, 2))?;
        let bias = backend.tensor(columns, numbers(columns, 3))?;
        let mut out = backend.empty(self.rows, columns)?;
        backend.layer_norm(&x, &weight, &bias, &mut out);
        backend.download(&out).await
    }

    fn tolerance(&self) -> f32 {
        1e-5
    }
}

struct Normalize {
    rows: usize,
    columns: usize,
}

impl Operation for Normalize {
    async fn run<B: Backend>(&self, backend: &B) -> Result<Vec<f32>, ComputeError> {
        let mut x = backend.tensor(self.columns, numbers(self.rows * self.columns, 1))?;
        backend.normalize(&mut x);
        backend.download(&x).await
    }

    fn tolerance(&self) -> f32 {
        1e-6
    }
}

struct Rows {
    rows: usize,
    columns: usize,
}

impl Operation for Rows {
    async fn run<B: Backend>(&self, backend: &B) -> Result<Vec<f32>, ComputeError> {
        let x = backend.tensor(self.columns, numbers(self.rows * self.columns, 1))?;
        let mut out = backend.empty(3, self.columns)?;
        let last = self.rows as u32 - 1;
        backend.gather_rows(&x, &[last, 0, last / 2], &mut out);
        backend.download(&out).await
    }

    fn tolerance(&self) -> f32 {
        0.0
    }
}

struct Mean {
    sequences: usize,
    tokens: usize,
    columns: usize,
}

impl Operation for Mean {
    async fn run<B: Backend>(&self, backend: &B) -> Result<Vec<f32>, ComputeError> {
        let count = self.sequences * self.tokens * self.columns;
        let x = backend.tensor(self.columns, numbers(count, 1))?;
        let mut out = backend.empty(self.sequences, self.columns)?;
        backend.mean(&x, self.tokens, &mut out);
        backend.download(&out).await
    }

    fn tolerance(&self) -> f32 {
        1e-6
    }
}

pub(crate) async fn operations_on_rows(gpu: &Gpu) {
    for (rows, columns) in ROWS.iter().flat_map(|r| [4, 260, 768].map(|c| (*r, c))) {
        let what = format!("{rows}×{columns}");
        Mean {
            sequences: 3,
            tokens: rows,
            columns,
        }
        .check(gpu, &what)
        .await;
        LayerNorm { rows, columns }.check(gpu, &what).await;
        Normalize { rows, columns }.check(gpu, &what).await;
        Rows { rows, columns }.check(gpu, &what).await;
    }
}

/// More rows than a dispatch has workgroups.
pub(crate) async fn very_many_rows(gpu: &Gpu) {
    let (rows, columns) = (70_000, 4);
    Normalize { rows, columns }.check(gpu, "70,000 rows").await;
    LayerNorm { rows, columns }.check(gpu, "70,000 rows").await;
}

struct Attention {
    sequences: usize,
    tokens: usize,
    heads: usize,
    head: usize,
    causal: bool,
}

impl Operation for Attention {
    async fn run<B: Backend>(&self, backend: &B) -> Result<Vec<f32>, ComputeError> {
        let (rows, width) = (self.sequences * self.tokens, self.heads * self.head);
        let values = numbers(rows * 3 * width, 1);
        // Scores large enough that weights differ.
        let values: Vec<f32> = values.iter().map(|x| 2.0 * x).collect();
        let qkv = backend.tensor(3 * width, values)?;
        let mut out = backend.empty(rows, width)?;
        backend.attention(&qkv, self.tokens, self.heads, self.causal, &mut out);
        backend.download(&out).await
    }

    fn tolerance(&self) -> f32 {
        5e-6
    }
}

pub(crate) async fn attention(gpu: &Gpu) {
    // Heads of the tests' tiny models, of ViT-S to L, H, g and G, and the widest.
    for (heads, head) in [(2, 4), (3, 64), (1, 80), (1, 88), (2, 104), (1, 128)] {
        for (tokens, causal) in ROWS.iter().flat_map(|r| [false, true].map(|c| (*r, c))) {
            let attention = Attention {
                sequences: 2,
                tokens,
                heads,
                head,
                causal,
            };
            let what = format!("{tokens} tokens, {heads} heads of {head}, causal {causal}");
            attention.check(gpu, &what).await;
        }
    }
}

struct Attend {
    queries: usize,
    /// Rows of the cache, which come in two parts.
    rows: usize,
    heads: usize,
    head: usize,
}

impl Operation for Attend {
    async fn run<B: Backend>(&self, backend: &B) -> Result<Vec<f32>, ComputeError> {
        let width = self.heads * self.head;
        let values: Vec<f32> = numbers((self.rows + self.queries) * 3 * width, 1);
        let values: Vec<f32> = values.iter().map(|x| 2.0 * x).collect();
        let (first, second) = values.split_at(self.rows / 2 * 3 * width);
        let (second, queries) = second.split_at(self.rows.div_ceil(2) * 3 * width);
        let mut cache = backend.empty(self.rows, 2 * width)?;
        let mut at = 0;
        for part in [first, second].into_iter().filter(|part| !part.is_empty()) {
            backend.append_kv(&backend.tensor(3 * width, part.to_vec())?, at, &mut cache);
            at += part.len() / (3 * width);
        }
        // Each query misses some rows, and sees the others in an order of its own.
        let seen = |i: usize| match i * 7 % 5 {
            0 if !i.is_multiple_of(self.rows) => PADDING,
            _ => (i * 31 % self.rows) as u32,
        };
        let seen: Vec<u32> = (0..self.queries * self.rows).map(seen).collect();
        let queries = backend.tensor(3 * width, queries.to_vec())?;
        let mut out = backend.empty(self.queries, width)?;
        backend.cached_attention(&queries, &cache, &seen, self.heads, &mut out);
        backend.download(&out).await
    }

    fn tolerance(&self) -> f32 {
        5e-6
    }
}

pub(crate) async fn attention_over_a_cache(gpu: &Gpu) {
    for (heads, head) in [(2, 4), (3, 64), (1, 80), (1, 128)] {
        for (rows, queries) in ROWS.iter().flat_map(|r| [1, 6, 19].map(|q| (*r, q))) {
            let attend = Attend {
                queries,
                rows,
                heads,
                head,
            };
            let what = format!("{queries} queries, {rows} rows, {heads} heads of {head}");
            attend.check(gpu, &what).await;
        }
    }
}

struct Largest {
    rows: usize,
    columns: usize,
    count: usize,
}

impl Operation for Largest {
    async fn run<B: Backend>(&self, backend: &B) -> Result<Vec<f32>, ComputeError> {
        // Equal numbers are common among those that eleven bits hold.
        let x = backend.tensor(self.columns, numbers(self.rows * self.columns, 1))?;
        let targets: Vec<u32> = (0..self.rows)
            .map(|row| (row * 389 % self.columns) as u32)
            .collect();
        let mut out = backend.empty(self.rows, TopK::columns(self.count))?;
        backend.top_k(&x, &targets, &mut out);
        backend.download(&out).await
    }

    fn tolerance(&self) -> f32 {
        2e-6
    }

    async fn check(&self, gpu: &Gpu, what: &str) {
        let read = |values: Vec<f32>| TopK::read(&values, self.count);
        let exact = read(self.run(&Cpu::default()).await.unwrap());
        let found = read(self.run(gpu).await.unwrap());
        let rounding = match gpu.precision() {
            Precision::F32 => self.tolerance(),
            Precision::F16 => 1e-2,
        };
        for (exact, found) in exact.iter().zip(&found) {
            assert_eq!(exact.entries, found.entries, "{what}");
            assert_eq!(exact.target, found.target, "{what}");
            let difference = (exact.log_sum_exp - found.log_sum_exp).abs();
            assert!(difference <= rounding, "{what}: {difference:.1e}");
        }
    }
}

pub(crate) async fn the_largest_of_each_row(gpu: &Gpu) {
    let hardware = as_hardware(gpu).await;
    for (rows, columns, count) in [(1, 4, 1), (3, 68, 5), (7, 1000, 12), (2, 49408, 64)] {
        let largest = Largest {
            rows,
            columns,
            count,
        };
        largest.check(gpu, &format!("{rows}×{columns}")).await;
        largest.check(&hardware, &format!("{rows}×{columns}")).await;
    }
    // What the processor finds is what sorting finds.
    let values = numbers(1000, 1);
    let mut sorted: Vec<(u32, f32)> = (0..).zip(values.iter().copied()).collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    let cpu = Cpu::default();
    let x = cpu.tensor(1000, values.clone()).unwrap();
    let mut out = cpu.empty(1, TopK::columns(12)).unwrap();
    cpu.top_k(&x, &[3], &mut out);
    let top = &TopK::read(&cpu.download(&out).await.unwrap(), 12)[0];
    assert_eq!(top.entries, sorted[..12]);
    assert_eq!(top.target, values[3]);
    let sum: f64 = values.iter().map(|x| f64::from(*x).exp()).sum();
    assert!((f64::from(top.log_sum_exp) - sum.ln()).abs() < 1e-6);
}

struct EmbedPatches {
    images: usize,
    tokens: usize,
    width: usize,
}

impl Operation for EmbedPatches {
    async fn run<B: Backend>(&self, backend: &B) -> Result<Vec<f32>, ComputeError> {
        let (images, tokens, width) = (self.images, self.tokens, self.width);
        let patches = backend.tensor(width, numbers(images * (tokens - 1) * width, 1))?;
        let class = backend.tensor(width, numbers(width, 2))?;
        let positions = backend.tensor(width, numbers(tokens * width, 3))?;
        let mut out = backend.empty(images * tokens, width)?;
        backend.embed_patches(&patches, &class, &positions, &mut out);
        backend.download(&out).await
    }

    fn tolerance(&self) -> f32 {
        0.0
    }
}

struct EmbedTokens {
    texts: usize,
    tokens: usize,
    width: usize,
}

impl Operation for EmbedTokens {
    async fn run<B: Backend>(&self, backend: &B) -> Result<Vec<f32>, ComputeError> {
        const VOCABULARY: usize = 1000;
        let (rows, width) = (self.texts * self.tokens, self.width);
        let table = backend.tensor(width, numbers(VOCABULARY * width, 1))?;
        let positions = backend.tensor(width, numbers(77.max(self.tokens) * width, 2))?;
        let ids: Vec<u32> = (0..rows as u32)
            .map(|i| i * 389 % VOCABULARY as u32)
            .collect();
        let mut out = backend.empty(rows, width)?;
        backend.embed_tokens(&ids, self.tokens, &table, &positions, &mut out);
        backend.download(&out).await
    }

    fn tolerance(&self) -> f32 {
        0.0
    }
}

pub(crate) async fn sequences_of_pictures_and_texts(gpu: &Gpu) {
    for (tokens, width) in ROWS.iter().flat_map(|r| [4, 260].map(|c| (*r, c))) {
        let what = format!("{tokens}×{width}");
        if tokens > 1 {
            let images = 3;
            EmbedPatches {
                images,
                tokens,
                width,
            }
            .check(gpu, &what)
            .await;
        }
        let texts = 3;
        EmbedTokens {
            texts,
            tokens,
            width,
        }
        .check(gpu, &what)
        .await;
    }
}

/// A table of which only a part can be bound gives the same.
pub(crate) async fn a_table_larger_than_a_binding(gpu: &Gpu) {
    let options = DeviceOptions {
        precision: gpu.precision(),
        binding_bytes: Some(70_000),
        ..DeviceOptions::default()
    };
    let gpu = Gpu::open(options).await.unwrap();
    let sequences = EmbedTokens {
        texts: 2,
        tokens: 77,
        width: 64,
    };
    sequences.check(&gpu, "parts").await;
}

/// A device's own clock, where it has one, runs while it works.
pub(crate) async fn the_device_says_how_long_it_worked(gpu: &Gpu) {
    let product = Linear {
        rows: 257,
        inputs: 768,
        outputs: 1024,
        layout: WeightLayout::OutputsByInputs,
        has_bias: true,
        after: Epilogue::Gelu,
    };
    // Nothing was asked of it yet.
    assert_eq!(gpu.take_seconds(), None);
    product.run(gpu).await.unwrap();
    let seconds = gpu.take_seconds();
    assert_eq!(seconds.is_some(), gpu.adapter().has_clock);
    assert!(seconds.is_none_or(|s| s > 0.0), "{seconds:?}");
    assert_eq!(gpu.take_seconds(), None);
}
