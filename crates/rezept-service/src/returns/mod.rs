//! Returned claims at a station: importing return files, the work on their claims, and the files that answer them. The
//! meaning is rezept-returns' business and the state the journal's; here is where bytes and paths meet them.

mod import;
mod merge;
mod resubmit;
mod sent;
mod store;
mod verify;
mod work;

use std::path::PathBuf;

use rezept_journal::{JournalError, ResubmitError};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use crate::send::Outcome;
use crate::station::Station;

pub use import::FileImport;
pub use merge::{Matched, Matching, match_fresh};
pub use resubmit::Resubmitted;
pub use sent::sent_claim;
pub use store::{ReturnStore, StoredClaim};
pub use verify::{Seen, VerifiedFile, verify_file};

/// What a person asks for about returned claims. Rows are named by number.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum ReturnsAsk {
    /// `rezept import-returns`.
    Import {
        /// Absolute paths of files and folders.
        paths: Vec<PathBuf>,
    },
    /// Says who works on claims, and by when.
    Assign {
        /// The claims.
        claims: Vec<i64>,
        /// Who; `None`: as before, empty: nobody.
        owner: Option<String>,
        /// `YYYY-MM-DD`; `None`: as before, empty: no day.
        due: Option<String>,
    },
    /// A remark.
    Note {
        /// The claim.
        claim: i64,
        /// The text.
        text: String,
    },
    /// Corrections to the request data.
    Edit {
        /// The claim.
        claim: i64,
        /// As typed: `HO.symbol=...`.
        edits: Vec<String>,
        /// Take all earlier corrections back first.
        undo: bool,
    },
    /// Another state by a person's decision.
    Move {
        /// The claims.
        claims: Vec<i64>,
        /// The word of the state.
        to: String,
        /// Why.
        reason: String,
    },
    /// `rezept resubmit`.
    Resubmit(Resubmit),
    /// A resubmission does not count: its claims are free again.
    Cancel {
        /// Its row.
        resubmission: i64,
        /// Why.
        reason: String,
    },
}

/// A resubmission file to be made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Resubmit {
    /// `1` or `2`.
    pub payer: String,
    /// Billing month, `YYYY-MM`.
    pub month: String,
    /// The returned claims; empty: every open one of that body.
    pub claims: Vec<i64>,
    /// A receipt computer's file with the corrected claims: the merge way.
    pub corrected: Option<PathBuf>,
    /// Only the returned claims, not the ordinary ones of that file.
    pub alone: bool,
    /// Claims without corrections go as they are, for this reason.
    pub as_is: Option<String>,
    /// Numbers that were used before are used again, for this reason.
    pub force: Option<String>,
    /// Where the file is written; `None`: it is queued for transfer.
    pub out: Option<PathBuf>,
}

/// A claim that cannot be shown or sent because its bytes in the store are not those that came.
pub const STORE_DAMAGED: &str = "RZ-R201";
/// Another content of the same key was imported before.
pub const OTHER_CONTENT: &str = "RZ-R202";
/// A person decided that this content does not count.
pub const REFUSED_BEFORE: &str = "RZ-R203";
/// The archive cannot be looked into.
pub const BAD_ARCHIVE: &str = "RZ-R204";
/// No open return of that body.
pub const NOTHING_OPEN: &str = "RZ-R205";
/// Claims without corrections.
pub const NOT_CORRECTED: &str = "RZ-R206";
/// A fault forbids to send the claim again.
pub const BLOCKED: &str = "RZ-R207";
/// The number was used before.
pub const USED_BEFORE: &str = "RZ-R208";
/// The claims belong to files of different families or bodies.
pub const MIXED: &str = "RZ-R209";
/// The file that was made does not pass the checks.
pub const FAILED_CHECKS: &str = "RZ-R210";
/// A file of that name stands there.
pub const TARGET_TAKEN: &str = "RZ-R211";
/// A correction cannot be made.
pub const BAD_EDIT: &str = "RZ-R212";
/// The state does not allow it.
pub const NOT_NOW: &str = "RZ-R213";
/// The corrected file cannot be used.
pub const BAD_CORRECTED: &str = "RZ-R214";
/// Some returns have no certain counterpart in the corrected file.
pub const NOT_MATCHED: &str = "RZ-R215";
/// This station has no route for claim files.
pub const NO_CLAIM_ROUTE: &str = "RZ-R216";
/// The file cannot be built from these claims.
pub const CANNOT_BUILD: &str = "RZ-R217";
/// A later return of the claim counts.
pub const SUPERSEDED: &str = "RZ-R218";
/// A word of the request is none that is known.
pub const BAD_WORD: &str = "RZ-R219";

impl Station {
    /// Does what was asked about returned claims.
    pub(crate) fn returns(&mut self, ask: &ReturnsAsk) -> Outcome {
        let done = match ask {
            ReturnsAsk::Import { paths } => return self.import_returns(paths),
            ReturnsAsk::Resubmit(wanted) => return self.resubmit(wanted),
            ReturnsAsk::Assign { claims, owner, due } => {
                self.assign(claims, owner.as_deref(), due.as_deref())
            }
            ReturnsAsk::Note { claim, text } => self.note(*claim, text),
            ReturnsAsk::Edit { claim, edits, undo } => self.edit(*claim, edits, *undo),
            ReturnsAsk::Move { claims, to, reason } => self.move_claims(claims, to, reason),
            ReturnsAsk::Cancel { resubmission, reason } => self.cancel(*resubmission, reason),
        };
        match done {
            Ok(claims) => Outcome { claims, ..Outcome::default() },
            Err(problem) => Outcome::problem(problem),
        }
    }
}

/// A move that the journal does not allow is the person's affair, not a bug.
pub(crate) fn of_journal(error: &JournalError) -> Problem {
    match error {
        JournalError::IllegalMove { subject, from, to } => {
            Problem::new(NOT_NOW, subject.clone(), format!("{from} -> {to}"))
        }
        other => other.into(),
    }
}

pub(crate) fn of_resubmit(error: &ResubmitError) -> Problem {
    match error {
        ResubmitError::AlreadyUsed { search_no, resubmission } => {
            Problem::new(USED_BEFORE, search_no.clone(), format!("B{resubmission}"))
        }
        ResubmitError::ListedTwice { search_no } => Problem::new(USED_BEFORE, search_no.clone(), ""),
        ResubmitError::Blocked { claim } => Problem::new(BLOCKED, format!("R{claim}"), ""),
        ResubmitError::Superseded { claim, by } => {
            Problem::new(SUPERSEDED, format!("R{claim}"), format!("R{by}"))
        }
        ResubmitError::OtherNumber { claim } => Problem::new(CANNOT_BUILD, format!("R{claim}"), ""),
        ResubmitError::Journal(error) => of_journal(error),
        _ => Problem::new("RZ-X902", "", error.to_string()),
    }
}
