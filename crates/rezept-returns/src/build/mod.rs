//! Writes a resubmission file (返戻再請求): header of the month, claims renumbered, history blocks byte for byte, totals
//! counted anew (docs/formats.md 6 and 7). One claim is in memory at a time; what a claim says is never changed here.

mod head;

pub use head::{Facility, Head, HeadError};

use crate::lines::{END_MARK, LINE_END, Line, is_detail, lines, with_item};
use crate::stored::{CLAIM_NO_ITEM, ClaimFacts, Stored};
use rezept_claim::Family;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::io::Write;

/// レセプト番号 has at most six digits.
const MAX_CLAIMS: u64 = 999_999;

/// 総合計点数 has at most ten.
const MAX_POINTS: u64 = 9_999_999_999;

/// Why a claim or a file could not be written. Nothing of a refused claim reaches the target.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The target could not be written on.
    #[error("cannot write on behind byte {byte}")]
    Write {
        /// Bytes handed to the target before the failing write.
        byte: u64,
        /// What the target said.
        #[source]
        source: std::io::Error,
    },
    /// A line of the request data cannot stand there: history, a header, a trailer, or rubbish without a record id.
    #[error("line {line} of the request data of claim {claim} is no record of a claim")]
    NotRequest {
        /// Number that the claim would have got.
        claim: u64,
        /// 1-based line of the request data.
        line: usize,
    },
    /// The request data has no RE, or records stand before it.
    #[error("the request data of claim {claim} does not begin with RE")]
    NoRe {
        /// Number that the claim would have got.
        claim: u64,
    },
    /// A second RE that is no detail of a DPC summary: two claims were given as one.
    #[error("the request data of claim {claim} holds more than one claim")]
    SecondRe {
        /// Number that the claim would have got.
        claim: u64,
    },
    /// RE has too few items to take レセプト番号 or 検索番号.
    #[error("RE of claim {claim} has fewer than {needed} items")]
    ShortRe {
        /// Number that the claim would have got.
        claim: u64,
        /// Items it needs.
        needed: usize,
    },
    /// 合計点数 of HO, or of the first KO, is no number, or more than 総合計点数 can hold, so no total can be given.
    #[error("the points of claim {claim} cannot be added up")]
    Points {
        /// Number that the claim would have got.
        claim: u64,
    },
    /// The return belongs to a file of another family.
    #[error("the return for claim {claim} belongs to a file of another family")]
    OtherFamily {
        /// Number that the claim would have got.
        claim: u64,
    },
    /// Another body returned it: it can go to this one only as an ordinary claim (docs/formats.md 6.3).
    #[error("the return for claim {claim} came from another payer body")]
    OtherBody {
        /// Number that the claim would have got.
        claim: u64,
    },
    /// 検索番号 is no run of at most 30 digits.
    #[error("the search number for claim {claim} is no run of digits")]
    SearchNumber {
        /// Number that the claim would have got.
        claim: u64,
    },
    /// The 検索番号 stands in this file already.
    #[error("the search number of claim {claim} stands in this file already")]
    SearchNumberTwice {
        /// Number that the claim would have got.
        claim: u64,
    },
    /// The history block is empty, holds other lines, or its last line has no end, so that it cannot go out unchanged.
    #[error("the history block of claim {claim} cannot be written unchanged")]
    History {
        /// Number that the claim would have got.
        claim: u64,
    },
    /// More claims than レセプト番号 can count.
    #[error("more than {MAX_CLAIMS} claims in one file")]
    TooMany,
}

/// What was written of one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenClaim {
    /// レセプト番号 in the new file, from 1.
    pub number: u64,
    /// First byte in the new file.
    pub start_byte: u64,
    /// Behind the last byte.
    pub end_byte: u64,
    /// 検索番号 of a resubmission; `None` for an ordinary claim.
    pub search_no: Option<String>,
    /// SHA-256 of the request data as written; with `history_sha256` it proves later what went out.
    pub request_sha256: [u8; 32],
    /// SHA-256 of the history block; `None` for an ordinary claim.
    pub history_sha256: Option<[u8; 32]>,
    /// HO and KO records that count (DPC details do not).
    pub payers: u64,
    /// Points (訪問看護: yen) that count.
    pub points: u64,
}

/// What was written of a whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Claims.
    pub claims: u64,
    /// Those of them that are resubmissions.
    pub resubmitted: u64,
    /// 総件数.
    pub payers: u64,
    /// 総合計点数.
    pub points: u64,
    /// Size.
    pub size_bytes: u64,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
}

/// Writes one file, claim by claim.
pub struct Builder<W> {
    target: W,
    head: Head,
    hasher: Sha256,
    numbers: HashSet<u128>,
    written: Written,
    /// One claim, collected before it is written, so that a refused one leaves nothing behind.
    pending: Vec<u8>,
}

impl<W: Write> Builder<W> {
    /// Starts a file by writing its header.
    ///
    /// # Errors
    /// When the target cannot be written.
    pub fn new(target: W, head: Head) -> Result<Self, BuildError> {
        let mut builder = Self {
            target,
            hasher: Sha256::new(),
            numbers: HashSet::new(),
            written: Written {
                claims: 0,
                resubmitted: 0,
                payers: 0,
                points: 0,
                size_bytes: 0,
                sha256: [0; 32],
            },
            pending: [head.line(), LINE_END].concat(),
            head,
        };
        builder.put()?;
        Ok(builder)
    }

    /// Writes a returned claim again: `request` is its corrected request data, or the fresh claim that takes its place;
    /// 検索番号 and history are those of `returned`. HR lines among `request` are dropped; line ends become CR LF. RE gets
    /// its number and 検索番号, the reserved item behind it is emptied; details of a DPC summary get the number only.
    ///
    /// # Errors
    /// When the claim cannot be written as a resubmission; the file can go on without it.
    pub fn resubmit(&mut self, returned: &Stored<'_>, request: &[u8]) -> Result<WrittenClaim, BuildError> {
        let claim = self.written.claims + 1;
        if returned.family != self.head.family() {
            return Err(BuildError::OtherFamily { claim });
        }
        if returned.payer != self.head.payer() {
            return Err(BuildError::OtherBody { claim });
        }
        let key = number_key(returned.search_no).ok_or(BuildError::SearchNumber { claim })?;
        if self.numbers.contains(&key) {
            return Err(BuildError::SearchNumberTwice { claim });
        }
        let history = returned.history;
        if !history.ends_with(b"\n") || lines(history).any(|line| !line.is_history()) {
            return Err(BuildError::History { claim });
        }
        let written = self.claim(request, Some(returned.search_no), history)?;
        self.numbers.insert(key);
        self.written.resubmitted += 1;
        Ok(written)
    }

    /// Writes an ordinary claim: a first claim of the month, or one that goes to another body than the one that returned
    /// it. A 検索番号 and the item behind it are emptied; there is no history.
    ///
    /// # Errors
    /// When the claim cannot be written; the file can go on without it.
    pub fn ordinary(&mut self, request: &[u8]) -> Result<WrittenClaim, BuildError> {
        self.claim(request, None, b"")
    }

    /// Writes GO and the end mark and flushes the target (which is no promise about a disk).
    ///
    /// # Errors
    /// When the target cannot be written.
    pub fn finish(mut self) -> Result<(W, Written), BuildError> {
        let Written { payers, points, .. } = self.written;
        // What a claim that was refused left there.
        self.pending.clear();
        let trailer = match self.head.family() {
            // The record id alone: no totals, no volumes (docs/formats.md 5).
            Family::Houkan => "GO\r\n".to_owned(),
            _ => format!("GO,{payers},{points},99\r\n"),
        };
        self.pending.extend_from_slice(trailer.as_bytes());
        self.pending.push(END_MARK);
        self.put()?;
        let byte = self.written.size_bytes;
        self.target.flush().map_err(|source| BuildError::Write { byte, source })?;
        self.written.sha256 = self.hasher.finalize().into();
        Ok((self.target, self.written))
    }

    fn claim(
        &mut self,
        request: &[u8],
        search_no: Option<&str>,
        history: &[u8],
    ) -> Result<WrittenClaim, BuildError> {
        let number = self.written.claims + 1;
        if number > MAX_CLAIMS {
            return Err(BuildError::TooMany);
        }
        self.pending.clear();
        Request { head: &self.head, number, search_no, opened: false, out: &mut self.pending }
            .write(request)?;
        let facts = ClaimFacts::read(self.head.family(), &self.pending);
        let points = match (facts.payers, facts.points) {
            (0, _) => 0,
            (_, Some(points)) => points,
            (_, None) => return Err(BuildError::Points { claim: number }),
        };
        let total = self.written.points.checked_add(points).filter(|total| *total <= MAX_POINTS);
        let total = total.ok_or(BuildError::Points { claim: number })?;
        let request_sha256 = Sha256::digest(&self.pending).into();
        self.pending.extend_from_slice(history);
        let start_byte = self.written.size_bytes;
        self.put()?;
        self.written.claims = number;
        self.written.payers += facts.payers;
        self.written.points = total;
        Ok(WrittenClaim {
            number,
            start_byte,
            end_byte: self.written.size_bytes,
            search_no: search_no.map(str::to_owned),
            request_sha256,
            history_sha256: search_no.map(|_| Sha256::digest(history).into()),
            payers: facts.payers,
            points,
        })
    }

    /// Hands what was collected to the target.
    fn put(&mut self) -> Result<(), BuildError> {
        let byte = self.written.size_bytes;
        self.target.write_all(&self.pending).map_err(|source| BuildError::Write { byte, source })?;
        self.hasher.update(&self.pending);
        self.written.size_bytes += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}

impl<W> std::fmt::Debug for Builder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("head", &self.head)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

/// A 検索番号 in 16 bytes: its digits and how many they are. At most 30 digits need 100 bits.
pub(crate) fn number_key(search_no: &str) -> Option<u128> {
    let digits = search_no.len();
    if !(1..=30).contains(&digits) || !search_no.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(search_no.parse::<u128>().ok()? << 5 | digits as u128)
}

/// The request data of one claim on its way out.
struct Request<'a> {
    head: &'a Head,
    number: u64,
    search_no: Option<&'a str>,
    /// The RE that opens the claim was met.
    opened: bool,
    out: &'a mut Vec<u8>,
}

impl Request<'_> {
    fn write(mut self, request: &[u8]) -> Result<(), BuildError> {
        let family = self.head.family();
        let mut after_ir = false;
        for line in lines(request).filter(|line| !line.is_blank()) {
            let misplaced = BuildError::NotRequest { claim: self.number, line: line.index + 1 };
            let Some(id) = line.id().filter(|_| !line.is_history()) else { return Err(misplaced) };
            match &id.0 {
                b"HR" => continue,
                b"HI" | b"HG" | b"GO" | b"UK" | b"YK" | b"HM" => return Err(misplaced),
                b"HH" if family == Family::Houkan => return Err(misplaced),
                b"IR" if family != Family::Shika || self.opened || after_ir => return Err(misplaced),
                b"IR" => {
                    after_ir = true;
                    self.line(&self.head.claim_ir(line.body));
                }
                b"RE" => self.re(&line, after_ir)?,
                _ if !self.opened => return Err(BuildError::NoRe { claim: self.number }),
                _ => self.line(line.body),
            }
        }
        if self.opened { Ok(()) } else { Err(BuildError::NoRe { claim: self.number }) }
    }

    fn re(&mut self, line: &Line<'_>, after_ir: bool) -> Result<(), BuildError> {
        let family = self.head.family();
        let numbered = self.with(line.body, CLAIM_NO_ITEM, self.number.to_string().as_bytes())?;
        if self.opened {
            if !is_detail(family, line) {
                return Err(BuildError::SecondRe { claim: self.number });
            }
            self.line(&numbered);
            return Ok(());
        }
        if family == Family::Shika && !after_ir {
            self.line(&self.head.claim_ir(b""));
        }
        self.opened = true;
        let item = family.search_no_item();
        let search_no = self.search_no.unwrap_or_default().as_bytes();
        let tied = match self.with(&numbered, item, search_no) {
            // An RE that ends before 検索番号 has none that would have to be emptied.
            Err(_) if search_no.is_empty() => numbered,
            tied => tied?,
        };
        let cleared = with_item(&tied, item + 1, b"").unwrap_or(tied);
        self.line(&cleared);
        Ok(())
    }

    fn with(&self, record: &[u8], item: usize, value: &[u8]) -> Result<Vec<u8>, BuildError> {
        with_item(record, item, value).ok_or(BuildError::ShortRe { claim: self.number, needed: item })
    }

    fn line(&mut self, record: &[u8]) {
        self.out.extend_from_slice(record);
        self.out.extend_from_slice(LINE_END);
    }
}
