//! The last door before a parcel, and who may open it: the gate is asked once more about everything that is to leave. What
//! does not pass waits for a person; nothing is dropped.

use rezept_codes::{Code, Decider};
use rezept_journal::{FileRow, FileState, Journal, Reason, Timestamp};
use rezept_transfer::StationName;
use rezept_transfer::volume::RelPath;

use crate::config::{Config, Scanner};
use crate::gate::Standing;
use crate::people::{self, APPROVERS};
use crate::problem::Problem;
use crate::scanner::{Said, ScanError, Verdict};
use crate::send::Outcome;
use crate::station::Station;

/// A file that may go, with its receiver and route.
pub(crate) type Ready = (StationName, Option<String>, FileRow);

/// Whether approval is asked for and nobody is there to give it.
///
/// # Errors
/// When the journal does not answer.
pub fn lacks_approver(config: &Config, journal: &Journal) -> Result<bool, Problem> {
    Ok(config.policy.approval && !journal.operators()?.iter().any(|operator| operator.may(APPROVERS)))
}

/// A scanner, asked once whether it can be asked.
pub(crate) struct Asked<'a> {
    scanner: &'a Scanner,
    now: Timestamp,
    ready: Option<Result<(), (Code, String)>>,
}

impl<'a> Asked<'a> {
    pub(crate) const fn new(scanner: &'a Scanner, now: Timestamp) -> Self {
        Self { scanner, now, ready: None }
    }

    /// What the scanner and the policy say of a content.
    pub(crate) fn of(
        &mut self,
        volume: &dyn rezept_transfer::volume::Volume,
        path: &RelPath,
        sha256: &[u8; 32],
    ) -> Result<Said, ScanError> {
        let (scanner, now) = (self.scanner, self.now);
        let verdict = match self.ready.get_or_insert_with(|| scanner.ready(now).map(|_| ())) {
            Ok(()) => scanner.scan(volume, path, sha256)?,
            Err((code, cause)) => Verdict::Unscanned(*code, cause.clone()),
        };
        Ok(scanner.said(verdict))
    }
}

impl Station {
    /// Of files that passed the gate, those that may go into a parcel now: the gate is asked once more, since other contents
    /// may have come since. The others are held, and the outcome says so.
    pub(crate) fn clear_to_leave(&mut self, ready: Vec<Ready>, outcome: &mut Outcome) -> Vec<Ready> {
        let scanner = self.config.scanner.clone();
        let mut asked = scanner.as_ref().map(|scanner| Asked::new(scanner, self.world.clock.now()));
        let mut cleared = Vec::with_capacity(ready.len());
        for (to, route, row) in ready {
            let standing = match self.passed_just_now(&row) {
                true => Ok(Standing::Free),
                false => self.judge(row.id, &mut asked),
            };
            match standing {
                Ok(Standing::Free) => cleared.push((to, route, row)),
                Ok(Standing::Waits) => outcome.held.push(format!("F{}", row.id)),
                Ok(Standing::Later) => {}
                Err(problem) => outcome.problems.push(problem),
            }
        }
        self.passed_at.clear();
        cleared
    }

    /// Whether the gate let a file pass and nothing was journalled since: it would say the same again. Comparing a month's claims
    /// with all that went before takes a while.
    fn passed_just_now(&self, row: &FileRow) -> bool {
        let Ok(now) = self.journal.checkpoint() else { return false };
        row.state == FileState::Gated && row.kept.is_some() && self.passed_at.get(&row.id) == Some(&now.seq)
    }

    /// Notes who sent a file, where somebody did.
    pub(crate) fn note_submitted(&mut self, file: i64) -> Result<(), Problem> {
        match self.operator.as_ref().map(|operator| operator.name.clone()) {
            Some(name) => Ok(self.journal.submitted_by(file, &name)?),
            None => Ok(()),
        }
    }

    /// Whether the acting person may let pass what is held under this code. `subject` names the file or parcel, `sent_by` who
    /// sent it: approval is never that person's.
    ///
    /// # Errors
    /// The code of what is missing; the code itself where nobody can let it pass, or where a newer program held it.
    pub(crate) fn may_release(
        &self,
        reason: &Reason,
        subject: &str,
        sent_by: Option<&str>,
    ) -> Result<(), Problem> {
        let never = || Problem::new(reason.code.clone(), subject, reason.detail.clone());
        match reason.code.known().and_then(Code::decider) {
            Some(Decider::Anyone) => Ok(()),
            Some(Decider::Guardian) => people::require(self.operator.as_ref(), people::GUARDIANS),
            Some(Decider::Approver) if !self.journal.knows_operators()? => {
                Err(Problem::new(Code::NoApprover, "", ""))
            }
            Some(Decider::Approver) => {
                people::require(self.operator.as_ref(), APPROVERS)?;
                let own = self.operator.as_ref().map(|operator| operator.name.as_str());
                if sent_by.is_some() && sent_by == own {
                    return Err(Problem::new(Code::SamePerson, subject, sent_by.unwrap_or_default()));
                }
                Ok(())
            }
            Some(Decider::Nobody) | None => Err(never()),
        }
    }
}
