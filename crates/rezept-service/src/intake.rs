//! What the service says to the receiving engine: from whom parcels may come, which inbox takes what, and whether a
//! content may be delivered without a person.

use rezept_claim::PrintKey;
use rezept_codes::Code;
use std::collections::HashMap;
use std::io::Read;

use rezept_journal::{ArrivedContent, DecisionRow, Journal, ParcelRow, ParcelState, ReasonRow, Timestamp};
use rezept_rules::{Evidence, GateQuestion, GateReason, Known, Purpose, Relation, RouteKind, Side, gate};
use rezept_transfer::volume::{EntryKind, RelPath, Verb, Volume, VolumeError};
use rezept_transfer::{
    Digest, Intake, Judged, Replaced, SaidOf, Staged, StationName, ToRegister, TransferError, aside_places,
    read_hashed,
};

use crate::config::Config;
use crate::examine::{Examined, NotExamined, Seen, examine, see};
use crate::gate::{purpose_of, scan_hold, to_row};
use crate::leave::Asked;
use crate::print_key::{StationPrintKey, print_key};
use crate::register;
use crate::scanner::{Said, ScanError};

/// The intake of a station.
pub(crate) struct StationIntake<'a> {
    config: &'a Config,
    scanner: Option<Asked<'a>>,
    /// The key under which claims are printed; `None` where it cannot be read, which keeps a station from starting.
    print_key: Option<StationPrintKey>,
    /// What the files of this turn said while they were proved, by their places.
    seen: HashMap<String, Seen>,
}

impl<'a> StationIntake<'a> {
    pub(crate) fn new(config: &'a Config, now: Timestamp) -> Self {
        let scanner = config.scanner.as_ref().map(|scanner| Asked::new(scanner, now));
        let print_key = print_key(&config.data).ok();
        Self { config, scanner, print_key, seen: HashMap::new() }
    }

    /// What a file says: as it was seen while it was proved, or read again, with prints where a key is given.
    fn examined(&self, file: &Staged<'_>, key: Option<&PrintKey>) -> Result<Examined, TransferError> {
        let seen = match self.seen.get(&place_of(file)) {
            Some(seen) => seen.still(file.volume, file.path, file.sha256)?,
            None => None,
        };
        match seen.map_or_else(|| examine(file.volume, file.path, key), Ok) {
            Ok(examined) => Ok(examined),
            Err(NotExamined::Volume(error)) => Err(error.into()),
            Err(NotExamined::Changed | NotExamined::NotAFile(_)) => {
                Err(TransferError::ReadBackDiffers { place: place_of(file) })
            }
        }
    }

    /// What the scanner says of a file that arrived; `None` where none is configured, and where the file was judged before
    /// and only its place is asked for.
    fn scan(&mut self, parcel: &ParcelRow, file: Staged<'_>) -> Result<Option<Said>, TransferError> {
        let Some(asked) = self.scanner.as_mut().filter(|_| parcel.state == ParcelState::Copied) else {
            return Ok(None);
        };
        let place = place_of(&file);
        match asked.of(file.volume, file.path, &file.sha256) {
            Ok(said) => Ok(Some(said)),
            Err(ScanError::Changed) => Err(TransferError::ReadBackDiffers { place }),
            Err(ScanError::Source(source)) => Err(VolumeError { verb: Verb::Read, place, source }.into()),
        }
    }
}

impl Intake for StationIntake<'_> {
    fn knows(&self, sender: &StationName) -> bool {
        self.config.peers().any(|peer| peer == sender)
    }

    fn inbox_for(&self, kind: &str) -> Option<String> {
        let kind: RouteKind = kind.parse().ok()?;
        let inbox = self.config.inboxes.iter().find(|inbox| inbox.accept.contains(&kind))?;
        Some(inbox.folder.to_string_lossy().into_owned())
    }

    fn look(&mut self, file: &Staged<'_>, from: &mut dyn Read) {
        let key = self.print_key.as_ref().map(|key| &key.key);
        self.seen.extend(see(file.volume, file.path, from, key).map(|seen| (place_of(file), seen)));
    }

    fn register(&mut self, file: &Staged<'_>) -> Result<Option<ToRegister>, TransferError> {
        let Some(StationPrintKey { key, id }) = self.print_key.clone() else { return Ok(None) };
        let mut examined = self.examined(file, Some(&key))?;
        if let Some(seen) = self.seen.get_mut(&place_of(file)) {
            examined.prints = seen.take_prints();
        }
        let accept: Vec<RouteKind> = file.claimed_kind.parse().into_iter().collect();
        let shown = examined.shown(file.official_name, &self.config.facility, &accept);
        let purpose = purpose_of(file.said.purpose.as_deref());
        let to_note = examined.take_note(shown.described.as_ref(), &purpose, id);
        Ok(to_note.map(|to_note| ToRegister { content: to_note.content, claims: to_note.claims }))
    }

    fn judge(
        &mut self,
        journal: &Journal,
        parcel: &ParcelRow,
        ordinal: u32,
        file: Staged<'_>,
    ) -> Result<Judged, TransferError> {
        let scanned = self.scan(parcel, file)?;
        let examined = self.examined(&file, None)?;
        let accept: Vec<RouteKind> = file.claimed_kind.parse().into_iter().collect();
        let shown = examined.shown(file.official_name, &self.config.facility, &accept);
        let purpose = purpose_of(file.said.purpose.as_deref());
        let mut content = examined.content(shown.described.as_ref());
        if !purpose.is_of_the_month() {
            content.identity = None;
        }
        let arrived =
            journal.arrived_before((parcel.row, ordinal), &file.sha256, content.identity.as_deref())?;
        let mut known = known_here(&arrived, &file.sha256);
        let own = (&file.sha256, content.identity.as_deref());
        let goes = |sha256: &[u8; 32]| journal.what_arrived(sha256);
        known.extend(register::known_by_claims(journal, own, &goes)?);
        let (scan, remark) = match scanned {
            None | Some(Said::Clean) => (None, None),
            Some(Said::Passed(reason)) => {
                (None, Some(format!("not scanned: {} {}", reason.code, reason.detail)))
            }
            Some(Said::Hold(reason)) => (scan_hold(&reason), None),
        };
        let reasons = gate(&GateQuestion {
            content: &shown.reasons,
            purpose: &purpose,
            known: &known,
            refused: &[],
            scan: scan.as_ref(),
            approval: None,
            side: Side::Receiver,
        });
        let decided = journal.decisions_about(&file.sha256)?;
        let mut reasons: Vec<ReasonRow> = reasons
            .iter()
            .map(|reason| covered(reason, shown.reasons.contains(reason), &decided, file.said))
            .collect();
        let mut replaces = None;
        if let Purpose::Correction(earlier) = &purpose {
            match earlier_file(&arrived, earlier, &file)? {
                Earlier::Unknown => {}
                Earlier::Stands(replaced) => replaces = Some(replaced),
                Earlier::Taken => {
                    let evidence = Evidence::of([Digest(*earlier).to_string()]);
                    let reason = GateReason { code: Code::CorrectionWaits, evidence, detail: String::new() };
                    reasons.push(covered(&reason, false, &decided, file.said));
                }
            }
        }
        let folder = shown.described.map_or_else(|| "unknown".to_owned(), |described| described.folder);
        let folder = match purpose {
            Purpose::Resubmission => format!("{folder}/{RESUBMISSIONS}"),
            Purpose::Trial => format!("{folder}/{TRIALS}"),
            Purpose::Month | Purpose::Part | Purpose::Correction(_) => folder,
        };
        let purpose = file.said.purpose.clone();
        Ok(Judged { content, folder, purpose, reasons, replaces, remark })
    }
}

/// The folder beside the month's file for returned claims that are billed again.
pub(crate) const RESUBMISSIONS: &str = "再請求";

/// The folder beside the month's file for what is sent to be tried only.
pub(crate) const TRIALS: &str = "確認試験";

/// What became here of the file that a corrected one takes the place of.
enum Earlier {
    /// It never came here, or was set aside already.
    Unknown,
    /// It stands where it was put, unchanged.
    Stands(Replaced),
    /// Staff have taken it, or changed it.
    Taken,
}

/// Looks for the file that a corrected one takes the place of. It was delivered here by another parcel.
fn earlier_file(
    arrived: &[ArrivedContent],
    earlier: &[u8; 32],
    file: &Staged<'_>,
) -> Result<Earlier, TransferError> {
    let delivered = arrived.iter().rfind(|one| one.sha256 == *earlier);
    let Some((inbox, place)) =
        delivered.and_then(|one| Some((one.inbox.as_ref()?, one.destination.as_ref()?)))
    else {
        return Ok(Earlier::Unknown);
    };
    if *inbox != file.volume.root() {
        // The inbox is another one by now: nobody can tell from here what became of the file.
        return Ok(Earlier::Taken);
    }
    if holds(file.volume, place, earlier)? {
        let replaced = Replaced { inbox: inbox.clone(), place: place.clone(), sha256: *earlier };
        return Ok(Earlier::Stands(replaced));
    }
    for aside in aside_places(place) {
        let Some(path) = RelPath::new(&aside) else { break };
        if file.volume.stat(&path)?.is_none() {
            break;
        }
        if holds(file.volume, &aside, earlier)? {
            return Ok(Earlier::Unknown);
        }
    }
    Ok(Earlier::Taken)
}

/// Whether exactly these bytes stand at a place of a volume.
fn holds(volume: &dyn Volume, place: &str, sha256: &[u8; 32]) -> Result<bool, TransferError> {
    let Some(path) = RelPath::new(place) else { return Ok(false) };
    if volume.stat(&path)?.is_none_or(|meta| meta.kind != EntryKind::File) {
        return Ok(false);
    }
    let mut from = volume.open(&path)?;
    let read = read_hashed(&mut *from, |from| std::io::copy(from, &mut std::io::sink()));
    let at = || format!("{}/{place}", volume.root());
    let (_, digest, _) = read.map_err(|source| VolumeError { verb: Verb::Read, place: at(), source })?;
    Ok(digest.0 == *sha256)
}

/// What arrived before, as the gate asks for it.
fn known_here(arrived: &[ArrivedContent], sha256: &[u8; 32]) -> Vec<Known> {
    let relation = |one: &ArrivedContent| match one.sha256 == *sha256 {
        true => Relation::Same,
        false => Relation::Identity(None),
    };
    let known = arrived.iter().map(|one| Known {
        occurrence: one.parcel_id.clone(),
        label: format!("P{}", one.parcel),
        sha256: one.sha256,
        relation: relation(one),
    });
    known.collect()
}

/// A reason as it is stored. It is answered by a decision of this station, or by one of the sender for the same question;
/// what an older program let pass counts only for what the content shows by itself.
fn covered(reason: &GateReason, alone: bool, decided: &[DecisionRow], said: &SaidOf) -> ReasonRow {
    let mut row = to_row(reason, alone, decided);
    row.covered |= reason.code.travels()
        && said.decisions.iter().any(|decision| {
            let evidence = decision.evidence.parse().unwrap_or_default();
            decision.code.known().is_some_and(|code| reason.is_covered_by(code, &evidence))
        });
    row.covered |= alone && reason.code.travels() && said.released.iter().any(|code| *code == reason.code);
    row
}

fn place_of(file: &Staged<'_>) -> String {
    format!("{}/{}", file.volume.root(), file.path)
}
