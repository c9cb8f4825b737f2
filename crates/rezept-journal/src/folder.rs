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

/// Begins the stored form of a place inside the data folder; the rest is relative to it.
const INSIDE: &str = "./";

/// A place as it is stored: one inside the data folder relative to it, so that the folder can be moved.
pub(crate) fn to_stored(data: &Path, place: &str) -> String {
    let Ok(inside) = Path::new(place).strip_prefix(data) else { return place.to_owned() };
    let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
    format!("{INSIDE}{}", parts.join("/"))
}

/// A stored place as it is where the data folder lies now.
pub(crate) fn from_stored(data: &Path, stored: String) -> String {
    match stored.strip_prefix(INSIDE) {
        None => stored,
        Some("") => data.to_string_lossy().into_owned(),
        Some(inside) => {
            inside.split('/').fold(data.to_owned(), |at, part| at.join(part)).to_string_lossy().into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_inside_the_data_folder_moves_with_it() {
        let (old, new) = (Path::new("/var/lib/rezept"), Path::new("/mnt/d"));
        let file = old.join("resubmissions").join("2025");
        let stored = to_stored(old, &file.to_string_lossy());
        assert_eq!(stored, "./resubmissions/2025");
        assert_eq!(Path::new(&from_stored(new, stored)), new.join("resubmissions").join("2025"));
        assert_eq!(Path::new(&from_stored(new, to_stored(old, "/var/lib/rezept"))), new);
        assert_eq!(from_stored(new, to_stored(old, "/var/lib/rezept-other/x")), "/var/lib/rezept-other/x");
    }
}
