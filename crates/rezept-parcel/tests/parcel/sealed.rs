//! Sealed parcels: what is sealed comes back byte for byte, and no damage to the ciphertext passes.

use std::io::{Cursor, Read, Write};

use crate::sealing::{Parcel, content, names_of, open_parcel, plain_of, seal};
use proptest::prelude::*;
use rezept_parcel::sealed::{SealError, Sealer, Trick, UnsealError, Unsealed};
use rezept_parcel::{Content, Digest, Header, OpeningKey};

#[track_caller]
fn round_trip(sizes: &[usize]) {
    let parcel = Parcel::of_sizes(sizes);
    let key = OpeningKey::generate();
    let sealed = seal(&parcel, &[key.recipient()]);
    let mut opened = Unsealed::open(Cursor::new(&sealed), &parcel.outer, &[key]).unwrap();
    assert_eq!(opened.header(), &parcel.inner);
    assert_eq!(opened.header_bytes(), parcel.inner.to_bytes().unwrap());
    assert_eq!(opened.bag().plan(), &parcel.plan);
    for (file, expected) in parcel.plan.files().iter().zip(&parcel.contents) {
        let mut bytes = Vec::new();
        opened.file(&file.path).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(Digest::of(&bytes), file.sha256, "{}", file.path);
        assert_eq!(&bytes, expected);
    }
    opened.finish().unwrap();
}

#[test]
fn what_is_sealed_comes_back() {
    for size in [0, 1, 65_535, 65_536, 65_537, 131_072, 3_000_000] {
        round_trip(&[size]);
    }
    round_trip(&[5_000_000, 0, 1, 70_000]);
    round_trip(&[50; 2_000]);
}

#[test]
fn files_come_in_any_order_and_again() {
    let parcel = Parcel::of_sizes(&[100_000, 3, 0, 200_000]);
    let key = OpeningKey::generate();
    let sealed = seal(&parcel, &[key.recipient()]);
    let mut opened = Unsealed::open(Cursor::new(&sealed), &parcel.outer, &[key]).unwrap();
    for index in [3, 0, 0, 2, 1, 3] {
        let mut half = vec![0; parcel.contents[index].len() / 2];
        let path = &parcel.plan.files()[index].path;
        opened.file(path).unwrap().read_exact(&mut half).unwrap();
        assert_eq!(half, parcel.contents[index][..half.len()]);
        let mut bytes = Vec::new();
        opened.file(path).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, parcel.contents[index]);
    }
    let other = Parcel::of_sizes(&[1; 9]).plan.files()[8].path.clone();
    assert!(matches!(opened.file(&other).err(), Some(UnsealError::NoSuchFile)));
}

#[test]
fn every_recipient_opens_it_and_nobody_else_does() {
    let parcel = Parcel::of_sizes(&[10]);
    let [receiver, recovery, stranger] = std::array::from_fn(|_| OpeningKey::generate());
    let sealed = seal(&parcel, &[receiver.recipient(), recovery.recipient()]);
    let open = |keys: &[OpeningKey]| Unsealed::open(Cursor::new(&sealed), &parcel.outer, keys).map(|_| ());
    assert!(open(std::slice::from_ref(&receiver)).is_ok());
    assert!(open(&[stranger.clone(), recovery]).is_ok());
    assert!(matches!(open(&[stranger]), Err(UnsealError::WrongKey)));
    assert!(matches!(open(&[]), Err(UnsealError::WrongKey)));
    assert!(matches!(Sealer::begin(Vec::new(), &parcel.plan, b"", &[]).err(), Some(SealError::NoRecipient)));
}

/// A ciphertext shows none of what it holds: no name, no facility, no content.
#[test]
fn nothing_of_the_content_is_in_the_ciphertext() {
    let parcel = Parcel::of_sizes(&[1000]);
    let sealed = seal(&parcel, &[OpeningKey::generate().recipient()]);
    let outer = parcel.outer.to_bytes().unwrap();
    for word in ["RECEIPTC", "9999015", "data/", "202604", "bagit", "PK\u{1}\u{2}"] {
        let there = |bytes: &[u8]| bytes.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(!there(&sealed) && !there(&outer), "{word}");
    }
}

/// Opens and reads everything, as a receiver does.
fn read_all(sealed: &[u8], parcel: &Parcel, key: &OpeningKey) -> Result<(), UnsealError> {
    let mut opened = Unsealed::open(Cursor::new(sealed), &parcel.outer, std::slice::from_ref(key))?;
    for (file, expected) in parcel.plan.files().iter().zip(&parcel.contents) {
        let mut bytes = Vec::new();
        opened.file(&file.path)?.read_to_end(&mut bytes).map_err(UnsealError::from_read)?;
        assert_eq!(&bytes, expected, "altered bytes were given out");
    }
    opened.finish()
}

#[test]
fn no_changed_byte_and_no_cut_of_the_ciphertext_passes() {
    let parcel = Parcel::of_sizes(&[40, 150_000]);
    let key = OpeningKey::generate();
    let sealed = seal(&parcel, &[key.recipient()]);
    assert!(read_all(&sealed, &parcel, &key).is_ok());
    let header_end = sealed.windows(5).position(|window| window == b"\n--- ").unwrap() + 49;
    // Every byte of the age header, stanzas, MAC, nonce and the first content; then places in every chunk, its tag too.
    let chunk = 65_536 + 16;
    let first = header_end + 16;
    let borders = (0..4).flat_map(|index| {
        let start = first + index * chunk;
        [start, start + 1, start + chunk / 2, start + chunk - 17, start + chunk - 16, start + chunk - 1]
    });
    let places = (0..first + 300).chain(borders).chain(sealed.len() - 40..sealed.len());
    let mut tried = 0;
    for at in places.filter(|at| *at < sealed.len()) {
        let mut damaged = sealed.clone();
        damaged[at] ^= 1;
        assert!(read_all(&damaged, &parcel, &key).is_err(), "byte {at}");
        tried += 1;
    }
    assert!(tried > 450, "{tried}");
    for length in (0..first + 50).chain((1..sealed.len()).rev().step_by(4_111)) {
        assert!(read_all(&sealed[..length], &parcel, &key).is_err(), "cut at {length}");
    }
    for tail in [b"\0".as_slice(), &sealed[..chunk], &sealed] {
        let longer = [&sealed[..], tail].concat();
        assert!(matches!(read_all(&longer, &parcel, &key), Err(UnsealError::Damaged)));
    }
}

#[test]
fn chunks_in_another_order_or_of_another_parcel_are_damage() {
    let parcel = Parcel::of_sizes(&[300_000]);
    let key = OpeningKey::generate();
    let (sealed, twin) = (seal(&parcel, &[key.recipient()]), seal(&parcel, &[key.recipient()]));
    let first = sealed.windows(5).position(|window| window == b"\n--- ").unwrap() + 49 + 16;
    let chunk = 65_536 + 16;
    let part = |bytes: &[u8], index: usize| bytes[first + index * chunk..][..chunk].to_vec();
    let with = |index: usize, bytes: Vec<u8>| {
        let mut changed = sealed.clone();
        changed.splice(first + index * chunk..first + (index + 1) * chunk, bytes);
        changed
    };
    let doubled = with(1, part(&sealed, 2));
    let mut swapped = with(1, part(&sealed, 2));
    swapped.splice(first + 2 * chunk..first + 3 * chunk, part(&sealed, 1));
    let dropped = with(1, Vec::new());
    for (what, bytes) in [("doubled", doubled), ("swapped", swapped), ("dropped", dropped)] {
        assert!(matches!(read_all(&bytes, &parcel, &key), Err(UnsealError::Damaged)), "{what}");
    }
    // The twin has other random stanzas, so its header is as long only by chance; compare only then.
    if twin.len() == sealed.len() {
        let foreign = with(1, part(&twin, 1));
        assert!(matches!(read_all(&foreign, &parcel, &key), Err(UnsealError::Damaged)));
    }
}

#[test]
fn the_header_outside_must_be_that_of_the_same_parcel() {
    let parcel = Parcel::of_sizes(&[10]);
    let plain = plain_of(&parcel);
    let open = |outer: &Header| Unsealed::from_plaintext(Cursor::new(&plain), outer).map(|_| ()).unwrap_err();
    let outer = || parcel.outer.clone();
    let changed = [
        ("from", Header { from: "other".parse().unwrap(), ..outer() }),
        ("to", Header { to: "other".parse().unwrap(), ..outer() }),
        ("sequence", Header { sequence: 18, ..outer() }),
        ("created", Header { created: "2026-05-01T09:30:01+09:00".parse().unwrap(), ..outer() }),
    ];
    for (field, outer) in changed {
        let error = open(&outer);
        assert!(matches!(error, UnsealError::HeaderDiffers { field: found } if found == field), "{error:?}");
    }
    // Another id names other entries altogether.
    let id = rezept_parcel::ParcelId::from_random([1; 16]);
    let error = open(&Header { id, ..outer() });
    assert!(matches!(error, UnsealError::Trick { entry: 0, what: Trick::Unexpected }), "{error:?}");
}

#[test]
fn a_sealed_parcel_inside_a_sealed_parcel_is_refused() {
    let parcel = Parcel::of_sizes(&[10]);
    let mut nested = parcel.clone();
    nested.inner = parcel.outer.clone();
    let error = open_parcel(&nested).unwrap_err();
    assert!(matches!(error, UnsealError::Inner(_)), "{error:?}");
}

#[test]
fn a_header_of_another_bag_inside_is_refused() {
    let parcel = Parcel::of_sizes(&[10]);
    let mut mixed = parcel.clone();
    mixed.inner.content = Content::Bag(Parcel::of_sizes(&[11]).plan.summary());
    assert!(matches!(open_parcel(&mixed), Err(UnsealError::Bag(_))));
}

#[test]
fn the_sealer_takes_exactly_the_plan() {
    let parcel = Parcel::of_sizes(&[10, 20]);
    let key = OpeningKey::generate();
    let begin = || {
        let header = parcel.inner.to_bytes().unwrap();
        Sealer::begin(Vec::new(), &parcel.plan, &header, &[key.recipient()]).unwrap()
    };
    let (first, second) = (&parcel.plan.files()[0], &parcel.plan.files()[1]);

    let mut sealer = begin();
    assert!(matches!(sealer.add(second, &mut &content(20, 1)[..]), Err(SealError::WrongOrder)));
    assert!(matches!(sealer.finish(), Err(SealError::Abandoned)));

    for length in [9, 11] {
        let mut sealer = begin();
        let result = sealer.add(first, &mut &content(length, 0)[..]);
        assert!(matches!(result, Err(SealError::SizeDiffers { planned: 10, .. })), "{length}");
        assert!(matches!(sealer.add(second, &mut &content(20, 1)[..]), Err(SealError::Abandoned)));
        assert!(matches!(sealer.finish(), Err(SealError::Abandoned)));
    }

    let mut sealer = begin();
    sealer.add(first, &mut &content(10, 0)[..]).unwrap();
    assert!(matches!(sealer.finish(), Err(SealError::WrongOrder)));

    let mut sealer = begin();
    sealer.add(first, &mut &content(10, 0)[..]).unwrap();
    sealer.add(second, &mut &content(20, 1)[..]).unwrap();
    assert!(matches!(sealer.add(second, &mut &content(20, 1)[..]), Err(SealError::WrongOrder)));
}

/// Takes a number of bytes and then fails, as a full disk does.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_as_such_wherever_it_comes() {
    let parcel = Parcel::of_sizes(&[200_000]);
    let key = OpeningKey::generate();
    let header = parcel.inner.to_bytes().unwrap();
    let file = &parcel.plan.files()[0];
    let whole = seal(&parcel, &[key.recipient()]).len();
    for room in [0, 100, 70_000, 140_000, whole - 1000] {
        let result = Sealer::begin(Full(room), &parcel.plan, &header, &[key.recipient()])
            .and_then(|mut sealer| {
                sealer.add(file, &mut &content(200_000, 0)[..])?;
                sealer.finish()
            })
            .map(|_| ());
        let full = matches!(&result, Err(SealError::Io(e)) if e.kind() == std::io::ErrorKind::StorageFull);
        assert!(full, "{room}: {result:?}");
    }
}

#[test]
fn a_source_that_cannot_be_read_names_the_file() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("medium removed"))
        }
    }
    let parcel = Parcel::of_sizes(&[10]);
    let to = [OpeningKey::generate().recipient()];
    let mut sealer = Sealer::begin(Vec::new(), &parcel.plan, b"", &to).unwrap();
    let file = &parcel.plan.files()[0];
    let error = sealer.add(file, &mut Broken).unwrap_err();
    assert!(matches!(&error, SealError::Source { path, .. } if *path == file.path), "{error:?}");
}

/// Header, tag files, payload: the order is part of the form.
#[test]
fn entries_stand_in_their_order() {
    let parcel = Parcel::of_sizes(&[1, 2]);
    let id = parcel.plan.id();
    let mut expected = vec![format!("{id}.hdr")];
    let tags = ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"];
    expected.extend(tags.map(|name| format!("{id}/{name}")));
    expected.extend(parcel.plan.files().iter().map(|file| format!("{id}/{}", file.path)));
    assert_eq!(names_of(&plain_of(&parcel)), expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sizes_come_back(sizes in prop::collection::vec(0..200_000_usize, 1..6)) {
        round_trip(&sizes);
    }

    /// One changed byte anywhere is an error, and until then only true bytes are given out (`read_all` asserts it).
    #[test]
    fn any_changed_byte_is_an_error(
        size in 0..200_000_usize, at in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let parcel = Parcel::of_sizes(&[size]);
        let key = OpeningKey::generate();
        let mut sealed = seal(&parcel, &[key.recipient()]);
        let at = at.index(sealed.len());
        sealed[at] ^= flip;
        prop_assert!(read_all(&sealed, &parcel, &key).is_err());
    }
}
