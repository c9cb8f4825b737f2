//! Writing a large file past the page cache, in aligned megabytes and from a second thread: on a fast disk the copies that
//! the cache makes cost more time than the disk takes. A small file, and whatever the file system refuses to write so,
//! goes through the cache as usual. Makes nothing durable.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::super::aligned::{AlignedBuffer, Buffers};
use crate::volume::NewFile;

/// Full buffers that may wait for the device.
const WAITING: usize = 2;

/// A new file whose content is gathered in a buffer first.
pub(in super::super) struct DirectWriter {
    file: Arc<File>,
    home: Buffers,
    buffer: AlignedBuffer,
    filled: usize,
    /// Where the buffer's first byte goes.
    offset: u64,
    way: Way,
}

enum Way {
    /// Nothing was written yet.
    Open,
    Direct(Behind),
    ThroughCache,
}

/// The thread that writes full buffers.
struct Behind {
    full: Option<SyncSender<(AlignedBuffer, u64)>>,
    failed: Arc<Mutex<Option<io::Error>>>,
    thread: Option<JoinHandle<()>>,
}

impl DirectWriter {
    pub(in super::super) fn new(file: File, buffers: &Buffers) -> Self {
        let home = buffers.clone();
        Self { file: Arc::new(file), buffer: home.take(), home, filled: 0, offset: 0, way: Way::Open }
    }

    /// Sends the full buffer on its way.
    fn pass_on(&mut self) -> io::Result<()> {
        if matches!(self.way, Way::Open) {
            self.way = match set_direct(&self.file, true).and_then(|()| Behind::start(&self.file, &self.home))
            {
                Ok(behind) => Way::Direct(behind),
                Err(_) => Way::ThroughCache,
            };
        }
        match &self.way {
            Way::Direct(behind) => {
                let full = std::mem::replace(&mut self.buffer, self.home.take());
                behind.give(full, self.offset)?;
            }
            _ => self.file.write_all_at(self.buffer.bytes(), self.offset)?,
        }
        self.offset += self.filled as u64;
        self.filled = 0;
        Ok(())
    }

    /// Waits for the thread and writes what is left through the cache; so does everything that follows.
    fn settle(&mut self) -> io::Result<()> {
        if let Way::Direct(mut behind) = std::mem::replace(&mut self.way, Way::ThroughCache) {
            behind.finish()?;
            set_direct(&self.file, false)?;
        }
        let rest = self.buffer.bytes().get(..self.filled).unwrap_or_default();
        self.file.write_all_at(rest, self.offset)?;
        self.offset += self.filled as u64;
        self.filled = 0;
        Ok(())
    }
}

impl Write for DirectWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.buffer.bytes_mut().get_mut(self.filled..).unwrap_or_default();
        let count = room.len().min(bytes.len());
        if let (Some(to), Some(from)) = (room.get_mut(..count), bytes.get(..count)) {
            to.copy_from_slice(from);
        }
        self.filled += count;
        if self.filled == self.buffer.bytes().len() {
            self.pass_on()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.settle()
    }
}

impl NewFile for DirectWriter {
    fn close(mut self: Box<Self>) -> io::Result<()> {
        self.settle()
    }
}

impl Drop for DirectWriter {
    fn drop(&mut self) {
        self.home.give(std::mem::replace(&mut self.buffer, AlignedBuffer::none()));
    }
}

impl Behind {
    fn start(file: &Arc<File>, home: &Buffers) -> io::Result<Self> {
        let (full, inbox) = sync_channel(WAITING);
        let failed = Arc::new(Mutex::new(None));
        let work = Work { file: Arc::clone(file), home: home.clone(), failed: Arc::clone(&failed) };
        let thread = thread::Builder::new().name("rezept-write".into()).spawn(move || work.run(&inbox))?;
        Ok(Self { full: Some(full), failed, thread: Some(thread) })
    }

    fn give(&self, buffer: AlignedBuffer, offset: u64) -> io::Result<()> {
        match &self.full {
            Some(full) if full.send((buffer, offset)).is_ok() => self.failure(),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// What the thread met, once.
    fn failure(&self) -> io::Result<()> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    fn finish(&mut self) -> io::Result<()> {
        drop(self.full.take());
        // The thread cannot panic.
        self.thread.take().map(JoinHandle::join);
        self.failure()
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        let _ = self.finish();
    }
}

struct Work {
    file: Arc<File>,
    home: Buffers,
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl Work {
    fn run(&self, inbox: &Receiver<(AlignedBuffer, u64)>) {
        let mut broken = false;
        for (buffer, offset) in inbox {
            if !broken && let Err(error) = self.write(buffer.bytes(), offset) {
                broken = true;
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
            self.home.give(buffer);
        }
    }

    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        match self.file.write_all_at(bytes, offset) {
            // It let itself be asked, and refuses to do it.
            Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => {
                set_direct(&self.file, false)?;
                self.file.write_all_at(bytes, offset)
            }
            written => written,
        }
    }
}

fn set_direct(file: &File, direct: bool) -> io::Result<()> {
    let mut flags = rustix::fs::fcntl_getfl(file)?;
    flags.set(OFlags::DIRECT, direct);
    Ok(rustix::fs::fcntl_setfl(file, flags)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_arrives_whole() {
        const BLOCK: usize = 1 << 20;
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let buffers = Buffers::default();
        for (number, length) in
            [0, 1, 4096, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK, 5 * BLOCK + 4097].into_iter().enumerate()
        {
            let bytes: Vec<u8> = (0..length).map(|i| u8::try_from((i / 7 + number) % 251).unwrap()).collect();
            for piece in [977, 64 << 10, 3 << 20] {
                let path = folder.path().join("file");
                let mut writer = Box::new(DirectWriter::new(File::create(&path).unwrap(), &buffers));
                for part in bytes.chunks(piece) {
                    writer.write_all(part).unwrap();
                }
                writer.close().unwrap();
                assert!(std::fs::read(&path).unwrap() == bytes, "{length} bytes in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_file_goes_on_after_a_flush() {
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let path = folder.path().join("file");
        let bytes = vec![7; (2 << 20) + 5];
        let mut writer = Box::new(DirectWriter::new(File::create(&path).unwrap(), &Buffers::default()));
        writer.write_all(&bytes).unwrap();
        writer.flush().unwrap();
        assert!(std::fs::read(&path).unwrap() == bytes);
        writer.write_all(&bytes).unwrap();
        writer.close().unwrap();
        assert!(std::fs::read(&path).unwrap() == [bytes.clone(), bytes].concat());
    }

    #[test]
    fn a_failed_write_is_told() {
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let path = folder.path().join("file");
        File::create(&path).unwrap();
        // Opened for reading only: every write fails.
        let mut writer = Box::new(DirectWriter::new(File::open(&path).unwrap(), &Buffers::default()));
        let written = writer.write_all(&vec![0; 9 << 20]);
        assert!(written.and_then(|()| writer.close()).is_err());
    }
}
