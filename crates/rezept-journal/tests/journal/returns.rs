//! Importing return files: all of a file or nothing of it, nothing twice, another content of a known key only by a person's
//! decision; and how several returns of one claim are tied together.

use rezept_journal::{Added, ImportStart, JournalError, ReturnFileState, ReturnFilter, ReturnState, Subject};

use crate::common::{
    Station, begin, digest, import, other_content, planned, resubmission, return_file, returned,
};

fn all() -> ReturnFilter {
    ReturnFilter::default()
}

#[test]
fn an_imported_claim_is_read_back_with_every_word() {
    let station = Station::new();
    let mut journal = station.open();
    let mut claim = returned(7, "2026-03");
    claim.faults = vec!["W10".into(), "E99".into()];
    claim.blocked = true;
    claim.due = Some("2026-05-10".into());
    claim.billing_info = Some("key 7".into());
    claim.reasons[1].code = Some("L0001".into());
    claim.reasons[1].note = vec![0xff, 0x00, 0x0a];
    let (imported, rows) = import(&mut journal, &return_file(1, "2026-03"), std::slice::from_ref(&claim));
    assert_eq!((imported.claims, imported.new, imported.known), (1, 1, 0));
    let row = journal.returned_claim(rows[0]).unwrap();
    assert_eq!((row.state, row.file, row.ordinal), (ReturnState::New, imported.file, 0));
    assert_eq!(row.stretch, claim.stretch);
    assert_eq!((row.payer.as_str(), row.return_file.as_str(), row.family.as_str()), ("1", "hen", "ika"));
    assert_eq!(row.search_no, claim.search_no);
    assert_eq!((row.processed_month, row.service_month), (claim.processed_month, claim.service_month));
    assert_eq!((row.in_out, row.chart_no, row.blocked), (claim.in_out, claim.chart_no, true));
    assert_eq!((row.receipt_no, row.claim_type), (claim.receipt_no, claim.claim_type));
    assert_eq!((row.billing_info, row.insurer_no), (claim.billing_info, claim.insurer_no));
    assert_eq!((row.department, row.name), (claim.department, claim.name));
    assert_eq!((row.birth_date, row.points, row.payers), (claim.birth_date, claim.points, claim.payers));
    assert_eq!((row.original_month, row.return_kind), (claim.original_month, claim.return_kind));
    assert_eq!((row.reason_codes.as_str(), row.faults.as_str()), ("L3129 L0001", "W10 E99"));
    assert_eq!((row.due.as_deref(), row.owner, row.previous), (Some("2026-05-10"), None, None));
    assert_eq!(journal.return_reasons(rows[0]).unwrap(), claim.reasons);
    let file = journal.return_file(imported.file).unwrap();
    assert_eq!((file.state, file.claims, file.new_claims), (ReturnFileState::Imported, 1, 1));
    assert_eq!(journal.return_file_by_sha256(&digest(1)).unwrap(), Some(file));
    let told = journal.latest_history(9).unwrap();
    assert_eq!(told.len(), 1, "one entry for a file, not for a claim");
    assert_eq!((told[0].subject.as_str(), told[0].note.as_str()), ("I1", "1 claims, 1 new, 0 known"));
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
}

#[test]
fn nothing_of_a_patient_is_shown_by_debug() {
    let station = Station::new();
    let mut journal = station.open();
    let claim = returned(7, "2026-03");
    let shown = format!("{claim:?}");
    let (_, rows) = import(&mut journal, &return_file(1, "2026-03"), &[claim]);
    journal.add_return_note(rows[0], "Taro called").unwrap();
    let shown = format!(
        "{shown} {:?} {:?} {:?}",
        journal.returned_claim(rows[0]).unwrap(),
        journal.return_reasons(rows[0]).unwrap(),
        journal.return_notes(rows[0]).unwrap(),
    );
    for secret in ["000007", "131, 101", "142, 145", "1960", "01130012", "Taro", "1315041"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn a_dropped_import_leaves_no_trace() {
    let station = Station::new();
    let mut journal = station.open();
    let mut started = begin(&mut journal, &return_file(1, "2026-03"));
    for n in 0..500 {
        started.add(&returned(n, "2026-03")).unwrap();
    }
    drop(started);
    assert_eq!(journal.returned_claims(&all()).unwrap(), []);
    assert_eq!(journal.return_files().unwrap(), []);
    assert_eq!(journal.checkpoint().unwrap().seq, 0);
    // And the same file can be imported now, under the same numbers.
    let (imported, rows) = import(&mut journal, &return_file(1, "2026-03"), &[returned(1, "2026-03")]);
    assert_eq!((imported.file, rows[0]), (1, 1));
}

#[test]
fn the_same_content_again_is_known_and_the_same_claims_elsewhere_too() {
    let station = Station::new();
    let mut journal = station.open();
    let claims: Vec<_> = (0..5).map(|n| returned(n, "2026-03")).collect();
    let (first, rows) = import(&mut journal, &return_file(1, "2026-03"), &claims);
    journal.move_returned(rows[2], ReturnState::InWork, "").unwrap();
    let before = journal.checkpoint().unwrap();
    match journal.start_import(&return_file(1, "2026-03"), &other_content()).unwrap() {
        ImportStart::Known { file } => assert_eq!(file, first.file),
        other => panic!("{other:?}"),
    }
    assert_eq!(journal.checkpoint().unwrap(), before);
    // Another volume that repeats them and brings one more.
    let mut second = return_file(2, "2026-03");
    second.volume = "01".into();
    let more: Vec<_> = (0..6).map(|n| returned(n, "2026-03")).collect();
    let (second, again) = import(&mut journal, &second, &more);
    assert_eq!((second.claims, second.new, second.known), (6, 1, 5));
    assert_eq!(again[..5], rows);
    assert_eq!(journal.returned_claim(rows[2]).unwrap().state, ReturnState::InWork, "its work goes on");
    assert_eq!(journal.returned_claims(&all()).unwrap().len(), 6);
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
}

#[test]
fn a_claim_without_a_number_is_known_by_its_bytes() {
    let station = Station::new();
    let mut journal = station.open();
    let mut claim = returned(1, "2026-03");
    claim.search_no.clear();
    let (_, rows) = import(&mut journal, &return_file(1, "2026-03"), std::slice::from_ref(&claim));
    let mut second = return_file(2, "2026-03");
    second.volume = "01".into();
    let mut other = claim.clone();
    other.stretch.request_sha256 = digest(99);
    let (imported, again) = import(&mut journal, &second, &[claim, other]);
    assert_eq!((imported.new, again[0]), (1, rows[0]));
}

#[test]
fn another_content_of_a_known_key_waits_until_a_person_decides() {
    let station = Station::new();
    let mut journal = station.open();
    import(&mut journal, &return_file(1, "2026-03"), &[returned(1, "2026-03"), returned(2, "2026-03")]);
    let other = return_file(2, "2026-03");
    let held =
        |journal: &mut rezept_journal::Journal| match journal.start_import(&other, &other_content()).unwrap()
        {
            ImportStart::Held { file } => file,
            unexpected => panic!("{unexpected:?}"),
        };
    let file = held(&mut journal);
    let head = journal.checkpoint().unwrap();
    assert_eq!(held(&mut journal), file, "offered again, it still waits");
    assert_eq!(journal.checkpoint().unwrap(), head, "and nothing is written");
    let waiting = journal.waiting_return_files().unwrap();
    assert_eq!((waiting.len(), waiting[0].id, waiting[0].reason.clone()), (1, file, Some(other_content())));

    journal.refuse_return_file(file, "a copy of somebody").unwrap();
    assert_eq!(journal.waiting_return_files().unwrap(), []);
    match journal.start_import(&other, &other_content()).unwrap() {
        ImportStart::Refused { file: refused } => assert_eq!(refused, file),
        unexpected => panic!("{unexpected:?}"),
    }
    assert!(matches!(journal.refuse_return_file(file, ""), Err(JournalError::IllegalMove { .. })));
    assert!(matches!(journal.release_return_file(1, ""), Err(JournalError::IllegalMove { .. })));
    assert!(matches!(journal.release_return_file(9, ""), Err(JournalError::NotFound { .. })));

    journal.release_return_file(file, "it counts").unwrap();
    assert_eq!(journal.return_file(file).unwrap().state, ReturnFileState::Released);
    drop(begin(&mut journal, &other));
    assert_eq!(journal.return_file(file).unwrap().state, ReturnFileState::Released, "until it is imported");
    let (imported, _) = import(&mut journal, &other, &[returned(2, "2026-03"), returned(3, "2026-03")]);
    assert_eq!((imported.file, imported.new, imported.known), (file, 1, 1));
    assert_eq!(journal.return_file(file).unwrap().state, ReturnFileState::Imported);
    let told: Vec<_> =
        journal.history(Subject::ReturnFile(file)).unwrap().into_iter().map(|row| row.to).collect();
    assert_eq!(told, ["held", "refused-by-person", "released", "imported"]);
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
}

#[test]
fn a_later_return_under_the_same_number_counts_instead_of_an_open_one() {
    let station = Station::new();
    let mut journal = station.open();
    // The months arrive in the wrong order: March, January, May.
    for (n, month) in [(1, "2026-03"), (2, "2026-01"), (3, "2026-05")] {
        import(&mut journal, &return_file(n, month), &[returned(1, month)]);
    }
    let links: Vec<_> = journal
        .returned_claims(&all())
        .unwrap()
        .into_iter()
        .map(|row| (row.id, row.previous, row.superseded_by, row.state))
        .collect();
    let new = ReturnState::New;
    assert_eq!(links, [(1, Some(2), Some(3), new), (2, None, Some(1), new), (3, Some(1), None, new)]);
    let open = ReturnFilter { open_only: true, ..all() };
    assert_eq!(journal.returned_claims(&open).unwrap().iter().map(|row| row.id).collect::<Vec<_>>(), [3]);
    let months: Vec<_> = journal
        .find_returned(&returned(1, "2026-01").search_no)
        .unwrap()
        .into_iter()
        .map(|row| row.processed_month)
        .collect();
    assert_eq!(months, ["2026-05", "2026-03", "2026-01"]);
    let counts = journal.return_counts().unwrap();
    assert_eq!(counts[0], (new, 1));
}

#[test]
fn what_was_sent_and_comes_back_is_returned_again() {
    let station = Station::new();
    let mut journal = station.open();
    let claims: Vec<_> = (1..4).map(|n| returned(n, "2026-03")).collect();
    let (_, rows) = import(&mut journal, &return_file(1, "2026-03"), &claims);
    for (n, row) in (10..).zip(&rows) {
        let plan = planned(&journal, &[*row]);
        let id = journal.plan_resubmission(&resubmission(n), &plan, None).unwrap();
        journal.resubmission_written(id).unwrap();
        journal.resubmission_sent(id, "").unwrap();
        if n == 11 {
            journal.resubmission_confirmed(id, "").unwrap();
        }
    }
    // By number; by number, after it was accepted; by patient and month, under a new number.
    let mut renumbered = returned(3, "2026-07");
    renumbered.search_no = "13150410000000999".into();
    let back = [returned(1, "2026-07"), returned(2, "2026-07"), renumbered];
    let (_, later) = import(&mut journal, &return_file(2, "2026-07"), &back);
    for (row, later) in rows.iter().zip(&later) {
        let old = journal.returned_claim(*row).unwrap();
        assert_eq!((old.state, old.superseded_by), (ReturnState::ReturnedAgain, Some(*later)));
        let last = journal.history(Subject::Returned(*row)).unwrap().pop().unwrap();
        assert_eq!((last.to.as_str(), last.note), ("returned-again", format!("R{later}")));
        let new = journal.returned_claim(*later).unwrap();
        assert_eq!((new.state, new.previous), (ReturnState::New, Some(*row)));
    }
    // Confirming the file later takes only what is still sent.
    let id = journal.resubmission_by_sha256(&digest(10)).unwrap().unwrap().id;
    journal.resubmission_confirmed(id, "").unwrap();
    assert_eq!(journal.returned_claim(rows[0]).unwrap().state, ReturnState::ReturnedAgain);
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
}

#[test]
fn an_open_claim_of_the_same_patient_is_linked_but_never_hidden() {
    let station = Station::new();
    let mut journal = station.open();
    let mut other = returned(1, "2026-03");
    other.search_no = "13150410000000777".into();
    other.stretch.request_sha256 = digest(777);
    let (_, rows) = import(&mut journal, &return_file(1, "2026-03"), &[returned(1, "2026-03"), other]);
    let pair: Vec<_> = rows.iter().map(|row| journal.returned_claim(*row).unwrap().previous).collect();
    assert_eq!(pair, [None, None], "two claims of one patient in one file are two claims");
    let mut later = returned(1, "2026-04");
    later.search_no = "13150410000000888".into();
    let (_, later) = import(&mut journal, &return_file(2, "2026-04"), &[later]);
    assert_eq!(journal.returned_claim(later[0]).unwrap().previous, Some(rows[1]));
    let open = ReturnFilter { open_only: true, ..all() };
    assert_eq!(journal.returned_claims(&open).unwrap().len(), 3);
}

#[test]
fn an_import_keeps_other_writers_out_and_lets_readers_look() {
    let station = Station::new();
    let mut journal = station.open();
    import(&mut journal, &return_file(1, "2026-03"), &[returned(1, "2026-03")]);
    let mut started = begin(&mut journal, &return_file(2, "2026-04"));
    assert!(matches!(started.add(&returned(2, "2026-04")).unwrap(), Added::New(2)));
    let beside = station.open();
    assert_eq!(beside.returned_claims(&all()).unwrap().len(), 1);
    let imported = started.finish().unwrap();
    assert_eq!(beside.returned_claims(&all()).unwrap().len(), 2);
    assert_eq!(beside.return_file(imported.file).unwrap().new_claims, 1);
}
