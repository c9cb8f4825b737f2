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
            let Some(data) = block.get(..filled).filter(|data| !data.is_empty()) else { break };
            each(data).map_err(PassError::Write)?;
            bytes += filled as u64;
            self.send(Message::Block(block, filled));
        }
        self.send(Message::EndOfFile);
        Ok(bytes)
    }

    fn block(&mut self) -> Vec<u8> {
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
        let result = work(&mut Lane { full, empty, made: 0 });
        let digests = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        result.map(|done| (done, digests))
    })
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
    fn digests_come_in_order_for_any_size() {
        let files: Vec<Vec<u8>> =
            [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, 5 * BLOCK_BYTES + 7].iter().map(|n| vec![7u8; *n]).collect();
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
