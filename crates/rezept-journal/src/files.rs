//! Source files of this station: what was seen where, what the gate learned, and what became of it.

use std::collections::HashMap;

use rezept_codes::StoredCode;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use crate::error::{JournalError, JournalResult};
use crate::folder::{from_stored, to_stored};
use crate::history::{self, Event, Subject};
use crate::state::FileState;
use crate::store::Journal;

/// What tells one content of a name from the next without reading it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// Size in bytes.
    pub size_bytes: u64,
    /// Last change, nanoseconds since 1970.
    pub modified_ns: i128,
    /// Inode or file index; 0 where there is none.
    pub file_id: u64,
}

/// Where a source lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The route it belongs to; `None` for a file named by a person outside every watched folder.
    pub route: Option<String>,
    /// The folder below which `path` lies.
    pub root: String,
    /// Components joined by `/`.
    pub path: String,
    /// Whether it lies in a watched folder and may be moved to the archive.
    pub watched: bool,
}

/// What is known of a content. The journal only stores and compares it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Content {
    /// SHA-256 of all bytes.
    pub sha256: [u8; 32],
    /// `claim`, `return` or `notice`.
    pub kind: Option<String>,
    /// `ika`, `dpc`, ...
    pub family: Option<String>,
    /// Payer body, `1` or `2`.
    pub payer: Option<String>,
    /// Month, `YYYY-MM`.
    pub month: Option<String>,
    /// Volume of the header.
    pub volume: Option<String>,
    /// The identity as one word; equal for two contents that claim to be the same file.
    pub identity: Option<String>,
    /// The name under which it is handed over.
    pub official_name: Option<String>,
    /// Number of claims.
    pub claims: Option<u64>,
    /// Number of payers (HO + KO).
    pub payers: Option<u64>,
    /// Total points.
    pub points: Option<u64>,
}

/// Why something waits or ended: a permanent code, and details for people that hold no patient's data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// Its permanent code.
    pub code: StoredCode,
    /// Details.
    pub detail: String,
}

impl Reason {
    /// A reason with its details.
    pub fn new(code: impl Into<StoredCode>, detail: impl Into<String>) -> Self {
        Self { code: code.into(), detail: detail.into() }
    }
}

/// A row of `file`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileRow {
    /// Row number.
    pub id: i64,
    /// Where it lies.
    pub place: Place,
    /// Its stamp when it was last looked at.
    pub stamp: Stamp,
    /// State.
    pub state: FileState,
    /// Since when.
    pub state_at: String,
    /// Why it waits, if it does.
    pub reason: Option<Reason>,
    /// The reason code that a person let pass, if one did.
    pub released_code: Option<StoredCode>,
    /// What is known of its content; `None` before the gate read it.
    pub content: Option<Content>,
    /// The parcel it belongs to.
    pub parcel: Option<i64>,
    /// Where the station's own copy of the content lies, below the spool.
    pub kept: Option<String>,
    /// Where the content lies in the archive, below its root.
    pub archived: Option<String>,
}

impl FileRow {
    /// Whether the content passed the gate and is the station's to carry, whatever becomes of the original.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        match self.state {
            FileState::InParcel | FileState::Kept | FileState::Archived => true,
            // HELD: accepted once, and held at a later door. An older program accepted without keeping a copy.
            FileState::Gated | FileState::Held => self.kept.is_some(),
            FileState::Seen | FileState::Stable | FileState::Cancelled | FileState::Gone => false,
        }
    }
}

const COLUMNS: &str = "id, route, root, path, watched, size_bytes, modified_ns, file_id, state, state_at, reason_code, \
    reason_detail, released_code, sha256, kind, family, payer, month, volume, identity, official_name, claims, payers, \
    points, parcel, kept, archived";

/// Turns a stored word into a state; the error type is the one row mappers need.
pub(crate) fn word<T: std::str::FromStr<Err = crate::state::UnknownWord>>(
    row: &Row<'_>,
    i: usize,
) -> rusqlite::Result<T> {
    let text: String = row.get(i)?;
    text.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            i,
            rusqlite::types::Type::Text,
            Box::<crate::state::UnknownWord>::new(error),
        )
    })
}

/// A code that may be that of a newer build.
pub(crate) fn stored_code(row: &Row<'_>, i: usize) -> rusqlite::Result<Option<StoredCode>> {
    Ok(row.get::<_, Option<String>>(i)?.map(StoredCode::from))
}

/// Numbers too large for SQLite are stored as digits.
fn number<T>(row: &Row<'_>, i: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let digits: String = row.get(i)?;
    digits.parse().map_err(|error: T::Err| {
        rusqlite::Error::FromSqlConversionFailure(i, rusqlite::types::Type::Text, error.into())
    })
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<FileRow> {
    let sha256: Option<[u8; 32]> = row.get(13)?;
    let content = match sha256 {
        None => None,
        Some(sha256) => Some(Content {
            sha256,
            kind: row.get(14)?,
            family: row.get(15)?,
            payer: row.get(16)?,
            month: row.get(17)?,
            volume: row.get(18)?,
            identity: row.get(19)?,
            official_name: row.get(20)?,
            claims: row.get(21)?,
            payers: row.get(22)?,
            points: row.get(23)?,
        }),
    };
    let code: Option<String> = row.get(10)?;
    let detail: Option<String> = row.get(11)?;
    Ok(FileRow {
        id: row.get(0)?,
        place: Place { route: row.get(1)?, root: row.get(2)?, path: row.get(3)?, watched: row.get(4)? },
        stamp: Stamp { size_bytes: row.get(5)?, modified_ns: number(row, 6)?, file_id: number(row, 7)? },
        state: word(row, 8)?,
        state_at: row.get(9)?,
        reason: code.map(|code| Reason::new(code, detail.unwrap_or_default())),
        released_code: stored_code(row, 12)?,
        content,
        parcel: row.get(24)?,
        kept: row.get(25)?,
        archived: row.get(26)?,
    })
}

pub(crate) fn state_of(tx: &Connection, id: i64) -> JournalResult<FileState> {
    tx.prepare_cached("SELECT state FROM file WHERE id = ?1")?
        .query_row([id], |row| word(row, 0))
        .optional()?
        .ok_or_else(|| JournalError::NotFound { subject: Subject::File(id).to_string() })
}

/// Moves a file and writes its history entry, within the caller's transaction.
pub(crate) fn move_file(
    tx: &Connection,
    journal: (&str, jiff::Timestamp),
    id: i64,
    to: FileState,
    reason: Option<&Reason>,
    note: &str,
) -> JournalResult<()> {
    let (actor, at) = journal;
    let subject = Subject::File(id);
    let from = state_of(tx, id)?;
    if !from.may_become(to) {
        return Err(JournalError::IllegalMove {
            subject: subject.to_string(),
            from: from.word(),
            to: to.word(),
        });
    }
    tx.prepare_cached(
        "UPDATE file SET state = ?2, state_at = ?3, reason_code = ?4, reason_detail = ?5 WHERE id = ?1",
    )?
    .execute(params![
        id,
        to.word(),
        at.to_string(),
        reason.map(|r| r.code.as_str()),
        reason.map(|r| &r.detail)
    ])?;
    let note = match reason {
        Some(reason) if note.is_empty() => format!("{} {}", reason.code, reason.detail),
        _ => note.to_owned(),
    };
    history::append(tx, &Event { at, actor, subject, from: from.word(), to: to.word(), note: note.trim() })?;
    Ok(())
}

/// Inserts the row of a content that was just seen.
fn insert_seen(
    tx: &Connection,
    (actor, at): (&str, jiff::Timestamp),
    (place, root): (&Place, &str),
    stamp: Stamp,
    purpose: Option<&str>,
) -> JournalResult<i64> {
    tx.prepare_cached(
        "INSERT INTO file (route, root, path, watched, size_bytes, modified_ns, file_id, state, state_at, seen_at, purpose) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)",
    )?
    .execute(params![
        place.route,
        root,
        place.path,
        place.watched,
        stamp.size_bytes,
        stamp.modified_ns.to_string(),
        stamp.file_id.to_string(),
        FileState::Seen.word(),
        at.to_string(),
        purpose,
    ])?;
    let id = tx.last_insert_rowid();
    let note = purpose.unwrap_or_default();
    let subject = Subject::File(id);
    history::append(tx, &Event { at, actor, subject, from: "", to: FileState::Seen.word(), note })?;
    Ok(id)
}

impl Journal {
    /// Makes the changes from here to [`Journal::end_batch`] durable together: thousands of files that appear at once
    /// must not cost thousands of flushes. Nothing outside the journal may be done in between, and another process
    /// that wants to write waits meanwhile: keep it short. A crash undoes all of it.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn begin_batch(&mut self) -> JournalResult<()> {
        Ok(self.conn.execute_batch("BEGIN IMMEDIATE")?)
    }

    /// Ends a batch. Changes that failed in it were undone on their own; the others are kept.
    ///
    /// # Errors
    /// When they cannot be made durable: none was made then.
    pub fn end_batch(&mut self) -> JournalResult<()> {
        let ended = self.conn.execute_batch("COMMIT");
        if ended.is_err() && !self.conn.is_autocommit() {
            self.conn.execute_batch("ROLLBACK")?;
        }
        Ok(ended?)
    }

    /// Undoes every change since [`Journal::begin_batch`]: what they speak of could not be made durable.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn undo_batch(&mut self) -> JournalResult<()> {
        if self.conn.is_autocommit() { Ok(()) } else { Ok(self.conn.execute_batch("ROLLBACK")?) }
    }

    /// Runs `work` in one transaction that takes the write lock at once; the clock is read inside it. Within a batch it
    /// is a part of the batch's transaction that can be undone alone.
    pub(crate) fn change<T>(
        &mut self,
        work: impl FnOnce(&Connection, (&str, jiff::Timestamp)) -> JournalResult<T>,
    ) -> JournalResult<T> {
        self.change_or(work)
    }

    /// [`Journal::change`] for work that can also fail in its own ways.
    pub(crate) fn change_or<T, E: From<rusqlite::Error>>(
        &mut self,
        work: impl FnOnce(&Connection, (&str, jiff::Timestamp)) -> Result<T, E>,
    ) -> Result<T, E> {
        if !self.conn.is_autocommit() {
            let part = self.conn.savepoint()?;
            let result = work(&part, (&self.actor, self.clock.now()))?;
            part.commit()?;
            return Ok(result);
        }
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&tx, (&self.actor, self.clock.now()))?;
        tx.commit()?;
        Ok(result)
    }

    /// Notes a content seen under a name: a new row in state SEEN. An older live row of that name becomes GONE, except an
    /// accepted one: its content goes out from the station's own copy, or went already.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn see_file(&mut self, place: &Place, stamp: Stamp) -> JournalResult<i64> {
        let root = to_stored(self.folder(), &place.root);
        self.change(|tx, (actor, at)| {
            if let Some(old) = file_at(tx, &root, &place.path)?
                && old.state.may_become(FileState::Gone)
                && !old.is_accepted()
            {
                move_file(tx, (actor, at), old.id, FileState::Gone, None, "replaced by a new content")?;
            }
            insert_seen(tx, (actor, at), (place, &root), stamp, None)
        })
    }

    /// Notes a content that a person sends for a trial (確認試験). Whatever else is known of that name stays as it is.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn see_trial(&mut self, place: &Place, stamp: Stamp) -> JournalResult<i64> {
        let root = to_stored(self.folder(), &place.root);
        self.change(|tx, journal| insert_seen(tx, journal, (place, &root), stamp, Some("trial")))
    }

    /// The newest trial row of a place that is still under way.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn trial_at(&self, root: &str, path: &str) -> JournalResult<Option<FileRow>> {
        let root = to_stored(self.folder(), root);
        let condition = "root = ?1 AND path = ?2 AND state NOT IN ('GONE', 'ARCHIVED', 'KEPT', 'CANCELLED') AND \
             purpose = 'trial' ORDER BY id DESC LIMIT 1";
        Ok(self.files_where(condition, [root.as_str(), path])?.pop())
    }

    /// Notes a new stamp of a file whose content is known to be the same.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn restamp_file(&mut self, id: i64, stamp: Stamp) -> JournalResult<()> {
        let changed = self
            .conn
            .prepare_cached("UPDATE file SET size_bytes = ?2, modified_ns = ?3, file_id = ?4 WHERE id = ?1")?
            .execute(params![
                id,
                stamp.size_bytes,
                stamp.modified_ns.to_string(),
                stamp.file_id.to_string()
            ])?;
        one_changed(changed, Subject::File(id))
    }

    /// Stores what the gate learned of a content. No change of state. What was said of another content of the row, by an
    /// approver or a scanner, does not hold for this one.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn describe_file(&mut self, id: i64, content: &Content) -> JournalResult<()> {
        let c = content;
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE file SET sha256 = ?2, kind = ?3, family = ?4, payer = ?5, month = ?6, volume = ?7, \
                 identity = ?8, official_name = ?9, claims = ?10, payers = ?11, points = ?12, \
                 approved_by = CASE WHEN sha256 = ?2 THEN approved_by END, \
                 scan = CASE WHEN sha256 = ?2 THEN scan END WHERE id = ?1",
            )?
            .execute(params![
                id,
                c.sha256,
                c.kind,
                c.family,
                c.payer,
                c.month,
                c.volume,
                c.identity,
                c.official_name,
                c.claims,
                c.payers,
                c.points
            ])?;
        one_changed(changed, Subject::File(id))
    }

    /// Moves a file to another state, with the reason if it is to wait.
    ///
    /// # Errors
    /// `IllegalMove` when the design does not allow it, and always for IN_PARCEL: only [`Journal::plan_parcel`] knows the
    /// parcel, and a file in none would wait for ever.
    pub fn move_file(
        &mut self,
        id: i64,
        to: FileState,
        reason: Option<&Reason>,
        note: &str,
    ) -> JournalResult<()> {
        self.change(|tx, journal| {
            if to == FileState::InParcel {
                let (from, subject) = (state_of(tx, id)?.word(), Subject::File(id).to_string());
                return Err(JournalError::IllegalMove { subject, from, to: to.word() });
            }
            move_file(tx, journal, id, to, reason, note)
        })
    }

    /// A person lets a held file pass: HELD becomes GATED, and what was let pass is remembered for the header.
    ///
    /// # Errors
    /// `IllegalMove` when it is not held.
    pub fn release_file(&mut self, id: i64, why: &str) -> JournalResult<()> {
        self.change(|tx, journal| {
            // STABLE may become GATED too, by the gate: not by a person.
            let held = tx.execute(
                "UPDATE file SET released_code = reason_code WHERE id = ?1 AND state = 'HELD'",
                [id],
            )?;
            if held == 0 {
                let from = state_of(tx, id)?.word();
                let (subject, to) = (Subject::File(id).to_string(), FileState::Gated.word());
                return Err(JournalError::IllegalMove { subject, from, to });
            }
            move_file(tx, journal, id, FileState::Gated, None, &format!("released: {why}"))
        })
    }

    /// One file.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn file(&self, id: i64) -> JournalResult<FileRow> {
        self.files_where("id = ?1", [id])?
            .pop()
            .ok_or_else(|| JournalError::NotFound { subject: Subject::File(id).to_string() })
    }

    /// The newest row of a name that is neither GONE nor ARCHIVED: the one that speaks for the bytes lying there now, if
    /// their stamp is the same.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn file_at(&self, root: &str, path: &str) -> JournalResult<Option<FileRow>> {
        let root = to_stored(self.folder(), root);
        Ok(self.files_where(AT, [root.as_str(), path])?.pop())
    }

    /// What [`Journal::file_at`] answers for every name below a folder, by path: one query for a whole scan.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn live_files(&self, root: &str) -> JournalResult<HashMap<String, FileRow>> {
        // Newer rows come later and take the place of older ones.
        let rows = self.files_where(
            "root = ?1 AND state NOT IN ('GONE', 'ARCHIVED') AND purpose IS NOT 'trial' ORDER BY path, id",
            [to_stored(self.folder(), root)],
        )?;
        Ok(rows.into_iter().map(|row| (row.place.path.clone(), row)).collect())
    }

    /// Every file in one of the states, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn files_in(&self, states: &[FileState]) -> JournalResult<Vec<FileRow>> {
        let mut found = Vec::new();
        for state in states {
            found.extend(self.files_where("state = ?1 ORDER BY id", [state.word()])?);
        }
        found.sort_by_key(|row| row.id);
        Ok(found)
    }

    /// The files of a parcel, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn files_of_parcel(&self, parcel: i64) -> JournalResult<Vec<FileRow>> {
        self.files_where("parcel = ?1 ORDER BY id", [parcel])
    }

    /// Other files of this station with this content that were sent or are about to be, whatever lies under their names
    /// now: a file that was replaced after its parcel stood on a medium was sent all the same.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn same_content(&self, sha256: &[u8; 32], except: i64) -> JournalResult<Vec<FileRow>> {
        self.files_where(&format!("sha256 = ?1 AND id <> ?2 AND {SENT} ORDER BY id"), params![sha256, except])
    }

    /// Other files of this station that claim this identity and were sent or are about to be; see
    /// [`Journal::same_content`].
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn same_identity(&self, identity: &str, except: i64) -> JournalResult<Vec<FileRow>> {
        self.files_where(
            &format!("identity = ?1 AND id <> ?2 AND {SENT} ORDER BY id"),
            params![identity, except],
        )
    }

    pub(crate) fn files_where(
        &self,
        condition: &str,
        args: impl rusqlite::Params,
    ) -> JournalResult<Vec<FileRow>> {
        let mut rows = files_where(&self.conn, condition, args)?;
        for row in &mut rows {
            row.place.root = from_stored(self.folder(), std::mem::take(&mut row.place.root));
        }
        Ok(rows)
    }
}

/// Was sent or is about to be. The state alone does not tell: a source that changed after its parcel was committed is
/// GONE, and its claims are under way.
const SENT: &str = "(state IN ('GATED', 'IN_PARCEL', 'KEPT', 'ARCHIVED') OR EXISTS (SELECT 1 FROM parcel_file AS sent \
    JOIN parcel ON parcel.row = sent.parcel WHERE sent.file = file.id AND parcel.committed_at IS NOT NULL))";

fn file_at(conn: &Connection, root: &str, path: &str) -> JournalResult<Option<FileRow>> {
    Ok(files_where(conn, AT, [root, path])?.pop())
}

/// The newest live row of a place. A trial (確認試験) has rows of its own: it never speaks for the month's file.
const AT: &str = "root = ?1 AND path = ?2 AND state NOT IN ('GONE', 'ARCHIVED') AND purpose IS NOT 'trial' \
    ORDER BY id DESC LIMIT 1";

fn files_where(
    conn: &Connection,
    condition: &str,
    args: impl rusqlite::Params,
) -> JournalResult<Vec<FileRow>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM file WHERE {condition}"))?;
    let rows = statement.query_map(args, read_row)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// An update that met no row was meant for one that does not exist.
pub(crate) fn one_changed(changed: usize, subject: Subject) -> JournalResult<()> {
    if changed == 0 { Err(JournalError::NotFound { subject: subject.to_string() }) } else { Ok(()) }
}
