//! Looking through the watched folders. The listing is the truth; an event is only a reason to look. A file goes from
//! SEEN over STABLE to GATED, or is HELD with a reason; what is none of our business is left alone.

use rezept_codes::Code;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rezept_claim::{Depth, Kind, scan};
use rezept_journal::{FileRow, FileState, Place, Reason};
use rezept_rules::{GateReason, Purpose, RouteKind, is_claim_like};
use rezept_transfer::volume::{FailureKind, RelPath, Volume, VolumeError};

use crate::config::Route;
use crate::examine::{Examined, NotExamined, examine};
use crate::gate::{Standing, purpose_of};
use crate::leave::Asked;
use crate::listing::{Listed, Listing};
use crate::problem::Problem;
use crate::settle::{CUT_OFF_AFTER, Stillness};
use crate::station::{Station, key};

/// So many files are journalled together.
const BATCH_FILES: usize = 64;
/// Unless they are larger than this together.
const BATCH_BYTES: u64 = 64 << 20;
/// So much of a file tells whether it is any of our business.
const SNIFF_BYTES: u64 = 64 << 10;
/// A file larger than this is judged by its beginning first: reading it to its end may take hours.
const SNIFF_FIRST_BYTES: u64 = 16 << 20;

/// What the gate made of a file.
pub(crate) enum Gated {
    /// It may go.
    Passed,
    /// It waits for a person.
    Held,
    /// It is cut off, perhaps only for now.
    CutOff(Reason, Vec<GateReason>),
    /// It changed meanwhile.
    Changed,
}

impl Station {
    /// Looks through every watched folder once. Problems with one folder do not keep the others from being looked at.
    ///
    /// # Errors
    /// When the journal fails.
    pub(crate) fn scan(&mut self) -> Result<Vec<Problem>, Problem> {
        let mut problems = Vec::new();
        for route in self.config.routes.clone() {
            if let Err(error) = self.open_volume(&route.watch) {
                problems.push(self.folder_unavailable(&key(&route.watch), &error)?);
                continue;
            }
            problems.extend(self.scan_route(&route)?);
        }
        Ok(problems)
    }

    fn scan_route(&mut self, route: &Route) -> Result<Vec<Problem>, Problem> {
        let root = key(&route.watch);
        let listing = match Listing::of(self.volumes.get(&root)?) {
            Ok(listing) => listing,
            // An incomplete listing must not make present files look gone.
            Err(error) => return self.folder_unavailable(&root, &error).map(|problem| vec![problem]),
        };
        self.journal.settle(Code::FolderUnavailable, &root, "")?;
        self.tell_of_unseen(&root, &listing)?;
        let mut live = self.journal.live_files(&root)?;
        for part in listing.files.chunks(BATCH_FILES) {
            if self.world.stop.is_set() {
                return Ok(Vec::new());
            }
            self.look_at_part(route, &root, part, &mut live)?;
        }
        for (_, row) in live {
            if matches!(row.state, FileState::Seen | FileState::Stable | FileState::Gated | FileState::Held)
                && !row.is_accepted()
                && row.place.route.as_deref() == Some(route.name.as_str())
                && !listing.hides(&row.place.path)
            {
                self.journal.move_file(row.id, FileState::Gone, None, "no longer in its folder")?;
            }
        }
        let present: std::collections::HashSet<&str> =
            listing.files.iter().map(|file| file.path.as_str()).collect();
        let there = |path: &str| present.contains(path) || listing.hides(path);
        self.settle.retain(|(of, path)| *of != root || there(path));
        self.foreign.retain(|(of, path), _| *of != root || there(path));
        Ok(Vec::new())
    }

    /// A whole watched folder is not there: never "empty". A person sees since when, until it is back.
    fn folder_unavailable(&mut self, root: &str, error: &VolumeError) -> Result<Problem, Problem> {
        if error.kind() == FailureKind::Stopped {
            return Ok(Problem::from(error));
        }
        self.journal.raise(&Reason::new(Code::FolderUnavailable, ""), root)?;
        Ok(Problem { code: Code::FolderUnavailable.into(), ..Problem::from(error) })
    }

    /// Looks at some files; what the journal learns of small ones becomes durable together.
    fn look_at_part(
        &mut self,
        route: &Route,
        root: &str,
        part: &[Listed],
        live: &mut std::collections::HashMap<String, FileRow>,
    ) -> Result<(), Problem> {
        let bytes: u64 = part.iter().map(|file| file.stamp.size_bytes).sum();
        // Reading large files takes long, and a batch keeps other processes from writing.
        let together = part.len() > 1 && bytes <= BATCH_BYTES;
        if together {
            self.journal.begin_batch()?;
            self.kept_later = Some(Vec::new());
        }
        let mut looked = Ok(());
        for file in part {
            let row = live.remove(file.path.as_str());
            looked = self.look_at(route, root, file, row);
            if looked.is_err() {
                break;
            }
        }
        if together {
            // Kept copies are sure to stay before the journal speaks of them.
            let kept = self.kept_later.take().unwrap_or_default();
            if let Err(error) = self.engine().flush_kept(kept) {
                self.journal.undo_batch()?;
                return Err(self.cannot_keep(&error)?);
            }
            self.journal.end_batch()?;
        }
        looked
    }

    fn look_at(
        &mut self,
        route: &Route,
        root: &str,
        file: &Listed,
        row: Option<FileRow>,
    ) -> Result<(), Problem> {
        let place_key = (root.to_owned(), file.path.as_str().to_owned());
        if self.foreign.get(&place_key) == Some(&file.stamp) {
            return Ok(());
        }
        let row = row.filter(|row| row.state != FileState::Cancelled || row.stamp == file.stamp);
        if let Some(row) = &row
            && row.stamp == file.stamp
            && !matches!(row.state, FileState::Seen | FileState::Stable)
        {
            return Ok(());
        }
        let now = self.world.pace.elapsed();
        let still = match self.settle.note(&place_key, file.stamp, now, self.quiet_time(root)) {
            Stillness::Still(time) => Some(time),
            Stillness::Moving => None,
            Stillness::Restless => {
                let at = format!("{root}/{}", file.path);
                self.journal.raise(&Reason::new(Code::NeverSettles, ""), &at)?;
                None
            }
        };
        if row.is_none()
            && still.is_some()
            && !is_claim_like(&file.name)
            && !self.looks_known(root, &file.path)
        {
            self.foreign.insert(place_key.clone(), file.stamp);
            self.settle.forget(&place_key);
            return Ok(());
        }
        let row = self.row_for(route, root, file, row, still.is_some())?;
        let (Some(row), Some(still)) = (row, still) else { return Ok(()) };
        let place = format!("{root}/{}", file.path);
        match self.pass_gate(&row, &file.name, &route.accept)? {
            Gated::CutOff(reason, all) if still >= CUT_OFF_AFTER.max(self.quiet_time(root)) => {
                self.hold_cut_off(row.id, &reason, &all)?;
            }
            Gated::CutOff(..) => return Ok(()),
            Gated::Changed => return Ok(()),
            Gated::Passed | Gated::Held => {}
        }
        self.journal.settle(Code::NeverSettles, &place, "it came to rest")?;
        self.settle.forget(&place_key);
        Ok(())
    }

    /// Whether the beginning of a file is that of a known content. A file that cannot be read is asked again.
    pub(crate) fn looks_known(&self, root: &str, path: &RelPath) -> bool {
        let begin = |volume: &dyn Volume| volume.open(path).map(|file| file.take(SNIFF_BYTES));
        let Ok(Ok(start)) = self.volumes.get(root).map(begin) else { return true };
        scan(start, Depth::Totals, &mut |_| {}).map_or(true, |facts| facts.kind != Kind::Unknown)
    }

    /// The row that speaks for the bytes lying there now; made, restamped or replaced as needed. `None` while nothing is
    /// known of a file whose name says nothing either.
    fn row_for(
        &mut self,
        route: &Route,
        root: &str,
        file: &Listed,
        row: Option<FileRow>,
        still: bool,
    ) -> Result<Option<FileRow>, Problem> {
        let place = Place {
            route: Some(route.name.clone()),
            root: root.to_owned(),
            path: file.path.as_str().to_owned(),
            watched: true,
        };
        let row = match row {
            Some(row) if row.stamp == file.stamp => Some(row),
            // Still being written: the same row goes on.
            Some(row) if matches!(row.state, FileState::Seen) => {
                self.journal.restamp_file(row.id, file.stamp)?;
                Some(self.journal.file(row.id)?)
            }
            Some(row) if row.state == FileState::Kept => {
                if !still {
                    return Ok(None);
                }
                self.kept_anew(&row, file)?
            }
            _ => None,
        };
        match row {
            Some(row) if row.state == FileState::Kept => Ok(None),
            Some(row) => Ok(Some(row)),
            None if still || is_claim_like(&file.name) => {
                let id = self.journal.see_file(&place, file.stamp)?;
                Ok(Some(self.journal.file(id)?))
            }
            None => Ok(None),
        }
    }

    /// A kept source was touched: the same bytes are the same file, others are seen anew.
    fn kept_anew(&mut self, row: &FileRow, file: &Listed) -> Result<Option<FileRow>, Problem> {
        let known = row.content.as_ref().map(|content| content.sha256);
        match examine(self.volumes.get(&row.place.root)?, &file.path, None) {
            Ok(examined) if Some(examined.sha256) == known => {
                self.journal.restamp_file(row.id, file.stamp)?;
                Ok(Some(self.journal.file(row.id)?))
            }
            Ok(_) => Ok(None),
            Err(_) => Ok(Some(row.clone())),
        }
    }

    /// Reads a file and asks the gate. SEEN or STABLE becomes GATED or HELD, except for the cases that say otherwise.
    pub(crate) fn pass_gate(
        &mut self,
        row: &FileRow,
        name: &str,
        accept: &[RouteKind],
    ) -> Result<Gated, Problem> {
        let path = RelPath::new(&row.place.path)
            .ok_or_else(|| Problem::new(Code::CannotOpen, row.place.path.clone(), ""))?;
        if row.stamp.size_bytes > SNIFF_FIRST_BYTES && !self.looks_known(&row.place.root, &path) {
            self.hold_file(row.id, &Reason::new(Code::GateUnknown, ""))?;
            return Ok(Gated::Held);
        }
        let volume = self.volumes.get(&row.place.root)?;
        let mut examined = match examine(volume, &path, Some(&self.print_key.key)) {
            Ok(examined) if examined.stamp == row.stamp => examined,
            Ok(_) | Err(NotExamined::Changed | NotExamined::NotAFile(_)) => return Ok(Gated::Changed),
            // Another program may hold it; the next look tries again.
            Err(NotExamined::Volume(error)) => {
                if !self.world.stop.is_set() {
                    tracing::warn!(%error, "a source cannot be read now");
                }
                return Ok(Gated::Changed);
            }
        };
        let shown = examined.shown(name, &self.config.facility, accept);
        let mut content = examined.content(shown.described.as_ref());
        let purpose = self.purpose_at_sight(row.id, &examined)?;
        if !purpose.is_of_the_month() {
            content.identity = None;
        }
        self.journal.describe_file(row.id, &content)?;
        let whole = !shown.reasons.iter().any(|reason| reason.code == Code::GateIncomplete);
        let to_note = examined.take_note(shown.described.as_ref(), &purpose, self.print_key.id);
        if let Some(to_note) = to_note.filter(|_| whole || row.state != FileState::Seen) {
            self.journal.note_content(&to_note.content, to_note.claims)?;
        }
        if row.state == FileState::Seen {
            // A file that is cut off may only be in the making: nothing is decided yet.
            if let Some(cut) = shown.reasons.iter().find(|reason| reason.code == Code::GateIncomplete) {
                let reason = Reason::new(cut.code, cut.detail.clone());
                return Ok(Gated::CutOff(reason, shown.reasons));
            }
            self.journal.move_file(row.id, FileState::Stable, None, "")?;
        }
        self.judged(row.id, &shown.reasons)
    }

    /// What a file that was just read is for: what was said of it, else a resubmission where it is one that was made here or
    /// where every claim of it answers a return, else the month's own.
    fn purpose_at_sight(&mut self, id: i64, examined: &Examined) -> Result<Purpose, Problem> {
        let said = self.journal.file_purpose(id)?;
        if said.is_some() {
            return Ok(purpose_of(said.as_deref()));
        }
        let all_answer = examined.facts.kind == Kind::Claim && examined.prints.all_answer();
        if !all_answer && self.journal.resubmission_by_sha256(&examined.sha256)?.is_none() {
            return Ok(Purpose::Month);
        }
        self.journal.set_file_purpose(id, &Purpose::Resubmission.to_string())?;
        Ok(Purpose::Resubmission)
    }

    /// Asks the gate about a file that was just read.
    pub(crate) fn judged(&mut self, id: i64, alone: &[GateReason]) -> Result<Gated, Problem> {
        let scanner = self.config.scanner.clone();
        let mut asked = scanner.as_ref().map(|scanner| Asked::new(scanner, self.world.clock.now()));
        Ok(match self.judge_anew(id, alone, &mut asked)? {
            Standing::Free => Gated::Passed,
            Standing::Waits => Gated::Held,
            Standing::Later => Gated::Changed,
        })
    }

    /// Holds a file that stays cut off, with every reason that its content gives.
    pub(crate) fn hold_cut_off(
        &mut self,
        id: i64,
        reason: &Reason,
        all: &[GateReason],
    ) -> Result<(), Problem> {
        self.hold_file(id, reason)?;
        self.judged(id, all)?;
        Ok(())
    }

    pub(crate) fn hold_file(&mut self, id: i64, reason: &Reason) -> Result<(), Problem> {
        Ok(self.journal.move_file(id, FileState::Held, Some(reason), "")?)
    }

    /// How soon a file may come to rest; `None` if none is moving.
    pub(crate) fn next_rest(&self) -> Option<Duration> {
        let quiet = self.config.policy.quiet_time.unwrap_or(crate::config::QUIET_LOCAL);
        self.settle.next_rest(self.world.pace.elapsed(), quiet)
    }
}

/// The last component of a path, for people.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
