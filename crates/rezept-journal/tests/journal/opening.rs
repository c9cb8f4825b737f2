//! Opening: what is made on first use, and which journals are refused: unfit disks, newer schemas, journals that were lost,
//! replaced or restored from a backup. A refusal changes nothing.

use std::fs;

use rezept_journal::{
    Disk, EngineLock, FileState, Journal, JournalError, ParcelChange, ParcelState, Subject,
};

use crate::common::{Station, content, found, gated, good_disk, parcel_file, place, plan, put, stamp};

fn send(journal: &mut Journal, n: u64) {
    let id = gated(journal, &format!("{n}.UKE"), n, n);
    plan(journal, &format!("p{n}"), &[id]).unwrap();
}

/// All files of the data folder but the ones SQLite keeps beside an open database.
fn folder(station: &Station) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(&station.data)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .filter(|(name, _)| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect();
    all.sort();
    all
}

#[test]
fn first_use_makes_a_journal_in_wal_mode_and_a_mark() {
    let station = Station::new();
    let looked =
        Journal::open_existing(&station.data, &good_disk(), station.clock.clone(), "status").unwrap();
    assert!(looked.is_none());
    assert_eq!(folder(&station), [], "looking makes nothing");
    let journal = station.open();
    assert_eq!(journal.folder(), station.data);
    let names: Vec<_> = folder(&station).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["journal.db", "journal.mark"]);
    let raw = station.raw();
    let mode: String = raw.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    let version: i64 = raw.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!((mode.as_str(), version), ("wal", 4));
    let looked =
        Journal::open_existing(&station.data, &good_disk(), station.clock.clone(), "status").unwrap();
    assert!(looked.is_some());
}

#[test]
fn many_processes_may_open_for_the_first_time_at_once() {
    for _ in 0..20 {
        let station = Station::new();
        let start = std::sync::Barrier::new(6);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    start.wait();
                    station.open().ask("send", "{}").unwrap();
                });
            }
        });
        let mut journal = station.open();
        let mut taken = 0;
        while let Some(request) = journal.take_request().unwrap() {
            journal.answer(request.id, "").unwrap();
            taken += 1;
        }
        assert_eq!(taken, 6);
    }
}

#[test]
fn an_unfit_disk_is_refused_before_anything_is_made() {
    let station = Station::new();
    for (file_system, removable) in [("exfat", None), ("cifs", Some(false)), ("ext4", Some(true))] {
        let disk = Disk { file_system: file_system.into(), removable };
        let refused = Journal::open(&station.data, &disk, station.clock.clone(), "test").unwrap_err();
        assert!(matches!(refused, JournalError::UnfitDisk { file_system: f } if f == file_system));
    }
    assert_eq!(folder(&station), []);
    let unknown = Disk { file_system: "unknown".into(), removable: None };
    Journal::open(&station.data, &unknown, station.clock.clone(), "test").unwrap();
}

#[test]
fn a_newer_schema_is_refused_and_left_as_it_is() {
    let station = Station::new();
    send(&mut station.open(), 1);
    station.raw().execute_batch("PRAGMA user_version = 5; CREATE TABLE future (x)").unwrap();
    station.backup();
    let before = folder(&station);
    assert!(matches!(station.refused(), JournalError::NewerSchema { known: 4 }));
    assert_eq!(folder(&station), before);
    // Also one that no version of SQLite counts up to.
    station.raw().execute_batch("PRAGMA user_version = -5").unwrap();
    assert!(matches!(station.refused(), JournalError::Damaged { .. }));
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let station = Station::new();
    station.raw().execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    let before = folder(&station);
    assert!(matches!(station.refused(), JournalError::Damaged { .. }));
    assert_eq!(folder(&station), before);
}

#[test]
fn a_journal_that_was_deleted_or_emptied_is_lost_and_no_new_one_takes_its_place() {
    let station = Station::new();
    send(&mut station.open(), 1);
    station.remove_database();
    let before = folder(&station);
    assert!(matches!(station.refused(), JournalError::Lost));
    let looked = Journal::open_existing(&station.data, &good_disk(), station.clock.clone(), "status");
    assert!(matches!(looked, Err(JournalError::Lost)));
    assert_eq!(folder(&station), before);
    put(&station.database(), b"");
    assert!(matches!(station.refused(), JournalError::Lost));
    assert_eq!(fs::read(station.database()).unwrap(), b"", "nothing was built into it");
}

#[test]
fn a_journal_of_another_station_is_not_taken_for_ours() {
    let (ours, theirs) = (Station::new(), Station::new());
    send(&mut ours.open(), 1);
    for n in 1..5 {
        send(&mut theirs.open(), n);
    }
    ours.restore(&theirs.backup());
    let before = folder(&ours);
    assert!(matches!(ours.refused(), JournalError::Lost));
    assert_eq!(folder(&ours), before);
}

#[test]
fn a_sender_restored_from_a_backup_is_behind() {
    let station = Station::new();
    let mut journal = station.open();
    send(&mut journal, 1);
    drop(journal);
    let old = station.backup();
    send(&mut station.open(), 2);
    station.restore(&old);
    assert!(matches!(station.refused(), JournalError::Behind { journal: 1, marked: 2 }));
    assert_eq!(fs::read(station.database()).unwrap(), old);
}

#[test]
fn a_receiver_restored_from_a_backup_is_behind_though_it_sent_nothing() {
    let station = Station::new();
    let mut journal = station.open();
    let row = journal.found_parcel(&found("p1", 1)).unwrap().row;
    journal.move_parcel(row, ParcelState::Authentic, &ParcelChange::default()).unwrap();
    let old = station.backup();
    let files = [parcel_file(0, None, &content(1, 1))];
    journal.set_incoming_files(row, ParcelState::Copied, &files, &ParcelChange::default()).unwrap();
    journal.move_parcel(row, ParcelState::Valid, &ParcelChange::default()).unwrap();
    journal.files_delivered(row, &[0]).unwrap();
    journal.move_parcel(row, ParcelState::Delivered, &ParcelChange::default()).unwrap();
    let head = journal.checkpoint().unwrap().seq;
    drop(journal);
    station.restore(&old);
    assert!(matches!(station.refused(), JournalError::Behind { journal: 2, marked } if marked == head));
}

#[test]
fn a_backup_that_went_on_by_itself_is_not_taken_for_ours() {
    let station = Station::new();
    send(&mut station.open(), 1);
    let old = station.backup();
    send(&mut station.open(), 2);
    let mark = fs::read(station.mark()).unwrap();
    // Somewhere else the copy lives on, further than ours had come.
    let copy = Station::new();
    copy.restore(&old);
    for n in 5..9 {
        send(&mut copy.open(), n);
    }
    station.restore(&copy.backup());
    put(&station.mark(), &mark);
    assert!(matches!(station.refused(), JournalError::Lost));
}

#[test]
fn a_kill_between_commit_and_mark_is_accepted_and_the_mark_catches_up() {
    let station = Station::new();
    send(&mut station.open(), 1);
    let lagging = fs::read(station.mark()).unwrap();
    send(&mut station.open(), 2);
    // As after a kill: the parcel is stored, the mark still the one before; a new mark was perhaps begun.
    put(&station.mark(), &lagging);
    put(&station.data.join(".journal.markXXXXXX"), b"");
    let old = station.backup();
    let mut journal = station.open();
    assert_eq!(journal.highest_sequence().unwrap(), 2);
    assert_ne!(fs::read(station.mark()).unwrap(), lagging);
    // From here on a copy from before is noticed again.
    journal.see_file(&place("x"), stamp(1)).unwrap();
    drop(journal);
    drop(station.open());
    station.restore(&old);
    assert!(matches!(station.refused(), JournalError::Behind { .. }));
}

#[test]
fn a_kill_on_first_use_before_the_mark_is_accepted() {
    let station = Station::new();
    let id = station.open().see_file(&place("a.UKE"), stamp(1)).unwrap();
    fs::remove_file(station.mark()).unwrap();
    assert_eq!(station.open().file(id).unwrap().state, FileState::Seen);
    assert!(station.mark().exists());
    // Killed before even the schema was there.
    let station = Station::new();
    put(&station.database(), b"");
    station.open().see_file(&place("a.UKE"), stamp(1)).unwrap();
}

#[test]
fn the_mark_never_leads() {
    let station = Station::new();
    let mut journal = station.open();
    for n in 1..20 {
        send(&mut journal, n);
        let mark = fs::read_to_string(station.mark()).unwrap();
        let sequence: u64 = mark.lines().nth(1).unwrap().parse().unwrap();
        let seq: u64 = mark.lines().nth(2).unwrap().split(' ').next().unwrap().parse().unwrap();
        assert_eq!((sequence, seq), (n, journal.checkpoint().unwrap().seq));
    }
    // A plan that fails leaves the mark alone.
    let before = fs::read(station.mark()).unwrap();
    plan(&mut journal, "p1", &[]).unwrap_err();
    assert_eq!(fs::read(station.mark()).unwrap(), before);
    assert_eq!(journal.history(Subject::Parcel(20)).unwrap(), []);
}

#[test]
fn a_mark_that_cannot_be_written_does_not_undo_a_stored_plan() {
    let station = Station::new();
    let mut journal = station.open();
    // A folder in the place of the mark cannot be replaced by a file, whoever asks.
    fs::remove_file(station.mark()).unwrap();
    fs::create_dir(station.mark()).unwrap();
    put(&station.mark().join("x"), b"");
    send(&mut journal, 1);
    drop(journal);
    fs::remove_dir_all(station.mark()).unwrap();
    let mut journal = station.open();
    assert_eq!(journal.highest_sequence().unwrap(), 1);
    send(&mut journal, 2);
}

#[test]
fn a_damaged_mark_stops_the_station() {
    let station = Station::new();
    send(&mut station.open(), 1);
    let mark = fs::read(station.mark()).unwrap();
    for cut in 0..mark.len() {
        put(&station.mark(), &mark[..cut]);
        assert!(matches!(station.refused(), JournalError::Damaged { .. }), "cut at {cut}");
    }
    for rubbish in [&[0xff; 300][..], b"hello\n", &[mark.as_slice(), b"\n"].concat()] {
        put(&station.mark(), rubbish);
        assert!(matches!(station.refused(), JournalError::Damaged { .. }));
    }
    // Every changed byte is a damaged mark, another journal, or a journal behind: never a quiet start.
    for at in 0..mark.len() {
        let mut changed = mark.clone();
        changed[at] ^= 1;
        put(&station.mark(), &changed);
        match station.try_open() {
            Err(JournalError::Damaged { .. } | JournalError::Lost | JournalError::Behind { .. }) => {}
            // A smaller number is what a lagging mark looks like.
            Ok(_) if at == 33 => {}
            other => panic!("byte {at}: {other:?}"),
        }
    }
    put(&station.mark(), &mark);
    station.open();
}

#[test]
fn one_engine_at_a_time_in_one_process_too() {
    let station = Station::new();
    let lock = EngineLock::acquire(&station.data).unwrap();
    assert!(matches!(EngineLock::acquire(&station.data), Err(JournalError::EngineBusy)));
    // Reading and asking need no lock.
    station.open().ask("send", "{}").unwrap();
    drop(lock);
    EngineLock::acquire(&station.data).unwrap();
    let elsewhere = EngineLock::acquire(&station.data.join("missing")).unwrap_err();
    assert!(matches!(elsewhere, JournalError::Io { verb: "open", .. }));
}
