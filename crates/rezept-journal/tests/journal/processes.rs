//! Two processes at one data folder: one engine, whose lock dies with it; a kill at any moment leaves whole changes only.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rezept_journal::{
    EngineLock, FileState, Journal, JournalError, NewReturnFile, ParcelState, ReturnFilter, SystemClock,
};

use crate::common::{Station, begin, gated, good_disk, plan, return_file, returned};

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
        "importer" => {
            let mut journal = Journal::open(&data, &good_disk(), Arc::new(SystemClock), "importer").unwrap();
            println!("IMPORTING");
            std::io::stdout().flush().unwrap();
            for n in journal.return_files().unwrap().len().. {
                let n = u64::try_from(n).unwrap();
                let mut import = begin(&mut journal, &numbered(n));
                for k in 0..CLAIMS {
                    import.add(&returned(n * CLAIMS + k, "2026-03")).unwrap();
                }
                import.finish().unwrap();
            }
        }
        other => panic!("no role {other}"),
    }
}

/// Claims of a file of the importer.
const CLAIMS: u64 = 300;

/// A file of a key of its own.
fn numbered(n: u64) -> NewReturnFile {
    NewReturnFile { volume: n.to_string(), ..return_file(n, "2026-03") }
}

#[test]
fn a_kill_in_an_import_leaves_all_of_a_file_or_nothing_of_it() {
    let station = Station::new();
    drop(station.open());
    let mut files = 0;
    for round in 0..25 {
        let (mut importer, mut out) = start(&station, "importer");
        wait_for(&mut out, "IMPORTING");
        std::thread::sleep(std::time::Duration::from_millis(1 + round * 7 % 50));
        importer.kill().unwrap();
        importer.wait().unwrap();
        let journal = station.open();
        assert!(journal.verify_chain(&[]).unwrap().is_sound(), "round {round}");
        let imported = journal.return_files().unwrap();
        for file in &imported {
            let claims = journal
                .returned_claims(&ReturnFilter { file: Some(file.id), ..ReturnFilter::default() })
                .unwrap();
            assert_eq!(u64::try_from(claims.len()).unwrap(), CLAIMS, "round {round}, {file:?}");
            assert_eq!((file.claims, file.new_claims), (CLAIMS, CLAIMS));
            assert_eq!(journal.return_reasons(claims[299].id).unwrap().len(), 2);
        }
        files = imported.len();
    }
    let journal = station.open();
    let all = journal.returned_claims(&ReturnFilter::default()).unwrap().len();
    assert_eq!(all, files * usize::try_from(CLAIMS).unwrap(), "no claim without its file");
    assert!(files > 0, "no importer lived long enough");
    println!("25 kills, {files} files, 0 violations");
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
