//! Kills: the process dies before and after every operation on a volume and inside every change of the journal, and once
//! more in the recovery from that. Every cut point and every pair is covered, none sampled.
//!
//! A killed process leaves only what stands on volumes and in journals. Two cuts between which neither changed leave the
//! same world, so a pair is tried once for each pair of *worlds*; that such worlds are indeed the same is asserted.

use std::sync::{Arc, Mutex};

use rezept_journal::Direction;
use rezept_testkit::faults::{Faults, Killed};

use crate::bench::{Bench, claim};
use crate::invariants::{Story, always, converged};
use crate::parallel::on_all_cores;

/// Whether an operation can leave another world behind. Flushes matter to power cuts only, which have their own tests. The
/// clock is asked inside every change of a journal and nowhere else, so between two looks at it the journal stands still.
fn changes_the_world(line: &str) -> bool {
    let verb = line.split(' ').nth(1).unwrap_or_default();
    ["now", "mkdir", "create", "write", "rename", "remove", "rmdir"].contains(&verb)
}

/// The operations before which the world is another than before the operation before.
fn worlds_of(log: &[String]) -> Vec<u64> {
    let changed = |number: &usize| *number == 0 || changes_the_world(&log[number - 1]);
    (0..log.len()).filter(changed).map(|number| number as u64).collect()
}

/// Which of the worlds a kill at this cut leaves. After an operation is the same moment as before the next one, but after a
/// look at the clock the change of the journal is still under way.
fn world_at(cut: usize, log: &[String], worlds: &[u64]) -> usize {
    let number = cut / 2;
    let effective = cut % 2 == 1 && log[number] != "clock now";
    let next = if effective { number + 1 } else { number };
    if next == log.len() && changes_the_world(&log[number]) {
        return worlds.len();
    }
    worlds.partition_point(|first| *first <= next as u64) - 1
}

type Run = fn(&Bench, &Faults) -> Result<(), Killed>;

fn journey(world: &Bench, faults: &Faults) -> Result<(), Killed> {
    world.journey(faults).map(|errors| assert!(errors.is_empty(), "{errors:?}"))
}

fn recovery(world: &Bench, faults: &Faults) -> Result<(), Killed> {
    world.converge_under(&[0], faults).map(|errors| assert!(errors.is_empty(), "{errors:?}"))
}

fn log_of(world: &Bench, run: Run) -> Vec<String> {
    let faults = Faults::none().logged();
    let copy = world.snapshot();
    run(&copy, &faults).unwrap();
    assert_eq!(converged(&copy, &Story::default()), Vec::<String>::new());
    faults.log()
}

/// Every world that a kill during this run can leave, copied at the cut itself: the log of the journal lies there as a kill
/// leaves it, which a connection that is closed in an orderly way would clean up.
fn worlds_in(world: &Bench, run: Run, log: &[String]) -> Vec<Bench> {
    let copy = Arc::new(world.snapshot());
    let found = Arc::new(Mutex::new(Vec::new()));
    let mut faults = Faults::none();
    for number in worlds_of(log) {
        let (copy, found) = (Arc::clone(&copy), Arc::clone(&found));
        faults = faults.call_at(number, move || found.lock().unwrap().push(copy.snapshot()));
    }
    run(&copy, &faults).unwrap();
    assert_eq!(faults.operations(), log.len() as u64, "the same run twice");
    let mut worlds = std::mem::take(&mut *found.lock().unwrap());
    // After the last operation.
    worlds.push(copy.snapshot());
    worlds
}

/// What is wrong after a kill, at once and after the next runs.
fn check(world: &Bench, at: &str) -> Vec<String> {
    let mut wrong = always(world, &Story::default());
    let failed = world.converge(&[0]);
    wrong.extend(failed.iter().map(|error| format!("the next runs fail: {error:?}")));
    wrong.extend(converged(world, &Story::default()));
    wrong.iter().map(|sentence| format!("{at}: {sentence}")).collect()
}

fn every_cut(name: &str, world: &Bench, least: u64) {
    let log = log_of(world, journey);
    let cuts = log.len() * 2;
    assert!(cuts as u64 >= least, "{cuts} cut points");
    let starts = worlds_of(&log);
    let copies = worlds_in(world, journey, &log);
    let violations: Vec<String> = on_all_cores(cuts, |cut| {
        let faults = Faults::none().kill_at(cut as u64);
        let run = world.snapshot();
        assert_eq!(journey(&run, &faults), Err(Killed), "cut {cut}");
        let world = world_at(cut, &log, &starts);
        let at = format!("cut {cut} at {}", log[cut / 2]);
        if run.fingerprint() != copies[world].fingerprint() {
            return vec![format!("{at}: not the world that was copied there")];
        }
        check(&run, &at)
    })
    .concat();
    println!("{name}: {cuts} cut points ({} worlds), {} violations", copies.len(), violations.len());
    assert!(violations.is_empty(), "{violations:#?}");
}

fn every_pair(name: &str, world: &Bench) {
    let log = log_of(world, journey);
    let firsts = worlds_in(world, journey, &log);
    let starts = worlds_of(&log);
    let mut same = vec![0; firsts.len()];
    for cut in 0..log.len() * 2 {
        same[world_at(cut, &log, &starts)] += 1;
    }
    let results = on_all_cores(firsts.len(), |first| {
        let recovery_log = log_of(&firsts[first], recovery);
        let seconds = worlds_in(&firsts[first], recovery, &recovery_log);
        let wrong: Vec<String> = seconds
            .iter()
            .enumerate()
            .flat_map(|(second, world)| check(world, &format!("{name}: worlds {first} and {second}")))
            .collect();
        (same[first] * recovery_log.len() * 2, seconds.len(), wrong)
    });
    let pairs: usize = results.iter().map(|(pairs, ..)| pairs).sum();
    let tried: usize = results.iter().map(|(_, tried, _)| tried).sum();
    let violations: Vec<&String> = results.iter().flat_map(|(.., wrong)| wrong).collect();
    let cuts = log.len() * 2;
    println!(
        "{name}: {cuts} cut points, {pairs} pairs ({} worlds, {tried} pairs of worlds), {} violations",
        firsts.len(),
        violations.len()
    );
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn every_cut_of_two_stations() {
    let world = Bench::new().with_claims();
    every_cut("two stations", &world, 500);
    let done = world.snapshot();
    done.converge(&[0]);
    assert_eq!(
        (done.states(0, Direction::Out), done.states(1, Direction::In)),
        (vec!["ARCHIVED"], vec!["ACK_WRITTEN"])
    );
}

#[test]
fn every_cut_of_two_paired_stations() {
    every_cut("two paired stations", &Bench::sealed().with_claims(), 700);
}

#[test]
fn every_pair_of_cuts_of_two_paired_stations() {
    let mut world = Bench::sealed();
    world.put(0, "shaho.uke", claim(1, "2024-11", "RECEIPTC.UKE", 300, 1));
    every_pair("two paired stations", &world);
}

#[test]
fn every_cut_of_a_station_that_does_both() {
    every_cut("single station", &Bench::single().with_claims(), 200);
}

#[test]
fn every_pair_of_cuts_of_two_stations() {
    let mut world = Bench::new();
    world.put(0, "shaho.uke", claim(1, "2024-11", "RECEIPTC.UKE", 300, 1));
    world.put(0, "kokuho.uke", claim(2, "2024-11", "RECEIPTC.UKE", 70, 2));
    every_pair("two stations", &world);
}

#[test]
fn every_pair_of_cuts_of_a_station_that_does_both() {
    every_pair("single station", &Bench::single().with_claims());
}
