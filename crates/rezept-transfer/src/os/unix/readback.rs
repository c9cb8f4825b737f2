//! Reading what was just written once more, past the page cache. Says what it proved from what it saw, never from the
//! calls it made: a driver in user space keeps a second cache that a direct read does not pass.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cap_std::fs::OpenOptionsExt;
use rezept_journal::VerifyLevel;
use rustix::fs::{Advice, OFlags};
use rustix::io::Errno;

use super::super::OsVolume;
use super::super::aligned::{AlignedReader, Buffers};
use super::storage::{DirectRead, Storage};
use crate::volume::{ReadBack, RelPath, Verb, VolumeResult};

/// One reading of many files.
pub(in super::super) struct PastCache<'a> {
    volume: &'a OsVolume,
    buffers: Buffers,
    /// Cleared by a reader, which may live on another thread, when it had to read through the cache.
    all_direct: Arc<AtomicBool>,
    /// Whether the cache of the block device was thrown away before the reading.
    device_dropped: bool,
    device_bytes_before: Option<u64>,
}

impl<'a> PastCache<'a> {
    pub(in super::super) fn new(volume: &'a OsVolume) -> Self {
        let storage = &volume.system.storage;
        let device_dropped =
            storage.direct_read == DirectRead::Nothing && storage.drop_device_cache().is_ok();
        let device_bytes_before = storage.bytes_read();
        let all_direct = Arc::new(AtomicBool::new(true));
        Self { volume, buffers: Buffers::default(), all_direct, device_dropped, device_bytes_before }
    }

    fn open_file(&self, path: &RelPath) -> io::Result<DirectReader> {
        let direct = OFlags::DIRECT.bits().cast_signed();
        let past_cache = self.volume.open_regular(path, &|options| {
            options.custom_flags(direct);
        });
        let (file, direct) = match past_cache {
            Err(e) if e.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => {
                self.all_direct.store(false, Ordering::Relaxed);
                (self.volume.open_regular(path, &|_| {})?, false)
            }
            opened => (opened?, true),
        };
        let file = file.into_std();
        // Where a direct read is quietly served through the page cache, it shall find nothing there.
        let _ = rustix::fs::fadvise(&file, 0, None, Advice::DontNeed);
        let reader = AlignedReader::new(file, direct, &self.buffers);
        Ok(DirectReader { reader, all_direct: Arc::clone(&self.all_direct) })
    }
}

impl ReadBack for PastCache<'_> {
    fn open(&mut self, path: &RelPath) -> VolumeResult<Box<dyn Read + Send>> {
        match self.open_file(path) {
            Ok(reader) => Ok(Box::new(reader)),
            Err(e) => Err(self.volume.error(Verb::Read, path, e)),
        }
    }

    fn finish(self: Box<Self>, bytes: u64) -> VerifyLevel {
        let storage = &self.volume.system.storage;
        let seen = Seen {
            all_direct: self.all_direct.load(Ordering::Relaxed),
            device_dropped: self.device_dropped,
            device_bytes: device_bytes(storage, self.device_bytes_before),
        };
        level(storage.direct_read, &seen, bytes)
    }
}

fn device_bytes(storage: &Storage, before: Option<u64>) -> Option<u64> {
    storage.bytes_read()?.checked_sub(before?)
}

struct Seen {
    all_direct: bool,
    device_dropped: bool,
    device_bytes: Option<u64>,
}

/// The one place that says what a reading of `bytes` proved.
fn level(direct_read: DirectRead, seen: &Seen, bytes: u64) -> VerifyLevel {
    let device_read_all = seen.device_bytes.map(|read| read >= bytes);
    let past_cache = match direct_read {
        DirectRead::Proof => seen.all_direct && device_read_all.unwrap_or(true),
        DirectRead::WithCounter => seen.all_direct && device_read_all.unwrap_or(false),
        DirectRead::Nothing => seen.device_dropped && device_read_all.unwrap_or(false),
    };
    if past_cache { VerifyLevel::L2 } else { VerifyLevel::L1 }
}

struct DirectReader {
    reader: AlignedReader,
    all_direct: Arc<AtomicBool>,
}

impl Read for DirectReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.reader.fill() {
            Err(e) if self.reader.direct && e.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => {
                // Opens directly but cannot read so: read through the cache, and say so.
                self.all_direct.store(false, Ordering::Relaxed);
                self.reader.direct = false;
                let flags = rustix::fs::fcntl_getfl(&self.reader.file)?;
                rustix::fs::fcntl_setfl(&self.reader.file, flags - OFlags::DIRECT)?;
            }
            filled => filled?,
        }
        self.reader.read(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_never_more_than_what_was_seen() {
        use DirectRead::{Nothing, Proof, WithCounter};
        let level = |way, all_direct, device_dropped, device_bytes| {
            level(way, &Seen { all_direct, device_dropped, device_bytes }, 1000)
        };
        assert_eq!(level(Proof, true, false, Some(1024)), VerifyLevel::L2);
        assert_eq!(level(Proof, true, false, None), VerifyLevel::L2);
        assert_eq!(level(Proof, false, true, Some(1024)), VerifyLevel::L1, "one file was not read directly");
        assert_eq!(level(Proof, true, false, Some(512)), VerifyLevel::L1, "the device did not read enough");
        assert_eq!(level(WithCounter, true, false, None), VerifyLevel::L1);
        assert_eq!(level(WithCounter, true, false, Some(1024)), VerifyLevel::L2);
        assert_eq!(level(Nothing, true, false, Some(1 << 20)), VerifyLevel::L1, "the device cache stayed");
        assert_eq!(level(Nothing, false, true, Some(512)), VerifyLevel::L1);
        assert_eq!(level(Nothing, false, true, Some(1024)), VerifyLevel::L2);
    }
}
