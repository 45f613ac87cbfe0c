//! How a model wants its images.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The mean of red, green and blue that is subtracted where nothing else is known:
/// `OPENAI_DATASET_MEAN` of open_clip's `constants.py`.
pub const MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
/// The standard deviation by which they are divided: `OPENAI_DATASET_STD`.
pub const STD: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// How pixels between pixels are computed; all but the nearest neighbour are antialiased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// Keys' kernel, over four pixels.
    #[default]
    Bicubic,
    /// A triangle, over two pixels.
    Bilinear,
    /// The pixel that lies nearest.
    Nearest,
}

/// How an image of any shape becomes a square.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResizeMode {
    /// The shorter side is resized to the size, the longer side is cropped.
    #[default]
    Shortest,
    /// The longer side is resized to the size, the shorter side is padded.
    Longest,
    /// Both sides are resized to the size, whatever the proportions.
    Squash,
}

/// How a model's images are prepared (open_clip's `PreprocessCfg`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// Side of the square that the model takes, in pixels.
    pub size: usize,
    /// Side to which the image is resized before it is cropped, in pixels; mostly the same.
    pub resize: usize,
    /// How the image becomes a square.
    pub mode: ResizeMode,
    /// How pixels are computed.
    pub interpolation: Interpolation,
    /// Subtracted from red, green and blue between 0 and 1.
    pub mean: [f32; 3],
    /// By which they are divided then.
    pub std: [f32; 3],
    /// The value of padding, 0 for black.
    pub fill: u8,
}

impl Preprocessing {
    /// OpenAI's, which most CLIPs and the MaMMUTs of the studies use, for images of this size.
    pub fn openai(size: usize) -> Self {
        PreprocessingOptions::default().of_size(size)
    }

    /// What of an image of `width` × `height` pixels the model sees: left, top, width and height in
    /// the image's pixels. With padding it is more than the image.
    pub fn visible(&self, width: usize, height: usize) -> [f64; 4] {
        let (resized_width, resized_height) = self.resized(width, height);
        let along = |side: usize, resized: usize| {
            let scale = side as f64 / resized as f64;
            // As `Axis` in `resample.rs` crops and pads.
            let start = (resized.saturating_sub(self.size) as f64 / 2.0).round_ties_even();
            let pad = (self.size.saturating_sub(resized) / 2) as f64;
            ((start - pad) * scale, self.size as f64 * scale)
        };
        let (left, across) = along(width, resized_width);
        let (top, down) = along(height, resized_height);
        [left, top, across, down]
    }

    /// Width and height after the resize.
    pub(super) fn resized(&self, width: usize, height: usize) -> (usize, usize) {
        let to = self.resize;
        match self.mode {
            ResizeMode::Squash => (to, to),
            ResizeMode::Shortest => {
                let short = width.min(height);
                (to * width / short, to * height / short)
            }
            ResizeMode::Longest => {
                let ratio = width.max(height) as f64 / to as f64;
                let side = |side: usize| (side as f64 / ratio).round_ties_even().max(1.0) as usize;
                (side(width), side(height))
            }
        }
    }
}

impl fmt::Display for Preprocessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, to) = (self.size, self.resize);
        match self.mode {
            ResizeMode::Shortest => write!(f, "shorter side to {to}, centre {size} × {size}")?,
            ResizeMode::Longest => write!(f, "longer side to {to}, padded to {size} × {size}")?,
            ResizeMode::Squash => write!(f, "squashed to {size} × {size}")?,
        }
        let interpolation = match self.interpolation {
            Interpolation::Bicubic => "bicubic",
            Interpolation::Bilinear => "bilinear",
            Interpolation::Nearest => "nearest neighbour",
        };
        let list = |[r, g, b]: [f32; 3]| match r == g && g == b {
            true => r.to_string(),
            false => format!("{r}, {g}, {b}"),
        };
        write!(f, ", {interpolation}, ")?;
        if (self.mean, self.std) == (MEAN, STD) {
            return f.write_str("OpenAI’s mean and standard deviation");
        }
        let (mean, std) = (list(self.mean), list(self.std));
        write!(f, "mean {mean}, standard deviation {std}")
    }
}

/// What is known of a model's preprocessing; `None` where it is not said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PreprocessingOptions {
    /// See [`Preprocessing::resize`].
    pub resize: Option<usize>,
    /// See [`Preprocessing::mode`].
    pub mode: Option<ResizeMode>,
    /// See [`Preprocessing::interpolation`].
    pub interpolation: Option<Interpolation>,
    /// See [`Preprocessing::mean`].
    pub mean: Option<[f32; 3]>,
    /// See [`Preprocessing::std`].
    pub std: Option<[f32; 3]>,
    /// See [`Preprocessing::fill`].
    pub fill: Option<u8>,
}

impl PreprocessingOptions {
    /// Completed by open_clip's defaults, which are OpenAI's.
    pub fn of_size(&self, size: usize) -> Preprocessing {
        Preprocessing {
            size,
            resize: self.resize.unwrap_or(size),
            mode: self.mode.unwrap_or_default(),
            interpolation: self.interpolation.unwrap_or_default(),
            mean: self.mean.unwrap_or(MEAN),
            std: self.std.unwrap_or(STD),
            fill: self.fill.unwrap_or(0),
        }
    }
}
