//! Registered media at a station: which stick is at hand, whether it may be written to, and what a person does with it.
//! Nothing here copies; the engine obeys what is decided here.

mod foreign;
mod work;

use rezept_codes::Code;
use std::collections::HashMap;

use rezept_journal::{Direction, MediumRow, MediumState, ParcelRow, ParcelState};
use rezept_transfer::{MediaRules, MediumId, MediumMark, parcels_on, read_medium_mark};

use crate::config::MediumKind;
use crate::problem::Problem;
use crate::send::Outcome;
use crate::station::{Station, key};

pub use work::{MediaAsk, find_medium, today};

/// What was seen of the media at hand.
#[derive(Debug, Default)]
pub(crate) struct MediaSeen {
    /// Which may be written to, and which one is where.
    pub(crate) rules: MediaRules,
    /// Files on media, by place.
    looked: HashMap<String, foreign::Seen>,
}

/// Which medium answers under a root.
enum AtHand {
    /// No id file.
    Unregistered,
    /// An id that this station does not know.
    Foreign(MediumId),
    /// No readable id.
    Damaged(String),
    /// A registered one.
    Known(MediumId, Box<MediumRow>),
}

impl Outcome {
    /// Tells why a parcel that waits could not be written: the medium that it was begun on, or every one at hand, may not be
    /// written to.
    pub(crate) fn note_refusals(
        &mut self,
        parcel: &ParcelRow,
        writable: &[(String, MediumKind)],
        refused: &[Problem],
    ) {
        let begun = parcel.state != ParcelState::Spooled;
        for problem in refused {
            let concerns =
                if begun { parcel.medium.as_ref() == Some(&problem.place) } else { writable.is_empty() };
            if concerns && !self.problems.contains(problem) {
                self.problems.push(problem.clone());
            }
        }
    }
}

impl Station {
    /// Whether a parcel or an acknowledgement may be written to the medium at `root`; with a warning, where there is one.
    /// Before another station was ever paired every medium may be used. The engine obeys what was found, until the next
    /// call.
    ///
    /// # Errors
    /// The code says why not.
    pub fn may_write_to(&mut self, root: &str) -> Result<Option<Problem>, Problem> {
        self.media.rules.forget(root);
        if self.kind_of(root) == MediumKind::Share {
            return Ok(None);
        }
        // A revoked pairing does not open the way for any stick again.
        let enforced = !self.journal.peers()?.is_empty();
        let judged = self.judge_medium(root);
        match judged {
            Err(problem) if enforced => {
                self.media.rules.refuse(root);
                Err(problem)
            }
            Ok(warning) => Ok(warning),
            Err(_) => Ok(None),
        }
    }

    fn judge_medium(&mut self, root: &str) -> Result<Option<Problem>, Problem> {
        let (id, medium) = match self.at_hand(root)? {
            AtHand::Known(id, medium) => (id, medium),
            AtHand::Unregistered => return Err(Problem::new(Code::MediumUnknown, root, "")),
            AtHand::Foreign(id) => return Err(Problem::new(Code::MediumForeign, root, id.to_string())),
            AtHand::Damaged(why) => return Err(Problem::new(Code::MediumIdDamaged, root, why)),
        };
        self.media.rules.expect(root, id, medium.row);
        let named = format!("M{} {}", medium.row, medium.label);
        match medium.state {
            MediumState::Lost => return Err(Problem::new(Code::MediumLost, root, named)),
            MediumState::Retired => return Err(Problem::new(Code::MediumRetired, root, named)),
            MediumState::Here | MediumState::Out => {}
        }
        let serial = self.volumes.get(root)?.facts().serial;
        if let (Some(known), Some(seen)) = (&medium.serial, &serial)
            && known != seen
        {
            return Err(Problem::new(Code::MediumCloned, root, format!("{named}: {known}, {seen}")));
        }
        let due = medium.out_due.clone().unwrap_or_default();
        let overdue = medium.is_overdue(&today(self.world.clock.now()));
        Ok(overdue.then(|| Problem::new(Code::MediumOverdue, root, format!("{named}: {due}"))))
    }

    fn at_hand(&self, root: &str) -> Result<AtHand, Problem> {
        let id = match read_medium_mark(self.volumes.get(root)?)? {
            MediumMark::None => return Ok(AtHand::Unregistered),
            MediumMark::Unreadable(why) => return Ok(AtHand::Damaged(why)),
            MediumMark::Id(id) => id,
        };
        let known = self.journal.medium_by_id(&id.to_string())?;
        Ok(known.map_or(AtHand::Foreign(id), |medium| AtHand::Known(id, Box::new(medium))))
    }

    /// What the configuration calls this root; a path that it does not name counts as removable.
    pub(crate) fn kind_of(&self, root: &str) -> MediumKind {
        let named = self.config.media.iter().find(|medium| key(&medium.path) == root);
        named.map_or(MediumKind::Removable, |medium| medium.kind)
    }

    /// Those media that may be written to, and why the others may not.
    pub(crate) fn writable(
        &mut self,
        media: &[(String, MediumKind)],
    ) -> (Vec<(String, MediumKind)>, Vec<Problem>) {
        let (mut good, mut refused) = (Vec::new(), Vec::new());
        for (root, kind) in media {
            match self.may_write_to(root) {
                Ok(_) => good.push((root.clone(), *kind)),
                Err(problem) => refused.push(problem),
            }
        }
        (good, refused)
    }

    /// After parcels and acknowledgements were looked after: the journal learns what stands on the medium, and a person
    /// why something could not be written.
    pub(crate) fn after_work_on_medium(
        &mut self,
        root: &str,
        writable: Result<Option<Problem>, Problem>,
        outcome: &mut Outcome,
    ) {
        if let Err(problem) = self.note_what_stands(root) {
            outcome.problems.push(problem);
        }
        match writable {
            Ok(warning) => outcome.problems.extend(warning),
            Err(problem) => {
                // An acknowledgement that is owed waits for another medium.
                let owed = self.journal.parcels_in(Direction::In, &[ParcelState::Delivered]);
                if owed.is_ok_and(|owed| !owed.is_empty()) {
                    outcome.problems.push(problem);
                }
            }
        }
    }

    /// Brings the journal up to what a registered medium shows. A medium that does not answer changes nothing, and neither
    /// does another one in its place.
    fn note_what_stands(&mut self, root: &str) -> Result<(), Problem> {
        let Some((id, medium)) = self.media.rules.registered(root) else { return Ok(()) };
        let Ok(volume) = self.volumes.get(root) else { return Ok(()) };
        let Ok(found) = parcels_on(volume) else { return Ok(()) };
        if read_medium_mark(volume).ok() != Some(MediumMark::Id(id)) {
            return Ok(());
        }
        let mut there = Vec::new();
        for (sender, parcel) in found {
            there.extend(self.journal.parcel_by_id(&sender, &parcel)?.map(|parcel| parcel.row));
        }
        Ok(self.journal.parcels_seen_on_medium(medium, &there)?)
    }
}
