//! A map over an image: how much each place has to do with a text.

use crate::error::ClipError;
use serde::{Deserialize, Serialize};

/// A rectangle in an image, in its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// From the image's left side.
    pub left: f64,
    /// From its top.
    pub top: f64,
    /// Across.
    pub width: f64,
    /// Down.
    pub height: f64,
}

impl Region {
    /// All of an image.
    pub fn whole(width: usize, height: usize) -> Region {
        Region {
            left: 0.0,
            top: 0.0,
            width: width as f64,
            height: height as f64,
        }
    }

    /// Whether a point lies in it.
    pub fn contains(&self, x: f64, y: f64) -> bool {
        (self.left..self.left + self.width).contains(&x)
            && (self.top..self.top + self.height).contains(&y)
    }

    /// What it has in common with an image of this size.
    fn within(&self, width: f64, height: f64) -> Region {
        let along = |start: f64, length: f64, limit: f64| {
            let end = (start + length).clamp(0.0, limit);
            let start = start.clamp(0.0, limit);
            (start, end - start)
        };
        let (left, width) = along(self.left, self.width, width);
        let (top, height) = along(self.top, self.height, height);
        Region {
            left,
            top,
            width,
            height,
        }
    }
}

impl From<[f64; 4]> for Region {
    fn from([left, top, width, height]: [f64; 4]) -> Region {
        Region {
            left,
            top,
            width,
            height,
        }
    }
}

/// A map's largest number, and where it is, in the image's pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Peak {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// The number.
    pub value: f32,
}

/// Numbers on a square grid over a part of an image, from 0 on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// Cells along a side.
    pub side: usize,
    /// Row after row, from the top; `side`² of them.
    pub values: Vec<f32>,
    /// Points along a side that are told apart: more than cells where numbers between the cells'
    /// centres are interpolated.
    pub resolution: usize,
    /// What of the image the grid covers.
    pub region: Region,
}

/// Two cells along a side and the weight of the second.
type Tap = (usize, usize, f32);

impl Map {
    /// Refuses numbers that are none.
    pub(crate) fn new(
        side: usize,
        resolution: usize,
        values: Vec<f32>,
        region: Region,
    ) -> Result<Map, ClipError> {
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(Map {
                side,
                values,
                resolution,
                region,
            }),
            false => Err(ClipError::NotFinite),
        }
    }

    /// The largest number.
    pub fn highest(&self) -> f32 {
        self.values.iter().copied().fold(0.0, f32::max)
    }

    /// The centre of the cell with the largest number; `None` where all are equal.
    pub fn peak(&self) -> Option<Peak> {
        let first = self.values.first()?;
        if self.values.iter().all(|value| value == first) {
            return None;
        }
        let by_value = |a: &usize, b: &usize| self.values[*a].total_cmp(&self.values[*b]);
        // Of equal ones the first.
        let best = (0..self.values.len()).rev().max_by(by_value)?;
        let Region {
            left,
            top,
            width,
            height,
        } = self.region;
        let along = |i: usize| (i as f64 + 0.5) / self.side as f64;
        Some(Peak {
            x: left + width * along(best % self.side),
            y: top + height * along(best / self.side),
            value: self.values[best],
        })
    }

    /// The number at a point of the image, in its pixels; `None` outside the grid.
    pub fn at(&self, x: f64, y: f64) -> Option<f32> {
        let Region {
            left,
            top,
            width,
            height,
        } = self.region;
        let [across, down] = [(x - left) / width, (y - top) / height];
        let is_inside = (0.0..1.0).contains(&across) && (0.0..1.0).contains(&down);
        is_inside.then(|| self.between(self.tap(across), self.tap(down)))
    }

    /// The numbers at `resolution`² points, row after row: bilinear between the cells' centres
    /// (`interpolate` in PyTorch, without aligned corners).
    pub fn raster(&self) -> Vec<f32> {
        let tap = |i: usize| self.tap((i as f64 + 0.5) / self.resolution as f64);
        let taps: Vec<Tap> = (0..self.resolution).map(tap).collect();
        let row = |down: &Tap| {
            taps.iter()
                .map(|across| self.between(*across, *down))
                .collect()
        };
        taps.iter()
            .flat_map(|down| -> Vec<f32> { row(down) })
            .collect()
    }

    /// Two cells along a side and the weight of the second, for a share of the side.
    fn tap(&self, share: f64) -> Tap {
        let at = share * self.side as f64;
        if self.side == self.resolution {
            let cell = (at as usize).min(self.side - 1);
            return (cell, cell, 0.0);
        }
        let at = (at - 0.5).max(0.0);
        let first = (at as usize).min(self.side - 1);
        let next = (first + 1).min(self.side - 1);
        (first, next, (at - first as f64) as f32)
    }

    fn between(&self, (left, right, across): Tap, (above, below, down): Tap) -> f32 {
        let row = |row: usize| {
            let [from, to] = [left, right].map(|x| self.values[row * self.side + x]);
            from + across * (to - from)
        };
        let (above, below) = (row(above), row(below));
        above + down * (below - above)
    }

    /// The box of the largest connected region above a threshold; as [`Map::regions`] has it.
    pub fn largest_region(&self, threshold: f32, size: (usize, usize)) -> Option<Region> {
        self.regions(threshold, size).into_iter().next()
    }

    /// The boxes of the connected regions above a threshold, cut to an image of `width` × `height`
    /// pixels: the region with the most points first, of equal ones the one further up. Points are
    /// connected along sides.
    pub fn regions(&self, threshold: f32, (width, height): (usize, usize)) -> Vec<Region> {
        let (raster, side) = (self.raster(), self.resolution);
        let mut is_open: Vec<bool> = raster.iter().map(|value| *value > threshold).collect();
        let mut found: Vec<(usize, [usize; 4])> = Vec::new();
        let mut waiting = Vec::new();
        for start in 0..raster.len() {
            if !std::mem::take(&mut is_open[start]) {
                continue;
            }
            waiting.push(start);
            let (mut count, mut bounds) = (0, [side, side, 0, 0]);
            while let Some(at) = waiting.pop() {
                let (x, y) = (at % side, at / side);
                count += 1;
                let [left, top, right, bottom] = bounds;
                bounds = [left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)];
                for (is_inside, next) in [
                    (x > 0, at.wrapping_sub(1)),
                    (x + 1 < side, at + 1),
                    (y > 0, at.wrapping_sub(side)),
                    (y + 1 < side, at + side),
                ] {
                    if is_inside && std::mem::take(&mut is_open[next]) {
                        waiting.push(next);
                    }
                }
            }
            found.push((count, bounds));
        }
        found.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let (across, down) = (
            self.region.width / side as f64,
            self.region.height / side as f64,
        );
        let region = |(_, [left, top, right, bottom]): (usize, [usize; 4])| {
            let region = Region {
                left: self.region.left + across * left as f64,
                top: self.region.top + down * top as f64,
                width: across * (right - left) as f64,
                height: down * (bottom - top) as f64,
            };
            region.within(width as f64, height as f64)
        };
        found.into_iter().map(region).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: &[f32], resolution: usize) -> Map {
        let region = Region::from([10.0, 20.0, 30.0, 60.0]);
        Map::new(values.len().isqrt(), resolution, values.to_vec(), region).unwrap()
    }

    #[test]
    fn a_peak_is_the_centre_of_the_best_cell() {
        let peak = map(&[0.0, 0.5, 0.0, 0.1, 0.0, 0.5, 0.0, 0.0, 0.0], 3).peak();
        let expected = Peak {
            x: 25.0,
            y: 30.0,
            value: 0.5,
        };
        assert_eq!(peak, Some(expected));
        // A flat map has none.
        assert_eq!(map(&[0.25; 4], 2).peak(), None);
    }

    #[test]
    fn no_map_has_what_is_no_number() {
        for wrong in [f32::NAN, f32::INFINITY] {
            let region = Region::whole(2, 2);
            let refused = Map::new(1, 1, vec![wrong], region);
            assert_eq!(refused, Err(ClipError::NotFinite));
        }
    }

    #[test]
    fn the_largest_region_counts() {
        // Two that touch at a corner only: one of one cell, one of two.
        let map = map(&[0.9, 0.0, 0.0, 0.0, 0.6, 0.0, 0.0, 0.6, 0.1], 3);
        let region = map.largest_region(0.5, (100, 100)).unwrap();
        assert_eq!(region, Region::from([20.0, 40.0, 10.0, 40.0]));
        let other = Region::from([10.0, 20.0, 10.0, 20.0]);
        assert_eq!(map.regions(0.5, (100, 100)), [region, other]);
        // A higher threshold leaves the other one; the image ends within it.
        let region = map.largest_region(0.7, (100, 30)).unwrap();
        assert_eq!(region, Region::from([10.0, 20.0, 10.0, 10.0]));
        assert_eq!(map.largest_region(0.9, (100, 100)), None);
    }

    #[test]
    fn between_cells_numbers_are_interpolated() {
        let raster = map(&[0.0, 1.0, 2.0, 3.0], 4).raster();
        assert_eq!(raster[..4], [0.0, 0.25, 0.75, 1.0]);
        assert_eq!(raster[4..8], [0.5, 0.75, 1.25, 1.5]);
        let smooth = map(&[0.0, 1.0, 2.0, 3.0], 4);
        assert_eq!(smooth.at(25.0, 50.0), Some(1.5));
        assert_eq!(smooth.at(10.0, 20.0), Some(0.0));
        assert_eq!((smooth.at(9.9, 50.0), smooth.at(25.0, 80.0)), (None, None));
        let tiles = map(&[0.0, 1.0, 2.0, 3.0], 2);
        assert_eq!(
            (tiles.at(24.9, 50.0), tiles.at(25.0, 49.9)),
            (Some(2.0), Some(1.0))
        );
        let region = map(&[0.0, 0.0, 0.0, 1.0], 4).largest_region(0.5, (100, 100));
        // Nine sixteenths at the nearest point, and more to the corner.
        assert_eq!(region, Some(Region::from([25.0, 50.0, 15.0, 30.0])));
    }
}
