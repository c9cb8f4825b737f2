//! What is learnt of a returned claim. Texts are bytes of the file; `Debug` shows none of them.

use std::borrow::Cow;

use rezept_claim::text::RawText;
use rezept_claim::{Family, Month, ReturnKind, codes};

use crate::fault::Fault;
use crate::stored::ClaimFacts;

/// A reason line (HR) as it stands there; texts are bytes of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// 処理年月.
    pub processed: Option<Month>,
    /// 返戻区分, `1` to `9`.
    pub return_kind: RawText,
    /// 診療識別; empty when none can be named.
    pub service_class: RawText,
    /// 返戻事由コード.
    pub code: RawText,
    /// 返戻理由.
    pub text: RawText,
    /// 補足事項.
    pub note: RawText,
    /// 補正情報.
    pub correction: RawText,
    /// 増減点連絡書年月.
    pub cut_notice: Option<Month>,
    /// 検索番号.
    pub search_no: RawText,
    /// 複数レセプト検索番号: the partner that was returned together with this claim.
    pub partner_search_no: RawText,
    /// The detail of a DPC summary that is meant; its values are unknown \[C\].
    pub detail_target: RawText,
}

impl Reason {
    /// HEN (返戻区分 1 to 3) or SAH (4 to 9); `None` for anything else.
    pub fn kind(&self) -> Option<ReturnKind> {
        match self.return_kind.0.as_slice() {
            [b'1'..=b'3'] => Some(ReturnKind::First),
            [b'4'..=b'9'] => Some(ReturnKind::Review),
            _ => None,
        }
    }

    /// Whether it is of a re-review (返戻区分 4 to 9) and not of a first return (1 to 3).
    pub fn is_of_review(&self) -> bool {
        self.kind() == Some(ReturnKind::Review)
    }

    /// What the code means, where its table is published.
    pub fn code_text(&self) -> Option<&'static str> {
        code_text(&self.code.0)
    }

    /// The reason in words: the body's own, else those of the code table.
    pub fn shown(&self) -> Cow<'_, str> {
        match self.code_text() {
            Some(text) if self.text.0.is_empty() => Cow::Borrowed(text),
            _ => self.text.decode(),
        }
    }
}

/// What a 返戻事由コード means, where its table is published: those of a SAH of 支払基金, and the reasons of re-review whose
/// last digits they share (`S1018` is `100018`).
pub fn code_text(code: &[u8]) -> Option<&'static str> {
    if let Some(known) = codes::table("reason_code_sah").and_then(|table| table.get(code)) {
        return Some(known.text);
    }
    let [b'S', b'1', rest @ ..] = code else { return None };
    let asked = [b"100", rest].concat();
    codes::table("appeal_reason")?.get(&asked).map(|known| known.text)
}

/// A returned claim. Request data, reasons and history follow one another without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnedClaim {
    /// Its place among the claims of the file, from 0.
    pub ordinal: u64,
    /// Family of the file, as far as it was known by then.
    pub family: Family,
    /// 1-based line on which it begins.
    pub first_line: u32,
    /// Where the request data begin, in bytes from the start of the file.
    pub offset: u64,
    /// Length of the request data in bytes.
    pub request_bytes: u64,
    /// Length of the HR lines in bytes, and of blank lines between two stretches.
    pub reason_bytes: u64,
    /// Length of the history block in bytes.
    pub history_bytes: u64,
    /// Lines of the history block.
    pub history_lines: u64,
    /// SHA-256 of the request data.
    pub request_sha256: [u8; 32],
    /// SHA-256 of the history block.
    pub history_sha256: [u8; 32],
    /// What the request data say.
    pub facts: ClaimFacts,
    /// 保険者番号 as received, its leading spaces included; of a claim without HO, the first 公費負担者番号.
    pub insurer_no: RawText,
    /// 診療科名 codes, at most three (医科) or one (DPC); in old files the reserved item that held it.
    pub departments: Vec<RawText>,
    /// 検索番号 of the first HR that has digits there; else of the first HR, else of RE.
    pub search_no: RawText,
    /// 請求年月 of the history's header: the file in which the claim was sent first.
    pub original_month: Option<Month>,
    /// The HR lines, in order.
    pub reasons: Vec<Reason>,
    /// What is wrong, in the order of the file.
    pub faults: Vec<Fault>,
    /// Records that a spreadsheet program would have left so: numbers like `1.2E+20`, dates with slashes, quotes, an
    /// insurer's number without its zero, or lines without their last commas.
    pub spreadsheet: bool,
}

impl ReturnedClaim {
    /// Whether a fault forbids to resubmit it.
    pub fn is_blocked(&self) -> bool {
        self.faults.iter().any(|fault| fault.code.blocks())
    }

    /// HEN or SAH, by 返戻区分 of the first HR that has one.
    pub fn kind(&self) -> Option<ReturnKind> {
        self.reasons.iter().find_map(Reason::kind)
    }

    /// Behind its last byte in the file.
    pub fn end(&self) -> u64 {
        self.offset + self.request_bytes + self.reason_bytes + self.history_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_where_they_are_published() {
        assert_eq!(code_text(b"S1018"), Some("資格喪失後の受診"));
        assert_eq!(code_text(b"S1069"), Some("突合再審査の再審査（医科・歯科レセプト）"));
        for unknown in [&b"L3129"[..], b"S2001", b"", b"S1"] {
            assert_eq!(code_text(unknown), None);
        }
        let reason = Reason { code: RawText(b"S1014".to_vec()), ..Reason::default() };
        assert_eq!(reason.shown(), "該当者なし");
        let reason = Reason { text: RawText(b"\x8C\xA9".to_vec()), ..reason };
        assert_eq!(reason.shown(), "見");
    }
}
