//! Refit: two papers on scaling laws, refitted from their released measurements.
//!
//! From below: [`study`] holds what was measured, [`law`] the functional forms, [`fit`] turns
//! points and a law into parameters. [`analysis`] is a figure's choices and what comes of them;
//! [`claim`] holds the printed numbers against it, [`finding`] says what re-running shows.
//! [`runs`] reads tables of a reader's own runs, which join them.
//! [`figure`] is an analysis as a chart, and the papers' own; [`chart`] draws. [`clip`] runs the models, on what [`compute`] offers.
//! [`page`] (wasm32 only) is the page.
//! [`decimal`] and [`order`] stand in for parts of the standard library that cost a page much.

pub mod analysis;
pub mod chart;
pub mod claim;
pub mod decimal;
pub mod figure;
pub mod finding;
pub mod model_error;
#[cfg(target_arch = "wasm32")]
pub mod page;
pub mod runs;
pub mod study;
pub mod text;
