//! No value of a patient leaves the files: not in what is printed at any verbosity, not in logs, not in the journal.

use std::fs;

use rezept_claim::layout::layout;
use rezept_claim::{Depth, RecordReader, scan, text};
use rezept_testkit::claims::Invented;

use crate::bench::{Run, fixture};
use crate::desk::{Clinic, Desk, files, invented, put};

/// What names a patient in a file, as raw bytes: names, kana, birth dates, symbols and numbers of insured people.
pub fn secrets(bytes: &[u8]) -> Vec<Vec<u8>> {
    let family = scan(bytes, Depth::Totals, &mut |_| ()).unwrap().family.unwrap();
    let mut found = Vec::new();
    let mut reader = RecordReader::new(bytes);
    while let Some(record) = reader.next_record().unwrap() {
        let Some(layout) = record.id().and_then(|id| layout(family, id)) else { continue };
        for (number, item) in (1..).zip(layout.items) {
            let personal =
                ["name", "name_kana", "birth_date", "insured_symbol", "insured_number", "symbol", "number"];
            let value = record.item(number).unwrap_or_default();
            if [b"RE", b"HO", b"KO", b"SN"].contains(&&layout.id.0)
                && personal.contains(&item.name)
                && value.len() >= 6
            {
                found.push(value.to_vec());
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Both as it stands in the file and as UTF-8.
fn spellings(secrets: &[Vec<u8>]) -> Vec<Vec<u8>> {
    secrets.iter().flat_map(|value| [value.clone(), text::decode(value).into_owned().into_bytes()]).collect()
}

fn holds(all: &[u8], value: &[u8]) -> bool {
    all.windows(value.len()).any(|window| window == value)
}

/// Runs a command at every verbosity, and keeps what it printed.
fn say(desk: &Desk, kept: &mut Vec<(String, Vec<u8>)>, args: &[&str]) {
    for more in [&["-v"][..], &["-v", "--json"], &["--lang", "en"]] {
        let output = desk.command(&[args, more].concat()).env("REZEPT_LOG", "trace").output().unwrap();
        assert!(output.status.code().is_some_and(|code| code != 70), "{args:?} {output:?}");
        kept.push((format!("{args:?} {more:?}"), [output.stdout, output.stderr].concat()));
    }
}

#[test]
fn nothing_of_a_patient_is_printed_logged_or_journalled() {
    let clinic = Clinic::new();
    let (recekon, terminal, usb) = (clinic.recekon(), clinic.terminal(), clinic.typed("usb"));
    let claim = invented("ika_shaho/RECEIPTC.UKE");
    let returns = invented("hen_shaho/RECEIPTC.HEN");
    let mut known =
        spellings(&[secrets(&claim), secrets(&returns), secrets(&Invented::ika().make())].concat());
    // The history of a return file holds an address.
    known.push("東京都架空区".as_bytes().to_vec());
    assert!(known.iter().any(|value| *value == "見本　太郎".as_bytes()), "the names were found");
    assert!(known.iter().any(|value| value == b"19700105"), "the birth dates were found");
    assert!(known.len() > 12, "{}", known.len());

    let mut kept = Vec::new();
    let mut service = recekon.watch(&["-v"]);
    clinic.put("recekon/watch/good.UKE", &claim);
    for (name, bytes) in [
        ("cut.UKE", claim[..claim.len() / 3].to_vec()),
        ("totals.UKE", Invented::ika().month(2024, 10).with_wrong_total().make()),
        ("foreign.UKE", Invented::ika().month(2024, 9).facility("12", "0000000").make()),
        ("utf8.UKE", text::decode(&claim).into_owned().into_bytes()),
        ("RECEIPTC.UKE", [&b"garbage,"[..], &claim[200..]].concat()),
    ] {
        clinic.put(&format!("recekon/watch/{name}"), &bytes);
    }
    service.until("the good file goes", || {
        recekon.status().of_type("transfer").iter().any(|parcel| parcel["state"] == "COMMITTED").then_some(())
    });
    service.until("the others wait", || (recekon.held().len() >= 4).then_some(()));
    kept.push(("watch -v".to_owned(), service.stop().into_bytes()));

    // A damaged parcel, then the whole one.
    let payload = files(&clinic.parcels()).into_iter().find(|path| path.ends_with(".UKE")).unwrap();
    let payload = clinic.parcels().join(payload);
    put(&payload, &claim[..600]);
    say(&terminal, &mut kept, &["receive", "--from", &usb]);
    let bag = payload.ancestors().nth(3).unwrap().to_str().unwrap().to_owned();
    say(&terminal, &mut kept, &["verify", &bag]);
    put(&payload, &claim);
    let mut service = terminal.watch(&["-v"]);
    clinic.put("terminal/watch/RECEIPTC.HEN", &returns);
    let arrived = clinic.at("terminal/inbox/202411/shaho/RECEIPTC.UKE");
    service.until("the delivery", || arrived.exists().then_some(()));
    service.until("the return", || (terminal.status().of_type("transfer").len() == 2).then_some(()));
    kept.push(("watch -v".to_owned(), service.stop().into_bytes()));

    for desk in [&recekon, &terminal] {
        say(desk, &mut kept, &["receive", "--from", &usb]);
        let looks = [
            &["status"][..],
            &["ledger"],
            &["held", "list"],
            &["audit", "verify"],
            &["audit", "export", "--format", "jsonl"],
            &["audit", "export"],
            &["doctor"],
        ];
        for command in looks {
            say(desk, &mut kept, command);
        }
    }
    for name in files(&clinic.at("recekon/watch")) {
        let path = clinic.typed(&format!("recekon/watch/{name}"));
        say(&recekon, &mut kept, &["send", &path, "--to", &usb]);
        say(&recekon, &mut kept, &["show", &path]);
    }
    say(&recekon, &mut kept, &["show", &fixture("hen_shaho/RECEIPTC.HEN")]);
    let id = recekon.held()[0]["id"].as_str().unwrap().to_owned();
    say(&recekon, &mut kept, &["held", "release", &id, "--reason", "確かめました"]);

    for name in ["recekon", "terminal"] {
        for file in files(&clinic.at(&format!("{name}/data"))) {
            if !file.starts_with("archive/") {
                kept.push((file.clone(), fs::read(clinic.at(&format!("{name}/data/{file}"))).unwrap()));
            }
        }
    }
    assert!(kept.iter().any(|(what, _)| what.starts_with("journal.db")), "the journals were read");
    assert!(
        kept.iter().any(|(_, all)| holds(all, b"next step")),
        "the logs were as talkative as they can be"
    );
    // The worklist keeps what came back, in the journal and as it came: nothing of any other claim.
    let mut came_back = spellings(&secrets(&returns));
    came_back.push("東京都架空区".as_bytes().to_vec());
    for (what, all) in &kept {
        let worklist = what.starts_with("journal.db") || what.starts_with("returns/");
        for value in known.iter().filter(|value| !(worklist && came_back.contains(value))) {
            assert!(!holds(all, value), "{what} holds {}", text::decode(value));
        }
    }
    println!("{} values of patients in none of {} outputs", known.len(), kept.len());
}

/// The names on the medium tell nothing either: only the content itself does, as long as parcels are readable.
#[test]
fn names_on_the_medium_tell_nothing() {
    let clinic = Clinic::new();
    let sent: Run = clinic.send("見本　太郎 2024年11月分.UKE", &invented("ika_shaho/RECEIPTC.UKE"));
    assert_eq!(sent.exit, 0, "{sent:?}");
    for path in files(&clinic.at("usb")) {
        assert!(path.is_ascii(), "{path}");
        let bytes = fs::read(clinic.at("usb").join(&path)).unwrap();
        if !path.contains("/data/") {
            for word in ["見本", "太郎", "2024年"] {
                assert!(!holds(&bytes, word.as_bytes()), "{path} holds {word}");
            }
        }
    }
}
