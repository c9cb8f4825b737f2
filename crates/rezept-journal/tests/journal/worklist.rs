//! The worklist: every filter against a naive one that reads all rows, and the work on single claims.

use proptest::prelude::*;
use rezept_journal::{Journal, JournalError, NewEdit, ReturnFilter, ReturnState, ReturnedClaimRow, Subject};

use crate::common::{Station, digest, import, planned, resubmission, return_file, returned};

/// Some hundred claims in every state, of two bodies, several months, departments and reasons.
fn filled(station: &Station) -> Journal {
    let mut journal = station.open();
    let mut rows = Vec::new();
    for (n, month) in [(0, "2026-03"), (1, "2026-04"), (2, "2026-05")] {
        let mut file = return_file(n + 1, month);
        file.payer = (n % 2 + 1).to_string();
        let claims: Vec<_> = (0..60)
            .map(|k| {
                // Some numbers come back in a later month.
                let mut claim = returned(n * 50 + k, month);
                claim.service_month = format!("2026-0{}", k % 3 + 1);
                claim.department = (k % 5 != 0).then(|| format!("{:02}", k % 4));
                claim.due = (k % 2 == 0).then(|| format!("2026-06-{:02}", k % 28 + 1));
                claim.reasons.truncate(usize::try_from(k % 3).unwrap());
                if let Some(reason) = claim.reasons.first_mut() {
                    reason.code = Some(format!("L{}", k % 7));
                }
                claim
            })
            .collect();
        rows.extend(import(&mut journal, &file, &claims).1);
    }
    for row in &rows {
        let state = |journal: &Journal| journal.returned_claim(*row).unwrap().state;
        match row % 8 {
            1 => journal.move_returned(*row, ReturnState::InWork, "").unwrap(),
            2 => journal.move_returned(*row, ReturnState::Corrected, "").unwrap(),
            3 => journal.move_returned(*row, ReturnState::Withdrawn, "").unwrap(),
            4 => journal.move_returned(*row, ReturnState::OtherBody, "").unwrap(),
            n @ 5..=7 if journal.returned_claim(*row).unwrap().superseded_by.is_none() => {
                let plan = planned(&journal, &[*row]);
                let new = resubmission(u64::try_from(*row).unwrap());
                let id = journal.plan_resubmission(&new, &plan, None).unwrap();
                journal.resubmission_written(id).unwrap();
                if n > 5 {
                    journal.resubmission_sent(id, "").unwrap();
                }
                if n > 6 {
                    journal.resubmission_confirmed(id, "").unwrap();
                }
                if n > 6 && row % 3 == 0 {
                    journal.move_returned(*row, ReturnState::ReturnedAgain, "on paper").unwrap();
                }
            }
            _ => assert_eq!(state(&journal), ReturnState::New),
        }
        if row % 11 == 0 {
            journal
                .assign_returned(*row, Some(["hanako", "jiro"][usize::try_from(row % 2).unwrap()]))
                .unwrap();
        }
    }
    journal
}

fn naive(all: &[ReturnedClaimRow], filter: &ReturnFilter) -> Vec<ReturnedClaimRow> {
    let is = |wanted: &Option<String>, found: Option<&str>| wanted.is_none() || wanted.as_deref() == found;
    let pass = |row: &&ReturnedClaimRow| {
        (filter.states.is_empty() || filter.states.contains(&row.state))
            && (!filter.open_only || row.state.is_open() && row.superseded_by.is_none())
            && is(&filter.payer, Some(&row.payer))
            && is(&filter.processed_month, Some(&row.processed_month))
            && is(&filter.service_month, Some(&row.service_month))
            && is(&filter.department, row.department.as_deref())
            && is(&filter.owner, row.owner.as_deref())
            && is(&filter.search_no, Some(&row.search_no))
            && filter.reason.as_ref().is_none_or(|code| row.reason_codes.split(' ').any(|c| c == code))
            && filter.file.is_none_or(|file| file == row.file)
            && filter
                .overdue_before
                .as_ref()
                .is_none_or(|day| row.state.is_open() && row.due.as_ref().is_some_and(|due| due < day))
            && row.id > filter.after_id
    };
    let limit = filter.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
    all.iter().filter(pass).take(limit).cloned().collect()
}

fn filters() -> impl Strategy<Value = ReturnFilter> {
    fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
        prop::option::weighted(0.25, prop::sample::select(words).prop_map(str::to_owned))
    }
    let states = prop::collection::vec(prop::sample::select(ReturnState::ALL), 0..4);
    let number = prop::option::weighted(0.05, (0..160_u64).prop_map(|n| returned(n, "2026-03").search_no));
    (
        (states, any::<bool>(), one_of(&["1", "2", "3"]), one_of(&["2026-03", "2026-04", "2020-01"])),
        (one_of(&["2026-01", "2026-02"]), one_of(&["L1", "L2", "L3129"]), one_of(&["01", "03"])),
        (one_of(&["hanako", "jiro"]), number, one_of(&["2026-06-10", "2026-06-20", "2020-01-01"])),
        (prop::option::weighted(0.1, 1..4_i64), 0..200_i64, prop::option::of(0..30_u32)),
    )
        .prop_map(|((states, open_only, payer, processed_month), b, c, d)| ReturnFilter {
            states,
            open_only,
            payer,
            processed_month,
            service_month: b.0,
            reason: b.1,
            department: b.2,
            owner: c.0,
            search_no: c.1,
            overdue_before: c.2,
            file: d.0,
            after_id: d.1 - 40,
            limit: d.2,
        })
}

#[test]
fn every_filter_lists_what_a_naive_one_lists() {
    let station = Station::new();
    let journal = filled(&station);
    let all = journal.returned_claims(&ReturnFilter::default()).unwrap();
    for state in ReturnState::ALL {
        assert!(all.iter().any(|row| row.state == *state), "no claim is {state}");
    }
    assert!(all.iter().any(|row| row.superseded_by.is_some()));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(2000)
    });
    runner
        .run(&filters(), |filter| {
            prop_assert_eq!(journal.returned_claims(&filter).unwrap(), naive(&all, &filter));
            Ok(())
        })
        .unwrap();
    for (state, count) in journal.return_counts().unwrap() {
        let counted =
            |row: &&ReturnedClaimRow| row.state == state && !(state.is_open() && row.superseded_by.is_some());
        assert_eq!(count, u64::try_from(all.iter().filter(counted).count()).unwrap(), "{state}");
    }
    let of_patient = journal.returned_of_patient("2026-02", "1", "out", "000001").unwrap();
    assert_eq!(of_patient.len(), 1);
}

#[test]
fn corrections_are_kept_in_order_and_can_be_taken_back() {
    let station = Station::new();
    let mut journal = station.open();
    let (_, rows) = import(&mut journal, &return_file(1, "2026-03"), &[returned(1, "2026-03")]);
    let id = rows[0];
    let edit = |n: u8| NewEdit { what: format!("RE.x={n}"), before: vec![n], after: vec![n, 0xff, 0] };
    journal.add_edits(id, &[]).unwrap();
    assert_eq!(journal.returned_claim(id).unwrap().state, ReturnState::New, "nothing was corrected");
    journal.add_edits(id, &[edit(1), edit(2)]).unwrap();
    journal.add_edits(id, &[edit(3)]).unwrap();
    assert_eq!(journal.returned_claim(id).unwrap().state, ReturnState::Corrected);
    let edits: Vec<_> = journal.return_edits(id).unwrap().into_iter().map(|row| row.edit).collect();
    assert_eq!(edits, [edit(1), edit(2), edit(3)]);
    journal.undo_edits(id, "wrong claim").unwrap();
    assert_eq!(journal.return_edits(id).unwrap(), []);
    assert_eq!(journal.returned_claim(id).unwrap().state, ReturnState::InWork);
    assert!(matches!(journal.undo_edits(id, ""), Err(JournalError::IllegalMove { .. })));
    journal.add_edits(id, &[edit(4)]).unwrap();
    assert_eq!(journal.return_edits(id).unwrap().len(), 1);
    journal.move_returned(id, ReturnState::Withdrawn, "").unwrap();
    assert!(matches!(journal.add_edits(id, &[edit(5)]), Err(JournalError::IllegalMove { .. })));
    let told: Vec<_> =
        journal.history(Subject::Returned(id)).unwrap().into_iter().map(|row| row.to).collect();
    assert_eq!(told, ["corrected", "EDITED", "in-work", "corrected", "withdrawn"]);
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
}

#[test]
fn what_people_write_never_reaches_the_history() {
    let station = Station::new();
    let mut journal = station.open();
    let (_, rows) = import(&mut journal, &return_file(1, "2026-03"), &[returned(1, "2026-03")]);
    let first = journal.add_return_note(rows[0], "Yamada Taro called").unwrap();
    journal.move_returned(rows[0], ReturnState::InWork, "Yamada again").unwrap();
    journal.set_returned_due(rows[0], Some("2026-05-10")).unwrap();
    journal.assign_returned(rows[0], Some("hanako")).unwrap();
    journal.assign_returned(rows[0], None).unwrap();
    let row = journal.returned_claim(rows[0]).unwrap();
    assert_eq!((row.owner, row.due.as_deref()), (None, Some("2026-05-10")));
    let notes = journal.return_notes(rows[0]).unwrap();
    assert_eq!((notes[0].id, notes[0].text.as_str()), (first, "Yamada Taro called"));
    assert_eq!((notes.len(), notes[1].actor.as_str()), (2, "test"));
    for entry in journal.latest_history(100).unwrap() {
        assert!(!entry.note.contains("Yamada"), "{entry:?}");
    }
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
}

#[test]
fn a_claim_changed_or_removed_behind_the_history_is_astray() {
    let damages = [
        ("UPDATE returned_claim SET state = 'accepted' WHERE id = 2", "R2"),
        ("UPDATE returned_claim SET state = 'new' WHERE id = 1", "R1"),
        ("DELETE FROM returned_claim WHERE id = 3", "I1"),
        ("UPDATE return_file SET state = 'held'", "I1"),
        ("UPDATE resubmission SET state = 'cancelled'", "B1"),
    ];
    for (sql, expected) in damages {
        let station = Station::new();
        let mut journal = station.open();
        let claims: Vec<_> = (1..4)
            .map(|n| {
                let mut c = returned(n, "2026-03");
                c.reasons.clear();
                c
            })
            .collect();
        let (_, rows) = import(&mut journal, &return_file(1, "2026-03"), &claims);
        let plan = planned(&journal, &rows[..1]);
        journal.plan_resubmission(&resubmission(1), &plan, None).unwrap();
        assert!(journal.verify_chain(&[]).unwrap().is_sound());
        station.forge(sql);
        assert_eq!(journal.verify_chain(&[]).unwrap().astray, [expected], "{sql}");
        assert_eq!(journal.resubmission(1).unwrap().content.sha256, digest(1));
    }
}
