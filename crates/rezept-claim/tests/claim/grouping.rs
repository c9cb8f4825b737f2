//! Claims as stretches of the file: together with the frame they are the whole file, and history stays with its claim.

use crate::common::{SAMPLES, full, handed_out, sample};
use rezept_claim::{ClaimSpan, ClaimSpans};

fn spans(bytes: &[u8]) -> Vec<ClaimSpan> {
    let mut claims = ClaimSpans::new(bytes);
    let mut all = Vec::new();
    while let Some(span) = claims.next_claim().unwrap() {
        all.push(span);
    }
    all
}

fn bytes_of(bytes: &[u8], span: ClaimSpan) -> &[u8] {
    &bytes[usize::try_from(span.start_byte).unwrap()..usize::try_from(span.end_byte).unwrap()]
}

#[test]
fn stretches_follow_each_other_from_header_to_trailer() {
    for name in SAMPLES {
        let bytes = sample(name);
        let spans = spans(&bytes);
        assert_eq!(spans.len() as u64, full(&bytes).0.claims, "{name}");
        let header = bytes.iter().position(|b| *b == b'\n').unwrap() as u64 + 1;
        assert_eq!(spans[0].start_byte, header, "{name}");
        for pair in spans.windows(2) {
            assert_eq!(pair[0].end_byte, pair[1].start_byte, "{name}");
            assert_eq!(pair[0].first_line + pair[0].lines, pair[1].first_line, "{name}");
        }
        let rest = &bytes[usize::try_from(spans.last().unwrap().end_byte).unwrap()..];
        assert!(rest.starts_with(b"GO,") || rest.starts_with(b"HG,"), "{name}");
    }
}

#[test]
fn a_dpc_summary_and_its_details_are_one_claim() {
    let spans = spans(&sample("dpc_shaho/RECEIPTD.UKE"));
    assert_eq!(spans.iter().map(|s| s.parts).collect::<Vec<_>>(), [1, 3]);
    let returned = self::spans(&sample("hen_dpc/RECEIPTD.HEN"));
    assert_eq!((returned.len(), returned[0].parts, returned[0].reasons), (1, 3, 1));
    assert_eq!(returned[0].history_lines, 43);
}

#[test]
fn a_dental_claim_begins_with_its_ir() {
    let bytes = sample("shika/RECEIPTS.UKE");
    let spans = spans(&bytes);
    assert!(bytes_of(&bytes, spans[0]).starts_with(b"IR,"));
    // Two claims: the second IR ends the first.
    let text = bytes.split_inclusive(|b| *b == b'\n').collect::<Vec<_>>();
    let claim = text[1..text.len() - 2].concat();
    let two = [text[0], claim.as_slice(), claim.as_slice(), b"GO,2,678,99\r\n\x1A"].concat();
    let spans = self::spans(&two);
    assert_eq!(spans.len(), 2);
    assert!(spans.iter().all(|s| bytes_of(&two, *s) == claim));
    assert_eq!(full(&two).0.totals_match(), Some(true));
}

#[test]
fn history_goes_back_as_it_came() {
    let returned = sample("hen_shaho/RECEIPTC.HEN");
    let again = sample("resubmit_shaho/RECEIPTC.UKE");
    let block = |bytes: &[u8], span: ClaimSpan| -> Vec<u8> {
        let claim = bytes_of(bytes, span);
        let lines: Vec<&[u8]> = claim.split_inclusive(|b| *b == b'\n').collect();
        lines[lines.len() - span.history_lines as usize..].concat()
    };
    let (before, after) = (spans(&returned), spans(&again));
    assert_eq!((before.len(), after.len()), (2, 2));
    for (a, b) in before.into_iter().zip(after) {
        assert!(a.history_lines > 0 && a.reasons > 0 && b.reasons == 0);
        assert!(block(&returned, a) == block(&again, b));
    }
}

#[test]
fn the_real_file_has_75_stretches() {
    let Some(bytes) = handed_out("real/RECEIPTC_GAIRAI_SAMPLE.UKE") else { return };
    let spans = spans(&bytes);
    assert_eq!(spans.len(), 75);
    assert_eq!(spans.iter().map(|s| u64::from(s.lines)).sum::<u64>() + 2, 636);
}
