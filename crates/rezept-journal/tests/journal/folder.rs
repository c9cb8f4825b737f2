//! The data folder is for one user only, where the platform has such rights; what is not ours is left as it is.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rezept_journal::{EngineLock, JournalError, make_data_folder};

use crate::common::{Station, put};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_new_data_folder_and_those_made_above_it_are_private() {
    let root = tempfile::tempdir().unwrap();
    set_mode(root.path(), 0o755);
    let data = root.path().join("a").join("b").join("data");
    make_data_folder(&data).unwrap();
    assert_eq!((mode(&data), mode(&root.path().join("a"))), (0o700, 0o700));
    assert_eq!(mode(root.path()), 0o755, "what was there is not touched");
    make_data_folder(&data).unwrap();
}

#[test]
fn an_empty_folder_or_an_old_data_folder_is_made_private() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    fs::create_dir(&data).unwrap();
    set_mode(&data, 0o755);
    make_data_folder(&data).unwrap();
    assert_eq!(mode(&data), 0o700);

    drop(EngineLock::acquire(&data).unwrap());
    put(&data.join("rezept.toml"), b"x");
    set_mode(&data, 0o775);
    make_data_folder(&data).unwrap();
    assert_eq!(mode(&data), 0o700);
}

#[test]
fn a_folder_of_somebody_else_is_left_open() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("letter.txt"), b"x");
    set_mode(root.path(), 0o755);
    make_data_folder(root.path()).unwrap();
    assert_eq!(mode(root.path()), 0o755);
}

#[test]
fn the_journal_is_private_even_in_an_open_folder() {
    let station = Station::new();
    set_mode(&station.data, 0o755);
    let mut journal = station.open();
    journal.ask("send", "{}").unwrap();
    for name in ["journal.db", "journal.db-wal", "journal.db-shm", "journal.mark"] {
        assert_eq!(mode(&station.data.join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_file_in_the_place_of_the_folder_is_an_error_with_its_path() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    put(&data, b"x");
    let error = make_data_folder(&data).unwrap_err();
    assert!(matches!(&error, JournalError::Io { path, .. } if *path == data), "{error:?}");
    assert_eq!(fs::read(&data).unwrap(), b"x");
}
