//! Labelled sets to measure mixtures on: those that come with the page, and folders of the reader's.

use crate::page::models::samples;
use crate::teach::labels;
use js_sys::Reflect;
use leptos::prelude::*;
use serde::Deserialize;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, ImageBitmap, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

/// Pictures whose class is known.
#[derive(Clone)]
pub struct LabelledSet {
    pub name: String,
    pub labels: Vec<String>,
    /// With the place of its class.
    pub pictures: Vec<(Blob, usize)>,
    /// The prompt template that the set is meant for.
    pub template: Option<String>,
}

/// A set that comes with the page: pictures side by side in one file.
#[derive(Clone, Debug, Deserialize)]
pub struct Sheet {
    pub name: String,
    /// Its path below `clip/`.
    file: String,
    /// Pixels of a picture's side.
    side: u32,
    columns: usize,
    labels: Vec<String>,
    /// The place of each picture's class.
    pub pictures: Vec<usize>,
}

/// `public/clip/siblings.json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Siblings {
    pub siblings: Vec<Sibling>,
    pub sets: Vec<Sheet>,
    template: String,
}

/// A model that was fine-tuned from the bundled one.
#[derive(Clone, Debug, Deserialize)]
pub struct Sibling {
    pub task: String,
}

pub async fn siblings() -> Result<Siblings, String> {
    let text = samples::text("clip/siblings.json").await?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

impl Sheet {
    pub fn classes(&self) -> usize {
        self.labels.len()
    }
}

impl Siblings {
    /// Cuts a sheet into its pictures.
    pub async fn set(&self, sheet: &Sheet) -> Result<LabelledSet, String> {
        let unreadable = |_| samples::FILE_UNREADABLE.to_owned();
        let response = samples::bundled(&format!("clip/{}", sheet.file)).await?;
        let blob = JsFuture::from(response.blob().map_err(unreadable)?).await;
        let blob: Blob = blob.map_err(unreadable)?.unchecked_into();
        let whole = window().create_image_bitmap_with_blob(&blob);
        let whole = JsFuture::from(whole.map_err(unreadable)?).await;
        let whole: ImageBitmap = whole.map_err(unreadable)?.unchecked_into();
        let canvas = OffscreenCanvas::new(sheet.side, sheet.side).map_err(unreadable)?;
        let context = canvas.get_context("2d").map_err(unreadable)?;
        let context = context.ok_or_else(|| samples::FILE_UNREADABLE.to_owned())?;
        let context: OffscreenCanvasRenderingContext2d = context.unchecked_into();
        let side = f64::from(sheet.side);
        let mut pictures = Vec::with_capacity(sheet.pictures.len());
        for (i, class) in sheet.pictures.iter().enumerate() {
            let (x, y) = ((i % sheet.columns) as f64, (i / sheet.columns) as f64);
            let drawn = context
                .draw_image_with_image_bitmap_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
                    &whole,
                    x * side,
                    y * side,
                    side,
                    side,
                    0.0,
                    0.0,
                    side,
                    side,
                );
            drawn.map_err(unreadable)?;
            let picture = JsFuture::from(canvas.convert_to_blob().map_err(unreadable)?);
            pictures.push((picture.await.map_err(unreadable)?.unchecked_into(), *class));
        }
        Ok(LabelledSet {
            name: sheet.name.clone(),
            labels: sheet.labels.clone(),
            pictures,
            template: Some(self.template.clone()),
        })
    }
}

/// The set in a folder with a subfolder for each class.
pub fn folder(files: Vec<File>) -> Result<LabelledSet, String> {
    let mut name = String::new();
    let mut named: Vec<(String, Blob)> = Vec::new();
    for file in files {
        let kind = file.type_();
        if !(kind.is_empty() || kind.starts_with("image/")) {
            continue;
        }
        let path = Reflect::get(&file, &"webkitRelativePath".into()).unwrap_or_default();
        let path = path.as_string().unwrap_or_default();
        let folders: Vec<&str> = path.split('/').collect();
        if let [set, .., class, _] = folders[..] {
            name = set.to_owned();
            named.push((labels::in_prompt(class), file.into()));
        }
    }
    let (classes, places) = labels::classes(named.iter().map(|(class, _)| class.as_str()));
    if classes.len() < 2 {
        return Err(format!(
            "This folder has images of {} classes; put the images of each class into a subfolder of its own, at least two.",
            classes.len()
        ));
    }
    let pictures = named.into_iter().map(|(_, file)| file).zip(places);
    Ok(LabelledSet {
        name,
        labels: classes,
        pictures: pictures.collect(),
        template: None,
    })
}
