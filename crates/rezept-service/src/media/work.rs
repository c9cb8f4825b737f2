//! What a person does with media: register one, take it out, bring it back, report it lost, retire it.

use rezept_codes::Code;
use std::path::{Path, PathBuf};

use rezept_journal::{
    Journal, JournalError, MediumClass, MediumRow, MediumState, NewMedium, TakeOut, Timestamp,
};
use rezept_transfer::{MediumId, write_medium_id};
use serde::{Deserialize, Serialize};

use super::AtHand;
use crate::config::MediumKind;
use crate::people;
use crate::problem::Problem;
use crate::send::Outcome;
use crate::station::Station;

/// What a person asks for. Media are named by `M3`, or by the beginning of their id.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum MediaAsk {
    /// Makes a medium one of this station.
    Register {
        /// Where it is, absolute.
        path: PathBuf,
        /// What people call it.
        label: String,
        /// Who answers for it.
        owner: String,
        /// `genpi`, `hi`, `kokai`.
        class: String,
    },
    /// Somebody takes it out of the house.
    TakeOut {
        /// Which.
        id: String,
        /// `YYYY-MM-DD`.
        due: String,
        /// What for.
        purpose: String,
    },
    /// It is back, or found again.
    Return {
        /// Which.
        id: String,
    },
    /// It is never used again.
    Retire {
        /// Which.
        id: String,
        /// Why.
        reason: String,
    },
    /// Nobody knows where it is.
    Lost {
        /// Which.
        id: String,
        /// How.
        reason: String,
    },
}

/// The day in Japan, `YYYY-MM-DD`: due dates are days of the clinic's calendar.
#[must_use]
pub fn today(now: Timestamp) -> String {
    now.to_zoned(jiff::tz::Offset::constant(9).to_time_zone()).date().to_string()
}

/// The one medium that `name` stands for: `M3`, or the beginning of its id.
///
/// # Errors
/// `Code::NoSuchMedium` when there is none, or more than one.
pub fn find_medium(journal: &Journal, name: &str) -> Result<MediumRow, Problem> {
    let wanted = name.trim().to_ascii_lowercase();
    let number = wanted.strip_prefix('m').and_then(|digits| digits.parse::<i64>().ok());
    let mut found: Vec<MediumRow> = journal
        .media()?
        .into_iter()
        .filter(|medium| match number {
            Some(row) => medium.row == row,
            None => !wanted.is_empty() && medium.id.starts_with(&wanted),
        })
        .collect();
    match (found.pop(), found.is_empty()) {
        (Some(medium), true) => Ok(medium),
        (None, _) => Err(Problem::new(Code::NoSuchMedium, name, "")),
        (Some(last), false) => {
            found.push(last);
            let ids: Vec<&str> = found.iter().map(|medium| medium.id.as_str()).collect();
            Err(Problem::new(Code::NoSuchMedium, name, ids.join(", ")))
        }
    }
}

impl Station {
    /// Does what was asked about media.
    pub(crate) fn answer_media(&mut self, ask: &MediaAsk) -> Outcome {
        let done = match ask {
            MediaAsk::Register { path, label, owner, class } => self.register(path, label, owner, class),
            MediaAsk::TakeOut { id, due, purpose } => self.take_out(id, due, purpose),
            MediaAsk::Return { id } => self.move_to(id, MediumState::Here, ""),
            MediaAsk::Retire { id, reason } => self.move_to(id, MediumState::Retired, reason),
            MediaAsk::Lost { id, reason } => self.lose(id, reason),
        };
        match done {
            Ok(row) => Outcome { media: vec![row], ..Outcome::default() },
            Err(problem) => Outcome::problem(problem),
        }
    }

    fn register(&mut self, path: &Path, label: &str, owner: &str, class: &str) -> Result<i64, Problem> {
        let class: MediumClass =
            class.parse().map_err(|_| Problem::new(Code::CannotHappen, "class", class))?;
        let (root, kind) = self.medium(path)?;
        if kind == MediumKind::Share {
            return Err(Problem::new(Code::ShareNeedsNone, root, ""));
        }
        let id = match self.at_hand(&root)? {
            AtHand::Known(_, medium) => return known_already(&medium, &root, (label, owner, class)),
            AtHand::Damaged(why) => return Err(Problem::new(Code::MediumIdDamaged, root, why)),
            // Registered at the other station: a person says that it is used here as well.
            AtHand::Foreign(id) => id,
            AtHand::Unregistered => self.mark(&root)?,
        };
        self.register_as(&root, id, (label, owner, class))
    }

    /// Makes sure that a medium on which keys were exchanged is registered: putting it in for that was the person's word.
    /// A share needs none.
    ///
    /// # Errors
    /// When it may not be used (lost, retired, damaged id), or cannot be written.
    pub fn register_by_pairing(&mut self, root: &str) -> Result<(), Problem> {
        if self.kind_of(root) == MediumKind::Share {
            return Ok(());
        }
        let id = match self.at_hand(root)? {
            AtHand::Known(_, medium) => {
                let as_before = (medium.label.as_str(), medium.owner.as_str(), medium.class);
                return known_already(&medium, root, as_before).map(|_| ());
            }
            AtHand::Damaged(why) => return Err(Problem::new(Code::MediumIdDamaged, root, why)),
            AtHand::Foreign(id) => id,
            AtHand::Unregistered => self.mark(root)?,
        };
        let facts = self.volumes.get(root)?.facts();
        let label = facts.label.unwrap_or_else(|| format!("{:.8}", id.to_string()));
        let owner = self.config.facility_name.clone();
        self.register_as(root, id, (&label, &owner, MediumClass::Genpi)).map(|_| ())
    }

    /// Writes the id file. Before the journal's row: what is registered stands on the medium, and a medium that a crash
    /// leaves with an id nobody knows is registered by the next attempt.
    fn mark(&mut self, root: &str) -> Result<MediumId, Problem> {
        let id = MediumId::from_random((self.world.random)());
        write_medium_id(self.volumes.get(root)?, id)?;
        Ok(id)
    }

    fn register_as(
        &mut self,
        root: &str,
        id: MediumId,
        (label, owner, class): (&str, &str, MediumClass),
    ) -> Result<i64, Problem> {
        let facts = self.volumes.get(root)?.facts();
        let new = NewMedium {
            id: id.to_string(),
            label: label.to_owned(),
            owner: owner.to_owned(),
            class,
            volume_label: facts.label,
            serial: facts.serial,
        };
        Ok(self.journal.register_medium(&new)?)
    }

    fn take_out(&mut self, name: &str, due: &str, purpose: &str) -> Result<i64, Problem> {
        let by = self.taker()?;
        let medium = find_medium(&self.journal, name)?;
        let day: jiff::civil::Date = due.parse().map_err(|_| Problem::new(Code::BadDueDay, due, ""))?;
        if day.to_string() < today(self.world.clock.now()) {
            return Err(Problem::new(Code::BadDueDay, due, ""));
        }
        let out = TakeOut { by, purpose: purpose.to_owned(), due: day.to_string() };
        self.journal.take_out_medium(medium.row, &out).map_err(|error| of_journal(&error))?;
        Ok(medium.row)
    }

    /// Who takes a medium out. Where persons are known, only those who answer for information may.
    fn taker(&self) -> Result<String, Problem> {
        if self.journal.knows_operators()? {
            people::require(self.operator.as_ref(), people::GUARDIANS)?;
        }
        Ok(self.journal.actor().to_owned())
    }

    fn move_to(&mut self, name: &str, to: MediumState, why: &str) -> Result<i64, Problem> {
        let medium = find_medium(&self.journal, name)?;
        // A request may be answered twice.
        if medium.state != to {
            self.journal.move_medium(medium.row, to, why).map_err(|error| of_journal(&error))?;
        }
        Ok(medium.row)
    }

    fn lose(&mut self, name: &str, why: &str) -> Result<i64, Problem> {
        let medium = find_medium(&self.journal, name)?;
        if medium.state != MediumState::Lost {
            self.journal.lose_medium(medium.row, why).map_err(|error| of_journal(&error))?;
        }
        Ok(medium.row)
    }
}

/// The same registration again is none; another one is an error, and so is a medium that must not be used.
fn known_already(
    medium: &MediumRow,
    root: &str,
    (label, owner, class): (&str, &str, MediumClass),
) -> Result<i64, Problem> {
    let named = format!("M{} {}", medium.row, medium.label);
    match medium.state {
        MediumState::Lost => Err(Problem::new(Code::MediumLost, root, named)),
        MediumState::Retired => Err(Problem::new(Code::MediumRetired, root, named)),
        _ if (medium.label.as_str(), medium.owner.as_str(), medium.class) == (label, owner, class) => {
            Ok(medium.row)
        }
        _ => Err(Problem::new(Code::MediumRegistered, root, named)),
    }
}

/// A move that the journal does not allow is the person's affair, not a bug.
fn of_journal(error: &JournalError) -> Problem {
    match error {
        JournalError::IllegalMove { subject, from, to } => {
            Problem::new(Code::MediumNotNow, subject.clone(), format!("{from} -> {to}"))
        }
        other => other.into(),
    }
}
