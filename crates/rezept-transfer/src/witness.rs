//! The other station as a witness: what a header or an acknowledgement says of the two histories, and what is said of them
//! in those of this station. Refuses nothing: a contradiction becomes an alert.

use rezept_codes::Code;
use rezept_journal::{Checkpoint, Reason};
use rezept_parcel::{AuditCheckpoint, Digest};

use crate::engine::Engine;
use crate::error::TransferResult;

fn point_of(line: &AuditCheckpoint) -> Checkpoint {
    Checkpoint { seq: line.sequence, hash: line.hash.0 }
}

impl Engine<'_> {
    /// What to tell a station that this one holds of its history; `shown`: the line in the header that is answered. Nothing to
    /// a station that is not paired: what nobody signed proves nothing.
    pub(crate) fn witness_line(
        &self,
        peer: &str,
        shown: Option<&AuditCheckpoint>,
    ) -> TransferResult<Option<AuditCheckpoint>> {
        let point = self.journal.witness_for(peer, shown.map(point_of))?;
        Ok(point.map(|point| AuditCheckpoint { sequence: point.seq, hash: Digest(point.hash) }))
    }

    /// Takes what a header or an acknowledgement says: `audit` of its writer's history, `witness` of this station's, which
    /// counts only from a station that is paired and has signed it.
    pub(crate) fn take_witness(
        &mut self,
        peer: &str,
        audit: &AuditCheckpoint,
        witness: Option<&AuditCheckpoint>,
    ) -> TransferResult<()> {
        if !self.journal.witness(peer, point_of(audit))? {
            let reason = Reason::new(Code::PeerHistory, format!("entry {}", audit.sequence));
            self.journal.raise(&reason, peer)?;
        }
        if let Some(line) = witness
            && self.trust(peer)?.is_paired()
        {
            self.journal.peer_holds(peer, point_of(line))?;
        }
        Ok(())
    }
}
