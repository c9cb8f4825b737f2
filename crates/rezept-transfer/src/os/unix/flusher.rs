//! Lets the file system begin to write while the next file is still being read. The writer never waits for it, and an
//! error it meets is kept for the next flush: Linux tells it only once.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Hints that come sooner after another are not passed on. A flush of the whole file system has a price of its own:
/// asked for at each megabyte, it made a fast disk three times slower; a stick still writes all the time at this pace.
const PAUSE: Duration = Duration::from_millis(50);

/// A file system that is flushed in the background. Its thread starts with the first hint.
pub(super) struct Flusher {
    work: Arc<Work>,
    running: OnceLock<Option<Running>>,
    last_hint: Mutex<Option<Instant>>,
}

struct Work {
    /// Own open file description, so that being told of an error here takes nothing from the foreground.
    root: OwnedFd,
    /// Held while flushing. Holds the first error that no one was told of.
    failed: Mutex<Option<io::Error>>,
}

struct Running {
    hints: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Flusher {
    pub(super) fn new(root: OwnedFd) -> Self {
        let work = Arc::new(Work { root, failed: Mutex::new(None) });
        Self { work, running: OnceLock::new(), last_hint: Mutex::new(None) }
    }

    /// Asks for a flush soon. Hints that arrive while one is waiting are the same hint.
    pub(super) fn hint(&self) {
        if !self.is_due() {
            return;
        }
        let running = self.running.get_or_init(|| {
            let (hints, inbox) = sync_channel(1);
            let work = Arc::clone(&self.work);
            let started = thread::Builder::new().name("rezept-flush".into()).spawn(move || work.run(&inbox));
            // Without the thread nothing is lost but time: the flush itself does the work.
            started.ok().map(|thread| Running { hints, thread })
        });
        if let Some(running) = running {
            // Full: a hint is waiting already.
            let _ = running.hints.try_send(());
        }
    }

    fn is_due(&self) -> bool {
        let mut last = self.last_hint.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= PAUSE);
        if due {
            *last = Some(Instant::now());
        }
        due
    }

    /// Waits for a flush in progress and hands over the error that was met since the last call.
    pub(super) fn wait_and_take(&self) -> Option<io::Error> {
        self.work.lock().take()
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        if let Some(Some(running)) = self.running.take() {
            drop(running.hints);
            // Waits, so that a volume that was let go no longer keeps its medium busy. The thread cannot panic.
            let _ = running.thread.join();
        }
    }
}

impl Work {
    fn run(&self, hints: &Receiver<()>) {
        while hints.recv().is_ok() {
            let mut failed = self.lock();
            if let Err(e) = rustix::fs::syncfs(&self.root) {
                failed.get_or_insert(e.into());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<io::Error>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
