//! People at the desk: who may act, who must say who they are, what the records name, and that no password is anywhere.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;

use rezept_testkit::claims::Invented;

use crate::bench::{Run, run};
use crate::desk::{Clinic, Desk, files};
use crate::help::{leaf_commands, listed_commands};
use crate::journeys::told;

pub const ADMIN: (&str, &str) = ("山田", "admin-pass-1");
pub const USER: (&str, &str) = ("佐藤", "user-pass-22");

impl Desk {
    /// Runs a command as a person, whose password comes by the environment.
    #[track_caller]
    pub fn as_person(&self, person: (&str, &str), args: &[&str]) -> Run {
        let mut command = self.command(&[args, &["--json"]].concat());
        command.env("REZEPT_OPERATOR", person.0).env("REZEPT_OPERATOR_PIN", person.1);
        finished(command.output().unwrap())
    }

    /// Registers a person. Without `by` it is the first one.
    #[track_caller]
    pub fn register(&self, by: Option<(&str, &str)>, person: (&str, &str), roles: &str) -> Run {
        let args = ["operator", "add", person.0, "--role", roles, "--json"];
        let mut command = self.command(&args);
        command.env("REZEPT_OPERATOR_NEW_PIN", person.1);
        if let Some((name, pin)) = by {
            command.env("REZEPT_OPERATOR", name).env("REZEPT_OPERATOR_PIN", pin);
        }
        finished(command.output().unwrap())
    }

    /// Runs a command that reads lines from standard input.
    #[track_caller]
    fn with_input(&self, args: &[&str], input: &str) -> Run {
        let mut command = self.command(&[args, &["--json"]].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        finished(child.wait_with_output().unwrap())
    }
}

fn finished(output: std::process::Output) -> Run {
    Run {
        exit: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A receipt computer with an administrator and a user.
fn with_people(clinic: &Clinic) -> Desk {
    let desk = clinic.recekon();
    let first = desk.register(None, ADMIN, "system-admin");
    assert_eq!(first.exit, 0, "{first:?}");
    let second = desk.register(Some(ADMIN), USER, "user");
    assert_eq!(second.exit, 0, "{second:?}");
    desk
}

#[track_caller]
fn refused(run: &Run, exit: i32, code: &str) {
    assert_eq!((run.exit, run.codes()), (exit, vec![code.to_owned()]), "{run:?}");
}

#[test]
fn the_first_person_is_administrator_and_names_the_others() {
    let clinic = Clinic::new();
    let desk = clinic.recekon();
    refused(&desk.register(None, USER, "user,information-manager"), 2, "RZ-O109");
    assert_eq!(desk.json(&["operator", "list"]).of_type("operator").len(), 0);
    let desk = with_people(&clinic);
    refused(&desk.register(None, ("鈴木", "another-pass"), "user"), 2, "RZ-O101");
    refused(&desk.register(Some(USER), ("鈴木", "another-pass"), "user"), 1, "RZ-O104");
    refused(&desk.register(Some(ADMIN), USER, "user"), 2, "RZ-O107");
    refused(&desk.register(Some(ADMIN), ("鈴木", "short"), "user"), 2, "RZ-O111");
    refused(&desk.register(Some(ADMIN), ("service", "another-pass"), "user"), 2, "RZ-O110");
    refused(&desk.register(Some(ADMIN), ("鈴木", "another-pass"), "boss"), 2, "RZ-U103");

    refused(&desk.as_person(USER, &["operator", "roles", USER.0, "--role", "system-admin"]), 1, "RZ-O104");
    refused(&desk.as_person(USER, &["operator", "retire", ADMIN.0]), 1, "RZ-O104");
    refused(&desk.as_person(ADMIN, &["operator", "retire", ADMIN.0]), 2, "RZ-O109");
    refused(&desk.as_person(ADMIN, &["operator", "roles", ADMIN.0, "--role", "user"]), 2, "RZ-O109");
    refused(&desk.as_person(ADMIN, &["operator", "retire", "誰か"]), 2, "RZ-O108");
    let changed = desk.as_person(ADMIN, &["operator", "roles", USER.0, "--role", "user,operations-manager"]);
    assert_eq!(changed.of_type("operator")[0]["roles"], serde_json::json!(["operations-manager", "user"]));
    let gone = desk.as_person(ADMIN, &["operator", "retire", USER.0]);
    assert!(gone.of_type("operator")[0]["retired"].is_string(), "{gone:?}");
    let listed = desk.json(&["operator", "list"]).of_type("operator");
    assert_eq!((listed.len(), &listed[0]["retired"]), (2, &serde_json::Value::Null));
    refused(&desk.as_person(USER, &["receive", "--from", &clinic.typed("usb")]), 1, "RZ-O102");
    let shown = desk.run(&["operator", "list"]);
    assert!(shown.out.contains("システム管理者") && shown.out.contains("登録終了"), "{shown:?}");
    desk.audit();
}

/// What each command is typed with, and whether it changes something by a person. A new command must be put here.
const LOOKING: &[(&str, &[&str])] = &[
    ("audit export", &[]),
    ("audit verify", &[]),
    ("demo", &["--help"]),
    ("doctor", &[]),
    ("held list", &[]),
    // Makes the station itself, and refuses where there is one.
    ("init", &["--help"]),
    ("ledger", &[]),
    ("media list", &[]),
    ("media show", &["M1"]),
    ("operator list", &[]),
    ("pair list", &[]),
    // Needs no station: any PC, with the paper.
    ("recover", &["--help"]),
    ("resubmit list", &[]),
    ("resubmit verify", &["{file}"]),
    ("returns export", &["--out", "{new}"]),
    ("returns list", &[]),
    ("returns show", &["R1"]),
    ("show", &["{file}"]),
    ("status", &[]),
    ("verify", &["{file}"]),
    // The service: what it does is logged as the service's.
    ("watch", &["--help"]),
];
const ACTING: &[(&str, &[&str])] = &[
    ("cancel", &["P1", "--reason", "x"]),
    ("exchange", &["{usb}"]),
    ("held refuse", &["F1", "--reason", "x"]),
    ("held release", &["F1", "--reason", "x"]),
    ("import-returns", &["{file}"]),
    ("media lost", &["M1", "--reason", "x"]),
    ("media register", &["{usb}", "--label", "x", "--owner", "x"]),
    ("media retire", &["M1", "--reason", "x"]),
    ("media return", &["M1"]),
    ("media take-out", &["M1", "--due", "2099-01-01", "--purpose", "x"]),
    ("operator add", &["鈴木", "--role", "user"]),
    ("operator password", &["佐藤"]),
    ("operator retire", &["佐藤"]),
    ("operator roles", &["佐藤", "--role", "user"]),
    ("pair accept", &["--from", "{usb}"]),
    ("pair export", &["--to", "{usb}"]),
    ("pair revoke", &["terminal", "--reason", "x"]),
    ("pair rotate", &[]),
    ("receive", &["--from", "{usb}"]),
    ("recovery printed", &[]),
    ("recovery sheet", &[]),
    ("resubmit", &["--payer", "1", "--month", "2024-12"]),
    ("resubmit cancel", &["B1", "--reason", "x"]),
    ("returns assign", &["R1", "--to", "x"]),
    ("returns close", &["R1", "--as", "withdrawn", "--reason", "x"]),
    ("returns edit", &["R1", "HO.symbol=1"]),
    ("returns note", &["R1", "x"]),
    ("returns reopen", &["R1", "--reason", "x"]),
    ("send", &["{file}", "--to", "{usb}"]),
];

#[test]
fn whoever_changes_something_says_who_they_are_and_whoever_looks_need_not() {
    let mut known: Vec<&str> = LOOKING.iter().chain(ACTING).map(|(name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(leaf_commands(), known, "say of a new command whether it changes something by a person");
    assert!(listed_commands().len() > 10);

    let clinic = Clinic::new();
    let desk = with_people(&clinic);
    let words = BTreeMap::from([
        ("{file}", clinic.put("recekon/watch/RECEIPTC.UKE", &Invented::ika().make())),
        ("{usb}", clinic.typed("usb")),
        ("{new}", clinic.typed("list.csv")),
    ]);
    let config = desk.config().to_str().unwrap().to_owned();
    let history = || desk.json(&["ledger"]).of_type("ledger").len();
    let before = history();
    for (name, args) in ACTING {
        let args = args.iter().map(|arg| words.get(arg).map_or(*arg, String::as_str));
        // A correction may begin with a hyphen, so nothing may stand behind it.
        let global = ["--json", "--config", &config].into_iter();
        let nobody = run(&global.chain(name.split(' ')).chain(args).collect::<Vec<_>>());
        refused(&nobody, 2, "RZ-O101");
        assert_eq!(nobody.objects().len(), 1, "{name} did something all the same: {nobody:?}");
    }
    assert_eq!(history(), before, "nothing was done by nobody");
    assert_eq!(files(&clinic.at("usb")), [""; 0]);
    for (name, args) in LOOKING {
        let args: Vec<&str> = name
            .split(' ')
            .chain(args.iter().map(|arg| words.get(arg).map_or(*arg, String::as_str)))
            .collect();
        let looked = desk.run(&args);
        assert!(!looked.err.contains("RZ-O1"), "{name}: {looked:?}");
    }
}

#[test]
fn the_records_name_the_person_here_and_beside_the_service() {
    let clinic = Clinic::new();
    let desk = with_people(&clinic);
    let usb = clinic.typed("usb");
    let actors = |to: &str| -> Vec<String> {
        let entries = desk.json(&["ledger"]).of_type("ledger");
        let of = entries.iter().filter(|entry| entry["to"] == to);
        of.map(|entry| entry["actor"].as_str().unwrap().to_owned()).collect()
    };
    let first = clinic.put("recekon/watch/1.UKE", &Invented::ika().make());
    let sent = desk.as_person(USER, &["send", &first, "--to", &usb]);
    assert_eq!((sent.exit, told(&sent.transfer()).1), (0, "COMMITTED"), "{sent:?}");
    assert_eq!(actors("COMMITTED"), [USER.0]);
    assert_eq!(actors("OPERATOR_ADDED"), ["operator", ADMIN.0]);

    // Outside every watched folder: the service does it because a person asked.
    let second = clinic.put("desk/2.UKE", &Invented::ika().month(2024, 12).make());
    let mut service = desk.watch(&[]);
    service.until("it works", || service_works(&desk).then_some(()));
    refused(&desk.json(&["send", &second, "--to", &usb]), 2, "RZ-O101");
    let sent = desk.as_person(ADMIN, &["send", &second, "--to", &usb]);
    assert_eq!(sent.exit, 0, "{sent:?}");
    assert_eq!(actors("COMMITTED"), [USER.0, ADMIN.0]);
    // What the service finds by itself is its own.
    clinic.put("recekon/watch/3.UKE", &Invented::ika().month(2025, 1).make());
    service.until("the third goes", || (actors("COMMITTED").len() == 3).then_some(()));
    assert_eq!(actors("COMMITTED")[2], "service");
    service.stop();
    desk.audit();
}

fn service_works(desk: &Desk) -> bool {
    let lock = desk.config().with_file_name("data").join("engine.lock");
    std::fs::File::open(lock)
        .is_ok_and(|lock| matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}

/// A request that was put down by a program that names nobody, or somebody who left, is not carried out.
#[test]
fn the_service_itself_refuses_what_nobody_answers_for() {
    let clinic = Clinic::new();
    let desk = with_people(&clinic);
    assert_eq!(desk.as_person(ADMIN, &["operator", "retire", USER.0]).exit, 0);
    let data = desk.config().with_file_name("data");
    let disk = rezept_journal::Disk { file_system: "ext4".to_owned(), removable: None };
    let clock = std::sync::Arc::new(rezept_journal::SystemClock);
    let mut journal = rezept_journal::Journal::open(&data, &disk, clock, "test").unwrap();
    let source = clinic.put("desk/1.UKE", &Invented::ika().make());
    let ask = |by: Option<&str>| {
        let by = by.map_or(String::new(), |name| format!("\"by\":{name:?},"));
        format!("{{{by}\"kind\":\"send\",\"files\":[{source:?}],\"medium\":{:?}}}", clinic.typed("usb"))
    };
    let asked: Vec<(i64, &str)> = [(None, "RZ-O101"), (Some(USER.0), "RZ-O102"), (Some("誰か"), "RZ-O102")]
        .map(|(by, code)| (journal.ask("send", &ask(by)).unwrap(), code))
        .to_vec();
    let mut service = desk.watch(&[]);
    for (id, code) in asked {
        let answer = service.until("an answer", || journal.answered(id).unwrap());
        assert!(answer.contains(code) && answer.contains("\"parcels\":[]"), "{answer}");
    }
    let good = journal.ask("send", &ask(Some(ADMIN.0))).unwrap();
    let answer = service.until("an answer", || journal.answered(good).unwrap());
    assert!(answer.contains("\"parcels\":[1]"), "{answer}");
    service.stop();
}

#[test]
fn wrong_passwords_are_recorded_and_cost_time() {
    let clinic = Clinic::new();
    let desk = with_people(&clinic);
    let from = clinic.typed("usb");
    let receive = ["receive", "--from", from.as_str()];
    refused(&desk.as_person(("誰か", "what-ever-1"), &receive), 1, "RZ-O102");
    for _ in 0..5 {
        let wrong = desk.as_person((USER.0, "wrong-password"), &receive);
        refused(&wrong, 1, "RZ-O102");
    }
    refused(&desk.as_person(USER, &receive), 1, "RZ-O103");
    assert_eq!(desk.as_person(ADMIN, &receive).exit, 0, "others need not wait");
    let entries = desk.json(&["ledger"]).of_type("ledger");
    let wrong: Vec<_> = entries.iter().filter(|entry| entry["to"] == "WRONG_PASSWORD").collect();
    assert_eq!(wrong.len(), 6);
    assert_eq!((&wrong[0]["subject"], &wrong[0]["note"]), (&"S".into(), &"unknown name".into()));
    assert!(wrong[5]["note"].as_str().unwrap().starts_with("佐藤 (5), locked until "), "{:?}", wrong[5]);
    // The administrator gives a new password, and it counts at once.
    let mut command = desk.command(&["operator", "password", USER.0, "--json"]);
    command.env("REZEPT_OPERATOR", ADMIN.0).env("REZEPT_OPERATOR_PIN", ADMIN.1);
    let changed = finished(command.env("REZEPT_OPERATOR_NEW_PIN", "fresh-pass-1").output().unwrap());
    assert_eq!(changed.exit, 0, "{changed:?}");
    refused(&desk.as_person(USER, &receive), 1, "RZ-O102");
    assert_eq!(desk.as_person((USER.0, "fresh-pass-1"), &receive).exit, 0);
}

#[test]
fn passwords_come_by_standard_input_and_end_nowhere() {
    let clinic = Clinic::new();
    let desk = clinic.recekon();
    let first = desk.with_input(
        &["operator", "add", ADMIN.0, "--role", "system-admin", "--pin-stdin"],
        "admin-pass-1\r\n",
    );
    assert_eq!(first.exit, 0, "{first:?}");
    let args = ["operator", "add", USER.0, "--role", "user", "--pin-stdin", "--operator", ADMIN.0];
    let second = desk.with_input(&args, "admin-pass-1\nuser-pass-22\n");
    assert_eq!(second.exit, 0, "{second:?}");
    refused(&desk.with_input(&args, "admin-pass-1\n"), 2, "RZ-O107");
    let from = clinic.typed("usb");
    let receive = ["receive", "--from", from.as_str(), "--pin-stdin", "--operator", USER.0];
    assert_eq!(desk.with_input(&receive, "user-pass-22").exit, 0);
    refused(&desk.with_input(&receive, "user-pass-2\n"), 1, "RZ-O102");
    refused(&desk.with_input(&receive, ""), 2, "RZ-O101");
    refused(&desk.with_input(&["receive", "--from", &from, "--pin-stdin"], "user-pass-22\n"), 2, "RZ-O101");
    // One's own password.
    let own = ["operator", "password", USER.0, "--pin-stdin", "--operator", USER.0];
    assert_eq!(desk.with_input(&own, "user-pass-22\nother-pass-33\n").exit, 0);
    assert_eq!(desk.with_input(&receive, "other-pass-33\n").exit, 0);
    let others = ["operator", "password", ADMIN.0, "--pin-stdin", "--operator", USER.0];
    refused(&desk.with_input(&others, "other-pass-33\nother-pass-44\n"), 1, "RZ-O104");

    let data = desk.config().with_file_name("data");
    let mut seen = 0;
    for file in files(&data) {
        let bytes = std::fs::read(data.join(&file)).unwrap();
        for pin in ["admin-pass-1", "user-pass-22", "other-pass-33"] {
            assert!(!bytes.windows(pin.len()).any(|window| window == pin.as_bytes()), "{pin} in {file}");
        }
        seen += bytes.windows(10).filter(|window| *window == b"$argon2id$").count();
    }
    assert!(seen >= 2, "the hashes are there");
}

#[test]
fn where_nobody_is_registered_nobody_is_asked() {
    let clinic = Clinic::new();
    assert_eq!(clinic.send("RECEIPTC.UKE", &Invented::ika().make()).exit, 0);
    let desk = clinic.recekon();
    let from = clinic.typed("usb");
    assert_eq!(desk.json(&["receive", "--from", &from]).exit, 0);
    let entries = desk.json(&["ledger"]).of_type("ledger");
    assert!(entries.iter().all(|entry| entry["actor"] == "send" || entry["actor"] == "receive"));
    // A name that nobody knows is not taken silently.
    refused(&desk.as_person(ADMIN, &["receive", "--from", &from]), 1, "RZ-O102");
    assert_eq!(run(&["operator", "list", "--config", "nowhere.toml", "--json"]).exit, 2);
}
