//! Telling a person what came of a piece of work, and what the process ends with.

use rezept_journal::{Direction, Journal, JournalResult, ParcelRow, ParcelState, Subject, VerifyLevel};
use rezept_service::{Held, Outcome, Problem, held};

use crate::commands::transfers;
use crate::json::HeldObject;
use crate::report::{Failure, Report, of_station, of_waiting};
use crate::shown::{local_time, shown_text};
use crate::ui::{Tone, Ui};
use rezept_codes::{Code, Exit};

/// Prints parcels, what waits and what went wrong. With `wanted`, the number of things a person asked for, an outcome
/// that did some of them and not others is told by exit 4.
///
/// # Errors
/// When the journal does not answer.
pub fn tell(outcome: &Outcome, journal: &Journal, wanted: Option<usize>, ui: &Ui) -> Result<Exit, Failure> {
    let failed = |error: rezept_journal::JournalError| Failure::from(Problem::from(&error));
    let mut exit = Exit::Ok;
    let mut done = 0;
    for row in &outcome.parcels {
        let parcel = journal.parcel(*row).map_err(failed)?;
        let transfer = transfers::describe(journal, &parcel).map_err(failed)?;
        transfers::print(&transfer, ui);
        tell_correction(journal, &parcel, ui).map_err(failed)?;
        match parcel.state {
            ParcelState::Quarantined => {
                exit = exit.and(report_reason(parcel.reason.as_ref(), &transfer.label, ui));
            }
            ParcelState::Held | ParcelState::Expired | ParcelState::Cancelled => {}
            ParcelState::Spooled | ParcelState::Written | ParcelState::ReadBack => {}
            _ => done += 1,
        }
        // Once the receiver has acknowledged, more was proved than any reading back could.
        if parcel.verify_level == VerifyLevel::L1 {
            ui.report(&Report::new(Code::FromCacheOnly).at(transfer.label));
        }
    }
    let waiting = held(journal)?;
    // One thing may wait for several reasons.
    for item in waiting.iter().filter(|item| outcome.held.contains(&item.id.to_string())) {
        print_held(item, ui);
        exit = exit.and(item.reason.code.known().map_or(Exit::Findings, |code| match code.exit() {
            Exit::VerifyFailed => Exit::VerifyFailed,
            // What arrived cannot be read here: no person's word helps.
            other if code == Code::NewerParcel => other,
            _ => Exit::Findings,
        }));
    }
    let mut failed = false;
    for problem in &outcome.problems {
        let report = of_waiting(problem, ui.text());
        ui.report(&report);
        // A warning leaves nothing undone.
        failed |= report.exit() != Exit::Ok;
        exit = exit.and(report.exit());
    }
    let undone = !outcome.held.is_empty() || failed;
    if wanted.is_some_and(|wanted| wanted > 1) && done > 0 && undone {
        exit = exit.and(Exit::Partial);
    }
    Ok(exit)
}

/// Tells which file to claim with, where a corrected one took the place of an earlier one.
fn tell_correction(journal: &Journal, parcel: &ParcelRow, ui: &Ui) -> JournalResult<()> {
    if parcel.direction != Direction::In {
        return Ok(());
    }
    for entry in journal.history(Subject::Parcel(parcel.row))? {
        if entry.to == rezept_transfer::codes::SET_ASIDE {
            ui.report(&Report::new(Code::CorrectionInPlace).at(shown_text(&entry.note)));
        }
    }
    Ok(())
}

fn report_reason(reason: Option<&rezept_journal::Reason>, label: &str, ui: &Ui) -> Exit {
    let Some(reason) = reason else { return Exit::Findings };
    let report = of_station(&Problem::new(&reason.code, label, reason.detail.clone()));
    ui.report(&report);
    report.exit()
}

/// Prints one thing that waits for a person.
pub fn print_held(item: &Held, ui: &Ui) {
    let problem = Problem::new(&item.reason.code, item.what.clone(), item.reason.detail.clone());
    let report = of_waiting(&problem, ui.text());
    let what = report.sentence(ui.text(), "what");
    let next = report.sentence(ui.text(), "next");
    let id = item.id.to_string();
    ui.object(&HeldObject {
        id: id.clone(),
        reason: item.reason.code.as_str(),
        detail: &item.reason.detail,
        since: &item.since,
        what: &item.what,
        message: &what,
    });
    let since = local_time(&item.since);
    let what_line = shown_text(&item.what);
    ui.line(&format!("{}  {}  {since}  {what_line}", ui.paint(&id, Tone::Careful), item.reason.code));
    ui.line(&format!("    {what}"));
    if let Some(detail) = &report.detail {
        ui.line(&format!("    ({detail})"));
    }
    ui.line(&format!("    {next}"));
}
