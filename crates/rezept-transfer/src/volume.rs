//! What the protocol needs from a file system, and nothing more. The real one is `os::OsVolume`; tests put a model or
//! a faulty one in its place. Everything is addressed by `RelPath` below one root: no path can leave it.

use std::fmt;
use std::io::{self, Read, Seek, Write};

use rezept_journal::VerifyLevel;

/// A path below the root of a volume: components joined by `/`, never empty, never `.` or `..`, never absolute.
///
/// The empty path is the root itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct RelPath(String);

impl RelPath {
    /// The root of the volume.
    pub const ROOT: Self = Self(String::new());

    /// Takes a path of one or more components. `None` if a component is empty, `.`, `..`, or holds a separator,
    /// a colon or a control character.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        text.split('/').all(is_component).then(|| Self(text.to_owned()))
    }

    /// The path of an entry of this folder. `None` under the conditions of [`RelPath::new`], or if `name` holds a `/`.
    #[must_use]
    pub fn join(&self, name: &str) -> Option<Self> {
        if !is_component(name) {
            return None;
        }
        Some(if self.0.is_empty() { Self(name.to_owned()) } else { Self(format!("{}/{name}", self.0)) })
    }

    /// The path as text, components joined by `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder that holds this entry; the root for a path of one component.
    #[must_use]
    pub fn parent(&self) -> Self {
        self.0.rsplit_once('/').map_or(Self::ROOT, |(folder, _)| Self(folder.to_owned()))
    }

    /// The last component; empty for the root.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The components from the root down.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}

fn is_component(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.chars().any(|c| matches!(c, '/' | '\\' | ':') || c.is_control())
}

/// What a name in a folder is. Links are never followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryKind {
    /// A regular file with one name.
    File,
    /// A regular file that has further names (hard links): its bytes can change behind our back.
    LinkedFile,
    /// A folder.
    Folder,
    /// A symbolic link, junction, device, pipe or socket: never opened.
    Other,
}

/// What a name stands for, without following links.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Meta {
    /// What it is.
    pub kind: EntryKind,
    /// Size in bytes; 0 for anything but files.
    pub size_bytes: u64,
    /// Last change in nanoseconds since 1970, as far as the file system knows it.
    pub modified_ns: i128,
    /// A number that stays with the file while it lives (inode, file index); 0 where there is none.
    pub file_id: u64,
}

/// One name in a folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The name; `Err` holds a lossy form of a name that is not a legal component or not Unicode.
    pub name: Result<String, String>,
    /// What it stands for.
    pub meta: Meta,
}

/// How a rename without replacement was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Renamed {
    /// In one atomic step that refuses to replace.
    Atomic,
    /// The file system refuses the flag: absence was checked first, then a plain rename (exfat-fuse).
    CheckedFirst,
}

/// What kind of storage a volume stands on, as far as the platform tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VolumeFacts {
    /// Name of the file system type (`ext4`, `fuseblk`, `NTFS`, ...); `unknown` where the platform does not say.
    pub file_system: String,
    /// Name of the block device below it, where there is one (`sdb1`, `loop0`).
    pub device: Option<String>,
    /// Whether the platform calls it removable.
    pub removable: Option<bool>,
    /// The name of the file system, where it has one and the platform tells it.
    pub label: Option<String>,
    /// The serial number of the device (Windows: of the volume), where the platform tells it.
    pub serial: Option<String>,
}

/// What was being done when a volume failed. Shown to people; the texts are fragments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// Looking into a folder.
    List,
    /// Asking what a name is.
    Stat,
    /// Making a folder.
    MakeFolder,
    /// Making a new file.
    Create,
    /// Opening or reading.
    Read,
    /// Writing.
    Write,
    /// Flushing a file, a folder or the volume.
    Flush,
    /// Giving a final name.
    Rename,
    /// Removing.
    Remove,
    /// Opening the volume itself.
    OpenVolume,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::List => "list",
            Self::Stat => "look at",
            Self::MakeFolder => "make the folder",
            Self::Create => "create",
            Self::Read => "read",
            Self::Write => "write",
            Self::Flush => "flush",
            Self::Rename => "rename to",
            Self::Remove => "remove",
            Self::OpenVolume => "open",
        })
    }
}

/// A failure of a volume, with the verb and the place.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} {place}")]
pub struct VolumeError {
    /// What was being done.
    pub verb: Verb,
    /// Where: the volume's root and the path below it.
    pub place: String,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// What a failure means for the person at the desk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailureKind {
    /// The medium is no longer there (pulled, share gone).
    Gone,
    /// No room left.
    Full,
    /// Write-protected, or no permission.
    ReadOnly,
    /// The name is taken.
    Exists,
    /// A named thing is missing.
    Missing,
    /// Anything else: the device or the driver failed.
    Device,
    /// Nothing failed: this process was told to stop.
    Stopped,
}

impl VolumeError {
    /// Sorts the failure by what a person can do about it.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        use io::ErrorKind as K;
        match self.source.kind() {
            K::Other if self.source.get_ref().is_some_and(|cause| cause.is::<crate::Stopped>()) => {
                FailureKind::Stopped
            }
            K::StorageFull | K::QuotaExceeded | K::FileTooLarge => FailureKind::Full,
            K::ReadOnlyFilesystem | K::PermissionDenied => FailureKind::ReadOnly,
            K::AlreadyExists => FailureKind::Exists,
            K::NotFound if self.verb == Verb::OpenVolume => FailureKind::Gone,
            K::NotFound => FailureKind::Missing,
            K::NotConnected | K::StaleNetworkFileHandle | K::NetworkDown | K::HostUnreachable => {
                FailureKind::Gone
            }
            _ if crate::os::device_is_gone(&self.source) => FailureKind::Gone,
            _ => FailureKind::Device,
        }
    }
}

/// Short for the result of every volume operation.
pub type VolumeResult<T> = Result<T, VolumeError>;

/// A file being written. Dropping it closes it; nothing is durable before a flush of the volume.
pub trait NewFile: Write + Send {
    /// Closes the file, reporting what closing can report; what the file system tells later is told by the next flush.
    /// Makes nothing durable. Every other operation of the volume then finds the file as it was written.
    ///
    /// # Errors
    /// When the last bytes cannot be handed to the file system.
    fn close(self: Box<Self>) -> io::Result<()>;
}

/// A file open for reading at any place of it.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send + ?Sized> ReadSeek for T {}

/// A second reading of what was just written, with a record of how far down it looked.
pub trait ReadBack {
    /// Opens one of the files, past every cache that the platform lets us pass.
    ///
    /// # Errors
    /// When the file cannot be opened.
    fn open(&mut self, path: &RelPath) -> VolumeResult<Box<dyn Read + Send>>;

    /// Ends the reading of `bytes` bytes and says what it proved: `L1` (perhaps from a cache), `L2` (past the cache) or
    /// `L3` (device cache dropped too). Never more than what can be shown.
    fn finish(self: Box<Self>, bytes: u64) -> VerifyLevel;
}

/// One folder tree on which the protocol works: a medium, an inbox, a source folder, an archive.
pub trait Volume: Send + Sync {
    /// The root, as people know it. For messages only.
    fn root(&self) -> String;

    /// What the platform says about the storage below.
    fn facts(&self) -> VolumeFacts;

    /// Free bytes for this user; `None` where the platform does not say.
    ///
    /// # Errors
    /// When the volume does not answer.
    fn free_bytes(&self) -> VolumeResult<Option<u64>>;

    /// The entries of a folder in no order; `None` if there is no such folder.
    ///
    /// # Errors
    /// When it cannot be listed.
    fn list(&self, folder: &RelPath) -> VolumeResult<Option<Vec<Entry>>>;

    /// What a name stands for; `None` if there is nothing.
    ///
    /// # Errors
    /// When the volume does not answer.
    fn stat(&self, path: &RelPath) -> VolumeResult<Option<Meta>>;

    /// Makes one folder. Its parent must exist.
    ///
    /// # Errors
    /// `Exists` when the name is taken.
    fn make_folder(&self, path: &RelPath) -> VolumeResult<()>;

    /// Makes a new file and opens it for writing.
    ///
    /// # Errors
    /// `Exists` when the name is taken, whatever it stands for.
    fn create_new(&self, path: &RelPath) -> VolumeResult<Box<dyn NewFile>>;

    /// As [`Volume::create_new`], for a file that is read soon, never made durable, and removed then: it may stay in the
    /// ordinary cache. The default makes no difference.
    ///
    /// # Errors
    /// As [`Volume::create_new`].
    fn create_scratch(&self, path: &RelPath) -> VolumeResult<Box<dyn NewFile>> {
        self.create_new(path)
    }

    /// Opens a regular file for reading, through the ordinary cache. Links and other things are refused.
    ///
    /// # Errors
    /// When it is missing, not a regular file, or cannot be opened.
    fn open(&self, path: &RelPath) -> VolumeResult<Box<dyn Read + Send>>;

    /// As [`Volume::open`], for reading at any place of the file.
    ///
    /// # Errors
    /// As [`Volume::open`].
    fn open_seek(&self, path: &RelPath) -> VolumeResult<Box<dyn ReadSeek>>;

    /// Prepares to read the named files again, past the caches. Call after a flush.
    ///
    /// # Errors
    /// When the volume does not answer.
    fn read_back(&self, files: &[RelPath]) -> VolumeResult<Box<dyn ReadBack + '_>>;

    /// Makes everything written and renamed below `paths` durable with as few flushes as the platform allows: one for
    /// the whole file system on Linux, one a file elsewhere. `paths` names every file and folder that was made.
    ///
    /// # Errors
    /// A failed flush is final: the data must be written again under another name.
    fn flush(&self, paths: &[RelPath]) -> VolumeResult<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// As [`Volume::flush`].
    fn flush_folder(&self, folder: &RelPath) -> VolumeResult<()>;

    /// Asks the platform to begin writing what is pending, without waiting. A hint: the default does nothing.
    fn start_flush(&self) {}

    /// Gives `from` the name `to`, in the same volume, and never replaces anything.
    ///
    /// # Errors
    /// `Exists` when `to` is taken.
    fn rename_new(&self, from: &RelPath, to: &RelPath) -> VolumeResult<Renamed>;

    /// Removes a file (or a link, never what it points to).
    ///
    /// # Errors
    /// When it is missing or cannot be removed.
    fn remove_file(&self, path: &RelPath) -> VolumeResult<()>;

    /// Removes an empty folder.
    ///
    /// # Errors
    /// When it is missing, not empty, or cannot be removed.
    fn remove_folder(&self, path: &RelPath) -> VolumeResult<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_cannot_leave_the_root() {
        for bad in ["", "..", "a/../b", "/a", "a//b", "a\\b", "C:x", "a/.", "a\nb", "x/"] {
            assert!(RelPath::new(bad).is_none(), "{bad:?}");
        }
        let path = RelPath::new("a/b").unwrap();
        assert_eq!(path.join("c").unwrap().as_str(), "a/b/c");
        assert!(path.join("c/d").is_none());
        assert_eq!(path.parent().as_str(), "a");
        assert_eq!(path.parent().parent(), RelPath::ROOT);
        assert_eq!(RelPath::ROOT.join("x").unwrap().as_str(), "x");
    }
}
