//! One returned claim in a line, or as an object. Names are shown only with `--reveal`.

use rezept_claim::{codes, text};
use rezept_journal::{Journal, ReturnFilter, ReturnedClaimRow, ReturnedReason};
use rezept_service::Problem;

use crate::json::{ReasonObject, ReturnedClaimObject};
use crate::report::Failure;
use crate::shown::shown_text;
use crate::ui::{Tone, Ui};

/// A failure of the journal.
pub fn failed(error: rezept_journal::JournalError) -> Failure {
    Failure::from(Problem::from(&error))
}

/// So many claims are in memory at once.
const PAGE: u32 = 1000;

/// Hands every claim that a filter lets pass to `each`, page by page, so that a long list needs no more room than a short
/// one. Returns how many they were.
///
/// # Errors
/// When the journal does not answer, and what `each` returns.
pub fn each(
    journal: &Journal,
    filter: &ReturnFilter,
    each: &mut dyn FnMut(&ReturnedClaimRow) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let mut page = filter.clone();
    let mut seen = 0u64;
    loop {
        let left = filter.limit.map(|limit| u64::from(limit).saturating_sub(seen));
        page.limit = Some(left.map_or(PAGE, |left| u32::try_from(left).unwrap_or(PAGE).min(PAGE)));
        let rows = journal.returned_claims(&page).map_err(failed)?;
        let Some(last) = rows.last() else { return Ok(seen) };
        page.after_id = last.id;
        for row in &rows {
            each(row)?;
        }
        seen += rows.len() as u64;
    }
}

/// Whether the claim is still to be sent and its day is past.
pub fn is_overdue(row: &ReturnedClaimRow, today: &str) -> bool {
    row.state.is_open() && row.superseded_by.is_none() && row.due.as_deref().is_some_and(|due| due < today)
}

/// A reason's text: its own, else that of its code where it is public.
pub fn reason_text(reason: &ReturnedReason) -> String {
    let own = text::decode(&reason.text);
    if !own.trim().is_empty() {
        return shown_text(own.trim());
    }
    let code = reason.code.as_deref().unwrap_or_default();
    let table = codes::table("reason_code_sah").and_then(|table| table.get(code.as_bytes()));
    table.map(|code| code.text.to_owned()).unwrap_or_default()
}

/// Prints a claim of the worklist.
///
/// # Errors
/// When the journal does not answer.
pub fn line(journal: &Journal, row: &ReturnedClaimRow, ui: &Ui) -> Result<(), Failure> {
    let reasons = journal.return_reasons(row.id).map_err(failed)?;
    let object = object(row, &reasons, ui);
    ui.object(&object);
    let overdue = is_overdue(row, &super::today());
    let label = ui.paint(&object.id, if overdue { Tone::Careful } else { Tone::Strong });
    let state = ui.say(&format!("returned-{}", row.state.word()), &[]);
    let payer = ui.say(if row.payer == "1" { "payer-shaho" } else { "payer-kokuho" }, &[]);
    let mut parts = vec![
        label,
        state,
        payer,
        row.service_month.clone(),
        shown_text(&row.chart_no),
        row.points.map_or_else(String::new, |points| ui.say("points", &[("n", points.into())])),
    ];
    if let (true, Some(name)) = (ui.reveals(), &object.name) {
        parts.push(name.clone());
    }
    for reason in &object.reasons {
        parts.push(format!("{} {}", reason.code.unwrap_or_default(), reason.text).trim().to_owned());
    }
    if let Some(due) = &row.due
        && row.state.is_open()
    {
        parts.push(ui.say("returned-due", &[("day", due.into())]));
    }
    if let Some(owner) = &row.owner {
        parts.push(ui.say("returned-owner", &[("name", (&shown_text(owner)).into())]));
    }
    if row.blocked {
        parts.push(ui.paint(&ui.say("returned-blocked", &[("codes", (&row.faults).into())]), Tone::Bad));
    }
    parts.retain(|part| !part.is_empty());
    ui.line(&parts.join("  "));
    Ok(())
}

/// The object of a returned claim. Values of patients only where they are asked for.
pub fn object<'a>(
    row: &'a ReturnedClaimRow,
    reasons: &'a [ReturnedReason],
    ui: &Ui,
) -> ReturnedClaimObject<'a> {
    let name = row.name.as_deref().filter(|_| ui.reveals());
    ReturnedClaimObject {
        id: format!("R{}", row.id),
        search_no: &row.search_no,
        processed_month: &row.processed_month,
        payer: &row.payer,
        receipt_no: row.receipt_no.as_deref(),
        claim_type: row.claim_type.as_deref(),
        service_month: Some(row.service_month.as_str()).filter(|month| !month.is_empty()),
        chart_no: Some(row.chart_no.as_str()).filter(|chart| !chart.is_empty()),
        points: row.points,
        return_kind: row.return_kind.as_deref(),
        return_file: &row.return_file,
        family: &row.family,
        reasons: reasons
            .iter()
            .map(|reason| ReasonObject {
                code: reason.code.as_deref(),
                text: reason_text(reason),
                note: shown_text(&text::decode(&reason.note)),
            })
            .collect(),
        history_lines: row.stretch.history_lines,
        faults: row.faults.split_whitespace().collect(),
        state: row.state.word(),
        owner: row.owner.as_deref(),
        due: row.due.as_deref(),
        previous: row.previous.map(|id| format!("R{id}")),
        superseded_by: row.superseded_by.map(|id| format!("R{id}")),
        name: name.map(|name| shown_text(&text::decode(name))),
    }
}
