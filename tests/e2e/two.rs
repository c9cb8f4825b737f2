//! Several processes at once: commands side by side on one station, a command beside the running service, two senders to
//! one receiver, and two services that carry files between them until they are told to stop, or are killed.

use std::fs::{self, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::stations::{
    DPC, KOKUHO, RECEKON, RECEKON_2, Running, SHAHO, Source, Stations, TERMINAL, Tree, fast_folder, finish,
    strs, wait_for, write,
};

/// Claims that go at once, each with an identity of its own.
const THREE: [Source; 3] = [SHAHO, KOKUHO, DPC];
/// A return file on its way back.
const RETURN: Source =
    Source { fixture: "hen_shaho/RECEIPTC.HEN", place: "RECEIPTC.HEN", inbox: "202412/shaho/RECEIPTC.HEN" };
/// Told to stop, an idle service ends within this time on the slowest machine.
const STOPS_WITHIN: Duration = Duration::from_secs(5);

/// Whether a process holds the engine lock of a station.
fn is_working(stations: &Stations, station: &str) -> bool {
    let Ok(lock) = fs::File::open(stations.data(station).join("engine.lock")) else { return false };
    matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
}

/// Starts the service and waits until it works.
fn watch(stations: &Stations, station: &str) -> Running {
    let running = stations.start(station, &["watch"]);
    wait_for("the service to hold its lock", || is_working(stations, station));
    running
}

/// Tells a service to stop; it must do so at once and with exit 0.
#[track_caller]
fn stop(mut running: Running) {
    let began = Instant::now();
    running.terminate();
    let run = finish(running);
    assert_eq!(run.exit, 0, "{}{}", run.out, run.err);
    assert!(began.elapsed() < STOPS_WITHIN, "{:?} to stop", began.elapsed());
}

#[track_caller]
fn audit(stations: &Stations) {
    for station in [RECEKON, TERMINAL] {
        let run = stations.run(station, &["audit", "verify"]);
        assert_eq!(run.exit, 0, "{station}: {}{}", run.out, run.err);
    }
}

/// Everything arrived once, was acknowledged and cleared away.
fn all_arrived(stations: &Stations, sources: &[Source]) -> bool {
    let inbox = Tree::of(&stations.inbox(TERMINAL));
    let arrived = sources.iter().all(|source| inbox.files.get(source.inbox) == Some(&source.bytes()));
    let put_away = sources.iter().all(|source| !stations.watched(*source).exists());
    arrived && put_away && inbox.files.len() == sources.len() && Tree::of(&stations.medium()).files.is_empty()
}

#[test]
fn commands_at_once_wait_for_each_other_and_each_tells_its_own() {
    for _ in 0..10 {
        let folder = fast_folder();
        let stations = Stations::new(folder.path());
        stations.put(&THREE);
        let start = |source: &Source| stations.start(RECEKON, &strs(&stations.send_args(&[*source])));
        let running: Vec<Running> = THREE.iter().map(start).collect();
        for (source, run) in THREE.iter().zip(running.into_iter().map(finish)) {
            assert_eq!(run.exit, 0, "{source:?}: {}{}", run.out, run.err);
            let parcels = run.of_type("transfer");
            assert_eq!(parcels.len(), 1, "{source:?}: {}", run.out);
            assert_eq!(parcels[0]["state"], "COMMITTED");
            let paths: Vec<_> =
                parcels[0]["files"].as_array().unwrap().iter().map(|file| file["path"].clone()).collect();
            assert_eq!(paths, [stations.watched(*source).to_str().unwrap()]);
        }
        let receive = |_| stations.start(TERMINAL, &strs(&stations.receive_args()));
        let running: Vec<Running> = (0..3).map(receive).collect();
        for run in running.into_iter().map(finish) {
            assert_eq!(run.exit, 0, "{}{}", run.out, run.err);
        }
        assert_eq!(stations.receive(RECEKON).exit, 0);
        assert!(all_arrived(&stations, &THREE));
        audit(&stations);
    }
}

#[test]
fn a_command_beside_the_service_gets_the_outcome_from_it() {
    let folder = fast_folder();
    let stations = Stations::new(folder.path());
    let service = watch(&stations, RECEKON);
    // Outside every watched folder: nobody but the command asks for it.
    let file = folder.path().join("desk/RECEIPTC.UKE");
    write(&file, &SHAHO.bytes());
    let sent = stations.run(RECEKON, &strs(&stations.send_args_at(std::slice::from_ref(&file))));
    assert_eq!(sent.exit, 0, "{}{}", sent.out, sent.err);
    assert_eq!(sent.of_type("transfer")[0]["state"], "COMMITTED");
    let ledger = stations.run(RECEKON, &["--json", "ledger"]).of_type("ledger");
    let committed = ledger.iter().find(|entry| entry["to"] == "COMMITTED").unwrap();
    assert_eq!(committed["actor"], "service");
    // Problems come back the same way.
    let missing = stations.run(RECEKON, &strs(&stations.send_args_at(&[folder.path().join("desk/no.UKE")])));
    assert_eq!(
        (missing.exit, &missing.of_type("error")[0]["code"]),
        (3, &"RZ-F101".into()),
        "{}",
        missing.out
    );
    assert_eq!(stations.receive(TERMINAL).exit, 0);
    let back = stations.receive(RECEKON);
    assert_eq!(back.exit, 0, "{}{}", back.out, back.err);
    assert_eq!(stations.run(RECEKON, &["--json", "status"]).of_type("transfer")[0]["state"], "ARCHIVED");
    assert!(file.exists(), "a source outside every watched folder is never moved");
    assert!(is_working(&stations, RECEKON));
    stop(service);
    audit(&stations);
}

#[test]
fn a_second_service_is_refused() {
    let folder = fast_folder();
    let stations = Stations::new(folder.path());
    let first = watch(&stations, RECEKON);
    let second = stations.run(RECEKON, &["watch"]);
    assert_eq!(second.exit, 5, "{}{}", second.out, second.err);
    for words in ["RZ-J107", "何が起きたか:", "送信の状況:", "次にすること:"] {
        assert!(second.err.contains(words), "{words} in {}", second.err);
    }
    stop(first);
}

#[test]
fn two_senders_reach_one_receiver_over_one_medium() {
    for _ in 0..5 {
        let folder = fast_folder();
        let stations = Stations::new(folder.path());
        stations.add_second_sender();
        write(&stations.watched(SHAHO), &SHAHO.bytes());
        write(&stations.watched_at(RECEKON_2, KOKUHO), &KOKUHO.bytes());
        let send = |station: &str, source| {
            let file = stations.watched_at(station, source);
            stations.start(station, &strs(&stations.send_args_at(&[file])))
        };
        let running = [send(RECEKON, SHAHO), send(RECEKON_2, KOKUHO)];
        for run in running.map(finish) {
            assert_eq!((run.exit, run.of_type("transfer").len()), (0, 1), "{}{}", run.out, run.err);
        }
        let received = stations.receive(TERMINAL);
        assert_eq!((received.exit, received.of_type("transfer").len()), (0, 2), "{}", received.out);
        let running =
            [RECEKON, RECEKON_2].map(|station| stations.start(station, &strs(&stations.receive_args())));
        for run in running.map(finish) {
            assert_eq!(run.exit, 0, "{}{}", run.out, run.err);
            let parcels = run.of_type("transfer");
            assert_eq!((parcels.len(), &parcels[0]["state"]), (1, &"ARCHIVED".into()), "{}", run.out);
        }
        assert!(all_arrived(&stations, &[SHAHO, KOKUHO]));
        assert!(!stations.watched_at(RECEKON_2, KOKUHO).exists());
        // The same content from the other sender could be claimed twice: a person decides.
        write(&stations.watched_at(RECEKON_2, SHAHO), &SHAHO.bytes());
        assert_eq!(finish(send(RECEKON_2, SHAHO)).exit, 0);
        let held = stations.receive(TERMINAL);
        assert_eq!((held.exit, &held.of_type("held")[0]["reason"]), (1, &"RZ-G112".into()), "{}", held.out);
        assert_eq!(
            Tree::of(&stations.inbox(TERMINAL)).files.len(),
            3,
            "two delivered, one waiting in staging"
        );
        audit(&stations);
    }
}

#[test]
fn two_services_carry_files_both_ways_and_stop_when_told() {
    let folder = fast_folder();
    let stations = Stations::new(folder.path());
    let services = [watch(&stations, RECEKON), watch(&stations, TERMINAL)];
    let began = Instant::now();
    stations.put(&[SHAHO, KOKUHO]);
    wait_for("the claims to arrive", || all_arrived(&stations, &[SHAHO, KOKUHO]));
    println!("two services: claims delivered and acknowledged after {:?}", began.elapsed());
    let source = stations.watched_at(TERMINAL, RETURN);
    write(&source, &RETURN.bytes());
    wait_for("the return file to arrive", || {
        let inbox = Tree::of(&stations.inbox(RECEKON));
        inbox.files.get(RETURN.inbox) == Some(&RETURN.bytes()) && !source.exists()
    });
    for service in services {
        stop(service);
    }
    for (station, states) in [(RECEKON, ["ACK_WRITTEN", "ARCHIVED"]), (TERMINAL, ["ACK_WRITTEN", "ARCHIVED"])]
    {
        let status = stations.run(station, &["--json", "status"]);
        let mut found: Vec<String> =
            status.of_type("transfer").iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect();
        found.sort();
        found.dedup();
        assert_eq!(
            (status.exit, &found[..]),
            (0, &states.map(str::to_owned)[..]),
            "{station}: {}",
            status.out
        );
    }
    audit(&stations);
}

#[test]
fn services_that_are_killed_over_and_over_deliver_once() {
    let folder = fast_folder();
    let stations = Stations::new(folder.path());
    stations.put(&THREE);
    let mut killed = 0;
    for round in 0..30 {
        let mut services = [RECEKON, TERMINAL].map(|station| stations.start(station, &["watch"]));
        std::thread::sleep(Duration::from_millis(2 * round));
        for service in &mut services {
            service.child().kill().unwrap();
        }
        killed += services.map(finish).iter().filter(|run| run.exit == -1).count();
        nothing_wrong_in(&stations.inbox(TERMINAL));
    }
    let services = [watch(&stations, RECEKON), watch(&stations, TERMINAL)];
    wait_for("the claims to arrive", || all_arrived(&stations, &THREE));
    services.into_iter().for_each(stop);
    println!("{killed} kills of running services, 0 violations");
    audit(&stations);
    for station in [RECEKON, TERMINAL] {
        let status = stations.run(station, &["--json", "status"]);
        assert_eq!(status.exit, 0, "{}", status.out);
        // Besides parcels only that these stations are not paired.
        assert_eq!(status.codes(), ["RZ-K127"], "{}", status.out);
        assert_eq!(status.objects().len(), status.of_type("transfer").len() + 1, "{}", status.out);
    }
}

/// Whatever stands in the inbox is whole, and stands there once.
#[track_caller]
fn nothing_wrong_in(inbox: &Path) {
    for (name, bytes) in Tree::of(inbox).files {
        let right = THREE.iter().any(|source| source.inbox == name && source.bytes() == bytes);
        assert!(right || name.starts_with(".rezept-staging/"), "{name}");
    }
}
