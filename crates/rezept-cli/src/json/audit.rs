//! What `--json` prints of the history.

use serde::Serialize;

use super::Object;

/// `audit`: what following the history found.
#[derive(Debug, Serialize)]
pub struct AuditObject {
    /// Nothing was found.
    pub sound: bool,
    /// Entries followed.
    pub entries: u64,
    /// Hash of the last one.
    pub head: String,
    /// The first broken entry.
    pub broken_at: Option<u64>,
    /// Checkpoints of this history that are known to be elsewhere.
    pub elsewhere: u64,
    /// Entries that are known elsewhere and are not here.
    pub unmet: Vec<u64>,
    /// The same, each with where it is.
    pub unmet_elsewhere: Vec<UnmetObject>,
    /// Files and parcels whose state is not what the history says.
    pub astray: Vec<String>,
}

/// One entry that is known elsewhere and is not in this station's history.
#[derive(Debug, Serialize)]
pub struct UnmetObject {
    /// Its number.
    pub entry: u64,
    /// Its hash elsewhere.
    pub sha256: String,
    /// `other`: another entry has this number here. `missing`: the history ends before.
    pub here: &'static str,
    /// Stations to which it was given.
    pub given_to: Vec<String>,
    /// Stations that say, under their signature, that they hold it.
    pub held_by: Vec<String>,
    /// It stands in the header of a parcel that is kept here.
    pub in_header: bool,
}

impl Object for AuditObject {
    const TYPE: &'static str = "audit";
}

/// `audit_export`: the first line of an exported history. Read again by `audit verify --export`.
#[derive(Debug, Serialize)]
pub struct AuditExportObject {
    /// Version of the form of the entries.
    pub format: u64,
    /// When it was made.
    pub exported_at: String,
    /// The station.
    pub station: String,
    /// Its facility.
    pub facility: String,
    /// Number of the first entry.
    pub first: u64,
    /// Number of the last one.
    pub last: u64,
    /// Hash of the entry before the first.
    pub before: String,
}

impl Object for AuditExportObject {
    const TYPE: &'static str = "audit_export";
}

/// `audit_proof`: what following an exported history found.
#[derive(Debug, Serialize)]
pub struct AuditProofObject<'a> {
    /// Nothing was found.
    pub sound: bool,
    /// The station that it names.
    pub station: &'a str,
    /// The facility that it names.
    pub facility: &'a str,
    /// Number of the first entry that it names.
    pub first: u64,
    /// Number of the last one.
    pub last: u64,
    /// Sound entries.
    pub entries: u64,
    /// Hash of the entry before the first.
    pub before: String,
    /// Hash of the last sound one.
    pub head: String,
    /// The first broken entry.
    pub broken_at: Option<u64>,
}

impl Object for AuditProofObject<'_> {
    const TYPE: &'static str = "audit_proof";
}
