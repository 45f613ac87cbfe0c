//! Cleaning a text, as `_clean_lower` in open_clip's `tokenizer.py`: ftfy's repairs, HTML's character
//! references twice more, one space between words, lower case.
//!
//! Of ftfy, all repairs of single characters are here (quotes, ligatures, full width, control
//! characters, line breaks, Unicode's normalisation form C); its repair of mojibake is not (see
//! [`super::mojibake`]).

use super::VocabularyError;
use std::collections::HashMap;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// HTML's named character references: "amp;" and, where HTML allows it, "amp".
#[derive(Clone, Debug)]
pub(super) struct Entities(HashMap<String, String>);

impl Entities {
    /// From lines of a name and code points in hexadecimal.
    pub(super) fn read(lines: &str) -> Result<Self, VocabularyError> {
        let entity = |line: &str| {
            let (name, points) = line.split_once(' ')?;
            let character = |hex| char::from_u32(u32::from_str_radix(hex, 16).ok()?);
            let text = points.split(' ').map(character).collect::<Option<_>>()?;
            Some((name.to_owned(), text))
        };
        lines
            .lines()
            .enumerate()
            .map(|(i, line)| entity(line).ok_or(VocabularyError::Entity { line: i + 1 }))
            .collect::<Result<_, _>>()
            .map(Entities)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The entity that a name begins with, and the rest of the name; the longest such.
    fn longest<'a>(&self, name: &'a str) -> Option<(&str, &'a str)> {
        let ends = name.char_indices().map(|(i, c)| i + c.len_utf8());
        ends.skip(1)
            .filter_map(|end| Some((self.get(&name[..end])?, &name[end..])))
            .last()
    }
}

pub(super) fn clean(text: &str, entities: &Entities) -> String {
    let text = repair(text, entities);
    let text = unescape(&unescape(&text, entities), entities);
    let words: Vec<&str> = text.split(is_space).filter(|w| !w.is_empty()).collect();
    words.join(" ").to_lowercase()
}

/// A space to Python, to which the four separators of ASCII are spaces too.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// ftfy's `fix_text` without its repair of mojibake: line by line, until nothing changes.
fn repair(text: &str, entities: &Entities) -> String {
    let mut fixed = String::with_capacity(text.len());
    // From the first line with a “<” the text counts as HTML, whose references mean themselves.
    let mut plain = true;
    for line in text.split_inclusive('\n') {
        plain &= !line.contains('<');
        let mut line = line.to_owned();
        loop {
            let mut next = match plain {
                true => unescape_whole(&line, entities),
                false => line.clone(),
            };
            next = next.chars().fold(String::new(), |mut all, c| {
                replace(c, &mut all);
                all
            });
            next = next.replace("\r\n", "\n");
            next = next.replace(['\r', '\u{2028}', '\u{2029}'], "\n");
            next = without_terminal_escapes(&next);
            next.retain(|c| !is_control(c));
            if !is_nfc(&next) {
                next = next.nfc().collect();
            }
            if next == line {
                break;
            }
            line = next;
        }
        fixed.push_str(&line);
    }
    fixed
}

/// Windows-1252's characters for the control characters from 0x80, a space where it has none.
const WINDOWS: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";
/// The standard forms of the half-width and full-width forms from U+FF5F on.
const STANDARD_WIDTH: &str = "⦅⦆。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン\u{3099}\u{309a}\u{1160}\u{1100}\u{1101}\u{11aa}\u{1102}\u{11ac}\u{11ad}\u{1103}\u{1104}\u{1105}\u{11b0}\u{11b1}\u{11b2}\u{11b3}\u{11b4}\u{11b5}\u{111a}\u{1106}\u{1107}\u{1108}\u{1121}\u{1109}\u{110a}\u{110b}\u{110c}\u{110d}\u{110e}\u{110f}\u{1110}\u{1111}\u{1112}\u{ffbf}\u{ffc0}\u{ffc1}\u{1161}\u{1162}\u{1163}\u{1164}\u{1165}\u{1166}\u{ffc8}\u{ffc9}\u{1167}\u{1168}\u{1169}\u{116a}\u{116b}\u{116c}\u{ffd0}\u{ffd1}\u{116d}\u{116e}\u{116f}\u{1170}\u{1171}\u{1172}\u{ffd8}\u{ffd9}\u{1173}\u{1174}\u{1175}\u{ffdd}\u{ffde}\u{ffdf}¢£¬\u{ffe3}¦¥₩\u{ffe7}│←↑→↓■○";

fn nth(table: &str, c: char, from: char) -> Option<char> {
    table
        .chars()
        .nth(u32::from(c).checked_sub(u32::from(from))? as usize)
}

/// What ftfy puts in the place of one character.
fn replace(c: char, text: &mut String) {
    let several = match c {
        'Ĳ' => "IJ",
        'ĳ' => "ij",
        'ŉ' => "'n",
        'Ǳ' => "DZ",
        'ǲ' => "Dz",
        'ǳ' => "dz",
        'Ǆ' => "DŽ",
        'ǅ' => "Dž",
        'ǆ' => "dž",
        'Ǉ' => "LJ",
        'ǈ' => "Lj",
        'ǉ' => "lj",
        'Ǌ' => "NJ",
        'ǋ' => "Nj",
        'ǌ' => "nj",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' => "ſt",
        'ﬆ' => "st",
        '\u{ffe3}' => " \u{304}",
        _ => "",
    };
    text.push_str(several);
    if !several.is_empty() {
        return;
    }
    text.push(match c {
        '\u{80}'..='\u{9f}' => match nth(WINDOWS, c, '\u{80}') {
            Some('‘' | '’') => '\'',
            Some('“' | '”') => '"',
            None | Some(' ') => c,
            Some(windows) => windows,
        },
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xff01 + u32::from('!')).unwrap_or(c)
        }
        '\u{ff5f}'..='\u{ffee}' => nth(STANDARD_WIDTH, c, '\u{ff5f}').unwrap_or(c),
        'ʼ' | '‘'..='‛' => '\'',
        '“'..='‟' => '"',
        c => c,
    });
}

/// Characters that ftfy takes out.
fn is_control(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{206a}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffc}')
}

/// Takes out ANSI's sequences, "\x1b[1;31m".
fn without_terminal_escapes(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            kept.push_str(&rest[1..]);
        } else {
            kept.push_str("\u{1b}[");
            kept.push_str(part);
        }
    }
    kept
}

/// ftfy's way with character references: only those that end in a semicolon, and some that
/// stand in capitals ("&EACUTE;").
fn unescape_whole(text: &str, entities: &Entities) -> String {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.split_inclusive(';').next();
        let name = name.filter(|name| {
            let body = name.strip_suffix(';').unwrap_or_default();
            let body = body.strip_prefix('#').unwrap_or(body);
            (1..=24).contains(&body.len()) && body.chars().all(|c| c.is_ascii_alphanumeric())
        });
        let found = name.and_then(|name| {
            let text = match name.starts_with('#') {
                true => Some(unescape(&format!("&{name}"), entities)).filter(|t| !t.contains(';')),
                false => entities
                    .get(name)
                    .map(str::to_owned)
                    .or_else(|| capitals(name, entities)),
            };
            Some((text?, &part[name.len()..]))
        });
        match found {
            Some((text, rest)) => plain.extend([&text, rest]),
            None => plain.extend(["&", part]),
        }
    }
    plain
}

/// A reference in capitals that HTML does not know, though it knows it in small letters.
fn capitals(name: &str, entities: &Entities) -> Option<String> {
    let known = name.chars().any(|c| c.is_ascii_lowercase()) || entities.longest(name).is_some();
    let small = entities.get(&name.to_ascii_lowercase())?;
    (!known).then(|| small.to_uppercase())
}

/// Character references as HTML 5 reads them (Python's `html.unescape`): also without a
/// semicolon, where a known name begins.
fn unescape(text: &str, entities: &Entities) -> String {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match numeric(part).or_else(|| named(part, entities)) {
            Some((text, rest)) => plain.extend([&text, rest]),
            None => plain.extend(["&", part]),
        }
    }
    plain
}

/// "#233;…" or "#xe9;…": its text and what follows.
fn numeric(part: &str) -> Option<(String, &str)> {
    let digits = part.strip_prefix('#')?;
    let (radix, digits) = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => (16, hex),
        None => (10, digits),
    };
    let end = digits
        .find(|c: char| !c.is_digit(radix))
        .unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    if digits.is_empty() {
        return None;
    }
    // A number beyond all code points, however long.
    let number = u32::from_str_radix(digits, radix).unwrap_or(u32::MAX);
    let rest = rest.strip_prefix(';').unwrap_or(rest);
    let text = match number {
        0 => "\u{fffd}".to_owned(),
        0x80..=0x9f => {
            let control = char::from(number as u8);
            let windows = nth(WINDOWS, control, '\u{80}').filter(|c| *c != ' ');
            windows.unwrap_or(control).to_string()
        }
        0x1..=0x8 | 0xb | 0xe..=0x1f | 0x7f | 0xfdd0..=0xfdef => String::new(),
        _ => match char::from_u32(number) {
            Some(_) if number & 0xfffe == 0xfffe => String::new(),
            Some(c) => c.to_string(),
            None => "\u{fffd}".to_owned(),
        },
    };
    Some((text, rest))
}

/// "eacute;…" or "eacute…": its text and what follows.
fn named<'a>(part: &'a str, entities: &Entities) -> Option<(String, &'a str)> {
    const LONGEST: usize = 32;
    let mut ends = part.char_indices().take(LONGEST);
    let end = ends
        .find(|(_, c)| "\t\n\u{c} <#;".contains(*c))
        .map(|(i, _)| i);
    let end = end.unwrap_or_else(|| {
        part.char_indices()
            .nth(LONGEST)
            .map_or(part.len(), |(i, _)| i)
    });
    let end = end + usize::from(part[end..].starts_with(';'));
    let (text, unused) = entities.longest(&part[..end])?;
    Some((format!("{text}{unused}"), &part[end..]))
}
