//! A journal that is gone, old, damaged or newer: the station stops and says so in Japanese, nothing is sent, nothing is
//! changed. A claim that was sent before is never silently sent again as a new one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bench::Run;
use crate::stations::{DPC, KOKUHO, RECEKON, SHAHO, Stations, TERMINAL, Tree, fast_folder, write};

/// SQLite's pages, as the journal has them.
const PAGE_BYTES: usize = 4096;
/// Where SQLite's header keeps the number of the schema (`user_version`, big-endian).
const SCHEMA_AT: usize = 60;

/// A station that has sent one parcel, with two more files waiting in its folder.
struct Used {
    _folder: tempfile::TempDir,
    stations: Stations,
}

impl Used {
    fn new() -> Self {
        let folder = fast_folder();
        let stations = Stations::new(folder.path());
        stations.put(&[SHAHO, KOKUHO, DPC]);
        let sent = stations.send(&[SHAHO]);
        assert_eq!(sent.exit, 0, "{}{}", sent.out, sent.err);
        Self { _folder: folder, stations }
    }

    fn journal(&self) -> PathBuf {
        self.stations.data(RECEKON).join("journal.db")
    }

    /// Every command that needs the journal ends with this code and its three sentences; nothing outside has changed.
    #[track_caller]
    fn refuses(&self, code: &str, exit: i32) {
        let outside = || (Tree::of(&self.stations.medium()), self.sources());
        let before = outside();
        let files = [DPC].map(|source| self.stations.watched(source).to_str().unwrap().to_owned());
        let medium = self.stations.medium().to_str().unwrap().to_owned();
        let commands: [&[&str]; 7] = [
            &["send", &files[0], "--to", &medium],
            &["receive", "--from", &medium],
            &["watch"],
            &["status"],
            &["ledger"],
            &["held", "list"],
            &["audit", "verify"],
        ];
        for command in commands {
            let run = self.stations.run(RECEKON, command);
            assert_eq!(run.exit, exit, "{command:?}: {}{}", run.out, run.err);
            complains(&run, code);
            assert_eq!(outside(), before, "{command:?}");
        }
        let doctor = self.stations.run(RECEKON, &["--json", "doctor"]);
        assert_ne!(doctor.exit, 70, "{}{}", doctor.out, doctor.err);
        assert!(doctor.of_type("check").iter().any(|check| check["code"] == code), "{}", doctor.out);
    }

    fn sources(&self) -> Vec<Option<Vec<u8>>> {
        [SHAHO, KOKUHO, DPC].map(|source| fs::read(self.stations.watched(source)).ok()).to_vec()
    }
}

/// What happened, whether anything was sent, what to do next.
#[track_caller]
fn complains(run: &Run, code: &str) {
    for words in [&format!("エラー {code}"), "何が起きたか: ", "送信の状況: ", "次にすること: "]
    {
        assert!(run.err.contains(words), "{words} in {}", run.err);
    }
}

#[test]
fn a_deleted_journal_is_not_made_anew() {
    let used = Used::new();
    fs::remove_file(used.journal()).unwrap();
    used.refuses("RZ-J103", 6);
    assert!(!used.journal().exists());
    write(&used.journal(), b"");
    used.refuses("RZ-J103", 6);
}

#[test]
fn another_stations_journal_is_not_taken() {
    let used = Used::new();
    let other = Used::new();
    write(&used.journal(), &fs::read(other.journal()).unwrap());
    used.refuses("RZ-J103", 6);
}

#[test]
fn a_journal_from_before_the_last_send_is_refused_until_the_newer_one_is_back() {
    let used = Used::new();
    let old = fs::read(used.journal()).unwrap();
    assert_eq!(used.stations.send(&[KOKUHO]).exit, 0);
    let new = fs::read(used.journal()).unwrap();
    write(&used.journal(), &old);
    used.refuses("RZ-J104", 6);
    write(&used.journal(), &new);
    assert_eq!(used.stations.send(&[DPC]).exit, 0);
}

#[test]
fn the_medium_remembers_what_a_restored_data_folder_forgot() {
    let used = Used::new();
    let backup = Tree::of(&used.stations.data(RECEKON));
    assert_eq!(used.stations.send(&[KOKUHO]).exit, 0);
    restore(&used.stations.data(RECEKON), &backup);
    let medium = Tree::of(&used.stations.medium());
    let again = used.stations.send(&[KOKUHO]);
    assert_eq!((again.exit, &again.of_type("error")[0]["code"]), (6, &"RZ-J105".into()), "{}", again.out);
    complains(&again, "RZ-J105");
    let now = Tree::of(&used.stations.medium());
    assert_eq!(now.files, medium.files, "nothing is written beside a parcel that the journal does not know");
    // What was sent before still arrives, and its acknowledgement waits for a person.
    assert_eq!(used.stations.receive(TERMINAL).exit, 0);
    let back = used.stations.receive(RECEKON);
    let held: Vec<_> = back.of_type("held").iter().map(|held| held["reason"].clone()).collect();
    assert_eq!((back.exit, &held[..]), (6, &["RZ-P111".into()][..]), "{}", back.out);
    complains(&back, "RZ-J105");
}

#[test]
fn a_lost_data_folder_is_noticed_by_the_medium() {
    let used = Used::new();
    fs::remove_dir_all(used.stations.data(RECEKON)).unwrap();
    let medium = Tree::of(&used.stations.medium());
    let again = used.stations.send(&[SHAHO]);
    assert_eq!((again.exit, &again.of_type("error")[0]["code"]), (6, &"RZ-J105".into()), "{}", again.out);
    assert_eq!(Tree::of(&used.stations.medium()).files, medium.files);
}

#[test]
fn a_claim_that_a_restored_data_folder_sends_again_waits_for_a_person_at_the_receiver() {
    let used = Used::new();
    let backup = Tree::of(&used.stations.data(RECEKON));
    let claim = KOKUHO.bytes();
    assert_eq!(used.stations.send(&[KOKUHO]).exit, 0);
    assert_eq!(used.stations.receive(TERMINAL).exit, 0);
    assert_eq!(used.stations.receive(RECEKON).exit, 0);
    assert!(Tree::of(&used.stations.medium()).files.is_empty(), "the medium remembers nothing");
    let inbox = delivered(&used.stations);
    restore(&used.stations.data(RECEKON), &backup);
    write(&used.stations.watched(KOKUHO), &claim);
    let again = used.stations.send(&[KOKUHO]);
    assert_eq!(again.exit, 0, "{}", again.out);
    let received = used.stations.receive(TERMINAL);
    let held: Vec<_> = received.of_type("held").iter().map(|held| held["reason"].clone()).collect();
    // The same content again, from a station whose history has another continuation than the one it showed before.
    assert_eq!(
        (received.exit, &held[..]),
        (6, &["RZ-G112".into(), "RZ-P112".into()][..]),
        "{}",
        received.out
    );
    assert_eq!(delivered(&used.stations), inbox, "nothing is delivered a second time");
}

#[test]
fn every_damaged_page_is_refused() {
    let used = Used::new();
    let whole = fs::read(used.journal()).unwrap();
    let pages = whole.len() / PAGE_BYTES;
    let medium = Tree::of(&used.stations.medium());
    for page in 0..pages {
        let mut damaged = whole.clone();
        damaged[page * PAGE_BYTES..(page + 1) * PAGE_BYTES].fill(0xa5);
        write(&used.journal(), &damaged);
        let run = used.stations.send(&[DPC]);
        assert_eq!(
            (run.exit, &run.of_type("error")[0]["code"]),
            (6, &"RZ-J102".into()),
            "page {page}: {}",
            run.out
        );
        complains(&run, "RZ-J102");
        assert_eq!(
            fs::read(used.journal()).unwrap(),
            damaged,
            "page {page}: a damaged journal is left as it is"
        );
    }
    println!("{pages} damaged pages, each refused");
    assert!(pages > 20);
    assert_eq!(Tree::of(&used.stations.medium()), medium);
    used.refuses("RZ-J102", 6);
    write(&used.journal(), &whole[..whole.len() / 2]);
    used.refuses("RZ-J102", 6);
    write(&used.journal(), &whole);
    assert_eq!(used.stations.send(&[DPC]).exit, 0);
}

#[test]
fn a_newer_journal_is_left_untouched() {
    let used = Used::new();
    let mut newer = fs::read(used.journal()).unwrap();
    newer[SCHEMA_AT..SCHEMA_AT + 4].copy_from_slice(&99u32.to_be_bytes());
    write(&used.journal(), &newer);
    used.refuses("RZ-J101", 2);
    assert_eq!(fs::read(used.journal()).unwrap(), newer);
}

/// Puts a folder back as it was.
fn restore(folder: &Path, backup: &Tree) {
    fs::remove_dir_all(folder).unwrap();
    for (name, bytes) in &backup.files {
        write(&folder.join(name), bytes);
    }
}

/// What stands in the terminal's inbox, without what waits in staging.
fn delivered(stations: &Stations) -> Vec<(String, Vec<u8>)> {
    let inbox = Tree::of(&stations.inbox(TERMINAL)).files;
    inbox.into_iter().filter(|(name, _)| !name.starts_with(".rezept-staging/")).collect()
}
