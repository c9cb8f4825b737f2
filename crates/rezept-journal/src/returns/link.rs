//! Returns of the same claim one after another: which is the one before, which is the one that counts. Never lets a claim
//! vanish from the worklist on a guess.

use rusqlite::{Connection, OptionalExtension, params};

use super::import::NewReturnedClaim;
use super::work::move_claim;
use crate::error::JournalResult;
use crate::files::word;
use crate::state::ReturnState;

/// Rows that stand for the same return, or for earlier and later returns of the same claim.
#[derive(Default)]
pub(crate) struct Relatives {
    /// The same return, byte for byte.
    pub known: Option<i64>,
    before: Option<(String, i64)>,
    after: Option<(String, i64)>,
}

/// Looks among the rows with the claim's number. A number is issued for one claim; the same one twice in one file is left
/// alone, both are shown.
pub(crate) fn of_number(tx: &Connection, file: i64, claim: &NewReturnedClaim) -> JournalResult<Relatives> {
    let mut found = Relatives::default();
    if claim.search_no.is_empty() {
        found.known = same_bytes_without_number(tx, claim)?;
        return Ok(found);
    }
    let mut statement = tx.prepare_cached(
        "SELECT id, file, processed_month, request_sha256, history_sha256 FROM returned_claim WHERE search_no = ?1",
    )?;
    let mut rows = statement.query([&claim.search_no])?;
    while let Some(row) = rows.next()? {
        let (id, its_file, month): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let hashes: ([u8; 32], [u8; 32]) = (row.get(3)?, row.get(4)?);
        let same = hashes == (claim.stretch.request_sha256, claim.stretch.history_sha256);
        if same && month == claim.processed_month {
            found.known = Some(id);
            return Ok(found);
        }
        if its_file == file {
            continue;
        }
        let place = Some((month, id));
        if place.as_ref().is_some_and(|(month, _)| *month <= claim.processed_month) {
            found.before = found.before.max(place);
        } else if found.after.is_none() || place < found.after {
            found.after = place;
        }
    }
    Ok(found)
}

/// A claim without a number is known by its bytes alone, among those of its month.
fn same_bytes_without_number(tx: &Connection, claim: &NewReturnedClaim) -> JournalResult<Option<i64>> {
    Ok(tx
        .prepare_cached(
            "SELECT id FROM returned_claim INDEXED BY returned_service WHERE service_month = ?1 AND +search_no = '' AND \
             processed_month = ?2 AND request_sha256 = ?3 AND history_sha256 = ?4 LIMIT 1",
        )?
        .query_row(
            params![
                claim.service_month,
                claim.processed_month,
                claim.stretch.request_sha256,
                claim.stretch.history_sha256
            ],
            |row| row.get(0),
        )
        .optional()?)
}

/// Ties a new row to its relatives. By number the later return counts, whichever came first. By patient and month only
/// what was sent is taken to have come back: an open claim may be another one of the same patient, and stays as it is.
pub(crate) fn tie(
    tx: &Connection,
    journal: (&str, jiff::Timestamp),
    id: i64,
    payer: &str,
    claim: &NewReturnedClaim,
    relatives: &Relatives,
) -> JournalResult<()> {
    if let Some((_, after)) = relatives.after {
        tx.prepare_cached("UPDATE returned_claim SET superseded_by = ?2 WHERE id = ?1")?
            .execute([id, after])?;
        tx.prepare_cached("UPDATE returned_claim SET previous = ?2 WHERE id = ?1")?.execute([after, id])?;
    }
    let (before, sure) = match (&relatives.before, &relatives.after) {
        (Some((_, before)), _) => (*before, true),
        (None, Some(_)) => return Ok(()),
        (None, None) => match of_patient(tx, id, payer, claim)? {
            Some(before) => (before, false),
            None => return Ok(()),
        },
    };
    tx.prepare_cached("UPDATE returned_claim SET previous = ?2 WHERE id = ?1")?.execute([id, before])?;
    let state: ReturnState = tx
        .prepare_cached("SELECT state FROM returned_claim WHERE id = ?1")?
        .query_row([before], |row| word(row, 0))?;
    let came_back = matches!(state, ReturnState::Sent | ReturnState::Accepted);
    if sure || came_back {
        tx.prepare_cached("UPDATE returned_claim SET superseded_by = ?2 WHERE id = ?1")?
            .execute([before, id])?;
    }
    if came_back {
        move_claim(tx, journal, before, ReturnState::ReturnedAgain, &format!("R{id}"))?;
    }
    Ok(())
}

/// The newest earlier return of a claim of the same patient, service month, payer, and way of treatment. The body gives a
/// claim a new number when it sends it to another insurer, so the number alone does not find all.
fn of_patient(tx: &Connection, id: i64, payer: &str, claim: &NewReturnedClaim) -> JournalResult<Option<i64>> {
    if claim.chart_no.is_empty() || claim.service_month.is_empty() {
        return Ok(None);
    }
    Ok(tx
        .prepare_cached(
            "SELECT id FROM returned_claim INDEXED BY returned_service WHERE service_month = ?1 AND payer = ?2 AND \
             in_out = ?3 AND chart_no = ?4 AND id <> ?5 AND processed_month < ?6 AND superseded_by IS NULL \
             ORDER BY processed_month DESC, id DESC LIMIT 1",
        )?
        .query_row(
            params![claim.service_month, payer, claim.in_out, claim.chart_no, id, claim.processed_month],
            |row| row.get(0),
        )
        .optional()?)
}
