//! Prints what the crate makes of files: facts and findings, without any value of a patient.
#![expect(clippy::print_stdout, reason = "an example program")]

use rezept_claim::{Depth, scan};
use std::fs::File;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        println!("{path}");
        let facts = scan(File::open(&path)?, Depth::Full, &mut |finding| println!("  {finding:?}"))?;
        println!("  {facts:?}");
    }
    Ok(())
}
