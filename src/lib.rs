//! Refit: two papers on scaling laws, refitted from their released measurements.
//!
//! From below: [`study`] holds what was measured, [`law`] the functional forms, [`fit`] turns
//! points and a law into parameters. [`analysis`] is a figure's choices and what comes of them;
//! [`claim`] holds the printed numbers against it. [`chart`] draws. [`clip`] runs the models.

pub mod analysis;
pub mod chart;
pub mod claim;
pub mod clip;
pub mod compute;
pub mod fit;
pub mod law;
pub mod study;
