//! Finding the claim as it was sent, in the archive, for a claim that came back. Looks only; finding nothing is no error.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use rezept_claim::Payer;
use rezept_returns::ClaimFacts;
use rezept_returns::merge::{FreshClaim, fresh_claims};

use super::store::StoredClaim;
use crate::config::Config;

/// The request data of the claim as it was sent: the one of the archived files of its month that has its number, and its
/// chart number or the facility's own text. `None` when no archived file has it, or several do and differ.
#[must_use]
pub fn sent_claim(config: &Config, claim: &StoredClaim) -> Option<Vec<u8>> {
    let month = claim.row.original_month.as_deref()?.replace('-', "");
    let payer = if claim.payer == Payer::Shaho { "shaho" } else { "kokuho" };
    let folder = config.data.join("archive").join(month).join(payer);
    let wanted = ClaimFacts::read(claim.family, &claim.request);
    let mut found: Option<Vec<u8>> = None;
    for file in files_below(&folder, 2) {
        let Some(bytes) = claim_in(&file, claim, &wanted) else { continue };
        match &found {
            Some(other) if *other != bytes => return None,
            _ => found = Some(bytes),
        }
    }
    found
}

fn files_below(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => found.extend(files_below(&path, depth - 1)),
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
    found.sort();
    found
}

fn claim_in(path: &Path, claim: &StoredClaim, wanted: &ClaimFacts) -> Option<Vec<u8>> {
    let mut place: Option<FreshClaim> = None;
    fresh_claims(File::open(path).ok()?, &mut |fresh| {
        if fresh.family == claim.family && is_it(&fresh.facts, wanted) {
            place.get_or_insert(fresh);
        }
    })
    .ok()?;
    let range = place?.request;
    let mut file = File::open(path).ok()?;
    file.seek(SeekFrom::Start(range.start)).ok()?;
    let mut bytes = Vec::new();
    file.take(range.end - range.start).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The number alone is not enough: a month can have several files.
fn is_it(sent: &ClaimFacts, wanted: &ClaimFacts) -> bool {
    let same_chart = sent.chart_nos.iter().any(|chart| wanted.chart_nos.contains(chart));
    let same_text = !sent.billing_info.0.is_empty() && sent.billing_info == wanted.billing_info;
    sent.service_month == wanted.service_month
        && sent.claim_no == wanted.claim_no
        && sent.inpatient() == wanted.inpatient()
        && (same_chart || same_text)
}
