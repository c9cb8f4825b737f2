//! What waits for a person, and the decisions: release, refuse, send again. Each is journalled with its reason.

use rezept_codes::{Code, Decider};
use rezept_journal::{
    FileRow, FileState, Journal, ParcelChange, ParcelFile, ParcelRow, ParcelState, Reason, ReasonOf,
    ReasonRow, Subject, Verdict, Waits,
};
use rezept_rules::Purpose;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
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
    /// End a parcel that nobody has acknowledged.
    Cancel,
}

/// Everything that waits for a person, oldest rows first.
///
/// # Errors
/// When the journal does not answer.
pub fn held(journal: &Journal) -> Result<Vec<Held>, Problem> {
    let mut found = Vec::new();
    for file in journal.files_in(&[FileState::Held])? {
        let what = format!("{}/{}", file.place.root, file.place.path);
        for row in shown_reasons(journal, ReasonOf::File(file.id), file.reason.as_ref())? {
            let (reason, since) = (Reason::new(row.code, row.detail), file.state_at.clone());
            found.push(Held { id: Subject::File(file.id), reason, since, what: what.clone() });
        }
    }
    for direction in [rezept_journal::Direction::Out, rezept_journal::Direction::In] {
        let states = [ParcelState::Held, ParcelState::Quarantined, ParcelState::Expired];
        for parcel in journal.parcels_in(direction, &states)? {
            for reason in parcel_reasons(journal, &parcel)? {
                found.push(Held {
                    id: Subject::Parcel(parcel.row),
                    reason,
                    since: parcel.state_at.clone(),
                    what: parcel.id.clone(),
                });
            }
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

/// The reasons of a content that no decision answers, or the one that its row shows where none are stored.
fn shown_reasons(
    journal: &Journal,
    of: ReasonOf,
    of_row: Option<&Reason>,
) -> Result<Vec<ReasonRow>, Problem> {
    let open: Vec<ReasonRow> = journal.reasons(of)?.into_iter().filter(|reason| !reason.covered).collect();
    // A reason of another door, or of a journal that an older program wrote.
    let other = of_row.filter(|reason| !open.iter().any(|row| row.code == reason.code));
    let other = other.map(|reason| ReasonRow {
        code: reason.code.clone(),
        evidence: String::new(),
        detail: reason.detail.clone(),
        alone: false,
        covered: false,
    });
    Ok(other.into_iter().chain(open).collect())
}

/// Why a parcel waits: every open reason of each file of it that waits, or the parcel's own.
fn parcel_reasons(journal: &Journal, parcel: &ParcelRow) -> Result<Vec<Reason>, Problem> {
    let mut reasons = Vec::new();
    for file in journal.parcel_files(parcel.row)? {
        if parcel.state == ParcelState::Held && file.waits == Waits::ForPerson {
            let open = journal.reasons(ReasonOf::Arrived(parcel.row, file.ordinal))?;
            let open = open.into_iter().filter(|reason| !reason.covered);
            reasons.extend(open.map(|row| Reason::new(row.code, row.detail)));
        }
    }
    if reasons.is_empty() {
        reasons.push(parcel.reason.clone().unwrap_or_else(|| Reason::new("", "")));
    }
    Ok(reasons)
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
            | Subject::Content(_) => Err(Problem::new(Code::UnknownId, id.to_string(), "")),
        }
    }

    /// Decides about a held file. A release covers exactly the reasons that the file showed, as far as the acting person may
    /// decide them; then the gate is asked again.
    fn decide_file(&mut self, id: i64, decision: Decision, why: &str) -> Result<(), Problem> {
        let row = self.journal.file(id)?;
        let label = format!("F{id}");
        if decision == Decision::Cancel && matches!(row.state, FileState::Gated | FileState::Held) {
            return Ok(self.journal.move_file(
                id,
                FileState::Cancelled,
                None,
                &format!("cancelled: {why}"),
            )?);
        }
        if decision == Decision::Cancel {
            return Err(Problem::new(Code::CannotCancel, label, row.state.word()));
        }
        if row.state != FileState::Held {
            return Err(Problem::new(Code::UnknownId, label, row.state.word()));
        }
        let shown = shown_reasons(&self.journal, ReasonOf::File(id), row.reason.as_ref())?;
        let sha256 = row.content.as_ref().map(|content| content.sha256);
        if decision != Decision::Release {
            if let Some(sha256) = sha256 {
                self.journal.decide(ReasonOf::File(id), &sha256, &shown, Verdict::Refuse, why)?;
            }
            return Ok(self.journal.move_file(id, FileState::Cancelled, None, &format!("refused: {why}"))?);
        }
        let carriable = row.content.as_ref().is_some_and(|content| {
            content.official_name.is_some() && content.month.is_some() && content.payer.is_some()
        });
        let Some(sha256) = sha256.filter(|_| carriable) else {
            let reason = row.reason.unwrap_or_else(|| Reason::new("", ""));
            return Err(Problem::new(reason.code, label, reason.detail));
        };
        let sent_by = self.journal.clearance(id)?.submitted_by;
        let allowed = self.allowed(&shown, &label, sent_by.as_deref())?;
        self.journal.decide(ReasonOf::File(id), &sha256, &allowed, Verdict::Release, why)?;
        if allowed.iter().any(|reason| reason.code == Code::GateSameIdentity) {
            self.note_purpose(&row)?;
        }
        if allowed.iter().any(|reason| reason.code == Code::PlainRefused) {
            // The door that asks for it is another one: it reads the decision.
            return Ok(self.journal.move_file(id, FileState::Gated, None, "")?);
        }
        self.judge(id, &mut None)?;
        Ok(())
    }

    /// A person asked to use numbers again that went before, and said why: that answers this one reason of the file.
    pub(crate) fn let_numbers_pass(&mut self, id: i64, why: &str) -> Result<(), Problem> {
        let row = self.journal.file(id)?;
        let Some(sha256) = row.content.as_ref().map(|content| content.sha256) else { return Ok(()) };
        let mut shown = shown_reasons(&self.journal, ReasonOf::File(id), None)?;
        shown.retain(|reason| reason.code == Code::NumberWentBefore);
        self.journal.decide(ReasonOf::File(id), &sha256, &shown, Verdict::Release, why)?;
        self.judge(id, &mut None)?;
        Ok(())
    }

    /// Of the reasons shown, those that the acting person may decide.
    ///
    /// # Errors
    /// Why none of them, by the first; and where one of them can be let pass by nobody.
    fn allowed(
        &self,
        shown: &[ReasonRow],
        label: &str,
        sent_by: Option<&str>,
    ) -> Result<Vec<ReasonRow>, Problem> {
        let (mut allowed, mut refused) = (Vec::new(), None);
        for row in shown {
            let reason = Reason::new(row.code.clone(), row.detail.clone());
            match self.may_release(&reason, label, sent_by) {
                Ok(()) => allowed.push(row.clone()),
                Err(problem)
                    if row.code.known().and_then(Code::decider).is_none_or(|d| d == Decider::Nobody) =>
                {
                    return Err(problem);
                }
                Err(problem) => refused = refused.or(Some(problem)),
            }
        }
        match refused {
            Some(problem) if allowed.is_empty() => Err(problem),
            _ => Ok(allowed),
        }
    }

    /// A person let a second content of the month pass: without any claim in common it is another part of it, else it counts
    /// instead of the last one that went before.
    fn note_purpose(&mut self, row: &FileRow) -> Result<(), Problem> {
        let Some((content, identity)) = row.content.as_ref().and_then(|c| Some((c, c.identity.as_ref()?)))
        else {
            return Ok(());
        };
        let known = self.journal.known_of_identity(identity, &content.sha256, row.id, false)?;
        let Some(last) = known.last() else { return Ok(()) };
        let comparison = self.compare_contents(&last.sha256, &content.sha256)?;
        let purpose = match comparison.map(|comparison| comparison.verdict()) {
            Some(rezept_rules::Verdict::Part) => Purpose::Part,
            _ => Purpose::Correction(last.sha256),
        };
        Ok(self.journal.set_file_purpose(row.id, &purpose.to_string())?)
    }

    /// Decides about the files of a parcel that wait here.
    fn decide_arrived(&mut self, parcel: &ParcelRow, decision: Decision, why: &str) -> Result<bool, Problem> {
        let row = parcel.row;
        let label = format!("P{row}");
        let waiting: Vec<ParcelFile> = self
            .journal
            .parcel_files(row)?
            .into_iter()
            .filter(|file| file.waits == Waits::ForPerson && !file.delivered)
            .collect();
        if waiting.is_empty() {
            return Ok(false);
        }
        let mut decided = Vec::new();
        for file in &waiting {
            let of = ReasonOf::Arrived(row, file.ordinal);
            let shown = shown_reasons(&self.journal, of, parcel.reason.as_ref())?;
            let reasons = match decision {
                Decision::Release => self.allowed(&shown, &label, None)?,
                _ => shown,
            };
            decided.push((of, file, reasons));
        }
        let (verdict, waits) = match decision {
            Decision::Release => (Verdict::Release, Waits::No),
            _ => (Verdict::Refuse, Waits::Refused),
        };
        for (of, file, reasons) in decided {
            self.journal.decide(of, &file.sha256, &reasons, verdict, why)?;
            self.journal.set_waits(row, &[(file.ordinal, waits)])?;
        }
        if waits == Waits::Refused {
            // Claims must not lie about; nothing else of the parcel is in staging any more.
            self.engine().clear_staging(row)?;
        }
        // What may be delivered is; the answer to the sender names what was refused.
        self.journal.release_parcel(row, ParcelState::Valid, why)?;
        Ok(true)
    }

    fn decide_parcel(&mut self, row: i64, decision: Decision, why: &str) -> Result<(), Problem> {
        let parcel = self.journal.parcel(row)?;
        let unknown = || Problem::new(Code::UnknownId, format!("P{row}"), parcel.state.word());
        let out = parcel.direction == rezept_journal::Direction::Out;
        match (decision, parcel.state) {
            (Decision::Again, ParcelState::Committed | ParcelState::Expired) if out => {
                Ok(self.engine().send_again(row, why)?)
            }
            // An attempt that failed half-way: it only goes on, to the medium that is named now.
            (Decision::Again, ParcelState::Spooled | ParcelState::Written | ParcelState::ReadBack) if out => {
                Ok(())
            }
            (Decision::Release | Decision::Refuse, ParcelState::Held)
                if !out && self.decide_arrived(&parcel, decision, why)? =>
            {
                Ok(())
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
                if out {
                    return Ok(self.journal.end_parcel(
                        row,
                        FileState::Cancelled,
                        &format!("refused: {why}"),
                    )?);
                }
                let change = ParcelChange { note: format!("refused: {why}"), ..ParcelChange::default() };
                Ok(self.journal.move_parcel(row, ParcelState::Cancelled, &change)?)
            }
            (
                Decision::Cancel,
                ParcelState::Spooled
                | ParcelState::Written
                | ParcelState::ReadBack
                | ParcelState::Committed
                | ParcelState::Expired
                | ParcelState::Held,
            ) if out => {
                Ok(self.journal.end_parcel(row, FileState::Cancelled, &format!("cancelled: {why}"))?)
            }
            (Decision::Cancel, _) => {
                Err(Problem::new(Code::CannotCancel, format!("P{row}"), parcel.state.word()))
            }
            _ => Err(unknown()),
        }
    }
}
