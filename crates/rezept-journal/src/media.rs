//! Registered media: which stick is whose, where it is, and which parcels stand on it. Knows media only by the id that a
//! caller read from them, and never decides whether something may be written.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{JournalError, JournalResult};
use crate::files::{one_changed, word};
use crate::history::{self, Event, Subject};
use crate::parcel_rows::{ParcelChange, ParcelRow};
use crate::parcels::move_parcel;
use crate::state::{MediumClass, MediumState, ParcelState};
use crate::store::Journal;

/// A row of `medium`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MediumRow {
    /// Row number: people call it `M3`.
    pub row: i64,
    /// The random id in its id file, 32 hex digits.
    pub id: String,
    /// What people call it, and what is written on its label.
    pub label: String,
    /// Who answers for it.
    pub owner: String,
    /// Its class.
    pub class: MediumClass,
    /// The name of its file system, where the platform told it.
    pub volume_label: Option<String>,
    /// The serial number of the device, where the platform told it.
    pub serial: Option<String>,
    /// Where it is.
    pub state: MediumState,
    /// Since when.
    pub state_at: String,
    /// Since when it is registered.
    pub registered_at: String,
    /// Out: who took it.
    pub out_by: Option<String>,
    /// Out: what for.
    pub out_for: Option<String>,
    /// Out: the day on which it is to be back, `YYYY-MM-DD`.
    pub out_due: Option<String>,
}

impl MediumRow {
    /// Whether it should have been back before `today` (`YYYY-MM-DD`).
    #[must_use]
    pub fn is_overdue(&self, today: &str) -> bool {
        self.state == MediumState::Out && self.out_due.as_deref().is_some_and(|due| due < today)
    }
}

/// A medium about to be registered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewMedium {
    /// The id in its id file.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Who answers for it.
    pub owner: String,
    /// Its class.
    pub class: MediumClass,
    /// The name of its file system, where the platform tells it.
    pub volume_label: Option<String>,
    /// The serial number of the device, where the platform tells it.
    pub serial: Option<String>,
}

/// A person takes a medium out of the house.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TakeOut {
    /// Who takes it.
    pub by: String,
    /// What for.
    pub purpose: String,
    /// The day on which it is to be back, `YYYY-MM-DD`.
    pub due: String,
}

/// A parcel that stands, or stood, on a medium.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoodOn {
    /// The parcel.
    pub parcel: ParcelRow,
    /// When it was about to be written, or was first seen there.
    pub written_at: String,
    /// When it was found to be no longer there.
    pub removed_at: Option<String>,
}

const COLUMNS: &str = "row, id, label, owner, class, volume_label, serial, state, state_at, registered_at, out_by, out_for, \
    out_due";

fn read_medium(row: &Row<'_>) -> rusqlite::Result<MediumRow> {
    Ok(MediumRow {
        row: row.get(0)?,
        id: row.get(1)?,
        label: row.get(2)?,
        owner: row.get(3)?,
        class: word(row, 4)?,
        volume_label: row.get(5)?,
        serial: row.get(6)?,
        state: word(row, 7)?,
        state_at: row.get(8)?,
        registered_at: row.get(9)?,
        out_by: row.get(10)?,
        out_for: row.get(11)?,
        out_due: row.get(12)?,
    })
}

impl Journal {
    /// Registers a medium.
    ///
    /// # Errors
    /// When its id is registered already, or SQLite does not answer.
    pub fn register_medium(&mut self, new: &NewMedium) -> JournalResult<i64> {
        self.change(|tx, (actor, at)| {
            let state = MediumState::Here.word();
            tx.execute(
                "INSERT INTO medium (id, label, owner, class, volume_label, serial, state, state_at, registered_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
                params![
                    new.id,
                    new.label,
                    new.owner,
                    new.class.word(),
                    new.volume_label,
                    new.serial,
                    state,
                    at.to_string()
                ],
            )?;
            let row = tx.last_insert_rowid();
            let note = format!("{} / {} / {} / {}", new.id, new.label, new.owner, new.class);
            let subject = Subject::Medium(row);
            history::append(tx, &Event { at, actor, subject, from: "", to: state, note: &note })?;
            Ok(row)
        })
    }

    /// A person takes a medium out.
    ///
    /// # Errors
    /// `IllegalMove` unless it is in the house.
    pub fn take_out_medium(&mut self, row: i64, out: &TakeOut) -> JournalResult<()> {
        self.change(|tx, journal| {
            let note = format!("{} / {} / {}", out.by, out.purpose, out.due);
            move_medium(tx, journal, row, MediumState::Out, &note)?;
            tx.execute(
                "UPDATE medium SET out_by = ?2, out_for = ?3, out_due = ?4 WHERE row = ?1",
                params![row, out.by, out.purpose, out.due],
            )?;
            Ok(())
        })
    }

    /// Moves a medium to another place than outside: it is back, lost, or never used again. What was known of its being
    /// out stays in the history.
    ///
    /// # Errors
    /// `IllegalMove`.
    pub fn move_medium(&mut self, row: i64, to: MediumState, why: &str) -> JournalResult<()> {
        self.change(|tx, journal| {
            move_medium(tx, journal, row, to, why)?;
            tx.execute(
                "UPDATE medium SET out_by = NULL, out_for = NULL, out_due = NULL WHERE row = ?1",
                [row],
            )?;
            Ok(())
        })
    }

    /// A medium is lost: parcels that were being written to it and were never published may take another one. Returns
    /// their rows. Those that were published stay as they are: a person sends them again.
    ///
    /// # Errors
    /// `IllegalMove`.
    pub fn lose_medium(&mut self, row: i64, why: &str) -> JournalResult<Vec<i64>> {
        self.change(|tx, journal| {
            move_medium(tx, journal, row, MediumState::Lost, why)?;
            let unfinished: Vec<i64> = tx
                .prepare_cached(
                    "SELECT p.row FROM parcel p JOIN parcel_medium m ON m.parcel = p.row \
                     WHERE m.medium = ?1 AND m.removed_at IS NULL AND p.direction = 'out' \
                     AND p.state IN ('WRITTEN', 'READ_BACK') ORDER BY p.row",
                )?
                .query_map([row], |r| r.get(0))?
                .collect::<Result<_, _>>()?;
            for parcel in &unfinished {
                let note = format!("its medium M{row} was lost");
                let change = ParcelChange { note, ..ParcelChange::default() };
                move_parcel(tx, journal, *parcel, ParcelState::Spooled, &change)?;
            }
            Ok(unfinished)
        })
    }

    /// Every registered medium, in the order of registration.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn media(&self) -> JournalResult<Vec<MediumRow>> {
        let mut rows = self.conn.prepare_cached(&format!("SELECT {COLUMNS} FROM medium ORDER BY row"))?;
        let found = rows.query_map([], read_medium)?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// One medium.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn medium(&self, row: i64) -> JournalResult<MediumRow> {
        self.conn
            .prepare_cached(&format!("SELECT {COLUMNS} FROM medium WHERE row = ?1"))?
            .query_row([row], read_medium)
            .optional()?
            .ok_or_else(|| JournalError::NotFound { subject: Subject::Medium(row).to_string() })
    }

    /// The medium with this id.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn medium_by_id(&self, id: &str) -> JournalResult<Option<MediumRow>> {
        Ok(self
            .conn
            .prepare_cached(&format!("SELECT {COLUMNS} FROM medium WHERE id = ?1"))?
            .query_row([id], read_medium)
            .optional()?)
    }

    /// In whose name the history is being written: a person, a command, or the service.
    #[must_use]
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// Notes that a parcel is about to be written to a medium. Called before the first byte: a medium that is lost in the
    /// next second is known to hold it.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn parcel_goes_on_medium(&mut self, parcel: i64, medium: i64) -> JournalResult<()> {
        self.change(|tx, journal| comes(tx, journal, parcel, medium))
    }

    /// Brings the journal up to what a medium shows: `there` are the rows of all parcels of which something stands on it.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn parcels_seen_on_medium(&mut self, medium: i64, there: &[i64]) -> JournalResult<()> {
        let known: Vec<i64> = standing(&self.conn, medium)?;
        let gone: Vec<i64> = known.iter().copied().filter(|row| !there.contains(row)).collect();
        let new: Vec<i64> = there.iter().copied().filter(|row| !known.contains(row)).collect();
        if gone.is_empty() && new.is_empty() {
            return Ok(()); // the usual case takes no write lock
        }
        self.change(|tx, journal| {
            for parcel in gone {
                let changed = tx
                    .prepare_cached(
                        "UPDATE parcel_medium SET removed_at = ?3 \
                         WHERE parcel = ?1 AND medium = ?2 AND removed_at IS NULL",
                    )?
                    .execute(params![parcel, medium, journal.1.to_string()])?;
                if changed > 0 {
                    tell(tx, journal, medium, "PARCEL_GONE", parcel)?;
                }
            }
            new.into_iter().try_for_each(|parcel| comes(tx, journal, parcel, medium))
        })
    }

    /// Every parcel that stands on a medium or stood there, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn stood_on_medium(&self, medium: i64) -> JournalResult<Vec<StoodOn>> {
        let rows: Vec<(i64, String, Option<String>)> = self
            .conn
            .prepare_cached(
                "SELECT parcel, written_at, removed_at FROM parcel_medium WHERE medium = ?1 ORDER BY written_at, parcel",
            )?
            .query_map([medium], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
            .collect::<Result<_, _>>()?;
        rows.into_iter()
            .map(|(parcel, written_at, removed_at)| {
                Ok(StoodOn { parcel: self.parcel(parcel)?, written_at, removed_at })
            })
            .collect()
    }

    /// Whether a person settled this alert at this place while its cause was what it is now. The cause itself going away
    /// settles it with `gone` as its note, and does not count.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn waved_through(&self, code: &str, place: &str, detail: &str, gone: &str) -> JournalResult<bool> {
        let last: Option<(String, String)> = self
            .conn
            .prepare_cached(
                "SELECT a.detail, h.note FROM alert a JOIN history h ON h.subject = 'A' || a.id \
                 AND h.to_state = 'SETTLED' WHERE a.code = ?1 AND a.place = ?2 ORDER BY a.id DESC LIMIT 1",
            )?
            .query_row(params![code, place], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        Ok(last.is_some_and(|(before, note)| before == detail && note != gone))
    }
}

fn move_medium(
    tx: &Connection,
    (actor, at): (&str, jiff::Timestamp),
    row: i64,
    to: MediumState,
    note: &str,
) -> JournalResult<()> {
    let subject = Subject::Medium(row);
    let from: Option<MediumState> = tx
        .prepare_cached("SELECT state FROM medium WHERE row = ?1")?
        .query_row([row], |r| word(r, 0))
        .optional()?;
    let from = from.ok_or_else(|| JournalError::NotFound { subject: subject.to_string() })?;
    if !from.may_become(to) {
        return Err(JournalError::IllegalMove {
            subject: subject.to_string(),
            from: from.word(),
            to: to.word(),
        });
    }
    let changed = tx.execute(
        "UPDATE medium SET state = ?2, state_at = ?3 WHERE row = ?1",
        params![row, to.word(), at.to_string()],
    )?;
    one_changed(changed, subject)?;
    history::append(tx, &Event { at, actor, subject, from: from.word(), to: to.word(), note })?;
    Ok(())
}

fn standing(conn: &Connection, medium: i64) -> JournalResult<Vec<i64>> {
    let mut rows = conn.prepare_cached(
        "SELECT parcel FROM parcel_medium WHERE medium = ?1 AND removed_at IS NULL ORDER BY parcel",
    )?;
    let found = rows.query_map([medium], |r| r.get(0))?.collect::<Result<_, _>>()?;
    Ok(found)
}

fn comes(tx: &Connection, journal: (&str, jiff::Timestamp), parcel: i64, medium: i64) -> JournalResult<()> {
    let changed = tx
        .prepare_cached(
            "INSERT INTO parcel_medium (parcel, medium, written_at) VALUES (?1, ?2, ?3) \
             ON CONFLICT (parcel, medium) DO UPDATE SET written_at = excluded.written_at, removed_at = NULL \
             WHERE removed_at IS NOT NULL",
        )?
        .execute(params![parcel, medium, journal.1.to_string()])?;
    if changed > 0 { tell(tx, journal, medium, "PARCEL_ON", parcel) } else { Ok(()) }
}

fn tell(
    tx: &Connection,
    (actor, at): (&str, jiff::Timestamp),
    medium: i64,
    what: &str,
    parcel: i64,
) -> JournalResult<()> {
    let (subject, note) = (Subject::Medium(medium), Subject::Parcel(parcel).to_string());
    history::append(tx, &Event { at, actor, subject, from: "", to: what, note: &note })?;
    Ok(())
}
