//! Reading and writing past the cache needs a buffer at an aligned address. This one over-allocates and takes the aligned part,
//! so that no unsafe code is needed.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// Fits every sector size in use (512 and 4096) and every page size that matters past the cache.
pub(super) const ALIGNMENT: usize = 4096;

/// What is read or written at once: large enough for a stick to reach its full speed.
const SIZE: usize = 1024 * 1024;

/// A megabyte at an aligned address.
pub(super) struct AlignedBuffer {
    memory: Vec<u8>,
    start: usize,
}

impl AlignedBuffer {
    fn new() -> Self {
        let memory = vec![0; SIZE + ALIGNMENT];
        // `align_offset` may give up (it never does outside const evaluation); an unaligned buffer only makes the
        // direct read fail, which is then reported as such.
        let start = memory.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        Self { memory, start }
    }

    /// No buffer, to leave behind when one is given away.
    pub(super) const fn none() -> Self {
        Self { memory: Vec::new(), start: 0 }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.memory.get(self.start..self.start + SIZE).unwrap_or_default()
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        self.memory.get_mut(self.start..self.start + SIZE).unwrap_or_default()
    }
}

/// Buffers that wait for the next file: thousands of small files shall not cost a fresh megabyte each.
#[derive(Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<AlignedBuffer>>>);

impl Buffers {
    pub(super) fn take(&self) -> AlignedBuffer {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_else(AlignedBuffer::new)
    }

    pub(super) fn give(&self, buffer: AlignedBuffer) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

/// Reads a file from start to end in aligned megabytes, as direct reads demand.
pub(super) struct AlignedReader {
    pub(super) file: File,
    /// Whether the file was opened past the cache.
    pub(super) direct: bool,
    home: Buffers,
    buffer: AlignedBuffer,
    next: usize,
    filled: usize,
    ended: bool,
}

impl AlignedReader {
    pub(super) fn new(file: File, direct: bool, buffers: &Buffers) -> Self {
        let home = buffers.clone();
        Self { file, direct, buffer: home.take(), home, next: 0, filled: 0, ended: false }
    }

    /// Fills the buffer if everything in it was handed out.
    pub(super) fn fill(&mut self) -> io::Result<()> {
        if self.next < self.filled || self.ended {
            return Ok(());
        }
        let got = loop {
            match self.file.read(self.buffer.bytes_mut()) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        // A direct reading that stops between two sectors met the end; to ask again from there would be unaligned.
        self.ended = got == 0 || (self.direct && !got.is_multiple_of(ALIGNMENT));
        (self.next, self.filled) = (0, got);
        Ok(())
    }
}

impl Read for AlignedReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        let rest = self.buffer.bytes().get(self.next..self.filled).unwrap_or_default();
        let count = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.next += count;
        Ok(count)
    }
}

impl Drop for AlignedReader {
    fn drop(&mut self) {
        self.home.give(std::mem::replace(&mut self.buffer, AlignedBuffer::none()));
    }
}
