//! One turn of the service: watched folders, media, parcels that can go on, what is overdue. Everything is looked at anew
//! each time, so a turn after a crash is a turn like any other.

use rezept_codes::Code;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use rezept_journal::{
    Direction, FileRow, FileState, Form, ParcelChange, ParcelRow, ParcelState, Reason, Timestamp,
};
use rezept_rules::RouteKind;

use crate::config::{MediumKind, Role, Route};
use crate::intake::StationIntake;
use crate::leave::Ready;
use crate::problem::Problem;
use crate::send::{LOOK_EVERY, Outcome, PATIENCE};
use crate::station::{Station, key};

/// A parcel without acknowledgement is shown as expired after so many days: longer than a month's round trip.
pub const EXPIRES_AFTER_DAYS: i64 = 35;
/// How often originals that cannot be put away are tried again.
const RETRY_ORIGINALS: Duration = Duration::from_secs(600);
/// So many files go into one parcel; more make several. Far above a month's files, far below what a parcel can hold.
const PARCEL_FILES: usize = 2_000;

impl Station {
    /// Does whatever can be done now. Called by the service over and over, and harmless when nothing is to be done.
    pub fn turn(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        let before: Vec<i64> =
            self.journal.alerts().unwrap_or_default().into_iter().map(|alert| alert.id).collect();
        match self.scan() {
            Ok(problems) => outcome.problems.extend(problems),
            Err(problem) => outcome.problems.push(problem),
        }
        if let Err(problem) = self.reconsider_held() {
            outcome.problems.push(problem);
        }
        if let Err(problem) = self.open_all_sources() {
            outcome.problems.push(problem);
        }
        // Without its keys a paired station leaves every medium alone.
        let media = match self.tend_keys() {
            Ok(()) => self.present_media(),
            Err(problem) => {
                outcome.problems.push(problem);
                Vec::new()
            }
        };
        for (root, _) in &media {
            self.work_on_medium(root, &mut outcome);
        }
        self.finish_turn(&media, &[], &mut outcome);
        for row in self.journal.files_in(&[FileState::Held]).unwrap_or_default() {
            outcome.note_held(format!("F{}", row.id));
        }
        self.tell_of_folders(&mut outcome);
        for alert in self.journal.alerts().unwrap_or_default() {
            let label = format!("A{}", alert.id);
            if !before.contains(&alert.id) && !outcome.held.contains(&label) {
                outcome.held.push(label);
            }
        }
        if self.world.stop.is_set() {
            // Whatever failed, failed for that: the next turn finds what is truly wrong.
            outcome.problems.clear();
        }
        outcome
    }

    /// Hands over on one medium in both directions, by hand: a whole turn. Files of the watched folders are waited for until
    /// they have come to rest.
    pub fn exchange(&mut self, medium: &Path) -> Outcome {
        let mut outcome = Outcome::default();
        let begin = self.world.pace.elapsed();
        loop {
            match self.scan() {
                Ok(problems) => outcome.problems = problems,
                Err(problem) => return Outcome::problem(problem),
            }
            let Some(rest) = self.next_rest() else { break };
            if self.world.pace.elapsed().saturating_sub(begin) > PATIENCE {
                break;
            }
            self.world.pace.wait(rest.max(LOOK_EVERY));
        }
        if let Err(problem) = self.reconsider_held() {
            outcome.problems.push(problem);
        }
        let received = self.receive(medium);
        outcome.add(received);
        for row in self.journal.files_in(&[FileState::Held]).unwrap_or_default() {
            outcome.note_held(format!("F{}", row.id));
        }
        outcome
    }

    /// What every turn ends with, whoever asked for it: what is accepted leaves, what arrived is put where it belongs, and the
    /// house is tidied. Parcels in `tried` were carried by this turn already.
    ///
    /// The order matters: files are planned before parcels are carried, deliveries are finished before returns are imported
    /// from the inbox, and a resubmission is noted as sent only after its parcel was put away.
    pub(crate) fn finish_turn(
        &mut self,
        media: &[(String, MediumKind)],
        tried: &[i64],
        outcome: &mut Outcome,
    ) {
        if let Err(problem) = self.plan_gated(media, outcome) {
            outcome.note_problem(problem);
        }
        if let Err(problem) = self.carry_all(media, tried, outcome) {
            outcome.note_problem(problem);
        }
        let (config, now) = (self.config.clone(), self.world.clock.now());
        if let Err(error) = self.engine().finish_deliveries(&mut StationIntake::new(&config, now)) {
            outcome.note_problem(error.into());
        }
        if let Err(error) = self.engine().finish_acknowledged() {
            outcome.note_problem(error.into());
        }
        if let Err(problem) = self.retry_originals() {
            outcome.note_problem(problem);
        }
        if let Err(problem) = self.import_arrived(outcome) {
            outcome.note_problem(problem);
        }
        if let Err(problem) = self.tidy_resubmissions() {
            outcome.note_problem(problem);
        }
        if let Err(problem) = self.expire() {
            outcome.note_problem(problem);
        }
        self.warn_of_readable(media, outcome);
        for row in self.journal.files_in(&[FileState::Held]).unwrap_or_default() {
            // Handed over and refused there: nobody here asked about it yet.
            if row.reason.is_some_and(|reason| reason.code == Code::RefusedByReceiver) {
                outcome.note_held(format!("F{}", row.id));
            }
        }
    }

    /// The configured media that are there now, opened anew, in the order of the configuration.
    pub(crate) fn present_media(&mut self) -> Vec<(String, MediumKind)> {
        let mut present = Vec::new();
        for medium in self.config.media.clone() {
            if let Ok(root) = self.open_volume(&medium.path) {
                present.push((root, medium.kind));
            }
        }
        present
    }

    /// Says so where a parcel of this turn stands readable on a medium that can be carried away. Where a person let a file
    /// stand so, that person knows.
    fn warn_of_readable(&self, media: &[(String, MediumKind)], outcome: &mut Outcome) {
        if self.config.policy.plain_on_removable.is_some() || !self.plain_allowed(MediumKind::Removable) {
            return;
        }
        let removable = |root: &String| {
            media.iter().any(|(medium, kind)| medium == root && *kind == MediumKind::Removable)
        };
        let readable =
            outcome.parcels.iter().filter_map(|row| self.journal.parcel(*row).ok()).find(|parcel| {
                parcel.direction == Direction::Out
                    && parcel.form == Form::Bag
                    && parcel.state == ParcelState::Committed
                    && parcel.medium.as_ref().is_some_and(removable)
            });
        if let Some(parcel) = readable {
            let medium = parcel.medium.unwrap_or_default();
            outcome.note_problem(Problem::new(Code::ReadableOnStick, medium, ""));
        }
    }

    /// Tries now and then to put away the originals that could not be: each try reads them whole.
    fn retry_originals(&mut self) -> Result<(), Problem> {
        let now = self.world.pace.elapsed();
        if self.originals_tried.is_some_and(|last| now.saturating_sub(last) < RETRY_ORIGINALS) {
            return Ok(());
        }
        self.originals_tried = Some(now);
        for file in self.journal.originals_that_stay()? {
            if !self.volumes.contains(&file.place.root) {
                let _ = self.open_volume(Path::new(&file.place.root));
            }
        }
        Ok(self.engine().finish_originals()?)
    }

    /// Plans one parcel for each receiver out of everything that the gate let pass.
    fn plan_gated(&mut self, media: &[(String, MediumKind)], outcome: &mut Outcome) -> Result<(), Problem> {
        let mut by_receiver: BTreeMap<String, Vec<Ready>> = BTreeMap::new();
        for row in self.journal.files_in(&[FileState::Gated])? {
            let Some(route) = self.route_of(&row) else { continue };
            let entry = (route.to.clone(), row.place.route.clone(), row);
            by_receiver.entry(entry.0.to_string()).or_default().push(entry);
        }
        // A removable medium stands for all only where every medium is one.
        let all_removable = media.iter().all(|(_, kind)| !self.plain_allowed(*kind));
        let target = media.first().filter(|_| all_removable && self.config.role != Role::Single);
        for (_, ready) in by_receiver {
            let ready = self.clear_to_leave(ready, outcome);
            for group in self.by_form(ready, target, outcome)? {
                for part in group.rows.chunks(PARCEL_FILES) {
                    match self.engine().plan(&group.to, group.route.as_deref(), part, group.form) {
                        Ok(parcel) => {
                            outcome.note_parcel(&parcel);
                            // A file that this station made itself lies in no watched folder.
                            self.open_sources(parcel.row)?;
                        }
                        Err(error) => outcome.problems.push(error.into()),
                    }
                }
            }
        }
        Ok(())
    }

    /// The route by which an accepted file leaves: its own, or for one that a person named outside every watched folder, the
    /// first that takes its kind.
    pub(crate) fn route_of(&self, row: &FileRow) -> Option<&Route> {
        let mut routes = self.config.routes.iter();
        match &row.place.route {
            Some(name) => routes.find(|route| route.name == *name),
            None => {
                let kind: RouteKind = row.content.as_ref()?.kind.as_deref()?.parse().ok()?;
                routes.find(|route| route.accept.contains(&kind))
            }
        }
    }

    /// Carries every parcel of this station that is not yet published. A parcel that was begun stays on its medium; a new
    /// one takes the first medium with room.
    fn carry_all(
        &mut self,
        media: &[(String, MediumKind)],
        tried: &[i64],
        outcome: &mut Outcome,
    ) -> Result<(), Problem> {
        let states = [ParcelState::Spooled, ParcelState::Written, ParcelState::ReadBack];
        let single = self.config.role == Role::Single;
        let mut waiting = self.journal.parcels_in(Direction::Out, &states)?;
        if single {
            waiting.extend(self.journal.parcels_in(Direction::Out, &[ParcelState::Committed])?);
        }
        waiting.retain(|parcel| !tried.contains(&parcel.row));
        let (media, refused) = match single || waiting.is_empty() {
            true => (Vec::new(), Vec::new()),
            false => self.writable(media),
        };
        for parcel in waiting {
            let carried =
                if single { self.carry_here(parcel.row) } else { self.carry_to_any(&parcel, &media) };
            if let Err(error) = carried {
                outcome.note_problem(error.into());
            }
            let now = self.journal.parcel(parcel.row)?;
            if now.state != parcel.state {
                outcome.note_parcel(&now);
            }
            if now.state == parcel.state {
                outcome.note_refusals(&now, &media, &refused);
            }
        }
        Ok(())
    }

    fn carry_to_any(
        &mut self,
        parcel: &ParcelRow,
        media: &[(String, MediumKind)],
    ) -> rezept_transfer::TransferResult<ParcelRow> {
        let begun = parcel.state != ParcelState::Spooled;
        let mut last = Ok(parcel.clone());
        for (root, kind) in media {
            let this_one = parcel.medium.as_ref() == Some(root);
            let readable =
                parcel.form == Form::Bag && !self.plain_allowed(*kind) && !self.released_plain(parcel);
            if (begun && !this_one) || readable {
                continue;
            }
            last = self.engine().carry(parcel.row, root);
            match &last {
                Err(rezept_transfer::TransferError::NoRoom { .. }) => {}
                _ => return last,
            }
        }
        last
    }

    /// Whether a person let every file of a parcel stand readable on a removable medium.
    fn released_plain(&self, parcel: &ParcelRow) -> bool {
        self.journal
            .files_of_parcel(parcel.row)
            .is_ok_and(|files| !files.is_empty() && files.iter().all(|file| self.plain_excepted(file)))
    }

    /// Marks parcels whose acknowledgement is overdue. Nothing is dropped: an acknowledgement that comes later counts.
    fn expire(&mut self) -> Result<(), Problem> {
        let now = self.world.clock.now();
        for parcel in self.journal.parcels_in(Direction::Out, &[ParcelState::Committed])? {
            let committed = parcel.committed_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
            let age = committed.map(|at| now.duration_since(at));
            if age.is_some_and(|age| age >= SignedDuration::from_hours(24 * EXPIRES_AFTER_DAYS)) {
                let reason = Some(Reason::new(Code::NoAcknowledgement, ""));
                let change = ParcelChange { reason, ..ParcelChange::default() };
                self.journal.move_parcel(parcel.row, ParcelState::Expired, &change)?;
            }
        }
        Ok(())
    }

    /// The folders whose events are worth a look: watched folders and media that are there.
    pub(crate) fn places_to_watch(&self) -> Vec<PathBuf> {
        let watched = self.config.routes.iter().map(|route| route.watch.clone());
        watched
            .chain(self.config.media.iter().map(|medium| medium.path.clone()))
            .filter(|path| path.is_dir())
            .collect()
    }

    /// Whether a volume is at hand under a path.
    #[must_use]
    pub fn has_volume(&self, path: &std::path::Path) -> bool {
        self.volumes.contains(&key(path))
    }
}
