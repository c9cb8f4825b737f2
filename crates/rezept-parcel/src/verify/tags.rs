//! From the bytes of any bag's tag files to their lines: encodings, `bagit.txt`, metadata, manifests, `fetch.txt`.
//! Wrong lines become problems in the report; nothing here looks at the payload.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::algorithm::Algorithm;
use super::report::{BagProblem, BagReport, BagWarning, FetchEntry};
use super::{LINE_MAX_BYTES, Version};
use crate::paths;
use crate::words::parse_number;

/// How a bag's tag files are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TagEncoding {
    /// ISO 8859-1 proper. The web's table, which `encoding_rs` has, is windows-1252 under that name.
    Latin1,
    /// UTF-16 without a stated byte order: the mark decides, else the more likely one.
    Utf16,
    /// Anything else that has a label.
    Other(&'static Encoding),
}

impl TagEncoding {
    fn for_label(label: &str) -> Option<Self> {
        match label.to_ascii_lowercase().as_str() {
            "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "latin-1" | "l1" => Some(Self::Latin1),
            "utf-16" | "utf16" => Some(Self::Utf16),
            _ => Encoding::for_label_no_replacement(label.as_bytes()).map(Self::Other),
        }
    }

    /// `None` if some bytes mean nothing in this encoding.
    pub fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        let encoding = match self {
            Self::Latin1 => return Some(encoding_rs::mem::decode_latin1(bytes)),
            // Tag files are mostly ASCII, so a zero comes first in big-endian text.
            Self::Utf16 if bytes.starts_with(&[0xFE, 0xFF]) || bytes.first() == Some(&0) => UTF_16BE,
            Self::Utf16 => UTF_16LE,
            Self::Other(encoding) => encoding,
        };
        let (text, bad) = encoding.decode_with_bom_removal(bytes);
        (!bad).then_some(text)
    }
}

/// What `bagit.txt` declares.
pub(super) struct Declaration {
    pub version: Version,
    pub encoding: TagEncoding,
}

/// Reads `bagit.txt`. From 1.0 on the form is exact; before, spaces around the colon were let pass.
pub(super) fn parse_bagit(bytes: &[u8], report: &mut BagReport) -> Option<Declaration> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        report.error(BagProblem::BomInBagitTxt);
        return None;
    }
    let Some((version, label, exact)) = std::str::from_utf8(bytes).ok().and_then(declaration) else {
        report.error(BagProblem::BadBagitTxt);
        return None;
    };
    report.version = Some((version.0, version.1));
    if !version.is_known() {
        report.error(BagProblem::UnknownVersion { major: version.0, minor: version.1 });
        return None;
    }
    if version.is_strict() && !exact {
        // What follows is readable nevertheless, and a person wants all the problems at once.
        report.error(BagProblem::BadBagitTxt);
    }
    let Some(encoding) = TagEncoding::for_label(label) else {
        report.error(BagProblem::UnknownEncoding { label: label.to_owned() });
        return None;
    };
    Some(Declaration { version, encoding })
}

/// Version, encoding label, and whether each line has exactly one colon, one space and nothing more.
fn declaration(text: &str) -> Option<(Version, &str, bool)> {
    let mut lines = split_lines(text);
    let first = lines.next()?;
    let second = lines.next()?;
    if lines.any(|line| !line.trim().is_empty()) {
        return None;
    }
    let (version, exact_version) = field(first, "BagIt-Version")?;
    let (label, exact_label) = field(second, "Tag-File-Character-Encoding")?;
    let (major, minor) = version.split_once('.')?;
    let version = Version(parse_number(major)?, digits(minor)?);
    Some((version, label, exact_version && exact_label))
}

fn field<'a>(line: &'a str, key: &str) -> Option<(&'a str, bool)> {
    let (label, value) = line.split_once(':')?;
    let trimmed = value.trim();
    (label.trim_end() == key && !trimmed.is_empty())
        .then(|| (trimmed, label == key && value.strip_prefix(' ') == Some(trimmed)))
}

fn digits(text: &str) -> Option<u32> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

/// Splits at LF, CR LF or CR; the empty piece after a last line break is no line.
pub(super) fn split_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let (line, tail) = rest.split_at(end);
        rest = tail.strip_prefix("\r\n").or_else(|| tail.strip_prefix(['\r', '\n'])).unwrap_or(tail);
        Some(line)
    })
}

/// Numbers the lines that are not empty, and reports those over the limit.
fn numbered<'a>(name: &str, text: &'a str, report: &mut BagReport) -> Vec<(usize, &'a str)> {
    let mut lines = Vec::new();
    for (index, line) in split_lines(text).enumerate() {
        if line.len() > LINE_MAX_BYTES {
            let (name, line) = (name.to_owned(), index + 1);
            report.error(BagProblem::LineTooLong { name, line, limit_bytes: LINE_MAX_BYTES });
        } else if !line.trim().is_empty() {
            lines.push((index + 1, line));
        }
    }
    lines
}

/// Every value of `Payload-Oxum` in `bag-info.txt` (`package-info.txt` before 0.96). The other labels are for
/// people; labels may repeat and differ in case, values continue on lines that begin with white space.
pub(super) fn parse_metadata(name: &str, text: &str, report: &mut BagReport) -> Vec<String> {
    let mut oxums = Vec::new();
    for (line, content) in numbered(name, text, report) {
        if content.starts_with([' ', '\t']) {
            continue;
        }
        match content.split_once(':') {
            Some((label, value)) if label.trim_end().eq_ignore_ascii_case("Payload-Oxum") => {
                oxums.push(value.trim().to_owned());
            }
            Some(_) => {}
            None => report.warn(BagWarning::BadMetadataLine { name: name.to_owned(), line }),
        }
    }
    oxums
}

/// Reads `<bytes>.<files>`.
pub(super) fn parse_oxum(text: &str) -> Option<(u64, u64)> {
    let (bytes, files) = text.split_once('.')?;
    Some((bytes.parse().ok()?, files.parse().ok()?))
}

/// One payload or tag manifest.
pub(super) struct Manifest {
    /// Its file name.
    pub name: String,
    pub algorithm: Algorithm,
    pub entries: Vec<ManifestEntry>,
}

/// One line of a manifest: the path as written, without asterisk and leading `./`.
pub(super) struct ManifestEntry {
    pub path: String,
    pub digest: Vec<u8>,
}

/// Reads the lines of a manifest; lines that leave the bag are reported and dropped.
pub(super) fn parse_manifest(
    name: &str,
    algorithm: Algorithm,
    text: &str,
    report: &mut BagReport,
) -> Manifest {
    let mut entries = Vec::new();
    let mut asterisk = false;
    for (line, content) in numbered(name, text, report) {
        let Some((digest, path)) = split_manifest_line(content, algorithm) else {
            report.error(BagProblem::BadManifestLine { name: name.to_owned(), line });
            continue;
        };
        asterisk |= path.starts_with('*');
        let path = path.strip_prefix('*').unwrap_or(path);
        if let Some(path) = inside(name, path, report) {
            entries.push(ManifestEntry { path: path.to_owned(), digest });
        }
    }
    if asterisk {
        report.warn(BagWarning::Asterisk { name: name.to_owned() });
    }
    Manifest { name: name.to_owned(), algorithm, entries }
}

fn split_manifest_line(line: &str, algorithm: Algorithm) -> Option<(Vec<u8>, &str)> {
    let (digest, path) = line.split_once([' ', '\t'])?;
    let path = path.trim_start_matches([' ', '\t']);
    let digest = decode_hex(digest).filter(|digest| digest.len() == algorithm.digest_len())?;
    (!path.is_empty()).then_some((digest, path))
}

/// Hex in either case: only our own profile insists on one spelling.
fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    if rest.is_empty() { bytes } else { None }
}

/// Takes a leading `./` away (with a warning) and refuses what points out of the bag.
fn inside<'a>(name: &str, path: &'a str, report: &mut BagReport) -> Option<&'a str> {
    let bare = path.strip_prefix("./").unwrap_or(path);
    if let Err(problem) = paths::check_scope(bare) {
        report.error(BagProblem::OutOfScope { name: name.to_owned(), path: path.to_owned(), problem });
        return None;
    }
    if bare.len() != path.len() {
        report.warn(BagWarning::LeadingDotSlash { name: name.to_owned(), path: path.to_owned() });
    }
    Some(bare)
}

/// Reads `fetch.txt`. Entries outside the bag are reported and dropped; nothing is fetched.
pub(super) fn parse_fetch(name: &str, text: &str, report: &mut BagReport) -> Vec<FetchEntry> {
    let mut entries = Vec::new();
    for (line, content) in numbered(name, text, report) {
        let Some((url, length, path)) = split_fetch_line(content) else {
            report.error(BagProblem::BadFetchLine { name: name.to_owned(), line });
            continue;
        };
        if let Some(path) = inside(name, path, report) {
            entries.push(FetchEntry { url: url.to_owned(), length, path: path.to_owned() });
        }
    }
    entries
}

fn split_fetch_line(line: &str) -> Option<(&str, Option<u64>, &str)> {
    let (url, rest) = line.split_once([' ', '\t'])?;
    let (length, path) = rest.trim_start_matches([' ', '\t']).split_once([' ', '\t'])?;
    let length = if length == "-" { None } else { Some(length.parse().ok()?) };
    let path = path.trim_start_matches([' ', '\t']);
    (!url.is_empty() && !path.is_empty()).then_some((url, length, path))
}

/// Reads a tag file's bytes as text in the bag's encoding.
pub(super) fn decode<'a>(
    name: &str,
    bytes: &'a [u8],
    encoding: TagEncoding,
    report: &mut BagReport,
) -> Option<Cow<'a, str>> {
    if encoding == TagEncoding::Other(UTF_8) && bytes.starts_with(b"\xEF\xBB\xBF") {
        report.warn(BagWarning::ByteOrderMark { name: name.to_owned() });
    }
    let text = encoding.decode(bytes);
    if text.is_none() {
        report.error(BagProblem::NotText { name: name.to_owned() });
    }
    text
}

/// Undoes the escapes of CR, LF and, from 1.0 on, the percent sign itself. Other percent signs are literal.
pub(super) fn unescape(path: &str, version: Version) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let (code, tail) = after.split_at_checked(2).unwrap_or(("", after));
        let escaped = match code.to_ascii_uppercase().as_str() {
            "0A" => Some('\n'),
            "0D" => Some('\r'),
            "25" if version.is_strict() => Some('%'),
            _ => None,
        };
        plain.push(escaped.unwrap_or('%'));
        rest = if escaped.is_some() { tail } else { after };
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_any_of_three_ways() {
        let lines: Vec<&str> = split_lines("a\nb\r\nc\rd\n\ne").collect();
        assert_eq!(lines, ["a", "b", "c", "d", "", "e"]);
        assert_eq!(split_lines("a\n").count(), 1);
        assert_eq!(split_lines("").count(), 0);
    }

    #[test]
    fn escapes_are_undone_once_and_only_those_of_the_version() {
        assert_eq!(unescape("a%0Ab%0dc%25d%7Ee%", Version(1, 0)), "a\nb\rc%d%7Ee%");
        assert_eq!(unescape("a%0Ab%25", Version(0, 97)), "a\nb%25");
        assert_eq!(unescape("%250A%é", Version(1, 0)), "%0A%é");
    }

    #[test]
    fn encodings_are_those_of_the_labels() {
        let text = |label: &str, bytes: &[u8]| {
            TagEncoding::for_label(label).and_then(|encoding| encoding.decode(bytes).map(Cow::into_owned))
        };
        assert_eq!(text("UTF-8", "é".as_bytes()).as_deref(), Some("é"));
        assert_eq!(text("UTF-8", b"\xE9"), None);
        assert_eq!(text("ISO-8859-1", b"\xE9\x80").as_deref(), Some("é\u{80}"));
        assert_eq!(text("windows-1252", b"\x80").as_deref(), Some("€"));
        assert_eq!(text("Shift_JIS", b"\x8e\xd0\x95\xdb").as_deref(), Some("社保"));
        assert_eq!(text("EUC-JP", b"\xbc\xd2\xca\xdd").as_deref(), Some("社保"));
        assert_eq!(text("UTF-16", b"\xFF\xFEa\0").as_deref(), Some("a"));
        assert_eq!(text("UTF-16", b"\xFE\xFF\0a").as_deref(), Some("a"));
        assert_eq!(text("UTF-16", b"\0a").as_deref(), Some("a"));
        assert_eq!(text("UTF-16", b"a\0").as_deref(), Some("a"));
        assert_eq!(text("UTF-16BE", b"\0a").as_deref(), Some("a"));
        assert_eq!(text("UTF-32", b"a\0\0\0"), None);
        assert_eq!(text("klingon", b"a"), None);
    }

    #[test]
    fn declarations_are_exact_from_1_0_on() {
        let read = |text: &str| {
            let mut report = BagReport::default();
            let declared = parse_bagit(text.as_bytes(), &mut report).is_some();
            (declared, report.is_valid())
        };
        assert_eq!(read("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"), (true, true));
        assert_eq!(read("BagIt-Version: 1.0\r\nTag-File-Character-Encoding: UTF-8"), (true, true));
        assert_eq!(read("BagIt-Version : 0.97\nTag-File-Character-Encoding:  UTF-8 \n"), (true, true));
        assert_eq!(read("BagIt-Version : 1.0\nTag-File-Character-Encoding: UTF-8\n"), (true, false));
        assert_eq!(read("BagIt-Version: 1.0 \nTag-File-Character-Encoding: UTF-8\n"), (true, false));
        for bad in [
            "",
            "BagIt-Version: 1.0\n",
            "BagIt-Version: .97\nTag-File-Character-Encoding: UTF-8\n",
            "BagIt-Version: 1\nTag-File-Character-Encoding: UTF-8\n",
            "BagIt-Version: 2.0\nTag-File-Character-Encoding: UTF-8\n",
            "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\nMore: x\n",
            "Tag-File-Character-Encoding: UTF-8\nBagIt-Version: 1.0\n",
            "\u{FEFF}BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        ] {
            assert_eq!(read(bad), (false, false), "{bad:?}");
        }
    }
}
