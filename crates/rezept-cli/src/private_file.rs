//! Files that this program writes for a person and that may tell of patients: readable by that person only, where the platform
//! has such rights.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a new file, for this user only.
///
/// # Errors
/// When the name is taken, or the file cannot be made.
pub fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    crate::unix::for_owner_only(&mut options);
    options.open(path)
}
