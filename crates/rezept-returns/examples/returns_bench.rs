//! Times the reading of a return file and prints one line of JSON: `returns_bench MODE FILE [RUNS]`. Modes: `read`, every
//! claim with its facts, faults and hashes. One mode a process, so that the peak of memory is that of the mode.
#![expect(clippy::print_stdout, reason = "the result of a benchmark goes to standard output")]

use rezept_returns::ReturnReader;
use std::error::Error;
use std::fs::File;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [mode, path, rest @ ..] = args.as_slice() else {
        return Err("returns_bench MODE FILE [RUNS]".into());
    };
    if mode != "read" {
        return Err("unknown mode".into());
    }
    let runs: u32 = rest.first().map_or(Ok(1), |n| n.parse())?;
    let bytes = std::fs::metadata(path)?.len();
    let mut best = f64::INFINITY;
    let mut counts = (0u64, 0u64, 0u64);
    for _ in 0..runs.max(1) {
        let file = File::open(path)?;
        let start = Instant::now();
        let mut reader = ReturnReader::new(file);
        counts = (0, 0, 0);
        while let Some(claim) = reader.next_claim()? {
            counts.0 += 1;
            counts.1 += claim.faults.len() as u64;
            counts.2 += claim.history_lines;
        }

        best = best.min(start.elapsed().as_secs_f64());
    }
    let (claims, faults, history_lines) = counts;
    let rate = u32::try_from(bytes / 1000).map_or(0.0, f64::from) / 1000.0 / best;
    println!(
        "{{\"mode\":\"{mode}\",\"bytes\":{bytes},\"claims\":{claims},\"faults\":{faults},\"history_lines\":{history_lines},\"seconds\":{best:.6},\"mb_per_s\":{rate:.1},\"peak_rss_kb\":{}}}",
        peak_rss_kb().map_or("null".to_owned(), |kb| kb.to_string()),
    );
    Ok(())
}

/// Peak resident memory, where the system tells.
fn peak_rss_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
