//! `rezept audit`: proves that the history is whole, and that it still contains every entry that was shown to another station
//! or that another station says it holds; writes it down for an inspector.

mod export;
mod form;
mod prove;

use rezept_journal::{ChainReport, Checkpoint, Held, Journal, JournalResult, Keeper, Unmet};
use rezept_parcel::{Digest, Header};
use rezept_service::Problem;

use crate::cli::{AuditCommand, Global};
use crate::commands::station;
use crate::json::{AuditObject, UnmetObject};
use crate::report::{Failure, Report};
use crate::ui::{Tone, Ui};
use rezept_codes::{Code, Exit};

/// So many wrong entries and rows are listed for people; `--json` has all.
const LISTED: usize = 20;

/// Runs the command.
///
/// # Errors
/// When the journal or an exported history cannot be read.
pub fn run(command: &AuditCommand, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    match command {
        AuditCommand::Verify(args) => match &args.export {
            Some(path) => prove::run(path, ui),
            None => verify(global, ui),
        },
        AuditCommand::Export(args) => export::run(args, global, ui),
    }
}

/// A broken history ends with exit 6.
fn verify(global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    let chain = follow(&journal).map_err(|error| Problem::from(&error))?;
    ui.object(&object(&chain));
    if chain.is_sound() {
        let line = ui.say("audit-sound", &[("n", chain.entries.into())]);
        ui.line(&ui.paint(&line, Tone::Good));
        if chain.elsewhere > 0 {
            ui.line(&ui.say("audit-elsewhere", &[("n", chain.elsewhere.into())]));
        }
        ui.line(&format!("SHA-256 {}", Digest(chain.head.hash)));
        return Ok(Exit::Ok);
    }
    let wrong = sentences(&chain, ui);
    wrong.iter().take(LISTED).for_each(|line| ui.line(line));
    if let Some(more) = wrong.len().checked_sub(LISTED).filter(|more| *more > 0) {
        ui.line(&ui.say("audit-more", &[("n", (more as u64).into())]));
    }
    let broken = Report::new(Code::AuditBroken).at(first_wrong(&chain));
    ui.report(&broken);
    Ok(broken.exit())
}

/// Looks at every page of the journal, which opening a large one does not, and follows the whole history.
///
/// # Errors
/// When the journal cannot be read.
pub fn follow(journal: &Journal) -> JournalResult<ChainReport> {
    journal.check_every_page()?;
    journal.verify_chain(&in_headers(journal)?)
}

/// Every checkpoint that left this station in a header.
fn in_headers(journal: &Journal) -> JournalResult<Vec<Checkpoint>> {
    let parcels = journal.parcels_in(rezept_journal::Direction::Out, rezept_journal::ParcelState::ALL)?;
    let headers = parcels.iter().filter_map(|parcel| Header::parse(&parcel.header).ok());
    Ok(headers.map(|header| Checkpoint { seq: header.audit.sequence, hash: header.audit.hash.0 }).collect())
}

/// The first entry with which something is wrong, or else the first row.
pub fn first_wrong(chain: &ChainReport) -> String {
    match (chain.first_wrong(), chain.astray.first()) {
        (Some(entry), _) => format!("#{entry}"),
        (None, row) => row.cloned().unwrap_or_default(),
    }
}

/// What is wrong, entry by entry.
fn sentences(chain: &ChainReport, ui: &Ui) -> Vec<String> {
    let broken =
        chain.broken_at.map(|entry| ui.say("audit-broken-at", &[("entry", entry.to_string().into())]));
    let unmet = chain.unmet.iter().map(|unmet| {
        let entry = unmet.point.seq.to_string();
        let keepers: Vec<String> = unmet.keepers.iter().map(|keeper| keeper_words(keeper, ui)).collect();
        let who = keepers.join(" / ");
        match unmet.held {
            Held::Shorter { last } => {
                let args = [("entry", entry.into()), ("who", who.into()), ("last", last.to_string().into())];
                ui.say("audit-unmet-missing", &args)
            }
            Held::Other | Held::Same => {
                ui.say("audit-unmet-other", &[("entry", entry.into()), ("who", who.into())])
            }
        }
    });
    let astray = chain.astray.iter().map(|row| ui.say("audit-astray", &[("row", row.into())]));
    broken.into_iter().chain(unmet).chain(astray).collect()
}

fn keeper_words(keeper: &Keeper, ui: &Ui) -> String {
    match keeper {
        Keeper::GivenTo(peer) => ui.say("audit-given-to", &[("peer", peer.into())]),
        Keeper::HeldBy(peer) => ui.say("audit-held-by", &[("peer", peer.into())]),
        Keeper::Header => ui.say("audit-in-header", &[]),
    }
}

fn object(chain: &ChainReport) -> AuditObject {
    AuditObject {
        sound: chain.is_sound(),
        entries: chain.entries,
        head: Digest(chain.head.hash).to_string(),
        broken_at: chain.broken_at,
        elsewhere: chain.elsewhere,
        unmet: chain.unmet.iter().map(|unmet| unmet.point.seq).collect(),
        unmet_elsewhere: chain.unmet.iter().map(unmet_object).collect(),
        astray: chain.astray.clone(),
    }
}

fn unmet_object(unmet: &Unmet) -> UnmetObject {
    let mut object = UnmetObject {
        entry: unmet.point.seq,
        sha256: Digest(unmet.point.hash).to_string(),
        here: if matches!(unmet.held, Held::Shorter { .. }) { "missing" } else { "other" },
        given_to: Vec::new(),
        held_by: Vec::new(),
        in_header: false,
    };
    for keeper in &unmet.keepers {
        match keeper {
            Keeper::GivenTo(peer) => object.given_to.push(peer.clone()),
            Keeper::HeldBy(peer) => object.held_by.push(peer.clone()),
            Keeper::Header => object.in_header = true,
        }
    }
    object
}
