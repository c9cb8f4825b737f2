//! The model loses exactly what a power cut may take, lies where it is told to, and dies where it is cut.
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Instant;

use rezept_journal::{Clock, VerifyLevel};
use rezept_testkit::clock::TestClock;
use rezept_testkit::faults::{Failure, Faults, Killed};
use rezept_testkit::model::{FakeCapacity, FlushScope, ModelOptions, ModelVolume};
use rezept_testkit::rng::Rng;
use rezept_transfer::volume::{EntryKind, FailureKind, RelPath, Renamed, Volume};

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

fn write(volume: &dyn Volume, name: &str, bytes: &[u8]) {
    let mut file = volume.create_new(&path(name)).unwrap();
    file.write_all(bytes).unwrap();
    file.close().unwrap();
}

fn read(mut reader: Box<dyn Read + Send>) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).unwrap();
    bytes
}

fn read_back(volume: &dyn Volume, name: &str) -> (Vec<u8>, VerifyLevel) {
    let mut reading = volume.read_back(&[path(name)]).unwrap();
    let bytes = read(reading.open(&path(name)).unwrap());
    let level = reading.finish(bytes.len() as u64);
    (bytes, level)
}

/// What a volume can look like after a power cut, over many seeds.
fn outcomes(volume: &ModelVolume, look: impl Fn(&ModelVolume) -> String) -> BTreeSet<String> {
    let after = |seed| {
        let copy = volume.snapshot();
        copy.power_cut(&mut Rng::new(seed));
        look(&copy)
    };
    (0..400).map(after).collect()
}

fn names(volume: &ModelVolume) -> String {
    volume.paths().join(" ")
}

fn all(expected: &[&str]) -> BTreeSet<String> {
    expected.iter().map(|s| (*s).to_owned()).collect()
}

#[test]
fn what_was_flushed_survives_every_power_cut() {
    for options in [ModelOptions::stick("m"), ModelOptions::disk("m")] {
        let volume = ModelVolume::new(options);
        volume.make_folder(&path("d")).unwrap();
        write(&volume, "d/x.part", &[7; 3000]);
        volume.rename_new(&path("d/x.part"), &path("d/x")).unwrap();
        volume.flush(&[]).unwrap();
        assert_eq!(
            outcomes(&volume, |v| format!("{} {:?}", names(v), v.get("d/x") == Some(vec![7; 3000]))),
            all(&["d/ d/x true"])
        );
    }
}

#[test]
fn unflushed_names_are_old_or_new_and_on_a_stick_a_rename_tears() {
    let story = |options| {
        let volume = ModelVolume::new(options);
        volume.put("old", b"content");
        volume.rename_new(&path("old"), &path("new")).unwrap();
        write(&volume, "later", b"");
        outcomes(&volume, names)
    };
    // A journal keeps the order: `later` is never there without the rename, and the rename is whole.
    assert_eq!(story(ModelOptions::disk("m")), all(&["old", "new", "later new"]));
    let torn = story(ModelOptions::stick("m"));
    assert_eq!(
        torn,
        all(&["", "old", "new", "new old", "later", "later old", "later new", "later new old"]),
        "every combination and nothing else"
    );
}

#[test]
fn unflushed_content_is_dropped_torn_or_kept() {
    let volume = ModelVolume::new(ModelOptions::stick("m"));
    write(&volume, "x", &[1; 2048]);
    volume.flush_folder(&RelPath::ROOT).unwrap();
    let shape = |volume: &ModelVolume| {
        let bytes = volume.get("x").unwrap();
        match bytes.len() {
            0 => "dropped",
            2048 if bytes.iter().all(|b| *b == 1) => "kept",
            2048 => "with holes",
            _ => "short",
        }
        .to_owned()
    };
    assert_eq!(outcomes(&volume, shape), all(&["dropped", "kept", "short", "with holes"]));
}

#[test]
fn a_flush_of_names_alone_reaches_only_what_it_names() {
    let mut options = ModelOptions::stick("m");
    options.flush_scope = FlushScope::Named;
    let volume = ModelVolume::new(options);
    write(&volume, "a", &[1; 600]);
    write(&volume, "b", &[2; 600]);
    volume.flush(&[path("a")]).unwrap();
    let after = outcomes(&volume, names);
    assert!(after.contains("") && after.contains("a"), "a flushed file can still lose its name: {after:?}");
    volume.flush(&[RelPath::ROOT]).unwrap();
    assert_eq!(
        outcomes(&volume, |v| format!("{} {}", names(v), v.get("a") == Some(vec![1; 600]))),
        all(&["a b true"])
    );
    assert!(
        outcomes(&volume, |v| format!("{:?}", v.get("b").map(|b| b.len()))).len() > 1,
        "b was never flushed"
    );
}

#[test]
fn a_killed_process_loses_nothing() {
    let volume = ModelVolume::new(ModelOptions::stick("m"));
    write(&volume, "x", b"abc");
    volume.crash_process();
    assert_eq!(volume.get("x").unwrap(), b"abc");
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let volume = ModelVolume::new(ModelOptions::stick("m"));
    for n in 0..10 {
        write(&volume, &format!("f{n}"), &[n; 700]);
    }
    for seed in 0..20 {
        let (one, two) = (volume.snapshot(), volume.snapshot());
        one.power_cut(&mut Rng::new(seed));
        two.power_cut(&mut Rng::new(seed));
        assert_eq!(one.paths(), two.paths());
        assert!((0..10).all(|n| one.get(&format!("f{n}")) == two.get(&format!("f{n}"))));
    }
}

#[test]
fn damage_hides_behind_the_cache_unless_the_reading_passes_it() {
    for (level, sees_it) in [(VerifyLevel::L1, false), (VerifyLevel::L2, true), (VerifyLevel::L3, true)] {
        let mut options = ModelOptions::stick("m");
        options.verify_level = level;
        let volume = ModelVolume::new(options);
        volume.put("x", &[0; 100]);
        volume.damage("x", 98, &[9, 9, 9]);
        assert_eq!(read(volume.open(&path("x")).unwrap()), [0; 100], "the cache still has the good bytes");
        let (bytes, reported) = read_back(&volume, "x");
        assert_eq!(reported, level);
        assert_eq!(bytes.get(98..), Some(if sees_it { &[9, 9][..] } else { &[0, 0][..] }), "{level}");
        volume.drop_cache();
        assert_eq!(volume.get("x").unwrap().get(98..), Some(&[9, 9][..]));
    }
}

#[test]
fn a_fake_stick_is_found_out_past_the_cache_only() {
    for wraps in [false, true] {
        let mut options = ModelOptions::stick("m");
        options.fake_capacity = Some(FakeCapacity { real_bytes: 8192, wraps });
        let volume = ModelVolume::new(options);
        volume.put("first", &[1; 8192]);
        volume.put("second", &[2; 4096]);
        assert_eq!(volume.get("second").unwrap(), [2; 4096]);
        let (first, second) = (read_back(&volume, "first").0, read_back(&volume, "second").0);
        assert_eq!(second == [2; 4096], wraps, "vanished, or landed on an earlier block");
        assert_eq!(first == [1; 8192], !wraps);
    }
}

#[test]
fn a_full_medium_takes_a_part_and_then_nothing() {
    let mut options = ModelOptions::stick("m");
    options.capacity = Some(10);
    let volume = ModelVolume::new(options);
    let mut file = volume.create_new(&path("x")).unwrap();
    assert_eq!(file.write(&[1; 8]).unwrap(), 8);
    assert_eq!(file.write(&[1; 8]).unwrap(), 2);
    assert_eq!(file.write(&[1; 8]).unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(volume.free_bytes().unwrap(), Some(0));
    volume.remove_file(&path("x")).unwrap();
    assert_eq!(volume.free_bytes().unwrap(), Some(10));
}

#[test]
fn manners_follow_the_options() {
    let stick = ModelVolume::new(ModelOptions::stick("m"));
    stick.put("Name", b"x");
    assert_eq!(stick.create_new(&path("nAME")).err().unwrap().kind(), FailureKind::Exists);
    assert_eq!(stick.rename_new(&path("NAME"), &path("other")).unwrap(), Renamed::CheckedFirst);
    stick.reconfigure(|options| options.read_only = true);
    assert_eq!(stick.remove_file(&path("other")).unwrap_err().kind(), FailureKind::ReadOnly);
    assert_eq!(read(stick.open(&path("other")).unwrap()), b"x");

    let disk = ModelVolume::new(ModelOptions::disk("d"));
    disk.put("x", b"x");
    disk.hard_link("x", "twin");
    disk.symlink("link");
    disk.pipe("pipe");
    assert_eq!(disk.stat(&path("x")).unwrap().unwrap().kind, EntryKind::LinkedFile);
    for irregular in ["x", "twin", "link", "pipe"] {
        assert!(disk.open(&path(irregular)).is_err(), "{irregular}");
    }
    disk.remove_file(&path("twin")).unwrap();
    assert_eq!(disk.stat(&path("x")).unwrap().unwrap().kind, EntryKind::File);
}

#[test]
fn a_pulled_medium_answers_nothing_and_comes_back_without_what_was_not_flushed() {
    let volume = ModelVolume::new(ModelOptions::stick("m"));
    volume.put("safe", b"x");
    let mut open = volume.open(&path("safe")).unwrap();
    let mut new = volume.create_new(&path("new")).unwrap();
    volume.pull();
    assert_eq!(volume.list(&RelPath::ROOT).unwrap_err().kind(), FailureKind::Gone);
    assert_eq!(volume.stat(&path("safe")).unwrap_err().kind(), FailureKind::Gone);
    assert!(open.read(&mut [0]).is_err() && new.write(b"y").is_err());
    let back: BTreeSet<_> = (0..50)
        .map(|seed| {
            let copy = volume.snapshot();
            copy.put_back(&mut Rng::new(seed));
            names(&copy)
        })
        .collect();
    assert_eq!(back, all(&["safe", "new safe"]));
}

/// A little process: writes, flushes, renames; the clock is asked in between.
fn process(faults: &Faults, volume: &ModelVolume) -> Result<(), FailureKind> {
    let clock = faults.clock(TestClock::ticking());
    let volume = faults.volume("stick", volume.clone());
    let mut file = volume.create_new(&path("x.part")).map_err(|e| e.kind())?;
    file.write_all(b"abc").map_err(|_| FailureKind::Device)?;
    file.write_all(b"def").map_err(|_| FailureKind::Device)?;
    file.close().map_err(|_| FailureKind::Device)?;
    volume.flush(&[path("x.part")]).map_err(|e| e.kind())?;
    clock.now();
    volume.rename_new(&path("x.part"), &path("x")).map_err(|e| e.kind())?;
    let mut reading = volume.read_back(&[path("x")]).map_err(|e| e.kind())?;
    let mut bytes = Vec::new();
    let mut reader = reading.open(&path("x")).map_err(|e| e.kind())?;
    reader.read_to_end(&mut bytes).map_err(|_| FailureKind::Device)?;
    assert_eq!(bytes, b"abcdef");
    Ok(())
}

#[test]
fn every_operation_is_listed_and_has_two_cut_points() {
    let faults = Faults::none().logged();
    let volume = ModelVolume::new(ModelOptions::stick("m"));
    faults.run(|| process(&faults, &volume)).unwrap().unwrap();
    let log = faults.log();
    assert_eq!(
        log.get(..7),
        Some(
            &[
                "stick create x.part",
                "stick write x.part",
                "stick write x.part",
                "stick close x.part",
                "stick flush x.part",
                "clock now",
                "stick rename x",
            ]
            .map(str::to_owned)[..]
        )
    );
    assert_eq!(log.len() as u64, faults.operations());

    let mut stages = BTreeSet::new();
    for cut in 0..faults.cuts() {
        let volume = ModelVolume::new(ModelOptions::stick("m"));
        let faults = Faults::none().kill_at(cut);
        assert_eq!(faults.run(|| process(&faults, &volume)), Err(Killed), "{cut}");
        let dead = faults.volume("stick", volume.clone());
        assert!(dead.make_folder(&path("ghost")).is_err(), "a dead process changes nothing");
        stages.insert(format!("{:?} {:?}", volume.paths(), volume.get("x.part").or(volume.get("x"))));
    }
    // Nothing, empty, half, whole, renamed.
    assert_eq!(stages.len(), 5, "{stages:?}");
    let beyond = Faults::none().kill_at(faults.cuts());
    assert!(beyond.run(|| process(&beyond, &ModelVolume::new(ModelOptions::stick("m")))).is_ok());
}

#[test]
fn a_kill_on_another_thread_ends_the_process_too() {
    let volume = ModelVolume::new(ModelOptions::stick("m"));
    let faults = Faults::none().kill_at(2);
    let ended = faults.run(|| {
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| process(&faults, &volume));
            worker.join().is_err()
        })
    });
    assert_eq!(ended, Err(Killed));
}

#[test]
fn faults_come_where_they_were_planned_and_once() {
    let run = |faults: &Faults| process(faults, &ModelVolume::new(ModelOptions::stick("m")));
    assert_eq!(run(&Faults::none().fail_next("stick flush", Failure::Device)), Err(FailureKind::Device));
    assert_eq!(run(&Faults::none().fail_at(0, Failure::Full)), Err(FailureKind::Full));
    assert_eq!(run(&Faults::none().fail_at(6, Failure::ReadOnly)), Err(FailureKind::ReadOnly));
    assert_eq!(
        run(&Faults::none().fail_nth("stick write", 2, Failure::Full)),
        Ok(()),
        "there is no third write"
    );

    let volume = ModelVolume::new(ModelOptions::stick("m"));
    let faults = Faults::none().fail_next("stick flush", Failure::Device);
    let faulty = faults.volume("stick", volume.clone());
    assert!(faulty.flush(&[]).is_err());
    faulty.flush(&[]).unwrap();

    let pulled = volume.clone();
    let faults = Faults::none().call_at(4, move || pulled.pull());
    assert_eq!(process(&faults, &volume), Err(FailureKind::Gone));
}

#[test]
fn a_panic_that_is_not_a_kill_is_not_hidden() {
    let faults = Faults::none();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        faults.run(|| std::panic::resume_unwind(Box::new("a bug")))
    }));
    assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "a bug");
}

#[test]
fn clones_share_and_snapshots_do_not() {
    let volume = ModelVolume::new(ModelOptions::disk("m"));
    volume.put("a", b"1");
    let (clone, snapshot) = (volume.clone(), volume.snapshot());
    volume.append("a", b"2");
    assert_eq!(clone.get("a").unwrap(), b"12");
    assert_eq!(snapshot.get("a").unwrap(), b"1");
}

#[test]
fn a_snapshot_costs_microseconds() {
    let volume = ModelVolume::new(ModelOptions::stick("m"));
    for n in 0..40 {
        volume.put(&format!("d{}/f{n}", n % 4), &[0; 50_000]);
    }
    let start = Instant::now();
    for seed in 0..2000 {
        volume.snapshot().power_cut(&mut Rng::new(seed));
    }
    let each = start.elapsed() / 2000;
    println!("snapshot and power cut of 40 files: {each:?}");
    assert!(each.as_millis() < 5, "{each:?}");
}

#[test]
fn the_clock_stands_still_or_ticks_or_jumps() {
    let fixed = TestClock::fixed();
    assert_eq!(fixed.now(), fixed.now());
    let ticking = Arc::new(TestClock::ticking());
    assert!(ticking.now() < ticking.now());
    let before = fixed.now();
    fixed.jump(-3600);
    assert!(fixed.now() < before);
}
