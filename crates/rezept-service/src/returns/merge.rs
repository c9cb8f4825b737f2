//! The merge way: which claim of a receipt computer's file answers which return. Looks only, so that a person can confirm
//! what is about to be done.

use rezept_codes::Code;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use rezept_claim::{Depth, Family, FileFacts, Kind, Month, Payer, scan};
use rezept_journal::{Journal, ReturnedClaimRow};
use rezept_returns::ClaimFacts;
use rezept_returns::merge::{Matcher, Outcome, ReturnFacts, fresh_claims};

use super::store::{ReturnStore, StoredClaim};
use super::work::causes;
use crate::config::Config;
use crate::problem::Problem;

/// What was found for one return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matched {
    /// This claim of the file (its number), and no other return has a like right to it.
    Certain(u64),
    /// Several, or one that is doubtful: the best first.
    Doubtful(Vec<u64>),
    /// None.
    None,
    /// A newer return of the same claim took it.
    Newer,
}

/// A file of corrected claims, matched to returns.
#[derive(Clone, Debug)]
pub struct Matching {
    /// What the file is.
    pub facts: FileFacts,
    /// Each return (its row) and what was found.
    pub returns: Vec<(i64, Matched)>,
    /// By the number of a claim in the file: the return (its row) that it certainly answers.
    pub answers: BTreeMap<u64, i64>,
}

/// Matches the claims of a corrected file to returns.
///
/// # Errors
/// When the file cannot be used: another facility, body or family, cut off.
pub fn match_fresh(
    config: &Config,
    journal: &Journal,
    rows: &[ReturnedClaimRow],
    path: &Path,
) -> Result<Matching, Problem> {
    let facts = look(config, path)?;
    let payer = rows.first().map(|row| row.payer.clone()).unwrap_or_default();
    let bad = |detail: &str| Problem::new(Code::RetBadCorrected, path.display().to_string(), detail);
    if facts.payer.map(Payer::code) != Some(payer.as_str()) {
        return Err(bad("payer body"));
    }
    let family = facts.family.unwrap_or(Family::Ika);
    if rows.iter().any(|row| row.family != family.as_str()) {
        return Err(Problem::new(Code::RetMixed, path.display().to_string(), family.as_str()));
    }
    let mut store = ReturnStore::new(&config.data);
    let mut returns = Vec::with_capacity(rows.len());
    for row in rows {
        let stored = store.claim(journal, row.clone())?;
        returns.push(facts_of(&stored));
    }
    let mut matcher = Matcher::new(returns);
    fresh_claims(open(path)?, &mut |fresh| matcher.offer(fresh)).map_err(|error| bad(&causes(&error)))?;
    let mut found = Vec::with_capacity(rows.len());
    let mut answers = BTreeMap::new();
    for (row, outcome) in rows.iter().zip(matcher.finish()) {
        let matched = match outcome.outcome {
            _ if outcome.newer.is_some() => Matched::Newer,
            Outcome::Unambiguous(fresh) => {
                answers.insert(fresh.number, row.id);
                Matched::Certain(fresh.number)
            }
            Outcome::Ambiguous(fresh) => Matched::Doubtful(fresh.iter().map(|claim| claim.number).collect()),
            Outcome::None => Matched::None,
        };
        found.push((row.id, matched));
    }
    Ok(Matching { facts, returns: found, answers })
}

pub(super) fn open(path: &Path) -> Result<File, Problem> {
    File::open(path).map_err(|error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let code = if missing { Code::NoSuchFile } else { Code::CannotOpen };
        Problem::new(code, path.display().to_string(), error.to_string())
    })
}

fn look(config: &Config, path: &Path) -> Result<FileFacts, Problem> {
    let bad = |detail: &str| Problem::new(Code::RetBadCorrected, path.display().to_string(), detail);
    let facts = scan(open(path)?, Depth::Totals, &mut |_| {}).map_err(|error| bad(&error.to_string()))?;
    let own = super::import::own_facility(&config.facility).ok_or_else(|| bad("facility"))?;
    if facts.kind != Kind::Claim || facts.oddity.is_some() {
        return Err(bad("not a claim file"));
    }
    if !facts.complete {
        return Err(bad("cut off"));
    }
    if (facts.prefecture, facts.facility) != (Some(own.prefecture), Some(own.code)) {
        return Err(bad("facility"));
    }
    Ok(facts)
}

/// What a claim is matched by. A stored month that is none sorts before all others.
pub(super) fn facts_of(stored: &StoredClaim) -> ReturnFacts {
    let compact = stored.row.processed_month.replace('-', "");
    let processed = Month::parse(compact.as_bytes()).or_else(|| Month::new(1900, 1));
    ReturnFacts {
        search_no: stored.row.search_no.clone(),
        family: stored.family,
        payer: stored.payer,
        processed: processed.unwrap_or_else(|| unreachable!("a month")),
        facts: ClaimFacts::read(stored.family, &stored.request),
    }
}
