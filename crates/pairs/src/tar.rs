//! An archive's bytes, in pieces of any size, to pairs: ustar, with the long names of pax and of GNU tar, gzipped or not.

use crate::problem::Trouble;
use crate::sample::{Found, Ignored, Samples, part_of};
use flate2::write::MultiGzDecoder;
use std::fmt;
use std::io::Write;
use tar::{EntryType, Header, PaxExtensions};

const BLOCK: usize = 512;

/// Largest member that is kept; a picture of 100 megapixels has a tenth.
const LARGEST: u64 = 256 << 20;

/// Largest list of extensions or long name.
const LONGEST: u64 = 1 << 20;

/// A file that begins neither as a tar nor as a gzip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTar;

impl fmt::Display for NotTar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it does not begin as a tar does")
    }
}

impl std::error::Error for NotTar {}

/// Reads an archive as it comes.
#[derive(Default)]
pub struct TarReader {
    gzip: Gzip,
    stream: Stream,
}

/// Whether the archive is gzipped.
#[derive(Default)]
enum Gzip {
    /// The first byte, if one came.
    #[default]
    Unknown,
    First(u8),
    No,
    Yes(Box<MultiGzDecoder<Vec<u8>>>),
    /// Damaged; what follows is lost.
    Broken,
}

impl TarReader {
    /// A reader at the start of an archive.
    pub fn new() -> TarReader {
        TarReader::default()
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// Where the file is no tar, which its first 512 bytes say.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), NotTar> {
        const MAGIC: [u8; 2] = [0x1f, 0x8b];
        if bytes.is_empty() {
            return Ok(());
        }
        let start;
        let mut bytes = bytes;
        match self.gzip {
            Gzip::Unknown if bytes.len() == 1 => {
                self.gzip = Gzip::First(bytes[0]);
                return Ok(());
            }
            Gzip::Unknown | Gzip::First(_) => {
                if let Gzip::First(first) = self.gzip {
                    start = [&[first], bytes].concat();
                    bytes = &start;
                }
                self.gzip = match bytes.starts_with(&MAGIC) {
                    true => Gzip::Yes(Box::new(MultiGzDecoder::new(Vec::new()))),
                    false => Gzip::No,
                };
            }
            _ => {}
        }
        match &mut self.gzip {
            Gzip::Yes(decoder) => {
                // In pieces, so that what is unpacked at once stays small.
                for piece in bytes.chunks(16 << 10) {
                    let written = decoder.write_all(piece);
                    let unpacked = std::mem::take(decoder.get_mut());
                    self.stream.push(&unpacked)?;
                    if let Err(error) = written {
                        self.stream.lost(error.to_string());
                        self.gzip = Gzip::Broken;
                        break;
                    }
                }
                Ok(())
            }
            Gzip::Broken => Ok(()),
            _ => self.stream.push(bytes),
        }
    }

    /// Ends the archive: what is under way is whole now, or cut off.
    ///
    /// # Errors
    ///
    /// Where the file is no tar.
    pub fn finish(&mut self) -> Result<(), NotTar> {
        match std::mem::take(&mut self.gzip) {
            Gzip::Yes(mut decoder) => {
                let finished = decoder.try_finish();
                let unpacked = std::mem::take(decoder.get_mut());
                self.stream.push(&unpacked)?;
                if let Err(error) = finished {
                    self.stream.lost(error.to_string());
                }
            }
            Gzip::Unknown | Gzip::First(_) => return Err(NotTar),
            gzip => self.gzip = gzip,
        }
        self.stream.finish()
    }

    /// What was found since the last call.
    pub fn found(&mut self) -> std::vec::Drain<'_, Found> {
        self.stream.samples.found()
    }

    /// Members that belong to no pair, so far.
    pub fn ignored(&self) -> &Ignored {
        &self.stream.ignored
    }
}

/// The bytes of a tar.
#[derive(Default)]
struct Stream {
    samples: Samples,
    ignored: Ignored,
    /// Bytes so far.
    at: u64,
    block: Vec<u8>,
    member: Option<Member>,
    /// The name and the size that extensions give the next member.
    name: Option<String>,
    size: Option<u64>,
    /// Whether a header has been whole, and whether the last was.
    is_tar: bool,
    is_lost: bool,
    /// Whether the last block of headers was one of zeros.
    has_end: bool,
    /// It ended; what was under way has been told.
    ended: bool,
}

/// A member whose bytes are under way.
struct Member {
    name: String,
    keep: Keep,
    /// Bytes still to come, and those that fill its last block.
    left: u64,
    padding: u64,
    bytes: Vec<u8>,
}

/// What a member's bytes are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// A part of a pair.
    Part,
    /// A name for the next member (GNU).
    Name,
    /// Extensions for the next member (pax).
    Extensions,
    Nothing,
}

impl Stream {
    fn push(&mut self, mut bytes: &[u8]) -> Result<(), NotTar> {
        while !bytes.is_empty() && !self.ended {
            match &mut self.member {
                Some(member) if member.left > 0 => {
                    let take = member.left.min(bytes.len() as u64) as usize;
                    let (now, rest) = bytes.split_at(take);
                    if member.keep != Keep::Nothing {
                        member.bytes.extend_from_slice(now);
                    }
                    member.left -= take as u64;
                    (self.at, bytes) = (self.at + take as u64, rest);
                    if member.left == 0 {
                        self.whole();
                    }
                }
                Some(member) if member.padding > 0 => {
                    let take = member.padding.min(bytes.len() as u64) as usize;
                    member.padding -= take as u64;
                    (self.at, bytes) = (self.at + take as u64, &bytes[take..]);
                }
                _ => {
                    self.member = None;
                    let take = (BLOCK - self.block.len()).min(bytes.len());
                    self.block.extend_from_slice(&bytes[..take]);
                    (self.at, bytes) = (self.at + take as u64, &bytes[take..]);
                    if self.block.len() == BLOCK {
                        let block = std::mem::take(&mut self.block);
                        self.header(&block)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A member's bytes are whole.
    fn whole(&mut self) {
        let Some(member) = &mut self.member else {
            return;
        };
        let bytes = std::mem::take(&mut member.bytes);
        match member.keep {
            Keep::Part => {
                self.samples.at = Some(self.at - bytes.len() as u64);
                self.samples.member(&member.name, bytes);
            }
            Keep::Name => {
                let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
                self.name = Some(String::from_utf8_lossy(&bytes[..end]).into_owned());
            }
            Keep::Extensions => {
                for extension in PaxExtensions::new(&bytes).flatten() {
                    let value = String::from_utf8_lossy(extension.value_bytes());
                    match extension.key_bytes() {
                        b"path" => self.name = Some(value.into_owned()),
                        b"size" => self.size = value.parse().ok(),
                        _ => {}
                    }
                }
            }
            Keep::Nothing => {}
        }
    }

    fn header(&mut self, block: &[u8]) -> Result<(), NotTar> {
        // Two such blocks end an archive; another may follow, where archives were joined.
        if block.iter().all(|byte| *byte == 0) {
            self.is_tar |= self.at == BLOCK as u64;
            self.has_end = true;
            return Ok(());
        }
        self.has_end = false;
        let header = Header::from_byte_slice(block);
        let sum = header.cksum().ok();
        let size = header.entry_size().ok();
        let (Some(size), true) = (size, sum == Some(checksum(block))) else {
            if !self.is_tar {
                self.ended = true;
                return Err(NotTar);
            }
            if !std::mem::replace(&mut self.is_lost, true) {
                let at = self.at - BLOCK as u64;
                self.samples.broken("", Trouble::Header { at });
            }
            (self.name, self.size) = (None, None);
            return Ok(());
        };
        (self.is_tar, self.is_lost) = (true, false);
        let entry = header.entry_type();
        let name = |header: &Header| String::from_utf8_lossy(&header.path_bytes()).into_owned();
        let (name, keep, size) = match entry {
            EntryType::GNULongName => (name(header), Keep::Name, size),
            EntryType::XHeader => (name(header), Keep::Extensions, size),
            EntryType::XGlobalHeader | EntryType::GNULongLink => {
                (name(header), Keep::Nothing, size)
            }
            _ => {
                let name = self.name.take().unwrap_or_else(|| name(header));
                let size = self.size.take().unwrap_or(size);
                let keep = self.keep(entry, &name, size);
                // Links and folders have no bytes, whatever their headers say.
                let has_bytes = entry.is_file() || entry.is_contiguous() || entry.is_gnu_sparse();
                (name, keep, if has_bytes { size } else { 0 })
            }
        };
        let keep = match keep {
            Keep::Name | Keep::Extensions if size > LONGEST => Keep::Nothing,
            keep => keep,
        };
        self.member = Some(Member {
            name,
            keep,
            left: size,
            padding: size.wrapping_neg() % BLOCK as u64,
            bytes: Vec::new(),
        });
        if size == 0 {
            self.whole();
        }
        Ok(())
    }

    /// Whether a member's bytes are of a pair; what is left out is counted or told.
    fn keep(&mut self, entry: EntryType, name: &str, size: u64) -> Keep {
        if entry.is_dir() {
            return Keep::Nothing;
        }
        if part_of(name).is_none() {
            self.ignored.count(name);
            return Keep::Nothing;
        }
        let what = match entry {
            EntryType::Regular | EntryType::Continuous => None,
            EntryType::GNUSparse => Some("it is stored with holes"),
            EntryType::Link | EntryType::Symlink => Some("it is a link"),
            _ => Some("it is no file"),
        };
        if let Some(what) = what {
            self.samples.broken(name, Trouble::Unsupported { what });
            return Keep::Nothing;
        }
        if size > LARGEST {
            self.samples.broken(name, Trouble::TooLarge { bytes: size });
            return Keep::Nothing;
        }
        Keep::Part
    }

    /// The rest of the archive cannot be unpacked.
    fn lost(&mut self, reason: String) {
        self.samples.end();
        self.samples.broken("", Trouble::Gzip { reason });
        (self.member, self.ended) = (None, true);
        self.block.clear();
    }

    fn finish(&mut self) -> Result<(), NotTar> {
        if std::mem::replace(&mut self.ended, true) {
            return Ok(());
        }
        if !self.is_tar {
            return Err(NotTar);
        }
        match self.member.take() {
            Some(member) if member.left > 0 => {
                if member.keep == Keep::Nothing {
                    self.samples.end();
                }
                self.samples.broken(&member.name, Trouble::CutOff);
            }
            _ if !self.has_end => self.samples.broken("", Trouble::NoEnd),
            _ => {}
        }
        self.samples.end();
        Ok(())
    }
}

/// The sum of a header's bytes, its own field as spaces.
fn checksum(block: &[u8]) -> u32 {
    let field = 148..156;
    let bytes = block.iter().enumerate();
    let bytes = bytes.map(|(i, byte)| if field.contains(&i) { b' ' } else { *byte });
    bytes.map(u32::from).sum()
}
