//! The malware gate: before a file leaves and before it is delivered, with the real clamd, a small one and a command. What
//! was not scanned is never taken for clean.

use std::os::unix::fs::PermissionsExt as _;

use rezept_testkit::claims::Invented;

use crate::clamd::{Manner, Real, Running, SIZE_LIMIT, Small, eicar};
use crate::desk::{Clinic, Desk, files, put};
use crate::journeys::told;
use crate::people::{ADMIN, USER};

const YOUNG: &str = "ClamAV 1.4.3/27800/Mon Nov 15 09:26:04 2055";
const OLD: &str = "ClamAV 1.4.3/27000/Mon Oct 13 09:26:04 2025";

fn small() -> Small {
    Small::start(Manner { version: YOUNG, silent: false })
}

/// A whole claim file of another month each time, with a remark in which the test signature stands.
fn infected(month: u8) -> Vec<u8> {
    let bytes = Invented::ika().month(2024, month).make();
    let at = bytes.windows(5).position(|window| window == b"\r\nGO,").unwrap() + 2;
    [&bytes[..at], b"SJ,01,", &eicar(), b"\r\n", &bytes[at..]].concat()
}

/// Gives a station its scanner.
fn scanned_by(desk: &Desk, lines: &str) {
    desk.edit("[policy]", &format!("[scanner]\n{lines}\n[policy]"));
}

fn clamd(running: &dyn Running, more: &str) -> String {
    format!("kind = \"clamd\"\naddress = {:?}\n{more}", running.address())
}

/// A command that looks for the test signature with what the system has.
fn command(clinic: &Clinic) -> String {
    let text = String::from_utf8(eicar()).unwrap();
    put(&clinic.at("signature.txt"), text.as_bytes());
    let script = format!(
        "#!/bin/sh\ntest -f \"$2\" || exit 9\ngrep -qFf {} -- \"$2\" && exit 2\nexit 0\n",
        clinic.typed("signature.txt")
    );
    put(&clinic.at("scan.sh"), script.as_bytes());
    std::fs::set_permissions(clinic.at("scan.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    format!(
        "kind = \"command\"\ncommand = [{:?}, \"-File\", \"{{file}}\"]\ninfected_codes = [2]\nclean_codes = [0]",
        clinic.typed("scan.sh")
    )
}

/// What every scanner must achieve. `lines` is its configuration.
fn before_sending_and_after_receipt(clinic: &Clinic, lines: &str) {
    let (desk, usb) = (clinic.recekon(), clinic.typed("usb"));
    scanned_by(&desk, lines);
    scanned_by(&clinic.terminal(), lines);
    let doctor = desk.json(&["doctor"]);
    let check = doctor.of_type("check").into_iter().find(|check| check["name"] == "scanner").unwrap();
    assert_eq!(check["verdict"], "ok", "{check}");

    let clean = clinic.send("clean.UKE", &Invented::ika().make());
    assert_eq!((clean.exit, told(&clean.transfer()).1), (0, "COMMITTED"), "{clean:?}");
    assert_eq!(clinic.receive().exit, 0);
    assert_eq!(files(&clinic.at("terminal/inbox")), ["202411/shaho/RECEIPTC.UKE"]);
    assert!(desk.json(&["ledger"]).of_type("ledger").iter().any(|entry| entry["to"] == "SCAN_CLEAN"));
    assert_eq!(desk.json(&["receive", "--from", &usb]).exit, 0);

    let stopped = clinic.send("bad.UKE", &infected(12));
    assert_eq!((stopped.exit, stopped.held()), (1, vec!["RZ-V101".to_owned()]), "{stopped:?}");
    assert_eq!(files(&clinic.at("usb")), [""; 0]);
    let id = stopped.of_type("held")[0]["id"].as_str().unwrap().to_owned();
    let release = ["held", "release", id.as_str(), "--reason", "誤検出と確かめた"];
    // Where nobody has a role, nobody can let it pass.
    let nobody = desk.json(&release);
    assert_eq!((nobody.exit, nobody.codes()), (1, vec!["RZ-O104".to_owned()]), "{nobody:?}");
    assert_eq!(desk.register(None, ADMIN, "system-admin").exit, 0);
    assert_eq!(desk.register(Some(ADMIN), USER, "user,operations-manager").exit, 0);
    assert_eq!(desk.as_person(USER, &release).codes(), ["RZ-O104"]);
    assert_eq!(desk.as_person(ADMIN, &release).exit, 0);
    let source = clinic.typed("recekon/watch/bad.UKE");
    let sent = desk.as_person(USER, &["send", &source, "--to", &usb]);
    assert_eq!((sent.exit, told(&sent.transfer()).1), (0, "COMMITTED"), "{sent:?}");

    // The receiver trusts its own scanner only.
    let got = clinic.receive();
    assert_eq!((got.exit, got.held()), (1, vec!["RZ-V101".to_owned()]), "{got:?}");
    assert!(!files(&clinic.at("terminal/inbox")).iter().any(|path| path.starts_with("202412")));
    let terminal = clinic.terminal();
    let parcel = got.of_type("held")[0]["id"].as_str().unwrap().to_owned();
    let release = ["held", "release", parcel.as_str(), "--reason", "誤検出と確かめた"];
    assert_eq!(terminal.json(&release).codes(), ["RZ-O104"]);
    assert_eq!(terminal.register(None, ADMIN, "system-admin,information-manager").exit, 0);
    assert_eq!(terminal.as_person(ADMIN, &release).exit, 0);
    assert_eq!(terminal.as_person(ADMIN, &["receive", "--from", &usb]).exit, 0);
    assert!(files(&clinic.at("terminal/inbox")).contains(&"202412/shaho/RECEIPTC.UKE".to_owned()));
    desk.audit();
    terminal.audit();
}

#[test]
fn the_real_clamd_stops_malware_on_both_sides() {
    let folder = crate::stations::fast_folder();
    let Some(real) = Real::start(folder.path()) else { return };
    let clinic = Clinic::new();
    before_sending_and_after_receipt(&clinic, &clamd(&real, "max_age = \"any\""));
    // Its own small database has no date, and an unknown age is not young.
    let other = Clinic::new();
    scanned_by(&other.recekon(), &clamd(&real, ""));
    assert_eq!(other.send("1.UKE", &Invented::ika().make()).held(), ["RZ-V103"]);
    too_large_for(&real, "max_age = \"any\"");
}

#[test]
fn a_small_clamd_stops_malware_on_both_sides() {
    before_sending_and_after_receipt(&Clinic::new(), &clamd(&small(), ""));
}

#[test]
fn a_command_stops_malware_on_both_sides() {
    let clinic = Clinic::new();
    let lines = command(&clinic);
    before_sending_and_after_receipt(&clinic, &lines);
}

fn too_large_for(running: &dyn Running, more: &str) {
    let clinic = Clinic::new();
    scanned_by(&clinic.recekon(), &clamd(running, more));
    let large = Invented::ika().at_least(4 * u64::try_from(SIZE_LIMIT).unwrap()).make();
    let held = clinic.send("large.UKE", &large);
    assert_eq!((held.exit, held.held()), (1, vec!["RZ-V104".to_owned()]), "{held:?}");
    assert!(held.of_type("held")[0]["detail"].as_str().unwrap().contains("limit"), "{held:?}");
}

#[test]
fn what_is_too_large_to_be_scanned_is_not_clean() {
    too_large_for(&small(), "");
}

/// Missing, silent, too old: held by default, let pass by policy with an entry in the history, never called clean.
#[test]
fn a_scanner_that_cannot_answer_holds_or_lets_pass_as_the_policy_says() {
    let gone = { small().address() };
    let silent = Small::start(Manner { version: YOUNG, silent: true });
    let old = Small::start(Manner { version: OLD, silent: false });
    let undated = Small::start(Manner { version: "ClamAV 1.4.3", silent: false });
    let other = Small::start(Manner { version: "SSH-2.0-OpenSSH_9.2", silent: false });
    for (address, code) in [
        (gone, "RZ-V102"),
        (silent.address(), "RZ-V104"),
        (old.address(), "RZ-V103"),
        (undated.address(), "RZ-V103"),
        (other.address(), "RZ-V102"),
    ] {
        let lines = format!("kind = \"clamd\"\naddress = {address:?}\ntimeout = \"1s\"\n");
        let holds = Clinic::new();
        scanned_by(&holds.recekon(), &lines);
        let held = holds.send("RECEIPTC.UKE", &Invented::ika().make());
        assert_eq!((held.exit, held.held()), (1, vec![code.to_owned()]), "{held:?}");
        assert_eq!(files(&holds.at("usb")), [""; 0]);
        let id = held.of_type("held")[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(holds.recekon().json(&["held", "release", &id, "--reason", "別に検査した"]).exit, 0);
        let again = ["send", &holds.typed("recekon/watch/RECEIPTC.UKE"), "--to", &holds.typed("usb")];
        assert_eq!(holds.recekon().json(&again).exit, 0, "{code}");

        let passes = Clinic::new();
        scanned_by(&passes.recekon(), &format!("{lines}missing = \"pass\"\n"));
        scanned_by(&passes.terminal(), &format!("{lines}missing = \"pass\"\n"));
        assert_eq!(passes.send("RECEIPTC.UKE", &Invented::ika().make()).exit, 0, "{code}");
        assert_eq!(passes.receive().exit, 0, "{code}");
        let said = |desk: Desk, to: &str| {
            let entries = desk.json(&["ledger"]).of_type("ledger");
            let entry = entries.into_iter().find(|entry| entry["to"] == to).unwrap();
            entry["note"].as_str().unwrap().to_owned()
        };
        assert!(said(passes.recekon(), "SCAN_PASSED").starts_with(code));
        assert!(said(passes.terminal(), "VALID").starts_with(&format!("not scanned: {code}")));
    }
}

/// Two reasons at once: malware is told first, and that something was not scanned is told beside the other reason.
#[test]
fn malware_goes_before_other_reasons_and_not_scanned_stands_beside_them() {
    let clinic = Clinic::new();
    assert_eq!(clinic.send("1.UKE", &infected(12)).exit, 0, "this sender has no scanner");
    assert_eq!(clinic.send("2.UKE", &Invented::ika().make()).exit, 0);
    assert_eq!(clinic.receive().exit, 0, "nor has the receiver yet");
    assert_eq!(clinic.recekon().json(&["receive", "--from", &clinic.typed("usb")]).exit, 0);
    let other = clinic.second_recekon();
    let sources = [
        clinic.put("recekon-2/watch/1.UKE", &infected(12)),
        clinic.put("recekon-2/watch/2.UKE", &Invented::ika().make()),
    ];
    let usb = clinic.typed("usb");
    assert_eq!(other.json(&["send", &sources[1], "--to", &usb]).exit, 0);
    let gone = { small().address() };
    scanned_by(&clinic.terminal(), &format!("kind = \"clamd\"\naddress = {gone:?}\n"));
    let got = clinic.receive();
    assert_eq!((got.exit, got.held()), (1, vec!["RZ-V102".to_owned(), "RZ-G112".to_owned()]), "{got:?}");

    let running = small();
    clinic.terminal().edit(&gone, &running.address());
    assert_eq!(other.json(&["send", &sources[0], "--to", &usb]).exit, 0);
    let got = clinic.receive();
    let reasons = got.held();
    assert!(
        reasons.windows(2).any(|two| two == ["RZ-V101", "RZ-G112"]),
        "it arrived before as well: {got:?}"
    );
}

/// One file of a parcel is infected, another one not new: each waits for its own reason.
#[test]
fn an_infected_file_and_a_double_wait_each_for_its_own_reason() {
    let clinic = Clinic::new();
    let usb = clinic.typed("usb");
    assert_eq!(clinic.send("0.UKE", &Invented::ika().make()).exit, 0);
    assert_eq!(clinic.receive().exit, 0);
    assert_eq!(clinic.recekon().json(&["receive", "--from", &usb]).exit, 0);
    let other = clinic.second_recekon();
    let running = small();
    scanned_by(&clinic.terminal(), &clamd(&running, ""));
    let known = clinic.put("recekon-2/watch/a.UKE", &Invented::ika().make());
    let bad = clinic.put("recekon-2/watch/b.UKE", &infected(12));
    assert_eq!(other.json(&["send", &known, &bad, "--to", &usb]).exit, 0);
    let got = clinic.receive();
    assert_eq!((got.exit, got.held()), (1, vec!["RZ-G112".to_owned(), "RZ-V101".to_owned()]), "{got:?}");
    assert_eq!(got.transfer()["reason"], "RZ-V101", "malware goes before every other reason");
    let id = got.of_type("held")[0]["id"].as_str().unwrap().to_owned();
    let refused = clinic.terminal().json(&["held", "refuse", &id, "--reason", "削除する"]);
    assert_eq!(refused.exit, 0, "anybody may keep it out: {refused:?}");
    assert_eq!(files(&clinic.at("terminal/inbox")), ["202411/shaho/RECEIPTC.UKE"]);
}

/// The list of types that may pass is one of contents: what else is called like a claim file is held, scanner or not.
#[test]
fn a_program_that_is_called_like_a_claim_file_is_held() {
    let program = std::fs::read("/bin/true").unwrap();
    let script = b"#!/bin/sh\nexit 0\n".to_vec();
    let windows = [b"MZ\x90\0".as_slice(), &[0; 4096]].concat();
    for bytes in [program, script, windows] {
        let clinic = Clinic::new();
        let held = clinic.send("RECEIPTC.UKE", &bytes);
        assert_eq!((held.exit, held.held()), (1, vec!["RZ-G101".to_owned()]), "{held:?}");
        let id = held.of_type("held")[0]["id"].as_str().unwrap().to_owned();
        let released = clinic.recekon().json(&["held", "release", &id, "--reason", "x"]);
        assert_eq!((released.exit, released.codes()), (1, vec!["RZ-G101".to_owned()]), "{released:?}");
        assert_eq!(files(&clinic.at("usb")), [""; 0]);
    }
}

#[test]
fn a_scanner_elsewhere_is_refused() {
    for address in ["tcp:192.168.1.5:3310", "tcp:scanner.example:3310", "unix:clamd.ctl"] {
        let clinic = Clinic::new();
        scanned_by(&clinic.recekon(), &format!("kind = \"clamd\"\naddress = {address:?}"));
        let refused = clinic.recekon().json(&["status"]);
        assert_eq!((refused.exit, refused.codes()), (2, vec!["RZ-U206".to_owned()]), "{refused:?}");
    }
}

/// The service: what waits at the scanner is told once, and what a person let pass goes by itself.
#[test]
fn the_service_scans_what_it_finds() {
    let clinic = Clinic::new();
    let (desk, running) = (clinic.recekon(), small());
    scanned_by(&desk, &clamd(&running, ""));
    clinic.put("recekon/watch/bad.UKE", &infected(12));
    clinic.put("recekon/watch/good.UKE", &Invented::ika().make());
    let mut service = desk.watch(&["--json"]);
    service.until("one waits and one goes", || {
        let goes = desk.status().of_type("transfer").iter().any(|parcel| parcel["state"] == "COMMITTED");
        (goes && desk.held().iter().any(|held| held["reason"] == "RZ-V101")).then_some(())
    });
    let said = service.stop();
    assert_eq!(said.matches("RZ-V101").count(), 1, "{said}");
    assert_eq!(files(&clinic.at("usb")).iter().filter(|path| path.ends_with(".UKE")).count(), 1);
}
