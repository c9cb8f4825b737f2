//! Which row speaks for the bytes lying in a folder, and which contents count as sent.

use crate::common::{Station, content, digest, gated, place, plan, stamp};
use rezept_journal::{FileState, Journal, ParcelChange, ParcelState};

const ROOT: &str = "/receden";

fn commit(journal: &mut Journal, row: i64) {
    for state in [ParcelState::Written, ParcelState::ReadBack, ParcelState::Committed] {
        journal.move_parcel(row, state, &ParcelChange::default()).unwrap();
    }
}

#[test]
fn a_replaced_content_is_a_new_row_and_the_old_one_is_gone() {
    let station = Station::new();
    let mut journal = station.open();
    for state in [FileState::Seen, FileState::Stable, FileState::Gated, FileState::Held, FileState::Cancelled]
    {
        let name = format!("{state}.UKE");
        let old = journal.see_file(&place(&name), stamp(1)).unwrap();
        station.raw().execute("UPDATE file SET state = ?1 WHERE id = ?2", (state.word(), old)).unwrap();
        let new = journal.see_file(&place(&name), stamp(2)).unwrap();
        assert_eq!(journal.file(old).unwrap().state, FileState::Gone, "{state}");
        let row = journal.file_at(ROOT, &name).unwrap().unwrap();
        assert_eq!((row.id, row.state, row.stamp, row.content), (new, FileState::Seen, stamp(2), None));
    }
}

#[test]
fn a_source_that_changes_in_its_parcel_or_after_it_is_seen_anew_and_the_sent_row_stays() {
    for kept in [false, true] {
        let station = Station::new();
        let mut journal = station.open();
        let sent = gated(&mut journal, "a.UKE", 1, 4);
        let row = plan(&mut journal, "p1", &[sent]).unwrap().row;
        commit(&mut journal, row);
        if kept {
            journal.move_parcel(row, ParcelState::Acknowledged, &ParcelChange::default()).unwrap();
            journal.move_file(sent, FileState::Kept, None, "").unwrap();
        }
        let before = journal.file(sent).unwrap();
        let new = journal.see_file(&place("a.UKE"), stamp(2)).unwrap();
        assert_eq!(journal.file(sent).unwrap(), before, "kept: {kept}");
        assert_eq!(journal.file_at(ROOT, "a.UKE").unwrap().unwrap().id, new);
        assert_eq!(journal.live_files(ROOT).unwrap()["a.UKE"].id, new);
        // The corrected month: another content of an identity that was sent.
        let found = journal.same_identity(&content(2, 4).identity.unwrap(), new).unwrap();
        assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [sent]);
        // The first content put back: sent before.
        journal.move_file(new, FileState::Gone, None, "").unwrap();
        assert_eq!(
            journal.file_at(ROOT, "a.UKE").unwrap().unwrap().id,
            sent,
            "the old bytes lie there again"
        );
        assert_eq!(journal.same_content(&digest(1), new).unwrap().len(), 1);
    }
}

#[test]
fn a_content_whose_parcel_was_committed_counts_as_sent_even_when_the_file_is_gone() {
    let station = Station::new();
    let mut journal = station.open();
    let sent = gated(&mut journal, "a.UKE", 1, 4);
    let row = plan(&mut journal, "p1", &[sent]).unwrap().row;
    commit(&mut journal, row);
    journal.move_parcel(row, ParcelState::Acknowledged, &ParcelChange::default()).unwrap();
    journal.move_file(sent, FileState::Gone, None, "it changed after it was sent").unwrap();

    let again = gated(&mut journal, "b.UKE", 1, 4);
    let found = journal.same_content(&digest(1), again).unwrap();
    assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [sent]);
    assert_eq!(journal.same_identity(&content(1, 4).identity.unwrap(), again).unwrap().len(), 1);
}

#[test]
fn a_content_that_was_never_on_a_medium_does_not_count_as_sent() {
    let station = Station::new();
    let mut journal = station.open();
    let changed = gated(&mut journal, "a.UKE", 1, 4);
    let row = plan(&mut journal, "p1", &[changed]).unwrap().row;
    journal.move_file(changed, FileState::Gone, None, "").unwrap();
    journal.move_parcel(row, ParcelState::Cancelled, &ParcelChange::default()).unwrap();
    let refused = gated(&mut journal, "b.UKE", 1, 4);
    journal.move_file(refused, FileState::Held, None, "").unwrap();
    journal.move_file(refused, FileState::Cancelled, None, "").unwrap();
    assert_eq!(journal.same_content(&digest(1), 0).unwrap(), []);
    assert_eq!(journal.same_identity(&content(1, 4).identity.unwrap(), 0).unwrap(), []);
}

#[test]
fn the_bulk_answer_is_the_single_answer_for_every_name() {
    let station = Station::new();
    let mut journal = station.open();
    let mut elsewhere = place("a.UKE");
    elsewhere.root = "/other".into();
    journal.see_file(&elsewhere, stamp(9)).unwrap();
    for n in 0..60 {
        let name = format!("{}.UKE", n % 20);
        journal.see_file(&place(&name), stamp(n)).unwrap();
        let all: Vec<_> = FileState::ALL.iter().collect();
        let state = all[usize::try_from(n * 7).unwrap() % all.len()].word();
        station
            .raw()
            .execute("UPDATE file SET state = ?1 WHERE id = (SELECT max(id) FROM file)", [state])
            .unwrap();
    }
    let bulk = journal.live_files(ROOT).unwrap();
    let mut live = 0;
    for n in 0..20 {
        let name = format!("{n}.UKE");
        let single = journal.file_at(ROOT, &name).unwrap();
        live += usize::from(single.is_some());
        assert_eq!(bulk.get(&name), single.as_ref(), "{name}");
    }
    assert_eq!(bulk.len(), live);
    assert!(live > 5);
}

#[test]
fn everything_known_of_a_file_comes_back_as_it_was_stored() {
    let station = Station::new();
    let mut journal = station.open();
    let mut strange = place("請求/2026年4月/RECEIPTC.UKE");
    strange.route = None;
    strange.watched = false;
    let far = rezept_journal::Stamp { size_bytes: 1 << 40, modified_ns: -1, file_id: u64::MAX };
    let id = journal.see_file(&strange, stamp(1)).unwrap();
    journal.restamp_file(id, far).unwrap();
    journal.describe_file(id, &content(5, 3)).unwrap();
    drop(journal);
    let row = station.open().file(id).unwrap();
    assert_eq!((row.place, row.stamp, row.content), (strange, far, Some(content(5, 3))));
}
