//! Windows keeps rights in access lists that a folder inherits from the one above it; nothing is changed there.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a folder and those missing above it.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Leaves the folder to its access list.
#[expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix")]
pub(crate) fn restrict_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Options that make an ordinary file.
pub(crate) fn new_file_options() -> OpenOptions {
    OpenOptions::new()
}
