//! Where in an image a class is.

use super::super::protocol::{Failure, FailureKind, LocatedClass};
use super::engine::Engine;
use super::image;
use refit_clip::browser::now;
use refit_clip::locate::{self, Localizer, Method, Region};
use refit_clip::preprocess::preprocess;
use refit_clip::{Classes, ClipError};
use wasm_bindgen::JsValue;

impl Engine {
    /// Looks for the first of the classes.
    pub async fn locate(
        &mut self,
        file: &JsValue,
        method: Method,
        classes: &Classes,
    ) -> Result<LocatedClass, Failure> {
        let failed = |sentence| Failure::new(FailureKind::Other, sentence);
        let decoded = image::decoded(file).await.map_err(failed)?;
        let size = (decoded.width as usize, decoded.height as usize);
        let image = decoded.image().map_err(failed)?;
        let settings = *self.towers.preprocessing();
        // Loading the last block is no part of it.
        let (mut maps, milliseconds) = match method {
            Method::Gradient => {
                let localizer = self.take_localizer().await?;
                let start = now();
                let pixels = preprocess(&image, &settings);
                let region = Region::from(settings.visible(size.0, size.1));
                let located = self
                    .towers
                    .locate(&localizer, &pixels, region, classes)
                    .await;
                self.localizer = Some(localizer);
                (located?.maps, now() - start)
            }
            Method::Tiles(side) => {
                let start = now();
                let tiles = locate::tiles(&image, side, &settings)?;
                let maps = self.towers.locate_by_tiles(&tiles, size, classes).await?;
                (maps, now() - start)
            }
        };
        if maps.is_empty() {
            return Err(ClipError::NoLabels.into());
        }
        Ok(LocatedClass {
            map: maps.swap_remove(0),
            width: decoded.width,
            height: decoded.height,
            milliseconds,
        })
    }

    /// The last block, which is loaded when it is first asked for.
    async fn take_localizer(&mut self) -> Result<Localizer, Failure> {
        if let Some(localizer) = self.localizer.take() {
            return Ok(localizer);
        }
        let (mut source, options) = self.reopen().await?;
        Ok(self.towers.localizer(&mut source, &options).await?)
    }
}
