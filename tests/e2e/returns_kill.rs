//! Kills during the import of returns and the making of a resubmission file: before every system call that changes
//! something. Afterwards nothing is half there, and the same command again brings it to its end.

use std::fs;
use std::path::Path;

use crate::bench::fixture;
use crate::kill::{Moment, kill_at, list_moments, strace_is_missing};
use crate::returns::{Station, correct, ids};

const RESUBMIT: [&str; 5] = ["resubmit", "--payer", "1", "--month", "2025-01"];

/// A station just before the command, and the command.
type Ready = fn() -> (Station, Vec<String>);

fn before_import() -> (Station, Vec<String>) {
    (Station::new(), vec!["import-returns".to_owned(), fixture("hen_shaho")])
}

fn before_resubmit() -> (Station, Vec<String>) {
    let station = Station::new();
    station.good(&["import-returns", &fixture("hen_shaho")]);
    correct(&station);
    let out = station.out("out");
    let mut args = RESUBMIT.map(str::to_owned).to_vec();
    args.extend(["--out".to_owned(), out]);
    (station, args)
}

fn before_queue() -> (Station, Vec<String>) {
    let (station, args) = before_resubmit();
    (station, args[..RESUBMIT.len()].to_vec())
}

fn strs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

fn files_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// What is wrong with an import after a kill and after it was run again.
fn import_is_whole(station: &Station, args: &[&str]) -> Result<(), String> {
    let claims = ids(&station.run(&["returns", "list", "--all"])).len();
    if claims != 0 && claims != 2 {
        return Err(format!("{claims} claims are there"));
    }
    let again = station.run(args);
    let import = &again.of_type("import")[0];
    if again.exit != 0 || import["claims"] != 2 || import["new"] != 2 - claims {
        return Err(format!("again: {again:?}"));
    }
    let left = files_in(&station.path("data/returns"));
    if left.len() != 1 || Path::new(&left[0]).extension().is_none_or(|end| end != "hen") {
        return Err(format!("the store holds {left:?}"));
    }
    sound(station)
}

fn sound(station: &Station) -> Result<(), String> {
    let audit = station.run(&["audit", "verify"]);
    if audit.of_type("audit")[0]["sound"] == true { Ok(()) } else { Err(format!("{audit:?}")) }
}

/// The file is there whole and its claims are taken, or neither; again, it is made or was made.
fn resubmission_is_whole(station: &Station, args: &[&str]) -> Result<(), String> {
    let sample = fs::read(fixture("resubmit_shaho/RECEIPTC.UKE")).unwrap();
    let queued = args.len() == RESUBMIT.len();
    let again = station.run(args);
    let made = again.of_type("resubmission").len() == 1;
    let before = again.of_type("error").iter().all(|error| error["code"] == "RZ-R208") && again.exit == 1;
    let taken = again.of_type("error").iter().all(|error| error["code"] == "RZ-R211") && again.exit == 5;
    if !(made && again.exit == 0 || before || taken) {
        return Err(format!("again: {again:?}"));
    }
    let in_file = ids(&station.run(&["returns", "list", "--state", "in-file"])).len();
    if in_file != 2 {
        return Err(format!("{in_file} claims are in a file: {again:?}"));
    }
    let counting: Vec<_> = station
        .run(&["resubmit", "list"])
        .of_type("resubmission")
        .into_iter()
        .filter(|made| made["state"] != "cancelled")
        .collect();
    let [one] = &counting[..] else { return Err(format!("{counting:?}")) };
    let path = one["path"].as_str().unwrap();
    if !fs::read(path).is_ok_and(|bytes| bytes == sample) {
        return Err(format!("{path} is not the file"));
    }
    if (one["state"] == "queued") != queued {
        return Err(format!("{one}"));
    }
    if !queued && files_in(&station.path("out")) != ["RECEIPTC.UKE"] {
        return Err(format!("beside the file: {:?}", files_in(&station.path("out"))));
    }
    if queued && station.run(&["status"]).of_type("waiting").len() != 1 {
        return Err("the file does not wait for transfer".to_owned());
    }
    sound(station)
}

fn every_kill(name: &str, ready: Ready, whole: fn(&Station, &[&str]) -> Result<(), String>) {
    let (station, args) = ready();
    if let Some(reason) = strace_is_missing(&station.command(&["--version"])) {
        println!("skipped, the engine's kills are tried in process: {reason}");
        return;
    }
    let calls = tempfile::tempdir().unwrap();
    let moments = list_moments(&station.command(&strs(&args)), &calls.path().join("calls"));
    whole(&station, &strs(&args)).unwrap();
    assert!(moments.len() >= 40, "only {} moments", moments.len());
    let mut violations: Vec<(Moment, String)> = Vec::new();
    let mut hit = 0;
    for moment in &moments {
        let (station, args) = ready();
        hit += usize::from(kill_at(station.command(&strs(&args)), moment));
        if let Err(violation) = whole(&station, &strs(&args)) {
            violations.push((moment.clone(), violation));
        }
    }
    println!("{name}: {hit} kill points, {} violations", violations.len());
    assert!(violations.is_empty(), "{violations:#?}");
    assert!(hit * 10 >= moments.len() * 9, "only {hit} of {} were hit", moments.len());
}

#[test]
fn an_import_is_never_half() {
    every_kill("import-returns", before_import, import_is_whole);
}

#[test]
fn a_resubmission_file_is_never_half() {
    every_kill("resubmit --out", before_resubmit, resubmission_is_whole);
}

#[test]
fn a_queued_resubmission_is_never_half() {
    every_kill("resubmit", before_queue, resubmission_is_whole);
}
