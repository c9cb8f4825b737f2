//! One streaming pass over a file: what it is, for whom and which month, what it adds up to, whether it is whole, and
//! what is wrong in it. The content decides, never a name; nothing is kept of a claim once it is over.

mod claim;
mod facts;
mod frame;
mod lines;
mod prints;
mod sniff;

pub use facts::{Declared, FileFacts, Incomplete};
pub use prints::{ClaimPrint, PrintKey, SearchNo, scan_with_prints};
pub use sniff::Oddity;

use crate::claims::{Grouper, Part, Place};
use crate::finding::{Finding, Log, Note, Severity, Sink};
use crate::identity::{Family, Kind};
use crate::layout::ItemLayout;
use crate::reader::{ReadError, RecordReader};
use crate::record::{Position, RawRecord, RecordId};
use std::io::Read;

/// How much of a file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Identity, totals and completeness.
    Totals,
    /// Every record as well: characters, item counts, day columns, points, order.
    Full,
}

/// Scans a whole source.
///
/// # Errors
/// When the source cannot be read; whatever is wrong *in* it is a finding.
pub fn scan<R: Read>(source: R, depth: Depth, sink: Sink<'_>) -> Result<FileFacts, ReadError> {
    let mut reader = RecordReader::new(source);
    let mut scan = Scan::new(depth);
    while let Some(record) = reader.next_record()? {
        scan.record(&record, sink);
    }
    Ok(scan.finish(sink))
}

/// A scan fed record by record, for callers that do something else with the same pass.
#[derive(Debug)]
pub struct Scan {
    depth: Depth,
    grouper: Grouper,
    facts: FileFacts,
    log: Log,
    lines: lines::Lines,
    frame: frame::Frame,
    claim: claim::Claim,
    sample: sniff::Sample,
    text: sniff::TextWatch,
}

impl Scan {
    /// A scan at the start of a file.
    pub fn new(depth: Depth) -> Self {
        Self {
            depth,
            grouper: Grouper::default(),
            facts: FileFacts::default(),
            log: Log::default(),
            lines: lines::Lines::default(),
            frame: frame::Frame::default(),
            claim: claim::Claim::default(),
            sample: sniff::Sample::default(),
            text: sniff::TextWatch::default(),
        }
    }

    /// Takes the next record of the file.
    #[inline]
    pub fn record(&mut self, record: &RawRecord<'_>, sink: Sink<'_>) {
        self.placed(record, sink);
    }

    /// [`Scan::record`], and where the record belongs: `None` for a blank line, a piece of an endless one, and anything
    /// in a file without a header.
    #[inline(always)]
    fn placed(&mut self, record: &RawRecord<'_>, sink: Sink<'_>) -> Option<Place> {
        self.facts.size_bytes += record.raw().len() as u64;
        if record.is_blank() && !record.is_piece() {
            self.lines.blank(record);
            self.sample.add(record);
            return None;
        }
        self.facts.records += u64::from(!record.is_continuation());
        if self.facts.kind == Kind::Unknown && !self.is_header(record) {
            return None;
        }
        self.lines.ending(record, &mut Out { log: &mut self.log, sink });
        self.text.look(record.line());
        if record.is_piece() {
            return None;
        }
        let place = self.grouper.place(record);
        self.dispatch(record, place, sink);
        Some(place)
    }

    /// Until a header was met nothing else is looked at, and only the first record can be one: it decides.
    fn is_header(&mut self, record: &RawRecord<'_>) -> bool {
        self.sample.add(record);
        if self.facts.records != 1 || record.is_piece() || record.is_history() {
            return false;
        }
        self.facts.kind = match record.id().as_ref().map(|id| &id.0) {
            Some(b"IR" | b"UK" | b"YK" | b"HM") => Kind::Claim,
            Some(b"HI") => Kind::Return,
            _ => return false,
        };
        self.sample.clear();
        true
    }

    #[inline(always)]
    fn dispatch(&mut self, record: &RawRecord<'_>, place: Place, sink: Sink<'_>) {
        let mut out = Out { log: &mut self.log, sink };
        if self.depth == Depth::Full {
            let family = self.grouper.family().unwrap_or(Family::Ika);
            let fault = self.lines.check(record, place, family, self.facts.kind, &mut out);
            self.claim.record(record, place, family, self.facts.kind, fault, &mut out);
        }
        match place.part {
            Part::History => {}
            Part::Request => self.frame.request(record, place, &mut self.facts),
            Part::Reason => frame::reason(record, &mut self.facts),
            Part::Header => self.frame.header(record, &mut self.facts, &mut out),
            Part::Trailer => {
                self.frame.trailer(record, self.grouper.family(), &mut self.facts, &mut out);
            }
            Part::Outside => self.frame.outside(record, &mut out),
        }
        self.frame.seen(record, place, self.grouper.family(), &mut out);
    }

    /// Ends the scan at the end of the file.
    pub fn finish(mut self, sink: Sink<'_>) -> FileFacts {
        let mut out = Out { log: &mut self.log, sink };
        self.facts.family = self.grouper.family();
        if self.facts.kind == Kind::Unknown {
            self.facts.family = None;
            self.sample.judge(&mut self.facts, &mut out);
        } else {
            if self.facts.oddity.is_none() && self.text.is_utf8() {
                self.facts.oddity = Some(Oddity::Utf8);
            }
            if self.depth == Depth::Full {
                self.claim.finish(self.facts.kind, &mut out);
            }
            self.lines.finish(self.facts.size_bytes, &mut out);
            self.frame.finish(&mut self.facts, &mut out);
        }
        self.facts.findings = self.log.into_counts();
        self.facts
    }
}

/// Where findings go, with the shorthands to make them.
pub(crate) struct Out<'a, 'b> {
    log: &'a mut Log,
    sink: Sink<'b>,
}

impl Out<'_, '_> {
    fn add(&mut self, finding: &Finding) {
        self.log.add(finding, self.sink);
    }

    /// A finding about a whole record.
    pub(crate) fn record(
        &mut self,
        code: &'static str,
        severity: Severity,
        note: Note,
        record: &RawRecord<'_>,
    ) {
        let position = record.position();
        self.add(&Finding { code, severity, note, position, record: record.id(), item: None });
    }

    /// A finding about an item of a record.
    pub(crate) fn item(
        &mut self,
        what: (&'static str, Severity, Note),
        record: &RawRecord<'_>,
        number: usize,
        layout: Option<&ItemLayout>,
    ) {
        let (code, severity, note) = what;
        let position = record.position_of(number);
        let item = layout.map(|l| l.name);
        self.add(&Finding { code, severity, note, position, record: record.id(), item });
    }

    /// A finding about a place noted earlier, or about the file as a whole.
    pub(crate) fn at(
        &mut self,
        code: &'static str,
        severity: Severity,
        note: Note,
        position: Position,
        record: Option<RecordId>,
    ) {
        self.add(&Finding { code, severity, note, position, record, item: None });
    }
}

/// A whole number of at most 12 digits.
#[inline]
pub(crate) fn number(item: &[u8]) -> Option<u64> {
    if item.is_empty() || item.len() > 12 {
        return None;
    }
    item.iter().try_fold(0u64, |n, b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')))
}
