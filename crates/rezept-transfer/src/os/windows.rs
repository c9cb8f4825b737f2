//! What only Windows has: the exclusive rename, flushing through writable handles, reading without buffering. Built on
//! the safe interfaces of the standard library; cannot be exercised on the build machine.

use std::fs::File;
use std::io::{self, Read};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use cap_fs_ext::{FollowSymlinks, MetadataExt as _, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use rezept_journal::VerifyLevel;
use sysinfo::Disks;

use super::aligned::{AlignedReader, Buffers};
use super::{OsNewFile, OsVolume};
use crate::volume::{NewFile, ReadBack, RelPath, Renamed, Verb, VolumeFacts, VolumeResult};

/// Needed to open a folder at all.
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
/// Read past the system's cache, in whole sectors.
const FILE_FLAG_NO_BUFFERING: u32 = 0x2000_0000;

/// Errors that mean "the drive or share is no longer there" (winerror.h).
pub(super) fn means_gone(code: i32) -> bool {
    const GONE: [i32; 13] = [
        15,   // ERROR_INVALID_DRIVE
        20,   // ERROR_BAD_UNIT
        21,   // ERROR_NOT_READY
        53,   // ERROR_BAD_NETPATH
        55,   // ERROR_DEV_NOT_EXIST
        59,   // ERROR_UNEXP_NET_ERR
        64,   // ERROR_NETNAME_DELETED
        67,   // ERROR_BAD_NET_NAME
        433,  // ERROR_NO_SUCH_DEVICE
        1110, // ERROR_MEDIA_CHANGED
        1112, // ERROR_NO_MEDIA_IN_DRIVE
        1006, // ERROR_FILE_INVALID: the volume was altered from outside
        1167, // ERROR_DEVICE_NOT_CONNECTED
    ];
    GONE.contains(&code)
}

/// The Windows side of a volume.
pub(super) struct System {
    /// The folder with links resolved, in the form without a length limit.
    root: PathBuf,
    /// Keeps the folder from being renamed or removed while the volume lives.
    held: File,
    facts: VolumeFacts,
    fixed: bool,
}

impl System {
    pub(super) fn open(path: &Path) -> io::Result<(Dir, Self)> {
        let root = path.canonicalize()?;
        let held =
            std::fs::OpenOptions::new().read(true).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(&root)?;
        if !held.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let dir = Dir::open_ambient_dir(&root, cap_std::ambient_authority())?;
        let (mut facts, fixed) = facts_of(&root);
        facts.serial = dir.dir_metadata().ok().map(|metadata| format!("{:08X}", metadata.dev()));
        Ok((dir, Self { root, held, facts, fixed }))
    }

    pub(super) fn facts(&self) -> VolumeFacts {
        self.facts.clone()
    }

    /// The serial number of the volume is part of the folder's own identity already.
    #[expect(clippy::unused_self, reason = "the same shape as on Linux")]
    pub(super) fn mounting(&self) -> String {
        String::new()
    }

    pub(super) fn free_bytes(&self) -> io::Result<Option<u64>> {
        // Answers only while the drive does.
        self.held.metadata()?;
        Ok(with_disk(&self.root, sysinfo::Disk::available_space))
    }

    #[expect(clippy::unused_self, reason = "the same shape as on Linux")]
    pub(super) fn settle(&self) {
        // A file is written when it is closed.
    }

    #[expect(clippy::unused_self, reason = "the same shape as on Linux")]
    pub(super) fn writer(&self, file: cap_std::fs::File) -> Box<dyn NewFile> {
        Box::new(OsNewFile::new(file))
    }

    #[expect(clippy::unused_self, reason = "the same shape as on Linux")]
    pub(super) fn start_flush(&self) {
        // Windows begins to write by itself; there is no call that flushes a volume without being an administrator.
    }

    /// Each file, then each folder, through handles that may write: others cannot flush.
    pub(super) fn flush(&self, volume: &OsVolume, paths: &[RelPath]) -> VolumeResult<()> {
        let mut folders = Vec::new();
        for path in paths {
            let fail = |e| volume.error(Verb::Flush, path, e);
            let folder = volume.folder_of(path).map_err(fail)?;
            let is_folder = path.file_name().is_empty()
                || folder.symlink_metadata(path.file_name()).map_err(fail)?.is_dir();
            if is_folder {
                folders.push(path);
                continue;
            }
            let mut options = OpenOptions::new();
            options.write(true).follow(FollowSymlinks::No);
            let file = folder.open_with(path.file_name(), &options).map_err(fail)?;
            file.sync_all().map_err(fail)?;
        }
        for path in folders {
            volume
                .folder(path)
                .and_then(|folder| self.flush_folder(&folder))
                .map_err(|e| volume.error(Verb::Flush, path, e))?;
        }
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "the same shape as on Linux")]
    pub(super) fn flush_folder(&self, folder: &Dir) -> io::Result<()> {
        const ERROR_INVALID_FUNCTION: i32 = 1;
        const ERROR_ACCESS_DENIED: i32 = 5;
        const ERROR_NOT_SUPPORTED: i32 = 50;
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).follow(FollowSymlinks::No);
        match folder.open_with(".", &options).and_then(|handle| handle.sync_all()) {
            // FAT and shares do not let a folder be flushed; their drivers write names through.
            Err(e)
                if matches!(
                    e.raw_os_error(),
                    Some(ERROR_INVALID_FUNCTION | ERROR_ACCESS_DENIED | ERROR_NOT_SUPPORTED)
                ) =>
            {
                Ok(())
            }
            result => result,
        }
    }

    /// `MoveFileEx` without the flag to replace: one step that fails when the name is taken. It works on paths, so the
    /// folders on the way, which the caller opened without following links, stay open meanwhile.
    pub(super) fn rename_new(
        &self,
        (_source, from): (&Dir, &RelPath),
        (_target, to): (&Dir, &RelPath),
    ) -> io::Result<Renamed> {
        renamore::rename_exclusive(self.full(from), self.full(to))?;
        Ok(Renamed::Atomic)
    }

    fn full(&self, path: &RelPath) -> PathBuf {
        let mut full = self.root.clone();
        full.extend(path.components());
        full
    }
}

/// Asks about the disk whose mount point is the longest beginning of `root`.
fn with_disk<T>(root: &Path, ask: impl Fn(&sysinfo::Disk) -> T) -> Option<T> {
    let disks = Disks::new_with_refreshed_list().ok()?;
    let shown = root.to_string_lossy();
    let plain = Path::new(shown.strip_prefix(r"\\?\").unwrap_or(&shown)).to_path_buf();
    let covers = |disk: &&sysinfo::Disk| plain.starts_with(disk.mount_point());
    disks.iter().filter(covers).max_by_key(|disk| disk.mount_point().as_os_str().len()).map(ask)
}

fn facts_of(root: &Path) -> (VolumeFacts, bool) {
    let asked = with_disk(root, |disk| {
        let file_system = disk.file_system().to_string_lossy().into_owned();
        (file_system, disk.name().to_string_lossy().into_owned(), disk.is_removable())
    });
    let Some((file_system, name, removable)) = asked else {
        // Not a drive of this machine: a share.
        let facts = VolumeFacts {
            file_system: "unknown".into(),
            device: None,
            removable: None,
            label: None,
            serial: None,
        };
        return (facts, false);
    };
    let local =
        ["ntfs", "refs", "fat", "fat32", "exfat"].contains(&file_system.to_ascii_lowercase().as_str());
    let device = Some(name).filter(|name| !name.is_empty());
    // What Windows calls the name of a volume is its label.
    let label = device.clone();
    (VolumeFacts { file_system, device, removable: Some(removable), label, serial: None }, local)
}

/// One reading of many files without the system's cache.
pub(super) struct PastCache<'a> {
    volume: &'a OsVolume,
    buffers: Buffers,
}

impl<'a> PastCache<'a> {
    pub(super) fn new(volume: &'a OsVolume) -> Self {
        Self { volume, buffers: Buffers::default() }
    }
}

impl ReadBack for PastCache<'_> {
    fn open(&mut self, path: &RelPath) -> VolumeResult<Box<dyn Read + Send>> {
        let opened = self.volume.open_regular(path, &|options| {
            options.custom_flags(FILE_FLAG_NO_BUFFERING);
        });
        match opened {
            Ok(file) => Ok(Box::new(AlignedReader::new(file.into_std(), true, &self.buffers))),
            Err(e) => Err(self.volume.error(Verb::Read, path, e)),
        }
    }

    fn finish(self: Box<Self>, _bytes: u64) -> VerifyLevel {
        // A share ignores the flag on the far side: what it read may come from the server's memory.
        if self.volume.system.fixed { VerifyLevel::L2 } else { VerifyLevel::L1 }
    }
}
