//! The audit chain: someone with an SQLite tool edits, removes, puts in or rewrites; the audit names the first entry that is
//! not what it was, here or at the next exchange with the other station.

use rezept_codes::Code;
use rezept_journal::{
    ChainReport, Checkpoint, FileState, Journal, Keeper, OperatorRole, ParcelChange, ParcelState, PeerKeys,
    ReasonOf, ReasonRow, Subject, Verdict,
};
use sha2::{Digest, Sha256};

use crate::common::{Station, content, gated, place, plan, stamp};

/// A station with some history, and the checkpoints it handed out on the way.
fn with_history() -> (Station, Vec<Checkpoint>) {
    let station = Station::new();
    let mut journal = station.open();
    let mut handed_out = vec![journal.checkpoint().unwrap()];
    for n in 0..5 {
        let id = gated(&mut journal, &format!("{n}.UKE"), n, n);
        let row = plan(&mut journal, &format!("p{n}"), &[id]).unwrap().row;
        handed_out.push(journal.checkpoint().unwrap());
        journal.move_parcel(row, ParcelState::Written, &ParcelChange::default()).unwrap();
    }
    journal.remark(Subject::Station, "RZ-S001", "a remark").unwrap();
    (station, handed_out)
}

/// What was handed out in headers and is not in the chain.
fn unmet(report: &ChainReport) -> Vec<Checkpoint> {
    let in_headers = report.unmet.iter().filter(|unmet| unmet.keepers.contains(&Keeper::Header));
    in_headers.map(|unmet| unmet.point).collect()
}

fn audit(station: &Station, handed_out: &[Checkpoint]) -> ChainReport {
    station.open().verify_chain(handed_out).unwrap()
}

#[test]
fn an_untouched_history_is_sound_and_holds_every_checkpoint() {
    let (station, handed_out) = with_history();
    let report = audit(&station, &handed_out);
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.entries, report.head.seq), (31, 31));
    assert_eq!(report.head, station.open().checkpoint().unwrap());
    assert_eq!(audit(&Station::new(), &[]).entries, 0);
}

#[test]
fn the_database_itself_refuses_to_change_the_history() {
    let (station, handed_out) = with_history();
    let raw = station.raw();
    assert!(raw.execute("UPDATE history SET note = 'x'", []).is_err());
    assert!(raw.execute("DELETE FROM history", []).is_err());
    assert!(audit(&station, &handed_out).is_sound());
}

#[test]
fn every_edited_field_is_found_at_its_entry() {
    for field in ["at", "actor", "subject", "from_state", "to_state", "note"] {
        for seq in [1, 7, 31] {
            let (station, handed_out) = with_history();
            station.forge(&format!("UPDATE history SET {field} = {field} || 'x' WHERE seq = {seq}"));
            // An edit of the last entries does not stop the work by itself; the audit does the telling.
            assert_eq!(audit(&station, &handed_out).broken_at, Some(seq), "{field} of {seq}");
        }
    }
    for value in ["zeroblob(32)", "x'00'", "zeroblob(0)"] {
        let (station, handed_out) = with_history();
        station.forge(&format!("UPDATE history SET hash = {value} WHERE seq = 9"));
        assert_eq!(audit(&station, &handed_out).broken_at, Some(9), "{value}");
    }
    let (station, handed_out) = with_history();
    station.forge("UPDATE history SET note = CAST(x'82a0' AS TEXT) WHERE seq = 9");
    assert_eq!(audit(&station, &handed_out).broken_at, Some(9));
}

#[test]
fn moving_text_from_one_field_to_the_next_is_found() {
    let (station, _) = with_history();
    station.forge("UPDATE history SET from_state = 'SE', to_state = 'ENSTABLE' WHERE seq = 2");
    assert_eq!(audit(&station, &[]).broken_at, Some(2));
}

#[test]
fn every_removed_entry_is_found_at_its_number() {
    for seq in 1..=31 {
        let (station, _) = with_history();
        station.forge(&format!("DELETE FROM history WHERE seq = {seq}"));
        std::fs::remove_file(station.mark()).unwrap();
        assert_eq!(audit(&station, &[]).broken_at, Some(seq));
    }
}

#[test]
fn an_entry_put_in_is_found() {
    let (station, _) = with_history();
    station.forge(
        "INSERT INTO history SELECT seq + 1, at, actor, subject, from_state, to_state, note, hash \
        FROM history ORDER BY seq DESC LIMIT 1",
    );
    assert_eq!(audit(&station, &[]).broken_at, Some(32));
    let (station, _) = with_history();
    station.forge(
        "INSERT INTO history SELECT -5, at, actor, subject, from_state, to_state, note, hash \
        FROM history WHERE seq = 1",
    );
    assert_eq!(audit(&station, &[]).broken_at, Some(1));
    let (station, _) = with_history();
    station.forge(
        "INSERT INTO history SELECT 0, at, actor, subject, from_state, to_state, note, hash \
        FROM history WHERE seq = 1",
    );
    assert_eq!(audit(&station, &[]).broken_at, Some(0));
}

#[test]
fn a_cut_tail_is_found_by_the_count_and_by_the_rows_and_by_the_other_station() {
    let (station, handed_out) = with_history();
    std::fs::remove_file(station.mark()).unwrap();
    station.forge("DELETE FROM history WHERE seq > 20");
    let report = audit(&station, &handed_out);
    assert_eq!((report.broken_at, report.head.seq), (Some(21), 20));
    assert_eq!(unmet(&report), handed_out[4..]);
    // Also the count was changed: what the rows say and what was handed out still tell.
    station.forge("UPDATE sqlite_sequence SET seq = 20 WHERE name = 'history'");
    let report = audit(&station, &handed_out);
    assert_eq!((report.broken_at, unmet(&report).as_slice()), (None, &handed_out[4..]));
    assert_eq!(report.astray, ["F4", "F5", "P4", "P5"]);
    assert!(!report.is_sound());
    assert!(!audit(&station, &[]).is_sound());
}

/// Recomputes every hash from an entry on, as one who knows the program would.
pub fn rehash(station: &Station, from: u64) {
    // Opening would compare with the mark, and write it anew: the forger takes care of both.
    let mark = std::fs::read(station.mark()).unwrap();
    std::fs::remove_file(station.mark()).unwrap();
    let rows = station.open().latest_history(10_000).unwrap();
    crate::common::put(&station.mark(), &mark);
    let raw = station.raw();
    let mut hash = [0; 32];
    for row in rows {
        if row.seq >= from {
            let mut hasher = Sha256::new();
            hasher.update(hash);
            hasher.update(row.seq.to_le_bytes());
            for field in [&row.at, &row.actor, &row.subject, &row.from, &row.to, &row.note] {
                hasher.update((field.len() as u64).to_le_bytes());
                hasher.update(field.as_bytes());
            }
            hash = hasher.finalize().into();
            raw.execute("UPDATE history SET hash = ?2 WHERE seq = ?1", (row.seq, hash)).unwrap();
        } else {
            hash = row.hash;
        }
    }
}

#[test]
fn a_fork_with_good_hashes_is_told_by_the_checkpoints_handed_out() {
    let (station, handed_out) = with_history();
    station.forge("UPDATE history SET note = 'nothing happened' WHERE seq = 13");
    rehash(&station, 13);
    std::fs::remove_file(station.mark()).unwrap();
    let report = audit(&station, &handed_out);
    assert_eq!((report.broken_at, report.astray.len()), (None, 0), "inside itself the fork is sound");
    assert_eq!(unmet(&report), handed_out[3..], "every checkpoint behind the fork");
    // And the other station, which saw one of them, is shown another one under the same number.
    let other = Station::new();
    let mut other = other.open();
    let forked = station.open().history(Subject::Parcel(3)).unwrap()[0].clone();
    assert!(other.witness("recekon-1", handed_out[3]).unwrap());
    assert!(other.witness("recekon-1", handed_out[3]).unwrap(), "the same again is no contradiction");
    let shown = Checkpoint { seq: handed_out[3].seq, hash: forked.hash };
    assert!(!other.witness("recekon-1", shown).unwrap());
    assert!(!other.witness("recekon-1", shown).unwrap(), "what was witnessed first stays");
    assert!(other.witness("recekon-2", shown).unwrap(), "another station has a chain of its own");
}

#[test]
fn a_fork_is_noticed_at_the_next_opening_if_the_mark_saw_its_entry() {
    let (station, _) = with_history();
    station.forge("UPDATE history SET note = 'nothing happened' WHERE seq = 13");
    rehash(&station, 13);
    assert!(matches!(station.refused(), rezept_journal::JournalError::Lost));
}

#[test]
fn a_state_changed_behind_the_history_is_astray() {
    let (station, handed_out) = with_history();
    station.forge("UPDATE parcel SET state = 'ARCHIVED' WHERE row = 2; UPDATE file SET state = 'CANCELLED' WHERE id = 3;");
    let report = audit(&station, &handed_out);
    assert_eq!((report.broken_at, report.astray.as_slice()), (None, &["F3".to_owned(), "P2".to_owned()][..]));
    assert!(!report.is_sound());
    // A row that was removed, and one that nobody made.
    let (station, _) = with_history();
    station.forge(
        "PRAGMA foreign_keys = OFF; DELETE FROM file WHERE id = 5;
        INSERT INTO alert (at, code, place, detail) VALUES ('', 'RZ', '', '');
        INSERT INTO file (root, path, watched, size_bytes, modified_ns, file_id, state, state_at, seen_at)
        VALUES ('/', 'x', 1, 1, '1', '1', 'SEEN', '', '');",
    );
    assert_eq!(audit(&station, &[]).astray, ["F5", "F6"]);
}

#[test]
fn decisions_and_remarks_do_not_count_as_states() {
    let station = Station::new();
    let mut journal: Journal = station.open();
    let id = gated(&mut journal, "a.UKE", 1, 1);
    journal.remark(Subject::File(id), "RZ-G001", "looked at").unwrap();
    journal.move_file(id, FileState::Held, None, "").unwrap();
    journal.remark(Subject::File(id), "RZ-G001", "looked at again").unwrap();
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
    let told: Vec<_> = journal.latest_history(3).unwrap().into_iter().map(|row| row.to).collect();
    assert_eq!(told, ["RZ-G001", "HELD", "RZ-G001"]);
}

/// What the history of keys, people, decisions and accepted contents tells, in a journal of its own.
fn trusted() -> Station {
    let station = Station::new();
    let mut journal = station.open();
    let keys = |opening: &str| PeerKeys {
        signing: "RWsign".to_owned(),
        opening: opening.to_owned(),
        recovery: Some("age1recovery".to_owned()),
    };
    journal.pair("terminal-1", &keys("age1first"), "1111-2222-3333").unwrap();
    assert!(journal.announced_key("terminal-1", "age1second", 5).unwrap());
    journal.pair("terminal-2", &keys("age1other"), "1111-2222-3334").unwrap();
    journal.revoke_peer("terminal-2", "sold").unwrap();
    journal.add_operator("山田", "$argon2id$1", &[OperatorRole::SystemAdmin].into()).unwrap();
    journal.add_operator("佐藤", "$argon2id$2", &[OperatorRole::User].into()).unwrap();
    journal.set_operator_secret("佐藤", "$argon2id$3").unwrap();
    let id = journal.see_file(&place("a.UKE"), stamp(1)).unwrap();
    journal.describe_file(id, &content(1, 1)).unwrap();
    journal.move_file(id, FileState::Stable, None, "").unwrap();
    journal.accept_file(id, "kept/1-00").unwrap();
    let reason = ReasonRow {
        code: Code::GateTotals.into(),
        evidence: "claims".to_owned(),
        detail: String::new(),
        alone: true,
        covered: false,
    };
    let sha256 = content(1, 1).sha256;
    journal.decide(ReasonOf::File(id), &sha256, &[reason], Verdict::Release, "checked").unwrap();
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
    station
}

#[test]
fn trust_that_was_changed_behind_the_history_is_astray() {
    let cases: &[(&str, &str)] = &[
        ("UPDATE peer SET opening_key = 'age1evil' WHERE name = 'terminal-1'", "terminal-1"),
        ("UPDATE peer SET signing_key = 'RWevil' WHERE name = 'terminal-1'", "terminal-1"),
        ("UPDATE peer SET recovery_key = 'age1evil' WHERE name = 'terminal-1'", "terminal-1"),
        ("UPDATE peer SET state = 'paired' WHERE name = 'terminal-2'", "terminal-2"),
        ("DELETE FROM peer WHERE name = 'terminal-1'", "terminal-1"),
        ("UPDATE operator SET secret = '$argon2id$evil' WHERE id = 2", "O2"),
        ("INSERT INTO operator_role VALUES (2, 'system-admin')", "O2"),
        ("UPDATE operator SET name = '鈴木' WHERE id = 2", "O2"),
        ("UPDATE decision SET why = 'other words'", "D1"),
        ("UPDATE decision SET evidence = ''", "D1"),
        ("UPDATE decision SET sha256 = zeroblob(32)", "D1"),
        (
            "INSERT INTO decision (at, actor, subject, sha256, code, evidence, verdict, why)
            SELECT at, actor, subject, sha256, 'RZ-G112', evidence, verdict, why FROM decision",
            "D2",
        ),
        ("UPDATE file SET sha256 = zeroblob(32) WHERE id = 1", "F1"),
    ];
    for (change, astray) in cases {
        let station = trusted();
        station.forge(change);
        let report = station.open().verify_chain(&[]).unwrap();
        assert_eq!((report.broken_at, report.astray), (None, vec![(*astray).to_owned()]), "{change}");
    }
}
