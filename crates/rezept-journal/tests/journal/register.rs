//! The register: a content is noted once with all of its claims or not at all, a claim is found by number and by key
//! whatever content it is in, and what a content is for is history.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rezept_journal::{
    ClaimSighting, ContentPurpose, Journal, JournalError, NewRegisterContent, Noted, PrintKeyId,
    RegisterClaim, Subject,
};

use crate::common::{Station, digest, register_claims, register_content};

fn note(journal: &mut Journal, n: u64, count: u64) -> Noted {
    journal.note_content(&register_content(n), register_claims(n, count)).unwrap()
}

fn places(found: &[ClaimSighting]) -> Vec<([u8; 32], u64)> {
    found.iter().map(|sighting| (sighting.sha256, sighting.number)).collect()
}

#[test]
fn a_content_comes_back_as_it_was_noted() {
    let station = Station::new();
    let mut journal = station.open();
    assert!(!journal.is_registered(&digest(1)).unwrap());
    let noted = note(&mut journal, 1, 5);
    drop(journal);
    let journal = station.open();
    assert!(journal.is_registered(&digest(1)).unwrap());
    let row = journal.register_content(&digest(1)).unwrap().unwrap();
    assert_eq!((row.id, row.claims, row.content), (noted.id(), 5, register_content(1)));
    assert_eq!(journal.register_claims(&digest(1)).unwrap().unwrap(), register_claims(1, 5));
    assert_eq!(journal.register_claims(&digest(2)).unwrap(), None);
    assert_eq!(journal.register_content(&digest(2)).unwrap(), None);
}

#[test]
fn a_known_content_stays_as_it_is() {
    let station = Station::new();
    let mut journal = station.open();
    let Noted::New(id) = note(&mut journal, 1, 5) else { panic!("it is new") };
    let entries = journal.checkpoint().unwrap();
    let again = NewRegisterContent { purpose: ContentPurpose::Trial, ..register_content(1) };
    assert_eq!(journal.note_content(&again, register_claims(1, 7)).unwrap(), Noted::Known(id));
    assert_eq!(journal.checkpoint().unwrap(), entries, "nothing happened");
    let row = journal.register_content(&digest(1)).unwrap().unwrap();
    assert_eq!((row.claims, row.content.purpose), (5, ContentPurpose::Month));
}

#[test]
fn prints_of_another_key_are_known_as_such_and_made_anew() {
    let station = Station::new();
    let mut journal = station.open();
    let Noted::New(id) = note(&mut journal, 1, 5) else { panic!("it is new") };
    note(&mut journal, 2, 1);
    let other = PrintKeyId([2; 8]);
    let old = |journal: &Journal| {
        let found = journal.register_contents_of_other_keys(other).unwrap();
        found.into_iter().map(|row| row.content.sha256).collect::<Vec<_>>()
    };
    assert_eq!(old(&journal), [digest(1), digest(2)]);
    let again = NewRegisterContent { print_key: other, purpose: ContentPurpose::Part, ..register_content(1) };
    let anew = register_claims(9, 4);
    assert_eq!(journal.note_content(&again, anew.clone()).unwrap(), Noted::Reprinted(id));
    assert_eq!(old(&journal), [digest(2)]);
    assert_eq!(journal.register_claims(&digest(1)).unwrap().unwrap(), anew);
    let row = journal.register_content(&digest(1)).unwrap().unwrap();
    assert_eq!((row.content.purpose, row.content.print_key), (ContentPurpose::Month, other));
    assert!(journal.sightings_of_search_no("13150804030000001").unwrap().is_empty());
    assert!(journal.verify_chain(&[]).unwrap().is_sound());
}

#[test]
fn what_fails_in_the_middle_leaves_nothing() {
    let station = Station::new();
    let mut journal = station.open();
    let mut claims = register_claims(1, 4);
    claims[3].number = 1;
    journal.note_content(&register_content(1), claims.clone()).unwrap_err();
    assert!(!journal.is_registered(&digest(1)).unwrap());
    // In a batch it is undone alone.
    journal.begin_batch().unwrap();
    note(&mut journal, 2, 3);
    journal.note_content(&register_content(1), claims).unwrap_err();
    note(&mut journal, 3, 3);
    journal.end_batch().unwrap();
    let found = journal.register_contents_of("claim 1 2026-04").unwrap();
    assert_eq!(found.iter().map(|row| row.content.sha256).collect::<Vec<_>>(), [digest(2), digest(3)]);
    assert_eq!(
        places(&journal.sightings_of_claim(Some(202_603), &register_claims(1, 1)[0].key).unwrap()).len(),
        2
    );
    drop(journal);
    assert!(station.open().verify_chain(&[]).unwrap().is_sound());
}

#[test]
fn a_batch_that_is_not_ended_leaves_nothing_and_no_mark() {
    let station = Station::new();
    let mut journal = station.open();
    journal.begin_batch().unwrap();
    note(&mut journal, 1, 3);
    drop(journal);
    // A mark that led the database would say that the journal was set back.
    assert!(!station.open().is_registered(&digest(1)).unwrap());
}

#[test]
fn a_journal_restored_from_before_a_content_is_behind() {
    let station = Station::new();
    let mut journal = station.open();
    note(&mut journal, 1, 1);
    drop(journal);
    let before = station.backup();
    let mut journal = station.open();
    note(&mut journal, 2, 1);
    drop(journal);
    station.restore(&before);
    assert!(matches!(station.refused(), JournalError::Behind { .. }));
}

#[test]
fn claims_are_found_by_number_and_by_key_in_every_content() {
    let station = Station::new();
    let mut journal = station.open();
    for n in [5, 4] {
        note(&mut journal, n, 3);
    }
    let [one, two, three] = &register_claims(5, 3)[..] else { panic!("three claims") };
    let number = two.search_no.as_deref().unwrap();
    assert_eq!(places(&journal.sightings_of_search_no(number).unwrap()), [(digest(5), 2)]);
    assert!(journal.sightings_of_search_no("").unwrap().is_empty());
    let found = journal.sightings_of_claim(one.service_month, &one.key).unwrap();
    assert_eq!(places(&found), [(digest(5), 1), (digest(4), 1)]);
    assert_eq!(found[0].request, one.request);
    assert!(journal.sightings_of_claim(Some(202_602), &one.key).unwrap().is_empty());
    // One without a month is found under none.
    assert_eq!(journal.sightings_of_claim(None, &three.key).unwrap().len(), 2);
    let numbers = journal.register_search_numbers(&digest(5)).unwrap();
    assert_eq!(numbers.into_iter().collect::<Vec<_>>(), [number]);
    assert!(journal.register_search_numbers(&digest(77)).unwrap().is_empty());
}

#[test]
fn the_purpose_is_replaced_and_told() {
    let station = Station::new();
    let mut journal = station.open();
    let id = note(&mut journal, 1, 1).id();
    let correction = ContentPurpose::Correction { of: digest(7) };
    journal.set_purpose(&digest(1), &correction, "保険者番号").unwrap();
    let number = register_claims(1, 1)[0].key;
    assert_eq!(journal.sightings_of_claim(Some(202_603), &number).unwrap()[0].purpose, correction);
    journal.set_purpose(&digest(1), &ContentPurpose::Trial, "").unwrap();
    let row = journal.register_content(&digest(1)).unwrap().unwrap();
    assert_eq!(row.content.purpose, ContentPurpose::Trial);
    let hex = |n| digest(n).map(|byte| format!("{byte:02x}")).concat();
    let told: Vec<_> =
        journal.history(Subject::Content(id)).unwrap().into_iter().map(|h| (h.from, h.to, h.note)).collect();
    let expected = [
        ("", "month", hex(1)),
        ("month", "correction", format!("{} 保険者番号", hex(7))),
        ("correction", "trial", String::new()),
    ];
    assert_eq!(told, expected.map(|(from, to, note)| (from.to_owned(), to.to_owned(), note)));
    let unknown = journal.set_purpose(&digest(2), &ContentPurpose::Part, "").unwrap_err();
    assert!(matches!(unknown, JournalError::NotFound { .. }), "{unknown}");
    assert_eq!("c1".parse(), Ok(Subject::Content(1)));
}

#[test]
fn a_purpose_that_was_changed_behind_the_history_is_found() {
    let station = Station::new();
    let mut journal = station.open();
    note(&mut journal, 1, 1);
    drop(journal);
    station.forge("UPDATE register_content SET purpose = 'trial'");
    assert_eq!(station.open().verify_chain(&[]).unwrap().astray, ["C1"]);
}

#[test]
fn missing_prints_are_damage_and_no_answer() {
    let station = Station::new();
    let mut journal = station.open();
    note(&mut journal, 1, 3);
    drop(journal);
    station.forge("DELETE FROM register_claim WHERE number = 2");
    let found = station.open().register_claims(&digest(1)).unwrap_err();
    assert!(matches!(found, JournalError::Damaged { .. }), "{found}");
}

#[test]
fn questions_are_answered_from_an_index() {
    let station = Station::new();
    drop(station.open());
    let raw = station.raw();
    for (condition, index) in [
        ("search_no = ?1", "register_claim_search (search_no=?)"),
        ("service_month IS ?1 AND key = ?2", "register_claim_key (service_month=? AND key=?)"),
    ] {
        let sql = format!("EXPLAIN QUERY PLAN SELECT content FROM register_claim WHERE {condition}");
        let plan: String = raw
            .query_row(&sql, rusqlite::params_from_iter(vec![1; condition.matches('?').count()]), |row| {
                row.get(3)
            })
            .unwrap();
        assert!(plan.contains(index), "{plan}");
    }
}

#[test]
fn nothing_of_a_claim_shows_in_debug() {
    let claim =
        RegisterClaim { key: [77; 16], search_no: Some("77777".into()), ..register_claims(1, 1)[0].clone() };
    assert!(!format!("{claim:?}").contains("77"));
}

/// A content as the model keeps it.
type Model = BTreeMap<u64, Vec<RegisterClaim>>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Few patients, months and numbers, so that all of them meet.
    #[test]
    fn finds_what_a_list_of_everything_finds(
        contents in proptest::collection::vec((0u64..6, proptest::collection::vec((0u8..5, 0u32..3, 0u8..4), 0..12)), 1..8),
    ) {
        let station = Station::new();
        let mut journal = station.open();
        let mut model = Model::new();
        for (n, claims) in contents {
            let claims: Vec<_> = (1..).zip(claims).map(|(number, (key, month, search_no))| RegisterClaim {
                number,
                service_month: (month > 0).then_some(202_600 + month),
                key: [key; 16],
                request: [key.wrapping_mul(7) + search_no; 16],
                search_no: (search_no > 0).then(|| search_no.to_string()),
            }).collect();
            journal.note_content(&register_content(n), claims.clone()).unwrap();
            model.entry(n).or_insert(claims);
        }
        let listed = |fits: &dyn Fn(&RegisterClaim) -> bool| {
            let mut all: Vec<_> = model
                .iter()
                .flat_map(|(n, claims)| claims.iter().filter(|c| fits(c)).map(|c| (digest(*n), c.number)))
                .collect();
            all.sort_unstable();
            all
        };
        for number in ["1", "2", "3", "4"] {
            let mut found = places(&journal.sightings_of_search_no(number).unwrap());
            found.sort_unstable();
            prop_assert_eq!(found, listed(&|c| c.search_no.as_deref() == Some(number)));
        }
        for key in 0..5 {
            for month in [None, Some(202_601), Some(202_602)] {
                let mut found = places(&journal.sightings_of_claim(month, &[key; 16]).unwrap());
                found.sort_unstable();
                prop_assert_eq!(found, listed(&|c| c.key == [key; 16] && c.service_month == month));
            }
        }
        for (n, claims) in &model {
            prop_assert_eq!(&journal.register_claims(&digest(*n)).unwrap().unwrap(), claims);
        }
    }
}
