//! What was there before comes again, and two who work at once: nothing is delivered twice, nobody believes an
//! acknowledgement of something else.

use rezept_codes::{Code, StoredCode};
use std::thread;

use rezept_journal::{Direction, JournalError, Subject};
use rezept_testkit::faults::Faults;
use rezept_testkit::model::ModelVolume;
use rezept_transfer::{TransferError, codes};

use crate::bench::{Bench, Process, claim};
use crate::invariants::{Story, always, converged, delivered};
use crate::kind::Kind;

/// The files of a medium, to be put back later.
fn image(stick: &ModelVolume) -> Vec<(String, Vec<u8>)> {
    let files = stick.paths().into_iter().filter(|path| !path.ends_with('/'));
    files.map(|path| (path.clone(), stick.get(&path).unwrap())).collect()
}

fn put_back(stick: &ModelVolume, files: &[(String, Vec<u8>)]) {
    for (path, bytes) in files {
        stick.put(path, bytes);
    }
}

#[test]
fn an_old_image_of_the_medium_delivers_nothing_again() {
    old_image(Kind::Plain);
}

#[test]
fn an_old_image_of_the_medium_delivers_nothing_again_sealed() {
    old_image(Kind::Sealed);
}

fn old_image(kind: Kind) {
    let world = kind.world().with_claims();
    world.turn(0, &Faults::none()).unwrap();
    let with_parcel = image(&world.media[0]);
    world.turn(1, &Faults::none()).unwrap();
    let with_both = image(&world.media[0]);
    world.converge(&[0]);
    let before = delivered(&world.sites[1]);
    for old in [with_parcel, with_both] {
        let run = world.snapshot();
        put_back(&run.media[0], &old);
        // The receiver first: to him the parcel looks new.
        run.turn(1, &Faults::none()).unwrap();
        run.converge(&[0]);
        assert_eq!(delivered(&run.sites[1]), before);
        assert_eq!(converged(&run, &Story::default()), Vec::<String>::new());
        let row = run.parcels(1, Direction::In)[0].row;
        let history = run.sites[1].journal().history(Subject::Parcel(row)).unwrap();
        let again = history.iter().filter(|entry| entry.to == codes::ACK_AGAIN).count();
        assert!(again <= 1, "logged once, not {again} times");
    }
}

#[test]
fn a_file_that_staff_moved_away_is_not_delivered_again() {
    moved_away(Kind::Plain);
}

#[test]
fn a_file_that_staff_moved_away_is_not_delivered_again_sealed() {
    moved_away(Kind::Sealed);
}

fn moved_away(kind: Kind) {
    let world = kind.world().with_claims();
    world.turn(0, &Faults::none()).unwrap();
    let old = image(&world.media[0]);
    world.converge(&[0]);
    let mut story = Story::default();
    for (path, bytes) in delivered(&world.sites[1]) {
        use rezept_transfer::volume::{RelPath, Volume};
        world.sites[1].inbox.remove_file(&RelPath::new(&path).unwrap()).unwrap();
        story.taken.insert(rezept_parcel::Digest::of(&bytes).0);
    }
    put_back(&world.media[0], &old);
    world.converge(&[0]);
    assert_eq!(converged(&world, &story), Vec::<String>::new());
    assert_eq!(delivered(&world.sites[1]), Vec::new());
}

#[test]
fn acknowledgements_of_something_else_are_not_believed() {
    acknowledgements_of_something_else(Kind::Plain);
}

#[test]
fn acknowledgements_of_something_else_are_not_believed_sealed() {
    acknowledgements_of_something_else(Kind::Sealed);
}

fn acknowledgements_of_something_else(kind: Kind) {
    let mut world = kind.world().with_claims();
    world.turn(0, &Faults::none()).unwrap();
    world.turn(1, &Faults::none()).unwrap();
    // Sealed, its signature goes with it: it is whole, and signed by the right station.
    let acks: Vec<(String, Vec<u8>)> =
        image(&world.media[0]).into_iter().filter(|(path, _)| path.contains(".ack")).collect();
    assert_eq!(acks.len(), if kind == Kind::Sealed { 2 } else { 1 });
    world.put(0, "second.uke", claim(2, "2024-12", "RECEIPTC.UKE", 90, 9));
    world.converge_once(0);
    let parcels = world.parcels(0, Direction::Out);
    assert_eq!(world.states(0, Direction::Out), ["ARCHIVED", "COMMITTED"]);
    // The acknowledgement of the first parcel under the name of the second, and one of a parcel that never was.
    for (path, bytes) in &acks {
        world.media[0].put(&path.replace(&parcels[0].id, &parcels[1].id), bytes);
        world.media[0].put(&path.replace(&parcels[0].id, &"5a".repeat(16)), bytes);
    }
    for _ in 0..2 {
        world.turn(0, &Faults::none()).unwrap();
        assert_eq!(world.states(0, Direction::Out), ["ARCHIVED", "COMMITTED"]);
        assert!(world.sites[0].source.get("second.uke").is_some());
        let mut alerts: Vec<StoredCode> =
            world.sites[0].journal().alerts().unwrap().into_iter().map(|alert| alert.reason.code).collect();
        alerts.sort();
        assert_eq!(alerts, [Code::AckBad, Code::AckUnknown], "each is told once");
        assert_eq!(always(&world, &Story::default()), Vec::<String>::new());
    }
    // The receiver puts the right one in its place.
    world.converge(&[0]);
    assert_eq!(world.states(0, Direction::Out), ["ARCHIVED", "ARCHIVED"]);
}

#[test]
fn two_senders_share_a_medium_at_the_same_time() {
    two_senders(Kind::Plain);
}

#[test]
fn two_senders_share_a_medium_at_the_same_time_sealed() {
    two_senders(Kind::Sealed);
}

fn two_senders(kind: Kind) {
    let three = [
        ("clinic", "terminal", &["terminal"][..]),
        ("annex", "terminal", &["terminal"][..]),
        ("terminal", "clinic", &["clinic", "annex"][..]),
    ];
    for round in 0..20 {
        let mut world = kind.of(Bench::of(&three));
        for (site, seed) in [(0, 10), (1, 20)] {
            world.put(site, "shaho.uke", claim(1, "2024-11", "RECEIPTC.UKE", 900, seed + round));
            world.put(site, "kokuho.uke", claim(2, "2024-11", "RECEIPTC.UKE", 900, seed + 1000 + round));
        }
        for _ in 0..4 {
            thread::scope(|scope| {
                for site in 0..3 {
                    let world = &world;
                    scope.spawn(move || world.turn(site, &Faults::none()).unwrap());
                }
            });
            assert_eq!(always(&world, &Story::default()), Vec::<String>::new());
        }
        world.converge(&[0]);
        assert_eq!(converged(&world, &Story::default()), Vec::<String>::new(), "round {round}");
        assert_eq!(delivered(&world.sites[2]).len(), 4);
    }
}

#[test]
fn two_processes_of_one_station_do_not_work_at_once() {
    let world = Bench::new().with_claims();
    let _first = Process::start(&world, 0, &[0], &Faults::none()).unwrap();
    let second = Process::start(&world, 0, &[0], &Faults::none());
    assert!(matches!(second.map(|_| ()), Err(TransferError::Journal(JournalError::EngineBusy))));
}
