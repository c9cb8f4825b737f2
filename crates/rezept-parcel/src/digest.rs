//! SHA-256 as a value, and a reader and a writer that hash what passes through them.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest. Text form: 64 lower-case hex digits, nothing else is accepted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Hashes `bytes`, which are small enough to be in memory (tag files, headers).
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The text is not 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 digest in lower-case hex")]
pub struct BadDigest;

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        parse_hex(text).map(Self).ok_or(BadDigest)
    }
}

/// Writes `bytes` as lower-case hex.
pub(crate) fn write_hex(f: &mut impl fmt::Write, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Reads exactly `2 * N` lower-case hex digits.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = hex_digit(*high)? << 4 | hex_digit(*low)?;
    }
    Some(bytes)
}

/// Upper case is refused so that every value has one spelling and comparing text is comparing values.
const fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Passes reads through and hashes and counts every byte that was really returned.
pub struct HashingReader<R> {
    inner: R,
    hash: Sha256,
    bytes: u64,
}

impl<R> HashingReader<R> {
    /// Wraps `inner`; nothing has been counted yet.
    pub fn new(inner: R) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// How many bytes have been read so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends the hashing: the inner reader, the digest of everything read, and the number of bytes.
    pub fn finish(self) -> (R, Digest, u64) {
        (self.inner, Digest(self.hash.finalize().into()), self.bytes)
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let filled = buffer.get(..count).ok_or(io::ErrorKind::InvalidData)?;
        self.hash.update(filled);
        self.bytes += count as u64;
        Ok(count)
    }
}

/// Passes writes through and hashes and counts every byte that the inner writer really took.
pub struct HashingWriter<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W> HashingWriter<W> {
    /// Wraps `inner`; nothing has been counted yet.
    pub fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// How many bytes have been written so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends the hashing: the inner writer (not flushed), the digest of everything written, the number of bytes.
    pub fn finish(self) -> (W, Digest, u64) {
        (self.inner, Digest(self.hash.finalize().into()), self.bytes)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        let taken = buffer.get(..count).ok_or(io::ErrorKind::InvalidData)?;
        self.hash.update(taken);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn text_form_is_lower_case_hex_and_nothing_else() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), ABC);
        assert_eq!(ABC.parse(), Ok(digest));
        for bad in [&ABC.to_uppercase(), &ABC[1..], &format!("{ABC}0"), &format!(" {ABC}"), "", "zz"] {
            assert_eq!(bad.parse::<Digest>(), Err(BadDigest), "{bad}");
        }
    }

    #[test]
    fn reader_and_writer_hash_what_passes() {
        let mut reader = HashingReader::new(&b"abc"[..]);
        let mut writer = HashingWriter::new(Vec::new());
        io::copy(&mut reader, &mut writer).unwrap();
        let (_, read, read_bytes) = reader.finish();
        let (copy, written, written_bytes) = writer.finish();
        assert_eq!((read.to_string().as_str(), read_bytes), (ABC, 3));
        assert_eq!((written, written_bytes, copy.as_slice()), (read, 3, &b"abc"[..]));
    }

    /// Takes one byte at a time, so a wrapper that counts what it was offered would be wrong.
    struct OneByte(Vec<u8>);

    impl Write for OneByte {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            self.0.extend(buffer.first());
            Ok(buffer.len().min(1))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_short_write_is_hashed_once() {
        let mut writer = HashingWriter::new(OneByte(Vec::new()));
        writer.write_all(b"abc").unwrap();
        let (inner, digest, bytes) = writer.finish();
        assert_eq!((inner.0.as_slice(), digest.to_string().as_str(), bytes), (&b"abc"[..], ABC, 3));
    }
}
