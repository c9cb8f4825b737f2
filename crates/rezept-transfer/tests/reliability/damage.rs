//! Damage and attacks on what stands on the medium: nothing of it reaches an inbox, the reason is told, a second sending
//! heals.

use rezept_codes::Code;
use rezept_journal::{Direction, ParcelRow, ParcelState, VerifyLevel};
use rezept_testkit::faults::Faults;
use rezept_testkit::model::{FakeCapacity, ModelOptions, ModelVolume};
use rezept_transfer::TransferError;

use crate::bench::{Bench, Process, claim};
use crate::invariants::{Story, always, converged, delivered};
use crate::kind::Kind;
use crate::parallel::on_all_cores;

/// A world in which the parcel stands on the medium.
fn published(kind: Kind) -> Bench {
    let world = kind.world().with_claims();
    assert!(world.turn(0, &Faults::none()).unwrap().is_empty());
    assert_eq!(world.states(0, Direction::Out), ["COMMITTED"]);
    world
}

fn files_on(stick: &ModelVolume) -> Vec<String> {
    stick.paths().into_iter().filter(|path| !path.ends_with('/')).collect()
}

/// The receiver's turn on a damaged medium: nothing may be delivered. Returns why not: of a header that cannot be read
/// nothing is stored but an alert.
fn refused(world: &Bench, at: &str) -> Result<Code, String> {
    world.turn(1, &Faults::none()).unwrap();
    let parcels = world.parcels(1, Direction::In);
    let code = match &parcels[..] {
        [] => match &world.sites[1].journal().alerts().unwrap()[..] {
            [alert] => alert.reason.code.known().expect("a code of this build"),
            alerts => return Err(format!("{at}: no parcel and {} alerts", alerts.len())),
        },
        [parcel] if parcel.state == ParcelState::Quarantined => code_of(parcel),
        others => return Err(format!("{at}: {others:?}")),
    };
    if !delivered(&world.sites[1]).is_empty() {
        return Err(format!("{at}: {:?} was delivered", delivered(&world.sites[1])));
    }
    let wrong = always(world, &Story::default());
    if wrong.is_empty() { Ok(code) } else { Err(format!("{at}: {wrong:?}")) }
}

fn code_of(parcel: &ParcelRow) -> Code {
    parcel.reason.as_ref().and_then(|reason| reason.code.known()).expect("a reason of this build")
}

/// The clinic is asked to send again: onto the same medium, whatever stands there.
fn resend(world: &Bench) -> Vec<String> {
    let mut process = Process::start(world, 0, &[0], &Faults::none()).unwrap();
    let row = process.journal.parcels_in(Direction::Out, ParcelState::ALL).unwrap()[0].row;
    process.with(|engine, _| engine.send_again(row, "asked for")).unwrap();
    process.turn();
    if process.journal.parcel(row).unwrap().state == ParcelState::Held {
        // The medium gave back other bytes than were written to it: a person lets it be tried once more.
        process.journal.release_parcel(row, ParcelState::Spooled, "try again").unwrap();
    }
    drop(process);
    world.converge(&[0]);
    let mut wrong = converged(world, &Story::default());
    if world.states(0, Direction::Out) != ["ARCHIVED"] || world.states(1, Direction::In) != ["ACK_WRITTEN"] {
        wrong.push(format!("{:?} {:?}", world.parcels(0, Direction::Out), world.parcels(1, Direction::In)));
    }
    wrong
}

/// The code with which a parcel is set aside when this file of it is not what was written.
fn expected_code(path: &str) -> Code {
    match path.rsplit('.').next() {
        Some("hdr") => Code::HeaderDamaged,
        Some("minisig") => Code::SignatureBad,
        _ => Code::ParcelDamaged,
    }
}

/// The words of the first line of a signature file are not signed. They may be others, and say nothing.
fn says_nothing(path: &str, bytes: &[u8], offset: usize) -> bool {
    path.ends_with(".minisig") && offset < bytes.iter().position(|byte| *byte == b'\n').unwrap()
}

#[test]
fn every_flipped_byte_is_found_and_a_second_sending_heals() {
    flipped_bytes(Kind::Plain);
}

#[test]
fn every_flipped_byte_of_a_sealed_parcel_is_found_and_a_second_sending_heals() {
    flipped_bytes(Kind::Sealed);
}

fn flipped_bytes(kind: Kind) {
    let world = published(kind);
    let mut places = Vec::new();
    for path in files_on(&world.media[0]) {
        let bytes = world.media[0].get(&path).unwrap();
        // All of what is small, some of the content's bytes.
        let step = match path.ends_with(kind.content_ending()) {
            true if kind == Kind::Plain => 97,
            true => 13,
            false => 1,
        };
        places.extend((0..bytes.len()).step_by(step).map(|offset| (path.clone(), bytes.clone(), offset)));
    }
    let wrong: Vec<String> = on_all_cores(places.len(), |case| {
        let (path, bytes, offset) = &places[case];
        let run = world.snapshot();
        let mut damaged = bytes.clone();
        damaged[*offset] ^= 1 << (case % 8);
        run.media[0].overwrite(path, &damaged);
        let at = format!("{path} byte {offset}");
        let mut wrong = match refused(&run, &at) {
            Err(_) if says_nothing(path, bytes, *offset) => taken(&run),
            Err(wrong) => vec![wrong],
            Ok(code) if code != expected_code(path) => vec![format!("{at}: {code:?}")],
            Ok(_) => Vec::new(),
        };
        if case % 16 == 0 && !says_nothing(path, bytes, *offset) {
            wrong.extend(resend(&run).iter().map(|sentence| format!("{at}: {sentence}")));
        }
        wrong
    })
    .concat();
    println!("{kind:?}: {} flipped bytes, {} violations", places.len(), wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is wrong with a world in which the parcel should have arrived.
fn taken(world: &Bench) -> Vec<String> {
    let mut wrong = always(world, &Story::default());
    if world.states(1, Direction::In) != ["ACK_WRITTEN"] || delivered(&world.sites[1]).len() != 3 {
        wrong.push(format!("neither refused nor taken: {:?}", world.states(1, Direction::In)));
    }
    wrong
}

/// Tries ways to damage the parcel that stands on the medium of a world: set aside for this reason, healed by a second sending.
struct Damages {
    world: Bench,
    cases: usize,
}

impl Damages {
    fn of(kind: Kind) -> Self {
        Self { world: published(kind), cases: 0 }
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let stick = &self.world.media[0];
        files_on(stick).into_iter().map(|path| (path.clone(), stick.get(&path).unwrap())).collect()
    }

    fn try_one(&mut self, at: &str, code: Code, damage: impl FnOnce(&ModelVolume)) {
        let run = self.world.snapshot();
        damage(&run.media[0]);
        assert_eq!(refused(&run, at).unwrap(), code, "{at}");
        assert_eq!(resend(&run), Vec::<String>::new(), "{at}");
        self.cases += 1;
    }

    /// Cut, longer, missing, or something else than a file.
    fn try_all_of(&mut self, path: &str, bytes: &[u8]) {
        let code = expected_code(path);
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            let at = format!("{path} cut to {length}");
            self.try_one(&at, code, |stick| stick.overwrite(path, &bytes[..length]));
        }
        self.try_one(&format!("{path} extended"), code, |stick| stick.append(path, b"\n"));
        // What is no file is not read: without a signature, the header is unsigned.
        let code = if path.ends_with(".minisig") { Code::Unsigned } else { code };
        if !path.ends_with(".hdr") {
            self.try_one(&format!("{path} missing"), code, |stick| remove(stick, path));
        }
        self.try_one(&format!("{path} is a link"), code, |stick| {
            remove(stick, path);
            stick.symlink(path);
        });
        self.try_one(&format!("{path} is a pipe"), code, |stick| {
            remove(stick, path);
            stick.pipe(path);
        });
    }
}

#[test]
fn truncated_missing_swapped_and_extra_files_are_found() {
    let mut damages = Damages::of(Kind::Plain);
    let files = damages.files();
    for (path, bytes) in &files {
        damages.try_all_of(path, bytes);
    }
    let bag = files.iter().find_map(|(path, _)| path.strip_suffix("/bagit.txt")).unwrap().to_owned();
    let payload: Vec<&(String, Vec<u8>)> = files.iter().filter(|(path, _)| path.contains("/data/")).collect();
    for extra in [
        "fetch.txt",
        "manifest-md5.txt",
        "readme.txt",
        "data/readme.txt",
        "data/202411-shaho-01/x",
        "data/x/y",
    ] {
        damages.try_one(&format!("{extra} added"), Code::ParcelDamaged, |stick| {
            stick.put(&format!("{bag}/{extra}"), b"x");
        });
    }
    damages.try_one("two payload files swapped", Code::ParcelDamaged, |stick| {
        let (a, b) = (payload[0], payload[1]);
        stick.overwrite(&a.0, &b.1);
        stick.overwrite(&b.0, &a.1);
    });
    for (path, _) in &payload {
        damages.try_one(&format!("{path} has a second name"), Code::ParcelDamaged, |stick| {
            stick.hard_link(path, "other.uke");
        });
        damages.try_one(&format!("{path} is a folder"), Code::ParcelDamaged, |stick| {
            remove(stick, path);
            stick.put(&format!("{path}/x"), b"x");
        });
    }
    for link in ["link", "data/link"] {
        damages.try_one(&format!("a link at {link}"), Code::ParcelDamaged, |stick| {
            stick.symlink(&format!("{bag}/{link}"));
        });
    }
    println!("{} ways to damage a parcel, all found, all healed", damages.cases);
}

#[test]
fn truncated_missing_and_extra_segments_headers_and_signatures_are_found() {
    let mut damages = Damages::of(Kind::Sealed);
    let files = damages.files();
    assert_eq!(files.len(), 3, "header, signature, one segment");
    for (path, bytes) in &files {
        damages.try_all_of(path, bytes);
    }
    let (segment, bytes) = files.iter().find(|(path, _)| path.ends_with("/000.age")).unwrap();
    let folder = segment.strip_suffix("/000.age").unwrap();
    let extra =
        ["001.age", "000.age.part", "1000.age", "000.age.minisig", "autorun.inf", "data/readme.txt", "000"];
    for name in extra {
        damages.try_one(&format!("{name} added"), Code::ParcelDamaged, |stick| {
            stick.put(&format!("{folder}/{name}"), bytes);
        });
    }
    damages.try_one("the same segment twice", Code::ParcelDamaged, |stick| {
        stick.append(segment, bytes);
    });
    damages.try_one("the halves of a segment in the other order", Code::ParcelDamaged, |stick| {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        stick.overwrite(segment, &[second, first].concat());
    });
    damages.try_one("another number", Code::ParcelDamaged, |stick| {
        remove(stick, segment);
        stick.put(&format!("{folder}/001.age"), bytes);
    });
    damages.try_one("a segment is a folder", Code::ParcelDamaged, |stick| {
        remove(stick, segment);
        stick.put(&format!("{segment}/x"), b"x");
    });
    damages.try_one("a link beside the segment", Code::ParcelDamaged, |stick| {
        stick.symlink(&format!("{folder}/link"));
    });
    println!("{} ways to damage a sealed parcel, all found, all healed", damages.cases);
}

fn remove(stick: &ModelVolume, path: &str) {
    use rezept_transfer::volume::{RelPath, Volume};
    stick.remove_file(&RelPath::new(path).unwrap()).unwrap();
}

#[test]
fn swapped_headers_are_misplaced() {
    let mut world = published(Kind::Plain);
    world.put(0, "second.uke", claim(2, "2024-12", "RECEIPTC.UKE", 90, 9));
    world.turn(0, &Faults::none()).unwrap();
    let headers: Vec<String> =
        files_on(&world.media[0]).into_iter().filter(|path| path.ends_with(".hdr")).collect();
    let [a, b] = &headers[..] else { panic!("{headers:?}") };
    let (first, second) = (world.media[0].get(a).unwrap(), world.media[0].get(b).unwrap());
    world.media[0].overwrite(a, &second);
    world.media[0].overwrite(b, &first);
    world.turn(1, &Faults::none()).unwrap();
    let parcels = world.parcels(1, Direction::In);
    assert_eq!(parcels.iter().map(code_of).collect::<Vec<_>>(), [Code::HeaderMisplaced; 2]);
    assert!(delivered(&world.sites[1]).is_empty());
    world.media[0].overwrite(a, &first);
    world.media[0].overwrite(b, &second);
    world.converge(&[0]);
    assert_eq!(converged(&world, &Story::default()), Vec::<String>::new());
}

#[test]
fn strangers_are_not_listened_to() {
    strangers(Kind::Plain);
}

#[test]
fn strangers_are_not_listened_to_sealed() {
    strangers(Kind::Sealed);
}

fn strangers(kind: Kind) {
    // The terminal takes parcels of this sender, but not of that one; nor what is meant for somebody else.
    let stations = [("clinic", "terminal", &["terminal"][..]), ("terminal", "clinic", &[])];
    let world = kind.of(Bench::of(&stations)).with_claims();
    world.turn(0, &Faults::none()).unwrap();
    assert_eq!(refused(&world, "unknown sender").unwrap(), Code::UnknownSender);
    let world = published(kind);
    let header = files_on(&world.media[0]).into_iter().find(|path| path.ends_with(".hdr")).unwrap();
    let elsewhere = header.replace("/terminal/", "/clinic/").replace("/clinic/", "/terminal/other/");
    world.media[0].put(&elsewhere.replacen("/terminal/other/clinic/", "/terminal/other/", 1), b"no header");
    world.turn(1, &Faults::none()).unwrap();
    assert_eq!(world.states(1, Direction::In), ["ACK_WRITTEN"]);
    let alerts = world.sites[1].journal().alerts().unwrap();
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0].reason.code, Code::HeaderDamaged);
}

#[test]
fn damage_below_the_cache_is_found_before_anything_is_published() {
    damage_below_the_cache(Kind::Plain);
}

#[test]
fn damage_below_the_cache_is_found_before_anything_is_published_sealed() {
    damage_below_the_cache(Kind::Sealed);
}

fn damage_below_the_cache(kind: Kind) {
    let world = kind.world().with_claims();
    let faults = Faults::none().logged();
    world.snapshot().turn(0, &faults).unwrap();
    let log = faults.log();
    let read_back = log.iter().position(|line| line == "stick readback .").unwrap() as u64;
    let with_damage = |level: VerifyLevel| {
        let run = world.snapshot();
        run.media[0].reconfigure(|options| options.verify_level = level);
        let stick = run.media[0].clone();
        let faults = Faults::none().call_at(read_back, move || {
            let payload =
                stick.paths().into_iter().find(|path| path.ends_with(kind.content_ending())).unwrap();
            stick.damage(&payload, 7, b"?");
        });
        let errors = run.turn(0, &faults).unwrap();
        (run, errors)
    };
    for level in [VerifyLevel::L2, VerifyLevel::L3] {
        let (run, errors) = with_damage(level);
        assert!(matches!(&errors[..], [TransferError::ReadBackDiffers { .. }]), "{errors:?}");
        let parcel = &run.parcels(0, Direction::Out)[0];
        assert_eq!((parcel.state, code_of(parcel)), (ParcelState::Held, Code::ReadBackDiffers));
        assert_eq!(files_on(&run.media[0]), Vec::<String>::new());
        assert_eq!(converged(&run, &Story::default()), Vec::<String>::new());
    }
    // Read from the cache only, it is not found here, and nobody says that it was looked for.
    let (mut run, errors) = with_damage(VerifyLevel::L1);
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(run.parcels(0, Direction::Out)[0].verify_level, VerifyLevel::L1);
    run.provable = VerifyLevel::L1;
    assert_eq!(always(&run, &Story::default()), Vec::<String>::new());
    run.media[0].drop_cache();
    run.provable = VerifyLevel::L2;
    assert_eq!(refused(&run, "at the receiver").unwrap(), Code::ParcelDamaged);
}

#[test]
fn a_medium_that_lies_about_its_size_is_found() {
    lying_medium(Kind::Plain);
}

#[test]
fn a_medium_that_lies_about_its_size_is_found_sealed() {
    lying_medium(Kind::Sealed);
}

fn lying_medium(kind: Kind) {
    for wraps in [false, true] {
        let mut world = kind.world();
        world.put(0, "large.uke", claim(1, "2024-11", "RECEIPTC.UKE", 300_000, 5));
        let fake = FakeCapacity { real_bytes: 100_000, wraps };
        world.media[0] =
            ModelVolume::new(ModelOptions { fake_capacity: Some(fake), ..ModelOptions::stick("fake") });
        let errors = world.turn(0, &Faults::none()).unwrap();
        assert!(matches!(&errors[..], [TransferError::ReadBackDiffers { .. }]), "{errors:?}");
        assert_eq!(world.states(0, Direction::Out), ["HELD"]);
        assert_eq!(converged(&world, &Story::default()), Vec::<String>::new());
    }
}

#[test]
fn a_damaged_acknowledgement_moves_nothing_and_is_written_anew() {
    damaged_acknowledgement(Kind::Plain);
}

#[test]
fn a_damaged_sealed_acknowledgement_moves_nothing_and_is_written_anew() {
    damaged_acknowledgement(Kind::Sealed);
}

/// Something done to the file of an acknowledgement or of its signature.
type Change<'a> = Box<dyn Fn(&ModelVolume) + Sync + 'a>;

/// Bytes flipped, and everything else that can happen to a file.
fn changes<'a>(path: &'a str, bytes: &'a [u8], step: usize) -> Vec<(String, Change<'a>)> {
    let mut changes: Vec<(String, Change<'a>)> = Vec::new();
    for offset in (0..bytes.len()).step_by(step) {
        let flip = move |stick: &ModelVolume| {
            let mut damaged = bytes.to_vec();
            damaged[offset] ^= 1 << (offset % 8);
            stick.overwrite(path, &damaged);
        };
        if !says_nothing(path, bytes, offset) {
            changes.push((format!("byte {offset}"), Box::new(flip)));
        }
    }
    for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        let cut = move |stick: &ModelVolume| stick.overwrite(path, &bytes[..length]);
        changes.push((format!("cut to {length}"), Box::new(cut)));
    }
    changes.push(("extended".to_owned(), Box::new(move |stick| stick.append(path, b"\n"))));
    let link = move |stick: &ModelVolume| {
        remove(stick, path);
        stick.symlink(path);
    };
    changes.push(("a link".to_owned(), Box::new(link)));
    let pipe = move |stick: &ModelVolume| {
        remove(stick, path);
        stick.pipe(path);
    };
    changes.push(("a pipe".to_owned(), Box::new(pipe)));
    if path.ends_with(".minisig") {
        changes.push(("missing".to_owned(), Box::new(move |stick| remove(stick, path))));
    }
    changes
}

fn damaged_acknowledgement(kind: Kind) {
    let world = published(kind);
    world.turn(1, &Faults::none()).unwrap();
    let acks: Vec<String> =
        files_on(&world.media[0]).into_iter().filter(|path| path.contains(".ack")).collect();
    assert_eq!(acks.len(), if kind == Kind::Sealed { 2 } else { 1 });
    for path in &acks {
        let bytes = world.media[0].get(path).unwrap();
        // Every byte of a sealed one is under the same signature: some show what all do.
        let step = if kind == Kind::Sealed { 5 } else { 1 };
        let changes = changes(path, &bytes, step);
        let wrong: Vec<String> = on_all_cores(changes.len(), |case| {
            let (what, change) = &changes[case];
            let run = world.snapshot();
            change(&run.media[0]);
            run.turn(0, &Faults::none()).unwrap();
            let alerts = run.sites[0].journal().alerts().unwrap();
            let told = alerts.first().and_then(|alert| alert.reason.code.known());
            let mut wrong = always(&run, &Story::default());
            if run.states(0, Direction::Out) != ["COMMITTED"] || told != Some(Code::AckBad) {
                wrong.push(format!("{:?} {alerts:?}", run.states(0, Direction::Out)));
            }
            let failed = run.converge(&[0]);
            wrong.extend(failed.iter().map(|error| format!("the next runs fail: {error:?}")));
            wrong.extend(converged(&run, &Story::default()));
            if run.states(0, Direction::Out) != ["ARCHIVED"] {
                wrong.push(format!("not archived: {:?}", run.states(0, Direction::Out)));
            }
            wrong.iter().map(|sentence| format!("{path} {what}: {sentence}")).collect::<Vec<_>>()
        })
        .concat();
        println!("{kind:?}: {} ways to damage {path}, {} violations", changes.len(), wrong.len());
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
