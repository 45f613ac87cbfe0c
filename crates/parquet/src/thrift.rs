//! The compact protocol of Thrift, in which Parquet's metadata are written.

use super::ParquetError;

const DAMAGED: ParquetError = ParquetError::Damaged {
    what: "its metadata end too early or are not metadata",
};

/// Metadata nest a few levels deep; what nests deeper is made to exhaust the stack.
const DEPTH: u32 = 32;

/// Bytes of metadata and how far they have been read.
pub(super) struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// What a field or an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ThriftKind(u8);

impl ThriftKind {
    const TRUE: ThriftKind = ThriftKind(1);
    const FALSE: ThriftKind = ThriftKind(2);
    pub(super) const LIST: ThriftKind = ThriftKind(9);
    pub(super) const STRUCT: ThriftKind = ThriftKind(12);
}

type Result<T> = std::result::Result<T, ParquetError>;

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Thrift<'a> {
        Thrift { bytes, at: 0 }
    }

    /// Bytes that have been read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Result<u8> {
        let byte = *self.bytes.get(self.at).ok_or(DAMAGED)?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DAMAGED)
    }

    pub(super) fn int(&mut self) -> Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub(super) fn binary(&mut self) -> Result<&'a [u8]> {
        let length = usize::try_from(self.varint()?).map_err(|_| DAMAGED)?;
        let end = self.at.checked_add(length).ok_or(DAMAGED)?;
        let bytes = self.bytes.get(self.at..end).ok_or(DAMAGED)?;
        self.at = end;
        Ok(bytes)
    }

    /// Calls `field` with each field's number; it reads the value, or says that it did not.
    pub(super) fn fields(
        &mut self,
        field: &mut dyn FnMut(&mut Self, i16, ThriftKind) -> Result<bool>,
    ) -> Result<()> {
        let mut id = 0_i16;
        loop {
            let header = self.byte()?;
            if header == 0 {
                return Ok(());
            }
            id = match header >> 4 {
                0 => i16::try_from(self.int()?).map_err(|_| DAMAGED)?,
                step => id.checked_add(i16::from(step)).ok_or(DAMAGED)?,
            };
            let kind = ThriftKind(header & 0x0f);
            if !field(self, id, kind)? {
                self.skip(kind, 0)?;
            }
        }
    }

    /// Calls `item` for each item of a list.
    pub(super) fn list(
        &mut self,
        item: &mut dyn FnMut(&mut Self, ThriftKind) -> Result<()>,
    ) -> Result<()> {
        let (kind, count) = self.list_header()?;
        for _ in 0..count {
            item(self, kind)?;
        }
        Ok(())
    }

    fn list_header(&mut self) -> Result<(ThriftKind, u64)> {
        let header = self.byte()?;
        let count = match header >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        // Every item takes a byte at least.
        match count <= (self.bytes.len() - self.at) as u64 {
            true => Ok((ThriftKind(header & 0x0f), count)),
            false => Err(DAMAGED),
        }
    }

    pub(super) fn skip(&mut self, kind: ThriftKind, depth: u32) -> Result<()> {
        if depth > DEPTH {
            return Err(DAMAGED);
        }
        match kind.0 {
            // In a field, the kind is the value.
            1 | 2 => {}
            3 => {
                self.byte()?;
            }
            4..=6 => {
                self.varint()?;
            }
            7 => {
                self.at = self.at.checked_add(8).ok_or(DAMAGED)?;
            }
            8 => {
                self.binary()?;
            }
            9 | 10 => {
                let (kind, count) = self.list_header()?;
                for _ in 0..count {
                    match kind {
                        ThriftKind::TRUE | ThriftKind::FALSE => {
                            self.byte()?;
                        }
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
            }
            11 => {
                let count = self.varint()?;
                if count > 0 {
                    let kinds = self.byte()?;
                    for _ in 0..count {
                        self.skip(ThriftKind(kinds >> 4), depth + 1)?;
                        self.skip(ThriftKind(kinds & 0x0f), depth + 1)?;
                        if self.at >= self.bytes.len() {
                            return Err(DAMAGED);
                        }
                    }
                }
            }
            12 => loop {
                let header = self.byte()?;
                if header == 0 {
                    break;
                }
                if header >> 4 == 0 {
                    self.varint()?;
                }
                self.skip(ThriftKind(header & 0x0f), depth + 1)?;
            },
            _ => return Err(DAMAGED),
        }
        Ok(())
    }

    /// Whether a field of this kind is a boolean, and which.
    pub(super) fn boolean(kind: ThriftKind) -> Option<bool> {
        match kind {
            ThriftKind::TRUE => Some(true),
            ThriftKind::FALSE => Some(false),
            _ => None,
        }
    }
}
