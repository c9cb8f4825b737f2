//! Paired stations: everything between them is sealed and signed, nothing that is not is taken, and whatever is done to what
//! lies on the medium is noticed before a byte of it is opened.

use rezept_codes::Code;
use std::sync::Arc;

use rezept_journal::{Direction, Form, ParcelState, PeerState, Subject};
use rezept_parcel::Vault;
use rezept_testkit::faults::Faults;
use rezept_transfer::TransferError;
use rezept_transfer::volume::{RelPath, Volume};

use crate::bench::{Bench, Process, claim};
use crate::invariants::{Story, always, converged, delivered};

#[test]
fn a_sealed_parcel_goes_there_and_its_acknowledgement_comes_back() {
    let bench = Bench::sealed().with_claims();
    let errors = bench.journey(&Faults::none()).unwrap();
    assert!(errors.is_empty(), "{errors:?}");
    let sent = &bench.parcels(0, Direction::Out)[0];
    assert_eq!((sent.state, sent.form), (ParcelState::Archived, Form::Sealed));
    let received = &bench.parcels(1, Direction::In)[0];
    assert_eq!((received.state, received.form), (ParcelState::AckWritten, Form::Sealed));
    assert_eq!(received.header, sent.header);
    assert_eq!(received.inner, sent.inner);
    assert_eq!(converged(&bench, &Story::default()), [""; 0]);
    for site in &bench.sites {
        let mut left = site.spool.paths();
        left.retain(|path| path != "kept/");
        assert_eq!(left, [""; 0], "the spool of {} is empty again", site.name);
    }
}

#[test]
fn parcels_name_the_one_before_and_the_keys_in_use() {
    let mut bench = Bench::sealed().with_claims();
    bench.converge(&[0]);
    bench.put(0, "next.uke", claim(1, "2024-12", "RECEIPTC.UKE", 5000, 9));
    bench.converge(&[0]);
    assert_eq!(converged(&bench, &Story::default()), [""; 0]);
    let parcels = bench.parcels(0, Direction::Out);
    let [first, second] = &parcels[..] else { panic!("two parcels: {parcels:?}") };
    let header = rezept_parcel::Header::parse(&second.header).unwrap();
    assert_eq!(header.previous.map(|digest| digest.0), Some(first.header_sha256));
    let own = bench.sites[0].vault.as_ref().unwrap().newest_opening().recipient();
    assert_eq!(header.opening_key, Some(own));
    assert!(header.witness.is_some(), "the clinic tells the terminal what it holds of its history");
}

/// A world in which a sealed parcel stands on the medium.
fn published() -> Bench {
    let bench = Bench::sealed().with_claims();
    bench.converge_once(0);
    assert_eq!(bench.states(0, Direction::Out), ["COMMITTED"]);
    bench
}

fn files_on(bench: &Bench) -> Vec<String> {
    bench.media[0].paths().into_iter().filter(|path| !path.ends_with('/')).collect()
}

fn the_one(bench: &Bench, ending: &str) -> String {
    let found: Vec<String> = files_on(bench).into_iter().filter(|path| path.ends_with(ending)).collect();
    let [path] = &found[..] else { panic!("{ending}: {found:?}") };
    path.clone()
}

/// The receiver's turn on what must not be taken: set aside for this reason, nothing delivered, and no second time.
fn refused(bench: &Bench, code: Code) {
    for _ in 0..2 {
        bench.turn(1, &Faults::none()).unwrap();
        let parcels = bench.parcels(1, Direction::In);
        let [parcel] = &parcels[..] else { panic!("{parcels:?}") };
        assert_eq!(parcel.state, ParcelState::Quarantined);
        assert_eq!(parcel.reason.as_ref().map(|reason| reason.code.known().unwrap()), Some(code));
        assert!(delivered(&bench.sites[1]).is_empty());
    }
    let journal = bench.sites[1].journal();
    let history = journal.history(Subject::Parcel(1)).unwrap();
    let told = history.iter().filter(|row| row.to == "QUARANTINED").count();
    assert_eq!(told, 1, "logged once: {history:?}");
    // What stands on this medium was put there by others; readable or not, it is left.
    let mut wrong = always(bench, &Story::default());
    wrong.retain(|sentence| !sentence.starts_with("I3"));
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn without_its_signature_nothing_of_a_paired_station_is_taken() {
    let world = published();
    let signature = the_one(&world, ".hdr.minisig");
    let bytes = world.media[0].get(&signature).unwrap();
    world.media[0].remove_file(&path(&signature)).unwrap();
    refused(&world, Code::Unsigned);
    // It was only lost: with it, all is well.
    world.media[0].put(&signature, &bytes);
    assert!(world.converge(&[0]).is_empty());
    assert_eq!(converged(&world, &Story::default()), [""; 0]);
    assert_eq!(world.states(1, Direction::In), ["ACK_WRITTEN"]);
}

/// Puts everything that stands on one world's medium onto another's.
fn carry_over(from: &Bench, to: &Bench) {
    for file in files_on(from) {
        to.media[0].put(&file, &from.media[0].get(&file).unwrap());
    }
}

#[test]
fn a_readable_parcel_of_a_paired_station_is_refused() {
    let plain = Bench::new().with_claims();
    plain.converge_once(0);
    let world = Bench::sealed();
    carry_over(&plain, &world);
    refused(&world, Code::Unsigned);
}

#[test]
fn an_attacker_who_knows_our_public_key_is_refused() {
    // Everything is right but the signing key: names, places, and what it is sealed to.
    let mut attacker = Bench::sealed().with_claims();
    let stranger = Arc::new(Vault::generate("2026-05-01T09:00:00Z".parse().unwrap()).unwrap());
    attacker.sites[0].vault = Some(stranger);
    attacker.converge_once(0);
    let world = Bench::sealed();
    carry_over(&attacker, &world);
    refused(&world, Code::SignatureBad);
}

#[test]
fn a_sealed_parcel_of_a_station_that_is_not_paired_waits_until_it_is() {
    let sender = published();
    let world = Bench::new();
    carry_over(&sender, &world);
    refused(&world, Code::SenderNotPaired);
}

#[test]
fn a_revoked_station_is_not_listened_to() {
    let world = published();
    world.sites[1].journal().revoke_peer("clinic", "sold").unwrap();
    refused(&world, Code::SenderRevoked);
    let journal = world.sites[1].journal();
    assert_eq!(journal.peer("clinic").unwrap().unwrap().state, PeerState::Revoked);
}

#[test]
fn nothing_is_planned_for_a_revoked_station() {
    let world = Bench::sealed().with_claims();
    world.sites[0].journal().revoke_peer("terminal", "stolen").unwrap();
    let errors = world.turn(0, &Faults::none()).unwrap();
    assert!(matches!(&errors[..], [TransferError::NotPaired { .. }]), "{errors:?}");
    assert!(files_on(&world).is_empty());
}

#[test]
fn a_parcel_that_no_key_opens_is_set_aside() {
    let mut world = published();
    world.sites[1].vault = Some(Arc::new(Vault::generate("2026-05-01T09:00:00Z".parse().unwrap()).unwrap()));
    refused(&world, Code::NoKeyOpens);
}

#[test]
fn a_parcel_on_its_way_is_opened_after_the_receiver_changed_its_key() {
    let mut world = published();
    let mut vault = Vault::clone(world.sites[1].vault.as_ref().unwrap());
    vault.rotate(&"2026-06-01T09:00:00Z".parse().unwrap());
    let newest = vault.newest_opening().recipient().to_string();
    world.sites[1].vault = Some(Arc::new(vault));
    assert!(world.converge(&[0]).is_empty());
    assert_eq!(converged(&world, &Story::default()), [""; 0]);
    let peer = world.sites[0].journal().peer("terminal").unwrap().unwrap();
    assert_eq!(peer.keys.opening, newest, "the acknowledgement announced the new key");
    // The old one is gone: the next parcel is for the new one.
    let vault = world.sites[1].vault.as_ref().unwrap();
    let mut dropped = Vault::clone(vault);
    assert_eq!(dropped.drop_superseded(|_| true).len(), 1);
    world.sites[1].vault = Some(Arc::new(dropped));
    world.put(0, "next.uke", claim(1, "2024-12", "RECEIPTC.UKE", 5000, 9));
    assert!(world.converge(&[0]).is_empty());
    assert_eq!(converged(&world, &Story::default()), [""; 0]);
    assert_eq!(world.states(1, Direction::In), ["ACK_WRITTEN", "ACK_WRITTEN"]);
}

#[test]
fn an_acknowledgement_counts_only_with_the_receivers_signature() {
    let world = published();
    world.converge_once(1);
    let ack = the_one(&world, ".ack");
    let signature = the_one(&world, ".ack.minisig");
    let stranger = Vault::generate("2026-05-01T09:00:00Z".parse().unwrap()).unwrap();
    let bytes = world.media[0].get(&ack).unwrap();
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let forged = stranger.signing().sign(&bytes).unwrap();
    let cases: [(&str, &str, Option<Vec<u8>>); 4] = [
        ("unsigned", &signature, None),
        ("signed by a stranger", &signature, Some(forged)),
        ("damaged", &ack, Some(damaged)),
        ("cut", &ack, Some(bytes[..middle].to_vec())),
    ];
    for (what, path_text, replacement) in cases {
        let run = world.snapshot();
        run.media[0].remove_file(&path(path_text)).unwrap();
        if let Some(replacement) = replacement {
            run.media[0].put(path_text, &replacement);
        }
        run.turn(0, &Faults::none()).unwrap();
        assert_eq!(run.states(0, Direction::Out), ["COMMITTED"], "{what}");
        let alerts = run.sites[0].journal().alerts().unwrap();
        assert_eq!(alerts.len(), 1, "{what}: {alerts:?}");
        assert_eq!(alerts[0].reason.code, Code::AckBad, "{what}");
        assert_eq!(always(&run, &Story::default()), [""; 0], "{what}");
        // The receiver writes it once more, and then it counts.
        assert!(run.converge(&[0]).is_empty(), "{what}");
        assert_eq!(converged(&run, &Story::default()), [""; 0], "{what}");
        assert_eq!(run.states(0, Direction::Out), ["ARCHIVED"], "{what}");
    }
}

#[test]
fn a_parcel_that_was_lost_is_missed_and_settled_when_it_comes() {
    let mut world = Bench::sealed();
    world.put(0, "first.uke", claim(1, "2024-10", "RECEIPTC.UKE", 500, 1));
    assert!(world.converge(&[0]).is_empty());
    // Two sticks: the second parcel arrives before the first.
    world.put(0, "second.uke", claim(1, "2024-11", "RECEIPTC.UKE", 500, 2));
    world.turn_with(0, &[0], &Faults::none()).unwrap();
    world.put(0, "third.uke", claim(1, "2024-12", "RECEIPTC.UKE", 500, 3));
    world.turn_with(0, &[1], &Faults::none()).unwrap();
    world.turn_with(1, &[1], &Faults::none()).unwrap();
    assert_eq!(world.states(1, Direction::In), ["ACK_WRITTEN", "ACK_WRITTEN"], "reported, not refused");
    let alerts = world.sites[1].journal().alerts().unwrap();
    assert_eq!(
        alerts.iter().map(|alert| alert.reason.code.known().unwrap()).collect::<Vec<_>>(),
        [Code::PreviousUnknown]
    );
    world.converge(&[0, 1]);
    assert_eq!(world.states(1, Direction::In), ["ACK_WRITTEN"; 3]);
    assert!(world.sites[1].journal().alerts().unwrap().is_empty(), "it came");
    assert_eq!(converged(&world, &Story::default()), [""; 0]);
}

#[test]
fn what_was_planned_before_pairing_is_sealed_after_all() {
    let mut world = Bench::new().with_claims();
    // Planned, and the medium was away.
    world.turn_with(0, &[], &Faults::none()).unwrap();
    assert_eq!(world.states(0, Direction::Out), ["SPOOLED"]);
    world.pair_now();
    assert!(world.converge(&[0]).is_empty());
    assert_eq!(converged(&world, &Story::default()), [""; 0]);
    assert_eq!(world.parcels(1, Direction::In)[0].form, Form::Sealed);
}

#[test]
fn what_stood_readable_on_a_medium_before_pairing_arrives_when_it_is_sent_again() {
    let mut world = Bench::new().with_claims();
    world.converge_once(0);
    world.pair_now();
    refused(&world, Code::Unsigned);
    let mut process = Process::start(&world, 0, &[0], &Faults::none()).unwrap();
    process.with(|engine, _| engine.send_again(1, "it was refused")).unwrap();
    drop(process);
    assert!(world.converge(&[0]).is_empty());
    assert_eq!(world.states(1, Direction::In), ["ACK_WRITTEN"]);
    assert_eq!(world.states(0, Direction::Out), ["ARCHIVED"]);
}

#[test]
fn a_damaged_spool_is_sealed_anew_before_it_was_published_and_asked_about_after() {
    let world = Bench::sealed().with_claims();
    let faults = Faults::none().logged();
    world.snapshot().turn(0, &faults).unwrap();
    let log = faults.log();
    let first = log.iter().position(|line| line.starts_with("stick mkdir")).unwrap();
    let run = world.snapshot();
    assert!(run.turn(0, &Faults::none().kill_at(first as u64 * 2)).is_err());
    let spool = &run.sites[0].spool;
    let segment = spool.paths().into_iter().find(|path| path.ends_with(".age")).unwrap();
    let mut bytes = spool.get(&segment).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    spool.overwrite(&segment, &bytes);
    let errors = run.turn(0, &Faults::none()).unwrap();
    assert!(matches!(&errors[..], [TransferError::SpoolDamaged { .. }]), "{errors:?}");
    assert!(run.converge(&[0]).is_empty());
    assert_eq!(converged(&run, &Story::default()), [""; 0]);
    assert_eq!(run.states(1, Direction::In), ["ACK_WRITTEN"]);

    let run = published();
    let spool = &run.sites[0].spool;
    let segment = spool.paths().into_iter().find(|path| path.ends_with(".age")).unwrap();
    spool.remove_file(&path(&segment)).unwrap();
    let mut process = Process::start(&run, 0, &[0], &Faults::none()).unwrap();
    process.with(|engine, _| engine.send_again(1, "the stick is lost")).unwrap();
    process.turn();
    let parcel = process.journal.parcel(1).unwrap();
    assert_eq!(parcel.state, ParcelState::Held);
    assert_eq!(parcel.reason.and_then(|reason| reason.code.known()), Some(Code::SpoolLost));
}

#[test]
fn two_parcels_with_swapped_content_or_headers_are_refused() {
    let mut world = published();
    world.put(0, "next.uke", claim(1, "2024-12", "RECEIPTC.UKE", 500, 9));
    world.converge_once(0);
    let pairs = |ending: &str| {
        let found: Vec<String> = files_on(&world).into_iter().filter(|file| file.ends_with(ending)).collect();
        (found[0].clone(), found[1].clone())
    };
    for endings in [vec![".hdr"], vec![".hdr.minisig"], vec![".age"], vec![".hdr", ".hdr.minisig"]] {
        let run = world.snapshot();
        for ending in &endings {
            let (a, b) = pairs(ending);
            let (of_a, of_b) = (run.media[0].get(&a).unwrap(), run.media[0].get(&b).unwrap());
            run.media[0].remove_file(&path(&a)).unwrap();
            run.media[0].remove_file(&path(&b)).unwrap();
            run.media[0].put(&a, &of_b);
            run.media[0].put(&b, &of_a);
        }
        run.turn(1, &Faults::none()).unwrap();
        assert_eq!(run.states(1, Direction::In), ["QUARANTINED", "QUARANTINED"], "{endings:?}");
        assert!(delivered(&run.sites[1]).is_empty(), "{endings:?}");
        assert_eq!(always(&run, &Story::default()), [""; 0], "{endings:?}");
        // Put right, both are taken.
        for ending in &endings {
            let (a, b) = pairs(ending);
            for file in [a, b] {
                run.media[0].overwrite(&file, &world.media[0].get(&file).unwrap());
            }
        }
        assert!(run.converge(&[0]).is_empty(), "{endings:?}");
        assert_eq!(run.states(1, Direction::In), ["ACK_WRITTEN", "ACK_WRITTEN"], "{endings:?}");
        assert_eq!(converged(&run, &Story::default()), [""; 0], "{endings:?}");
    }
}

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}
