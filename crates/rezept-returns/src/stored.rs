//! A returned claim as it is handed to this crate, and what is known of any claim for finding its counterpart. Only
//! bytes and values of the claim itself; where they are kept is not known here.

use crate::lines::{HO, IR, KO, Line, RE, is_detail, item_number, lines, named, number, without_spaces};
use rezept_claim::text::RawText;
use rezept_claim::{Date, Family, Month, Payer, layout};
use sha2::{Digest, Sha256};
use std::fmt;

/// A returned claim as received: three stretches of the return file.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    /// Family of the return file.
    pub family: Family,
    /// The body that returned it.
    pub payer: Payer,
    /// 検索番号 of its HR, digits.
    pub search_no: &'a str,
    /// The request data: 歯科 from IR, otherwise from RE, to the last record before HR; DPC details included.
    pub request: &'a [u8],
    /// The HR lines.
    pub reasons: &'a [u8],
    /// The history block, to the line end behind its last RC.
    pub history: &'a [u8],
}

impl fmt::Debug for Stored<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored")
            .field("family", &self.family)
            .field("payer", &self.payer)
            .field("request_bytes", &self.request.len())
            .field("history_bytes", &self.history.len())
            .finish_non_exhaustive()
    }
}

/// What is compared when a claim is looked for in another file. Texts are as they stand in the claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimFacts {
    /// レセプト番号 of the file the claim stands in.
    pub claim_no: RawText,
    /// レセプト種別.
    pub claim_type: RawText,
    /// 診療年月 (調剤年月, 指定訪問看護年月).
    pub service_month: Option<Month>,
    /// カルテ番号等 (調剤録番号等, 訪問看護記録番号等); of DPC every one that occurs in the group.
    pub chart_nos: Vec<RawText>,
    /// 請求情報.
    pub billing_info: RawText,
    /// 検索番号; empty in a first claim.
    pub search_no: RawText,
    /// 氏名.
    pub name: RawText,
    /// 男女区分.
    pub sex: RawText,
    /// 生年月日.
    pub birth: Option<Date>,
    /// 保険者番号 without its leading spaces; of a claim without HO, the first 公費負担者番号.
    pub insurer_no: RawText,
    /// 記号.
    pub symbol: RawText,
    /// 番号.
    pub number: RawText,
    /// Number of HO and KO records, as 総件数 counts them.
    pub payers: u64,
    /// Points (訪問看護: yen), as 総合計点数 counts them; `None` when they cannot be read.
    pub points: Option<u64>,
}

impl ClaimFacts {
    /// Reads the request data of one claim; what is missing or unreadable stays empty. History lines are passed over.
    pub fn read(family: Family, request: &[u8]) -> Self {
        let mut facts = Self::default();
        let mut payer_open = false;
        for line in lines(request).filter(|line| !line.is_history()) {
            match line.id() {
                Some(RE) if is_detail(family, &line) => {
                    payer_open = true;
                    facts.add_chart_no(family, &line);
                }
                Some(RE) => facts.read_re(family, &line),
                Some(HO | KO) if !payer_open => facts.read_payer(family, &line),
                _ => {}
            }
        }
        facts
    }

    fn read_re(&mut self, family: Family, line: &Line<'_>) {
        let text = |name: &str| RawText(named(family, line, name).unwrap_or_default().to_vec());
        self.claim_no = text("claim_no");
        self.claim_type = text("claim_type");
        self.service_month = named(family, line, "service_ym").and_then(Month::parse);
        self.billing_info = text(if family == Family::Shika { "billing_info_2" } else { "billing_info" });
        self.search_no = text("search_no");
        self.name = text("name");
        self.sex = text("sex");
        self.birth = named(family, line, "birth_date").and_then(Date::parse);
        self.add_chart_no(family, line);
    }

    fn add_chart_no(&mut self, family: Family, line: &Line<'_>) {
        let name = match family {
            Family::Chozai | Family::Houkan => "record_no",
            Family::Ika | Family::Dpc | Family::Shika => "chart_no",
        };
        let chart_no = RawText(without_spaces(named(family, line, name).unwrap_or_default()));
        if !chart_no.0.is_empty() && !self.chart_nos.contains(&chart_no) {
            self.chart_nos.push(chart_no);
        }
    }

    fn read_payer(&mut self, family: Family, line: &Line<'_>) {
        let insurance = line.id() == Some(HO);
        self.payers += 1;
        if self.payers > 1 && !insurance {
            return;
        }
        let text = |name: &str| RawText(without_spaces(named(family, line, name).unwrap_or_default()));
        self.points = points(line);
        self.insurer_no = text(if insurance { "insurer_no" } else { "payer_no" });
        self.symbol = text("symbol");
        self.number = text(if insurance { "number" } else { "recipient_no" });
    }

    /// Whether the claim is one of a stay in hospital, by the last digit of レセプト種別; `None` when that is no digit.
    pub fn inpatient(&self) -> Option<bool> {
        match self.claim_type.0.as_slice() {
            [_, _, _, digit @ b'0'..=b'9'] => Some((digit - b'0') % 2 == 1),
            _ => None,
        }
    }

    /// The body that the claim belongs to: that of its file, but 後期高齢者 (39) always 国保連, as 広域連合 bills there
    /// (docs/formats.md 6.4).
    pub fn body(&self, file: Payer) -> Payer {
        if self.insurer_no.0.len() == 8 && self.insurer_no.0.starts_with(b"39") {
            Payer::Kokuho
        } else {
            file
        }
    }

    /// The name without spaces, for comparing.
    pub(crate) fn plain_name(&self) -> Vec<u8> {
        without_spaces(&self.name.0)
    }
}

/// 合計点数 (合計金額) of an HO or KO; the sixth item in every family.
pub(crate) fn points(line: &Line<'_>) -> Option<u64> {
    number(line.item(POINTS_ITEM)?)
}

/// The place of 合計点数 in HO and KO of every family.
const POINTS_ITEM: usize = 6;

/// The request data without what every file gives anew: レセプト番号, 検索番号 and the reserved item behind it, and the
/// header facts of a dental IR. Two claims with the same content are equal whatever files they stand in.
pub fn content(family: Family, request: &[u8]) -> Vec<Vec<u8>> {
    let all = lines(request).filter(|line| !line.is_blank() && !line.is_history());
    all.map(|line| {
        let blanks: Vec<usize> = match line.id() {
            Some(RE) => {
                let search_no = family.search_no_item();
                vec![CLAIM_NO_ITEM, search_no, search_no + 1]
            }
            Some(IR) => layout::layout(family, IR)
                .map(|l| ["payer", "claim_ym"].iter().filter_map(|n| item_number(l, n)).collect())
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        blanks.into_iter().fold(line.body.to_vec(), |record, item| {
            crate::lines::with_item(&record, item, b"").unwrap_or(record)
        })
    })
    .collect()
}

/// SHA-256 over [`content`], so that a claim can be told from the one that was returned without keeping either.
pub fn content_sha256(family: Family, request: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for record in content(family, request) {
        hasher.update(&record);
        hasher.update(b"\n");
    }
    hasher.finalize().into()
}

/// The place of レセプト番号 in RE of every family.
pub(crate) const CLAIM_NO_ITEM: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_places_are_those_of_the_layouts() {
        for family in Family::ALL {
            let re = layout::layout(family, RE).unwrap();
            assert_eq!(item_number(re, "claim_no"), Some(CLAIM_NO_ITEM));
            assert_eq!(item_number(re, "search_no"), Some(family.search_no_item()));
            for id in [HO, KO] {
                let payer = layout::layout(family, id).unwrap();
                assert!(payer.item(POINTS_ITEM).unwrap().name.starts_with("total_"), "{family:?} {id}");
            }
        }
    }

    #[test]
    fn facts_of_a_summary_come_from_the_summary_and_chart_numbers_from_all() {
        let re = |class: &str, chart: &str| {
            format!("RE,7,1117,202410,A B,1,19501003,,,,,,,{chart},,,,,{class},2,123,,info,,,,,,,\r\n")
        };
        let request = [
            re("1", ""),
            "HO,01130012,1,2,13,44179,,,,,,,,,,\r\n".to_owned(),
            re("2", " 00102"),
            "HO,01130012,1,2,10,39328,,,,,,,,,,\r\n".to_owned(),
            re("3", "00102"),
        ]
        .concat();
        let facts = ClaimFacts::read(Family::Dpc, request.as_bytes());
        assert_eq!((facts.payers, facts.points, facts.inpatient()), (1, Some(44179), Some(true)));
        assert_eq!(facts.chart_nos, [RawText(b"00102".to_vec())]);
        assert_eq!((facts.claim_no.0.as_slice(), facts.search_no.0.as_slice()), (&b"7"[..], &b"123"[..]));
        assert_eq!(facts.plain_name(), b"AB");
    }

    #[test]
    fn late_elders_belong_to_kokuho() {
        let mut facts = ClaimFacts { insurer_no: RawText(b"39130012".to_vec()), ..ClaimFacts::default() };
        assert_eq!(facts.body(Payer::Shaho), Payer::Kokuho);
        facts.insurer_no = RawText(b"01130012".to_vec());
        assert_eq!(facts.body(Payer::Shaho), Payer::Shaho);
    }

    #[test]
    fn debug_shows_no_value() {
        let stored = Stored {
            family: Family::Ika,
            payer: Payer::Shaho,
            search_no: "12345678901234567",
            request: b"RE,1,1112,202410,SECRET",
            reasons: b"",
            history: b"",
        };
        let facts = ClaimFacts::read(Family::Ika, stored.request);
        let shown = format!("{stored:?} {facts:?}");
        assert!(!shown.contains("SECRET") && !shown.contains("123456"), "{shown}");
    }
}
