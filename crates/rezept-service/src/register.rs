//! The register (控え) at this station: which contents are noted in it, and which known contents hold claims or answer returns
//! that another content holds or answers too.

use rezept_claim::ClaimPrint;
use rezept_journal::{ContentPurpose, Journal, JournalResult, NewRegisterContent, PrintKeyId, RegisterClaim};
use rezept_rules::{Comparison, Described, Known, Print, Purpose, Relation, RouteKind, compare};

use crate::examine::Examined;

/// A content as the register notes it: prints become rows one by one, so that none is held twice.
pub(crate) struct ToNote {
    pub content: NewRegisterContent,
    pub claims: Box<dyn Iterator<Item = RegisterClaim>>,
}

/// What became of a content that was seen before: what people call it, if it left or is about to.
pub(crate) type Goes<'a> = dyn Fn(&[u8; 32]) -> JournalResult<Option<String>> + 'a;

fn claim_of(print: ClaimPrint) -> RegisterClaim {
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
    /// What the register notes of a claim file; `None` for everything else. Takes the prints.
    pub(crate) fn take_note(
        &mut self,
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
        let prints = std::mem::take(&mut self.prints);
        Some(ToNote { content, claims: Box::new(prints.into_each().map(claim_of)) })
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
    (sha256, identity): (&[u8; 32], Option<&str>),
    goes: &Goes<'_>,
) -> JournalResult<Vec<Known>> {
    let mut known = Vec::new();
    for shared in journal.contents_sharing(sha256)? {
        let Some(label) = goes(&shared.sha256)? else { continue };
        let mut note = |relation| {
            let (occurrence, label) = (label.clone(), label.clone());
            known.push(Known { occurrence, label, sha256: shared.sha256, relation });
        };
        if shared.numbers > 0 {
            note(Relation::Numbers(shared.numbers));
        }
        if shared.claims > 0 && !is_of_identity(journal, &shared.sha256, identity)? {
            note(Relation::Claims(shared.claims));
        }
    }
    Ok(known)
}

/// Whether a registered content is compared with another one as a whole.
fn is_of_identity(journal: &Journal, content: &[u8; 32], identity: Option<&str>) -> JournalResult<bool> {
    let Some(found) = journal.register_content(content)? else { return Ok(false) };
    let of_month = !matches!(found.content.purpose, ContentPurpose::Resubmission | ContentPurpose::Trial);
    Ok(of_month && identity == Some(found.content.identity.as_str()))
}
