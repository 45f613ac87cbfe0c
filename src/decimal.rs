//! Reading decimal numbers.

/// The double nearest to a decimal such as `-1.5e9`: what `str::parse` reads, less its words for
/// infinity and not-a-number.
///
/// In a browser JavaScript's parser does it; Rust's would bring a 10 KB table of powers along.
#[must_use]
pub fn parse(text: &str) -> Option<f64> {
    // JavaScript would also take blanks, other bases, and an empty text for 0.
    let decimal = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    if text.is_empty() || !text.bytes().all(decimal) {
        return None;
    }
    #[cfg(not(target_arch = "wasm32"))]
    return text.parse().ok();
    #[cfg(target_arch = "wasm32")]
    return Some(wasm_bindgen::JsValue::from_str(text).unchecked_into_f64())
        .filter(|number| !number.is_nan());
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_decimals_are_numbers() {
        assert_eq!(parse("-1.5e9"), Some(-1.5e9));
        for text in ["", " 1", "inf", "NaN", "0x10", "1e", ".", "1_0", "1 2"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
