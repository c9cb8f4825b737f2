//! A full disk under the journal: the change is refused as a whole, says that there is no room, and the journal goes on
//! when there is room again. On a small file system of its own where the machine lets an ordinary user mount one.

use std::process::Command;
use std::sync::Arc;

use rezept_journal::{Direction, FileState, Journal, JournalError, ParcelState, SystemClock};

use crate::common::{gated, good_disk, plan};

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
