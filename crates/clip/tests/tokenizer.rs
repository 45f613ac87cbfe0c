//! The tokenizer against open_clip's, on texts that `tests/reference/tokenizer.py` made.
use refit_clip::tokenizer::{CONTEXT_LENGTH, Tokenizer, VOCABULARY, VocabularyError};
use serde::Deserialize;
use std::sync::OnceLock;

const MERGES: &[u8] = include_bytes!("../../../public/clip/merges.bin");
const ENTITIES: &str = include_str!("../../../public/clip/entities.txt");

fn tokenizer() -> &'static Tokenizer {
    static TOKENIZER: OnceLock<Tokenizer> = OnceLock::new();
    TOKENIZER.get_or_init(|| Tokenizer::new(MERGES, ENTITIES).unwrap())
}

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
    /// ftfy's repair of mojibake changes these.
    #[serde(default)]
    repaired: bool,
}

#[test]
fn ids_are_open_clips() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("reference/tokenizer_cases.json")).unwrap();
    assert!(cases.len() >= 500);
    let tokenizer = tokenizer();
    let mut wrong = Vec::new();
    for case in &cases {
        let tokens = tokenizer.encode(&case.text);
        if case.repaired {
            assert!(tokens.mojibake, "{:?} is not recognised", case.text);
        } else if tokens.ids != case.ids {
            wrong.push(format!(
                "{:?}\n  {:?}\n  {:?}",
                case.text, tokens.ids, case.ids
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// As open_clip's `decode` writes them, without start, end and the last space.
#[test]
fn ids_become_text_again() {
    let tokenizer = tokenizer();
    for (text, decoded) in [
        ("a photo of a cat.", "a photo of a cat ."),
        ("naïve café — 北京 🚀", "naïve café — 北京 🚀"),
        ("It's 12 o'clock!", "it 's 1 2 o ' clock !"),
    ] {
        assert_eq!(tokenizer.decode(&tokenizer.encode(text).ids), decoded);
    }
    // Parts of a character.
    assert_eq!(tokenizer.decode(&[161, 234]), "\u{fffd}");
    assert_eq!(tokenizer.decode(&[0, 255, 511]), "!\u{fffd}\u{fffd}");
}

#[test]
fn what_does_not_fit_is_counted() {
    let tokenizer = tokenizer();
    assert_eq!(tokenizer.encode(&"word ".repeat(75)).truncated, 0);
    let long = tokenizer.encode(&"word ".repeat(80));
    assert_eq!((long.truncated, long.ids.len()), (5, CONTEXT_LENGTH));
    assert_eq!(long.ids.last(), Some(&tokenizer.end()));
}

/// Cases by the tokenizer that the bundled model was trained with (`data/shapes/train.py`).
#[test]
fn a_smaller_vocabulary_has_the_first_merges() {
    #[derive(Deserialize)]
    struct Smaller {
        vocabulary: usize,
        context: usize,
        cases: Vec<Case>,
    }
    let sizes: Vec<Smaller> =
        serde_json::from_str(include_str!("reference/smaller_vocabularies.json")).unwrap();
    assert!(sizes.iter().any(|size| size.vocabulary == VOCABULARY));
    for size in &sizes {
        let tokenizer = tokenizer()
            .clone()
            .for_model(size.vocabulary, size.context)
            .unwrap();
        for case in &size.cases {
            assert_eq!(
                tokenizer.encode(&case.text).ids,
                case.ids,
                "{:?}",
                case.text
            );
        }
    }
    for tokens in [0, 513, VOCABULARY + 1] {
        let error = tokenizer()
            .clone()
            .for_model(tokens, CONTEXT_LENGTH)
            .unwrap_err();
        assert_eq!(error, VocabularyError::Size { tokens });
    }
    let error = tokenizer().clone().for_model(VOCABULARY, 2).unwrap_err();
    assert_eq!(error, VocabularyError::Context { tokens: 2 });
}

#[test]
fn damaged_vocabularies_are_refused() {
    let expected = MERGES.len();
    let short = Tokenizer::new(&MERGES[..expected - 1], ENTITIES);
    let found = expected - 1;
    assert_eq!(
        short.unwrap_err(),
        VocabularyError::Length { found, expected }
    );
    let mut damaged = MERGES.to_vec();
    damaged[400..402].fill(0xff);
    let damaged = Tokenizer::new(&damaged, ENTITIES);
    assert_eq!(damaged.unwrap_err(), VocabularyError::Merge { index: 100 });
    let entities = Tokenizer::new(MERGES, "amp; 26\nlt; <");
    assert_eq!(entities.unwrap_err(), VocabularyError::Entity { line: 2 });
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,40}", odd in "[&#x;0-9a-fA-F<\u{1b}\\[\r\n ]{0,40}") {
        let tokenizer = tokenizer();
        for text in [&text, &odd] {
            let tokens = tokenizer.encode(text);
            proptest::prop_assert!(tokens.ids.len() <= CONTEXT_LENGTH);
        }
    }
}
