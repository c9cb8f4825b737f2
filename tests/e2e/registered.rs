//! Registered media from the command line: what may be written where once stations are paired, what is told of a lost stick,
//! and what others left on one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rezept_journal::{Disk, Journal, KeyKind, PeerKeys, SystemClock, TakeOut};
use serde_json::Value;

use crate::bench::Run;
use crate::stations::{KOKUHO, RECEKON, SHAHO, Stations, TERMINAL, fast_folder, finish, wait_for, write};

/// The journal of a station, as another process of it opens it.
fn journal(stations: &Stations, name: &str) -> Journal {
    let disk = Disk { file_system: "ext4".into(), removable: Some(false) };
    rezept_journal::make_data_folder(&stations.data(name)).unwrap();
    Journal::open(&stations.data(name), &disk, Arc::new(SystemClock), "test").unwrap()
}

/// Pairs the two stations, without a medium that would be registered by it: from here on registered media are demanded.
pub fn pair(stations: &Stations) {
    let keys = [RECEKON, TERMINAL].map(|name| {
        let made = stations.run(name, &["--json", "pair", "rotate"]);
        assert_eq!(made.exit, 0, "{made:?}");
        let own = journal(stations, name).own_keys().unwrap();
        let newest = |kind| {
            let key = own.iter().rfind(|key| key.kind == kind && key.superseded_at.is_none());
            key.unwrap().public.clone()
        };
        PeerKeys { signing: newest(KeyKind::Signing), opening: newest(KeyKind::Opening), recovery: None }
    });
    let [recekon, terminal] = keys;
    for (name, peer, keys) in [(RECEKON, TERMINAL, terminal), (TERMINAL, RECEKON, recekon)] {
        journal(stations, name).pair(peer, &keys, "0000-0000-0000").unwrap();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[track_caller]
pub fn register(stations: &Stations, name: &str, medium: &Path) -> Value {
    let args = ["--json", "media", "register", text(medium), "--label", "USB-1", "--owner", "医事課"];
    let run = stations.run(name, &args);
    assert_eq!(run.exit, 0, "{run:?}");
    run.of_type("medium").pop().unwrap()
}

/// Every file and folder below a folder.
fn below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(below(&path));
        }
        found.insert(path);
    }
    found
}

/// The codes that were told, but for the warning that a folder in memory gives.
#[track_caller]
fn codes(run: &Run) -> Vec<String> {
    let codes = run.of_type("error").into_iter().map(|error| error["code"].as_str().unwrap().to_owned());
    codes.filter(|code| code != "RZ-T111").collect()
}

fn states(run: &Run) -> Vec<String> {
    run.of_type("transfer").iter().map(|transfer| transfer["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_registered_stick_tells_its_finder_a_number_and_nothing_else() {
    let folder = fast_folder();
    let stations = Stations::new(folder.path());
    let known = register(&stations, RECEKON, &stations.medium());
    let id = known["id"].as_str().unwrap();
    assert_eq!(
        (known["number"].as_str(), known["state"].as_str(), known["class"].as_str()),
        (Some("M1"), Some("here"), Some("genpi"))
    );
    let file = stations.medium().join("REZEPT/medium.id");
    assert_eq!(below(&stations.medium()), [file.parent().unwrap().to_owned(), file.clone()].into());
    let said = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[1]), (3, "rezept-medium: 1", format!("id: {id}").as_str()));

    // Once more the same: nothing happens. As something else: refused.
    assert_eq!(register(&stations, RECEKON, &stations.medium())["number"], "M1");
    let other = stations.run(
        RECEKON,
        &["--json", "media", "register", text(&stations.medium()), "--label", "x", "--owner", "y"],
    );
    assert_eq!((other.exit, codes(&other)), (2, vec!["RZ-M112".to_owned()]));
    assert_eq!(fs::read_to_string(&file).unwrap(), said);

    let listed = stations.run(RECEKON, &["--json", "media", "list"]).of_type("medium");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["owner"], "医事課");
    let shown = stations.run(RECEKON, &["--json", "media", "show", &id[..6]]);
    assert_eq!((shown.exit, shown.of_type("medium-content")[0]["parcels"].as_array().unwrap().len()), (0, 0));
    let none = stations.run(RECEKON, &["--json", "media", "show", "M9"]);
    assert_eq!((none.exit, codes(&none)), (2, vec!["RZ-M111".to_owned()]));
}

#[test]
fn before_pairing_any_stick_will_do_and_afterwards_only_a_registered_one() {
    let folder = fast_folder();
    let stations = Stations::new(folder.path());
    stations.put(&[SHAHO]);
    assert_eq!(stations.send(&[SHAHO]).exit, 0);
    assert_eq!(stations.receive(TERMINAL).exit, 0);
    assert_eq!(states(&stations.receive(RECEKON)), ["ARCHIVED"]);
    assert!(!stations.medium().join("REZEPT/medium.id").exists());

    pair(&stations);
    stations.put(&[KOKUHO]);
    let before = below(&stations.medium());
    let refused = stations.send(&[KOKUHO]);
    assert_eq!((refused.exit, codes(&refused)), (5, vec!["RZ-T107".to_owned()]), "{refused:?}");
    assert!(states(&refused).is_empty());
    assert_eq!(below(&stations.medium()), before);
    assert_eq!(fs::read(stations.watched(KOKUHO)).unwrap(), KOKUHO.bytes());

    // A stick of somebody else: it has an id, but not one of this station's.
    let theirs = register(&stations, TERMINAL, &stations.medium());
    let refused = stations.send(&[KOKUHO]);
    assert_eq!((refused.exit, codes(&refused)), (5, vec!["RZ-M101".to_owned()]));

    let ours = register(&stations, RECEKON, &stations.medium());
    assert_eq!(ours["id"], theirs["id"], "the second station takes the number that is there");
    let sent = stations.send(&[KOKUHO]);
    assert_eq!((sent.exit, states(&sent)), (0, vec!["COMMITTED".to_owned()]), "{sent:?}");
    assert_eq!(states(&stations.receive(TERMINAL)), ["ACK_WRITTEN"]);
    assert_eq!(states(&stations.receive(RECEKON)), ["ARCHIVED"]);
    let shown = stations.run(RECEKON, &["--json", "media", "show", "m1"]);
    let content = &shown.of_type("medium-content")[0];
    assert_eq!((content["parcels"].as_array().unwrap().len(), &content["removed_readable"]), (0, &0.into()));
}

#[test]
fn from_a_foreign_stick_is_received_and_the_acknowledgement_waits_for_a_registered_one() {
    let folder = fast_folder();
    let stations = Stations::new(folder.path());
    register(&stations, RECEKON, &stations.medium());
    pair(&stations);
    stations.put(&[SHAHO]);
    assert_eq!(stations.send(&[SHAHO]).exit, 0);
    let before = below(&stations.medium());
    let got = stations.receive(TERMINAL);
    assert_eq!((states(&got), codes(&got)), (vec!["DELIVERED".to_owned()], vec!["RZ-M101".to_owned()]));
    assert_eq!(got.exit, 5);
    assert_eq!(fs::read(stations.inbox(TERMINAL).join(SHAHO.inbox)).unwrap(), SHAHO.bytes());
    assert_eq!(below(&stations.medium()), before, "nothing was written");

    register(&stations, TERMINAL, &stations.medium());
    let got = stations.receive(TERMINAL);
    assert_eq!((got.exit, states(&got)), (0, vec!["ACK_WRITTEN".to_owned()]), "{got:?}");
    assert_eq!(states(&stations.receive(RECEKON)), ["ARCHIVED"]);
}

#[test]
fn what_was_on_a_lost_stick_is_one_command() {
    let folder = fast_folder();
    let stations = Stations::new(folder.path());
    register(&stations, RECEKON, &stations.medium());
    stations.put(&[SHAHO, KOKUHO]);
    assert_eq!(stations.send(&[SHAHO, KOKUHO]).exit, 0);
    let lost = stations.run(RECEKON, &["--json", "media", "lost", "M1", "--reason", "電車に置き忘れた"]);
    assert_eq!((lost.exit, codes(&lost)), (1, vec!["RZ-M115".to_owned()]), "{lost:?}");
    assert_eq!(lost.of_type("medium")[0]["state"], "lost");
    let content = &lost.of_type("medium-content")[0];
    assert_eq!((content["files"].as_u64(), content["readable"].as_u64()), (Some(2), Some(1)));
    let parcel = &content["parcels"][0];
    assert_eq!((parcel["label"].as_str(), parcel["sealed"].as_bool()), (Some("P1"), Some(false)));
    let mut hashes: Vec<String> = parcel["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["sha256"].as_str().unwrap().to_owned())
        .collect();
    let mut expected = [SHAHO, KOKUHO].map(|s| rezept_parcel::Digest::of(&s.bytes()).to_string()).to_vec();
    hashes.sort();
    expected.sort();
    assert_eq!(hashes, expected);
    let claims: u64 = parcel["files"].as_array().unwrap().iter().map(|f| f["claims"].as_u64().unwrap()).sum();
    assert_eq!(content["claims"].as_u64(), Some(claims));
    assert!(claims > 0);
    // Asked again it says the same; the history has it once.
    let again = stations.run(RECEKON, &["--json", "media", "lost", "M1", "--reason", "x"]);
    assert_eq!((again.exit, again.of_type("medium-content")), (1, lost.of_type("medium-content")));
    let told = stations.run(RECEKON, &["--json", "ledger", "M1"]).of_type("ledger");
    let told: Vec<&str> = told.iter().map(|row| row["to"].as_str().unwrap()).collect();
    assert_eq!(told, ["here", "PARCEL_ON", "lost"]);

    // In words: kind, month, payer and count, and where to report it.
    let words = stations.run(RECEKON, &["media", "lost", "M1", "--reason", "x"]);
    for part in ["誰でも読める", "社保", "国保", "2024-11", "SHA-256"] {
        assert!(words.out.contains(part), "{part} is not in {}", words.out);
    }
    assert!(words.err.contains("個人情報保護委員会"), "{}", words.err);

    // It turns up. Until it is back by a person's word, a paired station does not write to it.
    pair(&stations);
    let refused = stations.run(
        RECEKON,
        &["--json", "send", "--again", "P1", "--reason", "lost", "--to", text(&stations.medium())],
    );
    assert_eq!((refused.exit, codes(&refused)), (5, vec!["RZ-M103".to_owned()]), "{refused:?}");
    let told = stations.run(RECEKON, &["--json", "ledger", "P1"]).of_type("ledger");
    assert_eq!(told.last().unwrap()["to"], "COMMITTED", "what was refused changes nothing");
    let back = stations.run(RECEKON, &["--json", "media", "return", "M1"]);
    assert_eq!((back.exit, back.of_type("medium")[0]["state"].as_str()), (0, Some("here")));
}

#[test]
fn taking_out_has_a_day_and_an_overdue_stick_is_shown() {
    let folder = fast_folder();
    let stations = Stations::new(folder.path());
    register(&stations, RECEKON, &stations.medium());
    let take = |due: &str| {
        stations.run(RECEKON, &["--json", "media", "take-out", "M1", "--due", due, "--purpose", "端末へ"])
    };
    let past = take("2020-01-31");
    assert_eq!((past.exit, codes(&past)), (2, vec!["RZ-M114".to_owned()]));
    let out = take("2099-12-31");
    assert_eq!(out.exit, 0, "{out:?}");
    let medium = &out.of_type("medium")[0];
    assert_eq!((medium["state"].as_str(), medium["out"]["overdue"].as_bool()), (Some("out"), Some(false)));
    assert_eq!(
        (medium["out"]["due"].as_str(), medium["out"]["purpose"].as_str()),
        (Some("2099-12-31"), Some("端末へ"))
    );
    let twice = take("2099-12-31");
    assert_eq!((twice.exit, codes(&twice)), (1, vec!["RZ-M113".to_owned()]));
    assert!(stations.run(RECEKON, &["--json", "status"]).of_type("medium").is_empty());
    assert_eq!(stations.run(RECEKON, &["media", "return", "M1"]).exit, 0);

    let out = TakeOut { by: "鈴木".into(), purpose: "端末へ".into(), due: "2020-01-31".into() };
    journal(&stations, RECEKON).take_out_medium(1, &out).unwrap();
    let status = stations.run(RECEKON, &["--json", "status"]);
    assert_eq!((status.exit, status.of_type("medium")[0]["out"]["overdue"].as_bool()), (1, Some(true)));
    // It is only a warning: the month's claims go all the same.
    pair(&stations);
    stations.put(&[SHAHO]);
    let sent = stations.send(&[SHAHO]);
    assert_eq!((sent.exit, codes(&sent)), (0, vec!["RZ-M106".to_owned()]), "{sent:?}");
    assert_eq!(states(&sent), ["COMMITTED"]);
}

#[test]
fn a_retired_stick_is_never_used_again() {
    let folder = fast_folder();
    let stations = Stations::new(folder.path());
    register(&stations, RECEKON, &stations.medium());
    let retired = stations.run(RECEKON, &["--json", "media", "retire", "M1", "--reason", "古い"]);
    assert_eq!((retired.exit, retired.of_type("medium")[0]["state"].as_str()), (0, Some("retired")));
    let back = stations.run(RECEKON, &["--json", "media", "return", "M1"]);
    assert_eq!((back.exit, codes(&back)), (1, vec!["RZ-M113".to_owned()]));
    let medium = stations.medium();
    let args = ["--json", "media", "register", text(&medium), "--label", "USB-1", "--owner", "医事課"];
    let again = stations.run(RECEKON, &args);
    assert_eq!((again.exit, codes(&again)), (5, vec!["RZ-M104".to_owned()]));
    pair(&stations);
    stations.put(&[SHAHO]);
    assert_eq!(codes(&stations.send(&[SHAHO])), ["RZ-M104"]);
}

#[test]
fn programs_links_and_autorun_files_on_a_stick_raise_one_alert_each_and_are_left_alone() {
    let folder = fast_folder();
    let stations = Stations::new(folder.path());
    let at = |path: &str| stations.medium().join(path);
    let foreign: &[(&str, &[u8])] = &[
        ("setup.EXE", b"not even a program"),
        ("RECEIPTC.UKE", b"MZ\x90\x00 a program under another name"),
        ("AutoRun.inf", b"[autorun]"),
        ("tools/run", b"#!/bin/sh\n"),
        ("REZEPT/tool", b"\x7fELF\x02"),
        ("tools/deep/hidden.exe", b"MZ"),
        ("holiday.jpg", b"\xff\xd8\xff"),
        ("empty.txt", b""),
    ];
    for (path, bytes) in foreign {
        write(&at(path), bytes);
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", at("link")).unwrap();
    let alerts = |run: &Run| -> BTreeSet<(String, String)> {
        let held = run.of_type("held");
        let pair = |held: &Value| {
            let what = held["what"].as_str().unwrap().replace(&format!("{}/", text(&stations.medium())), "");
            (held["reason"].as_str().unwrap().to_owned(), what)
        };
        held.iter().map(pair).collect()
    };
    let mut expected: BTreeSet<(String, String)> = [
        ("RZ-M107", "setup.EXE"),
        ("RZ-M107", "RECEIPTC.UKE"),
        ("RZ-M109", "AutoRun.inf"),
        ("RZ-M107", "tools/run"),
        ("RZ-M107", "REZEPT/tool"),
    ]
    .map(|(code, path)| (code.to_owned(), path.to_owned()))
    .into();
    #[cfg(unix)]
    expected.insert(("RZ-M108".to_owned(), "link".to_owned()));
    let found = stations.receive(TERMINAL);
    assert_eq!((found.exit, alerts(&found)), (1, expected.clone()));
    let again = stations.receive(TERMINAL);
    assert_eq!(alerts(&again), expected);
    let held = stations.run(TERMINAL, &["--json", "held", "list"]);
    assert_eq!(held.of_type("held").len(), expected.len(), "one alert each");
    for (path, bytes) in foreign {
        assert_eq!(fs::read(at(path)).unwrap(), *bytes, "{path} was touched");
    }

    // A person lets one pass, another is deleted: neither is told again, until the first one changes.
    let id = |code: &str, end: &str| {
        let held = held.of_type("held");
        let found = held.iter().find(|h| h["reason"] == code && h["what"].as_str().unwrap().ends_with(end));
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let release = ["held", "release", &id("RZ-M107", "setup.EXE"), "--reason", "プリンタのドライバ"];
    assert_eq!(stations.run(TERMINAL, &release).exit, 0);
    fs::remove_file(at("AutoRun.inf")).unwrap();
    expected.remove(&("RZ-M107".to_owned(), "setup.EXE".to_owned()));
    expected.remove(&("RZ-M109".to_owned(), "AutoRun.inf".to_owned()));
    assert_eq!(alerts(&stations.receive(TERMINAL)), expected);
    assert_eq!(stations.run(TERMINAL, &["--json", "held", "list"]).of_type("held").len(), expected.len());
    write(&at("setup.EXE"), b"something else of another size");
    expected.insert(("RZ-M107".to_owned(), "setup.EXE".to_owned()));
    assert_eq!(alerts(&stations.receive(TERMINAL)), expected);
}

#[test]
fn a_running_service_waits_for_a_registered_stick_and_registers_one_itself() {
    let folder = fast_folder();
    let stations = Stations::new(folder.path());
    pair(&stations);
    stations.put(&[SHAHO]);
    let mut service = stations.start(RECEKON, &["watch"]);
    let planned = || {
        let run = stations.run(RECEKON, &["--json", "status"]);
        run.of_type("transfer").iter().any(|transfer| transfer["state"] == "SPOOLED")
    };
    wait_for("the parcel to be planned", planned);
    assert_eq!(below(&stations.medium()), BTreeSet::new());
    // The command asks the service, which goes on at once.
    register(&stations, RECEKON, &stations.medium());
    let committed =
        || below(&stations.medium()).iter().any(|path| path.extension().is_some_and(|end| end == "hdr"));
    wait_for("the header", committed);
    service.terminate();
    let run = finish(service);
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(run.err.contains("RZ-T107"), "why it waited was not told: {run:?}");
    let shown = stations.run(RECEKON, &["--json", "media", "show", "M1"]);
    assert_eq!(shown.of_type("medium-content")[0]["parcels"][0]["label"], "P1");
    assert_eq!(stations.run(RECEKON, &["audit", "verify"]).exit, 0);
}
