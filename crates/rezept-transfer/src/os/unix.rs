//! What only Linux has: the exclusive rename, the flush of a whole file system, write errors that are told once.
//! Every call that Windows lacks stands below this module.

mod direct;
mod flusher;
mod readback;
mod storage;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::{OsNewFile, OsVolume};
use crate::volume::{NewFile, RelPath, Renamed, Verb, VolumeFacts, VolumeResult};
use direct::Behind;
use flusher::Flusher;
pub(super) use readback::PastCache;
use storage::{Flushing, Storage};

/// Errors that mean "the device, share or FUSE daemon is no longer there".
pub(super) fn means_gone(code: i32) -> bool {
    const GONE: [Errno; 7] = [
        Errno::NODEV,
        Errno::NXIO,
        Errno::NOTCONN,
        Errno::SHUTDOWN,
        Errno::STALE,
        Errno::CONNABORTED,
        Errno::HOSTDOWN,
    ];
    GONE.iter().any(|errno| errno.raw_os_error() == code)
}

/// The Linux side of a volume.
pub(super) struct System {
    /// An open file description of its own: Linux tells each one once about a failed write-back since it was opened.
    root: File,
    storage: Storage,
    flusher: Flusher,
    behind: Arc<Behind>,
}

impl System {
    pub(super) fn open(path: &Path) -> io::Result<(Dir, Self)> {
        let flags = OFlags::DIRECTORY.bits().cast_signed();
        let root = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let dir = Dir::from_std_file(root.try_clone()?);
        let storage = Storage::of(&root);
        let flusher = Flusher::new(reopen(&root)?);
        Ok((dir, Self { root, storage, flusher, behind: Arc::default() }))
    }

    pub(super) fn facts(&self) -> VolumeFacts {
        self.storage.facts.clone()
    }

    pub(super) fn mounting(&self) -> String {
        self.storage.mounting(&self.root)
    }

    pub(super) fn free_bytes(&self) -> io::Result<Option<u64>> {
        let answer = rustix::fs::fstatvfs(&self.root)?;
        Ok(Some(answer.f_bavail.saturating_mul(answer.f_frsize)))
    }

    /// Waits until everything handed over was written. An error is kept for the next writer or flush.
    pub(super) fn settle(&self) {
        self.behind.settle();
    }

    /// How a new file is written: past the cache where that is known to work.
    pub(super) fn writer(&self, file: cap_std::fs::File) -> Box<dyn NewFile> {
        if self.storage.writes_past_cache {
            Box::new(self.behind.writer(file.into_std()))
        } else {
            Box::new(OsNewFile::new(file))
        }
    }

    pub(super) fn start_flush(&self) {
        self.flusher.hint();
    }

    /// One `syncfs` covers everything on a file system of this kernel. What lies behind a driver in user space or a
    /// network is asked file by file first, because `syncfs` does not reach it.
    pub(super) fn flush(&self, volume: &OsVolume, paths: &[RelPath]) -> VolumeResult<()> {
        let fail = |path: &RelPath, e: io::Error| volume.error(Verb::Flush, path, e);
        // A write error that the background flush met belongs to this flush, whatever the next calls say.
        let written = self.behind.failure();
        let earlier = written.and(self.flusher.wait_and_take().map_or(Ok(()), Err));
        let asked = match self.storage.flushing {
            Flushing::Whole => Ok(()),
            // A block driver in user space flushes all its state on any fsync (seen at exfat-fuse).
            Flushing::FolderThenWhole => fsync_folder(&self.root).map_err(|e| fail(&RelPath::ROOT, e)),
            Flushing::EachThenWhole => paths.iter().try_for_each(|path| {
                volume.folder_of(path).and_then(|parent| fsync_name(&parent, path)).map_err(|e| fail(path, e))
            }),
        };
        // Called even after an error: the description must have been told, or a later flush would fail for this one.
        let whole = rustix::fs::syncfs(&self.root).map_err(io::Error::from);
        asked.and(earlier.and(whole).map_err(|e| fail(&RelPath::ROOT, e)))
    }

    pub(super) fn flush_folder(&self, folder: &Dir) -> io::Result<()> {
        match fsync_folder(folder) {
            // Some drivers cannot flush a folder by itself.
            Err(e) if is_refusal(&e) => Ok(rustix::fs::syncfs(&self.root)?),
            result => result,
        }
    }

    /// Renames without replacing. Where the file system does not know the flag (exfat-fuse), absence is checked first.
    pub(super) fn rename_new(
        &self,
        (source, from): (&Dir, &RelPath),
        (target, to): (&Dir, &RelPath),
    ) -> io::Result<Renamed> {
        let (from, to) = (from.file_name(), to.file_name());
        match rustix::fs::renameat_with(source, from, target, to, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(Renamed::Atomic),
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            Err(e) => return Err(e.into()),
        }
        match rustix::fs::statat(target, to, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(Errno::NOENT) => {
                rustix::fs::renameat(source, from, target, to)?;
                Ok(Renamed::CheckedFirst)
            }
            Err(e) => Err(e.into()),
        }
    }
}

/// Whether a driver says that it cannot do this kind of thing, as opposed to failing at it.
fn is_refusal(error: &io::Error) -> bool {
    const REFUSALS: [Errno; 4] = [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP, Errno::BADF];
    REFUSALS.iter().any(|errno| Some(errno.raw_os_error()) == error.raw_os_error())
}

/// A new open file description of a folder. Handles from `cap-std` only name a folder (`O_PATH`) and cannot be flushed.
fn reopen(folder: impl AsFd) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(folder, ".", flags, Mode::empty())?)
}

fn fsync_folder(folder: impl AsFd) -> io::Result<()> {
    Ok(rustix::fs::fsync(reopen(folder)?)?)
}

/// Flushes a file or folder by name. Opened for writing where possible: SMB flushes only such handles.
fn fsync_name(parent: &Dir, path: &RelPath) -> io::Result<()> {
    let name = if path.file_name().is_empty() { "." } else { path.file_name() };
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let open = |mode| rustix::fs::openat(parent, name, flags | mode, Mode::empty());
    let opened = match open(OFlags::WRONLY) {
        Err(Errno::ISDIR | Errno::ACCESS | Errno::PERM) => open(OFlags::RDONLY)?,
        result => result?,
    };
    match rustix::fs::fsync(opened) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(()),
        result => Ok(result?),
    }
}
