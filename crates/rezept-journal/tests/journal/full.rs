//! A full disk under the journal: the change is refused as a whole, says that there is no room, and the journal goes on
//! when there is room again. On a small file system of its own where the machine lets an ordinary user mount one.

use std::process::Command;
use std::sync::Arc;

use rezept_journal::{
    Direction, FileState, Journal, JournalError, NewReturnFile, ParcelState, ReturnFilter, SystemClock,
};

use crate::common::{begin, gated, good_disk, plan, return_file, returned};

const CHILD: &str = "full::child_on_a_small_disk";

#[test]
fn nothing_is_half_stored_on_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "mount -t tmpfs -o size=4m rezept-test '{0}' && exec '{1}' --ignored --exact {CHILD} --nocapture",
        folder.path().display(),
        std::env::current_exe().unwrap().display(),
    );
    let child = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", &script])
        .env("REZEPT_TEST_SMALL_DISK", folder.path())
        .output();
    let output = match child {
        Ok(output) if output.status.success() || output.stdout.len() > 10 => output,
        other => {
            println!("SKIP: no small file system can be mounted here ({other:?})");
            return;
        }
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "{text}");
    println!("{text}");
}

/// Runs inside the small disk, started by the test above.
#[test]
#[ignore = "needs the small disk that another test mounts"]
fn child_on_a_small_disk() {
    let Some(data) = std::env::var_os("REZEPT_TEST_SMALL_DISK").map(std::path::PathBuf::from) else { return };
    let open = || Journal::open(&data, &good_disk(), Arc::new(SystemClock), "test");
    let mut journal = open().unwrap();
    import_on_a_small_disk(&mut journal);
    let (mut full, mut planned) = (0, 0);
    for n in 0..400 {
        let before = journal.checkpoint().unwrap();
        let step = |journal: &mut Journal| -> Result<(), JournalError> {
            let id = journal.see_file(&crate::common::place(&format!("{n}.UKE")), crate::common::stamp(n))?;
            journal.move_file(id, FileState::Stable, None, "")?;
            journal.move_file(id, FileState::Gated, None, "")?;
            plan(journal, &format!("p{n}"), &[id])?;
            Ok(())
        };
        match step(&mut journal) {
            Ok(()) => planned += 1,
            Err(JournalError::Full) => full += 1,
            Err(other) => panic!("step {n}: {other:?}"),
        }
        if full == 1 && journal.checkpoint().unwrap().seq >= before.seq {
            // People may look while the disk is full.
            assert!(journal.verify_chain(&[]).unwrap().is_sound());
        }
        if full > 20 {
            break;
        }
    }
    assert!(planned > 20 && full > 20, "{planned} planned, {full} refused");
    let report = journal.verify_chain(&[]).unwrap();
    assert!(report.is_sound(), "{report:?}");
    let parcels = journal.parcels_in(Direction::Out, &[ParcelState::Spooled]).unwrap();
    assert_eq!(parcels.len(), planned);
    for parcel in &parcels {
        assert_eq!(journal.parcel_files(parcel.row).unwrap().len(), 1);
        assert_eq!(journal.files_of_parcel(parcel.row).unwrap()[0].state, FileState::InParcel);
    }
    // Opening again on the full disk: it opens, or says that it is full. With room it goes on where it stood.
    let head = journal.checkpoint().unwrap();
    drop(journal);
    match open() {
        Ok(journal) => assert_eq!(journal.checkpoint().unwrap(), head),
        Err(error) => assert!(matches!(error, JournalError::Full), "{error:?}"),
    }
    let more = Command::new("mount").args(["-o", "remount,size=16m"]).arg(&data).status().unwrap();
    assert!(more.success());
    let mut journal = open().unwrap();
    assert_eq!(journal.checkpoint().unwrap(), head);
    let id = gated(&mut journal, "after.UKE", 9999, 1);
    plan(&mut journal, "after", &[id]).unwrap();
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
    println!("{planned} parcels planned, {full} changes refused on the full disk");
}

/// A return file too large for the disk is imported not at all; one that fits, whole.
fn import_on_a_small_disk(journal: &mut Journal) {
    let claims = |journal: &Journal| journal.returned_claims(&ReturnFilter::default()).unwrap().len();
    let mut refused = |n: u64, size: u64| {
        let file = NewReturnFile { volume: n.to_string(), ..return_file(n, "2026-03") };
        let mut import = begin(journal, &file);
        let added = (0..size).try_for_each(|k| import.add(&returned(n * 100_000 + k, "2026-03")).map(|_| ()));
        let ended = added.and_then(|()| import.finish().map(|_| ()));
        if let Err(error) = &ended {
            assert!(matches!(error, JournalError::Full), "{error:?}");
        }
        let found = journal.return_file_by_sha256(&file.sha256).unwrap();
        assert_eq!((found.is_some(), claims(journal)), (ended.is_ok(), if n == 1 { 0 } else { 200 }));
        assert!(journal.verify_chain(&[]).unwrap().is_sound());
        ended.is_err()
    };
    assert!(refused(1, 20_000), "the small disk holds 20,000 claims");
    assert!(!refused(2, 200));
    assert!(refused(3, 20_000));
}
