//! A file's footer: which columns it has, and where their pages lie.

use super::ParquetError;
use super::parts::{END, FileBytes, footer};
use super::thrift::{Thrift, ThriftKind};
use super::value::DECIMAL;

type Result<T> = std::result::Result<T, ParquetError>;

pub(super) struct Metadata {
    /// Those that have one value a row, and lists of texts.
    pub columns: Vec<ColumnSchema>,
    pub skipped: Vec<String>,
    pub groups: Vec<Group>,
}

/// A column that has one value a row, or a list of texts.
#[derive(Clone, Debug)]
pub(super) struct ColumnSchema {
    /// Of a leaf of a group its path: `image.bytes`.
    pub name: String,
    /// Its place among all leaves of the schema.
    pub leaf: usize,
    pub values: Physical,
    /// How many of it and its groups may be null: the definition level of a value that is there.
    pub optional: u32,
    /// Of a list the definition level from which on there is an entry.
    pub entries: Option<u32>,
    pub form: Form,
}

/// What a stored value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    AsStored,
    Unsigned,
    /// An integer divided by ten to this power.
    Decimal(usize),
    /// A float16 in two bytes.
    Half,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Physical {
    Boolean,
    Int32,
    Int64,
    Float,
    Double,
    Bytes,
    /// As many bytes each.
    Fixed(usize),
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
    length: i64,
    repetition: i64,
    name: String,
    children: i64,
    converted: i64,
    scale: i64,
    /// Which of the newer annotations, if one.
    logical: i16,
}

/// A scale beyond the digits of any decimal that is written.
const SCALES: i64 = 100;

impl Element {
    fn values(&self) -> Option<Physical> {
        Some(match self.physical? {
            0 => Physical::Boolean,
            1 => Physical::Int32,
            2 => Physical::Int64,
            4 => Physical::Float,
            5 => Physical::Double,
            6 => Physical::Bytes,
            7 if matches!(self.form(), Some(Form::Decimal(_) | Form::Half)) => {
                // Not of no byte, of which a page might claim any number.
                let length = usize::try_from(self.length).ok();
                Physical::Fixed(length.filter(|l| (1..=DECIMAL).contains(l))?)
            }
            _ => return None,
        })
    }

    /// `None` where it cannot be.
    fn form(&self) -> Option<Form> {
        const CONVERTED: i64 = 5;
        const LOGICAL: i16 = 5;
        const FLOAT16: i16 = 15;
        if (self.converted, self.logical) == (0, FLOAT16) {
            return (self.length == 2).then_some(Form::Half);
        }
        if self.converted == CONVERTED || self.logical == LOGICAL {
            let scale = (0..=SCALES).contains(&self.scale).then_some(self.scale)?;
            return Some(Form::Decimal(usize::try_from(scale).ok()?));
        }
        Some(match (11..=14).contains(&self.converted) {
            true => Form::Unsigned,
            false => Form::AsStored,
        })
    }
}

pub(super) fn read(file: FileBytes<'_>) -> Result<Metadata> {
    let damaged = ParquetError::Damaged {
        what: "its metadata do not fit it",
    };
    const MAGIC: u64 = 4;
    match file.get(0, MAGIC) {
        Some(b"PAR1") => {}
        Some(b"PARE") => return Err(ParquetError::Encrypted),
        _ => return Err(ParquetError::NotParquet),
    }
    let end = file
        .size()
        .checked_sub(END as u64)
        .filter(|end| *end >= MAGIC);
    let end = end.and_then(|end| file.get(end, END as u64)?.try_into().ok());
    let length = footer(end.ok_or(ParquetError::Truncated)?)?;
    let start = file
        .size()
        .checked_sub(length)
        .filter(|start| *start >= MAGIC);
    let start = start.ok_or(damaged.clone())?;
    let metadata = file
        .get(start, length - END as u64)
        .ok_or(damaged.clone())?;
    let mut thrift = Thrift::new(metadata);
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
    thrift.fields(&mut |t, id, kind| {
        match id {
            1 => e.physical = Some(t.int()?),
            2 => e.length = t.int()?,
            3 => e.repetition = t.int()?,
            4 => e.name = String::from_utf8_lossy(t.binary()?).into_owned(),
            5 => e.children = t.int()?,
            6 => e.converted = t.int()?,
            7 => e.scale = t.int()?,
            10 if kind == ThriftKind::STRUCT => logical(t, &mut e)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(e)
}

/// A union: one field, a structure of its own.
fn logical(thrift: &mut Thrift, e: &mut Element) -> Result<()> {
    thrift.fields(&mut |t, id, kind| {
        e.logical = id;
        if kind != ThriftKind::STRUCT {
            return Ok(false);
        }
        t.fields(&mut |t, inner, _| {
            if (id, inner) != (5, 1) {
                return Ok(false);
            }
            e.scale = t.int()?;
            Ok(true)
        })?;
        Ok(true)
    })
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

/// A node of the schema on the way to a leaf.
struct Ancestor {
    /// Its path, with the dot behind it.
    path: String,
    /// Children that are still to come.
    children: i64,
    optional: u32,
    /// The list on the way.
    list: Option<List>,
}

#[derive(Clone)]
struct List {
    name: String,
    /// The definition level from which on there is an entry.
    entries: u32,
    /// A list of lists, or of groups, is not read.
    is_plain: bool,
}

/// Groups in groups beyond any that is written; their paths take memory.
const DEEPEST: usize = 32;

/// The schema is a tree in depth-first order; what is read are the leaves below no repeated node, and
/// texts below one. `None` where it is no tree.
fn columns(elements: &[Element]) -> Option<(Vec<ColumnSchema>, Vec<String>)> {
    const REQUIRED: i64 = 0;
    const REPEATED: i64 = 2;
    const TEXT: i64 = 6;
    let (root, rest) = elements.split_first()?;
    let mut ancestors = vec![Ancestor {
        path: String::new(),
        children: root.children.max(0),
        optional: 0,
        list: None,
    }];
    let (mut columns, mut skipped): (Vec<ColumnSchema>, Vec<String>) = (Vec::new(), Vec::new());
    let (mut rest, mut leaf) = (rest.iter(), 0);
    while let Some(parent) = ancestors.last_mut() {
        if parent.children == 0 {
            ancestors.pop();
            continue;
        }
        parent.children -= 1;
        let e = rest.next()?;
        let name = format!("{}{}", parent.path, e.name);
        let optional = parent.optional + u32::from(e.repetition != REQUIRED);
        let repeats = e.repetition == REPEATED;
        let list = match (&parent.list, repeats) {
            (None, false) => None,
            // A list is a group around what repeats: its name tells more.
            (None, true) => Some(List {
                name: match parent.path.strip_suffix('.') {
                    Some(list) => list.to_owned(),
                    None => name.clone(),
                },
                entries: optional,
                is_plain: e.children <= 1,
            }),
            (Some(list), _) => Some(List {
                is_plain: list.is_plain && !repeats && e.children <= 0,
                ..list.clone()
            }),
        };
        if e.children > 0 {
            if ancestors.len() > DEEPEST {
                return None;
            }
            ancestors.push(Ancestor {
                path: format!("{name}."),
                children: e.children,
                optional,
                list,
            });
            continue;
        }
        let is_text = |list: &List| list.is_plain && e.physical == Some(TEXT);
        let is_read = list.as_ref().is_none_or(is_text);
        let entries = list.as_ref().map(|list| list.entries);
        let name = list.map_or(name, |list| list.name);
        match (e.values(), e.form()) {
            (Some(values), Some(form)) if is_read => columns.push(ColumnSchema {
                name,
                leaf,
                values,
                optional,
                entries,
                form,
            }),
            _ if skipped.last() == Some(&name) => {}
            _ => skipped.push(name),
        }
        leaf += 1;
    }
    Some((columns, skipped))
}
