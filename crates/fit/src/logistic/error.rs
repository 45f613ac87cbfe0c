//! Why examples teach no classifier.

use std::fmt;

/// Why a classifier could not be fitted or judged. Classes and rows are counted from 0 here, and from 1 in the
/// messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogisticError {
    /// The examples are of fewer than two classes.
    OneClass,
    /// A vector has a number that is infinite or NaN.
    NotFinite {
        /// Its row.
        row: usize,
    },
    /// All vectors are the same, so that nothing tells classes apart.
    Constant,
    /// The numbers are not rows of that width.
    Width {
        /// Numbers given.
        have: usize,
        /// Numbers of a row.
        need: usize,
    },
    /// A class has fewer examples than are asked for.
    TooFew {
        /// The class.
        class: usize,
        /// Examples that it has.
        have: usize,
        /// Examples that are needed.
        need: usize,
    },
    /// The strength of the penalty is not a positive number.
    Strength,
    /// The caller stopped the work.
    Stopped,
}

impl fmt::Display for LogisticError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogisticError::OneClass => write!(f, "All examples are of one class."),
            LogisticError::NotFinite { row } => {
                write!(f, "Vector {} has a number that is not finite.", row + 1)
            }
            LogisticError::Constant => write!(f, "All vectors are the same."),
            LogisticError::Width { have, need } => {
                write!(f, "{have} numbers are no rows of {need}.")
            }
            LogisticError::TooFew { class, have, need } => write!(
                f,
                "Class {} has {have} of {need} examples that are needed.",
                class + 1
            ),
            LogisticError::Strength => write!(f, "The penalty is not a positive number."),
            LogisticError::Stopped => write!(f, "Stopped."),
        }
    }
}

impl std::error::Error for LogisticError {}
