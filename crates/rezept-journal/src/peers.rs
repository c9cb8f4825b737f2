//! Other stations whose keys a person has compared, and the public halves of this station's own keys. Private keys are never
//! in the journal.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::bound::{of_peer, with_mark};
use crate::error::{JournalError, JournalResult};
use crate::history::{self, Event, Subject};
use crate::store::Journal;

/// Whether another station is trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PeerState {
    /// A person compared the code on both screens.
    Paired,
    /// A person took the trust back: nothing goes to it or comes from it until it is paired anew.
    Revoked,
}

impl PeerState {
    /// The permanent name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Paired => "paired",
            Self::Revoked => "revoked",
        }
    }
}

/// The keys of another station, as text: the journal knows no formats.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerKeys {
    /// Its minisign public key, base64.
    pub signing: String,
    /// The age recipient that it reads with.
    pub opening: String,
    /// The age recipient of its facility's paper key.
    pub recovery: Option<String>,
}

/// A row of `peer`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerRow {
    /// The station.
    pub name: String,
    /// Its keys.
    pub keys: PeerKeys,
    /// Since when this station knows of the key that it reads with.
    pub opening_at: String,
    /// Whether it is trusted.
    pub state: PeerState,
    /// Since when.
    pub state_at: String,
    /// When it was paired, or paired anew.
    pub paired_at: String,
}

/// What an own key is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyKind {
    /// Signs headers and acknowledgements.
    Signing,
    /// Opens what arrives.
    Opening,
    /// Opens everything; its private half is on paper only.
    Recovery,
}

impl KeyKind {
    /// The permanent name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Opening => "opening",
            Self::Recovery => "recovery",
        }
    }
}

/// A row of `own_key`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnKeyRow {
    /// What it is for.
    pub kind: KeyKind,
    /// Its public half.
    pub public: String,
    /// When it was made or taken over.
    pub made_at: String,
    /// Since when a newer one is announced.
    pub superseded_at: Option<String>,
    /// When its private half was destroyed.
    pub destroyed_at: Option<String>,
}

fn read_peer(row: &Row<'_>) -> rusqlite::Result<PeerRow> {
    let state: String = row.get(4)?;
    Ok(PeerRow {
        name: row.get(0)?,
        keys: PeerKeys { signing: row.get(1)?, opening: row.get(2)?, recovery: row.get(3)? },
        state: if state == PeerState::Paired.word() { PeerState::Paired } else { PeerState::Revoked },
        state_at: row.get(5)?,
        paired_at: row.get(6)?,
        opening_at: row.get(7)?,
    })
}

const PEER_COLUMNS: &str =
    "name, signing_key, opening_key, recovery_key, state, state_at, paired_at, opening_at";

fn peer(conn: &Connection, name: &str) -> JournalResult<Option<PeerRow>> {
    let sql = format!("SELECT {PEER_COLUMNS} FROM peer WHERE name = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([name], read_peer).optional()?)
}

impl Journal {
    /// Every station that was ever paired, by name.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn peers(&self) -> JournalResult<Vec<PeerRow>> {
        let sql = format!("SELECT {PEER_COLUMNS} FROM peer ORDER BY name");
        let mut rows = self.conn.prepare_cached(&sql)?;
        Ok(rows.query_map([], read_peer)?.collect::<Result<_, _>>()?)
    }

    /// A station, if it was ever paired.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn peer(&self, name: &str) -> JournalResult<Option<PeerRow>> {
        peer(&self.conn, name)
    }

    /// Whether this station was ever paired with any other: from then on media must be registered.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn has_paired_peer(&self) -> JournalResult<bool> {
        Ok(self
            .conn
            .prepare_cached("SELECT count(*) FROM peer WHERE state = 'paired'")?
            .query_row([], |row| row.get::<_, i64>(0))?
            > 0)
    }

    /// A person has compared the codes: pins the keys of another station, in place of earlier ones.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn pair(&mut self, name: &str, keys: &PeerKeys, code: &str) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            let before = peer(tx, name)?.map_or("", |peer| peer.state.word());
            tx.execute(
                "INSERT INTO peer (name, signing_key, opening_key, recovery_key, state, state_at, paired_at, opening_at) \
                 VALUES (?1, ?2, ?3, ?4, 'paired', ?5, ?5, ?5) ON CONFLICT (name) DO UPDATE SET signing_key = ?2, \
                 announced_sequence = CASE signing_key WHEN ?2 THEN announced_sequence END, \
                 opening_at = CASE opening_key WHEN ?3 THEN opening_at ELSE ?5 END, opening_key = ?3, recovery_key = ?4, state = 'paired', state_at = ?5, paired_at = ?5",
                params![name, keys.signing, keys.opening, keys.recovery, at.to_string()],
            )?;
            let note = format!("{name} {} code {code}", keys.signing);
            let note = with_mark(&note, &of_peer(tx, name)?.unwrap_or_default());
            let subject = Subject::Station;
            history::append(tx, &Event { at, actor, subject, from: before, to: "PAIRED", note: &note })?;
            Ok(())
        })
    }

    /// A person takes the trust in another station back.
    ///
    /// # Errors
    /// `NotFound` when it is not paired.
    pub fn revoke_peer(&mut self, name: &str, why: &str) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            let changed = tx.execute(
                "UPDATE peer SET state = 'revoked', state_at = ?2 WHERE name = ?1 AND state = 'paired'",
                params![name, at.to_string()],
            )?;
            if changed == 0 {
                return Err(JournalError::NotFound { subject: name.to_owned() });
            }
            let note = with_mark(&format!("{name} {why}"), &of_peer(tx, name)?.unwrap_or_default());
            let subject = Subject::Station;
            history::append(tx, &Event { at, actor, subject, from: "paired", to: "REVOKED", note: &note })?;
            Ok(())
        })
    }

    /// A paired station announced, under its signature, the key it reads with from now on; `sequence` is the end of its own
    /// history when it said so. `false` if it is the known one, or if the station said something later already: an old
    /// parcel that comes again must not bring back a key that is destroyed.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn announced_key(&mut self, name: &str, opening: &str, sequence: u64) -> JournalResult<bool> {
        let peer = match self.peer(name)? {
            Some(peer) if peer.state == PeerState::Paired => peer,
            _ => return Ok(false),
        };
        let last: Option<u64> = self
            .conn
            .prepare_cached("SELECT announced_sequence FROM peer WHERE name = ?1")?
            .query_row([name], |row| row.get(0))?;
        if last.is_some_and(|last| sequence <= last) {
            return Ok(false);
        }
        let is_new = peer.keys.opening != opening;
        self.change(|tx, (actor, at)| {
            tx.execute(
                "UPDATE peer SET opening_at = CASE opening_key WHEN ?2 THEN opening_at ELSE ?3 END, opening_key = ?2, \
                 announced_sequence = ?4 WHERE name = ?1",
                params![name, opening, at.to_string(), sequence],
            )?;
            if !is_new {
                return Ok(false);
            }
            let note = with_mark(&format!("{name} {opening}"), &of_peer(tx, name)?.unwrap_or_default());
            let subject = Subject::Station;
            history::append(tx, &Event { at, actor, subject, from: "", to: "KEY_ANNOUNCED", note: &note })?;
            Ok(true)
        })
    }

    /// Notes a key of this station. One that reads takes the place of the one before it, which is superseded from now on.
    /// Nothing happens when it is known.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn add_own_key(&mut self, kind: KeyKind, public: &str) -> JournalResult<()> {
        if self.own_keys()?.iter().any(|key| key.public == public) {
            return Ok(());
        }
        self.change(|tx, (actor, at)| {
            tx.execute(
                "UPDATE own_key SET superseded_at = ?2 WHERE kind = ?1 AND superseded_at IS NULL",
                params![kind.word(), at.to_string()],
            )?;
            tx.execute(
                "INSERT INTO own_key (kind, public, made_at) VALUES (?1, ?2, ?3)",
                params![kind.word(), public, at.to_string()],
            )?;
            let note = format!("{} {public}", kind.word());
            let subject = Subject::Station;
            history::append(tx, &Event { at, actor, subject, from: "", to: "OWN_KEY", note: &note })?;
            Ok(())
        })
    }

    /// The private half of an own key is destroyed.
    ///
    /// # Errors
    /// `NotFound` when it is not known or destroyed already.
    pub fn key_destroyed(&mut self, public: &str) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            let changed = tx.execute(
                "UPDATE own_key SET destroyed_at = ?2 WHERE public = ?1 AND destroyed_at IS NULL",
                params![public, at.to_string()],
            )?;
            if changed == 0 {
                return Err(JournalError::NotFound { subject: public.to_owned() });
            }
            let subject = Subject::Station;
            history::append(tx, &Event { at, actor, subject, from: "", to: "KEY_DESTROYED", note: public })?;
            Ok(())
        })
    }

    /// Every key that this station ever had, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn own_keys(&self) -> JournalResult<Vec<OwnKeyRow>> {
        let mut rows = self.conn.prepare_cached(
            "SELECT kind, public, made_at, superseded_at, destroyed_at FROM own_key ORDER BY id",
        )?;
        let found = rows
            .query_map([], |row| {
                let kind: String = row.get(0)?;
                let kind = match kind.as_str() {
                    "signing" => KeyKind::Signing,
                    "opening" => KeyKind::Opening,
                    _ => KeyKind::Recovery,
                };
                Ok(OwnKeyRow {
                    kind,
                    public: row.get(1)?,
                    made_at: row.get(2)?,
                    superseded_at: row.get(3)?,
                    destroyed_at: row.get(4)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// SHA-256 of the last header that this station put on a medium for another one.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn last_header_to(&self, peer: &str) -> JournalResult<Option<[u8; 32]>> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT header_sha256 FROM parcel WHERE direction = 'out' AND peer = ?1 AND committed_at IS NOT NULL \
                 ORDER BY row DESC LIMIT 1",
            )?
            .query_row([peer], |row| row.get(0))
            .optional()?)
    }

    /// Whether a header with this SHA-256 ever came from a station.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn header_came(&self, sender: &str, sha256: &[u8; 32]) -> JournalResult<bool> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT count(*) FROM parcel WHERE direction = 'in' AND sender = ?1 AND header_sha256 = ?2",
            )?
            .query_row(params![sender, sha256], |row| row.get::<_, i64>(0))?
            > 0)
    }

    /// Whether a signed parcel came from a station before this one.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn signed_before(&self, sender: &str, row: i64) -> JournalResult<bool> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM parcel WHERE direction = 'in' AND sender = ?1 AND row < ?2 \
                 AND signature IS NOT NULL AND state <> 'QUARANTINED')",
            )?
            .query_row(params![sender, row], |row| row.get(0))?)
    }

    /// Whether another parcel that was taken from a station has this number.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn number_came_twice(&self, sender: &str, sequence: u64, except: i64) -> JournalResult<bool> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM parcel WHERE direction = 'in' AND sender = ?1 AND sequence = ?2 \
                 AND row <> ?3 AND state <> 'QUARANTINED')",
            )?
            .query_row(params![sender, sequence, except], |row| row.get(0))?)
    }
}
