//! Parcels that a paired station sealed and signed itself, and that are bad inside or of a version still to come: the seal
//! proves who made them, not that they are what a parcel is. Nothing of them reaches an inbox, each is told once.

use rezept_codes::Code;
use std::io::{Cursor, Read};

use rezept_journal::{Direction, Form, FoundParcel, ParcelChange, ParcelState, Reason, Subject};
use rezept_parcel::sealed::{Sealer, Unsealed, open_small, seal_small};
use rezept_parcel::{Content, Digest, Envelope, Facility, Header, Recipient, Segment};
use rezept_testkit::faults::Faults;
use rezept_transfer::volume::{RelPath, Volume};

use crate::bench::{Bench, MEDIUM, Process};
use crate::invariants::{Story, always, converged, delivered};
use crate::kind::Kind;

/// More than any parcel of these tests holds.
const LIMIT: usize = 1 << 20;

/// A world in which the clinic published a parcel that somebody who holds its keys can make anew.
struct Forger {
    world: Bench,
}

impl Forger {
    fn new() -> Self {
        let world = Kind::Sealed.world().with_claims();
        world.converge_once(0);
        Self { world }
    }

    fn file(&self, ending: &str) -> String {
        let mut found = self.world.media[0].paths().into_iter().filter(|path| path.ends_with(ending));
        found.next().unwrap_or_else(|| panic!("no {ending}"))
    }

    fn read(&self, ending: &str) -> Vec<u8> {
        self.world.media[0].get(&self.file(ending)).unwrap()
    }

    fn to(&self) -> [Recipient; 1] {
        [self.world.sites[1].vault.as_ref().unwrap().newest_opening().recipient()]
    }

    /// Publishes this text as the header, with the clinic's signature.
    fn sign(self, header: &[u8]) -> Bench {
        let vault = self.world.sites[0].vault.clone().unwrap();
        let stick = &self.world.media[0];
        stick.overwrite(&self.file(".hdr"), header);
        stick.overwrite(&self.file(".hdr.minisig"), &vault.signing().sign(header).unwrap());
        self.world
    }

    /// The clinic seals something else, and signs it.
    fn with_ciphertext(self, ciphertext: &[u8]) -> Bench {
        self.world.media[0].overwrite(&self.file("000.age"), ciphertext);
        let mut header = Header::parse(&self.read(".hdr")).unwrap();
        let segment = Segment { sha256: Digest::of(ciphertext), size: ciphertext.len() as u64 };
        header.content = Content::Sealed(Envelope::new(vec![segment]).unwrap());
        let header = header.to_bytes().unwrap();
        self.sign(&header)
    }

    fn with_plaintext(self, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Bench {
        let keys = self.world.sites[1].vault.as_ref().unwrap().opening_keys();
        let plain = open_small(&self.read("000.age"), &keys, LIMIT).unwrap();
        let changed = change(plain.clone());
        assert_ne!(changed, plain, "nothing was changed");
        let sealed = seal_small(&changed, &self.to()).unwrap();
        self.with_ciphertext(&sealed)
    }

    /// The same parcel with another header inside; everything around it is right.
    fn with_header_inside(self, change: impl FnOnce(String) -> String) -> Bench {
        let keys = self.world.sites[1].vault.as_ref().unwrap().opening_keys();
        let outer = Header::parse(&self.read(".hdr")).unwrap();
        let mut opened = Unsealed::open(Cursor::new(self.read("000.age")), &outer, &keys).unwrap();
        let plan = opened.bag().plan().clone();
        let inner = renewed(change(String::from_utf8(opened.header_bytes().to_vec()).unwrap()));
        let mut sealer = Sealer::begin(Vec::new(), &plan, inner.as_bytes(), &self.to()).unwrap();
        for file in plan.files() {
            let mut bytes = Vec::new();
            opened.file(&file.path).unwrap().read_to_end(&mut bytes).unwrap();
            sealer.add(file, &mut &bytes[..]).unwrap();
        }
        let sealed = sealer.finish().unwrap();
        self.with_ciphertext(&sealed)
    }
}

/// A text whose last line, its own digest, is right again.
fn renewed(text: String) -> String {
    let at = text.rfind("sha256: ").unwrap();
    let body = &text[..at];
    format!("{body}sha256: {}\n", Digest::of(body.as_bytes()))
}

/// Replaces every occurrence of a piece by another one of its length.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut bytes = bytes.to_vec();
    let found: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
    for at in found {
        bytes[at..at + new.len()].copy_from_slice(new);
    }
    bytes
}

/// Of a header that cannot be read a person hears, once, and nothing of it is stored.
#[track_caller]
fn told_of(world: &Bench, what: &str, code: Code) {
    for _ in 0..3 {
        let errors = world.turn(1, &Faults::none()).unwrap();
        assert!(errors.is_empty(), "{what}: {errors:?}");
        assert_eq!(world.parcels(1, Direction::In), [], "{what}");
        let alerts = world.sites[1].journal().alerts().unwrap();
        let codes: Vec<_> = alerts.iter().map(|alert| alert.reason.code.known().unwrap()).collect();
        assert_eq!(codes, [code], "{what}");
    }
}

/// The receiver sets it aside for this reason, once, keeps nothing of it, and says no more on the next turns.
#[track_caller]
fn set_aside(world: &Bench, what: &str, code: Code) {
    let mut history = 0;
    for turn in 0..3 {
        let errors = world.turn(1, &Faults::none()).unwrap();
        assert!(errors.is_empty(), "{what}: {errors:?}");
        let parcels = world.parcels(1, Direction::In);
        let [parcel] = &parcels[..] else { panic!("{what}: {parcels:?}") };
        let told = parcel.reason.as_ref().map(|reason| reason.code.known().unwrap());
        assert_eq!(
            (parcel.state, told),
            (ParcelState::Quarantined, Some(code)),
            "{what}: {:?}",
            parcel.reason
        );
        let rows = world.sites[1].journal().history(Subject::Parcel(parcel.row)).unwrap().len();
        assert!(turn == 0 || rows == history, "{what}: told again, {history} then {rows} rows");
        history = rows;
        assert!(delivered(&world.sites[1]).is_empty(), "{what}");
    }
    for volume in [&world.sites[1].inbox, &world.sites[1].spool] {
        let left: Vec<String> = volume.paths().into_iter().filter(|path| !path.ends_with('/')).collect();
        assert_eq!(left, [""; 0], "{what}: nothing opened stays, and no ciphertext that is of no use");
    }
    assert_eq!(always(world, &Story::default()), [""; 0], "{what}");
}

#[test]
fn a_signed_parcel_that_is_bad_inside_is_set_aside_once() {
    const FOLDER: &[u8] = b"data/202411-shaho-01";
    let mut cases: Vec<(String, Bench)> = Vec::new();
    let mut case = |what: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        cases.push((what.to_owned(), Forger::new().with_plaintext(change)));
    };
    case("nothing", &|_| Vec::new());
    case("no ZIP", &|_| vec![b'R'; 5000]);
    case("cut", &|plain| plain[..plain.len() - 1].to_vec());
    case("longer", &|plain| [&plain[..], b"\0"].concat());
    case("a second archive behind it", &|plain| [&plain[..], &plain].concat());
    for name in [
        "data/../../../../../",
        "/etc/cron.d/shaho-01",
        "C:/a/202411-shaho-01",
        "data\\202411-shaho-01",
        "data/202411-shaho:01",
        "data/CON/aaa.shaho01",
        "data/202411-shaho-0.",
        "data/202411-shaho-0\n",
        "data/202411-shaho-0\0",
        "data/202411-kokuho01",
    ] {
        case(&format!("the name {name:?}"), &|plain| replaced(&plain, FOLDER, name.as_bytes()));
    }
    let payload = b"claim,1,2024-11";
    case("another content of the same size", &|plain| replaced(&plain, payload, b"claim,2,2024-11"));
    // Four bytes that are the size of the content in the directory, and before it.
    case("another size", &|plain| replaced(&plain, &3000u32.to_le_bytes(), &0x7FFF_FFFFu32.to_le_bytes()));
    case("compressed", &|plain| {
        let mut plain = plain;
        let central = plain.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        plain[central + 10] = 8;
        plain
    });
    for (what, world) in &cases {
        set_aside(world, what, Code::SealedContentBad);
    }
    println!("{} sealed and signed parcels that are bad inside, all set aside", cases.len());
}

#[test]
fn headers_that_contradict_each_other_are_set_aside() {
    let other_number =
        Forger::new().with_header_inside(|text| text.replace("sequence: 1\n", "sequence: 2\n"));
    set_aside(&other_number, "another number inside", Code::SealedContentBad);
    let other_id = Forger::new().with_header_inside(|text| {
        let id = text.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
        text.replace(&id, &"5a".repeat(16))
    });
    set_aside(&other_id, "another id inside", Code::SealedContentBad);
    let foreign = Forger::new().with_header_inside(|text| text.replace("13-1-9999015", "13-1-9999023"));
    set_aside(&foreign, "another facility in the header inside than in the bag", Code::SealedContentBad);
}

#[test]
fn a_sealed_parcel_of_another_facility_is_set_aside() {
    let world = Kind::Sealed.world().with_claims();
    let mut sender = Process::start(&world, 0, &[0], &Faults::none()).unwrap();
    sender.facility = Facility::new("13", "1", "9999023").unwrap();
    assert!(sender.turn().is_empty());
    drop(sender);
    set_aside(&world, "another facility", Code::ForeignParcel);
}

/// Puts the parcel as it was published in the place of one from the future: it is taken after all.
fn the_right_one_heals(forged: &Bench, published: &Bench) {
    for path in published.media[0].paths().into_iter().filter(|path| !path.ends_with('/')) {
        forged.media[0].remove_file(&RelPath::new(&path).unwrap()).unwrap();
        forged.media[0].put(&path, &published.media[0].get(&path).unwrap());
    }
    assert!(forged.converge(&[0]).is_empty());
    assert_eq!(forged.states(1, Direction::In), ["ACK_WRITTEN"]);
    assert_eq!(converged(forged, &Story::default()), [""; 0]);
}

#[test]
fn a_sealed_header_of_a_newer_version_or_form_is_refused_as_such() {
    for (from, to) in [("rezept-parcel: 1\n", "rezept-parcel: 2\n"), ("form: sealed\n", "form: folded\n")] {
        let forger = Forger::new();
        let published = forger.world.snapshot();
        let text = String::from_utf8(forger.read(".hdr")).unwrap();
        assert!(text.contains(from), "{text}");
        let newer = renewed(text.replace(from, to));
        let world = forger.sign(newer.as_bytes());
        told_of(&world, to, Code::NewerParcel);
        the_right_one_heals(&world, &published);
        assert_eq!(world.sites[1].journal().alerts().unwrap(), [], "it is over");
    }
}

#[test]
fn what_is_of_a_newer_version_only_inside_is_refused_as_such() {
    // Whoever only knows this version cannot say that it is damaged.
    let header =
        Forger::new().with_header_inside(|text| text.replace("rezept-parcel: 1\n", "rezept-parcel: 2\n"));
    set_aside(&header, "the header inside", Code::NewerParcel);
    let forger = Forger::new();
    let ciphertext = replaced(&forger.read("000.age"), b"age-encryption.org/v1", b"age-encryption.org/v2");
    let age = forger.with_ciphertext(&ciphertext);
    set_aside(&age, "age", Code::NewerParcel);
}

#[test]
fn what_an_older_program_could_not_read_is_looked_at_again() {
    let forger = Forger::new();
    let sent = forger.world.parcels(0, Direction::Out).remove(0);
    let found = FoundParcel {
        id: sent.id.clone(),
        sender: "clinic".to_owned(),
        sequence: sent.sequence,
        medium: MEDIUM.to_owned(),
        header: sent.header.clone(),
        header_sha256: sent.header_sha256,
        form: Form::Sealed,
        signature: sent.signature.clone(),
    };
    let mut journal = forger.world.sites[1].journal();
    let row = journal.found_parcel(&found).unwrap().row;
    let reason = Some(Reason::new(Code::NewerParcel, "of a newer version (rezept 0.0.1)"));
    let change = ParcelChange { reason, ..ParcelChange::default() };
    journal.move_parcel(row, ParcelState::Quarantined, &change).unwrap();
    drop(journal);
    assert!(forger.world.converge(&[0]).is_empty());
    assert_eq!(forger.world.states(1, Direction::In), ["ACK_WRITTEN"]);
    assert_eq!(converged(&forger.world, &Story::default()), [""; 0]);
}

#[test]
fn a_newer_acknowledgement_archives_nothing() {
    let world = Kind::Sealed.world().with_claims();
    world.converge_once(0);
    world.converge_once(1);
    let stick = &world.media[0];
    let ack = stick.paths().into_iter().find(|path| path.ends_with(".ack")).unwrap();
    let (clinic, terminal) = (world.sites[0].vault.as_ref().unwrap(), world.sites[1].vault.as_ref().unwrap());
    let text = open_small(&stick.get(&ack).unwrap(), &clinic.opening_keys(), LIMIT).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("rezept-ack: 1\n"), "{text}");
    let newer = renewed(text.replace("rezept-ack: 1\n", "rezept-ack: 2\n"));
    let sealed = seal_small(newer.as_bytes(), &[clinic.newest_opening().recipient()]).unwrap();
    stick.overwrite(&ack, &sealed);
    stick.overwrite(&format!("{ack}.minisig"), &terminal.signing().sign(&sealed).unwrap());
    for _ in 0..2 {
        world.turn(0, &Faults::none()).unwrap();
        assert_eq!(world.states(0, Direction::Out), ["COMMITTED"]);
        let alerts = world.sites[0].journal().alerts().unwrap();
        let told: Vec<_> = alerts.iter().map(|alert| alert.reason.code.known().unwrap()).collect();
        assert_eq!(told, [Code::AckBad], "{alerts:?}");
        assert_eq!(always(&world, &Story::default()), [""; 0]);
    }
}
