//! Which line belongs to which claim: the one place that knows the rule (docs/formats.md, structure). It groups; it must
//! not judge whether a claim is well formed.

use crate::identity::Family;
use crate::reader::{ReadError, RecordReader};
use crate::record::{RawRecord, RecordId};
use std::io::Read;

/// Which part of a file a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// IR, UK, YK, HM or HI at the start.
    Header,
    /// The records of a claim as billed.
    Request,
    /// HR of a returned claim.
    Reason,
    /// A line of a claim's history block.
    History,
    /// GO or HG.
    Trailer,
    /// A blank line, or a line before the first claim or behind the trailer.
    Outside,
}

/// Where a line belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its part of the file.
    pub part: Part,
    /// Whether a new claim begins with it.
    pub opens_claim: bool,
    /// Whether it is an RE that continues its claim: a detail of a DPC summary (総括区分 2 or 3).
    pub is_detail: bool,
}

impl Place {
    const fn of(part: Part) -> Self {
        Self { part, opens_claim: false, is_detail: false }
    }
}

/// Follows a file line by line and says where each belongs.
#[derive(Clone, Debug, Default)]
pub struct Grouper {
    family: Option<Family>,
    /// 医科 and DPC open alike; settled by the first RE of a known length, or by a record that only DPC has.
    settled: bool,
    started: bool,
    in_claim: bool,
    /// HR or history was seen: the claim can only go on with more of them.
    closing: bool,
    /// The last record was the IR of a dental claim, so the RE that follows belongs to the same claim.
    after_ir: bool,
}

const IR: RecordId = RecordId(*b"IR");
const RE: RecordId = RecordId(*b"RE");

impl Grouper {
    /// The family, as far as it is known by now.
    pub fn family(&self) -> Option<Family> {
        self.family
    }

    /// Says where the next line of the file belongs.
    #[inline(always)]
    pub fn place(&mut self, record: &RawRecord<'_>) -> Place {
        // A line of digits without a record behind them is a record that lost its id, not history.
        let Some(id) = record.id() else { return self.stay() };
        if record.is_history() {
            if !self.in_claim {
                return Place::of(Part::Outside);
            }
            self.closing = true;
            return Place::of(Part::History);
        }
        match &id.0 {
            b"RE" => self.claim(record),
            b"IR" | b"UK" | b"YK" | b"HM" | b"HI" => self.header(record, id),
            b"GO" | b"HG" => {
                self.in_claim = false;
                Place::of(Part::Trailer)
            }
            b"HR" if self.in_claim => {
                self.closing = true;
                Place::of(Part::Reason)
            }
            b"BU" | b"SB" | b"HH" | b"GT" | b"CD" if !self.settled => {
                self.settle(Family::Dpc);
                self.stay()
            }
            _ => self.stay(),
        }
    }

    fn stay(&mut self) -> Place {
        self.after_ir = false;
        Place::of(if self.in_claim { Part::Request } else { Part::Outside })
    }

    fn open(&mut self) -> Place {
        self.in_claim = true;
        self.closing = false;
        Place { part: Part::Request, opens_claim: true, is_detail: false }
    }

    fn settle(&mut self, family: Family) {
        if matches!(self.family, None | Some(Family::Ika)) {
            self.family = Some(family);
        }
        self.settled = true;
    }

    fn header(&mut self, record: &RawRecord<'_>, id: RecordId) -> Place {
        if !self.started {
            self.started = true;
            self.start(record, id);
            return Place::of(Part::Header);
        }
        if id == IR && self.family == Some(Family::Shika) {
            self.after_ir = true;
            return self.open();
        }
        self.stay()
    }

    fn start(&mut self, record: &RawRecord<'_>, id: RecordId) {
        let point_table = if &id.0 == b"HI" { 5 } else { 4 };
        let by_table = record.item(point_table).and_then(crate::identity::PointTable::parse);
        let family = match &id.0 {
            b"UK" => Family::Shika,
            b"YK" => Family::Chozai,
            b"HM" => Family::Houkan,
            b"HI" => by_table.map_or(Family::Ika, crate::identity::PointTable::family),
            _ => Family::Ika,
        };
        self.family = Some(family);
        self.settled = family != Family::Ika;
    }

    #[inline(never)]
    fn claim(&mut self, record: &RawRecord<'_>) -> Place {
        self.started = true;
        if !self.settled {
            match record.item_count() {
                28 | 30 => self.settle(Family::Dpc),
                36 | 38 => self.settle(Family::Ika),
                _ => {}
            }
        }
        if self.after_ir {
            return self.stay();
        }
        let detail = self.family == Some(Family::Dpc)
            && self.in_claim
            && !self.closing
            && matches!(record.item(19), Some(b"2" | b"3"));
        if detail { Place { is_detail: true, ..Place::of(Part::Request) } } else { self.open() }
    }
}

/// One claim as a stretch of the file, history block included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClaimSpan {
    /// 1-based, in the order of the file.
    pub number: u64,
    /// First byte.
    pub start_byte: u64,
    /// Behind the last byte.
    pub end_byte: u64,
    /// 1-based line on which it begins.
    pub first_line: u32,
    /// Lines, history included.
    pub lines: u32,
    /// Lines of the history block.
    pub history_lines: u32,
    /// HR records outside the history block.
    pub reasons: u32,
    /// RE records outside the history block: more than one in a DPC summary.
    pub parts: u32,
}

/// Iterates over the claims of a file as stretches, in one pass and constant memory.
#[derive(Debug)]
pub struct ClaimSpans<R> {
    reader: RecordReader<R>,
    grouper: Grouper,
    open: Option<ClaimSpan>,
    count: u64,
}

impl<R: Read> ClaimSpans<R> {
    /// The claims of `source`.
    pub fn new(source: R) -> Self {
        Self { reader: RecordReader::new(source), grouper: Grouper::default(), open: None, count: 0 }
    }

    /// The next claim, or `None` at the end of the file.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn next_claim(&mut self) -> Result<Option<ClaimSpan>, ReadError> {
        while let Some(record) = self.reader.next_record()? {
            let place = self.grouper.place(&record);
            let position = record.position();
            let end_byte = position.byte + record.raw().len() as u64;
            let done = match place.part {
                _ if place.opens_claim => {
                    self.count += 1;
                    self.open.replace(ClaimSpan {
                        number: self.count,
                        start_byte: position.byte,
                        first_line: position.line,
                        ..ClaimSpan::default()
                    })
                }
                Part::Header | Part::Trailer | Part::Outside => self.open.take(),
                Part::Request | Part::Reason | Part::History => None,
            };
            if let Some(span) = &mut self.open {
                span.end_byte = end_byte;
                span.lines += 1;
                span.history_lines += u32::from(place.part == Part::History);
                span.reasons += u32::from(place.part == Part::Reason);
                span.parts += u32::from(place.part == Part::Request && record.id() == Some(RE));
            }
            if done.is_some() {
                return Ok(done);
            }
        }
        Ok(self.open.take())
    }
}
