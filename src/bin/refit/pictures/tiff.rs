//! What a TIFF says that its decoder does not tell.

/// The tag of the compression, and its numbers for JPEG.
const COMPRESSION: u16 = 259;
const JPEGS: [u16; 2] = [6, 7];

/// Whether the first picture of a TIFF is stored as JPEG. Its decoder rounds otherwise than libjpeg.
pub(super) fn holds_jpeg(bytes: &[u8]) -> bool {
    compression(bytes).is_some_and(|compression| JPEGS.contains(&compression))
}

fn compression(bytes: &[u8]) -> Option<u16> {
    let is_little = bytes.starts_with(b"II");
    let short = |at: usize| {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match is_little {
            true => u16::from_le_bytes(bytes),
            false => u16::from_be_bytes(bytes),
        })
    };
    let long = |at: usize| {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match is_little {
            true => u32::from_le_bytes(bytes),
            false => u32::from_be_bytes(bytes),
        })
    };
    let directory = usize::try_from(long(4)?).ok()?;
    let count = usize::from(short(directory)?);
    let mut fields = (0..count).map(|field| directory + 2 + 12 * field);
    let field = fields.find(|at| short(*at) == Some(COMPRESSION))?;
    short(field + 8)
}
