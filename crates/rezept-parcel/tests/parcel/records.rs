//! Headers and acknowledgements: exact bytes, round trips, and that no damaged one is ever taken for whole.

use crate::common::{RECIPIENT, ack, header, sealed_header};
use proptest::prelude::*;
use rezept_parcel::decisions::{SentDecision, SentPurpose};
use rezept_parcel::header::{HEADER_MAX_BYTES, Release};
use rezept_parcel::{
    Ack, AckedFile, AuditCheckpoint, BagSummary, Content, Digest, Envelope, Facility, Header, MAX_SEGMENTS,
    OpeningKey, ParcelId, PayerFolder, PayloadPath, Recipient, SEGMENT_BYTES, Segment, TextError,
};

/// Renews the last line of a text whose body was changed on purpose.
fn reseal(text: &str) -> Vec<u8> {
    let (body, _) = text.rsplit_once("sha256: ").unwrap();
    format!("{body}sha256: {}\n", Digest::of(body.as_bytes())).into_bytes()
}

#[test]
fn header_has_exactly_this_form() {
    let expected = "\
rezept-parcel: 1
id: abababababababababababababababab
from: recekon-1
to: terminal-1
sequence: 17
created: 2026-05-01T09:30:00+09:00
form: bag
facility: 13-1-9999015
bag-tagmanifest-sha256: TAGMANIFEST
bag-files: 3
bag-bytes: 40
released: RZ-G004 data/202604-kokuho-01/RECEIPTC.UKE
audit: 4711 0707070707070707070707070707070707070707070707070707070707070707
sha256: ";
    let tagmanifest = crate::common::plan().tagmanifest_digest().to_string();
    let text = String::from_utf8(header().to_bytes().unwrap()).unwrap();
    let expected = expected.replace("TAGMANIFEST", &tagmanifest);
    assert_eq!(text, String::from_utf8(reseal(&expected)).unwrap());
}

#[test]
fn sealed_header_has_exactly_this_form_and_names_neither_facility_nor_file() {
    let expected = "\
rezept-parcel: 1
id: abababababababababababababababab
from: recekon-1
to: terminal-1
sequence: 17
created: 2026-05-01T09:30:00+09:00
form: sealed
segment: 0101010101010101010101010101010101010101010101010101010101010101 1073741824
segment: 0202020202020202020202020202020202020202020202020202020202020202 4242
audit: 4711 0707070707070707070707070707070707070707070707070707070707070707
previous: 0505050505050505050505050505050505050505050505050505050505050505
opening-key: age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa
witness: 12 0606060606060606060606060606060606060606060606060606060606060606
sha256: ";
    let text = String::from_utf8(sealed_header().to_bytes().unwrap()).unwrap();
    assert_eq!(text, String::from_utf8(reseal(expected)).unwrap());
    assert_eq!(Header::parse(text.as_bytes()).unwrap(), sealed_header());
}

#[test]
fn a_header_is_written_in_the_form_of_its_parcel_or_not_at_all() {
    let facility = header().facility;
    let wrong = [
        Header { facility: None, ..header() },
        Header { facility, ..sealed_header() },
        Header { released: header().released, ..sealed_header() },
    ];
    for header in wrong {
        assert_eq!(header.to_bytes(), Err(TextError::WrongForm));
    }
}

#[test]
fn sealed_nonsense_is_refused_with_its_line() {
    let text = String::from_utf8(sealed_header().to_bytes().unwrap()).unwrap();
    let parse = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Header::parse(&reseal(&text.replacen(from, to, 1))).unwrap_err()
    };
    let bad = |line, key| TextError::BadValue { line, key };
    let missing = |line, expected| TextError::MissingKey { line, expected };
    assert_eq!(parse(" 1073741824", " 1073741823"), TextError::BadSegments);
    assert_eq!(parse(" 4242", " 0"), TextError::BadSegments);
    assert_eq!(parse(" 4242", " 1073741825"), TextError::BadSegments);
    assert_eq!(parse(" 4242", " 04242"), bad(9, "segment"));
    assert_eq!(parse("form: sealed\n", "form: sealed\nfacility: 13-1-9999015\n"), missing(8, "segment"));
    assert_eq!(parse("audit: ", "released: RZ-G004 data/202604-shaho-01/A\naudit: "), missing(10, "audit"));
    assert_eq!(parse(RECIPIENT, &RECIPIENT.to_uppercase()), bad(12, "opening-key"));
    // A point of low order: nothing sealed to it is sealed.
    let zero = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z";
    assert_eq!(parse(RECIPIENT, zero), bad(12, "opening-key"));
    assert_eq!(parse("previous: ", "witness: "), bad(11, "witness"));
    let swapped = parse("previous: ", "opening-key: ");
    assert_eq!(swapped, bad(11, "opening-key"));
    let (body, _) = text.rsplit_once("witness: ").unwrap();
    let doubled = reseal(&format!("{body}opening-key: {RECIPIENT}\nsha256: "));
    let unknown = TextError::UnknownKey { line: 13, key: "opening-key".to_owned() };
    assert_eq!(Header::parse(&doubled), Err(unknown));
    let segment = text.lines().find(|line| line.starts_with("segment: ")).unwrap();
    let many = format!("{segment}\n").repeat(MAX_SEGMENTS);
    assert_eq!(parse("form: sealed\n", &format!("form: sealed\n{many}")), TextError::BadSegments);
}

#[test]
fn ack_has_exactly_this_form() {
    let expected = "\
rezept-ack: 1
id: abababababababababababababababab
from: terminal-1
to: recekon-1
sequence: 17
header-sha256: HEADER
delivered: 2026-05-01T10:00:00+09:00
files: 3
file: S0 20 data/202604-kokuho-01/RECEIPTC.UKE
file: S1 0 data/202604-kokuho-02/RECEIPTC(2).UKE
file: S2 20 data/202604-shaho-01/RECEIPTC.UKE
audit: 3 0909090909090909090909090909090909090909090909090909090909090909
sha256: ";
    let mut expected = expected.replace("HEADER", &Digest::of(&header().to_bytes().unwrap()).to_string());
    for (index, file) in ack().files.iter().enumerate() {
        expected = expected.replace(&format!("S{index}"), &file.sha256.to_string());
    }
    let text = String::from_utf8(ack().to_bytes().unwrap()).unwrap();
    assert_eq!(text, String::from_utf8(reseal(&expected)).unwrap());
}

/// Every truncation, every changed byte (all 255 other values), every removed and every doubled byte.
fn no_damage_passes<T: std::fmt::Debug>(
    bytes: &[u8],
    parse: impl Fn(&[u8]) -> Result<T, TextError>,
) -> usize {
    assert!(parse(bytes).is_ok());
    let mut tried = 0;
    let mut refuse = |damaged: &[u8], what: &str, at: usize| {
        assert!(parse(damaged).is_err(), "{what} at {at} passed");
        tried += 1;
    };
    for at in 0..bytes.len() {
        refuse(&bytes[..at], "truncation", at);
        refuse(&[&bytes[..at], &bytes[at + 1..]].concat(), "removal", at);
        refuse(&[&bytes[..=at], &bytes[at..]].concat(), "doubling", at);
        let mut damaged = bytes.to_vec();
        for flip in 1..=255 {
            damaged[at] = bytes[at] ^ flip;
            refuse(&damaged, "change", at);
        }
    }
    for tail in [b"\n".as_slice(), b"\0", b" ", bytes] {
        refuse(&[bytes, tail].concat(), "extension", bytes.len());
    }
    tried
}

#[test]
fn no_damaged_header_or_ack_passes() {
    let headers = no_damage_passes(&header().to_bytes().unwrap(), Header::parse);
    let sealed = no_damage_passes(&sealed_header().to_bytes().unwrap(), Header::parse);
    let acks = no_damage_passes(&ack().to_bytes().unwrap(), Ack::parse);
    println!("damaged records refused: {headers} headers, {sealed} sealed ones, {acks} acknowledgements");
}

/// A flipped bit is damage; it must not read as "made by a newer version", which would send people to an update.
#[test]
fn damage_is_named_damage() {
    for bytes in [header().to_bytes().unwrap(), sealed_header().to_bytes().unwrap()] {
        flip_each_bit(&bytes);
    }
}

fn flip_each_bit(bytes: &[u8]) {
    for at in 0..bytes.len() {
        let mut damaged = bytes.to_vec();
        damaged[at] ^= 1;
        let error = Header::parse(&damaged).unwrap_err();
        let damage = matches!(
            error,
            TextError::Truncated
                | TextError::DigestDiffers
                | TextError::TrailingBytes
                | TextError::NotThisKind { .. }
        );
        assert!(damage, "byte {at}: {error}");
    }
    assert_eq!(Header::parse(&bytes[..bytes.len() - 1]), Err(TextError::Truncated));
}

#[test]
fn well_sealed_nonsense_is_refused_with_its_line() {
    let text = String::from_utf8(header().to_bytes().unwrap()).unwrap();
    let parse = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Header::parse(&reseal(&text.replacen(from, to, 1))).unwrap_err()
    };
    let bad = |line, key| TextError::BadValue { line, key };
    assert_eq!(
        parse("rezept-parcel: 1", "rezept-parcel: 2"),
        TextError::NewerVersion { found: 2, supported: 1 }
    );
    assert_eq!(parse("form: bag", "form: frozen"), TextError::NewerForm { form: "frozen".to_owned() });
    assert_eq!(parse("form: bag", "form: sealed"), TextError::MissingKey { line: 8, expected: "segment" });
    assert_eq!(parse("from: recekon-1", "from: Recekon-1"), bad(3, "from"));
    assert_eq!(parse("from: recekon-1", "from: ../x"), bad(3, "from"));
    assert_eq!(parse("sequence: 17", "sequence: 017"), bad(5, "sequence"));
    assert_eq!(parse("sequence: 17", "sequence: 18446744073709551616"), bad(5, "sequence"));
    assert_eq!(parse("bag-files: 3", "bag-files: -3"), bad(10, "bag-files"));
    assert_eq!(parse("RECEIPTC.UKE", "../../x"), bad(12, "released"));
    assert_eq!(parse("from:", "form:"), TextError::MissingKey { line: 3, expected: "from" });
    assert_eq!(parse("audit:", "oudit:"), TextError::UnknownKey { line: 13, key: "oudit".to_owned() });
    assert_eq!(parse("sequence: 17\n", ""), TextError::MissingKey { line: 5, expected: "sequence" });
    let unknown = TextError::UnknownKey { line: 14, key: "x".to_owned() };
    assert_eq!(parse("\nsha256: ", "\nx: 1\nsha256: "), unknown);
    assert!(matches!(Header::parse(&ack().to_bytes().unwrap()), Err(TextError::NotThisKind { .. })));
    let count =
        String::from_utf8(ack().to_bytes().unwrap()).unwrap().replace("files: 3", "files: 99999999999");
    assert_eq!(Ack::parse(&reseal(&count)), Err(bad(8, "files")));
}

#[test]
fn sizes_are_limited_before_parsing_and_before_writing() {
    let large = vec![b'a'; HEADER_MAX_BYTES + 1];
    assert_eq!(Header::parse(&large), Err(TextError::TooLarge { limit_bytes: HEADER_MAX_BYTES }));
    let mut header = header();
    let release = header.released[0].clone();
    header.released = vec![release.clone(); rezept_parcel::MAX_PAYLOAD_FILES];
    let bytes = header.to_bytes().unwrap();
    assert_eq!(Header::parse(&bytes).unwrap(), header);
    header.released = vec![release; 3 * rezept_parcel::MAX_PAYLOAD_FILES];
    assert_eq!(header.to_bytes(), Err(TextError::TooLarge { limit_bytes: HEADER_MAX_BYTES }));
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn path() -> impl Strategy<Value = PayloadPath> {
    (1900..=9999u16, 1..=12u8, any::<bool>(), 1..=u16::MAX, "[A-Z(][A-Za-z0-9_()-]{0,40}[a-z0-9]")
        .prop_filter_map("not a device name", |(year, month, shaho, number, name)| {
            let payer = if shaho { PayerFolder::Shaho } else { PayerFolder::Kokuho };
            PayloadPath::new(year, month, payer, number, &name).ok()
        })
}

/// Every number of a record has at most 18 digits.
fn number() -> impl Strategy<Value = u64> {
    0..1_000_000_000_000_000_000_u64
}

fn audit() -> impl Strategy<Value = AuditCheckpoint> {
    (number(), digest()).prop_map(|(sequence, hash)| AuditCheckpoint { sequence, hash })
}

fn station() -> impl Strategy<Value = rezept_parcel::StationName> {
    "[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?".prop_filter_map("not a device name", |name| name.parse().ok())
}

fn timestamp() -> impl Strategy<Value = rezept_parcel::Timestamp> {
    "[0-9]{4}-(0[1-9]|1[0-2])-[01][1-8]T[01][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]0[0-9]:[0-5][0-9])"
        .prop_map(|text| text.parse().unwrap())
}

fn recipient() -> impl Strategy<Value = Recipient> {
    Just(()).prop_map(|()| OpeningKey::generate().recipient())
}

prop_compose! {
    fn envelope()(
        full in prop::collection::vec(digest(), 0..3),
        (last, size) in (digest(), 1..=SEGMENT_BYTES),
    ) -> Envelope {
        let full = full.into_iter().map(|sha256| Segment { sha256, size: SEGMENT_BYTES });
        Envelope::new(full.chain([Segment { sha256: last, size }]).collect()).unwrap()
    }
}

prop_compose! {
    fn any_header()(
        (id, from, to) in (any::<[u8; 16]>(), station(), station()),
        (sequence, created, code) in (number(), timestamp(), "[0-9]{7}"),
        (tagmanifest, files, bytes) in (digest(), any::<u32>(), number()),
        released in prop::collection::vec(("RZ-[A-Z0-9]{1,10}", path()), 0..4),
        decisions in prop::collection::vec(
            ("RZ-[A-Z0-9]{1,10}", path(), prop::collection::vec("[a-zA-Z0-9]{1,32}", 0..3), "[ -~あ-ん]{0,40}"),
            0..3,
        ),
        purposes in prop::collection::vec(("[a-z]{1,12}", path()), 0..3),
        (audit, previous) in (audit(), prop::option::of(digest())),
        (opening_key, witness) in (prop::option::of(recipient()), prop::option::of(audit())),
        envelope in prop::option::of(envelope()),
    ) -> Header {
        let released = released.into_iter();
        let header = Header {
            id: ParcelId::from_random(id), from, to, sequence, created, audit, previous, opening_key, witness,
            facility: Some(Facility::new("13", "1", &code).unwrap()),
            content: Content::Bag(BagSummary { tagmanifest, files, bytes }),
            released: released.map(|(code, path)| Release { code: code.parse().unwrap(), path }).collect(),
            decisions: decisions
                .into_iter()
                .map(|(code, path, evidence, why)| SentDecision { code: code.parse().unwrap(), path, evidence, why })
                .collect(),
            purposes: purposes.into_iter().map(|(purpose, path)| SentPurpose { purpose, path }).collect(),
        };
        match envelope {
            None => header,
            Some(envelope) => {
                Header {
                facility: None,
                released: Vec::new(),
                decisions: Vec::new(),
                purposes: Vec::new(),
                content: Content::Sealed(envelope),
                ..header
            }
            }
        }
    }
}

prop_compose! {
    fn any_ack()(
        (id, from, to) in (any::<[u8; 16]>(), station(), station()),
        (sequence, header, delivered) in (number(), digest(), timestamp()),
        files in prop::collection::vec((digest(), number(), path()), 0..5),
        refused in prop::collection::vec((digest(), number(), path()), 0..3),
        audit in audit(),
        (opening_key, witness) in (prop::option::of(recipient()), prop::option::of(audit())),
    ) -> Ack {
        let files = files.into_iter().map(|(sha256, size, path)| AckedFile { sha256, size, path }).collect();
        let id = ParcelId::from_random(id);
        let refused = refused.into_iter().map(|(sha256, size, path)| AckedFile { sha256, size, path }).collect();
        Ack { id, from, to, sequence, header, delivered, files, refused, audit, opening_key, witness }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn headers_round_trip(header in any_header()) {
        let bytes = header.to_bytes().unwrap();
        prop_assert!(bytes.is_ascii());
        prop_assert_eq!(Header::parse(&bytes).unwrap(), header);
    }

    #[test]
    fn acks_round_trip(ack in any_ack()) {
        let bytes = ack.to_bytes().unwrap();
        prop_assert!(bytes.is_ascii());
        prop_assert_eq!(Ack::parse(&bytes).unwrap(), ack);
    }

    /// Whatever parses has one spelling: nobody can give two different files one meaning.
    #[test]
    fn what_parses_writes_back_the_same(
        header in any_header(), at in any::<prop::sample::Index>(), with in "[ -~]{0,3}|\n", cut in 0..4usize,
    ) {
        let text = String::from_utf8(header.to_bytes().unwrap()).unwrap();
        let (body, _) = text.rsplit_once("sha256: ").unwrap();
        let at = at.index(body.len());
        let end = (at + cut).min(body.len());
        let changed = reseal(&format!("{}{with}{}sha256: ", &body[..at], &body[end..]));
        if let Ok(header) = Header::parse(&changed) {
            prop_assert_eq!(header.to_bytes().unwrap(), changed);
        }
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Header::parse(&bytes).is_err());
        prop_assert!(Ack::parse(&bytes).is_err());
    }
}
