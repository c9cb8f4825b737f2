//! What a file is that begins like no claim or return file: a notice of a review body, or something that came here by
//! mistake. Only the first bytes are kept and looked at.

use crate::finding::{Note, Severity};
use crate::identity::Kind;
use crate::notice;
use crate::record::{Position, RawRecord, RecordId};
use crate::scan::{FileFacts, Incomplete, Out};
use crate::text;

/// Bytes from the start of a file that are enough to tell what it is.
const SAMPLE_BYTES: usize = 64 * 1024;

/// What is strange about a file as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// Nothing in it.
    Empty,
    /// Begins with the mark of UTF-8: an editor saved it anew.
    Utf8Bom,
    /// Text in UTF-8 instead of CP932.
    Utf8,
    /// UTF-16, or UTF-32.
    Utf16,
    /// A web page, usually an error page saved under the file's name.
    Html,
    /// A ZIP archive, or a spreadsheet in that shape.
    Zip,
    /// A PDF document.
    Pdf,
    /// Items in quotes, padded lines or lost zeros: a spreadsheet program saved it anew.
    Spreadsheet,
    /// Records of a claim or return file, but no header before them.
    HeaderMissing,
    /// Every line has the history prefix: an insurer's file.
    HistoryOnly,
    /// Nothing known.
    Unrecognised,
}

impl Oddity {
    /// Every one.
    pub const ALL: &[Self] = &[
        Self::Empty,
        Self::Utf8Bom,
        Self::Utf8,
        Self::Utf16,
        Self::Html,
        Self::Zip,
        Self::Pdf,
        Self::Spreadsheet,
        Self::HeaderMissing,
        Self::HistoryOnly,
        Self::Unrecognised,
    ];

    /// A permanent name for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Utf8Bom => "utf8-bom",
            Self::Utf8 => "utf8",
            Self::Utf16 => "utf16",
            Self::Html => "html",
            Self::Zip => "zip",
            Self::Pdf => "pdf",
            Self::Spreadsheet => "spreadsheet",
            Self::HeaderMissing => "header-missing",
            Self::HistoryOnly => "history-only",
            Self::Unrecognised => "unrecognised",
        }
    }
}

/// Lines with other than ASCII that are looked at before the text counts as what they show.
const TEXT_LINES: u8 = 64;

/// Whether the records are in UTF-8 although the header, often all ASCII, does not show it. In a file of CP932 the first
/// line with a kanji ends the looking.
#[derive(Debug)]
pub(super) struct TextWatch {
    left: u8,
    utf8: bool,
}

impl Default for TextWatch {
    fn default() -> Self {
        Self { left: TEXT_LINES, utf8: false }
    }
}

impl TextWatch {
    #[inline]
    pub(super) fn look(&mut self, line: &[u8]) {
        if self.left > 0 && !line.is_ascii() {
            self.decide(line);
        }
    }

    fn decide(&mut self, line: &[u8]) {
        self.left -= 1;
        if std::str::from_utf8(line).is_err() {
            *self = Self { left: 0, utf8: false };
        } else {
            // Two half-width kana may happen to be UTF-8 as well: only what CP932 cannot be counts.
            self.utf8 |= !text::is_cp932(line);
        }
    }

    pub(super) fn is_utf8(&self) -> bool {
        self.utf8
    }
}

/// The start of a file that has no header.
#[derive(Debug, Default)]
pub(super) struct Sample {
    bytes: Vec<u8>,
    seen: bool,
    history_first: bool,
    claim_records: u32,
    other_records: u32,
}

impl Sample {
    pub(super) fn add(&mut self, record: &RawRecord<'_>) {
        if !record.is_blank() && !record.is_piece() {
            self.history_first |= !self.seen && record.is_history();
            self.seen = true;
            match record.id() {
                Some(RecordId([b'I', b'R'] | [b'R', b'E'] | [b'H', b'O'] | [b'K', b'O'] | [b'S', b'I'])) => {
                    self.claim_records = self.claim_records.saturating_add(1);
                }
                _ => self.other_records = self.other_records.saturating_add(1),
            }
        }
        let room = SAMPLE_BYTES - self.bytes.len().min(SAMPLE_BYTES);
        self.bytes.extend(record.raw().iter().take(room));
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn judge(&self, facts: &mut FileFacts, out: &mut Out<'_, '_>) {
        let oddity = self.oddity();
        let readable = oddity.is_none_or(|o| o == Oddity::Utf8Bom);
        if let Some(found) = readable.then(|| notice::recognise(&self.bytes)).flatten() {
            facts.kind = Kind::Notice;
            facts.notice = Some(found.kind);
            facts.facility = found.facility;
            facts.month = found.month;
            facts.oddity = oddity;
            // A notice has no trailer: whole as far as anyone can tell.
            facts.complete = true;
            return;
        }
        let oddity = oddity.unwrap_or(Oddity::Unrecognised);
        facts.oddity = Some(oddity);
        facts.incomplete.push(Incomplete::NoHeader);
        let (code, note) = match oddity {
            Oddity::Empty => ("R-001", Note::Empty),
            _ => ("19281", Note::Missing),
        };
        let position = Position { byte: 0, line: 1, item: 1, column: 1 };
        out.at(code, Severity::File, note, position, None);
    }

    fn oddity(&self) -> Option<Oddity> {
        let bytes = self.bytes.as_slice();
        let text = bytes.trim_ascii_start();
        let begins = |mark: &[u8]| bytes.starts_with(mark);
        if !self.seen && text.iter().all(|b| *b == 0x1A) {
            return Some(Oddity::Empty);
        }
        if begins(b"\xEF\xBB\xBF") {
            return Some(if is_html(text.get(3..).unwrap_or_default()) {
                Oddity::Html
            } else {
                Oddity::Utf8Bom
            });
        }
        if begins(b"\xFF\xFE") || begins(b"\xFE\xFF") || begins(b"I\0") || begins(b"\0I") {
            return Some(Oddity::Utf16);
        }
        if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") {
            return Some(Oddity::Zip);
        }
        if begins(b"%PDF") {
            return Some(Oddity::Pdf);
        }
        if is_html(text) {
            return Some(Oddity::Html);
        }
        if is_quoted_record(bytes) {
            return Some(Oddity::Spreadsheet);
        }
        if self.history_first && self.claim_records > 0 {
            return Some(Oddity::HistoryOnly);
        }
        (self.claim_records > 0).then_some(Oddity::HeaderMissing)
    }
}

fn is_html(text: &[u8]) -> bool {
    let start: Vec<u8> = text.iter().take(9).map(u8::to_ascii_lowercase).collect();
    start.starts_with(b"<!doctype")
        || start.starts_with(b"<html")
        || start.starts_with(b"<?xml")
        || start.starts_with(b"<head")
}

/// `"IR","1",...`, or the same with tabs or semicolons.
fn is_quoted_record(bytes: &[u8]) -> bool {
    let heads = [b"IR", b"UK", b"YK", b"HM", b"HI"];
    match bytes {
        [b'"', a, b, b'"', ..] => heads.contains(&&[*a, *b]),
        [a, b, b'\t' | b';', ..] => heads.contains(&&[*a, *b]),
        _ => false,
    }
}
