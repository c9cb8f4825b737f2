//! Sealing: from the files of a plan straight into the age stream. What it has seen of the payload is at most one buffer.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::error::SealError;
use super::{BUFFER_BYTES, age_stream};
use crate::bag::{BagPlan, PayloadFile};
use crate::keys::Recipient;
use crate::names;
use crate::payload::PayloadPath;

/// Seals one parcel. The order is fixed: header and tag files are written by [`begin`](Self::begin), then comes every
/// file of the plan in the order of its manifest, then [`finish`](Self::finish). Anything else, and every error, leaves
/// a ciphertext that nobody can open.
pub struct Sealer<W: Write> {
    /// `None` only while being taken apart.
    zip: Option<ZipWriter<StreamWriter<Gate<W>>>>,
    shut: Arc<AtomicBool>,
    /// The files that are still to come, last one first.
    expected: Vec<(PayloadPath, u64)>,
    folder: String,
    buffer: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// Begins the ciphertext in `out` for all of `to`, with the inner header and the tag files of `plan`.
    ///
    /// # Errors
    /// [`SealError::NoRecipient`], [`SealError::Io`].
    pub fn begin(out: W, plan: &BagPlan, inner_header: &[u8], to: &[Recipient]) -> Result<Self, SealError> {
        let shut = Arc::new(AtomicBool::new(false));
        let gate = Gate { inner: age_stream::begin(out, to)?, shut: Arc::clone(&shut) };
        let files = plan.files().iter().rev();
        let mut sealer = Self {
            zip: Some(ZipWriter::new_stream(gate)),
            shut,
            expected: files.map(|file| (file.path.clone(), file.size)).collect(),
            folder: names::bag_name(plan.id()),
            buffer: vec![0; BUFFER_BYTES],
        };
        sealer.add_small(&names::header_name(plan.id()), inner_header)?;
        for (name, bytes) in plan.tag_files() {
            sealer.add_small(&format!("{}/{name}", sealer.folder), &bytes)?;
        }
        Ok(sealer)
    }

    /// Seals the next file of the plan. Its size is checked; its digest is for the caller, who reads it through
    /// [`HashingReader`](crate::HashingReader).
    ///
    /// # Errors
    /// [`SealError::WrongOrder`], [`SealError::SizeDiffers`], [`SealError::Source`], [`SealError::Io`]. After any of
    /// them only [`SealError::Abandoned`] is left.
    pub fn add(&mut self, file: &PayloadFile, from: &mut dyn Read) -> Result<(), SealError> {
        self.check()?;
        let added = self.add_next(file, from);
        if added.is_err() {
            self.shut.store(true, Ordering::Relaxed);
        }
        added
    }

    fn add_next(&mut self, file: &PayloadFile, from: &mut dyn Read) -> Result<(), SealError> {
        let (path, size) = self.expected.pop().ok_or(SealError::WrongOrder)?;
        if path != file.path || size != file.size {
            return Err(SealError::WrongOrder);
        }
        let name = format!("{}/{path}", self.folder);
        let Self { zip: Some(zip), buffer, .. } = self else { return Err(SealError::Abandoned) };
        start(zip, &name, size)?;
        let mut left = size;
        loop {
            let count = match from.read(buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(SealError::Source { path, source }),
            };
            let Some(rest) = left.checked_sub(count as u64) else {
                return Err(SealError::SizeDiffers { path, planned: size });
            };
            left = rest;
            zip.write_all(buffer.get(..count).unwrap_or_default())?;
        }
        if left == 0 { Ok(()) } else { Err(SealError::SizeDiffers { path, planned: size }) }
    }

    /// Ends ZIP and age stream; `out` comes back, not flushed.
    ///
    /// # Errors
    /// [`SealError::WrongOrder`] if files of the plan are missing, [`SealError::Abandoned`], [`SealError::Io`].
    pub fn finish(mut self) -> Result<W, SealError> {
        self.check()?;
        if !self.expected.is_empty() {
            return Err(SealError::WrongOrder);
        }
        let zip = self.zip.take().ok_or(SealError::Abandoned)?;
        let gate = zip.finish().map_err(io::Error::from)?.into_inner();
        self.check()?;
        Ok(age_stream::finish(gate.inner)?)
    }

    fn check(&self) -> Result<(), SealError> {
        if self.shut.load(Ordering::Relaxed) { Err(SealError::Abandoned) } else { Ok(()) }
    }

    fn add_small(&mut self, name: &str, bytes: &[u8]) -> Result<(), SealError> {
        let Some(zip) = &mut self.zip else { return Err(SealError::Abandoned) };
        start(zip, name, bytes.len() as u64)?;
        Ok(zip.write_all(bytes)?)
    }
}

/// The library ends a ZIP that is dropped. Here an abandoned one must stay unfinished, and silently so.
impl<W: Write> Drop for Sealer<W> {
    fn drop(&mut self) {
        self.shut.store(true, Ordering::Relaxed);
    }
}

/// Begins an entry in exactly the form that `layout` knows, on every platform the same.
pub(super) fn start<W: Write>(
    zip: &mut ZipWriter<StreamWriter<W>>,
    name: &str,
    size: u64,
) -> Result<(), SealError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .system(System::Unix)
        .unix_permissions(0o600)
        .large_file(size >= u64::from(u32::MAX));
    Ok(zip.start_file(name, options).map_err(io::Error::from)?)
}

/// Lets bytes through to age until the first error or until the sealer was given up; then they vanish.
struct Gate<W: Write> {
    inner: age_stream::Sealing<W>,
    shut: Arc<AtomicBool>,
}

impl<W: Write> Gate<W> {
    fn shut_after<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Interrupted) {
            self.shut.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl<W: Write> Write for Gate<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.shut.load(Ordering::Relaxed) {
            return Ok(bytes.len());
        }
        let result = self.inner.write(bytes);
        self.shut_after(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.shut.load(Ordering::Relaxed) {
            return Ok(());
        }
        let result = self.inner.flush();
        self.shut_after(result)
    }
}
