//! What a worker is asked in more than one place.

use super::protocol::{EncodedImage, Failure, Request, TextWarning};
use super::worker_client::WorkerClient;
use js_sys::{Array, Float32Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;

/// A picture's unit vector and how it came about, or why there is none.
pub type Sight = Result<(Vec<f32>, EncodedImage), String>;

impl WorkerClient {
    /// Unit vectors of texts.
    pub async fn texts(
        &self,
        texts: Vec<String>,
    ) -> Result<(Vec<TextWarning>, Vec<Vec<f32>>), Failure> {
        let count = texts.len();
        let ask = Request::Texts(texts);
        let answer = self.ask_with(&ask, JsValue::UNDEFINED, Array::new(), |_| {});
        let answer = answer.await?;
        Ok((answer.value, vectors(&answer.beside, count)))
    }

    /// Looks at pictures all at once; `keep` has it remember them.
    pub async fn pictures<'a>(
        &self,
        files: impl Iterator<Item = &'a Blob>,
        keep: bool,
    ) -> Result<Vec<Sight>, Failure> {
        let files: Array = files.map(JsValue::from).collect();
        let ask = Request::Pictures { keep };
        let seen = self.ask_with::<Vec<Result<EncodedImage, String>>>(
            &ask,
            files.into(),
            Array::new(),
            |_| {},
        );
        let seen = seen.await?;
        let units = vectors(&seen.beside, seen.value.iter().flatten().count());
        let mut units = units.into_iter();
        let sight = |seen: Result<EncodedImage, String>| {
            let seen = seen?;
            Ok((units.next().unwrap_or_default(), seen))
        };
        Ok(seen.value.into_iter().map(sight).collect())
    }
}

/// As many vectors as there are, out of their numbers one after the other.
pub fn vectors(numbers: &JsValue, count: usize) -> Vec<Vec<f32>> {
    let Some(numbers) = numbers.dyn_ref::<Float32Array>() else {
        return Vec::new();
    };
    let numbers = numbers.to_vec();
    if count == 0 || numbers.is_empty() {
        return Vec::new();
    }
    numbers
        .chunks(numbers.len() / count)
        .map(<[f32]>::to_vec)
        .collect()
}
