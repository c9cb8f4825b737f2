//! A file larger than 4 GiB goes the whole way on real volumes: no size is cut to 32 bits anywhere, and memory does not
//! grow with it (faults row 21). Needs 13 GB of room for a minute; with less it says so and sends a smaller one.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use rezept_journal::{Content, Disk, FileState, Journal, ParcelState, Place, Stamp, SystemClock};
use rezept_transfer::os::OsVolume;
use rezept_transfer::volume::{RelPath, Volume};
use rezept_transfer::{
    Digest, Engine, Facility, Intake, Judged, Staged, StationName, TransferError, Volumes, read_hashed,
};

struct AnyInbox(String);

impl Intake for AnyInbox {
    fn knows(&self, _: &StationName) -> bool {
        true
    }

    fn inbox_for(&self, _: &str) -> Option<String> {
        Some(self.0.clone())
    }

    fn judge(
        &mut self,
        _: &Journal,
        _: &rezept_journal::ParcelRow,
        _: u32,
        file: Staged<'_>,
    ) -> Result<Judged, TransferError> {
        let content = Content { sha256: file.sha256, kind: Some("claim".into()), ..Content::default() };
        Ok(Judged {
            content,
            folder: "202411/shaho".into(),
            purpose: None,
            reasons: Vec::new(),
            replaces: None,
            remark: None,
        })
    }
}

fn journal(data: &Path) -> Journal {
    fs::create_dir(data).unwrap();
    let disk = Disk { file_system: "ext4".into(), removable: None };
    Journal::open(data, &disk, Arc::new(SystemClock), "test").unwrap()
}

fn digest(file: &Path) -> Digest {
    let mut file = File::open(file).unwrap();
    read_hashed(&mut file, |from| std::io::copy(from, &mut std::io::sink())).unwrap().1
}

fn with_engine(journal: &mut Journal, me: &str, volumes: &Volumes, work: impl FnOnce(&mut Engine<'_>)) {
    work(&mut Engine {
        journal,
        me: me.parse().unwrap(),
        facility: Facility::new("13", "1", "9999015").unwrap(),
        volumes,
        archive: "archive".into(),
        spool: "spool".to_owned(),
        vault: None,
        keep_sources: true,
        media: rezept_transfer::MediaRules::default(),
        random: &mut || [7; 16],
        progress: &mut |_| {},
    });
}

#[test]
fn more_than_4_gib_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let room = OsVolume::open(root).unwrap().free_bytes().unwrap().unwrap_or(0);
    let size = if room > 13 << 30 {
        (4 << 30) + 1
    } else {
        println!("SKIP the size of 4 GiB + 1: only {room} bytes free; sending 64 MiB + 1");
        (64 << 20) + 1
    };
    for part in ["source", "stick", "inbox", "archive"] {
        fs::create_dir(root.join(part)).unwrap();
    }
    let source = root.join("source/RECEIPTC.UKE");
    let mut file = File::create_new(&source).unwrap();
    file.set_len(size).unwrap();
    // Not the same everywhere, so that blocks in the wrong place would be noticed.
    for (i, at) in (0..size - 8).step_by(1 << 24).enumerate() {
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(&(i as u64).to_le_bytes()).unwrap();
    }
    drop(file);
    let sha256 = digest(&source);

    let mut volumes = Volumes::default();
    for part in ["source", "stick", "inbox", "archive"] {
        volumes.insert(part, Box::new(OsVolume::open(&root.join(part)).unwrap()));
    }
    let (mut sending, mut receiving) = (journal(&root.join("a")), journal(&root.join("b")));
    let meta = volumes.get("source").unwrap().stat(&RelPath::new("RECEIPTC.UKE").unwrap()).unwrap().unwrap();
    let stamp = Stamp { size_bytes: meta.size_bytes, modified_ns: meta.modified_ns, file_id: meta.file_id };
    let place = Place { route: None, root: "source".into(), path: "RECEIPTC.UKE".into(), watched: false };
    let id = sending.see_file(&place, stamp).unwrap();
    let content = Content {
        sha256: sha256.0,
        kind: Some("claim".into()),
        payer: Some("1".into()),
        month: Some("2024-11".into()),
        official_name: Some("RECEIPTC.UKE".into()),
        ..Content::default()
    };
    sending.describe_file(id, &content).unwrap();
    sending.move_file(id, FileState::Stable, None, "").unwrap();
    sending.move_file(id, FileState::Gated, None, "").unwrap();

    with_engine(&mut sending, "a", &volumes, |engine| {
        let file = engine.journal.file(id).unwrap();
        let row = engine.plan(&"b".parse().unwrap(), None, &[file], rezept_journal::Form::Bag).unwrap().row;
        assert_eq!(engine.carry(row, "stick").unwrap().state, ParcelState::Committed);
    });
    with_engine(&mut receiving, "b", &volumes, |engine| {
        let received = engine.receive("stick", &mut AnyInbox("inbox".into())).unwrap();
        assert_eq!(received.first().unwrap().parcel.state, ParcelState::AckWritten, "{received:?}");
    });
    let delivered = root.join("inbox/202411/shaho/RECEIPTC.UKE");
    assert_eq!(fs::metadata(&delivered).unwrap().len(), size);
    assert_eq!(digest(&delivered), sha256);
    with_engine(&mut sending, "a", &volumes, |engine| {
        assert_eq!(engine.tend("stick").unwrap().first().unwrap().state, ParcelState::Archived);
    });
    println!("{size} bytes arrived");
}
