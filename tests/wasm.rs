//! What only a browser can say about the library; `cargo xtask test --only wasm` runs it in Chromium.

#![cfg(target_arch = "wasm32")]
// Helpers of tests fail as tests do.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use refit::analysis::{self, Analysis};
use refit::chart::{
    AxisScale, ChartAxis, Emphasis, Format, Mark, Marks, Scene, Shape, Theme, canvas,
};
use refit::decimal;
use refit::study::{Table, read_measurements};
use refit_clip::backend::cpu::Cpu;
use refit_clip::backend::gpu::{self, Gpu};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

#[path = "../crates/clip/tests/crops.rs"]
mod crops;
#[path = "../crates/clip/tests/formula.rs"]
mod formula;
#[path = "../crates/clip/tests/formula_source.rs"]
mod formula_source;
#[path = "../crates/clip/tests/kernels.rs"]
mod kernels;
#[path = "../crates/fit/tests/labelled.rs"]
mod labelled;
#[path = "../crates/clip/tests/parity.rs"]
mod parity;
#[path = "../crates/clip/tests/sources.rs"]
mod sources;

wasm_bindgen_test_configure!(run_in_browser);

const VIT_S: &str = include_str!("../crates/clip/tests/reference/formula_ViT-S-32-alt.json");

/// The same fixture as natively, through SIMD128.
#[wasm_bindgen_test]
async fn vit_s_32_alt_is_open_clips() {
    parity::compare(Cpu::default(), VIT_S, parity::Bound::Rounding).await;
}

#[wasm_bindgen_test]
fn crops_are_pillows_to_the_last_bit() {
    crops::are_pillows_to_the_last_bit();
}

const MAMMUT_S: &str = include_str!("../crates/clip/tests/reference/formula_mammut_ViT-S-32.json");

#[wasm_bindgen_test]
async fn mammut_s_32_is_open_clips() {
    parity::compare(Cpu::default(), MAMMUT_S, parity::Bound::Rounding).await;
}

/// The largest stored case, 5,000 vectors of 512 numbers in 100 classes: scikit-learn's optimum, in the time that a
/// reader is asked to wait at most.
#[wasm_bindgen_test]
fn a_linear_probe_is_scikit_learns() {
    use refit_fit::logistic::{Examples, Features, Precision};
    let made = labelled::Made::new(&labelled::Case {
        vectors: 5000,
        width: 512,
        classes: 100,
        seed: 1070,
        separation: 1.0,
        decay: 2.0,
        skew: 1.0,
        unit: true,
    });
    let start = refit_clip::browser::now();
    let features = Features::new(&made.vectors, 512).unwrap();
    let rows: Vec<usize> = (0..5000).collect();
    let examples = Examples::new(&features, &rows, &made.labels, 100).unwrap();
    let go_on = &mut |_| std::ops::ControlFlow::Continue(());
    let solution = examples.solve(1.0, Precision::FULL, None, go_on).unwrap();
    let head = features.head(&solution.weights);
    let milliseconds = refit_clip::browser::now() - start;
    web_sys::console::log_1(
        &format!("{milliseconds:.0} ms, {} iterations", solution.iterations).into(),
    );
    let reference = include_str!("../crates/fit/tests/reference/logistic.json");
    let reference: serde_json::Value = serde_json::from_str(reference).unwrap();
    let case = reference["cases"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (case["name"].as_str(), case["seed"].as_u64()),
        (Some("largest"), Some(1070))
    );
    let loss = case["loss"].as_f64().unwrap();
    assert!(
        (solution.loss / loss - 1.0).abs() < 1e-8,
        "{} {loss}",
        solution.loss
    );
    let theirs = include_bytes!("../crates/fit/tests/reference/logistic.f32");
    let theirs = theirs.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b));
    assert_eq!(theirs.len(), head.coefficients.len());
    for (ours, theirs) in head.coefficients.iter().zip(theirs) {
        assert!((ours - f64::from(theirs)).abs() < 1e-5, "{ours} {theirs}");
    }
    assert!(milliseconds < 10_000.0, "{milliseconds} ms");
}

/// Every float16 through SIMD128, in each lane, against the conversion that knows no vectors.
#[wasm_bindgen_test]
fn a_search_widens_every_half_exactly() {
    use refit_npy::{Dtype, Header, read_matrix};
    use refit_pairs::search::Stored;
    let halves: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    let header = Header::write(Dtype::F16, &[1 << 16, 1]);
    let expected = read_matrix(&[header, halves.clone()].concat()).unwrap();
    let mut found = Vec::new();
    for width in [1, 4, 32] {
        for lane in 0..width {
            let mut query = vec![0.0; width];
            query[lane] = 1.0;
            let stored = Stored { half: true, width };
            stored.products(&halves, &query, &mut found);
            for (row, found) in expected.values.chunks(width).zip(&found) {
                // Infinity times zero is no number.
                let is_finite = row.iter().all(|x| x.is_finite());
                let expected = if is_finite || width == 1 {
                    row[lane]
                } else {
                    f32::NAN
                };
                assert!(*found == expected || (found.is_nan() && expected.is_nan()));
            }
        }
    }
}

/// The browser's GPU, which `cargo xtask test` has it compute in software.
async fn gpu() -> Gpu {
    Gpu::open(gpu::DeviceOptions::default()).await.unwrap()
}

#[wasm_bindgen_test]
async fn what_stands_in_for_a_gpu_is_recognised() {
    assert!(gpu().await.adapter().is_software);
}

#[wasm_bindgen_test]
async fn vit_s_32_alt_is_open_clips_on_the_gpu() {
    parity::compare(gpu().await, VIT_S, parity::Bound::Rounding).await;
}

/// Every kernel against its twin, as natively.
mod every_kernel {
    use super::{gpu, kernels, wasm_bindgen_test};

    #[wasm_bindgen_test]
    async fn products() {
        kernels::products(&gpu().await).await;
    }

    #[wasm_bindgen_test]
    async fn large_products() {
        kernels::large_products(&gpu().await).await;
    }

    #[wasm_bindgen_test]
    async fn operations_on_rows() {
        kernels::operations_on_rows(&gpu().await).await;
    }

    #[wasm_bindgen_test]
    async fn very_many_rows() {
        kernels::very_many_rows(&gpu().await).await;
    }

    #[wasm_bindgen_test]
    async fn attention() {
        kernels::attention(&gpu().await).await;
    }

    #[wasm_bindgen_test]
    async fn attention_over_a_cache() {
        kernels::attention_over_a_cache(&gpu().await).await;
    }

    #[wasm_bindgen_test]
    async fn the_largest_of_each_row() {
        kernels::the_largest_of_each_row(&gpu().await).await;
    }

    #[wasm_bindgen_test]
    async fn sequences_of_pictures_and_texts() {
        kernels::sequences_of_pictures_and_texts(&gpu().await).await;
    }

    #[wasm_bindgen_test]
    async fn a_table_larger_than_a_binding() {
        kernels::a_table_larger_than_a_binding(&gpu().await).await;
    }

    #[wasm_bindgen_test]
    async fn the_device_says_how_long_it_worked() {
        kernels::the_device_says_how_long_it_worked(&gpu().await).await;
    }
}

#[wasm_bindgen_test]
fn the_law_of_fig_1_comes_back() {
    let text = include_str!("../data/comparison/plotted_frontier.csv");
    let table = Table::find("plotted_frontier").unwrap();
    let rows = read_measurements(table.study(), "plotted_frontier.csv", text).unwrap();
    let outcome = analysis::run(&Analysis::of(table), &rows, &[]);
    // Printed in the comparison study's repository, fig. 1: CLIP, MaMMUT.
    let printed = [
        [57.862083, 18.391321, 0.226604, 0.111169],
        [125.356572, 19.289384, 0.255670, 0.101112],
    ];
    assert_eq!(outcome.series.len(), 2);
    for (series, printed) in outcome.series.iter().zip(printed) {
        let fit = series.fit.as_ref().unwrap();
        for (ours, printed) in fit.parameters.iter().zip(printed) {
            assert!((ours / printed - 1.0).abs() < 5e-6, "{ours} {printed}");
        }
    }
}

#[wasm_bindgen_test]
fn the_browser_reads_decimals_as_rust_does() {
    let hard = [
        "0.1",
        "-0",
        "+1.",
        ".5e-3",
        "2.2250738585072011e-308",
        "1e999",
        "4.9e-324",
        "9007199254740993",
        "0.500000000000000166533453693773481063544750213623046875",
    ];
    for text in hard {
        let bits = |number: Option<f64>| number.map(f64::to_bits);
        assert_eq!(
            bits(decimal::parse(text)),
            bits(text.parse().ok()),
            "{text}"
        );
    }
    for text in [
        "", " 1", "1 ", "0x10", "0b1", "1e", "-", "1_0", "Infinity", "NaN", "1.2.3",
    ] {
        assert_eq!(decimal::parse(text), None, "{text}");
    }
}

fn scene(y: f64) -> Scene {
    let axis = |format| ChartAxis {
        label: "Axis (log scale)".to_owned(),
        scale: AxisScale::Log,
        range: None,
        format,
    };
    let mut scene = Scene::new(axis(Format::Number), axis(Format::Percent));
    let points = [(1e7, y), (1e12, 0.2)].into_iter().enumerate();
    scene.marks.push(Marks {
        shape: Shape::Square,
        color: 0,
        size: 5.0,
        emphasis: Emphasis::Frontier,
        points: points.map(|(key, (x, y))| Mark { x, y, key }).collect(),
    });
    scene
}

fn empty_canvas() -> HtmlCanvasElement {
    let document = web_sys::window().unwrap().document().unwrap();
    document.create_element("canvas").unwrap().unchecked_into()
}

#[wasm_bindgen_test]
fn a_mark_is_drawn_where_the_layout_says() {
    let canvas = empty_canvas();
    let theme = Theme::light();
    let layout = canvas::draw_on(&canvas, &scene(0.9), &theme, 600.0, 400.0).unwrap();
    let ratio = f64::from(canvas.width()) / 600.0;
    let (x, y) = layout.pixel(1e7, 0.9).unwrap();
    let context = canvas.get_context("2d").unwrap().unwrap();
    let context: CanvasRenderingContext2d = context.unchecked_into();
    let pixel = context
        .get_image_data(x * ratio, y * ratio, 1.0, 1.0)
        .unwrap();
    let (r, g, b) = theme.color(0);
    assert_eq!(&pixel.data()[..3], [r, g, b]);
}

#[wasm_bindgen_test]
fn what_cannot_be_drawn_is_left_out() {
    for y in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e-300] {
        for (width, height) in [(0.0, 0.0), (1.0, 1.0), (320.0, 200.0)] {
            let canvas = empty_canvas();
            canvas::draw_on(&canvas, &scene(y), &Theme::dark(), width, height).unwrap();
        }
    }
}
