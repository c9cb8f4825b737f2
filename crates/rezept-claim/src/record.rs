//! One line of a file, kept exactly as received, and the places inside it. Nothing is decoded here, and nothing of a
//! line is printed: it holds patients' data.

use crate::index::{Bits, CHUNK, Marks};
use crate::text;
use std::fmt;

/// Where something sits in a file. `byte` is authoritative; the rest is for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// 0-based, from the start of the file.
    pub byte: u64,
    /// 1-based; stays at its maximum beyond it.
    pub line: u32,
    /// 1-based, counted in the line as written: of a history line the prefix counts as items 1 to 3.
    pub item: u16,
    /// 1-based, in bytes, as a hex viewer shows it.
    pub column: u32,
}

/// The two letters that open a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub [u8; 2]);

impl RecordId {
    /// Reads a record id: exactly two capital letters.
    pub fn parse(item: &[u8]) -> Option<Self> {
        match item {
            [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => Some(Self([*a, *b])),
            _ => None,
        }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or("??"))
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// CR LF, as it should be.
    CrLf,
    /// LF alone.
    Lf,
    /// The file ends here; the terminator holds a CR without LF and the 0x1A bytes, if any.
    EndOfFile,
    /// The line is longer than the reader's limit and goes on in the next piece.
    Continued,
}

/// The items of a history line that stand before the record itself.
const HISTORY_PREFIX: usize = 3;

/// One line, kept exactly as received. Nothing is decoded until someone asks.
#[derive(Clone, Copy)]
pub struct RawRecord<'a> {
    raw: &'a [u8],
    line: &'a [u8],
    marks: &'a [Marks],
    /// Bytes of the first chunk of `marks` that belong to earlier lines.
    shift: usize,
    /// Where the record id stands in the line: behind the history prefix, else 0.
    own: usize,
    /// Commas of the line, those of the history prefix included.
    commas: u32,
    history: bool,
    ending: Ending,
    continuation: bool,
    byte: u64,
    number: u32,
}

/// What the reader knows of a line.
pub(crate) struct Parts<'a> {
    pub(crate) raw: &'a [u8],
    pub(crate) line_len: usize,
    pub(crate) marks: &'a [Marks],
    pub(crate) shift: usize,
    pub(crate) commas: u32,
    pub(crate) ending: Ending,
    pub(crate) continuation: bool,
    pub(crate) byte: u64,
    pub(crate) number: u32,
}

impl<'a> RawRecord<'a> {
    #[inline(always)]
    pub(crate) fn new(parts: Parts<'a>) -> Self {
        let line = parts.raw.get(..parts.line_len).unwrap_or(parts.raw);
        let mut record = Self {
            raw: parts.raw,
            line,
            marks: parts.marks,
            shift: parts.shift,
            own: 0,
            commas: parts.commas,
            history: false,
            ending: parts.ending,
            continuation: parts.continuation,
            byte: parts.byte,
            number: parts.number,
        };
        // A line is a history line exactly when its first item is all digits; no record id begins with a digit.
        if line.first().is_some_and(u8::is_ascii_digit) && !parts.continuation {
            record.read_prefix();
        }
        record
    }

    #[inline(never)]
    fn read_prefix(&mut self) {
        let mut commas = self.commas_from(0);
        let first = commas.next().unwrap_or(self.line.len());
        if self.line.get(..first).is_some_and(|item| item.iter().all(u8::is_ascii_digit)) {
            let third = commas.nth(HISTORY_PREFIX - 2);
            self.history = true;
            self.own = third.map_or(self.line.len(), |comma| comma + 1);
        }
    }

    /// The line without its terminator.
    #[inline]
    pub fn line(&self) -> &'a [u8] {
        self.line
    }

    /// The bytes that end the line: CR LF, LF, the end-of-file marks, or nothing.
    pub fn terminator(&self) -> &'a [u8] {
        self.raw.get(self.line.len()..).unwrap_or_default()
    }

    /// Line and terminator: writing these of every record writes the file.
    #[inline]
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// How the line ends.
    #[inline]
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// Whether this is the second or a later piece of a line beyond the reader's limit.
    #[inline]
    pub fn is_continuation(&self) -> bool {
        self.continuation
    }

    /// End-of-file marks behind the line.
    pub(crate) fn end_marks(&self) -> usize {
        self.terminator().iter().filter(|b| **b == 0x1A).count()
    }

    /// Whether this is a piece of a line beyond the reader's limit; its items cannot be trusted.
    #[inline]
    pub fn is_piece(&self) -> bool {
        self.continuation || self.ending == Ending::Continued
    }

    /// Whether nothing stands on the line, or nothing but end-of-file marks.
    #[inline]
    pub fn is_blank(&self) -> bool {
        self.line.first().is_none_or(|b| *b == 0x1A) && self.line.iter().all(|&b| b == 0x1A)
    }

    /// Whether the line belongs to a history block: its first item is all digits.
    #[inline]
    pub fn is_history(&self) -> bool {
        self.history
    }

    /// The record id, behind the prefix of a history line; `None` when it is not two capital letters.
    #[inline]
    pub fn id(&self) -> Option<RecordId> {
        let own = self.own_bytes();
        match own {
            [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] | [a @ b'A'..=b'Z', b @ b'A'..=b'Z', b',', ..] => {
                Some(RecordId([*a, *b]))
            }
            _ => None,
        }
    }

    /// The record without the history prefix.
    #[inline]
    pub fn own_bytes(&self) -> &'a [u8] {
        self.line.get(self.own..).unwrap_or_default()
    }

    /// Number of items of the record itself, the record id being the first; the history prefix is not counted.
    #[inline]
    pub fn item_count(&self) -> usize {
        let prefix = if self.history { HISTORY_PREFIX } else { 0 };
        (self.commas as usize + 1).saturating_sub(prefix)
    }

    /// The items of the record itself, the record id first.
    #[inline]
    pub fn items(&self) -> Items<'a> {
        Items { line: self.line, commas: self.commas_from(self.own), start: Some(self.own) }
    }

    /// The item at a 1-based place of the record itself, the record id being item 1.
    #[inline]
    pub fn item(&self, number: usize) -> Option<&'a [u8]> {
        self.items().nth(number.checked_sub(1)?)
    }

    /// The items of the history prefix: データ識別, 行番号, 枝番号; `None` on an ordinary line or when one is missing.
    pub fn history_prefix(&self) -> Option<[&'a [u8]; HISTORY_PREFIX]> {
        if !self.history || self.own_bytes().is_empty() {
            return None;
        }
        let mut items = Items { line: self.line, commas: self.commas_from(0), start: Some(0) };
        Some([items.next()?, items.next()?, items.next()?])
    }

    /// The place of the whole record.
    #[inline]
    pub fn position(&self) -> Position {
        Position { byte: self.byte, line: self.number, item: 1, column: 1 }
    }

    /// The place of an item of the record itself; of its end when it has fewer items.
    pub fn position_of(&self, number: usize) -> Position {
        let start = match number.checked_sub(2) {
            None => self.own,
            Some(n) => self.commas_from(self.own).nth(n).map_or(self.line.len(), |comma| comma + 1),
        };
        let shown = if self.history { number + HISTORY_PREFIX } else { number };
        self.place(start, shown)
    }

    /// The place of a byte of the line, counted from its start.
    pub fn position_at(&self, offset: usize) -> Position {
        self.place(offset, self.commas_from(0).take_while(|comma| *comma < offset).count() + 1)
    }

    /// The 1-based number, in the record itself, of the item that holds a byte of the line.
    pub(crate) fn item_at(&self, offset: usize) -> usize {
        self.commas_from(self.own).take_while(|comma| *comma < offset).count() + 1
    }

    fn place(&self, offset: usize, item: usize) -> Position {
        Position {
            byte: self.byte + offset as u64,
            line: self.number,
            item: u16::try_from(item).unwrap_or(u16::MAX),
            column: u32::try_from(offset + 1).unwrap_or(u32::MAX),
        }
    }

    /// Places of the commas from `start` on, counted from the start of the line.
    #[inline]
    pub(crate) fn commas_from(&self, start: usize) -> Bits<'a> {
        Bits::commas(self.marks, self.shift, start, self.line.len())
    }

    /// Whether every character of the line is one of CP932. Looks only where something else than printable ASCII stands.
    #[inline]
    pub fn is_cp932(&self) -> bool {
        let mut from = 0;
        while let Some(odd) = self.next_odd(from) {
            let mut rest = self.line.get(odd..).unwrap_or_default();
            // The second byte of a pair may look like ASCII, so the walk goes by characters until the next plain one.
            while let Some((class, size)) = text::class(rest) {
                if class == text::Class::Invalid {
                    return false;
                }
                rest = rest.get(size..).unwrap_or_default();
                if rest.first().is_none_or(|byte| *byte < 0x80) {
                    break;
                }
            }
            from = self.line.len() - rest.len();
        }
        true
    }

    /// The first byte at or behind `start` that is not printable ASCII.
    #[inline]
    pub(crate) fn next_odd(&self, start: usize) -> Option<usize> {
        let (first, last) = (self.shift + start, self.shift + self.line.len());
        let mut chunk = first / CHUNK;
        while chunk * CHUNK < last {
            let begin = chunk * CHUNK;
            let word = self.marks.get(chunk)?.odd & window(first, last, begin);
            if word != 0 {
                return Some(begin + word.trailing_zeros() as usize - self.shift);
            }
            chunk += 1;
        }
        None
    }

    /// Adds up the numbers in the items behind `start`: the 31 day columns, of which few are filled, so the walk goes
    /// over the bytes that are *not* commas. `None` when something else than digits stands there.
    #[inline]
    pub(crate) fn sum_behind(&self, start: usize) -> Option<u32> {
        let (first, last) = (self.shift + start, self.shift + self.line.len());
        let (mut sum, mut run, mut expected) = (0u32, 0u32, usize::MAX);
        let mut chunk = first / CHUNK;
        while chunk * CHUNK < last {
            let begin = chunk * CHUNK;
            let mut word = !self.marks.get(chunk)?.comma & window(first, last, begin);
            while word != 0 {
                let place = begin + word.trailing_zeros() as usize - self.shift;
                word &= word - 1;
                let digit = u32::from(self.line.get(place)?.wrapping_sub(b'0'));
                if digit > 9 {
                    return None;
                }
                // Digits side by side are one number; a gap begins the next.
                if place == expected {
                    run = run.checked_mul(10)?.checked_add(digit)?;
                } else {
                    sum = sum.checked_add(run)?;
                    run = digit;
                }
                expected = place + 1;
            }
            chunk += 1;
        }
        sum.checked_add(run)
    }
}

/// The bits of the chunk that begins at `begin` that lie in `first..last`.
#[inline]
fn window(first: usize, last: usize, begin: usize) -> u64 {
    let low = crate::index::from_bit(first.saturating_sub(begin));
    let high = !crate::index::from_bit(last.saturating_sub(begin));
    low & high
}

impl fmt::Debug for RawRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRecord")
            .field("line", &self.number)
            .field("byte", &self.byte)
            .field("bytes", &self.raw.len())
            .field("history", &self.history)
            .finish_non_exhaustive()
    }
}

/// The items of a record, as raw bytes. Splitting before decoding is sound: the second byte of a CP932 pair is never
/// below 0x40, so 0x2C is always a real comma.
#[derive(Clone)]
pub struct Items<'a> {
    line: &'a [u8],
    commas: Bits<'a>,
    start: Option<usize>,
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.start?;
        match self.commas.next() {
            Some(comma) => {
                self.start = Some(comma + 1);
                self.line.get(start..comma)
            }
            None => {
                self.start = None;
                self.line.get(start..)
            }
        }
    }
}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Items(<hidden>)")
    }
}
