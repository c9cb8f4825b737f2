//! Damage and attacks on what stands on the medium: nothing of it reaches an inbox, the reason is told, a second sending
//! heals.

use rezept_journal::{Direction, ParcelRow, ParcelState, VerifyLevel};
use rezept_testkit::faults::Faults;
use rezept_testkit::model::{FakeCapacity, ModelOptions, ModelVolume};
use rezept_transfer::{TransferError, codes};

use crate::bench::{Bench, Process, claim};
use crate::invariants::{Story, always, converged, delivered};
use crate::parallel::on_all_cores;

/// A world in which the parcel stands on the medium.
fn published() -> Bench {
    let world = Bench::new().with_claims();
    assert!(world.turn(0, &Faults::none()).unwrap().is_empty());
    assert_eq!(world.states(0, Direction::Out), ["COMMITTED"]);
    world
}

fn files_on(stick: &ModelVolume) -> Vec<String> {
    stick.paths().into_iter().filter(|path| !path.ends_with('/')).collect()
}

/// The receiver's turn on a damaged medium: nothing may be delivered. Returns how the parcel stands.
fn refused(world: &Bench, at: &str) -> Result<ParcelRow, String> {
    world.turn(1, &Faults::none()).unwrap();
    let parcels = world.parcels(1, Direction::In);
    let [parcel] = &parcels[..] else { return Err(format!("{at}: {} parcels", parcels.len())) };
    if parcel.state != ParcelState::Quarantined || !delivered(&world.sites[1]).is_empty() {
        return Err(format!("{at}: {} with {:?}", parcel.state, delivered(&world.sites[1])));
    }
    let wrong = always(world, &Story::default());
    if wrong.is_empty() { Ok(parcel.clone()) } else { Err(format!("{at}: {wrong:?}")) }
}

fn code_of(parcel: &ParcelRow) -> &str {
    parcel.reason.as_ref().map_or("", |reason| reason.code.as_str())
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

#[test]
fn every_flipped_byte_is_found_and_a_second_sending_heals() {
    let world = published();
    let mut places = Vec::new();
    for path in files_on(&world.media[0]) {
        let bytes = world.media[0].get(&path).unwrap();
        // All of what is small, every 97th of the payload's bytes.
        let step = if path.contains("/data/") { 97 } else { 1 };
        places.extend((0..bytes.len()).step_by(step).map(|offset| (path.clone(), bytes.clone(), offset)));
    }
    let wrong: Vec<String> = on_all_cores(places.len(), |case| {
        let (path, bytes, offset) = &places[case];
        let run = world.snapshot();
        let mut damaged = bytes.clone();
        damaged[*offset] ^= 1 << (case % 8);
        run.media[0].overwrite(path, &damaged);
        let at = format!("{path} byte {offset}");
        let expected = if path.ends_with(".hdr") { codes::HEADER_DAMAGED } else { codes::BAG_DAMAGED };
        let mut wrong = match refused(&run, &at) {
            Err(wrong) => vec![wrong],
            Ok(parcel) if code_of(&parcel) != expected => vec![format!("{at}: {:?}", parcel.reason)],
            Ok(_) => Vec::new(),
        };
        if case % 16 == 0 {
            wrong.extend(resend(&run).iter().map(|sentence| format!("{at}: {sentence}")));
        }
        wrong
    })
    .concat();
    println!("{} flipped bytes, {} violations", places.len(), wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn truncated_missing_swapped_and_extra_files_are_found() {
    let world = published();
    let files = files_on(&world.media[0]);
    let mut cases = 0;
    let mut try_one = |at: &str, damage: &dyn Fn(&ModelVolume)| {
        let run = world.snapshot();
        damage(&run.media[0]);
        let parcel = refused(&run, at).unwrap();
        assert!(code_of(&parcel).starts_with("RZ-P10"), "{at}: {:?}", parcel.reason);
        assert_eq!(resend(&run), Vec::<String>::new(), "{at}");
        cases += 1;
    };
    for path in &files {
        let bytes = world.media[0].get(path).unwrap();
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            try_one(&format!("{path} cut to {length}"), &|stick| stick.overwrite(path, &bytes[..length]));
        }
        try_one(&format!("{path} extended"), &|stick| stick.append(path, b"\n"));
        if !path.ends_with(".hdr") {
            try_one(&format!("{path} missing"), &|stick| remove(stick, path));
        }
    }
    let bag = files.iter().find_map(|path| path.strip_suffix("/bagit.txt")).unwrap().to_owned();
    let payload: Vec<&String> = files.iter().filter(|path| path.contains("/data/")).collect();
    for extra in [
        "fetch.txt",
        "manifest-md5.txt",
        "readme.txt",
        "data/readme.txt",
        "data/202411-shaho-01/x",
        "data/x/y",
    ] {
        try_one(&format!("{extra} added"), &|stick| stick.put(&format!("{bag}/{extra}"), b"x"));
    }
    try_one("two payload files swapped", &|stick| {
        let (a, b) = (stick.get(payload[0]).unwrap(), stick.get(payload[1]).unwrap());
        stick.overwrite(payload[0], &b);
        stick.overwrite(payload[1], &a);
    });
    for path in &payload {
        try_one(&format!("{path} is a link"), &|stick| {
            remove(stick, path);
            stick.symlink(path);
        });
        try_one(&format!("{path} is a pipe"), &|stick| {
            remove(stick, path);
            stick.pipe(path);
        });
        try_one(&format!("{path} has a second name"), &|stick| stick.hard_link(path, "other.uke"));
        try_one(&format!("{path} is a folder"), &|stick| {
            remove(stick, path);
            stick.put(&format!("{path}/x"), b"x");
        });
    }
    try_one("a link in the bag", &|stick| stick.symlink(&format!("{bag}/link")));
    try_one("a link in data", &|stick| stick.symlink(&format!("{bag}/data/link")));
    let header = files.iter().find(|path| path.ends_with(".hdr")).unwrap();
    try_one("the header is a link", &|stick| {
        remove(stick, header);
        stick.symlink(header);
    });
    println!("{cases} ways to damage a parcel, all found, all healed");
}

fn remove(stick: &ModelVolume, path: &str) {
    use rezept_transfer::volume::{RelPath, Volume};
    stick.remove_file(&RelPath::new(path).unwrap()).unwrap();
}

#[test]
fn swapped_headers_are_misplaced() {
    let mut world = published();
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
    assert_eq!(parcels.iter().map(code_of).collect::<Vec<_>>(), [codes::HEADER_MISPLACED; 2]);
    assert!(delivered(&world.sites[1]).is_empty());
    world.media[0].overwrite(a, &first);
    world.media[0].overwrite(b, &second);
    world.converge(&[0]);
    assert_eq!(converged(&world, &Story::default()), Vec::<String>::new());
}

#[test]
fn strangers_are_not_listened_to() {
    // The terminal takes parcels of this sender, but not of that one; nor what is meant for somebody else.
    let world =
        Bench::of(&[("clinic", "terminal", &["terminal"]), ("terminal", "clinic", &[])]).with_claims();
    world.turn(0, &Faults::none()).unwrap();
    assert_eq!(code_of(&refused(&world, "unknown sender").unwrap()), codes::UNKNOWN_SENDER);
    let world = published();
    let header = files_on(&world.media[0]).into_iter().find(|path| path.ends_with(".hdr")).unwrap();
    let elsewhere = header.replace("/terminal/", "/clinic/").replace("/clinic/", "/terminal/other/");
    world.media[0].put(&elsewhere.replacen("/terminal/other/clinic/", "/terminal/other/", 1), b"no header");
    world.turn(1, &Faults::none()).unwrap();
    let states = world.states(1, Direction::In);
    assert!(states.contains(&"QUARANTINED") && states.contains(&"ACK_WRITTEN"), "{states:?}");
}

#[test]
fn damage_below_the_cache_is_found_before_anything_is_published() {
    let world = Bench::new().with_claims();
    let faults = Faults::none().logged();
    world.snapshot().turn(0, &faults).unwrap();
    let log = faults.log();
    let read_back = log.iter().position(|line| line == "stick readback .").unwrap() as u64;
    let with_damage = |level: VerifyLevel| {
        let run = world.snapshot();
        run.media[0].reconfigure(|options| options.verify_level = level);
        let stick = run.media[0].clone();
        let faults = Faults::none().call_at(read_back, move || {
            let payload = stick.paths().into_iter().find(|path| path.ends_with("RECEIPTC.UKE")).unwrap();
            stick.damage(&payload, 7, b"?");
        });
        let errors = run.turn(0, &faults).unwrap();
        (run, errors)
    };
    for level in [VerifyLevel::L2, VerifyLevel::L3] {
        let (run, errors) = with_damage(level);
        assert!(matches!(&errors[..], [TransferError::ReadBackDiffers { .. }]), "{errors:?}");
        let parcel = &run.parcels(0, Direction::Out)[0];
        assert_eq!((parcel.state, code_of(parcel)), (ParcelState::Held, codes::READ_BACK_DIFFERS));
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
    assert_eq!(code_of(&refused(&run, "at the receiver").unwrap()), codes::BAG_DAMAGED);
}

#[test]
fn a_medium_that_lies_about_its_size_is_found() {
    for wraps in [false, true] {
        let mut world = Bench::new();
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
    let world = published();
    world.turn(1, &Faults::none()).unwrap();
    let path = files_on(&world.media[0]).into_iter().find(|path| path.ends_with(".ack")).unwrap();
    let bytes = world.media[0].get(&path).unwrap();
    let wrong: Vec<String> = on_all_cores(bytes.len(), |offset| {
        let run = world.snapshot();
        let mut damaged = bytes.clone();
        damaged[offset] ^= 1 << (offset % 8);
        run.media[0].overwrite(&path, &damaged);
        run.turn(0, &Faults::none()).unwrap();
        let alerts = run.sites[0].journal().alerts().unwrap();
        let mut wrong = always(&run, &Story::default());
        if run.states(0, Direction::Out) != ["COMMITTED"] || alerts[0].reason.code != codes::ACK_BAD {
            wrong.push(format!("{:?} {alerts:?}", run.states(0, Direction::Out)));
        }
        run.converge(&[0]);
        wrong.extend(converged(&run, &Story::default()));
        wrong.iter().map(|sentence| format!("ack byte {offset}: {sentence}")).collect::<Vec<_>>()
    })
    .concat();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
