//! Two processes at one data folder: one engine, whose lock dies with it; a kill at any moment leaves whole changes only.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rezept_journal::{EngineLock, FileState, Journal, JournalError, ParcelState, SystemClock};

use crate::common::{Station, gated, good_disk, plan};

const FOLDER: &str = "REZEPT_TEST_DATA";
const ROLE: &str = "REZEPT_TEST_ROLE";

fn start(station: &Station, role: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "processes::child", "--nocapture"])
        .env(FOLDER, &station.data)
        .env(ROLE, role)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    (child, out)
}

/// Reads until the child says the word.
fn wait_for(out: &mut impl BufRead, word: &str) {
    let mut line = String::new();
    while !line.contains(word) {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "the child ended before it said {word}");
    }
}

/// The other process.
#[test]
#[ignore = "started by the other tests of this file"]
fn child() {
    let Some(data) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    match std::env::var(ROLE).unwrap().as_str() {
        "engine" => {
            let _lock = EngineLock::acquire(&data).unwrap();
            println!("LOCKED");
            std::io::stdout().flush().unwrap();
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).unwrap();
        }
        "writer" => {
            let mut journal = Journal::open(&data, &good_disk(), Arc::new(SystemClock), "writer").unwrap();
            println!("WRITING");
            std::io::stdout().flush().unwrap();
            for n in 0.. {
                let n = n + journal.checkpoint().unwrap().seq * 1000;
                let id = gated(&mut journal, &format!("{n}.UKE"), n, n);
                plan(&mut journal, &format!("p{n}"), &[id]).unwrap();
            }
        }
        other => panic!("no role {other}"),
    }
}

#[test]
fn another_process_keeps_the_engine_lock_until_it_dies() {
    let station = Station::new();
    let (mut engine, mut out) = start(&station, "engine");
    wait_for(&mut out, "LOCKED");
    assert!(matches!(EngineLock::acquire(&station.data), Err(JournalError::EngineBusy)));
    // Beside a working engine anyone may read and ask.
    station.open().ask("send", "{}").unwrap();
    engine.kill().unwrap();
    engine.wait().unwrap();
    EngineLock::acquire(&station.data).unwrap();
}

#[test]
fn a_kill_at_any_moment_leaves_a_journal_that_opens_and_whole_changes() {
    let station = Station::new();
    drop(station.open());
    let mut parcels = 0;
    for round in 0..25 {
        let (mut writer, mut out) = start(&station, "writer");
        wait_for(&mut out, "WRITING");
        std::thread::sleep(std::time::Duration::from_millis(3 + round * 7 % 60));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let journal = station.open();
        let report = journal.verify_chain(&[]).unwrap();
        assert!(report.is_sound(), "round {round}: {report:?}");
        let planned = journal.parcels_in(rezept_journal::Direction::Out, &[ParcelState::Spooled]).unwrap();
        parcels = planned.len();
        for parcel in planned {
            let sources = journal.files_of_parcel(parcel.row).unwrap();
            assert_eq!(sources.len(), journal.parcel_files(parcel.row).unwrap().len());
            assert!(sources.iter().all(|file| file.state == FileState::InParcel));
        }
        assert_eq!(journal.files_in(&[FileState::InParcel]).unwrap().len(), parcels);
    }
    assert!(parcels > 0, "no writer lived long enough");
    println!("25 kills, {parcels} parcels, 0 violations");
}
