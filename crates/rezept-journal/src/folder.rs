//! The data folder: made so that only this user reads it, where the platform has such rights. Never opens it for others.

use std::fs;
use std::io;
use std::path::Path;

use crate::error::{JournalError, JournalResult};
#[cfg(unix)]
use crate::unix as platform;
#[cfg(not(unix))]
use crate::windows as platform;

/// Files by which a data folder of ours is known.
const OURS: &[&str] = &["journal.db", "journal.mark", "engine.lock"];

/// Makes the data folder and those above it, readable by this user only where the platform has such rights (0700).
///
/// One that is there already is restricted to this user when it is empty or has been a data folder before. Any other is
/// left as it is: a mistyped setting must not lock people out of a folder of theirs.
///
/// # Errors
/// When it cannot be made or restricted.
pub fn make_data_folder(data: &Path) -> JournalResult<()> {
    let failed = |verb| move |source| JournalError::Io { verb, path: data.to_owned(), source };
    match fs::metadata(data) {
        Ok(found) if found.is_dir() => {
            if is_ours(data).map_err(failed("read"))? {
                platform::restrict_folder(data).map_err(failed("restrict the rights of"))?;
            }
            Ok(())
        }
        _ => platform::make_folder(data).map_err(failed("make the folder")),
    }
}

fn is_ours(data: &Path) -> io::Result<bool> {
    let mut empty = true;
    for entry in fs::read_dir(data)? {
        empty = false;
        if OURS.iter().any(|name| entry.as_ref().is_ok_and(|entry| entry.file_name() == *name)) {
            return Ok(true);
        }
    }
    Ok(empty)
}

/// Makes an empty file that only this user may read, unless it is there. SQLite gives its side files the same rights.
pub(crate) fn make_private_file(path: &Path) -> JournalResult<()> {
    match platform::new_file_options().write(true).create_new(true).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(JournalError::Io { verb: "make", path: path.to_owned(), source }),
    }
}
