//! What is wrong with a member, in a sentence; the others go on.

use std::fmt;

/// What is wrong with a member of an archive, a file of a folder or a row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which: its name, or its row; nothing for the whole.
    pub member: String,
    /// What is wrong.
    pub trouble: Trouble,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A picture without a text, in a `.txt` or `.caption`, or as `caption` in a `.json`.
    NoText,
    /// A text without a picture.
    NoPicture,
    /// A text without a character that is no space.
    EmptyText,
    /// A text in another encoding.
    NotUtf8,
    /// A `.json` that is none, or no object; the pair goes on without it.
    Json {
        /// What the parser says.
        reason: String,
    },
    /// A second picture or text of a key, in another format; the first is used.
    Second {
        /// The first.
        used: String,
    },
    /// A member that is larger than any picture.
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// A header whose sum is wrong; the stream goes on at the next whole one.
    Header {
        /// The byte at which it begins.
        at: u64,
    },
    /// A part of an archive that is not read.
    Unsupported {
        /// What it is.
        what: &'static str,
    },
    /// The archive ends within this member.
    CutOff,
    /// The archive lacks the blocks of zeros that end one.
    NoEnd,
    /// The gzip around the archive is damaged here; what follows is lost.
    Gzip {
        /// What the decoder says.
        reason: String,
    },
    /// A picture that cannot be decoded or read, which only the caller knows.
    Picture {
        /// Why.
        reason: String,
    },
    /// A row of a table that cannot be read.
    Row {
        /// Why.
        reason: String,
    },
}

impl Problem {
    /// A problem of a member.
    pub fn new(member: impl Into<String>, trouble: Trouble) -> Problem {
        let member = member.into();
        Problem { member, trouble }
    }

    /// Whether a pair is left out for it.
    pub fn leaves_out(&self) -> bool {
        !matches!(
            self.trouble,
            Trouble::Json { .. }
                | Trouble::Second { .. }
                | Trouble::Unsupported { .. }
                | Trouble::NoEnd
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { member, trouble } = self;
        if !member.is_empty() {
            write!(f, "{member}: ")?;
        }
        match trouble {
            Trouble::NoText => write!(f, "there is no text of this key beside it"),
            Trouble::NoPicture => write!(f, "there is no picture of this key beside it"),
            Trouble::EmptyText => write!(f, "its text is empty"),
            Trouble::NotUtf8 => write!(f, "its text is not UTF-8"),
            Trouble::Json { reason } => {
                write!(
                    f,
                    "the JSON cannot be read, and the pair goes without: {reason}"
                )
            }
            Trouble::Second { used } => write!(f, "{used} of the same key is used in its place"),
            Trouble::TooLarge { bytes } => {
                let mebibytes = bytes >> 20;
                write!(f, "it has {mebibytes} MiB, which no picture of a pair has")
            }
            Trouble::Header { at } => write!(
                f,
                "the header at byte {at} is damaged; the archive is read on from the next whole one"
            ),
            Trouble::Unsupported { what } => write!(f, "{what}, which is not read"),
            Trouble::CutOff => write!(f, "the archive ends within it"),
            Trouble::NoEnd => write!(f, "the archive has no end mark: it may be cut off"),
            Trouble::Gzip { reason } => {
                write!(f, "the gzip is damaged, and what follows is lost: {reason}")
            }
            Trouble::Picture { reason } | Trouble::Row { reason } => write!(f, "{reason}"),
        }
    }
}

impl std::error::Error for Problem {}
