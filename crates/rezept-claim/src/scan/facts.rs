//! What a scan learns of a file. Values of patients have no place here.

use crate::finding::FindingCount;
use crate::identity::{
    FacilityCode, Family, Identity, Kind, Payer, PointTable, Prefecture, ReturnKind, Volume,
};
use crate::month::Month;
use crate::notice::NoticeKind;
use crate::scan::Oddity;
use crate::text::RawText;

/// What a file is and says.
#[derive(Clone, Debug)]
pub struct FileFacts {
    /// What it is; decided by the content.
    pub kind: Kind,
    /// Which returns a return file holds, by 返戻区分 of its first HR; `None` when it has none.
    pub return_kind: Option<ReturnKind>,
    /// Which notice it is, where the content tells.
    pub notice: Option<NoticeKind>,
    /// Family of a claim or return file.
    pub family: Option<Family>,
    /// Body that pays, `None` where the header has no valid value (so with the items below).
    pub payer: Option<Payer>,
    /// 都道府県 of the facility.
    pub prefecture: Option<Prefecture>,
    /// 点数表 of the facility.
    pub point_table: Option<PointTable>,
    /// Code of the facility.
    pub facility: Option<FacilityCode>,
    /// Name of the facility as it stands in the header.
    pub facility_name: RawText,
    /// 請求年月 of a claim file, 処理年月 of a return file or notice.
    pub month: Option<Month>,
    /// Volume mark of the header; 訪問看護 has none and counts as the first.
    pub volume: Option<Volume>,
    /// Claims; a DPC summary and its details are one.
    pub claims: u64,
    /// HO and KO records, as 総件数 counts them; details of a DPC summary apart.
    pub payers: u64,
    /// Points (訪問看護: yen) as 総合計点数 counts them.
    pub points: u64,
    /// What GO or HG says; `None` without one, and in claim files of 訪問看護, whose GO says nothing.
    pub declared: Option<Declared>,
    /// Header, trailer as the last record, and a volume mark that fits. A missing 0x1A or last line end does not count.
    pub complete: bool,
    /// Why it is not complete.
    pub incomplete: Vec<Incomplete>,
    /// What is strange about the content as a whole; always set when the kind is unknown.
    pub oddity: Option<Oddity>,
    /// Size.
    pub size_bytes: u64,
    /// Lines that are not blank.
    pub records: u64,
    /// How often what was found.
    pub findings: Vec<FindingCount>,
}

impl Default for FileFacts {
    fn default() -> Self {
        Self {
            kind: Kind::Unknown,
            return_kind: None,
            notice: None,
            family: None,
            payer: None,
            prefecture: None,
            point_table: None,
            facility: None,
            facility_name: RawText::default(),
            month: None,
            volume: None,
            claims: 0,
            payers: 0,
            points: 0,
            declared: None,
            complete: false,
            incomplete: Vec::new(),
            oddity: None,
            size_bytes: 0,
            records: 0,
            findings: Vec::new(),
        }
    }
}

impl FileFacts {
    /// The identity of a claim or return file; `None` for anything else, and when a part of it is missing.
    pub fn identity(&self) -> Option<Identity> {
        if !matches!(self.kind, Kind::Claim | Kind::Return) {
            return None;
        }
        let family = self.family?;
        Some(Identity {
            kind: self.kind,
            return_kind: self.return_kind,
            family,
            payer: self.payer?,
            prefecture: self.prefecture?,
            // Another table than the header's record id stands for: nobody can tell whose file it is.
            point_table: self.point_table.filter(|table| *table == family.point_table())?,
            facility: self.facility?,
            month: self.month?,
            volume: self.volume?,
        })
    }

    /// The name under which the review bodies take or give such a file; `None` for notices and unknown files, and for a
    /// return file of which neither kind can be told.
    pub fn official_name(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Claim => Some(self.family?.official_name(None)),
            Kind::Return => Some(self.family?.official_name(Some(self.return_kind?))),
            Kind::Notice | Kind::Unknown => None,
        }
    }

    /// Whether the trailer's totals equal the recomputed ones. `None` when there is nothing to compare: no trailer, one
    /// without totals (訪問看護), or one volume of several (only the last carries totals, and they are of all volumes).
    pub fn totals_match(&self) -> Option<bool> {
        let declared = self.declared?;
        if self.volume != Some(Volume::FIRST) || declared.volume != Some(Volume::LAST) {
            return None;
        }
        Some(declared.payers == Some(self.payers) && declared.points == Some(self.points))
    }

    /// How many findings there are of a severity.
    pub fn count(&self, severity: crate::finding::Severity) -> u64 {
        self.findings.iter().filter(|c| c.severity == severity).map(|c| c.count).sum()
    }
}

/// What GO or HG says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared {
    /// 総件数; `None` when blank or no number.
    pub payers: Option<u64>,
    /// 総合計点数; `None` when blank or no number.
    pub points: Option<u64>,
    /// Volume mark; `None` when it is not two digits.
    pub volume: Option<Volume>,
}

/// Why a file is not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incomplete {
    /// No header in the first line.
    NoHeader,
    /// No GO or HG.
    NoTrailer,
    /// Records stand behind the trailer.
    TrailerNotLast,
    /// The trailer's volume mark is neither 99 nor the one that follows the header's.
    VolumeMark,
}

impl Incomplete {
    /// A permanent name for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoHeader => "no-header",
            Self::NoTrailer => "no-trailer",
            Self::TrailerNotLast => "trailer-not-last",
            Self::VolumeMark => "volume-mark",
        }
    }
}
