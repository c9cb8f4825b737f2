//! Returned claims at a station: importing return files, the work on their claims, and the files that answer them. The
//! meaning is rezept-returns' business and the state the journal's; here is where bytes and paths meet them.

mod import;
mod merge;
mod resubmit;
mod sent;
mod store;
mod verify;
mod work;

use rezept_codes::Code;
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
            Problem::new(Code::RetNotNow, subject.clone(), format!("{from} -> {to}"))
        }
        other => other.into(),
    }
}

pub(crate) fn of_resubmit(error: &ResubmitError) -> Problem {
    match error {
        ResubmitError::AlreadyUsed { search_no, resubmission } => {
            Problem::new(Code::RetUsedBefore, search_no.clone(), format!("B{resubmission}"))
        }
        ResubmitError::ListedTwice { search_no } => Problem::new(Code::RetUsedBefore, search_no.clone(), ""),
        ResubmitError::Blocked { claim } => Problem::new(Code::RetBlocked, format!("R{claim}"), ""),
        ResubmitError::Superseded { claim, by } => {
            Problem::new(Code::RetSuperseded, format!("R{claim}"), format!("R{by}"))
        }
        ResubmitError::OtherNumber { claim } => Problem::new(Code::RetCannotBuild, format!("R{claim}"), ""),
        ResubmitError::Journal(error) => of_journal(error),
        _ => Problem::new(Code::CannotHappen, "", error.to_string()),
    }
}
