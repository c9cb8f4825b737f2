//! What the tests of this crate share: finding the fixtures and handed-out files, and running a scan.
use rezept_claim::{Depth, FileFacts, Finding, RecordReader, scan};
use std::path::{Path, PathBuf};

/// Every invented claim and return file.
pub const SAMPLES: [&str; 12] = [
    "chozai/RECEIPTY.CYO",
    "dpc_shaho/RECEIPTD.UKE",
    "hen_dpc/RECEIPTD.HEN",
    "hen_old_wareki/RECEIPTC.HEN",
    "hen_shaho/RECEIPTC.HEN",
    "ika_kokuho/RECEIPTC.UKE",
    "ika_shaho/RECEIPTC.UKE",
    "resubmit_dpc/RECEIPTD.UKE",
    "resubmit_mixed/RECEIPTC.UKE",
    "resubmit_shaho/RECEIPTC.UKE",
    "sah_shaho/RECEIPTC.SAH",
    "shika/RECEIPTS.UKE",
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The bytes of an invented file.
pub fn sample(name: &str) -> Vec<u8> {
    let path = workspace().join("fixtures/claims").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The bytes of a handed-out file that is not part of the project; says so where it is absent.
pub fn handed_out(name: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("REZEPT_SHARED").map_or_else(|| workspace().join("../shared"), PathBuf::from);
    let bytes = std::fs::read(root.join(name)).ok();
    if bytes.is_none() {
        println!("skipped: {name} is not here");
    }
    bytes
}

/// Scans bytes in full.
pub fn full(bytes: &[u8]) -> (FileFacts, Vec<Finding>) {
    let mut findings = Vec::new();
    let facts = scan(bytes, Depth::Full, &mut |f| findings.push(f.clone())).expect("memory can be read");
    (facts, findings)
}

/// `code severity` of each finding with its line, in the order found.
pub fn codes(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|f| format!("{} {} line {}", f.code, f.severity.as_str(), f.position.line)).collect()
}

/// Everything the reader hands out, joined.
pub fn joined(bytes: &[u8]) -> Vec<u8> {
    let mut reader = RecordReader::new(bytes);
    let mut out = Vec::with_capacity(bytes.len());
    while let Some(record) = reader.next_record().expect("memory can be read") {
        assert_eq!(record.position().byte, out.len() as u64, "positions count every byte");
        assert_eq!([record.line(), record.terminator()].concat(), record.raw());
        out.extend_from_slice(record.raw());
    }
    out
}
