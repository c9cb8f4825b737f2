//! `rezept returns show`: one returned claim in full: why it came back, what was done to it by whom, what people changed.
//! Values of the claim only with `--reveal`.

use rezept_claim::{RecordId, codes, text};
use rezept_journal::{Journal, ReturnedClaimRow, Subject};
use rezept_returns::compare::{Difference, Entry, EntryKind, ItemDifference, Scope, difference, tell};
use rezept_service::Config;
use rezept_service::returns::{ReturnStore, sent_claim};

use super::shown::{self, failed, reason_text};
use crate::json::{DifferenceObject, HistoryObject};
use crate::report::Failure;
use crate::shown::{local_time, shown_text};
use crate::ui::{Tone, Ui};
use rezept_codes::Exit;

/// Shows a claim.
///
/// # Errors
/// When its bytes are not at hand, or the journal does not answer.
pub fn show(config: &Config, journal: &Journal, row: ReturnedClaimRow, ui: &Ui) -> Result<Exit, Failure> {
    shown::line(journal, &row, ui)?;
    for reason in journal.return_reasons(row.id).map_err(failed)? {
        let note = shown_text(text::decode(&reason.note).trim());
        ui.line(&format!(
            "    {} {} {note}",
            reason.code.as_deref().unwrap_or_default(),
            reason_text(&reason)
        ));
    }
    let mut store = ReturnStore::new(&config.data);
    let stored = store.claim(journal, row)?;
    heading("returns-history", ui);
    for entry in tell(stored.family, &stored.history) {
        history_line(&entry, ui);
    }
    if let Some(sent) = sent_claim(config, &stored) {
        let between = difference(stored.family, &sent, &stored.request, Scope::Content);
        differences("sent", &between, ui);
    }
    let corrected = stored.corrected(journal)?;
    let between = difference(stored.family, &stored.request, &corrected, Scope::Everything);
    differences("corrected", &between, ui);
    let notes = journal.return_notes(stored.row.id).map_err(failed)?;
    if !notes.is_empty() {
        heading("returns-notes", ui);
    }
    for note in notes {
        ui.line(&format!("    {}  {}", local_time(&note.at), shown_text(&note.text)));
    }
    heading("returns-moves", ui);
    for entry in journal.history(Subject::Returned(stored.row.id)).map_err(failed)? {
        let (at, actor) = (local_time(&entry.at), shown_text(&entry.actor));
        ui.line(&format!("    {at}  {actor}  {} → {}  {}", entry.from, entry.to, shown_text(&entry.note)));
    }
    Ok(Exit::Ok)
}

fn heading(id: &str, ui: &Ui) {
    ui.line(&ui.paint(&ui.say(id, &[]), Tone::Strong));
}

fn id_of(record: Option<RecordId>) -> String {
    record.map(|id| id.to_string()).unwrap_or_default()
}

/// The text of a code of a table, with the code itself where it is unknown.
fn coded(table: &str, code: &[u8]) -> String {
    let known = codes::table(table).and_then(|table| table.get(code));
    let shown = shown_text(&text::decode(code));
    known.map_or(shown.clone(), |code| format!("{shown} {}", code.text).trim_end().to_owned())
}

/// What an entry is, in words. Texts of reasons are the body's own words about the claim.
fn words_of(entry: &Entry, ui: &Ui) -> String {
    let at = |place: &Option<rezept_returns::compare::LineRef>| {
        place.map(|at| format!("{}-{}", at.line, at.branch)).unwrap_or_default()
    };
    match &entry.kind {
        EntryKind::Management { .. } => ui.say("history-management", &[]),
        EntryKind::Claim => ui.say("history-claim", &[("record", entry.ja.unwrap_or_default().into())]),
        EntryKind::Eligibility => {
            ui.say("history-eligibility", &[("record", entry.ja.unwrap_or_default().into())])
        }
        EntryKind::Corrected { .. } => {
            ui.say("history-corrected", &[("record", entry.ja.unwrap_or_default().into())])
        }
        EntryKind::Correction { action, target, new, record, reasons, differences, .. } => {
            let reasons: Vec<String> = reasons.iter().map(|code| coded("cut_reason", &code.0)).collect();
            let items: Vec<&str> = differences.iter().filter_map(|item| item.ja).collect();
            ui.say(
                "history-correction",
                &[
                    ("action", (&coded("correction_action", &action.0)).into()),
                    ("record", (&id_of(*record)).into()),
                    ("from", (&at(target)).into()),
                    ("to", (&at(new)).into()),
                    ("items", (&items.join("、")).into()),
                    ("reasons", (&reasons.join("、")).into()),
                ],
            )
        }
        EntryKind::BodyNote => ui.say("history-body-note", &[]),
        EntryKind::Request { reason, .. } => {
            ui.say("history-request", &[("reason", (&coded("appeal_reason", &reason.0)).into())])
        }
        EntryKind::Target { target, record, .. } => {
            ui.say("history-target", &[("record", (&id_of(*record)).into()), ("from", (&at(target)).into())])
        }
        EntryKind::Inspection => ui.say("history-inspection", &[]),
        EntryKind::Result { result, .. } => {
            ui.say("history-result", &[("result", (&coded("appeal_result", &result.0)).into())])
        }
        EntryKind::Reason { return_kind, code, text: reason, .. } => ui.say(
            "history-reason",
            &[
                ("kind", (&coded("return_kind", &return_kind.0)).into()),
                ("code", (&shown_text(&text::decode(&code.0))).into()),
                ("text", (&shown_text(&text::decode(&reason.0))).into()),
            ],
        ),
        EntryKind::CheckValue => ui.say("history-check-value", &[]),
        EntryKind::Other => ui.say("history-other", &[("record", (&id_of(entry.record)).into())]),
    }
}

fn history_line(entry: &Entry, ui: &Ui) {
    let what = words_of(entry, ui);
    // Unknown records are shown as they are: nobody can say what they mean.
    let raw = || shown_text(&text::decode(&entry.raw.0));
    ui.object(&HistoryObject {
        data_id: entry.data_id,
        line: entry.at.map(|at| at.line),
        branch: entry.at.map(|at| at.branch),
        record: entry.record.map(|id| id.to_string()),
        what: what.clone(),
        raw: ui.reveals().then(raw),
    });
    // The claim as it was billed is the long and least telling part.
    if matches!(entry.kind, EntryKind::Claim) && !ui.is_verbose() {
        return;
    }
    let at = entry.at.map(|at| format!("{}-{}", at.line, at.branch)).unwrap_or_default();
    let tail = if ui.reveals() { format!("  {}", raw()) } else { String::new() };
    ui.line(&format!("    {at:>7}  {}  {what}{tail}", id_of(entry.record)));
}

fn differences(between: &str, found: &[Difference], ui: &Ui) {
    if found.is_empty() {
        return;
    }
    heading(&format!("returns-difference-{between}"), ui);
    for difference in found {
        match difference {
            Difference::Removed { record, before } => whole(between, "removed", *record, before, ui),
            Difference::Added { record, after } => whole(between, "added", *record, after, ui),
            Difference::Changed { record, after, items, .. } => {
                for item in items {
                    changed(between, *record, after.nth, item, ui);
                }
            }
        }
    }
}

fn whole(
    between: &str,
    change: &str,
    record: Option<RecordId>,
    at: &rezept_returns::compare::RecordAt,
    ui: &Ui,
) {
    let bytes = || ui.reveals().then(|| shown_text(&text::decode(&at.bytes.0)));
    let (before, after) = if change == "removed" { (bytes(), None) } else { (None, bytes()) };
    ui.object(&DifferenceObject {
        between,
        change,
        record: id_of(record),
        nth: at.nth,
        item: None,
        name: None,
        before,
        after,
    });
    let sign = if change == "removed" { "-" } else { "+" };
    let shown = bytes().unwrap_or_default();
    ui.line(&format!("    {sign} {}[{}] {shown}", id_of(record), at.nth));
}

fn changed(between: &str, record: Option<RecordId>, nth: usize, item: &ItemDifference, ui: &Ui) {
    let value = |raw: &text::RawText| ui.reveals().then(|| shown_text(&text::decode(&raw.0)));
    let (before, after) = (value(&item.before), value(&item.after));
    let name = item.ja.unwrap_or_default();
    let values = match (&before, &after) {
        (Some(before), Some(after)) => format!("{before} → {after}"),
        _ => ui.say("value-hidden", &[]),
    };
    ui.line(&format!("    {}[{nth}] {} {name}: {values}", id_of(record), item.number));
    ui.object(&DifferenceObject {
        between,
        change: "changed",
        record: id_of(record),
        nth,
        item: Some(item.number),
        name: item.name,
        before,
        after,
    });
}
