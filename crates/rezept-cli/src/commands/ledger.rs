//! `rezept ledger`: who did what and when, from the hashed history.

use rezept_codes::Code;
use rezept_journal::{HistoryRow, Subject, note_without_mark};
use rezept_parcel::Digest;
use rezept_service::Problem;

use crate::cli::{Global, LedgerArgs};
use crate::commands::station;
use crate::json::LedgerObject;
use crate::report::Failure;
use crate::shown::{local_time, shown_text};
use crate::ui::Ui;
use rezept_codes::Exit;

/// Runs the command.
///
/// # Errors
/// When the journal cannot be read, or nothing has that id.
pub fn run(args: &LedgerArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    let failed = |error: rezept_journal::JournalError| Failure::from(Problem::from(&error));
    let rows = match &args.id {
        None => journal.latest_history(args.last).map_err(failed)?,
        Some(id) => {
            let unknown = || Failure::from(Problem::new(Code::UnknownId, id.clone(), ""));
            let subject: Subject = id.parse().map_err(|()| unknown())?;
            let rows = journal.history(subject).map_err(failed)?;
            if rows.is_empty() {
                return Err(unknown());
            }
            rows
        }
    };
    rows.iter().for_each(|row| print(row, ui));
    Ok(Exit::Ok)
}

fn print(row: &HistoryRow, ui: &Ui) {
    let arrow = if row.from.is_empty() { row.to.clone() } else { format!("{} -> {}", row.from, row.to) };
    ui.line(&format!(
        "{:>6}  {}  {:<8}  {:<5}  {arrow}  {}",
        row.seq,
        local_time(&row.at),
        shown_text(&row.actor),
        row.subject,
        shown_text(note_without_mark(&row.note))
    ));
    ui.object(&LedgerObject {
        seq: row.seq,
        at: &row.at,
        actor: &row.actor,
        subject: &row.subject,
        from: &row.from,
        to: &row.to,
        note: note_without_mark(&row.note),
        hash: Digest(row.hash).to_string(),
    });
}
