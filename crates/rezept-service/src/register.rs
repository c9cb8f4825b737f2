//! The register (控え) at this station: which contents are noted in it, and which known contents hold claims or answer returns
//! that another content holds or answers too.

use std::collections::{BTreeMap, BTreeSet};

use rezept_claim::ClaimPrint;
use rezept_journal::{ContentPurpose, Journal, JournalResult, NewRegisterContent, PrintKeyId, RegisterClaim};
use rezept_rules::{Comparison, Described, Known, Print, Purpose, Relation, RouteKind, compare};

use crate::examine::Examined;

/// A content as the register notes it.
#[derive(Clone, Debug)]
pub(crate) struct ToNote {
    pub content: NewRegisterContent,
    pub claims: Vec<RegisterClaim>,
}

/// What became of a content that was seen before: what people call it, if it left or is about to.
pub(crate) type Goes<'a> = dyn Fn(&[u8; 32]) -> JournalResult<Option<String>> + 'a;

fn claim_of(print: &ClaimPrint) -> RegisterClaim {
    RegisterClaim {
        number: print.number,
        service_month: print.service_month.and_then(|month| month.compact().parse().ok()),
        key: print.key,
        request: print.request,
        search_no: print.search_no.map(|number| number.as_str().to_owned()),
    }
}

fn of_purpose(purpose: &Purpose) -> ContentPurpose {
    match purpose {
        Purpose::Month => ContentPurpose::Month,
        Purpose::Part => ContentPurpose::Part,
        Purpose::Resubmission => ContentPurpose::Resubmission,
        Purpose::Correction(of) => ContentPurpose::Correction { of: *of },
        Purpose::Trial => ContentPurpose::Trial,
    }
}

impl Examined {
    /// What the register notes of a claim file; `None` for everything else.
    pub(crate) fn to_note(
        &self,
        described: Option<&Described>,
        purpose: &Purpose,
        print_key: PrintKeyId,
    ) -> Option<ToNote> {
        let described = described.filter(|described| described.kind == RouteKind::Claim)?;
        let content = NewRegisterContent {
            sha256: self.sha256,
            identity: described.identity.clone(),
            kind: described.kind.word().to_owned(),
            family: described.family.unwrap_or_default().to_owned(),
            payer: described.payer.code().to_owned(),
            facility: described.facility.to_string(),
            month: described.month.to_string(),
            volume: described.volume.clone().unwrap_or_default(),
            purpose: of_purpose(purpose),
            points: self.facts.points,
            print_key,
        };
        Some(ToNote { content, claims: self.prints.iter().map(claim_of).collect() })
    }
}

/// How the claims of two registered contents compare; `None` where one is not registered, or they were printed under
/// different keys.
pub(crate) fn compare_contents(
    journal: &Journal,
    earlier: &[u8; 32],
    later: &[u8; 32],
) -> JournalResult<Option<Comparison>> {
    let (Some(one), Some(other)) = (journal.register_content(earlier)?, journal.register_content(later)?)
    else {
        return Ok(None);
    };
    if one.content.print_key != other.content.print_key {
        return Ok(None);
    }
    let prints = |sha256| -> JournalResult<Vec<Print>> {
        let claims = journal.register_claims(sha256)?.unwrap_or_default();
        Ok(claims.iter().map(|claim| Print { key: claim.key, request: claim.request }).collect())
    };
    Ok(Some(compare(&prints(earlier)?, &prints(later)?)))
}

/// Other contents that go, or went, and answer some of the same returned claims, or hold some of the same ordinary claims to
/// the letter. Contents of one identity are compared as a whole and are not among those.
pub(crate) fn known_by_claims(
    journal: &Journal,
    own: (&[u8; 32], Option<&str>),
    claims: &[RegisterClaim],
    goes: &Goes<'_>,
) -> JournalResult<Vec<Known>> {
    let (sha256, identity) = own;
    let mut numbers: BTreeMap<[u8; 32], usize> = BTreeMap::new();
    let mut equal: BTreeMap<[u8; 32], usize> = BTreeMap::new();
    for claim in claims {
        let counts = if claim.search_no.is_some() { &mut numbers } else { &mut equal };
        let sightings = match &claim.search_no {
            Some(number) => journal.sightings_of_search_no(number)?,
            None => journal.sightings_of_claim(claim.service_month, &claim.key)?,
        };
        let meant = |one: &&rezept_journal::ClaimSighting| {
            one.sha256 != *sha256
                && one.purpose != ContentPurpose::Trial
                && (claim.search_no.is_some() || one.request == claim.request)
        };
        let contents: BTreeSet<[u8; 32]> = sightings.iter().filter(meant).map(|one| one.sha256).collect();
        contents.into_iter().for_each(|content| *counts.entry(content).or_default() += 1);
    }
    let mut known = Vec::new();
    let of_numbers = numbers.into_iter().map(|(content, count)| (content, Relation::Numbers(count)));
    let of_claims = equal.into_iter().map(|(content, count)| (content, Relation::Claims(count)));
    for (content, relation) in of_numbers.chain(of_claims) {
        let Some(label) = goes(&content)? else { continue };
        if matches!(relation, Relation::Claims(_)) && is_of_identity(journal, &content, identity)? {
            continue;
        }
        known.push(Known { occurrence: label.clone(), label, sha256: content, relation });
    }
    Ok(known)
}

/// Whether a registered content is compared with another one as a whole.
fn is_of_identity(journal: &Journal, content: &[u8; 32], identity: Option<&str>) -> JournalResult<bool> {
    let Some(found) = journal.register_content(content)? else { return Ok(false) };
    let of_month = !matches!(found.content.purpose, ContentPurpose::Resubmission | ContentPurpose::Trial);
    Ok(of_month && identity == Some(found.content.identity.as_str()))
}
