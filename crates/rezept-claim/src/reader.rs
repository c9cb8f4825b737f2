//! The streaming reader: any `Read` in, one line at a time out, in constant memory and without changing a byte. It knows
//! lines and items, not what they mean; for every input, what it hands out adds up to that input.

use crate::index::{CHUNK, Marks, mark_all};
use crate::record::{Ending, Parts, RawRecord};
use std::io::Read;

/// Bytes read at a time. Small enough that buffer and index stay in the second-level cache.
pub const BLOCK_BYTES: usize = 64 * 1024;

/// A longer line is handed out in pieces. The longest item known has 2,400 bytes; the limit bounds memory when a file
/// is no claim file at all.
pub const MAX_LINE_BYTES: usize = 1024 * 1024;

/// The source could not be read on.
#[derive(Debug, thiserror::Error)]
#[error("cannot read on behind byte {byte}")]
pub struct ReadError {
    /// How many bytes had been read.
    pub byte: u64,
    /// What the source said.
    #[source]
    pub source: std::io::Error,
}

/// Reads a file line by line. Lines end at LF; a CR before it belongs to the terminator, and so do 0x1A bytes at the end
/// of the file.
pub struct RecordReader<R> {
    source: R,
    /// A multiple of [`CHUNK`] long; zero behind `filled`, so that no mark stands there.
    buffer: Vec<u8>,
    marks: Vec<Marks>,
    filled: usize,
    start: usize,
    /// Where the buffer begins in the file.
    offset: u64,
    line: u32,
    continuation: bool,
    end: bool,
}

/// A line inside the buffer: where it begins, how long it is without and with its terminator.
struct Span {
    start: usize,
    line_len: usize,
    raw_len: usize,
    ending: Ending,
}

impl<R: Read> RecordReader<R> {
    /// A reader at the start of `source`. Reads are large already: no `BufReader` is needed.
    pub fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; BLOCK_BYTES],
            marks: Vec::with_capacity(BLOCK_BYTES / CHUNK),
            filled: 0,
            start: 0,
            offset: 0,
            line: 0,
            continuation: false,
            end: false,
        }
    }

    /// The next line, or `None` at the end. After an error the call can be repeated: nothing is lost.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn next_record(&mut self) -> Result<Option<RawRecord<'_>>, ReadError> {
        let Some(span) = self.next_span()? else { return Ok(None) };
        let continuation = self.continuation;
        if !continuation {
            self.line = self.line.saturating_add(1);
        }
        self.continuation = span.ending == Ending::Continued;
        self.start = span.start + span.raw_len;
        let first_chunk = span.start / CHUNK;
        Ok(Some(RawRecord::new(Parts {
            raw: self.buffer.get(span.start..self.start).unwrap_or_default(),
            line_len: span.line_len,
            marks: self.marks.get(first_chunk..).unwrap_or_default(),
            shift: span.start % CHUNK,
            ending: span.ending,
            continuation,
            byte: self.offset + span.start as u64,
            number: self.line,
        })))
    }

    /// Bytes handed out so far.
    pub fn byte(&self) -> u64 {
        self.offset + self.start as u64
    }

    fn next_span(&mut self) -> Result<Option<Span>, ReadError> {
        loop {
            if let Some(newline) = self.next_newline() {
                return Ok(Some(self.ended_by(newline)));
            }
            let waiting = self.filled - self.start;
            if waiting >= MAX_LINE_BYTES {
                // Keep a CR back: an LF may follow it, and the two are one terminator.
                let keep = usize::from(self.buffer.get(self.filled - 1) == Some(&b'\r'));
                let len = waiting - keep;
                return Ok(Some(Span {
                    start: self.start,
                    line_len: len,
                    raw_len: len,
                    ending: Ending::Continued,
                }));
            }
            if self.end {
                return Ok((waiting > 0).then(|| self.last_line()));
            }
            self.fill()?;
        }
    }

    fn next_newline(&self) -> Option<usize> {
        let first = self.start / CHUNK;
        let mut words = self.marks.get(first..)?.iter();
        let mut word = words.next()?.newline & crate::index::from_bit(self.start % CHUNK);
        let mut base = first * CHUNK;
        while word == 0 {
            word = words.next()?.newline;
            base += CHUNK;
        }
        Some(base + word.trailing_zeros() as usize)
    }

    fn ended_by(&self, newline: usize) -> Span {
        let raw_len = newline + 1 - self.start;
        let cr = newline > self.start && self.buffer.get(newline - 1) == Some(&b'\r');
        Span {
            start: self.start,
            line_len: raw_len - 1 - usize::from(cr),
            raw_len,
            ending: if cr { Ending::CrLf } else { Ending::Lf },
        }
    }

    fn last_line(&self) -> Span {
        let rest = self.buffer.get(self.start..self.filled).unwrap_or_default();
        let marks = rest.iter().rev().take_while(|b| **b == 0x1A).count();
        Span {
            start: self.start,
            line_len: rest.len() - marks,
            raw_len: rest.len(),
            ending: Ending::EndOfFile,
        }
    }

    /// Moves what was not handed out to the front, reads until the buffer is full, and marks it.
    fn fill(&mut self) -> Result<(), ReadError> {
        self.buffer.copy_within(self.start..self.filled, 0);
        self.offset += self.start as u64;
        self.filled -= self.start;
        self.start = 0;
        if self.filled == self.buffer.len() {
            // A line longer than the buffer: twice as much, so that marking it anew costs linear time all in all.
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let outcome = self.read_full();
        let padded = self.filled.next_multiple_of(CHUNK);
        if let Some(padding) = self.buffer.get_mut(self.filled..padded) {
            padding.fill(0);
        }
        mark_all(self.buffer.get(..padded).unwrap_or_default(), &mut self.marks);
        outcome
    }

    fn read_full(&mut self) -> Result<(), ReadError> {
        while let Some(room) = self.buffer.get_mut(self.filled..).filter(|room| !room.is_empty()) {
            match self.source.read(room) {
                Ok(0) => {
                    self.end = true;
                    break;
                }
                Ok(n) => self.filled += n.min(room.len()),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(ReadError { byte: self.offset + self.filled as u64, source });
                }
            }
        }
        Ok(())
    }
}

impl<R> std::fmt::Debug for RecordReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordReader")
            .field("byte", &(self.offset + self.start as u64))
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}
