//! Text as a CSV cell.

/// Writes a cell, quoted where a reader of CSV would take it for something else: its delimiters,
/// or a comment. For all that is converted to CSV.
pub fn write_cell(out: &mut Vec<u8>, text: &[u8]) {
    let special = |b: &u8| matches!(b, b'"' | b',' | b';' | b'|' | b'\t' | b'\n' | b'\r' | 0);
    if !text.iter().any(special) && !text.starts_with(b"#") {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\"\""),
            // A zero byte says of text that it is none.
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            byte => out.push(*byte),
        }
    }
    out.push(b'"');
}
