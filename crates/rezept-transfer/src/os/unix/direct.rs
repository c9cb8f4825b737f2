//! Writing past the page cache, behind the writer: what is gathered in aligned megabytes goes to the device from a second
//! thread while the next file is prepared. On a fast disk the copies that the cache makes cost more time than the disk
//! takes. Whatever the file system refuses to write so goes through the cache. Makes nothing durable.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::super::aligned::{ALIGNMENT, AlignedBuffer, Buffers};
use crate::volume::NewFile;

/// Full buffers that may wait for the device.
const WAITING: usize = 3;

/// The writing thread of a volume. It starts with the first file.
#[derive(Default)]
pub(super) struct Behind {
    shared: Arc<Shared>,
    running: OnceLock<Option<Running>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    done: Condvar,
    buffers: Buffers,
}

#[derive(Default)]
struct State {
    jobs: usize,
    /// The first error that no one was told of.
    failed: Option<io::Error>,
}

struct Running {
    jobs: Mutex<SyncSender<Job>>,
    thread: JoinHandle<()>,
}

struct Job {
    target: Arc<Target>,
    buffer: AlignedBuffer,
    filled: usize,
    offset: u64,
}

/// A file being written, and whether it is still written past the cache.
struct Target {
    file: File,
    direct: AtomicBool,
}

impl Behind {
    /// A new file of this volume.
    pub(super) fn writer(self: &Arc<Self>, file: File) -> DirectWriter {
        let direct = AtomicBool::new(set_direct(&file, true).is_ok());
        let target = Arc::new(Target { file, direct });
        DirectWriter {
            target,
            buffer: self.shared.buffers.take(),
            behind: Arc::clone(self),
            filled: 0,
            offset: 0,
        }
    }

    /// Waits until everything handed over was written.
    pub(super) fn settle(&self) {
        let state = self.shared.lock();
        drop(self.shared.done.wait_while(state, |state| state.jobs > 0));
    }

    /// What went wrong since the last call, once.
    pub(super) fn failure(&self) -> io::Result<()> {
        self.shared.lock().failed.take().map_or(Ok(()), Err)
    }

    fn submit(&self, job: Job) -> io::Result<()> {
        self.failure()?;
        let running = self.running.get_or_init(|| {
            let (jobs, inbox) = sync_channel(WAITING);
            let shared = Arc::clone(&self.shared);
            let started =
                thread::Builder::new().name("rezept-write".into()).spawn(move || shared.run(&inbox));
            started.ok().map(|thread| Running { jobs: Mutex::new(jobs), thread })
        });
        self.shared.lock().jobs += 1;
        let sent = match running {
            Some(running) => {
                let jobs = running.jobs.lock().unwrap_or_else(PoisonError::into_inner);
                jobs.send(job).map_err(|unsent| unsent.0)
            }
            None => Err(job),
        };
        if let Err(job) = sent {
            // No thread: then here and now.
            self.shared.finish(job);
        }
        Ok(())
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        if let Some(Some(running)) = self.running.take() {
            drop(running.jobs);
            // Waits, so that a volume that was let go no longer keeps its medium busy. The thread cannot panic.
            let _ = running.thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, inbox: &Receiver<Job>) {
        for job in inbox {
            self.finish(job);
        }
    }

    fn finish(&self, job: Job) {
        let Job { target, buffer, filled, offset } = job;
        let written = target.write(buffer.bytes().get(..filled).unwrap_or_default(), offset);
        self.buffers.give(buffer);
        // Closed before anybody is told that all is written.
        drop(target);
        let mut state = self.lock();
        if let Err(error) = written {
            state.failed.get_or_insert(error);
        }
        state.jobs -= 1;
        if state.jobs == 0 {
            self.done.notify_all();
        }
    }
}

impl Target {
    /// Whole sectors past the cache, the rest through it.
    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (sectors, rest) = bytes.split_at(bytes.len() - bytes.len() % ALIGNMENT);
        if !sectors.is_empty() && self.direct.load(Ordering::Relaxed) {
            match self.file.write_all_at(sectors, offset) {
                Ok(()) => {}
                // It let itself be asked, and refuses to do it.
                Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => {
                    self.through_cache()?;
                    return self.file.write_all_at(bytes, offset);
                }
                Err(error) => return Err(error),
            }
            if rest.is_empty() {
                return Ok(());
            }
            self.through_cache()?;
            return self.file.write_all_at(rest, offset + sectors.len() as u64);
        }
        self.through_cache()?;
        self.file.write_all_at(bytes, offset)
    }

    fn through_cache(&self) -> io::Result<()> {
        if self.direct.swap(false, Ordering::Relaxed) { set_direct(&self.file, false) } else { Ok(()) }
    }
}

/// A new file whose content is gathered in a buffer first.
pub(super) struct DirectWriter {
    target: Arc<Target>,
    behind: Arc<Behind>,
    buffer: AlignedBuffer,
    filled: usize,
    /// Where the buffer's first byte goes.
    offset: u64,
}

impl DirectWriter {
    fn hand_over(&mut self) -> io::Result<()> {
        if self.filled == 0 {
            return self.behind.failure();
        }
        let buffer = std::mem::replace(&mut self.buffer, self.behind.shared.buffers.take());
        let (filled, offset) = (std::mem::take(&mut self.filled), self.offset);
        self.offset += filled as u64;
        self.behind.submit(Job { target: Arc::clone(&self.target), buffer, filled, offset })
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
            self.hand_over()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_over()?;
        self.behind.settle();
        self.behind.failure()
    }
}

impl NewFile for DirectWriter {
    fn close(mut self: Box<Self>) -> io::Result<()> {
        self.hand_over()
    }
}

impl Drop for DirectWriter {
    fn drop(&mut self) {
        self.behind.shared.buffers.give(std::mem::replace(&mut self.buffer, AlignedBuffer::none()));
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

    const BLOCK: usize = 1 << 20;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap()
    }

    #[test]
    fn every_length_arrives_whole() {
        let folder = folder();
        let behind = Arc::new(Behind::default());
        let lengths = [0, 1, 4095, 4096, 4097, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK, 5 * BLOCK + 4097];
        let mut expected = Vec::new();
        for (number, length) in lengths.into_iter().enumerate() {
            let bytes: Vec<u8> = (0..length).map(|i| u8::try_from((i / 7 + number) % 251).unwrap()).collect();
            for piece in [977, 64 << 10, 3 << 20] {
                let path = folder.path().join(format!("{length}-{piece}"));
                let mut writer = Box::new(behind.writer(File::create(&path).unwrap()));
                for part in bytes.chunks(piece) {
                    writer.write_all(part).unwrap();
                }
                writer.close().unwrap();
                expected.push((path, bytes.clone()));
            }
        }
        behind.settle();
        behind.failure().unwrap();
        for (path, bytes) in expected {
            assert!(std::fs::read(&path).unwrap() == bytes, "{}", path.display());
        }
    }

    #[test]
    fn a_file_goes_on_after_a_flush() {
        let folder = folder();
        let path = folder.path().join("file");
        let bytes = vec![7; 2 * BLOCK + 5];
        let behind = Arc::new(Behind::default());
        let mut writer = Box::new(behind.writer(File::create(&path).unwrap()));
        for times in 1..=2 {
            writer.write_all(&bytes).unwrap();
            writer.flush().unwrap();
            assert!(std::fs::read(&path).unwrap() == bytes.repeat(times));
        }
        writer.close().unwrap();
    }

    #[test]
    fn a_failed_write_is_told_once() {
        let folder = folder();
        let path = folder.path().join("file");
        File::create(&path).unwrap();
        for length in [10, 9 * BLOCK] {
            let behind = Arc::new(Behind::default());
            // Opened for reading only: every write fails.
            let mut writer = Box::new(behind.writer(File::open(&path).unwrap()));
            let written = writer.write_all(&vec![0; length]).and_then(|()| writer.close());
            behind.settle();
            assert!(written.and(behind.failure()).is_err(), "{length}");
            behind.failure().unwrap();
        }
    }
}
