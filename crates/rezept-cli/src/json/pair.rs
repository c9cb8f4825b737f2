//! Objects about keys and other stations. Public halves only.

use serde::Serialize;

use super::Object;

/// `card`: this station's card stands on a medium.
#[derive(Debug, Serialize)]
pub struct CardObject<'a> {
    /// Where.
    pub path: &'a str,
    /// This station.
    pub station: &'a str,
}

impl Object for CardObject<'_> {
    const TYPE: &'static str = "card";
}

/// `pairing`: a comparison of two stations' keys.
#[derive(Debug, Serialize)]
pub struct PairingObject<'a> {
    /// The other station.
    pub peer: &'a str,
    /// The code that both screens must show, `1234-5678-9012`.
    pub code: &'a str,
    /// Fingerprint of the other station's signing key.
    pub key: &'a str,
    /// `new`, `same`, `changed`, `revoked`.
    pub known: &'a str,
    /// Whether its keys are pinned now.
    pub pinned: bool,
    /// Whether its recovery key became this station's too.
    pub took_recovery: bool,
}

impl Object for PairingObject<'_> {
    const TYPE: &'static str = "pairing";
}

/// `peer`: another station whose keys a person compared.
#[derive(Debug, Serialize)]
pub struct PeerObject<'a> {
    /// Its name.
    pub name: &'a str,
    /// `paired` or `revoked`.
    pub state: &'a str,
    /// Since when.
    pub since: &'a str,
    /// Fingerprint of its signing key.
    pub key: &'a str,
    /// The age recipient that it reads with.
    pub opening_key: &'a str,
    /// Since when it reads with that one.
    pub opening_since: &'a str,
    /// Whether its facility has a recovery key.
    pub recovery: bool,
}

impl Object for PeerObject<'_> {
    const TYPE: &'static str = "peer";
}

/// `own_keys`: the keys of this station.
#[derive(Debug, Serialize)]
pub struct OwnKeysObject<'a> {
    /// Its name.
    pub station: &'a str,
    /// Fingerprint of its signing key.
    pub key: Option<&'a str>,
    /// Its signing key, as `minisign -P` takes it.
    pub signing_key: Option<&'a str>,
    /// The age recipient that it reads with.
    pub opening_key: Option<&'a str>,
    /// Since when.
    pub opening_since: Option<&'a str>,
    /// The age recipient of the recovery key.
    pub recovery_key: Option<&'a str>,
}

impl Object for OwnKeysObject<'_> {
    const TYPE: &'static str = "own_keys";
}

/// `recovered`: a file that was opened with the recovery key.
#[derive(Debug, Serialize)]
pub struct RecoveredObject<'a> {
    /// Where it stands now.
    pub path: &'a str,
    /// SHA-256 of its content.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

impl Object for RecoveredObject<'_> {
    const TYPE: &'static str = "recovered";
}

/// `recovery_sheet`: the sheet to be printed.
#[derive(Debug, Serialize)]
pub struct SheetObject<'a> {
    /// Where it lies.
    pub path: &'a str,
    /// The public half of the key on it.
    pub recovery_key: &'a str,
}

impl Object for SheetObject<'_> {
    const TYPE: &'static str = "recovery_sheet";
}
