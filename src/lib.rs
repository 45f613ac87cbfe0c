//! Refit: papers on scaling laws, refitted from their published measurements.
//!
//! From below: [`study`] holds the studies and their measurements. [`analysis`] is a figure's choices and their
//! outcome; laws and fits are those of [`refit_fit`]. [`claim`] checks the printed numbers
//! against it, [`mod@check`] holds a study's folder to what it says, [`finding`] reports what re-running the authors' analyses shows. [`runs`] reads a
//! reader's own tables of runs, which join the measurements. [`figure`] turns an analysis into a
//! chart and lists the papers' figures; [`chart`] draws. The page (wasm32 only) and the terminal
//! program are the front ends; models are run by [`refit_clip`], [`teach`] teaches heads on their embeddings, [`heat`] shows where in an image a text is, and [`pairs`] judges pairs of images and texts by their cosines. [`text`] formats numbers, [`words`] says what helps against errors, and
//! [`decimal`] replaces the standard library's parser where that would make the page larger.

pub mod analysis;
pub mod chart;
pub mod check;
pub mod claim;
pub mod class_lists;
pub mod decimal;
pub mod figure;
pub mod finding;
pub mod heat;
pub mod model_error;
#[cfg(target_arch = "wasm32")]
pub mod page;
pub mod pairs;
pub mod read;
pub mod runs;
pub mod study;
pub mod teach;
pub mod text;
#[cfg(target_arch = "wasm32")]
pub mod trigonometry;
pub mod words;
