//! The gate: every reason for which a content must wait for a person, from its facts, the register and the policy. Reads
//! and writes nothing, and takes no decision.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use rezept_claim::{FileFacts, Kind};
use rezept_codes::Code;

use crate::describe::{Described, FacilityKey, RouteKind, describe};
use crate::purpose::Purpose;
use crate::register::Comparison;

/// Holds what a reason rests on, as permanent words: another content, a row, a person. Empty where the content alone is the
/// reason. Words hold neither spaces nor a patient's data; they are stored, sent and compared, and shown to nobody as they are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Evidence(BTreeSet<String>);

impl Evidence {
    /// Makes evidence of words; what is no printable ASCII is left out of each.
    pub fn of(words: impl IntoIterator<Item = String>) -> Self {
        let plain = |word: String| word.chars().filter(char::is_ascii_graphic).collect::<String>();
        Self(words.into_iter().map(plain).filter(|word| !word.is_empty()).collect())
    }

    /// Returns whether every word of this evidence is among those of `other`.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Returns the words in their order.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().collect::<Vec<_>>().join(" "))
    }
}

impl FromStr for Evidence {
    type Err = std::convert::Infallible;

    /// Reads words as they are stored.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::of(text.split_ascii_whitespace().map(str::to_owned)))
    }
}

/// One reason for which a content must wait for a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GateReason {
    /// The permanent code.
    pub code: Code,
    /// What it rests on.
    pub evidence: Evidence,
    /// Details for people in permanent words, separated by `, `: never a patient's data.
    pub detail: String,
}

impl GateReason {
    /// Makes a reason that rests on the content alone.
    #[must_use]
    pub fn of_content(code: Code, detail: impl Into<String>) -> Self {
        Self { code, evidence: Evidence::default(), detail: detail.into() }
    }

    /// Returns whether a decision answers this reason: it was taken for the same question, and everything this reason rests on
    /// was known then.
    #[must_use]
    pub fn is_covered_by(&self, decided: Code, evidence: &Evidence) -> bool {
        question(self.code) == question(decided) && self.evidence.is_within(evidence)
    }
}

/// The code under which the sender asks what the receiver asks under another one.
const fn question(code: Code) -> Code {
    match code {
        Code::PossibleDouble => Code::GateSameContent,
        Code::OtherContentArrived => Code::GateSameIdentity,
        other => other,
    }
}

/// What a content shows by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// What it is, where that is known: a release can carry it then.
    pub described: Option<Described>,
    /// Every reason that the content alone gives.
    pub reasons: Vec<GateReason>,
}

/// What the gate is asked about a content alone.
#[derive(Clone, Copy, Debug)]
pub struct ContentQuestion<'a> {
    /// What the content says.
    pub facts: &'a FileFacts,
    /// The name it was found under.
    pub file_name: &'a str,
    /// The own facility.
    pub own: &'a FacilityKey,
    /// The kinds that the route or inbox takes.
    pub accept: &'a [RouteKind],
}

/// Judges a content by itself. The result depends on nothing else, so it may be stored with the content.
#[must_use]
pub fn content_reasons(question: ContentQuestion<'_>) -> Shown {
    let facts = question.facts;
    let alone =
        |code, detail: &str| Shown { described: None, reasons: vec![GateReason::of_content(code, detail)] };
    if facts.kind == Kind::Unknown {
        return alone(Code::GateUnknown, facts.oddity.map_or("", rezept_claim::Oddity::as_str));
    }
    // Of a notice its own CSV may be in UTF-8; a claim or return file never is.
    let resaved = facts.oddity.filter(|_| facts.kind != Kind::Notice);
    let incomplete = || facts.incomplete.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
    let described = match describe(facts, question.file_name) {
        Ok(described) => described,
        // What was lost in the saving is lost because of it.
        Err(_) if let Some(oddity) = resaved => return alone(Code::GateResaved, oddity.as_str()),
        // A file that is cut off may lack what names it: the cut is the cause.
        Err(_) if !facts.complete && facts.kind != Kind::Notice => {
            return alone(Code::GateIncomplete, &incomplete());
        }
        Err(missing) => return alone(Code::GateUndescribed, &missing.to_string()),
    };
    let mut reasons = Vec::new();
    if !question.accept.contains(&described.kind) {
        reasons.push(GateReason::of_content(Code::GateKind, described.kind.word()));
    }
    if described.facility != *question.own {
        reasons.push(GateReason::of_content(Code::GateFacility, described.facility.to_string()));
    }
    if let Some(oddity) = resaved {
        reasons.push(GateReason::of_content(Code::GateResaved, oddity.as_str()));
    }
    let whole = facts.complete || described.kind == RouteKind::Notice;
    if !whole {
        reasons.push(GateReason::of_content(Code::GateIncomplete, incomplete()));
    }
    // The totals of a file that is cut off, or that a spreadsheet rewrote, differ because of that.
    let judged = whole && resaved.is_none() && described.kind == RouteKind::Claim;
    if judged && facts.totals_match() == Some(false) {
        reasons.push(GateReason::of_content(Code::GateTotals, ""));
    }
    Shown { described: Some(described), reasons }
}

/// Another content that the register knows and that this one may double.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// The word that tells this occurrence from every other: a parcel's id, or a row where it is in no parcel.
    pub occurrence: String,
    /// What people call it: `F12`, `P3`, `B1`.
    pub label: String,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// How it relates to the content in question.
    pub relation: Relation,
}

/// How a known content relates to the one in question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Relation {
    /// It has the same bytes.
    Same,
    /// It has the same identity and other bytes; how the claims compare, where both are registered.
    Identity(Option<Comparison>),
    /// It answers some of the same returned claims (検索番号): how many.
    Numbers(usize),
    /// It holds some of the same ordinary claims, to the letter: how many.
    Claims(usize),
}

/// At which door the gate is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Before a content leaves this station.
    Sender,
    /// Before a content is delivered here.
    Receiver,
}

/// Approval by another person, where the policy asks for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Approval {
    /// The word of the file that waits.
    pub file: String,
    /// Who sent it; empty when the service found it.
    pub sent_by: String,
}

/// Everything the gate is asked about one content.
#[derive(Clone, Debug)]
pub struct GateQuestion<'a> {
    /// What the content shows by itself.
    pub content: &'a [GateReason],
    /// What it is for.
    pub purpose: &'a Purpose,
    /// Contents that the register knows.
    pub known: &'a [Known],
    /// Ids of parcels with which the receiver refused this content.
    pub refused: &'a [String],
    /// What a scanner said, where it holds the content.
    pub scan: Option<&'a GateReason>,
    /// Approval, where it is asked for.
    pub approval: Option<&'a Approval>,
    /// The door.
    pub side: Side,
}

/// Returns every reason that holds for a content now, each once, malware first, then in the order of [`Relation`], approval
/// last. Never stops at the first. A trial (確認試験) doubles nothing.
///
/// ```
/// use rezept_codes::Code;
/// use rezept_rules::{GateQuestion, GateReason, Purpose, Side, gate};
///
/// let content = [GateReason::of_content(Code::GateTotals, "")];
/// let question = GateQuestion {
///     content: &content, purpose: &Purpose::Month, known: &[], refused: &[], scan: None, approval: None, side: Side::Sender,
/// };
/// assert_eq!(gate(&question), content);
/// ```
#[must_use]
pub fn gate(question: &GateQuestion<'_>) -> Vec<GateReason> {
    let receiver = question.side == Side::Receiver;
    let code = |sender, here| if receiver { here } else { sender };
    let mut reasons: Vec<GateReason> = question.scan.into_iter().cloned().collect();
    reasons.extend(question.content.iter().cloned());
    if *question.purpose != Purpose::Trial {
        let known = question.known;
        let of = |wanted: fn(&Relation) -> bool| {
            known.iter().filter(move |one| wanted(&one.relation)).collect::<Vec<_>>()
        };
        // The same bytes may go out once more only if every earlier time was known to who said so.
        let same = of(|relation| *relation == Relation::Same);
        let double = code(Code::GateSameContent, Code::PossibleDouble);
        reasons.extend(about(double, &same, |one| one.occurrence.clone()));
        let other = of(|relation| matches!(relation, Relation::Identity(_)));
        let differs = code(Code::GateSameIdentity, Code::OtherContentArrived);
        reasons.extend(about(differs, &other, |one| short(&one.sha256)));
        let numbers = of(|relation| matches!(relation, Relation::Numbers(_)));
        reasons.extend(about(Code::NumberWentBefore, &numbers, |one| short(&one.sha256)));
        let claims = of(|relation| matches!(relation, Relation::Claims(_)));
        reasons.extend(about(Code::ClaimsWentBefore, &claims, |one| short(&one.sha256)));
    }
    if !question.refused.is_empty() {
        let evidence = Evidence::of(question.refused.iter().cloned());
        reasons.push(GateReason { code: Code::RefusedByReceiver, evidence, detail: String::new() });
    }
    if let Some(approval) = question.approval {
        let evidence = Evidence::of([approval.file.clone()]);
        reasons.push(GateReason { code: Code::ApprovalNeeded, evidence, detail: approval.sent_by.clone() });
    }
    reasons
}

/// One reason that rests on known contents; `None` where there are none.
fn about(code: Code, known: &[&Known], word: impl Fn(&Known) -> String) -> Option<GateReason> {
    if known.is_empty() {
        return None;
    }
    let evidence = Evidence::of(known.iter().map(|one| word(one)));
    let labels: BTreeSet<&str> = known.iter().map(|one| one.label.as_str()).collect();
    let mut detail: Vec<String> = labels.into_iter().map(str::to_owned).collect();
    if let [one] = known {
        match &one.relation {
            Relation::Same | Relation::Identity(None) => {}
            Relation::Identity(Some(c)) => {
                for (word, count) in
                    [("same", c.same), ("changed", c.changed), ("added", c.added), ("removed", c.removed)]
                {
                    detail.push(format!("{word}={count}"));
                }
            }
            Relation::Numbers(count) | Relation::Claims(count) => detail.push(format!("claims={count}")),
        }
    }
    Some(GateReason { code, evidence, detail: detail.join(", ") })
}

/// The begin of a digest: enough to tell the contents of one facility apart.
fn short(sha256: &[u8; 32]) -> String {
    sha256.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}
