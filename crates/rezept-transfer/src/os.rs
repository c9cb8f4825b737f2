//! The operating system's file systems as volumes. What only one system has is in `os/unix.rs` or `os/windows.rs`;
//! nothing here follows a link or joins a path as text, and nothing claims a verify level that was not shown.

mod aligned;
#[cfg(target_os = "linux")]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
use unix as sys;
#[cfg(windows)]
use windows as sys;

use std::fmt;
use std::io::{self, BufWriter, Read, Write};
use std::ops::Deref;
use std::path::Path;
use std::time::UNIX_EPOCH;

use cap_fs_ext::{
    DirEntryExt, DirExt, FollowSymlinks, MetadataExt, OpenOptionsFollowExt, OpenOptionsSyncExt,
};
use cap_std::fs::{Dir, File, Metadata, OpenOptions};

use crate::volume::{
    Entry, EntryKind, Meta, NewFile, ReadBack, ReadSeek, RelPath, Renamed, Verb, Volume, VolumeError,
    VolumeFacts, VolumeResult,
};

/// What small writes (tag files, headers) are gathered in. Larger writes pass straight through.
const WRITE_BUFFER: usize = 64 * 1024;

/// Whether an error says that the device below the volume has gone away. A plain I/O error does not: a device that
/// is still there may fail, and then another medium is needed, not the same one put back.
pub(crate) fn device_is_gone(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(sys::means_gone)
}

/// Whether a volume has less room than `needed_bytes`. FAT drivers report a full disk as `EPERM` or `EIO`: this names
/// the true cause of a failed write.
pub fn looks_full(volume: &dyn Volume, needed_bytes: u64) -> bool {
    matches!(volume.free_bytes(), Ok(Some(free)) if free < needed_bytes)
}

/// A folder of this machine as a volume.
///
/// It holds the folder open: when the medium mounted there goes away, every operation fails instead of silently working
/// on the folder below the mount point.
pub struct OsVolume {
    dir: Dir,
    shown: String,
    linked_files: bool,
    system: sys::System,
}

impl OsVolume {
    /// Opens an existing folder.
    ///
    /// # Errors
    /// When it is missing, not a folder, or the platform does not let us in.
    pub fn open(path: &Path) -> VolumeResult<Self> {
        let shown = path.display().to_string();
        match sys::System::open(path) {
            Ok((dir, system)) => Ok(Self { dir, shown, linked_files: false, system }),
            Err(source) => Err(VolumeError { verb: Verb::OpenVolume, place: shown, source }),
        }
    }

    /// Also opens files that have further names (hard links): for judging folders that others made. By default they
    /// are refused, because their bytes can change behind our back and may belong elsewhere.
    #[must_use]
    pub fn accept_linked_files(mut self) -> Self {
        self.linked_files = true;
        self
    }

    /// Names this mounting of this folder: differs when another medium answers under the same path, or the same one
    /// after it was put in again. Compare while running; never store it. `None` where the platform does not tell.
    #[must_use]
    pub fn identity(&self) -> Option<String> {
        let root = self.dir.dir_metadata().ok()?;
        Some(format!("{}-{}-{}", root.dev(), root.ino(), self.system.mounting()))
    }

    fn error(&self, verb: Verb, path: &RelPath, source: io::Error) -> VolumeError {
        let place = Path::new(&self.shown).join(path.as_str()).display().to_string();
        VolumeError { verb, place, source }
    }

    /// Opens a folder component by component, so that a link anywhere on the way is refused.
    fn folder(&self, path: &RelPath) -> io::Result<Folder<'_>> {
        let mut folder = Folder { root: &self.dir, opened: None };
        for name in path.components() {
            folder.opened = Some(folder.open_dir_nofollow(name)?);
        }
        Ok(folder)
    }

    fn folder_of(&self, path: &RelPath) -> io::Result<Folder<'_>> {
        self.folder(&path.parent())
    }

    /// Opens a regular file and nothing else. It is looked at before (opening a device can have effects) and after
    /// (someone may have put another thing there in between).
    fn open_regular(&self, path: &RelPath, adjust: &dyn Fn(&mut OpenOptions)) -> io::Result<File> {
        let folder = self.folder_of(path)?;
        let before = folder.symlink_metadata(path.file_name())?;
        self.refuse_irregular(&before)?;
        let mut options = OpenOptions::new();
        // Non-blocking: a pipe put there in between must not hang us.
        options.read(true).follow(FollowSymlinks::No).nonblock(true);
        adjust(&mut options);
        let file = folder.open_with(path.file_name(), &options)?;
        let after = file.metadata()?;
        self.refuse_irregular(&after)?;
        if (before.dev(), before.ino()) != (after.dev(), after.ino()) {
            return Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                "the file was replaced while being opened",
            ));
        }
        Ok(file)
    }

    /// Makes a file where no name is.
    fn new_file(&self, path: &RelPath) -> VolumeResult<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).follow(FollowSymlinks::No);
        let made = self.folder_of(path).and_then(|folder| folder.open_with(path.file_name(), &options));
        made.map_err(|e| self.error(Verb::Create, path, e))
    }

    fn refuse_irregular(&self, metadata: &Metadata) -> io::Result<()> {
        match meta_of(metadata).kind {
            EntryKind::File => Ok(()),
            EntryKind::LinkedFile if self.linked_files => Ok(()),
            EntryKind::LinkedFile => Err(refusal("the file has further names (hard links)")),
            EntryKind::Folder => Err(io::ErrorKind::IsADirectory.into()),
            EntryKind::Other => Err(refusal("a link, device, pipe or socket is never opened")),
        }
    }
}

impl fmt::Debug for OsVolume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OsVolume").field("root", &self.shown).finish_non_exhaustive()
    }
}

impl Volume for OsVolume {
    fn root(&self) -> String {
        self.shown.clone()
    }

    fn facts(&self) -> VolumeFacts {
        self.system.facts()
    }

    fn free_bytes(&self) -> VolumeResult<Option<u64>> {
        self.system.settle();
        self.system.free_bytes().map_err(|e| self.error(Verb::Stat, &RelPath::ROOT, e))
    }

    fn list(&self, folder: &RelPath) -> VolumeResult<Option<Vec<Entry>>> {
        self.system.settle();
        let fail = |e| self.error(Verb::List, folder, e);
        let Some(opened) = if_there(self.folder(folder)).map_err(fail)? else { return Ok(None) };
        let mut entries = Vec::new();
        for entry in opened.entries().map_err(fail)? {
            let entry = entry.map_err(fail)?;
            // What vanishes while we look was not there.
            let Some(metadata) = if_there(entry.full_metadata()).map_err(fail)? else { continue };
            let name = entry.file_name();
            let legal = name.to_str().filter(|name| RelPath::ROOT.join(name).is_some());
            let name = legal.map(str::to_owned).ok_or_else(|| escaped(&name));
            entries.push(Entry { name, meta: meta_of(&metadata) });
        }
        Ok(Some(entries))
    }

    fn stat(&self, path: &RelPath) -> VolumeResult<Option<Meta>> {
        self.system.settle();
        let look = || {
            let Some(folder) = if_there(self.folder_of(path))? else { return Ok(None) };
            let metadata = match path.file_name() {
                "" => folder.dir_metadata(),
                name => folder.symlink_metadata(name),
            };
            Ok(if_there(metadata)?.map(|metadata| meta_of(&metadata)))
        };
        look().map_err(|e| self.error(Verb::Stat, path, e))
    }

    fn make_folder(&self, path: &RelPath) -> VolumeResult<()> {
        let made = self.folder_of(path).and_then(|folder| folder.create_dir(path.file_name()));
        made.map_err(|e| self.error(Verb::MakeFolder, path, e))
    }

    fn create_new(&self, path: &RelPath) -> VolumeResult<Box<dyn NewFile>> {
        Ok(self.system.writer(self.new_file(path)?))
    }

    fn create_scratch(&self, path: &RelPath) -> VolumeResult<Box<dyn NewFile>> {
        Ok(Box::new(OsNewFile::new(self.new_file(path)?)))
    }

    fn open(&self, path: &RelPath) -> VolumeResult<Box<dyn Read + Send>> {
        self.system.settle();
        match self.open_regular(path, &|_| {}) {
            Ok(file) => Ok(Box::new(file)),
            Err(e) => Err(self.error(Verb::Read, path, e)),
        }
    }

    fn open_seek(&self, path: &RelPath) -> VolumeResult<Box<dyn ReadSeek>> {
        self.system.settle();
        match self.open_regular(path, &|_| {}) {
            Ok(file) => Ok(Box::new(file)),
            Err(e) => Err(self.error(Verb::Read, path, e)),
        }
    }

    fn read_back(&self, _files: &[RelPath]) -> VolumeResult<Box<dyn ReadBack + '_>> {
        self.system.settle();
        Ok(Box::new(sys::PastCache::new(self)))
    }

    fn flush(&self, paths: &[RelPath]) -> VolumeResult<()> {
        self.system.settle();
        self.system.flush(self, paths)
    }

    fn flush_folder(&self, folder: &RelPath) -> VolumeResult<()> {
        self.system.settle();
        let flushed = self.folder(folder).and_then(|opened| self.system.flush_folder(&opened));
        flushed.map_err(|e| self.error(Verb::Flush, folder, e))
    }

    fn start_flush(&self) {
        self.system.start_flush();
    }

    fn rename_new(&self, from: &RelPath, to: &RelPath) -> VolumeResult<Renamed> {
        self.system.settle();
        let rename = || {
            let (source, target) = (self.folder_of(from)?, self.folder_of(to)?);
            self.system.rename_new((&source, from), (&target, to))
        };
        rename().map_err(|e| self.error(Verb::Rename, to, e))
    }

    fn remove_file(&self, path: &RelPath) -> VolumeResult<()> {
        self.system.settle();
        let removed = self.folder_of(path).and_then(|folder| folder.remove_file_or_symlink(path.file_name()));
        removed.map_err(|e| self.error(Verb::Remove, path, e))
    }

    fn remove_folder(&self, path: &RelPath) -> VolumeResult<()> {
        self.system.settle();
        let removed = self.folder_of(path).and_then(|folder| folder.remove_dir(path.file_name()));
        removed.map_err(|e| self.error(Verb::Remove, path, e))
    }
}

/// A folder on the way to a name: the root that the volume holds, or one opened for this operation.
struct Folder<'a> {
    root: &'a Dir,
    opened: Option<Dir>,
}

impl Deref for Folder<'_> {
    type Target = Dir;

    fn deref(&self) -> &Dir {
        self.opened.as_ref().unwrap_or(self.root)
    }
}

/// A new file that is written through the cache.
struct OsNewFile(BufWriter<File>);

impl OsNewFile {
    fn new(file: File) -> Self {
        Self(BufWriter::with_capacity(WRITE_BUFFER, file))
    }
}

impl Write for OsNewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl NewFile for OsNewFile {
    fn close(self: Box<Self>) -> io::Result<()> {
        let file = self.0.into_inner().map_err(io::IntoInnerError::into_error)?;
        drop(file);
        Ok(())
    }
}

/// `None` where there is no such name, or where a component on the way is not a folder.
/// A name that no path of ours can hold, so that a person sees what is strange about it: no two names look alike.
fn escaped(name: &std::ffi::OsStr) -> String {
    let Some(text) = name.to_str() else { return name.as_encoded_bytes().escape_ascii().to_string() };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}

fn refusal(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

fn meta_of(metadata: &Metadata) -> Meta {
    let kind = match metadata.file_type() {
        t if t.is_dir() => EntryKind::Folder,
        t if t.is_file() && metadata.nlink() > 1 => EntryKind::LinkedFile,
        t if t.is_file() => EntryKind::File,
        _ => EntryKind::Other,
    };
    let is_file = matches!(kind, EntryKind::File | EntryKind::LinkedFile);
    let modified_ns = metadata.modified().map_or(0, |time| {
        let nanoseconds = |d: std::time::Duration| i128::try_from(d.as_nanos()).unwrap_or(i128::MAX);
        match time.into_std().duration_since(UNIX_EPOCH) {
            Ok(after) => nanoseconds(after),
            Err(before) => -nanoseconds(before.duration()),
        }
    });
    Meta { kind, size_bytes: if is_file { metadata.len() } else { 0 }, modified_ns, file_id: metadata.ino() }
}
