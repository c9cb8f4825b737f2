//! People in the journal: nobody is deleted, somebody is always administrator, wrong passwords cost time, and every
//! change stands in the history.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rezept_journal::{
    Clearance, Clock, FileState, Journal, JournalError, OperatorRole, PeopleError, Reason, Subject,
    Timestamp, WRONG_IN_A_ROW, note_without_mark,
};

use crate::common::{Station, content, gated, good_disk};

use OperatorRole::{InformationManager, SystemAdmin, User};

fn roles(roles: &[OperatorRole]) -> BTreeSet<OperatorRole> {
    roles.iter().copied().collect()
}

fn with_admin() -> (Station, Journal) {
    let station = Station::new();
    let mut journal = station.open();
    journal.add_operator("山田", "secret-1", &roles(&[SystemAdmin, User])).unwrap();
    (station, journal)
}

fn acts(journal: &Journal, id: i64) -> Vec<String> {
    let rows = journal.history(Subject::Operator(id)).unwrap();
    rows.into_iter().map(|row| format!("{} {} {}", row.actor, row.to, note_without_mark(&row.note))).collect()
}

#[test]
fn the_first_person_is_administrator_and_so_is_always_somebody() {
    let station = Station::new();
    let mut journal = station.open();
    assert!(!journal.knows_operators().unwrap());
    let refused = journal.add_operator("佐藤", "s", &roles(&[User, InformationManager]));
    assert!(matches!(refused, Err(PeopleError::NoAdmin)));
    assert!(!journal.knows_operators().unwrap(), "a refused change leaves nothing");

    journal.add_operator("山田", "s", &roles(&[SystemAdmin])).unwrap();
    journal.add_operator("佐藤", "s", &roles(&[User])).unwrap();
    let before = journal.operators().unwrap();
    assert!(matches!(journal.retire_operator("山田"), Err(PeopleError::NoAdmin)));
    assert!(matches!(journal.set_operator_roles("山田", &roles(&[User])), Err(PeopleError::NoAdmin)));
    assert_eq!(journal.operators().unwrap(), before);

    journal.set_operator_roles("佐藤", &roles(&[SystemAdmin, User])).unwrap();
    journal.retire_operator("山田").unwrap();
    assert!(matches!(journal.retire_operator("佐藤"), Err(PeopleError::NoAdmin)));
}

#[test]
fn who_left_stays_known_and_the_name_stays_taken() {
    let (_station, mut journal) = with_admin();
    let row = journal.add_operator("佐藤", "s", &roles(&[User])).unwrap();
    journal.retire_operator("佐藤").unwrap();
    assert_eq!(journal.operator("佐藤").unwrap(), None);
    let all = journal.operators().unwrap();
    assert_eq!(all.len(), 2);
    assert!(!all[1].is_active() && !all[1].may(&[User]) && all[1].roles == roles(&[User]));
    for again in [
        journal.add_operator("佐藤", "s", &roles(&[User])).map(|_| ()),
        journal.add_operator("山田", "s", &roles(&[User])).map(|_| ()),
    ] {
        assert!(matches!(again, Err(PeopleError::NameTaken { .. })));
    }
    for gone in [
        journal.set_operator_roles("佐藤", &roles(&[User])).map(|_| ()),
        journal.set_operator_secret("佐藤", "t").map(|_| ()),
        journal.retire_operator("佐藤"),
        journal.retire_operator("誰か"),
    ] {
        assert!(matches!(gone, Err(PeopleError::Unknown { .. })));
    }
    assert_eq!(acts(&journal, row.id), ["test OPERATOR_ADDED 佐藤: user", "test OPERATOR_RETIRED 佐藤"]);
}

#[test]
fn every_change_is_in_the_history_with_who_made_it_and_no_secret() {
    let (_station, mut journal) = with_admin();
    assert_eq!(journal.act_as("山田"), "test");
    let row = journal.add_operator("佐藤", "first-secret", &roles(&[User])).unwrap();
    journal.set_operator_roles("佐藤", &roles(&[User, InformationManager])).unwrap();
    journal.set_operator_secret("佐藤", "second-secret").unwrap();
    assert_eq!(journal.operator_secret(row.id).unwrap(), "second-secret");
    assert_eq!(
        acts(&journal, row.id),
        [
            "山田 OPERATOR_ADDED 佐藤: user",
            "山田 ROLES_CHANGED 佐藤: user -> information-manager,user",
            "山田 PASSWORD_CHANGED 佐藤",
        ]
    );
    let all = journal.latest_history(1000).unwrap();
    assert!(all.iter().all(|entry| !entry.note.contains("secret")));
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
    assert_eq!("O2".parse(), Ok(Subject::Operator(2)));
    assert_eq!(Subject::Operator(2).to_string(), "O2");
}

/// A clock that stands still until it is told.
struct Standing(AtomicI64);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

#[test]
fn after_five_wrong_passwords_in_a_row_a_person_waits_five_minutes() {
    let station = Station::new();
    let clock = Arc::new(Standing(AtomicI64::new(1_775_001_600)));
    let mut journal = Journal::open(&station.data, &good_disk(), clock.clone(), "test").unwrap();
    journal.add_operator("山田", "s", &roles(&[SystemAdmin])).unwrap();
    let now = |journal: &Journal| journal.operator("山田").unwrap().unwrap();
    let row = now(&journal);
    let wrong = |journal: &mut Journal| {
        let tries = journal.begin_try(&row).unwrap();
        tries.inspect(|tries| journal.note_wrong_secret(&row, *tries).unwrap())
    };
    for number in 1..=WRONG_IN_A_ROW {
        assert_eq!(wrong(&mut journal), Some(number));
    }
    assert_eq!(wrong(&mut journal), None);
    clock.0.fetch_add(299, Ordering::Relaxed);
    assert_eq!(wrong(&mut journal), None);
    clock.0.fetch_add(1, Ordering::Relaxed);
    // The sixth costs as much as the fifth did.
    assert_eq!(wrong(&mut journal), Some(6));
    assert_eq!(wrong(&mut journal), None);
    clock.0.fetch_add(300, Ordering::Relaxed);
    assert_eq!(journal.begin_try(&row).unwrap(), Some(7));
    journal.note_login(&row).unwrap();
    assert_eq!((now(&journal).failures, now(&journal).locked_until), (0, None));
    for number in 1..WRONG_IN_A_ROW {
        assert_eq!(wrong(&mut journal), Some(number), "a right one begins the count anew");
    }
    let noted = acts(&journal, row.id);
    assert_eq!(noted[1], "test WRONG_PASSWORD 山田 (1)");
    assert_eq!(noted[5], "test WRONG_PASSWORD 山田 (5), locked until 2026-04-01T00:05:00Z");
}

#[test]
fn tries_at_the_same_time_count_like_tries_one_after_the_other() {
    let (_station, mut journal) = with_admin();
    let row = journal.operator("山田").unwrap().unwrap();
    // None of them is known to be wrong yet.
    let begun: Vec<Option<u32>> = (0..20).map(|_| journal.begin_try(&row).unwrap()).collect();
    assert_eq!(begun.iter().flatten().count(), WRONG_IN_A_ROW as usize);
}

#[test]
fn a_new_password_ends_the_waiting() {
    let (_station, mut journal) = with_admin();
    for _ in 0..WRONG_IN_A_ROW {
        let row = journal.operator("山田").unwrap().unwrap();
        let tries = journal.begin_try(&row).unwrap().unwrap();
        journal.note_wrong_secret(&row, tries).unwrap();
    }
    let row = journal.set_operator_secret("山田", "t").unwrap();
    assert_eq!((row.failures, row.locked_until), (0, None));
}

#[test]
fn what_was_let_pass_at_the_gate_stays_known_when_a_file_is_approved_and_scanned() {
    let (_station, mut journal) = with_admin();
    let file = gated(&mut journal, "1.UKE", 1, 1);
    assert_eq!(journal.clearance(file).unwrap(), Clearance::default());
    journal.submitted_by(file, "山田").unwrap();
    journal.submitted_by(file, "佐藤").unwrap();
    let hold = |journal: &mut Journal, code: &str| {
        journal.move_file(file, FileState::Held, Some(&Reason::new(code, "")), "").unwrap();
    };
    hold(&mut journal, "RZ-G108");
    journal.release_file(file, "both count").unwrap();
    hold(&mut journal, "RZ-O105");
    journal.act_as("佐藤");
    journal.approve_file(file, "確認した").unwrap();
    hold(&mut journal, "RZ-V102");
    journal.release_scan(file, "急ぎ").unwrap();
    let row = journal.file(file).unwrap();
    assert_eq!((row.state, row.released_code), (FileState::Gated, Some("RZ-G108".into())));
    let text = |word: &str| Some(word.to_owned());
    let known =
        Clearance { submitted_by: text("山田"), approved_by: text("佐藤"), scan: text("released") };
    assert_eq!(journal.clearance(file).unwrap(), known);
    for refused in [journal.approve_file(file, "x"), journal.release_scan(file, "x")] {
        assert!(matches!(refused, Err(JournalError::IllegalMove { .. })));
    }
    assert!(matches!(journal.approve_file(99, "x"), Err(JournalError::NotFound { .. })));

    // The same bytes described again are the same content; others were neither approved nor scanned.
    journal.describe_file(file, &content(1, 1)).unwrap();
    assert_eq!(journal.clearance(file).unwrap(), known);
    journal.describe_file(file, &content(2, 1)).unwrap();
    let anew = Clearance { submitted_by: text("山田"), ..Clearance::default() };
    assert_eq!(journal.clearance(file).unwrap(), anew);
    journal.note_scan(file, "clean", "ClamAV").unwrap();
    let noted = journal.history(Subject::File(file)).unwrap();
    let said: Vec<_> = noted.iter().filter(|row| row.from.is_empty()).map(|row| row.to.as_str()).collect();
    assert_eq!(said, ["SEEN", "SUBMITTED_BY", "SCAN_CLEAN"]);
    assert!(matches!(journal.note_scan(99, "clean", ""), Err(JournalError::NotFound { .. })));
}
