//! The engine lock: who may work in a data folder. Guards nothing else; reading and asking need no lock.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::error::{JournalError, JournalResult};
use crate::mark::Mark;

/// The right to work in a data folder. The operating system takes it back when the process dies.
#[derive(Debug)]
pub struct EngineLock {
    _file: File,
}

impl EngineLock {
    /// Takes the lock without waiting, and sweeps what killed processes left in the data folder.
    ///
    /// # Errors
    /// `EngineBusy` when another process holds it; `Io` when the data folder does not answer.
    pub fn acquire(data: &Path) -> JournalResult<Self> {
        let path = data.join("engine.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| JournalError::Io { verb: "open", path: path.clone(), source })?;
        match file.try_lock() {
            Ok(()) => {
                Mark::sweep(data);
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(JournalError::EngineBusy),
            Err(TryLockError::Error(source)) => Err(JournalError::Io { verb: "lock", path, source }),
        }
    }
}
