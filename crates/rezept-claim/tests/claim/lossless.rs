//! `write(read(x)) == x` for every byte string, and the same items as the `csv` crate sees with quoting off.

use crate::common::{full, joined};
use proptest::prelude::*;
use rezept_claim::record::Ending;
use rezept_claim::{Depth, RecordReader, copy_through};
use std::io::Read;

/// Hands out a few bytes at a time, as pipes and shares do.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let n = self.1.min(self.0.len()).min(room.len());
        room[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

fn check(bytes: &[u8]) {
    assert!(joined(bytes) == bytes, "the reader changed a byte");
    let mut written = Vec::new();
    let facts = copy_through(Drip(bytes, 7), &mut written, Depth::Full, &mut |_| {}).unwrap();
    assert!(written == bytes, "the copy changed a byte");
    assert_eq!(facts.size_bytes, bytes.len() as u64);
}

#[test]
fn odd_ends_and_odd_lines() {
    for bytes in [
        &b""[..],
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\r",
        b"\x1A",
        b"\x1A\x1A",
        b"\x1A\r\n\x1A",
        b"IR,1",
        b"IR,1\n",
        b"IR,1\r\n\x1A\x1A",
        b"IR,1\r\n\r\n\r\nRE\r\n",
        b"IR,1\rRE,2\r\n",
        b"IR\0,1\0\r\n\0",
        b",,,\r\n,\n",
        b"1,2\n1,2,3\n1,2,3,\n1,2,3,RE\n12",
        b"IR,\"1,\r\nRE\",2\r\n",
    ] {
        check(bytes);
        full(bytes);
    }
}

#[test]
fn endings_are_told_apart() {
    let mut reader = RecordReader::new(&b"a\r\nb\nc\x1A\x1A"[..]);
    let mut seen = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        seen.push((record.line().to_vec(), record.terminator().to_vec(), record.ending()));
    }
    assert_eq!(
        seen,
        [
            (b"a".to_vec(), b"\r\n".to_vec(), Ending::CrLf),
            (b"b".to_vec(), b"\n".to_vec(), Ending::Lf),
            (b"c".to_vec(), b"\x1A\x1A".to_vec(), Ending::EndOfFile),
        ]
    );
}

#[test]
fn lines_of_every_length_around_the_block() {
    let block = rezept_claim::reader::BLOCK_BYTES;
    for length in
        [0, 1, 62, 63, 64, 65, 100_000, block - 3, block - 2, block - 1, block, block + 1, 3 * block]
    {
        for end in ["\r\n", "\n", ""] {
            let mut bytes = b"IR,1\r\n".to_vec();
            bytes.extend(std::iter::repeat_n(b"SJ,01,abc".as_slice(), length / 9 + 1).flatten().take(length));
            bytes.extend_from_slice(end.as_bytes());
            bytes.extend_from_slice(b"GO,0,0,99\r\n\x1A");
            check(&bytes);
        }
    }
}

#[test]
fn a_line_beyond_the_limit_comes_in_pieces() {
    let limit = rezept_claim::reader::MAX_LINE_BYTES;
    for (extra, filler) in [(0, b'x'), (5, b','), (limit, 0x83), (2 * limit + 1, b'\r')] {
        let mut bytes = b"IR,1,13,1,9999015\r\n".to_vec();
        bytes.resize(bytes.len() + limit + extra, filler);
        bytes.extend_from_slice(b"\r\nGO,0,0,99\r\n\x1A");
        check(&bytes);
        let (facts, findings) = full(&bytes);
        assert_eq!(facts.records, 3, "pieces are one line");
        let too_long = findings.iter().filter(|f| f.note == rezept_claim::Note::TooLong).count();
        assert_eq!(too_long, 1);
        assert!(facts.declared.is_some(), "what follows is read");
        let mut reader = RecordReader::new(bytes.as_slice());
        while let Some(record) = reader.next_record().unwrap() {
            assert!(record.raw().len() <= limit);
        }
    }
}

#[test]
fn every_pair_of_bytes_survives() {
    // All two-byte codes of CP932, its gaiji and duplicates, and every pair that is none.
    let mut bytes = Vec::new();
    for lead in 0x80..=0xFFu8 {
        for trail in 0..=0xFFu8 {
            bytes.extend_from_slice(&[b'S', b'J', b',', b'0', b'1', b',', lead, trail, b'\r', b'\n']);
        }
    }
    check(&bytes);
}

#[test]
fn a_failing_source_loses_nothing() {
    struct Flaky(Vec<u8>, usize, u32);
    impl Read for Flaky {
        fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
            self.2 += 1;
            match self.2 % 3 {
                0 => Err(std::io::Error::other("unplugged")),
                1 => Err(std::io::ErrorKind::Interrupted.into()),
                _ => {
                    let n = room.len().min(5000).min(self.0.len() - self.1);
                    room[..n].copy_from_slice(&self.0[self.1..self.1 + n]);
                    self.1 += n;
                    Ok(n)
                }
            }
        }
    }
    let bytes = b"RE,1,1112\r\nHO,2\r\n".repeat(20_000);
    let mut reader = RecordReader::new(Flaky(bytes.clone(), 0, 0));
    let (mut out, mut errors) = (Vec::new(), 0);
    loop {
        match reader.next_record() {
            Ok(Some(record)) => out.extend_from_slice(record.raw()),
            Ok(None) => break,
            Err(e) => {
                assert!(e.byte <= bytes.len() as u64);
                errors += 1;
            }
        }
    }
    assert!(out == bytes && errors > 0);
}

#[test]
fn a_failing_target_is_told_with_its_place() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let bytes = b"RE,1,1112\r\n".repeat(20_000);
    let outcome = copy_through(bytes.as_slice(), Full(100_000), Depth::Totals, &mut |_| {});
    match outcome {
        Err(rezept_claim::copy::CopyError::Write { byte, source }) => {
            assert!(byte > 0 && byte <= 100_000);
            assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
        }
        other => panic!("{other:?}"),
    }
}

/// Starts that make a claim file, a return file, or nothing known.
const HEADERS: [&[u8]; 3] = [b"IR,1,13,1,9999015,,,202411,00,\r\n", b"HI,1,202412,13,1,9999015,,00\r\n", b""];

/// Bytes that look like records, with everything that can go wrong among them.
fn recordish() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => "[A-Z]{2}".prop_map(String::into_bytes),
        8 => "[0-9]{0,8}".prop_map(String::into_bytes),
        20 => Just(b",".to_vec()),
        5 => Just(b"\r\n".to_vec()),
        2 => Just(b"\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => Just(b"\x1A".to_vec()),
        1 => Just(b"\"".to_vec()),
        2 => Just(vec![0x8C, 0xA9, 0x96, 0x7B]),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
        1 => Just(b",".repeat(70)),
    ];
    proptest::collection::vec(piece, 0..200).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..5000)) {
        check(&bytes);
    }

    #[test]
    fn any_records_come_back(bytes in recordish()) {
        check(&bytes);
    }

    #[test]
    fn a_line_is_cp932_when_all_its_characters_are(
        bytes in prop_oneof![recordish(), proptest::collection::vec(any::<u8>(), 0..400)],
    ) {
        let mut reader = RecordReader::new(bytes.as_slice());
        while let Some(record) = reader.next_record().unwrap() {
            prop_assert_eq!(record.is_cp932(), rezept_claim::text::is_cp932(record.line()));
        }
    }

    #[test]
    fn positions_lie_in_the_file(bytes in recordish(), header in 0..3usize) {
        let bytes = [HEADERS[header], bytes.as_slice()].concat();
        let (_, findings) = full(&bytes);
        for finding in findings {
            prop_assert!(finding.position.byte <= bytes.len() as u64, "{finding:?}");
            prop_assert!(finding.position.line >= 1 && finding.position.item >= 1 && finding.position.column >= 1);
        }
    }

    #[test]
    fn items_are_those_of_the_csv_crate(bytes in recordish()) {
        // The csv crate takes a lone CR as a line end and skips empty lines; 0x1A is no end of file to it.
        let bytes: Vec<u8> = bytes.into_iter().filter(|b| *b != b'\r' && *b != 0x1A).collect();
        let mut csv = csv::ReaderBuilder::new().has_headers(false).flexible(true).quoting(false).from_reader(bytes.as_slice());
        let want: Vec<Vec<Vec<u8>>> = csv
            .byte_records()
            .map(|r| r.unwrap().iter().map(<[u8]>::to_vec).collect())
            .collect();
        let mut reader = RecordReader::new(bytes.as_slice());
        let mut got = Vec::new();
        while let Some(record) = reader.next_record().unwrap() {
            if record.line().is_empty() {
                continue;
            }
            let prefix = record.history_prefix().map(|p| p.map(<[u8]>::to_vec).to_vec()).unwrap_or_default();
            let mut items = prefix;
            items.extend(record.items().map(<[u8]>::to_vec));
            if record.is_history() && record.history_prefix().is_none() {
                items = record.line().split(|b| *b == b',').map(<[u8]>::to_vec).collect();
            } else {
                prop_assert_eq!(record.item_count(), record.items().count());
                for (i, item) in record.items().enumerate() {
                    prop_assert_eq!(record.item(i + 1), Some(item));
                    let offset = usize::try_from(record.position_of(i + 1).byte - record.position().byte).unwrap();
                    prop_assert_eq!(&record.line()[offset..offset + item.len()], item);
                }
            }
            got.push(items);
        }
        prop_assert_eq!(got, want);
    }
}
