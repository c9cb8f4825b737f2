//! What every input must obey: no panic, claims side by side inside the file, hashes of the bytes that stand there, faults
//! inside their claim. Shared by the driver below and by `fuzz/fuzz_targets/returns.rs`.

use rezept_claim::{Depth, FacilityCode, PointTable, Prefecture, scan};
use rezept_returns::damage::{OwnFacility, judge};
use rezept_returns::read::claim_faults;
use rezept_returns::{ReturnReader, sources};
use sha2::{Digest, Sha256};

/// Checks one input.
///
/// # Panics
/// When the reader breaks a promise.
pub fn check(bytes: &[u8]) {
    let mut reader = ReturnReader::new(bytes);
    let (mut count, mut end) = (0, 0);
    while let Some(claim) = reader.next_claim().expect("memory can be read") {
        assert_eq!(claim.ordinal, count);
        count += 1;
        assert!(claim.offset >= end && claim.end() > claim.offset, "claims overlap");
        end = claim.end();
        let place = |byte: u64| usize::try_from(byte).expect("an input in memory");
        let start = place(claim.offset);
        let whole = bytes.get(start..place(end)).expect("a claim behind the file");
        let (request, rest) = whole.split_at(place(claim.request_bytes));
        let (_, history) = rest.split_at(place(claim.reason_bytes));
        assert_eq!(claim.request_sha256, <[u8; 32]>::from(Sha256::digest(request)));
        assert_eq!(claim.history_sha256, <[u8; 32]>::from(Sha256::digest(history)));
        for fault in &claim.faults {
            assert!((claim.offset..=end).contains(&fault.byte), "a fault outside its claim");
            assert!(fault.line >= claim.first_line && fault.item >= 1);
        }
        assert_eq!(claim.is_blocked(), claim.faults.iter().any(|fault| fault.code.blocks()));
        // What a broken line of an unsettled family is may differ without the lines before it; where it stands may not.
        for fault in claim_faults(claim.family, whole).unwrap_or_default() {
            assert!(fault.byte <= whole.len() as u64 && fault.line >= 1 && fault.item >= 1);
        }
    }
    assert!(end <= bytes.len() as u64);
    assert_eq!(reader.byte(), bytes.len() as u64);
    let facts = scan(bytes, Depth::Totals, &mut |_| {}).expect("memory can be read");
    if let (Some(prefecture), Some(point_table), Some(code)) =
        (Prefecture::parse(b"13"), PointTable::parse(b"1"), FacilityCode::parse(b"9999015"))
    {
        let _ = judge(&facts, &OwnFacility { prefecture, point_table, code });
    }
    let mut members = 0;
    let _ = sources::members("x", std::io::Cursor::new(bytes), &mut |_, from| {
        members += 1;
        std::io::copy(from, &mut std::io::sink()).map(drop)
    });
    assert!(members >= 1 || bytes.starts_with(b"PK"), "a file by itself is always handed on");
}
