//! A resubmission file that a receipt computer made, against the journal. Looks only.

use rezept_codes::Code;
use std::io;
use std::path::Path;

use rezept_claim::{Depth, Finding, scan};
use rezept_journal::{Journal, ReturnFilter, ReturnState, ReturnedClaimRow};
use rezept_returns::check::{KnownReturn, check};
use rezept_returns::compare::{Verdict, verify};
use rezept_returns::merge::Matcher;
use rezept_returns::{ClaimFacts, content_sha256};
use rezept_transfer::{Digest, read_hashed};

use super::merge::{facts_of, open};
use super::store::{ReturnStore, StoredClaim};
use super::work::causes;
use crate::config::Config;
use crate::problem::Problem;

/// What is known of a claim of the file.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What it is.
    pub verdict: Verdict,
    /// The returns it is about (their rows), the most likely first.
    pub returns: Vec<i64>,
}

/// What was found of a whole file.
#[derive(Clone, Debug)]
pub struct VerifiedFile {
    /// `1` or `2`.
    pub payer: Option<String>,
    /// Claims of the file.
    pub claims: u64,
    /// Claims with a 検索番号.
    pub resubmissions: u64,
    /// Each claim that is not simply an ordinary one.
    pub seen: Vec<Seen>,
    /// Open returns (their rows) that the file does not answer.
    pub missing: Vec<i64>,
    /// What the checks found.
    pub findings: Vec<Finding>,
}

/// Compares a file with what was received.
///
/// # Errors
/// When the file cannot be read, or the store is damaged.
pub fn verify_file(config: &Config, journal: &Journal, path: &Path) -> Result<VerifiedFile, Problem> {
    let bad = |detail: String| Problem::new(Code::RetBadCorrected, path.display().to_string(), detail);
    let facts = scan(open(path)?, Depth::Totals, &mut |_| {}).map_err(|error| bad(error.to_string()))?;
    if facts.kind != rezept_claim::Kind::Claim {
        return Err(bad("not a claim file".to_owned()));
    }
    let open_returns = ReturnFilter {
        open_only: true,
        payer: facts.payer.map(|payer| payer.code().to_owned()),
        ..ReturnFilter::default()
    };
    let rows = journal.returned_claims(&open_returns)?;
    let mut store = ReturnStore::new(&config.data);
    let mut returns = Vec::with_capacity(rows.len());
    for row in &rows {
        let stored = store.claim(journal, row.clone())?;
        returns.push(facts_of(&stored));
    }
    let matcher = Matcher::new(returns);
    let mut seen = Vec::new();
    let mut received = |search_no: &str| newest(journal, &mut store, search_no).map(|claim| claim.history);
    let verified = verify(open(path)?, &matcher, &mut received, &mut |verdict| {
        if verdict.answer != rezept_returns::compare::Answer::Ordinary {
            seen.push(verdict);
        }
    })
    .map_err(|error| bad(causes(&error)))?;
    let row_at = |place: &usize| rows.get(*place).map(|row| row.id);
    let seen = seen.into_iter().map(|verdict| {
        use rezept_returns::compare::Answer as A;
        let returns = match &verdict.answer {
            A::DoubleClaim { returns, .. } => returns.iter().filter_map(row_at).collect(),
            A::Resubmission { search_no, .. } => {
                journal.find_returned(search_no).unwrap_or_default().iter().map(|row| row.id).collect()
            }
            A::Ordinary | A::Untied => Vec::new(),
        };
        Seen { verdict, returns }
    });
    let seen = seen.collect();
    let mut findings = Vec::new();
    // The file itself may be one that was made here: then its numbers were used by it.
    let (_, this_file, _) = read_hashed(&mut open(path)?, |from| io::copy(from, &mut io::sink()))
        .map_err(|error| bad(error.to_string()))?;
    let mut known = |search_no: &str| {
        newest(journal, &mut store, search_no).map(|claim| known_return(journal, &claim, &this_file))
    };
    check(open(path)?, &mut known, &mut |finding| findings.push(finding.clone()))
        .map_err(|error| bad(causes(&error)))?;
    Ok(VerifiedFile {
        payer: facts.payer.map(|payer| payer.code().to_owned()),
        claims: facts.claims,
        resubmissions: verified.resubmissions,
        seen,
        missing: verified.missing.iter().filter_map(row_at).collect(),
        findings,
    })
}

fn newest(journal: &Journal, store: &mut ReturnStore, search_no: &str) -> Option<StoredClaim> {
    let row: ReturnedClaimRow = journal.find_returned(search_no).ok()?.into_iter().next()?;
    store.claim(journal, row).ok()
}

fn known_return(journal: &Journal, claim: &StoredClaim, this_file: &Digest) -> KnownReturn {
    let used = journal.resubmission_with(&claim.row.search_no).ok().flatten();
    let by_other = |id: i64| journal.resubmission(id).is_ok_and(|row| row.content.sha256 != this_file.0);
    let closed = matches!(claim.row.state, ReturnState::Sent | ReturnState::Accepted);
    KnownReturn {
        payer: claim.payer,
        history_sha256: claim.row.stretch.history_sha256,
        sent: used.map_or(closed, by_other),
        as_is: false,
        content_sha256: Some(content_sha256(claim.family, &claim.request)),
        facts: Some(ClaimFacts::read(claim.family, &claim.request)),
    }
}
