//! Damage on the journal's disk: an error that says so, or a journal that still answers; never a panic, and never another
//! content taken for the true one where SQLite can tell.

use std::fs;

use rezept_journal::{
    Direction, FileState, Journal, JournalError, NewReturnFile, ParcelState, ResubmissionState, ReturnFilter,
};

use crate::common::{
    Station, gated, good_disk, import, plan, planned, put, resubmission, return_file, returned,
};

const PAGE: usize = 4096;

/// A journal with some hundred rows in every busy table, as one file.
fn filled() -> (Station, Vec<u8>) {
    let station = Station::new();
    let mut journal = station.open();
    for n in 0..60 {
        let id = gated(&mut journal, &format!("{n}.UKE"), n, n);
        let row = plan(&mut journal, &format!("p{n}"), &[id]).unwrap().row;
        let intent = journal.intend(row, "write content", "E:/").unwrap();
        journal.outcome(intent, "done").unwrap();
    }
    let claims: Vec<_> = (0..40).map(|n| returned(1_000_000 + n, "2026-02")).collect();
    let (_, rows) = import(&mut journal, &return_file(70, "2026-02"), &claims);
    let claims = planned(&journal, &rows[..20]);
    journal.plan_resubmission(&resubmission(1), &claims, None).unwrap();
    drop(journal);
    let bytes = station.backup();
    (station, bytes)
}

/// Reads everything that the engine and an audit read.
fn read_all(journal: &Journal) -> Result<bool, JournalError> {
    for file in journal.files_in(FileState::ALL)? {
        journal.file_at(&file.place.root, &file.place.path)?;
    }
    journal.live_files("/receden")?;
    for direction in [Direction::Out, Direction::In] {
        for parcel in journal.parcels_in(direction, ParcelState::ALL)? {
            journal.parcel_files(parcel.row)?;
            journal.files_of_parcel(parcel.row)?;
        }
    }
    journal.parcels_since("2000")?;
    journal.return_files()?;
    for row in journal.returned_claims(&ReturnFilter::default())? {
        journal.return_reasons(row.id)?;
        journal.find_returned(&row.search_no)?;
    }
    for row in journal.resubmissions_in(ResubmissionState::ALL)? {
        journal.resubmission_claims(row.id)?;
    }
    journal.alerts()?;
    journal.latest_history(1000)?;
    Ok(journal.verify_chain(&[])?.is_sound())
}

/// Deterministic rubbish; no two calls alike.
struct Rubbish(u64);

impl Rubbish {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.next().to_le_bytes()[3];
        }
    }
}

#[test]
fn rubbish_in_any_page_is_called_damage() {
    let (station, whole) = filled();
    let mut rubbish = Rubbish(0x1234_5678_9abc_def1);
    let pages = whole.len() / PAGE;
    assert!(pages > 20, "{pages} pages");
    for page in 0..pages {
        let mut bytes = whole.clone();
        rubbish.fill(&mut bytes[page * PAGE..(page + 1) * PAGE]);
        station.restore(&bytes);
        match station.refused() {
            JournalError::Damaged { .. } => {}
            other => panic!("page {page}: {other:?}"),
        }
        assert_eq!(fs::read(station.database()).unwrap(), bytes, "page {page}: evidence is left as it is");
    }
    station.restore(&whole);
    assert!(read_all(&station.open()).unwrap());
}

#[test]
fn a_zeroed_page_is_called_damage() {
    let (station, whole) = filled();
    for page in 0..whole.len() / PAGE {
        let mut bytes = whole.clone();
        bytes[page * PAGE..(page + 1) * PAGE].fill(0);
        station.restore(&bytes);
        let error = station.refused();
        // Without its first page it is no SQLite file: then it is damaged too.
        assert!(matches!(error, JournalError::Damaged { .. }), "page {page}: {error:?}");
    }
}

#[test]
fn a_cut_database_is_called_damage_or_lost() {
    let (station, whole) = filled();
    let cuts =
        (0..whole.len() / PAGE).map(|page| page * PAGE).chain([1, 50, 99, 100, 511, PAGE - 1, PAGE + 7]);
    for cut in cuts.chain([whole.len() - 1]) {
        station.restore(&whole[..cut]);
        let error = station.try_open().expect_err(&format!("opened, cut at {cut} of {}", whole.len()));
        match error {
            JournalError::Damaged { .. } => {}
            // SQLite takes so little for an empty file; the mark knows better.
            JournalError::Lost if cut < 100 => {}
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
}

#[test]
fn changed_bytes_anywhere_never_panic_and_an_audit_that_finds_nothing_saw_all_entries() {
    let (station, whole) = filled();
    let sound = {
        let journal = station.open();
        journal.verify_chain(&[]).unwrap()
    };
    let mut rubbish = Rubbish(0xfeed_beef_1234_5677);
    let (mut refused, mut found, mut silent) = (0, 0, 0);
    for _ in 0..400 {
        let mut bytes = whole.clone();
        for _ in 0..=rubbish.next() % 8 {
            let at = usize::try_from(rubbish.next()).unwrap() % bytes.len();
            bytes[at] = rubbish.next().to_le_bytes()[0];
        }
        station.restore(&bytes);
        match station.try_open().and_then(|journal| Ok((read_all(&journal)?, journal.verify_chain(&[])?))) {
            // A changed value outside the history, or a byte that is not in use.
            Ok((true, report)) => {
                assert_eq!(report, sound);
                silent += 1;
            }
            Ok((false, _)) => found += 1,
            Err(_) => refused += 1,
        }
    }
    println!("400 damaged journals: {refused} refused, {found} found by the audit, {silent} not noticed");
    assert!(refused > 100 && found > 20);
}

#[test]
fn damage_to_the_open_log_loses_no_more_than_the_log_and_is_noticed() {
    let (station, _) = filled();
    // A crash leaves the log beside the database: copy both while they are open.
    let mut journal = station.open();
    for n in 100..105 {
        let id = gated(&mut journal, &format!("{n}.UKE"), n, n);
        plan(&mut journal, &format!("p{n}"), &[id]).unwrap();
    }
    let wal_path = station.data.join("journal.db-wal");
    let (database, wal) = (fs::read(station.database()).unwrap(), fs::read(&wal_path).unwrap());
    assert!(wal.len() > PAGE);
    drop(journal);

    let put_back = |wal: &[u8]| {
        station.restore(&database);
        put(&wal_path, wal);
    };
    put_back(&wal);
    assert_eq!(station.open().highest_sequence().unwrap(), 65);
    for at in [0, 40, wal.len() / 2, wal.len() - PAGE] {
        let mut damaged = wal.clone();
        damaged[at] ^= 0x40;
        put_back(&damaged);
        assert!(matches!(station.refused(), JournalError::Behind { marked: 65, .. }), "byte {at} of the log");
    }
    put_back(b"");
    assert!(matches!(station.refused(), JournalError::Behind { marked: 65, .. }));
}

/// The pages of a table and its indexes, told by SQLite.
fn pages_of(station: &Station, table: &str) -> Vec<usize> {
    let raw = station.raw();
    let mut roots =
        raw.prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name = ?1 AND rootpage > 0").unwrap();
    let roots = roots.query_map([table], |row| row.get::<_, usize>(0)).unwrap();
    roots.map(|page| page.unwrap() - 1).collect()
}

#[test]
fn a_large_journal_is_checked_where_it_decides_and_calls_damage_where_it_is_read() {
    let (station, _) = filled();
    let mut journal = station.open();
    for n in 0..6 {
        let claims: Vec<_> = (0..7000).map(|k| returned(n * 7000 + k, "2026-03")).collect();
        let file = NewReturnFile { volume: n.to_string(), ..return_file(n, "2026-03") };
        import(&mut journal, &file, &claims);
    }
    drop(journal);
    let whole = station.backup();
    assert!(whole.len() > 16 * 1024 * 1024, "{} bytes are no large journal", whole.len());
    let mut bytes = whole.clone();
    let mut rubbish = Rubbish(0x0dd_ba11_5eed_f00d);
    let mut damage = |page: usize| {
        bytes.copy_from_slice(&whole);
        rubbish.fill(&mut bytes[page * PAGE..(page + 1) * PAGE]);
        station.restore(&bytes);
    };
    let look = || {
        Journal::open_existing(&station.data, &good_disk(), station.clock.clone(), "status")
            .map(|journal| journal.unwrap())
    };
    let deciding =
        ["meta", "file", "parcel", "parcel_file", "intent", "request", "alert", "witness", "return_file"];
    for table in deciding.into_iter().chain(["resubmission", "resubmission_claim"]) {
        let pages = pages_of(&station, table);
        assert!(!pages.is_empty(), "{table}");
        for page in pages {
            damage(page);
            let error = station.refused();
            assert!(matches!(error, JournalError::Damaged { .. }), "{table}, page {page}: {error:?}");
        }
    }
    for page in pages_of(&station, "returned_claim").into_iter().chain(pages_of(&station, "returned_reason"))
    {
        damage(page);
        let checked = station.open().check_every_page();
        assert!(matches!(checked, Err(JournalError::Damaged { .. })), "page {page}: {checked:?}");
        match look().and_then(|journal| journal.returned_claims(&ReturnFilter::default())) {
            Ok(rows) => assert_eq!(rows.len(), 42_040, "page {page} of an index that was not needed"),
            Err(error) => assert!(matches!(error, JournalError::Damaged { .. }), "page {page}: {error:?}"),
        }
    }
    station.restore(&whole);
    station.open().check_every_page().unwrap();
    assert_eq!(look().unwrap().return_counts().unwrap()[0].1, 42_020);
}

#[test]
fn words_and_numbers_that_nobody_writes_are_named_and_do_not_panic() {
    let (station, whole) = filled();
    let damages = [
        ("UPDATE file SET state = 'LOST' WHERE id = 1", "word"),
        ("UPDATE parcel SET verify_level = 'L9' WHERE row = 1", "word"),
        ("UPDATE file SET modified_ns = 'yesterday' WHERE id = 1", "damaged"),
        ("UPDATE file SET size_bytes = -1 WHERE id = 1", "damaged"),
        ("UPDATE file SET sha256 = x'0102' WHERE id = 1", "damaged"),
        ("UPDATE file SET path = CAST(x'82a0' AS TEXT) WHERE id = 1", "damaged"),
        ("UPDATE parcel SET sequence = -7 WHERE row = 1", "damaged"),
        ("UPDATE returned_claim SET state = 'lost' WHERE id = 1", "word"),
        ("UPDATE returned_claim SET offset = -1 WHERE id = 1", "damaged"),
        ("UPDATE returned_claim SET history_sha256 = x'00' WHERE id = 1", "damaged"),
        ("UPDATE return_file SET state = 'x'", "word"),
        ("UPDATE resubmission SET points = -1", "damaged"),
        ("UPDATE parcel_file SET sha256 = x'' WHERE parcel = 1", "damaged"),
    ];
    for (sql, kind) in damages {
        station.restore(&whole);
        station.raw().execute_batch(sql).unwrap();
        let error = station.try_open().and_then(|journal| read_all(&journal)).unwrap_err();
        match kind {
            "word" => assert!(matches!(error, JournalError::Word(_)), "{sql}: {error:?}"),
            _ => assert!(matches!(error, JournalError::Damaged { .. }), "{sql}: {error:?}"),
        }
        assert!(!format!("{error:?}").contains("yesterday"), "no stored value in an error");
    }
}
