//! Opening what a person named on the command line: a regular file, never what a link points to. It reads nothing.

use std::fs::{self, File, OpenOptions};
use std::path::Path;

use crate::report::Failure;

/// Opens a regular file for reading.
///
/// # Errors
/// When there is none, when it is a link, a folder or a device, or when it may not be opened.
pub fn open_regular(path: &Path) -> Result<File, Failure> {
    let failed = |source| Failure::Open { path: path.to_owned(), source };
    let meta = fs::symlink_metadata(path).map_err(failed)?;
    if meta.is_symlink() {
        return Err(Failure::Link { path: path.to_owned() });
    }
    // Looked at before opening: to open a FIFO is to wait for its writer.
    if !meta.is_file() {
        return Err(Failure::NotAFile { path: path.to_owned() });
    }
    let file = OpenOptions::new().read(true).open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_file() {
        Ok(file)
    } else {
        Err(Failure::NotAFile { path: path.to_owned() })
    }
}
