//! Recognises UTF-8 that was decoded with another encoding: "cafÃ©", "itâ€™s", "vis-√†-vis".
//!
//! open_clip repairs such text with ftfy's heuristics. They are not repeated here; what they
//! would change is recognised, so that the reader can be told. In Windows-1252 (with Latin-1's
//! control characters in its gaps), Mac Roman and MS-DOS's page 437 one hidden character is
//! enough. In Windows' other pages capital letters stand where UTF-8 begins a character, and
//! quotation marks where it goes on, so there it takes two in a row.

/// Windows-1252 from byte 0x80 to 0x9f; a space stands for a byte without a character.
const WINDOWS: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";
/// Mac Roman from byte 0x80 to 0xff.
const MAC: &str = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";

/// MS-DOS's code page 437 from byte 0x80 to 0xff.
const DOS: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
/// Windows-1250, 1251, 1253, 1254 and 1257 from byte 0x80 to 0xff; a space for no character.
const OTHERS: [&str; 5] = [
    "€ ‚ „…†‡ ‰Š‹ŚŤŽŹ ‘’“”•–— ™š›śťžź\u{a0}ˇ˘Ł¤Ą¦§¨©Ş«¬\u{ad}®Ż°±˛ł´µ¶·¸ąş»Ľ˝ľżŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙",
    "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–— ™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕїАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя",
    "€ ‚ƒ„…†‡ ‰ ‹     ‘’“”•–— ™ ›    \u{a0}΅Ά£¤¥¦§¨© «¬\u{ad}®―°±²³΄µ¶·ΈΉΊ»Ό½ΎΏΐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡ ΣΤΥΦΧΨΩΪΫάέήίΰαβγδεζηθικλμνξοπρςστυφχψωϊϋόύώ ",
    "€ ‚ƒ„…†‡ˆ‰Š‹Œ    ‘’“”•–—˜™š›œ  Ÿ\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏĞÑÒÓÔÕÖ×ØÙÚÛÜİŞßàáâãäåæçèéêëìíîïğñòóôõö÷øùúûüışÿ",
    "€ ‚ „…†‡ ‰ ‹ ¨ˇ¸ ‘’“”•–— ™ › ¯˛ \u{a0} ¢£¤ ¦§Ø©Ŗ«¬\u{ad}®Æ°±²³´µ¶·ø¹ŗ»¼½¾æĄĮĀĆÄÅĘĒČÉŹĖĢĶĪĻŠŃŅÓŌÕÖ×ŲŁŚŪÜŻŽßąįāćäåęēčéźėģķīļšńņóōõö÷ųłśūüżž˙",
];

/// Whether somewhere in the text UTF-8 was read in another encoding, as far as can be told.
pub(super) fn suspected(text: &str) -> bool {
    let other = |table: &&str| hidden(text, |c| byte_of(table, c), 2);
    !text.is_ascii()
        && (hidden(text, windows_byte, 1)
            || hidden(text, |c| byte_of(MAC, c), 1)
            || hidden(text, |c| byte_of(DOS, c), 1)
            || OTHERS.iter().any(other))
}

/// Whether bytes of `text` in an encoding are UTF-8 for so many characters in a row that people
/// write; one of three bytes or four is as good as two.
fn hidden(text: &str, byte: impl Fn(char) -> Option<u8>, wanted: usize) -> bool {
    let bytes: Vec<Option<u8>> = text.chars().map(byte).collect();
    (0..bytes.len()).any(|start| {
        let (mut at, mut found) = (start, 0);
        while found < wanted {
            let Some(length) = character(&bytes[at..]) else {
                return false;
            };
            found += if length == 2 { 1 } else { 2 };
            at += length;
        }
        true
    })
}

/// The length of the character that bytes begin with.
fn character(bytes: &[Option<u8>]) -> Option<usize> {
    let length = match bytes.first()? {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => return None,
    };
    let mut sequence = bytes
        .get(..length)?
        .iter()
        .copied()
        .collect::<Option<Vec<u8>>>()?;
    // The no-break space often has become a plain one: "voilÃ le".
    if let [0xc3, second @ b' '] = sequence.as_mut_slice() {
        *second = 0xa0;
    }
    let decoded = std::str::from_utf8(&sequence).ok()?.chars().next()?;
    common(decoded).then_some(length)
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

/// The byte of a character in a table that begins at 0x80.
fn byte_of(table: &str, c: char) -> Option<u8> {
    if c.is_ascii() {
        return Some(c as u8);
    }
    table.chars().position(|t| t == c).map(|i| 0x80 + i as u8)
}

#[cfg(test)]
mod tests {
    use super::suspected;

    #[test]
    fn mojibake_is_told_from_accents() {
        for text in [
            "cafÃ©",
            "itâ€™s",
            "voilÃ le travail",
            "ðŸ˜€",
            "vis-√†-vis",
            "caf├⌐",
            "РџСЂРёРІРµС‚",
            "Ξ»Ξ·Ξ±",
            "pĹ™Ă\u{ad}liĹˇ",
        ] {
            assert!(suspected(text), "{text}");
        }
        for text in [
            "café",
            "« CAFÉ »",
            "«CAFÉ»",
            "«СССР»",
            "Привет — мир",
            "ΑΒΓ «ΩΣ»",
            "příliš žluťoučký kůň",
            "İSTANBUL’da",
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
