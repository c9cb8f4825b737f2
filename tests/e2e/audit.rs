//! The history on the command line: what a paired station says it holds of it, and what `audit verify`, `status` and `doctor`
//! tell when a journal was set back.

use std::fs;
use std::path::Path;

use rezept_testkit::claims::Invented;

use crate::bench::run;
use crate::desk::{Clinic, Desk, put};
use crate::pairing::Pair;

/// One month goes to the terminal, and its acknowledgement comes back. What both stations complain of.
fn exchange(pair: &Pair, month: u8) -> [Vec<String>; 2] {
    let usb = pair.clinic.typed("usb");
    let sent = pair.clinic.send(&format!("{month}.UKE"), &Invented::ika().month(2024, month).make());
    assert_eq!(sent.exit, 0, "{sent:?}");
    let received = pair.clinic.receive();
    let back = pair.clinic.recekon().json(&["receive", "--from", &usb]);
    assert!(pair.clinic.at(&format!("terminal/inbox/2024{month:02}/shaho/RECEIPTC.UKE")).exists());
    [back, received].map(|run| run.held())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            put(&to.join(entry.file_name()), &fs::read(entry.path()).unwrap());
        }
    }
}

#[test]
fn a_data_folder_from_a_backup_is_found_by_the_answer_of_the_other_station() {
    let pair = Pair::made();
    let (recekon, terminal) = (pair.clinic.recekon(), pair.clinic.terminal());
    assert_eq!(exchange(&pair, 1), [[""; 0]; 2]);
    let (data, backup) = (pair.clinic.at("recekon/data"), pair.clinic.at("backup"));
    copy(&data, &backup);
    for month in [2, 3] {
        assert_eq!(exchange(&pair, month), [[""; 0]; 2]);
    }
    recekon.audit();
    terminal.audit();
    let shown = recekon.run(&["audit", "verify"]);
    assert!(shown.out.contains("ほかの端末に示した"), "{shown:?}");

    // Everything that the station knows is that of the backup; the sources of later months are in the archive.
    fs::remove_dir_all(&data).unwrap();
    copy(&backup, &data);
    recekon.audit();
    let [here, there] = exchange(&pair, 4);
    let told = ["RZ-A101", "RZ-A102"];
    assert!(matches!(&here[..], [code] if told.contains(&code.as_str())), "{here:?}");
    assert!(there.iter().all(|code| !told.contains(&code.as_str())), "{there:?}");
    assert_eq!(recekon.run(&["status"]).exit, 1);
    let verified = recekon.json(&["audit", "verify"]);
    assert_eq!((verified.exit, verified.codes()), (6, vec!["RZ-J111".to_owned()]), "{verified:?}");
    let audit = &verified.of_type("audit")[0];
    assert_eq!(audit["sound"], false);
    let unmet = audit["unmet_elsewhere"].as_array().unwrap();
    assert!(!unmet.is_empty(), "{audit}");
    assert_eq!(unmet[0]["held_by"], serde_json::json!(["terminal"]));
    let entry = unmet[0]["entry"].as_u64().unwrap();
    let told = recekon.run(&["audit", "verify"]);
    assert!(told.out.contains(&format!("記録 #{entry}")) && told.out.contains("terminal"), "{told:?}");
    let doctor = recekon.json(&["doctor"]);
    assert_eq!(doctor.exit, 6, "{doctor:?}");
    let check = doctor.of_type("check").into_iter().find(|check| check["name"] == "journal").unwrap();
    assert_eq!((&check["code"], &check["detail"]), (&"RZ-J111".into(), &format!("#{entry}").into()));
    // The other station's own history is whole.
    assert_eq!(terminal.json(&["audit", "verify"]).exit, 0);
}

/// A clinic with a month sent and something that waits.
fn with_history() -> Clinic {
    let clinic = Clinic::new();
    assert_eq!(clinic.send("1.UKE", &Invented::ika().month(2024, 1).make()).exit, 0);
    assert_eq!(clinic.receive().exit, 0);
    let wrong = clinic.send("2.UKE", &Invented::ika().month(2024, 2).with_wrong_total().make());
    assert_eq!(wrong.exit, 1, "{wrong:?}");
    clinic
}

fn exported(desk: &Desk, more: &[&str]) -> String {
    let run = desk.run(&[&["audit", "export"], more].concat());
    assert_eq!(run.exit, 0, "{run:?}");
    run.out
}

/// On a computer that has nothing of `rezept` but the program.
fn proved(path: &str) -> (i32, Vec<serde_json::Value>, Vec<String>) {
    let run = run(&["--json", "audit", "verify", "--export", path, "--config", "/nowhere/rezept.toml"]);
    (run.exit, run.of_type("audit_proof"), run.codes())
}

#[test]
fn an_export_is_proved_on_any_computer_in_both_forms() {
    let clinic = with_history();
    let desk = clinic.recekon();
    let entries = desk.json(&["audit", "verify"]).of_type("audit")[0].clone();
    for (format, name) in [("csv", "history.csv"), ("jsonl", "history.jsonl")] {
        let path = clinic.typed(name);
        assert_eq!(exported(&desk, &["--format", format, "--out", &path]), "");
        let (exit, proof, _) = proved(&path);
        assert_eq!((exit, &proof[0]["sound"]), (0, &true.into()), "{proof:?}");
        assert_eq!((&proof[0]["entries"], &proof[0]["head"]), (&entries["entries"], &entries["head"]));
        assert_eq!((&proof[0]["station"], &proof[0]["first"]), (&"recekon".into(), &1.into()));
        // What is there is never overwritten.
        let again = desk.json(&["audit", "export", "--format", format, "--out", &path]);
        assert_eq!((again.exit, again.codes()), (5, vec!["RZ-A106".to_owned()]), "{again:?}");
        let shown = run(&["audit", "verify", "--export", &path]);
        assert!(shown.out.contains("書き換えはありません") && shown.out.contains("recekon"), "{shown:?}");
        // The same on standard output, but for the time.
        let printed = exported(&desk, &["--format", format]);
        let written = fs::read_to_string(clinic.at(name)).unwrap();
        let body = |text: &str| text.split_once('\n').unwrap().1.to_owned();
        assert_eq!(body(&printed), body(&written));
    }
    // Without `--format`, people get the one for a spreadsheet and programs objects.
    assert!(exported(&desk, &[]).starts_with("\u{feff}rezept-audit-export,1,"));
    let objects = desk.json(&["audit", "export"]);
    assert_eq!(objects.of_type("audit_entry").len() as u64, entries["entries"].as_u64().unwrap());
    let both = desk.json(&["audit", "export", "--format", "csv"]);
    assert_eq!((both.exit, both.codes()), (2, vec!["RZ-U104".to_owned()]), "{both:?}");
}

#[test]
fn parts_follow_on_one_another_and_what_is_not_there_is_not_exported() {
    let clinic = with_history();
    let desk = clinic.recekon();
    let last = desk.json(&["audit", "verify"]).of_type("audit")[0]["entries"].as_u64().unwrap();
    let (middle, next) = ((last / 2).to_string(), (last / 2 + 1).to_string());
    let (first, second) = (clinic.typed("1.csv"), clinic.typed("2.jsonl"));
    exported(&desk, &["--to", &middle, "--out", &first]);
    exported(&desk, &["--from", &next, "--format", "jsonl", "--out", &second]);
    let (one, two) = (proved(&first).1, proved(&second).1);
    assert_eq!((&one[0]["head"], &one[0]["sound"]), (&two[0]["before"], &true.into()));
    assert_eq!((&two[0]["sound"], &two[0]["last"]), (&true.into(), &last.into()));
    let beyond = (last + 1).to_string();
    for range in [["--from", "0"], ["--from", &beyond], ["--to", &beyond], ["--to", "0"]] {
        let run = desk.json(&[&["audit", "export"], &range[..]].concat());
        assert_eq!((run.exit, run.codes()), (2, vec!["RZ-A105".to_owned()]), "{range:?} {run:?}");
    }
}

#[test]
fn a_changed_export_is_named_by_its_entry_and_another_file_is_none() {
    let clinic = with_history();
    let text = exported(&clinic.recekon(), &[]);
    let lines: Vec<&str> = text.split_inclusive("\r\n").collect();
    let changed = text.replacen("HELD", "GATED", 1);
    assert_ne!(changed, text);
    let held = lines.iter().position(|line| line.contains("HELD")).unwrap() - 1;
    let without = [&lines[..5], &lines[6..]].concat().concat();
    for (name, text, entry) in [
        ("changed.csv", changed, held),
        ("without.csv", without, 4),
        ("cut.csv", lines[..lines.len() - 1].concat(), lines.len() - 2),
    ] {
        let (exit, proof, codes) = proved(&clinic.put(name, text.as_bytes()));
        assert_eq!((exit, codes), (6, vec!["RZ-A103".to_owned()]), "{name}");
        assert_eq!(proof[0]["broken_at"], entry, "{name}");
    }
    let (exit, _, codes) = proved(&clinic.put("other.csv", "番号,状態\r\n".as_bytes()));
    assert_eq!((exit, codes), (3, vec!["RZ-A104".to_owned()]));
    for (path, code) in [(clinic.typed("nowhere.csv"), "RZ-F101"), (clinic.typed("usb"), "RZ-F103")] {
        let (exit, _, codes) = proved(&path);
        assert_eq!((exit, codes), (3, vec![code.to_owned()]));
    }
}

/// The program of `docs/audit.md`, where there is a Python.
#[test]
fn the_program_of_the_page_proves_an_export() {
    let page = fs::read_to_string(crate::bench::root().join("docs/audit.md")).unwrap();
    let program = page.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let python = |path: &str| std::process::Command::new("python3").args(["-c", program, path]).output();
    let clinic = with_history();
    let desk = clinic.recekon();
    let path = clinic.typed("history.jsonl");
    exported(&desk, &["--format", "jsonl", "--out", &path]);
    let Ok(output) = python(&path) else {
        println!("skipped: there is no python3");
        return;
    };
    let said = String::from_utf8(output.stdout).unwrap();
    let head = desk.json(&["audit", "verify"]).of_type("audit")[0]["head"].as_str().unwrap().to_owned();
    assert_eq!(said.trim(), format!("sound {head}"));
    let text = fs::read_to_string(clinic.at("history.jsonl")).unwrap();
    let changed = clinic.put("changed.jsonl", text.replacen("GATED", "HELD", 1).as_bytes());
    assert!(!python(&changed).unwrap().status.success());
}
