//! The state that the parts of the figure share, and what keys and gestures do with it.

use super::CurrentAnalysis;
use super::gesture::Rectangle;
use crate::analysis::MOST_EXCLUDED;
use crate::analysis::drawing::{Drawing, Window};
use crate::chart::{ChartLayout, Direction, Mark, Scene, nearest, step};
use crate::figure::{AnalysisChart, SeriesRole, picture};
use crate::page::explore::coefficients::differing_law;
use crate::page::location::Location;
use leptos::prelude::*;

/// How near the pointer has to come to a mark, in CSS pixels.
const REACH: f64 = 24.0;

/// What dragging over the chart does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drag {
    Move,
    Select,
}

#[derive(Clone, Copy)]
pub struct FigureState {
    pub location: Location,
    pub current: Memo<Option<CurrentAnalysis>>,
    /// The whole chart, of which `window` shows a part, and the analysis that it is of.
    pub picture: Memo<Option<(AnalysisChart, CurrentAnalysis)>>,
    /// The visible part, also during a gesture.
    pub window: RwSignal<Option<Window>>,
    pub layout: RwSignal<Option<ChartLayout>>,
    /// Key of the mark under the pointer or the keyboard's focus.
    pub focus: RwSignal<Option<usize>>,
    /// The row that was excluded or restored alone: it has the focus again when it is drawn anew.
    pub toggled: RwSignal<Option<usize>>,
    /// The focus stays when the pointer moves on.
    pub pinned: RwSignal<bool>,
    pub drag: RwSignal<Drag>,
    /// The selection being drawn, in CSS pixels.
    pub rectangle: RwSignal<Option<Rectangle>>,
    pub failed: RwSignal<Option<String>>,
}

impl FigureState {
    pub fn new(current: Memo<Option<CurrentAnalysis>>) -> FigureState {
        let location = expect_context::<Location>();
        let whole = Memo::new(move |_| Drawing {
            window: None,
            ..location.drawing.get()
        });
        let picture = Memo::new(
            move |before: Option<&Option<(AnalysisChart, CurrentAnalysis)>>| {
                let drawing = whole.get();
                let now = current.get()?;
                let a = &now.analysis;
                let mut chart = picture(a, &now.outcome, &now.data.rows, &drawing);
                if let Some(Some((before, then))) = before {
                    let b = &then.analysis;
                    if (a.table, &a.dataset, &a.metric, a.axis)
                        == (b.table, &b.dataset, &b.metric, b.axis)
                    {
                        chart.remember(before, &now.outcome);
                    }
                }
                for series in &now.outcome.series {
                    if let Some(printed) = differing_law(a, series) {
                        chart.print(series, a.law, &printed);
                    }
                }
                Some((chart, now))
            },
        );
        let figure = FigureState {
            location,
            current,
            picture,
            window: RwSignal::new(None),
            layout: RwSignal::new(None),
            focus: RwSignal::new(None),
            toggled: RwSignal::new(None),
            pinned: RwSignal::new(false),
            drag: RwSignal::new(Drag::Move),
            rectangle: RwSignal::new(None),
            failed: RwSignal::new(None),
        };
        Effect::new(move || {
            let window = location.drawing.with(|d| d.window);
            figure.window.set(window);
        });
        figure
    }

    pub fn scene(self) -> Option<Scene> {
        self.picture.with(|p| Some(p.as_ref()?.0.scene.clone()))
    }

    pub fn mark(self, key: usize) -> Option<Mark> {
        self.picture.with(|p| {
            let dot = p.as_ref()?.0.dots.get(key)?;
            Some(Mark {
                x: dot.x,
                y: dot.error,
                key,
            })
        })
    }

    pub fn with_scene<T>(self, find: impl Fn(&ChartLayout, &Scene) -> Option<T>) -> Option<T> {
        self.layout.with(|layout| {
            self.picture
                .with(|picture| find(layout.as_ref()?, &picture.as_ref()?.0.scene))
        })
    }

    /// Zooms to a part of the chart, or shows all of it; a step in the browser's history.
    pub fn set_window(self, window: Option<Window>) {
        self.location.draw(|drawing| drawing.window = window);
    }

    /// The visible part after zooming about a place and panning, in CSS pixels.
    pub fn window_after(self, factor: f64, about: (f64, f64), moved: (f64, f64)) -> Option<Window> {
        self.with_scene(|layout, scene| {
            Some(Window {
                x: layout.x.seen(factor, about.0, moved.0, scene.x.range?),
                y: layout.y.seen(factor, about.1, moved.1, scene.y.range?),
            })
        })
    }

    pub fn zoom(self, factor: f64) {
        let middle = self.layout.with(|l| {
            let (left, top, right, bottom) = l.as_ref()?.plot();
            Some((f64::midpoint(left, right), f64::midpoint(top, bottom)))
        });
        if let Some(window) = middle.and_then(|m| self.window_after(factor, m, (0.0, 0.0))) {
            self.set_window(Some(window));
        }
    }

    /// Handles a key; returns whether it has a meaning here.
    pub fn key(self, key: &str) -> bool {
        let direction = match key {
            "ArrowRight" => Direction::Next,
            "ArrowLeft" => Direction::Previous,
            "ArrowDown" => Direction::NextLayer,
            "ArrowUp" => Direction::PreviousLayer,
            "Escape" => {
                self.focus.set(None);
                self.pinned.set(false);
                return true;
            }
            "+" | "=" => {
                self.zoom(0.7);
                return true;
            }
            "-" => {
                self.zoom(1.0 / 0.7);
                return true;
            }
            "0" => {
                self.set_window(None);
                return true;
            }
            "Enter" => {
                let focus = self.focus.get_untracked();
                self.toggle(&focus.into_iter().collect::<Vec<_>>());
                return true;
            }
            _ => return false,
        };
        let from = self.focus.get_untracked();
        self.focus
            .set(self.with_scene(|layout, scene| step(layout, scene, from, direction)));
        true
    }

    /// The key of the mark at a place.
    pub fn nearest(self, (x, y): (f64, f64)) -> Option<usize> {
        self.with_scene(|layout, scene| nearest(layout, scene, x, y, REACH))
    }

    /// Excludes the runs of these marks, or restores them where all are excluded.
    pub fn toggle(self, keys: &[usize]) {
        let chosen: Vec<(usize, SeriesRole)> = self.picture.with_untracked(|p| {
            let dots = p
                .iter()
                .flat_map(|p| keys.iter().filter_map(|k| p.0.dots.get(*k)));
            dots.map(|dot| (dot.row, dot.role)).collect()
        });
        if let [(row, _)] = chosen[..] {
            self.toggled.set(Some(row));
        }
        let back = chosen.iter().all(|(_, role)| *role == SeriesRole::Excluded);
        let mut excluded = self
            .location
            .analysis
            .with_untracked(|a| a.excluded.clone());
        for (row, _) in chosen {
            match (excluded.binary_search(&row), back) {
                (Ok(at), true) => {
                    excluded.remove(at);
                }
                (Err(at), false) => excluded.insert(at, row),
                _ => {}
            }
        }
        if excluded.len() > MOST_EXCLUDED {
            self.failed.set(Some(format!(
                "At most {} points can be excluded; this would be {}.",
                MOST_EXCLUDED,
                excluded.len()
            )));
            return;
        }
        self.failed.set(None);
        self.location.change(|a| a.excluded = excluded);
    }
}
