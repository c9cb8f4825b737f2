//! One ciphertext in segments of at most 1 GiB: a writer that cuts and hashes, a reader that joins. Where segments
//! stand is the affair of whoever hands them out.

use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::digest::HashingWriter;
use crate::envelope::{Envelope, MAX_SEGMENTS, SEGMENT_BYTES, Segment};

/// Hands out the places for segments.
pub trait SegmentSink {
    /// Where the bytes of one segment go.
    type Out: Write;

    /// A place for segment `index` (0-based).
    ///
    /// # Errors
    /// Whatever hinders it; it ends the writing.
    fn begin(&mut self, index: usize) -> io::Result<Self::Out>;

    /// Takes the place back when the segment is whole: to flush it, close it, start writing it back.
    ///
    /// # Errors
    /// Whatever hinders it; it ends the writing.
    fn end(&mut self, index: usize, out: Self::Out, segment: &Segment) -> io::Result<()>;
}

/// Cuts what is written into segments and hashes each. Nothing is buffered.
pub struct SegmentWriter<S: SegmentSink> {
    sink: S,
    open: Option<HashingWriter<S::Out>>,
    done: Vec<Segment>,
    segment_bytes: u64,
}

impl<S: SegmentSink> SegmentWriter<S> {
    /// Nothing is begun before the first byte comes.
    pub const fn new(sink: S) -> Self {
        Self { sink, open: None, done: Vec::new(), segment_bytes: SEGMENT_BYTES }
    }

    /// Ends the last segment: the sink, and what the header says of the segments.
    ///
    /// # Errors
    /// Whatever the sink says; an error without a single byte written.
    pub fn finish(mut self) -> io::Result<(S, Envelope)> {
        self.end_segment()?;
        let envelope = Envelope::new(self.done).map_err(io::Error::other)?;
        Ok((self.sink, envelope))
    }

    fn end_segment(&mut self) -> io::Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let (out, sha256, size) = open.finish();
        let segment = Segment { sha256, size };
        self.sink.end(self.done.len(), out, &segment)?;
        self.done.push(segment);
        Ok(())
    }
}

impl<S: SegmentSink> Write for SegmentWriter<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if self.open.as_ref().is_some_and(|open| open.bytes() >= self.segment_bytes) {
            self.end_segment()?;
        }
        let open = match &mut self.open {
            Some(open) => open,
            None if self.done.len() >= MAX_SEGMENTS => return Err(io::ErrorKind::FileTooLarge.into()),
            none => none.insert(HashingWriter::new(self.sink.begin(self.done.len())?)),
        };
        let room = usize::try_from(self.segment_bytes - open.bytes()).unwrap_or(usize::MAX);
        open.write(bytes.get(..room).unwrap_or(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// The segments of an envelope as one stream. One of them is open at a time.
pub struct SegmentReader<R, O> {
    opener: O,
    sizes: Vec<u64>,
    open: Option<(usize, R)>,
    position: u64,
}

impl<R: Read + Seek, O: FnMut(usize) -> io::Result<R>> SegmentReader<R, O> {
    /// `opener` opens segment `index`, at its start. Nothing is opened yet.
    pub fn new(envelope: &Envelope, opener: O) -> Self {
        let sizes = envelope.segments().iter().map(|segment| segment.size).collect();
        Self { opener, sizes, open: None, position: 0 }
    }

    /// Which segment the position falls into, and where in it.
    fn locate(&self) -> Option<(usize, u64, u64)> {
        let mut start = 0;
        for (index, &size) in self.sizes.iter().enumerate() {
            if self.position < start + size {
                return Some((index, self.position - start, size));
            }
            start += size;
        }
        None
    }
}

impl<R: Read + Seek, O: FnMut(usize) -> io::Result<R>> Read for SegmentReader<R, O> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((index, offset, size)) = self.locate().filter(|_| !buffer.is_empty()) else { return Ok(0) };
        if self.open.as_ref().is_none_or(|(open, _)| *open != index) {
            self.open = None;
            let mut segment = (self.opener)(index)?;
            segment.seek(SeekFrom::Start(offset))?;
            self.open = Some((index, segment));
        }
        let Some((_, segment)) = &mut self.open else { return Ok(0) };
        let left = usize::try_from(size - offset).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let count = segment.read(buffer.get_mut(..wanted).unwrap_or_default())?;
        if count == 0 {
            // A shorter segment than the header says must not look like the next one.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += count as u64;
        Ok(count)
    }
}

impl<R: Read + Seek, O: FnMut(usize) -> io::Result<R>> Seek for SegmentReader<R, O> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let total: u64 = self.sizes.iter().sum();
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => total.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        let target = target.ok_or(io::ErrorKind::InvalidInput)?;
        if target != self.position {
            self.position = target;
            let place = self.locate();
            match (&mut self.open, place) {
                (Some((open, segment)), Some((index, offset, _))) if *open == index => {
                    segment.seek(SeekFrom::Start(offset))?;
                }
                (open, _) => *open = None,
            }
        }
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use std::io::Cursor;

    /// Segments in memory, each taken back exactly once and in order.
    #[derive(Default)]
    struct Kept(Vec<Vec<u8>>);

    impl SegmentSink for Kept {
        type Out = Vec<u8>;

        fn begin(&mut self, index: usize) -> io::Result<Vec<u8>> {
            assert_eq!(index, self.0.len());
            Ok(Vec::new())
        }

        fn end(&mut self, index: usize, out: Vec<u8>, segment: &Segment) -> io::Result<()> {
            assert_eq!(index, self.0.len());
            assert_eq!((segment.size, segment.sha256), (out.len() as u64, Digest::of(&out)));
            self.0.push(out);
            Ok(())
        }
    }

    fn cut(bytes: &[u8], segment_bytes: u64, write_size: usize) -> Vec<Vec<u8>> {
        let mut writer = SegmentWriter { segment_bytes, ..SegmentWriter::new(Kept::default()) };
        for part in bytes.chunks(write_size) {
            writer.write_all(part).unwrap();
        }
        writer.end_segment().unwrap();
        writer.sink.0
    }

    #[test]
    fn every_segment_but_the_last_is_full_and_none_is_empty() {
        let bytes: Vec<u8> = (0..40).collect();
        for (count, expected) in [(1, 1), (9, 1), (10, 1), (11, 2), (20, 2), (21, 3), (40, 4)] {
            for write_size in [1, 3, 10, 64] {
                let segments = cut(&bytes[..count], 10, write_size);
                assert_eq!(segments.len(), expected, "{count}");
                assert_eq!(segments.concat(), &bytes[..count]);
                assert!(segments[..expected - 1].iter().all(|segment| segment.len() == 10));
            }
        }
        assert!(SegmentWriter::new(Kept::default()).finish().is_err());
        let mut writer = SegmentWriter::new(Kept::default());
        writer.write_all(&bytes).unwrap();
        let (kept, envelope) = writer.finish().unwrap();
        assert_eq!((kept.0.len(), envelope.total_bytes()), (1, 40));
    }

    #[test]
    fn the_reader_is_the_whole_again_from_every_place() {
        let bytes: Vec<u8> = (0..40).collect();
        let segments = cut(&bytes, 16, 40);
        let reader = || SegmentReader {
            sizes: segments.iter().map(|segment| segment.len() as u64).collect(),
            opener: |index: usize| Ok(Cursor::new(segments[index].clone())),
            open: None,
            position: 0,
        };
        let mut whole = Vec::new();
        reader().read_to_end(&mut whole).unwrap();
        assert_eq!(whole, bytes);
        let mut one = reader();
        for from in (0..=40).rev().chain(0..=40) {
            let back = i64::try_from(from).unwrap() - 40;
            assert_eq!(one.seek(SeekFrom::End(back)).unwrap(), from);
            assert_eq!(one.stream_position().unwrap(), from);
            let mut rest = Vec::new();
            one.read_to_end(&mut rest).unwrap();
            assert_eq!(rest, &bytes[usize::try_from(from).unwrap()..]);
        }
        assert!(one.seek(SeekFrom::End(-41)).is_err());
        one.seek(SeekFrom::Start(100)).unwrap();
        assert_eq!(one.read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn a_segment_that_is_too_short_is_not_skipped() {
        let mut reader = SegmentReader {
            sizes: vec![16, 16],
            opener: |_| Ok(Cursor::new(vec![1; 15])),
            open: None,
            position: 0,
        };
        assert_eq!(reader.read_to_end(&mut Vec::new()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
