//! A file or a camera's frame to what the image tower takes: the browser decodes, the rest is
//! open_clip's preprocessing.

use super::super::protocol::EncodedImage;
use crate::model_error;
use js_sys::{Object, Promise, Reflect, Uint8Array};
use refit_clip::browser::now;
use refit_clip::preprocess::{Channels, Image, PixelValues, preprocess};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, ImageBitmap, OffscreenCanvas, OffscreenCanvasRenderingContext2d, SubtleCrypto,
};

#[wasm_bindgen]
extern "C" {
    // A page and a worker have these alike, where web-sys has them of each.
    #[wasm_bindgen(js_name = createImageBitmap, catch)]
    fn create_image_bitmap(source: &Blob, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(thread_local_v2, js_namespace = crypto, js_name = subtle)]
    static SUBTLE: Option<SubtleCrypto>;
}

/// PixelValues beyond which a decoded picture would take more memory than a browser may have.
const MOST_PIXELS: f64 = 1e8;

/// What is seen of a picture, and its pixels unless it is `known` by its digest.
pub async fn prepare(
    picture: &JsValue,
    size: usize,
    keep: bool,
    known: impl Fn(&str) -> bool,
) -> Result<(EncodedImage, Option<PixelValues>), String> {
    let start = now();
    let mut seen = EncodedImage::default();
    let bitmap: ImageBitmap = match picture.dyn_ref::<Blob>() {
        None => picture.clone().unchecked_into(),
        Some(file) => {
            if keep {
                seen.digest = digest(file).await.unwrap_or_default();
                seen.known = known(&seen.digest);
                if seen.known {
                    return Ok((seen, None));
                }
            }
            decode(file).await?
        }
    };
    (seen.width, seen.height) = (bitmap.width(), bitmap.height());
    let bytes = pixels(&bitmap);
    bitmap.close();
    let bytes = bytes?;
    let decoded = now();
    seen.decode = decoded - start;
    let (width, height) = (seen.width as usize, seen.height as usize);
    let picture = Image::new(width, height, Channels::Rgba, &bytes);
    let pixels = preprocess(
        &picture.map_err(|error| model_error::image_sentence(&error))?,
        size,
    );
    seen.resize = now() - decoded;
    Ok((seen, Some(pixels)))
}

async fn decode(file: &Blob) -> Result<ImageBitmap, String> {
    let options = Object::new();
    for (name, value) in [
        ("premultiplyAlpha", "none"),
        ("colorSpaceConversion", "none"),
        ("imageOrientation", "from-image"),
    ] {
        // A plain object takes any field.
        let _ = Reflect::set(&options, &name.into(), &value.into());
    }
    let undecodable = |_| {
        "This is no picture that this browser can decode; JPEG, PNG, WebP, GIF and AVIF usually are."
            .to_owned()
    };
    let bitmap = create_image_bitmap(file, &options).map_err(undecodable)?;
    let bitmap: ImageBitmap = JsFuture::from(bitmap)
        .await
        .map_err(undecodable)?
        .unchecked_into();
    let count = f64::from(bitmap.width()) * f64::from(bitmap.height());
    if count > MOST_PIXELS {
        bitmap.close();
        return Err(format!(
            "The picture has {:.0} million pixels; make it smaller than 100 million.",
            count / 1e6
        ));
    }
    Ok(bitmap)
}

/// Red, green, blue and alpha of each pixel.
fn pixels(bitmap: &ImageBitmap) -> Result<Vec<u8>, String> {
    let unreadable =
        |_: JsValue| "The browser does not give this picture's pixels; make it smaller.".to_owned();
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

/// SHA-256 of a file's bytes, where the page may compute it (not over plain http).
async fn digest(file: &Blob) -> Option<String> {
    let bytes = JsFuture::from(file.array_buffer()).await.ok()?;
    let digest = SUBTLE.with(|subtle| {
        let bytes = bytes.unchecked_ref::<Object>();
        subtle
            .as_ref()?
            .digest_with_str_and_buffer_source("SHA-256", bytes)
            .ok()
    })?;
    let digest = Uint8Array::new(&JsFuture::from(digest).await.ok()?).to_vec();
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
