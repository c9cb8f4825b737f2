//! Times sealing alone, from SPOOLED to the ciphertext that lies flushed in the spool: `seal_bench SOURCE FULL DATA`, with a
//! file or a folder of files as source and a medium without room, so that nothing comes after. Prints one line of JSON.
#![expect(clippy::print_stdout, reason = "the result of a benchmark goes to standard output")]

use std::path::PathBuf;

use rezept_journal::{Form, PeerKeys};
use rezept_parcel::Vault;
use rezept_transfer::TransferError;

use support::{Bench, Outcome, PEER};

mod support;

fn main() -> Outcome<()> {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [source, full, data] = args.as_slice() else { return Err("seal_bench SOURCE FULL DATA".into()) };
    let home = tempfile::tempdir_in(data)?;
    let mut bench = Bench::open(source, full, home.path())?;
    bench.vault = Some(Vault::generate("2026-04-01T00:00:00Z".parse()?)?);
    let peer = Vault::generate("2026-04-01T00:00:00Z".parse()?)?;
    let keys = PeerKeys {
        signing: peer.signing().public()?.to_string(),
        opening: peer.newest_opening().recipient().to_string(),
        recovery: None,
    };
    bench.journal.pair(PEER, &keys, "0000-0000-0000")?;
    let files = bench.gated(source)?;
    let bytes: u64 = files.iter().map(|file| file.stamp.size_bytes).sum();
    let (row, _) =
        bench.measured(|_| {}, |engine, to, _| Ok(engine.plan(to, None, &files, Form::Sealed)?.row))?;
    let ((), cost) = bench.measured(
        |_| {},
        |engine, _, full| match engine.carry(row, full) {
            Err(TransferError::NoRoom { .. }) => Ok(()),
            other => Err(format!("FULL must have no room: {other:?}").into()),
        },
    )?;
    if bench.journal.parcel(row)?.signature.is_none() {
        return Err("nothing was sealed".into());
    }
    println!("{{\"files\":{},\"bytes\":{bytes},{}}}", files.len(), cost.to_json());
    Ok(())
}
