//! Pages of a column: unpacked, and read value by value.

use super::ParquetError;
use super::decode::{ByteStreamSplit, Bytes, DAMAGED, Delta, DeltaText, Hybrid};
use super::metadata::{ColumnSchema, Form, Group, Physical};
use super::parts::FileBytes;
use super::thrift::{Thrift, ThriftKind};
use super::unpack::unpack;
use super::value::{self, PlainValue};

type Result<T> = std::result::Result<T, ParquetError>;

/// A column of a row group, from its first value on.
pub(super) struct Cursor<'a> {
    column: &'a ColumnSchema,
    codec: i32,
    /// Pages to come.
    pages: &'a [u8],
    dictionary: Vec<PlainValue>,
    /// Values left in the page, those that are null included.
    left: u64,
    levels: Option<Hybrid>,
    /// Of a list: 0 where an entry is the first of a row.
    repetition: Option<Hybrid>,
    /// The repetition level of the next entry, if it was read.
    next_repetition: Option<u32>,
    values: PageValues,
    /// Values of the group that are still to come.
    rows: u64,
}

/// Values of a page by their encoding.
enum PageValues {
    None,
    Plain(Bytes),
    /// Eight booleans a byte.
    Bits {
        bytes: Bytes,
        byte: u8,
        left: u8,
    },
    Indices(Hybrid),
    Booleans(Hybrid),
    Delta(Delta),
    Text(Box<DeltaText>),
    ByteStreamSplit(ByteStreamSplit),
}

#[derive(Default)]
struct PageHeader {
    kind: i64,
    unpacked: i64,
    packed: i64,
    values: i64,
    encoding: i64,
    levels_encoding: i64,
    /// Of the second version of data pages: bytes of levels, which are never packed.
    definition: i64,
    repetition: i64,
    uncompressed: bool,
}

const DATA: i64 = 0;
const DICTIONARY: i64 = 2;
const DATA_V2: i64 = 3;

impl<'a> Cursor<'a> {
    pub(super) fn new(
        file: FileBytes<'a>,
        column: &'a ColumnSchema,
        group: &Group,
    ) -> Result<Cursor<'a>> {
        let chunk = &group.chunks[column.leaf];
        Ok(Cursor {
            column,
            codec: chunk.codec,
            pages: file
                .get(chunk.start, chunk.length)
                .ok_or(ParquetError::Truncated)?,
            dictionary: Vec::new(),
            left: 0,
            levels: None,
            repetition: None,
            next_repetition: None,
            values: PageValues::None,
            rows: group.rows,
        })
    }

    pub(super) fn is_list(&self) -> bool {
        self.column.entries.is_some()
    }

    /// Writes the next value as a CSV cell. Unpacked pages count against the budget.
    pub(super) fn write_next(&mut self, out: &mut Vec<u8>, budget: &mut u64) -> Result<()> {
        self.next(budget, |form, value| value::write(out, form, value))?;
        Ok(())
    }

    /// Gives the next value, or each of the next list that is not null, to `take`; whether there is one.
    pub(super) fn next(
        &mut self,
        budget: &mut u64,
        take: impl FnMut(Form, &PlainValue) -> Result<()>,
    ) -> Result<bool> {
        if let Some(entries) = self.column.entries {
            return self.next_list(entries, budget, take);
        }
        while self.left == 0 {
            self.page(budget)?;
        }
        self.left -= 1;
        self.rows -= 1;
        if self.is_null()? {
            return Ok(false);
        }
        self.value(take)?;
        Ok(true)
    }

    fn next_list(
        &mut self,
        entries: u32,
        budget: &mut u64,
        mut take: impl FnMut(Form, &PlainValue) -> Result<()>,
    ) -> Result<bool> {
        let mut is_there = false;
        for i in 0.. {
            match self.repetition(budget)? {
                None if i == 0 => return Err(DAMAGED),
                Some(level) if (level == 0) == (i == 0) => {}
                // The next row, or none.
                _ => break,
            }
            self.next_repetition = None;
            self.left -= 1;
            let level = match &mut self.levels {
                Some(levels) => levels.next()?,
                None => self.column.optional,
            };
            // Level by level: no list, an empty one, an entry that is null.
            is_there |= level + 1 >= entries;
            if level >= self.column.optional {
                self.value(&mut take)?;
            }
        }
        self.rows -= 1;
        Ok(is_there)
    }

    /// The repetition level of the next entry; `None` after the last.
    fn repetition(&mut self, budget: &mut u64) -> Result<Option<u32>> {
        while self.left == 0 {
            if self.pages.is_empty() {
                return Ok(None);
            }
            self.page(budget)?;
        }
        if self.next_repetition.is_none() {
            let levels = self.repetition.as_mut().ok_or(DAMAGED)?;
            self.next_repetition = Some(levels.next()?);
        }
        Ok(self.next_repetition)
    }

    /// Gives the next value that is there to `take`.
    fn value(&mut self, take: impl FnOnce(Form, &PlainValue) -> Result<()>) -> Result<()> {
        let value = match &mut self.values {
            PageValues::None => return Err(DAMAGED),
            PageValues::Indices(indices) => {
                let index = indices.next()? as usize;
                let value = self.dictionary.get(index).ok_or(DAMAGED)?;
                return take(self.column.form, value);
            }
            PageValues::Text(text) => PlainValue::Bytes(text.next()?.to_vec()),
            PageValues::Plain(bytes) => value::plain(bytes, self.column.values)?,
            PageValues::Bits { bytes, byte, left } => {
                if *left == 0 {
                    [*byte] = bytes.array()?;
                    *left = 8;
                }
                let value = *byte & 1 == 1;
                *byte >>= 1;
                *left -= 1;
                PlainValue::Boolean(value)
            }
            PageValues::Booleans(booleans) => PlainValue::Boolean(booleans.next()? != 0),
            PageValues::Delta(delta) => match self.column.values {
                Physical::Int32 => PlainValue::Int32(delta.next()? as i32),
                _ => PlainValue::Int64(delta.next()?),
            },
            PageValues::ByteStreamSplit(split) => {
                value::plain(&mut Bytes::new(split.next()?), self.column.values)?
            }
        };
        take(self.column.form, &value)
    }

    /// Whether the next value, or a group around it, is null.
    fn is_null(&mut self) -> Result<bool> {
        match &mut self.levels {
            Some(levels) => Ok(levels.next()? < self.column.optional),
            None => Ok(false),
        }
    }

    /// Reads the definition levels of a page, in as many bits as they take.
    fn levels(&self, bytes: Vec<u8>) -> Result<Hybrid> {
        Hybrid::new(bytes, u32::BITS - self.column.optional.leading_zeros())
    }

    /// Passes over values; pages that hold nothing else are not unpacked.
    pub(super) fn skip(&mut self, mut count: u64, budget: &mut u64) -> Result<()> {
        if self.column.entries.is_some() {
            for _ in 0..count {
                self.next(budget, |_, _| Ok(()))?;
            }
            return Ok(());
        }
        while count > 0 {
            if self.left == 0 {
                match self.skip_page(count)? {
                    0 => self.page(budget)?,
                    values => count -= values,
                }
                continue;
            }
            count -= 1;
            if !matches!(self.values, PageValues::Plain(_)) {
                self.next(budget, |_, _| Ok(()))?;
                continue;
            }
            self.left -= 1;
            self.rows -= 1;
            let is_null = self.is_null()?;
            let PageValues::Plain(bytes) = &mut self.values else {
                return Err(DAMAGED);
            };
            match self.column.values {
                _ if is_null => {}
                // Without a copy of each.
                Physical::Bytes => drop(bytes.prefixed()?),
                kind => drop(value::plain(bytes, kind)?),
            }
        }
        Ok(())
    }

    /// Passes over the next page if it is of data, and of at most so many values. Returns how many it was of.
    fn skip_page(&mut self, most: u64) -> Result<u64> {
        let mut thrift = Thrift::new(self.pages);
        let header = header(&mut thrift)?;
        let values = u64::try_from(header.values).map_err(|_| DAMAGED)?;
        if !matches!(header.kind, DATA | DATA_V2) || values > most.min(self.rows) {
            return Ok(0);
        }
        let packed = usize::try_from(header.packed).map_err(|_| DAMAGED)?;
        let end = thrift.position().checked_add(packed).ok_or(DAMAGED)?;
        self.pages = self.pages.get(end..).ok_or(DAMAGED)?;
        self.rows -= values;
        Ok(values)
    }

    /// Opens the next page.
    fn page(&mut self, budget: &mut u64) -> Result<()> {
        if self.pages.is_empty() {
            return Err(DAMAGED);
        }
        let mut thrift = Thrift::new(self.pages);
        let header = header(&mut thrift)?;
        let at = thrift.position();
        let packed = usize::try_from(header.packed).map_err(|_| DAMAGED)?;
        let end = at.checked_add(packed).ok_or(DAMAGED)?;
        let body = self.pages.get(at..end).ok_or(DAMAGED)?;
        self.pages = &self.pages[end..];
        let unpacked = u64::try_from(header.unpacked).map_err(|_| DAMAGED)?;
        // A run of empty lists takes next to nothing.
        let entries = match self.column.entries {
            Some(_) => u64::try_from(header.values).map_err(|_| DAMAGED)?,
            None => 0,
        };
        let left = budget.checked_sub(unpacked);
        let left = left.and_then(|left| left.checked_sub(entries));
        *budget = left.ok_or(ParquetError::TooLarge)?;
        let unpacked = usize::try_from(unpacked).map_err(|_| DAMAGED)?;
        match header.kind {
            DICTIONARY => {
                let mut bytes = Bytes::new(self.unpack(body, unpacked)?);
                self.dictionary.clear();
                // Each value takes a byte at least, so that the page's size bounds their number.
                for _ in 0..header.values.max(0) {
                    let value = value::plain(&mut bytes, self.column.values)?;
                    self.dictionary.push(value);
                }
                Ok(())
            }
            DATA => {
                let mut bytes = Bytes::new(self.unpack(body, unpacked)?);
                self.repetition = match self.column.entries {
                    None => None,
                    Some(_) => Some(Hybrid::new(bytes.prefixed()?.to_vec(), 1)?),
                };
                self.levels = match self.column.optional {
                    0 => None,
                    // The older packing of levels has not been written for ten years.
                    _ if header.levels_encoding != RLE => {
                        return Err(self.encoding(header.levels_encoding));
                    }
                    _ => Some(self.levels(bytes.prefixed()?.to_vec())?),
                };
                self.open(&header, bytes.rest())
            }
            DATA_V2 => {
                let length = |bytes: i64| usize::try_from(bytes).map_err(|_| DAMAGED);
                let (repetition, definition) =
                    (length(header.repetition)?, length(header.definition)?);
                let levels = repetition.checked_add(definition).ok_or(DAMAGED)?;
                let (levels_bytes, values) = body.split_at_checked(levels).ok_or(DAMAGED)?;
                let (of_lists, of_values) = levels_bytes.split_at(repetition);
                self.repetition = match self.column.entries {
                    None => None,
                    Some(_) => Some(Hybrid::new(of_lists.to_vec(), 1)?),
                };
                self.levels = match self.column.optional {
                    0 => None,
                    _ => Some(self.levels(of_values.to_vec())?),
                };
                let size = unpacked.checked_sub(levels).ok_or(DAMAGED)?;
                let values = match header.uncompressed {
                    true => values.to_vec(),
                    false => self.unpack(values, size)?,
                };
                self.open(&header, values)
            }
            // Indices of pages, and what may come.
            _ => Ok(()),
        }
    }

    fn open(&mut self, header: &PageHeader, bytes: Vec<u8>) -> Result<()> {
        let count = u64::try_from(header.values).map_err(|_| DAMAGED)?;
        // Rows of lists may have any number of entries.
        if count > self.rows && self.column.entries.is_none() {
            return Err(DAMAGED);
        }
        self.left = count;
        let kind = self.column.values;
        self.values = match (header.encoding, kind) {
            (PLAIN, Physical::Boolean) => PageValues::Bits {
                bytes: Bytes::new(bytes),
                byte: 0,
                left: 0,
            },
            (PLAIN, _) => PageValues::Plain(Bytes::new(bytes)),
            (PLAIN_DICTIONARY | RLE_DICTIONARY, _) => {
                // A page of nulls alone may have no width.
                let (width, indices) = bytes.split_first().map_or((0, &[][..]), |(w, i)| (*w, i));
                PageValues::Indices(Hybrid::new(indices.to_vec(), u32::from(width))?)
            }
            (RLE, Physical::Boolean) => {
                let mut bytes = Bytes::new(bytes);
                PageValues::Booleans(Hybrid::new(bytes.prefixed()?.to_vec(), 1)?)
            }
            (DELTA_BINARY_PACKED, Physical::Int32 | Physical::Int64) => {
                PageValues::Delta(Delta::new(bytes)?)
            }
            (DELTA_LENGTH_BYTE_ARRAY, Physical::Bytes) => {
                PageValues::Text(DeltaText::new(bytes, false)?.into())
            }
            (DELTA_BYTE_ARRAY, Physical::Bytes | Physical::Fixed(_)) => {
                PageValues::Text(DeltaText::new(bytes, true)?.into())
            }
            (BYTE_STREAM_SPLIT, Physical::Int32 | Physical::Float) => {
                PageValues::ByteStreamSplit(ByteStreamSplit::new(bytes, 4))
            }
            (BYTE_STREAM_SPLIT, Physical::Int64 | Physical::Double) => {
                PageValues::ByteStreamSplit(ByteStreamSplit::new(bytes, 8))
            }
            (BYTE_STREAM_SPLIT, Physical::Fixed(width)) => {
                PageValues::ByteStreamSplit(ByteStreamSplit::new(bytes, width))
            }
            (encoding, _) => return Err(self.encoding(encoding)),
        };
        Ok(())
    }

    fn encoding(&self, encoding: i64) -> ParquetError {
        ParquetError::Encoding {
            column: self.column.name.clone(),
            encoding: encoding as i32,
        }
    }

    fn unpack(&self, packed: &[u8], size: usize) -> Result<Vec<u8>> {
        unpack(self.codec, packed, size).map_err(|unknown| match unknown {
            Some(codec) => ParquetError::Codec {
                column: self.column.name.clone(),
                codec,
            },
            None => DAMAGED,
        })
    }
}

const PLAIN: i64 = 0;
const PLAIN_DICTIONARY: i64 = 2;
const RLE: i64 = 3;
const DELTA_BINARY_PACKED: i64 = 5;
const DELTA_LENGTH_BYTE_ARRAY: i64 = 6;
const DELTA_BYTE_ARRAY: i64 = 7;
const RLE_DICTIONARY: i64 = 8;
const BYTE_STREAM_SPLIT: i64 = 9;

fn header(thrift: &mut Thrift) -> Result<PageHeader> {
    let mut h = PageHeader::default();
    thrift.fields(&mut |t, id, kind| {
        match (id, kind) {
            (1, _) => h.kind = t.int()?,
            (2, _) => h.unpacked = t.int()?,
            (3, _) => h.packed = t.int()?,
            // A header for data, for a dictionary, for data in the second version.
            (5 | 7 | 8, ThriftKind::STRUCT) => {
                let version = id;
                t.fields(&mut |t, id, kind| {
                    match (version, id) {
                        (_, 1) => h.values = t.int()?,
                        (5 | 7, 2) | (8, 4) => h.encoding = t.int()?,
                        (5, 3) => h.levels_encoding = t.int()?,
                        (8, 5) => h.definition = t.int()?,
                        (8, 6) => h.repetition = t.int()?,
                        (8, 7) => h.uncompressed = Thrift::boolean(kind) == Some(false),
                        _ => return Ok(false),
                    }
                    Ok(true)
                })?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(h)
}
