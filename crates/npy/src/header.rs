//! What stands before the numbers.

use crate::NpyError;

/// How a file begins.
pub const MAGIC: &[u8] = b"\x93NUMPY";

/// What an element is, lowest byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// float16.
    F16,
    /// float32.
    F32,
    /// float64.
    F64,
    /// Two unsigned 64-bit numbers (`u8,u8`): a uid of DataComp.
    Uid,
}

impl Dtype {
    /// Bytes of an element.
    pub const fn size(self) -> usize {
        match self {
            Dtype::F16 => 2,
            Dtype::F32 => 4,
            Dtype::F64 => 8,
            Dtype::Uid => 16,
        }
    }

    fn descr(self) -> &'static str {
        match self {
            Dtype::F16 => "'<f2'",
            Dtype::F32 => "'<f4'",
            Dtype::F64 => "'<f8'",
            Dtype::Uid => "[('f0', '<u8'), ('f1', '<u8')]",
        }
    }
}

/// What a file holds, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What an element is.
    pub dtype: Dtype,
    /// Length of each dimension.
    pub shape: Vec<u64>,
    /// Whether the first index changes fastest (Fortran's order).
    pub by_column: bool,
    /// Byte at which the numbers begin.
    pub offset: u64,
}

/// Headers beyond this are no headers: a list of a hundred fields is shorter.
const LONGEST: usize = 1 << 16;

impl Header {
    /// Reads the header of a file that begins with these bytes; 4 KiB are enough for any that NumPy writes.
    ///
    /// # Errors
    ///
    /// [`NpyError::ShortHeader`] where more bytes are needed.
    pub fn read(start: &[u8]) -> Result<Header, NpyError> {
        let short = NpyError::ShortHeader;
        let rest = match start.strip_prefix(MAGIC) {
            Some(rest) => rest,
            None if MAGIC.starts_with(start) => return Err(short),
            None => return Err(NpyError::NotNpy),
        };
        let Some((version, rest)) = rest.split_first_chunk::<2>() else {
            return Err(short);
        };
        let (length, rest) = match version[0] {
            1 => {
                let (length, rest) = rest.split_first_chunk().ok_or(short.clone())?;
                (usize::from(u16::from_le_bytes(*length)), rest)
            }
            2 | 3 => {
                let (length, rest) = rest.split_first_chunk().ok_or(short.clone())?;
                (u32::from_le_bytes(*length) as usize, rest)
            }
            version => return Err(NpyError::Version { version }),
        };
        if length > LONGEST {
            return Err(NpyError::Header);
        }
        let offset = start.len() - rest.len() + length;
        let text = rest.get(..length).ok_or(short)?;
        let text = String::from_utf8_lossy(text);
        let value = |key: &str| {
            let at = text.find(&format!("'{key}'"))?;
            Some(text[at..].split_once(':')?.1.trim_start())
        };
        let descr = value("descr").and_then(descr).ok_or(NpyError::Header)?;
        let by_column = value("fortran_order")
            .ok_or(NpyError::Header)?
            .starts_with("True");
        let shape = value("shape").and_then(|v| v.strip_prefix('(')?.split_once(')'));
        let shape = shape.ok_or(NpyError::Header)?.0.split(',').map(str::trim);
        let shape: Result<Vec<u64>, _> = shape.filter(|n| !n.is_empty()).map(str::parse).collect();
        let header = Header {
            dtype: dtype(&descr)?,
            shape: shape.map_err(|_| NpyError::Header)?,
            by_column,
            offset: offset as u64,
        };
        // That their number, and their bytes, are numbers is what all that follows relies on.
        header.bytes().ok_or(NpyError::Header)?;
        Ok(header)
    }

    /// Bytes that the numbers take; `None` beyond 64 bits.
    fn bytes(&self) -> Option<u64> {
        let mut lengths = self.shape.iter();
        lengths.try_fold(self.dtype.size() as u64, |bytes, n| bytes.checked_mul(*n))
    }

    /// Bytes that the whole file has to have.
    pub fn file_length(&self) -> u64 {
        self.offset.saturating_add(self.bytes().unwrap_or(u64::MAX))
    }

    /// Rows and columns of a matrix.
    ///
    /// # Errors
    ///
    /// Where it has another number of dimensions.
    pub fn matrix(&self) -> Result<(u64, u64), NpyError> {
        match self.shape[..] {
            [rows, columns] => Ok((rows, columns)),
            _ => Err(NpyError::Shape {
                shape: self.shape.clone(),
            }),
        }
    }

    /// The bytes before the numbers, as NumPy writes them: they fill a multiple of 64.
    pub fn write(dtype: Dtype, shape: &[u64]) -> Vec<u8> {
        let mut lengths: Vec<String> = shape.iter().map(u64::to_string).collect();
        if let [one] = &mut lengths[..] {
            one.push(',');
        }
        let (descr, lengths) = (dtype.descr(), lengths.join(", "));
        let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': ({lengths}), }}");
        let before = MAGIC.len() + 4;
        let length = (before + text.len() + 1).next_multiple_of(64) - before;
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((length as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.resize(before + length - 1, b' ');
        bytes.push(b'\n');
        bytes
    }
}

/// The value of `descr`: a text, or a list of fields, without spaces.
fn descr(value: &str) -> Option<String> {
    let value = match value.strip_prefix('\'') {
        Some(text) => text.split_once('\'')?.0,
        None => &value[..=value.strip_prefix('[').and(value.find(']'))?],
    };
    Some(value.chars().filter(|c| !c.is_whitespace()).collect())
}

fn dtype(descr: &str) -> Result<Dtype, NpyError> {
    match descr {
        "<f2" => return Ok(Dtype::F16),
        "<f4" => return Ok(Dtype::F32),
        "<f8" => return Ok(Dtype::F64),
        _ => {}
    }
    let is_object = |kind: &str| matches!(kind, "|O" | "O" | "|O8" | "|O4");
    let mut fields = Vec::new();
    if let Some(list) = descr.strip_prefix('[').and_then(|d| d.strip_suffix(']')) {
        // ('f0','<u8'),('f1','<u8')
        fields.extend(list.split('(').skip(1).map(|field| {
            let kind = field.trim_end_matches([')', ',']).rsplit_once(',');
            kind.map_or("", |(_, kind)| kind.trim_matches('\''))
        }));
    }
    match fields[..] {
        ["<u8", "<u8"] => Ok(Dtype::Uid),
        _ if is_object(descr) || fields.iter().any(|kind| is_object(kind)) => {
            Err(NpyError::Pickled)
        }
        _ => Err(NpyError::Dtype {
            descr: descr.to_owned(),
            wanted: "float16, 32 or 64",
        }),
    }
}
