//! A short fuzz on stable Rust: seeded mutations of the samples and of an archive, the same in every run.
//! `REZEPT_FUZZ_ROUNDS` makes it longer; `cargo fuzz` (folder `fuzz`) makes it endless.

use crate::archive::{member, zip};
use crate::common::{RETURNS, fixture};
use crate::fuzz_body::check;

/// Mutations when nothing else is said: a few seconds.
const ROUNDS: u64 = 40_000;

/// xorshift64*: any generator will do, as long as it is the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % limit.max(1)
    }
}

/// Pieces that mean something to the reader.
const TOKENS: [&[u8]; 18] = [
    b",",
    b"\r\n",
    b"\n",
    b"\r",
    b"\x1A",
    b"\"",
    b"HI,",
    b"RE,",
    b"HO,",
    b"HR,",
    b"HG,1,1,99",
    b"1,1,0,",
    b"2,9,1,RC,",
    b"\r\n\r\n",
    b"IR,",
    b"\x00",
    b"\x83",
    b"1.2E+20",
];

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = (at + random.below(200)).min(bytes.len());
    match random.below(7) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = u8::try_from(random.next() >> 56).unwrap();
            }
        }
        1 => drop(bytes.drain(at..end)),
        2 => drop(bytes.splice(at..at, TOKENS[random.below(TOKENS.len())].iter().copied())),
        3 => {
            let piece = bytes[at..end].to_vec();
            let to = random.below(bytes.len() + 1);
            drop(bytes.splice(to..to, piece));
        }
        4 => bytes.truncate(at),
        5 => {
            let count = 1 << random.below(12);
            drop(bytes.splice(at..at, std::iter::repeat_n(b',', count)));
        }
        _ => {
            let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
            let mut lines: Vec<Vec<u8>> = lines.into_iter().map(<[u8]>::to_vec).collect();
            if !lines.is_empty() {
                let (a, b) = (random.below(lines.len()), random.below(lines.len()));
                lines.swap(a, b);
            }
            *bytes = lines.concat();
        }
    }
}

#[test]
fn seeded_mutations_break_no_promise() {
    let rounds = std::env::var("REZEPT_FUZZ_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let mut seeds: Vec<Vec<u8>> = RETURNS.iter().map(|name| fixture(name)).collect();
    // The other families have no sample: a header of theirs over the same lines walks their ways.
    for table in [b'3', b'4', b'6'] {
        let mut seed = fixture(RETURNS[0]);
        seed[15] = table;
        seeds.push(seed);
    }
    seeds.push(zip(&[member("RECEIPTC.HEN", &fixture(RETURNS[0]))]));
    let mut random = Random(0x5EED_0000_0000_0003);
    for round in 0..rounds {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(6) {
            mutate(&mut bytes, &mut random);
        }
        let outcome = std::panic::catch_unwind(|| check(&bytes));
        assert!(outcome.is_ok(), "round {round} of seed 0x5EED_0000_0000_0003");
    }
    println!("{rounds} mutations, no promise broken");
}

#[test]
fn lines_beyond_every_limit() {
    let hen = fixture(RETURNS[0]);
    let at = hen.windows(4).position(|window| window == b"\r\nHO").unwrap() + 5;
    for size in [200_000, 1_048_570, 1_048_576, 3_000_000] {
        for filling in [b',', b'x', b'R', b'\x1A', b'\r'] {
            let mut bytes = hen.clone();
            drop(bytes.splice(at..at, std::iter::repeat_n(filling, size)));
            check(&bytes);
        }
    }
    let mut blank = hen.clone();
    drop(blank.splice(at - 3..at - 3, b"\r\n".repeat(10_000)));
    check(&blank);
}
