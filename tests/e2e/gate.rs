//! The gate: what is foreign, damaged, unknown or possibly doubled waits for a person, with the right reason, and nothing
//! of it reaches the medium; what a person lets pass goes all the way.

use std::fs;

use rezept_testkit::claims::{Body, Invented};
use serde_json::Value;

use crate::desk::{Clinic, Desk, files, invented};
use crate::journeys::told;

/// A file that the gate stops, by the name under which it lies there.
struct Stopped {
    what: &'static str,
    name: &'static str,
    bytes: Vec<u8>,
    code: &'static str,
    /// Words that the person must be told.
    words: &'static str,
    /// Whether a person may let it pass.
    may_pass: bool,
}

fn html() -> Vec<u8> {
    b"<!DOCTYPE html><html><body>Session timeout</body></html>".to_vec()
}

fn utf8(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split(|byte| *byte == b'\n');
    lines
        .map(|line| rezept_claim::text::decode(line).into_owned())
        .collect::<Vec<_>>()
        .join("\n")
        .into_bytes()
}

fn utf8_below(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8(utf8(bytes)).unwrap().replacen("テスト見本診療所", "", 1).into_bytes()
}

fn without_volume_mark(bytes: &[u8]) -> Vec<u8> {
    let text = bytes.strip_suffix(b",99\r\n\x1a").expect("a whole file");
    text.to_vec()
}

/// Puts one item of the header in place of another.
fn with_header(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).expect("it is there");
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

fn outward() -> Vec<Stopped> {
    let whole = Invented::ika().make();
    let stopped =
        |what, name, bytes, code, words, may_pass| Stopped { what, name, bytes, code, words, may_pass };
    let foreign = Invented::ika().facility("13", "9999023").make();
    let cut = Invented::ika().without_trailer().make();
    let totals = Invented::ika().with_wrong_total().make();
    let unknown = "正しいファイル";
    vec![
        stopped("foreign", "RECEIPTC.UKE", foreign, "RZ-G105", "別の医療機関等", true),
        stopped(
            "other prefecture",
            "RECEIPTC.UKE",
            Invented::ika().facility("12", "9999015").make(),
            "RZ-G105",
            "別の医療機関等",
            true,
        ),
        stopped("cut after a claim", "RECEIPTC.UKE", cut, "RZ-G104", "途中で切れている", true),
        stopped(
            "cut in a line",
            "RECEIPTC.UKE",
            whole[..whole.len() / 2].to_vec(),
            "RZ-G104",
            "途中で切れている",
            true,
        ),
        stopped(
            "cut in the last line",
            "RECEIPTC.UKE",
            without_volume_mark(&whole),
            "RZ-G104",
            "途中で切れている",
            true,
        ),
        stopped("header only", "RECEIPTC.UKE", whole[..20].to_vec(), "RZ-G104", "途中で切れている", false),
        stopped("totals", "RECEIPTC.UKE", totals, "RZ-G106", "合計", true),
        stopped("empty", "RECEIPTC.UKE", Vec::new(), "RZ-G101", "空です", false),
        stopped("web page", "RECEIPTC.UKE", html(), "RZ-G101", "ウェブページ", false),
        stopped("UTF-8", "RECEIPTC.UKE", utf8(&whole), "RZ-G116", "文字コードが違います", true),
        stopped(
            "UTF-8 below an ASCII header",
            "RECEIPTC.UKE",
            utf8_below(&whole),
            "RZ-G116",
            "文字コードが違います",
            true,
        ),
        stopped(
            "spreadsheet",
            "RECEIPTC.UKE",
            with_header(&whole, ",202411,00,", ",202411,0,"),
            "RZ-G116",
            "表計算ソフト",
            true,
        ),
        stopped("zip", "RECEIPTC.UKE", b"PK\x03\x04rest".to_vec(), "RZ-G101", "ZIP", false),
        stopped("rubbish", "RECEIPTC.UKE", vec![0x80; 5000], "RZ-G101", unknown, false),
        stopped(
            "month 13",
            "RECEIPTC.UKE",
            with_header(&whole, ",202411,", ",202413,"),
            "RZ-G102",
            "年月",
            false,
        ),
        stopped("payer 9", "RECEIPTC.UKE", with_header(&whole, "IR,1,", "IR,9,"), "RZ-G102", "請求先", false),
        stopped(
            "return",
            "RECEIPTC.HEN",
            invented("hen_shaho/RECEIPTC.HEN"),
            "RZ-G103",
            "この種類のファイル",
            false,
        ),
        stopped(
            "notice",
            "RIzogn1131999901550612.csv",
            invented("zogn/RIzogn1131999901550612.csv"),
            "RZ-G103",
            "この種類のファイル",
            false,
        ),
    ]
}

fn inward() -> Vec<Stopped> {
    let hen = invented("hen_shaho/RECEIPTC.HEN");
    let zogn = invented("zogn/RIzogn1131999901550612.csv");
    let stopped =
        |what, name, bytes, code, words, may_pass| Stopped { what, name, bytes, code, words, may_pass };
    vec![
        stopped("web page as return", "RECEIPTC.HEN", html(), "RZ-G101", "ウェブページ", false),
        stopped(
            "cut return",
            "RECEIPTC.HEN.txt",
            hen[..hen.len() / 2].to_vec(),
            "RZ-G104",
            "途中で切れている",
            true,
        ),
        stopped("renamed notice", "増減点.csv", zogn, "RZ-G102", "ダウンロードしたときの名前", false),
        stopped("claim", "RECEIPTC.UKE", Invented::ika().make(), "RZ-G103", "この種類のファイル", false),
    ]
}

/// Sends one stopped file from a station; it waits with its reason and nothing is on the medium.
#[track_caller]
fn stops(clinic: &Clinic, desk: &Desk, at: &str, case: &Stopped) {
    let what = case.what;
    let source = clinic.put(&format!("{at}/{}", case.name), &case.bytes);
    let usb = clinic.typed("usb");
    let sent = desk.json(&["send", &source, "--to", &usb]);
    assert_eq!((sent.exit, sent.held()), (1, vec![case.code.to_owned()]), "{what}: {sent:?}");
    assert_eq!(sent.of_type("transfer"), [""; 0], "{what}");
    let held = desk.held();
    assert_eq!(
        (held.len(), &held[0]["reason"], &held[0]["what"]),
        (1, &case.code.into(), &source.as_str().into()),
        "{what}"
    );
    let id = held[0]["id"].as_str().unwrap();
    assert!(held[0]["since"].as_str().unwrap().ends_with('Z'), "{what}: {held:?}");

    let list = desk.run(&["held", "list"]);
    assert!(list.out.contains(case.words), "{what}: {}", list.out);
    let status = desk.run(&["status"]);
    assert!(status.exit == 1 && status.out.contains(case.code), "{what}: {}", status.out);

    // Asked again it is still the same one that waits.
    let sent = desk.json(&["send", &source, "--to", &usb]);
    assert_eq!((sent.exit, sent.of_type("held")[0]["id"].as_str()), (1, Some(id)), "{what}: {sent:?}");
    assert_eq!(files(&clinic.at("usb")), [""; 0], "{what}: nothing on the medium");

    let release = desk.json(&["held", "release", id, "--reason", "確かめました"]);
    if case.may_pass {
        assert_eq!(release.exit, 0, "{what}: {release:?}");
        assert_eq!(desk.held(), [""; 0], "{what}");
        let sent = desk.json(&["send", &source, "--to", &usb]);
        assert_eq!((sent.exit, told(&sent.transfer()).1), (0, "COMMITTED"), "{what}: {sent:?}");
        assert_eq!(sent.transfer()["released"][0], case.code, "{what}");
    } else {
        assert_eq!((release.exit, release.codes()), (1, vec![case.code.to_owned()]), "{what}: {release:?}");
        assert_eq!(desk.held().len(), 1, "{what}: it still waits");
        let refuse = desk.json(&["held", "refuse", id, "--reason", "まちがい"]);
        assert_eq!(refuse.exit, 0, "{what}: {refuse:?}");
        assert_eq!((desk.held(), files(&clinic.at("usb"))), (vec![], vec![]), "{what}");
    }
    assert!(fs::exists(&source).unwrap(), "{what}: the source stays");
    desk.audit();
}

#[test]
fn each_thing_that_the_gate_stops_waits_with_its_reason() {
    for case in outward() {
        let clinic = Clinic::new();
        stops(&clinic, &clinic.recekon(), "recekon/watch", &case);
        if case.may_pass {
            // The decision travels with the parcel: the other side shows it and does not ask again.
            let got = clinic.receive();
            assert_eq!((got.exit, told(&got.transfer()).1), (0, "ACK_WRITTEN"), "{}: {got:?}", case.what);
            assert_eq!(got.transfer()["released"][0], case.code, "{}", case.what);
            let place = got.transfer()["files"][0]["path"].as_str().unwrap().to_owned();
            assert_eq!(fs::read(place).unwrap(), case.bytes, "{}", case.what);
            assert_eq!(clinic.terminal().held(), [""; 0], "{}", case.what);
        }
    }
}

#[test]
fn each_thing_that_is_stopped_on_the_way_back_waits_with_its_reason() {
    for case in inward() {
        let clinic = Clinic::new();
        stops(&clinic, &clinic.terminal(), "terminal/watch", &case);
    }
}

/// Neither its name nor its content says that it is any of our business.
#[test]
fn what_is_no_claim_at_all_is_refused_at_once() {
    let clinic = Clinic::new();
    let usb = clinic.typed("usb");
    let claim = clinic.put("recekon/watch/RECEIPTC.UKE", &Invented::ika().make());
    let photo = clinic.put("recekon/watch/photo.jpg", &[0xFF, 0xD8, 0xFF, 0xE0, 0, 16]);
    let alone = clinic.recekon().json(&["send", &photo, "--to", &usb]);
    assert_eq!((alone.exit, alone.codes()), (3, vec!["RZ-F113".to_owned()]), "{alone:?}");
    let folder = clinic.recekon().json(&["send", &clinic.typed("recekon/watch"), "--to", &usb]);
    assert_eq!((folder.exit, folder.codes()), (3, vec!["RZ-F103".to_owned()]), "{folder:?}");
    let nothing = clinic.recekon().json(&["send", &clinic.typed("recekon/watch/none.UKE"), "--to", &usb]);
    assert_eq!((nothing.exit, nothing.codes()), (3, vec!["RZ-F101".to_owned()]), "{nothing:?}");
    assert_eq!(files(&clinic.at("usb")), [""; 0]);
    // Beside a good file: that one goes, and the exit code says that not everything did.
    let both = clinic.recekon().json(&["send", &photo, &claim, "--to", &usb]);
    assert_eq!((both.exit, told(&both.transfer()).1), (4, "COMMITTED"), "{both:?}");
    assert_eq!(clinic.recekon().held(), [""; 0]);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_not_opened() {
    let clinic = Clinic::new();
    let usb = clinic.typed("usb");
    let real = clinic.put("elsewhere.UKE", &Invented::ika().make());
    let link = clinic.typed("recekon/watch/RECEIPTC.UKE");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let sent = clinic.recekon().json(&["send", &link, "--to", &usb]);
    assert_eq!((sent.exit, sent.codes()), (3, vec!["RZ-F104".to_owned()]), "{sent:?}");
    let pipe = clinic.typed("recekon/watch/pipe.UKE");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let sent = clinic.recekon().json(&["send", &pipe, "--to", &usb]);
    assert_eq!(sent.exit, 3, "{sent:?}");
    assert_eq!(files(&clinic.at("usb")), [""; 0]);
}

#[test]
fn the_same_content_does_not_go_twice() {
    let clinic = Clinic::new();
    let bytes = Invented::ika().make();
    assert_eq!(clinic.send("1/RECEIPTC.UKE", &bytes).exit, 0);
    let again = clinic.send("2/RECEIPTC.UKE", &bytes);
    assert_eq!((again.exit, again.held()), (1, vec!["RZ-G107".to_owned()]), "{again:?}");
    // Also when the first is long acknowledged and put away.
    assert_eq!(clinic.receive().exit, 0);
    let usb = clinic.typed("usb");
    assert_eq!(clinic.recekon().json(&["receive", "--from", &usb]).exit, 0);
    let march = clinic.send("3/RECEIPTC.UKE", &bytes);
    assert_eq!((march.exit, march.held()), (1, vec!["RZ-G107".to_owned()]), "{march:?}");
    // Two copies in one call: one goes.
    let next = Invented::ika().month(2024, 12).make();
    let (one, two) = (
        clinic.put("recekon/watch/4/RECEIPTC.UKE", &next),
        clinic.put("recekon/watch/5/RECEIPTC.UKE", &next),
    );
    let sent = clinic.recekon().json(&["send", &one, &two, "--to", &usb]);
    assert_eq!((sent.exit, sent.held()), (4, vec!["RZ-G107".to_owned()]), "{sent:?}");
    assert_eq!(sent.transfer()["files"].as_array().unwrap().len(), 1);
}

#[test]
fn a_corrected_file_waits_until_a_person_says_which_one_counts() {
    let clinic = Clinic::new();
    let (first, corrected) = (Invented::ika().make(), Invented::ika().claims(4).make());
    assert_eq!(clinic.send("RECEIPTC.UKE", &first).exit, 0);
    assert_eq!(clinic.receive().exit, 0);
    let usb = clinic.typed("usb");
    assert_eq!(clinic.recekon().json(&["receive", "--from", &usb]).exit, 0);
    let sent = clinic.send("RECEIPTC.UKE", &corrected);
    assert_eq!((sent.exit, sent.held()), (1, vec!["RZ-G108".to_owned()]), "{sent:?}");
    let id = clinic.recekon().held()[0]["id"].as_str().unwrap().to_owned();
    let released = clinic.recekon().run(&["held", "release", &id, "--reason", "差し替え"]);
    assert_eq!(released.exit, 0, "{released:?}");
    assert!(released.err.contains("次の受渡し"), "{}", released.err);
    let sent = clinic.recekon().json(&["send", &clinic.typed("recekon/watch/RECEIPTC.UKE"), "--to", &usb]);
    assert_eq!((sent.exit, &sent.transfer()["released"][0]), (0, &"RZ-G108".into()), "{sent:?}");
    let got = clinic.receive();
    assert_eq!((got.exit, told(&got.transfer()).1), (0, "ACK_WRITTEN"), "{got:?}");
    // The official place holds what counts, the earlier file is set aside and not overwritten; the reason came along.
    assert_eq!(fs::read(clinic.at("terminal/inbox/202411/shaho/RECEIPTC.UKE")).unwrap(), corrected);
    assert_eq!(fs::read(clinic.at("terminal/inbox/202411/shaho/差替え前/RECEIPTC.UKE")).unwrap(), first);
    assert_eq!(got.transfer()["decisions"][0]["why"], "差し替え", "{got:?}");
    assert!(got.codes().contains(&"RZ-T113".to_owned()), "{got:?}");
    let place = got.transfer()["files"][0]["path"].as_str().unwrap().to_owned();
    assert_eq!(fs::read(place).unwrap(), corrected);
    let ledger = clinic.recekon().run(&["ledger"]);
    assert!(ledger.out.contains("差し替え"), "the reason is in the history: {}", ledger.out);
}

#[test]
fn a_possible_double_claim_waits_at_the_receiver() {
    for (second, code, release) in [
        (Invented::ika().make(), "RZ-G112", true),
        (Invented::ika().make(), "RZ-G112", false),
        (Invented::ika().claims(4).make(), "RZ-G113", true),
        (Invented::ika().claims(4).make(), "RZ-G113", false),
    ] {
        let clinic = Clinic::new();
        let usb = clinic.typed("usb");
        assert_eq!(clinic.send("RECEIPTC.UKE", &Invented::ika().make()).exit, 0);
        assert_eq!(clinic.receive().exit, 0);
        assert_eq!(clinic.recekon().json(&["receive", "--from", &usb]).exit, 0);
        let other = clinic.second_recekon();
        let source = clinic.put("recekon-2/watch/RECEIPTC.UKE", &second);
        assert_eq!(other.json(&["send", &source, "--to", &usb]).exit, 0);
        let got = clinic.receive();
        assert_eq!((got.exit, got.held()), (1, vec![code.to_owned()]), "{got:?}");
        assert_eq!(got.transfer()["state"], "HELD");
        let inbox = || -> Vec<String> {
            let all = files(&clinic.at("terminal/inbox"));
            all.into_iter().filter(|path| !path.starts_with(".rezept-staging/")).collect()
        };
        assert_eq!(inbox(), ["202411/shaho/RECEIPTC.UKE"]);
        let held: Vec<Value> = clinic.terminal().held();
        let id = held[0]["id"].as_str().unwrap();
        let decision = if release { "release" } else { "refuse" };
        let decided = clinic.terminal().run(&["held", decision, id, "--reason", "確かめました"]);
        assert_eq!(decided.exit, 0, "{decided:?}");
        assert!(!decided.err.contains("送ら"), "it arrived here, nobody sends: {}", decided.err);
        let got = clinic.receive();
        assert_eq!(got.exit, 0, "{code} {decision}: {got:?}");
        assert_eq!(clinic.terminal().held(), [""; 0], "{code} {decision}");
        // What stands there is never overwritten: what a person let pass stands beside it.
        let places = if release { 2 } else { 1 };
        assert_eq!(inbox().len(), places, "{code} {decision}: {:?}", inbox());
        assert_eq!(files(&clinic.at("terminal/inbox")).len(), places, "nothing is left in staging");
        let back = other.json(&["receive", "--from", &usb]);
        let acknowledged = back.of_type("transfer").iter().any(|parcel| parcel["state"] == "ARCHIVED");
        assert!(acknowledged, "{code} {decision}: {back:?}");
        // What was refused is told here, and its source stays.
        let (exit, held) = if release { (0, vec![]) } else { (1, vec!["RZ-P125".to_owned()]) };
        assert_eq!((back.exit, back.held()), (exit, held), "{code} {decision}: {back:?}");
        assert_eq!(clinic.at("recekon-2/watch/RECEIPTC.UKE").exists(), !release);
    }
}

/// What the sender's own gate would have stopped is stopped by the receiver's.
#[test]
fn a_file_of_a_kind_that_no_inbox_takes_waits() {
    let clinic = Clinic::new();
    clinic.terminal().edit("accept = [\"claim\"]", "accept = [\"notice\"]");
    assert_eq!(clinic.send("RECEIPTC.UKE", &Invented::ika().body(Body::Kokuho).make()).exit, 0);
    let got = clinic.receive();
    assert_eq!((got.exit, got.held()), (1, vec!["RZ-P109".to_owned()]), "{got:?}");
    clinic.terminal().edit("accept = [\"notice\"]", "accept = [\"claim\"]");
    let id = clinic.terminal().held()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(clinic.terminal().json(&["held", "release", &id, "--reason", "直した"]).exit, 0);
    assert_eq!(clinic.receive().exit, 0);
    assert_eq!(files(&clinic.at("terminal/inbox")), ["202411/kokuho/RECEIPTC.UKE"]);
}

#[test]
fn nothing_readable_goes_onto_a_stick_where_the_policy_forbids_it() {
    let clinic = Clinic::new();
    clinic.recekon().edit("quiet_time", "plain_on_removable = false\nquiet_time");
    let usb = clinic.typed("usb");
    let bytes = Invented::ika().make();
    let sent = clinic.send("RECEIPTC.UKE", &bytes);
    assert_eq!((sent.exit, sent.held()), (1, vec!["RZ-G111".to_owned()]), "{sent:?}");
    assert_eq!(files(&clinic.at("usb")), [""; 0]);
    let id = clinic.recekon().held()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(clinic.recekon().json(&["held", "release", &id, "--reason", "責任者の許可"]).exit, 0);
    let sent = clinic.recekon().json(&["send", &clinic.typed("recekon/watch/RECEIPTC.UKE"), "--to", &usb]);
    assert_eq!((sent.exit, told(&sent.transfer()).1), (0, "COMMITTED"), "{sent:?}");
    assert_eq!(clinic.receive().exit, 0);

    // A place that the configuration does not name counts as removable; a share that it names does not.
    let other = clinic.put("recekon/watch/2.UKE", &Invented::ika().month(2024, 12).make());
    fs::create_dir(clinic.at("elsewhere")).unwrap();
    let sent = clinic.recekon().json(&["send", &other, "--to", &clinic.typed("elsewhere")]);
    assert_eq!((sent.exit, sent.held()), (1, vec!["RZ-G111".to_owned()]), "{sent:?}");
    clinic.recekon().edit("\"removable\"", "\"share\"");
    let third = clinic.put("recekon/watch/3.UKE", &Invented::ika().month(2025, 1).make());
    assert_eq!(clinic.recekon().json(&["send", &third, "--to", &usb]).exit, 0);
}

#[test]
fn a_decision_needs_a_reason_and_something_that_waits() {
    let clinic = Clinic::new();
    let held = clinic.send("RECEIPTC.UKE", &Invented::ika().with_wrong_total().make());
    let id = held.of_type("held")[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(clinic.recekon().json(&["held", "release", &id]).exit, 2);
    for nothing in ["F99", "P1", "A1", "X1", "", "S"] {
        let none = clinic.recekon().json(&["held", "release", nothing, "--reason", "x"]);
        assert_eq!((none.exit, none.codes()), (2, vec!["RZ-U209".to_owned()]), "{nothing}: {none:?}");
    }
    let empty = clinic.recekon().json(&["held", "release", &id, "--reason", " "]);
    assert_eq!(empty.exit, 2, "a reason that says nothing is none: {empty:?}");
    assert_eq!(clinic.recekon().held().len(), 1);
}
