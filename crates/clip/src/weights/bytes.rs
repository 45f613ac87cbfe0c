//! The bytes of a tensor in the order of its shape, wherever and however they are stored.

use super::source::{Source, SourceError};
use super::{Entry, Place, TensorProblem, WeightsError, zip};
use flate2::{Decompress, FlushDecompress, Status};

/// Compressed bytes that are read at once.
const INPUT: u64 = 1 << 16;

/// Bytes one after the other, as they are or deflated.
pub(super) struct ByteReader {
    at: u64,
    inflate: Option<Inflate>,
}

struct Inflate {
    state: Box<Decompress>,
    /// Compressed bytes that have not been read.
    left: u64,
    input: Vec<u8>,
    /// How many of them are used.
    used: usize,
}

impl ByteReader {
    /// From this position; `deflated` is the number of compressed bytes, if they are.
    pub(super) fn new(at: u64, deflated: Option<u64>) -> Self {
        let inflate = deflated.map(|left| Inflate {
            state: Box::new(Decompress::new(false)),
            left,
            input: Vec::new(),
            used: 0,
        });
        ByteReader { at, inflate }
    }

    /// The next bytes.
    pub(super) async fn fill<S: Source>(
        &mut self,
        source: &mut S,
        mut buffer: &mut [u8],
    ) -> Result<(), WeightsError> {
        let Some(inflate) = &mut self.inflate else {
            source.read(self.at, buffer).await?;
            self.at += buffer.len() as u64;
            return Ok(());
        };
        while !buffer.is_empty() {
            if inflate.used == inflate.input.len() && inflate.left > 0 {
                let count = inflate.left.min(INPUT);
                inflate.input.resize(count as usize, 0);
                source.read(self.at, &mut inflate.input).await?;
                self.at += count;
                inflate.left -= count;
                inflate.used = 0;
            }
            let (read, written) = (inflate.state.total_in(), inflate.state.total_out());
            let input = &inflate.input[inflate.used..];
            let status = inflate
                .state
                .decompress(input, buffer, FlushDecompress::None);
            inflate.used += (inflate.state.total_in() - read) as usize;
            let written = (inflate.state.total_out() - written) as usize;
            buffer = &mut buffer[written..];
            let is_stuck = written == 0 && inflate.state.total_in() == read;
            let may_go_on = inflate.used == inflate.input.len() && inflate.left > 0;
            match status {
                Err(_) => return Err(damaged()),
                Ok(Status::StreamEnd) if !buffer.is_empty() => return Err(damaged()),
                Ok(_) if is_stuck && !may_go_on => return Err(damaged()),
                Ok(_) => {}
            }
        }
        Ok(())
    }

    async fn skip<S: Source>(&mut self, source: &mut S, count: u64) -> Result<(), WeightsError> {
        if self.inflate.is_none() {
            self.at = self
                .at
                .checked_add(count)
                .ok_or(SourceError::Ended { at: source.size() })?;
            return Ok(());
        }
        let mut left = count;
        let mut buffer = vec![0; count.min(INPUT) as usize];
        while left > 0 {
            let part = left.min(INPUT) as usize;
            self.fill(source, &mut buffer[..part]).await?;
            left -= part as u64;
        }
        Ok(())
    }
}

fn damaged() -> WeightsError {
    WeightsError::Archive {
        reason: "a member cannot be inflated".to_owned(),
    }
}

/// A tensor's bytes in the order of its shape.
pub(crate) struct TensorBytes(Kind);

enum Kind {
    Streamed(ByteReader),
    /// A view that is not contiguous, put in order.
    Gathered(Vec<u8>, usize),
}

impl TensorBytes {
    /// Finds a tensor in the file, from its byte `from` on, and checks that all of them are there.
    pub(crate) async fn open<S: Source>(
        source: &mut S,
        entry: &Entry,
        from: u64,
    ) -> Result<Self, WeightsError> {
        let outside = || WeightsError::tensor(&entry.name, TensorProblem::OutOfRange);
        let (at, skip, deflated) = match entry.place {
            Place::At(at) => (at, 0, None),
            Place::Member {
                header,
                skip,
                deflated,
            } => (zip::contents(source, header).await?, skip, deflated),
        };
        let span = entry.span().ok_or_else(outside)?;
        let end = match deflated {
            Some(length) => at.checked_add(length),
            None => at.checked_add(skip).and_then(|at| at.checked_add(span)),
        };
        if end.is_none_or(|end| end > source.size()) {
            return Err(outside());
        }
        let mut reader = ByteReader::new(at, deflated);
        let Some(stride) = &entry.stride else {
            reader.skip(source, skip + from).await?;
            return Ok(TensorBytes(Kind::Streamed(reader)));
        };
        reader.skip(source, skip).await?;
        let mut stored = zeros(span)?;
        reader.fill(source, &mut stored).await?;
        let gathered = gather(&stored, &entry.shape, stride, entry.dtype.bytes() as usize)?;
        Ok(TensorBytes(Kind::Gathered(gathered, from as usize)))
    }

    /// The next bytes.
    pub(crate) async fn fill<S: Source>(
        &mut self,
        source: &mut S,
        buffer: &mut [u8],
    ) -> Result<(), WeightsError> {
        match &mut self.0 {
            Kind::Streamed(reader) => reader.fill(source, buffer).await,
            Kind::Gathered(bytes, at) => {
                let end = *at + buffer.len();
                let part = bytes.get(*at..end);
                let part = part.ok_or(SourceError::Ended { at: source.size() })?;
                buffer.copy_from_slice(part);
                *at = end;
                Ok(())
            }
        }
    }
}

/// The numbers of a view in the order of its shape; `width` is that of a number.
fn gather(
    stored: &[u8],
    shape: &[usize],
    stride: &[usize],
    width: usize,
) -> Result<Vec<u8>, WeightsError> {
    let count: usize = shape.iter().product();
    let mut bytes = zeros(count as u64 * width as u64)?;
    let mut index = vec![0; shape.len()];
    for number in bytes.chunks_exact_mut(width) {
        let at: usize = index.iter().zip(stride).map(|(i, s)| i * s).sum();
        number.copy_from_slice(&stored[at * width..][..width]);
        for (i, dimension) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *dimension {
                break;
            }
            *i = 0;
        }
    }
    Ok(bytes)
}

/// So many zeros, if the memory has room for them.
fn zeros(count: u64) -> Result<Vec<u8>, WeightsError> {
    let mut bytes = Vec::new();
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if bytes.try_reserve_exact(count).is_err() {
        return Err(WeightsError::NoMemory {
            bytes: count as u64,
        });
    }
    bytes.resize(count, 0);
    Ok(bytes)
}
