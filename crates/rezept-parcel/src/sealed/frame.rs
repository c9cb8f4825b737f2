//! The frame of the ZIP inside a sealed parcel: which entries there are and where. Everything but the contents is checked
//! here, before any content is looked at; what is accepted is, byte for byte, what the sealer would have written.

use std::io::{self, Read, Seek, SeekFrom};

use super::error::{Trick, UnsealError};
use super::layout::{self, Entry, PLAIN_FILE};
use super::{MAX_ENTRIES, age_stream};
use crate::paths::{Collisions, PATH_MAX, check_relative};

/// The end of the directory, without comment.
const END_BYTES: u64 = 22;
/// What stands before it when offsets need 64 bits: a record of 56 bytes and its locator of 20.
const END64_BYTES: u64 = 56 + 20;
/// One entry of the directory: 46 bytes, a name, and at most 28 of 64-bit numbers.
const CENTRAL_MAX_BYTES: u64 = 46 + PATH_MAX as u64 + 28;

/// The entries of a ZIP, in the order in which they stand, without gap or overlap, from the first byte to the last.
pub(super) struct Frame {
    pub entries: Vec<Entry>,
}

impl Frame {
    /// Reads and checks the directory, and every header and descriptor between the contents.
    pub fn read(plain: &mut (impl Read + Seek)) -> Result<Self, UnsealError> {
        let length = plain.seek(SeekFrom::End(0)).map_err(age_stream::of_io)?;
        let (start, end) = find_directory(plain, length)?;
        let directory = read_at(plain, start, length - start)?;
        let size = usize::try_from(end - start).unwrap_or(usize::MAX);
        let entries = parse_directory(directory.get(..size).unwrap_or_default())?;
        check_places(&entries, start)?;
        check_written_form(&entries, start, &directory)?;
        check_between(plain, &entries)?;
        Ok(Self { entries })
    }
}

const fn whole(what: Trick) -> UnsealError {
    UnsealError::Trick { entry: 0, what }
}

fn read_at(plain: &mut (impl Read + Seek), at: u64, count: u64) -> Result<Vec<u8>, UnsealError> {
    let mut bytes = Vec::new();
    plain.seek(SeekFrom::Start(at)).map_err(age_stream::of_io)?;
    plain.take(count).read_to_end(&mut bytes).map_err(age_stream::of_io)?;
    if bytes.len() as u64 == count { Ok(bytes) } else { Err(UnsealError::Damaged) }
}

/// Where the directory begins and ends; it ends where its own end record begins. Only the last bytes of all may be that
/// record, so nothing can hide behind it.
fn find_directory(plain: &mut (impl Read + Seek), length: u64) -> Result<(u64, u64), UnsealError> {
    let none = || whole(Trick::NoDirectory);
    let end_at = length.checked_sub(END_BYTES).ok_or_else(none)?;
    let record = read_at(plain, end_at, END_BYTES)?;
    let mut fields = Fields(record.strip_prefix(b"PK\x05\x06").ok_or_else(none)?);
    let mut read = || {
        fields.skip(6)?;
        let count = fields.u16()?;
        let _size = fields.u32()?;
        Some((count, fields.u32()?, fields.u16()?))
    };
    let (count, start, comment) = read().ok_or_else(none)?;
    if comment != 0 {
        return Err(none());
    }
    if usize::from(count) > MAX_ENTRIES {
        return Err(whole(Trick::TooManyEntries));
    }
    let (start, end) = match start {
        u32::MAX => find_wide_directory(plain, end_at)?,
        _ => (u64::from(start), end_at),
    };
    let size = end.checked_sub(start).ok_or_else(none)?;
    // Before it is read into memory.
    if size > u64::from(count) * CENTRAL_MAX_BYTES {
        Err(whole(Trick::BadDirectory))
    } else {
        Ok((start, end))
    }
}

/// The same from the 64-bit record, if there is one: a directory may begin just where numbers begin to need it.
fn find_wide_directory(plain: &mut (impl Read + Seek), end_at: u64) -> Result<(u64, u64), UnsealError> {
    let end = end_at.checked_sub(END64_BYTES).ok_or(whole(Trick::NoDirectory))?;
    let record = read_at(plain, end, END64_BYTES)?;
    let Some(fields) = record.strip_prefix(b"PK\x06\x06") else { return Ok((u32::MAX.into(), end_at)) };
    let mut fields = Fields(fields);
    let start = fields.skip(44).and_then(|()| fields.u64());
    Ok((start.ok_or(whole(Trick::NoDirectory))?, end))
}

/// Reads the entries and refuses each that no parcel has, in words that say what it tries.
fn parse_directory(bytes: &[u8]) -> Result<Vec<Entry>, UnsealError> {
    let mut fields = Fields(bytes);
    let mut entries = Vec::new();
    let mut names = Collisions::default();
    while !fields.0.is_empty() {
        let entry = entries.len();
        let trick = |what| UnsealError::Trick { entry, what };
        if entry >= MAX_ENTRIES {
            return Err(trick(Trick::TooManyEntries));
        }
        let central = Central::parse(&mut fields).ok_or_else(|| trick(Trick::BadDirectory))?;
        let name = central.check().map_err(trick)?;
        names.insert(name).map_err(|(_, kind)| trick(Trick::Twin(kind)))?;
        let name = name.to_owned();
        entries.push(Entry { name, size: central.size, crc: central.crc, start: central.start });
    }
    Ok(entries)
}

/// One entry of the directory as it stands there.
struct Central<'a> {
    flags: u16,
    method: u16,
    crc: u32,
    stored: u64,
    size: u64,
    attributes: u32,
    start: u64,
    name: &'a [u8],
}

impl<'a> Central<'a> {
    fn parse(fields: &mut Fields<'a>) -> Option<Self> {
        fields.0 = fields.0.strip_prefix(b"PK\x01\x02")?;
        fields.skip(4)?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        fields.skip(4)?;
        let (crc, stored, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name_len, extra_len, comment_len) = (fields.u16()?, fields.u16()?, fields.u16()?);
        fields.skip(4)?;
        let (attributes, start) = (fields.u32()?, fields.u32()?);
        let name = fields.take(name_len.into())?;
        let mut wide = Fields(fields.take(extra_len.into())?);
        fields.skip(comment_len.into())?;
        // Other extra fields than the 64-bit numbers make the numbers unreadable here, and are refused for it.
        if extra_len > 0 {
            wide.skip(4)?;
        }
        let mut widen = |narrow: u32| if narrow == u32::MAX { wide.u64() } else { Some(narrow.into()) };
        let (size, stored, start) = (widen(size)?, widen(stored)?, widen(start)?);
        Some(Self { flags, method, crc, stored, size, attributes, start, name })
    }

    /// The name, if this can be a file of a parcel at all.
    fn check(&self) -> Result<&'a str, Trick> {
        if self.flags & 1 != 0 {
            return Err(Trick::Encrypted);
        }
        if self.method != 0 {
            return Err(Trick::Compressed);
        }
        let name =
            std::str::from_utf8(self.name).map_err(|_| Trick::Name(crate::paths::PathProblem::NotText))?;
        if name.ends_with('/') || self.attributes >> 28 == 0o04 {
            return Err(Trick::Folder);
        }
        if self.attributes != PLAIN_FILE && self.attributes >> 28 != PLAIN_FILE >> 28 {
            return Err(if self.attributes >> 28 == 0 { Trick::NotCanonical } else { Trick::Special });
        }
        check_relative(name).map_err(Trick::Name)?;
        if self.stored == self.size { Ok(name) } else { Err(Trick::NotCanonical) }
    }
}

/// Each entry begins where the one before it ends, the first at the very start, and the directory after the last.
fn check_places(entries: &[Entry], directory: u64) -> Result<(), UnsealError> {
    let mut end = 0_u64;
    for (entry, found) in entries.iter().enumerate() {
        let trick = |what| UnsealError::Trick { entry, what };
        check_adjacent(end, found.start).map_err(trick)?;
        let around = found.local_len() + found.descriptor_len();
        end = end
            .checked_add(found.size)
            .and_then(|end| end.checked_add(around))
            .filter(|end| *end <= directory)
            .ok_or_else(|| trick(Trick::Sizes))?;
    }
    let entry = entries.len();
    check_adjacent(end, directory).map_err(|what| UnsealError::Trick { entry, what })
}

const fn check_adjacent(end: u64, next: u64) -> Result<(), Trick> {
    if next < end {
        Err(Trick::Overlap)
    } else if next > end {
        Err(Trick::Gap)
    } else {
        Ok(())
    }
}

/// The directory with its end, byte for byte as it is written for these entries.
fn check_written_form(entries: &[Entry], start: u64, found: &[u8]) -> Result<(), UnsealError> {
    let mut rest = found;
    let mut expected = Vec::new();
    let mut version = 0;
    for (entry, one) in entries.iter().enumerate() {
        expected.clear();
        one.central_header(&mut expected);
        let trick = UnsealError::Trick { entry, what: Trick::NotCanonical };
        rest = rest.strip_prefix(expected.as_slice()).ok_or(trick)?;
        version = version.max(one.version());
    }
    let size = (found.len() - rest.len()) as u64;
    let count = u16::try_from(entries.len()).unwrap_or(u16::MAX);
    let entry = entries.len();
    if rest == layout::end(count, size, start, version.max(layout::VERSION)) {
        Ok(())
    } else {
        Err(UnsealError::Trick { entry, what: Trick::NotCanonical })
    }
}

/// What stands before, between and behind the contents, byte for byte.
fn check_between(plain: &mut (impl Read + Seek), entries: &[Entry]) -> Result<(), UnsealError> {
    let mut expected = Vec::new();
    let mut at = 0;
    for (entry, one) in entries.iter().enumerate() {
        one.local_header(&mut expected);
        compare(plain, at, &expected, entry)?;
        at = one.start + one.local_len() + one.size;
        expected.clear();
        one.descriptor(&mut expected);
    }
    compare(plain, at, &expected, entries.len())
}

fn compare(
    plain: &mut (impl Read + Seek),
    at: u64,
    expected: &[u8],
    entry: usize,
) -> Result<(), UnsealError> {
    if read_at(plain, at, expected.len() as u64)? == expected {
        Ok(())
    } else {
        Err(UnsealError::Trick { entry, what: Trick::NotCanonical })
    }
}

/// Little-endian numbers one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// The content of one entry.
pub(super) struct Content<'a, P> {
    plain: &'a mut P,
    left: u64,
}

impl<'a, P: Read + Seek> Content<'a, P> {
    /// Goes to the beginning of the content.
    pub fn open(plain: &'a mut P, entry: &Entry) -> io::Result<Self> {
        plain.seek(SeekFrom::Start(entry.start + entry.local_len()))?;
        Ok(Self { plain, left: entry.size })
    }
}

impl<P: Read> Read for Content<'_, P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let buffer = buffer.get_mut(..wanted).unwrap_or_default();
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.plain.read(buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BUFFER_BYTES, seal};
    use super::*;
    use std::collections::BTreeMap;
    use std::io::Write;
    use zip::ZipWriter;

    static ZEROS: [u8; BUFFER_BYTES] = [0; BUFFER_BYTES];

    /// A file of many GiB of which only what is not zero is kept.
    #[derive(Default)]
    struct Sparse {
        kept: BTreeMap<u64, Vec<u8>>,
        position: u64,
        length: u64,
    }

    impl Write for Sparse {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if bytes.len() < BUFFER_BYTES || bytes != ZEROS {
                self.kept.insert(self.length, bytes.to_vec());
            }
            self.length += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Read for Sparse {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let mut count = 0;
            for (slot, at) in buffer.iter_mut().zip(self.position..self.length) {
                let piece = self.kept.range(..=at).next_back();
                let byte = piece.and_then(|(start, bytes)| bytes.get(usize::try_from(at - start).unwrap()));
                *slot = byte.copied().unwrap_or(0);
                count += 1;
            }
            self.position += count as u64;
            Ok(count)
        }
    }

    impl Seek for Sparse {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.position = match to {
                SeekFrom::Start(at) => at,
                SeekFrom::End(by) => self.length.checked_add_signed(by).unwrap(),
                SeekFrom::Current(by) => self.position.checked_add_signed(by).unwrap(),
            };
            Ok(self.position)
        }
    }

    /// Writes zeros of these sizes as the sealer does, and reads the frame.
    fn frame_of(sizes: &[u64]) -> (Sparse, Vec<Entry>) {
        let mut zip = ZipWriter::new_stream(Sparse::default());
        for (index, &size) in sizes.iter().enumerate() {
            seal::start(&mut zip, &format!("file-{index}"), size).unwrap();
            io::copy(&mut io::repeat(0).take(size % BUFFER_BYTES as u64), &mut zip).unwrap();
            for _ in 0..size / BUFFER_BYTES as u64 {
                zip.write_all(&ZEROS).unwrap();
            }
        }
        let mut sparse = zip.finish().unwrap().into_inner();
        let entries = Frame::read(&mut sparse).unwrap().entries;
        assert_eq!(entries.iter().map(|entry| entry.size).collect::<Vec<_>>(), sizes);
        (sparse, entries)
    }

    /// Sizes and places on both sides of the border at which ZIP changes to 64 bits.
    #[test]
    fn more_than_four_gibibytes_are_read_as_they_are_written() {
        const BORDER: u64 = u32::MAX as u64;
        let (mut sparse, entries) = frame_of(&[10, BORDER, 20, 0]);
        assert!(entries[2].start > BORDER);
        assert_eq!((entries[1].local_len(), entries[1].descriptor_len()), (30 + 6 + 20, 24));
        // Sizes that need 64 bits are compared like all others.
        let at = entries[1].start + entries[1].local_len() + entries[1].size + 12;
        let (start, piece) = sparse.kept.range_mut(..=at).next_back().unwrap();
        piece[usize::try_from(at - start).unwrap()] ^= 1;
        let error = Frame::read(&mut sparse).map(|_| ()).unwrap_err();
        assert!(matches!(error, UnsealError::Trick { entry: 2, what: Trick::NotCanonical }), "{error:?}");

        let (_, entries) = frame_of(&[BORDER - 1, 20]);
        assert_eq!(entries[0].descriptor_len(), 16);
        assert!(entries[1].start > BORDER);
    }
}
