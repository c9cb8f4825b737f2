//! The manual workflow: send the named files now, receive from a medium now. One turn of the same engine that the service
//! runs, for these files and this medium only.

use rezept_codes::Code;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use rezept_journal::{FileRow, FileState, Form, ParcelRow, ParcelState, Place, Reason, Subject, Timestamp};
use rezept_rules::RouteKind;
use rezept_transfer::StationName;
use rezept_transfer::volume::{EntryKind, RelPath};
use serde::{Deserialize, Serialize};

use crate::config::{MediumKind, Role};
use crate::decide::Decision;
use crate::examine::stamp_of;
use crate::intake::StationIntake;
use crate::leave::Ready;
use crate::pairing::Pairing;
use crate::problem::Problem;
use crate::returns::{FileImport, Resubmitted};
use crate::scan::{Gated, file_name};
use crate::settle::Stillness;
use crate::station::{Station, key};

/// A named file that does not come to rest is given up after so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How often a named file is looked at while it comes to rest.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What came of a piece of work. It crosses between processes, so it names rows of the journal.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Rows of the parcels that were touched.
    pub parcels: Vec<i64>,
    /// What waits for a person: `F12`, `P3`, `A1`.
    pub held: Vec<String>,
    /// What went wrong.
    pub problems: Vec<Problem>,
    /// Return files that were imported, or wait.
    #[serde(default)]
    pub imports: Vec<FileImport>,
    /// Rows of returned claims that were changed.
    #[serde(default)]
    pub claims: Vec<i64>,
    /// The resubmission file that was made.
    #[serde(default)]
    pub resubmission: Option<Resubmitted>,
    /// Rows of media that were registered or moved.
    #[serde(default)]
    pub media: Vec<i64>,
    /// What a comparison of keys found, or pinned.
    #[serde(default)]
    pub pairing: Option<Pairing>,
    /// Where this station's card was put.
    #[serde(default)]
    pub card: Option<String>,
}

impl Outcome {
    /// An outcome that is one problem.
    #[must_use]
    pub fn problem(problem: Problem) -> Self {
        Self { problems: vec![problem], ..Self::default() }
    }

    /// Adds what another piece of the same work came to.
    pub(crate) fn add(&mut self, other: Self) {
        for row in other.parcels {
            if !self.parcels.contains(&row) {
                self.parcels.push(row);
            }
        }
        other.held.into_iter().for_each(|label| self.note_held(label));
        other.problems.into_iter().for_each(|problem| self.note_problem(problem));
        self.imports.extend(other.imports);
        self.claims.extend(other.claims);
        self.media.extend(other.media);
    }

    pub(crate) fn note_held(&mut self, label: String) {
        if !self.held.contains(&label) {
            self.held.push(label);
        }
    }

    /// Notes what went wrong, once.
    pub(crate) fn note_problem(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    pub(crate) fn note_parcel(&mut self, parcel: &ParcelRow) {
        if !self.parcels.contains(&parcel.row) {
            self.parcels.push(parcel.row);
        }
        let label = format!("P{}", parcel.row);
        if matches!(parcel.state, ParcelState::Held | ParcelState::Quarantined) && !self.held.contains(&label)
        {
            self.held.push(label);
        }
    }
}

/// How long a person's word lets a file stand readable on a removable medium: the working day in which it is carried.
const PLAIN_EXCEPTION: SignedDuration = SignedDuration::from_hours(24);

/// Files that make one parcel.
pub(crate) struct Group {
    pub to: StationName,
    pub route: Option<String>,
    pub form: Form,
    pub rows: Vec<FileRow>,
}

/// A named file and the route it will take.
struct Named {
    row: FileRow,
    name: String,
    to: StationName,
    accept: Vec<RouteKind>,
}

impl Station {
    /// Sends the named files to a medium (or, on a station that does both, into its own inbox) as one parcel for each
    /// receiver. Files that the gate refuses are held, the others go.
    /// With `trial` they are sent for a 確認試験: apart from everything else, and counting for nothing.
    pub fn send(&mut self, files: &[PathBuf], medium: Option<&Path>, trial: bool) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(problem) = self.tend_keys() {
            return Outcome::problem(problem);
        }
        let target = match self.target(medium) {
            Ok(target) => target,
            Err(problem) => return Outcome::problem(problem),
        };
        if let Err(problem) = self.open_all_sources() {
            return Outcome::problem(problem);
        }
        if let Some((root, _)) = &target
            && let Err(error) = self.engine().tend(root)
        {
            outcome.problems.push(error.into());
        }
        if let Some((root, _)) = &target {
            match self.may_write_to(root) {
                Ok(warning) => outcome.problems.extend(warning),
                Err(problem) => {
                    outcome.problems.push(problem);
                    return outcome;
                }
            }
        }
        let mut ready: Vec<Ready> = Vec::new();
        for file in files {
            match self.make_ready(file, trial, &mut outcome) {
                Ok(Some(named)) => ready.push((named.to, named.row.place.route.clone(), named.row)),
                Ok(None) => {}
                Err(problem) => outcome.problems.push(problem),
            }
        }
        let mut named = std::collections::BTreeSet::new();
        ready.retain(|(_, _, row)| named.insert(row.id));
        ready = self.clear_to_leave(ready, &mut outcome);
        match self.by_form(ready, target.as_ref(), &mut outcome) {
            Ok(groups) => {
                for group in groups {
                    match self.engine().plan(&group.to, group.route.as_deref(), &group.rows, group.form) {
                        Ok(parcel) => outcome.parcels.push(parcel.row),
                        Err(error) => outcome.problems.push(error.into()),
                    }
                }
            }
            Err(problem) => outcome.problems.push(problem),
        }
        let tried = outcome.parcels.clone();
        for row in &tried {
            self.carry_named(*row, target.as_ref().map(|(root, _)| root.as_str()), &mut outcome);
        }
        // What else is accepted and waits for this medium goes with it.
        let media: Vec<(String, MediumKind)> = target.into_iter().collect();
        self.finish_turn(&media, &tried, &mut outcome);
        outcome
    }

    fn carry_named(&mut self, row: i64, root: Option<&str>, outcome: &mut Outcome) {
        let carried = match root {
            Some(root) => self.engine().carry(row, root),
            None => self.carry_here(row),
        };
        match carried.or_else(|error| {
            outcome.problems.push(error.into());
            Ok::<_, Problem>(self.journal.parcel(row)?)
        }) {
            Ok(parcel) => outcome.note_parcel(&parcel),
            Err(problem) => outcome.problems.push(problem),
        }
    }

    pub(crate) fn carry_here(&mut self, row: i64) -> rezept_transfer::TransferResult<ParcelRow> {
        let (config, now) = (self.config.clone(), self.world.clock.now());
        self.engine().carry_here(row, &mut StationIntake::new(&config, now))
    }

    /// Writes a parcel that was lost with its medium to another one, under the same id. Where that one may not be written to,
    /// the parcel stays what it was.
    pub(crate) fn carry_again(&mut self, row: i64, why: &str, medium: &Path) -> Outcome {
        let mut outcome = Outcome::default();
        let ready = self.medium_for_again(row, medium).and_then(|ready| {
            if self.journal.is_sealed_for_other_keys(row)? {
                return Ok((ready, self.seal_anew(row, why, &mut outcome)?));
            }
            self.decide(Subject::Parcel(row), Decision::Again, why)?;
            Ok((ready, vec![row]))
        });
        match ready {
            Ok(((root, warning), rows)) => {
                outcome.problems.extend(warning);
                for row in rows {
                    self.carry_named(row, Some(&root), &mut outcome);
                }
            }
            Err(problem) => outcome.problems.push(problem),
        }
        outcome
    }

    /// Ends a parcel that its receiver cannot open any more, since it was paired anew, and plans what it held under a new id.
    /// Interrupted in between, the files are accepted and leave with the next turn.
    ///
    /// # Errors
    /// `CannotCancel` where the parcel arrived.
    fn seal_anew(&mut self, row: i64, why: &str, outcome: &mut Outcome) -> Result<Vec<i64>, Problem> {
        let parcel = self.journal.parcel(row)?;
        if !matches!(
            parcel.state,
            ParcelState::Spooled
                | ParcelState::Written
                | ParcelState::ReadBack
                | ParcelState::Committed
                | ParcelState::Expired
                | ParcelState::Held
        ) {
            return Err(Problem::new(Code::CannotCancel, format!("P{row}"), parcel.state.word()));
        }
        let carried = self.journal.files_of_parcel(row)?;
        self.journal.end_parcel(row, FileState::Gated, &format!("sealed anew: {why}"))?;
        let mut ready: Vec<Ready> = Vec::with_capacity(carried.len());
        for file in carried {
            let file = self.journal.file(file.id)?;
            if file.state == FileState::Gated {
                let to = parcel.peer.parse().map_err(|_| Problem::new(Code::JournalDamaged, "", ""))?;
                ready.push((to, parcel.route.clone(), file));
            }
        }
        let ready = self.clear_to_leave(ready, outcome);
        let mut planned = Vec::new();
        for group in self.by_form(ready, None, outcome)? {
            let new = self.engine().plan(&group.to, group.route.as_deref(), &group.rows, group.form)?;
            self.journal.remark(
                Subject::Parcel(new.row),
                "IN_PLACE_OF",
                &format!("{} ({why})", parcel.id),
            )?;
            planned.push(new.row);
        }
        Ok(planned)
    }

    fn medium_for_again(&mut self, row: i64, medium: &Path) -> Result<(String, Option<Problem>), Problem> {
        let (root, _) = self.medium(medium)?;
        let warning = self.may_write_to(&root)?;
        self.open_sources(row)?;
        Ok((root, warning))
    }

    /// The medium to write to: `None` on a station that delivers to itself.
    fn target(&mut self, medium: Option<&Path>) -> Result<Option<(String, MediumKind)>, Problem> {
        match medium {
            Some(path) => self.medium(path).map(Some),
            None if self.config.role == Role::Single => Ok(None),
            None => {
                let media = self.present_media();
                let first = media.iter().find(|(root, _)| self.may_write_to(root).is_ok());
                // Where none may be written to, the first one says why.
                let chosen = first.or(media.first()).cloned();
                chosen.map(Some).ok_or_else(|| Problem::new(Code::MediumMissing, "", ""))
            }
        }
    }

    /// Opens a medium that a person named. One that the configuration does not name counts as removable.
    pub(crate) fn medium(&mut self, path: &Path) -> Result<(String, MediumKind), Problem> {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let (folder, kind) = self.configured_medium(&absolute).unwrap_or((absolute, MediumKind::Removable));
        let root = self.open_volume(&folder).map_err(|error| Problem::from(&error))?;
        Ok((root, kind))
    }

    /// Takes everything from a medium that is for this station, acknowledgements included; then the turn ends as every one
    /// does: what is accepted and waits for this medium is carried, returns that arrived are imported.
    pub fn receive(&mut self, medium: &Path) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(problem) = self.tend_keys() {
            return Outcome::problem(problem);
        }
        if let Err(problem) = self.open_all_sources() {
            return Outcome::problem(problem);
        }
        match self.medium(medium) {
            Ok((root, kind)) => {
                self.work_on_medium(&root, &mut outcome);
                self.finish_turn(&[(root, kind)], &[], &mut outcome);
            }
            Err(problem) => outcome.problems.push(problem),
        }
        outcome
    }

    /// Looks after own parcels on a medium and takes those for this station.
    pub(crate) fn work_on_medium(&mut self, root: &str, outcome: &mut Outcome) {
        let before: Vec<_> =
            self.journal.alerts().unwrap_or_default().into_iter().map(|alert| alert.id).collect();
        let writable = self.may_write_to(root);
        if let Err(problem) = self.look_for_foreign_files(root) {
            outcome.problems.push(problem);
        }
        match self.engine().tend(root) {
            Ok(changed) => changed.iter().for_each(|parcel| outcome.note_parcel(parcel)),
            Err(error) => outcome.problems.push(error.into()),
        }
        let (config, now) = (self.config.clone(), self.world.clock.now());
        match self.engine().receive(root, &mut StationIntake::new(&config, now)) {
            Ok(received) => {
                for one in received {
                    outcome.note_parcel(&one.parcel);
                    outcome.problems.extend(one.failure.map(Problem::from));
                }
            }
            Err(error) => outcome.problems.push(error.into()),
        }
        self.after_work_on_medium(root, writable, outcome);
        // What is wrong on this medium is told each time, until a person settled it: "nothing new" would mislead.
        for alert in self.journal.alerts().unwrap_or_default() {
            if !before.contains(&alert.id) || Path::new(&alert.place).starts_with(root) {
                outcome.held.push(format!("A{}", alert.id));
            }
        }
    }

    /// Brings one named file to GATED. `None` when it waits for a person or belongs to a parcel already: the outcome says.
    fn make_ready(
        &mut self,
        file: &Path,
        trial: bool,
        outcome: &mut Outcome,
    ) -> Result<Option<Named>, Problem> {
        let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let place = self.place_of(&absolute)?;
        let name = file_name(&absolute);
        let path =
            RelPath::new(&place.path).ok_or_else(|| Problem::new(Code::CannotOpen, key(&absolute), ""))?;
        let stamp = self.wait_until_still(&place, &path)?;
        let known = match trial {
            true => self.journal.trial_at(&place.root, &place.path)?,
            false => self.journal.file_at(&place.root, &place.path)?,
        };
        let existing = known.filter(|row| row.stamp == stamp && row.state != FileState::Cancelled);
        let row = match existing {
            Some(row) => row,
            None => {
                if !self.looks_known(&place.root, &path) && !rezept_rules::is_claim_like(&name) {
                    return Err(Problem::new(Code::NotRecognised, key(&absolute), ""));
                }
                let id = match trial {
                    true => self.journal.see_trial(&place, stamp)?,
                    false => self.journal.see_file(&place, stamp)?,
                };
                self.journal.file(id)?
            }
        };
        self.note_submitted(row.id)?;
        match row.state {
            FileState::InParcel => {
                // Its other files were perhaps named before it.
                let known = row.parcel.filter(|parcel| !outcome.parcels.contains(parcel));
                outcome.parcels.extend(known);
                return Ok(None);
            }
            FileState::Held => {
                outcome.held.push(format!("F{}", row.id));
                return Ok(None);
            }
            FileState::Kept => {
                let label = row.parcel.map_or_else(String::new, |parcel| format!("P{parcel}"));
                return Err(Problem::new(Code::GateSameContent, key(&absolute), label));
            }
            _ => {}
        }
        let (to, accept) = self.route_for(&row, &path)?;
        if matches!(row.state, FileState::Seen | FileState::Stable) {
            match self.pass_gate(&row, &name, &accept)? {
                Gated::Passed => {}
                Gated::CutOff(reason, all) => {
                    self.hold_cut_off(row.id, &reason, &all)?;
                    outcome.held.push(format!("F{}", row.id));
                    return Ok(None);
                }
                Gated::Held => {
                    outcome.held.push(format!("F{}", row.id));
                    return Ok(None);
                }
                Gated::Changed => {
                    return Err(Problem::new(Code::SourceChanged, key(&absolute), ""));
                }
            }
        }
        Ok(Some(Named { row: self.journal.file(row.id)?, name, to, accept }).inspect(|named| {
            tracing::info!(file = named.row.id, name = named.name, kinds = named.accept.len(), "ready");
        }))
    }

    /// Where a named file lies: in a watched folder, or in a folder of its own that is never touched.
    fn place_of(&mut self, absolute: &Path) -> Result<Place, Problem> {
        let parent = absolute.parent().unwrap_or(Path::new("/"));
        let missing = |error: std::io::Error| {
            let code = if error.kind() == std::io::ErrorKind::NotFound {
                Code::NoSuchFile
            } else {
                Code::CannotOpen
            };
            Problem::new(code, key(absolute), error.to_string())
        };
        let real_parent = parent.canonicalize().map_err(missing)?;
        let name = file_name(absolute);
        for route in self.config.routes.clone() {
            let Ok(real_watch) = route.watch.canonicalize() else { continue };
            let Ok(inside) = real_parent.strip_prefix(&real_watch) else { continue };
            let mut parts: Vec<String> =
                inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            parts.push(name);
            let root = self.open_volume(&route.watch).map_err(|error| Problem::from(&error))?;
            return Ok(Place { route: Some(route.name), root, path: parts.join("/"), watched: true });
        }
        let root = self.open_volume(&real_parent).map_err(|error| Problem::from(&error))?;
        Ok(Place { route: None, root, path: name, watched: false })
    }

    /// Waits out the quiet time and returns the stamp of the file at rest.
    fn wait_until_still(&mut self, place: &Place, path: &RelPath) -> Result<rezept_journal::Stamp, Problem> {
        let at = format!("{}/{path}", place.root);
        let quiet = self.quiet_time(&place.root);
        let begin = self.world.pace.elapsed();
        let place_key = (place.root.clone(), place.path.clone());
        loop {
            let meta = self.volumes.get(&place.root)?.stat(path)?;
            let meta = meta.ok_or_else(|| Problem::new(Code::NoSuchFile, at.clone(), ""))?;
            match meta.kind {
                EntryKind::File => {}
                EntryKind::Folder => return Err(Problem::new(Code::NotAFile, at, "")),
                EntryKind::LinkedFile | EntryKind::Other => {
                    return Err(Problem::new(Code::IsALink, at, ""));
                }
            }
            let stamp = stamp_of(&meta);
            let now = self.world.pace.elapsed();
            if let Stillness::Still(_) = self.settle.note(&place_key, stamp, now, quiet) {
                self.settle.forget(&place_key);
                return Ok(stamp);
            }
            if now.saturating_sub(begin) > PATIENCE + quiet {
                return Err(Problem::new(Code::NeverSettles, at, ""));
            }
            if self.world.stop.is_set() {
                return Err(Problem::new(Code::Stopped, at, ""));
            }
            self.world.pace.wait(LOOK_EVERY.min(quiet));
        }
    }

    /// The receiver of a file: that of its route, or of the first route that takes its kind.
    fn route_for(&self, row: &FileRow, path: &RelPath) -> Result<(StationName, Vec<RouteKind>), Problem> {
        if let Some(name) = &row.place.route
            && let Some(route) = self.config.routes.iter().find(|route| route.name == *name)
        {
            return Ok((route.to.clone(), route.accept.clone()));
        }
        let kind = crate::examine::kind_of(self.volumes.get(&row.place.root)?, path);
        let route = match kind {
            Some(kind) => self.config.routes.iter().find(|route| route.accept.contains(&kind)),
            // Nothing known: the gate will say so, by whichever route.
            None => self.config.routes.first(),
        };
        let route = route
            .ok_or_else(|| Problem::new(Code::NoRoute, path.as_str(), kind.map_or("", RouteKind::word)))?;
        Ok((route.to.clone(), route.accept.clone()))
    }

    /// Sorts files by receiver and by how they are to stand on the medium. Those that may not stand readable there, and
    /// cannot be sealed because nobody compared keys with the receiver, are held.
    pub(crate) fn by_form(
        &mut self,
        ready: Vec<Ready>,
        target: Option<&(String, MediumKind)>,
        outcome: &mut Outcome,
    ) -> Result<Vec<Group>, Problem> {
        let mut groups: Vec<Group> = Vec::new();
        for (to, route, row) in ready {
            let excepted = self.plain_excepted(&row);
            let form = match self.engine().usual_form(&to)? {
                Form::Sealed if excepted => Form::Bag,
                usual => usual,
            };
            if let Some((root, kind)) = target
                && form == Form::Bag
                && !excepted
                && !self.plain_allowed(*kind)
            {
                self.hold_file(row.id, &Reason::new(Code::PlainRefused, root))?;
                outcome.held.push(format!("F{}", row.id));
                continue;
            }
            match groups.iter_mut().find(|group| group.to == to && group.form == form) {
                Some(group) => group.rows.push(row),
                None => groups.push(Group { to, route, form, rows: vec![row] }),
            }
        }
        Ok(groups)
    }

    /// Whether a person let this file stand readable on a removable medium, and not too long ago.
    pub(crate) fn plain_excepted(&self, row: &FileRow) -> bool {
        let Some(content) = &row.content else { return false };
        let decisions = self.journal.decisions_about(&content.sha256).unwrap_or_default();
        let own = format!("F{}", row.id);
        decisions.iter().any(|decision| {
            let since = decision.at.parse::<Timestamp>().ok();
            let age = since.map(|since| self.world.clock.now().duration_since(since));
            decision.released
                && decision.code == Code::PlainRefused
                && decision.subject == own
                && age.is_some_and(|age| !age.is_negative() && age <= PLAIN_EXCEPTION)
        })
    }
}
