//! Ending long work when the process is told to stop. A volume that knows the flag fails its readings and writings with an
//! error of its own kind, between two blocks; what was begun then is what any crash leaves, and the next run goes on from it.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rezept_journal::VerifyLevel;

use crate::volume::{
    Entry, Meta, NewFile, ReadBack, ReadSeek, RelPath, Renamed, Verb, Volume, VolumeError, VolumeFacts,
    VolumeResult,
};

/// A flag that everybody who works long looks at. Once set it stays so.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

/// Reports that work ended because it was told to.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("told to stop")]
pub struct Stopped;

impl Stop {
    /// Tells everybody to stop.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether work is to stop.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn check(&self) -> io::Result<()> {
        if self.is_set() { Err(io::Error::other(Stopped)) } else { Ok(()) }
    }
}

/// A volume whose readings, writings and listings end when the flag is set. Steps that are short are done to their end.
pub struct Stoppable {
    volume: Box<dyn Volume>,
    stop: Stop,
}

impl Stoppable {
    /// Puts the flag before a volume.
    #[must_use]
    pub fn new(volume: Box<dyn Volume>, stop: Stop) -> Self {
        Self { volume, stop }
    }

    fn check(&self, verb: Verb, path: &RelPath) -> VolumeResult<()> {
        let place = || format!("{}/{path}", self.volume.root());
        self.stop.check().map_err(|source| VolumeError { verb, place: place(), source })
    }

    fn guard<T>(&self, inner: T) -> Guarded<T> {
        Guarded { inner, stop: self.stop.clone() }
    }
}

/// A file, read or written, that looks at the flag before each piece.
struct Guarded<T> {
    inner: T,
    stop: Stop,
}

impl<T: Read> Read for Guarded<T> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.stop.check()?;
        self.inner.read(out)
    }
}

impl<T: Seek> Seek for Guarded<T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

impl Write for Guarded<Box<dyn NewFile>> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stop.check()?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl NewFile for Guarded<Box<dyn NewFile>> {
    fn close(self: Box<Self>) -> io::Result<()> {
        self.inner.close()
    }
}

impl ReadBack for Guarded<Box<dyn ReadBack + '_>> {
    fn open(&mut self, path: &RelPath) -> VolumeResult<Box<dyn Read + Send>> {
        let inner = self.inner.open(path)?;
        Ok(Box::new(Guarded { inner, stop: self.stop.clone() }))
    }

    fn finish(self: Box<Self>, bytes: u64) -> VerifyLevel {
        self.inner.finish(bytes)
    }
}

impl Volume for Stoppable {
    fn root(&self) -> String {
        self.volume.root()
    }

    fn facts(&self) -> VolumeFacts {
        self.volume.facts()
    }

    fn free_bytes(&self) -> VolumeResult<Option<u64>> {
        self.volume.free_bytes()
    }

    fn list(&self, folder: &RelPath) -> VolumeResult<Option<Vec<Entry>>> {
        self.check(Verb::List, folder)?;
        self.volume.list(folder)
    }

    fn stat(&self, path: &RelPath) -> VolumeResult<Option<Meta>> {
        self.volume.stat(path)
    }

    fn make_folder(&self, path: &RelPath) -> VolumeResult<()> {
        self.volume.make_folder(path)
    }

    fn create_new(&self, path: &RelPath) -> VolumeResult<Box<dyn NewFile>> {
        self.check(Verb::Create, path)?;
        Ok(Box::new(self.guard(self.volume.create_new(path)?)))
    }

    fn create_scratch(&self, path: &RelPath) -> VolumeResult<Box<dyn NewFile>> {
        self.check(Verb::Create, path)?;
        Ok(Box::new(self.guard(self.volume.create_scratch(path)?)))
    }

    fn open(&self, path: &RelPath) -> VolumeResult<Box<dyn Read + Send>> {
        self.check(Verb::Read, path)?;
        Ok(Box::new(self.guard(self.volume.open(path)?)))
    }

    fn open_seek(&self, path: &RelPath) -> VolumeResult<Box<dyn ReadSeek>> {
        self.check(Verb::Read, path)?;
        Ok(Box::new(self.guard(self.volume.open_seek(path)?)))
    }

    fn read_back(&self, files: &[RelPath]) -> VolumeResult<Box<dyn ReadBack + '_>> {
        self.check(Verb::Read, &RelPath::ROOT)?;
        Ok(Box::new(self.guard(self.volume.read_back(files)?)))
    }

    fn flush(&self, paths: &[RelPath]) -> VolumeResult<()> {
        self.volume.flush(paths)
    }

    fn flush_folder(&self, folder: &RelPath) -> VolumeResult<()> {
        self.volume.flush_folder(folder)
    }

    fn start_flush(&self) {
        self.volume.start_flush();
    }

    fn rename_new(&self, from: &RelPath, to: &RelPath) -> VolumeResult<Renamed> {
        self.volume.rename_new(from, to)
    }

    fn remove_file(&self, path: &RelPath) -> VolumeResult<()> {
        self.volume.remove_file(path)
    }

    fn remove_folder(&self, path: &RelPath) -> VolumeResult<()> {
        self.volume.remove_folder(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::OsVolume;
    use crate::volume::FailureKind;

    #[test]
    fn a_reading_under_way_ends_with_an_error_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::File::create_new(folder.path().join("f")).unwrap().write_all(&[7; 64]).unwrap();
        let stop = Stop::default();
        let volume = Stoppable::new(Box::new(OsVolume::open(folder.path()).unwrap()), stop.clone());
        let file = RelPath::new("f").unwrap();
        let mut reading = volume.open(&file).unwrap();
        reading.read_exact(&mut [0; 8]).unwrap();
        stop.set();
        let error = reading.read(&mut [0; 8]).unwrap_err();
        assert!(error.get_ref().is_some_and(|cause| cause.is::<Stopped>()));
        assert_eq!(volume.open(&file).err().unwrap().kind(), FailureKind::Stopped);
        assert_eq!(volume.list(&RelPath::ROOT).unwrap_err().kind(), FailureKind::Stopped);
        volume.remove_file(&file).unwrap();
    }
}
