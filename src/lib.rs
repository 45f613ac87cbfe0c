//! Refit: two papers on scaling laws, refitted from their released measurements.

pub mod chart;
