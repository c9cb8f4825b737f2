//! The operating system's volume on real file systems behind loop devices: what each can do, and that damage below the
//! caches is found or the level says that no one could look. On a machine without them the model plays the medium.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]
#![expect(clippy::print_stdout, reason = "a case that the machine cannot run says so")]

use std::fs;
use std::io::{Read, Write};
use std::time::Duration;

use rezept_journal::VerifyLevel;
use rezept_testkit::faults::{Failure, Faults};
use rezept_testkit::media::LoopMedium;
use rezept_testkit::model::{ModelOptions, ModelVolume};
use rezept_testkit::rng::Rng;
use rezept_transfer::os::{OsVolume, looks_full};
use rezept_transfer::volume::{FailureKind, RelPath, Renamed, Volume};

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

fn write(volume: &dyn Volume, name: &str, bytes: &[u8]) {
    let mut file = volume.create_new(&path(name)).unwrap();
    file.write_all(bytes).unwrap();
    file.close().unwrap();
}

fn read(volume: &dyn Volume, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    volume.open(&path(name)).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn read_back(volume: &dyn Volume, names: &[&str]) -> (Vec<Vec<u8>>, VerifyLevel) {
    let paths: Vec<_> = names.iter().map(|name| path(name)).collect();
    let mut reading = volume.read_back(&paths).unwrap();
    let contents: Vec<Vec<u8>> = paths
        .iter()
        .map(|path| {
            let mut bytes = Vec::new();
            reading.open(path).unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        })
        .collect();
    let total = contents.iter().map(|c| c.len() as u64).sum();
    (contents, reading.finish(total))
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    std::iter::repeat_with(|| rng.next_u64().to_le_bytes()).flatten().take(length).collect()
}

/// Something to work on: a real medium, or the model where there is none.
enum Medium {
    /// In this order: the volume must let go before the medium can be unmounted.
    Real(Box<OsVolume>, LoopMedium),
    Model(ModelVolume),
}

impl Medium {
    fn new(made: Result<LoopMedium, String>, otherwise: ModelOptions) -> Self {
        match made {
            Ok(medium) => {
                let volume = OsVolume::open(&medium.root()).unwrap();
                Self::Real(Box::new(volume), medium)
            }
            Err(reason) => {
                println!("skipped on a real medium, the model plays it: {reason}");
                Self::Model(ModelVolume::new(otherwise))
            }
        }
    }

    fn ext4(megabytes: u64) -> Self {
        Self::new(LoopMedium::ext4(megabytes), ModelOptions::disk("ext4"))
    }

    fn exfat(megabytes: u64) -> Self {
        Self::new(LoopMedium::exfat(megabytes), ModelOptions::stick("exfat"))
    }

    fn volume(&self) -> &dyn Volume {
        match self {
            Self::Real(volume, _) => volume.as_ref(),
            Self::Model(volume) => volume,
        }
    }

    /// Changes bytes of a file below the caches.
    fn damage(&self, name: &str, old: &[u8], new: &[u8]) {
        match self {
            Self::Real(_, medium) => assert_eq!(medium.damage(old, new), 1),
            Self::Model(volume) => {
                let content = volume.get(name).unwrap();
                let offset = content.windows(old.len()).position(|w| w == old).unwrap();
                volume.damage(name, offset, new);
            }
        }
    }
}

#[test]
fn facts_name_file_system_and_device() {
    for (made, file_system) in [(LoopMedium::ext4(16), "ext4"), (LoopMedium::exfat(16), "fuseblk")] {
        let medium = match made {
            Ok(medium) => medium,
            Err(reason) => {
                println!("skipped, the model has no device: {reason}");
                continue;
            }
        };
        let facts = OsVolume::open(&medium.root()).unwrap().facts();
        assert_eq!(facts.file_system, file_system);
        assert_eq!(facts.device.as_deref(), Some(medium.device()));
        assert_eq!(facts.removable, Some(false), "a loop device");
    }
}

#[test]
fn a_rename_never_replaces_and_says_how_it_was_done() {
    for (medium, how) in [(Medium::ext4(16), Renamed::Atomic), (Medium::exfat(16), Renamed::CheckedFirst)] {
        let volume = medium.volume();
        volume.make_folder(&path("bag.part")).unwrap();
        write(volume, "bag.part/a", b"first");
        write(volume, "taken", b"second");
        assert_eq!(
            volume.rename_new(&path("bag.part/a"), &path("taken")).unwrap_err().kind(),
            FailureKind::Exists
        );
        assert_eq!(volume.rename_new(&path("bag.part"), &path("bag")).unwrap(), how);
        volume.flush(&[path("bag"), path("bag/a")]).unwrap();
        volume.flush_folder(&RelPath::ROOT).unwrap();
        assert_eq!(read(volume, "bag/a"), b"first");
        assert_eq!(read(volume, "taken"), b"second");
        assert_eq!(volume.stat(&path("bag.part")).unwrap(), None);
    }
}

#[test]
fn exfat_takes_names_of_another_case_for_the_same() {
    let medium = Medium::exfat(16);
    let volume = medium.volume();
    write(volume, "receiptc.uke", b"x");
    assert_eq!(volume.create_new(&path("RECEIPTC.UKE")).err().unwrap().kind(), FailureKind::Exists);
    write(volume, "b", b"y");
    assert_eq!(volume.rename_new(&path("b"), &path("RECEIPTC.UKE")).unwrap_err().kind(), FailureKind::Exists);
}

#[test]
fn damage_below_the_caches_is_found_at_l2_on_every_file_system() {
    for (medium, name) in [(Medium::ext4(32), "ext4"), (Medium::exfat(32), "exfat")] {
        let volume = medium.volume();
        // Sizes around the block, and large enough that reading ahead does not blur the count.
        let sizes = [1, 16, 4095, 4096, 5000, 70_000, 3 << 20];
        let names: Vec<String> = (0..sizes.len()).map(|n| format!("f{n}")).collect();
        let contents: Vec<_> = (0..).zip(sizes).map(|(seed, size)| noise(seed, size)).collect();
        for (name, bytes) in names.iter().zip(&contents) {
            write(volume, name, bytes);
            volume.start_flush();
        }
        volume.flush(&names.iter().map(|name| path(name)).collect::<Vec<_>>()).unwrap();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (good, level) = read_back(volume, &names);
        assert!(good == contents, "{name}");
        assert_eq!(level, VerifyLevel::L2, "{name}");

        // What was just written, or read as any program reads, is in the caches: there no one sees the damage.
        let whole = noise(99, 3 << 20);
        write(volume, "last", &whole);
        volume.flush(&[path("last")]).unwrap();
        assert!(read(volume, "last") == whole, "{name}");
        medium.damage("last", &whole[2_000_000..2_000_016], b"sixteen bad byte");
        assert!(read(volume, "last") == whole, "{name}: whoever reads through the cache sees nothing");
        let (bad, level) = read_back(volume, &["last"]);
        assert_eq!(level, VerifyLevel::L2, "{name}");
        assert_eq!(&bad[0][2_000_000..2_000_016], b"sixteen bad byte", "{name}");
    }
}

#[test]
fn damage_in_a_small_file_is_found_too() {
    for medium in [Medium::ext4(16), Medium::exfat(16)] {
        let volume = medium.volume();
        let header = noise(9, 700);
        write(volume, "x.hdr", &header);
        volume.flush(&[path("x.hdr")]).unwrap();
        medium.damage("x.hdr", &header[300..316], b"sixteen bad byte");
        assert_eq!(read(volume, "x.hdr"), header);
        let (bad, level) = read_back(volume, &["x.hdr"]);
        assert_eq!((level, &bad[0][300..316]), (VerifyLevel::L2, &b"sixteen bad byte"[..]));
    }
}

#[test]
fn a_full_medium_says_so() {
    for mut medium in [Medium::ext4(16), Medium::exfat(16)] {
        if let Medium::Model(model) = &mut medium {
            model.reconfigure(|options| options.capacity = Some(16 << 20));
        }
        let volume = medium.volume();
        let mut file = volume.create_new(&path("large")).unwrap();
        let chunk = noise(1, 1 << 20);
        let error = (0..20).find_map(|_| file.write_all(&chunk).err()).expect("20 MB do not fit into 16");
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        assert!(looks_full(volume, 20 << 20));
        drop(file);
        volume.remove_file(&path("large")).unwrap();
        assert!(!looks_full(volume, 1 << 20));
    }
}

#[test]
fn a_pulled_medium_is_gone_for_every_operation() {
    let mut medium = Medium::exfat(16);
    write(medium.volume(), "x", b"1");
    let mut open = medium.volume().open(&path("x")).unwrap();
    let mut new = medium.volume().create_new(&path("new")).unwrap();
    match &mut medium {
        Medium::Real(_, medium) => assert!(medium.pull()),
        Medium::Model(model) => model.pull(),
    }
    let (volume, x) = (medium.volume(), path("x"));
    let failures = [
        ("list", volume.list(&RelPath::ROOT).err()),
        ("stat", volume.stat(&x).err()),
        ("make", volume.make_folder(&path("y")).err()),
        ("create", volume.create_new(&path("y")).err()),
        ("open", volume.open(&x).err()),
        ("rename", volume.rename_new(&x, &path("y")).err()),
        ("remove", volume.remove_file(&x).err()),
        ("flush", volume.flush(std::slice::from_ref(&x)).err()),
        ("flush folder", volume.flush_folder(&RelPath::ROOT).err()),
        ("free", volume.free_bytes().err()),
    ];
    for (what, failure) in failures {
        assert_eq!(failure.map(|e| e.kind()), Some(FailureKind::Gone), "{what}");
    }
    let _ = open.read(&mut [0; 10]);
    let wrote = new.write_all(&[0; 200_000]);
    assert!(wrote.is_err(), "nothing can be written to what is gone");
}

#[test]
fn a_vanished_mount_does_not_become_the_folder_below() {
    let mut medium = match LoopMedium::ext4(16) {
        Ok(medium) => medium,
        Err(reason) => {
            println!("skipped, the model has nothing below it: {reason}");
            return;
        }
    };
    let volume = OsVolume::open(&medium.root()).unwrap();
    let before = volume.identity();
    medium.unmount_lazily().unwrap();
    // Whatever this says, it must not land in the folder below the mount point.
    let _ = volume.create_new(&path("stray"));
    assert_eq!(fs::read_dir(medium.root()).unwrap().count(), 0);
    assert_ne!(
        OsVolume::open(&medium.root()).unwrap().identity(),
        before,
        "another thing answers under this path"
    );
}

/// Faults 3: the kernel tells a failed write-back once. Neither the background flush nor anyone else may swallow it.
#[test]
fn a_failed_write_back_fails_the_next_flush() {
    for hinted in [false, true] {
        let medium = match LoopMedium::failing_ext4(64, 12) {
            Ok(medium) => medium,
            Err(reason) => {
                println!("skipped on a real medium, the model plays it: {reason}");
                let faults = Faults::none().fail_next("stick flush", Failure::Device);
                let volume = faults.volume("stick", ModelVolume::new(ModelOptions::stick("stick")));
                assert_eq!(volume.flush(&[]).unwrap_err().kind(), FailureKind::Device);
                volume.flush(&[]).unwrap();
                continue;
            }
        };
        let volume = OsVolume::open(&medium.root()).unwrap();
        // Names fail only when they are written back; content may fail before, while the next file is written.
        let mut failed = None;
        let mut paths = Vec::new();
        for seed in 0..48 {
            paths.push(path(&format!("small-{seed}")));
            let mut file = volume.create_new(&paths[paths.len() - 1]).unwrap();
            let written = file.write_all(&noise(seed, 512 << 10)).and_then(|()| file.close());
            failed = failed.or(written.err());
        }
        if hinted {
            volume.start_flush();
            // Long enough for the background to meet the error before anyone asks.
            std::thread::sleep(Duration::from_millis(700));
        }
        let flushed = volume.flush(&paths).map_err(|failed| failed.source);
        let failed = failed.or(flushed.err()).expect("told by a write or by the flush");
        // EIO and ENOSPC.
        assert!(matches!(failed.raw_os_error(), Some(5 | 28)), "{hinted}: {failed:?}");
    }
}

/// A large file goes past the cache: what the device refuses is told while it is written.
#[test]
fn a_large_file_fails_while_it_is_written() {
    let medium = match LoopMedium::failing_ext4(64, 12) {
        Ok(medium) => medium,
        Err(reason) => {
            println!("skipped on a real medium, the model plays it: {reason}");
            let faults = Faults::none().fail_next("stick write", Failure::Device);
            let volume = faults.volume("stick", ModelVolume::new(ModelOptions::stick("stick")));
            let mut file = volume.create_new(&path("large")).unwrap();
            assert!(file.write_all(&noise(3, 1 << 20)).is_err());
            return;
        }
    };
    let volume = OsVolume::open(&medium.root()).unwrap();
    let mut file = volume.create_new(&path("large")).unwrap();
    let written = file.write_all(&noise(3, 24 << 20));
    assert!(written.and_then(|()| file.close()).is_err());
}
