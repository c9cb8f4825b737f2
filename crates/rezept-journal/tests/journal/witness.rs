//! Two stations witness each other: whatever is done to one journal, with however much care, is named by entry number, at the
//! latest when the other station answers the next time.

use rezept_journal::{Checkpoint, FileState, Held, Journal, Keeper, PeerKeys, Subject};

use crate::audit::rehash;
use crate::common::{Station, gated, plan};

const CLINIC: &str = "recekon-1";
const TERMINAL: &str = "terminal-1";

fn keys(of: &str, generation: u32) -> PeerKeys {
    PeerKeys { signing: format!("{of} signs {generation}"), opening: format!("{of} opens"), recovery: None }
}

/// A clinic and a terminal whose keys people compared.
fn paired() -> (Station, Station) {
    let (clinic, terminal) = (Station::new(), Station::new());
    clinic.open().pair(TERMINAL, &keys(TERMINAL, 1), "0000").unwrap();
    terminal.open().pair(CLINIC, &keys(CLINIC, 1), "0000").unwrap();
    (clinic, terminal)
}

/// The clinic sends a parcel and shows its head in the header; the terminal notes it and says in its answer what it holds.
/// `None`: it says nothing.
fn exchange(clinic: &mut Journal, terminal: &mut Journal, n: u64) -> (bool, Option<Held>) {
    let id = gated(clinic, &format!("{n}.UKE"), n, n);
    let shown = clinic.checkpoint().unwrap();
    plan(clinic, &format!("p{n}"), &[id]).unwrap();
    let agrees = terminal.witness(CLINIC, shown).unwrap();
    let told = terminal.witness_for(CLINIC, Some(shown)).unwrap();
    (agrees, told.map(|point| clinic.peer_holds(TERMINAL, point).unwrap()))
}

/// Someone who knows the program and has write access to everything: no trigger stands in the way.
fn clear_the_way(station: &Station) {
    station
        .raw()
        .execute_batch(
            "DROP TRIGGER history_no_update; DROP TRIGGER history_no_delete;
            DROP TRIGGER checkpoint_given_no_update; DROP TRIGGER checkpoint_given_no_delete;
            DROP TRIGGER checkpoint_held_no_update; DROP TRIGGER checkpoint_held_no_delete;",
        )
        .unwrap();
}

#[test]
fn honest_stations_agree_for_ever() {
    let (clinic, terminal) = paired();
    let (mut clinic, mut terminal) = (clinic.open(), terminal.open());
    for n in 0..20 {
        let (agrees, held) = exchange(&mut clinic, &mut terminal, n);
        assert!(agrees, "{n}");
        assert_eq!(held, Some(Held::Same), "{n}");
    }
    assert!(clinic.alerts().unwrap().is_empty() && terminal.alerts().unwrap().is_empty());
    let report = clinic.verify_chain(&[]).unwrap();
    assert!(report.is_sound(), "{report:?}");
}

#[test]
fn planning_and_sealing_note_what_is_shown() {
    let (clinic, _) = paired();
    let mut journal = clinic.open();
    let id = gated(&mut journal, "1.UKE", 1, 1);
    let planned = journal.checkpoint().unwrap();
    let row = plan(&mut journal, "p1", &[id]).unwrap().row;
    let sealed = journal.checkpoint().unwrap();
    journal.sealed(row, b"header", &[3; 32], b"signature", sealed).unwrap();
    journal.note_given(TERMINAL, Checkpoint { seq: 0, hash: [0; 32] }, "p1").unwrap();
    let given: Vec<(String, u64, [u8; 32], String)> = clinic
        .raw()
        .prepare("SELECT peer, seq, hash, via FROM checkpoint_given ORDER BY seq")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let expected =
        [planned, sealed].map(|point| (TERMINAL.to_owned(), point.seq, point.hash, "p1".to_owned()));
    assert_eq!(given, expected);
}

#[test]
fn the_database_itself_refuses_to_change_what_is_elsewhere() {
    let (clinic, terminal) = paired();
    let (mut clinic_journal, mut terminal) = (clinic.open(), terminal.open());
    exchange(&mut clinic_journal, &mut terminal, 1);
    exchange(&mut clinic_journal, &mut terminal, 2);
    for table in ["checkpoint_given", "checkpoint_held"] {
        let rows: i64 =
            clinic.raw().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert!(rows > 0, "{table}");
        assert!(clinic.raw().execute(&format!("DELETE FROM {table}"), []).is_err(), "{table}");
        assert!(clinic.raw().execute(&format!("UPDATE {table} SET seq = 1"), []).is_err(), "{table}");
    }
}

/// What is done to the clinic's journal after four exchanges. In its history they are the entries 2 to 6, 7 to 11, 12 to 16
/// and 17 to 21; the terminal was shown 4, 9, 14 and 19.
struct Case {
    what: &'static str,
    deed: fn(&Station),
    /// The first wrong entry, as the clinic's own audit names it.
    audit: Option<u64>,
    /// Whether what the next header shows agrees with what the terminal knows.
    agrees: bool,
    /// What the clinic learns from the answer.
    answer: Held,
    alert: Option<&'static str>,
    /// The first wrong entry after that.
    audit_then: Option<u64>,
}

fn edit(station: &Station) {
    station.forge("UPDATE history SET note = 'nothing happened' WHERE seq = 13");
}

fn edit_and_rehash(station: &Station) {
    edit(station);
    rehash(station, 13);
}

fn edit_everything(station: &Station) {
    edit_and_rehash(station);
    station.forge(
        "DELETE FROM checkpoint_held;
        UPDATE checkpoint_given SET hash = (SELECT hash FROM history h WHERE h.seq = checkpoint_given.seq);",
    );
}

fn cut(station: &Station) {
    station.forge(
        "DELETE FROM history WHERE seq > 11; UPDATE sqlite_sequence SET seq = 11 WHERE name = 'history';",
    );
}

/// As if nothing after entry 11 had ever been.
fn cut_everything(station: &Station) {
    cut(station);
    station.forge(
        "PRAGMA foreign_keys = OFF; DELETE FROM parcel_file WHERE parcel > 2; DELETE FROM parcel WHERE row > 2;
        DELETE FROM file WHERE id > 2;
        DELETE FROM checkpoint_given WHERE seq > 11; DELETE FROM checkpoint_held WHERE seq > 11;",
    );
}

/// The same, and then more entries than there were.
fn fork(station: &Station) {
    cut_everything(station);
    std::fs::remove_file(station.mark()).unwrap();
    let mut journal = station.open();
    for n in 0..20 {
        journal.remark(Subject::Station, "RZ-S001", &n.to_string()).unwrap();
    }
}

#[test]
fn whatever_is_done_to_a_journal_is_named_by_entry() {
    let shorter = Held::Shorter { last: 16 };
    let cases = [
        Case {
            what: "nothing",
            deed: |_| {},
            audit: None,
            agrees: true,
            answer: Held::Same,
            alert: None,
            audit_then: None,
        },
        Case {
            what: "edited",
            deed: edit,
            audit: Some(13),
            agrees: true,
            answer: Held::Same,
            alert: None,
            audit_then: Some(13),
        },
        Case {
            what: "edited, and every hash made anew",
            deed: edit_and_rehash,
            audit: Some(14),
            agrees: true,
            answer: Held::Other,
            alert: Some("RZ-A102 entry 19"),
            audit_then: Some(14),
        },
        Case {
            what: "edited, and everything here that could tell of it",
            deed: edit_everything,
            audit: None,
            agrees: true,
            answer: Held::Other,
            alert: Some("RZ-A102 entry 19"),
            audit_then: Some(19),
        },
        Case {
            what: "cut, and the count too",
            deed: cut,
            audit: Some(14),
            agrees: false,
            answer: shorter,
            alert: Some("RZ-A101 entry 19, the last one here is 16"),
            audit_then: Some(14),
        },
        Case {
            what: "cut, and everything here that could tell of it",
            deed: cut_everything,
            audit: None,
            agrees: false,
            answer: shorter,
            alert: Some("RZ-A101 entry 19, the last one here is 16"),
            audit_then: Some(19),
        },
        Case {
            what: "cut, and grown past what was shown",
            deed: fork,
            audit: None,
            agrees: true,
            answer: Held::Other,
            alert: Some("RZ-A102 entry 19"),
            audit_then: Some(19),
        },
    ];
    for case in cases {
        let what = case.what;
        let (clinic, terminal) = paired();
        let mut terminal = terminal.open();
        for n in 0..4 {
            assert!(exchange(&mut clinic.open(), &mut terminal, n).0);
        }
        clear_the_way(&clinic);
        (case.deed)(&clinic);
        // What the data folder remembers outside the database would keep it from opening.
        std::fs::remove_file(clinic.mark()).unwrap();
        let report = clinic.open().verify_chain(&[]).unwrap();
        assert_eq!(report.first_wrong(), case.audit, "{what}: {report:?}");
        let mut journal = clinic.open();
        assert_eq!(exchange(&mut journal, &mut terminal, 9), (case.agrees, Some(case.answer)), "{what}");
        let alerts = journal.alerts().unwrap();
        let told: Vec<String> =
            alerts.iter().map(|alert| format!("{} {}", alert.reason.code, alert.reason.detail)).collect();
        assert_eq!(told, Vec::from_iter(case.alert), "{what}");
        assert!(alerts.iter().all(|alert| alert.place == TERMINAL), "{what}: {alerts:?}");
        let report = journal.verify_chain(&[]).unwrap();
        assert_eq!(report.first_wrong(), case.audit_then, "{what}: {report:?}");
        assert_eq!(report.is_sound(), case.audit_then.is_none(), "{what}");
        // It blocks nothing, and once a person has looked at it, it is not brought up again; the audit still tells.
        for alert in &alerts {
            journal.settle_alert(alert.id, "looked at").unwrap();
        }
        let (_, held) = exchange(&mut journal, &mut terminal, 10);
        assert!(held.is_some(), "{what}");
        let again = journal.alerts().unwrap();
        assert!(again.iter().all(|alert| !alert.reason.detail.contains("entry 19")), "{what}: {again:?}");
    }
}

#[test]
fn an_old_journal_put_back_is_found_by_the_answer() {
    let (clinic, terminal) = paired();
    let mut terminal = terminal.open();
    exchange(&mut clinic.open(), &mut terminal, 0);
    let backup = clinic.backup();
    for n in 1..4 {
        exchange(&mut clinic.open(), &mut terminal, n);
    }
    clinic.restore(&backup);
    std::fs::remove_file(clinic.mark()).unwrap();
    let mut journal = clinic.open();
    assert!(journal.verify_chain(&[]).unwrap().is_sound(), "it was a sound journal");
    let (agrees, held) = exchange(&mut journal, &mut terminal, 9);
    assert_eq!((agrees, held), (false, Some(Held::Shorter { last: 11 })), "entry 9 was another one");
    let report = journal.verify_chain(&[]).unwrap();
    let [unmet] = &report.unmet[..] else { panic!("{report:?}") };
    assert_eq!((unmet.point.seq, unmet.held), (19, Held::Shorter { last: 12 }), "the alert is an entry too");
    assert!(unmet.keepers.contains(&Keeper::HeldBy(TERMINAL.to_owned())));
}

#[test]
fn what_no_key_proved_is_neither_told_nor_held_against_a_station() {
    let (clinic, terminal) = (Station::new(), Station::new());
    let mut journal = terminal.open();
    let invented = |seq| Checkpoint { seq, hash: [7; 32] };
    // Somebody invents entries before the stations are paired.
    assert!(journal.witness(CLINIC, invented(4)).unwrap());
    assert!(journal.witness(CLINIC, invented(9000)).unwrap());
    assert_eq!(journal.witness_for(CLINIC, None).unwrap(), None);
    assert_eq!(journal.witness_for(CLINIC, Some(invented(4))).unwrap(), None);
    journal.pair(CLINIC, &keys(CLINIC, 1), "0000").unwrap();
    clinic.open().pair(TERMINAL, &keys(TERMINAL, 1), "0000").unwrap();
    assert_eq!(journal.witness_for(CLINIC, None).unwrap(), None);
    assert_eq!(exchange(&mut clinic.open(), &mut journal, 1), (true, Some(Held::Same)));
    // The clinic gets another computer: new keys, a new history. People compare the code once more.
    let new = Station::new();
    new.open().pair(TERMINAL, &keys(TERMINAL, 1), "0000").unwrap();
    journal.pair(CLINIC, &keys(CLINIC, 2), "0000").unwrap();
    new.open().remark(Subject::Station, "RZ-S001", "begins").unwrap();
    assert_eq!(exchange(&mut new.open(), &mut journal, 2), (true, Some(Held::Same)));
    assert!(new.open().alerts().unwrap().is_empty());
    // Under the old keys the old history counts again.
    journal.pair(CLINIC, &keys(CLINIC, 1), "0000").unwrap();
    assert!(!journal.witness(CLINIC, invented(4)).unwrap(), "entry 4 was another one");
    journal.revoke_peer(CLINIC, "sold").unwrap();
    assert_eq!(journal.witness_for(CLINIC, None).unwrap(), None);
}

#[test]
fn what_is_told_unasked_is_the_entry_before_the_last_shown() {
    let (_, terminal) = paired();
    let mut journal = terminal.open();
    let point = |seq, hash| Checkpoint { seq, hash: [hash; 32] };
    assert_eq!(journal.witness_for(CLINIC, None).unwrap(), None);
    assert!(journal.witness(CLINIC, point(10, 1)).unwrap());
    assert_eq!(journal.witness_for(CLINIC, None).unwrap(), Some(point(10, 1)), "the only one");
    assert!(journal.witness(CLINIC, point(20, 1)).unwrap());
    assert_eq!(journal.witness_for(CLINIC, None).unwrap(), Some(point(10, 1)));
    // Set back: what was shown before is the highest.
    assert!(journal.witness(CLINIC, point(15, 2)).unwrap());
    assert_eq!(journal.witness_for(CLINIC, None).unwrap(), Some(point(20, 1)));
    assert!(!journal.witness(CLINIC, point(20, 2)).unwrap(), "another entry 20");
    assert_eq!(journal.witness_for(CLINIC, None).unwrap(), Some(point(20, 1)));
    assert_eq!(journal.witness_for(CLINIC, Some(point(20, 2))).unwrap(), Some(point(20, 1)));
}

#[test]
fn numbers_beyond_every_chain_are_no_failure() {
    let (clinic, terminal) = paired();
    let beyond = Checkpoint { seq: u64::MAX, hash: [1; 32] };
    assert!(!terminal.open().witness(CLINIC, beyond).unwrap());
    assert_eq!(terminal.open().witness_for(CLINIC, Some(beyond)).unwrap(), None);
    let mut journal = clinic.open();
    assert_eq!(journal.peer_holds(TERMINAL, beyond).unwrap(), Held::Shorter { last: 1 });
    assert_eq!(journal.alerts().unwrap().len(), 1);
    assert_eq!(journal.peer_holds(TERMINAL, Checkpoint { seq: 0, hash: [9; 32] }).unwrap(), Held::Same);
}

#[test]
fn a_checkpoint_in_a_kept_header_counts_like_one_that_was_handed_out() {
    let (clinic, _) = paired();
    let mut journal = clinic.open();
    let id = gated(&mut journal, "1.UKE", 1, 1);
    journal.move_file(id, FileState::Held, None, "").unwrap();
    let head = journal.checkpoint().unwrap();
    assert!(journal.verify_chain(&[head]).unwrap().is_sound());
    let report = journal.verify_chain(&[Checkpoint { hash: [1; 32], ..head }]).unwrap();
    let [unmet] = &report.unmet[..] else { panic!("{report:?}") };
    assert_eq!((unmet.point.seq, unmet.held), (head.seq, Held::Other));
    assert!(unmet.keepers.iter().eq([&Keeper::Header]));
}
