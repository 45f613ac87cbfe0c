//! From a file or a camera frame to the image tower's input: the browser decodes the image, then
//! come open_clip's preprocessing steps.

use super::super::protocol::EncodedImage;
use super::pair_cache::Digest;
use crate::model_error;
use js_sys::{Object, Promise, Reflect, Uint8Array};
use refit_clip::browser::now;
use refit_clip::preprocess::{self, Channels, Image, PixelValues, Preprocessing};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, ImageBitmap, OffscreenCanvas, OffscreenCanvasRenderingContext2d, SubtleCrypto,
};

#[wasm_bindgen]
extern "C" {
    // Pages and workers share these; web-sys has them only for each kind of scope.
    #[wasm_bindgen(js_name = createImageBitmap, catch)]
    fn create_image_bitmap(source: &Blob, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(thread_local_v2, js_namespace = crypto, js_name = subtle)]
    static SUBTLE: Option<SubtleCrypto>;
}

/// The most pixels that an image may have; decoded, larger ones may exceed the browser's memory.
const MAX_PIXELS: f64 = 1e8;

/// Decodes and resizes an image, unless `cache` is set and its digest `is_cached`.
pub async fn prepare(
    image: &JsValue,
    settings: &Preprocessing,
    cache: bool,
    is_cached: impl Fn(&str) -> bool,
) -> Result<(EncodedImage, Option<PixelValues>), String> {
    let start = now();
    let mut details = EncodedImage::default();
    if let Some(file) = image.dyn_ref::<Blob>().filter(|_| cache) {
        details.digest = digest(file).await.unwrap_or_default();
        details.is_cached = is_cached(&details.digest);
        if details.is_cached {
            return Ok((details, None));
        }
    }
    let decoded = decoded(image).await?;
    (details.width, details.height) = (decoded.width, decoded.height);
    let has_decoded = now();
    details.decode = has_decoded - start;
    let pixels = preprocess::preprocess(&decoded.image()?, settings);
    details.resize = now() - has_decoded;
    Ok((details, Some(pixels)))
}

/// The pixels of an image.
pub struct Decoded {
    pub width: u32,
    pub height: u32,
    bytes: Vec<u8>,
    is_indexed: bool,
}

impl Decoded {
    pub fn image(&self) -> Result<Image<'_>, String> {
        let (width, height) = (self.width as usize, self.height as usize);
        let image = Image::new(width, height, Channels::Rgba, &self.bytes);
        let image = image.map_err(|error| model_error::image_sentence(&error))?;
        Ok(image.indexed(self.is_indexed))
    }
}

/// Decodes a file, or takes the pixels of a camera frame.
pub async fn decoded(image: &JsValue) -> Result<Decoded, String> {
    let mut is_indexed = false;
    let bitmap: ImageBitmap = match image.dyn_ref::<Blob>() {
        None => image.clone().unchecked_into(),
        Some(file) => {
            is_indexed = preprocess::is_indexed(&start_of(file).await.unwrap_or_default());
            decode(file).await?
        }
    };
    let (width, height) = (bitmap.width(), bitmap.height());
    let bytes = pixels(&bitmap);
    bitmap.close();
    Ok(Decoded {
        width,
        height,
        bytes: bytes?,
        is_indexed,
    })
}

async fn decode(file: &Blob) -> Result<ImageBitmap, String> {
    let options = Object::new();
    for (name, value) in [
        ("premultiplyAlpha", "none"),
        ("colorSpaceConversion", "none"),
        ("imageOrientation", "from-image"),
    ] {
        // It cannot fail for a plain object.
        let _ = Reflect::set(&options, &name.into(), &value.into());
    }
    let undecodable = |_| {
        "This browser cannot decode the file as an image; JPEG, PNG, WebP, GIF and AVIF usually work."
            .to_owned()
    };
    let bitmap = create_image_bitmap(file, &options).map_err(undecodable)?;
    let bitmap: ImageBitmap = JsFuture::from(bitmap)
        .await
        .map_err(undecodable)?
        .unchecked_into();
    let count = f64::from(bitmap.width()) * f64::from(bitmap.height());
    if count > MAX_PIXELS {
        bitmap.close();
        return Err(format!(
            "The image has {:.0} million pixels; the limit is 100 million.",
            count / 1e6
        ));
    }
    Ok(bitmap)
}

/// Red, green, blue and alpha of each pixel.
fn pixels(bitmap: &ImageBitmap) -> Result<Vec<u8>, String> {
    let unreadable = |_: JsValue| {
        "The browser could not read the image’s pixels; try a smaller image.".to_owned()
    };
    let (width, height) = (bitmap.width(), bitmap.height());
    let canvas = OffscreenCanvas::new(width, height).map_err(unreadable)?;
    let options = Object::new();
    let _ = Reflect::set(&options, &"willReadFrequently".into(), &true.into());
    let context = canvas.get_context_with_context_options("2d", &options);
    let context = context
        .map_err(unreadable)?
        .ok_or(JsValue::NULL)
        .map_err(unreadable)?;
    let context: OffscreenCanvasRenderingContext2d = context.unchecked_into();
    let drawn = context.draw_image_with_image_bitmap(bitmap, 0.0, 0.0);
    drawn.map_err(unreadable)?;
    let data = context.get_image_data(0.0, 0.0, f64::from(width), f64::from(height));
    Ok(data.map_err(unreadable)?.data().0)
}

/// A file's first bytes, which tell its format.
async fn start_of(file: &Blob) -> Option<Vec<u8>> {
    let start = file.slice_with_f64_and_f64(0.0, 1100.0).ok()?;
    let bytes = JsFuture::from(start.array_buffer()).await.ok()?;
    Some(Uint8Array::new(&bytes).to_vec())
}

/// SHA-256 of a file's bytes in hexadecimal, where the browser offers it (not over plain HTTP).
async fn digest(file: &Blob) -> Option<String> {
    let bytes = JsFuture::from(file.array_buffer()).await.ok()?;
    let digest = sha256(bytes.unchecked_ref()).await?;
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// SHA-256 of an image's bytes, after how many they are, and a text.
pub async fn pair_digest(image: &Blob, text: &str) -> Option<Digest> {
    let image = JsFuture::from(image.array_buffer()).await.ok()?;
    let image = Uint8Array::new(&image);
    let length = u64::from(image.length()).to_le_bytes();
    let all = image.length() + (length.len() + text.len()) as u32;
    let (bytes, mut at) = (Uint8Array::new_with_length(all), 0);
    for part in [
        Uint8Array::from(&length[..]),
        image,
        Uint8Array::from(text.as_bytes()),
    ] {
        bytes.set(&part, at);
        at += part.length();
    }
    sha256(&bytes).await?.try_into().ok()
}

async fn sha256(bytes: &Object) -> Option<Vec<u8>> {
    let digest = SUBTLE.with(|subtle| {
        let subtle = subtle.as_ref()?;
        subtle
            .digest_with_str_and_buffer_source("SHA-256", bytes)
            .ok()
    })?;
    Some(Uint8Array::new(&JsFuture::from(digest).await.ok()?).to_vec())
}
