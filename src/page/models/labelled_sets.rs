//! Labelled sets, to measure mixtures on and to teach with: those that come with the page, and folders of the reader's.

use crate::page::models::folder::found;
use crate::page::models::samples;
use crate::teach::folders::class_folders;
use crate::teach::labels;
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
    /// What is left out, and what is taken for granted.
    pub notes: Vec<String>,
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

/// A set that comes with the page, by its name.
pub async fn bundled(name: &str) -> Result<LabelledSet, String> {
    let siblings = siblings().await?;
    let sheet = siblings.sets.iter().find(|sheet| sheet.name == name);
    let sheet = sheet.ok_or_else(|| format!("The page has no set “{name}”."))?;
    siblings.set(sheet).await
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
        let response = samples::bundled(&format!("clip/{}", sheet.file)).await;
        let response = response.map_err(|_| {
            format!(
                "The images of “{}” could not be read: this page fetches them when they are first asked for, and keeps them from then on. Check the connection and try again.",
                sheet.name
            )
        })?;
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
            notes: Vec::new(),
        })
    }
}

/// The set in a folder with a subfolder for each class.
pub fn folder(files: Vec<File>) -> Result<LabelledSet, String> {
    let (names, found): (Vec<String>, Vec<_>) = files.into_iter().map(found).unzip();
    let sorted = class_folders(found)?;
    let notes = sorted.notes("images");
    let classes = sorted.classes.into_iter();
    let named = classes.flat_map(|(class, files)| {
        let class = labels::in_prompt(&class);
        files
            .into_iter()
            .map(move |file| (class.clone(), file.into()))
    });
    let (named, pictures): (Vec<String>, Vec<Blob>) = named.unzip();
    let (labels, places) = labels::classes(named.iter().map(String::as_str));
    if labels.len() < 2 {
        return Err("This folder has no images of two classes; put the images of each class into a subfolder of its own.".to_owned());
    }
    Ok(LabelledSet {
        name: names.into_iter().next().unwrap_or_default(),
        labels,
        pictures: pictures.into_iter().zip(places).collect(),
        template: None,
        notes,
    })
}
