//! The merge way as one pass: the claims of a receipt computer's file into a new one, with 検索番号 and history of the
//! returns that they answer. A claim that is tied to a return already keeps its tie; none ever loses it silently.

use super::{FreshClaim, FreshFile, header_of, take_claim};
use crate::build::{BuildError, Builder, WrittenClaim};
use crate::stored::Stored;
use crate::walk::{ClaimWalk, Piece, WalkError};
use rezept_claim::Payer;
use rezept_claim::claims::Part;
use rezept_claim::text::RawText;
use std::io::{Read, Write};

/// What becomes of one fresh claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes out in the place of a return.
    Answer {
        /// 検索番号 of the return.
        search_no: String,
        /// The body that returned it.
        payer: Payer,
        /// The history block as received.
        history: RawText,
    },
    /// It goes out as it is: an ordinary claim, or a resubmission that the receipt computer made itself.
    AsItIs,
    /// It does not go into this file.
    LeaveOut,
}

/// Why grafting stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GraftError<E: std::error::Error + 'static> {
    /// The file of the receipt computer.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// A claim could not be written.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The caller could not decide, for example because a history block could not be read.
    #[error("the return of claim {claim} is not at hand")]
    Decide {
        /// Its number in the receipt computer's file.
        claim: u64,
        /// Why.
        #[source]
        source: E,
    },
    /// The claim has a 検索番号 without a history block, or a block without a number: as it is it would be refused, and
    /// without either it would be a second claim for the same service.
    #[error("claim {claim} is tied to a return by halves")]
    HalfTied {
        /// Its number in the receipt computer's file.
        claim: u64,
    },
    /// No header that names a payer body stands before the claim.
    #[error("no header before claim {claim}")]
    NoHeader {
        /// Its number in the receipt computer's file.
        claim: u64,
    },
}

/// Writes the claims of `source` in their order, each as `decide` says; `each` gets what was written of which.
///
/// # Errors
/// At the first claim that cannot go on; the target then holds half a file and is to be thrown away.
pub fn graft<R: Read, W: Write, E: std::error::Error + 'static>(
    source: R,
    builder: &mut Builder<W>,
    decide: &mut dyn FnMut(&FreshClaim) -> Result<Fate, E>,
    each: &mut dyn FnMut(&FreshClaim, WrittenClaim),
) -> Result<FreshFile, GraftError<E>> {
    let mut walk = ClaimWalk::new(source);
    let mut file = FreshFile::default();
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
        let number = claim.number;
        let fresh = take_claim(&mut file, &claim).ok_or(GraftError::NoHeader { claim: number })?;
        let request = claim.request();
        let own = fresh.facts.search_no.decode().into_owned();
        let again = |search_no: &str, payer, history: &[u8], builder: &mut Builder<W>| {
            let family = claim.family;
            builder.resubmit(&Stored { family, payer, search_no, request, reasons: b"", history }, request)
        };
        let written = match decide(&fresh).map_err(|source| GraftError::Decide { claim: number, source })? {
            Fate::LeaveOut => continue,
            Fate::Answer { search_no, payer, history } => again(&search_no, payer, &history.0, builder)?,
            Fate::AsItIs => match (own.is_empty(), claim.history()) {
                (true, []) => builder.ordinary(request)?,
                (false, history @ [_, ..]) => again(&own, fresh.payer, history, builder)?,
                _ => return Err(GraftError::HalfTied { claim: number }),
            },
        };
        each(&fresh, written);
    }
    Ok(file)
}
