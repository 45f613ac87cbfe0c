//! Checkpoints from a server, from the reader's disk, and what goes wrong with both: in a browser,
//! beside the server of `tests/browser/src/files.rs`.

use js_sys::{Array, Reflect, Uint8Array};
use refit_clip::architecture::Configuration;
use refit_clip::backend::cpu::Cpu;
use refit_clip::browser::{BlobSource, FetchTransport, TimedModel};
use refit_clip::preprocess::PixelValues;
use refit_clip::tokenizer::Tokens;
use refit_clip::weights::WeightsError;
use refit_clip::weights::http::{HttpSource, Retries, Transport};
use refit_clip::weights::source::{Source, SourceError};
use refit_clip::{ClipError, LoadOptions};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wasm_bindgen_test::wasm_bindgen_test;

const SAFETENSORS: &[u8] = include_bytes!("reference/containers/open_clip.safetensors");
/// An archive with an optimizer's state.
const TRAINING: &[u8] = include_bytes!("reference/containers/training.pt");

const RETRIES: Retries = Retries {
    count: 3,
    milliseconds: 5,
};
const SECONDS: u32 = 1;

/// The server of misbehaving files.
fn address(path: &str) -> String {
    let server = Reflect::get(&js_sys::global(), &"files".into()).unwrap();
    let server = server.as_string();
    let server = server.expect("`cargo xtask test --only wasm` starts the server of files");
    format!("{server}/{path}")
}

async fn open(path: &str) -> Result<HttpSource<FetchTransport>, SourceError> {
    let transport = FetchTransport::new(&address(path), SECONDS);
    HttpSource::open(transport, path, RETRIES).await
}

async fn load(source: &mut impl Source) -> Result<TimedModel<Cpu>, ClipError> {
    let options = LoadOptions {
        configuration: Configuration {
            vision_heads: Some(2),
            text_heads: Some(4),
            ..Configuration::default()
        },
        ..LoadOptions::default()
    };
    TimedModel::load(Cpu::default(), source, options, |_| {}).await
}

/// Embeddings of an image and a text by the model that a source holds.
async fn embeddings(source: &mut impl Source) -> Vec<f32> {
    let model = load(source).await.unwrap();
    let planes = (0..48).map(|i| (i as f32 * 0.37).sin()).collect();
    let images = model
        .encode_images(&[PixelValues { size: 4, planes }])
        .await;
    let text = Tokens {
        ids: vec![10, 3, 5, 1, 11],
        truncated: 0,
        mojibake: false,
    };
    let texts = model.encode_texts(&[text]).await;
    [images.unwrap().concat(), texts.unwrap().concat()].concat()
}

/// What loading from a path ends with.
async fn error(path: &str) -> WeightsError {
    let mut source = match open(path).await {
        Ok(source) => source,
        Err(error) => return error.into(),
    };
    match load(&mut source).await {
        Err(ClipError::Weights(error)) => error,
        Err(other) => panic!("{path}: {other}"),
        Ok(_) => panic!("{path}: it loads"),
    }
}

#[wasm_bindgen_test]
async fn a_server_holds_the_same_model() {
    for (name, mut bytes) in [
        ("open_clip.safetensors", SAFETENSORS),
        ("training.pt", TRAINING),
    ] {
        let exact = embeddings(&mut bytes).await;
        for manner in ["honest", "hiding", "breaking"] {
            let mut source = open(&format!("{manner}/{name}")).await.unwrap();
            assert_eq!(embeddings(&mut source).await, exact, "{manner} {name}");
        }
    }
    // What can be read in one go needs no ranges.
    let mut source = open("whole/open_clip.safetensors").await.unwrap();
    let exact = embeddings(&mut &SAFETENSORS[..]).await;
    assert_eq!(embeddings(&mut source).await, exact);
}

#[wasm_bindgen_test]
async fn what_is_wrong_with_a_server_is_said() {
    let size = SAFETENSORS.len() as u64;
    let name = "honest/nothing.pt".to_owned();
    for (path, expected) in [
        ("honest/nothing.pt", SourceError::NotFound { name }),
        ("page/open_clip.safetensors", SourceError::WebPage),
        ("private/open_clip.safetensors", SourceError::Unreachable),
        ("whole/training.pt", SourceError::NoRanges),
        ("changing/open_clip.safetensors", SourceError::Changed),
        (
            "silent/open_clip.safetensors",
            SourceError::TimedOut { seconds: SECONDS },
        ),
        (
            "hanging/training.pt",
            SourceError::TimedOut { seconds: SECONDS },
        ),
    ] {
        assert_eq!(error(path).await, WeightsError::Source(expected), "{path}");
    }
    // A browser may drop what came with the break.
    let stuck = error("stuck/open_clip.safetensors").await;
    assert!(matches!(stuck, WeightsError::Source(SourceError::Broken { at }) if at <= size / 2));
    assert!(matches!(
        error("short/open_clip.safetensors").await,
        WeightsError::Tensor { .. }
    ));
    assert!(matches!(
        error("short/training.pt").await,
        WeightsError::Archive { .. }
    ));
    // Nobody listens there.
    let nowhere = FetchTransport::new("http://127.0.0.1:1/x.pt", SECONDS);
    let nowhere = HttpSource::open(nowhere, "x.pt", RETRIES).await;
    assert_eq!(nowhere.err(), Some(SourceError::Unreachable));
}

/// How many slow answers are under way.
async fn drips() -> u8 {
    let mut fetch = FetchTransport::new(&address("drips"), SECONDS);
    fetch.get(0).await.unwrap();
    let digits = fetch.next().await.unwrap().unwrap();
    String::from_utf8(digits).unwrap().parse().unwrap()
}

async fn pause() {
    FetchTransport::new("", SECONDS).pause(10).await;
}

#[wasm_bindgen_test]
async fn a_load_that_is_dropped_stops() {
    let mut source = open("dripping/training.pt").await.unwrap();
    {
        let mut loading = pin!(load(&mut source));
        let mut polls = 0;
        while polls < 3 || drips().await == 0 {
            polls += 1;
            let mut context = Context::from_waker(Waker::noop());
            assert!(matches!(loading.as_mut().poll(&mut context), Poll::Pending));
            pause().await;
        }
    }
    drop(source);
    // The server notices by itself; that it never does ends in the tests' time-out.
    while drips().await > 0 {
        pause().await;
    }
}

#[wasm_bindgen_test]
async fn a_file_of_the_reader_is_a_source() {
    for mut bytes in [SAFETENSORS, TRAINING] {
        let exact = embeddings(&mut bytes).await;
        let parts = Array::of1(&Uint8Array::from(bytes));
        let blob = web_sys::Blob::new_with_u8_array_sequence(&parts).unwrap();
        let mut source = BlobSource::new(blob);
        assert_eq!(source.size(), bytes.len() as u64);
        assert_eq!(embeddings(&mut source).await, exact);
        let at = source.size();
        let beyond = source.read(at - 1, &mut [0; 2]).await;
        assert_eq!(beyond, Err(SourceError::Ended { at }));
    }
}

#[wasm_bindgen_test]
async fn work_shows_as_user_timing() {
    let performance = web_sys::window().unwrap().performance().unwrap();
    let measures = |name: &str| -> Vec<wasm_bindgen::JsValue> {
        performance.get_entries_by_name(name).iter().collect()
    };
    let before = measures("refit:load").len();
    let model = load(&mut &SAFETENSORS[..]).await.unwrap();
    let loads = measures("refit:load");
    assert_eq!(loads.len(), before + 1);
    let field = |entry: &wasm_bindgen::JsValue, name: &str| {
        let detail = Reflect::get(entry, &"detail".into()).unwrap();
        Reflect::get(&detail, &name.into()).unwrap()
    };
    assert_eq!(field(&loads[before], "bytes"), SAFETENSORS.len() as f64);
    let before = measures("refit:encode-image").len();
    for _ in 0..2 {
        let planes = vec![0.5; 48];
        let image = PixelValues { size: 4, planes };
        model.encode_images(&[image.clone(), image]).await.unwrap();
    }
    let runs = &measures("refit:encode-image")[before..];
    let kinds: Vec<_> = runs
        .iter()
        .map(|run| field(run, "run").as_string().unwrap())
        .collect();
    assert_eq!(kinds, ["cold", "warm"]);
    assert_eq!(field(&runs[0], "count"), 2.0);
    let duration = Reflect::get(&runs[0], &"duration".into()).unwrap();
    assert!(duration.as_f64().is_some_and(|ms| ms >= 0.0));
    // The processor has no clock of its own.
    assert!(field(&runs[0], "deviceMilliseconds").is_undefined());
}
