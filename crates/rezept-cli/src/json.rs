//! What `--json` prints: one object a line, `{"v":1,"type":...}`. Fields may be added, never renamed or removed; months are
//! `YYYY-MM`, dates `YYYY-MM-DD`, digests lower-case hex.

use serde::Serialize;

/// The version of all objects.
const VERSION: u8 = 1;

/// Something that is printed as an object.
pub trait Object: Serialize {
    /// Its `type`.
    const TYPE: &'static str;
}

#[derive(Serialize)]
struct Line<'a, T> {
    v: u8,
    r#type: &'static str,
    #[serde(flatten)]
    object: &'a T,
}

/// The line of an object, without its end.
pub fn line_of<T: Object>(object: &T) -> String {
    serde_json::to_string(&Line { v: VERSION, r#type: T::TYPE, object })
        .expect("our objects have text keys and no failing parts")
}

/// `error`: as on standard error.
#[derive(Debug, Serialize)]
pub struct ErrorObject<'a> {
    /// The permanent code.
    pub code: &'a str,
    /// The exit code of this alone.
    pub exit: u8,
    /// A path, an id, a line of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<&'a str>,
    /// What happened, in the language of the person.
    pub what: &'a str,
    /// Whether anything was sent.
    pub sent: &'a str,
    /// What to do next.
    pub next: &'a str,
    /// What lies behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'a str>,
}

impl Object for ErrorObject<'_> {
    const TYPE: &'static str = "error";
}

/// `file`: what `show` says of a file. Values that the file does not state are null.
#[derive(Debug, Serialize)]
pub struct FileObject<'a> {
    /// `claim`, `return`, `notice`.
    pub kind: &'a str,
    /// `ika`, `dpc`, `shika`, `chozai`, `houkan`.
    pub family: Option<&'a str>,
    /// `1` (shaho) or `2` (kokuho).
    pub payer: Option<&'a str>,
    /// Two digits.
    pub prefecture: Option<String>,
    /// One digit.
    pub point_table: Option<String>,
    /// Seven digits.
    pub facility: Option<String>,
    /// Month of billing, of processing or of the notice.
    pub month: Option<String>,
    /// Volume mark of the header.
    pub volume: Option<String>,
    /// Claims; a DPC summary and its details are one.
    pub claims: u64,
    /// Payers, as 総件数 counts them.
    pub payers: u64,
    /// Points (訪問看護: yen), as 総合計点数 counts them.
    pub points: u64,
    /// 総件数 of the trailer.
    pub declared_payers: Option<u64>,
    /// 総合計点数 of the trailer.
    pub declared_points: Option<u64>,
    /// Whether the trailer's totals are the counted ones; null where there is nothing to compare.
    pub totals_match: Option<bool>,
    /// `hen` or `sah`, for a return file.
    pub return_kind: Option<&'a str>,
    /// Key of the kind of notice.
    pub notice: Option<&'a str>,
    /// Name under which the file is handed over.
    pub official_name: Option<&'a str>,
    /// Header, trailer and volume marks are there.
    pub complete: bool,
    /// Lines that are not blank.
    pub records: u64,
    /// Bytes.
    pub size: u64,
    /// Of the whole file.
    pub sha256: String,
    /// How many findings there are of each severity, those not printed included.
    pub findings: FindingCounts,
    /// As it was named.
    pub path: String,
}

impl Object for FileObject<'_> {
    const TYPE: &'static str = "file";
}

/// Numbers of findings by severity.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FindingCounts {
    /// The file would be refused.
    #[serde(rename = "F")]
    pub file: u64,
    /// A claim would be refused.
    #[serde(rename = "C")]
    pub claim: u64,
    /// To be confirmed.
    #[serde(rename = "Q")]
    pub confirm: u64,
    /// Information.
    #[serde(rename = "I")]
    pub info: u64,
}

/// `finding`: something wrong in a file. Only the first of each kind are printed one by one.
#[derive(Debug, Serialize)]
pub struct FindingObject<'a> {
    /// Permanent id of the check.
    pub id: &'a str,
    /// `F`, `C`, `Q`, `I`.
    pub severity: &'a str,
    /// 1-based.
    pub line: u32,
    /// 1-based, the record id being item 1.
    pub item: u16,
    /// 0-based, from the start of the file.
    pub byte: u64,
    /// 1-based, in bytes.
    pub column: u32,
    /// Two letters.
    pub record: Option<String>,
    /// English name of the item.
    pub name: Option<&'a str>,
    /// In which way.
    pub note: &'a str,
    /// What it says, in the language of the person.
    pub message: &'a str,
    /// The value of the item; only with `--reveal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<&'a str>,
}

impl Object for FindingObject<'_> {
    const TYPE: &'static str = "finding";
}

/// `bag`: what `verify` says of a parcel.
#[derive(Debug, Serialize)]
pub struct BagObject {
    /// Whole and undamaged.
    pub valid: bool,
    /// Version of BagIt.
    pub version: Option<String>,
    /// Algorithms of the payload manifests.
    pub algorithms: Vec<String>,
    /// Payload files.
    pub files: u64,
    /// Their bytes together.
    pub size: u64,
    /// What makes it not valid, those not printed included.
    pub errors: usize,
    /// What is to be minded.
    pub warnings: usize,
    /// Errors and warnings that were found and not kept.
    pub left_off: u64,
    /// As it was named.
    pub path: String,
}

impl Object for BagObject {
    const TYPE: &'static str = "bag";
}

/// `bag_problem`: an error or warning of a parcel.
#[derive(Debug, Serialize)]
pub struct BagProblemObject<'a> {
    /// `error` or `warning`.
    pub severity: &'a str,
    /// Which problem.
    pub id: &'a str,
    /// The file or entry in the parcel that it is about.
    pub file: Option<&'a str>,
    /// The tag file that lists it.
    pub listed_in: Option<&'a str>,
    /// 1-based line of `file`.
    pub line: Option<usize>,
    /// What it says, in the language of the person.
    pub message: &'a str,
}

impl Object for BagProblemObject<'_> {
    const TYPE: &'static str = "bag_problem";
}

/// `transfer`: a parcel, outgoing or incoming, and how far it has come.
#[derive(Debug, Serialize)]
pub struct TransferObject {
    /// The id on the medium.
    pub id: String,
    /// Its short name at this station, for `held` and `ledger`.
    pub label: String,
    /// `out` or `in`.
    pub direction: &'static str,
    /// State of design section 6.
    pub state: &'static str,
    /// `L0` to `L4`.
    pub verify_level: &'static str,
    /// The other station.
    pub peer: String,
    /// The medium it was last written to or found on.
    pub medium: Option<String>,
    /// The sender's number.
    pub sequence: u64,
    /// Why it waits or was set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a person let pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<String>,
    /// When it was made or found.
    pub created: String,
    /// Its files.
    pub files: Vec<TransferFile>,
}

impl Object for TransferObject {
    const TYPE: &'static str = "transfer";
}

/// A file of a transfer.
#[derive(Debug, Serialize)]
pub struct TransferFile {
    /// Out: the source. In: where it was delivered, or its path in the parcel until then.
    pub path: String,
    /// Of all bytes.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// State of the file, or of its parcel while it has none of its own.
    pub state: &'static str,
    /// `claim`, `return`, `notice`.
    pub kind: Option<String>,
    /// `1` or `2`.
    pub payer: Option<String>,
    /// Month.
    pub month: Option<String>,
}

/// `held`: something that waits for a person.
#[derive(Debug, Serialize)]
pub struct HeldObject<'a> {
    /// `F12` a file, `P3` a parcel, `A1` an alert.
    pub id: String,
    /// Permanent code of the reason.
    pub reason: &'a str,
    /// Details without a patient's data.
    pub detail: &'a str,
    /// Since when.
    pub since: &'a str,
    /// A path, a parcel's id, a place.
    pub what: &'a str,
    /// The reason, in the language of the person.
    pub message: &'a str,
}

impl Object for HeldObject<'_> {
    const TYPE: &'static str = "held";
}

/// `waiting`: a file in a watched folder that is not yet in a parcel.
#[derive(Debug, Serialize)]
pub struct WaitingObject<'a> {
    /// `F12`.
    pub id: String,
    /// Where it lies.
    pub path: String,
    /// `SEEN`, `STABLE`, `GATED`.
    pub state: &'static str,
    /// Since when.
    pub since: &'a str,
}

impl Object for WaitingObject<'_> {
    const TYPE: &'static str = "waiting";
}

/// `ledger`: an entry of the history.
#[derive(Debug, Serialize)]
pub struct LedgerObject<'a> {
    /// Number, from 1 without gaps.
    pub seq: u64,
    /// When.
    pub at: &'a str,
    /// Who.
    pub actor: &'a str,
    /// About what.
    pub subject: &'a str,
    /// State before.
    pub from: &'a str,
    /// State after, or what happened.
    pub to: &'a str,
    /// Details.
    pub note: &'a str,
    /// Hash over the entry and the hash before.
    pub hash: String,
}

impl Object for LedgerObject<'_> {
    const TYPE: &'static str = "ledger";
}

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
    /// Entries that were shown to another station and are no longer there.
    pub unmet: Vec<u64>,
    /// Files and parcels whose state is not what the history says.
    pub astray: Vec<String>,
}

impl Object for AuditObject {
    const TYPE: &'static str = "audit";
}

/// `check`: one line of `doctor`.
#[derive(Debug, Serialize)]
pub struct CheckObject<'a> {
    /// What was looked at.
    pub name: &'a str,
    /// `ok`, `warning`, `error`.
    pub verdict: &'a str,
    /// A path, a type, a number. Never a patient's data.
    pub detail: &'a str,
    /// Permanent code, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a str>,
}

impl Object for CheckObject<'_> {
    const TYPE: &'static str = "check";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_type_come_first() {
        let error = ErrorObject {
            code: "RZ-F101",
            exit: 3,
            place: None,
            what: "a",
            sent: "b",
            next: "c",
            detail: None,
        };
        assert_eq!(
            line_of(&error),
            r#"{"v":1,"type":"error","code":"RZ-F101","exit":3,"what":"a","sent":"b","next":"c"}"#
        );
    }
}
