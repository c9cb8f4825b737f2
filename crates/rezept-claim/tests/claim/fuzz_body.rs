//! What every input must obey: no panic, positions inside the file, every byte handed back, both depths of one mind.
//! Shared by the driver below and by `fuzz/fuzz_targets/reader.rs`.

use rezept_claim::{ClaimSpans, Depth, PrintKey, copy_through, scan, scan_with_prints};

/// Checks one input.
///
/// # Panics
/// When the reader, the scan or the grouping breaks a promise.
pub fn check(bytes: &[u8]) {
    let mut written = Vec::with_capacity(bytes.len());
    let mut handed_out = 0u64;
    let facts = copy_through(bytes, &mut written, Depth::Full, &mut |finding| {
        handed_out += 1;
        let place = finding.position;
        assert!(place.byte <= bytes.len() as u64, "a finding behind the file");
        assert!(place.line >= 1 && place.item >= 1 && place.column >= 1);
    })
    .expect("memory can be read and written");
    assert!(written == bytes, "a byte was changed");
    assert_eq!(facts.size_bytes, bytes.len() as u64);
    assert!(handed_out <= facts.findings.iter().map(|f| f.count).sum::<u64>());

    let totals = scan(bytes, Depth::Totals, &mut |_| {}).expect("memory can be read");
    assert_eq!(
        (totals.kind, totals.identity(), totals.claims, totals.payers, totals.points, totals.complete),
        (facts.kind, facts.identity(), facts.claims, facts.payers, facts.points, facts.complete)
    );

    let mut prints = 0;
    let key = PrintKey::new([7; 32]);
    let printed = scan_with_prints(bytes, Depth::Totals, &mut |_| {}, &key, &mut |print| {
        prints += 1;
        assert_eq!(print.number, prints, "prints come in order");
    })
    .expect("memory can be read");
    assert_eq!((printed.claims, printed.points, prints), (totals.claims, totals.points, totals.claims));

    let mut claims = ClaimSpans::new(bytes);
    let mut end = 0;
    while let Some(span) = claims.next_claim().expect("memory can be read") {
        assert!(span.start_byte >= end && span.end_byte > span.start_byte, "claims overlap");
        end = span.end_byte;
    }
    assert!(end <= bytes.len() as u64);
}
