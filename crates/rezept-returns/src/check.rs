//! The checks of a finished file with resubmissions (docs/formats.md 5 and 6; ids 21111 to 21200 and ):
//! what holds a history block together, and whether it answers what was received. Findings hold places, never values.

use crate::build::number_key;
use crate::lines::{Line, MN, RC, RE, lines};
use crate::stored::{ClaimFacts, content_sha256};
use crate::walk::{ClaimBytes, ClaimWalk, LoneLine, Piece, WalkError};
use rezept_claim::claims::Part;
use rezept_claim::finding::Sink;
use rezept_claim::{Family, Finding, Note, Payer, Position, Severity};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::io::Read;

/// What is known of a return by its 検索番号.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownReturn {
    /// The body that returned it.
    pub payer: Payer,
    /// SHA-256 of its history block as received.
    pub history_sha256: [u8; 32],
    /// Whether it was sent again before, and no person said that it may be once more.
    pub sent: bool,
    /// Whether a person said that it is to go out unchanged.
    pub as_is: bool,
    /// [`content_sha256`] of its request data as received, where known.
    pub content_sha256: Option<[u8; 32]>,
    /// What its request data says, where known.
    pub facts: Option<ClaimFacts>,
}

/// What the checks found, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Claims.
    pub claims: u64,
    /// Those with a 検索番号 or a history block.
    pub resubmissions: u64,
    /// Findings.
    pub findings: u64,
    /// The gravest of them.
    pub worst: Option<Severity>,
}

/// Checks a whole file. `known` is asked once for each 検索番号 that occurs.
///
/// # Errors
/// When the source cannot be read, or a claim has no end; whatever is wrong *in* the file is a finding.
pub fn check<R: Read>(
    source: R,
    known: &mut dyn FnMut(&str) -> Option<KnownReturn>,
    sink: Sink<'_>,
) -> Result<Checked, WalkError> {
    let mut walk = ClaimWalk::new(source);
    let mut check = Check::new();
    while let Some(piece) = walk.next_piece()? {
        check.piece(&piece, known, sink);
    }
    Ok(check.finish())
}

/// The checks fed piece by piece, for callers that do something else with the same pass.
#[derive(Debug, Default)]
pub struct Check {
    payer: Option<Payer>,
    numbers: HashSet<u128>,
    checked: Checked,
}

impl Check {
    /// At the start of a file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks the next piece.
    pub fn piece(
        &mut self,
        piece: &Piece<'_>,
        known: &mut dyn FnMut(&str) -> Option<KnownReturn>,
        sink: Sink<'_>,
    ) {
        let checked = &mut self.checked;
        let mut count = |finding: &Finding| {
            checked.findings += 1;
            checked.worst = checked.worst.max(Some(finding.severity));
            sink(finding);
        };
        match piece {
            Piece::Line(line) => {
                if line.part == Part::Header {
                    self.payer = crate::merge::header_payer(line.raw);
                }
                lone_line(line, &mut count);
            }
            Piece::Claim(claim) => {
                let mut one = One { claim, re: None, sink: &mut count };
                let resubmission = one.check(self.payer, &mut self.numbers, known);
                self.checked.claims += 1;
                self.checked.resubmissions += u64::from(resubmission);
            }
        }
    }

    /// The counts.
    pub fn finish(self) -> Checked {
        self.checked
    }
}

fn lone_line(line: &LoneLine<'_>, sink: Sink<'_>) {
    let Some(read) = lines(line.raw).next() else { return };
    let code = match read.id().map(|id| id.0).as_ref() {
        // A history line before the first claim or behind the trailer: it belongs to no claim.
        Some(_) if read.is_history() => ("21111", Severity::Claim),
        Some(b"HI" | b"HG") => ("R-052", Severity::File),
        _ => return,
    };
    sink(&Finding {
        code: code.0,
        severity: code.1,
        note: Note::Misplaced,
        position: line.position,
        record: read.id(),
        item: None,
    });
}

/// 検索番号 has 17 to 30 digits.
const SEARCH_NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 17..=30;
/// 行番号, 枝番号 and 管理情報 of RC at most.
const MAX_LINE_NO: usize = 5;
const MAX_BRANCH_NO: usize = 3;
const MAX_CHECK_INFO: usize = 100;
/// Place of the 検索番号 in MN.
const MN_SEARCH_NO: usize = 4;

/// The checks of one claim.
struct One<'c, 'b, 's> {
    claim: &'c ClaimBytes<'b>,
    /// The RE that opens it.
    re: Option<Line<'b>>,
    sink: Sink<'s>,
}

impl<'b> One<'_, 'b, '_> {
    fn check(
        &mut self,
        payer: Option<Payer>,
        numbers: &mut HashSet<u128>,
        known: &mut dyn FnMut(&str) -> Option<KnownReturn>,
    ) -> bool {
        let bytes: &'b [u8] = self.claim.bytes;
        self.re = lines(bytes).find(|line| !line.is_history() && line.id() == Some(RE));
        let history: Vec<Line<'b>> = lines(bytes).filter(Line::is_history).collect();
        self.places(bytes);
        self.block(&history);
        let item = self.family().search_no_item();
        let Some(re) = self.re else { return !history.is_empty() };
        let search_no = re.item(item).unwrap_or_default();
        if re.item(item + 1).is_some_and(|reserved| !reserved.is_empty()) {
            self.find("R-058", Severity::Claim, Note::BadValue, &re, item + 1);
        }
        if search_no.is_empty() && history.is_empty() {
            return false;
        }
        self.tie(&re, search_no, &history);
        let Some(text) = std::str::from_utf8(search_no).ok().filter(|text| !text.is_empty()) else {
            return true;
        };
        let returned = known(text);
        let again = number_key(text).is_some_and(|key| !numbers.insert(key));
        if again || returned.as_ref().is_some_and(|r| r.sent) {
            self.find("R-053", Severity::Claim, Note::Repeated, &re, item);
        }
        match returned {
            Some(returned) => self.against(&returned, payer, &re, history.first()),
            None if history.is_empty() => {
                self.find("R-022", Severity::Confirm, Note::Missing, &re, item);
            }
            // Not received here: whether the block is whole cannot be told.
            None => self.find("R-051", Severity::Confirm, Note::Missing, &re, item),
        }
        true
    }

    fn family(&self) -> Family {
        self.claim.family
    }

    /// R-052 and 21111: nothing of a return but the block, and nothing behind it.
    fn places(&mut self, bytes: &'b [u8]) {
        let (mut in_history, mut broken) = (false, false);
        for line in lines(bytes).filter(|line| !line.is_blank()) {
            if line.is_history() {
                in_history = true;
                continue;
            }
            let of_return = match line.id().map(|id| id.0).as_ref() {
                Some(b"HR" | b"HI" | b"HG") => true,
                // The header of its returns; in DPC a record of the claim.
                Some(b"HH") => self.family() == Family::Houkan,
                _ => false,
            };
            if of_return {
                self.find("R-052", Severity::File, Note::Misplaced, &line, 1);
            } else if in_history && !broken {
                broken = true;
                self.find("21111", Severity::Claim, Note::Misplaced, &line, 1);
            }
        }
    }

    /// 21120 to 21160 and R-057: the RC lines.
    fn block(&mut self, history: &[Line<'b>]) {
        let Some(last) = history.last() else { return };
        if last.id() != Some(RC) {
            self.find("21150", Severity::Claim, Note::Missing, last, 1);
        }
        let digits =
            |item: &[u8], max: usize| (1..=max).contains(&item.len()) && item.iter().all(u8::is_ascii_digit);
        let mut branches = Vec::new();
        for line in history.iter().filter(|line| line.id() == Some(RC)) {
            let [_, line_no, branch_no] = line.prefix().unwrap_or_default();
            branches.push(branch_no);
            let found = crate::lines::items(line.body).count();
            if found != 5 {
                let note = Note::Count { found: found as u64, expected: 5 };
                self.find("21120", Severity::Claim, note, line, 1);
            }
            if !digits(line_no, MAX_LINE_NO) {
                self.find("21130", Severity::Claim, Note::BadValue, line, 1);
            }
            if !digits(branch_no, MAX_BRANCH_NO) {
                self.find("21140", Severity::Claim, Note::BadValue, line, 1);
            }
            let info = line.item(2).unwrap_or_default();
            if !(1..=MAX_CHECK_INFO).contains(&info.len()) || !info.iter().all(u8::is_ascii_alphanumeric) {
                self.find("21160", Severity::Claim, Note::BadValue, line, 2);
            }
        }
        let at_end = history.iter().rev().take(branches.len()).all(|line| line.id() == Some(RC));
        let usual = matches!(branches.as_slice(), [] | [b"0"] | [b"0", b"1"]);
        if !at_end || !usual {
            self.find("R-057", Severity::Confirm, Note::Misplaced, last, 1);
        }
    }

    /// R-050 and 21200: the number of the claim, and that of its block.
    fn tie(&mut self, re: &Line<'b>, search_no: &[u8], history: &[Line<'b>]) {
        let item = self.family().search_no_item();
        let sound =
            search_no.iter().all(u8::is_ascii_digit) && SEARCH_NUMBER_DIGITS.contains(&search_no.len());
        if !sound && !search_no.is_empty() {
            self.find("R-050", Severity::Claim, Note::BadValue, re, item);
        }
        let Some(first) = history.first() else { return };
        // The block's first record when it is MN, else its first RE.
        let expected = if first.id() == Some(MN) {
            first.item(MN_SEARCH_NO)
        } else {
            history.iter().find(|line| line.id() == Some(RE)).and_then(|line| line.item(item))
        };
        if search_no.is_empty() || expected != Some(search_no) {
            self.find("21200", Severity::Claim, Note::BadValue, re, item);
        }
    }

    /// the claim against the return that it answers.
    fn against(
        &mut self,
        returned: &KnownReturn,
        payer: Option<Payer>,
        re: &Line<'b>,
        first: Option<&Line<'b>>,
    ) {
        let item = self.family().search_no_item();
        let claim = self.claim;
        match first {
            None => self.find("R-051", Severity::File, Note::Missing, re, item),
            Some(first) => {
                let hash: [u8; 32] = Sha256::digest(claim.history()).into();
                if hash != returned.history_sha256 {
                    self.find("R-051", Severity::File, Note::BadValue, first, 1);
                }
            }
        }
        if payer.is_some_and(|payer| payer != returned.payer) {
            self.find("R-054", Severity::Confirm, Note::BadValue, re, item);
        }
        let same = returned.content_sha256 == Some(content_sha256(self.family(), claim.request()));
        if same && !returned.as_is {
            self.find("R-055", Severity::Confirm, Note::Missing, re, 1);
        }
        let Some(before) = &returned.facts else { return };
        let now = ClaimFacts::read(self.family(), claim.request());
        if before.insurer_no != now.insurer_no && !is_same_stay(before, &now) {
            self.find("R-056", Severity::Confirm, Note::BadValue, re, 1);
        }
    }

    fn find(&mut self, code: &'static str, severity: Severity, note: Note, line: &Line<'_>, item: usize) {
        let position: Position = self.claim.position(line, item);
        let layout = line.id().and_then(|id| {
            if line.is_history() {
                rezept_claim::layout::history_layout(self.family(), id)
            } else {
                rezept_claim::layout::layout(self.family(), id)
            }
        });
        // Item 1 stands for the whole record.
        let name = layout.filter(|_| item > 1).and_then(|l| l.item(item)).map(|i| i.name);
        (self.sink)(&Finding { code, severity, note, position, record: line.id(), item: name });
    }
}

/// Patient, month and in/out. A patient is another one when the charts are, or both name and birth date.
fn is_same_stay(before: &ClaimFacts, now: &ClaimFacts) -> bool {
    let charts = before.chart_nos.is_empty()
        || now.chart_nos.is_empty()
        || before.chart_nos.iter().any(|chart_no| now.chart_nos.contains(chart_no));
    let person = before.plain_name() == now.plain_name() || before.birth == now.birth;
    charts && person && before.service_month == now.service_month && before.inpatient() == now.inpatient()
}
