//! Fills a register with ten years of a hospital and measures what is asked of it each month: whether a claim or a 検索番号 was
//! seen before, and noting one more file. Prints one line of JSON.
//! `register_bench [CLAIMS [FOLDER]]` leaves the journal in `FOLDER/data`.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rezept_journal::{
    ContentPurpose, Disk, Journal, NewRegisterContent, PrintKeyId, RegisterClaim, SystemClock,
    make_data_folder,
};

/// Claims of a month's file.
const A_FILE: u64 = 25_000;
/// Of so many claims of a file one answers a return and has a 検索番号.
const ANSWERS: u64 = 50;
/// Questions of one kind.
const QUESTIONS: u64 = 2_000;
/// Measurements of which the middle one is told.
const RUNS: u64 = 7;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let claims: u64 = std::env::args().nth(1).map_or(Ok(3_000_000), |n| n.parse())?;
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let keep = std::env::args_os().nth(2).map(PathBuf::from);
    let data = keep.as_deref().unwrap_or(folder.path()).join("data");
    let files = claims.div_ceil(A_FILE);
    make_data_folder(&data)?;
    let mut journal = open(&data)?;
    let start = Instant::now();
    for n in 0..files {
        note(&mut journal, n)?;
    }
    let mut line = String::from("{\"v\":1,\"type\":\"benchmark\",\"bench\":\"register\"");
    write!(line, ",\"claims\":{},\"filled_s\":{:.1}", files * A_FILE, start.elapsed().as_secs_f64())?;
    drop(journal);
    write!(line, ",\"database_bytes\":{}", std::fs::metadata(data.join("journal.db"))?.len())?;

    let journal = open(&data)?;
    questions(&mut line, &journal, files)?;
    drop(journal);

    // In turn, so that whatever else the machine does meets both alike.
    let (mut empty, mut more) = (Vec::new(), Vec::new());
    for n in 0..RUNS {
        let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
        let mut journal = open(folder.path())?;
        empty.push(timed(|| note(&mut journal, files + n))?);
        let mut journal = open(&data)?;
        more.push(timed(|| note(&mut journal, files + n))?);
    }
    let (empty, more) = (middle(empty), middle(more));
    write!(line, ",\"note_into_empty_ms\":{empty:.1},\"note_into_full_ms\":{more:.1}")?;
    let opened = (0..RUNS).map(|_| timed(|| open(&data).map(drop))).collect::<Outcome<Vec<_>>>()?;
    let checked = timed(|| Ok(open(&data)?.check_every_page()?))?;
    write!(line, ",\"open_to_work_ms\":{:.1},\"check_every_page_ms\":{checked:.1}", middle(opened))?;
    write!(line, ",\"peak_rss_kib\":{}}}", peak_rss_kib())?;
    say(&line);
    Ok(())
}

/// What the gate asks, of claims of all years in no order, so that no page is warm by chance; and of one whole new file.
fn questions(line: &mut String, journal: &Journal, files: u64) -> Outcome<()> {
    let mut ask = |name: &str, each: &dyn Fn(u64) -> Outcome<usize>| -> Outcome<()> {
        let (mut all, mut found) = (Vec::new(), 0);
        for n in 0..QUESTIONS {
            let mut seen = 0;
            all.push(timed(|| {
                seen = each(spread(n))?;
                Ok(())
            })?);
            found += seen;
        }
        all.sort_by(f64::total_cmp);
        let worst = all.last().copied().unwrap_or_default();
        let most = all.get(all.len() * 99 / 100).copied().unwrap_or_default();
        write!(
            line,
            ",\"{name}_ms\":{:.4},\"{name}_p99_ms\":{most:.4},\"{name}_worst_ms\":{worst:.3},\"{name}_found\":{found}",
            middle(all)
        )?;
        Ok(())
    };
    let by_key =
        |claim: &RegisterClaim| Ok(journal.sightings_of_claim(claim.service_month, &claim.key)?.len());
    ask("claim_seen", &|n| by_key(&claim(n % files, n / 7 % A_FILE)))?;
    ask("claim_unseen", &|n| by_key(&RegisterClaim { key: half(n), ..claim(n % files, 0) }))?;
    ask("search_no_seen", &|n| {
        let claim = claim(n % files, n / 7 % (A_FILE / ANSWERS) * ANSWERS);
        Ok(journal.sightings_of_search_no(claim.search_no.as_deref().unwrap_or_default())?.len())
    })?;
    ask("search_no_unseen", &|n| {
        Ok(journal.sightings_of_search_no(&search_no(n % files, 900_000_000 + n % 1000))?.len())
    })?;
    let start = Instant::now();
    let mut seen = 0;
    for k in 0..A_FILE {
        seen += by_key(&claim(files - 1, k))?;
    }
    let took = start.elapsed().as_secs_f64() * 1000.0;
    write!(line, ",\"whole_file_asked_ms\":{took:.1},\"whole_file_found\":{seen}")?;
    let start = Instant::now();
    let prints = journal.register_claims(&digest(files / 2))?.map_or(0, |claims| claims.len());
    write!(
        line,
        ",\"prints_of_a_content_ms\":{:.1},\"prints\":{prints}",
        start.elapsed().as_secs_f64() * 1000.0
    )?;
    Ok(())
}

fn timed(work: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1000.0)
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

fn open(data: &Path) -> Outcome<Journal> {
    let disk = Disk { file_system: "ext4".to_owned(), removable: Some(false) };
    Ok(Journal::open(data, &disk, Arc::new(SystemClock), "bench")?)
}

/// Notes the file of a month.
fn note(journal: &mut Journal, n: u64) -> Outcome<()> {
    let month = month(n);
    let new = NewRegisterContent {
        sha256: digest(n),
        identity: format!("claim ika 1 1319999015 {month} {n}"),
        kind: "claim".into(),
        family: "ika".into(),
        payer: "1".into(),
        facility: "1319999015".into(),
        month: format!("{}-{:02}", month / 100, month % 100),
        volume: "00".into(),
        purpose: ContentPurpose::Month,
        points: 50_000_000,
        print_key: PrintKeyId([1; 8]),
    };
    journal.note_content(&new, (0..A_FILE).map(|k| claim(n, k)))?;
    Ok(())
}

/// One file a month.
fn month(n: u64) -> u64 {
    201_501 + n / 12 * 100 + n % 12
}

/// Claims of the month before, some of earlier ones, which answer returns.
fn claim(file: u64, k: u64) -> RegisterClaim {
    let answers = k.is_multiple_of(ANSWERS);
    let treated = month(file.saturating_sub(if answers { 2 + spread(k) % 6 } else { 1 }));
    RegisterClaim {
        number: k + 1,
        service_month: u32::try_from(treated).ok(),
        key: half(file * A_FILE + k),
        request: half(file * A_FILE + k + 1_000_000_000),
        search_no: answers.then(|| search_no(file.saturating_sub(2), k)),
    }
}

/// As the bodies give them: prefecture, point table, era month, and a number of theirs.
fn search_no(file: u64, k: u64) -> String {
    let month = month(file);
    format!("131{}{:02}{:02}{:09}", 5, month / 100 - 2000, month % 100, spread(k) % 1_000_000_000)
}

fn spread(n: u64) -> u64 {
    let mut state = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

fn half(n: u64) -> [u8; 16] {
    (u128::from(spread(n)) << 64 | u128::from(spread(n ^ u64::MAX))).to_le_bytes()
}

fn digest(n: u64) -> [u8; 32] {
    let mut digest = [0; 32];
    for (chunk, part) in digest.chunks_mut(8).zip(0..) {
        chunk.copy_from_slice(&spread(n * 4 + part + 5_000_000_000).to_le_bytes());
    }
    digest
}
