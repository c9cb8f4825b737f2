//! The room of the gate: what holds a content now, asked when it is seen, when somebody decided, and at the last door before
//! a parcel is planned. The question itself is `rezept_rules::gate`; here its facts are gathered and its answer is stored.

use rezept_codes::Code;
use rezept_journal::{Content, DecisionRow, FileRow, FileState, Reason, ReasonOf, ReasonRow};
use rezept_rules::{
    Approval, Comparison, Evidence, GateQuestion, GateReason, Known, Purpose, Relation, Side, gate,
};

use crate::leave::Asked;
use crate::problem::Problem;
use crate::register;
use crate::scanner::{Said, ScanError, UNSCANNED};
use crate::station::{Station, key};
use rezept_transfer::volume::RelPath;

/// How a file came out of the gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// Every reason that holds is answered.
    Free,
    /// It waits for a person.
    Waits,
    /// It changed, or cannot be read: the next look sees it anew.
    Later,
}

/// A reason as it is stored, with whether one of the decisions answers it.
pub(crate) fn to_row(reason: &GateReason, alone: bool, decisions: &[DecisionRow]) -> ReasonRow {
    ReasonRow {
        code: reason.code.into(),
        evidence: reason.evidence.to_string(),
        detail: reason.detail.clone(),
        alone,
        covered: decisions.iter().any(|decision| {
            let evidence: Evidence = decision.evidence.parse().unwrap_or_default();
            let code = decision.code.known().filter(|_| decision.released);
            code.is_some_and(|code| reason.is_covered_by(code, &evidence))
        }),
    }
}

/// A stored reason that the content gives by itself. One of a newer program is kept as it stands, and answered by nobody here.
fn of_content(row: &ReasonRow) -> Option<GateReason> {
    let code = row.code.known().filter(|_| row.alone)?;
    Some(GateReason { code, evidence: row.evidence.parse().unwrap_or_default(), detail: row.detail.clone() })
}

/// What a file is for. A word of a newer program counts as the month's own: then it is compared with everything.
pub(crate) fn purpose_of(word: Option<&str>) -> Purpose {
    word.and_then(|word| word.parse().ok()).unwrap_or_default()
}

impl Station {
    /// Stores what a content shows by itself, and asks the gate about it. The file is STABLE or HELD; it becomes GATED or
    /// HELD.
    pub(crate) fn judge_anew(
        &mut self,
        id: i64,
        alone: &[GateReason],
        scanner: &mut Option<Asked<'_>>,
    ) -> Result<Standing, Problem> {
        let rows: Vec<ReasonRow> = alone.iter().map(|reason| to_row(reason, true, &[])).collect();
        self.journal.set_reasons(ReasonOf::File(id), &rows)?;
        self.judge(id, scanner)
    }

    /// Asks the gate about a file whose content is known, stores the answer, and moves the file where it belongs.
    pub(crate) fn judge(&mut self, id: i64, scanner: &mut Option<Asked<'_>>) -> Result<Standing, Problem> {
        let row = self.journal.file(id)?;
        let Some(content) = row.content.clone() else { return Ok(Standing::Later) };
        let scan = match self.scan_reason(&row, scanner)? {
            Ok(reason) => reason,
            Err(standing) => return Ok(standing),
        };
        let reasons = self.reasons_now(&row, &content, scan.as_ref())?;
        self.journal.set_reasons(ReasonOf::File(id), &reasons)?;
        let open = reasons.iter().find(|reason| !reason.covered);
        match (open, row.state) {
            (None, FileState::Gated) if row.kept.is_some() => Ok(Standing::Free),
            (None, _) => self.keep_copy(&row),
            (Some(open), state) => {
                let reason = Reason::new(open.code.clone(), open.detail.clone());
                if state != FileState::Held {
                    self.hold_file(id, &reason)?;
                } else if row.reason.as_ref() != Some(&reason) {
                    self.journal.set_file_reason(id, &reason)?;
                }
                Ok(Standing::Waits)
            }
        }
    }

    /// Takes a copy of a file that passed into the station's own keeping; with that it is accepted.
    ///
    /// # Errors
    /// `CannotKeep` where the local disk does not take it: the file stays what it is and is asked about again.
    fn keep_copy(&mut self, row: &FileRow) -> Result<Standing, Problem> {
        if row.kept.is_none() && !self.volumes.contains(&row.place.root) {
            // One that is not there is found missing below.
            let _ = self.open_volume(std::path::Path::new(&row.place.root));
        }
        let mut later = self.kept_later.take();
        let kept = self.engine().keep(row, later.as_mut());
        self.kept_later = later;
        let spool = key(&self.spool_folder());
        match kept {
            Ok(()) => {
                self.journal.settle(Code::CannotKeep, &spool, "it can be kept")?;
                self.passed_at.insert(row.id, self.journal.checkpoint()?.seq);
                Ok(Standing::Free)
            }
            Err(error) if error.is_lost() => Ok(Standing::Later),
            Err(error) => Err(self.cannot_keep(&error)?),
        }
    }

    /// The local disk does not take what is to be kept: a person hears of it until it does.
    pub(crate) fn cannot_keep(&mut self, error: &rezept_transfer::TransferError) -> Result<Problem, Problem> {
        let mut problem = Problem::from(error);
        if problem.code != Code::Stopped && !matches!(error, rezept_transfer::TransferError::Journal(_)) {
            let spool = key(&self.spool_folder());
            self.journal.raise(&Reason::new(Code::CannotKeep, ""), &spool)?;
            problem.code = Code::CannotKeep.into();
        }
        Ok(problem)
    }

    /// Every reason that holds for a file now, those that are answered included.
    fn reasons_now(
        &self,
        row: &FileRow,
        content: &Content,
        scan: Option<&GateReason>,
    ) -> Result<Vec<ReasonRow>, Problem> {
        let stored = self.journal.reasons(ReasonOf::File(row.id))?;
        let alone: Vec<GateReason> = stored.iter().filter_map(of_content).collect();
        let purpose = purpose_of(self.journal.file_purpose(row.id)?.as_deref());
        let known = self.known_to(row, content, &purpose)?;
        let refused = self.journal.refused_at_receiver(&content.sha256)?;
        let sent_by = self.journal.clearance(row.id)?.submitted_by.unwrap_or_default();
        let approval =
            self.config.policy.approval.then(|| Approval { file: format!("F{}", row.id), sent_by });
        let reasons = gate(&GateQuestion {
            content: &alone,
            purpose: &purpose,
            known: &known,
            refused: &refused,
            scan,
            approval: approval.as_ref(),
            side: Side::Sender,
        });
        let decisions = self.journal.decisions_about(&content.sha256)?;
        Ok(reasons.iter().map(|reason| to_row(reason, alone.contains(reason), &decisions)).collect())
    }

    /// What this station knows of other contents that bears on a file.
    fn known_to(&self, row: &FileRow, content: &Content, purpose: &Purpose) -> Result<Vec<Known>, Problem> {
        let accepted = row.state == FileState::Gated;
        let mut known = Vec::new();
        for one in self.journal.known_same(&content.sha256, row.id)? {
            known.push(Known {
                occurrence: one.label.clone(),
                label: one.label,
                sha256: one.sha256,
                relation: Relation::Same,
            });
        }
        if let Some(identity) = content.identity.as_deref().filter(|_| purpose.is_of_the_month()) {
            for one in self.journal.known_of_identity(identity, &content.sha256, row.id, accepted)? {
                let comparison = self.compare_contents(&one.sha256, &content.sha256)?;
                known.push(Known {
                    occurrence: one.label.clone(),
                    label: one.label,
                    sha256: one.sha256,
                    relation: Relation::Identity(comparison),
                });
            }
        }
        known.extend(self.known_by_claims(content)?);
        Ok(known)
    }

    /// What the scanner says of a file, where it holds it. A file that was scanned is not scanned again; one that could not
    /// be scanned is tried each time.
    fn scan_reason(
        &mut self,
        row: &FileRow,
        scanner: &mut Option<Asked<'_>>,
    ) -> Result<Result<Option<GateReason>, Standing>, Problem> {
        let Some(asked) = scanner.as_mut() else { return Ok(Ok(None)) };
        if self.journal.clearance(row.id)?.scan.is_some() {
            return Ok(Ok(None));
        }
        let stored = self.journal.reasons(ReasonOf::File(row.id))?;
        let found = stored.iter().find(|reason| reason.code == Code::Infected);
        if let Some(found) = found {
            let evidence = found.evidence.parse().unwrap_or_default();
            return Ok(Ok(Some(GateReason { code: Code::Infected, evidence, detail: found.detail.clone() })));
        }
        let Some(content) = &row.content else { return Ok(Err(Standing::Later)) };
        let path = RelPath::new(&row.place.path)
            .ok_or_else(|| Problem::new(Code::CannotOpen, row.place.path.clone(), ""))?;
        if !self.volumes.contains(&row.place.root) {
            self.open_volume(std::path::Path::new(&row.place.root))?;
        }
        match asked.of(self.volumes.get(&row.place.root)?, &path, &content.sha256) {
            Ok(Said::Clean) => self.journal.note_scan(row.id, "clean", "")?,
            Ok(Said::Passed(reason)) => {
                self.journal.note_scan(row.id, "passed", &format!("{} {}", reason.code, reason.detail))?;
            }
            Ok(Said::Hold(reason)) => return Ok(Ok(scan_hold(&reason))),
            Err(ScanError::Changed) => return Ok(Err(Standing::Later)),
            Err(ScanError::Source(error)) => {
                tracing::warn!(%error, "a source cannot be read now");
                return Ok(Err(Standing::Later));
            }
        }
        Ok(Ok(None))
    }

    /// Asks again about every file that waits: what held it may be over (a scanner is back, the other file was refused).
    pub(crate) fn reconsider_held(&mut self) -> Result<(), Problem> {
        let scanner = self.config.scanner.clone();
        let mut asked = scanner.as_ref().map(|scanner| Asked::new(scanner, self.world.clock.now()));
        for row in self.journal.files_in(&[FileState::Held])? {
            if row.content.is_none() || !self.may_be_over(&row)? {
                continue;
            }
            self.judge(row.id, &mut asked)?;
        }
        Ok(())
    }

    /// Whether the gate would find a held file's reason again. Readable parcels on a stick are another door's affair, until
    /// the receiver is paired; what cannot be carried at all stays so.
    fn may_be_over(&mut self, row: &FileRow) -> Result<bool, Problem> {
        let Some(code) = row.reason.as_ref().and_then(|reason| reason.code.known()) else { return Ok(false) };
        if code != Code::PlainRefused {
            let asked =
                code == Code::RefusedByReceiver || self.journal.has_reasons(ReasonOf::File(row.id))?;
            return Ok(code.decider().is_some() && asked);
        }
        let route = self.config.routes.iter().find(|route| Some(&route.name) == row.place.route.as_ref());
        let Some(to) = route.map(|route| route.to.clone()) else { return Ok(false) };
        Ok(self.engine().usual_form(&to)? == rezept_journal::Form::Sealed)
    }

    /// How the claims of two registered contents compare; `None` where one is not registered.
    pub(crate) fn compare_contents(
        &self,
        earlier: &[u8; 32],
        later: &[u8; 32],
    ) -> Result<Option<Comparison>, Problem> {
        Ok(register::compare_contents(&self.journal, earlier, later)?)
    }

    /// Other contents that answer the same returned claims, or hold the same ordinary ones, and go or went.
    fn known_by_claims(&self, content: &Content) -> Result<Vec<Known>, Problem> {
        let goes = |sha256: &[u8; 32]| self.journal.what_goes(sha256);
        let own = (&content.sha256, content.identity.as_deref());
        Ok(register::known_by_claims(&self.journal, own, &goes)?)
    }
}

/// What a scanner's word means to the gate: malware is known by its name, "not scanned" by nothing but its code.
pub(crate) fn scan_hold(reason: &Reason) -> Option<GateReason> {
    let code = reason.code.known()?;
    let words = if UNSCANNED.contains(&code) { None } else { Some(reason.detail.replace(' ', "-")) };
    Some(GateReason { code, evidence: Evidence::of(words), detail: reason.detail.clone() })
}
