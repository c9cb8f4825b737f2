//! The claims of a return file, one by one: where their bytes stand, what they say, why they came back, what is wrong with
//! them. One pass, constant memory; bytes are hashed, not kept. What the file as a whole is, `rezept_claim::scan` says.

mod block;
mod claim;
mod returned;
mod signs;
mod stretch;

pub use returned::{Reason, ReturnedClaim, code_text};

use std::fmt;
use std::io::Read;

use rezept_claim::claims::{Grouper, Part};
use rezept_claim::record::Ending;
use rezept_claim::{Family, ReadError, RecordReader, ReturnKind};

use crate::damage::Damage;
use crate::fault::Fault;
use claim::OpenClaim;

/// Reads the claims of a return file.
pub struct ReturnReader<R> {
    reader: RecordReader<R>,
    grouper: Grouper,
    open: Option<Box<OpenClaim>>,
    count: u64,
    kind: Option<ReturnKind>,
    /// Lines that end with CR LF, and with LF alone.
    line_ends: [u64; 2],
    spreadsheet: bool,
}

impl<R: Read> ReturnReader<R> {
    /// The claims of `source`, which begins with HI. Reads are large already: no `BufReader` is needed.
    pub fn new(source: R) -> Self {
        Self {
            reader: RecordReader::new(source),
            grouper: Grouper::default(),
            open: None,
            count: 0,
            kind: None,
            line_ends: [0; 2],
            spreadsheet: false,
        }
    }

    /// Family, as far as it is known by now.
    pub fn family(&self) -> Option<Family> {
        self.grouper.family()
    }

    /// HEN or SAH, by 返戻区分 of the first HR so far that has one.
    pub fn kind(&self) -> Option<ReturnKind> {
        self.kind
    }

    /// Bytes read so far.
    pub fn byte(&self) -> u64 {
        self.reader.byte()
    }

    /// What only the claims show of the programs that touched the file, as far as it was read: the history of such a file
    /// is not what the body sent, so its claims cannot be resubmitted.
    pub fn damage(&self) -> Option<Damage> {
        let [crlf, lf] = self.line_ends;
        if self.spreadsheet {
            return Some(Damage::Spreadsheet);
        }
        // Most lines, not one: the last may have lost its end with the 0x1A.
        (lf > crlf).then_some(Damage::LineEnds)
    }

    /// The next claim, or `None` at the end of the file.
    ///
    /// # Errors
    /// When the source cannot be read. The call can be repeated: nothing is lost.
    pub fn next_claim(&mut self) -> Result<Option<ReturnedClaim>, ReadError> {
        while let Some(record) = self.reader.next_record()? {
            match record.ending() {
                Ending::CrLf => self.line_ends[0] += 1,
                Ending::Lf => self.line_ends[1] += 1,
                Ending::EndOfFile | Ending::Continued => {}
            }
            if record.is_piece() || record.is_blank() {
                match &mut self.open {
                    Some(open) if record.is_piece() => open.piece(&record),
                    Some(open) => open.blank(&record),
                    None => {}
                }
                continue;
            }
            let place = self.grouper.place(&record);
            let family = self.grouper.family().unwrap_or(Family::Ika);
            let done = match place.part {
                _ if place.opens_claim => {
                    let open = Box::new(OpenClaim::new(self.count, record.position(), family));
                    self.count += 1;
                    self.open.replace(open)
                }
                Part::Header | Part::Trailer | Part::Outside => self.open.take(),
                Part::Request | Part::Reason | Part::History => None,
            };
            if let Some(open) = &mut self.open {
                open.line(&record, place, family);
            }
            if let Some(done) = done {
                return Ok(Some(self.hand_out(*done)));
            }
        }
        Ok(self.open.take().map(|open| self.hand_out(*open)))
    }

    fn hand_out(&mut self, open: OpenClaim) -> ReturnedClaim {
        let claim = open.finish();
        self.kind = self.kind.or_else(|| claim.kind());
        self.spreadsheet |= claim.spreadsheet;
        claim
    }
}

impl<R> fmt::Debug for ReturnReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReturnReader").field("claims", &self.count).finish_non_exhaustive()
    }
}

/// The faults of one claim from its bytes alone (request data, HR lines, history block), places counted from its own first
/// byte and line. `None` when the bytes are not one whole claim of this family.
pub fn claim_faults(family: Family, claim: &[u8]) -> Option<Vec<Fault>> {
    // Which lines belong together is known from what stands before them: a header says the family, and of 医科 and DPC,
    // which have the same, a claim of the right length does.
    let table = family.point_table();
    let settled = match family {
        Family::Ika => format!("RE{}\r\nHR\r\n", ",".repeat(37)),
        Family::Dpc => format!("RE{}\r\nHR\r\n", ",".repeat(29)),
        Family::Shika | Family::Chozai | Family::Houkan => String::new(),
    };
    let before = format!("HI,1,202001,13,{table},0000000,,00\r\n{settled}");
    let mut reader = ReturnReader::new(before.as_bytes().chain(claim));
    if !settled.is_empty() {
        reader.next_claim().ok()??;
    }
    let found = reader.next_claim().ok()??;
    let size = before.len() as u64;
    let whole = found.offset == size && found.end() == size + claim.len() as u64;
    if !whole || reader.next_claim().ok()?.is_some() {
        return None;
    }
    let lines = if settled.is_empty() { 1 } else { 3 };
    let back = |fault: Fault| Fault {
        byte: fault.byte.saturating_sub(size),
        line: fault.line.saturating_sub(lines),
        ..fault
    };
    Some(found.faults.into_iter().map(back).collect())
}
