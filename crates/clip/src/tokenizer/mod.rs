//! Text to token ids, as `SimpleTokenizer` in open_clip's `tokenizer.py`.
//!
//! The text is cleaned (the repairs of ftfy, HTML entities, NFC, lower case) and split into words,
//! numerals and punctuation; byte-pair encoding then merges the bytes of each in the order in which
//! the vocabulary learnt the pairs. The vocabulary is data: the contents of two files, `merges.bin`
//! and `entities.txt`, are passed to [`Tokenizer::new`].

mod clean;
mod mojibake;
mod split;

use clean::Entities;
use std::collections::HashMap;
use std::fmt;

/// Tokens of CLIP's vocabulary.
pub const VOCABULARY: usize = 49408;
/// The most tokens of a text in CLIP and in both studies' models, start and end included.
pub const CONTEXT_LENGTH: usize = 77;

/// One token for each byte, and one for each byte that ends a word.
const BYTE_TOKENS: usize = 512;
/// The start and the end of a text.
const SPECIAL_TOKENS: usize = 2;
const MERGES: usize = VOCABULARY - SPECIAL_TOKENS - BYTE_TOKENS;

/// A text's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// From [`Tokenizer::start`] to [`Tokenizer::end`], unpadded, and no longer than the context.
    pub ids: Vec<u32>,
    /// Tokens that did not fit into the context and were left out.
    pub truncated: usize,
    /// The text looks like UTF-8 that was decoded with another encoding ("cafÃ©"). open_clip would
    /// try to repair it with ftfy; here it is encoded as it is.
    pub mojibake: bool,
}

/// Why a tokenizer cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VocabularyError {
    /// The merges have the wrong length.
    Length {
        /// Their length, in bytes.
        found: usize,
        /// The length that they should have, in bytes.
        expected: usize,
    },
    /// A merge joins a token that does not exist yet.
    Merge {
        /// The merge, from 0.
        index: usize,
    },
    /// A line of the table of HTML's entities is not a name and code points.
    Entity {
        /// The line, from 1.
        line: usize,
    },
    /// A model's vocabulary is not the beginning of CLIP's.
    Size {
        /// Tokens of the model's vocabulary.
        tokens: usize,
    },
    /// A model takes only texts without any word.
    Context {
        /// The most tokens of a text.
        tokens: usize,
    },
}

impl fmt::Display for VocabularyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VocabularyError::Length { found, expected } => write!(
                f,
                "the tokenizer's vocabulary has {found} bytes where {expected} are expected"
            ),
            VocabularyError::Merge { index } => {
                write!(f, "merge {index} of the tokenizer's vocabulary is damaged")
            }
            VocabularyError::Entity { line } => {
                write!(f, "line {line} of the table of HTML entities is damaged")
            }
            VocabularyError::Size { tokens } => write!(
                f,
                "the model's vocabulary of {tokens} tokens is no part of CLIP's, so that it was trained with another tokenizer"
            ),
            VocabularyError::Context { tokens } => write!(
                f,
                "the model takes texts of {tokens} tokens, which leaves no room for a word"
            ),
        }
    }
}

impl std::error::Error for VocabularyError {}

/// CLIP's byte-pair encoding, or the beginning of it that a smaller model's vocabulary has.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    /// A pair of tokens to the token that joins them; a lower one was learnt earlier.
    merges: HashMap<[u16; 2], u16>,
    entities: Entities,
    vocabulary: usize,
    context: usize,
}

impl Tokenizer {
    /// CLIP's tokenizer. `merges` has for each merge the two token ids that it joins (u16, little
    /// endian); `entities` has on each line the name of an HTML entity and its code points in
    /// hexadecimal.
    pub fn new(merges: &[u8], entities: &str) -> Result<Self, VocabularyError> {
        if merges.len() != 4 * MERGES {
            return Err(VocabularyError::Length {
                found: merges.len(),
                expected: 4 * MERGES,
            });
        }
        let mut table = HashMap::with_capacity(MERGES);
        for (index, pair) in merges.chunks_exact(4).enumerate() {
            let token = (BYTE_TOKENS + index) as u16;
            let left = u16::from_le_bytes([pair[0], pair[1]]);
            let right = u16::from_le_bytes([pair[2], pair[3]]);
            if left.max(right) >= token {
                return Err(VocabularyError::Merge { index });
            }
            table.insert([left, right], token);
        }
        Ok(Tokenizer {
            merges: table,
            entities: Entities::read(entities)?,
            vocabulary: VOCABULARY,
            context: CONTEXT_LENGTH,
        })
    }

    /// The tokenizer of a model with `vocabulary` tokens (the bytes, the first merges, then start and
    /// end of text) and texts of at most `context` tokens.
    pub fn for_model(mut self, vocabulary: usize, context: usize) -> Result<Self, VocabularyError> {
        if !(BYTE_TOKENS + SPECIAL_TOKENS..=self.vocabulary).contains(&vocabulary) {
            return Err(VocabularyError::Size { tokens: vocabulary });
        }
        if context <= SPECIAL_TOKENS {
            return Err(VocabularyError::Context { tokens: context });
        }
        (self.vocabulary, self.context) = (vocabulary, context);
        let start = self.start();
        self.merges.retain(|_, token| u32::from(*token) < start);
        Ok(self)
    }

    /// The start-of-text token, the first of every text.
    pub fn start(&self) -> u32 {
        (self.vocabulary - 2) as u32
    }

    /// The end-of-text token, the last of every text.
    pub fn end(&self) -> u32 {
        (self.vocabulary - 1) as u32
    }

    /// The tokens of a text.
    pub fn encode(&self, text: &str) -> Tokens {
        let clean = clean::clean(text, &self.entities);
        let mut ids = vec![self.start()];
        for word in split::pre_tokens(&clean) {
            match word {
                "<start_of_text>" => ids.push(self.start()),
                "<end_of_text>" => ids.push(self.end()),
                _ => self.encode_word(word, &mut ids),
            }
        }
        let truncated = (ids.len() + 1).saturating_sub(self.context);
        ids.truncate(self.context - 1);
        ids.push(self.end());
        Tokens {
            ids,
            truncated,
            mojibake: mojibake::suspected(text),
        }
    }

    /// The text of token ids, in lower case and without start and end of text. Bytes that are not
    /// UTF-8 become U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> String {
        let parts: HashMap<u16, [u16; 2]> = self.merges.iter().map(|(p, t)| (*t, *p)).collect();
        let mut bytes = Vec::new();
        for id in ids.iter().filter(|id| **id < self.start()) {
            let mut rest = vec![*id as u16];
            while let Some(token) = rest.pop() {
                if let Some([left, right]) = parts.get(&token) {
                    rest.extend([*right, *left]);
                } else {
                    bytes.push(token_byte(token % 256));
                    bytes.extend((token >= 256).then_some(b' '));
                }
            }
        }
        String::from_utf8_lossy(&bytes).trim_end().to_owned()
    }

    /// Merges everywhere the pair that was learnt first, until no known pair is left.
    fn encode_word(&self, word: &str, ids: &mut Vec<u32>) {
        let mut tokens: Vec<u16> = word.bytes().map(byte_token).collect();
        if let Some(last) = tokens.last_mut() {
            *last += 256;
        }
        loop {
            let pairs = tokens
                .windows(2)
                .filter_map(|w| self.merges.get(&[w[0], w[1]]));
            let Some(&token) = pairs.min() else { break };
            let mut joined = Vec::with_capacity(tokens.len());
            let mut rest = tokens.as_slice();
            while let [first, tail @ ..] = rest {
                let pair = tail
                    .first()
                    .and_then(|second| self.merges.get(&[*first, *second]));
                if pair == Some(&token) {
                    joined.push(token);
                    rest = &tail[1..];
                } else {
                    joined.push(*first);
                    rest = tail;
                }
            }
            tokens = joined;
        }
        ids.extend(tokens.into_iter().map(u32::from));
    }
}

/// The token of a byte within a word: first the bytes that print in Latin-1, then the others.
fn byte_token(byte: u8) -> u16 {
    let byte = u16::from(byte);
    match byte {
        0x21..=0x7e => byte - 0x21,
        0xa1..=0xac => byte - 0xa1 + 94,
        0xae..=0xff => byte - 0xae + 106,
        0x00..=0x20 => byte + 188,
        0x7f..=0xa0 => byte - 0x7f + 221,
        _ => 255, // 0xad, the soft hyphen
    }
}

/// The byte of such a token.
fn token_byte(token: u16) -> u8 {
    match token {
        0..94 => (token + 0x21) as u8,
        94..106 => (token - 94 + 0xa1) as u8,
        106..188 => (token - 106 + 0xae) as u8,
        188..221 => (token - 188) as u8,
        221..255 => (token - 221 + 0x7f) as u8,
        _ => 0xad,
    }
}

#[cfg(test)]
mod tests {
    use super::{byte_token, token_byte};

    #[test]
    fn a_byte_and_its_token_are_one() {
        assert!((0..=255).all(|byte| token_byte(byte_token(byte)) == byte));
    }
}
