//! The work on returned claims: who, by when, remarks, corrections, decisions. Each is a short change of the journal.

use rezept_codes::Code;
use rezept_journal::{FileState, NewEdit, ResubmissionState, ReturnState};
use rezept_returns::edit::{Edit, apply};

use super::of_journal;
use super::store::ReturnStore;
use crate::problem::Problem;
use crate::station::Station;

impl Station {
    pub(super) fn assign(
        &mut self,
        claims: &[i64],
        owner: Option<&str>,
        due: Option<&str>,
    ) -> Result<Vec<i64>, Problem> {
        let failed = |error: rezept_journal::JournalError| of_journal(&error);
        for &claim in claims {
            let row = self.journal.returned_claim(claim).map_err(failed)?;
            if let Some(owner) = owner {
                self.journal.assign_returned(claim, Some(owner).filter(|o| !o.is_empty())).map_err(failed)?;
                if row.state == ReturnState::New && !owner.is_empty() {
                    self.journal.move_returned(claim, ReturnState::InWork, "").map_err(failed)?;
                }
            }
            if let Some(due) = due {
                self.journal.set_returned_due(claim, Some(due).filter(|d| !d.is_empty())).map_err(failed)?;
            }
        }
        Ok(claims.to_vec())
    }

    pub(super) fn note(&mut self, claim: i64, text: &str) -> Result<Vec<i64>, Problem> {
        self.journal.add_return_note(claim, text).map_err(|error| of_journal(&error))?;
        Ok(vec![claim])
    }

    /// Corrections upon what the claim says now, all of them or none.
    pub(super) fn edit(&mut self, claim: i64, edits: &[String], undo: bool) -> Result<Vec<i64>, Problem> {
        let failed = |error: rezept_journal::JournalError| of_journal(&error);
        let bad = |number: usize, detail: String| {
            // Which of the corrections, not what it says: that is a patient's data.
            Problem::new(Code::RetBadEdit, format!("R{claim}"), format!("{}: {detail}", number + 1))
        };
        let mut parsed = Vec::with_capacity(edits.len());
        for (number, edit) in edits.iter().enumerate() {
            parsed.push(edit.parse::<Edit>().map_err(|error| bad(number, error.to_string()))?);
        }
        let row = self.journal.returned_claim(claim).map_err(failed)?;
        let label = format!("R{claim}");
        if !matches!(row.state, ReturnState::New | ReturnState::InWork | ReturnState::Corrected) {
            return Err(Problem::new(Code::RetNotNow, label, row.state.word()));
        }
        let stored = ReturnStore::new(&self.config.data).claim(&self.journal, row)?;
        let undone = undo && stored.row.state == ReturnState::Corrected;
        let now = if undone { stored.request.clone() } else { stored.corrected(&self.journal)? };
        // One after the other, so that it can be told which does not fit.
        let mut request = now;
        let mut changes = Vec::new();
        for (number, edit) in parsed.iter().enumerate() {
            let made = apply(stored.family, &request, std::slice::from_ref(edit))
                .map_err(|error| bad(number, causes(&error)))?;
            request = made.request.0;
            changes.extend(made.changes);
        }
        let new: Vec<NewEdit> = changes
            .into_iter()
            .map(|change| NewEdit {
                what: change.place.to_string(),
                before: change.before.0,
                after: change.after.0,
            })
            .collect();
        if undone {
            self.journal.undo_edits(claim, "").map_err(failed)?;
        }
        if !new.is_empty() {
            self.journal.add_edits(claim, &new).map_err(failed)?;
        }
        Ok(vec![claim])
    }

    pub(super) fn move_claims(
        &mut self,
        claims: &[i64],
        to: &str,
        reason: &str,
    ) -> Result<Vec<i64>, Problem> {
        let to: ReturnState = to.parse().map_err(|_| Problem::new(Code::RetBadWord, to, ""))?;
        for &claim in claims {
            self.journal.move_returned(claim, to, reason).map_err(|error| of_journal(&error))?;
        }
        Ok(claims.to_vec())
    }

    /// Ends a resubmission that did not leave: its claims are open again.
    pub(super) fn cancel(&mut self, resubmission: i64, reason: &str) -> Result<Vec<i64>, Problem> {
        let failed = |error: rezept_journal::JournalError| of_journal(&error);
        let row = self.journal.resubmission(resubmission).map_err(failed)?;
        let label = format!("B{resubmission}");
        if !matches!(
            row.state,
            ResubmissionState::Planned | ResubmissionState::Written | ResubmissionState::Queued
        ) {
            return Err(Problem::new(Code::RetNotNow, label, row.state.word()));
        }
        if let Some(file) = row.file {
            let file = self.journal.file(file).map_err(failed)?;
            match file.state {
                FileState::Gated | FileState::Held | FileState::Stable | FileState::Seen => {
                    if file.state == FileState::Gated {
                        let why = rezept_journal::Reason::new(Code::RetNotNow, label.clone());
                        self.journal.move_file(file.id, FileState::Held, Some(&why), "").map_err(failed)?;
                    }
                    self.journal.move_file(file.id, FileState::Cancelled, None, reason).map_err(failed)?;
                }
                FileState::Cancelled | FileState::Gone => {}
                // It is on a medium: whether it arrives cannot be known here.
                _ => return Err(Problem::new(Code::RetNotNow, label, file.state.word())),
            }
        }
        // A person may have carried it away under another file's name.
        if let Some(way) = self.journal.file_that_goes(&row.content.sha256).map_err(failed)? {
            return Err(Problem::new(Code::RetNotNow, label, way));
        }
        self.journal.cancel_resubmission(resubmission, reason).map_err(failed)?;
        let claims = self.journal.resubmission_claims(resubmission).map_err(failed)?;
        Ok(claims.into_iter().filter_map(|claim| claim.claim).collect())
    }
}

/// An error and its causes, in one line.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        parts.push(cause.to_string());
        next = cause.source();
    }
    parts.join(": ")
}
