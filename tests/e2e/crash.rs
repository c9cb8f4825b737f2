//! Crashes by a real SIGKILL of the built binary: at every system call that changes something, on both stations; again
//! during the recovery; and at any moment. Afterwards the same commands are run to the end, and the invariants of
//! docs/crash-model.md must hold: nothing lost before its acknowledgement, nothing doubled, nothing left over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rezept_testkit::rng::Rng;
use serde_json::Value;

use crate::bench::{Run, rezept};
use crate::kill::{Moment, kill_at, list_moments, spread, strace_is_missing, time_of};
use crate::registered;
use crate::stations::{KOKUHO, RECEKON, SHAHO, Source, Stations, TERMINAL, Tree, fast_folder, strs};

const SENT: [Source; 2] = [SHAHO, KOKUHO];
/// Pairs of kills that are tried, of the many thousands there are. The model volume tries all of its own.
const PAIRS: usize = 150;
/// Of the kill points of sealed parcels one in so many is tried.
const SEALED_EVERY: usize = 4;
/// Kills after a time, for each command, where strace gives exact moments besides; and where it does not.
const TIMED_BESIDES: u32 = 20;
const TIMED_ALONE: u32 = 200;

/// The commands of a journey, in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Step {
    Send,
    ReceiveParcel,
    ReceiveAck,
}

const JOURNEY: [Step; 3] = [Step::Send, Step::ReceiveParcel, Step::ReceiveAck];

/// Two stations that are set up anew for every case, always in the same folder: the journal stores paths.
struct Bed {
    root: PathBuf,
    stations: Stations,
    form: Form,
}

/// Whether the stations are paired.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Plain,
    Sealed,
}

impl Bed {
    /// Both stations as they are just before a command of the journey.
    fn before(root: &Path, form: Form, step: Step) -> Result<Self, String> {
        let _ = std::fs::remove_dir_all(root);
        std::fs::create_dir_all(root).unwrap();
        let bed = Self { root: root.to_owned(), stations: Stations::new(root), form };
        if form == Form::Sealed {
            registered::pair(&bed.stations);
            for name in [RECEKON, TERMINAL] {
                registered::register(&bed.stations, name, &bed.stations.medium());
            }
        }
        bed.stations.put(&SENT);
        for earlier in JOURNEY.into_iter().filter(|earlier| *earlier < step) {
            ended(&bed.run(earlier), &[0], "before the kill")?;
        }
        Ok(bed)
    }

    fn command(&self, step: Step) -> Command {
        match step {
            Step::Send => self.stations.command(RECEKON, &strs(&self.stations.send_args(&SENT))),
            Step::ReceiveParcel => self.stations.command(TERMINAL, &strs(&self.stations.receive_args())),
            Step::ReceiveAck => self.stations.command(RECEKON, &strs(&self.stations.receive_args())),
        }
    }

    fn run(&self, step: Step) -> Run {
        match step {
            Step::Send => self.stations.send(&SENT),
            Step::ReceiveParcel => self.stations.receive(TERMINAL),
            Step::ReceiveAck => self.stations.receive(RECEKON),
        }
    }

    /// What must hold at any moment: I1, and I2 for what already stands in the inbox.
    fn nothing_lost_or_wrong(&self, step: Step) -> Result<(), String> {
        let archive = Tree::of(&self.stations.data(RECEKON).join("archive"));
        for source in SENT {
            let in_place =
                std::fs::read(self.stations.watched(source)).is_ok_and(|bytes| bytes == source.bytes());
            let archived = archive.files.iter().any(|(name, bytes)| {
                !name.ends_with(".part") && name.ends_with("RECEIPTC.UKE") && *bytes == source.bytes()
            });
            if !(in_place || step == Step::ReceiveAck && archived) {
                return Err(format!("I1: {} is neither in its folder nor archived", source.place));
            }
        }
        let inbox = Tree::of(&self.stations.inbox(TERMINAL));
        for (name, bytes) in inbox.files.iter().filter(|(name, _)| !name.starts_with(".rezept-staging/")) {
            let right = SENT.iter().any(|source| source.inbox == name && source.bytes() == *bytes);
            if !right {
                return Err(format!("I2: {name} in the inbox is not what was sent"));
            }
        }
        Ok(())
    }

    /// The same commands again, to the end and once more.
    fn go_on(&self, step: Step) -> Result<(), String> {
        let sent = self.run(Step::Send);
        // Once the acknowledgement is there, the sources are put away and cannot be named any more.
        let there = SENT.iter().all(|source| self.stations.watched(*source).exists());
        ended(&sent, if there { &[0] } else { &[0, 3, 4] }, "send again")?;
        if step == Step::Send {
            let parcels = sent.of_type("transfer");
            let states: Vec<&Value> = parcels.iter().map(|parcel| &parcel["state"]).collect();
            if states != ["COMMITTED"] {
                return Err(format!("I5: send again ended in {states:?}"));
            }
            let level = parcels[0]["verify_level"].as_str().unwrap();
            if !honest_levels(&self.root).contains(&level) {
                return Err(format!("I7: {level} on this medium"));
            }
        }
        for step in [Step::ReceiveParcel, Step::ReceiveAck, Step::ReceiveParcel, Step::ReceiveAck] {
            ended(&self.run(step), &[0], "receive again")?;
            self.nothing_lost_or_wrong(Step::ReceiveAck)?;
        }
        Ok(())
    }

    /// I2, I4, I5, I7 at the end, and that nothing is left over anywhere.
    fn all_is_well(&self) -> Result<(), String> {
        let mut id = String::new();
        for (station, state, level) in [(RECEKON, "ARCHIVED", "L4"), (TERMINAL, "ACK_WRITTEN", "")] {
            let audit = self.stations.run(station, &["audit", "verify"]);
            ended(&audit, &[0], "I4: audit verify")?;
            let status = self.stations.run(station, &["--json", "status"]);
            ended(&status, &[0], "I5: status")?;
            let parcels = status.of_type("transfer");
            let [parcel] = &parcels[..] else {
                return Err(format!("I2: {station} knows more or less than one parcel: {}", status.out));
            };
            if parcel["state"] != state || parcel["files"].as_array().map(Vec::len) != Some(2) {
                return Err(format!("I5: {station} ended with {parcel}"));
            }
            let found = parcel["verify_level"].as_str().unwrap();
            if !(found == level || level.is_empty() && honest_levels(&self.root).contains(&found)) {
                return Err(format!("I7: {station} claims {found}"));
            }
            if !(id.is_empty() || parcel["id"] == *id) {
                return Err("I2: the stations speak of different parcels".to_owned());
            }
            parcel["id"].as_str().unwrap().clone_into(&mut id);
        }
        let inbox = Tree::of(&self.stations.inbox(TERMINAL));
        let delivered: BTreeMap<String, Vec<u8>> =
            SENT.into_iter().map(|source| (source.inbox.to_owned(), source.bytes())).collect();
        if inbox.files != delivered {
            return Err(format!("I2: the inbox holds {:?}", inbox.names()));
        }
        let (found, wanted) = (self.shape(&id), expected_shape(self.form));
        let only = |these: &BTreeSet<String>, those: &BTreeSet<String>| -> Vec<String> {
            these.difference(those).cloned().collect()
        };
        let (left, missing) = (only(&found, &wanted), only(&wanted, &found));
        if left.is_empty() && missing.is_empty() {
            Ok(())
        } else {
            Err(format!("I5: left over {left:?}, missing {missing:?}"))
        }
    }

    /// Every name below both stations and the medium, without the parcel's id.
    fn shape(&self, id: &str) -> BTreeSet<String> {
        let tree = Tree::of(&self.root);
        let names = tree.files.keys().cloned().chain(tree.folders.iter().map(|folder| format!("{folder}/")));
        names.map(|name| name.replace(id, "ID")).collect()
    }
}

/// What stands on the disks after a journey, however often it was interrupted.
fn expected_shape(form: Form) -> BTreeSet<String> {
    let mut names: Vec<String> = Vec::new();
    if form == Form::Sealed {
        names.push("medium/REZEPT/medium.id".to_owned());
        for name in [RECEKON, TERMINAL] {
            let keys = ["", "secret.bin", "station.age", "store.txt"];
            names.extend(keys.map(|part| format!("{name}/data/keys/{part}")));
        }
    }
    for name in [RECEKON, TERMINAL] {
        names.push(format!("{name}.toml"));
        for part in [
            "",
            "data/",
            "data/archive/",
            "data/spool/",
            "data/engine.lock",
            "data/journal.db",
            "data/journal.mark",
            "data/prints.bin",
            "inbox/",
            "watch/",
        ] {
            names.push(format!("{name}/{part}"));
        }
    }
    names.push(format!("{RECEKON}/data/spool/kept/"));
    for payer in ["kokuho", "shaho"] {
        names.push(format!("recekon-1/watch/{payer}/"));
        for part in ["", "ID-01/", "ID-01/RECEIPTC.UKE"] {
            names.push(format!("recekon-1/data/archive/202411/{payer}/{part}"));
        }
        names.push(format!("terminal-1/inbox/202411/{payer}/"));
        names.push(format!("terminal-1/inbox/202411/{payer}/RECEIPTC.UKE"));
    }
    names.extend(["recekon-1/data/archive/202411/", "terminal-1/inbox/202411/"].map(str::to_owned));
    for part in [
        "",
        "REZEPT/",
        "REZEPT/recekon-1/",
        "REZEPT/recekon-1/terminal-1/",
        "REZEPT/terminal-1/",
        "REZEPT/terminal-1/recekon-1/",
    ] {
        names.push(format!("medium/{part}"));
    }
    names.into_iter().collect()
}

/// Levels that may be claimed before the acknowledgement: in memory there is nothing but the cache.
fn honest_levels(root: &Path) -> &'static [&'static str] {
    if root.starts_with("/dev/shm") { &["L1"] } else { &["L1", "L2"] }
}

fn ended(run: &Run, allowed: &[i32], what: &str) -> Result<(), String> {
    if allowed.contains(&run.exit) {
        Ok(())
    } else {
        Err(format!("{what}: exit {}: {} {}", run.exit, run.out, run.err))
    }
}

/// A case: one command of the journey, and the moments at which it and its repetitions are killed.
#[derive(Clone, Debug)]
struct Case {
    form: Form,
    step: Step,
    moments: Vec<Moment>,
}

/// What came of a case: how many of its kills hit, and what was violated.
#[derive(Default)]
struct Tally {
    hit: usize,
    missed: usize,
    violations: Vec<String>,
}

/// Tries one case; `Ok` with the number of kills that hit.
fn survive(root: &Path, case: &Case) -> Result<usize, String> {
    let bed = Bed::before(root, case.form, case.step)?;
    let mut hit = 0;
    for moment in &case.moments {
        hit += usize::from(kill_at(bed.command(case.step), moment));
        bed.nothing_lost_or_wrong(case.step)?;
    }
    bed.go_on(case.step)?;
    bed.all_is_well()?;
    Ok(hit)
}

/// Tries all cases on all cores.
fn try_all<C: Sync>(cases: &[C], work: impl Fn(&Path, &C) -> Result<(usize, usize), String> + Sync) -> Tally {
    let next = AtomicUsize::new(0);
    let tally = Mutex::new(Tally::default());
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let folder = fast_folder();
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = work(&folder.path().join("bed"), case);
                    let mut tally = tally.lock().unwrap();
                    match result {
                        Ok((hit, of)) => {
                            tally.hit += hit;
                            tally.missed += of - hit;
                        }
                        Err(violation) => tally.violations.push(violation),
                    }
                }
            });
        }
    });
    tally.into_inner().unwrap()
}

fn try_cases(cases: &[Case]) -> Tally {
    try_all(cases, |root, case| match survive(root, case) {
        Ok(hit) => Ok((hit, case.moments.len())),
        Err(violation) => Err(format!("{case:?}: {violation}")),
    })
}

/// Prints the count and fails on the first violations.
#[track_caller]
fn conclude(what: &str, tally: &Tally, began: Instant) {
    let (hit, missed, found) = (tally.hit, tally.missed, tally.violations.len());
    let seconds = began.elapsed().as_secs_f32();
    println!("{hit} {what}, {found} violations ({missed} not reached, {seconds:.0} s)");
    let first: Vec<&str> = tally.violations.iter().take(5).map(String::as_str).collect();
    assert!(first.is_empty(), "{}", first.join("\n"));
}

/// Prints why exact moments cannot be had on this machine, if they cannot.
fn no_strace() -> bool {
    let missing = strace_is_missing(&rezept(&["--version"]));
    if let Some(why) = &missing {
        println!("skipped: kills at system calls: {why}; kills spread over time instead");
    }
    missing.is_some()
}

/// The moments of one command, listed once.
fn moments_of(form: Form, step: Step) -> Vec<Moment> {
    let folder = fast_folder();
    let bed = Bed::before(&folder.path().join("bed"), form, step).unwrap();
    list_moments(&bed.command(step), &folder.path().join("calls"))
}

fn timed_cases(form: Form, n: u32) -> Vec<Case> {
    let mut cases = Vec::new();
    for step in JOURNEY {
        let folder = fast_folder();
        let time = || time_of(Bed::before(&folder.path().join("bed"), form, step).unwrap().command(step));
        // The first run is slower: nothing is in memory yet.
        let time = (0..4).map(|_| time()).min().unwrap();
        let moments = spread(time, n);
        cases.extend(moments.map(|moment| Case { form, step, moments: vec![moment] }));
    }
    cases
}

#[test]
fn an_undisturbed_journey_ends_as_all_others_must() {
    for form in [Form::Plain, Form::Sealed] {
        undisturbed(form);
    }
}

fn undisturbed(form: Form) {
    let folder = fast_folder();
    let bed = Bed::before(&folder.path().join("bed"), form, Step::Send).unwrap();
    bed.go_on(Step::Send).unwrap();
    bed.all_is_well().unwrap();
    // The checks can fail: a lost source, a doubled delivery, something left on the medium.
    let inbox = bed.stations.inbox(TERMINAL);
    crate::stations::write(&inbox.join("202411/shaho/ab12cd34/RECEIPTC.UKE"), &SHAHO.bytes());
    assert!(bed.all_is_well().unwrap_err().starts_with("I2"));
    std::fs::remove_dir_all(inbox.join("202411/shaho/ab12cd34")).unwrap();
    crate::stations::write(&bed.stations.medium().join("REZEPT/terminal-1/recekon-1/x.part"), b"");
    assert!(bed.all_is_well().unwrap_err().starts_with("I5"));
    std::fs::remove_dir_all(bed.stations.data(RECEKON).join("archive")).unwrap();
    assert!(bed.nothing_lost_or_wrong(Step::ReceiveAck).unwrap_err().starts_with("I1"));
}

#[test]
fn every_kill_point_recovers() {
    kill_points(Form::Plain, 1);
}

/// The model volume tries every cut of two paired stations; here one in a few, spread evenly, at a real process.
#[test]
fn kill_points_of_sealed_parcels_recover() {
    kill_points(Form::Sealed, SEALED_EVERY);
}

/// Kills at one in so many of the moments.
fn kill_points(form: Form, every: usize) {
    let began = Instant::now();
    if no_strace() {
        let cases = timed_cases(form, TIMED_ALONE);
        conclude("kills spread over time", &try_cases(&cases), began);
        return;
    }
    let mut cases = Vec::new();
    for step in JOURNEY {
        let moments = moments_of(form, step);
        println!("{form:?} {step:?}: {} moments", moments.len());
        let chosen = moments.into_iter().step_by(every);
        cases.extend(chosen.map(|moment| Case { form, step, moments: vec![moment] }));
    }
    let tally = try_cases(&cases);
    conclude("kill points", &tally, began);
    assert!(tally.hit >= 200, "only {} kill points", tally.hit);
    assert!(tally.missed * 20 < tally.hit, "{} of the listed moments never came", tally.missed);
}

#[test]
fn kills_during_the_recovery_recover() {
    let began = Instant::now();
    let mut rng = Rng::new(0x7265_7a65_7074);
    if no_strace() {
        let singles = timed_cases(Form::Plain, TIMED_ALONE);
        let pair = |_| {
            let first = singles[rng.below(singles.len())].clone();
            let others: Vec<&Case> = singles.iter().filter(|other| other.step == first.step).collect();
            let second = others[rng.below(others.len())].moments[0].clone();
            Case { form: Form::Plain, step: first.step, moments: vec![first.moments[0].clone(), second] }
        };
        let pairs: Vec<Case> = (0..PAIRS).map(pair).collect();
        conclude("kills in pairs spread over time", &try_cases(&pairs), began);
        return;
    }
    let steps: Vec<(Step, Vec<Moment>)> = JOURNEY.map(|step| (step, moments_of(Form::Plain, step))).to_vec();
    let firsts: Vec<(Step, Moment, u64)> = (0..PAIRS)
        .map(|_| {
            let (step, moments) = &steps[rng.below(steps.len())];
            (*step, moments[rng.below(moments.len())].clone(), rng.next_u64())
        })
        .collect();
    let tally = try_all(&firsts, |root, (step, first, seed)| {
        // The calls of this recovery are listed first, so that the second kill falls into it wherever the first one fell.
        let bed = Bed::before(root, Form::Plain, *step)?;
        kill_at(bed.command(*step), first);
        let moments = list_moments(&bed.command(*step), &root.with_extension("calls"));
        let second = moments[Rng::new(*seed).below(moments.len())].clone();
        let case = Case { form: Form::Plain, step: *step, moments: vec![first.clone(), second] };
        match survive(root, &case) {
            // A pair counts when both kills hit.
            Ok(hit) => Ok((hit / 2, 1)),
            Err(violation) => Err(format!("{case:?}: {violation}")),
        }
    });
    conclude("pairs of kill points", &tally, began);
    assert!(tally.hit * 10 >= PAIRS * 9, "only {} of {PAIRS} pairs hit twice", tally.hit);
}

#[test]
fn a_kill_at_any_moment_recovers() {
    let began = Instant::now();
    let tally = try_cases(&timed_cases(Form::Plain, TIMED_BESIDES));
    conclude("kills in the midst of work", &tally, began);
    assert!(tally.hit > 0);
}
