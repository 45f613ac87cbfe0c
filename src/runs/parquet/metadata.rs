//! A file's footer: which columns it has, and where their pages lie.

use super::ParquetError;
use super::thrift::{Thrift, ThriftKind};

type Result<T> = std::result::Result<T, ParquetError>;

pub(super) struct Metadata {
    /// Flat ones.
    pub columns: Vec<ColumnSchema>,
    pub skipped: Vec<String>,
    pub groups: Vec<Group>,
}

/// A flat column.
#[derive(Clone, Debug)]
pub(super) struct ColumnSchema {
    pub name: String,
    /// Its place among all leaves of the schema.
    pub leaf: usize,
    pub values: Physical,
    pub optional: bool,
    /// A decimal is its integer divided by a power of ten.
    pub decimals: i32,
    pub unsigned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Physical {
    Boolean,
    Int32,
    Int64,
    Float,
    Double,
    Bytes,
}

/// Rows that lie together, a chunk for each leaf of the schema.
pub(super) struct Group {
    pub rows: u64,
    pub chunks: Vec<Chunk>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chunk {
    pub codec: i32,
    /// First byte of its first page, and bytes of all its pages.
    pub start: u64,
    pub length: u64,
    /// Its pages lie in another file.
    elsewhere: bool,
    data: i64,
    dictionary: Option<i64>,
}

#[derive(Default)]
struct Element {
    physical: Option<i64>,
    repetition: i64,
    name: String,
    children: i64,
    converted: i64,
    scale: i64,
}

pub(super) fn read(file: &[u8]) -> Result<Metadata> {
    let damaged = ParquetError::Damaged {
        what: "its metadata do not fit it",
    };
    if !file.starts_with(b"PAR1") {
        return Err(match file.starts_with(b"PARE") {
            true => ParquetError::Encrypted,
            false => ParquetError::NotParquet,
        });
    }
    let Some((rest, [a, b, c, d, b'P', b'A', b'R', b'1'])) = file[4..].split_last_chunk::<8>()
    else {
        return Err(ParquetError::Truncated);
    };
    let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
    let start = rest.len().checked_sub(length).ok_or(damaged.clone())?;
    let mut thrift = Thrift::new(&rest[start..]);
    let (mut elements, mut groups) = (Vec::new(), Vec::new());
    thrift.fields(&mut |t, id, kind| {
        match (id, kind) {
            (2, ThriftKind::LIST) => t.list(&mut |t, _| {
                elements.push(element(t)?);
                Ok(())
            })?,
            (4, ThriftKind::LIST) => t.list(&mut |t, _| {
                groups.push(group(t)?);
                Ok(())
            })?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let (columns, skipped) = columns(&elements).ok_or(damaged.clone())?;
    let leaves = columns.iter().map(|c| c.leaf + 1).max().unwrap_or(0);
    for group in &mut groups {
        if group.chunks.len() < leaves {
            return Err(damaged);
        }
        for chunk in &mut group.chunks {
            // The dictionary comes first, though some writers name it as lying at 0.
            let first = match chunk.dictionary {
                Some(at) if at > 0 && at < chunk.data => at,
                _ => chunk.data,
            };
            chunk.start = u64::try_from(first).map_err(|_| damaged.clone())?;
            if chunk.elsewhere {
                return Err(ParquetError::Damaged {
                    what: "its columns lie in other files",
                });
            }
        }
    }
    Ok(Metadata {
        columns,
        skipped,
        groups,
    })
}

fn element(thrift: &mut Thrift) -> Result<Element> {
    let mut e = Element::default();
    thrift.fields(&mut |t, id, _| {
        match id {
            1 => e.physical = Some(t.int()?),
            3 => e.repetition = t.int()?,
            4 => e.name = String::from_utf8_lossy(t.binary()?).into_owned(),
            5 => e.children = t.int()?,
            6 => e.converted = t.int()?,
            7 => e.scale = t.int()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(e)
}

fn group(thrift: &mut Thrift) -> Result<Group> {
    let mut group = Group {
        rows: 0,
        chunks: Vec::new(),
    };
    thrift.fields(&mut |t, id, kind| {
        match (id, kind) {
            (1, ThriftKind::LIST) => t.list(&mut |t, _| {
                group.chunks.push(chunk(t)?);
                Ok(())
            })?,
            (3, _) => group.rows = u64::try_from(t.int()?).unwrap_or(0),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(group)
}

fn chunk(thrift: &mut Thrift) -> Result<Chunk> {
    let mut chunk = Chunk::default();
    thrift.fields(&mut |t, id, kind| {
        match (id, kind) {
            (1, _) => chunk.elsewhere = !t.binary()?.is_empty(),
            (3, ThriftKind::STRUCT) => t.fields(&mut |t, id, _| {
                match id {
                    4 => chunk.codec = t.int()? as i32,
                    7 => chunk.length = u64::try_from(t.int()?).unwrap_or(0),
                    9 => chunk.data = t.int()?,
                    11 => chunk.dictionary = Some(t.int()?),
                    _ => return Ok(false),
                }
                Ok(true)
            })?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(chunk)
}

/// The schema is a tree in depth-first order; flat columns are the leaves right under its root.
/// `None` where it is no tree.
fn columns(elements: &[Element]) -> Option<(Vec<ColumnSchema>, Vec<String>)> {
    let root = elements.first()?;
    let (mut columns, mut skipped) = (Vec::new(), Vec::new());
    let (mut at, mut leaf) = (1, 0);
    for _ in 0..root.children.max(0) {
        let e = elements.get(at)?;
        let values = match e.physical {
            Some(0) => Some(Physical::Boolean),
            Some(1) => Some(Physical::Int32),
            Some(2) => Some(Physical::Int64),
            Some(4) => Some(Physical::Float),
            Some(5) => Some(Physical::Double),
            // A decimal in bytes is rare, and not text.
            Some(6) if e.converted != DECIMAL => Some(Physical::Bytes),
            _ => None,
        };
        const REPEATED: i64 = 2;
        const OPTIONAL: i64 = 1;
        const DECIMAL: i64 = 5;
        match values {
            Some(values) if e.children <= 0 && e.repetition != REPEATED => {
                columns.push(ColumnSchema {
                    name: e.name.clone(),
                    leaf,
                    values,
                    optional: e.repetition == OPTIONAL,
                    decimals: match e.converted {
                        DECIMAL => i32::try_from(e.scale).unwrap_or(0).clamp(0, 30),
                        _ => 0,
                    },
                    unsigned: (11..=14).contains(&e.converted),
                })
            }
            _ => skipped.push(e.name.clone()),
        }
        // On to the next child of the root, past what is under this one.
        let mut open = 1_i64;
        while open > 0 {
            let e = elements.get(at)?;
            open += e.children.max(0) - 1;
            leaf += usize::from(e.children <= 0);
            at += 1;
        }
    }
    Some((columns, skipped))
}
