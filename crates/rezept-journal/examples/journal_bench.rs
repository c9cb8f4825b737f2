//! Builds a journal of 10,000 transfers in the full life of a sender and measures what a restart asks of it.
//! Prints figures only; what they ought to be stands in `docs/benchmarks.md`. `journal_bench [TRANSFERS [FOLDER]]` leaves
//! the journal in `FOLDER/data`, for a station to start upon.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rezept_journal::{
    Content, Delivery, Direction, Disk, FileState, Form, FoundParcel, Journal, JournalError, NewParcel,
    ParcelChange, ParcelFile, ParcelState, Place, Stamp, SystemClock, VerifyLevel, make_data_folder,
};

const FILES_A_PARCEL: u64 = 2;
const ROOT: &str = "C:/receden";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let transfers: u64 = std::env::args().nth(1).map_or(Ok(10_000), |n| n.parse())?;
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let keep = std::env::args_os().nth(2).map(PathBuf::from);
    let data = keep.as_deref().unwrap_or(folder.path()).join("data");
    make_data_folder(&data)?;
    let mut journal = open(&data)?;

    let start = Instant::now();
    let half = transfers / 2;
    for n in 0..half {
        sent(&mut journal, n)?;
    }
    for n in half..transfers {
        arrived(&mut journal, n)?;
    }
    for n in transfers * 10..transfers * 10 + 20_000 {
        kept(&mut journal, n)?;
    }
    let rows = journal.verify_chain(&[])?.entries;
    let took = start.elapsed();
    let rate = u128::from(rows) * 1000 / took.as_millis().max(1);
    say(&format!("{transfers} transfers, {rows} entries of history in {took:?}: {rate} entries/s"));

    for run in ["first", "second"] {
        drop(journal);
        let bytes = std::fs::metadata(data.join("journal.db"))?.len();
        let start = Instant::now();
        journal = open(&data)?;
        say(&format!("{run} open of {} KiB: {:?}", bytes / 1024, start.elapsed()));
    }
    queries(&mut journal, transfers)
}

fn queries(journal: &mut Journal, transfers: u64) -> Outcome<()> {
    use ParcelState::{Committed, Copied, Expired, Found, ReadBack, Spooled, Valid, Written};
    let unfinished = [Spooled, Written, ReadBack, Committed, Expired];
    measure("parcels_in(out, unfinished)", || Ok(journal.parcels_in(Direction::Out, &unfinished)?.len()))?;
    measure("parcels_in(in, unfinished)", || {
        Ok(journal.parcels_in(Direction::In, &[Found, Copied, Valid])?.len())
    })?;
    measure("parcels_in(out, ARCHIVED)", || {
        Ok(journal.parcels_in(Direction::Out, &[ParcelState::Archived])?.len())
    })?;
    let waiting = [FileState::Seen, FileState::Stable, FileState::Gated, FileState::Held];
    measure("files_in(waiting)", || Ok(journal.files_in(&waiting)?.len()))?;
    measure("live_files", || Ok(journal.live_files(ROOT)?.len()))?;
    measure("file_at, 20,000 names", || {
        let names = (transfers * 10..transfers * 10 + 20_000).map(|n| journal.file_at(ROOT, &path(n, 0)));
        Ok(names.filter(|row| matches!(row, Ok(Some(_)))).count())
    })?;
    measure("parcels_since(all)", || Ok(journal.parcels_since("2000-01-01T00:00:00Z")?.len()))?;
    measure("parcels_since(none)", || Ok(journal.parcels_since("2999-01-01T00:00:00Z")?.len()))?;
    measure("files_of_parcel, 1,000 parcels", || {
        let rows = (1..=1000).map(|row| journal.files_of_parcel(row).map(|files| files.len()));
        Ok(rows.sum::<Result<usize, _>>()?)
    })?;
    measure("same_content and same_identity, 1,000 files", || {
        let mut count = 0;
        for n in 0..1000 {
            count += journal.same_content(&digest(n, 0), -1)?.len();
            count += journal.same_identity(&identity(n, 0), -1)?.len();
        }
        Ok(count)
    })?;
    measure("delivered_before, 1,000 files", || {
        let mut count = 0;
        for n in transfers / 2..transfers / 2 + 1000 {
            count += journal.delivered_before(-1, &digest(n, 0), Some(&identity(n, 0)))?.len();
        }
        Ok(count)
    })?;
    measure("verify_chain", || Ok(usize::from(journal.verify_chain(&[])?.is_sound())))
}

fn measure(what: &str, work: impl FnOnce() -> Outcome<usize>) -> Outcome<()> {
    let start = Instant::now();
    let rows = work()?;
    say(&format!("{what}: {rows} in {:?}", start.elapsed()));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a benchmark is for reading")]
fn say(line: &str) {
    println!("{line}");
}

fn open(data: &Path) -> Result<Journal, JournalError> {
    let disk = Disk { file_system: "ext4".to_owned(), removable: Some(false) };
    Journal::open(data, &disk, Arc::new(SystemClock), "bench")
}

fn digest(n: u64, ordinal: u64) -> [u8; 32] {
    // Spread over the index as real digests are.
    let mut state = (n * FILES_A_PARCEL + ordinal).wrapping_add(1);
    let mut digest = [0; 32];
    for chunk in digest.chunks_mut(8) {
        state = (state ^ (state >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        chunk.copy_from_slice(&state.to_le_bytes());
    }
    digest
}

fn identity(n: u64, ordinal: u64) -> String {
    format!("{}/ika/1319999015/{n:06}/00", ordinal + 1)
}

fn path(n: u64, ordinal: u64) -> String {
    format!("{n:06}/{}/RECEIPTC.UKE", if ordinal == 0 { "shaho" } else { "kokuho" })
}

fn id(n: u64) -> String {
    format!("{n:026x}")
}

fn seen(journal: &mut Journal, n: u64, ordinal: u64) -> Result<(i64, Content), JournalError> {
    let place =
        Place { route: Some("claims".into()), root: ROOT.into(), path: path(n, ordinal), watched: true };
    let file = journal.see_file(&place, Stamp { size_bytes: n, modified_ns: 1, file_id: n })?;
    journal.move_file(file, FileState::Stable, None, "")?;
    let content = Content {
        sha256: digest(n, ordinal),
        kind: Some("claim".into()),
        identity: Some(identity(n, ordinal)),
        official_name: Some("RECEIPTC.UKE".into()),
        ..Content::default()
    };
    journal.describe_file(file, &content)?;
    journal.move_file(file, FileState::Gated, None, "")?;
    Ok((file, content))
}

fn parcel_file(ordinal: u32, file: Option<i64>, content: &Content) -> ParcelFile {
    ParcelFile {
        ordinal,
        payload_path: format!("data/202604-shaho-{ordinal:02}/RECEIPTC.UKE"),
        sha256: content.sha256,
        kind: content.kind.clone(),
        identity: content.identity.clone(),
        file,
        ..ParcelFile::default()
    }
}

/// One parcel of the sender, with the intents that the engine writes on the way.
fn sent(journal: &mut Journal, n: u64) -> Result<(), JournalError> {
    let mut files = Vec::new();
    let mut sources = Vec::new();
    for (ordinal, number) in (0..FILES_A_PARCEL).zip(0..) {
        let (file, content) = seen(journal, n, ordinal)?;
        files.push(parcel_file(number, Some(file), &content));
        sources.push(file);
    }
    let new = NewParcel {
        id: id(n),
        header: vec![b'h'; 700],
        header_sha256: digest(n, 1),
        form: Form::Bag,
        signature: None,
        files,
    };
    let row =
        journal.plan_parcel("recekon-1", "terminal-1", Some("claims"), |_| Ok::<_, JournalError>(new))?;
    for action in ["write content", "write header"] {
        let intent = journal.intend(row.row, action, "E:/")?;
        journal.outcome(intent, "done")?;
    }
    for (state, level) in [
        (ParcelState::Written, VerifyLevel::L0),
        (ParcelState::ReadBack, VerifyLevel::L2),
        (ParcelState::Committed, VerifyLevel::L2),
        (ParcelState::Acknowledged, VerifyLevel::L4),
    ] {
        let change = ParcelChange { verify_level: Some(level), ..ParcelChange::default() };
        journal.move_parcel(row.row, state, &change)?;
    }
    for file in sources {
        journal.move_file(file, FileState::Archived, None, "")?;
    }
    journal.move_parcel(row.row, ParcelState::Archived, &ParcelChange::default())
}

/// One parcel of the receiver.
fn arrived(journal: &mut Journal, n: u64) -> Result<(), JournalError> {
    let found = FoundParcel {
        id: id(n),
        sender: "terminal-1".to_owned(),
        sequence: n,
        medium: "E:/".to_owned(),
        header: vec![b'h'; 700],
        header_sha256: digest(n, 1),
        form: Form::Bag,
        signature: None,
    };
    let row = journal.found_parcel(&found)?.row;
    journal.move_parcel(row, ParcelState::Authentic, &ParcelChange::default())?;
    let files: Vec<_> = (0..FILES_A_PARCEL)
        .zip(0..)
        .map(|(ordinal, number)| {
            let content = Content {
                sha256: digest(n, ordinal),
                identity: Some(identity(n, ordinal)),
                ..Content::default()
            };
            parcel_file(number, None, &content)
        })
        .collect();
    journal.set_incoming_files(row, ParcelState::Copied, &files, &ParcelChange::default())?;
    journal.move_parcel(row, ParcelState::Valid, &ParcelChange::default())?;
    let delivery = |ordinal| Delivery {
        ordinal,
        inbox: "C:/inbox".to_owned(),
        destination: format!("202604/shaho/{ordinal}.UKE"),
    };
    journal.plan_delivery(row, &[delivery(0), delivery(1)])?;
    journal.files_delivered(row, &[0, 1])?;
    journal.move_parcel(row, ParcelState::Delivered, &ParcelChange::default())?;
    journal.move_parcel(row, ParcelState::AckWritten, &ParcelChange::default())
}

/// A file that lies in the watched folder and waits for nothing: a person decided that it is not to be sent.
fn kept(journal: &mut Journal, n: u64) -> Result<(), JournalError> {
    let place = Place { route: Some("claims".into()), root: ROOT.into(), path: path(n, 0), watched: true };
    let file = journal.see_file(&place, Stamp { size_bytes: n, modified_ns: 1, file_id: n })?;
    journal.move_file(file, FileState::Held, None, "")?;
    journal.move_file(file, FileState::Cancelled, None, "")
}
