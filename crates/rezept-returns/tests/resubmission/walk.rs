//! The walk through a file: its pieces add up to it, and a line beyond the reader's limit opens no claim by accident.

use crate::common::*;
use proptest::prelude::*;
use rezept_returns::walk::{ClaimWalk, MAX_CLAIM_BYTES, Piece, WalkError};

/// The pieces, and how many of them are claims.
fn pieces(file: &[u8]) -> (Vec<u8>, u64) {
    let mut walk = ClaimWalk::new(file);
    let (mut all, mut claims) = (Vec::new(), 0);
    while let Some(piece) = walk.next_piece().unwrap() {
        match piece {
            Piece::Line(line) => {
                assert_eq!(line.position.byte, all.len() as u64);
                all.extend_from_slice(line.raw);
            }
            Piece::Claim(claim) => {
                claims += 1;
                assert_eq!((claim.start_byte, claim.number), (all.len() as u64, claims));
                assert_eq!(claim.first_line as usize, all.iter().filter(|b| **b == b'\n').count() + 1);
                let (request, history) = (claim.request_range(), claim.history_range());
                assert!(request.end <= history.start && history.end <= claim.bytes.len());
                all.extend_from_slice(claim.bytes);
            }
        }
    }
    (all, claims)
}

#[test]
fn a_line_beyond_the_limit_stays_one_line() {
    let file = fixture("ika_shaho/RECEIPTC.UKE");
    let go = file.windows(4).rposition(|w| w == b"\nGO,").unwrap() + 1;
    // Its second piece begins like a claim of its own.
    let mut long = b"SJ,07,".to_vec();
    long.resize(rezept_claim::reader::MAX_LINE_BYTES, b'x');
    long.extend_from_slice(b"RE,9,1112,,,,\r\n");
    let file = [&file[..go], &long, &file[go..]].concat();
    let (all, claims) = pieces(&file);
    assert!(all == file);
    assert_eq!(claims, 3);
}

#[test]
fn a_claim_without_an_end_is_refused() {
    let mut file = b"IR,1,13,1,9999015,,x,202501,00,\r\nRE,1,1112\r\n".to_vec();
    let line = [&b"SJ,07,"[..], &[b'x'; 4000], b"\r\n"].concat();
    while file.len() <= MAX_CLAIM_BYTES {
        file.extend_from_slice(&line);
    }
    let mut walk = ClaimWalk::new(&file[..]);
    assert!(matches!(walk.next_piece(), Ok(Some(Piece::Line(_)))));
    assert!(matches!(walk.next_piece(), Err(WalkError::TooLarge { line: 2 })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_pieces_add_up_to_the_file(
        which in 0usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&b"\r\n,1RHEGI\x1a"[..])), 0..40),
    ) {
        let names = [
            "hen_shaho/RECEIPTC.HEN",
            "hen_dpc/RECEIPTD.HEN",
            "shika/RECEIPTS.UKE",
            "resubmit_mixed/RECEIPTC.UKE",
            "chozai/RECEIPTY.CYO",
        ];
        let mut file = fixture(names[which]);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        prop_assert!(pieces(&file).0 == file);
    }
}
