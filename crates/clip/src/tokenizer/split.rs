//! Splitting a text before byte-pair encoding, as the regular expression in open_clip's
//! `tokenizer.py`: special tokens, English contractions, runs of letters, single numerals, runs of
//! anything else that is not a space.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// In the order in which the expression tries them.
const SPECIAL: [&str; 2] = ["<start_of_text>", "<end_of_text>"];
const CONTRACTIONS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

#[derive(Clone, Copy, PartialEq)]
enum Class {
    Space,
    Letter,
    Number,
    Other,
}

fn class(c: char) -> Class {
    match c {
        _ if c.is_whitespace() => Class::Space,
        'a'..='z' | 'A'..='Z' => Class::Letter,
        '0'..='9' => Class::Number,
        _ if c.is_ascii() => Class::Other,
        _ => match c.general_category_group() {
            GeneralCategoryGroup::Letter => Class::Letter,
            GeneralCategoryGroup::Number => Class::Number,
            _ => Class::Other,
        },
    }
}

/// The words, numerals and punctuation of a cleaned text.
pub(super) fn pre_tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| class(c) == Class::Space);
        let first = rest.chars().next()?;
        let fixed = SPECIAL.iter().chain(&CONTRACTIONS);
        let length = fixed.filter_map(|fixed| starts_with(rest, fixed)).next();
        let length = length.unwrap_or_else(|| match class(first) {
            Class::Number => first.len_utf8(),
            class => run(rest, class),
        });
        let (word, tail) = rest.split_at(length);
        rest = tail;
        Some(word)
    })
}

/// The length of the leading run of one class.
fn run(text: &str, of: Class) -> usize {
    text.find(|c| class(c) != of).unwrap_or(text.len())
}

/// The length of `fixed` at the start of a text. The expression ignores case, and to it the long
/// s is a lower-case s too.
fn starts_with(text: &str, fixed: &str) -> Option<usize> {
    let mut chars = text.chars();
    let same = |f: char| {
        chars
            .next()
            .is_some_and(|c| c == f || (c == 'ſ' && f == 's'))
    };
    fixed
        .chars()
        .all(same)
        .then(|| text.len() - chars.as_str().len())
}
