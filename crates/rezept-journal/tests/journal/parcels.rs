//! Parcels: a plan is stored whole or not at all; intents and deliveries survive an interrupted run.

use crate::common::{Station, content, digest, found, gated, parcel_file, plan};
use rezept_journal::{
    Delivery, Direction, FileState, Form, JournalError, NewParcel, ParcelChange, ParcelState, Subject,
};

#[derive(Debug)]
enum Failure {
    Refused,
    Journal(JournalError),
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

#[test]
fn a_plan_whose_builder_fails_stores_nothing() {
    let station = Station::new();
    let mut journal = station.open();
    let id = gated(&mut journal, "a.UKE", 1, 1);
    let before =
        (journal.file(id).unwrap(), journal.checkpoint().unwrap(), std::fs::read(station.mark()).unwrap());
    let refused = journal.plan_parcel("recekon-1", "terminal-1", None, |draft| {
        assert_eq!((draft.sequence, draft.checkpoint), (1, before.1));
        Err::<NewParcel, _>(Failure::Refused)
    });
    assert!(matches!(refused, Err(Failure::Refused)));
    let after =
        (journal.file(id).unwrap(), journal.checkpoint().unwrap(), std::fs::read(station.mark()).unwrap());
    assert_eq!(after, before);
    assert_eq!(journal.highest_sequence().unwrap(), 0);
    // The number was not used up.
    assert_eq!(plan(&mut journal, "p1", &[id]).unwrap().sequence, 1);
}

#[test]
fn a_plan_with_one_bad_source_or_a_known_id_stores_nothing() {
    let station = Station::new();
    let mut journal = station.open();
    let good = gated(&mut journal, "a.UKE", 1, 1);
    let held = gated(&mut journal, "b.UKE", 2, 1);
    journal.move_file(held, FileState::Held, None, "").unwrap();
    let before = journal.checkpoint().unwrap();

    let files = vec![parcel_file(0, Some(good), &content(1, 1)), parcel_file(1, Some(held), &content(2, 1))];
    let new = NewParcel {
        id: "p1".into(),
        header: vec![1],
        header_sha256: digest(1),
        form: Form::Bag,
        signature: None,
        files,
    };
    let refused = journal.plan_parcel("recekon-1", "terminal-1", None, |_| Ok::<_, Failure>(new));
    assert!(matches!(refused, Err(Failure::Journal(JournalError::IllegalMove { .. }))), "{refused:?}");
    assert_eq!(
        (journal.checkpoint().unwrap(), journal.file(good).unwrap().state),
        (before, FileState::Gated)
    );
    assert_eq!(journal.parcel_by_id("recekon-1", "p1").unwrap(), None);

    plan(&mut journal, "p1", &[good]).unwrap();
    journal.move_file(held, FileState::Gated, None, "").unwrap();
    let before = journal.checkpoint().unwrap();
    assert!(matches!(plan(&mut journal, "p1", &[held]), Err(JournalError::Sqlite(_))));
    assert_eq!((journal.checkpoint().unwrap(), journal.file(held).unwrap().parcel), (before, None));
}

#[test]
fn a_planned_parcel_is_there_with_its_sources_after_a_restart() {
    let station = Station::new();
    let mut journal = station.open();
    let sources = [gated(&mut journal, "a.UKE", 1, 1), gated(&mut journal, "b.UKE", 2, 2)];
    let planned = plan(&mut journal, "p1", &sources).unwrap();
    drop(journal);
    let journal = station.open();
    assert_eq!(
        journal.parcels_in(Direction::Out, &[ParcelState::Spooled]).unwrap(),
        std::slice::from_ref(&planned)
    );
    assert_eq!(journal.parcels_since("2999-01-01T00:00:00Z").unwrap().len(), 1, "unfinished is always shown");
    let files = journal.parcel_files(planned.row).unwrap();
    assert_eq!(files.iter().map(|f| f.file.unwrap()).collect::<Vec<_>>(), sources);
    for (file, n) in files.iter().zip(1..) {
        assert_eq!((file.sha256, file.delivered), (digest(n), false));
    }
    for row in journal.files_of_parcel(planned.row).unwrap() {
        assert_eq!((row.state, row.parcel), (FileState::InParcel, Some(planned.row)));
    }
}

#[test]
fn an_interrupted_intent_is_found_once_and_closed() {
    let station = Station::new();
    let mut journal = station.open();
    let id = gated(&mut journal, "a.UKE", 1, 1);
    let row = plan(&mut journal, "p1", &[id]).unwrap().row;
    let done = journal.intend(row, "write content", "E:/").unwrap();
    journal.outcome(done, "done").unwrap();
    journal.intend(row, "write header", "p1.hdr").unwrap();
    drop(journal);
    let mut journal = station.open();
    assert_eq!(journal.close_interrupted(row).unwrap(), ["write header p1.hdr"]);
    assert_eq!(journal.close_interrupted(row).unwrap(), Vec::<String>::new());
    assert_eq!(
        (journal.next_attempt(row, "E:/").unwrap(), journal.next_attempt(row, "F:/").unwrap()),
        (1, 2)
    );
    assert_eq!(journal.parcel(row).unwrap().medium.as_deref(), Some("F:/"));
}

#[test]
fn an_arrived_parcel_is_delivered_in_one_step_and_remembered() {
    let station = Station::new();
    let mut journal = station.open();
    let row = journal.found_parcel(&found("p1", 7)).unwrap().row;
    let again = journal.found_parcel(&found("p1", 7));
    assert!(matches!(again, Err(JournalError::Sqlite(_))), "one row for sender and id");
    journal.move_parcel(row, ParcelState::Authentic, &ParcelChange::default()).unwrap();
    let files = [parcel_file(0, None, &content(1, 1)), parcel_file(1, None, &content(2, 2))];
    // Staging was lost and made again: the list is replaced, not added to.
    for _ in 0..2 {
        journal.set_incoming_files(row, ParcelState::Copied, &files, &ParcelChange::default()).unwrap();
        journal.move_parcel(row, ParcelState::Found, &ParcelChange::default()).unwrap();
        journal.move_parcel(row, ParcelState::Authentic, &ParcelChange::default()).unwrap();
    }
    journal.set_incoming_files(row, ParcelState::Copied, &files, &ParcelChange::default()).unwrap();
    journal.move_parcel(row, ParcelState::Valid, &ParcelChange::default()).unwrap();
    let delivery = |ordinal| Delivery { ordinal, inbox: "/inbox".into(), destination: format!("d{ordinal}") };
    let half_wrong = journal.plan_delivery(row, &[delivery(0), delivery(2)]);
    assert!(matches!(half_wrong, Err(JournalError::NotFound { .. })));
    assert_eq!(journal.parcel_files(row).unwrap(), files, "no half of a plan");
    journal.plan_delivery(row, &[delivery(0), delivery(1)]).unwrap();
    assert_eq!(journal.delivered_before(0, &digest(1), None).unwrap(), []);

    let before = journal.checkpoint().unwrap();
    assert!(matches!(journal.files_delivered(row, &[0, 9]), Err(JournalError::NotFound { .. })));
    assert_eq!(journal.checkpoint().unwrap(), before);
    journal.files_delivered(row, &[0, 1]).unwrap();
    journal.move_parcel(row, ParcelState::Delivered, &ParcelChange::default()).unwrap();
    let notes = journal.history(Subject::Parcel(row)).unwrap();
    assert_eq!(
        notes.iter().filter(|h| h.to == "FILE_DELIVERED").map(|h| h.note.as_str()).collect::<Vec<_>>(),
        ["d0", "d1"]
    );

    let other = content(99, 2).identity.unwrap();
    assert_eq!(journal.delivered_before(0, &digest(1), None).unwrap().len(), 1);
    assert_eq!(journal.delivered_before(0, &digest(77), Some(&other)).unwrap().len(), 1);
    assert_eq!(journal.delivered_before(row, &digest(1), Some(&other)).unwrap(), []);
}

#[test]
fn a_whole_header_takes_the_place_of_a_damaged_one_only_in_quarantine() {
    let station = Station::new();
    let mut journal = station.open();
    let row = journal.found_parcel(&found("p1", 0)).unwrap().row;
    assert!(matches!(journal.replace_header(row, &found("p1", 3)), Err(JournalError::IllegalMove { .. })));
    assert_eq!(journal.parcel(row).unwrap().sequence, 0, "a refused move changes nothing");
    journal.move_parcel(row, ParcelState::Quarantined, &ParcelChange::default()).unwrap();
    journal.replace_header(row, &found("p1", 3)).unwrap();
    let now = journal.parcel(row).unwrap();
    assert_eq!((now.state, now.sequence, now.header_sha256), (ParcelState::Found, 3, digest(3)));
}
