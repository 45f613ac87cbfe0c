//! From a pointer or a key press to a mark.

use super::projection::ChartLayout;
use super::scene::{Mark, Scene};
use refit_fit::order;

/// A keyboard move: along a layer by x, or to the neighbouring layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Next,
    Previous,
    NextLayer,
    PreviousLayer,
}

/// The key of the visible mark nearest to `(px, py)` within `max_distance`, CSS pixels.
#[must_use]
pub fn nearest(
    layout: &ChartLayout,
    scene: &Scene,
    px: f64,
    py: f64,
    max_distance: f64,
) -> Option<usize> {
    let marks = scene.marks.iter().flat_map(|m| &m.points);
    marks
        .filter_map(|m| {
            layout
                .pixel(m.x, m.y)
                .map(|p| ((p.0 - px).hypot(p.1 - py), m.key))
        })
        .filter(|(d, _)| *d <= max_distance)
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)
}

/// The key reached from `from` (or the first mark); stays put at an end.
#[must_use]
pub fn step(
    layout: &ChartLayout,
    scene: &Scene,
    from: Option<usize>,
    direction: Direction,
) -> Option<usize> {
    let layers: Vec<Vec<Mark>> = scene
        .marks
        .iter()
        .map(|layer| {
            let mut seen: Vec<Mark> = layer
                .points
                .iter()
                .copied()
                .filter(|m| layout.pixel(m.x, m.y).is_some())
                .collect();
            order::sort_by(&mut seen, |a, b| {
                a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y))
            });
            seen
        })
        .filter(|l| !l.is_empty())
        .collect();
    let first = layers.first().and_then(|l| l.first()).map(|m| m.key);
    let place = from.and_then(|key| {
        layers
            .iter()
            .enumerate()
            .find_map(|(i, l)| Some((i, l.iter().position(|m| m.key == key)?)))
    });
    let Some((i, j)) = place else { return first };
    let here = layers[i][j];
    let across = |l: Option<&Vec<Mark>>| {
        let far = |m: &Mark| {
            layout
                .x
                .to_pixel(m.x)
                .zip(layout.x.to_pixel(here.x))
                .map_or(f64::MAX, |(a, b)| (a - b).abs())
        };
        l.and_then(|l| l.iter().min_by(|a, b| far(a).total_cmp(&far(b))).copied())
    };
    let reached = match direction {
        Direction::Next => layers[i].get(j + 1).copied(),
        Direction::Previous => j.checked_sub(1).and_then(|j| layers[i].get(j).copied()),
        Direction::NextLayer => across(layers.get(i + 1)),
        Direction::PreviousLayer => across(i.checked_sub(1).and_then(|i| layers.get(i))),
    };
    Some(reached.unwrap_or(here).key)
}
