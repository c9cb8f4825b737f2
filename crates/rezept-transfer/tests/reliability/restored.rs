//! A terminal whose journal was put back, headers that nobody here wrote, and parcels that were ended.

use rezept_codes::Code;
use rezept_journal::{Direction, FileState, ParcelState, VerifyLevel};
use rezept_parcel::{Digest, Header, names};
use rezept_testkit::faults::Faults;

use crate::bench::{Bench, Process};
use crate::invariants::delivered;
use crate::kind::Kind;

/// The codes of what a person should look at, oldest first.
fn alerts(world: &Bench, site: usize) -> Vec<Code> {
    let alerts = world.sites[site].journal().alerts().unwrap();
    alerts.into_iter().map(|alert| alert.reason.code.known().unwrap()).collect()
}

/// What stands on the first medium and ends so, without the medium's own id.
fn on_medium(world: &Bench, ending: &str) -> Vec<String> {
    world.media[0].paths().into_iter().filter(|path| path.ends_with(ending)).collect()
}

#[test]
fn what_a_restored_terminal_acknowledged_is_not_delivered_again() {
    restored(Kind::Plain);
}

#[test]
fn what_a_restored_terminal_acknowledged_is_not_delivered_again_sealed() {
    restored(Kind::Sealed);
}

fn restored(kind: Kind) {
    let world = kind.world().with_claims();
    world.turn(0, &Faults::none()).unwrap();
    let mut run = world.snapshot();
    world.turn(1, &Faults::none()).unwrap();
    // The terminal's disk is that of yesterday; the stick carries parcel and acknowledgement of today.
    for path in world.media[0].paths().into_iter().filter(|path| !path.ends_with('/')) {
        if run.media[0].get(&path).is_none() {
            run.media[0].put(&path, &world.media[0].get(&path).unwrap());
        }
    }
    run.turn(1, &Faults::none()).unwrap();
    assert_eq!(delivered(&run.sites[1]), []);
    let held = run.parcels(1, Direction::In);
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].state, ParcelState::Held);
    assert_eq!(held[0].reason.as_ref().unwrap().code, Code::AcknowledgedBefore);
    run.turn(1, &Faults::none()).unwrap();
    assert_eq!(delivered(&run.sites[1]), [], "the next turn asks nobody and delivers nothing");

    // A person knows that the first files were never used.
    let mut journal = run.sites[1].journal();
    journal.release_parcel(held[0].row, ParcelState::Found, "they are gone").unwrap();
    drop(journal);
    run.turn(1, &Faults::none()).unwrap();
    assert_eq!(delivered(&run.sites[1]).len(), 3);
    run.put(0, "next.uke", crate::bench::claim(1, "2024-12", "RECEIPTC.UKE", 50, 9));
    run.converge(&[0]);
    assert_eq!(delivered(&run.sites[1]).len(), 4);
}

/// A header in this station's own folder that says something else than any it wrote.
fn forged(world: &Bench) -> (String, Vec<u8>) {
    let header = on_medium(world, ".hdr").remove(0);
    let mut says = Header::parse(&world.media[0].get(&header).unwrap()).unwrap();
    says.id = "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd".parse().unwrap();
    says.sequence = 999_999;
    let folder = header.rsplit_once('/').unwrap().0.to_owned();
    (format!("{folder}/{}", names::header_name(says.id)), says.to_bytes().unwrap())
}

#[test]
fn a_header_that_this_station_did_not_sign_stops_nothing_and_is_told_of_while_it_lies_there() {
    let mut world = Kind::Sealed.world().with_claims();
    world.turn(0, &Faults::none()).unwrap();
    let (place, bytes) = forged(&world);
    world.media[0].put(&place, &bytes);
    let (first, signature) = (on_medium(&world, ".hdr.minisig").remove(0), format!("{place}.minisig"));
    world.media[0].put(&signature, &world.media[0].get(&first).unwrap());

    world.put(0, "second.uke", crate::bench::claim(1, "2024-12", "RECEIPTC.UKE", 50, 9));
    assert!(world.turn(0, &Faults::none()).unwrap().is_empty());
    assert_eq!(world.states(0, Direction::Out), ["COMMITTED", "COMMITTED"]);
    assert_eq!(alerts(&world, 0), [Code::OwnHeaderForged]);
    world.turn(0, &Faults::none()).unwrap();
    assert_eq!(alerts(&world, 0).len(), 1, "told of once");

    for path in [place, signature] {
        use rezept_transfer::volume::{RelPath, Volume};
        world.media[0].remove_file(&RelPath::new(&path).unwrap()).unwrap();
    }
    world.turn(0, &Faults::none()).unwrap();
    assert_eq!(alerts(&world, 0), []);
}

#[test]
fn headers_that_cannot_be_read_are_one_alert_which_ends_with_them() {
    let world = Kind::Plain.world().with_claims();
    world.turn(0, &Faults::none()).unwrap();
    let folder = on_medium(&world, ".hdr").remove(0).rsplit_once('/').unwrap().0.to_owned();
    let rubbish: Vec<String> = (1..=30).map(|n| format!("{folder}/{n:032x}.hdr")).collect();
    for place in &rubbish {
        world.media[0].put(place, &[0; 5000]);
    }
    world.turn(1, &Faults::none()).unwrap();
    assert_eq!(delivered(&world.sites[1]).len(), 3, "the good one arrives");
    assert_eq!(alerts(&world, 1), [Code::HeaderDamaged]);
    assert_eq!(world.states(1, Direction::In), ["ACK_WRITTEN"], "nothing is stored of the others");
    for place in &rubbish {
        use rezept_transfer::volume::{RelPath, Volume};
        world.media[0].remove_file(&RelPath::new(place).unwrap()).unwrap();
    }
    world.turn(1, &Faults::none()).unwrap();
    assert_eq!(alerts(&world, 1), []);
}

#[test]
fn a_number_too_large_for_a_journal_is_a_damaged_header_and_stops_no_other() {
    let world = Kind::Plain.world().with_claims();
    world.turn(0, &Faults::none()).unwrap();
    let (place, _) = forged(&world);
    let (_, bytes) = forged(&world);
    let text =
        String::from_utf8(bytes).unwrap().replace("sequence: 999999", "sequence: 18446744073709551615");
    let body = &text[..text.rfind("sha256: ").unwrap()];
    let bytes = format!("{body}sha256: {}\n", Digest::of(body.as_bytes()));
    world.media[0].put(&place, bytes.as_bytes());
    world.turn(1, &Faults::none()).unwrap();
    assert_eq!(delivered(&world.sites[1]).len(), 3);
    assert_eq!(alerts(&world, 1), [Code::HeaderDamaged]);
}

#[test]
fn a_cancelled_parcel_leaves_the_medium_and_its_files_stay() {
    let world = Kind::Plain.world().with_claims();
    world.turn(0, &Faults::none()).unwrap();
    let row = world.parcels(0, Direction::Out)[0].row;
    world.sites[0].journal().end_parcel(row, FileState::Cancelled, "cancelled: a wrong month").unwrap();
    world.turn(0, &Faults::none()).unwrap();
    assert_eq!(on_medium(&world, ".hdr"), [""; 0]);
    world.turn(1, &Faults::none()).unwrap();
    assert_eq!(delivered(&world.sites[1]), []);
    assert!(world.sites[0].source.get("shaho.uke").is_some());
    let files = world.sites[0].journal().files_of_parcel(row).unwrap();
    assert!(files.iter().all(|file| file.state == FileState::Cancelled));
    assert!(world.sites[0].journal().end_parcel(row, FileState::Cancelled, "again").is_err());
}

#[test]
fn a_cancelled_parcel_that_arrived_after_all_is_told_of() {
    late_acknowledgement(Kind::Plain);
}

#[test]
fn a_cancelled_parcel_that_arrived_after_all_is_told_of_sealed() {
    late_acknowledgement(Kind::Sealed);
}

fn late_acknowledgement(kind: Kind) {
    let world = kind.world().with_claims();
    world.turn(0, &Faults::none()).unwrap();
    let row = world.parcels(0, Direction::Out)[0].row;
    let file = world.sites[0].journal().files_of_parcel(row).unwrap().remove(0);
    let sha256 = file.content.unwrap().sha256;
    world.sites[0].journal().end_parcel(row, FileState::Cancelled, "cancelled: lost").unwrap();
    assert_eq!(world.sites[0].journal().what_goes(&sha256).unwrap(), None);
    world.turn(1, &Faults::none()).unwrap();
    world.turn(0, &Faults::none()).unwrap();
    assert_eq!(alerts(&world, 0), [Code::AckOfCancelled]);
    let parcel = world.sites[0].journal().parcel(row).unwrap();
    assert_eq!((parcel.state, parcel.verify_level), (ParcelState::Cancelled, VerifyLevel::L4));
    assert!(world.sites[0].journal().what_goes(&sha256).unwrap().is_some(), "its claims went");
    assert_eq!(on_medium(&world, ".ack"), [""; 0]);
}

#[test]
fn a_parcel_sealed_for_keys_that_are_gone_is_known_as_such() {
    let mut world = Kind::Sealed.world().with_claims();
    world.turn(0, &Faults::none()).unwrap();
    let row = world.parcels(0, Direction::Out)[0].row;
    assert!(!world.sites[0].journal().is_sealed_for_other_keys(row).unwrap());
    world.replace_keys(1);
    assert!(world.sites[0].journal().is_sealed_for_other_keys(row).unwrap());
    // Planned for the old keys and never published: sealed anew under its own id.
    let mut fresh = Kind::Sealed.world().with_claims();
    let mut process = Process::start(&fresh, 0, &[], &Faults::none()).unwrap();
    process.turn();
    drop(process);
    let id = fresh.parcels(0, Direction::Out)[0].id.clone();
    fresh.replace_keys(1);
    fresh.converge(&[0]);
    assert_eq!(delivered(&fresh.sites[1]).len(), 3);
    assert_eq!(fresh.parcels(1, Direction::In)[0].id, id);
}
