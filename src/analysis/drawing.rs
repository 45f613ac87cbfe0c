//! How an analysis is drawn: nothing here changes a fit.

use super::query_string::{parts, push};
use crate::chart::AxisScale;
use crate::decimal;

/// The choices that only a figure has.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// Which points a thin line joins.
    pub lines: Lines,
    pub x: AxisScale,
    pub y: AxisScale,
    /// The part of the plane that is seen; all of it where there is none.
    pub window: Option<Window>,
    /// Series that are not drawn, by their place among the series.
    pub hidden: Vec<usize>,
}

/// A part of the plane, in data units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    pub x: (f64, f64),
    pub y: (f64, f64),
}

/// What points have in common that a line joins, within a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    None,
    Architecture,
    Samples,
    Run,
}

impl Lines {
    pub const ALL: [Lines; 4] = [Lines::None, Lines::Architecture, Lines::Samples, Lines::Run];

    pub fn id(self) -> &'static str {
        match self {
            Lines::None => "none",
            Lines::Architecture => "model",
            Lines::Samples => "samples",
            Lines::Run => "run",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Lines::None => "no points",
            Lines::Architecture => "points of one model",
            Lines::Samples => "points of the same samples seen",
            Lines::Run => "points of one run",
        }
    }
}

impl Default for Drawing {
    fn default() -> Self {
        Drawing {
            lines: Lines::None,
            x: AxisScale::Log,
            y: AxisScale::Log,
            window: None,
            hidden: Vec::new(),
        }
    }
}

impl Drawing {
    /// Its keys in the query.
    pub const KEYS: [&'static str; 5] = ["lines", "x", "y", "window", "hide"];

    /// Appends `&key=value` for all that is not as usual.
    pub(super) fn write(&self, query: &mut String) {
        if self.lines != Lines::None {
            push(query, "lines", self.lines.id());
        }
        for (key, scale) in [("x", self.x), ("y", self.y)] {
            if scale == AxisScale::Linear {
                push(query, key, "linear");
            }
        }
        if let Some(Window { x, y }) = self.window {
            let window = format!("{:e},{:e},{:e},{:e}", x.0, x.1, y.0, y.1);
            push(query, "window", &window);
        }
        if !self.hidden.is_empty() {
            let hidden: Vec<String> = self.hidden.iter().map(usize::to_string).collect();
            push(query, "hide", &hidden.join(","));
        }
    }

    /// Reads its keys of a query string; what cannot be read stays as usual.
    pub fn from_query(query: &str) -> Drawing {
        let mut drawing = Drawing::default();
        for (key, value) in parts(query) {
            let scale = match value.as_str() {
                "linear" => AxisScale::Linear,
                _ => AxisScale::Log,
            };
            match key.as_str() {
                "lines" => {
                    let known = Lines::ALL.into_iter().find(|l| l.id() == value);
                    drawing.lines = known.unwrap_or(Lines::None);
                }
                "x" => drawing.x = scale,
                "y" => drawing.y = scale,
                "window" => drawing.window = window(&value),
                "hide" => {
                    drawing.hidden = value.split(',').filter_map(|n| n.parse().ok()).collect()
                }
                _ => {}
            }
        }
        drawing
    }
}

fn window(text: &str) -> Option<Window> {
    let numbers: Vec<f64> = text.split(',').filter_map(decimal::parse).collect();
    let [x0, x1, y0, y1] = numbers[..] else {
        return None;
    };
    let finite = numbers.iter().all(|n| n.is_finite());
    (finite && x0 < x1 && y0 < y1).then_some(Window {
        x: (x0, x1),
        y: (y0, y1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scale() -> impl Strategy<Value = AxisScale> {
        prop::sample::select(vec![AxisScale::Log, AxisScale::Linear])
    }

    proptest! {
        #[test]
        fn a_link_draws_the_same(
            lines in prop::sample::select(Lines::ALL.to_vec()),
            x in scale(),
            y in scale(),
            window in prop::option::of((1e6f64..1e9, 1.0f64..1e6, 0.1f64..0.4, 0.01f64..0.5)),
            hidden in prop::collection::vec(0usize..9, 0..4),
        ) {
            let window = window.map(|(x, dx, y, dy)| Window { x: (x, x + dx), y: (y, y + dy) });
            let drawing = Drawing { lines, x, y, window, hidden };
            let mut query = String::new();
            drawing.write(&mut query);
            prop_assert_eq!(Drawing::from_query(&query), drawing);
        }

        #[test]
        fn any_query_draws(query in ".{0,200}") {
            let _ = Drawing::from_query(&query);
        }
    }
}
