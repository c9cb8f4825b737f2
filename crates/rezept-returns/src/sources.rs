//! From what a browser saved to the files inside: a file by itself, or the members of a ZIP archive. Decided by the content,
//! never by the name; every limit is checked before and while bytes are read.

use std::io::{self, Read, Seek, SeekFrom};

use rezept_claim::text;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// Members that an archive may have: far above a year of downloads.
const MEMBERS: usize = 2_000;
/// Size of all members together, as declared and as read.
const EXPANDED_BYTES: u64 = 8 << 30;
/// An archive inside an archive is held in memory.
const NESTED_BYTES: u64 = 64 << 20;

/// Why a source could not be looked into.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError<E> {
    /// The source cannot be read.
    #[error("cannot read the source")]
    Read(#[source] io::Error),
    /// An archive that is damaged, or not made as archives are.
    #[error("the archive is damaged")]
    Damaged(#[source] io::Error),
    /// A member is encrypted.
    #[error("the archive is encrypted")]
    Encrypted,
    /// A member is packed in a way that this program does not open; ZIP files of browsers and Windows are not.
    #[error("the archive is packed in an unknown way")]
    Method,
    /// Two members of one name: one of them cannot be reached.
    #[error("the archive holds one name twice")]
    SameName,
    /// Too many members, too large, or larger than it says.
    #[error("the archive holds more than it may")]
    TooLarge,
    /// An archive inside an archive inside an archive, or one that is too large to be opened there.
    #[error("the archive holds another archive that is not opened")]
    Nested,
    /// What the caller met.
    #[error("the member was not taken")]
    Member(E),
}

/// Hands every file inside to `each`, with its name as it may be shown (`ARCHIVE/MEMBER` inside an archive). Folders and
/// what desktops add to archives are left out. Returns whether the source is an archive.
///
/// # Errors
/// When the source or the archive cannot be read, and what `each` returns.
pub fn members<R: Read + Seek, E>(
    name: &str,
    mut source: R,
    each: &mut dyn FnMut(&str, &mut dyn Read) -> Result<(), E>,
) -> Result<bool, SourceError<E>> {
    let mut start = Vec::with_capacity(4);
    (&mut source).take(4).read_to_end(&mut start).map_err(SourceError::Read)?;
    source.seek(SeekFrom::Start(0)).map_err(SourceError::Read)?;
    if !is_archive(&start) {
        each(name, &mut source).map_err(SourceError::Member)?;
        return Ok(false);
    }
    let mut room = EXPANDED_BYTES;
    archive(name, source, true, &mut room, each)?;
    Ok(true)
}

/// A local header, or the end of an archive without members.
fn is_archive(start: &[u8]) -> bool {
    matches!(start, b"PK\x03\x04" | b"PK\x05\x06")
}

fn archive<R: Read + Seek, E>(
    name: &str,
    source: R,
    outermost: bool,
    room: &mut u64,
    each: &mut dyn FnMut(&str, &mut dyn Read) -> Result<(), E>,
) -> Result<(), SourceError<E>> {
    let mut archive = ZipArchive::new(source).map_err(of_zip)?;
    if archive.len() > MEMBERS {
        return Err(SourceError::TooLarge);
    }
    // 社保 and 国保 returns have the same name: taking one of them in silence would lose the other.
    if archive.has_duplicate_names() {
        return Err(SourceError::SameName);
    }
    for number in 0..archive.len() {
        let mut member = archive.by_index(number).map_err(of_zip)?;
        let shown = format!("{name}/{}", shown_name(member.name_raw()));
        if member.is_dir() || is_clutter(&shown) {
            continue;
        }
        if !matches!(member.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(SourceError::Method);
        }
        let declared = member.size();
        *room = room.checked_sub(declared).ok_or(SourceError::TooLarge)?;
        let mut bounded = Bounded { from: &mut member, left: declared, overrun: false };
        let mut start = [0; 4];
        let filled = read_start(&mut bounded, &mut start).map_err(SourceError::Damaged)?;
        let start = start.get(..filled).unwrap_or_default();
        if is_archive(start) {
            if !outermost || declared > NESTED_BYTES {
                return Err(SourceError::Nested);
            }
            let mut inner = start.to_vec();
            bounded.read_to_end(&mut inner).map_err(SourceError::Damaged)?;
            self::archive(&shown, io::Cursor::new(inner), false, room, each)?;
        } else {
            let taken = each(&shown, &mut start.chain(&mut bounded));
            if bounded.overrun {
                return Err(SourceError::TooLarge);
            }
            taken.map_err(SourceError::Member)?;
        }
    }
    Ok(())
}

fn read_start(from: &mut dyn Read, start: &mut [u8; 4]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = start.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest)? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}

/// What desktops put beside the files of a person.
fn is_clutter(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    name.contains("/__MACOSX/") || [".DS_Store", "Thumbs.db", "desktop.ini"].contains(&last)
}

/// Archives made in Japan name their members in CP932 and do not say so.
fn shown_name(raw: &[u8]) -> String {
    std::str::from_utf8(raw).map_or_else(|_| text::decode(raw).into_owned(), str::to_owned)
}

/// A member that ends where its archive says that it ends.
struct Bounded<'a> {
    from: &'a mut dyn Read,
    left: u64,
    overrun: bool,
}

impl Read for Bounded<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(out)?;
        if read == 0 && !out.is_empty() && self.left > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "less than the archive declares"));
        }
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                self.overrun = true;
                return Err(io::Error::new(io::ErrorKind::InvalidData, "more than the archive declares"));
            }
        }
        Ok(read)
    }
}

fn of_zip<E>(error: ZipError) -> SourceError<E> {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => SourceError::Encrypted,
        ZipError::CompressionMethodNotSupported(_) => SourceError::Method,
        ZipError::Io(error) => SourceError::Damaged(error),
        other => SourceError::Damaged(io::Error::other(other)),
    }
}
