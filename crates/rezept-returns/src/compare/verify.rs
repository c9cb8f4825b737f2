//! A file made by somebody else, a receipt computer, against what was received: which returns it answers, where its
//! blocks differ, what it bills again without a history, what it leaves out.

use crate::build::number_key;
use crate::merge::{FreshClaim, FreshFile, Matcher, ReturnFacts, header_of, take_claim};
use crate::walk::{ClaimWalk, Piece, WalkError};
use rezept_claim::claims::Part;
use std::collections::HashSet;
use std::io::Read;

/// How the history block of a claim stands to the one received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// Byte for byte the same.
    Same,
    /// Another.
    Differs {
        /// First byte that differs, counted from the start of the block; the shorter one's length when one is the start
        /// of the other.
        offset: u64,
        /// The same byte in the file.
        file_byte: u64,
        /// 1-based line of the block that holds it.
        line: u64,
    },
    /// The claim has none.
    Missing,
    /// No return with this 検索番号 was received here.
    Unknown,
}

/// What a claim of the file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An ordinary claim; no open return is like it.
    Ordinary,
    /// It answers a return.
    Resubmission {
        /// 検索番号 as the claim has it.
        search_no: String,
        /// Its block.
        block: Block,
        /// An earlier claim of this file answers the same return.
        again: bool,
    },
    /// It has no 検索番号, but is like open returns (places in [`Matcher::returns`], most likely first): probably billed
    /// twice.
    DoubleClaim {
        /// Which returns.
        returns: Vec<usize>,
        /// The first of them has the same insurer too (check R-008). Another one may be the correction itself, or the
        /// second half of a claim that was split.
        same_insurer: bool,
    },
    /// It has a history block and no 検索番号, so it answers nothing.
    Untied,
}

/// One claim of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// 1-based, in the order of the file.
    pub number: u64,
    /// 1-based line on which it begins.
    pub first_line: u32,
    /// First byte.
    pub start_byte: u64,
    /// What it is.
    pub answer: Answer,
}

/// The file as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its header.
    pub file: FreshFile,
    /// Claims with a 検索番号.
    pub resubmissions: u64,
    /// Open returns that no claim of the file answers, of the file's payer body only (places in [`Matcher::returns`]).
    pub missing: Vec<usize>,
}

/// Verifies a file against the open returns of `open` and the blocks that `received` gives by 検索番号 (also of returns
/// that are not open any more).
///
/// # Errors
/// When the source cannot be read, or a claim has no end.
pub fn verify<R: Read>(
    source: R,
    open: &Matcher,
    received: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
    each: &mut dyn FnMut(Verdict),
) -> Result<Verified, WalkError> {
    let mut walk = ClaimWalk::new(source);
    let mut file = FreshFile::default();
    let mut answered: HashSet<u128> = HashSet::new();
    let mut resubmissions = 0;
    while let Some(piece) = walk.next_piece()? {
        let claim = match piece {
            Piece::Line(line) => {
                if line.part == Part::Header {
                    header_of(&mut file, line.raw);
                }
                continue;
            }
            Piece::Claim(claim) => claim,
        };
        let fresh = take_claim(&mut file, &claim);
        let history = claim.history();
        let search_no = fresh.as_ref().map(|f| f.facts.search_no.decode().into_owned()).unwrap_or_default();
        let answer = if !search_no.is_empty() {
            resubmissions += 1;
            let again = number_key(&search_no).is_some_and(|key| !answered.insert(key));
            let start = claim.start_byte + claim.history_range().start as u64;
            let block = block(history, start, received(&search_no));
            Answer::Resubmission { search_no, block, again }
        } else if !history.is_empty() {
            Answer::Untied
        } else {
            fresh.map_or(Answer::Ordinary, |fresh| double(open, &fresh))
        };
        each(Verdict {
            number: claim.number,
            first_line: claim.first_line,
            start_byte: claim.start_byte,
            answer,
        });
    }
    let unanswered = |item: &ReturnFacts| {
        file.payer.is_none_or(|payer| item.facts.body(item.payer) == payer)
            && number_key(&item.search_no).is_none_or(|key| !answered.contains(&key))
    };
    let missing = open.returns().iter().enumerate().filter(|(_, item)| unanswered(item));
    Ok(Verified { missing: missing.map(|(place, _)| place).collect(), resubmissions, file })
}

/// A claim without a tie: ordinary, or like open returns; those of the same insurer first.
fn double(open: &Matcher, fresh: &FreshClaim) -> Answer {
    let insurer = |place: &usize| {
        open.returns().get(*place).is_some_and(|item| item.facts.insurer_no == fresh.facts.insurer_no)
    };
    let mut returns = open.like(fresh);
    returns.sort_by_key(|place| !insurer(place));
    match returns.first() {
        None => Answer::Ordinary,
        Some(first) => Answer::DoubleClaim { same_insurer: insurer(first), returns },
    }
}

fn block(found: &[u8], start_byte: u64, received: Option<Vec<u8>>) -> Block {
    let Some(received) = received else {
        return if found.is_empty() { Block::Missing } else { Block::Unknown };
    };
    if found.is_empty() {
        return Block::Missing;
    }
    if found == received {
        return Block::Same;
    }
    let same = found.iter().zip(&received).take_while(|(a, b)| a == b).count();
    let lines = found.iter().take(same).filter(|b| **b == b'\n').count();
    Block::Differs { offset: same as u64, file_byte: start_byte + same as u64, line: lines as u64 + 1 }
}
