//! Parcels in both directions: the plan of what is sent, what was found, where each file goes, and the intents around
//! every effect outside the journal.

use rusqlite::{Connection, OptionalExtension, params};

use crate::checkpoints;
use crate::error::{JournalError, JournalResult};
use crate::files::{self, one_changed, word};
use crate::history::{self, Checkpoint, Event, Subject};
use crate::parcel_rows::{COLUMNS, FILE_COLUMNS, read_direction, read_file, read_row};
use crate::parcel_rows::{
    Delivery, Direction, Draft, FoundParcel, NewParcel, ParcelChange, ParcelFile, ParcelRow, Waits,
};
use crate::state::{FileState, ParcelState, VerifyLevel};
use crate::store::{Journal, highest_sequence};

fn insert_file(tx: &Connection, parcel: i64, f: &ParcelFile) -> JournalResult<()> {
    tx.prepare_cached(
        "INSERT INTO parcel_file (parcel, ordinal, payload_path, sha256, size_bytes, kind, family, payer, month, volume, \
         identity, file, inbox, destination, delivered, purpose, held) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?
    .execute(params![
        parcel, f.ordinal, f.payload_path, f.sha256, f.size_bytes, f.kind, f.family, f.payer, f.month, f.volume, f.identity,
        f.file, f.inbox, f.destination, f.delivered, f.purpose, f.waits.number()
    ])?;
    Ok(())
}

pub(crate) fn move_parcel(
    tx: &Connection,
    (actor, at): (&str, jiff::Timestamp),
    row: i64,
    to: ParcelState,
    change: &ParcelChange,
) -> JournalResult<()> {
    let subject = Subject::Parcel(row);
    let (from, direction) = state_of(tx, row)?;
    if !from.may_become(to) || !direction.knows(to) {
        return Err(illegal(row, from, to));
    }
    tx.prepare_cached(
        "UPDATE parcel SET state = ?2, state_at = ?3, verify_level = coalesce(?4, verify_level), \
         medium = coalesce(?5, medium), reason_code = ?6, reason_detail = ?7, \
         committed_at = CASE WHEN ?2 = 'COMMITTED' THEN ?3 ELSE committed_at END WHERE row = ?1",
    )?
    .execute(params![
        row,
        to.word(),
        at.to_string(),
        change.verify_level.map(VerifyLevel::word),
        change.medium,
        change.reason.as_ref().map(|r| r.code.as_str()),
        change.reason.as_ref().map(|r| &r.detail),
    ])?;
    let mut note = change.note.clone();
    for part in [
        change.verify_level.map(|level| level.word().to_owned()),
        change.reason.as_ref().map(|reason| format!("{} {}", reason.code, reason.detail)),
    ]
    .into_iter()
    .flatten()
    {
        note = format!("{note} {part}");
    }
    history::append(tx, &Event { at, actor, subject, from: from.word(), to: to.word(), note: note.trim() })?;
    Ok(())
}

/// A digest as people read it.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn state_of(tx: &Connection, row: i64) -> JournalResult<(ParcelState, Direction)> {
    tx.prepare_cached("SELECT state, direction FROM parcel WHERE row = ?1")?
        .query_row([row], |r| Ok((word(r, 0)?, read_direction(r, 1)?)))
        .optional()?
        .ok_or_else(|| JournalError::NotFound { subject: Subject::Parcel(row).to_string() })
}

fn illegal(row: i64, from: ParcelState, to: ParcelState) -> JournalError {
    JournalError::IllegalMove { subject: Subject::Parcel(row).to_string(), from: from.word(), to: to.word() }
}

/// The table of moves alone would let a decision about a waiting parcel be applied to one at work.
fn only_from(tx: &Connection, row: i64, wanted: ParcelState, to: ParcelState) -> JournalResult<()> {
    let (from, _) = state_of(tx, row)?;
    if from == wanted { Ok(()) } else { Err(illegal(row, from, to)) }
}

impl Journal {
    /// Plans an outgoing parcel in one transaction: draws its number, lets `build` make id and header, stores it as
    /// SPOOLED and its sources as IN_PARCEL.
    ///
    /// # Errors
    /// What `build` returns, `IllegalMove` when a source is not free, and when SQLite does not answer: nothing was stored
    /// then.
    pub fn plan_parcel<E: From<JournalError>>(
        &mut self,
        sender: &str,
        peer: &str,
        route: Option<&str>,
        build: impl FnOnce(Draft) -> Result<NewParcel, E>,
    ) -> Result<ParcelRow, E> {
        let mut failure = None;
        let row = self.change(|tx, (actor, at)| {
            let sequence = highest_sequence(tx)? + 1;
            let checkpoint = history::head(tx)?;
            let new = match build(Draft { sequence, checkpoint, at }) {
                Ok(new) => new,
                Err(error) => {
                    failure = Some(error);
                    return Ok(None);
                }
            };
            tx.prepare_cached(
                "INSERT INTO parcel (id, sender, direction, peer, route, sequence, state, state_at, verify_level, header, \
                 header_sha256, created_at, form, signature) \
                 VALUES (?1, ?2, 'out', ?3, ?4, ?5, ?6, ?7, 'L0', ?8, ?9, ?7, ?10, ?11)",
            )?
            .execute(params![
                new.id, sender, peer, route, sequence, ParcelState::Spooled.word(), at.to_string(), new.header,
                new.header_sha256, new.form.word(), new.signature
            ])?;
            let row = tx.last_insert_rowid();
            if peer != sender {
                checkpoints::give(tx, peer, checkpoint, at, &new.id)?;
            }
            history::append(
                tx,
                &Event { at, actor, subject: Subject::Parcel(row), from: "", to: ParcelState::Spooled.word(), note: &new.id },
            )?;
            for file in &new.files {
                insert_file(tx, row, file)?;
                if let Some(id) = file.file {
                    tx.prepare_cached("UPDATE file SET parcel = ?2 WHERE id = ?1")?.execute(params![id, row])?;
                    files::move_file(tx, (actor, at), id, FileState::InParcel, None, &format!("P{row}"))?;
                }
            }
            Ok(Some(row))
        })?;
        match (row, failure) {
            (Some(row), _) => {
                self.remember();
                Ok(self.parcel(row)?)
            }
            (None, Some(error)) => Err(error),
            (None, None) => Err(JournalError::NotFound { subject: "new parcel".to_owned() }.into()),
        }
    }

    /// Notes a parcel found on a medium: FOUND.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn found_parcel(&mut self, found: &FoundParcel) -> JournalResult<ParcelRow> {
        let row = self.change(|tx, (actor, at)| {
            tx.prepare_cached(
                "INSERT INTO parcel (id, sender, direction, peer, medium, sequence, state, state_at, verify_level, header, \
                 header_sha256, created_at, form, signature) \
                 VALUES (?1, ?2, 'in', ?2, ?3, ?4, ?5, ?6, 'L0', ?7, ?8, ?6, ?9, ?10)",
            )?
            .execute(params![
                found.id, found.sender, found.medium, found.sequence, ParcelState::Found.word(), at.to_string(),
                found.header, found.header_sha256, found.form.word(), found.signature
            ])?;
            let row = tx.last_insert_rowid();
            let subject = Subject::Parcel(row);
            history::append(tx, &Event { at, actor, subject, from: "", to: ParcelState::Found.word(), note: &found.id })?;
            Ok(row)
        })?;
        self.parcel(row)
    }

    /// Stores what an incoming parcel holds, and moves it on. Replaces an earlier list.
    ///
    /// # Errors
    /// `IllegalMove` when the design does not allow it.
    pub fn set_incoming_files(
        &mut self,
        row: i64,
        to: ParcelState,
        files: &[ParcelFile],
        change: &ParcelChange,
    ) -> JournalResult<()> {
        self.change(|tx, journal| {
            tx.execute("DELETE FROM parcel_file WHERE parcel = ?1", [row])?;
            for file in files {
                insert_file(tx, row, file)?;
            }
            move_parcel(tx, journal, row, to, change)
        })
    }

    /// A parcel whose header was damaged came again with a whole one: takes the new header. QUARANTINED becomes FOUND.
    ///
    /// # Errors
    /// `IllegalMove` when it is not quarantined.
    pub fn replace_header(&mut self, row: i64, found: &FoundParcel) -> JournalResult<()> {
        self.change(|tx, journal| {
            only_from(tx, row, ParcelState::Quarantined, ParcelState::Found)?;
            tx.execute(
                "UPDATE parcel SET header = ?2, header_sha256 = ?3, sequence = ?4, form = ?5, signature = ?6, inner = NULL \
                 WHERE row = ?1",
                params![
                    row, found.header, found.header_sha256, found.sequence, found.form.word(), found.signature
                ],
            )?;
            let medium = Some(found.medium.clone());
            let note = "came again".to_owned();
            move_parcel(
                tx,
                journal,
                row,
                ParcelState::Found,
                &ParcelChange { medium, note, ..ParcelChange::default() },
            )
        })
    }

    /// A planned parcel is sealed in the spool: its header on the medium will be this one, with this signature. The one it
    /// was planned with becomes the header inside. `shown` is the checkpoint in it.
    ///
    /// # Errors
    /// `IllegalMove` when it is not SPOOLED.
    pub fn sealed(
        &mut self,
        row: i64,
        header: &[u8],
        header_sha256: &[u8; 32],
        signature: &[u8],
        shown: Checkpoint,
    ) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            only_from(tx, row, ParcelState::Spooled, ParcelState::Spooled)?;
            tx.execute(
                "UPDATE parcel SET inner = coalesce(inner, header), header = ?2, header_sha256 = ?3, signature = ?4, \
                 sealed_for = (SELECT signing_key FROM peer WHERE name = parcel.peer) WHERE row = ?1",
                params![row, header, header_sha256, signature],
            )?;
            let (peer, id): (String, String) =
                tx.query_row("SELECT peer, id FROM parcel WHERE row = ?1", [row], |r| Ok((r.get(0)?, r.get(1)?)))?;
            checkpoints::give(tx, &peer, shown, at, &id)?;
            let subject = Subject::Parcel(row);
            let note = hex(header_sha256);
            history::append(tx, &Event { at, actor, subject, from: "", to: "SEALED", note: &note })?;
            Ok(())
        })
    }

    /// A parcel that was planned before its receiver was paired is to be sealed after all. Only before it ever was on a medium.
    ///
    /// # Errors
    /// `IllegalMove` when it is not SPOOLED, `NotFound` when it was on a medium already.
    pub fn seal_instead(&mut self, row: i64) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            only_from(tx, row, ParcelState::Spooled, ParcelState::Spooled)?;
            let changed = tx.execute(
                "UPDATE parcel SET form = 'sealed' WHERE row = ?1 AND form = 'bag' AND committed_at IS NULL",
                [row],
            )?;
            let subject = Subject::Parcel(row);
            one_changed(changed, subject)?;
            let note = "the receiver is paired now";
            history::append(tx, &Event { at, actor, subject, from: "", to: "SEAL_INSTEAD", note })?;
            Ok(())
        })
    }

    /// A plain parcel that was on a medium before its receiver was paired gets the signature that is asked of it now.
    ///
    /// # Errors
    /// `NotFound` when it is sealed or signed already.
    pub fn signed(&mut self, row: i64, signature: &[u8]) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            let changed = tx.execute(
                "UPDATE parcel SET signature = ?2 WHERE row = ?1 AND form = 'bag' AND signature IS NULL",
                params![row, signature],
            )?;
            let subject = Subject::Parcel(row);
            one_changed(changed, subject)?;
            history::append(tx, &Event { at, actor, subject, from: "", to: "SIGNED", note: "" })?;
            Ok(())
        })
    }

    /// The header inside a received parcel, now that it was opened.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn opened(&mut self, row: i64, inner: &[u8]) -> JournalResult<()> {
        self.change(|tx, _| {
            let changed = tx.execute("UPDATE parcel SET inner = ?2 WHERE row = ?1", params![row, inner])?;
            one_changed(changed, Subject::Parcel(row))
        })
    }

    /// Notes for files of a parcel that arrived whether they wait for a person. One transaction for all.
    ///
    /// # Errors
    /// `NotFound` when the parcel has no such file: nothing was stored then.
    pub fn set_waits(&mut self, row: i64, files: &[(u32, Waits)]) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            for (ordinal, waits) in files {
                let changed = tx
                    .prepare_cached("UPDATE parcel_file SET held = ?3 WHERE parcel = ?1 AND ordinal = ?2")?
                    .execute(params![row, ordinal, waits.number()])?;
                one_changed(changed, Subject::Parcel(row))?;
                if *waits == Waits::Refused {
                    let (subject, note) = (Subject::Parcel(row), ordinal.to_string());
                    history::append(
                        tx,
                        &Event { at, actor, subject, from: "", to: "FILE_REFUSED", note: &note },
                    )?;
                }
            }
            Ok(())
        })
    }

    /// Writes the intent to deliver: where each file of the parcel will stand. One transaction for all.
    ///
    /// # Errors
    /// `NotFound` when the parcel has no such file: nothing was stored then.
    pub fn plan_delivery(&mut self, row: i64, places: &[Delivery]) -> JournalResult<()> {
        self.change(|tx, _| {
            for place in places {
                let changed = tx
                    .prepare_cached(
                        "UPDATE parcel_file SET inbox = ?3, destination = ?4 WHERE parcel = ?1 AND ordinal = ?2",
                    )?
                    .execute(params![row, place.ordinal, place.inbox, place.destination])?;
                one_changed(changed, Subject::Parcel(row))?;
            }
            Ok(())
        })
    }

    /// Notes that files stand in their places.
    ///
    /// # Errors
    /// `NotFound` when the parcel has no such file: nothing was stored then.
    pub fn files_delivered(&mut self, row: i64, ordinals: &[u32]) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            for ordinal in ordinals {
                let changed = tx
                    .prepare_cached(
                        "UPDATE parcel_file SET delivered = 1 WHERE parcel = ?1 AND ordinal = ?2",
                    )?
                    .execute(params![row, ordinal])?;
                one_changed(changed, Subject::Parcel(row))?;
                let place: Option<String> = tx
                    .prepare_cached("SELECT destination FROM parcel_file WHERE parcel = ?1 AND ordinal = ?2")?
                    .query_row(params![row, ordinal], |r| r.get(0))?;
                let note = place.unwrap_or_default();
                let subject = Subject::Parcel(row);
                history::append(
                    tx,
                    &Event { at, actor, subject, from: "", to: "FILE_DELIVERED", note: &note },
                )?;
            }
            Ok(())
        })
    }

    /// Moves a parcel to another state.
    ///
    /// # Errors
    /// `IllegalMove` when the design does not allow it.
    pub fn move_parcel(&mut self, row: i64, to: ParcelState, change: &ParcelChange) -> JournalResult<()> {
        self.change(|tx, journal| move_parcel(tx, journal, row, to, change))?;
        if to == ParcelState::Delivered {
            // A journal restored from before this would deliver the parcel once more.
            self.remember();
        }
        Ok(())
    }

    /// Begins another attempt at writing a parcel and returns its number.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn next_attempt(&mut self, row: i64, medium: &str) -> JournalResult<u32> {
        self.change(|tx, _| {
            let changed = tx.execute(
                "UPDATE parcel SET attempt = attempt + 1, medium = ?2 WHERE row = ?1",
                params![row, medium],
            )?;
            one_changed(changed, Subject::Parcel(row))?;
            Ok(tx.query_row("SELECT attempt FROM parcel WHERE row = ?1", [row], |r| r.get(0))?)
        })
    }

    /// A person lets a held parcel pass: it goes to `to`, and what was let pass is remembered.
    ///
    /// # Errors
    /// `IllegalMove` when it is not held.
    pub fn release_parcel(&mut self, row: i64, to: ParcelState, why: &str) -> JournalResult<()> {
        self.change(|tx, journal| {
            only_from(tx, row, ParcelState::Held, to)?;
            tx.execute("UPDATE parcel SET released_code = reason_code WHERE row = ?1", [row])?;
            move_parcel(
                tx,
                journal,
                row,
                to,
                &ParcelChange { note: format!("released: {why}"), ..ParcelChange::default() },
            )
        })
    }

    /// Writes an entry of the history that is no change of state: something a person should be able to find later.
    ///
    /// # Errors
    /// `NotFound` when there is no such subject.
    pub fn remark(&mut self, subject: Subject, what: &str, note: &str) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            let (sql, id) = match subject {
                Subject::File(id) => ("SELECT count(*) FROM file WHERE id = ?1", id),
                Subject::Parcel(row) => ("SELECT count(*) FROM parcel WHERE row = ?1", row),
                Subject::Alert(id) => ("SELECT count(*) FROM alert WHERE id = ?1", id),
                Subject::ReturnFile(id) => ("SELECT count(*) FROM return_file WHERE id = ?1", id),
                Subject::Returned(id) => ("SELECT count(*) FROM returned_claim WHERE id = ?1", id),
                Subject::Resubmission(id) => ("SELECT count(*) FROM resubmission WHERE id = ?1", id),
                Subject::Operator(id) => ("SELECT count(*) FROM operator WHERE id = ?1", id),
                Subject::Medium(row) => ("SELECT count(*) FROM medium WHERE row = ?1", row),
                Subject::Content(id) => ("SELECT count(*) FROM register_content WHERE id = ?1", id),
                Subject::Station => ("SELECT ?1", 1),
            };
            one_changed(tx.prepare_cached(sql)?.query_row([id], |r| r.get(0))?, subject)?;
            history::append(tx, &Event { at, actor, subject, from: "", to: what, note })?;
            Ok(())
        })
    }

    /// Writes down what is about to be done outside the journal.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn intend(&mut self, row: i64, action: &str, detail: &str) -> JournalResult<i64> {
        self.change(|tx, (_, at)| {
            tx.prepare_cached("INSERT INTO intent (at, parcel, action, detail) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![at.to_string(), row, action, detail])?;
            Ok(tx.last_insert_rowid())
        })
    }

    /// Writes down what came of an intent.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn outcome(&mut self, intent: i64, outcome: &str) -> JournalResult<()> {
        self.change(|tx, (_, at)| {
            tx.prepare_cached("UPDATE intent SET done_at = ?2, outcome = ?3 WHERE seq = ?1")?
                .execute(params![intent, at.to_string(), outcome])?;
            Ok(())
        })
    }

    /// Closes every intent of a parcel that an interrupted run left open, and returns what they were.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn close_interrupted(&mut self, row: i64) -> JournalResult<Vec<String>> {
        self.change(|tx, (_, at)| {
            let open = {
                let mut rows =
                    tx.prepare_cached("SELECT action || ' ' || detail FROM intent WHERE parcel = ?1 AND done_at IS NULL")?;
                rows.query_map([row], |r| r.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?
            };
            tx.prepare_cached("UPDATE intent SET done_at = ?2, outcome = 'interrupted' WHERE parcel = ?1 AND done_at IS NULL")?
                .execute(params![row, at.to_string()])?;
            Ok(open)
        })
    }

    /// One parcel.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn parcel(&self, row: i64) -> JournalResult<ParcelRow> {
        self.parcels_where("row = ?1", [row])?
            .pop()
            .ok_or_else(|| JournalError::NotFound { subject: Subject::Parcel(row).to_string() })
    }

    /// The parcel that a station made under an id.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn parcel_by_id(&self, sender: &str, id: &str) -> JournalResult<Option<ParcelRow>> {
        Ok(self.parcels_where("sender = ?1 AND id = ?2", [sender, id])?.pop())
    }

    /// Every parcel of a direction in one of the states, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn parcels_in(&self, direction: Direction, states: &[ParcelState]) -> JournalResult<Vec<ParcelRow>> {
        let mut found = Vec::new();
        for state in states {
            let args = [direction.word(), state.word()];
            found.extend(self.parcels_where("direction = ?1 AND state = ?2 ORDER BY row", args)?);
        }
        found.sort_by_key(|parcel| parcel.row);
        Ok(found)
    }

    /// Every parcel that is not finished, and those made since `since` (RFC 3339), oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn parcels_since(&self, since: &str) -> JournalResult<Vec<ParcelRow>> {
        self.parcels_where(
            "row IN (SELECT row FROM parcel WHERE created_at >= ?1 UNION SELECT row FROM parcel \
             WHERE state NOT IN ('ARCHIVED', 'ACK_WRITTEN', 'CANCELLED')) ORDER BY row",
            [since],
        )
    }

    /// The files of a parcel, in order.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn parcel_files(&self, row: i64) -> JournalResult<Vec<ParcelFile>> {
        let sql = format!("SELECT {FILE_COLUMNS} FROM parcel_file WHERE parcel = ?1 ORDER BY ordinal");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let files = statement.query_map([row], read_file)?.collect::<Result<_, _>>()?;
        Ok(files)
    }

    /// Other incoming parcels that delivered this content, or, if `identity` is given, another content of that identity.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn delivered_before(
        &self,
        except: i64,
        sha256: &[u8; 32],
        identity: Option<&str>,
    ) -> JournalResult<Vec<ParcelRow>> {
        self.parcels_where(
            // The plus keeps SQLite from walking through every parcel that ever arrived.
            "+direction = 'in' AND row <> ?1 AND row IN (SELECT parcel FROM parcel_file WHERE delivered = 1 AND \
             sha256 = ?2 UNION SELECT parcel FROM parcel_file WHERE delivered = 1 AND identity = ?3) ORDER BY row",
            params![except, sha256, identity],
        )
    }

    fn parcels_where(&self, condition: &str, args: impl rusqlite::Params) -> JournalResult<Vec<ParcelRow>> {
        let mut statement =
            self.conn.prepare_cached(&format!("SELECT {COLUMNS} FROM parcel WHERE {condition}"))?;
        let rows = statement.query_map(args, read_row)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }
}
