//! The gate: nothing leaves, and nothing is delivered, that is foreign, damaged, unknown or possibly doubled, unless a
//! person says so.

use rezept_claim::{FileFacts, Incomplete, Kind, Oddity};
use rezept_codes::Code;

use crate::describe::{Described, FacilityKey, Missing, RouteKind, describe};

/// What the gate is asked.
#[derive(Clone, Copy, Debug)]
pub struct GateQuestion<'a> {
    /// What the content says.
    pub facts: &'a FileFacts,
    /// The name it was found under.
    pub file_name: &'a str,
    /// The own facility.
    pub own: &'a FacilityKey,
    /// The kinds that the route or inbox takes.
    pub accept: &'a [RouteKind],
}

/// Why the gate refuses. A person may let pass what `may_be_released` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No known content.
    Unknown(Option<Oddity>),
    /// Known, but another program saved it anew: UTF-8, or a spreadsheet's commas and lost zeros.
    Resaved(Oddity),
    /// Known, but something the protocol needs is missing.
    Undescribed(Missing),
    /// A kind that this route does not take.
    KindNotAccepted(RouteKind),
    /// Cut off, or still being written.
    Incomplete(Vec<Incomplete>),
    /// Another facility's.
    ForeignFacility(FacilityKey),
    /// The totals in GO are not those of the claims.
    TotalsDiffer,
    /// The same content went before.
    SameContent(String),
    /// Another content of this identity went before.
    SameIdentity(String),
}

impl Refusal {
    /// The permanent code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Unknown(_) => Code::GateUnknown,
            Self::Undescribed(_) => Code::GateUndescribed,
            Self::KindNotAccepted(_) => Code::GateKind,
            Self::Incomplete(_) => Code::GateIncomplete,
            Self::ForeignFacility(_) => Code::GateFacility,
            Self::TotalsDiffer => Code::GateTotals,
            Self::SameContent(_) => Code::GateSameContent,
            Self::SameIdentity(_) => Code::GateSameIdentity,
            Self::Resaved(_) => Code::GateResaved,
        }
    }

    /// Details in permanent words, separated by `, `: never a patient's data.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Unknown(oddity) => oddity.map_or("", Oddity::as_str).to_owned(),
            Self::Resaved(oddity) => oddity.as_str().to_owned(),
            Self::Undescribed(missing) => missing.to_string(),
            Self::KindNotAccepted(kind) => kind.to_string(),
            Self::Incomplete(what) => what.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", "),
            Self::ForeignFacility(found) => found.to_string(),
            Self::TotalsDiffer => String::new(),
            Self::SameContent(label) | Self::SameIdentity(label) => label.clone(),
        }
    }

    /// Whether a person's decision can let the file pass. What cannot be described cannot be carried.
    #[must_use]
    pub const fn may_be_released(&self) -> bool {
        !matches!(self, Self::Unknown(_) | Self::Undescribed(_) | Self::KindNotAccepted(_))
    }
}

/// A refusal, with what the content is, where that is known: a release can carry the file then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// What it is.
    pub described: Option<Described>,
}

/// Judges a content on its own. What went before is the journal's to say: [`Refusal::SameContent`],
/// [`Refusal::SameIdentity`].
///
/// # Errors
/// The first refusal.
pub fn gate(question: GateQuestion<'_>) -> Result<Described, Box<Refused>> {
    let facts = question.facts;
    if facts.kind == Kind::Unknown {
        return Err(refused(Refusal::Unknown(facts.oddity), None));
    }
    // Of a notice its own CSV may be in UTF-8; a claim or return file never is.
    let resaved = facts.oddity.filter(|_| facts.kind != Kind::Notice).map(Refusal::Resaved);
    let described = match describe(facts, question.file_name) {
        Ok(described) => described,
        // What was lost in the saving is lost because of it.
        Err(_) if let Some(refusal) = resaved => return Err(refused(refusal, None)),
        // A file that is cut off may lack what names it: the cut is the cause.
        Err(_) if !facts.complete && facts.kind != Kind::Notice => {
            return Err(refused(Refusal::Incomplete(facts.incomplete.clone()), None));
        }
        Err(missing) => return Err(refused(Refusal::Undescribed(missing), None)),
    };
    let refusal = if !question.accept.contains(&described.kind) {
        Refusal::KindNotAccepted(described.kind)
    } else if described.facility != *question.own {
        Refusal::ForeignFacility(described.facility.clone())
    } else if let Some(resaved) = resaved {
        resaved
    } else if !facts.complete && described.kind != RouteKind::Notice {
        Refusal::Incomplete(facts.incomplete.clone())
    } else if described.kind == RouteKind::Claim && facts.totals_match() == Some(false) {
        Refusal::TotalsDiffer
    } else {
        return Ok(described);
    };
    Err(refused(refusal, Some(described)))
}

fn refused(refusal: Refusal, described: Option<Described>) -> Box<Refused> {
    Box::new(Refused { refusal, described })
}
