//! The history on the command line: what a paired station says it holds of it, and what `audit verify`, `status` and `doctor`
//! tell when a journal was set back.

use std::fs;
use std::path::Path;

use rezept_testkit::claims::Invented;

use crate::desk::put;
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
