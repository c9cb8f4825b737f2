//! What waits for a person, and the decisions: release, refuse, send again. Each is journalled with its reason.

use rezept_journal::{FileState, Journal, ParcelChange, ParcelState, Reason, Subject};
use serde::{Deserialize, Serialize};

use crate::people::APPROVAL;
use crate::problem::{self, Problem};
use crate::scanner::{INFECTED, UNSCANNED};
use crate::station::Station;

/// Something that waits for a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// `F12`, `P3`, `A1`.
    pub id: Subject,
    /// Why.
    pub reason: Reason,
    /// Since when (RFC 3339).
    pub since: String,
    /// What it is: a path, a parcel's id, a place.
    pub what: String,
}

/// What a person decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Let it pass.
    Release,
    /// Do not.
    Refuse,
    /// The medium is lost: write the parcel again.
    Again,
}

/// Everything that waits for a person, oldest rows first.
///
/// # Errors
/// When the journal does not answer.
pub fn held(journal: &Journal) -> Result<Vec<Held>, Problem> {
    let mut found = Vec::new();
    for file in journal.files_in(&[FileState::Held])? {
        let what = format!("{}/{}", file.place.root, file.place.path);
        let reason = file.reason.unwrap_or_else(|| Reason::new("", ""));
        found.push(Held { id: Subject::File(file.id), reason, since: file.state_at, what });
    }
    for direction in [rezept_journal::Direction::Out, rezept_journal::Direction::In] {
        let states = [ParcelState::Held, ParcelState::Quarantined, ParcelState::Expired];
        for parcel in journal.parcels_in(direction, &states)? {
            let reason = parcel.reason.unwrap_or_else(|| Reason::new("", ""));
            found.push(Held {
                id: Subject::Parcel(parcel.row),
                reason,
                since: parcel.state_at,
                what: parcel.id,
            });
        }
    }
    for file in journal.waiting_return_files()? {
        let reason = file.reason.unwrap_or_else(|| Reason::new("", ""));
        found.push(Held { id: Subject::ReturnFile(file.id), reason, since: file.state_at, what: file.name });
    }
    for alert in journal.alerts()? {
        found.push(Held {
            id: Subject::Alert(alert.id),
            reason: alert.reason,
            since: alert.at,
            what: alert.place,
        });
    }
    Ok(found)
}

impl Station {
    /// Carries out a decision. What follows from it happens in the next turn.
    ///
    /// # Errors
    /// `UNKNOWN_ID` when nothing under that id waits; the reason's own code when it cannot be let pass.
    pub fn decide(&mut self, id: Subject, decision: Decision, why: &str) -> Result<(), Problem> {
        match id {
            Subject::File(file) => self.decide_file(file, decision, why),
            Subject::Parcel(parcel) => self.decide_parcel(parcel, decision, why),
            Subject::Alert(alert) => Ok(self.journal.settle_alert(alert, why)?),
            // What is released is imported by the next turn, and at once by the command that released it.
            Subject::ReturnFile(file) if decision == Decision::Release => {
                Ok(self.journal.release_return_file(file, why)?)
            }
            Subject::ReturnFile(file) => Ok(self.journal.refuse_return_file(file, why)?),
            Subject::Station
            | Subject::Returned(_)
            | Subject::Resubmission(_)
            | Subject::Operator(_)
            | Subject::Medium(_)
            | Subject::Content(_) => Err(Problem::new(problem::UNKNOWN_ID, id.to_string(), "")),
        }
    }

    fn decide_file(&mut self, id: i64, decision: Decision, why: &str) -> Result<(), Problem> {
        let row = self.journal.file(id)?;
        if row.state != FileState::Held {
            return Err(Problem::new(problem::UNKNOWN_ID, format!("F{id}"), row.state.word()));
        }
        match decision {
            Decision::Release => {
                let carriable = row.content.as_ref().is_some_and(|content| {
                    content.official_name.is_some() && content.month.is_some() && content.payer.is_some()
                });
                let reason = row.reason.unwrap_or_else(|| Reason::new("", ""));
                let never = ["RZ-G101", "RZ-G102", "RZ-G103"].contains(&reason.code.as_str());
                if never || !carriable {
                    return Err(Problem::new(&reason.code, format!("F{id}"), reason.detail));
                }
                self.may_release(&reason)?;
                match reason.code.as_str() {
                    APPROVAL => self.approve(id, why),
                    INFECTED => Ok(self.journal.release_scan(id, why)?),
                    code if UNSCANNED.contains(&code) => Ok(self.journal.release_scan(id, why)?),
                    _ => Ok(self.journal.release_file(id, why)?),
                }
            }
            Decision::Refuse | Decision::Again => {
                Ok(self.journal.move_file(id, FileState::Cancelled, None, &format!("refused: {why}"))?)
            }
        }
    }

    fn decide_parcel(&mut self, row: i64, decision: Decision, why: &str) -> Result<(), Problem> {
        let parcel = self.journal.parcel(row)?;
        let unknown = || Problem::new(problem::UNKNOWN_ID, format!("P{row}"), parcel.state.word());
        let out = parcel.direction == rezept_journal::Direction::Out;
        match (decision, parcel.state) {
            (Decision::Again, ParcelState::Committed | ParcelState::Expired) if out => {
                Ok(self.engine().send_again(row, why)?)
            }
            // An attempt that failed half-way: it only goes on, to the medium that is named now.
            (Decision::Again, ParcelState::Spooled | ParcelState::Written | ParcelState::ReadBack) if out => {
                Ok(())
            }
            (Decision::Release, ParcelState::Held)
                if let Some(Err(refused)) = parcel.reason.as_ref().map(|reason| self.may_release(reason)) =>
            {
                Err(refused)
            }
            (Decision::Release, ParcelState::Held) if out => {
                Ok(self.journal.release_parcel(row, ParcelState::Spooled, why)?)
            }
            (Decision::Release, ParcelState::Held) => {
                let to = match self.journal.parcel_files(row)?.is_empty() {
                    true => ParcelState::Found,
                    false => ParcelState::Valid,
                };
                Ok(self.journal.release_parcel(row, to, why)?)
            }
            (Decision::Refuse, ParcelState::Held | ParcelState::Quarantined) => {
                if !out && parcel.state == ParcelState::Held {
                    self.engine().clear_staging(row)?;
                }
                let change = ParcelChange { note: format!("refused: {why}"), ..ParcelChange::default() };
                self.journal.move_parcel(row, ParcelState::Cancelled, &change)?;
                if out {
                    self.free_sources(row)?;
                }
                Ok(())
            }
            _ => Err(unknown()),
        }
    }

    /// The sources of a parcel that a person ended are not sent by it: they are cancelled with it.
    fn free_sources(&mut self, row: i64) -> Result<(), Problem> {
        for file in self.journal.files_of_parcel(row)? {
            if file.state == FileState::InParcel {
                self.journal.move_file(file.id, FileState::Cancelled, None, "its parcel was refused")?;
            }
        }
        Ok(())
    }
}
