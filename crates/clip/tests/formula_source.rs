//! A formula's file, read as any checkpoint.

use crate::formula::FormulaFile;
use refit_clip::weights::source::{Source, SourceError};

impl Source for FormulaFile {
    fn size(&self) -> u64 {
        self.size()
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        match self.fill(at, buffer) {
            true => Ok(()),
            false => Err(SourceError::Ended { at: self.size() }),
        }
    }
}
