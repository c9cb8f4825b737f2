//! Objects about registered media, and about what was on a lost one. Hashes and counts, never a patient's data.

use serde::Serialize;

use super::Object;

/// `medium`: a registered medium.
#[derive(Debug, Serialize)]
pub struct MediumObject<'a> {
    /// The id in its id file.
    pub id: &'a str,
    /// `M1`.
    pub number: String,
    /// What people call it.
    pub label: &'a str,
    /// Who answers for it.
    pub owner: &'a str,
    /// `genpi`, `hi`, `kokai`.
    pub class: &'static str,
    /// `here`, `out`, `lost`, `retired`.
    pub state: &'static str,
    /// Since when.
    pub since: &'a str,
    /// Since when it is registered.
    pub registered: &'a str,
    /// Name of its file system, where known.
    pub volume_label: Option<&'a str>,
    /// Serial number of the device, where known.
    pub serial: Option<&'a str>,
    /// Who took it out, if it is out.
    pub out: Option<MediumOut<'a>>,
    /// Parcels that stand on it.
    pub parcels: usize,
    /// How many of them anybody can read.
    pub readable: usize,
}

impl Object for MediumObject<'_> {
    const TYPE: &'static str = "medium";
}

/// A medium that somebody took out.
#[derive(Debug, Serialize)]
pub struct MediumOut<'a> {
    /// Who.
    pub by: &'a str,
    /// What for.
    pub purpose: &'a str,
    /// `YYYY-MM-DD`.
    pub due: &'a str,
    /// Whether that day is over.
    pub overdue: bool,
}

/// `medium-content`: what stands on a medium, as far as this station wrote or saw it.
#[derive(Debug, Serialize)]
pub struct MediumContentObject<'a> {
    /// The id in its id file.
    pub id: &'a str,
    /// `M1`.
    pub number: String,
    /// Parcels that stand on it.
    pub parcels: Vec<MediumParcel<'a>>,
    /// Files in them.
    pub files: usize,
    /// Claims in them, as far as this station counted them.
    pub claims: u64,
    /// Parcels that anybody can read.
    pub readable: usize,
    /// Parcels that stood on it readable and were removed: with special tools they may perhaps be read again.
    pub removed_readable: usize,
}

impl Object for MediumContentObject<'_> {
    const TYPE: &'static str = "medium-content";
}

/// A parcel on a medium.
#[derive(Debug, Serialize)]
pub struct MediumParcel<'a> {
    /// The id on the medium.
    pub id: &'a str,
    /// `P3`.
    pub label: String,
    /// `out`, `in`.
    pub direction: &'static str,
    /// The other station.
    pub peer: &'a str,
    /// State in the journal.
    pub state: &'static str,
    /// Whether only its receiver can read it.
    pub sealed: bool,
    /// Since when it stands there.
    pub written: &'a str,
    /// Hash of its header.
    pub header_sha256: String,
    /// Its files.
    pub files: Vec<MediumFile>,
}

/// A file on a medium.
#[derive(Debug, Serialize)]
pub struct MediumFile {
    /// `claim`, `return`, `notice`.
    pub kind: Option<String>,
    /// `1`, `2`.
    pub payer: Option<String>,
    /// `YYYY-MM`.
    pub month: Option<String>,
    /// Claims in it, where counted here.
    pub claims: Option<u64>,
    /// Bytes.
    pub size: u64,
    /// Of its bytes.
    pub sha256: String,
}
