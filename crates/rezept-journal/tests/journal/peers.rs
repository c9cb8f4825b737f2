//! Pairing in the journal: what is pinned, what an announcement may change, what is remembered of keys and headers.

use crate::common::*;
use rezept_journal::{Form, JournalError, KeyKind, ParcelChange, ParcelState, PeerKeys, PeerState};

fn keys(signing: &str, opening: &str) -> PeerKeys {
    PeerKeys { signing: signing.into(), opening: opening.into(), recovery: None }
}

#[test]
fn a_peer_is_pinned_revoked_and_paired_anew_and_each_step_is_in_the_history() {
    let station = Station::new();
    let mut journal = station.open();
    assert!(!journal.has_paired_peer().unwrap());
    assert!(journal.peer("terminal-1").unwrap().is_none());
    journal.pair("terminal-1", &keys("RWa", "age1a"), "1111-2222-3333").unwrap();
    assert!(journal.has_paired_peer().unwrap());
    let row = journal.peer("terminal-1").unwrap().unwrap();
    assert_eq!((row.state, &row.keys), (PeerState::Paired, &keys("RWa", "age1a")));

    journal.revoke_peer("terminal-1", "the machine was sold").unwrap();
    assert!(!journal.has_paired_peer().unwrap());
    assert_eq!(journal.peer("terminal-1").unwrap().unwrap().state, PeerState::Revoked);
    assert!(matches!(journal.revoke_peer("terminal-1", "again"), Err(JournalError::NotFound { .. })));
    assert!(!journal.announced_key("terminal-1", "age1z", 1).unwrap(), "a revoked station announces nothing");

    journal.pair("terminal-1", &keys("RWb", "age1b"), "4444-5555-6666").unwrap();
    assert_eq!(journal.peers().unwrap().len(), 1);
    assert_eq!(journal.peer("terminal-1").unwrap().unwrap().keys, keys("RWb", "age1b"));
    let words: Vec<_> =
        journal.latest_history(10).unwrap().into_iter().map(|row| (row.from, row.to)).collect();
    let expected = [("", "PAIRED"), ("paired", "REVOKED"), ("revoked", "PAIRED")];
    assert_eq!(words, expected.map(|(from, to)| (from.to_owned(), to.to_owned())));
}

#[test]
fn an_announced_key_replaces_only_the_reading_key() {
    let station = Station::new();
    let mut journal = station.open();
    assert!(!journal.announced_key("terminal-1", "age1b", 1).unwrap(), "nobody is paired under that name");
    journal.pair("terminal-1", &keys("RWa", "age1a"), "1").unwrap();
    assert!(!journal.announced_key("terminal-1", "age1a", 2).unwrap(), "the known one");
    assert!(journal.announced_key("terminal-1", "age1b", 5).unwrap());
    assert!(!journal.announced_key("terminal-1", "age1a", 5).unwrap(), "an old parcel comes again");
    assert!(!journal.announced_key("terminal-1", "age1b", 9).unwrap(), "the known one, said later");
    assert!(!journal.announced_key("terminal-1", "age1a", 8).unwrap(), "said before that");
    assert_eq!(journal.peer("terminal-1").unwrap().unwrap().keys, keys("RWa", "age1b"));
}

#[test]
fn own_keys_supersede_one_another_and_are_destroyed_once() {
    let station = Station::new();
    let mut journal = station.open();
    journal.add_own_key(KeyKind::Signing, "RWs").unwrap();
    for key in ["age1a", "age1b", "age1b"] {
        journal.add_own_key(KeyKind::Opening, key).unwrap();
    }
    let found: Vec<_> = journal
        .own_keys()
        .unwrap()
        .into_iter()
        .map(|key| (key.kind, key.public, key.superseded_at.is_some()))
        .collect();
    assert_eq!(
        found,
        [
            (KeyKind::Signing, "RWs".to_owned(), false),
            (KeyKind::Opening, "age1a".to_owned(), true),
            (KeyKind::Opening, "age1b".to_owned(), false),
        ]
    );
    journal.key_destroyed("age1a").unwrap();
    assert!(matches!(journal.key_destroyed("age1a"), Err(JournalError::NotFound { .. })));
    assert!(journal.own_keys().unwrap()[1].destroyed_at.is_some());
}

#[test]
fn sealing_keeps_the_planned_header_inside_and_only_while_spooled() {
    let station = Station::new();
    let mut journal = station.open();
    let source = gated(&mut journal, "1.UKE", 1, 1);
    let parcel = plan(&mut journal, "p1", &[source]).unwrap();
    assert_eq!((parcel.form, parcel.inner.clone(), parcel.signature.clone()), (Form::Bag, None, None));
    let shown = journal.checkpoint().unwrap();
    journal.sealed(parcel.row, b"outer", &digest(9), b"signature", shown).unwrap();
    journal.sealed(parcel.row, b"outer again", &digest(8), b"another", shown).unwrap();
    let now = journal.parcel(parcel.row).unwrap();
    assert_eq!(now.inner, Some(parcel.header));
    assert_eq!((now.header, now.header_sha256), (b"outer again".to_vec(), digest(8)));
    assert_eq!(now.signature.as_deref(), Some(&b"another"[..]));

    assert_eq!(journal.last_header_to(&now.peer).unwrap(), None, "it was never on a medium");
    for to in [ParcelState::Written, ParcelState::ReadBack, ParcelState::Committed] {
        journal.move_parcel(parcel.row, to, &ParcelChange::default()).unwrap();
    }
    assert_eq!(journal.last_header_to(&now.peer).unwrap(), Some(digest(8)));
    assert!(matches!(
        journal.sealed(parcel.row, b"late", &digest(7), b"x", shown),
        Err(JournalError::IllegalMove { .. })
    ));
}

#[test]
fn headers_that_came_are_remembered_by_sender() {
    let station = Station::new();
    let mut journal = station.open();
    let row = journal.found_parcel(&found("0a", 3)).unwrap();
    assert!(journal.header_came(&row.sender, &digest(3)).unwrap());
    assert!(!journal.header_came(&row.sender, &digest(4)).unwrap());
    assert!(!journal.header_came("another", &digest(3)).unwrap());
    journal.opened(row.row, b"inner").unwrap();
    assert_eq!(journal.parcel(row.row).unwrap().inner.as_deref(), Some(&b"inner"[..]));
    assert!(matches!(journal.opened(999, b"x"), Err(JournalError::NotFound { .. })));
}
