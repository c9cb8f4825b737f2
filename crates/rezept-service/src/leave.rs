//! The last door before a parcel: what passed the gate is scanned, and approved by another person where the policy asks for
//! it. What does not pass waits for a person; nothing is dropped.

use rezept_codes::Code;
use rezept_journal::{FileRow, Journal, Reason, Timestamp};
use rezept_transfer::StationName;
use rezept_transfer::volume::RelPath;

use crate::config::{Config, Scanner};
use crate::people::{self, APPROVERS};
use crate::problem::Problem;
use crate::scanner::{Said, ScanError, Verdict};
use crate::send::Outcome;
use crate::station::Station;

/// A file that may go, with its receiver and route.
pub(crate) type Ready = (StationName, Option<String>, FileRow);

/// How a file came out at this door.
enum Door {
    Open,
    Hold(Reason),
    /// It changed, or cannot be read: the next look sees it anew.
    Later,
}

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
    /// Of files that passed the gate, those that may go into a parcel now. The others are held, and the outcome says so.
    pub(crate) fn clear_to_leave(&mut self, ready: Vec<Ready>, outcome: &mut Outcome) -> Vec<Ready> {
        let scanner = self.config.scanner.clone();
        if scanner.is_none() && !self.config.policy.approval {
            return ready;
        }
        let mut asked = scanner.as_ref().map(|scanner| Asked::new(scanner, self.world.clock.now()));
        let mut cleared = Vec::with_capacity(ready.len());
        for entry in ready {
            match self.at_door(&entry.2, asked.as_mut()) {
                Ok(Door::Open) => cleared.push(entry),
                Ok(Door::Hold(reason)) => match self.hold_file(entry.2.id, &reason) {
                    Ok(()) => outcome.held.push(format!("F{}", entry.2.id)),
                    Err(problem) => outcome.problems.push(problem),
                },
                Ok(Door::Later) => {}
                Err(problem) => outcome.problems.push(problem),
            }
        }
        cleared
    }

    /// Scanned first: nobody approves what may be malware.
    fn at_door(&mut self, row: &FileRow, asked: Option<&mut Asked<'_>>) -> Result<Door, Problem> {
        let known = self.journal.clearance(row.id)?;
        if let Some(asked) = asked
            && known.scan.is_none()
        {
            match self.scanned(row, asked)? {
                Door::Open => {}
                other => return Ok(other),
            }
        }
        if self.config.policy.approval && known.approved_by.is_none() {
            let by = known.submitted_by.unwrap_or_default();
            return Ok(Door::Hold(Reason::new(Code::ApprovalNeeded, by)));
        }
        Ok(Door::Open)
    }

    fn scanned(&mut self, row: &FileRow, asked: &mut Asked<'_>) -> Result<Door, Problem> {
        let Some(content) = &row.content else { return Ok(Door::Later) };
        let path = RelPath::new(&row.place.path)
            .ok_or_else(|| Problem::new(Code::CannotOpen, row.place.path.clone(), ""))?;
        if !self.volumes.contains(&row.place.root) {
            self.open_volume(std::path::Path::new(&row.place.root))?;
        }
        let said = asked.of(self.volumes.get(&row.place.root)?, &path, &content.sha256);
        match said {
            Ok(Said::Clean) => self.journal.note_scan(row.id, "clean", "")?,
            Ok(Said::Passed(reason)) => {
                self.journal.note_scan(row.id, "passed", &format!("{} {}", reason.code, reason.detail))?;
            }
            Ok(Said::Hold(reason)) => return Ok(Door::Hold(reason)),
            Err(ScanError::Changed) => return Ok(Door::Later),
            Err(ScanError::Source(error)) => {
                tracing::warn!(%error, "a source cannot be read now");
                return Ok(Door::Later);
            }
        }
        Ok(Door::Open)
    }

    /// Notes who sent a file, where somebody did.
    pub(crate) fn note_submitted(&mut self, file: i64) -> Result<(), Problem> {
        match self.operator.as_ref().map(|operator| operator.name.clone()) {
            Some(name) => Ok(self.journal.submitted_by(file, &name)?),
            None => Ok(()),
        }
    }

    /// Whether the acting person may let pass what is held for this reason.
    ///
    /// # Errors
    /// The code of what is missing.
    pub(crate) fn may_release(&self, reason: &Reason) -> Result<(), Problem> {
        match reason.code.known() {
            Some(Code::Infected) => people::require(self.operator.as_ref(), people::GUARDIANS),
            Some(Code::ApprovalNeeded) if !self.journal.knows_operators()? => {
                Err(Problem::new(Code::NoApprover, "", ""))
            }
            Some(Code::ApprovalNeeded) => people::require(self.operator.as_ref(), APPROVERS),
            _ => Ok(()),
        }
    }

    /// Approves a file that waits for it: never the person who sent it.
    ///
    /// # Errors
    /// `Code::SamePerson`, or the journal's own.
    pub(crate) fn approve(&mut self, file: i64, why: &str) -> Result<(), Problem> {
        let sent_by = self.journal.clearance(file)?.submitted_by;
        let own = self.operator.as_ref().map(|operator| operator.name.as_str());
        if sent_by.is_some() && sent_by.as_deref() == own {
            return Err(Problem::new(Code::SamePerson, format!("F{file}"), sent_by.unwrap_or_default()));
        }
        Ok(self.journal.approve_file(file, why)?)
    }
}
