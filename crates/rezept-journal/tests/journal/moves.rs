//! Moves of files and parcels: what is legal is written out here once more, by hand, from the design; everything else must
//! be refused and leave no trace.

use crate::common::{Station, found, gated, import, place, plan, resubmission, return_file, returned, stamp};
use rezept_journal::{
    Direction, FileState, JournalError, ParcelChange, ParcelState, Reason, ResubmissionState, ReturnState,
    Subject, VerifyLevel,
};

const FILE_MOVES: &[(&str, &str)] = &[
    ("SEEN", "STABLE HELD GONE"),
    ("STABLE", "GATED HELD SEEN GONE"),
    // And IN_PARCEL, but by the plan of a parcel only, which another test looks at.
    ("GATED", "HELD SEEN GONE CANCELLED"),
    ("IN_PARCEL", "ARCHIVED KEPT GONE GATED SEEN CANCELLED HELD"),
    ("KEPT", "ARCHIVED GONE"),
    ("ARCHIVED", ""),
    ("HELD", "GATED CANCELLED GONE SEEN"),
    ("CANCELLED", "GONE"),
    ("GONE", ""),
];

const PARCEL_MOVES: &[(&str, &str)] = &[
    ("SPOOLED", "WRITTEN CANCELLED HELD"),
    ("WRITTEN", "READ_BACK SPOOLED CANCELLED"),
    ("READ_BACK", "COMMITTED SPOOLED CANCELLED"),
    ("COMMITTED", "ACKNOWLEDGED EXPIRED SPOOLED CANCELLED"),
    ("ACKNOWLEDGED", "ARCHIVED"),
    ("ARCHIVED", ""),
    ("FOUND", "AUTHENTIC QUARANTINED HELD"),
    ("AUTHENTIC", "COPIED QUARANTINED HELD FOUND"),
    ("COPIED", "VALID QUARANTINED HELD FOUND"),
    ("VALID", "DELIVERED HELD FOUND QUARANTINED"),
    ("DELIVERED", "ACK_WRITTEN"),
    ("ACK_WRITTEN", ""),
    ("QUARANTINED", "FOUND CANCELLED"),
    ("HELD", "SPOOLED VALID FOUND CANCELLED QUARANTINED"),
    ("EXPIRED", "ACKNOWLEDGED SPOOLED CANCELLED"),
    ("CANCELLED", ""),
];

/// By a person. `in-file` and `sent` are left to the resubmission file, which the tests of resubmissions look at.
const RETURN_MOVES: &[(&str, &str)] = &[
    ("new", "in-work corrected withdrawn other-body"),
    ("in-work", "corrected withdrawn other-body"),
    ("corrected", "in-work withdrawn other-body"),
    ("in-file", ""),
    ("sent", "accepted returned-again"),
    ("accepted", "returned-again"),
    ("returned-again", ""),
    ("withdrawn", "in-work"),
    ("other-body", "in-work"),
];

/// Each by the one operation that there is for it.
const RESUBMISSION_MOVES: &[(&str, &str)] = &[
    ("planned", "written queued cancelled"),
    ("written", "queued sent cancelled"),
    ("queued", "sent cancelled"),
    ("sent", "confirmed"),
    ("confirmed", ""),
    ("cancelled", ""),
];

#[test]
fn every_pair_of_states_of_a_returned_claim_is_a_legal_move_or_refused_without_a_trace() {
    let station = Station::new();
    let mut journal = station.open();
    let (_, rows) = import(&mut journal, &return_file(1, "2026-03"), &[returned(1, "2026-03")]);
    let id = rows[0];
    for from in ReturnState::ALL {
        for to in ReturnState::ALL {
            station.raw().execute("UPDATE returned_claim SET state = ?1", [from.word()]).unwrap();
            let before = (journal.returned_claim(id).unwrap(), journal.checkpoint().unwrap());
            let result = journal.move_returned(id, *to, "Taro called");
            if legal(RETURN_MOVES, from.word(), to.word()) {
                result.unwrap();
                let last = journal.history(Subject::Returned(id)).unwrap().pop().unwrap();
                let row = journal.returned_claim(id).unwrap();
                let note = journal.return_notes(id).unwrap().pop().unwrap();
                assert_eq!((last.from.as_str(), last.to.as_str()), (from.word(), to.word()));
                assert_eq!((row.state, row.state_at), (*to, last.at));
                assert_eq!((note.text.as_str(), last.note), ("Taro called", format!("note {}", note.id)));
            } else {
                let error = result.unwrap_err();
                assert!(matches!(error, JournalError::IllegalMove { .. }), "{from} -> {to}: {error}");
                assert_eq!((journal.returned_claim(id).unwrap(), journal.checkpoint().unwrap()), before);
            }
        }
    }
}

#[test]
fn every_pair_of_states_of_a_resubmission_is_a_legal_move_or_refused_without_a_trace() {
    use ResubmissionState::{Cancelled, Confirmed, Planned, Queued, Sent, Written};
    let station = Station::new();
    let mut journal = station.open();
    let file = gated(&mut journal, "a.UKE", 1, 1);
    let id = journal.plan_resubmission(&resubmission(1), &[], None).unwrap();
    for from in ResubmissionState::ALL {
        for to in ResubmissionState::ALL {
            station.raw().execute("UPDATE resubmission SET state = ?1, file = NULL", [from.word()]).unwrap();
            let before = (journal.resubmission(id).unwrap(), journal.checkpoint().unwrap());
            let result = match to {
                Planned => continue,
                Written => journal.resubmission_written(id),
                Queued => journal.queue_resubmission(id, file),
                Sent => journal.resubmission_sent(id, ""),
                Confirmed => journal.resubmission_confirmed(id, ""),
                Cancelled => journal.cancel_resubmission(id, ""),
            };
            if legal(RESUBMISSION_MOVES, from.word(), to.word()) {
                result.unwrap();
                let last = journal.history(Subject::Resubmission(id)).unwrap().pop().unwrap();
                let row = journal.resubmission(id).unwrap();
                assert_eq!((row.state, row.state_at), (*to, last.at));
            } else {
                let error = result.unwrap_err();
                assert!(matches!(error, JournalError::IllegalMove { .. }), "{from} -> {to}: {error}");
                assert_eq!((journal.resubmission(id).unwrap(), journal.checkpoint().unwrap()), before);
            }
        }
    }
}

#[track_caller]
fn legal(moves: &[(&str, &str)], from: &str, to: &str) -> bool {
    let (_, targets) = moves.iter().find(|(state, _)| *state == from).expect("a state without a row");
    targets.split(' ').any(|target| target == to)
}

#[test]
fn every_pair_of_file_states_is_a_legal_move_or_refused_without_a_trace() {
    let station = Station::new();
    let mut journal = station.open();
    let id = journal.see_file(&place("a.UKE"), stamp(1)).unwrap();
    let mut moved = 0;
    for from in FileState::ALL {
        for to in FileState::ALL {
            station.raw().execute("UPDATE file SET state = ?1", [from.word()]).unwrap();
            let before = (journal.file(id).unwrap(), journal.checkpoint().unwrap());
            let result = journal.move_file(id, *to, None, "");
            if legal(FILE_MOVES, from.word(), to.word()) {
                result.unwrap();
                moved += 1;
                let last = journal.history(Subject::File(id)).unwrap().pop().unwrap();
                let row = journal.file(id).unwrap();
                assert_eq!((last.from.as_str(), last.to.as_str()), (from.word(), to.word()));
                assert_eq!((row.state, row.state_at), (*to, last.at), "row and history in one transaction");
            } else {
                let error = result.unwrap_err();
                let named = matches!(&error, JournalError::IllegalMove { subject, from: f, to: t }
                    if *subject == format!("F{id}") && *f == from.word() && *t == to.word());
                assert!(named, "{from} -> {to}: {error}");
                assert_eq!((journal.file(id).unwrap(), journal.checkpoint().unwrap()), before);
            }
        }
    }
    let listed: usize = FILE_MOVES.iter().map(|(_, to)| to.split_whitespace().count()).sum();
    assert_eq!(moved, listed);
}

/// States that only a sender's parcel, or only a receiver's, can have. The rest a person decides about on either side.
const OUT_ONLY: &str = "SPOOLED WRITTEN READ_BACK COMMITTED ACKNOWLEDGED ARCHIVED EXPIRED";
const IN_ONLY: &str = "FOUND AUTHENTIC COPIED VALID DELIVERED ACK_WRITTEN QUARANTINED";

#[test]
fn every_pair_of_parcel_states_is_a_legal_move_or_refused_without_a_trace() {
    for direction in [Direction::Out, Direction::In] {
        let station = Station::new();
        let mut journal = station.open();
        let (row, foreign) = match direction {
            Direction::Out => (plan(&mut journal, "p1", &[]).unwrap().row, IN_ONLY),
            Direction::In => (journal.found_parcel(&found("p1", 1)).unwrap().row, OUT_ONLY),
        };
        let (mut moved, mut listed) = (0, 0);
        for from in ParcelState::ALL {
            for to in ParcelState::ALL {
                station.raw().execute("UPDATE parcel SET state = ?1", [from.word()]).unwrap();
                let before = (journal.parcel(row).unwrap(), journal.checkpoint().unwrap());
                let result = journal.move_parcel(row, *to, &ParcelChange::default());
                let own = !foreign.split(' ').any(|state| state == to.word());
                if legal(PARCEL_MOVES, from.word(), to.word()) && own {
                    result.unwrap();
                    moved += 1;
                    let last = journal.history(Subject::Parcel(row)).unwrap().pop().unwrap();
                    let now = journal.parcel(row).unwrap();
                    assert_eq!((last.from.as_str(), last.to.as_str()), (from.word(), to.word()));
                    assert_eq!((now.state, now.state_at), (*to, last.at));
                } else {
                    let error = result.unwrap_err();
                    assert!(matches!(error, JournalError::IllegalMove { .. }), "{from} -> {to}: {error}");
                    assert_eq!((journal.parcel(row).unwrap(), journal.checkpoint().unwrap()), before);
                }
            }
        }
        for (_, targets) in PARCEL_MOVES {
            listed +=
                targets.split_whitespace().filter(|to| foreign.split(' ').all(|state| state != *to)).count();
        }
        assert_eq!(moved, listed);
    }
}

#[test]
fn decisions_reach_only_what_waits_for_them() {
    // Each of these moves is legal for the engine; none of them is a release, or a header that came again.
    let station = Station::new();
    let mut journal = station.open();
    let stable = journal.see_file(&place("a.UKE"), stamp(1)).unwrap();
    journal.move_file(stable, FileState::Stable, None, "").unwrap();
    let out = plan(&mut journal, "o1", &[]).unwrap().row;
    let inward = journal.found_parcel(&found("i1", 1)).unwrap().row;
    journal.move_parcel(inward, ParcelState::Held, &ParcelChange::default()).unwrap();
    let before = journal.checkpoint().unwrap();
    for refused in [
        journal.release_file(stable, "no"),
        journal.release_parcel(out, ParcelState::Written, "no"),
        journal.replace_header(inward, &found("i1", 2)),
    ] {
        assert!(matches!(refused, Err(JournalError::IllegalMove { .. })), "{refused:?}");
    }
    assert_eq!(journal.checkpoint().unwrap(), before);
    assert_eq!(journal.parcel(inward).unwrap().sequence, 1);
}

#[test]
fn what_does_not_exist_is_not_found_and_leaves_no_entry() {
    let station = Station::new();
    let mut journal = station.open();
    let none = |error: JournalError| matches!(error, JournalError::NotFound { .. });
    let delivery = rezept_journal::Delivery { ordinal: 0, inbox: "/i".into(), destination: "d".into() };
    assert!(none(journal.file(9).unwrap_err()));
    assert!(none(journal.parcel(9).unwrap_err()));
    assert!(none(journal.move_file(9, FileState::Stable, None, "").unwrap_err()));
    assert!(none(journal.move_parcel(9, ParcelState::Authentic, &ParcelChange::default()).unwrap_err()));
    assert!(none(journal.restamp_file(9, stamp(1)).unwrap_err()));
    assert!(none(journal.describe_file(9, &crate::common::content(1, 1)).unwrap_err()));
    assert!(none(journal.release_file(9, "").unwrap_err()));
    assert!(none(journal.next_attempt(9, "E:/").unwrap_err()));
    assert!(none(journal.plan_delivery(9, &[delivery]).unwrap_err()));
    assert!(none(journal.files_delivered(9, &[0]).unwrap_err()));
    assert!(none(journal.settle_alert(9, "").unwrap_err()));
    assert!(none(journal.returned_claim(9).unwrap_err()));
    assert!(none(journal.move_returned(9, ReturnState::InWork, "why").unwrap_err()));
    assert!(none(journal.assign_returned(9, Some("hanako")).unwrap_err()));
    assert!(none(journal.set_returned_due(9, None).unwrap_err()));
    assert!(none(journal.add_return_note(9, "x").unwrap_err()));
    assert!(none(journal.add_edits(9, &[]).unwrap_err()));
    assert!(none(journal.undo_edits(9, "").unwrap_err()));
    assert!(none(journal.return_file(9).unwrap_err()));
    assert!(none(journal.resubmission(9).unwrap_err()));
    assert!(none(journal.resubmission_written(9).unwrap_err()));
    assert!(none(journal.cancel_resubmission(9, "").unwrap_err()));
    let rows = [Subject::ReturnFile(9), Subject::Returned(9), Subject::Resubmission(9)];
    for subject in [Subject::File(9), Subject::Parcel(9), Subject::Alert(9)].into_iter().chain(rows) {
        assert_eq!(subject.to_string().parse(), Ok(subject));
        assert!(none(journal.remark(subject, "RZ-T001", "").unwrap_err()));
    }
    assert_eq!(journal.checkpoint().unwrap().seq, 0);
}

#[test]
fn a_release_remembers_what_was_let_pass_and_only_what_waits_can_be_released() {
    let station = Station::new();
    let mut journal = station.open();
    let id = gated(&mut journal, "a.UKE", 1, 1);
    assert!(matches!(journal.release_file(id, "no"), Err(JournalError::IllegalMove { .. })));
    let reason = Reason::new("RZ-G004", "sent before");
    journal.move_file(id, FileState::Held, Some(&reason), "").unwrap();
    assert_eq!(journal.file(id).unwrap().reason, Some(reason));
    journal.release_file(id, "the first one was lost").unwrap();
    let row = journal.file(id).unwrap();
    assert_eq!((row.state, row.reason, row.released_code), (FileState::Gated, None, Some("RZ-G004".into())));
    let notes: Vec<_> = journal.history(Subject::File(id)).unwrap().into_iter().map(|h| h.note).collect();
    assert_eq!(notes.last().unwrap(), "released: the first one was lost");
    assert!(notes.contains(&"RZ-G004 sent before".to_owned()), "{notes:?}");

    let row = journal.found_parcel(&found("p1", 1)).unwrap().row;
    assert!(matches!(
        journal.release_parcel(row, ParcelState::Valid, ""),
        Err(JournalError::IllegalMove { .. })
    ));
    assert_eq!(journal.parcel(row).unwrap().released_code, None);
}

#[test]
fn a_change_of_a_parcel_keeps_what_it_does_not_name() {
    let station = Station::new();
    let mut journal = station.open();
    let id = gated(&mut journal, "a.UKE", 1, 1);
    let row = plan(&mut journal, "p1", &[id]).unwrap().row;
    let written = ParcelChange { medium: Some("E:/".into()), ..ParcelChange::default() };
    journal.move_parcel(row, ParcelState::Written, &written).unwrap();
    let proved = ParcelChange { verify_level: Some(VerifyLevel::L2), ..ParcelChange::default() };
    journal.move_parcel(row, ParcelState::ReadBack, &proved).unwrap();
    assert_eq!(journal.parcel(row).unwrap().committed_at, None);
    journal.move_parcel(row, ParcelState::Committed, &ParcelChange::default()).unwrap();
    let now = journal.parcel(row).unwrap();
    assert_eq!((now.medium.as_deref(), now.verify_level), (Some("E:/"), VerifyLevel::L2));
    assert_eq!(now.committed_at.as_ref(), Some(&now.state_at));
    let last = journal.history(Subject::Parcel(row)).unwrap();
    assert_eq!(last[2].note, "L2");
}

#[test]
fn a_batch_is_kept_whole_and_a_failed_change_in_it_is_undone_alone() {
    let station = Station::new();
    let mut journal = station.open();
    journal.begin_batch().unwrap();
    let id = journal.see_file(&place("a"), stamp(1)).unwrap();
    assert!(journal.move_file(id, FileState::Archived, None, "").is_err(), "not out of SEEN");
    journal.move_file(id, FileState::Stable, None, "").unwrap();
    journal.end_batch().unwrap();
    assert_eq!(journal.file(id).unwrap().state, FileState::Stable);
    assert_eq!(journal.history(Subject::File(id)).unwrap().len(), 2, "the failed move left no entry");

    journal.begin_batch().unwrap();
    journal.move_file(id, FileState::Seen, None, "").unwrap();
    drop(journal);
    let journal = station.open();
    assert_eq!(journal.file(id).unwrap().state, FileState::Stable, "a batch that never ended never was");
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
}
