//! Two stations set up by hand, and one that does both: files of every kind go all the way, byte for byte, and what is said
//! of them on the way is true.

use std::fs;

use rezept_testkit::claims::Invented;
use serde_json::Value;

use crate::bench::{handed_out, run};
use crate::desk::{Clinic, files, invented, put, sha256, typed};

/// What a program reads off a parcel first: direction, state, verify level, peer.
#[track_caller]
pub fn told(transfer: &Value) -> (&str, &str, &str, &str) {
    let id = transfer["id"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{transfer}");
    assert!(transfer["medium"].is_string(), "{transfer}");
    let word = |key: &str| transfer[key].as_str().unwrap();
    (word("direction"), word("state"), word("verify_level"), word("peer"))
}

/// What a program reads off the file of a parcel.
#[track_caller]
fn file_of<'a>(transfer: &'a Value, payer: &str) -> &'a Value {
    let files = transfer["files"].as_array().unwrap();
    files.iter().find(|file| file["payer"] == payer).unwrap_or_else(|| panic!("{payer}: {transfer}"))
}

#[test]
fn both_bodies_of_one_month_go_over_a_folder_and_come_back_acknowledged() {
    let clinic = Clinic::new();
    let (shaho, kokuho) = (invented("ika_shaho/RECEIPTC.UKE"), invented("ika_kokuho/RECEIPTC.UKE"));
    let one = clinic.put("recekon/watch/2024/11/社保/RECEIPTC.UKE", &shaho);
    let two = clinic.put("recekon/watch/2024/11/国保/RECEIPTC.UKE", &kokuho);
    let usb = clinic.typed("usb");

    let sent = clinic.recekon().json(&["send", &one, &two, "--to", &usb]);
    assert_eq!(sent.exit, 0, "{sent:?}");
    let parcel = sent.transfer();
    let (direction, state, level, peer) = told(&parcel);
    assert_eq!((direction, state, peer), ("out", "COMMITTED", "terminal"));
    assert!(["L1", "L2"].contains(&level), "{parcel}");
    assert_eq!(parcel["medium"], usb.as_str());
    for (payer, source, bytes) in [("1", &one, &shaho), ("2", &two, &kokuho)] {
        let file = file_of(&parcel, payer);
        assert_eq!((&file["path"], &file["state"]), (&source.as_str().into(), &"COMMITTED".into()), "{file}");
        assert_eq!((&file["sha256"], &file["size"]), (&sha256(bytes).into(), &bytes.len().into()), "{file}");
        assert_eq!((&file["kind"], &file["month"]), (&"claim".into(), &"2024-11".into()), "{file}");
    }
    assert!(
        fs::exists(&one).unwrap() && fs::exists(&two).unwrap(),
        "the sources stay until the acknowledgement"
    );

    let got = clinic.receive();
    assert_eq!(got.exit, 0, "{got:?}");
    let arrived = got.transfer();
    assert_eq!(arrived["id"], parcel["id"]);
    assert_eq!((told(&arrived).0, told(&arrived).1, told(&arrived).3), ("in", "ACK_WRITTEN", "recekon"));
    for (payer, name, bytes) in [("1", "shaho", &shaho), ("2", "kokuho", &kokuho)] {
        let place = clinic.at(&format!("terminal/inbox/202411/{name}/RECEIPTC.UKE"));
        assert_eq!(&fs::read(&place).unwrap(), bytes, "{name}");
        let file = file_of(&arrived, payer);
        assert_eq!((&file["path"], &file["state"]), (&typed(&place).into(), &"DELIVERED".into()), "{file}");
    }
    assert_eq!(files(&clinic.at("terminal/inbox")).len(), 2);

    let back = clinic.recekon().json(&["receive", "--from", &usb]);
    assert_eq!(back.exit, 0, "{back:?}");
    assert_eq!((told(&back.transfer()).1, told(&back.transfer()).2), ("ARCHIVED", "L4"));
    assert_eq!(files(&clinic.at("recekon/watch")), [""; 0], "the sources are put away");
    let archived = files(&clinic.at("recekon/data/archive"));
    let mut kept: Vec<Vec<u8>> =
        archived.iter().map(|path| fs::read(clinic.at("recekon/data/archive").join(path)).unwrap()).collect();
    kept.sort();
    let mut went = vec![shaho, kokuho];
    went.sort();
    assert_eq!(kept, went, "{archived:?}");
    assert_eq!(files(&clinic.at("usb")), [""; 0], "the stick is cleared");

    for desk in [clinic.recekon(), clinic.terminal()] {
        let again = desk.json(&["receive", "--from", &usb]);
        assert_eq!((again.exit, again.of_type("transfer").len()), (0, 0), "{again:?}");
        assert_eq!(desk.status().of_type("transfer").len(), 1);
        assert_eq!(desk.held(), [""; 0]);
        desk.audit();
    }
}

#[test]
fn people_are_told_in_sentences() {
    let clinic = Clinic::new();
    let source = clinic.put("recekon/watch/RECEIPTC.UKE", &invented("ika_shaho/RECEIPTC.UKE"));
    let usb = clinic.typed("usb");
    let sent = clinic.recekon().run(&["send", &source, "--to", &usb]);
    assert!(sent.out.contains("P1 → terminal  媒体にあり、受渡確認待ち"), "{}", sent.out);
    assert!(sent.out.contains("2024-11 社保"), "{}", sent.out);
    assert!(sent.err.ends_with("媒体を取り外して、相手の端末へ運べます。\n"), "{}", sent.err);
    let got = clinic.terminal().run(&["receive", "--from", &usb]);
    assert!(got.out.contains("P1 ← recekon  届け済み、受渡確認も書き込み済み"), "{}", got.out);
    let back = clinic.recekon().run(&["receive", "--from", &usb]);
    assert!(back.out.contains("完了 (保管済み)"), "{}", back.out);
    let nothing = clinic.recekon().run(&["receive", "--from", &usb]);
    assert!(nothing.err.contains("新しいものはありません"), "{}", nothing.err);
    let ledger = clinic.recekon().run(&["ledger", "P1", "--lang", "en"]);
    assert!(ledger.exit == 0 && ledger.out.contains("ACKNOWLEDGED"), "{}", ledger.out);
}

#[test]
fn a_configuration_may_name_absolute_folders_too() {
    let clinic = Clinic::new();
    for name in ["recekon", "terminal"] {
        let desk = clinic.desk(name);
        for key in ["data", "watch", "inbox"] {
            desk.edit(&format!("\"{key}\"\n"), &format!("{:?}\n", clinic.typed(&format!("{name}/{key}"))));
        }
        desk.edit("\"../usb\"", &format!("{:?}", clinic.typed("usb")));
    }
    let bytes = invented("ika_shaho/RECEIPTC.UKE");
    assert_eq!(clinic.send("RECEIPTC.UKE", &bytes).exit, 0);
    assert_eq!(clinic.receive().exit, 0);
    assert_eq!(fs::read(clinic.at("terminal/inbox/202411/shaho/RECEIPTC.UKE")).unwrap(), bytes);
}

#[test]
fn paths_may_be_typed_from_where_the_person_stands() {
    let clinic = Clinic::new();
    put(&clinic.at("recekon/watch/RECEIPTC.UKE"), &invented("ika_shaho/RECEIPTC.UKE"));
    let at = |desk: &str, args: &[&str]| {
        let output = crate::bench::rezept(args).current_dir(clinic.at(desk)).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?} {output:?}");
    };
    at("recekon", &["--config", "rezept.toml", "send", "watch/RECEIPTC.UKE", "--to", "../usb"]);
    at("terminal", &["--config", "../terminal/rezept.toml", "receive", "--from", "../usb/."]);
    assert!(clinic.at("terminal/inbox/202411/shaho/RECEIPTC.UKE").exists());
}

#[test]
fn a_kept_source_stays_and_is_offered_again_only_when_it_changes() {
    let clinic = Clinic::new();
    clinic.recekon().edit("quiet_time", "after_ack = \"keep\"\nquiet_time");
    let bytes = Invented::ika().make();
    assert_eq!(clinic.send("RECEIPTC.UKE", &bytes).exit, 0);
    assert_eq!(clinic.receive().exit, 0);
    let usb = clinic.typed("usb");
    let back = clinic.recekon().json(&["receive", "--from", &usb]);
    let parcel = back.transfer();
    assert_eq!((back.exit, told(&parcel).2, &parcel["files"][0]["state"]), (0, "L4", &"KEPT".into()));
    let source = clinic.typed("recekon/watch/RECEIPTC.UKE");
    assert_eq!(fs::read(&source).unwrap(), bytes, "the source stays where it is");

    let again = clinic.recekon().json(&["send", &source, "--to", &usb]);
    assert_eq!((again.exit, again.codes()), (1, vec!["RZ-G107".to_owned()]), "{again:?}");
    // Saved once more by the billing program, the same bytes: still nothing to send.
    put(&clinic.at("recekon/watch/RECEIPTC.UKE"), &bytes);
    let again = clinic.recekon().json(&["send", &source, "--to", &usb]);
    assert_eq!((again.exit, files(&clinic.at("usb"))), (1, vec![]), "{again:?}");
    let next = Invented::ika().month(2024, 12).make();
    let sent = clinic.send("RECEIPTC.UKE", &next);
    assert_eq!((sent.exit, told(&sent.transfer()).1), (0, "COMMITTED"), "{sent:?}");
}

#[test]
fn returns_and_a_notice_come_inwards() {
    let clinic = Clinic::new();
    let usb = clinic.typed("usb");
    let all = [
        ("hen_shaho/RECEIPTC.HEN", "202412/shaho/RECEIPTC.HEN", "return"),
        ("sah_shaho/RECEIPTC.SAH", "202412/shaho/RECEIPTC.SAH", "return"),
        ("hen_dpc/RECEIPTD.HEN", "202412/shaho/RECEIPTD.HEN", "return"),
        ("hen_old_wareki/RECEIPTC.HEN", "201812/shaho/RECEIPTC.HEN", "return"),
        ("zogn/RIzogn1131999901550612.csv", "202412/shaho/RIzogn1131999901550612.csv", "notice"),
    ];
    let mut args = vec!["send".to_owned()];
    for (name, ..) in all {
        args.push(clinic.put(&format!("terminal/watch/{name}"), &invented(name)));
    }
    args.extend(["--to".to_owned(), usb.clone()]);
    let sent = clinic.terminal().json(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(sent.exit, 0, "{sent:?}");
    let got = clinic.recekon().json(&["receive", "--from", &usb]);
    assert_eq!((got.exit, told(&got.transfer()).1), (0, "ACK_WRITTEN"), "{got:?}");
    for (name, place, kind) in all {
        assert_eq!(fs::read(clinic.at("recekon/inbox").join(place)).unwrap(), invented(name), "{place}");
        let parcel = got.transfer();
        let file =
            parcel["files"].as_array().unwrap().iter().find(|file| file["sha256"] == sha256(&invented(name)));
        assert_eq!(file.unwrap()["kind"], kind, "{name}");
    }
    let back = clinic.terminal().json(&["receive", "--from", &usb]);
    assert_eq!((back.exit, told(&back.transfer()).1), (0, "ARCHIVED"), "{back:?}");
    assert_eq!(files(&clinic.at("terminal/watch")), [""; 0]);
}

/// A download that the browser renamed is a notice or return all the same, and arrives under its official name.
#[test]
fn a_second_download_arrives_under_the_official_name() {
    let clinic = Clinic::new();
    let usb = clinic.typed("usb");
    let hen = clinic.put("terminal/watch/RECEIPTC (1).HEN", &invented("hen_shaho/RECEIPTC.HEN"));
    let zogn = invented("zogn/RIzogn1131999901550612.csv");
    let csv = clinic.put("terminal/watch/RIzogn1131999901550612 (2).csv", &zogn);
    assert_eq!(clinic.terminal().json(&["send", &hen, &csv, "--to", &usb]).exit, 0);
    assert_eq!(clinic.recekon().json(&["receive", "--from", &usb]).exit, 0);
    assert_eq!(
        files(&clinic.at("recekon/inbox")),
        ["202412/shaho/RECEIPTC.HEN", "202412/shaho/RIzogn1131999901550612.csv"]
    );
}

/// Nursing claims have no fixture of their own: their layout is the least certain of the five.
fn nursing() -> Vec<u8> {
    b"HM,1,13,6,9999041,MIHON,202411,\r\n\
      RE,1,6112,202410,MIHON TARO,,1,19700105,,,,,,00001,\r\n\
      HO,01130012,217,123,1,5550,\r\n\
      GO,1,5550,99\r\n\x1a"
        .to_vec()
}

#[test]
fn every_family_goes_outwards() {
    for (bytes, point_table, code, name) in [
        (invented("ika_shaho/RECEIPTC.UKE"), "1", "9999015", "RECEIPTC.UKE"),
        (invented("dpc_shaho/RECEIPTD.UKE"), "1", "9999015", "RECEIPTD.UKE"),
        (invented("shika/RECEIPTS.UKE"), "3", "9999029", "RECEIPTS.UKE"),
        (invented("chozai/RECEIPTY.CYO"), "4", "9999035", "RECEIPTY.CYO"),
        (nursing(), "6", "9999041", "RECEIPTH.UKE"),
    ] {
        let clinic = Clinic::new();
        for desk in [clinic.recekon(), clinic.terminal()] {
            desk.edit("point_table = \"1\"", &format!("point_table = {point_table:?}"));
            desk.edit("9999015", code);
        }
        // By its content, whatever it is called.
        let sent = clinic.send("202411.dat", &bytes);
        assert_eq!(sent.exit, 0, "{name}: {sent:?}");
        let got = clinic.receive();
        assert_eq!(got.exit, 0, "{name}: {got:?}");
        assert_eq!(files(&clinic.at("terminal/inbox")), [format!("202411/shaho/{name}")]);
        assert_eq!(fs::read(clinic.at("terminal/inbox/202411/shaho").join(name)).unwrap(), bytes, "{name}");
    }
}

#[test]
fn corrected_returns_go_out_again_with_their_history() {
    for (name, place) in [
        ("resubmit_mixed/RECEIPTC.UKE", "shaho/RECEIPTC.UKE"),
        // Every claim of it answers a return: it stands beside the month's file.
        ("resubmit_dpc/RECEIPTD.UKE", "shaho/再請求/RECEIPTD.UKE"),
    ] {
        let clinic = Clinic::new();
        assert_eq!(clinic.send(name, &invented(name)).exit, 0, "{name}");
        assert_eq!(clinic.receive().exit, 0, "{name}");
        assert_eq!(fs::read(clinic.at("terminal/inbox/202501").join(place)).unwrap(), invented(name));
    }
}

#[test]
fn one_machine_that_does_both_needs_no_medium() {
    let clinic = Clinic::new();
    let desk = clinic.recekon();
    desk.edit("\"receipt-computer\"", "\"single\"");
    desk.edit("to = \"terminal\"\n", "");
    desk.edit("[\"return\", \"notice\"]", "[\"claim\"]");
    let bytes = invented("ika_shaho/RECEIPTC.UKE");
    let source = clinic.put("recekon/watch/RECEIPTC.UKE", &bytes);
    let sent = desk.json(&["send", &source]);
    assert_eq!((sent.exit, sent.transfer()["state"].as_str()), (0, Some("ARCHIVED")), "{sent:?}");
    assert_eq!(sent.transfer()["peer"], "recekon");
    assert_eq!(fs::read(clinic.at("recekon/inbox/202411/shaho/RECEIPTC.UKE")).unwrap(), bytes);
    assert!(!fs::exists(&source).unwrap(), "the source is put away");
    assert_eq!(files(&clinic.at("usb")), [""; 0]);
    desk.audit();

    let mut service = desk.watch(&[]);
    put(&clinic.at("recekon/watch/RECEIPTC.UKE"), &Invented::ika().month(2024, 12).make());
    let place = clinic.at("recekon/inbox/202412/shaho/RECEIPTC.UKE");
    service.until("the delivery", || place.exists().then_some(()));
    service.until("the archive", || files(&clinic.at("recekon/watch")).is_empty().then_some(()));
    service.stop();
    assert_eq!(desk.status().of_type("transfer").len(), 2);
}

#[test]
fn the_real_file_goes_all_the_way() {
    let Some(real) = handed_out("real/RECEIPTC_GAIRAI_SAMPLE.UKE") else { return };
    let bytes = fs::read(&real).unwrap();
    let clinic = Clinic::new();
    for desk in [clinic.recekon(), clinic.terminal()] {
        desk.edit("\"13\"", "\"12\"");
        desk.edit("9999015", "0000000");
    }
    assert_eq!(clinic.send("RECEIPTC_GAIRAI_SAMPLE.UKE", &bytes).exit, 0);
    assert_eq!(clinic.receive().exit, 0);
    let place = clinic.at("terminal/inbox/202111/shaho/RECEIPTC.UKE");
    assert_eq!(fs::read(&place).unwrap(), bytes);
    let usb = clinic.typed("usb");
    assert_eq!(clinic.recekon().json(&["receive", "--from", &usb]).transfer()["state"], "ARCHIVED");
    let shown = run(&["show", &typed(&place), "--json"]);
    let begin = r#"{"v":1,"type":"file","kind":"claim","family":"ika","payer":"1","prefecture":"12","point_table":"1","facility":"0000000","month":"2021-11","volume":"00","claims":75,"payers":140,"points":86392,"#;
    assert!(shown.out.starts_with(begin), "{}", shown.out);
    assert_eq!(shown.of_type("file")[0]["sha256"], sha256(&bytes));
    assert!(!shown.of_type("finding").is_empty());
}

#[test]
fn a_trial_counts_for_nothing_and_stands_apart() {
    let clinic = Clinic::new();
    let bytes = invented("ika_shaho/RECEIPTC.UKE");
    let source = clinic.put("recekon/watch/RECEIPTC.UKE", &bytes);
    let usb = clinic.typed("usb");
    let round = |args: &[&str]| {
        let sent = clinic.recekon().json(args);
        assert_eq!((sent.exit, sent.held()), (0, vec![]), "{sent:?}");
        let got = clinic.receive();
        assert_eq!((got.exit, got.held()), (0, vec![]), "{got:?}");
        assert_eq!(clinic.recekon().json(&["receive", "--from", &usb]).exit, 0);
        sent.transfer()
    };
    let trial = round(&["send", &source, "--to", &usb, "--trial"]);
    assert_eq!(trial["files"][0]["purpose"], "trial");
    let tried = clinic.at("terminal/inbox/202411/shaho/確認試験/RECEIPTC.UKE");
    assert_eq!(fs::read(&tried).unwrap(), bytes);
    assert_eq!(
        fs::read(clinic.at("recekon/watch/RECEIPTC.UKE")).unwrap(),
        bytes,
        "the month is yet to be sent"
    );
    assert!(!clinic.at("terminal/inbox/202411/shaho/RECEIPTC.UKE").exists());

    let month = round(&["send", &source, "--to", &usb]);
    assert_eq!(month["files"][0].get("purpose"), None);
    assert_eq!(fs::read(clinic.at("terminal/inbox/202411/shaho/RECEIPTC.UKE")).unwrap(), bytes);
    assert!(!clinic.at("recekon/watch/RECEIPTC.UKE").exists());

    // Once it was sent, it may be tried again, and not sent again unasked.
    let copy = clinic.put("elsewhere/RECEIPTC.UKE", &bytes);
    round(&["send", &copy, "--to", &usb, "--trial"]);
    let again = clinic.recekon().json(&["send", &copy, "--to", &usb]);
    assert_eq!((again.exit, again.held()), (1, vec!["RZ-G107".to_owned()]), "{again:?}");
    let shown = clinic.terminal().run(&["status"]);
    assert!(shown.out.contains("2024-11 社保  確認試験"), "{}", shown.out);
    for desk in [clinic.recekon(), clinic.terminal()] {
        desk.audit();
    }
}
