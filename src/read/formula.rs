//! LaTeX to MathML.

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

/// Longest formula, in bytes.
const LONGEST: usize = 400;

/// The formula as MathML, `block` on a line of its own; or why there is none.
pub(super) fn mathml(latex: &str, block: bool) -> Result<String, String> {
    if latex.len() > LONGEST {
        return Err(format!("the formula is longer than {LONGEST} bytes"));
    }
    let wrong = |error: &dyn std::fmt::Display| format!("the formula “{latex}”: {error}");
    let converter =
        LatexToMathML::new(MathCoreConfig::default()).map_err(|error| wrong(&error.0))?;
    let display = match block {
        true => MathDisplay::Block,
        false => MathDisplay::Inline,
    };
    converter
        .convert_with_local_counter(latex, display)
        .map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_latex_is_an_error() {
        for latex in [r"0^0\Q", r"\Q", "{", "x^", "a^b^c", r"\frac{1}", "0^*\u{0}"] {
            assert!(
                mathml(latex, false).is_err(),
                "{latex}: {:?}",
                mathml(latex, false)
            );
        }
    }

    #[test]
    fn a_law_is_a_formula() {
        let text = mathml(r"L(C) = A\,(C + B)^{-\alpha} + E", true).unwrap();
        assert!(text.starts_with("<math") && text.contains("α"), "{text}");
        for latex in [r"\text{<script>}", "<b>", r"a \& b"] {
            let text = mathml(latex, false).unwrap_or_default();
            assert!(!text.contains("<script") && !text.contains("<b>"), "{text}");
        }
    }
}
