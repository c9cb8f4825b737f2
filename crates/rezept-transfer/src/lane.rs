//! Hashing on a second thread, so that a slow medium never waits for SHA-256 nor SHA-256 for the medium. Memory is a
//! fixed number of blocks, whatever the files' sizes.

use std::io::{self, Read, Sink, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use rezept_parcel::{Digest, HashingWriter};

/// Size of a block in bytes: large enough that a slow medium works in long runs.
pub(crate) const BLOCK_BYTES: usize = 1 << 20;
/// Blocks under way at once.
const BLOCKS: usize = 4;

enum Message {
    Block(Vec<u8>, usize),
    EndOfFile,
}

/// The near end of the hashing thread.
pub(crate) struct Lane {
    full: SyncSender<Message>,
    empty: Receiver<Vec<u8>>,
    made: usize,
    unused: Vec<Vec<u8>>,
}

impl Lane {
    /// Reads `from` to its end, gives every block to `each`, and to the hashing thread. Returns the number of bytes.
    pub(crate) fn pass(
        &mut self,
        from: &mut dyn Read,
        mut each: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<u64, PassError> {
        let mut bytes = 0u64;
        loop {
            let mut block = self.block();
            let filled = fill(from, &mut block).map_err(PassError::Read)?;
            let Some(data) = block.get(..filled).filter(|data| !data.is_empty()) else {
                self.unused.push(block);
                break;
            };
            each(data).map_err(PassError::Write)?;
            bytes += filled as u64;
            self.send(Message::Block(block, filled));
        }
        self.send(Message::EndOfFile);
        Ok(bytes)
    }

    /// Lets `from` be read while every byte that was read is hashed. End it with [`Tee::finish`].
    pub(crate) fn reader<'a>(&'a mut self, from: &'a mut dyn Read) -> Tee<'a> {
        Tee { lane: self, from, block: Vec::new(), filled: 0, given: 0, bytes: 0 }
    }

    /// Gives a block, filled so far, to the hashing thread.
    pub(crate) fn send_block(&self, block: Vec<u8>, filled: usize) {
        self.send(Message::Block(block, filled));
    }

    /// What was given since the last end is one file.
    pub(crate) fn end_of_file(&self) {
        self.send(Message::EndOfFile);
    }

    /// An empty block of [`BLOCK_BYTES`]: a new one, or one that was hashed.
    pub(crate) fn block(&mut self) -> Vec<u8> {
        if let Some(block) = self.unused.pop() {
            return block;
        }
        if self.made < BLOCKS {
            self.made += 1;
            return vec![0; BLOCK_BYTES];
        }
        self.empty.recv().unwrap_or_else(|_| vec![0; BLOCK_BYTES])
    }

    /// The other end only goes away by a panic, which `with_lane` passes on when it joins.
    fn send(&self, message: Message) {
        let _ = self.full.send(message);
    }
}

/// Which side of a pass failed.
pub(crate) enum PassError {
    Read(io::Error),
    Write(io::Error),
}

fn fill(from: &mut dyn Read, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(n) => filled += n,
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
        let result = work(&mut Lane { full, empty, made: 0, unused: Vec::new() });
        let digests = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        result.map(|done| (done, digests))
    })
}

/// A reader that hashes what passes through it on a second thread.
pub(crate) struct Tee<'a> {
    lane: &'a mut Lane,
    from: &'a mut dyn Read,
    block: Vec<u8>,
    filled: usize,
    given: usize,
    bytes: u64,
}

impl Tee<'_> {
    /// Ends the file. Returns the number of bytes that were read from it.
    pub(crate) fn finish(self) -> u64 {
        let Tee { lane, block, filled, bytes, .. } = self;
        if !block.is_empty() {
            lane.send_block(block, filled);
        }
        lane.end_of_file();
        bytes
    }
}

impl Read for Tee<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.filled {
            let mut block = self.lane.block();
            let used = std::mem::replace(&mut self.filled, 0);
            self.given = 0;
            let filled = fill(self.from, &mut block)?;
            let full = std::mem::replace(&mut self.block, block);
            if !full.is_empty() {
                self.lane.send(Message::Block(full, used));
            }
            self.filled = filled;
            self.bytes += filled as u64;
        }
        let rest = self.block.get(self.given..self.filled).unwrap_or_default();
        let n = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        self.given += n;
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

fn hash_all(blocks: &Receiver<Message>, back: &Sender<Vec<u8>>) -> Vec<Digest> {
    let mut digests = Vec::new();
    let mut hasher = HashingWriter::<Sink>::new(io::sink());
    for message in blocks {
        match message {
            Message::Block(block, filled) => {
                if let Some(data) = block.get(..filled) {
                    hasher.write_all(data).unwrap_or_else(|_| unreachable!("a sink takes everything"));
                }
                let _ = back.send(block);
            }
            Message::EndOfFile => {
                let done = std::mem::replace(&mut hasher, HashingWriter::new(io::sink()));
                digests.push(done.finish().1);
            }
        }
    }
    digests
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
