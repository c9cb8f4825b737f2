//! Parcels as people and programs see them.

use std::path::Path;

use rezept_journal::{Direction, FileState, Journal, JournalResult, ParcelFile, ParcelRow};
use rezept_parcel::decisions::SentDecision;
use rezept_parcel::{Digest, Header};
use rezept_text::Arg;

use rezept_service::archive_folder;

use crate::commands::station::short_id;
use crate::json::{SentDecisionObject, TransferFile, TransferObject};
use crate::shown::shown_text;
use crate::ui::{Tone, Ui};

/// Describes a parcel.
///
/// # Errors
/// When the journal does not answer.
pub fn describe(journal: &Journal, parcel: &ParcelRow) -> JournalResult<TransferObject> {
    let mut files = Vec::new();
    for file in journal.parcel_files(parcel.row)? {
        files.push(describe_file(journal, parcel, &file)?);
    }
    let header = Header::parse(parcel.inner.as_deref().unwrap_or(&parcel.header)).ok();
    let decisions: Vec<SentDecisionObject> =
        header.iter().flat_map(|header| &header.decisions).map(decided).collect();
    let mut released: Vec<String> = decisions.iter().map(|decision| decision.code.clone()).collect();
    let older = header.iter().flat_map(|header| &header.released);
    released.extend(older.map(|release| release.code.to_string()));
    released.dedup();
    released.extend(parcel.released_code.clone().map(String::from));
    Ok(TransferObject {
        id: parcel.id.clone(),
        label: format!("P{}", parcel.row),
        direction: parcel.direction.word(),
        state: parcel.state.word(),
        verify_level: parcel.verify_level.word(),
        peer: parcel.peer.clone(),
        medium: parcel.medium.clone(),
        sequence: parcel.sequence,
        reason: parcel.reason.as_ref().map(|reason| reason.code.to_string()),
        released,
        decisions,
        created: parcel.created_at.clone(),
        files,
    })
}

fn describe_file(journal: &Journal, parcel: &ParcelRow, file: &ParcelFile) -> JournalResult<TransferFile> {
    let mut archived = None;
    let (path, state) = match (parcel.direction, file.file) {
        (Direction::Out, Some(id)) => {
            let source = journal.file(id)?;
            archived = source.archived.as_ref().map(|inside| archive_folder(journal.folder()).join(inside));
            let state =
                if source.state == FileState::InParcel { parcel.state.word() } else { source.state.word() };
            (Path::new(&source.place.root).join(&source.place.path), state)
        }
        _ => match (&file.inbox, &file.destination, file.delivered) {
            (Some(inbox), Some(destination), true) => (Path::new(inbox).join(destination), "DELIVERED"),
            _ => (Path::new(&file.payload_path).to_owned(), parcel.state.word()),
        },
    };
    Ok(TransferFile {
        path: path.to_string_lossy().into_owned(),
        sha256: Digest(file.sha256).to_string(),
        size: file.size_bytes,
        state,
        archived: archived.map(|path| path.to_string_lossy().into_owned()),
        kind: file.kind.clone(),
        purpose: file.purpose.clone(),
        payer: file.payer.clone(),
        month: file.month.clone(),
    })
}

fn decided(decision: &SentDecision) -> SentDecisionObject {
    SentDecisionObject {
        path: decision.path.as_str().to_owned(),
        code: decision.code.to_string(),
        why: decision.why.clone(),
    }
}

/// Prints a parcel: an object for programs, a heading and a line for each file for people.
pub fn print(transfer: &TransferObject, ui: &Ui) {
    ui.object(transfer);
    let tone = match transfer.state {
        "ACKNOWLEDGED" | "ARCHIVED" | "ACK_WRITTEN" | "DELIVERED" => Tone::Good,
        "HELD" | "EXPIRED" => Tone::Careful,
        "QUARANTINED" | "CANCELLED" => Tone::Bad,
        _ => Tone::Plain,
    };
    let in_archive = !transfer.files.is_empty() && transfer.files.iter().all(|file| file.archived.is_some());
    let state = match transfer.state {
        "ARCHIVED" if !in_archive => ui.say("state-done", &[]),
        state => ui.text().get(&format!("state-{state}"), &[]),
    };
    let direction =
        ui.text().get(if transfer.direction == "out" { "transfer-out" } else { "transfer-in" }, &[]);
    let heading = ui.say(
        "transfer-heading",
        &[
            ("label", Arg::from(&transfer.label)),
            ("direction", Arg::from(&direction)),
            ("peer", Arg::from(&transfer.peer)),
        ],
    );
    let level = ui.text().get(&format!("level-{}", transfer.verify_level), &[]);
    let number = ui.say("transfer-number", &[("id", Arg::from(short_id(&transfer.id)))]);
    let heading = ui.paint(&heading, Tone::Strong);
    ui.line(&format!("{heading}  {}  {level}  {number}", ui.paint(&state, tone)));
    for file in &transfer.files {
        let payer = match file.payer.as_deref() {
            Some("1") => ui.say("payer-shaho", &[]),
            Some("2") => ui.say("payer-kokuho", &[]),
            _ => String::new(),
        };
        let month = file.month.as_deref().unwrap_or_default();
        let bytes = ui.say("unit-bytes", &[("n", file.size.into())]);
        let purpose = file.purpose.as_deref().and_then(|word| word.split(':').next()).unwrap_or("month");
        let purpose = match purpose {
            "part" | "resubmission" | "correction" | "trial" => {
                format!("  {}", ui.text().get(&format!("purpose-{purpose}"), &[]))
            }
            _ => String::new(),
        };
        ui.line(&format!("    {month} {payer}{purpose}  {bytes}  {}", shown_text(&file.path)));
        ui.line(&format!("      SHA-256 {}", file.sha256));
        if let Some(archived) = &file.archived {
            let place = shown_text(archived);
            ui.line(&format!("      {}", ui.say("archived-at", &[("place", Arg::from(&place))])));
        }
    }
    for decision in &transfer.decisions {
        let args = [("code", Arg::from(&decision.code)), ("why", Arg::from(&decision.why))];
        ui.line(&format!("    {}", shown_text(&ui.say("decided-there", &args))));
    }
}

#[cfg(test)]
mod tests {
    use rezept_journal::{FileState, ParcelState, VerifyLevel};
    use rezept_text::{Lang, Text};

    #[test]
    fn every_state_and_level_has_its_words() {
        for &lang in Lang::ALL {
            let text = Text::new(lang);
            for state in ParcelState::ALL {
                assert!(text.has(&format!("state-{}", state.word())), "{lang} {state}");
            }
            for state in FileState::ALL {
                assert!(text.has(&format!("state-{}", state.word())), "{lang} {state}");
            }
            for level in VerifyLevel::ALL {
                assert!(text.has(&format!("level-{}", level.word())), "{lang} {level}");
            }
        }
    }
}
