//! `refit locate`: where in a picture a text is.

use crate::clip::{self, Known};
use crate::model::{self, BackendChoice, Device, ModelArguments};
use crate::pictures::{Decoded, Failed, Pictures};
use crate::say;
use clap::ValueEnum;
use image::{Rgb, RgbImage};
use pollster::block_on;
use refit::heat::{self, ThresholdFrom};
use refit_clip::architecture::Architecture;
use refit_clip::backend::Backend;
use refit_clip::locate::{self, Localizer, MAX_TILES, Map, Method, Peak, Region};
use refit_clip::preprocess::preprocess;
use refit_clip::{Classes, Model};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    /// What to look for, as the model is told it; may be repeated
    #[arg(long, required = true)]
    text: Vec<String>,
    /// Prompt template, {} stands for the text; repeat to average over templates [default: {}]
    #[arg(long)]
    template: Vec<String>,
    /// How: by the relevance of the last block's attention, or by the similarity of tiles
    #[arg(long, value_enum, default_value = "gradient")]
    method: MethodChoice,
    /// Tiles along a side, 2 to 16 [default: 3]
    #[arg(long)]
    tiles: Option<usize>,
    /// Above which a text is taken for there [default: CLIP on Wheels' for a ViT-B/32 or B/16, else half of the largest number]
    #[arg(long)]
    threshold: Option<f32>,
    /// Write the picture with the map over it: .png, .jpg; of several maps each under a number
    #[arg(long, value_name = "MAP")]
    write: Option<PathBuf>,
    /// Pictures, folders with pictures, or names with * in them
    #[arg(required = true)]
    pictures: Vec<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MethodChoice {
    Gradient,
    Tiles,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output<'a> {
    architecture: &'a Architecture,
    device: Device,
    #[serde(flatten)]
    known: Known<'a>,
    templates: &'a [String],
    method: Method,
    pictures: &'a [Found],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failed: &'a [Failed],
}

#[derive(Serialize)]
struct Found {
    picture: String,
    width: usize,
    height: usize,
    texts: Vec<Place>,
}

/// Where a text is.
#[derive(Serialize)]
struct Place {
    text: String,
    /// `null` of a flat map.
    peak: Option<Peak>,
    threshold: f32,
    threshold_from: ThresholdFrom,
    /// Around the largest region above the threshold.
    r#box: Option<Region>,
    map: Map,
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let model = &arguments.model;
    match model.device.backend {
        BackendChoice::Cpu => locate(model::open_cpu(&model.device)?, arguments),
        BackendChoice::Gpu => locate(model::open_gpu(&model.device)?, arguments),
    }
}

/// What was asked for, if it makes sense.
fn method(arguments: &Arguments) -> Result<Method, String> {
    if arguments.text.iter().any(|text| text.trim().is_empty()) {
        return Err("a text is empty: write what to look for".to_owned());
    }
    if let Some(threshold) = arguments.threshold
        && !(threshold.is_finite() && threshold >= 0.0)
    {
        return Err(format!("a threshold of {threshold} is no number from 0 on"));
    }
    match (arguments.method, arguments.tiles) {
        (MethodChoice::Gradient, Some(_)) => Err("--tiles is for --method tiles alone".to_owned()),
        (MethodChoice::Gradient, None) => Ok(Method::Gradient),
        (MethodChoice::Tiles, tiles) => match tiles.unwrap_or(3) {
            tiles @ 2..=MAX_TILES => Ok(Method::Tiles(tiles)),
            tiles => Err(format!(
                "{tiles} tiles along a side are not 2 to {MAX_TILES}"
            )),
        },
    }
}

fn locate<B: Backend>((backend, device): (B, Device), arguments: &Arguments) -> Result<(), String> {
    let method = method(arguments)?;
    let mut pictures = Pictures::find(&arguments.pictures)?;
    let model = model::load(backend, &arguments.model, false)?;
    let tokenizer = model::tokenizer(&model)?;
    let mut templates = arguments.template.clone();
    if templates.is_empty() {
        templates.push("{}".to_owned());
    }
    for text in &arguments.text {
        clip::report(text, &tokenizer.encode(text));
    }
    let classes = model.classes(&tokenizer, &arguments.text, &templates);
    let classes = block_on(classes).map_err(model::sentence)?;
    let localizer = match method {
        Method::Gradient => Some(model::localizer(&model, &arguments.model)?),
        Method::Tiles(_) => None,
    };
    let asked = Asked {
        model: &model,
        localizer,
        method,
        classes,
        threshold: arguments.threshold,
    };
    let is_one = arguments.text.len() == 1 && pictures.count() == 1;
    let mut written = 0;
    let mut found = Vec::new();
    while let Some((picture, decoded)) = pictures.next_decoded() {
        match asked.places(&decoded) {
            Ok(mut texts) => {
                for place in &mut texts {
                    written += 1;
                    if let Some(path) = &arguments.write {
                        let path = match is_one {
                            true => path.clone(),
                            false => numbered(path, written),
                        };
                        write(&path, &decoded, place)?;
                        place.written = Some(path);
                    }
                }
                found.push(Found {
                    picture,
                    width: decoded.width,
                    height: decoded.height,
                    texts,
                });
            }
            Err(reason) => pictures.fail(picture, reason),
        }
    }
    if arguments.model.json {
        say::json(&Output {
            architecture: model.architecture(),
            device,
            known: Known::about(&model),
            templates: &templates,
            method,
            pictures: &found,
            failed: pictures.failed(),
        })?;
    } else {
        found.iter().for_each(print);
    }
    match pictures.failed().len() {
        0 => Ok(()),
        failed => Err(format!(
            "{failed} of {} pictures have no map",
            pictures.count()
        )),
    }
}

/// What each picture is asked.
struct Asked<'a, B: Backend> {
    model: &'a Model<B>,
    /// For the gradient.
    localizer: Option<Localizer>,
    method: Method,
    classes: Classes,
    threshold: Option<f32>,
}

impl<B: Backend> Asked<'_, B> {
    fn places(&self, decoded: &Decoded) -> Result<Vec<Place>, String> {
        let (image, size) = (decoded.image()?, (decoded.width, decoded.height));
        let settings = self.model.preprocessing();
        let maps = match (&self.localizer, self.method) {
            (None, Method::Tiles(side)) => {
                let tiles = locate::tiles(&image, side, settings).map_err(model::sentence)?;
                block_on(self.model.locate_by_tiles(&tiles, size, &self.classes))
            }
            (None, Method::Gradient) => return Err("no last block was loaded".to_owned()),
            (Some(localizer), _) => {
                let region = Region::from(settings.visible(size.0, size.1));
                let pixels = preprocess(&image, settings);
                let located = self.model.locate(localizer, &pixels, region, &self.classes);
                block_on(located).map(|located| located.maps)
            }
        };
        let maps = maps.map_err(model::sentence)?;
        let place = |(text, map): (&String, Map)| {
            let (threshold, threshold_from) = match self.threshold {
                Some(threshold) => (threshold, ThresholdFrom::Chosen),
                None => heat::threshold(self.method, self.model.architecture(), &map),
            };
            let peak = map.peak();
            let found = peak.and_then(|_| map.largest_region(threshold, size));
            Place {
                text: text.clone(),
                peak,
                threshold,
                threshold_from,
                r#box: found,
                map,
                written: None,
            }
        };
        Ok(self.classes.labels.iter().zip(maps).map(place).collect())
    }
}

fn print(found: &Found) {
    say!("{} ({} × {})", found.picture, found.width, found.height);
    for place in &found.texts {
        let Some(peak) = place.peak else {
            say!("  {}: {}", place.text, heat::FLAT);
            continue;
        };
        let threshold = place.threshold;
        let region = match &place.r#box {
            Some(region) => format!(
                "above {threshold:.3} from {:.0}, {:.0} to {:.0}, {:.0}",
                region.left,
                region.top,
                region.left + region.width,
                region.top + region.height
            ),
            None => format!("nothing is above {threshold:.3}"),
        };
        let (text, x, y, value) = (&place.text, peak.x, peak.y, peak.value);
        say!("  {text}: strongest at {x:.0}, {y:.0} ({value:.3}); {region}");
    }
}

/// `map.png` to `map-3.png`.
fn numbered(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}.{ending}"))
}

/// Writes the picture with the map's colours over it, the box, and what the map does not cover dark.
fn write(path: &Path, decoded: &Decoded, place: &Place) -> Result<(), String> {
    /// How much of the picture shows through.
    const SHOWN: f32 = 0.45;
    let problem = |reason: String| format!("{}: {reason}", path.display());
    let (width, height) = (decoded.width as u32, decoded.height as u32);
    let rgb = decoded.image().map_err(problem)?.rgb();
    let picture = RgbImage::from_raw(width, height, rgb);
    let mut picture = picture.ok_or_else(|| problem("the picture has no pixels".to_owned()))?;
    let highest = place.map.highest().max(f32::MIN_POSITIVE);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let value = place.map.at(f64::from(x) + 0.5, f64::from(y) + 0.5);
        let over = value.map_or([0; 3], |value| heat::colour(value / highest));
        for (channel, over) in pixel.0.iter_mut().zip(over) {
            let mixed = SHOWN * f32::from(*channel) + (1.0 - SHOWN) * f32::from(over);
            *channel = mixed.round() as u8;
        }
    }
    if let Some(region) = &place.r#box {
        outline(&mut picture, region);
    }
    picture
        .save(path)
        .map_err(|error| problem(error.to_string()))
}

/// A white line with a black one inside, so that it shows on everything.
fn outline(picture: &mut RgbImage, region: &Region) {
    let (width, height) = picture.dimensions();
    let line = (width.max(height) / 300).max(1);
    let end = |start: f64, length: f64| (start + length).round().max(0.0) as u32;
    let (left, right) = (end(region.left, 0.0), end(region.left, region.width));
    let (top, bottom) = (end(region.top, 0.0), end(region.top, region.height));
    for y in top..bottom.min(height) {
        for x in left..right.min(width) {
            let inwards = (x - left)
                .min(right - 1 - x)
                .min(y - top)
                .min(bottom - 1 - y);
            if inwards < 2 * line {
                let shade = if inwards < line { 255 } else { 0 };
                picture.put_pixel(x, y, Rgb([shade; 3]));
            }
        }
    }
}
