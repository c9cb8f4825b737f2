//! Media that nothing may be written to, and media that are swapped behind the engine's back: nothing of a parcel and no
//! acknowledgement reaches them, and everything goes on with the right one.

use std::io::Write;

use rezept_journal::{Direction, MediumClass, NewMedium, ParcelState};
use rezept_testkit::faults::Faults;
use rezept_testkit::model::{ModelOptions, ModelVolume};
use rezept_transfer::volume::{RelPath, Volume};
use rezept_transfer::{
    MediaRules, MediumId, MediumMark, TransferError, parcels_on, read_medium_mark, write_medium_id,
};

use crate::bench::{Bench, MEDIUM, Process};
use crate::invariants::{Story, always, converged};
use crate::kind::Kind;

fn id(n: u8) -> MediumId {
    MediumId::from_random([n; 16])
}

/// Every name on a volume, folders included.
fn names(volume: &dyn Volume, folder: &RelPath) -> Vec<String> {
    let mut found = Vec::new();
    for entry in volume.list(folder).unwrap().unwrap_or_default() {
        let path = folder.join(&entry.name.unwrap()).unwrap();
        found.push(path.to_string());
        found.extend(names(volume, &path));
    }
    found.sort();
    found
}

fn refused() -> MediaRules {
    let mut rules = MediaRules::default();
    rules.refuse(MEDIUM);
    rules
}

fn expecting(n: u8) -> MediaRules {
    let mut rules = MediaRules::default();
    rules.expect(MEDIUM, id(n), i64::from(n));
    rules
}

/// The sender's journal knows the medium; the first one has row 1.
fn register(world: &Bench, n: u8) {
    let medium = NewMedium {
        id: id(n).to_string(),
        label: "USB-1".into(),
        owner: "医事課".into(),
        class: MediumClass::Genpi,
        volume_label: None,
        serial: None,
    };
    assert_eq!(world.sites[0].journal().register_medium(&medium).unwrap(), i64::from(n));
}

#[test]
fn an_id_file_is_written_once_and_read_back() {
    let stick = ModelVolume::new(ModelOptions::stick("stick"));
    assert_eq!(read_medium_mark(&stick).unwrap(), MediumMark::None);
    // What an interrupted run left is ours to clear.
    stick.make_folder(&RelPath::new("REZEPT").unwrap()).unwrap();
    let mut part = stick.create_new(&RelPath::new("REZEPT/medium.id.part").unwrap()).unwrap();
    part.write_all(b"half").unwrap();
    part.close().unwrap();
    write_medium_id(&stick, id(1)).unwrap();
    assert_eq!(names(&stick, &RelPath::ROOT), ["REZEPT", "REZEPT/medium.id"]);
    assert_eq!(read_medium_mark(&stick).unwrap(), MediumMark::Id(id(1)));
    assert!(matches!(write_medium_id(&stick, id(2)), Err(TransferError::Volume(_))));
    assert_eq!(read_medium_mark(&stick).unwrap(), MediumMark::Id(id(1)), "never replaced");

    let odd = ModelVolume::new(ModelOptions::stick("odd"));
    odd.make_folder(&RelPath::new("REZEPT").unwrap()).unwrap();
    odd.make_folder(&RelPath::new("REZEPT/medium.id").unwrap()).unwrap();
    assert!(matches!(read_medium_mark(&odd).unwrap(), MediumMark::Unreadable(_)));
}

#[test]
fn a_refused_medium_gets_no_parcel_and_no_acknowledgement() {
    refused_medium(Kind::Plain);
}

#[test]
fn a_refused_medium_gets_no_parcel_and_no_acknowledgement_sealed() {
    refused_medium(Kind::Sealed);
}

fn refused_medium(kind: Kind) {
    let world = kind.world().with_claims();
    let mut sender = Process::start(&world, 0, &[0], &Faults::none()).unwrap();
    sender.rules = refused();
    assert!(sender.turn().is_empty());
    drop(sender);
    assert_eq!(names(&world.media[0], &RelPath::ROOT), [""; 0]);
    assert_eq!(world.states(0, Direction::Out), ["SPOOLED"]);

    // Allowed again, it goes; the receiver takes it from a medium that it may not write to, and owes the acknowledgement.
    assert!(Process::start(&world, 0, &[0], &Faults::none()).unwrap().turn().is_empty());
    let before = names(&world.media[0], &RelPath::ROOT);
    let mut receiver = Process::start(&world, 1, &[0], &Faults::none()).unwrap();
    receiver.rules = refused();
    assert!(receiver.turn().is_empty());
    drop(receiver);
    assert_eq!(world.states(1, Direction::In), ["DELIVERED"]);
    assert_eq!(names(&world.media[0], &RelPath::ROOT), before, "nothing was written or removed");
    assert_eq!(always(&world, &Story::default()), [""; 0]);

    // Another medium carries it home.
    let mut receiver = Process::start(&world, 1, &[0, 1], &Faults::none()).unwrap();
    receiver.rules = refused();
    assert!(receiver.turn().is_empty());
    drop(receiver);
    assert_eq!(world.states(1, Direction::In), ["ACK_WRITTEN"]);
    assert!(names(&world.media[1], &RelPath::ROOT).iter().any(|name| name.ends_with(".ack")));
    assert_eq!(names(&world.media[0], &RelPath::ROOT), before);
    assert!(world.converge(&[0, 1]).is_empty());
    assert_eq!(converged(&world, &Story::default()), [""; 0]);
}

#[test]
fn a_stick_swapped_before_the_content_or_before_the_header_gets_neither() {
    swapped_stick(Kind::Plain);
}

#[test]
fn a_stick_swapped_before_the_content_or_before_the_header_gets_neither_sealed() {
    swapped_stick(Kind::Sealed);
}

fn swapped_stick(kind: Kind) {
    for state in [ParcelState::Spooled, ParcelState::ReadBack] {
        let world = kind.world().with_claims();
        let right = world.media[0].clone();
        write_medium_id(&right, id(1)).unwrap();
        register(&world, 1);
        let wrong = ModelVolume::new(ModelOptions::stick("wrong"));
        if state == ParcelState::ReadBack {
            // The clone of a stick holds the content already; only its id tells it from the right one.
            stop_before_header(&world);
            copy(&right, &wrong, &RelPath::ROOT);
        }
        let mut sender = Process::start(&world, 0, &[0], &Faults::none()).unwrap();
        sender.rules = expecting(1);
        sender.volumes.insert(MEDIUM, Box::new(wrong.clone()));
        let there = names(&wrong, &RelPath::ROOT);
        let errors = sender.turn();
        assert!(matches!(errors[..], [TransferError::MediumSwapped { .. }]), "{state} {errors:?}");
        drop(sender);
        assert_eq!(names(&wrong, &RelPath::ROOT), there, "{state}");
        assert_eq!(world.states(0, Direction::Out), [state.word()]);

        // The right one is back.
        let mut sender = Process::start(&world, 0, &[0], &Faults::none()).unwrap();
        sender.rules = expecting(1);
        let errors = sender.turn();
        assert!(errors.is_empty(), "{state} {errors:?}");
        drop(sender);
        assert_eq!(world.states(0, Direction::Out), ["COMMITTED"]);
        assert!(world.converge(&[0]).is_empty());
        assert_eq!(converged(&world, &Story::default()), [""; 0]);
    }
}

/// Ends a sender when its parcel is read back and the header is not written yet.
fn stop_before_header(world: &Bench) {
    let log = {
        let run = world.snapshot();
        let faults = Faults::none().logged();
        Process::start(&run, 0, &[0], &faults).unwrap().turn();
        faults.log()
    };
    let at = log.iter().position(|line| line.contains(".hdr.a")).unwrap();
    let faults = Faults::none().fail_at(at as u64, rezept_testkit::faults::Failure::Busy);
    Process::start(world, 0, &[0], &faults).unwrap().turn();
    assert_eq!(world.states(0, Direction::Out), ["READ_BACK"]);
}

/// Copies everything but the id file.
fn copy(from: &dyn Volume, to: &dyn Volume, folder: &RelPath) {
    for entry in from.list(folder).unwrap().unwrap_or_default() {
        let path = folder.join(&entry.name.unwrap()).unwrap();
        if entry.meta.kind == rezept_transfer::volume::EntryKind::Folder {
            to.make_folder(&path).unwrap();
            copy(from, to, &path);
        } else if path.as_str() != "REZEPT/medium.id" {
            let mut file = to.create_new(&path).unwrap();
            std::io::copy(&mut from.open(&path).unwrap(), &mut file).unwrap();
            file.close().unwrap();
        }
    }
}

#[test]
fn what_stands_on_a_medium_is_told_by_its_names() {
    told_by_names(Kind::Plain);
}

#[test]
fn what_stands_on_a_medium_is_told_by_its_names_sealed() {
    told_by_names(Kind::Sealed);
}

fn told_by_names(kind: Kind) {
    let world = kind.world().with_claims();
    assert!(parcels_on(&world.media[0]).unwrap().is_empty());
    assert!(Process::start(&world, 0, &[0], &Faults::none()).unwrap().turn().is_empty());
    let known = &world.parcels(0, Direction::Out)[0];
    let found: Vec<_> = parcels_on(&world.media[0]).unwrap().into_iter().collect();
    assert_eq!(found, [("clinic".to_owned(), known.id.clone())]);
    assert!(world.converge(&[0]).is_empty());
    assert!(parcels_on(&world.media[0]).unwrap().is_empty(), "an acknowledged parcel is removed");
}
