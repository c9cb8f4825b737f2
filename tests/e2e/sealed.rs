//! Whole journeys between paired stations, as people type them: nothing readable ever stands on the stick, nothing that was not
//! signed is taken, nothing is taken twice.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::desk::{invented, put};
use crate::pairing::Pair;

const FILES: [&str; 2] = ["ika_shaho/RECEIPTC.UKE", "ika_kokuho/RECEIPTC.UKE"];

/// Every file below a folder.
fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all_files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// What must not be found on a stick: the names of files, the facility, and every field of the claims that says something.
fn secrets() -> BTreeSet<Vec<u8>> {
    let mut found: BTreeSet<Vec<u8>> =
        ["RECEIPTC", ".UKE", "9999015", "テスト見本診療所", "RE,", "HO,", "manifest"]
            .map(|text| text.as_bytes().to_vec())
            .into();
    for file in FILES {
        let content = invented(file);
        for field in content.split(|byte| b",\r\n".contains(byte)) {
            // Short ones are found in any ciphertext.
            if field.len() >= 7 {
                found.insert(field.to_vec());
            }
        }
    }
    found
}

/// Reads every byte and every name on the stick.
#[track_caller]
fn nothing_readable_on(stick: &Path) {
    let secrets = secrets();
    assert!(secrets.len() > 20, "{} values", secrets.len());
    let files = all_files(stick);
    assert!(!files.is_empty());
    for path in files {
        let bytes = fs::read(&path).unwrap();
        let name = path.strip_prefix(stick).unwrap().to_string_lossy().into_owned();
        for secret in &secrets {
            let shows = |text: &[u8]| text.windows(secret.len()).any(|window| window == secret);
            // Three bytes may stand in ciphertext by chance; in what is meant to be read they may not.
            let by_chance = secret.len() < 5 && (name.ends_with(".age") || name.ends_with(".ack"));
            assert!(by_chance || !shows(&bytes), "{name} holds {}", String::from_utf8_lossy(secret));
            assert!(!shows(name.as_bytes()), "{name}");
        }
    }
}

/// Sends the two files that have one name.
fn sent(pair: &Pair) {
    for (folder, file) in ["shaho", "kokuho"].iter().zip(FILES) {
        let run = pair.clinic.send(&format!("{folder}/RECEIPTC.UKE"), &invented(file));
        assert_eq!((run.exit, run.transfer()["state"].as_str()), (0, Some("COMMITTED")), "{run:?}");
    }
}

/// A copy of everything on a stick.
fn copy_of(stick: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    all_files(stick).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn paired_stations_seal_and_nothing_readable_ever_stands_on_the_stick() {
    let pair = Pair::made();
    let usb = pair.clinic.at("usb");
    sent(&pair);
    nothing_readable_on(&usb);
    // Beside the ciphertext only the kept copies, which the archive will be filled from.
    for parcel in fs::read_dir(pair.clinic.at("recekon/data/spool")).unwrap() {
        let parcel = parcel.unwrap().path();
        if parcel.file_name().is_some_and(|name| name != "kept") {
            nothing_readable_on(&parcel);
        }
    }
    let got = pair.clinic.receive();
    assert_eq!(got.exit, 0, "{got:?}");
    nothing_readable_on(&usb);
    for (folder, file) in ["shaho", "kokuho"].iter().zip(FILES) {
        let place = pair.clinic.at(&format!("terminal/inbox/202411/{folder}/RECEIPTC.UKE"));
        assert_eq!(fs::read(&place).unwrap(), invented(file), "{}", place.display());
    }
    let done = pair.clinic.recekon().json(&["receive", "--from", &pair.usb()]);
    assert_eq!(done.exit, 0, "{done:?}");
    let states: Vec<String> =
        done.of_type("transfer").iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states, ["ARCHIVED", "ARCHIVED"]);
    let left: Vec<PathBuf> = all_files(&usb);
    assert!(
        left.iter().all(|path| !path.to_string_lossy().contains(".age")),
        "the parcels are removed: {left:?}"
    );
    for desk in [pair.clinic.recekon(), pair.clinic.terminal()] {
        assert_eq!(desk.json(&["audit", "verify"]).exit, 0);
        assert_eq!(desk.json(&["status"]).codes(), [""; 0]);
    }
}

/// A clone of the stick, made while the parcels were on their way, is plugged in again after they are done.
#[test]
fn a_clone_of_the_stick_delivers_nothing_again() {
    let pair = Pair::made();
    let usb = pair.clinic.at("usb");
    sent(&pair);
    let clone = copy_of(&usb);
    assert_eq!(pair.clinic.receive().exit, 0);
    assert_eq!(pair.clinic.recekon().json(&["receive", "--from", &pair.usb()]).exit, 0);
    let inbox = copy_of(&pair.clinic.at("terminal/inbox"));
    for (path, bytes) in &clone {
        put(path, bytes);
    }
    let again = pair.clinic.receive();
    assert_eq!(copy_of(&pair.clinic.at("terminal/inbox")), inbox, "{again:?}");
    let home = pair.clinic.recekon().json(&["receive", "--from", &pair.usb()]);
    assert!(home.exit < 6, "{home:?}");
    let archive = all_files(&pair.clinic.at("recekon/data/archive"));
    assert_eq!(archive.len(), 2, "{archive:?}");
}

/// One byte of a sealed parcel is another, wherever it is: nothing is opened, and the right bytes still arrive.
#[test]
fn an_altered_parcel_is_not_opened() {
    let pair = Pair::made();
    let usb = pair.clinic.at("usb");
    let run = pair.clinic.send("RECEIPTC.UKE", &invented(FILES[0]));
    assert_eq!(run.exit, 0, "{run:?}");
    let parts: Vec<PathBuf> = all_files(&usb.join("REZEPT/terminal"));
    assert_eq!(parts.len(), 3, "header, signature, one segment: {parts:?}");
    for path in parts {
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        put(&path, &bytes);
        let got = pair.clinic.receive();
        assert_eq!(got.exit, 6, "{}: {got:?}", path.display());
        assert!(!pair.clinic.at("terminal/inbox/202411").exists(), "{}", path.display());
        put(&path, &whole);
    }
    let got = pair.clinic.receive();
    assert_eq!((got.exit, got.transfer()["state"].as_str()), (0, Some("ACK_WRITTEN")), "{got:?}");
}

/// Makes something else of the folder of a sealed parcel.
#[cfg(target_os = "linux")]
type Change = fn(&Path);

#[cfg(target_os = "linux")]
fn segment(folder: &Path) -> PathBuf {
    folder.join("000.age")
}

/// Moves something out of the parcel.
#[cfg(target_os = "linux")]
fn moved(from: &Path) -> PathBuf {
    let elsewhere = from.ancestors().find(|folder| folder.ends_with("usb")).unwrap().join("elsewhere");
    crate::desk::rename(from, &elsewhere);
    elsewhere
}

#[cfg(target_os = "linux")]
const CHANGES: &[(&str, Change)] = &[
    ("cut", |at| put(&segment(at), &fs::read(segment(at)).unwrap()[..500])),
    ("longer", |at| put(&segment(at), &[fs::read(segment(at)).unwrap(), vec![0]].concat())),
    ("empty", |at| put(&segment(at), b"")),
    ("missing", |at| fs::remove_file(segment(at)).unwrap()),
    ("no content at all", |at| fs::remove_dir_all(at).unwrap()),
    ("a file instead of the folder", |at| {
        fs::remove_dir_all(at).unwrap();
        put(at, b"");
    }),
    ("a second segment", |at| put(&at.join("001.age"), &fs::read(segment(at)).unwrap())),
    ("a program", |at| put(&at.join("setup.exe"), b"MZ")),
    ("a name of Windows' devices", |at| put(&at.join("CON"), b"")),
    ("a long name", |at| put(&at.join("x".repeat(255)), b"")),
    ("a name with a line break", |at| put(&at.join("a\nb"), b"")),
    ("a name turned around", |at| put(&at.join("\u{202E}ega.exe"), b"")),
    ("a name that differs in case", |at| put(&at.join("000.AGE"), b"")),
    ("a name that ends in a dot", |at| put(&at.join("000.age."), b"")),
    ("a name like a short one", |at| put(&at.join("000AGE~1"), b"")),
    ("a folder", |at| put(&at.join("data/RECEIPTC.UKE"), b"")),
    ("a link beside the segment", |at| std::os::unix::fs::symlink("/etc/passwd", at.join("link")).unwrap()),
    ("a link instead of the segment", |at| {
        std::os::unix::fs::symlink(moved(&segment(at)), segment(at)).unwrap();
    }),
    ("a link instead of the folder", |at| std::os::unix::fs::symlink(moved(at), at).unwrap()),
    ("a second name of the segment elsewhere", |at| {
        fs::hard_link(segment(at), at.ancestors().nth(3).unwrap().join("elsewhere")).unwrap();
    }),
    ("a pipe instead of the segment", |at| {
        fs::remove_file(segment(at)).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(segment(at)).status().unwrap().success());
    }),
];

/// What does not belong into a sealed parcel, or is something else than a file, sets it aside; put right, it is taken.
#[cfg(target_os = "linux")]
#[test]
fn whatever_else_stands_in_a_sealed_parcel_sets_it_aside() {
    let pair = Pair::made();
    let run = pair.clinic.send("RECEIPTC.UKE", &invented(FILES[0]));
    assert_eq!(run.exit, 0, "{run:?}");
    let folder = pair.clinic.parcels().join(run.transfer()["id"].as_str().unwrap());
    let bytes = fs::read(segment(&folder)).unwrap();
    for (what, change) in CHANGES {
        change(&folder);
        let got = pair.clinic.receive();
        assert_eq!((got.exit, got.transfer()["reason"].as_str()), (6, Some("RZ-P107")), "{what}: {got:?}");
        assert!(!pair.clinic.at("terminal/inbox/202411").exists(), "{what}");
        let _ = if folder.is_dir() && !folder.is_symlink() {
            fs::remove_dir_all(&folder)
        } else {
            fs::remove_file(&folder)
        };
        let elsewhere = pair.clinic.at("usb/elsewhere");
        let _ = fs::remove_file(&elsewhere).or_else(|_| fs::remove_dir_all(&elsewhere));
        put(&segment(&folder), &bytes);
    }
    let got = pair.clinic.receive();
    assert_eq!((got.exit, got.transfer()["state"].as_str()), (0, Some("ACK_WRITTEN")), "{got:?}");
    println!("{} ways to change a sealed parcel on a real file system", CHANGES.len());
}
