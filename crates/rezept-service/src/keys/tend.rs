//! The keys of a station at work: loaded with it, made when they are first needed, a new opening key each month, old ones
//! destroyed. The key file leads and the journal follows: each look brings the journal to what the file holds.

use jiff::SignedDuration;
use rezept_codes::Code;
use rezept_journal::{KeyKind, Timestamp};
use rezept_transfer::keys::{PublicKeys, Vault};

use super::{KeyError, KeyFolder, had_keys};
use crate::problem::Problem;
use crate::station::Station;
use crate::turn::EXPIRES_AFTER_DAYS;

/// An opening key is announced anew after so many days.
pub const ROTATE_AFTER_DAYS: i64 = 30;
/// A superseded opening key is kept for so many days: longer than two parcels in a row may be on their way, plus a month for
/// the announcement to get through.
pub const DESTROY_AFTER_DAYS: i64 = 100;

const _: () = assert!(DESTROY_AFTER_DAYS > 2 * EXPIRES_AFTER_DAYS);

impl Station {
    fn key_folder(&self) -> KeyFolder {
        KeyFolder::new(&self.config.data, self.config.key_store, (self.world.machine_id)())
    }

    /// Loads the keys when the station opens. What is wrong with them is kept: an unpaired station works without.
    pub(crate) fn load_keys(&mut self) -> Result<(), Problem> {
        match self.key_folder().load() {
            Ok(Some(vault)) => {
                self.vault = Some(vault);
                self.agree_keys()?;
            }
            Ok(None) if had_keys(&self.journal)? => {
                let place = self.config.data.join(super::FOLDER).join(super::FILE);
                self.keys_fault = Some(Problem::new(Code::KeysLost, place.to_string_lossy(), ""));
            }
            Ok(None) => {}
            Err(error) => self.keys_fault = Some(error.into()),
        }
        Ok(())
    }

    /// The private keys, if there are any that can be used.
    pub(crate) fn vault(&self) -> Option<&Vault> {
        self.vault.as_ref()
    }

    /// What is wrong with the keys of this station, if something is.
    #[must_use]
    pub fn keys_fault(&self) -> Option<&Problem> {
        self.keys_fault.as_ref()
    }

    /// Once a station is paired, nothing goes without its keys: neither readable nor unsigned in their stead.
    ///
    /// # Errors
    /// What is wrong with the keys of a paired station.
    pub(crate) fn keys_ready(&self) -> Result<(), Problem> {
        match &self.keys_fault {
            Some(fault) if self.journal.has_paired_peer()? => Err(fault.clone()),
            _ => Ok(()),
        }
    }

    /// The public halves of the keys in use.
    pub(crate) fn public_keys(&self) -> Result<Option<PublicKeys>, Problem> {
        let Some(vault) = &self.vault else { return Ok(None) };
        let signing = vault.signing().public().map_err(|_| KeyError::Damaged { path: super::FILE.into() })?;
        Ok(Some(PublicKeys { signing, opening: vault.newest_opening().recipient() }))
    }

    /// Makes keys where there are none yet.
    ///
    /// # Errors
    /// When they cannot be stored, or those that were there cannot be used.
    pub fn make_keys(&mut self) -> Result<(), Problem> {
        if let Some(fault) = &self.keys_fault {
            return Err(fault.clone());
        }
        if self.vault.is_none() {
            self.store_new_keys()?;
        }
        Ok(())
    }

    /// Puts the keys aside and makes new ones: every other station must be paired anew.
    pub(crate) fn replace_keys(&mut self) -> Result<(), Problem> {
        self.key_folder().put_aside()?;
        self.vault = None;
        self.keys_fault = None;
        self.store_new_keys()
    }

    fn store_new_keys(&mut self) -> Result<(), Problem> {
        let vault = Vault::generate(self.stamp()?).map_err(|_| KeyError::NoRandomness)?;
        self.keep(vault)
    }

    /// Brings the journal to what the key file holds: a crash may have come between the two.
    fn agree_keys(&mut self) -> Result<(), Problem> {
        let Some(vault) = &self.vault else { return Ok(()) };
        let signing = vault.signing().public().map_err(|_| KeyError::Damaged { path: super::FILE.into() })?;
        let opening: Vec<String> =
            vault.opening().iter().map(|key| key.key.recipient().to_string()).collect();
        self.journal.add_own_key(KeyKind::Signing, &signing.to_string())?;
        for key in &opening {
            self.journal.add_own_key(KeyKind::Opening, key)?;
        }
        for known in self.journal.own_keys()? {
            let held = match known.kind {
                KeyKind::Opening => opening.contains(&known.public),
                KeyKind::Signing => signing.to_string() == known.public,
                // Its private half is on paper.
                KeyKind::Recovery => true,
            };
            if !held && known.destroyed_at.is_none() {
                self.journal.key_destroyed(&known.public)?;
            }
        }
        Ok(())
    }

    /// Announces a new opening key each month, once there is somebody to announce it to, and destroys those that nothing
    /// can still be on its way for.
    ///
    /// # Errors
    /// When the key file or the journal cannot be written.
    pub(crate) fn tend_keys(&mut self) -> Result<(), Problem> {
        self.keys_ready()?;
        let Some(vault) = &self.vault else { return Ok(()) };
        let now = self.world.clock.now();
        let due = vault.opening().last().is_some_and(|key| older_than(&key.made, now, ROTATE_AFTER_DAYS));
        if due && self.journal.has_paired_peer()? {
            self.rotate()?;
        }
        self.destroy_old(now)
    }

    /// Makes a new opening key. The ones before still open what is on its way.
    ///
    /// # Errors
    /// When there are no keys, or they cannot be written.
    pub(crate) fn rotate(&mut self) -> Result<(), Problem> {
        let at = self.stamp()?;
        let Some(vault) = &self.vault else {
            return Err(Problem::new(Code::KeysLost, "", ""));
        };
        let mut next = vault.clone();
        next.rotate(&at);
        self.keep(next)
    }

    fn destroy_old(&mut self, now: Timestamp) -> Result<(), Problem> {
        let Some(vault) = &self.vault else { return Ok(()) };
        let mut next = vault.clone();
        let dropped = next.drop_superseded(|key| {
            key.superseded.as_ref().is_some_and(|since| older_than(since, now, DESTROY_AFTER_DAYS))
        });
        if dropped.is_empty() { Ok(()) } else { self.keep(next) }
    }

    fn keep(&mut self, vault: Vault) -> Result<(), Problem> {
        self.key_folder().save(&vault)?;
        self.vault = Some(vault);
        self.agree_keys()
    }

    fn stamp(&self) -> Result<rezept_transfer::keys::Timestamp, Problem> {
        let now = self.world.clock.now().to_string();
        now.parse().map_err(|_| Problem::new(Code::CannotHappen, "clock", now))
    }
}

fn older_than(stamp: &rezept_transfer::keys::Timestamp, now: Timestamp, days: i64) -> bool {
    stamp
        .as_str()
        .parse::<Timestamp>()
        .is_ok_and(|at| now.duration_since(at) > SignedDuration::from_hours(24 * days))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;
    use crate::station::World;

    fn open(folder: &Path) -> Station {
        let text = "[station]\nname = \"a\"\nrole = \"receipt-computer\"\ndata = \"data\"\n\
                    [facility]\nprefecture = \"13\"\npoint_table = \"1\"\ncode = \"9999015\"\nname = \"x\"\n\
                    [keys]\nstore = \"machine\"\n";
        let config = Config::parse(text, Path::new("rezept.toml"), folder).unwrap();
        let world = World { machine_id: Box::new(|| Some("m".to_owned())), ..World::real() };
        Station::open(config, world, "test").unwrap()
    }

    /// The process ends after the key file was written, before the journal was: after making, renewing, destroying.
    #[test]
    fn what_the_key_file_has_and_the_journal_lacks_is_added_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let station = open(folder.path());
        let stamp = station.stamp().unwrap();
        let mut vault = Vault::generate(stamp.clone()).unwrap();
        station.key_folder().save(&vault).unwrap();
        drop(station);
        let states = |station: &Station| -> Vec<(bool, bool)> {
            let keys = station.journal.own_keys().unwrap();
            let opening = keys.iter().filter(|key| key.kind == KeyKind::Opening);
            opening.map(|key| (key.superseded_at.is_some(), key.destroyed_at.is_some())).collect()
        };
        let station = open(folder.path());
        assert_eq!(states(&station), [(false, false)]);
        vault.rotate(&stamp);
        station.key_folder().save(&vault).unwrap();
        drop(station);
        let station = open(folder.path());
        assert_eq!(states(&station), [(true, false), (false, false)]);
        assert_eq!(vault.drop_superseded(|_| true).len(), 1);
        station.key_folder().save(&vault).unwrap();
        drop(station);
        let station = open(folder.path());
        assert_eq!(states(&station), [(true, true), (false, false)]);
        let entries = station.journal.verify_chain(&[]).unwrap().entries;
        drop(station);
        let station = open(folder.path());
        assert_eq!(
            station.journal.verify_chain(&[]).unwrap().entries,
            entries,
            "and then there is nothing to do"
        );
    }
}
