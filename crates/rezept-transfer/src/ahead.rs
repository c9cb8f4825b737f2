//! Reading ahead on a second thread, for who looks into a large file while it is read: neither waits for the other. Memory
//! is a fixed number of blocks.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use crate::lane::{BLOCK_BYTES, fill};

/// Blocks under way at once.
const BLOCKS: usize = 3;
/// Below this size a thread is not worth its start.
const LEAST_BYTES: u64 = 4 << 20;

/// A block, filled so far, or what reading it failed with.
type Filled = io::Result<(Vec<u8>, usize)>;

/// Lets `work` read `from`, of which `size_bytes` are expected, while the next blocks of it are being read.
pub(crate) fn read_ahead<T>(
    from: &mut (dyn Read + Send),
    size_bytes: u64,
    work: impl FnOnce(&mut dyn Read) -> T,
) -> T {
    if size_bytes < LEAST_BYTES {
        return work(from);
    }
    thread::scope(|scope| {
        let (full, filled) = sync_channel(BLOCKS);
        let (back, empty) = channel();
        let reading = scope.spawn(move || fill_all(from, &empty, &full));
        for _ in 0..BLOCKS {
            let _ = back.send(vec![0; BLOCK_BYTES]);
        }
        // Dropped with its channels, which ends the thread.
        let done = work(&mut Ahead { filled, back, block: Vec::new(), rest: 0..0 });
        reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        done
    })
}

fn fill_all(from: &mut (dyn Read + Send), empty: &Receiver<Vec<u8>>, full: &SyncSender<Filled>) {
    for mut block in empty {
        let filled = fill(from, &mut block);
        let last = matches!(filled, Ok(0) | Err(_));
        if full.send(filled.map(|count| (block, count))).is_err() || last {
            return;
        }
    }
}

/// The near end.
struct Ahead {
    filled: Receiver<Filled>,
    back: Sender<Vec<u8>>,
    block: Vec<u8>,
    /// What of the block was not handed on yet.
    rest: std::ops::Range<usize>,
}

impl Read for Ahead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            // The other end is gone after the end or an error was sent, or by a panic that is passed on at the end.
            let Ok(filled) = self.filled.recv() else { return Ok(0) };
            let (block, count) = filled?;
            let done = std::mem::replace(&mut self.block, block);
            if !done.is_empty() {
                let _ = self.back.send(done);
            }
            self.rest = 0..count;
        }
        let rest = self.block.get(self.rest.clone()).unwrap_or_default();
        let count = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.rest.start += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives pieces of all sizes, and fails at the end if it is told to.
    struct Pieces<'a>(&'a [u8], Option<io::ErrorKind>, usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.2 = (self.2 * 7 + 1) % 300_000;
            let count = out.len().min(self.2 + 1).min(self.0.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            match self.1 {
                Some(kind) if count == 0 => Err(kind.into()),
                _ => Ok(count),
            }
        }
    }

    #[test]
    fn what_was_read_ahead_is_what_stands_there() {
        for size in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, 9 * BLOCK_BYTES + 17] {
            let bytes: Vec<u8> = (0..size).map(|i| u8::try_from(i % 251).unwrap()).collect();
            for expected in [size as u64, LEAST_BYTES] {
                let mut copy = Vec::new();
                let mut from = Pieces(&bytes, None, 0);
                read_ahead(&mut from, expected, |from| from.read_to_end(&mut copy)).unwrap();
                assert!(copy == bytes, "{size} {expected}");
            }
        }
    }

    #[test]
    fn a_failure_comes_in_its_place_and_reading_less_ends_all() {
        let bytes = vec![1; 6 * BLOCK_BYTES];
        let mut copy = Vec::new();
        let mut from = Pieces(&bytes, Some(io::ErrorKind::TimedOut), 0);
        let read = read_ahead(&mut from, LEAST_BYTES, |from| from.read_to_end(&mut copy));
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(copy.len() >= 5 * BLOCK_BYTES);
        let mut first = [0; 3];
        let mut from = Pieces(&bytes, None, 0);
        read_ahead(&mut from, LEAST_BYTES, |from| from.read_exact(&mut first)).unwrap();
        assert_eq!(first, [1; 3]);
    }
}
