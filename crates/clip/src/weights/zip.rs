//! PyTorch's archive: a zip, one member of which is the pickle, and one for each storage of numbers.
//! PyTorch stores them as they are; other programs may have deflated them.

use super::bytes::ByteReader;
use super::source::Source;
use super::{Entry, Place, TensorProblem, WeightsError, pickle};
use std::collections::HashMap;

/// Pickles of checkpoints with an optimizer's state have some hundred kilobytes.
const LONGEST_PICKLE: u64 = 64 << 20;
const LONGEST_DIRECTORY: u64 = 64 << 20;

#[derive(Clone, Copy)]
struct Member {
    header: u64,
    size: u64,
    /// Its length when it is deflated.
    deflated: Option<u64>,
}

fn damaged(reason: &str) -> WeightsError {
    WeightsError::Archive {
        reason: reason.to_owned(),
    }
}

/// The tensors of an archive, under the names that [`pickle::tensors`] gives them, and whether it is
/// a TorchScript archive, of whose program nothing is looked at.
pub(super) async fn entries<S: Source>(source: &mut S) -> Result<(Vec<Entry>, bool), WeightsError> {
    let members = directory(source).await?;
    let pickle = members.keys().find(|name| name.ends_with("/data.pkl"));
    let Some(pickle) = pickle else {
        if members.keys().any(|name| name.ends_with(".npy")) {
            return Err(WeightsError::OtherFile {
                kind: "an archive of NumPy arrays (.npz); one of them can be saved by numpy.save",
            });
        }
        return Err(damaged("it holds no data.pkl"));
    };
    let root = pickle.trim_end_matches("data.pkl").to_owned();
    let is_script = members.contains_key(&format!("{root}constants.pkl"));
    let member = members[pickle];
    if member.size > LONGEST_PICKLE {
        return Err(damaged("its pickle is too long"));
    }
    let bytes = whole(source, &member).await?;
    let entry = |tensor: pickle::PickledTensor| {
        let problem = |problem| WeightsError::tensor(&tensor.name, problem);
        let member = members.get(&format!("{root}data/{}", tensor.key));
        let member = member.ok_or_else(|| problem(TensorProblem::OutOfRange))?;
        let skip = tensor.skip(member.size, source.size())?;
        Ok(Entry {
            place: Place::Member {
                header: member.header,
                skip,
                deflated: member.deflated,
            },
            stride: tensor.view(),
            scale: None,
            name: tensor.name,
            shape: tensor.shape,
            dtype: tensor.dtype,
        })
    };
    let entries: Result<Vec<Entry>, WeightsError> =
        pickle::tensors(&bytes)?.into_iter().map(entry).collect();
    Ok((entries?, is_script))
}

/// A member's bytes.
async fn whole<S: Source>(source: &mut S, member: &Member) -> Result<Vec<u8>, WeightsError> {
    let at = contents(source, member.header).await?;
    let mut reader = ByteReader::new(at, member.deflated);
    let mut bytes = vec![0; member.size as usize];
    reader.fill(source, &mut bytes).await?;
    Ok(bytes)
}

/// The position of a member's bytes, which its own header knows best.
pub(super) async fn contents<S: Source>(source: &mut S, header: u64) -> Result<u64, WeightsError> {
    let mut bytes = [0; 30];
    source.read(header, &mut bytes).await?;
    if !bytes.starts_with(b"PK\x03\x04") {
        return Err(damaged("a member is not where the directory says"));
    }
    // The header was read, so that this is little more than the file's length.
    Ok(header + 30 + u64::from(u16_at(&bytes, 26)?) + u64::from(u16_at(&bytes, 28)?))
}

/// The archive's directory, at its end; with the 64-bit fields of files beyond 4 GiB.
async fn directory<S: Source>(source: &mut S) -> Result<HashMap<String, Member>, WeightsError> {
    const END: usize = 22;
    let size = source.size();
    // The end record may be followed by a comment of up to 64 KiB.
    let mut tail = vec![0; size.min(65_536 + 22 + 20) as usize];
    source.read(size - tail.len() as u64, &mut tail).await?;
    let end = (0..=tail.len().saturating_sub(END)).rev();
    let end = end
        .into_iter()
        .find(|&i| tail[i..].starts_with(b"PK\x05\x06"));
    let Some(end) = end.filter(|end| end + END <= tail.len()) else {
        return Err(damaged("its end is missing"));
    };
    let mut length = u64::from(u32_at(&tail, end + 12)?);
    let mut start = u64::from(u32_at(&tail, end + 16)?);
    let locator = end
        .checked_sub(20)
        .filter(|&i| tail[i..].starts_with(b"PK\x06\x07"));
    if let Some(locator) = locator {
        let mut record = [0; 56];
        source
            .read(u64_at(&tail, locator + 8)?, &mut record)
            .await?;
        if !record.starts_with(b"PK\x06\x06") {
            return Err(damaged("its 64-bit end record is missing"));
        }
        length = u64_at(&record, 40)?;
        start = u64_at(&record, 48)?;
    }
    if length > LONGEST_DIRECTORY || start.checked_add(length).is_none_or(|end| end > size) {
        return Err(damaged("its directory lies outside the file"));
    }
    let mut bytes = vec![0; length as usize];
    source.read(start, &mut bytes).await?;
    let mut members = HashMap::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        if !rest.starts_with(b"PK\x01\x02") {
            return Err(damaged("its directory is damaged"));
        }
        let name = usize::from(u16_at(rest, 28)?);
        let extra = usize::from(u16_at(rest, 30)?);
        let comment = usize::from(u16_at(rest, 32)?);
        let mut header = u64::from(u32_at(rest, 42)?);
        let mut lengths = [u32_at(rest, 24)?, u32_at(rest, 20)?].map(u64::from);
        let method = u16_at(rest, 10)?;
        let (name, tail) = rest[46..]
            .split_at_checked(name)
            .ok_or_else(|| damaged("a name is cut off"))?;
        let (extra, tail) = tail
            .split_at_checked(extra)
            .ok_or_else(|| damaged("a field is cut off"))?;
        long_fields(extra, &mut lengths, &mut header)?;
        let name = String::from_utf8_lossy(name).into_owned();
        members.insert(name, member(method, header, lengths, size)?);
        rest = tail
            .get(comment..)
            .ok_or_else(|| damaged("a comment is cut off"))?;
    }
    Ok(members)
}

/// A member by its compression method, the position of its header, its length and its length in the
/// file, which has `file` bytes.
fn member(
    method: u16,
    header: u64,
    [size, stored]: [u64; 2],
    file: u64,
) -> Result<Member, WeightsError> {
    // Deflate makes at most 1,032 bytes of one, so that no length fills the memory.
    const MOST: u64 = 1032;
    let deflated = match method {
        _ if header > file => return Err(damaged("a member lies outside the file")),
        0 if size <= file => None,
        8 if stored <= file && size <= stored.saturating_mul(MOST) => Some(stored),
        0 | 8 => return Err(damaged("a member is longer than the file")),
        _ => {
            return Err(damaged(
                "a member is compressed by another method than deflate",
            ));
        }
    };
    Ok(Member {
        header,
        size,
        deflated,
    })
}

/// The 64-bit numbers that stand for those that are all ones in the directory.
fn long_fields(
    mut extra: &[u8],
    lengths: &mut [u64; 2],
    header: &mut u64,
) -> Result<(), WeightsError> {
    while extra.len() >= 4 {
        let length = usize::from(u16_at(extra, 2)?);
        let field = extra
            .get(4..4 + length)
            .ok_or_else(|| damaged("a field is cut off"))?;
        if u16_at(extra, 0)? == 1 {
            let mut at = 0;
            for number in lengths.iter_mut().chain([&mut *header]) {
                if *number == u64::from(u32::MAX) {
                    *number = u64_at(field, at)?;
                    at += 8;
                }
            }
        }
        extra = &extra[4 + length..];
    }
    Ok(())
}

fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], WeightsError> {
    let rest = bytes.get(at..).and_then(|rest| rest.first_chunk());
    rest.copied().ok_or_else(|| damaged("a record is cut off"))
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, WeightsError> {
    bytes_at(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, WeightsError> {
    bytes_at(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, WeightsError> {
    bytes_at(bytes, at).map(u64::from_le_bytes)
}
