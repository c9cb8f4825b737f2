//! `rezept resubmit`: the file that answers returned claims, and the look at one that somebody else made.

use rezept_codes::Code;
use std::path::Path;

use rezept_journal::{Journal, ResubmissionRow, ResubmissionState, ReturnFilter, ReturnState, Subject};
use rezept_parcel::Digest;
use rezept_returns::compare::{Answer, Block};
use rezept_service::returns::{Matched, Resubmit, Resubmitted, ReturnsAsk, Seen, match_fresh, verify_file};
use rezept_service::{Ask, Config, Problem};

use crate::cli::{Global, ResubmitArgs, ResubmitCommand, ResubmitVerifyArgs};
use crate::commands::returns::shown::failed;
use crate::commands::{actor, outcome, returns, station};
use crate::json::{AnswerObject, MatchObject, ResubmissionObject, VerifiedFileObject, VerifiedObject};
use crate::report::Failure;
use crate::shown::{shown, shown_text};
use crate::ui::{Tone, Ui};
use rezept_codes::Exit;

/// Runs the command.
///
/// # Errors
/// When the station cannot work, or a file cannot be read.
pub fn run(args: &ResubmitArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    match &args.command {
        None => make(args, global, ui),
        Some(ResubmitCommand::Verify(args)) => verify(args, global, ui),
        Some(ResubmitCommand::List) => list(global, ui),
        Some(ResubmitCommand::Cancel(args)) => {
            let config = station::config(global)?;
            let Ok(Subject::Resubmission(resubmission)) = args.id.parse() else {
                return Err(Problem::new(Code::UnknownId, args.id.clone(), "").into());
            };
            let actor = actor::acting("resubmit", &config, global, ui)?;
            let ask = ReturnsAsk::Cancel { resubmission, reason: args.reason.clone() };
            let done = station::work(&config, &actor, &Ask::Returns { ask })?;
            let Some(journal) = station::journal(&config)? else { return Ok(Exit::Internal) };
            let exit = outcome::tell(&done, &journal, None, ui)?;
            if exit == Exit::Ok {
                ui.note(&ui.say("resubmit-cancelled", &[("n", (done.claims.len() as u64).into())]));
            }
            Ok(exit)
        }
    }
}

fn make(args: &ResubmitArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let config = station::config(global)?;
    let actor = actor::acting("resubmit", &config, global, ui)?;
    let claims = if args.ids.is_empty() { Vec::new() } else { returns::rows(&config, &args.ids)? };
    let wanted = Resubmit {
        payer: args.payer.clone().unwrap_or_default(),
        month: args.month.clone().unwrap_or_default(),
        claims,
        corrected: args.corrected.as_deref().map(station::absolute),
        alone: args.alone,
        as_is: args.reason.clone().filter(|_| args.as_is),
        force: args.reason.clone().filter(|_| args.force),
        out: args.out.as_deref().map(station::absolute),
    };
    if let Some(path) = &wanted.corrected
        && !confirmed(&config, &wanted, path, args.yes, ui)?
    {
        ui.note(&ui.say("resubmit-not-confirmed", &[]));
        return Ok(Exit::Findings);
    }
    let done = station::work(&config, &actor, &Ask::Returns { ask: ReturnsAsk::Resubmit(wanted) })?;
    let Some(journal) = station::journal(&config)? else { return Ok(Exit::Internal) };
    if let Some(made) = &done.resubmission {
        tell(&journal, made, ui)?;
    }
    outcome::tell(&done, &journal, None, ui)
}

/// Shows which claim answers which return. What is certain needs a person's yes before it is queued; a file that is only
/// written into a folder goes nowhere by itself, and can be looked at there.
fn confirmed(config: &Config, wanted: &Resubmit, path: &Path, yes: bool, ui: &Ui) -> Result<bool, Failure> {
    let Some(journal) = station::journal(config)? else { return Ok(true) };
    let rows = if wanted.claims.is_empty() {
        let open = ReturnFilter {
            states: vec![ReturnState::New, ReturnState::InWork, ReturnState::Corrected],
            open_only: true,
            payer: Some(wanted.payer.clone()),
            ..ReturnFilter::default()
        };
        journal.returned_claims(&open).map_err(failed)?.into_iter().filter(|row| !row.blocked).collect()
    } else {
        let rows: Result<Vec<_>, _> = wanted.claims.iter().map(|row| journal.returned_claim(*row)).collect();
        rows.map_err(failed)?
    };
    if rows.is_empty() {
        // The work itself says why.
        return Ok(true);
    }
    let matching = match_fresh(config, &journal, &rows, path)?;
    let mut certain = true;
    for (row, matched) in &matching.returns {
        let (found, claims) = match matched {
            Matched::Certain(claim) => ("certain", vec![*claim]),
            Matched::Doubtful(claims) => ("doubtful", claims.clone()),
            Matched::None => ("none", Vec::new()),
            Matched::Newer => ("newer", Vec::new()),
        };
        certain &= !matches!(matched, Matched::Doubtful(_));
        let numbers: Vec<String> = claims.iter().map(u64::to_string).collect();
        ui.line(&ui.say(
            &format!("match-{found}"),
            &[("id", (&format!("R{row}")).into()), ("claims", (&numbers.join(" ")).into())],
        ));
        ui.object(&MatchObject { id: format!("R{row}"), found, claims });
    }
    if yes || wanted.out.is_some() || !certain {
        // Doubtful ones are refused by the work itself, with what to do.
        return Ok(true);
    }
    Ok(ui
        .ask(&ui.say("resubmit-confirm", &[]))
        .is_some_and(|answer| ["y", "yes", "はい"].contains(&answer.trim().to_lowercase().as_str())))
}

fn object(journal: &Journal, row: &ResubmissionRow, left: &[i64]) -> Result<ResubmissionObject, Failure> {
    let claims = journal.resubmission_claims(row.id).map_err(failed)?;
    let content = &row.content;
    Ok(ResubmissionObject {
        id: format!("B{}", row.id),
        state: row.state.word(),
        month: content.month.clone(),
        payer: content.payer.clone(),
        path: content.place.clone(),
        file: row.file.map(|file| format!("F{file}")),
        claims: content.claims,
        points: content.points,
        size: content.size_bytes,
        sha256: Digest(content.sha256).to_string(),
        returns: claims
            .into_iter()
            .map(|claim| AnswerObject {
                id: claim.claim.map(|id| format!("R{id}")),
                search_no: claim.search_no,
                number: claim.number,
                way: claim.way,
            })
            .collect(),
        left: left.iter().map(|id| format!("R{id}")).collect(),
    })
}

fn print(object: &ResubmissionObject, ui: &Ui) {
    ui.object(object);
    let payer = ui.say(if object.payer == "1" { "payer-shaho" } else { "payer-kokuho" }, &[]);
    let state = ui.say(&format!("resubmission-{}", object.state), &[]);
    let counts = ui.say(
        "resubmit-counts",
        &[
            ("returned", (object.returns.len() as u64).into()),
            ("claims", object.claims.into()),
            ("points", object.points.into()),
        ],
    );
    let id = ui.paint(&object.id, Tone::Strong);
    ui.line(&format!("{id}  {state}  {payer}  {}  {counts}", object.month));
    ui.line(&format!("    {}", shown_text(&object.path)));
    for answer in &object.returns {
        let id = answer.id.clone().unwrap_or_default();
        let way = ui.say(&format!("way-{}", answer.way), &[]);
        ui.line(&format!("    {}: {id}  {}  {way}", answer.number, shown_text(&answer.search_no)));
    }
}

/// Tells of a file that was made.
///
/// # Errors
/// When the journal does not answer.
pub fn tell(journal: &Journal, made: &Resubmitted, ui: &Ui) -> Result<(), Failure> {
    let row = journal.resubmission(made.resubmission).map_err(failed)?;
    let object = object(journal, &row, &made.left)?;
    print(&object, ui);
    for (code, line) in &made.findings {
        ui.note(&ui.say("resubmit-finding", &[("code", code.into()), ("line", u64::from(*line).into())]));
    }
    if !made.left.is_empty() {
        ui.note(&ui.say("resubmit-left", &[("ids", (&object.left.join(" ")).into())]));
    }
    let id = if made.queued.is_some() { "resubmit-queued" } else { "resubmit-written" };
    ui.note(&ui.say(id, &[("path", (&shown(&made.path)).into())]));
    Ok(())
}

fn list(global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    for row in journal.resubmissions_in(ResubmissionState::ALL).map_err(failed)? {
        print(&object(&journal, &row, &[])?, ui);
    }
    Ok(Exit::Ok)
}

/// Exit 1 when something is wrong with the file.
fn verify(args: &ResubmitVerifyArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let config = station::config(global)?;
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    let verified = verify_file(&config, &journal, &station::absolute(&args.file))?;
    let mut sound = true;
    for seen in &verified.seen {
        sound &= answer(seen, ui);
    }
    for finding in &verified.findings {
        let line = u64::from(finding.position.line);
        ui.line(&ui.say("resubmit-finding", &[("code", finding.code.into()), ("line", line.into())]));
        sound &= finding.severity < rezept_claim::Severity::Claim;
    }
    let missing: Vec<String> = verified.missing.iter().map(|id| format!("R{id}")).collect();
    ui.object(&VerifiedFileObject {
        payer: verified.payer.clone(),
        claims: verified.claims,
        resubmissions: verified.resubmissions,
        missing: missing.clone(),
        sound,
    });
    if !missing.is_empty() {
        ui.line(&ui.say("verify-missing", &[("ids", (&missing.join(" ")).into())]));
    }
    let counts = [("claims", verified.claims.into()), ("returned", verified.resubmissions.into())];
    ui.line(&ui.say(if sound { "verify-sound" } else { "verify-unsound" }, &counts));
    Ok(if sound { Exit::Ok } else { Exit::Findings })
}

/// Tells what a claim of the file is. `false` when it must not be sent so.
fn answer(seen: &Seen, ui: &Ui) -> bool {
    let returns: Vec<String> = seen.returns.iter().map(|id| format!("R{id}")).collect();
    let mut object = VerifiedObject {
        number: seen.verdict.number,
        line: seen.verdict.first_line,
        what: "untied",
        history: None,
        offset: None,
        byte: None,
        again: false,
        returns: returns.clone(),
    };
    let (id, sound) = match &seen.verdict.answer {
        Answer::Ordinary => return true,
        Answer::Untied => ("verify-untied", false),
        Answer::DoubleClaim { .. } => {
            object.what = "double-claim";
            ("verify-double", false)
        }
        Answer::Resubmission { block, again, .. } => {
            object.what = "resubmission";
            object.again = *again;
            let (word, id) = match block {
                Block::Same => ("same", "verify-same"),
                Block::Differs { offset, file_byte, .. } => {
                    (object.offset, object.byte) = (Some(*offset), Some(*file_byte));
                    ("differs", "verify-differs")
                }
                Block::Missing => ("missing", "verify-history-missing"),
                Block::Unknown => ("unknown", "verify-unknown"),
            };
            object.history = Some(word);
            (if *again { "verify-again" } else { id }, *block == Block::Same && !again)
        }
    };
    let line = ui.say(
        id,
        &[
            ("number", object.number.into()),
            ("line", u64::from(object.line).into()),
            ("ids", (&returns.join(" ")).into()),
            ("offset", object.offset.unwrap_or_default().into()),
            ("byte", object.byte.unwrap_or_default().into()),
        ],
    );
    ui.object(&object);
    ui.line(&if sound { line } else { ui.paint(&line, Tone::Bad) });
    sound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_its_sentence() {
        for lang in rezept_text::Lang::ALL {
            let text = rezept_text::Text::new(*lang);
            let mut ids: Vec<String> = Vec::new();
            ids.extend(ResubmissionState::ALL.iter().map(|state| format!("resubmission-{state}")));
            ids.extend(ReturnState::ALL.iter().map(|state| format!("returned-{state}")));
            ids.extend(["merge", "edit", "as-is"].map(|way| format!("way-{way}")));
            ids.extend(["certain", "doubtful", "none", "newer"].map(|found| format!("match-{found}")));
            ids.extend(["sent", "corrected"].map(|between| format!("returns-difference-{between}")));
            ids.extend(returns::export::COLUMNS.map(|column| format!("export-{column}")));
            for id in ids {
                assert!(text.has(&id), "{lang} {id}");
            }
        }
    }
}
