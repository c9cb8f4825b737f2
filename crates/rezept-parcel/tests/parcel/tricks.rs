//! ZIPs that no sealer writes: each trick is built by hand, byte by byte, and must be refused by name before any content is
//! looked at. The same builder without a trick gives exactly what the sealer writes.

use std::io::Cursor;

use crate::sealing::{Parcel, plain_of};
use proptest::prelude::*;
use rezept_parcel::paths::{PathProblem, TwinKind};
use rezept_parcel::sealed::{Trick, UnsealError, Unsealed};

const PLAIN_FILE: u32 = 0o100_600 << 16;

/// One entry, and how it lies.
#[derive(Clone)]
struct Crafted {
    name: Vec<u8>,
    data: Vec<u8>,
    flags: u16,
    method: u16,
    attributes: u32,
    /// What the directory says instead of the truth.
    claimed: Option<u32>,
    start: Option<u32>,
    crc: Option<u32>,
    local_name: Option<Vec<u8>>,
    extra: Vec<u8>,
    comment: Vec<u8>,
    /// Bytes before the local header.
    gap: Vec<u8>,
    /// As a stock `zip` writes it: sizes in the local header, nothing behind the content.
    stock: bool,
}

impl Crafted {
    fn new(name: impl Into<Vec<u8>>, data: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            data: data.into(),
            flags: 8,
            method: 0,
            attributes: PLAIN_FILE,
            claimed: None,
            start: None,
            crc: None,
            local_name: None,
            extra: Vec::new(),
            comment: Vec::new(),
            gap: Vec::new(),
            stock: false,
        }
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

fn len16(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap().to_le_bytes()
}

fn len32(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

/// Writes the ZIP. `end` may change the fields of the end record: entries, directory's size and place.
fn zip_with(entries: &[Crafted], end: impl FnOnce(&mut (u16, u32, u32))) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        out.extend(&entry.gap);
        let start = entry.start.unwrap_or(len32(&out));
        let crc = crc32(&entry.data).to_le_bytes();
        let size = len32(&entry.data).to_le_bytes();
        let fixed = |out: &mut Vec<u8>| {
            out.extend([10, 0]);
            out.extend(entry.flags.to_le_bytes());
            out.extend(entry.method.to_le_bytes());
            out.extend([0, 0, 0x21, 0]);
        };
        let local_name = entry.local_name.as_ref().unwrap_or(&entry.name);
        out.extend(b"PK\x03\x04");
        fixed(&mut out);
        out.extend(if entry.stock { [crc, size, size].concat() } else { vec![0; 12] });
        out.extend(len16(local_name));
        out.extend([0, 0]);
        out.extend(local_name);
        out.extend(&entry.data);
        if !entry.stock {
            out.extend([*b"PK\x07\x08", crc, size, size].concat());
        }
        directory.extend(b"PK\x01\x02\x0A\x03");
        fixed(&mut directory);
        directory.extend(entry.crc.map_or(crc, u32::to_le_bytes));
        directory.extend([entry.claimed.map_or(size, u32::to_le_bytes); 2].concat());
        directory.extend([len16(&entry.name), len16(&entry.extra), len16(&entry.comment)].concat());
        directory.extend([0; 4]);
        directory.extend(entry.attributes.to_le_bytes());
        directory.extend(start.to_le_bytes());
        directory.extend([&entry.name[..], &entry.extra, &entry.comment].concat());
    }
    let mut fields = (u16::try_from(entries.len()).unwrap(), len32(&directory), len32(&out));
    end(&mut fields);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([fields.0.to_le_bytes(); 2].concat());
    out.extend([fields.1.to_le_bytes(), fields.2.to_le_bytes()].concat());
    out.extend([0; 2]);
    out
}

fn zip(entries: &[Crafted]) -> Vec<u8> {
    zip_with(entries, |_| ())
}

/// The honest entries of a parcel.
fn honest(parcel: &Parcel) -> Vec<Crafted> {
    let id = parcel.plan.id();
    let mut entries = vec![Crafted::new(format!("{id}.hdr"), parcel.inner.to_bytes().unwrap())];
    for (name, bytes) in parcel.plan.tag_files() {
        entries.push(Crafted::new(format!("{id}/{name}"), bytes));
    }
    for (file, bytes) in parcel.plan.files().iter().zip(&parcel.contents) {
        entries.push(Crafted::new(format!("{id}/{}", file.path), bytes.clone()));
    }
    entries
}

fn parcel() -> Parcel {
    Parcel::of_sizes(&[100, 200])
}

#[track_caller]
fn judge(plain: &[u8]) -> (usize, Trick) {
    match Unsealed::from_plaintext(Cursor::new(plain), &parcel().outer) {
        Err(UnsealError::Trick { entry, what }) => (entry, what),
        Err(other) => panic!("another error: {other:?}"),
        Ok(_) => panic!("was opened"),
    }
}

/// Changes the honest entries and expects a refusal.
#[track_caller]
fn refused(entry: usize, what: Trick, change: impl FnOnce(&mut Vec<Crafted>)) {
    let mut entries = honest(&parcel());
    change(&mut entries);
    assert_eq!(judge(&zip(&entries)), (entry, what));
}

#[test]
fn without_a_trick_it_is_exactly_what_the_sealer_writes() {
    assert_eq!(zip(&honest(&parcel())), plain_of(&parcel()));
}

#[test]
fn only_plain_stored_files() {
    refused(5, Trick::Compressed, |entries| entries[5].method = 8);
    refused(5, Trick::Encrypted, |entries| entries[5].flags |= 1);
    refused(5, Trick::Folder, |entries| entries[5].name.push(b'/'));
    refused(5, Trick::Folder, |entries| entries[5].attributes = 0o040_755 << 16);
    for mode in [0o120_777, 0o020_600, 0o060_600, 0o010_600, 0o140_600] {
        refused(5, Trick::Special, |entries| entries[5].attributes = mode << 16);
    }
    for other in [0, 0x20, PLAIN_FILE | 1, 0o100_755 << 16] {
        refused(5, Trick::NotCanonical, |entries| entries[5].attributes = other);
    }
    for flags in [0, 8 | 0x800, 8 | 0x40, 8 | 0x2000] {
        refused(5, Trick::NotCanonical, |entries| entries[5].flags = flags);
    }
}

#[test]
fn only_names_that_stay_where_they_are() {
    let cases: [(&[u8], PathProblem); 14] = [
        (b"/etc/passwd", PathProblem::Absolute),
        (b"C:/x", PathProblem::Drive),
        (b"c:x", PathProblem::Drive),
        (b"//server/share/x", PathProblem::Unc),
        (b"\\\\server\\share\\x", PathProblem::Unc),
        (b"x/../../y", PathProblem::Dots),
        (b"./x", PathProblem::Dots),
        (b"x//y", PathProblem::Empty),
        (b"x\\y", PathProblem::Backslash),
        (b"x/y:stream", PathProblem::Stream),
        (b"x/CON.UKE", PathProblem::ReservedDevice),
        (b"x/y. ", PathProblem::TrailingDotOrSpace),
        (b"x/\ny", PathProblem::Control),
        (b"x/\xFFy", PathProblem::NotText),
    ];
    for (name, problem) in cases {
        refused(5, Trick::Name(problem), |entries| entries[5].name = name.to_vec());
    }
    refused(5, Trick::Name(PathProblem::Empty), |entries| entries[5].name.clear());
    refused(5, Trick::Name(PathProblem::TooLong), |entries| {
        entries[5].name = b"long/".repeat(41)[..204].to_vec()
    });
}

#[test]
fn no_two_names_for_one_file() {
    refused(6, Trick::Twin(TwinKind::Same), |entries| entries[6].name = entries[5].name.clone());
    refused(6, Trick::Twin(TwinKind::Case), |entries| entries[6].name = entries[5].name.to_ascii_lowercase());
    refused(6, Trick::Twin(TwinKind::Normalization), |entries| {
        entries[5].name = "x/ガ".into();
        entries[6].name = "x/カ\u{3099}".into();
    });
}

#[test]
fn no_entry_in_another_and_nothing_between_them() {
    // Two entries over the same bytes: the bomb without compression.
    refused(6, Trick::Overlap, |entries| entries[6].start = Some(0));
    refused(6, Trick::Gap, |entries| entries[5].claimed = Some(0));
    refused(5, Trick::Sizes, |entries| entries[5].claimed = Some(1 << 30));
    refused(0, Trick::Sizes, |entries| entries[0].claimed = Some(u32::MAX - 1));
    refused(6, Trick::Gap, |entries| entries[5].claimed = Some(99));
    refused(0, Trick::Gap, |entries| entries[0].gap = b"#!/bin/sh\n".to_vec());
    refused(6, Trick::Gap, |entries| entries[6].gap = b"hidden".to_vec());
    let plain = |bytes: &[u8]| [&zip(&honest(&parcel()))[..], bytes].concat();
    assert_eq!(judge(&plain(b"x")), (0, Trick::NoDirectory));
    assert_eq!(judge(&plain(&[0; 70_000])), (0, Trick::NoDirectory));
    // A second archive behind the first, and before it.
    let twice = [zip(&honest(&parcel())), zip(&honest(&parcel()))].concat();
    assert_eq!(judge(&twice), (0, Trick::BadDirectory));
    assert_eq!(judge(&[b"MZ", &zip(&honest(&parcel()))[..]].concat()).1, Trick::BadDirectory);
}

#[test]
fn headers_and_directory_say_the_same() {
    refused(6, Trick::Overlap, |entries| entries[5].local_name = Some(b"evil.exe".to_vec()));
    refused(5, Trick::NotCanonical, |entries| {
        let name = &entries[5].name;
        entries[5].local_name = Some(name.iter().map(|_| b'x').collect());
    });
    // What stands behind a content is compared together with the header of the next.
    refused(6, Trick::NotCanonical, |entries| entries[5].crc = Some(1));
    refused(5, Trick::NotCanonical, |entries| entries[5].comment = b"x".to_vec());
    refused(5, Trick::NotCanonical, |entries| entries[5].extra = b"UT\x01\0x".to_vec());
    refused(0, Trick::NotCanonical, |entries| {
        entries[0].extra = [1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0].to_vec()
    });
    // A size in 64 bits where 32 are enough, or sizes that only the directory hides there.
    refused(5, Trick::BadDirectory, |entries| entries[5].claimed = Some(u32::MAX));
    refused(5, Trick::Sizes, |entries| {
        entries[5].claimed = Some(u32::MAX);
        entries[5].extra = [&[1, 0, 16, 0][..], &[0xFF; 16]].concat();
    });
}

#[test]
fn a_zip_of_a_stock_tool_is_refused() {
    let mut entries = honest(&parcel());
    for entry in &mut entries {
        (entry.stock, entry.flags) = (true, 0);
    }
    // Sixteen bytes less behind each content than the sealer writes.
    assert_eq!(judge(&zip(&entries)), (1, Trick::Overlap));
}

#[test]
fn the_end_tells_the_truth() {
    let entries = honest(&parcel());
    let judge_end = |change: fn(&mut (u16, u32, u32))| judge(&zip_with(&entries, change));
    assert_eq!(judge_end(|end| end.0 -= 1), (7, Trick::NotCanonical));
    assert_eq!(judge_end(|end| end.0 = 0), (0, Trick::BadDirectory));
    assert_eq!(judge_end(|end| end.0 = 10_006), (0, Trick::TooManyEntries));
    assert_eq!(judge_end(|end| end.0 = u16::MAX), (0, Trick::TooManyEntries));
    assert_eq!(judge_end(|end| end.1 += 1), (7, Trick::NotCanonical));
    assert_eq!(judge_end(|end| end.1 = 0), (7, Trick::NotCanonical));
    assert_eq!(judge_end(|end| end.2 -= 1), (0, Trick::BadDirectory));
    assert_eq!(judge_end(|end| end.2 = 0), (0, Trick::BadDirectory));
    assert_eq!(judge_end(|end| end.2 = u32::MAX), (0, Trick::NoDirectory));
    assert_eq!(judge_end(|end| end.2 = u32::MAX - 1), (0, Trick::NoDirectory));
    for bytes in [&b""[..], b"PK", b"PK\x05\x06", &[0; 22], &[b'P'; 200]] {
        assert_eq!(judge(bytes), (0, Trick::NoDirectory));
    }
    // An empty archive is one, and lacks the header.
    assert_eq!(judge(&zip(&[])), (0, Trick::Missing));
}

#[test]
fn more_entries_than_a_parcel_can_have_are_refused_by_their_number() {
    let mut entries = honest(&parcel());
    entries.extend((0..10_005 - 6).map(|index| Crafted::new(format!("x/{index}"), "")));
    assert_eq!(judge(&zip(&entries)), (0, Trick::TooManyEntries));
}

#[test]
fn exactly_the_files_of_the_bag_in_its_order() {
    refused(6, Trick::Missing, |entries| drop(entries.pop()));
    refused(3, Trick::Missing, |entries| entries.truncate(3));
    refused(5, Trick::Unexpected, |entries| entries.swap(5, 6));
    refused(1, Trick::Unexpected, |entries| entries.swap(1, 2));
    refused(0, Trick::Unexpected, |entries| drop(entries.remove(0)));
    refused(7, Trick::Unexpected, |entries| entries.push(Crafted::new("autorun.inf", "[autorun]")));
    refused(5, Trick::Unexpected, |entries| {
        let name = entries[5].name.clone();
        entries[5].name = [b"x", &name[1..]].concat();
    });
    refused(5, Trick::SizeDiffers, |entries| entries[5].data.push(0));
    refused(6, Trick::SizeDiffers, |entries| entries[6].data.clear());
}

/// The frame may be whole while a content is not: that is what the manifest's digests are for, which the reader checks.
#[test]
fn another_content_of_the_same_size_has_another_digest() {
    use std::io::Read;
    let parcel = parcel();
    let mut entries = honest(&parcel);
    entries[5].data[0] ^= 1;
    let mut opened = Unsealed::from_plaintext(Cursor::new(zip(&entries)), &parcel.outer).unwrap();
    let file = &parcel.plan.files()[0];
    let mut bytes = Vec::new();
    opened.file(&file.path).unwrap().read_to_end(&mut bytes).unwrap();
    assert_ne!(rezept_parcel::Digest::of(&bytes), file.sha256);
}

#[test]
fn small_entries_that_are_not_small_are_refused_unread() {
    for (index, limit) in [(0, rezept_parcel::header::HEADER_MAX_BYTES), (3, 64 * 1024 + 10_000 * 256)] {
        let mut entries = honest(&parcel());
        entries[index].data = vec![b'x'; limit + 1];
        let error = Unsealed::from_plaintext(Cursor::new(zip(&entries)), &parcel().outer).map(|_| ());
        let large = matches!(error, Err(UnsealError::TooLarge { limit_bytes }) if limit_bytes == limit);
        assert!(large, "{error:?}");
    }
}

/// Every single byte that belongs to no payload: changed, it is refused.
#[test]
fn every_byte_around_the_contents_counts() {
    let plain = plain_of(&parcel());
    let payload: Vec<_> = parcel().contents.iter().map(|content| find(&plain, content)).collect();
    let mut tried = 0;
    for at in (0..plain.len()).filter(|at| !payload.iter().any(|range| range.contains(at))) {
        for flip in [1, 0x10, 0x80, 0xFF] {
            let mut changed = plain.clone();
            changed[at] ^= flip;
            let result = Unsealed::from_plaintext(Cursor::new(changed), &parcel().outer);
            assert!(result.is_err(), "byte {at} ^ {flip:#x}");
            tried += 1;
        }
    }
    assert!(tried > 8_000, "{tried}");
}

fn find(within: &[u8], part: &[u8]) -> std::ops::Range<usize> {
    let start = within.windows(part.len()).position(|window| window == part).unwrap();
    start..start + part.len()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Cut, doubled, overwritten pieces: never a panic, and never accepted unless it is the sealer's own bytes.
    #[test]
    fn torn_archives_are_refused(
        edits in prop::collection::vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..8)), 1..4,
        ),
    ) {
        let whole = plain_of(&parcel());
        let mut torn = whole.clone();
        for (at, to, bytes) in edits {
            let (at, to) = (at.index(torn.len() + 1), to.index(torn.len() + 1));
            torn.splice(at.min(to)..at.max(to), bytes);
        }
        let opened = Unsealed::from_plaintext(Cursor::new(&torn), &parcel().outer).is_ok();
        prop_assert!(!opened || torn.len() == whole.len());
    }
}
