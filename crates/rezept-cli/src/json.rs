//! What `--json` prints: one object a line, `{"v":1,"type":...}`. Fields may be added, never renamed or removed; months are
//! `YYYY-MM`, dates `YYYY-MM-DD`, digests lower-case hex.

use serde::Serialize;

mod audit;
mod media;
mod pair;
mod people;

pub use audit::{AuditExportObject, AuditObject, AuditProofObject, UnmetObject};
pub use media::{MediumContentObject, MediumFile, MediumObject, MediumOut, MediumParcel};
pub use pair::{CardObject, OwnKeysObject, PairingObject, PeerObject, RecoveredObject, SheetObject};
pub use people::OperatorObject;

/// The version of all objects.
pub const VERSION: u8 = 1;

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
    /// What people at the sender decided about its files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<SentDecisionObject>,
    /// When it was made or found.
    pub created: String,
    /// Its files.
    pub files: Vec<TransferFile>,
}

impl Object for TransferObject {
    const TYPE: &'static str = "transfer";
}

/// A decision that came with a transfer.
#[derive(Debug, Serialize)]
pub struct SentDecisionObject {
    /// Path in the parcel.
    pub path: String,
    /// Permanent code of the reason.
    pub code: String,
    /// Why, in the person's words.
    pub why: String,
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
    /// Where it lies in the archive; absent while it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<String>,
    /// `claim`, `return`, `notice`.
    pub kind: Option<String>,
    /// `month`, `part`, `resubmission`, `correction:<sha256>`, `trial`; absent where nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
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

/// `request`: a command that waits for the running service.
#[derive(Debug, Serialize)]
pub struct RequestObject<'a> {
    /// The command that asked.
    pub command: &'a str,
    /// `new`, `running`.
    pub state: &'static str,
    /// Since when.
    pub since: &'a str,
}

impl Object for RequestObject<'_> {
    const TYPE: &'static str = "request";
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

/// `returned_claim`: a claim that came back.
#[derive(Debug, Serialize)]
pub struct ReturnedClaimObject<'a> {
    /// `R12`.
    pub id: String,
    /// 検索番号.
    pub search_no: &'a str,
    /// 処理年月.
    pub processed_month: &'a str,
    /// `1` or `2`.
    pub payer: &'a str,
    /// レセプト番号 of the claim file as it was billed.
    pub receipt_no: Option<&'a str>,
    /// レセプト種別.
    pub claim_type: Option<&'a str>,
    /// 診療年月.
    pub service_month: Option<&'a str>,
    /// カルテ番号等.
    pub chart_no: Option<&'a str>,
    /// Points (訪問看護: yen).
    pub points: Option<u64>,
    /// 返戻区分, `1` to `9`.
    pub return_kind: Option<&'a str>,
    /// `hen` or `sah`.
    pub return_file: &'a str,
    /// `ika`, `dpc`, `shika`, `chozai`, `houkan`.
    pub family: &'a str,
    /// Why it came back.
    pub reasons: Vec<ReasonObject<'a>>,
    /// Lines of its history.
    pub history_lines: u64,
    /// Codes of what is wrong with it.
    pub faults: Vec<&'a str>,
    /// `new`, `in-work`, `corrected`, `in-file`, `sent`, `accepted`, `returned-again`, `withdrawn`, `other-body`.
    pub state: &'static str,
    /// Who works on it.
    pub owner: Option<&'a str>,
    /// By when.
    pub due: Option<&'a str>,
    /// An earlier return of the same claim.
    pub previous: Option<String>,
    /// A later return of the same claim, which counts instead.
    pub superseded_by: Option<String>,
    /// The patient's name; only with `--reveal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Object for ReturnedClaimObject<'_> {
    const TYPE: &'static str = "returned_claim";
}

/// `returns`: how many returned claims are in a state.
#[derive(Debug, Serialize)]
pub struct ReturnCountObject {
    /// The state.
    pub state: &'static str,
    /// How many; open ones that a later return stands for do not count.
    pub n: u64,
}

impl Object for ReturnCountObject {
    const TYPE: &'static str = "returns";
}

/// A reason of a returned claim.
#[derive(Debug, Serialize)]
pub struct ReasonObject<'a> {
    /// 返戻事由コード.
    pub code: Option<&'a str>,
    /// 返戻理由.
    pub text: String,
    /// 補足事項.
    pub note: String,
}

/// `import`: what `import-returns` did.
#[derive(Debug, Serialize)]
pub struct ImportObject {
    /// Return files, those that wait included.
    pub files: u64,
    /// Claims in those that were imported.
    pub claims: u64,
    /// Those that are new.
    pub new: u64,
    /// Those that were known.
    pub known: u64,
    /// Files that wait for a person.
    pub held: u64,
}

impl Object for ImportObject {
    const TYPE: &'static str = "import";
}

/// `difference`: a record of a claim before and after.
#[derive(Debug, Serialize)]
pub struct DifferenceObject<'a> {
    /// `sent` (as sent against as returned) or `corrected` (as returned against as corrected).
    pub between: &'a str,
    /// `changed`, `added`, `removed`.
    pub change: &'a str,
    /// Two letters.
    pub record: String,
    /// Which of its kind, from 1.
    pub nth: usize,
    /// Item of a changed record.
    pub item: Option<usize>,
    /// English name of the item.
    pub name: Option<&'a str>,
    /// Before; only with `--reveal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// After; only with `--reveal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl Object for DifferenceObject<'_> {
    const TYPE: &'static str = "difference";
}

/// `history`: a line of a claim's history.
#[derive(Debug, Serialize)]
pub struct HistoryObject {
    /// データ識別: who made it.
    pub data_id: Option<u64>,
    /// 行番号.
    pub line: Option<u64>,
    /// 枝番号.
    pub branch: Option<u64>,
    /// Two letters.
    pub record: Option<String>,
    /// What it is, in words.
    pub what: String,
    /// The record; only with `--reveal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

impl Object for HistoryObject {
    const TYPE: &'static str = "history";
}

/// `resubmission`: a file that answers returns.
#[derive(Debug, Serialize)]
pub struct ResubmissionObject {
    /// `B3`.
    pub id: String,
    /// `planned`, `written`, `queued`, `sent`, `confirmed`, `cancelled`.
    pub state: &'static str,
    /// Billing month.
    pub month: String,
    /// `1` or `2`.
    pub payer: String,
    /// Where it stands.
    pub path: String,
    /// The file that carries it away (`F12`), if one does.
    pub file: Option<String>,
    /// All claims of the file.
    pub claims: u64,
    /// 総合計点数.
    pub points: u64,
    /// Size in bytes.
    pub size: u64,
    /// Of the whole file.
    pub sha256: String,
    /// The returns that it answers.
    pub returns: Vec<AnswerObject>,
    /// Open returns of that body that are not in it (only when it is made).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
}

impl Object for ResubmissionObject {
    const TYPE: &'static str = "resubmission";
}

/// A return that a file answers.
#[derive(Debug, Serialize)]
pub struct AnswerObject {
    /// `R12`; null when its return is not in this journal.
    pub id: Option<String>,
    /// 検索番号.
    pub search_no: String,
    /// Its number in the file.
    pub number: u64,
    /// `merge`, `edit`, `as-is`.
    pub way: String,
}

/// `match`: which claim of a corrected file answers which return.
#[derive(Debug, Serialize)]
pub struct MatchObject {
    /// `R12`.
    pub id: String,
    /// `certain`, `doubtful`, `none`, `newer`.
    pub found: &'static str,
    /// Numbers of claims in the file.
    pub claims: Vec<u64>,
}

impl Object for MatchObject {
    const TYPE: &'static str = "match";
}

/// `answer`: a claim of somebody else's resubmission file.
#[derive(Debug, Serialize)]
pub struct VerifiedObject {
    /// Its number in the file.
    pub number: u64,
    /// 1-based line on which it begins.
    pub line: u32,
    /// `resubmission`, `double-claim`, `untied`.
    pub what: &'static str,
    /// `same`, `differs`, `missing`, `unknown`: its history against the one received.
    pub history: Option<&'static str>,
    /// First byte of the history that differs, from the start of the block.
    pub offset: Option<u64>,
    /// The same byte in the file.
    pub byte: Option<u64>,
    /// An earlier claim of the file answers the same return.
    pub again: bool,
    /// The returns that it is about.
    pub returns: Vec<String>,
}

impl Object for VerifiedObject {
    const TYPE: &'static str = "answer";
}

/// `verified`: somebody else's resubmission file as a whole.
#[derive(Debug, Serialize)]
pub struct VerifiedFileObject {
    /// `1` or `2`.
    pub payer: Option<String>,
    /// Claims.
    pub claims: u64,
    /// Claims with a 検索番号.
    pub resubmissions: u64,
    /// Open returns that it does not answer.
    pub missing: Vec<String>,
    /// Nothing is wrong with it.
    pub sound: bool,
}

impl Object for VerifiedFileObject {
    const TYPE: &'static str = "verified";
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
