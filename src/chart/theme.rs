//! Colours for light and dark pages.

/// Red, green, blue.
pub type Rgb = (u8, u8, u8);

/// Colours of a chart; `background: None` leaves the page's own visible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Theme {
    pub background: Option<Rgb>,
    pub ink: Rgb,
    pub grid: Rgb,
    pub palette: [Rgb; 6],
}

impl Theme {
    /// For near-white pages: blue, vermilion, green, purple, ochre, grey.
    #[must_use]
    pub fn light() -> Self {
        let palette = [
            (0, 98, 168),
            (194, 77, 0),
            (0, 125, 92),
            (160, 66, 130),
            (138, 104, 0),
            (92, 97, 104),
        ];
        Self {
            background: None,
            ink: (42, 45, 50),
            grid: (226, 226, 222),
            palette,
        }
    }

    /// For dark pages, the same hues raised.
    #[must_use]
    pub fn dark() -> Self {
        let palette = [
            (92, 176, 240),
            (255, 146, 72),
            (58, 196, 154),
            (222, 140, 198),
            (224, 184, 64),
            (166, 172, 180),
        ];
        Self {
            background: None,
            ink: (222, 224, 228),
            grid: (48, 52, 58),
            palette,
        }
    }

    /// The palette's colour, counting round.
    #[must_use]
    pub fn color(&self, index: usize) -> Rgb {
        self.palette[index % self.palette.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn luminance((r, g, b): Rgb) -> f64 {
        let f = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b)
    }
    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
    #[test]
    fn colours_stand_out_from_the_page() {
        for (theme, pages) in [
            (Theme::light(), vec![(255, 255, 255), (0xfb, 0xfa, 0xf7)]),
            (Theme::dark(), vec![(0x15, 0x18, 0x1c)]),
        ] {
            for page in pages {
                // Labels take the palette's colours, so text's 4.5 applies.
                assert!(theme.palette.iter().all(|&c| contrast(c, page) >= 4.5));
                assert!(contrast(theme.ink, page) >= 7.0);
            }
        }
    }
}
