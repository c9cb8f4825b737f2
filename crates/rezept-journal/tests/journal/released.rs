//! Journals of every released schema stay readable: today's program opens a copy of each, finds every row and a sound
//! history in it, brings it to today's schema and goes on working in it. Also makes the journal of a new schema.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use rezept_journal::{
    Checkpoint, ContentPurpose, Delivery, Direction, FileState, Journal, KeyKind, MediumClass, MediumState,
    NewEdit, NewMedium, NewRegisterContent, OperatorRole, ParcelChange, ParcelState, PeerKeys, PrintKeyId,
    Reason, ResubmissionState, ReturnFileState, ReturnFilter, ReturnState, TakeOut, VerifyLevel,
};
use rusqlite::Connection;

use crate::common::{
    Station, content, digest, found, gated, import, other_content, parcel_file, place, plan, planned, put,
    register_claims, register_content, resubmission, return_file, returned, stamp,
};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/journals")
}

#[test]
fn journals_of_every_released_schema_stay_readable() {
    let mut seen = Vec::new();
    for folder in fs::read_dir(fixtures()).unwrap() {
        let folder = folder.unwrap().path();
        let version: u32 =
            folder.file_name().unwrap().to_str().unwrap().strip_prefix('v').unwrap().parse().unwrap();
        check_one(&folder, version);
        seen.push(version);
    }
    seen.sort_unstable();
    let newest: u32 = Connection::open(fresh().database())
        .unwrap()
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(seen, (1..=newest).collect::<Vec<_>>(), "a schema without its journal");
}

fn check_one(folder: &Path, version: u32) {
    let station = Station::new();
    for name in ["journal.db", "journal.mark"] {
        put(&station.data.join(name), &fs::read(folder.join(name)).unwrap());
    }
    let found: u32 = station.raw().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(found, version);
    let mut journal = station.open();
    let expected = fs::read_to_string(folder.join("expected.txt")).unwrap();
    assert_eq!(summary(&journal), expected, "v{version}");
    let handed_out = Checkpoint { seq: 1, hash: journal.latest_history(100_000).unwrap()[0].hash };
    assert!(journal.verify_chain(&[handed_out]).unwrap().is_sound());

    assert_eq!(
        schema(&station),
        schema(&fresh()),
        "v{version} does not become what a new journal is; a schema that was never released may be changed, its journal \
         must then be made again by the test `make_a_journal_of_the_newest_schema`"
    );
    let id = gated(&mut journal, "later.UKE", 999, 1);
    let sent = plan(&mut journal, "later", &[id]).unwrap();
    assert_eq!(journal.file(id).unwrap().parcel, Some(sent.row));
    let (_, rows) = import(&mut journal, &return_file(999, "2026-12"), &[returned(999, "2026-12")]);
    let claims = planned(&journal, &rows);
    journal.plan_resubmission(&resubmission(999), &claims, None).unwrap();
    drop(journal);
    assert!(station.open().verify_chain(&[handed_out]).unwrap().is_sound());
}

fn fresh() -> Station {
    let station = Station::new();
    drop(station.open());
    station
}

fn schema(station: &Station) -> Vec<(String, String)> {
    let raw = station.raw();
    let mut rows = raw.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name").unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Every row that the program reads, in words that do not change with it.
fn summary(journal: &Journal) -> String {
    let mut text = String::new();
    for file in journal.files_in(FileState::ALL).unwrap() {
        let content = file.content.unwrap_or_default();
        writeln!(
            text,
            "F{} {} {} {} {:?} {:?} {:?} {:02x?}",
            file.id,
            file.state,
            file.place.path,
            file.stamp.size_bytes,
            file.parcel,
            file.reason.map(|reason| reason.code.to_string()),
            content.month,
            &content.sha256[..8],
        )
        .unwrap();
    }
    for direction in [Direction::Out, Direction::In] {
        for parcel in journal.parcels_in(direction, ParcelState::ALL).unwrap() {
            writeln!(
                text,
                "P{} {} {} {} {} {} {} {:?}",
                parcel.row,
                direction.word(),
                parcel.state,
                parcel.id,
                parcel.sender,
                parcel.sequence,
                parcel.verify_level,
                String::from_utf8_lossy(&parcel.header),
            )
            .unwrap();
            for file in journal.parcel_files(parcel.row).unwrap() {
                let line = (file.ordinal, file.payload_path, file.file, file.destination, file.delivered);
                writeln!(text, "  {line:?}").unwrap();
            }
        }
    }
    for peer in journal.peers().unwrap() {
        writeln!(text, "peer {} {} {:?}", peer.name, peer.state.word(), peer.keys).unwrap();
    }
    for key in journal.own_keys().unwrap() {
        let ends = (key.superseded_at.is_some(), key.destroyed_at.is_some());
        writeln!(text, "key {} {} {ends:?}", key.kind.word(), key.public).unwrap();
    }
    for row in journal.operators().unwrap() {
        let ends = (row.is_active(), row.failures, row.locked_until);
        writeln!(text, "O{} {} {:?} {ends:?}", row.id, row.name, row.roles).unwrap();
    }
    for row in journal.media().unwrap() {
        let out = (row.out_by, row.out_for, row.out_due);
        writeln!(text, "M{} {} {} {} {} {out:?}", row.row, row.state, row.class, row.id, row.label).unwrap();
        for on in journal.stood_on_medium(row.row).unwrap() {
            writeln!(text, "  P{} {} {:?}", on.parcel.row, on.written_at, on.removed_at).unwrap();
        }
    }
    for alert in journal.alerts().unwrap() {
        writeln!(text, "A{} {} {}", alert.id, alert.reason.code, alert.place).unwrap();
    }
    returns(journal, &mut text);
    register(journal, &mut text);
    for row in journal.latest_history(100_000).unwrap() {
        writeln!(text, "{} {} {} {}>{} {}", row.seq, row.at, row.subject, row.from, row.to, row.note)
            .unwrap();
    }
    writeln!(text, "request 1: {:?}", journal.answered(1).unwrap()).unwrap();
    text
}

/// Schemas before the second have none of these.
fn returns(journal: &Journal, text: &mut String) {
    for file in journal.return_files().unwrap() {
        let reason = file.reason.map(|reason| reason.code.to_string());
        let counts = (file.claims, file.new_claims, reason);
        writeln!(text, "I{} {} {} {} {counts:?}", file.id, file.state, file.name, file.processed_month)
            .unwrap();
    }
    for row in journal.returned_claims(&ReturnFilter::default()).unwrap() {
        let work = (&row.owner, &row.due, row.previous, row.superseded_by, row.blocked);
        writeln!(text, "R{} {} I{} {} {} {work:?}", row.id, row.state, row.file, row.ordinal, row.search_no)
            .unwrap();
        let words = (&row.chart_no, &row.claim_type, &row.name, row.points, &row.reason_codes, &row.faults);
        writeln!(text, "  {words:?} {:?}", row.stretch).unwrap();
        for reason in journal.return_reasons(row.id).unwrap() {
            writeln!(text, "  {:?} {:?} {:?}", reason.code, reason.text, reason.note).unwrap();
        }
        for note in journal.return_notes(row.id).unwrap() {
            writeln!(text, "  note {} {}", note.id, note.text).unwrap();
        }
        for row in journal.return_edits(row.id).unwrap() {
            writeln!(text, "  edit {} {} {:?}", row.id, row.edit.what, row.edit.after).unwrap();
        }
    }
    for row in journal.resubmissions_in(ResubmissionState::ALL).unwrap() {
        let more = (row.file, row.forced, row.content.month, row.content.place);
        writeln!(text, "B{} {} {more:?}", row.id, row.state).unwrap();
        for claim in journal.resubmission_claims(row.id).unwrap() {
            writeln!(text, "  {claim:?}").unwrap();
        }
    }
}

/// Schemas before the fourth have none of these.
fn register(journal: &Journal, text: &mut String) {
    for identity in ["claim 1 2026-04", "claim 2 2026-04"] {
        for row in journal.register_contents_of(identity).unwrap() {
            writeln!(text, "{row:?}").unwrap();
            for claim in journal.register_claims(&row.content.sha256).unwrap().unwrap() {
                let digests = (claim.key, claim.request);
                writeln!(
                    text,
                    "  {} {:?} {:?} {digests:?}",
                    claim.number, claim.service_month, claim.search_no
                )
                .unwrap();
            }
        }
    }
}

/// Makes the fixture of the newest schema: `REZEPT_MAKE_JOURNAL=1 cargo test -p rezept-journal -- --ignored make_a_journal`.
/// Needed once for each schema, before its release; a released one is never made again.
#[test]
#[ignore = "writes into fixtures/"]
fn make_a_journal_of_the_newest_schema() {
    if std::env::var_os("REZEPT_MAKE_JOURNAL").is_none() {
        return;
    }
    let station = Station::new();
    let mut journal = station.open();
    fill(&mut journal);
    let text = summary(&journal);
    for state in FileState::ALL {
        assert!(!journal.files_in(&[*state]).unwrap().is_empty(), "no file is {state}");
    }
    for state in ParcelState::ALL {
        let both = [Direction::Out, Direction::In].map(|d| journal.parcels_in(d, &[*state]).unwrap().len());
        assert!(both.iter().sum::<usize>() > 0, "no parcel is {state}");
    }
    for state in ReturnFileState::ALL {
        assert!(
            journal.return_files().unwrap().iter().any(|file| file.state == *state),
            "no return file is {state}"
        );
    }
    for state in MediumState::ALL {
        assert!(journal.media().unwrap().iter().any(|row| row.state == *state), "no medium is {state}");
    }
    for (state, count) in journal.return_counts().unwrap() {
        assert!(count > 0, "no returned claim is {state}");
    }
    for state in ResubmissionState::ALL {
        assert!(!journal.resubmissions_in(&[*state]).unwrap().is_empty(), "no resubmission is {state}");
    }
    drop(journal);
    // Opening writes the mark of the end.
    drop(station.open());
    let bytes = station.backup();
    let version: u32 = station.raw().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let folder = fixtures().join(format!("v{version}"));
    fs::create_dir_all(&folder).unwrap();
    put(&folder.join("journal.db"), &bytes);
    put(&folder.join("journal.mark"), &fs::read(station.mark()).unwrap());
    put(&folder.join("expected.txt"), text.as_bytes());
}

/// One file and one parcel in each state, with all that can hang on them. Invented.
fn fill(journal: &mut Journal) {
    use ParcelState::{
        AckWritten, Acknowledged, Archived, Authentic, Cancelled, Committed, Copied, Delivered, Expired,
        Held, Quarantined, ReadBack, Valid, Written,
    };
    let keys = |signing: &str, opening: &str| PeerKeys {
        signing: signing.to_owned(),
        opening: opening.to_owned(),
        recovery: Some("age1recovery".to_owned()),
    };
    let admin = [OperatorRole::SystemAdmin, OperatorRole::User].into();
    let person = journal.add_operator("山田", "$argon2id$1", &admin).unwrap();
    let tries = journal.begin_try(&person).unwrap().unwrap();
    journal.note_wrong_secret(&person, tries).unwrap();
    journal.add_operator("佐藤", "$argon2id$2", &[OperatorRole::User].into()).unwrap();
    journal.retire_operator("佐藤").unwrap();
    journal.pair("terminal-1", &keys("RWfirst", "age1first"), "1234-5678-9012").unwrap();
    journal.announced_key("terminal-1", "age1second", 7).unwrap();
    journal.pair("terminal-2", &keys("RWgone", "age1gone"), "2345-6789-0123").unwrap();
    journal.revoke_peer("terminal-2", "sold").unwrap();
    for (kind, public) in [
        (KeyKind::Signing, "RWown"),
        (KeyKind::Opening, "age1old"),
        (KeyKind::Opening, "age1own"),
        (KeyKind::Recovery, "age1paper"),
    ] {
        journal.add_own_key(kind, public).unwrap();
    }
    journal.key_destroyed("age1old").unwrap();
    let request = journal.ask("send", r#"{"files":["202604/RECEIPTC.UKE"]}"#).unwrap();
    journal.take_request().unwrap();
    journal.answer(request, "sent").unwrap();
    journal.ask("receive", "{}").unwrap();

    let waits = Reason::new("RZ-G004", "the same content was sent before");
    journal.see_file(&place("seen.UKE"), stamp(1)).unwrap();
    let stable = journal.see_file(&place("stable.UKE"), stamp(2)).unwrap();
    journal.move_file(stable, FileState::Stable, None, "").unwrap();
    gated(journal, "gated.UKE", 3, 1);
    for (name, to) in [("held.UKE", FileState::Held), ("refused.UKE", FileState::Cancelled)] {
        let id = gated(journal, name, 4, 1);
        journal.move_file(id, FileState::Held, Some(&waits), "").unwrap();
        if to != FileState::Held {
            journal.move_file(id, to, None, "refused: the other one counts").unwrap();
        }
    }
    journal.see_file(&place("請求/2026年4月/RECEIPTC.UKE"), stamp(5)).unwrap();
    journal.see_file(&place("請求/2026年4月/RECEIPTC.UKE"), stamp(6)).unwrap();

    let out: [&[ParcelState]; 9] = [
        &[],
        &[Written],
        &[Written, ReadBack],
        &[Written, ReadBack, Committed],
        &[Written, ReadBack, Committed, Acknowledged],
        &[Written, ReadBack, Committed, Acknowledged, Archived],
        &[Written, ReadBack, Committed, Expired],
        &[Written, Cancelled],
        &[Held],
    ];
    for (n, states) in (10..).zip(out) {
        let released = gated(journal, &format!("{n}.UKE"), n, n);
        journal.move_file(released, FileState::Held, Some(&waits), "").unwrap();
        journal.release_file(released, "the first one was lost").unwrap();
        let parcel = plan(journal, &format!("out-{n}"), &[released]).unwrap().row;
        let intent = journal.intend(parcel, "write content", "E:/").unwrap();
        journal.next_attempt(parcel, "E:/").unwrap();
        if !states.is_empty() {
            journal.outcome(intent, "done").unwrap();
        }
        for state in states {
            let level = match state {
                ReadBack => Some(VerifyLevel::L2),
                Acknowledged => Some(VerifyLevel::L4),
                _ => None,
            };
            let reason = (*state == Held).then(|| waits.clone());
            let change = ParcelChange { verify_level: level, reason, ..ParcelChange::default() };
            journal.move_parcel(parcel, *state, &change).unwrap();
        }
        match states.last() {
            Some(Acknowledged) => journal.move_file(released, FileState::Kept, None, "").unwrap(),
            Some(Archived) => journal.move_file(released, FileState::Archived, None, "").unwrap(),
            Some(Cancelled) => journal.move_file(released, FileState::Gone, None, "it changed").unwrap(),
            _ => {}
        }
    }

    let incoming: [&[ParcelState]; 7] = [
        &[],
        &[Authentic],
        &[Authentic, Copied],
        &[Authentic, Copied, Valid],
        &[Authentic, Copied, Valid, Delivered],
        &[Authentic, Copied, Valid, Delivered, AckWritten],
        &[Quarantined],
    ];
    for (n, states) in (30..).zip(incoming) {
        let parcel = journal.found_parcel(&found(&format!("in-{n}"), n)).unwrap().row;
        for state in states {
            let change = ParcelChange::default();
            match state {
                Copied => {
                    let files =
                        [parcel_file(0, None, &content(n, n)), parcel_file(1, None, &content(n + 50, n))];
                    journal.set_incoming_files(parcel, Copied, &files, &change).unwrap();
                }
                Delivered => {
                    let place = |ordinal| Delivery {
                        ordinal,
                        inbox: "C:/rezept/inbox".into(),
                        destination: format!("202604/shaho/{n}-{ordinal}.UKE"),
                    };
                    journal.plan_delivery(parcel, &[place(0), place(1)]).unwrap();
                    journal.files_delivered(parcel, &[0, 1]).unwrap();
                    journal.move_parcel(parcel, Delivered, &change).unwrap();
                }
                other => journal.move_parcel(parcel, *other, &change).unwrap(),
            }
        }
    }
    journal.raise(&Reason::new("RZ-T012", "an acknowledgement that nobody knows"), "E:/").unwrap();
    journal.raise(&waits, "F:/").unwrap();
    journal.settle("RZ-G004", "F:/", "seen").unwrap();
    assert!(journal.witness("recekon-1", Checkpoint { seq: 7, hash: digest(7) }).unwrap());
    fill_returns(journal);
    media(journal);
    fill_register(journal);
}

/// A content of each purpose, one of which was printed under another key.
fn fill_register(journal: &mut Journal) {
    let purposes = [
        ContentPurpose::Month,
        ContentPurpose::Part,
        ContentPurpose::Resubmission,
        ContentPurpose::Correction { of: digest(700) },
        ContentPurpose::Trial,
    ];
    for (n, purpose) in (700..).zip(purposes) {
        let new = NewRegisterContent { purpose, ..register_content(n) };
        journal.note_content(&new, register_claims(n, 3)).unwrap();
    }
    let other = NewRegisterContent { print_key: PrintKeyId([9; 8]), ..register_content(705) };
    let kokuho = NewRegisterContent { identity: "claim 2 2026-04".into(), payer: "2".into(), ..other };
    journal.note_content(&kokuho, register_claims(705, 1)).unwrap();
    journal.set_purpose(&digest(701), &ContentPurpose::Correction { of: digest(700) }, "見直し").unwrap();
}

/// A medium in each state, and parcels that stand or stood on the first.
fn media(journal: &mut Journal) {
    for (n, class) in
        (0_u8..).zip([MediumClass::Genpi, MediumClass::Hi, MediumClass::Kokai, MediumClass::Genpi])
    {
        let new = NewMedium {
            id: format!("{n:02x}").repeat(16),
            label: format!("USB-{n}"),
            owner: "医事課".to_owned(),
            class,
            volume_label: (n == 1).then(|| "REZEPT".to_owned()),
            serial: (n == 1).then(|| "0123456789".to_owned()),
        };
        journal.register_medium(&new).unwrap();
    }
    let parcels: Vec<i64> =
        journal.parcels_in(Direction::Out, ParcelState::ALL).unwrap().iter().map(|row| row.row).collect();
    journal.parcels_seen_on_medium(1, &parcels[..2]).unwrap();
    journal.parcels_seen_on_medium(1, &parcels[1..2]).unwrap();
    let out = TakeOut { by: "山田".into(), purpose: "端末へ".into(), due: "2026-04-30".into() };
    journal.take_out_medium(2, &out).unwrap();
    journal.lose_medium(3, "電車").unwrap();
    journal.move_medium(4, MediumState::Retired, "古い").unwrap();
}

/// One return file, one returned claim and one resubmission in each state.
fn fill_returns(journal: &mut Journal) {
    let claims: Vec<_> = (0..14).map(|n| returned(n, "2026-03")).collect();
    let (_, rows) = import(journal, &return_file(1, "2026-03"), &claims);
    for (n, decision) in [(2, None), (3, Some(true)), (4, Some(false))] {
        journal.start_import(&return_file(n, "2026-03"), &other_content()).unwrap();
        match decision {
            Some(true) => journal.release_return_file(i64::try_from(n).unwrap(), "it counts").unwrap(),
            Some(false) => journal.refuse_return_file(i64::try_from(n).unwrap(), "a copy").unwrap(),
            None => {}
        }
    }
    let edit =
        NewEdit { what: "RE.claim_type=1116".into(), before: b"1112".to_vec(), after: vec![0xf0, 0x40] };
    journal.move_returned(rows[1], ReturnState::InWork, "call the insurer").unwrap();
    journal.assign_returned(rows[1], Some("hanako")).unwrap();
    journal.set_returned_due(rows[1], Some("2026-05-10")).unwrap();
    journal.add_return_note(rows[1], "記号が違う").unwrap();
    journal.add_edits(rows[2], &[edit.clone(), edit.clone()]).unwrap();
    journal.add_edits(rows[3], &[edit]).unwrap();
    journal.undo_edits(rows[3], "").unwrap();
    journal.move_returned(rows[4], ReturnState::Withdrawn, "").unwrap();
    journal.move_returned(rows[5], ReturnState::OtherBody, "").unwrap();
    let file = gated(journal, "resubmission.UKE", 900, 9);
    for (n, row) in (0..8).zip(rows.iter().skip(6)) {
        let claims = planned(journal, &[*row]);
        let id = journal.plan_resubmission(&resubmission(900 + n), &claims, None).unwrap();
        match n {
            0 => {}
            1 => journal.cancel_resubmission(id, "made again").unwrap(),
            2 => journal.queue_resubmission(id, file).unwrap(),
            _ => journal.resubmission_written(id).unwrap(),
        }
        if n > 3 {
            journal.resubmission_sent(id, "").unwrap();
        }
        if n > 4 {
            journal.resubmission_confirmed(id, "").unwrap();
        }
    }
    let claims = planned(journal, &rows[6..7]);
    journal.plan_resubmission(&resubmission(950), &claims, Some("the stick was lost")).unwrap();
    let mut back = returned(13, "2026-07");
    back.faults = vec!["W20".into()];
    import(journal, &return_file(9, "2026-07"), &[back]);
}
