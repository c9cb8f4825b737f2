//! What the service says to the receiving engine: from whom parcels may come, which inbox takes what, and whether a
//! content may be delivered without a person.

use rezept_codes::Code;
use std::collections::HashMap;
use std::io::Read;

use rezept_journal::{Journal, JournalResult, ParcelRow, ParcelState, Reason, Timestamp};
use rezept_rules::{Refusal, RouteKind};
use rezept_transfer::volume::{Verb, VolumeError};
use rezept_transfer::{Intake, Judged, Staged, StationName, TransferError};

use crate::config::Config;
use crate::examine::{NotExamined, Seen, examine, see};
use crate::leave::Asked;
use crate::scanner::{Said, ScanError};

/// The intake of a station.
pub(crate) struct StationIntake<'a> {
    config: &'a Config,
    scanner: Option<Asked<'a>>,
    /// What the files of this turn said while they were proved, by their places.
    seen: HashMap<String, Seen>,
}

impl<'a> StationIntake<'a> {
    pub(crate) fn new(config: &'a Config, now: Timestamp) -> Self {
        let scanner = config.scanner.as_ref().map(|scanner| Asked::new(scanner, now));
        Self { config, scanner, seen: HashMap::new() }
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
        self.seen.extend(see(file.volume, file.path, from).map(|seen| (place_of(file), seen)));
    }

    fn judge(
        &mut self,
        journal: &Journal,
        parcel: &ParcelRow,
        file: Staged<'_>,
    ) -> Result<Judged, TransferError> {
        let scanned = self.scan(parcel, file)?;
        let seen = match self.seen.get(&place_of(&file)) {
            Some(seen) => seen.still(file.volume, file.path, file.sha256)?,
            None => None,
        };
        let examined = match seen.map_or_else(|| examine(file.volume, file.path), Ok) {
            Ok(examined) => examined,
            Err(NotExamined::Volume(error)) => return Err(error.into()),
            Err(NotExamined::Changed | NotExamined::NotAFile(_)) => {
                return Err(TransferError::ReadBackDiffers { place: place_of(&file) });
            }
        };
        let accept: Vec<RouteKind> = file.claimed_kind.parse().into_iter().collect();
        let judged = examined.gate(file.official_name, &self.config.facility, &accept);
        let (described, refusal) = match judged {
            Ok(described) => (Some(described), None),
            Err(refused) => (refused.described, Some(refused.refusal)),
        };
        let content = examined.content(described.as_ref());
        let mut hold =
            refusal.filter(|refusal| !(file.released.is_some() && refusal.may_be_released())).map(reason_of);
        if hold.is_none() && file.released.is_none() {
            hold = before(journal, parcel, &file.sha256, content.identity.as_deref())?;
        }
        let folder = described.map_or_else(|| "unknown".to_owned(), |described| described.folder);
        let mut judged = Judged { content, folder, hold, grave: false, remark: None };
        match scanned {
            None | Some(Said::Clean) => {}
            Some(Said::Passed(reason)) => {
                judged.remark = Some(format!("not scanned: {} {}", reason.code, reason.detail));
            }
            Some(Said::Hold(reason)) => hold_by_scanner(&mut judged, reason),
        }
        Ok(judged)
    }
}

fn place_of(file: &Staged<'_>) -> String {
    format!("{}/{}", file.volume.root(), file.path)
}

/// Malware goes before every other reason. That a file was not scanned does not hide another reason: who lets that one pass
/// must see both.
fn hold_by_scanner(judged: &mut Judged, reason: Reason) {
    judged.grave = reason.code == Code::Infected;
    match &mut judged.hold {
        Some(other) if !judged.grave => {
            let both = [other.detail.as_str(), reason.code.as_str()];
            other.detail = both.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ");
        }
        hold => *hold = Some(reason),
    }
}

pub(crate) fn reason_of(refusal: Refusal) -> Reason {
    Reason::new(refusal.code(), refusal.detail())
}

/// Whether the same content, or another content of this identity, was delivered here before.
fn before(
    journal: &Journal,
    parcel: &ParcelRow,
    sha256: &[u8; 32],
    identity: Option<&str>,
) -> JournalResult<Option<Reason>> {
    if let Some(earlier) = journal.delivered_before(parcel.row, sha256, None)?.first() {
        return Ok(Some(Reason::new(Code::PossibleDouble, format!("P{}", earlier.row))));
    }
    if let Some(earlier) = journal.delivered_before(parcel.row, sha256, identity)?.first() {
        return Ok(Some(Reason::new(Code::OtherContentArrived, format!("P{}", earlier.row))));
    }
    Ok(None)
}
