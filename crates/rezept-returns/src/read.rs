//! The claims of a return file, one by one: where their bytes stand, what they say, why they came back, what is wrong with
//! them. One pass, constant memory; bytes are hashed, not kept. What the file as a whole is, `rezept_claim::scan` says.

use std::io::Read;

use rezept_claim::claims::{Grouper, Part, Place};
use rezept_claim::text::RawText;
use rezept_claim::{Family, Month, RawRecord, ReadError, RecordId, RecordReader, layout};
use sha2::{Digest, Sha256};

use crate::fault::{Fault, FaultCode};
use crate::stored::ClaimFacts;

const HO: RecordId = RecordId(*b"HO");
const IR: RecordId = RecordId(*b"IR");
const KO: RecordId = RecordId(*b"KO");
const MN: RecordId = RecordId(*b"MN");
const RC: RecordId = RecordId(*b"RC");
const RE: RecordId = RecordId(*b"RE");
/// Faults of one claim that are kept; a block of rubbish must not flood.
const KEPT_FAULTS: usize = 200;

/// A reason line (HR) as it stands there; texts are bytes of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// 処理年月.
    pub processed: Option<Month>,
    /// 返戻区分, `1` to `9`.
    pub return_kind: RawText,
    /// 診療識別; empty when none can be named.
    pub service_class: RawText,
    /// 返戻事由コード.
    pub code: RawText,
    /// 返戻理由.
    pub text: RawText,
    /// 補足事項.
    pub note: RawText,
    /// 補正情報.
    pub correction: RawText,
    /// 増減点連絡書年月.
    pub cut_notice: Option<Month>,
    /// 検索番号.
    pub search_no: RawText,
    /// 複数レセプト検索番号: the partner that was returned together with this claim.
    pub partner_search_no: RawText,
}

impl Reason {
    fn read(record: &RawRecord<'_>) -> Self {
        let mut items = record.items().skip(1);
        let mut next = || RawText(items.next().unwrap_or_default().to_vec());
        let processed = Month::parse(&next().0);
        let [return_kind, service_class, code, text, note, correction] = std::array::from_fn(|_| next());
        let cut_notice = Month::parse(&next().0);
        let [search_no, partner_search_no] = std::array::from_fn(|_| next());
        Self {
            processed,
            return_kind,
            service_class,
            code,
            text,
            note,
            correction,
            cut_notice,
            search_no,
            partner_search_no,
        }
    }

    /// Whether it is of a re-review (返戻区分 4 to 9) and not of a first return (1 to 3).
    pub fn is_of_review(&self) -> bool {
        matches!(self.return_kind.0.as_slice(), [b'4'..=b'9'])
    }
}

/// A returned claim. Request data, reasons and history follow one another without a gap.
#[derive(Clone, Debug)]
pub struct ReturnedClaim {
    /// Its place among the claims of the file, from 0.
    pub ordinal: u64,
    /// Family of the file, as far as it was known by then.
    pub family: Family,
    /// 1-based line on which it begins.
    pub first_line: u32,
    /// Where the request data begin, in bytes from the start of the file.
    pub offset: u64,
    /// Length of the request data in bytes.
    pub request_bytes: u64,
    /// Length of the HR lines in bytes.
    pub reason_bytes: u64,
    /// Length of the history block in bytes.
    pub history_bytes: u64,
    /// Lines of the history block.
    pub history_lines: u64,
    /// SHA-256 of the request data.
    pub request_sha256: [u8; 32],
    /// SHA-256 of the history block.
    pub history_sha256: [u8; 32],
    /// What the request data say.
    pub facts: ClaimFacts,
    /// 検索番号 of the first HR, else of RE.
    pub search_no: RawText,
    /// 請求年月 of the history's header: the file in which the claim was sent first.
    pub original_month: Option<Month>,
    /// The HR lines, in order.
    pub reasons: Vec<Reason>,
    /// What is wrong, in the order of the lines.
    pub faults: Vec<Fault>,
    /// Records that a spreadsheet program would have left so: numbers like `1.2E+20`, or lines without their last commas.
    pub spreadsheet: bool,
}

impl ReturnedClaim {
    /// Whether a fault forbids to resubmit it.
    pub fn is_blocked(&self) -> bool {
        self.faults.iter().any(|fault| fault.code.blocks())
    }
}

/// Reads the claims of a return file.
#[derive(Debug)]
pub struct ReturnReader<R> {
    reader: RecordReader<R>,
    grouper: Grouper,
    open: Option<Open>,
    count: u64,
}

impl<R: Read> ReturnReader<R> {
    /// The claims of `source`, which begins with HI.
    pub fn new(source: R) -> Self {
        Self { reader: RecordReader::new(source), grouper: Grouper::default(), open: None, count: 0 }
    }

    /// The next claim, or `None` at the end of the file.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn next_claim(&mut self) -> Result<Option<ReturnedClaim>, ReadError> {
        while let Some(record) = self.reader.next_record()? {
            let place = self.grouper.place(&record);
            let mut done = None;
            if place.opens_claim {
                let opened = Open::new(self.count, &record);
                self.count += 1;
                done = self.open.replace(opened);
            } else if matches!(place.part, Part::Header | Part::Trailer) {
                done = self.open.take();
            }
            if let Some(open) = &mut self.open {
                open.take(&record, place, self.grouper.family().unwrap_or(Family::Ika));
            }
            if let Some(done) = done {
                return Ok(Some(done.close(self.grouper.family())));
            }
        }
        Ok(self.open.take().map(|open| open.close(self.grouper.family())))
    }
}

/// The claim that is being read.
struct Open {
    ordinal: u64,
    first_line: u32,
    offset: u64,
    request: Stretch,
    reasons_bytes: u64,
    history: Stretch,
    /// The records that say what the claim is.
    head: Vec<u8>,
    found: Vec<Reason>,
    reason_line: Option<(u32, u64)>,
    block: Block,
    original_month: Option<Month>,
    re_search_no: Option<(RawText, u32, u64)>,
    faults: Vec<Fault>,
    exponent: bool,
    trimmed: u32,
    filled: u32,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").field("ordinal", &self.ordinal).finish_non_exhaustive()
    }
}

/// Bytes that are hashed as they pass.
#[derive(Default)]
struct Stretch {
    bytes: u64,
    lines: u64,
    hasher: Sha256,
}

impl Stretch {
    fn add(&mut self, raw: &[u8]) {
        self.bytes += raw.len() as u64;
        self.lines += 1;
        self.hasher.update(raw);
    }
}

/// What was seen of a history block.
#[derive(Default)]
struct Block {
    last_line_no: u64,
    search_no: Option<RawText>,
    /// Place of each RC and its branch; what stands behind the last.
    controls: Vec<(u32, u64, Option<u64>)>,
    behind_control: bool,
}

impl Open {
    fn new(ordinal: u64, record: &RawRecord<'_>) -> Self {
        let position = record.position();
        Self {
            ordinal,
            first_line: position.line,
            offset: position.byte,
            request: Stretch::default(),
            reasons_bytes: 0,
            history: Stretch::default(),
            head: Vec::new(),
            found: Vec::new(),
            reason_line: None,
            block: Block::default(),
            original_month: None,
            re_search_no: None,
            faults: Vec::new(),
            exponent: false,
            trimmed: 0,
            filled: 0,
        }
    }

    fn fault(&mut self, code: FaultCode, record: &RawRecord<'_>) {
        let position = record.position();
        self.fault_at(code, position.line, position.byte);
    }

    fn fault_at(&mut self, code: FaultCode, line: u32, byte: u64) {
        // The first of each kind is always kept: it decides whether the claim is blocked.
        if self.faults.len() < KEPT_FAULTS || !self.faults.iter().any(|fault| fault.code == code) {
            self.faults.push(Fault { code, line, byte });
        }
    }

    fn take(&mut self, record: &RawRecord<'_>, place: Place, family: Family) {
        match place.part {
            Part::Request => self.request(record, family),
            Part::Reason => self.reason(record),
            Part::History => self.history(record, family),
            Part::Header | Part::Trailer | Part::Outside => {}
        }
    }

    fn request(&mut self, record: &RawRecord<'_>, family: Family) {
        // Blank lines and lost ones too: the three stretches must lie side by side.
        if self.history.lines > 0 || self.reasons_bytes > 0 {
            self.out_of_order(record);
            return;
        }
        self.request.add(record.raw());
        if record.is_blank() || record.is_piece() {
            return;
        }
        let Some(id) = record.id() else { return self.fault(FaultCode::UnknownRecord, record) };
        let Some(shape) = layout::layout(family, id) else {
            return self.fault(FaultCode::UnknownRecord, record);
        };
        if shape.certain && !shape.open_ended && shape.item_count > 8 {
            let trimmed = record.item_count() < shape.min_items
                && record.items().last().is_some_and(|item| !item.is_empty());
            self.trimmed += u32::from(trimmed);
            self.filled += u32::from(!trimmed);
        }
        if matches!(id, RE | HO | KO) {
            self.head.extend_from_slice(record.line());
            self.head.extend_from_slice(b"\r\n");
        }
        if id == RE && self.re_search_no.is_none() {
            let search_no = record.item(family.search_no_item()).unwrap_or_default();
            self.exponent |= is_exponent(search_no);
            let position = record.position();
            self.re_search_no = Some((RawText(search_no.to_vec()), position.line, position.byte));
        }
    }

    /// A record of one stretch behind a later one: it belongs to the claim, and no stretch can hold it.
    fn out_of_order(&mut self, record: &RawRecord<'_>) {
        self.fault(FaultCode::Order, record);
        if self.history.lines > 0 {
            self.history.add(record.raw());
        } else {
            self.reasons_bytes += record.raw().len() as u64;
        }
    }

    fn reason(&mut self, record: &RawRecord<'_>) {
        if self.history.lines > 0 {
            return self.out_of_order(record);
        }
        self.reasons_bytes += record.raw().len() as u64;
        let reason = Reason::read(record);
        let position = record.position();
        self.reason_line.get_or_insert((position.line, position.byte));
        self.exponent |= is_exponent(&reason.search_no.0);
        if !is_number(&reason.search_no.0, 30) {
            self.fault(FaultCode::SearchNo, record);
        } else if self.found.first().is_some_and(|first| first.search_no != reason.search_no) {
            self.fault(FaultCode::SearchNosDiffer, record);
        }
        if reason.processed.is_none() || !matches!(reason.return_kind.0.as_slice(), [b'1'..=b'9']) {
            self.fault(FaultCode::ReasonItem, record);
        } else if reason.is_of_review() {
            let code = reason.code.0.as_slice();
            if !(code.is_empty() || code.len() == 5 && code.starts_with(b"S")) {
                self.fault(FaultCode::ReasonUnusual, record);
            }
        } else if !reason.correction.0.is_empty() || record.item(9).is_some_and(|item| !item.is_empty()) {
            self.fault(FaultCode::ReasonUnusual, record);
        }
        self.found.push(reason);
    }

    fn history(&mut self, record: &RawRecord<'_>, family: Family) {
        let first = self.history.lines == 0;
        self.history.add(record.raw());
        let prefix = record.history_prefix();
        let [data_id, line_no, branch_no] = prefix.unwrap_or_default();
        if is_number(line_no, 5) {
            let number = value(line_no);
            if number != self.block.last_line_no + 1 && number != self.block.last_line_no {
                self.fault(FaultCode::LineNoOrder, record);
            }
            self.block.last_line_no = number;
        } else {
            self.fault(FaultCode::LineNo, record);
        }
        if !is_number(branch_no, 3) {
            self.fault(FaultCode::BranchNo, record);
        }
        let id = record.id();
        if first && !(id == Some(MN) && data_id == b"2") {
            self.fault(FaultCode::NoManagement, record);
        }
        self.block.behind_control = !self.block.controls.is_empty() && id != Some(RC);
        match id {
            Some(RC) => self.control(record, branch_no),
            Some(IR) if self.original_month.is_none() => {
                let place = layout::layout(family, IR)
                    .and_then(|shape| shape.items.iter().position(|item| item.name == "claim_ym"));
                self.original_month = place.and_then(|at| Month::parse(record.item(at + 1)?));
            }
            Some(RE) if self.block.search_no.is_none() => {
                let search_no = record.item(family.search_no_item()).unwrap_or_default();
                self.exponent |= is_exponent(search_no);
                self.block.search_no = Some(RawText(search_no.to_vec()));
                let of_review = self.found.first().is_some_and(Reason::is_of_review);
                let wanted = self.found.first().map(|reason| reason.search_no.0.as_slice());
                if !of_review && wanted != Some(search_no) {
                    self.fault(FaultCode::HistorySearchNo, record);
                }
            }
            Some(id) if layout::history_layout(family, id).is_some() => {}
            _ => self.fault(FaultCode::UnknownRecord, record),
        }
    }

    fn control(&mut self, record: &RawRecord<'_>, branch_no: &[u8]) {
        let info = record.item(2).unwrap_or_default();
        let sound = record.item_count() == 2
            && (1..=100).contains(&info.len())
            && info.iter().all(u8::is_ascii_alphanumeric);
        if !sound {
            self.fault(FaultCode::ControlInfo, record);
        }
        let position = record.position();
        let branch = is_number(branch_no, 3).then(|| value(branch_no));
        self.block.controls.push((position.line, position.byte, branch));
    }

    fn close(mut self, family: Option<Family>) -> ReturnedClaim {
        let family = family.unwrap_or(Family::Ika);
        let facts = ClaimFacts::read(family, &self.head);
        let here = (self.first_line, self.offset);
        self.judge_block(here);
        self.judge_request(&facts, here);
        if self.found.is_empty() {
            self.fault_at(FaultCode::NoReason, here.0, here.1);
        }
        let of_reason = self.found.first().map(|reason| reason.search_no.clone());
        let search_no = of_reason.unwrap_or_else(|| facts.search_no.clone());
        if let Some((of_request, line, byte)) = self.re_search_no.take()
            && !of_request.0.is_empty()
            && of_request != search_no
        {
            self.fault_at(FaultCode::RequestSearchNo, line, byte);
        }
        self.faults.sort_by_key(|fault| fault.line);
        ReturnedClaim {
            ordinal: self.ordinal,
            family,
            first_line: self.first_line,
            offset: self.offset,
            request_bytes: self.request.bytes,
            reason_bytes: self.reasons_bytes,
            history_bytes: self.history.bytes,
            history_lines: self.history.lines,
            request_sha256: self.request.hasher.finalize().into(),
            history_sha256: self.history.hasher.finalize().into(),
            facts,
            search_no,
            original_month: self.original_month,
            reasons: self.found,
            faults: self.faults,
            spreadsheet: self.exponent || self.trimmed > self.filled,
        }
    }

    fn judge_block(&mut self, here: (u32, u64)) {
        let branches: Vec<Option<u64>> = self.block.controls.iter().map(|(_, _, branch)| *branch).collect();
        let usual = matches!(branches.as_slice(), [Some(0)] | [Some(0), Some(1)]);
        match self.block.controls.last() {
            None => self.fault_at(FaultCode::NoControl, here.0, here.1),
            Some(&(line, byte, _)) if !usual || self.block.behind_control => {
                self.fault_at(FaultCode::ControlUnusual, line, byte);
            }
            Some(_) => {}
        }
    }

    fn judge_request(&mut self, facts: &ClaimFacts, here: (u32, u64)) {
        let (line, byte) = self.re_search_no.as_ref().map_or(here, |(_, line, byte)| (*line, *byte));
        let blank_name = facts.plain_name().is_empty();
        let type_of_four = facts.claim_type.0.len() == 4 && is_number(&facts.claim_type.0, 4);
        for (bad, code) in [
            (!is_number(&facts.claim_no.0, 6), FaultCode::ClaimNo),
            (!type_of_four, FaultCode::ClaimType),
            (facts.service_month.is_none(), FaultCode::ServiceMonth),
            (blank_name, FaultCode::Name),
        ] {
            if bad {
                self.fault_at(code, line, byte);
            }
        }
    }
}

/// Whether an item is 1 to `most` digits.
fn is_number(item: &[u8], most: usize) -> bool {
    (1..=most).contains(&item.len()) && item.iter().all(u8::is_ascii_digit)
}

fn value(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
}

/// A long number as a spreadsheet program writes it: `1.20241E+26`.
fn is_exponent(item: &[u8]) -> bool {
    item.first().is_some_and(u8::is_ascii_digit)
        && item.windows(2).any(|pair| pair.eq_ignore_ascii_case(b"E+"))
}
