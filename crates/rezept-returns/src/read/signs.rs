//! Signs that a spreadsheet program saved the file anew: `1.2E+20`, dates with slashes, quotes, commas gone from the ends
//! of the lines. Only what no review body writes counts: an odd value alone may be the very reason of a return.

use rezept_claim::layout::{Req, layout};
use rezept_claim::{Family, RawRecord, RecordId};

use crate::lines::{HR, RE};

/// What was seen in the records of one claim, its history block apart.
#[derive(Debug, Default)]
pub(super) struct Signs {
    /// A long number in floating point, a date with separators, or an item in quotes.
    rewritten: bool,
    /// Records that lack items at their end which may be empty.
    short: u32,
    /// Records that end with an empty item.
    open: u32,
}

impl Signs {
    /// Whether they prove it. In a real claim nearly every record ends with an empty item; after a spreadsheet none does.
    pub(super) fn prove(&self) -> bool {
        self.rewritten || (self.short > 0 && self.open == 0)
    }

    /// Looks at a record.
    #[inline]
    pub(super) fn look(&mut self, record: &RawRecord<'_>, id: RecordId, family: Family) {
        if record.line().last() == Some(&b',') {
            self.open += 1;
        } else if is_short(record, id, family) {
            self.short += 1;
        }
        match id {
            RE => {
                let birth = if family == Family::Houkan { 8 } else { 7 };
                self.items(record, family.search_no_item(), [4, birth], 5);
            }
            HR => self.items(record, 10, [2, 9], 6),
            _ => {}
        }
    }

    fn items(&mut self, record: &RawRecord<'_>, search_no: usize, dates: [usize; 2], text: usize) {
        let item = |place| record.item(place).unwrap_or_default();
        self.rewritten |= is_exponent(item(search_no))
            || dates.iter().any(|place| has_separators(item(*place)))
            || matches!(item(text), [b'"', .., b'"']);
    }
}

/// Whether items are missing at the end of a record, and may all be empty: then they stood there as commas.
fn is_short(record: &RawRecord<'_>, id: RecordId, family: Family) -> bool {
    let Some(layout) = layout(family, id).filter(|layout| layout.certain && !layout.open_ended) else {
        return false;
    };
    let missing = layout.items.get(record.item_count()..).unwrap_or_default();
    record.item_count() < layout.min_items && missing.iter().all(|item| item.req != Req::Yes)
}

/// `1.20241E+26`
fn is_exponent(item: &[u8]) -> bool {
    let mut halves = item.splitn(2, |b| matches!(b, b'E' | b'e'));
    let (Some(head), Some(power)) = (halves.next(), halves.next()) else { return false };
    let digits = power.strip_prefix(b"+").unwrap_or_default();
    head.first().is_some_and(u8::is_ascii_digit)
        && head.iter().all(|b| b.is_ascii_digit() || *b == b'.')
        && !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
}

/// `2024/10/1`, `2024-10-01`
fn has_separators(date: &[u8]) -> bool {
    let digits = date.iter().filter(|b| b.is_ascii_digit()).count();
    digits >= 5 && date.iter().any(|b| matches!(b, b'/' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floating_point_and_dates_are_told_from_other_items() {
        for yes in [&b"1.20241E+26"[..], b"1E+20", b"1.2e+20"] {
            assert!(is_exponent(yes), "{yes:?}");
        }
        for no in [&b""[..], b"120241113000000000000000001", b"E+20", b"1.2E+", b"1.2", b"L3129E1X", b"1E20"]
        {
            assert!(!is_exponent(no), "{no:?}");
        }
        assert!(has_separators(b"2024/10/1") && has_separators(b"1970-01-05"));
        assert!(!has_separators(b"20241001") && !has_separators(b"-") && !has_separators(b""));
    }
}
