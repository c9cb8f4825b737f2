//! The text form that headers and acknowledgements share: a version line, `key: value` lines in a fixed order,
//! and a last line with the SHA-256 of everything before it. Says exactly in which way bytes fail to be one.

use std::fmt::{Display, Write as _};
use std::str::FromStr;

use crate::digest::Digest;
use crate::words::parse_number;

/// Why bytes are not a header or an acknowledgement that this build understands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// More bytes than any file of this kind has; nothing was parsed.
    #[error("larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// The line with the file's own digest is missing or incomplete: cut short, or damaged just there.
    #[error("does not end with its own digest (cut short or damaged)")]
    Truncated,
    /// Something follows the line with the file's own digest.
    #[error("continues after its own digest")]
    TrailingBytes,
    /// The content is not what was written: one bit is enough.
    #[error("its own digest differs from its content")]
    DigestDiffers,
    /// The first line is not this kind's version line.
    #[error("does not begin with a {expected} line")]
    NotThisKind {
        /// The key of the version line.
        expected: &'static str,
    },
    /// Written by a newer rezept: update this station, nothing is damaged.
    #[error("format version {found} is newer than version {supported} of this build")]
    NewerVersion {
        /// The version found.
        found: u32,
        /// The newest version this build reads.
        supported: u32,
    },
    /// A form of parcel that this build does not know: update this station, nothing is damaged.
    #[error("parcel form {form:?} needs a newer version of this program")]
    NewerForm {
        /// The form found.
        form: String,
    },
    /// Lines that do not belong to this form of parcel: a bag without facility, a sealed parcel with one. Nothing
    /// that was read is ever this; it is a mistake of the writer.
    #[error("the header does not fit the form of its parcel")]
    WrongForm,
    /// The segment lines of a sealed parcel are no list of segments: too many, or of sizes that none has.
    #[error("the segments do not make a sealed parcel")]
    BadSegments,
    /// A line is not printable ASCII of the form `key: value`.
    #[error("line {line} is not a plain key and value")]
    BadLine {
        /// 1-based.
        line: usize,
    },
    /// A key that this format does not have.
    #[error("line {line}: unknown key {key:?}")]
    UnknownKey {
        /// 1-based.
        line: usize,
        /// The key found.
        key: String,
    },
    /// Another key had to stand here.
    #[error("line {line}: {expected} expected")]
    MissingKey {
        /// 1-based.
        line: usize,
        /// The key that had to stand here.
        expected: &'static str,
    },
    /// A value without the shape its key demands.
    #[error("line {line}: the value of {key} is malformed")]
    BadValue {
        /// 1-based.
        line: usize,
        /// The key.
        key: &'static str,
    },
}

const DIGEST_KEY: &str = "sha256: ";

/// Builds the bytes, line by line.
pub(crate) struct TextWriter {
    text: String,
}

impl TextWriter {
    /// Begins with the version line.
    pub fn new(kind: &'static str, version: u32) -> Self {
        Self { text: format!("{kind}: {version}\n") }
    }

    /// Appends one line; the value's type has checked that it is one line of ASCII.
    pub fn line(&mut self, key: &'static str, value: impl Display) {
        // Writing to a String cannot fail; the Result belongs to the trait.
        let _ = writeln!(self.text, "{key}: {value}");
    }

    /// Appends the line of an optional value that is there.
    pub fn line_if(&mut self, key: &'static str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.line(key, value);
        }
    }

    /// Appends the digest line, unless the reader would refuse the result for its size.
    pub fn finish(mut self, limit_bytes: usize) -> Result<Vec<u8>, TextError> {
        let digest = Digest::of(self.text.as_bytes());
        let _ = writeln!(self.text, "{DIGEST_KEY}{digest}");
        if self.text.len() > limit_bytes {
            Err(TextError::TooLarge { limit_bytes })
        } else {
            Ok(self.text.into_bytes())
        }
    }
}

/// Hands out the lines of a whole and undamaged text in their order.
pub(crate) struct TextReader<'a> {
    lines: std::iter::Peekable<std::vec::IntoIter<Line<'a>>>,
    known: &'static [&'static str],
    last_line: usize,
}

struct Line<'a> {
    number: usize,
    key: &'a str,
    value: &'a str,
}

impl<'a> TextReader<'a> {
    /// Checks size, digest and version, in this order: a version number is believed only when the digest holds,
    /// or when a newer format may have another ending altogether.
    pub fn open(
        bytes: &'a [u8],
        kind: &'static str,
        supported: u32,
        known: &'static [&'static str],
        limit_bytes: usize,
    ) -> Result<Self, TextError> {
        if bytes.len() > limit_bytes {
            return Err(TextError::TooLarge { limit_bytes });
        }
        let body = checked_body(bytes);
        let version = version_of(bytes, kind);
        let body = match (body, version) {
            (Ok(_) | Err(TextError::Truncated), Some(found)) if found > supported => {
                return Err(TextError::NewerVersion { found, supported });
            }
            (Ok(body), Some(found)) if found == supported => body,
            (Ok(_), _) => return Err(TextError::NotThisKind { expected: kind }),
            (Err(error), _) => return Err(error),
        };
        // Not `lines()`, which would let a CR before the LF pass.
        let lines = body
            .strip_suffix('\n')
            .unwrap_or(body)
            .split('\n')
            .enumerate()
            .skip(1)
            .map(|(index, text)| split_line(index + 1, text));
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { last_line: lines.len() + 2, lines: lines.into_iter().peekable(), known })
    }

    /// The next line's value, which must belong to `key`, and its line number.
    fn take(&mut self, key: &'static str) -> Result<(usize, &'a str), TextError> {
        match self.lines.next() {
            Some(line) if line.key == key => Ok((line.number, line.value)),
            Some(line) if self.known.contains(&line.key) => {
                Err(TextError::MissingKey { line: line.number, expected: key })
            }
            Some(line) => Err(TextError::UnknownKey { line: line.number, key: line.key.to_owned() }),
            None => Err(TextError::MissingKey { line: self.last_line, expected: key }),
        }
    }

    /// The next line's value as a `T`.
    pub fn value<T: FromStr>(&mut self, key: &'static str) -> Result<T, TextError> {
        self.value_with(key, |text| text.parse().ok())
    }

    /// The value of the next line if it belongs to `key`; an optional line is there or not, never empty.
    pub fn value_if<T: FromStr>(&mut self, key: &'static str) -> Result<Option<T>, TextError> {
        if self.next_is(key) { self.value(key).map(Some) } else { Ok(None) }
    }

    /// The next line's value as a decimal number without sign or leading zero.
    pub fn number<T: FromStr>(&mut self, key: &'static str) -> Result<T, TextError> {
        self.value_with(key, parse_number)
    }

    /// The next line's value, read by `parse`; `None` is a malformed value.
    pub fn value_with<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, TextError> {
        let (line, text) = self.take(key)?;
        parse(text).ok_or(TextError::BadValue { line, key })
    }

    /// Whether the next line belongs to `key`.
    pub fn next_is(&mut self, key: &'static str) -> bool {
        self.lines.peek().is_some_and(|line| line.key == key)
    }

    /// Refuses lines that nobody took.
    pub fn finish(mut self) -> Result<(), TextError> {
        match self.lines.next() {
            None => Ok(()),
            Some(line) => Err(TextError::UnknownKey { line: line.number, key: line.key.to_owned() }),
        }
    }
}

/// Splits off the digest line and compares it with what stands before.
fn checked_body(bytes: &[u8]) -> Result<&str, TextError> {
    let text = bytes.strip_suffix(b"\n").ok_or(TextError::Truncated)?;
    let start = text.iter().rposition(|&byte| byte == b'\n').ok_or(TextError::Truncated)? + 1;
    let (body, last) = bytes.split_at(start);
    let stored = last.strip_prefix(DIGEST_KEY.as_bytes()).and_then(|hex| hex.strip_suffix(b"\n"));
    let Some(stored) = stored else {
        let has_digest =
            body.split(|&byte| byte == b'\n').any(|line| line.starts_with(DIGEST_KEY.as_bytes()));
        return Err(if has_digest { TextError::TrailingBytes } else { TextError::Truncated });
    };
    if stored.len() != 64 {
        return Err(TextError::Truncated);
    }
    if stored != Digest::of(body).to_string().as_bytes() {
        return Err(TextError::DigestDiffers);
    }
    // The digest holds, so a writer put these bytes there; not being text is then its mistake on line one.
    std::str::from_utf8(body).map_err(|_| TextError::BadLine { line: 1 })
}

fn version_of(bytes: &[u8], kind: &str) -> Option<u32> {
    let first = bytes.split(|&byte| byte == b'\n').next()?;
    parse_number(std::str::from_utf8(first).ok()?.strip_prefix(kind)?.strip_prefix(": ")?)
}

fn split_line(number: usize, text: &str) -> Result<Line<'_>, TextError> {
    let plain = text.bytes().all(|byte| matches!(byte, 0x20..=0x7E));
    match text.split_once(": ") {
        Some((key, value)) if plain && !key.is_empty() => Ok(Line { number, key, value }),
        _ => Err(TextError::BadLine { line: number }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["a", "b"];
    const LIMIT: usize = 200;

    fn sealed(body: &str) -> Vec<u8> {
        format!("{body}sha256: {}\n", Digest::of(body.as_bytes())).into_bytes()
    }

    #[track_caller]
    fn open(bytes: &[u8]) -> Result<(u64, u64), TextError> {
        let mut reader = TextReader::open(bytes, "kind", 1, KNOWN, LIMIT)?;
        let pair = (reader.number("a")?, reader.number("b")?);
        reader.finish()?;
        Ok(pair)
    }

    #[test]
    fn each_way_to_be_wrong_has_its_own_error() {
        let good = sealed("kind: 1\na: 3\nb: 4\n");
        assert_eq!(open(&good), Ok((3, 4)));
        let missing = |line, expected| Err(TextError::MissingKey { line, expected });
        let unknown = |line, key: &str| Err(TextError::UnknownKey { line, key: key.to_owned() });
        assert_eq!(open(&sealed("kind: 1\na: 3\n")), missing(3, "b"));
        assert_eq!(open(&sealed("kind: 1\nb: 4\na: 3\n")), missing(2, "a"));
        assert_eq!(open(&sealed("kind: 1\nc: 3\nb: 4\n")), unknown(2, "c"));
        assert_eq!(open(&sealed("kind: 1\na: 3\nb: 4\nb: 4\n")), unknown(4, "b"));
        assert_eq!(open(&sealed("kind: 1\na: 03\nb: 4\n")), Err(TextError::BadValue { line: 2, key: "a" }));
        assert_eq!(open(&sealed("kind: 1\na: 3\r\nb: 4\n")), Err(TextError::BadLine { line: 2 }));
        assert_eq!(open(&sealed("kind: 1\na 3\nb: 4\n")), Err(TextError::BadLine { line: 2 }));
        assert_eq!(open(&sealed("kind: 1\na: ３\nb: 4\n")), Err(TextError::BadLine { line: 2 }));
        assert_eq!(open(&sealed("other: 1\na: 3\n")), Err(TextError::NotThisKind { expected: "kind" }));
        assert_eq!(open(&sealed("kind: 0\na: 3\nb: 4\n")), Err(TextError::NotThisKind { expected: "kind" }));
        assert_eq!(open(b""), Err(TextError::Truncated));
        assert_eq!(open(b"kind: 1\na: 3\n"), Err(TextError::Truncated));
        assert_eq!(open(&[&good[..], b"x: 1\n"].concat()), Err(TextError::TrailingBytes));
        assert_eq!(open(&[b'a'; LIMIT + 1]), Err(TextError::TooLarge { limit_bytes: LIMIT }));
    }

    #[test]
    fn a_newer_version_is_not_called_damage_and_damage_is_not_called_newer() {
        let newer = Err(TextError::NewerVersion { found: 2, supported: 1 });
        assert_eq!(open(&sealed("kind: 2\nz: 9\n")), newer);
        // A newer format may end in a signature instead of a digest.
        assert_eq!(open(b"kind: 2\nsignature: abc\n"), newer);
        let mut flipped = sealed("kind: 1\na: 3\nb: 4\n");
        flipped[6] = b'2';
        assert_eq!(open(&flipped), Err(TextError::DigestDiffers));
    }

    #[test]
    fn a_writer_refuses_what_a_reader_would_refuse() {
        let mut writer = TextWriter::new("kind", 1);
        (0..40).for_each(|_| writer.line("a", 1));
        assert_eq!(writer.finish(LIMIT), Err(TextError::TooLarge { limit_bytes: LIMIT }));
    }
}
