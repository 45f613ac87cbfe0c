//! What a chart shows, as plain data in data units.

/// How a data range is spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisScale {
    Linear,
    Log,
}

/// How tick labels are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `0.3`, `200`, and powers of ten as `10⁹`.
    Number,
    /// A fraction as a percentage: `0.3` is `30 %`.
    Percent,
}

/// One axis; `range` is in data units, `None` fits the data with padding.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartAxis {
    pub label: String,
    pub scale: AxisScale,
    pub range: Option<(f64, f64)>,
    pub format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
    Plus,
}

impl Shape {
    /// The character that looks like it, for legends in text.
    pub fn glyph(self) -> &'static str {
        match self {
            Shape::Circle => "●",
            Shape::Square => "■",
            Shape::Triangle => "▲",
            Shape::Diamond => "◆",
            Shape::Cross => "×",
            Shape::Plus => "+",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emphasis {
    Frontier,
    Ordinary,
    /// Drawn hollow.
    HeldOut,
    /// Context only, below contrast limits by intent.
    Faint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dash {
    Solid,
    Dashed,
    Dotted,
}

/// One point; `key` is the caller's name for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    pub x: f64,
    pub y: f64,
    pub key: usize,
}

/// Points of one kind; `color` indexes the palette, `size` is the radius in CSS pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Marks {
    pub shape: Shape,
    pub color: usize,
    pub size: f64,
    pub emphasis: Emphasis,
    pub points: Vec<Mark>,
}

/// A polyline; `width` is in CSS pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub points: Vec<(f64, f64)>,
    pub color: usize,
    pub dash: Dash,
    pub width: f64,
}

/// An area between `low` and `high`, as `(x, low, high)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    pub points: Vec<(f64, f64, f64)>,
    pub color: usize,
    pub opacity: f64,
}

/// Text beside the data position `(x, y)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    pub x: f64,
    pub y: f64,
    pub text: String,
    pub color: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LegendEntry {
    pub shape: Shape,
    pub color: usize,
    pub text: String,
}

/// A whole chart. Layers are drawn as bands, lines, marks, labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    pub x: ChartAxis,
    pub y: ChartAxis,
    pub bands: Vec<Band>,
    pub lines: Vec<Line>,
    pub marks: Vec<Marks>,
    pub labels: Vec<Label>,
    pub legend: Vec<LegendEntry>,
}

impl Scene {
    /// An empty chart with these axes.
    #[must_use]
    pub fn new(x: ChartAxis, y: ChartAxis) -> Self {
        let (bands, lines, marks) = (vec![], vec![], vec![]);
        Self {
            x,
            y,
            bands,
            lines,
            marks,
            labels: vec![],
            legend: vec![],
        }
    }

    pub(super) fn positions(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let marks = self
            .marks
            .iter()
            .flat_map(|m| m.points.iter().map(|p| (p.x, p.y)));
        let lines = self.lines.iter().flat_map(|l| l.points.iter().copied());
        let bands = self
            .bands
            .iter()
            .flat_map(|b| b.points.iter().flat_map(|p| [(p.0, p.1), (p.0, p.2)]));
        marks.chain(lines).chain(bands)
    }
}
