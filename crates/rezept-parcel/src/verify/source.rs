//! Where `verify` reads a bag from: a small read-only trait, and its implementation for a folder that the caller
//! has opened. Nothing here follows a link or leaves that folder.

use std::io::{self, Read};

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::fs::{Dir, OpenOptions};

/// The deepest folder that is listed. Real bags have a handful of levels; a hostile one could have millions.
pub const MAX_DEPTH: usize = 64;

/// One thing below the bag's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceEntry {
    /// Path from the bag's folder, with `/`; for [`EntryKind::BadName`] with U+FFFD for what is not text.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What stands in a bag's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file of so many bytes.
    File(u64),
    /// A folder, whose entries are listed too.
    Dir,
    /// A symbolic link or junction; never followed.
    Link,
    /// A device, FIFO or socket.
    Other,
    /// A name that is not valid text; not looked into.
    BadName,
    /// A folder below [`MAX_DEPTH`]; not looked into.
    TooDeep,
}

/// A bag as `verify` sees it. Implementations give what is there and decide nothing.
pub trait BagSource {
    /// Lists everything below the bag's folder, in any order; stops after `limit` entries.
    ///
    /// # Errors
    /// The first error of the medium: a listing with holes would pass for a smaller bag.
    fn list(&self, limit: usize) -> io::Result<Vec<SourceEntry>>;

    /// Opens a file that [`list`](Self::list) gave, from its beginning.
    ///
    /// # Errors
    /// Also when the path has become something else than a regular file.
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + '_>>;
}

/// A bag in a folder, held by a capability: no path given to it can reach anything outside.
#[derive(Debug)]
pub struct DirSource {
    dir: Dir,
}

impl DirSource {
    /// Reads the bag in `dir`.
    pub const fn new(dir: Dir) -> Self {
        Self { dir }
    }
}

impl BagSource for DirSource {
    fn list(&self, limit: usize) -> io::Result<Vec<SourceEntry>> {
        let mut found = Vec::new();
        let mut open = vec![(self.dir.try_clone()?, String::new(), 0)];
        while let Some((dir, prefix, depth)) = open.pop() {
            for entry in dir.entries()? {
                if found.len() >= limit {
                    return Ok(found);
                }
                let entry = entry?;
                let name = entry.file_name();
                let Some(text) = name.to_str() else {
                    let path = format!("{prefix}{}", name.to_string_lossy());
                    found.push(SourceEntry { path, kind: EntryKind::BadName });
                    continue;
                };
                let path = format!("{prefix}{text}");
                let meta = dir.symlink_metadata(&name)?;
                let kind = match meta.file_type() {
                    kind if kind.is_symlink() => EntryKind::Link,
                    kind if kind.is_dir() && depth >= MAX_DEPTH => EntryKind::TooDeep,
                    kind if kind.is_dir() => {
                        open.push((dir.open_dir_nofollow(&name)?, format!("{path}/"), depth + 1));
                        EntryKind::Dir
                    }
                    kind if kind.is_file() => EntryKind::File(meta.len()),
                    _ => EntryKind::Other,
                };
                found.push(SourceEntry { path, kind });
            }
        }
        Ok(found)
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Read + '_>> {
        let mut options = OpenOptions::new();
        // Nonblocking, or a FIFO put in the file's place since the listing would hang us.
        options.read(true).follow(FollowSymlinks::No).nonblock(true);
        let file = self.dir.open_with(path, &options)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no longer a regular file"));
        }
        Ok(Box::new(file))
    }
}
