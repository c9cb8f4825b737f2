//! The rows of resubmissions, and how they are read from the database. Changes nothing.

use rusqlite::Row;

use crate::files::word;
use crate::state::ResubmissionState;

/// A resubmission about to be planned.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewResubmission {
    /// Billing month of its header, `YYYY-MM`.
    pub month: String,
    /// Payer body.
    pub payer: String,
    /// Facility.
    pub facility: String,
    /// `ika`, `dpc`, ...
    pub family: String,
    /// SHA-256 of all bytes.
    pub sha256: [u8; 32],
    /// Size in bytes.
    pub size_bytes: u64,
    /// All claims of the file, ordinary ones included.
    pub claims: u64,
    /// Total points.
    pub points: u64,
    /// How it was made: `merge`, `edit`, `as-is`, or the caller's word for several of them.
    pub way: String,
    /// Where the file is to stand.
    pub place: String,
}

/// A returned claim about to be put into a resubmission.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedClaim {
    /// Its row; `None` when its return is not in this journal.
    pub claim: Option<i64>,
    /// 検索番号, as written into the file.
    pub search_no: String,
    /// Its number in the new file, from 1.
    pub number: u64,
    /// `merge`, `edit` or `as-is`.
    pub way: String,
    /// Why it goes as it is, if it does.
    pub reason: Option<String>,
}

/// A returned claim in a resubmission.
pub type ResubmissionClaim = PlannedClaim;

/// A row of `resubmission`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResubmissionRow {
    /// Row number.
    pub id: i64,
    /// What was planned.
    pub content: NewResubmission,
    /// The file of this station that carries it away, if one does.
    pub file: Option<i64>,
    /// Why a number that was used before was used again.
    pub forced: Option<String>,
    /// State.
    pub state: ResubmissionState,
    /// Since when.
    pub state_at: String,
    /// When it was planned.
    pub made_at: String,
}

pub(crate) const COLUMNS: &str = "id, month, payer, facility, family, sha256, size_bytes, claims, points, way, place, file, \
    forced, state, state_at, made_at";

pub(crate) fn read_row(row: &Row<'_>) -> rusqlite::Result<ResubmissionRow> {
    Ok(ResubmissionRow {
        id: row.get(0)?,
        content: NewResubmission {
            month: row.get(1)?,
            payer: row.get(2)?,
            facility: row.get(3)?,
            family: row.get(4)?,
            sha256: row.get(5)?,
            size_bytes: row.get(6)?,
            claims: row.get(7)?,
            points: row.get(8)?,
            way: row.get(9)?,
            place: row.get(10)?,
        },
        file: row.get(11)?,
        forced: row.get(12)?,
        state: word(row, 13)?,
        state_at: row.get(14)?,
        made_at: row.get(15)?,
    })
}

pub(crate) fn read_claim(row: &Row<'_>) -> rusqlite::Result<PlannedClaim> {
    Ok(PlannedClaim {
        claim: row.get(0)?,
        search_no: row.get(1)?,
        number: row.get(2)?,
        way: row.get(3)?,
        reason: row.get(4)?,
    })
}
