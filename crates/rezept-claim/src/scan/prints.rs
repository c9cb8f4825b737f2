//! Claim prints: what the register remembers of each claim, computed in the pass of the scan. Two claims have equal prints
//! when their request data are equal; nobody can tell from a print what stands in a claim. Where prints are kept is not
//! known here.

mod key;

use std::io::Read;
use std::ops::Range;

use highway::{HighwayHash, HighwayHasher, Key};

use crate::claims::{Part, Place};
use crate::finding::Sink;
use crate::identity::Family;
use crate::month::Month;
use crate::reader::{ReadError, RecordReader};
use crate::record::{Ending, RawRecord, RecordId};
use crate::scan::{Depth, FileFacts, Scan};

use key::{ClaimKey, RePlaces};
pub use key::{PrintKey, SearchNo};

/// What is remembered of one claim: digests under a station's key, and the two values that lookups go by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClaimPrint {
    /// 1-based, in the order of the file; a DPC summary and its details are one claim.
    pub number: u64,
    /// Keyed digest of the request data: every record of the claim as it stands, without what each file gives anew
    /// (レセプト番号, and 請求年月 in the IR of a dental claim). Line ends, blank lines and the history block do not count.
    pub request: [u8; 16],
    /// Keyed digest of whose claim of which month it is: カルテ番号等, 診療年月, レセプト種別, and 保険者番号 of HO or, without HO,
    /// the first 公費負担者番号. A claim without カルテ番号等 has name, sex and birth date in its place.
    pub key: [u8; 16],
    /// 検索番号, if it has one.
    pub search_no: Option<SearchNo>,
    /// 診療年月; `None` when it is no month.
    pub service_month: Option<Month>,
}

impl std::fmt::Debug for ClaimPrint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClaimPrint").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Scans a whole source as [`scan`](super::scan) does, and hands out the print of each claim of a claim or return file when
/// it ends, in the order of the file. As many prints come as `FileFacts::claims` counts. Memory does not grow with the file.
///
/// ```
/// use rezept_claim::{Depth, PrintKey, scan_with_prints};
///
/// let claim = |number: u32| format!("RE,{number},1112,202410,A,1,19700105,,,,,,,00001,,,,,,,\r\nHO,01130012,1,2,1,291\r\n");
/// let file = format!("IR,1,13,1,9999015,,X,202411,00,\r\n{}{}GO,2,582,99\r\n\x1A", claim(1), claim(2));
/// let mut prints = Vec::new();
/// let key = PrintKey::new([7; 32]);
/// let facts = scan_with_prints(file.as_bytes(), Depth::Totals, &mut |_| {}, &key, &mut |print| prints.push(print))?;
/// assert_eq!((facts.claims, prints.len()), (2, 2));
/// // The same claim twice: only its レセプト番号 differs.
/// assert_eq!((prints[0].request, prints[0].key), (prints[1].request, prints[1].key));
/// # Ok::<(), rezept_claim::ReadError>(())
/// ```
///
/// # Errors
/// When the source cannot be read; whatever is wrong *in* it is a finding.
pub fn scan_with_prints<R: Read>(
    source: R,
    depth: Depth,
    sink: Sink<'_>,
    key: &PrintKey,
    each: &mut dyn FnMut(ClaimPrint),
) -> Result<FileFacts, ReadError> {
    let mut reader = RecordReader::new(source);
    let mut scan = Scan::new(depth);
    let mut prints = Prints::new(key, each);
    loop {
        if !reader.holds_next() {
            prints.keep(&reader);
        }
        let Some(record) = reader.next_record()? else { break };
        let place = scan.placed(&record, sink);
        if let Some(step) = prints.look(&record, place, scan.grouper.family()) {
            prints.take(&step, &reader);
        }
    }
    prints.finish_claim();
    Ok(scan.finish(sink))
}

/// The claim being read. Its bytes are hashed in long runs where they stand in the reader's buffer: record by record would
/// take several times as long.
struct Prints<'a> {
    claim_key: Key,
    each: &'a mut dyn FnMut(ClaimPrint),
    /// Claims begun.
    count: u64,
    open: bool,
    hasher: HighwayHasher,
    /// A hasher that knows the key and nothing else.
    fresh: HighwayHasher,
    /// First byte of the run of whole CR LF records that is not hashed yet. Records are added to it by doing nothing.
    run: Option<u64>,
    claim: ClaimKey,
    /// Read from the record that begins the next claim, while the one before is not ended.
    next: ClaimKey,
    places: RePlaces,
    scratch: Vec<u8>,
}

/// A record that is more than one more line of the run.
struct Step {
    opens: bool,
    /// No record of a claim: header, trailer, or outside.
    closes: bool,
    /// Bytes of the record that are hashed, less `omitted`; `None` for a record that is not request data.
    request: Option<Range<u64>>,
    omitted: Range<u64>,
    ending: Ending,
    begin: u64,
    plain: bool,
}

const RE: RecordId = RecordId(*b"RE");
const IR: RecordId = RecordId(*b"IR");
const HO: RecordId = RecordId(*b"HO");
const KO: RecordId = RecordId(*b"KO");

/// Every line of a claim is hashed with this end, whatever it has.
const LINE_END: &[u8] = b"\r\n";

impl<'a> Prints<'a> {
    fn new(key: &PrintKey, each: &'a mut dyn FnMut(ClaimPrint)) -> Self {
        let fresh = HighwayHasher::new(key.derive(b"request data"));
        Self {
            claim_key: key.derive(b"claim key"),
            each,
            count: 0,
            open: false,
            hasher: fresh.clone(),
            fresh,
            run: None,
            claim: ClaimKey::default(),
            next: ClaimKey::default(),
            places: RePlaces::default(),
            scratch: Vec::new(),
        }
    }

    /// Looks at a record. `None` when it only makes the run longer, or belongs to nothing.
    #[inline(always)]
    fn look(&mut self, record: &RawRecord<'_>, place: Option<Place>, family: Option<Family>) -> Option<Step> {
        let plain = record.ending() == Ending::CrLf
            && !matches!(record.line().first_chunk(), Some(b"RE" | b"IR" | b"HO" | b"KO"));
        if plain && self.run.is_some() && place.is_some_and(|place| place.part == Part::Request) {
            return None;
        }
        self.step(record, place, family)
    }

    #[inline(never)]
    fn step(&mut self, record: &RawRecord<'_>, place: Option<Place>, family: Option<Family>) -> Option<Step> {
        let belongs =
            place.is_some_and(|place| matches!(place.part, Part::Request | Part::Reason | Part::History));
        if !self.open && !belongs {
            return None;
        }
        let begin = record.position().byte;
        let mut step = Step {
            opens: false,
            closes: false,
            request: Some(begin..begin + record.line().len() as u64),
            omitted: begin..begin,
            ending: record.ending(),
            begin,
            plain: record.ending() == Ending::CrLf,
        };
        let Some(place) = place else {
            // A blank line is not hashed; a piece of an endless one is, as it stands.
            if !record.is_piece() {
                step.request = None;
            }
            return Some(step);
        };
        step.opens = place.opens_claim;
        step.closes = matches!(place.part, Part::Header | Part::Trailer | Part::Outside);
        if place.part != Part::Request {
            step.request = None;
            return (step.closes || self.run.is_some()).then_some(step);
        }
        let family = family.unwrap_or(Family::Ika);
        let claim = if place.opens_claim { &mut self.next } else { &mut self.claim };
        let anew = match record.id() {
            Some(RE) => {
                self.places.of(family);
                claim.read_re(record, &self.places);
                Some(key::CLAIM_NO)
            }
            Some(IR) => Some(key::DENTAL_BILLING_MONTH),
            Some(id @ (HO | KO)) => {
                claim.read_payer(record, id == HO);
                None
            }
            _ => None,
        };
        if let Some(number) = anew
            && let Some(item) = record.item(number)
        {
            let start = record.position_of(number).byte;
            step.omitted = start..start + item.len() as u64;
        }
        Some(step)
    }

    /// Takes a record that was looked at and still stands in the reader's buffer.
    fn take<R: Read>(&mut self, step: &Step, reader: &RecordReader<R>) {
        if let Some(from) = self.run.take() {
            self.hasher.append(reader.bytes(from..step.begin));
        }
        if step.opens || step.closes {
            self.finish_claim();
        }
        if step.opens {
            self.count += 1;
            self.open = true;
            std::mem::swap(&mut self.claim, &mut self.next);
        }
        let Some(request) = step.request.clone().filter(|_| self.open) else { return };
        let mut from = request.start;
        if !step.omitted.is_empty() {
            self.hasher.append(reader.bytes(from..step.omitted.start));
            from = step.omitted.end;
        }
        if step.plain {
            self.run = Some(from);
        } else {
            self.hasher.append(reader.bytes(from..request.end));
            if step.ending != Ending::Continued {
                self.hasher.append(LINE_END);
            }
        }
    }

    /// Hashes the run before the reader moves its bytes; it goes on with what comes next.
    #[inline(never)]
    fn keep<R: Read>(&mut self, reader: &RecordReader<R>) {
        if let Some(from) = self.run {
            self.hasher.append(reader.bytes(from..reader.byte()));
            self.run = Some(reader.byte());
        }
    }

    /// Hands out the print of the claim, if one is open. Its run was hashed.
    fn finish_claim(&mut self) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        let hasher = std::mem::replace(&mut self.hasher, self.fresh.clone());
        let request = key::bytes(hasher.finalize128());
        let key = self.claim.digest(self.claim_key, &mut self.scratch);
        let print = ClaimPrint {
            number: self.count,
            request,
            key,
            search_no: self.claim.search_no,
            service_month: self.claim.service_month,
        };
        self.claim.clear();
        (self.each)(print);
    }
}

#[cfg(test)]
mod tests;
