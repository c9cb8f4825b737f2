//! Fixtures and small helpers of these tests.

use rezept_returns::{ReturnReader, ReturnedClaim};
use sha2::{Digest, Sha256};
use std::path::Path;

/// A sample file of the project.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/claims").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every return file of the samples.
pub const RETURNS: [&str; 4] = [
    "hen_shaho/RECEIPTC.HEN",
    "sah_shaho/RECEIPTC.SAH",
    "hen_dpc/RECEIPTD.HEN",
    "hen_old_wareki/RECEIPTC.HEN",
];

/// The claims of a file.
pub fn read(bytes: &[u8]) -> Vec<ReturnedClaim> {
    let mut reader = ReturnReader::new(bytes);
    std::iter::from_fn(|| reader.next_claim().unwrap()).collect()
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub fn cp932(text: &str) -> Vec<u8> {
    let (bytes, _, failed) = encoding_rs::SHIFT_JIS.encode(text);
    assert!(!failed, "{text}");
    bytes.into_owned()
}

/// The stretches of each claim (request data, HR lines, history block), cut by a way of its own: how a line begins.
pub fn stretches(file: &[u8]) -> Vec<[Vec<u8>; 3]> {
    let mut claims: Vec<[Vec<u8>; 3]> = Vec::new();
    let mut at = 3;
    for line in file.split_inclusive(|b| *b == b'\n') {
        let now = match line {
            [b'H', b'I' | b'G', b',', ..] | [0x1A, ..] => continue,
            [b'H', b'R', b',', ..] => 1,
            [b'0'..=b'9', ..] => 2,
            _ => 0,
        };
        if now < at && now == 0 {
            claims.push(Default::default());
        }
        at = now;
        claims.last_mut().unwrap()[at].extend_from_slice(line);
    }
    claims
}

/// `code line/item` of each fault.
pub fn faults(claim: &ReturnedClaim) -> Vec<String> {
    claim.faults.iter().map(|fault| format!("{} {}/{}", fault.code, fault.line, fault.item)).collect()
}
