//! `rezept show`: what a file is and says, by its content, in one pass of the file. No value of a patient is printed unless
//! `--reveal` asks for it.

mod facts;
mod finding;

use std::path::Path;

use rezept_claim::{Depth, FileFacts, Finding, Kind, OfficialName, RecordReader, Scan, Severity};
use rezept_parcel::{Digest, HashingReader};

use crate::cli::ShowArgs;
use crate::commands::files::open_regular;
use crate::report::Failure;
use crate::ui::Ui;
use rezept_codes::Exit;

/// Runs the command. Findings that would make a file or claim be refused end with exit 1.
///
/// # Errors
/// When the file cannot be read, or is none that is known here.
pub fn run(args: &ShowArgs, ui: &Ui) -> Result<Exit, Failure> {
    let path = args.file.as_path();
    let (mut facts, digest, findings) = read(path, ui)?;
    if facts.kind == Kind::Unknown {
        return Err(Failure::NotKnown { path: path.to_owned(), oddity: facts.oddity });
    }
    complete_by_name(&mut facts, path);
    ui.object(&facts::object(path, &facts, digest));
    ui.table(&facts::table(path, &facts, digest, ui));
    let mut values = finding::Values::new(path, ui);
    for found in &findings {
        finding::print(found, values.of(found).as_deref(), ui);
    }
    finding::print_left_off(&facts, &findings, ui);
    let refused = facts.count(Severity::File) + facts.count(Severity::Claim) > 0;
    Ok(if refused { Exit::Findings } else { Exit::Ok })
}

/// A notice does not say everything that its official name says.
fn complete_by_name(facts: &mut FileFacts, path: &Path) {
    let name = path.file_name().and_then(|name| OfficialName::parse(&name.to_string_lossy()));
    let Some(name) = name.filter(|_| facts.kind == Kind::Notice) else { return };
    facts.payer = facts.payer.or(Some(name.payer));
    facts.prefecture = facts.prefecture.or(Some(name.prefecture));
    facts.point_table = facts.point_table.or(Some(name.point_table));
    facts.facility = facts.facility.or(Some(name.facility));
    facts.month = facts.month.or(name.month);
}

fn read(path: &Path, ui: &Ui) -> Result<(FileFacts, Digest, Vec<Finding>), Failure> {
    let file = open_regular(path)?;
    let mut progress = ui.progress(file.metadata().map_or(0, |meta| meta.len()));
    let mut hashing = HashingReader::new(file);
    let mut reader = RecordReader::new(&mut hashing);
    let mut scan = Scan::new(Depth::Full);
    let mut findings = Vec::new();
    let mut sink = |finding: &Finding| findings.push(finding.clone());
    let failed = |source| Failure::Read { path: path.to_owned(), source };
    while let Some(record) = reader.next_record().map_err(failed)? {
        progress.advance(record.raw().len() as u64);
        scan.record(&record, &mut sink);
    }
    let facts = scan.finish(&mut sink);
    drop(reader);
    let (_, digest, _) = hashing.finish();
    Ok((facts, digest, findings))
}
