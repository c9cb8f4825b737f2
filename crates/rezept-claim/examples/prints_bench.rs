//! Times reading a claim file with and without prints, in turns in one process: `prints_bench FILE [ROUNDS]`. Every way is the
//! scan of totals with SHA-256 of all bytes on a second thread, as a station reads a file. Prints one line of JSON.
#![expect(clippy::print_stdout, reason = "the result of a benchmark goes to standard output")]

use rezept_claim::{Depth, PrintKey, scan, scan_with_prints};
use sha2::{Digest, Sha256};
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Instant;

/// As in `rezept-transfer`: blocks of this size, and so many of them.
const BLOCK_BYTES: usize = 1 << 20;
const BLOCKS: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path, rest @ ..] = args.as_slice() else { return Err("prints_bench FILE [ROUNDS]".into()) };
    let rounds: u32 = rest.first().map_or(Ok(9), |n| n.parse())?;
    let key = PrintKey::new([7; 32]);
    let (mut plain, mut printed) = (Vec::new(), Vec::new());
    let (mut claims, mut prints) = (0, 0);
    for _ in 0..rounds.max(1) {
        let start = Instant::now();
        claims = read_hashed(path, |from| scan(from, Depth::Totals, &mut |_| {}).map(|facts| facts.claims))?;
        plain.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        prints = read_hashed(path, |from| {
            let mut count = 0;
            scan_with_prints(from, Depth::Totals, &mut |_| {}, &key, &mut |print| {
                count += u64::from(std::hint::black_box(print).number > 0);
            })?;
            Ok::<_, rezept_claim::ReadError>(count)
        })?;
        printed.push(start.elapsed().as_secs_f64());
    }
    assert_eq!(claims, prints, "as many prints as claims");
    let (plain, printed) = (summary(plain), summary(printed));
    println!(
        "{{\"claims\":{claims},\"plain_s\":{:.4},\"plain_best_s\":{:.4},\"prints_s\":{:.4},\"prints_best_s\":{:.4},\"added_percent\":{:.1}}}",
        plain.0,
        plain.1,
        printed.0,
        printed.1,
        (printed.0 / plain.0 - 1.0) * 100.0,
    );
    Ok(())
}

/// Median and best.
fn summary(mut seconds: Vec<f64>) -> (f64, f64) {
    seconds.sort_by(f64::total_cmp);
    let at = |place: usize| seconds.get(place).copied().unwrap_or_default();
    (at(seconds.len() / 2), at(0))
}

/// Lets `work` read the file while a second thread hashes what it read.
fn read_hashed<T, E: Error + 'static>(
    path: &str,
    work: impl FnOnce(&mut dyn Read) -> Result<T, E>,
) -> Result<T, Box<dyn Error>> {
    let file = File::open(path)?;
    std::thread::scope(|scope| {
        let (full, blocks) = sync_channel(BLOCKS);
        let (back, empty) = channel();
        let hashing = scope.spawn(move || hash_all(&blocks, &back));
        let mut tee = Tee { file, full, empty, made: 0, block: Vec::new(), filled: 0, at: 0 };
        let done = work(&mut tee)?;
        drop(tee);
        std::hint::black_box(hashing.join().map_err(|_| "the hashing thread failed")?);
        Ok(done)
    })
}

fn hash_all(blocks: &Receiver<(Vec<u8>, usize)>, back: &Sender<Vec<u8>>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for (block, filled) in blocks {
        hasher.update(block.get(..filled).unwrap_or_default());
        let _ = back.send(block);
    }
    hasher.finalize().into()
}

struct Tee {
    file: File,
    full: SyncSender<(Vec<u8>, usize)>,
    empty: Receiver<Vec<u8>>,
    made: usize,
    block: Vec<u8>,
    filled: usize,
    at: usize,
}

impl Read for Tee {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.filled {
            if self.filled > 0 {
                let _ = self.full.send((std::mem::take(&mut self.block), self.filled));
            }
            self.block = if self.made < BLOCKS {
                self.made += 1;
                vec![0; BLOCK_BYTES]
            } else {
                self.empty.recv().unwrap_or_else(|_| vec![0; BLOCK_BYTES])
            };
            (self.at, self.filled) = (0, self.file.read(&mut self.block)?);
        }
        let rest = self.block.get(self.at..self.filled).unwrap_or_default();
        let count = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}
