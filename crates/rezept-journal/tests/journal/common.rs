//! What the tests of the journal share: a data folder of their own, a clock that ticks, invented files and parcels.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rezept_journal::{
    Added, Clock, Content, ContentPurpose, Disk, FileState, Form, FoundParcel, ImportStart, Imported,
    Journal, JournalError, JournalResult, NewParcel, NewRegisterContent, NewResubmission, NewReturnFile,
    NewReturnedClaim, ParcelFile, ParcelRow, Place, PlannedClaim, PrintKeyId, Reason, RegisterClaim,
    ReturnedReason, Stamp, Stretch, Timestamp, make_data_folder,
};
use rusqlite::Connection;

/// A disk on which nobody refuses to work.
pub fn good_disk() -> Disk {
    Disk { file_system: "ext4".to_owned(), removable: Some(false) }
}

/// One second later each time it is asked; starts on 2026-04-01.
pub struct Ticking(AtomicI64);

impl Ticking {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_775_001_600)))
    }
}

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.fetch_add(1, Ordering::Relaxed)).unwrap()
    }
}

/// A data folder that is thrown away.
pub struct Station {
    _keep: tempfile::TempDir,
    pub data: PathBuf,
    pub clock: Arc<Ticking>,
}

impl Station {
    pub fn new() -> Self {
        let keep = tempfile::tempdir().unwrap();
        let data = keep.path().join("data");
        make_data_folder(&data).unwrap();
        Self { _keep: keep, data, clock: Ticking::new() }
    }

    pub fn try_open(&self) -> JournalResult<Journal> {
        Journal::open(&self.data, &good_disk(), self.clock.clone(), "test")
    }

    #[track_caller]
    pub fn open(&self) -> Journal {
        self.try_open().unwrap()
    }

    #[track_caller]
    pub fn refused(&self) -> JournalError {
        self.try_open().map(|_| ()).expect_err("the journal opened")
    }

    pub fn database(&self) -> PathBuf {
        self.data.join("journal.db")
    }

    pub fn mark(&self) -> PathBuf {
        self.data.join("journal.mark")
    }

    /// Another program at the database.
    pub fn raw(&self) -> Connection {
        Connection::open(self.database()).unwrap()
    }

    /// Someone with an SQLite tool who means to change the past.
    pub fn forge(&self, sql: &str) {
        let raw = self.raw();
        raw.execute_batch(
            "DROP TRIGGER IF EXISTS history_no_update; DROP TRIGGER IF EXISTS history_no_delete;",
        )
        .unwrap();
        raw.execute_batch(sql).unwrap();
    }

    /// Everything that a backup of the database is: one file, no open log beside it.
    pub fn backup(&self) -> Vec<u8> {
        let raw = self.raw();
        let busy: i64 = raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
        assert_eq!(busy, 0, "the log could not be moved into the database");
        std::fs::read(self.database()).unwrap()
    }

    /// Puts a backup in the place of the database.
    pub fn restore(&self, backup: &[u8]) {
        self.remove_database();
        put(&self.database(), backup);
    }

    pub fn remove_database(&self) {
        for name in ["journal.db", "journal.db-wal", "journal.db-shm"] {
            let _ = std::fs::remove_file(self.data.join(name));
        }
    }
}

/// Writes a file of the tests.
#[expect(clippy::disallowed_methods, reason = "damages test data on purpose")]
pub fn put(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

pub fn place(path: &str) -> Place {
    Place { route: Some("claims".into()), root: "/receden".into(), path: path.into(), watched: true }
}

pub fn stamp(n: u64) -> Stamp {
    Stamp { size_bytes: n, modified_ns: 1_700_000_000_000_000_000 + i128::from(n), file_id: 7_000 + n }
}

pub fn digest(n: u64) -> [u8; 32] {
    let mut digest = [0x5a; 32];
    digest[..8].copy_from_slice(&n.to_be_bytes());
    digest
}

/// An invented claim file; `n` makes its bytes, `month` its identity.
pub fn content(n: u64, month: u64) -> Content {
    Content {
        sha256: digest(n),
        kind: Some("claim".into()),
        family: Some("ika".into()),
        payer: Some("1".into()),
        month: Some(format!("2026-{:02}", month % 12 + 1)),
        volume: Some("00".into()),
        identity: Some(format!("1/ika/1319999015/{month}/00")),
        official_name: Some("RECEIPTC.UKE".into()),
        claims: Some(75),
        payers: Some(140),
        points: Some(86_392),
    }
}

/// A file that the gate let pass.
pub fn gated(journal: &mut Journal, path: &str, n: u64, month: u64) -> i64 {
    let id = journal.see_file(&place(path), stamp(n)).unwrap();
    journal.move_file(id, FileState::Stable, None, "").unwrap();
    journal.describe_file(id, &content(n, month)).unwrap();
    journal.move_file(id, FileState::Gated, None, "").unwrap();
    id
}

pub fn parcel_file(ordinal: u32, source: Option<i64>, content: &Content) -> ParcelFile {
    ParcelFile {
        ordinal,
        payload_path: format!("data/202604-shaho-{ordinal:02}/RECEIPTC.UKE"),
        sha256: content.sha256,
        size_bytes: 1234,
        kind: content.kind.clone(),
        family: content.family.clone(),
        payer: content.payer.clone(),
        month: content.month.clone(),
        volume: content.volume.clone(),
        identity: content.identity.clone(),
        file: source,
        ..ParcelFile::default()
    }
}

/// Plans a parcel of gated files.
pub fn plan(journal: &mut Journal, id: &str, sources: &[i64]) -> JournalResult<ParcelRow> {
    let files: Vec<_> = sources
        .iter()
        .zip(0..)
        .map(|(source, ordinal)| {
            let content = journal.file(*source)?.content.unwrap_or_default();
            Ok(parcel_file(ordinal, Some(*source), &content))
        })
        .collect::<JournalResult<_>>()?;
    journal.plan_parcel("recekon-1", "terminal-1", Some("claims"), |draft| {
        let header = format!("header of {id}, number {}", draft.sequence).into_bytes();
        Ok(NewParcel {
            id: id.to_owned(),
            header,
            header_sha256: digest(draft.sequence),
            form: Form::Bag,
            signature: None,
            files,
        })
    })
}

pub fn found(id: &str, sequence: u64) -> FoundParcel {
    FoundParcel {
        id: id.to_owned(),
        sender: "recekon-1".to_owned(),
        sequence,
        medium: "/media/stick".to_owned(),
        header: format!("header of {id}").into_bytes(),
        header_sha256: digest(sequence),
        form: Form::Bag,
        signature: None,
    }
}

/// An invented return file of a month; `n` makes its bytes.
pub fn return_file(n: u64, month: &str) -> NewReturnFile {
    NewReturnFile {
        sha256: digest(n),
        size_bytes: 1000 + n,
        name: format!("RECEIPTC ({n}).HEN"),
        return_file: "hen".into(),
        payer: "1".into(),
        processed_month: month.into(),
        facility: "1319999015".into(),
        volume: "00".into(),
        family: "ika".into(),
    }
}

/// An invented returned claim; `n` makes its number and its patient, the month also its bytes.
pub fn returned(n: u64, month: &str) -> NewReturnedClaim {
    let month_number: u64 = month.replace('-', "").parse().unwrap();
    NewReturnedClaim {
        stretch: Stretch {
            offset: n * 4000,
            request_bytes: 1500,
            reason_bytes: 200,
            history_bytes: 2300,
            history_lines: 31,
            request_sha256: digest(n * 1_000_000 + month_number),
            history_sha256: digest(n * 1_000_000 + month_number + 500_000),
        },
        search_no: format!("1315041{n:010}"),
        processed_month: month.into(),
        receipt_no: Some(n.to_string()),
        claim_type: Some("1112".into()),
        in_out: "out".into(),
        service_month: "2026-01".into(),
        chart_no: format!("{n:06}"),
        billing_info: None,
        insurer_no: Some("01130012".into()),
        department: Some("01".into()),
        name: Some(b"\x83\x65\x83\x58\x83\x67".to_vec()),
        birth_date: Some("1960-02-03".into()),
        points: Some(1000 + n),
        payers: Some(1),
        original_month: Some("2026-02".into()),
        return_kind: Some("1".into()),
        reasons: vec![
            ReturnedReason {
                code: Some("L3129".into()),
                text: b"\x8e\x91\x8a\x69".to_vec(),
                ..ReturnedReason::default()
            },
            ReturnedReason { code: Some("L3129".into()), ..ReturnedReason::default() },
        ],
        faults: Vec::new(),
        blocked: false,
        due: None,
    }
}

pub fn other_content() -> Reason {
    Reason::new("RZ-R010", "the same key with another content")
}

/// Begins an import that is expected to be new.
#[track_caller]
pub fn begin<'j>(journal: &'j mut Journal, file: &NewReturnFile) -> Box<rezept_journal::ReturnImport<'j>> {
    match journal.start_import(file, &other_content()).unwrap() {
        ImportStart::New(import) => import,
        other => panic!("{other:?}"),
    }
}

/// Imports a whole file and tells its result and the rows of its claims, known ones included.
#[track_caller]
pub fn import(
    journal: &mut Journal,
    file: &NewReturnFile,
    claims: &[NewReturnedClaim],
) -> (Imported, Vec<i64>) {
    let mut import = begin(journal, file);
    let rows = claims
        .iter()
        .map(|claim| match import.add(claim).unwrap() {
            Added::New(row) | Added::Known(row) => row,
        })
        .collect();
    (import.finish().unwrap(), rows)
}

/// An invented resubmission file.
pub fn resubmission(n: u64) -> NewResubmission {
    NewResubmission {
        month: "2026-05".into(),
        payer: "1".into(),
        facility: "1319999015".into(),
        family: "ika".into(),
        sha256: digest(n),
        size_bytes: 5000,
        claims: 3,
        points: 4000,
        way: "edit".into(),
        place: "out/RECEIPTC.UKE".into(),
    }
}

/// Claims of the journal for a resubmission.
pub fn planned(journal: &Journal, claims: &[i64]) -> Vec<PlannedClaim> {
    claims
        .iter()
        .zip(1..)
        .map(|(claim, number)| PlannedClaim {
            claim: Some(*claim),
            search_no: journal.returned_claim(*claim).unwrap().search_no,
            number,
            way: "edit".into(),
            reason: None,
        })
        .collect()
}

/// An invented content of the register, all of one identity.
pub fn register_content(n: u64) -> NewRegisterContent {
    NewRegisterContent {
        sha256: digest(n),
        identity: "claim 1 2026-04".into(),
        kind: "claim".into(),
        family: "ika".into(),
        payer: "1".into(),
        facility: "1319999015".into(),
        month: "2026-04".into(),
        volume: "00".into(),
        purpose: ContentPurpose::Month,
        points: 1000 + n,
        print_key: PrintKeyId([1; 8]),
    }
}

/// Prints of so many claims. Keys are those of the same patients for every content; `n` makes the rest.
pub fn register_claims(n: u64, count: u64) -> Vec<RegisterClaim> {
    let half = |n: u64| *digest(n).first_chunk().unwrap();
    (1..=count)
        .map(|number| RegisterClaim {
            number,
            service_month: (number != 3).then_some(202_603),
            key: half(number),
            request: half(n * 1000 + number),
            search_no: (number == 2).then(|| format!("1315080403{n:07}")),
        })
        .collect()
}
