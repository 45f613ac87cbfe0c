//! What a document consists of.

use std::fmt;

/// A document: its title, its text, and what is computed in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// The one heading of the first level.
    pub title: String,
    pub blocks: Vec<Block>,
    /// [`Inline::Number`] refers to them.
    pub numbers: Vec<LiveNumber>,
    /// [`Block::Figure`] refers to them.
    pub figures: Vec<LiveFigure>,
    /// [`Block::LiveFormula`] and [`Inline::LiveFormula`] refer to them.
    pub formulas: Vec<LiveFormula>,
    /// Queries that links lead to, each with its place.
    pub links: Vec<(String, Place)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    Heading {
        /// From 2.
        level: u8,
        /// For links to it; unique in the document.
        id: String,
        text: Vec<Inline>,
    },
    Paragraph(Vec<Inline>),
    Aside(Vec<Block>),
    List {
        /// Of a numbered list.
        first: Option<u64>,
        items: Vec<Vec<Block>>,
    },
    Code(String),
    /// LaTeX.
    Formula(String),
    LiveFormula(usize),
    /// Cells of a row are inline.
    Table {
        head: Vec<Vec<Inline>>,
        rows: Vec<Vec<Vec<Inline>>>,
    },
    Figure(usize),
    Rule,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Inline {
    Text(String),
    Emphasis(Vec<Inline>),
    Strong(Vec<Inline>),
    Code(String),
    /// LaTeX.
    Formula(String),
    LiveFormula(usize),
    /// To https, or a query.
    Link {
        address: String,
        text: Vec<Inline>,
    },
    Number(usize),
    Break,
}

/// Line and column, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: u64,
    pub column: u64,
}

/// A link to a query with a fragment.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveNumber {
    /// What viewers show that compute nothing.
    pub label: String,
    /// "?family=clip#alpha".
    pub address: String,
    pub place: Place,
}

/// A formula that links to a query, whose laws have its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveFormula {
    pub latex: String,
    /// "?family=clip", or "?claims=PREFIX".
    pub address: String,
    pub place: Place,
}

/// An image whose address is a query.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveFigure {
    pub caption: Vec<Inline>,
    /// "?family=clip".
    pub address: String,
    /// "threshold: 1e12 | 2.5e11"; empty where nothing is to choose.
    pub control: String,
    pub place: Place,
}

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub place: Place,
    pub message: String,
}

impl Place {
    /// Of a byte of a text.
    pub(super) fn of(text: &str, offset: usize) -> Place {
        let before = text.get(..offset).unwrap_or(text);
        Place {
            line: before.matches('\n').count() as u64 + 1,
            column: before.chars().rev().take_while(|c| *c != '\n').count() as u64 + 1,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = self.place;
        write!(f, "line {line}, column {column}: {}", self.message)
    }
}

impl std::error::Error for Problem {}

/// The text of inlines, without what is computed.
pub(super) fn plain(inlines: &[Inline]) -> String {
    let mut text = String::new();
    for inline in inlines {
        match inline {
            Inline::Text(t) | Inline::Code(t) | Inline::Formula(t) => text.push_str(t),
            Inline::Emphasis(inner) | Inline::Strong(inner) => text.push_str(&plain(inner)),
            Inline::Link { text: inner, .. } => text.push_str(&plain(inner)),
            Inline::Number(_) | Inline::LiveFormula(_) => {}
            Inline::Break => text.push(' '),
        }
    }
    text
}
