//! Hashing on a second thread, so that a slow medium never waits for SHA-256 nor SHA-256 for the medium. Memory is a
//! fixed number of blocks, whatever the files' sizes.

use std::io::{self, Read, Sink, Write};
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use rezept_parcel::{Digest, HashingWriter};

/// Size of a block in bytes: large enough that a slow medium works in long runs.
pub(crate) const BLOCK_BYTES: usize = 1 << 20;
/// Blocks under way at once.
const BLOCKS: usize = 4;

/// With less room than this in the block at hand, reading goes on in another: short readings cost a slow medium its run.
const ROOM_LEAST_BYTES: usize = BLOCK_BYTES / 16;

/// A block on its way: many small files may share one, so that waking the other thread is paid once for all of them.
#[derive(Default)]
struct Batch {
    block: Vec<u8>,
    filled: usize,
    /// Where files end in it.
    ends: Vec<usize>,
}

/// The near end of the hashing thread.
pub(crate) struct Lane {
    full: SyncSender<Batch>,
    empty: Receiver<Vec<u8>>,
    made: usize,
    at_hand: Batch,
}

impl Lane {
    /// Reads `from` to its end, gives every piece to `each`, and to the hashing thread. Returns the number of bytes.
    pub(crate) fn pass(
        &mut self,
        from: &mut dyn Read,
        mut each: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<u64, PassError> {
        let mut bytes = 0u64;
        loop {
            let piece = self.fill(from).map_err(PassError::Read)?;
            let Some(data) = self.at_hand.block.get(piece).filter(|data| !data.is_empty()) else { break };
            each(data).map_err(PassError::Write)?;
            bytes += data.len() as u64;
        }
        self.end_of_file();
        Ok(bytes)
    }

    /// Lets `from` be read while every byte that was read is hashed. End it with [`Tee::finish`], or go on with
    /// [`Lane::pass`] to its end.
    pub(crate) fn reader<'a>(&'a mut self, from: &'a mut dyn Read) -> Tee<'a> {
        Tee { lane: self, from, piece: 0..0, bytes: 0, failure: None }
    }

    /// Takes as many of the bytes as the block at hand has room for, and says how many.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> usize {
        self.make_room(1);
        let at_hand = &mut self.at_hand;
        let room = at_hand.block.get_mut(at_hand.filled..).unwrap_or_default();
        let count = room.len().min(bytes.len());
        if let (Some(to), Some(from)) = (room.get_mut(..count), bytes.get(..count)) {
            to.copy_from_slice(from);
        }
        at_hand.filled += count;
        count
    }

    /// What stands in the block at hand.
    pub(crate) fn at_hand(&self) -> &[u8] {
        self.at_hand.block.get(..self.at_hand.filled).unwrap_or_default()
    }

    /// What was given since the last end is one file.
    pub(crate) fn end_of_file(&mut self) {
        self.at_hand.ends.push(self.at_hand.filled);
    }

    /// Gives the block at hand to the hashing thread.
    pub(crate) fn send(&mut self) {
        // The other end only goes away by a panic, which `with_lane` passes on when it joins.
        let _ = self.full.send(std::mem::take(&mut self.at_hand));
    }

    /// Reads on into the block at hand, or into the next one. Where it stands now; an empty place at the end of `from`.
    fn fill(&mut self, from: &mut dyn Read) -> io::Result<Range<usize>> {
        self.make_room(ROOM_LEAST_BYTES);
        let begin = self.at_hand.filled;
        let room = self.at_hand.block.get_mut(begin..).unwrap_or_default();
        self.at_hand.filled += fill(from, room)?;
        Ok(begin..self.at_hand.filled)
    }

    fn make_room(&mut self, least_bytes: usize) {
        if self.at_hand.block.len() - self.at_hand.filled >= least_bytes {
            return;
        }
        if self.at_hand.filled > 0 {
            self.send();
        }
        if self.at_hand.block.is_empty() {
            self.at_hand.block = self.empty_block();
        }
    }

    /// A block of [`BLOCK_BYTES`]: a new one, or one that was hashed.
    fn empty_block(&mut self) -> Vec<u8> {
        if self.made < BLOCKS {
            self.made += 1;
            return vec![0; BLOCK_BYTES];
        }
        self.empty.recv().unwrap_or_else(|_| vec![0; BLOCK_BYTES])
    }
}

/// Which side of a pass failed.
pub(crate) enum PassError {
    Read(io::Error),
    Write(io::Error),
}

/// Reads until the block is full or nothing more comes.
pub(crate) fn fill(from: &mut dyn Read, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Runs `work` with a hashing thread beside it and returns, besides its result, the digest of every file that passed, in
/// order.
pub(crate) fn with_lane<T, E>(work: impl FnOnce(&mut Lane) -> Result<T, E>) -> Result<(T, Vec<Digest>), E> {
    thread::scope(|scope| {
        let (full, blocks) = sync_channel(BLOCKS);
        let (back, empty) = channel();
        let worker = scope.spawn(move || hash_all(&blocks, &back));
        let mut lane = Lane { full, empty, made: 0, at_hand: Batch::default() };
        let result = work(&mut lane);
        lane.send();
        drop(lane);
        let digests = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        result.map(|done| (done, digests))
    })
}

/// A reader that hashes what passes through it on a second thread.
pub(crate) struct Tee<'a> {
    lane: &'a mut Lane,
    from: &'a mut dyn Read,
    /// What was read and not handed on yet, in the block at hand.
    piece: Range<usize>,
    bytes: u64,
    failure: Option<io::Error>,
}

impl Tee<'_> {
    /// Bytes that were read so far, handed on or not.
    pub(crate) const fn read_so_far(&self) -> u64 {
        self.bytes
    }

    /// What reading failed with, which whoever read may have put into other words.
    pub(crate) const fn failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// Ends the file. Returns the number of bytes that were read from it.
    pub(crate) fn finish(self) -> u64 {
        self.lane.end_of_file();
        self.bytes
    }
}

impl Read for Tee<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            self.piece = match self.lane.fill(self.from) {
                Ok(piece) => piece,
                Err(error) => {
                    let kind = error.kind();
                    self.failure = Some(error);
                    return Err(kind.into());
                }
            };
            self.bytes += self.piece.len() as u64;
        }
        let rest = self.lane.at_hand.block.get(self.piece.clone()).unwrap_or_default();
        let n = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        self.piece.start += n;
        Ok(n)
    }
}

/// Lets `work` read `from` while a second thread hashes every byte that it read. Returns the result, the digest and the
/// number of bytes.
///
/// # Errors
/// What `work` returns.
pub fn read_hashed<T, E>(
    from: &mut dyn Read,
    work: impl FnOnce(&mut dyn Read) -> Result<T, E>,
) -> Result<(T, Digest, u64), E> {
    let ((done, bytes), digests) = with_lane(|lane| {
        let mut tee = lane.reader(from);
        let done = work(&mut tee)?;
        Ok((done, tee.finish()))
    })?;
    Ok((done, digests.into_iter().next().unwrap_or_else(|| Digest::of(b"")), bytes))
}

fn hash_all(batches: &Receiver<Batch>, back: &Sender<Vec<u8>>) -> Vec<Digest> {
    let mut digests = Vec::new();
    let mut hasher = HashingWriter::<Sink>::new(io::sink());
    for Batch { block, filled, ends } in batches {
        let mut begin = 0;
        for end in ends {
            hash(&mut hasher, block.get(begin..end));
            let done = std::mem::replace(&mut hasher, HashingWriter::new(io::sink()));
            digests.push(done.finish().1);
            begin = end;
        }
        hash(&mut hasher, block.get(begin..filled));
        // The last batch may have ends only.
        if !block.is_empty() {
            let _ = back.send(block);
        }
    }
    digests
}

fn hash(hasher: &mut HashingWriter<Sink>, data: Option<&[u8]>) {
    hasher.write_all(data.unwrap_or_default()).unwrap_or_else(|_| unreachable!("a sink takes everything"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hashed_reading_is_the_reading() {
        for size in [0, 1, BLOCK_BYTES, 9 * BLOCK_BYTES + 1] {
            let file: Vec<u8> = (0..size).map(|i| u8::try_from(i % 251).unwrap()).collect();
            let (copy, digest, bytes) = read_hashed(&mut file.as_slice(), |from| {
                let mut copy = Vec::new();
                from.read_to_end(&mut copy).map(|_| copy)
            })
            .unwrap();
            assert_eq!((copy, digest, bytes), (file.clone(), Digest::of(&file), size as u64));
        }
    }

    #[test]
    fn digests_come_in_order_for_any_size() {
        let files: Vec<Vec<u8>> = [0, 1, 0, 0, BLOCK_BYTES - 1, 0, BLOCK_BYTES, 5 * BLOCK_BYTES + 7, 3]
            .iter()
            .map(|n| vec![7u8; *n])
            .collect();
        let mut copies: Vec<Vec<u8>> = Vec::new();
        let ((), digests) = with_lane(|lane| {
            for file in &files {
                let mut copy = Vec::new();
                let bytes = lane.pass(&mut file.as_slice(), |data| copy.write_all(data)).map_err(|_| ())?;
                assert_eq!(bytes, file.len() as u64);
                copies.push(copy);
            }
            Ok::<(), ()>(())
        })
        .unwrap();
        assert_eq!(files, copies);
        assert_eq!(digests, files.iter().map(|file| Digest::of(file)).collect::<Vec<_>>());
    }
}
