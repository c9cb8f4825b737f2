//! `rezept status`: where everything is.

use std::path::Path;

use rezept_journal::{FileState, Timestamp};
use rezept_service::keys::sheet_path;
use rezept_service::{Problem, held, lacks_approver, may_stand_readable};

use crate::cli::Global;
use crate::commands::{media, outcome, station, transfers};
use crate::json::{RequestObject, ReturnCountObject, WaitingObject};
use crate::report::{Failure, Report};
use crate::shown::{local_time, shown, shown_text};
use crate::ui::{Tone, Ui};
use rezept_codes::{Code, Exit};

/// Finished parcels are shown for so long.
const SHOWN_HOURS: i64 = 90 * 24;

/// Runs the command. Exit 1 while something waits for a person.
///
/// # Errors
/// When the journal cannot be read.
pub fn run(global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let config = station::config(global)?;
    let sheet = sheet_path(&config.data);
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    let failed = |error: rezept_journal::JournalError| Failure::from(Problem::from(&error));
    let since = Timestamp::now() - jiff::SignedDuration::from_hours(SHOWN_HOURS);
    let parcels = journal.parcels_since(&since.to_string()).map_err(failed)?;
    let waiting =
        journal.files_in(&[FileState::Seen, FileState::Stable, FileState::Gated]).map_err(failed)?;
    let held = held(&journal)?;
    heading("status-transfers", parcels.len(), ui);
    for parcel in &parcels {
        transfers::print(&transfers::describe(&journal, parcel).map_err(failed)?, ui);
    }
    heading("status-waiting", waiting.len(), ui);
    for file in &waiting {
        let path = Path::new(&file.place.root).join(&file.place.path).to_string_lossy().into_owned();
        let state = ui.text().get(&format!("state-{}", file.state.word()), &[]);
        ui.line(&format!("F{}  {state}  {}", file.id, shown_text(&path)));
        let (id, since) = (format!("F{}", file.id), file.state_at.as_str());
        ui.object(&WaitingObject { id, path, state: file.state.word(), since });
    }
    let requests = journal.waiting_requests().map_err(failed)?;
    if !requests.is_empty() {
        heading("status-requests", requests.len(), ui);
    }
    for request in &requests {
        let word = if request.begun { "running" } else { "new" };
        let state = ui.text().get(&format!("request-{word}"), &[]);
        ui.line(&format!("{}  {state}  {}", shown_text(&request.kind), local_time(&request.at)));
        ui.object(&RequestObject { command: &request.kind, state: word, since: &request.at });
    }
    let returns = journal.return_counts().map_err(failed)?;
    let open: u64 = returns.iter().filter(|(state, _)| state.is_open()).map(|(_, n)| n).sum();
    if open > 0 {
        ui.line(&ui.paint(&ui.say("status-returns", &[("n", open.into())]), Tone::Strong));
    }
    for (state, n) in returns.into_iter().filter(|(_, n)| *n > 0) {
        ui.object(&ReturnCountObject { state: state.word(), n });
    }
    heading("status-held", held.len(), ui);
    held.iter().for_each(|item| outcome::print_held(item, ui));
    let overdue = media::overdue(&journal)?;
    if !overdue.is_empty() {
        heading("media-overdue-heading", overdue.len(), ui);
    }
    for medium in &overdue {
        media::print(&journal, medium, ui)?;
    }
    if sheet.exists() {
        ui.report(&Report::new(Code::SheetUnprinted).at(shown(&sheet)));
    }
    if may_stand_readable(&config, Some(&journal)) {
        ui.report(&Report::new(Code::ReadableOnStick));
    }
    if lacks_approver(&config, &journal)? {
        ui.report(&Report::new(Code::NoApprover));
        return Ok(Exit::Findings);
    }
    Ok(if held.is_empty() && overdue.is_empty() { Exit::Ok } else { Exit::Findings })
}

fn heading(id: &str, n: usize, ui: &Ui) {
    ui.line(&ui.paint(&ui.text().get(id, &[("n", n.into())]), Tone::Strong));
}
