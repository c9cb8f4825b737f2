//! Approval by another person before a file leaves (上長承認): who may give it, and that nothing goes without it.

use rezept_testkit::claims::Invented;

use crate::bench::{Run, fixture};
use crate::desk::{Clinic, Desk, files};
use crate::journeys::told;
use crate::people::{ADMIN, USER};

const MANAGER: (&str, &str) = ("鈴木", "manager-pass");

/// A receipt computer that asks for approval, with an administrator, a user and an operations manager.
fn with_approval(clinic: &Clinic) -> Desk {
    let desk = clinic.recekon();
    desk.edit("quiet_time", "approval = true\nquiet_time");
    assert_eq!(desk.register(None, ADMIN, "system-admin").exit, 0);
    assert_eq!(desk.register(Some(ADMIN), USER, "user").exit, 0);
    assert_eq!(desk.register(Some(ADMIN), MANAGER, "operations-manager,user").exit, 0);
    desk
}

#[track_caller]
fn held_id(run: &Run) -> String {
    assert_eq!((run.exit, run.held()), (1, vec!["RZ-O105".to_owned()]), "{run:?}");
    run.of_type("held")[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_a_person_sends_leaves_when_another_one_approved_it() {
    let clinic = Clinic::new();
    let desk = with_approval(&clinic);
    let (usb, bytes) = (clinic.typed("usb"), Invented::ika().make());
    let source = clinic.put("recekon/watch/RECEIPTC.UKE", &bytes);
    let send = ["send", source.as_str(), "--to", usb.as_str()];
    let id = held_id(&desk.as_person(MANAGER, &send));
    assert_eq!(files(&clinic.at("usb")), [""; 0]);
    let release = ["held", "release", id.as_str(), "--reason", "見ました"];
    for (person, code) in [(MANAGER, "RZ-O106"), (USER, "RZ-O104")] {
        let refused = desk.as_person(person, &release);
        assert_eq!((refused.exit, refused.codes()), (1, vec![code.to_owned()]), "{person:?} {refused:?}");
    }
    // Sending it again does not approve it, whoever does, and does not change who sent it.
    assert_eq!(held_id(&desk.as_person(ADMIN, &send)), id);
    assert_eq!(desk.held().len(), 1);
    let approved = desk.as_person(ADMIN, &release);
    assert_eq!(approved.exit, 0, "{approved:?}");
    let sent = desk.as_person(MANAGER, &send);
    assert_eq!((sent.exit, told(&sent.transfer()).1), (0, "COMMITTED"), "{sent:?}");
    let got = clinic.receive();
    assert_eq!(got.exit, 0, "{got:?}");
    assert_eq!(files(&clinic.at("terminal/inbox")), ["202411/shaho/RECEIPTC.UKE"]);
    let history = desk.json(&["ledger", &id]).of_type("ledger");
    let said: Vec<String> = history
        .iter()
        .map(|entry| format!("{} {} {}", entry["actor"], entry["to"], entry["note"]).replace('"', ""))
        .collect();
    assert!(said.contains(&"鈴木 SUBMITTED_BY 鈴木".to_owned()), "{said:?}");
    let approved = format!("山田 DECIDED_RELEASE RZ-O105 {id} | 見ました");
    assert!(said.contains(&approved), "{said:?}");
    desk.audit();
}

#[test]
fn a_refused_approval_ends_it() {
    let clinic = Clinic::new();
    let desk = with_approval(&clinic);
    let source = clinic.put("recekon/watch/RECEIPTC.UKE", &Invented::ika().make());
    let usb = clinic.typed("usb");
    let send = ["send", source.as_str(), "--to", usb.as_str()];
    let id = held_id(&desk.as_person(USER, &send));
    let refused = desk.as_person(MANAGER, &["held", "refuse", &id, "--reason", "まだ直します"]);
    assert_eq!(refused.exit, 0, "{refused:?}");
    // Another content under that name begins anew.
    clinic.put("recekon/watch/RECEIPTC.UKE", &Invented::ika().claims(5).make());
    assert_ne!(held_id(&desk.as_person(USER, &send)), id);
    assert_eq!(files(&clinic.at("usb")), [""; 0]);
}

#[test]
fn what_the_service_finds_waits_for_anybody_who_may_approve() {
    let clinic = Clinic::new();
    let desk = with_approval(&clinic);
    clinic.put("recekon/watch/RECEIPTC.UKE", &Invented::ika().make());
    let mut service = desk.watch(&[]);
    let id = service.until("it waits", || Some(desk.held().first()?["id"].as_str()?.to_owned()));
    assert_eq!(desk.held()[0]["reason"], "RZ-O105");
    let by_user = desk.as_person(USER, &["held", "release", &id, "--reason", "x"]);
    assert_eq!(by_user.codes(), ["RZ-O104"], "{by_user:?}");
    assert_eq!(files(&clinic.at("usb")), [""; 0]);
    let approved = desk.as_person(MANAGER, &["held", "release", &id, "--reason", "見ました"]);
    assert_eq!(approved.exit, 0, "{approved:?}");
    service.until("it goes", || {
        let parcels = desk.status().of_type("transfer");
        parcels.iter().any(|parcel| parcel["state"] == "COMMITTED").then_some(())
    });
    service.stop();
    desk.audit();
}

/// What a person lets pass at the gate is another question than the approval, and the receiver is told of the first.
#[test]
fn a_release_at_the_gate_is_no_approval_and_is_not_forgotten_by_one() {
    let clinic = Clinic::new();
    let desk = with_approval(&clinic);
    let usb = clinic.typed("usb");
    let source = clinic.put("recekon/watch/RECEIPTC.UKE", &Invented::ika().with_wrong_total().make());
    let send = ["send", source.as_str(), "--to", usb.as_str()];
    let stopped = desk.as_person(USER, &send);
    let both = vec!["RZ-G106".to_owned(), "RZ-O105".to_owned()];
    assert_eq!((stopped.exit, stopped.held()), (1, both), "{stopped:?}");
    let id = stopped.of_type("held")[0]["id"].as_str().unwrap().to_owned();
    // The person who sent it may say that the totals are meant; approving it is not hers.
    assert_eq!(desk.as_person(USER, &["held", "release", &id, "--reason", "合計は別に直す"]).exit, 0);
    assert_eq!(held_id(&desk.as_person(USER, &send)), id);
    assert_eq!(desk.held()[0]["reason"], "RZ-O105");
    assert_eq!(desk.as_person(MANAGER, &["held", "release", &id, "--reason", "承認"]).exit, 0);
    let sent = desk.as_person(USER, &send);
    assert_eq!((sent.exit, told(&sent.transfer()).1), (0, "COMMITTED"), "{sent:?}");
    let got = clinic.receive();
    assert_eq!((got.exit, told(&got.transfer()).1), (0, "ACK_WRITTEN"), "not held again there: {got:?}");
}

#[test]
fn approval_without_anybody_to_give_it_stops_and_says_so() {
    let clinic = Clinic::new();
    let desk = clinic.recekon();
    desk.edit("quiet_time", "approval = true\nquiet_time");
    let sent = clinic.send("RECEIPTC.UKE", &Invented::ika().make());
    let id = held_id(&sent);
    let refused = desk.json(&["held", "release", &id, "--reason", "x"]);
    assert_eq!((refused.exit, refused.codes()), (1, vec!["RZ-O112".to_owned()]), "{refused:?}");
    for command in ["status", "doctor"] {
        let told = desk.run(&[command]);
        assert!(told.exit == 1 && (told.out + &told.err).contains("RZ-O112"), "{command}");
    }
    assert_eq!(desk.register(None, ADMIN, "system-admin").exit, 0);
    for command in ["status", "doctor"] {
        let told = desk.run(&[command]);
        assert!(!(told.out + &told.err).contains("RZ-O112"), "{command}");
    }
    assert_eq!(desk.as_person(ADMIN, &["held", "release", &id, "--reason", "見ました"]).exit, 0);
}

/// A resubmission file is queued by a person, and that person may not approve it.
#[test]
fn a_resubmission_waits_for_another_person_too() {
    let clinic = Clinic::new();
    let desk = with_approval(&clinic);
    let returned = fixture("hen_shaho/RECEIPTC.HEN");
    assert_eq!(desk.as_person(MANAGER, &["import-returns", &returned]).exit, 0);
    let answer = ["--payer", "1", "--month", "2025-01", "--as-is", "--reason", "そのまま"];
    let made = desk.as_person(MANAGER, &[&["resubmit"], &answer[..]].concat());
    assert_eq!((made.exit, made.held()), (1, vec!["RZ-O105".to_owned()]), "{made:?}");
    let mut service = desk.watch(&[]);
    let id = service.until("it waits", || Some(desk.held().first()?["id"].as_str()?.to_owned()));
    let release = ["held", "release", id.as_str(), "--reason", "見ました"];
    let own = desk.as_person(MANAGER, &release);
    assert_eq!((own.exit, own.codes()), (1, vec!["RZ-O106".to_owned()]), "{own:?}");
    assert_eq!(files(&clinic.at("usb")), [""; 0]);
    assert_eq!(desk.as_person(ADMIN, &release).exit, 0);
    service.until("it goes", || {
        let parcels = desk.status().of_type("transfer");
        parcels.iter().any(|parcel| parcel["state"] == "COMMITTED").then_some(())
    });
    service.stop();
}
