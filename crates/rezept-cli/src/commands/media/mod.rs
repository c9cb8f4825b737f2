//! `rezept media`: registered sticks, where they are, and what was on a lost one. Changes are made by the station; here they
//! are asked for and shown.

mod content;

use rezept_journal::{Form, Journal, MediumRow, MediumState, StoodOn, Timestamp};
use rezept_service::media::{MediaAsk, find_medium, today};
use rezept_service::{Ask, Problem};
use rezept_text::Arg;

use crate::cli::{Global, MediaCommand, MediumArgs, MediumReasonArgs};
use crate::commands::{actor, outcome, station};
use crate::json::{MediumObject, MediumOut};
use crate::report::{Failure, Report};
use crate::shown::{local_time, shown_text};
use crate::ui::{Tone, Ui};
use rezept_codes::{Code, Exit};

/// Runs the command. `lost` ends with exit 1 when something that anybody can read was on the medium.
///
/// # Errors
/// When the journal cannot be read, or the station refuses.
pub fn run(command: &MediaCommand, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    match command {
        MediaCommand::List => list(global, ui),
        MediaCommand::Show(args) => show(args, global, ui),
        MediaCommand::Lost(args) => lost(args, global, ui),
        MediaCommand::Register(args) => {
            let ask = MediaAsk::Register {
                path: station::absolute(&args.path),
                label: args.label.clone(),
                owner: args.owner.clone(),
                class: args.class.clone(),
            };
            let exit = change(ask, global, ui)?;
            if exit == Exit::Ok {
                ui.note(&ui.say("media-registered", &[]));
            }
            Ok(exit)
        }
        MediaCommand::TakeOut(args) => {
            let (id, due, purpose) = (args.id.clone(), args.due.clone(), args.purpose.clone());
            change(MediaAsk::TakeOut { id, due, purpose }, global, ui)
        }
        MediaCommand::Return(args) => change(MediaAsk::Return { id: args.id.clone() }, global, ui),
        MediaCommand::Retire(args) => {
            change(MediaAsk::Retire { id: args.id.clone(), reason: args.reason.clone() }, global, ui)
        }
    }
}

/// Has the station do it, and shows the medium as it is then.
fn change(ask: MediaAsk, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let (exit, journal, rows) = ask_station(ask, global, ui)?;
    for row in rows {
        print(&journal, &journal.medium(row).map_err(failed)?, ui)?;
    }
    Ok(exit)
}

fn ask_station(ask: MediaAsk, global: &Global, ui: &Ui) -> Result<(Exit, Journal, Vec<i64>), Failure> {
    let config = station::config(global)?;
    let actor = actor::acting("media", &config, global, ui)?;
    let done = station::work(&config, &actor, &Ask::Media { ask })?;
    let journal = station::journal(&config)?;
    let journal = journal.ok_or_else(|| Problem::new(Code::CannotHappen, "journal", "it was not made"))?;
    let exit = outcome::tell(&done, &journal, None, ui)?;
    Ok((exit, journal, done.media))
}

fn list(global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    let media = journal.media().map_err(failed)?;
    for medium in &media {
        print(&journal, medium, ui)?;
    }
    if media.is_empty() {
        ui.note(&ui.say("media-none", &[]));
    }
    Ok(Exit::Ok)
}

fn show(args: &MediumArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    let medium = find_medium(&journal, &args.id)?;
    print(&journal, &medium, ui)?;
    let unknown = ui.say("media-unknown", &[]);
    let rows = [
        ("media-id", medium.id.clone()),
        ("media-since", local_time(&medium.registered_at)),
        ("media-volume", medium.volume_label.as_deref().map_or_else(|| unknown.clone(), shown_text)),
        ("media-serial", medium.serial.as_deref().map_or_else(|| unknown.clone(), shown_text)),
    ];
    ui.table(&rows.map(|(id, value)| (ui.text().get(id, &[]), value)));
    let stood = journal.stood_on_medium(medium.row).map_err(failed)?;
    content::print(&journal, &medium, &stood, ui)?;
    Ok(Exit::Ok)
}

fn lost(args: &MediumReasonArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let ask = MediaAsk::Lost { id: args.id.clone(), reason: args.reason.clone() };
    let (mut exit, journal, rows) = ask_station(ask, global, ui)?;
    for row in rows {
        let medium = journal.medium(row).map_err(failed)?;
        print(&journal, &medium, ui)?;
        let stood = journal.stood_on_medium(row).map_err(failed)?;
        let content = content::print(&journal, &medium, &stood, ui)?;
        if content.readable > 0 {
            let report = Report::new(Code::ReadableLost).at(format!("M{row} {}", shown_text(&medium.label)));
            ui.report(&report);
            exit = exit.and(report.exit());
        } else if content.parcels > 0 {
            ui.note(&ui.say("media-lost-sealed", &[]));
        }
        if content.unacknowledged > 0 {
            ui.note(&ui.say("media-lost-again", &[]));
        }
    }
    Ok(exit)
}

/// Those media that should have been back by now.
///
/// # Errors
/// When the journal cannot be read.
pub fn overdue(journal: &Journal) -> Result<Vec<MediumRow>, Failure> {
    let today = today(Timestamp::now());
    Ok(journal.media().map_err(failed)?.into_iter().filter(|medium| medium.is_overdue(&today)).collect())
}

/// Prints a medium: an object for programs, a line for people.
///
/// # Errors
/// When the journal cannot be read.
pub fn print(journal: &Journal, medium: &MediumRow, ui: &Ui) -> Result<(), Failure> {
    let overdue = medium.is_overdue(&today(Timestamp::now()));
    let stood = journal.stood_on_medium(medium.row).map_err(failed)?;
    let stands: Vec<&StoodOn> = stood.iter().filter(|stood| stood.removed_at.is_none()).collect();
    let due = medium.out_due.as_deref().unwrap_or_default();
    ui.object(&MediumObject {
        id: &medium.id,
        number: format!("M{}", medium.row),
        label: &medium.label,
        owner: &medium.owner,
        class: medium.class.word(),
        state: medium.state.word(),
        since: &medium.state_at,
        registered: &medium.registered_at,
        volume_label: medium.volume_label.as_deref(),
        serial: medium.serial.as_deref(),
        out: medium.out_by.as_deref().map(|by| MediumOut {
            by,
            purpose: medium.out_for.as_deref().unwrap_or_default(),
            due,
            overdue,
        }),
        parcels: stands.len(),
        readable: stands.iter().filter(|stood| stood.parcel.form == Form::Bag).count(),
    });
    let state = ui.text().get(&format!("medium-state-{}", medium.state.word()), &[]);
    let state = match medium.state {
        MediumState::Here => ui.paint(&state, Tone::Good),
        MediumState::Out if !overdue => ui.paint(&state, Tone::Careful),
        MediumState::Out | MediumState::Lost => ui.paint(&state, Tone::Bad),
        MediumState::Retired => state,
    };
    let class = ui.text().get(&format!("medium-class-{}", medium.class.word()), &[]);
    let heading = ui.paint(&format!("M{}  {}", medium.row, shown_text(&medium.label)), Tone::Strong);
    let owner = shown_text(&medium.owner);
    let on_it = ui.say("media-parcels", &[("n", stands.len().into())]);
    ui.line(&format!("{heading}  {state}  {class}  {owner}  {on_it}  {:.8}", medium.id));
    if let Some(by) = &medium.out_by {
        let purpose = medium.out_for.as_deref().map(shown_text).unwrap_or_default();
        let args: [(&str, Arg<'_>); 3] =
            [("by", shown_text(by).into()), ("due", due.into()), ("purpose", purpose.into())];
        ui.line(&format!(
            "    {}",
            ui.text().get(if overdue { "media-overdue" } else { "media-out" }, &args)
        ));
    }
    Ok(())
}

fn failed(error: rezept_journal::JournalError) -> Failure {
    Problem::from(&error).into()
}

#[cfg(test)]
mod tests {
    use rezept_journal::{MediumClass, MediumState};
    use rezept_text::{Lang, Text};

    #[test]
    fn every_state_and_class_has_its_words() {
        for &lang in Lang::ALL {
            let text = Text::new(lang);
            for state in MediumState::ALL {
                assert!(text.has(&format!("medium-state-{state}")), "{lang} {state}");
            }
            for class in MediumClass::ALL {
                assert!(text.has(&format!("medium-class-{class}")), "{lang} {class}");
            }
        }
    }
}
