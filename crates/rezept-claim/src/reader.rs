//! The streaming reader: any `Read` in, one line at a time out, in constant memory and without changing a byte. It knows
//! lines and items, not what they mean; for every input, what it hands out adds up to that input.

use crate::index::{CHUNK, Index};
use crate::record::{Ending, Parts, RawRecord};
use std::io::Read;

/// Bytes read at a time. Small enough that buffer and index stay in the second-level cache.
pub const BLOCK_BYTES: usize = 128 * 1024;

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

/// Reads a file line by line. Lines end at LF; a CR before it belongs to the terminator, and so do 0x1A bytes (and a CR
/// before them) at the end of the file.
pub struct RecordReader<R> {
    source: R,
    /// A multiple of [`CHUNK`] long; zero behind `filled`, so that no mark of use stands there.
    buffer: Vec<u8>,
    index: Index,
    /// The next entry of `index.lines`.
    next: usize,
    filled: usize,
    start: usize,
    /// Commas of the buffer before `start`.
    commas: u32,
    /// Where the buffer begins in the file.
    offset: u64,
    line: u32,
    continuation: bool,
    end: bool,
}

/// A line inside the buffer, from `start` on: how long it is without and with its terminator, and its commas.
struct Span {
    line_len: usize,
    raw_len: usize,
    commas: u32,
    ending: Ending,
}

impl<R: Read> RecordReader<R> {
    /// A reader at the start of `source`. Reads are large already: no `BufReader` is needed.
    pub fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; BLOCK_BYTES],
            index: Index::default(),
            next: 0,
            filled: 0,
            start: 0,
            commas: 0,
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
    #[inline(always)]
    pub fn next_record(&mut self) -> Result<Option<RawRecord<'_>>, ReadError> {
        let span = match self.next_line() {
            Some(span) => span,
            None => match self.next_span()? {
                Some(span) => span,
                None => return Ok(None),
            },
        };
        let start = self.start;
        let continuation = self.continuation;
        self.line = self.line.saturating_add(u32::from(!continuation));
        self.continuation = span.ending == Ending::Continued;
        self.start = start + span.raw_len;
        self.commas += span.commas;
        Ok(Some(RawRecord::new(Parts {
            raw: self.buffer.get(start..self.start).unwrap_or_default(),
            line_len: span.line_len,
            marks: self.index.marks.get(start / CHUNK..).unwrap_or_default(),
            shift: start % CHUNK,
            commas: span.commas,
            ending: span.ending,
            continuation,
            byte: self.offset + start as u64,
            number: self.line,
        })))
    }

    /// Bytes handed out so far.
    pub fn byte(&self) -> u64 {
        self.offset + self.start as u64
    }

    /// Whether the next line stands in the buffer already, so that [`RecordReader::next_record`] moves nothing.
    #[inline(always)]
    pub(crate) fn holds_next(&self) -> bool {
        self.next < self.index.lines.len()
    }

    /// Bytes of the file, by their places in it, that were handed out since the buffer was last filled; empty for others.
    pub(crate) fn bytes(&self, places: std::ops::Range<u64>) -> &[u8] {
        let place = |byte: u64| byte.checked_sub(self.offset).and_then(|at| usize::try_from(at).ok());
        let range = place(places.start).zip(place(places.end.min(self.byte())));
        range.and_then(|(start, end)| self.buffer.get(start..end)).unwrap_or_default()
    }

    /// The next line that ends in the buffer.
    #[inline(always)]
    fn next_line(&mut self) -> Option<Span> {
        let end = self.index.lines.get(self.next)?;
        self.next += 1;
        let newline = end.at as usize;
        let raw_len = newline + 1 - self.start;
        let cr = raw_len > 1 && self.buffer.get(newline - 1) == Some(&b'\r');
        Some(Span {
            line_len: raw_len - 1 - usize::from(cr),
            raw_len,
            commas: end.commas - self.commas,
            ending: if cr { Ending::CrLf } else { Ending::Lf },
        })
    }

    /// Reads on until there is a line, a piece of one, or the end.
    #[inline(never)]
    fn next_span(&mut self) -> Result<Option<Span>, ReadError> {
        loop {
            let waiting = self.filled - self.start;
            if waiting >= MAX_LINE_BYTES {
                // Keep a CR back: an LF may follow it, and the two are one terminator.
                let keep = usize::from(self.buffer.get(self.filled - 1) == Some(&b'\r'));
                return Ok(Some(self.unended(waiting - keep, waiting - keep, Ending::Continued)));
            }
            if self.end {
                return Ok((waiting > 0).then(|| self.last_line()));
            }
            self.fill()?;
            if let Some(span) = self.next_line() {
                return Ok(Some(span));
            }
        }
    }

    fn last_line(&self) -> Span {
        let rest = self.buffer.get(self.start..self.filled).unwrap_or_default();
        let marks = rest.iter().rev().take_while(|b| **b == 0x1A).count();
        // A CR here lost its LF when the file was cut: it ends the line all the same.
        let cr = rest.iter().rev().nth(marks) == Some(&b'\r');
        let end = marks + usize::from(cr);
        self.unended(rest.len() - end, rest.len(), Ending::EndOfFile)
    }

    fn unended(&self, line_len: usize, raw_len: usize, ending: Ending) -> Span {
        let raw = self.buffer.get(self.start..self.start + raw_len).unwrap_or_default();
        let commas = raw.iter().map(|b| u32::from(*b == b',')).sum();
        Span { line_len, raw_len, commas, ending }
    }

    /// Moves what was not handed out to the front, reads until the buffer is full, and marks it.
    fn fill(&mut self) -> Result<(), ReadError> {
        self.buffer.copy_within(self.start..self.filled, 0);
        self.offset += self.start as u64;
        self.filled -= self.start;
        self.start = 0;
        self.commas = 0;
        self.next = 0;
        if self.filled == self.buffer.len() {
            // A line longer than the buffer: twice as much, so that marking it anew costs linear time all in all.
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let outcome = self.read_full();
        let padded = self.filled.next_multiple_of(CHUNK);
        if let Some(padding) = self.buffer.get_mut(self.filled..padded) {
            padding.fill(0);
        }
        self.index.build(self.buffer.get(..padded).unwrap_or_default());
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
