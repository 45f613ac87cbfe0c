//! A paper to read: `read.md` in a study's folder.
//!
//! [`parse`](fn@parse) takes CommonMark apart into a [`Document`] and finds its live numbers, formulas and figures,
//! which [`compute`] computes from the study's measurements by the functions that all front ends call. Nothing of a
//! document runs: raw HTML is an error, and links lead to https or to queries. The conventions are in
//! `docs/studies.md`.

mod address;
mod claims;
mod compute;
mod document;
mod figure;
mod fitted;
mod formula;
pub mod hand;
mod home;
mod html;
mod number;
mod page;
mod parse;
mod series;
pub mod share;
mod style;

pub use compute::{Computed, Source, compute};
pub use document::{Block, Document, Inline, LiveFigure, LiveFormula, LiveNumber, Place, Problem};
pub use figure::{ByHand, Control, Drawn, Variant};
pub use fitted::{Fitted, FittedLaw, FittedParameter};
pub use home::{Answer, Home};
pub use html::Files;
pub use number::{Number, Printed};
pub use page::{Listed, Page, list};
pub use parse::parse;
pub use style::stylesheet;

/// Its name in the folder.
pub const FILE: &str = "read.md";
