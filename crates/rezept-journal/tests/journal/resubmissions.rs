//! Resubmissions: no number goes out twice unless a person says why, a refused plan changes nothing, and the claims follow
//! what becomes of their file.

use rezept_journal::{
    JournalError, NewEdit, PlannedClaim, ResubmissionState, ResubmitError, ReturnState, Subject,
};

use crate::common::{Station, content, digest, gated, import, planned, resubmission, return_file, returned};

fn edit(text: &str) -> NewEdit {
    NewEdit { what: text.into(), before: b"1112".to_vec(), after: b"1116".to_vec() }
}

/// A journal with three open claims; the third one is blocked.
fn three() -> (Station, rezept_journal::Journal, Vec<i64>) {
    let station = Station::new();
    let mut journal = station.open();
    let mut claims: Vec<_> = (1..4).map(|n| returned(n, "2026-03")).collect();
    claims[2].blocked = true;
    let (_, rows) = import(&mut journal, &return_file(1, "2026-03"), &claims);
    (station, journal, rows)
}

#[test]
fn claims_follow_their_file() {
    let (_station, mut journal, rows) = three();
    journal.add_edits(rows[1], &[edit("RE.claim_type=1116")]).unwrap();
    let plan = planned(&journal, &rows[..2]);
    let id = journal.plan_resubmission(&resubmission(9), &plan, None).unwrap();
    assert_eq!(journal.resubmission_claims(id).unwrap(), plan);
    let row = journal.resubmission(id).unwrap();
    assert_eq!((row.state, &row.content), (ResubmissionState::Planned, &resubmission(9)));
    assert_eq!(journal.resubmission_with(&plan[0].search_no).unwrap(), Some(id));
    let state = |journal: &rezept_journal::Journal, n: usize| journal.returned_claim(rows[n]).unwrap().state;
    assert_eq!((state(&journal, 0), state(&journal, 1)), (ReturnState::InFile, ReturnState::InFile));

    let file = gated(&mut journal, "RECEIPTC.UKE", 9, 5);
    assert_eq!(content(9, 5).sha256, digest(9));
    journal.queue_resubmission(id, file).unwrap();
    assert_eq!(journal.resubmission_of_file(file).unwrap().map(|row| row.id), Some(id));
    let by_content = journal.resubmission_by_sha256(&digest(9)).unwrap().unwrap();
    assert_eq!((by_content.id, by_content.file), (id, Some(file)));
    journal.resubmission_sent(id, "P1").unwrap();
    assert_eq!((state(&journal, 0), state(&journal, 1)), (ReturnState::Sent, ReturnState::Sent));
    assert!(matches!(journal.cancel_resubmission(id, ""), Err(JournalError::IllegalMove { .. })));
    journal.resubmission_confirmed(id, "").unwrap();
    assert_eq!((state(&journal, 0), state(&journal, 1)), (ReturnState::Accepted, ReturnState::Accepted));
    let told: Vec<_> =
        journal.history(Subject::Resubmission(id)).unwrap().into_iter().map(|row| row.to).collect();
    assert_eq!(told, ["planned", "queued", "sent", "confirmed"]);
    let told: Vec<_> =
        journal.history(Subject::Returned(rows[1])).unwrap().into_iter().map(|row| row.to).collect();
    assert_eq!(told, ["corrected", "in-file", "sent", "accepted"]);
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
}

#[test]
fn a_cancelled_file_gives_its_claims_and_numbers_free() {
    let (_station, mut journal, rows) = three();
    journal.add_edits(rows[1], &[edit("RE.claim_type=1116")]).unwrap();
    let plan = planned(&journal, &rows[..2]);
    let id = journal.plan_resubmission(&resubmission(9), &plan, None).unwrap();
    journal.cancel_resubmission(id, "made again").unwrap();
    let states: Vec<_> = rows.iter().map(|row| journal.returned_claim(*row).unwrap().state).collect();
    assert_eq!(states, [ReturnState::InWork, ReturnState::Corrected, ReturnState::New]);
    assert_eq!(journal.resubmission_by_sha256(&digest(9)).unwrap(), None);
    assert_eq!(journal.resubmission_with(&plan[0].search_no).unwrap(), None);
    let again = journal.plan_resubmission(&resubmission(9), &plan, None).unwrap();
    assert_eq!(journal.resubmission_by_sha256(&digest(9)).unwrap().unwrap().id, again);
    let both: Vec<_> =
        journal.resubmissions_of_claim(rows[0]).unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(both, [id, again]);
    assert_eq!(journal.resubmissions_in(ResubmissionState::ALL).unwrap().len(), 2);
}

#[test]
fn what_may_not_be_planned_is_refused_as_a_whole() {
    let (station, mut journal, rows) = three();
    let plan = planned(&journal, &rows[..1]);
    let first = journal.plan_resubmission(&resubmission(9), &plan, None).unwrap();
    let (_, later) = import(&mut journal, &return_file(2, "2026-04"), &[returned(2, "2026-04")]);
    let before = (journal.checkpoint().unwrap(), std::fs::read(station.mark()).unwrap());
    let one = |row: i64| planned(&journal, &[row]).remove(0);
    let stranger = PlannedClaim { claim: None, search_no: "99".into(), ..one(rows[0]) };
    let wrong = PlannedClaim { search_no: "98".into(), ..one(later[0]) };
    let missing = PlannedClaim { claim: Some(77), search_no: "97".into(), ..one(rows[0]) };
    let twice = PlannedClaim { number: 2, ..stranger.clone() };
    let second = |claim: PlannedClaim| PlannedClaim { number: 2, ..claim };
    let cases: [(&str, PlannedClaim); 6] = [
        ("used", second(one(rows[0]))),
        ("blocked", second(one(rows[2]))),
        ("superseded", second(one(rows[1]))),
        ("number", second(wrong)),
        ("missing", second(missing)),
        ("twice", twice),
    ];
    for (what, bad) in cases {
        let refused =
            journal.plan_resubmission(&resubmission(10), &[stranger.clone(), bad], None).unwrap_err();
        let as_expected = match what {
            "used" => matches!(&refused, ResubmitError::AlreadyUsed { resubmission, search_no }
                if *resubmission == first && *search_no == plan[0].search_no),
            "blocked" => matches!(refused, ResubmitError::Blocked { claim } if claim == rows[2]),
            "superseded" => {
                matches!(refused, ResubmitError::Superseded { claim, by } if claim == rows[1] && by == later[0])
            }
            "number" => matches!(refused, ResubmitError::OtherNumber { claim } if claim == later[0]),
            "missing" => matches!(refused, ResubmitError::Journal(JournalError::NotFound { .. })),
            _ => matches!(&refused, ResubmitError::ListedTwice { search_no } if search_no == "99"),
        };
        assert!(as_expected, "{what}: {refused:?}");
        let after = (journal.checkpoint().unwrap(), std::fs::read(station.mark()).unwrap());
        assert_eq!(after, before, "{what} left a trace");
        assert_eq!(journal.resubmission_with("99").unwrap(), None, "{what}");
    }
    // A number whose return is not in this journal counts all the same.
    let foreign =
        journal.plan_resubmission(&resubmission(10), std::slice::from_ref(&stranger), None).unwrap();
    let refused = journal.plan_resubmission(&resubmission(11), &[stranger], None).unwrap_err();
    assert!(matches!(refused, ResubmitError::AlreadyUsed { resubmission, .. } if resubmission == foreign));
}

#[test]
fn a_number_goes_out_twice_only_by_force_and_with_a_reason() {
    let (_station, mut journal, rows) = three();
    let plan = planned(&journal, &rows[..1]);
    let first = journal.plan_resubmission(&resubmission(9), &plan, None).unwrap();
    journal.resubmission_written(first).unwrap();
    let second = journal.plan_resubmission(&resubmission(10), &plan, Some("the stick was lost")).unwrap();
    assert_eq!(journal.resubmission(second).unwrap().forced.as_deref(), Some("the stick was lost"));
    let last = journal.history(Subject::Returned(rows[0])).unwrap().pop().unwrap();
    assert_eq!((last.to.as_str(), last.note), ("FORCED", format!("B{second}")));
    // The other file still counts: its claim is not free.
    journal.cancel_resubmission(second, "").unwrap();
    assert_eq!(journal.returned_claim(rows[0]).unwrap().state, ReturnState::InFile);
    let third = journal.plan_resubmission(&resubmission(11), &plan, Some("lost again")).unwrap();
    journal.resubmission_written(third).unwrap();
    journal.resubmission_sent(third, "").unwrap();
    assert_eq!(journal.returned_claim(rows[0]).unwrap().state, ReturnState::Sent);
    journal.cancel_resubmission(first, "").unwrap();
    assert_eq!(journal.returned_claim(rows[0]).unwrap().state, ReturnState::Sent);
    // Force helps against a number used before, not against a fault.
    let plan = planned(&journal, &rows[2..]);
    let refused = journal.plan_resubmission(&resubmission(12), &plan, Some("please")).unwrap_err();
    assert!(matches!(refused, ResubmitError::Blocked { .. }));
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
}

#[test]
fn a_journal_from_before_a_plan_is_behind() {
    let (station, journal, rows) = three();
    let plan = planned(&journal, &rows[..1]);
    drop(journal);
    let old = station.backup();
    let mut journal = station.open();
    journal.plan_resubmission(&resubmission(9), &plan, None).unwrap();
    drop(journal);
    station.restore(&old);
    assert!(matches!(station.refused(), JournalError::Behind { .. }));
}
