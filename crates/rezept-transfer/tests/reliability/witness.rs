//! Each station witnesses the history of the other: a journal that is set back or forked is named at the next parcels, stations
//! that are not paired say nothing, and nothing leaves that was not noted before.

use rezept_codes::Code;
use rezept_journal::{Alert, Direction, PeerState};
use rezept_parcel::{Ack, Header};
use rezept_testkit::faults::Faults;

use crate::bench::{Bench, claim};
use crate::invariants::{Story, converged};

fn send(bench: &mut Bench, number: u8) {
    let month = format!("2024-{number:02}");
    bench.put(0, &format!("{month}.uke"), claim(1, &month, "RECEIPTC.UKE", 300, u64::from(number)));
    let errors = bench.converge(&[0]);
    assert!(errors.is_empty(), "{errors:?}");
}

fn alerts(bench: &Bench, site: usize) -> Vec<Alert> {
    bench.sites[site].journal().alerts().unwrap()
}

/// The codes of what a station was told of its own history.
fn told(bench: &Bench, site: usize) -> Vec<Code> {
    let codes = alerts(bench, site).into_iter().filter_map(|alert| alert.reason.code.known());
    codes.filter(|code| [Code::OwnHistoryShort, Code::OwnHistoryOther].contains(code)).collect()
}

#[test]
fn paired_stations_tell_each_other_what_they_hold_and_agree() {
    let mut world = Bench::sealed();
    for number in 1..=5 {
        send(&mut world, number);
    }
    assert_eq!(converged(&world, &Story::default()), [""; 0]);
    assert!(alerts(&world, 0).is_empty() && alerts(&world, 1).is_empty());
    let headers: Vec<Header> = world
        .parcels(0, Direction::Out)
        .iter()
        .map(|parcel| Header::parse(&parcel.header).unwrap())
        .collect();
    let lines: Vec<Option<u64>> =
        headers.iter().map(|header| header.witness.map(|line| line.sequence)).collect();
    assert_eq!(lines[0], None, "before the first acknowledgement there is nothing to tell");
    assert!(lines[1..].iter().all(Option::is_some), "{lines:?}");
    assert_eq!(lines[1], lines[2], "the one before the last shown; at first there is only one");
    assert!(lines[2..].is_sorted_by(|a, b| a < b), "{lines:?}");
    for (site, handed_out) in [(0, 10), (1, 5)] {
        let report = world.sites[site].journal().verify_chain(&[]).unwrap();
        assert!(report.elsewhere >= handed_out, "{site}: {report:?}");
    }
}

#[test]
fn unpaired_stations_say_nothing_of_it() {
    let mut world = Bench::new();
    send(&mut world, 1);
    send(&mut world, 2);
    for parcel in world.parcels(0, Direction::Out) {
        assert_eq!(Header::parse(&parcel.header).unwrap().witness, None);
    }
    // The acknowledgement stands there to be read.
    world.put(0, "2024-03.uke", claim(1, "2024-03", "RECEIPTC.UKE", 300, 3));
    world.converge_once(0);
    world.converge_once(1);
    let files = world.media[0].paths();
    let ack = files.iter().find(|path| path.ends_with(".ack")).unwrap();
    assert_eq!(Ack::parse(&world.media[0].get(ack).unwrap()).unwrap().witness, None);
}

#[test]
fn a_sender_that_was_set_back_learns_it_from_the_first_answer() {
    let mut world = Bench::sealed();
    send(&mut world, 1);
    let old = world.snapshot();
    send(&mut world, 2);
    send(&mut world, 3);
    // The backup of a whole data folder, with all that it remembers: nothing here tells that it is old.
    world.sites[0].data.clone_from(&old.sites[0].data);
    send(&mut world, 4);
    assert_eq!(told(&world, 0).len(), 1, "{:?}", alerts(&world, 0));
    assert_eq!(alerts(&world, 0).last().unwrap().place, "terminal");
    let report = world.sites[0].journal().verify_chain(&[]).unwrap();
    assert!(report.first_wrong().is_some() && report.broken_at.is_none(), "{report:?}");
    // It blocks nothing.
    assert_eq!(world.states(1, Direction::In), ["ACK_WRITTEN"; 4]);
}

#[test]
fn a_receiver_that_was_set_back_learns_it_from_the_next_parcels() {
    let mut world = Bench::sealed();
    for number in 1..=2 {
        send(&mut world, number);
    }
    let (old, mut second) = (world.snapshot(), world.snapshot());
    for number in 3..=4 {
        send(&mut world, number);
    }
    world.sites[1].data.clone_from(&old.sites[1].data);
    send(&mut world, 5);
    assert_eq!(told(&world, 1), [Code::OwnHistoryShort], "what it showed with the third parcel is not there");
    assert!(told(&world, 0).is_empty(), "{:?}", alerts(&world, 0));
    // Set back by one parcel only: what the next header tells is older than that.
    let old = second.snapshot();
    send(&mut second, 3);
    second.sites[1].data.clone_from(&old.sites[1].data);
    send(&mut second, 4);
    send(&mut second, 5);
    assert!(!told(&second, 1).is_empty(), "at the latest with the second parcel");
    assert_eq!(second.states(0, Direction::Out), ["ARCHIVED"; 5]);
}

#[test]
fn nothing_leaves_that_was_not_noted_as_handed_out() {
    for site in [0, 1] {
        let mut world = Bench::sealed();
        world.put(0, "1.uke", claim(1, "2024-01", "RECEIPTC.UKE", 300, 1));
        if site == 1 {
            world.converge_once(0);
        }
        let ending = [".hdr", ".ack"][site];
        let (mut before, mut after) = (0, 0);
        for cut in 0.. {
            let run = world.snapshot();
            let done = run.turn(site, &Faults::none().kill_at(cut)).is_ok();
            let there = run.media[0]
                .paths()
                .iter()
                .any(|path| path.ends_with(ending) || path.contains(&format!("{ending}.a")));
            let noted = run.sites[site].journal().verify_chain(&[]).unwrap().elsewhere > 0;
            assert!(noted || !there, "{ending} after {cut} steps");
            if there {
                after += 1
            } else {
                before += 1
            }
            if done {
                break;
            }
        }
        assert!(before > 5 && after > 2, "{ending}: {before} {after}");
    }
}

#[test]
fn a_revoked_station_is_told_nothing() {
    let mut world = Bench::sealed();
    send(&mut world, 1);
    world.sites[1].journal().revoke_peer("clinic", "sold").unwrap();
    world.put(0, "2024-02.uke", claim(1, "2024-02", "RECEIPTC.UKE", 300, 2));
    world.turn(0, &Faults::none()).unwrap();
    world.turn(1, &Faults::none()).unwrap();
    let journal = world.sites[1].journal();
    assert_eq!(journal.peer("clinic").unwrap().unwrap().state, PeerState::Revoked);
    assert_eq!(journal.witness_for("clinic", None).unwrap(), None);
    assert!(!world.media[0].paths().iter().any(|path| path.ends_with(".ack")));
}
