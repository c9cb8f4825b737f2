//! A claim file, claim by claim: each whole in memory with its place in the file, one at a time. Which line belongs to
//! which claim is decided by `rezept_claim::claims`; nothing is judged here.

use crate::lines::{HR, Line, lines};
use rezept_claim::claims::{Grouper, Part};
use rezept_claim::{Family, Position, ReadError, RecordReader};
use std::io::Read;
use std::ops::Range;

/// A claim with its history block may have this many bytes. A stay of a month with thousands of lines has one or two MiB;
/// the limit bounds memory when a file is none.
pub const MAX_CLAIM_BYTES: usize = 32 * 1024 * 1024;

/// A file could not be walked through.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalkError {
    /// The source could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// One claim is larger than any claim can be.
    #[error("the claim on line {line} is larger than {MAX_CLAIM_BYTES} bytes")]
    TooLarge {
        /// 1-based line on which it begins.
        line: u32,
    },
}

/// What a file is made of.
#[derive(Debug)]
pub enum Piece<'a> {
    /// A header, a trailer, or a line that belongs to no claim.
    Line(LoneLine<'a>),
    /// A claim with everything that belongs to it.
    Claim(ClaimBytes<'a>),
}

/// A line outside the claims.
#[derive(Clone, Copy)]
pub struct LoneLine<'a> {
    /// Header, trailer, or neither.
    pub part: Part,
    /// Where it begins.
    pub position: Position,
    /// With its terminator.
    pub raw: &'a [u8],
}

/// One claim as it stands in a file.
#[derive(Clone, Copy)]
pub struct ClaimBytes<'a> {
    /// 1-based, in the order of the file.
    pub number: u64,
    /// Family, as far as the file has shown it by now.
    pub family: Family,
    /// First byte in the file.
    pub start_byte: u64,
    /// 1-based line on which it begins.
    pub first_line: u32,
    /// Everything from its first line to the line before the next claim or trailer.
    pub bytes: &'a [u8],
}

impl<'a> ClaimBytes<'a> {
    /// The request data: all before the first HR or history line.
    pub fn request(&self) -> &'a [u8] {
        self.bytes.get(self.request_range()).unwrap_or_default()
    }

    /// The history block: from its first line to its last; of an unbroken claim, to the end.
    pub fn history(&self) -> &'a [u8] {
        self.bytes.get(self.history_range()).unwrap_or_default()
    }

    /// Where the request data stands in the claim.
    pub fn request_range(&self) -> Range<usize> {
        let closing = lines(self.bytes).find(|line| line.is_history() || line.id() == Some(HR));
        0..closing.map_or(self.bytes.len(), |line| line.offset)
    }

    /// Where the history block stands in the claim; empty when there is none.
    pub fn history_range(&self) -> Range<usize> {
        let mut history = lines(self.bytes).filter(Line::is_history);
        let Some(first) = history.next() else { return self.bytes.len()..self.bytes.len() };
        let last = history.last().unwrap_or(first);
        first.offset..last.offset + last.raw.len()
    }

    /// The place in the file of an item of one of the claim's lines.
    pub(crate) fn position(&self, line: &Line<'_>, item: usize) -> Position {
        let column = line.item_offset(item);
        let shown = if line.is_history() { item + 3 } else { item };
        Position {
            byte: self.start_byte + (line.offset + column) as u64,
            line: self.first_line.saturating_add(u32::try_from(line.index).unwrap_or(u32::MAX)),
            item: u16::try_from(shown).unwrap_or(u16::MAX),
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
        }
    }
}

/// Walks through a file.
pub struct ClaimWalk<R> {
    reader: RecordReader<R>,
    grouper: Grouper,
    claim: Vec<u8>,
    claim_at: Position,
    count: u64,
    /// The line that ended the claim handed out last; it comes next.
    waiting: Option<Waiting>,
    waiting_raw: Vec<u8>,
    /// The claim was handed out.
    spent: bool,
}

#[derive(Clone, Copy)]
struct Waiting {
    part: Part,
    opens: bool,
    position: Position,
}

impl<R: Read> ClaimWalk<R> {
    /// At the start of a file.
    pub fn new(source: R) -> Self {
        Self {
            reader: RecordReader::new(source),
            grouper: Grouper::default(),
            claim: Vec::new(),
            claim_at: Position::default(),
            count: 0,
            waiting: None,
            waiting_raw: Vec::new(),
            spent: false,
        }
    }

    /// The next piece, or `None` at the end of the file.
    ///
    /// # Errors
    /// When the source cannot be read, or a claim has no end.
    pub fn next_piece(&mut self) -> Result<Option<Piece<'_>>, WalkError> {
        if std::mem::take(&mut self.spent) {
            self.claim.clear();
        }
        loop {
            if let Some(waiting) = self.waiting.take() {
                if !waiting.opens {
                    let Waiting { part, position, .. } = waiting;
                    return Ok(Some(Piece::Line(LoneLine { part, position, raw: &self.waiting_raw })));
                }
                self.claim.extend_from_slice(&self.waiting_raw);
                self.claim_at = waiting.position;
                self.count += 1;
            }
            if !self.fill()? {
                return Ok((!self.claim.is_empty()).then(|| self.hand_out()));
            }
            if !self.claim.is_empty() {
                return Ok(Some(self.hand_out()));
            }
        }
    }

    /// Takes lines into the claim until one does not belong to it; that one waits. `false` at the end of the file.
    fn fill(&mut self) -> Result<bool, WalkError> {
        while let Some(record) = self.reader.next_record()? {
            let continued = record.is_continuation();
            let place = self.grouper.place(&record);
            let inside = continued || matches!(place.part, Part::Request | Part::Reason | Part::History);
            if !self.claim.is_empty() && inside && (continued || !place.opens_claim) {
                self.claim.extend_from_slice(record.raw());
                if self.claim.len() > MAX_CLAIM_BYTES {
                    return Err(WalkError::TooLarge { line: self.claim_at.line });
                }
                continue;
            }
            self.waiting_raw.clear();
            self.waiting_raw.extend_from_slice(record.raw());
            let opens = !continued && place.opens_claim;
            self.waiting = Some(Waiting { part: place.part, opens, position: record.position() });
            return Ok(true);
        }
        Ok(false)
    }

    fn hand_out(&mut self) -> Piece<'_> {
        self.spent = true;
        Piece::Claim(ClaimBytes {
            number: self.count,
            family: self.grouper.family().unwrap_or(Family::Ika),
            start_byte: self.claim_at.byte,
            first_line: self.claim_at.line,
            bytes: &self.claim,
        })
    }
}

impl std::fmt::Debug for LoneLine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoneLine")
            .field("part", &self.part)
            .field("line", &self.position.line)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ClaimBytes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClaimBytes")
            .field("number", &self.number)
            .field("first_line", &self.first_line)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl<R> std::fmt::Debug for ClaimWalk<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClaimWalk").field("claims", &self.count).finish_non_exhaustive()
    }
}
