//! How a document looks: the page's own colours and type, and a chart's colours in light and dark.

use crate::chart::Theme;
use crate::chart::theme::Rgb;

/// The page's colours, type and shell (`src/page/styles`), and what documents add.
const SHEETS: [&str; 4] = [
    include_str!("../page/styles/base.css"),
    include_str!("../page/styles/shell.css"),
    PAPERS,
    include_str!("read.css"),
];

const PAPERS: &str = include_str!("../page/styles/papers.css");

/// Colours of a chart's series.
pub(super) const PALETTE: usize = 6;

/// The style sheet of documents.
pub fn stylesheet() -> String {
    SHEETS.concat()
}

/// A chart in the light theme's colours, which a dark page shows in those of the dark theme.
pub(super) fn themed(svg: &str) -> String {
    let (light, dark) = (Theme::light(), Theme::dark());
    let ours = |theme: Theme| [theme.ink, theme.grid].into_iter().chain(theme.palette);
    let mut rules = String::new();
    for (from, to) in ours(light).zip(ours(dark)) {
        for property in ["fill", "stroke"] {
            let (from, to) = (hex(from), hex(to));
            rules.push_str(&format!("[{property}=\"{from}\"]{{{property}:{to}}}"));
        }
    }
    let style = format!("<style>@media (prefers-color-scheme:dark){{{rules}}}</style>");
    match svg.find('>').filter(|_| svg.starts_with("<svg")) {
        Some(end) => format!("{}>{style}{}", &svg[..end], &svg[end + 1..]),
        None => svg.to_owned(),
    }
}

fn hex((r, g, b): Rgb) -> String {
    format!("#{r:02X}{g:02X}{b:02X}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_have_the_colours_of_charts() {
        let (light, dark) = (Theme::light(), Theme::dark());
        assert_eq!(light.palette.len(), PALETTE);
        for (i, (light, dark)) in light.palette.into_iter().zip(dark.palette).enumerate() {
            let (light, dark) = (hex(light), hex(dark));
            let rule = format!(".series-{i} {{\n  color: light-dark({light}, {dark});\n}}\n");
            assert!(PAPERS.contains(&rule), "{rule}");
        }
    }
}
