//! Where in an image a text is, without training, as "CLIP on Wheels" has it (Gadre et al. 2022,
//! arXiv 2203.10421), in two ways:
//!
//! - **Tiles.** The image is cut into tiles that do not overlap, 3 × 3 or finer, and each is resized
//!   to the model's size ([`tiles`]). A class's map is the softmax over the tiles of their logits
//!   ([`Model::locate_by_tiles`]), so that it sums to 1. Here tiles are cut from the image as it is,
//!   so that they cover all of it; the paper's code cuts them from the image that was resized
//!   before.
//! - **Gradient.** The relevance of the last block's attention (after Chefer et al. 2021), with one
//!   pass of the image tower for all classes: with a class's logit s and the attention
//!   probabilities A, the mean over heads of max(0, ∂s/∂A ∘ A), of which the class token's row is
//!   the map, 10 × as large ([`Model::locate`]). Of a model whose embedding is of the mean of all
//!   tokens it is the sum of all rows, in which each token's gradient has its share of the mean. It
//!   covers what the model sees of the image ([`Preprocessing::visible`]).
//!
//! The tower runs on the model's backend up to the last block; that block and its gradient are
//! computed on the CPU ([`Localizer`]).

mod gradient;
mod map;

pub use gradient::Localizer;
pub use map::{Map, Peak, Region};

use crate::architecture::Architecture;
use crate::backend::Backend;
use crate::classes::{Classes, softmax};
use crate::error::ClipError;
use crate::model::Model;
use crate::preprocess::{Image, PixelValues, Preprocessing, ResizeMode, preprocess};
use serde::{Deserialize, Serialize};

/// The most tiles along a side.
pub const MAX_TILES: usize = 16;

/// By which a gradient's relevance is multiplied, so that its threshold is a number of the size of 1.
const GRADIENT_FACTOR: f32 = 10.0;

/// How a map is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A softmax over so many tiles along a side.
    Tiles(usize),
    /// The relevance of the last block's attention.
    Gradient,
}

impl Method {
    /// The threshold above which CLIP on Wheels takes a text for there, chosen by it on RoboTHOR:
    /// for 3 × 3 tiles or the gradient of a ViT-B/32 or a ViT-B/16; it has none for other models.
    pub fn threshold(self, architecture: &Architecture) -> Option<f32> {
        if architecture.vision.width != 768 || architecture.pools_by_mean() {
            return None;
        }
        match (self, architecture.patch) {
            (Method::Tiles(3), 32) => Some(0.875),
            (Method::Tiles(3), 16) => Some(0.75),
            (Method::Gradient, 32) => Some(0.625),
            (Method::Gradient, 16) => Some(0.375),
            _ => None,
        }
    }
}

/// How far a class's logit lies below the likeliest class's where it may not be in the image: its
/// probability is a hundredth of the other's. A map says where, and never whether.
///
/// Chosen on the drawn pictures of the bundled models, with ten classes: of what is not on them
/// 74 to 96 % lie below, of the only thing on them none, of one of two things 7 to 9 %
/// (`tests/locate.rs`).
pub const ABSENT: f64 = 4.605_170_185_988_092;

/// What the gradient tells of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// One for each class.
    pub maps: Vec<Map>,
    /// The image's embedding, of length 1, as [`Model::encode_images`] has it.
    pub embedding: Vec<f32>,
}

/// Cuts an image into `side` × `side` tiles, from the left and from the top, and prepares each as a
/// model takes it, squashed to its size.
pub fn tiles(
    image: &Image,
    side: usize,
    settings: &Preprocessing,
) -> Result<Vec<PixelValues>, ClipError> {
    let (width, height) = image.size();
    if !(2..=MAX_TILES).contains(&side) || width < side || height < side {
        return Err(ClipError::Tiles {
            side,
            width,
            height,
        });
    }
    let settings = Preprocessing {
        mode: ResizeMode::Squash,
        resize: settings.size,
        ..*settings
    };
    let range = |length: usize, i: usize| length * i / side..length * (i + 1) / side;
    let tile = |i: usize| {
        let (columns, rows) = (range(width, i % side), range(height, i / side));
        let bytes = image.part(columns.clone(), rows.clone());
        let part = image.with_bytes(columns.len(), rows.len(), &bytes);
        preprocess(&part, &settings)
    };
    Ok((0..side * side).map(tile).collect())
}

impl<B: Backend> Model<B> {
    /// For each class its map over the tiles of an image of `width` × `height` pixels, which
    /// [`tiles`] cut.
    pub async fn locate_by_tiles(
        &self,
        tiles: &[PixelValues],
        (width, height): (usize, usize),
        classes: &Classes,
    ) -> Result<Vec<Map>, ClipError> {
        check(tiles, classes)?;
        let embeddings = self.encode_images(tiles).await?;
        let logits: Vec<Vec<f64>> = embeddings
            .iter()
            .map(|embedding| classes.logits(embedding, self.scale()))
            .collect();
        let side = tiles.len().isqrt();
        let map = |class: usize| {
            let of_class: Vec<f64> = logits.iter().map(|logits| logits[class]).collect();
            let shares = softmax(&of_class).into_iter().map(|share| share as f32);
            Map::new(side, side, shares.collect(), Region::whole(width, height))
        };
        (0..classes.vectors.len()).map(map).collect()
    }

    /// For each class its map by the gradient, over `region` of an image
    /// ([`Preprocessing::visible`]), and the image's embedding.
    pub async fn locate(
        &self,
        localizer: &Localizer,
        image: &PixelValues,
        region: Region,
        classes: &Classes,
    ) -> Result<Located, ClipError> {
        let images = std::slice::from_ref(image);
        self.check_images(images)?;
        check(images, classes)?;
        let tokens = self.image_tower.run_to_last(&self.backend, image)?;
        let tokens = self.backend.download(&tokens).await?;
        let (relevances, embedding) = localizer.relevance(tokens, classes, self.scale())?;
        let architecture = &self.architecture;
        let map = |relevance: Vec<f32>| {
            let values = relevance.iter().map(|r| GRADIENT_FACTOR * r).collect();
            Map::new(architecture.grid, architecture.image_size(), values, region)
        };
        Ok(Located {
            maps: relevances
                .into_iter()
                .map(map)
                .collect::<Result<_, ClipError>>()?,
            embedding,
        })
    }
}

/// Refuses to look for nothing, and where there is nothing to see.
fn check(images: &[PixelValues], classes: &Classes) -> Result<(), ClipError> {
    if classes.vectors.is_empty() {
        return Err(ClipError::NoLabels);
    }
    let is_one_colour = |channel: usize| {
        let numbers = images.iter().flat_map(|image| {
            let plane = image.size * image.size;
            &image.planes[channel * plane..(channel + 1) * plane]
        });
        let mut numbers = numbers.copied();
        let first = numbers.next();
        numbers.all(|number| Some(number) == first)
    };
    match (0..3).all(is_one_colour) {
        true => Err(ClipError::OneColour),
        false => Ok(()),
    }
}
