//! The rows of return files and returned claims, and how they are read from the database. What belongs to a patient is not
//! shown under `Debug`. Changes nothing.

use std::fmt;

use rusqlite::Row;

use crate::files::{Reason, word};
use crate::state::{ReturnFileState, ReturnState};

/// A row of `return_file`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReturnFileRow {
    /// Row number.
    pub id: i64,
    /// SHA-256 of all bytes; under it they lie in the data folder.
    pub sha256: [u8; 32],
    /// Size in bytes.
    pub size_bytes: u64,
    /// As it was called where it was found.
    pub name: String,
    /// `hen` or `sah`.
    pub return_file: String,
    /// Payer body.
    pub payer: String,
    /// `YYYY-MM`.
    pub processed_month: String,
    /// The facility it was made for.
    pub facility: String,
    /// Volume of the header.
    pub volume: String,
    /// `ika`, `dpc`, ...
    pub family: String,
    /// State.
    pub state: ReturnFileState,
    /// Since when.
    pub state_at: String,
    /// Why it waits, if it does.
    pub reason: Option<Reason>,
    /// Claims in it; 0 before it is imported.
    pub claims: u64,
    /// How many of them were not known before.
    pub new_claims: u64,
}

pub(crate) const FILE_COLUMNS: &str = "id, sha256, size_bytes, name, kind, payer, processed_month, facility, volume, family, \
    state, state_at, reason_code, reason_detail, claims, new_claims";

pub(crate) fn read_file(row: &Row<'_>) -> rusqlite::Result<ReturnFileRow> {
    let code: Option<String> = row.get(12)?;
    let detail: Option<String> = row.get(13)?;
    Ok(ReturnFileRow {
        id: row.get(0)?,
        sha256: row.get(1)?,
        size_bytes: row.get(2)?,
        name: row.get(3)?,
        return_file: row.get(4)?,
        payer: row.get(5)?,
        processed_month: row.get(6)?,
        facility: row.get(7)?,
        volume: row.get(8)?,
        family: row.get(9)?,
        state: word(row, 10)?,
        state_at: row.get(11)?,
        reason: code.map(|code| Reason::new(code, detail.unwrap_or_default())),
        claims: row.get(14)?,
        new_claims: row.get(15)?,
    })
}

/// Where the bytes of a returned claim stand in its return file: request data, reasons and history follow one another
/// without a gap.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stretch {
    /// Where the request data begin, in bytes from the start of the file.
    pub offset: u64,
    /// Length of the request data.
    pub request_bytes: u64,
    /// Length of the reason lines behind it.
    pub reason_bytes: u64,
    /// Length of the history behind those.
    pub history_bytes: u64,
    /// Lines of the history.
    pub history_lines: u64,
    /// SHA-256 of the request data.
    pub request_sha256: [u8; 32],
    /// SHA-256 of the history.
    pub history_sha256: [u8; 32],
}

/// A row of `returned_claim`. Words that the claim does not have are empty where claims are searched by them.
#[derive(Clone, PartialEq, Eq)]
pub struct ReturnedClaimRow {
    /// Row number.
    pub id: i64,
    /// The return file it came in.
    pub file: i64,
    /// Its place among the claims of that file, from 0.
    pub ordinal: u64,
    /// State.
    pub state: ReturnState,
    /// Since when.
    pub state_at: String,
    /// Payer body that returned it.
    pub payer: String,
    /// `hen` or `sah`.
    pub return_file: String,
    /// `ika`, `dpc`, ...
    pub family: String,
    /// `YYYY-MM`.
    pub processed_month: String,
    /// `YYYY-MM`.
    pub service_month: String,
    /// Inpatient or outpatient, in the caller's word.
    pub in_out: String,
    /// The facility's number of the patient.
    pub chart_no: String,
    /// 検索番号, digits.
    pub search_no: String,
    /// Whether a fault forbids to resubmit it.
    pub blocked: bool,
    /// Who works on it.
    pub owner: Option<String>,
    /// By when, `YYYY-MM-DD`.
    pub due: Option<String>,
    /// Clinical department code.
    pub department: Option<String>,
    /// An earlier return of the same claim.
    pub previous: Option<i64>,
    /// A later return of the same claim, which counts instead.
    pub superseded_by: Option<i64>,
    /// Where its bytes are.
    pub stretch: Stretch,
    /// Its number in the claim file as it was billed.
    pub receipt_no: Option<String>,
    /// Claim type, four digits.
    pub claim_type: Option<String>,
    /// Free text of the facility that every body echoes.
    pub billing_info: Option<String>,
    /// Insurer number.
    pub insurer_no: Option<String>,
    /// The patient's name, as bytes of the file.
    pub name: Option<Vec<u8>>,
    /// The patient's birth date.
    pub birth_date: Option<String>,
    /// Total points.
    pub points: Option<u64>,
    /// Payers of the claim (HO + KO).
    pub payers: Option<u64>,
    /// Billing month of the file it was first sent in, `YYYY-MM`.
    pub original_month: Option<String>,
    /// 返戻区分, `1` to `9`.
    pub return_kind: Option<String>,
    /// Codes of its reasons, separated by spaces.
    pub reason_codes: String,
    /// Codes of its faults, separated by spaces.
    pub faults: String,
}

impl fmt::Debug for ReturnedClaimRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReturnedClaimRow")
            .field("id", &self.id)
            .field("file", &self.file)
            .field("ordinal", &self.ordinal)
            .field("state", &self.state)
            .field("reason_codes", &self.reason_codes)
            .field("faults", &self.faults)
            .field("previous", &self.previous)
            .field("superseded_by", &self.superseded_by)
            .finish_non_exhaustive()
    }
}

pub(crate) const CLAIM_COLUMNS: &str = "c.id, c.file, c.ordinal, c.state, c.state_at, c.payer, c.kind, c.family, \
    c.processed_month, c.service_month, c.in_out, c.chart_no, c.search_no, c.blocked, c.owner, c.due, c.department, \
    c.previous, c.superseded_by, c.offset, c.request_bytes, c.reason_bytes, c.history_bytes, c.history_lines, \
    c.request_sha256, c.history_sha256, c.receipt_no, c.claim_type, c.billing_info, c.insurer_no, c.name, c.birth_date, \
    c.points, c.payers, c.original_month, c.return_kind, c.reason_codes, c.faults";

pub(crate) fn read_claim(row: &Row<'_>) -> rusqlite::Result<ReturnedClaimRow> {
    Ok(ReturnedClaimRow {
        id: row.get(0)?,
        file: row.get(1)?,
        ordinal: row.get(2)?,
        state: word(row, 3)?,
        state_at: row.get(4)?,
        payer: row.get(5)?,
        return_file: row.get(6)?,
        family: row.get(7)?,
        processed_month: row.get(8)?,
        service_month: row.get(9)?,
        in_out: row.get(10)?,
        chart_no: row.get(11)?,
        search_no: row.get(12)?,
        blocked: row.get(13)?,
        owner: row.get(14)?,
        due: row.get(15)?,
        department: row.get(16)?,
        previous: row.get(17)?,
        superseded_by: row.get(18)?,
        stretch: Stretch {
            offset: row.get(19)?,
            request_bytes: row.get(20)?,
            reason_bytes: row.get(21)?,
            history_bytes: row.get(22)?,
            history_lines: row.get(23)?,
            request_sha256: row.get(24)?,
            history_sha256: row.get(25)?,
        },
        receipt_no: row.get(26)?,
        claim_type: row.get(27)?,
        billing_info: row.get(28)?,
        insurer_no: row.get(29)?,
        name: row.get(30)?,
        birth_date: row.get(31)?,
        points: row.get(32)?,
        payers: row.get(33)?,
        original_month: row.get(34)?,
        return_kind: row.get(35)?,
        reason_codes: row.get(36)?,
        faults: row.get(37)?,
    })
}

/// One reason line of a returned claim. Its texts may name a patient.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ReturnedReason {
    /// `YYYY-MM`.
    pub processed_month: Option<String>,
    /// 返戻区分.
    pub return_kind: Option<String>,
    /// 診療識別.
    pub service_class: Option<String>,
    /// Reason code.
    pub code: Option<String>,
    /// 返戻理由, bytes of the file.
    pub text: Vec<u8>,
    /// 補足事項, bytes of the file.
    pub note: Vec<u8>,
    /// 補正情報.
    pub correction: Option<String>,
    /// 増減点連絡書年月, `YYYY-MM`.
    pub cut_notice_month: Option<String>,
}

impl fmt::Debug for ReturnedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReturnedReason")
            .field("return_kind", &self.return_kind)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

pub(crate) fn read_reason(row: &Row<'_>) -> rusqlite::Result<ReturnedReason> {
    Ok(ReturnedReason {
        processed_month: row.get(0)?,
        return_kind: row.get(1)?,
        service_class: row.get(2)?,
        code: row.get(3)?,
        text: row.get(4)?,
        note: row.get(5)?,
        correction: row.get(6)?,
        cut_notice_month: row.get(7)?,
    })
}

/// What a person wrote about a returned claim.
#[derive(Clone, PartialEq, Eq)]
pub struct ReturnNote {
    /// Row number; the history tells it instead of the text.
    pub id: i64,
    /// When.
    pub at: String,
    /// Who.
    pub actor: String,
    /// The text. May name a patient.
    pub text: String,
}

impl fmt::Debug for ReturnNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReturnNote").field("id", &self.id).field("at", &self.at).finish_non_exhaustive()
    }
}

/// A correction about to be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct NewEdit {
    /// As it was asked for; making it again on the request data as they came gives the same bytes.
    pub what: String,
    /// The bytes it takes away.
    pub before: Vec<u8>,
    /// The bytes it puts in their place.
    pub after: Vec<u8>,
}

impl fmt::Debug for NewEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEdit").finish_non_exhaustive()
    }
}

/// A stored correction.
#[derive(Clone, PartialEq, Eq)]
pub struct ReturnEdit {
    /// Row number.
    pub id: i64,
    /// When.
    pub at: String,
    /// Who.
    pub actor: String,
    /// What it is.
    pub edit: NewEdit,
}

impl fmt::Debug for ReturnEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReturnEdit").field("id", &self.id).field("at", &self.at).finish_non_exhaustive()
    }
}
