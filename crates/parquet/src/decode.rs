//! Encodings of values, each read one value at a time: a page may claim any number of them.

use super::ParquetError;

type Result<T> = std::result::Result<T, ParquetError>;

pub(super) const DAMAGED: ParquetError = ParquetError::Damaged {
    what: "a page ends too early or does not hold what it says",
};

/// Bytes from the front.
#[derive(Clone)]
pub(super) struct Bytes {
    bytes: Vec<u8>,
    at: usize,
}

impl Bytes {
    pub(super) fn new(bytes: Vec<u8>) -> Bytes {
        Bytes { bytes, at: 0 }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&[u8]> {
        let end = self.at.checked_add(count).ok_or(DAMAGED)?;
        let taken = self.bytes.get(self.at..end).ok_or(DAMAGED)?;
        self.at = end;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| DAMAGED)
    }

    /// A 32-bit length, and that many bytes.
    pub(super) fn prefixed(&mut self) -> Result<&[u8]> {
        let length = u32::from_le_bytes(self.array()?);
        self.take(length as usize)
    }

    pub(super) fn rest(self) -> Vec<u8> {
        self.bytes[self.at..].to_vec()
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DAMAGED)
    }

    fn zigzag(&mut self) -> Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

/// Unsigned numbers of a fixed number of bits, lowest bit first.
#[derive(Clone, Default)]
struct Bits {
    buffer: u128,
    filled: u32,
}

impl Bits {
    fn next(&mut self, width: u32, bytes: &mut Bytes) -> Result<u64> {
        while self.filled < width {
            let [byte] = bytes.array()?;
            self.buffer |= u128::from(byte) << self.filled;
            self.filled += 8;
        }
        let value = (self.buffer & ((1_u128 << width) - 1)) as u64;
        self.buffer >>= width;
        self.filled -= width;
        Ok(value)
    }
}

/// Runs of equal numbers and bit-packed ones in turn: levels, indices into a dictionary, booleans.
pub(super) struct Hybrid {
    bytes: Bytes,
    width: u32,
    run: Run,
}

enum Run {
    Equal { left: u64, value: u32 },
    Packed { left: u64, bits: Bits },
}

impl Hybrid {
    pub(super) fn new(bytes: Vec<u8>, width: u32) -> Result<Hybrid> {
        if width > 32 {
            return Err(DAMAGED);
        }
        Ok(Hybrid {
            bytes: Bytes::new(bytes),
            width,
            run: Run::Equal { left: 0, value: 0 },
        })
    }

    pub(super) fn next(&mut self) -> Result<u32> {
        loop {
            match &mut self.run {
                Run::Equal { left, value } if *left > 0 => {
                    *left -= 1;
                    return Ok(*value);
                }
                Run::Packed { left, bits } if *left > 0 => {
                    *left -= 1;
                    return Ok(bits.next(self.width, &mut self.bytes)? as u32);
                }
                _ => self.run = self.next_run()?,
            }
        }
    }

    fn next_run(&mut self) -> Result<Run> {
        let header = self.bytes.varint()?;
        let left = header >> 1;
        if left == 0 {
            return Err(DAMAGED);
        }
        if header & 1 == 1 {
            let left = left.checked_mul(8).ok_or(DAMAGED)?;
            let bits = Bits::default();
            return Ok(Run::Packed { left, bits });
        }
        let mut value = [0; 4];
        let bytes = self.width.div_ceil(8) as usize;
        value[..bytes].copy_from_slice(self.bytes.take(bytes)?);
        let value = u32::from_le_bytes(value);
        Ok(Run::Equal { left, value })
    }
}

/// Differences, packed in blocks (DELTA_BINARY_PACKED).
pub(super) struct Delta {
    bytes: Bytes,
    miniblock: u64,
    miniblocks: usize,
    /// Values in all, and how many have been read.
    total: u64,
    read: u64,
    last: i64,
    least: i64,
    widths: Vec<u8>,
    /// Miniblock of the block, values left in it, its bits.
    current: usize,
    left: u64,
    bits: Bits,
}

impl Delta {
    pub(super) fn new(bytes: Vec<u8>) -> Result<Delta> {
        let mut bytes = Bytes::new(bytes);
        let block = bytes.varint()?;
        let miniblocks = bytes.varint()?;
        let total = bytes.varint()?;
        let last = bytes.zigzag()?;
        let per = block.checked_div(miniblocks).unwrap_or(0);
        // In miniblocks of 32, as the format asks.
        if per == 0 || per % 32 != 0 || miniblocks > 1 << 10 || block > 1 << 20 {
            return Err(DAMAGED);
        }
        Ok(Delta {
            bytes,
            miniblock: per,
            miniblocks: miniblocks as usize,
            total,
            read: 0,
            last,
            least: 0,
            widths: Vec::new(),
            current: 0,
            left: 0,
            bits: Bits::default(),
        })
    }

    pub(super) fn next(&mut self) -> Result<i64> {
        if self.read >= self.total {
            return Err(DAMAGED);
        }
        self.read += 1;
        if self.read == 1 {
            return Ok(self.last);
        }
        if self.left == 0 {
            self.current += 1;
            if self.current >= self.widths.len() {
                self.least = self.bytes.zigzag()?;
                self.widths = self.bytes.take(self.miniblocks)?.to_vec();
                self.current = 0;
            }
            self.left = self.miniblock;
            self.bits = Bits::default();
        }
        self.left -= 1;
        let width = u32::from(self.widths[self.current]);
        if width > 64 {
            return Err(DAMAGED);
        }
        let delta = self.bits.next(width, &mut self.bytes)? as i64;
        self.last = self.last.wrapping_add(self.least).wrapping_add(delta);
        Ok(self.last)
    }

    /// What follows the numbers, which have all been read: the last miniblock is filled up with
    /// bits of no meaning.
    fn rest(mut self) -> Vec<u8> {
        if self.left > 0 && !self.widths.is_empty() {
            let bits = self.left * u64::from(self.widths[self.current]);
            let padding = bits.saturating_sub(u64::from(self.bits.filled)).div_ceil(8);
            // A writer may leave it out at the end of a page.
            let there = (padding as usize).min(self.bytes.left());
            self.bytes.at += there;
        }
        self.bytes.rest()
    }
}

/// Texts, their lengths in front (DELTA_LENGTH_BYTE_ARRAY), or in front of that how much of the
/// last text they begin with (DELTA_BYTE_ARRAY).
pub(super) struct DeltaText {
    prefixes: Option<Delta>,
    lengths: Delta,
    text: Bytes,
    last: Vec<u8>,
}

impl DeltaText {
    pub(super) fn new(bytes: Vec<u8>, prefixed: bool) -> Result<DeltaText> {
        let (prefixes, bytes) = match prefixed {
            true => {
                let prefixes = Delta::new(bytes.clone())?;
                (Some(prefixes), after(bytes)?)
            }
            false => (None, bytes),
        };
        let lengths = Delta::new(bytes.clone())?;
        Ok(DeltaText {
            prefixes,
            lengths,
            text: Bytes::new(after(bytes)?),
            last: Vec::new(),
        })
    }

    pub(super) fn next(&mut self) -> Result<&[u8]> {
        let prefix = match &mut self.prefixes {
            Some(prefixes) => usize::try_from(prefixes.next()?).map_err(|_| DAMAGED)?,
            None => 0,
        };
        if prefix > self.last.len() {
            return Err(DAMAGED);
        }
        let length = usize::try_from(self.lengths.next()?).map_err(|_| DAMAGED)?;
        self.last.truncate(prefix);
        self.last.extend_from_slice(self.text.take(length)?);
        Ok(&self.last)
    }
}

/// The bytes after a list of differences.
fn after(bytes: Vec<u8>) -> Result<Vec<u8>> {
    let mut delta = Delta::new(bytes)?;
    // A page of so many texts would not fit into memory.
    if delta.total > 1 << 28 {
        return Err(DAMAGED);
    }
    for _ in 0..delta.total {
        delta.next()?;
    }
    Ok(delta.rest())
}

/// Bytes of a kind together, the first of all values first (BYTE_STREAM_SPLIT).
pub(super) struct ByteStreamSplit {
    bytes: Vec<u8>,
    width: usize,
    at: usize,
}

impl ByteStreamSplit {
    pub(super) fn new(bytes: Vec<u8>, width: usize) -> ByteStreamSplit {
        let at = 0;
        ByteStreamSplit { bytes, width, at }
    }

    pub(super) fn next(&mut self) -> Result<Vec<u8>> {
        let count = self.bytes.len() / self.width;
        if self.at >= count {
            return Err(DAMAGED);
        }
        let value = (0..self.width).map(|i| self.bytes[i * count + self.at]);
        let value = value.collect();
        self.at += 1;
        Ok(value)
    }
}
