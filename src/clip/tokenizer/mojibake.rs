//! Recognises UTF-8 that was read in another encoding: "cafÃ©", "itâ€™s", "vis-√†-vis".
//!
//! open_clip repairs such text with ftfy's heuristics. They are not repeated here; what they
//! would change is recognised, so that the reader can be told. Only the two encodings that matter
//! are tried, Windows-1252 (with Latin-1's control characters in its gaps) and Mac Roman.

/// Windows-1252 from byte 0x80 to 0x9f; a space stands for a byte without a character.
const WINDOWS: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";
/// Mac Roman from byte 0x80 to 0xff.
const MAC: &str = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";

/// Whether somewhere in the text UTF-8 was read in another encoding, as far as can be told.
pub(super) fn suspected(text: &str) -> bool {
    !text.is_ascii() && (hidden(text, windows_byte) || hidden(text, mac_byte))
}

/// Whether bytes of `text` in an encoding are UTF-8 for a character that people write.
fn hidden(text: &str, byte: fn(char) -> Option<u8>) -> bool {
    let bytes: Vec<Option<u8>> = text.chars().map(byte).collect();
    (0..bytes.len()).any(|start| {
        let length = match bytes[start] {
            Some(0xc2..=0xdf) => 2,
            Some(0xe0..=0xef) => 3,
            Some(0xf0..=0xf4) => 4,
            _ => return false,
        };
        let sequence = bytes[start..].iter().take(length).copied();
        let Some(mut sequence) = sequence.collect::<Option<Vec<u8>>>() else {
            return false;
        };
        // The no-break space often has become a plain one: "voilÃ le".
        if let [0xc3, second @ b' '] = sequence.as_mut_slice() {
            *second = 0xa0;
        }
        let decoded = std::str::from_utf8(&sequence).ok();
        decoded.and_then(|s| s.chars().next()).is_some_and(common)
    })
}

/// Blocks that people write in; "CAFÉ»" would be a phonetic letter.
fn common(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{17f}' | '\u{370}'..='\u{45f}' | '\u{5d0}'..='\u{6ff}' | '\u{900}'..)
}

fn windows_byte(c: char) -> Option<u8> {
    match u8::try_from(c) {
        Ok(byte) => Some(byte),
        Err(_) => WINDOWS.chars().position(|w| w == c).map(|i| 0x80 + i as u8),
    }
}

fn mac_byte(c: char) -> Option<u8> {
    if c.is_ascii() {
        return Some(c as u8);
    }
    MAC.chars().position(|m| m == c).map(|i| 0x80 + i as u8)
}

#[cfg(test)]
mod tests {
    use super::suspected;

    #[test]
    fn mojibake_is_told_from_accents() {
        for text in ["cafÃ©", "itâ€™s", "voilÃ le travail", "ðŸ˜€", "vis-√†-vis"] {
            assert!(suspected(text), "{text}");
        }
        for text in [
            "café",
            "« CAFÉ »",
            "«CAFÉ»",
            "Ærø",
            "北京",
            "Å",
            "naïve – 5 °C",
            "Größe “x”",
        ] {
            assert!(!suspected(text), "{text}");
        }
    }
}
