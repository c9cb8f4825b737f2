//! Lines and items of a stretch of bytes that is already in memory: one claim, never a whole file. Nothing is decoded,
//! and what is handed out adds up to the stretch.

use rezept_claim::{Family, Layout, RecordId, layout};
use std::ops::Range;

/// What every written line ends with.
pub(crate) const LINE_END: &[u8] = b"\r\n";
/// 0x1A, behind the last line of a file.
pub(crate) const END_MARK: u8 = 0x1A;
/// Items of a history line before the record itself: データ識別, 行番号, 枝番号.
const PREFIX: usize = 3;

/// One line of a stretch.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    /// First byte, counted from the start of the stretch.
    pub(crate) offset: usize,
    /// 0-based.
    pub(crate) index: usize,
    /// With its terminator.
    pub(crate) raw: &'a [u8],
    /// Without its terminator and end marks.
    pub(crate) body: &'a [u8],
}

/// The lines of a stretch, blank ones included.
pub(crate) fn lines(stretch: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut offset = 0;
    stretch.split_inclusive(|b| *b == b'\n').enumerate().map(move |(index, raw)| {
        let line = Line { offset, index, raw, body: body(raw) };
        offset += raw.len();
        line
    })
}

fn body(raw: &[u8]) -> &[u8] {
    let mut body = raw.strip_suffix(b"\n").unwrap_or(raw);
    body = body.strip_suffix(b"\r").unwrap_or(body);
    while let [rest @ .., END_MARK] = body {
        body = rest;
    }
    body
}

impl<'a> Line<'a> {
    /// Whether nothing stands on it.
    pub(crate) fn is_blank(&self) -> bool {
        self.body.is_empty()
    }

    /// Whether it belongs to a history block: its first item is all digits, and a record follows.
    pub(crate) fn is_history(&self) -> bool {
        let first = self.body.split(|b| *b == b',').next().unwrap_or_default();
        !first.is_empty() && first.iter().all(u8::is_ascii_digit) && self.id().is_some()
    }

    /// The record without the history prefix.
    pub(crate) fn record(&self) -> &'a [u8] {
        if !self.body.first().is_some_and(u8::is_ascii_digit) {
            return self.body;
        }
        let commas = self.body.iter().enumerate().filter(|(_, b)| **b == b',');
        let start = commas.map(|(at, _)| at + 1).nth(PREFIX - 1).unwrap_or(self.body.len());
        self.body.get(start..).unwrap_or_default()
    }

    /// データ識別, 行番号, 枝番号 of a history line.
    pub(crate) fn prefix(&self) -> Option<[&'a [u8]; PREFIX]> {
        let mut items = self.body.split(|b| *b == b',');
        let prefix = [items.next()?, items.next()?, items.next()?];
        self.is_history().then_some(prefix)
    }

    /// The record id, behind the prefix of a history line.
    pub(crate) fn id(&self) -> Option<RecordId> {
        RecordId::parse(items(self.record()).next().unwrap_or_default())
    }

    /// An item of the record itself, the record id being item 1.
    pub(crate) fn item(&self, number: usize) -> Option<&'a [u8]> {
        items(self.record()).nth(number.checked_sub(1)?)
    }

    /// The place of an item's first byte, counted from the start of the line; of the line's end when there is none.
    pub(crate) fn item_offset(&self, number: usize) -> usize {
        let own = self.body.len() - self.record().len();
        own + item_range(self.record(), number).map_or(self.record().len(), |range| range.start)
    }
}

/// The items of a record.
pub(crate) fn items(record: &[u8]) -> impl Iterator<Item = &[u8]> {
    record.split(|b| *b == b',')
}

/// Where an item stands in its record; 1-based, `None` when the record has fewer.
pub(crate) fn item_range(record: &[u8], number: usize) -> Option<Range<usize>> {
    let before = number.checked_sub(1)?;
    let mut start = 0;
    for (at, item) in items(record).enumerate() {
        if at == before {
            return Some(start..start + item.len());
        }
        start += item.len() + 1;
    }
    None
}

/// The record with one item replaced, every other byte as it was; `None` when it has fewer items.
pub(crate) fn with_item(record: &[u8], number: usize, value: &[u8]) -> Option<Vec<u8>> {
    let range = item_range(record, number)?;
    Some([record.get(..range.start)?, value, record.get(range.end..)?].concat())
}

/// The 1-based place of an item of a family's record by its English name.
pub(crate) fn item_number(layout: &Layout, name: &str) -> Option<usize> {
    layout.items.iter().position(|item| item.name == name).map(|at| at + 1)
}

/// An item of a record by its English name in the family's layout.
pub(crate) fn named<'a>(family: Family, line: &Line<'a>, name: &str) -> Option<&'a [u8]> {
    line.item(item_number(layout::layout(family, line.id()?)?, name)?)
}

/// Whether an RE continues its claim: a detail of a DPC summary (総括区分 2 or 3).
pub(crate) fn is_detail(family: Family, line: &Line<'_>) -> bool {
    family == Family::Dpc
        && line.id() == Some(RE)
        && !line.is_history()
        && named(family, line, "summary_class").is_some_and(|class| matches!(class, b"2" | b"3"))
}

/// Text without the spaces around it, half-width or full-width, and without those inside: for comparing only.
pub(crate) fn without_spaces(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((_, size)) = rezept_claim::text::class(rest) {
        let (character, behind) = rest.split_at(size.min(rest.len()));
        if character != b" " && character != [0x81, 0x40] {
            out.extend_from_slice(character);
        }
        rest = behind;
    }
    out
}

/// A number of at most 18 digits.
pub(crate) fn number(item: &[u8]) -> Option<u64> {
    if item.is_empty() || item.len() > 18 {
        return None;
    }
    item.iter().try_fold(0u64, |n, b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')))
}

pub(crate) const RE: RecordId = RecordId(*b"RE");
pub(crate) const IR: RecordId = RecordId(*b"IR");
pub(crate) const HO: RecordId = RecordId(*b"HO");
pub(crate) const KO: RecordId = RecordId(*b"KO");
pub(crate) const HR: RecordId = RecordId(*b"HR");
pub(crate) const MN: RecordId = RecordId(*b"MN");
pub(crate) const RC: RecordId = RecordId(*b"RC");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_add_up_and_lose_only_their_ends() {
        let bytes = b"RE,1\r\nHO,\n\r\n1,2,0,RE,9\r\nGO\r\n\x1a\x1a";
        let all = lines(bytes).collect::<Vec<_>>();
        assert_eq!(all.iter().map(|l| l.raw).collect::<Vec<_>>().concat(), bytes);
        let bodies = all.iter().map(|l| l.body).collect::<Vec<_>>();
        assert_eq!(bodies, [&b"RE,1"[..], b"HO,", b"", b"1,2,0,RE,9", b"GO", b""]);
        assert_eq!((all[3].is_history(), all[3].id(), all[3].item(2)), (true, Some(RE), Some(&b"9"[..])));
        assert_eq!(all[3].prefix(), Some([&b"1"[..], b"2", b"0"]));
        assert_eq!((all[3].item_offset(2), all[3].item_offset(9), all[0].item_offset(1)), (9, 10, 0));
    }

    #[test]
    fn digits_without_a_record_are_no_history() {
        let line = |body: &'static [u8]| Line { offset: 0, index: 0, raw: body, body };
        for body in [&b"1,2,0"[..], b"12", b"1,2,0,re,1", b"1x,2,0,RE", b""] {
            assert!(!line(body).is_history(), "{body:?}");
            assert_eq!(line(body).prefix(), None);
        }
    }

    #[test]
    fn items_are_replaced_alone() {
        assert_eq!(with_item(b"RE,1,x,", 2, b"77").as_deref(), Some(&b"RE,77,x,"[..]));
        assert_eq!(with_item(b"RE,1,x,", 4, b"77").as_deref(), Some(&b"RE,1,x,77"[..]));
        assert_eq!((with_item(b"RE,1,x,", 5, b""), with_item(b"RE", 0, b"")), (None, None));
    }

    #[test]
    fn spaces_of_both_widths_go() {
        assert_eq!(without_spaces(b" \x81\x40\x83A\x81\x40B "), b"\x83AB");
        // 0x40 as a second byte, and a lead byte at the end.
        assert_eq!(without_spaces(b"\x83\x40\x81"), b"\x83\x40\x81");
    }
}
