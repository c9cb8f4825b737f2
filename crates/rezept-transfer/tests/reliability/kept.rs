//! Accepted means kept: whatever becomes of an original afterwards, its content goes out and into the archive from the
//! station's own copy.

use rezept_codes::Code;
use rezept_journal::{Direction, FileState, ParcelState};
use rezept_testkit::faults::Faults;
use rezept_transfer::TransferError;
use rezept_transfer::volume::{RelPath, Volume};

use crate::bench::{Bench, Process, claim};
use crate::invariants::{Story, always, converged, delivered};
use crate::kind::Kind;

/// A world whose sender accepted its three files, while no medium was there.
fn accepted(kind: Kind) -> Bench {
    let world = kind.world().with_claims();
    Process::start(&world, 0, &[], &Faults::none()).unwrap().turn();
    assert_eq!(kept(&world).len(), 3);
    world
}

fn kept(world: &Bench) -> Vec<String> {
    let paths = world.sites[0].spool.paths();
    paths.into_iter().filter(|path| path.starts_with("kept/") && !path.ends_with('/')).collect()
}

fn remove(world: &Bench, name: &str) {
    world.sites[0].source.remove_file(&RelPath::new(name).unwrap()).unwrap();
}

/// Changes a byte of a kept copy.
fn damage(world: &Bench, copy: &str) {
    let mut bytes = world.sites[0].spool.get(copy).unwrap();
    bytes[10] ^= 1;
    world.sites[0].spool.overwrite(copy, &bytes);
}

fn archived(world: &Bench) -> usize {
    world.sites[0].archive.paths().iter().filter(|path| path.ends_with("RECEIPTC.UKE")).count()
}

fn alerts(world: &Bench) -> Vec<Code> {
    let alerts = world.sites[0].journal().alerts().unwrap();
    alerts.into_iter().map(|alert| alert.reason.code.known().unwrap()).collect()
}

#[test]
fn an_original_that_is_overwritten_or_removed_loses_nothing() {
    originals_gone(Kind::Plain);
}

#[test]
fn an_original_that_is_overwritten_or_removed_loses_nothing_sealed() {
    originals_gone(Kind::Sealed);
}

fn originals_gone(kind: Kind) {
    let mut world = accepted(kind);
    remove(&world, "kokuho.uke");
    let other = claim(1, "2024-12", "RECEIPTC.UKE", 80, 7);
    world.sites[0].source.overwrite("shaho.uke", &other);
    world.sent.push((0, "shaho.uke".to_owned(), other));
    world.converge(&[0]);
    assert_eq!(delivered(&world.sites[1]).len(), 4, "both contents of one name, and the removed one");
    assert_eq!(archived(&world), 4);
    assert_eq!(converged(&world, &Story::default()), Vec::<String>::new());
    assert_eq!(kept(&world), [""; 0], "nothing is kept that lies in the archive");
    assert_eq!(world.sites[0].source.get("shaho.uke"), None);
}

#[test]
fn a_damaged_copy_is_made_again_from_an_original_that_is_still_whole() {
    for kind in [Kind::Plain, Kind::Sealed] {
        let world = accepted(kind);
        damage(&world, &kept(&world)[0]);
        world.converge(&[0]);
        assert_eq!(delivered(&world.sites[1]).len(), 3);
        assert_eq!(converged(&world, &Story::default()), Vec::<String>::new());
    }
}

#[test]
fn a_damaged_copy_whose_original_is_gone_waits_for_a_person_and_holds_up_no_other() {
    for kind in [Kind::Plain, Kind::Sealed] {
        let world = accepted(kind);
        let lost = world.sites[0].journal().files_in(&[FileState::InParcel]).unwrap().remove(0);
        damage(&world, lost.kept.as_deref().unwrap());
        remove(&world, &lost.place.path);
        let errors = world.turn(0, &Faults::none()).unwrap();
        let told = |error: &TransferError| matches!(error, TransferError::KeptLost { path } if path.ends_with(&lost.place.path));
        assert!(errors.iter().any(told), "{errors:?}");
        world.converge(&[0]);
        assert_eq!(delivered(&world.sites[1]).len(), 2);
        let row = world.sites[0].journal().file(lost.id).unwrap();
        assert_eq!((row.state, row.reason.unwrap().code), (FileState::Held, Code::KeptLost.into()));
        let mut story = Story::default();
        story.withdrawn.insert(lost.content.unwrap().sha256);
        assert_eq!(always(&world, &story), Vec::<String>::new());
    }
}

#[test]
fn an_original_that_cannot_be_removed_takes_nothing_back_and_is_put_away_later() {
    let world = accepted(Kind::Plain);
    world.sites[0].source.reconfigure(|options| options.read_only = true);
    let errors = world.converge(&[0]);
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(world.states(0, Direction::Out), ["ARCHIVED"]);
    assert_eq!(archived(&world), 3, "the content lies in the archive all the same");
    assert_eq!(alerts(&world), [Code::OriginalStays; 3]);
    let files = world.sites[0].journal().files_in(&[FileState::Kept]).unwrap();
    assert!(files.iter().all(|file| file.archived.is_some() && file.kept.is_none()));
    assert_eq!(files.len(), 3);

    let put_away = || {
        let mut process = Process::start(&world, 0, &[], &Faults::none()).unwrap();
        process.with(|engine, _| engine.finish_originals()).unwrap();
    };
    put_away();
    assert_eq!(alerts(&world).len(), 3, "still protected");
    world.sites[0].source.reconfigure(|options| options.read_only = false);
    put_away();
    assert_eq!(alerts(&world), []);
    assert_eq!(world.sites[0].source.paths(), [""; 0]);
    assert_eq!(world.sites[0].journal().files_in(&[FileState::Archived]).unwrap().len(), 3);
    assert_eq!(converged(&world, &Story::default()), Vec::<String>::new());
}

#[test]
fn an_archive_that_takes_nothing_takes_nothing_back() {
    let world = accepted(Kind::Plain);
    world.sites[0].archive.reconfigure(|options| options.read_only = true);
    let errors = world.converge(&[0]);
    assert!(errors.iter().all(|error| matches!(error, TransferError::NotArchived { .. })), "{errors:?}");
    assert_eq!(world.states(0, Direction::Out), ["ACKNOWLEDGED"]);
    assert_eq!(kept(&world).len(), 3);
    for name in ["shaho.uke", "kokuho.uke", "late.uke"] {
        remove(&world, name);
    }
    world.sites[0].archive.reconfigure(|options| options.read_only = false);
    world.converge(&[0]);
    assert_eq!((world.states(0, Direction::Out), archived(&world)), (vec!["ARCHIVED"], 3));
}

#[test]
fn a_full_disk_accepts_nothing_and_leaves_no_half_copy() {
    let world = Kind::Plain.world().with_claims();
    world.sites[0].spool.reconfigure(|options| options.capacity = Some(1000));
    let mut process = Process::start(&world, 0, &[], &Faults::none()).unwrap();
    assert!(matches!(process.turn()[..], [TransferError::NoRoom { .. }]));
    drop(process);
    assert_eq!(kept(&world), [""; 0]);
    let waiting = world.sites[0].journal().files_in(&[FileState::Stable]).unwrap();
    assert!(!waiting.is_empty() && waiting.iter().all(|file| file.kept.is_none()));
    world.sites[0].spool.reconfigure(|options| options.capacity = None);
    world.converge(&[0]);
    assert_eq!(converged(&world, &Story::default()), Vec::<String>::new());
}

#[test]
fn copies_that_no_file_needs_are_swept_and_unknown_ones_stay() {
    let world = accepted(Kind::Plain);
    let row = world.parcels(0, Direction::Out)[0].row;
    world.sites[0].spool.put("kept/1-0123456789abcdef", b"left by a crash");
    world.sites[0].spool.put("kept/999-0123456789abcdef", b"of a journal that was lost");
    world.turn(0, &Faults::none()).unwrap();
    assert_eq!(kept(&world).len(), 4);
    let parcel = world.sites[0].journal().parcel(row).unwrap();
    assert_eq!(parcel.state, ParcelState::Committed);
    world.sites[0].journal().end_parcel(row, FileState::Cancelled, "cancelled").unwrap();
    world.turn(0, &Faults::none()).unwrap();
    assert_eq!(kept(&world), ["kept/999-0123456789abcdef"]);
}
