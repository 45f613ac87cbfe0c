//! How a configuration file wants images: open_clip's `preprocess_cfg`, transformers' image processor.

use super::{Unsupported, unsupported};
use crate::preprocess::{Interpolation, PreprocessingOptions, ResizeMode};
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PreprocessJson {
    mean: Option<ChannelsJson>,
    std: Option<ChannelsJson>,
    interpolation: Option<String>,
    resize_mode: Option<String>,
    fill_color: Option<u8>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ProcessorJson {
    image_mean: Option<ChannelsJson>,
    image_std: Option<ChannelsJson>,
    /// Pillow's number of an interpolation.
    resample: Option<u8>,
    size: Option<SizeJson>,
    crop_size: Option<SizeJson>,
    image_processor_type: Option<String>,
    feature_extractor_type: Option<String>,
    do_resize: Option<bool>,
    do_center_crop: Option<bool>,
    do_normalize: Option<bool>,
    do_rescale: Option<bool>,
    rescale_factor: Option<f64>,
}

/// A number for each of red, green and blue, or one for all.
#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(untagged)]
enum ChannelsJson {
    Each([f32; 3]),
    All(f32),
}

#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(untagged)]
enum SizeJson {
    Side(usize),
    Shortest { shortest_edge: usize },
    Longest { longest_edge: usize },
    Both { height: usize, width: usize },
}

/// Classes that take one number for both sides; CLIP's take it for the shorter one.
const SQUASHING: [&str; 3] = ["Siglip", "ViT", "Blip"];
/// No model's images are larger; a larger one would fill the memory.
const LARGEST: usize = 8192;

impl ChannelsJson {
    fn values(self) -> [f32; 3] {
        match self {
            ChannelsJson::Each(values) => values,
            ChannelsJson::All(value) => [value; 3],
        }
    }
}

fn mean(json: Option<ChannelsJson>) -> Result<Option<[f32; 3]>, Unsupported> {
    let values = json.map(ChannelsJson::values);
    match values {
        // Of numbers from 0 to 1; what is far from them would leave no finite number.
        Some(mean) if !mean.iter().all(|v| v.abs() <= 1e3) => {
            Err(unsupported(format!("a mean of {mean:?}")))
        }
        _ => Ok(values),
    }
}

fn deviation(json: Option<ChannelsJson>) -> Result<Option<[f32; 3]>, Unsupported> {
    let values = json.map(ChannelsJson::values);
    match values {
        Some(std) if !std.iter().all(|v| (1e-3..=1e3).contains(v)) => {
            Err(unsupported(format!("a standard deviation of {std:?}")))
        }
        _ => Ok(values),
    }
}

impl PreprocessJson {
    pub(super) fn options(self) -> Result<PreprocessingOptions, Unsupported> {
        Ok(PreprocessingOptions {
            // open_clip takes the model's size, whatever stands here.
            resize: None,
            mode: match self.resize_mode.as_deref() {
                None => None,
                Some("shortest") => Some(ResizeMode::Shortest),
                Some("longest") => Some(ResizeMode::Longest),
                Some("squash") => Some(ResizeMode::Squash),
                Some(other) => return Err(unsupported(format!("resize_mode {other}"))),
            },
            interpolation: match self.interpolation.as_deref() {
                None => None,
                // open_clip draws one only in training.
                Some("bicubic" | "random") => Some(Interpolation::Bicubic),
                Some("bilinear") => Some(Interpolation::Bilinear),
                Some("nearest") => Some(Interpolation::Nearest),
                Some(other) => return Err(unsupported(format!("interpolation {other}"))),
            },
            mean: mean(self.mean)?,
            std: deviation(self.std)?,
            fill: self.fill_color,
        })
    }
}

impl ProcessorJson {
    fn says_nothing(&self) -> bool {
        self.size.is_none() && self.image_mean.is_none()
    }

    /// Whether its class is one of CLIP's.
    fn is_clip(&self) -> Result<bool, Unsupported> {
        let class = &self.image_processor_type;
        match class.as_deref().or(self.feature_extractor_type.as_deref()) {
            None => Ok(true),
            Some(class) if class.starts_with("CLIP") => Ok(true),
            Some(class) if SQUASHING.iter().any(|known| class.starts_with(known)) => Ok(false),
            Some(class) => Err(unsupported(format!("image_processor_type {class}"))),
        }
    }

    fn crops(&self) -> Result<bool, Unsupported> {
        Ok(self.do_center_crop.unwrap_or(self.is_clip()?))
    }

    /// The side of the square that it makes, if it says so.
    pub(super) fn image_size(&self) -> Result<Option<usize>, Unsupported> {
        if self.says_nothing() {
            return Ok(None);
        }
        let size = match self.crops()? {
            true => self.crop_size,
            false => self.size,
        };
        match size {
            Some(SizeJson::Both { height, width }) if height != width => {
                Err(unsupported(format!("images of {width} × {height} pixels")))
            }
            Some(SizeJson::Side(side) | SizeJson::Both { height: side, .. }) => Ok(Some(side)),
            _ => Ok(None),
        }
    }

    pub(super) fn options(self) -> Result<PreprocessingOptions, Unsupported> {
        if self.says_nothing() {
            return Ok(PreprocessingOptions::default());
        }
        for (setting, is_on) in [
            ("do_resize false", self.do_resize),
            ("do_rescale false", self.do_rescale),
        ] {
            if is_on == Some(false) {
                return Err(unsupported(setting));
            }
        }
        let factor = self.rescale_factor.unwrap_or(1.0 / 255.0);
        if (factor - 1.0 / 255.0).abs() > 1e-9 {
            return Err(unsupported(format!("rescale_factor {factor}")));
        }
        let (mode, resize) = self.resize()?;
        let is_plain = self.do_normalize == Some(false);
        Ok(PreprocessingOptions {
            resize,
            mode,
            interpolation: match self.resample {
                None => None,
                Some(0) => Some(Interpolation::Nearest),
                Some(2) => Some(Interpolation::Bilinear),
                Some(3) => Some(Interpolation::Bicubic),
                Some(other) => return Err(unsupported(format!("resample {other}"))),
            },
            mean: match is_plain {
                true => Some([0.0; 3]),
                false => mean(self.image_mean)?,
            },
            std: match is_plain {
                true => Some([1.0; 3]),
                false => deviation(self.image_std)?,
            },
            fill: None,
        })
    }

    fn resize(&self) -> Result<(Option<ResizeMode>, Option<usize>), Unsupported> {
        let (is_clip, crops) = (self.is_clip()?, self.crops()?);
        let (mode, side) = match self.size {
            None => return Ok((None, None)),
            Some(SizeJson::Side(side)) if !is_clip => (ResizeMode::Squash, side),
            Some(SizeJson::Both { height, width }) if height == width => {
                (ResizeMode::Squash, height)
            }
            Some(SizeJson::Both { height, width }) => {
                return Err(unsupported(format!("images of {width} × {height} pixels")));
            }
            Some(SizeJson::Longest { longest_edge }) => {
                return Err(unsupported(format!("longest_edge {longest_edge}")));
            }
            Some(
                SizeJson::Side(side)
                | SizeJson::Shortest {
                    shortest_edge: side,
                },
            ) if crops => (ResizeMode::Shortest, side),
            Some(
                SizeJson::Side(side)
                | SizeJson::Shortest {
                    shortest_edge: side,
                },
            ) => {
                return Err(unsupported(format!("shortest_edge {side} without a crop")));
            }
        };
        match side {
            1..=LARGEST => Ok((Some(mode), Some(side))),
            _ => Err(unsupported(format!("a size of {side}"))),
        }
    }
}
