//! Whether a file that should be a return file can be imported, and if not, what happened to it on its way. Decided by the
//! content alone; nothing is refused on something uncertain (docs/formats.md, return files).

use rezept_codes::Code;
use std::fmt;

use rezept_claim::{FacilityCode, FileFacts, Incomplete, Kind, Oddity, PointTable, Prefecture};

macro_rules! damages {
    ($($(#[$meta:meta])* $name:ident = $code:ident,)+) => {
        /// Why a file is not imported.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Damage { $($(#[$meta])* $name,)+ }

        impl Damage {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The permanent code.
            pub const fn code(self) -> Code {
                match self { $(Self::$name => Code::$code,)+ }
            }
        }
    };
}

damages! {
    /// Nothing in it.
    Empty = RetEmpty,
    /// A web page: the download site had no file, or the session was over.
    WebPage = RetWebPage,
    /// A PDF document.
    Pdf = RetPdf,
    /// Text of another encoding: an editor saved it anew.
    Encoding = RetEncoding,
    /// A spreadsheet program saved it anew: lost zeros, rounded numbers, commas. Its history is not what the body sent.
    Spreadsheet = RetSpreadsheet,
    /// Lines that end with LF alone: a program that changes line ends carried it, the history's lines among them.
    LineEnds = RetLineEnds,
    /// No HI in the first line.
    NoHeader = RetNoHeader,
    /// No HG: cut off; or something behind it: two files in one.
    CutOff = RetCutOff,
    /// The volume mark of HG does not follow that of HI: a volume is missing or was mixed up.
    VolumeMark = RetVolumeMark,
    /// Of another facility.
    Foreign = RetForeign,
    /// HI does not say whose return it is: payer body, month or facility cannot be read.
    Unidentified = RetUnidentified,
    /// A claim file, not a return file.
    ClaimFile = RetClaimFile,
    /// A notice in CSV, not a return file.
    Notice = RetNotice,
    /// An insurer's set of records: the history prefix on every line.
    HistoryOnly = RetHistoryOnly,
    /// An archive inside an archive, or one that cannot be opened.
    Archive = RetArchive,
    /// Nothing that is known here.
    Unknown = RetUnknown,
    /// No claim in it has a reason, so nobody can tell what kind of return it is.
    NoReasons = RetNoReasons,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code().as_str())
    }
}

/// The facility whose returns are imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnFacility {
    /// 都道府県.
    pub prefecture: Prefecture,
    /// 点数表.
    pub point_table: PointTable,
    /// 医療機関コード.
    pub code: FacilityCode,
}

/// What keeps a file from being imported; `None` when nothing does. A missing or doubled 0x1A does not, nor a HI without
/// volume mark (its place is known from one edition only). [`Damage::LineEnds`], and a [`Damage::Spreadsheet`] that left
/// the header as it was, only the claims show: `ReturnReader::damage`.
pub fn judge(facts: &FileFacts, own: &OwnFacility) -> Option<Damage> {
    // What a program did to the file explains everything else that is wrong with it.
    if let Some(damage) = facts.oddity.and_then(of_oddity) {
        return Some(damage);
    }
    match facts.kind {
        Kind::Return => {}
        Kind::Claim => return Some(Damage::ClaimFile),
        Kind::Notice => return Some(Damage::Notice),
        Kind::Unknown => return Some(Damage::Unknown),
    }
    if facts.incomplete.contains(&Incomplete::NoHeader) {
        return Some(Damage::NoHeader);
    }
    // No HG, one that is not the last record, or two of them: files joined end to end.
    let joined = facts.findings.iter().any(|found| found.code == "R-004");
    if joined || facts.incomplete.contains(&Incomplete::NoTrailer) {
        return Some(Damage::CutOff);
    }
    let theirs = (facts.prefecture, facts.point_table, facts.facility);
    if let (Some(prefecture), Some(table), Some(code)) = theirs
        && (prefecture, table, code) != (own.prefecture, own.point_table, own.code)
    {
        return Some(Damage::Foreign);
    }
    if facts.incomplete.contains(&Incomplete::VolumeMark) {
        return Some(Damage::VolumeMark);
    }
    if facts.claims > 0 && facts.return_kind.is_none() {
        return Some(Damage::NoReasons);
    }
    // A file without claims needs no kind to say that there is nothing in it.
    let known = facts.payer.is_some() && facts.month.is_some() && facts.facility.is_some();
    (!known).then_some(Damage::Unidentified)
}

const fn of_oddity(oddity: Oddity) -> Option<Damage> {
    Some(match oddity {
        Oddity::Empty => Damage::Empty,
        Oddity::Utf8Bom | Oddity::Utf8 | Oddity::Utf16 => Damage::Encoding,
        Oddity::Html => Damage::WebPage,
        Oddity::Zip => Damage::Archive,
        Oddity::Pdf => Damage::Pdf,
        Oddity::Spreadsheet => Damage::Spreadsheet,
        Oddity::HeaderMissing => Damage::NoHeader,
        Oddity::HistoryOnly => Damage::HistoryOnly,
        Oddity::Unrecognised => return None,
    })
}
