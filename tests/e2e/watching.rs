//! The running service before folders as they are: files that grow, burst, move, lie about their time, or are none of its
//! business. Nothing here waits for a time to pass, only for something to be seen.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use rezept_testkit::claims::{Body, Invented};
use serde_json::Value;

use crate::desk::{Clinic, Service, files, put, rename, sha256};

/// A clinic whose receipt computer waits a moment before it believes that a file is finished.
fn watched() -> (Clinic, Service) {
    let clinic = Clinic::new();
    clinic.recekon().edit("\"0s\"", "\"150ms\"");
    let service = clinic.recekon().watch(&[]);
    (clinic, service)
}

/// Every file of every parcel, by content.
fn sent(clinic: &Clinic) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let parcels = clinic.recekon().status().of_type("transfer");
    let gone = |parcel: &Value| ["COMMITTED", "ARCHIVED"].contains(&parcel["state"].as_str().unwrap());
    let parcels = parcels.iter().filter(|parcel| gone(parcel));
    parcels
        .flat_map(|parcel| {
            parcel["files"]
                .as_array()
                .unwrap()
                .iter()
                .map(|file| (word(&file["sha256"]), word(&file["path"])))
        })
        .collect()
}

#[track_caller]
fn until_sent(clinic: &Clinic, service: &mut Service, bytes: &[u8]) {
    let wanted = sha256(bytes);
    service.until("a parcel with this content", || {
        sent(clinic).iter().any(|(sha256, _)| *sha256 == wanted).then_some(())
    });
}

/// A whole file that arrives later has been sent: the service has looked at everything that lay there before it, and the
/// quiet time of that is over.
#[track_caller]
fn a_while_later(clinic: &Clinic, service: &mut Service, number: u16) {
    let bytes = Invented::ika()
        .body(Body::Kokuho)
        .month(2000 + number / 12, u8::try_from(number % 12 + 1).unwrap())
        .make();
    clinic.put(&format!("recekon/watch/later/{number}.UKE"), &bytes);
    until_sent(clinic, service, &bytes);
}

#[test]
fn a_file_that_grows_is_sent_when_it_is_whole_and_not_before() {
    let (clinic, mut service) = watched();
    let bytes = Invented::ika().claims(40).make();
    let path = clinic.at("recekon/watch/RECEIPTC.UKE");
    put(&path, b"");
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    let pieces = bytes.chunks(bytes.len() / 4);
    for (number, piece) in (0u16..).zip(pieces) {
        a_while_later(&clinic, &mut service, number);
        assert!(
            sent(&clinic).iter().all(|(_, from)| !from.ends_with("RECEIPTC.UKE")),
            "{number}: not whole yet"
        );
        file.write_all(piece).unwrap();
    }
    drop(file);
    until_sent(&clinic, &mut service, &bytes);
    assert_eq!(clinic.recekon().held(), [""; 0]);
    service.stop();
    assert_eq!(clinic.receive().exit, 0);
    assert_eq!(fs::read(clinic.at("terminal/inbox/202411/shaho/RECEIPTC.UKE")).unwrap(), bytes);
}

#[test]
fn a_file_with_its_room_taken_first_is_sent_when_it_is_filled() {
    let (clinic, mut service) = watched();
    let bytes = Invented::ika().claims(40).make();
    let path = clinic.at("recekon/watch/RECEIPTC.UKE");
    let mut file = File::create_new(&path).unwrap();
    file.set_len(bytes.len() as u64).unwrap();
    a_while_later(&clinic, &mut service, 0);
    file.write_all(&bytes[..bytes.len() / 2]).unwrap();
    a_while_later(&clinic, &mut service, 1);
    assert!(sent(&clinic).iter().all(|(_, from)| !from.ends_with("RECEIPTC.UKE")));
    file.write_all(&bytes[bytes.len() / 2..]).unwrap();
    drop(file);
    until_sent(&clinic, &mut service, &bytes);
    service.until("nothing waits for a person any more", || clinic.recekon().held().is_empty().then_some(()));
    service.stop();
}

#[test]
fn a_file_renamed_into_place_or_deep_below_is_sent() {
    let (clinic, mut service) = watched();
    let (moved, deep) = (Invented::ika().make(), Invented::ika().body(Body::Kokuho).make());
    clinic.put("elsewhere.tmp", &moved);
    rename(clinic.at("elsewhere.tmp"), clinic.at("recekon/watch/RECEIPTC.UKE"));
    clinic.put("folder/2024/11/kokuho/RECEIPTC.UKE", &deep);
    rename(clinic.at("folder"), clinic.at("recekon/watch/folder"));
    until_sent(&clinic, &mut service, &moved);
    until_sent(&clinic, &mut service, &deep);
    // Replaced by rename, as a program does that wants to be safe: another content of this month waits for a person.
    clinic.put("corrected.tmp", &Invented::ika().claims(5).make());
    rename(clinic.at("corrected.tmp"), clinic.at("recekon/watch/RECEIPTC.UKE"));
    let reason = service.until("the corrected file waits", || {
        clinic.recekon().held().first().map(|held| held["reason"].clone())
    });
    assert_eq!(reason, "RZ-G108");
    service.stop();
}

#[test]
fn what_is_none_of_its_business_is_left_alone() {
    let (clinic, mut service) = watched();
    let foreign = [
        ("photo.jpg", &b"\xFF\xD8\xFF\xE0rest"[..]),
        ("notes.txt", b"memo\r\n"),
        ("empty", b""),
        ("db/claims.mdb", &[0; 9000]),
    ];
    for (name, bytes) in foreign {
        clinic.put(&format!("recekon/watch/{name}"), bytes);
    }
    a_while_later(&clinic, &mut service, 0);
    a_while_later(&clinic, &mut service, 1);
    let status = clinic.recekon().status();
    assert_eq!((status.exit, status.of_type("waiting").len()), (0, 0), "{status:?}");
    service.stop();
    for (name, bytes) in foreign {
        assert_eq!(fs::read(clinic.at(&format!("recekon/watch/{name}"))).unwrap(), bytes, "{name}");
    }
    assert_eq!(files(&clinic.at("recekon/watch")).len(), foreign.len() + 2);
}

#[test]
fn links_and_pipes_raise_an_alert_and_keep_nothing_waiting() {
    let (clinic, mut service) = watched();
    let real = clinic.put("real.UKE", &Invented::ika().make());
    fs::create_dir_all(clinic.at("outside/deep")).unwrap();
    put(&clinic.at("outside/deep/RECEIPTC.UKE"), &Invented::ika().month(2024, 12).make());
    let link = |from: &Path, name: &str| {
        std::os::unix::fs::symlink(from, clinic.at(&format!("recekon/watch/{name}"))).unwrap()
    };
    link(Path::new(&real), "RECEIPTC.UKE");
    link(&clinic.at("outside"), "folder");
    link(&clinic.at("recekon/watch"), "loop");
    link(Path::new("/nowhere"), "broken.UKE");
    assert!(Command::new("mkfifo").arg(clinic.at("recekon/watch/pipe.UKE")).status().unwrap().success());
    a_while_later(&clinic, &mut service, 0);
    let mut told: Vec<String> = clinic
        .recekon()
        .held()
        .iter()
        .map(|held| {
            assert_eq!(held["reason"], "RZ-G110", "{held}");
            held["what"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
        })
        .collect();
    told.sort();
    assert_eq!(told, ["RECEIPTC.UKE", "broken.UKE", "folder", "loop", "pipe.UKE"]);
    assert_eq!(sent(&clinic).len(), 1, "only the file that came later");
    service.stop();
}

/// Someone else can change what a second name leads to: it is told, as a link is.
#[test]
fn a_hard_linked_file_raises_an_alert() {
    let (clinic, mut service) = watched();
    let bytes = Invented::ika().make();
    clinic.put("real.UKE", &bytes);
    fs::hard_link(clinic.at("real.UKE"), clinic.at("recekon/watch/RECEIPTC.UKE")).unwrap();
    a_while_later(&clinic, &mut service, 0);
    let held = clinic.recekon().held();
    assert_eq!((held.len(), &held[0]["reason"]), (1, &"RZ-G110".into()), "{held:?}");
    assert_eq!(sent(&clinic).len(), 1, "only the file that came later");
    service.stop();
    assert_eq!(fs::read(clinic.at("real.UKE")).unwrap(), bytes);
}

#[test]
fn the_clock_on_a_file_means_nothing() {
    let (clinic, mut service) = watched();
    let year = Duration::from_secs(365 * 24 * 3600);
    let times = [
        ("1980", SystemTime::UNIX_EPOCH + year * 10),
        ("before 1970", SystemTime::UNIX_EPOCH - year),
        ("1970", SystemTime::UNIX_EPOCH),
        ("in 2050", SystemTime::UNIX_EPOCH + year * 80),
        ("2200", SystemTime::UNIX_EPOCH + year * 230),
    ];
    for (number, (name, time)) in (1u8..).zip(times) {
        let bytes = Invented::ika().month(2024, number).make();
        clinic.put("made", &bytes);
        File::options()
            .write(true)
            .open(clinic.at("made"))
            .unwrap()
            .set_times(FileTimes::new().set_modified(time))
            .unwrap();
        rename(clinic.at("made"), clinic.at(&format!("recekon/watch/{name}.UKE")));
        until_sent(&clinic, &mut service, &bytes);
    }
    assert_eq!(clinic.recekon().held(), [""; 0]);
    service.stop();
    // Also when a person sends.
    let source = clinic.put("recekon/watch/RECEIPTC.UKE", &Invented::ika().make());
    File::options()
        .write(true)
        .open(&source)
        .unwrap()
        .set_times(FileTimes::new().set_modified(times[3].1))
        .unwrap();
    assert_eq!(clinic.recekon().json(&["send", &source, "--to", &clinic.typed("usb")]).exit, 0);
}

/// Same size, same time, other bytes, after it was sent: only its hash tells, and it is not put away as if it had gone.
#[test]
fn a_source_that_changed_unseen_stays_in_its_folder() {
    let clinic = Clinic::new();
    let bytes = Invented::ika().make();
    let other = Invented::ika().patients_from(4).make();
    assert_eq!(bytes.len(), other.len());
    assert_eq!(clinic.send("RECEIPTC.UKE", &bytes).exit, 0);
    let source = clinic.at("recekon/watch/RECEIPTC.UKE");
    let time = fs::metadata(&source).unwrap().modified().unwrap();
    let mut file = File::options().write(true).open(&source).unwrap();
    file.write_all(&other).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
    drop(file);
    assert_eq!(clinic.receive().exit, 0);
    let usb = clinic.typed("usb");
    let back = clinic.recekon().json(&["receive", "--from", &usb]);
    assert_eq!((back.exit, back.transfer()["verify_level"].as_str()), (0, Some("L4")), "{back:?}");
    assert_eq!(fs::read(&source).unwrap(), other, "what was never sent stays");
    let again = clinic.recekon().json(&["send", source.to_str().unwrap(), "--to", &usb]);
    assert_eq!((again.exit, again.held()), (1, vec!["RZ-G108".to_owned()]), "{again:?}");
}

#[test]
fn a_folder_that_goes_and_comes_back_is_watched_again() {
    let (clinic, mut service) = watched();
    a_while_later(&clinic, &mut service, 0);
    rename(clinic.at("recekon/watch"), clinic.at("away"));
    service.until("it is told", || service_said(&clinic, "RZ-T112").then_some(()));
    rename(clinic.at("away"), clinic.at("recekon/watch"));
    a_while_later(&clinic, &mut service, 1);
    service.stop();
    assert_eq!(clinic.recekon().held(), [""; 0]);
}

fn service_said(clinic: &Clinic, words: &str) -> bool {
    fs::read_to_string(clinic.at("recekon/watch.err")).unwrap().contains(words)
}

#[test]
fn two_services_and_a_stick_do_the_whole_round() {
    let (clinic, mut service) = watched();
    let mut terminal = clinic.terminal().watch(&[]);
    let claim = Invented::ika().make();
    clinic.put("recekon/watch/RECEIPTC.UKE", &claim);
    let arrived = clinic.at("terminal/inbox/202411/shaho/RECEIPTC.UKE");
    terminal.until("the delivery", || arrived.exists().then_some(()));
    service.until("the archive", || files(&clinic.at("recekon/watch")).is_empty().then_some(()));
    assert_eq!(fs::read(arrived).unwrap(), claim);
    let returns = Invented::ika().month(2024, 12).make_returns();
    clinic.put("terminal/watch/RECEIPTC (3).HEN", &returns);
    let back = clinic.at("recekon/inbox/202412/shaho/RECEIPTC.HEN");
    service.until("the return", || back.exists().then_some(()));
    terminal.until("the archive", || files(&clinic.at("terminal/watch")).is_empty().then_some(()));
    assert_eq!(fs::read(back).unwrap(), returns);
    service.until("a clear stick", || files(&clinic.at("usb")).is_empty().then_some(()));
    for service in [service, terminal] {
        let said = service.stop();
        assert!(!said.contains("RZ-X") && !said.contains("エラー"), "{said}");
    }
}

const BURST: u16 = 2_000;

#[test]
fn two_thousand_files_at_once_all_go_and_none_twice() {
    let clinic = Clinic::new();
    clinic.recekon().edit("\"0s\"", "\"150ms\"\nafter_ack = \"keep\"");
    let mut service = clinic.recekon().watch(&[]);
    let make = |number: u16| {
        let body = if number.is_multiple_of(2) { Body::Shaho } else { Body::Kokuho };
        let month = number / 2;
        Invented::ika()
            .claims(1)
            .body(body)
            .month(2000 + month / 12, u8::try_from(month % 12 + 1).unwrap())
            .make()
    };
    for number in 0..BURST {
        clinic.put(&format!("recekon/watch/{}/{number}/RECEIPTC.UKE", number % 7), &make(number));
    }
    let total = || sent(&clinic).len();
    service.until("all parcels", || (total() == usize::from(BURST)).then_some(()));
    assert_eq!(clinic.recekon().held(), [""; 0]);
    service.stop();
    let got = clinic.receive();
    assert_eq!(got.exit, 0, "{}", got.err);
    assert_eq!(files(&clinic.at("terminal/inbox")).len(), usize::from(BURST));
    for number in 0..BURST {
        let (month, body) = (number / 2, if number.is_multiple_of(2) { "shaho" } else { "kokuho" });
        let place = format!("terminal/inbox/{}{:02}/{body}/RECEIPTC.UKE", 2000 + month / 12, month % 12 + 1);
        assert_eq!(fs::read(clinic.at(&place)).unwrap(), make(number), "{place}");
    }
    assert_eq!(clinic.recekon().json(&["receive", "--from", &clinic.typed("usb")]).exit, 0);
    // Nothing is offered again.
    let mut service = clinic.recekon().watch(&[]);
    a_while_later(&clinic, &mut service, 1_999);
    service.stop();
    let parcels = clinic.recekon().status().of_type("transfer");
    let files: usize = parcels.iter().map(|parcel| parcel["files"].as_array().unwrap().len()).sum();
    assert_eq!((files, clinic.recekon().held().len()), (usize::from(BURST) + 1, 0));
    println!("{BURST} files in {} parcels", parcels.len() - 1);
}
