//! Times one way of reading a claim file and prints one line of JSON: `claim_bench MODE FILE [RUNS]`. One mode a process,
//! so that the peak of memory is that of the mode; ratios are made by the caller, in one sitting.
#![expect(clippy::print_stdout, reason = "the result of a benchmark goes to standard output")]

use rezept_claim::{Depth, RecordReader, copy_through, scan};
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::time::Instant;

type Outcome = Result<(u64, u64), Box<dyn Error>>;
type Mode = (&'static str, fn(File) -> Outcome);

/// The modes: name, what it does. Each returns two counts, so that no work can be left out.
const MODES: [Mode; 8] = [
    ("read-count", read_count), // read(2) and count newlines
    ("index", index),           // our reader: records and items counted
    ("items", items),           // our reader: every item visited
    ("csv", csv_records),       // csv crate, quoting off: records and items counted
    ("csv-decode", csv_decode), // the same, decoding what is not ASCII
    ("totals", totals),         // Depth::Totals
    ("full", full),             // Depth::Full
    ("writeback", writeback),   // Depth::Full, and every byte written to a sink
];

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [mode, path, rest @ ..] = args.as_slice() else { return Err("claim_bench MODE FILE [RUNS]".into()) };
    let (_, run) = MODES.iter().find(|(name, _)| name == mode).ok_or("unknown mode")?;
    let runs: u32 = rest.first().map_or(Ok(1), |n| n.parse())?;
    let bytes = std::fs::metadata(path)?.len();
    let mut best = f64::INFINITY;
    let mut counts = (0, 0);
    for _ in 0..runs.max(1) {
        let file = File::open(path)?;
        let start = Instant::now();
        counts = run(file)?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    let rate = u32::try_from(bytes / 1000).map_or(0.0, f64::from) / 1000.0 / best;
    println!(
        "{{\"mode\":\"{mode}\",\"bytes\":{bytes},\"records\":{},\"items\":{},\"seconds\":{best:.6},\"mb_per_s\":{rate:.1},\"peak_rss_kb\":{}}}",
        counts.0,
        counts.1,
        peak_rss_kb().map_or("null".to_owned(), |kb| kb.to_string()),
    );
    Ok(())
}

fn read_count(mut file: File) -> Outcome {
    let mut block = vec![0; rezept_claim::reader::BLOCK_BYTES];
    let (mut lines, mut bytes) = (0, 0);
    loop {
        let n = file.read(&mut block)?;
        if n == 0 {
            return Ok((lines, bytes));
        }
        let read = block.get(..n).unwrap_or_default();
        lines += memchr::memchr_iter(b'\n', read).count() as u64;
        bytes += n as u64;
    }
}

fn index(file: File) -> Outcome {
    let mut reader = RecordReader::new(file);
    let (mut records, mut items) = (0, 0);
    while let Some(record) = reader.next_record()? {
        records += 1;
        items += record.item_count() as u64;
    }
    Ok((records, items))
}

fn items(file: File) -> Outcome {
    let mut reader = RecordReader::new(file);
    let (mut records, mut items) = (0, 0);
    while let Some(record) = reader.next_record()? {
        records += 1;
        for item in record.items() {
            items += std::hint::black_box(item).len() as u64;
        }
    }
    Ok((records, items))
}

fn csv_reader(file: File) -> csv::Reader<File> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).quoting(false).from_reader(file)
}

fn csv_records(file: File) -> Outcome {
    let mut reader = csv_reader(file);
    let mut record = csv::ByteRecord::new();
    let (mut records, mut items) = (0, 0);
    while reader.read_byte_record(&mut record)? {
        records += 1;
        items += record.len() as u64;
    }
    Ok((records, items))
}

fn csv_decode(file: File) -> Outcome {
    let mut reader = csv_reader(file);
    let mut record = csv::ByteRecord::new();
    let (mut records, mut chars) = (0, 0);
    while reader.read_byte_record(&mut record)? {
        records += 1;
        for item in record.iter().filter(|item| !item.is_ascii()) {
            chars += encoding_rs::SHIFT_JIS.decode_without_bom_handling(item).0.len() as u64;
        }
    }
    Ok((records, chars))
}

fn totals(file: File) -> Outcome {
    let facts = scan(file, Depth::Totals, &mut |_| {})?;
    Ok((facts.claims, facts.points))
}

fn full(file: File) -> Outcome {
    let facts = scan(file, Depth::Full, &mut |_| {})?;
    Ok((facts.claims, facts.findings.iter().map(|f| f.count).sum()))
}

fn writeback(file: File) -> Outcome {
    let facts = copy_through(file, std::io::sink(), Depth::Full, &mut |_| {})?;
    Ok((facts.claims, facts.size_bytes))
}

/// Peak resident memory, where the system tells.
fn peak_rss_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
