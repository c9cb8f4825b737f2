//! `rezept pair`: exchanging keys with another station. A person compares the code on both screens; without that word, typed
//! here or read from the other screen, nothing is trusted.

use rezept_codes::Code;
use std::path::Path;

use rezept_journal::{Journal, KeyKind, OwnKeyRow, PeerState};
use rezept_service::pairing::{Known, fingerprint};
use rezept_service::{Ask, Config, Outcome, PairAsk, Pairing, Problem};

use crate::cli::{Global, PairAcceptArgs, PairCommand, PairExportArgs, PairRevokeArgs};
use crate::commands::actor::{self, Actor};
use crate::commands::{outcome, station};
use crate::json::{CardObject, OwnKeysObject, PairingObject, PeerObject};
use crate::report::Failure;
use crate::shown::{local_time, shown_text};
use crate::ui::{Tone, Ui};
use rezept_codes::Exit;

/// Runs the command.
///
/// # Errors
/// When the station cannot work, or who acts may not do this.
pub fn run(command: &PairCommand, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let config = station::config(global)?;
    if matches!(command, PairCommand::List) {
        return list(&config, global, ui);
    }
    let actor = actor::acting("pair", &config, global, ui)?;
    let desk = Desk { config: &config, actor: &actor, ui };
    match command {
        PairCommand::Export(args) => desk.export(args),
        PairCommand::Accept(args) => desk.accept(args),
        PairCommand::Revoke(args) => desk.revoke(args),
        PairCommand::Rotate => desk.rotate(),
        PairCommand::List => Ok(Exit::Ok),
    }
}

/// The person at the keyboard of one station.
struct Desk<'a> {
    config: &'a Config,
    actor: &'a Actor,
    ui: &'a Ui,
}

impl Desk<'_> {
    /// Has the work done, and tells what went wrong.
    fn ask(&self, ask: PairAsk) -> Result<(Outcome, Exit), Failure> {
        let done = station::work(self.config, self.actor, &Ask::Pair { ask })?;
        let Some(journal) = station::journal(self.config)? else { return Ok((done, Exit::Internal)) };
        let exit = outcome::tell(&done, &journal, None, self.ui)?;
        Ok((done, exit))
    }

    fn export(&self, args: &PairExportArgs) -> Result<Exit, Failure> {
        let new_keys = args.reason.clone().filter(|_| args.new_keys);
        let (done, exit) = self.ask(PairAsk::Export { medium: station::absolute(&args.to), new_keys })?;
        if let Some(path) = &done.card {
            self.ui.object(&CardObject { path, station: self.config.name.as_str() });
            self.ui.line(&self.ui.say("pair-exported", &[("path", shown_text(path).into())]));
            self.ui.note(&self.ui.say("pair-export-next", &[]));
        }
        Ok(exit)
    }

    fn accept(&self, args: &PairAcceptArgs) -> Result<Exit, Failure> {
        let medium = station::absolute(&args.from);
        let code = match &args.code {
            Some(code) => code.clone(),
            None => match self.compare(&medium, args.peer.as_deref())? {
                Ok(code) => code,
                Err(exit) => return Ok(exit),
            },
        };
        let (peer, why) = (args.peer.clone(), args.reason.clone());
        let (done, exit) = self.ask(PairAsk::Accept { medium, peer, code, why })?;
        if let Some(pairing) = &done.pairing {
            self.object(pairing);
            self.ui.line(&self.ui.say("pair-accepted", &[("peer", (&pairing.peer).into())]));
            if pairing.took_recovery {
                self.ui.note(&self.ui.say("pair-took-recovery", &[]));
            }
        }
        Ok(exit)
    }

    /// Shows the code and asks whether the other screen shows the same. `Err` holds the exit code where nothing is to be
    /// pinned.
    fn compare(&self, medium: &Path, peer: Option<&str>) -> Result<Result<String, Exit>, Failure> {
        let ask = PairAsk::Compare { medium: medium.to_owned(), peer: peer.map(str::to_owned) };
        let (done, exit) = self.ask(ask)?;
        let Some(pairing) = done.pairing else { return Ok(Err(exit)) };
        self.show(&pairing);
        let answer = self.ui.ask(&self.ui.say("pair-question", &[("peer", (&pairing.peer).into())]));
        let refused = match answer.map(|answer| says_yes(&answer)) {
            Some(true) => return Ok(Ok(pairing.code)),
            Some(false) => Code::PairCodeDiffers,
            None => Code::PairCodeNeeded,
        };
        if refused == Code::PairCodeNeeded {
            self.object(&pairing);
        }
        let report = crate::report::of_station(&Problem::new(refused, &pairing.peer, ""));
        self.ui.report(&report);
        Ok(Err(report.exit()))
    }

    fn show(&self, pairing: &Pairing) {
        let Pairing { peer, code, key, .. } = pairing;
        match pairing.known {
            Known::Changed => self.loud("pair-changed", peer),
            Known::Revoked => self.loud("pair-was-revoked", peer),
            Known::Same => self.ui.note(&self.ui.say("pair-same", &[("peer", peer.into())])),
            Known::New => {}
        }
        self.ui.table(&[
            (self.ui.say("pair-label-peer", &[]), peer.clone()),
            (self.ui.say("pair-label-code", &[]), self.ui.paint(code, Tone::Strong)),
            (self.ui.say("pair-label-key", &[]), key.clone()),
        ]);
    }

    fn loud(&self, id: &str, peer: &str) {
        let line = self.ui.text().get(id, &[("peer", peer.into())]);
        self.ui.note(&self.ui.paint_note(&line, Tone::Bad));
    }

    fn object(&self, pairing: &Pairing) {
        let known = match pairing.known {
            Known::New => "new",
            Known::Same => "same",
            Known::Changed => "changed",
            Known::Revoked => "revoked",
        };
        self.ui.object(&PairingObject {
            peer: &pairing.peer,
            code: &pairing.code,
            key: &pairing.key,
            known,
            pinned: pairing.pinned,
            took_recovery: pairing.took_recovery,
        });
    }

    fn revoke(&self, args: &PairRevokeArgs) -> Result<Exit, Failure> {
        let ask = PairAsk::Revoke { name: args.name.clone(), why: args.reason.clone() };
        let (_, exit) = self.ask(ask)?;
        if exit == Exit::Ok {
            self.ui.note(&self.ui.say("pair-revoked", &[("peer", shown_text(&args.name).into())]));
        }
        Ok(exit)
    }

    fn rotate(&self) -> Result<Exit, Failure> {
        let (_, exit) = self.ask(PairAsk::Rotate)?;
        if exit == Exit::Ok {
            self.ui.note(&self.ui.say("pair-rotated", &[]));
        }
        Ok(exit)
    }
}

/// Nothing but a clear yes is one.
fn says_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "ｙ" | "はい")
}

fn list(config: &Config, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    own(config, &journal, ui)?;
    let peers = journal.peers().map_err(failed)?;
    for peer in &peers {
        let key = fingerprint(&peer.keys.signing);
        ui.object(&PeerObject {
            name: &peer.name,
            state: peer.state.word(),
            since: &peer.state_at,
            key: &key,
            opening_key: &peer.keys.opening,
            opening_since: &peer.opening_at,
            recovery: peer.keys.recovery.is_some(),
        });
        let (state, tone) = match peer.state {
            PeerState::Paired => ("pair-state-paired", Tone::Good),
            PeerState::Revoked => ("pair-state-revoked", Tone::Careful),
        };
        let opening = ui.say("pair-opening", &[("day", local_time(&peer.opening_at).into())]);
        ui.line(&format!(
            "{}  {}  {}  {key}  {opening}",
            ui.paint(&peer.name, Tone::Strong),
            ui.paint(&ui.text().get(state, &[]), tone),
            local_time(&peer.state_at),
        ));
    }
    if peers.is_empty() {
        ui.note(&ui.say("pair-none", &[]));
    }
    Ok(Exit::Ok)
}

/// The keys of this station, so that they can be compared on the phone.
fn own(config: &Config, journal: &Journal, ui: &Ui) -> Result<(), Failure> {
    let keys = journal.own_keys().map_err(failed)?;
    let current = |kind: KeyKind| -> Option<&OwnKeyRow> {
        let in_use = |key: &&OwnKeyRow| key.superseded_at.is_none() && key.destroyed_at.is_none();
        keys.iter().rev().filter(in_use).find(|key| key.kind == kind)
    };
    let (signing, opening) = (current(KeyKind::Signing), current(KeyKind::Opening));
    let recovery = current(KeyKind::Recovery);
    let key = signing.map(|key| fingerprint(&key.public));
    ui.object(&OwnKeysObject {
        station: config.name.as_str(),
        key: key.as_deref(),
        signing_key: signing.map(|key| key.public.as_str()),
        opening_key: opening.map(|key| key.public.as_str()),
        opening_since: opening.map(|key| key.made_at.as_str()),
        recovery_key: recovery.map(|key| key.public.as_str()),
    });
    let Some(key) = key else { return Ok(()) };
    let since = opening.map(|key| local_time(&key.made_at)).unwrap_or_default();
    let opening = ui.say("pair-opening", &[("day", since.into())]);
    let own = ui.say("pair-own", &[]);
    ui.line(&format!("{}  {own}  {key}  {opening}", ui.paint(config.name.as_str(), Tone::Strong)));
    if recovery.is_none() {
        ui.note(&ui.say("pair-no-recovery", &[]));
    }
    Ok(())
}

fn failed(error: rezept_journal::JournalError) -> Failure {
    Problem::from(&error).into()
}

#[cfg(test)]
mod tests {
    use super::says_yes;

    #[test]
    fn only_a_clear_yes_is_one() {
        for yes in ["y", "Y\n", " yes ", "はい", "Ｙ"] {
            assert!(says_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n", "no", "いいえ", "yesterday", "1234-5678-9012"] {
            assert!(!says_yes(no), "{no:?}");
        }
    }
}
