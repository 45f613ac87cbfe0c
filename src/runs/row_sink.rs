//! Where the parsers of all formats push a table's header and rows.

use super::number::Cells;
use super::report::{Position, ReadError, RejectReason};

pub(super) trait RowSink {
    /// The names of the columns, before any row. With `decimal_comma`, "0,5" is a half.
    fn header(&mut self, names: Vec<String>, decimal_comma: bool) -> Result<(), ReadError>;

    /// Hides all but the first columns from the preview: the others may turn up in later rows.
    fn show(&mut self, columns: usize);

    fn row(&mut self, place: Position, cells: &dyn Cells) -> Result<(), ReadError>;

    /// A line that is a comment.
    fn comment(&mut self);

    /// A row that could not be parsed.
    fn broken_row(&mut self, place: Position, why: RejectReason);
}
