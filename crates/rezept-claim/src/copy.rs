//! Writing back what was read: `write(read(x)) == x` for every byte string. It must never decode or mend anything.

use crate::finding::Sink;
use crate::reader::{ReadError, RecordReader};
use crate::scan::{Depth, FileFacts, Scan};
use std::io::{Read, Write};

/// Bytes collected before they are written: a line is too small for a write of its own.
const WRITE_BYTES: usize = 64 * 1024;

/// Reading or writing stopped.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The source could not be read on.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The target could not be written on.
    #[error("cannot write on behind byte {byte}")]
    Write {
        /// Bytes handed to the target before the failing write.
        byte: u64,
        /// What the target said.
        #[source]
        source: std::io::Error,
    },
}

/// Copies a file record by record, byte for byte, scans it on the way, and flushes the writer (which is no promise about
/// a disk).
///
/// # Errors
/// When the source cannot be read or the target cannot be written.
pub fn copy_through<R: Read, W: Write>(
    source: R,
    mut target: W,
    depth: Depth,
    sink: Sink<'_>,
) -> Result<FileFacts, CopyError> {
    let mut reader = RecordReader::new(source);
    let mut scan = Scan::new(depth);
    let mut pending = Vec::with_capacity(WRITE_BYTES);
    let mut byte = 0;
    while let Some(record) = reader.next_record()? {
        let raw = record.raw();
        if pending.len() + raw.len() > WRITE_BYTES {
            byte = put(&mut target, &mut pending, byte)?;
        }
        pending.extend_from_slice(raw);
        scan.record(&record, sink);
    }
    byte = put(&mut target, &mut pending, byte)?;
    target.flush().map_err(|source| CopyError::Write { byte, source })?;
    Ok(scan.finish(sink))
}

fn put<W: Write>(target: &mut W, pending: &mut Vec<u8>, byte: u64) -> Result<u64, CopyError> {
    target.write_all(pending).map_err(|source| CopyError::Write { byte, source })?;
    let written = byte + pending.len() as u64;
    pending.clear();
    Ok(written)
}
