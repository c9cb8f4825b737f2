//! What the service says to the receiving engine: from whom parcels may come, which inbox takes what, and whether a
//! content may be delivered without a person.

use rezept_journal::{Journal, JournalResult, ParcelRow, Reason};
use rezept_rules::{Refusal, RouteKind};
use rezept_transfer::{Intake, Judged, Staged, StationName, TransferError};

use crate::config::Config;
use crate::examine::{NotExamined, examine};
use crate::problem;

/// The intake of a station.
pub(crate) struct StationIntake<'a> {
    pub config: &'a Config,
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

    fn judge(
        &mut self,
        journal: &Journal,
        parcel: &ParcelRow,
        file: Staged<'_>,
    ) -> Result<Judged, TransferError> {
        let examined = match examine(file.volume, file.path) {
            Ok(examined) => examined,
            Err(NotExamined::Volume(error)) => return Err(error.into()),
            Err(NotExamined::Changed | NotExamined::NotAFile(_)) => {
                return Err(TransferError::ReadBackDiffers {
                    place: format!("{}/{}", file.volume.root(), file.path),
                });
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
        Ok(Judged { content, folder, hold })
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
        return Ok(Some(Reason::new(problem::ARRIVED_BEFORE, format!("P{}", earlier.row))));
    }
    if let Some(earlier) = journal.delivered_before(parcel.row, sha256, identity)?.first() {
        return Ok(Some(Reason::new(problem::OTHER_ARRIVED, format!("P{}", earlier.row))));
    }
    Ok(None)
}
