//! Opening the journal: pragmas read back, schema brought up to date, the data folder's own memory of it compared.
//! Changes nothing before all of that was found in order.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use crate::clock::Clock;
use crate::disk::{Disk, Fitness};
use crate::error::{JournalError, JournalResult};
use crate::folder;
use crate::history;
use crate::mark::Mark;

/// Databases up to this size are checked page by page at every opening: that takes a small part of a second.
const CHECKED_WHOLE_BYTES: u64 = 16 * 1024 * 1024;

/// What a working station decides by. In a larger database these tables are checked, with their indexes, whenever it is
/// opened for work. The others are returned claims, the history and the claims of the register, which grow for years; SQLite
/// looks at the shape of each page of theirs when it reads it, and [`Journal::check_every_page`] at all of them.
///
/// The claims of the register decide too, but ten years of a hospital are a quarter of a gigabyte, and reading all of it would
/// cost every command a second. So the contents are checked here, and the prints of a content are counted whenever they
/// are read.
const DECIDING: &[&str] = &[
    "meta",
    "file",
    "parcel",
    "parcel_file",
    "intent",
    "request",
    "alert",
    "operator",
    "operator_role",
    "witness",
    "return_file",
    "resubmission",
    "resubmission_claim",
    "reason",
    "decision",
    "medium",
    "parcel_medium",
    "register_content",
];

/// What a journal is opened for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Work,
    Look,
}

/// How long one process waits for another one's short transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait where SQLite does not wait by itself, before asking again.
const SHORT_WAIT: Duration = Duration::from_millis(10);

/// Every released schema, in order. `user_version` counts how many are in place.
const SCHEMAS: &[&str] = &[
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
];

static MIGRATIONS: LazyLock<Migrations<'static>> =
    LazyLock::new(|| Migrations::new(SCHEMAS.iter().map(|sql| M::up(sql)).collect()));

/// The state of a station. One connection; share it by having one owner.
pub struct Journal {
    pub(crate) conn: Connection,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) actor: String,
    folder: PathBuf,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Journal {
    /// Opens the journal of the data folder to work with it, making it on first use. A database of usual size is checked
    /// page by page; of a large one everything that decides about sending is.
    ///
    /// # Errors
    /// `UnfitDisk`, `NewerSchema`, `Lost`, `Behind`, `Damaged`: see there. Nothing is changed in those cases.
    pub fn open(data: &Path, disk: &Disk, clock: Arc<dyn Clock>, actor: &str) -> JournalResult<Self> {
        Self::open_for(Purpose::Work, data, disk, clock, actor)
    }

    fn open_for(
        purpose: Purpose,
        data: &Path,
        disk: &Disk,
        clock: Arc<dyn Clock>,
        actor: &str,
    ) -> JournalResult<Self> {
        if disk.fitness() == Fitness::Unfit {
            return Err(JournalError::UnfitDisk { file_system: disk.file_system.clone() });
        }
        // The mark before the database: another process may go on meanwhile, so what is read later is never older.
        let mark = Mark::read(data)?;
        let database = data.join("journal.db");
        if !database.try_exists().unwrap_or(true) {
            if mark.is_some() {
                return Err(JournalError::Lost);
            }
            folder::make_private_file(&database)?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut conn = Connection::open_with_flags(&database, flags)?;
        conn.busy_timeout(BUSY_TIMEOUT)?;
        let fresh = is_fresh(&conn)?;
        if fresh && mark.is_some() {
            return Err(JournalError::Lost);
        }
        set_up(&conn)?;
        if !fresh {
            check_whole(&conn, &database)?;
            check_sound(&conn, purpose)?;
        }
        if let Some(mark) = &mark {
            compare(&conn, mark)?;
        }
        migrate(&mut conn)?;
        let journal = Self { conn, clock, actor: actor.to_owned(), folder: data.to_owned() };
        journal.take_name()?;
        journal.catch_up(mark.as_ref())?;
        Ok(journal)
    }

    /// Opens the journal to look at it, beside a working service. Never makes one: `None` if there is none yet. A large
    /// database is not checked beforehand: who looks must not wait for as long as reading all of it takes, and decides
    /// nothing; damage in what is read is still called so.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_existing(
        data: &Path,
        disk: &Disk,
        clock: Arc<dyn Clock>,
        actor: &str,
    ) -> JournalResult<Option<Self>> {
        if data.join("journal.db").try_exists().unwrap_or(false) || Mark::read(data)?.is_some() {
            Self::open_for(Purpose::Look, data, disk, clock, actor).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has SQLite look at every page of the database, however large: what [`Journal::open`] leaves out of a large one.
    ///
    /// # Errors
    /// `Damaged`.
    pub fn check_every_page(&self) -> JournalResult<()> {
        check_pages(&self.conn, None)
    }

    /// Says who acts from now on: `service`, or the name of a command.
    pub fn set_actor(&mut self, actor: &str) {
        actor.clone_into(&mut self.actor);
    }

    /// Number of changes that other connections committed; changes when, and only when, one of them wrote.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn data_version(&self) -> JournalResult<i64> {
        Ok(self.conn.query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }

    /// Remembers outside the database how far the journal has come. Called after a change that must not be forgotten and
    /// is stored already: if the mark cannot be written it lags, which the next opening accepts and mends.
    pub(crate) fn remember(&self) {
        let _ = self.write_mark();
    }

    fn write_mark(&self) -> JournalResult<()> {
        now(&self.conn)?.write(&self.folder)
    }

    /// A new journal gets its random name; the first of two that open it at once gives it.
    fn take_name(&self) -> JournalResult<()> {
        if meta(&self.conn, "journal_id")?.is_none() {
            self.conn.execute(
                "INSERT OR IGNORE INTO meta VALUES ('journal_id', lower(hex(randomblob(16))))",
                [],
            )?;
        }
        Ok(())
    }

    /// Writes the mark anew if a crash or a full disk left it behind.
    fn catch_up(&self, mark: Option<&Mark>) -> JournalResult<()> {
        if mark.is_some_and(|mark| now(&self.conn).is_ok_and(|now| now.head == mark.head)) {
            return Ok(());
        }
        match self.write_mark() {
            // On a full disk people must still be able to look; the mark there is only old.
            Err(JournalError::Io { source, .. })
                if mark.is_some() && source.kind() == io::ErrorKind::StorageFull =>
            {
                Ok(())
            }
            other => other,
        }
    }

    /// The highest sequence number given to an outgoing parcel; 0 before the first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn highest_sequence(&self) -> JournalResult<u64> {
        highest_sequence(&self.conn)
    }
}

pub(crate) fn highest_sequence(conn: &Connection) -> JournalResult<u64> {
    let highest: Option<u64> = conn
        .prepare_cached("SELECT max(sequence) FROM parcel WHERE direction = 'out'")?
        .query_row([], |row| row.get(0))?;
    Ok(highest.unwrap_or(0))
}

fn meta(conn: &Connection, key: &str) -> JournalResult<Option<String>> {
    Ok(conn.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()?)
}

/// The mark that this journal deserves now.
fn now(conn: &Connection) -> JournalResult<Mark> {
    Ok(Mark {
        journal_id: meta(conn, "journal_id")?.unwrap_or_default(),
        // The end first: if another connection writes in between, the mark is older in one number, never ahead.
        head: history::head(conn)?,
        sequence: highest_sequence(conn)?,
    })
}

/// Whether the journal is the one that the data folder remembers, and no older.
fn compare(conn: &Connection, mark: &Mark) -> JournalResult<()> {
    if meta(conn, "journal_id")?.as_ref() != Some(&mark.journal_id) {
        return Err(JournalError::Lost);
    }
    let sequence = highest_sequence(conn)?;
    if sequence < mark.sequence {
        return Err(JournalError::Behind { journal: sequence, marked: mark.sequence });
    }
    let head = history::head(conn)?;
    if head.seq < mark.head.seq {
        return Err(JournalError::Behind { journal: head.seq, marked: mark.head.seq });
    }
    // An old copy that went on by itself has the entry, but another one.
    if mark.head.seq > 0 && history::hash_at(conn, mark.head.seq)? != Some(mark.head.hash) {
        return Err(JournalError::Lost);
    }
    Ok(())
}

/// Whether the database is still empty. Refuses what a newer program or another one made, before anything is changed.
fn is_fresh(conn: &Connection) -> JournalResult<bool> {
    let look = rusqlite::Transaction::new_unchecked(conn, TransactionBehavior::Deferred)?;
    let version: i64 = look.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let objects: i64 = look.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let known = SCHEMAS.len();
    match usize::try_from(version) {
        Ok(0) if objects == 0 => Ok(true),
        Ok(version) if version > known => Err(JournalError::NewerSchema { known }),
        Ok(1..) if objects > 0 => Ok(false),
        _ => Err(JournalError::Damaged { detail: "journal.db is not a journal".to_owned() }),
    }
}

/// The cache holds what one large return file touches, so that its pages are written once.
fn set_up(conn: &Connection) -> JournalResult<()> {
    let mode = set_wal(conn)?;
    conn.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; \
         PRAGMA cell_size_check = ON; PRAGMA cache_size = -16384;",
    )?;
    let level: i64 = conn.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    let keys: bool = conn.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") || level != 2 || !keys {
        let detail = format!("journal_mode {mode}, synchronous {level}, foreign_keys {keys}");
        return Err(JournalError::Damaged { detail });
    }
    conn.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Two processes may meet here on first use. SQLite does not wait for the other one in this place, so we do.
fn set_wal(conn: &Connection) -> JournalResult<String> {
    let mut waited = Duration::ZERO;
    loop {
        let set = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match set.map_err(JournalError::from) {
            Err(JournalError::Locked) if waited < BUSY_TIMEOUT => std::thread::sleep(SHORT_WAIT),
            other => return other,
        }
        waited += SHORT_WAIT;
    }
}

/// Brings the schema up to date. Two processes may meet here on first use: then one finds the work done.
fn migrate(conn: &mut Connection) -> JournalResult<()> {
    conn.set_transaction_behavior(TransactionBehavior::Immediate);
    let migrated = MIGRATIONS.to_latest(conn).map_err(migration_error);
    conn.set_transaction_behavior(TransactionBehavior::Deferred);
    match migrated {
        Err(JournalError::Sqlite(_) | JournalError::Locked)
            if conn.query_row("PRAGMA user_version", [], |row| row.get(0)) == Ok(SCHEMAS.len()) =>
        {
            Ok(())
        }
        other => other,
    }
}

/// SQLite reads zeros where the last page was cut short. Looked at only while no log lies beside the database: a crash in
/// the middle of a checkpoint leaves such a page too, and the log has it whole.
fn check_whole(conn: &Connection, database: &Path) -> JournalResult<()> {
    let page_bytes: u64 = conn.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let length = |path: &Path| path.metadata().map_or(0, |found| found.len());
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    if !length(database).is_multiple_of(page_bytes) && length(Path::new(&log)) == 0 {
        return Err(JournalError::Damaged { detail: "the end of journal.db was cut off".to_owned() });
    }
    Ok(())
}

fn check_sound(conn: &Connection, purpose: Purpose) -> JournalResult<()> {
    let pages: u64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let page_bytes: u64 = conn.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    match purpose {
        _ if pages.saturating_mul(page_bytes) <= CHECKED_WHOLE_BYTES => check_pages(conn, None),
        Purpose::Look => Ok(()),
        // An older schema has not all of them.
        Purpose::Work => {
            DECIDING.iter().filter(|table| has(conn, table)).try_for_each(|t| check_pages(conn, Some(t)))
        }
    }
}

fn has(conn: &Connection, table: &str) -> bool {
    conn.table_exists(None, table).unwrap_or(true)
}

/// Has SQLite look at every page of a table and its indexes, or of the whole database.
fn check_pages(conn: &Connection, table: Option<&str>) -> JournalResult<()> {
    let sql = table
        .map_or_else(|| "PRAGMA quick_check(1)".to_owned(), |table| format!("PRAGMA quick_check({table})"));
    let verdict: String = conn.query_row(&sql, [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(JournalError::Damaged { detail: verdict }) }
}

fn migration_error(error: rusqlite_migration::Error) -> JournalError {
    match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err.into(),
        rusqlite_migration::Error::MigrationDefinition(_) => {
            JournalError::NewerSchema { known: SCHEMAS.len() }
        }
        other => JournalError::Damaged { detail: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_connection_flushes_each_commit_and_keeps_references() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk { file_system: "ext4".to_owned(), removable: None };
        let open = || Journal::open(folder.path(), &disk, Arc::new(crate::SystemClock), "test").unwrap();
        for journal in [open(), open()] {
            let pragma = |name: &str| -> String {
                let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
                journal.conn.query_row(&sql, [], |row| row.get(0)).unwrap()
            };
            assert_eq!(pragma("journal_mode"), "wal");
            assert_eq!(pragma("synchronous"), "2");
            assert_eq!(pragma("foreign_keys"), "1");
            assert_eq!(pragma("trusted_schema"), "0");
        }
    }

    #[test]
    fn a_database_that_may_not_grow_is_full_and_keeps_no_half_of_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk { file_system: "ext4".to_owned(), removable: None };
        let mut journal = Journal::open(folder.path(), &disk, Arc::new(crate::SystemClock), "test").unwrap();
        let pages: i64 = journal.conn.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let note = "a long remark ".repeat(1000);
        let (mut full, mut stored) = (0, 0);
        for room in 0..30 {
            let limit = format!("PRAGMA max_page_count = {}", pages + room);
            journal.conn.query_row(&limit, [], |_| Ok(())).unwrap();
            let before = journal.checkpoint().unwrap();
            match journal.remark(crate::Subject::Station, "RZ-S001", &note) {
                Ok(()) => stored += 1,
                Err(JournalError::Full) => {
                    full += 1;
                    assert_eq!(journal.checkpoint().unwrap(), before);
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(full > 5 && stored > 5, "{full} full, {stored} stored");
        let report = journal.verify_chain(&[]).unwrap();
        assert!(report.is_sound() && report.entries == stored, "{report:?}");
    }

    #[test]
    fn the_schemas_build_on_each_other() {
        MIGRATIONS.validate().unwrap();
    }
}
