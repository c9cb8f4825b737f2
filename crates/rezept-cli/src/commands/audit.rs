//! `rezept audit verify`: proves that the history is whole, and that it still contains every entry that was shown to
//! another station.

use rezept_journal::{Checkpoint, Journal, JournalResult};
use rezept_parcel::{Digest, Header};
use rezept_service::Problem;

use crate::cli::Global;
use crate::codes::{Code, Exit};
use crate::commands::station;
use crate::json::AuditObject;
use crate::report::{Failure, Report};
use crate::ui::{Tone, Ui};

/// Runs the command. A broken history ends with exit 6.
///
/// # Errors
/// When the journal cannot be read.
pub fn run(global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    let failed = |error: rezept_journal::JournalError| Failure::from(Problem::from(&error));
    // A large journal is not looked through when it is opened.
    journal.check_every_page().map_err(failed)?;
    let report = journal.verify_chain(&handed_out(&journal).map_err(failed)?).map_err(failed)?;
    ui.object(&AuditObject {
        sound: report.is_sound(),
        entries: report.entries,
        head: Digest(report.head.hash).to_string(),
        broken_at: report.broken_at,
        unmet: report.unmet.iter().map(|point| point.seq).collect(),
        astray: report.astray.clone(),
    });
    if report.is_sound() {
        let line = ui.say("audit-sound", &[("n", report.entries.into())]);
        ui.line(&ui.paint(&line, Tone::Good));
        ui.line(&format!("SHA-256 {}", Digest(report.head.hash)));
        return Ok(Exit::Ok);
    }
    let first = report.broken_at.into_iter().chain(report.unmet.iter().map(|point| point.seq)).min();
    let entry = match (first, report.astray.first()) {
        (Some(entry), _) => format!("#{entry}"),
        (None, row) => row.map_or_else(String::new, ToString::to_string),
    };
    let broken = Report::new(Code::AuditBroken).at(entry);
    ui.report(&broken);
    Ok(broken.exit())
}

/// Every checkpoint that left this station in a header.
pub fn handed_out(journal: &Journal) -> JournalResult<Vec<Checkpoint>> {
    let parcels = journal.parcels_in(rezept_journal::Direction::Out, rezept_journal::ParcelState::ALL)?;
    let headers = parcels.iter().filter_map(|parcel| Header::parse(&parcel.header).ok());
    Ok(headers.map(|header| Checkpoint { seq: header.audit.sequence, hash: header.audit.hash.0 }).collect())
}
