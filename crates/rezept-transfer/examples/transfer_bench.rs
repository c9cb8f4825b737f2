//! Times the copy engine alone, from SPOOLED to COMMITTED: `transfer_bench SOURCE MEDIUM [DATA]`, with a file or a
//! folder of files as source. Prints one line of JSON; the medium's own time beside it is the caller's affair.
#![expect(clippy::print_stdout, reason = "the result of a benchmark goes to standard output")]

use std::path::PathBuf;
use std::time::Instant;

use rezept_journal::Form;
use rezept_transfer::Progress;

use support::{Bench, Outcome};

mod support;

fn main() -> Outcome<()> {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [source, medium, rest @ ..] = args.as_slice() else {
        return Err("transfer_bench SOURCE MEDIUM [DATA]".into());
    };
    let here = std::env::current_dir()?;
    let home = tempfile::tempdir_in(rest.first().unwrap_or(&here))?;
    let mut bench = Bench::open(source, medium, home.path())?;
    let files = bench.gated(source)?;
    let bytes: u64 = files.iter().map(|file| file.stamp.size_bytes).sum();
    let start = Instant::now();
    let mut written = None;
    let progress = |step: Progress| {
        if matches!(step, Progress::ReadBack { .. }) {
            written.get_or_insert_with(|| start.elapsed());
        }
    };
    let (parcel, cost) = bench.measured(progress, |engine, to, medium| {
        let row = engine.plan(to, None, &files, Form::Bag)?.row;
        Ok(engine.carry(row, medium)?)
    })?;
    println!(
        "{{\"files\":{},\"bytes\":{bytes},{},\"written_seconds\":{:.3},\"state\":\"{}\",\"level\":\"{}\"}}",
        files.len(),
        cost.to_json(),
        written.unwrap_or_default().as_secs_f64(),
        parcel.state,
        parcel.verify_level,
    );
    Ok(())
}
