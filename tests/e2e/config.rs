//! The configuration: each broken rule is refused before anything is opened, with its code and the place to mend; and the
//! first steps of someone who starts with none.

use std::fs;

use crate::bench::rezept;
use crate::desk::{Clinic, files, invented, put};

/// Breaks the configuration of the receipt computer and runs a command: exit 2, this code, this place.
#[track_caller]
fn refused(from: &str, to: &str, code: &str, place: &str) {
    let clinic = Clinic::new();
    clinic.recekon().edit(from, to);
    for command in [&["status"][..], &["doctor"], &["watch"], &["receive", "--from", "usb"]] {
        let run = clinic.recekon().json(command);
        assert_eq!(
            (run.exit, run.codes()),
            (2, vec![code.to_owned()]),
            "{from} -> {to}: {command:?} {run:?}"
        );
        let error = &run.of_type("error")[0];
        assert!(error["place"].as_str().unwrap().contains(place), "{from} -> {to}: {error}");
        assert!(run.err.contains(code) && run.err.contains("次にすること"), "{}", run.err);
    }
    assert!(!clinic.at("recekon/data").exists(), "{from} -> {to}: nothing is made for it");
}

#[test]
fn every_broken_rule_is_exit_2_with_its_code_and_place() {
    for (from, to, code, place) in [
        ("role = ", "role : ", "RZ-U203", "rezept.toml:3"),
        ("quiet_time = \"0s\"", "quiet_time = ", "RZ-U203", "rezept.toml:"),
        ("[station]\n", "[station]\nname = \"twice\"\n", "RZ-U203", "rezept.toml:3"),
        ("quiet_time", "quite_time", "RZ-U204", "rezept.toml:"),
        ("[policy]", "[polizei]", "RZ-U204", "rezept.toml:"),
        ("data = \"data\"\n", "", "RZ-U205", "rezept.toml:1"),
        ("code = \"9999015\"\n", "", "RZ-U205", "rezept.toml:5"),
        ("\"receipt-computer\"", "\"boss\"", "RZ-U206", "rezept.toml:3"),
        ("kind = \"removable\"", "kind = \"floppy\"", "RZ-U206", "rezept.toml:"),
        ("prefecture = \"13\"", "prefecture = 13", "RZ-U206", "rezept.toml:"),
        ("prefecture = \"13\"", "prefecture = \"48\"", "RZ-U206", "facility = \"48-1-9999015\""),
        ("point_table = \"1\"", "point_table = \"2\"", "RZ-U206", "facility"),
        ("9999015", "999901", "RZ-U206", "facility"),
        ("name = \"recekon\"", "name = \"レセコン\"", "RZ-U206", "station.name = \"レセコン\""),
        ("name = \"recekon\"", "name = \"../x\"", "RZ-U206", "station.name"),
        ("name = \"recekon\"", "name = \"\"", "RZ-U206", "station.name"),
        ("to = \"terminal\"", "to = \"Terminal 1\"", "RZ-U206", "route.to"),
        ("accept = [\"claim\"]", "accept = [\"claims\"]", "RZ-U206", "route.accept = \"claims\""),
        ("accept = [\"claim\"]", "accept = []", "RZ-U206", "route.accept"),
        ("[\"return\", \"notice\"]", "[\"retrun\"]", "RZ-U206", "inbox.accept"),
        ("\"0s\"", "\"soon\"", "RZ-U206", "policy.quiet_time"),
        ("\"0s\"", "\"-5s\"", "RZ-U206", "policy.quiet_time"),
        ("quiet_time", "after_ack = \"delete\"\nquiet_time", "RZ-U206", "policy.after_ack"),
        ("quiet_time", "retain = \"for ever\"\nquiet_time", "RZ-U206", "policy.retain"),
        ("to = \"terminal\"\n", "", "RZ-U211", "route.to"),
        ("to = \"terminal\"", "to = \"recekon\"", "RZ-U211", "route.to"),
        ("\"receipt-computer\"", "\"single\"", "RZ-U211", "route.to"),
        (
            "to = \"terminal\"\n",
            "to = \"terminal\"\n[[route]]\nname = \"main\"\nwatch = \"w2\"\naccept = [\"claim\"]\nto = \"t2\"\n",
            "RZ-U211",
            "route.name",
        ),
    ] {
        refused(from, to, code, place);
    }
}

#[test]
fn folders_that_contain_one_another_are_refused() {
    for (from, to, place) in [
        ("\"inbox\"", "\"watch\"", "watch"),
        ("\"inbox\"", "\"watch/in\"", "watch/in"),
        ("\"inbox\"", "\"watch/../watch/in\"", "watch"),
        ("\"inbox\"", "\"not-yet/../watch/in\"", "watch"),
        ("\"watch\"", "\".\"", "recekon"),
        ("\"watch\"", "\"/\"", "/"),
        ("\"data\"", "\"watch/data\"", "data"),
        ("\"data\"", "\"../usb/data\"", "data"),
        ("\"../usb\"", "\"watch/usb\"", "usb"),
        ("\"../usb\"", "\"inbox\"", "inbox"),
        ("[policy]", "[[medium]]\nkind = \"share\"\npath = \"../usb\"\n[policy]", "usb"),
    ] {
        refused(from, to, "RZ-U207", place);
    }
}

#[cfg(unix)]
#[test]
fn folders_that_contain_one_another_through_links_are_refused() {
    use std::os::unix::fs::symlink;
    let clinic = Clinic::new();
    fs::create_dir(clinic.at("recekon/watch/deep")).unwrap();
    symlink(clinic.at("recekon/watch/deep"), clinic.at("recekon/link")).unwrap();
    symlink(clinic.at("recekon/watch"), clinic.at("recekon/inbox")).unwrap();
    symlink("watch", clinic.at("recekon/relative")).unwrap();
    for inbox in ["inbox", "inbox/new", "link", "link/new", "link/..", "relative"] {
        let desk = clinic.recekon();
        let before = fs::read(desk.config()).unwrap();
        desk.edit("folder = \"inbox\"", &format!("folder = {inbox:?}"));
        let run = desk.json(&["status"]);
        assert_eq!((run.exit, run.codes()), (2, vec!["RZ-U207".to_owned()]), "{inbox}: {run:?}");
        put(&desk.config(), &before);
    }
    // A link that leads elsewhere is no overlap.
    fs::create_dir(clinic.at("elsewhere")).unwrap();
    fs::remove_file(clinic.at("recekon/inbox")).unwrap();
    symlink(clinic.at("elsewhere"), clinic.at("recekon/inbox")).unwrap();
    assert_eq!(clinic.recekon().json(&["status"]).exit, 0);
}

#[test]
fn a_configuration_as_windows_editors_save_it_is_read() {
    let clinic = Clinic::new();
    let text = fs::read_to_string(clinic.recekon().config()).unwrap().replace('\n', "\r\n");
    put(&clinic.recekon().config(), format!("\u{FEFF}{text}").as_bytes());
    assert_eq!(clinic.send("RECEIPTC.UKE", &invented("ika_shaho/RECEIPTC.UKE")).exit, 0);
    // In CP932 it is no TOML.
    put(&clinic.recekon().config(), b"# \x83e\x83X\x83g\r\n");
    let run = clinic.recekon().json(&["status"]);
    assert_eq!((run.exit, run.codes()), (2, vec!["RZ-U202".to_owned()]), "{run:?}");
}

#[test]
fn without_a_configuration_every_command_of_a_station_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/rezept.toml");
    let path = path.to_str().unwrap();
    for command in [
        &["status"][..],
        &["watch"],
        &["ledger"],
        &["held", "list"],
        &["audit", "verify"],
        &["doctor"],
        &["send", "x", "--to", "y"],
    ] {
        let named = rezept(command).args(["--config", path, "--json"]).output().unwrap();
        let found = rezept(command)
            .args(["--json"])
            .env("HOME", folder.path())
            .env("XDG_CONFIG_HOME", folder.path().join("xdg"))
            .output()
            .unwrap();
        for output in [named, found] {
            let told = String::from_utf8(output.stdout).unwrap();
            assert_eq!(output.status.code(), Some(2), "{command:?} {told}");
            assert!(told.contains("RZ-U201") && told.contains("rezept.toml"), "{command:?} {told}");
        }
    }
    // Those that need none work.
    for command in [&["show", &crate::bench::fixture("ika_shaho/RECEIPTC.UKE")][..], &["--help"]] {
        assert_eq!(rezept(command).env("HOME", folder.path()).output().unwrap().status.code(), Some(0));
    }
    assert_eq!(files(folder.path()), [""; 0], "looking makes nothing");
}

#[test]
fn the_environment_names_the_configuration_and_the_option_wins() {
    let clinic = Clinic::new();
    let broken = clinic.put("broken.toml", b"[");
    let env = |variable: &str, args: &[&str]| {
        rezept(&["status"]).args(args).env("REZEPT_CONFIG", variable).output().unwrap().status.code()
    };
    let good = clinic.recekon().config();
    let good = good.to_str().unwrap();
    assert_eq!(env(good, &[]), Some(0));
    assert_eq!(env(&broken, &[]), Some(2));
    assert_eq!(env(&broken, &["--config", good]), Some(0));
}

#[test]
fn from_nothing_to_a_sent_file() {
    let clinic = Clinic::new();
    let config = clinic.typed("new/etc/rezept.toml");
    let run = |args: &[&str]| {
        let output = rezept(args).args(["--config", &config]).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let folder = |name: &str| clinic.typed(&format!("new/{name}"));
    let (data, watch, inbox, usb) = (folder("data"), folder("receden"), folder("inbox"), clinic.typed("usb"));
    let init = |facility: &str, inbox: &str| {
        run(&[
            "init",
            "--role",
            "receipt-computer",
            "--name",
            "recekon",
            "--peer",
            "terminal",
            "--data",
            &data,
            "--facility",
            facility,
            "--facility-name",
            "テスト見本診療所",
            "--watch",
            &watch,
            "--inbox",
            inbox,
            "--medium",
            &usb,
            "--key-store",
            "machine",
        ])
    };
    // What would make no configuration makes nothing at all.
    let (exit, _, err) = init("9999015", &inbox);
    assert!(exit == 2 && err.contains("RZ-U206") && err.contains("--facility"), "{err}");
    let (exit, _, err) = init("13-1-9999015", &watch);
    assert!(exit == 2 && err.contains("RZ-U207"), "{err}");
    assert!(!clinic.at("new").exists());

    let (exit, out, err) = init("13-1-9999015", &inbox);
    assert_eq!(exit, 0, "{err}");
    assert!(out.contains(&config) && err.contains("rezept doctor"), "{out}{err}");
    let (exit, _, err) = init("13-1-9999015", &inbox);
    assert!(exit == 2 && err.contains("RZ-U210"), "{err}");
    let (exit, out, err) = run(&["doctor"]);
    assert_eq!(exit, 0, "{out}{err}");
    assert!(out.contains("13-1-9999015") && !out.contains('×'), "{out}");

    let source = clinic.put("new/receden/RECEIPTC.UKE", &invented("ika_shaho/RECEIPTC.UKE"));
    let (exit, out, err) = run(&["send", &source, "--to", &usb]);
    assert_eq!(exit, 0, "{out}{err}");
    assert_eq!(clinic.receive().exit, 0);
    assert_eq!(run(&["receive", "--from", &usb]).0, 0);
    assert_eq!(files(&clinic.at("new/receden")), [""; 0]);
}

#[test]
fn the_doctor_names_what_is_wrong() {
    let clinic = Clinic::new();
    let desk = clinic.recekon();
    let first = desk.json(&["doctor"]);
    let of = |run: &crate::bench::Run, name: &str| {
        let all = run.of_type("check");
        all.into_iter().find(|check| check["name"] == name).unwrap()
    };
    assert_eq!(of(&first, "data")["verdict"], "warning", "not used yet: {first:?}");
    assert!(!clinic.at("recekon/data").exists(), "looking makes nothing");
    assert_eq!(clinic.send("RECEIPTC.UKE", &invented("ika_shaho/RECEIPTC.UKE")).exit, 0);
    assert_eq!(desk.json(&["doctor"]).exit, 0);
    fs::remove_dir(clinic.at("recekon/inbox")).unwrap();
    fs::remove_dir_all(clinic.at("usb")).unwrap();
    let told = desk.json(&["doctor"]);
    assert_eq!((told.exit, &of(&told, "inbox")["code"]), (5, &"RZ-T112".into()), "{told:?}");
    // A stick that is not plugged in is nothing wrong.
    assert_eq!(
        (&of(&told, "medium")["verdict"], &of(&told, "medium")["code"]),
        (&"warning".into(), &"RZ-T103".into())
    );
}
