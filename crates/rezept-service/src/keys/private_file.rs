//! Files of the key folder: readable by this user only, and either whole or not there. Knows nothing of what is in them.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

#[cfg(unix)]
use super::unix as platform;
#[cfg(not(unix))]
use super::windows as platform;

/// How a file is called until it is whole.
const UNFINISHED: &str = ".unfinished-";
/// No file of the key folder is longer: a vault of a hundred keys has 20 KB.
const MAX_BYTES: u64 = 1 << 20;

/// Makes the folder, for this user only.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    platform::make_folder(folder)
}

/// Reads a whole file; `None` if there is none.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(MAX_BYTES).read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(bytes))
}

/// Puts a file in place of an earlier one, in one step: on a local disk that is safe, and a torn file of keys would be a
/// lost one.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (folder, file) = unfinished(path, bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    platform::flush_folder(folder)
}

/// Puts a file where none is.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (folder, file) = unfinished(path, bytes)?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    platform::flush_folder(folder)
}

/// Gives a file another name, which must be free.
pub(super) fn put_aside(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(bytes) = read(from)? {
        create(to, &bytes)?;
        fs::remove_file(from)?;
    }
    platform::flush_folder(from.parent().unwrap_or(Path::new(".")))
}

/// A temporary file is made for this user only (0600) where the platform has such rights.
fn unfinished<'a>(path: &'a Path, bytes: &[u8]) -> io::Result<(&'a Path, tempfile::NamedTempFile)> {
    let folder = path.parent().unwrap_or(Path::new("."));
    sweep(folder);
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok((folder, file))
}

/// Removes what a killed process left. Only the holder of the engine lock writes here, so nothing else can be unfinished.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
