//! A short fuzz on stable Rust: seeded mutations of the invented files, the same in every run.
//! `REZEPT_FUZZ_ROUNDS` makes it longer; `cargo fuzz` (folder `fuzz`) makes it endless.

use crate::common::{SAMPLES, sample};
use crate::fuzz_body::check;

/// Mutations when nothing else is said: a few seconds.
const ROUNDS: u64 = 200_000;

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
const TOKENS: [&[u8]; 14] = [
    b",",
    b"\r\n",
    b"\n",
    b"\r",
    b"\x1A",
    b"\"",
    b"IR,",
    b"RE,",
    b"HO,",
    b"GO,1,1,99",
    b"1,1,0,",
    b"HR,",
    b"\x00",
    b"\x83",
];

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = (at + random.below(40)).min(bytes.len());
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
    let mut seeds: Vec<Vec<u8>> = SAMPLES.iter().map(|name| sample(name)).collect();
    seeds.push(sample("zogn/RIzogn1131999901550612.csv"));
    let mut random = Random(0x5EED_0000_0000_0001);
    for round in 0..rounds {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(6) {
            mutate(&mut bytes, &mut random);
        }
        let outcome = std::panic::catch_unwind(|| check(&bytes));
        assert!(outcome.is_ok(), "round {round} of seed 0x5EED_0000_0000_0001");
    }
    println!("{rounds} mutations, no promise broken");
}
