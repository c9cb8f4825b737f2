//! Pairing: cards go to the other station on a medium, a person compares the short code on both screens, and only then are
//! the keys of the other station pinned. Nothing is ever trusted because it came first.

use rezept_codes::Code;
use std::path::{Path, PathBuf};

use rezept_journal::{JournalError, KeyKind, PeerKeys, PeerState, Subject};
use rezept_transfer::keys::{Card, CardError, PublicKeys, Recipient, ShortCode, TextError};
use rezept_transfer::{Digest, FoundCard, cards_on, put_card};
use serde::{Deserialize, Serialize};

use crate::people::{self, GUARDIANS};
use crate::problem::Problem;
use crate::send::Outcome;
use crate::station::Station;

/// What is asked about keys and other stations.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum PairAsk {
    /// Put this station's card on a medium.
    Export {
        /// Absolute path of the medium.
        medium: PathBuf,
        /// Make new keys first, and why.
        new_keys: Option<String>,
    },
    /// Compute the code of this station and the one whose card is there. Pins nothing.
    Compare {
        /// Absolute path of the medium.
        medium: PathBuf,
        /// Whose card, where there are several.
        peer: Option<String>,
    },
    /// Pin the keys of the card, if the code is the one that a person read from the other screen.
    Accept {
        /// Absolute path of the medium.
        medium: PathBuf,
        /// Whose card, where there are several.
        peer: Option<String>,
        /// The code, as it was typed.
        code: String,
        /// Why, where the person said so.
        why: Option<String>,
    },
    /// Take the trust back.
    Revoke {
        /// The other station.
        name: String,
        /// Why.
        why: String,
    },
    /// Make a new opening key now.
    Rotate,
    /// A recovery key was made and stands on paper.
    RecoveryMade {
        /// Its public half.
        recipient: String,
    },
}

/// How the keys of a card relate to those known of the station.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// It was never paired.
    New,
    /// It is paired with these very keys.
    Same,
    /// It is paired, and shows other keys now.
    Changed,
    /// Its trust was taken back.
    Revoked,
}

/// What a comparison found, or pinned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pairing {
    /// The other station.
    pub peer: String,
    /// The code that both screens must show.
    pub code: String,
    /// Fingerprint of its signing key.
    pub key: String,
    /// What was known of it before.
    pub known: Known,
    /// Whether its keys are pinned now.
    pub pinned: bool,
    /// Whether its recovery key became this station's too.
    pub took_recovery: bool,
}

/// A short name for a public key, for people: the beginning of its SHA-256.
#[must_use]
pub fn fingerprint(key: &str) -> String {
    let hex = Digest::of(key.as_bytes()).to_string();
    let groups: Vec<&str> = (0..4).filter_map(|group| hex.get(group * 4..group * 4 + 4)).collect();
    groups.join("-")
}

impl Station {
    /// Does what is asked about keys and other stations.
    pub(crate) fn pair(&mut self, ask: &PairAsk) -> Outcome {
        let done = match ask {
            PairAsk::Export { medium, new_keys } => self.export_card(medium, new_keys.as_deref()),
            PairAsk::Compare { medium, peer } => self.compare(medium, peer.as_deref()),
            PairAsk::Accept { medium, peer, code, why } => {
                self.accept(medium, peer.as_deref(), code, why.as_deref())
            }
            PairAsk::Revoke { name, why } => self.revoke(name, why),
            PairAsk::Rotate => self.rotate_now(),
            PairAsk::RecoveryMade { recipient } => self.note_recovery(recipient),
        };
        done.unwrap_or_else(Outcome::problem)
    }

    /// Whom to trust is decided by those who answer for the data, once people are known here.
    fn guardians_only(&self) -> Result<(), Problem> {
        if self.journal.knows_operators()? {
            people::require(self.operator.as_ref(), GUARDIANS)?;
        }
        Ok(())
    }

    fn export_card(&mut self, medium: &Path, new_keys: Option<&str>) -> Result<Outcome, Problem> {
        self.guardians_only()?;
        let (root, _) = self.medium(medium)?;
        if let Some(why) = new_keys {
            self.journal.remark(Subject::Station, "NEW_KEYS", why)?;
            self.replace_keys()?;
        }
        let own = self.own_keys()?;
        self.register_by_pairing(&root)?;
        let name = self.config.name.clone();
        let card = Card { station: name.clone(), keys: own, recovery: self.recovery()? };
        let vault = self.vault().ok_or_else(|| cannot_happen("no keys"))?;
        let volume = self.volumes.get(&root)?;
        // No two signatures of one text are the same: a card that says the same already stays.
        let stands = cards_on(volume)?
            .into_iter()
            .find(|found| found.station == name && Card::parse(&found.bytes).is_ok_and(|old| old == card));
        let bytes = match stands {
            Some(found) => found.bytes,
            None => card.to_bytes(vault.signing()).map_err(|error| cannot_happen(&error.to_string()))?,
        };
        let place = put_card(volume, &name, &card.file_name(&bytes), &bytes)?;
        Ok(Outcome { card: Some(place), ..Outcome::default() })
    }

    /// The public keys of this station, made when there are none yet.
    fn own_keys(&mut self) -> Result<PublicKeys, Problem> {
        self.make_keys()?;
        self.public_keys()?.ok_or_else(|| cannot_happen("no keys"))
    }

    /// The recovery key that everything sealed for this station is sealed to besides.
    pub(crate) fn recovery(&self) -> Result<Option<Recipient>, Problem> {
        let keys = self.journal.own_keys()?;
        let newest =
            keys.iter().rev().find(|key| key.kind == KeyKind::Recovery && key.superseded_at.is_none());
        Ok(newest.and_then(|key| key.public.parse().ok()))
    }

    fn compare(&mut self, medium: &Path, peer: Option<&str>) -> Result<Outcome, Problem> {
        let (card, code) = self.card_and_code(medium, peer)?;
        let pairing = self.describe(&card, code)?;
        Ok(Outcome { pairing: Some(pairing), ..Outcome::default() })
    }

    /// The code is computed anew from what stands on the medium now: a card that was swapped since the comparison has
    /// another code.
    fn accept(
        &mut self,
        medium: &Path,
        peer: Option<&str>,
        typed: &str,
        why: Option<&str>,
    ) -> Result<Outcome, Problem> {
        self.guardians_only()?;
        let (card, code) = self.card_and_code(medium, peer)?;
        let name = card.station.to_string();
        if typed.parse::<ShortCode>().ok() != Some(code) {
            self.journal.remark(Subject::Station, "CODE_DIFFERED", &name)?;
            return Err(Problem::new(Code::PairCodeDiffers, name, ""));
        }
        let mut pairing = self.describe(&card, code)?;
        let (root, _) = self.medium(medium)?;
        self.register_by_pairing(&root)?;
        if let Some(why) = why {
            self.journal.remark(Subject::Station, "PAIRING", &format!("{name} {why}"))?;
        }
        self.journal.pair(&name, &peer_keys(&card), &pairing.code)?;
        pairing.pinned = true;
        if let (None, Some(theirs)) = (self.recovery()?, &card.recovery) {
            self.journal.add_own_key(KeyKind::Recovery, &theirs.to_string())?;
            pairing.took_recovery = true;
        }
        Ok(Outcome { pairing: Some(pairing), ..Outcome::default() })
    }

    fn card_and_code(&mut self, medium: &Path, peer: Option<&str>) -> Result<(Card, ShortCode), Problem> {
        let own = self.own_keys()?;
        let (root, _) = self.medium(medium)?;
        let card = self.card_on(&root, peer)?;
        let code = ShortCode::of((&self.config.name, &own), (&card.station, &card.keys))
            .map_err(|_| Problem::new(Code::PairCodeNoMemory, "", ""))?;
        Ok((card, code))
    }

    /// The one card on a medium that can be meant.
    fn card_on(&self, root: &str, peer: Option<&str>) -> Result<Card, Problem> {
        let found = cards_on(self.volumes.get(root)?)?;
        let wanted = |card: &FoundCard| {
            card.station != self.config.name && peer.is_none_or(|peer| card.station.as_str() == peer)
        };
        let others: Vec<FoundCard> = found.into_iter().filter(wanted).collect();
        let Some(first) = others.first() else {
            return Err(Problem::new(Code::CardMissing, root, peer.unwrap_or_default()));
        };
        let known: Vec<&FoundCard> =
            others.iter().filter(|card| self.config.peers().any(|peer| *peer == card.station)).collect();
        let Some(one) = known.first() else {
            return Err(Problem::new(Code::CardUnknown, first.place.clone(), first.station.as_str()));
        };
        if known.iter().any(|card| card.station != one.station) {
            let mut names: Vec<&str> = known.iter().map(|card| card.station.as_str()).collect();
            names.dedup();
            return Err(Problem::new(Code::CardsSeveral, root, names.join(", ")));
        }
        if known.len() > 1 {
            let places: Vec<&str> = known.iter().map(|card| card.place.as_str()).collect();
            return Err(Problem::new(Code::CardsDisagree, one.station.as_str(), places.join(", ")));
        }
        let card = Card::parse(&one.bytes).map_err(|error| of_card(&error, &one.place))?;
        if card.station != one.station {
            return Err(Problem::new(Code::CardDamaged, one.place.clone(), card.station.as_str()));
        }
        Ok(card)
    }

    fn describe(&self, card: &Card, code: ShortCode) -> Result<Pairing, Problem> {
        let known = match self.journal.peer(card.station.as_str())? {
            None => Known::New,
            Some(peer) if peer.state == PeerState::Revoked => Known::Revoked,
            // Opening keys change each month, under the signature of the one that does not.
            Some(peer) if peer.keys.signing == card.keys.signing.to_string() => Known::Same,
            Some(_) => Known::Changed,
        };
        Ok(Pairing {
            peer: card.station.to_string(),
            code: code.to_string(),
            key: fingerprint(&card.keys.signing.to_string()),
            known,
            pinned: false,
            took_recovery: false,
        })
    }

    fn revoke(&mut self, name: &str, why: &str) -> Result<Outcome, Problem> {
        self.guardians_only()?;
        match self.journal.revoke_peer(name, why) {
            Ok(()) => Ok(Outcome::default()),
            Err(JournalError::NotFound { .. }) => Err(Problem::new(Code::NotPaired, name, "")),
            Err(error) => Err(error.into()),
        }
    }

    fn rotate_now(&mut self) -> Result<Outcome, Problem> {
        self.guardians_only()?;
        self.make_keys()?;
        self.rotate()?;
        Ok(Outcome::default())
    }

    /// The command that made the key has put it on paper; its private half never comes here.
    fn note_recovery(&mut self, recipient: &str) -> Result<Outcome, Problem> {
        self.guardians_only()?;
        let key: Recipient =
            recipient.parse().map_err(|_| Problem::new(Code::CannotHappen, "recovery key", ""))?;
        self.journal.add_own_key(KeyKind::Recovery, &key.to_string())?;
        Ok(Outcome::default())
    }
}

fn peer_keys(card: &Card) -> PeerKeys {
    PeerKeys {
        signing: card.keys.signing.to_string(),
        opening: card.keys.opening.to_string(),
        recovery: card.recovery.as_ref().map(ToString::to_string),
    }
}

fn of_card(error: &CardError, place: &str) -> Problem {
    let code = match error {
        CardError::Text(TextError::NewerVersion { .. }) => Code::CardNewer,
        _ => Code::CardDamaged,
    };
    Problem::new(code, place, error.to_string())
}

fn cannot_happen(what: &str) -> Problem {
    Problem::new(Code::CannotHappen, "keys", what)
}
