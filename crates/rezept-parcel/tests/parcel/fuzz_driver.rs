//! A short fuzz on stable Rust: seeded mutations of everything that comes from a medium, the same in every run but for the
//! key on the card.
//! `REZEPT_FUZZ_ROUNDS` makes it longer; `cargo fuzz` (folder `fuzz`) makes it endless.

use crate::common::{ack, header, sealed_header};
use crate::fuzz_body::check;
use crate::sealing::{Parcel, plain_of};
use rezept_parcel::{Card, Digest, PublicKeys, SigningKey};

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

/// Pieces that mean something to one of the readers.
const TOKENS: [&[u8]; 20] = [
    b"\n",
    b": ",
    b"\0",
    b"sha256: ",
    b"segment: ",
    b"released: RZ-G004 data/202604-shaho-01/A\n",
    b"opening-key: ",
    b"witness: 1 ",
    b"audit: ",
    b"form: sealed\n",
    b"18446744073709551615",
    b"../",
    b"data/",
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x07\x08",
    b"\xFF\xFF\xFF\xFF",
    b"\x00\x00\x00\x00",
];

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = (at + random.below(100)).min(bytes.len());
    match random.below(6) {
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
        4 => {
            let token = TOKENS[random.below(TOKENS.len())];
            let over = at..(at + token.len()).min(bytes.len());
            drop(bytes.splice(over, token.iter().copied()));
        }
        _ => bytes.truncate(at),
    }
}

/// A text whose digest is made right again is judged by its lines and not by its digest alone.
fn renew_digest(bytes: &mut Vec<u8>) {
    let key = b"sha256: ";
    if let Some(at) = bytes.windows(key.len()).rposition(|window| window == key) {
        bytes.truncate(at);
        let digest = Digest::of(bytes.get(1..).unwrap_or_default());
        bytes.extend(format!("sha256: {digest}\n").into_bytes());
    }
}

/// One good input of each kind, with its first byte.
fn seeds() -> Vec<Vec<u8>> {
    let key = SigningKey::generate().unwrap();
    let keys =
        PublicKeys { signing: key.public().unwrap(), opening: crate::common::RECIPIENT.parse().unwrap() };
    let card = Card { station: "recekon-1".parse().unwrap(), keys, recovery: None };
    let parcel = Parcel::of_sizes(&[30, 0, 7]);
    let tags: Vec<_> = parcel.plan.tag_files().into_iter().map(|(_, bytes)| bytes).collect();
    let outer = parcel.outer.to_bytes().unwrap();
    [
        (0, header().to_bytes().unwrap()),
        (0, sealed_header().to_bytes().unwrap()),
        (1, ack().to_bytes().unwrap()),
        (2, card.to_bytes(&key).unwrap()),
        (3, tags.join(&0)),
        (4, [&outer[..], b"\0", &plain_of(&parcel)].concat()),
    ]
    .map(|(kind, bytes)| [&[kind], &bytes[..]].concat())
    .to_vec()
}

#[test]
fn seeded_mutations_break_no_promise() {
    let rounds = std::env::var("REZEPT_FUZZ_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let seeds = seeds();
    seeds.iter().for_each(|seed| check(seed));
    let archive_border = seeds[5].iter().skip(1).position(|byte| *byte == 0).unwrap() + 2;
    let mut random = Random(0x5EED_0000_0000_0004);
    for round in 0..rounds {
        let seed = &seeds[random.below(seeds.len())];
        let mut bytes = seed.clone();
        // A broken outer header would keep everything from the archive behind it.
        let head = if seed[0] == 4 { bytes.drain(..archive_border).collect() } else { Vec::new() };
        for _ in 0..=random.below(5) {
            mutate(&mut bytes, &mut random);
        }
        if seed[0] < 2 && random.below(2) == 0 {
            renew_digest(&mut bytes);
        }
        let input = [head, bytes].concat();
        let outcome = std::panic::catch_unwind(|| check(&input));
        assert!(outcome.is_ok(), "round {round} of seed 0x5EED_0000_0000_0004");
    }
    println!("{rounds} mutations, no promise broken");
}
