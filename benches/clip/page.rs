//! The models in a browser, for `cargo xtask bench` alone: no published page has it.
//!
//! `bench.js` and `worker.js` beside it make `window.clipBench` of this, as other engines' pages
//! have it too.

// A benchmark that cannot go on stops.
#![allow(clippy::expect_used, clippy::unwrap_used)]

#[cfg(target_arch = "wasm32")]
mod bench {
    use refit_clip::backend::gpu::{self, Gpu, Precision};
    use refit_clip::backend::group::Group;
    use refit_clip::browser::{self, FetchTransport, TimedModel, WorkerPeer, start_peers};
    use refit_clip::caption::Decoding;
    use refit_clip::preprocess::PixelValues;
    use refit_clip::tokenizer::Tokens;
    use refit_clip::weights::http::{HttpSource, Retries};
    use refit_clip::weights::source::Source;
    use refit_clip::{ClipError, LoadOptions};
    use std::ops::ControlFlow;
    use wasm_bindgen::JsError;
    use wasm_bindgen::prelude::wasm_bindgen;

    /// Seconds without a byte after which a load is given up.
    const PATIENCE: u32 = 30;

    enum Engine {
        Cpu(Box<TimedModel<Group<WorkerPeer>>>),
        Gpu(Box<TimedModel<Gpu>>),
    }

    #[wasm_bindgen]
    pub struct Bench {
        engine: Engine,
    }

    #[wasm_bindgen]
    impl Bench {
        /// Loads a checkpoint onto `cpu`, `gpu` or, with numbers kept as f16, `gpu16`; with
        /// `captions` what a MaMMUT writes with, too. `workers` divide it on the CPU; without, as
        /// many as make it faster.
        pub async fn load(
            backend: &str,
            address: &str,
            captions: bool,
            workers: Option<usize>,
        ) -> Result<Bench, JsError> {
            let source = FetchTransport::new(address, PATIENCE);
            let mut source = HttpSource::open(source, address, Retries::default()).await?;
            let options = LoadOptions {
                captions,
                ..LoadOptions::default()
            };
            let engine = if backend == "cpu" {
                let group = Group::new(start_peers(workers, source.size()).await);
                let model = TimedModel::load(group, &mut source, options, |_| {});
                Engine::Cpu(Box::new(model.await?))
            } else {
                let precision = match backend {
                    "gpu16" => Precision::F16,
                    _ => Precision::F32,
                };
                let gpu = Gpu::open(gpu::DeviceOptions {
                    precision,
                    ..gpu::DeviceOptions::default()
                });
                let model = TimedModel::load(gpu.await?, &mut source, options, |_| {});
                Engine::Gpu(Box::new(model.await?))
            };
            Ok(Bench { engine })
        }

        /// The name of a worker that computes a part of a model.
        pub fn peer() -> String {
            browser::PEER.to_owned()
        }

        /// Computes it, in such a worker.
        #[wasm_bindgen(js_name = servePeer)]
        pub fn serve_peer() {
            browser::serve_peer();
        }

        /// How many workers divide the model.
        pub fn workers(&self) -> usize {
            match &self.engine {
                Engine::Cpu(model) => model.model().backend().size(),
                Engine::Gpu(_) => 1,
            }
        }

        /// Unit vectors, one after the other, of pictures that were prepared as open_clip does.
        #[wasm_bindgen(js_name = encodeImage)]
        pub async fn encode_image(&self, pixels: Vec<f32>) -> Result<Vec<f32>, JsError> {
            let pictures = self.pictures(&pixels);
            concat(match &self.engine {
                Engine::Cpu(model) => model.encode_images(&pictures).await,
                Engine::Gpu(model) => model.encode_images(&pictures).await,
            })
        }

        /// Unit vectors of texts of so many tokens each.
        #[wasm_bindgen(js_name = encodeText)]
        pub async fn encode_text(&self, ids: Vec<u32>, tokens: usize) -> Result<Vec<f32>, JsError> {
            let texts = ids.chunks_exact(tokens).map(|ids| Tokens {
                ids: ids.to_vec(),
                truncated: 0,
                mojibake: false,
            });
            let texts: Vec<Tokens> = texts.collect();
            concat(match &self.engine {
                Engine::Cpu(model) => model.encode_texts(&texts).await,
                Engine::Gpu(model) => model.encode_texts(&texts).await,
            })
        }

        /// A picture's caption of so many tokens at most: how many it has.
        pub async fn caption(&self, pixels: Vec<f32>, tokens: usize) -> Result<usize, JsError> {
            let pictures = self.pictures(&pixels);
            let picture = pictures.first().ok_or(JsError::new("no picture"))?;
            let go_on = async |_: &[u32]| ControlFlow::Continue(());
            let caption = match &self.engine {
                Engine::Cpu(model) => {
                    model
                        .caption(picture, Decoding::GREEDY, tokens, go_on)
                        .await
                }
                Engine::Gpu(model) => {
                    model
                        .caption(picture, Decoding::GREEDY, tokens, go_on)
                        .await
                }
            };
            Ok(caption?.ids.len())
        }
    }

    impl Bench {
        fn pictures(&self, pixels: &[f32]) -> Vec<PixelValues> {
            let size = match &self.engine {
                Engine::Cpu(model) => model.model().architecture().image_size(),
                Engine::Gpu(model) => model.model().architecture().image_size(),
            };
            let pictures = pixels
                .chunks_exact(3 * size * size)
                .map(|planes| PixelValues {
                    size,
                    planes: planes.to_vec(),
                });
            pictures.collect()
        }
    }

    fn concat(units: Result<Vec<Vec<f32>>, ClipError>) -> Result<Vec<f32>, JsError> {
        Ok(units?.concat())
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This is measured in a browser: cargo xtask bench");
}
