//! Whom this station trusts, and what a signature on the medium is worth. Once a station is paired, nothing from it counts
//! without its signature, whatever else is right with it.

use rezept_journal::{KeyKind, PeerState};
use rezept_parcel::keys::SIGNATURE_MAX_BYTES;
use rezept_parcel::{OpeningKey, Recipient, VerifyingKey};

use crate::engine::{Engine, entry, read_small};
use crate::error::{TransferError, TransferResult};
use crate::volume::{EntryKind, FailureKind, RelPath, Volume};

/// What is known of another station.
pub(crate) enum Trust {
    /// Nobody compared keys: it is known by its name only.
    Unpaired,
    /// A person compared its keys.
    Paired(Box<PairedPeer>),
    /// A person took the trust back.
    Revoked,
}

/// The keys of a paired station.
pub(crate) struct PairedPeer {
    pub verifying: VerifyingKey,
    pub opening: Recipient,
    recovery: Option<Recipient>,
}

impl Trust {
    pub(crate) fn is_paired(&self) -> bool {
        matches!(self, Self::Paired(_))
    }
}

/// Reads a signature file if it is there. A bad sector under it reads as nothing: what it was to prove
/// is then not proved.
pub(crate) fn read_signature(volume: &dyn Volume, file: &RelPath) -> TransferResult<Option<Vec<u8>>> {
    match volume.stat(file)? {
        Some(meta) if meta.kind == EntryKind::File => {}
        _ => return Ok(None),
    }
    match read_small(volume, file, SIGNATURE_MAX_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), FailureKind::Missing | FailureKind::Device) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Removes a file that may be gone already.
pub(crate) fn remove_if_there(volume: &dyn Volume, file: &RelPath) -> TransferResult<()> {
    match volume.remove_file(file) {
        Err(error) if error.kind() != FailureKind::Missing => Err(error.into()),
        _ => Ok(()),
    }
}

/// The signature file beside a header or an acknowledgement.
pub(crate) fn signature_path(file: &RelPath) -> TransferResult<RelPath> {
    entry(&file.parent(), &format!("{}.minisig", file.file_name()))
}

impl Engine<'_> {
    /// What this station knows of another one.
    pub(crate) fn trust(&self, peer: &str) -> TransferResult<Trust> {
        let Some(row) = self.journal.peer(peer)? else { return Ok(Trust::Unpaired) };
        if row.state == PeerState::Revoked {
            return Ok(Trust::Revoked);
        }
        let stored = |what| TransferError::Stored { what };
        Ok(Trust::Paired(Box::new(PairedPeer {
            verifying: row.keys.signing.parse().map_err(|_| stored("a signing key"))?,
            opening: row.keys.opening.parse().map_err(|_| stored("an opening key"))?,
            recovery: match row.keys.recovery {
                Some(key) => Some(key.parse().map_err(|_| stored("a recovery key"))?),
                None => None,
            },
        })))
    }

    /// For whom something to a paired station is sealed: for it, and for the facility's paper key. Our own facility's, or,
    /// where this station has none, the one that the other station told when it was paired.
    pub(crate) fn recipients(&self, peer: &PairedPeer) -> TransferResult<Vec<Recipient>> {
        let mut to = vec![peer.opening.clone()];
        let own = self
            .journal
            .own_keys()?
            .into_iter()
            .rev()
            .find(|key| key.kind == KeyKind::Recovery && key.superseded_at.is_none());
        match own {
            Some(key) => {
                to.push(key.public.parse().map_err(|_| TransferError::Stored { what: "a recovery key" })?)
            }
            None => to.extend(peer.recovery.clone()),
        }
        Ok(to)
    }

    /// Signs what goes to a paired station.
    ///
    /// # Errors
    /// `NoKeys` when the keys of this station are missing: what is unsigned would be refused.
    pub(crate) fn sign(&self, bytes: &[u8]) -> TransferResult<Vec<u8>> {
        let vault = self.vault.ok_or(TransferError::NoKeys)?;
        Ok(vault.signing().sign(bytes)?)
    }

    /// Every key that may open what arrives.
    pub(crate) fn opening_keys(&self) -> TransferResult<Vec<OpeningKey>> {
        Ok(self.vault.ok_or(TransferError::NoKeys)?.opening_keys())
    }

    /// The key that the others are to use from now on.
    pub(crate) fn announced(&self) -> Option<Recipient> {
        self.vault.map(|vault| vault.newest_opening().recipient())
    }
}
