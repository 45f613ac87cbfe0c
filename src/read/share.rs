//! The picture that stands beside a shared link (`og:image`), as SVG in the light theme's colours.
//!
//! The terminal makes a PNG of it when a page is rendered, since those who show links take no SVG.

use super::compute::Source;
use super::figure;
use super::html::escape;
use crate::chart::Theme;
use crate::claim::{Tally, Verdict};
use crate::figure::shape;
use crate::text::grouped;

/// Width and height in pixels: what those who show links crop least.
pub const SIZE: (u32, u32) = (1200, 630);

/// Its name beside the page.
pub const FILE: &str = "share.png";

/// The head's elements for the picture of the page at an address that ends in a slash.
pub(super) fn meta(address: &str, alt: &str) -> String {
    let (width, height) = SIZE;
    format!(
        "<meta property=\"og:image\" content=\"{}{FILE}\">\n\
         <meta property=\"og:image:type\" content=\"image/png\">\n\
         <meta property=\"og:image:width\" content=\"{width}\">\n\
         <meta property=\"og:image:height\" content=\"{height}\">\n\
         <meta property=\"og:image:alt\" content=\"{}\">\n\
         <meta name=\"twitter:card\" content=\"summary_large_image\">\n",
        escape(address),
        escape(alt)
    )
}

/// What the picture shows.
pub(super) struct Shared {
    pub title: String,
    /// Who and when.
    pub byline: String,
    pub tally: Tally,
    pub figure: Option<Figure>,
}

/// A figure and its series by place, as many as are named.
pub(super) struct Figure {
    svg: String,
    series: Vec<(usize, String)>,
}

/// Of the page's light theme (`src/page/styles/base.css`).
const TEXT: &str = "#1b1f24";
const QUIET: &str = "#57606a";
const PANEL: &str = "#f5f7f9";
const LINE: &str = "#c9d1d9";
const ACCENT: &str = "#0a5cad";

/// As `base.css` and `papers.css` have them.
fn color(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Reproduced => "#1a6b34",
        Verdict::SameCurve => ACCENT,
        Verdict::Differs => "#a3261c",
        Verdict::Uncheckable => LINE,
    }
}

/// Space around everything.
const MARGIN: f64 = 56.0;
/// Width of the text beside a figure.
const COLUMN: f64 = 486.0;
/// Distance of a title's lines in its size.
const LEADING: f64 = 1.18;
/// The figure's frame: left, top, width, height.
const FRAME: (f64, f64, f64, f64) = (580.0, 40.0, 580.0, 550.0);
/// Space within the frame.
const INSET: f64 = 18.0;
/// How much larger than on a page the figure is.
const SCALE: f64 = 1.55;
/// Series that are named below the figure, and the height of a name.
const MOST_SERIES: usize = 3;
const ROW: f64 = 30.0;

impl Shared {
    /// What it shows, for those who do not see it.
    pub(super) fn alt(&self) -> String {
        match self.tally.all() {
            0 => self.title.clone(),
            _ => format!("{} {}", ended(&self.title), self.tally.sentence()),
        }
    }

    pub(super) fn svg(&self) -> String {
        let (width, height) = SIZE;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"{PANEL}\"/>\n\
             <rect width=\"12\" height=\"{height}\" fill=\"{ACCENT}\"/>\n"
        );
        let column = match &self.figure {
            Some(_) => COLUMN,
            None => f64::from(width) - 2.0 * MARGIN,
        };
        let mut y = MARGIN + 24.0;
        let mut line = |text: &str, size: f64, bold: bool, fill: &str, lead: f64| {
            y += lead;
            let weight = if bold { " font-weight=\"700\"" } else { "" };
            svg.push_str(&format!(
                "<text x=\"{MARGIN}\" y=\"{y:.0}\" font-size=\"{size}\"{weight} fill=\"{fill}\">{}</text>\n",
                escape(text)
            ));
        };
        line("Refit", 30.0, true, ACCENT, 0.0);
        let (size, lines) = title(&self.title, column);
        for (i, text) in lines.iter().enumerate() {
            let lead = if i == 0 { size + 34.0 } else { LEADING * size };
            line(text, size, true, TEXT, lead);
        }
        for (i, text) in wrap(&self.byline, column, 24.0, false, 2)
            .iter()
            .enumerate()
        {
            line(text, 24.0, false, QUIET, if i == 0 { 46.0 } else { 32.0 });
        }
        svg.push_str(&self.verdicts(column));
        if let Some(figure) = &self.figure {
            svg.push_str(&figure.framed());
        }
        svg + "</svg>\n"
    }

    /// At the foot: how many are reproduced, in large; a bar; the others.
    fn verdicts(&self, column: f64) -> String {
        let text = |y: f64, size: f64, inner: &str| {
            format!(
                "<text x=\"{MARGIN}\" y=\"{y:.0}\" font-size=\"{size}\" fill=\"{TEXT}\">{inner}</text>\n"
            )
        };
        let foot = f64::from(SIZE.1) - 40.0;
        let tally = self.tally;
        let (all, checkable) = (tally.all(), tally.checkable());
        if checkable == 0 {
            let said = match all {
                0 => "Laws refitted to its released measurements.".to_owned(),
                _ => tally.sentence(),
            };
            return text(foot - 6.0, 24.0, &escape(&said));
        }
        let others = tally
            .counts()
            .filter(|(v, n)| *v != Verdict::Reproduced && *n > 0);
        let others: Vec<String> = others
            .map(|(verdict, n)| match verdict {
                Verdict::Uncheckable => format!("{} cannot be checked", grouped(n as u64)),
                verdict => verdict.counted(n),
            })
            .collect();
        let others = match others.is_empty() {
            true => "none differs".to_owned(),
            false => others.join(", "),
        };
        let others = wrap(&others, column, 20.0, false, 2);
        // From the foot upwards.
        let above = foot - 26.0 * (others.len() - 1) as f64;
        let mut svg = text(
            above - 92.0,
            48.0,
            &format!(
                "<tspan font-weight=\"700\" fill=\"{}\">{}</tspan> of {}",
                color(Verdict::Reproduced),
                grouped(tally.count(Verdict::Reproduced) as u64),
                grouped(checkable as u64)
            ),
        );
        svg.push_str(&text(
            above - 56.0,
            24.0,
            match checkable {
                1 => "checkable printed number is reproduced",
                _ => "checkable printed numbers are reproduced",
            },
        ));
        let mut x = MARGIN;
        for (verdict, count) in tally.counts() {
            let width = column * count as f64 / all as f64;
            svg.push_str(&format!(
                "<rect x=\"{x:.1}\" y=\"{:.0}\" width=\"{width:.1}\" height=\"14\" fill=\"{}\"/>\n",
                above - 38.0,
                color(verdict)
            ));
            x += width;
        }
        for (line, words) in others.iter().enumerate() {
            svg.push_str(&format!(
                "<text x=\"{MARGIN}\" y=\"{:.0}\" font-size=\"20\" fill=\"{QUIET}\">{}</text>\n",
                above + 26.0 * line as f64,
                escape(words)
            ));
        }
        svg
    }
}

impl Figure {
    /// Of a query.
    pub(super) fn new(query: &str, source: &Source) -> Result<Figure, String> {
        let (mut svg, mut series) = (String::new(), Vec::new());
        // As high as the names below it allow, and these are known only once it is drawn.
        for _ in 0..2 {
            let size = (FRAME.2 - 2.0 * INSET, Figure::height(series.len()));
            let size = ((size.0 / SCALE) as u32, (size.1 / SCALE) as u32);
            (svg, series) = figure::unnamed(query, source, size)?;
            series.truncate(MOST_SERIES);
        }
        Ok(Figure { svg, series })
    }

    /// Of the picture above the names.
    fn height(names: usize) -> f64 {
        FRAME.3 - 2.0 * INSET - ROW * names as f64
    }

    fn framed(&self) -> String {
        let (left, top, width, height) = FRAME;
        let mut svg = format!(
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#ffffff\" stroke=\"{LINE}\"/>\n\
             <g transform=\"translate({} {}) scale({SCALE})\">{}</g>\n",
            left + INSET,
            top + INSET,
            self.svg
        );
        let theme = Theme::light();
        let first = top + INSET + Figure::height(self.series.len());
        for (i, (place, name)) in self.series.iter().enumerate() {
            let (r, g, b) = theme.color(*place);
            let y = first + ROW * (i + 1) as f64 - 6.0;
            let names = wrap(name, width - 2.0 * INSET - 44.0, 22.0, false, 1);
            svg.push_str(&format!(
                "<text x=\"{:.0}\" y=\"{y:.0}\" font-size=\"22\"><tspan fill=\"rgb({r},{g},{b})\">{}</tspan> <tspan fill=\"{TEXT}\">{}</tspan></text>\n",
                left + INSET + 16.0,
                shape(*place).glyph(),
                escape(&names.concat())
            ));
        }
        svg
    }
}

/// The largest size at which a title leaves room below it.
fn title(text: &str, column: f64) -> (f64, Vec<String>) {
    const SIZES: [f64; 4] = [54.0, 48.0, 43.0, 38.0];
    const MOST_LINES: usize = 4;
    let room = LEADING * SIZES[2] * MOST_LINES as f64;
    let at = |size| (size, wrap(text, column, size, true, usize::MAX));
    let fits = |(size, lines): &(f64, Vec<String>)| LEADING * size * lines.len() as f64 <= room;
    SIZES.into_iter().map(at).find(fits).unwrap_or_else(|| {
        let size = SIZES[SIZES.len() - 1];
        (size, wrap(text, column, size, true, MOST_LINES))
    })
}

/// With a full stop, unless it ends in a mark already.
fn ended(text: &str) -> String {
    match text.ends_with(['.', '?', '!']) {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}

/// Lines of whole words; where there are more than `most`, the last ends in an ellipsis.
fn wrap(text: &str, column: f64, size: f64, bold: bool, most: usize) -> Vec<String> {
    let fits = |line: &str| size * width(line, bold) <= column;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if fits(&format!("{line} {word}")) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            while !fits(&format!("{last} …")) {
                let Some((before, _)) = last.rsplit_once(' ') else {
                    break;
                };
                *last = before.trim_end_matches([',', ';', ':']).to_owned();
            }
            last.push_str(" …");
        }
    }
    lines
}

/// About how wide a text is in DejaVu Sans Condensed, in ems.
fn width(text: &str, bold: bool) -> f64 {
    let of = |c: char| match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '’' | '|' | '!' | ' ' => 0.29,
        'f' | 't' | 'r' | '(' | ')' | '-' | '/' => 0.37,
        'm' | 'w' | 'M' | 'W' | '%' | '–' | '…' => 0.86,
        'A'..='Z' => 0.64,
        _ => 0.56,
    };
    let regular: f64 = text.chars().map(of).sum();
    if bold { 1.13 * regular } else { regular }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_at_a_word() {
        let lines = wrap("a law of many words", 50.0, 10.0, false, 2);
        assert_eq!(lines, ["a law of", "many …"]);
        assert_eq!(wrap("a law", 600.0, 10.0, false, 2), ["a law"]);
        let (size, lines) = title(&"word ".repeat(200), COLUMN);
        assert_eq!((size, lines.len()), (38.0, 4));
        assert!(lines[3].ends_with("word …"), "{lines:?}");
        for line in lines {
            assert!(size * width(&line, true) <= COLUMN, "{line}");
        }
    }

    #[test]
    fn nothing_of_a_title_is_markup() {
        let shared = Shared {
            title: "A < B & C".to_owned(),
            byline: String::new(),
            tally: Tally::default(),
            figure: None,
        };
        assert!(shared.svg().contains("A &lt; B &amp; C"));
        assert_eq!(shared.alt(), "A < B & C");
    }
}
