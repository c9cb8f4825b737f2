//! What can go wrong in the journal, sorted by what a person can do about it.

use std::io;
use std::path::PathBuf;

use crate::state::UnknownWord;

/// A failure of the journal. Nothing was changed when one is returned.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The data folder lies on storage on which SQLite is not safe.
    #[error("the data folder lies on {file_system}, which is not safe for the journal")]
    UnfitDisk {
        /// What the storage is.
        file_system: String,
    },
    /// A newer `rezept` wrote it.
    #[error("the journal has a newer schema than the {known} this program knows")]
    NewerSchema {
        /// Newest schema known here.
        known: usize,
    },
    /// SQLite finds it damaged, or it contradicts itself.
    #[error("the journal is damaged: {detail}")]
    Damaged {
        /// What was found.
        detail: String,
    },
    /// The data folder remembers a journal, but it is gone or another one stands in its place.
    #[error("the journal of this data folder is missing or was replaced")]
    Lost,
    /// It is older than what the data folder remembers: restored from a backup, or its end was cut off.
    #[error("the journal is older than its data folder remembers ({journal} < {marked})")]
    Behind {
        /// How far the journal has come: parcels sent, or entries of its history.
        journal: u64,
        /// How far the data folder remembers it to have come.
        marked: u64,
    },
    /// Another process is working.
    #[error("another rezept is working in this data folder")]
    EngineBusy,
    /// Another process keeps the database locked.
    #[error("the journal is locked by another program")]
    Locked,
    /// No room on the journal's disk.
    #[error("no room on the disk of the journal")]
    Full,
    /// A move that the design does not allow: a bug.
    #[error("{subject} may not go from {from} to {to}")]
    IllegalMove {
        /// What was to move.
        subject: String,
        /// Its state.
        from: &'static str,
        /// The state asked for.
        to: &'static str,
    },
    /// There is no such row.
    #[error("the journal has no {subject}")]
    NotFound {
        /// What was looked for.
        subject: String,
    },
    /// A stored word is not known.
    #[error("the journal holds an unknown word")]
    Word(#[from] UnknownWord),
    /// The data folder itself failed.
    #[error("cannot {verb} {}", path.display())]
    Io {
        /// What was being done.
        verb: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// SQLite failed otherwise.
    #[error("the journal cannot be read or written")]
    Sqlite(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        use rusqlite::ffi;
        let error = match stored_nonsense(error) {
            Ok(nonsense) => return nonsense,
            Err(error) => error,
        };
        match (error.sqlite_error_code(), error.sqlite_extended_error_code()) {
            (Some(Code::DatabaseCorrupt | Code::NotADatabase), _)
            // The file ends where SQLite expects a page, or the file system says that it is damaged.
            | (_, Some(ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_IOERR_CORRUPTFS | ffi::SQLITE_IOERR_DATA)) => {
                Self::Damaged { detail: error.to_string() }
            }
            (Some(Code::DatabaseBusy | Code::DatabaseLocked), _) => Self::Locked,
            // SQLite cannot lengthen its side file: the way a full disk shows when the journal is opened.
            (Some(Code::DiskFull), _) | (_, Some(ffi::SQLITE_IOERR_SHMSIZE)) => Self::Full,
            _ => Self::Sqlite(error),
        }
    }
}

/// Values that this program never writes. The value itself is not told: it could be anything.
fn stored_nonsense(error: rusqlite::Error) -> Result<JournalError, rusqlite::Error> {
    use rusqlite::Error as Sql;
    let column = match error {
        Sql::FromSqlConversionFailure(column, _, source) => match source.downcast::<UnknownWord>() {
            Ok(word) => return Ok(JournalError::Word(*word)),
            Err(_) => column,
        },
        Sql::InvalidColumnType(column, ..) | Sql::IntegralValueOutOfRange(column, _) => column,
        Sql::Utf8Error(column, _) => column,
        other => return Err(other),
    };
    Ok(JournalError::Damaged { detail: format!("column {column} holds a value of another kind") })
}

/// Short for the result of every journal operation.
pub type JournalResult<T> = Result<T, JournalError>;
