//! Builds a journal of a million returned claims and measures what the worklist, another import and an opening ask of it.
//! Prints one line of JSON; what the figures ought to be stands in `docs/benchmarks.md`.
//! `returns_journal_bench [CLAIMS [FOLDER]]` leaves the journal in `FOLDER/data`.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rezept_journal::{
    Disk, ImportStart, Journal, NewReturnFile, NewReturnedClaim, Reason, ReturnFilter, ReturnState,
    ReturnedReason, Stretch, SystemClock, make_data_folder,
};

/// Claims of a return file of 100 MB.
const A_FILE: u64 = 26_855;

/// Measurements of which the middle one is told.
const RUNS: usize = 7;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let claims: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |n| n.parse())?;
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let keep = std::env::args_os().nth(2).map(PathBuf::from);
    let data = keep.as_deref().unwrap_or(folder.path()).join("data");
    let files = claims.div_ceil(A_FILE);
    let mut line = String::from("{\"v\":1,\"type\":\"benchmark\",\"bench\":\"returns_journal\"");

    make_data_folder(&data)?;
    let mut journal = open(&data)?;
    for n in 0..files {
        import(&mut journal, n)?;
    }
    drop(journal);
    let bytes = std::fs::metadata(data.join("journal.db"))?.len();
    write!(line, ",\"claims\":{},\"database_bytes\":{bytes}", files * A_FILE)?;
    lists(&mut line, &data, files, "new")?;

    // In turn, so that whatever else the machine does meets both alike.
    let (mut empty, mut more) = (Vec::new(), Vec::new());
    for n in 0..RUNS as u64 {
        let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
        empty.push(timed(|| import(&mut open(folder.path())?, files + n))?);
        more.push(timed(|| import(&mut open(&data)?, files + n))?);
    }
    let (empty, more) = (middle(empty), middle(more));
    write!(line, ",\"import_into_empty_ms\":{empty:.1},\"import_into_full_ms\":{more:.1}")?;
    write!(line, ",\"import_full_to_empty\":{:.3}", more / empty)?;

    work_off(&data, files)?;
    lists(&mut line, &data, files, "worked_off")?;
    let opened = middle_of(|| open(&data).map(|_| 0))?;
    let checked = timed(|| Ok(open(&data)?.check_every_page()?))?;
    write!(line, ",\"open_to_work_ms\":{opened:.1},\"check_every_page_ms\":{checked:.1}")?;
    write!(line, ",\"peak_rss_kib\":{}}}", peak_rss_kib())?;
    say(&line);
    Ok(())
}

/// What people ask for, each time with the opening of the journal.
fn lists(line: &mut String, data: &Path, files: u64, shape: &str) -> Outcome<()> {
    let newest = month(files - 1);
    let one = |state| ReturnFilter { states: vec![state], ..ReturnFilter::default() };
    let all = ReturnFilter::default;
    let filters = [
        (
            "month_payer_new",
            ReturnFilter { payer: Some("1".into()), ..by_month(&newest, one(ReturnState::New)) },
        ),
        (
            "month_payer_open",
            ReturnFilter { payer: Some("1".into()), open_only: true, ..by_month(&newest, all()) },
        ),
        ("reason_often", ReturnFilter { reason: Some("L3100".into()), ..all() }),
        ("reason_often_open", ReturnFilter { reason: Some("L3100".into()), open_only: true, ..all() }),
        ("reason_rare", ReturnFilter { reason: Some("L3159".into()), ..all() }),
        ("overdue", ReturnFilter { overdue_before: Some(format!("{newest}-20")), ..all() }),
        ("overdue_first", ReturnFilter { overdue_before: Some("2020-04-01".into()), ..all() }),
        ("department_open", ReturnFilter { department: Some("07".into()), open_only: true, ..all() }),
        ("service_month", ReturnFilter { service_month: Some(month(files.saturating_sub(12))), ..all() }),
        ("owner", ReturnFilter { owner: Some("hanako".into()), ..all() }),
        ("corrected", one(ReturnState::Corrected)),
        ("everything", all()),
    ];
    for (name, filter) in filters {
        for limit in [100, 2000] {
            let filter = ReturnFilter { limit: Some(limit), ..filter.clone() };
            let mut rows = 0;
            let took = middle_of(|| {
                rows = look(data)?.returned_claims(&filter)?.len();
                Ok(rows)
            })?;
            write!(line, ",\"{shape}_{name}_{limit}_ms\":{took:.1},\"{shape}_{name}_{limit}_rows\":{rows}")?;
        }
    }
    let counts = middle_of(|| Ok(look(data)?.return_counts()?.len()))?;
    let opened = middle_of(|| look(data).map(|_| 0))?;
    write!(line, ",\"{shape}_counts_ms\":{counts:.1},\"{shape}_open_to_look_ms\":{opened:.1}")?;
    Ok(())
}

fn by_month(month: &str, filter: ReturnFilter) -> ReturnFilter {
    ReturnFilter { processed_month: Some(month.to_owned()), ..filter }
}

/// As years leave it: all but the newest claims are done with, a few old ones are still open.
fn work_off(data: &Path, files: u64) -> Outcome<()> {
    let mut journal = open(data)?;
    let all = i64::try_from(files.saturating_sub(2) * A_FILE)?;
    for first in (1..=all).step_by(10_000) {
        journal.begin_batch()?;
        for id in first..(first + 10_000).min(all + 1) {
            match id % 1000 {
                0 => journal.assign_returned(id, Some("hanako"))?,
                1 => journal.move_returned(id, ReturnState::Corrected, "")?,
                2 => {}
                _ => journal.move_returned(id, ReturnState::Withdrawn, "")?,
            }
        }
        journal.end_batch()?;
    }
    Ok(())
}

fn timed(work: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

fn middle_of(mut work: impl FnMut() -> Outcome<usize>) -> Outcome<f64> {
    let mut all = Vec::new();
    for _ in 0..RUNS {
        all.push(timed(|| work().map(|_| ()))?);
    }
    Ok(middle(all))
}

fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "a benchmark is for reading")]
fn say(line: &str) {
    println!("{line}");
}

/// The most memory this process had, as Linux tells it; 0 elsewhere.
fn peak_rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn disk() -> Disk {
    Disk { file_system: "ext4".to_owned(), removable: Some(false) }
}

fn open(data: &Path) -> Outcome<Journal> {
    Ok(Journal::open(data, &disk(), Arc::new(SystemClock), "bench")?)
}

fn look(data: &Path) -> Outcome<Journal> {
    let found = Journal::open_existing(data, &disk(), Arc::new(SystemClock), "bench")?;
    found.ok_or_else(|| "no journal".into())
}

/// Two files a month, one of each payer body.
fn month(file: u64) -> String {
    let month = file / 2 + 3;
    format!("{}-{:02}", 2020 + month / 12, month % 12 + 1)
}

fn spread(n: u64) -> u64 {
    let mut state = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

fn digest(n: u64) -> [u8; 32] {
    let mut digest = [0; 32];
    for (chunk, part) in digest.chunks_mut(8).zip(0..) {
        chunk.copy_from_slice(&spread(n * 4 + part).to_le_bytes());
    }
    digest
}

fn import(journal: &mut Journal, n: u64) -> Outcome<()> {
    let file = NewReturnFile {
        sha256: digest(n + 1_000_000_000),
        size_bytes: 100_000_000,
        name: "RECEIPTC.HEN".into(),
        return_file: "hen".into(),
        payer: (n % 2 + 1).to_string(),
        processed_month: month(n),
        facility: "1319999015".into(),
        volume: "00".into(),
        family: "ika".into(),
    };
    let ImportStart::New(mut import) = journal.start_import(&file, &Reason::new("RZ", ""))? else {
        return Err("the file is known".into());
    };
    for k in 0..A_FILE {
        import.add(&claim(n, k))?;
    }
    let imported = import.finish()?;
    if imported.new == A_FILE { Ok(()) } else { Err("claims were known".into()) }
}

/// Numbers as the bodies give them, patients at random, some reasons often and most seldom.
fn claim(file: u64, k: u64) -> NewReturnedClaim {
    let n = file * A_FILE + k;
    let chance = spread(n);
    let code = (chance % 60) * (chance / 60 % 60) / 60;
    let reason = |code: u64| ReturnedReason {
        processed_month: Some(month(file)),
        return_kind: Some("1".into()),
        service_class: Some("11".into()),
        code: Some(format!("L{}", 3100 + code)),
        text: vec![0x83; 60],
        note: vec![0x8e; 30],
        ..ReturnedReason::default()
    };
    let mut reasons = vec![reason(code)];
    if chance.is_multiple_of(4) {
        reasons.push(reason(chance / 7 % 60));
    }
    let billed = month(file.saturating_sub(4 + chance % 6));
    NewReturnedClaim {
        stretch: Stretch {
            offset: k * 3700,
            request_bytes: 1500,
            reason_bytes: 200,
            history_bytes: 2000,
            history_lines: 31,
            request_sha256: digest(n * 2 + 2_000_000_000),
            history_sha256: digest(n * 2 + 2_000_000_001),
        },
        search_no: format!("131{}{:09}", month(file).replace('-', ""), n),
        processed_month: month(file),
        receipt_no: Some((k + 1).to_string()),
        claim_type: Some("1112".into()),
        in_out: if chance.is_multiple_of(5) { "in" } else { "out" }.into(),
        service_month: billed.clone(),
        chart_no: format!("{:08}", spread(chance) % 200_000),
        billing_info: Some(format!("{:020}", chance % 1_000_000)),
        insurer_no: Some(format!("{:08}", spread(chance + 1) % 3000)),
        department: Some(format!("{:02}", chance % 37)),
        name: Some(vec![0x83; 20]),
        birth_date: Some("1960-02-03".into()),
        points: Some(chance % 100_000),
        payers: Some(1),
        original_month: Some(billed),
        return_kind: Some("1".into()),
        reasons,
        faults: Vec::new(),
        blocked: false,
        due: Some(format!("{}-10", month(file + 2))),
    }
}
