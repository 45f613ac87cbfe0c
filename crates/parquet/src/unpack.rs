//! A page's compression.

use std::io::Read;

/// A page's bytes, which are to be `size`; an error names the codec that is not supported, or none
/// where the page is damaged. No more is set aside than the packed bytes can come to.
pub(super) fn unpack(
    codec: i32,
    packed: &[u8],
    size: usize,
) -> Result<Vec<u8>, Option<&'static str>> {
    let bytes = match codec {
        0 => Some(packed.to_vec()),
        1 => snappy(packed, size),
        2 => whole(flate2::read::MultiGzDecoder::new(packed), size),
        4 => whole(brotli_decompressor::Decompressor::new(packed, BUFFER), size),
        // The older codec was defined by what Hadoop wrote, and some wrote bare blocks.
        5 => hadoop_lz4(packed, size).or_else(|| lz4(packed, size)),
        6 if packed.is_empty() && size == 0 => Some(Vec::new()),
        6 => ruzstd::decoding::StreamingDecoder::new(packed)
            .ok()
            .and_then(|zstd| whole(zstd, size)),
        7 => lz4(packed, size),
        3 => return Err(Some("LZO")),
        _ => return Err(Some("an unknown codec")),
    };
    bytes.filter(|bytes| bytes.len() == size).ok_or(None)
}

/// Bytes that Brotli's decoder takes at once.
const BUFFER: usize = 4 << 10;

/// What a decoder gives, up to a byte more than was promised.
fn whole(decoder: impl Read, size: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = decoder.take(size as u64 + 1).read_to_end(&mut bytes);
    read.ok().map(|_| bytes)
}

fn snappy(packed: &[u8], size: usize) -> Option<Vec<u8>> {
    if snap::raw::decompress_len(packed).ok()? != size {
        return None;
    }
    snap::raw::Decoder::new().decompress_vec(packed).ok()
}

/// A byte of a block of LZ4 gives 255 at most.
const LZ4_EXPANSION: usize = 255;

fn lz4(packed: &[u8], size: usize) -> Option<Vec<u8>> {
    if size > packed.len().saturating_mul(LZ4_EXPANSION) {
        return None;
    }
    lz4_flex::block::decompress(packed, size).ok()
}

/// Blocks of LZ4, each after its sizes, unpacked and packed, highest byte first.
fn hadoop_lz4(mut packed: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while !packed.is_empty() {
        let (unpacked, rest) = packed.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (block, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let unpacked = u32::from_be_bytes(*unpacked) as usize;
        if unpacked > size - bytes.len() {
            return None;
        }
        bytes.extend(lz4(block, unpacked)?);
        packed = rest;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::unpack;

    #[test]
    fn sizes_that_lie_are_errors_and_take_no_memory() {
        let block = lz4_flex::block::compress(&[7; 1000]);
        let sizes = |unpacked: u32| {
            let length = block.len() as u32;
            [&unpacked.to_be_bytes(), &length.to_be_bytes(), &block[..]].concat()
        };
        assert_eq!(unpack(7, &block, 1000), Ok(vec![7; 1000]));
        assert_eq!(unpack(5, &block, 1000), Ok(vec![7; 1000]));
        assert_eq!(unpack(5, &sizes(1000), 1000), Ok(vec![7; 1000]));
        let huge = 1 << 40;
        for size in [0, 999, 1001, huge] {
            assert_eq!(unpack(7, &block, size), Err(None), "{size}");
            assert_eq!(unpack(5, &sizes(1000), size), Err(None), "{size}");
        }
        assert_eq!(unpack(5, &sizes(u32::MAX), huge), Err(None));
        for codec in [0, 1, 2, 4, 6] {
            assert_eq!(unpack(codec, &block, huge), Err(None), "{codec}");
        }
        assert_eq!(unpack(3, &block, 1000), Err(Some("LZO")));
    }
}
