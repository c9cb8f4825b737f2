//! Registered media in the journal: their moves, what stands on them, what a lost one frees, and what a person let pass.

use crate::common::*;
use rezept_journal::{
    Journal, JournalError, MediumClass, MediumState, NewMedium, ParcelChange, ParcelState, Reason, Subject,
    TakeOut,
};

fn new(n: u8) -> NewMedium {
    NewMedium {
        id: format!("{n:02x}").repeat(16),
        label: format!("USB-{n}"),
        owner: "医事課".into(),
        class: MediumClass::Genpi,
        volume_label: None,
        serial: Some(format!("SN{n}")),
    }
}

fn out(due: &str) -> TakeOut {
    TakeOut { by: "suzuki".into(), purpose: "terminal".into(), due: due.into() }
}

fn to(journal: &mut Journal, row: i64, states: &[ParcelState]) {
    for state in states {
        journal.move_parcel(row, *state, &ParcelChange::default()).unwrap();
    }
}

#[test]
fn a_medium_is_registered_once_and_found_by_its_id() {
    let station = Station::new();
    let mut journal = station.open();
    let row = journal.register_medium(&new(7)).unwrap();
    let known = journal.medium_by_id(&"07".repeat(16)).unwrap().unwrap();
    assert_eq!((known.row, known.state, known.label.as_str()), (row, MediumState::Here, "USB-7"));
    assert_eq!(known.serial.as_deref(), Some("SN7"));
    assert!(journal.medium_by_id(&"08".repeat(16)).unwrap().is_none());
    assert!(journal.register_medium(&new(7)).is_err());
    assert_eq!(journal.media().unwrap(), [known]);
    assert!(matches!(journal.medium(99), Err(JournalError::NotFound { .. })));
    assert_eq!(journal.history(Subject::Medium(row)).unwrap().len(), 1);
}

#[test]
fn only_legal_moves_and_each_is_in_the_history() {
    use MediumState::{Here, Lost, Out, Retired};
    let legal = [
        (Here, Out),
        (Here, Lost),
        (Here, Retired),
        (Out, Here),
        (Out, Lost),
        (Out, Retired),
        (Lost, Here),
        (Lost, Retired),
    ];
    for from in MediumState::ALL {
        for next in MediumState::ALL {
            assert_eq!(from.may_become(*next), legal.contains(&(*from, *next)), "{from} {next}");
        }
    }
    let station = Station::new();
    let mut journal = station.open();
    let row = journal.register_medium(&new(1)).unwrap();
    journal.take_out_medium(row, &out("2026-04-03")).unwrap();
    let taken = journal.medium(row).unwrap();
    assert_eq!((taken.out_by.as_deref(), taken.out_due.as_deref()), (Some("suzuki"), Some("2026-04-03")));
    assert!(!taken.is_overdue("2026-04-03") && taken.is_overdue("2026-04-04"));
    let before = journal.checkpoint().unwrap();
    assert!(matches!(
        journal.take_out_medium(row, &out("2026-05-01")),
        Err(JournalError::IllegalMove { from: "out", to: "out", .. })
    ));
    assert_eq!(journal.checkpoint().unwrap(), before);
    assert_eq!(journal.medium(row).unwrap(), taken);
    journal.move_medium(row, Here, "back").unwrap();
    let back = journal.medium(row).unwrap();
    assert_eq!(
        (back.out_by.clone(), back.out_due.clone(), back.is_overdue("2099-01-01")),
        (None, None, false)
    );
    journal.move_medium(row, Retired, "worn out").unwrap();
    assert!(journal.move_medium(row, Here, "again").is_err());
    let words: Vec<_> =
        journal.history(Subject::Medium(row)).unwrap().into_iter().map(|h| (h.from, h.to, h.note)).collect();
    let moves: Vec<_> = words.iter().map(|(from, to, _)| (from.as_str(), to.as_str())).collect();
    assert_eq!(moves, [("", "here"), ("here", "out"), ("out", "here"), ("here", "retired")]);
    assert_eq!(words[1].2, "suzuki / terminal / 2026-04-03");
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
}

#[test]
fn what_stands_on_a_medium_follows_what_is_seen_there() {
    let station = Station::new();
    let mut journal = station.open();
    let medium = journal.register_medium(&new(1)).unwrap();
    let sources: Vec<i64> = (1..=3).map(|n| gated(&mut journal, &format!("{n}.UKE"), n, n)).collect();
    let rows: Vec<i64> =
        sources.iter().map(|s| plan(&mut journal, &format!("p{s}"), &[*s]).unwrap().row).collect();
    journal.parcel_goes_on_medium(rows[0], medium).unwrap();
    journal.parcels_seen_on_medium(medium, &[rows[0], rows[1]]).unwrap();
    let end = journal.checkpoint().unwrap();
    journal.parcel_goes_on_medium(rows[0], medium).unwrap();
    journal.parcels_seen_on_medium(medium, &[rows[1], rows[0]]).unwrap();
    assert_eq!(journal.checkpoint().unwrap(), end, "nothing new, nothing written");
    journal.parcels_seen_on_medium(medium, &[rows[1]]).unwrap();
    let stood = journal.stood_on_medium(medium).unwrap();
    let gone: Vec<_> = stood.iter().map(|s| (s.parcel.row, s.removed_at.is_some())).collect();
    assert_eq!(gone, [(rows[0], true), (rows[1], false)]);
    // It came back: the same medium again, under the same id.
    journal.parcels_seen_on_medium(medium, &[rows[0], rows[1]]).unwrap();
    assert!(journal.stood_on_medium(medium).unwrap().iter().all(|s| s.removed_at.is_none()));
    let told: Vec<_> = journal.history(Subject::Medium(medium)).unwrap().into_iter().skip(1).collect();
    let told: Vec<_> = told.iter().map(|h| (h.to.as_str(), h.note.as_str())).collect();
    let (a, b) = (format!("P{}", rows[0]), format!("P{}", rows[1]));
    assert_eq!(told, [("PARCEL_ON", a.as_str()), ("PARCEL_ON", &b), ("PARCEL_GONE", &a), ("PARCEL_ON", &a)]);
}

#[test]
fn a_lost_medium_frees_only_what_was_never_published_and_still_stands_on_it() {
    use ParcelState::{Committed, ReadBack, Spooled, Written};
    let station = Station::new();
    let mut journal = station.open();
    let medium = journal.register_medium(&new(1)).unwrap();
    let other = journal.register_medium(&new(2)).unwrap();
    let mut rows = Vec::new();
    for (n, states) in [
        (1, &[Written][..]),
        (2, &[Written, ReadBack]),
        (3, &[Written, ReadBack, Committed]),
        (4, &[Written]),
        (5, &[]),
    ] {
        let source = gated(&mut journal, &format!("{n}.UKE"), n, n);
        let row = plan(&mut journal, &format!("p{n}"), &[source]).unwrap().row;
        journal.parcel_goes_on_medium(row, if n == 4 { other } else { medium }).unwrap();
        to(&mut journal, row, states);
        rows.push(row);
    }
    assert_eq!(journal.lose_medium(medium, "on the train").unwrap(), rows[..2]);
    let now: Vec<_> = rows.iter().map(|row| journal.parcel(*row).unwrap().state).collect();
    assert_eq!(now, [Spooled, Spooled, Committed, Written, Spooled]);
    assert_eq!(journal.medium(medium).unwrap().state, MediumState::Lost);
    assert!(matches!(journal.lose_medium(medium, "again"), Err(JournalError::IllegalMove { .. })));
    assert_eq!(journal.stood_on_medium(medium).unwrap().len(), 4, "what was on it stays known");
}

#[test]
fn a_person_waves_one_content_through_and_its_going_away_does_not_count() {
    let station = Station::new();
    let mut journal = station.open();
    let cause = Reason::new("RZ-M106", "MZ 100");
    journal.raise(&cause, "/usb/a.exe").unwrap();
    let waved = |journal: &Journal, detail: &str| {
        journal.waved_through("RZ-M106", "/usb/a.exe", detail, "gone").unwrap()
    };
    assert!(!waved(&journal, "MZ 100"), "open, not settled");
    journal.settle("RZ-M106", "/usb/a.exe", "gone").unwrap();
    assert!(!waved(&journal, "MZ 100"));
    journal.raise(&cause, "/usb/a.exe").unwrap();
    journal.settle("RZ-M106", "/usb/a.exe", "the printer's driver").unwrap();
    assert!(waved(&journal, "MZ 100"));
    assert!(!waved(&journal, "MZ 101"), "another content");
}
