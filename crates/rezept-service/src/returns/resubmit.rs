//! Making a resubmission file: built beside its place, checked as a whole, its claims taken in the journal, and only then
//! given its name. What an interruption leaves is finished or taken back by the next turn.

use rezept_codes::Code;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use rezept_claim::text::RawText;
use rezept_claim::{Family, Finding, Month, Payer, Severity};
use rezept_journal::{
    Content, FileState, NewResubmission, PlannedClaim, ResubmissionRow, ResubmissionState, ReturnFilter,
    ReturnState, ReturnedClaimRow, make_data_folder,
};
use rezept_returns::build::{Builder, Facility, Head, Written};
use rezept_returns::check::{KnownReturn, check};
use rezept_returns::merge::{Fate, graft};
use rezept_returns::{ClaimFacts, content_sha256};
use rezept_rules::{Purpose, RouteKind};
use rezept_transfer::Digest;
use rezept_transfer::volume::{FailureKind, NewFile, RelPath, Volume};
use serde::{Deserialize, Serialize};

use super::import::{own_facility, part_name, rel};
use super::merge::{Matched, Matching, match_fresh, open};
use super::store::{ReturnStore, StoredClaim, family_of};
use super::work::causes;
use super::{Resubmit, of_journal, of_resubmit};
use crate::examine::{NotExamined, examine, stamp_of};
use crate::problem::Problem;
use crate::send::Outcome;
use crate::station::{Station, key};

/// Below the data folder: files that wait to be carried away.
const FOLDER: &str = "resubmissions";

/// A resubmission file that was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Resubmitted {
    /// Its row.
    pub resubmission: i64,
    /// Where it stands.
    pub path: PathBuf,
    /// Row of the file that waits to be carried away; `None` when a person carries it.
    pub queued: Option<i64>,
    /// All claims of the file.
    pub claims: u64,
    /// Those that answer returns.
    pub resubmitted: u64,
    /// 総件数.
    pub payers: u64,
    /// 総合計点数.
    pub points: u64,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Open returns of that body that are not in the file.
    pub left: Vec<i64>,
    /// What the review body may ask about: id and line.
    pub findings: Vec<(String, u32)>,
}

/// What is to be written, before anything is.
struct Plan {
    family: Family,
    payer: Payer,
    month: Month,
    rows: Vec<ReturnedClaimRow>,
    left: Vec<i64>,
}

/// What was written under a name of its own.
struct Draft {
    part: RelPath,
    written: Written,
    planned: Vec<PlannedClaim>,
    findings: Vec<(String, u32)>,
}

impl Station {
    /// Makes a resubmission file, and queues it or puts it where it was asked for.
    pub(super) fn resubmit(&mut self, wanted: &Resubmit) -> Outcome {
        match self.make_resubmission(wanted) {
            Ok(done) => {
                let claims = self.journal.resubmission_claims(done.resubmission).unwrap_or_default();
                let claims = claims.into_iter().filter_map(|claim| claim.claim).collect();
                let file = done.queued.and_then(|file| self.journal.file(file).ok());
                let held = file.filter(|file| file.state == FileState::Held);
                let held = held.map(|file| format!("F{}", file.id)).into_iter().collect();
                Outcome { claims, held, resubmission: Some(done), ..Outcome::default() }
            }
            Err(problems) => Outcome { problems, ..Outcome::default() },
        }
    }

    fn make_resubmission(&mut self, wanted: &Resubmit) -> Result<Resubmitted, Vec<Problem>> {
        let one = |problem: Problem| vec![problem];
        self.tidy_resubmissions().map_err(one)?;
        let plan = self.plan(wanted)?;
        if wanted.out.is_none() && self.claim_route().is_none() {
            return Err(one(Problem::new(Code::RetNoClaimRoute, "", "")));
        }
        let matching = match &wanted.corrected {
            Some(path) => Some(self.matched(wanted, &plan, path)?),
            None => {
                self.all_corrected(wanted, &plan)?;
                None
            }
        };
        self.free_numbers(wanted, &plan)?;
        let (root, folder) = self.target_of(wanted, &plan).map_err(one)?;
        let part = self.part(&root, &folder).map_err(one)?;
        let drafted = self.draft(wanted, &plan, matching.as_ref(), &root, &part);
        let done = drafted.and_then(|draft| self.publish(wanted, &plan, &root, &folder, draft).map_err(one));
        if done.is_err()
            && let Ok(volume) = self.volumes.get(&root)
        {
            let _ = volume.remove_file(&part);
        }
        done
    }

    /// The claims that are meant, all of one family.
    fn plan(&self, wanted: &Resubmit) -> Result<Plan, Vec<Problem>> {
        let one = |problem: Problem| vec![problem];
        let word = |word: &str| one(Problem::new(Code::RetBadWord, word, ""));
        let payer = Payer::parse(wanted.payer.as_bytes()).ok_or_else(|| word(&wanted.payer))?;
        let month =
            Month::parse(wanted.month.replace('-', "").as_bytes()).ok_or_else(|| word(&wanted.month))?;
        let open_returns = ReturnFilter {
            states: vec![ReturnState::New, ReturnState::InWork, ReturnState::Corrected],
            open_only: true,
            payer: Some(wanted.payer.clone()),
            ..ReturnFilter::default()
        };
        let all = self.journal.returned_claims(&open_returns).map_err(|error| one(of_journal(&error)))?;
        let rows = if wanted.claims.is_empty() {
            // A fault forbids it: such a claim stays in the worklist.
            all.iter().filter(|row| !row.blocked).cloned().collect()
        } else {
            self.named(wanted)?
        };
        let Some(first) = rows.first() else {
            return Err(one(self.used_or_none(wanted, &wanted.payer)));
        };
        let family = family_of(&first.family).ok_or_else(|| word(&first.family))?;
        let other = |row: &&ReturnedClaimRow| row.family != first.family || row.payer != wanted.payer;
        let mixed: Vec<Problem> = rows
            .iter()
            .filter(other)
            .map(|row| {
                Problem::new(Code::RetMixed, format!("R{}", row.id), format!("{} {}", row.payer, row.family))
            })
            .collect();
        if !mixed.is_empty() {
            return Err(mixed);
        }
        let in_file =
            |row: &&ReturnedClaimRow| !rows.iter().any(|taken: &ReturnedClaimRow| taken.id == row.id);
        let left = all.iter().filter(in_file).map(|row| row.id).collect();
        Ok(Plan { family, payer, month, rows, left })
    }

    fn named(&self, wanted: &Resubmit) -> Result<Vec<ReturnedClaimRow>, Vec<Problem>> {
        let mut rows = Vec::new();
        let mut problems = Vec::new();
        for claim in &wanted.claims {
            match self.journal.returned_claim(*claim) {
                Ok(row) if row.blocked => {
                    problems.push(Problem::new(Code::RetBlocked, format!("R{claim}"), row.faults.clone()));
                }
                Ok(row) => rows.push(row),
                Err(error) => problems.push(of_journal(&error)),
            }
        }
        if problems.is_empty() { Ok(rows) } else { Err(problems) }
    }

    /// Why nothing is open: everything is in a file already, or there is nothing.
    fn used_or_none(&self, wanted: &Resubmit, payer: &str) -> Problem {
        let used = [ResubmissionState::Written, ResubmissionState::Queued, ResubmissionState::Sent];
        let before = self.journal.resubmissions_in(&used).unwrap_or_default();
        let same = |row: &&ResubmissionRow| row.content.payer == payer && row.content.month == wanted.month;
        match before.iter().rev().find(same) {
            Some(row) => Problem::new(Code::RetUsedBefore, row.content.place.clone(), format!("B{}", row.id)),
            None => Problem::new(Code::RetNothingOpen, payer, ""),
        }
    }

    /// The edit way: a claim without corrections goes only where a person said so.
    fn all_corrected(&self, wanted: &Resubmit, plan: &Plan) -> Result<(), Vec<Problem>> {
        if wanted.as_is.is_some() {
            return Ok(());
        }
        let mut problems = Vec::new();
        for row in &plan.rows {
            let edits = self.journal.return_edits(row.id).map_err(|error| vec![of_journal(&error)])?;
            if edits.is_empty() {
                problems.push(Problem::new(
                    Code::RetNotCorrected,
                    format!("R{}", row.id),
                    row.reason_codes.clone(),
                ));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// The merge way: every return that was named must have a certain counterpart; of the others, doubtful ones stop the
    /// work, and those without any stay in the worklist.
    fn matched(&self, wanted: &Resubmit, plan: &Plan, path: &Path) -> Result<Matching, Vec<Problem>> {
        let matching =
            match_fresh(&self.config, &self.journal, &plan.rows, path).map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        for (row, matched) in &matching.returns {
            let label = format!("R{row}");
            match matched {
                Matched::Certain(_) => {}
                Matched::Doubtful(claims) => {
                    let claims: Vec<String> = claims.iter().map(u64::to_string).collect();
                    problems.push(Problem::new(Code::RetNotMatched, label, claims.join(" ")));
                }
                Matched::None | Matched::Newer if !wanted.claims.is_empty() => {
                    problems.push(Problem::new(Code::RetNotMatched, label, ""));
                }
                Matched::None | Matched::Newer => {}
            }
        }
        if matching.answers.is_empty() && problems.is_empty() {
            problems.push(Problem::new(Code::RetNotMatched, key(path), ""));
        }
        if problems.is_empty() { Ok(matching) } else { Err(problems) }
    }

    /// A number that is in another file that counts is told before any work is done.
    fn free_numbers(&self, wanted: &Resubmit, plan: &Plan) -> Result<(), Vec<Problem>> {
        if wanted.force.is_some() {
            return Ok(());
        }
        let mut problems = Vec::new();
        for row in &plan.rows {
            let used = self.journal.resubmission_with(&row.search_no).map_err(|e| vec![of_journal(&e)])?;
            let label = match used {
                Some(other) => Some(format!("B{other}")),
                None => self.number_that_goes(&row.search_no).map_err(|problem| vec![problem])?,
            };
            if let Some(other) = label {
                problems.push(Problem::new(Code::RetUsedBefore, format!("R{}", row.id), other));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// What carries a number that goes or went by any way: the receipt computer's own file, a resubmission, a file that a person
    /// carried.
    fn number_that_goes(&self, search_no: &str) -> Result<Option<String>, Problem> {
        for sighting in self.journal.sightings_of_search_no(search_no)? {
            if let Some(label) = self.journal.what_goes(&sighting.sha256)? {
                return Ok(Some(label));
            }
        }
        Ok(None)
    }

    /// The volume and the folder in it where the file will stand.
    fn target_of(&mut self, wanted: &Resubmit, plan: &Plan) -> Result<(String, RelPath), Problem> {
        match &wanted.out {
            Some(out) => {
                let root = self.open_volume(out)?;
                let taken = rel(plan.family.official_name(None))?;
                if self.volumes.get(&root)?.stat(&taken)?.is_some() {
                    return Err(Problem::new(Code::RetTargetTaken, key(&out.join(taken.as_str())), ""));
                }
                Ok((root, RelPath::ROOT))
            }
            None => {
                let folder = self.config.data.join(FOLDER);
                make_data_folder(&folder)?;
                let root = self.open_volume(&folder)?;
                let id: String =
                    (self.world.random)().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
                let name = format!("{}-{}-{id}", plan.month.compact(), plan.payer.as_str());
                Ok((root, rel(&name)?))
            }
        }
    }

    /// A name to write under. What interrupted runs left beside it goes.
    fn part(&mut self, root: &str, folder: &RelPath) -> Result<RelPath, Problem> {
        let name = part_name((self.world.random)());
        let volume = self.volumes.get(root)?;
        for found in volume.list(&RelPath::ROOT)?.unwrap_or_default() {
            if let Ok(left) = found.name
                && left.starts_with(".rezept-")
                && left.ends_with(".part")
            {
                let _ = volume.remove_file(&rel(&left)?);
            }
        }
        if *folder != RelPath::ROOT {
            volume.make_folder(folder)?;
        }
        folder.join(&name).ok_or_else(|| Problem::new(Code::CannotHappen, name, ""))
    }

    fn draft(
        &mut self,
        wanted: &Resubmit,
        plan: &Plan,
        matching: Option<&Matching>,
        root: &str,
        part: &RelPath,
    ) -> Result<Draft, Vec<Problem>> {
        let one = |problem: Problem| vec![problem];
        let volume = self.volumes.get(root).map_err(|error| one(error.into()))?;
        let target = volume.create_new(part).map_err(|error| one(error.into()))?;
        let mut store = ReturnStore::new(&self.config.data);
        let claims: BTreeMap<i64, ReturnedClaimRow> =
            plan.rows.iter().map(|row| (row.id, row.clone())).collect();
        let mut planned = Vec::new();
        let (target, written) = match (matching, &wanted.corrected) {
            (Some(matching), Some(path)) => {
                self.merge_into(wanted, plan, matching, path, (&claims, &mut store), target, &mut planned)
            }
            _ => self.edit_into(wanted, plan, &mut store, target, &mut planned),
        }
        .map_err(one)?;
        target.close().map_err(|error| {
            one(Problem::new(Code::MediumFailed, key(Path::new(root)), error.to_string()))
        })?;
        volume.flush(&[part.clone(), part.parent()]).map_err(|error| one(error.into()))?;
        let findings = self.checked(wanted, &planned, &claims, &mut store, volume, part)?;
        Ok(Draft { part: part.clone(), written, planned, findings })
    }

    fn facility(&self) -> Result<Facility, Problem> {
        let own = own_facility(&self.config.facility)
            .ok_or_else(|| Problem::new(Code::ConfigBadValue, "facility", ""))?;
        Ok(Facility {
            prefecture: own.prefecture,
            code: own.code,
            name: self.config.facility_name.clone(),
            phone: self.config.phone.clone(),
            notifications: None,
        })
    }

    fn edit_into(
        &self,
        wanted: &Resubmit,
        plan: &Plan,
        store: &mut ReturnStore,
        target: Box<dyn NewFile>,
        planned: &mut Vec<PlannedClaim>,
    ) -> Result<(Box<dyn NewFile>, Written), Problem> {
        let cannot = |what: &str, error: &dyn std::error::Error| {
            Problem::new(Code::RetCannotBuild, what, causes(error))
        };
        let head = Head::new(plan.family, plan.payer, plan.month, &self.facility()?)
            .map_err(|error| cannot("facility", &error))?;
        let mut builder = Builder::new(target, head).map_err(|error| cannot("", &error))?;
        for row in &plan.rows {
            let stored = store.claim(&self.journal, row.clone())?;
            let request = stored.corrected(&self.journal)?;
            let written = builder
                .resubmit(&stored.stored(), &request)
                .map_err(|error| cannot(&format!("R{}", row.id), &error))?;
            let corrected = request != stored.request;
            planned.push(PlannedClaim {
                claim: Some(row.id),
                search_no: row.search_no.clone(),
                number: written.number,
                way: if corrected { "edit" } else { "as-is" }.to_owned(),
                reason: wanted.as_is.clone().filter(|_| !corrected),
            });
        }
        builder.finish().map_err(|error| cannot("", &error))
    }

    #[expect(clippy::too_many_arguments, reason = "what a merge joins")]
    fn merge_into(
        &self,
        wanted: &Resubmit,
        plan: &Plan,
        matching: &Matching,
        path: &Path,
        (claims, store): (&BTreeMap<i64, ReturnedClaimRow>, &mut ReturnStore),
        target: Box<dyn NewFile>,
        planned: &mut Vec<PlannedClaim>,
    ) -> Result<(Box<dyn NewFile>, Written), Problem> {
        let bad =
            |error: &dyn std::error::Error| Problem::new(Code::RetBadCorrected, key(path), causes(error));
        let mut header = RawText::default();
        let found =
            rezept_returns::merge::fresh_claims(open(path)?, &mut |_| {}).map_err(|error| bad(&error))?;
        header.0.extend_from_slice(&found.header.0);
        let head = Head::like(plan.family, plan.payer, plan.month, &header.0).map_err(|error| bad(&error))?;
        let mut builder = Builder::new(target, head).map_err(|error| bad(&error))?;
        let mut decide = |fresh: &rezept_returns::merge::FreshClaim| -> Result<Fate, Problem> {
            let row = matching.answers.get(&fresh.number).and_then(|row| claims.get(row));
            match row {
                Some(row) => {
                    let stored: StoredClaim = store.claim(&self.journal, row.clone())?;
                    Ok(Fate::Answer {
                        search_no: row.search_no.clone(),
                        payer: stored.payer,
                        history: RawText(stored.history),
                    })
                }
                None if wanted.alone => Ok(Fate::LeaveOut),
                None => Ok(Fate::AsItIs),
            }
        };
        graft(open(path)?, &mut builder, &mut decide, &mut |fresh, written| {
            let Some(search_no) = written.search_no else { return };
            planned.push(PlannedClaim {
                claim: matching.answers.get(&fresh.number).copied(),
                search_no,
                number: written.number,
                way: "merge".to_owned(),
                reason: None,
            });
        })
        .map_err(|error| bad(&error))?;
        builder.finish().map_err(|error| bad(&error))
    }

    /// The checks of a resubmission over the finished file: what would be refused stops the work, the rest is told.
    fn checked(
        &self,
        wanted: &Resubmit,
        planned: &[PlannedClaim],
        claims: &BTreeMap<i64, ReturnedClaimRow>,
        store: &mut ReturnStore,
        volume: &dyn Volume,
        part: &RelPath,
    ) -> Result<Vec<(String, u32)>, Vec<Problem>> {
        let one = |problem: Problem| vec![problem];
        let by_number: BTreeMap<&str, i64> =
            planned.iter().filter_map(|claim| Some((claim.search_no.as_str(), claim.claim?))).collect();
        let mut known = |search_no: &str| {
            let row = claims.get(by_number.get(search_no)?)?;
            let stored = store.claim(&self.journal, row.clone()).ok()?;
            Some(KnownReturn {
                payer: stored.payer,
                history_sha256: row.stretch.history_sha256,
                sent: false,
                as_is: wanted.as_is.is_some(),
                content_sha256: Some(content_sha256(stored.family, &stored.request)),
                facts: Some(ClaimFacts::read(stored.family, &stored.request)),
            })
        };
        let mut findings: Vec<Finding> = Vec::new();
        let source = volume.open(part).map_err(|error| one(error.into()))?;
        check(source, &mut known, &mut |finding| findings.push(finding.clone()))
            .map_err(|error| one(Problem::new(Code::RetFailedChecks, "", causes(&error))))?;
        let refused: Vec<Problem> = findings
            .iter()
            .filter(|finding| finding.severity >= Severity::Claim)
            .map(|finding| {
                Problem::new(Code::RetFailedChecks, format!("line {}", finding.position.line), finding.code)
            })
            .collect();
        if !refused.is_empty() {
            return Err(refused);
        }
        Ok(findings.iter().map(|finding| (finding.code.to_owned(), finding.position.line)).collect())
    }

    fn publish(
        &mut self,
        wanted: &Resubmit,
        plan: &Plan,
        root: &str,
        folder: &RelPath,
        draft: Draft,
    ) -> Result<Resubmitted, Problem> {
        let name = plan.family.official_name(None);
        let place = folder.join(name).ok_or_else(|| Problem::new(Code::CannotHappen, name, ""))?;
        let path = Path::new(root).join(place.as_str());
        let written = &draft.written;
        let mut ways: Vec<&str> = draft.planned.iter().map(|claim| claim.way.as_str()).collect();
        ways.sort_unstable();
        ways.dedup();
        let new = NewResubmission {
            month: plan.month.to_string(),
            payer: plan.payer.code().to_owned(),
            facility: self.config.facility.to_string(),
            family: plan.family.as_str().to_owned(),
            sha256: written.sha256,
            size_bytes: written.size_bytes,
            claims: written.claims,
            points: written.points,
            way: ways.join("+"),
            place: key(&path),
        };
        let id = self
            .journal
            .plan_resubmission(&new, &draft.planned, wanted.force.as_deref())
            .map_err(|error| of_resubmit(&error))?;
        let named = (|| -> Result<(), Problem> {
            let volume = self.volumes.get(root)?;
            match volume.rename_new(&draft.part, &place) {
                Err(error) if error.kind() == FailureKind::Exists => {
                    return Err(Problem::new(Code::RetTargetTaken, key(&path), ""));
                }
                renamed => renamed?,
            };
            Ok(volume.flush_folder(folder)?)
        })();
        if let Err(problem) = named {
            // Nothing stands there under its name: the claims are free again.
            self.journal
                .cancel_resubmission(id, problem.code.as_str())
                .map_err(|error| of_journal(&error))?;
            return Err(problem);
        }
        self.register_resubmission(root, &place)?;
        let queued = match wanted.out {
            Some(_) => {
                self.journal.resubmission_written(id).map_err(|error| of_journal(&error))?;
                None
            }
            None => Some(self.queue_now(wanted, id)?),
        };
        let written = draft.written;
        Ok(Resubmitted {
            resubmission: id,
            path,
            queued,
            claims: written.claims,
            resubmitted: written.resubmitted,
            payers: written.payers,
            points: written.points,
            size_bytes: written.size_bytes,
            sha256: Digest(written.sha256).to_string(),
            left: plan.left.clone(),
            findings: draft.findings,
        })
    }

    /// Queues a file that was just made. That numbers are used again by force is the person's word for exactly that.
    fn queue_now(&mut self, wanted: &Resubmit, id: i64) -> Result<i64, Problem> {
        let file = self.queue(&self.journal.resubmission(id)?)?;
        let held = self.journal.file(file)?.state == FileState::Held;
        if let (true, Some(why)) = (held, &wanted.force) {
            self.let_numbers_pass(file, why)?;
        }
        Ok(file)
    }

    /// Notes the claims of a resubmission file in the register, before it can go anywhere.
    fn register_resubmission(&mut self, root: &str, place: &RelPath) -> Result<(), Problem> {
        let at = || Path::new(root).join(place.as_str());
        let key = &self.print_key;
        let mut examined = match examine(self.volumes.get(root)?, place, Some(&key.key)) {
            Ok(examined) => examined,
            Err(NotExamined::Volume(error)) => return Err(error.into()),
            Err(NotExamined::Changed | NotExamined::NotAFile(_)) => {
                return Err(Problem::new(Code::SourceChanged, at().to_string_lossy(), ""));
            }
        };
        let name = at().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let shown = examined.shown(&name, &self.config.facility, &[RouteKind::Claim]);
        let to_note = examined.take_note(shown.described.as_ref(), &Purpose::Resubmission, key.id);
        if let Some(to_note) = to_note {
            self.journal.note_content(&to_note.content, to_note.claims)?;
        }
        Ok(())
    }

    fn claim_route(&self) -> Option<String> {
        let route = self.config.routes.iter().find(|route| route.accept.contains(&RouteKind::Claim))?;
        Some(route.name.clone())
    }

    /// Lets a finished file wait for transfer like any claim file. Its purpose tells it from the month's ordinary file, which
    /// has the same header.
    fn queue(&mut self, row: &ResubmissionRow) -> Result<i64, Problem> {
        let root = key(&self.config.data.join(FOLDER));
        let inside = Path::new(&row.content.place).strip_prefix(&root).map(key).unwrap_or_default();
        let inside = inside.replace('\\', "/");
        let path = rel(&inside)?;
        self.open_volume(Path::new(&root))?;
        let meta = self.volumes.get(&root)?.stat(&path)?;
        let meta = meta.ok_or_else(|| Problem::new(Code::NoSuchFile, row.content.place.clone(), ""))?;
        let route = self.claim_route().ok_or_else(|| Problem::new(Code::RetNoClaimRoute, "", ""))?;
        let stamp = stamp_of(&meta);
        let existing = self.journal.file_at(&root, &inside)?.filter(|file| file.stamp == stamp);
        let id = match existing {
            Some(file) => file.id,
            None => {
                let place = rezept_journal::Place { route: Some(route), root, path: inside, watched: false };
                self.journal.see_file(&place, stamp)?
            }
        };
        self.note_submitted(id)?;
        self.journal.begin_batch()?;
        let moved = self.pass(id, row);
        self.journal.end_batch()?;
        moved?;
        Ok(id)
    }

    fn pass(&mut self, id: i64, row: &ResubmissionRow) -> Result<(), Problem> {
        let content = &row.content;
        if self.journal.file(id)?.state == FileState::Seen {
            self.journal.move_file(id, FileState::Stable, None, "")?;
        }
        let family = family_of(&content.family).unwrap_or(Family::Ika);
        self.journal.describe_file(
            id,
            &Content {
                sha256: content.sha256,
                kind: Some("claim".to_owned()),
                family: Some(content.family.clone()),
                payer: Some(content.payer.clone()),
                month: Some(content.month.clone()),
                volume: Some("00".to_owned()),
                // No identity: it neither is nor replaces the month's ordinary file.
                identity: None,
                official_name: Some(family.official_name(None).to_owned()),
                claims: Some(content.claims),
                payers: None,
                points: Some(content.points),
            },
        )?;
        self.journal.set_file_purpose(id, &Purpose::Resubmission.to_string())?;
        if self.journal.file(id)?.state == FileState::Stable {
            self.judged(id, &[])?;
        }
        self.journal.queue_resubmission(row.id, id).map_err(|error| of_journal(&error))
    }

    /// Finishes or takes back what an interruption left, and notes what arrived.
    pub(crate) fn tidy_resubmissions(&mut self) -> Result<(), Problem> {
        for row in self.journal.resubmissions_in(&[ResubmissionState::Planned])? {
            let place = PathBuf::from(&row.content.place);
            if !stands_there(&place, &row.content.sha256) {
                self.journal.cancel_resubmission(row.id, "interrupted")?;
            } else if place.starts_with(self.config.data.join(FOLDER)) {
                self.queue(&row)?;
            } else {
                self.journal.resubmission_written(row.id)?;
            }
        }
        for row in self.journal.resubmissions_in(&[ResubmissionState::Queued])? {
            let Some(file) = row.file else { continue };
            let file = self.journal.file(file)?;
            if matches!(file.state, FileState::Kept | FileState::Archived) {
                let parcel = file.parcel.map_or_else(String::new, |parcel| format!("P{parcel}"));
                self.journal.resubmission_sent(row.id, &parcel)?;
            } else if file.state == FileState::Cancelled {
                self.journal.cancel_resubmission(row.id, "its file was cancelled")?;
            }
        }
        Ok(())
    }
}

/// Whether exactly these bytes stand there.
fn stands_there(place: &Path, sha256: &[u8; 32]) -> bool {
    let Ok(mut file) = std::fs::File::open(place) else { return false };
    let read = rezept_transfer::read_hashed(&mut file, |from| io::copy(from, &mut io::sink()));
    read.is_ok_and(|(_, digest, _)| digest.0 == *sha256)
}
