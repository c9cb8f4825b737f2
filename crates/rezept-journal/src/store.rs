//! Opening the journal: pragmas read back, schema brought up to date, the data folder's own memory of it compared.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use crate::clock::Clock;
use crate::disk::{Disk, Fitness};
use crate::error::{JournalError, JournalResult};

/// How long one process waits for another one's short transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Every released schema, in order. `user_version` counts how many are in place.
const SCHEMAS: &[&str] = &[include_str!("schema/0001.sql")];

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

/// The right to work in a data folder. The operating system takes it back when the process dies.
#[derive(Debug)]
pub struct EngineLock {
    _file: File,
}

impl EngineLock {
    /// Takes the lock without waiting.
    ///
    /// # Errors
    /// `EngineBusy` when another process holds it; `Io` when the data folder does not answer.
    pub fn acquire(data: &Path) -> JournalResult<Self> {
        let path = data.join("engine.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| JournalError::Io { verb: "open", path: path.clone(), source })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(JournalError::EngineBusy),
            Err(TryLockError::Error(source)) => Err(JournalError::Io { verb: "lock", path, source }),
        }
    }
}

impl Journal {
    /// Opens the journal of the data folder, making it on first use.
    ///
    /// # Errors
    /// `UnfitDisk`, `NewerSchema`, `Lost`, `Behind`, `Damaged`: see there. Nothing is changed in those cases.
    pub fn open(data: &Path, disk: &Disk, clock: Arc<dyn Clock>, actor: &str) -> JournalResult<Self> {
        if disk.fitness() == Fitness::Unfit {
            return Err(JournalError::UnfitDisk { file_system: disk.file_system.clone() });
        }
        let database = data.join("journal.db");
        let mark = Mark::read(data)?;
        if mark.is_some() && !database.try_exists().unwrap_or(true) {
            return Err(JournalError::Lost);
        }
        let mut conn = Connection::open(&database)?;
        prepare(&conn)?;
        check_sound(&conn)?;
        MIGRATIONS.to_latest(&mut conn).map_err(migration_error)?;
        let mut journal = Self { conn, clock, actor: actor.to_owned(), folder: data.to_owned() };
        journal.compare_mark(mark)?;
        Ok(journal)
    }

    /// Opens the journal to look at it, beside a working service. Never makes one: `None` if there is none yet.
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
            Self::open(data, disk, clock, actor).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
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

    /// Remembers the highest sequence number outside the database, so that a restored old journal is noticed.
    pub(crate) fn write_mark(&self) -> JournalResult<()> {
        let mark = Mark {
            journal_id: self.meta("journal_id")?.unwrap_or_default(),
            sequence: self.highest_sequence()?,
        };
        mark.write(&self.folder)
    }

    pub(crate) fn meta(&self, key: &str) -> JournalResult<Option<String>> {
        use rusqlite::OptionalExtension;
        Ok(self
            .conn
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
            .optional()?)
    }

    fn compare_mark(&mut self, mark: Option<Mark>) -> JournalResult<()> {
        let id = self.meta("journal_id")?;
        match (id, mark) {
            (Some(id), Some(mark)) if id != mark.journal_id => Err(JournalError::Lost),
            (Some(_), Some(mark)) => {
                let journal = self.highest_sequence()?;
                if journal < mark.sequence {
                    return Err(JournalError::Behind { journal, marked: mark.sequence });
                }
                Ok(())
            }
            (None, Some(_)) => Err(JournalError::Lost),
            (Some(_), None) => self.write_mark(),
            (None, None) => {
                let tx = self.conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
                tx.execute(
                    "INSERT OR IGNORE INTO meta VALUES ('journal_id', lower(hex(randomblob(16))))",
                    [],
                )?;
                tx.commit()?;
                self.write_mark()
            }
        }
    }

    /// The highest sequence number given to an outgoing parcel; 0 before the first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn highest_sequence(&self) -> JournalResult<u64> {
        let highest: Option<i64> =
            self.conn.query_row("SELECT max(sequence) FROM parcel WHERE direction = 'out'", [], |row| {
                row.get(0)
            })?;
        Ok(highest.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
    }
}

fn prepare(conn: &Connection) -> JournalResult<()> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = SCHEMAS.len();
    if usize::try_from(version).unwrap_or(usize::MAX) > known {
        return Err(JournalError::NewerSchema { known });
    }
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")?;
    let level: i64 = conn.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") || level != 2 {
        return Err(JournalError::Damaged { detail: format!("journal_mode {mode}, synchronous {level}") });
    }
    conn.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn check_sound(conn: &Connection) -> JournalResult<()> {
    let verdict: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
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

/// What the data folder remembers outside the database (`journal.mark`): which journal, and how far it had come.
struct Mark {
    journal_id: String,
    sequence: u64,
}

impl Mark {
    fn read(data: &Path) -> JournalResult<Option<Self>> {
        let path = data.join("journal.mark");
        let mut text = String::new();
        match File::open(&path).and_then(|file| file.take(1024).read_to_string(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(JournalError::Io { verb: "read", path, source }),
        }
        let mut lines = text.lines();
        let journal_id = lines.next().unwrap_or_default().to_owned();
        let sequence = lines.next().and_then(|line| line.parse().ok());
        match sequence {
            Some(sequence) if !journal_id.is_empty() => Ok(Some(Self { journal_id, sequence })),
            _ => Err(JournalError::Damaged { detail: "journal.mark is not readable".to_owned() }),
        }
    }

    /// Replaces the file in one step: on a local disk that is safe, and a torn mark would stop the station.
    fn write(&self, data: &Path) -> JournalResult<()> {
        let path = data.join("journal.mark");
        let replace = || -> io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".journal.mark").tempfile_in(data)?;
            write!(file, "{}\n{}\n", self.journal_id, self.sequence)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        replace().map_err(|source| JournalError::Io { verb: "write", path: path.clone(), source })
    }
}

/// Makes the data folder and those above it, readable by this user only where the platform has such rights.
///
/// # Errors
/// When it cannot be made.
pub fn make_data_folder(data: &Path) -> JournalResult<()> {
    fs::create_dir_all(data).map_err(|source| JournalError::Io {
        verb: "make the folder",
        path: data.to_owned(),
        source,
    })
}
